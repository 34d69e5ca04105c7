// SPDX-License-Identifier: Apache-2.0
// views.c: what the views of containers share: template arguments by name, runs of elements.
#include "value/value_int.h"

#include <inttypes.h>
#include <string.h>

bool value_starts(const struct type *t, const char *prefix)
{
	return t->name && str_starts(t->name, prefix);
}

const char *value_template_arg(struct arena *a, const char *name, unsigned i)
{
	const char *p = strchr(name, '<');
	unsigned depth = 0, n = 0;
	for (const char *start = p ? p + 1 : NULL; p && *p; p++) {
		bool end = (*p == '>' || *p == ',') && depth == 1;
		if (end && n == i) {
			while (p > start && p[-1] == ' ')
				p--;
			return arena_strndup(a, start, (size_t)(p - start));
		}
		if (end && n++ < i)
			start = p + 1;
		depth += *p == '<';
		depth -= *p == '>' && depth;
	}
	return NULL;
}

const char *value_run(struct value_env *e, const struct type *elem, va_t first, uint64_t n)
{
	struct sb s = sb_new(e->a);
	sb_printf(&s, "{ size=%" PRIu64 " }", n);
	if (!n || !elem->size)
		return sb_str(&s);
	sb_add(&s, " [");
	for (uint64_t i = 0; i < n && i < LIMIT_VALUE_RUN && value_step(e); i++) {
		struct value v = value_nth(elem, first, i);
		const char *text = value_summary(e, &v);
		text = text ? text : value_text(e, &v, 0);
		size_t len = strlen(text);
		while (len && text[len - 1] == ' ')
			len--;
		sb_add(&s, i ? ", " : " ");
		sb_addn(&s, text, len);
	}
	sb_add(&s, n > LIMIT_VALUE_RUN ? ", ... ]" : " ]");
	return sb_str(&s);
}

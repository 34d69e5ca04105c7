// SPDX-License-Identifier: Apache-2.0
// each.c: one round of a !for_each_ extension.
#include "cmd/each.h"

#include "base/limits.h"

#include <string.h>

const char *arg_commands(struct call *c)
{
	const char *text = arg_rest(c);
	size_t n = strlen(text);
	if (*text != '"')
		return text;
	struct sb out = sb_new(c->a);
	size_t i = 1;
	for (; i < n && text[i] != '"'; i++) {
		i += text[i] == '\\' && text[i + 1] == '"';
		sb_ch(&out, text[i]);
	}
	// "a" more: the quotes are not around all of it.
	return i + 1 < n ? text : sb_str(&out);
}

bool each_help(struct call *c, struct doc *out)
{
	if (!arg_switch(c, "-?"))
		return false;
	doc_note(out, NOTE_INFO, "usage", "%s %s", c->name, c->cmd->args);
	return true;
}

err_t each_run(struct session *s, const char *line, const struct alias *list, size_t n, struct doc *out)
{
	struct aliases *all = script_of(s)->aliases;
	struct arena *a = arena_new(LIMIT_COMMAND_MEMORY);
	const char **before = NEW_N(a, const char *, n + 1);
	err_t e = session_poll(s);
	for (size_t i = 0; i < n && !e.code; i++) {
		const char *value = alias_value(all, list[i].name);
		before[i] = value ? arena_strdup(a, value) : NULL;
		e = alias_set(all, list[i].name, list[i].value);
		if (e.code)
			n = i;
	}
	if (!e.code)
		cmd_nested(s, line, out);
	for (size_t i = 0; i < n; i++) {
		if (!before[i])
			(void)alias_delete(all, list[i].name);
		else if (alias_set(all, list[i].name, before[i]).code)
			break; // it was there before: it fits
	}
	arena_free(a);
	if (!e.code && script_of(s)->flow == FLOW_STOP)
		e = session_poll(s);
	return e;
}

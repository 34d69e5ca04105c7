// SPDX-License-Identifier: Apache-2.0
// dstring.c: memory as text: da du, and the counted strings ds (STRING) and dS (UNICODE_STRING).
#include "base/limits.h"
#include "cmd/dmem.h"
#include "cmd/rows.h"

#include <string.h>

extern const struct cmd cmd_dstring;

static const struct field row_memory_string_fields[] = {
	{ "address", R_PTR, "of its first character" },
	{ "text", R_STR, ". where it does not print, ? where it is not there" },
	{ "characters", R_DEC, "how many" },
	{ "wide", R_BOOL, "UTF-16" },
	SOURCE_FIELDS,
};
const struct schema row_memory_string = { .name = "memory_string",
					  .doc = "A line of text in memory",
					  .layout = { NULL, "{address}  \"{text}\"" },
					  .fields = row_memory_string_fields,
					  .n_fields = ARRAY_LEN(row_memory_string_fields) };

// Without a length, text ends at its NUL or after twelve lines of 32.
enum { LINE_CHARS = 32, DEFAULT_CHARS = 12 * LINE_CHARS };

static err_t show(struct session *s, struct doc *out, va_t at, uint64_t chars, unsigned columns, bool wide,
		  bool counted)
{
	bool stop = false;
	uint64_t left = chars;
	do {
		size_t used;
		TRY(session_poll(s));
		struct arena *a = arena_child(s->arena, LIMIT_COMMAND_MEMORY);
		const char *text = d_text(s, a, at, (size_t)MIN(left, columns), wide, counted, &stop, &used);
		if (used || left == chars)
			ROW(out, row_memory_string, V(at), VS(text), V(used), V(wide), SOURCE_VALUES(s, at));
		arena_free(a);
		at += (used + stop) * (wide ? 2u : 1u);
		left -= used;
		d_went_to(s, at);
	} while (left && !stop);
	return ok();
}

err_t d_show_text(struct session *s, struct doc *out, va_t at, uint64_t chars, bool wide)
{
	return show(s, out, at, chars, LINE_CHARS, wide, false);
}

// STRING, UNICODE_STRING (public ntdef.h): Length, MaximumLength, then the aligned pointer.
static err_t counted(struct session *s, struct call *c, struct doc *out, const struct d_args *d, bool wide)
{
	unsigned ptr = s->target->ptr_bytes;
	uint16_t length;
	uint64_t buffer;
	if (!space_u16(s->target->space, d->at, &length) || !space_ptr(s->target->space, d->at + ptr, ptr, &buffer))
		return cmd_fail(c, E_ABSENT, d->at, "Unable to read the string structure: %s",
				space_why_text(space_why(s->target->space, d->at)));
	unsigned columns = d->columns ? d->columns : LINE_CHARS;
	return show(s, out, buffer, wide ? length / 2u : length, columns, wide, true);
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	static const char *const forms[] = { "da", "du", "ds", "dS" };
	const char *form = d_form(forms, ARRAY_LEN(forms), c->name);
	bool wide = form[1] == 'u' || form[1] == 'S';
	struct d_args d;
	if (form[1] == 's' || form[1] == 'S') {
		TRY(d_parse(s, c, form, 1, 1, &d));
		return counted(s, c, out, &d, wide);
	}
	TRY(d_parse(s, c, form, wide ? 2 : 1, DEFAULT_CHARS, &d));
	unsigned columns = d.columns ? d.columns : LINE_CHARS;
	uint64_t chars = d.has_count ? d.count : MIN(d.count, (uint64_t)DEFAULT_CHARS / LINE_CHARS * columns);
	return show(s, out, d.at, chars, columns, wide, false);
}

static const struct schema *const rows[] = { &row_memory_string, NULL };
const struct cmd cmd_dstring = {
	.names = "da du ds dS",
	.group = "Memory and code",
	.args = "[/c CHARACTERS] [RANGE]",
	.summary = "Display text: 8-bit, UTF-16, STRING, UNICODE_STRING",
	.help = "da rax         8-bit text to its NUL, at most 12 lines\n"
		"du /c 100 rax  UTF-16 text, 256 characters a line\n"
		"du rax L5000   UTF-16 text to its NUL, at most 0x5000 characters\n"
		"dS rsp+20      the text of a UNICODE_STRING; ds: of a STRING or ANSI_STRING\n",
	.run = run,
	.rows = rows,
};

// SPDX-License-Identifier: Apache-2.0
// dl.c: dl, dlb: linked lists as pointer-sized words, from element to element.
#include "base/limits.h"
#include "cmd/rows.h"

extern const struct cmd cmd_dl;

SCHEMA(list_words, "Words of an element of a linked list", NULL, "{address}  {values:16}",
       { "address", R_PTR, "of the first word" }, { "element", R_PTR, "of the element that the words belong to" },
       { "index", R_DEC, "number of the element, from 0" }, { "values", R_HEXES, "words; null: not readable" },
       SOURCE_FIELDS);

enum { DEFAULT_COUNT = 0x20, DEFAULT_WORDS = 4, ROW_BYTES = 16 };

static void show(struct session *s, struct call *c, struct doc *out, va_t at, uint64_t index, uint64_t n_words)
{
	unsigned ptr = s->target->ptr_bytes, columns = ROW_BYTES / ptr;
	for (uint64_t i = 0; i < n_words; i += columns) {
		uint64_t n = MIN(n_words - i, (uint64_t)columns);
		struct val *words = NEW_N(c->a, struct val, (size_t)n);
		va_t row = at + i * ptr;
		for (uint64_t k = 0; k < n; k++) {
			uint64_t u;
			words[k] = space_ptr(s->target->space, row + k * ptr, ptr, &u) ? V(u) : V_ABSENT;
		}
		ROW(out, list_words, V(row), V(at), V(index), VL(words, (size_t)n), SOURCE_VALUES(s, row));
	}
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	uint64_t start, count = DEFAULT_COUNT, words = DEFAULT_WORDS;
	unsigned ptr = s->target->ptr_bytes;
	bool back = c->name[2] == 'b';
	if (arg_end(c))
		return usage(c, "Usage: %s ADDRESS [MAXCOUNT] [SIZE]", c->name);
	TRY(arg_expr(c, &start));
	if (!arg_end(c))
		TRY(arg_expr(c, &count));
	if (!arg_end(c))
		TRY(arg_expr(c, &words));
	TRY(arg_done(c));
	if (words > LIMIT_LIST_WORDS)
		return usage(c, "Range error in '%s': at most 0x%x words an element", c->name, LIMIT_LIST_WORDS);
	count = MIN(count, (uint64_t)LIMIT_LIST);
	va_t at = start, mark = start, next;
	for (uint64_t i = 0, next_mark = 1; i < count; i++) {
		TRY(session_poll(s));
		show(s, c, out, at, i, words);
		if (!space_ptr(s->target->space, at + (back ? ptr : 0), ptr, &next)) {
			doc_note(out, NOTE_WARNING, "list.unreadable",
				 "The list ends at memory that is not readable: %s.",
				 space_why_text(space_why(s->target->space, at)));
			return ok();
		}
		if (!next || next == start)
			return ok();
		if (next == mark) { // Brent: any circle is met here in time
			doc_note(out, NOTE_WARNING, "list.cycle",
				 "The list runs in a circle that does not lead back to its start.");
			return ok();
		}
		if (i == next_mark) {
			mark = next;
			next_mark *= 2;
		}
		at = next;
	}
	doc_note(out, NOTE_INFO, "list.more", "The list goes on behind %llu elements.", (unsigned long long)count);
	return ok();
}

static const struct schema *const rows[] = { &list_words, NULL };
const struct cmd cmd_dl = {
	.names = "dl dlb",
	.group = "Types and objects",
	.args = "ADDRESS [MAXCOUNT] [SIZE]",
	.summary = "Display a linked list",
	.help = "dl nt!PsActiveProcessHead 10 2   ten elements of two words; dlb: along the Blinks\n",
	.run = run,
	.rows = rows,
};

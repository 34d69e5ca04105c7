// SPDX-License-Identifier: Apache-2.0
// c.c: compares two areas of memory, documented in Microsoft's "c (Compare Memory)".
#include "cmd/dmem.h"

extern const struct cmd cmd_c;

// What a line holds beyond the address is documented nowhere: layout unverified.
SCHEMA(memory_difference, "A byte in which two areas of memory differ", NULL, "{address}  {byte:2} - {other_byte:2}",
       { "address", R_PTR, "in the first area" }, { "byte", R_HEX, "there; null: not readable" },
       { "other_address", R_PTR, "in the second area" }, { "other_byte", R_HEX, "there; null: not readable" });

enum { PIECE = 4096 };
struct area {
	va_t at;
	uint8_t bytes[PIECE];
	bool there[PIECE];
};

static void compare(struct doc *out, const struct area *x, const struct area *y, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (x->there[i] == y->there[i] && (!x->there[i] || x->bytes[i] == y->bytes[i]))
			continue;
		ROW(out, memory_difference, V(x->at + i), V_IF(x->there[i], x->bytes[i]), V(y->at + i),
		    V_IF(y->there[i], y->bytes[i]));
	}
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	struct expr_range r;
	struct area *x = NEW(c->a, struct area), *y = NEW(c->a, struct area);
	uint64_t other, absent = 0;
	arg_blanks(c);
	const char *from = c->p;
	TRY(arg_range(c, 1, &r));
	if (!r.has_addr || !r.has_count)
		return usage(c, "Range error in '%s'", from);
	TRY(arg_expr(c, &other));
	TRY(arg_done(c));
	for (uint64_t done = 0; done < r.count; done += PIECE) {
		size_t n = (size_t)MIN((uint64_t)PIECE, r.count - done);
		TRY(session_poll(s));
		x->at = r.addr + done;
		y->at = other + done;
		d_read(s, x->at, x->bytes, x->there, n);
		d_read(s, y->at, y->bytes, y->there, n);
		compare(out, x, y, n);
		for (size_t i = 0; i < n; i++)
			absent += !x->there[i] && !y->there[i];
	}
	if (absent)
		doc_note(out, NOTE_WARNING, "compare.absent", "Not compared: %llu bytes are readable in neither area.",
			 (unsigned long long)absent);
	return ok();
}

static const struct schema *const rows[] = { &memory_difference, NULL };
const struct cmd cmd_c = {
	.names = "c",
	.group = "Memory and code",
	.args = "RANGE ADDRESS",
	.summary = "Compare two areas of memory",
	.help = "c 1000 L20 2000   each byte in which 20 (hex) bytes from 1000 differ from those at 2000\n",
	.run = run,
	.rows = rows,
};

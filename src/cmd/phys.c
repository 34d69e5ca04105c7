// SPDX-License-Identifier: Apache-2.0
// phys.c: !db !dc !dd !dp !dq !du !dw: physical memory.
#include "base/limits.h"
#include "cmd/cmd.h"
#include "target/kernel.h"

#include <inttypes.h>
#include <string.h>

extern const struct cmd cmd_phys;

SCHEMA(phys_memory, "A line of physical memory", NULL, "#{address:_8} {shown}{?chars  {chars}}",
       { "address", R_HEX, "physical address of the first element" }, { "element_size", R_DEC, "bytes of an element" },
       { "values", R_HEXES, "the elements; null: not in the dump" },
       { "shown", R_STR, "the elements as the form writes them" },
       { "chars", R_STR, "the bytes as text, . where they do not print" });

enum { ROW_BYTES = 16, MOST = 1 << 28 };
static const struct form {
	const char *name;
	uint8_t elem; // bytes; 0: a pointer
	uint8_t count;
	bool chars, text;
} forms[] = {
	{ "!db", 1, 128, true, false }, { "!dc", 4, 32, true, false },  { "!dd", 4, 32, false, false },
	{ "!dp", 0, 0, false, false },  { "!dq", 8, 16, false, false }, { "!du", 2, 16, false, true },
	{ "!dw", 2, 64, false, false },
};

// [c], [uc], [wc] and -m say how hardware is to be read; a dump is read in one way.
static bool take_caching(struct call *c)
{
	static const char *const words[] = { "[c]", "[uc]", "[wc]" };
	bool given = false;
	arg_blanks(c);
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (str_starts(c->p, words[i])) {
			c->p += strlen(words[i]);
			given = true;
		}
	arg_switch(c, "-m");
	return given;
}

static err_t failed(struct call *c, pa_t pa, bool hint)
{
	return cmd_fail(c, E_ABSENT, pa, "Physical memory read at %" PRIx64 " failed%s", pa,
			!hint ? ""
			      : "\nIf you know the caching attributes used for the memory,\n"
				"try specifying [c], [uc] or [wc], as in !dd [c] <params>.\n"
				"WARNING: Incorrect use of these flags will cause unpredictable\n"
				"processor corruption. This may immediately (or at any time in\n"
				"the future until reboot) result in a system hang, incorrect data\n"
				"being displayed or other strange crashes and corruption.");
}

static void add_element(struct sb *text, const struct form *f, unsigned elem, uint64_t v)
{
	if (f->text)
		sb_ch(text, v >= 0x20 && v < 0x7f ? (char)v : '.');
	else if (elem == 8)
		sb_printf(text, "%08" PRIx32 "`%08" PRIx32, (uint32_t)(v >> 32), (uint32_t)v);
	else
		sb_printf(text, "%0*" PRIx64, (int)elem * 2, v);
}

// The characters always fill a line: those behind the last element are dots.
static const char *characters(struct arena *a, const uint8_t *b, size_t n)
{
	struct sb text = sb_new(a);
	for (size_t i = 0; i < ROW_BYTES; i++)
		sb_ch(&text, i < n && b[i] >= 0x20 && b[i] < 0x7f ? (char)b[i] : '.');
	return sb_str(&text);
}

// A line of n elements; false: a NUL ended the text.
static bool show_line(struct call *c, struct doc *out, const struct form *f, unsigned elem, pa_t pa, const uint8_t *b,
		      size_t n)
{
	struct sb text = sb_new(c->a);
	struct val values[ROW_BYTES];
	bool more = true;
	size_t k = 0;
	if (f->text)
		sb_ch(&text, '"');
	for (; k < n; k++) {
		uint64_t v = le_get(b + k * elem, elem);
		more = !f->text || v;
		if (!more)
			break;
		if (k && !f->text)
			sb_ch(&text, elem == 1 && k == 8 ? '-' : ' ');
		values[k] = V(v);
		add_element(&text, f, elem, v);
	}
	if (f->text) // layout unverified
		sb_ch(&text, '"');
	ROW(out, phys_memory, V(pa), V(elem), VL(values, k), VS(sb_str(&text)),
	    VS(f->chars ? characters(c->a, b, n * elem) : NULL));
	return more;
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	const struct form *f = &forms[0];
	for (size_t i = 0; i < ARRAY_LEN(forms); i++)
		f = str_eq(c->name, forms[i].name) ? &forms[i] : f;
	bool hint = !take_caching(c);
	unsigned elem = f->elem ? f->elem : s->target->ptr_bytes;
	struct expr_range r;
	TRY(arg_range(c, elem, &r));
	TRY(arg_done(c));
	pa_t at = r.has_addr ? r.addr : s->next_phys;
	uint64_t left = r.has_count ? MIN(r.count, (uint64_t)MOST) : f->count ? f->count : 128 / elem;
	struct call line = *c;
	for (bool more = true; left && more;) {
		uint8_t b[ROW_BYTES];
		size_t n = (size_t)MIN(left, ROW_BYTES / elem), got = target_read_phys(s->target, at, b, n * elem);
		TRY(session_poll(s));
		if (got < elem)
			return failed(c, at, hint);
		line.a = arena_child(c->a, LIMIT_COMMAND_MEMORY);
		more = show_line(&line, out, f, elem, at, b, got / elem);
		arena_free(line.a);
		at += got / elem * elem;
		left -= got / elem;
		s->next_phys = at;
	}
	return ok();
}

static const struct schema *const rows[] = { &phys_memory, NULL };
const struct cmd cmd_phys = {
	.names = "!db !dc !dd !dp !dq !du !dw",
	.kernel_only = true,
	.group = "The kernel",
	.args = "[[c] | [uc] | [wc]] [-m] [PHYSICAL] [L COUNT]",
	.summary = "Display physical memory",
	.help = "!db !dw !dd !dq  bytes, 2, 4 and 8 bytes; !dp: pointers; !dc: 4 bytes and characters; !du: UTF-16\n"
		"Caching attributes and -m are taken and mean nothing for a dump.\n",
	.run = run,
	.rows = rows,
};

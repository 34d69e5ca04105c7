// SPDX-License-Identifier: Apache-2.0
// d.c: memory as numbers: d db dc dd dD df dp dq dw dW dyb dyd.
#include "base/limits.h"
#include "cmd/dmem.h"
#include "cmd/msfloat.h"
#include "cmd/rows.h"

#include <inttypes.h>
#include <string.h>

extern const struct cmd cmd_d;

static const struct field row_memory_fields[] = {
	{ "address", R_PTR, "of the first element" },
	{ "element_size", R_DEC, "bytes of an element" },
	{ "values", R_HEXES, "the elements; null: not in the dump" },
	{ "shown", R_STR, "the elements as the form writes them" },
	{ "chars", R_STR, "the bytes as text, . where they do not print, ? where they are not there" },
	SOURCE_FIELDS,
};
const struct schema row_memory = { .name = "memory",
				   .doc = "A line of memory",
				   .layout = { NULL, "{address}  {shown}{?chars   {chars}}" },
				   .fields = row_memory_fields,
				   .n_fields = ARRAY_LEN(row_memory_fields) };

enum kind { KIND_HEX, KIND_FLOAT, KIND_BITS };
struct form {
	const char *name;
	enum kind kind;
	uint8_t elem; // bytes; 0: a pointer
	uint8_t columns, count;
	bool chars;
};
static const struct form forms[] = {
	{ "db", KIND_HEX, 1, 16, 128, true },  { "dc", KIND_HEX, 4, 4, 32, true },
	{ "dd", KIND_HEX, 4, 4, 32, false },   { "dD", KIND_FLOAT, 8, 3, 15, false },
	{ "df", KIND_FLOAT, 4, 4, 16, false }, { "dp", KIND_HEX, 0, 0, 0, false },
	{ "dq", KIND_HEX, 8, 2, 16, false },   { "dw", KIND_HEX, 2, 8, 64, false },
	{ "dW", KIND_HEX, 2, 8, 64, true },    { "dyb", KIND_BITS, 1, 4, 32, false },
	{ "dyd", KIND_BITS, 4, 1, 8, false },
};

static const struct form *form_named(const struct target *t, const char *name)
{
	if (str_eq(name, "dp"))
		name = t->ptr_bytes == 8 ? "dq" : "dd";
	for (size_t i = 0; i < ARRAY_LEN(forms); i++)
		if (str_eq(forms[i].name, name))
			return &forms[i];
	return NULL;
}

struct line {
	const uint8_t *bytes;
	const bool *there;
	size_t n; // elements
};

static bool whole(const struct line *l, size_t i, unsigned elem)
{
	for (unsigned k = 0; k < elem; k++)
		if (!l->there[i * elem + k])
			return false;
	return true;
}

static void add_hex(struct sb *text, bool known, uint64_t v, unsigned elem)
{
	if (elem == 8 && known)
		sb_printf(text, "%08" PRIx32 "`%08" PRIx32, (uint32_t)(v >> 32), (uint32_t)v);
	else if (elem == 8)
		sb_add(text, "\?\?\?\?\?\?\?\?`\?\?\?\?\?\?\?\?");
	else if (known)
		sb_printf(text, "%0*" PRIx64, (int)elem * 2, v);
	else
		sb_printf(text, "%.*s", (int)elem * 2, "\?\?\?\?\?\?\?\?");
}

static void add_float(struct sb *text, bool known, uint64_t v, unsigned elem)
{
	int width = elem == 4 ? 16 : 24;
	const char *shown = !known      ? "\?\?\?\?\?\?\?\?"
			    : elem == 4 ? ms_float(text->a, (double)ms_f32((uint32_t)v), 8)
					: ms_float(text->a, ms_f64(v), 16);
	sb_printf(text, "%*s", width, shown);
}

static void add_bits(struct sb *text, bool known, uint64_t v, unsigned elem)
{
	for (unsigned bit = elem * 8; bit-- > 0;) {
		sb_ch(text, !known ? '?' : v >> bit & 1 ? '1' : '0');
		if (bit && bit % 8 == 0)
			sb_ch(text, ' ');
	}
}

// Hex forms with a character column are padded to their full width, so that it stays a column.
static const char *shown(struct arena *a, const struct form *f, unsigned columns, const struct line *l)
{
	struct sb text = sb_new(a), hex = sb_new(a);
	for (size_t i = 0; i < l->n; i++) {
		bool known = whole(l, i, f->elem);
		uint64_t v = le_get(l->bytes + i * f->elem, f->elem);
		if (i)
			sb_ch(&text, f->elem == 1 && f->kind == KIND_HEX && i % 16 == 8 ? '-' : ' ');
		if (f->kind == KIND_HEX) {
			add_hex(&text, known, v, f->elem);
		} else if (f->kind == KIND_FLOAT) {
			add_float(&text, known, v, f->elem);
		} else {
			add_bits(&text, known, v, f->elem);
			if (hex.n)
				sb_ch(&hex, ' ');
			add_hex(&hex, known, v, f->elem);
		}
	}
	if (f->kind == KIND_BITS)
		sb_printf(&text, "%*s  %s", (int)((columns - l->n) * 9 * f->elem), "", sb_str(&hex));
	if (f->chars) {
		size_t width = (size_t)columns * (f->elem * 2 + 1u) - 1;
		for (size_t n = text.n; n < width; n++)
			sb_ch(&text, ' ');
	}
	return sb_str(&text);
}

static const char *characters(struct arena *a, const struct form *f, const struct line *l)
{
	if (!f->chars)
		return NULL;
	struct sb text = sb_new(a);
	for (size_t i = 0; i < l->n * f->elem; i++)
		sb_ch(&text, !l->there[i] ? '?' : l->bytes[i] >= 0x20 && l->bytes[i] < 0x7f ? (char)l->bytes[i] : '.');
	return sb_str(&text);
}

static void bit_ruler(struct doc *out, struct call *c, const struct form *f, unsigned columns, unsigned indent)
{
	struct sb digits = sb_new(c->a), rule = sb_new(c->a);
	for (unsigned i = 0; i < columns * f->elem; i++) {
		sb_add(&digits, f->elem == 1 || i % 4 == 3 ? " 76543210"
				: i % 4 == 0               ? " 10987654"
				: i % 4 == 1               ? " 32109876"
							   : " 54321098");
		sb_add(&rule, " --------");
	}
	if (f->elem == 4)
		doc_text(out, arena_printf(c->a, "%*s 3          2          1          0", (int)indent - 1, ""));
	doc_text(out, arena_printf(c->a, "%*s%s", (int)indent - 1, "", sb_str(&digits)));
	doc_text(out, arena_printf(c->a, "%*s%s", (int)indent - 1, "", sb_str(&rule)));
}

static err_t show(struct session *s, struct call *c, struct doc *out, const struct form *f, const struct d_args *d)
{
	unsigned columns = d->columns ? d->columns : f->columns;
	size_t most = (size_t)columns * f->elem;
	uint8_t *bytes = NEW_N(c->a, uint8_t, most);
	bool *there = NEW_N(c->a, bool, most);
	struct val *values = NEW_N(c->a, struct val, columns);
	if (f->kind == KIND_BITS)
		bit_ruler(out, c, f, columns, s->target->ptr_bytes == 8 ? 19 : 10);
	va_t at = d->at;
	for (uint64_t left = d->count; left;) {
		struct line l = { bytes, there, (size_t)MIN(left, columns) };
		TRY(session_poll(s));
		d_read(s, at, bytes, there, l.n * f->elem);
		for (size_t i = 0; i < l.n; i++)
			values[i] = V_IF(whole(&l, i, f->elem), le_get(bytes + i * f->elem, f->elem));
		struct arena *a = arena_child(c->a, LIMIT_COMMAND_MEMORY); // a line's: a range may have millions
		if (l.n && !values[l.n - 1].absent) {
			s->dbg->last_shown = le_get(bytes + (l.n - 1) * f->elem, f->elem);
			s->dbg->last_shown_known = true;
		}
		ROW(out, row_memory, V(at), V(f->elem), VL(values, l.n), VS(shown(a, f, columns, &l)),
		    VS(characters(a, f, &l)), SOURCE_VALUES(s, at));
		arena_free(a);
		at += l.n * f->elem;
		left -= l.n;
		d_went_to(s, at);
	}
	return ok();
}

err_t d_show(struct session *s, struct call *c, struct doc *out, const char *form, va_t at, uint64_t count)
{
	return show(s, c, out, form_named(s->target, form), &(struct d_args){ .at = at, .count = count });
}

// A bare `d` repeats the last form, whichever command has it.
static err_t again(struct session *s, struct call *c, struct doc *out)
{
	const char *name = s->last_d ? s->last_d : "db";
	const struct cmd *cmd = cmd_find(s, name);
	struct call form = *c;
	form.cmd = cmd;
	form.name = name;
	return cmd->run(s, &form, out);
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	struct d_args d;
	if (str_eq(c->name, "d"))
		return again(s, c, out);
	const struct form *f = form_named(s->target, c->name);
	TRY(d_parse(s, c, str_eq(c->name, "dp") ? "dp" : f->name, f->elem, f->count, &d));
	return show(s, c, out, f, &d);
}

static const struct schema *const rows[] = { &row_memory, NULL };
const struct cmd cmd_d = {
	.names = "d db dc dd dD df dp dq dw dW dyb dyd",
	.group = "Memory and code",
	.args = "[/c COLUMNS] [RANGE]",
	.summary = "Display memory as numbers",
	.help = "db dw dd dq    bytes, 2, 4 and 8 bytes; dp: pointers\n"
		"dc dW          4 and 2 bytes with characters\n"
		"df dD          float and double\n"
		"dyb dyd        bits of bytes and of 4 bytes\n"
		"d              the last form again; without a range, go on where the last one ended\n"
		"dd rsp L8      8 elements; dd 1000 10ff: to the end, inclusive; L? lifts the limit of 256 MB\n",
	.run = run,
	.rows = rows,
};

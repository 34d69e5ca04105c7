// SPDX-License-Identifier: Apache-2.0
// dps.c: memory as pointers: with symbols (dps dds dqs), and what they point at: numbers with symbols (dpp ddp dqp),
// 8-bit text (dpa dda dqa), UTF-16 text (dpu ddu dqu).
#include "base/limits.h"
#include "cmd/dmem.h"
#include "cmd/rows.h"

#include <string.h>

extern const struct cmd cmd_dps;

#define POINTER_FIELDS                                                                       \
	{ "address", R_PTR, "where it lies" },                                               \
		{ "value", R_PTR, "the word; null: not readable, or wider than a pointer" }, \
	{                                                                                    \
		"shown", R_STR, "the word in its own width, ? when it is not readable"       \
	}
SCHEMA(memory_symbol, "A word with the symbol it points at", NULL, "{address}  {shown}{?symbol  {symbol}}",
       POINTER_FIELDS, { "symbol", R_SYM, "null: it points into no module" }, SOURCE_FIELDS);
SCHEMA(memory_pointer, "A pointer and the word it points at", NULL, "{address}  {shown} {target}{?symbol  {symbol}}",
       POINTER_FIELDS, { "target", R_PTR, "the word there; null: not readable" },
       { "symbol", R_SYM, "what that word points at" }, SOURCE_FIELDS);
SCHEMA(memory_pointer_text, "A pointer and the text it points at", NULL,
       "{address}  {shown} {?text \"{text}\"}{!text \?\?\?\?\?\?\?\?}", POINTER_FIELDS,
       { "text", R_STR, "null: not readable" }, SOURCE_FIELDS);

enum { RANGE_BYTES = 128, TEXT_CHARS = 256 };

struct word {
	va_t at;
	uint64_t v;
	bool known;
	unsigned elem, ptr;
};

static const char *shown(struct arena *a, const struct word *w)
{
	struct val v = V_IF(w->known, w->v);
	return doc_value_text(a, R_PTR, &v, w->elem);
}

#define WORD(w) V((w)->at), V_IF((w)->known && (w)->elem <= (w)->ptr, (w)->v), VS(shown(a, w))

static void show_symbol(struct session *s, struct arena *a, struct doc *out, const struct word *w)
{
	const char *name = w->known ? sym_text(s->target, a, w->v) : NULL;
	ROW(out, memory_symbol, WORD(w), VS(name), SOURCE_VALUES(s, w->at));
}

static void show_pointer(struct session *s, struct arena *a, struct doc *out, const struct word *w)
{
	uint64_t to = 0;
	bool got = w->known && space_ptr(s->target->space, w->v, w->ptr, &to);
	const char *name = got ? sym_text(s->target, a, to) : NULL;
	ROW(out, memory_pointer, WORD(w), V_IF(got, to), VS(name), SOURCE_VALUES(s, w->at));
}

static void show_text(struct session *s, struct arena *a, struct doc *out, const struct word *w, bool wide)
{
	uint8_t probe[2];
	bool stop;
	size_t used, got = 0;
	const char *text = NULL;
	if (w->known && !space_read(s->target->space, w->v, probe, 2, &got).code && got)
		text = d_text(s, a, w->v, TEXT_CHARS, wide, false, &stop, &used);
	ROW(out, memory_pointer_text, WORD(w), VS(text), SOURCE_VALUES(s, w->at));
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	static const char *const forms[] = { "dps", "dds", "dqs", "dpp", "ddp", "dqp",
					     "dpa", "dda", "dqa", "dpu", "ddu", "dqu" };
	const char *form = d_form(forms, ARRAY_LEN(forms), c->name);
	struct d_args d;
	struct word w = { .ptr = s->target->ptr_bytes };
	w.elem = form[1] == 'd' ? 4 : form[1] == 'q' ? 8 : w.ptr;
	TRY(d_parse(s, c, form, w.elem, RANGE_BYTES / w.elem, &d));
	if (d.columns > 1)
		return cmd_fail(c, E_UNSUPPORTED, 0, "not supported: more than one column of %s", form);
	for (uint64_t i = 0; i < d.count; i++) {
		TRY(session_poll(s));
		w.at = d.at + i * w.elem;
		w.known = space_ptr(s->target->space, w.at, w.elem, &w.v);
		struct arena *a = arena_child(c->a, LIMIT_COMMAND_MEMORY);
		if (form[2] == 's')
			show_symbol(s, a, out, &w);
		else if (form[2] == 'p')
			show_pointer(s, a, out, &w);
		else
			show_text(s, a, out, &w, form[2] == 'u');
		arena_free(a);
		d_went_to(s, w.at + w.elem);
	}
	return ok();
}

static const struct schema *const rows[] = { &memory_symbol, &memory_pointer, &memory_pointer_text, NULL };
const struct cmd cmd_dps = {
	.names = "dps dds dqs dpp ddp dqp dpa dda dqa dpu ddu dqu",
	.group = "Memory and code",
	.args = "[RANGE]",
	.summary = "Display pointers with symbols, or with what they point at",
	.help = "dps rsp L20   pointers and symbols; dds, dqs: 4 and 8 bytes\n"
		"dpp rsp       the word that each points at, with its symbol\n"
		"dpa dpu rsp   the text that each points at, 8-bit and UTF-16\n"
		"dda dqu ...   the same with pointers of 4 and 8 bytes\n",
	.run = run,
	.rows = rows,
};

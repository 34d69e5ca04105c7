// SPDX-License-Identifier: Apache-2.0
// source.c: source lines as rows. Layout: public output of lsa and !analyze.
#include "cmd/source.h"

#include "base/limits.h"

static const struct field row_source_text_fields[] = {
	{ "line", R_DEC, "its number" },
	{ "text", R_STR, "the line; control characters are replaced" },
	{ "current", R_BOOL, "it is the line that was asked for; null: no" },
};
const struct schema row_source_text = { .name = "source_text",
					.doc = "A line of a source file",
					.layout = { NULL, "{?current >}{!current  }{line:5}: {text}" },
					.fields = row_source_text_fields,
					.n_fields = ARRAY_LEN(row_source_text_fields) };

struct source_state *source_state(struct session *s)
{
	enum { BLOCK = 20 };
	if (!s->source) {
		struct source_state *st = NEW(s->arena, struct source_state);
		*st = (struct source_state){ .before = SOURCE_BEFORE, .after = SOURCE_AFTER, .total = BLOCK };
		s->source = st;
	}
	return s->source;
}

struct trace {
	struct doc *out;
	bool on;
};

static void trace(void *ctx, const char *path)
{
	struct trace *t = ctx;
	if (t->on)
		doc_note(t->out, NOTE_INFO, "source.tried", "source: %s", path);
}

err_t source_locate(struct session *s, struct call *c, struct doc *out, const char *name, bool by_user,
		    const char **ret)
{
	struct trace t = { out, source_state(s)->noisy & 1 };
	struct source_search search = { .folders = s->dbg->source_path, .by_user = by_user, .trace = trace, .ctx = &t };
	err_t e = source_find(c->a, &search, name, ret);
	if (e.code == E_NOTFOUND)
		return cmd_fail(c, E_NOTFOUND, 0, "Unable to find source file %s: .srcpath says where to look%s", name,
				search.servers ? "; not supported: source servers" : "");
	return e;
}

err_t emit_source_lines(struct session *s, struct call *c, struct doc *out, const char *path, uint32_t first,
			uint32_t last, uint32_t current, uint32_t *last_ret)
{
	struct source_file f;
	uint32_t n = 0;
	err_t e = ok();
	TRY(source_open(c->a, path, &f));
	for (uint32_t i = first; i <= last && n < LIMIT_SOURCE_LINES && !e.code; i++, n++) {
		const char *text = source_line(c->a, &f, i);
		if (!text)
			break;
		ROW(out, row_source_text, V(i), VS(text), i == current ? V(true) : V_ABSENT);
		if (last_ret)
			*last_ret = i;
		e = session_poll(s);
	}
	source_close(&f);
	if (!e.code && !n)
		return fail(E_NOTFOUND, "the source file has no such line", first);
	return e;
}

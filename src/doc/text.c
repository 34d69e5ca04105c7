// SPDX-License-Identifier: Apache-2.0
// text.c: renders document events as WinDbg lays them out.
#include "doc/doc.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text_doc {
	struct doc doc;
	struct sink out;
	const struct layout *last; // whose heading stands above
	bool colour;
};

static void put(struct text_doc *t, const char *s, size_t n)
{
	if (n)
		t->out.write(t->out.ctx, s, n);
}

static void puts_(struct text_doc *t, const char *s)
{
	put(t, s, strlen(s));
}

static void pad(struct text_doc *t, size_t n)
{
	static const char blanks[] = "                                                                ";
	for (; n; n -= MIN(n, sizeof(blanks) - 1))
		put(t, blanks, MIN(n, sizeof(blanks) - 1));
}

// Columns of UTF-8 text, one per code point: enough for file and symbol names.
static size_t columns(const char *s)
{
	size_t n = 0;
	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static bool is_text(enum role r)
{
	return r == R_STR || r == R_SYM || r == R_CMD;
}

static int number(char *buf, size_t n, enum role role, uint64_t u, unsigned ptr_bytes, int width)
{
	int w = width > 0 ? width : 0;
	switch (role) {
	case R_PTR:
		if (ptr_bytes == 8)
			return snprintf(buf, n, "%08" PRIx32 "`%08" PRIx32, (uint32_t)(u >> 32), (uint32_t)u);
		return snprintf(buf, n, "%08" PRIx32, (uint32_t)u);
	case R_ADDR:
		return ptr_bytes == 8 ? snprintf(buf, n, "%016" PRIx64, u)
				      : snprintf(buf, n, "%08" PRIx32, (uint32_t)u);
	case R_UHEX:
		return snprintf(buf, n, "%0*" PRIX64, w > 16 ? 16 : w, u);
	case R_HEX:
	case R_INDEX:
		return snprintf(buf, n, "%0*" PRIx64, w > 16 ? 16 : w, u);
	case R_INT:
		return snprintf(buf, n, "%" PRId64, (int64_t)u);
	case R_BOOL:
		return snprintf(buf, n, "%s", u ? "true" : "false");
	default:
		return snprintf(buf, n, "%" PRIu64, u);
	}
}

static int unknown(char *buf, size_t n, enum role role, unsigned ptr_bytes, int width)
{
	int w = width < 0 ? -width : width;
	if (role == R_PTR && ptr_bytes == 8)
		return snprintf(buf, n, "????????`????????");
	if (role == R_ADDR || role == R_PTR)
		w = (int)ptr_bytes * 2;
	else if (!w)
		w = role == R_HEX || role == R_UHEX || role == R_INDEX ? 8 : 1;
	w = MIN(w, (int)n - 1);
	memset(buf, '?', (size_t)w);
	buf[w] = 0;
	return w;
}

static void put_list(struct text_doc *t, enum role role, const struct val *v, int width)
{
	char buf[96];
	for (size_t i = 0; i < v->n; i++) {
		const struct val *e = &v->list[i];
		if (role == R_STRS) {
			if (i)
				puts_(t, ", ");
			puts_(t, e->s ? e->s : "?");
			continue;
		}
		if (i)
			puts_(t, " ");
		// 16 digits stand as WinDbg writes 64-bit values, with a back-tick.
		if (width == 16 && e->absent)
			puts_(t, "????????`????????");
		else if (width == 16)
			put(t, buf, (size_t)number(buf, sizeof(buf), R_PTR, e->u, 8, 0));
		else if (e->absent)
			put(t, buf, (size_t)unknown(buf, sizeof(buf), R_HEX, 8, width));
		else
			put(t, buf, (size_t)number(buf, sizeof(buf), R_HEX, e->u, 8, width));
	}
}

static const char *colour_of(enum role role)
{
	switch (role) {
	case R_SYM:
		return "\033[36m";
	case R_CMD:
		return "\033[32m";
	default:
		return NULL;
	}
}

static void put_val(struct text_doc *t, enum role role, const struct val *v, int width, bool blanks)
{
	char buf[96];
	const char *s = buf;
	bool absent = v->absent || (is_text(role) && !v->s);
	if (role == R_HEXES || role == R_STRS) {
		put_list(t, role, v, width);
		return;
	}
	if (is_text(role))
		s = absent ? "" : v->s;
	else if (absent)
		unknown(buf, sizeof(buf), role, t->doc.ptr_bytes, blanks ? 0 : width);
	else
		number(buf, sizeof(buf), role, v->u, t->doc.ptr_bytes, blanks ? 0 : width);
	size_t n = columns(s), w = (size_t)(width < 0 ? -width : width);
	bool right = is_text(role) ? width < 0 : width > 0;
	const char *colour = t->colour ? colour_of(role) : NULL;
	if (right && w > n)
		pad(t, w - n);
	if (colour)
		puts_(t, colour);
	puts_(t, s);
	if (colour)
		puts_(t, "\033[0m");
	if (!right && w > n)
		pad(t, w - n);
}

static size_t field_at(const struct schema *s, const char *key, size_t len)
{
	for (size_t i = 0; i < s->n_fields; i++)
		if (strlen(s->fields[i].key) == len && !strncmp(s->fields[i].key, key, len))
			return i;
	fprintf(stderr, "dumpscope: layout of row %s names no field: %.*s\n", s->name, (int)len, key);
	abort(); // our bug: found by the first test that prints the row
}

static bool is_absent(const struct schema *s, const struct val *v, size_t i)
{
	enum role r = s->fields[i].role;
	return v[i].absent || (is_text(r) && !v[i].s) || ((r == R_HEXES || r == R_STRS) && !v[i].n);
}

// One "{...}" at p (after the brace). Returns what follows it; *show changes at the groups' ends.
static const char *directive(struct text_doc *t, const struct schema *s, const struct val *v, const char *p, bool *show)
{
	if (*p == '?' || *p == '!') {
		size_t len = strcspn(p + 1, " }");
		*show = is_absent(s, v, field_at(s, p + 1, len)) == (*p == '!');
		p += 1 + len;
		return *p == ' ' ? p + 1 : p;
	}
	size_t len = strcspn(p, ":}");
	bool blanks = p[len] == ':' && p[len + 1] == '_';
	int width = p[len] == ':' ? atoi(p + len + 1 + blanks) : 0;
	size_t i = field_at(s, p, len);
	if (*show)
		put_val(t, s->fields[i].role, &v[i], width, blanks);
	p += strcspn(p, "}");
	return *p ? p + 1 : p;
}

static void text_row(struct doc *d, const struct schema *s, const struct layout *l, const struct val *v, bool open)
{
	struct text_doc *t = (struct text_doc *)d;
	(void)open;
	if (!l->text)
		return;
	if (l->head && t->last != l) {
		puts_(t, l->head);
		puts_(t, "\n");
	}
	t->last = l;
	bool show = true;
	const char *p = l->text;
	while (*p) {
		size_t n = strcspn(p, "{}");
		if (show)
			put(t, p, n);
		p += n;
		if (p[0] == '{' && p[1] == '{') {
			if (show)
				put(t, "{", 1);
			p += 2;
		} else if (p[0] == '}' && p[1] == '}') {
			if (show)
				put(t, "}", 1);
			p += 2;
		} else if (str_eq(p, "{.}")) {
			return;
		} else if (*p == '{') {
			p = directive(t, s, v, p + 1, &show);
		} else if (*p == '}') {
			show = true;
			p++;
		}
	}
	puts_(t, "\n");
}

static void text_begin(struct doc *d, const char *command)
{
	(void)command;
	((struct text_doc *)d)->last = NULL;
}

static void text_nothing(struct doc *d)
{
	((struct text_doc *)d)->last = NULL;
}

static void text_row_end(struct doc *d)
{
	(void)d;
}

static void text_open(struct doc *d, const char *key, enum section_kind kind, const char *title)
{
	struct text_doc *t = (struct text_doc *)d;
	(void)key, (void)kind;
	t->last = NULL;
	if (title) {
		puts_(t, title);
		puts_(t, "\n");
	}
}

static void text_note(struct doc *d, enum note_level level, const char *code, const char *text)
{
	struct text_doc *t = (struct text_doc *)d;
	(void)code;
	const char *colour = !t->colour              ? NULL
			     : level == NOTE_ERROR   ? "\033[31m"
			     : level == NOTE_WARNING ? "\033[33m"
						     : NULL;
	if (colour)
		puts_(t, colour);
	puts_(t, text);
	if (colour)
		puts_(t, "\033[0m");
	puts_(t, "\n");
}

struct doc *doc_text_new(struct arena *a, struct sink out, unsigned ptr_bytes, bool colour)
{
	static const struct doc_ops ops = { text_begin, text_nothing, text_open, text_nothing,
					    text_row,   text_row_end, text_note };
	struct text_doc *t = NEW(a, struct text_doc);
	t->doc = (struct doc){ .ops = &ops, .ptr_bytes = ptr_bytes };
	t->out = out;
	t->colour = colour;
	return &t->doc;
}

const char *doc_value_text(struct arena *a, enum role role, const struct val *v, unsigned ptr_bytes)
{
	char buf[96];
	if (is_text(role))
		return v->s ? v->s : "";
	assert(role != R_HEXES && role != R_STRS);
	if (v->absent)
		unknown(buf, sizeof(buf), role, ptr_bytes, 0);
	else
		number(buf, sizeof(buf), role, v->u, ptr_bytes, 0);
	return arena_strdup(a, buf);
}

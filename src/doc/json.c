// SPDX-License-Identifier: Apache-2.0
// json.c: renders document events as one JSON object a document (RFC 8259). Addresses are strings: JSON
// numbers lose bits above 2^53.
#include "doc/doc.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MAX_DEPTH = 16 };
enum context { CTX_OBJECT, CTX_LIST, CTX_JOINED }; // JOINED: a list inside a list adds to the outer one
struct json_note {
	struct json_note *next;
	enum note_level level;
	const char *code, *text;
};
struct json_doc {
	struct doc doc;
	struct sink out;
	struct arena *a;
	struct json_note *notes, **notes_end;
	enum context ctx[MAX_DEPTH];
	bool some[MAX_DEPTH]; // something was written at this depth: a comma is due
	int depth;
	bool report;
};

static void put(struct json_doc *j, const char *s, size_t n)
{
	j->out.write(j->out.ctx, s, n);
}

static void puts_(struct json_doc *j, const char *s)
{
	put(j, s, strlen(s));
}

static void put_str(struct json_doc *j, const char *s)
{
	char esc[8];
	puts_(j, "\"");
	while (*s) {
		size_t n = 0;
		while ((unsigned char)s[n] >= 0x20 && s[n] != '"' && s[n] != '\\')
			n++;
		if (n)
			put(j, s, n);
		s += n;
		if (*s == '"' || *s == '\\')
			put(j, esc, (size_t)snprintf(esc, sizeof(esc), "\\%c", *s++));
		else if (*s)
			put(j, esc, (size_t)snprintf(esc, sizeof(esc), "\\u%04x", (unsigned char)*s++));
	}
	puts_(j, "\"");
}

static void comma(struct json_doc *j)
{
	if (j->some[j->depth])
		puts_(j, ",");
	j->some[j->depth] = true;
}

static void push(struct json_doc *j, enum context c)
{
	if (j->depth + 1 < MAX_DEPTH)
		j->depth++;
	j->ctx[j->depth] = c;
	j->some[j->depth] = false;
}

static void key(struct json_doc *j, const char *k)
{
	comma(j);
	put_str(j, k);
	puts_(j, ":");
}

static void json_begin(struct doc *d, const char *command)
{
	struct json_doc *j = (struct json_doc *)d;
	char buf[64];
	j->depth = 0;
	j->ctx[0] = CTX_OBJECT;
	j->some[0] = false;
	j->notes = NULL;
	j->notes_end = &j->notes;
	j->report = !command;
	puts_(j, "{");
	key(j, "schema_version");
	put(j, buf, (size_t)snprintf(buf, sizeof(buf), "%d", DOC_SCHEMA_VERSION));
	if (d->several) {
		key(j, "system");
		put(j, buf, (size_t)snprintf(buf, sizeof(buf), "%u", d->system));
	}
	if (!command)
		return;
	key(j, "command");
	put_str(j, command);
	key(j, "items");
	puts_(j, "[");
	push(j, CTX_LIST);
}

static void put_notes(struct json_doc *j)
{
	static const char *const levels[] = { "info", "warning", "error" };
	key(j, "notes");
	puts_(j, "[");
	for (const struct json_note *n = j->notes; n; n = n->next) {
		puts_(j, "{\"level\":");
		put_str(j, levels[n->level]);
		puts_(j, ",\"code\":");
		put_str(j, n->code);
		puts_(j, ",\"text\":");
		put_str(j, n->text);
		puts_(j, n->next ? "}," : "}");
	}
	puts_(j, "]");
}

static void json_close(struct doc *d)
{
	struct json_doc *j = (struct json_doc *)d;
	static const char *const ends[] = { "}", "]", "" };
	puts_(j, ends[j->ctx[j->depth]]);
	if (j->depth)
		j->depth--;
}

static void json_end(struct doc *d)
{
	struct json_doc *j = (struct json_doc *)d;
	while (j->depth)
		json_close(d);
	put_notes(j);
	puts_(j, "}\n");
}

static void json_open(struct doc *d, const char *k, enum section_kind kind, const char *title)
{
	struct json_doc *j = (struct json_doc *)d;
	(void)title;
	if (j->ctx[j->depth] == CTX_LIST || j->ctx[j->depth] == CTX_JOINED) {
		// The rows join the list around them; the comma state is shared through `some`.
		bool some = j->some[j->depth];
		push(j, CTX_JOINED);
		j->some[j->depth] = some;
		return;
	}
	key(j, k);
	puts_(j, kind == SEC_LIST ? "[" : "{");
	push(j, kind == SEC_LIST ? CTX_LIST : CTX_OBJECT);
}

static void json_close_section(struct doc *d)
{
	struct json_doc *j = (struct json_doc *)d;
	bool joined = j->ctx[j->depth] == CTX_JOINED, some = j->some[j->depth];
	json_close(d);
	if (joined)
		j->some[j->depth] = some;
}

static void put_number(struct json_doc *j, enum role role, uint64_t u)
{
	char buf[40];
	int n;
	if (role == R_PTR || role == R_ADDR)
		n = snprintf(buf, sizeof(buf), "\"0x%0*" PRIx64 "\"", (int)j->doc.ptr_bytes * 2,
			     j->doc.ptr_bytes == 4 ? u & UINT32_MAX : u);
	else if (role == R_HEX || role == R_UHEX)
		n = snprintf(buf, sizeof(buf), "\"0x%" PRIx64 "\"", u);
	else if (role == R_INT)
		n = snprintf(buf, sizeof(buf), "%" PRId64, (int64_t)u);
	else if (role == R_BOOL)
		n = snprintf(buf, sizeof(buf), "%s", u ? "true" : "false");
	else
		n = snprintf(buf, sizeof(buf), "%" PRIu64, u);
	put(j, buf, (size_t)n);
}

static void put_value(struct json_doc *j, enum role role, const struct val *v)
{
	if (v->absent) {
		puts_(j, "null");
	} else if (role == R_STR || role == R_SYM || role == R_CMD) {
		if (v->s)
			put_str(j, v->s);
		else
			puts_(j, "null");
	} else if (role == R_HEXES || role == R_STRS) {
		puts_(j, "[");
		for (size_t i = 0; i < v->n; i++) {
			if (i)
				puts_(j, ",");
			put_value(j, role == R_STRS ? R_STR : R_HEX, &v->list[i]);
		}
		puts_(j, "]");
	} else {
		put_number(j, role, v->u);
	}
}

static void json_row(struct doc *d, const struct schema *s, const struct layout *l, const struct val *v, bool open)
{
	struct json_doc *j = (struct json_doc *)d;
	(void)l;
	bool merged = j->ctx[j->depth] == CTX_OBJECT; // the row's fields are the object's
	if (!merged) {
		comma(j);
		puts_(j, "{");
		push(j, CTX_OBJECT);
		if (!j->report) {
			key(j, "row");
			put_str(j, s->name);
		}
	}
	for (size_t i = 0; i < s->n_fields; i++) {
		key(j, s->fields[i].key);
		put_value(j, s->fields[i].role, &v[i]);
	}
	if (!merged && !open)
		json_close(d);
}

static void json_note(struct doc *d, enum note_level level, const char *code, const char *text)
{
	struct json_doc *j = (struct json_doc *)d;
	if (!code) // doc_text(): looks only
		return;
	struct json_note *n = NEW(j->a, struct json_note);
	*n = (struct json_note){ .level = level, .code = code, .text = arena_strdup(j->a, text) };
	*j->notes_end = n;
	j->notes_end = &n->next;
}

struct doc *doc_json_new(struct arena *a, struct sink out, unsigned ptr_bytes)
{
	static const struct doc_ops ops = { json_begin, json_end,   json_open, json_close_section,
					    json_row,   json_close, json_note };
	struct json_doc *j = NEW(a, struct json_doc);
	j->doc = (struct doc){ .ops = &ops, .ptr_bytes = ptr_bytes };
	j->out = out;
	j->a = a;
	return &j->doc;
}

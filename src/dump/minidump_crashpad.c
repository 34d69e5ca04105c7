// SPDX-License-Identifier: Apache-2.0
// minidump_crashpad.c: the streams of Crashpad and Breakpad. Formats: Crashpad's minidump_extensions.h
// (MinidumpCrashpadInfo, MinidumpModuleCrashpadInfo, MinidumpAnnotation) and Breakpad's minidump_format.h
// (MDRawBreakpadInfo, MDRawAssertionInfo).
#include "base/limits.h"
#include "dump/minidump_int.h"

#include <string.h>

// MinidumpUTF8String, MinidumpByteArray: {u32 length, bytes}. NULL when it does not lie in the file.
static const char *utf8_at(struct mdmp *m, uint32_t rva, const char *what)
{
	struct rd r = rd_at(m->file, rva);
	uint32_t n = rd_u32(&r);
	const uint8_t *p = rd_bytes(&r, n);
	if (!p) {
		notes_about(&m->notes, E_ABSENT, what, "beyond the end of the file", rva);
		return NULL;
	}
	return md_narrow(m, (struct span){ p, MIN(n, (uint32_t)LIMIT_COMMENT_BYTES) });
}

// {u32 count, entries}: at {size, rva}; the entries that are there.
static struct md_list list_at(struct mdmp *m, uint32_t size, uint32_t rva, uint32_t stride, const char *what)
{
	struct span s = md_part(m, size, rva, what);
	struct rd r = rd_at(s, 0);
	uint64_t n = rd_u32(&r);
	struct md_list l = { .at = (uint64_t)rva + 4, .stride = stride };
	if (r.bad)
		return l;
	if (n * stride > (uint64_t)size - 4)
		notes_about(&m->notes, E_CORRUPT, what, "more entries than its size has room for", rva);
	l.bytes = span_clip(s, 4, n * stride);
	l.n = MIN(l.bytes.n / stride, (size_t)LIMIT_ENTRIES);
	if (l.n > m->links_left) {
		notes_about(&m->notes, E_LIMIT, what, "too many entries in all; the rest is left out", rva);
		l.n = (size_t)m->links_left;
	}
	m->links_left -= l.n;
	return l;
}

static const struct dump_pair *dictionary(struct mdmp *m, struct rd *where, const char *what, size_t *n_ret)
{
	uint32_t size = rd_u32(where), rva = rd_u32(where);
	struct md_list l = list_at(m, size, rva, 8, what);
	struct dump_pair *p = NEW_N(m->a, struct dump_pair, l.n);
	for (size_t i = 0; i < l.n; i++) {
		struct rd r = md_entry(&l, i);
		p[i].key = utf8_at(m, rd_u32(&r), what);
		p[i].value = utf8_at(m, rd_u32(&r), what);
	}
	*n_ret = l.n;
	return p;
}

static const struct dump_pair *objects(struct mdmp *m, struct rd *where, size_t *n_ret)
{
	enum { ANNOTATION = 12, TYPE_STRING = 1 };
	static const char what[] = "Crashpad annotation objects";
	uint32_t size = rd_u32(where), rva = rd_u32(where);
	struct md_list l = list_at(m, size, rva, ANNOTATION, what);
	struct dump_pair *p = NEW_N(m->a, struct dump_pair, l.n);
	for (size_t i = 0; i < l.n; i++) {
		struct rd r = md_entry(&l, i);
		p[i].key = utf8_at(m, rd_u32(&r), what);
		uint16_t type = rd_u16(&r);
		rd_skip(&r, 2);
		uint32_t value = rd_u32(&r);
		if (type == TYPE_STRING)
			p[i].value = utf8_at(m, value, what);
	}
	*n_ret = l.n;
	return p;
}

static void module_info(struct mdmp *m, struct dump_crashpad_module *x, struct span s)
{
	static const char what[] = "Crashpad module annotations";
	struct rd r = rd_at(s, 4); // version
	uint32_t size = rd_u32(&r), rva = rd_u32(&r);
	struct md_list l = list_at(m, size, rva, 4, what);
	const char **list = NEW_N(m->a, const char *, l.n);
	for (size_t i = 0; i < l.n; i++) {
		struct rd e = md_entry(&l, i);
		list[i] = utf8_at(m, rd_u32(&e), what);
	}
	x->list = list;
	x->n_list = l.n;
	x->simple = dictionary(m, &r, what, &x->n_simple);
	x->objects = objects(m, &r, &x->n_objects);
}

static void module_list(struct mdmp *m, struct dump_crashpad *c, struct rd *where)
{
	enum { LINK = 12 };
	static const char what[] = "Crashpad module list";
	uint32_t size = rd_u32(where), rva = rd_u32(where);
	struct md_list l = list_at(m, size, rva, LINK, what);
	struct dump_crashpad_module *list = NEW_N(m->a, struct dump_crashpad_module, l.n);
	for (size_t i = 0; i < l.n; i++) {
		struct rd r = md_entry(&l, i);
		list[i].index = rd_u32(&r);
		uint32_t info_size = rd_u32(&r), info_rva = rd_u32(&r);
		module_info(m, &list[i], md_part(m, info_size, info_rva, what));
	}
	c->modules = list;
	c->n_modules = l.n;
}

void md_crashpad(struct mdmp *m)
{
	struct dump_stream *s = md_stream(m, STREAM_CRASHPAD);
	if (!s)
		return;
	struct dump_crashpad *c = &m->u->crashpad;
	struct rd r = rd_at(s->bytes, 0);
	c->version = rd_u32(&r);
	const uint8_t *report = rd_bytes(&r, 16), *client = rd_bytes(&r, 16);
	if (r.bad) {
		c->version = 0;
		if (s->status == OK)
			md_corrupt(m, s, "CrashpadInfo: too short", s->rva);
		return;
	}
	c->present = true;
	memcpy(c->report_id, report, 16);
	memcpy(c->client_id, client, 16);
	c->annotations = dictionary(m, &r, "Crashpad annotations", &c->n_annotations);
	module_list(m, c, &r);
	rd_skip(&r, 4);
	c->address_mask = rd_u64(&r); // newer versions only
}

void md_breakpad(struct mdmp *m)
{
	enum { TEXT = 256 }; // u16[128]
	struct dump_breakpad *b = &m->u->breakpad;
	struct dump_stream *s = md_stream(m, STREAM_BREAKPAD);
	if (s) {
		struct rd r = rd_at(s->bytes, 0);
		struct dump_breakpad x = { .validity = rd_u32(&r) };
		x.dump_tid = rd_u32(&r);
		x.requesting_tid = rd_u32(&r);
		x.present = true;
		if (!r.bad)
			*b = x;
		else if (s->status == OK)
			md_corrupt(m, s, "BreakpadInfo: too short", s->rva);
	}
	s = md_stream(m, STREAM_ASSERTION);
	if (!s)
		return;
	struct rd r = rd_at(s->bytes, 0);
	const uint8_t *expression = rd_bytes(&r, TEXT), *function = rd_bytes(&r, TEXT), *file = rd_bytes(&r, TEXT);
	uint32_t line = rd_u32(&r), type = rd_u32(&r);
	if (r.bad) {
		if (s->status == OK)
			md_corrupt(m, s, "BreakpadAssertionInfo: too short", s->rva);
		return;
	}
	b->has_assertion = true;
	b->expression = md_wide(m, (struct span){ expression, TEXT });
	b->function = md_wide(m, (struct span){ function, TEXT });
	b->file = md_wide(m, (struct span){ file, TEXT });
	b->line = line;
	b->type = type;
}

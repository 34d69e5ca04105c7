// SPDX-License-Identifier: Apache-2.0
// lists.c: streams whose entries point to strings and records elsewhere in the file: modules, unloaded modules, handles
// and Crashpad's annotations.
#include "base/limits.h"
#include "base/str.h"
#include "write/write_int.h"

#include <string.h>

enum { MODULES = 4, HANDLES = 12, UNLOADED = 14, CRASHPAD = 0x43500001, POLL_EVERY = 256 };

// ---- modules
static const char *module_path(const struct writer *w, const char *path)
{
	return wants(w, WRITE_FILTER_PATHS) ? path_base(path) : path;
}

// A debug record, its path cut down to the file's name when paths are to go.
static struct span debug_record(const struct writer *w, const struct dump_module *m)
{
	struct span s = m->debug_record;
	size_t head = m->cv.kind == CV_RSDS ? 24 : m->cv.kind == CV_NB10 ? 16 : s.n, name = head;
	if (!wants(w, WRITE_FILTER_PATHS))
		return s;
	for (size_t i = head; i < s.n && s.p[i]; i++)
		if (s.p[i] == '\\' || s.p[i] == '/')
			name = i + 1;
	if (name == head)
		return s;
	uint8_t *p = NEW_N(w->a, uint8_t, s.n);
	memcpy(p, s.p, head);
	memcpy(p + head, s.p + name, s.n - name);
	return (struct span){ p, head + (s.n - name) };
}

static void module(struct writer *w, const struct dump_module *m, struct cursor c)
{
	struct span cv = debug_record(w, m);
	struct span misc = m->misc;
	if (wants(w, WRITE_FILTER_PATHS)) // it is a path
		misc = (struct span){ NULL, 0 };
	put_u64(&c, m->base);
	put_u32(&c, m->size);
	put_u32(&c, m->checksum);
	put_u32(&c, m->timestamp);
	put_u32(&c, blob_string(&w->b, module_path(w, m->path)));
	for (size_t i = 0; i < ARRAY_LEN(m->fixed); i++)
		put_u32(&c, m->fixed[i]);
	put_u32(&c, (uint32_t)cv.n);
	put_u32(&c, cv.n ? blob_put(&w->b, cv) : 0);
	put_u32(&c, (uint32_t)misc.n);
	put_u32(&c, misc.n ? blob_put(&w->b, misc) : 0);
}

static void unloaded(struct writer *w)
{
	enum { HEADER = 12, ENTRY = 24 };
	const struct dump_user *u = w->u;
	if (!wants(w, WRITE_UNLOADED))
		return;
	if (!u->n_unloaded) { // those who have none write no stream
		write_note(w->a, w->r, "u: the source lists no unloaded modules");
		return;
	}
	uint32_t rva;
	struct cursor c = { blob_room(&w->b, HEADER + u->n_unloaded * ENTRY, &rva) };
	put_u32(&c, HEADER);
	put_u32(&c, ENTRY);
	put_u32(&c, (uint32_t)u->n_unloaded);
	for (size_t i = 0; i < u->n_unloaded; i++) {
		put_u64(&c, u->unloaded[i].base);
		put_u32(&c, u->unloaded[i].size);
		put_u32(&c, u->unloaded[i].checksum);
		put_u32(&c, u->unloaded[i].timestamp);
		put_u32(&c, blob_string(&w->b, module_path(w, u->unloaded[i].name)));
	}
	writer_stream(w, UNLOADED, rva, HEADER + u->n_unloaded * ENTRY);
	met(w, WRITE_UNLOADED);
}

void write_modules(struct writer *w)
{
	enum { ENTRY = 108 };
	const size_t n = w->u->n_modules;
	uint32_t rva;
	uint8_t *p = blob_room(&w->b, 4 + n * ENTRY, &rva);
	le_put(p, n, 4);
	for (size_t i = 0; i < n; i++)
		module(w, &w->u->modules[i], (struct cursor){ p + 4 + i * ENTRY });
	writer_stream(w, MODULES, rva, 4 + n * ENTRY);
	unloaded(w);
	if (!wants(w, WRITE_FILTER_PATHS))
		return;
	met(w, WRITE_FILTER_PATHS);
	write_note(w->a, w->r,
		   "paths were taken out of the module lists and debug records; memory and names of handles may "
		   "still hold some");
}

// ---- handles
// Types repeat: "File", "Event", "Key"...
struct seen {
	struct {
		const char *text;
		uint32_t rva;
	} p[64];
	size_t n;
};

static uint32_t type_string(struct writer *w, struct seen *s, const char *text)
{
	if (!text)
		return 0;
	for (size_t i = 0; i < s->n; i++)
		if (str_eq(s->p[i].text, text))
			return s->p[i].rva;
	uint32_t rva = blob_string(&w->b, text);
	if (s->n < ARRAY_LEN(s->p)) {
		s->p[s->n].text = text;
		s->p[s->n++].rva = rva;
	}
	return rva;
}

// {offset of the next, type, size, bytes}, the last first.
static uint32_t object_info(struct writer *w, const struct dump_handle *h)
{
	uint32_t next = 0;
	for (size_t i = h->n_info; i-- > 0;) {
		uint32_t rva;
		struct cursor c = { blob_room(&w->b, 12, &rva) };
		put_u32(&c, next);
		put_u32(&c, h->info[i].type);
		put_u32(&c, (uint32_t)h->info[i].bytes.n);
		blob_put(&w->b, h->info[i].bytes);
		next = rva;
	}
	return next;
}

err_t write_handles(struct writer *w)
{
	enum { HEADER = 16, SHORT = 32, LONG = 40 };
	const struct dump_table *t = &w->u->handles;
	if (!wants(w, WRITE_HANDLES))
		return ok();
	if (!w->u->has_handles) {
		write_note(w->a, w->r, "h: the source has no HandleDataStream");
		return ok();
	}
	struct seen *seen = NEW(w->a, struct seen);
	uint32_t rva, stride = t->stride >= LONG ? LONG : SHORT;
	uint8_t *p = blob_room(&w->b, HEADER + t->n * stride, &rva);
	struct cursor c = { p };
	put_u32(&c, HEADER);
	put_u32(&c, stride);
	put_u32(&c, (uint32_t)t->n);
	for (size_t i = 0; i < t->n; i++) {
		struct dump_handle h = dump_handle_get(w->u, w->a, i);
		c.p = p + HEADER + i * stride;
		put_u64(&c, h.handle);
		put_u32(&c, type_string(w, seen, h.type));
		put_u32(&c, h.name ? blob_string(&w->b, h.name) : 0);
		put_u32(&c, h.attributes);
		put_u32(&c, h.access);
		put_u32(&c, h.handle_count);
		put_u32(&c, h.pointer_count);
		if (stride == LONG)
			put_u32(&c, object_info(w, &h));
		if (i % POLL_EVERY == 0)
			TRY(session_poll(w->s));
		if (w->b.at > LIMIT_WRITE_FACTS)
			return fail(E_LIMIT, "handles take too much room", w->b.at);
	}
	writer_stream(w, HANDLES, rva, HEADER + (uint64_t)t->n * stride);
	met(w, WRITE_HANDLES);
	return ok();
}

// SPDX-License-Identifier: Apache-2.0
// crashpad.c: Crashpad's annotations, which point to each other through the whole file. Formats: MinidumpCrashpadInfo,
// MinidumpModuleCrashpadInfo and MinidumpAnnotation of Crashpad's minidump_extensions.h.
#include "write/write_int.h"

#include <string.h>

enum { STREAM = 0x43500001, INFO = 64, MODULE_INFO = 28, LINK = 12, OBJECT = 12, TYPE_STRING = 1 };

// {length without the NUL, UTF-8}; 0: there was none.
static uint32_t utf8(struct writer *w, const char *text)
{
	if (!text)
		return 0;
	size_t n = strlen(text);
	uint32_t rva;
	uint8_t *p = blob_room(&w->b, 4 + n + 1, &rva);
	le_put(p, n, 4);
	memcpy(p + 4, text, n);
	return rva;
}

static void location(struct cursor *c, size_t n, uint32_t rva)
{
	put_u32(c, n ? (uint32_t)n : 0);
	put_u32(c, n ? rva : 0);
}

// {count, entries}; *size_ret 0 when there are none.
static struct cursor list(struct writer *w, size_t n, size_t stride, size_t *size_ret, uint32_t *rva_ret)
{
	*size_ret = n ? 4 + n * stride : 0;
	*rva_ret = 0;
	if (!n)
		return (struct cursor){ NULL };
	struct cursor c = { blob_room(&w->b, *size_ret, rva_ret) };
	put_u32(&c, (uint32_t)n);
	return c;
}

static void dictionary(struct writer *w, struct cursor *to, const struct dump_pair *p, size_t n)
{
	size_t size;
	uint32_t rva;
	struct cursor c = list(w, n, 8, &size, &rva);
	location(to, size, rva);
	for (size_t i = 0; i < n; i++) {
		put_u32(&c, utf8(w, p[i].key));
		put_u32(&c, utf8(w, p[i].value));
	}
}

// Of other types than text the reader keeps the names only.
static size_t objects(struct writer *w, struct cursor *to, const struct dump_pair *p, size_t n)
{
	size_t size, lost = 0;
	uint32_t rva;
	for (size_t i = 0; i < n; i++)
		lost += !p[i].value;
	struct cursor c = list(w, n - lost, OBJECT, &size, &rva);
	location(to, size, rva);
	for (size_t i = 0; i < n; i++) {
		if (!p[i].value)
			continue;
		put_u32(&c, utf8(w, p[i].key));
		put_u16(&c, TYPE_STRING);
		put_u16(&c, 0);
		put_u32(&c, utf8(w, p[i].value));
	}
	return lost;
}

static size_t modules(struct writer *w, struct cursor *to, const struct dump_crashpad *p)
{
	size_t size, part, lost = 0;
	uint32_t rva;
	struct cursor c = list(w, p->n_modules, LINK, &size, &rva);
	location(to, size, rva);
	for (size_t i = 0; i < p->n_modules; i++) {
		const struct dump_crashpad_module *m = &p->modules[i];
		struct cursor x = { blob_room(&w->b, MODULE_INFO, &rva) };
		put_u32(&c, m->index);
		location(&c, MODULE_INFO, rva);
		put_u32(&x, 1); // version
		struct cursor l = list(w, m->n_list, 4, &part, &rva);
		location(&x, part, rva);
		for (size_t k = 0; k < m->n_list; k++)
			put_u32(&l, utf8(w, m->list[k]));
		dictionary(w, &x, m->simple, m->n_simple);
		lost += objects(w, &x, m->objects, m->n_objects);
	}
	return lost;
}

void write_crashpad(struct writer *w)
{
	const struct dump_crashpad *p = &w->u->crashpad;
	uint32_t rva;
	if (!p->present)
		return;
	if (wants(w, WRITE_FILTER_MEMORY) || wants(w, WRITE_FILTER_PATHS)) {
		write_note(w->a, w->r, "CrashpadInfo is left out: it may hold what is private");
		return;
	}
	struct cursor c = { blob_room(&w->b, INFO, &rva) };
	writer_stream(w, STREAM, rva, INFO);
	put_u32(&c, p->version);
	memcpy(c.p, p->report_id, 16);
	memcpy(c.p + 16, p->client_id, 16);
	c.p += 32;
	dictionary(w, &c, p->annotations, p->n_annotations);
	size_t lost = modules(w, &c, p);
	put_u32(&c, 0);
	put_u64(&c, p->address_mask);
	if (lost)
		write_note(w->a, w->r, "CrashpadInfo: %zu annotations that are no text are left out", lost);
}

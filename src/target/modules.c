// SPDX-License-Identifier: Apache-2.0
// modules.c: the debugger's module names, and the image of a module: from a matching file, else from the
// dump's memory.
#include "base/limits.h"
#include "target/target_int.h"

#include <inttypes.h>
#include <string.h>

static bool is_name_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' ||
	       (unsigned char)c >= 0x80;
}

static bool name_taken(struct module **m, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (str_ieq(m[i]->name, name))
			return true;
	return false;
}

// The file name without its extension; what cannot stand in an expression becomes '_'. A second module of
// the same name gets its base appended, as the debugger does.
void module_names(struct arena *a, struct module **m, size_t n, size_t first)
{
	for (size_t i = first; i < n; i++) {
		char *name = arena_strdup(a, m[i]->image_name);
		char *dot = strrchr(name, '.');
		if (dot && dot != name)
			*dot = 0;
		for (char *p = name; *p; p++)
			if (!is_name_char(*p))
				*p = '_';
		if (!*name)
			name = arena_printf(a, "image%08" PRIx64, m[i]->base);
		if (name_taken(m, i, name))
			name = arena_printf(a, "%s_%" PRIx64, name, m[i]->base);
		m[i]->name = name;
	}
}

// ---- image files
static size_t read_memory(void *ctx, uint32_t rva, void *buf, size_t n);

struct image_source { // ctx of pe_open over target memory
	const struct space *space;
	va_t base;
	uint64_t size;
};

static size_t read_memory(void *ctx, uint32_t rva, void *buf, size_t n)
{
	const struct image_source *src = ctx;
	size_t got;
	if (rva >= src->size)
		return 0;
	n = (size_t)MIN((uint64_t)n, src->size - rva);
	return space_read(src->space, src->base + rva, buf, n, &got).code ? 0 : got;
}

// The loader's view of the file under the captured memory. Writable sections are left out: the process may
// have changed them, and the file's bytes would pass for the process' own.
static size_t read_layer(void *ctx, uint64_t off, void *buf, size_t n)
{
	const struct module *m = ctx;
	enum { IMAGE_SCN_MEM_WRITE = INT32_MIN };
	if (off > UINT32_MAX || m->unlisted)
		return 0;
	const struct pe_section *s = pe_section_at(m->pe, (uint32_t)off);
	if (s && (s->flags & (uint32_t)IMAGE_SCN_MEM_WRITE))
		return 0;
	uint64_t end = s ? (uint64_t)s->va + MAX(s->vsize, s->raw_size) : m->pe->size_of_headers;
	if (off >= end)
		return 0;
	size_t got = pe_read(m->pe, (uint32_t)off, buf, (size_t)MIN((uint64_t)n, end - off));
	if (m->relocs)
		pe_relocs_apply(m->relocs, m->pe, m->base - m->pe->image_base, (uint32_t)off, buf, got);
	return got;
}

struct image_look {
	struct target *t;
	struct module *m;
};

static err_t accept_image(void *ctx, const struct store_file *f)
{
	const struct image_look *l = ctx;
	struct module *m = l->m;
	struct pe *pe;
	TRY(pe_open_file(l->t->arena, f->map.bytes, &pe));
	if (pe->timestamp != m->timestamp || pe->size_of_image != m->size)
		return fail(E_NOTFOUND, "the image belongs to another build", m->base);
	m->image_map = f->map;
	m->pe = pe;
	return ok();
}

// By the executable path, then by the symbol path: stores hold images beside symbols.
static bool find_file(struct target *t, struct module *m)
{
	char key[STORE_KEY];
	if (!*m->image_name || !m->size)
		return false;
	store_key_image(key, m->timestamp, m->size);
	struct store_query q = { .name = m->image_name, .key = key };
	struct store_hit hit;
	struct image_look l = { t, m };
	if (store_find(t->store, &t->image_path, &q, accept_image, &l, &hit).code &&
	    store_find(t->store, &t->symbol_path, &q, accept_image, &l, &hit).code)
		return false;
	m->image_file = hit.path;
	m->image = IMAGE_FROM_FILE;
	if (m->base != m->pe->image_base && pe_relocs_open(t->arena, m->pe, &m->relocs).code)
		m->relocs = NULL;
	space_add_image(t->space, m->base, m->size, read_layer, m);
	return true;
}

err_t target_module_pe(struct target *t, struct module *m, const struct pe **ret)
{
	if (m->image == IMAGE_NOT_TRIED) {
		m->image = IMAGE_NONE; // reading target memory below must not come back here
		if (!find_file(t, m)) {
			struct image_source *src = NEW(t->arena, struct image_source);
			*src = (struct image_source){ t->space, m->base, m->size };
			m->pe_error = pe_open(t->arena, read_memory, src, &m->pe);
			m->image = m->pe_error.code ? IMAGE_NONE : IMAGE_FROM_DUMP;
		}
	}
	if (!m->pe)
		return m->pe_error.code ? m->pe_error
					: fail(E_ABSENT, "the module's image is not in the dump", m->base);
	*ret = m->pe;
	return ok();
}

bool target_image_fault(void *ctx, va_t va)
{
	struct target *t = ctx;
	struct module *m = t->image_path.n || t->symbol_path.n ? target_module_at(t, va) : NULL;
	const struct pe *pe;
	if (!m || m->image != IMAGE_NOT_TRIED)
		return false;
	return !target_module_pe(t, m, &pe).code && m->image == IMAGE_FROM_FILE;
}

static void forget_images(struct target *t)
{
	for (size_t i = 0; i < t->n_modules; i++)
		if (t->modules[i]->image == IMAGE_NONE || t->modules[i]->image == IMAGE_FROM_DUMP)
			t->modules[i]->image = IMAGE_NOT_TRIED;
}

void target_set_image_path(struct target *t, const char *path)
{
	store_path_parse(t->arena, &t->store->home, path, &t->image_path);
	store_forget(t->store);
	forget_images(t);
}

static bool on_path(const struct store_path *p, const char *file)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct store_element *e = &p->elements[i];
		for (size_t j = 0; j < e->n_places; j++)
			if (e->places[j].kind != STORE_HTTP && str_starts(file, e->places[j].path))
				return true;
	}
	return false;
}

void target_set_symbol_path(struct target *t, const char *path)
{
	store_path_parse(t->arena, &t->store->home, path, &t->symbol_path);
	store_forget(t->store);
	forget_images(t);
	for (size_t i = 0; i < t->n_modules; i++)
		if (!t->modules[i]->symbol_file || !on_path(&t->symbol_path, t->modules[i]->symbol_file))
			target_forget_symbols(t, t->modules[i]);
}

void target_forget_symbols(struct target *t, struct module *m)
{
	if (m->symbol_map.bytes.n) {
		if (t->n_retired == t->cap_retired) {
			t->cap_retired = MAX(2 * t->cap_retired, (size_t)16);
			struct file_map *bigger = NEW_N(t->arena, struct file_map, t->cap_retired);
			if (t->n_retired)
				memcpy(bigger, t->retired, t->n_retired * sizeof(*bigger));
			t->retired = bigger;
		}
		t->retired[t->n_retired++] = m->symbol_map;
	}
	m->symbol_map = (struct file_map){ { NULL, 0 } };
	m->symbols = NULL;
	m->symbol_file = m->mismatch = NULL;
	m->other_build = m->offline = false;
	m->symbol_error = ok();
	if (m->guess)
		m->cv = (struct codeview){ 0 };
	m->guess = NULL;
	m->guess_told = false;
}

struct codeview target_module_codeview(struct target *t, struct module *m)
{
	const struct pe *pe;
	struct span record;
	if (m->cv.kind == CV_NONE && !target_module_pe(t, m, &pe).code && !pe_codeview(t->arena, pe, &record).code)
		m->cv = codeview_decode(t->arena, record);
	return m->cv;
}

err_t target_module_version(struct target *t, struct module *m, const struct pe_version **ret)
{
	if (!m->version_tried) {
		m->version_tried = true;
		const struct pe *pe;
		m->version_error = target_module_pe(t, m, &pe);
		if (!m->version_error.code) {
			struct pe_version *v = NEW(t->arena, struct pe_version);
			m->version_error = pe_version(t->arena, pe, v);
			m->version = m->version_error.code ? NULL : v;
		}
	}
	*ret = m->version;
	return m->version ? ok() : m->version_error;
}

err_t target_image_at(const struct target *t, struct arena *a, va_t base, uint64_t size, struct pe **ret)
{
	struct image_source *src = NEW(a, struct image_source);
	*src = (struct image_source){ t->space, base, size ? size : UINT32_MAX };
	return pe_open(a, read_memory, src, ret);
}

// ---- the user's changes to the list
static void set_modules(struct target *t, struct module *const *list, size_t n)
{
	struct module **copy = NEW_N(t->arena, struct module *, n);
	if (n)
		memcpy(copy, list, n * sizeof(struct module *));
	t->modules = copy;
	t->n_modules = n;
	for (size_t i = 0; i < t->n_all; i++)
		t->all[i]->unlisted = true;
	for (size_t i = 0; i < n; i++)
		copy[i]->unlisted = false;
	sort_modules(t);
}

void target_unload_module(struct target *t, struct module *m)
{
	struct module **rest = NEW_N(t->arena, struct module *, t->n_modules);
	size_t n = 0;
	for (size_t i = 0; i < t->n_modules; i++)
		if (t->modules[i] != m)
			rest[n++] = t->modules[i];
	target_forget_symbols(t, m);
	set_modules(t, rest, n);
}

void target_restore_module(struct target *t, struct module *m)
{
	if (!m) {
		set_modules(t, t->all, t->n_own);
		return;
	}
	struct module **list = NEW_N(t->arena, struct module *, t->n_modules + 1);
	size_t n = 0;
	for (size_t i = 0; i < t->n_all; i++) {
		bool here = t->all[i] == m;
		for (size_t j = 0; !here && j < t->n_modules; j++)
			here = t->modules[j] == t->all[i];
		if (here)
			list[n++] = t->all[i];
	}
	set_modules(t, list, n);
}

err_t target_add_module(struct target *t, const char *image_name, va_t base, uint64_t size, uint32_t timestamp,
			struct module **ret)
{
	if (t->n_all >= LIMIT_MODULES)
		return fail(E_LIMIT, "the list of modules is full", t->n_all);
	struct pe *pe = NULL;
	err_t e = target_image_at(t, t->arena, base, size, &pe);
	if (e.code && !size)
		return fail(E_ABSENT, "its size has to be given: there is no image header in memory", base);
	struct module *m = NEW(t->arena, struct module);
	*m = (struct module){ .index = t->n_all, .base = base };
	m->size = size ? size : pe->size_of_image;
	if (base + (m->size - 1) < base)
		return fail(E_USAGE, "the module would pass the end of memory", base);
	m->timestamp = timestamp || e.code ? timestamp : pe->timestamp;
	m->checksum = e.code ? 0 : pe->checksum;
	m->path = arena_strdup(t->arena, image_name);
	m->image_name = path_base(m->path);
	m->facts = NEW(t->arena, struct dump_module);
	struct module **all = NEW_N(t->arena, struct module *, t->n_all + 1);
	struct module **list = NEW_N(t->arena, struct module *, t->n_modules + 1);
	memcpy(all, t->all, t->n_all * sizeof(*all));
	memcpy(list, t->modules, t->n_modules * sizeof(*list));
	all[t->n_all++] = m;
	list[t->n_modules] = m;
	t->all = all;
	module_names(t->arena, list, t->n_modules + 1, t->n_modules);
	set_modules(t, list, t->n_modules + 1);
	*ret = m;
	return ok();
}

// A module that was in the list before: so a process that becomes current again takes no further room.
static struct module *known_module(const struct target *t, const struct dump_module *d)
{
	for (size_t i = t->n_own; i < t->n_all; i++) {
		struct module *m = t->all[i];
		if (m->base == d->base && m->size == d->size && m->timestamp == d->timestamp &&
		    str_eq(m->path, d->path))
			return m;
	}
	return NULL;
}

static struct module *new_module(struct target *t, const struct dump_module *d)
{
	struct module *m = NEW(t->arena, struct module);
	struct dump_module *facts = NEW(t->arena, struct dump_module);
	*facts = *d;
	facts->path = arena_strdup(t->arena, d->path);
	*m = (struct module){ .base = d->base, .size = d->size, .timestamp = d->timestamp };
	m->path = facts->path;
	m->image_name = path_base(m->path);
	m->facts = facts;
	return m;
}

void target_replace_modules(struct target *t, va_t end, const struct dump_module *list, size_t n)
{
	struct module **rest = NEW_N(t->arena, struct module *, t->n_modules + n);
	struct module **all = NEW_N(t->arena, struct module *, t->n_all + n);
	size_t kept = 0;
	for (size_t i = 0; i < t->n_modules; i++) {
		if (t->modules[i]->base >= end)
			rest[kept++] = t->modules[i];
		else
			target_forget_symbols(t, t->modules[i]);
	}
	if (t->n_all)
		memcpy(all, t->all, t->n_all * sizeof(struct module *));
	t->all = all;
	size_t count = kept;
	for (size_t i = 0; i < n && t->n_all < LIMIT_MODULES; i++) {
		const struct dump_module *d = &list[i];
		bool taken = d->base >= end || !d->size || d->base + (d->size - 1) < d->base;
		for (size_t k = kept; !taken && k < count; k++)
			taken = rest[k]->base == d->base;
		if (taken)
			continue;
		struct module *m = known_module(t, d);
		if (!m) {
			m = new_module(t, d);
			m->index = t->n_all;
			all[t->n_all++] = m;
		}
		rest[count++] = m;
	}
	module_names(t->arena, rest, count, kept);
	set_modules(t, rest, count);
}

// SPDX-License-Identifier: Apache-2.0
// modules.c: the debugger's module names, and the image of a module: from a matching file, else from the
// dump's memory.
#include "target/target_int.h"

#include <inttypes.h>
#include <stdio.h>
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
void module_names(struct arena *a, struct module **m, size_t n)
{
	for (size_t i = 0; i < n; i++) {
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
	if (off > UINT32_MAX)
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

static bool try_file(struct target *t, struct module *m, const char *path)
{
	struct file_map map;
	struct pe *pe;
	if (!path || file_map_open(path, &map).code)
		return false;
	if (pe_open_file(t->arena, map.bytes, &pe).code || pe->timestamp != m->timestamp ||
	    pe->size_of_image != m->size) {
		file_map_close(&map);
		return false;
	}
	m->image_map = map;
	m->pe = pe;
	m->image_file = path;
	m->image = IMAGE_FROM_FILE;
	if (m->base != pe->image_base && pe_relocs_open(t->arena, pe, &m->relocs).code)
		m->relocs = NULL;
	space_add_image(t->space, m->base, m->size, read_layer, m);
	return true;
}

static bool find_file(struct target *t, struct module *m)
{
	char key[32];
	if (!*m->image_name || !m->size)
		return false;
	snprintf(key, sizeof(key), "%08" PRIX32 "%" PRIx64, m->timestamp, m->size);
	for (size_t i = 0; i < t->n_image_path; i++) {
		const char *hit = path_find_nocase(t->arena, t->image_path[i], m->image_name);
		if (!hit)
			continue;
		if (try_file(t, m, hit))
			return true;
		const char *folder = path_find_nocase(t->arena, hit, key);
		if (folder && try_file(t, m, path_find_nocase(t->arena, folder, m->image_name)))
			return true;
	}
	return false;
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
	struct module *m = t->n_image_path ? target_module_at(t, va) : NULL;
	const struct pe *pe;
	if (!m || m->image != IMAGE_NOT_TRIED)
		return false;
	return !target_module_pe(t, m, &pe).code && m->image == IMAGE_FROM_FILE;
}

void target_set_image_path(struct target *t, const char *path)
{
	size_t n = 1;
	for (const char *p = path; *p; p++)
		n += *p == ';';
	const char **dirs = NEW_N(t->arena, const char *, n);
	n = 0;
	for (const char *p = path; *p;) {
		size_t len = strcspn(p, ";");
		if (len)
			dirs[n++] = arena_strndup(t->arena, p, len);
		p += len + (p[len] == ';');
	}
	t->image_path = dirs;
	t->n_image_path = n;
	for (size_t i = 0; i < t->n_modules; i++)
		if (t->modules[i]->image == IMAGE_NONE || t->modules[i]->image == IMAGE_FROM_DUMP)
			t->modules[i]->image = IMAGE_NOT_TRIED;
}

// `cache` alone and an empty place between two '*' mean the debugger's default folder, which is not used here.
static bool is_local(const char *p, size_t n)
{
	static const char *const not_folders[] = { "srv", "symsrv", "cache", "symsrv.dll" };
	for (size_t i = 0; i < ARRAY_LEN(not_folders); i++)
		if (n == strlen(not_folders[i]) && str_ieqn(p, not_folders[i], n))
			return false;
	static const char *const remote[] = { "http:", "https:", "\\\\" };
	for (size_t i = 0; i < ARRAY_LEN(remote); i++)
		if (n >= strlen(remote[i]) && str_ieqn(p, remote[i], strlen(remote[i])))
			return false;
	return n != 0;
}

void target_set_symbol_path(struct target *t, const char *path)
{
	size_t n = 1;
	for (const char *p = path; *p; p++)
		n += *p == ';' || *p == '*';
	const char **dirs = NEW_N(t->arena, const char *, n);
	n = 0;
	for (const char *p = path; *p;) {
		size_t len = strcspn(p, ";*");
		if (is_local(p, len))
			dirs[n++] = arena_strndup(t->arena, p, len);
		p += len + (p[len] != 0);
	}
	t->symbol_path = dirs;
	t->n_symbol_path = n;
	for (size_t i = 0; i < t->n_modules; i++)
		if (!t->modules[i]->symbol_file)
			t->modules[i]->symbols = NULL;
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

// SPDX-License-Identifier: Apache-2.0
// pe_version.c: the version resource. The resource tree is described in "PE Format" (section ".rsrc"), the
// block inside it in Microsoft's VS_VERSIONINFO, StringFileInfo and VarFileInfo pages.
#include "pe/pe_int.h"

#include <string.h>

enum { RT_VERSION = 16, SUBDIRECTORY = INT32_MIN, FIXED_SIZE = 52, LANGUAGES_TRIED = 16 };
#define FIXED_SIGNATURE 0xfeef04bdu

// ---- the tree: always type, name, language; so three levels and no recursion.
struct res_dir {
	uint64_t entries;
	uint32_t n;
};

static bool res_dir(struct pe_window *w, uint32_t off, struct res_dir *ret)
{
	uint64_t at = (uint64_t)w->pe->dirs[PE_RESOURCE].rva + off;
	const uint8_t *p = pe_window_get(w, at, 16);
	if (!p)
		return false;
	uint32_t n = (uint32_t)(le_get(p + 12, 2) + le_get(p + 14, 2));
	*ret = (struct res_dir){ at + 16, MIN(n, (uint32_t)LIMIT_PE_RES_ENTRIES) };
	return true;
}

// Entry i of a directory: its identifier and where it leads.
static bool res_entry(struct pe_window *w, const struct res_dir *d, uint32_t i, uint32_t *id_ret, uint32_t *off_ret)
{
	const uint8_t *p = i < d->n ? pe_window_get(w, d->entries + (uint64_t)i * 8, 8) : NULL;
	if (!p)
		return false;
	*id_ret = (uint32_t)le_get(p, 4);
	*off_ret = (uint32_t)le_get(p + 4, 4);
	return true;
}

static bool res_subdir(struct pe_window *w, uint32_t off, struct res_dir *ret)
{
	return off & (uint32_t)SUBDIRECTORY && res_dir(w, off & ~(uint32_t)SUBDIRECTORY, ret);
}

static err_t find_version(const struct pe *pe, struct pe_data_dir *ret)
{
	struct pe_window w = { .pe = pe };
	struct res_dir types, names, languages;
	uint32_t id = 0, off = 0, i = 0;
	if (!pe->dirs[PE_RESOURCE].rva)
		return fail(E_NOTFOUND, "image has no resources", 0);
	if (!res_dir(&w, 0, &types))
		return fail(E_ABSENT, "resource directory", pe->dirs[PE_RESOURCE].rva);
	for (i = 0; i < types.n; i++) {
		if (!res_entry(&w, &types, i, &id, &off))
			return fail(E_ABSENT, "resource directory", types.entries);
		if (id == RT_VERSION)
			break;
	}
	if (i == types.n)
		return fail(E_NOTFOUND, "image has no version resource", 0);
	if (!res_subdir(&w, off, &names) || !res_entry(&w, &names, 0, &id, &off) || !res_subdir(&w, off, &languages))
		return fail(E_ABSENT, "directory of the version resource", pe->dirs[PE_RESOURCE].rva);
	for (i = 0; i < LANGUAGES_TRIED && res_entry(&w, &languages, i, &id, &off); i++) {
		const uint8_t *p = pe_window_get(&w, (uint64_t)pe->dirs[PE_RESOURCE].rva + off, 16);
		uint8_t byte;
		if (off & (uint32_t)SUBDIRECTORY || !p)
			continue;
		*ret = (struct pe_data_dir){ (uint32_t)le_get(p, 4), (uint32_t)le_get(p + 4, 4) };
		if (pe_read_all(pe, ret->rva, &byte, 1))
			return ok();
	}
	return fail(E_ABSENT, "version resource", languages.entries);
}

// ---- the blocks: { u16 length, u16 value length, u16 type, UTF-16 key, pad, value, pad, children }
struct block {
	struct span key, value, children;
};

static size_t align4(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

// Takes the next block off *s; false at the end or when the rest makes no sense. Offsets are relative to the
// resource's start, which is aligned, so padding is computed from there.
static bool block_next(struct span all, size_t *pos, size_t end, struct block *ret)
{
	size_t at = align4(*pos);
	if (!in_range(at, 6, end))
		return false;
	size_t length = (size_t)le_get(all.p + at, 2), n_value = (size_t)le_get(all.p + at + 2, 2);
	bool text = le_get(all.p + at + 4, 2) == 1;
	if (length < 6 || !in_range(at, length, end))
		return false;
	size_t stop = at + length, key = at + 6, k = key;
	while (in_range(k, 2, stop) && le_get(all.p + k, 2))
		k += 2;
	ret->key = (struct span){ all.p + key, k - key };
	size_t value = MIN(align4(k + 2), stop);
	size_t bytes = MIN(text ? n_value * 2 : n_value, stop - value);
	ret->value = (struct span){ all.p + value, bytes };
	size_t children = MIN(align4(value + bytes), stop);
	ret->children = (struct span){ all.p + children, stop - children };
	*pos = stop;
	return true;
}

static bool key_is(const struct block *b, const char *name)
{
	size_t n = strlen(name);
	if (b->key.n != n * 2)
		return false;
	for (size_t i = 0; i < n; i++)
		if (b->key.p[i * 2] != (uint8_t)name[i] || b->key.p[i * 2 + 1])
			return false;
	return true;
}

static void string_table(struct arena *a, struct span all, const struct block *table, struct pe_version *ret)
{
	size_t start = (size_t)(table->children.p - all.p), end = start + table->children.n, n = 0;
	struct block b;
	for (size_t pos = start; block_next(all, &pos, end, &b);)
		n++;
	struct pe_version_string *list = NEW_N(a, struct pe_version_string, n + 1);
	n = 0;
	for (size_t pos = start; block_next(all, &pos, end, &b); n++) {
		// Some compilers count the value in bytes, others in characters: the text's own end decides.
		struct span value = { b.value.p, (size_t)(b.children.p + b.children.n - b.value.p) };
		list[n] = (struct pe_version_string){ utf16_to_utf8(a, b.key), utf16_to_utf8(a, value) };
	}
	ret->strings = list;
	ret->n_strings = n;
}

static void translations(struct arena *a, struct span value, struct pe_version *ret)
{
	size_t n = value.n / 4;
	uint32_t *list = NEW_N(a, uint32_t, n + 1);
	for (size_t i = 0; i < n; i++)
		list[i] = (uint32_t)le_get(value.p + i * 4, 4);
	ret->translations = list;
	ret->n_translations = n;
}

static void file_info(struct arena *a, struct span all, const struct block *info, struct pe_version *ret)
{
	size_t pos = (size_t)(info->children.p - all.p), end = pos + info->children.n;
	struct block b;
	if (key_is(info, "StringFileInfo") && !ret->strings && block_next(all, &pos, end, &b))
		string_table(a, all, &b, ret);
	else if (key_is(info, "VarFileInfo"))
		while (!ret->translations && block_next(all, &pos, end, &b))
			if (key_is(&b, "Translation"))
				translations(a, b.value, ret);
}

err_t pe_version(struct arena *a, const struct pe *pe, struct pe_version *ret)
{
	struct pe_data_dir where;
	TRY(find_version(pe, &where));
	size_t want = MIN((size_t)where.size, (size_t)LIMIT_PE_VERSION);
	uint8_t *bytes = NEW_N(a, uint8_t, want + 1);
	struct span all = { bytes, pe_read(pe, where.rva, bytes, want) };
	struct pe_version v = { 0 };
	struct block root, child;
	size_t pos = 0;
	// What was not captured at the end is cut off; the outer length must not hide what is there.
	if (all.n >= 6 && le_get(bytes, 2) > all.n) {
		bytes[0] = (uint8_t)all.n;
		bytes[1] = (uint8_t)(all.n >> 8);
	}
	if (!block_next(all, &pos, all.n, &root) || !key_is(&root, "VS_VERSION_INFO"))
		return fail(E_CORRUPT, "version resource", where.rva);
	if (root.value.n >= FIXED_SIZE && le_get(root.value.p, 4) == FIXED_SIGNATURE) {
		v.has_fixed = true;
		for (size_t i = 0; i < ARRAY_LEN(v.fixed); i++)
			v.fixed[i] = (uint32_t)le_get(root.value.p + i * 4, 4);
	}
	size_t end = (size_t)(root.children.p - all.p) + root.children.n;
	pos = (size_t)(root.children.p - all.p);
	while (block_next(all, &pos, end, &child))
		file_info(a, all, &child, &v);
	*ret = v;
	return ok();
}

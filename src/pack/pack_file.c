// SPDX-License-Identifier: Apache-2.0
// pack_file.c: opens symbol files by their content, through the cache.
#include "pack/pack_file.h"

#include "base/limits.h"
#include "base/str.h"
#include "base/unpack.h"
#include "pack/pack_int.h"

#include <inttypes.h>
#include <string.h>

enum { CONVERTER = 2 }; // raised when the same file would now become another pack

static bool is_pack(struct span s)
{
	return s.n >= H_TABLE && memcmp(s.p, PACK_MAGIC, sizeof(PACK_MAGIC) - 1) == 0;
}

static bool starts_with(struct span s, const char *text)
{
	return s.n >= strlen(text) && memcmp(s.p, text, strlen(text)) == 0;
}

err_t pack_convert(struct arena *a, struct span bytes, pack_undecorate_fn *undecorate, const struct pack_origin *from,
		   struct span *ret)
{
	size_t at = 0;
	while (at < bytes.n && at < 64 && strchr(" \t\r\n", bytes.p[at]) && bytes.p[at])
		at++;
	if (at < bytes.n && bytes.p[at] == '{')
		return pack_from_isf(a, bytes, undecorate, from, ret);
	if (starts_with(bytes, "MODULE "))
		return pack_from_breakpad(a, bytes, undecorate, from, ret);
	return fail(E_UNSUPPORTED, "is neither a layout pack, nor an ISF, nor a Breakpad symbol file", 0);
}

// ---- the cache
struct work {
	struct arena *a; // of the result
	const char *path;
	pack_undecorate_fn *undecorate;
	struct pack_origin origin;
	struct span bytes, pack;
	struct arena *scratch;
};

// What the file is: its path, size, time and both ends. Other files with the same answer do not occur by accident, and
// a pack that was made of another one says so in its header.
static const char *cache_name(const struct work *w)
{
	enum { END = 64 << 10 };
	uint64_t how = CONVERTER << 16 | PACK_VERSION << 1 | (w->undecorate ? 1u : 0u);
	uint64_t parts[6] = { how, w->origin.size, w->origin.stamp };
	parts[3] = pack_sum((struct span){ (const uint8_t *)w->path, strlen(w->path) });
	parts[4] = pack_sum(span_clip(w->bytes, 0, END));
	parts[5] = pack_sum(span_clip(w->bytes, w->bytes.n > END ? w->bytes.n - END : 0, END));
	uint64_t sum = pack_sum((struct span){ (const uint8_t *)parts, sizeof(parts) });
	return arena_printf(w->a, "%016" PRIx64 ".dspack", sum);
}

static bool open_cached(struct work *w, const char *path, struct pack_file *ret)
{
	if (file_map_open(path, &ret->map).code)
		return false;
	struct pack *p;
	bool good = !pack_open(w->a, ret->map.bytes, &p).code && p->origin_size == w->origin.size &&
		    p->origin_stamp == w->origin.stamp && str_eq(p->origin_path, w->path);
	if (!good) {
		file_map_close(&ret->map);
		return false;
	}
	ret->pack = p;
	ret->cached = path;
	return true;
}

static bool save(const char *dir, const char *name, struct span bytes)
{
	static const char *const folders[] = { "packs" };
	struct os_new_file f;
	if (os_new_file_open(dir, folders, ARRAY_LEN(folders), &f).code)
		return false;
	bool good = !os_write_all(f.fd, bytes).code && !os_new_file_name(&f, name, true).code;
	os_new_file_close(&f);
	return good;
}

static err_t convert(void *ctx)
{
	struct work *w = ctx;
	return pack_convert(w->scratch, w->bytes, w->undecorate, &w->origin, &w->pack);
}

static err_t keep_in_memory(struct work *w, struct pack_file *ret)
{
	uint8_t *copy = NEW_N(w->a, uint8_t, w->pack.n);
	memcpy(copy, w->pack.p, w->pack.n);
	return pack_open(w->a, (struct span){ copy, w->pack.n }, &ret->pack);
}

static err_t convert_and_keep(struct work *w, const char *dir, const char *name, struct pack_file *ret)
{
	struct file_map content;
	const char *inner;
	TRY(unpack_any(w->a, w->path, &content, &inner));
	w->bytes = content.bytes;
	w->scratch = arena_new(LIMIT_PACK_MEMORY);
	err_t e = arena_guard(w->scratch, NULL, convert, w);
	if (e.code) // its text may lie in what is freed here
		e = fail(e.code, arena_printf(w->a, "%s: %s", w->path, e.what), e.at);
	else if (!dir || !save(dir, name, w->pack) ||
		 !open_cached(w, arena_printf(w->a, "%s/packs/%s", dir, name), ret))
		e = keep_in_memory(w, ret);
	ret->converted = true;
	arena_free(w->scratch);
	file_map_close(&content);
	return e;
}

err_t pack_open_file(struct arena *a, const char *path, pack_undecorate_fn *undecorate, struct pack_file *ret)
{
	struct work w = { .a = a, .path = path, .undecorate = undecorate, .origin = { .path = path } };
	struct file_map file;
	*ret = (struct pack_file){ 0 };
	err_t e = file_map_open(path, &file);
	if (!e.code)
		e = file_stamp(path, &w.origin.size, &w.origin.stamp);
	if (!e.code && is_pack(file.bytes)) {
		ret->map = file;
		e = pack_open(a, file.bytes, &ret->pack);
		if (e.code)
			file_map_close(&ret->map);
	}
	if (e.code)
		return fail(e.code, arena_printf(a, "%s: %s", path, e.what), e.at);
	if (ret->pack)
		return ok();
	w.bytes = file.bytes;
	const char *dir = os_cache_dir(a), *name = cache_name(&w);
	file_map_close(&file);
	if (dir && open_cached(&w, arena_printf(a, "%s/packs/%s", dir, name), ret))
		return ok();
	return convert_and_keep(&w, dir, name, ret);
}

void pack_file_close(struct pack_file *f)
{
	file_map_close(&f->map);
	f->pack = NULL;
}

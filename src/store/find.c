// SPDX-License-Identifier: Apache-2.0
// find.c: looks for a file along a path: folders, stores in one or two tiers, pointers, compressed files, HTTP.
#include "base/limits.h"
#include "base/unpack.h"
#include "store/store_int.h"

#include <string.h>

struct look {
	struct store *s;
	struct arena *a;
	const struct store_query *q;
	const char *file; // in NAME/KEY/
	store_accept_fn *accept;
	void *ctx;
	err_t refused;                // of the first file that was not accepted
	const char *path, *origin;    // of the file that was
	struct store_content content; // lives as long as what accept has taken, or as packed_map
	struct file_map packed_map;
	const char *cache; // of the last cache* to the left; NULL
};

bool store_name_ok(const char *name)
{
	if (!name || !*name || str_eq(name, ".") || str_eq(name, ".."))
		return false;
	for (const char *p = name; *p; p++)
		if (*p == '/' || *p == '\\' || (unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	return true;
}

static bool relative_ok(struct arena *a, const char *s)
{
	while (true) {
		size_t n = strcspn(s, "/");
		if (!store_name_ok(arena_strndup(a, s, n)))
			return false;
		if (!s[n])
			return true;
		s += n + 1;
	}
}

static bool query_ok(struct arena *a, const struct store_query *q)
{
	bool good = store_name_ok(q->name) && (!q->key || store_name_ok(q->key)) &&
		    (!q->file || store_name_ok(q->file)) && (!q->subdir || store_name_ok(q->subdir));
	for (size_t i = 0; good && i < q->n_more; i++)
		good = relative_ok(a, q->more[i]);
	return good;
}

static const char *compressed_name(struct arena *a, const char *file)
{
	size_t n = strlen(file);
	return arena_printf(a, "%.*s_", (int)(n - 1), file);
}

// Shows one file to the caller. True: taken.
static bool offer(struct look *l, const char *path, struct file_map *map, const char *origin, bool by_key)
{
	struct span bytes = map->bytes;
	err_t e = l->accept(l->ctx, &(struct store_file){ path, *map, by_key });
	if (e.code) {
		store_trace(l->s, "DBGHELP: %s - %s", path,
			    e.code == E_NOTFOUND ? "mismatched pdb" : (e.what ? e.what : err_name(e.code)));
		if (!l->refused.code || (l->refused.code == E_NOTFOUND && e.code != E_NOTFOUND))
			l->refused = e;
		file_map_close(map);
		return false;
	}
	l->path = path;
	l->origin = origin;
	l->content.plain = bytes;
	return true;
}

static bool try_file(struct look *l, const char *path, bool by_key)
{
	struct file_map map;
	if (!path)
		return false;
	err_t e = file_map_open(path, &map);
	if (e.code) {
		if (e.code != E_NOTFOUND)
			store_trace(l->s, "DBGHELP: %s - %s", path, e.what);
		return false;
	}
	return offer(l, path, &map, path, by_key);
}

// The file's last letter is '_': a cabinet with the real one.
static bool try_compressed(struct look *l, const char *path, const char *origin)
{
	struct file_map map;
	const char *inner;
	if (!path)
		return false;
	err_t e = unpack_any(l->a, path, &map, &inner);
	if (e.code) {
		store_trace(l->s, "SYMSRV:  %s", e.what);
		if (!l->refused.code)
			l->refused = e;
		return false;
	}
	if (!offer(l, origin, &map, origin, true))
		return false;
	if (inner && !file_map_open(path, &l->packed_map).code)
		l->content.packed = l->packed_map.bytes;
	return true;
}

// file.ptr: "PATH:" and where the file lies, or "MSG:" and a text. The path names any file of the host; it is only
// read, and what is read has to be accepted.
static bool try_pointer(struct look *l, const char *path)
{
	struct file_map map;
	if (!path || file_map_open(path, &map).code)
		return false;
	char *text = bytes_to_utf8(l->a, span_clip(map.bytes, 0, LIMIT_STORE_POINTER));
	file_map_close(&map);
	text[strcspn(text, "\r\n")] = 0;
	if (!str_ieqn(text, "PATH:", strlen("PATH:"))) {
		store_trace(l->s, "SYMSRV:  %s: %s", path, text);
		return false;
	}
	const char *warning = NULL;
	const char *to = store_host_path(l->a, &l->s->home, text + strlen("PATH:"), &warning);
	if (warning)
		store_trace(l->s, "SYMSRV:  %s: %s", path, warning);
	if (!to || *to != '/')
		return false;
	size_t n = strlen(to);
	return to[n - 1] == '_' ? try_compressed(l, to, to) : try_file(l, to, true);
}

// A path of plain names below a folder, each found whatever its case.
static const char *below(struct arena *a, const char *dir, const char *relative)
{
	while (dir && *relative) {
		size_t n = strcspn(relative, "/");
		dir = path_find_nocase(a, dir, arena_strndup(a, relative, n));
		relative += n + (relative[n] == '/');
	}
	return dir;
}

static bool try_tree_at(struct look *l, const char *root)
{
	struct arena *a = l->a;
	const char *dir = below(a, root, l->q->name);
	dir = dir ? below(a, dir, l->q->key) : NULL;
	if (!dir)
		return false;
	const char *packed = below(a, dir, compressed_name(a, l->file));
	return try_file(l, below(a, dir, l->file), true) || try_compressed(l, packed, packed) ||
	       try_pointer(l, below(a, dir, "file.ptr"));
}

static bool try_more(struct look *l, const char *root)
{
	for (size_t i = 0; i < l->q->n_more; i++)
		if (try_file(l, below(l->a, root, l->q->more[i]), true))
			return true;
	return false;
}

// In a two-tier store the first two letters of the name are a folder of their own.
static bool try_tree(struct look *l, const char *root)
{
	enum { TIER = 2 };
	if (l->q->key && strlen(l->q->name) >= TIER && path_find_nocase(l->a, root, "index2.txt")) {
		const char *tier = below(l->a, root, arena_strndup(l->a, l->q->name, TIER));
		if (tier && try_tree_at(l, tier))
			return true;
	}
	return (l->q->key && try_tree_at(l, root)) || try_more(l, root);
}

// As the page says: symbols/dll, dll, the folder itself. A folder may be a store without saying so.
static bool try_folder(struct look *l, const char *dir)
{
	struct arena *a = l->a;
	const char *sub = l->q->subdir, *name = l->q->name;
	const char *symbols = sub ? below(a, dir, "symbols") : NULL;
	symbols = symbols ? below(a, symbols, sub) : NULL;
	const char *ext = sub ? below(a, dir, sub) : NULL;
	const char *flat = below(a, dir, name);
	if ((symbols && try_file(l, below(a, symbols, name), false)) ||
	    (ext && try_file(l, below(a, ext, name), false)) || (flat && file_exists(flat) && try_file(l, flat, false)))
		return true;
	return try_tree(l, dir);
}

// ---- HTTP
static const char *const *relatives(struct look *l, size_t *n_ret)
{
	enum { OWN = 3 };
	const struct store_query *q = l->q;
	const char **list = NEW_N(l->a, const char *, OWN + q->n_more);
	size_t n = 0;
	if (q->key) {
		list[n++] = arena_printf(l->a, "%s/%s/%s", q->name, q->key, l->file);
		list[n++] = arena_printf(l->a, "%s/%s/%s", q->name, q->key, compressed_name(l->a, l->file));
		list[n++] = arena_printf(l->a, "%s/%s/file.ptr", q->name, q->key);
	}
	for (size_t i = 0; i < q->n_more; i++)
		list[n++] = q->more[i];
	*n_ret = n;
	return list;
}

static bool try_http(struct look *l, const char *url)
{
	struct store *s = l->s;
	size_t n, index = 0;
	const char *const *list = relatives(l, &n);
	if (!n)
		return false;
	if (!s->fetcher.get) {
		store_trace(s, "SYMSRV:  %s/%s - not asked", url, list[0]);
		return false;
	}
	const char *tmp = os_env("TMPDIR");
	int fd;
	err_t e = os_temp_file(tmp ? tmp : "/var/tmp", &fd);
	if (e.code)
		return false;
	e = s->fetcher.get(s->fetcher.ctx, l->a, url, list, n, fd, &index);
	if (e.code || index >= n) {
		store_trace(s, "SYMSRV:  %s/%s - %s", url, list[0],
			    e.code == E_NOTFOUND ? "file not found" : (e.what ? e.what : "no answer"));
		fd_close(&fd);
		return false;
	}
	const char *path = arena_printf(l->a, "/proc/self/fd/%d", fd);
	const char *origin = arena_printf(l->a, "%s/%s", url, list[index]);
	bool taken;
	if (l->q->key && index == 2)
		taken = try_pointer(l, path);
	else
		taken = try_compressed(l, path, origin); // what comes may be compressed under its plain name, too
	fd_close(&fd);
	return taken;
}

// ---- the path
static bool try_place(struct look *l, const struct store_place *p)
{
	const char *key = l->q->key ? l->q->key : "", *subdir = l->q->subdir ? l->q->subdir : "";
	char *relative = arena_printf(l->a, "%s/%s/%s", l->q->name, key, l->file);
	char *asked = arena_printf(l->a, "%s/%s", relative, subdir);
	if (p->kind == STORE_NONE || store_missed(l->s, p->path, asked))
		return false;
	bool taken = p->kind == STORE_HTTP     ? try_http(l, p->path)
		     : p->kind == STORE_FOLDER ? try_folder(l, p->path)
					       : try_tree(l, p->path);
	bool asked_all = p->kind != STORE_HTTP || l->s->fetcher.get;
	if (!taken && !l->refused.code &&
	    asked_all) // a file that was refused may be asked for again, with less strict eyes
		store_miss(l->s, p->path, asked);
	if (!taken && p->kind != STORE_HTTP)
		store_trace(l->s, "%s %s/%s - file not found", p->kind == STORE_TREE ? "SYMSRV: " : "DBGHELP:", p->path,
			    p->kind == STORE_TREE && l->q->key ? relative : l->q->name);
	return taken;
}

// Copies to every store downstream of places[found], nearest last, and into the cache. The last one gets the expanded
// file, the others what there was.
static void copy_down(struct look *l, const struct store_element *e, size_t found)
{
	const char *to[LIMIT_STORE_CHAIN + 1];
	size_t n = 0;
	for (size_t i = found; i-- > 0 && n < LIMIT_STORE_CHAIN;)
		if (e->places[i].kind == STORE_TREE)
			to[n++] = e->places[i].path;
	if (l->cache && l->q->key)
		to[n++] = l->cache;
	bool must = e->places[found].kind == STORE_HTTP || l->content.packed.p;
	if (!n && must && l->s->home.downstream)
		to[n++] = l->s->home.downstream;
	for (size_t i = 0; i < n; i++) {
		const char *path = store_copy(l->s, to[i], l->q, &l->content, i + 1 == n);
		if (path)
			l->path = path;
	}
}

static err_t end(struct look *l, bool taken, struct store_hit *ret)
{
	file_map_close(&l->packed_map);
	if (!taken)
		return l->refused.code ? l->refused : fail(E_NOTFOUND, "no file of that name on the path", 0);
	store_trace(l->s, "DBGHELP: %s - OK", l->path);
	*ret = (struct store_hit){ l->path, l->origin, l->path != l->origin };
	return ok();
}

static err_t begin(struct store *s, const struct store_query *q, store_accept_fn *accept, void *ctx, struct look *ret)
{
	*ret = (struct look){
		.s = s, .a = s->a, .q = q, .file = q->file ? q->file : q->name, .accept = accept, .ctx = ctx
	};
	if (query_ok(s->a, q))
		return ok();
	s->n_refused++;
	return fail(E_USAGE, "the name is not that of a file, and is not looked for", 0);
}

err_t store_find(struct store *s, const struct store_path *p, const struct store_query *q, store_accept_fn *accept,
		 void *ctx, struct store_hit *ret)
{
	struct look l;
	TRY(begin(s, q, accept, ctx, &l));
	for (size_t i = 0; i < p->n; i++) {
		const struct store_element *e = &p->elements[i];
		for (size_t j = 0; j < e->n_places; j++) {
			if (!try_place(&l, &e->places[j]))
				continue;
			if (!e->is_cache)
				copy_down(&l, e, j);
			return end(&l, true, ret);
		}
		if (e->is_cache && e->n_places)
			l.cache = e->places[0].path;
	}
	return end(&l, false, ret);
}

err_t store_find_in(struct store *s, const char *folder, const struct store_query *q, store_accept_fn *accept,
		    void *ctx, struct store_hit *ret)
{
	struct look l;
	TRY(begin(s, q, accept, ctx, &l));
	return end(&l, try_place(&l, &(struct store_place){ STORE_FOLDER, folder }), ret);
}

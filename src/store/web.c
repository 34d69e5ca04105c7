// SPDX-License-Identifier: Apache-2.0
// web.c: the semantics of symbol servers over plain downloads.
#include "store/web.h"

#include "base/limits.h"
#include "base/md5.h"

#include <stdio.h>
#include <string.h>

struct web_item {
	struct web_item *next;
	const char *wanted; // the first file's place below the server
	const char *url[FETCH_URLS];
	char id[33];
	bool waiting;
	int fd; // what came; -1: nothing, or it was taken
	enum fetch_status status;
	unsigned which;
	err_t error;
};
static const char *const absent_folder[] = { "absent" };
static const char *const partial_folder[] = { "partial" };
static const char trailer_magic[8] = { 'd', 's', 'p', 'a', 'r', 't', '0', '1' };
enum { TRAILER = 16 }; // u32 which, u32 length of the validator before it, magic

struct web *web_new(struct arena *a, const struct fetch_env *env)
{
	struct web *w = NEW(a, struct web);
	*w = (struct web){ .a = a, .env = *env, .cache = os_cache_dir(a) };
	return w;
}

// ---- what is remembered on disk
static bool lately_absent(const struct web *w, const char *id)
{
	uint64_t age;
	if (!w->cache || w->retry || (w->store && w->store->overwrite))
		return false;
	const char *path = path_join(w->a, path_join(w->a, w->cache, absent_folder[0]), id);
	return file_age(path, &age) && age < LIMIT_FETCH_ABSENT_SECONDS;
}

static void remember_absent(const struct web *w, const char *id)
{
	struct os_new_file f;
	if (!w->cache || os_new_file_open(w->cache, absent_folder, 1, &f).code)
		return;
	err_t e = os_new_file_name(&f, id, true);
	(void)e; // without a name it is just asked for again
	os_new_file_close(&f);
}

// The trailer of a cut download; false: it is none.
static bool read_trailer(struct arena *a, int fd, struct fetch_job *j)
{
	struct file_map m;
	if (file_map_fd(fd, &m).code)
		return false;
	struct span b = m.bytes;
	bool good =
		b.n > TRAILER && memcmp(b.p + b.n - sizeof(trailer_magic), trailer_magic, sizeof(trailer_magic)) == 0;
	uint64_t which = good ? le_get(b.p + b.n - TRAILER, 4) : 0, n = good ? le_get(b.p + b.n - TRAILER + 4, 4) : 0;
	good = good && which < FETCH_URLS && n && n < b.n - TRAILER;
	if (good) {
		j->resume = b.n - TRAILER - n;
		j->validator = arena_strndup(a, (const char *)b.p + j->resume, (size_t)n);
		j->which = (unsigned)which;
	}
	file_map_close(&m);
	return good && strlen(j->validator) == n && j->url[j->which] && !fd_truncate(fd, j->resume).code;
}

static bool write_trailer(const struct fetch_job *j)
{
	uint8_t t[TRAILER];
	size_t n = strlen(j->validator);
	for (unsigned i = 0; i < 4; i++) {
		t[i] = (uint8_t)(j->which >> (8 * i));
		t[4 + i] = (uint8_t)(n >> (8 * i));
	}
	memcpy(t + 8, trailer_magic, sizeof(trailer_magic));
	return !fd_truncate(j->fd, j->bytes).code && !fd_write_at(j->fd, j->bytes, j->validator, n).code &&
	       !fd_write_at(j->fd, j->bytes + n, t, sizeof(t)).code;
}

// The beginning of this file from an earlier time, or a new one; nameless when nothing can be kept.
static err_t open_file(const struct web *w, const struct web_item *it, struct os_new_file *f, struct fetch_job *j)
{
	uint64_t age;
	*f = (struct os_new_file){ .dir = -1, .fd = -1 };
	const char *old = w->cache ? path_join(w->a, path_join(w->a, w->cache, partial_folder[0]), it->id) : NULL;
	if (old && file_age(old, &age) && !os_new_file_take(w->cache, partial_folder, 1, it->id, f).code) {
		if (age < LIMIT_FETCH_PARTIAL_SECONDS && read_trailer(w->a, f->fd, j))
			return ok();
		j->resume = 0;
		j->which = 0;
		j->validator = NULL;
		os_new_file_close(f);
	}
	if (w->cache && !os_new_file_open(w->cache, partial_folder, 1, f).code)
		return ok();
	const char *dirs[] = { os_env("TMPDIR"), "/var/tmp", "/tmp" };
	err_t e = ok();
	for (size_t i = 0; i < ARRAY_LEN(dirs); i++)
		if (dirs[i] && !(e = os_temp_file(dirs[i], &f->fd)).code)
			return ok();
	return e;
}

// ---- bringing
static void keep_result(struct web *w, struct web_item *it, struct fetch_job *j, struct os_new_file *f)
{
	it->status = j->status;
	it->which = j->which;
	it->error = j->error;
	it->fd = -1;
	w->came += j->came;
	if (j->status == FETCH_OK) {
		it->fd = f->fd;
		f->fd = -1;
	} else if (j->status == FETCH_ABSENT) {
		remember_absent(w, it->id);
	} else if (f->dir >= 0 && j->validator && j->bytes >= LIMIT_FETCH_PARTIAL && j->error.code != E_CORRUPT &&
		   write_trailer(j)) {
		err_t kept = os_new_file_name(f, it->id, true);
		(void)kept; // else the whole file is asked for next time
	}
	os_new_file_close(f);
}

struct web_batch {
	struct web_item *item[LIMIT_FETCH_BATCH];
	struct fetch_job job[LIMIT_FETCH_BATCH];
	struct os_new_file file[LIMIT_FETCH_BATCH];
	size_t n;
};

static void bring(struct web *w, struct web_batch *b)
{
	size_t opened = 0;
	err_t e = ok();
	for (; opened < b->n && !e.code; opened++) {
		struct fetch_job *j = &b->job[opened];
		*j = (struct fetch_job){ 0 };
		memcpy(j->url, b->item[opened]->url, sizeof(j->url));
		e = open_file(w, b->item[opened], &b->file[opened], j);
		j->fd = b->file[opened].fd;
	}
	opened -= e.code != 0;
	w->n_asked += opened;
	err_t all = fetch_all(w->a, b->job, opened, &w->env);
	(void)all; // stands in each job
	for (size_t i = 0; i < b->n; i++) {
		struct web_item *it = b->item[i];
		it->waiting = false;
		w->n_waiting--;
		if (i < opened) {
			keep_result(w, it, &b->job[i], &b->file[i]);
			continue;
		}
		it->status = FETCH_FAILED;
		it->error = e;
		it->fd = -1;
	}
}

// What a file.ptr at a server says. True: the file lies at another address, which is now asked for.
static bool follow_pointer(struct web *w, struct web_item *it)
{
	struct file_map m;
	struct file_ptr ptr = { 0 };
	const char *url = it->status == FETCH_OK ? it->url[it->which] : "";
	if (!str_iends(url, "/file.ptr") || file_map_fd(it->fd, &m).code)
		return false;
	err_t e = file_ptr_parse(w->a, m.bytes, &ptr);
	file_map_close(&m);
	if (!e.code && ptr.message)
		e = fail(E_ABSENT, arena_printf(w->a, "the store says: %s", ptr.message), 0);
	bool there = !e.code && strstr(ptr.path, "://");
	if (there)
		e = fetch_url_check(w->a, ptr.path);
	if (e.code) {
		it->status = FETCH_FAILED;
		it->error = e;
	}
	if (e.code || there)
		fd_close(&it->fd);
	if (e.code || !there)
		return false; // a path of this host is the look-up's business
	memset(it->url, 0, sizeof(it->url));
	it->url[0] = ptr.path;
	return true;
}

err_t web_run(struct web *w)
{
	struct web_batch *b = w->batch = w->batch ? w->batch : NEW(w->a, struct web_batch);
	while (w->n_waiting) {
		b->n = 0;
		for (struct web_item *it = w->items; it && b->n < LIMIT_FETCH_BATCH; it = it->next)
			if (it->waiting)
				b->item[b->n++] = it;
		bring(w, b);
		size_t again = 0;
		for (size_t i = 0; i < b->n; i++)
			if (follow_pointer(w, b->item[i]))
				b->item[again++] = b->item[i];
		b->n = again;
		w->n_waiting += again;
		if (again)
			bring(w, b);
		if (w->env.cancel && *w->env.cancel)
			return fail(E_CANCELLED, "the download was interrupted", 0);
	}
	return ok();
}

// ---- look-ups
static void name_id(struct web_item *it)
{
	uint8_t sum[16];
	md5((struct span){ (const uint8_t *)it->url[0], strlen(it->url[0]) }, sum);
	for (size_t i = 0; i < sizeof(sum); i++)
		snprintf(it->id + 2 * i, 3, "%02x", sum[i]);
}

static struct web_item *find(const struct web *w, const char *id)
{
	for (struct web_item *it = w->items; it; it = it->next)
		if (str_eq(it->id, id))
			return it;
	return NULL;
}

static bool is_waiting(const struct web *w, const char *relative)
{
	for (const struct web_item *it = w->items; it; it = it->next)
		if (it->waiting && str_eq(it->wanted, relative))
			return true;
	return false;
}

static err_t hand_over(struct web_item *it, int fd, size_t *index_ret)
{
	struct file_map m;
	if (it->status == FETCH_ABSENT)
		return fail(E_NOTFOUND, "the server does not have it", 0);
	if (it->status != FETCH_OK)
		return it->error;
	*index_ret = it->which;
	TRY(file_map_fd(it->fd, &m));
	err_t e = fd_write_at(fd, 0, m.bytes.p, m.bytes.n);
	file_map_close(&m);
	fd_close(&it->fd);
	it->status = FETCH_NONE;
	return e;
}

static err_t get_some(struct web *w, const char *server, const char *const *relatives, size_t n, int fd,
		      size_t *index_ret)
{
	struct web_item *it = NEW(w->a, struct web_item);
	for (size_t i = 0; i < n; i++)
		TRY(fetch_url(w->a, server, relatives[i], &it->url[i]));
	name_id(it);
	struct web_item *old = find(w, it->id);
	if (old && !old->waiting && old->status != FETCH_NONE)
		return hand_over(old, fd, index_ret);
	if (old && !old->waiting && w->collect)
		return fail(E_NOTFOUND, "the server's file was refused", 0);
	if (lately_absent(w, it->id))
		return fail(E_NOTFOUND, "the server did not have it lately", 0);
	const char *later = "is asked for later";
	if (w->collect && is_waiting(w, relatives[0]))
		return fail(E_NOTFOUND, later, 0);
	if (old) {
		memcpy(old->url, it->url, sizeof(it->url));
		it = old;
	} else {
		it->next = w->items;
		w->items = it;
	}
	it->wanted = arena_strdup(w->a, relatives[0]);
	it->waiting = true;
	it->fd = -1;
	w->n_waiting++;
	if (w->collect)
		return fail(E_NOTFOUND, later, 0);
	TRY(web_run(w));
	return hand_over(it, fd, index_ret);
}

static err_t get(void *ctx, struct arena *a, const char *server, const char *const *relatives, size_t n, int fd,
		 size_t *index_ret)
{
	struct web *w = ctx;
	(void)a;
	err_t e = fail(E_NOTFOUND, "nothing to ask for", 0);
	for (size_t at = 0; at < n && e.code == E_NOTFOUND; at += FETCH_URLS) {
		size_t index = 0;
		e = get_some(w, server, relatives + at, MIN(n - at, (size_t)FETCH_URLS), fd, &index);
		*index_ret = at + index;
	}
	if (e.code && e.code != E_NOTFOUND && !w->error.code)
		w->error = e;
	return e;
}

static size_t gather(void *ctx, bool begin)
{
	struct web *w = ctx;
	w->collect = begin;
	size_t n = begin ? 0 : w->n_waiting;
	if (!n)
		return 0;
	return web_run(w).code ? 0 : n;
}

struct store_fetcher web_fetcher(struct web *w)
{
	return (struct store_fetcher){ get, gather, w };
}

void web_close(struct web *w)
{
	for (struct web_item *it = w->items; it; it = it->next)
		if (!it->waiting)
			fd_close(&it->fd);
	w->items = NULL;
	w->n_waiting = 0;
}

// SPDX-License-Identifier: Apache-2.0
// unpack.c: knows archives by their first bytes and has the helper program open them; src/helper/main.c describes how
// the two talk. What the helper says is as untrusted as the archive.
#include "base/unpack.h"

#include "base/limits.h"
#include "base/str.h"

#include <inttypes.h>
#include <string.h>

static const struct container {
	const char *name; // as the helper knows it
	uint8_t n;
	uint8_t magic[8];
	const char *suffix; // of a file that holds a single one; NULL for archives
} containers[] = {
	{ "cab", 8, { 'M', 'S', 'C', 'F', 0, 0, 0, 0 }, NULL },
	{ "zip", 4, { 'P', 'K', 3, 4 }, NULL },
	{ "zip", 4, { 'P', 'K', 5, 6 }, NULL }, // an empty one
	{ "7z", 6, { '7', 'z', 0xbc, 0xaf, 0x27, 0x1c }, NULL },
	{ "gzip", 3, { 0x1f, 0x8b, 8 }, ".gz" },
	{ "xz", 6, { 0xfd, '7', 'z', 'X', 'Z', 0 }, ".xz" },
	{ "zstd", 4, { 0x28, 0xb5, 0x2f, 0xfd }, ".zst" },
	{ "bzip2", 3, { 'B', 'Z', 'h' }, ".bz2" },
};

struct work {
	struct arena *a;
	const char *path;
	const struct container *container;
	int in, memory, disk, status_read, status_write;
};

struct answer {
	const char *name;
	bool done, on_disk;
	err_t error;
};

static const struct container *recognise(struct span s)
{
	for (size_t i = 0; i < ARRAY_LEN(containers); i++)
		if (s.n >= containers[i].n && memcmp(s.p, containers[i].magic, containers[i].n) == 0)
			return &containers[i];
	return NULL;
}

static err_t about(struct arena *a, const char *path, err_t e)
{
	return fail(e.code, arena_printf(a, "%s: %s", path, e.what), e.at);
}

err_t env_bytes(struct arena *a, const char *name, uint64_t otherwise, uint64_t *ret)
{
	const char *s = os_env(name), *p = s;
	*ret = otherwise;
	if (!s)
		return ok();
	uint64_t v = 0;
	bool good = *p >= '0' && *p <= '9';
	for (; *p >= '0' && *p <= '9'; p++)
		good = good && mul_ok(v, 10, &v) && add_ok(v, (uint64_t)(*p - '0'), &v);
	static const char units[] = "KMGT";
	const char *unit = *p ? strchr(units, *p & ~0x20) : NULL;
	if (unit) {
		good = good && mul_ok(v, (uint64_t)1 << (10 * (unit - units + 1)), &v);
		p++;
	}
	if (!good || *p)
		return fail(E_USAGE,
			    arena_printf(a, "%s=%s in the environment: a number like 4096 or 200G is wanted", name, s),
			    0);
	*ret = v;
	return ok();
}

// The folder of the program is the build folder, or bin/ of an installation.
const char *helper_path(struct arena *a)
{
	static const char *const places[] = { "dumpscope-helper", "../libexec/dumpscope/dumpscope-helper",
					      "../libexec/dumpscope-helper", "../lib/dumpscope/dumpscope-helper" };
	const char *own = os_env("DUMPSCOPE_HELPER"), *dir = os_exe_dir(a);
	if (own)
		return own;
	for (size_t i = 0; dir && i < ARRAY_LEN(places); i++) {
		const char *path = path_join(a, dir, places[i]);
		if (file_exists(path))
			return path;
	}
#ifdef DUMPSCOPE_LIBEXEC
	if (file_exists(DUMPSCOPE_LIBEXEC "/dumpscope-helper")) // a library's host program can be anywhere
		return DUMPSCOPE_LIBEXEC "/dumpscope-helper";
#endif
	return NULL;
}

// The value of `key` when the line is about it.
static const char *value_of(const char *line, const char *key)
{
	size_t n = strlen(key);
	return str_starts(line, key) && line[n] == ' ' ? line + n + 1 : NULL;
}

// "CODE AT TEXT"
static err_t read_error(char *s)
{
	char *at = strchr(s, ' '), *text = at ? strchr(at + 1, ' ') : NULL;
	if (!text)
		return ok();
	*at = *text = 0;
	uint64_t v = 0;
	for (const char *p = at + 1; *p >= '0' && *p <= '9'; p++)
		v = v * 10 + (uint64_t)(*p - '0');
	for (enum err_code c = E_ABSENT; c <= E_IO; c++)
		if (str_eq(s, err_name(c)))
			return fail(c, text + 1, v);
	return ok();
}

static struct answer read_answer(struct arena *a, const char *bytes, size_t n)
{
	struct answer r = { 0 };
	char *s = bytes_to_utf8(a, (struct span){ (const uint8_t *)bytes, n });
	for (char *end; (end = strchr(s, '\n')); s = end + 1) {
		*end = 0;
		for (char *p = s; p < end; p++)
			if ((unsigned char)*p < ' ' || *p == 0x7f)
				*p = '?';
		const char *name = value_of(s, "name"), *out = value_of(s, "out"), *error = value_of(s, "error");
		if (name)
			r.name = name;
		else if (out)
			r.on_disk = str_eq(out, "4");
		else if (error)
			r.error = read_error(s + (error - s));
		else if (str_eq(s, "done"))
			r.done = true;
	}
	return r;
}

static err_t open_scratch(struct work *w)
{
	err_t e = os_memory_file(&w->memory);
	if (e.code)
		return fail(e.code, arena_printf(w->a, "no memory file for the content: %s", e.what), 0);
	const char *dirs[] = { os_env("TMPDIR"), "/var/tmp", "/tmp" };
	for (size_t i = 0; i < ARRAY_LEN(dirs); i++)
		if (dirs[i] && !os_temp_file(dirs[i], &w->disk).code)
			break; // when there is none, content that fits in memory still opens
	return os_pipe(&w->status_read, &w->status_write);
}

static void close_all(struct work *w)
{
	int *all[] = { &w->in, &w->memory, &w->disk, &w->status_read, &w->status_write };
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		fd_close(all[i]);
}

// Ends the helper in every case. The answer counts only when it is complete.
static err_t listen(struct work *w, struct os_child *child, uint64_t seconds, struct answer *ret)
{
	char said[LIMIT_HELPER_STATUS];
	size_t n = 0;
	int code, sig;
	uint64_t span = 0, deadline = 0;
	if (!mul_ok(seconds, 1000000, &span) || !add_ok(os_now_us(), span, &deadline))
		deadline = UINT64_MAX;
	err_t e = os_read_all(w->status_read, said, sizeof(said), deadline, &n);
	if (e.code)
		os_kill(child);
	os_wait(child, &code, &sig);
	if (e.code == E_LIMIT)
		return fail(E_LIMIT,
			    arena_printf(w->a,
					 "unpacking took longer than %" PRIu64
					 " s; DUMPSCOPE_UNPACK_SECONDS in the environment allows more",
					 seconds),
			    0);
	TRY(e);
	*ret = read_answer(w->a, said, n);
	if (ret->error.code)
		return ret->error;
	if (os_signal_is_interrupt(sig))
		return fail(E_CANCELLED, "unpacking was interrupted", 0);
	if (sig)
		return fail(
			E_IO,
			arena_printf(w->a, "the helper program was ended by signal %d; unpack the file by hand", sig),
			0);
	if (!ret->done || code > 0)
		return fail(
			E_IO,
			arena_printf(w->a,
				     "the helper program ended with status %d and no answer; unpack the file by hand",
				     code),
			0);
	return ok();
}

static err_t run_helper(struct work *w, bool any, const char *wanted, struct answer *ret)
{
	uint64_t limit, memory, seconds;
	TRY(env_bytes(w->a, "DUMPSCOPE_UNPACK_LIMIT", (uint64_t)LIMIT_UNPACK_GIB << 30, &limit));
	TRY(env_bytes(w->a, "DUMPSCOPE_UNPACK_MEMORY", LIMIT_UNPACK_IN_MEMORY, &memory));
	TRY(env_bytes(w->a, "DUMPSCOPE_UNPACK_SECONDS", LIMIT_UNPACK_SECONDS, &seconds));
	const char *helper = helper_path(w->a);
	if (!helper)
		return fail(
			E_IO,
			arena_printf(
				w->a,
				"is %s-compressed, and dumpscope-helper, which unpacks it, is not beside the program; "
				"install it, set DUMPSCOPE_HELPER, or unpack the file by hand",
				w->container->name),
			0);
	TRY(open_scratch(w));
	const char *argv[] = { helper,
			       "unpack",
			       w->container->name,
			       any ? "any" : "dump",
			       arena_printf(w->a, "%" PRIu64, limit),
			       arena_printf(w->a, "%" PRIu64, memory),
			       wanted,
			       NULL };
	const int fds[] = { w->in, w->memory, 2, w->status_write, w->disk };
	struct os_child child = { 0 };
	err_t e = os_spawn(argv, fds, ARRAY_LEN(fds), &child);
	fd_close(&w->status_write); // so that the pipe ends when the helper does
	if (e.code)
		return fail(E_IO,
			    arena_printf(w->a, "the helper program %s that unpacks it cannot be started: %s", helper,
					 e.what),
			    0);
	return listen(w, &child, seconds, ret);
}

// "crash.dmp.gz" holds crash.dmp.
static const char *single_name(const struct work *w)
{
	const char *base = path_base(w->path);
	const char *suffix = w->container->suffix ? w->container->suffix : "";
	size_t n = strlen(base), m = strlen(suffix);
	return arena_strndup(w->a, base, str_iends(base, suffix) && n > m ? n - m : n);
}

static err_t unpack_file(struct work *w, bool any, const char *wanted, struct file_map *ret,
			 const char **inner_name_ret)
{
	struct file_map m;
	TRY(file_open(w->path, &w->in));
	TRY(file_map_fd(w->in, &m));
	w->container = recognise(m.bytes);
	if (!w->container && wanted) {
		file_map_close(&m);
		return fail(E_NOTFOUND, "is no archive", 0);
	}
	if (!w->container) {
		*ret = m;
		*inner_name_ret = NULL;
		return ok();
	}
	file_map_close(&m);
	struct answer answer;
	TRY(run_helper(w, any, wanted, &answer));
	if (!answer.on_disk)
		TRY(os_seal(w->memory));
	TRY(file_map_fd(answer.on_disk ? w->disk : w->memory, ret));
	if (wanted && !answer.name && !str_ieq(single_name(w), wanted)) {
		file_map_close(ret);
		return fail(E_NOTFOUND, arena_printf(w->a, "holds %s and nothing else", single_name(w)), 0);
	}
	*inner_name_ret = answer.name ? answer.name : single_name(w);
	return ok();
}

static err_t open_any(struct arena *a, const char *path, bool any, const char *wanted, struct file_map *ret,
		      const char **inner_name_ret)
{
	struct work w = { a, path, NULL, -1, -1, -1, -1, -1 };
	err_t e = unpack_file(&w, any, wanted, ret, inner_name_ret);
	close_all(&w);
	return e.code ? about(a, path, e) : ok();
}

err_t unpack_open(struct arena *a, const char *path, const char *wanted, struct file_map *ret,
		  const char **inner_name_ret)
{
	return open_any(a, path, false, wanted, ret, inner_name_ret);
}

err_t unpack_any(struct arena *a, const char *path, struct file_map *ret, const char **inner_name_ret)
{
	return open_any(a, path, true, NULL, ret, inner_name_ret);
}

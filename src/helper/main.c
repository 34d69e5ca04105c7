// SPDX-License-Identifier: Apache-2.0
// main.c of dumpscope-helper: work on untrusted bytes from outside, away from the debugger's process and start-up.
//
//     dumpscope-helper unpack FORMAT dump|any LIMIT MEMORY [NAME]
//
// Descriptors: 0 the archive, a regular file; 1 a memory file that takes the content; 2 complaints of libraries; 3 the
// status; 4 a file on disk, to which the content moves when it passes MEMORY bytes (may be closed). LIMIT is the most
// bytes of content; NAME the file that is wanted. The status is text, one `key value` a line, values without control
// characters:
//     name NAME       of the file in the archive, absent when it records none
//     out 1|4         the descriptor that has the content, from its start
//     size BYTES
//     done            all of it is there
//     error CODE AT TEXT    instead of the others; CODE as err_name() has it
// Exit status 0 after `done`, else 1.
//
//     dumpscope-helper fetch
//
// downloads: store/fetch_int.h describes what it reads and says.
#include "base/limits.h"
#include "base/os.h"
#include "base/str.h"
#include "helper/extract.h"
#include "helper/fetch.h"
#include "helper/sandbox.h"

#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <string.h>
#include <unistd.h>

#include <sys/sendfile.h>
#include <sys/vfs.h>

enum { FD_IN, FD_MEMORY, FD_STATUS = 3, FD_DISK };

struct output {
	int fd;
	uint64_t n, memory, room;
};

static err_t write_all(int fd, const void *p, size_t n)
{
	for (const uint8_t *from = p; n;) {
		ssize_t done = write(fd, from, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0 && errno == ENOSPC)
			return fail(E_IO, "no room for the content; set TMPDIR to a folder with more", 0);
		if (done <= 0)
			return fail(E_IO, "the content cannot be written; set TMPDIR to a writable folder", 0);
		from += done;
		n -= (size_t)done;
	}
	return ok();
}

// From memory to disk. Some room is left there for others.
static err_t move_to_disk(struct output *o)
{
	struct statfs fs;
	if (fstatfs(FD_DISK, &fs) != 0)
		return fail(E_LIMIT,
			    "too large for memory and there is no scratch file; set TMPDIR to a folder with room",
			    o->n);
	uint64_t room = 0, spare = (uint64_t)LIMIT_UNPACK_SPARE_MIB << 20;
	if (!mul_ok((uint64_t)fs.f_bavail, (uint64_t)fs.f_bsize, &room))
		room = UINT64_MAX;
	o->room = room > spare ? room - spare : 0;
	off_t at = 0;
	while ((uint64_t)at < o->n) {
		ssize_t done = sendfile(FD_DISK, FD_MEMORY, &at, (size_t)(o->n - (uint64_t)at));
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return fail(E_IO, "no room for the content; set TMPDIR to a folder with more", 0);
	}
	o->fd = FD_DISK;
	return ftruncate(FD_MEMORY, 0) == 0 ? ok() : fail(E_IO, "the memory file cannot be emptied", 0);
}

static err_t put(void *ctx, const void *p, size_t n)
{
	struct output *o = ctx;
	if (o->fd == FD_MEMORY && n > o->memory - MIN(o->n, o->memory))
		TRY(move_to_disk(o));
	if (o->fd == FD_DISK && (n > o->room || o->n > o->room - n))
		return fail(E_LIMIT, "the file system for scratch files has no room; set TMPDIR to a folder with more",
			    o->n);
	TRY(write_all(o->fd, p, n));
	o->n += n;
	return ok();
}

// One line: the names in an archive and the texts about them can hold anything.
static char *one_line(struct arena *a, const char *s)
{
	enum { MOST = LIMIT_HELPER_STATUS / 4 };
	char *line = arena_strndup(a, s, strnlen(s, MOST));
	for (char *p = line; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	return line;
}

static bool number(const char *s, uint64_t *ret)
{
	uint64_t v = 0;
	for (; *s >= '0' && *s <= '9'; s++)
		if (!mul_ok(v, 10, &v) || !add_ok(v, (uint64_t)(*s - '0'), &v))
			return false;
	*ret = v;
	return !*s;
}

static int say(struct arena *a, err_t e, const struct output *o, const char *name)
{
	struct sb s = sb_new(a);
	if (e.code) {
		sb_printf(&s, "error %s %" PRIu64 " %s\n", err_name(e.code), e.at, one_line(a, e.what));
	} else {
		if (name)
			sb_printf(&s, "name %s\n", one_line(a, name));
		sb_printf(&s, "out %d\nsize %" PRIu64 "\ndone\n", o->fd, o->n);
	}
	err_t written = write_all(FD_STATUS, sb_str(&s), s.n);
	return e.code || written.code ? 1 : 0;
}

static int unpack(struct arena *a, int argc, char **argv)
{
	struct output o = { .fd = FD_MEMORY };
	struct extract_job job = { .sink = put, .ctx = &o };
	if (argc < 4 || argc > 5 || !number(argv[2], &job.limit) || !number(argv[3], &o.memory))
		return say(a, fail(E_USAGE, "the helper program is of another version of dumpscope", 0), NULL, NULL);
	job.format = argv[0];
	job.any = str_eq(argv[1], "any");
	job.wanted = argc == 5 ? argv[4] : NULL;
	struct file_map in;
	err_t e = file_map_fd(FD_IN, &in);
	if (e.code)
		return say(a, e, NULL, NULL);
	job.archive = in.bytes;
	setlocale(LC_CTYPE, "C.UTF-8"); // libarchive converts names to the locale's encoding
	sandbox_enter((uint64_t)LIMIT_HELPER_MEMORY, job.limit);
	const char *name = NULL;
	e = extract_file(a, &job, &name);
	return say(a, e, &o, name);
}

static void out_of_memory(void *ctx, err_t why)
{
	(void)ctx;
	(void)why;
	static const char line[] = "error limit 0 unpacking needs more memory than is allowed\n";
	write_all(FD_STATUS, line, sizeof(line) - 1);
	_exit(1);
}

int main(int argc, char **argv)
{
	bool fetch = argc == 2 && str_eq(argv[1], "fetch");
	struct arena *a = arena_new(fetch ? LIMIT_FETCH_MEMORY / 2 : LIMIT_HELPER_ARENA);
	int code = 2;
	if (!fetch) // a download's other side knows what a helper without an answer is
		arena_trap(a, out_of_memory, NULL);
	if (fetch)
		code = fetch_main(a);
	else if (argc > 1 && str_eq(argv[1], "unpack"))
		code = unpack(a, argc - 2, argv + 2);
	else
		write_all(2, "dumpscope-helper: a part of dumpscope, started by it when needed\n", 65);
	arena_free(a);
	return code;
}

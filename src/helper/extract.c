// SPDX-License-Identifier: Apache-2.0
// extract.c: the choice of the file and its bytes; libarchive knows the formats.
#include "helper/extract.h"

#include "base/limits.h"
#include "base/str.h"
#include "helper/gunzip.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <archive.h>
#include <archive_entry.h>

// A damaged file in an archive does not make the others unreadable, but many in a row make it garbage.
enum { HEAD = 8, CHUNK = 1 << 17, MAX_NAME = 1024, MAX_BAD = 16 };

static const struct format {
	const char *name;
	int (*filter)(struct archive *); // NULL: none
	int (*format)(struct archive *);
} formats[] = {
	{ "cab", NULL, archive_read_support_format_cab },
	{ "zip", NULL, archive_read_support_format_zip },
	{ "7z", NULL, archive_read_support_format_7zip },
	{ "xz", archive_read_support_filter_xz, archive_read_support_format_raw },
	{ "zstd", archive_read_support_filter_zstd, archive_read_support_format_raw },
	{ "bzip2", archive_read_support_filter_bzip2, archive_read_support_format_raw },
};

struct run {
	struct arena *a;
	const struct extract_job *job;
	const struct format *format;
	struct archive *ar;
	uint8_t *buf; // CHUNK bytes
	size_t bad;
	err_t entry_error; // the first file that could not be looked into
	const char *name;
};

static char *text(struct arena *a, const char *s)
{
	return bytes_to_utf8(a, (struct span){ (const uint8_t *)s, s ? strnlen(s, MAX_NAME) : 0 });
}

// archive_error_string() dies with the handle, so the text is copied.
static err_t archive_failure(struct run *x, const char *name, uint64_t done)
{
	const char *said = text(x->a, archive_error_string(x->ar));
	enum err_code code = E_CORRUPT;
	const char *advice = "the archive is damaged";
	if (archive_errno(x->ar) == ENOMEM || strcasestr(said, "memory")) {
		code = E_LIMIT;
		advice = "unpacking it needs more memory than is allowed";
	} else if (strcasestr(said, "truncated")) {
		advice = "the archive is not complete, copy it again";
	} else if (strcasestr(said, "unsupported") || strcasestr(said, "not supported")) {
		code = E_UNSUPPORTED;
		advice = "not supported, unpack it with the program that made it";
	}
	char *what = arena_printf(x->a, "%s%s%s: %s (%s)", x->format->name, name ? ": " : "", text(x->a, name), advice,
				  *said ? said : "no reason given");
	return fail(code, what, done);
}

static bool begins_as_dump(const uint8_t *head, size_t n)
{
	static const char *const magics[] = { "MDMP", "PAGEDUMP", "PAGEDU64", "USERDUMP" };
	for (size_t i = 0; i < ARRAY_LEN(magics); i++) {
		size_t len = strlen(magics[i]);
		if (n >= len && memcmp(head, magics[i], len) == 0)
			return true;
	}
	return false;
}

static bool named_as_dump(const char *name)
{
	return str_iends(name, ".dmp") || str_iends(name, ".mdmp") || str_iends(name, ".hdmp");
}

// Valid until the next file of the archive is looked at.
static const char *entry_name(struct archive_entry *e)
{
	const char *name = archive_entry_pathname_utf8(e);
	if (!name)
		name = archive_entry_pathname(e);
	return name ? name : "";
}

// Windows' names: no case, and both slashes.
static bool is_called(const char *name, const char *wanted)
{
	size_t n = strlen(name), m = strlen(wanted);
	if (n < m || (n > m && name[n - m - 1] != '/' && name[n - m - 1] != '\\'))
		return false;
	for (name += n - m; *name; name++, wanted++) {
		char a = *name == '\\' ? '/' : *name, b = *wanted == '\\' ? '/' : *wanted;
		if (a != b && !str_ieqn(&a, &b, 1))
			return false;
	}
	return true;
}

// Fills buf from the current file. *got < n only at its end.
static err_t read_some(struct run *x, const char *name, uint64_t at, size_t n, size_t *got)
{
	*got = 0;
	while (*got < n) {
		la_ssize_t r = archive_read_data(x->ar, x->buf + *got, n - *got);
		if (r == ARCHIVE_RETRY)
			continue;
		if (r < 0)
			return archive_failure(x, name, at + *got);
		if (r == 0)
			break;
		*got += (size_t)r;
	}
	return ok();
}

err_t extract_over_limit(struct arena *a, const struct extract_job *job, uint64_t at)
{
	return fail(E_LIMIT,
		    arena_printf(a,
				 "%s: the content is larger than the limit of %" PRIu64
				 " bytes; DUMPSCOPE_UNPACK_LIMIT=200G in the environment raises it",
				 job->format, job->limit),
		    at);
}

// buf holds the first n bytes of the file.
static err_t copy_file(struct run *x, const char *name, size_t n)
{
	uint64_t done = 0;
	for (bool last = n < HEAD;; last = n < CHUNK) {
		if (n > x->job->limit - done)
			return extract_over_limit(x->a, x->job, done);
		TRY(x->job->sink(x->job->ctx, x->buf, n));
		done += n;
		if (last)
			return ok();
		TRY(read_some(x, name, done, CHUNK, &n));
	}
}

// Looks at the current file; *taken when it was the wanted one.
static err_t try_entry(struct run *x, struct archive_entry *e, bool by_name, bool *taken)
{
	if (archive_entry_filetype(e) != AE_IFREG)
		return ok();
	bool single = x->format->filter != NULL;
	const char *name = single ? NULL : entry_name(e);
	if (archive_entry_is_encrypted(e))
		return fail(E_UNSUPPORTED,
			    arena_printf(x->a, "%s: %s: not supported: encrypted, unpack it with its password",
					 x->format->name, text(x->a, name)),
			    0);
	if (x->job->wanted && !single && !is_called(name, x->job->wanted))
		return ok();
	bool wanted = single || x->job->any || x->job->wanted || (by_name && named_as_dump(name));
	if (by_name && !wanted)
		return ok();
	size_t n;
	TRY(read_some(x, name, 0, HEAD, &n));
	if (!wanted && !begins_as_dump(x->buf, n))
		return ok();
	*taken = true;
	x->name = name ? text(x->a, name) : NULL;
	return copy_file(x, name, n);
}

static err_t scan(struct run *x, bool by_name, bool *taken)
{
	for (size_t i = 0; !*taken; i++) {
		struct archive_entry *e;
		int r = archive_read_next_header(x->ar, &e);
		if (r == ARCHIVE_EOF)
			return ok();
		if (r == ARCHIVE_RETRY)
			continue;
		if (r < ARCHIVE_WARN)
			return archive_failure(x, NULL, 0);
		if (i == LIMIT_UNPACK_ENTRIES)
			return fail(E_LIMIT, "has too many files", 0);
		err_t err = try_entry(x, e, by_name, taken);
		if (*taken)
			return err;
		if (err.code && ++x->bad == MAX_BAD)
			return err;
		if (err.code && !x->entry_error.code)
			x->entry_error = err;
	}
	return ok();
}

// A filter or format that libarchive was built without answers ARCHIVE_WARN and would start a program instead.
static err_t open_and_scan(struct run *x, bool by_name, bool *taken)
{
	x->ar = archive_read_new();
	if (!x->ar)
		return fail(E_LIMIT, "out of memory", 0);
	err_t e;
	if ((x->format->filter && x->format->filter(x->ar) != ARCHIVE_OK) || x->format->format(x->ar) != ARCHIVE_OK)
		e = fail(E_UNSUPPORTED,
			 arena_printf(x->a, "not supported: this system's libarchive cannot read %s", x->format->name),
			 0);
	else if (archive_read_open_memory(x->ar, x->job->archive.p, x->job->archive.n) != ARCHIVE_OK)
		e = archive_failure(x, NULL, 0);
	else
		e = scan(x, by_name, taken);
	archive_read_free(x->ar);
	return e;
}

err_t extract_file(struct arena *a, const struct extract_job *job, const char **name_ret)
{
	if (str_eq(job->format, "gzip"))
		return gunzip(a, job, name_ret);
	struct run x = { .a = a, .job = job, .buf = NEW_N(a, uint8_t, CHUNK) };
	for (size_t i = 0; i < ARRAY_LEN(formats); i++)
		if (str_eq(job->format, formats[i].name))
			x.format = &formats[i];
	if (!x.format)
		return fail(E_USAGE, "no such archive format", 0);
	bool taken = false;
	err_t e = open_and_scan(&x, false, &taken);
	// By name also what lies before the damage: the first pass may have ended there.
	if (!taken && !job->any && !x.format->filter) {
		err_t second = open_and_scan(&x, true, &taken);
		e = taken ? second : e;
	}
	TRY(e);
	if (taken) {
		*name_ret = x.name;
		return ok();
	}
	if (x.entry_error.code)
		return x.entry_error;
	return fail(E_NOTFOUND,
		    arena_printf(a,
				 job->wanted ? "%s: no file in the archive has this name"
				 : job->any  ? "%s: the archive is empty"
					     : "%s: no file in the archive is a dump",
				 x.format->name),
		    0);
}

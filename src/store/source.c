// SPDX-License-Identifier: Apache-2.0
// source.c: looking for source files. Order of the tails: Microsoft's page "Source Code Path" leaves it open; a longer
// tail in a later folder says more than a mere name in an earlier one.
#include "store/source.h"

#include "base/limits.h"

#include <string.h>

bool source_is_server(const char *element)
{
	return str_ieqn(element, "srv*", 4) || str_ieqn(element, "symsrv*", 7) || str_ieqn(element, "DebugInfoD*", 11);
}

// The parts of a path, without drive, server mark, "." and what stands before a "..".
static size_t split(struct arena *a, const char *name, const char **parts)
{
	size_t n = 0;
	for (const char *p = name; *p;) {
		size_t len = strcspn(p, "/\\");
		bool dot = (len == 1 && *p == '.') || !len;
		bool drive = len == 2 && p[1] == ':' && p == name;
		if (len == 2 && p[0] == '.' && p[1] == '.') {
			n = 0;
		} else if (!dot && !drive) {
			if (n == LIMIT_SOURCE_PARTS) // the tail counts
				memmove(parts, parts + 1, --n * sizeof(*parts));
			parts[n++] = arena_strndup(a, p, len);
		}
		p += len + (p[len] != 0);
	}
	return n;
}

static const char *below(struct arena *a, const char *folder, const char *const *parts, size_t n)
{
	for (size_t i = 0; i < n && folder; i++)
		folder = path_find_nocase(a, folder, parts[i]);
	return folder && file_exists(folder) ? folder : NULL;
}

// A file of a name that only programs write can be anything: no hidden folders, and a name with an ending.
static bool looks_like_source(const char *path)
{
	const char *base = path_base(path), *dot = strrchr(base, '.');
	for (const char *p = path; (p = strstr(p, "/.")); p += 2)
		if (p[2] != '/' && !(p[2] == '.' && p[3] == '/'))
			return false;
	return *path == '/' && dot && dot != base && dot[1];
}

static void say(const struct source_search *s, struct arena *a, const char *folder, const char *const *parts, size_t n)
{
	struct sb text = sb_new(a);
	if (!s->trace)
		return;
	sb_add(&text, folder);
	for (size_t i = 0; i < n; i++)
		sb_printf(&text, "/%s", parts[i]);
	s->trace(s->ctx, sb_str(&text));
}

// The elements of the path, trimmed, with '/'.
static size_t folders_of(struct arena *a, struct source_search *s, const char **ret)
{
	size_t n = 0;
	for (const char *p = s->folders ? s->folders : ""; *p && n < LIMIT_SOURCE_FOLDERS;) {
		size_t len = strcspn(p, ";");
		const char *from = p + strspn(p, " \t\"");
		p += len;
		size_t end = from < p ? (size_t)(p - from) : 0;
		p += *p == ';';
		while (end && strchr(" \t\"", from[end - 1]))
			end--;
		char *folder = arena_strndup(a, from, end);
		bool server = source_is_server(folder);
		s->servers = s->servers || server;
		for (char *q = folder; *q; q++)
			*q = (char)(*q == '\\' ? '/' : *q);
		if (*folder && !server)
			ret[n++] = folder;
	}
	return n;
}

err_t source_find(struct arena *a, struct source_search *s, const char *name, const char **ret)
{
	const char **parts = NEW_N(a, const char *, LIMIT_SOURCE_PARTS), *folders[LIMIT_SOURCE_FOLDERS];
	size_t n = split(a, name, parts), n_folders = folders_of(a, s, folders);
	if (s->by_user || looks_like_source(name)) {
		say(s, a, name, NULL, 0);
		*ret = name;
		if (file_exists(name))
			return ok();
	}
	for (size_t first = 0; first < n; first++) {
		for (size_t i = 0; i < n_folders; i++) {
			say(s, a, folders[i], parts + first, n - first);
			*ret = below(a, folders[i], parts + first, n - first);
			if (*ret)
				return ok();
		}
	}
	return fail(E_NOTFOUND, "the source file was not found", 0);
}

err_t source_open(struct arena *a, const char *path, struct source_file *ret)
{
	static const uint8_t utf8[] = { 0xef, 0xbb, 0xbf }, utf16[] = { 0xff, 0xfe };
	*ret = (struct source_file){ .text = { NULL, 0 } };
	TRY(file_map_open(path, &ret->map));
	struct span b = ret->map.bytes;
	if (b.n > LIMIT_SOURCE_FILE) {
		source_close(ret);
		return fail(E_LIMIT, "the source file is too large", LIMIT_SOURCE_FILE);
	}
	ret->text = b;
	if (b.n >= sizeof(utf8) && !memcmp(b.p, utf8, sizeof(utf8))) {
		ret->text = (struct span){ b.p + sizeof(utf8), b.n - sizeof(utf8) };
	} else if (b.n >= sizeof(utf16) && !memcmp(b.p, utf16, sizeof(utf16))) {
		const char *text = utf16_to_utf8(a, (struct span){ b.p + sizeof(utf16), b.n - sizeof(utf16) });
		ret->text = (struct span){ (const uint8_t *)text, strlen(text) };
	}
	return ok();
}

void source_close(struct source_file *f)
{
	file_map_close(&f->map);
	f->text = (struct span){ NULL, 0 };
}

// In valid UTF-8: C1 controls are c2 80 - c2 9f; e2 80 aa - ae and e2 81 a6 - a9 turn the direction of writing.
static void disarm(char *s)
{
	for (unsigned char *p = (unsigned char *)s; *p; p++) {
		bool c1 = p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0;
		bool bidi = p[0] == 0xe2 && ((p[1] == 0x80 && p[2] >= 0xaa && p[2] <= 0xae) ||
					     (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9));
		if ((*p < ' ' && *p != '\t') || *p == 0x7f) {
			*p = '?';
		} else if (c1 || bidi) {
			p[0] = p[1] = '?';
			if (bidi)
				p[2] = '?';
		}
	}
}

// Where a line begins, from the one that was shown last on; NULL: behind the end.
static const uint8_t *seek(struct source_file *f, uint32_t line)
{
	const uint8_t *p = f->text.p;
	if (!p || !line)
		return NULL;
	const uint8_t *end = p + f->text.n;
	uint32_t at = f->last_line && f->last_line <= line ? f->last_line : 1;
	p += at == 1 ? 0 : f->last_offset;
	for (; at < line; at++) {
		p = memchr(p, '\n', (size_t)(end - p));
		if (!p)
			return NULL;
		p++;
	}
	f->last_line = line;
	f->last_offset = (size_t)(p - f->text.p);
	return p < end ? p : NULL;
}

const char *source_line(struct arena *a, struct source_file *f, uint32_t line)
{
	const uint8_t *p = seek(f, line);
	if (!p)
		return NULL;
	const uint8_t *end = f->text.p + f->text.n;
	const uint8_t *stop = memchr(p, '\n', (size_t)(end - p));
	size_t n = (size_t)((stop ? stop : end) - p);
	n -= n && p[n - 1] == '\r';
	bool cut = n > LIMIT_SOURCE_LINE;
	if (cut)
		for (n = LIMIT_SOURCE_LINE; n && (p[n] & 0xc0) == 0x80;)
			n--;
	uint8_t *copy = NEW_N(a, uint8_t, n + 1);
	for (size_t i = 0; i < n; i++)
		copy[i] = p[i] ? p[i] : '?';
	char *text = bytes_to_utf8(a, (struct span){ copy, n });
	disarm(text);
	return cut ? arena_printf(a, "%s ...", text) : text;
}

// SPDX-License-Identifier: Apache-2.0
// fetch_url.c: addresses of files on symbol servers, and what a file.ptr says.
#include "base/limits.h"
#include "base/str.h"
#include "store/fetch.h"

#include <string.h>

static const char *after_scheme(const char *url)
{
	static const char *const schemes[] = { "http://", "https://" };
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
		if (str_ieqn(url, schemes[i], strlen(schemes[i])))
			return url + strlen(schemes[i]);
	return NULL;
}

err_t fetch_url_check(struct arena *a, const char *url)
{
	const char *host = after_scheme(url);
	if (!host)
		return fail(E_UNSUPPORTED,
			    arena_printf(a, "not supported: %s, only http and https", fetch_url_shown(a, url)), 0);
	if (!strcspn(host, "/?#"))
		return fail(E_USAGE, arena_printf(a, "%s: the host is missing", fetch_url_shown(a, url)), 0);
	size_t n = 0;
	for (const char *p = url; *p; p++, n++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f || *p == '\\')
			return fail(E_USAGE, "an address on a server has blanks, backslashes or control characters", n);
	if (n > LIMIT_FETCH_URL)
		return fail(E_LIMIT, "an address on a server is too long", n);
	return ok();
}

const char *fetch_url_shown(struct arena *a, const char *url)
{
	const char *host = after_scheme(url);
	if (!host)
		return url;
	size_t n = strcspn(host, "/?#");
	const char *at = memrchr(host, '@', n);
	return at ? arena_printf(a, "%.*s%s", (int)(host - url), url, at + 1) : url;
}

static bool is_plain(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || strchr("-._~", c);
}

// RFC 3986, 2.1 and 2.3.
static bool add_part(struct sb *s, const char *p, size_t n)
{
	bool dots = strspn(p, ".") >= n && n <= 2;
	if (!n || dots || n > LIMIT_FETCH_URL / 8)
		return false;
	sb_ch(s, '/');
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];
		if (c < ' ' || c == 0x7f || c == '\\')
			return false;
		if (is_plain(c))
			sb_ch(s, p[i]);
		else
			sb_printf(s, "%%%02X", c);
	}
	return true;
}

err_t fetch_url(struct arena *a, const char *server, const char *relative, const char **ret)
{
	struct sb s = sb_new(a);
	size_t n = strlen(server);
	while (n && server[n - 1] == '/')
		n--;
	sb_addn(&s, server, n);
	for (const char *p = relative;; p += n + 1) {
		n = strcspn(p, "/");
		if (!add_part(&s, p, n))
			return fail(E_CORRUPT, "the name that the dump gives is no file's name, no server is asked", 0);
		if (!p[n])
			break;
	}
	*ret = sb_str(&s);
	return fetch_url_check(a, *ret);
}

err_t file_ptr_parse(struct arena *a, struct span text, struct file_ptr *ret)
{
	*ret = (struct file_ptr){ 0 };
	if (!text.n || text.n > LIMIT_FILE_PTR)
		return fail(E_CORRUPT, "file.ptr is empty or too long", 0);
	char *s = bytes_to_utf8(a, text);
	if (str_starts(s, "\xef\xbb\xbf"))
		s += 3;
	s[strcspn(s, "\r\n")] = 0;
	bool message = str_ieqn(s, "MSG:", 4);
	if (message || str_ieqn(s, "PATH:", 5))
		s += message ? 4 : 5;
	s += strspn(s, " \t");
	for (size_t n = strlen(s); n && (s[n - 1] == ' ' || s[n - 1] == '\t');)
		s[--n] = 0;
	for (char *p = s; *p; p++) {
		if ((unsigned char)*p >= ' ' && *p != 0x7f)
			continue;
		if (!message)
			return fail(E_CORRUPT, "file.ptr names a path with control characters", 0);
		*p = '?';
	}
	if (!*s)
		return fail(E_CORRUPT, "file.ptr says nothing", 0);
	*(message ? &ret->message : &ret->path) = s;
	return ok();
}

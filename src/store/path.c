// SPDX-License-Identifier: Apache-2.0
// path.c: the grammar of symbol paths, and what its names mean on this machine.
#include "base/limits.h"
#include "store/store_int.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char microsoft[] = "https://msdl.microsoft.com/download/symbols";

struct store_home store_home(struct arena *a)
{
	const char *dbghelp = os_env("DBGHELP_HOMEDIR"), *symcache = os_env("_NT_SYMCACHE_PATH");
	const char *cache = os_cache_dir(a);
	struct store_home h = { .home = os_env("HOME") };
	h.downstream = dbghelp    ? path_join(a, dbghelp, "sym")
		       : symcache ? symcache
		       : cache    ? path_join(a, cache, "sym")
				  : NULL;
	return h;
}

const char *store_env_symbol_path(struct arena *a)
{
	const char *alt = os_env("_NT_ALT_SYMBOL_PATH"), *path = os_env("_NT_SYMBOL_PATH");
	if (alt && path)
		return arena_printf(a, "%s;%s", alt, path);
	return alt ? alt : path ? path : "";
}

const char *store_env_image_path(struct arena *a)
{
	const char *path = os_env("_NT_EXECUTABLE_IMAGE_PATH");
	return path ? arena_strdup(a, path) : "";
}

const char *store_env_source_path(struct arena *a)
{
	const char *path = os_env("_NT_SOURCE_PATH");
	return path ? arena_strdup(a, path) : "";
}

// ---- keys
void store_key_guid(char buf[STORE_KEY], const uint8_t guid[16], uint32_t age)
{
	enum { GUID = 16 };
	int n = snprintf(buf, STORE_KEY, "%08" PRIX32 "%04" PRIX32 "%04" PRIX32, (uint32_t)le_get(guid, 4),
			 (uint32_t)le_get(guid + 4, 2), (uint32_t)le_get(guid + 6, 2));
	for (size_t i = 8; i < GUID; i++)
		n += snprintf(buf + n, STORE_KEY - (size_t)n, "%02X", guid[i]);
	snprintf(buf + n, STORE_KEY - (size_t)n, "%" PRIx32, age);
}

void store_key_stamp(char buf[STORE_KEY], uint32_t timestamp, uint32_t age)
{
	snprintf(buf, STORE_KEY, "%08" PRIX32 "%" PRIx32, timestamp, age);
}

void store_key_image(char buf[STORE_KEY], uint32_t timestamp, uint64_t size)
{
	snprintf(buf, STORE_KEY, "%08" PRIX32 "%" PRIx64, timestamp, size);
}

// ---- places
struct parse {
	struct arena *a;
	const struct store_home *home;
	struct store_element *e;
};

static void warn(struct parse *p, const char *text)
{
	if (!p->e->warning)
		p->e->warning = text;
}

static bool is_url(const char *s)
{
	return str_ieqn(s, "http://", strlen("http://")) || str_ieqn(s, "https://", strlen("https://"));
}

static bool is_drive(const char *s)
{
	char c = *s;
	return ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) && s[1] == ':' &&
	       (!s[2] || s[2] == '\\' || s[2] == '/');
}

static bool is_share(const char *s)
{
	return s[0] == '\\' && s[1] == '\\';
}

const char *store_host_path(struct arena *a, const struct store_home *home, const char *s, const char **warning)
{
	if (is_share(s)) {
		*warning = arena_printf(a, "%s is a share of a Windows network: mount it and name the mount", s);
		return NULL;
	}
	if (is_drive(s)) {
		*warning = arena_printf(a, "%s is on a drive of Windows; this machine has no drives", s);
		return NULL;
	}
	if (*s == '~' && (!s[1] || s[1] == '/')) {
		if (!home->home)
			*warning = "~ has no meaning: HOME is not set";
		return home->home ? arena_printf(a, "%s%s", home->home, s + 1) : NULL;
	}
	if (strchr(s, '\\')) {
		char *slashes = arena_strdup(a, s);
		for (char *c = slashes; *c; c++)
			if (*c == '\\')
				*c = '/';
		*warning = arena_printf(a, "%s was read as %s", s, slashes);
		s = slashes;
	}
	const char *colon = strchr(s, ':');
	if (colon && (colon[1] == '/' || colon[1] == '~'))
		*warning = arena_printf(a, "%s is one folder here: elements are separated by ';', not by ':'", s);
	return s;
}

static const char *host_path(struct parse *p, const char *s)
{
	const char *text = NULL, *path = store_host_path(p->a, p->home, s, &text);
	if (text)
		warn(p, text);
	return path;
}

static void add_place(struct parse *p, enum store_kind kind, const char *path)
{
	if (path)
		p->e->places[p->e->n_places++] = (struct store_place){ kind, path };
}

static void add_default(struct parse *p, const char *dir)
{
	if (!dir)
		warn(p, "there is no default downstream store: neither HOME nor DBGHELP_HOMEDIR is set");
	add_place(p, STORE_TREE, dir);
}

static void add_url(struct parse *p, const char *url)
{
	size_t n = strlen(url);
	while (n && url[n - 1] == '/')
		n--;
	add_place(p, STORE_HTTP, arena_strndup(p->a, url, n));
}

// Stores between '*', the nearest first. An empty one is the default downstream store.
static void parse_chain(struct parse *p, const char *s)
{
	size_t n = 1;
	for (const char *q = s; *q; q++)
		n += *q == '*';
	p->e->places = NEW_N(p->a, struct store_place, MIN(n, (size_t)LIMIT_STORE_CHAIN));
	bool http = false;
	for (size_t i = 0; i < n; i++) {
		size_t len = strcspn(s, "*");
		const char *token = arena_strndup(p->a, s, len);
		s += len + (s[len] == '*');
		if (i >= LIMIT_STORE_CHAIN) {
			warn(p, "the chain is too long; its end is left out");
			return;
		}
		if (http)
			warn(p, "an HTTP store cannot keep copies: it belongs at the end of its chain");
		if (is_url(token)) {
			add_url(p, token);
			http = true;
		} else if (*token) {
			add_place(p, STORE_TREE, host_path(p, token));
		} else {
			add_default(p, p->home->downstream);
		}
	}
}

static void parse_cache(struct parse *p, const char *s)
{
	size_t len = strcspn(s, "*");
	const char *dir = arena_strndup(p->a, s, len);
	p->e->is_cache = true;
	p->e->places = NEW(p->a, struct store_place);
	if (s[len])
		warn(p, "cache* takes one folder; the rest is left out");
	if (*dir)
		add_place(p, STORE_TREE, is_url(dir) ? NULL : host_path(p, dir));
	else
		add_default(p, p->home->downstream);
	if (is_url(dir))
		warn(p, "a cache has to be a folder");
}

// symsrv*DLL*...: the DLL of Microsoft's symbol server is what this file does; others cannot run here.
static void parse_symsrv(struct parse *p, const char *s)
{
	size_t len = strcspn(s, "*");
	const char *dll = arena_strndup(p->a, s, len);
	if (!str_ieq(dll, "symsrv.dll") && !str_ieq(dll, "symsrv"))
		warn(p, arena_printf(p->a, "not supported: the symbol server %s", *dll ? dll : "without a name"));
	else
		parse_chain(p, s + len + (s[len] == '*'));
}

// A folder. Chains of shares may do without srv*.
static void parse_plain(struct parse *p, const char *s)
{
	if (strchr(s, '*')) {
		parse_chain(p, s);
		return;
	}
	if (is_url(s)) {
		warn(p, arena_printf(p->a, "%s needs srv* before it; it is left out", s));
		return;
	}
	p->e->places = NEW(p->a, struct store_place);
	add_place(p, STORE_FOLDER, host_path(p, s));
}

// The one element that stands for two: the cache, and Microsoft's store.
static bool is_microsoft(const char *s)
{
	return str_ieq(s, "srv*") || str_ieq(s, "symsrv*symsrv.dll*");
}

static void parse_microsoft(struct arena *a, const struct store_home *home, const char *text, struct store_element e[2])
{
	struct parse cache = { a, home, &e[0] }, srv = { a, home, &e[1] };
	e[0] = e[1] = (struct store_element){ .text = text };
	e[0].is_cache = true;
	e[0].places = NEW(a, struct store_place);
	if (home->symfix)
		add_place(&cache, STORE_TREE, host_path(&cache, home->symfix));
	else
		add_default(&cache, home->downstream);
	e[1].places = NEW(a, struct store_place);
	add_url(&srv, microsoft);
}

static void parse_element(struct arena *a, const struct store_home *home, const char *s, struct store_element *e)
{
	struct parse p = { a, home, e };
	*e = (struct store_element){ .text = s };
	if (str_ieqn(s, "srv*", strlen("srv*")))
		parse_chain(&p, s + strlen("srv*"));
	else if (str_ieqn(s, "symsrv*", strlen("symsrv*")))
		parse_symsrv(&p, s + strlen("symsrv*"));
	else if (str_ieqn(s, "cache*", strlen("cache*")))
		parse_cache(&p, s + strlen("cache*"));
	else
		parse_plain(&p, s);
}

// Blanks around an element and quotes around it are none of its name.
static const char *trimmed(struct arena *a, const char *s, size_t n)
{
	while (n && (*s == ' ' || *s == '\t'))
		s++, n--;
	while (n && (s[n - 1] == ' ' || s[n - 1] == '\t' || s[n - 1] == '\r' || s[n - 1] == '\n'))
		n--;
	if (n >= 2 && s[0] == '"' && s[n - 1] == '"')
		s++, n -= 2;
	return arena_strndup(a, s, n);
}

void store_path_parse(struct arena *a, const struct store_home *home, const char *text, struct store_path *ret)
{
	size_t n = 1;
	for (const char *p = text; *p; p++)
		n += *p == ';';
	n = MIN(n, (size_t)LIMIT_STORE_ELEMENTS);
	struct sb expanded = sb_new(a);
	*ret = (struct store_path){ .text = arena_strdup(a, text), .elements = NEW_N(a, struct store_element, 2 * n) };
	for (const char *p = text; *p && n; n--) {
		size_t len = strcspn(p, ";");
		const char *s = trimmed(a, p, len);
		p += len + (p[len] == ';');
		if (!*s)
			continue;
		if (expanded.n)
			sb_ch(&expanded, ';');
		if (is_microsoft(s)) {
			parse_microsoft(a, home, s, &ret->elements[ret->n]);
			sb_printf(&expanded, "cache*%s;SRV*%s", home->symfix ? home->symfix : "", microsoft);
			ret->n += 2;
		} else {
			parse_element(a, home, s, &ret->elements[ret->n++]);
			sb_add(&expanded, s);
		}
	}
	ret->expanded = sb_str(&expanded);
}

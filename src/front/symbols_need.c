// SPDX-License-Identifier: Apache-2.0
// symbols_need.c: the arguments of the verbs, and what dumps and lists name.
#include "front/symbols_need.h"

#include "base/limits.h"

#include <stdio.h>
#include <string.h>

// ---- arguments
static int missing(const struct symbols_verb *v, const char *option)
{
	return symbols_usage(v, "this option wants a value", option);
}

int need_args(struct arena *a, const struct symbols_verb *v, unsigned known, int argc, char **argv,
	      struct need_args *ret)
{
	*ret = (struct need_args){ .pdbs = true, .images = true, .dumps = NEW_N(a, const char *, (size_t)argc + 1) };
	for (int i = 0; i < argc; i++) {
		const char *s = argv[i], *next = i + 1 < argc ? argv[i + 1] : NULL;
		const char **to = (known & ARG_PATH) && str_eq(s, "-y")       ? &ret->path
				  : (known & ARG_LIST) && str_eq(s, "--list") ? &ret->list
				  : (known & ARG_OUT) && str_eq(s, "-o")      ? &ret->out
									      : NULL;
		if (to || ((known & ARG_ONLY) && str_eq(s, "--only"))) {
			if (!next)
				return missing(v, s);
			i++;
			if (to) {
				*to = next;
				continue;
			}
			ret->pdbs = str_eq(next, "pdb");
			ret->images = str_eq(next, "image");
			if (!ret->pdbs && !ret->images)
				return symbols_usage(v, "--only wants pdb or image", next);
		} else if (str_eq(s, "--json")) {
			ret->json = true;
		} else if ((known & ARG_RETRY) && str_eq(s, "--retry")) {
			ret->retry = true;
		} else if ((known & ARG_ALL) && str_eq(s, "--all")) {
			ret->all = true;
		} else if (s[0] == '-' && s[1]) {
			return symbols_usage(v, "unknown option", s);
		} else {
			ret->dumps[ret->n_dumps++] = s;
		}
	}
	if (!ret->path)
		ret->path = store_env_symbol_path(a);
	if (!ret->n_dumps && !ret->list)
		return symbols_usage(v, "nothing to work on", NULL);
	return -1;
}

// ---- one file once
static size_t slot_of(const struct needs *ns, const char *name, const char *key)
{
	uint64_t h = 0xcbf29ce484222325;
	for (size_t k = 0; k < 2; k++)
		for (const char *p = k ? key : name; *p; p++)
			h = (h ^ (uint8_t)(*p >= 'A' && *p <= 'Z' ? *p | 0x20 : *p)) * 0x100000001b3;
	size_t i = (size_t)(h ^ h >> 32) & (ns->table_cap - 1);
	while (ns->table[i] && !(str_ieq(ns->table[i]->name, name) && str_ieq(ns->table[i]->key, key)))
		i = (i + 1) & (ns->table_cap - 1);
	return i;
}

static void grow(struct needs *ns)
{
	enum { FIRST = 256 };
	struct needs old = *ns;
	ns->cap = old.cap ? 2 * old.cap : FIRST;
	ns->list = NEW_N(ns->a, struct need *, ns->cap);
	if (old.n)
		memcpy(ns->list, old.list, old.n * sizeof(*ns->list));
	ns->table_cap = 2 * ns->cap;
	ns->table = NEW_N(ns->a, struct need *, ns->table_cap);
	for (size_t i = 0; i < ns->n; i++)
		ns->table[slot_of(ns, ns->list[i]->name, ns->list[i]->key)] = ns->list[i];
}

struct need *need_add(struct needs *ns, enum need_kind kind, const char *name, const char *key, const char *dump)
{
	if (ns->n == ns->cap)
		grow(ns);
	size_t i = slot_of(ns, name, key);
	if (ns->table[i])
		return ns->table[i];
	struct need *n = ns->table[i] = NEW(ns->a, struct need);
	*n = (struct need){
		.kind = kind, .name = arena_strdup(ns->a, name), .key = arena_strdup(ns->a, key), .dump = dump
	};
	ns->list[ns->n++] = n;
	return n;
}

bool need_add_pdb(struct needs *ns, const struct codeview *cv, const char *dump)
{
	char key[STORE_KEY];
	const char *name = cv->path ? path_base(cv->path) : "";
	if ((cv->kind != CV_RSDS && cv->kind != CV_NB10) || !*name)
		return false;
	if (cv->kind == CV_RSDS)
		store_key_guid(key, cv->guid, cv->age);
	else
		store_key_stamp(key, cv->timestamp, cv->age);
	need_add(ns, NEED_PDB, name, key, dump);
	return true;
}

// ---- dumps
static void add_module(struct needs *ns, struct target *t, struct module *m, const struct need_args *args,
		       const char *dump)
{
	char key[STORE_KEY];
	struct need *image = NULL;
	if (args->images && m->size && *m->image_name) {
		store_key_image(key, m->timestamp, m->size);
		image = need_add(ns, NEED_IMAGE, m->image_name, key, dump);
	}
	if (!args->pdbs)
		return;
	struct codeview cv = target_module_codeview(t, m);
	if (need_add_pdb(ns, &cv, dump))
		return;
	ns->n_nameless++;
	if (image)
		image->names_pdb = true;
}

static int add_dump(struct needs *ns, const struct need_args *args, const char *path)
{
	struct session *s;
	const struct options o = { .dump = path, .symbol_path = "", .no_env_paths = true, .no_servers = true };
	int code = front_open_exit_code(front_open(ns->a, &o, &s));
	if (code)
		return code;
	for (size_t i = 0; i < s->target->n_modules; i++)
		add_module(ns, s->target, s->target->modules[i], args, path);
	session_close(s);
	return -1;
}

// ---- lists: "NAME KEY", "NAME,KEY" (symchk's manifests), "NAME/KEY/NAME"; what follows is passed over.
bool need_kind_of(const char *name, enum need_kind *ret)
{
	static const char *const images[] = { ".dll", ".exe", ".sys", ".ocx", ".cpl",
					      ".drv", ".efi", ".scr", ".ax",  ".mui" };
	*ret = NEED_PDB;
	if (str_iends(name, ".pdb"))
		return true;
	*ret = NEED_IMAGE;
	for (size_t i = 0; i < ARRAY_LEN(images); i++)
		if (str_iends(name, images[i]))
			return true;
	return false;
}

static bool add_line(struct needs *ns, const struct need_args *args, char *line)
{
	static const char between[] = " \t,/";
	line += strspn(line, between);
	if (!*line || *line == '#')
		return true;
	size_t n = strcspn(line, between);
	char *key = line + n + strspn(line + n, between);
	line[n] = 0;
	key[strcspn(key, between)] = 0;
	enum need_kind kind;
	size_t digits = strspn(key, "0123456789abcdefABCDEF");
	if (!digits || key[digits] || digits >= STORE_KEY || !need_kind_of(line, &kind))
		return false;
	if (kind == NEED_PDB ? args->pdbs : args->images)
		need_add(ns, kind, line, key, NULL);
	return true;
}

static int add_list(struct needs *ns, const struct symbols_verb *v, const struct need_args *args)
{
	struct file_map m;
	err_t e = file_map_open(args->list, &m);
	if (e.code) {
		fprintf(stderr, "dumpscope symbols %s: %s: %s\n", v->name, args->list, e.what);
		return EXIT_USAGE;
	}
	char *text = bytes_to_utf8(ns->a, m.bytes);
	file_map_close(&m);
	unsigned number = 1;
	for (char *p = text; *p; number++) {
		size_t n = strcspn(p, "\n");
		char *line = arena_strndup(ns->a, p, n && p[n - 1] == '\r' ? n - 1 : n);
		if (!add_line(ns, args, line)) {
			fprintf(stderr, "dumpscope symbols %s: %s: line %u: not NAME KEY\n", v->name, args->list,
				number);
			return EXIT_USAGE;
		}
		p += n + (p[n] != 0);
	}
	return -1;
}

int needs_collect(struct arena *a, const struct symbols_verb *v, const struct need_args *args, struct needs *ret)
{
	*ret = (struct needs){ .a = a };
	grow(ret);
	int code = args->list ? add_list(ret, v, args) : -1;
	for (size_t i = 0; code < 0 && i < args->n_dumps; i++)
		code = add_dump(ret, args, args->dumps[i]);
	return code;
}

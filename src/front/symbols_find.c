// SPDX-License-Identifier: Apache-2.0
// symbols_find.c: looks for needed files along the symbol path, on servers all at once; and shows what came of it.
#include "front/servers.h"
#include "front/symbols_need.h"

#include "base/limits.h"
#include "pdb/pdb.h"
#include "pe/pe.h"

#include <stdio.h>
#include <string.h>

// ---- is it the file?
struct check {
	struct arena *work;
	enum need_kind kind;
	struct span file;
	char key[STORE_KEY];
};

static err_t read_key(void *ctx)
{
	struct check *c = ctx;
	if (c->kind == NEED_PDB) {
		struct pdb *p;
		TRY(pdb_open(c->work, c->file, &p));
		store_key_guid(c->key, pdb_id(p)->guid, pdb_id(p)->age);
		return ok();
	}
	struct pe *pe;
	TRY(pe_open_file(c->work, c->file, &pe));
	store_key_image(c->key, pe->timestamp, pe->size_of_image);
	return ok();
}

err_t need_check(struct arena *a, enum need_kind kind, const char *key, struct span file, const char **key_ret)
{
	struct check c = { .work = arena_new(LIMIT_COMMAND_MEMORY), .kind = kind, .file = file };
	err_t e = arena_guard(c.work, NULL, read_key, &c);
	if (e.code && e.what)
		e.what = arena_strdup(a, e.what);
	arena_free(c.work);
	if (key_ret)
		*key_ret = e.code ? NULL : arena_strdup(a, c.key);
	if (!e.code && !str_ieq(c.key, key))
		e = fail(E_NOTFOUND, arena_printf(a, "its own key is %s", c.key), 0);
	return e;
}

// ---- looking
struct look {
	struct arena *a;
	struct need *n;
	struct file_map map; // of the file that was taken, until the look-up is over
	err_t refused;
};

static err_t accept(void *ctx, const struct store_file *f)
{
	struct look *l = ctx;
	err_t e = need_check(l->a, l->n->kind, l->n->key, f->map.bytes, NULL);
	if (!e.code)
		l->map = f->map;
	else if (!l->refused.code || l->refused.code == E_NOTFOUND)
		l->refused = fail(e.code, arena_printf(l->a, "%s: %s", path_base(f->path), e.what ? e.what : ""), e.at);
	return e;
}

static const char *extension(const char *name)
{
	const char *dot = strrchr(name, '.');
	return dot && dot[1] ? dot + 1 : NULL;
}

// Small kernel dumps do not hold what names a driver's PDB; its file does.
struct image {
	struct needs *ns;
	struct need *n;
	struct arena *work;
	struct span file;
};

static err_t read_image(void *ctx)
{
	struct image *im = ctx;
	struct pe *pe;
	struct span record;
	TRY(pe_open_file(im->work, im->file, &pe));
	TRY(pe_codeview(im->work, pe, &record));
	struct codeview cv = codeview_decode(im->ns->a, record);
	if (need_add_pdb(im->ns, &cv, im->n->dump) && im->ns->n_nameless)
		im->ns->n_nameless--;
	return ok();
}

static void add_pdb_of(struct needs *ns, struct need *n, struct span file)
{
	struct image im = { ns, n, arena_new(LIMIT_COMMAND_MEMORY), file };
	err_t e = arena_guard(im.work, NULL, read_image, &im);
	(void)e; // it stays a module without a known PDB
	arena_free(im.work);
}

static void look_up(struct needs *ns, struct need *n, const struct need_places *where)
{
	struct look l = { .a = ns->a, .n = n };
	const char *ext = extension(n->name);
	struct store_query q = { .name = n->name, .key = n->key, .subdir = ext && store_name_ok(ext) ? ext : NULL };
	struct store_hit hit;
	if (where->web)
		where->web->error = ok();
	err_t e = store_find(where->store, &where->path, &q, accept, &l, &hit);
	n->state = NEED_MISSING;
	n->reason = NULL;
	if (!e.code) {
		n->state = NEED_HAVE;
		n->path = hit.path;
		n->size = l.map.bytes.n;
		if (n->names_pdb)
			add_pdb_of(ns, n, l.map.bytes);
		file_map_close(&l.map);
		return;
	}
	err_t why = l.refused.code ? l.refused : e.code != E_NOTFOUND ? e : where->web ? where->web->error : ok();
	if (why.code && why.code != E_ABSENT)
		n->state = l.refused.code == E_NOTFOUND ? NEED_MISMATCH : NEED_FAILED;
	n->reason = why.what;
}

err_t needs_find(struct needs *ns, const struct need_places *where)
{
	struct web *w = where->web;
	if (w)
		w->collect = true;
	for (bool again = true; again;) {
		store_forget(where->store);
		for (size_t i = 0; i < ns->n; i++)
			if (ns->list[i]->state != NEED_HAVE)
				look_up(ns, ns->list[i], where);
		again = w && w->n_waiting;
		if (again)
			TRY(web_run(w));
	}
	return ok();
}

// ---- where
int need_places(struct arena *a, const struct symbols_verb *v, const struct need_args *args, bool servers,
		struct need_places *ret)
{
	*ret = (struct need_places){ .store = store_new(a) };
	store_path_parse(a, &ret->store->home, args->path, &ret->path);
	bool http = false;
	for (size_t i = 0; i < ret->path.n; i++) {
		const struct store_element *e = &ret->path.elements[i];
		if (e->warning)
			fprintf(stderr, "dumpscope: note: %s\n", e->warning);
		for (size_t k = 0; k < e->n_places; k++)
			http = http || e->places[k].kind == STORE_HTTP;
	}
	if (!http || !servers)
		return -1;
	ret->web = front_ask_servers(a, ret->store, front_on_interrupt());
	if (!ret->web) {
		fprintf(stderr, "dumpscope symbols %s: DUMPSCOPE_NETSYMS=no: servers are not asked\n", v->name);
		return EXIT_USAGE;
	}
	ret->web->retry = args->retry;
	return -1;
}

const char *need_url(struct arena *a, const struct store_path *p, const struct need *n)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct store_element *e = &p->elements[i];
		for (size_t k = 0; k < e->n_places; k++) {
			const char *url, *relative = arena_printf(a, "%s/%s/%s", n->name, n->key, n->name);
			if (e->places[k].kind == STORE_HTTP && !fetch_url(a, e->places[k].path, relative, &url).code)
				return fetch_url_shown(a, url);
		}
	}
	return NULL;
}

// ---- rows
static const struct field symbol_file_fields[] = {
	{ "state", R_STR, "have; missing; mismatch: only files of other builds; failed: damaged, or not to be had" },
	{ "kind", R_STR, "pdb or image" },
	{ "name", R_STR, "file name" },
	{ "key", R_STR, "the folder in a symbol store: GUID and age, or time stamp and size of the image" },
	{ "path", R_STR, "where it is; null when it is not there" },
	{ "url", R_STR, "where the first server of the symbol path would have it; null without a server" },
	{ "reason", R_STR, "why it is not there, when more is known than that" },
	{ "dump", R_STR, "the first dump that needs it; null when it was in a list" },
	{ "size", R_DEC, "bytes, unpacked; null when it is not there" },
};
const struct schema need_row = {
	.name = "symbol_file",
	.doc = "A file that a dump needs, by its key",
	.layout = { NULL, "{state:9} {name:32} {key}{?path   {path}}{?reason   {reason}}" },
	.fields = symbol_file_fields,
	.n_fields = ARRAY_LEN(symbol_file_fields),
};
static const struct field symbol_sum_fields[] = {
	{ "files", R_DEC, "files that are needed" },
	{ "have", R_DEC, "of them at hand" },
	{ "missing", R_DEC, "nowhere" },
	{ "mismatch", R_DEC, "of another build" },
	{ "failed", R_DEC, "damaged, or not to be had" },
	{ "nameless_modules", R_DEC, "modules of the dumps that name no PDB" },
	{ "downloaded", R_DEC, "bytes that came from servers" },
};
const struct schema need_sum = {
	.name = "symbol_files",
	.doc = "What all files come to",
	.layout = { NULL, "{files} files: {have} have, {missing} missing, {mismatch} mismatch, {failed} failed; "
			  "{nameless_modules} modules name no PDB" },
	.fields = symbol_sum_fields,
	.n_fields = ARRAY_LEN(symbol_sum_fields),
};
static const char *const states[] = { "missing", "have", "mismatch", "failed" };

void need_emit(struct arena *a, struct doc *d, const struct store_path *p, const struct need *n)
{
	const struct val v[] = {
		VS(states[n->state]),
		VS(n->kind == NEED_PDB ? "pdb" : "image"),
		VS(n->name),
		VS(n->key),
		VS(n->path),
		VS(need_url(a, p, n)),
		VS(n->reason),
		VS(n->dump),
		V_IF(n->state == NEED_HAVE, n->size),
	};
	_Static_assert(ARRAY_LEN(v) == ARRAY_LEN(symbol_file_fields), "symbol_file: wrong arity");
	doc_row(d, &need_row, NULL, v, false);
}

bool needs_emit_sum(struct doc *d, const struct needs *ns, uint64_t came)
{
	size_t count[ARRAY_LEN(states)] = { 0 };
	for (size_t i = 0; i < ns->n; i++)
		count[ns->list[i]->state]++;
	const struct val v[] = {
		V(ns->n),
		V(count[NEED_HAVE]),
		V(count[NEED_MISSING]),
		V(count[NEED_MISMATCH]),
		V(count[NEED_FAILED]),
		V(ns->n_nameless),
		V(came),
	};
	_Static_assert(ARRAY_LEN(v) == ARRAY_LEN(symbol_sum_fields), "symbol_files: wrong arity");
	doc_row(d, &need_sum, NULL, v, false);
	return count[NEED_HAVE] == ns->n;
}

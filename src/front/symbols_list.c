// SPDX-License-Identifier: Apache-2.0
// symbols_list.c: dumpscope symbols list, fetch and pack: what dumps need, what of it is here, bringing it, and taking
// it along. list asks no server.
#include "front/symbols_need.h"

#include "base/unpack.h"

#include <stdio.h>

// What was found, at DIR/NAME/KEY/NAME.
static void put_file(struct needs *ns, const char *dir, struct need *n)
{
	const char *const folders[] = { n->name, n->key };
	struct file_map m;
	struct os_new_file f = { .dir = -1, .fd = -1 };
	const char *inner;
	err_t e = unpack_any(ns->a, n->path, &m, &inner);
	if (e.code) {
		n->state = NEED_FAILED;
		n->reason = e.what;
		return;
	}
	e = os_new_file_open(dir, folders, ARRAY_LEN(folders), &f);
	if (!e.code)
		e = os_write_all(f.fd, m.bytes);
	if (!e.code)
		e = os_new_file_name(&f, n->name, true);
	os_new_file_close(&f);
	file_map_close(&m);
	if (!e.code) {
		n->path = path_join(ns->a, dir, arena_printf(ns->a, "%s/%s/%s", n->name, n->key, n->name));
		return;
	}
	n->state = NEED_FAILED;
	n->reason = arena_printf(ns->a, "cannot be written: %s", e.what);
}

static int run_places(struct arena *a, const struct symbols_verb *v, const struct need_args *args, bool servers)
{
	struct needs ns;
	struct need_places where;
	int code = needs_collect(a, v, args, &ns);
	if (code < 0)
		code = need_places(a, v, args, servers, &where);
	if (code >= 0)
		return code;
	err_t e = needs_find(&ns, &where);
	for (size_t i = 0; args->out && i < ns.n && !e.code; i++)
		if (ns.list[i]->state == NEED_HAVE)
			put_file(&ns, args->out, ns.list[i]);
	struct output *o = NEW(a, struct output);
	output_init(o);
	struct doc *d = args->json ? doc_json_new(a, o->sink, 8) : doc_text_new(a, o->sink, 8, false);
	doc_begin(d, arena_printf(a, "symbols %s", v->name));
	for (size_t i = 0; i < ns.n; i++)
		need_emit(a, d, &where.path, ns.list[i]);
	bool all = needs_emit_sum(d, &ns, where.web ? where.web->came : 0);
	if (e.code)
		doc_error(d, e);
	doc_end(d);
	if (where.web)
		web_close(where.web);
	return output_end(o, e.code == E_CANCELLED ? EXIT_LIMIT : all || !servers ? EXIT_ANALYSED : EXIT_PARTIAL);
}

static int run_list(struct arena *a, int argc, char **argv, bool json)
{
	struct need_args args;
	int code = need_args(a, &symbols_list, ARG_PATH | ARG_LIST | ARG_ONLY, argc, argv, &args);
	args.json = args.json || json;
	return code >= 0 ? code : run_places(a, &symbols_list, &args, false);
}

static int run_fetch(struct arena *a, int argc, char **argv, bool json)
{
	struct need_args args;
	unsigned known = ARG_PATH | ARG_LIST | ARG_ONLY | ARG_RETRY;
	int code = need_args(a, &symbols_fetch, known, argc, argv, &args);
	args.json = args.json || json;
	if (code >= 0)
		return code;
	if (!*args.path)
		return symbols_usage(&symbols_fetch, "no symbol path; for instance -y srv*FOLDER*https://SERVER/PATH",
				     NULL);
	return run_places(a, &symbols_fetch, &args, true);
}

static int run_pack(struct arena *a, int argc, char **argv, bool json)
{
	struct need_args args;
	unsigned known = ARG_PATH | ARG_LIST | ARG_ONLY | ARG_RETRY | ARG_OUT;
	int code = need_args(a, &symbols_pack, known, argc, argv, &args);
	args.json = args.json || json;
	if (code >= 0)
		return code;
	if (!args.out)
		return symbols_usage(&symbols_pack, "where to? -o DIR is missing", NULL);
	if (file_exists(args.out))
		return symbols_usage(&symbols_pack, "not supported: into a file; a folder is wanted", args.out);
	if (!*args.path)
		return symbols_usage(&symbols_pack, "no symbol path to take the files from; -y PATH", NULL);
	return run_places(a, &symbols_pack, &args, true);
}

const struct symbols_verb symbols_pack = {
	.name = "pack",
	.args = "-o DIR [-y PATH] [--only pdb|image] [--retry] [--json] DUMP...|--list FILE",
	.summary = "Makes DIR a symbol store of just what dumps need, to take to where there is no network",
	.run = run_pack,
};
const struct symbols_verb symbols_list = {
	.name = "list",
	.args = "[-y PATH] [--only pdb|image] [--json] DUMP...|--list FILE",
	.summary = "Which PDBs and images dumps need, and which of them are here. Asks no server",
	.run = run_list,
};
const struct symbols_verb symbols_fetch = {
	.name = "fetch",
	.args = "[-y PATH] [--only pdb|image] [--retry] [--json] DUMP...|--list FILE",
	.summary = "Brings what dumps need from the servers of the symbol path into its stores",
	.run = run_fetch,
};

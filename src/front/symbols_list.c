// SPDX-License-Identifier: Apache-2.0
// symbols_list.c: dumpscope symbols list: what dumps need, and what of it is here. Asks no server.
#include "front/symbols_need.h"

#include <stdio.h>

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
	need_progress_end();
	struct output *o = NEW(a, struct output);
	output_init(o, -1);
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

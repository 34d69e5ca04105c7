// SPDX-License-Identifier: Apache-2.0
// symbols_verify.c: dumpscope symbols verify: is every file of a store what its place says it is?
#include "front/symbols_need.h"

#include "base/limits.h"
#include "base/unpack.h"

#include <stdio.h>
#include <string.h>

static const struct field stored_file_fields[] = {
	{ "state", R_STR,
	  "ok; wrong: another file than its place says; damaged: cannot be read; other: not looked at" },
	{ "file", R_STR, "its path" },
	{ "reason", R_STR, "why it is not ok; null when it is" },
};
const struct schema stored_file_row = {
	.name = "stored_file",
	.doc = "A file of a symbol store",
	.layout = { NULL, "{state:8} {file}{?reason   {reason}}" },
	.fields = stored_file_fields,
	.n_fields = ARRAY_LEN(stored_file_fields),
};
static const struct field stored_sum_fields[] = {
	{ "files", R_DEC, "files that were looked at" },
	{ "ok", R_DEC, "of them what their places say" },
	{ "wrong", R_DEC, "other files than that" },
	{ "damaged", R_DEC, "that cannot be read" },
	{ "other", R_DEC, "files that are no PDB or image by their names" },
};
const struct schema stored_sum = {
	.name = "stored_files",
	.doc = "What all files of the store come to",
	.layout = { NULL,
		    "{files} files: {ok} ok, {wrong} wrong, {damaged} damaged; {other} others were not looked at" },
	.fields = stored_sum_fields,
	.n_fields = ARRAY_LEN(stored_sum_fields),
};

struct walk {
	struct arena *a;
	struct doc *d;
	bool all;
	uint64_t ok, wrong, damaged, other;
};

static void emit(struct walk *w, const char *state, const char *path, const char *reason)
{
	const struct val v[] = { VS(state), VS(path), VS(reason) };
	_Static_assert(ARRAY_LEN(v) == ARRAY_LEN(stored_file_fields), "stored_file: wrong arity");
	doc_row(w->d, &stored_file_row, NULL, v, false);
}

// "ntdll.pd_" in the folder ntdll.pdb is ntdll.pdb, compressed.
static bool is_compressed(const char *file, const char *name)
{
	size_t n = strlen(name);
	return n && strlen(file) == n && str_ieqn(file, name, n - 1) && file[n - 1] == '_';
}

static void look_at(struct walk *w, const char *path, const char *name, const char *key)
{
	const char *file = path_base(path), *inner;
	enum need_kind kind;
	if ((!str_ieq(file, name) && !is_compressed(file, name)) || !need_kind_of(name, &kind)) {
		w->other++;
		if (w->all)
			emit(w, "other", path, NULL);
		return;
	}
	struct file_map m;
	err_t e = is_compressed(file, name) ? unpack_any(w->a, path, &m, &inner) : file_map_open(path, &m);
	if (!e.code) {
		e = need_check(w->a, kind, key, m.bytes, NULL);
		file_map_close(&m);
	}
	uint64_t *count = !e.code ? &w->ok : e.code == E_NOTFOUND ? &w->wrong : &w->damaged;
	++*count;
	if (e.code || w->all)
		emit(w, !e.code ? "ok" : e.code == E_NOTFOUND ? "wrong" : "damaged", path, e.code ? e.what : NULL);
}

// parts: the folders so far, below the root or the first tier.
static err_t enter(struct walk *w, const char *dir, const char *const *parts, unsigned depth)
{
	const char **names;
	size_t n;
	TRY(os_list(w->a, dir, LIMIT_STORE_NAMES, &names, &n));
	for (size_t i = 0; i < n; i++) {
		const char *path = path_join(w->a, dir, names[i]);
		if (file_exists(path)) {
			if (depth == 2)
				look_at(w, path, parts[0], parts[1]);
			continue;
		}
		if (depth >= 2)
			continue;
		const char *next[2] = { depth ? parts[0] : names[i], depth ? names[i] : NULL };
		err_t e = enter(w, path, next, depth + 1);
		if (e.code && e.code != E_NOTFOUND)
			emit(w, "damaged", path, e.what);
	}
	return ok();
}

static err_t enter_store(struct walk *w, const char *root)
{
	const char **names;
	size_t n;
	if (!path_find_nocase(w->a, root, "index2.txt"))
		return enter(w, root, NULL, 0);
	TRY(os_list(w->a, root, LIMIT_STORE_NAMES, &names, &n));
	for (size_t i = 0; i < n; i++) {
		const char *tier = path_join(w->a, root, names[i]);
		if (strlen(names[i]) == 2 && !file_exists(tier))
			TRY(enter(w, tier, NULL, 0));
	}
	return ok();
}

static int run(struct arena *a, int argc, char **argv, bool json)
{
	struct need_args args;
	int code = need_args(a, &symbols_verify, ARG_ALL, argc, argv, &args);
	if (code >= 0)
		return code;
	struct output *o = NEW(a, struct output);
	output_init(o);
	json = json || args.json;
	struct walk w = { .a = a, .all = args.all };
	w.d = json ? doc_json_new(a, o->sink, 8) : doc_text_new(a, o->sink, 8, false);
	doc_begin(w.d, "symbols verify");
	for (size_t i = 0; i < args.n_dumps; i++) {
		err_t e = enter_store(&w, args.dumps[i]);
		if (e.code)
			doc_error(w.d, fail(e.code, arena_printf(a, "%s: %s", args.dumps[i], e.what), e.at));
	}
	const struct val v[] = { V(w.ok + w.wrong + w.damaged), V(w.ok), V(w.wrong), V(w.damaged), V(w.other) };
	_Static_assert(ARRAY_LEN(v) == ARRAY_LEN(stored_sum_fields), "stored_files: wrong arity");
	doc_row(w.d, &stored_sum, NULL, v, false);
	unsigned errors = w.d->n_errors;
	doc_end(w.d);
	return output_end(o, errors ? EXIT_NO_DUMP : w.wrong + w.damaged ? EXIT_PARTIAL : EXIT_ANALYSED);
}

const struct symbols_verb symbols_verify = {
	.name = "verify",
	.args = "[--all] [--json] STORE...",
	.summary = "Whether every PDB and image of a symbol store is what its place says; compressed ones, too",
	.run = run,
};

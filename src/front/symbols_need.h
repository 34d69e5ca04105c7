// SPDX-License-Identifier: Apache-2.0
// symbols_need.h: which files a dump needs, and whether they are there; what the verbs list, fetch, verify and pack
// share.
#pragma once
#include "front/symbols.h"
#include "store/web.h"

enum need_kind { NEED_PDB, NEED_IMAGE };
enum need_state {
	NEED_MISSING,  // nowhere on the path
	NEED_HAVE,     // path
	NEED_MISMATCH, // files of that name are there, of other builds
	NEED_FAILED,   // reason: damaged, a server without an answer
};
struct need { // a file by its key; one, however many modules or dumps need it
	enum need_kind kind;
	const char *name, *key;
	const char *dump; // the first that needs it; NULL: it was in a list
	enum need_state state;
	const char *path, *reason; // reason: also when it is missing and something can be said about it
	uint64_t size;             // bytes, expanded; 0: not there
	bool names_pdb;            // an image whose dump does not say which PDB it has: the file does
};
struct needs {
	struct arena *a;
	struct need **list;
	size_t n, cap;
	struct need **table; // by name and key
	size_t table_cap;
	unsigned n_nameless; // modules that name no PDB
};
struct need_args {
	const char *path; // -y, else of the environment; "": none
	const char *list; // --list FILE
	const char *out;  // -o
	bool json, retry, all;
	bool pdbs, images; // both unless --only
	const char **dumps;
	size_t n_dumps;
};
enum { ARG_PATH = 1, ARG_LIST = 2, ARG_OUT = 4, ARG_RETRY = 8, ARG_ALL = 16, ARG_ONLY = 32 };
// Options of a verb; `known` is a set of the above. An exit code after an error was printed, -1 to go on.
int need_args(struct arena *a, const struct symbols_verb *v, unsigned known, int argc, char **argv,
	      struct need_args *ret);
// What all dumps and the list name. An exit code after an error was printed, -1 to go on.
int needs_collect(struct arena *a, const struct symbols_verb *v, const struct need_args *args, struct needs *ret);

// A store and, when the path has a server that may be asked, a web; says on standard error what of the path cannot be
// used. An exit code after an error was printed, -1 to go on.
struct need_places {
	struct store *store;
	struct store_path path;
	struct web *web; // NULL: no server is asked
};
int need_places(struct arena *a, const struct symbols_verb *v, const struct need_args *args, bool servers,
		struct need_places *ret);
struct need *need_add(struct needs *ns, enum need_kind kind, const char *name, const char *key, const char *dump);
// The PDB that a debug record names; false: it names none.
bool need_add_pdb(struct needs *ns, const struct codeview *cv, const char *dump);
// Looks all of them up along the path. E_CANCELLED.
MUST_USE err_t needs_find(struct needs *ns, const struct need_places *where);
// Has the file this key? E_NOTFOUND: another one, in `key_ret` (may be NULL); else why it cannot be read.
MUST_USE err_t need_check(struct arena *a, enum need_kind kind, const char *key, struct span file,
			  const char **key_ret);
// By the name's ending; false: neither.
bool need_kind_of(const char *name, enum need_kind *ret);
// Where a server of the path would have it; NULL: the path has none.
const char *need_url(struct arena *a, const struct store_path *p, const struct need *n);

// Rows and their sum, which all verbs print.
extern const struct schema need_row, need_sum, stored_file_row, stored_sum, layout_pack_row;
void need_emit(struct arena *a, struct doc *d, const struct store_path *p, const struct need *n);
bool needs_emit_sum(struct doc *d, const struct needs *ns, uint64_t came); // true: all are there

// SPDX-License-Identifier: Apache-2.0
// store.h: where symbol files and images lie: the debugger's path grammar, and look-ups along such a path.
// Sources: Microsoft's pages "Symbol path for Windows debuggers", "Advanced SymSrv Use", "SymStore".
#pragma once
#include "base/os.h"
#include "base/str.h"

// ---- paths: elements between ';', tried from left to right.
enum store_kind {
	STORE_NONE,   // cannot be used on this machine; store_element.warning says why
	STORE_FOLDER, // files lie flat, or in symbols/EXT and EXT
	STORE_TREE,   // NAME/KEY/NAME; in two tiers when index2.txt lies at the root
	STORE_HTTP,   // the same by URL
};
struct store_place {
	enum store_kind kind;
	const char *path; // host folder, or URL without a '/' at the end
};
struct store_element {
	const char *text;           // as written, trimmed
	bool is_cache;              // cache*DIR: what elements to the right find is copied to places[0]
	struct store_place *places; // of a chain the downstream end (nearest, asked first) is first
	size_t n_places;            // 0: the element is ignored
	const char *warning;        // a sentence for the user; NULL
};
struct store_path {
	const char *text;     // as the user gave it; "" when there is none
	const char *expanded; // with `srv*` written out, as `.sympath` shows it
	struct store_element *elements;
	size_t n;
};
struct store_home {             // what empty places in a path mean
	const char *downstream; // the default downstream store; NULL: there is no home folder
	const char *symfix;     // the cache that .symfix chose; NULL: the default one
	const char *home;       // what ~ means; NULL: unknown
};
// Environment: DBGHELP_HOMEDIR/sym, else _NT_SYMCACHE_PATH, else the `sym` folder in the user's cache folder.
struct store_home store_home(struct arena *a);
// Never fails: what cannot be used keeps its place with a warning. Nothing is asked of the network, and folders
// need not exist.
void store_path_parse(struct arena *a, const struct store_home *home, const char *text, struct store_path *ret);
// From the environment, "" when unset: _NT_ALT_SYMBOL_PATH;_NT_SYMBOL_PATH, _NT_EXECUTABLE_IMAGE_PATH, _NT_SOURCE_PATH.
const char *store_env_symbol_path(struct arena *a);
const char *store_env_image_path(struct arena *a);
const char *store_env_source_path(struct arena *a);

// ---- keys, as SymStore writes them.
enum { STORE_KEY = 48 };
void store_key_guid(char buf[STORE_KEY], const uint8_t guid[16], uint32_t age); // GUID upper-case, age hex
void store_key_stamp(char buf[STORE_KEY], uint32_t timestamp, uint32_t age);    // PDB 2.0
void store_key_image(char buf[STORE_KEY], uint32_t timestamp, uint64_t size);   // TimeDateStamp SizeOfImage

// ---- look-ups
// How HTTP places are asked. Tries base_url + '/' + relatives[i] in order and writes the first that the server has to
// fd, from its start; names in `relatives` are plain (not percent-encoded) with '/' between. What comes may be any
// bytes: the caller checks them. E_NOTFOUND: the server has none of them. Other errors: the server could not be asked.
struct store_fetcher {
	err_t (*get)(void *ctx, struct arena *a, const char *base_url, const char *const *relatives, size_t n, int fd,
		     size_t *index_ret);
	// gather(ctx, true): from now on get() only writes down what is asked for and finds nothing; gather(ctx, false)
	// brings all of that at once, for the look-ups to come, and returns how many files it asked for. May be NULL.
	size_t (*gather)(void *ctx, bool begin);
	void *ctx;
};
struct store { // what look-ups of one session share
	struct arena *a;
	struct store_home home;
	struct store_fetcher fetcher;               // get NULL: HTTP places are left out, with a trace line
	void (*trace)(void *ctx, const char *line); // NULL; lines as `!sym noisy` shows them
	void *trace_ctx;
	bool overwrite;              // .reload /o: copies replace those in downstream stores
	bool no_copies;              // write nothing (DUMPSCOPE_NO_STORE_WRITES, tests)
	struct store_misses *misses; // what was not found; store_forget()
	unsigned n_refused;          // names that were no plain file names
};
struct store *store_new(struct arena *a);
void store_forget(struct store *s); // the next look-up asks everything again
void store_trace(struct store *s, const char *fmt, ...) PRINTF_LIKE(2, 3);

struct store_query {
	const char *name; // file name: "ntdll.pdb"
	const char *key;  // its folder in stores; NULL: plain folders only
	// What lies in NAME/KEY/; NULL: name ("ntdll.sym" for Breakpad's). accept may change it: copies are called so.
	const char *file;
	const char *subdir; // "dll": SUBDIR of plain folders; NULL: only the folder itself
	// Further places below folders and stores, '/' between plain names: "windows/ntkrnlmp.pdb/KEY.json.xz".
	const char *const *more;
	size_t n_more;
};
struct store_file {
	const char *path;    // host path, or URL
	struct file_map map; // its content, expanded when it was compressed
	bool by_key;         // it lay in a store under the key
};
// Looks at a file that has the name. OK takes it: the map now belongs to the callee, who keeps it open at least until
// the look-up returns. Any other error leaves it, and the
// search goes on; E_NOTFOUND says that it is another build ("mismatched").
typedef err_t store_accept_fn(void *ctx, const struct store_file *f);
struct store_hit {
	const char *path;   // of the file, or of its copy in the downstream store
	const char *origin; // where it was found: host path or URL
	bool copied;        // path is a new copy
};
// E_NOTFOUND: no file of that name, or none was accepted; then it is the first refusal of `accept` if there was one.
// A name that is no plain file name ('/', '\', "..", control characters) is never looked for: E_USAGE.
MUST_USE err_t store_find(struct store *s, const struct store_path *p, const struct store_query *q,
			  store_accept_fn *accept, void *ctx, struct store_hit *ret);
// One folder by hand (beside the image, beside the dump), in the order of a plain folder and of a store.
MUST_USE err_t store_find_in(struct store *s, const char *folder, const struct store_query *q, store_accept_fn *accept,
			     void *ctx, struct store_hit *ret);
bool store_name_ok(const char *name); // may stand as one component of a path in a store

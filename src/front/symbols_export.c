// SPDX-License-Identifier: Apache-2.0
// symbols_export.c: dumpscope symbols export: PDBs, ISF and Breakpad files become layout packs, so that they can be
// carried to where there is no network; also all that serve the modules of dumps.
#include "front/symbols_need.h"

#include "base/limits.h"
#include "base/unpack.h"
#include "pdb/pdb.h"
#include "sym/pack_find.h"
#include "sym/pack_pdb.h"
#include "sym/sym.h"

#include <string.h>

struct export
{
	struct arena *a;
	struct doc *d;
	const char *path, *out;
	const char *name;      // of the PDB, when a dump says it; NULL: the file's
	struct arena *scratch; // of one file
	struct span bytes, pack;
	struct source *list; // what the dumps' modules are served by
	size_t n, cap;
};
struct source {
	const char *path, *name;
};

static const struct field layout_pack_fields[] = {
	{ "path", R_STR, "the pack that was written" },
	{ "from", R_STR, "the symbol file it was made of" },
	{ "pdb", R_STR, "the PDB's name that its module names; null when the file does not say" },
	{ "key", R_STR, "the folder in a symbol store: GUID and age; null when the file does not say" },
	{ "symbols", R_DEC, "how many" },
	{ "types", R_BOOL, "it holds types" },
	{ "lines", R_DEC, "ranges of code with a source line" },
	{ "bytes", R_DEC, "size of the pack" },
	{ "source", R_STR, "what it was made from, with versions" },
};
const struct schema layout_pack_row = {
	.name = "layout_pack",
	.doc = "A layout pack that was written",
	.layout = { NULL, "{path}: {symbols} symbols, types, {lines} lines, {bytes} bytes; from {source}" },
	.fields = layout_pack_fields,
	.n_fields = ARRAY_LEN(layout_pack_fields),
};
static const struct layout no_types = {
	NULL, "{path}: {symbols} symbols, no types, {lines} lines, {bytes} bytes; from {source}"
};

// By name too, so that other formats called PDB are refused with their own names.
static bool is_pdb(const char *path, struct span s)
{
	static const char magic[] = "Microsoft C/C++ ";
	return (s.n >= sizeof(magic) - 1 && memcmp(s.p, magic, sizeof(magic) - 1) == 0) || str_iends(path, ".pdb");
}

static err_t make(void *ctx)
{
	struct export *x = ctx;
	struct pdb *p;
	if (!is_pdb(x->path, x->bytes)) {
		static const char magic[] = "DSPACK\r\n";
		if (x->bytes.n < sizeof(magic) || memcmp(x->bytes.p, magic, sizeof(magic) - 1) != 0)
			return pack_convert(x->scratch, x->bytes, pack_undecorate, NULL, &x->pack);
		x->pack = x->bytes; // one already: it only gets its place in the store
		return ok();
	}
	TRY(pdb_open(x->scratch, x->bytes, &p));
	return pack_from_pdb(x->scratch, p, x->name ? x->name : path_base(x->path), &x->pack);
}

static err_t save(const char *folder, const char *const *folders, size_t n, const char *name, struct span bytes)
{
	struct os_new_file f;
	TRY(os_new_file_open(folder, folders, n, &f));
	err_t e = os_write_all(f.fd, bytes);
	if (!e.code)
		e = os_new_file_name(&f, name, true);
	os_new_file_close(&f);
	return e;
}

// FILE.dspack is a file; anything else a folder that becomes a store: name.pdb/GUIDAGE/name.dspack.
static err_t place(struct export *x, const struct pack_id *id, const char **where_ret)
{
	struct arena *a = x->a;
	const char *name = *id->pdb_name ? id->pdb_name : path_base(x->path), *dot = strrchr(name, '.');
	const char *stem = arena_strndup(a, name, dot && dot != name ? (size_t)(dot - name) : strlen(name));
	const char *file = arena_printf(a, "%s.dspack", stem);
	if (!store_name_ok(name))
		return fail(E_CORRUPT, "the name in it is not that of a file", 0);
	if (x->out && str_iends(x->out, ".dspack")) {
		const char *base = path_base(x->out);
		const char *dir = base == x->out ? "." : arena_strndup(a, x->out, (size_t)(base - x->out));
		*where_ret = x->out;
		return save(dir, NULL, 0, base, x->pack);
	}
	const char *out = x->out ? x->out : ".";
	if (!id->has_guid) {
		*where_ret = path_join(a, out, file);
		return save(out, NULL, 0, file, x->pack);
	}
	char key[STORE_KEY];
	store_key_guid(key, id->guid, id->age);
	const char *folders[] = { name, key };
	*where_ret = arena_printf(a, "%s/%s/%s/%s", out, name, key, file);
	return save(out, folders, ARRAY_LEN(folders), file, x->pack);
}

static void emit(struct export *x, struct pack *p, const char *where)
{
	const struct pack_id *id = pack_id(p);
	char key[STORE_KEY];
	store_key_guid(key, id->guid, id->age);
	const bool types = pack_types(p) != NULL;
	const struct val v[] = { VS(where),
				 VS(x->path),
				 VS(*id->pdb_name ? id->pdb_name : NULL),
				 VS(id->has_guid ? key : NULL),
				 V(pack_symbols(p)),
				 V(types),
				 V(pack_lines(p)),
				 V(x->pack.n),
				 VS(id->source) };
	_Static_assert(ARRAY_LEN(v) == ARRAY_LEN(layout_pack_fields), "layout_pack: wrong arity");
	doc_row(x->d, &layout_pack_row, types ? NULL : &no_types, v, false);
}

static err_t one(struct export *x)
{
	struct file_map map;
	const char *inner, *where = NULL;
	TRY(unpack_any(x->a, x->path, &map, &inner));
	x->bytes = map.bytes;
	x->scratch = arena_new(LIMIT_PACK_MEMORY);
	struct pack *p = NULL;
	err_t e = arena_guard(x->scratch, NULL, make, x);
	if (!e.code)
		e = pack_open(x->a, x->pack, &p);
	if (!e.code)
		e = place(x, pack_id(p), &where);
	if (e.code)
		e = fail(e.code, arena_printf(x->a, "%s: %s", x->path, e.what), e.at);
	else
		emit(x, p, where);
	arena_free(x->scratch);
	file_map_close(&map);
	return e;
}

// ---- dumps: the files that serve their modules
static bool is_dump(struct arena *a, const char *path)
{
	struct file_map map;
	const char *inner;
	if (unpack_any(a, path, &map, &inner).code)
		return false;
	bool yes = map.bytes.n >= 4 && (memcmp(map.bytes.p, "MDMP", 4) == 0 || memcmp(map.bytes.p, "PAGE", 4) == 0);
	file_map_close(&map);
	return yes;
}

static void add_source(struct export *x, const char *path, const char *name)
{
	for (size_t i = 0; i < x->n; i++)
		if (str_eq(x->list[i].path, path))
			return;
	if (x->n == x->cap) {
		x->cap = MAX(x->cap * 2, (size_t)64);
		struct source *bigger = NEW_N(x->a, struct source, x->cap);
		if (x->n)
			memcpy(bigger, x->list, x->n * sizeof(*bigger));
		x->list = bigger;
	}
	x->list[x->n++] = (struct source){ arena_strdup(x->a, path), name ? arena_strdup(x->a, name) : NULL };
}

// Only what is the module's own: another build's symbols would lie.
static int add_dump(struct export *x, const struct need_args *args, const char *path)
{
	struct session *s;
	const struct options o = { .dump = path, .symbol_path = args->path, .no_env_paths = true, .no_servers = true };
	int code = front_open_exit_code(front_open(x->a, &o, &s));
	if (code)
		return code;
	size_t before = x->n, n = s->target->n_modules;
	for (size_t i = 0; i < n; i++) {
		struct module *m = s->target->modules[i];
		(void)sym_load(s->target, m);
		enum sym_state state = sym_module_state(m);
		bool pdb = state == SYM_PUBLIC || state == SYM_PRIVATE;
		if (!m->symbol_file || m->mismatch ||
		    !(pdb || state == SYM_PACK || state == SYM_ISF || state == SYM_BREAKPAD))
			continue;
		add_source(x, m->symbol_file, pdb && m->cv.path ? path_base(m->cv.path) : NULL);
	}
	doc_note(x->d, NOTE_INFO, "symbols.export", "%s: %zu modules, %zu symbol files", path, n, x->n - before);
	session_close(s);
	return EXIT_ANALYSED;
}

static int export_all(struct export *x, const struct need_args *args)
{
	int code = EXIT_ANALYSED;
	for (size_t i = 0; i < args->n_dumps && code != EXIT_USAGE; i++) {
		if (!is_dump(x->a, args->dumps[i])) {
			add_source(x, args->dumps[i], NULL);
			continue;
		}
		int opened = add_dump(x, args, args->dumps[i]);
		code = opened ? opened : code;
	}
	for (size_t i = 0; i < x->n; i++) {
		x->path = x->list[i].path;
		x->name = x->list[i].name;
		err_t e = one(x);
		if (!e.code)
			continue;
		doc_error(x->d, e);
		code = EXIT_NO_DUMP;
	}
	return code;
}

static int run(struct arena *a, int argc, char **argv, bool json)
{
	struct need_args args;
	int code = need_args(a, &symbols_export, ARG_PATH | ARG_OUT, argc, argv, &args);
	if (code >= 0)
		return code;
	bool one_file = args.out && str_iends(args.out, ".dspack");
	if (one_file && (args.n_dumps > 1 || is_dump(a, args.dumps[0])))
		return symbols_usage(&symbols_export, "several files need a folder", args.out);
	struct output *o = NEW(a, struct output);
	output_init(o);
	struct export x = { .a = a, .out = args.out };
	x.d = json || args.json ? doc_json_new(a, o->sink, 8) : doc_text_new(a, o->sink, 8, false);
	doc_begin(x.d, "symbols export");
	code = export_all(&x, &args);
	doc_end(x.d);
	return output_end(o, code);
}

const struct symbols_verb symbols_export = {
	.name = "export",
	.args = "[-o FILE.dspack|FOLDER] [-y PATH] [--json] PDB|ISF|SYM|DUMP...",
	.summary =
		"Write layout packs of symbol files, or of those on the path that the dumps' modules are served by,\n"
		"      in a folder as a symbol store: name.pdb/KEY/name.dspack. Asks no server",
	.run = run,
};

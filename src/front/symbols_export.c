// SPDX-License-Identifier: Apache-2.0
// symbols_export.c: dumpscope symbols export: PDBs, ISF and Breakpad files become layout packs, so that they can be
// carried to where there is no network.
#include "front/symbols.h"

#include "base/limits.h"
#include "base/unpack.h"
#include "pdb/pdb.h"
#include "sym/pack_find.h"
#include "sym/pack_pdb.h"

#include <stdio.h>
#include <string.h>

struct export
{
	struct arena *a;
	const char *path, *out;
	struct arena *scratch; // of one file
	struct span bytes, pack;
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
	return pack_from_pdb(x->scratch, p, path_base(x->path), &x->pack);
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
		printf("%s: %zu symbols, %s, %zu lines, %zu bytes; from %s\n", where, pack_symbols(p),
		       pack_types(p) ? "types" : "no types", pack_lines(p), x->pack.n, pack_id(p)->source);
	arena_free(x->scratch);
	file_map_close(&map);
	return e;
}

static int run(struct arena *a, int argc, char **argv, bool json)
{
	struct export x = { .a = a };
	const char **files = NEW_N(a, const char *, (size_t)argc + 1);
	size_t n = 0;
	for (int i = 0; i < argc; i++) {
		if (str_eq(argv[i], "-o") && i + 1 < argc)
			x.out = argv[++i];
		else if (argv[i][0] == '-')
			return symbols_usage(&symbols_export, "unknown option, or its value is missing", argv[i]);
		else
			files[n++] = argv[i];
	}
	if (json)
		return symbols_usage(&symbols_export, "not supported: --json", NULL);
	if (!n)
		return symbols_usage(&symbols_export, "a symbol file is wanted", NULL);
	if (n > 1 && x.out && str_iends(x.out, ".dspack"))
		return symbols_usage(&symbols_export, "several files need a folder", x.out);
	int code = EXIT_ANALYSED;
	for (size_t i = 0; i < n; i++) {
		x.path = files[i];
		err_t e = one(&x);
		if (e.code) {
			fprintf(stderr, "dumpscope symbols export: %s\n", e.what);
			code = EXIT_NO_DUMP;
		}
	}
	return code;
}

const struct symbols_verb symbols_export = {
	.name = "export",
	.args = "[-o FILE.dspack|FOLDER] PDB|ISF|SYM...",
	.summary = "Write layout packs of symbol files, in a folder as a symbol store: name.pdb/KEY/name.dspack",
	.run = run,
};

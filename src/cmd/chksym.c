// SPDX-License-Identifier: Apache-2.0
// chksym.c: !chksym (and !itoldyouso, its older name): does a PDB belong to a module? The layout is that of
// blogs.msdn.com/b/junfeng/archive/2007/11/05/mismatched-pdbs-why.aspx.
#include "cmd/cmd.h"
#include "sym/pdb_find.h"

#include <inttypes.h>

extern const struct cmd cmd_chksym;

SCHEMA(module_identity, "What a module says of itself and of its PDB", NULL,
       "\n{image}\n    Timestamp: {timestamp}\n  SizeOfImage: {size}\n          pdb: {pdb}\n      pdb sig: {guid}\n"
       "          age: {age}\n{?guess     identity: {guess}\n}",
       { "image", R_STR, "path as the dump has it" }, { "timestamp", R_UHEX, "TimeDateStamp" },
       { "size", R_UHEX, "SizeOfImage" }, { "pdb", R_STR, "name of the PDB; null: it names none" },
       { "guid", R_STR, "GUID of the PDB" }, { "age", R_HEX, "age of the PDB" },
       { "guess", R_STR, "how these were found out; null: they are recorded, or not known" });
SCHEMA(symbol_identity, "What a PDB says of itself", NULL, "{pdb}\n      pdb sig: {guid}\n          age: {age}\n",
       { "pdb", R_STR, "file name" }, { "guid", R_STR, "its GUID" },
       { "age", R_HEX, "its age: the DBI stream's, which has to match" });
SCHEMA(symbol_match, "Do they belong together?", NULL, "{verdict}: {pdb} and {image}{?why \n{why}}",
       { "verdict", R_STR, "MATCH or MISMATCH" }, { "pdb", R_STR, "file name" }, { "image", R_STR, "path" },
       { "why", R_STR, "why not; null: they match" });

static const char *guid_text(struct arena *a, const uint8_t g[16])
{
	return arena_printf(a, "%08" PRIX64 "-%04" PRIX64 "-%04" PRIX64 "-%02X%02X-%02X%02X%02X%02X%02X%02X",
			    le_get(g, 4), le_get(g + 4, 2), le_get(g + 6, 2), g[8], g[9], g[10], g[11], g[12], g[13],
			    g[14], g[15]);
}

static err_t check(struct session *s, struct call *c, struct doc *out, struct module *m, const char *path)
{
	struct file_map map;
	struct pdb *p;
	struct codeview cv = target_module_codeview(s->target, m);
	bool known = cv.kind == CV_RSDS;
	ROW(out, module_identity, VS(m->path), V(m->timestamp), V(m->size), VS(known ? path_base(cv.path) : NULL),
	    VS(known ? guid_text(c->a, cv.guid) : NULL), V_IF(known, cv.age), VS(m->guess));
	err_t e = file_map_open(path, &map);
	if (e.code)
		return cmd_fail(c, e.code, 0, "%s: %s", path, e.what);
	e = pdb_open(c->a, map.bytes, &p);
	if (e.code) {
		file_map_close(&map);
		return cmd_fail(c, e.code, e.at, "%s: %s", path, e.what);
	}
	const struct pdb_id *id = pdb_id(p);
	ROW(out, symbol_identity, VS(path_base(path)), VS(guid_text(c->a, id->guid)), V(id->age));
	e = pdb_matches(c->a, &cv, p);
	ROW(out, symbol_match, VS(e.code ? "MISMATCH" : "MATCH"), VS(path_base(path)), VS(m->path),
	    VS(e.code ? e.what : NULL));
	file_map_close(&map);
	return ok();
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	struct target *t = s->target;
	const char *name = arg_word(c), *path = arg_word(c);
	TRY(arg_done(c));
	if (!name)
		return usage(c, "Usage: !chksym MODULE [SYMBOLFILE]");
	struct module *m = target_module_named(t, name);
	if (!m) {
		struct expr_scope scope = cmd_scope(s);
		uint64_t va;
		const char *rest;
		if (!expr_eval(&scope, c->a, name, &va, &rest).code)
			m = target_module_at(t, va);
	}
	if (!m)
		return cmd_fail(c, E_NOTFOUND, 0, "%s not found", name);
	if (path)
		return check(s, c, out, m, path);
	(void)sym_load(t, m);
	enum sym_state state = sym_module_state(m);
	if (!m->symbol_file || (state != SYM_PUBLIC && state != SYM_PRIVATE))
		return cmd_fail(c, E_NOTFOUND, m->base, "%s has no symbol file to check: %s", m->name,
				m->symbol_error.code && m->symbol_error.what ? m->symbol_error.what : "none was found");
	doc_text(out, arena_printf(c->a, "\nLoaded pdb is %s", m->symbol_file));
	return check(s, c, out, m, m->symbol_file);
}

static const struct schema *const rows[] = { &module_identity, &symbol_identity, &symbol_match, NULL };
const struct cmd cmd_chksym = {
	.names = "!chksym !itoldyouso",
	.group = "Modules and symbols",
	.args = "MODULE [SYMBOLFILE]",
	.summary = "Check whether a PDB belongs to a module",
	.help = "!chksym foo            the PDB in use\n!chksym foo /x/foo.pdb  another one\n",
	.run = run,
	.rows = rows,
};

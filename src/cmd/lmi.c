// SPDX-License-Identifier: Apache-2.0
// lmi.c: !lmi: one module: image, debug data, symbols.
#include "cmd/symbols.h"
#include "sym/compiler.h"
#include "target/system.h"

#include <inttypes.h>

extern const struct cmd cmd_lmi;

SCHEMA(module_info, "One module in detail", NULL,
       "         Module: {name}\n   Base Address: {base}\n     Image Name: {image_name}\n   Machine Type: {machine} "
       "({machine_name})\n"
       "     Time Stamp: {timestamp} {time}\n           Size: {size}\n       CheckSum: {checksum}\nCharacteristics: "
       "{characteristics} ",
       { "name", R_STR, "the debugger's name" }, { "base", R_ADDR, "base address" },
       { "image_name", R_STR, "file name" }, { "machine", R_DEC, "IMAGE_FILE_MACHINE_*" },
       { "machine_name", R_STR, "the same in words" }, { "timestamp", R_HEX, "TimeDateStamp" },
       { "time", R_STR, "the same, UTC, or that it is a hash" }, { "size", R_HEX, "SizeOfImage" },
       { "checksum", R_HEX, "image checksum" }, { "characteristics", R_HEX, "IMAGE_FILE_*" });
SCHEMA(debug_entry, "A debug directory entry of a module", NULL,
       "{type:-21} {size:_5}, {rva:_5}, {raw:_7}{?text  {text}}", { "type", R_STR, "kind of data" },
       { "size", R_HEX, "bytes" }, { "rva", R_HEX, "offset from the base" }, { "raw", R_HEX, "offset in the file" },
       { "text", R_STR, "what it holds" });
SCHEMA(module_symbols, "Where a module's image and symbols come from", NULL,
       "     Image Type: {image}\n    Symbol Type: {symbols}\n{?guess        Identity: {guess}\n}"
       "{?compiler        Compiler: {compiler}\n}    Load Report: {report}",
       { "image", R_STR, "where the image was read" }, { "symbols", R_STR, "kind of symbols" },
       { "report", R_STR, "what was loaded" },
       { "compiler", R_STR, "what made the first object file that says so, with versions; null: not recorded" },
       { "guess", R_STR, "how it was found out which PDB is the module's; null: it is recorded, or not known" });

static const char *machine_name(uint16_t m)
{
	return m == MACHINE_X86 ? "I386" : m == MACHINE_X64 ? "X64" : m == MACHINE_ARM64 ? "ARM64" : "unknown";
}

static void emit_debug(struct session *s, struct call *c, struct doc *out, struct module *m, const struct pe *pe)
{
	const struct pe_debug *d;
	size_t n;
	enum { CODEVIEW = 2 };
	if (pe_debug_dirs(c->a, pe, &d, &n).code || !n)
		return;
	doc_text(out, "Debug Data Dirs: Type  Size     VA  Pointer");
	for (size_t i = 0; i < n; i++) {
		const char *text = d[i].rva ? NULL : "[Data not mapped]";
		struct codeview cv =
			d[i].type == CODEVIEW ? target_module_codeview(s->target, m) : (struct codeview){ 0 };
		const uint8_t *g = cv.guid;
		if (cv.kind == CV_RSDS)
			text = arena_printf(c->a,
					    "RSDS - GUID: {%08" PRIX64 "-%04" PRIX64 "-%04" PRIX64
					    "-%02X%02X-%02X%02X%02X%02X%02X%02X}\n               Age: %" PRIx32
					    ", Pdb: %s",
					    le_get(g, 4), le_get(g + 4, 2), le_get(g + 6, 2), g[8], g[9], g[10], g[11],
					    g[12], g[13], g[14], g[15], cv.age, cv.path);
		ROW(out, debug_entry, VS(pe_debug_type_name(d[i].type)), V(d[i].size), V(d[i].rva), V(d[i].raw),
		    VS(text));
	}
}

// What serves the module, and why a PDB that was found does not.
static const char *symbol_type(struct call *c, const struct module *m, const char **report_ret)
{
	enum sym_state state = sym_module_state(m);
	bool refused = m->symbol_error.code && m->symbol_error.what;
	const char *why = refused ? arena_printf(c->a, "PDB not used: %s", m->symbol_error.what) : "PDB not found";
	if (state == SYM_PUBLIC || state == SYM_PRIVATE) {
		*report_ret = state == SYM_PUBLIC ? "public symbols" : "private symbols & lines";
		return arena_printf(c->a,
				    "PDB      - Symbols loaded successfully from the symbol path.\n                 %s",
				    m->symbol_file ? m->symbol_file : "?");
	}
	if (state == SYM_COFF || state == SYM_DWARF) {
		*report_ret = state == SYM_COFF ? "COFF symbols" : "private symbols & lines";
		return arena_printf(c->a, "%-8s - Symbols loaded successfully from the image%s.\n                 %s",
				    state == SYM_COFF ? "COFF" : "DWARF",
				    m->symbol_file != m->image_file ? "'s debug file" : "",
				    m->symbol_file ? m->symbol_file : "?");
	}
	if (state == SYM_PACK || state == SYM_ISF || state == SYM_BREAKPAD) {
		static const char *const kinds[] = { "PACK    ", "ISF     ", "BREAKPAD" };
		*report_ret = sym_state_text(state);
		return arena_printf(c->a, "%s - %s", kinds[state - SYM_PACK], m->symbol_file ? m->symbol_file : "?");
	}
	*report_ret = state == SYM_EXPORT ? "export symbols" : "no symbols loaded";
	return arena_printf(c->a, state == SYM_EXPORT ? "EXPORT   - %s" : "NONE     - %s", why);
}

// Languages: cvinfo.h's CV_CFL_LANG; the words of recorded output, others ours. Recorded ones show the resource
// compiler, the linker or the assembler when their object file is the first one.
static const char *compiler(struct call *c, struct symbols *s)
{
	static const char *const languages[] = { "C",     "C++",    "FORTRAN",  "MASM",   "PASCAL", "BASIC",
						 "COBOL", "Linker", "Resource", "CVTPGD", "C#" };
	enum { RUST = 0x15 };
	struct pdb_compiler by;
	if (!s || !sym_compiler(s, &by))
		return NULL;
	const char *language = by.language < ARRAY_LEN(languages) ? languages[by.language]
			       : by.language == RUST              ? "Rust"
								  : arena_printf(c->a, "language %u", by.language);
	return arena_printf(c->a, "%s - front end [%u.%u bld %u] - back end [%u.%u bld %u]", language, by.front[0],
			    by.front[1], by.front[2], by.back[0], by.back[1], by.back[2]);
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	struct target *t = s->target;
	const char *name = arg_rest(c);
	if (!*name)
		return usage(c, "Usage: !lmi MODULE | ADDRESS");
	doc_text(out, arena_printf(c->a, "Loaded Module Info: [%s] ", name));
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
	const struct pe *pe;
	bool have = !target_module_pe(t, m, &pe).code;
	struct symbols *own = sym_load(t, m);
	const char *time = have && pe_is_reproducible(pe) ? "(This is a reproducible build file hash, not a timestamp)"
							  : time_stamp_text(c->a, m->timestamp);
	uint16_t machine = have ? pe->machine : t->machine;
	ROW(out, module_info, VS(m->name), V(m->base), VS(m->image_name), V(machine), VS(machine_name(machine)),
	    V(m->timestamp), VS(time), V(m->size), V(m->checksum), V_IF(have, have ? pe->characteristics : 0));
	if (have)
		emit_debug(s, c, out, m, pe);
	const char *image =
		m->image == IMAGE_FROM_FILE
			? arena_printf(c->a,
				       "FILE     - Image read successfully from the image path.\n                 %s",
				       m->image_file)
		: have ? "MEMORY   - Image read successfully from loaded memory."
		       : arena_printf(c->a, "NONE     - %s", m->pe_error.what ? m->pe_error.what : "not available");
	const char *report;
	const char *symbols = symbol_type(c, m, &report);
	ROW(out, module_symbols, VS(image), VS(symbols), VS(report), VS(compiler(c, own)), VS(m->guess));
	note_symbols(out, m);
	m->guess_told |= m->guess != NULL;
	return ok();
}

static const struct schema *const rows[] = { &module_info, &debug_entry, &module_symbols, NULL };
const struct cmd cmd_lmi = {
	.names = "!lmi",
	.group = "Modules and symbols",
	.args = "MODULE | ADDRESS",
	.summary = "Show one module: image, debug data, symbols",
	.run = run,
	.rows = rows,
};

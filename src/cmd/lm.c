// SPDX-License-Identifier: Apache-2.0
// lm.c: the module list: lm with its options in any order, glued or not (lmvm ntdll, lm t n, lm1m), and !mv.
#include "cmd/symbols.h"
#include "target/system.h"
#include "win/user_modules.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const struct cmd cmd_lm;

SCHEMA(module, "A loaded module", NULL, NULL, { "start", R_PTR, "base address" },
       { "end", R_PTR, "first address behind it" }, { "name", R_STR, "the debugger's name" },
       { "flag", R_STR,
	 "C no checksum, T no time stamp, M symbols of another build, # such a file is there, but not used" },
       { "status", R_STR, "state of its symbols" }, { "symbol_file", R_STR, "what the symbols come from" },
       { "image_name", R_STR, "file name" }, { "path", R_STR, "path as the dump has it" },
       { "time", R_STR, "time stamp, UTC, or that it is a hash" }, { "timestamp", R_HEX, "TimeDateStamp" },
       { "checksum", R_HEX, "image checksum" }, { "size", R_HEX, "SizeOfImage" },
       { "debug_file", R_STR, "name of the PDB" }, { "debug_id", R_STR, "GUID and age of the PDB" },
       { "image_source", R_STR, "file or dump: where the image was read from; null: not opened or not there" },
       { "mapped_image", R_STR, "the image file; null: none" },
       { "mismatch", R_STR, "why its symbols are another build's; null: they match, or there are none" },
       { "guess", R_STR, "how debug_file and debug_id were found out; null: they are recorded, or not known" });
SCHEMA(module_version, "Version facts of a module (lmv)", NULL, NULL, { "module", R_STR, "the debugger's name" },
       { "file_version", R_STR, "a.b.c.d" }, { "product_version", R_STR, "a.b.c.d" },
       { "flags", R_STR, "file flags and mask" }, { "os", R_STR, "VOS_* in words" },
       { "type", R_STR, "VFT_* in words" }, { "date", R_STR, "file date" });
static const struct layout version_layout = {
	NULL, "    File version:     {file_version}\n    Product version:  {product_version}\n"
	      "    File flags:       {flags}\n    File OS:          {os}\n"
	      "    File type:        {type}\n    File date:        {date}"
};
SCHEMA(module_resource, "A string of a module's version resource (lmv)", NULL, NULL,
       { "module", R_STR, "the debugger's name" }, { "key", R_STR, "CompanyName, FileVersion ..." },
       { "value", R_STR, "text" });
SCHEMA(unloaded_module, "A module that was unloaded before the dump was taken", NULL, "{start} {end}   {name}",
       { "start", R_PTR, "base address" }, { "end", R_PTR, "first address behind it" },
       { "name", R_STR, "as recorded" }, { "time", R_STR, "time stamp, UTC" },
       { "timestamp", R_HEX, "TimeDateStamp; 0: not recorded" },
       { "checksum", R_UHEX, "image checksum; 0: not recorded" }, { "size", R_UHEX, "size" });
static const struct layout unloaded_verbose = {
	NULL, "{start} {end}   {name}\n    Timestamp: {time}\n    Checksum:  {checksum:8}\n"
	      "    ImageSize:  {size:8}"
};

struct want {
	bool verbose, time, path, image, names_only, loaded_symbols, no_unloaded, kernel, user;
	bool problems, checksum, mapped, links; // links: nothing more here
	const char *pattern;
	bool pattern_is_path;
	bool by_address;
	uint64_t address;
	char sort; // 'm' by name, 'n' by image name, 't' by time; 0: by address
};

// Letters without an argument. False: another one.
static bool is_plain(struct want *w, char ch)
{
	static const char letters[] = "vtfnilokupceD";
	bool *const flags[] = { &w->verbose,        &w->time,        &w->path,   &w->image, &w->image,
				&w->loaded_symbols, &w->no_unloaded, &w->kernel, &w->user,  &w->mapped,
				&w->checksum,       &w->problems,    &w->links };
	const char *at = strchr(letters, ch);
	if (!ch || !at)
		return false;
	*flags[at - letters] = true;
	return true;
}

// Letters up to the one that takes an argument; "lmvm nt*" and "lm v m nt*" are the same.
static err_t parse(struct call *c, struct want *w)
{
	const char *all = arena_printf(c->a, "%s %s", c->flags, arg_rest(c));
	c->p = all;
	while (!arg_end(c)) {
		char ch = *c->p++;
		if (is_plain(w, ch))
			continue;
		switch (ch) {
		case '1':
			w->names_only = true;
			if (*c->p == 'm')
				c->p++;
			if (*c->p == 'm' || *c->p == ' ') // lm1m nt*: the pattern may follow at once
				break;
			break;
		case 's':
			w->sort = *c->p;
			if (!*c->p || !strchr("mnt", *c->p))
				return usage(c, "Syntax error in 'lm%s'", all);
			c->p++;
			break;
		case 'a':
			TRY(arg_expr(c, &w->address));
			w->by_address = true;
			break;
		case 'm':
		case 'M':
			w->pattern = arg_word(c);
			if (!w->pattern)
				return usage(c, "Syntax error in 'lm%s': a pattern must follow %c", all, ch);
			w->pattern_is_path = ch == 'M';
			break;
		default:
			return usage(c, "Syntax error in 'lm%s'", all);
		}
	}
	if (w->names_only && !w->pattern && !arg_end(c))
		w->pattern = arg_word(c);
	return ok();
}

static const char *flag_of(const struct module *m)
{
	return m->mismatch ? "M" : m->other_build ? "#" : !m->timestamp ? "T" : !m->checksum ? "C" : " ";
}

static bool wanted(const struct want *w, const struct module *m)
{
	if (w->by_address && (w->address < m->base || w->address - m->base >= m->size))
		return false;
	if (w->pattern && !str_wild(w->pattern, w->pattern_is_path ? m->path : m->name))
		return false;
	enum sym_state state = sym_module_state(m);
	if (w->problems && state != SYM_NONE && state != SYM_EXPORT && *flag_of(m) == ' ')
		return false;
	return !w->loaded_symbols || (state != SYM_DEFERRED && state != SYM_NONE);
}

static const char *debug_id(struct arena *a, const struct codeview *cv)
{
	if (cv->kind == CV_NB10)
		return arena_printf(a, "%08" PRIX32 "%" PRIx32, cv->timestamp, cv->age);
	if (cv->kind != CV_RSDS)
		return NULL;
	const uint8_t *g = cv->guid;
	return arena_printf(a, "%08" PRIX64 "%04" PRIX64 "%04" PRIX64 "%02X%02X%02X%02X%02X%02X%02X%02X%" PRIx32,
			    le_get(g, 4), le_get(g + 4, 2), le_get(g + 6, 2), g[8], g[9], g[10], g[11], g[12], g[13],
			    g[14], g[15], cv->age);
}

// Kernels record no time stamp of unloaded drivers.
static const char *plain_stamp_text(struct arena *a, uint32_t stamp)
{
	return stamp ? arena_printf(a, "%s (%08" PRIX32 ")", time_stamp_text(a, stamp), stamp)
		     : "unavailable (00000000)";
}

static const char *stamp_text(struct session *s, struct call *c, struct module *m)
{
	const struct pe *pe;
	if (m->image != IMAGE_NOT_TRIED && !target_module_pe(s->target, m, &pe).code && pe_is_reproducible(pe))
		return arena_printf(c->a, "%08" PRIX32 " (This is a reproducible build file hash, not a timestamp)",
				    m->timestamp);
	return plain_stamp_text(c->a, m->timestamp);
}

static const char *version_text(struct arena *a, uint32_t ms, uint32_t ls)
{
	return arena_printf(a, "%u.%u.%u.%u", ms >> 16, ms & 0xffff, ls >> 16, ls & 0xffff);
}

// VS_FIXEDFILEINFO: dwFileOS, dwFileType (winver.h).
static const char *os_text(struct arena *a, uint32_t os)
{
	static const char *const high[] = { "Unknown", "DOS", "OS/2 16-bit", "OS/2 32-bit", "NT", "Windows CE" };
	static const char *const low[] = { "Base", "Win16", "PM-16", "PM-32", "Win32" };
	uint32_t h = os >> 16, l = os & 0xffff;
	return arena_printf(a, "%" PRIX32 " %s %s", os, h < ARRAY_LEN(high) ? high[h] : "Unknown",
			    l < ARRAY_LEN(low) ? low[l] : "");
}

static const char *type_text(struct arena *a, uint32_t type, uint32_t sub)
{
	static const char *const names[] = { "Unknown", "App", "Dll",     "Driver",
					     "Font",    "VxD", "Unknown", "Static library" };
	return arena_printf(a, "%" PRIX32 ".%" PRIX32 " %s", type, sub,
			    type < ARRAY_LEN(names) ? names[type] : "Unknown");
}

static void emit_fixed(struct call *c, struct doc *out, const struct module *m, const uint32_t *f)
{
	enum { FILE_MS = 2, FILE_LS, PRODUCT_MS, PRODUCT_LS, MASK, FLAGS, OS, TYPE, SUBTYPE, DATE_MS, DATE_LS };
	ROW_AS(out, module_version, &version_layout, VS(m->name), VS(version_text(c->a, f[FILE_MS], f[FILE_LS])),
	       VS(version_text(c->a, f[PRODUCT_MS], f[PRODUCT_LS])),
	       VS(arena_printf(c->a, "%" PRIX32 " (Mask %" PRIX32 ")", f[FLAGS] & f[MASK], f[MASK])),
	       VS(os_text(c->a, f[OS])), VS(type_text(c->a, f[TYPE], f[SUBTYPE])),
	       VS(arena_printf(c->a, "%08" PRIX32 ".%08" PRIX32, f[DATE_MS], f[DATE_LS])));
}

static void emit_resource(struct call *c, struct doc *out, const struct module *m, const struct pe_version *v)
{
	static const struct layout line = { NULL, "        {key:17} {value}" };
	struct sb tr = sb_new(c->a);
	for (size_t i = 0; v && i < v->n_translations; i++)
		sb_printf(&tr, "%s%04x.%04x", i ? " " : "", v->translations[i] & 0xffff, v->translations[i] >> 16);
	// Without a readable resource WinDbg shows the four pairs it tried.
	doc_text(out, arena_printf(c->a, "    Translations:     %s",
				   tr.n ? sb_str(&tr) : "0000.04b0 0000.04e4 0409.04b0 0409.04e4"));
	doc_text(out, "    Information from resource tables:");
	for (size_t i = 0; v && i < v->n_strings; i++)
		ROW_AS(out, module_resource, &line, VS(m->name), VS(arena_printf(c->a, "%s:", v->strings[i].key)),
		       VS(v->strings[i].value));
}

static void emit_verbose(struct session *s, struct call *c, struct doc *out, struct module *m)
{
	const struct pe_version *v = NULL;
	bool have = !target_module_version(s->target, m, &v).code && v;
	if (sym_module_state(m) != SYM_DEFERRED) // recorded output has it for "(no symbols)", too
		doc_text(out, arena_printf(c->a, "    Loaded symbol image file: %s",
					   m->image_file ? m->image_file : m->image_name));
	if (m->guess) // ours: WinDbg loads no symbols then
		doc_text(out, arena_printf(c->a, "    Symbol identity: %s %s, %s", path_base(m->cv.path),
					   debug_id(c->a, &m->cv), m->guess));
	if (m->image_file)
		doc_text(out, arena_printf(c->a, "    Mapped memory image file: %s", m->image_file));
	doc_text(out, arena_printf(c->a, "    Image path: %s", m->path));
	doc_text(out, arena_printf(c->a, "    Image name: %s", m->image_name));
	doc_text(out, arena_printf(c->a, "    Timestamp:        %s", stamp_text(s, c, m)));
	doc_text(out, arena_printf(c->a, "    CheckSum:         %08" PRIX32, m->checksum));
	doc_text(out, arena_printf(c->a, "    ImageSize:        %08" PRIX64, m->size));
	if (m->facts->has_version)
		emit_fixed(c, out, m, m->facts->fixed);
	else if (have && v->has_fixed)
		emit_fixed(c, out, m, v->fixed);
	emit_resource(c, out, m, have ? v : NULL);
}

static struct layout make_layout(const struct session *s, struct call *c, const struct want *w, bool service)
{
	if (w->names_only)
		return (struct layout){ NULL, "{name}" };
	struct sb text = sb_new(c->a);
	sb_add(&text, "{start} {end}   {name:8} ");
	if (w->image)
		sb_add(&text, "{image_name:12} ");
	if (w->path)
		sb_add(&text, "{path} ");
	if (w->mapped)
		sb_add(&text, "{mapped_image} ");
	if (w->checksum) // layout unverified
		sb_add(&text, "{checksum:8} ");
	if (w->time)
		sb_add(&text, "{time}");
	if (!w->image && !w->path && !w->time && !w->mapped && !w->checksum)
		sb_add(&text, service ? "{flag:1} {status}        {symbol_file}" : "{flag:1} {status:23}{symbol_file}");
	return (struct layout){ s->target->ptr_bytes == 8 ? "start             end                 module name"
							  : "start    end        module name",
				sb_str(&text) };
}

// l[1] is for symbols of a service, whose text is followed by eight blanks.
static void emit_module(struct session *s, struct call *c, struct doc *out, struct layout *l, const struct want *w,
			struct module *m)
{
	if (w->verbose)
		(void)target_module_codeview(s->target, m);
	enum sym_state state = sym_module_state(m);
	const char *source = state == SYM_EXPORT ? (m->image_file ? m->image_file : m->image_name) : m->symbol_file;
	static const char *const sources[] = { NULL, "file", "dump", NULL };
	ROW_AS(out, module, &l[state == SYM_DWARF], V(m->base), V(m->base + m->size), VS(m->name), VS(flag_of(m)),
	       VS(sym_state_text(state)), VS(source), VS(m->image_name), VS(m->path), VS(stamp_text(s, c, m)),
	       V(m->timestamp), V(m->checksum), V(m->size), VS(m->cv.kind == CV_NONE ? NULL : path_base(m->cv.path)),
	       VS(debug_id(c->a, &m->cv)), VS(sources[m->image]), VS(m->image_file), VS(m->mismatch), VS(m->guess));
	if (w->verbose) {
		emit_verbose(s, c, out, m);
		note_symbols(out, m);
		m->guess_told |= m->guess != NULL;
	}
}

static void emit_unloaded(struct session *s, struct call *c, struct doc *out, const struct want *w)
{
	const struct target *t = s->target;
	bool titled = false;
	for (size_t i = 0; i < t->n_unloaded; i++) {
		const struct unloaded_module *u = &t->unloaded[i];
		if (w->pattern && !str_wild(w->pattern, u->name))
			continue;
		if (w->by_address && (w->address < u->base || w->address - u->base >= u->size))
			continue;
		if (!titled) {
			doc_text(out, "");
			doc_text(out, "Unloaded modules:");
		}
		titled = true;
		ROW_AS(out, unloaded_module, w->verbose || w->time ? &unloaded_verbose : NULL, V(u->base),
		       V(u->base + u->size), VS(u->name), VS(plain_stamp_text(c->a, u->timestamp)), V(u->timestamp),
		       V(u->checksum), V(u->size));
	}
}

static int order_text(const char *a, const char *b)
{
	for (size_t n = 1;; n++) // the first place where they differ, case-blind
		if (!str_ieqn(a, b, n))
			return (a[n - 1] | 32) < (b[n - 1] | 32) ? -1 : 1;
		else if (!a[n - 1])
			return 0;
}

static int compare_modules(const void *a, const void *b, void *ctx)
{
	const struct module *x = *(struct module *const *)a, *y = *(struct module *const *)b;
	char sort = *(const char *)ctx;
	int order = sort == 'm'   ? order_text(x->name, y->name)
		    : sort == 'n' ? order_text(x->image_name, y->image_name)
				  : 0;
	if (!order && sort == 't')
		order = (x->timestamp > y->timestamp) - (x->timestamp < y->timestamp);
	if (!order)
		order = (x->base > y->base) - (x->base < y->base);
	return order ? order : (x->index > y->index) - (x->index < y->index);
}

// k and u: of a kernel dump the modules of the kernel, or of the process whose memory is in force.
static bool on_side(const struct target *t, const struct want *w, const struct module *m)
{
	return !t->kernel || w->kernel == w->user || (m->base < kernel_user_end(t)) == w->user;
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	struct target *t = s->target;
	struct want w = { 0 };
	if (c->name[0] == '!') { // the courses write !mv, or !mv PATTERN, for lmv
		w.verbose = true;
		const char *p = c->p + strspn(c->p, " \t");
		size_t word = strcspn(p, " \t");
		if (word > 1)
			w.pattern = arg_word(c);
	}
	TRY(parse(c, &w));
	if (w.kernel && !w.user && !t->kernel) {
		doc_note(out, NOTE_INFO, "modules.no_kernel", "A user-mode dump has no kernel-mode modules.");
		return ok();
	}
	struct module **list = NEW_N(c->a, struct module *, t->n_modules);
	if (t->n_modules)
		memcpy(list, t->modules, t->n_modules * sizeof(struct module *));
	qsort_r(list, t->n_modules, sizeof(struct module *), compare_modules, &w.sort);
	struct layout *l = NEW_N(c->a, struct layout, 2);
	l[0] = make_layout(s, c, &w, false);
	l[1] = make_layout(s, c, &w, true);
	if (l->head)
		doc_text(out, l->head);
	l[0].head = l[1].head = NULL;
	for (size_t i = 0; i < t->n_modules; i++) {
		TRY(session_poll(s));
		if (on_side(t, &w, list[i]) && wanted(&w, list[i]))
			emit_module(s, c, out, l, &w, list[i]);
	}
	if (!w.names_only && !w.no_unloaded && !w.loaded_symbols && !w.problems && (w.kernel || !w.user || !t->kernel))
		emit_unloaded(s, c, out, &w);
	return ok();
}

static const struct schema *const rows[] = { &module, &module_version, &module_resource, &unloaded_module, NULL };
const struct cmd cmd_lm = {
	.names = "lm !mv",
	.flags = "1acDefiklmMnopstuv",
	.group = "Modules and symbols",
	.args = "[v] [t] [f] [n] [i] [p] [c] [o] [l] [e] [k|u] [s{m|n|t}] [1m] [a ADDRESS] [m PATTERN | M PATHPATTERN]",
	.summary = "List modules",
	.help = "lm            start, end, name, state of symbols\n"
		"lmvm ntdll    everything about modules that match\n"
		"lm t n        with image name and time stamp\n"
		"lmf           with the full path\n"
		"lm a ADDRESS  the module that holds an address\n"
		"lm1m          names only\n"
		"lm l          only those whose symbols are loaded\n"
		"lm e          only those with a problem: no symbols, exports only, or a letter before the state\n"
		"lm sm         sorted by name (sn: by image name, st: by time)\n",
	.run = run,
	.rows = rows,
};

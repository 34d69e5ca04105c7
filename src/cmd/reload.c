// SPDX-License-Identifier: Apache-2.0
// reload.c: .reload and ld: the list of modules, and loading their symbols.
#include "cmd/ktask.h"
#include "cmd/symbols.h"

#include <string.h>

extern const struct cmd cmd_reload;

SCHEMA(symbol_load, "What loading a module's symbols came to", NULL, "Symbols loaded for {module}",
       { "module", R_STR, "the debugger's name" }, { "image_name", R_STR, "file name" },
       { "base", R_PTR, "base address" }, { "status", R_STR, "state of its symbols, as lm shows it" },
       { "symbol_file", R_STR, "what the symbols come from; null: none, or the image" },
       { "error", R_STR, "why there is no symbol file, or why one was not used; null: there is one" },
       { "mismatch", R_STR, "why the symbols are another build's; null: they match" },
       { "guess", R_STR, "how it was found out which PDB is the module's; null: it is recorded" });
SCHEMA(module_unloaded, "A module that was taken from the list", NULL, "Unloaded {image_name}",
       { "module", R_STR, "the debugger's name" }, { "image_name", R_STR, "file name" },
       { "base", R_PTR, "base address" });
SCHEMA(module_added, "A module that was added to the list", NULL, NULL, { "module", R_STR, "the debugger's name" },
       { "image_name", R_STR, "file name" }, { "base", R_PTR, "base address" }, { "size", R_HEX, "bytes" },
       { "timestamp", R_HEX, "TimeDateStamp" });
static const struct layout silent = { NULL, NULL }, already = { NULL, "Symbols already loaded for {module}" };

// Loads and tells. The texts of failures are those that WinDbg prints when it loads symbols.
static void load(struct session *s, struct doc *out, struct module *m, const struct layout *l)
{
	bool was = sym_module_state(m) != SYM_DEFERRED;
	struct symbols *sy = sym_load(s->target, m);
	enum sym_state state = sym_module_state(m);
	bool file = state == SYM_PUBLIC || state == SYM_PRIVATE;
	const char *why = file                                           ? NULL
			  : m->symbol_error.code && m->symbol_error.what ? m->symbol_error.what
									 : "not found";
	if (state == SYM_EXPORT && !was)
		doc_note(out, NOTE_WARNING, "symbols.export_only",
			 "*** ERROR: Symbol file could not be found.  Defaulted to export symbols for %s - ",
			 m->image_name);
	if (!sy)
		doc_note(out, NOTE_WARNING, "symbols.none",
			 "*** ERROR: Module load completed but symbols could not be loaded for %s", m->image_name);
	if (!file && m->other_build)
		doc_note(out, NOTE_WARNING, "symbols.other_build", "*** WARNING: %s: %s (.reload /i uses it anyway)",
			 m->name, why);
	ROW_AS(out, symbol_load, sy && !l ? (was ? &already : NULL) : &silent, VS(m->name), VS(m->image_name),
	       V(m->base), VS(sym_state_text(state)), VS(m->symbol_file), VS(why), VS(m->mismatch), VS(m->guess));
	m->guess_told = false;
	if (m->mismatch)
		m->mismatch_used = true; // the note at the end of the command tells
}

// ---- ld
static err_t run_ld(struct session *s, struct call *c, struct doc *out)
{
	struct target *t = s->target;
	const char *pattern = arg_word(c);
	bool by_file = arg_switch(c, "/f");
	if (by_file)
		pattern = arg_word(c);
	TRY(arg_done(c));
	if (!pattern)
		return usage(c, "Usage: ld MODULE [/f FILE]");
	size_t n = 0;
	for (size_t i = 0; i < t->n_modules; i++) {
		struct module *m = t->modules[i];
		TRY(session_poll(s));
		if (!str_wild(pattern, by_file ? m->image_name : m->name))
			continue;
		n++;
		load(s, out, m, NULL);
	}
	symbols_changed(s);
	return n ? ok() : cmd_fail(c, E_NOTFOUND, 0, "No module matches '%s'", pattern);
}

// ---- .reload
struct options {
	bool force, ignore, list, unload, unloaded, verbose, literal, overwrite, kernel_only, user_only;
};

static err_t parse(struct call *c, struct options *o)
{
	for (arg_blanks(c); *c->p == '/' || *c->p == '-'; arg_blanks(c)) {
		const char *word = arg_word(c), *name = word + 1;
		if (str_ieq(name, "f"))
			o->force = true;
		else if (str_ieq(name, "i"))
			o->ignore = o->force = true;
		else if (str_ieq(name, "l"))
			o->list = true;
		else if (str_ieq(name, "u"))
			o->unload = true;
		else if (str_ieq(name, "unl"))
			o->unloaded = true;
		else if (str_ieq(name, "v"))
			o->verbose = true;
		else if (str_ieq(name, "w"))
			o->literal = true;
		else if (str_ieq(name, "o"))
			o->overwrite = true;
		else if (str_ieq(name, "n"))
			o->kernel_only = true;
		else if (str_ieq(name, "user"))
			o->user_only = true;
		else if (!str_ieq(name, "d") && !str_ieq(name, "s"))
			return usage(c, "Usage: .reload [/f] [/i] [/u] [/unl] [/v] [/o] [/w] [MODULE[=ADDRESS[,SIZE[,"
					"TIMESTAMP]]]]");
	}
	return ok();
}

// MODULE[=ADDRESS[,SIZE[,TIMESTAMP]]], without blanks.
struct which {
	const char *name; // NULL: all
	bool has_base;
	uint64_t base, size, timestamp;
};

static err_t parse_which(struct call *c, struct which *w)
{
	arg_blanks(c);
	size_t n = strcspn(c->p, "= \t");
	if (!n)
		return arg_done(c);
	w->name = arena_strndup(c->a, c->p, n);
	c->p += n;
	if (*c->p == '=') {
		uint64_t *const values[] = { &w->base, &w->size, &w->timestamp };
		w->has_base = true;
		for (size_t i = 0; i < ARRAY_LEN(values) && (*c->p == '=' || *c->p == ','); i++) {
			c->p++;
			TRY(arg_expr(c, values[i]));
			arg_blanks(c);
		}
	}
	return arg_done(c);
}

static bool matches(const struct options *o, const char *pattern, const struct module *m)
{
	if (o->literal)
		return str_ieq(pattern, m->image_name) || str_ieq(pattern, m->name);
	return str_wild(pattern, m->image_name) || str_wild(pattern, m->name);
}

static void reload_one(struct session *s, struct doc *out, const struct options *o, struct module *m)
{
	target_forget_symbols(s->target, m);
	m->load_anything = o->ignore;
	if (o->force)
		load(s, out, m, o->verbose ? NULL : &silent);
}

static void emit_added(struct doc *out, const struct module *m)
{
	ROW(out, module_added, VS(m->name), VS(m->image_name), V(m->base), V(m->size), V(m->timestamp));
}

// .reload /unl: what was unloaded becomes a module again.
static err_t reload_unloaded(struct session *s, struct call *c, struct doc *out, const struct options *o,
			     const struct which *w)
{
	struct target *t = s->target;
	size_t n = 0;
	for (size_t i = 0; i < t->n_unloaded; i++) {
		const struct unloaded_module *u = &t->unloaded[i];
		const char *name = path_base(u->name);
		if ((w->name && !str_wild(w->name, name)) || target_module_at(t, u->base))
			continue;
		struct module *m;
		TRY(target_add_module(t, name, u->base, u->size, u->timestamp, &m));
		m->checksum = u->checksum;
		n++;
		emit_added(out, m);
		reload_one(s, out, o, m);
	}
	return n ? ok()
		 : cmd_fail(c, E_NOTFOUND, 0, "%s was not found in the unloaded module list, or its place is taken",
			    w->name ? w->name : "A module");
}

static err_t add(struct session *s, struct call *c, struct doc *out, const struct options *o, const struct which *w)
{
	struct target *t = s->target;
	const char *at = doc_value_text(c->a, R_PTR, &V(w->base), t->ptr_bytes);
	struct module *m;
	if (!w->has_base) {
		doc_text(
			out,
			arena_printf(c->a,
				     "\"%s\" was not found in the image list.\n"
				     "Debugger will attempt to load \"%s\" at given base %s.\n\n"
				     "Please provide the full image name, including the extension (i.e. kernel32.dll)\n"
				     "for more reliable results.Base address and size overrides can be given as\n"
				     ".reload <image.ext>=<base>,<size>.",
				     w->name, w->name, at));
		return cmd_fail(c, E_NOTFOUND, 0, "Unable to add module at %s", at);
	}
	err_t e = target_add_module(t, w->name, w->base, w->size, (uint32_t)w->timestamp, &m);
	if (e.code)
		return cmd_fail(c, e.code, w->base, "Unable to add module at %s: %s", at, e.what);
	if (m->overlaps)
		doc_note(out, NOTE_WARNING, "modules.overlap",
			 "WARNING: %s overlaps a module of the list, which hides it", m->image_name);
	emit_added(out, m);
	reload_one(s, out, o, m);
	return ok();
}

static err_t unload(struct session *s, struct call *c, struct doc *out, const struct options *o, const char *name)
{
	struct target *t = s->target;
	size_t n = 0;
	for (size_t i = t->n_modules; i-- > 0;) { // the list shrinks under the loop
		struct module *m = t->modules[i];
		if (name && !matches(o, name, m))
			continue;
		n++;
		target_unload_module(t, m);
		ROW(out, module_unloaded, VS(m->name), VS(m->image_name), V(m->base));
	}
	return n ? ok() : cmd_fail(c, E_NOTFOUND, 0, "\"%s\" was not found in the image list.", name ? name : "*");
}

static err_t reload_all(struct session *s, struct doc *out, const struct options *o)
{
	struct target *t = s->target;
	target_restore_module(t, NULL);
	doc_text(out, t->kernel ? "Loading Kernel Symbols" : "Reloading current modules");
	emit_dots(out, t->n_modules);
	for (size_t i = 0; o->force && i < t->n_modules; i++) {
		target_forget_symbols(t, t->modules[i]);
		t->modules[i]->load_anything = o->ignore;
	}
	if (o->force)
		sym_gather(t);
	for (size_t i = 0; i < t->n_modules; i++) {
		TRY(session_poll(s));
		if (o->force)
			load(s, out, t->modules[i], o->verbose ? NULL : &silent);
		else
			reload_one(s, out, o, t->modules[i]);
	}
	if (t->kernel) {
		task_user_modules(s, out, session_kprocess(s), !o->kernel_only);
		doc_text(out, "Loading unloaded module list");
		emit_dots(out, t->n_unloaded);
	}
	return ok();
}

static err_t reload(struct session *s, struct call *c, struct doc *out, const struct options *o, const struct which *w)
{
	struct target *t = s->target;
	if (o->unload)
		return unload(s, c, out, o, w->name);
	if (o->unloaded)
		return reload_unloaded(s, c, out, o, w);
	if (!w->name && o->user_only) {
		task_user_modules(s, out, session_kprocess(s), true);
		return ok();
	}
	if (!w->name)
		return reload_all(s, out, o);
	size_t n = 0;
	for (size_t pass = 0; !n && pass < 2; pass++) {
		for (size_t i = 0; i < t->n_modules; i++) {
			TRY(session_poll(s));
			struct module *m = t->modules[i];
			if (!matches(o, w->name, m) || (w->has_base && m->base != w->base))
				continue;
			n++;
			reload_one(s, out, o, m);
		}
		if (n || w->has_base)
			break;
		for (size_t i = 0; i < t->n_own; i++) // it may have been unloaded before
			if (matches(o, w->name, t->all[i]))
				target_restore_module(t, t->all[i]);
	}
	return n ? ok() : add(s, c, out, o, w);
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	if (str_eq(c->name, "ld"))
		return run_ld(s, c, out);
	struct target *t = s->target;
	struct options o = { 0 };
	struct which w = { 0 };
	TRY(parse(c, &o));
	TRY(parse_which(c, &w));
	if ((o.kernel_only || o.user_only) && !t->kernel)
		return usage(c, "%s is for kernel dumps", o.kernel_only ? "/n" : "/user");
	if (o.list) {
		cmd_nested(s, "lm", out);
		return ok();
	}
	store_forget(t->store);
	t->store->overwrite = o.overwrite;
	err_t e = reload(s, c, out, &o, &w);
	t->store->overwrite = false;
	symbols_changed(s);
	return e;
}

static const struct schema *const rows[] = { &symbol_load, &module_unloaded, &module_added, NULL };
const struct cmd cmd_reload = {
	.names = ".reload ld",
	.group = "Modules and symbols",
	.args = "[/f] [/i] [/u] [/unl] [/v] [/o] [/w] [MODULE[=ADDRESS[,SIZE[,TIMESTAMP]]]]",
	.summary = "Load symbols anew (.reload), or now (ld); add and remove modules",
	.help = ".reload              forget all symbols; they are loaded again when needed\n"
		".reload /f foo.dll   load them now\n"
		".reload /i foo.dll   now, and a PDB of another build when none matches: lm marks it M\n"
		".reload /o /f foo.dll  and replace its copies in downstream stores\n"
		".reload /u foo.dll   take the module from the list; .reload puts it back\n"
		".reload foo.dll=7ff00000,20000\n"
		"                     add a module: its size and time stamp come from its header when it is in memory\n"
		".reload /unl foo.sys the same with a module of the unloaded list\n"
		"ld foo, ld *         load symbols now\n",
	.run = run,
	.rows = rows,
};

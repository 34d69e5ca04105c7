// SPDX-License-Identifier: Apache-2.0
// sympath.c: .sympath, .exepath, and what .symfix does: where symbols and images are looked for.
#include "cmd/symbols.h"

#include <string.h>

extern const struct cmd cmd_sympath;

SCHEMA(symbol_path, "The symbol path", NULL,
       "Symbol search path is: {path}\nExpanded Symbol search path is: {expanded}",
       { "path", R_STR, "as it was given" }, { "expanded", R_STR, "with srv* written out" });
const struct schema *const symfix_rows[] = { &symbol_path, NULL };
SCHEMA(image_path, "The path of executable images", NULL,
       "Executable image search path is: {path}\nExpanded Executable image search path is: {expanded}",
       { "path", R_STR, "as it was given" }, { "expanded", R_STR, "with srv* written out" });
// The heading and the columns as WinDbg 10 has them; layout unverified.
SCHEMA(path_element, "An element of a path, and what is known of it without looking for a file",
       "\n************* Path validation summary **************\n"
       "Response                         Time (ms)     Location",
       "{response:47}{location}", { "response", R_STR, "OK, Error, or Deferred: a store that is asked when needed" },
       { "location", R_STR, "as it was given" }, { "places", R_STRS, "host folders and URLs it stands for" },
       { "why", R_STR, "what cannot be used of it, and why; null: nothing to say" });
static const struct layout silent = { NULL, NULL };

void symbols_changed(struct session *s)
{
	s->verdict = s->facts = s->findings = NULL;
}

void note_symbols(struct doc *out, const struct module *m)
{
	const struct symbols *sy = m->symbols;
	const char *note = sy && sy->provider->note ? sy->provider->note(m->symbols) : NULL;
	if (note)
		doc_note(out, NOTE_WARNING, "symbols.partial", "%s: %s", m->name, note);
}

static const char *response(const struct store_element *e, bool more)
{
	if (!e->n_places)
		return more ? "Deferred" : "Error";
	if (e->is_cache || e->places[0].kind != STORE_FOLDER)
		return "Deferred";
	return folder_exists(e->places[0].path) ? "OK" : "Error";
}

static void emit_elements(struct session *s, struct call *c, struct doc *out, const struct store_path *p)
{
	bool http = false;
	for (size_t i = 0; i < p->n; i++) {
		const struct store_element *e = &p->elements[i];
		struct val *places = NEW_N(c->a, struct val, e->n_places);
		for (size_t j = 0; j < e->n_places; j++) {
			places[j] = VS(e->places[j].path);
			http = http || e->places[j].kind == STORE_HTTP;
		}
		// srv* alone is two elements, but one word of the user's.
		bool again = i && p->elements[i - 1].text == e->text, more = i + 1 < p->n && e[1].text == e->text;
		ROW_AS(out, path_element, again ? &silent : NULL, VS(response(e, more)), VS(e->text),
		       VL(places, e->n_places), VS(e->warning));
	}
	for (size_t i = 0; i < p->n; i++)
		if (p->elements[i].warning)
			doc_note(out, NOTE_WARNING, "symbols.path", "WARNING: %s", p->elements[i].warning);
	if (http && !s->target->store->fetcher.get)
		doc_note(out, NOTE_WARNING, "symbols.no_network",
			 "WARNING: symbol servers cannot be asked here; the folders of the path are used");
}

static const char *shown(const char *path)
{
	return *path ? path : "<empty>";
}

static const char *appended(struct call *c, const char *old, const char *path)
{
	return *old ? arena_printf(c->a, "%s;%s", old, path) : path;
}

static void set_symbol_path(struct session *s, const char *path)
{
	// The path is the debugger's: all open dumps use it.
	for (size_t i = 0; i < s->dbg->n_systems; i++) {
		target_set_symbol_path(s->dbg->systems[i]->target, path);
		symbols_changed(s->dbg->systems[i]);
	}
}

static void set_image_path(struct session *s, const char *path)
{
	for (size_t i = 0; i < s->dbg->n_systems; i++) {
		target_set_image_path(s->dbg->systems[i]->target, path);
		symbols_changed(s->dbg->systems[i]);
	}
}

err_t symfix_run(struct session *s, struct call *c, struct doc *out)
{
	struct target *t = s->target;
	const char *dir = arg_rest(c);
	for (size_t i = 0; i < s->dbg->n_systems; i++) {
		struct target *each = s->dbg->systems[i]->target;
		each->store->home.symfix = *dir ? arena_strdup(each->arena, dir) : NULL;
	}
	set_symbol_path(s, call_flag(c, '+') ? appended(c, t->symbol_path.text, "srv*") : "srv*");
	const char *downstream = t->store->home.downstream;
	if (!*dir && downstream)
		doc_text(out, arena_printf(c->a, "No downstream store given, using %s", downstream));
	// Microsoft's page shows that the command itself prints no path.
	ROW_AS(out, symbol_path, &silent, VS(t->symbol_path.text), VS(t->symbol_path.expanded));
	for (size_t i = 0; i < t->symbol_path.n; i++)
		if (t->symbol_path.elements[i].warning)
			doc_note(out, NOTE_WARNING, "symbols.path", "WARNING: %s", t->symbol_path.elements[i].warning);
	return ok();
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	struct target *t = s->target;
	bool images = str_ieqn(c->name, ".exepath", strlen(".exepath"));
	const struct store_path *p = images ? &t->image_path : &t->symbol_path;
	const char *path = arg_rest(c);
	if (*path) {
		if (call_flag(c, '+'))
			path = appended(c, p->text, path);
		if (images)
			set_image_path(s, path);
		else
			set_symbol_path(s, path);
	}
	if (images)
		ROW(out, image_path, VS(shown(p->text)), VS(shown(p->expanded)));
	else
		ROW(out, symbol_path, VS(shown(p->text)), VS(shown(p->expanded)));
	emit_elements(s, c, out, p);
	return ok();
}

// A path has ';' in it. Without one the command only shows, and others may follow.
static size_t extent(const char *name, const char *args)
{
	(void)name;
	const char *p = args + strspn(args, "+ \t");
	return *p == ';' ? (size_t)(p - args) : strcspn(args, "\n");
}

static const struct schema *const rows[] = { &symbol_path, &image_path, &path_element, NULL };
const struct cmd cmd_sympath = {
	.names = ".sympath .exepath",
	.flags = "+",
	.group = "Modules and symbols",
	.extent = extent,
	.args = "[+] [PATH]",
	.summary = "Show or set the path of symbols (.sympath) or of images (.exepath)",
	.help = ".sympath                      show the path\n"
		".sympath /syms;srv*/cache*/share/store\n"
		"                              set it: folders and chains of stores, the nearest first\n"
		".sympath+ PATH                append to it\n"
		".exepath[+] PATH              the same for EXE and DLL files\n"
		"An element is a folder, srv*STORE*STORE, symsrv*symsrv.dll*STORE, or cache*FOLDER, which keeps what "
		"the\n"
		"elements behind it find. An empty STORE or FOLDER is the default one. See docs/symbols.md.\n",
	.run = run,
	.rows = rows,
};

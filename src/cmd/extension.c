// SPDX-License-Identifier: Apache-2.0
// extension.c: .chain .load .loadby .unload .setdll .extpath: extension DLLs, whose commands are built in here.
#include "base/os.h"
#include "cmd/names.h"

#include <string.h>

extern const struct cmd cmd_extension;

SCHEMA(extension_path, "Where extension DLLs are looked for", NULL, NULL, { "path", R_STR, "null: nowhere" });
static const struct layout
	path_of_chain = { NULL, "Extension DLL search Path:\n    {?path {path}}{!path <none: all are built in>}" },
	path_alone = { NULL, "Extension search path is: {?path {path}}" };
SCHEMA(extension_dll, "An extension DLL whose commands are built in",
       "Extension DLL chain:", "    {name}: built into dumpscope {version}, {count} commands for {about}",
       { "name", R_STR, "the DLL" }, { "version", R_STR, "of this program" },
       { "count", R_DEC, "how many of its commands there are" }, { "about", R_STR, "what they are for" });
SCHEMA(extension_loaded, "An extension that was asked for is there", NULL, "{name}: its commands are built in",
       { "name", R_STR, "the DLL" });

struct count {
	const struct family *f;
	size_t n;
};

static void count_one(void *ctx, const struct cmd *c, const char *name)
{
	struct count *k = ctx;
	k->n += name[0] == '!' && family_of(c, name) == k->f;
}

static err_t chain(struct call *c, struct doc *out)
{
	(void)arg_switch(c, "/D"); // DML: links, which plain text has not
	TRY(arg_done(c));
	ROW_AS(out, extension_path, &path_of_chain, VS(os_env("_NT_DEBUGGER_EXTENSION_PATH")));
	for (const struct family *f = families; f->name; f++) {
		struct count k = { f, 0 };
		names_each(c->a, count_one, &k);
		ROW(out, extension_dll, VS(f->name), VS(DUMPSCOPE_VERSION), V(k.n), VS(f->about));
	}
	return ok();
}

static err_t load(struct call *c, const char *dll, struct doc *out)
{
	const struct family *f = family_find(dll, strlen(dll));
	if (f) {
		ROW(out, extension_loaded, VS(f->name));
		return ok();
	}
	return names_no_dll(c->a, dll);
}

static err_t load_by(struct call *c, const char *dll, struct doc *out)
{
	const char *name = arg_word(c);
	const struct target *t = c->s->target;
	bool found = false;
	if (!name)
		return usage(c, ".loadby wants a DLL and a module");
	for (size_t i = 0; t && i < t->n_modules && !found; i++)
		found = str_ieq(t->modules[i]->name, name) || str_ieq(t->modules[i]->image_name, name);
	return found ? load(c, dll, out) : cmd_fail(c, E_NOTFOUND, 0, "Unable to find module '%s'", name);
}

static err_t unload(struct call *c, const char *dll, struct doc *out)
{
	const struct family *f = family_find(dll, strlen(dll));
	if (!f)
		return cmd_fail(c, E_NOTFOUND, 0, "%s is not loaded", dll);
	doc_note(out, NOTE_INFO, "extension.built_in", "%s is built in and stays", f->name);
	return ok();
}

static err_t set_path(struct call *c, struct doc *out)
{
	const char *env = os_env("_NT_DEBUGGER_EXTENSION_PATH");
	if (*arg_rest(c))
		return cmd_fail(c, E_UNSUPPORTED, 0, "not supported: extension DLLs, so there is no path for them");
	ROW_AS(out, extension_path, &path_alone, VS(env));
	return ok();
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	(void)s;
	if (str_ieq(c->name, ".chain"))
		return chain(c, out);
	if (str_ieqn(c->name, ".extpath", 8))
		return set_path(c, out);
	const char *dll = arg_word(c);
	if (str_ieq(c->name, ".unloadall") || (!dll && str_ieq(c->name, ".unload"))) {
		doc_note(out, NOTE_INFO, "extension.built_in", "extensions are built in and stay");
		return ok();
	}
	if (!dll)
		return usage(c, "%s wants the name of a DLL", c->name);
	if (str_ieq(c->name, ".loadby"))
		return load_by(c, dll, out);
	TRY(arg_done(c));
	// .setdll changes which one is asked first; no two here have a command of one name.
	return str_ieq(c->name, ".unload") ? unload(c, dll, out) : load(c, dll, out);
}

static const struct schema *const rows[] = { &extension_path, &extension_dll, &extension_loaded, NULL };
const struct cmd cmd_extension = {
	.names = ".chain .load .loadby .unload .unloadall .setdll .extpath .extpath+",
	.no_target = true,
	.group = "The program",
	.args = "[DLL [MODULE]]",
	.summary = "Extension DLLs; their commands are built in",
	.help = ".chain         the DLLs whose commands there are\n"
		".load ext      nothing needs to be loaded; says so, or that it is not supported\n"
		".loadby sos clr\n"
		"!kdexts.help   the commands of one\n",
	.run = run,
	.rows = rows,
};

// SPDX-License-Identifier: Apache-2.0
// for_each_module.c: !for_each_module: commands for every module. Aliases: debuggercmds/-for-each-module.md.
#include "base/limits.h"
#include "cmd/each.h"

#include <inttypes.h>
#include <string.h>

extern const struct cmd cmd_for_each_module;

// DEBUG_SYMTYPE_XXX and DEBUG_MODULE_XXX of Microsoft's dbgeng.h.
enum { SYMTYPE_NONE, SYMTYPE_COFF, SYMTYPE_CODEVIEW, SYMTYPE_PDB, SYMTYPE_EXPORT, SYMTYPE_DEFERRED, SYMTYPE_SYM };
enum { MODULE_USER_MODE = 2, MODULE_SYM_BAD_CHECKSUM = 0x10000 };

static unsigned symbol_type(const struct module *m)
{
	switch (sym_module_state(m)) {
	case SYM_DEFERRED:
		return SYMTYPE_DEFERRED;
	case SYM_NONE:
		return SYMTYPE_NONE;
	case SYM_EXPORT:
		return SYMTYPE_EXPORT;
	default:
		return SYMTYPE_PDB;
	}
}

static unsigned flags_of(const struct target *t, const struct module *m)
{
	bool user = !t->kernel || m->base >> (t->ptr_bytes * 8 - 1) == 0;
	return (user ? MODULE_USER_MODE : 0) | (m->mismatch ? MODULE_SYM_BAD_CHECKSUM : 0);
}

static const char *version(struct arena *a, const uint32_t *ms)
{
	return arena_printf(a, "%u.%u.%u.%u", ms[0] >> 16, ms[0] & 0xffff, ms[1] >> 16, ms[1] & 0xffff);
}

struct module_aliases {
	struct alias list[24];
	size_t n;
	struct arena *a;
};

static void add(struct module_aliases *l, const char *name, const char *value)
{
	if (l->n < ARRAY_LEN(l->list))
		l->list[l->n++] = (struct alias){ name, value ? value : "" };
}

static void add_file(struct module_aliases *l, const char *name, const char *value)
{
	add(l, name, value);
	add(l, arena_printf(l->a, "%sSize", name), arena_printf(l->a, "%zu", value ? strlen(value) + 1 : 1));
}

// Addresses: eight digits on x86, as recorded output has them; sixteen without a '`': layout unverified.
static void fill(struct session *s, struct module_aliases *l, struct module *m)
{
	enum { FILE_MS = 2, PRODUCT_MS = 4 };
	struct arena *a = l->a;
	const struct pe_version *v = NULL;
	bool have = !m->facts->has_version && !target_module_version(s->target, m, &v).code && v && v->has_fixed;
	const uint32_t *fixed = m->facts->has_version ? m->facts->fixed : have ? v->fixed : NULL;
	int digits = s->target->ptr_bytes == 4 ? 8 : 16;
	add(l, "@#ModuleIndex", arena_printf(a, "%02zu", m->index));
	add(l, "@#Base", arena_printf(a, "%0*" PRIx64, digits, m->base));
	add(l, "@#End", arena_printf(a, "%0*" PRIx64, digits, m->base + m->size));
	add(l, "@#Size", arena_printf(a, "%" PRIx64, m->size));
	add(l, "@#TimeDateStamp", arena_printf(a, "%08" PRIx32, m->timestamp));
	add(l, "@#Checksum", arena_printf(a, "%08" PRIx32, m->checksum));
	add(l, "@#Flags", arena_printf(a, "%08x", flags_of(s->target, m)));
	add(l, "@#SymbolType", arena_printf(a, "%u", symbol_type(m)));
	add(l, "@#FileVersion", fixed ? version(a, fixed + FILE_MS) : NULL);
	add(l, "@#ProductVersion", fixed ? version(a, fixed + PRODUCT_MS) : NULL);
	add_file(l, "@#ModuleName", m->name);
	add_file(l, "@#ImageName", m->path);
	add_file(l, "@#LoadedImageName", m->image_name);
	add_file(l, "@#MappedImageName", m->image_file);
	add_file(l, "@#SymbolFileName", m->symbol_file ? m->symbol_file : m->image_name);
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	struct target *t = s->target;
	if (each_help(c, out))
		return ok();
	const char *commands_ = arg_commands(c);
	if (!*commands_)
		commands_ = ".echo @#ModuleIndex : @#Base @#End @#ModuleName @#ImageName  @#LoadedImageName";
	// The commands may load and unload modules.
	size_t n = t->n_modules;
	struct module **list = NEW_N(c->a, struct module *, n + 1);
	if (n)
		memcpy(list, t->modules, n * sizeof(*list));
	for (size_t i = 0; i < n && script_of(s)->flow == FLOW_ON && !s->dbg->quit; i++) {
		struct module_aliases l = { .a = arena_new(LIMIT_COMMAND_MEMORY) };
		fill(s, &l, list[i]);
		err_t e = each_run(s, commands_, l.list, l.n, out);
		arena_free(l.a);
		TRY(e);
	}
	return ok();
}

static const struct schema *const rows[] = { NULL };
const struct cmd cmd_for_each_module = {
	.names = "!for_each_module",
	.group = "Programs",
	.args = "[COMMANDS | \"COMMANDS; COMMANDS\"]",
	.summary = "Run commands for every module",
	.help = "!for_each_module .echo @#ModuleName @#Base @#End\n"
		"@#ModuleIndex @#ModuleName @#Base @#End @#Size @#ImageName @#LoadedImageName @#MappedImageName\n"
		"@#SymbolFileName @#SymbolType @#FileVersion @#ProductVersion @#TimeDateStamp @#Checksum @#Flags\n"
		"stand between blanks, or as ${@#Base}. Without commands: a line for each module.\n",
	.run = run,
	.rows = rows,
};

// SPDX-License-Identifier: Apache-2.0
// scope.c: what expressions see of a session: registers, pseudo-registers, symbols, memory.
#include "cmd/scope.h"
#include "base/limits.h"
#include "cmd/cpp.h"
#include "value/locals.h"

#include <stdlib.h>
#include <string.h>

static bool scope_reg(void *ctx, const char *name, uint64_t *ret, err_t *err)
{
	const struct session *s = ctx;
	unsigned n, shift, bits;
	if (!s->target || !s->target->arch || !arch_reg_find(s->target->arch, name, &n, &shift, &bits))
		return false;
	*err = s->regs_known && reg_known(&s->regs, n) ? ok() : fail(E_ABSENT, "the register's value is not known", n);
	uint64_t v = reg_get(&s->regs, n) >> shift;
	*ret = bits < 64 ? v & (((uint64_t)1 << bits) - 1) : v;
	return true;
}

// A variable of the local context, by its address: "$!name", or a bare name.
static bool scope_local(struct session *s, const char *name, uint64_t *ret, err_t *err)
{
	struct frame f;
	struct locals l;
	bool marked = str_starts(name, "$!");
	name += marked ? 2 : 0;
	struct module *m =
		s->regs_known ? target_module_at(s->target, reg_get(&s->regs, reg_pc(s->target->machine))) : NULL;
	bool loads = !(s->target->symbol_options & SYMOPT_NO_UNQUALIFIED_LOADS) || marked;
	if (strchr(name, '!') || !m || (!loads && !m->symbols))
		return false;
	struct arena *a = arena_child(s->arena, LIMIT_COMMAND_MEMORY);
	const struct local *v = NULL;
	if (!stack_frame(s, a, s->frame, &f).code) {
		locals_of(s, a, &f, &l);
		v = locals_named(&l, name, strlen(name));
	}
	bool found = v != NULL;
	if (found && v->in_memory)
		*ret = v->va;
	else if (found)
		*err = fail(E_ABSENT,
			    v->why ? "the variable is not available here"
				   : "the variable is in a register and has no address",
			    0);
	arena_free(a);
	return found;
}

// A name that is not found is tried with the suffix of `ss`.
static err_t find_name(struct session *s, const char *name, uint64_t *ret, bool loaded_only)
{
	char longer[LIMIT_SOURCE_NAME];
	size_t n = strlen(name);
	bool loaded = loaded_only && !strchr(name, '!');
	err_t e = loaded ? sym_find_loaded(s->target, name, ret) : sym_find(s->target, name, ret);
	if (e.code != E_NOTFOUND || !s->dbg->symbol_suffix || n + 2 > sizeof(longer))
		return e;
	memcpy(longer, name, n);
	longer[n] = s->dbg->symbol_suffix;
	longer[n + 1] = 0;
	return loaded ? sym_find_loaded(s->target, longer, ret) : sym_find(s->target, longer, ret);
}

static bool scope_symbol(void *ctx, const char *name, uint64_t *ret, err_t *err)
{
	struct session *s = ctx;
	if (!s->target)
		return false;
	*err = ok();
	// The name of a register, or one with '$', is not worth loading all symbols for.
	unsigned reg, shift, bits;
	bool local = str_starts(name, "$!");
	bool other = *name == '$' || (s->target->arch && arch_reg_find(s->target->arch, name, &reg, &shift, &bits));
	if ((local || !other) && scope_local(s, name, ret, err))
		return true;
	if (local)
		return false;
	err_t e = find_name(s, name, ret, other);
	*err = e.code == E_AMBIGUOUS ? e : ok();
	return !e.code;
}

struct first_line {
	va_t va;
	bool found;
};

static bool take_line(void *ctx, const struct sym_line *l)
{
	struct first_line *w = ctx;
	w->va = l->va;
	w->found = true;
	return false;
}

// "[[mod!]file][:line]"; without a file that of the current instruction.
static bool scope_line(void *ctx, const char *spec, uint64_t *ret, err_t *err)
{
	struct session *s = ctx;
	struct first_line w = { 0, false };
	struct sym_line here;
	char file[LIMIT_SOURCE_NAME], module[LIMIT_SOURCE_NAME] = "*";
	const char *bang = strchr(spec, '!'), *colon = strrchr(spec, ':'), *name = bang ? bang + 1 : spec;
	size_t n = colon && colon >= name ? (size_t)(colon - name) : strlen(name);
	char *end = NULL;
	unsigned long line =
		colon && colon >= name ? strtoul(colon + 1, &end, str_ieqn(colon + 1, "0x", 2) ? 16 : 10) : 1;
	if (!s->target || n >= sizeof(file) || (bang && (size_t)(bang - spec) >= sizeof(module)) || (end && *end) ||
	    !line || line > UINT32_MAX)
		return false;
	*err = ok();
	memcpy(file, name, n);
	file[n] = 0;
	if (bang) {
		memcpy(module, spec, (size_t)(bang - spec));
		module[bang - spec] = 0;
	}
	const char *wanted = file;
	if (!n) {
		if (!s->regs_known || !sym_line_at(s->target, reg_get(&s->regs, reg_pc(s->target->machine)), &here))
			return false;
		wanted = here.file;
	}
	for (size_t i = 0; i < s->target->n_modules && !w.found; i++) {
		struct module *m = s->target->modules[i];
		struct symbols *sy = str_wild(module, m->name) ? sym_load(s->target, m) : NULL;
		if (sy && sy->provider->line_addresses)
			sy->provider->line_addresses(sy, wanted, (uint32_t)line, take_line, &w);
		*err = session_poll(s);
		if (err->code)
			return true;
	}
	*ret = w.va;
	return w.found;
}

static bool scope_read(void *ctx, va_t va, unsigned n, uint64_t *ret)
{
	const struct session *s = ctx;
	uint8_t b[8];
	if (!s->target || n > sizeof(b) || !space_read_all(s->target->space, va, b, n))
		return false;
	*ret = le_get(b, n);
	return true;
}

struct expr_scope cmd_scope(struct session *s)
{
	return (struct expr_scope){ .ctx = s,
				    .ptr_bytes = s->target ? s->target->ptr_bytes : 8,
				    .radix = s->dbg->radix,
				    .kernel = s->target && s->target->kernel,
				    .reg = scope_reg,
				    .pseudo = scope_pseudo,
				    .symbol = scope_symbol,
				    .read = scope_read,
				    .line = scope_line,
				    .read_phys = scope_read_phys,
				    .valid = scope_valid,
				    .image_entry = scope_image_entry,
				    .fn_success = scope_fn_success,
				    .cpp = scope_cpp,
				    .other = s->dbg->cpp_default ? scope_cpp_argument : NULL };
}

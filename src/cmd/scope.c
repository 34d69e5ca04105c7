// SPDX-License-Identifier: Apache-2.0
// scope.c: what expressions see of a session: registers, pseudo-registers, symbols, memory.
#include "base/limits.h"
#include "cmd/cmd.h"
#include "target/kernel.h"
#include "value/locals.h"
#include "win/peb.h"

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

static bool known(const struct session *s, unsigned reg, uint64_t *ret, err_t *err)
{
	*err = s->regs_known && reg_known(&s->regs, reg) ? ok()
							 : fail(E_ABSENT, "the register's value is not known", reg);
	*ret = reg_get(&s->regs, reg);
	return true;
}

static err_t return_address(const struct session *s, uint64_t *ret)
{
	struct arena *a = arena_new(LIMIT_COMMAND_MEMORY);
	struct regs r;
	struct stack st;
	err_t e = session_known_regs(s, &r);
	if (!e.code)
		e = stack_walk((struct session *)s, NULL, &r, 1, a, &st);
	if (!e.code && !st.frames[0].ret_known)
		e = fail(E_ABSENT, "the return address is not known", 0);
	*ret = e.code ? 0 : st.frames[0].ret;
	arena_free(a);
	return e;
}

static bool scope_ip(const struct session *s, uint64_t *ret, err_t *err)
{
	struct arena *a = arena_new(LIMIT_COMMAND_MEMORY);
	struct frame f = { .ip = 0 };
	*err = stack_frame((struct session *)s, a, s->frame, &f);
	*ret = f.ip;
	arena_free(a);
	return true;
}

static bool exception_pseudo(const struct dump_exception *x, const char *name, uint64_t *ret, err_t *err)
{
	*err = x->present ? ok() : fail(E_ABSENT, "the dump holds no exception", 0);
	if (str_ieq(name, "exr_code"))
		*ret = x->code;
	else if (str_ieq(name, "exr_numparams"))
		*ret = x->n_params;
	else if (str_ieq(name, "exr_chance"))
		*err = fail(E_ABSENT, "a dump does not record the chance of its exception", 0);
	else if (str_ieqn(name, "exr_param", 9) && name[9] >= '0' && name[9] <= '9') {
		size_t i = (size_t)(name[9] - '0');
		if (name[10] >= '0' && name[10] <= '9')
			i = i * 10 + (size_t)(name[10] - '0');
		if (i >= 15)
			return false;
		*ret = x->params[i];
	} else {
		return false;
	}
	return true;
}

static bool kernel_pseudo(const struct session *s, const char *name, uint64_t *ret, err_t *err)
{
	const struct dump_kernel *k = s->target->kernel->facts;
	if (str_ieq(name, "thread")) {
		*ret = session_kthread(s);
		*err = *ret ? ok() : fail(E_ABSENT, "the dump does not tell the current thread", 0);
	} else if (str_ieq(name, "proc")) {
		*ret = session_kprocess(s);
		*err = *ret ? ok() : fail(E_ABSENT, "the dump does not tell the current process", 0);
	} else if (str_ieq(name, "bug_code")) {
		*ret = k->bugcheck;
	} else if (str_ieqn(name, "bug_param", 9) && name[9] >= '1' && name[9] <= '4' && !name[10]) {
		*ret = k->params[name[9] - '1'];
	} else {
		return false;
	}
	return true;
}

// $t0 to $t19.
static bool user_pseudo(const struct session *s, const char *name, uint64_t *ret)
{
	if ((name[0] != 't' && name[0] != 'T') || name[1] < '0' || name[1] > '9')
		return false;
	size_t n = (size_t)(name[1] - '0');
	if (name[2] >= '0' && name[2] <= '9' && !name[3])
		n = n * 10 + (size_t)(name[2] - '0');
	else if (name[2])
		return false;
	if (n >= ARRAY_LEN(s->t))
		return false;
	*ret = s->t[n];
	return true;
}

static bool ids_pseudo(const struct session *s, const char *name, uint64_t *ret, err_t *err)
{
	const struct target *t = s->target;
	const struct thread *th = s->thread < t->n_threads ? &t->threads[s->thread] : NULL;
	if (str_ieq(name, "teb") || str_ieq(name, "thread")) {
		*ret = session_teb((struct session *)s);
		*err = *ret ? ok() : fail(E_ABSENT, "the dump records no TEB for this thread", 0);
		return true;
	}
	if (str_ieq(name, "peb") || str_ieq(name, "proc")) {
		*ret = session_peb((struct session *)s);
		*err = *ret ? ok() : fail(E_ABSENT, "the dump does not tell where the PEB is", 0);
		return true;
	}
	if (str_ieq(name, "tid")) {
		*err = th ? ok() : fail(E_ABSENT, "the dump has no threads", 0);
		*ret = th ? th->tid : 0;
		return true;
	}
	if (str_ieq(name, "tpid")) {
		*err = t->pid_known ? ok() : fail(E_ABSENT, "the dump does not record its process id", 0);
		*ret = t->pid;
		return true;
	}
	return false;
}

static bool scope_pseudo(void *ctx, const char *name, uint64_t *ret, err_t *err)
{
	const struct session *s = ctx;
	const struct target *t = s->target;
	*err = ok();
	if (user_pseudo(s, name, ret))
		return true;
	if (!t)
		return false;
	const struct thread *th = s->thread < t->n_threads ? &t->threads[s->thread] : NULL;
	unsigned ret_reg = t->machine == MACHINE_ARM64 ? (unsigned)A64_X0 : (unsigned)X64_RAX;
	if (str_ieq(name, "scopeip") && s->frame)
		return scope_ip(s, ret, err);
	if (str_ieq(name, "ip") || str_ieq(name, "scopeip") || str_ieq(name, "eventip"))
		return known(s, reg_pc(t->machine), ret, err);
	if (str_ieq(name, "csp"))
		return known(s, reg_sp(t->machine), ret, err);
	if (str_ieq(name, "retreg") || str_ieq(name, "retreg64"))
		return known(s, ret_reg, ret, err);
	if (str_ieq(name, "ra")) {
		*err = return_address(s, ret);
		return true;
	}
	if (t->kernel && kernel_pseudo(s, name, ret, err))
		return true;
	if (ids_pseudo(s, name, ret, err))
		return true;
	const uint64_t fixed[] = { t->ptr_bytes,       4096,
				   th ? th->index : 0, 0,
				   s->frame,           t->n_modules ? t->modules[0]->base : 0 };
	static const char *const fixed_names[] = { "ptrsize", "pagesize", "dtid", "dpid", "frame", "exentry" };
	for (size_t i = 0; i + 1 < ARRAY_LEN(fixed); i++) {
		if (str_ieq(name, fixed_names[i])) {
			*ret = fixed[i];
			return true;
		}
	}
	if (str_ieq(name, "exentry") && t->n_modules) {
		const struct pe *pe;
		*err = target_module_pe((struct target *)t, t->modules[0], &pe);
		*ret = err->code ? 0 : t->modules[0]->base + pe->entry;
		return true;
	}
	if (str_ieq(name, "dbgtime")) {
		*ret = t->user->timestamp;
		return true;
	}
	return exception_pseudo(&t->user->exception, name, ret, err);
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
	struct arena *a = arena_new(LIMIT_COMMAND_MEMORY);
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
	if (e.code != E_NOTFOUND || !s->symbol_suffix || n + 2 > sizeof(longer))
		return e;
	memcpy(longer, name, n);
	longer[n] = s->symbol_suffix;
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
	unsigned long line = colon && colon >= name ? strtoul(colon + 1, &end, 10) : 1;
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
				    .radix = s->radix,
				    .reg = scope_reg,
				    .pseudo = scope_pseudo,
				    .symbol = scope_symbol,
				    .read = scope_read,
				    .line = scope_line };
}

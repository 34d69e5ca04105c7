// SPDX-License-Identifier: Apache-2.0
// scope_pseudo.c: the automatic pseudo-registers and $t0 to $t19. Documented in Microsoft's "Pseudo-Register Syntax".
#include "base/limits.h"
#include "cmd/insn.h"
#include "cmd/scope.h"
#include "cmd/script.h"
#include "target/kernel.h"
#include "value/locals.h"
#include "win/peb.h"

#include <string.h>

static bool known(const struct session *s, unsigned reg, uint64_t *ret, err_t *err)
{
	*err = s->regs_known && reg_known(&s->regs, reg) ? ok()
							 : fail(E_ABSENT, "the register's value is not known", reg);
	*ret = reg_get(&s->regs, reg);
	return true;
}

static err_t return_address(const struct session *s, uint64_t *ret)
{
	struct arena *a = arena_child(s->arena, LIMIT_COMMAND_MEMORY);
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
	struct arena *a = arena_child(s->arena, LIMIT_COMMAND_MEMORY);
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
	if (n >= ARRAY_LEN(s->dbg->t))
		return false;
	*ret = s->dbg->t[n];
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

// The effective address of the instruction at the instruction pointer. Instructions with two come without their
// second here.
static bool effective_pseudo(const struct session *s, const char *name, uint64_t *ret, err_t *err)
{
	struct insn in;
	uint8_t bytes[16];
	unsigned pc = reg_pc(s->target->machine);
	if (!str_ieq(name, "ea") && !str_ieq(name, "ea2"))
		return false;
	bool got = s->regs_known && reg_known(&s->regs, pc) && !name[2] &&
		   insn_fetch(s->target, reg_get(&s->regs, pc), &in, bytes) &&
		   insn_operand_address(s, &in, &s->regs, ret);
	*err = got ? ok() : fail(E_ABSENT, "the instruction has no such effective address", 0);
	return true;
}

// The processor's blocks.
static bool processor_pseudo(const struct session *s, const char *name, uint64_t *ret, err_t *err)
{
	const struct kernel *k = s->target->kernel;
	bool pcr = str_ieq(name, "pcr");
	if (!pcr && !str_ieq(name, "pcrb"))
		return false;
	uint64_t back = k ? kernel_kdbg(k, KDBG_PCR_PRCB_OFF, 2) : 0;
	va_t prcb = k && s->thread < k->n_processors ? k->processors[s->thread].prcb : 0;
	*err = prcb && (back || !pcr) ? ok() : fail(E_ABSENT, "the dump does not tell the processor's block", 0);
	*ret = pcr ? prcb - back : prcb;
	return true;
}

// What only a running debuggee has, or nobody documents; $bpN without a breakpoint is 0.
static bool live_pseudo(const char *name, uint64_t *ret, err_t *err)
{
	static const char *const absent[] = { "previp", "relip", "callret", "extin", "lastclrex", "clrex", "argreg" };
	for (size_t i = 0; i < ARRAY_LEN(absent); i++) {
		if (str_ieq(name, absent[i])) {
			*err = fail(E_ABSENT, "a dump has nothing for this pseudo-register", 0);
			return true;
		}
	}
	*ret = 0;
	size_t digits = str_ieqn(name, "bp", 2) ? strspn(name + 2, "0123456789") : 0;
	return digits && !name[2 + digits];
}

static bool register_pseudo(const struct session *s, const char *name, uint64_t *ret, err_t *err)
{
	const struct target *t = s->target;
	unsigned ret_reg = t->machine == MACHINE_ARM64 ? (unsigned)A64_X0 : (unsigned)X64_RAX;
	if (str_ieq(name, "scopeip") && s->frame)
		return scope_ip(s, ret, err);
	if (str_ieq(name, "ip") || str_ieq(name, "scopeip") || str_ieq(name, "eventip"))
		return known(s, reg_pc(t->machine), ret, err);
	if (str_ieq(name, "csp"))
		return known(s, reg_sp(t->machine), ret, err);
	if (str_ieq(name, "retreg64") && t->machine == MACHINE_X86) {
		uint64_t high = 0;
		(void)known(s, X64_RDX, &high, err);
		bool there = !err->code;
		(void)known(s, X64_RAX, ret, err);
		if (!there && !err->code)
			*err = fail(E_ABSENT, "the register's value is not known", X64_RDX);
		*ret = (*ret & UINT32_MAX) | high << 32;
		return true;
	}
	if (str_ieq(name, "retreg") || str_ieq(name, "retreg64"))
		return known(s, ret_reg, ret, err);
	if (str_ieq(name, "ra")) {
		*err = return_address(s, ret);
		return true;
	}
	return effective_pseudo(s, name, ret, err);
}

static bool other_pseudo(const struct session *s, const char *name, uint64_t *ret, err_t *err)
{
	const struct target *t = s->target;
	const struct thread *th = s->thread < t->n_threads ? &t->threads[s->thread] : NULL;
	const uint64_t fixed[] = { t->ptr_bytes, 4096, th ? th->index : 0, 0, 0, s->frame, s->dbg->last_expr };
	static const char *const names[] = { "ptrsize", "pagesize", "dtid", "dpid", "dsid", "frame", "exp" };
	for (size_t i = 0; i < ARRAY_LEN(fixed); i++) {
		if (str_ieq(name, names[i])) {
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
	if (str_ieq(name, "p")) {
		*err = s->dbg->last_shown_known ? ok() : fail(E_ABSENT, "no d command has shown a value", 0);
		*ret = s->dbg->last_shown;
		return true;
	}
	if (str_ieq(name, "extret")) {
		bool set = s->dbg->script && s->dbg->script->extret_known;
		*err = set ? ok() : fail(E_ABSENT, "$extret is set while !list runs its commands", 0);
		*ret = set ? s->dbg->script->extret : 0;
		return true;
	}
	if (str_ieq(name, "dbgtime")) {
		*ret = t->user->timestamp;
		return true;
	}
	return live_pseudo(name, ret, err);
}

bool scope_pseudo(void *ctx, const char *name, uint64_t *ret, err_t *err)
{
	const struct session *s = ctx;
	const struct target *t = s->target;
	*err = ok();
	if (user_pseudo(s, name, ret))
		return true;
	if (!t)
		return false;
	if (register_pseudo(s, name, ret, err) || (t->kernel && kernel_pseudo(s, name, ret, err)) ||
	    processor_pseudo(s, name, ret, err) || ids_pseudo(s, name, ret, err) || other_pseudo(s, name, ret, err))
		return true;
	return exception_pseudo(&t->user->exception, name, ret, err);
}

// SPDX-License-Identifier: Apache-2.0
// kernel_walk.c: steps up a kernel stack of x64 without unwind data. What the kernel itself leaves on its stacks is
// looked for first: trap frames, exception frames, the record that exception dispatch makes. Layouts: public symbols
// (_KTRAP_FRAME, _KEXCEPTION_FRAME); where they lie to each other was measured on dumps of 19041 and 26100.
#include "arch/trap.h"
#include "base/limits.h"
#include "base/str.h"
#include "stack/kernel_int.h"

#include <string.h>

enum { CS = 8, EFL = 16, RSP = 24, SS = 32, MACHINE_BYTES = 40 };
enum { KEXC_RBX = 0x100, KEXC_RETURN = 0x138 }; // Rbp, before Rbx, is not always filled
// KiExceptionDispatch: an exception frame, at whose end an exception record lies; the trap frame follows.
enum { DISPATCH_BYTES = 0x1e0, DISPATCH_RECORD = 0x138, RECORD_ADDRESS = 0x10, RECORD_PARAMETERS = 0x18 };
static const uint8_t saved_order[] = { X64_RBX, X64_RDI, X64_RSI, X64_R12, X64_R13, X64_R14, X64_R15 };

static bool is_kernel_half(va_t va)
{
	return va >> 47 == 0x1ffff;
}

static bool is_parameter(const struct walk *w, va_t va)
{
	const struct dump_kernel *k = w->t->kernel->facts;
	for (size_t i = 0; i < ARRAY_LEN(k->params); i++)
		if (va && k->params[i] == va)
			return true;
	return false;
}

// ---- return addresses
static bool in_kernel_data(const struct walk *w, va_t va)
{
	const struct kernel *k = w->t->kernel;
	const struct module *m = target_module_at(w->t, va);
	return m && m->base == k->base && w->code_end && (va < w->code || va >= w->code_end);
}

bool stack_is_data_name(const char *name)
{
	return name[0] == '`' || str_starts(name, "__imp_") || str_starts(name, "??_C@");
}

bool kernel_is_return_address(struct walk *w, va_t va)
{
	uint8_t byte;
	struct sym_hit h;
	if (!is_kernel_half(va) || !target_module_at(w->t, va) || in_kernel_data(w, va) ||
	    !stack_is_return_address(w, va))
		return false;
	if (space_u8(w->t->space, va - 1, &byte))
		return true; // a call was seen there
	if (sym_near(w->t, va, &h) && (!h.disp || (h.name && stack_is_data_name(h.name))))
		return false;
	// What was not seen to follow a call is not believed twice.
	enum { BACK = 16 };
	for (size_t i = 0; i < MIN(w->n, (size_t)BACK); i++)
		if (w->frames[w->n - 1 - i].ip == va)
			return false;
	return true;
}

static bool return_at(struct walk *w, va_t at, uint64_t *ret)
{
	return space_u64(w->t->space, at, ret) && is_kernel_half(*ret) && stack_is_return_address(w, *ret);
}

static void to_caller(struct regs *r, va_t pc, va_t sp, bool keep_saved)
{
	struct regs old = *r;
	*r = (struct regs){ .machine = old.machine };
	reg_set(r, X64_RIP, pc);
	reg_set(r, X64_RSP, sp);
	if (keep_saved && reg_known(&old, X64_RBP))
		reg_set(r, X64_RBP, reg_get(&old, X64_RBP));
	for (size_t i = 0; keep_saved && i < ARRAY_LEN(saved_order); i++)
		if (reg_known(&old, saved_order[i]))
			reg_set(r, saved_order[i], reg_get(&old, saved_order[i]));
}

// ---- trap frames
// Does a machine frame tell of the place where it lies? The processor aligns rsp to 16 bytes before it pushes one; it
// is another stack's only when the fault had to change stacks.
static bool frame_fits(struct walk *w, va_t trap, const uint8_t *b)
{
	uint64_t rip = le_get(b, 8), cs = le_get(b + CS, 8), efl = le_get(b + EFL, 8), rsp = le_get(b + RSP, 8);
	uint64_t ss = le_get(b + SS, 8);
	if (efl > UINT32_MAX || !(efl & 2))
		return false;
	if (cs == 0x33 || cs == 0x23)
		return ss == 0x2b && rip >> 47 == 0 && rsp >> 47 == 0 && rip >= 0x10000 && rsp >= 0x10000;
	if (cs != 0x10 || (ss != 0x18 && ss) || rsp % 8)
		return false;
	bool here = (rsp & ~(va_t)15) == trap + X64_TRAP_BYTES;
	if (!here && !kernel_other_stack(w, rsp))
		return false;
	return target_module_at(w->t, rip) || is_parameter(w, rip) || is_parameter(w, trap);
}

static bool trap_at(struct walk *w, va_t trap, struct regs *ret)
{
	uint8_t b[MACHINE_BYTES];
	uint64_t zeroed;
	struct regs r;
	if (trap % 16 || !space_read_all(w->t->space, trap + X64_TRAP_RIP, b, sizeof(b)) || !frame_fits(w, trap, b) ||
	    trap_frame_read(MACHINE_X64, w->t->space, trap, &r, &zeroed).code)
		return false;
	r.known &= ~zeroed;
	if (ret)
		*ret = r;
	return true;
}

// An overflowed stack's pointer lies below the stack, where there is no memory.
static va_t first_word(const struct walk *w, va_t sp)
{
	return w->area && sp < w->area->low ? w->area->low : sp;
}

// The next trap frame at or above sp; VA_NONE: none.
static va_t next_trap(struct walk *w, va_t sp)
{
	if (w->trap >= sp && sp >= w->trap_from)
		return w->trap;
	sp = first_word(w, sp);
	va_t end = w->bounded ? w->high - X64_TRAP_BYTES : sp + LIMIT_KERNEL_STACK_BYTES;
	w->trap_from = sp;
	w->trap = UINT64_MAX;
	for (va_t at = (sp + 15) & ~(va_t)15; at >= sp && at <= end && at - sp < LIMIT_KERNEL_STACK_BYTES; at += 16) {
		uint8_t byte;
		if (session_poll(w->s).code || !space_u8(w->t->space, at, &byte))
			break;
		if (trap_at(w, at, NULL)) {
			w->trap = at;
			break;
		}
	}
	return w->trap;
}

static void through_trap(struct walk *w, struct regs *r, va_t trap, struct kernel_step *ret)
{
	struct regs t;
	if (!trap_at(w, trap, &t))
		return;
	for (size_t i = 0; i < ARRAY_LEN(saved_order); i++) // handlers leave them as they were
		if (!reg_known(&t, saved_order[i]) && reg_known(r, saved_order[i]))
			reg_set(&t, saved_order[i], reg_get(r, saved_order[i]));
	*r = t;
	ret->trap_frame = trap;
	ret->exact = true;
}

// ---- exception frames
// Did KiExceptionDispatch make a record of this trap frame's exception?
static bool is_dispatched(const struct walk *w, va_t trap, const struct regs *t)
{
	va_t record = trap - DISPATCH_BYTES + DISPATCH_RECORD;
	uint64_t address;
	uint32_t code, n;
	return space_u32(w->t->space, record, &code) && code &&
	       space_u64(w->t->space, record + RECORD_ADDRESS, &address) && address == reg_get(t, X64_RIP) &&
	       space_u32(w->t->space, record + RECORD_PARAMETERS, &n) && n <= 15;
}

static bool read_saved(const struct walk *w, va_t exception_frame, uint64_t *saved)
{
	uint8_t b[sizeof(uint64_t) * ARRAY_LEN(saved_order)];
	if (!space_read_all(w->t->space, exception_frame + KEXC_RBX, b, sizeof(b)))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(saved_order); i++)
		saved[i] = le_get(b + 8 * i, 8);
	return true;
}

// KiBugCheckDispatch stores the registers that it got, and changes none of them before it calls.
static bool step_exception_frame(struct walk *w, struct regs *r)
{
	va_t sp = reg_get(r, X64_RSP);
	uint64_t saved[ARRAY_LEN(saved_order)], pc;
	if (!read_saved(w, sp, saved) || !return_at(w, sp + KEXC_RETURN, &pc))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(saved_order); i++)
		if (!reg_known(r, saved_order[i]) || reg_get(r, saved_order[i]) != saved[i])
			return false;
	to_caller(r, pc, sp + KEXC_RETURN + 8, true);
	return true;
}

static bool step_dispatch(struct walk *w, struct regs *r, va_t trap)
{
	uint64_t saved[ARRAY_LEN(saved_order)], pc;
	if (!read_saved(w, trap - DISPATCH_BYTES, saved) || !return_at(w, trap - 8, &pc))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(saved_order); i++)
		reg_set(r, saved_order[i], saved[i]);
	reg_forget(r, X64_RBP);
	to_caller(r, pc, trap, true);
	return true;
}

// ---- the step
// At a function's first instruction the return address is what rsp points at: the name says so, or the instruction,
// which saves rcx to its home above the return address.
static bool step_entry(struct walk *w, struct regs *r)
{
	static const uint8_t home_rcx[] = { 0x48, 0x89, 0x4c, 0x24, 0x08 };
	uint8_t b[sizeof(home_rcx)];
	va_t ip = reg_get(r, X64_RIP), sp = reg_get(r, X64_RSP);
	struct sym_hit h;
	uint64_t pc;
	bool named = sym_near(w->t, ip, &h) && h.name && !h.disp;
	bool seen = space_read_all(w->t->space, ip, b, sizeof(b)) && !memcmp(b, home_rcx, sizeof(b));
	if ((!named && !seen) || !return_at(w, sp, &pc))
		return false;
	to_caller(r, pc, sp + 8, true);
	return true;
}

// A function that calls itself leaves its return address again and again, at the same distance; chance does not, three
// times.
static bool is_recursion(struct walk *w, va_t at, va_t va)
{
	const struct frame *f = &w->frames[w->n - 1];
	uint64_t once, twice;
	if (f->ip != va || at < f->sp || !is_kernel_half(va) || !stack_is_return_address(w, va))
		return false;
	va_t step = at + 8 - f->sp;
	if (w->n > 2 && f[-1].ip == va && f->sp - f[-1].sp == step)
		return true;
	return space_u64(w->t->space, at + step, &once) && space_u64(w->t->space, at + 2 * step, &twice) &&
	       once == va && twice == va;
}

// A function's rsp is a multiple of 16 wherever it calls.
static bool step_scan(struct walk *w, struct regs *r, va_t end)
{
	va_t sp = first_word(w, reg_get(r, X64_RSP));
	uint64_t v;
	end = w->bounded ? MIN(end, w->high) : end;
	for (va_t at = (sp + 7) / 16 * 16 + 8; at < end && at - sp < (va_t)LIMIT_SCAN_WORDS * 8; at += 16) {
		if (session_poll(w->s).code || !space_u64(w->t->space, at, &v))
			return false;
		if (kernel_is_return_address(w, v) || is_recursion(w, at, v)) {
			to_caller(r, v, at + 8, false);
			return true;
		}
	}
	return false;
}

// At the end of a stack of its own: back to the one that was interrupted.
static bool step_link(struct walk *w, struct regs *r, struct kernel_step *ret)
{
	const struct stack_area *from = w->area;
	uint8_t b[MACHINE_BYTES];
	uint64_t trap;
	if (!from || !w->bounded)
		return false;
	if (from->trap_link && space_u64(w->t->space, from->trap_link, &trap) && trap_at(w, trap, NULL) &&
	    kernel_other_stack(w, trap)) {
		through_trap(w, r, trap, ret);
		return true;
	}
	if (!from->frame_link || !space_read_all(w->t->space, from->frame_link, b, sizeof(b)))
		return false;
	va_t rip = le_get(b, 8), rsp = le_get(b + RSP, 8);
	if (rsp % 8 || !kernel_other_stack(w, rsp) || !is_kernel_half(rip) || in_kernel_data(w, rip) ||
	    !target_is_code(w->t, rip))
		return false;
	to_caller(r, rip, rsp, false);
	ret->exact = true; // the kernel notes where it goes on, which is behind no call
	return true;
}

static bool is_anchored(const struct walk *w, const struct regs *r, va_t trap, const struct regs *t)
{
	return (reg_known(r, X64_RBP) && reg_get(r, X64_RBP) == trap + X64_TRAP_RBP_BIAS) || is_parameter(w, trap) ||
	       is_parameter(w, reg_get(t, X64_RIP)) || is_dispatched(w, trap, t) || kernel_is_entry(w, trap);
}

va_t kernel_trap_of(const struct walk *w, va_t trap, struct regs *next)
{
	static const uint8_t list[] = { X64_RAX, X64_RCX, X64_RDX, X64_R8, X64_R9, X64_R10, X64_R11 };
	unsigned pc = reg_pc(w->t->machine);
	uint64_t zeroed;
	struct regs t;
	if (!trap || trap_frame_read(w->t->machine, w->t->space, trap, &t, &zeroed).code ||
	    reg_get(&t, pc) != reg_get(next, pc))
		return 0;
	for (size_t i = 0; w->t->machine == MACHINE_X64 && i < ARRAY_LEN(list); i++)
		reg_set(next, list[i], reg_get(&t, list[i]));
	return trap;
}

// Handlers of x86 have ebp at their trap frame, which begins as a frame of a chain does: with the interrupted ebp and
// eip.
bool stack_step_trap_x86(struct walk *w, struct regs *r, struct kernel_step *ret)
{
	enum { NEAR = 0x100, DBG_EIP = 4 };
	va_t trap = reg_get(r, X64_RBP), sp = reg_get(r, X64_RSP);
	uint64_t zeroed;
	uint32_t fp, ip;
	struct regs t;
	if (w->t->machine != MACHINE_X86 || w->in_user || !reg_known(r, X64_RBP) || trap < sp || trap - sp > NEAR ||
	    !space_u32(w->t->space, trap, &fp) || !space_u32(w->t->space, trap + DBG_EIP, &ip) ||
	    trap_frame_read(MACHINE_X86, w->t->space, trap, &t, &zeroed).code || reg_get(&t, X64_RIP) != ip ||
	    reg_get(&t, X64_RBP) != fp)
		return false;
	*r = t;
	ret->trap_frame = trap;
	ret->exact = true;
	return true;
}

bool stack_step_task_x86(struct walk *w, struct regs *r, bool last, struct kernel_step *ret)
{
	struct sym_frame f;
	struct regs t;
	va_t base;
	if (!w->task || w->area)
		return false;
	bool handler = sym_frame_at(w->t, reg_get(r, X64_RIP) - 1, &f, &base) && f.kind == SYM_FRAME_FPO && f.is_trap;
	if ((!handler && !last) || x86_tss_read(w->t->space, w->task, &t).code)
		return false;
	w->task = 0;
	*r = t;
	*ret = (struct kernel_step){ .exact = true, .task = true };
	return true;
}

bool stack_step_chain_end(struct walk *w, struct regs *r)
{
	if (w->t->machine != MACHINE_ARM64 || w->n < 2 || !reg_known(r, A64_FP) || reg_get(r, A64_FP))
		return false;
	reg_set(r, A64_PC, 0);
	return true;
}

enum trust stack_step_kernel(struct walk *w, struct regs *r, bool top, struct kernel_step *ret)
{
	va_t sp = reg_get(r, X64_RSP), by_rbp = reg_get(r, X64_RBP) - X64_TRAP_RBP_BIAS;
	uint64_t pc;
	enum { NEAR = 0x100 }; // handlers have little below their trap frames
	*ret = (struct kernel_step){ 0 };
	if (w->t->machine != MACHINE_X64 || !is_kernel_half(sp) || sp % 8)
		return TRUST_NONE;
	if (top && step_entry(w, r))
		return TRUST_CODE;
	if (step_exception_frame(w, r))
		return TRUST_TRAP;
	if (reg_known(r, X64_RBP) && by_rbp >= sp && by_rbp - sp <= NEAR && trap_at(w, by_rbp, NULL)) {
		through_trap(w, r, by_rbp, ret);
		return TRUST_TRAP;
	}
	va_t trap = next_trap(w, sp), stop = trap;
	struct regs t = { 0 };
	bool dispatched = trap != UINT64_MAX && trap_at(w, trap, &t) && is_dispatched(w, trap, &t);
	va_t dispatch = trap - DISPATCH_BYTES;
	if (dispatched && sp == dispatch && step_dispatch(w, r, trap))
		return TRUST_TRAP;
	dispatched = dispatched && sp <= dispatch - 8 && return_at(w, dispatch - 8, &pc);
	if (dispatched)
		stop = dispatch - 8;
	if (step_scan(w, r, stop))
		return TRUST_SCAN;
	if (dispatched) {
		to_caller(r, pc, dispatch, false);
		return TRUST_TRAP;
	}
	if (trap == UINT64_MAX)
		return step_link(w, r, ret) ? TRUST_TRAP : TRUST_NONE;
	enum trust trust = is_anchored(w, r, trap, &t) ? TRUST_TRAP : TRUST_SCAN;
	through_trap(w, r, trap, ret);
	return trust;
}

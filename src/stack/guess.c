// SPDX-License-Identifier: Apache-2.0
// guess.c: steps up a stack without unwind data.
#include "arch/disasm.h"
#include "base/limits.h"
#include "stack/stack_int.h"

#include <string.h>

static bool plausible_fp(const struct walk *w, va_t fp, va_t sp)
{
	return fp >= sp && fp % w->t->ptr_bytes == 0 && (!w->bounded || (fp >= w->low && fp < w->high)) &&
	       fp - sp <= LIMIT_FRAME_BYTES;
}

// The volatile registers of the callee say nothing about the caller.
static void to_caller(const struct walk *w, struct regs *r, va_t pc, va_t sp)
{
	uint64_t fp = reg_get(r, reg_fp(w->t->machine));
	bool fp_known = reg_known(r, reg_fp(w->t->machine));
	r->known = 0;
	r->vknown = 0;
	r->st_known = false;
	reg_set(r, reg_pc(w->t->machine), pc);
	reg_set(r, reg_sp(w->t->machine), sp);
	if (fp_known)
		reg_set(r, reg_fp(w->t->machine), fp);
}

static va_t plain_address(const struct walk *w, va_t va)
{
	if (w->t->machine != MACHINE_ARM64)
		return va;
	uint64_t mask = w->env.ptr_mask ? w->env.ptr_mask : ((uint64_t)1 << 48) - 1; // PAC bits above
	bool kernel_half = w->t->kernel && (va >> 55 & 1);
	return kernel_half ? va | ~mask : va & mask;
}

bool stack_step_frame_pointer(struct walk *w, struct regs *r)
{
	uint16_t m = w->t->machine;
	unsigned p = w->t->ptr_bytes;
	va_t fp = reg_get(r, reg_fp(m)), sp = reg_get(r, reg_sp(m));
	uint64_t saved, pc;
	if (!reg_known(r, reg_fp(m)) || !plausible_fp(w, fp, sp) || !space_ptr(w->t->space, fp, p, &saved) ||
	    !space_ptr(w->t->space, fp + p, p, &pc))
		return false;
	pc = plain_address(w, pc);
	bool last = !pc && !saved; // the first frame of a thread
	if (!last && (!stack_is_return_address(w, pc) || (saved && saved <= fp)))
		return false;
	to_caller(w, r, pc, fp + 2 * p);
	reg_set(r, reg_fp(m), saved);
	return true;
}

// MSVC's unoptimised x64 functions begin
//     push rbp; push rdi; sub rsp,N; lea rbp,[rsp+20h]
// so rbp is no link of a chain by itself, but the saved rbp right below the return address is: in a caller of the
// same kind it is the caller's rsp + 20h (the home space of its callees). Both must fit, to the byte. Still only a
// better scan: locals that were never written can hold the link of a call that is over.
enum { HOME = 0x20 };

// Is {saved rbp, return address} at `at` such a link? A caller keeps its callees' home space free, so a link inside
// it shows that the one below is left over.
static bool is_link(struct walk *w, va_t at, uint64_t *saved_ret, uint64_t *pc_ret)
{
	return space_u64(w->t->space, at, saved_ret) && *saved_ret == at + 16 + HOME &&
	       space_u64(w->t->space, at + 8, pc_ret) && stack_is_return_address(w, *pc_ret);
}

bool stack_step_linked(struct walk *w, struct regs *r)
{
	va_t sp = reg_get(r, X64_RSP), fp = reg_get(r, X64_RBP);
	if (w->t->machine != MACHINE_X64 || !reg_known(r, X64_RBP) || fp - sp != HOME || fp % 16)
		return false;
	for (va_t at = fp; at - fp < (va_t)LIMIT_SCAN_WORDS * 8 && (!w->bounded || at + 16 <= w->high); at += 16) {
		uint64_t saved, pc, other;
		if (session_poll(w->s).code)
			return false;
		if (!is_link(w, at, &saved, &pc) || is_link(w, at + 16, &other, &other) ||
		    is_link(w, at + 32, &other, &other))
			continue;
		to_caller(w, r, pc, at + 16);
		reg_set(r, X64_RBP, saved);
		return true;
	}
	return false;
}

// x86: a scanned return address whose neighbour below looks like the saved ebp of the same frame.
static void adopt_saved_fp(struct walk *w, struct regs *r, va_t at)
{
	unsigned p = w->t->ptr_bytes;
	uint64_t saved;
	if (w->t->machine == MACHINE_ARM64)
		return;
	va_t fp = reg_get(r, reg_fp(w->t->machine));
	if (w->t->machine == MACHINE_X64 && space_u64(w->t->space, at - p, &saved) && saved == at + p + HOME) {
		reg_set(r, X64_RBP, saved); // see stack_step_linked()
		return;
	}
	if (plausible_fp(w, fp, at + p))
		return;
	if (w->t->machine == MACHINE_X86 && space_ptr(w->t->space, at - p, p, &saved) && plausible_fp(w, saved, at + p))
		reg_set(r, reg_fp(w->t->machine), saved);
	else
		reg_forget(r, reg_fp(w->t->machine));
}

bool stack_step_scan(struct walk *w, struct regs *r, bool top)
{
	uint16_t m = w->t->machine;
	unsigned p = w->t->ptr_bytes;
	va_t sp = reg_get(r, reg_sp(m));
	uint64_t lr = plain_address(w, reg_get(r, A64_LR));
	if (m == MACHINE_ARM64 && top && reg_known(r, A64_LR) && lr != reg_get(r, A64_PC) &&
	    stack_is_return_address(w, lr)) {
		to_caller(w, r, lr, sp);
		return true;
	}
	uint8_t words[512];
	for (unsigned done = 0; done < LIMIT_SCAN_WORDS; done += (unsigned)sizeof(words) / p) {
		size_t got;
		va_t at = sp + (va_t)done * p;
		if (at < sp || space_read(w->t->space, at, words, sizeof(words), &got).code || session_poll(w->s).code)
			return false;
		for (size_t i = 0; i + p <= got; i += p) {
			va_t v = plain_address(w, le_get(words + i, p));
			if (w->bounded && at + i >= w->high)
				return false;
			if (v < 0x10000 || !stack_is_return_address(w, v))
				continue;
			to_caller(w, r, v, at + i + p);
			adopt_saved_fp(w, r, at + i);
			return true;
		}
		if (got < sizeof(words))
			return false;
	}
	return false;
}

// In the body of a function rsp stands still, so the sizes of a PDB's S_FRAMEPROC lead to the return address. Builds
// for Edit and Continue leave out the home space, which functions without calls do not have. Which registers are
// saved where is not recorded.
bool stack_step_frame_proc(struct walk *w, struct regs *r, bool exact)
{
	struct sym_frame f;
	va_t base, pc = reg_get(r, X64_RIP), probe = exact || !pc ? pc : pc - 1;
	if (w->t->machine != MACHINE_X64 || !sym_frame_at(w->t, probe, &f, &base) || f.kind != SYM_FRAME_PROC)
		return false;
	uint64_t off = pc - (base + f.rva), back;
	va_t at = reg_get(r, X64_RSP) + f.locals + f.saved;
	if (off < f.prolog || (exact && off >= f.size))
		return false;
	for (int home = f.has_padding; home >= 0; home--) {
		va_t here = at + (home ? HOME : 0);
		if (!space_u64(w->t->space, here, &back) || back < 0x10000 || !stack_is_return_address(w, back))
			continue;
		to_caller(w, r, back, here + 8);
		reg_forget(r, X64_RBP);
		return true;
	}
	return false;
}

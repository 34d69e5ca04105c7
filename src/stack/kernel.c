// SPDX-License-Identifier: Apache-2.0
// kernel.c: the stacks of kernel threads and processors: where they lie, where a thread that waits left its registers.
#include "stack/kernel.h"

#include "arch/trap.h"
#include "base/limits.h"
#include "stack/kernel_int.h"

// Bytes of a processor's stack for DPCs or interrupts (KERNEL_STACK_SIZE of Microsoft's public ntddk.h; its pointer is
// the upper end).
static unsigned stack_bytes(uint16_t machine)
{
	return machine == MACHINE_X64 ? 0x6000 : machine == MACHINE_ARM64 ? 0x8000 : 0x3000;
}

static bool field(const struct target *t, va_t object, uint64_t off, uint64_t *ret)
{
	return object && off && space_ptr(t->space, object + off, t->ptr_bytes, ret) && *ret;
}

static void add_area(struct walk *w, struct stack_area area)
{
	if (area.high > area.low && area.high - area.low <= LIMIT_KERNEL_STACK_BYTES &&
	    w->n_areas < ARRAY_LEN(w->areas))
		w->areas[w->n_areas++] = area;
}

static void add_thread(struct walk *w, va_t thread)
{
	const struct kernel *k = w->t->kernel;
	uint64_t low, high, entry;
	if (!field(w->t, thread, kernel_kdbg(k, KDBG_THREAD_STACK_LIMIT_OFF, 4), &low) ||
	    !field(w->t, thread, kernel_kdbg(k, KDBG_THREAD_STACK_BASE_OFF, 4), &high))
		return;
	if (!field(w->t, thread, kernel_kdbg(k, KDBG_THREAD_INITIAL_STACK_OFF, 2), &entry))
		entry = 0;
	add_area(w, (struct stack_area){ .low = low, .high = high, .entry = entry });
}

// Where x64 kernels note what a stack interrupted (read in dumps of 19041): two words below the top of an interrupt
// stack, the trap frame; in the middle of what lies above the DPC stack pointer, a machine frame.
static void add_processor(struct walk *w, const struct processor *p)
{
	enum { TRAP_LINK = 0x10, FRAME_LINK = 0x28, DPC_FRAME = 0x50 };
	const struct kernel *k = w->t->kernel;
	unsigned bytes = stack_bytes(w->t->machine);
	bool linked = w->t->machine == MACHINE_X64;
	uint64_t top;
	add_thread(w, p->thread);
	if (field(w->t, p->prcb, kernel_kdbg(k, KDBG_PRCB_DPC_STACK_OFF, 2), &top) && top > bytes) {
		bool known = linked && kernel_kdbg(k, KDBG_DPC_FRAME_SIZE, 2) == DPC_FRAME;
		add_area(w, (struct stack_area){
				    .low = top - bytes, .high = top, .frame_link = known ? top + FRAME_LINK : 0 });
	}
	if (field(w->t, p->prcb, kernel_kdbg(k, KDBG_PRCB_ISR_STACK_OFF, 2), &top) && top > bytes)
		add_area(w, (struct stack_area){
				    .low = top - bytes, .high = top, .trap_link = linked ? top - TRAP_LINK : 0 });
}

// The lowest of the kernel's variables that the debugger block names.
static va_t lowest_global(const struct kernel *k)
{
	static const enum kdbg_field fields[] = { KDBG_LOADED_MODULES, KDBG_ACTIVE_PROCESSES, KDBG_CID_TABLE,
						  KDBG_BUGCHECK_DATA,  KDBG_PROCESSOR_BLOCK,  KDBG_UNLOADED_DRIVERS,
						  KDBG_LAST_UNLOADED,  KDBG_TRIAGE_ACTION,    KDBG_VERIFIER_DATA };
	va_t low = k->facts->debugger_data > k->base ? k->facts->debugger_data : 0;
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		va_t va = kernel_kdbg(k, fields[i], 8);
		if (va > k->base && (!low || va < low))
			low = va;
	}
	return low & ~(va_t)(DUMP_PAGE - 1);
}

// Kernels from 18362 on have each kind of section on large pages of its own (all x64 builds measured): what is only
// read, then code from the first of them on, then variables. Older ones begin with code.
static void bound_code(struct walk *w, va_t ip)
{
	enum { LARGE_PAGE = 0x200000, NEAR = 0x10000 };
	const struct kernel *k = w->t->kernel;
	va_t end = lowest_global(k);
	if (end <= k->base)
		return;
	va_t beyond = (end - k->base) % LARGE_PAGE;
	w->code_end = beyond < NEAR ? end - beyond : end;
	w->code = beyond < NEAR ? k->base + LARGE_PAGE : k->base;
	const struct module *m = target_module_at(w->t, ip);
	if (m && m->base == k->base && (ip < w->code || ip >= w->code_end))
		w->code = w->code_end = 0; // this kernel is laid out in another way
}

// The task that a double fault of x86 interrupted: bug check 7f names its segment, and the PCR does.
static va_t interrupted_task(const struct walk *w, const struct processor *p)
{
	enum { TRAP = 0x7f, DOUBLE_FAULT = 8, PCR_TSS = 0x40 }; // _KPCR.TSS of public symbols
	const struct kernel *k = w->t->kernel;
	uint64_t tss, back = kernel_kdbg(k, KDBG_PCR_PRCB_OFF, 2);
	if (w->t->machine != MACHINE_X86 || k->facts->bugcheck != TRAP || k->facts->params[0] != DOUBLE_FAULT)
		return 0;
	if (k->facts->params[1])
		return k->facts->params[1];
	return p->prcb && back && field(w->t, p->prcb - back, PCR_TSS, &tss) ? tss : 0;
}

void kernel_areas(struct walk *w, const struct thread *th, va_t ip)
{
	const struct kernel *k = w->t->kernel;
	bound_code(w, ip);
	add_thread(w, session_kthread(w->s));
	if (!th || th->index >= k->n_processors)
		return;
	add_processor(w, &k->processors[th->index]);
	if (th->index == k->current)
		w->task = interrupted_task(w, &k->processors[th->index]);
}

struct stack_area *kernel_area_at(struct walk *w, va_t sp)
{
	struct stack_area *below = NULL;
	for (size_t i = 0; i < w->n_areas; i++) {
		struct stack_area *area = &w->areas[i];
		if (sp >= area->low && sp < area->high)
			return area;
		if (area->entry && sp < area->low && area->low - sp <= DUMP_PAGE)
			below = area;
	}
	return below;
}

bool kernel_other_stack(struct walk *w, va_t sp)
{
	const struct stack_area *area = kernel_area_at(w, sp);
	return area && area != w->area;
}

bool kernel_is_entry(const struct walk *w, va_t trap)
{
	for (size_t i = 0; i < w->n_areas; i++)
		if (w->areas[i].entry && trap + trap_frame_bytes(w->t->machine) == w->areas[i].entry)
			return true;
	return false;
}

bool kernel_switch(struct walk *w, va_t sp)
{
	va_t highest_user = w->t->ptr_bytes == 8 ? (va_t)1 << 47 : (va_t)1 << 31;
	if (sp < highest_user) {
		bool first = !w->in_user;
		w->in_user = true;
		w->bounded = false;
		return first;
	}
	struct stack_area *area = w->in_user ? NULL : kernel_area_at(w, sp);
	if (!area || area->entered || area == w->area)
		return false;
	area->entered = true;
	w->area = area;
	w->low = MIN(area->low, sp);
	w->high = area->high;
	w->bounded = true;
	return true;
}

// KernelStack points at a _KSWITCH_FRAME: x64 {homes, ApcBypass 28, Rbp 30, Return 38}, x86 {ExceptionList, ApcBypass,
// Return}; 4 registers follow there.
static err_t switched_out(const struct target *t, va_t at, struct regs *ret)
{
	enum { X64_FRAME = 0x40, X86_FRAME = 12 };
	uint8_t b[X64_FRAME];
	bool wide = t->machine == MACHINE_X64;
	if (!wide && t->machine != MACHINE_X86)
		return fail(E_UNSUPPORTED, "not supported: registers of waiting threads of this machine", t->machine);
	if (!space_read_all(t->space, at, b, wide ? X64_FRAME : X86_FRAME))
		return fail(E_ABSENT, "the thread's kernel stack is not in the dump", at);
	*ret = (struct regs){ .machine = t->machine };
	reg_set(ret, X64_RIP, wide ? le_get(b + 0x38, 8) : le_get(b + 8, 4));
	reg_set(ret, X64_RSP, at + (wide ? X64_FRAME : X86_FRAME));
	if (wide)
		reg_set(ret, X64_RBP, le_get(b + 0x30, 8));
	return ok();
}

// ARM64 keeps them in the _KTHREAD itself: SwitchFrame {ApcBypass, Tpidr 8, Fp 10, Return 18}. Its place is that of
// 19030 to 22000 and is in no debugger block, so what lies there must fit: Fp above KernelStack in the thread's own
// stack, Return in a module.
static err_t switched_out_arm64(const struct target *t, va_t kthread, va_t sp, struct regs *ret)
{
	enum { SWITCH_FRAME = 0x210, FP = 0x10, RETURN = 0x18 };
	uint64_t fp, pc, high;
	if (!space_u64(t->space, kthread + SWITCH_FRAME + FP, &fp) ||
	    !space_u64(t->space, kthread + SWITCH_FRAME + RETURN, &pc))
		return fail(E_ABSENT, "the thread's switch frame is not in the dump", kthread);
	if (!field(t, kthread, kernel_kdbg(t->kernel, KDBG_THREAD_STACK_BASE_OFF, 4), &high) || fp < sp || fp >= high ||
	    fp % 16 || pc % 4 || !target_module_at(t, pc))
		return fail(E_UNSUPPORTED, "not supported: where this kernel keeps the registers of waiting threads",
			    kthread);
	*ret = (struct regs){ .machine = MACHINE_ARM64 };
	reg_set(ret, A64_PC, pc);
	reg_set(ret, A64_FP, fp);
	reg_set(ret, A64_SP, sp);
	return ok();
}

err_t kernel_thread_regs(struct session *s, va_t kthread, struct regs *ret)
{
	const struct target *t = s->target;
	const struct kernel *k = t->kernel;
	uint64_t at;
	for (size_t i = 0; i < k->n_processors && i < t->n_threads; i++)
		if (k->processors[i].thread == kthread && k->processors[i].has_context)
			return target_thread_regs(t, &t->threads[i], false, ret);
	if (!field(t, kthread, kernel_kdbg(k, KDBG_THREAD_KERNEL_STACK_OFF, 2), &at))
		return fail(E_ABSENT, "the thread is not in the dump, or it has no kernel stack", kthread);
	return t->machine == MACHINE_ARM64 ? switched_out_arm64(t, kthread, at, ret) : switched_out(t, at, ret);
}

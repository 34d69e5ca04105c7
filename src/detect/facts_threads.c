// SPDX-License-Identifier: Apache-2.0
// facts_threads.c: every thread's stack, its bounds, and whether the thread is inside the kernel.
#include "base/limits.h"
#include "detect/detect_int.h"

#include <stdlib.h>
#include <string.h>

err_t facts_walk(struct facts *f, const struct thread *th, const struct regs *regs, size_t max, struct stack *ret)
{
	// The walker's array doubles: what it leaves behind goes away with this arena.
	struct arena *tmp = arena_child(f->a, LIMIT_COMMAND_MEMORY);
	struct stack st;
	err_t e = stack_walk(f->session, th, regs, max, tmp, &st);
	if (!e.code) {
		ret->frames = NEW_N(f->a, struct frame, st.n);
		for (size_t i = 0; i < st.n; i++) {
			ret->frames[i] = st.frames[i];
			ret->frames[i].symbol = arena_strdup(f->a, st.frames[i].symbol);
		}
		ret->n = st.n;
		ret->end = st.end;
		ret->end_note = st.end_note;
	}
	arena_free(tmp);
	return e;
}

// _NT_TIB at 0: ExceptionList, StackBase, StackLimit; DeallocationStack by the public layout of the TEB.
static void bounds(struct facts *f, struct fact_thread *t)
{
	const struct target *target = f->session->target;
	unsigned p = target->ptr_bytes;
	uint64_t base, limit, reserve;
	if (f->kernel) // a processor has no stack of its own; the thread's is in fact_kernel
		return;
	enum { LARGEST_STACK = 1 << 30 };
	t->has_bounds = target_thread_stack(target, t->thread, &t->stack_low, &t->stack_high);
	va_t teb = t->thread->teb;
	if (!teb || !space_ptr(target->space, teb + p, p, &base) || !space_ptr(target->space, teb + 2 * p, p, &limit))
		return;
	t->has_teb_bounds = limit < base && t->has_bounds && t->stack_low == limit && t->stack_high == base;
	t->has_reserve = t->has_teb_bounds && space_ptr(target->space, teb + (p == 8 ? 0x1478 : 0xe0c), p, &reserve) &&
			 reserve && reserve <= limit && base - reserve <= LARGEST_STACK;
	if (t->has_reserve)
		t->reserve_low = reserve;
}

// ---- system calls
static const struct {
	const char *pattern, *purpose; // behind the prefix Nt or Zw
} purposes[] = {
	{ "WaitForAlertByThreadId", "waits for a lock or a condition" },
	{ "WaitForKeyedEvent", "waits for a lock" },
	{ "WaitForWorkViaWorkerFactory", "waits for thread-pool work" },
	{ "WaitForSingleObject*", "waits for an object" },
	{ "WaitForMultipleObjects*", "waits for objects" },
	{ "WaitFor*", "waits" },
	{ "SignalAndWait*", "waits for an object" },
	{ "UserWaitMessage", "waits for a window message" },
	{ "UserGetMessage", "waits for a window message" },
	{ "UserMsgWaitForMultipleObjects*", "waits for objects or a window message" },
	{ "UserRealMsgWait*", "waits for objects or a window message" },
	{ "User*", "works with windows" },
	{ "Gdi*", "draws" },
	{ "DelayExecution", "sleeps" },
	{ "YieldExecution", "gives up the processor" },
	{ "RemoveIoCompletion*", "waits for an I/O completion" },
	{ "ReplyWaitReceive*", "waits for a request" },
	{ "RequestWaitReply*", "waits for another process's reply" },
	{ "Alpc*", "talks to another process" },
	{ "ReadFile*", "reads a file or device" },
	{ "WriteFile*", "writes a file or device" },
	{ "DeviceIoControlFile", "asks a device" },
	{ "FsControlFile", "asks a file system or a pipe" },
	{ "Terminate*", "ends a thread or a process" },
	{ "RaiseHardError", "shows an error box" },
	{ "RaiseException", "raises an exception" },
};

static const char *purpose_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(purposes); i++)
		if (str_wild(purposes[i].pattern, name + 2))
			return purposes[i].purpose;
	return NULL;
}

// A stub has fewer than 0x20 bytes: a name with a larger offset is only the nearest export.
static const char *stub_name(struct facts *f, const struct frame *fr)
{
	static const char *const patterns[] = { "ntdll*!Nt*", "ntdll*!Zw*", "win32u!Nt*", "user32!Nt*", "gdi32!Nt*" };
	enum { LARGEST_STUB = 0x20 };
	const char *plus = strstr(fr->symbol, "+0x"), *bang = strchr(fr->symbol, '!');
	if (!bang || (plus && strtoull(plus + 3, NULL, 16) > LARGEST_STUB))
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(patterns); i++)
		if (frame_named(fr, patterns[i]))
			return arena_strndup(f->a, bang + 1, plus ? (size_t)(plus - bang - 1) : strlen(bang + 1));
	return NULL;
}

// Is the instruction before ip the one that enters the kernel, and the one at ip the stub's return?
static bool stub_code(const struct target *t, va_t ip)
{
	uint8_t b[16]; // 12 before, 4 at ip
	if (t->machine == MACHINE_ARM64) {
		uint32_t svc, ret;
		return space_u32(t->space, ip - 4, &svc) && space_u32(t->space, ip, &ret) &&
		       (svc & 0xffe0001f) == 0xd4000001 && ret == 0xd65f03c0;
	}
	if (ip < 12 || !space_read_all(t->space, ip - 12, b, sizeof(b)))
		return false;
	const uint8_t *at = b + 12;
	// Windows 7's WOW64 stubs drop a word first: add esp,4.
	unsigned drop = at[0] == 0x83 && at[1] == 0xc4 ? 3 : 0;
	bool returns = at[drop] == 0xc3 || at[drop] == 0xc2;
	bool syscall = at[-2] == 0x0f && at[-1] == 0x05, int2e = at[-2] == 0xcd && at[-1] == 0x2e;
	if (t->machine == MACHINE_X64)
		return at[0] == 0xc3 && (syscall || int2e);
	bool sysenter = at[-2] == 0x0f && at[-1] == 0x34;
	// Windows XP puts five bytes of padding between sysenter and the return.
	sysenter = sysenter || (at[-7] == 0x0f && at[-6] == 0x34);
	// WOW64: mov eax,N; mov edx,Wow64SystemServiceCall; call edx -- or call dword ptr fs:[0C0h].
	bool wow64 = at[-12] == 0xb8 && at[-7] == 0xba && at[-2] == 0xff && at[-1] == 0xd2;
	bool wow64_fs = at[-7] == 0x64 && at[-6] == 0xff && at[-5] == 0x15 && le_get(at - 4, 4) == 0xc0;
	return returns && (sysenter || int2e || wow64 || wow64_fs);
}

static void system_call(struct facts *f, struct fact_thread *t)
{
	const struct stack *st = &t->stack;
	if (!t->has_stack || !st->n)
		return;
	const char *name = stub_name(f, &st->frames[0]);
	bool code = stub_code(f->session->target, st->frames[0].ip);
	// x86 before Windows 8 enters the kernel in one common stub; its caller has the name.
	bool common = frame_named(&st->frames[0], "ntdll!KiFastSystemCall*") ||
		      frame_named(&st->frames[0], "ntdll!KiIntSystemCall");
	if (!name && (code || common) && f->session->target->machine == MACHINE_X86 && st->n > 1)
		name = stub_name(f, &st->frames[1]);
	if (!name && !code && !common) {
		uint8_t byte;
		bool readable = space_u8(f->session->target->space, st->frames[0].ip - 2, &byte);
		// Code that is not ntdll's or win32u's is none, readable or not.
		bool elsewhere = st->frames[0].module && !frame_in_system(&st->frames[0]) &&
				 !str_ieq(st->frames[0].module->image_name, "win32u.dll");
		t->syscall = readable || elsewhere ? SYSCALL_NONE : SYSCALL_UNKNOWN;
		return;
	}
	t->syscall = name || common ? SYSCALL_BY_NAME : SYSCALL_BY_CODE;
	t->syscall_name = name;
	t->syscall_purpose = name ? purpose_of(name) : NULL;
}

// A processor that stops the system. Page faults and handled exceptions are every day's work; and a name far away is
// only the nearest export.
static const struct frame *stopping_frame(const struct stack *st)
{
	enum { LARGEST = 0x200 };
	static const char *const patterns[] = { "nt!KeBugCheck*", "nt!KiBugCheckDispatch", "nt!KiFastFailDispatch" };
	for (size_t i = 0; i < st->n; i++) {
		const struct frame *fr = &st->frames[i];
		const char *plus = strstr(fr->symbol, "+0x");
		if (fr->trust == TRUST_SCAN || (plus && strtoull(plus + 3, NULL, 16) > LARGEST))
			continue;
		for (size_t k = 0; k < ARRAY_LEN(patterns); k++)
			if (frame_named(fr, patterns[k]))
				return fr;
	}
	return NULL;
}

static const struct frame *exception_frame(const struct stack *st)
{
	static const char *const patterns[] = {
		"ntdll*!KiUserExceptionDispatch*", "ntdll*!RtlDispatchException", "ntdll*!RtlRaiseException",
		"ntdll*!RtlReportException*",      "*!UnhandledExceptionFilter",  "*!UnhandledExceptionFilterEx",
		"ntdll*!RtlUserThreadStart$filt*", "*!WerpReportFault*",          "*!RtlpUnhandledExceptionFilter*",
	};
	for (size_t i = 0; i < st->n; i++)
		for (size_t k = 0; k < ARRAY_LEN(patterns); k++)
			if (st->frames[i].trust > TRUST_SCAN && frame_named(&st->frames[i], patterns[k]))
				return &st->frames[i];
	return NULL;
}

static err_t one_thread(struct facts *f, struct fact_thread *t, size_t *frames_left)
{
	struct regs regs;
	bounds(f, t);
	err_t e = target_thread_regs(f->session->target, t->thread, false, &regs);
	if (!e.code && !*frames_left)
		e = fail(E_LIMIT, "more frames in the dump's stacks than are kept", 0);
	if (!e.code)
		e = facts_walk(f, t->thread, &regs, MIN(*frames_left, (size_t)LIMIT_FACT_THREAD_FRAMES), &t->stack);
	TRY(session_poll(f->session));
	if (e.code) {
		t->no_stack = e.what ? e.what : err_name(e.code);
		return ok();
	}
	*frames_left -= t->stack.n;
	t->has_stack = true;
	t->exception_frame = f->kernel ? stopping_frame(&t->stack) : exception_frame(&t->stack);
	if (f->kernel)
		return ok();
	system_call(f, t);
	facts_dispatched(f, t, t->stack.frames[0].sp);
	return ok();
}

err_t facts_threads(struct facts *f)
{
	const struct target *t = f->session->target;
	size_t left = LIMIT_FACT_FRAMES, stacks = 0;
	f->threads = NEW_N(f->a, struct fact_thread, t->n_threads);
	for (size_t i = 0; i < t->n_threads; i++) {
		f->threads[i].thread = &t->threads[i];
		TRY(one_thread(f, &f->threads[i], &left));
		f->n_threads++;
		stacks += f->threads[i].has_stack;
	}
	size_t event = f->kernel ? t->kernel->current : t->event_thread;
	f->event_thread = event < f->n_threads ? event : SIZE_MAX;
	if (f->n_threads)
		fact_have(f, FACT_THREADS);
	else
		fact_lacks(f, FACT_THREADS, "the dump has no thread list");
	if (stacks)
		fact_have(f, FACT_STACKS);
	else
		fact_lacks(f, FACT_STACKS, f->n_threads ? f->threads[0].no_stack : "the dump has no thread list");
	return ok();
}

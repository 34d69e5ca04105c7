// SPDX-License-Identifier: Apache-2.0
// teb.c: !teb: a thread environment block. Layout: debugging-a-stack-overflow.md of Microsoft's debugger documentation;
// offsets: public symbols of ntdll, the same since Windows Vista.
#include "cmd/cmd.h"
#include "target/kernel.h"
#include "win/layout.h"

#include <inttypes.h>

extern const struct cmd cmd_teb;

static const struct field teb_fields[] = {
	{ "address", R_ADDR, "of the TEB" },
	{ "exception_list", R_ADDR, "first exception registration (x86)" },
	{ "stack_base", R_ADDR, "first address above the stack" },
	{ "stack_limit", R_ADDR, "lowest committed address of the stack" },
	{ "sub_system_tib", R_ADDR, "SubSystemTib" },
	{ "fiber_data", R_ADDR, "FiberData, or Version" },
	{ "arbitrary_user_pointer", R_ADDR, "ArbitraryUserPointer" },
	{ "self", R_ADDR, "its own address" },
	{ "environment_pointer", R_ADDR, "EnvironmentPointer" },
	{ "pid", R_ADDR, "process id" },
	{ "tid", R_ADDR, "thread id" },
	{ "rpc_handle", R_ADDR, "ActiveRpcHandle" },
	{ "tls", R_ADDR, "ThreadLocalStoragePointer" },
	{ "peb", R_ADDR, "of the PEB" },
	{ "last_error", R_HEX, "LastErrorValue" },
	{ "last_status", R_HEX, "LastStatusValue" },
	{ "owned_locks", R_HEX, "CountOfOwnedCriticalSections" },
	{ "hard_error_mode", R_HEX, "HardErrorMode" },
};
static const struct schema teb = {
	.name = "teb",
	.doc = "A thread environment block; null: not readable",
	.layout = { NULL, "TEB at {address}\n    ExceptionList:        {exception_list}\n    StackBase:            "
			  "{stack_base}\n"
			  "    StackLimit:           {stack_limit}\n    SubSystemTib:         {sub_system_tib}\n"
			  "    FiberData:            {fiber_data}\n    ArbitraryUserPointer: {arbitrary_user_pointer}\n"
			  "    Self:                 {self}\n    EnvironmentPointer:   {environment_pointer}\n"
			  "    ClientId:             {pid} . {tid}\n    RpcHandle:            {rpc_handle}\n"
			  "    Tls Storage:          {tls}\n    PEB Address:          {peb}\n"
			  "    LastErrorValue:       {last_error}\n    LastStatusValue:      {last_status}\n"
			  "    Count Owned Locks:    {owned_locks}\n    HardErrorMode:        {hard_error_mode}" },
	.fields = teb_fields,
	.n_fields = ARRAY_LEN(teb_fields)
};

static va_t current_teb(struct session *s)
{
	const struct target *t = s->target;
	uint64_t at;
	if (!t->kernel)
		return s->thread < t->n_threads ? t->threads[s->thread].teb : 0;
	return layout_read(s, session_kthread(s), "_KTHREAD", "Teb", t->ptr_bytes, &at).code ? 0 : at;
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	enum { POINTERS = 13 };
	const struct target *t = s->target;
	const unsigned p = t->ptr_bytes;
	// LastErrorValue and CountOfOwnedCriticalSections lie behind the pointers.
	const unsigned numbers[] = { p * POINTERS, p == 8 ? 0x1250 : 0xbf4, p * POINTERS + 4, p == 8 ? 0x16b0 : 0xf28 };
	uint64_t at = current_teb(s);
	if (!arg_end(c))
		TRY(arg_expr(c, &at));
	TRY(arg_done(c));
	if (!at)
		return cmd_fail(c, E_ABSENT, 0, "The current thread has no TEB, or the dump does not tell where it is");
	if (space_source_at(t->space, at) == SPACE_NONE)
		return cmd_fail(c, E_ABSENT, at, "Unable to read the TEB at %0*" PRIx64 ": %s", (int)p * 2, at,
				space_why_text(space_why(t->space, at)));
	struct val v[ARRAY_LEN(teb_fields)] = { V(at) };
	uint64_t x, self = 0;
	for (unsigned i = 0; i < POINTERS; i++)
		v[1 + i] = space_ptr(t->space, at + i * p, p, &x) ? V(x) : V_ABSENT;
	for (unsigned i = 0; i < ARRAY_LEN(numbers); i++)
		v[1 + POINTERS + i] = space_ptr(t->space, at + numbers[i], 4, &x) ? V(x) : V_ABSENT;
	if (space_ptr(t->space, at + (va_t)6 * p, p, &self) && self != at)
		doc_note(out, NOTE_WARNING, "teb.self", "WARNING: %08x`%08x does not appear to be a TEB",
			 (unsigned)(at >> 32), (unsigned)at);
	doc_row(out, &teb, NULL, v, false);
	if (t->wow64)
		doc_note(out, NOTE_INFO, "teb.wow64", "not supported: the 32-bit TEB of this WOW64 thread");
	return ok();
}

static const struct schema *const rows[] = { &teb, NULL };
const struct cmd cmd_teb = {
	.names = "!teb",
	.group = "Threads and stacks",
	.args = "[ADDRESS]",
	.summary = "Show a thread environment block",
	.help = "!teb          of the current thread\n!teb ADDRESS  of another one\n",
	.run = run,
	.rows = rows,
};

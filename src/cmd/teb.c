// SPDX-License-Identifier: Apache-2.0
// teb.c: !teb: a thread environment block. Layout: debugging-a-stack-overflow.md of Microsoft's debugger documentation;
// offsets: public symbols of ntdll, the same since Windows Vista.
#include "cmd/cmd.h"
#include "win/peb.h"

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
	{ "title", R_STR, "TEB; Wow64 TEB32, Wow64 TEB: of a 32-bit process on 64-bit Windows" },
};
static const struct schema teb = {
	.name = "teb",
	.doc = "A thread environment block; null: not readable",
	.layout = { NULL, "{title} at {address}\n    ExceptionList:        {exception_list}\n    StackBase:            "
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

static void emit(const struct target *t, struct doc *out, va_t at, unsigned p, const char *title)
{
	enum { POINTERS = 13 };
	// LastErrorValue and CountOfOwnedCriticalSections lie behind the pointers.
	const unsigned numbers[] = { p * POINTERS, p == 8 ? 0x1250 : 0xbf4, p * POINTERS + 4, p == 8 ? 0x16b0 : 0xf28 };
	const unsigned width = out->ptr_bytes;
	struct val v[ARRAY_LEN(teb_fields)] = { V(at) };
	uint64_t x, self = 0;
	for (unsigned i = 0; i < POINTERS; i++)
		v[1 + i] = space_ptr(t->space, at + i * p, p, &x) ? V(x) : V_ABSENT;
	for (unsigned i = 0; i < ARRAY_LEN(numbers); i++)
		v[1 + POINTERS + i] = space_ptr(t->space, at + numbers[i], 4, &x) ? V(x) : V_ABSENT;
	v[ARRAY_LEN(v) - 1] = VS(title);
	if (space_ptr(t->space, at + (va_t)6 * p, p, &self) && self != at)
		doc_note(out, NOTE_WARNING, "teb.self", "WARNING: %08x`%08x does not appear to be a TEB",
			 (unsigned)(at >> 32), (unsigned)at);
	out->ptr_bytes = p;
	doc_row(out, &teb, NULL, v, false);
	out->ptr_bytes = width;
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	const struct target *t = s->target;
	const unsigned p = t->ptr_bytes;
	const bool given = !arg_end(c);
	uint64_t at = session_teb(s);
	if (given)
		TRY(arg_expr(c, &at));
	TRY(arg_done(c));
	const bool wow64 = !given && (t->wow64 || session_peb32(s));
	const va_t narrow = wow64 ? session_teb32(s, at) : 0;
	if (!at)
		return cmd_fail(c, E_ABSENT, 0, "The current thread has no TEB, or the dump does not tell where it is");
	if (space_source_at(t->space, at) == SPACE_NONE)
		return cmd_fail(c, E_ABSENT, at, "Unable to read the TEB at %0*" PRIx64 ": %s", (int)p * 2, at,
				space_why_text(space_why(t->space, at)));
	if (narrow) {
		emit(t, out, narrow, 4, "Wow64 TEB32");
		doc_text(out, "");
		doc_text(out, "");
	}
	emit(t, out, at, p, wow64 ? "Wow64 TEB" : "TEB");
	if (wow64 && !narrow)
		doc_note(out, NOTE_INFO, "teb.wow64", "the 32-bit TEB of this WOW64 thread is not in this dump");
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

// SPDX-License-Identifier: Apache-2.0
// ktask.c: the block of !thread and the threads in !process. Layouts: recorded output of WinDbg in Microsoft's debugger
// documentation (-thread.md, debug-universal-drivers lab) and the kernel-dump article.
#include "cmd/ktask.h"

#include "base/limits.h"
#include "cmd/symbols.h"
#include "stack/kernel.h"
#include "win/process.h"
#include "win/user_modules.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const struct field kernel_thread_fields[] = {
	{ "address", R_ADDR, "of the KTHREAD" },
	{ "pid", R_INDEX, "process id; null: not readable" },
	{ "tid", R_INDEX, "thread id; null: not readable" },
	{ "teb", R_ADDR, "of the TEB; null: not readable" },
	{ "win32_thread", R_ADDR, "win32k's thread; 0: none; null: not readable" },
	{ "state", R_STR, "state as the debugger writes it; null: not readable" },
	{ "wait_reason", R_STR, "why it waits; null: it does not, or not readable" },
	{ "processor", R_DEC, "that it runs or ran on; null: it does not, or not known" },
};
const struct schema row_kernel_thread = {
	.name = "kernel_thread",
	.doc = "A thread of a kernel dump",
	.layout = { NULL, "THREAD {address}  Cid {pid:4}.{tid:4}  Teb: {teb} Win32Thread: {win32_thread}"
			  "{?state  {state}}" },
	.fields = kernel_thread_fields,
	.n_fields = ARRAY_LEN(kernel_thread_fields)
};
static const struct field wait_object_fields[] = {
	{ "thread", R_ADDR, "the thread that waits" },
	{ "address", R_ADDR, "the object it waits for" },
	{ "type", R_STR, "kind of the object" },
	{ "owner", R_ADDR, "thread that owns a mutant; null: it is none, or nobody does" },
};
const struct schema row_wait_object = { .name = "wait_object",
					.doc = "An object that a thread waits for",
					.layout = { NULL, "{address}  {type}{?owner  - owning thread {owner}}" },
					.fields = wait_object_fields,
					.n_fields = ARRAY_LEN(wait_object_fields) };
static const struct field thread_irp_fields[] = {
	{ "thread", R_ADDR, "the thread that issued it" },
	{ "address", R_ADDR, "of the IRP" },
	{ "type", R_HEX, "6: an IRP" },
	{ "size", R_HEX, "bytes" },
	{ "flags", R_HEX, "IRP_*" },
	{ "mdl", R_HEX, "its memory descriptor list" },
};
const struct schema row_thread_irp = { .name = "thread_irp",
				       .doc = "An I/O request of a thread",
				       .layout = { NULL,
						   "{address}: ({type:4},{size:4}) Flags: {flags:8}  Mdl: {mdl:8}" },
				       .fields = thread_irp_fields,
				       .n_fields = ARRAY_LEN(thread_irp_fields) };
static const struct field details_fields[] = {
	{ "thread", R_ADDR, "of the KTHREAD" },
	{ "impersonating", R_STR, "null: not readable" },
	{ "device_map", R_ADDR, "of its process" },
	{ "owner", R_ADDR, "EPROCESS that it belongs to" },
	{ "owner_image", R_STR, "its image's name" },
	{ "attached", R_STR, "EPROCESS that it is attached to; N/A: its own" },
	{ "attached_image", R_STR, "its image's name" },
	{ "wait_start", R_DEC, "clock tick at which it began to wait" },
	{ "ticks", R_DEC, "clock ticks since then" },
	{ "ticks_text", R_STR, "the same as a time" },
	{ "switches", R_DEC, "context switches" },
	{ "ideal_processor", R_DEC, "processor it would rather run on" },
	{ "user_time", R_STR, "hours, minutes, seconds" },
	{ "kernel_time", R_STR, "hours, minutes, seconds" },
	{ "start", R_STR, "Win32 start address, with a name when it has one" },
	{ "stack_init", R_ADDR, "initial stack pointer" },
	{ "stack_current", R_ADDR, "stack pointer when it was last switched away from" },
	{ "stack_base", R_ADDR, "first address above the stack" },
	{ "stack_limit", R_ADDR, "lowest address of the stack" },
	{ "priority", R_DEC, "current" },
	{ "base_priority", R_DEC, "base" },
	{ "priority_decrement", R_DEC, "boost that will be taken back" },
	{ "io_priority", R_DEC, "of its I/O" },
	{ "page_priority", R_DEC, "of its pages" },
};
const struct schema row_kernel_thread_details = { .name = "kernel_thread_details",
						  .doc = "More of a thread of a kernel dump; null: not readable",
						  .layout = { NULL, NULL },
						  .fields = details_fields,
						  .n_fields = ARRAY_LEN(details_fields) };
static const char details_text[] =
	"{?impersonating {impersonating}}{!impersonating (impersonation is not in the dump)}"
	"{?device_map \nDeviceMap                 {device_map}}"
	"{?owner \nOwning Process            {owner}       Image:         {owner_image}}"
	"\nAttached Process          {attached}            Image:         {?attached_image {attached_image}}"
	"{?wait_start \nWait Start TickCount      {wait_start:-14} Ticks: {ticks}{ticks_text}}"
	"{?switches \nContext Switch Count      {switches:-14} IdealProcessor: {ideal_processor:-14}}"
	"{?user_time \nUserTime                  {user_time}}{?kernel_time \nKernelTime                {kernel_time}}"
	"{?start \nWin32 Start Address {start}}";

struct val task_number(struct session *s, va_t object, const char *type, const char *field, unsigned bytes)
{
	uint64_t v;
	return layout_read(s, object, type, field, bytes, &v).code ? V_ABSENT : V(v);
}

static struct val thread_ptr(struct session *s, va_t thread, const char *field)
{
	return task_number(s, thread, "_KTHREAD", field, s->target->ptr_bytes);
}

const struct layout *task_layout(struct call *c, unsigned indent, const char *text)
{
	struct layout *l = NEW(c->a, struct layout);
	struct sb sb = sb_new(c->a);
	sb_printf(&sb, "%*s", (int)indent, "");
	for (; *text; text++) {
		sb_ch(&sb, *text);
		if (*text == '\n')
			sb_printf(&sb, "%*s", (int)indent, "");
	}
	l->text = sb_str(&sb);
	return l;
}

// ---- user modules
void task_user_modules(struct session *s, struct doc *out, va_t process, bool say)
{
	const struct user_modules m = user_modules_load(s, process);
	if (m.changed)
		symbols_changed(s);
	if (!say)
		return;
	doc_text(out, "Loading User Symbols");
	if (m.unread && s->target->ptr_bytes == 8)
		doc_note(out, NOTE_WARNING, "peb.paged_out",
			 "PEB is paged out (Peb.Ldr = %08x`%08x).  Type \".hh dbgerr001\" for details",
			 (unsigned)(m.unread >> 32), (unsigned)m.unread);
	else if (m.unread)
		doc_note(out, NOTE_WARNING, "peb.paged_out",
			 "PEB is paged out (Peb.Ldr = %08x).  Type \".hh dbgerr001\" for details", (unsigned)m.unread);
	else if (!m.complete)
		doc_note(out, NOTE_WARNING, "peb.modules", "The loader's list of modules could not be read to its end");
	if (m.n)
		emit_dots(out, m.n);
	else
		doc_text(out, "");
}

// ---- times
const char *task_time(struct arena *a, uint64_t hundred_ns)
{
	uint64_t ms = hundred_ns / 10000, days = ms / 86400000;
	const char *text = arena_printf(a, "%02u:%02u:%02u.%03u", (unsigned)(ms / 3600000 % 24),
					(unsigned)(ms / 60000 % 60), (unsigned)(ms / 1000 % 60), (unsigned)(ms % 1000));
	return days ? arena_printf(a, "%" PRIu64 " Day%s %s", days, days == 1 ? "" : "s", text) : text;
}

bool task_increment(struct session *s, uint64_t *ret)
{
	enum { USUAL = 156250 };
	va_t at;
	uint32_t v;
	bool known = !sym_find(s->target, "nt!KeMaximumIncrement", &at).code && space_u32(s->target->space, at, &v) &&
		     v > 0 && v < 10 * USUAL;
	*ret = known ? v : USUAL;
	return known;
}

// KUSER_SHARED_DATA.TickCountQuad (ntddk.h), else the kernel's own count.
static bool tick_count(struct session *s, uint32_t *ret)
{
	va_t shared = s->target->ptr_bytes == 8 ? 0xfffff78000000320 : 0xffdf0320, at;
	if (space_u32(s->target->space, shared, ret) && *ret)
		return true;
	return !sym_find(s->target, "nt!KeTickCount", &at).code && space_u32(s->target->space, at, ret) && *ret;
}

static const char *ticks_text(struct session *s, struct arena *a, uint64_t ticks)
{
	uint64_t unit;
	(void)task_increment(s, &unit);
	uint64_t ms = ticks * unit / 10000;
	return !ticks ? ""
		      : arena_printf(a, " (%u:%02u:%02u:%02u.%03u)", (unsigned)(ms / 86400000),
				     (unsigned)(ms / 3600000 % 24), (unsigned)(ms / 60000 % 60),
				     (unsigned)(ms / 1000 % 60), (unsigned)(ms % 1000));
}

static struct val ticks_as_time(struct session *s, struct arena *a, va_t thread, const char *field)
{
	uint64_t ticks, unit;
	if (layout_read(s, thread, "_KTHREAD", field, 4, &ticks).code)
		return V_ABSENT;
	(void)task_increment(s, &unit);
	return VS(task_time(a, ticks * unit));
}

void task_notes(struct session *s, struct doc *out, bool times)
{
	uint64_t unit;
	struct layout_field f;
	const char *note = layout_note(s);
	if (note)
		doc_note(out, NOTE_INFO, "layout.source", "%s", note);
	if (times && layout_field(s, "_KTHREAD", "UserTime", &f) && !task_increment(s, &unit))
		doc_note(out, NOTE_INFO, "ticks.assumed",
			 "the length of a clock tick (nt!KeMaximumIncrement) is not known; times assume 15.625 ms");
}

// ---- state
// KWAIT_REASON, of public symbols.
static const char *const reasons[] = {
	"Executive",
	"FreePage",
	"PageIn",
	"PoolAllocation",
	"DelayExecution",
	"Suspended",
	"UserRequest",
	"WrExecutive",
	"WrFreePage",
	"WrPageIn",
	"WrPoolAllocation",
	"WrDelayExecution",
	"WrSuspended",
	"WrUserRequest",
	"WrSpare0",
	"WrQueue",
	"WrLpcReceive",
	"WrLpcReply",
	"WrVirtualMemory",
	"WrPageOut",
	"WrRendezvous",
	"WrKeyedEvent",
	"WrTerminated",
	"WrProcessInSwap",
	"WrCpuRateControl",
	"WrCalloutStack",
	"WrKernel",
	"WrResource",
	"WrPushLock",
	"WrMutex",
	"WrQuantumEnd",
	"WrDispatchInt",
	"WrPreempted",
	"WrYieldExecution",
	"WrFastMutex",
	"WrGuardedMutex",
	"WrRundown",
	"WrAlertByThreadId",
	"WrDeferredPreempt",
	"WrPhysicalFault",
	"WrIoRing",
	"WrMdlCache",
	"WrRcu",
};
enum { STATE_RUNNING = 2, STATE_WAITING = 5 };

static size_t processor_of(const struct target *t, va_t thread)
{
	const struct kernel *k = t->kernel;
	for (size_t i = 0; i < k->n_processors; i++)
		if (k->processors[i].thread == thread)
			return i;
	return SIZE_MAX;
}

static const char *reason_text(struct session *s, struct arena *a, va_t thread)
{
	uint64_t v;
	if (layout_read(s, thread, "_KTHREAD", "WaitReason", 1, &v).code)
		return NULL;
	return v < ARRAY_LEN(reasons) ? reasons[v] : arena_printf(a, "%" PRIu64, v);
}

static const char *wait_text(struct session *s, struct arena *a, va_t thread)
{
	struct sb text = sb_new(a);
	const char *reason = reason_text(s, a, thread);
	struct val mode = task_number(s, thread, "_KTHREAD", "WaitMode", 1),
		   alertable = task_number(s, thread, "_KTHREAD", "Alertable", 1);
	sb_printf(&text, "WAIT: (%s)", reason ? reason : "?");
	if (!mode.absent)
		sb_add(&text, mode.u & 1 ? " UserMode" : " KernelMode");
	if (!alertable.absent)
		sb_add(&text, alertable.u ? " Alertable" : " Non-Alertable");
	return sb_str(&text);
}

static const char *state_text(struct session *s, struct arena *a, va_t thread, struct val state)
{
	static const char *const names[] = { "INITIALIZED", "READY",
					     NULL,          "STANDBY",
					     "TERMINATED",  NULL,
					     "TRANSITION",  "DEFERRED READY",
					     "GATE WAIT",   "WAIT: (ProcessInSwap)" };
	if (state.absent)
		return NULL;
	size_t cpu = processor_of(s->target, thread);
	struct val next = task_number(s, thread, "_KTHREAD", "NextProcessor", 4);
	if (state.u == STATE_WAITING)
		return wait_text(s, a, thread);
	if (state.u == STATE_RUNNING)
		return cpu != SIZE_MAX ? arena_printf(a, "RUNNING on processor %zx", cpu) : "RUNNING";
	if (state.u == 1 && !next.absent)
		return arena_printf(a, "READY on processor %" PRIx64, next.u);
	return state.u < ARRAY_LEN(names) ? names[state.u] : arena_printf(a, "state %" PRIu64, state.u);
}

// ---- what it waits for, and its requests
static const char *object_type(struct session *s, struct arena *a, va_t object, va_t *owner)
{
	static const char *const names[] = { "NotificationEvent",
					     "SynchronizationEvent",
					     "Mutant",
					     "ProcessObject",
					     "QueueObject",
					     "Semaphore",
					     "Thread",
					     NULL,
					     "NotificationTimer",
					     "SynchronizationTimer" };
	// KMUTANT.OwnerThread and KSEMAPHORE.Limit, of public symbols.
	enum { MUTANT = 2, SEMAPHORE = 5, PRIORITY_QUEUE = 21, TYPE_BITS = 0x7f };
	const unsigned p = s->target->ptr_bytes, owner_at = p == 8 ? 0x28 : 0x18, limit_at = p == 8 ? 0x18 : 0x10;
	uint8_t type;
	uint32_t limit;
	*owner = 0;
	if (!space_u8(s->target->space, object, &type))
		return "(not readable)";
	type &= TYPE_BITS;
	if (type == MUTANT && space_ptr(s->target->space, object + owner_at, p, owner))
		return *owner ? "Mutant -" : "Mutant";
	if (type == SEMAPHORE && space_u32(s->target->space, object + limit_at, &limit))
		return arena_printf(a, "Semaphore Limit 0x%" PRIx32, limit);
	if (type == PRIORITY_QUEUE)
		return "QueueObject";
	return type < ARRAY_LEN(names) && names[type] ? names[type] : "Unknown";
}

// The wait blocks lie one behind the other and each names its thread.
static void emit_waits(struct session *s, struct call *c, struct doc *out, va_t thread, unsigned indent)
{
	uint64_t block, count = LIMIT_WAIT_BLOCKS, owner, object;
	struct layout_field size = { 0 };
	if (layout_read(s, thread, "_KTHREAD", "WaitBlockList", s->target->ptr_bytes, &block).code || !block)
		return;
	bool counted = !layout_read(s, thread, "_KTHREAD", "WaitBlockCount", 1, &count).code;
	va_t objects = layout_address(s, block, "_KWAIT_BLOCK", "Object"),
	     threads = layout_address(s, block, "_KWAIT_BLOCK", "Thread");
	bool types = layout_field(s, "_KWAIT_BLOCK", "SparePtr", &size);
	const unsigned p = s->target->ptr_bytes;
	uint64_t stride = types ? size.offset + p : p == 8 ? 0x30 : 0x18;
	if (!objects || !threads) {
		// Since Windows 8.1; before that a field earlier.
		bool late = s->target->kernel->facts->build >= 9600;
		threads = block + (p == 8 ? (late ? 0x18u : 0x10u) : (late ? 0xcu : 8u));
		objects = threads + p;
	}
	const struct layout *l = task_layout(c, indent, row_wait_object.layout.text);
	for (uint64_t i = 0; i < MIN(count, (uint64_t)LIMIT_WAIT_BLOCKS); i++) {
		uint64_t who;
		va_t holder;
		if (!space_ptr(s->target->space, threads + i * stride, p, &who) || who != thread ||
		    !space_ptr(s->target->space, objects + i * stride, p, &object))
			break;
		const char *type = object_type(s, c->a, object, &holder);
		owner = holder;
		doc_row(out, &row_wait_object, l,
			(struct val[]){ V(thread), V(object), VS(type), V_IF(owner != 0, owner) }, false);
		if (!counted)
			break;
	}
}

static void emit_irps(struct session *s, struct call *c, struct doc *out, va_t thread, unsigned indent)
{
	const unsigned p = s->target->ptr_bytes;
	// _IRP.ThreadListEntry, Flags, MdlAddress: wdm.h.
	const unsigned link = p == 8 ? 0x20 : 0x10, flags_at = p == 8 ? 0x10 : 8, mdl_at = p == 8 ? 8 : 4;
	va_t head = layout_address(s, thread, "_ETHREAD", "IrpList");
	uint64_t at;
	const struct layout *l = task_layout(c, indent + 4, row_thread_irp.layout.text);
	if (!head || !space_ptr(s->target->space, head, p, &at))
		return;
	for (unsigned i = 0; at && at != head && i < LIMIT_THREAD_IRPS; i++) {
		uint64_t irp = at - link, type, size, flags, mdl;
		if (!space_ptr(s->target->space, irp, 4, &type) ||
		    !space_ptr(s->target->space, irp + flags_at, 4, &flags) ||
		    !space_ptr(s->target->space, irp + mdl_at, p, &mdl)) {
			doc_note(out, NOTE_INFO, "irp.absent", "%*sthe IRP at %0*" PRIx64 " is not in the dump",
				 (int)indent, "", (int)p * 2, irp);
			return;
		}
		size = type >> 16;
		if (!i)
			doc_text(out, arena_printf(c->a, "%*sIRP List:", (int)indent, ""));
		doc_row(out, &row_thread_irp, l,
			(struct val[]){ V(thread), V(irp), V(type & 0xffff), V(size), V(flags), V(mdl) }, false);
		if (!space_ptr(s->target->space, at, p, &at))
			return;
	}
}

// ---- the details
static const char *impersonation(struct session *s, va_t thread)
{
	// _ETHREAD.CrossThreadFlags.ActiveImpersonationInfo.
	enum { ACTIVE_IMPERSONATION = 1 << 3 };
	struct val flags = task_number(s, thread, "_ETHREAD", "CrossThreadFlags", 4);
	if (flags.absent)
		return NULL;
	return flags.u & ACTIVE_IMPERSONATION ? "Impersonating" : "Not impersonating"; // layout of the first unverified
}

static const char *start_text(struct session *s, struct arena *a, va_t thread)
{
	struct val at = task_number(s, thread, "_ETHREAD", "Win32StartAddress", s->target->ptr_bytes);
	if (at.absent)
		return NULL;
	const char *name = sym_text(s->target, a, at.u);
	const char *number = arena_printf(a, "0x%0*" PRIx64, (int)s->target->ptr_bytes * 2, at.u);
	return name ? arena_printf(a, "%s (%s)", name, number) : number;
}

static const char *process_text(struct session *s, struct arena *a, va_t process)
{
	return arena_printf(a, "%0*" PRIx64, (int)s->target->ptr_bytes * 2, process);
}

static void emit_details(struct session *s, struct call *c, struct doc *out, va_t thread, unsigned indent)
{
	const unsigned p = s->target->ptr_bytes;
	uint64_t owner = 0, wait = 0;
	uint32_t now;
	err_t e = layout_read(s, thread, "_KTHREAD", "Process", p, &owner);
	va_t attached = kernel_process_of(s->target, thread);
	bool has_owner = !e.code && owner, elsewhere = has_owner && attached && attached != owner;
	bool waits = !layout_read(s, thread, "_KTHREAD", "WaitTime", 4, &wait).code,
	     ticks = waits && tick_count(s, &now);
	struct val flags = task_number(s, thread, "_ETHREAD", "CrossThreadFlags", 4), stack[4], prio[3];
	static const char *const stacks[] = { "InitialStack", "KernelStack", "StackBase", "StackLimit" };
	static const char *const priorities[] = { "Priority", "BasePriority", "PriorityDecrement" };
	for (size_t i = 0; i < ARRAY_LEN(stack); i++)
		stack[i] = thread_ptr(s, thread, stacks[i]);
	for (size_t i = 0; i < ARRAY_LEN(prio); i++)
		prio[i] = task_number(s, thread, "_KTHREAD", priorities[i], 1);
	const char *owner_image = has_owner ? process_image(s, c->a, owner, NULL) : NULL;
	uint32_t since = ticks ? now - (uint32_t)wait : 0;
	struct sb text = sb_new(c->a);
	sb_add(&text, details_text);
	sb_add(&text,
	       p == 8 ? "\nStack Init {stack_init} Current {stack_current}\nBase {stack_base} Limit {stack_limit} "
			"Call 0000000000000000"
		      : "\nStack Init {stack_init} Current {stack_current} Base {stack_base} Limit {stack_limit} "
			"Call 00000000");
	if (!prio[0].absent)
		sb_add(&text,
		       "\nPriority {priority} BasePriority {base_priority} PriorityDecrement {priority_decrement} "
		       "IoPriority {io_priority} PagePriority {page_priority}");
	// The two priorities: bits of _ETHREAD.CrossThreadFlags.
	const struct val v[] = { V(thread),
				 VS(impersonation(s, thread)),
				 task_number(s, owner, "_EPROCESS", "DeviceMap", p),
				 V_IF(has_owner, owner),
				 VS(owner_image ? owner_image
				    : has_owner ? ""
						: NULL),
				 VS(elsewhere ? process_text(s, c->a, attached) : "N/A"),
				 VS(elsewhere ? process_image(s, c->a, attached, NULL) : "N/A"),
				 V_IF(waits, wait),
				 V_IF(ticks, since),
				 VS(ticks ? ticks_text(s, c->a, since) : ""),
				 task_number(s, thread, "_KTHREAD", "ContextSwitches", 4),
				 task_number(s, thread, "_KTHREAD", "IdealProcessor", 4),
				 ticks_as_time(s, c->a, thread, "UserTime"),
				 ticks_as_time(s, c->a, thread, "KernelTime"),
				 VS(start_text(s, c->a, thread)),
				 stack[0],
				 stack[1],
				 stack[2],
				 stack[3],
				 prio[0],
				 prio[1],
				 prio[2],
				 V_IF(!flags.absent, flags.u >> 9 & 7),
				 V_IF(!flags.absent, flags.u >> 12 & 7) };
	_Static_assert(ARRAY_LEN(v) == ARRAY_LEN(details_fields), "kernel_thread_details: wrong arity");
	doc_row(out, &row_kernel_thread_details, task_layout(c, indent, sb_str(&text)), v, false);
}

static void emit_thread_stack(struct session *s, struct call *c, struct doc *out, va_t thread, unsigned flags,
			      unsigned indent)
{
	struct target *t = s->target;
	size_t cpu = processor_of(t, thread);
	struct regs r;
	struct stack st;
	// The walk asks the session which thread's stacks it may be on.
	va_t chosen = s->implicit_thread;
	s->implicit_thread = thread;
	err_t e = kernel_thread_regs(s, thread, &r);
	if (!e.code)
		e = stack_walk(s, cpu != SIZE_MAX ? &t->threads[cpu] : NULL, &r, s->dbg->kframes, c->a, &st);
	s->implicit_thread = chosen;
	if (e.code) {
		doc_note(out, NOTE_INFO, "stack.absent", "%*sno stack: %s", (int)indent, "", e.what);
		return;
	}
	emit_stack(s, c, out, &st,
		   &(struct stack_options){ .form = flags & TASK_NO_ARGS ? STACK_PLAIN : STACK_VERBOSE,
					    .heading = true,
					    .traps = true,
					    .indent = indent });
}

void task_thread(struct session *s, struct call *c, struct doc *out, va_t thread, unsigned flags, unsigned indent)
{
	const unsigned p = s->target->ptr_bytes;
	struct val state = task_number(s, thread, "_KTHREAD", "State", 1);
	size_t cpu = processor_of(s->target, thread);
	doc_row(out, &row_kernel_thread, task_layout(c, indent, row_kernel_thread.layout.text),
		(struct val[]){ V(thread), task_number(s, thread, "_ETHREAD", "Cid.UniqueProcess", p),
				task_number(s, thread, "_ETHREAD", "Cid.UniqueThread", p), thread_ptr(s, thread, "Teb"),
				thread_ptr(s, thread, "Win32Thread"), VS(state_text(s, c->a, thread, state)),
				VS(!state.absent && state.u == STATE_WAITING ? reason_text(s, c->a, thread) : NULL),
				V_IF(cpu != SIZE_MAX, cpu) },
		false);
	if (!state.absent && state.u == STATE_WAITING && (flags & TASK_WAITS))
		emit_waits(s, c, out, thread, indent + 4);
	if (!(flags & TASK_STACK) || !(flags & TASK_WAITS))
		return;
	emit_irps(s, c, out, thread, indent);
	emit_details(s, c, out, thread, indent);
	emit_thread_stack(s, c, out, thread, flags, indent);
}

err_t task_check(struct session *s, struct call *c, va_t at, uint8_t type)
{
	enum { TYPE_BITS = 0x7f };
	const char *what = type == TASK_TYPE_THREAD ? "thread" : "process";
	uint8_t is;
	if (!space_u8(s->target->space, at, &is))
		return cmd_fail(c, E_ABSENT, at, "Unable to read the %s object at %016" PRIx64 ": %s", what, at,
				space_why_text(space_why(s->target->space, at)));
	if ((is & TYPE_BITS) != type)
		return cmd_fail(c, E_NOTFOUND, at, "TYPE mismatch for %s object at %016" PRIx64, what, at);
	return ok();
}

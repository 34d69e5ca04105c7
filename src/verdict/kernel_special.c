// SPDX-License-Identifier: Apache-2.0
// kernel_special.c: bug checks that point at the culprit, or at its record, by a parameter.
#include "stack/kernel.h"
#include "target/kernel.h"
#include "target/records.h"
#include "verdict/kernel_int.h"
#include "win/layout.h"
#include "win/process.h"
#include "win/whea.h"

#include <inttypes.h>
#include <string.h>

static const char *hex(struct kernel_case *c, uint64_t v)
{
	return arena_printf(c->s->arena, "%" PRIx64, v);
}

// ---- threads that a parameter names: their stack tells more than that of the watchdog
static void stack_of_thread(struct kernel_case *c, va_t thread, const char *what)
{
	struct session *s = c->s;
	struct regs r;
	struct stack st;
	err_t e = thread ? kernel_thread_regs(s, thread, &r) : ok();
	if (!thread || e.code || stack_walk(s, NULL, &r, VERDICT_FRAMES, s->arena, &st).code || !st.n) {
		c->no_context = arena_printf(s->arena, "the stack of %s is not in the dump", what);
		return;
	}
	c->v->regs = r;
	c->v->stack = st;
	c->v->stack_note = NULL;
	c->k->thread = thread;
	c->first = 0;
	c->other_stack = true;
	kernel_reason(&c->k->evidence, arena_printf(s->arena, "the stack shown is that of %s", what),
		      arena_printf(s->arena, ".thread %" PRIx64 "; kv", thread));
}

// ---- 0x9F: devices that a parameter names (Microsoft's page of 0x9F). What the debugger's buckets of these look like
// is not public: layout unverified.
static void power_device(struct kernel_case *c)
{
	enum { DRIVER_PARAM = 3 }; // of subtype 2: the driver object
	static const struct {
		uint16_t subtype;
		uint8_t device; // its parameter, from 0
		const char *what;
	} kinds[] = {
		{ 1, 1, ", which is being freed with a power request that is not completed" },
		{ 2, 2, ", which completed a power request without starting the next one" },
		{ 0x500, 3, ", which completed a power request without starting the next one" },
		{ 5, 1, " at the bottom of a stack that did not finish a directed power transition in time" },
	};
	struct kernel_verdict *k = c->k;
	struct arena *a = c->s->arena;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (kinds[i].subtype != k->params[0])
			continue;
		va_t device = k->params[kinds[i].device];
		const struct module *m = kernel_device_driver(c->s, device, NULL);
		if (!m && k->params[0] == 2)
			m = kernel_driver_module(c->s, k->params[DRIVER_PARAM]);
		if (!m)
			return;
		kernel_reason(&k->evidence,
			      arena_printf(a, "the device %" PRIx64 " belongs to %s", device, m->image_name),
			      arena_printf(a, "dt nt!_DEVICE_OBJECT %" PRIx64, device));
		k->image_only = true;
		c->unverified = true;
		k->culprit = m;
		kernel_name_module(c, m, 0, VERDICT_LOW,
				   arena_printf(a, "%s drives the device%s", m->image_name, kinds[i].what));
	}
}

// ---- 0x9F: a power request that a driver holds
static void power_irp(struct kernel_case *c)
{
	struct session *s = c->s;
	struct kernel_verdict *k = c->k;
	struct arena *a = s->arena;
	va_t object = 0, device, pdo = k->params[1], irp = k->params[3];
	kernel_field(c, "DRVPOWERSTATE_SUBCODE", hex(c, k->params[0]), false);
	if (k->params[0] == 4)
		stack_of_thread(c, k->params[2], "the thread that holds the lock of Plug and Play");
	if (k->params[0] == 6)
		c->no_context = "which device the POP_FX_DEVICE of parameter 2 stands for is not looked up";
	power_device(c);
	if (k->params[0] != 3)
		return;
	const struct module *bus = kernel_device_driver(s, pdo, &object), *holder = NULL;
	if (object)
		kernel_field(c, "DRIVER_OBJECT", arena_printf(a, "%016" PRIx64, object), true);
	device = kernel_irp_device(s, irp);
	if (device)
		holder = kernel_device_driver(s, device, NULL);
	// Public buckets have more between the two (POWER_DOWN, DEV_AMDI0010, WDF_WAIT_TIMEOUT, DXG_POWER_IRP_TIMEOUT);
	// none of the texts shows what decides, and others of the same kind go without.
	if (holder) {
		k->holder = holder->name;
		k->culprit = holder;
		k->prefix = arena_printf(a, "%s_%s", k->prefix, holder->name);
		kernel_reason(&k->evidence,
			      arena_printf(a, "the blocked request (IRP %" PRIx64 ") stands at a device of %s", irp,
					   holder->image_name),
			      arena_printf(a, "dt nt!_IRP %" PRIx64, irp));
	}
	if (bus)
		kernel_reason(
			&k->evidence,
			arena_printf(a, "the device at the bottom (%" PRIx64 ") belongs to %s", pdo, bus->image_name),
			arena_printf(a, "dt nt!_DEVICE_OBJECT %" PRIx64, pdo));
	const struct module *named = bus ? bus : holder;
	if (!named)
		return;
	k->image_only = true;
	if (!k->culprit)
		k->culprit = named;
	const char *why =
		holder ? arena_printf(
				 a,
				 "the power request stands at a device of %s, which waits for something or forgot it; "
				 "%s drives the device at the bottom",
				 holder->image_name, bus ? bus->image_name : "an unknown driver")
		       : arena_printf(a,
				      "%s drives the bus of the device; which driver above it holds the request is not "
				      "in the dump",
				      named->image_name);
	kernel_name_module(c, named, 0, holder ? VERDICT_MEDIUM : VERDICT_LOW, why);
	if (holder && bus && holder != bus)
		kernel_reason(&k->also,
			      arena_printf(a, "%s, or the device itself, when %s waits for it", bus->image_name,
					   holder->image_name),
			      NULL);
}

// ---- parameters that are addresses in code
static void pointer(struct kernel_case *c, unsigned number)
{
	struct session *s = c->s;
	va_t at = c->k->params[number - 1];
	const struct module *m = target_module_at(s->target, at);
	if (!m)
		return;
	c->k->image_only = c->rule->flags & RULE_IMAGE;
	bool core = kernel_is_core(m->name);
	const char *what = c->k->image_only ? "lies in the driver that is responsible, as the system itself says"
					    : "is the routine that broke the rule";
	kernel_reason(&c->k->evidence,
		      arena_printf(s->arena, "parameter %u (%" PRIx64 ") lies in %s", number, at, m->image_name),
		      arena_printf(s->arena, "ln %" PRIx64, at));
	kernel_name_module(c, m, at,
			   core               ? VERDICT_LOW
			   : c->k->image_only ? VERDICT_MEDIUM
					      : VERDICT_HIGH,
			   arena_printf(s->arena, "parameter %u %s: %s", number, what, m->image_name));
}

// ---- drivers that a parameter names by text
static void named_driver(struct kernel_case *c, unsigned param)
{
	struct session *s = c->s;
	const char *name = target_unicode_string(s->target, s->arena, c->k->params[param - 1]);
	const struct module *m = name ? target_module_named(s->target, path_base(name)) : NULL;
	if (m)
		kernel_name_module(c, m, 0, VERDICT_MEDIUM,
				   arena_printf(s->arena, "parameter %u names %s", param, m->image_name));
}

// ---- 0x124: what the hardware reported
// Processor generic section (UEFI appendix N): the kind of error stands behind the valid bits and two bytes.
static const char *processor_class(const struct whea_section *x)
{
	enum { VALID_ERROR_TYPE = 4, AT_ERROR_TYPE = 10 };
	if (x->bytes.n <= AT_ERROR_TYPE || !(le_get(x->bytes.p, 8) & VALID_ERROR_TYPE))
		return NULL;
	switch (x->bytes.p[AT_ERROR_TYPE]) {
	case 1:
		return "PROCESSOR_CACHE";
	case 2:
		return "PROCESSOR_TLB";
	case 4:
		return "PROCESSOR_BUS";
	case 8:
		return "PROCESSOR_MAE";
	default:
		return NULL;
	}
}

static const char *whea_class(const struct whea_record *w, uint64_t source)
{
	for (size_t i = 0; w && i < w->n_sections; i++) {
		const struct whea_section *x = &w->sections[i];
		const char *class = x->kind == WHEA_PROCESSOR ? processor_class(x) : NULL;
		if (class)
			return class;
		if (x->kind == WHEA_PCIE)
			return "PCIEXPRESS";
		if (x->kind == WHEA_MEMORY)
			return "MEMORY";
	}
	return source ? "_UNKNOWN" : "PROCESSOR__UNKNOWN";
}

static void whea_section_reason(struct kernel_case *c, const struct whea_section *x)
{
	struct arena *a = c->s->arena;
	const char *severity = whea_severity_text(x->severity);
	struct whea_mca mca;
	const char *text =
		arena_printf(a, "the error record has a section %s (%s)", x->name ? x->name : "of unknown kind",
			     severity ? severity : "unknown severity");
	if (whea_mca_read(x, &mca))
		text = arena_printf(a, "%s: processor %" PRIu32 ", bank %" PRIu32 ", status %016" PRIx64 ": %s", text,
				    mca.processor, mca.bank, mca.status, whea_mca_text(a, mca.status));
	kernel_reason(&c->k->evidence, text, arena_printf(a, "!errrec %" PRIx64, c->k->params[1]));
}

static void hardware_record(struct kernel_case *c)
{
	struct session *s = c->s;
	struct kernel_verdict *k = c->k;
	struct arena *a = s->arena;
	struct whea_record *w = NEW(a, struct whea_record);
	err_t e = whea_read(a, s->target->space, k->params[1], w);
	const char *vendor = kernel_cpu_vendor(s);
	uint64_t status = k->params[2] << 32 | (k->params[3] & UINT32_MAX);
	k->hardware = true;
	k->no_whea = e.code ? e.what : NULL;
	if (!e.code) {
		k->whea = w;
		for (size_t i = 0; i < w->n_sections; i++)
			whea_section_reason(c, &w->sections[i]);
	}
	if (k->params[0] == 0 && status)
		kernel_reason(
			&k->evidence,
			arena_printf(a, "machine check status %016" PRIx64 ": %s", status, whea_mca_text(a, status)),
			".bugcheck");
	struct verdict *v = c->v;
	v->confidence = VERDICT_HIGH;
	v->why = "the hardware itself reported the error; no driver is blamed";
	v->module_name = vendor ? vendor : "hardware";
	v->image_name = vendor ? arena_printf(a, "%s.sys", vendor) : "hardware";
	v->symbol_name = v->image_name;
	k->prefix = vendor ? arena_printf(a, "0x124_%" PRIu64 "_%s_%s", k->params[0], vendor,
					  whea_class(k->whea, k->params[0]))
			   : arena_printf(a, "0x124_%" PRIu64, k->params[0]);
	k->image_only = true;
}

// ---- 0x1A and its like: a single bit
void kernel_one_bit(struct kernel_case *c)
{
	struct verdict *v = c->v;
	c->k->hardware = true;
	v->symbol_name = NULL; // as the debugger since 2024
	v->module_name = "hardware";
	v->image_name = "memory_corruption";
	v->bucket = "MEMORY_CORRUPTION_ONE_BIT";
}

static void memory_bits(struct kernel_case *c)
{
	struct kernel_verdict *k = c->k;
	struct arena *a = c->s->arena;
	enum { BAD_PTE = 0x41792, OUT_OF_STEP = 0x403 };
	uint64_t bits = k->params[0] == BAD_PTE       ? k->params[2]
			: k->params[0] == OUT_OF_STEP ? k->params[2] ^ k->params[3]
						      : 0;
	if (!one_bit(bits))
		return;
	unsigned bit = (unsigned)__builtin_ctzll(bits);
	const char *what = k->params[0] == BAD_PTE ? "a page-table entry that must be empty has one bit set"
						   : "two values that must be equal differ in one bit";
	kernel_reason(&k->evidence, arena_printf(a, "%s (bit %u of %016" PRIx64 ")", what, bit, k->params[2]),
		      ".bugcheck");
	kernel_field(c, "MEMORY_CORRUPTOR", "ONE_BIT", false);
	c->v->confidence = VERDICT_MEDIUM;
	c->v->why =
		"exactly one bit of memory is wrong: that is what faulty memory does, and hardly ever what a driver "
		"does";
	kernel_one_bit(c);
}

// ---- 0xEF, 0xF4: a process that must not end
// 0xF4 points to the name of the process.
static const char *ascii_name(struct session *s, va_t at)
{
	enum { NAME_BYTES = 15 };
	char name[NAME_BYTES + 1] = { 0 };
	if (!at || !space_read_all(s->target->space, at, name, NAME_BYTES))
		return NULL;
	for (size_t i = 0; name[i]; i++)
		if (name[i] < 0x20 || name[i] > 0x7e)
			return NULL;
	return *name ? arena_strdup(s->arena, name) : NULL;
}

// Another process ended it: parameter 3 since Windows 10 2004. Its name and id are in the bucket (one public output).
static bool ended_by(struct kernel_case *c, va_t victim)
{
	struct arena *a = c->s->arena;
	va_t killer = c->k->params[2];
	const char *why, *name = killer && killer != victim ? process_image(c->s, c->s->arena, killer, &why) : NULL;
	uint64_t id;
	if (!name || layout_read(c->s, killer, "_EPROCESS", "UniqueProcessId", c->s->target->ptr_bytes, &id).code)
		return false;
	kernel_reason(&c->k->evidence, arena_printf(a, "%s (%" PRIx64 ") ended it", name, id),
		      arena_printf(a, "!process %" PRIx64 " 0", killer));
	c->k->prefix = arena_printf(a, "%s_%s_BUGCHECK_CRITICAL_PROCESS_TERMINATED_BY_%s_%" PRIx64, c->k->prefix,
				    c->k->process, name, id);
	return true;
}

static void ended_process(struct kernel_case *c)
{
	struct kernel_verdict *k = c->k;
	struct session *s = c->s;
	struct arena *a = s->arena;
	bool is_thread = k->code == 0xef ? k->params[1] == 1 : k->params[0] == 6;
	va_t object = k->code == 0xef ? k->params[0] : k->params[1], thread = s->target->kernel->thread;
	const char *why = NULL, *name = is_thread ? NULL : process_image(s, s->arena, object, &why);
	if (!name && !is_thread && object == s->target->kernel->process)
		name = k->process;
	if (!name && k->code == 0xf4)
		name = ascii_name(s, k->params[2]);
	if (!name) {
		k->no_process = is_thread ? "a thread ended, and its process is not looked up" : why;
		return;
	}
	k->process = name;
	kernel_field(c, "CRITICAL_PROCESS", name, false);
	kernel_reason(&k->evidence, arena_printf(a, "%s ended; Windows does not run without it", name), ".bugcheck");
	if (k->code == 0xef && ended_by(c, object))
		return;
	// The debugger adds the low half of the thread that ended it.
	if (k->code == 0xef)
		k->prefix = thread ? arena_printf(a, "%s_%s_BUGCHECK_CRITICAL_PROCESS_%" PRIx32, k->prefix, name,
						  (uint32_t)thread)
				   : arena_printf(a, "%s_%s_BUGCHECK_CRITICAL_PROCESS", k->prefix, name);
}

// ---- 0x101: another processor
static void hung_processor(struct kernel_case *c)
{
	struct target *t = c->s->target;
	struct verdict *v = c->v;
	struct arena *a = c->s->arena;
	uint64_t n = c->k->params[3];
	struct regs r;
	if (n < t->n_threads && n != t->event_thread && !target_thread_regs(t, &t->threads[n], false, &r).code &&
	    reg_get(&r, reg_pc(t->machine))) {
		v->thread = &t->threads[n];
		v->regs = r;
		c->first = 0;
		err_t e = stack_walk(c->s, v->thread, &r, VERDICT_FRAMES, a, &v->stack);
		v->stack_note = e.code ? e.what : NULL;
		c->other_stack = true;
		kernel_reason(&c->k->evidence, arena_printf(a, "the stack shown is that of processor %" PRIu64, n),
			      arena_printf(a, "~%" PRIu64 "s; kv", n));
		return;
	}
	v->stack.n = MIN(v->stack.n, (size_t)VERDICT_FRAMES);
	c->no_context = arena_printf(a, "the registers of processor %" PRIu64 ", which hangs, are not in the dump", n);
	v->why = arena_printf(a, "not determined: %s; the stack is that of the processor that noticed", c->no_context);
	// The debugger names the kernel's own routine that noticed, whatever it interrupted there. INVALID_CONTEXT:
	// layout unverified. It rests on memory alone; the public outputs of small dumps that were found go without it
	// (CLOCK_WATCHDOG_TIMEOUT_nt!KeAccumulateTicks, cutecatsandvirtualmachines/SKLib issue 12).
	c->unverified = true;
	c->k->prefix = arena_printf(a, "%s_INVALID_CONTEXT", c->k->prefix);
	for (size_t i = c->first; i < v->stack.n; i++) {
		const struct frame *f = &v->stack.frames[i];
		va_t start;
		const char *function = f->module ? certain_function(t, f->ip, &start) : NULL;
		if (!f->module || triage_class_in(kernel_triage_rules, f->module->name, function) == TRIAGE_IGNORE)
			continue;
		kernel_name_module(c, f->module, f->ip, VERDICT_NONE, v->why);
		break;
	}
}

// ---- pool: the tag of a block that is freed twice stands in a parameter, and in the bucket
static void freed_twice(struct kernel_case *c)
{
	enum { TAG_BYTES = 4, FREED = 7 };
	struct arena *a = c->s->arena;
	const uint64_t *p = c->k->params;
	char tag[TAG_BYTES + 1] = { 0 }, name[TAG_BYTES + 1] = { 0 };
	if (p[0] != FREED)
		return;
	if (p[3])
		kernel_field(c, "POOL_ADDRESS", arena_printf(a, "%016" PRIx64 " ", p[3]), false);
	for (unsigned i = 0; i < TAG_BYTES; i++) {
		tag[i] = (char)(p[1] >> 8 * i);
		if (tag[i] < ' ' || tag[i] > '~')
			return;
		name[i] = tag[i];
		if (!(tag[i] >= '0' && tag[i] <= '9') && !((tag[i] | 0x20) >= 'a' && (tag[i] | 0x20) <= 'z'))
			name[i] = '_';
	}
	kernel_field(c, "FREED_POOL_TAG", arena_strdup(a, tag), false);
	c->k->prefix = arena_printf(a, "%s_%s", c->k->prefix, name);
}

// ---- 0xC4, 0x62: a driver that went without freeing its pool; its name is text behind its loader entry
static void leaked_pool(struct kernel_case *c)
{
	enum { LEAK = 0x62, NAME = 32 };
	struct session *s = c->s;
	uint8_t b[2 * NAME];
	char name[NAME + 1] = { 0 };
	size_t got, n = 0;
	if (c->k->params[0] != LEAK)
		return;
	c->k->prefix = arena_printf(s->arena, "%s_LEAKED_POOL", c->k->prefix);
	(void)!space_read(s->target->space, c->k->params[1], b, sizeof(b), &got).code;
	for (; n < NAME && 2 * n + 2 <= got && b[2 * n] > ' ' && b[2 * n] <= '~' && !b[2 * n + 1]; n++)
		name[n] = (char)b[2 * n];
	const char *text = n ? name : target_unicode_string(s->target, s->arena, c->k->params[1]);
	const struct module *m = text ? target_module_named(s->target, path_base(text)) : NULL;
	if (!m)
		return;
	c->k->image_only = true;
	kernel_name_module(
		c, m, 0, VERDICT_HIGH,
		arena_printf(s->arena, "Driver Verifier counted what %s allocated and did not free", m->image_name));
}

// Statuses that stand in a parameter without an exception (layout unverified).
static void plain_status(struct kernel_case *c)
{
	const struct bugcheck_rule *r = c->rule;
	uint32_t status = (uint32_t)c->k->params[(r->subtype ? r->subtype : r->status) - 1];
	const char *text = ntstatus_text(status);
	if (status >= 0x80000000)
		kernel_field(c, "ERROR_CODE",
			     arena_printf(c->s->arena, "(NTSTATUS) 0x%" PRIx32 " - %s", status,
					  text ? text : "<Unable to get error code text>"),
			     true);
}

void kernel_special(struct kernel_case *c)
{
	if (c->rule->prefix == PREFIX_STATUS)
		plain_status(c);
	if (c->rule->flags & RULE_POWER_IRP)
		power_irp(c);
	if (c->rule->flags & RULE_PROCESS)
		ended_process(c);
	if (c->rule->pointer)
		pointer(c, c->rule->pointer);
	switch (c->k->code) {
	case 0x1a:
		memory_bits(c);
		break;
	case 0x101:
		hung_processor(c);
		break;
	case 0x124:
		hardware_record(c);
		break;
	case 0xc4:
		leaked_pool(c);
		break;
	case 0xc2:
		freed_twice(c); // other subtypes know the caller
		if (c->k->params[0] >= 0x9b && c->k->params[0] <= 0x9d)
			pointer(c, 4);
		break;
	case 0xd8:
		named_driver(c, 1);
		break;
	case 0xea:
		named_driver(c, 3);
		break;
	case 0x133:
		if (c->k->params[0] <= 1)
			kernel_field(c, "DPC_TIMEOUT_TYPE",
				     c->k->params[0] ? "DPC_QUEUE_EXECUTION_TIMEOUT_EXCEEDED"
						     : "SINGLE_DPC_TIMEOUT_EXCEEDED",
				     false);
		break;
	case 0x50:
		kernel_field(c, "MM_INTERNAL_CODE", hex(c, c->k->params[3]), false);
		break;
	default:
		break;
	}
}

// SPDX-License-Identifier: Apache-2.0
// kernel_words.c: what the verdict of a kernel dump says to a person: what happened, why we think so, what else it
// could be, what to do.
#include "target/kernel.h"
#include "verdict/bugcheck.h"
#include "verdict/kernel_int.h"

#include <inttypes.h>

static const char *address_text(struct kernel_case *c, va_t va)
{
	return arena_printf(c->s->arena, "%0*" PRIx64, (int)c->s->target->ptr_bytes * 2, va);
}

// "myfault+12d0 (myfault.sys)"
static const char *place_text(struct kernel_case *c, va_t va)
{
	const struct module *m = target_module_at(c->s->target, va);
	const char *name = m ? sym_text(c->s->target, c->s->arena, va) : NULL;
	return name ? name : arena_printf(c->s->arena, "%s, which is in no driver", address_text(c, va));
}

// ---- summary
static const char *access_words(struct kernel_case *c)
{
	static const char *const verbs[] = { "touched", "read", "wrote to", "jumped to" };
	struct verdict *v = c->v;
	return arena_printf(c->s->arena, "%s memory at %s that %s", verbs[v->op], address_text(c, v->fault_address),
			    c->k->has_irql         ? "was not there, or could not be paged in at that IRQL"
			    : v->op == FAULT_WRITE ? "cannot be written"
						   : "is not there");
}

static const char *summary(struct kernel_case *c)
{
	struct arena *a = c->s->arena;
	struct verdict *v = c->v;
	struct kernel_verdict *k = c->k;
	const char *name = k->name ? k->name : "a bug check that is not known";
	const char *head = arena_printf(a, "%s (0x%" PRIx32 ")", name, k->code);
	const char *who = k->culprit ? k->culprit->image_name : NULL;
	bool sure = v->confidence >= VERDICT_MEDIUM;
	if (c->rule->flags & RULE_REQUESTED)
		return arena_printf(a, "%s: somebody asked for this crash; nothing failed by itself", head);
	if (k->hardware)
		return arena_printf(a, "%s: the evidence speaks for faulty hardware, not for a driver", head);
	if (k->code_check)
		return arena_printf(a, "%s: %s", head, v->why);
	if (v->has_fault_address && v->op != FAULT_NONE && v->address)
		return arena_printf(a, "%s: code at %s %s", head, place_text(c, v->address), access_words(c));
	if (k->extension)
		return arena_printf(a, "%s: code at %s needs %s, which this processor %s", head,
				    place_text(c, v->address), k->extension,
				    k->cpu_lacks ? "does not have" : "refused");
	if (k->has_exception)
		return arena_printf(a, "%s: code at %s raised exception %08" PRIx32 "%s%s%s", head,
				    place_text(c, v->address), v->code, v->code_name ? " (" : "",
				    v->code_name ? v->code_name : "", v->code_name ? ")" : "");
	if (k->holder)
		return arena_printf(a, "%s: %s has held a power request for too long", head, who);
	if (c->rule->flags & RULE_PROCESS && k->process)
		return arena_printf(a, "%s: %s ended, which Windows cannot do without", head, k->process);
	return !who   ? arena_printf(a, "%s: no driver can be named", head)
	       : sure ? arena_printf(a, "%s: %s is the driver to look at", head, who)
		      : arena_printf(a, "%s: no driver is sure; the first on the stack is %s", head, who);
}

// ---- evidence
// Texts of the debugger's layout go on in lines that begin with a tab.
static const char *one_line(struct arena *a, const char *text)
{
	struct sb s = sb_new(a);
	for (const char *p = text; *p; p++) {
		if (*p == '\n')
			sb_ch(&s, ' ');
		else if (*p != '\t')
			sb_ch(&s, *p);
	}
	return sb_str(&s);
}

static void parameters(struct kernel_case *c)
{
	struct kernel_verdict *k = c->k;
	struct arena *a = c->s->arena;
	for (unsigned i = 0; i < 4; i++) {
		const char *text = bugcheck_arg_value(k->code, i, k->params[i]);
		if (text)
			kernel_reason(&k->evidence,
				      arena_printf(a, "parameter %u is %" PRIx64 ": %s", i + 1, k->params[i],
						   one_line(a, text)),
				      ".bugcheck");
	}
}

static void evidence(struct kernel_case *c)
{
	struct verdict *v = c->v;
	struct kernel_verdict *k = c->k;
	struct arena *a = c->s->arena;
	parameters(c);
	if (v->address && c->rule->ip)
		kernel_reason(&k->evidence,
			      arena_printf(a, "the instruction that failed: %s", place_text(c, v->address)),
			      arena_printf(a, "ln %" PRIx64, v->address));
	if (k->trap)
		kernel_reason(&k->evidence,
			      arena_printf(a, "the registers at that moment are in a trap frame%s",
					   k->trap_given ? "" : " that was found on the stack"),
			      arena_printf(a, ".trap %" PRIx64, k->trap));
	if (k->task)
		kernel_reason(&k->evidence, "the registers at that moment are in the task state segment", ".tss 28");
	if (k->context)
		kernel_reason(&k->evidence, "the registers at that moment are in a context record",
			      arena_printf(a, ".cxr %" PRIx64, k->context));
	if (v->blamed_frame != SIZE_MAX && v->module)
		kernel_reason(
			&k->evidence,
			arena_printf(a, "frame %zu of the stack is in %s", v->blamed_frame, v->module->image_name),
			k->context ? arena_printf(a, ".cxr %" PRIx64 "; kv", k->context) : "kv");
	if (c->rule->flags & RULE_DISK && c->rule->subtype) {
		uint32_t status = (uint32_t)k->params[c->rule->subtype - 1];
		const char *text = exception_name(status); // short, and without places for values
		text = text ? text : ntstatus_text(status);
		kernel_reason(&k->evidence,
			      arena_printf(a, "the read ended with status %08" PRIx32 "%s%s", status, text ? ": " : "",
					   text ? text : ""),
			      arena_printf(a, "!error %" PRIx32, status));
	}
}

// ---- what else
static bool of_windows(const struct module *m)
{
	return m && kernel_is_windows(m->image_name);
}

// others: those that do not come with Windows.
static void other_drivers(struct kernel_case *c, bool others)
{
	const struct verdict *v = c->v;
	struct arena *a = c->s->arena;
	const struct module *seen[3] = { 0 };
	size_t n = 0;
	for (size_t i = c->first; i < v->stack.n && n < ARRAY_LEN(seen); i++) {
		const struct module *m = v->stack.frames[i].module;
		if (!m || m == c->k->culprit || kernel_is_core(m->name) || kernel_is_windows(m->image_name) == others)
			continue;
		bool known = false;
		for (size_t j = 0; j < n; j++)
			known = known || seen[j] == m;
		if (!known)
			seen[n++] = m;
	}
	if (!n || c->k->hardware)
		return;
	struct sb s = sb_new(a);
	for (size_t i = 0; i < n; i++)
		sb_printf(&s, "%s%s", i ? ", " : "", seen[i]->image_name);
	kernel_reason(&c->k->also,
		      arena_printf(a, "%s that is on the stack: %s",
				   others                      ? "another driver, not of Windows,"
				   : of_windows(c->k->culprit) ? "another part of Windows"
							       : "a part of Windows",
				   sb_str(&s)),
		      "kv");
}

// An address that only one bit keeps from making sense.
static void bit_hint(struct kernel_case *c)
{
	const struct verdict *v = c->v;
	bool given = v->has_fault_address && v->fault_address != UINT64_MAX;
	va_t at = given ? v->fault_address : v->operand_address;
	int bit = given || v->operand_known ? flipped_bit(at) : -1;
	if (bit < 0)
		return;
	c->erred = true;
	c->v->confidence = MIN(c->v->confidence, VERDICT_MEDIUM);
	c->v->why = arena_printf(c->s->arena, "%s; but the address %" PRIx64 " makes sense without its bit %d",
				 c->v->why, at, bit);
	kernel_reason(&c->k->also, "faulty memory: one bit of an address is wrong, which drivers hardly ever do", NULL);
}

static void also(struct kernel_case *c)
{
	struct kernel_list *l = &c->k->also;
	unsigned f = c->rule->flags;
	bit_hint(c);
	enum { LIVE_DUMP = 0x161, MEMORY_TOOL = 0x5454414d }; // the system went on
	if (f & RULE_REQUESTED && (c->k->code == LIVE_DUMP || c->k->code == MEMORY_TOOL))
		return;
	if (f & RULE_REQUESTED) {
		kernel_reason(l, "a machine that hung, so that somebody had to stop it: look at what was running",
			      "~*k");
		return;
	}
	if (c->k->hardware)
		kernel_reason(l, "a driver that writes where it must not, if a memory test finds nothing", NULL);
	if (f & RULE_NOTICED)
		kernel_reason(l, "any driver that wrote to this memory earlier: the check only noticed the damage",
			      NULL);
	other_drivers(c, true);
	other_drivers(c, false);
	if (f & RULE_DISK)
		kernel_reason(l, "a failing disk, cable or controller, more often than a driver", NULL);
	if (f & RULE_PROCESS)
		kernel_reason(
			l,
			"the process itself failed: damaged system files, a disk that went away, or a program that "
			"ended it",
			NULL);
	if (f & RULE_IMAGE)
		kernel_reason(l, "the display card itself: heat, power supply, overclocking", NULL);
	if (c->k->extension && !c->k->cpu_lacks)
		kernel_reason(l, "a virtual machine that hides the extension from its guest", "!sysinfo machineid");
	if (!c->k->hardware && !c->k->cpu_lacks && (c->v->has_fault_address || f & RULE_NOTICED || c->k->has_exception))
		kernel_reason(l, "faulty memory, when other crashes of the same machine name other drivers", NULL);
	if (c->v->blamed_frame != SIZE_MAX && c->v->stack.frames[c->v->blamed_frame].trust <= TRUST_SCAN)
		kernel_reason(l, "another module: the frames up to the named one were guessed from stack contents",
			      "kv");
}

// ---- what next
static void next(struct kernel_case *c)
{
	struct kernel_list *l = &c->k->next;
	struct arena *a = c->s->arena;
	const struct module *m = c->k->culprit;
	unsigned f = c->rule->flags;
	if (f & RULE_REQUESTED) {
		if (c->s->target->kernel->facts->triage)
			kernel_reason(l,
				      "if the machine hung: set it to write kernel memory dumps, which show what "
				      "waits for what",
				      NULL);
		return;
	}
	if (c->k->hardware || f & RULE_HARDWARE || c->erred)
		kernel_reason(
			l,
			"test the memory (Windows Memory Diagnostic, MemTest86), undo overclocking, watch temperatures",
			NULL);
	if (f & RULE_DISK)
		kernel_reason(l, "check the disk: SMART values, cables, chkdsk; if it is good, test the memory", NULL);
	if (c->k->holder && c->v->module && c->v->module != m && !of_windows(c->v->module))
		kernel_reason(l,
			      arena_printf(a,
					   "update %s, which drives the device at the bottom; check the device itself",
					   c->v->module->image_name),
			      arena_printf(a, "lmvm %s", c->v->module->name));
	if (f & RULE_PROCESS)
		kernel_reason(l, "look into the system's event log; check system files (sfc /scannow) and the disk",
			      NULL);
	if (c->k->extension) {
		const struct module *who = target_module_at(c->s->target, c->v->address);
		kernel_reason(l,
			      arena_printf(a,
					   "use a build of %s for processors without %s, mostly an older version; or a "
					   "newer processor",
					   who->image_name, c->k->extension),
			      arena_printf(a, "lmvm %s", who->name));
		return;
	}
	bool windows = of_windows(m);
	if (windows && !c->k->hardware)
		kernel_reason(
			l,
			arena_printf(
				a,
				"update Windows: %s is a part of it, and mostly the victim of a driver, of what it was "
				"given, or of hardware",
				m->image_name),
			arena_printf(a, "lmvm %s", m->name));
	if (m && !windows && !c->k->hardware)
		kernel_reason(
			l,
			arena_printf(a,
				     "update %s, or go back to the version before; remove what it came with if you "
				     "can",
				     m->image_name),
			arena_printf(a, "lmvm %s", m->name));
	if (!c->k->hardware && !(f & (RULE_PROCESS | RULE_DISK | RULE_HARDWARE)) &&
	    (f & RULE_NOTICED || !m || c->v->confidence <= VERDICT_LOW))
		kernel_reason(
			l,
			"turn on Driver Verifier for drivers that are not Microsoft's, and wait for the next crash: "
			"it names the culprit",
			NULL);
	if (c->s->target->kernel->facts->triage && c->v->confidence < VERDICT_HIGH)
		kernel_reason(l, "set the machine to write kernel memory dumps: a small dump holds one stack only",
			      NULL);
}

void kernel_words(struct kernel_case *c)
{
	c->v->summary = summary(c);
	evidence(c);
	if (c->no_context)
		kernel_reason(&c->k->also,
			      arena_printf(c->s->arena, "something that cannot be seen: %s", c->no_context), NULL);
	also(c);
	next(c);
}

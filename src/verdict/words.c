// SPDX-License-Identifier: Apache-2.0
// words.c: what the verdict says to a person, and how sure it is of it.
#include "verdict/verdict_int.h"

#include <inttypes.h>

// ---- confidence
static enum verdict_confidence at_most(enum verdict_confidence c, enum verdict_confidence cap)
{
	return MIN(c, cap);
}

static enum verdict_confidence confidence(const struct verdict *v, const struct blame *who, bool direct)
{
	if (who->frame == SIZE_MAX)
		return VERDICT_NONE;
	if (!v->has_exception || who->class < TRIAGE_DEFINITE)
		return VERDICT_LOW;
	enum verdict_confidence c = direct ? VERDICT_HIGH : VERDICT_MEDIUM;
	bool execute = v->op == FAULT_EXECUTE;
	// The routine that gives up may be linked into the program: without its name it passes for the culprit.
	if (who->frame == 0 && !v->function && !fault_is_hardware(v->code))
		c = at_most(c, VERDICT_MEDIUM);
	if (execute || !v->module || str_starts(v->problem_class, "STACK_OVERFLOW"))
		c = at_most(c, VERDICT_MEDIUM);
	if (who->trust == TRUST_FRAME_POINTER || who->trust == TRUST_FRAME_PROC || v->stack_note)
		c = at_most(c, VERDICT_MEDIUM);
	if (who->trust <= TRUST_SCAN || v->context_doubt || (who->after_unknown && !execute) ||
	    str_starts(v->problem_class, "HEAP_CORRUPTION"))
		c = at_most(c, VERDICT_LOW);
	return c;
}

static const char *how_found(enum trust trust)
{
	switch (trust) {
	case TRUST_SCAN:
		return ", through frames that were only guessed from stack contents";
	case TRUST_FRAME_POINTER:
		return ", through frames found by frame pointer";
	case TRUST_FRAME_PROC:
		return ", through frames found by the sizes in symbols";
	default:
		return "";
	}
}

static const char *why_blamed(struct arena *a, const struct verdict *v, const struct blame *who, bool direct)
{
	const char *trust = how_found(who->trust), *image = v->image_name;
	if (!v->has_exception)
		return arena_printf(a, "no exception is stored, so nobody is at fault: %s is where the thread was",
				    image);
	if (who->class == TRIAGE_IGNORE || who->class == TRIAGE_LAST || who->class == TRIAGE_MAYBE)
		return arena_printf(a,
				    "only system code is on the stack; %s is named because nothing better is there%s",
				    image, trust);
	if (!v->module)
		return arena_printf(a, "the address lies where %s was loaded before; it had been unloaded", image);
	if (str_starts(v->problem_class, "HEAP_CORRUPTION"))
		return arena_printf(
			a,
			"%s called the heap when the damage was noticed; who did the damage, earlier, cannot "
			"be seen here%s",
			image, trust);
	if (v->op == FAULT_EXECUTE && who->frame)
		return arena_printf(a, "control went to an address that is no code; %s is the nearest caller%s", image,
				    trust);
	if (who->frame == 0 && fault_is_hardware(v->code))
		return arena_printf(a, "the faulting instruction is in %s", image);
	if (who->frame == 0)
		return arena_printf(a, "code in %s raised it; the reason lies with it or its callers", image);
	if (direct)
		return arena_printf(a, "%s is the first code on the stack above the routines that report the failure%s",
				    image, trust);
	if (who->after_unknown)
		return arena_printf(a,
				    "the fault is in code that belongs to no module; %s is the nearest caller in one%s",
				    image, trust);
	return arena_printf(a, "system code failed while working for %s, its first caller outside the system core%s",
			    image, trust);
}

void verdict_explain(struct arena *a, struct verdict *v, const struct blame *who, bool direct)
{
	v->confidence = confidence(v, who, direct);
	if (who->frame == SIZE_MAX)
		v->why = v->stack_note ? arena_printf(a, "no module can be named: %s", v->stack_note)
				       : "no frame of the stack lies in a module";
	else
		v->why = why_blamed(a, v, who, direct);
	if (v->context_doubt && who->frame != SIZE_MAX)
		v->why = arena_printf(a, "%s; but %s", v->why, v->context_doubt);
	// The module is right whatever its symbols are; the function is not.
	if (v->function && v->module && v->module->mismatch && who->frame != SIZE_MAX) {
		v->confidence = MIN(v->confidence, VERDICT_MEDIUM);
		v->why = arena_printf(
			a, "%s; but the function's name comes from symbols that are not known to be of this build",
			v->why);
	}
}

// ---- summary
// The processor reports a read of -1 for any access through an address whose upper bits are not a copy of bit
// 47, reads and writes alike.
static bool is_non_canonical_report(const struct session *s, const struct verdict *v)
{
	return s->target->machine == MACHINE_X64 && v->op == FAULT_READ && v->fault_address == UINT64_MAX;
}

static bool is_non_canonical(va_t va)
{
	int64_t top = (int64_t)va >> 47;
	return top != 0 && top != -1;
}

static const char *access_text(struct session *s, const struct verdict *v)
{
	struct arena *a = s->arena;
	const char *verb = v->op == FAULT_WRITE ? "wrote to" : "read";
	va_t at = v->fault_address;
	if (v->op == FAULT_EXECUTE)
		return at < 0x10000 ? arena_printf(a, "jumped to address %" PRIx64 ", a NULL code pointer", at)
				    : arena_printf(a, "jumped to address %" PRIx64 ", which cannot be executed", at);
	if (is_non_canonical_report(s, v)) {
		if (v->operand_known && is_non_canonical(v->operand_address))
			return arena_printf(a, "%s through a pointer that no memory can have (%" PRIx64 ")",
					    v->operand_write ? "wrote" : "read", v->operand_address);
		return "accessed memory through a pointer that the processor does not report (non-canonical, or really "
		       "ffffffffffffffff)";
	}
	if (at < 0x10000)
		return at ? arena_printf(a, "%s address %" PRIx64 ", offset %" PRIx64 " from a NULL pointer", verb, at,
					 at)
			  : arena_printf(a, "%s address 0 through a NULL pointer", verb);
	return arena_printf(a, "%s address %" PRIx64 ", which cannot be accessed that way", verb, at);
}

static const char *what_happened(struct session *s, const struct verdict *v)
{
	struct arena *a = s->arena;
	const struct dump_exception *x = &s->target->user->exception;
	const char *class = v->problem_class;
	if (str_starts(class, "STACK_OVERFLOW"))
		return "used up its stack (stack overflow)";
	if (v->code == 0xc0000005 && v->op != FAULT_NONE)
		return access_text(s, v);
	if (v->code == 0xc0000006)
		return arena_printf(a, "touched memory at %" PRIx64 " whose file or page file could not be read",
				    v->fault_address);
	if (v->code == 0xc0000409 && x->n_params)
		return arena_printf(a, "ended itself by fail-fast code %" PRIx64 "%s%s%s", x->params[0],
				    v->fail_fast_name ? " (" : "", v->fail_fast_name ? v->fail_fast_name : "",
				    v->fail_fast_name ? ")" : "");
	if (v->code == 0xc0000374)
		return "was ended because the heap manager found its heap corrupted";
	if (v->code == 0xe06d7363)
		return "threw a C++ exception that nobody caught";
	if (str_eq(class, "CLR_EXCEPTION"))
		return x->n_params
			       ? arena_printf(a, "threw a .NET exception that nobody caught (HRESULT %08" PRIx32 ")",
					      (uint32_t)x->params[0])
			       : "threw a .NET exception that nobody caught";
	if (v->code == 0x80000003 || v->code == 0x4000001f)
		return "hit a breakpoint instruction (an assertion, a requested dump, or a debugger)";
	const char *name = v->code_name ? v->code_name : ntstatus_text(v->code);
	return name ? arena_printf(a, "raised exception %s (%s)", v->code_text, name)
		    : arena_printf(a, "raised exception %s", v->code_text);
}

const char *verdict_summary(struct session *s, const struct verdict *v)
{
	struct arena *a = s->arena;
	const char *process =
		s->target->process_name && *s->target->process_name ? s->target->process_name : "The process";
	const char *thread = v->thread ? arena_printf(a, "thread %zu", v->thread->index) : "a thread not in the dump";
	const char *place = v->blamed_frame == SIZE_MAX ? "" : arena_printf(a, " in %s", v->symbol_name);
	if (!v->has_exception)
		return arena_printf(a, "%s: the dump was taken without a crash; %s was%s", process, thread,
				    *place ? place : " at an unknown place");
	bool called = v->blamed_frame != SIZE_MAX && v->blamed_frame > 0;
	return arena_printf(a, "%s: %s %s%s%s", process, thread, what_happened(s, v), called ? ", called from" : "",
			    called ? place + 3 : place);
}

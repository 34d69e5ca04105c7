// SPDX-License-Identifier: Apache-2.0
// kernel_blame.c: which module of a kernel dump is named, how sure that is, and why.
#include "target/kernel.h"
#include "target/nt_builds.h"
#include "verdict/bugcheck.h"
#include "verdict/kernel_int.h"
#include "win/layout.h"

#include <inttypes.h>
#include <string.h>

bool kernel_is_core(const char *module)
{
	return triage_class_in(kernel_triage_rules, module, NULL) < TRIAGE_DEFINITE;
}

// The kernel's file is always called ntoskrnl.exe on disk; the debugger tells it by its PDB.
const char *kernel_image_name(struct session *s, const struct module *m)
{
	const struct kernel *k = s->target->kernel;
	if (m->base != k->base)
		return m->image_name;
	enum { WINDOWS_8 = 9200 }; // from here on there is one kernel only for x64, and for ARM64
	const char *pdb = m->cv.kind == CV_RSDS ? path_base(m->cv.path) : k->n_pdbs ? k->pdbs[0].name : NULL;
	if (!pdb || !str_iends(pdb, ".pdb"))
		return s->target->machine != MACHINE_X86 && k->facts->build >= WINDOWS_8 ? "ntkrnlmp.exe"
											 : m->image_name;
	return arena_printf(s->arena, "%.*s.exe", (int)(strlen(pdb) - 4), pdb);
}

static va_t probe_of(const struct frame *f)
{
	return f->exact_ip || !f->ip ? f->ip : f->ip - 1;
}

static void name_place(struct kernel_case *c, const struct module *m, va_t at, va_t probe)
{
	struct verdict *v = c->v;
	struct arena *a = c->s->arena;
	va_t start = 0;
	v->module = m;
	v->module_name = m->name;
	v->image_name = kernel_image_name(c->s, m);
	v->function = at ? certain_function(c->s->target, probe, &start) : NULL;
	v->function_offset = v->function ? at - start : 0;
	if (v->function)
		v->symbol_name = arena_printf(a, "%s!%s+%" PRIx64, m->name, v->function, v->function_offset);
	else
		v->symbol_name = at ? arena_printf(a, "%s+%" PRIx64, m->name, at - m->base) : m->name;
}

void kernel_name_module(struct kernel_case *c, const struct module *m, va_t at, enum verdict_confidence sure,
			const char *why)
{
	name_place(c, m, at, at);
	c->v->confidence = sure;
	c->v->why = why;
	if (!c->k->culprit && !kernel_is_core(m->name))
		c->k->culprit = m;
}

// ---- the frames
static size_t blame_frames(struct kernel_case *c, struct blame_frame *b)
{
	struct target *t = c->s->target;
	const struct stack *st = &c->v->stack;
	size_t n = 0;
	for (size_t i = c->first; i < st->n; i++) {
		const struct frame *f = &st->frames[i];
		va_t start;
		const struct unloaded_module *u = f->module ? NULL : target_unloaded_at(t, f->ip);
		b[n] = (struct blame_frame){ .module = f->module ? f->module->name
						       : u       ? path_base(u->name)
								 : NULL,
					     .unloaded = u != NULL,
					     .trust = f->trust };
		if (f->module)
			b[n].function = certain_function(t, probe_of(f), &start);
		n++;
		if (b[n - 1].module &&
		    (u || triage_class_in(kernel_triage_rules, b[n - 1].module, b[n - 1].function) == TRIAGE_DEFINITE))
			break;
	}
	return n;
}

static void name_unloaded(struct kernel_case *c, const struct unloaded_module *u)
{
	struct verdict *v = c->v;
	char *name = arena_strdup(c->s->arena, path_base(u->name));
	v->image_name = arena_strdup(c->s->arena, name);
	v->symbol_name = arena_printf(c->s->arena, "%s!Unloaded", name);
	char *dot = strrchr(name, '.');
	if (dot && dot != name)
		*dot = 0;
	v->module_name = name;
}

// ---- how sure, and why
static enum verdict_confidence confidence(const struct kernel_case *c, const struct blame *who)
{
	bool at_fault = !who->frame && (c->k->trap || c->k->task || c->k->context || c->v->has_exception);
	if (who->class < TRIAGE_MAYBE || who->trust <= TRUST_SCAN || c->v->stack_note)
		return VERDICT_LOW;
	if (c->rule->flags & (RULE_NOTICED | RULE_HARDWARE | RULE_DISK | RULE_NO_STACK) || who->after_unknown)
		return who->class == TRIAGE_DEFINITE ? VERDICT_MEDIUM : VERDICT_LOW;
	if (who->class == TRIAGE_MAYBE)
		return VERDICT_LOW;
	return at_fault && c->v->op != FAULT_EXECUTE ? VERDICT_HIGH : VERDICT_MEDIUM;
}

static const char *trust_words(enum trust t)
{
	return t <= TRUST_SCAN            ? ", found by words on the stack that look like return addresses"
	       : t == TRUST_FRAME_POINTER ? ", found by frame pointers"
					  : "";
}

static const char *why(struct kernel_case *c, const struct blame *who)
{
	struct arena *a = c->s->arena;
	const char *image = c->v->image_name, *how = trust_words(who->trust);
	bool fault = c->k->trap || c->k->task || c->k->context;
	if (c->other_stack)
		return arena_printf(a, "%s is what the stack that a parameter leads to comes from%s", image, how);
	if (c->rule->flags & RULE_REQUESTED)
		return "somebody asked for this crash: no code is at fault";
	if (who->class < TRIAGE_MAYBE)
		return arena_printf(
			a, "only the kernel itself is on the stack; %s stands in the bucket, but is no suspect%s",
			image, how);
	if (who->class == TRIAGE_MAYBE)
		return arena_printf(a, "no driver is on the stack but %s, which works for others%s", image, how);
	if (c->rule->flags & RULE_NOTICED)
		return arena_printf(
			a,
			"%s was at work when the damage was noticed; whoever did it, earlier, cannot be seen "
			"here%s",
			image, how);
	if (fault && !who->frame)
		return arena_printf(a, "the instruction that failed is in %s", image);
	if (fault)
		return arena_printf(a, "system code failed while working for %s, the first driver on the stack%s",
				    image, how);
	return arena_printf(a, "%s is the first driver on the stack above the routines that stop the system%s", image,
			    how);
}

// The address of the fault names a module even where there are no registers and no stack.
static bool by_address(struct kernel_case *c)
{
	struct verdict *v = c->v;
	struct arena *a = c->s->arena;
	const struct module *m = v->address ? target_module_at(c->s->target, v->address) : NULL;
	if (!m || c->k->trap || c->k->task || c->k->context || !c->rule->ip)
		return false;
	if (v->stack.n && v->stack.frames[0].ip == v->address)
		return false; // the header's registers are those of the fault
	bool core = kernel_is_core(m->name);
	if (core && c->first < v->stack.n)
		return false; // a caller may be found
	kernel_name_module(c, m, v->address, core ? VERDICT_LOW : VERDICT_HIGH,
			   arena_printf(a, "the instruction that failed (parameter %u) is in %s%s",
					(unsigned)c->rule->ip, kernel_image_name(c->s, m),
					core ? ", which works for others; who called it is not in the dump" : ""));
	return true;
}

static void nobody(struct kernel_case *c, const char *why_text)
{
	struct verdict *v = c->v;
	v->module_name = "Unknown_Module";
	v->image_name = "Unknown_Image";
	v->symbol_name = "ANALYSIS_INCONCLUSIVE!unknown_function";
	v->confidence = VERDICT_NONE;
	if (!v->why)
		v->why = why_text;
}

static void by_stack(struct kernel_case *c)
{
	struct verdict *v = c->v;
	struct blame who;
	struct blame_frame *b = NEW_N(c->s->arena, struct blame_frame, v->stack.n + 1);
	size_t n = blame_frames(c, b);
	blame_find_in(kernel_triage_rules, b, n, true, &who);
	if (who.frame == SIZE_MAX) {
		nobody(c, v->stack_note ? arena_printf(c->s->arena, "not determined: %s", v->stack_note)
					: "not determined: no frame of the stack lies in a module");
		return;
	}
	v->blamed_frame = c->first + who.frame;
	const struct frame *f = &v->stack.frames[v->blamed_frame];
	if (f->module)
		name_place(c, f->module, f->ip, probe_of(f));
	else
		name_unloaded(c, target_unloaded_at(c->s->target, f->ip));
	v->confidence = confidence(c, &who);
	if (v->context_doubt)
		v->confidence = MIN(v->confidence, VERDICT_MEDIUM);
	v->why = v->why ? v->why : why(c, &who);
	if (v->context_doubt)
		v->why = arena_printf(c->s->arena, "%s; but %s", v->why, v->context_doubt);
	if (who.class == TRIAGE_DEFINITE && !(c->rule->flags & RULE_REQUESTED))
		c->k->culprit = f->module;
}

// As newer debuggers write it where they analyse a thread by its address (public outputs of 0x101, 0x133 and
// 0xCA); those of a context, and of the crash's own stack, stayed as they were.
static const char *thread_command(struct kernel_case *c)
{
	struct session *s = c->s;
	va_t thread = c->k->thread;
	uint64_t process;
	if (layout_read(s, thread, "_KTHREAD", "Process", s->target->ptr_bytes, &process).code || !process)
		return arena_printf(s->arena, ".thread 0x%" PRIx64 " ; kb", thread);
	return arena_printf(s->arena, ".process /r /p 0x%" PRIx64 "; .thread 0x%" PRIx64 " ; kb", process, thread);
}

// ---- bucket
static void make_bucket(struct kernel_case *c)
{
	struct verdict *v = c->v;
	struct arena *a = c->s->arena;
	const char *prefix = kernel_marked_prefix(c);
	if (v->bucket)
		; // decided by what the damage looks like
	else if (str_eq(v->module_name, "Unknown_Module"))
		v->bucket = c->rule->flags & RULE_POWER_IRP ? prefix : kernel_bucket(a, prefix, NULL, NULL, NULL);
	else
		v->bucket =
			kernel_bucket(a, prefix, v->module_name, v->function, c->k->image_only ? v->image_name : NULL);
	v->hash = verdict_hash(a, true, v->bucket);
	v->problem_class = prefix;
	v->stack_command = c->k->context  ? arena_printf(a, ".cxr 0x%" PRIx64 " ; kb", c->k->context)
			   : c->k->thread ? thread_command(c)
					  : ".cxr; .ecxr ; kb";
}

void kernel_blame(struct kernel_case *c)
{
	struct verdict *v = c->v;
	bool decided = v->module_name != NULL;
	if (!decided && (c->rule->flags & RULE_REQUESTED) && (c->rule->flags & RULE_NO_STACK))
		nobody(c, "somebody asked for this crash: no code is at fault");
	else if (!decided && !c->other_stack && (c->rule->flags & RULE_NO_STACK))
		nobody(c, arena_printf(
				  c->s->arena,
				  "not determined: the stack of this bug check is that of the watchdog or of the check "
				  "that fired, and its parameters lead to nothing that is in the dump"));
	else if (!decided && !by_address(c))
		by_stack(c);
	if (c->unverified) {
		v->confidence = MIN(v->confidence, VERDICT_LOW);
		v->why =
			arena_printf(c->s->arena, "%s; the bucket's words are not confirmed by public outputs", v->why);
	}
	make_bucket(c);
}

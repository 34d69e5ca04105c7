// SPDX-License-Identifier: Apache-2.0
// report_why.c: the argument of the report: evidence, each with the command that shows it, what else could be
// true, what to do next, what was missing.
#include "arch/disasm.h"
#include "front/report_int.h"
#include "verdict/kernel.h"

#include <inttypes.h>
#include <string.h>

static void add(struct reason *list, size_t *n, const char *what, const char *command)
{
	if (what && *n < MOST_REASONS)
		list[(*n)++] = (struct reason){ what, command };
}

static const char *pointer(struct report *r, va_t va)
{
	return r->s->target->ptr_bytes == 8
		       ? arena_printf(r->a, "%08" PRIx32 "`%08" PRIx32, (uint32_t)(va >> 32), (uint32_t)va)
		       : arena_printf(r->a, "%08" PRIx32, (uint32_t)va);
}

// The command in the context that the verdict is about.
static const char *in_scope(struct report *r, const char *command)
{
	return r->v->event_context ? arena_printf(r->a, ".ecxr; %s", command)
	       : r->v->thread      ? arena_printf(r->a, "~%zus; %s", r->v->thread->index, command)
				   : command;
}

// ---- evidence
static void exception_reason(struct report *r, struct reason *list, size_t *n)
{
	const struct verdict *v = r->v;
	const char *access = "";
	if (v->has_fault_address && v->op == FAULT_READ && v->fault_address == UINT64_MAX &&
	    r->s->target->machine == MACHINE_X64)
		access = ", reported as a read of -1: so the processor reports every non-canonical address";
	else if (v->has_fault_address && v->op != FAULT_NONE)
		access =
			arena_printf(r->a, ", an attempt to %s %s", fault_op_name(v->op), pointer(r, v->fault_address));
	add(list, n,
	    arena_printf(r->a, "exception %s%s%s%s at %s%s", v->code_text, v->code_name ? " (" : "",
			 v->code_name ? v->code_name : "", v->code_name ? ")" : "", pointer(r, v->address), access),
	    ".exr -1");
}

// Values that debug runtimes and heaps leave in memory on purpose (Microsoft, "Memory Management and the Debug
// Heap"; gflags, page heap).
static const char *fill_meaning(const struct target *t, uint64_t v)
{
	static const struct {
		uint32_t pattern;
		const char *meaning;
	} fills[] = {
		{ 0xdddddddd, "the debug runtime's mark of freed memory" },
		{ 0xfeeefeee, "the heap's mark of freed memory under a debugger" },
		{ 0xf0f0f0f0, "page heap's mark of freed memory" },
		{ 0xcdcdcdcd, "the debug runtime's mark of heap memory that was never written" },
		{ 0xbaadf00d, "the heap's mark of memory that was never written, under a debugger" },
		{ 0xc0c0c0c0, "page heap's mark of memory that was never written" },
		{ 0xcccccccc, "the debug build's mark of local variables that were never written" },
		{ 0xfdfdfdfd, "the debug runtime's guard bytes around a heap block" },
		{ 0xabababab, "the heap's guard bytes behind a block, under a debugger" },
	};
	if (t->ptr_bytes == 8 && v >> 32 != (v & UINT32_MAX))
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(fills); i++)
		if (fills[i].pattern == (uint32_t)v)
			return fills[i].meaning;
	return NULL;
}

static void register_reason(struct report *r, const struct insn *in, struct reason *list, size_t *n)
{
	const struct arch *arch = r->s->target->arch;
	int base = in->mem.base;
	if (!in->mem.present || in->mem.is_lea || base < 0 || (unsigned)base >= arch->n_regs ||
	    !reg_known(&r->v->regs, (unsigned)base))
		return;
	const char *name = arch->reg_names[base];
	uint64_t value = reg_get(&r->v->regs, (unsigned)base);
	const char *fill = fill_meaning(r->s->target, value);
	if (name)
		add(list, n,
		    arena_printf(r->a, "%s was %s%s%s", name, pointer(r, value), fill ? ": " : "", fill ? fill : ""),
		    in_scope(r, arena_printf(r->a, "r %s", name)));
}

// The instruction at the fault; false: it is not there to see.
static bool fault_instruction(struct report *r, struct insn *ret)
{
	const struct verdict *v = r->v;
	struct target *t = r->s->target;
	uint8_t bytes[16];
	size_t got;
	if (!t->arch)
		return false;
	va_t ip = v->regs_known ? reg_get(&v->regs, reg_pc(t->machine)) : v->address;
	if (space_read(t->space, ip, bytes, sizeof(bytes), &got).code)
		return false;
	insn_decode(t->machine, (struct span){ bytes, got }, ip, sym_insn_name, t, ret);
	return ret->valid;
}

static void instruction_reason(struct report *r, struct reason *list, size_t *n)
{
	const struct verdict *v = r->v;
	struct insn in;
	if (v->op == FAULT_EXECUTE)
		return;
	if (!fault_instruction(r, &in)) {
		add(list, n, "the faulting code cannot be shown: not captured, or no instruction", NULL);
		return;
	}
	add(list, n, arena_printf(r->a, "the instruction there: %s %s", in.mnemonic, in.operands),
	    v->regs_known ? in_scope(r, "u @$ip L1") : arena_printf(r->a, "u %" PRIx64 " L1", v->address));
	if (v->op != FAULT_NONE && v->regs_known)
		register_reason(r, &in, list, n);
}

size_t report_reasons(struct report *r, struct reason *ret)
{
	const struct verdict *v = r->v;
	size_t n = 0;
	if (v->kernel)
		return report_kernel_list(r, &v->kernel->evidence, ret);
	if (!v->has_exception) {
		add(ret, &n, "the dump holds no exception", ".lastevent");
		return n;
	}
	exception_reason(r, ret, &n);
	instruction_reason(r, ret, &n);
	const struct dump_exception *x = &r->s->target->user->exception;
	if (v->code == 0xc0000374 && x->n_params)
		add(ret, &n,
		    "not supported: the heap's own record of the damage (ntdll!RtlpHeapFailureInfo); its layout "
		    "is in ntdll's PDB",
		    arena_printf(r->a, "dps %" PRIx64, x->params[0]));
	if (v->blamed_frame != SIZE_MAX)
		add(ret, &n, arena_printf(r->a, "frame %zu of the stack is in %s", v->blamed_frame, v->image_name),
		    v->regs_known ? in_scope(r, "kn") : ".exr -1");
	return n;
}

// ---- alternatives
static const char *usual_doubt(const struct verdict *v)
{
	const char *class = v->problem_class;
	if (!v->has_exception)
		return "a hang, a leak, or nothing at all: compare the stacks of all threads";
	if (str_starts(class, "HEAP_CORRUPTION"))
		return "any code that wrote to this heap earlier; a dump with page heap on shows the writer itself";
	if (str_starts(class, "INVALID_POINTER") && v->op != FAULT_EXECUTE)
		return "a freed object used again, or memory overwritten earlier by other code";
	if (v->op == FAULT_EXECUTE)
		return "a damaged function pointer or object, or code that was unloaded";
	if (str_starts(class, "STACK_OVERFLOW"))
		return "endless recursion, or one function with very large local variables";
	if (str_starts(class, "NULL_"))
		return "the pointer may have been lost earlier: a failed call whose result nobody checked";
	if (v->code == 0xc0000409)
		return "the check that failed names the place of detection, not always that of the damage";
	if (str_starts(class, "BREAKPOINT"))
		return "an assertion, a debugger, or a tool that took the dump this way: then nothing crashed";
	return NULL;
}

size_t report_alternatives(struct report *r, struct reason *ret)
{
	const struct verdict *v = r->v;
	size_t n = 0;
	struct insn in;
	if (v->kernel)
		return report_kernel_list(r, &v->kernel->also, ret);
	bool fixed = (v->op == FAULT_READ || v->op == FAULT_WRITE) && fault_instruction(r, &in) && in.mem.present &&
		     !in.mem.is_lea && !in.mem.is_ip_relative && in.mem.base < 0 && in.mem.index < 0;
	if (fixed && v->fault_address < 0x10000)
		add(ret, &n, "a crash on purpose: the instruction itself names that address", NULL);
	add(ret, &n, usual_doubt(v), NULL);
	if (v->has_exception && v->blamed_frame != SIZE_MAX && v->blamed_frame > 0 &&
	    v->stack.frames[v->blamed_frame].trust == TRUST_SCAN)
		add(ret, &n, "another module: the frames up to the blamed one were guessed", "kv");
	return n;
}

// ---- what to type next
static const char *quoted(struct report *r, const char *path)
{
	if (!strpbrk(path, " '\"\\$`!*?[](){}<>|&;~#\t\n"))
		return path;
	struct sb s = sb_new(r->a);
	sb_ch(&s, '\'');
	for (const char *p = path; *p; p++) {
		if (*p == '\'')
			sb_add(&s, "'\\''");
		else
			sb_ch(&s, *p);
	}
	sb_ch(&s, '\'');
	return sb_str(&s);
}

size_t report_next(struct report *r, struct reason *ret)
{
	const char *file = quoted(r, r->o->dump);
	if (r->o->image_path)
		file = arena_printf(r->a, "%s -i %s", file, quoted(r, r->o->image_path));
	if (r->o->symbol_path)
		file = arena_printf(r->a, "%s -y %s", file, quoted(r, r->o->symbol_path));
	size_t n = r->v && r->v->kernel ? report_kernel_list(r, &r->v->kernel->next, ret) : 0;
	add(ret, &n, arena_printf(r->a, "dumpscope -z %s -c \"!analyze -v; q\"", file), NULL);
	if (r->v && r->v->kernel)
		return n;
	if (r->v && !r->v->has_exception)
		add(ret, &n, arena_printf(r->a, "dumpscope -z %s -c \"~*k; q\"", file), NULL);
	else if (r->v && r->v->regs_known)
		add(ret, &n, arena_printf(r->a, "dumpscope -z %s -c \"%s; q\"", file, r->v->stack_command), NULL);
	return n;
}

// ---- what was missing
static void missing_images(struct report *r, struct reason *list, size_t *n)
{
	const struct verdict *v = r->v;
	size_t missing = 0;
	const char *first = NULL;
	for (size_t i = 0; v && i < v->stack.n; i++) {
		const struct module *m = v->stack.frames[i].module;
		bool seen = false;
		for (size_t k = 0; k < i && !seen; k++)
			seen = v->stack.frames[k].module == m;
		if (!m || seen || m->image != IMAGE_NONE)
			continue;
		missing++;
		first = first ? first : m->image_name;
	}
	if (missing)
		add(list, n,
		    arena_printf(r->a,
				 "the images of %zu module%s on this stack (%s%s) were not found: -i FOLDER names them",
				 missing, missing == 1 ? "" : "s", first, missing == 1 ? "" : ", ..."),
		    NULL);
}

// Names of another build's symbols can be wrong without looking so.
static void mismatches(struct report *r, struct reason *list, size_t *n)
{
	const struct module *told = NULL;
	for (size_t i = 0; r->v && i < r->v->stack.n; i++) {
		const struct module *m = r->v->stack.frames[i].module;
		if (!m || (!m->mismatch && !m->guess) || m == told)
			continue;
		bool before = false;
		for (size_t k = 0; k < i && !before; k++)
			before = r->v->stack.frames[k].module == m;
		told = m;
		if (!before && m->guess)
			add(list, n,
			    arena_printf(r->a, "the dump does not record which PDB is that of %s: %s", m->name,
					 m->guess),
			    arena_printf(r->a, "lmvm %s", m->name));
		if (!before && m->mismatch)
			add(list, n,
			    arena_printf(r->a,
					 "names of %s can be wrong, its symbols are not known to be of this build: %s",
					 m->name, m->mismatch),
			    arena_printf(r->a, "!chksym %s", m->name));
	}
}

size_t report_warnings(struct report *r, struct reason *ret)
{
	const struct dump *d = r->s->target->dump;
	size_t n = 0, bad = 0;
	if (d->truncated)
		add(ret, &n, "the dump file was cut off: what is missing may change the picture", ".dumpdebug");
	for (size_t i = 0; i < d->n_notes; i++)
		bad += d->notes[i].code != OK;
	if (bad)
		add(ret, &n, arena_printf(r->a, "%zu part%s of the dump could not be read", bad, bad == 1 ? "" : "s"),
		    ".dumpdebug");
	if (r->s->target->wow64)
		add(ret, &n,
		    "not supported: the 32-bit side of a WOW64 process in a 64-bit dump; this is its 64-bit side",
		    NULL);
	mismatches(r, ret, &n);
	missing_images(r, ret, &n);
	if (r->v && r->v->stack_note)
		add(ret, &n, arena_printf(r->a, "no stack: %s", r->v->stack_note), NULL);
	return n;
}

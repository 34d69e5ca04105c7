// SPDX-License-Identifier: Apache-2.0
// fnent.c: .fnent: the function table entry of an address. x64: real output of the 10.0.2xxxx debuggers, but for codes
// of XMM registers and machine frames; x86: Microsoft's page of the command; ARM64: layout unverified.
#include "arch/unwind.h"
#include "base/limits.h"
#include "cmd/nearest.h"

#include <inttypes.h>

extern const struct cmd cmd_fnent;

// WinDbg shows where its own copy of the entry lies; here it is the entry's place in the target.
SCHEMA(function_entry, "The function table entry of an address", NULL, "Debugger function entry {?entry {entry} }for:",
       { "entry", R_PTR, "where the entry lies; null: x86, whose records are in the PDB" },
       { "kind", R_STR, "x64, arm64, fpo, frame_data" });
SCHEMA(function_range, "What an entry covers", NULL,
       "\n{?chained Chained info:\n}BeginAddress      = {begin}\nEndAddress        = {end}\nUnwindInfoAddress = "
       "{unwind}",
       { "begin", R_PTR, "RVA of the first byte" }, { "end", R_PTR, "RVA behind the last one" },
       { "unwind", R_PTR, "RVA of the unwind data; packed ARM64: the data itself" },
       { "chained", R_BOOL, "the entry that the one above goes on to; null: the first" });
SCHEMA(unwind_info, "Unwind data", NULL,
       "\nUnwind info at {address}, {size:1} bytes\n  version {version:1}, flags {flags:1}, prolog {prolog:1}, codes "
       "{codes:1}"
       "{?frame_register \n  frame reg {frame_number:1} ({frame_register}), frame offs {frame_offset:1}h}"
       "{?handler \n  handler routine: {handler_text}, data {handler_data:1}}",
       { "address", R_PTR, "where it lies" }, { "size", R_HEX, "bytes, with the handler's first word" },
       { "version", R_HEX, "of the format" }, { "flags", R_HEX, "UNW_FLAG_*: 1, 2 handlers, 4 chained" },
       { "prolog", R_HEX, "bytes of code" }, { "codes", R_HEX, "slots of two bytes" },
       { "frame_number", R_HEX, "number of the frame register" },
       { "frame_register", R_STR, "its name; null: the function has none" },
       { "frame_offset", R_HEX, "what is added to rsp" }, { "handler", R_PTR, "address of the handler; null: none" },
       { "handler_text", R_STR, "its name and address" },
       { "handler_data", R_HEX, "the word behind the handler's address; null: not readable" });
SCHEMA(unwind_code, "A code of unwind data", NULL,
       "  {slot:2}: offs {offset:1}, unwind op {op:1}, op info {info:1}\tUWOP_{name}{?value  FrameOffset: {value:1}}"
       "{?register  reg: {register}}.",
       { "slot", R_HEX, "its first slot" }, { "offset", R_HEX, "end of the instruction in the prolog" },
       { "op", R_HEX, "UWOP_*" }, { "info", R_HEX, "what the operation makes of it" },
       { "name", R_STR, "of the operation" },
       { "value", R_HEX, "bytes, or an offset; null: the operation has none that is not in info" },
       { "register", R_STR, "what is saved; null: nothing" });
SCHEMA(arm64_unwind_info, "Unwind data of ARM64", NULL,
       "\n{?packed Packed unwind data}{!packed Unwind info at {address}}, function length {length:1}"
       "{?handler \n  handler routine: {handler_text}}\n  {epilogs} epilogs, codes {codes}",
       { "address", R_PTR, "where it lies; null: packed in the entry" }, { "packed", R_BOOL, "null: no" },
       { "length", R_HEX, "bytes of code" }, { "handler", R_PTR, "address of the handler; null: none" },
       { "handler_text", R_STR, "its name and address" }, { "epilogs", R_DEC, "number of epilogs that have a record" },
       { "codes", R_DEC, "number of codes" });
SCHEMA(arm64_unwind_code, "A code of ARM64's unwind data", NULL, "  {index:2}: {name}{?value  {value:1}h}",
       { "index", R_HEX, "of its first byte" }, { "name", R_STR, "as Microsoft's page has it" },
       { "info", R_HEX, "register number, or what the operation makes of it" },
       { "value", R_HEX, "bytes; null: none" });
SCHEMA(frame_data, "What the PDB records of an x86 function's frame", NULL,
       "\nParams:    {params:1}\nLocals:    {locals:1}\nRegisters: {registers:1}{?program \nProgram:   {program}}",
       { "params", R_HEX, "words of parameters" }, { "locals", R_HEX, "words of locals" },
       { "registers", R_HEX, "words of saved registers" },
       { "program", R_STR, "how a frame is left; null: an FPO record" });

static struct unwind_src source(const struct session *s, const struct module *m, const struct pe *pe)
{
	return (struct unwind_src){ .pe = pe, .space = s->target->space, .base = m->base };
}

// "mod!name (00007ff6`78e31307)".
static const char *named(struct session *s, struct call *c, va_t va)
{
	const char *name = sym_text(s->target, c->a, va);
	return arena_printf(c->a, "%s%s(%08" PRIx32 "`%08" PRIx32 ")", name ? name : "", name ? " " : "",
			    (uint32_t)(va >> 32), (uint32_t)va);
}

// ---- x64
static const char *saved_register(struct call *c, const struct unwind_code *k)
{
	const char *const *names = c->s->target->arch->reg_names;
	switch (k->op) {
	case UWOP_PUSH_NONVOL:
	case UWOP_SAVE_NONVOL:
	case UWOP_SAVE_NONVOL_FAR:
		return names[k->info & 15];
	case UWOP_SAVE_XMM128:
	case UWOP_SAVE_XMM128_FAR:
		return arena_printf(c->a, "xmm%u", k->info & 15u);
	default:
		return NULL;
	}
}

static unsigned slots_of(const struct unwind_code *k)
{
	switch (k->op) {
	case UWOP_ALLOC_LARGE:
		return 2 + (k->info == 1);
	case UWOP_SAVE_NONVOL:
	case UWOP_SAVE_XMM128:
		return 2;
	case UWOP_SAVE_NONVOL_FAR:
	case UWOP_SAVE_XMM128_FAR:
		return 3;
	default:
		return 1;
	}
}

static void emit_codes(struct call *c, struct doc *out, const struct x64_unwind_info *u)
{
	size_t slot = 0;
	for (size_t i = 0; i < u->n_codes; i++) {
		const struct unwind_code *k = &u->codes[i];
		unsigned n = slots_of(k);
		ROW(out, unwind_code, V(slot), V(k->offset), V(k->op), V(k->info), VS(x64_uwop_name(k->op)),
		    V_IF(n > 1, k->value), VS(saved_register(c, k)));
		slot += n;
	}
}

static void emit_x64_info(struct session *s, struct call *c, struct doc *out, const struct module *m,
			  const struct unwind_src *src, uint32_t rva, const struct x64_unwind_info *u)
{
	uint8_t word[4];
	enum { HEADER = 4, SLOT = 2, CHAINED = 12, HANDLER_AND_WORD = 8 };
	unsigned n = u->n_slots, size = HEADER + SLOT * n, even = HEADER + SLOT * (n + (n & 1));
	bool data = u->handler && unwind_read(src, u->handler_data, word, sizeof(word)) == sizeof(word);
	size = u->flags & UNW_CHAININFO ? even + CHAINED : u->handler ? even + HANDLER_AND_WORD : size;
	ROW(out, unwind_info, V(m->base + rva), V(size), V(u->version), V(u->flags), V(u->prolog_size), V(u->n_slots),
	    V_IF(u->frame_reg, u->frame_reg), VS(u->frame_reg ? s->target->arch->reg_names[u->frame_reg & 15] : NULL),
	    V_IF(u->frame_reg, u->frame_offset), V_IF(u->handler, m->base + u->handler),
	    VS(u->handler ? named(s, c, m->base + u->handler) : NULL), V_IF(data, data ? le_get(word, 4) : 0));
	emit_codes(c, out, u);
}

static err_t emit_x64(struct session *s, struct call *c, struct doc *out, const struct module *m, const struct pe *pe,
		      struct pe_function f)
{
	struct unwind_src src = source(s, m, pe);
	struct x64_unwind_info *u = NEW(c->a, struct x64_unwind_info);
	for (unsigned depth = 0; depth < LIMIT_UNWIND_CHAIN; depth++) {
		ROW(out, function_range, V(f.begin), V(f.end), V(f.unwind), depth ? V(true) : V_ABSENT);
		TRY(x64_unwind_info(&src, f.unwind, u));
		emit_x64_info(s, c, out, m, &src, f.unwind, u);
		if (!(u->flags & UNW_CHAININFO))
			return ok();
		f = u->chain;
	}
	return fail(E_CORRUPT, "unwind data that leads to itself", f.unwind);
}

// ---- ARM64
static err_t emit_arm64(struct session *s, struct call *c, struct doc *out, const struct module *m, const struct pe *pe,
			const struct pe_function *f)
{
	struct unwind_src src = source(s, m, pe);
	struct a64_unwind_info *u = NEW(c->a, struct a64_unwind_info);
	ROW(out, function_range, V(f->begin), V(f->end), V(f->unwind), V_ABSENT);
	TRY(a64_unwind_info(&src, f->unwind, u));
	ROW(out, arm64_unwind_info, V_IF(!u->packed, m->base + f->unwind), u->packed ? V(true) : V_ABSENT, V(u->length),
	    V_IF(u->handler, m->base + u->handler), VS(u->handler ? named(s, c, m->base + u->handler) : NULL),
	    V(u->n_epilogs + u->one_epilog), V(u->n_codes));
	for (size_t i = 0; i < u->n_codes; i++) {
		const struct unwind_code *k = &u->codes[i];
		ROW(out, arm64_unwind_code, V(k->offset), VS(a64_uwop_name(k->op)), V(k->info),
		    V_IF(k->value, k->value));
	}
	return ok();
}

// ---- the command
static err_t no_entry(struct call *c, va_t va)
{
	return cmd_fail(c, E_NOTFOUND, va, "No function entry for %s",
			c->s->target->ptr_bytes == 8
				? arena_printf(c->a, "%08" PRIx32 "`%08" PRIx32, (uint32_t)(va >> 32), (uint32_t)va)
				: arena_printf(c->a, "%08" PRIx32, (uint32_t)va));
}

static err_t x86(struct session *s, struct call *c, struct doc *out, va_t va)
{
	enum { WORD = 4 };
	struct sym_frame f;
	va_t base;
	if (!sym_frame_at(s->target, va, &f, &base) || f.kind == SYM_FRAME_PROC)
		return no_entry(c, va);
	bool program = f.kind == SYM_FRAME_PROGRAM;
	ROW(out, function_entry, V_ABSENT, VS(program ? "frame_data" : "fpo"));
	TRY(emit_nearest(s, c, out, va, true));
	ROW(out, frame_data, V(f.params / WORD), V(f.locals / WORD), V(f.saved / WORD), VS(program ? f.program : NULL));
	return ok();
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	uint64_t va;
	const struct pe *pe;
	struct pe_function f;
	if (arg_end(c))
		return usage(c, "Usage: .fnent ADDRESS");
	TRY(arg_expr(c, &va));
	TRY(arg_done(c));
	struct target *t = s->target;
	struct module *m = target_module_at(t, va);
	if (!m)
		return no_entry(c, va);
	if (t->machine == MACHINE_X86)
		return x86(s, c, out, va);
	if (!t->arch || va - m->base > UINT32_MAX)
		return no_entry(c, va);
	TRY(target_module_pe(t, m, &pe));
	err_t e = pe_function_at(pe, (uint32_t)(va - m->base), &f);
	if (e.code == E_NOTFOUND)
		return no_entry(c, va);
	TRY(e);
	ROW(out, function_entry, V(m->base + f.entry), VS(t->machine == MACHINE_ARM64 ? "arm64" : "x64"));
	e = emit_nearest(s, c, out, va, true);
	if (e.code && e.code != E_NOTFOUND)
		return e;
	return t->machine == MACHINE_ARM64 ? emit_arm64(s, c, out, m, pe, &f) : emit_x64(s, c, out, m, pe, f);
}

static const struct schema *const rows[] = { &function_entry,    &function_range,    &unwind_info, &unwind_code,
					     &arm64_unwind_info, &arm64_unwind_code, &frame_data,  &row_nearest,
					     &row_exact_match,   &row_source_line,   NULL };
const struct cmd cmd_fnent = {
	.names = ".fnent",
	.group = "Modules and symbols",
	.args = "ADDRESS",
	.summary = "Display the function table entry of an address",
	.help = "x64, ARM64: the entry of the exception directory with its unwind codes; x86: the frame record of the "
		"PDB\n",
	.run = run,
	.rows = rows,
};

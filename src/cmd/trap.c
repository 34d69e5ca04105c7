// SPDX-License-Identifier: Apache-2.0
// trap.c: .trap: a trap frame, shown and put in force.
#include "arch/trap.h"
#include "cmd/regs.h"

extern const struct cmd cmd_trap;

SCHEMA(trap_frame, "The trap frame that is shown below", NULL, NULL, { "address", R_ADDR, "of the frame" },
       { "zeroed", R_STRS, "registers that it does not hold; they are shown as 0 and not to be trusted" });
SCHEMA(error_code, "What the processor pushed with the trap (x86)", NULL, "ErrCode = {code:8}",
       { "code", R_HEX, "error code" });

static void emit_zeroed(struct session *s, struct doc *out, va_t at, uint64_t zeroed)
{
	const struct arch *arch = s->target->arch;
	struct val names[REGS_MAX];
	size_t n = 0;
	for (unsigned i = 0; i < arch->n_regs; i++)
		if (zeroed >> i & 1)
			names[n++] = VS(arch->reg_names[i]);
	ROW(out, trap_frame, V(at), VL(names, n));
	if (!n)
		return;
	doc_note(out, NOTE_INFO, "trap.partial",
		 "NOTE: The trap frame does not contain all registers.\n"
		 "Some register values may be zeroed or incorrect.");
}

void trap_emit(struct session *s, struct call *c, struct doc *out, va_t at, const struct regs *r, uint64_t zeroed)
{
	enum { X86_ERROR = 0x64 };
	uint32_t code;
	emit_zeroed(s, out, at, zeroed);
	if (r->machine == MACHINE_X86 && space_u32(s->target->space, at + X86_ERROR, &code))
		ROW(out, error_code, V(code));
	regs_emit_block(c, out, r, true, r->machine != MACHINE_X64);
	emit_insn(s, c, out, reg_get(r, reg_pc(r->machine)), r, true, true);
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	const struct target *t = s->target;
	uint64_t at, zeroed;
	struct regs r;
	if (arg_end(c)) {
		session_reset_regs(s);
		doc_note(out, NOTE_INFO, "context.reset", "Resetting default scope");
		return ok();
	}
	TRY(arg_expr(c, &at));
	TRY(arg_done(c));
	at = t->ptr_bytes == 4 ? (uint32_t)at : at;
	err_t e = trap_frame_read(t->machine, t->space, at, &r, &zeroed);
	if (e.code == E_CORRUPT)
		doc_note(out, NOTE_WARNING, "trap.implausible", "WARNING: %s: selectors or flags are impossible",
			 e.what);
	else if (e.code)
		return cmd_fail(c, e.code, at, "Unable to read trap frame at %08x`%08x: %s", (unsigned)(at >> 32),
				(unsigned)at, e.what);
	session_set_regs(s, &r, zeroed);
	trap_emit(s, c, out, at, &r, zeroed);
	return ok();
}

static const struct schema *const rows[] = {
	&trap_frame,          &error_code,        &row_registers_x64, &row_registers_x86,
	&row_registers_arm64, &row_code_location, &row_insn,          NULL
};
const struct cmd cmd_trap = {
	.names = ".trap",
	.group = "The kernel",
	.args = "[ADDRESS]",
	.summary = "Put the registers of a trap frame in force",
	.help = ".trap ADDRESS  the context that the kernel interrupted\n"
		".trap          back to the processor's own registers\n",
	.run = run,
	.rows = rows,
};

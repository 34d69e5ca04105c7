// SPDX-License-Identifier: Apache-2.0
// cxr.c: .cxr and .ecxr: a CONTEXT, shown and put in force.
#include "cmd/rows.h"
#include "target/records.h"

extern const struct cmd cmd_cxr;

static err_t from_exception(struct session *s, struct call *c, struct doc *out)
{
	const struct target *t = s->target;
	const struct regs *r;
	struct regs regs;
	err_t e = fail(E_ABSENT, "", 0);
	bool stored = t->user->exception.present && t->event_thread < t->n_threads;
	if (stored)
		e = target_thread_regs(t, &t->threads[t->event_thread], true, &regs);
	if (e.code)
		return cmd_fail(c, E_ABSENT, 0, "Unable to get exception context, HRESULT 0x80004002");
	if (s->thread != t->event_thread)
		TRY(session_set_thread(s, t->event_thread));
	session_set_regs(s, &regs, 0);
	TRY(session_regs(s, &r));
	emit_regs(s, c, out, r);
	return ok();
}

static err_t from_memory(struct session *s, struct call *c, struct doc *out, va_t at)
{
	struct regs regs;
	err_t e = target_context_read(s->target, at, &regs);
	if (e.code == E_UNSUPPORTED)
		return cmd_fail(c, e.code, 0, "%s", e.what);
	if (e.code == E_CORRUPT)
		return cmd_fail(c, e.code, at, "Unable to convert context to canonical form: %s", e.what);
	if (e.code)
		return cmd_fail(c, e.code, at, "Unable to read the context: %s", e.what);
	if (!regs.known)
		return cmd_fail(c, E_CORRUPT, at, "the ContextFlags there say that no registers are stored");
	session_set_regs(s, &regs, 0);
	emit_regs(s, c, out, &regs);
	return ok();
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	if (str_ieq(c->name, ".ecxr") || str_ieq(c->name, ".excr")) {
		TRY(arg_done(c));
		return from_exception(s, c, out);
	}
	if (arg_switch(c, "/w") || arg_switch(c, "/f"))
		return cmd_fail(c, E_UNSUPPORTED, 0, "not supported: .cxr /w and .cxr /f");
	if (arg_end(c)) {
		session_reset_regs(s);
		doc_note(out, NOTE_INFO, "context.reset", "Resetting default scope");
		return ok();
	}
	uint64_t at;
	TRY(arg_expr(c, &at));
	TRY(arg_done(c));
	if (s->target->ptr_bytes == 4 ? (uint32_t)at == UINT32_MAX : at == UINT64_MAX)
		return from_exception(s, c, out);
	return from_memory(s, c, out, s->target->ptr_bytes == 4 ? (uint32_t)at : at);
}

static const struct schema *const rows[] = { &row_registers_x64, &row_registers_x86, &row_registers_arm64,
					     &row_code_location, &row_insn,          NULL };
const struct cmd cmd_cxr = {
	.names = ".cxr .ecxr .excr",
	.group = "Threads and stacks",
	.args = "[ADDRESS]",
	.summary = "Put a stored register context in force: .ecxr the exception's, .cxr one in memory",
	.help = ".ecxr         the context of the exception that the dump was taken for\n"
		".cxr ADDRESS  a CONTEXT in memory\n"
		".cxr          back to the thread's own registers\n",
	.run = run,
	.rows = rows,
};

// SPDX-License-Identifier: Apache-2.0
// exptr.c: .exptr: what an EXCEPTION_POINTERS structure (winnt.h: two pointers) leads to. Layout: a recorded session.
#include "cmd/script.h"

#include <inttypes.h>

extern const struct cmd cmd_exptr;

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	static const char *const names[] = { "Exception", "Context" }, *const commands_[] = { ".exr", ".cxr" };
	unsigned ptr = s->target->ptr_bytes;
	uint64_t at;
	if (arg_end(c))
		return usage(c, "Usage: .exptr ADDRESS");
	TRY(arg_expr(c, &at));
	TRY(arg_done(c));
	for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
		va_t where = (ptr == 4 ? (uint32_t)at : at) + (va_t)i * ptr, record;
		if (!space_ptr(s->target->space, where, ptr, &record))
			return cmd_fail(c, E_ABSENT, where, "Unable to read the exception pointers at %" PRIx64 ": %s",
					where, space_why_text(space_why(s->target->space, where)));
		const struct val v = V(record);
		doc_text(out,
			 arena_printf(c->a, "----- %s record at %s:", names[i], doc_value_text(c->a, R_PTR, &v, ptr)));
		cmd_nested(s, arena_printf(c->a, "%s 0x%" PRIx64, commands_[i], record), out);
	}
	return ok();
}

static const struct schema *const rows[] = { NULL };
const struct cmd cmd_exptr = {
	.names = ".exptr",
	.group = "Threads and stacks",
	.args = "ADDRESS",
	.summary = "Show the exception record and the context of an EXCEPTION_POINTERS structure",
	.help = "As .exr and .cxr with its two pointers: the context is in force afterwards.\n",
	.run = run,
	.rows = rows,
};

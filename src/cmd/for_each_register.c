// SPDX-License-Identifier: Apache-2.0
// for_each_register.c: !for_each_register -c:COMMANDS: commands for each register.
#include "cmd/each.h"

#include <inttypes.h>

extern const struct cmd cmd_for_each_register;

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	const struct regs *in_force;
	if (each_help(c, out))
		return ok();
	arg_blanks(c);
	if (!str_ieqn(c->p, "-c:", 3) && !str_ieqn(c->p, "/c:", 3))
		return usage(c, "Usage: !for_each_register -c:COMMANDS");
	c->p += 3;
	const char *commands_ = arg_commands(c);
	TRY(session_regs(s, &in_force));
	const struct regs r = *in_force;
	const struct arch *arch = s->target->arch;
	for (unsigned n = 0; n < arch->n_regs && script_of(s)->flow == FLOW_ON && !s->dbg->quit; n++) {
		if (!arch->reg_names[n] || !reg_known(&r, n))
			continue;
		const struct alias pair[] = { { "@#RegisterName", arch->reg_names[n] },
					      { "@#RegisterValue", arena_printf(c->a, "0x%" PRIx64, reg_get(&r, n)) } };
		TRY(each_run(s, commands_, pair, ARRAY_LEN(pair), out));
	}
	return ok();
}

static const struct schema *const rows[] = { NULL };
const struct cmd cmd_for_each_register = {
	.names = "!for_each_register",
	.group = "Programs",
	.args = "-c:COMMANDS",
	.summary = "Run commands for every register",
	.help = "!for_each_register -c:.echo @#RegisterName ${@#RegisterValue}\n"
		"Registers whose value is not known are left out.\n",
	.run = run,
	.rows = rows,
};

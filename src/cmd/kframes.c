// SPDX-License-Identifier: Apache-2.0
// kframes.c: .kframes: how deep k goes by default.
#include "base/limits.h"
#include "cmd/cmd.h"

#include <inttypes.h>

extern const struct cmd cmd_kframes;

SCHEMA(default_depth, "The default number of frames of k", NULL, "Default stack trace depth is 0n{frames} frames",
       { "frames", R_DEC, "frames" });

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	uint64_t n = s->dbg->kframes;
	if (!arg_end(c))
		TRY(arg_expr(c, &n));
	TRY(arg_done(c));
	if (!n || n > LIMIT_FRAMES)
		return usage(c, "Range error: 1 to %x frames can be asked for", LIMIT_FRAMES);
	s->dbg->kframes = (unsigned)n;
	ROW(out, default_depth, V(n));
	return ok();
}

static const struct schema *const rows[] = { &default_depth, NULL };
const struct cmd cmd_kframes = {
	.names = ".kframes",
	.group = "Threads and stacks",
	.args = "[count]",
	.summary = "Set the default depth of stack traces",
	.run = run,
	.rows = rows,
};

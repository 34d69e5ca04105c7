// SPDX-License-Identifier: Apache-2.0
// block.c: .block {...} opens a block, so that aliases are replaced; .catch {...} ends an error there; .leave leaves
// it.
#include "cmd/script.h"

#include <string.h>

extern const struct cmd cmd_block;

static size_t extent(const char *name, const char *args)
{
	(void)name;
	size_t space = text_space(args);
	if (args[space] != '{')
		return text_command(args);
	size_t n = text_group(args + space, '{', '}');
	return n ? space + n : strlen(args);
}

static err_t leave(struct session *s, struct call *c)
{
	TRY(arg_done(c));
	if (!script_of(s)->catches)
		return usage(c, ".leave stands in no .catch");
	script_of(s)->flow = FLOW_LEAVE;
	return ok();
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	if (str_ieq(c->name, ".leave"))
		return leave(s, c);
	bool catches = str_ieq(c->name, ".catch");
	const char *text;
	TRY(arg_group(c, '{', '}', &text));
	TRY(arg_done(c));
	struct script *p = script_of(s);
	p->catches += catches;
	script_block(s, text, (struct alias){ 0 }, out);
	p->catches -= catches;
	if (catches && (p->flow == FLOW_ERROR || p->flow == FLOW_LEAVE))
		p->flow = FLOW_ON;
	return ok();
}

static const struct schema *const rows[] = { NULL };
const struct cmd cmd_block = {
	.names = ".block .catch .leave",
	.no_target = true,
	.extent = extent,
	.group = "Programs",
	.args = "{COMMANDS}",
	.summary = "A block of commands; with .catch its errors end the block only",
	.help = "aS /x x 5+1; .block {.echo x}   aliases are replaced when a block is entered\n"
		".catch {dd 0 L1; bad}; k        an error ends the block, not the program; .leave ends it, too\n",
	.run = run,
	.rows = rows,
};

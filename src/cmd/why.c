// SPDX-License-Identifier: Apache-2.0
// why.c: .why: where the bytes at an address come from, or why they cannot be read.
#include "cmd/rows.h"

extern const struct cmd cmd_why;

const char *source_text(const struct session *s, va_t va)
{
	uint8_t byte;
	if (!space_u8(s->target->space, va, &byte)) // a read may bring the image in; asking for the source does not
		return NULL;
	return space_source_at(s->target->space, va) == SPACE_IMAGE ? "image" : "dump";
}

const char *source_why(const struct session *s, va_t va)
{
	uint8_t byte;
	return space_u8(s->target->space, va, &byte) ? NULL : space_why_text(space_why(s->target->space, va));
}

SCHEMA(memory_source, "Where bytes come from", NULL,
       "{address}  {?source read from the {source}}{?why not readable: {why}}{?file  ({file})}",
       { "address", R_PTR, "what was asked for" }, SOURCE_FIELDS, { "file", R_STR, "the image file; null: none" });

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	uint64_t va;
	TRY(arg_expr(c, &va));
	TRY(arg_done(c));
	const char *source = source_text(s, va);
	const struct module *m = target_module_at(s->target, va);
	bool from_file = m && source && str_eq(source, "image");
	ROW(out, memory_source, V(va), VS(source), VS(source_why(s, va)), VS(from_file ? m->image_file : NULL));
	return ok();
}

static const struct schema *const rows[] = { &memory_source, NULL };
const struct cmd cmd_why = {
	.names = ".why",
	.group = "Memory and code",
	.args = "ADDRESS",
	.summary = "Say where an address is read from, or why it cannot be read",
	.help = "The answers: read from the dump, read from the image (a file on the image path), not captured,\n"
		"not mapped in the process, beyond the end of a cut file, or not recorded.\n",
	.run = run,
	.rows = rows,
};

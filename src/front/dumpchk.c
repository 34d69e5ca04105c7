// SPDX-License-Identifier: Apache-2.0
// dumpchk.c: the program under the name `dumpchk`: what the dump holds, stream by stream, then whether it opens. The
// order of parts is that of dumpchk.md.
#include "cmd/cmd.h"
#include "front/front.h"

#include <string.h>

static void put(struct output *out, const char *text)
{
	out->sink.write(out->sink.ctx, text, strlen(text));
}

int front_check(struct arena *a, const struct options *o)
{
	struct output *out = NEW(a, struct output);
	struct session *s = NULL;
	output_init(out);
	if (!o->json) {
		put(out, "\nLoading dump file ");
		put(out, o->dump);
		put(out, "\n");
		output_flush(out);
	}
	err_t e = front_open(a, o, &s);
	if (e.code) {
		if (!o->json)
			put(out, "**** DebugClient cannot open DumpFile\n");
		return output_end(out, front_open_exit_code(e));
	}
	s->dbg->cancel = front_on_interrupt();
	struct doc *d = o->json ? doc_json_new(a, out->sink, s->target->ptr_bytes)
				: doc_text_new(a, out->sink, s->target->ptr_bytes, o->colour);
	static const char *const parts[] = { ".banner", ".dumpdebug", "vertarget", "!peb" };
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		s->dbg->command_us = o->timeout_seconds * 1000000ull;
		if (!s->target->kernel || parts[i][0] != '!')
			(void)cmd_line(s, parts[i], d);
		output_flush(out);
	}
	if (!o->json)
		put(out, "Finished dump check\n");
	int code = output_end(out, front_exit_code(s));
	debugger_close(s->dbg);
	return code;
}

// SPDX-License-Identifier: Apache-2.0
// convert.c: dumpscope convert: a dump taken out of its archive, or written again as a minidump of another type.
#include "base/limits.h"
#include "base/unpack.h"
#include "front/front.h"
#include "write/write.h"

#include <stdio.h>
#include <string.h>

struct convert {
	struct arena *a; // of the new dump
	struct session *s;
	struct write_options o;
	struct write_result r;
	const char *type, *to, *in, *out;
	bool replace, json;
};

static int usage(const char *what, const char *which)
{
	fprintf(stderr,
		"dumpscope convert: %s%s%s\n"
		"usage: dumpscope convert [--type LETTERS | --to full|bitmap] [--comment TEXT] [--overwrite] [--json] "
		"IN OUT\n",
		what, which ? ": " : "", which ? which : "");
	return EXIT_USAGE;
}

static int parse(int argc, char **argv, struct convert *x)
{
	for (int i = 0; i < argc; i++) {
		const char *s = argv[i];
		const char **to = str_eq(s, "--type")      ? &x->type
				  : str_eq(s, "--to")      ? &x->to
				  : str_eq(s, "--comment") ? &x->o.comment
							   : NULL;
		if (to && i + 1 == argc)
			return usage("this option wants a value", s);
		if (to)
			*to = argv[++i];
		else if (str_eq(s, "--overwrite"))
			x->replace = true;
		else if (str_eq(s, "--json"))
			x->json = true;
		else if (s[0] == '-' && s[1])
			return usage("unknown option", s);
		else if (!x->in)
			x->in = s;
		else if (!x->out)
			x->out = s;
		else
			return usage("one dump at a time", s);
	}
	if (!x->out)
		return usage("from where, and to where? IN and OUT are missing", NULL);
	if (x->o.comment && !x->type)
		return usage("--comment goes with --type: without it the dump is copied as it is", NULL);
	if (x->to && (x->type || !(str_eq(x->to, "full") || str_eq(x->to, "bitmap"))))
		return usage("--to wants full or bitmap, and no --type", x->to);
	if (x->type && write_type_parse(x->type + (*x->type == 'm'), &x->o.type).code)
		return usage("--type wants letters as .dump /m has them", x->type);
	return -1;
}

// As the source is, but without the archive around it.
static err_t copy(struct convert *x, struct write_sink sink)
{
	enum { CHUNK = 1 << 20 };
	struct span left = x->s->target->dump->file;
	x->r.bytes = left.n;
	while (left.n) {
		TRY(session_poll(x->s));
		TRY(sink.put(sink.ctx, span_clip(left, 0, CHUNK)));
		left = span_clip(left, CHUNK, left.n);
	}
	return ok();
}

static err_t fill(void *ctx, struct write_sink sink)
{
	struct convert *x = ctx;
	if (x->to)
		return write_kernel(x->s, x->a, str_eq(x->to, "full"), sink, &x->r);
	return x->type ? write_minidump(x->s, x->a, &x->o, sink, &x->r) : copy(x, sink);
}

static int failed(const struct convert *x, err_t e)
{
	fprintf(stderr, "dumpscope convert: %s: %s\n", x->out, e.what ? e.what : err_name(e.code));
	return e.code == E_USAGE ? EXIT_USAGE : e.code == E_LIMIT || e.code == E_CANCELLED ? EXIT_LIMIT : EXIT_NO_DUMP;
}

static int run(struct arena *a, int argc, char **argv, bool json)
{
	struct convert x = { .json = json };
	int code = parse(argc, argv, &x);
	if (code >= 0)
		return code;
	front_on_interrupt();
	const struct options o = {
		.dump = x.in, .no_env_paths = true, .no_servers = true, .symbol_options = SYMOPT_DEFAULT
	};
	code = front_open_exit_code(front_open(a, &o, &x.s));
	if (code)
		return code;
	x.a = arena_new(LIMIT_COMMAND_MEMORY);
	err_t e = write_file(x.a, x.s->target->arena, x.out, x.replace, fill, &x);
	if (e.code) {
		code = failed(&x, e);
	} else {
		struct output *to = NEW(a, struct output);
		output_init(to);
		struct doc *d = x.json ? doc_json_new(a, to->sink, 8) : doc_text_new(a, to->sink, 8, false);
		doc_begin(d, "convert");
		write_report(d, x.out,
			     x.type                 ? "mini user dump"
			     : !x.to                ? "copy"
			     : str_eq(x.to, "full") ? "full kernel dump"
						    : "bitmap kernel dump",
			     &x.r);
		doc_end(d);
		code = output_end(to, front_exit_code(x.s));
	}
	arena_free(x.a);
	session_close(x.s);
	return code;
}

static const struct schema *const rows[] = { &dump_written, NULL };
const struct front front_convert = {
	.name = "convert",
	.args = "[--type LETTERS | --to full|bitmap] [--comment TEXT] [--overwrite] [--json] IN OUT",
	.summary = "Write a dump again: of another type, or out of its archive",
	.run = run,
	.rows = rows,
};

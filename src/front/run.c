// SPDX-License-Identifier: Apache-2.0
// run.c: dumpscope run SCRIPT DUMP...: the same commands on each dump, for scripts and services.
#include "cmd/script.h"
#include "front/front.h"

#include <stdio.h>
#include <string.h>

extern const struct front front_run;

SCHEMA(run_dump, "The dump that the documents behind this one are about", NULL, "==== {path}",
       { "path", R_STR, "as named on the command line" }, { "index", R_DEC, "its place there, from 0" });

struct job {
	const struct options *o;
	const char *script;
	char **args;
	size_t n_args;
	struct output *out;
	const char *path;
	struct arena *a; // of one dump
	size_t index;
	int code;
};

static err_t set_arguments(struct job *j, struct session *s)
{
	struct aliases *all = script_of(s)->aliases;
	TRY(alias_set(all, "$arg0", j->script));
	for (size_t i = 0; i < j->n_args; i++)
		TRY(alias_set(all, arena_printf(j->a, "$arg%zu", i + 1), j->args[i]));
	return ok();
}

static void run_on(struct job *j, struct session *s, const char *text)
{
	const struct options *o = j->o;
	struct doc *d = o->json ? doc_json_new(j->a, j->out->sink, s->target->ptr_bytes)
				: doc_text_new(j->a, j->out->sink, s->target->ptr_bytes, o->colour);
	if (o->json || o->n_dumps > 1) {
		doc_begin(d, "run");
		ROW(d, run_dump, VS(j->path), V(j->index));
		doc_end(d);
	}
	s->dbg->command_us = o->timeout_seconds * 1000000ull;
	script_of(s)->allow_shell = o->allow_shell;
	cmd_line(s, text, d);
	enum err_code first = s->dbg->first_error;
	j->code = first == E_LIMIT ? EXIT_LIMIT : first ? EXIT_COMMAND : front_exit_code(s);
}

static err_t one_dump(void *ctx)
{
	struct job *j = ctx;
	struct options *o = NEW(j->a, struct options);
	struct session *s;
	const char *text;
	*o = *j->o;
	o->dump = j->path;
	j->code = front_open_exit_code(front_open(j->a, o, &s));
	if (j->code)
		return ok();
	err_t e = script_load(j->a, j->script, &text);
	if (!e.code)
		e = set_arguments(j, s);
	if (e.code) {
		fprintf(stderr, "dumpscope run: %s\n", e.what);
		j->code = EXIT_USAGE;
	} else {
		run_on(j, s, text);
	}
	debugger_close(s->dbg);
	return ok();
}

static const char help[] =
	"usage: dumpscope run SCRIPT DUMP... [options] [-- ARGUMENT...]\n"
	"SCRIPT holds commands as for $$>a<; ${$arg1} ... are the arguments. Options are those of dumpscope.\n";

static int run_usage(const char *what)
{
	fprintf(stderr, "dumpscope run: %s\n%s", what, help);
	return EXIT_USAGE;
}

static int each_dump(struct arena *a, struct job *j)
{
	int code = EXIT_ANALYSED;
	const volatile int *interrupted = front_on_interrupt();
	for (size_t i = 0; i < j->o->n_dumps && !j->out->failed && !*interrupted; i++) {
		j->path = j->o->dumps[i];
		j->index = i;
		j->a = arena_child(a, SIZE_MAX);
		err_t e = arena_guard(j->a, a, one_dump, j);
		if (e.code) {
			front_print_error(j->path, e);
			j->code = EXIT_LIMIT;
		}
		arena_free(j->a);
		output_flush(j->out);
		code = front_worse_exit_code(code, j->code);
	}
	return code;
}

static int run(struct arena *a, int argc, char **argv, bool json)
{
	struct options o = { .json = json };
	struct job j = { .o = &o };
	int n = 0;
	while (n < argc && !str_eq(argv[n], "--"))
		n++;
	j.args = n < argc ? argv + n + 1 : NULL;
	j.n_args = n < argc ? (size_t)(argc - n - 1) : 0;
	if (n == 1 && (str_eq(argv[0], "--help") || str_eq(argv[0], "-?"))) {
		fputs(help, stdout);
		return EXIT_ANALYSED;
	}
	if (n < 1)
		return run_usage("no script");
	if (argv[0][0] == '-')
		return run_usage("the script comes first");
	j.script = argv[0];
	if (n < 2)
		return run_usage("no dump");
	int code = options_parse(a, n, argv, &o);
	if (code >= 0)
		return code;
	if (o.n_commands)
		return run_usage("the commands are the script's: no -c, no -cf");
	j.out = NEW(a, struct output);
	output_init(j.out);
	code = each_dump(a, &j);
	return output_end(j.out, code);
}

static const struct schema *const rows[] = { &run_dump, NULL };
const struct front front_run = {
	.name = "run",
	.args = "SCRIPT DUMP... [options]",
	.summary = "Run a script of commands on each dump",
	.run = run,
	.rows = rows,
};

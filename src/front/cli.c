// SPDX-License-Identifier: Apache-2.0
// cli.c: the debugger prompt: banner, initial commands, then lines from standard input.
#include "base/limits.h"
#include "cmd/script.h"
#include "front/line.h"
#include "front/log.h"
#include "front/servers.h"
#include "sym/kdbg.h"
#include "target/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Ctrl-C reaches a running command through the session; a signal handler has no other way to tell it.
static volatile int interrupted;

static void on_interrupt(int sig)
{
	(void)sig;
	interrupted = 1;
}

volatile int *front_on_interrupt(void)
{
	struct sigaction act = { .sa_handler = on_interrupt };
	sigemptyset(&act.sa_mask);
	sigaction(SIGINT, &act, NULL);
	return &interrupted;
}

void front_print_error(const char *path, err_t e)
{
	const char *what = e.what ? e.what : err_name(e.code);
	// Some messages name the file themselves.
	if (str_starts(what, path))
		fprintf(stderr, "dumpscope: %s", what);
	else
		fprintf(stderr, "dumpscope: %s: %s", path, what);
	if (e.code == E_CORRUPT)
		fprintf(stderr, " (file offset 0x%llx)", (unsigned long long)e.at);
	fputc('\n', stderr);
}

// What of a path cannot be used is said once, not guessed about.
static void note_path(const struct target *t, const struct store_path *p)
{
	bool http = false;
	for (size_t i = 0; i < p->n; i++) {
		const struct store_element *e = &p->elements[i];
		if (e->warning)
			fprintf(stderr, "dumpscope: note: %s\n", e->warning);
		for (size_t j = 0; j < e->n_places; j++)
			http = http || e->places[j].kind == STORE_HTTP;
	}
	if (http && !t->store->fetcher.get)
		fprintf(stderr, "dumpscope: note: servers are not asked; the folders of the path are used\n");
}

err_t front_open_dump(struct arena *a, const struct options *o, const char *path, const char *inner,
		      const struct target *like, struct session **ret)
{
	const char *images = like              ? like->image_path.text
			     : o->image_path   ? o->image_path
			     : o->no_env_paths ? ""
					       : store_env_image_path(a);
	const char *symbols = like              ? like->symbol_path.text
			      : o->symbol_path  ? o->symbol_path
			      : o->no_env_paths ? ""
						: store_env_symbol_path(a);
	struct target *t;
	TRY(target_open(a, path, inner, &t));
	TRY(session_over(a, t, images, ret));
	if (!o->no_servers && front_ask_servers(a, t->store, &interrupted) && *images)
		target_set_image_path(t, images); // once more: it may name a server
	target_set_symbol_path(t, symbols);
	t->symbol_options = like ? like->symbol_options : o->symbol_options;
	for (size_t i = 0; !(t->symbol_options & SYMOPT_DEFERRED_LOADS) && i < t->n_modules; i++)
		(void)sym_load(t, t->modules[i]);
	(void)sym_decode_kdbg(*ret);
	return ok();
}

// .opendump: the way the first dump was opened, but with the paths as they are now.
static err_t open_more(struct debugger *d, struct arena *a, const char *path, const char *inner, struct session **ret)
{
	return front_open_dump(a, d->open_ctx, path, inner, d->current->target, ret);
}

int front_open_exit_code(err_t e)
{
	return !e.code ? 0 : e.code == E_LIMIT ? EXIT_LIMIT : EXIT_NO_DUMP;
}

err_t front_open(struct arena *a, const struct options *o, struct session **ret)
{
	err_t e = front_open_dump(a, o, o->dump, NULL, NULL, ret);
	if (e.code) {
		front_print_error(o->dump, e);
		return e;
	}
	const struct target *t = (*ret)->target;
	note_path(t, &t->symbol_path);
	note_path(t, &t->image_path);
	struct debugger *d = (*ret)->dbg;
	d->source_path = o->source_path ? o->source_path : o->no_env_paths ? "" : store_env_source_path(a);
	d->cancel = &interrupted;
	d->open = open_more;
	d->open_ctx = o;
	const char *evaluator = o->evaluator_given ? NULL : os_env("_NT_EXPR_EVAL");
	d->cpp_default = evaluator ? str_ieq(evaluator, "c++") : o->cpp_default;
	return ok();
}

int front_worse_exit_code(int a, int b)
{
	// What the caller asked for by --fail-on comes before a file that is no dump.
	static const int ranks[] = { EXIT_ANALYSED, EXIT_PARTIAL, EXIT_COMMAND, EXIT_LIMIT,
				     EXIT_NO_DUMP,  EXIT_FINDING, EXIT_USAGE };
	int worse = EXIT_ANALYSED;
	for (size_t i = 0; i < ARRAY_LEN(ranks); i++)
		worse = ranks[i] == a || ranks[i] == b ? ranks[i] : worse;
	return worse;
}

int front_exit_code(const struct session *s)
{
	const struct dump *d = s->target->dump;
	bool damaged = d->truncated;
	for (size_t i = 0; i < d->n_notes; i++)
		damaged = damaged || d->notes[i].code == E_CORRUPT || d->notes[i].code == E_ABSENT;
	return damaged ? EXIT_PARTIAL : EXIT_ANALYSED;
}

struct prompt {
	struct debugger *d;
	struct doc *doc;
	struct output out;
	struct log *log;
	const struct options *o;
	bool limited; // a time or memory limit ended a command
};

static void put_text(struct prompt *p, const char *text)
{
	if (!p->o->json)
		p->out.sink.write(p->out.sink.ctx, text, strlen(text));
}

enum { PROMPT_TEXT = 96 };

static void prompt_text(const struct prompt *p, char text[PROMPT_TEXT])
{
	char which[24] = "";
	const struct session *s = p->d->current;
	const struct kernel *k = s->target ? s->target->kernel : NULL;
	if (p->d->n_systems > 1)
		snprintf(which, sizeof(which), "||%u:", s->number);
	if (!s->target)
		snprintf(text, PROMPT_TEXT, "NoTarget> ");
	else if (k && (s->thread == SIZE_MAX || k->n_processors < 2))
		snprintf(text, PROMPT_TEXT, "%skd> ", which);
	else if (k)
		snprintf(text, PROMPT_TEXT, "%s%zu: kd> ", which, s->thread);
	else if (s->thread == SIZE_MAX)
		snprintf(text, PROMPT_TEXT, "%s?:?\?\?> ", which);
	else // each dump is one process, and numbered as its system
		snprintf(text, PROMPT_TEXT, "%s%u:%03zu> ", which, *which ? s->number : 0, s->thread);
}

static void run(struct prompt *p, const char *line)
{
	interrupted = 0;
	p->d->command_us = p->o->timeout_seconds * 1000000ull;
	p->d->first_error = OK;
	cmd_line(p->d->current, line, p->doc);
	p->limited = p->limited || p->d->first_error == E_LIMIT;
	output_flush(&p->out);
}

static void run_initial(struct prompt *p)
{
	char prompt[PROMPT_TEXT];
	for (size_t i = 0; i < p->o->n_commands && !p->d->quit && !p->out.failed; i++) {
		const char *line = p->o->commands[i];
		prompt_text(p, prompt);
		put_text(p, prompt);
		put_text(p, "dumpscope: Reading initial command '");
		put_text(p, line);
		put_text(p, "'\n");
		run(p, line);
	}
}

static void complete(void *ctx, struct arena *a, const char *line, size_t at, struct completion *ret)
{
	const struct prompt *p = ctx;
	interrupted = 0;
	cmd_complete(p->d->current, a, line, at, ret);
}

// Shows the prompt, unless the reader does, and takes a line; both are in the log.
static enum line_result next_line(struct prompt *p, struct line_reader *r, const char **ret)
{
	char prompt[PROMPT_TEXT];
	prompt_text(p, prompt);
	if (!line_shows_prompt(r))
		put_text(p, prompt);
	output_flush(&p->out);
	interrupted = 0;
	enum line_result how = line_read(r, prompt, ret);
	if (line_shows_prompt(r))
		log_write(p->log, prompt, strlen(prompt));
	if (how == LINE_READ) {
		log_write(p->log, *ret, strlen(*ret));
		log_write(p->log, "\n", 1);
	} else {
		put_text(p, "\n");
	}
	return how;
}

static void run_standard_input(struct prompt *p)
{
	const char *last = NULL, *line = NULL;
	bool person = os_is_tty(STDIN_FILENO);
	struct arena *a = arena_new(LIMIT_SESSION_MEMORY);
	struct line_setup how = { .edit = person && os_is_tty(STDOUT_FILENO) && !p->o->json,
				  .lines = history_size(p->o->history_lines),
				  .interrupted = &interrupted,
				  .complete = complete,
				  .ctx = p };
	struct line_reader *r = line_new(a, &how);
	while (!p->d->quit && !p->out.failed) {
		enum line_result got = next_line(p, r, &line);
		if (got == LINE_END)
			break;
		if (got == LINE_INTERRUPTED) // Ctrl-C at the prompt: a new one
			continue;
		// An empty line repeats the last command, as in the debugger; only for a person at a terminal.
		bool empty = strspn(line, " \t") == strlen(line);
		if (empty && (!last || !person))
			continue;
		if (!empty) {
			last = arena_strdup(a, line);
			line_remember(r, line);
		}
		run(p, last);
	}
	line_close(r);
	arena_free(a);
}

// The other dumps of the command line; the first one stays the current one, as in the debugger.
static int open_others(struct debugger *d, const struct options *o)
{
	struct session *first = d->current, *s;
	for (size_t i = 1; i < o->n_dumps; i++) {
		err_t e = debugger_open(d, o->dumps[i], NULL, &s);
		if (e.code) {
			front_print_error(o->dumps[i], e);
			return front_open_exit_code(e);
		}
	}
	d->current = d->event = first;
	return 0;
}

static void banners(struct prompt *p)
{
	struct session *first = p->d->current;
	for (size_t i = 0; i < p->d->n_systems; i++) {
		p->d->current = p->d->systems[i];
		cmd_line(p->d->current, ".banner", p->doc);
	}
	p->d->current = first;
}

static int exit_code(const struct prompt *p)
{
	int code = p->limited ? EXIT_LIMIT : EXIT_ANALYSED;
	for (size_t i = 0; i < p->d->n_systems; i++)
		code = front_worse_exit_code(code, front_exit_code(p->d->systems[i]));
	return code;
}

// Not in the log, which keeps no control sequences.
static void clear_screen(struct console *con)
{
	static const char home_and_erase[] = "\x1b[H\x1b[2J\x1b[3J";
	struct sink sink = ((struct log *)con)->out->sink;
	sink.write(sink.ctx, home_and_erase, sizeof(home_and_erase) - 1);
}

// -logo and its like; without them what the environment says.
static bool open_log(struct prompt *p)
{
	const struct options *o = p->o;
	const char *fresh = os_env("_NT_DEBUG_LOG_FILE_OPEN"), *append = os_env("_NT_DEBUG_LOG_FILE_APPEND");
	const char *path = o->log_path ? o->log_path : fresh ? fresh : append;
	if (!path)
		return true;
	bool add = o->log_path ? o->log_append : !fresh;
	err_t e = p->log->console.open_log(&p->log->console, path, add, o->log_utf16);
	if (e.code)
		fprintf(stderr, "dumpscope: %s: %s\n", path, e.what);
	return !e.code;
}

int front_debugger(struct arena *a, const struct options *o)
{
	struct prompt *p = NEW(a, struct prompt);
	p->o = o;
	struct session *s;
	int code = front_open_exit_code(front_open(a, o, &s));
	if (code)
		return code;
	p->d = s->dbg;
	code = open_others(p->d, o);
	if (code) {
		debugger_close(p->d);
		return code;
	}
	output_init(&p->out);
	p->log = log_new(a, &p->out, o->json);
	p->d->console = &p->log->console;
	if (os_is_tty(STDOUT_FILENO) && !o->json)
		p->log->console.clear = clear_screen;
	if (!open_log(p)) {
		debugger_close(p->d);
		return EXIT_USAGE;
	}
	p->doc = o->json ? doc_json_new(a, p->out.sink, s->target->ptr_bytes)
			 : doc_text_new(a, p->out.sink, s->target->ptr_bytes, o->colour);
	front_on_interrupt();
	script_of(p->d->current)->interactive = os_is_tty(STDIN_FILENO);
	script_of(p->d->current)->allow_shell = o->allow_shell;
	if (!o->json)
		banners(p);
	run_initial(p);
	if (!p->d->quit)
		run_standard_input(p);
	if (p->d->quit)
		put_text(p, "quit:\n");
	code = output_end(&p->out, exit_code(p));
	log_end(p->log);
	debugger_close(p->d);
	return code;
}

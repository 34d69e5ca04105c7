// SPDX-License-Identifier: Apache-2.0
// cli.c: the debugger prompt: banner, initial commands, then lines from standard input.
#include "base/limits.h"
#include "cmd/cmd.h"
#include "front/front.h"

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

static void print_error(const char *path, err_t e)
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

int front_open(struct arena *a, const struct options *o, struct session **ret)
{
	const char *images = o->image_path ? o->image_path : o->no_env_paths ? "" : store_env_image_path(a);
	err_t e = session_open(a, o->dump, images, ret);
	if (e.code) {
		print_error(o->dump, e);
		return e.code == E_LIMIT ? EXIT_LIMIT : EXIT_NO_DUMP;
	}
	struct target *t = (*ret)->target;
	if (!o->no_servers && front_ask_servers(a, t->store, &interrupted) && *images)
		target_set_image_path(t, images); // once more: it may name a server
	target_set_symbol_path(t, o->symbol_path ? o->symbol_path : o->no_env_paths ? "" : store_env_symbol_path(a));
	note_path(t, &t->symbol_path);
	note_path(t, &t->image_path);
	t->symbol_options = o->symbol_options;
	for (size_t i = 0; !(t->symbol_options & SYMOPT_DEFERRED_LOADS) && i < t->n_modules; i++)
		(void)sym_load(t, t->modules[i]);
	(void)sym_decode_kdbg(*ret);
	struct debugger *d = (*ret)->dbg;
	d->source_path = o->source_path ? o->source_path : o->no_env_paths ? "" : store_env_source_path(a);
	d->cancel = &interrupted;
	const char *evaluator = o->evaluator_given ? NULL : os_env("_NT_EXPR_EVAL");
	d->cpp_default = evaluator ? str_ieq(evaluator, "c++") : o->cpp_default;
	return 0;
}

int front_exit_code(const struct session *s)
{
	if (!s->target)
		return EXIT_ANALYSED;
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
	const struct options *o;
	bool limited; // a time or memory limit ended a command
};

static void put_text(struct prompt *p, const char *text)
{
	if (!p->o->json)
		p->out.sink.write(p->out.sink.ctx, text, strlen(text));
}

static void put_prompt(struct prompt *p)
{
	char which[48] = "", text[96];
	const struct session *s = p->d->current;
	const struct kernel *k = s->target ? s->target->kernel : NULL;
	if (p->d->n_systems > 1)
		snprintf(which, sizeof(which), "||%u:", s->number);
	if (!s->target)
		snprintf(text, sizeof(text), "NoTarget> ");
	else if (k && (s->thread == SIZE_MAX || k->n_processors < 2))
		snprintf(text, sizeof(text), "%skd> ", which);
	else if (k)
		snprintf(text, sizeof(text), "%s%zu: kd> ", which, s->thread);
	else if (s->thread == SIZE_MAX)
		snprintf(text, sizeof(text), "%s?:?\?\?> ", which);
	else // each dump is one process, and numbered as its system
		snprintf(text, sizeof(text), "%s%u:%03zu> ", which, *which ? s->number : 0, s->thread);
	put_text(p, text);
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
	for (size_t i = 0; i < p->o->n_commands && !p->d->quit && !p->out.failed; i++) {
		const char *line = p->o->commands[i];
		put_prompt(p);
		put_text(p, "dumpscope: Reading initial command '");
		put_text(p, line);
		put_text(p, "'\n");
		run(p, line);
	}
}

static void run_standard_input(struct prompt *p)
{
	char *line = NULL;
	size_t cap = 0;
	const char *last = NULL;
	struct arena *a = arena_new(LIMIT_COMMAND_MEMORY);
	while (!p->d->quit && !p->out.failed) {
		put_prompt(p);
		output_flush(&p->out);
		errno = 0;
		if (getline(&line, &cap, stdin) < 0) {
			if (errno == EINTR) { // Ctrl-C at the prompt: a new one
				clearerr(stdin);
				put_text(p, "\n");
				continue;
			}
			put_text(p, "\n");
			break;
		}
		line[strcspn(line, "\r\n")] = 0;
		// An empty line repeats the last command, as in the debugger; only for a person at a terminal.
		bool empty = strspn(line, " \t") == strlen(line);
		if (empty && (!last || !os_is_tty(STDIN_FILENO)))
			continue;
		if (!empty)
			last = arena_strdup(a, line);
		run(p, last);
	}
	free(line);
	arena_free(a);
}

int front_debugger(struct arena *a, const struct options *o)
{
	struct prompt *p = NEW(a, struct prompt);
	p->o = o;
	struct session *s;
	int code = front_open(a, o, &s);
	if (code)
		return code;
	p->d = s->dbg;
	int log = -1;
	if (o->log_path) {
		log = open(o->log_path, O_WRONLY | O_CREAT | O_CLOEXEC | (o->log_append ? O_APPEND : O_TRUNC), 0666);
		if (log < 0) {
			fprintf(stderr, "dumpscope: %s: %s\n", o->log_path, strerror(errno));
			debugger_close(p->d);
			return EXIT_USAGE;
		}
	}
	output_init(&p->out, log);
	p->doc = o->json ? doc_json_new(a, p->out.sink, p->d->current->target->ptr_bytes)
			 : doc_text_new(a, p->out.sink, p->d->current->target->ptr_bytes, o->colour);
	front_on_interrupt();
	if (!o->json)
		cmd_line(p->d->current, ".banner", p->doc);
	run_initial(p);
	if (!p->d->quit)
		run_standard_input(p);
	if (p->d->quit)
		put_text(p, "quit:\n");
	code = output_end(&p->out, p->limited ? EXIT_LIMIT : front_exit_code(p->d->current));
	debugger_close(p->d);
	if (log >= 0)
		close(log);
	return code;
}

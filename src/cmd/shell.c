// SPDX-License-Identifier: Apache-2.0
// shell.c: .shell runs a program of this computer, when the user allowed that; .noshell forbids it; .sleep waits.
#include "base/limits.h"
#include "cmd/script.h"

#include <string.h>

extern const struct cmd cmd_shell;

SCHEMA(shell_output, "What a program of this computer wrote", NULL, "{text}{.}", { "text", R_STR, "its output" },
       { "exit", R_INT, "its exit code; null: it was ended by a signal" });

// The whole line is the program's, whatever is in it.
static size_t extent(const char *name, const char *args)
{
	return str_ieqn(name, ".shell", 6) ? strcspn(args, "\n") : text_command(args);
}

// A file without a name: a pipe would be full before the program reads.
static err_t input_file(const char *text, int *ret)
{
	TRY(os_memory_file(ret));
	err_t e = fd_write_at(*ret, 0, text, strlen(text));
	if (e.code)
		fd_close(ret);
	return e;
}

static err_t run_program(struct session *s, struct call *c, const char *command, int in, struct doc *out)
{
	const char *const argv[] = { "/bin/sh", "-c", command, NULL };
	char *buf = NEW_N(c->a, char, LIMIT_SCRIPT_TEXT);
	int read_end, write_end, code = OS_EXIT_UNKNOWN, signal = 0;
	size_t n = 0;
	struct os_child child;
	TRY(os_pipe(&read_end, &write_end));
	const int fds[] = { in, write_end, write_end };
	err_t e = os_spawn(argv, fds, ARRAY_LEN(fds), &child);
	fd_close(&write_end);
	if (!e.code) {
		e = os_read_all(read_end, buf, LIMIT_SCRIPT_TEXT,
				s->dbg->deadline_us ? s->dbg->deadline_us : UINT64_MAX, &n);
		if (e.code)
			os_kill(&child);
		os_wait(&child, &code, &signal);
	}
	fd_close(&read_end);
	if (n)
		ROW(out, shell_output, VS(bytes_to_utf8(c->a, (struct span){ (const uint8_t *)buf, n })),
		    V_IF(!signal, code));
	TRY(e);
	doc_note(out, NOTE_INFO, "shell.end", ".shell: Process exited");
	return ok();
}

static err_t shell(struct session *s, struct call *c, struct doc *out)
{
	const char *input = "", *commands_ = NULL;
	if (!script_of(s)->allow_shell)
		return cmd_fail(c, E_UNSUPPORTED, 0,
				".shell is refused: programs of this computer run only when dumpscope was started with "
				"--allow-shell, and not after .noshell");
	if (arg_switch(c, "-ci") && (commands_ = arg_word(c)) == NULL)
		return usage(c, ".shell -ci wants commands");
	arg_blanks(c);
	if (*c->p == '-')
		return cmd_fail(c, E_UNSUPPORTED, 0, "not supported: options of .shell but -ci");
	const char *command = arg_rest(c);
	if (!*command)
		return cmd_fail(c, E_UNSUPPORTED, 0, "not supported: .shell without a command");
	if (commands_)
		TRY(script_capture(s, c->a, commands_, LIMIT_SCRIPT_TEXT, &input));
	int file;
	TRY(input_file(input, &file));
	err_t e = run_program(s, c, command, file, out);
	fd_close(&file);
	return e;
}

// For a person at the prompt; a program that reads our output is not made to wait.
static err_t sleep_for(struct session *s, struct call *c)
{
	enum { SLICE_MS = 50 };
	uint64_t ms;
	TRY(arg_expr(c, &ms));
	TRY(arg_done(c));
	if (!script_of(s)->interactive)
		return cmd_fail(c, E_UNSUPPORTED, 0, ".sleep is refused: commands do not come from a terminal");
	for (uint64_t slept = 0; slept < ms; slept += SLICE_MS) {
		TRY(session_poll(s));
		os_sleep_ms((unsigned)MIN(ms - slept, (uint64_t)SLICE_MS));
	}
	return ok();
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	if (str_ieq(c->name, ".sleep"))
		return sleep_for(s, c);
	if (str_ieq(c->name, ".shell"))
		return shell(s, c, out);
	TRY(arg_done(c));
	script_of(s)->allow_shell = false;
	doc_note(out, NOTE_INFO, "shell.disabled", "Shell commands are disabled");
	return ok();
}

static const struct schema *const rows[] = { &shell_output, NULL };
const struct cmd cmd_shell = {
	.names = ".shell .noshell .sleep",
	.no_target = true,
	.extent = extent,
	.group = "The prompt",
	.args = "[-ci \"COMMANDS\"] PROGRAM | MILLISECONDS",
	.summary =
		"Run a program of this computer (.shell; wants --allow-shell), forbid that (.noshell), wait (.sleep)",
	.help = ".shell -ci \"lm\" grep ntdll   the program reads what the commands print\n"
		"The whole line is the program's. Nothing is run unless dumpscope was started with --allow-shell.\n"
		".sleep acts at a terminal only.\n",
	.run = run,
	.rows = rows,
};

// SPDX-License-Identifier: Apache-2.0
// log.c: .logopen .logappend .logclose .logfile: the log file, which is the program's.
#include "base/os.h"
#include "cmd/cmd.h"

#include <string.h>

extern const struct cmd cmd_log;

SCHEMA(log_opened, "A log file was opened", NULL, "Opened log file '{path}'", { "path", R_STR, "its path" },
       { "append", R_BOOL, "behind what it held" }, { "unicode", R_BOOL, "as UTF-16; else UTF-8" });
SCHEMA(log_closed, "The log file is closed", NULL, "Closing open log file {path}", { "path", R_STR, "its path" });
SCHEMA(log_state, "Is there a log file?", NULL, "{?path Log '{path}' open}{!path No log file open}",
       { "path", R_STR, "its path; null: none is open" }, { "append", R_BOOL, "opened behind what it held" });

// "logs/my.txt" with _02BC_2005-02-28_09-05-50-935 before the last dot of its name.
static const char *with_time(struct call *c, const char *path)
{
	char now[64];
	if (!os_local_time(now, sizeof(now), "%Y-%m-%d_%H-%M-%S"))
		return path;
	const char *base = path_base(path), *dot = strrchr(base, '.');
	size_t stem = dot && dot > base ? (size_t)(dot - path) : strlen(path);
	uint32_t pid = c->s->target ? c->s->target->pid : 0;
	return arena_printf(c->a, "%.*s_%04X_%s-%03u%s", (int)stem, path, (unsigned)pid, now, os_local_ms(),
			    path + stem);
}

// /d: after the program that the dump is of.
static const char *by_target(struct call *c)
{
	const struct target *t = c->s->target;
	const char *name = !t                ? "dumpscope"
			   : t->kernel       ? "kernel"
			   : t->process_name ? path_base(t->process_name)
					     : NULL;
	const char *dot = name ? strrchr(name, '.') : NULL;
	return arena_printf(c->a, "%.*s.log", dot ? (int)(dot - name) : 80, name ? name : "process");
}

static void close_open(struct console *con, struct call *c, struct doc *out)
{
	if (!con->log_path)
		return;
	const char *path = arena_strdup(c->a, con->log_path);
	ROW(out, log_closed, VS(path));
	con->close_log(con);
}

static err_t open_log(struct console *con, struct call *c, struct doc *out)
{
	bool append = str_ieq(c->name, ".logappend"), timed = false, unicode = false, chosen = false;
	for (bool more = true; more;) {
		if (arg_switch(c, "/u"))
			unicode = true;
		else if (!append && arg_switch(c, "/t"))
			timed = true;
		else if (!append && arg_switch(c, "/d"))
			chosen = true;
		else
			more = false;
	}
	const char *given = arg_word(c);
	TRY(arg_done(c));
	char *path = arena_strdup(c->a, chosen ? by_target(c) : given ? given : "Dbgeng.log");
	for (char *p = path; *p; p++) // written for another host
		*p = *p == '\\' ? '/' : *p;
	const char *final = timed ? with_time(c, path) : path;
	close_open(con, c, out);
	err_t e = con->open_log(con, final, append, unicode);
	if (e.code)
		return cmd_fail(c, e.code, 0, "Unable to open log file '%s': %s", final, e.what);
	ROW(out, log_opened, VS(final), V(append), V(unicode));
	return ok();
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	struct console *con = s->dbg->console;
	if (!con)
		return cmd_fail(c, E_UNSUPPORTED, 0, "not supported: log files, outside of the program");
	if (str_ieq(c->name, ".logopen") || str_ieq(c->name, ".logappend"))
		return open_log(con, c, out);
	TRY(arg_done(c));
	if (str_ieq(c->name, ".logfile") || !con->log_path)
		ROW(out, log_state, VS(con->log_path), con->log_path ? V(con->log_append) : V_ABSENT);
	else
		close_open(con, c, out);
	return ok();
}

static const struct schema *const rows[] = { &log_opened, &log_closed, &log_state, NULL };
const struct cmd cmd_log = {
	.names = ".logopen .logappend .logclose .logfile",
	.no_target = true,
	.group = "The program",
	.args = "[/t] [/u] [/d | FILE]",
	.summary = "Copy what is typed and shown to a file",
	.help = ".logopen FILE      a new file; Dbgeng.log without a name\n"
		".logopen /t FILE   its name with the process ID and the time\n"
		".logopen /d        named after the program\n"
		".logappend FILE    behind what it holds; /u: UTF-16\n"
		".logclose          end it\n"
		".logfile           is one open?\n",
	.run = run,
	.rows = rows,
};

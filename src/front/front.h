// SPDX-License-Identifier: Apache-2.0
// front.h: what the program's faces share: options, output, exit codes, sub-commands.
//
// To add a sub-command `foo` (dumpscope foo ...): write front/foo.c, defining `const struct front front_foo`;
// add the line `foo` to front/LIST.
#pragma once
#include "doc/doc.h"
#include "target/target.h"

enum exit_code { // documented in dumpscope(1)
	EXIT_ANALYSED = 0,
	EXIT_USAGE = 1,   // wrong arguments, or an error of our own
	EXIT_NO_DUMP = 2, // the file cannot be read, or is no dump
	EXIT_PARTIAL = 3, // the dump is cut or damaged; what could be had was shown
	EXIT_LIMIT = 4,   // time or memory limit
	EXIT_FINDING = 5, // --fail-on was met
	EXIT_COMMAND = 6, // dumpscope run: a command of the script failed
};

enum persona { // the program that argv[0] names
	PERSONA_NONE,
	PERSONA_CDB, // or ntsd: only -z opens a dump
	PERSONA_KD,
	PERSONA_DUMPCHK, // checks, and ends
};
struct options {
	enum persona persona;
	const char *dump;         // -z, or the first argument
	const char *const *dumps; // all of them, the first is `dump`
	size_t n_dumps;
	bool debugger; // -z: a prompt; else a report
	bool json, colour, verbose, quiet;
	const char *image_path, *symbol_path, *source_path;
	const char *const *commands; // -c, -cf: lines in order
	size_t n_commands;
	const char *log_path;
	bool log_append, log_utf16;
	unsigned timeout_seconds;          // 0: none
	int fail_on;                       // enum severity + 1; 0: off
	unsigned history_lines;            // -clines; 0: the default
	bool no_env_paths;                 // -sins
	bool no_servers;                   // -netsyms:no
	bool allow_shell;                  // .shell may run programs
	uint32_t symbol_options;           // SYMOPT_*
	bool cpp_default, evaluator_given; // -ee c++; -ee at all: else _NT_EXPR_EVAL decides
};

struct output { // standard output and the log, buffered
	struct sink sink;
	char buf[65536];
	size_t n;
	struct log *log; // NULL: none
	bool failed;     // nothing more can be written: the reader went away (quietly), or `error`
	int error;       // errno of a failure that is one; 0: none
};
void output_init(struct output *o);
void output_flush(struct output *o);
// Flushes; says on standard error what went wrong. Returns the exit code: `code` when all was written.
int output_end(struct output *o, int code);

// Opens the dump; prints why not to standard error.
MUST_USE err_t front_open(struct arena *a, const struct options *o, struct session **ret);
int front_debugger(struct arena *a, const struct options *o); // -z
int front_check(struct arena *a, const struct options *o);    // dumpchk DUMP
int front_report(struct arena *a, const struct options *o);   // dumpscope DUMP ...
// The same for any dump, which is not announced. `inner`: its name in an archive, or NULL. `like`: an open dump whose
// paths and symbol options it takes instead of those of the command line; may be NULL.
MUST_USE err_t front_open_dump(struct arena *a, const struct options *o, const char *path, const char *inner,
			       const struct target *like, struct session **ret);
void front_print_error(const char *path, err_t e); // to standard error
int front_open_exit_code(err_t e);                 // of a dump that could not be opened; 0: it could
// From here on Ctrl-C does not end the program but sets what this points to.
volatile int *front_on_interrupt(void);
// EXIT_PARTIAL when the dump has holes of its own (cut, corrupt), else EXIT_ANALYSED.
int front_exit_code(const struct session *s);
int front_worse_exit_code(int a, int b);

struct front { // a sub-command
	const char *name, *args, *summary;
	int (*run)(struct arena *a, int argc, char **argv, bool json);
	const struct schema *const *rows; // every row type of its JSON documents; NULL-terminated; NULL: none
};
extern const struct front *const fronts[]; // generated from front/LIST; NULL-terminated

// Splits and fills; usage errors are printed. Returns an exit code, or -1 to go on.
int options_parse(struct arena *a, int argc, char **argv, struct options *ret);

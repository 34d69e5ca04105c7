// SPDX-License-Identifier: Apache-2.0
// debugger.h: what all open dumps of one debugger share. Each of them is a system with a session of its own
// (target.h): its thread, registers, frame, modules. Belongs to one thread.
#pragma once
#include "base/os.h"

struct session;
// What commands ask of the program around them: its log file and its screen. Given by front/.
struct console {
	const char *log_path; // of the open log file; NULL: none is open
	bool log_append;      // it was opened to go on behind what was there
	// Closes the one that is open. E_IO with the host's reason.
	err_t (*open_log)(struct console *con, const char *path, bool append, bool utf16);
	void (*close_log)(struct console *con);
	void (*clear)(struct console *con); // the screen; NULL: there is none
};

struct debugger {
	struct arena *arena;      // lives as long as the debugger
	struct session *current;  // the one that commands work on; never NULL
	struct session *event;    // the one whose event was the last: that was opened last; NULL: it was closed
	struct session **systems; // in the order in which they were opened
	size_t n_systems, cap_systems;
	unsigned next_number;   // of the next system; numbers are not used again
	struct session *closed; // taken out, not yet freed: commands that run may still look at them
	const char *last_path;  // the dump that was opened last, as the user named it; NULL: none
	const char *last_inner; // and its name inside the archive; NULL: it was no archive
	// Opens one more dump the way the program opened the first; NULL: with the paths of the current system.
	// `inner`: which dump of an archive, NULL: the first. All that the session owns lives in `a`.
	err_t (*open)(struct debugger *d, struct arena *a, const char *path, const char *inner, struct session **ret);
	const void *open_ctx;

	unsigned radix;            // default radix of expressions
	unsigned kframes;          // default depth of k
	const char *source_path;   // as the user gave it; NULL: none
	char symbol_suffix;        // of `ss`: A or W; 0: none
	bool show_trust;           // frames show how they were found
	bool cpp_default;          // .expr /s c++: arguments are C++ expressions
	uint64_t t[20];            // $t0 .. $t19
	uint64_t last_expr;        // $exp: the expression evaluated last
	uint64_t last_shown;       // $p: the value that a d command showed last
	bool last_shown_known;     // it has shown one
	struct script *script;     // slot of cmd/: aliases and the running program; NULL until needed
	unsigned nesting;          // commands inside commands
	uint64_t deadline_us;      // os_now_us() value at which commands end; 0: none
	uint64_t command_us;       // time each command of a line may take, deadline_us is set from it; 0: no limit
	volatile int *cancel;      // set by Ctrl-C; may be NULL
	enum err_code first_error; // of the commands since the caller set it to OK
	bool quit;                 // q was given
	const char *quit_lock;     // the password without which q does not end; NULL: none
	struct console *console;   // of the program; NULL: none (the public calls)
};

struct debugger *debugger_new(struct arena *a); // without a system
// Makes the session a system of `d`, and the current one. It may have been opened with a debugger of its own, which is
// forgotten. `owned`: the arena that ends with the system; NULL: somebody else's. E_LIMIT: too many are open.
MUST_USE err_t debugger_add(struct debugger *d, struct session *s, struct arena *owned);
// Opens one more dump in an arena of its own; it becomes the current system. An error changes nothing.
MUST_USE err_t debugger_open(struct debugger *d, const char *path, const char *inner, struct session **ret);
struct session *debugger_system(const struct debugger *d, uint64_t number); // NULL: no such
// Takes a system out. The first that is left becomes the current one when this was; NULL when there is none: the
// session stays the current one then, without a target. It is freed by debugger_reap().
struct session *debugger_remove(struct debugger *d, struct session *s);
// Frees what was taken out; when no command runs.
void debugger_reap(struct debugger *d);
void debugger_close(struct debugger *d); // all systems; the debugger itself lies in its arena

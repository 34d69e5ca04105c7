// SPDX-License-Identifier: Apache-2.0
// cmd.h: a command turns its argument text and a session into document events.
//
// To add a command `foo`:
//  1. write cmd/foo.c, defining `const struct cmd cmd_foo`;
//  2. add the line `foo` to cmd/LIST;
//  3. add tests/golden/foo.test.
// One file may serve a family ("k kb kn ..."). Row types that several commands use are in cmd/rows.h.
#pragma once
#include "doc/doc.h"
#include "expr/expr.h"
#include "sym/sym.h"

struct call { // one command as typed
	const struct cmd *cmd;
	const char *name;  // as typed, with its glued flags: "kvn", "lmvm", "!analyze"
	const char *flags; // what was glued behind the table's name: "vn"; never NULL
	const char *p;     // the rest of the text, moved on by the arg_ calls
	const char *dll;   // "ext" of "!ext.help"; NULL: no DLL was named
	struct arena *a;   // the command's arena
	struct session *s;
};
struct cmd {
	const char *names; // "k kb": exact names, or stems that `flags` may follow; extensions start with '!'
	const char *flags; // letters that may be glued to a stem ("bcdfLMnpPv"), NULL: none
	// The length of the text behind the name that is the command's, when no ';' ends it; NULL: up to a ';'. `args`
	// points into the text that begins with the name.
	size_t (*extent)(const char *name, const char *args);
	bool any_tail;               // arguments may follow the name without a blank ("~0s", "?1+2")
	bool no_target;              // runs without a dump
	bool user_only, kernel_only; // the kind of dump it is for; both false: any
	const char *args;            // "[n] [= sp ip]", for help
	const char *summary;         // one line, for help
	const char *help;            // more lines with examples, NULL: none
	const char *group;           // "Threads and stacks": the heading in the reference
	err_t (*run)(struct session *s, struct call *c, struct doc *out);
	const struct schema *const *rows; // every row type it may emit; NULL-terminated
};
extern const struct cmd *const commands[]; // generated from cmd/LIST; NULL-terminated

// ---- running
// Runs a line: commands separated by ';'. Each command is one document of `out`. An error ends the command,
// not the line. Returns the number of commands that failed.
unsigned cmd_line(struct session *s, const char *line, struct doc *out);
// Runs a line inside the document of the calling command (~*e, !for_each_...). An error ends the line, nothing else.
unsigned cmd_nested(struct session *s, const char *line, struct doc *out);
// From here on commands, and the rest of this one, work on another open dump.
void cmd_choose_system(struct call *c, struct session *s, struct doc *out);
const struct cmd *cmd_find(struct session *s, const char *name); // exact or stem + flags; NULL

// ---- arguments: a cursor over the text
void arg_blanks(struct call *c);
bool arg_end(struct call *c); // nothing but blanks left
// Takes the switch `name` ("-v", "/c") when it is next; '-' and '/' are the same.
bool arg_switch(struct call *c, const char *name);
const char *arg_word(struct call *c); // up to a blank, quotes removed; NULL at the end
const char *arg_rest(struct call *c); // all that is left, trimmed
MUST_USE err_t arg_expr(struct call *c, uint64_t *ret);
MUST_USE err_t arg_range(struct call *c, unsigned elem, struct expr_range *ret);
MUST_USE err_t arg_done(struct call *c);         // E_USAGE "Extra character error in '...'" unless at the end
bool call_flag(const struct call *c, char flag); // was this letter glued to the name?
// E_USAGE with a formatted text in the command's arena.
err_t usage(struct call *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
// Any error with a formatted text.
err_t cmd_fail(struct call *c, enum err_code code, uint64_t at, const char *fmt, ...) PRINTF_LIKE(4, 5);

// The scope of MASM expressions over a session: registers, pseudo-registers, symbols, memory.
struct expr_scope cmd_scope(struct session *s);

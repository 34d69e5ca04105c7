// SPDX-License-Identifier: Apache-2.0
// script.h: what a session knows of the program that runs in it, and how commands run parts of their own text.
#pragma once
#include "cmd/cmd.h"
#include "script/alias.h"
#include "script/text.h"

// Where a program goes after the command that has just run.
enum flow {
	FLOW_ON,
	FLOW_BREAK,    // out of the innermost loop
	FLOW_CONTINUE, // to its next round
	FLOW_LEAVE,    // out of the innermost .catch
	FLOW_AGAIN,    // z: the line from its start
	FLOW_ERROR,    // a command failed: out of everything, or to the end of a .catch
	FLOW_STOP,     // Ctrl-C or time: out of everything
};
// What the commands of cmd/setting.c keep.
enum setting {
	SETTING_PREFER_DML,
	SETTING_UNICODE,
	SETTING_LONG_STATUS,
	SETTING_FORCE_RADIX,
	SETTING_MISSING_PAGES,
	SETTING_ECHO_CPU,
	SETTING_OUTMASK,
	SETTING_ASM, // bit 0: no_code_bytes
	SETTINGS
};
enum { OUTMASK_DEFAULT = 0x3f7 }; // of .outmask
struct script {
	struct aliases *aliases;
	const struct cmd_index *index; // of cmd.c: names of commands; NULL until needed
	enum flow flow;
	unsigned loops, catches, files; // open ones
	uint32_t settings[SETTINGS];
	struct saved_state *pushed, *popped; // levels of .push, and those that wait for use
	const char *line;                    // the text that runs, for z: valid while its commands run
	bool extret_known;
	va_t extret;      // $extret: the element that !list is at
	bool interactive; // a person types the commands
	bool allow_shell; // .shell may run programs of this computer
};
struct script *script_of(struct session *s); // made by the first call

// Enters a block: replaces aliases in `text` (and `local`, an alias of this block only) and runs it inside the document
// of the calling command. Afterwards script_of(s)->flow says where to go on; the caller returns when that is not its
// business.
void script_block(struct session *s, const char *text, struct alias local, struct doc *out);
// Runs a line and takes its text, up to `most` bytes; E_LIMIT when there is more. The session's flow is as after
// script_block.
MUST_USE err_t script_capture(struct session *s, struct arena *a, const char *line, size_t most, const char **text_ret);

// The text of a script file, UTF-8 or UTF-16, in `a`. E_NOTFOUND, E_IO, E_LIMIT.
MUST_USE err_t script_load(struct arena *a, const char *path, const char **ret);

// ---- arguments of control flow tokens
// "(...)" or "{...}": the text inside. E_USAGE when none stands there or it is not closed.
MUST_USE err_t arg_group(struct call *c, char open, char close, const char **ret);
// A condition up to the block that follows it; its value.
MUST_USE err_t arg_condition(struct call *c, const char **ret);
MUST_USE err_t script_condition(struct call *c, const char *text, bool *ret);

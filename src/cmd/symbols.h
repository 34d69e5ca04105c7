// SPDX-License-Identifier: Apache-2.0
// symbols.h: what the commands around symbol files share.
#pragma once
#include "cmd/cmd.h"

// Answers that were kept are no longer true: other symbols may be found now.
void symbols_changed(struct session *s);
// Sets the options of all open dumps: they are the debugger's.
void symbol_options_set(struct session *s, uint32_t options);
// What a module's symbols cannot give (.dwo files), as a note.
void note_symbols(struct doc *out, const struct module *m);
// .symfix, in sympath.c.
err_t symfix_run(struct session *s, struct call *c, struct doc *out);
extern const struct schema *const symfix_rows[];

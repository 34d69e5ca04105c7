// SPDX-License-Identifier: Apache-2.0
// names.h: the names of all commands: those near to what was typed, and the extension DLLs they come from.
#pragma once
#include "cmd/cmd.h"

// Calls fn for each name of each command ("k", ".echo", "!peb"), in the table's order; name lives in the arena.
void names_each(struct arena *a, void (*fn)(void *ctx, const struct cmd *c, const char *name), void *ctx);
// Says which commands the unknown one that opens `text` may have meant; nothing when none is near.
void names_suggest(struct arena *a, const char *text, struct doc *out);

// ---- extension DLLs: their commands are built in
struct family {
	const char *name;  // "kdexts"
	const char *about; // what its commands are for
	const char *names; // those it is known for by Microsoft's pages, without '!', a blank between them
};
extern const struct family families[]; // in the order of the debugger's chain; ends with a NULL name
// By n characters of a DLL's name, with or without folders and ".dll", case-blind; NULL: not built in.
const struct family *family_find(const char *dll, size_t n);
// The family that an extension ("!peb") is listed under.
const struct family *family_of(const struct cmd *c, const char *name);
// The debugger's words about a DLL that cannot be loaded, and why that is so here.
err_t names_no_dll(struct arena *a, const char *dll);
// "!ext.analyze -v": the length of "!ext", or 0 when no DLL is named.
size_t names_qualifier(const char *text);

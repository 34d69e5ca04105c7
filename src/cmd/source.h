// SPDX-License-Identifier: Apache-2.0
// source.h: source lines as commands show them.
#pragma once
#include "cmd/cmd.h"
#include "store/source.h"

enum { SOURCE_BEFORE = 4, SOURCE_AFTER = 5 }; // lines around the current one, as WinDbg shows them
struct source_state {                         // of a session
	const char *file;                     // host path of the current file; NULL: none
	const char *name;                     // as it was asked for
	uint32_t line;                        // where ls goes on
	unsigned before, after, total;        // lsp -a: around a line (lsa), in a block (ls)
	unsigned step_before, step_after;     // lsp
	unsigned noisy;                       // .srcnoisy
	unsigned options;                     // l+, l-
};
struct source_state *source_state(struct session *s);
// The host path of a recorded file, told about when .srcnoisy is on. E_NOTFOUND with words for the user.
MUST_USE err_t source_locate(struct session *s, struct call *c, struct doc *out, const char *name, bool by_user,
			     const char **ret);
// Rows first..last; `current` is marked (0: none). *last_ret (may be NULL): the last line there was. E_NOTFOUND: none.
MUST_USE err_t emit_source_lines(struct session *s, struct call *c, struct doc *out, const char *path, uint32_t first,
				 uint32_t last, uint32_t current, uint32_t *last_ret);
extern const struct schema row_source_text;

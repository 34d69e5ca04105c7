// SPDX-License-Identifier: Apache-2.0
// text.h: the command language as text: where a command ends, what stands in braces, parentheses and quotes.
// All calls take NUL-terminated text and return lengths of it. Quotes are '"', \" inside them is a character; a "${"
// is an alias and opens no block.
#pragma once
#include "base/base.h"

// The length of the first command: to a ';' or line end outside of quotes, braces and parentheses... of braces alone,
// because expressions are typed with a parenthesis missing and the commands behind them still run.
size_t text_command(const char *p);
// p[0] is `open`: the length up to and with the `close` that belongs to it. 0: there is none.
size_t text_group(const char *p, char open, char close);
// Blanks and line ends at p.
size_t text_space(const char *p);
// Where the block of a condition opens: the '{' outside of quotes and parentheses, before any ';'. SIZE_MAX: nowhere.
size_t text_block_open(const char *p);
// Does the word `word` stand at p, with no letter or digit behind it? ASCII case-blind.
bool text_has_word(const char *p, const char *word);
// The next token of `text` from *pos, which blanks and line ends part; NULL at the end.
const char *text_token(struct arena *a, const char *text, size_t *pos);

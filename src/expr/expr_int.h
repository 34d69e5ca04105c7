// SPDX-License-Identifier: Apache-2.0
// expr_int.h: the tokens of MASM expressions, shared by the files of this folder.
#pragma once
#include "base/base.h"

enum num_kind { NUM_NONE, NUM_OK, NUM_TOO_BIG };
struct num {
	enum num_kind kind;
	uint64_t value;
	size_t n;  // characters
	bool tick; // written with a grave accent: no sign extension
};
// The number at p in the given default radix. NUM_NONE when the token there is something else, such as a symbol
// that begins like a number.
struct num lex_number(const char *p, unsigned radix);
// Length of the symbol at p ("mod!name", "!name", "$name"); 0 when there is none.
size_t lex_symbol(const char *p);
// Length of the letters, digits, '_' and a leading '$' at p.
size_t lex_word(const char *p);
bool lex_name_goes_on(const char *p);                        // as in "foo!bar", but not in "foo!=1"
bool lex_word_is(const char *p, size_t n, const char *word); // ASCII case-blind
// The string literal "..." or @"..." at *p: moves *p behind it; NULL when it is none or has no end.
const char *lex_string(struct arena *a, const char **p);
// p is at '(' or '[': length of the text up to and with its partner, strings skipped; 0 without one.
size_t lex_group(const char *p);
const char *lex_blanks(const char *p);
bool lex_alnum(char c); // ASCII letter, digit, '_'

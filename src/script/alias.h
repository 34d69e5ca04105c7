// SPDX-License-Identifier: Apache-2.0
// alias.h: aliases of the command language, and their replacement in text before it is parsed (Microsoft's pages
// "Using Aliases" and "${ } (Alias Interpreter)").
#pragma once
#include "base/base.h"

struct alias {
	const char *name, *value; // valid until the next alias_set or alias_delete
};
struct aliases;
// Automatic aliases ("$ntsym"): the value of `name`, NULL when there is none; text that lives as long as the caller of
// alias_expand needs it.
typedef const char *alias_auto_fn(void *ctx, const char *name, struct arena *a);

// All memory is of `a`; a name that is set again and again takes no more of it than its longest value.
struct aliases *aliases_new(struct arena *a, alias_auto_fn *automatic, void *ctx);
// Defines or redefines a user-named alias. E_USAGE: no name, or one with blanks; E_LIMIT: too many or too long.
MUST_USE err_t alias_set(struct aliases *s, const char *name, const char *value);
bool alias_delete(struct aliases *s, const char *name); // false: there is none
void alias_delete_all(struct aliases *s);
const char *alias_value(const struct aliases *s, const char *name); // NULL: not defined
size_t alias_count(const struct aliases *s);
struct alias alias_at(const struct aliases *s, size_t i); // in the order of definition
// $u0 to $u9; index below 10.
MUST_USE err_t alias_fix(struct aliases *s, unsigned index, const char *value);

// Text with its aliases replaced, once: $u0-$u9 anywhere; then ${name}, ${/d: /f: /n: /v:name}, and user-named ones
// that stand alone between blanks, ';' and '"'. Text that begins with "as", "aS", "ad" or "al" comes back as it is.
// `local` (name NULL: none) is an alias of this text only, before all others: the variable of .foreach.
// E_LIMIT: the result would be too long.
MUST_USE err_t alias_expand(const struct aliases *s, struct alias local, struct arena *a, const char *text,
			    const char **ret);
// "x" of "${/v:x}", which the alias commands take as a name (text in `a`); any other text comes back.
const char *alias_literal(struct arena *a, const char *name);

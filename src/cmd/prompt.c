// SPDX-License-Identifier: Apache-2.0
// prompt.c: small commands of the prompt: n (number base), q qq qd, .quit_lock.
#include "cmd/cmd.h"

#include <string.h>

extern const struct cmd cmd_prompt;

SCHEMA(radix, "The number base of expressions", NULL, "base is {base}", { "base", R_DEC, "8, 10 or 16" });

SCHEMA(quit_lock, "Is the end of the session locked? Layout unverified", NULL,
       "{?password q is locked by '{password}'}{!password q is not locked}",
       { "password", R_STR, "it is no secret; null: not locked" });

static err_t number_base(struct session *s, struct call *c, struct doc *out)
{
	const char *word = arg_word(c);
	TRY(arg_done(c));
	if (word) {
		// The argument is decimal whatever the base is: `n 10` leaves and enters base ten.
		unsigned base = str_eq(word, "8") ? 8 : str_eq(word, "10") ? 10 : str_eq(word, "16") ? 16 : 0;
		if (!base)
			return usage(c, "Syntax error in '%s': the base is 8, 10 or 16", word);
		s->dbg->radix = base;
	}
	ROW(out, radix, V(s->dbg->radix));
	return ok();
}

// A guard against a slip of the fingers, no more: whoever asks is told the password.
static err_t lock(struct session *s, struct call *c, struct doc *out)
{
	struct debugger *d = s->dbg;
	bool set = arg_switch(c, "/s"), open = !set && arg_switch(c, "/q");
	const char *word = set || open ? arg_word(c) : NULL;
	TRY(arg_done(c));
	if ((set || open) && !word)
		return usage(c, "%s wants a password", set ? "/s" : "/q");
	if (set)
		d->quit_lock = arena_strdup(d->arena, word);
	else if (open && d->quit_lock && !str_eq(word, d->quit_lock))
		return cmd_fail(c, E_USAGE, 0, "That is not the password of .quit_lock /s; q stays locked");
	else if (open)
		d->quit_lock = NULL;
	ROW(out, quit_lock, VS(d->quit_lock));
	return ok();
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	if (c->name[0] == '.')
		return lock(s, c, out);
	if (c->name[0] == 'q') {
		if (s->dbg->quit_lock)
			return cmd_fail(c, E_USAGE, 0, "%s is locked: .quit_lock /q PASSWORD opens it", c->name);
		s->dbg->quit = true;
		return ok();
	}
	return number_base(s, c, out);
}

static const struct schema *const rows[] = { &radix, &quit_lock, NULL };
const struct cmd cmd_prompt = {
	.names = "n q qq qd .quit_lock",
	.no_target = true,
	.group = "Expressions and the prompt",
	.args = "[BASE] | [/s PASSWORD | /q PASSWORD]",
	.summary = "Set the number base (n), end (q), keep q from ending (.quit_lock)",
	.help = "n 10         numbers of expressions are decimal; 8, 10, 16\n"
		"q qq qd      end\n"
		".quit_lock /s word   q does not end any more; /q word: it does again\n",
	.run = run,
	.rows = rows,
};

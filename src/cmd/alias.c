// SPDX-License-Identifier: Apache-2.0
// alias.c: as, aS, ad, al: user-named aliases.
#include "base/limits.h"
#include "cmd/script.h"
#include "win/string.h"

#include <inttypes.h>
#include <string.h>

extern const struct cmd cmd_alias;

SCHEMA(alias_row, "A user-named alias", "  Alias            Value  \n -------          ------- ", " {name:16} {value} ",
       { "name", R_STR, "as it is typed" }, { "value", R_STR, "what replaces it" });

// Which ';' ends the command: "as NAME LINE" takes it all, aS ends at one outside of quotes, switches end both but /c.
static size_t extent(const char *name, const char *args)
{
	const char *p = args + strspn(args, " \t");
	bool has_switch = p[0] == '/' || p[0] == '-';
	if (name[1] == 'd' || name[1] == 'l' || (name[1] == 'S' && !(has_switch && p[1] == 'c')))
		return text_command(args);
	if (has_switch && p[1] == 'c') { // commands in quotes end where they do
		p += 2 + strspn(p + 2, " \t");
		p += strcspn(p, " \t\r\n");
		p += strspn(p, " \t");
		return *p == '"' ? text_command(args) : strcspn(args, "\n");
	}
	return has_switch ? text_command(args) : strcspn(args, "\n");
}

static err_t list(struct session *s, struct doc *out)
{
	const struct aliases *all = script_of(s)->aliases;
	if (!alias_count(all))
		doc_note(out, NOTE_INFO, "alias.none", "No aliases");
	for (size_t i = 0; i < alias_count(all); i++) {
		struct alias a = alias_at(all, i);
		ROW(out, alias_row, VS(a.name), VS(a.value));
	}
	return ok();
}

static err_t delete (struct session *s, struct call *c)
{
	bool quiet = arg_switch(c, "/q");
	const char *name = arg_word(c);
	if (!name)
		return usage(c, "ad wants the name of an alias, or *");
	TRY(arg_done(c));
	if (str_eq(name, "*"))
		alias_delete_all(script_of(s)->aliases);
	else if (!alias_delete(script_of(s)->aliases, alias_literal(c->a, name)) && !quiet)
		return cmd_fail(c, E_NOTFOUND, 0, "Alias %s not found", name);
	return ok();
}

static err_t from_file(struct call *c, const char **ret)
{
	const char *path = arg_rest(c);
	struct file_map map;
	err_t e = file_map_open(path, &map);
	if (e.code)
		return cmd_fail(c, e.code, 0, "%s %s", path, e.what);
	bool fits = map.bytes.n < LIMIT_SCRIPT_TEXT;
	*ret = fits ? bytes_to_utf8(c->a, map.bytes) : NULL;
	file_map_close(&map);
	return fits ? ok() : cmd_fail(c, E_LIMIT, LIMIT_SCRIPT_TEXT, "%s is too long", path);
}

static err_t from_memory(struct session *s, struct call *c, const char *kind, const char **ret)
{
	uint64_t va;
	TRY(arg_expr(c, &va));
	TRY(arg_done(c));
	if (str_eq(kind, "ma") || str_eq(kind, "mu"))
		return win_string(s->target, c->a, va, str_eq(kind, "mu"), ret);
	return win_string_counted(s->target, c->a, va, str_eq(kind, "msu"), ret);
}

// "..." or @"..." without its quotes; NULL: something else.
static const char *unquoted(struct arena *a, const char *p)
{
	p += *p == '@' && p[1] == '"';
	return *p == '"' ? arena_strndup(a, p + 1, strcspn(p + 1, "\"")) : NULL;
}

static err_t value_of(struct session *s, struct call *c, const char *kind, const char **ret)
{
	uint64_t value;
	if (str_eq(kind, "x")) {
		TRY(arg_expr(c, &value));
		TRY(arg_done(c));
		*ret = arena_printf(c->a, "0x%" PRIx64, value);
		return ok();
	}
	if (str_eq(kind, "e")) {
		const char *name = arg_word(c), *text = name ? os_env(name) : NULL;
		if (!text)
			return cmd_fail(c, E_NOTFOUND, 0, "the environment has no %s", name ? name : "such name");
		*ret = text;
		return arg_done(c);
	}
	if (str_eq(kind, "c")) {
		arg_blanks(c);
		const char *quoted = unquoted(c->a, c->p), *line = quoted ? quoted : c->p;
		c->p += strlen(c->p);
		return script_capture(s, c->a, line, LIMIT_SCRIPT_TEXT - 1, ret);
	}
	if (str_eq(kind, "f"))
		return from_file(c, ret);
	if (!s->target)
		return cmd_fail(c, E_USAGE, 0, "no dump is open");
	return from_memory(s, c, kind, ret);
}

// The rest of the line; of aS the quotes around it are not part of it.
static const char *plain_value(struct call *c)
{
	c->p += strspn(c->p, " \t");
	const char *quoted = c->name[1] == 'S' ? unquoted(c->a, c->p) : NULL;
	const char *value = quoted ? quoted : arena_strdup(c->a, c->p);
	c->p += strlen(c->p);
	return value;
}

static err_t set(struct session *s, struct call *c)
{
	static const char *const kinds[] = { "x", "e", "ma", "mu", "msa", "msu", "f", "c" };
	const char *kind = NULL, *value;
	for (size_t i = 0; i < ARRAY_LEN(kinds) && !kind; i++)
		if (arg_switch(c, arena_printf(c->a, "/%s", kinds[i])))
			kind = kinds[i];
	arg_blanks(c);
	size_t n = strcspn(c->p, " \t\r\n");
	const char *name = alias_literal(c->a, arena_strndup(c->a, c->p, n));
	c->p += n;
	if (!n || name[0] == '/')
		return usage(c, "Syntax error in '%s'", name);
	if (kind)
		TRY(value_of(s, c, kind, &value));
	else
		value = plain_value(c);
	return alias_set(script_of(s)->aliases, name, value);
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	if (str_eq(c->name, "al")) {
		TRY(arg_done(c));
		return list(s, out);
	}
	return str_eq(c->name, "ad") ? delete (s, c) : set(s, c);
}

static const struct schema *const rows[] = { &alias_row, NULL };
const struct cmd cmd_alias = {
	.names = "as aS ad al",
	.no_target = true,
	.extent = extent,
	.group = "Programs",
	.args = "NAME TEXT | /x NAME EXPR | /ma|/mu|/msa|/msu NAME ADDRESS | /e NAME VAR | /f NAME FILE | /c NAME "
		"COMMANDS",
	.summary = "Set (as, aS), delete (ad) and list (al) aliases",
	.help = "as k5 k 5               the rest of the line, ';' included\n"
		"aS k5 k 5; k            aS ends at a ';'\n"
		"as /x base @$ip         the value of an expression\n"
		"as /ma name ADDRESS     a string in memory; /mu: UTF-16, /msa /msu: ANSI_STRING, UNICODE_STRING\n"
		"as /c mods lm1m         what commands print\n"
		"ad k5, ad *             delete one, all; ad /q: without a word when there is none\n"
		"${k5} replaces it beside other text; ${/d:k5} is 1 or 0; ${/f: } ${/n: } ${/v: } as in the debugger\n",
	.run = run,
	.rows = rows,
};

// SPDX-License-Identifier: Apache-2.0
// help.c: ?, .help, !help, .hh: the commands, from their own table.
#include "cmd/help.h"

#include "cmd/names.h"
#include "cmd/topics.h"

#include <string.h>

extern const struct cmd cmd_help;

static const struct field help_fields[] = { { "names", R_STR, "names, a blank between them" },
					    { "args", R_STR, "arguments" },
					    { "summary", R_STR, "what it does" },
					    { "group", R_STR, "subject" },
					    { "help", R_STR, "forms and examples; null: none" } };
const struct schema row_command_help = {
	"command_help", "A command", { NULL, "  {names:26} {summary}" }, help_fields, ARRAY_LEN(help_fields)
};
static const struct layout whole = { NULL, "{names} {args}\n  {summary}" };
SCHEMA(letters_help, "The letters that dot commands begin with", NULL, "{letters}",
       { "letters", R_STR, "a blank between them" });
SCHEMA(topic_help, "A subject that is no command", NULL, "{title}\n{text}{.}", { "topic", R_STR, "its name" },
       { "title", R_STR, "what it is about" }, { "text", R_STR, "lines" });

// All names of a command, or those with this mark ('.', '!'; 0: without) and letter (0: any).
static void emit(struct arena *a, struct doc *out, const struct cmd *c, char mark, char letter, const struct layout *l)
{
	struct sb names = sb_new(a);
	for (const char *n = c->names; *n; n += strspn(n, " ")) {
		size_t len = strcspn(n, " ");
		char its = *n == '.' || *n == '!' ? *n : 0;
		if (mark == '*' || (its == mark && (!letter || (its && (n[1] | 0x20) == letter))))
			sb_printf(&names, "%s%.*s", names.n ? " " : "", (int)len, n);
		n += len;
	}
	const struct val row[] = { VS(sb_str(&names)), VS(c->args), VS(c->summary), VS(c->group), VS(c->help) };
	if (names.n)
		doc_row(out, &row_command_help, l, row, false);
}

void help_command(struct arena *a, const struct cmd *c, struct doc *out)
{
	emit(a, out, c, '*', 0, &whole);
	for (const char *p = c->help; p && *p;) {
		size_t n = strcspn(p, "\n");
		doc_text(out, arena_printf(a, "    %.*s", (int)n, p));
		p += n + (p[n] != 0);
	}
}

static bool seen_before(const char *group, size_t n)
{
	for (size_t i = 0; i < n && commands[i]; i++)
		if (str_eq(commands[i]->group, group))
			return true;
	return false;
}

static bool has_mark(const struct cmd *c, char mark)
{
	for (const char *n = c->names; *n; n += strspn(n, " ")) {
		if (mark == '*' || (*n == '.' || *n == '!' ? *n : 0) == mark)
			return true;
		n += strcspn(n, " ");
	}
	return false;
}

// Group by group.
static void list(struct arena *a, struct doc *out, char mark)
{
	for (size_t g = 0; commands[g]; g++) {
		bool said = false;
		if (seen_before(commands[g]->group, g))
			continue;
		for (size_t k = g; commands[k]; k++) {
			if (!str_eq(commands[k]->group, commands[g]->group) || !has_mark(commands[k], mark))
				continue;
			if (!said)
				doc_text(out, commands[g]->group);
			said = true;
			emit(a, out, commands[k], mark, 0, NULL);
		}
	}
}

void help_standard(struct arena *a, struct doc *out)
{
	list(a, out, 0);
	topics_operators(out);
	doc_text(out, ".help lists the commands that begin with '.', !help those with '!', .hh COMMAND explains one");
}

// .help /D, .help /D a
static err_t by_letter(struct call *c, struct doc *out)
{
	const char *word = arg_word(c);
	TRY(arg_done(c));
	struct sb letters = sb_new(c->a);
	for (char l = 'a'; l <= 'z'; l++) {
		bool any = false;
		for (size_t i = 0; commands[i]; i++)
			for (const char *n = commands[i]->names; n; n = strchr(n, ' ') ? strchr(n, ' ') + 1 : NULL)
				any = any || (n[0] == '.' && (n[1] | 0x20) == l);
		if (any)
			sb_printf(&letters, "%s%c", letters.n ? " " : "", l);
	}
	if (!word) {
		ROW(out, letters_help, VS(sb_str(&letters)));
		return ok();
	}
	for (size_t i = 0; commands[i]; i++)
		emit(c->a, out, commands[i], '.', (char)(word[*word == '.'] | 0x20), NULL);
	return ok();
}

static err_t explain(struct call *c, const char *name, struct doc *out)
{
	const struct topic *t = topic_find(name);
	const struct cmd *cmd = cmd_find(c->s, name);
	for (const char *const *mark = (const char *const[]){ ".", "!", NULL }; !cmd && *mark; mark++)
		cmd = cmd_find(c->s, arena_printf(c->a, "%s%s", *mark, name));
	if (t) {
		ROW(out, topic_help, VS(t->name), VS(t->title), VS(t->text));
		return ok();
	}
	if (!cmd) {
		names_suggest(c->a, name, out);
		return cmd_fail(c, E_NOTFOUND, 0, "%s is no command; .help lists them", name);
	}
	help_command(c->a, cmd, out);
	return ok();
}

struct one_family {
	struct doc *out;
	const struct family *f;
};

static void emit_if_its(void *ctx, const struct cmd *cmd, const char *name)
{
	struct one_family *o = ctx;
	if (name[0] != '!' || family_of(cmd, name) != o->f)
		return;
	const struct val row[] = { VS(name), VS(cmd->args), VS(cmd->summary), VS(cmd->group), VS(cmd->help) };
	doc_row(o->out, &row_command_help, NULL, row, false);
}

// !help: every family; !kdexts.help: one.
static err_t extensions(struct call *c, struct doc *out)
{
	for (const struct family *f = families; f->name; f++) {
		if (c->dll && family_find(c->dll, strlen(c->dll)) != f)
			continue;
		struct one_family o = { out, f };
		doc_text(out, arena_printf(c->a, "%s: %s", f->name, f->about));
		names_each(c->a, emit_if_its, &o);
	}
	return ok();
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	(void)s;
	bool extension = c->name[0] == '!';
	(void)(extension && arg_switch(c, "-v"));
	if (!extension && arg_switch(c, "/D"))
		return by_letter(c, out);
	const char *name = arg_rest(c);
	if (*name)
		return explain(c, name, out);
	if (extension)
		return extensions(c, out);
	list(c->a, out, str_ieq(c->name, ".hh") ? '*' : '.');
	return ok();
}

static const struct schema *const rows[] = { &row_command_help, &letters_help, &topic_help, NULL };
const struct cmd cmd_help = {
	.names = ".help !help .hh",
	.no_target = true,
	.group = "The program",
	.args = "[/D [LETTER] | COMMAND]",
	.summary = "List the commands, or explain one",
	.help = "?            commands without a mark, and operators\n"
		".help        those that begin with '.'; /D a: with this letter\n"
		"!help        extensions by the DLL they come from; !kdexts.help: those of one\n"
		".hh          all\n"
		".hh dps      explain one; also .hh dbgerr001 to dbgerr005\n",
	.run = run,
	.rows = rows,
};

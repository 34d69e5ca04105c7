// SPDX-License-Identifier: Apache-2.0
// runscript.c: $< $>< $$< $$>< $$>a<: the commands of a file.
#include "base/limits.h"
#include "cmd/script.h"

#include <string.h>

extern const struct cmd cmd_runscript;

// With one '$' the file's name may have a ';' in it.
static size_t extent(const char *name, const char *args)
{
	return name[1] == '$' ? text_command(args) : strcspn(args, "\n");
}

// UTF-8 or UTF-16 with a mark; what is neither is taken for Latin-1.
static const char *decode(struct arena *a, struct span b)
{
	if (b.n >= 2 && b.p[0] == 0xff && b.p[1] == 0xfe)
		return utf16_to_utf8(a, (struct span){ b.p + 2, b.n - 2 });
	bool mark = b.n >= 3 && b.p[0] == 0xef && b.p[1] == 0xbb && b.p[2] == 0xbf;
	return bytes_to_utf8(a, mark ? (struct span){ b.p + 3, b.n - 3 } : b);
}

err_t script_load(struct arena *a, const char *path, const char **ret)
{
	struct file_map map;
	char *here = arena_strdup(a, path);
	err_t e = file_map_open(here, &map);
	if (e.code) { // "..\\scripts\\x.txt" was written for another host
		for (char *p = here; *p; p++)
			*p = *p == '\\' ? '/' : *p;
		e = file_map_open(here, &map);
	}
	if (e.code)
		return fail(e.code, arena_printf(a, "Command file execution failed: %s %s", path, e.what), 0);
	bool fits = map.bytes.n <= LIMIT_SCRIPT_TEXT;
	*ret = fits ? decode(a, map.bytes) : NULL;
	file_map_close(&map);
	return fits ? ok() : fail(E_LIMIT, arena_printf(a, "%s is too long", path), LIMIT_SCRIPT_TEXT);
}

// $arg0, the file, and $arg1 and so on are aliases while the file runs; those of a file that called it are hidden.
struct arguments {
	const char *before[LIMIT_SCRIPT_ARGUMENTS + 1]; // NULL: there was none
	struct aliases *all;
	struct arena *a;
};

static const char *argument_name(struct arena *a, size_t i)
{
	return arena_printf(a, "$arg%zu", i);
}

static err_t set_arguments(struct arguments *s, const char *const *args, size_t n)
{
	for (size_t i = 0; i < ARRAY_LEN(s->before); i++) {
		const char *name = argument_name(s->a, i), *value = alias_value(s->all, name);
		s->before[i] = value ? arena_strdup(s->a, value) : NULL;
		(void)alias_delete(s->all, name);
	}
	for (size_t i = 0; i < n; i++)
		TRY(alias_set(s->all, argument_name(s->a, i), args[i]));
	return ok();
}

static err_t restore_arguments(struct arguments *s)
{
	err_t e = ok();
	for (size_t i = 0; i < ARRAY_LEN(s->before); i++) {
		(void)alias_delete(s->all, argument_name(s->a, i));
		if (s->before[i] && !e.code)
			e = alias_set(s->all, argument_name(s->a, i), s->before[i]);
	}
	return e;
}

static err_t run_with(struct session *s, struct call *c, const char *const *args, size_t n, const char *text,
		      struct doc *out)
{
	struct arguments *saved = NEW(c->a, struct arguments);
	*saved = (struct arguments){ .all = script_of(s)->aliases, .a = c->a };
	err_t e = set_arguments(saved, args, n);
	if (!e.code)
		script_block(s, text, (struct alias){ 0 }, out);
	err_t back = restore_arguments(saved);
	return e.code ? e : back;
}

// Line by line, each shown before it runs.
static void run_lines(struct session *s, struct call *c, const char *text, struct doc *out)
{
	while (*text && script_of(s)->flow == FLOW_ON && !s->dbg->quit) {
		size_t n = strcspn(text, "\r\n");
		const char *line = arena_strndup(c->a, text, n);
		if (line[text_space(line)]) {
			doc_text(out, line);
			script_block(s, line, (struct alias){ 0 }, out);
		}
		text += n + (text[n] != 0);
	}
}

static err_t run_file(struct session *s, struct call *c, const char *path, struct doc *out)
{
	const char *args[LIMIT_SCRIPT_ARGUMENTS + 1] = { path }, *text;
	size_t n = 1;
	bool with_args = strchr(c->name, 'a');
	while (with_args && n < ARRAY_LEN(args) && (args[n] = arg_word(c)) != NULL)
		n++;
	TRY(arg_done(c));
	TRY(script_load(c->a, path, &text));
	if (with_args)
		return run_with(s, c, args, n, text, out);
	if (strchr(c->name, '>'))
		script_block(s, text, (struct alias){ 0 }, out);
	else
		run_lines(s, c, text, out);
	return ok();
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	struct script *p = script_of(s);
	bool with_args = strchr(c->name, 'a');
	arg_blanks(c);
	const char *path = with_args || *c->p == '"' ? arg_word(c) : arg_rest(c);
	if (!path || !*path)
		return usage(c, "%s wants a file", c->name);
	if (p->files >= LIMIT_SCRIPT_FILES)
		return cmd_fail(c, E_LIMIT, LIMIT_SCRIPT_FILES, "script files are nested too deeply");
	p->files++;
	err_t e = run_file(s, c, path, out);
	p->files--;
	return e;
}

static const struct schema *const rows[] = { NULL };
const struct cmd cmd_runscript = {
	.names = "$$>a< $$>< $$< $>< $<",
	.any_tail = true,
	.no_target = true,
	.extent = extent,
	.group = "Programs",
	.args = "FILE [ARGUMENTS]",
	.summary = "Run the commands of a file",
	.help = "$$>a<FILE A \"B C\"   as one block; ${$arg1} ${$arg2} in the file are A and \"B C\" without quotes,\n"
		"                      ${$arg0} is the file, ${/d:$arg1} 1 when there is an argument\n"
		"$$><FILE, $><FILE    as one block\n"
		"$$<FILE, $<FILE      line by line, each line is shown\n"
		"With one $ the file's name may have a ';', and nothing can follow on the line.\n",
	.run = run,
	.rows = rows,
};

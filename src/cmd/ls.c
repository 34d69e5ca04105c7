// SPDX-License-Identifier: Apache-2.0
// ls.c: ls lsa lsc lsf lsp: source lines. Rows of lsa: public output; words of the others: layout unverified.
#include "base/limits.h"
#include "cmd/source.h"

extern const struct cmd cmd_ls;

SCHEMA(current_source, "The current source file", NULL, "Current: {file}({line})", { "file", R_STR, "as asked for" },
       { "path", R_STR, "where it lies here" }, { "line", R_DEC, "where ls goes on" });
SCHEMA(source_counts, "How many source lines are shown", NULL,
       "At the prompt, display {step_before} lines before and {step_after} after"
       "{?before \nFor lsa, display {before} lines before and {after} after\nFor ls, display {total} lines}",
       { "step_before", R_DEC, "lsp: before the current line" }, { "step_after", R_DEC, "after it" },
       { "before", R_DEC, "lsp -a: before the line of lsa; null: not asked for" }, { "after", R_DEC, "after it" },
       { "total", R_DEC, "lines of ls" });

static err_t line_number(struct call *c, uint64_t *ret)
{
	TRY(arg_expr(c, ret));
	return *ret && *ret <= INT32_MAX ? ok() : usage(c, "lines are counted from 1");
}

static bool comma(struct call *c)
{
	arg_blanks(c);
	bool is = *c->p == ',';
	c->p += is;
	return is;
}

// "first, count" behind what is there; 0: not given.
static err_t range(struct call *c, uint64_t *first, uint64_t *count)
{
	if (!arg_end(c) && *c->p != ',')
		TRY(line_number(c, first));
	if (comma(c))
		TRY(line_number(c, count));
	return arg_done(c);
}

static err_t show(struct call *c, struct doc *out, uint64_t first, uint64_t count, uint32_t current)
{
	struct source_state *st = source_state(c->s);
	uint32_t last = 0;
	if (count > LIMIT_SOURCE_LINES)
		doc_note(out, NOTE_WARNING, "limit.rows", "More than %u lines: the rest is left out.",
			 (unsigned)LIMIT_SOURCE_LINES);
	count = MIN(count, (uint64_t)LIMIT_SOURCE_LINES);
	err_t e = emit_source_lines(c->s, c, out, st->file, (uint32_t)first, (uint32_t)(first + count - 1), current,
				    &last);
	if (last)
		st->line = last + 1;
	return e;
}

static void make_current(struct session *s, const char *path, const char *name, uint32_t line)
{
	struct source_state *st = source_state(s);
	st->file = arena_strdup(s->arena, path);
	st->name = arena_strdup(s->arena, name);
	st->line = line;
}

// The source line of an address: its file becomes the current one.
static err_t locate(struct call *c, struct doc *out, va_t va, struct sym_line *ret)
{
	const char *path;
	if (!sym_line_at(c->s->target, va, ret))
		return cmd_fail(c, E_NOTFOUND, va, "No source line is known for the address");
	TRY(source_locate(c->s, c, out, ret->file, false, &path));
	make_current(c->s, path, ret->file, ret->line);
	return ok();
}

static err_t at_address(struct call *c, struct doc *out)
{
	struct source_state *st = source_state(c->s);
	uint64_t va, first = 0, count = 0;
	struct sym_line l;
	if (arg_end(c))
		return usage(c, "Usage: lsa ADDRESS[, FIRST[, COUNT]]");
	TRY(arg_expr(c, &va));
	if (comma(c))
		TRY(range(c, &first, &count));
	TRY(arg_done(c));
	TRY(locate(c, out, va, &l));
	if (!first)
		first = l.line > st->before ? l.line - st->before : 1;
	uint64_t end = (uint64_t)l.line + st->after + 1;
	return show(c, out, first, count ? count : end > first ? end - first : 1, l.line);
}

static err_t lines(struct call *c, struct doc *out)
{
	struct source_state *st = source_state(c->s);
	uint64_t first = 0, count = 0;
	struct sym_line l;
	const struct regs *r;
	arg_blanks(c);
	bool here = *c->p == '.';
	c->p += here;
	TRY(range(c, &first, &count));
	if (here) {
		TRY(session_regs(c->s, &r));
		TRY(locate(c, out, reg_get(r, reg_pc(c->s->target->machine)), &l));
	}
	if (!st->file)
		return cmd_fail(c, E_ABSENT, 0, "There is no current source file: lsf or lsa makes one");
	return show(c, out, first ? first : st->line, count ? count : st->total, here ? l.line : 0);
}

static err_t load(struct call *c, struct doc *out, bool unload)
{
	struct source_state *st = source_state(c->s);
	const char *name = arg_word(c), *path;
	if (!name)
		return usage(c, "Usage: lsf FILE");
	TRY(arg_done(c));
	if (unload) {
		if (!st->file || (!str_ieq(name, st->name) && !str_ieq(path_base(name), path_base(st->file))))
			return cmd_fail(c, E_NOTFOUND, 0, "%s is not the current source file", name);
		st->file = st->name = NULL;
		return ok();
	}
	TRY(source_locate(c->s, c, out, name, true, &path));
	make_current(c->s, path, name, 1);
	ROW(out, current_source, VS(name), VS(path), V(1));
	return ok();
}

static err_t counts(struct call *c, struct doc *out)
{
	struct source_state *st = source_state(c->s);
	bool all = arg_switch(c, "-a");
	uint64_t before, after;
	if (!arg_end(c)) {
		TRY(arg_expr(c, &before));
		bool two = !arg_end(c);
		after = before - before / 2;
		if (two)
			TRY(arg_expr(c, &after));
		else
			before /= 2;
		TRY(arg_done(c));
		if (before > LIMIT_SOURCE_LINES || after > LIMIT_SOURCE_LINES)
			return usage(c, "at most %u lines", (unsigned)LIMIT_SOURCE_LINES);
		*(all ? &st->before : &st->step_before) = (unsigned)before;
		*(all ? &st->after : &st->step_after) = (unsigned)after;
		if (all)
			st->total = (unsigned)MAX(before + after, (uint64_t)1);
	}
	ROW(out, source_counts, V(st->step_before), V(st->step_after), V_IF(all, st->before), V_IF(all, st->after),
	    V_IF(all, st->total));
	return ok();
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	const struct source_state *st = source_state(s);
	if (str_eq(c->name, "lsa"))
		return at_address(c, out);
	if (str_eq(c->name, "lsp"))
		return counts(c, out);
	if (str_eq(c->name, "lsf") || str_eq(c->name, "lsf-"))
		return load(c, out, str_eq(c->name, "lsf-"));
	if (!str_eq(c->name, "lsc"))
		return lines(c, out);
	TRY(arg_done(c));
	if (!st->file)
		return cmd_fail(c, E_ABSENT, 0, "There is no current source file: lsf or lsa makes one");
	ROW(out, current_source, VS(st->name), VS(st->file), V(st->line));
	return ok();
}

static const struct schema *const rows[] = { &row_source_text, &current_source, &source_counts, NULL };
const struct cmd cmd_ls = {
	.names = "ls lsa lsc lsf lsf- lsp",
	.group = "Source code",
	.args = "[.] [FIRST][, COUNT]",
	.summary = "List source lines",
	.help = "ls 10, 5      lines from 0x10 on of the current source file; without numbers: the next ones\n"
		"ls .          of the file of the current instruction\n"
		"lsa ADDRESS[, FIRST[, COUNT]]  the lines around that of an address, which is marked\n"
		"lsc           the current source file\n"
		"lsf FILE      make a file the current one; lsf-: there is none\n"
		"lsp [-a] [BEFORE AFTER | TOTAL]  how many lines are shown (-a: by ls and lsa)\n"
		".srcpath says where files are looked for.\n",
	.run = run,
	.rows = rows,
};

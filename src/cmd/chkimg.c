// SPDX-License-Identifier: Apache-2.0
// chkimg.c: !chkimg: the code of a module in the dump against its image file. Options by Microsoft's page "!chkimg",
// lines as in published outputs of !analyze ("CHKIMG_EXTENSION: !chkimg -lo 50 -d !FLTMGR").
#include "base/limits.h"
#include "cmd/cmd.h"
#include "target/image_diff.h"

#include <inttypes.h>
#include <string.h>

extern const struct cmd cmd_chkimg;

#define DIFFERENCE " - {symbol}{?distance  (+0x{distance:2})}\n\t[ {expected:2}:{actual:2} ]"
SCHEMA(code_difference, "Bytes of a module that differ from its image file", NULL,
       "    {start}-{end}  {bytes} bytes" DIFFERENCE, { "start", R_ADDR, "of the first of them" },
       { "end", R_ADDR, "of the last of them" }, { "bytes", R_DEC, "how many" }, { "symbol", R_STR, "of the first" },
       { "distance", R_HEX, "from the start of the difference before; null: the first one" },
       { "expected", R_HEXES, "the first of them in the file, at most 8" },
       { "actual", R_HEXES, "the same in the dump" },
       { "import_call", R_BOOL, "a call through the import table that Windows rewrote when it loaded the image" });
static const struct layout one_byte = { NULL, "    {start}" DIFFERENCE };
SCHEMA(code_line, "16 bytes of a module, some of which differ from its image file", NULL, "{address}  {shown}  {chars}",
       { "address", R_PTR, "of the first byte" }, { "shown", R_STR, "the bytes; * behind those that differ" },
       { "chars", R_STR, "the same as text" });
SCHEMA(code_check, "How a module compares with its image file", NULL, "{errors} errors : {label} ({first}-{last})",
       { "errors", R_DEC, "bytes that differ" }, { "label", R_STR, "the module as the user named it" },
       { "first", R_ADDR, "of the first of them; null: none" }, { "last", R_ADDR, "of the last of them; null: none" },
       { "module", R_STR, "the debugger's name" }, { "compared", R_DEC, "bytes that were compared" },
       { "absent", R_DEC, "bytes that the dump does not hold" },
       { "import_bytes", R_DEC, "bytes of `errors`, or left out of it (-np), in rewritten calls of imports" },
       { "image_file", R_STR, "what it was compared with" });
static const struct layout one_error = { NULL, "1 error : {label} ({first})" },
			   no_errors = { NULL, "0 errors : {label} " };

struct check {
	struct session *s;
	struct call *c;
	struct doc *out;
	struct image_diff_options o;
	bool list, lines, verbose, patched; // -d, -db, -v, -np
	uint64_t most, shown;               // lines
	const char *label;
	struct module *m;
};

static err_t refuse(struct call *c, const char *option, const char *why)
{
	return cmd_fail(c, E_UNSUPPORTED, 0, "not supported: !chkimg %s: %s", option, why);
}

// The options that take something; false in *taken_ret: it is none of them.
static err_t with_value(struct check *w, bool *taken_ret)
{
	struct call *c = w->c;
	*taken_ret = true;
	if (arg_switch(c, "-lo")) {
		struct call number = *c;
		const char *word = arg_word(c);
		if (!word || strspn(word, "0123456789") != strlen(word))
			return usage(c, "Usage: !chkimg -lo LINES");
		number.p = arena_printf(c->a, "0n%s", word); // decimal, as !analyze writes it
		return arg_expr(&number, &w->most);
	}
	if (arg_switch(c, "-ss")) {
		w->o.section = arg_word(c);
		return w->o.section && *w->o.section ? ok() : usage(c, "Usage: !chkimg -ss SECTION");
	}
	if (arg_switch(c, "-r")) {
		struct call start = *c, end = *c;
		start.p = arg_word(c);
		end.p = start.p ? arg_word(c) : NULL;
		if (!end.p)
			return usage(c, "Usage: !chkimg -r START END");
		TRY(arg_expr(&start, &w->o.from));
		TRY(arg_expr(&end, &w->o.to));
		return w->o.to && w->o.from <= w->o.to ? ok() : usage(c, "Range error in '%s'", end.p);
	}
	*taken_ret = false;
	return ok();
}

static err_t option(struct check *w)
{
	struct call *c = w->c;
	bool taken;
	TRY(with_value(w, &taken));
	if (taken)
		return ok();
	const struct {
		const char *name;
		bool *flag;
	} flags[] = {
		{ "-db", &w->lines },          { "-d", &w->list },
		{ "-v", &w->verbose },         { "-as", &w->o.all_sections },
		{ "-nar", &w->o.no_relocate }, { "-noplock", &w->o.lock_prefix },
		{ "-np", &w->patched },        { "-nospec", &taken }, // nothing is left out for it
	};
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (arg_switch(c, flags[i].name)) {
			*flags[i].flag = true;
			return ok();
		}
	if (arg_switch(c, "-f"))
		return refuse(c, "-f", "it changes the target; a dump is read-only here");
	if (arg_switch(c, "-mmw"))
		return refuse(c, "-mmw", "log files; --json gives the same facts");
	if (arg_switch(c, "-p"))
		return refuse(c, "-p", "put the folder on the image path (.exepath, -i)");
	return usage(c, "Syntax error in '%s'", c->p);
}

static struct module *module_of(struct check *w, const char *word)
{
	struct target *t = w->s->target;
	const char *name = *word == '!' ? word + 1 : word;
	struct module *m = target_module_named(t, name);
	uint64_t va;
	struct call at = *w->c;
	at.p = name;
	if (!m && *name && !arg_expr(&at, &va).code && arg_end(&at))
		m = target_module_at(t, va);
	return m;
}

static err_t parse(struct check *w)
{
	struct call *c = w->c;
	while (!arg_end(c)) {
		if (*c->p == '-' || *c->p == '/') {
			TRY(option(w));
		} else if (w->label) {
			return usage(c, "Extra character error in '%s'", c->p);
		} else {
			w->label = arg_word(c);
			w->m = module_of(w, w->label);
			if (!w->m)
				return cmd_fail(c, E_NOTFOUND, 0, "Unable to find module '%s'", w->label);
		}
	}
	if (w->label)
		return ok();
	const struct regs *r;
	TRY(session_regs(w->s, &r));
	w->m = target_module_at(w->s->target, reg_get(r, reg_pc(w->s->target->machine)));
	if (!w->m)
		return cmd_fail(c, E_NOTFOUND, 0, "The instruction pointer is in no module");
	w->label = w->m->name;
	return ok();
}

static const char *symbol(struct check *w, struct arena *a, va_t va)
{
	struct sym_hit h;
	bool named = sym_near(w->s->target, va, &h) && h.name;
	uint64_t off = named ? h.disp : va - w->m->base;
	const char *base = named ? arena_printf(a, "%s!%s", w->m->name, h.name) : w->m->name;
	return off ? arena_printf(a, "%s+%" PRIx64, base, off) : base;
}

static void show_run(struct check *w, const struct image_diff_run *r, const struct image_diff_run *before)
{
	enum { MOST = 8 };
	struct val expected[MOST], actual[MOST];
	size_t n = MIN(r->n, (uint32_t)MOST);
	for (size_t i = 0; i < n; i++) {
		expected[i] = V(r->expected[i]);
		actual[i] = V(r->actual[i]);
	}
	struct arena *a = arena_new(LIMIT_COMMAND_MEMORY);
	va_t start = w->m->base + r->rva;
	ROW_AS(w->out, code_difference, r->n == 1 ? &one_byte : NULL, V(start), V(start + r->n - 1), V(r->n),
	       VS(symbol(w, a, start)), V_IF(before, before ? r->rva - before->rva : 0), VL(expected, n), VL(actual, n),
	       V(r->import_call));
	arena_free(a);
	w->shown += 2;
}

// The mark of a byte that differs takes the place of the blank behind it.
static void show_line(struct check *w, uint32_t rva)
{
	enum { BYTES = 16 };
	uint8_t want[BYTES], have[BYTES];
	size_t n = space_read_dump(w->s->target->space, w->m->base + rva, have, BYTES);
	size_t known = image_expected(w->m, !w->o.no_relocate, rva, want, BYTES);
	struct arena *a = arena_new(LIMIT_COMMAND_MEMORY);
	struct sb shown = sb_new(a), chars = sb_new(a);
	for (size_t i = 0; i < BYTES; i++) {
		if (i < n)
			sb_printf(&shown, "%02x%c", have[i], i < known && have[i] != want[i] ? '*' : ' ');
		else
			sb_add(&shown, "\?\? ");
		sb_ch(&chars, i >= n ? '?' : have[i] >= 0x20 && have[i] < 0x7f ? (char)have[i] : '.');
	}
	ROW(w->out, code_line, V(w->m->base + rva), VS(sb_str(&shown)), VS(sb_str(&chars)));
	arena_free(a);
	w->shown++;
}

static err_t show(struct check *w, const struct image_diff *d)
{
	uint64_t next_line = 0; // RVA
	for (size_t i = 0; i < d->n; i++) {
		const struct image_diff_run *r = &d->runs[i];
		TRY(session_poll(w->s));
		if (w->patched && r->import_call)
			continue;
		if (w->shown >= w->most) {
			doc_note(w->out, NOTE_INFO, "chkimg.truncated",
				 "WARNING: !chkimg output was truncated to %" PRIu64 " lines. Invoke !chkimg without "
				 "'-lo [num_lines]' to view entire output.",
				 w->most);
			return ok();
		}
		if (w->list)
			show_run(w, r, i ? r - 1 : NULL);
		for (uint64_t line = MAX(r->rva & ~15U, next_line); w->lines && line < (uint64_t)r->rva + r->n;
		     line += 16) {
			TRY(session_poll(w->s));
			if (w->shown < w->most)
				show_line(w, (uint32_t)line);
			next_line = line + 16;
		}
	}
	return ok();
}

static void tell(struct check *w, const struct image_diff *d)
{
	struct doc *out = w->out;
	const char *name = w->m->name;
	if (d->cut)
		doc_note(out, NOTE_WARNING, "chkimg.cut", "Only the first %zu places that differ are kept.", d->n);
	if (d->import_bytes)
		doc_note(out, NOTE_INFO, "chkimg.import_calls",
			 "%" PRIu64
			 " bytes that differ are calls of imports, which Windows rewrites when it loads an image%s.",
			 d->import_bytes, w->patched ? "; they are left out" : "; -np leaves them out");
	if (!d->compared)
		doc_note(out, NOTE_WARNING, "chkimg.absent",
			 "Nothing was compared: the dump holds no byte of this of %s.", name);
	else if (d->absent)
		doc_note(out, NOTE_INFO, "chkimg.partial",
			 "Compared %" PRIu64 " of %" PRIu64 " bytes; the others are not in the dump.", d->compared,
			 d->compared + d->absent);
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	struct check w = { .s = s, .c = c, .out = out, .most = UINT64_MAX };
	const struct image_diff *d;
	TRY(parse(&w));
	err_t e = image_diff(s, c->a, w.m, &w.o, &d);
	if (e.code == E_NOTFOUND)
		return cmd_fail(c, E_NOTFOUND, w.m->base, "Error for %s: %s", w.m->name, e.what);
	TRY(e);
	if (w.verbose)
		doc_note(out, NOTE_INFO, "chkimg.file", "Comparing %s with %s", w.m->name, w.m->image_file);
	TRY(show(&w, d));
	uint64_t errors = d->bytes - (w.patched ? d->import_bytes : 0);
	ROW_AS(out, code_check,
	       !errors       ? &no_errors
	       : errors == 1 ? &one_error
			     : NULL,
	       V(errors), VS(w.label), V_IF(errors, w.m->base + d->first), V_IF(errors, w.m->base + d->last),
	       VS(w.m->name), V(d->compared), V(d->absent), V(d->import_bytes), VS(w.m->image_file));
	tell(&w, d);
	return ok();
}

static const struct schema *const rows[] = { &code_difference, &code_line, &code_check, NULL };
const struct cmd cmd_chkimg = {
	.names = "!chkimg",
	.group = "Modules and symbols",
	.args = "[-d] [-db] [-lo LINES] [-ss SECTION | -as] [-r START END] [-nar] [-noplock] [-np] [-v] [MODULE]",
	.summary = "Compare a module's code with its image file",
	.help = "!chkimg -d nt          each difference: where, then [ bytes of the file:bytes of the dump ]\n"
		"!chkimg -lo 50 -db nt  differing lines as db shows them, * behind bytes that differ; at most 50 "
		"lines\n"
		"!chkimg -ss PAGE nt    sections whose name contains PAGE; -as: all but discardable ones. Without:\n"
		"                       executable ones, not writable, not PAGE*, not INITKDBG\n"
		"!chkimg -np drv        leaves out calls of imports that Windows rewrote when it loaded drv\n"
		"The image file is looked for on the image path, then on the symbol path; base relocations are "
		"applied,\n"
		"the import address table is not compared. -f (fix), -mmw and -p are not supported. What the dump "
		"does\n"
		"not hold is said.\n",
	.run = run,
	.rows = rows,
};

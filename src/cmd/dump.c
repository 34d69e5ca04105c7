// SPDX-License-Identifier: Apache-2.0
// dump.c: .dump: what is loaded, written as a new dump.
#include "cmd/cmd.h"
#include "write/write.h"

#include <string.h>

extern const struct cmd cmd_dump;

struct job {
	struct session *s;
	struct arena *a;
	struct write_options o;
	struct write_result r;
	bool replace, unique, full;
	const char *file;
};

static err_t fill(void *ctx, struct write_sink sink)
{
	struct job *j = ctx;
	if (j->full)
		return write_kernel(j->s, j->a, true, sink, &j->r);
	return write_minidump(j->s, j->a, &j->o, sink, &j->r);
}

static err_t not_done(struct call *c, const char *option, const char *why)
{
	return cmd_fail(c, E_UNSUPPORTED, 0, "not supported: .dump %s: %s", option, why);
}

static err_t minidump_type(struct call *c, struct job *j, const char *option)
{
	uint64_t type;
	err_t e = write_type_parse(option + 2, &type);
	if (e.code)
		return usage(c, "Unknown option '%c' in '%s'", option[2 + e.at], option);
	j->o.type |= type;
	return ok();
}

static err_t option(struct call *c, struct job *j, const char *w)
{
	switch (w[1]) {
	case 'm':
		return minidump_type(c, j, w);
	case 'f':
		j->full = j->s->target->kernel != NULL;
		return j->full ? ok() : not_done(c, w, "user dumps of the old format; /ma has more");
	case 'k':
		return not_done(c, w, "which memory is the kernel's is not told apart");
	case 'a':
		return not_done(c, w, "there is one process in a dump");
	case 'b':
		return not_done(c, w, "cabinets are not written");
	case 'j':
	case 'x':
		return not_done(c, w, "the exception is the dump's own");
	default:
		return usage(c, "Unknown option '%s'", w);
	}
}

// A path may begin with the root folder, which looks like an option.
static bool is_path(const char *w)
{
	return w[0] == '/' && strpbrk(w + 1, "/.") != NULL;
}

// Options in any order, then the file.
static err_t parse(struct call *c, struct job *j)
{
	for (;;) {
		arg_blanks(c);
		const char *before = c->p;
		if (*before != '/' && *before != '-')
			break;
		const char *w = arg_word(c);
		if (is_path(w)) {
			c->p = before;
			break;
		}
		if (str_eq(w + 1, "o"))
			j->replace = true;
		else if (str_eq(w + 1, "u"))
			j->unique = true;
		else if (!str_eq(w + 1, "c"))
			TRY(option(c, j, w));
		else if (!(j->o.comment = arg_word(c)))
			return usage(c, "/c wants a comment");
	}
	j->file = *c->p == '"' ? arg_word(c) : arg_rest(c);
	return j->file && *j->file ? ok() : usage(c, ".dump wants a file");
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	struct job j = { .s = s, .a = c->a };
	TRY(parse(c, &j));
	if (j.o.comment)
		j.o.comment = bytes_to_utf8(c->a, (struct span){ (const uint8_t *)j.o.comment, strlen(j.o.comment) });
	if (j.unique)
		j.file = write_unique_name(c->a, j.file, s->target->pid);
	err_t e = write_file(c->a, s->target->arena, j.file, j.replace, fill, &j);
	if (e.code == E_USAGE)
		return cmd_fail(c, e.code, 80, "Unable to create file '%s' - Win32 error 0n80\n    \"%s\"", j.file,
				e.what);
	if (e.code == E_NOTFOUND)
		return cmd_fail(c, e.code, 3, "Unable to create file '%s' - Win32 error 0n3\n    \"%s\"", j.file,
				e.what);
	if (e.code)
		return cmd_fail(c, e.code, e.at, "%s: %s", j.file, e.what);
	write_report(out, j.file, j.full ? "full kernel dump" : "mini user dump", &j.r);
	return ok();
}

static const struct schema *const rows[] = { &dump_written, NULL };
const struct cmd cmd_dump = {
	.names = ".dump",
	.group = "Session",
	.args = "[/o] [/u] [/c COMMENT] [/m[a|A|f|F|h|u|t|i|p|w|d|c|r|R|y]...] FILE",
	.summary = "Write what is loaded as a new minidump",
	.help = "/o  overwrite    /u  date, time and process id in the file's name    /c \"...\"  a comment\n"
		"/m  module, thread and stack information; with one or more letters also:\n"
		"    a  fFhut, all memory: an error when some of it is cut off    A  the same, cut off or not\n"
		"    f  all memory    F  memory information    h  handles    u  unloaded modules    t  thread times\n"
		"    i  what pointers on stacks lead to    p  PEB and TEBs    w  private writable memory\n"
		"    d  data segments of images    c  their code    y  AVX registers\n"
		"    r  stacks without what is no address    R  modules without their folders\n"
		"/f  of a kernel dump with pages: a full dump of them\n"
		"Nothing can be written that this dump does not hold; what was asked for and is missing is said.\n",
	.run = run,
	.rows = rows,
};

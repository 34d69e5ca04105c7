// SPDX-License-Identifier: Apache-2.0
// undname.c: dumpscope undname: decorated names on standard input, one a line, and what they say on standard output.
#include "pdb/undname.h"
#include "base/limits.h"
#include "front/front.h"

#include <stdio.h>
#include <string.h>

static const struct field name_fields[] = {
	{ "decorated", R_STR, "the line as it was read" },
	{ "name", R_STR, "what it says; as decorated when it is no decorated name" },
	{ "error", R_STR, "why it could not be undecorated; null when it could" },
};
static const struct schema row_undname = {
	.name = "undname",
	.doc = "A decorated name and what it says",
	.layout = { NULL, "{name}" },
	.fields = name_fields,
	.n_fields = ARRAY_LEN(name_fields),
};

struct how {
	unsigned flags;
	bool json;
};

// What the linker and compilers put before a decorated name is shown before it.
static const char *whole_line(struct arena *a, const char *line, unsigned flags, err_t *e)
{
	const char *name = line, *imported = str_starts(line, "__imp_") ? "__imp_" : "", *ret = line;
	name += strlen(imported);
	*e = undname_any(a, name, flags, &ret);
	// Names of C functions are asked for only when nothing else is possible, and only with their count.
	if (e->code == E_NOTFOUND && strchr(name, '@'))
		*e = undname(a, name, flags, &ret);
	return e->code ? line : *imported ? arena_printf(a, "%s%s", imported, ret) : ret;
}

static void one(struct arena *work, struct doc *d, struct output *o, const char *line, const struct how *how)
{
	err_t e;
	const char *name = whole_line(work, line, how->flags, &e);
	if (how->json) {
		const char *safe = bytes_to_utf8(work, (struct span){ (const uint8_t *)line, strlen(line) });
		name = bytes_to_utf8(work, (struct span){ (const uint8_t *)name, strlen(name) });
		const struct val v[] = { VS(safe), VS(name), e.code ? VS(e.what) : V_ABSENT };
		_Static_assert(ARRAY_LEN(v) == ARRAY_LEN(name_fields), "undname: wrong arity");
		doc_row(d, &row_undname, NULL, v, false);
		return;
	}
	o->sink.write(o->sink.ctx, name, strlen(name));
}

// A line that is too long for a name goes on unchanged; in JSON what came first has said why.
static void rest_of_line(struct output *o, char *buf, int size)
{
	while (fgets(buf, size, stdin)) {
		size_t n = strlen(buf);
		bool end = n && buf[n - 1] == '\n';
		if (o)
			o->sink.write(o->sink.ctx, buf, n - end);
		if (end)
			return;
	}
}

static int usage(const char *what)
{
	fprintf(stderr,
		"dumpscope undname: unknown option: %s; known: -n (name only), -d (dbghelp's spelling), --json\n",
		what);
	return EXIT_USAGE;
}

static int run(struct arena *a, int argc, char **argv, bool json)
{
	struct how how = { UNDNAME_FULL, json };
	for (int i = 0; i < argc; i++) {
		if (str_eq(argv[i], "--json"))
			how.json = true;
		else if (str_eq(argv[i], "-n"))
			how.flags |= UNDNAME_NAME_ONLY;
		else if (str_eq(argv[i], "-d"))
			how.flags |= UNDNAME_DBGHELP;
		else
			return usage(argv[i]);
	}
	struct output *o = NEW(a, struct output);
	output_init(o);
	struct doc *d = how.json ? doc_json_new(a, o->sink, 8) : NULL;
	if (d)
		doc_begin(d, "undname");
	enum { LINE = LIMIT_UNDNAME_INPUT + 2 };
	char *line = NEW_N(a, char, LINE);
	while (!o->failed && fgets(line, LINE, stdin)) {
		size_t n = strlen(line);
		bool whole = n < LINE - 1 || line[n - 1] == '\n';
		while (n && (line[n - 1] == '\n' || line[n - 1] == '\r'))
			line[--n] = 0;
		struct arena *work = arena_new(LIMIT_UNDNAME_MEMORY);
		one(work, d, o, line, &how);
		arena_free(work);
		if (!whole)
			rest_of_line(d ? NULL : o, line, LINE);
		if (!d)
			o->sink.write(o->sink.ctx, "\n", 1);
	}
	if (d)
		doc_end(d);
	return output_end(o, EXIT_ANALYSED);
}

static const struct schema *const rows[] = { &row_undname, NULL };

const struct front front_undname = {
	.name = "undname",
	.args = "[-n] [-d] < NAMES",
	.summary = "Decorated names, one a line, and what they say",
	.run = run,
	.rows = rows,
};

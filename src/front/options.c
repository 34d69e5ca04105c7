// SPDX-License-Identifier: Apache-2.0
// options.c: the command line, as users of cdb write it. '-' and '/' both open an option; letters of options
// without a value may be written together (-nsv).
#include "front/options.h"
#include "base/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage_text[] =
	"usage: dumpscope DUMP ...                what happened, and why we think so\n"
	"       dumpscope -z DUMP [options]       a debugger prompt that speaks WinDbg; more dumps, more -z\n"
	"       dumpscope SUBCOMMAND ...          see below\n"
	"options:\n"
	"  -c \"COMMANDS\"     run these first (\"k; q\" runs k and ends)\n"
	"  -cf FILE          run the commands of FILE first (-cfr: if it exists)\n"
	"  -i PATH           folders with EXE and DLL files, ';' between them\n"
	"  -y PATH           symbol path\n"
	"  -srcpath PATH     source path\n"
	"  -ee masm|c++      how arguments of commands are read (.expr)\n"
	"  -logo FILE        copy the output to FILE (-loga: append)\n"
	"  --json            JSON instead of text\n"
	"  --timeout SECONDS end every command after this time\n"
	"  --max-memory SIZE what a session may allocate (64M, 2G; 1G if not given)\n"
	"  --allow-shell     .shell may run programs of this computer\n"
	"  --fail-on LEVEL   exit with 5 when a finding is at least info, warning or critical\n"
	"  --no-colour, --help, --version\n";

static int usage_error(const char *what, const char *arg)
{
	fprintf(stderr, "dumpscope: %s: %s\nTry: dumpscope --help\n", what, arg);
	return EXIT_USAGE;
}

struct parse {
	struct arena *a;
	struct options *o;
	const char **lines, **dumps;
	size_t n_lines;
	bool script;   // -cf or -cfr was given
	bool no_shell; // -noshell, which wins
	int argc, i;
	char **argv;
};

static void add_dump(struct parse *p, const char *path)
{
	p->dumps[p->o->n_dumps++] = path;
	p->o->dump = p->dumps[0];
}

static const char *value(struct parse *p)
{
	return p->i + 1 < p->argc ? p->argv[++p->i] : NULL;
}

// Each line of a script file is a command line; blank ones fall away later.
static int add_script(struct parse *p, const char *path, bool must_exist)
{
	struct file_map map;
	err_t e = file_map_open(path, &map);
	if (e.code)
		return must_exist ? usage_error("cannot read the command file", path) : -1;
	const char *text = arena_strndup(p->a, (const char *)map.bytes.p, map.bytes.n);
	file_map_close(&map);
	size_t n = 1;
	for (const char *q = text; *q; q++)
		n += *q == '\n';
	const char **lines = NEW_N(p->a, const char *, p->n_lines + n + (size_t)p->argc);
	if (p->n_lines)
		memcpy(lines, p->lines, p->n_lines * sizeof(*lines));
	p->lines = lines;
	while (*text) {
		size_t len = strcspn(text, "\r\n");
		if (len)
			p->lines[p->n_lines++] = arena_strndup(p->a, text, len);
		text += len + (text[len] != 0);
	}
	return -1;
}

// "64M", "2G", "500000K"; 0: no size, or below 1 MiB.
static size_t memory_size(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);
	char unit = *end ? (char)(*end & ~0x20) : 0;
	unsigned shift = unit == 'K' ? 10 : unit == 'M' ? 20 : unit == 'G' ? 30 : 0;
	if (end == text || *text == '-' || (*end && (!shift || end[1])) || n > SIZE_MAX >> shift)
		return 0;
	size_t size = (size_t)n << shift;
	return size >= 1 << 20 ? size : 0;
}

static int long_option(struct parse *p, const char *name)
{
	struct options *o = p->o;
	const char *v;
	if (str_eq(name, "json")) {
		o->json = true;
	} else if (str_eq(name, "allow-shell")) {
		o->allow_shell = true;
	} else if (str_eq(name, "no-colour") || str_eq(name, "no-color")) {
		o->colour = false;
	} else if (str_eq(name, "help")) {
		fputs(usage_text, stdout);
		puts("sub-commands:");
		for (const struct front *const *f = fronts; *f; f++)
			printf("  %-10s %-22s %s\n", (*f)->name, (*f)->args, (*f)->summary);
		return EXIT_ANALYSED;
	} else if (str_eq(name, "version")) {
		puts("dumpscope " DUMPSCOPE_VERSION);
		return EXIT_ANALYSED;
	} else if (str_eq(name, "completion") && (v = value(p))) {
		return options_completion(v);
	} else if (str_eq(name, "timeout") && (v = value(p))) {
		char *end;
		unsigned long n = strtoul(v, &end, 10);
		if (*end || !n || n > 1000000)
			return usage_error("--timeout wants a number of seconds", v);
		o->timeout_seconds = (unsigned)n;
	} else if (str_eq(name, "max-memory") && (v = value(p))) {
		size_t size = memory_size(v);
		if (!size)
			return usage_error("--max-memory wants a size of at least 1M (64M, 2G)", v);
		arena_set_limit(p->a, size);
	} else if (str_eq(name, "fail-on") && (v = value(p))) {
		static const char *const levels[] = { "info", "warning", "critical" };
		for (size_t i = 0; i < ARRAY_LEN(levels); i++)
			if (str_eq(v, levels[i]))
				o->fail_on = (int)i + 1;
		if (!o->fail_on)
			return usage_error("--fail-on wants info, warning or critical", v);
	} else {
		return usage_error("unknown option, or its value is missing", p->argv[p->i]);
	}
	return -1;
}

static bool is_one_of(const char *name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_ieq(name, list[i]))
			return true;
	return false;
}

const struct option_word option_words[] = {
	{ "z", VALUE_FILE },
	{ "c", VALUE_TEXT },
	{ "cf", VALUE_FILE },
	{ "cfr", VALUE_FILE },
	{ "i", VALUE_FOLDERS },
	{ "y", VALUE_FOLDERS },
	{ "srcpath", VALUE_FOLDERS },
	{ "logo", VALUE_FILE },
	{ "loga", VALUE_FILE },
	{ "logou", VALUE_FILE },
	{ "logau", VALUE_FILE },
	{ "sflags", VALUE_TEXT },
	{ "clines", VALUE_TEXT },
	{ "ee", VALUE_ONE_OF, "masm c++" },
	{ "v" },
	{ "n" },
	{ "s" },
	{ "sins" },
	{ "snul" },
	{ "ses" },
	{ "noshell" },
	{ "netsyms", VALUE_ONE_OF, "yes no" },
	{ "-json" },
	{ "-timeout", VALUE_TEXT },
	{ "-max-memory", VALUE_TEXT },
	{ "-allow-shell" },
	{ "-fail-on", VALUE_ONE_OF, "info warning critical" },
	{ "-no-colour" },
	{ "-help" },
	{ "-version" },
	{ NULL },
};

// -netsyms is looked at apart: kd has the word without a value.
static bool wants_value(const char *name)
{
	for (const struct option_word *w = option_words; w->name; w++)
		if (w->value != VALUE_NONE && *w->name != '-' && !str_eq(w->name, "netsyms") && str_ieq(name, w->name))
			return true;
	return false;
}

// Letters of options without a value, written together.
static bool is_bundle(const char *name)
{
	return strlen(name) > 1 && strspn(name, "2bdgGmnorsvwx") == strlen(name);
}

// Options that are symbol options by another name (symbol-options.md); 0: none.
static uint32_t symbol_switch(const char *name)
{
	static const struct {
		const char *name;
		uint32_t flag; // to turn on; -sdce and -s turn theirs off
	} list[] = { { "n", SYMOPT_DEBUG },
		     { "s", SYMOPT_DEFERRED_LOADS },
		     { "snul", SYMOPT_NO_UNQUALIFIED_LOADS },
		     { "ses", SYMOPT_EXACT_SYMBOLS },
		     { "failinc", SYMOPT_EXACT_SYMBOLS },
		     { "sicv", SYMOPT_IGNORE_CVREC },
		     { "sup", SYMOPT_AUTO_PUBLICS },
		     { "snc", SYMOPT_NO_CPP },
		     { "sdce", SYMOPT_FAIL_CRITICAL_ERRORS } };
	for (size_t i = 0; i < ARRAY_LEN(list); i++)
		if (str_ieq(name, list[i].name))
			return list[i].flag;
	return 0;
}

// "/z" is an option, "/dump" a path: after a slash only a name that cdb knows is taken for an option.
static bool is_known(const char *name)
{
	static const char *const plain[] = { "v", "?", "version", "n", "s", "sins", "noshell" };
	return wants_value(name) || is_one_of(name, plain, ARRAY_LEN(plain)) || symbol_switch(name) ||
	       options_ignored(name, NULL) != IGNORED_NOT || is_bundle(name);
}

// A decimal number, or a hexadecimal one after 0x.
static int set_flags(struct parse *p, const char *v)
{
	char *end = NULL;
	unsigned long n = !v ? 0 : strtoul(v, &end, str_ieqn(v, "0x", 2) ? 16 : 10);
	if (!v || *end || end == v || *v == '-' || n > UINT32_MAX)
		return usage_error("-sflags wants a number", v ? v : "");
	p->o->symbol_options = (uint32_t)n;
	return -1;
}

static int set_evaluator(struct parse *p, const char *v)
{
	p->o->cpp_default = str_ieq(v, "c++");
	p->o->evaluator_given = true;
	return p->o->cpp_default || str_ieq(v, "masm") ? -1 : usage_error("-ee wants masm or c++", v);
}

// 0: set; 1: wants no value like this.
static int number_option(const char *v, unsigned most, unsigned *ret)
{
	char *end;
	unsigned long n = strtoul(v, &end, 10);
	if (*end || end == v || n > most)
		return 1;
	*ret = (unsigned)n;
	return 0;
}

static int valued_option(struct parse *p, const char *name, const char *v)
{
	struct options *o = p->o;
	if (str_ieq(name, "z")) {
		add_dump(p, v);
		o->debugger = true;
	} else if (str_ieq(name, "c")) {
		p->lines[p->n_lines++] = v;
	} else if (str_ieq(name, "cf") || str_ieq(name, "cfr")) {
		p->script = true;
		return add_script(p, v, str_ieq(name, "cf"));
	} else if (str_ieq(name, "i")) {
		o->image_path = v;
	} else if (str_ieq(name, "y")) {
		o->symbol_path = v;
	} else if (str_ieq(name, "srcpath")) {
		o->source_path = v;
	} else if (str_ieq(name, "sflags")) {
		return set_flags(p, v);
	} else if (str_ieq(name, "clines")) {
		if (number_option(v, LIMIT_HISTORY_LINES, &o->history_lines))
			return usage_error("-clines wants a number of lines", v);
	} else if (str_ieq(name, "ee")) {
		return set_evaluator(p, v);
	} else { // -logo, -loga, -logou, -logau
		o->log_path = v;
		o->log_append = name[3] == 'a' || name[3] == 'A';
		o->log_utf16 = name[4] != 0;
	}
	return -1;
}

static void note_ignored(const char *name)
{
	fprintf(stderr, "dumpscope: note: -%s means nothing for a dump and is ignored\n", name);
}

// Letters, each an option without a value.
static void bundle(struct options *o, const char *letters)
{
	for (const char *l = letters; *l; l++) {
		if (*l == 'v')
			o->verbose = true;
		else if (*l == 'n')
			o->symbol_options |= SYMOPT_DEBUG;
		else if (*l == 's')
			o->symbol_options &= ~(uint32_t)SYMOPT_DEFERRED_LOADS;
		else
			note_ignored((const char[]){ *l, 0 });
	}
}

static int short_option(struct parse *p, const char *name)
{
	struct options *o = p->o;
	const char *next = p->i + 1 < p->argc ? p->argv[p->i + 1] : NULL;
	if (wants_value(name)) {
		const char *v = value(p);
		return v ? valued_option(p, name, v) : usage_error("this option wants a value", p->argv[p->i]);
	}
	if (str_ieq(name, "sins")) {
		o->no_env_paths = true;
	} else if (symbol_switch(name)) {
		bool off = str_ieq(name, "s") || str_ieq(name, "sdce");
		o->symbol_options =
			off ? o->symbol_options & ~symbol_switch(name) : o->symbol_options | symbol_switch(name);
	} else if (str_ieq(name, "v")) {
		o->verbose = true;
	} else if (str_eq(name, "?")) {
		return long_option(p, "help");
	} else if (str_ieq(name, "version")) {
		return long_option(p, "version");
	} else if (str_ieq(name, "netsyms:no") || str_ieq(name, "netsyms:yes")) {
		o->no_servers = str_ieq(name, "netsyms:no");
	} else if (str_ieq(name, "netsyms") && next && (str_ieq(next, "no") || str_ieq(next, "yes"))) {
		o->no_servers = str_ieq(value(p), "no");
	} else if (str_ieq(name, "noshell")) {
		p->no_shell = true;
	} else if (options_ignored(name, next) != IGNORED_NOT) {
		enum ignored how = options_ignored(name, next);
		if (how == IGNORED_WITH_VALUE)
			(void)value(p);
		if (how != IGNORED_SILENTLY)
			note_ignored(name);
	} else if (is_bundle(name)) {
		bundle(o, name);
	} else if ((name[0] == 'a' || name[0] == 'A') && name[1]) {
		fprintf(stderr, "dumpscope: note: -%s: extensions are built in, .chain lists them\n", name);
	} else {
		return usage_error("unknown option", p->argv[p->i]);
	}
	return -1;
}

// cdb and kd run ntsd.ini of the current folder when no script was named; before -c, which may end with q.
static void add_default_script(struct parse *p)
{
	const char *path = p->script ? NULL : path_find_nocase(p->a, ".", "ntsd.ini");
	if (!path)
		return;
	const char **given = p->lines;
	size_t n = p->n_lines;
	p->n_lines = 0;
	if (add_script(p, path, false) < 0)
		for (size_t i = 0; i < n; i++)
			p->lines[p->n_lines++] = given[i];
}

static int positional(struct parse *p, const char *s)
{
	struct options *o = p->o;
	if (o->persona == PERSONA_CDB || o->persona == PERSONA_KD)
		return usage_error("not supported: starting a program; a dump is opened with -z FILE", s);
	add_dump(p, s);
	return -1;
}

int options_parse(struct arena *a, int argc, char **argv, struct options *ret)
{
	struct parse p = { .a = a, .o = ret, .argc = argc, .argv = argv };
	p.lines = NEW_N(a, const char *, (size_t)argc + 1);
	ret->dumps = p.dumps = NEW_N(a, const char *, (size_t)argc + 1);
	ret->symbol_options = SYMOPT_DEFAULT;
	ret->persona = argc ? options_persona(argv[0]) : PERSONA_NONE;
	for (p.i = 1; p.i < argc; p.i++) {
		const char *s = argv[p.i];
		int code = -1;
		if (s[0] == '-' && s[1] == '-' && s[2])
			code = long_option(&p, s + 2);
		else if ((s[0] == '-' && s[1]) || (s[0] == '/' && is_known(s + 1) && !file_exists(s)))
			code = short_option(&p, s + 1);
		else
			code = positional(&p, s);
		if (code >= 0)
			return code;
	}
	if (!ret->dump) {
		fputs(ret->persona == PERSONA_DUMPCHK ? "usage: dumpchk [-y PATH] DUMP\n" : usage_text, stderr);
		return EXIT_USAGE;
	}
	if (p.n_lines)
		ret->debugger = true;
	if (ret->debugger)
		add_default_script(&p);
	ret->allow_shell = ret->allow_shell && !p.no_shell;
	ret->commands = p.lines;
	ret->n_commands = p.n_lines;
	return -1;
}

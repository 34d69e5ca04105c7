// SPDX-License-Identifier: Apache-2.0
// complete.c: completion of a line at the prompt.
#include "cmd/complete.h"

#include "base/limits.h"
#include "cmd/names.h"

#include <stdlib.h>
#include <string.h>

struct words {
	struct arena *a;
	const struct session *s;
	const char *prefix;
	size_t n_prefix;
	const char **list;
	size_t n;
	bool more;
};

// False: no more are wanted.
static bool add(struct words *w, const char *word)
{
	if (!str_ieqn(word, w->prefix, w->n_prefix))
		return true;
	if (w->n == LIMIT_COMPLETIONS || session_poll(w->s).code) {
		w->more = true;
		return false;
	}
	if (!w->list)
		w->list = NEW_N(w->a, const char *, LIMIT_COMPLETIONS);
	w->list[w->n++] = arena_strdup(w->a, word);
	return true;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void sort(struct words *w)
{
	size_t kept = 0;
	if (w->n > 1)
		qsort(w->list, w->n, sizeof(*w->list), by_text);
	for (size_t i = 0; i < w->n; i++)
		if (!kept || !str_eq(w->list[kept - 1], w->list[i]))
			w->list[kept++] = w->list[i];
	w->n = kept;
}

// ---- what there is
static void add_name(void *ctx, const struct cmd *c, const char *name)
{
	(void)c;
	(void)add(ctx, name);
}

// The switches that a command's own help names: "-v", "/f".
static void add_options(struct words *w, const struct cmd *c)
{
	const char *const texts[] = { c->args, c->help };
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		const char *text = texts[i] ? texts[i] : "";
		for (const char *p = text; *p; p++) {
			size_t n = strspn(p + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
			bool opens = p == text || strchr(" \n[|(", p[-1]);
			if (opens && (*p == '-' || *p == '/') && n && (!p[1 + n] || strchr(" \n]|)", p[1 + n])))
				(void)add(w, arena_strndup(w->a, p, 1 + n));
		}
	}
}

static void add_modules(struct words *w, const char *behind, bool images)
{
	const struct target *t = w->s->target;
	for (size_t i = 0; i < t->n_modules; i++) {
		const struct module *m = t->modules[i];
		if (!add(w, images ? m->image_name : arena_printf(w->a, "%s%s", m->name, behind)))
			return;
	}
}

struct symbol_words {
	struct words *w;
	const char *module;
	const char *prefix; // behind the '!'
	size_t n;
};

static bool add_symbol(void *ctx, const char *name, uint32_t rva)
{
	const struct symbol_words *sw = ctx;
	(void)rva;
	if (session_poll(sw->w->s).code) {
		sw->w->more = true;
		return false;
	}
	// Names with blanks (templates, operators) could not be typed without quoting.
	if (!str_ieqn(name, sw->prefix, sw->n) || strchr(name, ' '))
		return true;
	return add(sw->w, arena_printf(sw->w->a, "%s!%s", sw->module, name));
}

static void add_symbols(struct session *s, struct words *w)
{
	const char *bang = strchr(w->prefix, '!');
	const char *module = arena_strndup(w->a, w->prefix, (size_t)(bang - w->prefix));
	struct module *m = target_module_named(s->target, module);
	struct symbols *sy = m ? sym_load_offline(s->target, m) : NULL;
	struct symbol_words sw = { w, module, bang + 1, strlen(bang + 1) };
	if (sy)
		sy->provider->each(sy, add_symbol, &sw);
}

static void add_files(struct words *w)
{
	const char *slash = strrchr(w->prefix, '/');
	size_t n = slash ? (size_t)(slash - w->prefix) + 1 : 0, n_names = 0;
	const char *typed = arena_strndup(w->a, w->prefix, n), *home = os_env("HOME"), **names = NULL;
	const char *dir = !n                                ? "."
			  : str_starts(typed, "~/") && home ? arena_printf(w->a, "%s%s", home, typed + 1)
							    : typed;
	if (os_list(w->a, dir, LIMIT_COMPLETION_FILES, &names, &n_names).code)
		return;
	for (size_t i = 0; i < n_names; i++) {
		if (names[i][0] == '.' && w->prefix[n] != '.')
			continue;
		bool folder = folder_exists(path_join(w->a, dir, names[i]));
		const char *word = arena_printf(w->a, "%s%s%s", typed, names[i], folder ? "/" : "");
		if (strncmp(word, w->prefix, w->n_prefix) == 0 && !add(w, word))
			return;
	}
}

// ---- what is being typed
// The start of the command that the place is in: behind a ';', '{' or '}' outside of quotes.
static size_t command_start(const char *line, size_t at)
{
	size_t start = 0;
	bool quoted = false;
	for (size_t i = 0; i < at; i++) {
		quoted ^= line[i] == '"';
		if (!quoted && strchr(";{}", line[i]))
			start = i + 1;
	}
	while (start < at && strchr(" \t", line[start]))
		start++;
	return start;
}

static bool takes_file(const char *name)
{
	static const char *const list[] = {
		".logopen", ".logappend", ".opendump", ".dump",     ".writemem", ".srcpath",
		".sympath", ".exepath",   ".sympath+", ".exepath+", ".srcpath+", ".script"
	};
	for (size_t i = 0; i < ARRAY_LEN(list); i++)
		if (str_ieq(list[i], name))
			return true;
	return name[0] == '$' && strchr(name, '<');
}

// "$$>a<folder/file": the file begins behind the last '<' or '>'.
static size_t script_name(const char *command, size_t n)
{
	size_t i = 0;
	if (command[0] != '$')
		return 0;
	for (size_t k = 0; k < n && strchr("$<>a", command[k]); k++)
		if (command[k] == '<')
			i = k + 1;
	return i;
}

static void arguments(struct session *s, struct words *w, const char *name, bool *goes_on)
{
	const struct cmd *c = cmd_find(s, name);
	if (takes_file(name)) {
		add_files(w);
		*goes_on = w->n == 1 && str_iends(w->list[0], "/");
	} else if ((w->prefix[0] == '-' || w->prefix[0] == '/') && c) {
		add_options(w, c);
	} else if (str_ieq(name, ".help") || str_ieq(name, ".hh")) {
		names_each(w->a, add_name, w);
	} else if (s->target && strchr(w->prefix, '!')) {
		add_symbols(s, w);
	} else if (s->target) {
		bool bare = name[0] == '!' || str_starts(name, "lm") || str_ieq(name, "ld");
		bool images = str_ieq(name, ".reload");
		add_modules(w, bare || images ? "" : "!", images);
		*goes_on = !bare && !images;
	}
}

void cmd_complete(struct session *s, struct arena *a, const char *line, size_t at, struct completion *ret)
{
	size_t start = command_start(line, at), first = start + strcspn(line + start, " \t");
	uint64_t deadline = s->dbg->deadline_us;
	size_t file = script_name(line + start, at - start), word = at;
	struct words w = { .a = a, .s = s };
	const char *name = arena_strndup(a, line + start, file ? file : first - start);
	*ret = (struct completion){ 0 };
	if (file || takes_file(name))
		while (word > start + file && !strchr(" \t\"", line[word - 1]))
			word--;
	else
		while (word > start && !strchr(" \t\"'(),+*[]&=|^", line[word - 1]))
			word--;
	bool is_command = word == start && !file;
	w.prefix = arena_strndup(a, line + word, at - word);
	w.n_prefix = at - word;
	s->dbg->deadline_us = os_now_us() + LIMIT_COMPLETION_US;
	if (is_command && !strchr(w.prefix + (w.prefix[0] == '!'), '!'))
		names_each(a, add_name, &w);
	else
		arguments(s, &w, name, &ret->goes_on);
	s->dbg->deadline_us = deadline;
	sort(&w);
	ret->start = word;
	ret->words = w.list;
	ret->n = w.n;
	ret->more = w.more;
}

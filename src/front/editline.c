// SPDX-License-Identifier: Apache-2.0
// editline.c: lines through libedit, which is loaded only when a person types.
#include "base/limits.h"
#include "front/line.h"

#include <dlfcn.h>
#include <errno.h>
#include <histedit.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct editor {
	struct arena *a;
	const struct line_setup *how;
	EditLine *el;
	History *hist;
	const char *prompt;
	char *last; // remembered
	EditLine *(*init)(const char *, FILE *, FILE *, FILE *);
	void (*end)(EditLine *);
	const char *(*get_line)(EditLine *, int *);
	int (*set)(EditLine *, int, ...);
	int (*insert)(EditLine *, const char *);
	void (*erase)(EditLine *, int);
	const LineInfo *(*line)(EditLine *);
	int (*source)(EditLine *, const char *);
	History *(*history_init)(void);
	void (*history_end)(History *);
	int (*history)(History *, HistEvent *, int, ...);
};

// ISO C has no cast from object to function pointers.
#define LOAD(member, name)                       \
	do {                                     \
		union {                          \
			void *p;                 \
			__typeof__(e->member) f; \
		} u = { .p = dlsym(lib, name) }; \
		e->member = u.f;                 \
		good = good && u.p;              \
	} while (0)

static bool load(struct editor *e)
{
	static const char *const names[] = { "libedit.so.2", "libedit.so.0" };
	void *lib = NULL;
	bool good = true;
	for (size_t i = 0; !lib && i < ARRAY_LEN(names); i++)
		lib = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
	if (!lib)
		return false;
	LOAD(init, "el_init");
	LOAD(end, "el_end");
	LOAD(get_line, "el_gets");
	LOAD(set, "el_set");
	LOAD(insert, "el_insertstr");
	LOAD(erase, "el_deletestr");
	LOAD(line, "el_line");
	LOAD(source, "el_source");
	LOAD(history_init, "history_init");
	LOAD(history_end, "history_end");
	LOAD(history, "history");
	return good;
}

// The editor whose line is being read: libedit hands its callbacks nothing of ours.
static struct editor *current;

static const char *prompt(EditLine *el)
{
	(void)el;
	return current->prompt;
}

// As many columns as the terminal has room for.
static void show(const struct completion *c)
{
	struct winsize size;
	size_t width = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col ? 80 : size.ws_col, widest = 1;
	for (size_t i = 0; i < c->n; i++)
		widest = MAX(widest, strlen(c->words[i]) + 2);
	size_t columns = MAX((size_t)1, width / widest), rows = (c->n + columns - 1) / columns;
	fputc('\n', stdout);
	for (size_t r = 0; r < rows; r++) {
		for (size_t i = r; i < c->n; i += rows)
			printf("%-*s", i + rows < c->n ? (int)widest : 0, c->words[i]);
		fputc('\n', stdout);
	}
	if (c->more)
		puts("... and more");
	fflush(stdout);
}

// Letters that all words share, in either case.
static size_t common(const struct completion *c)
{
	size_t n = strlen(c->words[0]);
	for (size_t i = 1; i < c->n; i++) {
		size_t k = 0;
		while (k < n && c->words[i][k] && str_ieqn(c->words[0] + k, c->words[i] + k, 1))
			k++;
		n = k;
	}
	return n;
}

static unsigned char complete(EditLine *el, int key)
{
	(void)key;
	struct editor *e = current;
	const LineInfo *li = e->line(el);
	struct arena *a = arena_new(LIMIT_COMMAND_MEMORY);
	struct completion c = { 0 };
	size_t at = (size_t)(li->cursor - li->buffer);
	const char *line = arena_strndup(a, li->buffer, (size_t)(li->lastchar - li->buffer));
	if (e->how->complete)
		e->how->complete(e->how->ctx, a, line, at, &c);
	unsigned char answer = CC_ERROR;
	if (c.n) {
		size_t typed = at - c.start, n = common(&c);
		bool single = c.n == 1 && !c.more;
		// Also what was typed takes the case that the name has.
		if (n > typed || single) {
			const char *end = single && !c.goes_on ? " " : "";
			e->erase(el, (int)typed);
			e->insert(el, arena_printf(a, "%.*s%s", (int)n, c.words[0], end));
			answer = CC_REFRESH;
		} else {
			show(&c);
			answer = CC_REDISPLAY;
		}
	}
	arena_free(a);
	return *e->how->interrupted ? CC_EOF : answer;
}

static void recall(void *ctx, const char *line)
{
	struct editor *e = ctx;
	HistEvent ev;
	e->history(e->hist, &ev, H_ENTER, line);
	e->last = arena_strdup(e->a, line);
}

struct editor *editor_new(struct arena *a, const struct line_setup *how)
{
	struct editor *e = NEW(a, struct editor);
	*e = (struct editor){ .a = a, .how = how };
	if (!load(e))
		return NULL;
	setlocale(LC_CTYPE, ""); // what the terminal's bytes mean
	e->el = e->init("dumpscope", stdin, stdout, stderr);
	e->hist = e->history_init();
	if (!e->el || !e->hist)
		return NULL;
	HistEvent ev;
	e->history(e->hist, &ev, H_SETSIZE, (int)how->lines);
	e->set(e->el, EL_EDITOR, "emacs");
	e->set(e->el, EL_SIGNAL, 1);
	e->set(e->el, EL_PROMPT, prompt);
	e->set(e->el, EL_HIST, e->history, e->hist);
	e->set(e->el, EL_ADDFN, "complete", "what can stand here", complete);
	e->set(e->el, EL_BIND, "^I", "complete", NULL);
	e->set(e->el, EL_BIND, "^D", "em-delete-or-list", NULL);
	(void)e->source(e->el, NULL); // the user's ~/.editrc
	if (how->lines)
		history_load(a, how->lines, recall, e);
	return e;
}

enum line_result editor_read(struct editor *e, const char *text, const char **ret)
{
	int n = 0;
	current = e;
	e->prompt = text;
	errno = 0;
	const char *line = e->get_line(e->el, &n);
	if (!line || n <= 0)
		return (n < 0 && errno == EINTR) || *e->how->interrupted ? LINE_INTERRUPTED : LINE_END;
	*ret = arena_strndup(e->a, line, strcspn(line, "\r\n"));
	return LINE_READ;
}

void editor_remember(struct editor *e, const char *line)
{
	if (!e->how->lines || !*line || (e->last && str_eq(e->last, line)))
		return;
	recall(e, line);
	history_add(e->a, line);
}

void editor_close(struct editor *e)
{
	e->end(e->el);
	e->history_end(e->hist);
}

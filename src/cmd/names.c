// SPDX-License-Identifier: Apache-2.0
// names.c: which command did they mean?
#include "cmd/names.h"

#include <string.h>

enum { NAME_MOST = 32, SHOWN = 3 };

void names_each(struct arena *a, void (*fn)(void *ctx, const struct cmd *c, const char *name), void *ctx)
{
	for (const struct cmd *const *c = commands; *c; c++) {
		for (const char *n = (*c)->names; *n; n += strspn(n, " ")) {
			size_t len = strcspn(n, " ");
			fn(ctx, *c, arena_strndup(a, n, len));
			n += len;
		}
	}
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

// Letters that were added, left out, changed, or stand in the other order (Damerau); SHOWN + 1 and more: far.
static unsigned distance(const char *a, const char *b)
{
	unsigned row[3][NAME_MOST + 1];
	size_t n = strlen(a), m = strlen(b);
	if (n > NAME_MOST || m > NAME_MOST)
		return NAME_MOST;
	for (size_t j = 0; j <= m; j++)
		row[0][j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		unsigned *now = row[i % 3], *before = row[(i + 2) % 3], *twice = row[(i + 1) % 3];
		now[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			bool same = lower(a[i - 1]) == lower(b[j - 1]);
			unsigned best = before[j - 1] + !same;
			best = MIN(best, before[j] + 1);
			best = MIN(best, now[j - 1] + 1);
			bool swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
				       lower(a[i - 2]) == lower(b[j - 1]);
			now[j] = swapped ? MIN(best, twice[j - 2] + 1) : best;
		}
	}
	return row[n % 3][m];
}

struct search {
	const char *word; // as typed
	const char *best[SHOWN];
	unsigned cost[SHOWN];
	size_t n;
};

static bool is_mark(char c)
{
	return c == '.' || c == '!';
}

static void keep(struct search *s, const char *name, unsigned cost)
{
	size_t i = s->n;
	while (i && s->cost[i - 1] > cost)
		i--;
	if (i == SHOWN)
		return;
	s->n = MIN(s->n + 1, (size_t)SHOWN);
	for (size_t k = s->n - 1; k > i; k--) {
		s->best[k] = s->best[k - 1];
		s->cost[k] = s->cost[k - 1];
	}
	s->best[i] = name;
	s->cost[i] = cost;
}

// The mark that was left out or mistaken is the first thing to think of, then a letter or two.
static void consider(void *ctx, const struct cmd *c, const char *name)
{
	struct search *s = ctx;
	const char *typed = s->word + is_mark(*s->word), *bare = name + is_mark(*name);
	(void)c;
	size_t n = strlen(typed), m = strlen(bare);
	unsigned allowed = n <= 4 ? 1 : n <= 8 ? 2 : 3;
	bool other_mark = (is_mark(*s->word) ? *s->word : 0) != (is_mark(*name) ? *name : 0);
	unsigned far = distance(typed, bare);
	if (!far && n > 1)
		keep(s, name, 0);
	else if (n >= 3 && m >= 3 && far <= allowed)
		keep(s, name, 2 * far + other_mark);
	else if (n >= 3 && m > n && str_ieqn(bare, typed, n))
		keep(s, name, 7 + other_mark);
}

void names_suggest(struct arena *a, const char *text, struct doc *out)
{
	size_t n = strcspn(text, " \t\r\n;\"");
	struct search s = { .word = arena_strndup(a, text, n) };
	if (!n || n > NAME_MOST)
		return;
	names_each(a, consider, &s);
	struct sb list = sb_new(a);
	for (size_t i = 0; i < s.n && (!i || s.cost[i] <= s.cost[0] + 1); i++)
		sb_printf(&list, "%s%s", i ? ", " : "", s.best[i]);
	if (s.n)
		doc_note(out, NOTE_INFO, "command.nearest", "did you mean: %s", sb_str(&list));
}

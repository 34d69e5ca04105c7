// SPDX-License-Identifier: Apache-2.0
// text.c: one scanner over the command language serves all questions of where something ends.
#include "script/text.h"

#include "base/str.h"

#include <string.h>

// A position in text that knows how deep it stands.
struct scan {
	const char *p;
	size_t i;
	bool quoted;
	unsigned alias, braces, parens; // open ones
};

// Takes the character at i; closing ones count down before, opening ones after the caller has looked.
static void step(struct scan *s)
{
	char c = s->p[s->i];
	if (c == '"' && !(s->quoted && s->p[s->i - 1] == '\\'))
		s->quoted = !s->quoted;
	else if (c == '$' && s->p[s->i + 1] == '{')
		s->i++, s->alias++;
	else if (c == '}' && s->alias)
		s->alias--;
	else if (!s->quoted && c == '{')
		s->braces++;
	else if (!s->quoted && c == '}' && s->braces)
		s->braces--;
	else if (!s->quoted && c == '(')
		s->parens++;
	else if (!s->quoted && c == ')' && s->parens)
		s->parens--;
	s->i++;
}

size_t text_command(const char *p)
{
	struct scan s = { .p = p };
	while (p[s.i] && !(!s.quoted && !s.braces && !s.alias && (p[s.i] == ';' || p[s.i] == '\n')))
		step(&s);
	return s.i;
}

size_t text_group(const char *p, char open, char close)
{
	struct scan s = { .p = p };
	size_t depth = 0;
	while (p[s.i]) {
		bool plain = !s.quoted && !s.alias;
		char c = p[s.i];
		step(&s);
		if (plain && c == open)
			depth++;
		else if (plain && c == close && --depth == 0)
			return s.i;
	}
	return 0;
}

size_t text_space(const char *p)
{
	return strspn(p, " \t\r\n");
}

size_t text_block_open(const char *p)
{
	struct scan s = { .p = p };
	for (; p[s.i]; step(&s)) {
		if (s.quoted || s.alias || s.parens)
			continue;
		if (p[s.i] == '{')
			return s.i;
		if (p[s.i] == ';')
			break;
	}
	return SIZE_MAX;
}

bool text_has_word(const char *p, const char *word)
{
	size_t n = strlen(word);
	char next = str_ieqn(p, word, n) ? p[n] : 'x';
	return !((next >= '0' && next <= '9') || (next >= 'a' && next <= 'z') || (next >= 'A' && next <= 'Z') ||
		 next == '_');
}

const char *text_token(struct arena *a, const char *text, size_t *pos)
{
	const char *p = text + *pos;
	p += text_space(p);
	size_t n = strcspn(p, " \t\r\n");
	*pos = (size_t)(p - text) + n;
	return n ? arena_strndup(a, p, n) : NULL;
}

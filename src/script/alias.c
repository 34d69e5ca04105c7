// SPDX-License-Identifier: Apache-2.0
// alias.c: the alias table, and the two passes of replacement: fixed names, then the others.
#include "script/alias.h"

#include "base/limits.h"
#include "base/str.h"

#include <string.h>

enum { FIXED = 10 };

struct slot {
	char *name, *value;
	size_t name_cap, value_cap;
};
struct aliases {
	struct arena *a;
	alias_auto_fn *automatic;
	void *ctx;
	struct slot *slots; // n in use, behind them deleted ones with their memory
	size_t n, n_slots;
	struct slot fixed[FIXED];
};

struct aliases *aliases_new(struct arena *a, alias_auto_fn *automatic, void *ctx)
{
	struct aliases *s = NEW(a, struct aliases);
	*s = (struct aliases){ .a = a, .automatic = automatic, .ctx = ctx };
	return s;
}

static void put(struct arena *a, char **text, size_t *cap, const char *value)
{
	size_t n = strlen(value) + 1;
	if (n > *cap) {
		*cap = MAX(n, 2 * *cap);
		*text = NEW_N(a, char, *cap);
	}
	memcpy(*text, value, n);
}

static struct slot *find(const struct aliases *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (str_eq(s->slots[i].name, name))
			return &s->slots[i];
	return NULL;
}

static struct slot *add(struct aliases *s)
{
	if (s->n == s->n_slots) {
		size_t cap = s->n_slots ? s->n_slots * 2 : 16;
		struct slot *slots = NEW_N(s->a, struct slot, cap);
		if (s->n)
			memcpy(slots, s->slots, s->n * sizeof(*slots));
		s->slots = slots;
		s->n_slots = cap;
	}
	return &s->slots[s->n++];
}

err_t alias_set(struct aliases *s, const char *name, const char *value)
{
	if (!*name || strpbrk(name, " \t\r\n"))
		return fail(E_USAGE, "an alias name is one word", 0);
	if (strlen(value) >= LIMIT_SCRIPT_TEXT)
		return fail(E_LIMIT, "the alias is too long", LIMIT_SCRIPT_TEXT);
	struct slot *slot = find(s, name);
	if (!slot && s->n >= LIMIT_ALIASES)
		return fail(E_LIMIT, "too many aliases", LIMIT_ALIASES);
	if (!slot) {
		slot = add(s);
		put(s->a, &slot->name, &slot->name_cap, name);
	}
	put(s->a, &slot->value, &slot->value_cap, value);
	return ok();
}

bool alias_delete(struct aliases *s, const char *name)
{
	struct slot *slot = find(s, name);
	if (!slot)
		return false;
	struct slot gone = *slot;
	memmove(slot, slot + 1, (size_t)(s->slots + s->n - slot - 1) * sizeof(*slot));
	s->slots[--s->n] = gone;
	return true;
}

void alias_delete_all(struct aliases *s)
{
	s->n = 0;
}

const char *alias_value(const struct aliases *s, const char *name)
{
	const struct slot *slot = find(s, name);
	return slot ? slot->value : NULL;
}

size_t alias_count(const struct aliases *s)
{
	return s->n;
}

struct alias alias_at(const struct aliases *s, size_t i)
{
	return (struct alias){ s->slots[i].name, s->slots[i].value };
}

err_t alias_fix(struct aliases *s, unsigned index, const char *value)
{
	if (index >= FIXED)
		return fail(E_USAGE, "there are $u0 to $u9", index);
	if (strlen(value) >= LIMIT_SCRIPT_TEXT)
		return fail(E_LIMIT, "the alias is too long", LIMIT_SCRIPT_TEXT);
	put(s->a, &s->fixed[index].value, &s->fixed[index].value_cap, value);
	return ok();
}

// ---- replacement

struct expand {
	const struct aliases *s;
	struct alias local;
	struct arena *a;
	unsigned depth; // of ${${...}}
};

static bool too_long(const struct sb *out)
{
	return out->n > LIMIT_SCRIPT_TEXT;
}

static const char *fixed_names(const struct aliases *s, struct arena *a, const char *text)
{
	if (!strstr(text, "$u"))
		return text;
	struct sb out = sb_new(a);
	for (const char *p = text; *p && !too_long(&out); p++) {
		if (p[0] == '$' && p[1] == 'u' && p[2] >= '0' && p[2] <= '9') {
			const char *value = s->fixed[p[2] - '0'].value;
			sb_add(&out, value ? value : "");
			p += 2;
		} else {
			sb_ch(&out, *p);
		}
	}
	return sb_str(&out);
}

static const char *value_of(const struct expand *x, const char *name)
{
	if (x->local.name && str_eq(x->local.name, name))
		return x->local.value;
	const char *value = alias_value(x->s, name);
	if (!value && name[0] == '$' && x->s->automatic)
		value = x->s->automatic(x->s->ctx, name, x->a);
	return value;
}

static const char *expand(struct expand *x, const char *text);

// The text of "${inside}".
static void put_token(struct expand *x, struct sb *out, const char *inside)
{
	char what = inside[0] == '/' && inside[1] && inside[2] == ':' ? inside[1] : 0;
	const char *name = what ? inside + 3 : inside;
	const char *value = what == 'v' ? NULL : value_of(x, name);
	if (what == 'd')
		sb_add(out, value ? "1" : "0");
	else if (what == 'n' && value)
		sb_add(out, name);
	else if (what == 'f' && !value)
		return;
	else if (value)
		sb_add(out, value);
	else
		sb_printf(out, "${%s}", inside);
}

// p stands behind "${". Returns what follows the token, NULL when it is not closed.
static const char *token(struct expand *x, struct sb *out, const char *p)
{
	size_t n = 0;
	for (unsigned depth = 1; p[n]; n++) {
		depth += p[n] == '{';
		depth -= p[n] == '}';
		if (!depth)
			break;
	}
	if (!p[n])
		return NULL;
	const char *inside = arena_strndup(x->a, p, n);
	if (strstr(inside, "${") && x->depth < LIMIT_ALIAS_NESTING) {
		x->depth++;
		inside = expand(x, inside);
		x->depth--;
	}
	put_token(x, out, inside);
	return p + n + 1;
}

static const char *expand(struct expand *x, const char *text)
{
	static const char ends[] = " \t\r\n;\"";
	struct sb out = sb_new(x->a);
	for (const char *p = text; *p && !too_long(&out);) {
		const char *next = p[0] == '$' && p[1] == '{' ? token(x, &out, p + 2) : NULL;
		bool first = p == text || strchr(ends, p[-1]);
		size_t n = next ? 0 : strcspn(p, ends);
		const char *value = first && n ? value_of(x, arena_strndup(x->a, p, n)) : NULL;
		if (value) {
			sb_add(&out, value);
			next = p + n;
		} else if (!next) {
			size_t plain = n ? 1 + strcspn(p + 1, " \t\r\n;\"$") : 1;
			sb_addn(&out, p, plain);
			next = p + plain;
		}
		p = next;
	}
	return sb_str(&out);
}

err_t alias_expand(const struct aliases *s, struct alias local, struct arena *a, const char *text, const char **ret)
{
	*ret = text;
	if (text[0] == 'a' && text[1] && strchr("sSdl", text[1]) && (!text[2] || strchr(" \t", text[2])))
		return ok();
	if (!s->n && !local.name && !strchr(text, '$'))
		return ok();
	struct expand x = { .s = s, .local = local, .a = a };
	*ret = expand(&x, fixed_names(s, a, text));
	return strlen(*ret) > LIMIT_SCRIPT_TEXT ? fail(E_LIMIT, "the text is too long", LIMIT_SCRIPT_TEXT) : ok();
}

const char *alias_literal(struct arena *a, const char *name)
{
	size_t n = strlen(name);
	return str_starts(name, "${/v:") && name[n - 1] == '}' ? arena_strndup(a, name + 5, n - 6) : name;
}

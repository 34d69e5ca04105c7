// SPDX-License-Identifier: Apache-2.0
// s.c: searches memory, documented in Microsoft's "s (Search Memory)". Where a hit may lie is documented at
// IDebugDataSpaces4::SearchVirtual2: a multiple of the element's size behind the start of the range.
#include "base/limits.h"
#include "cmd/dmem.h"
#include "target/scan.h"

#include <inttypes.h>
#include <string.h>

extern const struct cmd cmd_s;

SCHEMA(search_hit, "Where a search found something", NULL, "0x{address}",
       { "address", R_PTR, "of the first byte that matches" });

enum kind { KIND_NUMBERS, KIND_TEXT, KIND_STRINGS, KIND_OBJECTS };
struct form {
	const char *name;
	enum kind kind;
	uint8_t elem;     // bytes of what L counts; 0: a pointer
	uint8_t step;     // hits are multiples of it behind the start; 0: a pointer
	const char *show; // the d form of a hit
	uint8_t count;    // its elements
};
// The longest name first.
static const struct form forms[] = {
	{ "sa", KIND_STRINGS, 1, 1, "da", 0 }, { "su", KIND_STRINGS, 2, 1, "du", 0 },
	{ "a", KIND_TEXT, 1, 1, "db", 16 },    { "u", KIND_TEXT, 2, 1, "dW", 8 },
	{ "b", KIND_NUMBERS, 1, 1, "db", 16 }, { "w", KIND_NUMBERS, 2, 2, "dW", 8 },
	{ "d", KIND_NUMBERS, 4, 4, "dc", 4 },  { "q", KIND_NUMBERS, 8, 8, "dq", 2 },
	{ "v", KIND_OBJECTS, 0, 0, NULL, 0 },
};
static const struct form *const bytes_form = &forms[4];

struct saved { // by [s], for [r]
	va_t *at;
	size_t n, cap;
};
enum { SAVE_DEFAULT = 1024, LENGTH_DEFAULT = 3, MOST_VFTABLES = 64 };
struct object { // of s -v
	const char *type;
	size_t n; // vftable pointers
	uint64_t off[MOST_VFTABLES], value[MOST_VFTABLES];
};
struct search {
	struct session *s;
	struct call *c;
	struct doc *out;
	const struct form *form;
	bool only_address, save, restricted, writable;
	uint64_t most;   // hits to save
	uint64_t length; // characters that a string has at least
	struct expr_range range;
	unsigned elem, step;
	uint8_t *pattern;
	size_t n;
	struct object object;
	bool overflow;
	struct {
		va_t at;
		uint64_t n;
	} run[2]; // of printable characters; UTF-16: at even and odd addresses
};

// ---- arguments
// The number behind n or l: "l4", "n 10", "l0n12".
static err_t flag_number(struct search *w, uint64_t *ret)
{
	struct call *c = w->c;
	c->p++;
	arg_blanks(c);
	size_t n = *c->p == '0' && c->p[1] && strchr("nNxXtTyY", c->p[1]) ? 2 : 0;
	n += strspn(c->p + n, "0123456789abcdefABCDEF");
	struct call number = *c;
	number.p = arena_strndup(c->a, c->p, n);
	c->p += n;
	TRY(arg_expr(&number, ret));
	return arg_done(&number);
}

static err_t flags(struct search *w)
{
	struct call *c = w->c;
	const char *from = c->p;
	while (*c->p != ']') {
		if (*c->p == 'n' || *c->p == 'l') {
			TRY(flag_number(w, *c->p == 'n' ? &w->most : &w->length));
			continue;
		}
		if (*c->p == 's')
			w->save = true;
		else if (*c->p == 'r')
			w->restricted = true;
		else if (*c->p == 'w')
			w->writable = true;
		else if (*c->p == '1')
			w->only_address = true;
		else
			return usage(c, "Syntax error in '[%s'", from);
		c->p++;
	}
	c->p++;
	if ((w->save && w->restricted) || !w->most || w->most > LIMIT_SEARCH_HITS || !w->length)
		return usage(c, "Syntax error in '[%s'", from);
	return ok();
}

static err_t type_letters(struct search *w)
{
	struct call *c = w->c;
	arg_blanks(c);
	w->form = bytes_form;
	if (*c->p != '-')
		return ok();
	const char *from = c->p++;
	if (*c->p == '[') {
		c->p++;
		TRY(flags(w));
	}
	size_t n = strcspn(c->p, " \t");
	for (size_t i = 0; i < ARRAY_LEN(forms); i++)
		if (strlen(forms[i].name) == n && strncmp(forms[i].name, c->p, n) == 0) {
			w->form = &forms[i];
			c->p += n;
			return ok();
		}
	return usage(c, "Syntax error in '%s'", from);
}

static void put(struct search *w, uint64_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		w->pattern[w->n++] = (uint8_t)(v >> (8 * i));
}

// 'VUTS' is a number whose highest byte is V; as bytes it is what it reads.
static err_t quoted(struct search *w)
{
	struct call *c = w->c;
	const char *from = c->p, *end = strchr(c->p + 1, *c->p);
	if (!end || end == from + 1 || (w->elem > 1 && (size_t)(end - from - 1) > w->elem))
		return usage(c, "Syntax error in '%s'", from);
	uint64_t v = 0;
	for (const char *p = from + 1; p < end; p++) {
		v = v << 8 | (uint8_t)*p;
		if (w->elem == 1)
			put(w, (uint8_t)*p, 1);
	}
	if (w->elem > 1)
		put(w, v, w->elem);
	c->p = end + 1;
	return ok();
}

static err_t numbers(struct search *w)
{
	struct call *c = w->c;
	w->pattern = NEW_N(c->a, uint8_t, strlen(c->p) * 8 + 8);
	while (!arg_end(c)) {
		const char *from = c->p;
		if (*c->p == '\'' || *c->p == '"') {
			TRY(quoted(w));
			continue;
		}
		uint64_t v;
		TRY(arg_expr(c, &v));
		unsigned bits = 8 * w->elem;
		if (bits < 64 && v >> bits && (int64_t)v >> (bits - 1) != -1)
			return usage(c, "Overflow error in '%s'", from);
		put(w, v, w->elem);
	}
	return w->n ? ok() : usage(c, "Numeric expression missing from '%s'", c->p);
}

// One character of UTF-8; what is no UTF-8 stands for itself.
static uint32_t character(const char **p)
{
	const uint8_t *b = (const uint8_t *)*p;
	unsigned more = b[0] >= 0xf0 ? 3 : b[0] >= 0xe0 ? 2 : b[0] >= 0xc0 ? 1 : 0, i = 1;
	uint32_t u = more ? b[0] & (0x3fU >> more) : b[0];
	for (; i <= more && (b[i] & 0xc0) == 0x80; i++)
		u = u << 6 | (b[i] & 0x3f);
	*p += i <= more ? 1 : i;
	return i <= more ? b[0] : u;
}

// In quotes or without: then it ends at a blank.
static err_t text(struct search *w)
{
	struct call *c = w->c;
	const char *word = arg_word(c);
	if (!word || !*word)
		return usage(c, "Syntax error in '%s'", c->p);
	w->pattern = NEW_N(c->a, uint8_t, strlen(word) * 2 + 4);
	for (const char *p = word; *p;) {
		uint32_t u = w->elem == 1 ? (uint8_t)*p++ : character(&p);
		if (u > 0xffff) {
			put(w, 0xd800 + ((u - 0x10000) >> 10), 2);
			u = 0xdc00 + ((u - 0x10000) & 0x3ff);
		}
		put(w, u, w->elem);
	}
	return arg_done(c);
}

// ---- s -v: objects of a class are found by the pointers to its virtual function tables.
// The class that the table at va belongs to: "module!Class"; NULL: there is no such table.
static const char *vftable_class(struct search *w, va_t va)
{
	struct sym_hit h;
	if (!sym_near(w->s->target, va, &h) || !h.name || h.disp)
		return NULL;
	const char *end = strstr(h.name, "::`vftable'");
	const char *name = str_starts(h.name, "const ") ? h.name + strlen("const ") : h.name;
	if (!end || end <= name)
		return NULL;
	return arena_printf(w->c->a, "%s!%.*s", h.module->name, (int)(end - name), name);
}

static err_t object(struct search *w)
{
	struct call *c = w->c;
	struct object *o = &w->object;
	const struct space *sp = w->s->target->space;
	uint64_t at, value;
	unsigned ptr = w->s->target->ptr_bytes;
	TRY(arg_expr(c, &at));
	TRY(arg_done(c));
	if (!space_ptr(sp, at, ptr, &value))
		return cmd_fail(c, E_ABSENT, at, "Memory access error: %s", space_why_text(space_why(sp, at)));
	o->type = vftable_class(w, value);
	if (!o->type) {
		at = value;
		o->type = space_ptr(sp, at, ptr, &value) ? vftable_class(w, value) : NULL;
	}
	if (!o->type)
		return cmd_fail(c, E_NOTFOUND, at, "No virtual function table of a class is known at this object");
	// Without the class' size only its first table is looked for: the next object may follow it.
	struct sym_hit h;
	struct type type;
	struct symbols *symbols = sym_near(w->s->target, value, &h) ? sym_load(w->s->target, h.module) : NULL;
	struct type_source *types = symbols && symbols->provider->types ? symbols->provider->types(symbols) : NULL;
	uint64_t size = ptr;
	if (types && type_find(types, strchr(o->type, '!') + 1, &type))
		size = MIN(MAX(type.size, (uint64_t)ptr), (uint64_t)LIMIT_RANGE_BYTES / 256);
	for (uint64_t off = 0; off + ptr <= size && o->n < MOST_VFTABLES; off += ptr) {
		TRY(session_poll(w->s));
		if (!space_ptr(sp, at + off, ptr, &value))
			continue;
		const char *name = vftable_class(w, value);
		if (!name || !str_eq(name, o->type))
			continue;
		o->off[o->n] = off;
		o->value[o->n++] = value;
	}
	w->pattern = NEW_N(c->a, uint8_t, 8);
	put(w, o->value[0], ptr);
	return ok();
}

static bool object_at(const struct search *w, va_t at)
{
	const struct object *o = &w->object;
	uint64_t value;
	for (size_t i = 1; i < o->n; i++)
		if (!space_ptr(w->s->target->space, at + o->off[i], w->elem, &value) || value != o->value[i])
			return false;
	return true;
}

static err_t parse(struct search *w)
{
	struct call *c = w->c;
	TRY(type_letters(w));
	w->elem = w->form->elem ? w->form->elem : w->s->target->ptr_bytes;
	w->step = w->form->step ? w->form->step : w->s->target->ptr_bytes;
	arg_blanks(c);
	const char *from = c->p;
	TRY(arg_range(c, w->elem, &w->range));
	if (!w->range.has_addr || !w->range.has_count || !w->range.count)
		return usage(c, "Range error in '%s'", from);
	if (w->form->kind == KIND_NUMBERS)
		return numbers(w);
	if (w->form->kind == KIND_TEXT)
		return text(w);
	return w->form->kind == KIND_OBJECTS ? object(w) : arg_done(c);
}

// ---- hits
static void save(struct search *w, va_t at)
{
	struct saved *v = w->s->search;
	if (v->n >= w->most) {
		w->overflow = true;
		return;
	}
	if (v->n == v->cap) {
		v->cap = MAX(2 * v->cap, (size_t)SAVE_DEFAULT);
		va_t *bigger = NEW_N(w->s->arena, va_t, v->cap);
		if (v->n)
			memcpy(bigger, v->at, v->n * sizeof(*bigger));
		v->at = bigger;
	}
	v->at[v->n++] = at;
}

static err_t hit(struct search *w, va_t at, uint64_t characters)
{
	struct session *s = w->s;
	if (w->save)
		save(w, at);
	TRY(session_poll(s));
	if (w->only_address) {
		ROW(w->out, search_hit, V(at));
		return ok();
	}
	if (w->form->kind == KIND_STRINGS)
		return d_show_text(s, w->out, at, characters, w->elem == 2);
	if (w->form->kind == KIND_OBJECTS) {
		ROW(w->out, search_hit, V(at));
		cmd_nested(s, arena_printf(w->c->a, "dt %s 0x%" PRIx64, w->object.type, at), w->out);
		return session_poll(s);
	}
	struct call line = *w->c;
	line.a = arena_new(LIMIT_COMMAND_MEMORY); // a hit's: there may be millions
	err_t e = d_show(s, &line, w->out, w->form->show, at, w->form->count);
	arena_free(line.a);
	return e;
}

static err_t look(void *ctx, va_t va, const uint8_t *p, size_t n, bool follows)
{
	struct search *w = ctx;
	(void)follows;
	const uint8_t *at = p, *found;
	while ((found = memmem(at, (size_t)(p + n - at), w->pattern, w->n)) != NULL) {
		va_t where = va + (uint64_t)(found - p);
		bool fits = (where - w->range.addr) % w->step == 0;
		if (fits && (w->form->kind != KIND_OBJECTS || object_at(w, where)))
			TRY(hit(w, where, 0));
		at = found + 1;
	}
	return ok();
}

static err_t run_ends(struct search *w, unsigned lane)
{
	uint64_t n = w->run[lane].n;
	w->run[lane].n = 0;
	return n >= w->length ? hit(w, w->run[lane].at, n) : ok();
}

// What is printable is not documented: ASCII without controls.
static err_t look_strings(void *ctx, va_t va, const uint8_t *p, size_t n, bool follows)
{
	struct search *w = ctx;
	if (!follows) {
		TRY(run_ends(w, 0));
		TRY(run_ends(w, 1));
	}
	for (size_t i = 0; i + w->elem <= n; i++) {
		unsigned lane = w->elem == 2 ? (va + i) & 1 : 0;
		bool prints = p[i] >= 0x20 && p[i] < 0x7f && (w->elem == 1 || !p[i + 1]);
		if (!prints) {
			TRY(run_ends(w, lane));
			continue;
		}
		if (!w->run[lane].n++)
			w->run[lane].at = va + i;
	}
	return ok();
}

static err_t look_again(struct search *w)
{
	const struct saved *v = w->s->search;
	uint8_t *buf = NEW_N(w->c->a, uint8_t, w->n);
	for (size_t i = 0; v && i < v->n; i++)
		if (space_read_all(w->s->target->space, v->at[i], buf, w->n) && memcmp(buf, w->pattern, w->n) == 0)
			TRY(hit(w, v->at[i], 0));
	return ok();
}

static err_t search(struct search *w)
{
	const char *why;
	bool strings = w->form->kind == KIND_STRINGS;
	if (w->restricted && (strings || w->form->kind == KIND_OBJECTS))
		return cmd_fail(w->c, E_UNSUPPORTED, 0, "not supported: [r] with -%s", w->form->name);
	if (w->restricted)
		return look_again(w);
	if (w->writable && !scan_knows_writable(w->s->target, &why))
		return cmd_fail(w->c, E_UNSUPPORTED, 0, "not supported: [w] here: %s", why);
	if (w->save && !w->s->search)
		w->s->search = NEW(w->s->arena, struct saved);
	if (w->save)
		((struct saved *)w->s->search)->n = 0;
	struct memory_scan r = { .s = w->s, .a = w->c->a, .from = w->range.addr, .writable = w->writable };
	r.last = r.from + (w->range.count * w->elem - 1);
	r.overlap = strings ? w->elem - 1U : w->n - 1;
	TRY(scan_memory(&r, strings ? look_strings : look, w));
	TRY(run_ends(w, 0));
	return run_ends(w, 1);
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	struct search w = { .s = s, .c = c, .out = out, .most = SAVE_DEFAULT, .length = LENGTH_DEFAULT };
	TRY(parse(&w));
	va_t next_d = s->next_d;
	err_t e = search(&w);
	s->next_d = next_d;
	if (w.overflow)
		doc_note(out, NOTE_WARNING, "search.overflow",
			 "Overflow error: only the first %" PRIu64 " hits are saved", w.most);
	return e;
}

static const struct schema *const rows[] = { &search_hit, &row_memory, &row_memory_string, NULL };
const struct cmd cmd_s = {
	.names = "s",
	.group = "Memory and code",
	.args = "[-[[FLAGS]]b|w|d|q|a|u] RANGE PATTERN | -[[FLAGS]]sa|su RANGE | -[[FLAGS]]v RANGE OBJECT",
	.summary = "Search memory",
	.help = "s 12ff40 L20 48 65 6c     bytes; -w -d -q: numbers of 2, 4, 8 bytes, as many as are given\n"
		"s -d @rsp L1000 'VUTS'    characters as a number\n"
		"s -a 0 L?7fffffff \"text\"  8-bit text; -u: UTF-16. L? lifts the limit of 256 MB\n"
		"s -[l5]sa 400000 L1000    strings of at least 5 characters (3); -su: of UTF-16\n"
		"s -v 0 L?7fffffff rcx     objects of the class that rcx points at\n"
		"s -[1w]q 0 L?7fffffffffff @rcx   1: addresses only; w: in writable memory only\n"
		"s -[s]d ..., s -[r]d ...  saves the hits ([sn 2000]: at most 2000, 1024), looks at saved hits only\n"
		"Gaps between what is in the dump cost nothing. Hits of -w -d -q are aligned to the start of the "
		"range.\n",
	.run = run,
	.rows = rows,
};

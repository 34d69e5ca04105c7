// SPDX-License-Identifier: Apache-2.0
// breakpad.c: Breakpad symbol files: lines of text (github.com/google/breakpad/blob/main/docs/symbol_files.md) become a
// pack. A line that breaks the format is left out. STACK CFI rows are: the image's own unwind data say the same.
#include "base/limits.h"
#include "base/str.h"
#include "pack/pack_map.h"
#include "pack/pack_write.h"

#include <string.h>

struct line { // what is left of it
	const char *p, *end;
};
struct breakpad {
	struct arena *a;
	struct pack_writer *w;
	pack_undecorate_fn *undecorate;
	struct pack_id id;
	struct pack_map files, origins; // number + 1: string
	uint32_t rva, size;             // of the function that is open
	bool open, has_inlines;
};

static bool starts(const struct line *l, const char *word)
{
	size_t n = strlen(word);
	return (size_t)(l->end - l->p) >= n && memcmp(l->p, word, n) == 0;
}

static bool skip(struct line *l, const char *word)
{
	if (!starts(l, word))
		return false;
	l->p += strlen(word);
	return true;
}

static struct span word(struct line *l)
{
	while (l->p < l->end && *l->p == ' ')
		l->p++;
	const char *from = l->p;
	while (l->p < l->end && *l->p != ' ')
		l->p++;
	return (struct span){ (const uint8_t *)from, (size_t)(l->p - from) };
}

static struct span rest(struct line *l)
{
	while (l->p < l->end && *l->p == ' ')
		l->p++;
	struct span s = { (const uint8_t *)l->p, (size_t)(l->end - l->p) };
	l->p = l->end;
	return s;
}

static bool number(struct line *l, unsigned base, uint32_t *ret)
{
	struct span s = word(l);
	uint64_t v = 0;
	for (size_t i = 0; i < s.n; i++) {
		unsigned c = s.p[i], digit = c >= '0' && c <= '9'                 ? c - '0'
					     : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
										  : 99;
		v = v * base + digit;
		if (digit >= base || v > UINT32_MAX)
			return false;
	}
	*ret = (uint32_t)v;
	return s.n != 0;
}

static const char *text(struct breakpad *b, struct span s)
{
	return arena_strndup(b->a, (const char *)s.p, s.n);
}

static uint32_t string(struct breakpad *b, struct span s)
{
	return pack_string(b->w, (const char *)s.p, s.n);
}

// ---- MODULE windows x86_64 GUIDAGE name.pdb
static bool read_id(struct breakpad *b, struct span s)
{
	static const uint8_t order[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
	enum { GUID = 32, LONGEST = GUID + 8 };
	if (s.n <= GUID || s.n > LONGEST)
		return false;
	for (size_t i = 0; i < GUID; i += 2) {
		char digits[2] = { (char)s.p[i], (char)s.p[i + 1] };
		uint32_t v;
		if (!number(&(struct line){ digits, digits + 2 }, 16, &v))
			return false;
		b->id.guid[order[i / 2]] = (uint8_t)v;
	}
	struct line age = { (const char *)s.p + GUID, (const char *)s.p + s.n };
	return number(&age, 16, &b->id.age);
}

static err_t module(struct breakpad *b, struct line l)
{
	static const struct {
		const char *name;
		uint16_t machine;
		unsigned ptr_bytes;
	} machines[] = { { "x86", 0x14c, 4 }, { "x86_64", 0x8664, 8 }, { "arm64", 0xaa64, 8 } };
	(void)word(&l);
	const char *os = text(b, word(&l)), *arch = text(b, word(&l));
	if (!str_ieq(os, "windows"))
		return fail(E_UNSUPPORTED,
			    arena_printf(b->a, "Breakpad symbol file: not supported: of %s, not of Windows", os), 0);
	for (size_t i = 0; i < ARRAY_LEN(machines); i++) {
		if (str_eq(arch, machines[i].name)) {
			b->id.machine = machines[i].machine;
			b->id.ptr_bytes = machines[i].ptr_bytes;
		}
	}
	b->id.has_guid = read_id(b, word(&l));
	b->id.pdb_name = text(b, rest(&l));
	return ok();
}

// INFO CODE_ID 5B7D1968b000 name.dll: time stamp and size of the image.
static void info(struct breakpad *b, struct line l)
{
	enum { STAMP = 8, LONGEST = 16 };
	if (!skip(&l, "CODE_ID "))
		return;
	struct span id = word(&l);
	if (id.n <= STAMP || id.n > LONGEST)
		return;
	const char *p = (const char *)id.p;
	uint32_t stamp, size;
	if (!number(&(struct line){ p, p + STAMP }, 16, &stamp) ||
	    !number(&(struct line){ p + STAMP, p + id.n }, 16, &size))
		return;
	b->id.timestamp = stamp;
	b->id.image_size = size;
	b->id.image_name = text(b, rest(&l));
}

// ---- symbols
// The debugger's names have no parameters: "A::f(int) const" is A::f. Operators and anonymous namespaces keep what
// belongs to their names.
static size_t without_parameters(const char *s, size_t n)
{
	size_t end = n;
	if (n > 6 && memcmp(s + n - 6, " const", 6) == 0)
		end -= 6;
	if (!end || s[end - 1] != ')')
		return n;
	unsigned depth = 0;
	for (size_t i = end; i-- > 0;) {
		if (s[i] == ')')
			depth++;
		else if (s[i] == '(' && --depth == 0)
			return i && s[i - 1] != ':' && s[i - 1] != ' ' ? i : n;
	}
	return n;
}

static void symbol(struct breakpad *b, struct line l, bool is_func)
{
	uint32_t rva, size = 0, params;
	(void)skip(&l, "m ");
	if (!number(&l, 16, &rva) || (is_func && !number(&l, 16, &size)) || !number(&l, 16, &params))
		return;
	const char *name = text(b, rest(&l));
	const char *plain =
		b->undecorate && (*name == '?' || *name == '_' || *name == '@') ? b->undecorate(b->a, name) : NULL;
	struct pack_symbol s = { .name = plain ? plain : name,
				 .decorated = plain ? name : NULL,
				 .rva = rva,
				 .size = size,
				 .is_function = is_func,
				 .is_private = is_func };
	size_t n = strlen(name), stem = plain ? n : without_parameters(name, n);
	if (stem < n) {
		s.decorated = name;
		s.name = arena_strndup(b->a, name, stem);
		s.is_signature = true;
	}
	pack_add_symbol(b->w, &s);
	b->open = is_func;
	b->has_inlines = false;
	if (is_func) {
		b->id.is_private = true;
		b->rva = rva;
		b->size = size;
	}
}

static void numbered(struct breakpad *b, struct pack_map *m, struct line l)
{
	uint32_t n;
	if (!number(&l, 10, &n))
		return;
	struct span s = rest(&l);
	if (m == &b->origins)
		s.n = without_parameters((const char *)s.p, s.n);
	*pack_map_at(b->a, m, (uint64_t)n + 1) = string(b, s);
}

// address size line file
static void source_line(struct breakpad *b, struct line l)
{
	uint32_t rva, size, line, file;
	if (b->open && number(&l, 16, &rva) && number(&l, 16, &size) && number(&l, 10, &line) && number(&l, 10, &file))
		pack_add_line(b->w, *pack_map_at(b->a, &b->files, (uint64_t)file + 1), line, rva, size);
}

// INLINE depth call_line call_file origin [address size]+
static void inlined(struct breakpad *b, struct line l)
{
	uint32_t depth, line, file, origin, rva, size;
	if (!b->open || !number(&l, 10, &depth) || !number(&l, 10, &line) || !number(&l, 10, &file) ||
	    !number(&l, 10, &origin))
		return;
	if (!b->has_inlines)
		pack_begin_function(b->w, b->rva, b->size);
	b->has_inlines = true;
	uint32_t name = *pack_map_at(b->a, &b->origins, (uint64_t)origin + 1);
	uint32_t where = *pack_map_at(b->a, &b->files, (uint64_t)file + 1);
	while (number(&l, 16, &rva) && number(&l, 16, &size))
		pack_add_inline(b->w, name, where, line, depth, rva, size);
}

// STACK WIN type rva size prolog epilog params saved locals max has_program program|uses_bp
static void frame(struct breakpad *b, struct line l)
{
	uint32_t v[10]; // type rva size prolog epilog params saved locals max has_program
	for (size_t i = 0; i < ARRAY_LEN(v); i++)
		if (!number(&l, 16, &v[i]))
			return;
	enum { TYPE_FPO = 0, TYPE_FRAME_DATA = 4 };
	bool program = v[9] != 0;
	if (v[0] != TYPE_FPO && v[0] != TYPE_FRAME_DATA)
		return;
	const char *last = text(b, rest(&l));
	pack_add_frame(b->w, &(struct pack_frame){ .kind = program ? PACK_FRAME_PROGRAM : PACK_FRAME_FPO,
						   .rva = v[1],
						   .size = v[2],
						   .prolog = v[3],
						   .params = v[5],
						   .saved = v[6],
						   .locals = v[7],
						   .uses_bp = !program && str_eq(last, "1"),
						   .program = program ? last : NULL });
}

static void one(struct breakpad *b, struct line l)
{
	if (skip(&l, "FILE "))
		numbered(b, &b->files, l);
	else if (skip(&l, "INLINE_ORIGIN "))
		numbered(b, &b->origins, l);
	else if (skip(&l, "FUNC "))
		symbol(b, l, true);
	else if (skip(&l, "PUBLIC "))
		symbol(b, l, false);
	else if (skip(&l, "INLINE "))
		inlined(b, l);
	else if (skip(&l, "STACK WIN "))
		frame(b, l);
	else if (skip(&l, "INFO "))
		info(b, l);
	else if (!starts(&l, "STACK ") && !starts(&l, "MODULE "))
		source_line(b, l);
}

err_t pack_from_breakpad(struct arena *a, struct span bytes, pack_undecorate_fn *undecorate,
			 const struct pack_origin *from, struct span *ret)
{
	struct breakpad *b = NEW(a, struct breakpad);
	*b = (struct breakpad){ .a = a, .w = pack_writer_new(a), .undecorate = undecorate };
	b->id.from = PACK_FROM_BREAKPAD;
	b->id.source = "Breakpad symbol file";
	const char *p = (const char *)bytes.p, *end = p + bytes.n;
	bool first = true;
	while (p < end) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));
		struct line l = { p, stop ? stop : end };
		p = stop ? stop + 1 : end;
		while (l.end > l.p && (l.end[-1] == '\r' || l.end[-1] == ' '))
			l.end--;
		if (first)
			TRY(module(b, l));
		else if (l.p < l.end)
			one(b, l);
		first = false;
	}
	return pack_finish(b->w, &b->id, from, ret);
}

// SPDX-License-Identifier: Apache-2.0
// pack_write.c: gathers rows in memory, then lays the file out: strings once, symbols and lines by RVA, names hashed.
#include "pack/pack_write.h"

#include "base/limits.h"
#include "base/str.h"
#include "pack/pack_int.h"

#include <stdlib.h>
#include <string.h>

struct vec { // rows of one section, as in the file
	uint8_t *p;
	size_t n, cap, stride;
};
struct set { // open addressing: index + 1 of what is in another table; 0: free
	uint32_t *slots;
	size_t n, cap;
};
struct pack_writer {
	struct arena *a;
	struct vec rows[PACK_SECTIONS];
	struct set strings, types;
};

// One more row; zero. Valid until the next one.
static uint8_t *more(struct pack_writer *w, enum pack_section s, size_t rows)
{
	struct vec *v = &w->rows[s];
	if (!v->p || v->cap - v->n < rows) {
		size_t cap = MAX(v->cap * 2, v->n + rows + 64);
		uint8_t *p = NEW_N(w->a, uint8_t, cap * v->stride);
		if (v->p)
			memcpy(p, v->p, v->n * v->stride);
		v->p = p;
		v->cap = cap;
	}
	uint8_t *row = v->p + v->n * v->stride;
	v->n += rows;
	return row;
}

static void put(uint8_t *at, uint64_t v, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		at[i] = (uint8_t)(v >> (8 * i));
}

static void put32(uint8_t *row, size_t at, uint64_t v)
{
	put(row + at, v, 4);
}

struct pack_writer *pack_writer_new(struct arena *a)
{
	struct pack_writer *w = NEW(a, struct pack_writer);
	w->a = a;
	for (size_t i = 0; i < PACK_SECTIONS; i++)
		w->rows[i].stride = pack_row_bytes[i];
	(void)more(w, S_STRINGS, 1); // ""
	return w;
}

// ---- what is stored once
static uint32_t bytes_hash(const void *p, size_t n)
{
	uint64_t h = pack_sum((struct span){ p, n });
	return (uint32_t)(h ^ h >> 29);
}

static void grow(struct pack_writer *w, struct set *s, uint32_t (*hash)(struct pack_writer *w, uint32_t item))
{
	struct set old = *s;
	s->cap = MAX(old.cap * 2, (size_t)1024);
	s->slots = NEW_N(w->a, uint32_t, s->cap);
	for (size_t i = 0; i < old.cap; i++) {
		if (!old.slots[i])
			continue;
		size_t at = hash(w, old.slots[i]) & (s->cap - 1);
		while (s->slots[at])
			at = (at + 1) & (s->cap - 1);
		s->slots[at] = old.slots[i];
	}
}

static uint32_t string_hash(struct pack_writer *w, uint32_t s)
{
	const char *text = pack_string_text(w, s);
	return bytes_hash(text, strlen(text));
}

const char *pack_string_text(const struct pack_writer *w, uint32_t s)
{
	return (const char *)w->rows[S_STRINGS].p + s;
}

// DEL is left: linkers begin the names of import thunks with it.
static bool has_control(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] < ' ')
			return true;
	return false;
}

uint32_t pack_string(struct pack_writer *w, const char *s, size_t n)
{
	if (!s || !n)
		return 0;
	n = MIN(n, (size_t)LIMIT_PACK_NAME);
	bool ascii = true;
	for (size_t i = 0; i < n; i++)
		ascii = ascii && (unsigned char)s[i] < 0x80;
	if (!ascii) {
		s = bytes_to_utf8(w->a, (struct span){ (const uint8_t *)s, n });
		n = strlen(s);
	}
	if (has_control(s, n)) {
		char *clean = NEW_N(w->a, char, n + 1);
		for (size_t i = 0; i < n; i++)
			clean[i] = (unsigned char)s[i] < ' ' ? '?' : s[i];
		s = clean;
	}
	if (w->strings.n * 2 >= w->strings.cap)
		grow(w, &w->strings, string_hash);
	size_t mask = w->strings.cap - 1, at = bytes_hash(s, n) & mask;
	for (; w->strings.slots[at]; at = (at + 1) & mask) {
		const char *old = pack_string_text(w, w->strings.slots[at]);
		if (strncmp(old, s, n) == 0 && !old[n])
			return w->strings.slots[at];
	}
	uint8_t *row = more(w, S_STRINGS, n + 1);
	memcpy(row, s, n);
	uint32_t offset = (uint32_t)(row - w->rows[S_STRINGS].p);
	w->strings.slots[at] = offset;
	w->strings.n++;
	return offset;
}

static uint32_t text(struct pack_writer *w, const char *s)
{
	return s ? pack_string(w, s, strlen(s)) : 0;
}

// ---- rows
void pack_add_symbol(struct pack_writer *w, const struct pack_symbol *s)
{
	uint32_t name = text(w, s->name), decorated = text(w, s->decorated);
	uint32_t flags = (s->is_function ? SYM_FUNCTION : 0u) | (s->is_private ? SYM_PRIVATE_FLAG : 0u) |
			 (s->is_signature ? SYM_SIGNATURE : 0u);
	uint8_t *row = more(w, S_SYMBOLS, 1);
	put32(row, SYM_RVA, s->rva);
	put32(row, SYM_SIZE, s->size);
	put32(row, SYM_NAME, name);
	put32(row, SYM_DECORATED, decorated == name ? 0 : decorated);
	put32(row, SYM_TYPE, (s->type <= PACK_MAX_TYPE ? s->type : 0) | flags << 24);
}

void pack_add_line(struct pack_writer *w, uint32_t file, uint32_t line, uint32_t rva, uint32_t size)
{
	uint8_t *row = more(w, S_LINES, 1);
	put32(row, LINE_RVA, rva);
	put32(row, LINE_SIZE, size);
	put32(row, LINE_LINE, line);
	put32(row, LINE_FILE, file);
}

void pack_begin_function(struct pack_writer *w, uint32_t rva, uint32_t size)
{
	uint8_t *row = more(w, S_FUNCTIONS, 1);
	put32(row, FUNC_RVA, rva);
	put32(row, FUNC_SIZE, size);
	put32(row, FUNC_FIRST, w->rows[S_INLINES].n);
}

void pack_add_inline(struct pack_writer *w, uint32_t name, uint32_t call_file, uint32_t call_line, uint32_t depth,
		     uint32_t rva, uint32_t size)
{
	uint8_t *row = more(w, S_INLINES, 1);
	put32(row, INL_RVA, rva);
	put32(row, INL_SIZE, size);
	put32(row, INL_DEPTH, depth);
	put32(row, INL_NAME, name);
	put32(row, INL_FILE, call_file);
	put32(row, INL_LINE, call_line);
	uint8_t *f = w->rows[S_FUNCTIONS].p + (w->rows[S_FUNCTIONS].n - 1) * FUNC_ROW;
	put32(f, FUNC_N, get32(f, FUNC_N) + 1);
}

void pack_add_frame(struct pack_writer *w, const struct pack_frame *f)
{
	uint32_t program = text(w, f->program);
	uint8_t *row = more(w, S_FRAMES, 1);
	put32(row, FRAME_RVA, f->rva);
	put32(row, FRAME_SIZE, f->size);
	put32(row, FRAME_KIND, (uint32_t)f->kind | (f->uses_bp ? 1u << 8 : 0));
	put32(row, FRAME_PROLOG, f->prolog);
	put32(row, FRAME_PARAMS, f->params);
	put32(row, FRAME_SAVED, f->saved);
	put32(row, FRAME_LOCALS, f->locals);
	put32(row, FRAME_PROGRAM, program);
}

// ---- types
static uint8_t *type_row(struct pack_writer *w, type_id id)
{
	return w->rows[S_TYPES].p + (size_t)(id - 1) * TYPE_ROW;
}

type_id pack_reserve_type(struct pack_writer *w)
{
	(void)more(w, S_TYPES, 1);
	return (type_id)w->rows[S_TYPES].n;
}

void pack_set_type(struct pack_writer *w, type_id id, const struct type *t)
{
	uint32_t name = text(w, t->name), unique = text(w, t->unique_name);
	uint8_t *row = type_row(w, id);
	row[0] = (uint8_t)t->kind;
	row[1] = (uint8_t)t->quals;
	row[2] = (uint8_t)t->pointer;
	row[3] = (uint8_t)((t->forward ? TYPE_FORWARD : 0) | (t->variadic ? TYPE_VARIADIC : 0));
	put32(row, TYPE_NAME, name);
	put32(row, TYPE_UNIQUE, unique == name ? 0 : unique);
	put32(row, TYPE_TARGET, t->target);
	put32(row, TYPE_OWNER, t->owner);
	put32(row, TYPE_THIS, t->this_type);
	put(row + TYPE_SIZE, t->size, 8);
	if (t->kind == TYPE_BITFIELD)
		put32(row, TYPE_FIRST, (t->pos & 0xff) | (t->bits & 0xff) << 8);
	put(row + TYPE_COUNT, t->count, 8);
}

static uint32_t type_hash(struct pack_writer *w, uint32_t id)
{
	return bytes_hash(type_row(w, id), TYPE_ROW);
}

type_id pack_add_type(struct pack_writer *w, const struct type *t)
{
	if (w->types.n * 2 >= w->types.cap)
		grow(w, &w->types, type_hash);
	type_id id = pack_reserve_type(w);
	pack_set_type(w, id, t);
	size_t mask = w->types.cap - 1, at = type_hash(w, id) & mask;
	for (; w->types.slots[at]; at = (at + 1) & mask) {
		if (memcmp(type_row(w, w->types.slots[at]), type_row(w, id), TYPE_ROW) != 0)
			continue;
		memset(type_row(w, id), 0, TYPE_ROW);
		w->rows[S_TYPES].n--;
		return w->types.slots[at];
	}
	w->types.slots[at] = id;
	w->types.n++;
	return id;
}

void pack_begin_members(struct pack_writer *w, type_id id)
{
	put32(type_row(w, id), TYPE_FIRST, w->rows[S_MEMBERS].n);
	put32(type_row(w, id), TYPE_N, 0);
}

static void one_more(struct pack_writer *w, type_id id)
{
	put32(type_row(w, id), TYPE_N, get32(type_row(w, id), TYPE_N) + 1);
}

void pack_add_member(struct pack_writer *w, type_id id, const struct type_member *m)
{
	pack_add_member_named(w, id, text(w, m->name), m);
}

void pack_add_member_named(struct pack_writer *w, type_id id, uint32_t name, const struct type_member *m)
{
	bool has_value = m->kind == MEMBER_ENUMERATOR || m->kind == MEMBER_VBASE || m->kind == MEMBER_INDIRECT_VBASE;
	uint32_t flags = (m->value_unsigned ? MEMBER_UNSIGNED : 0u) | (m->is_virtual ? MEMBER_VIRTUAL : 0u) |
			 (m->intro_virtual ? MEMBER_INTRO : 0u) | (m->is_static ? MEMBER_IS_STATIC : 0u) |
			 (m->is_pure ? MEMBER_PURE : 0u);
	uint8_t *row = more(w, S_MEMBERS, 1);
	put32(row, MEMBER_NAME, name);
	put32(row, MEMBER_TYPE, m->type);
	put(row + MEMBER_NUMBER, has_value ? (uint64_t)m->value : m->offset, 8);
	put32(row, MEMBER_SECOND, has_value ? m->offset : 0);
	put32(row, MEMBER_FLAGS, (uint32_t)m->kind | (m->access & 3u) << 8 | flags << 16);
	one_more(w, id);
}

void pack_begin_params(struct pack_writer *w, type_id id)
{
	put32(type_row(w, id), TYPE_FIRST, w->rows[S_PARAMS].n);
	put32(type_row(w, id), TYPE_N, 0);
}

void pack_add_param(struct pack_writer *w, type_id id, type_id param)
{
	put32(more(w, S_PARAMS, 1), 0, param);
	one_more(w, id);
}

// An array's element is in the table before it, or has its size by now.
static void work_out_sizes(struct pack_writer *w, unsigned ptr_bytes)
{
	for (type_id id = 1; id <= w->rows[S_TYPES].n; id++) {
		uint8_t *row = type_row(w, id);
		uint32_t target = get32(row, TYPE_TARGET);
		bool known = target && target <= w->rows[S_TYPES].n;
		uint64_t size = known ? get64(type_row(w, target), TYPE_SIZE) : 0;
		if (get64(row, TYPE_SIZE))
			continue;
		if (row[0] == TYPE_POINTER)
			size = ptr_bytes;
		else if (row[0] == TYPE_ARRAY && !mul_ok(get64(row, TYPE_COUNT), size, &size))
			continue;
		if (row[0] == TYPE_POINTER || row[0] == TYPE_ARRAY || row[0] == TYPE_BITFIELD)
			put(row + TYPE_SIZE, size, 8);
	}
}

// ---- laying out
static int ascending(const void *a, const void *b)
{
	uint64_t x, y;
	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return (x > y) - (x < y);
}

// By the RVA that each row starts with; equal ones stay in the order in which they came.
static void sort_rows(struct pack_writer *w, enum pack_section s)
{
	struct vec *v = &w->rows[s];
	bool sorted = true;
	uint64_t *keys = NEW_N(w->a, uint64_t, v->n);
	for (size_t i = 0; i < v->n; i++) {
		keys[i] = (uint64_t)get32(v->p + i * v->stride, 0) << 32 | i;
		sorted = sorted && (!i || keys[i - 1] <= keys[i]);
	}
	if (sorted)
		return; // nothing to sort, too
	qsort(keys, v->n, sizeof(*keys), ascending);
	uint8_t *p = NEW_N(w->a, uint8_t, v->n * v->stride);
	for (size_t i = 0; i < v->n; i++)
		memcpy(p + i * v->stride, v->p + (uint32_t)keys[i] * v->stride, v->stride);
	v->p = p;
	v->cap = v->n;
}

// What compilers call types without a name: thousands share it.
static bool is_no_name(const char *name)
{
	return str_eq(name, "<unnamed-tag>") || str_eq(name, "<anonymous-tag>") || str_eq(name, "__unnamed");
}

// Two names of a row at offsets a and b.
static void hash_names(struct pack_writer *w, enum pack_section rows, size_t a, size_t b, enum pack_section buckets)
{
	const struct vec *v = &w->rows[rows];
	size_t n = 16;
	while (n < v->n)
		n *= 2;
	struct pair {
		uint32_t bucket, row;
	} *pairs = NEW_N(w->a, struct pair, v->n * 2);
	uint32_t *first = NEW_N(w->a, uint32_t, n + 1);
	size_t n_pairs = 0;
	for (size_t i = 0; i < v->n; i++) {
		if (rows == S_TYPES && v->p[i * v->stride + 1])
			continue; // const and volatile forms go by the name of the type itself
		for (int k = 0; k < 2; k++) {
			const char *name = pack_string_text(w, get32(v->p + i * v->stride, k ? b : a));
			if (!*name || is_no_name(name))
				continue;
			pairs[n_pairs] = (struct pair){ pack_hash(name, strlen(name)) % (uint32_t)n, (uint32_t)i };
			first[pairs[n_pairs++].bucket + 1]++;
		}
	}
	for (size_t i = 0; i < n; i++)
		first[i + 1] += first[i];
	uint8_t *table = more(w, buckets, n + 1);
	for (size_t i = 0; i <= n; i++)
		put32(table, i * 4, first[i]);
	uint8_t *entries = more(w, buckets + 1, n_pairs);
	for (size_t i = 0; i < n_pairs; i++)
		put32(entries, (size_t)first[pairs[i].bucket]++ * 4, pairs[i].row);
}

static void put_identity(struct pack_writer *w, uint8_t *h, const struct pack_id *id, const struct pack_origin *from)
{
	memcpy(h + H_GUID, id->guid, sizeof(id->guid));
	put32(h, H_AGE, id->age);
	put(h + H_MACHINE, id->machine, 2);
	h[H_SOURCE] = (uint8_t)id->from;
	h[H_PTR] = (uint8_t)id->ptr_bytes;
	put32(h, H_FLAGS, (id->has_guid ? PACK_HAS_GUID : 0u) | (id->is_private ? PACK_PRIVATE : 0u));
	put32(h, H_TIMESTAMP, id->timestamp);
	put32(h, H_IMAGE_SIZE, id->image_size);
	put32(h, H_PDB_NAME, text(w, id->pdb_name));
	put32(h, H_IMAGE_NAME, text(w, id->image_name));
	put32(h, H_SENTENCE, text(w, id->source));
	if (from) {
		put(h + H_ORIGIN_SIZE, from->size, 8);
		put(h + H_ORIGIN_STAMP, from->stamp, 8);
		put32(h, H_ORIGIN_PATH, text(w, from->path));
	}
}

static err_t count_limits(const struct pack_writer *w)
{
	for (size_t i = 0; i < PACK_SECTIONS; i++)
		if (w->rows[i].n > (i == S_STRINGS ? INT32_MAX : (size_t)LIMIT_PACK_ROWS))
			return fail(E_LIMIT, "too much for one layout pack", w->rows[i].n);
	return w->rows[S_TYPES].n > PACK_MAX_TYPE ? fail(E_LIMIT, "too many types for one layout pack", 0) : ok();
}

err_t pack_finish(struct pack_writer *w, const struct pack_id *id, const struct pack_origin *from, struct span *ret)
{
	TRY(count_limits(w));
	uint8_t head[H_TABLE + (size_t)PACK_SECTIONS * SECTION_ROW] = { 0 };
	work_out_sizes(w, id->ptr_bytes);
	sort_rows(w, S_SYMBOLS);
	sort_rows(w, S_FUNCTIONS);
	sort_rows(w, S_LINES);
	sort_rows(w, S_FRAMES);
	hash_names(w, S_SYMBOLS, SYM_NAME, SYM_DECORATED, S_SYMBOL_BUCKETS);
	hash_names(w, S_TYPES, TYPE_NAME, TYPE_UNIQUE, S_TYPE_BUCKETS);
	put_identity(w, head, id, from);
	size_t size = sizeof(head);
	for (size_t i = 0; i < PACK_SECTIONS; i++) {
		uint8_t *row = head + H_TABLE + i * SECTION_ROW;
		put32(row, 0, i);
		put32(row, 4, w->rows[i].stride);
		put(row + 8, size, 8);
		put(row + 16, w->rows[i].n, 8);
		size += (w->rows[i].n * w->rows[i].stride + 7) & ~(size_t)7;
	}
	memcpy(head + H_MAGIC, PACK_MAGIC, sizeof(PACK_MAGIC) - 1);
	put32(head, H_VERSION, PACK_VERSION);
	put32(head, H_HEADER_SIZE, sizeof(head));
	put(head + H_FILE_SIZE, size, 8);
	put32(head, H_SECTIONS, PACK_SECTIONS);
	uint8_t *all = NEW_N(w->a, uint8_t, size);
	for (size_t i = 0; i < PACK_SECTIONS; i++)
		if (w->rows[i].n)
			memcpy(all + get64(head + H_TABLE + i * SECTION_ROW, 8), w->rows[i].p,
			       w->rows[i].n * w->rows[i].stride);
	memcpy(all, head, sizeof(head));
	put(all + H_SUM, pack_sum((struct span){ all + H_GUID, size - H_GUID }), 8);
	*ret = (struct span){ all, size };
	return ok();
}

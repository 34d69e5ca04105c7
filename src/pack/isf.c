// SPDX-License-Identifier: Apache-2.0
// isf.c: Volatility 3's intermediate symbol files: JSON, read as a stream (yajl), become a pack. The members of the
// format are described in docs/pack-format.md. Fields come in the order of their names: offset and bit position put
// them back into the order of the declaration, as far as that can be known.
#include "base/limits.h"
#include "base/str.h"
#include "pack/isf_int.h"

#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

static const char *const words[] = {
	[K_NONE] = "",
	[K_METADATA] = "metadata",
	[K_BASE_TYPES] = "base_types",
	[K_USER_TYPES] = "user_types",
	[K_ENUMS] = "enums",
	[K_SYMBOLS] = "symbols",
	[K_PRODUCER] = "producer",
	[K_WINDOWS] = "windows",
	[K_LINUX] = "linux",
	[K_MAC] = "mac",
	[K_PDB] = "pdb",
	[K_FORMAT] = "format",
	[K_NAME] = "name",
	[K_VERSION] = "version",
	[K_GUID] = "GUID",
	[K_AGE] = "age",
	[K_DATABASE] = "database",
	[K_MACHINE] = "machine_type",
	[K_KIND] = "kind",
	[K_SIZE] = "size",
	[K_SIGNED] = "signed",
	[K_FIELDS] = "fields",
	[K_OFFSET] = "offset",
	[K_TYPE] = "type",
	[K_SUBTYPE] = "subtype",
	[K_COUNT] = "count",
	[K_BIT_POSITION] = "bit_position",
	[K_BIT_LENGTH] = "bit_length",
	[K_BASE] = "base",
	[K_CONSTANTS] = "constants",
	[K_ADDRESS] = "address",
	[K_LINKAGE_NAME] = "linkage_name",
};

static enum isf_key key_of(const unsigned char *s, size_t n)
{
	for (size_t i = 1; i < ARRAY_LEN(words); i++)
		if (words[i][0] == (char)*s && strlen(words[i]) == n && memcmp(words[i], s, n) == 0)
			return (enum isf_key)i;
	return K_NONE;
}

static struct isf_frame *top(struct isf *x)
{
	return &x->frames[x->depth];
}

static int stop(struct isf *x, err_t e)
{
	x->error = e;
	return 0; // ends yajl_parse()
}

// ---- structure
// What a map or the value of a key is, by where it stands.
static enum isf_place place_in(struct isf *x)
{
	const struct isf_frame *f = top(x);
	static const struct {
		enum isf_place in;
		enum isf_key key;
		enum isf_place is;
	} rules[] = {
		{ P_ROOT, K_METADATA, P_META },    { P_ROOT, K_BASE_TYPES, P_BASES },
		{ P_ROOT, K_USER_TYPES, P_USERS }, { P_ROOT, K_ENUMS, P_ENUMS },
		{ P_ROOT, K_SYMBOLS, P_SYMBOLS },  { P_META, K_PRODUCER, P_PRODUCER },
		{ P_META, K_WINDOWS, P_WINDOWS },  { P_WINDOWS, K_PDB, P_PDB },
		{ P_USER, K_FIELDS, P_FIELDS },    { P_FIELD, K_TYPE, P_TYPE },
		{ P_TYPE, K_TYPE, P_TYPE },        { P_TYPE, K_SUBTYPE, P_TYPE },
		{ P_ENUM, K_CONSTANTS, P_VALUES }, { P_SYMBOL, K_TYPE, P_TYPE },
	};
	switch (f->place) {
	case P_OUTSIDE:
		return P_ROOT;
	case P_BASES:
		return P_BASE;
	case P_USERS:
		return P_USER;
	case P_FIELDS:
		return P_FIELD;
	case P_ENUMS:
		return P_ENUM;
	case P_SYMBOLS:
		return P_SYMBOL;
	default:
		break;
	}
	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		if (rules[i].in == f->place && rules[i].key == f->key)
			return rules[i].is;
	return P_SKIP;
}

static int push(struct isf *x, enum isf_place place)
{
	if (x->depth + 1 >= ARRAY_LEN(x->frames))
		return stop(x, fail(E_LIMIT, "ISF: nested too deeply", 0));
	if (x->depth == 0 && x->roots++)
		return stop(x, fail(E_CORRUPT, "ISF: text behind its end", 0));
	uint32_t entry = top(x)->name;
	x->depth++;
	*top(x) = (struct isf_frame){ .place = place, .entry = entry };
	return 1;
}

static int on_map(void *ctx)
{
	struct isf *x = ctx;
	const struct isf_frame *f = top(x);
	if (f->place == P_META && (f->key == K_LINUX || f->key == K_MAC))
		return stop(x, fail(E_UNSUPPORTED, "ISF: not supported: of another system than Windows", 0));
	enum isf_place place = place_in(x);
	if (place == P_USER || place == P_ENUM)
		x->n_fields = 0;
	return push(x, place);
}

static int on_array(void *ctx)
{
	struct isf *x = ctx;
	return x->depth ? push(x, P_SKIP) : stop(x, fail(E_CORRUPT, "is no ISF", 0));
}

static int on_key(void *ctx, const unsigned char *s, size_t n)
{
	struct isf *x = ctx;
	struct isf_frame *f = top(x);
	bool names = f->place == P_BASES || f->place == P_USERS || f->place == P_FIELDS || f->place == P_ENUMS ||
		     f->place == P_VALUES || f->place == P_SYMBOLS;
	if (names)
		f->name = pack_string(x->w, (const char *)s, n);
	else
		f->key = n ? key_of(s, n) : K_NONE;
	return 1;
}

static int on_map_end(void *ctx)
{
	struct isf *x = ctx;
	struct isf_frame done = *top(x);
	x->depth--;
	switch (done.place) {
	case P_BASE:
		isf_base(x, &done);
		break;
	case P_TYPE:
		top(x)->type = isf_type(x, &done);
		break;
	case P_FIELD:
		isf_field(x, &done);
		break;
	case P_USER:
		isf_user(x, &done);
		break;
	case P_ENUM:
		isf_enum(x, &done);
		break;
	case P_SYMBOL:
		isf_symbol(x, &done);
		break;
	default:
		break;
	}
	return 1;
}

static int on_array_end(void *ctx)
{
	((struct isf *)ctx)->depth--;
	return 1;
}

// ---- values
static enum isf_kind kind_of(const char *s, size_t n)
{
	static const char *const kinds[] = { "",     "struct",  "union", "class",    "enum",
					     "base", "pointer", "array", "bitfield", "function",
					     "int",  "char",    "float", "bool",     "void" };
	for (size_t i = 1; i < ARRAY_LEN(kinds); i++)
		if (strlen(kinds[i]) == n && memcmp(kinds[i], s, n) == 0)
			return (enum isf_kind)i;
	return KIND_NONE;
}

// 32 hexadecimal digits, as symbol stores write GUIDs, into the order in which files hold them.
static bool read_guid(const char *s, size_t n, uint8_t ret[16])
{
	static const uint8_t order[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
	if (n != 32)
		return false;
	for (size_t i = 0; i < 32; i++) {
		char c = s[i];
		unsigned v;
		if (c >= '0' && c <= '9')
			v = (unsigned)(c - '0');
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			v = (unsigned)((c | 32) - 'a' + 10);
		else
			return false;
		uint8_t *at = &ret[order[i / 2]];
		*at = (uint8_t)(i % 2 ? *at | v : v << 4);
	}
	return true;
}

static int on_string(void *ctx, const unsigned char *text, size_t n)
{
	struct isf *x = ctx;
	struct isf_frame *f = top(x);
	const char *s = (const char *)text;
	if (f->place == P_META && f->key == K_FORMAT)
		x->format = arena_strndup(x->a, s, MIN(n, (size_t)64));
	else if (f->place == P_PRODUCER && f->key == K_NAME)
		x->producer = arena_strndup(x->a, s, MIN(n, (size_t)64));
	else if (f->place == P_PRODUCER && f->key == K_VERSION)
		x->version = arena_strndup(x->a, s, MIN(n, (size_t)64));
	else if (f->place == P_PDB && f->key == K_GUID)
		x->has_guid = read_guid(s, n, x->id.guid);
	else if (f->place == P_PDB && f->key == K_DATABASE)
		x->id.pdb_name = arena_strndup(x->a, s, MIN(n, (size_t)LIMIT_PACK_NAME));
	else if (f->place == P_SYMBOL && f->key == K_LINKAGE_NAME)
		f->text = pack_string(x->w, s, n);
	else if (f->place >= P_BASE && f->key == K_KIND)
		f->kind = kind_of(s, n);
	else if (f->place == P_TYPE && f->key == K_NAME)
		f->text = pack_string(x->w, s, n);
	else if ((f->place == P_TYPE || f->place == P_ENUM) && f->key == K_BASE)
		f->base = pack_string(x->w, s, n);
	return 1;
}

static int on_boolean(void *ctx, int v)
{
	struct isf *x = ctx;
	if (top(x)->place == P_BASE && top(x)->key == K_SIGNED)
		top(x)->is_signed = v;
	return 1;
}

// Integers only; false for anything else, and for what 64 bits do not hold.
static bool read_number(const char *s, size_t n, struct isf_number *ret)
{
	bool minus = n && *s == '-';
	uint64_t v = 0;
	if (n == minus)
		return false;
	for (size_t i = minus; i < n; i++)
		if (s[i] < '0' || s[i] > '9' || !mul_ok(v, 10, &v) || !add_ok(v, (uint64_t)(s[i] - '0'), &v))
			return false;
	if (minus && v > (uint64_t)INT64_MAX + 1)
		return false;
	*ret = (struct isf_number){ .bits = minus ? 0 - v : v, .minus = minus };
	return true;
}

static int on_number(void *ctx, const char *s, size_t n)
{
	struct isf *x = ctx;
	struct isf_frame *f = top(x);
	struct isf_number v;
	if (f->place < P_PDB || !read_number(s, n, &v)) {
		return 1;
	} else if (f->place == P_VALUES) {
		isf_value(x, f->name, &v);
	} else if (f->place == P_PDB) {
		if (f->key == K_AGE)
			x->id.age = (uint32_t)v.bits;
		else if (f->key == K_MACHINE)
			x->id.machine = (uint16_t)v.bits;
	} else if (!v.minus && (f->key == K_SIZE || f->key == K_OFFSET || f->key == K_COUNT || f->key == K_ADDRESS)) {
		f->number = v.bits;
		f->has_number = true;
	} else if (!v.minus && f->key == K_BIT_POSITION) {
		f->pos = (unsigned)MIN(v.bits, (uint64_t)255);
	} else if (!v.minus && f->key == K_BIT_LENGTH) {
		f->bits = (unsigned)MIN(v.bits, (uint64_t)255);
	}
	return 1;
}

static int on_null(void *ctx)
{
	(void)ctx;
	return 1;
}

// ---- yajl's memory is the arena's: a size stands before each piece, so that it can grow.
enum { HEAD = 16 };
static void *piece(void *ctx, size_t n)
{
	uint8_t *p = n > SIZE_MAX - HEAD ? NULL : NEW_N((struct arena *)ctx, uint8_t, n + HEAD);
	if (!p)
		return NULL;
	memcpy(p, &n, sizeof(n));
	return p + HEAD;
}

static void *larger(void *ctx, void *old, size_t n)
{
	uint8_t *p = piece(ctx, n);
	size_t had;
	if (old && p) {
		memcpy(&had, (uint8_t *)old - HEAD, sizeof(had));
		memcpy(p, old, MIN(had, n));
	}
	return p;
}

static void forget(void *ctx, void *p)
{
	(void)ctx;
	(void)p;
}

static err_t parse(struct isf *x, struct span json)
{
	static const yajl_callbacks on = { on_null, on_boolean, NULL,       NULL,     on_number,   on_string,
					   on_map,  on_key,     on_map_end, on_array, on_array_end };
	yajl_alloc_funcs memory = { piece, larger, forget, x->a };
	yajl_handle h = yajl_alloc(&on, &memory, x);
	if (!h)
		return fail(E_LIMIT, "ISF: no memory for the JSON reader", 0);
	yajl_status s = yajl_parse(h, json.p, json.n);
	if (s == yajl_status_ok)
		s = yajl_complete_parse(h);
	if (x->error.code)
		return fail(x->error.code, x->error.what, yajl_get_bytes_consumed(h));
	return s == yajl_status_ok ? ok() : fail(E_CORRUPT, "ISF: broken JSON", yajl_get_bytes_consumed(h));
}

err_t pack_from_isf(struct arena *a, struct span json, pack_undecorate_fn *undecorate, const struct pack_origin *from,
		    struct span *ret)
{
	struct isf *x = NEW(a, struct isf);
	x->a = a;
	x->w = pack_writer_new(a);
	x->undecorate = undecorate;
	TRY(parse(x, json));
	if (!x->format || !x->roots)
		return fail(E_CORRUPT, "is no ISF: it has no metadata.format", 0);
	if (x->format[0] < '4' || x->format[0] > '6' || x->format[1] != '.')
		return fail(E_UNSUPPORTED, arena_printf(a, "ISF: not supported: format %s; known: 4 to 6", x->format),
			    0);
	x->id.has_guid = x->has_guid && x->id.age;
	x->id.from = PACK_FROM_ISF;
	x->id.source = arena_printf(a, "ISF %s by %s %s", x->format, x->producer ? x->producer : "an unnamed producer",
				    x->version ? x->version : "");
	return pack_finish(x->w, &x->id, from, ret);
}

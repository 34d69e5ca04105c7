// SPDX-License-Identifier: Apache-2.0
// value.h: a typed object of the target: its parts, its numbers, and its text as `dt` writes it.
#pragma once
#include "mem/space.h"
#include "sym/sym.h"

// What reading and showing values needs; one for each command. What it returns lives in `a`.
struct value_env {
	struct arena *a;
	const struct space *space;
	struct target *target;   // names of functions; NULL: addresses only
	struct symbols *symbols; // of the module that the types are from: constants of enums; may be NULL
	// Set by whatever shows or reads a value: bytes of it were not readable, at this address.
	bool unreadable;
	va_t unreadable_at;
	unsigned steps; // elements and nodes visited; see LIMIT_VALUE_STEPS
	unsigned depth; // summaries inside summaries; see LIMIT_VALUE_DEPTH
};

enum value_where { VALUE_NONE, VALUE_MEMORY, VALUE_BYTES };
struct value {
	struct type type;
	enum value_where where; // VALUE_NONE: a type without an object
	va_t va;                // VALUE_MEMORY
	struct span bytes;      // VALUE_BYTES: from the object's first byte on; may end early
};
static inline struct value value_at(const struct type *t, va_t va)
{
	return (struct value){ .type = *t, .where = VALUE_MEMORY, .va = va };
}
static inline struct value value_of(const struct type *t, struct span bytes)
{
	return (struct value){ .type = *t, .where = VALUE_BYTES, .bytes = bytes };
}
static inline struct value value_none(const struct type *t)
{
	return (struct value){ .type = *t };
}

// ---- bytes and numbers. False: not readable, or no such number.
bool value_read(struct value_env *e, const struct value *v, uint64_t off, void *buf, size_t n);
bool value_is_scalar(const struct type *t); // one that value_uint() reads
// Of a number, character, bool, enum, pointer or bit field of up to 8 bytes; zero-extended.
bool value_uint(struct value_env *e, const struct value *v, uint64_t *ret);
bool value_int(struct value_env *e, const struct value *v, int64_t *ret); // sign-extended from the type's width
bool value_double(struct value_env *e, const struct value *v, double *ret);
bool value_is_signed(const struct type *t); // of a number, an enum, a bit field: by its underlying type
// The name of an enum's value; NULL: none has it.
const char *value_enumerator(struct arena *a, const struct type *t, uint64_t number);

// ---- parts. A part of a type without an object is a type without an object. False: there is no such part.
bool value_member(const struct value *v, const struct type_member *m, struct value *ret); // data, base class, vfptr
bool value_named(const struct value *v, const char *name, struct value *ret);
bool value_element(const struct value *v, uint64_t i, struct value *ret); // of an array
// What a pointer points at. False also for 0, void and what is not readable.
bool value_deref(struct value_env *e, const struct value *v, struct value *ret);
// "a.b[3].c": members and elements, through pointers too.
bool value_path(struct value_env *e, const struct value *v, const char *path, struct value *ret);
// i-th object of a type that lies at `first`; for what a pointer points at.
struct value value_nth(const struct type *elem, va_t first, uint64_t i);

// ---- text
enum value_flags {
	VALUE_BARE = 1,     // dt -b: pointers without what they point at
	VALUE_EXPANDED = 2, // its members follow: a struct shows its summary without its type
};
// As dt: "0x41", "0n-6", "0x0000... _TYPE", `_UNICODE_STRING "x"`, "?? " ... A type without an object gives the
// type's text. Never NULL.
const char *value_text(struct value_env *e, const struct value *v, unsigned flags);
// One line for what a well-known struct means (a string, list head, GUID, container, active variant); NULL: its type is
// not known here, or makes no sense in memory.
const char *value_summary(struct value_env *e, const struct value *v);
// The bytes from va as text in quotes: up to `max` characters of `width` (1, 2, 4) bytes, to a NUL unless counted.
const char *value_quoted(struct value_env *e, va_t va, unsigned width, uint64_t max, bool counted);
const char *value_pointer_number(struct arena *a, unsigned ptr_bytes, va_t va); // 0x00007ff8`e31d3250, 0x77a60200
const char *value_uint_text(struct arena *a, uint64_t u); // as dt writes unsigned ones: 7, 0x41, 0x00000001`74e7ad64

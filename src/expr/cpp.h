// SPDX-License-Identifier: Apache-2.0
// cpp.h: the C++ expression evaluator of `??` and @@c++( ). It knows no target: names, registers and types come from a
// scope of callbacks. Documented in Microsoft's "C++ Numbers and Operators".
#pragma once
#include "value/value.h"

// Types that no module records: the language's own, and pointers to and arrays of any other. Equal types are one.
struct cpp_types;
struct cpp_types *cpp_types_new(struct arena *a, unsigned ptr_bytes);
enum cpp_base {
	CPP_VOID,
	CPP_BOOL,
	CPP_CHAR,
	CPP_SCHAR,
	CPP_UCHAR,
	CPP_WCHAR,
	CPP_SHORT,
	CPP_USHORT,
	CPP_INT,
	CPP_UINT,
	CPP_LONG, // 32 bits, as Windows has it
	CPP_ULONG,
	CPP_INT64,
	CPP_UINT64,
	CPP_FLOAT,
	CPP_DOUBLE,
	CPP_BASES,
};
struct type cpp_base_type(const struct cpp_types *t, enum cpp_base b);
// E_LIMIT when there are too many.
MUST_USE err_t cpp_pointer_to(struct cpp_types *t, const struct type *to, struct type *ret);
MUST_USE err_t cpp_array_of(struct cpp_types *t, const struct type *elem, uint64_t n, struct type *ret);

struct cpp_value {
	struct value v;  // VALUE_MEMORY: an object of the target; VALUE_BYTES: a number, or an object in registers
	unsigned pseudo; // n + 1: it is $tn, which may be assigned to; 0: it is none
	bool is_ref;     // a C++ reference: shown as the pointer that it is, used as what it refers to
};
// A number as a value of a base type; the bytes live in `a`.
struct cpp_value cpp_number(const struct cpp_types *t, struct arena *a, enum cpp_base b, uint64_t number);
// The same of any scalar type of up to 8 bytes, cut to its size.
struct cpp_value cpp_scalar(struct arena *a, const struct type *type, uint64_t number);

struct cpp_scope {
	void *ctx;
	struct value_env *env; // memory of the target; everything that is made lives in its arena
	struct cpp_types *types;
	unsigned ptr_bytes;
	unsigned depth;   // 0; in a nested evaluation the depth that was handed on
	bool is_argument; // of a command: a comma ends the expression
	// As in expr.h: *err is OK on entry, a code left in it fails the expression; false: there is no such name.
	bool (*reg)(void *ctx, const char *name, struct cpp_value *ret, err_t *err);
	bool (*pseudo)(void *ctx, const char *name, struct cpp_value *ret, err_t *err); // without the '$'
	// A variable, function or constant "mod!name", "name", "$!local".
	bool (*name)(void *ctx, const char *name, struct cpp_value *ret, err_t *err);
	bool (*type)(void *ctx, const char *name, struct type *ret, err_t *err); // struct ... enum or typedef
	bool (*is_local)(void *ctx, const char *name); // exactly of this name: it hides a type
	// Evaluates the text inside @@( ), @@masm( ).
	bool (*masm)(void *ctx, const char *text, size_t n, unsigned depth, uint64_t *ret, err_t *err);
	// Gives $tn a value of 64 bits.
	void (*assign)(void *ctx, unsigned n, uint64_t value);
};

// Evaluates one expression at the start of `text`, to the first character that cannot continue it; *rest points there.
// Errors are those of expr_eval(), and "Type does not have given member error at 'x'", "Type is not an array or pointer
// for operator[] '[0]'". Assignment to memory or registers is E_UNSUPPORTED: a dump is only read.
MUST_USE err_t cpp_eval(const struct cpp_scope *s, const char *text, struct cpp_value *ret, const char **rest);
// What a command makes of a value that it needs as a number or an address: sign-extended when its type is signed.
// E_USAGE "Syntax error at 'TEXT'": it is none; E_ABSENT: not readable.
MUST_USE err_t cpp_as_number(const struct cpp_scope *s, const char *text, const struct cpp_value *v, uint64_t *ret);

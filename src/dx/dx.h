// SPDX-License-Identifier: Apache-2.0
// dx.h: the debugger's object model, as dx expressions see it: objects with properties, methods and elements, over
// which queries run. Documented in Microsoft's "dx", "Using LINQ With the debugger objects" and "Native Debugger
// Objects in JavaScript Extensions".
//
// To add a property: a line in the table of its class (dx/process.c ...). To add a method of lists or strings: a line
// in the table of dx/query.c, dx/order.c, dx/fold.c or dx/string.c.
#pragma once
#include "expr/cpp.h"

enum dx_kind {
	DX_NOTHING,
	DX_ERROR,  // `text` says why there is no value
	DX_VALUE,  // a number, or an object of the target
	DX_STRING, // `text`
	DX_MODEL,  // an object of the debugger
	DX_METHOD, // what can be called
};
struct dx_class;
struct dx_callable;
struct dx_obj {
	enum dx_kind kind;
	bool typed; // DX_VALUE: an object of the program, shown with its type
	const char *text;
	const struct cpp_value *v;
	const struct dx_class *class;
	const void *self; // DX_MODEL: the class's own; DX_METHOD: struct dx_callable
};

struct cpp;
struct dx { // one evaluation
	struct session *s;
	struct arena *a;
	const struct cpp_scope *scope; // names, types, registers
	struct cpp *ops;
	unsigned depth;
	uint64_t steps; // see LIMIT_DX_STEPS
	bool layouts;   // set when fields of kernel objects were read whose places layout_note() is about
};
// Readies an evaluation; objects live in the arena of the scope. User variables are in slots of the session.
void dx_begin(struct dx *x, struct session *s, const struct cpp_scope *scope);
// Evaluates the expression at the start of `text`; *rest: the first character that cannot continue it. Errors: E_USAGE
// "Unable to bind name 'x'", E_ABSENT "Unable to read memory at Address 0x38", E_UNSUPPORTED, E_LIMIT, E_CANCELLED. An
// assignment to a user variable keeps what it evaluates as long as the session.
MUST_USE err_t dx_eval(struct dx *x, const char *text, struct dx_obj *ret, const char **rest);

// ---- text
enum dx_string { DX_STRING_AS_IS, DX_STRING_QUOTED, DX_STRING_BARE };
struct dx_format {              // what stands behind the comma of an expression
	char radix;             // d x o b; 0: decimal for signed, hexadecimal for unsigned numbers
	bool names_only;        // en
	bool raw;               // !
	bool is_char;           // c
	enum dx_string strings; // s su s8: quoted; sb sub s8b: not
	unsigned width;         // bytes of a character of these strings
	bool has_count;
	uint64_t count; // elements of a pointer, an array or a container
};
// Reads ",x,5 ..." up to the end of `text`. E_USAGE: no such specifier.
MUST_USE err_t dx_format_read(struct dx *x, const char *text, struct dx_format *ret);
// The object in one line, without its type; NULL: it has none (a struct, a list). E_ABSENT: not readable.
MUST_USE err_t dx_text(struct dx *x, const struct dx_obj *o, const struct dx_format *f, const char **ret);
const char *dx_type_text(struct arena *a, const struct type *t); // "unsigned char [15]", "_PEB *"
const char *dx_index_text(struct dx *x, const struct dx_obj *index,
			  const struct dx_format *f); // "[0x4]", "[\"a.dll\"]"

// ---- parts, for display
struct dx_child {
	const char *name; // "Name", "[0x4]"; NULL: a value alone
	bool is_element;
	bool is_field; // of a struct: at `offset`, of a bit field these bits
	uint64_t offset;
	unsigned pos, bits;
	struct dx_obj value;
};
typedef err_t dx_child_fn(void *ctx, const struct dx_child *c, bool *stop);
// Calls fn for each property, field and element in order.
MUST_USE err_t dx_children(struct dx *x, const struct dx_obj *o, const struct dx_format *f, dx_child_fn *fn, void *ctx);
bool dx_expandable(const struct dx_obj *o);
bool dx_iterable(const struct dx_obj *o);
// "[Switch To]": what the debugger's window offers beside the object; NULL: nothing.
const char *dx_action(const struct dx_obj *o);

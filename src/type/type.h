// SPDX-License-Identifier: Apache-2.0
// type.h: the types of a module as debuggers see them, whatever recorded them (PDB, ISF, layout pack). A type is a
// small value that is decoded when it is asked for; a source never decodes more than that.
#pragma once
#include "base/base.h"
#include "base/str.h"

enum type_kind {
	TYPE_NONE, // not recorded, or not understood
	TYPE_VOID,
	TYPE_BOOL,
	TYPE_CHAR, // text: char, wchar_t, char8_t, char16_t, char32_t; size tells which
	TYPE_INT,
	TYPE_UINT,
	TYPE_FLOAT,
	TYPE_HRESULT,
	TYPE_POINTER, // references and pointers to members too: see enum pointer_kind
	TYPE_ARRAY,
	TYPE_STRUCT,
	TYPE_CLASS,
	TYPE_UNION,
	TYPE_INTERFACE,
	TYPE_ENUM,
	TYPE_FUNCTION,
	TYPE_BITFIELD, // of a member only
};
enum pointer_kind { POINTER_PLAIN, POINTER_LREF, POINTER_RREF, POINTER_TO_DATA, POINTER_TO_METHOD };
enum type_quals { TYPE_CONST = 1, TYPE_VOLATILE = 2, TYPE_UNALIGNED = 4, TYPE_RESTRICT = 8 };

typedef uint32_t type_id; // a source's own number; equal in one source: the same type. 0: none
struct type_source;
struct type {
	struct type_source *source;
	type_id id;
	enum type_kind kind;
	uint64_t size;           // bytes; 0: unknown, void, a function, only declared
	const char *name;        // of a struct ... enum with its scopes, of a base type in C; NULL: none
	const char *unique_name; // decorated, when recorded
	unsigned quals;          // enum type_quals
	bool forward;            // declared, and defined nowhere in this source
	enum pointer_kind pointer;
	type_id target;     // pointee, element, underlying type, declared type of a bit field, result of a function
	type_id owner;      // class of a pointer to member or of a member function
	type_id this_type;  // of a member function; 0: static, or none
	uint64_t count;     // elements of an array; members of a struct ... enum as recorded
	unsigned pos, bits; // bit field
	unsigned n_params;  // function; type_param()
	bool variadic;
};

enum member_kind {
	MEMBER_DATA,
	MEMBER_STATIC,
	MEMBER_BASE,
	MEMBER_VBASE, // offset: of the pointer to its table; value: the index there
	MEMBER_INDIRECT_VBASE,
	MEMBER_VFPTR,
	MEMBER_METHOD,     // one for each overload
	MEMBER_NESTED,     // a type in the scope
	MEMBER_ENUMERATOR, // value
};
struct type_member {
	enum member_kind kind;
	const char *name; // NULL: base classes, vfptr
	type_id type;
	uint64_t offset; // bytes from the start of the object (MEMBER_METHOD: of its slot when it is a new virtual one)
	int64_t value;   // of an enumerator, sign-extended unless value_unsigned
	bool value_unsigned, is_virtual, intro_virtual, is_static, is_pure;
	uint8_t access; // 0 not recorded, 1 private, 2 protected, 3 public
};

// What a source does. Strings it returns live as long as the source.
struct type_source_ops {
	const char *name; // "pdb", "isf"
	// A forward declaration gives the definition, when there is one.
	bool (*get)(struct type_source *s, type_id id, struct type *ret);
	// A struct, class, union, enum or typedef, by its full name; exact spelling, then ASCII case-blind. The
	// definition when there is one, else what is declared.
	bool (*find)(struct type_source *s, const char *name, struct type *ret);
	// In the order recorded; fn returns false to stop. No members: does nothing.
	void (*members)(struct type_source *s, type_id id, bool (*fn)(void *ctx, const struct type_member *m),
			void *ctx);
	bool (*param)(struct type_source *s, type_id function, unsigned i, type_id *ret);
	// Every defined type that has a name, once for each.
	void (*each)(struct type_source *s, bool (*fn)(void *ctx, const struct type *t), void *ctx);
};
struct type_source { // each source's own struct starts with this
	const struct type_source_ops *ops;
	unsigned ptr_bytes;
	uint16_t machine;
};

// An id that is unknown gives TYPE_NONE and false.
bool type_get(struct type_source *s, type_id id, struct type *ret);
bool type_find(struct type_source *s, const char *name, struct type *ret);
bool type_target(const struct type *t, struct type *ret); // of a pointer, array, enum, bit field, function
void type_members(const struct type *t, bool (*fn)(void *ctx, const struct type_member *m), void *ctx);
// A member by name, in the type itself, then in its base classes and unnamed members; offset from the outermost object.
// Virtual base classes are left out: only an object tells where they lie.
bool type_member_named(const struct type *t, const char *name, struct type_member *ret);
bool type_param(const struct type *t, unsigned i, type_id *ret); // of a function
bool type_is_udt(const struct type *t);                          // struct, class, union, interface

// As `dt` writes types: "Ptr64 _EPROCESS", "[16] UChar", "Uint4B", "Pos 3, 5 Bits", "_LIST_ENTRY"; a pointer to a
// function by its result, with a blank behind: "Ptr64     long ".
const char *type_dt_text(struct arena *a, const struct type *t);
// As `dt -v` does: "Ptr64 to struct _EPROCESS, 199 elements, 0x850 bytes", "Bitfield Pos 0, 1 Bit".
const char *type_dt_long_text(struct arena *a, const struct type *t);
// As dv /t, x and ?? do, which drop qualifiers: "struct _EPROCESS *", "unsigned char [16]", "<function> *"; a name (may
// be NULL) stands behind it all.
const char *type_c_text(struct arena *a, const struct type *t, const char *name);
// The parameters of a function as x shows them: "(void)", "(struct _OBJECT *, int)".
const char *type_params_text(struct arena *a, const struct type *t);

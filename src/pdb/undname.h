// SPDX-License-Identifier: Apache-2.0
// undname.h: decorated names back to what was written in the source: MSVC, Itanium C++ (MinGW), Rust legacy and v0.
#pragma once
#include "base/base.h"

enum undname_flags { // of MSVC names; Itanium and Rust names know only NAME_ONLY
	// Types, access, calling conventions. Without a further flag: no blank after a comma, and else as LLVM writes.
	UNDNAME_FULL = 0,
	// What k, x and ln show: Namespace::Class<int>::method; always in dbghelp's spelling.
	UNDNAME_NAME_ONLY = 1,
	// dbghelp's own spelling of the full form: `> >`, `char * const`, `(__cdecl*)`, `scalar deleting destructor'.
	UNDNAME_DBGHELP = 2,
};

// An MSVC name (?..., the .?A... and .P... of RTTI; or a C name with its calling convention: _f, _f@8, @f@8, f@@16).
// *ret is in `a`, as is what is needed meanwhile. E_NOTFOUND: not decorated this way. E_CORRUPT: it begins so, but
// breaks the grammar; `at` is the offset. E_LIMIT: deeper or longer than limits.h allows.
MUST_USE err_t undname(struct arena *a, const char *decorated, unsigned flags, const char **ret);
// An Itanium C++ name: _Z...; __Z... and ____Z... (blocks) too.
MUST_USE err_t undname_itanium(struct arena *a, const char *decorated, unsigned flags, const char **ret);
// A Rust name: _R... (v0), or _ZN...17h<16 hexadecimal digits>E (legacy; the hash is left out).
MUST_USE err_t undname_rust(struct arena *a, const char *decorated, unsigned flags, const char **ret);
// Any of them, by how the name begins. C names are left alone (E_NOTFOUND): a leading _ says too little.
MUST_USE err_t undname_any(struct arena *a, const char *decorated, unsigned flags, const char **ret);

// SPDX-License-Identifier: Apache-2.0
// peb.h: a process environment block: what the loader and the start of a process left there. 64-bit blocks, and the
// 32-bit ones of x86 and WOW64. Offsets: public symbols of nt and ntdll from Windows Vista on; those fields never
// moved.
#pragma once
#include "target/target.h"
#include "win/ring.h"

enum peb_field { // each of the structure that its name begins with
	PEB_INHERITED_ADDRESS_SPACE,
	PEB_READ_IMAGE_FILE_EXEC_OPTIONS,
	PEB_BEING_DEBUGGED,
	PEB_IMAGE_BASE_ADDRESS,
	PEB_LDR,
	PEB_PROCESS_PARAMETERS,
	PEB_SUB_SYSTEM_DATA,
	PEB_PROCESS_HEAP,
	PEB_NT_GLOBAL_FLAG,
	PEB_NT_GLOBAL_FLAG2, // Windows 10 build 17763 and later
	LDR_INITIALIZED,
	LDR_IN_LOAD_ORDER,
	LDR_IN_MEMORY_ORDER,
	LDR_IN_INITIALIZATION_ORDER,
	PARAMETERS_FLAGS,
	PARAMETERS_CURRENT_DIRECTORY,
	PARAMETERS_DLL_PATH,
	PARAMETERS_IMAGE_PATH_NAME,
	PARAMETERS_COMMAND_LINE,
	PARAMETERS_ENVIRONMENT,
	PARAMETERS_WINDOW_TITLE,
	PARAMETERS_ENVIRONMENT_SIZE,
	ENTRY_DLL_BASE,
	ENTRY_SIZE_OF_IMAGE,
	ENTRY_FULL_DLL_NAME,
	ENTRY_TIME_DATE_STAMP,
};
struct peb_view { // how to read one: the memory, and the width of its pointers (4 or 8)
	const struct space *space;
	unsigned ptr_bytes;
};
// Where a field of the structure at `object` lies.
va_t peb_at(const struct peb_view *v, va_t object, enum peb_field f);
// The number or pointer there; false: not readable, or object is 0.
bool peb_number(const struct peb_view *v, va_t object, enum peb_field f, uint64_t *ret);
// The UNICODE_STRING there, in `a`; NULL: it has no text, or that is not readable. Strings of process parameters that
// are not normalised hold offsets instead of pointers.
const char *peb_string(const struct peb_view *v, struct arena *a, va_t object, enum peb_field f);

struct peb_module { // an entry of the loader's list
	va_t base;
	uint64_t size;
	uint32_t timestamp; // 0: not readable
	const char *path;   // NULL: not readable
};
// Modules in the order they were loaded; why the list ends early stands in the ring.
struct ring peb_modules(const struct peb_view *v, va_t peb);
bool peb_module_next(const struct peb_view *v, struct arena *a, struct ring *r, struct peb_module *ret);

// The environment block: texts "NAME=VALUE", each ended by a NUL, the last by two. ret->n entries in `a`.
struct peb_environment {
	const char *const *texts;
	size_t n;
	bool cut; // the end was not readable, or not found within LIMIT_ENVIRONMENT bytes
};
struct peb_environment peb_environment(const struct peb_view *v, struct arena *a, va_t parameters);

// TEB and PEB that a session is at: of the current thread, in kernel dumps of the implicit thread and process. 0: not
// known. The PEB is that of the machine's own width.
va_t session_teb(struct session *s);
va_t session_peb(struct session *s);
// The 32-bit blocks of a WOW64 thread (from its 64-bit TEB) and process; 0: there are none, or not in the dump.
va_t session_teb32(struct session *s, va_t teb);
va_t session_peb32(struct session *s);

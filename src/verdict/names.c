// SPDX-License-Identifier: Apache-2.0
// names.c: names of exceptions and fast-fail codes. Codes: public ntstatus.h and winnt.h (FAST_FAIL_*); the
// names in parentheses behind ExceptionCode are the debugger's.
#include "verdict/verdict.h"

const char *exception_name(uint32_t code)
{
	static const struct {
		uint32_t code;
		const char *name;
	} names[] = {
		{ 0x80000001, "Guard page violation" },
		{ 0x80000002, "Data misaligned" },
		{ 0x80000003, "Break instruction exception" },
		{ 0x80000004, "Single step exception" },
		{ 0x4000001e, "WOW64 single step exception" },
		{ 0x4000001f, "WOW64 breakpoint" },
		{ 0x40010005, "Control-C exception" },
		{ 0x40010008, "Control-Break exception" },
		{ 0x406d1388, "Visual C++ thread-name" },
		{ 0xc0000005, "Access violation" },
		{ 0xc0000006, "In-page I/O error" },
		{ 0xc0000008, "Invalid handle" },
		{ 0xc000001d, "Illegal instruction" },
		{ 0xc0000037, "Port disconnected" },
		{ 0xc000008c, "Array bounds exceeded" },
		{ 0xc000008d, "Floating point denormal operand" },
		{ 0xc000008e, "Floating point divide by zero" },
		{ 0xc000008f, "Floating point inexact result" },
		{ 0xc0000090, "Floating point invalid operation" },
		{ 0xc0000091, "Floating point overflow" },
		{ 0xc0000092, "Floating point stack check" },
		{ 0xc0000093, "Floating point underflow" },
		{ 0xc0000094, "Integer divide-by-zero" },
		{ 0xc0000095, "Integer overflow" },
		{ 0xc0000096, "Privileged instruction" },
		{ 0xc00000fd, "Stack overflow" },
		{ 0xc0000194, "Possible deadlock condition" },
		{ 0xc0000409, "Security check failure or stack buffer overrun" },
		{ 0xc0000420, "Assertion failure" },
		{ 0xc0000421, "Application verifier stop" },
		{ 0xe0434352, "CLR exception" },
		{ 0xe0434f4d, "CLR exception" },
		{ 0xe06d7363, "C++ EH exception" },
	};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (names[i].code == code)
			return names[i].name;
	return NULL;
}

const char *fail_fast_name(uint64_t code)
{
	static const char *const names[] = {
		[0x00] = "LEGACY_GS_VIOLATION",
		[0x01] = "VTGUARD_CHECK_FAILURE",
		[0x02] = "STACK_COOKIE_CHECK_FAILURE",
		[0x03] = "CORRUPT_LIST_ENTRY",
		[0x04] = "INCORRECT_STACK",
		[0x05] = "INVALID_ARG",
		[0x06] = "GS_COOKIE_INIT",
		[0x07] = "FATAL_APP_EXIT",
		[0x08] = "RANGE_CHECK_FAILURE",
		[0x09] = "UNSAFE_REGISTRY_ACCESS",
		[0x0a] = "GUARD_ICALL_CHECK_FAILURE",
		[0x0b] = "GUARD_WRITE_CHECK_FAILURE",
		[0x0c] = "INVALID_FIBER_SWITCH",
		[0x0d] = "INVALID_SET_OF_CONTEXT",
		[0x0e] = "INVALID_REFERENCE_COUNT",
		[0x12] = "INVALID_JUMP_BUFFER",
		[0x13] = "MRDATA_MODIFIED",
		[0x14] = "CERTIFICATION_FAILURE",
		[0x15] = "INVALID_EXCEPTION_CHAIN",
		[0x16] = "CRYPTO_LIBRARY",
		[0x17] = "INVALID_CALL_IN_DLL_CALLOUT",
		[0x18] = "INVALID_IMAGE_BASE",
		[0x19] = "DLOAD_PROTECTION_FAILURE",
		[0x1a] = "UNSAFE_EXTENSION_CALL",
		[0x1b] = "DEPRECATED_SERVICE_INVOKED",
		[0x1c] = "INVALID_BUFFER_ACCESS",
		[0x1d] = "INVALID_BALANCED_TREE",
		[0x25] = "GUARD_JUMPTABLE",
		[0x26] = "INVALID_LONGJUMP_TARGET",
	};
	return code < ARRAY_LEN(names) ? names[code] : NULL;
}

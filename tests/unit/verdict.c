// SPDX-License-Identifier: Apache-2.0
// The rules of the verdict over plain facts: hash, classes, blame, names that are certain.
#include "base/md5.h"
#include "verdict/verdict_int.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct arena *arena;

static int setup(void **state)
{
	(void)state;
	arena = arena_new(16 << 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

// RFC 1321, appendix A.5.
static void md5_test_suite(void **state)
{
	(void)state;
	static const struct {
		const char *text, *hash;
	} suite[] = {
		{ "", "d41d8cd98f00b204e9800998ecf8427e" },
		{ "a", "0cc175b9c0f1b6a831c399e269772661" },
		{ "abc", "900150983cd24fb0d6963f7d28e17f72" },
		{ "message digest", "f96b697d7cb7938d525a2f31aaf161d0" },
		{ "abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b" },
		{ "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
		  "d174ab98d277d9f5a5611c2c9f419d9f" },
		{ "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
		  "57edf4a22be3c955ac49da2e2107b67a" },
	};
	for (size_t i = 0; i < ARRAY_LEN(suite); i++) {
		uint8_t h[16];
		char text[33];
		md5((struct span){ (const uint8_t *)suite[i].text, strlen(suite[i].text) }, h);
		for (size_t k = 0; k < 16; k++)
			snprintf(text + 2 * k, 3, "%02x", h[k]);
		assert_string_equal(text, suite[i].hash);
	}
}

// Pairs of bucket and hash from public debugger output.
static void hashes(void **state)
{
	(void)state;
	static const struct {
		bool kernel;
		const char *bucket, *hash;
	} pairs[] = {
		{ true, "AV_myfault!unknown_function", "{9745090a-9bce-ccba-c096-ca6e9ca04c64}" },
		{ true, "AV_tunnel!TeredoWfpRemoveHashEntry", "{ed81a04d-9dd2-aa51-bc2a-d6f45f90b7a5}" },
		{ true, "AV_CODE_AV_PAGED_IP_TestDriver!AccessPageableMemory",
		  "{2463ca34-5d68-cb7c-6807-dd2087a41e36}" },
		{ true, "0x13C_nt!PspThreadDelete", "{6fe88179-1572-f8e2-aeff-cd9c600ecf3a}" },
		{ true, "0x139_1d_INVALID_BALANCED_TREE_Driver!unknown_function",
		  "{8ebd2998-ea64-b96c-aae8-2108d8c92247}" },
		{ true, "0x20_NULLAPC_KAPC_NEGATIVE_nt!PspExitThread", "{fcbbc787-b7cc-0ca4-c274-c788b86a9951}" },
		{ true, "X64_0x7f_8_ql2300+69416", "{0f9ebaaf-2e04-8097-fea0-1da0b10cd026}" },
		{ true, "0x116_IMAGE_nvlddmkm.sys", "{c89bfe8c-ed39-f658-ef27-f2898997fdbd}" },
		{ true, "0x9F_3_RtsPer_IMAGE_pci.sys", "{ce555a86-e2a6-4bdd-cc96-f64b1a03e85a}" },
		{ false, "NULL_POINTER_WRITE_c0000005_AccessV.exe!main", "{1c59fc7c-49ca-7215-0582-702a810098c4}" },
		{ false, "NULL_CLASS_PTR_READ_c0000005_Flash.ocx!Unknown", "{fc7546b3-cbbe-7687-a761-c90b7fcd1642}" },
		{ false, "INVALID_POINTER_READ_c0000005_AccessV.exe!main", "{06a63211-3ee0-9330-318a-a8218924c64e}" },
		{ false, "SOFTWARE_NX_FAULT_c0000005_AccessV.exe!main", "{c74cf91c-fb17-d481-50a2-c86af1f8ac9a}" },
		{ false, "HEAP_CORRUPTION_ACTIONABLE_BlockNotBusy_DOUBLE_FREE_c0000374_ntdll.dll!RtlpFreeHeapInternal",
		  "{f9e860eb-b03f-7415-804c-7e671e26c730}" },
		{ false, "STACK_OVERFLOW_STACK_POINTER_MISMATCH_c00000fd_unknown!noop",
		  "{9ef5735f-78ee-0757-0797-ccfa8cb3d560}" },
		{ false, "BREAKPOINT_80000003_win32u.dll!NtUserWaitMessage", "{a106cd41-a8b1-c51d-6d94-a75661270841}" },
		{ false, "INVALID_POINTER_READ_AVRF_c0000005_FreeImaged.dll!FreeImage_HasPixels",
		  "{259a0c43-5140-5e12-e7c1-08b76d9f11b2}" },
	};
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
		assert_string_equal(verdict_hash(arena, pairs[i].kernel, pairs[i].bucket), pairs[i].hash);
}

// ---- classes
enum { STACK_LOW = 0x100000, STACK_LIMIT = 0x1f0000, STACK_HIGH = 0x200000 };

struct class_case {
	uint32_t code, n;
	uint64_t p[3];
	enum place place;
	va_t sp; // 0: unknown
	const char *class, *bucket_code;
	enum fault_op op;
};

static void check_class(const struct class_case *c)
{
	struct fault_facts x = { .present = true,
				 .code = c->code,
				 .n_params = c->n,
				 .ip_place = c->place,
				 .sp_known = c->sp != 0,
				 .sp = c->sp,
				 .bounds_known = c->sp != 0,
				 .stack_low = STACK_LOW,
				 .stack_limit = STACK_LIMIT,
				 .stack_high = STACK_HIGH };
	memcpy(x.params, c->p, sizeof(c->p));
	struct fault f;
	fault_classify(arena, &x, &f);
	assert_string_equal(f.problem_class, c->class);
	assert_string_equal(f.bucket_code, c->bucket_code);
	assert_int_equal(f.op, c->op);
}

static void classes(void **state)
{
	(void)state;
	static const struct class_case cases[] = {
		{ 0xc0000005, 2, { 0, 0 }, 0, 0, "NULL_POINTER_READ", "c0000005", FAULT_READ },
		{ 0xc0000005, 2, { 1, 0 }, 0, 0, "NULL_POINTER_WRITE", "c0000005", FAULT_WRITE },
		{ 0xc0000005, 2, { 0, 6 }, 0, 0, "NULL_CLASS_PTR_READ", "c0000005", FAULT_READ },
		{ 0xc0000005, 2, { 1, 0xffff }, 0, 0, "NULL_CLASS_PTR_WRITE", "c0000005", FAULT_WRITE },
		{ 0xc0000005, 2, { 1, 0x10000 }, 0, 0, "INVALID_POINTER_WRITE", "c0000005", FAULT_WRITE },
		{ 0xc0000005, 2, { 0, UINT64_MAX }, 0, 0, "INVALID_POINTER_READ", "c0000005", FAULT_READ },
		{ 0xc0000005, 2, { 8, 0 }, 0, 0, "NULL_POINTER_EXECUTE", "c0000005", FAULT_EXECUTE },
		{ 0xc0000005, 2, { 8, 0x1f3ef330000 }, PLACE_DATA, 0, "SOFTWARE_NX_FAULT", "c0000005", FAULT_EXECUTE },
		{ 0xc0000005,
		  2,
		  { 8, 0x1f3ef330000 },
		  PLACE_UNMAPPED,
		  0,
		  "INVALID_POINTER_EXECUTE",
		  "c0000005",
		  FAULT_EXECUTE },
		{ 0xc0000005,
		  2,
		  { 8, 0x1f3ef330000 },
		  PLACE_UNKNOWN,
		  0,
		  "INVALID_POINTER_EXECUTE",
		  "c0000005",
		  FAULT_EXECUTE },
		{ 0xc0000005, 2, { 7, 1 }, 0, 0, "APPLICATION_FAULT", "c0000005", FAULT_NONE },
		{ 0xc0000005, 0, { 0 }, 0, 0, "APPLICATION_FAULT", "c0000005", FAULT_NONE },
		// Just below the committed stack with the stack pointer there; the same address with sp far away.
		{ 0xc0000005, 2, { 1, STACK_LIMIT - 8 }, 0, STACK_LIMIT, "STACK_OVERFLOW", "c0000005", FAULT_WRITE },
		{ 0xc0000005,
		  2,
		  { 1, STACK_LIMIT - 8 },
		  0,
		  STACK_HIGH - 64,
		  "INVALID_POINTER_WRITE",
		  "c0000005",
		  FAULT_WRITE },
		{ 0xc0000006, 3, { 0, 0x7ff0000, 0xc0000185 }, 0, 0, "IN_PAGE_ERROR", "c0000185_c0000006", FAULT_READ },
		{ 0xc0000006, 2, { 0, 0x7ff0000 }, 0, 0, "IN_PAGE_ERROR", "c0000006", FAULT_READ },
		{ 0xc00000fd, 2, { 1, STACK_LIMIT }, 0, STACK_LIMIT, "STACK_OVERFLOW", "c00000fd", FAULT_NONE },
		{ 0xc00000fd, 2, { 1, 0 }, 0, 0x7000, "STACK_OVERFLOW_STACK_POINTER_MISMATCH", "c00000fd", FAULT_NONE },
		{ 0xc00000fd, 2, { 1, 0 }, 0, 0, "STACK_OVERFLOW", "c00000fd", FAULT_NONE },
		{ 0xc0000374, 1, { 1 }, 0, 0, "HEAP_CORRUPTION", "c0000374", FAULT_NONE },
		{ 0xc0000409, 1, { 7 }, 0, 0, "FAIL_FAST_FATAL_APP_EXIT", "c0000409", FAULT_NONE },
		{ 0xc0000409, 1, { 2 }, 0, 0, "FAIL_FAST_STACK_COOKIE_CHECK_FAILURE", "c0000409", FAULT_NONE },
		{ 0xc0000409, 1, { 0x99 }, 0, 0, "FAIL_FAST_99", "c0000409", FAULT_NONE },
		{ 0xc0000409, 0, { 0 }, 0, 0, "STACK_BUFFER_OVERRUN", "c0000409", FAULT_NONE },
		{ 0xc0000602, 0, { 0 }, 0, 0, "FAIL_FAST_EXCEPTION", "c0000602", FAULT_NONE },
		{ 0x80000003, 1, { 0 }, 0, 0, "BREAKPOINT", "80000003", FAULT_NONE },
		{ 0xc0000094, 0, { 0 }, 0, 0, "INTEGER_DIVIDE_BY_ZERO", "c0000094", FAULT_NONE },
		{ 0xc000001d, 0, { 0 }, 0, 0, "ILLEGAL_INSTRUCTION", "c000001d", FAULT_NONE },
		{ 0xe06d7363, 3, { 0x19930520 }, 0, 0, "CPP_EXCEPTION", "e06d7363", FAULT_NONE },
		{ 0xe0434352, 1, { 0xffffffff80131509 }, 0, 0, "CLR_EXCEPTION", "80131509", FAULT_NONE },
		{ 0x12345678, 0, { 0 }, 0, 0, "APPLICATION_FAULT", "12345678", FAULT_NONE },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		check_class(&cases[i]);
	struct fault f;
	fault_classify(arena, &(struct fault_facts){ .present = false }, &f);
	assert_string_equal(f.problem_class, "BREAKPOINT");
	assert_string_equal(f.bucket_code, "80000003");
}

// ---- blame: "module!function" innermost first; "!": an address in no module; a leading '~': scanned
static size_t blamed(const char *stack, bool exception, struct blame *b)
{
	struct blame_frame f[16] = { 0 };
	size_t n = 0;
	for (const char *p = stack; *p && n < ARRAY_LEN(f); n++) {
		size_t len = strcspn(p, " ");
		char *w = arena_strndup(arena, p, len);
		p += len + (p[len] == ' ');
		f[n].trust = *w == '~' ? TRUST_SCAN : n ? TRUST_UNWIND : TRUST_CONTEXT;
		w += *w == '~';
		char *bang = strchr(w, '!');
		if (bang)
			*bang = 0;
		f[n].module = *w ? w : NULL;
		f[n].function = bang && bang[1] ? bang + 1 : NULL;
	}
	blame_find(f, n, exception, b);
	return b->frame;
}

static void blame_rules(void **state)
{
	(void)state;
	struct blame b;
	// The fault is where the program is.
	assert_int_equal(blamed("AccessV!main kernel32!BaseThreadInitThunk ntdll!RtlUserThreadStart", true, &b), 0);
	assert_int_equal(b.class, TRIAGE_DEFINITE);
	// System core called with a bad pointer (public output: AccessV!main+b2).
	assert_int_equal(blamed("ntdll!RtlInitUnicodeStringEx KERNELBASE!X kernel32!Y AccessV!main kernel32", true, &b),
			 3);
	// Raising machinery, named and not.
	assert_int_equal(blamed("KERNELBASE!RaiseException vcruntime140!_CxxThrowException app!f", true, &b), 2);
	assert_int_equal(blamed("KERNELBASE vcruntime140 app!f", true, &b), 2);
	// abort() linked into the program itself is no culprit, other functions of it are.
	assert_int_equal(blamed("app!abort app!check app!main", true, &b), 1);
	// A definite module below beats a maybe above; a maybe below beats a last above.
	assert_int_equal(blamed("win32u!NtUserGetMessage user32!GetMessageW app!main", true, &b), 2);
	assert_int_equal(blamed("ntdll!A win32u!B kernel32!C", true, &b), 1);
	assert_int_equal(b.class, TRIAGE_MAYBE);
	// Nothing but the core: the innermost.
	assert_int_equal(blamed("ntdll!RtlpX ntdll!RtlUserThreadStart", true, &b), 0);
	assert_int_equal(b.class, TRIAGE_LAST);
	assert_int_equal(blamed("ntdll!RtlRaiseException", true, &b), 0);
	assert_int_equal(b.class, TRIAGE_IGNORE);
	// Frames in no module are passed, and that is remembered; trust is the worst on the way, not below.
	assert_int_equal(blamed("! ! app!f", true, &b), 2);
	assert_true(b.after_unknown);
	assert_int_equal(blamed("ntdll ~ntdll app!f ~app!g", true, &b), 2);
	assert_int_equal(b.trust, TRUST_SCAN);
	assert_int_equal(blamed("ntdll app!f ~app!g", true, &b), 1);
	assert_int_equal(b.trust, TRUST_UNWIND);
	assert_int_equal(blamed("! !", true, &b), SIZE_MAX);
	assert_int_equal(blamed("", true, &b), SIZE_MAX);
	// Without an exception: where the thread was (public output: win32u!NtUserWaitMessage).
	assert_int_equal(blamed("win32u!NtUserWaitMessage user32!X app!main", false, &b), 0);
	assert_int_equal(blamed("ntdll!NtWaitForSingleObject KERNELBASE!WaitForSingleObjectEx app!main", false, &b), 2);
}

static void triage_rules_apply(void **state)
{
	(void)state;
	assert_int_equal(triage_class("NTDLL", NULL), TRIAGE_LAST);
	assert_int_equal(triage_class("ntdll", "KiUserExceptionDispatcher"), TRIAGE_IGNORE);
	assert_int_equal(triage_class("ucrtbased", NULL), TRIAGE_LAST);
	assert_int_equal(triage_class("msvcr120", NULL), TRIAGE_LAST);
	assert_int_equal(triage_class("msvcrypto", NULL), TRIAGE_DEFINITE);
	assert_int_equal(triage_class("user32", "DispatchMessageW"), TRIAGE_LAST);
	assert_int_equal(triage_class("user32", "MessageBoxW"), TRIAGE_MAYBE);
	assert_int_equal(triage_class("abort", NULL), TRIAGE_DEFINITE); // a module is no function
	assert_int_equal(triage_class("app", "main"), TRIAGE_DEFINITE);
}

// ---- names that are certain
static void following_code(void **state)
{
	(void)state;
	// A system-call stub: mov r10,rcx; mov eax,55h; test byte ptr [7FFE0308h],1; jne +3; syscall; ret; int 2e; ret
	static const uint8_t stub[] = { 0x4c, 0x8b, 0xd1, 0xb8, 0x55, 0,    0,    0,    0xf6, 0x04, 0x25, 0x08,
					0x03, 0xfe, 0x7f, 0x01, 0x75, 0x03, 0x0f, 0x05, 0xc3, 0xcd, 0x2e, 0xc3,
					0x0f, 0x1f, 0x84, 0,    0,    0,    0,    0,    0x4c, 0x8b, 0xd1, 0x90 };
	struct span s = { stub, sizeof(stub) };
	va_t at = 0x7ff810000000;
	assert_true(code_reaches(MACHINE_X64, s, at, at));
	assert_true(code_reaches(MACHINE_X64, s, at, at + 0x14));
	assert_true(code_reaches(MACHINE_X64, s, at, at + 0x15));  // behind the ret, but a branch leads there
	assert_false(code_reaches(MACHINE_X64, s, at, at + 0x20)); // the next stub
	assert_false(code_reaches(MACHINE_X64, (struct span){ stub, 8 }, at, at + 0x14)); // bytes are missing
	// jmp to a neighbour right behind: a tail call ends the function.
	static const uint8_t tail[] = { 0xeb, 0x00, 0x90, 0xc3 };
	assert_false(code_reaches(MACHINE_X64, (struct span){ tail, sizeof(tail) }, at, at + 2));
	// A conditional tail call over padding: je +4; ret; int 3; int 3; int 3; int 3; nop. Not a part of it.
	static const uint8_t far[] = { 0x74, 0x05, 0xc3, 0xcc, 0xcc, 0xcc, 0xcc, 0x90 };
	assert_true(code_reaches(MACHINE_X64, (struct span){ far, sizeof(far) }, at, at + 2));
	assert_false(code_reaches(MACHINE_X64, (struct span){ far, sizeof(far) }, at, at + 7));
	// x86: push ebp; mov ebp,esp; pop ebp; ret; int 3; push ebp
	static const uint8_t x86[] = { 0x55, 0x8b, 0xec, 0x5d, 0xc3, 0xcc, 0x55 };
	assert_true(code_reaches(MACHINE_X86, (struct span){ x86, sizeof(x86) }, 0x401000, 0x401004));
	assert_false(code_reaches(MACHINE_X86, (struct span){ x86, sizeof(x86) }, 0x401000, 0x401006));
}

static void names(void **state)
{
	(void)state;
	assert_string_equal(exception_name(0xc0000005), "Access violation");
	assert_null(exception_name(0xc0000374));
	assert_string_equal(fail_fast_name(7), "FATAL_APP_EXIT");
	assert_null(fail_fast_name(0x0f));
	assert_null(fail_fast_name(UINT64_MAX));
	assert_string_equal(ntstatus_text(0xc0000374), "A heap has been corrupted.");
	assert_null(ntstatus_text(0xe06d7363));
	assert_string_equal(win32_error_text(2), "The system cannot find the file specified.");
	// Lookup is by bisection: every entry is found only if the table ascends.
	static const uint32_t some[] = { 0, 0xc0, 0x80000003, 0xc000001d, 0xc0000185, 0xc0000602 };
	for (size_t i = 0; i < ARRAY_LEN(some); i++)
		assert_non_null(ntstatus_text(some[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(md5_test_suite),
		cmocka_unit_test(hashes),
		cmocka_unit_test(classes),
		cmocka_unit_test(blame_rules),
		cmocka_unit_test(triage_rules_apply),
		cmocka_unit_test(following_code),
		cmocka_unit_test(names),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}

// SPDX-License-Identifier: Apache-2.0
// classify.c: the class of a fault, as !analyze names it in FAILURE_BUCKET_ID. Parameters of exceptions:
// Microsoft's EXCEPTION_RECORD page; class names: public debugger output.
#include "verdict/verdict_int.h"

#include <inttypes.h>

enum {
	NULL_AREA = 0x10000,   // Windows never gives the first 64 KiB to anybody
	STACK_SLACK = 0x10000, // code touches at most this far below its stack pointer (no probe: one page)
	PAGE = 0x1000,
};

static bool near_null(va_t va)
{
	return va < NULL_AREA;
}

// The stack has run out although the exception says access violation: its guard page was used up before, so
// the access just below the committed part faults, with the stack pointer right there.
static bool ran_off_stack(const struct fault_facts *x, va_t at)
{
	if (!x->bounds_known || !x->sp_known)
		return false;
	return at < x->stack_limit + 2 * PAGE && at >= x->stack_low && at + STACK_SLACK >= x->sp &&
	       x->sp < x->stack_limit + 2 * PAGE && x->sp + STACK_SLACK >= x->stack_low;
}

static const char *access_class(const struct fault_facts *x, enum fault_op op, va_t at)
{
	if (op == FAULT_EXECUTE) {
		if (near_null(at))
			return "NULL_POINTER_EXECUTE";
		// The processor says the same for a page without execute right and for no page at all.
		return x->ip_place == PLACE_DATA || x->ip_place == PLACE_CODE ? "SOFTWARE_NX_FAULT"
									      : "INVALID_POINTER_EXECUTE";
	}
	if (ran_off_stack(x, at))
		return "STACK_OVERFLOW";
	bool write = op == FAULT_WRITE;
	if (!at)
		return write ? "NULL_POINTER_WRITE" : "NULL_POINTER_READ";
	if (near_null(at))
		return write ? "NULL_CLASS_PTR_WRITE" : "NULL_CLASS_PTR_READ";
	return write ? "INVALID_POINTER_WRITE" : "INVALID_POINTER_READ";
}

static void classify_access(struct arena *a, const struct fault_facts *x, struct fault *f)
{
	bool in_page = x->code == 0xc0000006;
	f->problem_class = in_page ? "IN_PAGE_ERROR" : "APPLICATION_FAULT";
	if (x->n_params < 2)
		return; // the record does not say what was touched
	enum fault_op op = x->params[0] == 0   ? FAULT_READ
			   : x->params[0] == 1 ? FAULT_WRITE
			   : x->params[0] == 8 ? FAULT_EXECUTE
					       : FAULT_NONE;
	f->has_address = true;
	f->address = x->params[1];
	f->op = op;
	if (op == FAULT_NONE)
		return;
	f->problem_class = in_page ? "IN_PAGE_ERROR" : access_class(x, op, f->address);
	// The third parameter is the status of the read that failed; it becomes part of the bucket.
	if (in_page && x->n_params >= 3)
		f->bucket_code = arena_printf(a, "%08" PRIx32 "_c0000006", (uint32_t)x->params[2]);
}

static const char *fail_fast_class(struct arena *a, const struct fault_facts *x, struct fault *f)
{
	if (!x->n_params) // raised by the runtime library of old compilers, before fast-fail codes
		return "STACK_BUFFER_OVERRUN";
	f->fail_fast_name = fail_fast_name(x->params[0]);
	return f->fail_fast_name ? arena_printf(a, "FAIL_FAST_%s", f->fail_fast_name)
				 : arena_printf(a, "FAIL_FAST_%" PRIx64, x->params[0]);
}

static const char *stack_overflow_class(const struct fault_facts *x)
{
	bool outside = x->bounds_known && x->sp_known &&
		       (x->sp >= x->stack_high || (x->sp < x->stack_low && x->stack_low - x->sp > STACK_SLACK));
	return outside ? "STACK_OVERFLOW_STACK_POINTER_MISMATCH" : "STACK_OVERFLOW";
}

static const char *plain_class(uint32_t code)
{
	static const struct {
		uint32_t code;
		const char *class;
	} classes[] = {
		{ 0x80000001, "GUARD_PAGE_VIOLATION" },
		{ 0x80000002, "DATATYPE_MISALIGNMENT" },
		{ 0x80000003, "BREAKPOINT" },
		{ 0x4000001f, "BREAKPOINT" },
		{ 0x80000004, "SINGLE_STEP" },
		{ 0x4000001e, "SINGLE_STEP" },
		{ 0x40000015, "FATAL_APP_EXIT" },
		{ 0xc0000008, "INVALID_HANDLE" },
		{ 0xc000001d, "ILLEGAL_INSTRUCTION" },
		{ 0xc000008c, "ARRAY_BOUNDS_EXCEEDED" },
		{ 0xc000008e, "FLOAT_DIVIDE_BY_ZERO" },
		{ 0xc0000094, "INTEGER_DIVIDE_BY_ZERO" },
		{ 0xc0000095, "INTEGER_OVERFLOW" },
		{ 0xc0000096, "PRIVILEGED_INSTRUCTION" },
		{ 0xc0000194, "POSSIBLE_DEADLOCK" },
		{ 0xc0000374, "HEAP_CORRUPTION" },
		{ 0xc000041d, "FATAL_USER_CALLBACK_EXCEPTION" },
		{ 0xc0000420, "ASSERTION_FAILURE" },
		{ 0xc0000602, "FAIL_FAST_EXCEPTION" },
		{ 0xc06d007e, "MODULE_NOT_FOUND" },
		{ 0xc06d007f, "PROCEDURE_NOT_FOUND" },
		{ 0xe06d7363, "CPP_EXCEPTION" },
		{ 0xe0434352, "CLR_EXCEPTION" },
		{ 0xe0434f4d, "CLR_EXCEPTION" },
	};
	for (size_t i = 0; i < ARRAY_LEN(classes); i++)
		if (classes[i].code == code)
			return classes[i].class;
	return "APPLICATION_FAULT";
}

bool fault_is_hardware(uint32_t code)
{
	return code == 0xc0000005 || code == 0xc0000006 || code == 0xc000001d || code == 0xc0000094 ||
	       code == 0xc0000095 || code == 0xc0000096 || code == 0xc00000fd;
}

void fault_classify(struct arena *a, const struct fault_facts *x, struct fault *ret)
{
	*ret = (struct fault){ .op = FAULT_NONE };
	if (!x->present) { // WinDbg counts a dump on request as a break
		ret->problem_class = "BREAKPOINT";
		ret->bucket_code = "80000003";
		return;
	}
	ret->bucket_code = arena_printf(a, "%08" PRIx32, x->code);
	switch (x->code) {
	case 0xc0000005:
	case 0xc0000006:
		classify_access(a, x, ret);
		break;
	case 0xc00000fd:
		ret->problem_class = stack_overflow_class(x);
		break;
	case 0xc0000409:
		ret->problem_class = fail_fast_class(a, x, ret);
		break;
	case 0xe0434352: // the HRESULT is the managed exception's identity
		if (x->n_params)
			ret->bucket_code = arena_printf(a, "%08" PRIx32, (uint32_t)x->params[0]);
		ret->problem_class = "CLR_EXCEPTION";
		break;
	default:
		ret->problem_class = plain_class(x->code);
	}
}

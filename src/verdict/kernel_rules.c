// SPDX-License-Identifier: Apache-2.0
// kernel_rules.c: the bucket of a bug check. What the debugger's buckets are called: its public output.
#include "verdict/bugcheck.h"
#include "verdict/kernel_int.h"

#include <inttypes.h>

const char *kernel_bucket(struct arena *a, const char *prefix, const char *module, const char *function,
			  const char *image)
{
	if (image)
		return arena_printf(a, "%s_IMAGE_%s", prefix, image);
	return arena_printf(a, "%s_%s!%s", prefix, module ? module : "ANALYSIS_INCONCLUSIVE",
			    module && function ? bucket_name(a, function) : "unknown_function");
}

bool one_bit(uint64_t v)
{
	return v && !(v & (v - 1));
}

int flipped_bit(va_t va)
{
	enum { SMALL = 0x10000, TOP = 47 };
	uint64_t high = va & ~(uint64_t)(SMALL - 1), top = va >> TOP, all = (UINT64_C(1) << (64 - TOP)) - 1;
	if (one_bit(high) && high >= (UINT64_C(1) << 32))
		return __builtin_ctzll(high);
	if (top != all && one_bit(top ^ all))
		return TOP + __builtin_ctzll(top ^ all);
	return -1;
}

// The debugger is not of one mind about capitals; hashes do not depend on them.
static const char *code_text(struct arena *a, uint32_t code)
{
	static const uint32_t lower[] = { 0x1a, 0x4e, 0x77, 0x7a, 0x7f, 0xc2, 0xc4, 0x10e, 0x13a };
	for (size_t i = 0; i < ARRAY_LEN(lower); i++)
		if (lower[i] == code)
			return arena_printf(a, "0x%" PRIx32, code);
	return arena_printf(a, "0x%" PRIX32, code);
}

static const char *execute_class(const struct prefix_facts *x)
{
	enum { NULL_AREA = 0x10000 };
	return x->ip_in_module ? "AV_CODE_AV_PAGED_IP" : x->ip < NULL_AREA ? "AV_CODE_AV_NULL_IP" : "AV_CODE_AV_BAD_IP";
}

static const char *apc_prefix(struct arena *a, const struct prefix_facts *x)
{
	bool negative = (int16_t)(uint16_t)x->params[1] < 0;
	return !x->params[0] && negative ? "0x20_NULLAPC_KAPC_NEGATIVE" : code_text(a, x->code);
}

static const char *exception_prefix(struct arena *a, const struct prefix_facts *x)
{
	const struct bugcheck_rule *r = x->rule;
	if (x->av)
		return x->op == FAULT_EXECUTE ? execute_class(x) : "AV";
	if (!r->status)
		return code_text(a, x->code);
	return arena_printf(a, "%s_%" PRIX32, code_text(a, x->code), (uint32_t)x->params[r->status - 1]);
}

// Where a cookie or the stack itself is wrong, the debugger looks for the frame with the cookie, and says that it found
// none: public outputs of 0x139 with 2 and 4, and of 0xF7.
static const char *fast_fail_prefix(struct arena *a, const char *code, uint64_t reason)
{
	enum { COOKIE = 2, INCORRECT_STACK = 4 };
	const char *name = fail_fast_name(reason);
	if (reason == COOKIE || reason == INCORRECT_STACK)
		return arena_printf(a, "%s_MISSING_GSFRAME", code);
	return arena_printf(a, "%s_%" PRIx64 "%s%s", code, reason, name ? "_" : "", name ? name : "");
}

// A cookie that is wrong in many bits has no word for it (a public output: 0xF7_MISSING_GSFRAME_nt!_report_gsfailure);
// THREE_BIT stands in a bucket of a public list of fixes (0xF7_THREE_BIT_MATCHED_FRAME_COOKIE_Wdf01000!...). ONE_BIT
// and TWO_BIT follow from it: layout unverified.
static const char *cookie_prefix(struct arena *a, const char *code, uint64_t found, uint64_t expected)
{
	static const char *const bits[] = { "", "ONE_BIT_", "TWO_BIT_", "THREE_BIT_" };
	unsigned n = (unsigned)__builtin_popcountll(found ^ expected);
	return arena_printf(a, "%s_%sMISSING_GSFRAME", code, n < ARRAY_LEN(bits) ? bits[n] : "");
}

// Its data could not be unpacked.
static const uint64_t STATUS_OF_STORE = 0xffffffffc00002c4;

// The store of compressed pages tells the status with which it failed; a page that is not its own has an address. That
// parameter 1 is ffffffffc00002c4 then: a public report (MicrosoftDocs/windows-driver-docs, issue 3645). The word
// behind the status stands in no public output that was found: layout unverified.
static const char *page_prefix(struct arena *a, const char *code, uint64_t value)
{
	if (value >> 30 != UINT64_C(0x3ffffffff))
		return code;
	return arena_printf(a, "%s_%" PRIx32 "%s", code, (uint32_t)value,
			    value == STATUS_OF_STORE ? "_StCtDecompressFailed" : "");
}

static const char *subtype_prefix(struct arena *a, const struct prefix_facts *x, uint64_t subtype)
{
	const char *text = kernel_subtype_text(x->code, subtype), *code = code_text(a, x->code);
	if (text && x->code == 0xc4)
		return arena_printf(a, "%s_%s_XDV", code, text);
	return arena_printf(a, "%s_%" PRIx64 "%s%s", code, subtype, text ? "_" : "", text ? text : "");
}

bool kernel_prefix_unverified(const struct prefix_facts *x)
{
	enum { TWO_BITS = 2 };
	if (x->rule->prefix == PREFIX_PAGE)
		return x->params[0] == STATUS_OF_STORE;
	if (x->rule->prefix != PREFIX_COOKIE)
		return false;
	int bits = __builtin_popcountll(x->params[0] ^ x->params[1]);
	return bits && bits <= TWO_BITS;
}

const char *kernel_prefix(struct arena *a, const struct prefix_facts *x)
{
	const struct bugcheck_rule *r = x->rule;
	const char *code = code_text(a, x->code);
	uint64_t subtype = r->subtype ? x->params[r->subtype - 1] : r->status ? x->params[r->status - 1] : 0;
	switch (r->prefix) {
	case PREFIX_CODE:
		break;
	case PREFIX_ARG:
		return subtype_prefix(a, x, subtype);
	case PREFIX_STATUS:
		return arena_printf(a, "%s_%" PRIx32, code, (uint32_t)subtype);
	case PREFIX_AV:
		return x->op == FAULT_EXECUTE ? execute_class(x) : "AV";
	case PREFIX_50:
		return x->op == FAULT_EXECUTE ? execute_class(x) : x->op == FAULT_WRITE ? "AV_W_(null)" : "AV_R_(null)";
	case PREFIX_EXCEPTION:
		return exception_prefix(a, x);
	case PREFIX_FAST_FAIL:
		return fast_fail_prefix(a, code, x->params[0]);
	case PREFIX_COOKIE:
		return cookie_prefix(a, code, x->params[0], x->params[1]);
	case PREFIX_PAGE:
		return page_prefix(a, code, x->params[0]);
	case PREFIX_NAME:
		return bugcheck_name(x->code, false);
	case PREFIX_DPC:
		return arena_printf(a, "%s_%s", code, x->params[0] ? "ISR" : "DPC");
	case PREFIX_APC:
		return apc_prefix(a, x);
	}
	return code;
}

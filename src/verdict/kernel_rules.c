// SPDX-License-Identifier: Apache-2.0
// kernel_rules.c: where each bug check keeps what it knows. Meanings of parameters: Microsoft's "Bug Check Code
// Reference"; which context the debugger takes and what its buckets are called: its public output.
#include "verdict/bugcheck.h"
#include "verdict/kernel_int.h"

#include <inttypes.h>

#define IRQL_FAMILY  .address = 1, .irql = 2, .op = 3, .ip = 4, .bits = OP_IRQL, .flags = RULE_TRAP
#define SPECIAL_POOL .address = 1, .op = 2, .ip = 3, .bits = OP_PLAIN, .flags = RULE_TRAP
#define FILE_SYSTEM  .record = 2, .context = 3, .prefix = PREFIX_EXCEPTION
#define SUBTYPE_1    .subtype = 1, .prefix = PREFIX_ARG
#define DISPLAY      .pointer = 2, .flags = RULE_IMAGE | RULE_NO_STACK

static const struct bugcheck_rule rules[] = {
	{ .code = 0xa, IRQL_FAMILY, .prefix = PREFIX_AV },
	{ .code = 0x18, .flags = RULE_NOTICED },
	{ .code = 0x19, SUBTYPE_1, .flags = RULE_NOTICED },
	{ .code = 0x1a, SUBTYPE_1, .flags = RULE_NOTICED },
	{ .code = 0x1e, .status = 1, .ip = 2, .prefix = PREFIX_EXCEPTION, .flags = RULE_TRAP },
	{ .code = 0x20, .prefix = PREFIX_APC },
	{ .code = 0x23, FILE_SYSTEM },
	{ .code = 0x24, FILE_SYSTEM },
	{ .code = 0x27, FILE_SYSTEM },
	{ .code = 0x2e, .flags = RULE_HARDWARE },
	{ .code = 0x39, .pointer = 1 },
	{ .code = 0x3b, .status = 1, .ip = 2, .context = 3, .prefix = PREFIX_EXCEPTION },
	{ .code = 0x3d, .record = 1, .context = 2, .prefix = PREFIX_EXCEPTION },
	{ .code = 0x4e, SUBTYPE_1, .flags = RULE_NOTICED },
	{ .code = 0x50,
	  .address = 1,
	  .op = 2,
	  .ip = 3,
	  .bits = OP_50,
	  .prefix = PREFIX_50,
	  .flags = RULE_TRAP | RULE_ANY_TRAP },
	{ .code = 0x5a, .status = 1, .prefix = PREFIX_STATUS, .flags = RULE_NO_STACK },
	{ .code = 0x77, .subtype = 1, .prefix = PREFIX_STATUS, .flags = RULE_DISK },
	{ .code = 0x7a, .subtype = 2, .prefix = PREFIX_STATUS, .flags = RULE_DISK },
	{ .code = 0x7b, .flags = RULE_DISK },
	{ .code = 0x7e, .status = 1, .ip = 2, .record = 3, .context = 4, .prefix = PREFIX_EXCEPTION },
	{ .code = 0x7f, SUBTYPE_1, .flags = RULE_TRAP | RULE_ANY_TRAP },
	{ .code = 0x80, .flags = RULE_HARDWARE },
	{ .code = 0x8e, .status = 1, .ip = 2, .trap = 3, .prefix = PREFIX_EXCEPTION },
	{ .code = 0x96, .pointer = 4 },
	{ .code = 0x9c, .flags = RULE_HARDWARE },
	{ .code = 0x9f, SUBTYPE_1, .flags = RULE_POWER_IRP | RULE_NO_STACK },
	{ .code = 0xa0, SUBTYPE_1 },
	{ .code = 0xbe, .address = 1, .bits = OP_WRITE, .prefix = PREFIX_CODE, .flags = RULE_TRAP | RULE_ANY_TRAP },
	{ .code = 0xc1, .subtype = 4, .prefix = PREFIX_ARG },
	{ .code = 0xc2, SUBTYPE_1 },
	{ .code = 0xc4, SUBTYPE_1 },
	{ .code = 0xc5, IRQL_FAMILY | RULE_NOTICED, .subtype = 2, .prefix = PREFIX_ARG },
	{ .code = 0xc7, SUBTYPE_1, .pointer = 2 },
	{ .code = 0xc9, SUBTYPE_1 },
	{ .code = 0xcb, .pointer = 1 },
	{ .code = 0xcc, SPECIAL_POOL, .prefix = PREFIX_AV },
	{ .code = 0xcd, SPECIAL_POOL, .prefix = PREFIX_AV },
	{ .code = 0xce, SPECIAL_POOL, .prefix = PREFIX_AV },
	{ .code = 0xd0, IRQL_FAMILY | RULE_NOTICED, .subtype = 2, .prefix = PREFIX_ARG },
	{ .code = 0xd1, IRQL_FAMILY, .prefix = PREFIX_AV },
	{ .code = 0xd3, IRQL_FAMILY, .prefix = PREFIX_CODE },
	{ .code = 0xd5, SPECIAL_POOL, .prefix = PREFIX_AV },
	{ .code = 0xd6, SPECIAL_POOL, .prefix = PREFIX_AV },
	{ .code = 0xe1, .pointer = 1 },
	{ .code = 0xe2, .flags = RULE_REQUESTED },
	{ .code = 0xef, .flags = RULE_PROCESS },
	{ .code = 0xf4, SUBTYPE_1, .flags = RULE_PROCESS },
	{ .code = 0xfc, .address = 1, .bits = OP_EXECUTE, .prefix = PREFIX_CODE, .flags = RULE_TRAP | RULE_ANY_TRAP },
	{ .code = 0x101, .flags = RULE_NO_STACK },
	{ .code = 0x109, .subtype = 4, .prefix = PREFIX_ARG, .flags = RULE_NOTICED | RULE_NO_STACK },
	{ .code = 0x10e, SUBTYPE_1 },
	{ .code = 0x116, DISPLAY },
	{ .code = 0x117, DISPLAY },
	{ .code = 0x119, SUBTYPE_1 },
	{ .code = 0x124, SUBTYPE_1, .flags = RULE_HARDWARE | RULE_NO_STACK },
	{ .code = 0x127, .flags = RULE_NOTICED | RULE_HARDWARE },
	{ .code = 0x12b, .flags = RULE_NOTICED | RULE_HARDWARE },
	{ .code = 0x133, .prefix = PREFIX_DPC, .flags = RULE_TRAP | RULE_ANY_TRAP },
	{ .code = 0x139, .trap = 2, .record = 3, .prefix = PREFIX_FAST_FAIL, .flags = RULE_NOTICED },
	{ .code = 0x13a, SUBTYPE_1, .flags = RULE_NOTICED },
	{ .code = 0x141, DISPLAY },
	{ .code = 0x144, SUBTYPE_1 },
	{ .code = 0x154, .flags = RULE_NOTICED },
	{ .code = 0x161, .flags = RULE_REQUESTED },
	{ .code = 0x1c7, SUBTYPE_1, .flags = RULE_NOTICED },
	{ .code = 0x1c8, .flags = RULE_REQUESTED | RULE_NO_STACK },
	{ .code = 0xdeaddead, .flags = RULE_REQUESTED },
};

const struct bugcheck_rule *bugcheck_rule(uint32_t code)
{
	static const struct bugcheck_rule other = { .prefix = PREFIX_CODE };
	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		if (rules[i].code == code)
			return &rules[i];
	return &other;
}

enum fault_op bugcheck_op(const struct bugcheck_rule *r, uint16_t machine, uint64_t value)
{
	switch (r->bits) {
	case OP_NONE:
		break;
	case OP_IRQL:
		return value & 8 ? FAULT_EXECUTE : value & 1 ? FAULT_WRITE : FAULT_READ;
	case OP_50:
		if (machine == MACHINE_X64 ? value & 0x10 : value & 8)
			return FAULT_EXECUTE;
		return value & 2 || value == 1 ? FAULT_WRITE : FAULT_READ;
	case OP_WRITE:
		return FAULT_WRITE;
	case OP_EXECUTE:
		return FAULT_EXECUTE;
	case OP_PLAIN:
		return value & 1 ? FAULT_WRITE : FAULT_READ;
	}
	return FAULT_NONE;
}

// ---- the bucket
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
	return arena_printf(a, "%s_%" PRIx32, code_text(a, x->code), (uint32_t)x->params[r->status - 1]);
}

const char *kernel_prefix(struct arena *a, const struct prefix_facts *x)
{
	const struct bugcheck_rule *r = x->rule;
	const char *code = code_text(a, x->code), *name;
	uint64_t subtype = r->subtype ? x->params[r->subtype - 1] : r->status ? x->params[r->status - 1] : 0;
	switch (r->prefix) {
	case PREFIX_CODE:
		break;
	case PREFIX_ARG:
		return arena_printf(a, "%s_%" PRIx64, code, subtype);
	case PREFIX_STATUS:
		return arena_printf(a, "%s_%" PRIx32, code, (uint32_t)subtype);
	case PREFIX_AV:
		return x->op == FAULT_EXECUTE ? execute_class(x) : "AV";
	case PREFIX_50:
		return x->op == FAULT_EXECUTE ? execute_class(x) : x->op == FAULT_WRITE ? "AV_W_(null)" : "AV_R_(null)";
	case PREFIX_EXCEPTION:
		return exception_prefix(a, x);
	case PREFIX_FAST_FAIL:
		name = fail_fast_name(x->params[0]);
		return arena_printf(a, "%s_%" PRIx64 "%s%s", code, x->params[0], name ? "_" : "", name ? name : "");
	case PREFIX_DPC:
		return arena_printf(a, "%s_%s", code, x->params[0] ? "ISR" : "DPC");
	case PREFIX_APC:
		return apc_prefix(a, x);
	}
	return code;
}

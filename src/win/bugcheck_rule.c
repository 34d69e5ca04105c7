// SPDX-License-Identifier: Apache-2.0
// bugcheck_rule.c: where each bug check keeps what it knows. Meanings of parameters: Microsoft's "Bug Check Code
// Reference"; which context the debugger takes: its public output.
#include "win/bugcheck_rule.h"

#include "arch/regs.h"

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
	{ .code = 0x7f, SUBTYPE_1, .flags = RULE_TRAP | RULE_ANY_TRAP | RULE_FROM_TOP },
	{ .code = 0x80, .flags = RULE_HARDWARE },
	{ .code = 0x8e, .status = 1, .ip = 2, .trap = 3, .prefix = PREFIX_EXCEPTION },
	{ .code = 0x96, .pointer = 4 },
	{ .code = 0x9c, .flags = RULE_HARDWARE },
	{ .code = 0x9f, SUBTYPE_1, .flags = RULE_POWER_IRP | RULE_NO_STACK },
	{ .code = 0xa0, SUBTYPE_1 },
	// No public output was found that shows a bucket of 0xBE: that blame begins at the routine that stopped the
	// system is taken from 0x7F and 0x133 (layout unverified). It matters only when no driver is on the stack.
	{ .code = 0xbe,
	  .address = 1,
	  .trap = 3,
	  .bits = OP_WRITE,
	  .prefix = PREFIX_CODE,
	  .flags = RULE_TRAP | RULE_ANY_TRAP | RULE_FROM_TOP },
	{ .code = 0xc1, .subtype = 4, .prefix = PREFIX_ARG },
	{ .code = 0xc2, SUBTYPE_1 },
	{ .code = 0xc4, SUBTYPE_1 },
	{ .code = 0xc5, IRQL_FAMILY | RULE_NOTICED, .subtype = 2, .prefix = PREFIX_ARG },
	{ .code = 0xc7, SUBTYPE_1, .pointer = 2 },
	{ .code = 0xc9, SUBTYPE_1 },
	{ .code = 0xca, SUBTYPE_1 },
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
	{ .code = 0xf7, .prefix = PREFIX_COOKIE },
	{ .code = 0xfc,
	  .address = 1,
	  .trap = 3,
	  .bits = OP_EXECUTE,
	  .prefix = PREFIX_CODE,
	  .flags = RULE_TRAP | RULE_ANY_TRAP },
	{ .code = 0x101, .prefix = PREFIX_NAME, .flags = RULE_NO_STACK },
	{ .code = 0x109, .subtype = 4, .prefix = PREFIX_ARG, .flags = RULE_NOTICED | RULE_NO_STACK },
	{ .code = 0x10e, SUBTYPE_1 },
	{ .code = 0x116, DISPLAY },
	{ .code = 0x117, DISPLAY },
	{ .code = 0x119, SUBTYPE_1 },
	{ .code = 0x124, SUBTYPE_1, .flags = RULE_HARDWARE | RULE_NO_STACK },
	{ .code = 0x127, .flags = RULE_NOTICED | RULE_HARDWARE },
	{ .code = 0x12b, .status = 1, .prefix = PREFIX_PAGE, .flags = RULE_NOTICED | RULE_HARDWARE },
	{ .code = 0x133, .prefix = PREFIX_DPC, .flags = RULE_TRAP | RULE_ANY_TRAP | RULE_FROM_TOP },
	{ .code = 0x139, .trap = 2, .record = 3, .prefix = PREFIX_FAST_FAIL, .flags = RULE_NOTICED | RULE_FROM_TOP },
	{ .code = 0x13a, SUBTYPE_1, .flags = RULE_NOTICED },
	{ .code = 0x141, DISPLAY },
	{ .code = 0x144, SUBTYPE_1 },
	{ .code = 0x154, .flags = RULE_NOTICED },
	{ .code = 0x161, .flags = RULE_REQUESTED },
	{ .code = 0x1c7, SUBTYPE_1, .flags = RULE_NOTICED },
	{ .code = 0x1c8, .flags = RULE_REQUESTED | RULE_NO_STACK },
	{ .code = 0x5454414d, .flags = RULE_REQUESTED | RULE_NO_STACK }, // "MATT": see detect/manual_kernel.c
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

bool bugcheck_names_fault(const struct bugcheck_rule *r)
{
	return bugcheck_names_access(r) || (r->status && r->prefix == PREFIX_EXCEPTION) || r->record;
}

bool bugcheck_names_access(const struct bugcheck_rule *r)
{
	return r->address && r->bits != OP_NONE;
}

uint64_t bugcheck_ip(const struct bugcheck_rule *r, const uint64_t params[4])
{
	uint8_t number = r->ip ? r->ip : r->bits == OP_EXECUTE ? r->address : 0;
	return number ? params[number - 1] : 0;
}

// Microsoft's page of 0x50: "After Windows 1507": 0, 2, 0x10, on ARM 8 for execute; before: 0, 1. The debugger's text:
// of these numbers bits count, and x64 has a corrupt page-table entry in bit 3.
static enum fault_op op_50(uint16_t machine, uint32_t build, uint64_t value)
{
	enum { THRESHOLD = 10240 };
	unsigned write = build >= THRESHOLD ? 2 : 1;
	unsigned execute = build >= THRESHOLD && machine != MACHINE_ARM64 ? 0x10 : 8;
	return value & execute ? FAULT_EXECUTE : value & write ? FAULT_WRITE : FAULT_READ;
}

enum fault_op bugcheck_op(const struct bugcheck_rule *r, uint16_t machine, uint32_t build, uint64_t value)
{
	switch (r->bits) {
	case OP_NONE:
		break;
	case OP_IRQL:
		return value & 8 ? FAULT_EXECUTE : value & 1 ? FAULT_WRITE : FAULT_READ;
	case OP_50:
		return op_50(machine, build, value);
	case OP_WRITE:
		return FAULT_WRITE;
	case OP_EXECUTE:
		return FAULT_EXECUTE;
	case OP_PLAIN:
		return value & 1 ? FAULT_WRITE : FAULT_READ;
	}
	return FAULT_NONE;
}

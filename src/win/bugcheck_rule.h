// SPDX-License-Identifier: Apache-2.0
// bugcheck_rule.h: what the parameters of a bug check are, and how it is judged: a table, one row a code.
#pragma once
#include "base/base.h"

enum fault_op { FAULT_NONE, FAULT_READ, FAULT_WRITE, FAULT_EXECUTE };
enum op_bits {
	OP_NONE,
	OP_IRQL,  // bit 0 write, bit 3 execute
	OP_50,    // bit 1 write, bit 4 execute (ARM64: bit 3); before Windows 10: bit 0, bit 3
	OP_WRITE, // always a write
	OP_EXECUTE,
	OP_PLAIN, // 0 read, 1 write
};
enum prefix_kind {
	PREFIX_CODE,      // 0xE3
	PREFIX_ARG,       // 0x19_22: a parameter is a subtype
	PREFIX_STATUS,    // the same with a status, of which the low half counts
	PREFIX_AV,        // AV, AV_CODE_AV_PAGED_IP
	PREFIX_50,        // AV_W_(null)
	PREFIX_EXCEPTION, // AV for access violations, else code and exception code
	PREFIX_FAST_FAIL, // 0x139_3_CORRUPT_LIST_ENTRY
	PREFIX_DPC,       // 0x133_DPC, 0x133_ISR
	PREFIX_APC,       // 0x20_NULLAPC_KAPC_NEGATIVE
	PREFIX_COOKIE,    // 0xF7_ONE_BIT_MISSING_GSFRAME
	PREFIX_NAME,      // CLOCK_WATCHDOG_TIMEOUT
	PREFIX_PAGE,      // 0x12B_c00002c4_StCtDecompressFailed: the parameter is a status or an address
};
enum rule_flags {
	RULE_NOTICED = 1,     // the code noticed damage that somebody did earlier
	RULE_TRAP = 2,        // an interrupted context is to be looked for on the stack
	RULE_ANY_TRAP = 4,    // without knowing where it was interrupted
	RULE_IMAGE = 8,       // the bucket names the image alone
	RULE_HARDWARE = 16,   // hardware is the first suspect
	RULE_REQUESTED = 32,  // somebody asked for the crash
	RULE_DISK = 64,       // reading from a disk failed
	RULE_NO_STACK = 128,  // the stack says nothing about the cause
	RULE_POWER_IRP = 256, // 0x9F
	RULE_PROCESS = 512,   // 0xEF, 0xF4: a process ended
	RULE_FROM_TOP = 1024, // blame begins where the system was stopped, not in what was interrupted
};
struct bugcheck_rule {
	uint32_t code;
	// Numbers of parameters, 1 to 4; 0: none.
	uint8_t status, ip, address, op, irql, context, record, trap, pointer, subtype;
	enum op_bits bits;
	enum prefix_kind prefix;
	unsigned flags;
};
const struct bugcheck_rule *bugcheck_rule(uint32_t code); // never NULL: unknown codes have a row of their own
// Do the parameters describe a fault: an access, an exception, or a record of one?
bool bugcheck_names_fault(const struct bugcheck_rule *r);
// Do they say which address was accessed, and how?
bool bugcheck_names_access(const struct bugcheck_rule *r);
// The instruction that faulted: its parameter; of an execution without one, what was executed. 0: not said.
uint64_t bugcheck_ip(const struct bugcheck_rule *r, const uint64_t params[4]);
// `value`: of the rule's parameter `op`; build: of the dump. FAULT_NONE: the code is about no access.
enum fault_op bugcheck_op(const struct bugcheck_rule *r, uint16_t machine, uint32_t build, uint64_t value);

// SPDX-License-Identifier: Apache-2.0
// kernel_int.h: the parts of the kernel verdict. The rules are over plain facts, so that tests can feed them.
#pragma once
#include "verdict/kernel.h"
#include "verdict/verdict_int.h"

// ---- what the parameters of a bug check are: a table, one row a code
enum op_bits {
	OP_NONE,
	OP_IRQL,  // bit 0 write, bit 3 execute
	OP_50,    // bit 1 write, bit 4 execute; ARM64: bit 3 execute; before Windows 10: 0, 1, 8
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
enum fault_op bugcheck_op(const struct bugcheck_rule *r, uint16_t machine, uint64_t value);

// What the bucket's prefix depends on.
struct prefix_facts {
	const struct bugcheck_rule *rule;
	uint32_t code;
	uint64_t params[4];
	enum fault_op op;
	bool av; // an access violation
	va_t ip;
	bool ip_in_module;
};
const char *kernel_prefix(struct arena *a, const struct prefix_facts *x);
// The whole bucket. function NULL: none is certain; image: the bucket names that file alone; module NULL: nobody.
const char *kernel_bucket(struct arena *a, const char *prefix, const char *module, const char *function,
			  const char *image);
// Is it a page-table entry of zeros, but for one bit?
bool one_bit(uint64_t v);
// Is an address one bit away from NULL plus a small offset, or from an address that the processor takes? -1: no;
// else the bit. A hint at faulty memory, no proof.
int flipped_bit(va_t va);

// ---- finding things in the dump
// The innermost trap frame at or above sp whose instruction pointer is `ip`, best with the faulting address in it; ip
// 0: of kernel code that was interrupted. 0: none.
va_t kernel_trap_find(struct session *s, va_t sp, va_t ip, va_t address);
// ImageFileName of a process; NULL with *why_ret set.
const char *kernel_process_name(struct session *s, va_t process, const char **why_ret);
// A UNICODE_STRING; NULL: not readable.
const char *kernel_unicode_string(struct session *s, va_t at);
// The driver of a DEVICE_OBJECT: its module; *object_ret (may be NULL) the DRIVER_OBJECT. NULL: not readable, or not
// loaded.
const struct module *kernel_device_driver(struct session *s, va_t device, va_t *object_ret);
// The device that holds a request, from its current stack location; 0: not readable.
va_t kernel_irp_device(struct session *s, va_t irp);
// Vendor string of the processor ("GenuineIntel"); NULL: not known.
const char *kernel_cpu_vendor(struct session *s);

// ---- the verdict's parts; kernel.c calls them in this order
struct kernel_case {
	struct session *s;
	struct verdict *v;
	struct kernel_verdict *k;
	const struct bugcheck_rule *rule;
	struct regs crash; // the registers at the bug check; valid when crash_known
	bool crash_known;
	size_t first; // frame of the stack where blaming starts
	const char *no_context;
};
void kernel_facts(struct kernel_case *c); // parameters, records, contexts
void kernel_stack(struct kernel_case *c);
void kernel_special(struct kernel_case *c); // what only one code has: 0x9F, 0x124, 0xEF, ...
void kernel_blame(struct kernel_case *c);   // module, image, symbol, confidence, why
void kernel_words(struct kernel_case *c);   // summary, evidence, alternatives, next steps

void kernel_field(struct kernel_case *c, const char *name, const char *value, bool one_blank);
void kernel_reason(struct kernel_list *l, const char *text, const char *command);
// Names a module for a reason that is no frame.
void kernel_name_module(struct kernel_case *c, const struct module *m, va_t at, enum verdict_confidence sure,
			const char *why);
const char *kernel_image_name(struct session *s, const struct module *m); // "ntkrnlmp.exe" for the kernel
bool kernel_is_core(const char *module); // a module that is blamed only when there is nothing better

// SPDX-License-Identifier: Apache-2.0
// kernel_int.h: the parts of the kernel verdict. The rules are over plain facts, so that tests can feed them.
#pragma once
#include "verdict/kernel.h"
#include "verdict/verdict_int.h"

// ---- the bucket
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
// Does it hold a word that no public output confirms?
bool kernel_prefix_unverified(const struct prefix_facts *x);
// The whole bucket. function NULL: none is certain; image: the bucket names that file alone; module NULL: nobody.
const char *kernel_bucket(struct arena *a, const char *prefix, const char *module, const char *function,
			  const char *image);
// What a subtype is called in buckets; NULL: it stands there as a number alone.
const char *kernel_subtype_text(uint32_t code, uint64_t value);
// With the marks of a system that Driver Verifier watched, and of one that went on.
const char *marked_prefix(struct arena *a, const char *prefix, bool verified, bool live);
// Is it a page-table entry of zeros, but for one bit?
bool one_bit(uint64_t v);
// Is an address one bit away from NULL plus a small offset, or from an address that the processor takes? -1: no;
// else the bit. A hint at faulty memory, no proof.
int flipped_bit(va_t va);

// ---- finding things in the dump
// The innermost trap frame at or above sp whose instruction pointer is `ip`, best with the faulting address in it; ip
// 0: of kernel code that was interrupted. 0: none.
va_t kernel_trap_find(struct session *s, va_t sp, va_t ip, va_t address);
// The driver of a DEVICE_OBJECT: its module; *object_ret (may be NULL) the DRIVER_OBJECT. NULL: not readable, or not
// loaded.
const struct module *kernel_device_driver(struct session *s, va_t device, va_t *object_ret);
const struct module *kernel_driver_module(struct session *s, va_t driver); // the same of a DRIVER_OBJECT
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
	size_t first;     // frame of the stack where blaming starts
	bool other_stack; // the stack is not the crash's own: a parameter led to it
	const char *no_context;
	bool unverified; // a word of the bucket stands in no public output
	bool erred;      // registers and reports contradict each other, or an address is wrong in one bit
};
void kernel_facts(struct kernel_case *c); // parameters, records, contexts
void kernel_stack(struct kernel_case *c);
void kernel_special(struct kernel_case *c); // what only one code has: 0x9F, 0x124, 0xEF, ...
void kernel_code(struct kernel_case *c);    // damaged code, where an image file is at hand
void kernel_blame(struct kernel_case *c);   // module, image, symbol, confidence, why
void kernel_foreign(struct kernel_case *c); // code for another processor
const char *kernel_marked_prefix(const struct kernel_case *c);
void kernel_words(struct kernel_case *c); // summary, evidence, alternatives, next steps

void kernel_field(struct kernel_case *c, const char *name, const char *value, bool one_blank);
void kernel_one_bit(struct kernel_case *c); // names faulty memory for a single wrong bit
void kernel_reason(struct kernel_list *l, const char *text, const char *command);
// Names a module for a reason that is no frame.
void kernel_name_module(struct kernel_case *c, const struct module *m, va_t at, enum verdict_confidence sure,
			const char *why);
const char *kernel_image_name(struct session *s, const struct module *m); // "ntkrnlmp.exe" for the kernel
bool kernel_is_core(const char *module); // a module that is blamed only when there is nothing better

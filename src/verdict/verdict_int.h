// SPDX-License-Identifier: Apache-2.0
// verdict_int.h: the parts of the verdict that are rules over plain facts, apart from the dump, so that tests
// can feed them.
#pragma once
#include "verdict/verdict.h"

// ---- what kind of fault
enum place { PLACE_UNKNOWN, PLACE_UNMAPPED, PLACE_DATA, PLACE_CODE }; // what is known of an address
struct fault_facts {
	bool present; // an exception is stored
	uint32_t code;
	uint32_t n_params;
	uint64_t params[15];
	va_t ip;
	bool sp_known, bounds_known; // bounds: of the whole reserved stack, from the TEB
	va_t sp, stack_low, stack_high;
	va_t stack_limit; // lowest committed address
	enum place ip_place;
};
struct fault {
	const char *problem_class; // "NULL_POINTER_READ"
	const char *bucket_code;   // "c0000005"
	enum fault_op op;
	bool has_address;
	va_t address;
	const char *fail_fast_name;
};
// Exceptions that the processor raises at the instruction itself; all others are raised by code that noticed
// something. A breakpoint counts as raised: somebody put it there.
bool fault_is_hardware(uint32_t code);
void fault_classify(struct arena *a, const struct fault_facts *x, struct fault *ret);

// ---- who is blamed
enum triage { TRIAGE_IGNORE, TRIAGE_LAST, TRIAGE_MAYBE, TRIAGE_DEFINITE };
struct triage_rule {
	const char *pattern; // "module" or "module!function"; '*' matches anything
	enum triage class;
};
extern const struct triage_rule triage_rules[];        // of processes; NULL pattern ends
extern const struct triage_rule kernel_triage_rules[]; // of kernel dumps
// A pattern with a function beats one without, then the longer one wins; without any match: definite. A rule
// about functions needs a name that is certain: function NULL matches none.
enum triage triage_class(const char *module, const char *function);
enum triage triage_class_in(const struct triage_rule *rules, const char *module, const char *function);

struct blame_frame {
	const char *module;   // debugger's name; NULL: the address is in no module
	const char *function; // NULL: not certain
	bool unloaded;        // module is the file name of an unloaded one
	enum trust trust;
};
struct blame {
	size_t frame; // SIZE_MAX: no frame is in a module
	enum triage class;
	bool after_unknown; // frames in no module were passed on the way
	enum trust trust;   // the worst on the way
};
// With an exception: the first definite frame, else the first maybe, else the first last, else the first in any
// module. Without one nobody is at fault: the first frame that is no messenger says where the thread was.
void blame_find(const struct blame_frame *f, size_t n, bool exception, struct blame *ret);
void blame_find_in(const struct triage_rule *rules, const struct blame_frame *f, size_t n, bool exception,
		   struct blame *ret);

// ---- names that are certain
// The rule of certain_function() that follows code: can execution that starts at `from` reach `to` by falling through
// and by forward branches? code: the bytes from `from` on.
bool code_reaches(uint16_t machine, struct span code, va_t from, va_t to);

// What the instruction at the fault really touches, in the processor's own terms; for messages.
struct operand {
	bool known; // the address was computed from known registers
	va_t address;
	bool is_write;
};
struct operand fault_operand(struct target *t, const struct regs *r);

// A call through a bad pointer has just pushed its return address (ARM64: put it into lr). Where the walker had to
// guess at the first step of st, which was walked from `start`, that address is the better caller.
void recover_caller(struct session *s, const struct thread *th, const struct regs *start, struct stack *st);
// The verdict of a kernel dump; what fills v.
MUST_USE err_t kernel_judge(struct session *s, struct verdict *v);
enum { VERDICT_FRAMES = 256 }; // frames looked at; a blame farther down would say nothing
// A symbol's name as a bucket has it: without template arguments, blanks and back-quotes.
const char *bucket_name(struct arena *a, const char *function);

// ---- words
// Fills confidence and why. direct: nothing but raising machinery lies between the fault and the blamed frame.
void verdict_explain(struct arena *a, struct verdict *v, const struct blame *who, bool direct);
// One sentence: what happened, where.
const char *verdict_summary(struct session *s, const struct verdict *v);

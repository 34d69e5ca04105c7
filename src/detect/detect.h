// SPDX-License-Identifier: Apache-2.0
// detect.h: a pattern detector looks at facts and reports findings. Patterns and their names are those of
// Dmitry Vostokov's memory-analysis pattern language.
//
// To add a detector `foo`:
//  1. write detect/foo.c, defining `const struct detector detect_foo`;
//  2. add the line `foo` to detect/LIST (order is the pattern's number);
//  3. add tests/detect/foo.test: one dump that has the pattern, one near miss that has not.
// A detector reads facts only: no raw memory, no printing, never names of fixtures.
#pragma once
#include "doc/doc.h"
#include "stack/stack.h"

struct findings;
enum fact { // what a detector needs; the engine computes each once a session and skips detectors without theirs
	FACT_THREADS = 1,
	FACT_STACKS = 2,     // every thread's stack
	FACT_EXCEPTION = 4,  // a stored exception
	FACT_EVENT_REGS = 8, // the registers at the exception
	FACT_MODULES = 16,
	FACT_MEMINFO = 32,  // the address map
	FACT_VERSIONS = 64, // module version facts
	FACT_DUMP = 128,    // how the dump was made: streams, flags, comments
};
struct fact_thread {
	const struct thread *thread;
	bool has_stack;
	struct stack stack; // of the thread's own context
	bool has_bounds;
	va_t stack_low, stack_high;
};
struct fact_operand { // what the faulting instruction touched
	bool present;
	char text[192];  // the instruction as u shows it
	int base, index; // register numbers, -1 none
	bool base_known;
	uint64_t base_value;
	va_t address; // computed effective address, when the registers are known
	bool address_known;
};
struct facts {
	struct session *session;
	struct arena *a;
	unsigned have;          // enum fact bits that could be computed
	const char *why_not[8]; // by bit: why a fact is missing ("the dump holds no exception")
	const struct dump_user *dump;
	struct fact_thread *threads;
	size_t n_threads;
	size_t event_thread;                    // index into threads, SIZE_MAX none
	const struct dump_exception *exception; // NULL none
	struct regs event_regs;
	struct stack event_stack; // from the exception's context
	struct fact_operand operand;
};
enum severity { SEV_INFO, SEV_WARNING, SEV_CRITICAL };
struct detector {
	const char *id;      // of patterns.tsv, stable, in JSON: "null-pointer-data"
	unsigned number;     // of patterns.tsv
	const char *title;   // "NULL Pointer (Data)"
	unsigned needs;      // enum fact bits
	const char *explain; // what the pattern is, when it lies, what to do: for `dumpscope explain`
	err_t (*run)(const struct facts *f, struct findings *out);
};
extern const struct detector *const detectors[]; // generated from detect/LIST; NULL-terminated

// ---- findings
struct evidence {
	va_t va;             // 0: no address
	const char *what;    // one link of the argument
	const char *command; // shows the same in the debugger
};
struct finding {
	const struct detector *detector;
	enum severity severity;
	unsigned confidence; // percent
	const char *summary;
	struct evidence *evidence;
	size_t n_evidence;
	const char *refutation; // what would make it false; NULL none
};
struct not_checked {
	const struct detector *detector;
	const char *why;
};
struct findings {
	struct arena *a;
	const struct detector *current;
	struct finding *list;
	size_t n, cap;
	struct not_checked *skipped;
	size_t n_skipped, cap_skipped;
};
// Adds a finding; then at least one evidence() for it, with at least one command among them.
struct finding *finding(struct findings *f, enum severity sev, unsigned confidence, const char *fmt, ...)
	PRINTF_LIKE(4, 5);
void evidence(struct findings *f, va_t va, const char *command, const char *fmt, ...) PRINTF_LIKE(4, 5);
// A detector that cannot decide: "not checked: why".
void not_checked(struct findings *f, const char *fmt, ...) PRINTF_LIKE(2, 3);

MUST_USE err_t facts_get(struct session *s, const struct facts **ret);     // cached in the session
MUST_USE err_t detect_all(struct session *s, const struct findings **ret); // cached in the session
const struct detector *detector_find(const char *id_or_number);

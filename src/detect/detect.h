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
#include "detect/facts.h"
#include "doc/doc.h"

struct findings;
enum severity { SEV_INFO, SEV_WARNING, SEV_CRITICAL };
enum degree {
	DEGREE_AUTO,     // the detector may assert the pattern
	DEGREE_PART,     // it proposes; a person decides
	DEGREE_EVIDENCE, // it shows the evidence and never asserts
};
enum kinds { FOR_ALL, FOR_USER, FOR_KERNEL }; // dumps that can have the pattern
struct detector {
	const char *id;    // of patterns.tsv, stable, in JSON: "null-pointer-data"
	unsigned number;   // of patterns.tsv
	const char *title; // "NULL Pointer (Data)"
	enum degree degree;
	enum kinds kinds;
	unsigned needs;      // enum fact bits
	const char *explain; // what the pattern is, when it lies, what to do: for `dumpscope explain`
	err_t (*run)(const struct facts *f, struct findings *out);
};
extern const struct detector *const detectors[]; // generated from detect/LIST; NULL-terminated
// Patterns of kernel dumps that have no detector yet; `explain` says why they are not checked.
extern const struct detector detect_missing[];
extern const size_t n_detect_missing;

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
	bool other_kind; // a pattern of other dumps: shown only to those who ask for it
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

MUST_USE err_t detect_all(struct session *s, const struct findings **ret); // cached in the session
// By id, number, or a part of the title that fits one detector only. NULL: none, or several.
const struct detector *detector_find(const char *text);

// ---- for detectors
// Is the frame in a function whose "module!name" fits the wildcard pattern? Without symbols: never.
bool frame_named(const struct frame *f, const char *pattern);
bool frame_in_system(const struct frame *f); // in ntdll, kernel32, KERNELBASE or the WOW64 layer
// Modules that raise exceptions on behalf of others: their address says little of the cause.
bool module_is_messenger(const struct module *m);
const char *module_label(const struct module *m); // "foo.dll"; the debugger's name when that is unreadable
const char *thread_label(const struct facts *f, const struct fact_thread *t); // "thread 2 (1a4)"
// Wraps a command so that it runs on a thread: "~2s; k".
const char *on_thread(const struct facts *f, const struct fact_thread *t, const char *command);
// Wraps a command so that it runs with the registers at the fault: ".ecxr; k", ".trap ffff...; k".
const char *at_fault(const struct facts *f, const char *command);
// The whole finding on the processors' own stacks of a kind.
enum cpu_stack { CPU_STACK_DPC, CPU_STACK_INTERRUPT };
void cpu_stacks(const struct facts *f, struct findings *out, enum cpu_stack which);
const char *fault_command(const struct facts *f); // shows what happened: ".exr -1", ".bugcheck"
const char *fault_name(const struct facts *f);    // "exception c0000005", "bug check 0xD1"
const char *fault_source(const struct facts *f);  // what told of the fault: "exception", "bug check"
const char *fault_title(const struct facts *f);   // "Exception c0000005"
bool module_is_kernel(const struct facts *f, const struct module *m); // the kernel itself or the HAL
// What a wrong pointer's value looks like: text, a debug filling, an unloaded module. NULL: nothing in particular.
const char *pointer_looks(const struct facts *f, va_t va);
bool code_is_benign(uint32_t code); // thread naming, debug output: exceptions that are messages

// ---- emitting
struct findings_view {
	const struct detector *only; // NULL: all
	bool verbose;                // with what would refute a finding, and the patterns that are not there
};
// Sections "findings" and "not_checked" (the latter only when something was not checked), worst first.
void findings_emit(struct doc *out, const struct findings *f);
void findings_emit_view(struct doc *out, const struct findings *f, const struct findings_view *view);
extern const struct schema row_finding, row_evidence, row_not_checked, row_pattern_absent;
const char *severity_name(enum severity s); // "info", "warning", "critical"
const char *degree_name(enum degree d);     // "auto", "part", "evidence"

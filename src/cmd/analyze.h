// SPDX-License-Identifier: Apache-2.0
// analyze.h: parts of !analyze that other faces of the verdict use.
#pragma once
#include "cmd/rows.h"
#include "verdict/verdict.h"

struct dump_kernel; // dump/kernel.h
// The typed row `analysis`; nothing in text.
void emit_analysis(struct session *s, const struct verdict *v, struct doc *out);
// Lines of the layout: "NAME:  value" (one blank before the value on demand; NULL: no line), a key of
// KEY_VALUES_STRING, the five lines with stars around "Bugcheck Analysis".
void analysis_line(struct doc *out, const char *name, const char *value, bool one_blank);
void analysis_key_row(struct doc *out, const char *name, const char *value);
void analysis_banner(struct doc *out, const char *what);
const char *analysis_branch(struct target *t, struct arena *a); // "ni_release"; NULL: not recorded
void analysis_stack(struct session *s, struct call *c, struct doc *out, const struct verdict *v);
void analysis_source(struct session *s, struct call *c, struct doc *out, const struct verdict *v);
// !analyze of a kernel dump.
void analyze_kernel(struct session *s, struct call *c, struct doc *out, const struct verdict *v, bool verbose);
// The lines on the system's recorders, for those that the dump has.
void analysis_blackboxes(struct call *c, struct doc *out, const struct dump_kernel *k);
const char *analysis_virtual_machine(struct call *c, const struct dump_kernel *k); // "HyperV"; NULL: none, or not known
// The typed row `bugcheck_analysis` of a kernel verdict; nothing in text.
void emit_bugcheck_row(const struct verdict *v, struct doc *out);
// !analyze -show of a bug check: name, description, parameters (n: 0, or 4).
void bugcheck_show(struct call *c, struct doc *out, uint32_t code, bool mini, const uint64_t *params, unsigned n,
		   unsigned digits);
extern const struct schema row_bugcheck_analysis, row_bugcheck_text, row_bugcheck_argument, row_bugcheck_reason;
const char *confidence_name(unsigned confidence); // "none", "low", "medium", "high"
const char *fault_op_name(unsigned op);           // "read", "write", "execute"; NULL for none

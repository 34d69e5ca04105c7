// SPDX-License-Identifier: Apache-2.0
// doc.h: output is written once, as events; a sink turns events into text, JSON or a recorded tree.
// Commands never print.
//
// A row type is a schema: its fields are the JSON contract (names and meanings only ever grow), its layout is
// WinDbg's text. Further layouts may show the same fields differently (kn, kp, kf).
#pragma once
#include "base/str.h"

// What a value means; the sink decides what it looks like.
enum role {
	R_STR,   // text
	R_PTR,   // target address; text 00007ffa`12340010 (32-bit: 12340010), JSON "0x00007ffa12340010"
	R_ADDR,  // the same without the back-tick, as extensions print: 00007ffa12340010
	R_HEX,   // number; text in lower-case hex, {key:N} zero-pads to N; JSON "0x1f"
	R_UHEX,  // as R_HEX, upper-case in text
	R_INDEX, // small number; text in hex, {key:N} zero-pads to N; JSON number
	R_DEC,   // unsigned number; decimal in both
	R_INT,   // signed number; decimal in both
	R_SYM,   // a symbol or code location
	R_CMD,   // a command that shows more
	R_BOOL,  // text "true"/"false"
	R_HEXES, // list of numbers of one size; {key:N} gives N digits each, one blank between; unknown: ?
	R_STRS,  // list of texts, joined by ", "
};
struct field {
	const char *key;
	enum role role;
	const char *doc; // one line for `schemas`
};

// WinDbg's text. head is printed before the first of several rows of this layout. In text: {key} {key:N} (N:
// width; text left-justified, numbers right-justified, hex numbers zero-padded; negative N the other way round; _N:
// hex right-justified with blanks), {?key ...} a group left out when key is absent, {!key ...} one left out when it is
// present,
// "{{" and "}}" braces. Groups do not nest. text NULL: the row shows nothing in text. A text that ends in "{.}" gets
// no newline.
struct layout {
	const char *head;
	const char *text;
};
struct schema {
	const char *name;
	const char *doc;
	struct layout layout;
	const struct field *fields;
	size_t n_fields;
};
#define SCHEMA_BODY(id, doc_, head_, text_)                                                  \
	{                                                                                    \
		.name = #id, .doc = doc_, .layout = { head_, text_ }, .fields = id##_fields, \
		.n_fields = ARRAY_LEN(id##_fields)                                           \
	}
// SCHEMA(name, "what a row is", heading, text layout, { "key", R_ROLE, "doc" }, ...) at file scope.
#define SCHEMA(id, doc_, head_, text_, ...)                        \
	static const struct field id##_fields[] = { __VA_ARGS__ }; \
	static const struct schema id = SCHEMA_BODY(id, doc_, head_, text_)

struct val {
	uint64_t u;
	const char *s;          // R_STR, R_SYM, R_CMD
	const struct val *list; // R_HEXES, R_STRS: n elements
	size_t n;
	bool absent;
};
#define V(x)       ((struct val){ .u = (uint64_t)(x) })
#define VS(x)      ((struct val){ .s = (x) }) // NULL is absent
#define VL(p, cnt) ((struct val){ .list = (p), .n = (cnt) })
#define V_ABSENT   ((struct val){ .absent = true }) // text: ? as wide as the value, JSON: null
#define V_IF(c, x) ((c) ? V(x) : V_ABSENT)
// One value per field, in field order; a wrong count does not compile (schemas made by SCHEMA).
#define ROW(d, schema_, ...) ROW_AS(d, schema_, NULL, __VA_ARGS__)
#define ROW_AS(d, schema_, layout_, ...)                                                                  \
	do {                                                                                              \
		const struct val row_[] = { __VA_ARGS__ };                                                \
		_Static_assert(ARRAY_LEN(row_) == ARRAY_LEN(schema_##_fields), #schema_ ": wrong arity"); \
		doc_row((d), &(schema_), (layout_), row_, false);                                         \
	} while (0)
// A row that other sections belong to (a finding and its evidence); ends with doc_row_end().
#define ROW_OPEN(d, schema_, ...)                                                                         \
	do {                                                                                              \
		const struct val row_[] = { __VA_ARGS__ };                                                \
		_Static_assert(ARRAY_LEN(row_) == ARRAY_LEN(schema_##_fields), #schema_ ": wrong arity"); \
		doc_row((d), &(schema_), NULL, row_, true);                                               \
	} while (0)

enum note_level { NOTE_INFO, NOTE_WARNING, NOTE_ERROR };
enum section_kind {
	SEC_LIST,   // JSON: "key":[ rows ] inside an object; inside a list its rows join that list
	SEC_OBJECT, // JSON: "key":{ the fields of its rows }
};

struct doc;
struct doc_ops {
	void (*begin)(struct doc *d, const char *command); // command NULL: a report
	void (*end)(struct doc *d);
	void (*open)(struct doc *d, const char *key, enum section_kind kind, const char *title);
	void (*close)(struct doc *d);
	void (*row)(struct doc *d, const struct schema *s, const struct layout *l, const struct val *v, bool open);
	void (*row_end)(struct doc *d);
	void (*note)(struct doc *d, enum note_level level, const char *code, const char *text);
};
struct doc {
	const struct doc_ops *ops;
	unsigned ptr_bytes; // width of R_PTR and R_ADDR: 8 or 4; set it before a command that shows another width
	bool several;       // several dumps are open: JSON documents name the one they are about
	unsigned system;    // its number
	bool verbose_trust; // the user asked for frame trust in text
	unsigned n_errors;  // NOTE_ERROR notes so far
};

// Begins and ends one document: a command's answer, or (command NULL) a report.
void doc_begin(struct doc *d, const char *command);
void doc_end(struct doc *d);
// A section. `title` is a line of text (NULL: none); key is its name in JSON.
void doc_open(struct doc *d, const char *key, enum section_kind kind, const char *title);
void doc_close(struct doc *d);
void doc_row(struct doc *d, const struct schema *s, const struct layout *l, const struct val *v, bool open);
void doc_row_end(struct doc *d);
// Free text beside the rows: in text it is printed as it is, in JSON it goes to "notes". `code` is stable
// ("symbols.export_only").
void doc_note(struct doc *d, enum note_level level, const char *code, const char *fmt, ...) PRINTF_LIKE(4, 5);
// An error as a note of level NOTE_ERROR with code err_name(e.code).
void doc_error(struct doc *d, err_t e);
// A line of text that carries no facts of its own (a blank line, a rule); JSON leaves it out.
void doc_text(struct doc *d, const char *line);

// ---- sinks
struct sink { // where rendered bytes go
	void (*write)(void *ctx, const char *bytes, size_t n);
	void *ctx;
};
// WinDbg's text. colour: ANSI colours by role.
struct doc *doc_text_new(struct arena *a, struct sink out, unsigned ptr_bytes, bool colour);
// {schema_version, command, items:[{row, ...}], notes} for commands, and the report document.
struct doc *doc_json_new(struct arena *a, struct sink out, unsigned ptr_bytes);
// Swallows everything; counts rows. For tests and fuzzing, and to measure a command without rendering.
struct doc *doc_null_new(struct arena *a, unsigned ptr_bytes);
enum { DOC_SCHEMA_VERSION = 1 };

// The text of one value in its role, as the text sink would print it with width 0.
const char *doc_value_text(struct arena *a, enum role role, const struct val *v, unsigned ptr_bytes);

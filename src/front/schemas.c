// SPDX-License-Identifier: Apache-2.0
// schemas.c: dumpscope schemas: the JSON Schema (draft 2020-12, json-schema.org) of both documents, made from the
// tables that print them.
#include "front/report_int.h"

#include <stdio.h>

struct writer {
	struct sb out;
	const struct schema **seen; // rows of commands, each once
	size_t n, cap;
};

static void text(struct sb *s, const char *t)
{
	sb_ch(s, '"');
	for (; *t; t++) {
		if (*t == '"' || *t == '\\')
			sb_ch(s, '\\');
		sb_ch(s, *t);
	}
	sb_ch(s, '"');
}

static const char *type_of(enum role role)
{
	switch (role) {
	case R_STR:
	case R_SYM:
	case R_CMD:
		return "\"type\":[\"string\",\"null\"]";
	case R_PTR:
	case R_ADDR:
		return "\"type\":[\"string\",\"null\"],\"pattern\":\"^0x([0-9a-f]{8}|[0-9a-f]{16})$\"";
	case R_HEX:
	case R_UHEX:
		return "\"type\":[\"string\",\"null\"],\"pattern\":\"^0x[0-9a-f]+$\"";
	case R_INDEX:
	case R_DEC:
		return "\"type\":[\"integer\",\"null\"],\"minimum\":0";
	case R_INT:
		return "\"type\":[\"integer\",\"null\"]";
	case R_BOOL:
		return "\"type\":[\"boolean\",\"null\"]";
	case R_HEXES:
		return "\"type\":[\"array\",\"null\"],\"items\":{\"type\":[\"string\",\"null\"],\"pattern\":\"^0x[0-9a-"
		       "f]+$\"}";
	case R_STRS:
		return "\"type\":[\"array\",\"null\"],\"items\":{\"type\":[\"string\",\"null\"]}";
	}
	return "";
}

// The properties of a row, without braces.
static void properties(struct sb *s, const struct schema *row)
{
	for (size_t i = 0; i < row->n_fields; i++) {
		if (i)
			sb_ch(s, ',');
		text(s, row->fields[i].key);
		sb_printf(s, ":{%s,\"description\":", type_of(row->fields[i].role));
		text(s, row->fields[i].doc ? row->fields[i].doc : "");
		sb_ch(s, '}');
	}
}

static void collect(struct writer *w, const struct schema *row)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->seen[i] == row)
			return;
	if (w->n < w->cap)
		w->seen[w->n++] = row;
}

// Rows of one name with other fields (in different commands) get a number behind the name of their definition.
static const char *definition(struct writer *w, size_t i)
{
	unsigned same = 0;
	for (size_t k = 0; k < i; k++)
		same += str_eq(w->seen[k]->name, w->seen[i]->name);
	return same ? arena_printf(w->out.a, "row_%s.%u", w->seen[i]->name, same + 1)
		    : arena_printf(w->out.a, "row_%s", w->seen[i]->name);
}

static void command_document(struct writer *w)
{
	sb_add(&w->out,
	       "\"command\":{\"type\":\"object\",\"description\":\"What a command answered\",\"required\":["
	       "\"schema_version\",\"command\",\"items\",\"notes\"],\"properties\":{\"schema_version\":{\"const\":");
	sb_printf(&w->out, "%d", DOC_SCHEMA_VERSION);
	sb_add(&w->out, "},\"system\":{\"type\":\"integer\"},\"command\":{\"type\":\"string\"},\"items\":{\"type\":"
			"\"array\",\"items\":{\"anyOf\":[");
	for (size_t i = 0; i < w->n; i++)
		sb_printf(&w->out, "%s{\"$ref\":\"#/$defs/%s\"}", i ? "," : "", definition(w, i));
	sb_add(&w->out, "]}},\"notes\":{\"$ref\":\"#/$defs/notes\"}}},\n");
}

static void row_definitions(struct writer *w)
{
	for (size_t i = 0; i < w->n; i++) {
		sb_printf(&w->out, "\"%s\":{\"type\":\"object\",\"description\":", definition(w, i));
		text(&w->out, w->seen[i]->doc ? w->seen[i]->doc : "");
		sb_printf(&w->out, ",\"required\":[\"row\"],\"properties\":{\"row\":{\"const\":\"%s\"}%s",
			  w->seen[i]->name, w->seen[i]->n_fields ? "," : "");
		properties(&w->out, w->seen[i]);
		sb_add(&w->out, "}},\n");
	}
}

// The sections whose parent is `parent`, as further properties.
static void sections(struct sb *s, const char *parent)
{
	for (const struct report_section *p = report_sections; p->row; p++) {
		bool mine = p->key && (parent ? p->parent && str_eq(p->parent, parent) : !p->parent);
		if (!mine)
			continue;
		sb_ch(s, ',');
		text(s, p->key);
		sb_add(s, p->list ? ":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{"
				  : ":{\"type\":\"object\",\"properties\":{");
		properties(s, p->row);
		sections(s, p->key);
		sb_add(s, p->list ? "}}}" : "}}");
	}
}

static void finding_sections(struct sb *s)
{
	sb_add(s, ",\"findings\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{");
	properties(s, &row_finding);
	sb_add(s, ",\"evidence\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{");
	properties(s, &row_evidence);
	sb_add(s, "}}}}}},\"not_checked\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{");
	properties(s, &row_not_checked);
	sb_add(s, "}}}");
}

static void report_document(struct writer *w)
{
	struct sb *s = &w->out;
	sb_add(s, "\"report\":{\"type\":\"object\",\"description\":\"What `dumpscope --json DUMP` says\",\"required\":["
		  "\"schema_version\",\"status\",\"notes\"],\"properties\":{\"schema_version\":{\"const\":");
	sb_printf(s, "%d", DOC_SCHEMA_VERSION);
	sb_add(s, "},\"system\":{\"type\":\"integer\"},\"notes\":{\"$ref\":\"#/$defs/notes\"},");
	properties(s, report_sections[0].row);
	sections(s, NULL);
	finding_sections(s);
	sb_add(s, "}},\n");
}

static size_t count_rows(void)
{
	size_t n = 0;
	for (const struct cmd *const *c = commands; *c; c++)
		for (const struct schema *const *row = (*c)->rows; row && *row; row++)
			n++;
	for (const struct front *const *f = fronts; *f; f++)
		for (const struct schema *const *row = (*f)->rows; row && *row; row++)
			n++;
	return n;
}

static int run(struct arena *a, int argc, char **argv, bool json)
{
	(void)json; // there is no other form
	if (argc) {
		fprintf(stderr, "dumpscope schemas: takes no argument: %s\n", argv[0]);
		return EXIT_USAGE;
	}
	struct writer w = { .out = sb_new(a) };
	w.cap = count_rows();
	w.seen = NEW_N(a, const struct schema *, w.cap);
	for (const struct cmd *const *c = commands; *c; c++)
		for (const struct schema *const *row = (*c)->rows; row && *row; row++)
			collect(&w, *row);
	for (const struct front *const *f = fronts; *f; f++)
		for (const struct schema *const *row = (*f)->rows; row && *row; row++)
			collect(&w, *row);
	sb_add(&w.out, "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\n"
		       "\"title\":\"JSON documents of dumpscope\",\n"
		       "\"oneOf\":[{\"$ref\":\"#/$defs/command\"},{\"$ref\":\"#/$defs/report\"}],\n\"$defs\":{\n");
	command_document(&w);
	report_document(&w);
	row_definitions(&w);
	sb_add(&w.out,
	       "\"notes\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"required\":[\"level\",\"code\",\"text\"]"
	       ","
	       "\"properties\":{\"level\":{\"enum\":[\"info\",\"warning\",\"error\"]},\"code\":{\"type\":\"string\"},"
	       "\"text\":{\"type\":\"string\"}}}}\n}}\n");
	struct output *o = NEW(a, struct output);
	output_init(o);
	o->sink.write(o->sink.ctx, sb_str(&w.out), w.out.n);
	return output_end(o, EXIT_ANALYSED);
}

extern const struct front front_schemas;
const struct front front_schemas = {
	.name = "schemas",
	.args = "",
	.summary = "The JSON Schema of all JSON output",
	.run = run,
};

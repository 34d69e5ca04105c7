// SPDX-License-Identifier: Apache-2.0
// errrec.c: !errrec: a hardware error record, section by section; !whea: where the dump's record is.
#include "cmd/cmd.h"
#include "target/kernel.h"
#include "win/whea.h"

#include <inttypes.h>

extern const struct cmd cmd_errrec;

#define DOUBLE_RULE "==============================================================================="
#define SINGLE_RULE "-------------------------------------------------------------------------------"

SCHEMA(error_record, "A hardware error record (WHEA, UEFI Common Platform Error Record)", NULL,
       DOUBLE_RULE "\nCommon Platform Error Record @ {address}\n" SINGLE_RULE
		   "\nRecord Id     : {id:16}\nSeverity      : {severity_text} ({severity})\n"
		   "Length        : {length}\nCreator       : {creator}\nNotify Type   : {notify}"
		   "{?time \nTimestamp     : {time}}{?platform \nPlatform Id   : {platform}}"
		   "{?partition \nPlatform Id   : {partition}}\nFlags         : 0x{flags:8}",
       { "address", R_ADDR, "of the record" }, { "id", R_HEX, "number of the record" },
       { "severity_text", R_STR, "Recoverable, Fatal, Corrected, Informational" }, { "severity", R_DEC, "as a number" },
       { "length", R_DEC, "bytes" }, { "creator", R_STR, "who made it: a name, or a GUID in braces" },
       { "notify", R_STR, "how it was reported: a name, or a GUID in braces" },
       { "time", R_STR, "when; null when not recorded" }, { "platform", R_STR, "GUID; null when not recorded" },
       { "partition", R_STR, "GUID; null when not recorded" }, { "flags", R_HEX, "flags of the header" },
       { "sections", R_DEC, "sections that the header promises" });
SCHEMA(error_section, "A section of a hardware error record", NULL,
       "\n" DOUBLE_RULE "\nSection {index:-6}: {kind}\n" SINGLE_RULE
       "\nDescriptor    @ {descriptor}\nSection       @ {address}\nOffset        : {offset}\n"
       "Length        : {length}\nFlags         : 0x{flags:8}{?primary  Primary}\n"
       "Severity      : {severity_text}{?fru \nFRU Text      : {fru}}\n",
       { "index", R_DEC, "number" }, { "kind", R_STR, "name, or a GUID in braces" },
       { "descriptor", R_ADDR, "of its descriptor" }, { "address", R_ADDR, "of its bytes" },
       { "offset", R_DEC, "from the record's start" }, { "length", R_DEC, "bytes" },
       { "flags", R_HEX, "flags of the descriptor" },
       { "primary", R_BOOL, "the section the error is attributed to; null: it is not" },
       { "severity_text", R_STR, "in words; null: unknown" }, { "severity", R_DEC, "as a number" },
       { "fru", R_STR, "the part to replace, as the firmware names it; null when not recorded" });
SCHEMA(error_fact, "A line of what a section says", NULL, "{name:14}: {value}", { "section", R_DEC, "number" },
       { "level", R_DEC, "above 0: belongs to the last line of level 0" }, { "name", R_STR, "what" },
       { "value", R_STR, "its value; null: a heading" });
static const struct layout inner_fact = { NULL, "  {name:12}: {value}" }, long_fact = { NULL, "  {name:30}: {value}" };
static const struct layout heading_fact = { NULL, "{name:14}:" }, more_fact = { NULL, "                {value}" };
static const struct layout place_fact = { NULL, "{name:13} {value}" };
SCHEMA(error_source, "Where the error record of this stop is", NULL, "Error record of bug check {bugcheck} @ {address}",
       { "bugcheck", R_HEX, "code of the stop" },
       { "source", R_HEX, "kind of the error's source: WHEA_ERROR_SOURCE_TYPE" },
       { "address", R_ADDR, "of the record" });

enum { WHEA_UNCORRECTABLE_ERROR = 0x124 };

static const char *guid_in_braces(struct arena *a, const uint8_t guid[16])
{
	char text[GUID_TEXT];
	return arena_printf(a, "{%s}", guid_put(text, guid));
}

static const struct layout *fact_layout(const struct whea_fact *f)
{
	if (!f->value)
		return &heading_fact;
	if (!*f->name)
		return &more_fact;
	if (f->value[0] == '@')
		return &place_fact;
	return f->level == 2 ? &long_fact : f->level ? &inner_fact : NULL;
}

static void emit_section(struct call *c, struct doc *out, const struct whea_section *s, size_t i)
{
	const struct whea_fact *facts;
	size_t n = whea_facts(c->a, s, &facts);
	ROW(out, error_section, V(i), VS(s->name ? s->name : guid_in_braces(c->a, s->type)), V(s->descriptor), V(s->at),
	    V(s->offset), V(s->length), V(s->flags), V_IF(s->flags & 1, 1), VS(whea_severity_text(s->severity)),
	    V(s->severity), VS(s->fru_text));
	for (size_t k = 0; k < n; k++)
		ROW_AS(out, error_fact, fact_layout(&facts[k]), V(i), V(facts[k].level), VS(facts[k].name),
		       VS(facts[k].value));
	if (n)
		return;
	if (!s->bytes.n && s->length)
		doc_note(out, NOTE_WARNING, "whea.absent", "The section is not in the dump.");
	else if (s->kind == WHEA_UNKNOWN || s->kind == WHEA_PACKET)
		doc_note(out, NOTE_INFO, "whea.unknown_section", "*** Unknown section format ***");
	else if (s->bytes.n < s->length)
		doc_note(out, NOTE_WARNING, "whea.absent", "The dump holds only %zu bytes of the section.", s->bytes.n);
	else
		doc_note(out, NOTE_INFO, "whea.empty", "No valid data fields are present.");
}

static err_t errrec(struct session *s, struct call *c, struct doc *out)
{
	uint64_t at;
	struct whea_record r;
	if (arg_end(c))
		return usage(c, "Usage: !errrec ADDRESS; bug check 124 has it as its second parameter");
	TRY(arg_expr(c, &at));
	TRY(arg_done(c));
	err_t e = whea_read(c->a, s->target->space, at, &r);
	if (e.code)
		return cmd_fail(c, e.code, at, "Unable to read the error record at %016" PRIx64 ": %s", at, e.what);
	const char *severity = whea_severity_text(r.severity);
	ROW(out, error_record, V(at), V(r.id), VS(severity ? severity : "Unknown"), V(r.severity), V(r.length),
	    VS(r.creator_text ? r.creator_text : guid_in_braces(c->a, r.creator)),
	    VS(r.notify_text ? r.notify_text : guid_in_braces(c->a, r.notify)), VS(r.time),
	    VS(r.valid & WHEA_HAS_PLATFORM ? guid_in_braces(c->a, r.platform) : NULL),
	    VS(r.valid & WHEA_HAS_PARTITION ? guid_in_braces(c->a, r.partition) : NULL), V(r.flags), V(r.n_claimed));
	for (size_t i = 0; i < r.n_sections; i++) {
		TRY(session_poll(s));
		emit_section(c, out, &r.sections[i], i);
	}
	if (r.n_sections < r.n_claimed)
		doc_note(out, NOTE_WARNING, "whea.cut",
			 "The header promises %zu sections; descriptors of %zu are shown.", r.n_claimed, r.n_sections);
	return ok();
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	if (str_ieq(c->name, "!errrec"))
		return errrec(s, c, out);
	TRY(arg_done(c));
	const struct dump_kernel *k = s->target->kernel->facts;
	if (k->bugcheck == WHEA_UNCORRECTABLE_ERROR)
		ROW(out, error_source, V(k->bugcheck), V(k->params[0]), V(k->params[1]));
	doc_note(out, NOTE_INFO, "whea.sources",
		 "not supported: the table of error sources; its layout is not public%s",
		 k->bugcheck == WHEA_UNCORRECTABLE_ERROR ? "" : ". This stop has no error record of its own");
	return ok();
}

static const struct schema *const rows[] = { &error_record, &error_section, &error_fact, &error_source, NULL };
const struct cmd cmd_errrec = {
	.names = "!errrec !whea",
	.kernel_only = true,
	.group = "The kernel",
	.args = "[ADDRESS]",
	.summary = "Show a hardware error record (WHEA)",
	.help = "!errrec ADDRESS  the record and its sections; of bug check 124: !errrec @$bug_param2\n"
		"!whea            where the record of this stop is\n",
	.run = run,
	.rows = rows,
};

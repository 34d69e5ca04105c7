// SPDX-License-Identifier: Apache-2.0
// sysinfo.c: !sysinfo: the machine, from secondary data: SMBIOS tables and the processor's registry values. Layout of
// machineid: recorded output of WinDbg in public logs.
#include "cmd/secondary.h"
#include "target/kernel.h"
#include "win/smbios.h"

#include <inttypes.h>
#include <string.h>

extern const struct cmd cmd_sysinfo;

SCHEMA(machine_source, "Where the machine's description comes from", NULL,
       "{title} [From Smbios {version}, DMIVersion {dmi}, Size={size}]", { "title", R_STR, "what follows" },
       { "version", R_STR, "version of SMBIOS" }, { "dmi", R_DEC, "revision of DMI" },
       { "size", R_DEC, "bytes of the tables" });
SCHEMA(machine_fact, "A fact of the machine", NULL, "{name} = {value}", { "name", R_STR, "what" },
       { "value", R_STR, "its value" });
// layout unverified
SCHEMA(smbios_table, "An SMBIOS structure", NULL, "[{kind} (Type {type}) - Length {length} - Handle {handle:4}h]",
       { "type", R_DEC, "number of its kind" }, { "kind", R_STR, "name of its kind" }, { "length", R_DEC, "bytes" },
       { "handle", R_HEX, "its handle" });
SCHEMA(smbios_text, "A string of an SMBIOS structure", NULL, "  {text}", { "handle", R_HEX, "of the structure" },
       { "text", R_STR, "the string" });

static const struct dump_blob *blob_named(const struct session *s, const char *guid)
{
	const struct dump_kernel *k = s->target->kernel->facts;
	char text[GUID_TEXT];
	for (size_t i = 0; i < k->n_blobs; i++)
		if (str_eq(guid_put(text, k->blobs[i].guid), guid))
			return &k->blobs[i];
	return NULL;
}

static err_t open_smbios(struct session *s, struct call *c, struct smbios *ret)
{
	const struct dump_blob *b = blob_named(s, SECONDARY_SMBIOS);
	if (!b || !smbios_open(b->bytes, ret))
		return cmd_fail(c, E_ABSENT, 0, "SMBIOS tables are not in the dump");
	return ok();
}

static void fact(struct doc *out, const char *name, const char *value)
{
	if (value)
		ROW(out, machine_fact, VS(name), VS(value));
}

static const char *byte_text(struct arena *a, const struct smbios_entry *e, size_t at)
{
	return at < e->body.n ? arena_printf(a, "%u", e->body.p[at]) : NULL;
}

// DSP0134 7.1 (BIOS), 7.2 (system), 7.3 (baseboard).
static void machine_facts(struct call *c, struct doc *out, const struct smbios_entry *e)
{
	static const struct {
		uint8_t type, at;
		bool number;
		const char *name;
	} facts[] = {
		{ 0, 0x14, true, "BiosMajorRelease" },
		{ 0, 0x15, true, "BiosMinorRelease" },
		{ 0, 0x16, true, "FirmwareMajorRelease" },
		{ 0, 0x17, true, "FirmwareMinorRelease" },
		{ 0, 4, false, "BiosVendor" },
		{ 0, 5, false, "BiosVersion" },
		{ 0, 8, false, "BiosReleaseDate" },
		{ 1, 4, false, "SystemManufacturer" },
		{ 1, 5, false, "SystemProductName" },
		{ 1, 0x1a, false, "SystemFamily" },
		{ 1, 6, false, "SystemVersion" },
		{ 1, 0x19, false, "SystemSKU" },
		{ 2, 4, false, "BaseBoardManufacturer" },
		{ 2, 5, false, "BaseBoardProduct" },
		{ 2, 6, false, "BaseBoardVersion" },
	};
	for (size_t i = 0; i < ARRAY_LEN(facts); i++)
		if (facts[i].type == e->type)
			fact(out, facts[i].name,
			     facts[i].number ? byte_text(c->a, e, facts[i].at) : smbios_string(c->a, e, facts[i].at));
}

static void emit_source(struct call *c, struct doc *out, const char *title, const struct smbios *b)
{
	ROW(out, machine_source, VS(title), VS(arena_printf(c->a, "%u.%u", b->major, b->minor)), V(b->dmi),
	    V(b->length));
}

static err_t machineid(struct session *s, struct call *c, struct doc *out)
{
	enum { BASEBOARD = 2 };
	struct smbios b = { 0 };
	struct smbios_entry e;
	bool seen[BASEBOARD + 1] = { false };
	TRY(open_smbios(s, c, &b));
	emit_source(c, out, "Machine ID Information", &b);
	for (size_t pos = 0; smbios_next(&b, &pos, &e);) {
		if (e.type > BASEBOARD || seen[e.type])
			continue;
		seen[e.type] = true;
		machine_facts(c, out, &e);
	}
	return ok();
}

static const char *kind_name(uint8_t type)
{
	static const char *const names[] = {
		[0] = "BIOS Information",
		[1] = "System Information",
		[2] = "BaseBoard Information",
		[3] = "System Enclosure",
		[4] = "Processor Information",
		[7] = "Cache Information",
		[8] = "Port Connector",
		[9] = "System Slots",
		[10] = "On Board Devices",
		[11] = "OEM Strings",
		[12] = "System Configuration",
		[13] = "BIOS Language",
		[14] = "Group Associations",
		[15] = "System Event Log",
		[16] = "Physical Memory Array",
		[17] = "Memory Device",
		[18] = "32-Bit Memory Error",
		[19] = "Memory Array Mapped Address",
		[20] = "Memory Device Mapped Address",
		[22] = "Portable Battery",
		[24] = "Hardware Security",
		[26] = "Voltage Probe",
		[27] = "Cooling Device",
		[28] = "Temperature Probe",
		[29] = "Current Probe",
		[32] = "System Boot Information",
		[33] = "64-Bit Memory Error",
		[38] = "IPMI Device",
		[39] = "System Power Supply",
		[41] = "Onboard Devices Extended",
		[42] = "Management Controller Host Interface",
		[43] = "TPM Device",
		[44] = "Processor Additional Information",
		[45] = "Firmware Inventory",
		[127] = "End-Of-Table",
	};
	return type >= 128 ? "OEM-specific" : names[type] ? names[type] : "Other";
}

static err_t smbios(struct session *s, struct call *c, struct doc *out)
{
	struct smbios b = { 0 };
	struct smbios_entry e;
	TRY(open_smbios(s, c, &b));
	emit_source(c, out, "SMBIOS Data Tables", &b);
	for (size_t pos = 0; smbios_next(&b, &pos, &e);) {
		TRY(session_poll(s));
		ROW(out, smbios_table, V(e.type), VS(kind_name(e.type)), V(e.body.n), V(e.handle));
		for (size_t from = 0; from < e.strings.n;) {
			size_t len = strnlen((const char *)e.strings.p + from, e.strings.n - from);
			if (!len)
				break;
			ROW(out, smbios_text, V(e.handle),
			    VS(bytes_to_utf8(c->a, (struct span){ e.strings.p + from, len })));
			from += len + 1;
		}
	}
	if (b.tables.n < b.length)
		doc_note(out, NOTE_WARNING, "smbios.cut", "the dump holds %zu of %" PRIu32 " bytes of the tables",
			 b.tables.n, b.length);
	return ok();
}

// ---- the processor's registry values: {u32 bytes of the name, name, u32 REG_*, u32 bytes of the value, value}...
static err_t registry(struct session *s, struct call *c, struct doc *out, bool speed)
{
	enum { TEXT = 1, DWORD = 4, QWORD = 11 };
	const struct dump_blob *b = blob_named(s, "6c7ac389-4313-47dc-9f34-a8800a0fb56c");
	if (!b)
		return cmd_fail(c, E_ABSENT, 0, "The processor's description is not in the dump");
	doc_text(out, speed ? "CPUID and speed:" : "[CPU Information]"); // layout of the first unverified
	struct rd r = rd_at(b->bytes, 0);
	while (rd_left(&r)) {
		size_t n = rd_u32(&r);
		const uint8_t *name = rd_bytes(&r, n);
		uint32_t type = rd_u32(&r);
		size_t size = rd_u32(&r);
		const uint8_t *value = rd_bytes(&r, size);
		if (!name || !value)
			break;
		const char *text = utf16_to_utf8(c->a, (struct span){ name, n }), *shown = NULL;
		if (speed && !str_eq(text, "~MHz") && !str_eq(text, "ProcessorNameString"))
			continue;
		if (type == TEXT)
			shown = utf16_to_utf8(c->a, (struct span){ value, size });
		else if (type == DWORD && size == 4)
			shown = arena_printf(c->a, "REG_DWORD %" PRIu64, le_get(value, 4));
		else if (type == QWORD && size == 8)
			shown = arena_printf(c->a, "REG_QWORD %016" PRIx64, le_get(value, 8));
		else
			continue;
		fact(out, text, shown);
	}
	err_t e = rd_done(&r, "the processor's description ends early");
	if (e.code)
		doc_note(out, NOTE_WARNING, err_name(e.code), "%s", e.what);
	return ok();
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	const char *what = arg_end(c) ? "" : arg_word(c);
	TRY(arg_done(c));
	if (str_ieq(what, "machineid"))
		return machineid(s, c, out);
	if (str_ieq(what, "smbios"))
		return smbios(s, c, out);
	if (str_ieq(what, "cpuinfo") || str_ieq(what, "cpuspeed"))
		return registry(s, c, out, str_ieq(what, "cpuspeed"));
	return usage(c, "Usage: !sysinfo machineid | smbios | cpuinfo | cpuspeed");
}

static const struct schema *const rows[] = { &machine_source, &machine_fact, &smbios_table, &smbios_text, NULL };
const struct cmd cmd_sysinfo = {
	.names = "!sysinfo",
	.kernel_only = true,
	.group = "The kernel",
	.args = "machineid | smbios | cpuinfo | cpuspeed",
	.summary = "Show the machine: its maker, its firmware, its processor",
	.help = "!sysinfo machineid  firmware, system and board\n"
		"!sysinfo smbios     every SMBIOS structure with its strings\n"
		"!sysinfo cpuinfo    the processor as the registry describes it\n",
	.run = run,
	.rows = rows,
};

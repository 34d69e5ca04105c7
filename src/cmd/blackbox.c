// SPDX-License-Identifier: Apache-2.0
// blackbox.c: the system's recorders among the secondary data of a dump. Boot status: names, order and the size of 136
// bytes are those of -blackboxbsd.md of Microsoft's debugger documentation, the parts those of public headers
// (RTL_BSD_DATA_POWER_TRANSITION, ..._ERROR_INFO, RTL_BSD_POWER_BUTTON_PRESS_INFO of phnt); that its tag is this one
// was measured: in every dump of the corpus that has it, its first field is its size. Layout unverified.
#include "cmd/secondary.h"
#include "target/kernel.h"

#include <inttypes.h>

extern const struct cmd cmd_blackbox;

SCHEMA(boot_status, "A field of the boot status data", NULL, "{name}: {value}", { "name", R_STR, "what" },
       { "value", R_STR, "its value; numbers decimal, or hex with 0x" });

enum how { DEC, HEX, YES, GAP };
static const struct boot_field {
	const char *name;
	uint8_t at, bytes, how, shift, bits; // bits: of a bit field
} boot_fields[] = {
	{ "Version", 0x00, 4, DEC, 0, 0 },
	{ "Product type", 0x04, 4, DEC, 0, 0 },
	{ NULL, 0, 0, GAP, 0, 0 },
	{ "Auto advanced boot", 0x08, 1, YES, 0, 0 },
	{ "Advanced boot menu timeout", 0x09, 1, DEC, 0, 0 },
	{ "Last boot succeeded", 0x0a, 1, YES, 0, 0 },
	{ "Last boot shutdown", 0x0b, 1, YES, 0, 0 },
	{ "Sleep in progrees", 0x0c, 1, YES, 0, 0 }, // as the debugger spells it
	{ NULL, 0, 0, GAP, 0, 0 },
	{ "Power button timestamp", 0x10, 8, DEC, 0, 0 },
	{ "System running", 0x18, 1, YES, 0, 1 },
	{ "Connected standby in progress", 0x18, 1, YES, 1, 1 },
	{ "User shutdown in progress", 0x18, 1, YES, 2, 1 },
	{ "System shutdown in progress", 0x18, 1, YES, 3, 1 },
	{ "Sleep in progress", 0x18, 1, DEC, 4, 4 },
	{ "Connected standby scenario instance id", 0x19, 1, DEC, 0, 0 },
	{ "Connected standby entry reason", 0x1a, 1, DEC, 0, 0 },
	{ "Connected standby exit reason", 0x1b, 1, DEC, 0, 0 },
	{ "System sleep transitions to on", 0x1c, 2, DEC, 0, 0 },
	{ "Last reference time", 0x20, 8, HEX, 0, 0 },
	{ "Last reference time checksum", 0x28, 4, HEX, 0, 0 },
	{ "Last update boot id", 0x2c, 4, DEC, 0, 0 },
	{ NULL, 0, 0, GAP, 0, 0 },
	{ "Boot attempt count", 0x30, 1, DEC, 0, 0 },
	{ "Last boot checkpoint", 0x31, 1, YES, 0, 0 },
	{ "Checksum", 0x32, 1, HEX, 0, 0 },
	{ "Last boot id", 0x34, 4, DEC, 0, 0 },
	{ "Last successful shutdown boot id", 0x38, 4, DEC, 0, 0 },
	{ "Last reported abnormal shutdown boot id", 0x3c, 4, DEC, 0, 0 },
	{ NULL, 0, 0, GAP, 0, 0 },
	{ "Error info boot id", 0x40, 4, DEC, 0, 0 },
	{ "Error info repeat count", 0x44, 4, DEC, 0, 0 },
	{ "Error info other error count", 0x48, 4, DEC, 0, 0 },
	{ "Error info code", 0x4c, 4, DEC, 0, 0 },
	{ "Error info other error count", 0x50, 4, DEC, 0, 0 },
	{ NULL, 0, 0, GAP, 0, 0 },
	{ "Power button last press time", 0x58, 8, HEX, 0, 0 },
	{ "Power button cumulative press count", 0x60, 4, DEC, 0, 0 },
	{ "Power button last press boot id", 0x64, 2, DEC, 0, 0 },
	{ "Power button last power watchdog stage", 0x66, 1, HEX, 0, 0 },
	{ "Power button watchdog armed", 0x67, 1, YES, 0, 1 },
	{ "Power button shutdown in progress", 0x67, 1, YES, 1, 1 },
	{ "Power button last release time", 0x68, 8, HEX, 0, 0 },
	{ "Power button cumulative release count", 0x70, 4, DEC, 0, 0 },
	{ "Power button last release boot id", 0x74, 2, DEC, 0, 0 },
	{ "Power button error count", 0x76, 2, DEC, 0, 0 },
	{ "Power button current connected standby phase", 0x78, 1, DEC, 0, 0 },
	{ "Power button transition latest checkpoint id", 0x7c, 4, DEC, 0, 0 },
	{ "Power button transition latest checkpoint type", 0x80, 4, DEC, 0, 0 },
	{ "Power button transition latest checkpoint sequence number", 0x84, 4, DEC, 0, 0 },
};
enum { BOOT_STATUS = 0x88 };

static const char *value_of(struct call *c, const struct boot_field *f, struct span b)
{
	uint64_t v = le_get(b.p + f->at, f->bytes) >> f->shift;
	if (f->bits)
		v &= (1u << f->bits) - 1;
	return f->how == YES   ? (v ? "TRUE" : "FALSE")
	       : f->how == HEX ? arena_printf(c->a, "0x%" PRIx64, v)
			       : arena_printf(c->a, "%" PRIu64, v);
}

static err_t boot_status_run(struct call *c, struct doc *out, const struct dump_blob *b)
{
	if (b->bytes.n < BOOT_STATUS || le_get(b->bytes.p, 4) != b->bytes.n)
		return cmd_fail(c, E_CORRUPT, b->at,
				"the boot status data has another layout than the one known; "
				".enumtag shows its bytes");
	for (size_t i = 0; i < ARRAY_LEN(boot_fields); i++) {
		const struct boot_field *f = &boot_fields[i];
		if (f->how == GAP)
			doc_text(out, "");
		else
			ROW(out, boot_status, VS(f->name), VS(value_of(c, f, b->bytes)));
	}
	doc_note(out, NOTE_INFO, "blackbox.layout",
		 "layout unverified: offsets from public headers and the order of Microsoft's page");
	if (b->bytes.n > BOOT_STATUS)
		doc_note(out, NOTE_INFO, "blackbox.more", "not supported: %zu further bytes of this newer version",
			 b->bytes.n - BOOT_STATUS);
	return ok();
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	// Whose blocks the last two are follows from the texts in them alone: a device, a step of logon or shutdown.
	static const struct {
		const char *name, *guid, *why;
	} boxes[] = {
		{ "!blackboxbsd", SECONDARY_BOOT_STATUS, NULL },
		{ "!blackboxpnp", SECONDARY_PNP, "a device instance" },
		{ "!blackboxwinlogon", SECONDARY_WINLOGON, "a step of logon or shutdown" },
	};
	const struct dump_kernel *k = s->target->kernel->facts;
	TRY(arg_done(c));
	if (!k->n_blobs)
		return cmd_fail(c, E_ABSENT, 0, "The dump holds no secondary data");
	for (size_t i = 0; i < ARRAY_LEN(boxes); i++) {
		if (!str_ieq(c->name, boxes[i].name))
			continue;
		const struct dump_blob *b = secondary_find(k, c->a, boxes[i].guid);
		if (!b)
			return cmd_fail(c, E_ABSENT, 0, "This recorder's data is not among the secondary data (%zu)",
					k->n_blobs);
		if (!boxes[i].why)
			return boot_status_run(c, out, b);
		secondary_emit(c, out, b, b->bytes.n);
		doc_note(out, NOTE_INFO, "blackbox.layout",
			 "layout unverified: taken for this recorder's because it holds %s; its format is not public",
			 boxes[i].why);
		return ok();
	}
	return cmd_fail(
		c, E_UNSUPPORTED, 0,
		"not supported: %s; the tag and the layout of this secondary data are not public. .enumtag shows all",
		c->name);
}

static const struct schema *const rows[] = { &boot_status, &row_secondary_data, &row_secondary_bytes, NULL };
const struct cmd cmd_blackbox = {
	.names = "!blackboxbsd !blackboxntfs !blackboxpnp !blackboxscm !blackboxwinlogon",
	.kernel_only = true,
	.group = "The kernel",
	.args = "",
	.summary = "Show what the system's recorders left in the dump",
	.help = "!blackboxbsd       boot status: boots, shutdowns, sleep, the power button\n"
		"!blackboxpnp       the last plug and play event, as bytes\n"
		"!blackboxwinlogon  the last step of logon or shutdown, as bytes\n",
	.run = run,
	.rows = rows,
};

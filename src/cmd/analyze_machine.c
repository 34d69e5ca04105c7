// SPDX-License-Identifier: Apache-2.0
// analyze_machine.c: what !analyze -v says of the machine, from the secondary data of a kernel dump.
#include "cmd/analyze.h"
#include "cmd/secondary.h"
#include "target/kernel.h"
#include "win/smbios.h"

#include <string.h>

// Order, and the blank lines behind: ten recorded outputs of WinDbg. BLACKBOXNTFS stands behind the first; which
// secondary data it tells of is not public.
void analysis_blackboxes(struct call *c, struct doc *out, const struct dump_kernel *k)
{
	static const struct {
		const char *name, *value, *tag;
	} lines[] = {
		{ "BLACKBOXBSD", "1 (!blackboxbsd)", SECONDARY_BOOT_STATUS },
		{ "BLACKBOXPNP", "1 (!blackboxpnp)", SECONDARY_PNP },
		{ "BLACKBOXWINLOGON", "1", SECONDARY_WINLOGON },
	};
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		if (!secondary_find(k, c->a, lines[i].tag))
			continue;
		analysis_line(out, lines[i].name, lines[i].value, true);
		if (strchr(lines[i].value, '('))
			doc_text(out, "");
	}
}

// VMware: a public output shows its name beside SYSTEM_MANUFACTURER "VMware, Inc.". HyperV: the name is that of nine
// recorded outputs; that the debugger takes it from these two strings of Hyper-V's firmware is likely (layout
// unverified). Other machines have no name that is known.
const char *analysis_virtual_machine(struct call *c, const struct dump_kernel *k)
{
	enum { SYSTEM = 1, MANUFACTURER = 4, PRODUCT = 5 };
	const struct dump_blob *blob = secondary_find(k, c->a, SECONDARY_SMBIOS);
	struct smbios b = { 0 };
	struct smbios_entry e;
	if (!blob || !smbios_open(blob->bytes, &b))
		return NULL;
	for (size_t pos = 0; smbios_next(&b, &pos, &e);) {
		if (e.type != SYSTEM)
			continue;
		const char *maker = smbios_string(c->a, &e, MANUFACTURER), *product = smbios_string(c->a, &e, PRODUCT);
		if (maker && str_starts(maker, "VMware"))
			return "VMware";
		return str_eq(maker, "Microsoft Corporation") && str_eq(product, "Virtual Machine") ? "HyperV" : NULL;
	}
	return NULL;
}

// SPDX-License-Identifier: Apache-2.0
// whea_facts.c: what the sections of a hardware error record say: UEFI specification appendix N.2.4 to N.2.7, machine
// check banks as in Microsoft's public cper.h (WHEA_XPF_MCA_SECTION, packed) and Intel SDM volume 3B.
#include "base/str.h"
#include "win/whea.h"

#include <inttypes.h>
#include <string.h>

enum { MOST_FACTS = 64 };
struct facts {
	struct arena *a;
	struct whea_fact *p;
	size_t n;
};

static void add(struct facts *f, unsigned level, const char *name, const char *fmt, ...) PRINTF_LIKE(4, 5);
static void add(struct facts *f, unsigned level, const char *name, const char *fmt, ...)
{
	if (f->n == MOST_FACTS)
		return;
	va_list ap;
	va_start(ap, fmt);
	const char *value = arena_vprintf(f->a, fmt, ap);
	va_end(ap);
	f->p[f->n++] = (struct whea_fact){ level, name, value };
}

// One of a list of words, or the number when the list has none for it.
static const char *word(struct arena *a, const char *const *words, size_t n, uint64_t i)
{
	return i < n && words[i] ? words[i] : arena_printf(a, "0x%" PRIx64, i);
}

// ---- N.2.4.1
static const char *error_types(struct arena *a, uint8_t bits)
{
	static const char *const names[] = { "Cache error", "TLB error", "Bus error", "Micro-Architectural Error" };
	struct sb text = sb_new(a);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (bits >> i & 1)
			sb_printf(&text, "%s%s", text.n ? ", " : "", names[i]);
	return text.n ? sb_str(&text) : arena_printf(a, "0x%02x", bits);
}

static void processor(struct facts *f, struct span s)
{
	static const char *const types[] = { "x86/x64", "Itanium", "ARM" };
	static const char *const sets[] = { "x86", "Itanium", "x64", "ARM", "ARM64" };
	static const char *const operations[] = { "Generic", "Data Read", "Data Write", "Instruction Execution" };
	static const struct {
		uint8_t bit, at;
		const char *name;
	} wide[] = { { 6, 16, "CPU Version" },    { 8, 152, "Processor ID" },  { 9, 160, "Target Address" },
		     { 10, 168, "Requester ID" }, { 11, 176, "Responder ID" }, { 12, 184, "Instr. Pointer" } };
	const uint8_t *p = s.p;
	uint64_t valid = le_get(p, 8);
	if (valid & 1)
		add(f, 0, "Proc. Type", "%s", word(f->a, types, ARRAY_LEN(types), p[8]));
	if (valid & 2)
		add(f, 0, "Instr. Set", "%s", word(f->a, sets, ARRAY_LEN(sets), p[9]));
	if (valid & 4)
		add(f, 0, "Error Type", "%s", error_types(f->a, p[10]));
	if (valid & 8)
		add(f, 0, "Operation", "%s", word(f->a, operations, ARRAY_LEN(operations), p[11]));
	if (valid & 0x10)
		add(f, 0, "Flags", "0x%02x", p[12]);
	if (valid & 0x20)
		add(f, 0, "Level", "%u", p[13]);
	if (valid & 0x80)
		add(f, 0, "CPU Brand", "%s",
		    bytes_to_utf8(f->a, (struct span){ p + 24, strnlen((const char *)p + 24, 128) }));
	for (size_t i = 0; i < ARRAY_LEN(wide); i++)
		if (valid >> wide[i].bit & 1)
			add(f, 0, wide[i].name, "0x%016" PRIx64, le_get(p + wide[i].at, 8));
}

// ---- N.2.4.2
static const char *dump_line(struct arena *a, const uint8_t *p)
{
	struct sb text = sb_new(a);
	for (unsigned i = 0; i < 16; i++)
		sb_printf(&text, "%s%02x", !i ? "" : i == 8 ? " - " : " ", p[i]);
	return sb_str(&text);
}

static void xpf(struct facts *f, struct span s, va_t at)
{
	enum { INFO = 64, INFO_SIZE = 64 };
	const uint8_t *p = s.p;
	uint64_t valid = le_get(p, 8);
	if (valid & 1)
		add(f, 0, "Local APIC Id", "0x%016" PRIx64, le_get(p + 8, 8));
	for (unsigned i = 0; i < 3 && (valid & 2); i++)
		add(f, 0, i ? "" : "CPU Id", "%s", dump_line(f->a, p + 16 + i * 16));
	unsigned n = valid >> 2 & 0x3f;
	for (unsigned i = 0; i < n && in_range(INFO + (uint64_t)i * INFO_SIZE, INFO_SIZE, s.n); i++) {
		static const struct {
			uint8_t bit, at;
			const char *name;
		} parts[] = { { 0, 24, "Check Info" },
			      { 1, 32, "Target Id" },
			      { 2, 40, "Requester Id" },
			      { 3, 48, "Responder Id" },
			      { 4, 56, "Instr. Pointer" } };
		const uint8_t *q = p + INFO + i * INFO_SIZE;
		add(f, 0, arena_printf(f->a, "Proc. Info %u", i), "@ %016" PRIx64, at + INFO + i * INFO_SIZE);
		for (size_t k = 0; k < ARRAY_LEN(parts); k++)
			if (le_get(q + 16, 8) >> parts[k].bit & 1)
				add(f, 1, parts[k].name, "0x%016" PRIx64, le_get(q + parts[k].at, 8));
	}
}

// ---- machine check banks
static const char *compound_text(struct arena *a, unsigned code)
{
	static const char *const kinds[] = { "I", "D", "G", "*" };
	static const char *const levels[] = { "L0", "L1", "L2", "LG" };
	static const char *const requests[] = { "ERR", "RD", "WR", "DRD", "DWR", "IRD", "PREFETCH", "EVICT", "SNOOP" };
	static const char *const sides[] = { "SRC", "RES", "OBS", "*" };
	static const char *const places[] = { "M", "*", "IO", "*" };
	static const char *const memory[] = { "GEN", "RD", "WR", "AC", "MS", "*", "*", "*" };
	unsigned request = code >> 4 & 15;
	const char *r = request < ARRAY_LEN(requests) ? requests[request] : "*";
	const char *level = levels[code & 3], *kind = kinds[code >> 2 & 3];
	if ((code & 0xf800) == 0x0800)
		return arena_printf(a, "BUS%s_%s_%s_%s_%s_ERR", level, sides[code >> 9 & 3], r, places[code >> 2 & 3],
				    code & 0x100 ? "TIMEOUT" : "NOTIMEOUT");
	if ((code & 0xff00) == 0x0100)
		return arena_printf(a, "%sCACHE%s_%s_ERR", kind, level, r);
	if ((code & 0xff80) == 0x0080)
		return (code & 15) == 15 ? arena_printf(a, "MEMORY_CONTROLLER_%s_ERR", memory[code >> 4 & 7])
					 : arena_printf(a, "%s_CHANNEL%u_ERR", memory[code >> 4 & 7], code & 15);
	if ((code & 0xfff0) == 0x0010)
		return arena_printf(a, "%sTLB%s_ERR", kind, level);
	if ((code & 0xfffc) == 0x000c)
		return arena_printf(a, "CACHE%s_ERR", level);
	return NULL;
}

const char *whea_mca_text(struct arena *a, uint64_t status)
{
	static const char *const simple[] = { "No error", "Unclassified",    "Microcode ROM parity", "External",
					      "FRC",      "Internal parity", "SMM handler access" };
	enum { CORRECTION_FILTER = 0x1000, INTERNAL_TIMER = 0x400 };
	unsigned code = (unsigned)(status & 0xffff) & ~(unsigned)CORRECTION_FILTER;
	if (code < ARRAY_LEN(simple))
		return simple[code];
	if (code == INTERNAL_TIMER)
		return "Internal timer";
	if ((code & 0xfc00) == 0x400)
		return "Internal unclassified";
	const char *text = compound_text(a, code);
	return text ? text : "Unknown";
}

bool whea_mca_read(const struct whea_section *s, struct whea_mca *ret)
{
	enum { LEAST = 0x40 };
	if (s->kind != WHEA_MCA || s->bytes.n < LEAST)
		return false;
	const uint8_t *p = s->bytes.p;
	*ret = (struct whea_mca){ .vendor = (uint32_t)le_get(p + 4, 4),
				  .processor = (uint32_t)le_get(p + 0x10, 4),
				  .global_status = le_get(p + 0x14, 8),
				  .ip = le_get(p + 0x1c, 8),
				  .bank = (uint32_t)le_get(p + 0x24, 4),
				  .status = le_get(p + 0x28, 8),
				  .address = le_get(p + 0x30, 8),
				  .misc = le_get(p + 0x38, 8) };
	return true;
}

static void mca(struct facts *f, const struct whea_section *s)
{
	enum { ADDRESS_VALID = 58, MISC_VALID = 59 };
	struct whea_mca m;
	if (!whea_mca_read(s, &m))
		return;
	add(f, 0, "Error", "%s (Proc %u Bank %u)", whea_mca_text(f->a, m.status), m.processor, m.bank);
	add(f, 1, "Status", "0x%016" PRIx64, m.status);
	if (m.status >> ADDRESS_VALID & 1)
		add(f, 1, "Address", "0x%016" PRIx64, m.address);
	if (m.status >> MISC_VALID & 1)
		add(f, 1, "Misc.", "0x%016" PRIx64, m.misc);
}

// ---- N.2.5
static void memory(struct facts *f, struct span s)
{
	static const char *const types[] = { "Unknown",
					     "No error",
					     "Single-bit ECC",
					     "Multi-bit ECC",
					     "Single-symbol ChipKill ECC",
					     "Multi-symbol ChipKill ECC",
					     "Master abort",
					     "Target abort",
					     "Parity Error",
					     "Watchdog timeout",
					     "Invalid address",
					     "Mirror Broken",
					     "Memory Sparing",
					     "Scrub corrected error",
					     "Scrub uncorrected error",
					     "Physical Memory Map-out event" };
	static const struct {
		uint8_t bit, at, size;
		const char *name;
	} fields[] = {
		{ 0, 8, 8, "Error Status" },   { 1, 16, 8, "Phys. Address" }, { 2, 24, 8, "Address Mask" },
		{ 3, 32, 2, "Node" },          { 4, 34, 2, "Card" },          { 5, 36, 2, "Module" },
		{ 6, 38, 2, "Bank" },          { 7, 40, 2, "Device" },        { 8, 42, 2, "Row" },
		{ 9, 44, 2, "Column" },        { 10, 46, 2, "Bit Position" }, { 11, 48, 8, "Requester ID" },
		{ 12, 56, 8, "Responder ID" }, { 13, 64, 8, "Target ID" },
	};
	enum { HAS_TYPE = 14, TYPE = 72 };
	uint64_t valid = le_get(s.p, 8);
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (valid >> fields[i].bit & 1)
			add(f, 0, fields[i].name, "0x%0*" PRIx64, fields[i].size * 2,
			    le_get(s.p + fields[i].at, fields[i].size));
	if (valid >> HAS_TYPE & 1)
		add(f, 0, "Error Type", "%s", word(f->a, types, ARRAY_LEN(types), s.p[TYPE]));
}

// ---- N.2.7; the parts of capability and AER registers: PCI Express base specification
static void pcie_device(struct facts *f, const uint8_t *p)
{
	f->p[f->n++] = (struct whea_fact){ .name = "Device Id" };
	add(f, 1, "VenId:DevId", "%04x:%04x", (unsigned)le_get(p + 24, 2), (unsigned)le_get(p + 26, 2));
	add(f, 1, "Class code", "%02x%02x%02x", p[30], p[29], p[28]);
	add(f, 1, "Function No", "0x%02x", p[31]);
	add(f, 1, "Device No", "0x%02x", p[32]);
	add(f, 1, "Segment", "0x%04x", (unsigned)le_get(p + 33, 2));
	add(f, 1, "Primary Bus", "0x%02x", p[35]);
	add(f, 1, "Second. Bus", "0x%02x", p[36]);
	add(f, 1, "Slot", "0x%04x", (unsigned)le_get(p + 37, 2) >> 3);
}

static void pcie(struct facts *f, struct span s, va_t at)
{
	static const char *const ports[] = {
		"Endpoint",
		"Legacy Endpoint",
		NULL,
		NULL,
		"Root Port",
		"Upstream Switch Port",
		"Downstream Switch Port",
		"PCI Express to PCI/PCI-X Bridge",
		"PCI/PCI-X to PCI Express Bridge",
		"Root Complex Integrated Endpoint",
		"Root Complex Event Collector",
	};
	enum { CAPABILITY = 52, AER = 112 };
	const uint8_t *p = s.p;
	uint64_t valid = le_get(p, 8);
	if (valid & 1)
		add(f, 0, "Port Type", "%s", word(f->a, ports, ARRAY_LEN(ports), le_get(p + 8, 4)));
	if (valid & 2)
		add(f, 0, "Version", "%u.%u", p[13], p[12]);
	if (valid & 4)
		add(f, 0, "Command/Status", "0x%04x/0x%04x", (unsigned)le_get(p + 16, 2), (unsigned)le_get(p + 18, 2));
	if (valid & 8)
		pcie_device(f, p);
	if (valid & 0x10)
		add(f, 0, "Dev. Serial #", "%016" PRIx64, le_get(p + 40, 8));
	if (valid & 0x20)
		add(f, 0, "Bridge", "secondary status 0x%04x, control 0x%04x", (unsigned)le_get(p + 48, 2),
		    (unsigned)le_get(p + 50, 2));
	if (valid & 0x40) {
		add(f, 0, "Express Capability Information", "@ %016" PRIx64, at + CAPABILITY);
		add(f, 1, "Device Caps", "%08x", (unsigned)le_get(p + CAPABILITY + 4, 4));
		add(f, 1, "Device Ctl", "%04x", (unsigned)le_get(p + CAPABILITY + 8, 2));
		add(f, 1, "Dev Status", "%04x", (unsigned)le_get(p + CAPABILITY + 10, 2));
	}
	if (valid & 0x80) {
		add(f, 0, "AER Information", "@ %016" PRIx64, at + AER);
		add(f, 2, "Uncorrectable Error Status", "%08x", (unsigned)le_get(p + AER + 4, 4));
		add(f, 2, "Uncorrectable Error Mask", "%08x", (unsigned)le_get(p + AER + 8, 4));
		add(f, 2, "Uncorrectable Error Severity", "%08x", (unsigned)le_get(p + AER + 12, 4));
		add(f, 2, "Correctable Error Status", "%08x", (unsigned)le_get(p + AER + 16, 4));
		add(f, 2, "Correctable Error Mask", "%08x", (unsigned)le_get(p + AER + 20, 4));
		add(f, 2, "Caps & Control", "%08x", (unsigned)le_get(p + AER + 24, 4));
	}
}

size_t whea_facts(struct arena *a, const struct whea_section *s, const struct whea_fact **ret)
{
	// Bytes that the fixed part of a section takes.
	enum { PROCESSOR = 192, XPF = 64, MEMORY = 73, PCIE = 208 };
	struct facts f = { .a = a, .p = NEW_N(a, struct whea_fact, MOST_FACTS) };
	if (s->kind == WHEA_PROCESSOR && s->bytes.n >= PROCESSOR)
		processor(&f, s->bytes);
	else if (s->kind == WHEA_XPF && s->bytes.n >= XPF)
		xpf(&f, s->bytes, s->at);
	else if (s->kind == WHEA_MCA)
		mca(&f, s);
	else if (s->kind == WHEA_MEMORY && s->bytes.n >= MEMORY)
		memory(&f, s->bytes);
	else if (s->kind == WHEA_PCIE && s->bytes.n >= PCIE)
		pcie(&f, s->bytes, s->at);
	*ret = f.p;
	return f.n;
}

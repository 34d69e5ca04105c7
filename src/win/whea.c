// SPDX-License-Identifier: Apache-2.0
// whea.c: reads hardware error records. Layout: UEFI specification appendix N.2; kinds of notification and sections
// that only Windows has: Microsoft's public cper.h.
#include "win/whea.h"

#include "base/limits.h"
#include "base/str.h"

#include <inttypes.h>
#include <string.h>

enum { HEADER = 128, DESCRIPTOR = 72, SIGNATURE = 0x52455043, SIGNATURE_END = -1 };

// ---- names of GUIDs
struct guid_name {
	const char *guid, *name;
	enum whea_kind kind;
};
static const struct guid_name creators[] = { { "cf07c4bd-b789-4e18-b3c4-1f732cb57131", "Microsoft", WHEA_UNKNOWN } };
static const struct guid_name notifications[] = {
	{ "2dce8bb1-bdd7-450e-b9ad-9cf4ebd4f890", "Corrected Machine Check", WHEA_UNKNOWN },
	{ "4e292f96-d843-4a55-a8c2-d481f27ebeee", "Corrected Platform Error", WHEA_UNKNOWN },
	{ "e8f56ffe-919c-4cc5-ba88-65abe14913bb", "Machine Check Exception", WHEA_UNKNOWN },
	{ "cf93c01f-1a16-4dfc-b8bc-9c4daf67c104", "PCI Express Error", WHEA_UNKNOWN },
	{ "cc5263e8-9308-454a-89d0-340bd39bc98e", "INIT Error Record", WHEA_UNKNOWN },
	{ "5bad89ff-b7e6-42c9-814a-cf2485d6e98a", "Non-maskable Interrupt", WHEA_UNKNOWN },
	{ "3d61a466-ab40-409a-a698-f362d464b38f", "BOOT Error Record", WHEA_UNKNOWN },
	{ "667dd791-c6b3-4c27-8aeb-0f8e722deb41", "DMAr", WHEA_UNKNOWN },
};
static const struct guid_name kinds[] = {
	{ "9876ccad-47b4-4bdb-b65e-16f193c4f3db", "Processor Generic", WHEA_PROCESSOR },
	{ "dc3ea0b0-a144-4797-b95b-53fa242b6e1d", "x86/x64 Processor Specific", WHEA_XPF },
	{ "8a1e1d01-42f9-4557-9c33-565e5cc3f7e8", "x86/x64 MCA", WHEA_MCA },
	{ "e19e3d16-bc11-11e4-9caa-c2051d5d46b0", "ARM Processor Specific", WHEA_UNKNOWN },
	{ "a5bc1114-6f64-4ede-b863-3e83ed7c83b1", "Memory", WHEA_MEMORY },
	{ "d995e954-bbc1-430f-ad91-b44dcb3c6f35", "PCI Express", WHEA_PCIE },
	{ "c5753963-3b84-4095-bf78-eddad3f9c9dd", "PCI/PCI-X Bus", WHEA_UNKNOWN },
	{ "eb5e4685-ca66-4769-b6a2-26068b001326", "PCI/PCI-X Device", WHEA_UNKNOWN },
	{ "81212a96-09ed-4996-9471-8d729c8e69ed", "Firmware", WHEA_UNKNOWN },
	{ "e71254e7-c1b9-4940-ab76-909703a4320f", "NMI", WHEA_UNKNOWN },
	{ "e71254e9-c1b9-4940-ab76-909703a4320f", "Error Packet", WHEA_PACKET },
};

static const struct guid_name *name_of(const struct guid_name *list, size_t n, const uint8_t *guid)
{
	char text[GUID_TEXT];
	guid_put(text, guid);
	for (size_t i = 0; i < n; i++)
		if (str_eq(list[i].guid, text))
			return &list[i];
	return NULL;
}

const char *whea_severity_text(uint32_t severity)
{
	static const char *const names[] = { "Recoverable", "Fatal", "Corrected", "Informational" };
	return severity < ARRAY_LEN(names) ? names[severity] : NULL;
}

// The specification wants binary coded decimals, Windows writes plain numbers; a century tells which.
static const char *time_text(struct arena *a, const uint8_t *p)
{
	enum { SECOND, MINUTE, HOUR, PRECISE, DAY, MONTH, YEAR, CENTURY };
	unsigned v[8];
	bool decimal = p[CENTURY] == 0x20 || p[CENTURY] == 0x19;
	for (unsigned i = 0; i < ARRAY_LEN(v); i++)
		v[i] = decimal ? (p[i] >> 4) * 10u + (p[i] & 15) : p[i];
	if (v[MONTH] < 1 || v[MONTH] > 12 || v[DAY] < 1 || v[DAY] > 31 || v[HOUR] > 23 || v[MINUTE] > 59 ||
	    v[SECOND] > 60 || v[YEAR] > 99)
		return NULL;
	return arena_printf(a, "%u/%u/%u %u:%02u:%02u (UTC)", v[MONTH], v[DAY], v[CENTURY] * 100 + v[YEAR], v[HOUR],
			    v[MINUTE], v[SECOND]);
}

static void read_header(struct arena *a, const uint8_t *p, struct whea_record *r)
{
	r->revision = (uint16_t)le_get(p + 4, 2);
	r->n_claimed = (size_t)le_get(p + 10, 2);
	r->severity = (uint32_t)le_get(p + 12, 4);
	r->valid = (uint32_t)le_get(p + 16, 4);
	r->length = (uint32_t)le_get(p + 20, 4);
	r->time = r->valid & WHEA_HAS_TIME ? time_text(a, p + 24) : NULL;
	memcpy(r->platform, p + 32, sizeof(r->platform));
	memcpy(r->partition, p + 48, sizeof(r->partition));
	memcpy(r->creator, p + 64, sizeof(r->creator));
	memcpy(r->notify, p + 80, sizeof(r->notify));
	r->id = le_get(p + 96, 8);
	r->flags = (uint32_t)le_get(p + 104, 4);
	const struct guid_name *n = name_of(creators, ARRAY_LEN(creators), r->creator);
	r->creator_text = n ? n->name : NULL;
	n = name_of(notifications, ARRAY_LEN(notifications), r->notify);
	r->notify_text = n ? n->name : NULL;
}

static void read_section(struct arena *a, const struct space *sp, const struct whea_record *r, const uint8_t *p,
			 struct whea_section *s)
{
	enum { HAS_FRU_TEXT = 2, FRU_TEXT = 20 };
	s->at = r->at + le_get(p, 4);
	s->offset = (uint32_t)le_get(p, 4);
	s->length = (uint32_t)le_get(p + 4, 4);
	s->flags = (uint32_t)le_get(p + 12, 4);
	memcpy(s->type, p + 16, sizeof(s->type));
	s->severity = (uint32_t)le_get(p + 48, 4);
	const struct guid_name *n = name_of(kinds, ARRAY_LEN(kinds), s->type);
	s->name = n ? n->name : NULL;
	s->kind = n ? n->kind : WHEA_UNKNOWN;
	if (p[10] & HAS_FRU_TEXT)
		s->fru_text = bytes_to_utf8(a, (struct span){ p + 52, strnlen((const char *)p + 52, FRU_TEXT) });
	size_t want = MIN(s->length, (uint32_t)LIMIT_WHEA_SECTION), got = 0;
	uint8_t *bytes = arena_alloc(a, want, 1);
	if (want && !space_read(sp, s->at, bytes, want, &got).code)
		s->bytes = (struct span){ bytes, got };
}

err_t whea_read(struct arena *a, const struct space *sp, va_t at, struct whea_record *ret)
{
	uint8_t head[HEADER], p[DESCRIPTOR];
	*ret = (struct whea_record){ .at = at };
	if (!space_read_all(sp, at, head, sizeof(head)))
		return fail(E_ABSENT, "the error record is not in the dump", at);
	if (le_get(head, 4) != SIGNATURE || le_get(head + 6, 4) != (uint32_t)SIGNATURE_END)
		return fail(E_CORRUPT, "no error record there: its signature is wrong", at);
	read_header(a, head, ret);
	size_t n = MIN(ret->n_claimed, (size_t)LIMIT_WHEA_SECTIONS);
	ret->sections = NEW_N(a, struct whea_section, n);
	for (size_t i = 0; i < n; i++) {
		va_t d = at + HEADER + i * DESCRIPTOR;
		if (!space_read_all(sp, d, p, sizeof(p)))
			break;
		ret->sections[i].descriptor = d;
		read_section(a, sp, ret, p, &ret->sections[i]);
		ret->n_sections = i + 1;
	}
	return ok();
}

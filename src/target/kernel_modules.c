// SPDX-License-Identifier: Apache-2.0
// kernel_modules.c: drivers of a dump with page tables, from the kernel's own lists. _KLDR_DATA_TABLE_ENTRY keeps the
// offsets of the first fields since Windows XP (public symbols of every build). The time stamp is taken from the image:
// its field is known of Windows 10 and later only, where it stands in for headers that were paged out.
#include "base/limits.h"
#include "target/kernel.h"
#include "target/records.h"
#include "target/target_int.h"

#include <inttypes.h>
#include <string.h>

// IMAGE_FILE_HEADER.TimeDateStamp; 0 when it is not in memory.
static uint32_t time_stamp(struct target *t, va_t base, va_t entry)
{
	enum { E_LFANEW = 0x3c, TIME = 8, FAR = 0x1000, KLDR_TIME = 0x9c, KLDR_TIME_X86 = 0x58, WINDOWS_10 = 10240 };
	uint32_t pe, stamp;
	if (space_u32(t->space, base + E_LFANEW, &pe) && pe <= FAR && space_u32(t->space, base + pe + TIME, &stamp))
		return stamp;
	bool known = t->kernel->facts->build >= WINDOWS_10;
	return known && space_u32(t->space, entry + (t->ptr_bytes == 8 ? KLDR_TIME : KLDR_TIME_X86), &stamp) ? stamp
													     : 0;
}

static bool read_driver(struct target *t, va_t entry, struct dump_module *ret)
{
	bool is64 = t->ptr_bytes == 8;
	unsigned p = t->ptr_bytes;
	uint64_t base;
	uint32_t size;
	if (!space_ptr(t->space, entry + (is64 ? 0x30 : 0x18), p, &base) ||
	    !space_u32(t->space, entry + (is64 ? 0x40 : 0x20), &size) || !base)
		return false;
	const char *full = target_unicode_string(t, t->arena, entry + (is64 ? 0x48 : 0x24));
	const char *name = target_unicode_string(t, t->arena, entry + (is64 ? 0x58 : 0x2c));
	*ret = (struct dump_module){ .base = base, .size = size, .timestamp = time_stamp(t, base, entry) };
	ret->path = full && *full ? full : name ? name : "";
	if (!space_u32(t->space, entry + (is64 ? 0x78 : 0x40), &ret->checksum))
		ret->checksum = 0;
	return true;
}

void kernel_drivers(struct target *t, struct kernel *k, struct dump_user *u)
{
	size_t cap = 256, n = 0;
	struct dump_module *list = NEW_N(t->arena, struct dump_module, cap);
	va_t head = k->facts->loaded_modules, at = head;
	uint64_t next, back;
	if (!head)
		return;
	for (size_t steps = 0; steps < LIMIT_KERNEL_LIST; steps++) {
		if (!space_ptr(t->space, at, t->ptr_bytes, &next)) {
			k->lists_note = "the list of loaded modules is cut: a part of it is not in the dump";
			break;
		}
		if (next == head)
			break;
		// Each entry must point back, or the list is damaged from here on.
		if (!space_ptr(t->space, next + t->ptr_bytes, t->ptr_bytes, &back) || back != at) {
			k->lists_note = "the list of loaded modules is damaged, or cut";
			break;
		}
		at = next;
		if (n == cap) {
			cap *= 2;
			struct dump_module *bigger = NEW_N(t->arena, struct dump_module, cap);
			memcpy(bigger, list, n * sizeof(*list));
			list = bigger;
		}
		n += read_driver(t, at, &list[n]);
	}
	u->modules = list;
	u->n_modules = n;
}

// MmUnloadedDrivers: a pointer to 50 entries {name, start, end, time} written round and round; the last one written is
// before MmLastUnloadedDriver.
void kernel_unloaded(struct target *t, struct kernel *k, struct dump_user *u)
{
	enum { ENTRIES = 50 };
	unsigned p = t->ptr_bytes;
	uint64_t array = 0, start, end;
	va_t where = kernel_kdbg(k, KDBG_UNLOADED_DRIVERS, 8);
	uint32_t last = 0;
	if (!where || !space_ptr(t->space, where, p, &array) || !array)
		return;
	where = kernel_kdbg(k, KDBG_LAST_UNLOADED, 8);
	if (!where || !space_u32(t->space, where, &last))
		last = 0;
	struct dump_unloaded *list = NEW_N(t->arena, struct dump_unloaded, ENTRIES);
	size_t n = 0, stride = 4 * p + 8;
	for (size_t i = 0; i < ENTRIES; i++) {
		va_t at = array + (last + ENTRIES - 1 - i % ENTRIES) % ENTRIES * stride;
		if (!space_ptr(t->space, at + 2 * p, p, &start) || !space_ptr(t->space, at + 3 * p, p, &end) ||
		    !start || end <= start)
			continue;
		const char *name = target_unicode_string(t, t->arena, at);
		if (name)
			list[n++] =
				(struct dump_unloaded){ .base = start, .size = (uint32_t)(end - start), .name = name };
	}
	u->unloaded = list;
	u->n_unloaded = n;
}

// ---- page tables
static bool is_windows(struct target *t, const struct paging *p)
{
	enum { MAJOR_VERSION = 0x26c }; // KUSER_SHARED_DATA.NtMajorVersion (public ntddk.h)
	uint32_t major;
	space_set_paging(t->space, p);
	va_t shared = t->ptr_bytes == 8 ? 0xfffff78000000000 : 0xffdf0000;
	return space_u32(t->space, shared + MAJOR_VERSION, &major) && major >= 5 && major <= 10;
}

void kernel_paging(struct target *t, struct kernel *k)
{
	static const enum paging_kind x64[] = { PAGING_X64, PAGING_LA57 }, x86[] = { PAGING_PAE, PAGING_X86 },
				      arm64[] = { PAGING_ARM64 };
	const struct dump_kernel *f = k->facts;
	if (!f->phys || !t->arch)
		return;
	const enum paging_kind *kinds = t->machine == MACHINE_X64 ? x64 : t->machine == MACHINE_X86 ? x86 : arm64;
	size_t n = kinds == arm64 ? 1 : 2, first = t->machine == MACHINE_X86 && f->pae_known && !f->pae;
	k->paging = NEW(t->arena, struct paging);
	*k->paging = (struct paging){ .phys = f->phys, .file = t->dump->file, .root = f->dtb };
	for (size_t i = 0; i < n; i++) {
		k->paging->kind = kinds[(first + i) % n];
		k->dtb_good = is_windows(t, k->paging);
		if (k->dtb_good)
			return;
	}
	k->paging->kind = kinds[first];
	space_set_paging(t->space, k->paging);
	// Without that page in the dump the root may still be right; so may one whose tables were left out, or cut off.
	uint64_t next;
	if (space_ptr(t->space, f->loaded_modules, t->ptr_bytes, &next))
		return;
	struct page_walk w;
	paging_walk(k->paging, f->loaded_modules, &w);
	if (w.state == PAGE_TABLE_ABSENT)
		k->root_note = "the page tables of the recorded root are not in the dump; .context ROOT reads memory "
			       "by another root";
	else
		k->root_note = "the page-table root recorded in the dump does not fit: it leads neither to Windows' "
			       "shared data nor to the list of modules; .context ROOT reads memory by another one";
}

// The kernel starts further processors of x64 with blocks below 1 MiB: a jump, from which a flag and the kernel's
// entry (LmTarget) follow, and the cr3 to be (public descriptions of _PROCESSOR_START_BLOCK: MemProcFS, memflow).
static pa_t start_block_root(const struct paging *p, pa_t at)
{
	enum { LM_TARGET = 0x70, CR3 = 0xa0, BYTES = 0xa8 };
	uint8_t b[BYTES];
	if (paging_read(p, at, b, sizeof(b)) < sizeof(b) || (le_get(b, 8) & 0xffffffffffff00ff) != 0x00000001000600e9 ||
	    (le_get(b + LM_TARGET, 8) & 0xfffff80000000003) != 0xfffff80000000000)
		return 0;
	uint64_t cr3 = le_get(b + CR3, 8);
	return cr3 & 0xfff0000000000fff ? 0 : cr3;
}

static bool try_root(struct target *t, struct kernel *k, pa_t root, const char *from)
{
	const pa_t recorded = k->paging->root;
	k->paging->root = root;
	k->dtb_good = is_windows(t, k->paging);
	if (k->dtb_good) {
		k->root_note = arena_printf(t->arena,
					    "the page-table root recorded in the dump (%" PRIx64
					    ") does not fit; %" PRIx64 " is used, from %s",
					    recorded, root, from);
		return true;
	}
	k->paging->root = recorded;
	space_set_paging(t->space, k->paging);
	return false;
}

static bool root_of_start_block(struct target *t, struct kernel *k)
{
	enum { MIB = 0x100000 };
	for (pa_t at = DUMP_PAGE; t->machine == MACHINE_X64 && at < MIB; at += DUMP_PAGE) {
		pa_t root = start_block_root(k->paging, at);
		if (root && try_root(t, k, root, arena_printf(t->arena, "a processor's start block at %" PRIx64, at)))
			return true;
	}
	return false;
}

bool kernel_other_root(struct target *t, struct kernel *k)
{
	enum { CR3_AT = 2 }; // KSPECIAL_REGISTERS: Cr0, Cr2, Cr3 (public symbols), x86 and x64
	if (!k->paging || k->dtb_good || t->machine == MACHINE_ARM64)
		return false;
	const unsigned p = t->ptr_bytes;
	uint64_t special = kernel_kdbg(k, KDBG_PRCB_SPECIAL_OFF, 2), prcb, cr3;
	va_t array = kernel_kdbg(k, KDBG_PROCESSOR_BLOCK, 8);
	size_t n = MIN((size_t)k->facts->n_cpus, (size_t)LIMIT_PROCESSORS);
	for (size_t i = 0; array && special && i < n; i++) {
		if (!space_ptr(t->space, array + i * p, p, &prcb) || !prcb ||
		    !space_ptr(t->space, prcb + special + CR3_AT * p, p, &cr3) || !cr3)
			continue;
		if (try_root(t, k, cr3, arena_printf(t->arena, "cr3 of processor %zu", i)))
			return true;
	}
	return root_of_start_block(t, k);
}

// SPDX-License-Identifier: Apache-2.0
// layout.c: asks the sources of layouts in their order.
#include "win/layout.h"

#include "target/kernel.h"
#include "win/layout_int.h"

#include <string.h>

// ---- the kernel's types
static struct type_source *kernel_types(struct session *s)
{
	struct target *t = s->target;
	struct module *nt = t->kernel ? target_module_at(t, t->kernel->base) : NULL;
	struct symbols *sy = nt ? sym_load(t, nt) : NULL;
	return sy && sy->provider->types ? sy->provider->types(sy) : NULL;
}

static bool from_types(struct session *s, const char *type, const char *field, struct layout_field *ret)
{
	struct type_source *src = kernel_types(s);
	struct type t;
	uint64_t offset = 0;
	if (!src || !type_find(src, type, &t))
		return false;
	for (;;) {
		char name[64];
		size_t n = strcspn(field, ".");
		struct type_member m;
		struct type of;
		if (n >= sizeof(name))
			return false;
		memcpy(name, field, n);
		name[n] = 0;
		if (!type_member_named(&t, name, &m) || !type_get(src, m.type, &of))
			return false;
		offset += m.offset;
		if (!field[n]) {
			*ret = (struct layout_field){ .from = LAYOUT_TYPES,
						      .offset = (uint32_t)offset,
						      .size = (uint32_t)of.size };
			if (of.kind == TYPE_BITFIELD) {
				struct type base;
				ret->pos = of.pos;
				ret->bits = of.bits;
				ret->size = type_target(&of, &base) ? (uint32_t)base.size : 0;
			}
			return offset <= UINT32_MAX;
		}
		t = of;
		field += n + 1;
	}
}

// ---- the dump itself
static bool from_dump(struct session *s, const char *type, const char *field, struct layout_field *ret)
{
	static const struct {
		const char *type, *field;
		enum kdbg_field at;
		uint8_t size; // 0: a pointer
	} fields[] = {
		{ "_KTHREAD", "Teb", KDBG_THREAD_TEB_OFF, 0 },
		{ "_KTHREAD", "KernelStack", KDBG_THREAD_KERNEL_STACK_OFF, 0 },
		{ "_KTHREAD", "InitialStack", KDBG_THREAD_INITIAL_STACK_OFF, 0 },
		{ "_KTHREAD", "ApcState.Process", KDBG_THREAD_APC_PROCESS_OFF, 0 },
		{ "_KTHREAD", "State", KDBG_THREAD_STATE_OFF, 1 },
		{ "_KTHREAD", "WaitReason", KDBG_THREAD_WAIT_REASON_OFF, 1 },
		{ "_EPROCESS", "Peb", KDBG_PROCESS_PEB_OFF, 0 },
		{ "_EPROCESS", "InheritedFromUniqueProcessId", KDBG_PROCESS_PARENT_OFF, 0 },
		{ "_KPROCESS", "DirectoryTableBase", KDBG_PROCESS_DTB_OFF, 0 },
		{ "_KPRCB", "CurrentThread", KDBG_PRCB_THREAD_OFF, 0 },
		{ "_KPRCB", "IdleThread", KDBG_PRCB_IDLE_THREAD_OFF, 0 },
		{ "_KPRCB", "MHz", KDBG_PRCB_MHZ_OFF, 4 },
		{ "_KPRCB", "CpuType", KDBG_PRCB_CPU_TYPE_OFF, 1 },
		{ "_KPRCB", "VendorString", KDBG_PRCB_VENDOR_OFF, 13 },
		{ "_KPRCB", "Number", KDBG_PRCB_NUMBER_OFF, 4 },
		{ "_KPRCB", "Context", KDBG_PRCB_CONTEXT_OFF, 0 },
		{ "_KPRCB", "DpcStack", KDBG_PRCB_DPC_STACK_OFF, 0 },
		{ "_KPRCB", "IsrStack", KDBG_PRCB_ISR_STACK_OFF, 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		if (!str_eq(type, fields[i].type) || !str_eq(field, fields[i].field))
			continue;
		uint64_t off = kernel_kdbg(s->target->kernel, fields[i].at, 2);
		unsigned size = fields[i].size ? fields[i].size : s->target->ptr_bytes;
		*ret = (struct layout_field){ .from = LAYOUT_DUMP, .offset = (uint32_t)off, .size = size };
		return off != 0;
	}
	return false;
}

// ---- the table
// Sizes of _EPROCESS that kernels of a build have had; the table's columns hold for these.
static bool size_is_known(uint32_t build, uint64_t size)
{
	static const uint16_t sizes[][4] = {
		{ 7601, 0x4f8, 0x4d0 }, { 9600, 0x708, 0x700 }, { 14393, 0x7d0, 0x7c8 }, { 17763, 0x858, 0x850, 0x848 },
		{ 18362, 0x880 },       { 19041, 0xa40 },       { 20348, 0xbc0, 0xb80 }, { 22000, 0xb80 },
		{ 22621, 0xb80 },       { 26100, 0x840 },
	};
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		for (size_t k = 1; k < ARRAY_LEN(sizes[i]); k++)
			if (sizes[i][0] == build && sizes[i][k] && sizes[i][k] == size)
				return true;
	return false;
}

// Fields of the processor's block behind its first, old ones move with its size: of Windows 7 there are two kinds.
static bool prcb_fits(const struct kernel *k, const struct layout_row *r, int32_t offset)
{
	enum { OLD_FIELDS = 0x40, WINDOWS_7 = 7601, PRCB_OF_TABLE = 0x6f00 };
	return !str_eq(r->type, "_KPRCB") || k->facts->build != WINDOWS_7 || offset < OLD_FIELDS ||
	       kernel_kdbg(k, KDBG_PRCB_SIZE, 2) == PRCB_OF_TABLE;
}

static bool table_holds(const struct target *t, size_t *column_ret)
{
	const struct kernel *k = t->kernel;
	if (t->machine != MACHINE_X64 || !size_is_known(k->facts->build, kernel_kdbg(k, KDBG_PROCESS_SIZE, 2)))
		return false;
	for (size_t i = 0; i < LAYOUT_BUILDS; i++)
		if (layout_builds[i] == k->facts->build) {
			*column_ret = i;
			return true;
		}
	return false;
}

static bool from_table(struct session *s, const char *type, const char *field, struct layout_field *ret)
{
	size_t column;
	if (!table_holds(s->target, &column))
		return false;
	// The table has whole fields only; the parts of CLIENT_ID and the like do not move inside them.
	static const struct {
		const char *tail;
		uint32_t offset;
	} parts[] = { { ".UniqueProcess", 0 }, { ".UniqueThread", 8 }, { ".Flink", 0 }, { ".Blink", 8 } };
	uint32_t more = 0;
	size_t n = strlen(field);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		size_t k = strlen(parts[i].tail);
		if (n > k && str_eq(field + n - k, parts[i].tail)) {
			n -= k;
			more = parts[i].offset;
			break;
		}
	}
	for (size_t i = 0; i < layout_n_rows; i++) {
		const struct layout_row *r = &layout_rows[i];
		if (!str_eq(r->type, type) || strlen(r->field) != n || strncmp(r->field, field, n) != 0)
			continue;
		*ret = (struct layout_field){ .from = LAYOUT_TABLE, .offset = (uint32_t)r->offset[column] + more };
		return r->offset[column] >= 0 && prcb_fits(s->target->kernel, r, r->offset[column]);
	}
	return false;
}

bool layout_field(struct session *s, const char *type, const char *field, struct layout_field *ret)
{
	*ret = (struct layout_field){ 0 };
	return s->target->kernel &&
	       (from_types(s, type, field, ret) || from_dump(s, type, field, ret) || from_table(s, type, field, ret));
}

va_t layout_address(struct session *s, va_t object, const char *type, const char *field)
{
	struct layout_field f;
	return object && layout_field(s, type, field, &f) ? object + f.offset : 0;
}

err_t layout_read(struct session *s, va_t object, const char *type, const char *field, unsigned bytes, uint64_t *ret)
{
	struct layout_field f;
	*ret = 0;
	if (!layout_field(s, type, field, &f))
		return fail(E_NOTFOUND, "the layout of this kernel is not known; its symbols would tell", 0);
	unsigned n = f.size ? MIN(f.size, 8u) : bytes;
	if (!object || !space_ptr(s->target->space, object + f.offset, n, ret))
		return fail(E_ABSENT, "not in the dump", object + f.offset);
	if (f.bits)
		*ret = *ret >> f.pos & (f.bits < 64 ? ((uint64_t)1 << f.bits) - 1 : UINT64_MAX);
	return ok();
}

const char *layout_note(struct session *s)
{
	size_t column;
	if (!s->target->kernel || kernel_types(s))
		return NULL;
	if (table_holds(s->target, &column))
		return "layouts come from a built-in table of the build, not from this kernel's symbols: not verified";
	return "the layout of this kernel's structures is not known; only what the dump itself says is shown";
}

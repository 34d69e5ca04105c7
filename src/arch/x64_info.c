// SPDX-License-Identifier: Apache-2.0
// x64_info.c: UNWIND_INFO decoded ("x64 exception handling"). The EPILOG codes of version 2 are not on that
// page; what is known of them: they stand first; the first holds the size of every epilog and whether one
// ends the function, each later one the distance of an epilog from the function's end, zero for none.
#include "arch/arch_int.h"

enum { HEADER = 4, SLOT = 2 };

const char *x64_uwop_name(uint8_t op)
{
	static const char *const names[] = { "PUSH_NONVOL", "ALLOC_LARGE",     "ALLOC_SMALL",   "SET_FPREG",
					     "SAVE_NONVOL", "SAVE_NONVOL_FAR", "EPILOG",        NULL,
					     "SAVE_XMM128", "SAVE_XMM128_FAR", "PUSH_MACHFRAME" };
	return op < ARRAY_LEN(names) && names[op] ? names[op] : "?";
}

// Slots that a code takes; 0: no such code.
static unsigned slots(unsigned version, unsigned op, unsigned info)
{
	switch (op) {
	case UWOP_PUSH_NONVOL:
	case UWOP_ALLOC_SMALL:
	case UWOP_SET_FPREG:
	case UWOP_PUSH_MACHFRAME:
		return 1;
	case UWOP_EPILOG:
		return version >= 2 ? 1 : 0;
	case UWOP_SAVE_NONVOL:
	case UWOP_SAVE_XMM128:
		return 2;
	case UWOP_SAVE_NONVOL_FAR:
	case UWOP_SAVE_XMM128_FAR:
		return 3;
	case UWOP_ALLOC_LARGE:
		return info < 2 ? 2 + info : 0;
	default:
		return 0;
	}
}

static uint32_t value_of(const struct x64_unwind_info *u, unsigned op, unsigned info, const uint8_t *operand)
{
	switch (op) {
	case UWOP_ALLOC_SMALL:
		return info * 8 + 8;
	case UWOP_SET_FPREG:
		return u->frame_offset;
	case UWOP_SAVE_NONVOL:
		return (uint32_t)le_get(operand, 2) * 8;
	case UWOP_SAVE_XMM128:
		return (uint32_t)le_get(operand, 2) * 16;
	case UWOP_SAVE_NONVOL_FAR:
	case UWOP_SAVE_XMM128_FAR:
		return (uint32_t)le_get(operand, 4);
	case UWOP_ALLOC_LARGE:
		return info ? (uint32_t)le_get(operand, 4) : (uint32_t)le_get(operand, 2) * 8;
	default:
		return 0;
	}
}

static err_t decode_codes(struct x64_unwind_info *u, const uint8_t *b, uint32_t rva)
{
	for (unsigned i = 0; i < u->n_slots;) {
		unsigned op = b[i * SLOT + 1] & 15, info = b[i * SLOT + 1] >> 4;
		unsigned n = slots(u->version, op, info);
		if (!n || n > u->n_slots - i)
			return fail(E_CORRUPT, "unwind code", (uint64_t)rva + HEADER + i * SLOT);
		u->codes[u->n_codes++] = (struct unwind_code){ .offset = b[i * SLOT],
							       .op = (uint8_t)op,
							       .info = (uint8_t)info,
							       .value = value_of(u, op, info, b + (i + 1) * SLOT) };
		i += n;
	}
	return ok();
}

static err_t decode_tail(const struct unwind_src *s, struct x64_unwind_info *u, uint64_t at)
{
	uint8_t b[12];
	unsigned n = u->flags & UNW_CHAININFO ? 12 : u->flags & (UNW_EHANDLER | UNW_UHANDLER) ? 4 : 0;
	if (!n)
		return ok();
	if (unwind_read(s, at, b, n) < n)
		return fail(E_ABSENT, "unwind data", at);
	if (n == 4) {
		u->handler = (uint32_t)le_get(b, 4);
		u->handler_data = (uint32_t)(at + 4);
	} else {
		u->chain = (struct pe_function){ .begin = (uint32_t)le_get(b, 4),
						 .end = (uint32_t)le_get(b + 4, 4),
						 .unwind = (uint32_t)le_get(b + 8, 4) };
	}
	return ok();
}

err_t x64_unwind_info(const struct unwind_src *s, uint32_t rva, struct x64_unwind_info *ret)
{
	// Two more bytes than there can be slots: an operand is read before its code is known to fit.
	uint8_t head[HEADER], b[X64_MAX_CODES * SLOT + 6] = { 0 };
	if (unwind_read(s, rva, head, HEADER) < HEADER)
		return fail(E_ABSENT, "unwind data", rva);
	ret->version = head[0] & 7;
	ret->flags = head[0] >> 3;
	ret->prolog_size = head[1];
	ret->n_slots = head[2];
	ret->frame_reg = head[3] & 15;
	ret->frame_offset = (head[3] >> 4) * 16u;
	ret->handler = ret->handler_data = 0;
	ret->chain = (struct pe_function){ 0 };
	ret->n_codes = 0;
	if (ret->version == 3)
		return fail(E_UNSUPPORTED, "not supported: unwind data of version 3", rva);
	if (ret->version != 1 && ret->version != 2)
		return fail(E_CORRUPT, "version of unwind data", rva);
	size_t n = (size_t)ret->n_slots * SLOT;
	if (unwind_read(s, (uint64_t)rva + HEADER, b, n) < n)
		return fail(E_ABSENT, "unwind data", rva);
	TRY(decode_codes(ret, b, rva));
	return decode_tail(s, ret, (uint64_t)rva + HEADER + ((n + 3) & ~(size_t)3));
}

bool x64_epilog_v2(const struct x64_unwind_info *info, const struct pe_function *f, uint32_t rva, uint32_t *start_ret)
{
	if (info->version < 2 || f->indirect || !info->n_codes || info->codes[0].op != UWOP_EPILOG)
		return false;
	uint32_t size = info->codes[0].offset;
	for (size_t i = 0; i < info->n_codes && info->codes[i].op == UWOP_EPILOG; i++) {
		uint32_t back = i ? info->codes[i].offset | (uint32_t)info->codes[i].info << 8
				  : (info->codes[i].info & 1 ? size : 0);
		if (!back || back > f->end - f->begin)
			continue;
		uint32_t start = f->end - back;
		if (rva >= start && rva - start < size) {
			*start_ret = start;
			return true;
		}
	}
	return false;
}

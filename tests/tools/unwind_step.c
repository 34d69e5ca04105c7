// SPDX-License-Identifier: Apache-2.0
// unwind_step.c: the unwinders as a shared library, for judges that drive an emulator: one image, one stack.
#include "arch/disasm.h"
#include "arch/unwind.h"
#include "base/str.h"
#include "make/fake_space.h"

#include <stdlib.h>

#define EXPORT __attribute__((visibility("default")))

struct unwind_test {
	struct arena *a;
	struct pe *pe;
};
struct unwind_test_regs { // what crosses the border
	uint64_t known, r[REGS_MAX];
	uint32_t vknown, flags; // flags out: 1 machine frame, 2 signed return, 4 leaf
	uint8_t v[VREGS_MAX][16];
};
EXPORT struct unwind_test *unwind_test_open(const uint8_t *file, size_t n);
EXPORT void unwind_test_close(struct unwind_test *t);
EXPORT int unwind_test_step(struct unwind_test *t, struct unwind_test_regs *r, uint64_t stack_va, const uint8_t *stack,
			    size_t n, int top);

struct unwind_test *unwind_test_open(const uint8_t *file, size_t n)
{
	struct unwind_test *t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->a = arena_new(16 << 20);
	if (!pe_open_file(t->a, (struct span){ file, n }, &t->pe).code)
		return t;
	unwind_test_close(t);
	return NULL;
}

void unwind_test_close(struct unwind_test *t)
{
	arena_free(t->a);
	free(t);
}

static bool image(void *ctx, va_t pc, va_t *base_ret, const struct pe **pe_ret)
{
	const struct unwind_test *t = ctx;
	// Any RVA: a made image may have functions beyond its SizeOfImage.
	if (pc < t->pe->image_base || pc - t->pe->image_base > UINT32_MAX)
		return false;
	*base_ret = t->pe->image_base;
	*pe_ret = t->pe;
	return true;
}

int unwind_test_step(struct unwind_test *t, struct unwind_test_regs *r, uint64_t stack_va, const uint8_t *stack,
		     size_t n, int top)
{
	struct space sp = { .part = { { stack_va, stack, n } } };
	struct unwind_env env = { .space = &sp, .ctx = t, .image = image };
	const struct arch *arch = arch_find(t->pe->machine);
	struct regs regs = { .machine = t->pe->machine, .known = r->known, .vknown = r->vknown };
	struct unwind_result res = { 0 };
	memcpy(regs.r, r->r, sizeof(regs.r));
	memcpy(regs.v, r->v, sizeof(regs.v));
	err_t e = arch->unwind(&env, &regs, top != 0, &res);
	if (e.code)
		return (int)e.code;
	memcpy(r->r, regs.r, sizeof(regs.r));
	memcpy(r->v, regs.v, sizeof(regs.v));
	r->known = regs.known;
	r->vknown = regs.vknown;
	r->flags = (res.machine_frame ? 1u : 0) | (res.signed_return ? 2u : 0) | (res.leaf ? 4u : 0);
	return 0;
}

// ---- what the driver must know of an image: functions, the lengths of their prologs, where epilogs start
enum { LAYOUT_EPILOGS = 64, IS_PART = 2, REFUSED = 4, SAVES_HIGH_XMM = 8, CODES_WITHOUT_PROLOG = 16, NO_CODES = 32 };
struct unwind_test_layout {
	uint32_t begin, end, flags, version;
	uint32_t prolog; // bytes
	uint32_t n_epilogs;
	uint32_t epilog[LAYOUT_EPILOGS]; // RVAs
};
EXPORT uint32_t unwind_test_count(struct unwind_test *t);
EXPORT int unwind_test_layout(struct unwind_test *t, uint32_t i, struct unwind_test_layout *ret);
// out: length, enum insn_kind, valid
EXPORT void unwind_test_insn(struct unwind_test *t, uint32_t rva, uint32_t *out);

uint32_t unwind_test_count(struct unwind_test *t)
{
	return (uint32_t)pe_function_count(t->pe);
}

static void decode(const struct unwind_test *t, uint32_t rva, struct insn *ret)
{
	uint8_t b[15];
	size_t n = pe_read(t->pe, rva, b, sizeof(b));
	insn_decode(t->pe->machine, (struct span){ b, n }, t->pe->image_base + rva, NULL, NULL, ret);
}

void unwind_test_insn(struct unwind_test *t, uint32_t rva, uint32_t *out)
{
	struct insn in;
	decode(t, rva, &in);
	out[0] = in.len;
	out[1] = (uint32_t)in.kind;
	out[2] = in.valid;
}

static void add_epilog(struct unwind_test_layout *l, uint32_t rva)
{
	if (l->n_epilogs < LAYOUT_EPILOGS)
		l->epilog[l->n_epilogs++] = rva;
}

// out: begin of the function that rva is a part of (chains followed), and of the part
EXPORT int unwind_test_part_of(struct unwind_test *t, uint32_t rva, uint32_t *out);
int unwind_test_part_of(struct unwind_test *t, uint32_t rva, uint32_t *out)
{
	struct unwind_src s = { .pe = t->pe, .base = t->pe->image_base };
	struct pe_function f;
	err_t e = pe_function_at(t->pe, rva, &f);
	if (e.code)
		return (int)e.code;
	out[0] = out[1] = f.begin;
	for (int depth = 0; t->pe->machine == MACHINE_X64 && depth < 32; depth++) {
		struct x64_unwind_info u;
		if (x64_unwind_info(&s, f.unwind, &u).code || !(u.flags & UNW_CHAININFO))
			break;
		f = u.chain;
		out[0] = f.begin;
	}
	return 0;
}

static bool is_move(const struct insn *in)
{
	static const char *const names[] = { "mov", "movaps", "movups", "movdqa", "movdqu" };
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (str_eq(in->mnemonic, names[i]))
			return true;
	return false;
}

// One of the instructions that compilers end functions with before the pops: reloads of saved registers from
// the stack or through r11, and what releases the stack.
static bool ends_frame(const struct insn *in)
{
	bool to_sp = str_starts(in->operands, "rsp,"), to_r11 = str_starts(in->operands, "r11,[rsp");
	if (is_move(in))
		return to_sp ||
		       (in->mem.present && !in->mem.is_write && (in->mem.base == X64_RSP || in->mem.base == X64_R11));
	return (str_eq(in->mnemonic, "add") && to_sp) || (str_eq(in->mnemonic, "lea") && (to_sp || to_r11));
}

// Epilogs of version 1 have no list: every run of reloads, stack release, pops and a return or jump out that a
// sweep finds.
static void sweep_epilogs(const struct unwind_test *t, struct unwind_test_layout *l)
{
	uint32_t start = 0;
	for (uint32_t at = l->begin + l->prolog; at < l->end;) {
		struct insn in;
		decode(t, at, &in);
		bool part = ends_frame(&in) || str_eq(in.mnemonic, "pop");
		bool leaves = in.kind == INSN_JUMP && in.has_target &&
			      (in.target < t->pe->image_base + l->begin || in.target >= t->pe->image_base + l->end);
		bool ret = in.kind == INSN_RET && !str_starts(in.mnemonic, "iret");
		if (ret || (leaves && start))
			add_epilog(l, start ? start : at);
		if (!part || !start)
			start = part ? at : 0;
		at += in.len;
	}
}

static void layout_x64(const struct unwind_test *t, const struct pe_function *f, struct unwind_test_layout *l)
{
	struct unwind_src s = { .pe = t->pe, .base = t->pe->image_base };
	struct x64_unwind_info u;
	if (x64_unwind_info(&s, f->unwind, &u).code) {
		l->flags |= REFUSED;
		return;
	}
	l->version = u.version;
	l->prolog = u.prolog_size;
	l->flags |= !u.prolog_size && u.n_codes ? CODES_WITHOUT_PROLOG : 0;
	l->flags |= !u.n_codes ? NO_CODES : 0;
	l->flags |= f->indirect || u.flags & UNW_CHAININFO ? IS_PART : 0;
	for (size_t i = 0; i < u.n_codes; i++)
		if ((u.codes[i].op == UWOP_SAVE_XMM128 || u.codes[i].op == UWOP_SAVE_XMM128_FAR) &&
		    u.codes[i].info >= 8)
			l->flags |= SAVES_HIGH_XMM;
	uint32_t start, last = 0;
	for (uint32_t at = f->begin; at < f->end; at++) {
		if (x64_epilog_v2(&u, f, at, &start) && start != last) {
			add_epilog(l, start);
			last = start;
		}
	}
	sweep_epilogs(t, l);
}

static void layout_arm64(const struct unwind_test *t, const struct pe_function *f, struct unwind_test_layout *l)
{
	struct unwind_src s = { .pe = t->pe, .base = t->pe->image_base };
	struct a64_unwind_info u;
	if (a64_unwind_info(&s, f->unwind, &u).code) {
		l->flags |= REFUSED;
		return;
	}
	l->prolog = a64_sequence_len(&u, 0) * 4;
	for (size_t i = 0; i < u.n_codes; i++)
		l->flags |= u.codes[i].op == A64_END_C ? IS_PART : 0;
	l->flags |= u.no_prolog ? IS_PART : 0;
	if (u.packed) {
		uint32_t n = 1;
		for (size_t i = 0; i < u.n_codes; i++)
			n += u.codes[i].op != A64_SET_FP && u.codes[i].op != A64_NOP && u.codes[i].op != A64_END;
		add_epilog(l, f->end - n * 4);
	} else if (u.one_epilog) {
		size_t first = a64_code_at(&u, u.epilog_index);
		add_epilog(l, f->end - (a64_sequence_len(&u, first) + 1) * 4);
	}
	struct a64_epilog e;
	for (uint32_t i = 0; i < u.n_epilogs && a64_epilog_get(&s, &u, i, &e); i++)
		add_epilog(l, f->begin + e.offset);
}

int unwind_test_layout(struct unwind_test *t, uint32_t i, struct unwind_test_layout *ret)
{
	struct pe_function f;
	err_t e = pe_function_get(t->pe, i, &f);
	if (e.code)
		return (int)e.code;
	*ret = (struct unwind_test_layout){ .begin = f.begin, .end = f.end };
	if (t->pe->machine == MACHINE_X64)
		layout_x64(t, &f, ret);
	else
		layout_arm64(t, &f, ret);
	return 0;
}

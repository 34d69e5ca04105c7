// SPDX-License-Identifier: Apache-2.0
// The unwinders on hand-made unwind data. The expected values are worked out from the documentation pages; the
// judges under tests/judges compare with real compilers' code.
#include "arch/unwind.h"
#include "make/fake_space.h"
#include "make/mk_pe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { STACK_SIZE = 0x2000, PDATA = 0x2000, XDATA = 0x2800, CODE = 0x1000 };
static const va_t IMAGE = 0x140000000, STACK = 0x10000;

struct fixture {
	struct arena *a;
	uint8_t file[MK_PE_SIZE];
	uint8_t stack[STACK_SIZE];
	struct pe *pe;
	struct space space;
	struct unwind_env env;
	struct regs r;
	struct unwind_result res;
	bool no_headers;
};

static bool image(void *ctx, va_t pc, va_t *base_ret, const struct pe **pe_ret)
{
	struct fixture *f = ctx;
	if (pc < IMAGE || pc - IMAGE >= 0x5000)
		return false;
	*base_ret = IMAGE;
	*pe_ret = f->no_headers ? NULL : f->pe;
	return true;
}

static bool is_code(void *ctx, va_t pc)
{
	(void)ctx;
	return pc >= IMAGE && pc - IMAGE < 0x5000;
}

static struct fixture *make(uint16_t machine)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	f->a = arena_new(16 << 20);
	mk_pe(f->file, machine);
	memset(mk_rva(f->file, CODE), 0x90, 0x800);
	mk_dir(f->file, PE_EXCEPTION, PDATA, 0);
	f->space.part[0].va = STACK;
	f->space.part[0].bytes = f->stack;
	f->space.part[0].n = sizeof(f->stack);
	for (unsigned i = 0; i < STACK_SIZE; i += 8) // each slot holds 0xaa000000 + its offset
		mk_put(f->stack + i, 0xaa000000 + i, 8);
	f->env = (struct unwind_env){ .space = &f->space, .ctx = f, .image = image, .is_code = is_code };
	f->r.machine = machine;
	return f;
}

static void drop(struct fixture *f)
{
	arena_free(f->a);
	free(f);
}

static void set_dir(struct fixture *f, unsigned entries, unsigned size)
{
	mk_dir(f->file, PE_EXCEPTION, PDATA, entries * size);
	struct span file = { f->file, sizeof(f->file) };
	assert_int_equal(pe_open_file(f->a, file, &f->pe).code, OK);
}

// x64: one function [0x1000, 0x1100) with this UNWIND_INFO.
static void x64_fn(struct fixture *f, const void *info, size_t n)
{
	uint8_t *p = mk_rva(f->file, PDATA);
	mk_put(p, CODE, 4);
	mk_put(p + 4, CODE + 0x100, 4);
	mk_put(p + 8, XDATA, 4);
	memcpy(mk_rva(f->file, XDATA), info, n);
	set_dir(f, 1, 12);
}

static err_t step_x64(struct fixture *f, uint32_t off, uint32_t sp, bool top)
{
	f->r.known = 0;
	for (unsigned i = 0; i < 16; i++)
		reg_set(&f->r, i, 0x1000 + i);
	f->r.vknown = 0xffff;
	reg_set(&f->r, X64_RSP, STACK + sp);
	reg_set(&f->r, X64_RBP, STACK + 0x800);
	reg_set(&f->r, X64_RIP, IMAGE + CODE + off);
	return arch_find(MACHINE_X64)->unwind(&f->env, &f->r, top, &f->res);
}

#define SLOT(off) (0xaa000000u + (off))

static void x64_prolog_and_body(void **state)
{
	(void)state;
	struct fixture *f = make(MACHINE_X64);
	// push rbp (1); push r12 (3); sub rsp,0x88 (10); mov [rsp+0x40],rbx (15); movaps [rsp+0x50],xmm6 (20)
	static const uint8_t info[] = {
		1, 20, 8, 0, 20, 0x68, 5, 0, 15, 0x34, 8, 0, 10, 0x01, 17, 0, 3, 0xc0, 1, 0x50
	};
	x64_fn(f, info, sizeof(info));
	assert_int_equal(step_x64(f, 0, 0x100, true).code, OK); // nothing ran: like a leaf
	assert_int_equal(reg_get(&f->r, X64_RIP), SLOT(0x100));
	assert_int_equal(reg_get(&f->r, X64_RSP), STACK + 0x108);
	assert_int_equal(reg_get(&f->r, X64_RBX), 0x1000 + X64_RBX);
	assert_false(reg_known(&f->r, X64_RAX));
	assert_int_equal(f->r.vknown, 0xffc0);
	assert_int_equal(step_x64(f, 3, 0x100, true).code, OK); // both pushes ran
	assert_int_equal(reg_get(&f->r, X64_R12), SLOT(0x100));
	assert_int_equal(reg_get(&f->r, X64_RBP), SLOT(0x108));
	assert_int_equal(reg_get(&f->r, X64_RIP), SLOT(0x110));
	assert_int_equal(step_x64(f, 0x50, 0x100, true).code, OK);
	assert_int_equal(reg_get(&f->r, X64_RBX), SLOT(0x140));
	assert_int_equal(reg_get(&f->r, X64_R12), SLOT(0x188));
	assert_int_equal(reg_get(&f->r, X64_RIP), SLOT(0x198));
	assert_memory_equal(f->r.v[6], f->stack + 0x150, 16);
	assert_false(f->res.leaf || f->res.machine_frame);
	// The stack is not there: absent, and the registers are untouched.
	assert_int_equal(step_x64(f, 0x50, STACK_SIZE, true).code, E_ABSENT);
	assert_int_equal(reg_get(&f->r, X64_RIP), IMAGE + CODE + 0x50);
	drop(f);
}

static void x64_frame_register(void **state)
{
	(void)state;
	struct fixture *f = make(MACHINE_X64);
	// push rbp (1); sub rsp,0x40 (5); lea rbp,[rsp+0x20] (10); mov [rbp-0x20+8],rsi (15)
	static const uint8_t info[] = { 1, 15, 5, 0x25, 15, 0x64, 1, 0, 10, 0x03, 5, 0x72, 1, 0x50 };
	x64_fn(f, info, sizeof(info));
	assert_int_equal(step_x64(f, 0x60, 0x10, true).code, OK); // rsp moved by alloca
	assert_int_equal(reg_get(&f->r, X64_RSI), SLOT(0x7e8));
	assert_int_equal(reg_get(&f->r, X64_RBP), SLOT(0x820));
	assert_int_equal(reg_get(&f->r, X64_RIP), SLOT(0x828));
	assert_int_equal(step_x64(f, 5, 0x100, true).code, OK); // rbp is not set yet
	assert_int_equal(reg_get(&f->r, X64_RBP), SLOT(0x140));
	reg_forget(&f->r, X64_RBP);
	reg_set(&f->r, X64_RIP, IMAGE + CODE + 0x60);
	assert_int_equal(arch_find(MACHINE_X64)->unwind(&f->env, &f->r, true, &f->res).code, E_ABSENT);
	drop(f);
}

static void x64_epilogs(void **state)
{
	(void)state;
	struct fixture *f = make(MACHINE_X64);
	static const uint8_t info[] = { 1, 6, 3, 0, 6, 0x32, 2, 0xc0, 1, 0x30 }; // push rbx; push r12; sub rsp,0x20
	static const uint8_t code[] = { 0x48, 0x83, 0xc4, 0x20, 0x41, 0x5c, 0x5b, 0xc3 };
	x64_fn(f, info, sizeof(info));
	memcpy(mk_rva(f->file, CODE + 0x80), code, sizeof(code));
	assert_int_equal(step_x64(f, 0x80, 0x100, true).code, OK);
	assert_int_equal(reg_get(&f->r, X64_RIP), SLOT(0x130));
	assert_int_equal(step_x64(f, 0x84, 0x100, true).code, OK); // after the add
	assert_int_equal(reg_get(&f->r, X64_R12), SLOT(0x100));
	assert_int_equal(reg_get(&f->r, X64_RIP), SLOT(0x110));
	assert_int_equal(step_x64(f, 0x87, 0x100, true).code, OK); // at ret
	assert_int_equal(reg_get(&f->r, X64_RIP), SLOT(0x100));
	assert_int_equal(step_x64(f, 0x87, 0x100, false).code, OK); // a return address is never in an epilog
	assert_int_equal(reg_get(&f->r, X64_RIP), SLOT(0x130));
	// A tail call out of the function ends an epilog, a jump inside it does not.
	mk_put(mk_rva(f->file, CODE + 0x87), 0xe9, 1);
	mk_put(mk_rva(f->file, CODE + 0x88), 0x300, 4);
	assert_int_equal(step_x64(f, 0x86, 0x100, true).code, OK);
	assert_int_equal(reg_get(&f->r, X64_RIP), SLOT(0x108));
	mk_put(mk_rva(f->file, CODE + 0x88), (uint32_t)-0x60, 4);
	assert_int_equal(step_x64(f, 0x86, 0x100, true).code, OK);
	assert_int_equal(reg_get(&f->r, X64_RIP), SLOT(0x130));
	drop(f);
}

static void x64_version_2(void **state)
{
	(void)state;
	struct fixture *f = make(MACHINE_X64);
	// Epilogs of 4 bytes (pop r12; pop rbx; ret) at the end and at end - 0x30; no code bytes help.
	static const uint8_t info[] = { 2, 6, 6, 0, 4, 0x16, 0x30, 0x06, 0, 0x06, 6, 0x32, 2, 0xc0, 1, 0x30 };
	x64_fn(f, info, sizeof(info));
	static const uint32_t starts[] = { 0xfc, 0xd0 };
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(step_x64(f, starts[i], 0x100, true).code, OK);
		assert_int_equal(reg_get(&f->r, X64_R12), SLOT(0x100));
		assert_int_equal(reg_get(&f->r, X64_RBX), SLOT(0x108));
		assert_int_equal(reg_get(&f->r, X64_RIP), SLOT(0x110));
		assert_int_equal(step_x64(f, starts[i] + 2, 0x100, true).code, OK);
		assert_int_equal(reg_get(&f->r, X64_R12), 0x1000 + X64_R12);
		assert_int_equal(reg_get(&f->r, X64_RIP), SLOT(0x108));
		assert_int_equal(step_x64(f, starts[i] + 3, 0x100, true).code, OK);
		assert_int_equal(reg_get(&f->r, X64_RIP), SLOT(0x100));
		assert_int_equal(step_x64(f, starts[i] - 1, 0x100, true).code, OK); // still the body
		assert_int_equal(reg_get(&f->r, X64_RIP), SLOT(0x130));
	}
	drop(f);
}

static void x64_machine_frames(void **state)
{
	(void)state;
	for (unsigned error_code = 0; error_code < 2; error_code++) {
		struct fixture *f = make(MACHINE_X64);
		// sub rsp,0x20 after the frame; rax was saved too, as an interrupt handler does
		uint8_t info[] = { 1, 0, 4, 0, 0, 0x04, 1, 0, 0, 0x32, 0, (uint8_t)(0x0a | error_code << 4) };
		x64_fn(f, info, sizeof(info));
		uint32_t at = 0x120 + 8 * error_code;
		mk_put(f->stack + at + 8, 0x33, 8);
		mk_put(f->stack + at + 24, STACK + 0x400, 8);
		mk_put(f->stack + at + 32, 0x2b, 8);
		assert_int_equal(step_x64(f, 0x10, 0x100, true).code, OK);
		assert_true(f->res.machine_frame);
		assert_int_equal(reg_get(&f->r, X64_RIP), SLOT(at));
		assert_int_equal(reg_get(&f->r, X64_RSP), STACK + 0x400);
		assert_int_equal(reg_get(&f->r, X64_CS), 0x33);
		assert_int_equal(reg_get(&f->r, X64_SS), 0x2b);
		assert_true(reg_known(&f->r, X64_RAX));
		assert_int_equal(reg_get(&f->r, X64_RAX), SLOT(0x108));
		assert_false(reg_known(&f->r, X64_RCX));
		drop(f);
	}
}

static void x64_chains(void **state)
{
	(void)state;
	struct fixture *f = make(MACHINE_X64);
	// The part saves rsi; its parent pushed rbx and allocated 0x20.
	uint8_t info[] = { 0x21, 5, 2, 0, 5, 0x64, 6, 0, 0, 0x14, 0, 0, 0, 0x15, 0, 0, 0x40, 0x28, 0, 0 };
	static const uint8_t parent[] = { 1, 5, 2, 0, 5, 0x32, 1, 0x30 };
	memcpy(mk_rva(f->file, XDATA + 0x40), parent, sizeof(parent));
	x64_fn(f, info, sizeof(info));
	assert_int_equal(step_x64(f, 0x10, 0x100, true).code, OK);
	assert_int_equal(reg_get(&f->r, X64_RSI), SLOT(0x130));
	assert_int_equal(reg_get(&f->r, X64_RBX), SLOT(0x120));
	assert_int_equal(reg_get(&f->r, X64_RIP), SLOT(0x128));
	assert_int_equal(step_x64(f, 0, 0x100, true).code, OK); // before the save the parent's frame is whole
	assert_int_equal(reg_get(&f->r, X64_RSI), 0x1000 + X64_RSI);
	assert_int_equal(reg_get(&f->r, X64_RIP), SLOT(0x128));
	mk_put(mk_rva(f->file, XDATA + 16), XDATA, 4); // a chain to itself
	assert_int_equal(step_x64(f, 0x10, 0x100, true).code, E_CORRUPT);
	drop(f);
}

static void x64_refusals(void **state)
{
	(void)state;
	struct fixture *f = make(MACHINE_X64);
	x64_fn(f, (uint8_t[]){ 3, 0, 0, 0 }, 4);
	assert_int_equal(step_x64(f, 0x10, 0x100, true).code, E_UNSUPPORTED);
	x64_fn(f, (uint8_t[]){ 1, 0, 1, 0, 0, 0x01 }, 6); // a code whose operand is cut off
	assert_int_equal(step_x64(f, 0x10, 0x100, true).code, E_CORRUPT);
	x64_fn(f, (uint8_t[]){ 1, 0, 1, 0, 0, 0x0b }, 6);
	assert_int_equal(step_x64(f, 0x10, 0x100, true).code, E_CORRUPT);
	assert_int_equal(step_x64(f, 0x200, 0x100, false).code, E_NOTFOUND);
	assert_int_equal(step_x64(f, 0x200, 0x100, true).code, OK);
	assert_true(f->res.leaf);
	f->no_headers = true;
	assert_int_equal(step_x64(f, 0x10, 0x100, true).code, E_ABSENT);
	drop(f);
}

// The return address after a call that ends its function belongs to the next function.
static void x64_call_at_the_end(void **state)
{
	(void)state;
	struct fixture *f = make(MACHINE_X64);
	static const uint8_t info[] = { 1, 4, 1, 0, 4, 0x32 };
	x64_fn(f, info, sizeof(info));
	assert_int_equal(step_x64(f, 0x100, 0x100, false).code, OK);
	assert_int_equal(reg_get(&f->r, X64_RIP), SLOT(0x120));
	assert_int_equal(step_x64(f, 0x100, 0x100, true).code, OK);
	assert_true(f->res.leaf);
	drop(f);
}

// ---- ARM64
static void a64_fn(struct fixture *f, uint32_t word, const void *xdata, size_t n)
{
	uint8_t *p = mk_rva(f->file, PDATA);
	mk_put(p, CODE, 4);
	mk_put(p + 4, word, 4);
	if (n)
		memcpy(mk_rva(f->file, XDATA), xdata, n);
	set_dir(f, 1, 8);
}

static err_t step_a64(struct fixture *f, uint32_t off, uint32_t sp)
{
	f->r.known = 0;
	for (unsigned i = 0; i < 31; i++)
		reg_set(&f->r, i, 0x1000 + i);
	f->r.vknown = 0xffffffff;
	memset(f->r.v, 0x55, sizeof(f->r.v));
	reg_set(&f->r, A64_SP, STACK + sp);
	reg_set(&f->r, A64_FP, STACK + sp);
	reg_set(&f->r, A64_PC, IMAGE + CODE + off);
	return arch_find(MACHINE_ARM64)->unwind(&f->env, &f->r, true, &f->res);
}

// Packed data, checked in the body: where each register lies follows from the page's table.
struct packed_case {
	unsigned reg_i, reg_f, home, cr, frame; // frame: bytes
	unsigned prolog;                        // instructions
	int lr, fp, x19, x20, x21, d8, d9, d10; // offsets from sp in the body, -1: not saved
};

static uint32_t packed_word(const struct packed_case *c)
{
	return 1 | 32u << 2 | c->reg_f << 13 | c->reg_i << 16 | c->home << 20 | c->cr << 21 | (c->frame / 16) << 23;
}

static void expect(const struct fixture *f, unsigned reg, int off)
{
	assert_int_equal(reg_get(&f->r, reg), off < 0 ? 0x1000 + reg : SLOT(0x100 + (unsigned)off));
}

static void expect_d(const struct fixture *f, unsigned n, int off)
{
	uint64_t want = off < 0 ? 0x5555555555555555 : SLOT(0x100 + (unsigned)off);
	assert_int_equal(le_get(f->r.v[n], 8), want);
}

static void a64_packed(void **state)
{
	(void)state;
	static const struct packed_case cases[] = {
		{ 2, 0, 0, 0, 0x20, 2, -1, -1, 0x10, 0x18, -1, -1, -1, -1 },     // x19,x20; locals
		{ 1, 0, 0, 0, 0x10, 1, -1, -1, 0, -1, -1, -1, -1, -1 },          // str x19,[sp,#-16]!
		{ 3, 0, 0, 1, 0x30, 3, 0x28, -1, 0x10, 0x18, 0x20, -1, -1, -1 }, // x21 pairs with lr
		{ 2, 0, 0, 1, 0x20, 2, 0x10, -1, 0, 8, -1, -1, -1, -1 },         // str lr after the pair
		{ 0, 0, 0, 1, 0x20, 2, 0x10, -1, -1, -1, -1, -1, -1, -1 },       // str lr,[sp,#-16]!
		{ 1, 0, 0, 1, 0x10, 2, 8, -1, 0, -1, -1, -1, -1, -1 },           // sub sp; stp x19,lr
		{ 2, 2, 0, 3, 0x40, 5, 8, 0, 0x10, 0x18, -1, 0x20, 0x28, 0x30 }, // chained, three d registers
		{ 0, 1, 0, 0, 0x20, 2, -1, -1, -1, -1, -1, 0x10, 0x18, -1 },     // stp d8,d9,[sp,#-16]!
		{ 2, 0, 1, 3, 0x60, 7, 8, 0, 0x10, 0x18, -1, -1, -1, -1 },       // homes
		{ 0, 0, 1, 0, 0x50, 5, -1, -1, -1, -1, -1, -1, -1, -1 },         // the first home allocates
		{ 0, 0, 0, 2, 0x20, 3, 8, 0, -1, -1, -1, -1, -1, -1 },           // pacibsp
		{ 2, 0, 0, 3, 0x410, 4, 8, 0, 0x400, 0x408, -1, -1, -1, -1 },    // sub sp; stp fp,lr,[sp]
		{ 2, 0, 0, 3, 0x1410, 5, 8, 0, 0x1400, 0x1408, -1, -1, -1, -1 }, // two subs
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct packed_case *c = &cases[i];
		struct fixture *f = make(MACHINE_ARM64);
		a64_fn(f, packed_word(c), NULL, 0);
		assert_int_equal(step_a64(f, c->prolog * 4, 0x100).code, OK);
		assert_int_equal(reg_get(&f->r, A64_SP), STACK + 0x100 + c->frame);
		assert_int_equal(reg_get(&f->r, A64_PC), c->lr < 0 ? 0x1000 + A64_LR : SLOT(0x100 + (unsigned)c->lr));
		if (c->fp >= 0)
			expect(f, A64_FP, c->fp);
		expect(f, A64_X19, c->x19);
		expect(f, A64_X19 + 1, c->x20);
		expect(f, A64_X19 + 2, c->x21);
		expect_d(f, 8, c->d8);
		expect_d(f, 9, c->d9);
		expect_d(f, 10, c->d10);
		assert_false(reg_known(&f->r, A64_LR));
		assert_false(reg_known(&f->r, A64_X0));
		// Before the first instruction nothing is saved, at the last (ret) everything is back.
		assert_int_equal(step_a64(f, 0, 0x100).code, OK);
		assert_int_equal(reg_get(&f->r, A64_SP), STACK + 0x100);
		assert_int_equal(reg_get(&f->r, A64_PC), 0x1000 + A64_LR);
		assert_int_equal(step_a64(f, 31 * 4, 0x100).code, OK);
		assert_int_equal(reg_get(&f->r, A64_SP), STACK + 0x100);
		assert_int_equal(reg_get(&f->r, A64_PC), 0x1000 + A64_LR);
		drop(f);
	}
}

static void a64_packed_refused(void **state)
{
	(void)state;
	static const struct packed_case bad[] = { { .reg_i = 11, .frame = 0x100 },
						  { .reg_i = 4, .frame = 0x10 },
						  { .cr = 3, .frame = 0 } };
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct fixture *f = make(MACHINE_ARM64);
		a64_fn(f, packed_word(&bad[i]), NULL, 0);
		assert_int_equal(step_a64(f, 0x40, 0x100).code, E_CORRUPT);
		drop(f);
	}
}

// A fragment has no prolog of its own: every address is in the body.
static void a64_fragment(void **state)
{
	(void)state;
	struct fixture *f = make(MACHINE_ARM64);
	struct packed_case c = { .reg_i = 2, .frame = 0x20 };
	a64_fn(f, (packed_word(&c) & ~3u) | 2, NULL, 0);
	for (unsigned off = 0; off < 0x80; off += 0x7c) {
		assert_int_equal(step_a64(f, off, 0x100).code, OK);
		assert_int_equal(reg_get(&f->r, A64_SP), STACK + 0x120);
	}
	drop(f);
}

// .xdata: 32 instructions, no handler; codes padded to words. E set: the one epilog starts at byte `epilog`.
static void a64_xdata(struct fixture *f, const void *codes, unsigned n, int epilog)
{
	uint8_t x[64] = { 0 };
	unsigned words = (n + 3) / 4;
	mk_put(x, 32 | words << 27 | (epilog >= 0 ? 1u << 21 | (unsigned)epilog << 22 : 0), 4);
	memset(x + 4, 0xe3, words * 4);
	memcpy(x + 4, codes, n);
	a64_fn(f, XDATA, x, sizeof(x));
}

static void a64_save_next(void **state)
{
	(void)state;
	struct fixture *f = make(MACHINE_ARM64);
	// stp x25,x26,[sp,#-0x40]!; save_next (x27,x28); save_next (d8,d9); 0xcd 0x87: register 19+6, 8 slots
	static const uint8_t codes[] = { 0xe6, 0xe6, 0xcd, 0x87, 0xe4 };
	a64_xdata(f, codes, sizeof(codes), 0);
	assert_int_equal(step_a64(f, 0x20, 0x100).code, OK);
	for (unsigned i = 0; i < 4; i++)
		expect(f, 25 + i, (int)i * 8);
	expect_d(f, 8, 0x20);
	expect_d(f, 9, 0x28);
	assert_int_equal(reg_get(&f->r, A64_SP), STACK + 0x140);
	assert_int_equal(step_a64(f, 8, 0x100).code, OK); // the last save has not run
	expect(f, 27, 0x10);
	expect_d(f, 8, -1);
	drop(f);
}

static void a64_any_reg(void **state)
{
	(void)state;
	struct fixture *f = make(MACHINE_ARM64);
	// stp x0,x1,[sp,#-0x20]!; str q6,[sp,#0x10]; as codes: last first
	static const uint8_t codes[] = { 0xe7, 0x06, 0x81, 0xe7, 0x60, 0x01, 0xe4 };
	a64_xdata(f, codes, sizeof(codes), 0);
	struct unwind_src src = { .pe = f->pe, .base = IMAGE };
	struct a64_unwind_info u;
	assert_int_equal(a64_unwind_info(&src, XDATA, &u).code, OK);
	assert_int_equal(u.codes[0].op, A64_SAVE_ANY_Q);
	assert_int_equal(u.codes[0].value, 0x10);
	assert_int_equal(u.codes[1].op, A64_SAVE_ANY_X);
	assert_int_equal(u.codes[1].info, A64_ANY_PAIR | A64_ANY_WRITEBACK);
	assert_int_equal(u.codes[1].value, 0x20);
	assert_int_equal(step_a64(f, 0x20, 0x100).code, OK);
	assert_int_equal(reg_get(&f->r, A64_SP), STACK + 0x120);
	drop(f);
}

static void a64_pac(void **state)
{
	(void)state;
	struct fixture *f = make(MACHINE_ARM64);
	static const uint8_t codes[] = { 0x81, 0xfc, 0xe4 }; // pacibsp; stp fp,lr,[sp,#-16]!
	a64_xdata(f, codes, sizeof(codes), 0);
	mk_put(f->stack + 0x108, 0x1234000140001234, 8);
	assert_int_equal(step_a64(f, 0x20, 0x100).code, OK);
	assert_int_equal(reg_get(&f->r, A64_PC), 0x140001234);
	assert_true(f->res.signed_return);
	mk_put(f->stack + 0x108, 0x12b4f80140001234, 8); // bit 55: a kernel address
	assert_int_equal(step_a64(f, 0x20, 0x100).code, OK);
	assert_int_equal(reg_get(&f->r, A64_PC), 0xfffff80140001234);
	f->env.ptr_mask = 0x7fffffffff;
	mk_put(f->stack + 0x108, 0x1204568140001234, 8);
	assert_int_equal(step_a64(f, 0x20, 0x100).code, OK);
	assert_int_equal(reg_get(&f->r, A64_PC), 0x140001234);
	drop(f);
}

static void a64_parts_and_custom_frames(void **state)
{
	(void)state;
	struct fixture *f = make(MACHINE_ARM64);
	static const uint8_t part[] = { 0xe5, 0x02, 0x81, 0xe4 }; // no prolog; the parent's: sub 0x20, stp fp,lr
	a64_xdata(f, part, sizeof(part), 0);
	assert_int_equal(step_a64(f, 0, 0x100).code, OK);
	assert_int_equal(reg_get(&f->r, A64_SP), STACK + 0x130);
	assert_int_equal(reg_get(&f->r, A64_PC), SLOT(0x128));
	static const uint8_t machine[] = { 0x02, 0xe9, 0xe4 };
	a64_xdata(f, machine, sizeof(machine), -1);
	assert_int_equal(step_a64(f, 0x20, 0x100).code, OK);
	assert_true(f->res.machine_frame);
	assert_int_equal(reg_get(&f->r, A64_SP), SLOT(0x120));
	assert_int_equal(reg_get(&f->r, A64_PC), SLOT(0x128));
	static const uint8_t trap[] = { 0xe8, 0xe4 };
	a64_xdata(f, trap, sizeof(trap), -1);
	assert_int_equal(step_a64(f, 0x20, 0x100).code, OK);
	assert_int_equal(reg_get(&f->r, A64_PC), SLOT(0x248));
	assert_int_equal(reg_get(&f->r, A64_SP), SLOT(0x198));
	assert_int_equal(reg_get(&f->r, A64_X0), SLOT(0x1a0));
	static const uint8_t reserved[] = { 0xef, 0xe4 }, endless[] = { 0x01, 0x01, 0x01, 0x01 };
	a64_xdata(f, reserved, sizeof(reserved), -1);
	assert_int_equal(step_a64(f, 0x20, 0x100).code, E_CORRUPT);
	a64_xdata(f, endless, sizeof(endless), -1);
	assert_int_equal(step_a64(f, 0x20, 0x100).code, E_CORRUPT);
	drop(f);
}

// The list of epilogs is searched, not walked: 65535 of them cost 16 reads.
static void a64_many_epilogs(void **state)
{
	(void)state;
	struct fixture *f = make(MACHINE_ARM64);
	uint8_t x[0x400] = { 0 };
	mk_put(x, 32, 4);
	mk_put(x + 4, 200 | 1 << 16, 4);
	for (unsigned i = 0; i < 200; i++) // one at instruction 20, the next ones beyond the function
		mk_put(x + 8 + i * 4, i < 1 ? 20 | 1u << 22 : 100 + i, 4);
	mk_put(x + 8 + 800, 0xe3e48101, 4); // sub sp,#16; stp fp,lr,[sp,#-16]!; the epilog: byte 1 on
	a64_fn(f, XDATA, x, sizeof(x));
	assert_int_equal(step_a64(f, 20 * 4, 0x100).code, OK); // ldp fp,lr,[sp],#16
	assert_int_equal(reg_get(&f->r, A64_SP), STACK + 0x110);
	assert_int_equal(reg_get(&f->r, A64_PC), SLOT(0x108));
	assert_int_equal(step_a64(f, 21 * 4, 0x100).code, OK); // ret
	assert_int_equal(reg_get(&f->r, A64_SP), STACK + 0x100);
	assert_int_equal(step_a64(f, 22 * 4, 0x100).code, OK); // the body again
	assert_int_equal(reg_get(&f->r, A64_SP), STACK + 0x120);
	drop(f);
}

// A part that ends between the pops and the ret: the next part holds the ret.
static void x64_epilog_across_parts(void **state)
{
	(void)state;
	struct fixture *f = make(MACHINE_X64);
	static const uint8_t info[] = { 1, 1, 1, 0, 1, 0x30 }; // push rbx
	x64_fn(f, info, sizeof(info));
	mk_put(mk_rva(f->file, CODE + 0xff), 0xc35b, 2);
	assert_int_equal(step_x64(f, 0xff, 0x100, true).code, OK);
	assert_int_equal(reg_get(&f->r, X64_RBX), SLOT(0x100));
	assert_int_equal(reg_get(&f->r, X64_RIP), SLOT(0x108));
	mk_put(mk_rva(f->file, CODE + 0xfe), 0xc3f2, 2); // bnd ret
	assert_int_equal(step_x64(f, 0xfe, 0x100, true).code, OK);
	assert_int_equal(reg_get(&f->r, X64_RIP), SLOT(0x100));
	drop(f);
}

static void x86_frame_pointers(void **state)
{
	(void)state;
	struct fixture *f = make(MACHINE_X86);
	const struct arch *x86 = arch_find(MACHINE_X86);
	mk_put(f->stack + 0x200, STACK + 0x300, 4);
	mk_put(f->stack + 0x204, 0x401000, 4);
	f->env.is_code = NULL;
	reg_set(&f->r, X64_RIP, 0x401234);
	reg_set(&f->r, X64_RSP, STACK + 0x100);
	reg_set(&f->r, X64_RBP, STACK + 0x200);
	reg_set(&f->r, X64_RBX, 5);
	assert_int_equal(x86->unwind(&f->env, &f->r, true, &f->res).code, OK);
	assert_int_equal(reg_get(&f->r, X64_RIP), 0x401000);
	assert_int_equal(reg_get(&f->r, X64_RSP), STACK + 0x208);
	assert_int_equal(reg_get(&f->r, X64_RBP), STACK + 0x300);
	assert_false(reg_known(&f->r, X64_RBX));
	mk_put(f->stack + 0x300, STACK + 0x200, 4); // goes down
	assert_int_equal(x86->unwind(&f->env, &f->r, false, &f->res).code, E_NOTFOUND);
	drop(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(x64_prolog_and_body),
		cmocka_unit_test(x64_frame_register),
		cmocka_unit_test(x64_epilogs),
		cmocka_unit_test(x64_version_2),
		cmocka_unit_test(x64_machine_frames),
		cmocka_unit_test(x64_chains),
		cmocka_unit_test(x64_refusals),
		cmocka_unit_test(x64_call_at_the_end),
		cmocka_unit_test(a64_packed),
		cmocka_unit_test(a64_packed_refused),
		cmocka_unit_test(a64_fragment),
		cmocka_unit_test(a64_save_next),
		cmocka_unit_test(a64_any_reg),
		cmocka_unit_test(a64_pac),
		cmocka_unit_test(a64_parts_and_custom_frames),
		cmocka_unit_test(x86_frame_pointers),
		cmocka_unit_test(a64_many_epilogs),
		cmocka_unit_test(x64_epilog_across_parts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: Apache-2.0
// expr_fake.h: a made-up target for expressions: fixed registers and symbols, memory that is a function of the
// address. tests/ref/masm_ref.py has the same one.
#pragma once
#include <string.h>

#include "base/str.h"
#include "expr/expr.h"

struct fake_name {
	const char *name;
	uint64_t value;
};
static const struct fake_name fake_regs[] = {
	{ "rax", 0x1122334455667788 },
	{ "rbx", 0x10 },
	{ "rcx", UINT64_MAX },
	{ "rdx", 0 },
	{ "rsi", 1ull << 63 },
	{ "rsp", 0x7ff0001000 },
	{ "rip", 0x7ff612345678 },
	{ "eax", 0x89abcdef },
	{ "ebx", 0x1234 },
	{ "ah", 3 },
	{ "esp", 0x12ff40 },
	{ "efl", 0x246 },
};
static const struct fake_name fake_pseudo[] = {
	{ "ip", 0x7ff612345678 }, { "t0", 5 }, { "t1", 0x7ffffffffffffff0 }, { "ptrsize", 8 }, { "teb", 0x8eed57b000 },
};
static const struct fake_name fake_symbols[] = {
	{ "nt", 0xfffff80062600000 },     { "nt!KiBugCheck", 0xfffff80062601230 },
	{ "main", 0x140001000 },          { "app!add", 0x140002000 },
	{ "fade", 0x140003000 },          { "esp", 0x140004000 },
	{ "ebx", 0x140005000 },           { "app!`string'", 0x140006000 },
	{ "app!Foo::~Foo", 0x140007000 }, { "app!List<int>::push", 0x140008000 },
	{ "k32!high", 0x80123456 },       { "$!lime", 0x7ff0001008 },
	{ "$t1", 0x140009000 },
};

static bool fake_find(const struct fake_name *t, size_t n, const char *name, uint64_t *ret)
{
	for (size_t i = 0; i < n; i++)
		if (str_ieq(t[i].name, name)) {
			*ret = t[i].value;
			return true;
		}
	return false;
}

static bool fake_reg(void *ctx, const char *name, uint64_t *ret, err_t *err)
{
	(void)ctx;
	if (str_ieq(name, "cr3")) // known, but not in this dump
		*err = fail(E_ABSENT, "not in this dump", 0);
	return fake_find(fake_regs, ARRAY_LEN(fake_regs), name, ret);
}

static bool fake_pseudo_reg(void *ctx, const char *name, uint64_t *ret, err_t *err)
{
	(void)ctx;
	if (str_ieq(name, "ea"))
		*err = fail(E_ABSENT, "no effective address", 0);
	return fake_find(fake_pseudo, ARRAY_LEN(fake_pseudo), name, ret);
}

static bool fake_symbol(void *ctx, const char *name, uint64_t *ret, err_t *err)
{
	(void)ctx;
	if (str_ieq(name, "app!over"))
		*err = fail(E_AMBIGUOUS, "more than one", 0);
	return fake_find(fake_symbols, ARRAY_LEN(fake_symbols), name, ret);
}

static bool fake_hole(uint64_t va)
{
	return (va >> 12) % 7 == 3;
}

static bool fake_read(void *ctx, va_t va, unsigned n, uint64_t *ret)
{
	(void)ctx;
	uint64_t v = 0;
	for (unsigned i = 0; i < n; i++) {
		if (fake_hole(va + i))
			return false;
		v |= ((va + i) * 0x9e3779b97f4a7c15u >> 56) << 8 * i;
	}
	*ret = v;
	return true;
}

// Page by page and at most 16 of them, so that a huge length costs nothing.
static bool fake_valid(void *ctx, va_t va, uint64_t n, uint64_t *ret, err_t *err)
{
	(void)ctx, (void)err;
	bool all = n <= 16 << 12;
	for (uint64_t off = 0; all && off < n; off += 4096 - ((va + off) & 4095))
		all = !fake_hole(va + off);
	*ret = all;
	return true;
}

// Physical memory: the same function, elsewhere.
static bool fake_read_phys(void *ctx, pa_t pa, unsigned n, uint64_t *ret)
{
	return fake_read(ctx, pa + ((va_t)1 << 40), n, ret);
}

static bool fake_image_entry(void *ctx, va_t base, uint64_t *ret, err_t *err)
{
	(void)ctx;
	if ((base >> 12) % 5)
		*err = fail(E_ABSENT, "no image there", base);
	*ret = base + 0x1230;
	return true;
}

// By the address: an HRESULT, a type that only the flag decides on, no function.
static bool fake_fn_success(void *ctx, va_t fn, uint64_t value, uint64_t flag, uint64_t *ret, err_t *err)
{
	(void)ctx, (void)err;
	*ret = fn % 3 == 0 ? (int32_t)(uint32_t)value >= 0 : flag ? value == 0 : value != 0;
	return fn % 3 != 2;
}

static struct expr_scope fake_scope(void)
{
	return (struct expr_scope){
		.ptr_bytes = 8,
		.radix = 16,
		.reg = fake_reg,
		.pseudo = fake_pseudo_reg,
		.symbol = fake_symbol,
		.read = fake_read,
		.valid = fake_valid,
		.read_phys = fake_read_phys,
		.image_entry = fake_image_entry,
		.fn_success = fake_fn_success,
	};
}

// SPDX-License-Identifier: Apache-2.0
// x86_step.c: steps up an x86 stack with a PDB as a shared library, for a judge that drives an emulator.
#include "arch/disasm.h"
#include "make/fake_space.h"
#include "pdb/pdb_frames.h"

#include "stack/x86.h"

#include <stdlib.h>

#define EXPORT __attribute__((visibility("default")))

struct x86_test {
	struct arena *a;
	struct pdb *pdb;
	struct pe *pe;
	struct space code; // part 0: the image as it is mapped
	struct space now;  // and the stack
};
struct x86_test_step {
	uint32_t r[9], known; // eax to edi by number, then eip
	uint32_t trust, params, kind;
};
EXPORT struct x86_test *x86_test_open(const uint8_t *pdb, size_t n, const uint8_t *pe, size_t pe_n, uint32_t base,
				      const uint8_t *image, size_t image_n);
EXPORT void x86_test_close(struct x86_test *t);
// part: 0 the program as it is, 1 without its code, 2 without records
EXPORT int x86_test_run(struct x86_test *t, struct x86_test_step *s, uint32_t stack_va, const uint8_t *stack, size_t n,
			int exact, uint32_t callee_params, int part);
EXPORT int x86_test_insn(struct x86_test *t, uint32_t va, uint32_t *out);

struct x86_test *x86_test_open(const uint8_t *pdb, size_t n, const uint8_t *pe, size_t pe_n, uint32_t base,
			       const uint8_t *image, size_t image_n)
{
	struct x86_test *t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->a = arena_new((size_t)1 << 30);
	t->code.part[0].va = base;
	t->code.part[0].bytes = image;
	t->code.part[0].n = image_n;
	if (!pe_open_file(t->a, (struct span){ pe, pe_n }, &t->pe).code &&
	    !pdb_open(t->a, (struct span){ pdb, n }, &t->pdb).code)
		return t;
	x86_test_close(t);
	return NULL;
}

void x86_test_close(struct x86_test *t)
{
	arena_free(t->a);
	free(t);
}

static bool is_code(const struct x86_test *t, va_t va)
{
	va_t base = t->code.part[0].va;
	return va >= base && va - base < t->code.part[0].n && pe_is_executable(t->pe, (uint32_t)(va - base));
}

static bool is_return(void *ctx, va_t va)
{
	const struct x86_test *t = ctx;
	uint8_t before[8];
	if (!is_code(t, va - 1))
		return false;
	if (!space_read_all(&t->now, va - 8, before, sizeof(before)))
		return true;
	return insn_ends_with_call(MACHINE_X86, (struct span){ before, sizeof(before) });
}

// As the symbol provider gives them.
static bool frame(void *ctx, va_t va, struct sym_frame *ret, va_t *base_ret)
{
	const struct x86_test *t = ctx;
	va_t base = t->code.part[0].va;
	struct pdb_frame f;
	if (va < base || !pdb_frame_at(t->pdb, (uint32_t)(va - base), &f))
		return false;
	*ret = (struct sym_frame){ .kind = f.kind == PDB_FRAME_FPO ? SYM_FRAME_FPO : SYM_FRAME_PROGRAM,
				   .program = f.program,
				   .rva = f.rva,
				   .size = f.size,
				   .locals = f.locals,
				   .params = f.params,
				   .saved = f.saved,
				   .prolog = f.prolog,
				   .uses_bp = f.uses_bp,
				   .is_start = f.is_start };
	*base_ret = base;
	return f.kind == PDB_FRAME_FPO ? f.type == PDB_FPO : f.program != NULL;
}

static bool function(void *ctx, va_t va, va_t *start_ret, bool *certain_ret)
{
	const struct x86_test *t = ctx;
	struct pdb_symbol s;
	if (va < t->code.part[0].va || !pdb_symbol_at(t->pdb, (uint32_t)(va - t->code.part[0].va), &s) ||
	    !s.is_function)
		return false;
	*start_ret = t->code.part[0].va + s.rva;
	*certain_ret = true;
	return true;
}

int x86_test_run(struct x86_test *t, struct x86_test_step *s, uint32_t stack_va, const uint8_t *stack, size_t n,
		 int exact, uint32_t callee_params, int part)
{
	struct x86_env e = { .space = &t->now, .ctx = t, .is_return = is_return, .frame = frame, .function = function };
	struct regs r = { .machine = MACHINE_X86 };
	struct x86_step step = { 0 };
	t->now = (struct space){ .part = { { stack_va, stack, n } } };
	if (part != 1)
		t->now.part[1] = t->code.part[0];
	if (part == 2)
		e.frame = NULL;
	for (unsigned i = 0; i < 9; i++)
		if (s->known >> i & 1)
			reg_set(&r, i < 8 ? i : (unsigned)X64_RIP, s->r[i]);
	enum trust trust = x86_step(&e, &r, exact, callee_params, &step);
	s->known = 0;
	for (unsigned i = 0; i < 9; i++) {
		unsigned reg = i < 8 ? i : (unsigned)X64_RIP;
		s->r[i] = (uint32_t)reg_get(&r, reg);
		s->known |= (uint32_t)reg_known(&r, reg) << i;
	}
	s->trust = trust;
	s->params = step.params;
	return trust == TRUST_NONE;
}

int x86_test_insn(struct x86_test *t, uint32_t va, uint32_t *out)
{
	struct insn in;
	t->now = t->code;
	bool good = x86_fetch(&t->now, va, &in);
	out[0] = in.len;
	out[1] = (uint32_t)in.kind;
	return good;
}

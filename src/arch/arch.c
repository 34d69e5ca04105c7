// SPDX-License-Identifier: Apache-2.0
// arch.c: what all CPUs share: the table, registers by name, and finding unwind data.
#include "arch/arch_int.h"
#include "base/str.h"

#include <string.h>

const struct arch *arch_find(uint16_t machine)
{
	for (size_t i = 0; arches[i]; i++)
		if (arches[i]->machine == machine)
			return arches[i];
	return NULL;
}

const char *trust_name(enum trust t)
{
	static const char *const names[] = { "none",       "scan", "frame_pointer", "frame_proc", "fpo",
					     "frame_data", "code", "trap_frame",    "unwind",     "context" };
	return (unsigned)t < ARRAY_LEN(names) ? names[t] : "none";
}

// ---- names of parts of registers, as the debugger's expressions know them
struct alias {
	const char *name;
	uint8_t reg, shift, bits;
};
static const struct alias x86_alias[] = {
	{ "eax", X64_RAX, 0, 32 }, { "ecx", X64_RCX, 0, 32 },  { "edx", X64_RDX, 0, 32 }, { "ebx", X64_RBX, 0, 32 },
	{ "esp", X64_RSP, 0, 32 }, { "ebp", X64_RBP, 0, 32 },  { "esi", X64_RSI, 0, 32 }, { "edi", X64_RDI, 0, 32 },
	{ "eip", X64_RIP, 0, 32 }, { "ax", X64_RAX, 0, 16 },   { "cx", X64_RCX, 0, 16 },  { "dx", X64_RDX, 0, 16 },
	{ "bx", X64_RBX, 0, 16 },  { "sp", X64_RSP, 0, 16 },   { "bp", X64_RBP, 0, 16 },  { "si", X64_RSI, 0, 16 },
	{ "di", X64_RDI, 0, 16 },  { "ip", X64_RIP, 0, 16 },   { "fl", X64_EFL, 0, 16 },  { "al", X64_RAX, 0, 8 },
	{ "cl", X64_RCX, 0, 8 },   { "dl", X64_RDX, 0, 8 },    { "bl", X64_RBX, 0, 8 },   { "ah", X64_RAX, 8, 8 },
	{ "ch", X64_RCX, 8, 8 },   { "dh", X64_RDX, 8, 8 },    { "bh", X64_RBX, 8, 8 },   { "eflags", X64_EFL, 0, 32 },
	{ "cf", X64_EFL, 0, 1 },   { "pf", X64_EFL, 2, 1 },    { "af", X64_EFL, 4, 1 },   { "zf", X64_EFL, 6, 1 },
	{ "sf", X64_EFL, 7, 1 },   { "tf", X64_EFL, 8, 1 },    { "if", X64_EFL, 9, 1 },   { "df", X64_EFL, 10, 1 },
	{ "of", X64_EFL, 11, 1 },  { "iopl", X64_EFL, 12, 2 }, { "vif", X64_EFL, 19, 1 }, { "vip", X64_EFL, 20, 1 },
};
static const struct alias x64_alias[] = {
	{ "spl", X64_RSP, 0, 8 },
	{ "bpl", X64_RBP, 0, 8 },
	{ "sil", X64_RSI, 0, 8 },
	{ "dil", X64_RDI, 0, 8 },
};
static const struct alias arm64_alias[] = {
	{ "x29", A64_FP, 0, 64 },  { "x30", A64_LR, 0, 64 },   { "w29", A64_FP, 0, 32 },  { "w30", A64_LR, 0, 32 },
	{ "wsp", A64_SP, 0, 32 },  { "psr", A64_CPSR, 0, 32 }, { "nf", A64_CPSR, 31, 1 }, { "zf", A64_CPSR, 30, 1 },
	{ "cf", A64_CPSR, 29, 1 }, { "vf", A64_CPSR, 28, 1 },
};

struct part {
	unsigned reg, shift, bits;
};

static bool in_aliases(const struct alias *list, size_t n, const char *name, struct part *ret)
{
	for (size_t i = 0; i < n; i++) {
		if (str_ieq(name, list[i].name)) {
			*ret = (struct part){ list[i].reg, list[i].shift, list[i].bits };
			return true;
		}
	}
	return false;
}

// "x12", "r9d": a letter, a number below `limit` without leading zeroes, a suffix. -1: not of that form.
static int numbered(const char *name, char letter, int limit, const char **suffix_ret)
{
	const char *p = name + 1;
	int n = 0;
	if ((name[0] | 0x20) != letter || *p < '0' || *p > '9' || (*p == '0' && p[1] >= '0' && p[1] <= '9'))
		return -1;
	for (; *p >= '0' && *p <= '9' && n < limit; p++)
		n = n * 10 + (*p - '0');
	*suffix_ret = p;
	return n < limit ? n : -1;
}

static bool x64_part(const char *name, struct part *ret)
{
	static const struct {
		const char *suffix;
		unsigned bits;
	} widths[] = { { "d", 32 }, { "w", 16 }, { "b", 8 } };
	const char *suffix;
	int n = numbered(name, 'r', 16, &suffix);
	for (size_t i = 0; n >= 8 && i < ARRAY_LEN(widths); i++) {
		if (str_ieq(suffix, widths[i].suffix)) {
			*ret = (struct part){ (unsigned)n, 0, widths[i].bits };
			return true;
		}
	}
	return in_aliases(x64_alias, ARRAY_LEN(x64_alias), name, ret) ||
	       in_aliases(x86_alias, ARRAY_LEN(x86_alias), name, ret);
}

static bool arm64_part(const char *name, struct part *ret)
{
	const char *suffix;
	int n = numbered(name, 'w', 29, &suffix);
	if (n >= 0 && !*suffix) {
		*ret = (struct part){ (unsigned)n, 0, 32 };
		return true;
	}
	return in_aliases(arm64_alias, ARRAY_LEN(arm64_alias), name, ret);
}

static unsigned full_width(const struct arch *arch, unsigned n)
{
	if (arch->machine == MACHINE_ARM64)
		return n >= A64_CPSR ? 32 : 64;
	if (n >= X64_CS && n <= X64_GS)
		return 16;
	return n == X64_EFL || n == X64_MXCSR ? 32 : arch->ptr_bytes * 8u;
}

bool arch_reg_find(const struct arch *arch, const char *name, unsigned *n_ret, unsigned *shift_ret, unsigned *bits_ret)
{
	struct part p = { 0 };
	bool found = false;
	for (unsigned i = 0; i < arch->n_regs && !found; i++) {
		if (arch->reg_names[i] && str_ieq(name, arch->reg_names[i])) {
			p = (struct part){ i, 0, full_width(arch, i) };
			found = true;
		}
	}
	if (!found && arch->machine == MACHINE_ARM64)
		found = arm64_part(name, &p);
	else if (!found && arch->machine == MACHINE_X64)
		found = x64_part(name, &p);
	else if (!found)
		found = in_aliases(x86_alias, ARRAY_LEN(x86_alias), name, &p);
	if (!found)
		return false;
	*n_ret = p.reg;
	*shift_ret = p.shift;
	*bits_ret = p.bits;
	return true;
}

// ---- contexts
void context_regs(struct span s, uint64_t off, unsigned size, unsigned first, unsigned n, struct regs *r)
{
	for (unsigned i = 0; i < n; i++)
		if (in_range(off + i * size, size, s.n))
			reg_set(r, first + i, le_get(s.p + off + i * size, size));
}

void context_vector(struct span s, uint64_t off, unsigned n, struct regs *r)
{
	for (unsigned i = 0; i < n && in_range(off + i * 16, 16, s.n); i++) {
		memcpy(r->v[i], s.p + off + i * 16, 16);
		r->vknown |= (uint32_t)1 << i;
	}
}

// ---- unwind data
size_t unwind_read(const struct unwind_src *s, uint64_t rva, void *buf, size_t n)
{
	size_t got = s->pe && rva <= UINT32_MAX ? pe_read(s->pe, (uint32_t)rva, buf, n) : 0, more = 0;
	va_t va;
	if (got < n && s->space && add_ok(s->base, rva + got, &va) &&
	    !space_read(s->space, va, (uint8_t *)buf + got, n - got, &more).code)
		got += more;
	return got;
}

err_t unwind_find(const struct unwind_env *env, va_t pc, struct unwind_src *src_ret, struct pe_function *ret)
{
	struct unwind_src s = { .space = env->space };
	struct pe_function f;
	if (env->image && env->image(env->ctx, pc, &s.base, &s.pe)) {
		if (!s.pe)
			return fail(E_ABSENT, "headers of the module", s.base);
		if (pc < s.base || pc - s.base > UINT32_MAX)
			return fail(E_NOTFOUND, "no unwind data for the address", pc);
		TRY(pe_function_at(s.pe, (uint32_t)(pc - s.base), &f));
	} else if (!env->dynamic || !env->dynamic(env->ctx, pc, &s.base, &f)) {
		return fail(E_NOTFOUND, "no unwind data for the address", pc);
	}
	*src_ret = s;
	*ret = f;
	return ok();
}

// SPDX-License-Identifier: Apache-2.0
// regs.c: the register blocks of `r`. ARM64: no public output is at hand; the layout is four registers a line.
#include "cmd/regs.h"

#include <string.h>

#define REG(name, role)                 \
	{                               \
#name, role, "register" \
	}
#define SEG(name)                                \
	{                                        \
#name, R_HEX, "segment selector" \
	}
#define FLAGS                                                  \
	{ "virtual", R_STR, "vip and vif when they are set" }, \
	{                                                      \
		"flags", R_STR, "the flags in words"           \
	}

static const struct field registers_x64_fields[] = {
	REG(rax, R_ADDR),
	REG(rbx, R_ADDR),
	REG(rcx, R_ADDR),
	REG(rdx, R_ADDR),
	REG(rsi, R_ADDR),
	REG(rdi, R_ADDR),
	REG(rip, R_ADDR),
	REG(rsp, R_ADDR),
	REG(rbp, R_ADDR),
	REG(r8, R_ADDR),
	REG(r9, R_ADDR),
	REG(r10, R_ADDR),
	REG(r11, R_ADDR),
	REG(r12, R_ADDR),
	REG(r13, R_ADDR),
	REG(r14, R_ADDR),
	REG(r15, R_ADDR),
	REG(iopl, R_HEX),
	FLAGS,
	SEG(cs),
	SEG(ss),
	SEG(ds),
	SEG(es),
	SEG(fs),
	SEG(gs),
	REG(efl, R_HEX),
};
static const unsigned x64_order[] = { X64_RAX, X64_RBX, X64_RCX, X64_RDX, X64_RSI, X64_RDI, X64_RIP, X64_RSP, X64_RBP,
				      X64_R8,  X64_R9,  X64_R10, X64_R11, X64_R12, X64_R13, X64_R14, X64_R15 };
#define X64_GENERAL                       \
	"rax={rax} rbx={rbx} rcx={rcx}\n" \
	"rdx={rdx} rsi={rsi} rdi={rdi}\n" \
	"rip={rip} rsp={rsp} rbp={rbp}\n" \
	" r8={r8}  r9={r9} r10={r10}\n"   \
	"r11={r11} r12={r12} r13={r13}\n" \
	"r14={r14} r15={r15}\n"
#define FLAG_WORDS "iopl={iopl:1} {virtual:7} {flags}"
#define SEGMENTS_LINE                                                      \
	"cs={cs:4}  ss={ss:4}  ds={ds:4}  es={es:4}  fs={fs:4}  gs={gs:4}" \
	"             efl={efl:8}"
#define SEGMENTS "\n" SEGMENTS_LINE
static const struct layout only_segments = { NULL, SEGMENTS_LINE };

const struct schema row_registers_x64 = { .name = "registers_x64",
					  .doc = "The registers of an x64 context; null: not known",
					  .layout = { NULL, X64_GENERAL FLAG_WORDS SEGMENTS },
					  .fields = registers_x64_fields,
					  .n_fields = ARRAY_LEN(registers_x64_fields) };
static const struct layout x64_no_segments = { NULL, X64_GENERAL FLAG_WORDS };

static const struct field registers_x86_fields[] = {
	REG(eax, R_ADDR),
	REG(ebx, R_ADDR),
	REG(ecx, R_ADDR),
	REG(edx, R_ADDR),
	REG(esi, R_ADDR),
	REG(edi, R_ADDR),
	REG(eip, R_ADDR),
	REG(esp, R_ADDR),
	REG(ebp, R_ADDR),
	REG(iopl, R_HEX),
	FLAGS,
	SEG(cs),
	SEG(ss),
	SEG(ds),
	SEG(es),
	SEG(fs),
	SEG(gs),
	REG(efl, R_HEX),
};
static const unsigned x86_order[] = { X64_RAX, X64_RBX, X64_RCX, X64_RDX, X64_RSI, X64_RDI, X64_RIP, X64_RSP, X64_RBP };
#define X86_GENERAL                                                     \
	"eax={eax} ebx={ebx} ecx={ecx} edx={edx} esi={esi} edi={edi}\n" \
	"eip={eip} esp={esp} ebp={ebp} "
const struct schema row_registers_x86 = { .name = "registers_x86",
					  .doc = "The registers of an x86 context; null: not known",
					  .layout = { NULL, X86_GENERAL FLAG_WORDS SEGMENTS },
					  .fields = registers_x86_fields,
					  .n_fields = ARRAY_LEN(registers_x86_fields) };
static const struct layout x86_no_segments = { NULL, X86_GENERAL FLAG_WORDS };

static const struct field registers_arm64_fields[] = {
	REG(x0, R_ADDR),
	REG(x1, R_ADDR),
	REG(x2, R_ADDR),
	REG(x3, R_ADDR),
	REG(x4, R_ADDR),
	REG(x5, R_ADDR),
	REG(x6, R_ADDR),
	REG(x7, R_ADDR),
	REG(x8, R_ADDR),
	REG(x9, R_ADDR),
	REG(x10, R_ADDR),
	REG(x11, R_ADDR),
	REG(x12, R_ADDR),
	REG(x13, R_ADDR),
	REG(x14, R_ADDR),
	REG(x15, R_ADDR),
	REG(x16, R_ADDR),
	REG(x17, R_ADDR),
	REG(x18, R_ADDR),
	REG(x19, R_ADDR),
	REG(x20, R_ADDR),
	REG(x21, R_ADDR),
	REG(x22, R_ADDR),
	REG(x23, R_ADDR),
	REG(x24, R_ADDR),
	REG(x25, R_ADDR),
	REG(x26, R_ADDR),
	REG(x27, R_ADDR),
	REG(x28, R_ADDR),
	REG(fp, R_ADDR),
	REG(lr, R_ADDR),
	REG(sp, R_ADDR),
	REG(pc, R_ADDR),
	REG(psr, R_HEX),
	{ "flags", R_STR, "NZCV, - when clear" },
	{ "el", R_DEC, "exception level" },
};
const struct schema row_registers_arm64 = { .name = "registers_arm64",
					    .doc = "The registers of an ARM64 context; null: not known",
					    .layout = { NULL, " x0={x0}   x1={x1}   x2={x2}   x3={x3}\n"
							      " x4={x4}   x5={x5}   x6={x6}   x7={x7}\n"
							      " x8={x8}   x9={x9}  x10={x10}  x11={x11}\n"
							      "x12={x12}  x13={x13}  x14={x14}  x15={x15}\n"
							      "x16={x16}  x17={x17}  x18={x18}  x19={x19}\n"
							      "x20={x20}  x21={x21}  x22={x22}  x23={x23}\n"
							      "x24={x24}  x25={x25}  x26={x26}  x27={x27}\n"
							      "x28={x28}   fp={fp}   lr={lr}   sp={sp}\n"
							      " pc={pc}  psr={psr:8} {flags} EL{el}" },
					    .fields = registers_arm64_fields,
					    .n_fields = ARRAY_LEN(registers_arm64_fields) };

static struct val reg(const struct regs *r, unsigned n)
{
	return V_IF(reg_known(r, n), reg_get(r, n));
}

// On x64 the debugger writes po when PF is set and pe when it is clear, the other way round than on x86 and in
// Intel's manuals: "efl=00000246" stands under "zr na po nc" there, under "zr na pe nc" on x86.
const char *regs_flag_words(struct arena *a, uint16_t machine, uint64_t efl)
{
	static const struct {
		unsigned bit;
		char set[3], clear[3];
	} words[] = {
		{ 11, "ov", "nv" }, { 10, "dn", "up" }, { 9, "ei", "di" }, { 7, "ng", "pl" },
		{ 6, "zr", "nz" },  { 4, "ac", "na" },  { 2, "pe", "po" }, { 0, "cy", "nc" },
	};
	struct sb text = sb_new(a);
	if (machine == MACHINE_X64)
		efl ^= 1 << 2;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		sb_printf(&text, "%s%s", i ? " " : "", efl >> words[i].bit & 1 ? words[i].set : words[i].clear);
	return sb_str(&text);
}

static const char *virtual_words(struct arena *a, uint64_t efl)
{
	bool vip = efl >> 20 & 1, vif = efl >> 19 & 1;
	return vip || vif ? arena_printf(a, "%s %s", vip ? "vip" : "   ", vif ? "vif" : "   ") : NULL;
}

static void emit_intel(struct call *c, struct doc *out, const struct regs *r, bool general, bool segments)
{
	bool wide = r->machine == MACHINE_X64, efl = reg_known(r, X64_EFL);
	const unsigned *order = wide ? x64_order : x86_order;
	size_t n = wide ? ARRAY_LEN(x64_order) : ARRAY_LEN(x86_order), i = 0;
	uint64_t f = reg_get(r, X64_EFL);
	struct val v[ARRAY_LEN(registers_x64_fields)];
	for (; i < n; i++)
		v[i] = reg(r, order[i]);
	v[i++] = V_IF(efl, f >> 12 & 3);
	v[i++] = VS(efl ? virtual_words(c->a, f) : NULL);
	v[i++] = VS(efl ? regs_flag_words(c->a, r->machine, f) : NULL);
	for (unsigned s = X64_CS; s <= X64_GS; s++)
		v[i++] = reg(r, s);
	v[i++] = reg(r, X64_EFL);
	const struct layout *some = wide ? &x64_no_segments : &x86_no_segments;
	const struct layout *l = !general ? &only_segments : segments ? NULL : some;
	doc_row(out, wide ? &row_registers_x64 : &row_registers_x86, l, v, false);
}

static void emit_arm64(struct call *c, struct doc *out, const struct regs *r)
{
	struct val v[ARRAY_LEN(registers_arm64_fields)];
	size_t i = 0;
	for (; i <= A64_CPSR; i++)
		v[i] = reg(r, (unsigned)i);
	uint64_t psr = reg_get(r, A64_CPSR);
	bool known = reg_known(r, A64_CPSR);
	char *flags = arena_strdup(c->a, "NZCV");
	for (unsigned bit = 0; bit < 4; bit++)
		if (!(psr >> (31 - bit) & 1))
			flags[bit] = '-';
	v[i++] = VS(known ? flags : "\?\?\?\?");
	v[i++] = V_IF(known, psr >> 2 & 3);
	doc_row(out, &row_registers_arm64, NULL, v, false);
}

void regs_emit_block(struct call *c, struct doc *out, const struct regs *r, bool general, bool segments)
{
	if (r->machine != MACHINE_ARM64)
		emit_intel(c, out, r, general, segments);
	else if (general)
		emit_arm64(c, out, r);
}

void emit_regs(struct session *s, struct call *c, struct doc *out, const struct regs *regs)
{
	unsigned pc = reg_pc(regs->machine);
	regs_emit_block(c, out, regs, true, true);
	if (reg_known(regs, pc))
		emit_insn(s, c, out, reg_get(regs, pc), regs, true, true);
}

// SPDX-License-Identifier: Apache-2.0
// insn.c: one instruction as u and r show it. Columns: address, opcode bytes in 16, mnemonic in 8, operands; at
// the current instruction also the memory operand's address and value, or whether a branch will be taken.
#include "cmd/insn.h"

#include "arch/disasm.h"
#include "cmd/script.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct field code_location_fields[] = {
	{ "address", R_PTR, "of the instruction below" },
	{ "symbol", R_SYM, "its name" },
	{ "inlined_in", R_SYM, "the place in the function that holds the code of an inlined call; null: no such code" },
};
const struct schema row_code_location = { .name = "code_location",
					  .doc = "Where the instructions that follow lie",
					  .layout = { NULL, "{symbol}{?inlined_in  [inlined in {inlined_in}]}:" },
					  .fields = code_location_fields,
					  .n_fields = ARRAY_LEN(code_location_fields) };

static const struct field insn_fields[] = {
	{ "address", R_PTR, "of the instruction" },
	{ "bytes", R_STR, "opcode bytes in hex (ARM64: one word); ?? when unreadable" },
	{ "mnemonic", R_STR, "??? when these bytes are no instruction" },
	{ "operands", R_STR, "null: none" },
	{ "target", R_PTR, "of a direct branch or call; null: none" },
	{ "segment", R_STR, "of the memory operand; with its selector where the debugger shows it" },
	{ "memory", R_PTR, "address of the memory operand; null: none, or its registers are not known" },
	{ "value", R_STR, "what lies there, in hex, ? where unreadable; {name (address)} for a pointer to call" },
	{ "taken", R_DEC, "1: the conditional branch will be taken; null: no such branch, or flags not known" },
	{ "branch", R_STR, "Branch when the flow of a function divides or goes on elsewhere here (uf)" },
	SOURCE_FIELDS,
};
#define INSN_TAIL "{?memory  {segment}:{memory}={value}}{?taken  [br={taken}]}{?branch   {branch}}"
const struct schema row_insn = { .name = "insn",
				 .doc = "An instruction",
				 .layout = { NULL, "{address} {bytes:16}{!operands {mnemonic}}{?operands {mnemonic:7} "
						   "{operands}}" INSN_TAIL },
				 .fields = insn_fields,
				 .n_fields = ARRAY_LEN(insn_fields) };

enum { MAX_INSN = 15, BYTES_COLUMNS = 16, LONG_OPERANDS = 25 };

struct tail {
	const char *segment, *value;
	bool has_address, has_taken, taken;
	va_t address;
};

// The base of FS or GS: from the context when it has it, else the TEB that it points at in user mode.
static bool segment_base(const struct session *s, const struct regs *r, const char *name, va_t *ret)
{
	const struct target *t = s->target;
	*ret = 0;
	if (name[0] != 'f' && name[0] != 'g')
		return true;
	unsigned reg = name[0] == 'f' ? X64_FSBASE : X64_GSBASE;
	if (reg_known(r, reg)) {
		*ret = reg_get(r, reg);
		return true;
	}
	bool teb_segment = name[0] == (t->machine == MACHINE_X64 ? 'g' : 'f');
	if (!teb_segment || s->thread >= t->n_threads || !t->threads[s->thread].teb)
		return false;
	*ret = t->threads[s->thread].teb;
	return true;
}

static bool operand_address(const struct insn_mem *m, const struct regs *r, unsigned ptr_bytes, va_t *ret)
{
	uint64_t v = (uint64_t)m->disp;
	if (m->base >= 0) {
		if (!reg_known(r, (unsigned)m->base))
			return false;
		v += reg_get(r, (unsigned)m->base);
	}
	if (m->index >= 0) {
		if (!reg_known(r, (unsigned)m->index))
			return false;
		v += reg_get(r, (unsigned)m->index) * m->scale;
	}
	*ret = ptr_bytes == 4 ? v & UINT32_MAX : v;
	return true;
}

bool insn_operand_address(const struct session *s, const struct insn *in, const struct regs *r, va_t *ret)
{
	const struct insn_mem *m = &in->mem;
	va_t base = 0;
	if (!m->present || m->is_lea || s->target->machine == MACHINE_ARM64 ||
	    !operand_address(m, r, s->target->ptr_bytes, ret) ||
	    (m->segment[0] && !segment_base(s, r, m->segment, &base)))
		return false;
	*ret += base;
	return true;
}

// x86 and kernel targets show the selector: "ds:002b".
static const char *segment_text(const struct session *s, struct arena *a, const struct regs *r, const char *name)
{
	static const char names[][3] = { "cs", "ss", "ds", "es", "fs", "gs" };
	const struct target *t = s->target;
	if (t->machine != MACHINE_X86 && t->dump->kind != DUMP_KERNEL)
		return name;
	for (unsigned i = 0; i < ARRAY_LEN(names); i++)
		if (str_eq(name, names[i]) && reg_known(r, X64_CS + i))
			return arena_printf(a, "%s:%04" PRIx64, name, reg_get(r, X64_CS + i));
	return name;
}

static const char *operand_value(struct session *s, struct arena *a, const struct insn *in, va_t at)
{
	uint8_t b[64];
	size_t n = MIN(in->mem.size, sizeof(b)), got = 0;
	if (space_read(s->target->space, at, b, n, &got).code)
		got = 0;
	bool pointer = (in->kind == INSN_CALL || in->kind == INSN_JUMP) && n == s->target->ptr_bytes;
	if (pointer && got == n) {
		va_t to = le_get(b, (unsigned)n);
		const char *name = sym_text(s->target, a, to);
		struct val v = V(to);
		if (name)
			return arena_printf(a, "{%s (%s)}", name, doc_value_text(a, R_PTR, &v, (unsigned)n));
	}
	struct sb text = sb_new(a);
	for (size_t i = n; i-- > 0;) {
		if (got == n)
			sb_printf(&text, "%02x", b[i]);
		else
			sb_add(&text, "\?\?");
	}
	return sb_str(&text);
}

static void memory_tail(struct session *s, struct arena *a, const struct insn *in, const struct regs *r,
			struct tail *ret)
{
	const struct insn_mem *m = &in->mem;
	va_t base;
	if (!m->present || m->is_lea || !m->size || s->target->machine == MACHINE_ARM64)
		return;
	if (!operand_address(m, r, s->target->ptr_bytes, &ret->address))
		return;
	const char *name = m->segment[0] ? arena_strdup(a, m->segment) : "ds";
	ret->has_address = true;
	ret->segment = segment_text(s, a, r, name);
	if (segment_base(s, r, name, &base))
		ret->value = operand_value(s, a, in, base + ret->address);
	else
		ret->value = arena_printf(a, "%.*s", (int)MIN(m->size * 2, 64U),
					  "????????????????????????????????????????????????????????????????");
}

// Conditions of jcc by flags (Intel SDM, "Jcc"): bits CF 0, PF 2, ZF 6, SF 7, OF 11.
static bool condition(const char *cc, uint64_t efl, uint64_t cx, bool *ret)
{
	bool cf = efl & 1, pf = efl >> 2 & 1, zf = efl >> 6 & 1, sf = efl >> 7 & 1, of = efl >> 11 & 1;
	const struct {
		const char *names;
		bool value;
	} conditions[] = {
		{ " o ", of },
		{ " b c nae ", cf },
		{ " e z ", zf },
		{ " be na ", cf || zf },
		{ " s ", sf },
		{ " p pe ", pf },
		{ " l nge ", sf != of },
		{ " le ng ", zf || sf != of },
		{ " no ", !of },
		{ " ae nb nc ", !cf },
		{ " ne nz ", !zf },
		{ " a nbe ", !cf && !zf },
		{ " ns ", !sf },
		{ " np po ", !pf },
		{ " ge nl ", sf == of },
		{ " g nle ", !zf && sf == of },
		{ " rcxz ecxz cxz ", !cx },
	};
	char word[16];
	snprintf(word, sizeof(word), " %s ", cc);
	for (size_t i = 0; i < ARRAY_LEN(conditions); i++) {
		if (strstr(conditions[i].names, word)) {
			*ret = conditions[i].value;
			return true;
		}
	}
	return false;
}

static void branch_tail(const struct target *t, const struct insn *in, const struct regs *r, struct tail *ret)
{
	if (in->kind != INSN_COND_JUMP || t->machine == MACHINE_ARM64 || !reg_known(r, X64_EFL))
		return;
	const char *name = strrchr(in->mnemonic, ' '); // "bnd je"
	name = name ? name + 1 : in->mnemonic;
	uint64_t cx = reg_get(r, X64_RCX);
	bool by_cx = str_eq(name, "jecxz") || str_eq(name, "jrcxz");
	if (name[0] != 'j' || (by_cx && !reg_known(r, X64_RCX)))
		return;
	if (str_eq(name, "jecxz"))
		cx &= UINT32_MAX;
	ret->has_taken = condition(name + 1, reg_get(r, X64_EFL), cx, &ret->taken);
}

size_t insn_fetch(const struct target *t, va_t va, struct insn *ret, uint8_t bytes[16])
{
	size_t got = 0;
	if (space_read(t->space, va, bytes, MAX_INSN, &got).code)
		got = 0;
	if (!got) {
		*ret = (struct insn){ .len = 1, .mnemonic = "???" };
		return 0;
	}
	insn_decode(t->machine, (struct span){ bytes, got }, va, sym_insn_name, (void *)t, ret);
	return MIN(got, ret->len);
}

const char *insn_bytes_text(const struct target *t, struct arena *a, const uint8_t *bytes, size_t n)
{
	if (t->machine == MACHINE_ARM64 && n == 4)
		return arena_printf(a, "%08" PRIx32, (uint32_t)le_get(bytes, 4));
	struct sb text = sb_new(a);
	for (size_t i = 0; i < n; i++)
		sb_printf(&text, "%02x", bytes[i]);
	return n ? sb_str(&text) : "\?\?";
}

// Instructions of eight bytes and more push the mnemonic out, and the operands stand in one fixed column.
static const struct layout *layout_for(struct session *s, struct arena *a, size_t bytes, size_t mnemonic)
{
	static const struct layout no_bytes = { NULL, "{address} {!operands {mnemonic}}{?operands {mnemonic:7} "
						      "{operands}}" INSN_TAIL };
	if (script_of(s)->settings[SETTING_ASM] & 1)
		return &no_bytes;
	if (bytes < BYTES_COLUMNS)
		return NULL;
	size_t at = bytes + 1 + mnemonic, gap = at < LONG_OPERANDS ? LONG_OPERANDS - at : 1;
	struct layout *l = NEW(a, struct layout);
	l->text = arena_printf(a, "{address} {bytes} {mnemonic}{?operands %*s{operands}}" INSN_TAIL, (int)gap, "");
	return l;
}

void insn_emit(struct session *s, struct call *c, struct doc *out, va_t va, const struct insn *in, const uint8_t *bytes,
	       size_t n, const struct regs *regs, const char *branch)
{
	struct tail tail = { 0 };
	if (regs && in->valid) {
		memory_tail(s, c->a, in, regs, &tail);
		branch_tail(s->target, in, regs, &tail);
	}
	const char *text = insn_bytes_text(s->target, c->a, bytes, n);
	const struct val v[] = { V(va),
				 VS(text),
				 VS(in->valid ? in->mnemonic : "???"),
				 VS(in->valid && in->operands[0] ? in->operands : NULL),
				 V_IF(in->valid && in->has_target, in->target),
				 VS(tail.segment),
				 V_IF(tail.has_address, tail.address),
				 VS(tail.value),
				 V_IF(tail.has_taken, tail.taken),
				 VS(branch),
				 SOURCE_VALUES(s, va) };
	_Static_assert(ARRAY_LEN(v) == ARRAY_LEN(insn_fields), "insn: wrong arity");
	doc_row(out, &row_insn, layout_for(s, c->a, strlen(text), strlen(v[2].s)), v, false);
}

void insn_emit_location(struct session *s, struct call *c, struct doc *out, va_t va)
{
	const char *name = sym_text(s->target, c->a, va);
	if (!name)
		return;
	struct sym_inline in;
	const char *outer = NULL;
	if (!s->no_inlines && sym_inlines_at(s->target, va, &in, 1)) {
		outer = name;
		name = arena_printf(c->a, "%s!%s", target_module_at(s->target, va)->name, in.name);
		if (va != in.va)
			name = arena_printf(c->a, "%s+0x%" PRIx64, name, va - in.va);
	}
	const struct val v[] = { V(va), VS(name), VS(outer) };
	doc_row(out, &row_code_location, NULL, v, false);
}

va_t emit_insn(struct session *s, struct call *c, struct doc *out, va_t va, const struct regs *regs, bool location,
	       bool tail)
{
	struct insn in;
	uint8_t bytes[16];
	if (location)
		insn_emit_location(s, c, out, va);
	size_t n = insn_fetch(s->target, va, &in, bytes);
	insn_emit(s, c, out, va, &in, bytes, n, tail ? regs : NULL, NULL);
	return va + (n ? n : in.len);
}

void emit_here(struct call *c, struct doc *out)
{
	const struct regs *r;
	err_t e = session_regs(c->s, &r);
	if (e.code)
		doc_note(out, NOTE_WARNING, "thread.no_context", "%s", e.what);
	else
		emit_insn(c->s, c, out, reg_get(r, reg_pc(c->s->target->machine)), r, true, true);
}

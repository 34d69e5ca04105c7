// SPDX-License-Identifier: Apache-2.0
// r.c: registers: r, r REG[:TYPE][=VALUE],..., rF, rX, rM MASK, r. Setting a register changes the session's
// context only; a dump is never written.
#include "arch/disasm.h"
#include "cmd/cpp.h"
#include "cmd/fixed_alias.h"
#include "cmd/insn.h"
#include "cmd/msfloat.h"
#include "cmd/regs.h"
#include "script/text.h"

#include <inttypes.h>
#include <string.h>

extern const struct cmd cmd_r;

SCHEMA(register_value, "One register", NULL, "{name}={shown}{.}", { "name", R_STR, "as asked for" },
       { "value", R_HEX, "null: not known, or wider than 64 bits" }, { "bits", R_DEC, "its size" },
       { "shown", R_STR, "the value as text: padded hex, or elements of the asked type" });
static const struct layout two_blanks = { NULL, "{name}={shown}  {.}" }, one_blank = { NULL, "{name}={shown} {.}" },
			   ends_line = { NULL, "{name}={shown}" };
SCHEMA(x87_state, "The x87 control words", NULL,
       "fpcw={fpcw:4}: {rounding} {precision} {masks}  fpsw={fpsw:4}: top={top} cc={condition} {exceptions}  "
       "fptw={fptw:4}\nfopcode=\?\?\?\?  fpip=\?\?\?\?:\?\?\?\?\?\?\?\?  fpdp=\?\?\?\?:\?\?\?\?\?\?\?\?",
       { "fpcw", R_HEX, "control word" }, { "rounding", R_STR, "rn, rd, ru, rz" },
       { "precision", R_STR, "bits of the significand" }, { "masks", R_STR, "masked exceptions: puozdi" },
       { "fpsw", R_HEX, "status word" }, { "top", R_HEX, "top of the register stack" },
       { "condition", R_STR, "C3 C2 C1 C0" }, { "exceptions", R_STR, "raised: b, s, puozdi" },
       { "fptw", R_HEX, "tag word" });

enum { MASK_INTEGER = 3, MASK_FLOAT = 4, MASK_SEGMENTS = 8, MASK_MMX = 0x10, MASK_DEBUG = 0x20, MASK_XMM = 0x40 };

static void show(struct doc *out, const struct layout *l, const char *name, bool known, uint64_t v, unsigned bits,
		 const char *shown)
{
	ROW_AS(out, register_value, l, VS(name), V_IF(known, v), V(bits), VS(shown));
}

static const char *padded(struct arena *a, bool known, uint64_t v, unsigned bits)
{
	int digits = (int)(bits + 3) / 4;
	return known ? arena_printf(a, "%0*" PRIx64, digits, v)
		     : arena_printf(a, "%.*s", digits, "\?\?\?\?\?\?\?\?\?\?\?\?\?\?\?\?");
}

// ---- vector registers: "xmm3", "v3"; elements of a type, highest first as the debugger shows them.
static int vector_number(uint16_t machine, const char *name)
{
	const char *prefix = machine == MACHINE_ARM64 ? "v" : "xmm";
	unsigned limit = machine == MACHINE_ARM64 ? 32 : machine == MACHINE_X64 ? 16 : 8, n = 0;
	size_t len = strlen(prefix);
	if (!str_ieqn(name, prefix, len) || !name[len])
		return -1;
	for (const char *p = name + len; *p; p++) {
		if (*p < '0' || *p > '9' || n > limit)
			return -1;
		n = n * 10 + (unsigned)(*p - '0');
	}
	return n < limit ? (int)n : -1;
}

static err_t element(struct call *c, const char *type, const uint8_t *p, struct sb *text, unsigned *size_ret)
{
	static const char sizes[] = "bwdq";
	if (str_eq(type, "f")) {
		*size_ret = 4;
		sb_add(text, ms_float(c->a, (double)ms_f32((uint32_t)le_get(p, 4)), 6));
		return ok();
	}
	if (str_eq(type, "d")) {
		*size_ret = 8;
		sb_add(text, ms_float(c->a, ms_f64(le_get(p, 8)), 6));
		return ok();
	}
	const char *size = strlen(type) == 2 && strchr("iu", type[0]) ? strchr(sizes, type[1]) : NULL;
	if (!size)
		return usage(c, "Syntax error in ':%s'", type);
	unsigned n = 1u << (size - sizes);
	uint64_t v = le_get(p, n);
	*size_ret = n;
	if (type[0] == 'u')
		sb_printf(text, "%" PRIu64, v);
	else
		sb_printf(text, "%" PRId64, (int64_t)(v << (64 - 8 * n)) >> (64 - 8 * n));
	return ok();
}

static err_t vector_text(struct call *c, const struct regs *r, unsigned n, const char *type, const char **ret)
{
	struct sb text = sb_new(c->a), scratch = sb_new(c->a);
	unsigned size = 4;
	const char *t = type + strspn(type, "0123456789"); // a count before the type: the whole register is shown
	t = *t ? t : "f";
	TRY(element(c, t, r->v[n], &scratch, &size));
	for (int at = (int)(16 - size); at >= 0; at -= (int)size) {
		if (text.n)
			sb_ch(&text, ' ');
		if (r->vknown >> n & 1)
			TRY(element(c, t, r->v[n] + at, &text, &size));
		else
			sb_ch(&text, '?');
	}
	*ret = sb_str(&text);
	return ok();
}

static err_t all_vectors(struct call *c, struct doc *out, const struct regs *r)
{
	bool arm = r->machine == MACHINE_ARM64;
	unsigned n = arm ? 32 : r->machine == MACHINE_X64 ? 16 : 8;
	for (unsigned i = 0; i < n; i++) {
		const char *text;
		TRY(vector_text(c, r, i, "", &text));
		show(out, &ends_line, arena_printf(c->a, "%s%u", arm ? "v" : "xmm", i), false, 0, 128, text);
	}
	return ok();
}

// ---- x87
static const char *letters(struct arena *a, const char *set, unsigned bits)
{
	char *text = arena_strdup(a, set);
	size_t n = strlen(set);
	for (size_t i = 0; i < n; i++)
		if (!(bits >> (n - 1 - i) & 1))
			text[i] = '-';
	return text;
}

static void emit_x87(struct call *c, struct doc *out, const struct regs *r)
{
	static const char *const rounding[] = { "rn", "rd", "ru", "rz" }, *const precision[] = { "24", "\?\?", "53",
												 "64" };
	unsigned cw = r->fctrl, sw = r->fstat;
	if (!r->st_known) {
		doc_note(out, NOTE_INFO, "registers.no_x87", "The context holds no floating-point registers.");
		return;
	}
	// C3 is bit 14 of the status word, C2 to C0 are bits 10 to 8.
	const char *condition = arena_printf(c->a, "%u%u%u%u", sw >> 14 & 1, sw >> 10 & 1, sw >> 9 & 1, sw >> 8 & 1);
	ROW(out, x87_state, V(cw), VS(rounding[cw >> 10 & 3]), VS(precision[cw >> 8 & 3]),
	    VS(letters(c->a, "puozdi", cw & 0x3f)), V(sw), V(sw >> 11 & 7), VS(condition),
	    VS(letters(c->a, "bspuozdi", (sw & 0x3f) | (sw >> 6 & 1) << 6 | (sw >> 15 & 1) << 7)), V(r->ftag));
	for (unsigned i = 0; i < 8; i++)
		show(out, i % 2 ? &ends_line : &two_blanks, arena_printf(c->a, "st%u", i), false, 0, 80,
		     ms_x87(c->a, r->st[i], 21));
}

// ---- the whole
static void debug_registers(struct call *c, struct doc *out, const struct regs *r)
{
	static const unsigned order[] = { X64_DR0, X64_DR1, X64_DR2, X64_DR3, X64_DR6, X64_DR7 };
	static const char *const names[] = { "dr0", "dr1", "dr2", "dr3", "dr6", "dr7" };
	unsigned bits = r->machine == MACHINE_X64 ? 64 : 32;
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		bool known = reg_known(r, order[i]);
		uint64_t v = reg_get(r, order[i]);
		show(out, i % 3 == 2 ? &ends_line : &one_blank, names[i], known, v, bits, padded(c->a, known, v, bits));
	}
}

static err_t by_mask(struct session *s, struct call *c, struct doc *out, const struct regs *r, uint64_t mask)
{
	bool intel = r->machine != MACHINE_ARM64;
	if (mask & (MASK_INTEGER | MASK_SEGMENTS))
		regs_emit_block(c, out, r, mask & MASK_INTEGER, mask & MASK_SEGMENTS);
	if ((mask & MASK_FLOAT) && intel)
		emit_x87(c, out, r);
	if ((mask & MASK_XMM) || ((mask & MASK_FLOAT) && !intel))
		TRY(all_vectors(c, out, r));
	if ((mask & MASK_DEBUG) && intel)
		debug_registers(c, out, r);
	if ((mask & MASK_MMX) && intel && r->st_known)
		for (unsigned i = 0; i < 8; i++) {
			uint64_t v = le_get(r->st[i], 8);
			show(out, i % 2 ? &ends_line : &two_blanks, arena_printf(c->a, "mm%u", i), true, v, 64,
			     padded(c->a, true, v, 64));
		}
	uint64_t done = MASK_INTEGER | MASK_FLOAT | MASK_SEGMENTS | MASK_MMX | MASK_DEBUG | MASK_XMM;
	if (mask & ~done)
		doc_note(out, NOTE_INFO, "registers.unsupported",
			 "not supported: register groups %" PRIx64 " of the mask", mask & ~done);
	unsigned pc = reg_pc(r->machine);
	if (reg_known(r, pc))
		emit_insn(s, c, out, reg_get(r, pc), r, true, true);
	return ok();
}

// ---- single registers
struct wanted {
	const char *name, *type;
	bool assign;
	unsigned reg, shift, bits;
	int vector;
	bool pseudo;
};

static err_t parse_name(struct session *s, struct call *c, struct wanted *w)
{
	static const char letters_[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	*w = (struct wanted){ .vector = -1 };
	arg_blanks(c);
	const char *from = c->p;
	c->p += *c->p == '@';
	w->pseudo = *c->p == '$';
	const char *name = c->p;
	c->p += w->pseudo + strspn(c->p + w->pseudo, letters_);
	w->name = arena_strndup(c->a, name, (size_t)(c->p - name));
	w->type = "";
	if (*c->p == ':') {
		size_t n = strspn(c->p + 1, letters_);
		w->type = arena_strndup(c->a, c->p + 1, n);
		c->p += 1 + n;
	}
	arg_blanks(c);
	w->assign = *c->p == '=' && c->p[1] != '=';
	c->p += w->assign;
	if (w->pseudo)
		return ok();
	if (!s->target || !s->target->arch)
		return usage(c, "Bad register error in '%s'", from);
	w->vector = vector_number(s->target->machine, w->name);
	if (w->vector < 0 && (!*w->name || !arch_reg_find(s->target->arch, w->name, &w->reg, &w->shift, &w->bits)))
		return usage(c, "Bad register error in '%s'", from);
	return ok();
}

// $ip can be changed as the register that it is; of the rest only $t0 to $t19.
static err_t assign_pseudo(struct session *s, struct call *c, const struct wanted *w)
{
	uint64_t v;
	int n = user_pseudo_number(w->name);
	if (str_ieq(w->name, "$ip") && s->regs_known) {
		TRY(arg_expr(c, &v));
		reg_set(&s->regs, reg_pc(s->target->machine), s->target->ptr_bytes == 4 ? v & UINT32_MAX : v);
		return ok();
	}
	if (n < 0)
		return usage(c, "Bad register error in '%s': only $t0 to $t19 and $ip can be set", w->name);
	if (c->name[1] == '?')
		return pseudo_set_typed(s, c->a, (unsigned)n, c->p, &c->p);
	TRY(arg_expr(c, &v));
	pseudo_set_number(s, (unsigned)n, v);
	return ok();
}

static err_t assign(struct session *s, struct call *c, const struct wanted *w)
{
	uint64_t v;
	if (w->pseudo)
		return assign_pseudo(s, c, w);
	TRY(arg_expr(c, &v));
	if (w->vector >= 0)
		return cmd_fail(c, E_UNSUPPORTED, 0, "not supported: setting vector registers");
	if (!s->regs_known)
		return cmd_fail(c, E_ABSENT, 0, "the dump holds no registers for this thread");
	uint64_t part = w->bits >= 64 ? UINT64_MAX : (((uint64_t)1 << w->bits) - 1);
	struct regs r = s->regs;
	if (w->bits < 32 && !reg_known(&r, w->reg) && (w->reg < X64_CS || w->reg > X64_GS))
		return cmd_fail(c, E_ABSENT, 0, "the rest of this register is not known");
	uint64_t old = w->bits >= 32 ? 0 : reg_get(&r, w->reg) & ~(part << w->shift);
	reg_set(&r, w->reg, old | (v & part) << w->shift);
	s->regs = r; // not session_set_regs(): k would speak of a context that was set
	if (w->bits >= 32)
		s->regs_zeroed &= ~((uint64_t)1 << w->reg);
	return ok();
}

static err_t one(struct session *s, struct call *c, struct doc *out, const struct wanted *w, bool last)
{
	const struct layout *l = last ? &ends_line : &one_blank;
	if (w->pseudo) {
		struct expr_scope scope = cmd_scope(s);
		uint64_t v = 0;
		err_t e = ok();
		unsigned bits = scope.ptr_bytes * 8;
		if (!scope.pseudo(scope.ctx, w->name + 1, &v, &e))
			return usage(c, "Bad register error in '%s'", w->name);
		if (e.code && e.code != E_ABSENT)
			return e;
		if (bits == 32 && v >> 32)
			bits = 64;
		show(out, l, w->name, !e.code, v, bits, padded(c->a, !e.code, v, bits));
		return ok();
	}
	const struct regs *r;
	TRY(session_regs(s, &r));
	if (w->vector >= 0) {
		const char *text;
		TRY(vector_text(c, r, (unsigned)w->vector, w->type, &text));
		show(out, l, w->name, false, 0, 128, text);
		return ok();
	}
	uint64_t v = reg_get(r, w->reg) >> w->shift;
	if (w->bits < 64)
		v &= ((uint64_t)1 << w->bits) - 1;
	bool known = reg_known(r, w->reg);
	show(out, l, w->name, known, v, w->bits, padded(c->a, known, v, w->bits));
	return ok();
}

static err_t named(struct session *s, struct call *c, struct doc *out)
{
	for (bool more = true; more;) {
		struct wanted w;
		TRY(parse_name(s, c, &w));
		if (w.assign)
			TRY(assign(s, c, &w));
		arg_blanks(c);
		more = *c->p == ',';
		c->p += more;
		if (!more)
			TRY(arg_done(c));
		if (!w.assign)
			TRY(one(s, c, out, &w, !more));
	}
	return ok();
}

// r.: the registers that the current instruction names.
static err_t current_instruction(struct session *s, struct call *c, struct doc *out)
{
	const struct regs *r;
	struct insn in;
	uint8_t bytes[16];
	TRY(arg_done(c));
	TRY(session_regs(s, &r));
	const struct target *t = s->target;
	if (!insn_fetch(t, reg_get(r, reg_pc(t->machine)), &in, bytes) || !t->arch)
		return ok();
	struct wanted w[8];
	size_t n = 0;
	const char *p = in.operands;
	while (*p && n < ARRAY_LEN(w)) {
		size_t len = strspn(p, "abcdefghijklmnopqrstuvwxyz0123456789");
		struct wanted x = { .name = arena_strndup(c->a, p, len), .type = "", .vector = -1 };
		// A word right before "ptr" or inside a symbol name is no register; names hold no '!' or '_' next to
		// them.
		bool alone = (p == in.operands || !strchr("!_`.", p[-1])) && (!p[len] || !strchr("!_`.", p[len]));
		bool seen = false;
		for (size_t i = 0; i < n; i++)
			seen = seen || str_eq(w[i].name, x.name);
		bool is_register = len && alone && !seen && arch_reg_find(t->arch, x.name, &x.reg, &x.shift, &x.bits);
		if (is_register && !(x.reg >= X64_CS && x.reg <= X64_GS && t->machine != MACHINE_ARM64))
			w[n++] = x;
		p += len ? len : 1;
	}
	for (size_t i = 0; i < n; i++) {
		uint64_t v = reg_get(r, w[i].reg) >> w[i].shift;
		bool known = reg_known(r, w[i].reg);
		if (w[i].bits < 64)
			v &= ((uint64_t)1 << w[i].bits) - 1;
		show(out, i + 1 == n ? &ends_line : &two_blanks, w[i].name, known, v, w[i].bits,
		     padded(c->a, known, v, w[i].bits));
	}
	return ok();
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	char form = c->name[1] == '?' ? 0 : c->name[1];
	const struct regs *r;
	if (form == '.')
		return current_instruction(s, c, out);
	if (form == 'Y')
		return cmd_fail(c, E_UNSUPPORTED, 0, "not supported: AVX registers");
	unsigned alias;
	size_t equals = form ? 0 : fixed_alias_assignment(c->p, &alias);
	if (equals)
		return fixed_alias_set(s, c->a, alias, c->p + equals);
	uint64_t mask = form == 'F' ? MASK_FLOAT : form == 'X' ? MASK_XMM : 0;
	if (form == 'M') {
		TRY(arg_expr(c, &mask));
		TRY(arg_done(c));
	} else if (!arg_end(c)) {
		return named(s, c, out);
	}
	TRY(session_regs(s, &r));
	if (!form) {
		emit_regs(s, c, out, r);
		return ok();
	}
	return by_mask(s, c, out, r, mask);
}

// What stands for an alias may hold semicolons.
static size_t extent(const char *name, const char *args)
{
	(void)name;
	unsigned n;
	return fixed_alias_assignment(args, &n) ? strcspn(args, "\n") : text_command(args);
}

static const struct schema *const rows[] = {
	&row_registers_x64, &row_registers_x86, &row_registers_arm64, &row_code_location,
	&row_insn,          &register_value,    &x87_state,           NULL
};
const struct cmd cmd_r = {
	.names = "r r? rF rX rY rM r.",
	.extent = extent,
	.group = "Threads and stacks",
	.args = "[REG[:TYPE][=VALUE][, ...]] | rM MASK",
	.summary = "Display registers; change the session's copy of them",
	.help = "r           the integer registers and the current instruction\n"
		"r rax,zf    some registers or flags\n"
		"r xmm0:uq   a vector register as elements: ib ub iw uw id ud iq uq f d\n"
		"rF rX       x87 registers; vector registers\n"
		"rM 60       groups: 1 integer, 4 x87, 8 segments, 10 MMX, 20 debug, 40 XMM\n"
		"r.          the registers that the current instruction names\n"
		"r? $t0=EXPR a C++ expression: $t0 keeps its type\n"
		"r $.u0=TEXT what stands for the alias $u0\n"
		"r @$t0=5    set a pseudo-register; r rax=5 sets it in the session's context, not in the dump\n",
	.run = run,
	.rows = rows,
};

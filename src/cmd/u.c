// SPDX-License-Identifier: Apache-2.0
// u.c: disassembly: u, uu (from an address on) and ub (what ends before it).
#include "base/limits.h"
#include "cmd/insn.h"

#include <string.h>

extern const struct cmd cmd_u;

enum {
	DEFAULT_COUNT = 8,
	MOST_BACK = 256,          // instructions of one ub
	MAX_INSN = 15,            // bytes of an x86 instruction
	FUNCTION_BYTES = 0x10000, // how far before the address its function is looked for
};

struct where {
	va_t at, end; // end: first byte behind the range; 0: none given
	uint64_t count;
	bool back;
	const char *text; // the command, for errors
};

// Lengths of u are instructions, so L is read here and not as bytes of a range.
static err_t parse(struct session *s, struct call *c, bool back, struct where *w)
{
	const struct target *t = s->target;
	*w = (struct where){ .count = DEFAULT_COUNT, .back = back, .at = s->next_u };
	w->text = arena_printf(c->a, "%s%s", c->name, c->p);
	if (!w->at && s->regs_known)
		w->at = reg_get(&s->regs, reg_pc(t->machine));
	arg_blanks(c);
	bool size_only = (*c->p | 0x20) == 'l' && c->p[1] && strchr("0123456789 \t?-", c->p[1]);
	if (!size_only && !arg_end(c)) {
		c->p += *c->p == '%';
		TRY(arg_expr(c, &w->at));
	}
	if (t->ptr_bytes == 4)
		w->at &= UINT32_MAX;
	if (arg_end(c))
		return ok();
	if ((*c->p | 0x20) == 'l') {
		c->p++;
		arg_blanks(c);
		bool any = *c->p == '?';
		w->back = w->back || *c->p == '-';
		c->p += *c->p == '-' || any;
		TRY(arg_expr(c, &w->count));
		if (w->count > LIMIT_RANGE_BYTES && !any)
			return usage(c, "Range error in '%s'", w->text);
	} else if (back) {
		return usage(c, "Syntax error in '%s'", c->p);
	} else {
		uint64_t last;
		TRY(arg_expr(c, &last));
		if (t->ptr_bytes == 4)
			last &= UINT32_MAX;
		if (last < w->at || last == UINT64_MAX)
			return usage(c, "Range error in '%s'", w->text);
		if (last - w->at >= LIMIT_RANGE_BYTES)
			return usage(c, "Range error in '%s'", w->text);
		w->end = last + 1;
		w->count = UINT64_MAX;
	}
	return arg_done(c);
}

static bool begins_symbol(struct target *t, va_t va)
{
	struct sym_hit hit;
	return sym_near(t, va, &hit) && hit.name && !hit.disp;
}

static err_t unassemble(struct session *s, struct call *c, struct doc *out, const struct where *w, bool go_on)
{
	va_t va = w->at;
	for (uint64_t i = 0; i < w->count && (!w->end || va < w->end); i++) {
		struct insn in;
		uint8_t bytes[16];
		TRY(session_poll(s));
		size_t n = insn_fetch(s->target, va, &in, bytes);
		if (!i || begins_symbol(s->target, va))
			insn_emit_location(s, c, out, va);
		insn_emit(s, c, out, va, &in, bytes, n, NULL, NULL);
		if (!n && !go_on)
			return cmd_fail(c, E_ABSENT, va, "Memory access error in '%s'", w->text);
		va += n ? n : 1;
		s->next_u = s->target->ptr_bytes == 4 ? va & UINT32_MAX : va;
		if (s->next_u != va || !va)
			break; // the address space ends here
	}
	return ok();
}

// ---- backwards
struct back { // instruction starts before an address, last first
	va_t at[MOST_BACK];
	size_t n;
};

// From a place where an instruction surely begins (the function's start): does decoding land on `end`?
static bool from_start(struct session *s, va_t start, va_t end, size_t want, struct back *ret)
{
	va_t ring[MOST_BACK], va = start;
	size_t total = 0;
	while (va < end) {
		struct insn in;
		uint8_t bytes[16];
		if (!insn_fetch(s->target, va, &in, bytes) || !in.valid)
			return false;
		ring[total++ % MOST_BACK] = va;
		va += in.len;
	}
	if (va != end)
		return false;
	ret->n = MIN(total, want);
	for (size_t i = 0; i < ret->n; i++)
		ret->at[i] = ring[(total - 1 - i) % MOST_BACK];
	return ret->n > 0;
}

// Where the function of the byte before `end` begins, by unwind data or symbol.
static bool function_start(struct session *s, va_t end, va_t *ret)
{
	struct target *t = s->target;
	struct module *m = target_module_at(t, end - 1);
	const struct pe *pe;
	struct pe_function f;
	struct sym_hit hit;
	if (m && t->machine != MACHINE_X86 && !target_module_pe(t, m, &pe).code &&
	    !pe_function_at(pe, (uint32_t)(end - 1 - m->base), &f).code)
		*ret = m->base + f.begin;
	else if (sym_near(t, end - 1, &hit) && hit.name)
		*ret = hit.va;
	else
		return false;
	return *ret < end && end - *ret <= FUNCTION_BYTES;
}

// Without a sure start: decode from every byte of a window. Streams that begin inside an instruction fall into
// step after a few, so the start that most streams pass through is the true one.
static void by_vote(struct session *s, struct call *c, va_t end, size_t want, struct back *ret)
{
	size_t window = (size_t)MIN((uint64_t)(want + 2) * MAX_INSN, end);
	uint8_t *len = NEW_N(c->a, uint8_t, window + 1);
	bool *lands = NEW_N(c->a, bool, window + 1);
	uint32_t *votes = NEW_N(c->a, uint32_t, window + 1);
	lands[window] = true;
	for (size_t i = window; i-- > 0;) {
		struct insn in;
		uint8_t bytes[16];
		size_t n = insn_fetch(s->target, end - window + i, &in, bytes);
		len[i] = n && in.valid && i + in.len <= window ? (uint8_t)in.len : 0;
		lands[i] = len[i] && lands[i + len[i]];
	}
	for (size_t i = 0; i < window; i++) {
		votes[i] += lands[i];
		if (lands[i])
			votes[i + len[i]] += votes[i];
	}
	for (size_t at = window; ret->n < want;) {
		size_t best = SIZE_MAX;
		for (size_t back = 1; back <= MIN(at, (size_t)MAX_INSN); back++) {
			size_t i = at - back;
			if (lands[i] && i + len[i] == at && (best == SIZE_MAX || votes[i] > votes[best]))
				best = i;
		}
		if (best == SIZE_MAX)
			return;
		ret->at[ret->n++] = end - window + best;
		at = best;
	}
}

static void words_before(struct session *s, va_t end, size_t want, struct back *ret)
{
	for (va_t va = end; ret->n < want && va >= 4; va -= 4) {
		struct insn in;
		uint8_t bytes[16];
		if (insn_fetch(s->target, va - 4, &in, bytes) != 4)
			return;
		ret->at[ret->n++] = va - 4;
	}
}

static err_t unassemble_back(struct session *s, struct call *c, struct doc *out, const struct where *w)
{
	struct back b = { .n = 0 };
	va_t start;
	if (!w->count || w->count > MOST_BACK)
		return usage(c, "Range error: 1 to %x instructions", MOST_BACK);
	size_t want = (size_t)w->count;
	if (s->target->machine == MACHINE_ARM64) {
		words_before(s, w->at, want, &b);
	} else {
		if (function_start(s, w->at, &start))
			from_start(s, start, w->at, want, &b);
		// A function shorter than what was asked for does not answer all of it.
		if (b.n < want) {
			b.n = 0;
			by_vote(s, c, w->at, want, &b);
		}
		if (!b.n && function_start(s, w->at, &start))
			from_start(s, start, w->at, want, &b);
	}
	if (!b.n)
		return cmd_fail(c, E_ABSENT, w->at, "Unable to find valid previous instruction for '%s'", w->text);
	struct where forward = { .at = b.at[b.n - 1], .count = b.n };
	TRY(unassemble(s, c, out, &forward, true));
	s->next_u = b.at[b.n - 1]; // a bare ub goes on backwards from here
	return ok();
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	struct where w;
	TRY(parse(s, c, c->name[1] == 'b', &w));
	return w.back ? unassemble_back(s, c, out, &w) : unassemble(s, c, out, &w, c->name[1] == 'u');
}

static const struct schema *const rows[] = { &row_code_location, &row_insn, NULL };
const struct cmd cmd_u = {
	.names = "u ub uu",
	.group = "Memory and code",
	.args = "[ADDRESS | ADDRESS L COUNT | ADDRESS END]",
	.summary = "Disassemble",
	.help = "u             8 instructions from where the last u ended, at first from the instruction pointer\n"
		"u rip L20     20 (hex) instructions\n"
		"ub rip        the 8 instructions before an address; x86 code has no marks, so starts are tried until\n"
		"              decoding lands on the address\n"
		"uu ADDRESS    goes on across unreadable memory\n",
	.run = run,
	.rows = rows,
};

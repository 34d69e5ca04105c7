// SPDX-License-Identifier: Apache-2.0
// kernel_code.c: code in the dump that is not that of its image file: faulty memory, or somebody who writes into code.
// What the bucket and its fields are called: public outputs of 0x3B (MEMORY_CORRUPTION_LARGE, rce.wtf's report of
// CVE-2019-0892) and of 0x1A (MEMORY_CORRUPTION_ONE_BIT).
#include "arch/disasm.h"
#include "base/limits.h"
#include "target/image_diff.h"
#include "target/kernel.h"
#include "verdict/kernel_int.h"

#include <inttypes.h>
#include <string.h>

enum { LONGEST_INSN = 16, LONGEST_JUMP = 12, PADDING_JUMP = 5 };
struct damage {
	const struct kernel_case *c;
	const struct module *m; // the first one that is damaged
	const struct image_diff_run *first;
	uint64_t bytes, ignored; // of ignored: import calls
	size_t runs;
	bool at_fault, cut;
	uint32_t last, gap;
	bool even; // the runs lie at one distance
	va_t hook; // 0: none
};

// ---- what is no damage
// Windows rewrites such an image's code at places that the file lists, in ways that differ by version: load
// configuration (IMAGE_LOAD_CONFIG_DIRECTORY64), DynamicValueRelocTable and DynamicValueRelocTableOffset.
static bool is_rewritten(const struct pe *pe)
{
	enum { TABLE = 0xc0, OFFSET = 0xe0 };
	const struct pe_data_dir *d = &pe->dirs[PE_LOAD_CONFIG];
	uint8_t bytes[8];
	uint32_t size;
	if (!d->rva)
		return false;
	if (!pe_read_all(pe, d->rva, bytes, 4))
		return true;
	size = (uint32_t)le_get(bytes, 4);
	if (size >= TABLE + 8 && (!pe_read_all(pe, d->rva + TABLE, bytes, 8) || le_get(bytes, 8)))
		return true;
	return size >= OFFSET + 4 && (!pe_read_all(pe, d->rva + OFFSET, bytes, 4) || le_get(bytes, 4));
}

static size_t code_at(const struct damage *d, const struct module *m, uint32_t rva, uint8_t *buf, size_t n)
{
	return space_read_dump(d->c->s->target->space, m->base + rva, buf, n);
}

// The length of a jump out of the module; 0: there is none.
static uint32_t jump_out(const struct damage *d, const struct module *m, uint32_t rva)
{
	enum { REL32 = 5, INDIRECT = 6 };
	uint8_t b[LONGEST_JUMP] = { 0 };
	size_t n = code_at(d, m, rva, b, sizeof(b));
	uint64_t to;
	uint32_t length;
	if (n >= REL32 && b[0] == 0xe9) {
		length = REL32;
		to = m->base + rva + length + (uint64_t)(int64_t)(int32_t)le_get(b + 1, 4);
	} else if (n >= INDIRECT && b[0] == 0xff && b[1] == 0x25) {
		length = INDIRECT;
		va_t cell = m->base + rva + length + (uint64_t)(int64_t)(int32_t)le_get(b + 2, 4);
		if (!space_ptr(d->c->s->target->space, cell, 8, &to))
			return 0;
	} else if (n == LONGEST_JUMP && b[0] == 0x48 && b[1] == 0xb8 && b[10] == 0xff && b[11] == 0xe0) {
		length = LONGEST_JUMP;
		to = le_get(b + 2, 8);
	} else {
		return 0;
	}
	return to < m->base || to - m->base >= m->size ? length : 0;
}

static bool begins_function(const struct damage *d, const struct module *m, uint32_t rva)
{
	struct pe_function f;
	struct sym_hit h;
	if (!pe_function_at(m->pe, rva, &f).code)
		return f.begin == rva;
	return sym_near(d->c->s->target, m->base + rva, &h) && h.name && !h.disp;
}

// Somebody's hook: a jump out of the module where a function begins, or right before it, reached from its start (the
// room for hot patches).
static bool is_hook(const struct damage *d, const struct module *m, const struct image_diff_run *r)
{
	static const uint8_t back[] = { 0xeb, 0xf9 };
	uint32_t from = r->rva - MIN(r->rva, (uint32_t)LONGEST_JUMP), end = r->rva + r->n;
	for (uint32_t at = from; at <= r->rva + PADDING_JUMP; at++) {
		uint8_t start[2];
		if (!begins_function(d, m, at))
			continue;
		uint32_t n = at <= r->rva ? jump_out(d, m, at) : 0;
		if (n && end <= at + n)
			return true;
		if (at >= PADDING_JUMP && r->rva >= at - PADDING_JUMP && end <= at + sizeof(start) &&
		    code_at(d, m, at, start, sizeof(start)) == sizeof(start) && !memcmp(start, back, sizeof(back)) &&
		    jump_out(d, m, at - PADDING_JUMP) == PADDING_JUMP)
			return true;
	}
	return false;
}

static bool saves_state(const uint8_t *b)
{
	// By the opcode's extension: fxsave, fxrstor, xsave, xrstor, xsaveopt; xrstors, xsavec, xsaves.
	static const uint8_t of_ae = 1 | 1 << 1 | 1 << 4 | 1 << 5 | 1 << 6, of_c7 = 1 << 3 | 1 << 4 | 1 << 5;
	unsigned extension = b[2] >> 3 & 7;
	return b[0] == 0x0f && ((b[1] == 0xae && of_ae >> extension & 1) || (b[1] == 0xc7 && of_c7 >> extension & 1));
}

// The kernel puts the best instruction of the processor that saves its state in the place of that in the file (public
// outputs of !chkimg: nt!SwapContext_PatchXSave+2 [ 01:21 ]).
static bool is_state_patch(const struct damage *d, const struct module *m, const struct image_diff_run *r)
{
	enum { BYTES = 3 };
	uint8_t want[BYTES], have[BYTES];
	for (uint32_t back = 1; back < BYTES && r->rva >= back && back + r->n <= BYTES; back++)
		if (image_expected(m, true, r->rva - back, want, BYTES) == BYTES &&
		    code_at(d, m, r->rva - back, have, BYTES) == BYTES && saves_state(want) && saves_state(have) &&
		    (want[2] & 0xc7) == (have[2] & 0xc7))
			return true;
	return false;
}

// A kernel debugger's breakpoints stay in a dump. 4c to cc is one bit, too.
static bool is_breakpoint(const struct image_diff_run *r)
{
	return r->n == 1 && r->actual[0] == 0xcc;
}

// ---- the damage
static uint32_t insn_bytes(const struct kernel_case *c)
{
	uint8_t bytes[LONGEST_INSN];
	size_t n = space_read_dump(c->s->target->space, c->v->address, bytes, sizeof(bytes));
	struct insn in;
	insn_decode(c->s->target->machine, (struct span){ bytes, n }, c->v->address, NULL, NULL, &in);
	return in.valid && in.len ? in.len : 1;
}

static void add_run(struct damage *d, const struct module *m, const struct image_diff_run *r)
{
	va_t fault = d->c->v->address, at = m->base + r->rva;
	if (!d->runs) {
		d->m = m;
		d->first = r;
	}
	uint32_t gap = d->runs && d->m == m ? r->rva - d->last : 0;
	if (d->runs == 1)
		d->gap = gap;
	d->even = d->runs ? (d->runs == 1 || d->even) && gap && gap == d->gap : false;
	d->last = r->rva;
	d->runs++;
	d->bytes += r->n;
	d->at_fault = d->at_fault || (fault && at < fault + insn_bytes(d->c) && at + r->n > fault);
}

static bool one_bit_of(const struct damage *d)
{
	return d->bytes == 1 && one_bit(d->first->expected[0] ^ d->first->actual[0]);
}

// Only a file that is open already: none is fetched for this.
static void look(struct damage *d, struct arena *a, struct module *m)
{
	const struct image_diff_options o = { 0 };
	const struct image_diff *x;
	if (!m || m->image != IMAGE_FROM_FILE || image_diff(d->c->s, a, m, &o, &x).code ||
	    x->bytes > x->compared / 2) // not this module's file, or pages that were emptied
		return;
	struct damage before = *d;
	for (size_t i = 0; i < x->n; i++) {
		const struct image_diff_run *r = &x->runs[i];
		if (r->import_call)
			d->ignored += r->n;
		else if (is_hook(d, m, r))
			d->hook = d->hook ? d->hook : m->base + r->rva;
		else if (!is_breakpoint(r) && !is_state_patch(d, m, r))
			add_run(d, m, r);
	}
	d->cut = d->cut || x->cut;
	if (is_rewritten(m->pe) && d->runs != before.runs && !one_bit_of(d))
		*d = before;
}

// ---- the verdict
static const char *where(const struct kernel_case *c, va_t at)
{
	struct arena *a = c->s->arena;
	const char *symbol = sym_text(c->s->target, a, at);
	return symbol ? symbol : arena_printf(a, "%" PRIx64, at);
}

static void evidence(struct kernel_case *c, const struct damage *d, bool bit)
{
	struct arena *a = c->s->arena;
	const struct image_diff_run *r = d->first;
	const char *file = d->m->image_file, *at = where(c, d->m->base + r->rva);
	const char *command = arena_printf(a, "!chkimg -d%s %s", d->ignored ? " -np" : "", d->m->name);
	kernel_reason(&c->k->evidence,
		      bit ? arena_printf(a, "one bit of the code at %s is wrong: %02x in %s, %02x in the dump", at,
					 r->expected[0], path_base(file), r->actual[0])
			  : arena_printf(a, "%" PRIu64 "%s bytes of code differ from %s, the first at %s", d->bytes,
					 d->cut ? " or more" : "", path_base(file), at),
		      command);
	if (d->at_fault)
		kernel_reason(&c->k->evidence, "the damage is in the instruction that failed",
			      arena_printf(a, "u %" PRIx64 " L1", c->v->address));
	if (!bit)
		kernel_reason(&c->k->also,
			      "software that changes other code on purpose (protection, cheats, malware), not damage",
			      command);
	c->k->code_check = arena_printf(a, "!chkimg -lo 50 -d%s !%s", d->ignored ? " -np" : "", d->m->name);
}

static void judge(struct kernel_case *c, const struct damage *d)
{
	enum { FEW_RUNS = 3, BYTES_SEEN = 24 }; // the smallest count that a public output calls LARGE
	struct arena *a = c->s->arena;
	struct verdict *v = c->v;
	bool bit = one_bit_of(d), stride = !bit && d->even && d->runs >= FEW_RUNS && !d->cut;
	const char *word = bit ? "ONE_BIT" : stride ? "STRIDE" : "LARGE";
	if (bit)
		kernel_one_bit(c);
	kernel_field(c, "MEMORY_CORRUPTOR", word, false);
	if (!bit) {
		v->module_name = v->image_name = "memory_corruption";
		v->symbol_name = NULL;
		v->bucket = arena_printf(a, "MEMORY_CORRUPTION_%s", word);
	}
	v->confidence = d->at_fault ? VERDICT_HIGH : VERDICT_MEDIUM;
	v->why = arena_printf(a, "%s of %s in the dump is not that of its file%s",
			      bit ? "exactly one bit of the code" : "the code", kernel_image_name(c->s, d->m),
			      d->at_fault ? ", in the very instruction that failed" : "");
	// No public output tells what STRIDE is: several places at one distance is a reading of the word. Nor where
	// LARGE begins.
	c->unverified = c->unverified || stride || (!bit && d->bytes < BYTES_SEEN);
	c->erred = true;
	evidence(c, d, bit);
}

void kernel_code(struct kernel_case *c)
{
	struct target *t = c->s->target;
	if (c->v->module_name || c->rule->flags & RULE_REQUESTED || t->machine != MACHINE_X64)
		return;
	struct module *at = c->v->address && !c->other_stack ? target_module_at(t, c->v->address) : NULL;
	struct module *nt = target_module_at(t, t->kernel->base);
	struct arena *a = arena_new(LIMIT_COMMAND_MEMORY);
	struct damage d = { .c = c };
	look(&d, a, at);
	if (nt != at)
		look(&d, a, nt);
	if (d.runs)
		judge(c, &d);
	if (d.hook)
		kernel_reason(&c->k->also,
			      arena_printf(c->s->arena,
					   "whoever hooked %s: its code was changed into a jump out of its module",
					   where(c, d.hook)),
			      arena_printf(c->s->arena, "u %" PRIx64 " L1", d.hook));
	arena_free(a);
}

// SPDX-License-Identifier: Apache-2.0
// uf.c: a whole function: follows the control flow from its start and shows the basic blocks, each under its
// own location line. Where the image has unwind data, that says where the function and its separate parts are
// (Microsoft's "x64 exception handling": RUNTIME_FUNCTION, UNW_FLAG_CHAININFO).
#include "base/limits.h"
#include "cmd/insn.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

extern const struct cmd cmd_uf;

SCHEMA(function_call, "A call of a function (uf /c)", NULL, NULL, { "address", R_PTR, "of the call" },
       { "site", R_SYM, "its name" }, { "target", R_PTR, "what is called; null: not known" },
       { "name", R_SYM, "its name" }, { "text", R_STR, "the instruction, when the target is not known" });
static const struct layout call_known = { NULL, "  {site} ({address}):\n    call to {name} ({target})" },
			   call_unknown = { NULL, "  {site} ({address}):\n    unresolvable call: {text}" };
SCHEMA(function_start, "The function that uf /c lists", NULL, "{name} ({address})",
       { "address", R_PTR, "where it begins" }, { "name", R_SYM, "its name" });

struct node { // one instruction reached
	va_t va;
	uint8_t len;
	bool leader;  // a basic block begins here
	bool branch;  // "Branch" stands behind it
	bool ends;    // control does not go on to the next address
	bool is_call; // listed by /c
};
struct flow {
	struct session *s;
	struct arena *a;
	struct module *module;
	const struct pe *pe; // with function table; NULL: go by symbols
	va_t start;
	struct node *nodes;
	size_t n, cap;
	uint32_t *slots; // hash of va to node + 1
	size_t n_slots;
	va_t *todo;
	size_t n_todo, cap_todo;
	bool incomplete;
};

// ---- the set of instructions
static size_t slot_of(const struct flow *f, va_t va)
{
	size_t i = (size_t)(va * 0x9e3779b97f4a7c15 >> 20) & (f->n_slots - 1);
	while (f->slots[i] && f->nodes[f->slots[i] - 1].va != va)
		i = (i + 1) & (f->n_slots - 1);
	return i;
}

static struct node *find(const struct flow *f, va_t va)
{
	uint32_t at = f->slots[slot_of(f, va)];
	return at ? &f->nodes[at - 1] : NULL;
}

static void grow(struct flow *f)
{
	struct node *old = f->nodes;
	f->cap = f->cap ? f->cap * 2 : 256;
	f->nodes = NEW_N(f->a, struct node, f->cap);
	if (f->n)
		memcpy(f->nodes, old, f->n * sizeof(*old));
	f->n_slots = f->cap * 4;
	f->slots = NEW_N(f->a, uint32_t, f->n_slots);
	for (size_t i = 0; i < f->n; i++)
		f->slots[slot_of(f, f->nodes[i].va)] = (uint32_t)(i + 1);
}

static struct node *add(struct flow *f, va_t va)
{
	if (f->n == f->cap)
		grow(f);
	assert(f->nodes && f->slots);
	f->nodes[f->n] = (struct node){ .va = va };
	f->slots[slot_of(f, va)] = (uint32_t)(f->n + 1);
	return &f->nodes[f->n++];
}

static void push(struct flow *f, va_t va)
{
	if (f->n_todo == f->cap_todo) {
		va_t *old = f->todo;
		f->cap_todo = f->cap_todo ? f->cap_todo * 2 : 64;
		f->todo = NEW_N(f->a, va_t, f->cap_todo);
		if (f->n_todo)
			memcpy(f->todo, old, f->n_todo * sizeof(*old));
	}
	f->todo[f->n_todo++] = va;
}

// ---- what belongs to the function
// The begin of the first part of the function whose part covers rva. False: no unwind data.
static bool primary(const struct flow *f, uint32_t rva, uint32_t *ret)
{
	struct pe_function fn;
	if (!f->pe || pe_function_at(f->pe, rva, &fn).code)
		return false;
	for (unsigned i = 0; i < LIMIT_UNWIND_CHAIN && f->pe->machine == MACHINE_X64; i++) {
		uint8_t head[4], parent[12];
		if (!pe_read_all(f->pe, fn.unwind, head, sizeof(head)) || !(head[0] >> 3 & 4))
			break;
		uint32_t at = fn.unwind + 4 + 2 * ((head[2] + 1u) & ~1u); // behind an even number of codes
		if (!pe_read_all(f->pe, at, parent, sizeof(parent)))
			break;
		fn.begin = (uint32_t)le_get(parent, 4);
		fn.unwind = (uint32_t)le_get(parent + 8, 4);
	}
	*ret = fn.begin;
	return true;
}

static bool belongs(const struct flow *f, va_t to, bool conditional)
{
	struct target *t = f->s->target;
	struct sym_hit hit;
	uint32_t begin;
	if (!f->module || target_module_at(t, to) != f->module)
		return conditional && !f->module;
	if (primary(f, (uint32_t)(to - f->module->base), &begin))
		return f->module->base + begin == f->start;
	if (to == f->start)
		return true;
	// A jump to the start of a function is a call in tail position.
	return !sym_near(t, to, &hit) || !hit.name || hit.disp || conditional;
}

// ---- following the flow
static void jump(struct flow *f, struct node *n, const struct insn *in)
{
	bool conditional = in->kind == INSN_COND_JUMP;
	n->branch = true;
	n->ends = !conditional;
	if (in->has_target && belongs(f, in->target, conditional)) {
		push(f, in->target);
	} else if (!in->has_target) {
		// jmp [import] leaves the function; jmp [table+reg*8] and jmp reg stay where nobody can see.
		const struct insn_mem *m = &in->mem;
		bool fixed = m->present && m->base < 0 && m->index < 0;
		f->incomplete = f->incomplete || !fixed;
	}
	if (conditional)
		push(f, n->va + n->len);
}

static err_t follow(struct flow *f, va_t from)
{
	for (va_t va = from;;) {
		struct insn in;
		uint8_t bytes[16];
		TRY(session_poll(f->s));
		struct node *n = find(f, va);
		if (n) {
			n->leader = n->leader || va == from;
			return ok();
		}
		if (f->n >= LIMIT_FUNCTION_INSNS) {
			f->incomplete = true;
			return ok();
		}
		size_t size = insn_fetch(f->s->target, va, &in, bytes);
		if (!size || !in.valid) {
			f->incomplete = true;
			return ok();
		}
		n = add(f, va);
		n->len = (uint8_t)size;
		n->leader = va == from;
		n->is_call = in.kind == INSN_CALL;
		n->ends = in.kind == INSN_RET || in.kind == INSN_TRAP;
		if (in.kind == INSN_JUMP || in.kind == INSN_COND_JUMP)
			jump(f, n, &in);
		if (n->ends || n->branch)
			return ok();
		va += size;
		struct sym_hit hit;
		// Falling into the next function: its call does not return.
		if (sym_near(f->s->target, va, &hit) && hit.name && !hit.disp && !belongs(f, va, false))
			return ok();
	}
}

static err_t explore(struct flow *f, va_t start)
{
	push(f, start);
	while (f->n_todo)
		TRY(follow(f, f->todo[--f->n_todo]));
	return ok();
}

static err_t find_start(struct session *s, struct flow *f, va_t va)
{
	struct sym_hit hit;
	uint32_t begin;
	f->module = target_module_at(s->target, va);
	f->start = va;
	if (f->module && s->target->machine != MACHINE_X86 && target_module_pe(s->target, f->module, &f->pe).code)
		f->pe = NULL;
	if (f->module && primary(f, (uint32_t)(va - f->module->base), &begin)) {
		f->start = f->module->base + begin;
		return explore(f, f->start);
	}
	f->pe = NULL;
	if (!sym_near(s->target, va, &hit) || !hit.name || hit.va == va)
		return explore(f, va);
	// The symbol below may be another function: it is the right one when its flow comes by.
	f->start = hit.va;
	TRY(explore(f, hit.va));
	if (find(f, va))
		return ok();
	f->n = f->cap = 0;
	grow(f);
	f->incomplete = false;
	f->start = va;
	return explore(f, va);
}

// ---- showing it
static int by_address(const void *a, const void *b)
{
	const struct node *x = a, *y = b;
	return x->va < y->va ? -1 : x->va > y->va;
}

static void show_node(struct flow *f, struct call *c, struct doc *out, const struct node *n, bool head, bool first)
{
	struct insn in;
	uint8_t bytes[16];
	if (head && !first)
		doc_text(out, "");
	if (head)
		insn_emit_location(f->s, c, out, n->va);
	size_t size = insn_fetch(f->s->target, n->va, &in, bytes);
	insn_emit(f->s, c, out, n->va, &in, bytes, size, NULL, n->branch ? "Branch" : NULL);
}

static void show_blocks(struct flow *f, struct call *c, struct doc *out, size_t from, size_t to, bool *first)
{
	for (size_t i = from; i < to; i++) {
		const struct node *n = &f->nodes[i], *before = i > from ? n - 1 : NULL;
		bool head = n->leader || !before || before->va + before->len != n->va;
		show_node(f, c, out, n, head, *first);
		*first = false;
	}
}

static void show_call(struct flow *f, struct call *c, struct doc *out, const struct node *n)
{
	struct target *t = f->s->target;
	struct insn in;
	uint8_t bytes[16];
	va_t to = 0;
	insn_fetch(t, n->va, &in, bytes);
	bool known = in.has_target;
	if (known)
		to = in.target;
	else if (in.mem.present && in.mem.base < 0 && in.mem.index < 0)
		known = space_ptr(t->space, (va_t)in.mem.disp, t->ptr_bytes, &to);
	ROW_AS(out, function_call, known ? &call_known : &call_unknown, V(n->va),
	       VS(sym_text_or_number(t, c->a, n->va)), V_IF(known, to),
	       VS(known ? sym_text_or_number(t, c->a, to) : NULL),
	       VS(arena_printf(c->a, "%-7s %s", in.mnemonic, in.operands)));
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	bool calls = false, count = false, sorted = false;
	static const char *const ignored[] = { "/D", "/m", "/O" };
	for (bool more = true; more;) {
		more = false;
		for (size_t i = 0; i < ARRAY_LEN(ignored); i++)
			more = arg_switch(c, ignored[i]) || more;
		if (arg_switch(c, "/c"))
			more = calls = true;
		if (arg_switch(c, "/i"))
			more = count = true;
		if (arg_switch(c, "/o"))
			more = sorted = true;
	}
	va_t va = 0;
	if (!arg_end(c))
		TRY(arg_expr(c, &va));
	else if (s->regs_known)
		va = reg_get(&s->regs, reg_pc(s->target->machine));
	TRY(arg_done(c));
	if (s->target->ptr_bytes == 4)
		va &= UINT32_MAX;
	struct flow f = { .s = s, .a = c->a };
	grow(&f);
	TRY(find_start(s, &f, va));
	if (!f.n)
		return cmd_fail(c, E_ABSENT, va, "No code found, aborting");
	if (f.incomplete)
		doc_note(out, NOTE_WARNING, "code.incomplete_flow",
			 "Flow analysis was incomplete, some code may be missing");
	qsort(f.nodes, f.n, sizeof(*f.nodes), by_address);
	size_t entry = 0;
	while (!sorted && entry < f.n && f.nodes[entry].va < f.start)
		entry++;
	if (count)
		doc_note(out, NOTE_INFO, "code.instructions", "%zu instructions scanned", f.n);
	if (calls) {
		ROW(out, function_start, V(f.start), VS(sym_text_or_number(s->target, c->a, f.start)));
		for (size_t i = 0; i < f.n; i++)
			if (f.nodes[(entry + i) % f.n].is_call)
				show_call(&f, c, out, &f.nodes[(entry + i) % f.n]);
		return ok();
	}
	bool first = true;
	show_blocks(&f, c, out, entry, f.n, &first);
	show_blocks(&f, c, out, 0, entry, &first); // parts that lie below the function's start
	return ok();
}

static const struct schema *const rows[] = { &row_code_location, &row_insn, &function_start, &function_call, NULL };
const struct cmd cmd_uf = {
	.names = "uf",
	.group = "Memory and code",
	.args = "[/c] [/i] [/o] [ADDRESS]",
	.summary = "Disassemble a function, block by block",
	.help = "uf ADDRESS     the function that holds the address\n"
		"uf /c ADDRESS  its calls only\n"
		"uf /o ADDRESS  by address; else parts below the function's start come last\n"
		"uf /i ADDRESS  says first how many instructions there are\n",
	.run = run,
	.rows = rows,
};

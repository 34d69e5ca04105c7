// SPDX-License-Identifier: Apache-2.0
// locals.c: from recorded places to addresses and bytes.
#include "value/locals.h"

#include "base/limits.h"

#include <string.h>

enum { VECTOR_BYTES = 16, NUMBER_BYTES = 8 };

struct collect {
	struct session *s;
	struct arena *a;
	struct module *m;
	struct symbols *symbols;
	struct type_source *types;
	const struct frame *f;      // NULL: an address alone
	const struct regs *vectors; // of the frame that was interrupted; NULL: not known
	bool vframe_known;
	va_t vframe;
	struct locals *ret;
	size_t cap;
};

err_t stack_frame(struct session *s, struct arena *a, size_t number, struct frame *ret)
{
	struct regs r;
	struct stack st;
	TRY(session_known_regs(s, &r));
	const struct thread *th = s->thread < s->target->n_threads ? &s->target->threads[s->thread] : NULL;
	size_t max = MIN(number, (size_t)LIMIT_FRAMES - 1) + 1;
	TRY(stack_walk(s, th, &r, max, a, &st));
	if (!s->no_inlines)
		stack_inlines(s, a, &st, max, &st);
	if (number >= st.n)
		return fail(E_NOTFOUND, "there is no such frame", number);
	*ret = st.frames[number];
	return ok();
}

static uint32_t lookup_rva(const struct collect *c)
{
	return (uint32_t)((c->f->exact_ip ? c->f->ip : c->f->ip - 1) - c->m->base);
}

// x86's virtual frame is $T0 of the function's FrameData program: where the return address lies, or the saved ebp
// below it.
static void find_vframe(struct collect *c, uint32_t rva)
{
	struct sym_frame fr;
	if (c->s->target->machine != MACHINE_X86 || !c->f->fp || !c->symbols->provider->frame ||
	    !c->symbols->provider->frame(c->symbols, rva, &fr) || fr.kind != SYM_FRAME_PROGRAM || !fr.program)
		return;
	c->vframe_known = true;
	c->vframe = (uint32_t)(c->f->fp + (strstr(fr.program, ".raSearch") ? 4 : 0));
}

static bool reg_value(const struct collect *c, unsigned reg, uint64_t *ret)
{
	if (!c->f)
		return false;
	if (reg == SYM_REG_VFRAME) {
		*ret = c->vframe;
		return c->vframe_known;
	}
	if (reg >= REGS_MAX || !(c->f->regs.known >> reg & 1))
		return false;
	*ret = c->f->regs.r[reg];
	return true;
}

// The bytes of a place, at most n; 0: not known.
static size_t place_bytes(const struct collect *c, const struct sym_place *p, uint8_t *buf, size_t n)
{
	uint64_t v;
	const struct regs *vec = c->vectors;
	switch (p->where) {
	case LOCAL_REGISTER:
		if (p->reg >= SYM_REG_VECTOR && p->reg < SYM_REG_VECTOR + VREGS_MAX) {
			unsigned i = p->reg - SYM_REG_VECTOR;
			if (!vec || !(vec->vknown >> i & 1))
				return 0;
			n = MIN(n, MIN((size_t)p->reg_bytes, (size_t)VECTOR_BYTES));
			memcpy(buf, vec->v[i], n);
			return n;
		}
		if (!reg_value(c, p->reg, &v))
			return 0;
		n = MIN(n, MIN((size_t)p->reg_bytes, (size_t)NUMBER_BYTES));
		v >>= p->reg_shift;
		for (size_t i = 0; i < n; i++)
			buf[i] = (uint8_t)(v >> 8 * i);
		return n;
	case LOCAL_MEMORY:
		return !p->unbuilt && reg_value(c, p->reg, &v) &&
				       space_read_all(c->s->target->space, v + (uint64_t)p->offset, buf, n)
			       ? n
			       : 0;
	case LOCAL_VALUE:
		n = MIN(n, (size_t)NUMBER_BYTES);
		for (size_t i = 0; i < n; i++)
			buf[i] = (uint8_t)(p->value >> 8 * i);
		return n;
	default:
		return 0;
	}
}

struct member_end {
	uint64_t at, size;
	struct type_source *types;
};

static bool member_here(void *ctx, const struct type_member *m)
{
	struct member_end *w = ctx;
	struct type t;
	if (m->kind != MEMBER_DATA || m->offset != w->at || !type_get(w->types, m->type, &t))
		return true;
	w->size = t.size;
	return false;
}

// Pieces joined from the front; what follows the first hole is left out.
static void join(struct collect *c, const struct sym_local *l, struct local *v)
{
	size_t size = v->has_type ? (size_t)MIN(v->type.size, (uint64_t)LIMIT_LOCAL_BYTES) : 0, end = 0;
	uint8_t *buf = size ? NEW_N(c->a, uint8_t, size) : NULL;
	for (bool more = true; more && end < size;) {
		more = false;
		for (size_t i = 0; i < l->n_pieces; i++) {
			const struct sym_place *p = &l->pieces[i];
			if (p->at != end)
				continue;
			struct member_end m = { end, size - end, c->types };
			type_members(&v->type, member_here, &m);
			size_t got = place_bytes(c, p, buf + end, (size_t)MIN(m.size, (uint64_t)(size - end)));
			end += got;
			more = got != 0;
			break;
		}
	}
	if (end)
		v->bytes = (struct span){ buf, end };
	else
		v->why = "its pieces are not available here";
}

static void resolve(struct collect *c, const struct sym_local *l, struct local *v)
{
	const struct sym_place *p = &l->place;
	uint64_t base;
	switch (p->where) {
	case LOCAL_STATIC:
		v->in_memory = true;
		v->va = c->m->base + p->rva;
		break;
	case LOCAL_MEMORY:
		if (p->unbuilt) {
			v->why = "the function has not built its frame yet at this address";
			break;
		}
		v->in_memory = reg_value(c, p->reg, &base);
		v->va = v->in_memory ? base + (uint64_t)p->offset : 0;
		if (c->s->target->ptr_bytes == 4)
			v->va = (uint32_t)v->va;
		if (!v->in_memory)
			v->why = "the register it lies relative to is not known in this frame";
		break;
	case LOCAL_REGISTER:
	case LOCAL_VALUE: {
		uint8_t *buf = NEW_N(c->a, uint8_t, VECTOR_BYTES);
		size_t n = v->has_type && v->type.size ? (size_t)MIN(v->type.size, (uint64_t)VECTOR_BYTES)
						       : MAX((size_t)p->reg_bytes, (size_t)1);
		v->bytes = (struct span){ buf, place_bytes(c, p, buf, n) };
		if (!v->bytes.n)
			v->why = "the register is not known in this frame";
		break;
	}
	case LOCAL_PIECES:
		join(c, l, v);
		break;
	default:
		v->why = "it is not available at this address";
		break;
	}
}

struct enumerator {
	const char *name;
	bool found;
};

static bool is_enumerator(void *ctx, const struct type_member *m)
{
	struct enumerator *w = ctx;
	w->found = m->kind == MEMBER_ENUMERATOR && m->name && str_eq(m->name, w->name);
	return !w->found;
}

// For debuggers that know no ranges Microsoft's compiler records the variables of optimised code a second time, in one
// place throughout, where they are at times, or never were. Only the ranges are true.
static bool is_old_form(const struct local *o, const struct local *v)
{
	return o->by_range && !v->by_range && o->scope == v->scope && v->scope != SYM_NO_SCOPE &&
	       v->where != LOCAL_STATIC && v->where != LOCAL_VALUE;
}

// Compilers record one variable twice (S_LOCAL without a place, then the place), and the constants of local enums.
static bool is_repeated(struct collect *c, const struct local *v)
{
	struct enumerator w = { v->name, false };
	if (v->where == LOCAL_VALUE && v->has_type && v->type.kind == TYPE_ENUM)
		type_members(&v->type, is_enumerator, &w);
	for (size_t i = 0; i < c->ret->n && !w.found; i++) {
		struct local *o = &c->ret->list[i];
		bool same = str_eq(o->name, v->name) && o->has_type == v->has_type && o->type.id == v->type.id;
		bool same_place = o->where == v->where && o->va == v->va && o->in_memory == v->in_memory;
		if (same && is_old_form(o, v))
			return true;
		if (!same || (!same_place && o->where != LOCAL_GONE && v->where != LOCAL_GONE))
			continue;
		bool param = o->is_param || v->is_param;
		if (o->where == LOCAL_GONE)
			*o = *v;
		o->is_param = param;
		return true;
	}
	return w.found;
}

static bool add(void *ctx, const struct sym_local *l)
{
	struct collect *c = ctx;
	struct local v = { .name = l->name,
			   .is_param = l->is_param,
			   .is_static = l->is_static,
			   .by_range = l->by_range,
			   .scope = l->scope,
			   .where = l->place.where,
			   .reg_name = l->place.reg_name,
			   .offset = l->place.offset };
	v.has_type = c->types && type_get(c->types, l->type, &v.type);
	resolve(c, l, &v);
	if (is_repeated(c, &v))
		return true;
	if (c->ret->n == c->cap) {
		size_t cap = MAX(c->cap * 2, (size_t)16);
		struct local *bigger = NEW_N(c->a, struct local, cap);
		if (c->cap)
			memcpy(bigger, c->ret->list, c->cap * sizeof(*bigger));
		c->ret->list = bigger;
		c->cap = cap;
	}
	c->ret->list[c->ret->n++] = v;
	return c->ret->n < LIMIT_LOCALS && !session_poll(c->s).code;
}

static void gather(struct collect *c, uint32_t rva, unsigned inline_depth)
{
	c->symbols = sym_load(c->s->target, c->m);
	if (!c->symbols || !c->symbols->provider->locals)
		return;
	c->ret->has_symbols = c->symbols->state == SYM_PRIVATE || c->symbols->provider->state == SYM_PRIVATE;
	c->types = c->symbols->provider->types ? c->symbols->provider->types(c->symbols) : NULL;
	if (c->f)
		find_vframe(c, rva);
	c->symbols->provider->locals(c->symbols, rva, inline_depth, add, c);
}

void locals_of(struct session *s, struct arena *a, const struct frame *f, struct locals *ret)
{
	struct collect c = { .s = s, .a = a, .m = f->module, .f = f, .ret = ret };
	const struct regs *r;
	*ret = (struct locals){ .function = f->function };
	if (!f->module)
		return;
	// Frames keep general registers; the session has the others of the frame that was interrupted.
	if (f->trust == TRUST_CONTEXT && !session_regs(s, &r).code)
		c.vectors = r;
	gather(&c, lookup_rva(&c), f->inline_depth);
}

void locals_at(struct session *s, struct arena *a, va_t va, struct locals *ret)
{
	struct collect c = { .s = s, .a = a, .m = target_module_at(s->target, va), .ret = ret };
	*ret = (struct locals){ 0 };
	if (c.m && va - c.m->base <= UINT32_MAX)
		gather(&c, (uint32_t)(va - c.m->base), 0);
}

const struct local *locals_named(const struct locals *l, const char *name, size_t n)
{
	for (int blind = 0; blind < 2; blind++) {
		for (size_t i = l->n; i-- > 0;) {
			const char *have = l->list[i].name;
			if (strlen(have) == n && (blind ? str_ieqn(have, name, n) : memcmp(have, name, n) == 0))
				return &l->list[i];
		}
	}
	return NULL;
}

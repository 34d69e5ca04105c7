// SPDX-License-Identifier: Apache-2.0
// pdb_fields.c: what field lists hold: members, base classes, methods, enumerators. Layouts: microsoft-pdb's cvinfo.h.
#include "pdb/tpi_int.h"

enum { PROP_VIRTUAL = 1, PROP_STATIC = 2, PROP_FRIEND = 3, PROP_INTRO = 4, PROP_PURE = 5, PROP_PURE_INTRO = 6 };

struct fields {
	struct pdb_types *s;
	bool (*fn)(void *ctx, const struct type_member *m);
	void *ctx;
	unsigned n;
	uint32_t next; // list that continues this one
	bool stop;
};

static void give(struct fields *f, const struct type_member *m)
{
	if (++f->n > LIMIT_PDB_FIELDS || !f->fn(f->ctx, m))
		f->stop = true;
}

static uint8_t access_of(uint32_t attr)
{
	return attr & 3;
}

static void set_method(struct type_member *m, uint32_t attr, struct rd *r)
{
	unsigned prop = attr >> 2 & 7;
	m->access = access_of(attr);
	m->is_virtual = prop == PROP_VIRTUAL || prop >= PROP_INTRO;
	m->intro_virtual = prop == PROP_INTRO || prop == PROP_PURE_INTRO;
	m->is_static = prop == PROP_STATIC;
	m->is_pure = prop == PROP_PURE || prop == PROP_PURE_INTRO;
	m->offset = m->intro_virtual ? rd_u32(r) : 0;
}

static void give_overloads(struct fields *f, uint32_t list, const char *name)
{
	struct rd r = rd_at(tpi_record(f->s->p, f->s->t, list), 0);
	if (rd_u16(&r) != LF_METHODLIST)
		return;
	while (rd_left(&r) >= 8 && !f->stop) {
		struct type_member m = { .kind = MEMBER_METHOD, .name = name };
		uint32_t attr = rd_u32(&r);
		m.type = rd_u32(&r);
		set_method(&m, attr, &r);
		if (!r.bad)
			give(f, &m);
	}
}

static void read_base(struct rd *r, uint16_t leaf, struct type_member *m)
{
	m->access = access_of(rd_u16(r));
	m->type = rd_u32(r);
	if (leaf == LF_BCLASS || leaf == LF_BINTERFACE) {
		m->kind = MEMBER_BASE;
		m->offset = tpi_number(r).v;
		return;
	}
	m->kind = leaf == LF_VBCLASS ? MEMBER_VBASE : MEMBER_INDIRECT_VBASE;
	rd_skip(r, 4); // type of the pointer to the table
	m->offset = tpi_number(r).v;
	m->value = (int64_t)tpi_number(r).v;
}

static void read_named(struct rd *r, uint16_t leaf, struct type_member *m)
{
	m->access = access_of(rd_u16(r));
	if (leaf == LF_ENUMERATE) {
		struct tpi_number v = tpi_number(r);
		m->kind = MEMBER_ENUMERATOR;
		m->value = (int64_t)v.v;
		m->value_unsigned = v.is_unsigned;
	} else {
		m->type = rd_u32(r);
		m->kind = leaf == LF_MEMBER ? MEMBER_DATA : leaf == LF_STMEMBER ? MEMBER_STATIC : MEMBER_NESTED;
		m->is_static = leaf == LF_STMEMBER;
	}
	if (leaf == LF_MEMBER)
		m->offset = tpi_number(r).v;
	if (leaf == LF_NESTTYPE)
		m->access = 0;
	m->name = tpi_text(r);
}

// One field; false when its length is unknown.
static bool read_field(struct fields *f, struct rd *r)
{
	uint16_t leaf = rd_u16(r);
	struct type_member m = { .kind = MEMBER_METHOD };
	switch (leaf) {
	case LF_BCLASS:
	case LF_BINTERFACE:
	case LF_VBCLASS:
	case LF_IVBCLASS:
		read_base(r, leaf, &m);
		break;
	case LF_ENUMERATE:
	case LF_MEMBER:
	case LF_STMEMBER:
	case LF_NESTTYPE:
	case LF_NESTTYPEEX:
		read_named(r, leaf, &m);
		break;
	case LF_ONEMETHOD: {
		uint32_t attr = rd_u16(r);
		m.type = rd_u32(r);
		set_method(&m, attr, r);
		m.name = tpi_text(r);
		break;
	}
	case LF_METHOD: {
		rd_skip(r, 2);
		uint32_t list = rd_u32(r);
		const char *name = tpi_text(r);
		if (!r->bad)
			give_overloads(f, list, name);
		return !r->bad;
	}
	case LF_VFUNCTAB:
	case LF_VFUNCOFF:
		rd_skip(r, 2);
		m.kind = MEMBER_VFPTR;
		m.type = rd_u32(r);
		m.offset = leaf == LF_VFUNCOFF ? rd_u32(r) : 0;
		break;
	case LF_INDEX:
		rd_skip(r, 2);
		f->next = rd_u32(r);
		return !r->bad;
	case LF_FRIENDCLS:
		rd_skip(r, 6);
		return !r->bad;
	case LF_FRIENDFCN:
		rd_skip(r, 6);
		return tpi_text(r);
	default:
		return false;
	}
	if (!r->bad)
		give(f, &m);
	return !r->bad;
}

static void read_list(struct fields *f, uint32_t list)
{
	struct pdb *p = f->s->p;
	struct rd r = rd_at(tpi_record(p, f->s->t, list), 0);
	if (rd_u16(&r) != LF_FIELDLIST)
		return;
	while (rd_left(&r) && !f->stop) {
		uint8_t pad = r.s.p[r.pos]; // fields are aligned with bytes f3 f2 f1
		if (pad > LF_PAD0) {
			rd_skip(&r, MIN(pad & 15u, rd_left(&r)));
			continue;
		}
		if (rd_left(&r) >= 2 && !read_field(f, &r)) {
			pdb_damaged(p, fail(E_CORRUPT, "a field list of the PDB's types is damaged", list));
			return;
		}
		if (rd_left(&r) == 1)
			return;
	}
}

void tpi_fields(struct pdb_types *s, uint32_t list, bool (*fn)(void *ctx, const struct type_member *m), void *ctx)
{
	struct fields f = { .s = s, .fn = fn, .ctx = ctx };
	uint32_t mark = list;
	unsigned power = 1;
	for (unsigned n = 1; list && !f.stop && n <= LIMIT_PDB_FIELD_LISTS; n++) {
		f.next = 0;
		read_list(&f, list);
		list = f.next;
		if (list == mark) { // they go in a circle
			pdb_damaged(s->p, fail(E_CORRUPT, "a field list of the PDB's types contains itself", list));
			return;
		}
		if (n == power) {
			mark = list;
			power *= 2;
		}
	}
}

// SPDX-License-Identifier: Apache-2.0
// pdb_locals.c: parameters and locals in scope at an address, and where they are there. Record layouts:
// microsoft-pdb's cvinfo.h.
#include "base/str.h"
#include "pdb/scopes.h"

enum {
	IS_PARAM = 1,    // CV_LVARFLAGS
	SPILLED_UDT = 1, // S_DEFRANGE_REGISTER_REL: the place is that of a member
	X86_EBX = 20,    // CodeView's register numbers
	X86_EBP = 22,
	X64_RBP_CV = 334,
	X64_RSP_CV = 335,
	X64_R13_CV = 341,
	ARM64_X19 = 69,
	ARM64_FP = 79,
	ARM64_SP = 81,
	MACHINE_X86 = 0x14c,
	MACHINE_X64 = 0x8664,
	MACHINE_ARM64 = 0xaa64,
};

struct walk {
	struct pdb *p;
	struct pdb_module *m;
	struct sym_row *f;
	uint32_t linked;
	uint32_t sites;                // inlined calls met so far
	uint32_t wanted;               // the one whose locals are asked for; UINT32_MAX: the function
	uint16_t local_reg, param_reg; // frame registers
	unsigned params_left;          // parameters that are recorded without saying so
	struct pdb_local var;          // an open S_LOCAL: its places follow
	bool open, settled, full;      // settled: a place of the whole variable is known; full: one for its whole scope
	bool in_prolog;                // the function's frame is not built yet
	uint32_t inside, skip;         // scopes open: that hold the address; that do not
	uint32_t scopes[LIMIT_PDB_BLOCKS]; // numbers of those that hold the address, outermost first
	uint32_t n_scopes;                 // met so far
	bool stop;
	bool (*fn)(void *ctx, const struct pdb_local *l);
	void *ctx;
};

static uint32_t field(struct span r, size_t off, unsigned n)
{
	return off + n <= r.n ? (uint32_t)le_get(r.p + off, n) : 0;
}

static const char *name_at(struct span r, size_t off)
{
	return off < r.n && memchr(r.p + off, 0, r.n - off) ? (const char *)r.p + off : NULL;
}

// S_FRAMEPROC names the frame registers in two bits each, with a meaning for each machine.
static uint16_t frame_register(const struct pdb *p, uint32_t code)
{
	static const uint16_t x86[] = { 0, PDB_VFRAME, X86_EBP, X86_EBX };
	static const uint16_t x64[] = { 0, X64_RSP_CV, X64_RBP_CV, X64_R13_CV };
	static const uint16_t arm64[] = { 0, ARM64_SP, ARM64_FP, ARM64_X19 };
	switch (p->id.machine) {
	case MACHINE_X86:
		return x86[code & 3];
	case MACHINE_X64:
		return x64[code & 3];
	case MACHINE_ARM64:
		return arm64[code & 3];
	default:
		return 0;
	}
}

static void finish(struct walk *w)
{
	if (w->open && w->var.name) {
		if (!w->var.n)
			w->var.places[w->var.n++] = (struct pdb_place){ .where = PDB_GONE };
		w->stop |= !w->fn(w->ctx, &w->var);
	}
	w->open = false;
}

// Does the range at `off` of a record hold the address, outside its gaps?
static bool covers(const struct walk *w, struct span r, size_t off)
{
	uint32_t start, len = field(r, off + 6, 2);
	if (off + 8 > r.n || !pdb_place(w->p, field(r, off + 4, 2), field(r, off, 4), &start) || w->linked < start ||
	    w->linked - start >= len)
		return false;
	for (size_t at = off + 8; at + 4 <= r.n; at += 4) {
		uint32_t gap = field(r, at, 2), size = field(r, at + 2, 2);
		if (w->linked - start >= gap && w->linked - start - gap < size)
			return false;
	}
	return true;
}

// The first place of the whole variable counts, one for this address before one for the whole scope: that is where the
// variable comes to be, too, when a register holds it. Pieces are gathered until there is one.
enum part { WHOLE, WHOLE_SCOPE, PIECE };

static void add_place(struct walk *w, struct pdb_place place, enum part part)
{
	if (!w->open || w->settled || (place.where == PDB_MEMORY && !place.reg) || (w->full && part != WHOLE))
		return;
	if (part != PIECE) {
		w->var.n = 0;
		w->var.in_pieces = false;
		w->settled = part == WHOLE;
		w->full = true;
	} else {
		w->var.in_pieces = true;
		for (size_t i = 0; i < w->var.n; i++)
			if (w->var.places[i].at == place.at)
				return;
	}
	if (w->var.n < PDB_PIECES)
		w->var.places[w->var.n++] = place;
}

// x86's virtual frame is found whatever has been pushed.
static bool is_unbuilt(const struct walk *w, uint16_t reg)
{
	return w->in_prolog && reg != PDB_VFRAME;
}

static void add_range(struct walk *w, uint32_t kind, struct span r)
{
	struct pdb_place p = { .where = PDB_MEMORY, .reg = w->var.is_param ? w->param_reg : w->local_reg };
	switch (kind) {
	case S_DEFRANGE_REGISTER:
		p.where = PDB_REGISTER;
		p.reg = (uint16_t)field(r, 4, 2);
		if (covers(w, r, 8))
			add_place(w, p, WHOLE);
		break;
	case S_DEFRANGE_SUBFIELD_REGISTER:
		p.where = PDB_REGISTER;
		p.reg = (uint16_t)field(r, 4, 2);
		p.at = field(r, 8, 4) & 0xfff;
		if (covers(w, r, 12))
			add_place(w, p, PIECE);
		break;
	case S_DEFRANGE_FRAMEPOINTER_REL:
		p.offset = (int32_t)field(r, 4, 4);
		p.unbuilt = is_unbuilt(w, p.reg);
		if (covers(w, r, 8))
			add_place(w, p, WHOLE);
		break;
	case S_DEFRANGE_FRAMEPOINTER_REL_FULL_SCOPE:
		p.offset = (int32_t)field(r, 4, 4);
		p.unbuilt = is_unbuilt(w, p.reg);
		if (r.n >= 8)
			add_place(w, p, WHOLE_SCOPE);
		break;
	case S_DEFRANGE_REGISTER_REL:
		p.reg = (uint16_t)field(r, 4, 2);
		p.at = field(r, 6, 2) >> 4;
		p.offset = (int32_t)field(r, 8, 4);
		if (covers(w, r, 12))
			add_place(w, p, (field(r, 6, 2) & SPILLED_UDT) || p.at ? PIECE : WHOLE);
		break;
	default: // S_DEFRANGE, S_DEFRANGE_SUBFIELD: a program that no compiler writes
		break;
	}
}

static uint32_t scope(const struct walk *w)
{
	return w->inside && w->inside <= ARRAY_LEN(w->scopes) ? w->scopes[w->inside - 1] : PDB_NO_SCOPE;
}

static void go_in(struct walk *w)
{
	if (w->inside < ARRAY_LEN(w->scopes))
		w->scopes[w->inside] = w->n_scopes;
	w->n_scopes++;
	w->inside++;
}

static void start_local(struct walk *w, struct span r, uint32_t flags, size_t name)
{
	w->var = (struct pdb_local){ .name = name_at(r, name),
				     .type = field(r, 4, 4),
				     .is_param = flags & IS_PARAM,
				     .by_range = true,
				     .scope = scope(w) };
	w->open = true;
	w->settled = w->full = false;
}

// A record that holds the variable and its place. Old records do not say what is a parameter: those come first.
static void add_whole(struct walk *w, struct span r, uint32_t type, size_t name, struct pdb_place place)
{
	w->var = (struct pdb_local){
		.name = name_at(r, name), .type = type, .places = { place }, .n = 1, .scope = scope(w)
	};
	w->var.places[0].unbuilt = place.where == PDB_MEMORY && is_unbuilt(w, place.reg);
	if (place.where == PDB_MEMORY || place.where == PDB_REGISTER) {
		// The hidden pointer to the result is recorded among the parameters and is none of the type's.
		bool hidden = w->var.name && str_eq(w->var.name, "__$ReturnUdt");
		w->var.is_param = hidden || w->params_left;
		w->params_left -= !hidden && w->params_left;
	}
	w->open = true;
	finish(w);
}

// A number that is a u16, or a leaf that says how wide it is and the number behind it.
static size_t numeric(struct span r, size_t off, uint64_t *ret)
{
	static const uint8_t sizes[] = { 1, 2, 2, 4, 4, 0, 0, 0, 0, 8, 8 }; // LF_CHAR on
	uint32_t v = field(r, off, 2);
	*ret = v;
	if (v < 0x8000)
		return off + 2;
	unsigned n = v - 0x8000 < ARRAY_LEN(sizes) ? sizes[v - 0x8000] : 0;
	if (!n || off + 2 + n > r.n)
		return SIZE_MAX;
	*ret = le_get(r.p + off + 2, n);
	if ((v == 0x8000 || v == 0x8001 || v == 0x8003) && *ret >> (8 * n - 1)) // LF_CHAR, LF_SHORT, LF_LONG
		*ret |= UINT64_MAX << (8 * n);
	return off + 2 + n;
}

static void add_variable(struct walk *w, uint32_t kind, struct span r)
{
	struct pdb_place p = { .where = PDB_MEMORY };
	size_t name;
	switch (kind) {
	case S_LOCAL:
		start_local(w, r, field(r, 8, 2), 10);
		break;
	case S_FILESTATIC:
		start_local(w, r, field(r, 12, 2) & ~(uint32_t)IS_PARAM, 14);
		break;
	case S_REGREL32:
		p.offset = (int32_t)field(r, 4, 4);
		p.reg = (uint16_t)field(r, 12, 2);
		add_whole(w, r, field(r, 8, 4), 14, p);
		break;
	case S_BPREL32:
		p.offset = (int32_t)field(r, 4, 4);
		p.reg = X86_EBP;
		add_whole(w, r, field(r, 8, 4), 12, p);
		break;
	case S_REGISTER:
		p.where = PDB_REGISTER;
		p.reg = (uint16_t)field(r, 8, 2);
		add_whole(w, r, field(r, 4, 4), 10, p);
		break;
	case S_LDATA32:
	case S_GDATA32:
		p.where = PDB_STATIC;
		if (pdb_place(w->p, field(r, 12, 2), field(r, 8, 4), &p.rva) &&
		    (p.rva = pdb_to_image(w->p, p.rva)) != UINT32_MAX)
			add_whole(w, r, field(r, 4, 4), 14, p);
		break;
	case S_CONSTANT:
		p.where = PDB_VALUE;
		name = numeric(r, 8, &p.value);
		if (name != SIZE_MAX)
			add_whole(w, r, field(r, 4, 4), name, p);
		break;
	default:
		break;
	}
}

static bool is_range(uint32_t kind)
{
	return kind >= S_DEFRANGE && kind <= S_DEFRANGE_REGISTER_REL;
}

// Is what stands in the scope that this record begins in scope at the address?
static bool enters(struct walk *w, uint32_t kind, struct span r)
{
	uint32_t start;
	if (kind == S_BLOCK32)
		return pdb_place(w->p, field(r, 20, 2), field(r, 16, 4), &start) && w->linked >= start &&
		       w->linked - start < field(r, 12, 4);
	return false;
}

static bool next_record(const struct walk *w, uint32_t *pos, uint32_t *kind, struct span *ret)
{
	struct span syms = w->m->syms;
	if (!in_range(*pos, 4, syms.n))
		return false;
	uint32_t len = (uint32_t)le_get(syms.p + *pos, 2);
	*kind = (uint32_t)le_get(syms.p + *pos + 2, 2);
	*ret = span_sub(syms, *pos, len + 2u);
	*pos += len + 2;
	return len >= 2 && ret->p;
}

// The function's S_FRAMEPROC: some compilers put it behind the variables that need it.
static void frame_registers(struct walk *w, uint32_t pos)
{
	uint32_t scopes = 0, kind;
	struct span r;
	while (next_record(w, &pos, &kind, &r)) {
		scopes += pdb_opens_scope(kind);
		if ((pdb_ends_scope(kind) && --scopes == 0) || !scopes)
			return;
		if (kind == S_FRAMEPROC && scopes == 1) {
			w->local_reg = frame_register(w->p, field(r, 26, 4) >> 14);
			w->param_reg = frame_register(w->p, field(r, 26, 4) >> 16);
			return;
		}
	}
}

static void enter(struct walk *w, uint32_t kind, struct span r)
{
	if (w->skip || !enters(w, kind, r)) {
		w->skip++;
	} else {
		go_in(w);
		w->params_left = 0;
	}
}

// One record inside the function.
static void step(struct walk *w, uint32_t kind, struct span r)
{
	bool site = (kind == S_INLINESITE && r.n >= 16) || (kind == S_INLINESITE2 && r.n >= 20);
	uint32_t number = w->sites;
	w->sites += site;
	if (!is_range(kind))
		finish(w);
	if (!w->inside) { // what stands around the inlined call is another frame's
		if (site && number == w->wanted)
			go_in(w);
	} else if (pdb_opens_scope(kind)) {
		enter(w, kind, r);
	} else if (pdb_ends_scope(kind)) {
		if (w->skip)
			w->skip--;
		else
			w->stop = !--w->inside;
	} else if (!w->skip && is_range(kind)) {
		add_range(w, kind, r);
	} else if (!w->skip) {
		add_variable(w, kind, r);
	}
}

// Walks from the function's own record to the end of its scope.
static void run(struct walk *w, uint32_t pos)
{
	uint32_t kind;
	struct span r;
	if (!next_record(w, &pos, &kind, &r) || !pdb_opens_scope(kind))
		return;
	if (w->wanted == UINT32_MAX)
		go_in(w);
	for (uint32_t scopes = 1; scopes && !w->stop && w->sites < LIMIT_PDB_INLINE_SITES;) {
		if (!next_record(w, &pos, &kind, &r))
			break;
		scopes += pdb_opens_scope(kind);
		scopes -= pdb_ends_scope(kind);
		step(w, kind, r);
	}
	finish(w);
}

// Compilers that do not tell where the prolog ends write 0.
static bool is_in_prolog(const struct walk *w, struct span proc)
{
	uint32_t start;
	enum { SIZE = 16, BODY = 20, OFFSET = 32, SEGMENT = 36 };
	return field(proc, BODY, 4) < field(proc, SIZE, 4) &&
	       pdb_place(w->p, field(proc, SEGMENT, 2), field(proc, OFFSET, 4), &start) && w->linked >= start &&
	       w->linked - start < field(proc, BODY, 4);
}

void pdb_locals_at(struct pdb *p, uint32_t rva, unsigned depth, bool (*fn)(void *ctx, const struct pdb_local *l),
		   void *ctx)
{
	struct walk w = { .p = p, .linked = pdb_from_image(p, rva), .wanted = UINT32_MAX, .fn = fn, .ctx = ctx };
	w.f = pdb_function_row(p, w.linked, &w.m);
	if (!w.f || w.f->kind == PDB_THUNK)
		return;
	if (depth) {
		w.wanted = pdb_inline_site_at(p, w.m, w.f, w.linked, depth - 1);
		if (w.wanted == UINT32_MAX)
			return;
	}
	uint32_t record = w.f->record;
	if (w.f->kind == PDB_SEPARATED) // the variables stand with the function that the code belongs to
		record = in_range(record, 8, w.m->syms.n) ? (uint32_t)le_get(w.m->syms.p + record + 4, 4) : UINT32_MAX;
	enum { PROC = 38 };
	struct span r = span_sub(w.m->syms, record, in_range(record, PROC, w.m->syms.n) ? PROC : 0);
	if (!r.p || !r.n)
		return;
	w.params_left = depth ? 0 : pdb_param_count(p, (uint32_t)le_get(r.p + 28, 4));
	if (w.f->kind != PDB_SEPARATED)
		w.in_prolog = is_in_prolog(&w, r);
	frame_registers(&w, record);
	run(&w, record);
}

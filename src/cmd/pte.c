// SPDX-License-Identifier: Apache-2.0
// pte.c: !pte and !pte2va: the page table entries of an address. Text: transcripts in kdmp-parser-rs' regression test
// and DebugPrivilege's articles (x64), of forums (PAE); the others have no sample.
#include "cmd/cmd.h"
#include "target/kernel.h"

#include <inttypes.h>

extern const struct cmd cmd_pte;

SCHEMA(page_entry, "A page table entry of the address", NULL, NULL, { "level", R_STR, "PXE, PPE, PDE or PTE" },
       { "address", R_ADDR, "of the entry, in the kernel's map of its tables; null: not known" },
       { "physical", R_HEX, "of the entry; null: there is no such entry" },
       { "entry", R_HEX, "its value; null: not in the dump" }, { "pfn", R_HEX, "page that it leads to; null: none" },
       { "flags", R_STR, "as the debugger writes them; null: not valid" });
SCHEMA(page_state, "What the entries say of the page", NULL, NULL,
       { "state", R_STR, "valid, transition, prototype, pagefile, demand_zero, freed, empty, unknown or absent" },
       { "physical", R_HEX, "address that va is translated to; null: to none" },
       { "size", R_HEX, "of the page; null: none" }, { "prototype", R_ADDR, "of the prototype entry" },
       { "file", R_DEC, "number of the page file" }, { "file_page", R_HEX, "page in it" });
SCHEMA(virtual_address, "The address that an entry is for", NULL, "{address}",
       { "address", R_ADDR, "start of the page" });

enum { CELL = 27, LEVELS = 5 };
struct lines { // of the table; cells are appended to all of them
	struct sb at, contains, pfn;
};
struct walk {
	const struct target *t;
	const struct paging *p;
	va_t va, base; // base: of the map of page tables; 0: not known
	struct page_walk w;
	bool narrow; // 32-bit addresses
};

static unsigned levels(const struct walk *k)
{
	return k->p->kind == PAGING_PAE ? 2 : k->w.n_all; // PAE's four-entry root is not shown
}

// Level i of those shown, 0: the highest.
static const char *level_name(const struct walk *k, unsigned i)
{
	static const char *const names[] = { "PTE", "PDE", "PPE", "PXE", "P5E" }; // P5E: layout unverified
	return names[MIN(levels(k) - 1 - i, (unsigned)LEVELS - 1)];
}

static const struct page_level *entry_of(const struct walk *k, unsigned i)
{
	unsigned n = i + k->w.n_all - levels(k);
	return n < k->w.n ? &k->w.levels[n] : NULL;
}

// Every level's entries lie where the entry of the level below would be looked for.
static va_t entry_address(const struct walk *k, unsigned i)
{
	va_t at = k->va;
	unsigned bytes = paging_entry_bytes(k->p->kind);
	const va_t mask = k->narrow                   ? UINT32_MAX
			  : k->p->kind == PAGING_LA57 ? ((va_t)1 << 57) - 1
						      : ((va_t)1 << 48) - 1;
	for (unsigned n = i; n < levels(k); n++)
		at = k->base + (at & mask) / DUMP_PAGE * bytes;
	return k->base ? at : 0;
}

static const char *flags_x86(struct arena *a, uint64_t e, bool can_nx)
{
	static const struct {
		uint16_t bit;
		char set;
	} left[] = { { 0x200, 'C' }, { 0x100, 'G' }, { 0x80, 'L' }, { 0x40, 'D' },
		     { 0x20, 'A' },  { 0x10, 'N' },  { 8, 'T' } };
	struct sb text = sb_new(a);
	for (size_t i = 0; i < ARRAY_LEN(left); i++)
		sb_ch(&text, e & left[i].bit ? left[i].set : '-');
	sb_ch(&text, e & 4 ? 'U' : 'K');
	sb_ch(&text, e & 2 ? 'W' : 'R');
	sb_ch(&text, can_nx && e >> 63 ? '-' : 'E');
	sb_ch(&text, 'V');
	return sb_str(&text);
}

// Ten letters; of the first, fourth and eighth no sample shows what they stand for.
static const char *flags_arm64(struct arena *a, uint64_t e, bool large)
{
	enum { OWNER = 0x40, NOT_DIRTY = 0x80, ACCESSED = 0x400 };
	const uint64_t writable = (uint64_t)1 << 55, pxn = (uint64_t)1 << 53, uxn = (uint64_t)1 << 54;
	bool user = e & OWNER;
	return arena_printf(a, "-%c%c-%c%c%c-%cV", e & writable ? 'W' : 'R', e & (user ? uxn : pxn) ? '-' : 'X',
			    e & ACCESSED ? 'A' : '-', e & NOT_DIRTY ? '-' : 'D', user ? 'U' : 'K', large ? 'L' : '-');
}

static const char *flags(struct arena *a, const struct walk *k, uint64_t e, bool large)
{
	return k->p->kind == PAGING_ARM64 ? flags_arm64(a, e, large) : flags_x86(a, e, k->p->kind != PAGING_X86);
}

static uint64_t pfn_of(const struct walk *k, uint64_t e)
{
	return (e & (k->p->kind == PAGING_X86 ? 0xfffff000 : 0xffffffffff000)) / DUMP_PAGE;
}

static void cell(struct sb *line, unsigned i, const char *text)
{
	while (line->n < (size_t)i * CELL)
		sb_ch(line, ' ');
	sb_add(line, text);
}

static const char *hex(struct arena *a, const struct walk *k, uint64_t v, bool entry)
{
	bool short_ = entry ? paging_entry_bytes(k->p->kind) == 4 : k->narrow;
	return arena_printf(a, "%0*" PRIX64, short_ ? 8 : 16, v);
}

// ---- a page that is not valid
static const char *state_name(const struct walk *k, uint64_t leaf)
{
	enum { PROTECTION = 0x3e0 };
	switch (k->w.state) {
	case PAGE_MAPPED:
		return "valid";
	case PAGE_TRANSITION:
		return "transition";
	case PAGE_PROTOTYPE:
		return "prototype";
	case PAGE_EMPTY:
		return "empty";
	case PAGE_TABLE_ABSENT:
		return "absent";
	case PAGE_PAGEFILE: // freed entries keep where their page was
	case PAGE_DEMAND_ZERO:
		return !(leaf & PROTECTION) ? "freed" : k->w.state == PAGE_PAGEFILE ? "pagefile" : "demand_zero";
	case PAGE_NOT_CANONICAL:
	case PAGE_UNKNOWN:
		break;
	}
	return "unknown";
}

// Names seen in transcripts: 3 and 4.
static const char *protection(struct arena *a, uint64_t e)
{
	static const char *const names[] = { "None",      "ReadOnly",  "Execute",          "ExecuteRead",
					     "ReadWrite", "WriteCopy", "ExecuteReadWrite", "ExecuteWriteCopy" };
	unsigned v = e >> 5 & 0x1f;
	return v < ARRAY_LEN(names) ? arena_printf(a, "Protect: %x - %s", v, names[v])
				    : arena_printf(a, "Protect: %x", v);
}

static void explain(struct arena *a, struct doc *out, const struct walk *k, unsigned i, uint64_t e)
{
	const char *text[3] = { NULL, NULL, NULL }, *state = state_name(k, e);
	const char *protect = k->p->kind == PAGING_ARM64 ? NULL : protection(a, e);
	if (str_eq(state, "freed")) {
		text[0] = "Page has been freed";
	} else if (str_eq(state, "transition") && !k->w.by_prototype) {
		text[0] = arena_printf(a, "Transition: %" PRIx64, k->w.pa / DUMP_PAGE);
		text[1] = protect;
	} else if (str_eq(state, "pagefile") && !k->w.by_prototype) {
		text[0] = arena_printf(a, "PageFile:  %x", k->w.file);
		text[1] = arena_printf(a, "Offset: %" PRIx64, k->w.file_page);
		text[2] = protect;
	} else if (str_eq(state, "demand_zero")) {
		text[0] = "DemandZero";
		text[1] = protect;
	} else if (k->w.prototype) { // of the VAD, or an address
		text[0] = k->w.prototype == UINT64_MAX ? "Proto: VAD"
						       : arena_printf(a, "Proto: %s", hex(a, k, k->w.prototype, false));
		text[1] = protect;
	}
	for (size_t n = 0; n < ARRAY_LEN(text); n++)
		if (text[n])
			doc_text(out, arena_printf(a, "%*s%s", (int)(i * CELL + 1), "", text[n]));
}

// ---- the table
static const char *missing_text(struct call *c, const struct walk *k, unsigned i)
{
	return arena_printf(c->a,
			    "Page %" PRIx64 " not present in the dump file. Type \".hh dbgerr004\" for details\n"
			    "Unable to get %s %s",
			    k->w.pa / DUMP_PAGE, i <= 1 && levels(k) > 2 ? "PXE" : level_name(k, i),
			    hex(c->a, k, entry_address(k, i), false));
}

static void emit_entry(struct doc *out, const struct walk *k, unsigned i, const struct page_level *l, const char *flags)
{
	va_t at = entry_address(k, i);
	ROW(out, page_entry, VS(level_name(k, i)), V_IF(at, at), V_IF(l, l ? l->at : 0), V_IF(l, l ? l->entry : 0),
	    V_IF(flags, l ? pfn_of(k, l->entry) : 0), VS(flags));
}

// Fills the lines; the level at which the table ends: that of the page, or of the entry that is not valid.
static unsigned fill(struct call *c, struct doc *out, const struct walk *k, struct lines *x, bool *large_ret)
{
	unsigned n = levels(k);
	*large_ret = false;
	for (unsigned i = 0; i < n; i++) {
		va_t at = entry_address(k, i);
		cell(&x->at, i, arena_printf(c->a, "%s at %s", level_name(k, i), at ? hex(c->a, k, at, false) : "?"));
	}
	for (unsigned i = 0; i < n; i++) {
		const struct page_level *l = entry_of(k, i);
		bool valid = l && l->entry & 1, last = i + 1 == n;
		bool large = valid && !last && k->w.state == PAGE_MAPPED && l + 1 == &k->w.levels[k->w.n];
		const char *f = valid ? flags(c->a, k, l->entry, large) : NULL;
		emit_entry(out, k, i, l, f);
		if (!l)
			return i;
		cell(&x->contains, i, arena_printf(c->a, "contains %s", hex(c->a, k, l->entry, true)));
		if (!valid) {
			// The debugger repeats the value of a table's entry that is empty in the line below.
			cell(&x->pfn, i,
			     last ? "not valid" : arena_printf(c->a, "contains %s", hex(c->a, k, l->entry, true)));
			return i;
		}
		cell(&x->pfn, i,
		     arena_printf(c->a, "pfn %-*" PRIx64 "%s", k->p->kind == PAGING_ARM64 ? 11 : 10,
				  pfn_of(k, l->entry), f));
		if (large) {
			cell(&x->contains, i + 1, arena_printf(c->a, "contains %s", hex(c->a, k, 0, true)));
			cell(&x->pfn, i + 1,
			     arena_printf(c->a, "%sLARGE PAGE pfn %" PRIx64, k->narrow ? "  " : "",
					  k->w.pa / DUMP_PAGE));
			*large_ret = true;
			return i;
		}
	}
	return n - 1;
}

static err_t show(struct call *c, struct doc *out, const struct walk *k)
{
	struct lines x = { sb_new(c->a), sb_new(c->a), sb_new(c->a) };
	bool large;
	unsigned i = fill(c, out, k, &x, &large);
	const struct page_level *l = entry_of(k, i);
	uint64_t e = l ? l->entry : 0;
	const struct page_walk *w = &k->w;
	bool mapped = w->state == PAGE_MAPPED || w->state == PAGE_TRANSITION;
	const char *state = state_name(k, e);
	bool file = str_eq(state, "pagefile");
	ROW(out, page_state, VS(state), V_IF(mapped, w->pa), V_IF(mapped, (uint64_t)1 << w->shift),
	    V_IF(w->prototype, w->prototype), V_IF(file, w->file), V_IF(file, w->file_page));
	doc_text(out, arena_printf(c->a, "%*sVA %0*" PRIx64, k->narrow ? 20 : 43, "", k->narrow ? 8 : 16, k->va));
	doc_text(out, sb_str(&x.at));
	if (!l)
		return cmd_fail(c, E_ABSENT, w->pa, "%s", missing_text(c, k, i));
	doc_text(out, sb_str(&x.contains));
	doc_text(out, sb_str(&x.pfn));
	if (!(e & 1) && i + 1 < levels(k))
		doc_text(out, "not valid");
	if (!(e & 1) && e)
		explain(c->a, out, k, i + 1 < levels(k) ? 0 : i, e);
	return ok();
}

static va_t from_entry(const struct walk *k, va_t entry)
{
	unsigned bytes = paging_entry_bytes(k->p->kind), top = k->p->kind == PAGING_LA57 ? 57 : 48;
	va_t va = (entry - k->base) / bytes * DUMP_PAGE;
	return k->narrow ? (uint32_t)va : (va_t)((int64_t)(va << (64 - top)) >> (64 - top));
}

static bool is_entry(const struct walk *k, va_t va)
{
	unsigned top = k->narrow ? 32 : k->p->kind == PAGING_LA57 ? 57 : 48;
	return k->base && va - k->base < ((va_t)1 << (top - 12)) * paging_entry_bytes(k->p->kind);
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	struct walk k = { .t = s->target, .p = space_paging(s->target->space), .narrow = s->target->ptr_bytes == 4 };
	TRY(arg_expr(c, &k.va));
	TRY(arg_done(c));
	if (!k.p)
		return cmd_fail(c, E_ABSENT, k.va, "Unable to get page table entries: %s",
				s->target->kernel->facts->triage ? "a small dump holds no page tables"
								 : "the dump holds no page tables");
	k.base = kernel_pte_base(s->target);
	k.va = k.narrow ? (uint32_t)k.va : k.va;
	if (str_eq(c->name, "!pte2va")) {
		if (!k.base)
			return cmd_fail(c, E_ABSENT, k.va, "where the kernel maps its page tables is not known");
		ROW(out, virtual_address, V(from_entry(&k, k.va)));
		return ok();
	}
	if (is_entry(&k, k.va))
		k.va = from_entry(&k, k.va);
	paging_walk(k.p, k.va, &k.w);
	if (k.w.state == PAGE_NOT_CANONICAL)
		return cmd_fail(c, E_USAGE, k.va, "%016" PRIx64 " is no address of this machine", k.va);
	return show(c, out, &k);
}

static const struct schema *const rows[] = { &page_entry, &page_state, &virtual_address, NULL };
const struct cmd cmd_pte = {
	.names = "!pte !pte2va",
	.kernel_only = true,
	.group = "The kernel",
	.args = "ADDRESS",
	.summary = "Show the page table entries of an address",
	.help = "!pte ADDRESS    an address, or that of an entry in the kernel's map of its page tables\n"
		"!pte2va ENTRY   the address that an entry is for\n",
	.run = run,
	.rows = rows,
};

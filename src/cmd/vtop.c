// SPDX-License-Identifier: Apache-2.0
// vtop.c: !vtop, !ptov and .context: page tables by their root. Text: transcripts of x64 and x86; of ARM64 there is
// none.
#include "base/limits.h"
#include "cmd/ktask.h"
#include "win/user_modules.h"

#include <inttypes.h>

extern const struct cmd cmd_vtop;

SCHEMA(vtop_start, "The address that is translated", NULL, "{machine}VtoP: Virt {address:16}, pagedir {root:16}",
       { "machine", R_STR, "Amd64, X86 or Arm64" }, { "address", R_HEX, "virtual address" },
       { "root", R_HEX, "page-table root" });
SCHEMA(vtop_entry, "An entry on the way", NULL, "{machine}VtoP: {level} {physical:16}{?shown  - {shown}}",
       { "machine", R_STR, "Amd64, X86 or Arm64" }, { "level", R_STR, "PML4E, PDPE, PDE or PTE" },
       { "physical", R_HEX, "address of the entry" }, { "entry", R_HEX, "its value" },
       { "shown", R_STR, "the value, where the debugger shows it" });
SCHEMA(vtop_end, "Where the address leads", NULL,
       "{machine}VtoP: {how} {physical:16}\nVirtual address {address} translates to physical address {physical}.",
       { "machine", R_STR, "Amd64, X86 or Arm64" }, { "how", R_STR, "kind of page" },
       { "physical", R_HEX, "physical address" }, { "address", R_HEX, "virtual address" });
SCHEMA(mapping, "A page that is mapped", NULL, "{physical:16} {address:16}{?large  ({large} large page)}",
       { "physical", R_HEX, "of the page" }, { "address", R_HEX, "where it is mapped" },
       { "large", R_STR, "size of a large page" });
static const struct layout mapping_x86 = { NULL, "{physical} {address}{?large  ({large} large page)}" };
SCHEMA(page_directory, "The page-table root of user addresses", NULL, "User-mode page directory base is {root}",
       { "root", R_HEX, "physical address" });

static const char *machine_name(const struct paging *p)
{
	return p->kind == PAGING_ARM64 ? "Arm64" : p->kind == PAGING_X86 || p->kind == PAGING_PAE ? "X86" : "Amd64";
}

static const char *level_name(const struct paging *p, unsigned i, unsigned n)
{
	static const char *const names[] = { "PTE", "PDE", "PDPE", "PML4E", "PML5E" };
	static const char *const pae[] = { "PAE PTE", "PAE PDE", "PAE PDPE" };
	return p->kind == PAGING_PAE ? pae[n - 1 - i] : names[n - 1 - i];
}

// A root, or its page number: what would be a page of the dump's memory as a page number is one.
static struct paging by_root(const struct paging *p, uint64_t given)
{
	struct paging ret = *p;
	uint64_t pa;
	bool is_pfn = given % DUMP_PAGE && p->kind != PAGING_PAE && mul_ok(given, DUMP_PAGE, &pa) &&
		      pa < dump_phys_end(p->phys);
	if (!given)
		return ret;
	ret.root = is_pfn ? given * DUMP_PAGE : given;
	ret.user_root = 0;
	return ret;
}

static err_t translate(struct call *c, struct doc *out, const struct paging *p, va_t va)
{
	struct page_walk w;
	const char *machine = machine_name(p), *pae = p->kind == PAGING_PAE ? "PAE " : "";
	bool x86 = p->kind == PAGING_X86 || p->kind == PAGING_PAE;
	paging_walk(p, va, &w);
	ROW(out, vtop_start, VS(machine), V(va), V(paging_root(p, va)));
	for (unsigned i = 0; i < w.n; i++)
		ROW(out, vtop_entry, VS(machine), VS(level_name(p, i, w.n_all)), V(w.levels[i].at),
		    V(w.levels[i].entry),
		    VS(!x86 ? NULL
			    : arena_printf(c->a, "%0*" PRIx64, p->kind == PAGING_PAE ? 16 : 8, w.levels[i].entry)));
	if (w.state == PAGE_MAPPED || w.state == PAGE_TRANSITION) {
		ROW(out, vtop_end, VS(machine),
		    VS(arena_printf(c->a, "%s%s phys", pae, w.shift > 12 ? "Large page mapped" : "Mapped")), V(w.pa),
		    V(va));
		return ok();
	}
	const char *why = NULL;
	if (w.state == PAGE_TABLE_ABSENT)
		why = arena_printf(
			c->a, "Page %" PRIx64 " not present in the dump file. Type \".hh dbgerr004\" for details\n",
			w.pa / DUMP_PAGE);
	else if (w.n) // layout unverified but for "zero"
		why = arena_printf(c->a, "%sVtoP: %s%s %s\n", machine, pae,
				   w.levels[w.n - 1].entry ? "not valid" : "zero",
				   level_name(p, w.n - 1, w.n_all) + (*pae ? 4 : 0));
	return cmd_fail(c, E_ABSENT, va, "%sVirtual address %" PRIx64 " translation fails, error 0xD0000147.",
			why ? why : "", va);
}

// Every page that is mapped, in order of address; holes are passed by as the entry above spans them.
static err_t list(struct session *s, struct call *c, struct doc *out, const struct paging *p)
{
	bool x86 = p->kind == PAGING_X86 || p->kind == PAGING_PAE;
	va_t high = (va_t)-1 << (p->kind == PAGING_LA57 ? 56 : 47), top = x86 ? UINT32_MAX : UINT64_MAX, va = 0;
	doc_text(out, arena_printf(c->a, x86 ? "%sPtoV: pagedir %" PRIx64 "%s" : "%sPtoV: pagedir %016" PRIx64 "%s",
				   machine_name(p), paging_root(p, 0), p->kind == PAGING_PAE ? ", PAE enabled." : ""));
	for (unsigned i = 0; i < LIMIT_PTOV_STEPS; i++) {
		struct page_walk w;
		TRY(session_poll(s));
		paging_walk(p, va, &w);
		va_t last = w.state == PAGE_NOT_CANONICAL ? high - 1 : va | (((va_t)1 << w.shift) - 1);
		if (w.state == PAGE_MAPPED) // sizes but that of 1 GB: layout unverified
			ROW_AS(out, mapping, x86 ? &mapping_x86 : NULL, V(w.pa), V(va),
			       VS(w.shift == 30   ? "1GB"
				  : w.shift == 22 ? "4MB"
				  : w.shift == 21 ? "2MB"
						  : NULL));
		if (last >= top)
			return ok();
		va = last + 1;
	}
	doc_note(out, NOTE_WARNING, "ptov.limit", "more is mapped from %" PRIx64 " on: not shown", va);
	return ok();
}

static err_t context(struct session *s, struct call *c, struct doc *out)
{
	uint64_t root;
	if (arg_end(c)) {
		ROW(out, page_directory, V(session_dirbase(s)));
		return ok();
	}
	TRY(arg_expr(c, &root));
	TRY(arg_done(c));
	TRY(session_set_dirbase(s, root));
	task_user_modules(s, out, root ? process_of_root(s, root) : session_kprocess(s), false);
	return ok();
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	const struct paging *now = space_paging(s->target->space);
	uint64_t root, va;
	if (!now)
		return cmd_fail(c, E_ABSENT, 0, "the dump holds no page tables");
	if (str_eq(c->name, ".context"))
		return context(s, c, out);
	if (arg_end(c))
		return usage(c, str_eq(c->name, "!vtop") ? "usage: vtop PFNOfPDE VA" : "usage: ptov PFNOfPDE");
	TRY(arg_expr(c, &root));
	struct paging p = by_root(now, root);
	if (str_eq(c->name, "!ptov")) {
		TRY(arg_done(c));
		return list(s, c, out, &p);
	}
	if (arg_end(c))
		return usage(c, "usage: vtop PFNOfPDE VA");
	TRY(arg_expr(c, &va));
	TRY(arg_done(c));
	return translate(c, out, &p, s->target->ptr_bytes == 4 ? (uint32_t)va : va);
}

static const struct schema *const rows[] = { &vtop_start, &vtop_entry, &vtop_end, &mapping, &page_directory, NULL };
const struct cmd cmd_vtop = {
	.names = "!vtop !ptov .context",
	.kernel_only = true,
	.group = "The kernel",
	.args = "[ROOT] [ADDRESS]",
	.summary = "Translate addresses by a page-table root; choose the one for user addresses",
	.help = "!vtop ROOT ADDRESS   step by step; ROOT: its address or page number, 0: that in force\n"
		"!ptov ROOT           every page that it maps\n"
		".context [ROOT]      show or choose the root for user addresses; 0: the dump's own\n",
	.run = run,
	.rows = rows,
};

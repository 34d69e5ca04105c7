// SPDX-License-Identifier: Apache-2.0
// reduced_symbols.c: the modules on the stack have no symbols, or only names.
//
// Folklore: without private symbols there are no parameters, no locals, no types; without any, not even functions. Real
// case: every small dump whose kernel symbols were not fetched. It lies never, but it tells of the analysis, not of the
// crash.
#include "detect/detect.h"
#include "sym/sym.h"
#include "win/layout.h"

static bool is_full(const struct module *m)
{
	return sym_module_state(m) == SYM_PRIVATE || sym_module_state(m) == SYM_DWARF;
}

static err_t run(const struct facts *f, struct findings *out)
{
	enum { MOST = 16 };
	const struct module *seen[MOST];
	size_t n = 0, bare = 0;
	const struct fact_thread *t = f->event_thread < f->n_threads ? &f->threads[f->event_thread] : NULL;
	const struct stack *st = f->event_stack.n ? &f->event_stack : t ? &t->stack : NULL;
	for (size_t i = 0; st && i < st->n && n < MOST; i++) {
		const struct module *m = st->frames[i].module;
		bool known = !m;
		for (size_t k = 0; k < n && !known; k++)
			known = seen[k] == m;
		if (!known)
			seen[n++] = m;
	}
	if (!n) {
		not_checked(out, "no frame of the stack lies in a module");
		return ok();
	}
	for (size_t i = 0; i < n; i++)
		bare += !is_full(seen[i]);
	if (!bare)
		return ok();
	finding(out, SEV_INFO, 100,
		"%zu of %zu modules on the stack have no private symbols: names, parameters and "
		"types are missing or few",
		bare, n)
		->refutation = "symbols that were not looked for: a symbol path was not given";
	for (size_t i = 0; i < n; i++) {
		const char *text = sym_state_text(sym_module_state(seen[i]));
		if (!is_full(seen[i]))
			evidence(out, seen[i]->base, arena_printf(f->a, "lm m %s", seen[i]->name), "%s: %s",
				 module_label(seen[i]), *text ? text : "no symbols");
	}
	if (layout_note(f->session))
		evidence(out, 0, "lm m nt", "structures: %s", layout_note(f->session));
	return ok();
}

const struct detector detect_reduced_symbols = {
	.id = "reduced-symbolic-information",
	.number = 59,
	.title = "Reduced Symbolic Information",
	.degree = DEGREE_AUTO,
	.kinds = FOR_KERNEL,
	.needs = FACT_KERNEL | FACT_THREADS | FACT_STACKS,
	.explain = "Modules on the stack without private symbols: no parameters and locals, no lines, often no names. "
		   "Give a\n"
		   "symbol path (-y) or images (-i) and look again.\n"
		   "It tells of the analysis, not of the crash.\n"
		   "See also: lm, .sympath, !chksym.",
	.run = run,
};

// SPDX-License-Identifier: Apache-2.0
// unknown_component.c: a module that does not say what it is.
//
// Folklore: products carry a version resource with company and description; malware, injected helpers and
// home-made DLLs often carry nothing. Real case: a DLL in a user's temporary folder, without version, without the
// name of a PDB, on the stack of the thread that crashed. It lies for many honest open-source libraries: so a
// module off the exception's stack is only worth a note, and a PDB's name
// counts as an introduction, unless the file lies in a temporary folder.
#include "base/limits.h"
#include "detect/detect.h"

static const struct frame *on_event_stack(const struct facts *f, const struct module *m)
{
	for (size_t i = 0; i < f->event_stack.n; i++)
		if (f->event_stack.frames[i].module == m && f->event_stack.frames[i].trust > TRUST_SCAN)
			return &f->event_stack.frames[i];
	return NULL;
}

static bool is_unknown(const struct fact_module *m)
{
	bool silent = (!m->has_version || m->anonymous) && !m->wine;
	return silent && (!m->has_pdb || m->temp_folder);
}

static void describe(const struct facts *f, struct findings *out, const struct fact_module *m)
{
	const char *lmvm = arena_printf(f->a, "lmvm %s", m->module->name);
	evidence(out, m->module->base, lmvm, "%s: %s, %s%s", module_label(m->module),
		 m->has_version ? "no company and no description" : "no version resource",
		 m->has_pdb         ? "a PDB is named"
		 : f->pdbs_recorded ? "no PDB is named"
				    : "and this dump names no PDBs at all",
		 m->temp_folder   ? ", in a temporary folder"
		 : m->user_folder ? ", in a user's folder"
				  : "");
	const struct frame *fr = on_event_stack(f, m->module);
	if (fr && f->event == EVENT_FAULT)
		evidence(out, fr->ip, at_fault(f, "k"), "%s is on the exception's stack: %s", module_label(m->module),
			 fr->symbol);
}

static err_t run(const struct facts *f, struct findings *out)
{
	size_t n = 0, on_stack = 0, shown = 0;
	const struct fact_module *first = NULL;
	for (size_t i = 0; i < f->n_modules; i++) {
		if (!is_unknown(&f->modules[i]))
			continue;
		bool stacked = on_event_stack(f, f->modules[i].module) && f->event == EVENT_FAULT;
		if (!first || (stacked && !on_stack))
			first = &f->modules[i];
		n++;
		on_stack += stacked;
	}
	if (!n)
		return ok();
	unsigned confidence = !f->pdbs_recorded ? 50 : on_stack ? 90 : 75;
	struct finding *x = n == 1 ? finding(out, on_stack ? SEV_WARNING : SEV_INFO, confidence,
					     "%s does not say what it is", module_label(first->module))
				   : finding(out, on_stack ? SEV_WARNING : SEV_INFO, confidence,
					     "%zu modules do not say what they are", n);
	x->refutation = "open-source and home-made modules often carry no version resource";
	describe(f, out, first);
	for (size_t i = 0; i < f->n_modules && shown + 1 < LIMIT_EVIDENCE; i++) {
		if (!is_unknown(&f->modules[i]) || &f->modules[i] == first)
			continue;
		describe(f, out, &f->modules[i]);
		shown++;
	}
	if (n > shown + 1)
		evidence(out, 0, "lm t n", "and %zu more", n - shown - 1);
	return ok();
}

const struct detector detect_unknown_component = {
	.id = "unknown-component",
	.number = 9,
	.title = "Unknown Component",
	.degree = DEGREE_AUTO,
	.needs = FACT_MODULES | FACT_VERSIONS,
	.explain = "A module without version resource (or with one that names neither company nor product) and without "
		   "the\n"
		   "name of a PDB: nothing in the dump says whose it is. Look at its path, its neighbours, the strings "
		   "in\n"
		   "its memory. On the stack of an exception it is a warning, elsewhere a note.\n"
		   "It lies for many honest small libraries. A dump whose writer recorded no versions is not judged.\n"
		   "See also: lmvm, !dh, !lmi.",
	.run = run,
};

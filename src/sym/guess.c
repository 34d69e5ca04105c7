// SPDX-License-Identifier: Apache-2.0
// guess.c: small dumps do not name the kernel's PDB, but tell where three of its globals lie and how large its
// structures are. Kernels of one service line may share the places, so what is found is checked, and said to be
// guessed.
#include "sym/guess.h"

#include "target/kernel.h"
#include "target/nt_builds.h"

#include <string.h>

static bool size_fits(struct type_source *types, const char *name, uint64_t said)
{
	struct type t;
	return !said || !type_find(types, name, &t) || !t.size || t.size == said;
}

static bool symbol_fits(struct symbols *s, const char *name, uint32_t rva)
{
	uint32_t found;
	return s->provider->find(s, name, &found) && found == rva;
}

// The size of the processor's block is no witness: public symbols of some builds cut the type short.
static bool is_right(const struct kernel *k, struct symbols *s, const struct nt_pdb *p)
{
	struct type_source *types = s->provider->types ? s->provider->types(s) : NULL;
	return symbol_fits(s, "PsLoadedModuleList", p->loaded_modules) &&
	       symbol_fits(s, "PsActiveProcessHead", p->active_processes) &&
	       (!types || (size_fits(types, "_EPROCESS", kernel_kdbg(k, KDBG_PROCESS_SIZE, 2)) &&
			   size_fits(types, "_ETHREAD", kernel_kdbg(k, KDBG_THREAD_SIZE, 2))));
}

bool guess_kernel_symbols(struct target *t, struct module *m, bool (*open)(struct target *t, struct module *m))
{
	const struct kernel *k = t->kernel;
	if (!k || m->base != k->base || m->cv.kind != CV_NONE)
		return false;
	for (size_t i = 0; i < k->n_pdbs; i++) {
		const struct nt_pdb *p = &k->pdbs[i];
		m->cv = (struct codeview){ .kind = CV_RSDS, .age = p->age, .path = p->name };
		memcpy(m->cv.guid, p->guid, sizeof(m->cv.guid));
		m->guess = k->n_pdbs > 1
				   ? arena_printf(t->arena,
						  "guessed from where the kernel's globals lie and how large its "
						  "structures are; %zu known kernels share the places",
						  k->n_pdbs)
				   : "guessed from where the kernel's globals lie and how large its structures are";
		bool found = open(t, m);
		if (found && is_right(k, m->symbols, p)) {
			store_trace(t->store, "DBGHELP: %s - %s", m->name, m->guess);
			return true;
		}
		if (found)
			store_trace(t->store, "DBGHELP: %s - %s is not this kernel's", m->name,
				    m->symbol_file ? m->symbol_file : p->name);
		target_forget_symbols(t, m);
	}
	return false;
}

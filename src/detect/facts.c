// SPDX-License-Identifier: Apache-2.0
// facts.c: what the detectors reason from, computed once a session.
#include "detect/detect_int.h"

#include <string.h>

void fact_have(struct facts *f, enum fact bit)
{
	f->have |= (unsigned)bit;
}

void fact_lacks(struct facts *f, enum fact bit, const char *why)
{
	for (size_t i = 0; i < ARRAY_LEN(f->why_not); i++)
		if ((unsigned)bit >> i & 1)
			f->why_not[i] = why;
}

static bool has_text(const struct pe_version *v, const char *key)
{
	for (size_t i = 0; i < v->n_strings; i++)
		if (str_ieq(v->strings[i].key, key) && v->strings[i].value[strspn(v->strings[i].value, " ")])
			return true;
	return false;
}

static struct fact_module module_fact(struct target *t, struct module *m)
{
	struct fact_module x = { .module = m, .has_version = m->facts->has_version };
	const struct pe_version *v = NULL;
	if (!target_module_version(t, m, &v).code && v && (v->has_fixed || v->n_strings)) {
		x.has_version = true;
		x.anonymous = !has_text(v, "CompanyName") && !has_text(v, "FileDescription");
	}
	struct codeview cv = target_module_codeview(t, m);
	x.has_pdb = cv.kind != CV_NONE && cv.path && *cv.path;
	char mark[16]; // behind the DOS header
	x.wine = !x.has_version && space_read_all(t->space, m->base + 0x40, mark, sizeof(mark)) &&
		 !memcmp(mark, "Wine builtin DLL", sizeof(mark));
	x.user_folder = text_contains(m->path, ":\\users\\") || text_contains(m->path, ":\\documents and settings\\");
	x.temp_folder = text_contains(m->path, "\\temp\\") || text_contains(m->path, "\\tmp\\");
	return x;
}

err_t facts_modules(struct facts *f)
{
	struct target *t = f->session->target;
	f->modules = NEW_N(f->a, struct fact_module, t->n_modules);
	bool versions = false;
	for (size_t i = 0; i < t->n_modules; i++) {
		TRY(session_poll(f->session));
		struct module *m = t->modules[i];
		f->modules[f->n_modules++] = module_fact(t, m);
		versions = versions || f->modules[i].has_version;
		f->pdbs_recorded = f->pdbs_recorded || f->modules[i].has_pdb;
		if (!f->exe && str_iends(m->image_name, ".exe"))
			f->exe = m;
	}
	if (t->n_modules)
		fact_have(f, FACT_MODULES);
	else
		fact_lacks(f, FACT_MODULES, "the dump has no module list");
	// A writer that recorded no version of any module says nothing about a single one.
	if (versions)
		fact_have(f, FACT_VERSIONS);
	else
		fact_lacks(f, FACT_VERSIONS, "the dump records no version of any module");
	const struct pe *pe;
	for (size_t i = 0; f->exe && i < t->n_modules; i++)
		if (t->modules[i] == f->exe && !target_module_pe(t, t->modules[i], &pe).code && pe->entry)
			f->exe_entry = f->exe->base + pe->entry;
	return ok();
}

static err_t compute(struct facts *f)
{
	const struct dump *d = f->session->target->dump;
	f->event_thread = SIZE_MAX;
	f->dump = f->session->target->user;
	TRY(facts_modules(f));
	if (!d->user) {
		fact_lacks(f, FACT_DUMP, "this is no user-mode dump");
		TRY(facts_kernel(f));
		TRY(facts_threads(f));
		return facts_event(f);
	}
	fact_have(f, FACT_DUMP);
	fact_lacks(f, (enum fact)(FACT_KERNEL | FACT_STACK_MEMORY), "this is no kernel dump");
	if (d->user->has_meminfo)
		fact_have(f, FACT_MEMINFO);
	else
		fact_lacks(f, FACT_MEMINFO, "the dump has no memory map (MemoryInfoListStream)");
	TRY(facts_threads(f));
	return facts_event(f);
}

err_t facts_get(struct session *s, const struct facts **ret)
{
	if (!s->facts) {
		struct facts *f = NEW(s->arena, struct facts);
		f->session = s;
		f->a = s->arena;
		TRY(compute(f));
		s->facts = f;
	}
	*ret = s->facts;
	return ok();
}

// SPDX-License-Identifier: Apache-2.0
// pdb_find.c: finds the PDB whose GUID and age are those of the module. Ages: the one in the image's record has to be
// the DBI stream's; the info stream's counts rewrites of the PDB.
#include "sym/pdb_find.h"

#include "sym/sym.h"

#include <inttypes.h>
#include <string.h>

// How far from the module's a PDB may be, strictest first.
enum strictness { SAME_BUILD, SAME_GUID, ANY_BUILD };
struct search {
	struct target *t;
	struct module *m;
	struct codeview cv;
	enum strictness strictness;
	bool refused; // a PDB was there, but another build's
	struct pdb *found;
	struct file_map map;
	err_t mismatch;
};

err_t pdb_matches(struct arena *a, const struct codeview *cv, const struct pdb *p)
{
	const struct pdb_id *id = pdb_id(p);
	if (cv->kind != CV_RSDS)
		return fail(E_NOTFOUND, "the module does not say which PDB is its own", 0);
	if (memcmp(id->guid, cv->guid, sizeof(cv->guid)) != 0)
		return fail(E_NOTFOUND, "the PDB belongs to another build of the module", 0);
	if (id->age != cv->age)
		return fail(E_NOTFOUND,
			    arena_printf(a,
					 "the PDB is stale: of the module's GUID, but of age %" PRIu32 ", not %" PRIu32,
					 id->age, cv->age),
			    0);
	return ok();
}

static err_t accept_pdb(void *ctx, const struct store_file *f)
{
	struct search *s = ctx;
	struct pdb *p;
	TRY(pdb_open(s->t->arena, f->map.bytes, &p));
	err_t e = pdb_matches(s->t->arena, &s->cv, p);
	bool same_guid = memcmp(pdb_id(p)->guid, s->cv.guid, sizeof(s->cv.guid)) == 0 && s->cv.kind == CV_RSDS;
	if (e.code && (s->strictness == SAME_BUILD || (s->strictness == SAME_GUID && !same_guid))) {
		s->refused = true;
		return e;
	}
	s->mismatch = e;
	s->found = p;
	s->map = f->map;
	return ok();
}

static bool find_named(struct search *s, const char *name)
{
	struct target *t = s->t;
	struct module *m = s->m;
	char key[STORE_KEY];
	const char *dot = strrchr(m->image_name, '.');
	struct store_query q = { .name = name, .key = key, .subdir = dot && dot[1] ? dot + 1 : NULL };
	if (q.subdir && !store_name_ok(q.subdir))
		q.subdir = NULL;
	if (s->cv.kind == CV_RSDS)
		store_key_guid(key, s->cv.guid, s->cv.age);
	else
		q.key = NULL;
	struct store_hit hit;
	err_t e = store_find(t->store, &t->symbol_path, &q, accept_pdb, s, &hit);
	const char *image = m->image == IMAGE_FROM_FILE ? m->image_file : NULL;
	const char *slash = image ? strrchr(image, '/') : NULL;
	if (e.code && image) {
		const char *dir =
			slash ? arena_strndup(t->arena, image, (size_t)MAX(slash - image, (ptrdiff_t)1)) : ".";
		err_t beside = store_find_in(t->store, dir, &q, accept_pdb, s, &hit);
		if (!beside.code || e.code == E_NOTFOUND)
			e = beside;
	}
	if (e.code) {
		// Only what was found and refused is worth telling.
		bool said = m->symbol_error.code && m->symbol_error.code != E_NOTFOUND;
		if (!said && (s->refused || e.code != E_NOTFOUND))
			m->symbol_error = e;
		return false;
	}
	m->symbol_file = hit.path;
	m->symbol_map = s->map;
	m->symbol_error = ok();
	m->mismatch = s->mismatch.code ? s->mismatch.what : NULL;
	return true;
}

// By the PDB's recorded name, then by the image's: files get renamed together.
static bool find(struct search *s)
{
	const char *name = path_base(s->cv.path ? s->cv.path : ""), *dot = strrchr(s->m->image_name, '.');
	size_t stem = dot && dot != s->m->image_name ? (size_t)(dot - s->m->image_name) : strlen(s->m->image_name);
	const char *other = arena_printf(s->t->arena, "%.*s.pdb", (int)MIN(stem, (size_t)INT16_MAX), s->m->image_name);
	return (*name && find_named(s, name)) || (!str_ieq(name, other) && find_named(s, other));
}

err_t pdb_locate(struct target *t, struct module *m, struct pdb **ret)
{
	const struct pe *pe;
	struct search s = { .t = t, .m = m };
	err_t image = target_module_pe(t, m, &pe); // the PDB may lie beside the image
	if (!t->symbol_path.n && (image.code || m->image != IMAGE_FROM_FILE))
		return fail(E_NOTFOUND, "no symbol path is set", m->base);
	bool loose = m->load_anything || (t->symbol_options & SYMOPT_LOAD_ANYTHING);
	s.cv = target_module_codeview(t, m);
	if (s.cv.kind != CV_RSDS && !loose)
		return fail(E_NOTFOUND, "the module names no PDB", m->base);
	for (; !s.found && s.strictness <= (loose ? ANY_BUILD : SAME_BUILD); s.strictness++)
		(void)find(&s);
	m->other_build = s.refused && !s.found;
	*ret = s.found;
	return s.found                ? ok()
	       : m->symbol_error.code ? m->symbol_error
				      : fail(E_NOTFOUND, "no matching PDB was found", m->base);
}

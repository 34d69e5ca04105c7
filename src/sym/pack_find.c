// SPDX-License-Identifier: Apache-2.0
// pack_find.c: finds the symbol file whose GUID and age are those of the module.
#include "sym/pack_find.h"

#include "base/limits.h"
#include "pdb/undname.h"

#include <string.h>

// How far from the module's a file may be, strictest first.
enum strictness { SAME_BUILD, SAME_GUID, ANY_BUILD };
struct search {
	struct target *t;
	const struct pack_wanted *want;
	enum strictness strictness;
	bool refused; // one was there, but another build's
	err_t error;  // of a file of the right name that is damaged
	struct pack_file found;
	struct file_map source; // mapped by the look-up
	const char *path;
	err_t mismatch;
};

struct online {
	struct search *s;
	struct store_query q;
	const char *isf, *sym; // what such a file is called in a store
};

const char *pack_undecorate(struct arena *a, const char *name)
{
	const char *ret;
	struct arena *work = arena_new(LIMIT_UNDNAME_MEMORY);
	err_t e = undname_any(work, name, UNDNAME_NAME_ONLY, &ret);
	if (e.code == E_NOTFOUND && strchr(name, '@'))
		e = undname(work, name, UNDNAME_NAME_ONLY, &ret);
	const char *out = e.code ? NULL : arena_strdup(a, ret);
	arena_free(work);
	return out;
}

err_t pack_matches(struct arena *a, const struct pack_wanted *w, const struct pack_id *id)
{
	if (!w->guid)
		return fail(E_NOTFOUND, "the module does not say which symbols are its own", 0);
	if (!id->has_guid)
		return fail(E_NOTFOUND, "the symbol file does not say which build it belongs to", 0);
	if (memcmp(w->guid, id->guid, sizeof(id->guid)) != 0)
		return fail(E_NOTFOUND, "the symbol file belongs to another build of the module", 0);
	if (w->age != id->age)
		return fail(E_NOTFOUND,
			    arena_printf(a, "the symbol file is stale: of the module's GUID, but of age %u, not %u",
					 id->age, w->age),
			    0);
	return ok();
}

static err_t try_path(struct search *s, const char *path)
{
	struct pack_file f;
	TRY(pack_open_file(s->t->arena, path, pack_undecorate, &f));
	const struct pack_id *id = pack_id(f.pack);
	err_t e = pack_matches(s->t->arena, s->want, id);
	bool same_guid = s->want->guid && id->has_guid && memcmp(s->want->guid, id->guid, sizeof(id->guid)) == 0;
	bool same_name = str_ieq(id->pdb_name, s->want->pdb_name);
	bool good = !e.code || (s->strictness >= SAME_GUID && same_guid) || (s->strictness == ANY_BUILD && same_name);
	if (!good) {
		s->refused = s->refused || same_name;
		pack_file_close(&f);
		return e;
	}
	s->mismatch = e;
	s->found = f;
	s->path = path;
	return ok();
}

static err_t accept_pack(void *ctx, const struct store_file *f)
{
	struct search *s = ctx;
	err_t e = try_path(s, f->path);
	if (!e.code)
		s->source = f->map;
	else if (e.code != E_NOTFOUND && !s->error.code)
		s->error = e;
	return e;
}

// Where such files lie below a folder. Our own packs first, then types and symbols, then lines.
enum { PLACES = 12 };
static size_t places(struct search *s, const char *ret[PLACES])
{
	struct arena *a = s->t->arena;
	const char *name = s->want->pdb_name, *dot = strrchr(name, '.');
	const char *stem = arena_strndup(a, name, dot && dot != name ? (size_t)(dot - name) : strlen(name));
	size_t n = 0;
	if (s->want->guid) {
		char key[STORE_KEY], guid[STORE_KEY];
		store_key_guid(key, s->want->guid, s->want->age);
		store_key_guid(guid, s->want->guid, 0);
		const char *isf = arena_printf(a, "%.32s-%u.json", guid, s->want->age);
		ret[n++] = arena_printf(a, "%s/%s/%s.dspack", name, key, stem);
		ret[n++] = arena_printf(a, "windows/%s/%s.xz", name, isf);
		ret[n++] = arena_printf(a, "windows/%s/%s", name, isf);
		ret[n++] = arena_printf(a, "%s/%s.xz", name, isf);
		ret[n++] = arena_printf(a, "%s/%s", name, isf);
		ret[n++] = arena_printf(a, "%s.xz", isf);
		ret[n++] = isf;
		ret[n++] = arena_printf(a, "%s/%s/%s.sym", name, key, stem);
		ret[n++] = arena_printf(a, "%s/%s/%s", name, key, isf); // as it was kept when a server had it
	}
	ret[n++] = arena_printf(a, "%s.dspack", stem);
	ret[n++] = arena_printf(a, "%s.sym", stem);
	return n;
}

static bool find_below(struct search *s, const char *folder)
{
	const char *list[PLACES];
	struct store_hit hit;
	struct store_query q = { .more = list };
	q.n_more = places(s, list);
	q.name = list[q.n_more - 1]; // flat, too
	bool found = !store_find_in(s->t->store, folder, &q, accept_pack, s, &hit).code;
	file_map_close(&s->source);
	return found;
}

// ---- servers
// What comes is opened from a file, as it is converted by another path's rules than those of a mapped one.
static err_t accept_online(void *ctx, const struct store_file *f)
{
	struct online *o = ctx;
	struct search *s = o->s;
	int fd;
	const char *tmp = os_env("TMPDIR");
	TRY(os_temp_file(tmp ? tmp : "/var/tmp", &fd));
	err_t e = os_write_all(fd, f->map.bytes);
	if (!e.code)
		e = try_path(s, arena_printf(s->t->arena, "/proc/self/fd/%d", fd));
	fd_close(&fd);
	if (e.code)
		return e.code == E_NOTFOUND ? e : fail(E_NOTFOUND, "neither layout pack, ISF nor Breakpad file", 0);
	enum pack_source from = pack_id(s->found.pack)->from;
	o->q.file = from == PACK_FROM_ISF ? o->isf : from == PACK_FROM_BREAKPAD ? o->sym : o->q.file;
	s->source = f->map;
	return ok();
}

// Microsoft's server has PDBs and images alone.
static bool has_server(const struct store_element *e)
{
	for (size_t i = 0; i < e->n_places; i++)
		if (e->places[i].kind == STORE_HTTP && !strcasestr(e->places[i].path, "//msdl.microsoft.com"))
			return true;
	return false;
}

static bool find_online(struct search *s)
{
	struct target *t = s->t;
	const struct store_path *p = &t->symbol_path;
	struct arena *a = t->arena;
	struct store_path servers = { .elements = NEW_N(a, struct store_element, p->n + 1) };
	bool any = false;
	for (size_t i = 0; i < p->n; i++) {
		any = any || has_server(&p->elements[i]);
		if (p->elements[i].is_cache || has_server(&p->elements[i]))
			servers.elements[servers.n++] = p->elements[i];
	}
	if (!any || !s->want->guid || s->strictness != SAME_BUILD || !t->store->fetcher.get || t->gathering)
		return false;
	char key[STORE_KEY], guid[STORE_KEY];
	store_key_guid(key, s->want->guid, s->want->age);
	store_key_guid(guid, s->want->guid, 0);
	const char *name = s->want->pdb_name, *dot = strrchr(name, '.');
	const char *stem = arena_strndup(a, name, dot && dot != name ? (size_t)(dot - name) : strlen(name));
	struct online o = { .s = s };
	o.isf = arena_printf(a, "%.32s-%u.json", guid, s->want->age);
	o.sym = arena_printf(a, "%s.sym", stem);
	const char *const more[] = { arena_printf(a, "%s/%s/%s", name, key, o.sym),
				     arena_printf(a, "windows/%s/%s.xz", name, o.isf),
				     arena_printf(a, "%s/%s.xz", name, o.isf), arena_printf(a, "%s/%s", name, o.isf) };
	o.q = (struct store_query){ .name = name,
				    .key = key,
				    .file = arena_printf(a, "%s.dspack", stem),
				    .more = more,
				    .n_more = ARRAY_LEN(more) };
	struct store_hit hit;
	bool found = !store_find(t->store, &servers, &o.q, accept_online, &o, &hit).code;
	file_map_close(&s->source);
	if (found)
		s->path = hit.path;
	return found;
}

static bool find(struct search *s)
{
	const struct store_path *p = &s->t->symbol_path;
	if (!store_name_ok(s->want->pdb_name))
		return false;
	for (int files = 1; files >= 0; files--) {
		for (size_t i = 0; i < p->n; i++) {
			for (size_t k = 0; k < p->elements[i].n_places; k++) {
				const struct store_place *at = &p->elements[i].places[k];
				if (at->kind != STORE_FOLDER && at->kind != STORE_TREE)
					continue;
				bool is_file = file_exists(at->path);
				if (is_file && files && !try_path(s, at->path).code)
					return true;
				if (!is_file && !files && find_below(s, at->path))
					return true;
			}
		}
	}
	return find_online(s);
}

err_t pack_open_for(struct target *t, const struct pack_wanted *w, struct pack_file *ret, const char **path_ret)
{
	struct search s = { .t = t, .want = w };
	if (!find(&s))
		return s.error.code ? s.error : fail(E_NOTFOUND, "no layout pack, ISF or Breakpad file", 0);
	*ret = s.found;
	if (path_ret)
		*path_ret = s.path;
	return ok();
}

static struct pack_wanted wanted_of(struct target *t, struct module *m)
{
	struct codeview *cv = &m->cv;
	*cv = target_module_codeview(t, m);
	if (cv->kind == CV_RSDS && cv->path && *path_base(cv->path))
		return (struct pack_wanted){ path_base(cv->path), cv->guid, cv->age };
	const char *dot = strrchr(m->image_name, '.');
	size_t stem = dot && dot != m->image_name ? (size_t)(dot - m->image_name) : strlen(m->image_name);
	return (struct pack_wanted){ arena_printf(t->arena, "%.*s.pdb", (int)MIN(stem, (size_t)INT16_MAX),
						  m->image_name),
				     cv->kind == CV_RSDS ? cv->guid : NULL, cv->age };
}

err_t pack_locate(struct target *t, struct module *m, struct pack **ret)
{
	if (!t->symbol_path.n)
		return fail(E_NOTFOUND, "no symbol path is set", m->base);
	bool loose = m->load_anything || (t->symbol_options & SYMOPT_LOAD_ANYTHING);
	struct pack_wanted w = wanted_of(t, m);
	if (!w.guid && !loose)
		return fail(E_NOTFOUND, "the module names no PDB", m->base);
	struct search s = { .t = t, .want = &w };
	for (; !s.found.pack && s.strictness <= (loose ? ANY_BUILD : SAME_BUILD); s.strictness++)
		(void)find(&s);
	m->other_build = m->other_build || (s.refused && !s.found.pack);
	if (!s.found.pack) {
		if (s.error.code && !m->symbol_error.code)
			m->symbol_error = s.error;
		return s.error.code ? s.error : fail(E_NOTFOUND, "no layout pack, ISF or Breakpad file", m->base);
	}
	m->symbol_file = s.path;
	m->symbol_map = s.found.map;
	m->symbol_error = ok();
	m->mismatch = s.mismatch.code ? s.mismatch.what : NULL;
	*ret = s.found.pack;
	return ok();
}

// SPDX-License-Identifier: Apache-2.0
// dt_find.c: what a name or an address of dt means, and lists of names.
#include "cmd/dt.h"

#include <stdlib.h>
#include <string.h>

static const struct field row_type_match_fields[] = { { "address", R_PTR, "of a variable; null: a type" },
						      { "module", R_STR, "module" },
						      { "name", R_STR, "its name" },
						      { "size", R_HEX, "bytes" } };
const struct schema row_type_match = { .name = "type_match",
				       .doc = "A type, or a variable of known type, that matches a pattern",
				       .layout = { NULL, "{address}  {module}!{name}" },
				       .fields = row_type_match_fields,
				       .n_fields = ARRAY_LEN(row_type_match_fields) };
static const struct layout type_only = { NULL, "          {module}!{name}" };
static const struct layout sized_type = { NULL, "           {size:3} {module}!{name}" };
static const struct layout sized_variable = { NULL, "{address}   {size:3} {module}!{name}" };

struct type_source *dt_types(struct target *t, struct module *m, struct symbols **ret)
{
	struct symbols *s = sym_load(t, m);
	*ret = s;
	return s && s->provider->types ? s->provider->types(s) : NULL;
}

// "name[8]" loses its brackets.
static const char *split_array(struct arena *a, const char *name, uint64_t *count)
{
	const char *open = strrchr(name, '[');
	size_t n = strlen(name);
	char *end;
	*count = 0;
	if (!open || open == name || name[n - 1] != ']' || open[1] < '0' || open[1] > '9')
		return name;
	*count = strtoull(open + 1, &end, 10);
	if (*end != ']' || end[1] || !*count)
		return name;
	return arena_strndup(a, name, (size_t)(open - name));
}

static bool variable_in(struct symbols *s, const char *name, struct type_source *types, struct dt_subject *ret)
{
	uint32_t rva;
	struct sym_about about = { 0 };
	if (!s->provider->find(s, name, &rva) || !s->provider->about || !s->provider->about(s, rva, name, &about) ||
	    about.is_function || !type_get(types, about.type, &ret->type))
		return false;
	ret->kind = DT_VARIABLE;
	ret->va = s->module->base + rva;
	return true;
}

static bool find_in(struct dt *d, struct module *m, const char *name, struct dt_subject *ret)
{
	struct type_source *types = dt_types(d->s->target, m, &ret->symbols);
	if (!types)
		return false;
	ret->module = m;
	ret->name = name;
	if (!d->o.enumerate && variable_in(ret->symbols, name, types, ret))
		return true;
	ret->kind = DT_TYPE;
	if (!type_find(types, name, &ret->type))
		return false;
	if (ret->type.name && str_ieq(ret->type.name, name))
		ret->name = ret->type.name; // a typedef keeps the name that was typed
	return true;
}

static void make_array(struct type *t, uint64_t count)
{
	uint64_t size;
	if (!mul_ok(t->size, count, &size) || !t->id)
		return;
	*t = (struct type){ .source = t->source, .kind = TYPE_ARRAY, .target = t->id, .count = count, .size = size };
}

static struct module *module_named(struct target *t, const char *name)
{
	struct module *m = target_module_named(t, name);
	return m || !str_ieq(name, "nt") ? m : target_module_named(t, "ntdll");
}

static err_t not_found(struct dt *d, const char *name)
{
	struct symbols *s;
	bool any = false;
	for (size_t i = 0; i < d->s->target->n_modules && !any; i++)
		any = dt_types(d->s->target, d->s->target->modules[i], &s);
	if (!any)
		doc_note(d->out, NOTE_INFO, "types.none",
			 "No module has type information: its PDB was not found (see .sympath, !lmi).");
	return cmd_fail(d->c, E_NOTFOUND, 0, "Symbol %s not found.", name);
}

err_t dt_find(struct dt *d, const char *name, struct dt_subject *ret)
{
	const char *bang = strchr(name, '!');
	uint64_t count;
	*ret = (struct dt_subject){ 0 };
	const char *bare = split_array(d->c->a, bang ? bang + 1 : name, &count);
	bool found = false;
	if (bang) {
		struct module *m = module_named(d->s->target, arena_strndup(d->c->a, name, (size_t)(bang - name)));
		found = m && find_in(d, m, bare, ret);
	}
	for (size_t i = 0; !bang && !found && i < d->s->target->n_modules; i++) {
		TRY(session_poll(d->s));
		found = find_in(d, d->s->target->modules[i], bare, ret);
	}
	if (!found)
		return not_found(d, name);
	if (count && ret->kind == DT_TYPE) {
		make_array(&ret->type, count);
	} else if (count) {
		struct value v = value_at(&ret->type, ret->va), elem;
		if (!value_element(&v, count, &elem))
			return cmd_fail(d->c, E_NOTFOUND, 0, "Symbol %s not found.", name);
		ret->type = elem.type;
		ret->va = elem.va;
	}
	return ok();
}

bool dt_find_local(struct dt *d, const char *name, struct dt_subject *ret)
{
	struct frame f;
	struct locals l;
	if (d->o.enumerate || strpbrk(name, "!<*?[") || stack_frame(d->s, d->c->a, d->s->frame, &f).code || !f.module)
		return false;
	locals_of(d->s, d->c->a, &f, &l);
	const struct local *found = locals_named(&l, name, strlen(name));
	if (!found || !found->has_type)
		return false;
	*ret = (struct dt_subject){ .kind = DT_LOCAL,
				    .module = f.module,
				    .name = found->name,
				    .type = found->type,
				    .va = found->va,
				    .local = found };
	ret->symbols = sym_load(d->s->target, f.module);
	return true;
}

err_t dt_find_at(struct dt *d, va_t va, struct dt_subject *ret)
{
	struct sym_hit hit;
	struct sym_about about = { 0 };
	*ret = (struct dt_subject){ .kind = DT_VARIABLE, .va = va };
	if (sym_near(d->s->target, va, &hit) && hit.name && !hit.disp) {
		struct type_source *types = dt_types(d->s->target, hit.module, &ret->symbols);
		uint32_t rva = (uint32_t)(va - hit.module->base);
		ret->module = hit.module;
		ret->name = hit.name;
		if (types && ret->symbols->provider->about &&
		    ret->symbols->provider->about(ret->symbols, rva, hit.name, &about) &&
		    type_get(types, about.type, &ret->type))
			return ok();
	}
	return cmd_fail(d->c, E_NOTFOUND, va, "Symbol not found at address %s.",
			d->s->target->ptr_bytes == 8 ? arena_printf(d->c->a, "%016llx", (unsigned long long)va)
						     : arena_printf(d->c->a, "%08x", (unsigned)va));
}

// ---- lists of names
struct matching {
	struct dt *d;
	struct module *module;
	struct symbols *symbols;
	struct type_source *types;
	const char *pattern;
	size_t n;
	const char *first;
};

static bool wanted(struct matching *m, const char *name, uint64_t size)
{
	if (m->d->o.sized && size != m->d->o.size)
		return false;
	if (!m->n++)
		m->first = arena_printf(m->d->c->a, "%s!%s", m->module->name, name);
	return true;
}

static bool match_variable(void *ctx, const struct sym_match *hit)
{
	struct matching *m = ctx;
	struct sym_about about = { 0 };
	struct type t = { 0 };
	const struct symbol_provider *p = m->symbols->provider;
	if (hit->module != m->module || !p->about || !str_wild(m->pattern, hit->name) ||
	    !p->about(m->symbols, (uint32_t)(hit->va - hit->module->base), hit->name, &about) || about.is_function ||
	    (!about.type && !m->d->o.verbose))
		return true;
	if (about.type)
		(void)type_get(m->types, about.type, &t);
	if (wanted(m, hit->name, t.size))
		ROW_AS(m->d->out, row_type_match, m->d->o.verbose ? &sized_variable : NULL, V(hit->va),
		       VS(hit->module->name), VS(hit->name), V(t.size));
	return m->n < LIMIT_DT_ROWS && !session_poll(m->d->s).code;
}

static bool match_type(void *ctx, const struct type *t)
{
	struct matching *m = ctx;
	if (!str_wild(m->pattern, t->name))
		return true;
	if (wanted(m, t->name, t->size))
		ROW_AS(m->d->out, row_type_match, m->d->o.verbose ? &sized_type : &type_only, V_ABSENT,
		       VS(m->module->name), VS(t->name), V(t->size));
	return m->n < LIMIT_DT_ROWS && !session_poll(m->d->s).code;
}

err_t dt_list_matches(struct dt *d, const char *pattern, size_t *n_ret, const char **first_ret)
{
	const char *bang = strchr(pattern, '!');
	const char *mods = bang ? arena_strndup(d->c->a, pattern, (size_t)(bang - pattern)) : "*";
	struct matching m = { .d = d, .pattern = bang ? bang + 1 : pattern };
	if (bang && !strpbrk(mods, "*?[#+")) {
		struct module *only = module_named(d->s->target, mods);
		mods = only ? only->name : mods;
	}
	for (size_t i = 0; i < d->s->target->n_modules; i++) {
		TRY(session_poll(d->s));
		m.module = d->s->target->modules[i];
		if (!str_wild(mods, m.module->name))
			continue;
		m.types = dt_types(d->s->target, m.module, &m.symbols);
		if (!m.types)
			continue;
		if (!d->o.enumerate)
			TRY(sym_each(d->s, arena_printf(d->c->a, "%s!%s", m.module->name, m.pattern), match_variable,
				     &m));
		m.types->ops->each(m.types, match_type, &m);
	}
	TRY(session_poll(d->s));
	*n_ret = m.n;
	*first_ret = m.first;
	if (m.n >= LIMIT_DT_ROWS)
		doc_note(d->out, NOTE_WARNING, "limit.rows", "More than %u names: the list ends here.",
			 (unsigned)LIMIT_DT_ROWS);
	return ok();
}

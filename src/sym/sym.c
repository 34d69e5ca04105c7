// SPDX-License-Identifier: Apache-2.0
// sym.c: providers in order, and the forms in which the debugger shows an address.
#include "sym/sym.h"

#include "sym/guess.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

// Stands in module->symbols once every provider has refused.
static const struct symbol_provider no_provider = { .name = "none", .state = SYM_NONE };

enum sym_state sym_module_state(const struct module *m)
{
	if (!m->symbols || m->offline)
		return SYM_DEFERRED;
	return m->symbols->state != SYM_DEFERRED ? m->symbols->state : m->symbols->provider->state;
}

const char *sym_state_text(enum sym_state s)
{
	// WinDbg reads DWARF through a symbol service; its text: Microsoft's page "Linux symbols and sources".
	static const char *const texts[] = {
		"(deferred)",
		"(no symbols)",
		"(export symbols)",
		"(pdb symbols)",
		"(private pdb symbols)",
		"(coff symbols)",
		"(service symbols: DWARF Private Symbols)",
		"(pack symbols)", // ours: the debugger knows no such files
		"(isf symbols)",
		"(breakpad symbols)",
	};
	return texts[s];
}

static bool open_first(struct target *t, struct module *m, bool exports)
{
	for (size_t i = 0; !m->symbols && symbol_providers[i]; i++) {
		struct symbols *s;
		if ((symbol_providers[i]->state == SYM_EXPORT && !exports) || symbol_providers[i]->open(t, m, &s).code)
			continue;
		if (symbol_providers[i]->state != SYM_EXPORT)
			m->other_build = false;
		s->provider = symbol_providers[i];
		s->module = m;
		m->symbols = s;
	}
	return m->symbols != NULL;
}

// What is the module's own, of whatever kind, goes before another build's file; that goes before exports.
static bool open_any(struct target *t, struct module *m)
{
	const uint32_t options = t->symbol_options;
	const bool anything = m->load_anything;
	if (anything || (options & SYMOPT_LOAD_ANYTHING)) {
		t->symbol_options = options & ~(uint32_t)SYMOPT_LOAD_ANYTHING;
		m->load_anything = false;
		bool found = open_first(t, m, false);
		t->symbol_options = options;
		m->load_anything = anything;
		if (found)
			return true;
	}
	return open_first(t, m, true);
}

struct symbols *sym_load(struct target *t, struct module *m)
{
	if (m->offline && t->store->fetcher.get)
		target_forget_symbols(t, m);
	if (!m->symbols && (target_module_codeview(t, m).kind != CV_NONE || !guess_kernel_symbols(t, m, open_any)))
		open_any(t, m);
	if (!m->symbols) {
		m->symbols = NEW(t->arena, struct symbols);
		*m->symbols = (struct symbols){ .provider = &no_provider, .module = m };
	}
	return m->symbols->provider == &no_provider ? NULL : m->symbols;
}

void sym_gather(struct target *t)
{
	const struct store_fetcher f = t->store->fetcher;
	if (!f.get || !f.gather)
		return;
	// What names the PDB may stand in an image that a server has.
	for (size_t i = 0; i < t->n_modules; i++)
		(void)target_module_codeview(t, t->modules[i]);
	f.gather(f.ctx, true);
	t->gathering = true;
	for (size_t i = 0; i < t->n_modules; i++) {
		struct module *m = t->modules[i];
		if (m->symbols && !m->offline)
			continue;
		sym_load(t, m);
		if (!m->symbol_file)
			target_forget_symbols(t, m);
	}
	t->gathering = false;
	if (f.gather(f.ctx, false))
		store_forget(t->store);
}

// A part of a function that lies away from it has no symbol of its own, and what stands before it is another function.
// Its unwind data says whose it is: the name of that, as DbgHelp gives it.
static bool near_whole(struct target *t, struct symbols *s, uint32_t rva, const char **name, uint32_t *at)
{
	const struct pe *pe;
	uint32_t part, begin, next;
	const char *whole;
	bool is_function;
	if (target_module_pe(t, s->module, &pe).code || !pe_function_whole(pe, rva, &part, &begin) || begin >= part ||
	    *at >= part || !s->provider->near(s, begin, &whole, &next, NULL, &is_function) || next != begin)
		return false;
	*name = whole;
	*at = begin;
	return true;
}

bool sym_near(struct target *t, va_t va, struct sym_hit *ret)
{
	struct module *m = target_module_at(t, va);
	if (!m)
		return false;
	*ret = (struct sym_hit){ .module = m, .va = m->base, .disp = va - m->base };
	struct symbols *s = sym_load(t, m);
	uint32_t rva;
	const char *name;
	if (s && va - m->base <= UINT32_MAX &&
	    s->provider->near(s, (uint32_t)(va - m->base), &name, &rva, NULL, &ret->is_function)) {
		if (near_whole(t, s, (uint32_t)(va - m->base), &name, &rva))
			ret->is_function = true;
		ret->name = name;
		m->mismatch_used = true;
		ret->va = m->base + rva;
		ret->disp = va - ret->va;
	}
	return true;
}

// The symbols that serve va; NULL. Images over 4 GiB do not exist.
static struct symbols *symbols_at(struct target *t, va_t va, uint32_t *rva_ret)
{
	struct module *m = target_module_at(t, va);
	if (!m || va - m->base > UINT32_MAX)
		return NULL;
	*rva_ret = (uint32_t)(va - m->base);
	return sym_load(t, m);
}

bool sym_line_at(struct target *t, va_t va, struct sym_line *ret)
{
	uint32_t rva;
	struct symbols *s = symbols_at(t, va, &rva);
	return s && s->provider->line && s->provider->line(s, rva, ret);
}

size_t sym_inlines_at(struct target *t, va_t va, struct sym_inline *ret, size_t max)
{
	uint32_t rva;
	struct symbols *s = symbols_at(t, va, &rva);
	return s && s->provider->inlines ? s->provider->inlines(s, rva, ret, max) : 0;
}

bool sym_frame_at(struct target *t, va_t va, struct sym_frame *ret, va_t *base_ret)
{
	uint32_t rva;
	struct symbols *s = symbols_at(t, va, &rva);
	if (!s || !s->provider->frame || !s->provider->frame(s, rva, ret))
		return false;
	*base_ret = s->module->base;
	return true;
}

const char *sym_text(struct target *t, struct arena *a, va_t va)
{
	struct sym_hit h;
	if (sym_near(t, va, &h)) {
		const char *mod = h.module->name;
		if (h.name && !h.disp)
			return arena_printf(a, "%s!%s", mod, h.name);
		if (h.name)
			return arena_printf(a, "%s!%s+0x%" PRIx64, mod, h.name, h.disp);
		return h.disp ? arena_printf(a, "%s+0x%" PRIx64, mod, h.disp) : arena_strdup(a, mod);
	}
	const struct unloaded_module *u = target_unloaded_at(t, va);
	if (!u)
		return NULL;
	return arena_printf(a, "<Unloaded_%s>+0x%" PRIx64, path_base(u->name), va - u->base);
}

const char *sym_text_or_number(struct target *t, struct arena *a, va_t va)
{
	const char *s = sym_text(t, a, va);
	if (s)
		return s;
	if (va >> 32)
		return arena_printf(a, "0x%08" PRIx32 "`%08" PRIx32, (uint32_t)(va >> 32), (uint32_t)va);
	return arena_printf(a, "0x%" PRIx32, (uint32_t)va);
}

bool sym_insn_name(void *ctx, va_t va, char *buf, size_t n)
{
	struct target *t = ctx;
	struct sym_hit h;
	if (!sym_near(t, va, &h))
		return false;
	int len;
	if (!h.name)
		len = snprintf(buf, n, "%s+0x%" PRIx64, h.module->name, h.disp);
	else if (h.disp)
		len = snprintf(buf, n, "%s!%s+0x%" PRIx64, h.module->name, h.name, h.disp);
	else
		len = snprintf(buf, n, "%s!%s", h.module->name, h.name);
	return len > 0 && (size_t)len < n;
}

static err_t find_in(struct module *m, struct symbols *s, const char *name, va_t *ret)
{
	uint32_t rva;
	if (!s || s->provider == &no_provider)
		return fail(E_NOTFOUND, "no such symbol", m->base);
	s->ambiguous = false;
	if (!s->provider->find(s, name, &rva))
		return fail(s->ambiguous ? E_AMBIGUOUS : E_NOTFOUND,
			    s->ambiguous ? "several symbols have this name" : "no such symbol", m->base);
	m->mismatch_used = true;
	*ret = m->base + rva;
	return ok();
}

err_t sym_find_loaded(struct target *t, const char *name, va_t *ret)
{
	for (size_t i = 0; i < t->n_modules; i++) {
		struct module *m = t->modules[i];
		err_t e = m->symbols ? find_in(m, m->symbols, name, ret) : fail(E_NOTFOUND, NULL, 0);
		if (e.code != E_NOTFOUND)
			return e;
	}
	return fail(E_NOTFOUND, "no such symbol", 0);
}

struct symbols *sym_load_offline(struct target *t, struct module *m)
{
	if (m->symbols)
		return sym_load(t, m);
	struct store_fetcher fetcher = t->store->fetcher;
	t->store->fetcher.get = NULL;
	struct symbols *sy = sym_load(t, m);
	m->offline = fetcher.get && !m->symbol_file;
	t->store->fetcher = fetcher;
	return sy;
}

// A name without a module is no reason to download the symbols of all of them.
static err_t find_deferred(struct target *t, const char *name, va_t *ret)
{
	err_t e = fail(E_NOTFOUND, "no such symbol", 0);
	for (size_t i = 0; i < t->n_modules && e.code == E_NOTFOUND; i++) {
		struct module *m = t->modules[i];
		if (!m->symbols)
			e = find_in(m, sym_load_offline(t, m), name, ret);
	}
	return e;
}

err_t sym_find(struct target *t, const char *text, va_t *ret)
{
	const char *bang = strchr(text, '!');
	if (bang) {
		char mod[256];
		size_t n = (size_t)(bang - text);
		if (n >= sizeof(mod))
			return fail(E_NOTFOUND, "no such module", 0);
		memcpy(mod, text, n);
		mod[n] = 0;
		struct module *m = target_module_named(t, mod);
		if (!m)
			return fail(E_NOTFOUND, "no such module", 0);
		return find_in(m, sym_load(t, m), bang + 1, ret);
	}
	struct module *m = target_module_named(t, text);
	if (m && str_ieq(m->name, text)) {
		*ret = m->base;
		return ok();
	}
	err_t e = sym_find_loaded(t, text, ret);
	if (e.code == E_NOTFOUND && !(t->symbol_options & SYMOPT_NO_UNQUALIFIED_LOADS))
		e = find_deferred(t, text, ret);
	return e;
}

struct each {
	const char *pattern;
	struct module *module;
	bool (*fn)(void *ctx, const struct sym_match *m);
	void *ctx;
	const struct session *session;
	bool stop;
};

// "A single leading underscore represents any quantity of leading underscores" (the page on x; its example shows the
// same of two).
static bool matches(const char *pattern, const char *name)
{
	if (str_wild(pattern, name))
		return true;
	return *pattern == '_' && str_wild(pattern + strspn(pattern, "_"), name + strspn(name, "_"));
}

static bool each_name(void *ctx, const char *name, uint32_t rva)
{
	struct each *e = ctx;
	if (session_poll(e->session).code)
		e->stop = true;
	else if (matches(e->pattern, name) && (e->module->mismatch_used = true))
		e->stop = !e->fn(e->ctx, &(struct sym_match){ e->module, name, e->module->base + rva });
	return !e->stop;
}

err_t sym_each(struct session *s, const char *pattern, bool (*fn)(void *ctx, const struct sym_match *m), void *ctx)
{
	struct target *t = s->target;
	const char *bang = strchr(pattern, '!');
	char mod[256] = "*";
	if (bang) {
		size_t n = (size_t)(bang - pattern);
		if (n >= sizeof(mod))
			return fail(E_NOTFOUND, "no such module", 0);
		memcpy(mod, pattern, n);
		mod[n] = 0;
	}
	struct each e = { .pattern = bang ? bang + 1 : pattern, .fn = fn, .ctx = ctx, .session = s };
	for (size_t i = 0; i < t->n_modules && !e.stop; i++) {
		e.module = t->modules[i];
		if (!str_wild(mod, e.module->name))
			continue;
		if (!bang && !e.module->symbols && (t->symbol_options & SYMOPT_NO_UNQUALIFIED_LOADS))
			continue;
		struct symbols *sy = sym_load(t, e.module);
		if (sy)
			sy->provider->each(sy, each_name, &e);
	}
	return session_poll(s);
}

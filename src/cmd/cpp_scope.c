// SPDX-License-Identifier: Apache-2.0
// cpp_scope.c: what C++ expressions see of a session: variables by type, registers, pseudo-registers, types of modules.
#include "base/limits.h"
#include "cmd/cpp.h"
#include "cmd/scope.h"
#include "value/locals.h"

#include <string.h>

// What outlives an expression: types, and what the user made of $t0 to $t19.
struct cpp_state {
	struct cpp_types *types;
	struct pseudo_types pseudo;
	char error[1024]; // the text of the last error inside @@c++( ) of a MASM expression
};

static struct cpp_state *state_of(struct session *s)
{
	if (!s->cpp) {
		struct cpp_state *st = NEW(s->arena, struct cpp_state);
		st->types = cpp_types_new(s->arena, s->target ? s->target->ptr_bytes : 8);
		s->cpp = st;
	}
	return s->cpp;
}

void pseudo_types_save(struct session *s, struct pseudo_types *ret)
{
	*ret = s->cpp ? ((struct cpp_state *)s->cpp)->pseudo : (struct pseudo_types){ 0 };
}

void pseudo_types_restore(struct session *s, const struct pseudo_types *p)
{
	if (s->cpp)
		((struct cpp_state *)s->cpp)->pseudo = p ? *p : (struct pseudo_types){ 0 };
}

void pseudo_set_number(struct session *s, unsigned n, uint64_t v)
{
	if (n >= ARRAY_LEN(s->dbg->t))
		return;
	struct debugger *d = s->dbg;
	d->t[n] = v;
	// What another dump made of it is gone, too.
	for (size_t i = 0; i < d->n_systems; i++)
		if (d->systems[i]->cpp)
			((struct cpp_state *)d->systems[i]->cpp)->pseudo.typed[n] = false;
}

err_t pseudo_set_typed(struct session *s, struct arena *a, unsigned n, const char *text, const char **rest)
{
	struct cpp_run *r = NEW(a, struct cpp_run);
	struct cpp_state *st = state_of(s);
	struct cpp_value v;
	uint64_t number = 0;
	cpp_begin(s, a, r);
	r->scope.is_argument = true;
	TRY(cpp_eval(&r->scope, text, &v, rest));
	bool object = type_is_udt(&v.v.type) || v.v.type.kind == TYPE_ARRAY;
	if (n >= ARRAY_LEN(s->dbg->t) || (object && v.v.where != VALUE_MEMORY) || v.v.type.kind == TYPE_BITFIELD)
		return fail(E_USAGE, arena_printf(a, "Syntax error at '%s'", text), 0);
	if (!object)
		TRY(cpp_as_number(&r->scope, text, &v, &number));
	pseudo_set_number(s, n, number);
	st->pseudo.typed[n] = true;
	st->pseudo.type[n] = v.v.type;
	st->pseudo.object[n] = object ? v.v.va : 0;
	return ok();
}

int user_pseudo_number(const char *name)
{
	name += *name == '@';
	if (name[0] != '$' || (name[1] | 0x20) != 't' || name[2] < '0' || name[2] > '9')
		return -1;
	int n = name[2] - '0';
	if (name[3] >= '0' && name[3] <= '9' && n)
		return name[4] || n * 10 + name[3] - '0' > 19 ? -1 : n * 10 + name[3] - '0';
	return name[3] ? -1 : n;
}

// ---- registers
static enum cpp_base word_base(const struct session *s)
{
	return s->target && s->target->ptr_bytes == 4 ? CPP_UINT : CPP_UINT64;
}

static bool reg(void *ctx, const char *name, struct cpp_value *ret, err_t *err)
{
	struct cpp_run *r = ctx;
	struct expr_scope masm = cmd_scope(r->s);
	uint64_t v = 0;
	if (!masm.reg(masm.ctx, name, &v, err))
		return false;
	*ret = cpp_number(r->scope.types, r->env.a, word_base(r->s), v);
	return true;
}

static struct module *current_module(const struct session *s)
{
	const struct target *t = s->target;
	return t && s->regs_known ? target_module_at(t, reg_get(&s->regs, reg_pc(t->machine))) : NULL;
}

static struct type_source *types_of(struct cpp_run *r, struct module *m)
{
	r->symbols = m ? sym_load(r->s->target, m) : NULL;
	return r->symbols && r->symbols->provider->types ? r->symbols->provider->types(r->symbols) : NULL;
}

static struct module *nt_module(const struct session *s)
{
	return target_module_named(s->target, s->target->kernel ? "nt" : "ntdll");
}

// Pseudo-registers that hold the address of a structure are pointers to it; other addresses are PUCHAR, as Microsoft's
// page says. Process and thread ids are unsigned int in recorded output; what else is a number has the target's width.
static err_t pseudo_value(struct cpp_run *r, const char *name, uint64_t v, struct cpp_value *ret)
{
	static const char *const addresses[] = { "ip", "eventip", "scopeip", "exentry", "ra", "csp", "ea", "ea2" };
	static const char *const ids[] = { "tid", "tpid", "dtid", "dpid", "dsid", "exr_code", "bug_code" };
	static const char *const wide[] = { "exp", "retreg64", "dbgtime", "p" };
	bool kernel = r->s->target && r->s->target->kernel;
	const char *structure = str_ieq(name, "teb")      ? "_TEB"
				: str_ieq(name, "peb")    ? "_PEB"
				: str_ieq(name, "proc")   ? kernel ? "_EPROCESS" : "_PEB"
				: str_ieq(name, "thread") ? kernel ? "_ETHREAD" : "_TEB"
							  : NULL;
	enum cpp_base base = word_base(r->s);
	struct type to = cpp_base_type(r->scope.types, CPP_UCHAR), pointer;
	bool is_address = structure != NULL;
	for (size_t i = 0; i < ARRAY_LEN(addresses) && !is_address; i++)
		is_address = str_ieq(name, addresses[i]);
	if (is_address) {
		if (structure && !type_find(types_of(r, nt_module(r->s)), structure, &to))
			to = cpp_base_type(r->scope.types, CPP_VOID);
		TRY(cpp_pointer_to(r->scope.types, &to, &pointer));
		*ret = cpp_scalar(r->env.a, &pointer, v);
		return ok();
	}
	for (size_t i = 0; i < ARRAY_LEN(ids); i++)
		base = str_ieq(name, ids[i]) ? CPP_UINT : base;
	for (size_t i = 0; i < ARRAY_LEN(wide); i++)
		base = str_ieq(name, wide[i]) ? CPP_UINT64 : base;
	*ret = cpp_number(r->scope.types, r->env.a, base, v);
	return ok();
}

static bool pseudo(void *ctx, const char *name, struct cpp_value *ret, err_t *err)
{
	struct cpp_run *r = ctx;
	uint64_t v = 0;
	int n = user_pseudo_number(arena_printf(r->env.a, "$%s", name));
	if (!scope_pseudo(r->s, name, &v, err))
		return false;
	if (err->code)
		return true;
	if (n < 0) {
		*err = pseudo_value(r, name, v, ret);
		return true;
	}
	const struct cpp_state *st = state_of(r->s);
	if (!st->pseudo.typed[n])
		*ret = cpp_number(r->scope.types, r->env.a, CPP_UINT64, v);
	else if (type_is_udt(&st->pseudo.type[n]) || st->pseudo.type[n].kind == TYPE_ARRAY)
		*ret = (struct cpp_value){ .v = value_at(&st->pseudo.type[n], st->pseudo.object[n]) };
	else
		*ret = cpp_scalar(r->env.a, &st->pseudo.type[n], v);
	ret->pseudo = (unsigned)n + 1;
	return true;
}

static void assign(void *ctx, unsigned n, uint64_t value)
{
	struct cpp_run *r = ctx;
	if (n < ARRAY_LEN(r->s->dbg->t))
		r->s->dbg->t[n] = value;
}

// ---- names
static err_t local_value(const struct local *l, struct cpp_value *ret)
{
	if (!l->has_type || (!l->in_memory && !l->bytes.p))
		return fail(E_ABSENT, l->why ? l->why : "the variable is not available here", 0);
	ret->v = l->in_memory ? value_at(&l->type, l->va) : value_of(&l->type, l->bytes);
	return ok();
}

// A variable of the frame, else a member of what its `this` points at.
static bool local_name(struct cpp_run *r, const char *name, struct cpp_value *ret, err_t *err)
{
	struct frame f;
	struct locals l;
	struct type_member m;
	uint64_t to;
	bool marked = str_starts(name, "$!");
	struct module *m0 = current_module(r->s);
	if ((!marked && (r->s->target->symbol_options & SYMOPT_NO_UNQUALIFIED_LOADS) && m0 && !m0->symbols) ||
	    stack_frame(r->s, r->env.a, r->s->frame, &f).code || !f.module)
		return false;
	name += marked ? 2 : 0;
	locals_of(r->s, r->env.a, &f, &l);
	const struct local *v = locals_named(&l, name, strlen(name));
	r->symbols = f.module->symbols;
	if (v) {
		*err = local_value(v, ret);
		return true;
	}
	struct cpp_value self = { 0 };
	struct type udt;
	v = locals_named(&l, "this", 4);
	if (!v || local_value(v, &self).code || self.v.type.kind != TYPE_POINTER || !type_target(&self.v.type, &udt) ||
	    !type_is_udt(&udt) || !type_member_named(&udt, name, &m) || !value_uint(&r->env, &self.v, &to))
		return false;
	struct value object = value_at(&udt, to);
	return value_member(&object, &m, &ret->v);
}

static bool global_in(struct cpp_run *r, struct module *m, const char *name, struct cpp_value *ret)
{
	struct type_source *types = types_of(r, m);
	struct symbols *sy = r->symbols;
	struct sym_about about = { 0 };
	struct type t;
	uint32_t rva;
	uint64_t number;
	type_id constant;
	if (!types)
		return false;
	if (sy->provider->find(sy, name, &rva) && sy->provider->about && sy->provider->about(sy, rva, name, &about) &&
	    about.type && type_get(types, about.type, &t)) {
		ret->v = value_at(&t, m->base + rva);
		return true;
	}
	if (!sy->provider->constant || !sy->provider->constant(sy, name, &number, &constant) ||
	    !type_get(types, constant, &t) || !value_is_scalar(&t))
		return false;
	if (t.kind == TYPE_ENUM && !t.size)
		t.size = 4;
	*ret = cpp_scalar(r->env.a, &t, number);
	return true;
}

struct search { // for a name through the modules
	struct cpp_run *r;
	const char *name;
	struct cpp_value *value;
	struct type *type; // NULL: a variable is looked for
};

static bool look_in(struct search *w, struct module *m)
{
	if (!w->type)
		return global_in(w->r, m, w->name, w->value);
	return type_find(types_of(w->r, m), w->name, w->type);
}

// "mod!name"; else the module of the instruction pointer, that of Windows itself, all others.
static bool look(struct search *w, err_t *err)
{
	struct session *s = w->r->s;
	const char *bang = strchr(w->name, '!');
	if (!s->target)
		return false;
	if (bang && bang != w->name) {
		const char *module = arena_strndup(w->r->env.a, w->name, (size_t)(bang - w->name));
		struct module *m = target_module_named(s->target, module);
		m = m || !str_ieq(module, "nt") ? m : nt_module(s);
		w->name = bang + 1;
		return m && look_in(w, m);
	}
	struct module *first[] = { current_module(s), nt_module(s) };
	for (size_t i = 0; i < ARRAY_LEN(first); i++)
		if (first[i] && look_in(w, first[i]))
			return true;
	for (size_t i = 0; i < s->target->n_modules; i++) {
		struct module *m = s->target->modules[i];
		if ((s->target->symbol_options & SYMOPT_NO_UNQUALIFIED_LOADS) && !m->symbols)
			continue;
		*err = session_poll(s);
		if (err->code || look_in(w, m))
			return true;
	}
	return false;
}

static bool name_value(void *ctx, const char *name, struct cpp_value *ret, err_t *err)
{
	struct cpp_run *r = ctx;
	if (!r->s->target)
		return false;
	bool found = !strchr(name, '!') || str_starts(name, "$!") ? local_name(r, name, ret, err) : false;
	if (!found && !str_starts(name, "$!"))
		found = look(&(struct search){ .r = r, .name = name, .value = ret }, err);
	return found;
}

static bool type_named(void *ctx, const char *name, struct type *ret, err_t *err)
{
	struct cpp_run *r = ctx;
	return look(&(struct search){ .r = r, .name = name, .type = ret }, err);
}

static bool is_local(void *ctx, const char *name)
{
	struct cpp_run *r = ctx;
	struct frame f;
	struct locals l;
	struct module *m = r->s->target ? current_module(r->s) : NULL;
	if (!m || !m->symbols || stack_frame(r->s, r->env.a, r->s->frame, &f).code || !f.module)
		return false;
	locals_of(r->s, r->env.a, &f, &l);
	const struct local *v = locals_named(&l, name, strlen(name));
	return v && str_eq(v->name, name);
}

static bool masm_value(void *ctx, const char *text, size_t n, unsigned depth, uint64_t *ret, err_t *err)
{
	struct cpp_run *r = ctx;
	struct expr_scope scope = cmd_scope(r->s);
	const char *rest = NULL;
	scope.depth = depth;
	*err = expr_eval(&scope, r->env.a, arena_strndup(r->env.a, text, n), ret, &rest);
	if (!err->code && rest[strspn(rest, " \t")])
		*err = fail(E_USAGE, arena_printf(r->env.a, "Extra character error in '%s'", rest), 0);
	return true;
}

void cpp_begin(struct session *s, struct arena *a, struct cpp_run *ret)
{
	*ret = (struct cpp_run){ .s = s };
	ret->env = (struct value_env){ .a = a, .space = s->target ? s->target->space : NULL, .target = s->target };
	ret->scope = (struct cpp_scope){ .ctx = ret,
					 .env = &ret->env,
					 .types = state_of(s)->types,
					 .ptr_bytes = s->target ? s->target->ptr_bytes : 8,
					 .reg = reg,
					 .pseudo = pseudo,
					 .name = name_value,
					 .type = type_named,
					 .is_local = is_local,
					 .masm = masm_value,
					 .assign = assign };
}

static err_t evaluate(struct session *s, struct arena *a, const char *text, unsigned depth, bool is_argument,
		      uint64_t *ret, const char **rest)
{
	struct cpp_run *r = NEW(a, struct cpp_run);
	struct cpp_value v;
	cpp_begin(s, a, r);
	r->scope.depth = depth;
	r->scope.is_argument = is_argument;
	TRY(cpp_eval(&r->scope, text, &v, rest));
	return cpp_as_number(&r->scope, text, &v, ret);
}

err_t scope_cpp_argument(void *ctx, struct arena *a, const char *text, uint64_t *ret, const char **rest)
{
	return evaluate(ctx, a, text, 0, true, ret, rest);
}

bool scope_cpp(void *ctx, const char *text, size_t n, unsigned depth, uint64_t *ret, err_t *err)
{
	struct session *s = ctx;
	struct cpp_state *st = state_of(s);
	struct arena *a = arena_new(LIMIT_COMMAND_MEMORY);
	const char *rest = NULL;
	*err = evaluate(s, a, arena_strndup(a, text, n), depth, false, ret, &rest);
	if (!err->code && *rest)
		*err = fail(E_USAGE, arena_printf(a, "Extra character error in '%s'", rest), 0);
	if (err->code) {
		size_t len = MIN(strlen(err->what), sizeof(st->error) - 1);
		memcpy(st->error, err->what, len);
		st->error[len] = 0;
		err->what = st->error;
		err->code = err->code == E_ABSENT || err->code == E_NOTFOUND || err->code == E_AMBIGUOUS ? E_USAGE
													 : err->code;
	}
	arena_free(a);
	return true;
}

// SPDX-License-Identifier: Apache-2.0
// kparams.c: the parameters of frames, as kp and kP write them between a function's name and the displacement.
#include "cmd/rows.h"
#include "cmd/variable.h"

#include <string.h>

// The recorded type of the function that a frame is in; false: nothing is known of its parameters.
static bool function_type(struct session *s, const struct frame *f, struct type *ret)
{
	struct sym_hit h;
	struct sym_about about;
	if (f->inline_depth || !f->module || !sym_near(s->target, f->exact_ip ? f->ip : f->ip - 1, &h) || !h.name)
		return false;
	struct symbols *sy = sym_load(s->target, h.module);
	if (!sy || !sy->provider->about || !sy->provider->types ||
	    !sy->provider->about(sy, (uint32_t)(h.va - h.module->base), h.name, &about) || !about.is_private ||
	    !about.type)
		return false;
	struct type_source *types = sy->provider->types(sy);
	return types && type_get(types, about.type, ret) && ret->kind == TYPE_FUNCTION;
}

static const char *parameters(struct session *s, struct arena *a, const struct frame *f, bool lines)
{
	struct locals l;
	struct type type;
	size_t n = 0;
	struct sb text = sb_new(a);
	locals_of(s, a, f, &l);
	for (size_t i = 0; i < l.n; i++) {
		const struct local *v = &l.list[i];
		if (!v->is_param)
			continue;
		sb_add(&text, n++ ? lines ? ", \n\t\t\t" : ", " : lines ? "(\n\t\t\t" : "(");
		sb_printf(&text, "%s%s%s = %s", v->has_type ? type_c_text(a, &v->type, NULL) : "",
			  v->has_type ? " " : "", v->name, variable_text(s, a, v).text);
	}
	if (n) {
		sb_ch(&text, ')');
		return sb_str(&text);
	}
	// "(void)", or types alone when the compiler recorded no names. An inlined call without any: real output.
	return function_type(s, f, &type) ? type_params_text(a, &type) : NULL;
}

const char *frame_parameters(struct session *s, struct arena *a, const struct frame *f, bool lines)
{
	const char *list = parameters(s, a, f, lines);
	size_t n = strlen(f->function);
	if (!list || strncmp(f->symbol, f->function, n) != 0)
		return NULL;
	return arena_printf(a, "%s%s%s", f->function, list, f->symbol + n);
}

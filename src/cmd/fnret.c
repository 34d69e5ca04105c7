// SPDX-License-Identifier: Apache-2.0
// fnret.c: .fnret: a function's return value, by the type that the symbols record.
#include "base/limits.h"
#include "cmd/scope.h"
#include "cmd/variable.h"

#include <string.h>

extern const struct cmd cmd_fnret;

// No real output is at hand; layout unverified.
SCHEMA(return_value, "The return value of a function", NULL, "{function}: {type} {shown}",
       { "function", R_SYM, "the function" }, { "type", R_STR, "what it returns" },
       { "value", R_STR, "the value; null: not available, see why" },
       { "raw", R_HEX, "what was taken for it; null: none" },
       { "source", R_STR, "given, or the register it was taken from" },
       { "why", R_STR, "why there is no value; null: there is one" }, { "shown", R_STR, "the value in text" });

bool fn_return_type(struct target *t, struct arena *a, va_t va, const char **name_ret, struct type *ret)
{
	struct sym_hit h;
	struct sym_about about;
	struct type f;
	*name_ret = NULL;
	if (!sym_near(t, va, &h) || !h.name)
		return false;
	*name_ret = arena_printf(a, "%s!%s", h.module->name, h.name);
	struct symbols *sy = sym_load(t, h.module);
	struct type_source *types = sy->provider->types ? sy->provider->types(sy) : NULL;
	if (!types || !sy->provider->about ||
	    !sy->provider->about(sy, (uint32_t)(h.va - h.module->base), h.name, &about) || !about.type ||
	    !type_get(types, about.type, &f) || f.kind != TYPE_FUNCTION)
		return false;
	if (!type_target(&f, ret))
		*ret = (struct type){ .kind = TYPE_VOID };
	return true;
}

static err_t return_type(struct call *c, va_t va, const char **name, struct type *ret)
{
	if (fn_return_type(c->s->target, c->a, va, name, ret))
		return ok();
	if (!*name)
		return cmd_fail(c, E_NOTFOUND, va, "No function is known at the address");
	return cmd_fail(c, E_ABSENT, va, "The type of %s is not recorded: private symbols are needed", *name);
}

// Numbers and pointers come in rax and x0; x86: eax, with edx above it. The rest needs more than one register.
static const char *from_registers(struct session *s, const struct type *t, uint64_t *ret, const char **why)
{
	const struct regs *r;
	uint16_t m = s->target->machine;
	bool arm = m == MACHINE_ARM64, wide = m == MACHINE_X86 && t->size > 4;
	unsigned low = arm ? (unsigned)A64_X0 : (unsigned)X64_RAX;
	if (t->kind == TYPE_FLOAT || t->size > 8 || (type_is_udt(t) && m == MACHINE_ARM64)) {
		*why = "not supported: values that are not returned in a general register";
		return NULL;
	}
	if (type_is_udt(t)) {
		*why = "not supported: structs, which may be returned in memory";
		return NULL;
	}
	if (session_regs(s, &r).code || !reg_known(r, low) || (wide && !reg_known(r, X64_RDX))) {
		*why = "the register is not known here";
		return NULL;
	}
	*ret = reg_get(r, low);
	if (wide)
		*ret = (*ret & UINT32_MAX) | reg_get(r, X64_RDX) << 32;
	return arm ? "x0" : wide ? "edx:eax" : m == MACHINE_X86 ? "eax" : "rax";
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	uint64_t va, raw = 0;
	const char *name = NULL, *source = "given", *why = NULL;
	struct type t = { 0 };
	if (arg_switch(c, "/s"))
		return cmd_fail(c, E_UNSUPPORTED, 0, "not supported: .fnret /s: there is no $callret");
	if (arg_end(c))
		return usage(c, "Usage: .fnret ADDRESS [VALUE]");
	TRY(arg_expr(c, &va));
	bool given = !arg_end(c);
	if (given)
		TRY(arg_expr(c, &raw));
	TRY(arg_done(c));
	TRY(return_type(c, va, &name, &t));
	const char *type = t.source ? type_c_text(c->a, &t, NULL) : "void";
	if (t.kind == TYPE_VOID || !t.size) {
		ROW(out, return_value, VS(name), VS(type), V_ABSENT, V_ABSENT, V_ABSENT, VS("it returns nothing"),
		    VS(""));
		return ok();
	}
	if (given && t.size > sizeof(raw))
		why = "the value is larger than a number";
	else if (!given)
		source = from_registers(s, &t, &raw, &why);
	struct variable_text text = { "<value unavailable>", why };
	uint8_t bytes[sizeof(raw)];
	for (size_t i = 0; i < sizeof(raw); i++)
		bytes[i] = (uint8_t)(raw >> 8 * i);
	struct value v = value_of(&t, (struct span){ bytes, MIN((size_t)t.size, sizeof(bytes)) });
	if (!why)
		text = typed_text(s, c->a, &v);
	ROW(out, return_value, VS(name), VS(type), VS(text.why ? NULL : text.text), V_IF(!why, raw),
	    VS(why ? NULL : source), VS(text.why), VS(text.text));
	if (!given && !why)
		doc_note(out, NOTE_INFO, "fnret.register",
			 "The value is what the register holds now: that of the function that returned last.");
	else if (why)
		doc_note(out, NOTE_INFO, "fnret.unavailable", "%s", why);
	return ok();
}

static const struct schema *const rows[] = { &return_value, NULL };
const struct cmd cmd_fnret = {
	.names = ".fnret",
	.group = "Threads and stacks",
	.args = "ADDRESS [VALUE]",
	.summary = "Display a return value with the type of the function's result",
	.help = ".fnret main       what the register of return values holds, as a result of main\n"
		".fnret main 2a    another number as a result of main\n"
		"not supported: /s; floating point and structs from registers\n",
	.run = run,
	.rows = rows,
};

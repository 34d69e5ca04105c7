// SPDX-License-Identifier: Apache-2.0
// exr.c: .exr: an exception record, the dump's own or one in memory (winnt.h: EXCEPTION_RECORD32, _RECORD64).
#include "cmd/rows.h"
#include "target/records.h"
#include "verdict/verdict.h"

#include <inttypes.h>
#include <string.h>

extern const struct cmd cmd_exr;

static const struct field exception_record_fields[] = {
	{ "address", R_ADDR, "where the exception was raised" },
	{ "location", R_SYM, "its name, the offset padded to a pointer's width" },
	{ "code", R_HEX, "exception code" },
	{ "name", R_STR, "its name" },
	{ "flags", R_HEX, "1: cannot be continued" },
	{ "count", R_DEC, "number of parameters" },
	{ "parameters", R_HEXES, "ExceptionInformation" },
	{ "meaning", R_STR, "what the parameters say" },
};
const struct schema row_exception_record = { .name = "exception_record",
					     .doc = "An exception record",
					     .layout = { NULL, "ExceptionAddress: {address}{?location  ({location})}\n"
							       "   ExceptionCode: {code:8}{?name  ({name})}\n"
							       "  ExceptionFlags: {flags:8}\n"
							       "NumberParameters: {count}" },
					     .fields = exception_record_fields,
					     .n_fields = ARRAY_LEN(exception_record_fields) };

static const char *ptr_text(const struct session *s, struct arena *a, uint64_t v)
{
	struct val x = V(v);
	return doc_value_text(a, R_ADDR, &x, s->target->ptr_bytes);
}

static const char *location(struct session *s, struct arena *a, va_t va)
{
	struct sym_hit hit;
	if (!sym_near(s->target, va, &hit) || !hit.module)
		return NULL;
	const char *name = hit.name ? arena_printf(a, "%s!%s", hit.module->name, hit.name) : hit.module->name;
	return hit.disp ? arena_printf(a, "%s+0x%s", name, ptr_text(s, a, hit.disp)) : name;
}

// Parameters of c0000005 and c0000006: what was tried, where (EXCEPTION_RECORD in Microsoft's documentation).
static const char *access_meaning(struct session *s, struct arena *a, uint32_t code, uint32_t n, const uint64_t *p)
{
	const char *at = ptr_text(s, a, p[1]);
	if (code == 0xc0000006)
		return n < 3 ? arena_printf(a, "Inpage operation failed at %s", at)
			     : arena_printf(a, "Inpage operation failed at %s, due to I/O error %08" PRIx32, at,
					    (uint32_t)p[2]);
	switch (p[0]) {
	case 0:
		return arena_printf(a, "Attempt to read from address %s", at);
	case 1:
		return arena_printf(a, "Attempt to write to address %s", at);
	case 8:
		return arena_printf(a, "Attempt to execute non-executable address %s", at);
	default:
		return NULL;
	}
}

static const char *meaning(struct session *s, struct arena *a, uint32_t code, uint32_t n, const uint64_t *p)
{
	if ((code == 0xc0000005 || code == 0xc0000006) && n >= 2)
		return access_meaning(s, a, code, n, p);
	if (code != 0xc0000409 || !n)
		return NULL;
	const char *name = fail_fast_name(p[0]);
	return name ? arena_printf(a, "Subcode: 0x%" PRIx64 " FAST_FAIL_%s", p[0], name)
		    : arena_printf(a, "Subcode: 0x%" PRIx64 " (unknown subcode)", p[0]);
}

void emit_exception_record(struct session *s, struct call *c, struct doc *out, const struct dump_exception *x)
{
	struct val list[ARRAY_LEN(x->params)];
	for (uint32_t i = 0; i < x->n_params; i++)
		list[i] = V(x->params[i]);
	const char *says = meaning(s, c->a, x->code, x->n_params, x->params);
	const struct val v[] = { V(x->address),
				 VS(location(s, c->a, x->address)),
				 V(x->code),
				 VS(exception_name(x->code)),
				 V(x->flags),
				 V(MAX(x->n_claimed, x->n_params)),
				 VL(list, x->n_params),
				 VS(says) };
	_Static_assert(ARRAY_LEN(v) == ARRAY_LEN(exception_record_fields), "exception_record: wrong arity");
	doc_row(out, &row_exception_record, NULL, v, false);
	for (uint32_t i = 0; i < x->n_params; i++)
		doc_text(out, arena_printf(c->a, "   Parameter[%" PRIu32 "]: %s", i, ptr_text(s, c->a, x->params[i])));
	if (says)
		doc_text(out, says);
}

static err_t from_memory(struct session *s, struct call *c, struct doc *out, va_t at)
{
	struct dump_exception x;
	err_t e = target_exception_read(s->target, at, &x);
	if (e.code && e.code != E_CORRUPT)
		return cmd_fail(c, e.code, at, "Unable to read the exception record: %s", e.what);
	emit_exception_record(s, c, out, &x);
	if (x.n_claimed > x.n_params)
		return cmd_fail(c, E_CORRUPT, at, "an exception record has at most %zu parameters: this may be none",
				ARRAY_LEN(x.params));
	return ok();
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	uint64_t at;
	TRY(arg_expr(c, &at));
	TRY(arg_done(c));
	bool last = s->target->ptr_bytes == 4 ? (uint32_t)at == UINT32_MAX : at == UINT64_MAX;
	if (!last)
		return from_memory(s, c, out, s->target->ptr_bytes == 4 ? (uint32_t)at : at);
	const struct dump_user *u = s->target->user;
	if (!u || !u->exception.present)
		return cmd_fail(c, E_ABSENT, 0, "The dump holds no exception");
	emit_exception_record(s, c, out, &u->exception);
	return ok();
}

static const struct schema *const rows[] = { &row_exception_record, NULL };
const struct cmd cmd_exr = {
	.names = ".exr",
	.group = "Threads and stacks",
	.args = "ADDRESS | -1",
	.summary = "Display an exception record",
	.help = ".exr -1       the exception that the dump was taken for\n"
		".exr ADDRESS  an EXCEPTION_RECORD in memory\n",
	.run = run,
	.rows = rows,
};

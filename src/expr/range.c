// SPDX-License-Identifier: Apache-2.0
// range.c: address ranges, documented in Microsoft's "Address and Address Range Syntax".
#include <string.h>

#include "base/limits.h"
#include "base/str.h"
#include "expr/expr.h"
#include "expr/expr_int.h"

static err_t range_error(struct arena *a, const char *text)
{
	return fail(E_USAGE, arena_printf(a, "Range error in '%s'", text), 0);
}

// Offsets of errors count from the start of the whole text.
static err_t eval_at(const struct expr_scope *s, struct arena *a, const char *text, uint64_t *ret, const char **p)
{
	const char *from = *p;
	err_t e = expr_default(s, a, from, ret, p);
	if (e.code)
		e.at += (uint64_t)(from - text);
	return e;
}

static bool ends(const char *p)
{
	return !*p || strchr(";,\"')]}", *p);
}

static err_t sized(const struct expr_scope *s, struct arena *a, const char *text, unsigned elem, struct expr_range *r,
		   const char **p)
{
	*p = lex_blanks(*p + 1);
	bool any = **p == '?';
	r->backwards = **p == '-';
	*p += any || r->backwards;
	r->has_count = true;
	TRY(eval_at(s, a, text, &r->count, p));
	uint64_t bytes, last, top = s->ptr_bytes == 4 ? UINT32_MAX : UINT64_MAX;
	if (any && r->has_addr) { // "0 L?80000000" of 4-byte elements means all of a 32-bit space
		uint64_t left = top - r->addr, fit = left / elem + (left % elem == elem - 1);
		if (fit)
			r->count = MIN(r->count, fit);
	}
	if (!mul_ok(r->count, elem, &bytes) || (!any && bytes > LIMIT_RANGE_BYTES))
		return range_error(a, text);
	if (!r->has_addr)
		return ok();
	if (r->backwards && bytes > r->addr)
		return range_error(a, text);
	r->addr -= r->backwards ? bytes : 0;
	if (bytes && (!add_ok(r->addr, bytes - 1, &last) || last > top))
		return range_error(a, text);
	return ok();
}

err_t expr_range(const struct expr_scope *s, struct arena *a, const char *text, unsigned elem, struct expr_range *ret,
		 const char **rest)
{
	struct expr_range r = { 0 };
	uint64_t mask = s->ptr_bytes == 4 ? UINT32_MAX : UINT64_MAX, end;
	const char *p = lex_blanks(text), *q;
	// Without an address only "L10", "L 10", "L?10", "L-10" are a size: "Load" is a symbol.
	bool size_only = (*p | 0x20) == 'l' && p[1] && strchr("0123456789 \t?-", p[1]);
	if (!size_only && !ends(p)) {
		p += *p == '%'; // the prefix of flat addresses
		TRY(eval_at(s, a, text, &r.addr, &p));
		r.addr &= mask;
		r.has_addr = true;
	}
	q = lex_blanks(p);
	if ((*q | 0x20) == 'l') {
		TRY(sized(s, a, text, elem, &r, &q));
		p = q;
	} else if (r.has_addr && !ends(q)) {
		TRY(eval_at(s, a, text, &end, &q));
		end &= mask;
		if (end < r.addr || end - r.addr >= LIMIT_RANGE_BYTES)
			return range_error(a, text);
		r.has_count = true;
		r.count = (end - r.addr) / elem + 1;
		p = q;
	}
	*ret = r;
	*rest = p;
	return ok();
}

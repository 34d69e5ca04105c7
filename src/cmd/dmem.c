// SPDX-License-Identifier: Apache-2.0
// dmem.c: see dmem.h.
#include "cmd/dmem.h"

#include <string.h>

static err_t options(struct call *c, struct d_args *d)
{
	for (;;) {
		arg_blanks(c);
		if (c->p[0] != '/' && c->p[0] != '-')
			return ok();
		if (c->p[1] == 'p')
			return cmd_fail(c, E_UNSUPPORTED, 0, "not supported: physical memory (/p) of a user dump");
		if (c->p[1] != 'c')
			return usage(c, "Syntax error in '%s'", c->p);
		uint64_t n;
		const char *from = c->p;
		c->p += 2;
		TRY(arg_expr(c, &n));
		if (!n || n > D_MOST_COLUMNS)
			return usage(c, "Range error in '%s': 1 to %x columns", from, D_MOST_COLUMNS);
		d->columns = (unsigned)n;
	}
}

err_t d_parse(struct session *s, struct call *c, const char *form, unsigned elem, uint64_t default_count,
	      struct d_args *ret)
{
	struct d_args d = { .count = default_count };
	struct expr_range r;
	TRY(options(c, &d));
	TRY(arg_range(c, elem, &r));
	TRY(arg_done(c));
	d.at = r.addr;
	if (!r.has_addr) {
		d.at = s->next_d;
		if (!d.at && s->regs_known)
			d.at = reg_get(&s->regs, reg_pc(s->target->machine));
	}
	if (r.has_count) {
		d.count = r.count;
		d.has_count = true;
		if (r.backwards && !r.has_addr)
			d.at -= MIN(d.at, r.count * elem);
	}
	uint64_t top = s->target->ptr_bytes == 4 ? UINT32_MAX : UINT64_MAX;
	uint64_t left = (top - d.at) / elem;
	if (left < UINT64_MAX && d.count > left + 1)
		d.count = left + 1;
	s->last_d = form;
	*ret = d;
	return ok();
}

size_t d_read(const struct session *s, va_t va, uint8_t *buf, bool *ok, size_t n)
{
	size_t there = 0;
	memset(ok, 0, n * sizeof(*ok));
	for (size_t at = 0; at < n;) {
		size_t got = 0;
		if (space_read(s->target->space, va + at, buf + at, n - at, &got).code || !got) {
			at++;
			continue;
		}
		memset(ok + at, true, got * sizeof(*ok));
		there += got;
		at += got;
	}
	return there;
}

void d_went_to(struct session *s, va_t next)
{
	s->next_d = s->target->ptr_bytes == 4 ? next & UINT32_MAX : next;
}

const char *d_form(const char *const *forms, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(forms[i], name))
			return forms[i];
	return NULL;
}

static void add_utf8(struct sb *text, uint32_t u)
{
	if (u < 0x80) {
		sb_ch(text, (char)u);
	} else if (u < 0x800) {
		sb_ch(text, (char)(0xc0 | u >> 6));
		sb_ch(text, (char)(0x80 | (u & 0x3f)));
	} else if (u < 0x10000) {
		sb_ch(text, (char)(0xe0 | u >> 12));
		sb_ch(text, (char)(0x80 | (u >> 6 & 0x3f)));
		sb_ch(text, (char)(0x80 | (u & 0x3f)));
	} else {
		sb_ch(text, (char)(0xf0 | u >> 18));
		sb_ch(text, (char)(0x80 | (u >> 12 & 0x3f)));
		sb_ch(text, (char)(0x80 | (u >> 6 & 0x3f)));
		sb_ch(text, (char)(0x80 | (u & 0x3f)));
	}
}

static bool prints(uint32_t u)
{
	bool surrogate = u >= 0xd800 && u < 0xe000, formatting = u >= 0x2028 && u < 0x2030;
	return u >= 0x20 && !(u >= 0x7f && u < 0xa0) && !surrogate && !formatting && u != 0xfeff &&
	       (u & 0xfffe) != 0xfffe;
}

const char *d_text(struct session *s, struct arena *a, va_t va, size_t chars, bool wide, bool counted, bool *stop_ret,
		   size_t *used_ret)
{
	size_t unit = wide ? 2 : 1, n = chars * unit, used = 0;
	uint8_t *buf = NEW_N(a, uint8_t, n + 2);
	bool *there = NEW_N(a, bool, n + 2);
	struct sb text = sb_new(a);
	*stop_ret = false;
	d_read(s, va, buf, there, n);
	for (; used < chars; used++) {
		const uint8_t *p = buf + used * unit;
		if (!there[used * unit] || !there[used * unit + unit - 1]) {
			sb_ch(&text, '?');
			continue;
		}
		uint32_t u = (uint32_t)le_get(p, (unsigned)unit);
		if (!u && !counted) {
			*stop_ret = true;
			break;
		}
		bool high = wide && u >= 0xd800 && u < 0xdc00 && used + 1 < chars && there[used * 2 + 2];
		uint32_t low = high ? (uint32_t)le_get(p + 2, 2) : 0;
		if (low >= 0xdc00 && low < 0xe000) {
			u = 0x10000 + ((u - 0xd800) << 10) + (low - 0xdc00);
			used++;
		}
		// 8-bit text beyond ASCII is in a code page that the dump does not name.
		if (prints(u) && (wide || u < 0x80))
			add_utf8(&text, u);
		else
			sb_ch(&text, '.');
	}
	*used_ret = MIN(used, chars);
	return sb_str(&text);
}

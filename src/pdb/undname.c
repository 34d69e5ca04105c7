// SPDX-License-Identifier: Apache-2.0
// undname.c: which kind of decoration a name has, C names, and what all readers of names share.
#include "pdb/undname_int.h"

#include <string.h>

struct job {
	struct arena *a, *work;
	const char *name, **ret;
	unsigned flags;
	void (*read)(struct und *u);
};

static err_t run(void *ctx)
{
	struct job *j = ctx;
	size_t n = strnlen(j->name, (size_t)LIMIT_UNDNAME_INPUT + 1);
	if (n > LIMIT_UNDNAME_INPUT)
		return fail(E_LIMIT, "decorated name is too long", 0);
	struct und u = { .a = j->work, .start = j->name, .p = j->name, .end = j->name + n, .flags = j->flags };
	u.out = sb_new(j->work);
	if (u.flags & UNDNAME_NAME_ONLY)
		u.flags |= UNDNAME_DBGHELP;
	j->read(&u);
	if (und_bad(&u))
		return u.e;
	*j->ret = arena_strndup(j->a, sb_str(&u.out), u.out.n);
	return ok();
}

err_t und_run(struct arena *a, const char *name, unsigned flags, void (*read)(struct und *u), const char **ret)
{
	struct job j = { .a = a, .work = arena_new(LIMIT_UNDNAME_MEMORY), .name = name, .ret = ret, .flags = flags };
	j.read = read;
	err_t e = arena_guard(a, j.work, run, &j);
	arena_free(j.work);
	return e;
}

void und_fail(struct und *u, enum err_code code, const char *what)
{
	if (!u->e.code)
		u->e = fail(code, what, (uint64_t)(u->p - u->start));
}

bool und_eat(struct und *u, const char *what)
{
	size_t n = strlen(what);
	if (und_left(u) < n || memcmp(u->p, what, n) != 0)
		return false;
	u->p += n;
	return true;
}

bool und_enter(struct und *u)
{
	u->depth++;
	if (u->depth > LIMIT_UNDNAME_DEPTH)
		und_fail(u, E_LIMIT, "decorated name is nested too deeply");
	// Nodes that write nothing cost time all the same.
	if (++u->steps > LIMIT_UNDNAME_STEPS)
		und_fail(u, E_LIMIT, "decorated name repeats itself too often");
	return !und_bad(u);
}

void und_putn(struct und *u, const char *text, size_t n)
{
	if (und_bad(u))
		return;
	if (n > LIMIT_UNDNAME_OUTPUT - u->out.n)
		und_fail(u, E_LIMIT, "undecorated name is too long");
	else
		sb_addn(&u->out, text, n);
}

void und_put(struct und *u, const char *text)
{
	und_putn(u, text, strlen(text));
}

void und_put_ch(struct und *u, char c)
{
	und_putn(u, &c, 1);
}

void und_put_num(struct und *u, uint64_t v, bool negative)
{
	char buf[24], *p = buf + sizeof(buf);
	do
		*--p = (char)('0' + v % 10);
	while (v /= 10);
	if (negative)
		*--p = '-';
	und_putn(u, p, (size_t)(buf + sizeof(buf) - p));
}

void und_put_utf8(struct und *u, uint32_t c)
{
	if (c < 0x80) {
		und_put_ch(u, (char)c);
		return;
	}
	unsigned more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
	static const uint8_t lead[] = { 0, 0xc0, 0xe0, 0xf0 };
	und_put_ch(u, (char)(lead[more] | c >> (6 * more)));
	while (more--)
		und_put_ch(u, (char)(0x80 | (c >> (6 * more) & 63)));
}

void und_cut(struct und *u, size_t n)
{
	if (n < u->out.n) {
		u->out.n = n;
		u->out.p[n] = 0;
	}
}

// _f, _f@8, @f@8 and f@@16: C functions by their calling convention, on x86. The parts are not checked further: what is
// not of these forms is no decorated name.
err_t und_c_name(struct arena *a, const char *name, const char **ret)
{
	const char *at = strrchr(name, '@');
	const char *digits = at ? at + 1 : NULL;
	bool counted = digits && *digits && strspn(digits, "0123456789") == strlen(digits);
	size_t n = counted ? (size_t)(at - name) : strlen(name);
	size_t first = name[0] == '_' || (name[0] == '@' && counted);
	if (counted && !first && n && name[n - 1] == '@')
		n--; // __vectorcall
	else if (!first)
		return fail(E_NOTFOUND, "not a decorated name", 0);
	if (n <= first)
		return fail(E_NOTFOUND, "not a decorated name", 0);
	*ret = arena_strndup(a, name + first, n - first);
	return ok();
}

err_t undname_any(struct arena *a, const char *name, unsigned flags, const char **ret)
{
	if (name[0] == '?' || name[0] == '.')
		return undname(a, name, flags, ret);
	if (str_starts(name, "_R")) {
		err_t e = undname_rust(a, name, flags, ret);
		return e.code == E_CORRUPT ? fail(E_NOTFOUND, "not a decorated name", 0) : e;
	}
	size_t n = strspn(name, "_");
	if (name[n] == 'Z' && n >= 1 && n <= 4) {
		err_t e = undname_rust(a, name, flags, ret);
		return e.code == E_NOTFOUND || e.code == E_CORRUPT ? undname_itanium(a, name, flags, ret) : e;
	}
	return fail(E_NOTFOUND, "not a decorated name", 0);
}

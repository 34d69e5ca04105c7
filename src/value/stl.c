// SPDX-License-Identifier: Apache-2.0
// stl.c: containers of the Microsoft C++ library, by the names of their members (microsoft/STL, stl/debugger/STL.natvis
// names the same). "_Mypair._Myval2" is where an allocator of no size was folded away; libraries before 2015 lack it.
#include "value/value_int.h"

#include <inttypes.h>
#include <string.h>

static bool inner(struct value_env *e, const struct value *v, struct value *ret)
{
	if (!value_path(e, v, "_Mypair._Myval2", ret))
		*ret = *v;
	return true;
}

static const char *string_text(struct value_env *e, const struct value *v)
{
	struct value in, buf, elem;
	uint64_t size, reserved;
	va_t at;
	if (!inner(e, v, &in) || !value_field_uint(e, &in, "_Mysize", &size) ||
	    !value_field_uint(e, &in, "_Myres", &reserved) || !value_path(e, &in, "_Bx._Buf", &buf) ||
	    !value_element(&buf, 0, &elem) || !elem.type.size || elem.type.size > 4 || size > reserved)
		return NULL;
	if (reserved < buf.type.count)
		at = buf.va;
	else if (!value_field_uint(e, &in, "_Bx._Ptr", &at))
		return NULL;
	return value_quoted(e, at, (unsigned)elem.type.size, size, true);
}

static const char *vector_text(struct value_env *e, const struct value *v)
{
	struct value in, first;
	struct type elem;
	uint64_t from, to;
	if (!inner(e, v, &in) || !value_path(e, &in, "_Myfirst", &first) || first.type.kind != TYPE_POINTER ||
	    !type_target(&first.type, &elem) || !value_uint(e, &first, &from) ||
	    !value_field_uint(e, &in, "_Mylast", &to) || !elem.size || to < from || (to - from) % elem.size)
		return NULL;
	return value_run(e, &elem, from, (to - from) / elem.size);
}

static const char *pointer_text(struct value_env *e, const struct value *v, const char *path)
{
	struct value p;
	uint64_t u;
	if (!value_path(e, v, path, &p) || p.type.kind != TYPE_POINTER || !value_uint(e, &p, &u))
		return NULL;
	return u ? value_text(e, &p, 0) : "empty";
}

static const char *shared_text(struct value_env *e, const struct value *v)
{
	uint64_t strong, weak;
	const char *p = pointer_text(e, v, "_Ptr");
	if (!p || !value_field_uint(e, v, "_Rep._Uses", &strong) || !value_field_uint(e, v, "_Rep._Weaks", &weak))
		return p;
	return arena_printf(e->a, "%s { %" PRIu64 " strong, %" PRIu64 " weak }", p, strong, weak ? weak - 1 : 0);
}

static const char *sized_text(struct value_env *e, const struct value *v)
{
	static const char *const paths[] = { "_Mypair._Myval2._Myval2._Mysize", "_Mypair._Myval2._Mysize",
					     "_List._Mypair._Myval2._Mysize", "_Mysize" };
	uint64_t n;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		if (value_field_uint(e, v, paths[i], &n))
			return arena_printf(e->a, "{ size=%" PRIu64 " }", n);
	return NULL;
}

const char *value_stl(struct value_env *e, const struct value *v)
{
	static const char *const sized[] = { "std::map<",           "std::set<",           "std::multimap<",
					     "std::multiset<",      "std::list<",          "std::deque<",
					     "std::unordered_map<", "std::unordered_set<", "std::vector<bool",
					     "std::unordered_multi" };
	const struct type *t = &v->type;
	if (!value_starts(t, "std::") || t->name[strlen(t->name) - 1] != '>')
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(sized); i++)
		if (value_starts(t, sized[i]))
			return sized_text(e, v);
	if (value_starts(t, "std::basic_string<"))
		return string_text(e, v);
	if (value_starts(t, "std::vector<"))
		return vector_text(e, v);
	if (value_starts(t, "std::unique_ptr<"))
		return pointer_text(e, v, "_Mypair._Myval2");
	if (value_starts(t, "std::shared_ptr<"))
		return shared_text(e, v);
	return NULL;
}

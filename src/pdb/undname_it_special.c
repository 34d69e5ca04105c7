// SPDX-License-Identifier: Apache-2.0
// undname_it_special.c: reads the Itanium names of what compilers make: tables, thunks, guards; see undname_itanium.c.
#include "pdb/undname_it_read_int.h"

static bool call_offset(struct it *t)
{
	struct und *u = &t->u;
	if (und_eat_ch(u, 'h'))
		return it_digits(t, true) && und_eat_ch(u, '_');
	return und_eat_ch(u, 'v') && it_digits(t, true) && und_eat_ch(u, '_') && it_digits(t, true) &&
	       und_eat_ch(u, '_');
}

static struct it_node *temporary(struct it *t)
{
	struct und *u = &t->u;
	struct it_node *n = it_name(t, NULL);
	bool counted = false;
	while (und_is_digit(und_look(u, 0)) || (und_look(u, 0) >= 'A' && und_look(u, 0) <= 'Z')) {
		u->p++;
		counted = true;
	}
	if (!und_eat_ch(u, '_') && counted)
		return it_broken(t);
	return it_with(t, IT_PREFIX, "reference temporary for ", n);
}

struct it_node *it_special_name(struct it *t)
{
	static const struct {
		const char *code, *text;
		it_reader *what;
	} simple[] = { { "TA", "template parameter object for ", it_template_arg },
		       { "TV", "vtable for ", it_type },
		       { "TT", "VTT for ", it_type },
		       { "TI", "typeinfo for ", it_type },
		       { "TS", "typeinfo name for ", it_type } };
	struct und *u = &t->u;
	for (size_t i = 0; i < ARRAY_LEN(simple); i++)
		if (und_eat(u, simple[i].code))
			return it_with(t, IT_PREFIX, simple[i].text, simple[i].what(t));
	if (und_eat(u, "TW"))
		return it_with(t, IT_PREFIX, "thread-local wrapper routine for ", it_name(t, NULL));
	if (und_eat(u, "TH"))
		return it_with(t, IT_PREFIX, "thread-local initialization routine for ", it_name(t, NULL));
	if (und_eat(u, "GV"))
		return it_with(t, IT_PREFIX, "guard variable for ", it_name(t, NULL));
	if (und_eat(u, "GR"))
		return temporary(t);
	if (und_eat(u, "Tc")) {
		bool first = call_offset(t); // of the object, then of the result
		bool good = first && call_offset(t);
		return good ? it_with(t, IT_PREFIX, "covariant return thunk to ", it_encoding(t)) : it_broken(t);
	}
	if (und_eat(u, "TC")) {
		struct it_node *in = it_type(t);
		if (!it_digits(t, true) || !und_eat_ch(u, '_'))
			return it_broken(t);
		return it_two(t, IT_CTOR_VTABLE, it_type(t), in);
	}
	if (und_eat_ch(u, 'T')) {
		bool is_virtual = und_look(u, 0) == 'v';
		if (call_offset(t))
			return it_with(t, IT_PREFIX, is_virtual ? "virtual thunk to " : "non-virtual thunk to ",
				       it_encoding(t));
	}
	return it_broken(t);
}

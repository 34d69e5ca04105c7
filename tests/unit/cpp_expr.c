// SPDX-License-Identifier: Apache-2.0
// cpp_expr.c: C++ expressions over the made-up target of cpp_fake.h. Arithmetic is judged by clang elsewhere
// (judges/cpp_clang.py); here: names, members, pointers, what is skipped, what fails and where. Types and messages
// marked cdb are those of recorded sessions (cpptraps42, and llvm's tests for cdb).
#include "../tools/cpp_fake.h"
#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct expected {
	const char *text, *type;
	uint64_t bits;
};

static void test_values(void **state)
{
	(void)state;
	static const struct expected cases[] = {
		{ "offset", "int", 0xffffffff }, // cdb, as the next five
		{ "count", "unsigned int64", 3 },
		{ "(unsigned int64)offset", "unsigned int64", UINT64_MAX },
		{ "((unsigned int64)offset < count)", "bool", 0 },
		{ "&values._Elems[0]", "int *", FAKE_BASE + 0x10 },
		{ "&values._Elems[0]+4", "int *", FAKE_BASE + 0x20 },
		{ "sizeof(storage)", "unsigned int64", 9 }, // cdb: 9 bytes
		{ "consumer.id_offset", "unsigned int64", 8 },
		{ "&consumer", "struct Layout *", FAKE_BASE + 0x30 },
		{ "state", "enum TestEnum", 0x80072ec0 },
		{ "f", "float", 0x4048f5c3 },
		{ "exact", "struct _NODE *", FAKE_BASE + 0x50 }, // cdb shows references as pointers
		{ "exact.size", "unsigned int64", 12 },
		{ "node.size", "unsigned int64", 12 }, // of the base class
		{ "node.number", "int64", 0x200000001 },
		{ "observer->next->elements[1]", "int", 2 },
		{ "node.low", "unsigned int", 5 },
		{ "node.sign + 0", "int", 0xffffffff },
		{ "node.count", "int", 42 }, // a static member
		{ "matrix[1]", "int", 20 },
		{ "*matrix", "int", 10 },
		{ "matrix[-1+1] + 0", "int", 10 },
		{ "&matrix[3] - matrix", "int64", 3 },
		{ "matrix == &matrix[0]", "bool", 1 },
		{ "*(int*)raw == 12", "bool", 1 },
		{ "opaque == 0", "bool", 0 },
		{ "!observer", "bool", 0 },
		{ "sizeof(node)", "unsigned int64", 48 },
		{ "sizeof(_NODE)", "unsigned int64", 48 },
		{ "sizeof node.elements", "unsigned int64", 16 },
		{ "(node).size", "unsigned int64", 12 },
		{ "app!node.size", "unsigned int64", 12 },
		{ "sizeof(app!_NODE*)", "unsigned int64", 8 },
		{ "sizeof(std::array<int,4>)", "unsigned int64", 16 },
		{ "sizeof(@!\"std::array<int,4>\")", "unsigned int64", 16 },
		{ "count<4", "bool", 1 },
		{ "sizeof(int[3][2])", "unsigned int64", 24 },
		{ "((_NODE*)@rsp)->size", "unsigned int64", 0xffffffff },
		{ "(PUCHAR)@rsp + 1", "unsigned char *", FAKE_BASE + 1 },
		{ "0 && gone", "bool", 0 },
		{ "1 || 1/0", "bool", 1 },
		{ "count ? count : gone", "unsigned int64", 3 },
		{ "0 ? 1/0 : 2", "int", 2 },
		{ "sizeof(gone)", "unsigned int64", 4 },
		{ "1, 2u", "unsigned int", 2 },
		{ "@$t2 = 5, @$t2 <<= 1, @$t2++ * --@$t2", "unsigned int64", 100 },
		{ "0 && (@$t1 = 7), @$t1", "unsigned int64", 1 },
		{ "@@masm(1f) + @@(1)", "unsigned int64", 0x20 },
		{ "#FIELD_OFFSET(_NODE, elements[1])", "long", 36 },
		{ "#CONTAINING_RECORD(&node.next, _NODE, next) == &node", "bool", 1 },
		{ "#RTL_CONTAINS_FIELD(observer, 32, next) && !#RTL_CONTAINS_FIELD(node, 31, next)", "bool", 1 },
		{ "fffff800`00000001", "unsigned int64", 0xfffff80000000001 },
		{ "1.5f + d", "double", 0x4008000000000000 },
		{ "'\\x41' == 'A'", "bool", 1 },
	};
	struct arena *a = arena_new(1 << 26);
	const struct space *space = fake_space(a);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fake *f = NEW(a, struct fake);
		struct cpp_value v;
		const char *rest;
		uint8_t raw[8] = { 0 };
		fake_begin(f, a, space, 8);
		err_t e = cpp_eval(&f->scope, cases[i].text, &v, &rest);
		if (e.code)
			print_message("%s: %s\n", cases[i].text, e.what);
		assert_int_equal(e.code, OK);
		assert_string_equal(rest, "");
		assert_string_equal(type_c_text(a, &v.v.type, NULL), cases[i].type);
		uint64_t u = 0;
		if (v.v.type.kind == TYPE_BITFIELD)
			assert_true(value_uint(&f->env, &v.v, &u));
		else
			assert_true(value_read(&f->env, &v.v, 0, raw, (size_t)MIN(v.v.type.size, 8u)));
		assert_int_equal(u ? u : le_get(raw, 8), cases[i].bits);
	}
	arena_free(a);
}

static void test_errors(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "ENUM_POS", "Couldn't resolve error at 'ENUM_POS'" }, // cdb, as the next two
		{ "&consumer[0]", "Type is not an array or pointer for operator[] '[0]'" },
		{ "node.data()", "Type does not have given member error at 'data()'" },
		{ "observer->other + 1", "Type does not have given member error at 'other + 1'" },
		{ "@cr3", "Bad register error at '@cr3'" },
		{ "@nosuch", "Bad register error at '@nosuch'" },
		{ "gone + 1", "Memory access error at '1'" },
		{ "count.x", "Syntax error at '.x'" },
		{ "observer.size", "Syntax error at '.size'" },
		{ "consumer + 1", "Syntax error at '+ 1'" },
		{ "1.5 << 2", "Syntax error at '<< 2'" },
		{ "speak + 1", "Syntax error at '+ 1'" },
		{ "*raw", "Syntax error at '*raw'" },
		{ "*count", "Syntax error at '*count'" },
		{ "&5", "Syntax error at '&5'" },
		{ "opaque + 1", "Syntax error at '+ 1'" },
		{ "1 % 0", "Operand error at '0'" },
		{ "(1", "Syntax error at '<EOL>'" },
		{ "", "Syntax error at '<EOL>'" },
		{ "09", "Syntax error at '09'" },
		{ "1 = 2", "not supported: a dump is only read, $t0 to $t19 take values: '= 2'" },
		{ "count++", "not supported: a dump is only read, $t0 to $t19 take values: '++'" },
		{ "speak(1)", "not supported: functions are not called: '(1)'" },
		{ "\"text\"", "not supported: strings mean nothing here: '\"text\"'" },
		{ "#MACRO(1)", "Couldn't resolve error at '#MACRO(1)'" },
		{ "18446744073709551616", "Overflow error at '18446744073709551616'" },
	};
	struct arena *a = arena_new(1 << 26);
	const struct space *space = fake_space(a);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fake *f = NEW(a, struct fake);
		struct cpp_value v;
		const char *rest;
		fake_begin(f, a, space, 8);
		err_t e = cpp_eval(&f->scope, cases[i].text, &v, &rest);
		assert_int_not_equal(e.code, OK);
		assert_string_equal(e.what, cases[i].want);
	}
	arena_free(a);
}

static void test_depth(void **state)
{
	(void)state;
	struct arena *a = arena_new(1 << 26);
	char text[4096] = { 0 };
	for (size_t i = 0; i < 2 * LIMIT_EXPR_DEPTH; i++)
		text[i] = i % 2 ? '(' : '-';
	struct fake *f = NEW(a, struct fake);
	struct cpp_value v;
	const char *rest;
	fake_begin(f, a, fake_space(a), 8);
	assert_int_equal(cpp_eval(&f->scope, text, &v, &rest).code, E_LIMIT);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_depth),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

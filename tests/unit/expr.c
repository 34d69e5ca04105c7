// SPDX-License-Identifier: Apache-2.0
// expr.c: MASM expressions, ranges and their error texts against the made-up target of expr_fake.h. Rows name the page
// of Microsoft's debugger documentation, or say "public output", where their expectation comes from there.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "../tools/expr_fake.h" // before cmocka.h, whose macros use the same names

#include <cmocka.h>

enum mode { X64, X86, X86K, X64K, DEC, OCT, N_MODES, BARE };
struct row {
	const char *text;
	uint64_t value;
	const char *error; // the whole text, or NULL
	enum mode mode;
	const char *rest;
};

static struct expr_scope scope_of(enum mode m)
{
	struct expr_scope s = fake_scope();
	s.ptr_bytes = m == X86 || m == X86K ? 4 : 8;
	s.kernel = m == X86K || m == X64K;
	s.radix = m == DEC ? 10 : m == OCT ? 8 : 16;
	s.image_entry = m == BARE ? NULL : s.image_entry; // what the scope has no callback for
	return s;
}

static int wrong(const struct row *r, const struct expr_scope *s)
{
	struct arena *a = arena_new(1 << 20);
	uint64_t v = 0x5a5a;
	const char *rest = NULL, *want = r->rest ? r->rest : "";
	err_t e = expr_eval(s, a, r->text, &v, &rest);
	bool good;
	if (r->error)
		good = e.code && str_eq(e.what, r->error) && !rest && v == 0x5a5a;
	else
		good = !e.code && v == r->value && str_eq(rest, want);
	if (!good)
		printf("# mode %d '%s': %016llx, error %s, rest '%s'\n", r->mode, r->text, (unsigned long long)v,
		       e.code ? e.what : "none", rest ? rest : "");
	arena_free(a);
	return !good;
}

static void run(const struct row *rows, size_t n)
{
	int bad = 0;
	for (size_t i = 0; i < n; i++) {
		struct expr_scope s = scope_of(rows[i].mode);
		bad += wrong(&rows[i], &s);
	}
	assert_int_equal(bad, 0);
}
#define RUN(rows) run(rows, ARRAY_LEN(rows))

static void numbers(void **state)
{
	(void)state;
	static const struct row rows[] = {
		// "MASM Numbers and Operators"
		{ "0x4AB3", 0x4ab3 },
		{ "0X4aB3", 0x4ab3 },
		{ "4AB3h", 0x4ab3 },
		{ "4ab3h", 0x4ab3 },
		{ "4aB3H", 0x4ab3 },
		{ "0", 0 },
		{ "0x0", 0 },
		{ "0x", 0 },
		{ "0n", 0 },
		{ "0t", 0 },
		{ "0y", 0 },
		{ "0x10 + 0t10 + 0y10", 0x1a },
		{ "fffff800`62600000", 0xfffff80062600000 },
		{ "0000008e`ed57b108", 0x8eed57b108 },
		// own
		{ "10", 16 },
		{ "0n10", 10 },
		{ "0t17", 15 },
		{ "0y101", 5 },
		{ "0N10 + 0T17 + 0Y101", 30 },
		{ "10", 10, .mode = DEC },
		{ "10", 8, .mode = OCT },
		{ "10h", 16, .mode = DEC },
		{ "0x10", 16, .mode = OCT },
		{ "ffffffffffffffff", UINT64_MAX },
		{ "18446744073709551615", UINT64_MAX, .mode = DEC },
		{ "add", 0xadd },
		{ "ah", 0xa },
		{ "fade", 0xfade },
		{ "fade", 0x140003000, .mode = DEC },
		{ "1`", 1 }, // public output, as the next
		{ "1`1", 0x11 },
		{ "1`2`3", 0x12, .rest = "`3" },
		{ "0`80000000", 0x80000000 },
		{ "10000000000000000", .error = "Overflow error at '10000000000000000'" },
		{ "1 + 0n99999999999999999999 ", .error = "Overflow error at '0n99999999999999999999 '" },
		{ "5g", .error = "Syntax error at '5g'" },
		{ "0y2", .error = "Syntax error at '0y2'" },
		{ "0nff", .error = "Syntax error at '0nff'" },
		{ "9", .error = "Syntax error at '9'", .mode = OCT },
		{ "0x12h", .error = "Syntax error at '0x12h'" },
	};
	RUN(rows);
}

static void operators(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "+5", 5 },
		{ "-5", 0 - 5ull },
		{ "- -5", 5 },
		{ "+-1", UINT64_MAX },
		{ "not 0", 1 },
		{ "not 7", 0 },
		{ "not(0)", 1 },
		{ "NOT not 7", 1 },
		{ "hi 12345678", 0x1234 },
		{ "low 12345678", 0x5678 },
		{ "hi(1`23456789)", 0x2345 },
		{ "low hi 12345678", 0x1234 },
		{ "6 * 7", 42 },
		{ "ffffffffffffffff * 2", UINT64_MAX - 1 },
		{ "7 / 2", 3 },
		{ "-1 / 2", UINT64_MAX / 2 }, // all numbers are ULONG64
		{ "7 % 4", 3 },
		{ "7 mod 4", 3 },
		{ "7 MOD 4", 3 },
		{ "1 + 2", 3 },
		{ "1 - 2", UINT64_MAX },
		{ "1 << 4", 16 },
		{ "1 << 3f", 1ull << 63 },
		{ "-1 >> 3c", 0xf },
		{ "-10 >>> 4", UINT64_MAX },
		{ "7fffffffffffffff >>> 3e", 1 },
		{ "-1 >>> 0", UINT64_MAX },
		{ "5 = 5", 1 },
		{ "5 == 6", 0 },
		{ "5 != 6", 1 },
		{ "5!=5", 0 },
		{ "1 < 2", 1 },
		{ "-1 < 0", 0 },
		{ "2 > 1", 1 },
		{ "2 <= 2", 1 },
		{ "1 >= 2", 0 },
		{ "c and a", 8 },
		{ "c & a", 8 },
		{ "c xor a", 6 },
		{ "c ^ a", 6 },
		{ "c or a", 0xe },
		{ "c|a", 0xe },
		{ "[1 + 2] * 3", 9 },
		{ "(((7)))", 7 },
		{ "\t 1 \t+ 2", 3 },
		// "MASM Numbers and Operators": NOT(($ip = .) AND ...)
		{ "NOT(($ip = .) AND ($ip = @rip) AND (@rip =. ))", 0 },
		// "Mixed Expression Examples", eax > ebx here
		{ "ecx*(eax>ebx) + 7*(eax<ebx) + 3*(eax=ebx)", .error = "Couldn't resolve error at 'ecx*(eax>ebx) + "
									"7*(eax<ebx) + 3*(eax=ebx)'" },
		{ "rcx*(eax>ebx) + 7*(eax<ebx) + 3*(eax=ebx)", UINT64_MAX },
	};
	RUN(rows);
}

// For each pair of neighbouring cells of the page's table: the upper one binds more tightly on either side.
static void precedence(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "2 + 3 * 4", 14 },      { "2 * 3 + 4", 10 },
		{ "a - 7 mod 4", 7 },     { "a % 4 + 1", 3 },
		{ "1 << 2 + 1", 8 },      { "1 + 2 << 1", 6 },
		{ "80 >> 8 - 4", 8 },     { "1 < 1 << 1", 1 },
		{ "4 >> 1 = 2", 1 },      { "2 = 2 & 1", 1 },
		{ "3 & 3 = 3", 1 },       { "4 & 2 = 2", 0 },
		{ "6 & 3 ^ 1", 3 },       { "1 ^ 3 & 6", 3 },
		{ "1 ^ 1 | 1", 1 },       { "1 | 1 ^ 1", 1 },
		{ "4 or 1 xor 1", 4 },    { "3 xor 1 and 1", 2 },
		{ "-2 * 3", 0 - 6ull },   { "not 0 + 1", 2 },
		{ "hi 10000 + 1", 2 },    { "64 / a / 2", 5 },
		{ "a - 4 - 3", 3 },       { "1 << 2 << 1", 8 },
		{ "80 >> 2 << 1", 0x40 }, { "3 > 2 > 1", 0 },
		{ "1 = 1 = 1", 1 },       { "64 mod 7 * 2", 4 },
		{ "2 * 64 mod 7", 4 },    { "1 + 2 * 3 / 4", 2 },
		{ "(1+1) * 2", 4 },       { "-1 >>> 4 + 4", UINT64_MAX },
	};
	RUN(rows);
}

static void names(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "@rax", 0x1122334455667788 },
		{ "@RAX", 0x1122334455667788 },
		{ "rax", 0x1122334455667788 },
		{ "@ah", 3 },
		{ "ebx", 0x1234 },       // "Register Syntax": a common register comes before symbols
		{ "!ebx", 0x140005000 }, // "Symbol Syntax": forced to be a symbol
		{ "esp", 0x140004000 },  // not on the list of common ones: the symbol is found first
		{ "@esp", 0x12ff40 },
		{ "!fade", 0x140003000 }, // "Symbol Syntax"
		{ "$!lime", 0x7ff0001008 },
		{ "app!add", 0x140002000 },
		{ "APP!Add+10", 0x140002010 },
		{ "nt", 0xfffff80062600000 },
		{ "nt!KiBugCheck - nt", 0x1230 },
		{ "main!=1", 1 },
		{ "app!`string'+0xa", 0x14000600a },
		{ "app!Foo::~Foo", 0x140007000 },
		{ "@!\"app!List<int>::push\"+8", 0x140008008 },
		{ "$ip", 0x7ff612345678 },
		{ "@$ip", 0x7ff612345678 },
		{ ".", 0x7ff612345678 },
		{ ".+2", 0x7ff61234567a },
		{ "@$t0", 5 },
		{ "$t0", 5 },
		{ "$t1", 0x140009000 }, // "Pseudo-Register Syntax": a symbol of the same name wins
		{ "@$t1", 0x7ffffffffffffff0 },
		{ "@$teb + 0x108", 0x8eed57b108 }, // "MASM Numbers and Operators"
		{ "@foo", .error = "Bad register error at '@foo'" },
		{ "@$pc-0x39d9; r $t12=1", .error = "Bad register error at '@$pc-0x39d9; r $t12=1'" }, // public output
		{ "1 + @$ea - 10 ", .error = "Bad register error at '@$ea - 10 '" },                   // public output
		{ "@cr3", .error = "Bad register error at '@cr3'" },
		{ "cr3", .error = "Bad register error at 'cr3'" },
		{ "KiGlobal ", .error = "Couldn't resolve error at 'KiGlobal '" }, // public output
		{ "1+nt!none*2", .error = "Couldn't resolve error at 'nt!none*2'" },
		{ "nt!+0x3c", .error = "Syntax error at 'nt!+0x3c'" }, // public output
		{ "!1", .error = "Couldn't resolve error at '!1'" },
		{ "app!over", .error = "Ambiguous symbol error at 'app!over'" }, // public output
		{ "@", .error = "Bad register error at '@'" },
		{ "@@", .error = "Syntax error at '@@'" },
	};
	RUN(rows);
}

static void memory(void **state)
{
	(void)state;
	uint64_t b = 0, w = 0, d = 0, q = 0, lime = 0, x86 = 0;
	fake_read(NULL, 0x140001000, 1, &b);
	fake_read(NULL, 0x140001000, 2, &w);
	fake_read(NULL, 0x140001000, 4, &d);
	fake_read(NULL, 0x140001000, 8, &q);
	assert_true(fake_read(NULL, 0x7ff0001008, 8, &lime));
	assert_true(fake_read(NULL, 0x40001000, 4, &x86) && x86 >> 31);
	const struct row rows[] = {
		{ "by(main)", b },
		{ "by main", b },
		{ "wo(main)", w },
		{ "dwo(main)", d },
		{ "qwo(main)", q },
		{ "poi(main)", q },
		{ "poi(40001000)", x86 | 0xffffffff00000000, .mode = X86 }, // a pointer, so sign-extended
		{ "dwo(40001000)", x86, .mode = X86 },
		{ "by(1`40001000) - by(40001000)", 0, .mode = X86 }, // addresses have 32 bits
		{ "POI[main]", q },
		{ "poi(main)==qwo main", 1 },
		{ "poi main + 1", q + 1 },
		{ "poi(@rsp+8)", lime },
		{ "poi(3000)", .error = "Memory access error at ')'" },
		{ "poi 3000", .error = "Memory access error at '3000'" }, // public output
		{ "dwo(3000) == 0x100) { .echo x }",                      // public output
		  .error = "Memory access error at ') == 0x100) { .echo x }'" },
		{ "$vvalid(1000, 10)", 1 },
		{ "$vvalid(0x2000, 2000)", 0 }, // "MASM Numbers and Operators" has both outcomes
		{ "not($vvalid(1000, 10))", 0 },
		{ "$VVALID (1000,10) + 1", 2 },
		{ "$vvalid(1000)", .error = "Syntax error at ')'" },
		{ "$vvalid 1000", .error = "Syntax error at '1000'" },
		{ "$iment(nt)", .error = "not supported: $iment at '$iment(nt)'", .mode = BARE },
	};
	RUN(rows);
}

static void strings(void **state)
{
	(void)state;
	static const struct row rows[] = {
		// "? (Evaluate Expression)"
		{ "$spat( \"c:\\dir\\name.txt\", \"*name*\" )", 0 },
		{ "$spat( \"c:\\dir\\\", \"*filename*\" )",
		  .error = "Syntax error at '( \"c:\\dir\\\", \"*filename*\" )'" },
		{ "$spat( @\"c:\\dir\\name.txt\", \"*name*\" )", 1 },
		{ "$spat( @\"c:\\dir\\\", \"*filename*\" )", 0 },
		// "String Wildcard Syntax"
		{ "$spat(\"Prog7am\", \"prog[er-t7]am\")", 1 },
		{ "$spat(\"Lp\", \"Lo#p\")", 1 },
		{ "$spat(\"Lp\", \"Lo+p\")", 0 },
		{ "$spat(\"miain\", \"m[ia]#n\")", 1 },
		{ "$spat(\"ab\", \"a?+b\")", 0 },
		{ "$spat(\"a*b\", @\"A\\*B\")", 1 },
		{ "$spat(\"axb\", @\"a\\*b\")", 0 },
		{ "$spat(\"a[b\", @\"a\\[#b\")", 1 },
		{ "$spat(@\"c:\\dir\", @\"c:\\d*\")", 1 }, // only wildcards can be escaped
		// "MASM Numbers and Operators"
		{ "$scmp(\"a\", \"b\")", UINT64_MAX },
		{ "$scmp(\"b\", \"a\")", 1 },
		{ "$scmp(\"a\", \"A\")", 1 },
		{ "$scmp(\"\", \"\")", 0 },
		{ "$sicmp(\"a\", \"A\")", 0 },
		{ "$sicmp(\"a\", \"B\")", UINT64_MAX },
		// own
		{ "1 + $scmp(\"x\",\"x\") + 1", 2 },
		{ "$scmp(\"a\\\"b\", @\"a\"b\")", .error = "Syntax error at '(\"a\\\"b\", @\"a\"b\")'" },
		{ "$scmp(\"a\")", .error = "Syntax error at '(\"a\")'" },
		{ "$scmp", .error = "Syntax error at '<EOL>'" },
		{ "\"a\"", .error = "Syntax error at '\"a\"'" },
	};
	RUN(rows);
}

static void errors(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "", .error = "Numeric expression missing from '<EOL>'" },
		{ "1+", .error = "Numeric expression missing from '<EOL>'" }, // public output
		{ "*1", .error = "Numeric expression missing from '*1'" },    // public output
		{ "1 && @rdx == 0x40) x",
		  .error = "Numeric expression missing from '& @rdx == 0x40) x'" }, // public output
		{ "(1+1", .error = "Syntax error at '<EOL>'" },                     // public output
		{ "(1 2)", .error = "Syntax error at '2)'" },
		{ "(1]", .error = "Syntax error at ']'" },
		{ "()", .error = "Numeric expression missing from ')'" },
		{ "~1", .error = "Syntax error at '~1'" }, // the page has no such operator
		{ "1 mod mod", .error = "Numeric expression missing from 'mod'" },
		{ "7 / 0", .error = "Operand error at '0'" }, // "MASM Numbers and Operators"
		{ "7 % (1-1) + 1", .error = "Operand error at ') + 1'" },
		{ "`a.c:1`", .error = "not supported: source lines at '`a.c:1`'" },
		{ "`a.c:1", .error = "Syntax error at '`a.c:1'" },
		{ "@@c++(1)", .error = "not supported: C++ expressions at '@@c++(1)'" },
		{ "@@c++(1", .error = "Syntax error at '(1'" },
		{ "@@foo(1)", .error = "Syntax error at '@@foo(1)'" },
		{ "@@masm(1+2)*2", 6 },
		{ "1 2", 1, .rest = " 2" },
		{ "1 L5", 1, .rest = " L5" },
		{ "rax,rbx", 0x1122334455667788, .rest = ",rbx" },
		{ "5;k", 5, .rest = ";k" },
		{ "5)", 5, .rest = ")" },
		{ "5 ", 5, .rest = " " },
	};
	RUN(rows);
}

// "Sign Extension"
static void sign_extension(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "EEAA1122", 0xeeaa1122, .mode = X86 },
		{ "EEAA1122", 0xffffffffeeaa1122, .mode = X86K },
		{ "00000000EEAA1122", 0xffffffffeeaa1122, .mode = X86K },
		{ "00000000`EEAA1122", 0xeeaa1122, .mode = X86K },
		{ "0`EEAA1122", 0xeeaa1122, .mode = X86K },
		{ "12345678", 0x12345678, .mode = X86K },
		{ "EEAA1122", 0xeeaa1122, .mode = X64K },
		{ "@eax", 0xffffffff89abcdef, .mode = X86 },
		{ "@eax", 0xffffffff89abcdef, .mode = X86K },
		{ "@eax", 0x89abcdef },
		{ "( 0x0`FFFFFFFF & @eax )", 0x89abcdef, .mode = X86 },
		{ "7fffffff + 1", 0x80000000, .mode = X86K },
		{ "k32!high", 0xffffffff80123456, .mode = X86 },
		{ "@$t0 + 80000000", 0x80000005, .mode = X86 },
	};
	RUN(rows);
}

static bool fake_cpp(void *ctx, const char *text, size_t n, unsigned depth, uint64_t *ret, err_t *err)
{
	(void)ctx, (void)text, (void)err;
	*ret = n * 0x100 + depth;
	return true;
}

static bool fake_line(void *ctx, const char *spec, uint64_t *ret, err_t *err)
{
	(void)ctx;
	if (!str_eq(spec, "app!main.c:12"))
		*err = (err_t){ E_NOTFOUND, "no such line", 0 };
	*ret = 0x140001040;
	return true;
}

static bool fake_entry(void *ctx, va_t base, uint64_t *ret, err_t *err)
{
	(void)ctx, (void)err;
	*ret = base + 0x1000;
	return base == 0xfffff80062600000;
}

static bool fake_success(void *ctx, va_t fn, uint64_t value, uint64_t flag, uint64_t *ret, err_t *err)
{
	(void)ctx;
	if (fn == 0x5000)
		*err = (err_t){ E_CANCELLED, "stopped", 0 };
	*ret = flag ? !value : value != 0;
	return true;
}

static bool failing_cpp(void *ctx, const char *text, size_t n, unsigned depth, uint64_t *ret, err_t *err)
{
	(void)ctx, (void)n, (void)depth, (void)ret;
	if (*text == 'a')
		*err = (err_t){ E_ABSENT, "not in this dump", 0 };
	return false;
}

static void callbacks(void **state)
{
	(void)state;
	struct expr_scope s = fake_scope();
	s.image_entry = fake_entry;
	s.fn_success = fake_success;
	s.read_phys = fake_read;
	s.cpp = fake_cpp;
	s.line = fake_line;
	static const struct row rows[] = {
		{ "@@(a)", 0x102 },
		{ "(@@c++(f(1, \")\")) + 1)", 0x904 },
		{ "@@C++(x[')'])", 0x602 },
		{ "@@c++(f(\"\\\")\")) * 2", 0x1004 },
		{ "`app!main.c:12` + 4", 0x140001044 },
		{ "`main.c:12`", .error = "Couldn't resolve error at '`main.c:12`'" },
		{ "$iment (nt)+1", 0xfffff80062601001 },
		{ "$iment(0) + 1", .error = "Operand error at ') + 1'" },
		{ "$fnsucc(nt, 7, 0)", 1 },
		{ "$fnsucc(nt, 7, 1)", 0 },
		{ "$fnsucc(5000, 7, 1)", .error = "stopped" },
		{ "$pqwo(main) - qwo(main)", 0 },
		{ "$ppoi(3000)", .error = "Memory access error at ')'" },
		{ "$pby(main)+$pwo(main)+$pdwo(main)=by(main)+wo(main)+dwo(main)", 1 },
		{ "@!\"none", .error = "Syntax error at '@!\"none'" },
		{ "@!\"none\"", .error = "Couldn't resolve error at '@!\"none\"'" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(wrong(&rows[i], &s), 0);
	static const struct row failing[] = {
		{ "@@(a) + 1", .error = "Memory access error at ') + 1'" },
		{ "@@(b) + 1", .error = "Couldn't resolve error at 'b) + 1'" },
	};
	s.cpp = failing_cpp;
	for (size_t i = 0; i < ARRAY_LEN(failing); i++)
		assert_int_equal(wrong(&failing[i], &s), 0);
}

static void nesting_is_bounded(void **state)
{
	(void)state;
	static const char *const unit[] = { "(", "-", "not ", "poi(", "@@masm(", "$vvalid(", "1|2^3&4=5<<6+7*(" };
	struct expr_scope s = fake_scope();
	for (size_t i = 0; i < ARRAY_LEN(unit); i++) {
		struct arena *a = arena_new(16 << 20);
		struct sb text = sb_new(a);
		for (int k = 0; k < 100000; k++)
			sb_add(&text, unit[i]);
		uint64_t v;
		const char *rest;
		assert_int_equal(expr_eval(&s, a, sb_str(&text), &v, &rest).code, E_LIMIT);
		arena_free(a);
	}
	s.depth = 10000; // as a C++ evaluator would hand it down
	struct arena *a = arena_new(4096);
	uint64_t v;
	const char *rest;
	assert_int_equal(expr_eval(&s, a, "1", &v, &rest).code, E_LIMIT);
	arena_free(a);
}

static void errors_have_a_place(void **state)
{
	(void)state;
	struct expr_scope s = fake_scope();
	struct arena *a = arena_new(1 << 16);
	uint64_t v;
	const char *rest;
	struct expr_range r;
	assert_int_equal(expr_eval(&s, a, "1 + nosuch", &v, &rest).at, 4);
	assert_int_equal(expr_eval(&s, a, "poi(3000) + 1", &v, &rest).at, 8);
	assert_int_equal(expr_eval(&s, a, "(1", &v, &rest).at, 2);
	assert_int_equal(expr_range(&s, a, "1000 L nosuch", 1, &r, &rest).at, 7);
	assert_int_equal(expr_range(&s, a, "1000 1000+nosuch", 1, &r, &rest).at, 10);
	assert_int_equal(expr_eval(&s, a, "nosuch", &v, &rest).code, E_USAGE);
	assert_int_equal(expr_eval(&s, a, "@cr3", &v, &rest).code, E_ABSENT);
	assert_int_equal(expr_eval(&s, a, "poi(3000)", &v, &rest).code, E_ABSENT);
	assert_int_equal(expr_eval(&s, a, "app!over", &v, &rest).code, E_AMBIGUOUS);
	assert_int_equal(expr_eval(&s, a, "@@(1)", &v, &rest).code, E_UNSUPPORTED);
	arena_free(a);
}

struct range_row {
	const char *text;
	unsigned elem;
	struct expr_range want;
	const char *error, *rest;
	enum mode mode;
};

static void ranges(void **state)
{
	(void)state;
#define AT(a)    .has_addr = true, .addr = (a)
#define COUNT(n) .has_count = true, .count = (n)
	static const struct range_row rows[] = {
		// "Address and Address Range Syntax"
		{ "0x00001000  0x00001007", 1, { AT(0x1000), COUNT(8) } },
		{ "0x00001000  L8", 1, { AT(0x1000), COUNT(8) } },
		{ "0x00001000  0x00001007", 4, { AT(0x1000), COUNT(2) } },
		{ "0x00001000  L2", 4, { AT(0x1000), COUNT(2) } },
		{ "80000000 L20", 1, { AT(0x80000000), COUNT(0x20) } },
		{ "80000000 L-20", 1, { AT(0x7fffffe0), COUNT(0x20), .backwards = true } },
		{ "00007ffc`0f180771 L100000 \"ntdll\"",
		  1,
		  { AT(0x7ffc0f180771), COUNT(0x100000) },
		  .rest = " \"ntdll\"" },
		// public output
		{ "@$ip l0xffffffff", 1, .error = "Range error in '@$ip l0xffffffff'" },
		{ "@$ip L?0xffffffff", 1, { AT(0x7ff612345678), COUNT(0xffffffff) } },
		// own
		{ "", 1, { 0 } },
		{ "  ", 1, { 0 }, .rest = "" },
		{ "; k", 1, { 0 }, .rest = "; k" },
		{ "L10", 4, { COUNT(0x10) } },
		{ "l 10", 4, { COUNT(0x10) } },
		{ "@rsp", 8, { AT(0x7ff0001000) } },
		{ "%1000", 8, { AT(0x1000) } },
		{ "@rsp ; k", 8, { AT(0x7ff0001000) }, .rest = " ; k" },
		{ "@rsp L4 5", 8, { AT(0x7ff0001000), COUNT(4) }, .rest = " 5" },
		{ "@rsp L?4", 8, { AT(0x7ff0001000), COUNT(4) } },
		{ "@rsp L? 4", 8, { AT(0x7ff0001000), COUNT(4) } },
		{ "@rsp l @rbx*2", 8, { AT(0x7ff0001000), COUNT(0x20) } },
		{ "@rsp @rsp+f", 8, { AT(0x7ff0001000), COUNT(2) } },
		{ "@rsp - 8 L1", 8, { AT(0x7ff0000ff8), COUNT(1) } },
		{ "1000 1000", 1, { AT(0x1000), COUNT(1) } },
		{ "1000 fff", 1, .error = "Range error in '1000 fff'" },
		{ "0 fffffff", 1, { AT(0), COUNT(0x10000000) } },
		{ "0 10000000", 1, .error = "Range error in '0 10000000'" },
		{ "0 L10000000", 1, { AT(0), COUNT(0x10000000) } },
		{ "0 L10000001", 1, .error = "Range error in '0 L10000001'" },
		{ "0 L4000001", 4, .error = "Range error in '0 L4000001'" },
		{ "1000 L-1001", 1, .error = "Range error in '1000 L-1001'" },
		{ "-1 L2", 1, .error = "Range error in '-1 L2'" },
		{ "-1 L1", 1, { AT(UINT64_MAX), COUNT(1) } },
		{ "-8 L2", 4, { AT(UINT64_MAX - 7), COUNT(2) } },
		{ "0 L?4000000000000000", 8, .error = "Range error in '0 L?4000000000000000'" },
		{ "ffffffff L2", 1, .error = "Range error in 'ffffffff L2'", .mode = X86 },
		{ "@eax L1", 1, { AT(0x89abcdef), COUNT(1) }, .mode = X86 },
		{ "80000000 80000003", 1, { AT(0x80000000), COUNT(4) }, .mode = X86K },
		{ "1000 L", 1, .error = "Numeric expression missing from '<EOL>'" },
		{ "nosuch L4", 1, .error = "Couldn't resolve error at 'nosuch L4'" },
		{ "Lnosuch", 1, .error = "Couldn't resolve error at 'Lnosuch'" },
	};
	int bad = 0;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct range_row *r = &rows[i];
		struct expr_scope s = scope_of(r->mode);
		struct arena *a = arena_new(1 << 16);
		struct expr_range got = { 0 };
		const char *rest = "", *want = r->rest ? r->rest : "";
		err_t e = expr_range(&s, a, r->text, r->elem, &got, &rest);
		bool good = r->error ? e.code && str_eq(e.what, r->error)
				     : !e.code && got.has_addr == r->want.has_addr && got.addr == r->want.addr &&
					       got.has_count == r->want.has_count && got.count == r->want.count &&
					       got.backwards == r->want.backwards && str_eq(rest, want);
		if (!good)
			printf("# '%s' by %u: addr %d %llx count %d %llx error %s rest '%s'\n", r->text, r->elem,
			       got.has_addr, (unsigned long long)got.addr, got.has_count, (unsigned long long)got.count,
			       e.code ? e.what : "none", rest);
		bad += !good;
		arena_free(a);
	}
	assert_int_equal(bad, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(operators),
		cmocka_unit_test(precedence),
		cmocka_unit_test(names),
		cmocka_unit_test(memory),
		cmocka_unit_test(strings),
		cmocka_unit_test(errors),
		cmocka_unit_test(callbacks),
		cmocka_unit_test(sign_extension),
		cmocka_unit_test(ranges),
		cmocka_unit_test(nesting_is_bounded),
		cmocka_unit_test(errors_have_a_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

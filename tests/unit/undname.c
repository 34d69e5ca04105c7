// SPDX-License-Identifier: Apache-2.0
// undname.c: undecorated names. Full forms are those of LLVM's public tests (llvm/test/Demangle, libcxxabi/test) and of
// Microsoft's documentation; name-only forms and dbghelp's spelling are those of public WinDbg output.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/str.h"
#include "pdb/undname.h"

#include <cmocka.h>

struct row {
	const char *name, *text; // text NULL: an error with this code
	enum err_code code;
};

static int wrong(const struct row *r, unsigned flags)
{
	struct arena *a = arena_new(1 << 20);
	const char *got = NULL;
	err_t e = undname_any(a, r->name, flags, &got);
	bool good = r->text ? !e.code && str_eq(got, r->text) : e.code == r->code && !got && e.what && *e.what;
	if (!good)
		printf("# %s\n#  got  %s\n#  want %s\n", r->name, e.code ? e.what : got,
		       r->text ? r->text : err_name(r->code));
	arena_free(a);
	return !good;
}

static void run(const struct row *rows, size_t n, unsigned flags)
{
	int bad = 0;
	for (size_t i = 0; i < n; i++)
		bad += wrong(&rows[i], flags);
	assert_int_equal(bad, 0);
}
#define RUN(rows, flags) run(rows, ARRAY_LEN(rows), flags)

static void test_ms_names(void **state)
{
	(void)state;
	static const struct row rows[] = {
		// Microsoft: "Decorated names", "Using UNDNAME"
		{ "?a@@YAHD@Z", "int __cdecl a(char)" },
		{ "?func1@a@@AAEXH@Z", "private: void __thiscall a::func1(int)" },
		// LLVM: ms-operators.test
		{ "??0Base@@QEAA@XZ", "public: __cdecl Base::Base(void)" },
		{ "??1Base@@UEAA@XZ", "public: virtual __cdecl Base::~Base(void)" },
		{ "??2@YAPEAX_K@Z", "void * __cdecl operator new(unsigned __int64)" },
		{ "??3@YAXPEAX_K@Z", "void __cdecl operator delete(void *,unsigned __int64)" },
		{ "??4Base@@QEAAHH@Z", "public: int __cdecl Base::operator=(int)" },
		{ "??BBase@@QEAAHXZ", "public: int __cdecl Base::operator int(void)" },
		{ "??JBase@@QEAAHH@Z", "public: int __cdecl Base::operator->*(int)" },
		{ "??RBase@@QEAAHXZ", "public: int __cdecl Base::operator()(void)" },
		{ "??ZBase@@QEAAHH@Z", "public: int __cdecl Base::operator-=(int)" },
		{ "??_3Base@@QEAAHH@Z", "public: int __cdecl Base::operator<<=(int)" },
		{ "??_7Base@@6B@", "const Base::`vftable'" },
		{ "??_7A@B@@6BC@D@@E@F@@G@H@@@", "const B::A::`vftable'{for `D::C's `F::E's `H::G'}" },
		{ "??_7A@@6BB@@C@@D@@@", "const A::`vftable'{for `B's `C's `D'}" },
		{ "??_8Middle2@@7B@", "const Middle2::`vbtable'" },
		{ "??_9Base@@$B7AA", "[thunk]: __cdecl Base::`vcall'{8,{flat}}" },
		{ "??_B?1??getS@@YAAAUS@@XZ@51", "`struct S & __cdecl getS(void)'::`2'::`local static guard'{2}" },
		{ "??__J?1??f@@YAAAUS@@XZ@51", "`struct S & __cdecl f(void)'::`2'::`local static thread guard'{2}" },
		{ "??_C@_02PCEFGMJL@hi?$AA@", "\"hi\"" },
		{ "??_C@_13FPGAJAPJ@?$AA?2?$AA?$AA@", "L\"\\\\\"" },
		{ "??_C@_02PCEFGMJL@hi?$AA@FNODOBFM@", "\"hi\"" },
		{ "??_DDiamond@@QEAAXXZ", "public: void __cdecl Diamond::`vbase dtor'(void)" },
		{ "??_EBase@@UEAAPEAXI@Z",
		  "public: virtual void * __cdecl Base::`vector deleting dtor'(unsigned int)" },
		{ "??_EBase@@G3AEPAXI@Z",
		  "[thunk]: private: void * __thiscall Base::`vector deleting dtor'`adjustor{4}'(unsigned int)" },
		{ "??_F?$SomeTemplate@H@@QAEXXZ",
		  "public: void __thiscall SomeTemplate<int>::`default ctor closure'(void)" },
		{ "??_H@YAXPEAX_K1P6APEAX0@Z@Z",
		  "void __cdecl `vector ctor iterator'(void *,unsigned __int64,unsigned __int64,"
		  "void * (__cdecl *)(void *))" },
		{ "??_U@YAPEAX_KAEAVklass@@@Z", "void * __cdecl operator new[](unsigned __int64,class klass &)" },
		{ "??_R0?AUBase@@@8", "struct Base `RTTI Type Descriptor'" },
		{ ".?AUBase@@", "struct Base `RTTI Type Descriptor Name'" },
		{ "??_R1A@?0A@EA@Base@@8", "Base::`RTTI Base Class Descriptor at (0,-1,0,64)'" },
		{ "??_R2Base@@8", "Base::`RTTI Base Class Array'" },
		{ "??_R3Base@@8", "Base::`RTTI Class Hierarchy Descriptor'" },
		{ "??_R4Base@@6B@", "const Base::`RTTI Complete Object Locator'" },
		{ "??__EFoo@@YAXXZ", "void __cdecl `dynamic initializer for 'Foo''(void)" },
		{ "??__E?i@C@@0HA@@YAXXZ", "void __cdecl `dynamic initializer for `private: static int C::i''(void)" },
		{ "??__FFoo@@YAXXZ", "void __cdecl `dynamic atexit destructor for 'Foo''(void)" },
		{ "??__K_deg@@YAHO@Z", "int __cdecl operator \"\"_deg(long double)" },
		{ "??@a6a285da2eea70dba6b578022be61d81@", "??@a6a285da2eea70dba6b578022be61d81@" },
		{ "??@a6a285da2eea70dba6b578022be61d81@??_R4@", "??@a6a285da2eea70dba6b578022be61d81@??_R4@" },
		// types of return that are left to the compiler; C++20
		{ "?TestNonTemplateAuto@@YA@XZ", "__cdecl TestNonTemplateAuto(void)" },
		{ "??$AutoT@X@@YA?A_PXZ", "auto __cdecl AutoT<void>(void)" },
		{ "??$AutoT@X@@YA?B_TXZ", "decltype(auto) const __cdecl AutoT<void>(void)" },
		{ "?f@@YAX_Q@Z", "void __cdecl f(char8_t)" },
		{ "??__M@YA_NUS@@0@Z", "bool __cdecl operator<=>(struct S,struct S)" },
		{ "??__LS@@QEAA?AU0@XZ", "public: struct S __cdecl S::operator co_await(void)" },
	};
	RUN(rows, UNDNAME_FULL);
}

static void test_ms_types(void **state)
{
	(void)state;
	static const struct row rows[] = {
		// LLVM: ms-arg-qualifiers.test
		{ "?foo_siad@@YAXSEIAD@Z", "void __cdecl foo_siad(char *const volatile __restrict)" },
		{ "?foo_pbqad@@YAXPEBQEAD@Z", "void __cdecl foo_pbqad(char *const *)" },
		{ "?foo_abqbd@@YAXAEBQEBD@Z", "void __cdecl foo_abqbd(char const *const &)" },
		{ "?foo_aay144h@@YAXAEAY144H@Z", "void __cdecl foo_aay144h(int (&)[5][5])" },
		{ "?foo_qay144cbh@@YAX$$QEAY144$$CBH@Z", "void __cdecl foo_qay144cbh(int const (&&)[5][5])" },
		{ "?foo_q6ahxz@@YAX$$Q6AHXZ@Z", "void __cdecl foo_q6ahxz(int (__cdecl &&)(void))" },
		{ "?foo_fnptrbackref1@@YAXP6AXQEAH@Z1@Z",
		  "void __cdecl foo_fnptrbackref1(void (__cdecl *)(int *const),void (__cdecl *)(int *const))" },
		{ "?ret_fnptrarray@@YAP6AXQEAH@ZXZ", "void (__cdecl * __cdecl ret_fnptrarray(void))(int *const)" },
		{ "?mangle_yes_backref2@@YAXQEBQ6AXXZ0@Z",
		  "void __cdecl mangle_yes_backref2(void (__cdecl *const *const)(void),"
		  "void (__cdecl *const *const)(void))" },
		{ "?pr23325@@YAXQEBUS@@0@Z", "void __cdecl pr23325(struct S const *const,struct S const *const)" },
		{ "?f@@YAXP8A@@EAAXXZ@Z", "void __cdecl f(void (__cdecl A::*)(void))" },
		{ "?x@@3PQA@@HQ1@", "int A::*x" },
		{ "?x@@3PAY01HA", "int (*x)[2]" },
		{ "?f@@YAXPIFAUS@@@Z", "void __cdecl f(struct S __unaligned *__restrict)" },
		{ "?f@C@@QEGBAXXZ", "public: void __cdecl C::f(void) const &" },
		{ "?f@C@@QEIFAAXXZ", "public: void __cdecl C::f(void) __restrict __unaligned" },
		{ "?f@@YAXX_E", "void __cdecl f(void) noexcept" },
		{ "?f@@YAXHZZ", "void __cdecl f(int,...)" },
		{ "?f@@YQXXZ", "void __vectorcall f(void)" },
		{ "?f@C@@$4PPPPPPPM@A@EAAXXZ", "[thunk]: public: virtual void __cdecl C::f`vtordisp{-4,0}'(void)" },
		{ "?f@C@@$R4BA@M@PPPPPPPM@7EAAXXZ",
		  "[thunk]: public: virtual void __cdecl C::f`vtordispex{16,12,-4,8}'(void)" },
		{ "??$f@$$A8@@EBAXXZ@@YAXXZ", "void __cdecl f<void __cdecl(void) const>(void)" },
		{ "??$f@$H?x@A@@QAEXXZA@@@YAXXZ", "void __cdecl f<{public: void __thiscall A::x(void),0}>(void)" },
		{ "??$f@$1?x@@3HA@@YAXXZ", "void __cdecl f<&int x>(void)" },
		{ "??$f@$E?x@@3HA@@YAXXZ", "void __cdecl f<int x>(void)" },
		{ "??$a@$MH00@@YAXXZ", "void __cdecl a<1>(void)" },
		{ "?x@?1??y@@9@4HA", "int `extern \"C\" y'::`2'::x" },
		{ "?f@@$$J0YAXXZ", "extern \"C\" void __cdecl f(void)" },
		// llvm-undname writes the key of the anonymous namespace (0x12ab) where it is referred back to.
		{ "?f@?A0x12ab@@YAXUS@1@@Z", "void __cdecl `anonymous namespace'::f(struct `anonymous namespace'::S)" },
		// Types that llvm-undname does not know.
		{ "?f@@YAX_L_M@Z", "void __cdecl f(__int128,unsigned __int128)" },
		{ "?f@@YAXW0E@@@Z", "void __cdecl f(enum E)" },
	};
	RUN(rows, UNDNAME_FULL);
}

static void test_ms_dbghelp(void **state)
{
	(void)state;
	static const struct row full[] = {
		{ "??_G?$A@V?$B@H@@@@UAEPAXI@Z",
		  "public: virtual void * __thiscall A<class B<int> >::`scalar deleting destructor'(unsigned int)" },
		{ "?f@@YAXQEAPEAD@Z", "void __cdecl f(char * * const)" },
		{ "?f@@YAXP6AHH@ZP8A@@EAAXXZ@Z", "void __cdecl f(int (__cdecl*)(int),void (__cdecl A::*)(void))" },
		{ "??_EBase@@G3AEPAXI@Z", "[thunk]:private: virtual void * __thiscall Base::`vector deleting "
					  "destructor'`adjustor{4}' (unsigned int)" },
		{ "??BBase@@QEAAHXZ", "public: __cdecl Base::operator int(void)" },
		{ "??_B?1??getS@@YAAAUS@@XZ@51", "`struct S & __cdecl getS(void)'::`2'::`local static guard'{2}'" },
		{ "??_C@_02PCEFGMJL@hi?$AA@", "`string'" },
	};
	static const struct row names[] = {
		{ "?f@C@N@@QEAAXV?$vector@HV?$allocator@H@std@@@std@@@Z", "N::C::f" },
		{ "?push_back@?$vector@HV?$allocator@H@std@@@std@@QEAAXAEBH@Z",
		  "std::vector<int,std::allocator<int> >::push_back" },
		{ "?QueryInterface@CErrorObject@@W7EAAJAEBU_GUID@@PEAPEAX@Z",
		  "[thunk]:CErrorObject::QueryInterface`adjustor{8}'" },
		{ "??_7CErrorObject@@6B@", "CErrorObject::`vftable'" },
		{ "??_GC@@UEAAPEAXI@Z", "C::`scalar deleting destructor'" },
		{ "?x@?1??f@C@@SAPAV1@XZ@4HA", "`C::f'::`2'::x" },
		{ "??BBase@@QEAAHXZ", "Base::operator int" },
		{ "?i@C@@0HA", "C::i" },
		{ "??__E?i@C@@0HA@@YAXXZ", "`dynamic initializer for `C::i''" },
		{ "?f@?A0x12ab@@YAXXZ", "`anonymous namespace'::f" },
		{ "??R<lambda_1>@?0??f@@YAXXZ@QEBAHH@Z", "`f'::`1'::<lambda_1>::operator()" },
		{ "_ZN1A1BIiE1fEv", "A::B<int>::f" },
		{ "_ZZN1A1fEvENKUlvE_clEv", "A::f::'lambda'()::operator()" },
	};
	RUN(full, UNDNAME_DBGHELP);
	RUN(names, UNDNAME_NAME_ONLY);
}

static void test_c_names(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
		{ "_main", "main" }, { "_WinMain@16", "WinMain" }, { "@fast@8", "fast" }, { "vec@@16", "vec" }
	};
	struct arena *a = arena_new(1 << 20);
	const char *got = NULL;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(undname(a, rows[i][0], 0, &got).code, OK);
		assert_string_equal(got, rows[i][1]);
		// A leading _ alone says too little.
		assert_int_equal(undname_any(a, rows[i][0], 0, &got).code, E_NOTFOUND);
	}
	got = NULL;
	static const char *const none[] = { "", "_", "@", "@8", "_@8", "main", "main@8", "@x", "@@16" };
	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		assert_int_equal(undname(a, none[i], 0, &got).code, E_NOTFOUND);
	assert_null(got);
	arena_free(a);
}

static void test_itanium(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "_ZNSt6vectorISaISaIiEEE3fooEv", "std::vector<std::allocator<std::allocator<int>>>::foo()" },
		{ "_ZNSsC1Ev",
		  "std::basic_string<char, std::char_traits<char>, std::allocator<char>>::basic_string()" },
		{ "_Z1fIiEDTplfp_fp_ET_", "decltype(fp + fp) f<int>(int)" },
		{ "_ZN1AcvT_IiEEv", "A::operator int<int>()" },
		{ "_Z1fDF16_", "f(_Float16)" },
		{ "_Z1fDU8_", "f(unsigned _BitInt(8))" },
		{ "_ZZ1fvENKUlvE_clEv", "f()::'lambda'()::operator()() const" },
		{ "_ZN12_GLOBAL__N_13fooEv", "(anonymous namespace)::foo()" },
		{ "_Z3foov.cold", "foo() (.cold)" },
		{ "_ZTv0_n24_N1A1fEv", "virtual thunk to A::f()" },
		{ "_ZGVZ1fvE1x", "guard variable for f()::x" },
		{ "_ZN1AIJiiEE1fEv", "A<int, int>::f()" },
		{ "_ZTAXtl1AEE", "template parameter object for A{}" },
		{ "_ZN1AC2EOS_", "A::A(A&&)" },
		{ "_ZZ1fvEs_0", "f()::string literal" },
		{ "_Z1fPFPA3_iM1AKFvvEE", "f(int (* (*)(void (A::*)() const)) [3])" },
		{ "_Z1fIJilEEvDpT_", "void f<int, long>(int, long)" },
		{ "_Z1fIJEEvDpT_", "void f<>()" },
		{ "_ZN5FooIXgtLi3ELi2EEE1fEv", NULL, E_CORRUPT },
		{ "_ZN3FooIXgtLi3ELi2EEE1fEv", "Foo<(3 > 2)>::f()" },
		{ "_ZN3FooIXplLi3EmlLi2ELi1EEE1fEv", "Foo<3 + 2 * 1>::f()" },
		{ "__Z3foov", "foo()" },
		{ "_ZNKR1A1fEv", "A::f() const &" },
		{ "_ZNKR1A1fEvx", NULL, E_CORRUPT },
		{ "_Z", NULL, E_CORRUPT },
		{ "_ZW3mod3foo", NULL, E_UNSUPPORTED },
	};
	RUN(rows, UNDNAME_FULL);
}

static void test_rust(void **state)
{
	(void)state;
	static const struct row rows[] = {
		// RFC 2603, and LLVM: rust.test
		{ "_RNvC6_123foo3bar", "123foo::bar" },
		{ "_RNCC3foo0", "foo::{closure#0}" },
		{ "_RNvNtNtCs1234_7mycrate3foo3bar3baz", "mycrate::foo::bar::baz" },
		{ "_RINvNtC3std3mem8align_ofjdE", "std::mem::align_of::<usize, f64>" },
		{ "_RNvMC3fooNtB2_3Bar1f", "<foo::Bar>::f" },
		{ "_RNvXC3fooNtB2_3BarNtB2_3Baz1f", "<foo::Bar as foo::Baz>::f" },
		{ "_RIC0FG_RL0_hEuE", "::<for<'a> fn(&'a u8)>" },
		{ "_RIC0DNtC3std1Tp4ItemhEL_E", "::<dyn std::T<Item = u8>>" },
		{ "_RIC0Kj7b_Kb1_Kc41_Klna_E", "::<123, true, 'A', -10>" },
		{ "_RIC0TlETEE", "::<(i32,), ()>" },
		{ "_RNqCs4fqI2P2rA04_11utf8_identsu30____7hkackfecea1cbdathfdh9hlq6y",
		  "utf8_idents::საჭმელად_გემრიელი_სადილი" },
		{ "_RNvC3foo3bar.llvm.1", "foo::bar (.llvm.1)" },
		{ "_RIC0Ke68_E", NULL, E_UNSUPPORTED },
		{ "_RNvC3foo3barx", NULL, E_NOTFOUND },
		{ "_RunThis", NULL, E_NOTFOUND },
		// legacy
		{ "_ZN4core5panic8Location6caller17h839b50efb1e59ec8E", "core::panic::Location::caller" },
		{ "_ZN4core3fmt3num53_$LT$impl$u20$core..fmt..UpperHex$u20$for$u20$i32$GT$3fmt17h5ff28098a0835e61E",
		  "core::fmt::num::<impl core::fmt::UpperHex for i32>::fmt" },
		{ "_ZN3foo3bar17h0123456789abcdefE.llvm.9", "foo::bar (.llvm.9)" },
		{ "_ZN3foo17h0123456789abcdeE", NULL, E_CORRUPT },
		{ "_ZN3foo17hxyz3456789abcdefE", "foo::hxyz3456789abcdef" }, // C++
	};
	RUN(rows, UNDNAME_FULL);
}

static void test_not_decorated(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "", NULL, E_NOTFOUND },
		{ "main", NULL, E_NOTFOUND },
		{ ".text", NULL, E_NOTFOUND },
		{ "?", NULL, E_CORRUPT },
		{ "??", NULL, E_CORRUPT },
		{ "???", NULL, E_CORRUPT },
		{ "?f", NULL, E_CORRUPT },
		{ "?f@@YAX0@Z", NULL, E_CORRUPT },
		{ "?f@@YAXXZjunk", NULL, E_CORRUPT },
		{ "?f@@YAXVA@9@@Z", NULL, E_CORRUPT },
		{ "?0@@YAXXZ", NULL, E_CORRUPT },
		{ "??0@@YAXXZ", NULL, E_CORRUPT },
		{ "??_C@_0", NULL, E_CORRUPT },
		{ "??@abc", NULL, E_CORRUPT },
		{ "?f@@YAXY@H@Z", NULL, E_CORRUPT },
		{ "?f@@YAXYPPPPPPPPPPPPPPPP@H@Z", NULL, E_CORRUPT },
	};
	RUN(rows, UNDNAME_FULL);
	RUN(rows, UNDNAME_NAME_ONLY);
}

static enum err_code code_of(struct arena *a, const char *name)
{
	const char *got = NULL;
	err_t e = undname_any(a, name, UNDNAME_FULL, &got);
	assert_true(e.code ? !got : strlen(got) <= LIMIT_UNDNAME_OUTPUT);
	return e.code;
}

static const char *repeated(struct arena *a, const char *head, const char *body, size_t n, const char *tail)
{
	struct sb s = sb_new(a);
	sb_add(&s, head);
	for (size_t i = 0; i < n; i++)
		sb_add(&s, body);
	sb_add(&s, tail);
	return sb_str(&s);
}

static void test_limits(void **state)
{
	static const char base62[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	(void)state;
	struct arena *a = arena_new(64 << 20);
	// Ten parameters, each a function of ten of the one before: 10^10 of the first.
	struct sb s = sb_new(a);
	sb_add(&s, "?f@@YAXPEAX");
	for (char c = '0'; c < '9'; c++) {
		sb_add(&s, "P6AX");
		for (int i = 0; i < 10; i++)
			sb_ch(&s, c);
		sb_add(&s, "@Z");
	}
	sb_add(&s, "@Z");
	assert_int_equal(code_of(a, sb_str(&s)), E_LIMIT);
	// The same with substitutions, and with back-references that are read again.
	s = sb_new(a);
	sb_add(&s, "_Z1fPFviE");
	for (size_t i = 0; i < 17; i++) {
		sb_add(&s, "PFv");
		for (int k = 0; k < 4; k++)
			sb_printf(&s, "S%c_", base62[2 * i < 10 ? 2 * i : 2 * i + 26]);
		sb_add(&s, "E");
	}
	assert_int_equal(code_of(a, sb_str(&s)), E_LIMIT);
	s = sb_new(a);
	sb_add(&s, "_RIC0");
	size_t at = 3; // of the last type, after _R
	for (int i = 0; i < 40; i++) {
		size_t here = s.n - 2;
		sb_add(&s, "T");
		for (int k = 0; i && k < 4; k++) {
			size_t v = at - 1;
			sb_printf(&s, "B%c%c_", base62[v / 62 % 62], base62[v % 62]);
		}
		sb_add(&s, i ? "E" : "hhhhE");
		at = here;
	}
	sb_add(&s, "E");
	assert_int_equal(code_of(a, sb_str(&s)), E_LIMIT);
	// Depth.
	assert_int_equal(code_of(a, repeated(a, "?x@@3", "PEA", 20000, "HA")), E_LIMIT);
	assert_int_equal(code_of(a, repeated(a, "_Z1f", "P", 60000, "i")), E_LIMIT);
	assert_int_equal(code_of(a, repeated(a, "_RIC0", "S", 60000, "hE")), E_LIMIT);
	assert_int_equal(code_of(a, repeated(a, "_Z1fIX", "ng", 20000, "Li1EEEvv")), E_LIMIT);
	assert_int_equal(code_of(a, repeated(a, "?x@@3", "V?$A@", 10000, "")), E_LIMIT);
	assert_int_equal(code_of(a, repeated(a, "?x@", "?1??x@", 10000, "")), E_LIMIT);
	// Length.
	assert_int_equal(code_of(a, repeated(a, "?x", "x", LIMIT_UNDNAME_INPUT, "@@3HA")), E_LIMIT);
	assert_int_equal(code_of(a, repeated(a, "?x", "x", LIMIT_UNDNAME_INPUT / 2, "@@3HA")), OK);
	// Lifetimes of a binder are as many as the name could use.
	assert_int_equal(code_of(a, "_RIC0FGzzzzzzzz_EuE"), E_NOTFOUND);
	arena_free(a);
}

// A name cut anywhere, or with any character changed, ends with an answer or an error.
static void test_damage(void **state)
{
	(void)state;
	static const char *const names[] = {
		"??$f@$H?x@A@@QAEXXZA@V?$B@PEBQEAH@1@@@YAXP8A@@EAAXP6AXX_E@Z0@Z",
		"_ZN4core3fmtIJRKSt6vectorIiSaIiEEXplLi1ELi2EEEE3numIZ1fvEUlT_E_EEDTcl1gfp_EES8_",
		"_RNvXs_C3fooINtB2_3BarDG_NtC3std1Tp4ItemFUKChEuEL_E1f",
		"??_C@_1BI@KBEHOCMH@?$AA?2?$AAD?$AAe?$AAv?$AA?$AA@"
	};
	struct arena *a = arena_new(64 << 20);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		size_t n = strlen(names[i]);
		for (size_t k = 0; k < n; k++) {
			char *bad = arena_strndup(a, names[i], k);
			code_of(a, bad);
			for (int c = '!'; c < 0x7f; c++) {
				bad = arena_strdup(a, names[i]);
				bad[k] = (char)c;
				code_of(a, bad);
			}
		}
	}
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ms_names),   cmocka_unit_test(test_ms_types),
		cmocka_unit_test(test_ms_dbghelp), cmocka_unit_test(test_c_names),
		cmocka_unit_test(test_itanium),    cmocka_unit_test(test_rust),
		cmocka_unit_test(test_limits),     cmocka_unit_test(test_not_decorated),
		cmocka_unit_test(test_damage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

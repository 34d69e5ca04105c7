// SPDX-License-Identifier: Apache-2.0
// shapes.cpp: a program without any library: namespaces, classes, templates, inlined calls inside each other,
// recursion, static and global data. For tests of DWARF in images.
namespace outer { namespace {
int hidden = 3;
struct Box { int v; static int count; int get(int k) const; template<class T> T as(T d) const { return d + (T)v; } };
}
struct Shape { virtual ~Shape(); virtual int area(int n); int side; Shape(int s); };
Shape::Shape(int s) : side(s) {}
Shape::~Shape() {}
static inline __attribute__((always_inline)) int square(int x) { return x * x + hidden; }
static inline __attribute__((always_inline)) int cube(int x) {
  return square(x) * x;
}
int Shape::area(int n) { return cube(n) + square(side); }
int Box::count = 7;
int Box::get(int k) const { return v * k + count; }
}
extern "C" int plain_c(int x);
extern "C" int plain_c(int x) { static int calls = 5; calls += x; return calls; }
int table[8] = {1, 2, 3};
static int recurse(volatile int *p, int n) { if (n <= 0) return *p; return recurse(p, n - 1) + *p; }
volatile int sink;
void operator delete(void *, decltype(sizeof 0)) noexcept;
void operator delete(void *, decltype(sizeof 0)) noexcept { sink = 1; }
void operator delete(void *) noexcept;
void operator delete(void *) noexcept { sink = 1; }
extern "C" int mainCRTStartup() {
  outer::Shape s(4); outer::Box b{2};
  sink = s.area(3) + b.get(5) + b.as<long long>(4) + plain_c(1) + table[sink & 7];
  return recurse(&sink, 3);
}
extern "C" void __main() {}
extern "C" int atexit(void (*)()) { return 0; }
extern "C" void *__cxa_pure_virtual;

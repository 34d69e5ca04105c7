#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""C++ arithmetic of `??` against clang for x86_64-windows-msvc, which folds the same expressions when it compiles:
cpp_clang.py [--quick] [COUNT] [SEED]. Types and bits must be equal. Expressions that clang leaves to run time (a division of
the most negative number, say) are counted, not compared."""
import argparse
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLANG = ["clang-19", "--target=x86_64-windows-msvc", "-x", "c++", "-std=c++20", "-fwrapv", "-w", "-O1", "-S", "-emit-llvm",
         "-fbracket-depth=2000", "-o", "-", "-"]
TYPES = ["bool", "char", "signed char", "unsigned char", "wchar_t", "short", "unsigned short", "int", "unsigned int",
         "long", "unsigned long", "__int64", "unsigned __int64", "float", "double"]
SHOWN = {"__int64": "int64", "unsigned __int64": "unsigned int64"}
INTEGRAL = [t for t in TYPES if t not in ("float", "double")]
PRELUDE = """
template <class T> constexpr int id = -1;
%s
template <class T> constexpr unsigned long long bits(T v) {
  if constexpr (__is_same(T, float)) return __builtin_bit_cast(unsigned, v);
  else if constexpr (__is_same(T, double)) return __builtin_bit_cast(unsigned long long, v);
  else if constexpr (sizeof(T) == 1) return (unsigned char)v;
  else if constexpr (sizeof(T) == 2) return (unsigned short)v;
  else if constexpr (sizeof(T) == 4) return (unsigned)v;
  else return (unsigned long long)v;
}
#define E(n, ...) extern "C" __attribute__((used)) const unsigned long long v##n = bits(__VA_ARGS__); \\
  extern "C" __attribute__((used)) const int t##n = id<decltype((__VA_ARGS__))>;
""" % "\n".join(f"template <> constexpr int id<{t}> = {i};" for i, t in enumerate(TYPES))


def literal(r, positive=False):
    v = r.getrandbits(r.choice([1, 3, 8, 16, 31, 32, 33, 63, 64]))
    if positive:
        v = v % 1000 + 1
    suffix = r.choice(["", "", "", "U", "L", "UL", "i64", "ui64", "LL", "ull"])
    if v > (1 << 63) - 1:
        return f"0x{v:x}" + r.choice(["", "ui64", "U"])
    return r.choice([str(v), f"0x{v:x}", f"0{v:o}" if v else "0"]) + suffix


def character(r):
    return r.choice(["'a'", "'\\n'", "'\\x7f'", "'\\xff'", "'0'", "'\\''", "L'x'", "'\\101'", "L'\\x1234'"])


def expression(r, depth):
    """Text and whether it may be of a floating type."""
    kind = r.random()
    if depth <= 0 or kind < 0.12:
        leaf = r.random()
        if leaf < 0.1:
            return character(r), False
        if leaf < 0.14:
            return r.choice(["true", "false"]), False
        if leaf < 0.2:
            return r.choice(["1.5", "2.5f", "1e3", "0.125f", ".5", "3.", "1e-3f"]), True
        if leaf < 0.24:
            return f"sizeof({r.choice(TYPES)})", False
        return literal(r), False
    a, af = expression(r, depth - 1)
    if kind < 0.3:
        op = r.choice("+-~!")
        return (f"{op}({a})", af and op != "!") if not (op == "~" and af) else (f"-({a})", True)
    if kind < 0.45:
        to = r.choice(INTEGRAL if af else TYPES)
        if af:  # only what fits is defined
            return f"(({to})(({a}) > 0 && ({a}) < 100))", False
        return r.choice([f"({to})({a})", f"static_cast<{to}>({a})"]), to in ("float", "double")
    b, bf = expression(r, depth - 1)
    if kind < 0.52:
        c, cf = expression(r, depth - 2)
        return f"(({a}) ? {b} : {c})", bf or cf
    if kind < 0.6:
        return f"({a}) {r.choice(['&&', '||'])} ({b})", False
    if kind < 0.7:
        return f"({a}) {r.choice(['==', '!=', '<', '>', '<=', '>='])} ({b})", False
    if kind < 0.74:
        return f"(({b}), ({a}))", af
    if kind < 0.8 and not af:
        return f"(({a}) {r.choice(['<<', '>>'])} {r.randint(0, 31)})", False
    if kind < 0.87 and not af:
        return f"({a}) {r.choice('/%')} {literal(r, True)}", False
    if af or bf:
        return f"({a}) {r.choice('+-*')} ({b})", True
    return (f"({a}) {r.choice(['+', '-', '*', '&', '|', '^'])} ({b})" if r.random() < 0.5 or re.search(r"\.|1e|float|double", a + b)
            else f"{a} {r.choice(['+', '-', '*', '&', '|', '^', '<<1 |', '>>2 &', '<<3 ==', '>>31 ^'])} {b}"), False


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=10000)
    parser.add_argument("seed", nargs="?", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="1000 expressions")
    a = parser.parse_args()
    tool = pathlib.Path(os.environ.get("DS_BUILD", ROOT / "build")) / "tests/cpp_eval"
    if not shutil.which(CLANG[0]):
        print(f"skipped: no {CLANG[0]}")
        return 77
    count = 1000 if a.quick else a.count
    r = random.Random(a.seed)
    texts = [expression(r, r.randint(1, 5))[0] for _ in range(count)]
    code = PRELUDE + "".join(f"E({i}, {t})\n" for i, t in enumerate(texts))
    ir = subprocess.run(CLANG, input=code, capture_output=True, text=True)
    if ir.returncode:
        print(ir.stderr[:3000])
        return 1
    known = {m[1]: int(m[2]) for m in re.finditer(r"@([vt]\d+) = .*constant i\d+ (-?\d+)", ir.stdout)}
    out = subprocess.run([tool, "8"], input="\n".join(texts) + "\n", capture_output=True, text=True, check=True)
    passed = failed = later = 0
    for i, (text, got) in enumerate(zip(texts, out.stdout.split("\n"))):
        if f"v{i}" not in known or known.get(f"t{i}", -1) < 0:
            later += 1
            continue
        name = TYPES[known[f"t{i}"]]
        want = f"{SHOWN.get(name, name)}|{known[f'v{i}'] & (1 << 64) - 1:016x}"
        passed, failed = passed + (got == want), failed + (got != want)
        if got != want and failed <= 20:
            print(f"# {text}\n#   clang {want}\n#   ours  {got}")
    print(f"{later} of {count} are left to run time")
    if later * 10 > count:
        failed += 1
    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""dwarf.py [IMAGE...]: time to the first function and line of an image with DWARF, all of it read, and warm look-ups in random
order: of a program that clang-19 builds here (2,000 functions with inlined calls), and of images given."""
import pathlib, shutil, subprocess, sys, tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
DUMP = ROOT / "build/tests/dwarf_dump"
UNITS, FUNCTIONS = 20, 100


def bench(path):
    out = subprocess.run([DUMP, path, "bench"], capture_output=True, text=True, check=True).stdout
    print(f"{pathlib.Path(path).name}: {pathlib.Path(path).stat().st_size} bytes", out, sep="\n", end="")


def main():
    if not all(shutil.which(t) for t in ("clang-19", "lld-link-19")):
        print("skipped: no clang-19 or no lld-link-19")
        return
    with tempfile.TemporaryDirectory() as tmp:
        objects = []
        for u in range(UNITS):
            text = "static inline __attribute__((always_inline)) int in(int x) { return x * 3 + 1; }\n" + "".join(
                f"int f_{u}_{i}(int x) {{\n  int y = in(x) + {i};\n  return in(y) ^ x;\n}}\n" for i in range(FUNCTIONS))
            source, obj = pathlib.Path(tmp) / f"u{u}.c", f"{tmp}/u{u}.o"
            source.write_text(text + ("int mainCRTStartup(void) { return f_0_1(2); }\n" if not u else ""))
            subprocess.run(["clang-19", "--target=x86_64-w64-windows-gnu", "-g", "-O2", "-c", source, "-o", obj], check=True)
            objects.append(obj)
        exe = f"{tmp}/bench.exe"
        subprocess.run(["lld-link-19", "/lldmingw", "/debug:dwarf,symtab", "/subsystem:console", "/entry:mainCRTStartup",
                        f"/out:{exe}", *objects], check=True)
        bench(exe)
    for path in sys.argv[1:]:
        bench(path)


if __name__ == "__main__":
    main()

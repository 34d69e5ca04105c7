#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every header compiles alone, twice in a row, and as the first include: it includes what it uses."""
import os, pathlib, subprocess, sys
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parent.parent
FLAGS = ["-std=gnu17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", "-Isrc",
         "-Iinclude", "-xc", "-"]


def compile_alone(path):
    name = path.relative_to(ROOT / path.relative_to(ROOT).parts[0])
    # Something must follow: a translation unit is not empty.
    text = f'#include "{name}"\n#include "{name}"\nint header_was_read;\n'
    command = [os.environ.get("CC", "gcc"), *FLAGS]
    return subprocess.run(command, cwd=ROOT, input=text, text=True, capture_output=True).stderr


def main():
    headers = [p for d in ("include", "src") for p in sorted((ROOT / d).rglob("*.h"))]
    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        answers = list(pool.map(compile_alone, headers))
    bad = [(p, a) for p, a in zip(headers, answers) if a]
    for path, said in bad:
        print(f"{path.relative_to(ROOT)}:\n{said}")
    print(f"{len(headers)} headers, {len(bad)} do not compile alone")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Judge: kernel dumps cut short and damaged, those of the corpus and forged ones of every kind. Drivers and memory that
lie before the cut must be told as from the whole file, and whatever is told must lie in the file
(tests/tools/kernel_cuts.c). --quick: forged dumps at every 16 KiB, 15 seeded cuts and 15 damages of each dump. Else every
512 bytes, 400 and 1,000. With DS_BUILD a build with AddressSanitizer, reads past a cut are seen."""
import os, pathlib, subprocess, tempfile

import dump_tools, kernel_forge

PAGE, SEED = 4096, 20240301
FORGED = [("x64", k) for k in ("full", "bitmap", "ranges8", "rangesa", "triage", "triage-kernel", "header")] + [
    ("x86", "summary"), ("x86pae", "full"), ("x86pae", "triage"), ("arm64", "bitmap"), ("arm64", "triage"), ("la57", "full")]


def run(path, mode, *numbers):
    """(did it fail, dumps opened)"""
    p = subprocess.run([dump_tools.tool("kernel_cuts"), mode, path, *map(str, numbers)], capture_output=True, text=True,
                       timeout=1200)
    lines = p.stdout.splitlines()
    if p.returncode:
        print(path, mode, p.returncode, *lines[:2], p.stderr[-1500:])
    return p.returncode != 0, int(lines[-1].split()[0]) if lines and lines[-1].endswith("opened") else 0


def main():
    args = dump_tools.arguments(__doc__)
    passed = failed = opened = 0
    with tempfile.TemporaryDirectory() as d:
        jobs = []
        for machine, kind in FORGED:
            path = pathlib.Path(d) / f"{machine}-{kind}.dmp"
            kernel_forge.forge(kernel_forge.recipe(machine, kind, SEED)[0], path)
            jobs.append((path, 4 * PAGE if args.quick else 512))
        root = pathlib.Path(os.environ.get("DS_CORPUS", dump_tools.ROOT.parent / "shared" / "corpus")) / "kernel"
        jobs += [(p, 0) for p in sorted(root.iterdir())] if root.is_dir() else []
        for path, step in jobs:
            runs = [("cut", step, 15 if args.quick else 400, SEED), ("flip", 15 if args.quick else 1000, SEED)]
            results = [run(path, *r) for r in runs]
            bad = any(r[0] for r in results)
            opened += sum(r[1] for r in results)
            passed, failed = passed + (not bad), failed + bad
    print(f"{opened} files opened")
    dump_tools.finish(passed, failed)


if __name__ == "__main__":
    main()

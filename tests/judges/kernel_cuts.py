#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Judge: kernel dumps cut short and damaged, those of the corpus and forged ones of every kind. Drivers and memory that
lie before the cut must be told as from the whole file, and whatever is told must lie in the file
(tests/tools/kernel_cuts.c). All: cuts at every 512 bytes of forged dumps, around everything that begins or ends in a file,
400 elsewhere; each bit of the headers and tables turned over alone, 1,000 damages elsewhere. --quick: cuts at every
16 KiB, 15 elsewhere, 15 damages, one bit in 997. --bits N: one bit in N. With DS_BUILD a build with AddressSanitizer,
reads past a cut are seen."""
import argparse, os, pathlib, re, subprocess, tempfile
from concurrent.futures import ThreadPoolExecutor

import dump_tools, kernel_forge

PAGE, SEED = 4096, 20240301
FORGED = [("x64", k) for k in ("full", "bitmap", "fdmp", "live", "ranges8", "ranges9", "rangesa", "triage", "triage-kernel",
                               "header")] + [
    ("x86", "summary"), ("x86", "triage"), ("x86pae", "full"), ("x86pae", "triage"), ("arm64", "bitmap"),
    ("arm64", "triage"), ("la57", "full")]


def run(path, mode, *numbers):
    """(did it fail, files tried)"""
    p = subprocess.run([dump_tools.tool("kernel_cuts"), mode, path, *map(str, numbers)], capture_output=True, text=True,
                       timeout=7200)
    if p.returncode:
        print(path, mode, p.returncode, *p.stdout.splitlines()[:2], p.stderr[-1500:])
    tried = re.search(r"^(\d+) tried$", p.stdout, re.M)
    return p.returncode != 0, int(tried[1]) if tried else 0


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("--quick", action="store_true")
    ap.add_argument("--bits", type=int, default=0)
    args = ap.parse_args()
    step, cuts, damages, bits = (4 * PAGE, 15, 15, 997) if args.quick else (512, 400, 1000, 1)
    bits = args.bits or bits
    with tempfile.TemporaryDirectory() as d:
        jobs = []
        for machine, kind in FORGED:
            path = pathlib.Path(d) / f"{machine}-{kind}.dmp"
            kernel_forge.forge(kernel_forge.recipe(machine, kind, SEED)[0], path)
            jobs.append((path, step))
        root = pathlib.Path(os.environ.get("DS_CORPUS", dump_tools.ROOT.parent / "shared" / "corpus")) / "kernel"
        jobs += [(p, 0) for p in sorted(root.iterdir())] if root.is_dir() else []

        def judge(job):
            runs = [("cut", job[1], cuts, SEED), ("flip", damages, SEED), ("bits", bits)]
            return [run(job[0], *r) for r in runs + ([] if args.quick else [("edges",)])]

        with ThreadPoolExecutor(1 if args.quick else os.cpu_count() or 2) as pool:
            results = list(pool.map(judge, jobs))
    failed = sum(any(bad for bad, _ in r) for r in results)
    print(f"{sum(n for r in results for _, n in r)} cut or damaged files")
    dump_tools.finish(len(results) - failed, failed)


if __name__ == "__main__":
    main()

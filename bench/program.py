#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Whole-process time of `dumpscope DUMP` over the dumps of the corpus up to 1 MB, beside lldb-19's backtrace of the same
dump. Prints medians and ratios; asserts nothing."""
import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
CORPUS = pathlib.Path(os.environ.get("DS_CORPUS", ROOT / "../shared/corpus"))


def seconds(command, runs):
    times = []
    for i in range(runs + 1):
        start = time.perf_counter()
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)
        if i:  # the first run warms the page cache
            times.append(time.perf_counter() - start)
    return statistics.median(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", default=str(ROOT / "build/dumpscope"))
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--lldb-runs", type=int, default=3)
    args = parser.parse_args()
    if not CORPUS.is_dir():
        print("skipped: no corpus")
        return 77
    lldb = shutil.which("lldb-19")
    start = seconds([args.program, "--version"], args.runs)
    print(f"start-up alone: {start * 1e3:.2f} ms")
    dumps = sorted(p for p in (CORPUS / "user").iterdir() if p.stat().st_size <= 1 << 20 and p.suffix.lower() in (".dmp", ".mdmp"))
    mine, ratios = [], []
    for dump in dumps:
        t = seconds([args.program, str(dump)], args.runs)
        mine.append(t)
        line = f"{t * 1e3:8.2f} ms  {dump.stat().st_size:8d} bytes  {dump.name[:60]}"
        if lldb:
            other = seconds([lldb, "-b", "-o", f"target create -c {dump}", "-o", "bt"], args.lldb_runs)
            ratios.append(other / t)
            line += f"  lldb-19 {other * 1e3:.0f} ms, {other / t:.0f} times"
        print(line)
    print(f"median {statistics.median(mine) * 1e3:.2f} ms, worst {max(mine) * 1e3:.2f} ms over {len(mine)} dumps")
    if ratios:
        print(f"lldb-19 takes {statistics.median(ratios):.0f} times as long (median; least {min(ratios):.0f} times)")
    return 0


if __name__ == "__main__":
    sys.exit(main())

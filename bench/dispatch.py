#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Microseconds from a typed line to the end of its rows on a loaded dump: parse and dispatch (a comment, .echo), small
commands, and how time grows with the length of a line, the number of aliases and of a loop's rounds."""
import lzma, pathlib, statistics, subprocess, sys, tempfile


ROOT = pathlib.Path(__file__).resolve().parent.parent
TOOL = ROOT / "build/tests/dispatch_bench"
LINES = ["$$ nothing", ".echo text", "r $t0=5", "? @rip + poi(@rsp)*2", "?? 2 + sizeof(int)", "r rax", "k 1", "db @rsp L10"]


def times(dump, lines, count=20000):
    runs = []
    for _ in range(3):
        out = subprocess.run([TOOL, dump, str(count), *lines], capture_output=True, text=True, check=True).stdout
        runs.append([float(line.split("\t")[0]) for line in out.splitlines()])
    return [statistics.median(r) for r in zip(*runs)]


def main():
    with tempfile.TemporaryDirectory() as tmp:
        dump = pathlib.Path(tmp) / "sample.dmp"
        dump.write_bytes(lzma.decompress((ROOT / "samples/sample.dmp.xz").read_bytes()))
        for us, line in zip(times(dump, LINES), LINES):
            print(f"{line:<24} {us:8.2f} us a command (.echo: parse and dispatch; wanted below 10)")
        long = [";".join([".echo text"] * n) for n in (1, 10, 100)]
        print("a line of 1, 10, 100 commands, us a command:",
              ", ".join(f"{us / n:.2f}" for us, n in zip(times(dump, long, 2000), (1, 10, 100))))
        loops = [f".for (r $t0=0; @$t0<{n:#x}; r $t0=@$t0+1) {{.echo text}}" for n in (10, 100, 1000)]
        print("a loop of 10, 100, 1000 rounds, us a round:",
              ", ".join(f"{us / n:.2f}" for us, n in zip(times(dump, loops, 50), (10, 100, 1000))))
        for n in (0, 10, 100, 1000):
            names = ";".join(f"aS /x name{i} {i:#x}" for i in range(n)) or "$$"
            us = times(dump, [names, ".echo some words of text and one more"], 500)[1]
            print(f"{n} aliases: .echo of eight words {us:.2f} us")


if __name__ == "__main__":
    sys.exit(main())

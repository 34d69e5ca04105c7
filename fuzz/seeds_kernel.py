#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of fuzz_kernel, one of each kind and machine: fuzz/corpus/fuzz_kernel/. Two of them are seeds of
fuzz_session, too."""
import pathlib, sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "make"))
import mk_kdump

WIDE = """build 19041 ; bugcheck d1 1 2 3 4 ; time 2026-01-02T03:04:05 ; uptime 7 ; lab 19041.1.x
module fffff80000000000 ntoskrnl.exe size 20000 time 5f000001 nomem
module fffff80000040000 x.sys size 2000 nomem ; unloaded y.sys fffff80013000000 fffff80013010000
process System 4
stack fffff80000009000: nt+1000 zero 20 nt+1010
memory fffff8000000a000: 1 ; pte fffff8000000b000 pagefile 2 77 ; pte fffff8000000c000 proto fffff8000000a000
map fffff80000200000 pa 40000000 large ; blob 54c84888-01d1-4c1e-bed6-282c98241303 0102
"""
NARROW = """build 7601 ; bugcheck a 1 2 3 4 ; time 2011-01-02T03:04:05
module 82a00000 ntoskrnl.exe size 20000 nomem ; process System 4
memory 82a0a000: 1 ; pte 82a0b000 transition
"""
KINDS = [("x64", k) for k in ("full", "bitmap", "rangesa", "ranges8", "triage", "triage-kernel", "header")] + [
    ("la57", "bitmap"), ("x86pae", "full"), ("x86", "summary"), ("x86", "triage"), ("arm64", "bitmap")]
SESSION = ("x64_bitmap", "x64_triage")


def main():
    for machine, kind in KINDS:
        data = mk_kdump.recipe(f"kdump {machine} {kind}\n" + (NARROW if machine.startswith("x86") else WIDE)).write()
        name = f"{machine}_{kind}"
        for folder in ("fuzz_kernel", "fuzz_session") if name in SESSION else ("fuzz_kernel",):
            out = HERE / "corpus" / folder
            out.mkdir(parents=True, exist_ok=True)
            (out / (name if folder == "fuzz_kernel" else "kernel_" + name)).write_bytes(data)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of fuzz_kernel, fuzz_kernel_open and fuzz_paging: forged dumps of each kind and machine in the short
form of fuzz/sparse_dump.h. Two whole ones are seeds of fuzz_session."""
import pathlib, struct, sys

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
# Memory alone, for what only opens files: a few pages, secondary data.
BARE = """bugcheck d1 1 2 3 4 ; header comment remark ; phys 5000: 1 ; phys 6000: 2 ; phys 9000: 3
blob 54c84888-01d1-4c1e-bed6-282c98241303 0102 ; blob 54c84888-01d1-4c1e-bed6-282c98241304 030405
"""
# The addresses that fuzz_paging asks for are those of the bug check and of the exception.
TABLES = """bugcheck d1 {0:x} {1:x} {2:x} {3:x} ; exception c0000005 {0:x} {4:x} {5:x} {6:x} {7:x}
memory {0:x}: 1 ; pte {1:x} transition ; memory {2:x}: 1 ; pte {2:x} pagefile 2 77
map {5:x} pa {9:x} large ; map {6:x} absent ; memory {7:x}: 7
"""
SOFT = "memory {3:x}: 1 ; pte {3:x} proto {8:x} ; pte {4:x} protovad\n"
KINDS = [("x64", k) for k in ("full", "bitmap", "fdmp", "live", "rangesa", "ranges8", "ranges9", "triage", "triage-kernel",
                              "header")] + [
    ("la57", "bitmap"), ("x86pae", "full"), ("x86pae", "triage"), ("x86", "summary"), ("x86", "full"), ("x86", "triage"),
    ("arm64", "bitmap"), ("arm64", "triage")]
SESSION = ("x64_bitmap", "x64_triage")
PAGING = ("x86", "x86pae", "x64", "la57", "arm64")  # enum paging_kind
LARGEST, NEAR = 1 << 18, 8


def narrow(machine):
    return machine.startswith("x86")


def forge(machine, kind, text):
    return mk_kdump.recipe(f"kdump {machine} {kind}\n{text}").write()


def sparse(data, form):
    """The short form of a dump's bytes."""
    assert len(data) <= LARGEST, len(data)
    head = 0x1000 if form & 1 else 0x2000
    blank = (b"PAGE" * (head // 4)).ljust(len(data), b"\0")
    differs = [i for i in range(8, len(data)) if data[i] != blank[i]]
    out, at = struct.pack("<BI", form, len(data))[:4], 0
    while at < len(differs):
        first = last = differs[at]
        while at < len(differs) and differs[at] - last <= NEAR and differs[at] - first < 256:
            last, at = differs[at], at + 1
        out += struct.pack("<I", first)[:3] + bytes([last - first]) + data[first:last + 1]
    return out


def paging(machine):
    high = [0x80123ffc, 0x80124000, 0x80125008, 0x80126ffe, 0x80127004, 0x80800000, 0x80d29000, 0x12345ffe, 0x80123100]
    if not narrow(machine):
        high = [0xFFFFF80000000000 + (v & 0x7fffffff) for v in high[:7]] + [0x7FF612345FFE, 0xFFFFF80000123100]
    soft = SOFT if machine in ("x64", "la57", "x86pae") else ""
    text = TABLES + (soft if machine != "x86pae" else soft.partition(" ; pte {4")[0] + "\n")
    if machine == "arm64":
        text = text.replace("pte {1:x} transition", "").replace("pte {2:x} pagefile 2 77", "")
    return forge(machine, "bitmap" if machine == "la57" else "full", text.format(*high, 0x40000000))


def put(folder, name, data):
    out = HERE / "corpus" / folder
    out.mkdir(parents=True, exist_ok=True)
    (out / name).write_bytes(data)


def main():
    for machine, kind in KINDS:
        name, form = f"{machine}_{kind}", int(narrow(machine))
        data = forge(machine, kind, NARROW if form else WIDE)
        put("fuzz_kernel", name, sparse(data, form))
        if name in SESSION:
            put("fuzz_session", "kernel_" + name, data)
        bare = kind not in ("header", "triage", "triage-kernel")
        put("fuzz_kernel_open", name, sparse(forge(machine, kind, BARE) if bare else data, form))
    for machine, recipe in ("x64", "kernel_small"), ("x86pae", "kernel_small_x86"), ("arm64", "kernel_small_arm64"):
        for kind in "bitmap", "triage":
            data = forge(machine, kind, f"use {recipe}\n")
            put("fuzz_kernel", f"small_{machine}_{kind}", sparse(data, int(narrow(machine)) | 0x80 | 0x70 * (machine == "x86pae")))
    for number, machine in enumerate(PAGING):
        put("fuzz_paging", machine, sparse(paging(machine), number << 1 | int(narrow(machine)) | 0x10 * (machine == "x64")))


if __name__ == "__main__":
    main()

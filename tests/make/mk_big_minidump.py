#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a big sparse full-memory minidump for the bench: headers and tables only, the memory is a hole.

    mk_big_minidump.py OUT.dmp [--size BYTES=64G] [--ranges N=500000] [--threads N=8]

x64, one module. The ranges lie apart in memory, in ascending order, and fill the file. The first range holds a
stack for every thread. Sizes take K, M, G. Layout: Microsoft's minidumpapiset.h.
"""
import argparse
import struct

import mdmp_writer
import mk_minidump

PAGE = 4096
FIRST = 0x10000000  # where the ranges begin
STACK = 0x100
RECIPE = """
minidump x64
os 10.0.19041 ; misc 1 pid 4242 ; header flags 2
module 7ff600000000 app.exe size 100000 time 5f000001 nomem
"""


def size(text):
    unit = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}.get(text[-1].upper())
    return int(text[:-1]) * unit if unit else int(text)


def write(path, total, count, threads=8):
    dump = mk_minidump.recipe(RECIPE)
    for i in range(threads):
        sp = FIRST + i * STACK
        dump.threads.append({"tid": 0x1000 + 4 * i, "regs": {"rip": 0x7FF600001000 + 16 * i, "rsp": sp}})
    dump.raw.append((mdmp_writer.STREAM["Memory64List"], b""))  # its directory entry is filled in below
    head = bytearray(dump.write())
    at = len(head) + 15 & ~15
    base = at + 16 + 16 * count + PAGE - 1 & ~(PAGE - 1)
    pages, more = divmod((total - base) // PAGE, count)
    if pages < 1:
        raise SystemExit("the file is too small for that many ranges")
    table = bytearray(16 * count + 16)
    struct.pack_into("<QQ", table, 0, count, base)
    va = FIRST
    for i in range(count):
        n = (pages + (i < more)) * PAGE
        struct.pack_into("<QQ", table, 16 + 16 * i, va, n)
        va += n + PAGE
    streams = struct.unpack_from("<I", head, 8)[0]
    struct.pack_into("<III", head, 32 + 12 * (streams - 1), mdmp_writer.STREAM["Memory64List"], len(table), at)
    with open(path, "wb") as f:
        f.write(head)
        f.seek(at)
        f.write(table)
        f.truncate(base + (pages * count + more) * PAGE)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("output")
    ap.add_argument("--size", type=size, default=64 << 30)
    ap.add_argument("--ranges", type=int, default=500000)
    ap.add_argument("--threads", type=int, default=8)
    a = ap.parse_args()
    write(a.output, a.size, a.ranges, a.threads)


if __name__ == "__main__":
    main()

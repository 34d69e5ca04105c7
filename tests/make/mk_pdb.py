#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes PDBs for tests: modules with functions, lines, an inlined call and data, publics and their hash tables.

  mk_pdb.py OUT [--block N] [--scatter] [--modules N] [--publics N] [--spread GIB] [--age N] [--omap] [--feature MINI] [--frames]
            [--types KIND]

Function i of n stands at 1000 + 40 * i, is 30 long, is called ns::func_i (public ?func_i@ns@@YAXXZ), has lines
10 * i + 1 and 10 * i + 2, and from offset 8 on, for 10 bytes, the body of ns::callee, line 100 of callee.h.
--types: see mk_types.py; a typedef POINT_T comes with it.
--frames adds, unsorted, FrameData for the whole of each even function and its code from 1 and from 2 on, FPO_DATA for
the odd ones, and S_FRAMEPROC. --publics adds names past those of the functions; --spread leaves holes so that the file
is that large (sparse); --scatter puts blocks in a random order. llvm-pdbutil reads what this writes."""
import argparse, array, pathlib, random, struct, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import mk_types  # noqa: E402

TEXT, FUNC, SIZE = 0x1000, 0x40, 0x30
GUID = bytes(range(0x10, 0x20))


def align(b, n=4):
    return b + bytes(-len(b) % n)


def hash_name(name):
    b, h, i = name.encode(), 0, 0
    while len(b) - i >= 4:
        h ^= int.from_bytes(b[i:i + 4], "little")
        i += 4
    if len(b) - i >= 2:
        h ^= int.from_bytes(b[i:i + 2], "little")
        i += 2
    if len(b) - i:
        h ^= b[i]
    h |= 0x20202020
    h ^= h >> 11
    return h ^ h >> 16


def record(kind, body):
    body = align(struct.pack("<HH", 0, kind) + body)
    return struct.pack("<H", len(body) - 2) + body[2:]


def gsi(names):
    """names: [(name, offset in the records)]"""
    buckets = [[] for _ in range(4096)]
    for name, off in names:
        buckets[hash_name(name) % 4096].append(off)
    hashes, bitmap, heads, n = array.array("I"), [0] * 129, [], 0
    for i, b in enumerate(buckets):
        if not b:
            continue
        bitmap[i // 32] |= 1 << i % 32
        heads.append(12 * n)
        for off in b:
            hashes.extend((off + 1, 1))
        n += len(b)
    tail = struct.pack("<129I", *bitmap) + struct.pack("<%dI" % len(heads), *heads)
    return struct.pack("<IIII", 0xffffffff, 0xf12f091a, 8 * n, len(tail)) + hashes.tobytes() + tail


def sub(kind, body):
    return struct.pack("<II", kind, len(body)) + align(body)


class Pdb:
    def __init__(self, o):
        self.o = o
        self.names, self.at = bytearray(b"\0"), {}
        self.streams = [b""] * 5

    def name(self, text):
        if text not in self.at:
            self.at[text] = len(self.names)
            self.names += text.encode() + b"\0"
        return self.at[text]

    def add(self, data):
        self.streams.append(data)
        return len(self.streams) - 1

    def module(self, i):
        """(symbols, C13 bytes, offset of the procedure's record)"""
        off = FUNC * i
        name = b"ns::func_%d\0" % i
        sites = record(0x114d, struct.pack("<III", 0, 0, 0x1001) + bytes([3, 8, 4, 0x10, 0, 0]))
        if self.o.frames:
            sites += record(0x1012, struct.pack("<5IHI", 0x50 + i, 0, 0, 12, 0, 0, 0x14000))
        begin = 4
        proc = lambda end: record(0x1147, struct.pack("<7IIHB", 0, end, 0, SIZE, 0, SIZE, 0x1002, off, 1, 0) + name)
        end = begin + len(proc(0)) + len(sites) + 4
        syms = struct.pack("<I", 4) + proc(end) + sites + record(0x114e, b"") + record(0x114f, b"")
        syms += record(0x110c, struct.pack("<IIH", 0x74, 16 * i, 2) + b"static_%d\0" % i)
        files = b""
        for f in ("C:\\src\\func_%d.c" % i, "C:\\src\\callee.h"):
            files += align(struct.pack("<IBB", self.name(f), 16, 1) + bytes(16))
        lines = struct.pack("<IHHI", off, 1, 0, SIZE)
        lines += struct.pack("<III", 0, 2, 12 + 16) + struct.pack("<IIII", 0, 10 * i + 1 | 1 << 31, 8, 10 * i + 2 | 1 << 31)
        c13 = sub(0xf4, files) + sub(0xf2, lines) + sub(0xf6, struct.pack("<IIII", 0, 0x1001, 24, 100))
        return syms, c13, begin

    def type_stream(self, records):
        body = b"".join(records)
        n = len(records)
        head = struct.pack("<IIIIIHHII", 20040203, 56, 0x1000, 0x1000 + n, len(body), 0xffff, 0xffff, 4, 0x3ffff)
        return head + struct.pack("<iIiIiI", 0, 0, 0, 0, 0, 0) + body

    def build(self):
        o, n = self.o, self.o.modules
        self.streams[2] = mk_types.stream(o.types, hash_name, self.name, self.add)
        self.streams[4] = self.type_stream([record(0x1605, struct.pack("<I", 0) + b"ns\0"),
                                            record(0x1601, struct.pack("<II", 0x1000, 0) + b"callee\0")])
        text, data = FUNC * max(n + o.publics, 1), 16 * n + 16
        heads = b""
        for name, va, size, flags in ((b".text", TEXT, text, 0x60000020), (b".data", TEXT + (text + 0xfff & ~0xfff), data, 0xc0000040)):
            heads += struct.pack("<8sIIIIIIHHI", name, size, va, size, 0x400, 0, 0, 0, 0, flags)
        heads = self.add(heads)
        infos, contribs, symrec, publics, globals_ = [], [], bytearray(), [], []
        for i in range(n):
            syms, c13, proc = self.module(i)
            stream = self.add(syms + c13 + struct.pack("<I", 0))
            sc = struct.pack("<HHIIIHHII", 1, 0, FUNC * i, SIZE, 0x60000020, i, 0, 0, 0)
            contribs.append(sc)
            infos.append(align(struct.pack("<I", 0) + sc + struct.pack("<HHIIIHHIII", 0, stream, len(syms), 0, len(c13), 2, 0, 0, 0, 0) +
                               b"func_%d.obj\0func_%d.obj\0" % (i, i)))
            globals_.append(("ns::func_%d" % i, len(symrec)))
            symrec += record(0x1125, struct.pack("<IIH", 0, proc, i + 1) + b"ns::func_%d\0" % i)
            globals_.append(("static_%d" % i, len(symrec)))
            symrec += record(0x110c, struct.pack("<IIH", 0x74, 16 * i, 2) + b"static_%d\0" % i)
        if o.types != "none":
            globals_.append(("POINT_T", len(symrec)))
            symrec += record(0x1108, struct.pack("<I", 0x1006) + b"POINT_T\0")
        addresses = array.array("I")
        for i in range(n + o.publics):
            name = "?func_%d@ns@@YAXXZ" % i
            publics.append((name, len(symrec)))
            addresses.append(len(symrec))
            symrec += record(0x110e, struct.pack("<IIH", 2, FUNC * i, 1) + name.encode() + b"\0")
        table = gsi(publics)
        ps = self.add(struct.pack("<IIIIHHII", len(table), 4 * len(addresses), 0, 0, 0, 0, 0, 0) + table + addresses.tobytes())
        gs = self.add(gsi(globals_))
        sr = self.add(bytes(symrec))
        slots = [0xffff] * 11
        slots[5] = heads
        if o.omap:  # everything moved up by a page; function 0 is gone
            slots[4] = self.add(struct.pack("<6I", TEXT, 0, TEXT + FUNC, TEXT * 2 + FUNC, TEXT + text, 0))
            slots[3] = self.add(struct.pack("<6I", TEXT, 0, TEXT * 2 + FUNC, TEXT + FUNC, TEXT * 2 + text, 0))
        if o.frames:
            program = self.name("$T0 .raSearch = $eip $T0 ^ = $esp $T0 4 + =")
            rows = [struct.pack("<6IHHI", TEXT + FUNC * i + k, SIZE - 2 * k, 0x10, 8, 0, program, 2 - k, 4 * k, 0 if k else 4)
                    for i in range(0, n, 2) for k in range(3)]
            slots[9] = self.add(b"".join(reversed(rows)))
            slots[0] = self.add(b"".join(struct.pack("<IIIHH", TEXT + FUNC * i, SIZE, 4, 2, 3 | 2 << 8 | 1 << 12)
                                         for i in range(1, n, 2)))
        infos, contribs = b"".join(infos), struct.pack("<I", 0xf12eba2d) + b"".join(contribs)
        files = align(struct.pack("<HH", n, 0) + bytes(4 * n))
        secmap = struct.pack("<HH", 0, 0)
        ec = self.strings(b"\0", {})
        dbi = struct.pack("<iIIHHHHHHiiiiiIiiHHI", -1, 19990903, o.age, gs, 0x8e1d, ps, 0, sr, 0, len(infos), len(contribs),
                          len(secmap), len(files), 0, 0, 2 * len(slots), len(ec), 0, 0x8664, 0)
        self.streams[3] = dbi + infos + contribs + secmap + files + ec + struct.pack("<11H", *slots)
        names = self.add(self.strings(bytes(self.names), self.at))
        info = struct.pack("<III", 20000404, 0x12345678, o.age + 2) + GUID
        info += struct.pack("<I", 7) + b"/names\0" + struct.pack("<II", 1, 1) + struct.pack("<II", 1, 1) + struct.pack("<I", 0)
        info += struct.pack("<II", 0, names)
        for f in o.feature:
            info += struct.pack("<I", int.from_bytes(f.encode(), "little"))
        self.streams[1] = info + struct.pack("<I", 20140508)

    def strings(self, text, at):
        ids = [0] * (len(at) * 2 + 1)
        for name, off in at.items():
            i = hash_name(name) % len(ids)
            while ids[i]:
                i = (i + 1) % len(ids)
            ids[i] = off
        return struct.pack("<III", 0xeffeeffe, 1, len(text)) + text + struct.pack("<I%dII" % len(ids), len(ids), *ids, len(at))

    def write(self, path):
        o, bs = self.o, self.o.block
        free = (b for b in iter(range(3, 1 << 32)) if b % bs not in (1, 2))
        need = [-(-len(s) // bs) for s in self.streams]
        blocks = [next(free) for _ in range(sum(need))]
        if o.spread:  # one hole before the last tenth: cheap, and what follows lies past it
            hole, at = int(o.spread * (1 << 30)) // bs, len(blocks) * 9 // 10
            blocks = blocks[:at] + [b + hole - hole % bs for b in blocks[at:]]
        if o.scatter:
            random.Random(1).shuffle(blocks)
        last, used, i = max(blocks), [], 0
        for n in need:
            used.append(blocks[i:i + n])
            i += n
        directory = struct.pack("<I", len(need)) + struct.pack("<%dI" % len(need), *map(len, self.streams))
        directory += b"".join(struct.pack("<%dI" % len(u), *u) for u in used)
        extra = (b for b in iter(range(last + 1, 1 << 32)) if b % bs not in (1, 2))
        dir_blocks = [next(extra) for _ in range(-(-len(directory) // bs))]
        maps = [next(extra) for _ in range(-(-4 * len(dir_blocks) // bs))]
        with open(path, "wb") as f:
            f.write(b"Microsoft C/C++ MSF 7.00\r\n\x1aDS\0\0\0" +
                    struct.pack("<5I", bs, 1, maps[-1] + 1, len(directory), 0) + struct.pack("<%dI" % len(maps), *maps))
            pages = struct.pack("<%dI" % len(dir_blocks), *dir_blocks)
            for data, where in [*zip(self.streams, used), (directory, dir_blocks), (pages, maps)]:
                for k, b in enumerate(where):
                    f.seek(b * bs)
                    f.write(data[k * bs:(k + 1) * bs])
            f.truncate((maps[-1] + 1) * bs)


def main(args):
    p = argparse.ArgumentParser()
    p.add_argument("out")
    p.add_argument("--block", type=int, default=4096)
    p.add_argument("--scatter", action="store_true")
    p.add_argument("--modules", type=int, default=3)
    p.add_argument("--publics", type=int, default=0)
    p.add_argument("--spread", type=float, default=0)
    p.add_argument("--age", type=int, default=1)
    p.add_argument("--omap", action="store_true")
    p.add_argument("--frames", action="store_true")
    p.add_argument("--types", default="none")
    p.add_argument("--feature", action="append", default=[])
    o = p.parse_args(args)
    pdb = Pdb(o)
    pdb.build()
    pdb.write(o.out)


if __name__ == "__main__":
    main(sys.argv[1:])

# SPDX-License-Identifier: Apache-2.0
"""PDBs of modules whose functions are known by name and place: publics alone, or procedures with lines and inlined
calls. Uses the writer of mk_pdb.py; llvm-pdbutil reads what this writes."""
import array
import struct
import types

import mk_pdb
from mk_pdb import align, gsi, record, sub

TEXT = 0x1000
GUID = "13121110-1514-1716-1819-1a1b1c1d1e1f"  # of mk_pdb.GUID


def packed(n):
    """A number of binary annotations."""
    if n < 0x80:
        return bytes([n])
    return struct.pack(">H", n | 0x8000) if n < 0x4000 else struct.pack(">I", n | 0xC0000000)


def decorated(name):
    """A public's name: C++ names as a compiler would decorate a member without parameters."""
    return "?" + "@".join(reversed(name.split("::"))) + "@@QEAAXXZ" if "::" in name else name


class Pdb(mk_pdb.Pdb):
    """functions: [{rva, size, name, [line: (file, line)], [inlines: [(name, rva, size)], the outermost first]}]"""

    def __init__(self, functions, size):
        super().__init__(types.SimpleNamespace(age=1, feature=[], block=4096, spread=0, scatter=False))
        self.functions, self.size, self.ids = sorted(functions, key=lambda f: f["rva"]), size, []

    def inlinee(self, name):
        scope, _, leaf = name.rpartition("::")
        parent = 0
        if scope:
            self.ids.append(record(0x1605, struct.pack("<I", 0) + scope.encode() + b"\0"))
            parent = 0xFFF + len(self.ids)
        self.ids.append(record(0x1601, struct.pack("<II", parent, 0) + leaf.encode() + b"\0"))
        return 0xFFF + len(self.ids)

    def procedure(self, f, at, ids):
        """The records of one procedure that begins at `at` in its module's symbols."""
        off = f["rva"] - TEXT
        head = lambda end: record(0x1110, struct.pack("<7IIHB", 0, end, 0, f["size"], 0, f["size"], 0, off, 1, 0) +
                                  f["name"].encode() + b"\0")
        sites = [b"\3" + packed(rva - f["rva"]) + b"\4" + packed(size) for _, rva, size in f.get("inlines", ())]
        sites = [(i, struct.pack("<I", i) + notes) for notes, i in zip(sites, ids)]
        place = at + len(head(0))
        end = place + sum(len(record(0x114D, bytes(8) + body)) + 4 for _, body in sites)
        out, parent = b"", at
        for depth, (_, body) in enumerate(sites):  # one in the other, so they all end behind the last one
            out += record(0x114D, struct.pack("<II", parent, end - 4 * (depth + 1)) + body)
            parent, place = place, at + len(head(0)) + len(out)
        ends = record(0x114E, b"") * len(sites)
        return head(end) + out + ends + record(6, b"")

    def compiland(self):
        """(symbols, C13 bytes, [(name, offset of its record)])"""
        syms, c13, procs = struct.pack("<I", 4), b"", []
        files = b""
        for f in self.functions:
            if not f.get("line") and not f.get("inlines"):
                continue
            ids = [self.inlinee(name) for name, _, _ in f.get("inlines", ())]
            procs.append((f["name"], len(syms)))
            syms += self.procedure(f, len(syms), ids)
            if f.get("line"):
                path, number = f["line"]
                block = struct.pack("<IHHI", f["rva"] - TEXT, 1, 0, f["size"])
                c13 += sub(0xF2, block + struct.pack("<III", len(files), 1, 20) + struct.pack("<II", 0, number | 1 << 31))
                files += align(struct.pack("<IBB", self.name(path), 16, 1) + bytes(16))
        lines = sub(0xF4, files) + c13 if files else b""
        return syms, lines, procs

    def build(self):
        syms, c13, procs = self.compiland()
        self.streams[2] = self.type_stream([])
        self.streams[4] = self.type_stream(self.ids)
        text = self.size - TEXT
        heads = self.add(struct.pack("<8sIIIIIIHHI", b".text", text, TEXT, text, 0x400, 0, 0, 0, 0, 0x60000020))
        stream = self.add(syms + c13 + struct.pack("<I", 0))
        sc = struct.pack("<HHIIIHHII", 1, 0, 0, text, 0x60000020, 0, 0, 0, 0)
        info = align(struct.pack("<I", 0) + sc + struct.pack("<HHIIIHHIII", 0, stream, len(syms), 0, len(c13), 1, 0, 0, 0, 0) +
                     b"code.obj\0code.obj\0")
        symrec, publics, refs, addresses = bytearray(), [], [], array.array("I")
        for name, at in procs:
            refs.append((name, len(symrec)))
            symrec += record(0x1125, struct.pack("<IIH", 0, at, 1) + name.encode() + b"\0")
        for f in self.functions:
            name = decorated(f["name"])
            publics.append((name, len(symrec)))
            addresses.append(len(symrec))
            symrec += record(0x110E, struct.pack("<IIH", 2, f["rva"] - TEXT, 1) + name.encode() + b"\0")
        table = gsi(publics)
        ps = self.add(struct.pack("<IIIIHHII", len(table), 4 * len(addresses), 0, 0, 0, 0, 0, 0) + table + addresses.tobytes())
        self.directory(info, struct.pack("<I", 0xF12EBA2D) + sc, ps, self.add(gsi(refs)), self.add(bytes(symrec)), heads)

    def directory(self, infos, contribs, ps, gs, sr, heads):
        slots = [0xFFFF] * 11
        slots[5] = heads
        files, secmap, ec = align(struct.pack("<HH", 1, 0) + bytes(4)), struct.pack("<HH", 0, 0), self.strings(b"\0", {})
        dbi = struct.pack("<iIIHHHHHHiiiiiIiiHHI", -1, 19990903, 1, gs, 0x8E1D, ps, 0, sr, 0, len(infos), len(contribs),
                          len(secmap), len(files), 0, 0, 2 * len(slots), len(ec), 0, 0x8664, 0)
        self.streams[3] = dbi + infos + contribs + secmap + files + ec + struct.pack("<11H", *slots)
        names = self.add(self.strings(bytes(self.names), self.at))
        info = struct.pack("<III", 20000404, 0x12345678, 1) + mk_pdb.GUID
        info += struct.pack("<I", 7) + b"/names\0" + struct.pack("<II", 1, 1) + struct.pack("<II", 1, 1) + struct.pack("<I", 0)
        self.streams[1] = info + struct.pack("<II", 0, names) + struct.pack("<I", 20140508)


def write(path, functions, size):
    pdb = Pdb(functions, size)
    pdb.build()
    pdb.write(path)

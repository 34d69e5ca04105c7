# SPDX-License-Identifier: Apache-2.0
"""Writes kernel dumps, for tests: physical memory and page tables, and the file forms around them. mk_kdump.py is the
text front end. The layouts are those of the public descriptions (kdmp-parser, QEMU, Volatility, rizin) and of dumps by
Windows itself, not of our reader. What a triage dump holds it holds by virtual address: every write is kept for that.
"""
import struct

PAGE = 4096
FILL = b"PAGE"
MASK = (1 << 64) - 1
MACHINE = {"x86": 0x14C, "x86pae": 0x14C, "x64": 0x8664, "la57": 0x8664, "arm64": 0xAA64}
TYPE = {"full": 1, "summary": 2, "header": 3, "triage": 4, "triage-kernel": 4, "fdmp": 5, "bitmap": 6, "live": 6,
        "ranges8": 8, "ranges9": 9, "rangesa": 0xA}


class ForgeError(Exception):
    pass


class Phys:
    """Pages of physical memory. A frame may be known to page tables and yet be absent from the dump."""

    def __init__(self):
        self.pages, self.absent, self.zero, self.next = {}, set(), [], 0x1AD

    def frame(self):
        while self.next in self.pages:
            self.next += 1
        self.pages[self.next] = bytearray(PAGE)
        self.next += 1
        return self.next - 1

    def page(self, pfn):
        return self.pages.setdefault(pfn, bytearray(PAGE))

    def put(self, pa, data):
        done = 0
        while done < len(data):
            page, at = self.page((pa + done) // PAGE), (pa + done) % PAGE
            n = min(PAGE - at, len(data) - done)
            page[at:at + n] = data[done:done + n]
            done += n

    def word(self, pa, n):
        page = self.pages.get(pa // PAGE)
        return int.from_bytes(page[pa % PAGE:pa % PAGE + n], "little") if page else 0

    def present(self):
        """{pfn: bytes or None for zeros} without long runs of zeros, and those: [(pfn, count)]"""
        return {p: d for p, d in self.pages.items() if p not in self.absent}, self.zero

    def runs(self):
        """[(pfn, count)], ascending."""
        pages, zero = self.present()
        out = []
        for pfn, count in sorted([(p, 1) for p in pages] + zero):
            if out and pfn <= out[-1][0] + out[-1][1]:
                out[-1][1] = max(out[-1][1], pfn + count - out[-1][0])
            else:
                out.append([pfn, count])
        return out


class Tables:
    """Page tables of one address space. Formats: Intel SDM volume 3 chapter 4; Arm ARM D8, 4 KiB granule."""
    SHAPE = {  # shifts, index masks, bytes of an entry
        "x86": ((22, 12), 1023, 4), "x86pae": ((30, 21, 12), 511, 8), "x64": ((39, 30, 21, 12), 511, 8),
        "la57": ((48, 39, 30, 21, 12), 511, 8), "arm64": ((39, 30, 21, 12), 511, 8)}
    FLAGS = {"ro": 0, "user": 4, "wt": 8, "nc": 0x10, "global": 0x100, "copy": 0x200}

    def __init__(self, machine, phys, root=None):
        self.machine, self.phys = machine, phys
        self.shifts, self.mask, self.entry = self.SHAPE[machine]
        self.root = phys.frame() * PAGE if root is None else root
        phys.page(self.root // PAGE)

    def index(self, va, level):
        return va >> self.shifts[level] & (3 if self.machine == "x86pae" and level == 0 else self.mask)

    def link(self, pa):
        """An entry that leads to a table. A PAE root's entries have no bits but valid."""
        return pa | (3 if self.machine == "arm64" else 0x63)

    def place(self, va, level):
        """The physical address of the entry for va in the table of this level; tables above are made as needed."""
        table = self.root
        for i in range(level):
            at = table + self.index(va, i) * self.entry
            e = self.phys.word(at, self.entry)
            if not e & 1:
                e = self.phys.frame() * PAGE
                bits = 1 if self.machine == "x86pae" and i == 0 else self.link(0)
                self.phys.put(at, (e | bits).to_bytes(self.entry, "little"))
            table = e & 0xFFFFFFFFFF000 & (0xFFFFFFFF if self.entry == 4 else MASK)
        return table + self.index(va, level) * self.entry

    def set(self, va, level, entry):
        self.phys.put(self.place(va, level), entry.to_bytes(self.entry, "little"))

    def leaf(self, pa, flags, large):
        if self.machine == "arm64":
            e = pa | 0x400 | 0x300 | (1 if large else 3) | (0x40 if "user" in flags else 0)
            e |= 0x80 if "ro" in flags else 0
            return e | (0x60000000000000 if "nx" in flags else 0) | (0x800 if "user" in flags else 0)
        e = pa | 0x61 | (0 if "ro" in flags else 0x802 if self.entry == 8 else 2) | (0x80 if large else 0)
        for name, bit in self.FLAGS.items():
            e |= bit if name in flags else 0
        if "clean" in flags:
            e &= ~0x42
        return e | (1 << 63 if "nx" in flags and self.entry == 8 else 0)

    def map(self, va, pa, flags=(), size=PAGE):
        level = self.shifts.index(size.bit_length() - 1)
        self.set(va, level, self.leaf(pa, flags, size != PAGE))

    def self_map(self, slot):
        """The tables appear in memory themselves, as Windows has it."""
        if self.machine == "x86pae":
            for i in range(4):  # the last directory's entries 0 to 3 are the four directories
                directory = self.place(i << 30, 1) & ~(PAGE - 1)
                self.set(0xC0000000 + (i << 21), 1, directory | 0x63)
        else:
            self.phys.put(self.root + slot * self.entry, (self.root | 0x63).to_bytes(self.entry, "little"))

    def share(self, other, slot):
        """Takes the kernel half of another space."""
        first = {"x86": 512, "x86pae": 2}.get(self.machine, 256)
        count = {"x86": 1024, "x86pae": 4}.get(self.machine, 512)
        for i in range(first, count):
            if i != slot or self.machine == "x86pae":
                self.phys.put(self.root + i * self.entry, self.phys.word(other.root + i * self.entry, self.entry)
                              .to_bytes(self.entry, "little"))

    def translate(self, va):
        """(physical address, shift) of what is mapped, else None. By our own tables, for filling pages."""
        table = self.root
        for i, shift in enumerate(self.shifts):
            e = self.phys.word(table + self.index(va, i) * self.entry, self.entry)
            last = i + 1 == len(self.shifts)
            if not e & 1:
                return None
            pa = e & (0xFFFFF000 if self.entry == 4 else 0xFFFFFFFFFF000)
            large = not last and (not e & 2 if self.machine == "arm64" else shift in (21, 22, 30) and e & 0x80)
            if last or large:
                return (pa & ~((1 << shift) - 1)) | va & ((1 << shift) - 1), shift
            table = pa
        return None


class Kdump:
    """Fill the members, then write() or save()."""

    def __init__(self, machine, kind):
        self.machine, self.kind = machine, kind
        self.arch = "x64" if machine == "la57" else "x86" if machine == "x86pae" else machine
        self.ptr = 4 if self.arch == "x86" else 8
        self.head = 0x1000 * (self.ptr // 4)
        self.phys = Phys()
        self.blocks = []  # (va, bytes): of a triage dump
        self.header = {"major": 15, "type": TYPE[kind]}
        self.fields = {}  # offset: bytes, laid over the header at the end
        self.modules, self.unloaded, self.blobs = [], [], []
        self.context, self.exception, self.params, self.bugcheck = b"", b"", [0] * 4, 0
        self.prcb = self.process = self.thread = b""
        self.stack = (0, b"")
        self.debugger = b""
        self.broken = None
        self.data_page = None

    def pointer(self, value):
        return (value & MASK).to_bytes(8, "little")[:self.ptr]

    # ---- the header
    OFFSETS = {  # 64-bit, 32-bit; the width is the pointer's unless given
        "version": (8, 8, 4), "build": (0xC, 0xC, 4), "dtb": (0x10, 0x10), "pfn": (0x18, 0x14),
        "modules": (0x20, 0x18), "processes": (0x28, 0x1C), "machine": (0x30, 0x20, 4), "cpus": (0x34, 0x24, 4),
        "bugcheck": (0x38, 0x28, 4), "debugger": (0x80, 0x60), "type": (0xF98, 0xF88, 4), "pae": (None, 0x5C, 1),
        "required": (0xFA0, 0xFA0, 8), "time": (0xFA8, 0xFC0, 8), "uptime": (0x1030, 0xFB8, 8),
        "fields": (0x1038, 0xF8C, 4), "secondary": (0x103C, 0xF90, 4), "product": (0x1040, 0xF94, 4),
        "suite": (0x1044, 0xF98, 4), "writer": (0x1048, 0xF9C, 4), "attributes": (0x1050, None, 4),
        "bootid": (0x1054, None, 4)}

    def put_header(self, runs, size):
        out = bytearray(FILL * (self.head // 4))
        wide = self.ptr == 8
        out[0:8] = b"PAGEDU64" if wide else b"PAGEDUMP"
        h = dict({"version": self.header.pop("major", 15), "machine": MACHINE[self.machine], "required": size,
                  "bugcheck": self.bugcheck}, **self.header)
        if not wide:
            h.setdefault("pae", int(self.machine == "x86pae"))
        for name, value in h.items():
            if name in ("comment", "user"):
                continue
            off = self.OFFSETS[name][0 if wide else 1]
            n = self.OFFSETS[name][2] if len(self.OFFSETS[name]) > 2 else self.ptr
            if off is not None:
                out[off:off + n] = (value & MASK).to_bytes(8, "little")[:n]
        at = 0x40 if wide else 0x2C
        out[at:at + 4 * self.ptr] = b"".join(self.pointer(p) for p in self.params)
        at = 0x88 if wide else 0x64
        if runs is not None:
            room = (700 - 2 * self.ptr) // (2 * self.ptr)
            if len(runs) > room:
                raise ForgeError(f"{len(runs)} runs of memory: the header has room for {room}; use `ram` to join them")
            block = struct.pack("<IIQ" if wide else "<II", *([len(runs), 0] if wide else [len(runs)]),
                                sum(c for _, c in runs))
            block += b"".join(self.pointer(p) + self.pointer(c) for p, c in runs)
            out[at:at + len(block)] = block
        at = 0x348 if wide else 0x320
        out[at:at + len(self.context)] = self.context
        at = 0xF00 if wide else 0x7D0
        out[at:at + len(self.exception)] = self.exception
        at = 0xFB0 if wide else 0x820
        text = self.header.get("comment")
        if text is not None:
            out[at:at + 128] = text.encode("latin-1")[:127].ljust(128, b"\0")
        if wide and self.kind == "triage-kernel":
            out[0x60:0x80] = bytes(32)
            out[0x103C:0x1040] = bytes(4)
        elif wide and self.kind == "triage":
            out[0x104D] = 0
        return bytes(out)

    # ---- bodies: lists of (file offset, bytes), and the size of the file
    def parts(self):
        if self.kind in ("triage", "triage-kernel"):
            body = self.triage()
            required = len(body) + self.head if self.kind == "triage-kernel" else 0x40000
            runs = self.phys.runs()
            listed = runs if self.kind == "triage-kernel" and len(runs) <= (43 if self.ptr == 8 else 86) else None
            return [(0, self.put_header(listed, required)), (self.head, body)], self.head + len(body)
        runs = self.phys.runs()
        if self.kind == "header":
            return [(0, self.put_header(runs, self.head))], self.head
        lead = {"full": self.lead_full, "fdmp": self.lead_bitmap, "bitmap": self.lead_bitmap,
                "live": self.lead_bitmap, "summary": self.lead_summary}.get(self.kind, self.lead_ranges)(runs)
        at, out = self.head + len(lead), [(self.head, lead)] if lead else []
        pages, _ = self.phys.present()
        for pfn, count in runs:
            for p in sorted(pages) if count > 2 * len(pages) else range(pfn, pfn + count):
                if pfn <= p < pfn + count and p in pages:
                    out.append((at + (p - pfn) * PAGE, bytes(pages[p])))
            at += count * PAGE
        if self.blobs and self.kind in ("full", "bitmap", "live"):
            tail = self.tail()
            out.append((at, tail))
            at += len(tail)
        listed = runs if len(runs) <= (43 if self.ptr == 8 else 86) else []
        return [(0, self.put_header(runs if self.kind == "full" else listed, at))] + out, at

    def lead_full(self, runs):
        return b""

    def bitmap(self, runs):
        """(bytes, number of bits)"""
        bits = max((p + c for p, c in runs), default=0)
        bits += -bits % 32  # whole words: Volatility reads them so
        out = bytearray(bits // 8)
        for pfn, count in runs:
            while count and pfn % 8:
                out[pfn // 8] |= 1 << pfn % 8
                pfn, count = pfn + 1, count - 1
            out[pfn // 8:pfn // 8 + count // 8] = b"\xff" * (count // 8)
            for p in range(pfn + count // 8 * 8, pfn + count):
                out[p // 8] |= 1 << p % 8
        return bytes(out), bits

    def lead_bitmap(self, runs):
        data, bits = self.bitmap(runs)
        first = self.head + 0x38 + len(data)
        first += -first % PAGE
        out = (b"FDMP" if self.kind == "fdmp" else b"SDMP") + b"DUMP" + FILL * 6
        out += struct.pack("<QQQ", first, sum(c for _, c in runs), bits) + data
        return out.ljust(first - self.head, b"\0")

    def lead_summary(self, runs):
        data, bits = self.bitmap(runs)
        first = self.head + 0x20 + len(data)
        first += -first % PAGE
        out = b"SDMPDUMP" + struct.pack("<IIIIII", 0, first, bits, sum(c for _, c in runs), bits, 0) + data
        return out.ljust(first - self.head, b"\0")

    def lead_ranges(self, runs):
        body = b"".join(struct.pack("<QQ", *r) for r in runs)
        if self.kind == "rangesa":
            body = struct.pack("<IHHQ", len(runs), 0, 0, sum(c for _, c in runs)) + body
        else:
            body = bytes(16) + body + bytes(16)
        body += bytes(-(self.head + 0x20 + len(body)) % PAGE)
        return struct.pack("<I4s4sIQQ", 0x40, b"RDMP", b"DUMP", 0, len(body), self.head + 0x20 + len(body)) + body

    def tail(self):
        out = b"DumpBlob" + struct.pack("<II", 0x10, 0xF0000000 | self.header.get("build", 0))
        for guid, data in self.blobs:
            pad = 0 if self.kind == "triage-kernel" else -len(data) % 8
            out += struct.pack("<I16sIII", 0x20, guid, len(data), 0, pad) + data + bytes(pad)
        return out + (bytes(0x40) if self.kind == "triage-kernel" else b"")

    # ---- triage: offsets are those of the file
    def merged(self):
        """Data blocks: neighbours joined, later writes over earlier ones."""
        out = []
        for va, data in self.blocks:
            end = va + len(data)
            near = [b for b in out if b[0] <= end and va <= b[0] + len(b[1])]
            low, high = min([va] + [b[0] for b in near]), max([end] + [b[0] + len(b[1]) for b in near])
            joined = bytearray(high - low)
            for b in near:
                joined[b[0] - low:b[0] - low + len(b[1])] = b[1]
                out.remove(b)
            joined[va - low:end - low] = data
            out.append((low, joined))
        return out

    def triage(self):
        newer, wide, p = self.kind == "triage-kernel", self.ptr == 8, self.ptr
        if newer:
            for name, value in (("fields", 0xDFF), ("attributes", 0x21008), ("bootid", 0x16)):
                self.header.setdefault(name, value)
            self.header.setdefault("pfn", 0xFFFFFA8000000000 if wide else 0x83000000)
        else:  # the address of MmPfnDatabase, not what it holds
            self.header.setdefault("fields", 0xCFF)
            self.header.setdefault("writer", 0)
            self.header.setdefault("pfn", self.modules[0]["base"] + 0x3F00 if self.modules else 0)
        size = 0x80 if wide else 0x68
        out = bytearray(size)
        at = {}

        def put(name, data, to=8):
            out.extend(bytes(-(self.head + len(out)) % to))
            at[name] = self.head + len(out)
            out.extend(data)

        put("mm", struct.pack("<II", 1, 0x50 << 0).ljust(0x50, b"\0"))
        if not newer:
            put("unloaded", self.triage_unloaded())
        put("prcb", self.prcb)
        put("process", self.process)
        put("thread", self.thread)
        put("stack", self.stack[1])
        put("debug", self.debugger)
        if newer:
            put("unloaded", self.triage_unloaded().ljust(8 + 0x38 * 50, b"\0"))  # room for all that the kernel keeps
        put("drivers", bytes((0x90 if wide else 0x4C) * len(self.modules)))
        names = b""
        for m in self.modules:
            text = m["path"].rsplit("\\", 1)[-1] if newer else m["path"]
            m["name_at"] = at["drivers"] + (len(out) - (at["drivers"] - self.head)) + len(names)
            names += struct.pack("<I", len(text)) + text.encode("utf-16le") + b"\0\0"
            names += b"\xaa" * (-len(names) % 8)
        put("strings", names)
        if self.broken is not None:
            put("broken", struct.pack("<I", len(self.broken)) + self.broken.encode("utf-16le") + b"\0\0")
        if self.data_page:
            put("page", self.data_page[1])
        blocks = self.merged()
        stride = 16 if wide else 12
        put("blocks", bytes(stride * len(blocks)))
        for i, (va, data) in enumerate(blocks):
            put("block", bytes(data), 1)
            entry = self.pointer(va) + struct.pack("<II", at["block"], len(data))
            where = at["blocks"] - self.head + i * stride
            out[where:where + stride] = entry
        if newer:
            out.extend(bytes((-(self.head + len(out)) - 4) % 0x200))  # the dump without blobs fills sectors
        put("mark", b"TRGD", 4)
        for i, m in enumerate(self.modules):
            where = at["drivers"] - self.head + i * (0x90 if wide else 0x4C)
            self.driver(out, where, m, newer)
        g = at.get
        head = [0, at["mark"] + 4, at["mark"], 0x348 if wide else 0x320, 0xF00 if wide else 0x7D0, at["mm"],
                at["unloaded"], at["prcb"] if self.prcb else 0, at["process"] if self.process else 0,
                at["thread"] if self.thread else 0, at["stack"], len(self.stack[1]), at["drivers"], len(self.modules),
                at["strings"], len(names), g("broken", 0), 0x41 if newer else 0xFFFFFFFF]
        words = struct.pack("<18I", *head) + self.pointer(self.stack[0])
        words += bytes(16 if wide else 0) + self.pointer(self.data_page[0] if self.data_page else 0)
        words += struct.pack("<6I", g("page", 0), len(self.data_page[1]) if self.data_page else 0, at["debug"],
                             len(self.debugger), at["blocks"], len(blocks))
        out[0:len(words)] = words
        assert len(words) == size and p
        return bytes(out) + (self.tail() if self.blobs else b"")

    def driver(self, out, at, m, newer):
        wide = self.ptr == 8
        entry = m.get("entry", 0) if newer or m is not self.modules[0] else 0
        struct.pack_into("<I", out, at, m["name_at"])
        if wide:
            struct.pack_into("<QQI", out, at + 0x38, m["base"], entry, m["size"])
            struct.pack_into("<IxxxxI", out, at + 0x80, m["checksum"], m["time"])
        else:
            struct.pack_into("<III", out, at + 0x1C, m["base"], entry, m["size"])
            struct.pack_into("<II", out, at + 0x44, m["checksum"], m["time"])

    def triage_unloaded(self):
        out = self.pointer(len(self.unloaded))
        for name, start, end in self.unloaded:
            text = name.encode("utf-16le")
            head = struct.pack("<HH", len(text), len(text) + 2).ljust(self.ptr, b"\0") + self.pointer(0)
            out += head + text[:24].ljust(24, b"\0") + self.pointer(start) + self.pointer(end)
        return out

    # ---- output
    def laid(self):
        parts, size = self.parts()
        parts += [(at, data) for at, data in sorted(self.fields.items())]
        return parts, size

    def write(self):
        parts, size = self.laid()
        out = bytearray(size)
        for at, data in parts:
            out[at:at + len(data)] = data
        return bytes(out)

    def save(self, path):
        """The same, leaving holes where the file is zero."""
        parts, size = self.laid()
        with open(path, "wb") as f:
            for at, data in parts:
                f.seek(at)
                f.write(data)
            f.truncate(size)

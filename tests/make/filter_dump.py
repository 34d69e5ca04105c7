#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Shrink a full-memory user minidump to what a debugger cannot get elsewhere.

    filter_dump.py [--drop-mapped] [--keep-unwind] [--forbid TEXT]... IN.dmp OUT.dmp
    filter_dump.py --normal [--whole NAME]... [--forbid TEXT]... IN.dmp OUT.dmp

The default keeps every page that is writable and not zero, the first page of each image, thread
stacks from their stack pointers up, and TEBs. What it drops is absent from the result (it does not
read as zero); MemoryInfoList is kept unchanged and tells "dropped" from "never committed".

--drop-mapped   drop read-only pages of mapped files too (code page tables and the like)
--keep-unwind   keep of every image the export, exception and debug directories, the unwind data (x64),
                and the code that stacks point to, so that stacks unwind without the image files
--normal        x64: what MiniDumpNormal | MiniDumpWithProcessThreadData keeps, to the byte: stacks,
                TEBs, PEB, process parameters, loader entries, PE headers; of images that a stack points
                to also exports, function table, and unwind data and code around those addresses.
                The memory becomes a MemoryList. WINE* variables are taken out of the environment.
--whole NAME    with --normal: keep all of this module
--forbid TEXT   fail, and write nothing, when the result contains TEXT as ASCII or UTF-16, case ignored

Layouts: Microsoft's minidumpapiset.h and the PE/COFF specification; PEB offsets as in Windows 7 to 11.
"""
import argparse
import bisect
import struct
import sys

PAGE = 4096
THREAD_LIST, MODULE_LIST, MEMORY_LIST, SYSTEM_INFO, MEMORY64_LIST, MEMORY_INFO_LIST = 3, 4, 5, 7, 9, 16
MEM_MAPPED, MEM_IMAGE = 0x40000, 0x1000000
WRITABLE = 0xCC  # READWRITE | WRITECOPY | EXECUTE_READWRITE | EXECUTE_WRITECOPY
ARCH_X86, ARCH_X64, ARCH_ARM64 = 0, 9, 12
PC_IN_CONTEXT = {ARCH_X86: (0xB8, "<I"), ARCH_X64: (0xF8, "<Q"), ARCH_ARM64: (0x108, "<Q")}
DIR_EXPORT, DIR_EXCEPTION, DIR_DEBUG = 0, 3, 6
FULL_MEMORY, PROCESS_THREAD_DATA = 0x2, 0x100  # MINIDUMP_TYPE
CODE_BEFORE, CODE_AFTER = 64, 32  # enough to recognise a call before a return address, and to disassemble a little
TEB_SIZE, PEB_SIZE = 0x1838, 0x7D0


class Bad(Exception):
    pass


def need(cond, text):
    if not cond:
        raise Bad(text)


class Dump:
    def __init__(self, data):
        self.d = bytearray(data)
        need(data[:4] == b"MDMP" and len(data) >= 32, "not a minidump")
        count, self.dir_rva = struct.unpack_from("<II", data, 8)
        need(count <= 1000 and self.dir_rva + 12 * count <= len(data), "bad directory")
        self.entries = [struct.unpack_from("<III", data, self.dir_rva + 12 * i) for i in range(count)]
        self.streams = {t: (size, rva, i) for i, (t, size, rva) in enumerate(self.entries) if t}
        need(MEMORY64_LIST in self.streams, "no Memory64List: not a full-memory dump")
        need(MEMORY_LIST not in self.streams, "MemoryList beside Memory64List: not handled")
        self.read_ranges()
        self.read_regions()
        self.arch = struct.unpack_from("<H", data, self.streams[SYSTEM_INFO][1])[0]

    def read_ranges(self):
        size, rva, _ = self.streams[MEMORY64_LIST]
        count, self.base = struct.unpack_from("<QQ", self.d, rva)
        need(16 + 16 * count <= size and rva + size <= len(self.d), "bad Memory64List")
        self.ranges, at = [], self.base
        for i in range(count):
            va, n = struct.unpack_from("<QQ", self.d, rva + 16 + 16 * i)
            self.ranges.append((va, n, at))
            at += n
        need(at <= len(self.d), "memory is truncated")
        for t, size, rva in self.entries:
            need(t == 0 or size == 0 or rva + size <= self.base, f"stream {t:#x} lies inside or behind the memory")
        self.ranges.sort()
        self.starts = [r[0] for r in self.ranges]

    def read_regions(self):
        self.regions = []  # (va, size, allocation base, protect, type)
        if MEMORY_INFO_LIST in self.streams:
            _, rva, _ = self.streams[MEMORY_INFO_LIST]
            head, entry, count = struct.unpack_from("<IIQ", self.d, rva)
            for i in range(count):
                f = struct.unpack_from("<QQIIQIII", self.d, rva + head + entry * i)
                self.regions.append((f[0], f[4], f[1], f[6], f[7]))
            self.regions.sort()
        self.region_starts = [x[0] for x in self.regions]

    def threads(self):
        """(offset of the stack's RVA field, TEB, stack start, stack size, context RVA)"""
        _, rva, _ = self.streams[THREAD_LIST]
        for i in range(struct.unpack_from("<I", self.d, rva)[0]):
            o = rva + 4 + 48 * i
            teb, start, size = struct.unpack_from("<QQI", self.d, o + 16)
            yield o + 36, teb, start, size, struct.unpack_from("<I", self.d, o + 44)[0]

    def modules(self):
        _, rva, _ = self.streams[MODULE_LIST]
        for i in range(struct.unpack_from("<I", self.d, rva)[0]):
            o = rva + 4 + 108 * i
            base, size = struct.unpack_from("<QI", self.d, o)
            name_rva = struct.unpack_from("<I", self.d, o + 20)[0]
            n = struct.unpack_from("<I", self.d, name_rva)[0]
            yield base, size, self.d[name_rva + 4:name_rva + 4 + n].decode("utf-16le")

    def offset(self, va):
        i = bisect.bisect_right(self.starts, va) - 1
        if i >= 0 and va - self.ranges[i][0] < self.ranges[i][1]:
            return self.ranges[i][2] + va - self.ranges[i][0]
        return None

    def at(self, va):
        o = self.offset(va)
        need(o is not None, f"{va:#x} is not in the dump")
        return o

    def value(self, va, fmt="<Q"):
        return struct.unpack_from(fmt, self.d, self.at(va))[0]

    def region(self, va):
        i = bisect.bisect_right(self.region_starts, va) - 1
        if i >= 0 and va - self.regions[i][0] < self.regions[i][1]:
            return self.regions[i]
        return None

    def code_pointers(self):
        """Addresses inside images that stacks and program counters hold."""
        width, fmt = (4, "<I") if self.arch == ARCH_X86 else (8, "<Q")
        pc_at, pc_fmt = PC_IN_CONTEXT[self.arch]
        found = set()
        for _, _, start, size, context in self.threads():
            found.add(struct.unpack_from(pc_fmt, self.d, context + pc_at)[0])
            o = self.offset(start)
            for q in range(0, size // width * width if o is not None else 0, width):
                va = struct.unpack_from(fmt, self.d, o + q)[0]
                reg = self.region(va)
                if reg and reg[4] == MEM_IMAGE:
                    found.add(va)
        return sorted(found)


class Image:
    """A mapped PE image; all RVAs are relative to its base."""

    def __init__(self, dump, base, size):
        self.dump, self.base, self.size = dump, base, size
        head = dump.at(base)
        need(dump.d[head:head + 2] == b"MZ", f"no PE header at {base:#x}")
        opt = head + struct.unpack_from("<I", dump.d, head + 0x3C)[0] + 24
        self.headers = struct.unpack_from("<I", dump.d, opt + 60)[0]
        self.dirs = opt + (112 if struct.unpack_from("<H", dump.d, opt)[0] == 0x20B else 96)

    def directory(self, k):
        rva, n = struct.unpack_from("<II", self.dump.d, self.dirs + 8 * k)
        return (rva, n) if rva and rva + n <= self.size else (0, 0)

    def functions(self):
        rva, n = self.directory(DIR_EXCEPTION)
        o = self.dump.offset(self.base + rva) if rva else None
        for q in range(0, n // 12 * 12 if o is not None else 0, 12):
            yield struct.unpack_from("<III", self.dump.d, o + q)

    def unwind_info(self, rva):
        """The (va, size) of the UNWIND_INFO at rva and of those it is chained to."""
        for _ in range(32):
            o = self.dump.at(self.base + rva)
            flags, codes = self.dump.d[o] >> 3, self.dump.d[o + 2]
            n = 4 + 2 * (codes + (codes & 1))
            yield self.base + rva, n + 12
            if not flags & 4:  # UNW_FLAG_CHAININFO
                return
            rva = struct.unpack_from("<I", self.dump.d, o + n + 8)[0]


def pages(va, size):
    """The whole pages that va..va+size touches, as one (start, size)."""
    start = va & ~(PAGE - 1)
    return start, (va + size + PAGE - 1 & ~(PAGE - 1)) - start


def unwind_spans(dump):
    """Pages of images that an unwinder wants."""
    for base, size, _ in dump.modules():
        if dump.offset(base) is None:
            continue
        image = Image(dump, base, size)
        for k in (DIR_EXPORT, DIR_EXCEPTION, DIR_DEBUG):
            rva, n = image.directory(k)
            if rva:
                yield pages(base + rva, n)
        if dump.arch == ARCH_X64:
            for _, _, unwind in image.functions():
                if (unwind & ~1) + 256 <= size:
                    yield pages(base + (unwind & ~1), 256)
    for va in dump.code_pointers():
        yield pages(va - CODE_BEFORE, CODE_BEFORE + CODE_AFTER)


def keep_page(dump, va, page, drop_mapped):
    reg = dump.region(va)
    if reg:
        _, _, alloc, prot, kind = reg
        if kind == MEM_IMAGE and not prot & WRITABLE and va != alloc:
            return False
        if kind == MEM_MAPPED and not prot & WRITABLE and drop_mapped:
            return False
    return any(page)


def page_spans(dump, drop_mapped, keep_unwind):
    for _, teb, start, size, _ in dump.threads():
        yield pages(teb, 1)
        yield pages(start, size)
    if keep_unwind:
        yield from unwind_spans(dump)
    for va, size, at in dump.ranges:
        for q in range(0, size, PAGE):
            n = min(PAGE, size - q)
            if keep_page(dump, va + q, dump.d[at + q:at + q + n], drop_mapped):
                yield va + q, n


def unicode_string(dump, va):
    n, buffer = dump.value(va, "<H"), dump.value(va + 8)
    if n and dump.offset(buffer) is not None:
        yield buffer, n + 2


def clean_environment(dump, va):
    """Takes Wine's own variables out of the environment block; the (va, size) of what is left."""
    o = dump.at(va)
    end = o
    while dump.d[end:end + 4] != b"\0\0\0\0":
        end += 2
    texts = dump.d[o:end].decode("utf-16le").split("\0")
    left = "".join(t + "\0" for t in texts if not t.upper().startswith("WINE")) + "\0"
    new = left.encode("utf-16le")
    dump.d[o:end + 4] = new + bytes(end + 4 - o - len(new))
    yield va, len(new)


def process_spans(dump):
    """TEBs, PEB, process parameters with their strings, and the loader's list of modules (x64)."""
    for _, teb, start, size, _ in dump.threads():
        yield teb, TEB_SIZE
        yield start, size
    peb = dump.value(teb + 0x60)
    yield peb, PEB_SIZE
    params = dump.value(peb + 0x20)
    yield params, max(dump.value(params + 4, "<I"), 0x410)
    for at in (0x38, 0x50, 0x60, 0x70, 0xB0, 0xC0, 0xD0, 0xE0):
        yield from unicode_string(dump, params + at)
    yield from clean_environment(dump, dump.value(params + 0x80))
    ldr = dump.value(peb + 0x18)
    yield ldr, 0x58
    head, entry = ldr + 0x10, dump.value(ldr + 0x10)
    for _ in range(1000):
        if entry == head:
            break
        yield entry, 0x120
        yield from unicode_string(dump, entry + 0x48)
        yield from unicode_string(dump, entry + 0x58)
        entry = dump.value(entry)


def image_spans(dump, whole):
    pointers = dump.code_pointers()
    for base, size, name in dump.modules():
        image = Image(dump, base, size)
        yield base, image.headers
        if name.replace("/", "\\").split("\\")[-1].lower() in whole:
            yield base, size
            continue
        hits = [p - base for p in pointers if base <= p < base + size]
        touched = [f for f in image.functions() if any(f[0] <= h < f[1] for h in hits)]
        if not touched:
            continue
        for k in (DIR_EXPORT, DIR_EXCEPTION):
            rva, n = image.directory(k)
            yield base + rva, n
        for begin, end, unwind in touched:
            yield from image.unwind_info(unwind & ~1)
            for h in hits:
                if begin <= h < end:
                    first, last = max(h - CODE_BEFORE, begin), min(h + CODE_AFTER, end)
                    yield base + first, last - first


def merged(dump, spans):
    """Sorted (va, [(file offset, size)...]) without overlap, clipped to what the dump holds."""
    cut = []
    for va, size in sorted(spans):
        end = va + size
        if cut and cut[-1][1] >= va:
            cut[-1][1] = max(cut[-1][1], end)
        else:
            cut.append([va, end])
    out = []
    for va, end in cut:
        i = max(bisect.bisect_right(dump.starts, va) - 1, 0)
        while i < len(dump.ranges) and dump.ranges[i][0] < end:
            start, size, at = dump.ranges[i]
            lo, hi = max(va, start), min(end, start + size)
            if lo < hi and out and out[-1][0] + sum(n for _, n in out[-1][1]) == lo:
                out[-1][1].append((at + lo - start, hi - lo))
            elif lo < hi:
                out.append((lo, [(at + lo - start, hi - lo)]))
            i += 1
    return out


def rebuilt(dump, kept, normal):
    """The dump with `kept` as its memory, listed behind the other streams; stack RVAs follow."""
    size64, rva64, index = dump.streams[MEMORY64_LIST]
    out = bytearray(dump.d[:dump.base])
    out[rva64:rva64 + size64] = bytes(size64)
    floor = max([32] + [rva + size for t, size, rva in dump.entries if t and t != MEMORY64_LIST])
    del out[max(floor, len(out.rstrip(b"\0"))):]  # the old list and its padding go, other data stays in place
    out += bytes(-len(out) % 16)
    new, count = len(out), len(kept)
    size = (4 if normal else 16) + 16 * count
    base = new + size if normal else new + size + PAGE - 1 & ~(PAGE - 1)
    placed, at = [], base
    for va, parts in kept:
        n = sum(k for _, k in parts)
        placed.append((va, n, at))
        at += n
    need(not normal or at < 1 << 32, "more than 4 GB do not fit a MemoryList")
    if normal:
        out += struct.pack("<I", count) + b"".join(struct.pack("<QII", *p) for p in placed)
    else:
        out += struct.pack("<QQ", count, base) + b"".join(struct.pack("<QQ", va, n) for va, n, _ in placed)
    out += bytes(base - len(out))
    for _, parts in kept:
        for o, n in parts:
            out += dump.d[o:o + n]
    struct.pack_into("<III", out, dump.dir_rva + 12 * index, MEMORY_LIST if normal else MEMORY64_LIST, size, new)
    if normal:
        flags = struct.unpack_from("<Q", out, 24)[0]
        struct.pack_into("<Q", out, 24, flags & ~FULL_MEMORY | PROCESS_THREAD_DATA)
    place_stacks(dump, out, placed)
    return out


def place_stacks(dump, out, placed):
    starts = [p[0] for p in placed]
    for field, _, start, size, _ in dump.threads():
        rva = 0
        i = bisect.bisect_right(starts, start) - 1
        if size and i >= 0 and start + size <= placed[i][0] + placed[i][1]:
            rva = placed[i][2] + start - placed[i][0]
            need(rva < 1 << 32, "stack RVA does not fit 32 bits")
        struct.pack_into("<I", out, field, rva)


def forbidden(out, texts):
    low = out.lower()
    for text in texts:
        for form in (text.lower().encode(), text.lower().encode("utf-16le")):
            at = low.find(form)
            need(at < 0, f"the result contains {text!r} at {at:#x}: {bytes(out[at - 40:at + 60])!r}")


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--drop-mapped", action="store_true")
    ap.add_argument("--keep-unwind", action="store_true")
    ap.add_argument("--normal", action="store_true")
    ap.add_argument("--whole", action="append", default=[], metavar="NAME", type=str.lower)
    ap.add_argument("--forbid", action="append", default=[], metavar="TEXT")
    ap.add_argument("input")
    ap.add_argument("output")
    a = ap.parse_args()
    try:
        with open(a.input, "rb") as f:
            dump = Dump(f.read())
        if a.normal:
            need(dump.arch == ARCH_X64, "--normal knows x64 only")
            spans = list(process_spans(dump)) + list(image_spans(dump, a.whole))
        else:
            spans = list(page_spans(dump, a.drop_mapped, a.keep_unwind))
        kept = merged(dump, spans)
        out = rebuilt(dump, kept, a.normal)
        forbidden(out, a.forbid)
    except (Bad, struct.error) as e:
        sys.exit(f"{a.input}: {e}")
    with open(a.output, "wb") as f:
        f.write(out)
    print("%s: %d -> %d bytes, %d -> %d ranges" % (a.output, len(dump.d), len(out), len(dump.ranges), len(kept)))


if __name__ == "__main__":
    main()

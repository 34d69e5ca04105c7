# SPDX-License-Identifier: Apache-2.0
"""Tiny mapped PE images for tests: headers, exports, CodeView record, functions with real prologues,
epilogues and unwind data (x64 version 1, ARM64 .xdata with a packed epilogue).

The image is laid out as the loader maps it, with FileAlignment = SectionAlignment: the same bytes are
a valid file. Layout: Microsoft's PE/COFF specification, "x64 exception handling", "ARM64 exception handling".

A prologue is written as text, numbers in hex, `;` between instructions:
    x64    push rbp; sub rsp,20; frame rbp,20; save rbx,30; save xmm6,40; mframe [code]
           (frame, right after sub: lea rbp,[rsp+20]; save: mov or movaps to [rsp+n]; mframe: a machine frame, no code)
    ARM64  pac; fplr_x 20; fplr 10; alloc 40; regp x19,10; regp_x x19,20; reg x19,8; setfp; nop
           (names of the unwind codes; fplr_x 20 is stp fp,lr,[sp,#-20h]!)
"""
import struct

PAGE = 0x1000
MACHINE = {"x86": 0x14C, "x64": 0x8664, "arm64": 0xAA64}
X64_REGS = "rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15".split()
CALL_SIZE = {"x86": 5, "x64": 5, "arm64": 4}


class PeError(Exception):
    pass


def ops(text):
    """[(name, [operand...])]"""
    out = []
    for part in text.split(";"):
        words = part.replace(",", " ").split()
        if words:
            out.append((words[0], words[1:]))
    return out


def x64_mem(rex, opcode, reg, disp):
    """An instruction with operands reg and [rsp+disp]."""
    rex |= 4 if reg >= 8 else 0
    wide = not -128 <= disp <= 127
    return ((bytes([rex]) if rex != 0x40 else b"") + opcode + bytes([(0x84 if wide else 0x44) | (reg & 7) << 3, 0x24]) +
            struct.pack("<i" if wide else "<b", disp))


def x64_adjust(n, add):
    """add/sub rsp,n"""
    modrm = 0xC4 if add else 0xEC
    return b"\x48\x83" + bytes([modrm, n]) if n < 128 else b"\x48\x81" + bytes([modrm]) + struct.pack("<I", n)


def x64_alloc_codes(n):
    if n <= 128:
        return 2, (n - 8) // 8, b""
    return (1, 0, struct.pack("<H", n // 8)) if n < 0x80000 else (1, 1, struct.pack("<I", n))


def x64_save_codes(reg, off):
    """(code bytes, unwind op, register number, extra slots)"""
    if reg.startswith("xmm"):
        r = int(reg[3:])
        far = off // 16 > 0xFFFF
        return x64_mem(0x40, b"\x0f\x29", r, off), 9 if far else 8, r, struct.pack("<I" if far else "<H",
                                                                                   off if far else off // 16)
    r = X64_REGS.index(reg)
    far = off // 8 > 0xFFFF
    return x64_mem(0x48, b"\x89", r, off), 5 if far else 4, r, struct.pack("<I" if far else "<H",
                                                                           off if far else off // 8)


def x64_push(r, pop=False):
    return (b"\x41" if r >= 8 else b"") + bytes([(0x58 if pop else 0x50) + (r & 7)])


def x64_function(text):
    """(prologue bytes, epilogue bytes, UNWIND_INFO bytes)"""
    code, codes, undo, frame, alloc = b"", [], [], 0, 0
    for name, args in ops(text):
        if name == "push":
            r = X64_REGS.index(args[0])
            code += x64_push(r)
            codes.append((len(code), 0, r, b""))
            undo.append(x64_push(r, pop=True))
        elif name == "sub":
            alloc = int(args[1], 16)
            code += x64_adjust(alloc, add=False)
            codes.append((len(code), *x64_alloc_codes(alloc)))
            undo.append(x64_adjust(alloc, add=True))
        elif name == "frame":
            r, off = X64_REGS.index(args[0]), int(args[1], 16)
            if off % 16 or off > 240 or r & 7 == 4:
                raise PeError("a frame offset is a multiple of 10h up to f0h, not from r12")
            code += x64_mem(0x48, b"\x8d", r, off)
            frame = r | off // 16 << 4
            codes.append((len(code), 3, 0, b""))
            if not undo or undo[-1] != x64_adjust(alloc, add=True):
                raise PeError("frame comes right after sub: only then has the epilogue its legal form")
            undo[-1] = bytes([0x49 if r >= 8 else 0x48, 0x8D, 0xA0 | r & 7]) + struct.pack("<i", alloc - off)
        elif name == "save":
            text_, op, r, extra = x64_save_codes(args[0], int(args[1], 16))
            code += text_
            codes.append((len(code), op, r, extra))
        elif name == "mframe":
            codes.append((len(code), 10, int(bool(args)), b""))
        else:
            raise PeError(f"unknown x64 prologue instruction {name!r}")
    body = b"".join(struct.pack("<BB", at, op | info << 4) + extra for at, op, info, extra in reversed(codes))
    slots = len(body) // 2
    info = bytes([1, len(code), slots, frame]) + body + bytes(2 * (slots & 1))
    return code, b"".join(reversed(undo)) + b"\xc3", info


def arm64_pair(opcode, a, b, off):
    return struct.pack("<I", opcode | (off // 8 & 0x7F) << 15 | b << 10 | 31 << 5 | a)


def arm64_op(name, args):
    """(prologue instruction, epilogue instruction, unwind code)"""
    n = int(args[-1], 16) if args and not args[-1].startswith("x") else 0
    r = int(args[0][1:]) if args and args[0].startswith("x") else 19
    if name == "pac":
        return b"\x7f\x23\x03\xd5", b"\xff\x23\x03\xd5", b"\xfc"
    if name == "nop":
        return b"\x1f\x20\x03\xd5", b"\x1f\x20\x03\xd5", b"\xe3"
    if name == "setfp":
        return struct.pack("<I", 0x910003FD), struct.pack("<I", 0x910003BF), b"\xe1"
    if name == "fplr_x":
        return arm64_pair(0xA9800000, 29, 30, -n), arm64_pair(0xA8C00000, 29, 30, n), bytes([0x80 | n // 8 - 1])
    if name == "fplr":
        return arm64_pair(0xA9000000, 29, 30, n), arm64_pair(0xA9400000, 29, 30, n), bytes([0x40 | n // 8])
    if name == "alloc" and n < 0x1000:
        unwind = bytes([n // 16]) if n < 512 else struct.pack(">H", 0xC000 | n // 16)
        imm = n << 10 | 31 << 5 | 31
        return struct.pack("<I", 0xD1000000 | imm), struct.pack("<I", 0x91000000 | imm), unwind
    if name == "regp":
        return (arm64_pair(0xA9000000, r, r + 1, n), arm64_pair(0xA9400000, r, r + 1, n),
                struct.pack(">H", 0xC800 | r - 19 << 6 | n // 8))
    if name == "regp_x":
        return (arm64_pair(0xA9800000, r, r + 1, -n), arm64_pair(0xA8C00000, r, r + 1, n),
                struct.pack(">H", 0xCC00 | r - 19 << 6 | n // 8 - 1))
    if name == "reg":
        word = n // 8 << 10 | 31 << 5 | r
        return struct.pack("<I", 0xF9000000 | word), struct.pack("<I", 0xF9400000 | word), struct.pack(
            ">H", 0xD000 | r - 19 << 6 | n // 8)
    raise PeError(f"unknown ARM64 prologue instruction {name!r}")


def arm64_function(text, size):
    """(prologue bytes, epilogue bytes, .xdata bytes): one epilogue at the end, sharing the prologue's codes"""
    steps = [arm64_op(name, args) for name, args in ops(text)]
    codes = b"".join(s[2] for s in reversed(steps)) + b"\xe4"
    codes += b"\xe3" * (-len(codes) % 4)
    header = size // 4 | 1 << 21 | len(codes) // 4 << 27
    return (b"".join(s[0] for s in steps), b"".join(s[1] for s in reversed(steps)) + b"\xc0\x03\x5f\xd6",
            struct.pack("<I", header) + codes)


def rsds(name, guid, age):
    """guid: 16 bytes as stored."""
    return b"RSDS" + guid + struct.pack("<I", age) + name.encode() + b"\0"


class Image:
    def __init__(self, arch, base, name, size=0x10000, time=0, checksum=0):
        self.arch, self.base, self.name, self.size, self.time, self.checksum = arch, base, name, size, time, checksum
        self.exports, self.functions, self.codeview, self.pages, self.entry = {}, [], b"", {}, 0

    def put(self, rva, data):
        if rva < 0 or rva + len(data) > self.size:
            raise PeError(f"{self.name}+{rva:x}: outside the image")
        for i, byte in enumerate(data):
            page, at = divmod(rva + i, PAGE)
            self.pages.setdefault(page, bytearray(PAGE))[at] = byte

    def function(self, begin, end, text=None, raw=None, packed=None, rets=(), chain=None):
        """text: a prologue (see above); raw: UNWIND_INFO or .xdata bytes; packed: the ARM64 word;
        rets: RVAs that follow a call; chain: the begin of the function whose unwind data goes on (x64)."""
        code = epilog = info = b""
        if text is not None and self.arch == "x64":
            code, epilog, info = x64_function(text)
        elif text is not None and self.arch == "arm64":
            code, epilog, info = arm64_function(text, end - begin)
        info = raw if raw is not None else info
        nop = b"\x1f\x20\x03\xd5" if self.arch == "arm64" else b"\x90"
        body = end - begin - len(code) - len(epilog)
        if body < 0:
            raise PeError(f"{self.name}+{begin:x}: the prologue and epilogue are longer than the function")
        self.put(begin, code + nop * (body // len(nop)) + epilog)
        for ret in rets:
            at = ret - CALL_SIZE[self.arch]
            self.put(at, struct.pack("<I", 0x94000000 | (begin - at) // 4 & 0x3FFFFFF) if self.arch == "arm64" else
                     b"\xe8" + struct.pack("<i", begin - ret))
        if self.arch != "x86" and (info or packed is not None):
            self.functions.append((begin, end, info, packed, chain))

    def finish(self):
        """Lays out .rdata and .pdata at the end of the image, writes the headers; call once, when all is added."""
        rdata, pdata, dirs = self.tables(0, 0)
        pages = [(len(x) + PAGE - 1) // PAGE for x in (rdata or b"-", pdata)]
        at = self.size // PAGE * PAGE - sum(pages) * PAGE
        if at < 2 * PAGE or any(page * PAGE >= at for page in self.pages):
            raise PeError(f"{self.name}: size {self.size:x} leaves no room for the tables behind the code")
        pdata_at = at + pages[0] * PAGE
        rdata, pdata, dirs = self.tables(at, pdata_at)
        self.put(at, rdata)
        self.put(pdata_at, pdata)
        sections = [(b".text", PAGE, at - PAGE, 0x60000020), (b".rdata", at, len(rdata), 0x40000040)]
        if pdata:
            sections.append((b".pdata", pdata_at, len(pdata), 0x40000040))
        self.put(0, self.headers(sections, dirs))

    def tables(self, at, pdata_at):
        """(.rdata, .pdata, data directories)"""
        out, dirs, table = bytearray(), {}, b""
        if self.codeview:
            dirs[6] = (at, 28)
            out += struct.pack("<IIHHIIII", 0, self.time, 0, 0, 2, len(self.codeview), at + 28, at + 28) + self.codeview
        if self.exports:
            out += bytes(-len(out) % 4)
            blob = self.export_table(at + len(out))
            dirs[0] = (at + len(out), len(blob))
            out += blob
        if self.functions:
            out += bytes(-len(out) % 4)
            table, blob = self.function_table(at + len(out))
            dirs[3] = (pdata_at, len(table))
            out += blob
        return bytes(out), table, dirs

    def export_table(self, at):
        names = sorted(self.exports)
        n = len(names)
        texts, offsets = self.name.encode() + b"\0", []
        for name in names:
            offsets.append(at + 40 + 10 * n + len(texts))
            texts += name.encode() + b"\0"
        head = struct.pack("<IIHHIIIIIII", 0, self.time, 0, 0, at + 40 + 10 * n, 1, n, n, at + 40, at + 40 + 4 * n,
                           at + 40 + 8 * n)
        return head + struct.pack(f"<{n}I{n}I{n}H", *(self.exports[x] for x in names), *offsets, *range(n)) + texts

    def function_table(self, at):
        """(function table, unwind data at RVA `at`)"""
        funcs = sorted(self.functions, key=lambda f: f[0])
        data, where = bytearray(), {}
        for begin, end, info, packed, chain in funcs:
            where[begin] = at + len(data)
            if chain is not None:
                info = bytes([info[0] | 4 << 3]) + info[1:] + bytes(12)
            data += info + bytes(-len(info) % 4)
        for begin, end, info, packed, chain in funcs:
            if chain is None:
                continue
            parent = next((f for f in funcs if f[0] == chain), None)
            if parent is None:
                raise PeError(f"{self.name}+{begin:x}: no function begins at {chain:x}")
            struct.pack_into("<III", data, where[begin] - at + len(info), parent[0], parent[1], where[chain])
        table = b""
        for begin, end, info, packed, chain in funcs:
            table += (struct.pack("<III", begin, end, where[begin]) if self.arch == "x64" else struct.pack(
                "<II", begin, packed if packed is not None else where[begin]))
        return table, bytes(data)

    def headers(self, sections, dirs):
        wide = self.arch != "x86"
        dos = b"MZ" + bytes(0x3A) + struct.pack("<I", 0x40)
        coff = struct.pack("<HHIIIHH", MACHINE[self.arch], len(sections), self.time, 0, 0, 240 if wide else 224, 0x22)
        opt = struct.pack("<HBBIIIII", 0x20B if wide else 0x10B, 14, 0, sections[0][2], self.size - sections[1][1],
                          0, self.entry, PAGE)
        opt += struct.pack("<Q", self.base) if wide else struct.pack("<II", sections[1][1], self.base & 0xFFFFFFFF)
        opt += struct.pack("<IIHHHHHHIIIIHH", PAGE, PAGE, 6, 0, 0, 0, 6, 0, 0, self.size, PAGE, self.checksum, 3,
                           0x8160)
        word = "<QQQQ" if wide else "<IIII"
        opt += struct.pack(word, 0x100000, 0x1000, 0x100000, 0x1000) + struct.pack("<II", 0, 16)
        opt += b"".join(struct.pack("<II", *dirs.get(k, (0, 0))) for k in range(16))
        headers = b""
        for name, at, size, flags in sections:
            raw = size + -size % PAGE
            headers += name.ljust(8, b"\0") + struct.pack("<IIIIIIHHI", size, at, raw, at, 0, 0, 0, 0, flags)
        return dos + b"PE\0\0" + coff + opt + headers

    def ranges(self):
        """[(va, bytes)]: the pages that hold something, neighbours joined."""
        out = []
        for page in sorted(self.pages):
            va = self.base + page * PAGE
            if out and out[-1][0] + len(out[-1][1]) == va:
                out[-1][1].extend(self.pages[page])
            else:
                out.append((va, bytearray(self.pages[page])))
        return [(va, bytes(data)) for va, data in out]

    def file(self):
        """The image as a PE file."""
        out = bytearray(self.size)
        for page, data in self.pages.items():
            out[page * PAGE:(page + 1) * PAGE] = data
        return bytes(out)

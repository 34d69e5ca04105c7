# SPDX-License-Identifier: Apache-2.0
"""Writes user-mode minidumps stream by stream, for tests. Layouts: Microsoft's minidumpapiset.h; Breakpad's and
Crashpad's own streams: their minidump_format.h and minidump_extensions.h. mk_minidump.py is the text front end.

Writing runs twice: what a stream refers to (strings, contexts, records) goes into the file before the stream, and
the memory goes behind everything, so only the second run knows the memory's place.
"""
import struct

ARCH = {"x86": 0, "x64": 9, "arm64": 12}
STREAM = {
    "ThreadList": 3, "ModuleList": 4, "MemoryList": 5, "Exception": 6, "SystemInfo": 7, "ThreadExList": 8,
    "Memory64List": 9, "CommentA": 10, "CommentW": 11, "HandleData": 12, "FunctionTable": 13, "UnloadedModuleList": 14,
    "MiscInfo": 15, "MemoryInfoList": 16, "ThreadInfoList": 17, "HandleOperationList": 18, "Token": 19,
    "JavaScriptData": 20, "SystemMemoryInfo": 21, "ProcessVmCounters": 22, "IptTrace": 23, "ThreadNames": 24,
    "BreakpadInfo": 0x47670001, "AssertionInfo": 0x47670002, "CrashpadInfo": 0x43500001,
}
MASK = (1 << 64) - 1
STATE = {"commit": 0x1000, "reserve": 0x2000, "free": 0x10000}
KIND = {"private": 0x20000, "mapped": 0x40000, "image": 0x1000000}
PROTECT = {"": 0, "na": 1, "r": 2, "rw": 4, "wc": 8, "x": 0x10, "rx": 0x20, "rwx": 0x40, "rwc": 0x80, "guard": 0x104}
OBJECT_INFO = {"thread": 1, "mutant": 2, "mutant-owner": 3, "event": 6, "section": 7, "semaphore": 8}
VM_COUNTERS = ("peakws ws peakpaged paged peaknonpaged nonpaged pagefile peakpagefile peakvirtual virtual private "
               "privatews sharedcommit jobshared jobprivate jobpeak jobprivatelimit jobtotallimit").split()


class Registers:
    """Where a CPU's CONTEXT keeps its registers: {name: (offset, format)}."""
    X64 = {"p1home": (0, "Q"), "contextflags": (0x30, "I"), "mxcsr": (0x34, "I"), "efl": (0x44, "I"),
           "rip": (0xF8, "Q")}
    X86 = {"contextflags": (0, "I")}
    ARM64 = {"contextflags": (0, "I"), "cpsr": (4, "I"), "fp": (0xF0, "Q"), "lr": (0xF8, "Q"), "sp": (0x100, "Q"),
             "pc": (0x108, "Q"), "fpcr": (0x310, "I"), "fpsr": (0x314, "I")}
    for i, r in enumerate("cs ds es fs gs ss".split()):
        X64[r] = (0x38 + 2 * i, "H")
    for i, r in enumerate("dr0 dr1 dr2 dr3 dr6 dr7 rax rcx rdx rbx rsp rbp rsi rdi".split()):
        X64[r] = (0x48 + 8 * i, "Q")
    for i in range(8, 16):
        X64["r%d" % i] = (0xB8 + 8 * (i - 8), "Q")
    for i, r in enumerate("dr0 dr1 dr2 dr3 dr6 dr7".split()):
        X86[r] = (4 + 4 * i, "I")
    for i, r in enumerate("gs fs es ds edi esi ebx edx ecx eax ebp eip cs efl esp ss".split()):
        X86[r] = (0x8C + 4 * i, "I")
    for i in range(29):
        ARM64["x%d" % i] = (8 + 8 * i, "Q")
    OF = {"x64": X64, "x86": X86, "arm64": ARM64}
    SIZE = {"x64": 1232, "x86": 716, "arm64": 912}
    SP = {"x64": "rsp", "x86": "esp", "arm64": "sp"}
    DEFAULT = {
        "x64": {"contextflags": 0x10001F, "mxcsr": 0x1F80, "cs": 0x33, "ds": 0x2B, "es": 0x2B, "fs": 0x53, "gs": 0x2B,
                "ss": 0x2B, "efl": 0x246},
        "x86": {"contextflags": 0x1003F, "cs": 0x23, "ds": 0x2B, "es": 0x2B, "fs": 0x53, "gs": 0x2B, "ss": 0x2B,
                "efl": 0x246},
        "arm64": {"contextflags": 0x400007},
    }


def context(arch, values):
    """CONTEXT bytes. values: register -> number over the defaults; "xmmN"/"vN": 16 bytes as a number;
    "cet": (U_CET, SSP) appends an XSAVE area that holds the CET_U feature (x64)."""
    out = bytearray(Registers.SIZE[arch])
    merged = dict(Registers.DEFAULT[arch], **values)
    cet = merged.pop("cet", None)
    if cet:
        merged["contextflags"] |= 0x40
    for name, value in merged.items():
        if name.startswith(("xmm", "v")) and name.lstrip("xmv").isdigit():
            at = {"x64": 0x1A0, "arm64": 0x110, "x86": 0xCC + 0xA0}[arch] + 16 * int(name.lstrip("xmv"))
            out[at:at + 16] = value.to_bytes(16, "little")
            continue
        at, fmt = Registers.OF[arch][name]
        struct.pack_into("<" + fmt, out, at, value & (1 << 8 * struct.calcsize(fmt)) - 1)
    if cet:
        out += struct.pack("<iIiIiI", -1232, 1392, -1232, 1232, 80, 80) + bytes(56)
        out += struct.pack("<QQ", 1 << 11, 1 << 63 | 1 << 11) + bytes(48) + struct.pack("<QQ", *cet)
    return bytes(out)


def wide(text):
    return text.encode("utf-16le")


def boxed(text, chars):
    """A fixed WCHAR array, NUL-terminated."""
    return wide(text)[:2 * chars - 2].ljust(2 * chars, b"\0")


def version_info(version):
    """VS_FIXEDFILEINFO of (a, b, c, d), or zeros."""
    if not version:
        return bytes(52)
    a, b, c, d = version
    file, product = (a << 16 | b, c << 16 | d), (a << 16 | b, c << 16 | d)
    return struct.pack("<13I", 0xFEEF04BD, 0x10000, *file, *product, 0x3F, 0, 0x40004, 2, 0, 0, 0)


class Out:
    def __init__(self, base):
        self.data = bytearray()
        self.memory_base = base  # of the first run: 0

    def put(self, data, to=4):
        self.data += bytes(-len(self.data) % to)
        rva = len(self.data)
        self.data += data
        return rva

    def string(self, text):
        body = wide(text)
        return self.put(struct.pack("<I", len(body)) + body + b"\0\0")

    def utf8(self, text):
        body = text.encode()
        return self.put(struct.pack("<I", len(body)) + body + b"\0")


class Minidump:
    """Fill the members, then write(). All lists hold dictionaries; the keys are those the stream methods read."""

    def __init__(self, arch="x64"):
        self.arch = arch
        self.header = {"version": 0x61B1A793, "checksum": 0, "time": 0, "flags": 0}
        self.system = {"os": (10, 0, 19041), "csd": "", "product": 1, "platform": 2, "suite": 0x100, "cpus": 4,
                       "level": 6, "revision": 0x9E0A, "cpu": bytes(24)}
        self.misc = {}
        self.threads, self.modules, self.unloaded, self.memory = [], [], [], []
        self.regions, self.handles, self.handle_ops, self.tokens, self.jit = [], [], [], [], []
        self.exception = self.crashpad = self.breakpad = self.assertion = self.vm = self.sysmem = None
        self.comment = self.wide_comment = None
        self.raw = []  # (stream type, bytes): written as they are
        self.memory64 = False
        self.pad_lists = False  # 4 bytes after the count of thread, module and memory lists, as some writers do
        self.jit_pad = 0  # bytes between the FunctionTable header and its first descriptor
        self.unused = 0  # empty directory entries at the end, as dbghelp leaves them

    def write(self):
        size = len(self.build(0)[0])
        head, blobs = self.build(size)
        return bytes(head) + b"".join(blobs)

    def build(self, base):
        out = Out(base)
        makers = [(name, make) for name, make in self.makers()]
        count = len(makers) + len(self.raw) + self.unused
        out.put(bytes(32 + 12 * count))
        ranges = self.ranges()
        self.placed, at = [], base
        for va, data in ranges:
            self.placed.append((va, len(data), at))
            at += len(data)
        self.context_at = {}
        entries = [(name, make(out)) for name, make in makers]
        entries = [(STREAM[name], len(body), out.put(body, 8)) for name, body in entries]
        entries += [(kind, len(body), out.put(body, 8)) for kind, body in self.raw]
        entries += [(0, 0, 0)] * self.unused
        out.put(b"", 16)
        h = self.header
        struct.pack_into("<IIIIIIQ", out.data, 0, 0x504D444D, h["version"], count, 32, h["checksum"], h["time"],
                         h["flags"])
        for i, entry in enumerate(entries):
            struct.pack_into("<III", out.data, 32 + 12 * i, *entry)
        return out.data, [data for _, data in ranges]

    def makers(self):
        """(stream, its method) in dbghelp's order; the streams that have something in them."""
        table = [("SystemInfo", self.system), ("MiscInfo", self.misc), ("ThreadList", self.threads),
                 ("ModuleList", self.modules), ("UnloadedModuleList", self.unloaded),
                 ("Exception", self.exception), ("MemoryInfoList", self.regions),
                 ("ThreadInfoList", [t for t in self.threads if "start" in t]),
                 ("ThreadNames", [t for t in self.threads if t.get("name") is not None]), ("HandleData", self.handles),
                 ("HandleOperationList", self.handle_ops), ("FunctionTable", self.jit), ("Token", self.tokens),
                 ("SystemMemoryInfo", self.sysmem), ("ProcessVmCounters", self.vm), ("CommentA", self.comment),
                 ("CommentW", self.wide_comment), ("BreakpadInfo", self.breakpad), ("AssertionInfo", self.assertion),
                 ("CrashpadInfo", self.crashpad)]
        for name, have in table:
            if have:
                yield name, getattr(self, "put_" + name.lower())
        if self.ranges():
            yield ("Memory64List", self.put_memory64list) if self.memory64 else ("MemoryList", self.put_memorylist)

    def ranges(self):
        """Stacks, memory, images, in order of address. Overlaps stay: some tests want them."""
        all_ = [t["stack"] for t in self.threads if t.get("stack")] + self.memory
        for m in self.modules:
            if m.get("image"):
                all_ += m["image"].ranges()
        return sorted(all_, key=lambda r: r[0])

    def listed(self, stride_items):
        return struct.pack("<I", len(stride_items)) + bytes(4 * self.pad_lists) + b"".join(stride_items)

    # ---- streams: each method writes what it refers to and returns its bytes

    def put_systeminfo(self, out):
        s = self.system
        return struct.pack("<HHHBBIIIIIHH", ARCH[self.arch], s["level"], s["revision"], s["cpus"], s["product"],
                           *s["os"], s["platform"], out.string(s["csd"]), s["suite"], 0) + s["cpu"]

    def put_miscinfo(self, out):
        """misc: version 1-5, pid, create, user, kernel, mhz, integrity, execute, protected, zone (id, bias, standard,
        daylight), build, debugger, cookie, xstate (bytes, 528); flags follow from what is given."""
        m, version = self.misc, self.misc.get("version", 5)
        flags = m.get("flags", sum(bit for key, bit in (
            ("pid", 1), ("create", 2), ("mhz", 4), ("integrity", 0x10), ("execute", 0x20), ("zone", 0x40),
            ("protected", 0x80), ("build", 0x100), ("cookie", 0x200)) if key in m))
        mhz = m.get("mhz", 0)
        zone = m.get("zone", (0, 0, "", ""))
        body = struct.pack("<5I", flags, *(m.get(k, 0) for k in ("pid", "create", "user", "kernel")))
        body += struct.pack("<5I", mhz, mhz, mhz, 0, 0)
        body += struct.pack("<4I", *(m.get(k, 0) for k in ("integrity", "execute", "protected")), zone[0])
        body += struct.pack("<i", zone[1]) + boxed(zone[2], 32) + bytes(20) + boxed(zone[3], 32) + bytes(20)
        body += boxed(m.get("build", ""), 260) + boxed(m.get("debugger", ""), 40)
        body += m.get("xstate", struct.pack("<I", 528)).ljust(528, b"\0") + struct.pack("<I", m.get("cookie", 0))
        size = {1: 24, 2: 44, 3: 232, 4: 832, 5: 1364}[version]
        return (struct.pack("<I", size) + body)[:size]

    def put_context(self, out, key, values):
        data = context(self.arch, values)
        self.context_at[key] = (len(data), out.put(data, 16))
        return self.context_at[key]

    def put_threadlist(self, out):
        items = []
        for t in self.threads:
            size, rva = self.put_context(out, t["tid"], t["regs"]) if t.get("context", True) else (0, 0)
            start, data = t.get("stack") or (0, b"")
            where = next((at for va, n, at in self.placed if va == start and n == len(data)), 0)
            items.append(struct.pack("<IIIIQQIIII", t["tid"], t.get("suspend", 0), t.get("class", 0x20),
                                     t.get("priority", 0) & 0xFFFFFFFF, t.get("teb", 0), start, len(data),
                                     0 if self.memory64 else where, size, rva))
        return self.listed(items)

    def put_threadinfolist(self, out):
        rows = [t for t in self.threads if "start" in t]
        keys = ("create", "exit", "kernel", "user", "start", "affinity")
        body = b"".join(struct.pack("<4I6Q", t["tid"], t.get("dumpflags", 0), 0, t.get("exitstatus", 0x103),
                                    *(t.get(k, 0) for k in keys)) for t in rows)
        return struct.pack("<III", 12, 64, len(rows)) + body

    def put_threadnames(self, out):
        rows = [(t["tid"], out.string(t["name"])) for t in self.threads if t.get("name") is not None]
        return struct.pack("<I", len(rows)) + b"".join(struct.pack("<IQ", *r) for r in rows)

    def put_modulelist(self, out):
        items = []
        for m in self.modules:
            cv, name = m.get("codeview", b""), out.string(m["path"])
            cv_rva = out.put(cv) if cv else 0
            items.append(struct.pack("<QIIII", m["base"], m["size"], m.get("checksum", 0), m.get("time", 0), name) +
                         version_info(m.get("version")) + struct.pack("<IIIIQQ", len(cv), cv_rva, 0, 0, 0, 0))
        return self.listed(items)

    def put_unloadedmodulelist(self, out):
        body = b"".join(struct.pack("<QIIII", u["base"], u["size"], u.get("checksum", 0), u.get("time", 0),
                                    out.string(u["name"])) for u in self.unloaded)
        return struct.pack("<III", 12, 24, len(self.unloaded)) + body

    def put_exception(self, out):
        x = self.exception
        size, rva = self.context_at.get(x["tid"], (0, 0))
        if x.get("regs"):
            size, rva = self.put_context(out, "exception", x["regs"])
        info = list(x.get("info", ()))
        head = (x["tid"], 0, x["code"], x.get("flags", 0), x.get("record", 0), x["address"], x.get("count", len(info)))
        return struct.pack("<IIIIQQII15QII", *head, 0, *(info + [0] * 15)[:15], size, rva)

    def put_memoryinfolist(self, out):
        body = b""
        for r in self.regions:
            allocation, initial = r.get("allocation", r["base"]), r.get("initial", r["protect"])
            body += struct.pack("<QQIIQIIII", r["base"], allocation, initial, 0, r["size"], r["state"], r["protect"],
                                r["kind"], 0)
        return struct.pack("<IIQ", 16, 48, len(self.regions)) + body

    def put_memorylist(self, out):
        return self.listed([struct.pack("<QII", *p) for p in self.placed])

    def put_memory64list(self, out):
        return struct.pack("<QQ", len(self.placed), out.memory_base) + b"".join(
            struct.pack("<QQ", va, n) for va, n, _ in self.placed)

    def put_handledata(self, out):
        """Version 2 descriptors (28h) when any handle has "info", a list of (type, bytes); else version 1 (20h)."""
        v2, body = any("info" in h for h in self.handles), b""
        for h in self.handles:
            names = [out.string(h[k]) if h.get(k) else 0 for k in ("type", "name")]
            body += struct.pack("<Q6I", h["handle"], *names, *(h.get(k, 0) for k in (
                "attributes", "access", "count", "pointers")))
            rva = 0
            for kind, data in reversed(h.get("info", ())):
                rva = out.put(struct.pack("<III", rva, kind, len(data)) + data)
            body += struct.pack("<II", rva, 0) if v2 else b""
        return struct.pack("<IIII", 16, 0x28 if v2 else 0x20, len(self.handles), 0) + body

    def put_handleoperationlist(self, out):
        body = b""
        for o in self.handle_ops:
            stack = list(o.get("stack", ()))
            body += struct.pack("<QIIIIII32Q", o["handle"], o["pid"], o["tid"], o["operation"], 0, len(stack),
                                o.get("index", 0), *(stack + [0] * 32)[:32])
        return struct.pack("<IIII", 16, 288, len(self.handle_ops), 0) + body

    def put_functiontable(self, out):
        """jit: base, min, max, entries [(begin, end, unwind)...], native (bytes, padded to 112)."""
        n, body = (12 if self.arch == "x64" else 8), b""
        for j in self.jit:
            entries = b"".join(struct.pack("<III", *e)[:n] for e in j["entries"])
            pad = -(len(entries) + 112) % 8
            body += struct.pack("<QQQII", j["min"], j["max"], j["base"], len(j["entries"]), pad)
            body += j.get("native", b"").ljust(112, b"\0") + entries + bytes(pad)
        return struct.pack("<6I", 24, 32, 112, n, len(self.jit), self.jit_pad) + bytes(self.jit_pad) + body

    def put_token(self, out):
        """tokens: id, handle, blocks: up to 7 byte strings."""
        body = b""
        for t in self.tokens:
            blocks = (list(t.get("blocks", ())) + [b""] * 7)[:7]
            at, pairs = 72, []
            for b in blocks:
                pairs += [at, len(b)]
                at += len(b)
            body += struct.pack("<IIQ14I", at, t["id"], t.get("handle", 0), *pairs) + b"".join(blocks)
        return struct.pack("<IIII", 16 + len(body), len(self.tokens), 16, 72) + body

    def put_systemmemoryinfo(self, out):
        """sysmem: revision 1 or 2, flags; timer, pagesize, pages, lowest, highest, granularity, minuser, maxuser,
        affinity, cpus; available, committed, limit, peak. The file cache and the counters are zero."""
        s = self.sysmem
        g = lambda *keys: [s.get(k, 0) for k in keys]
        body = struct.pack("<HH", s.get("revision", 1), s.get("flags", 0))
        body += struct.pack("<6I3QI", *g("timer", "pagesize", "pages", "lowest", "highest", "granularity", "minuser",
                                         "maxuser", "affinity", "cpus")) + bytes(60)
        body += struct.pack("<4Q", *g("available", "committed", "limit", "peak"))
        return body.ljust(524 if s.get("revision", 1) == 2 else 492, b"\0")

    def put_processvmcounters(self, out):
        v = self.vm
        if v.get("revision", 2) == 1:  # MINIDUMP_PROCESS_VM_COUNTERS_1 has no virtual sizes
            names = VM_COUNTERS[:8] + ["private"]
        else:
            names = VM_COUNTERS
        return struct.pack("<HHI", v.get("revision", 2), v.get("flags", 0), v.get("faults", 0)) + b"".join(
            struct.pack("<Q", v.get(n, 0)) for n in names)

    def put_commenta(self, out):
        return self.comment.encode("latin-1") + b"\0"

    def put_commentw(self, out):
        return wide(self.wide_comment) + b"\0\0"

    def put_breakpadinfo(self, out):
        return struct.pack("<III", self.breakpad.get("validity", 3), self.breakpad["dump"], self.breakpad["request"])

    def put_assertioninfo(self, out):
        a = self.assertion
        return b"".join(boxed(a.get(k, ""), 128) for k in ("expression", "function", "file")) + struct.pack(
            "<II", a.get("line", 0), a.get("type", 1))

    def dictionary(self, out, pairs):
        """Crashpad's MinidumpSimpleStringDictionary -> location"""
        if not pairs:
            return 0, 0
        body = struct.pack("<I", len(pairs)) + b"".join(struct.pack("<II", out.utf8(k), out.utf8(v)) for k, v in pairs)
        return len(body), out.put(body)

    def put_crashpadinfo(self, out):
        """crashpad: report, client (16 bytes), simple [(key, value)...], modules [{index, list, simple, objects}...];
        mask: the address mask of the newer, 64-byte form."""
        c, links = self.crashpad, b""
        for m in c.get("modules", ()):
            names = [out.utf8(x) for x in m.get("list", ())]
            texts = struct.pack("<I", len(names)) + b"".join(struct.pack("<I", r) for r in names)
            objects = b"".join(struct.pack("<IHHI", out.utf8(k), 1, 0, out.put(
                struct.pack("<I", len(v.encode())) + v.encode())) for k, v in m.get("objects", ()))
            objects = struct.pack("<I", len(m.get("objects", ()))) + objects
            body = struct.pack("<III", 1, len(texts), out.put(texts)) + struct.pack("<II", *self.dictionary(
                out, m.get("simple"))) + struct.pack("<II", len(objects), out.put(objects))
            links += struct.pack("<III", m["index"], len(body), out.put(body))
        simple = self.dictionary(out, c.get("simple"))
        listed = struct.pack("<I", len(c.get("modules", ()))) + links
        where = (len(listed), out.put(listed)) if links else (0, 0)
        body = struct.pack("<I", 1) + c.get("report", bytes(16)) + c.get("client", bytes(16)) + struct.pack(
            "<IIII", *simple, *where)
        return body + (struct.pack("<IQ", 0, c["mask"]) if "mask" in c else b"")

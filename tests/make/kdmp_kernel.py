# SPDX-License-Identifier: Apache-2.0
"""The kernel's own structures in a forged dump, for mk_kdump.py: module list, processors, processes, threads, shared
data, debugger data block; and the header that names them."""
import struct

from kdmp_layouts import KDBG_NAMED, KDBG_OFFSETS, KDBG_SYMBOLS, KDBG_WIDE_OFFSETS
from kdmp_writer import MACHINE, MASK, PAGE

SPECIAL = {"cr0": 0, "cr2": 8, "cr3": 0x10, "cr4": 0x18}  # of KSPECIAL_REGISTERS, x64; x86 has them 4 bytes wide
SHARED = {"x86": 0xFFDF0000}
UNLOADED = 50  # entries of MmUnloadedDrivers
KDBG_SIZE = {10: 0x380, 6: 0x340}


class KernelParts:
    """Needs: dump, facts, layouts, modules, symbols, processes, threads, cpus, put, read, variable, string, room."""

    def finish(self):
        self.space = self.root
        if not self.dump.modules:
            self.facts["cpus"] = 0
        for m in self.dump.modules:
            self.put_image(m)
        if self.dump.modules:
            self.put_modules()
            self.put_unloaded()
            self.put_tasks()
            self.put_processors()
            self.put_facts()
        self.put_shared()
        if self.dump.modules and self.kdbg is not None:
            self.put_kdbg()
        for space, va, data in self.writes:
            self.space = space
            self.put(va, data)
        self.space = self.root
        self.put_ptes()
        self.root.tables.self_map(self.slot)
        for s in self.kernel_spaces:
            s.tables.share(self.root.tables, self.slot)
            s.tables.self_map(self.slot)
        self.put_header()
        if self.triage:
            self.put_copies()
        return self.dump

    def put_fields(self, kind, va, values, listed=False):
        for path, value in values.items():
            if value is None or not self.layouts.has(kind, path):
                continue
            off, n = self.layouts.field(kind, path)
            data = value if isinstance(value, bytes) else (value & (1 << 8 * n) - 1).to_bytes(n, "little")
            self.put(va + off, data, listed)

    def put_list(self, head, entries, listed=False):
        """A LIST_ENTRY ring."""
        ring = [head, *entries]
        for i, at in enumerate(ring):
            self.put(at, self.dump.pointer(ring[(i + 1) % len(ring)]) + self.dump.pointer(ring[i - 1]), listed)

    # ---- modules
    def put_image(self, m):
        image = m["image"]
        if m["nomem"] or image is None:
            return
        image.entry = m["entry"] - m["base"] if m["entry"] else 0
        image.finish()
        for va, data in image.ranges():
            self.put(va, bytes(data), self.triage and m["mapped"])
        if m is self.nt() and image.codeview:  # scanners look for it in the first megabytes only
            self.put(m["base"] + 0xF00, image.codeview, False)

    def put_modules(self):
        wide, entries = self.ptr == 8, []
        size = 0xA0 if wide else 0x78
        for m in self.dump.modules:
            at = self.room(size)
            body = bytearray(size)
            full, base = self.string(m["path"]), self.string(m["path"].rsplit("\\", 1)[-1])
            p = self.dump.pointer
            body[3 * 2 * self.ptr:5 * 2 * self.ptr] = p(m["base"]) + p(m["entry"]) + struct.pack("<I", m["size"]).ljust(
                self.ptr, b"\0") + bytes(self.ptr)
            name = 0x48 if wide else 0x24
            body[name:name + 4 * self.ptr] = full + base
            struct.pack_into("<I", body, 0x78 if wide else 0x40, m["checksum"])
            struct.pack_into("<I", body, 0x9C if wide else 0x44, m["time"])
            self.put(at, bytes(body), False)
            entries.append(at)
        self.put_list(self.variable("PsLoadedModuleList"), entries)

    def put_unloaded(self):
        if not self.dump.unloaded:
            return
        stride = 4 * self.ptr + 8
        table = self.room(stride * UNLOADED)
        self.put(table, bytes(stride * UNLOADED), False)
        for i, (name, start, end) in enumerate(self.dump.unloaded[:UNLOADED]):
            at = table + i * stride
            self.put(at, self.string(name) + self.dump.pointer(start) + self.dump.pointer(end) + struct.pack(
                "<Q", self.facts["time"]), False)
        for name, value in (("MmUnloadedDrivers", table), ("MmLastUnloadedDriver", len(self.dump.unloaded))):
            va = self.variable(name)
            if va is not None:
                self.put(va, self.dump.pointer(value)[:8 if name == "MmUnloadedDrivers" else 4], False)

    # ---- processes and threads
    def put_tasks(self):
        links = self.layouts.field("_EPROCESS", "ActiveProcessLinks")[0]
        for p in self.processes:
            at, mine = p["at"], [t for t in self.threads if t["owner"] is p]
            self.put(at, bytes(self.layouts.size("_EPROCESS")), False)
            self.put_fields("_EPROCESS", at, {
                "Pcb.Header.Type": 3, "Pcb.DirectoryTableBase": p.get("dtb", self.root.tables.root),
                "UniqueProcessId": p["pid"], "InheritedFromUniqueProcessId": p.get("parent", 0),
                "Peb": p.get("peb", 0), "CreateTime": p.get("create", self.facts["time"]),
                "ImageFileName": p["name"].encode("latin-1")[:14].ljust(15, b"\0"), "ActiveThreads": len(mine)})
            for kind, path in (("ThreadListHead", "ThreadListEntry"), ("Pcb.ThreadListHead", "Tcb.ThreadListEntry")):
                head, entry = self.layouts.field("_EPROCESS", kind)[0], self.layouts.field("_ETHREAD", path)[0]
                for t in mine:
                    self.page_of(t["at"])
                self.put_list(at + head, [t["at"] + entry for t in mine])
        self.put_list(self.variable("PsActiveProcessHead"), [p["at"] + links for p in self.processes])
        for t in self.threads:
            self.put_thread(t)

    def put_thread(self, t):
        low, high = t.get("stack", (0, 0))
        owner = t["owner"]
        self.put_fields("_ETHREAD", t["at"], {
            "Tcb.Header.Type": 6, "Tcb.ApcState.Process": owner["at"], "Tcb.Process": owner["at"],
            "Cid.UniqueProcess": owner["pid"], "Cid.UniqueThread": t["tid"], "Tcb.StackBase": high,
            "Tcb.StackLimit": low, "Tcb.InitialStack": high, "Tcb.KernelStack": t.get("kernelstack", 0),
            "Tcb.Teb": t.get("teb", 0), "Tcb.State": t.get("state", 5), "Tcb.WaitReason": t.get("reason", 0),
            "StartAddress": t.get("start", 0), "Win32StartAddress": t.get("start", 0),
            "Tcb.TrapFrame": t.get("trapframe", 0)})

    # ---- processors
    def put_processors(self):
        listed = self.dump.kind == "triage"
        block, size = self.variable("KiProcessorBlock"), self.layouts.size("_KPRCB")
        where, room = self.layouts.field("_KPRCB", "ProcessorState.SpecialRegisters")
        for i in range(self.facts["cpus"]):
            if f"prcb:{i}" not in self.symbols:
                break
            pcr, prcb, c = self.symbols[f"pcr:{i}"], self.symbols[f"prcb:{i}"], self.cpus.get(i, {"regs": {}})
            self.put(pcr, bytes(prcb - pcr), False)
            self.put_fields("_KPCR", pcr, {"Self": pcr, "SelfPcr": pcr, "CurrentPrcb": prcb, "Prcb": prcb if
                                           self.ptr == 4 else None})
            self.put(prcb, bytes(size), listed)
            if block is not None:
                self.put(block + i * self.ptr, self.dump.pointer(prcb), listed)
            thread = self.symbols.get(f"thread:{c.get('thread', 0):x}", 0)
            special = bytearray(room)
            regs = dict({"cr0": 0x80050033, "cr3": self.root.tables.root, "cr4": 0x6F8 if self.dump.machine != "la57"
                         else 0x16F8}, **{k: v for k, v in c["regs"].items() if k in SPECIAL})
            if self.arch != "arm64":
                for name, value in regs.items():
                    at = SPECIAL[name] * self.ptr // 8
                    special[at:at + self.ptr] = self.dump.pointer(value)
            fields = {"Number": i, "CurrentThread": thread, "IdleThread": thread, "MHz": 2400,
                      "ProcessorState.SpecialRegisters": bytes(special)}
            if "nocontext" not in c and c["regs"]:
                data = self.context(c["regs"])
                at = self.room(len(data), 16)
                self.put(at, data, listed)
                fields["Context"] = at
                c["context"] = data
            self.put_fields("_KPRCB", prcb, fields, listed)

    # ---- facts that lie in variables and shared memory
    def put_facts(self):
        if self.facts["lab"]:
            self.put(self.variable("NtBuildLab"), self.facts["lab"].encode() + b"\0", self.dump.kind == "triage")
        self.put(self.variable("NtBuildNumber"), struct.pack("<I", 0xF0000000 | self.facts["build"]), False)
        self.put(self.variable("KeNumberProcessors"), struct.pack("<I", self.facts["cpus"]), False)
        codes = [self.dump.bugcheck or 0, *(self.dump.params or ())]
        self.put(self.variable("KiBugCheckData"), b"".join(self.dump.pointer(x) for x in codes), False)
        self.put(self.variable("CmNtCSDVersion"), bytes(4), False)
        version = struct.pack("<HHBBHH", 15, self.facts["build"], 6, 2, 0x47, MACHINE[self.dump.machine])
        version += bytes(4) + struct.pack("<QQQ", *(x & MASK for x in (
            self.nt()["base"], self.variable("PsLoadedModuleList"), 0)))
        self.put(self.variable("KdVersionBlock"), version, False)

    def put_shared(self):
        """KUSER_SHARED_DATA (public ntddk.h)."""
        va, (major, minor), t = SHARED.get(self.arch, 0xFFFFF78000000000), self.facts["os"], self.facts["time"]
        low, high = t & 0xFFFFFFFF, t >> 32
        self.put(va + 8, struct.pack("<III", self.facts["uptime"] & 0xFFFFFFFF, *(self.facts["uptime"] >> 32,) * 2), False)
        self.put(va + 0x14, struct.pack("<III", low, high, high), False)
        self.put(va + 0x30, "C:\\Windows".encode("utf-16le"), False)
        self.put(va + 0x260, struct.pack("<IIBBxxII", self.facts["build"], self.dump.header.get("product", 1), 1, 0,
                                         major, minor), False)

    # ---- the debugger data block
    def put_kdbg(self):
        build, out = self.facts["build"], bytearray(0x3A0)
        size = 0x3A0 if build >= 26100 else 0x380 if build >= 10240 else 0x340

        def word(off, value, n):
            if off + n <= size:
                out[off:off + n] = (value & (1 << 8 * n) - 1).to_bytes(n, "little")

        def wide(va):  # 32-bit systems store sign-extended addresses
            return va | 0xFFFFFFFF00000000 if self.ptr == 4 and va >> 31 else va

        at = self.variable("KdDebuggerDataBlock")
        word(0, wide(at), 8)
        word(8, wide(at), 8)
        out[0x10:0x18] = b"KDBG" + struct.pack("<I", size)
        word(0x18, wide(self.nt()["base"]), 8)
        word(0x36, self.dump.machine == "x86pae", 2)
        word(0x138, PAGE, 8)
        for off, name in KDBG_SYMBOLS.items():
            va = self.variable(name)
            word(off, wide(va) if va is not None else 0, 8)
        for table, n in ((KDBG_OFFSETS, 2), (KDBG_WIDE_OFFSETS, 4)):
            for off, (kind, path) in table.items():
                word(off, self.kdbg_offset(kind, path), n)
        if build >= 10240:
            word(0x358, {"x64": 0x50, "arm64": 0x10}.get(self.arch, 0), 2)  # of a KDPC_STACK_FRAME
        word(0x360, self.pte_base(), 8)
        for name, value in self.kdbg.items():
            off, n = KDBG_NAMED[name] if name in KDBG_NAMED else next(
                ((o, 8) for o, s in KDBG_SYMBOLS.items() if s == name), (int(name, 16) if name[:1].isdigit() else None, 8))
            word(off, value, n)
        self.dump.debugger = bytes(out[:size])
        data = self.dump.debugger
        if self.encoded and not self.triage:
            data = self.encode(data)
        self.put(at, data, False)

    def kdbg_offset(self, kind, path):
        if path is None:
            return self.layouts.size(kind)
        if path == "PrcbOffset":
            return self.layouts.field("_KPCR", "PrcbData" if self.ptr == 4 else "Prcb")[0]
        if path == "Self" and self.ptr == 4:
            path = "SelfPcr"
        return self.layouts.field(kind, path)[0] if self.layouts.has(kind, path) else 0

    def pte_base(self):
        if self.ptr == 4:
            return 0xFFFFFFFFC0000000
        shift = 48 if self.dump.machine == "la57" else 39
        va = self.slot << shift
        return va | (MASK << shift + 9 & MASK if self.slot & 0x100 else 0)

    def encode(self, data):
        """As kernels since Windows 8 keep the block: the inverse of what debuggers do."""
        never, always = self.encoded
        flag, n, out = self.variable("KdpDataBlockEncoded"), never & 63, b""
        for (x,) in struct.iter_unpack("<Q", data):
            x = int.from_bytes((x ^ always).to_bytes(8, "big"), "little") ^ flag
            x = (x >> n | x << 64 - n) & MASK
            out += struct.pack("<Q", x ^ never)
        for name, value in (("KiWaitNever", never), ("KiWaitAlways", always), ("KdpDataBlockEncoded", 1)):
            self.put(self.variable(name), self.dump.pointer(value), False)
        return out

    # ---- page table entries that are not valid
    def put_ptes(self):
        for space, va, form, values, level in self.ptes:
            tables = space.tables
            level = len(tables.shifts) - 1 if level is None else level
            at = tables.place(va, level)
            old = self.dump.phys.word(at, tables.entry)
            self.dump.phys.put(at, self.soft(form, values, old, tables.entry).to_bytes(tables.entry, "little"))

    def soft(self, form, values, old, n):
        """_MMPTE_SOFTWARE, _MMPTE_TRANSITION, _MMPTE_PROTOTYPE of public symbols."""
        x86, plain = n == 4, 1 << 4 if self.ptr == 8 else 0
        protect = (values[-1] if values and form == "demandzero" else 4) << 5
        if form == "raw":
            return values[0]
        if form == "empty":
            return 0
        if form == "transition":
            return old & (0xFFFFF000 if x86 else 0xFFFFFFFFF000) | 0x800 | protect | plain
        if form == "demandzero":
            return protect
        if form == "pagefile":
            file, page = values[:2]
            if self.ptr == 8:
                return page << 32 | file << 12 | protect | plain
            return page << (12 if x86 else 32) | file << 1 | protect
        if form == "protovad":
            return 0xFFFFFFFF00000400 | protect
        if form == "proto":
            if self.ptr == 8:
                return (values[0] & 0xFFFFFFFFFFFF) << 16 | 0x400 | protect
            if not x86:
                return values[0] << 32 | 0x400
            return (values[0] & 0x7FFFFC00) << 1 | (values[0] & 0x3FF) >> 1 | 0x400
        raise ValueError(f"unknown form {form!r} of an entry")

    # ---- the header, and a triage dump's copies
    def put_header(self):
        d, h, f = self.dump, self.dump.header, self.facts
        for name, value in (("build", f["build"]), ("dtb", self.root.tables.root), ("cpus", f["cpus"])):
            h.setdefault(name, value)
        if f["time"]:
            h.setdefault("time", f["time"])
        if f["uptime"]:
            h.setdefault("uptime", f["uptime"])
        h.setdefault("product", 1)
        h.setdefault("suite", 0x110)
        if d.modules:
            h.setdefault("modules", self.variable("PsLoadedModuleList"))
            h.setdefault("processes", self.variable("PsActiveProcessHead"))
            h.setdefault("debugger", self.variable("KdDebuggerDataBlock"))
        c = self.cpus.get(self.crash, {})
        if c.get("regs"):
            d.context = c.get("context") or self.context(c["regs"])

    def read(self, va, n):
        out = b""
        while n:
            page = self.root.tables.translate(va)
            k = min(n, PAGE - va % PAGE)
            if not page:
                return out
            out += bytes(self.dump.phys.page(page[0] // PAGE)[va % PAGE:va % PAGE + k])
            va, n = va + k, n - k
        return out

    def put_copies(self):
        d, c = self.dump, self.cpus.get(self.crash, {})
        if f"prcb:{self.crash}" in self.symbols:
            d.prcb = self.read(self.symbols[f"prcb:{self.crash}"], self.layouts.size("_KPRCB"))
        t = next((t for t in self.threads if t["tid"] == c.get("thread")), None)
        if t:
            d.thread = self.read(t["at"], self.layouts.size("_ETHREAD"))
            d.process = self.read(t["owner"]["at"], self.layouts.size("_EPROCESS"))

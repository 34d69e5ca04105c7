#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a kernel dump from a recipe of a few lines, for tests.

    mk_kdump.py RECIPE OUT.dmp        RECIPE: a file, or - for stdin

From Python: `mk_kdump.recipe(text)` returns a kdmp_writer.Kdump; `.write()` gives the bytes, `.save(path)` a sparse file.

THE RECIPE. Words, numbers, text, comments and DATA are those of mk_minidump.py. The first statement is
`kdump MACHINE KIND`. MACHINE: x64, la57 (x64 with five levels), arm64, x86 (two levels), x86pae. KIND:
    full            the pages of runs                      ranges8 ranges9 rangesa    as a debugger's .dump /k /ka /f
    bitmap fdmp     kernel pages; all pages                live             bitmap, bug check 161 by default
    summary         32-bit bitmap of old kernels           header           no memory
    triage          small dump made from the page file     triage-kernel    small dump that the kernel wrote itself
ADDR is a number, NAME or NAME+NUM, where NAME is a symbol, MODULE, MODULE!EXPORT, MODULE!SYMBOL, process:IMAGE,
thread:TID, prcb:CPU or pcr:CPU; what stands further up only. Memory is given by virtual address and
becomes pages and page tables, or data blocks in triage dumps; what is not mapped yet is mapped as it is written.

    use NAME                     the lines of tests/make/recipes/NAME.txt
    build N                      19041, 26100 ...             os MAJOR.MINOR           of KUSER_SHARED_DATA; 10.0
    lab TEXT                     NtBuildLab                   time TIME ; uptime SECONDS (decimal, with a fraction)
    isf FILE                     layouts and nt's symbols from an ISF file ($CORPUS is the corpus)
    header [major N] [type N] [dtb N] [fields N] [secondary N] [product N] [suite N] [writer N] [attributes N]
           [bootid N] [required N] [pae N] [cpus N] [modules ADDR] [processes ADDR] [debugger ADDR] [comment TEXT]
    field OFFSET HEX...          bytes laid over the finished file
    bugcheck CODE [P1 P2 P3 P4]
    exception CODE ADDR [PARAM...]                            the header's exception record
    cpus N                       processors; before the first cpu. 1
    cpu N [thread TID] [nocontext] [reg value]...             registers when it stopped; cr0 cr2 cr3 cr4 too
    crash N                      the processor that bugchecked: its registers go into the header. 0
    module BASE NAME ...         as in mk_minidump; path defaults to \\SystemRoot\\system32\\...; nomem, [entry RVA].
                                 The first one is the kernel, and must stand before what needs nt's variables
    function, code               as in mk_minidump
    nt NAME [VALUE]              puts a variable's 8 bytes: `nt MmPteBase fffff68000000000`
    symbol NAME ADDR             a name for ADDRs, and of a kernel variable
    unloaded NAME START END
    process NAME PID [parent PID] [dtb PA] [space] [peb ADDR] [at ADDR] [create TIME]
                                 the first one is System. space: page tables of its own
    thread TID process NAME [at ADDR] [teb ADDR] [state N] [reason N] [stack LOW-HIGH] [kernelstack ADDR]
           [start ADDR] [trapframe ADDR]
    in NAME                      from here on memory is that of this process' space; `in System` goes back
    map ADDR [pa N] [size N] [large] [huge] [ro] [nx] [user] [global] [copy] [wt] [nc] [clean] [absent] [file PATH]
                                 absent: mapped, but not in the dump
    pte ADDR FORM [level N]      transition, demandzero [PROTECTION], pagefile FILE PAGE, proto ADDR, protovad, empty,
                                 raw N. The entry of a page, or of a table with level (0: root). transition keeps the page
    memory ADDR: DATA            stack ADDR: DATA (a triage dump's stack begins here)
    phys PA: DATA                ram PFN COUNT (pages of zeros; takes no space in the file saved)
    trapframe ADDR [reg value]...     _KTRAP_FRAME; also errcode, cr2
    contextrecord ADDR [reg value]... CONTEXT                 exceptionrecord ADDR CODE ADDR [PARAM...]
    struct TYPE ADDR [field value]... by the ISF's layout; text in quotes for arrays of characters
    kdbg [none] [encoded NEVER ALWAYS] [NAME value]...        KDDEBUGGER_DATA64 is made by itself; this changes it
    datapage ADDR: DATA          broken NAME                  of a triage dump
    blob GUID HEX...             secondary data
    ptebase N                    slot of the self map in the root table. 1ed (x64, arm64), 300 (x86)

    kdump x64 bitmap
    build 19041 ; bugcheck d1 0 2 8 fffff80012345678 ; cpus 2
    module fffff80000000000 ntoskrnl.exe size 1046000 time 5f000001
    process System 4 ; thread 8 process System stack fffff80aa0000000-fffff80aa0006000
    cpu 0 thread 8 rip nt+1000 rsp fffff80aa0005000
    stack fffff80aa0005000: nt+2345 zero 18 nt+3456
"""
import argparse
import os
import pathlib
import re
import struct
import sys

import mdmp_writer
import mk_minidump
import mk_pe
from kdmp_kernel import SPECIAL, KernelParts
from kdmp_layouts import GLOBALS, TRAP, TRAP_SIZE, Layouts
from kdmp_writer import MACHINE, MASK, PAGE, TYPE, ForgeError, Kdump, Tables
from mk_minidump import RecipeError, filetime, guid, number, span

RECIPES = pathlib.Path(__file__).resolve().parent / "recipes"
LARGE = {"x86": (1 << 22, 1 << 22), "x86pae": (1 << 21, 1 << 21)}
SELF_MAP = {"x86": 0x300, "x86pae": 0x300}
POOL = {"x86": 0x88000000, "arm64": 0xFFFFE00000010000, "x64": 0xFFFFE00000010000}


class Space:
    def __init__(self, tables):
        self.tables = tables


class KernelRecipe(KernelParts, mk_minidump.Recipe):
    INHERITED = ("function", "code")

    def __init__(self, machine, kind):
        self.dump = Kdump(machine, kind)
        self.modules, self.symbols = {}, {}
        self.arch, self.ptr, self.triage = self.dump.arch, self.dump.ptr, kind.startswith("triage")
        self.layouts = Layouts(self.arch)
        self.root = Space(Tables(machine, self.dump.phys))
        self.space, self.spaces = self.root, {"System": self.root}
        self.kernel_spaces = []
        self.pool, self.slot = POOL[self.arch], SELF_MAP.get(machine, 0x1ED)
        self.processes, self.threads, self.cpus, self.crash = [], [], {}, 0
        self.ptes, self.absent = [], []
        self.facts = {"build": 19041 if self.arch == "x64" else 22000 if self.arch == "arm64" else 7601,
                      "os": (10, 0) if self.ptr == 8 else (6, 1), "lab": None, "time": 0, "uptime": 0, "cpus": 1}
        self.kdbg, self.encoded, self.writes = {}, None, []
        if kind == "live":
            self.dump.bugcheck = 0x161

    # ---- memory
    def page_of(self, va):
        """The physical page of va in the current space, mapped now if it was not."""
        found = self.space.tables.translate(va)
        if found:
            return found[0] & ~(PAGE - 1)
        pa = self.dump.phys.frame() * PAGE
        self.space.tables.map(va & ~(PAGE - 1), pa)
        return pa

    def put(self, va, data, listed=True):
        """listed: a triage dump has it too."""
        if listed:
            self.dump.blocks.append((va, bytes(data)))
        done = 0
        while done < len(data):
            at = (va + done) & (MASK if self.ptr == 8 else 0xFFFFFFFF)
            n = min(PAGE - at % PAGE, len(data) - done)
            self.dump.phys.put(self.page_of(at) + at % PAGE, data[done:done + n])
            done += n

    def put_pointer(self, va, value, listed=True):
        self.put(va, self.dump.pointer(value), listed)

    def room(self, size, align=0x40):
        va = self.pool + -self.pool % align
        self.pool = va + size
        return va

    def string(self, text):
        """UNICODE_STRING bytes; the characters go into memory."""
        data = text.encode("utf-16le")
        at = self.room(len(data) + 2)
        self.put(at, data + b"\0\0", False)
        return struct.pack("<HH", len(data), len(data) + 2).ljust(self.ptr, b"\0") + self.dump.pointer(at)

    # ---- names
    def nt(self):
        if not self.dump.modules:
            raise RecipeError("no module: the kernel must come first")
        return self.dump.modules[0]

    def variable(self, name):
        """The address of a kernel variable; None when there is none."""
        if name in self.symbols:
            return self.symbols[name]
        rva = self.layouts.symbol(name)
        if rva is None and not self.layouts.isf:
            at = 0x3000
            for known, size in GLOBALS:
                if known == name:
                    rva = at
                at += size + -size % 16
        return None if rva is None or not self.dump.modules else self.nt()["base"] + rva

    def addr(self, word):
        name, plus, off = word.partition("+")
        if name in self.symbols:
            return self.symbols[name] + (number(off) if plus else 0)
        m = re.fullmatch(r"nt!(\w+)", name)
        if m:
            va = self.variable(m[1])
            if va is None:
                raise RecipeError(f"nt has no symbol {m[1]!r} here")
            return va + (number(off) if plus else 0)
        if name.lower() in self.modules and not re.fullmatch(r"[0-9a-fA-F]+", name):
            return self.modules[name.lower()]["base"] + (number(off) if plus else 0)
        if ":" in name or not re.match(r"[-0-9a-fA-F]", name):
            if "!" not in name:
                raise RecipeError(f"no name {name!r} above this line")
        return super().addr(word)

    def is_register(self, word):
        return super().is_register(word) or word.lower() in SPECIAL

    # ---- statements
    def do_build(self, w):
        self.facts["build"] = int(w.next())
        if not self.layouts.isf:
            self.layouts = Layouts(self.arch, build=self.facts["build"])

    def do_os(self, w):
        self.facts["os"] = tuple(int(x) for x in w.next().split("."))

    def do_lab(self, w):
        self.facts["lab"] = w.next()

    def do_time(self, w):
        self.facts["time"] = filetime(w.next())

    def do_uptime(self, w):
        self.facts["uptime"] = round(float(w.next()) * 10000000)

    def do_isf(self, w):
        path = w.next().replace("$CORPUS", os.environ.get("DS_CORPUS", "$CORPUS"))
        if not pathlib.Path(path).is_file():
            raise RecipeError(f"no file {path}")
        self.layouts = Layouts(self.arch, path)

    def do_header(self, w):
        keys = dict.fromkeys("major type dtb fields secondary product suite writer attributes bootid required pae "
                             "cpus".split(), number)
        keys.update(dict.fromkeys(("modules", "processes", "debugger"), self.addr), comment=str)
        self.dump.header.update(self.pairs(w, keys))

    def do_field(self, w):
        at = number(w.next())
        self.dump.fields[at] = bytes.fromhex("".join(w.take_while(lambda _: True)))

    def do_bugcheck(self, w):
        self.dump.bugcheck = number(w.next())
        params = [self.addr(x) for x in w.take_while(lambda _: True)]
        self.dump.params = (params + [0] * 4)[:4]

    def record(self, w):
        code, at = number(w.next()), self.addr(w.next())
        info = [self.addr(x) for x in w.take_while(lambda _: True)]
        if self.ptr == 8:
            return struct.pack("<IIQQII15Q", code, 0, 0, at, len(info), 0, *(info + [0] * 15)[:15])
        return struct.pack("<5I15I", code, 0, 0, at, len(info), *(info + [0] * 15)[:15])

    def do_exception(self, w):
        self.dump.exception = self.record(w)

    def do_cpus(self, w):
        self.facts["cpus"] = number(w.next())
        for i in range(self.facts["cpus"]):
            prcb, size = self.layouts.field("_KPCR", "PrcbData" if self.ptr == 4 else "Prcb")
            pcr = self.room(max(self.layouts.size("_KPCR"), prcb + self.layouts.size("_KPRCB")), PAGE)
            self.symbols[f"pcr:{i}"], self.symbols[f"prcb:{i}"] = pcr, pcr + prcb

    def do_cpu(self, w):
        n, regs = number(w.next()), {}
        c = self.pairs(w, {"thread": number, "nocontext": True}, regs)
        self.cpus[n] = dict(c, regs=regs)

    def do_crash(self, w):
        self.crash = number(w.next())

    def do_module(self, w):
        rest = mk_minidump.Words(list(w.words[w.at:]))
        entry = 0
        if "entry" in rest.words:
            i = rest.words.index("entry")
            entry = number(rest.words[i + 1])
            del rest.words[i:i + 2]
        w.at = len(w.words)
        super().do_module(rest)
        m = self.dump.modules[-1]
        m["entry"] = m["base"] + entry if entry else 0
        if m["path"].startswith("C:\\app\\"):
            name = m["path"][7:]
            folder = "system32\\drivers" if name.lower().endswith(".sys") else "system32"
            m["path"] = f"\\SystemRoot\\{folder}\\{name}"
        pdb = self.layouts.pdb()
        if len(self.dump.modules) == 1:
            self.modules.setdefault("nt", m)
            if pdb and not m["codeview"]:
                m["image"].codeview = mk_pe.rsds(pdb["database"], guid(pdb["GUID"]), pdb["age"])

    def do_nt(self, w):
        name = w.next()
        va = self.variable(name)
        if va is None:
            raise RecipeError(f"nt has no symbol {name!r} here")
        self.writes.append((self.space, va, self.dump.pointer(self.addr(w.next()))))

    def do_symbol(self, w):
        name = w.next()
        self.symbols[name] = self.addr(w.next())

    def do_unloaded(self, w):
        self.dump.unloaded.append((w.next(), number(w.next()), number(w.next())))

    def do_process(self, w):
        name = w.next()
        p = {"name": name, "pid": number(w.next())}
        p.update(self.pairs(w, {"parent": number, "dtb": number, "space": True, "peb": self.addr, "at": self.addr,
                                "create": filetime}))
        p["at"] = p.get("at") or self.room(self.layouts.size("_EPROCESS"))
        if "space" in p:
            if "dtb" in p:
                self.dump.phys.page(p["dtb"] // PAGE)
            self.spaces[name] = Space(Tables(self.dump.machine, self.dump.phys, p.get("dtb")))
            self.kernel_spaces.append(self.spaces[name])
            p["dtb"] = self.spaces[name].tables.root
        self.symbols[f"process:{name}"] = p["at"]
        self.processes.append(p)

    def do_thread(self, w):
        tid = number(w.next())
        t = self.pairs(w, {"process": str, "at": self.addr, "teb": self.addr, "state": number, "reason": number,
                           "stack": span, "kernelstack": self.addr, "start": self.addr, "trapframe": self.addr})
        owner = next((p for p in self.processes if p["name"] == t.get("process")), None)
        if not owner:
            raise RecipeError("thread of which process?")
        t.update(tid=tid, owner=owner, at=t.get("at") or self.room(self.layouts.size("_ETHREAD")))
        self.symbols[f"thread:{tid:x}"] = t["at"]
        self.threads.append(t)

    def do_in(self, w):
        name = w.next()
        if name not in self.spaces:
            raise RecipeError(f"no process with a space of its own: {name!r}")
        self.space = self.spaces[name]

    def do_map(self, w):
        va = self.addr(w.next())
        flags = {k: True for k in "large huge ro nx user global copy wt nc clean absent".split()}
        p = self.pairs(w, dict(flags, pa=number, size=number, file=str))
        data = pathlib.Path(p["file"]).read_bytes() if "file" in p else b""
        big = LARGE.get(self.dump.machine, (1 << 21, 1 << 30))
        unit = big["huge" in p] if "huge" in p or "large" in p else PAGE
        size = p.get("size", max(len(data), unit))
        pa = p.get("pa")
        for i in range(0, max(size, 1), unit):
            at = pa + i if pa is not None else self.dump.phys.frame() * PAGE
            if unit != PAGE and pa is None:
                raise RecipeError("a large page needs pa")
            self.space.tables.map(va + i, at, p, unit)
            if "absent" in p:
                self.dump.phys.absent.update(range(at // PAGE, (at + unit) // PAGE))
            elif unit == PAGE:
                self.dump.phys.page(at // PAGE)
        if data:
            self.put(va, data)

    def do_pte(self, w):
        va, form = self.addr(w.next()), w.next()
        values = [self.addr(x) for x in w.take_while(lambda x: x != "level")]
        level = None
        if w.more():
            w.next()
            level = number(w.next())
        self.ptes.append((self.space, va, form, values, level))

    def do_memory(self, w):
        va = self.addr(w.next().rstrip(":"))
        self.writes.append((self.space, va, self.data(w, va)))

    def do_stack(self, w):
        va = self.addr(w.next().rstrip(":"))
        data = self.data(w, va)
        self.dump.stack = (va, data)
        self.writes.append((self.space, va, data))

    def do_phys(self, w):
        pa = number(w.next().rstrip(":"))
        self.dump.phys.put(pa, self.data(w, pa))

    def do_ram(self, w):
        self.dump.phys.zero.append((number(w.next()), number(w.next())))

    def do_trapframe(self, w):
        va = self.addr(w.next())
        out = bytearray(TRAP_SIZE[self.arch])
        default = {"cs": 0x10, "ss": 0x18, "efl": 0x246, "mxcsr": 0x1F80}
        if self.arch == "x86":
            default = {"cs": 8, "ds": 0x23, "es": 0x23, "fs": 0x30, "efl": 0x246}
        regs = {k: v for k, v in default.items() if k in TRAP[self.arch]}
        while w.more():
            key = w.next().lower()
            if key not in TRAP[self.arch]:
                raise RecipeError(f"a trap frame has no {key!r}")
            regs[key] = self.addr(w.next())
        for key, value in regs.items():
            at, n = TRAP[self.arch][key]
            out[at:at + n] = (value & (1 << 8 * n) - 1).to_bytes(n, "little")
        self.writes.append((self.space, va, bytes(out)))

    def context(self, regs):
        kernel = {"x64": {"cs": 0x10, "ds": 0x2B, "ss": 0x18}, "x86": {"cs": 8, "ds": 0x23, "es": 0x23, "fs": 0x30,
                                                                         "ss": 0x10, "gs": 0}}.get(self.arch, {})
        out = bytearray(mdmp_writer.context(self.arch, dict(kernel, **{k: v for k, v in regs.items()
                                                                       if k not in SPECIAL})))
        if self.arch == "x64":
            out[0x118:0x11C] = out[0x34:0x38]  # FltSave has MxCsr once more
        return bytes(out)

    def do_contextrecord(self, w):
        va, regs = self.addr(w.next()), {}
        self.pairs(w, {}, regs)
        self.writes.append((self.space, va, self.context(regs)))

    def do_exceptionrecord(self, w):
        va = self.addr(w.next())
        self.writes.append((self.space, va, self.record(w)))

    def do_struct(self, w):
        kind, va = w.next(), self.addr(w.next())
        while w.more():
            path = w.next()
            off, n = self.layouts.field(kind, path)
            quoted, word = isinstance(w.peek(), mk_minidump.Quoted), w.next()
            value = word.encode("latin-1")[:n].ljust(n, b"\0") if quoted else (
                self.addr(word) & (1 << 8 * n) - 1).to_bytes(n, "little")
            self.writes.append((self.space, va + off, value))

    def do_kdbg(self, w):
        while w.more():
            word = w.next()
            if word == "none":
                self.kdbg = None
            elif word == "encoded":
                self.encoded = (number(w.next()), number(w.next()))
            else:
                self.kdbg[word] = self.addr(w.next())

    def do_datapage(self, w):
        va = self.addr(w.next().rstrip(":"))
        self.dump.data_page = (va, self.data(w, va))

    def do_broken(self, w):
        self.dump.broken = w.next()

    def do_blob(self, w):
        self.dump.blobs.append((guid(w.next()), bytes.fromhex("".join(w.take_while(lambda _: True)))))

    def do_ptebase(self, w):
        self.slot = number(w.next())


def statements(text):
    """Those of a recipe, with the files it uses in place of `use`; the line is that of the recipe."""
    for line, words in mk_minidump.statements(text):
        if words[0] != "use" or len(words) != 2:
            yield line, words
            continue
        path = RECIPES / (words[1] + ".txt")
        if not path.is_file():
            raise RecipeError(f"line {line}: use: no file {path.name}")
        for _, inner in mk_minidump.statements(path.read_text(encoding="utf-8")):
            yield line, inner


def recipe(text):
    """A recipe's text -> Kdump. Raises RecipeError, with the line's number."""
    maker = None
    for line, words in statements(text):
        if maker is None and words[0] == "DUMP":
            words = words[1:]
        w = mk_minidump.Words(words)
        verb = w.next()
        try:
            if maker is None:
                if verb != "kdump" or w.next() not in MACHINE or w.next() not in TYPE:
                    raise RecipeError("a recipe begins with: kdump x64|la57|arm64|x86|x86pae KIND")
                maker = KernelRecipe(words[1], words[2])
                continue
            name = "do_" + verb
            if name not in KernelRecipe.__dict__ and verb not in KernelRecipe.INHERITED:
                raise RecipeError(f"unknown statement {verb!r}")
            getattr(maker, name)(w)
            if w.more():
                raise RecipeError(f"unexpected {w.peek()!r}")
        except (RecipeError, ForgeError, mk_pe.PeError, ValueError, KeyError, struct.error) as e:
            raise RecipeError(f"line {line}: {verb}: {e}") from e
    if maker is None:
        raise RecipeError("the recipe is empty")
    try:
        return maker.finish()
    except (ForgeError, mk_pe.PeError, ValueError, KeyError, struct.error) as e:
        raise RecipeError(f"at the end: {e}") from e


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("recipe")
    ap.add_argument("output")
    a = ap.parse_args()
    try:
        with (sys.stdin if a.recipe == "-" else open(a.recipe, encoding="utf-8")) as f:
            dump = recipe(f.read())
        dump.save(a.output)
    except (RecipeError, ForgeError) as e:
        sys.exit(f"{a.recipe}: {e}")


if __name__ == "__main__":
    main()

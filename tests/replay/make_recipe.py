# SPDX-License-Identifier: Apache-2.0
"""From what WinDbg printed of a crash to a machine that crashed so: a recipe of mk_kdump.py, and symbols.

Only facts of the machine are taken: registers, memory (return addresses and the words behind them), modules, where
functions begin and what they are called, the bug check's code and parameters, processes. Where the text is silent a
fact is invented, and says so here: the place of nt!KeBugCheckEx, bases of modules without an address, thread ids. The
distances of the stack pointers become unwind data of the forged images. Functions of nt that
keep a machine frame are facts of nt's own unwind data: MACHINE_FRAMES."""
import dataclasses
import re

from golden_text import Analysis, Frame, instruction, registers

PAGE = 0x1000
USER = 0x800000000000
CALL = 5
FAR = 0x10000       # further from its function's start than this: a cold part with unwind data of its own
LAST_FRAME = 0x28   # of the first function of a thread: nothing shows its size
# name: (where the machine frame's _KTRAP_FRAME begins, from the stack pointer; does the frame have an error code)
MACHINE_FRAMES = {"KiPageFault": (0, True), "KiDpcInterrupt": (0, False), "KiSystemServiceCopyEnd": (0x70, False),
                  "KiSystemServiceExit": (0, False)}
# name: where its bare machine frame lies: it stands on the processor's DPC stack
STACK_SWITCH = {"KxRetireDpcList": 0x28}
TRAP_RIP = 0x168
NAME_AT = 0xFFFFE0000FF00000  # paged pool, where nothing else is
SELF_MAP = 0x1ED  # mk_kdump's slot of the page tables


@dataclasses.dataclass
class Function:
    start: int
    name: str = None
    prologue: str = ""
    spots: list = dataclasses.field(default_factory=list)  # addresses inside: (address, is it behind a call)
    line: tuple = None
    inlines: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Module:
    name: str
    file: str
    base: int = 0
    size: int = 0
    functions: dict = dataclasses.field(default_factory=dict)  # start: Function
    blind: list = dataclasses.field(default_factory=list)      # Functions without a name

    def address(self, rva):
        return self.base + rva


class Machine:
    def __init__(self, known=None):
        self.modules, self.words, self.later, self.code = {}, {}, [], []
        self.known = known or {}  # module: base, where the text says it

    # ---- memory
    def word(self, va, value, sure=True):
        """The 8 bytes at va. A word shown twice with two values is a mistake of the generator."""
        old = self.words.get(va)
        if old is not None and old[0] != value:
            if old[1] and sure:
                raise ValueError(f"{va:x}: {old[0]:x} or {value:x}?")
            if old[1]:
                return
        self.words[va] = (value, sure or bool(old and old[1]))

    # ---- code
    def module(self, name, file=None):
        if name not in self.modules:
            self.modules[name] = Module(name, file or ("ntoskrnl.exe" if name == "nt" else name + ".sys"))
        return self.modules[name]

    def function(self, f, ip):
        """The Function that a frame's site stands in."""
        m = self.module(f.module)
        if f.function is None:
            base = ip - f.offset
            if m.base and m.base != base:
                raise ValueError(f"{f.module} lies at {m.base:x} and at {base:x}")
            m.base = base
            found = next((b for b in m.blind if any(at == ip for at, _ in b.spots)), None)
            if not found:
                found = Function(ip)
                m.blind.append(found)
            return found
        start = ip - f.offset
        found = m.functions.setdefault(start, Function(start, f.function))
        if found.name != f.function:
            raise ValueError(f"{start:x} is {found.name} and {f.function}")
        return found

    # ---- stacks
    def stack(self, rows, ip, called=False):
        """Puts a stack into the machine. ip: of the first row; None: it stands at a function's first instruction.
        Returns the (stack pointer, instruction pointer) of the first row."""
        inlined, real = [], []
        for f in rows:
            if f.inline:
                inlined.append(f)
            else:
                real.append((f, inlined))
                inlined = []
        first = None
        for i, (f, inner) in enumerate(real):
            nxt = real[i + 1][0] if i + 1 < len(real) else None
            if ip is None:
                ip = self.invent(f, nxt)
            first = first or (f.sp, ip)
            if f.module and f.sp < USER:
                raise ValueError(f"{f.text}: code of user mode has no image here")
            if f.module:
                self.place(f, nxt, ip, called, inner)
            ip, called = f.ret, not (f.function in MACHINE_FRAMES or f.function in STACK_SWITCH)
        return first

    def invent(self, f, nxt):
        m = self.module(f.module)
        start = next((x.start for x in m.functions.values() if x.name == f.function), None)
        if start is not None:
            return start
        self.later.append(f)
        f.size = nxt.sp - f.sp - 8 if nxt else None
        return None

    def place(self, f, nxt, ip, called, inner):
        if ip is not None:
            g = self.function(f, ip)
            if (ip, called) not in g.spots:
                g.spots.append((ip, called))
            g.line = g.line or f.source
            g.inlines += [(x.function, ip - x.offset, x.offset + 0x10) for x in reversed(inner)]
            g.prologue = self.prologue(f, nxt)
        self.remember(f, nxt)

    def prologue(self, f, nxt):
        if f.function in STACK_SWITCH:
            return f"mframe; sub rsp,{STACK_SWITCH[f.function]:x}"
        if f.function in MACHINE_FRAMES:
            extra, code = MACHINE_FRAMES[f.function]
            return f"mframe{' 1' if code else '; sub rsp,8'}; push rbp; sub rsp,{0x158 + extra:x}"
        size = nxt.sp - f.sp - 8 if nxt else LAST_FRAME
        if size < 0 or size % 8:
            raise ValueError(f"{f.text}: a frame of {size:x} bytes")
        return f"sub rsp,{size:x}" if size else ""

    def remember(self, f, nxt):
        """The words of memory that a row shows: its return address, and the four behind it."""
        top = nxt.sp if nxt else f.sp + LAST_FRAME + 8
        if f.function in STACK_SWITCH:
            at = f.sp + STACK_SWITCH[f.function]
            for k, value in enumerate((f.ret, 0x10, 0x246, nxt.sp, 0x18)):
                self.word(at + 8 * k, value)
        elif f.function in MACHINE_FRAMES:
            at, user = f.sp + MACHINE_FRAMES[f.function][0] + TRAP_RIP, f.ret < USER
            for k, value in enumerate((f.ret, 0x33 if user else 0x10, 0x246, nxt.sp, 0x2B if user else 0x18)):
                self.word(at + 8 * k, value, False)
        else:
            self.word(top - 8, f.ret)
        if top >= USER:
            for k, value in enumerate(f.args):
                self.word(top + 8 * k, value, False)

    # ---- modules
    def settle(self):
        """Bases, sizes, ends of functions. Functions whose place the text does not say come first in their module."""
        for f in self.later:
            m = self.modules[f.module]
            low = min([*m.functions, *(b.start for b in m.blind)], default=None)
            if low is None:
                raise ValueError(f"{f.text}: no address of {m.name} is known")
            start = (low - 0x400) & -0x100
            size = 0 if f.size is None else f.size
            m.functions[start] = Function(start, f.function, f"sub rsp,{size:x}" if size else "",
                                          [(start + f.offset, bool(f.offset))])
        for m in self.modules.values():
            places = [g.start for g in m.functions.values()] + [b.start for b in m.blind]
            for g in m.functions.values():
                places += [at for at, _ in g.spots]
            grain = 0x200000 if m.name == "nt" else 0x1000
            base = self.known.get(m.name) or m.base or (min(places) - 0x10000) & -grain
            m.base, m.size = base, (max(places) - base + 0x100 + 0xFFF & -PAGE)
        self.apart()

    def apart(self):
        """Room for each image's tables behind its code, up to the next module."""
        order = sorted(self.modules.values(), key=lambda m: m.base)
        for m, nxt in zip(order, [*order[1:], None]):
            need = m.size + 0x8000
            if nxt and m.base + need > nxt.base:
                raise ValueError(f"{m.name} reaches into {nxt.name}")
            m.size = need

    def chunks(self, m):
        """[(begin, end, function, spots, chained)] of a module, in order, none over another."""
        starts = sorted([*m.functions, *(b.start for b in m.blind)])
        rows = []
        for g in [*m.functions.values(), *m.blind]:
            near = []
            for at, called in sorted(g.spots):
                between = any(g.start < s <= at for s in starts if s != g.start)
                (rows.append([at - 0x20, at + 0x28, g, [(at, called)], True]) if g.name and (
                    between or at - g.start >= FAR) else near.append((at, called)))
            # The first instruction of a frame that is no leaf is a label inside a function.
            label = g.prologue and any(at == g.start for at, _ in near)
            begin = g.start - (0 if g.name and not label else 0x30)
            rows.append([begin, max([at for at, _ in near], default=begin) + 0x28, g, near, False])
        rows.sort(key=lambda r: r[0])
        for r, nxt in zip(rows, rows[1:]):
            if r[1] > nxt[0]:
                last = max([at for at, _ in r[3]], default=r[0])
                if nxt[2].name and not nxt[4]:
                    r[1] = nxt[0]
                else:
                    r[1] = nxt[0] = max(last + 0x10, min(r[1], min(at for at, _ in nxt[3]) - 0x18))
        return rows


# The secondary data that these lines of an output tell to be there; what is in it, they do not say.
RECORDERS = {"BLACKBOXBSD": "f57308df-cc45-4e01-ad76-29a4ebb010ec", "BLACKBOXPNP": "b7631941-532a-4cd6-b1b1-edb5917d4557",
             "BLACKBOXWINLOGON": "80cc79cf-a719-4af1-bf97-fe29ff76ebc1"}


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def module_lines(machine, stamp):
    """The statements of the modules, nt first, and what symbols.write needs: {file name: (functions, size)}."""
    out, pdbs = [], {}
    order = sorted(machine.modules.values(), key=lambda m: (m.name != "nt", m.base))
    for m in order:
        pdb = ("ntkrnlmp" if m.name == "nt" else m.name) + ".pdb"
        named = [g for g in m.functions.values()]
        words = f"module {m.base:x} {m.file} size {m.size:x} time {stamp:x}"
        if named:
            words += f" pdb {pdb} 13121110-1514-1716-1819-1a1b1c1d1e1f 1"
        out.append(words)
        rows = []
        for begin, end, g, spots, chained in machine.chunks(m):
            rets = "".join(f" ret {at - m.base:x}" for at, called in spots if called)
            how = f"raw 01000000{rets} chain {g.start - m.base:x}" if chained else quoted(g.prologue) + rets
            out.append(f"function {m.file} {begin - m.base:x}-{end - m.base:x} {how}")
            if g.name and not chained:
                rows.append({"rva": g.start - m.base, "size": end - g.start, "name": g.name, "line": g.line,
                             "inlines": [(n, at - m.base, size) for n, at, size in g.inlines]})
        for at, data in machine.code:
            if m.base <= at < m.base + m.size:
                out.append(f"code {m.file} {at - m.base:x} {data.hex()}")
        if named:
            pdbs[pdb] = (rows, m.size)
    return out, pdbs


def memory_lines(words):
    out, run = [], []
    for va in sorted(words):
        if run and va != run[-1][0] + 8:
            out.append(run)
            run = []
        run.append((va, words[va][0]))
    out += [run] if run else []
    return [f"memory {r[0][0]:x}: q " + " ".join(f"{v:x}" for _, v in r) for r in out]


def register_words(regs):
    return " ".join(f"{k} {v:x}" for k, v in regs.items())


def stack_span(machine, sp):
    """The thread's stack: as the first function of a system thread shows its limits, else pages around sp."""
    for va, (value, _) in machine.words.items():
        low = machine.words.get(va + 8, (0,))[0]
        if low < va < value + PAGE and value % PAGE == 0 and low % PAGE == 0 and value - low in (0x6000, 0x7000, 0x5000):
            return low, value
    near = [va for va in machine.words if abs(va - sp) < 0x10000]
    return (min(near) & -PAGE) - 0x2000, (max(near) & -PAGE) + PAGE


@dataclasses.dataclass
class Replay:
    recipe: str
    pdbs: dict        # file: (functions, size)
    golden: Analysis
    dump: str = "MEMORY.DMP"


def current_thread(a, machine, sp, process):
    low, high = stack_span(machine, sp)
    out = ["process System 4"]
    if process != "System":
        out.append(f"process {process[:14]} 1a2c parent 4")
        out.append(f"memory process:{process[:14]}+5c0: q {NAME_AT:x}")  # SeAuditProcessCreationInfo
        path = f"\\Device\\HarddiskVolume3\\Replay\\{process}"
        n = 2 * len(path)
        out.append(f"memory {NAME_AT:x}: w {n:x} {n + 2:x} d 0 q {NAME_AT + 0x10:x} u {quoted(path)}")
    at = a.get("FAULTING_THREAD")
    where = f" at {at}" if at and re.fullmatch("[0-9a-f]{16}", at) else ""
    out.append(f"thread 1a30 process {process[:14]}{where} stack {low:x}-{high:x}")
    return out


def version(a):
    """(build, NtBuildLab) from OS_VERSION and BUILDLAB_STR."""
    parts = (a.get("OS_VERSION") or a.keys.get("WER.OS.Version") or "10.0.19041.1").split(".")
    branch = a.get("BUILDLAB_STR") or a.keys.get("WER.OS.Branch") or "vb_release"
    return parts[2], f"{parts[2]}.{parts[3]}.amd64fre.{branch}.230101-0000"


def trap(a, machine, out):
    m = re.match(r"^([0-9a-f]{16}) -- ", a.get("TRAP_FRAME", ""))
    if not m:
        return
    regs = registers(a.fields["TRAP_FRAME"])
    keep = {k: v for k, v in regs.items() if k not in ("rbx", "rsi", "rdi") and not re.match(r"r1[2-5]", k)}
    out.append(f"trapframe {m[1]} errcode 0 {register_words(keep)}")
    at = int(m[1], 16) + TRAP_RIP
    for va in range(at, at + 0x28, 8):
        machine.words.pop(va, None)


def contexts(a, machine, out):
    """Registers of CONTEXT, and the record of EXCEPTION_RECORD."""
    if "CONTEXT" in a.fields:
        at = a.get("CONTEXT").split()[0]
        out.append(f"contextrecord {at} {register_words(registers(a.fields['CONTEXT']))}")
    text = "\n".join(a.fields.get("EXCEPTION_RECORD", ()))
    if text:
        code = re.search(r"ExceptionCode: ([0-9a-f]+)", text)[1]
        where = re.search(r"ExceptionAddress: ([0-9a-f]+)", text)[1]
        params = re.findall(r"Parameter\[\d+\]: ([0-9a-f]+)", text)
        out.append(f"exceptionrecord {text.split()[0]} {code} {where} {' '.join(params)}")


def faulting_instruction(a, machine):
    for name in ("TRAP_FRAME", "CONTEXT"):
        found = instruction(a.fields.get(name, ()))
        if found:
            machine.code.append(found)


def crash_stack(article, machine):
    """Puts the stack into the machine; (rsp, rip) when it stopped, rip None: nt!KeBugCheckEx."""
    a = article.analysis
    if "CONTEXT" not in a.fields:
        if not article.rows:
            raise ValueError("no stack")
        return machine.stack(article.rows, None)
    regs = registers(a.fields["CONTEXT"])
    machine.stack(article.rows, regs["rip"])
    machine.later.append(Frame("", module="nt", function="KeBugCheckEx"))
    machine.module("nt")
    sp = regs["rsp"] - 0x2000  # the bug check's own frames stand further down; the text does not show them
    machine.word(sp, 0)
    return sp, None


def head_lines(article, machine):
    a = article.analysis
    build, lab = version(a)
    out = ["kdump x64 bitmap", f"build {build} ; lab {article.lab or lab}",
           f"time {article.time or '2024-01-02T03:04:05'} ; uptime {article.uptime or '54.755'}",
           f"bugcheck {a.code:x} " + " ".join(f"{x:x}" for x in a.args), f"cpus {article.cpus or max(article.cpu + 1, 2)}"]
    if any(va >> 39 & 0x1FF == SELF_MAP for va in machine.words):
        out.append(f"ptebase {SELF_MAP + 1:x}")  # the kernel puts it anywhere
    if a.get("DUMP_FILE_ATTRIBUTES"):
        out.append(f"header attributes {a.get('DUMP_FILE_ATTRIBUTES').removeprefix('0x')}")
    if article.loaded:
        out.append(f"symbol PsLoadedModuleList {article.loaded:x}")
    return out


def worker_routine(a, machine):
    """Bug check 39: the routine is a parameter; nothing else in the article says what its symbol is."""
    m = re.match(r"nt!(.+)\+0$", a.get("SYMBOL_NAME", ""))
    if a.code == 0x39 and m:
        machine.module("nt").functions[a.args[0]] = Function(a.args[0], m[1])


def analysis_recipe(article, before=None):
    """The Replay of an Article. before: gets the Machine before its modules are settled, to put more into it."""
    a, cpu = article.analysis, article.cpu
    machine, tail = Machine({"nt": article.kernel} if article.kernel else None), []
    sp, ip = crash_stack(article, machine)
    faulting_instruction(a, machine)
    worker_routine(a, machine)
    if before:
        before(machine)
    machine.settle()
    if ip is None:
        ip = next(g.start for g in machine.modules["nt"].functions.values() if g.name == "KeBugCheckEx")
    trap(a, machine, tail)
    contexts(a, machine, tail)
    lines, pdbs = module_lines(machine, 0x5F000001)
    if "DPC_STACK_BASE" in a.fields:
        tail.append(f"struct _KPRCB prcb:{cpu} DpcStack {a.get('DPC_STACK_BASE').lower()}")
    tail += [f"blob {tag} 00" for field, tag in RECORDERS.items() if field in a.fields]
    recipe = [*head_lines(article, machine), *lines, *current_thread(a, machine, sp, a.get("PROCESS_NAME", "System")),
              f"cpu {cpu} thread 1a30 rip {ip:x} rsp {sp:x}", f"crash {cpu}", *tail, *memory_lines(machine.words)]
    if article.zone is not None:  # KUSER_SHARED_DATA.TimeZoneBias; the debugger shows its own, which is the same there
        recipe.append(f"memory fffff78000000020: q {-article.zone * 600000000 & (1 << 64) - 1:x}")
    return Replay("\n".join(recipe) + "\n", pdbs, a, a.get("FILE_IN_CAB", "MEMORY.DMP"))

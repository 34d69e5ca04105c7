# SPDX-License-Identifier: Apache-2.0
"""Kernel stacks that a processor made: builds the kernel, the driver and the program of tests/make/drivers with
clang-19 and lld-19, runs them in an emulator (unicorn), and writes what is in memory then as a kernel dump.

The emulator's part is to execute; what a processor does by itself beyond that (pushing a machine frame, changing stacks)
is done here by the Intel SDM, volume 3, chapter 6. The frames of a stack are known without any unwinding: every call
that was executed and every interrupt is written down as it happens.
"""
import pathlib
import re
import struct
import subprocess
import sys

import unicorn as U
from unicorn import x86_const as X

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import mk_kdump  # noqa: E402
from kdmp_layouts import GLOBALS  # noqa: E402

SOURCES = pathlib.Path(__file__).resolve().parent / "drivers"
PAGE = 0x1000
REGS = {n: getattr(X, "UC_X86_REG_" + n.upper()) for n in
        "rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15 rip".split()}
BASES = {"ntoskrnl.exe": 0xFFFFF80000000000, "myfault.sys": 0xFFFFF80012340000, "app.exe": 0x140000000}
STACK_BYTES = 0x6000
STACKS = {"thread": 0xFFFFF80AA0000000, "dpc": 0xFFFFF80AA1000000, "isr": 0xFFFFF80AA2000000,
          "ist": 0xFFFFF80AA3000000, "user": 0x70000000}
POOL, THREAD, FLAGS, DPC_FRAME = 0xFFFFF80AB0000000, 0xFFFFF80AB1000000, 0x246, 0x50


def run(*args, cwd=None):
    subprocess.run([str(a) for a in args], cwd=cwd, check=True, capture_output=True, timeout=120)


def build(folder):
    """The three images with their PDBs and maps, in folder."""
    target = "--target=x86_64-pc-windows-msvc"
    flags = [target, "-O2", "-g", "-gcodeview", "-fno-optimize-sibling-calls", "-mno-stack-arg-probe", "-ffreestanding",
             "-funwind-tables", "-Wno-infinite-recursion"]
    variables = "\t.data\n" + "".join(f"\t.p2align 4\n\t.globl {n}\n{n}:\n\t.zero {size}\n" for n, size in GLOBALS)
    (folder / "variables.s").write_text(variables)
    for name in ("nt.c", "myfault.c"):
        run("clang-19", *flags, "-c", SOURCES / name, "-o", folder / (name + ".obj"))
    for source in (SOURCES / "nt_x64.s", SOURCES / "app_x64.s", folder / "variables.s"):
        run("clang-19", target, "-c", source, "-o", folder / (source.name + ".obj"))
    for image, args in (("ntoskrnl.exe", ["/dll", "/implib:nt.lib", "nt.c.obj", "nt_x64.s.obj", "variables.s.obj"]),
                        ("myfault.sys", ["/dll", "/noentry", "myfault.c.obj", "nt.lib"]),
                        ("app.exe", ["/entry:start", "/subsystem:console", "app_x64.s.obj"])):
        run("lld-link-19", "/debug", f"/base:{BASES[image]:#x}", "/fixed", f"/out:{image}", f"/map:{image}.map", *args,
            cwd=folder)


class Image:
    def __init__(self, folder, name):
        self.path, self.name, self.base = folder / name, name, BASES[name]
        b = self.bytes = self.path.read_bytes()
        nt = struct.unpack_from("<I", b, 0x3C)[0]
        self.time, self.size = struct.unpack_from("<I", b, nt + 8)[0], struct.unpack_from("<I", b, nt + 80)[0]
        count, optional = struct.unpack_from("<H", b, nt + 6)[0], struct.unpack_from("<H", b, nt + 20)[0]
        self.sections = [struct.unpack_from("<IIII", b, nt + 24 + optional + 40 * i + 8) for i in range(count)]
        lines = (folder / (name + ".map")).read_text().splitlines()
        found = (re.match(r" [0-9a-f]{4}:[0-9a-f]{8} +(\S+) +([0-9a-f]{8,16}) ", line) for line in lines)
        self.symbols = {m[1]: int(m[2], 16) for m in found if m}


class Cpu:
    """Runs until something happens that a kernel has to see to."""

    def __init__(self, images):
        self.uc, self.images = U.Uc(U.UC_ARCH_X86, U.UC_MODE_64), images
        self.calls, self.last, self.stop_at = [], None, {}
        for image in images:
            self.map(image.base, image.size + -image.size % PAGE)
            for size, rva, raw, at in image.sections:
                self.uc.mem_write(image.base + rva, image.bytes[at:at + min(raw, size)])
        for low in STACKS.values():
            self.map(low, STACK_BYTES)
        self.map(POOL, PAGE)
        nt = images[0].symbols
        for name, va in images[1].symbols.items():
            if name.startswith("__imp_"):
                self.put(va, nt[name[6:]])
        self.uc.hook_add(U.UC_HOOK_CODE, self.step)

    def map(self, va, size):
        self.uc.mem_map(va, size)

    def get(self, va):
        return struct.unpack("<Q", self.uc.mem_read(va, 8))[0]

    def put(self, va, value):
        self.uc.mem_write(va, struct.pack("<Q", value & (1 << 64) - 1))

    def reg(self, name, value=None):
        if value is not None:
            self.uc.reg_write(REGS[name], value)
        return self.uc.reg_read(REGS[name])

    def step(self, uc, at, size, _):
        sp = self.reg("rsp")
        if self.last:
            before, length, old = self.last
            if sp == old - 8 and at != before + length and self.get(sp) == before + length:
                self.calls.append(("call", before + length, sp))
            elif self.calls and self.calls[-1] == ("call", at, old) and sp == old + 8:
                self.calls.pop()
        self.last = (at, size, sp)
        if at in self.stop_at:
            self.stop_at[at] -= 1
            if not self.stop_at[at]:
                del self.stop_at[at]
                uc.emu_stop()

    def go(self, at):
        """The address where it stopped, and whether memory was missing there."""
        self.last = None
        try:
            self.uc.emu_start(at, 1)
        except U.UcError:
            return self.last[0], True
        return self.last[0], False

    def interrupt(self, handler, error=None, stack=None):
        """What the processor pushes; then the handler runs."""
        rip, _, rsp = self.last
        top = (stack or rsp) & ~15
        frame = [rip, 0x10, FLAGS, rsp, 0x18]
        at = top - 8 * len(frame)
        for i, word in enumerate(frame):
            self.put(at + 8 * i, word)
        self.calls.append(("trap", rip, rsp, at - 0x168))
        if error is not None:
            at -= 8
            self.put(at, error)
        self.reg("rsp", at)
        return self.go(handler)

    def frames(self, ip):
        """[(ip, sp, trap frame that leads to the next)], from the innermost."""
        out = [[ip, self.reg("rsp"), None]]
        for kind, where, sp, *trap in reversed(self.calls):
            if kind == "trap":
                out[-1][2] = trap[0]
            out.append([where, sp + 8 if kind == "call" else sp, None])
        return [tuple(f) for f in out]


class Lab:
    def __init__(self, folder):
        build(folder)
        self.folder, self.images = folder, [Image(folder, n) for n in BASES]
        self.nt, self.driver, self.app = (i.symbols for i in self.images)

    def cpu(self, routine):
        """A processor; work item and device of the driver lie in the pool."""
        c = Cpu(self.images)
        c.put(POOL, self.driver[routine])
        c.put(POOL + 8, POOL + 0x100)
        for name, value in (("KiRoutine", POOL), ("KiIsrStack", STACKS["isr"] + STACK_BYTES),
                            ("KiDpcStack", STACKS["dpc"] + STACK_BYTES - DPC_FRAME),
                            ("KiInitialStack", STACKS["thread"] + STACK_BYTES)):
            c.put(self.nt[name], value)
        c.stop_at[self.nt["KeBugCheckEx"]] = 1
        return c

    def start(self, c, work=POOL):
        """Runs a system thread from its first function."""
        top = STACKS["thread"] + STACK_BYTES - 0x40
        c.put(top - 8, 0)  # nobody called it
        c.reg("rsp", top - 8)
        c.reg("rcx", work)
        c.calls.append(("call", 0, top - 8))
        return c.go(self.nt["PspSystemThreadStartup"])

    def busy(self, routine):
        """A thread in the midst of a driver's work; what interrupts it runs the routine."""
        c = self.cpu(routine)
        other = POOL + 0x200
        c.put(other, self.driver["BusyRoutine"])
        c.put(other + 8, POOL + 0x100)
        c.stop_at[self.driver["Work"] + 0x20] = 3
        self.start(c, other)
        return c

    # ---- what happens: (frames, cpu, bug check)
    def page_fault(self):
        c = self.cpu("FaultRoutine")
        at, missing = self.start(c)
        assert missing
        ip, _ = c.interrupt(self.nt["KiPageFault"], error=0)
        return c.frames(ip), c, f"d1 0 2 0 {at:x}"

    def interrupt(self):
        c = self.busy("StopRoutine")
        ip, _ = c.interrupt(self.nt["KiInterruptDispatch"])
        return c.frames(ip), c, "133 1 1e00 0 0"

    def dpc(self):
        c = self.busy("StopRoutine")
        c.stop_at[self.nt["KxRetireDpcList"]] = 1
        c.interrupt(self.nt["KiDpcInterrupt"])
        # From here on another stack, whose unwind data says by a machine frame where the old one goes on.
        c.calls.append(("switch", self.nt["KiDispatchInterruptContinue"], c.reg("rsp")))
        ip, _ = c.go(self.nt["KxRetireDpcList"])
        return c.frames(ip), c, "133 0 501 500 0"

    def dpc_fault(self):
        """A page fault in a DPC: trap frame, DPC stack, the way back, another trap frame."""
        c = self.busy("FaultRoutine")
        c.stop_at[self.nt["KxRetireDpcList"]] = 1
        c.interrupt(self.nt["KiDpcInterrupt"])
        c.calls.append(("switch", self.nt["KiDispatchInterruptContinue"], c.reg("rsp")))
        at, missing = c.go(self.nt["KxRetireDpcList"])
        assert missing
        ip, _ = c.interrupt(self.nt["KiPageFault"], error=0)
        return c.frames(ip), c, f"d1 0 2 0 {at:x}"

    def double_fault(self):
        c = self.cpu("RecursiveRoutine")
        _, missing = self.start(c)
        assert missing
        ip, _ = c.interrupt(self.nt["KiDoubleFaultAbort"], error=0, stack=STACKS["ist"] + STACK_BYTES)
        frame = next(call[3] for call in reversed(c.calls) if call[0] == "trap")
        return c.frames(ip), c, f"7f 8 {frame:x} 0 0"

    def system_call(self):
        c = self.cpu("StopRoutine")
        c.stop_at[self.app["enter"]] = 1
        c.reg("rsp", STACKS["user"] + STACK_BYTES - 0x40)
        at, _ = c.go(self.app["start"])
        c.calls.append(("trap", at + 2, c.reg("rsp"), STACKS["thread"] + STACK_BYTES - 0x190))
        c.reg("rcx", at + 2)
        c.reg("r11", FLAGS)
        ip, _ = c.go(self.nt["KiSystemCall64"])
        return c.frames(ip), c, "e2 0 0 0 0"

    def waiting(self):
        c = self.cpu("WaitRoutine")
        c.stop_at[self.nt["SwapContextDone"]] = 1
        self.start(c)
        frames = c.frames(self.nt["SwapContextDone"])
        return frames[1:], c, "e2 0 0 0 0"  # a thread that waits goes on in KiSwapContext

    # ---- the dump
    def recipe(self, kind, c, bugcheck, waits=False):
        nt, lines = self.images[0], [f"kdump x64 {kind}", "build 19041 ; cpus 1", f"bugcheck {bugcheck}"]
        for image in self.images[:2]:
            lines.append(f"module {image.base:x} {image.name} size {image.size:x} time {image.time:x} nomem")
        lines += [f"symbol {name} {nt.symbols[name]:x}" for name, _ in GLOBALS]
        low, high = STACKS["thread"], STACKS["thread"] + STACK_BYTES
        kernel_stack = f" kernelstack {c.reg('rsp'):x}" if waits else ""
        lines += ["process System 4", f"thread 8 process System at {THREAD:x} stack {low:x}-{high:x}{kernel_stack}"]
        if waits:
            lines += ["thread c process System", f"cpu 0 thread c rip {nt.symbols['KeBugCheckEx']:x} rsp fffff80ac0000000"]
        else:
            lines.append("cpu 0 thread 8 " + " ".join(f"{n} {c.reg(n):x}" for n in REGS))
        lines += [f"memory prcb:0+3110: {STACKS['dpc'] + STACK_BYTES - DPC_FRAME:x}",
                  f"memory prcb:0+85d8: {STACKS['isr'] + STACK_BYTES:x}"]
        sp = c.reg("rsp")
        for name, at in STACKS.items():
            if name == "user":
                continue
            here = at <= sp < at + STACK_BYTES
            start = sp if here else at
            data = bytes(c.uc.mem_read(start, at + STACK_BYTES - start))
            lines.append(f"{'stack' if here else 'memory'} {start:x}: hex {data.hex()}")
        return "\n".join(lines) + "\n"

    def dump(self, kind, c, bugcheck, path, waits=False):
        mk_kdump.recipe(self.recipe(kind, c, bugcheck, waits)).save(path)

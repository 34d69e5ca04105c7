#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Judge: unicorn runs the prolog and every epilog of each function with unwind data in the x64 and ARM64 images
of the corpus; after each instruction one unwind step must give back the planted return address, the stack
pointer and the callee-saved registers.

usage: unwind_unicorn.py [--quick] [--only TEXT]     env: DS_CORPUS, DS_UNWIND_LIB

An epilog is run from the state the prolog leaves. Whether it is one is unicorn's to say: only those count that
really end at the planted return address (a sweep of the code may find bytes that belong to something else).
"""
import collections, ctypes as C, gc, os, pathlib, random, struct, sys, time

corpus = pathlib.Path(os.environ.get("DS_CORPUS", "../shared/corpus"))
lib_path = os.environ.get("DS_UNWIND_LIB", "build/tests/libunwindtest.so")
quick = "--quick" in sys.argv
only = sys.argv[sys.argv.index("--only") + 1] if "--only" in sys.argv else ""
SKIP, QUICK_SECONDS = 77, 5
if not corpus.is_dir():
    print("skipped: no corpus")
    sys.exit(SKIP)
try:
    import unicorn as U
    from unicorn import arm64_const as A, x86_const as X
except ImportError:
    print("skipped: no python3-unicorn")
    sys.exit(SKIP)

BODY_STEPS = 60
RET, STACK, STACK_SIZE, SCRATCH = 0x6000123450, 0x500000000, 0x200000, 0x10000
IS_PART, REFUSED, SAVES_HIGH_XMM, CODES_WITHOUT_PROLOG, NO_CODES = 2, 4, 8, 16, 32
KIND_OTHER, KIND_JUMP, KIND_COND, KIND_CALL, KIND_RET, KIND_TRAP = range(6)


class Regs(C.Structure):
    _fields_ = [("known", C.c_uint64), ("r", C.c_uint64 * 40), ("vknown", C.c_uint32), ("flags", C.c_uint32),
                ("v", C.c_uint8 * 16 * 32)]


class Layout(C.Structure):
    _fields_ = [(n, C.c_uint32) for n in ("begin", "end", "flags", "version", "prolog", "n_epilogs")] + [
        ("epilog", C.c_uint32 * 64)]


lib = C.CDLL(lib_path)
lib.unwind_test_open.restype = C.c_void_p
lib.unwind_test_open.argtypes = [C.c_char_p, C.c_size_t]
lib.unwind_test_close.argtypes = [C.c_void_p]
lib.unwind_test_step.argtypes = [C.c_void_p, C.POINTER(Regs), C.c_uint64, C.c_void_p, C.c_size_t, C.c_int]
lib.unwind_test_count.argtypes = [C.c_void_p]
lib.unwind_test_layout.argtypes = [C.c_void_p, C.c_uint32, C.POINTER(Layout)]
lib.unwind_test_part_of.argtypes = [C.c_void_p, C.c_uint32, C.POINTER(C.c_uint32)]
lib.unwind_test_insn.argtypes = [C.c_void_p, C.c_uint32, C.POINTER(C.c_uint32)]

XI = [getattr(X, "UC_X86_REG_" + n) for n in
      "RAX RCX RDX RBX RSP RBP RSI RDI R8 R9 R10 R11 R12 R13 R14 R15 RIP".split()]
XV = [getattr(X, "UC_X86_REG_XMM%d" % i) for i in range(16)]
AI = [getattr(A, "UC_ARM64_REG_X%d" % i) for i in range(31)] + [A.UC_ARM64_REG_SP, A.UC_ARM64_REG_PC]
AV = [getattr(A, "UC_ARM64_REG_Q%d" % i) for i in range(32)]


class Cpu:
    def __init__(self, arm64):
        self.arm64 = arm64
        self.ints, self.vecs = (AI, AV) if arm64 else (XI, XV)
        self.sp, self.pc = (31, 32) if arm64 else (4, 16)
        self.saved = list(range(19, 30)) if arm64 else [3, 5, 6, 7, 12, 13, 14, 15]
        self.vsaved = list(range(8, 16)) if arm64 else list(range(6, 16))
        self.vmask = (1 << 64) - 1 if arm64 else (1 << 128) - 1


class Machine:
    def __init__(self, data):
        nt = struct.unpack_from("<I", data, 0x3c)[0]
        machine, n, _, _, _, opt = struct.unpack_from("<HHIIIH", data, nt + 4)
        self.cpu = Cpu(machine == 0xaa64)
        self.base = struct.unpack_from("<Q", data, nt + 24 + 24)[0]
        self.size = size = struct.unpack_from("<I", data, nt + 24 + 56)[0]
        if self.cpu.arm64:
            self.uc = U.Uc(U.UC_ARCH_ARM64, U.UC_MODE_ARM)
            self.uc.reg_write(A.UC_ARM64_REG_CPACR_EL1, 3 << 20)
        else:
            self.uc = U.Uc(U.UC_ARCH_X86, U.UC_MODE_64)
        self.uc.mem_map(self.base, (size + 0xfff) & ~0xfff)
        at = nt + 24 + opt
        for i in range(n):
            _, va, rsize, raw = struct.unpack_from("<IIII", data, at + i * 40 + 8)
            room = max(0, min(rsize, ((size + 0xfff) & ~0xfff) - va))
            self.uc.mem_write(self.base + va, data[raw:raw + room])
        self.stack = C.create_string_buffer(STACK_SIZE + 0x1000)
        self.stack_host = (C.addressof(self.stack) + 0xfff) & ~0xfff
        self.uc.mem_map_ptr(STACK, STACK_SIZE, U.UC_PROT_READ | U.UC_PROT_WRITE, self.stack_host)
        self.mapped = 0
        if not self.cpu.arm64:
            self.xmm_stubs()
        self.uc.hook_add(U.UC_HOOK_MEM_UNMAPPED & ~U.UC_HOOK_MEM_FETCH_UNMAPPED, self.on_unmapped)

    def xmm_stubs(self):
        """unicorn 2.0 cannot read or write XMM8 to XMM15 from outside: runs of `movups` do it. That is slow, so
        only functions that save them are run with them."""
        self.high = True
        self.uc.mem_map(SCRATCH, 0x2000)
        for n, opcode in enumerate((0x10, 0x11)):
            code = b"".join(struct.pack("<BBBBBI", 0x44, 0x0f, opcode, 4 | i << 3, 0x25, SCRATCH + i * 16)
                            for i in range(8))
            self.uc.mem_write(SCRATCH + 0x1000 + n * 0x100, code)

    def vectors(self):
        c = self.cpu
        out = [self.uc.reg_read(reg).to_bytes(16, "little") for reg in (c.vecs if c.arm64 else c.vecs[:8])]
        if not c.arm64 and self.high:
            self.uc.emu_start(SCRATCH + 0x1100, SCRATCH + 0x1100 + 72)
            raw = bytes(self.uc.mem_read(SCRATCH, 128))
            out += [raw[i * 16:i * 16 + 16] for i in range(8)]
        return out

    def set_vectors(self, values):
        c = self.cpu
        for reg, v in zip(c.vecs if c.arm64 else c.vecs[:8], values):
            self.uc.reg_write(reg, v)
        if not c.arm64 and self.high:
            self.uc.mem_write(SCRATCH, b"".join(v.to_bytes(16, "little") for v in values[8:]))
            self.uc.emu_start(SCRATCH + 0x1000, SCRATCH + 0x1000 + 72)

    def on_unmapped(self, uc, access, address, size, value, user):
        if self.mapped > 4000:
            return False
        self.mapped += 1
        page = address & ~0xfff & (1 << 64) - 1
        try:
            uc.mem_map(page, 0x2000)
        except U.UcError:
            try:
                uc.mem_map(page, 0x1000)
            except U.UcError:
                return False
        return True


class Judge:
    def __init__(self, data, name):
        self.data = data  # the library keeps pointing to it
        self.lib = lib.unwind_test_open(data, len(data))
        self.m = Machine(data)
        self.cpu, self.uc, self.name = self.m.cpu, self.m.uc, name
        self.count = collections.Counter()
        self.failures = []
        self.insn = (C.c_uint32 * 3)()
        self.low = STACK_SIZE  # the stack was written to from here on

    def close(self):
        lib.unwind_test_close(self.lib)

    def start(self, pc):
        """Known values everywhere; the stack as a call leaves it."""
        c, uc = self.cpu, self.uc
        C.memset(self.m.stack_host + self.low, 0, STACK_SIZE - self.low)
        self.low = STACK_SIZE
        self.want = {}
        for i, reg in enumerate(c.ints):
            v = 0x7100000000 + i * 0x1010100 if i not in c.saved else 0x1111000000000000 + i * 0x101010101
            uc.reg_write(reg, v)
            self.want[i] = v
        self.vwant = [(0xabcdef0000000000 + i * 0x10101) << 64 | (0x123456789a000000 + i * 0x1010101)
                      for i in range(len(c.vecs))]
        self.m.set_vectors(self.vwant)
        sp = STACK + STACK_SIZE - 0x10000 - (0 if c.arm64 else 8)
        uc.reg_write(c.ints[c.sp], sp)
        if c.arm64:
            uc.reg_write(c.ints[30], RET)
            self.want_sp = sp
        else:
            uc.mem_write(sp, struct.pack("<Q", RET))
            uc.reg_write(X.UC_X86_REG_EFLAGS, 0x202)
            self.want_sp = sp + 8
        self.pc = pc

    def check(self, rva, where):
        c, uc = self.cpu, self.uc
        r = Regs()
        for i, reg in enumerate(c.ints):
            r.r[i] = uc.reg_read(reg)
            r.known |= 1 << i
        r.r[c.pc] = self.pc
        vectors = b"".join(self.m.vectors())
        C.memmove(C.byref(r.v), vectors, len(vectors))
        r.vknown = (1 << len(c.vecs)) - 1
        e = lib.unwind_test_step(self.lib, C.byref(r), STACK, self.m.stack_host, STACK_SIZE, 1)
        self.count["checked " + where] += 1
        bad = []
        if e:
            bad.append("error %d" % e)
        else:
            if r.r[c.pc] != RET:
                bad.append("pc %x" % r.r[c.pc])
            if r.r[c.sp] != self.want_sp:
                bad.append("sp %+d" % (r.r[c.sp] - self.want_sp))
            for i in c.saved:
                if not r.known >> i & 1 or r.r[i] != self.want[i]:
                    bad.append("r%d" % i)
            for i in c.vsaved[:None if c.arm64 or self.m.high else 2]:
                v = int.from_bytes(bytes(r.v[i]), "little")
                if not r.vknown >> i & 1 or (v ^ self.vwant[i]) & c.vmask:
                    bad.append("v%d" % i)
        if bad:
            self.count["failed " + where] += 1
            self.failures.append((where, rva, self.pc - self.m.base, " ".join(bad)))
        return not bad

    def helper_call(self, target):
        """ARM64: __security_push_cookie and its like move sp for their caller, so they have to be run. True when
        the call was one of those."""
        uc, before = self.uc, self.uc.context_save()
        sp, back, self.pc = uc.reg_read(self.cpu.ints[31]), self.pc + 4, target
        uc.reg_write(self.cpu.ints[30], back)
        near = max(0, min(sp - STACK - 0x800, STACK_SIZE - 0x1000))
        stack = C.string_at(self.m.stack_host + near, 0x1000)
        for n in range(16):
            lib.unwind_test_insn(self.lib, self.pc - self.m.base, self.insn)
            if self.insn[1] == KIND_CALL or self.step():
                break
            if self.pc == back:
                if uc.reg_read(self.cpu.ints[31]) == sp:
                    break
                self.count["helpers that move sp run"] += 1
                return True
        uc.context_restore(before)
        C.memmove(self.m.stack_host + near, stack, 0x1000)
        self.pc = back - 4
        return False

    def step(self):
        """One instruction; calls are passed over. None, or why it could not be run."""
        lib.unwind_test_insn(self.lib, self.pc - self.m.base, self.insn)
        length, kind, valid = self.insn
        if not valid:
            return "undecodable instruction"
        if kind == KIND_TRAP:
            return "trap"
        if kind == KIND_CALL:
            if self.cpu.arm64:
                word = struct.unpack("<I", self.uc.mem_read(self.pc, 4))[0]
                away = (word & 0x3ffffff) - (word & 0x2000000) * 2
                if word >> 26 == 0x25 and self.m.base <= self.pc + away * 4 < self.m.base + self.m.size:
                    if self.helper_call(self.pc + away * 4):
                        return None
            self.pc += length
            self.count["calls passed over"] += 1
            return None
        try:
            self.uc.emu_start(self.pc, 0, count=1)
        except U.UcError as e:
            return str(e)
        self.pc = self.uc.reg_read(self.cpu.ints[self.cpu.pc])
        sp = self.uc.reg_read(self.cpu.ints[self.cpu.sp]) - STACK - 0x100
        if not 0 <= sp < STACK_SIZE:
            return "stack pointer outside the stack"
        self.low = min(self.low, sp)
        return None

    def function(self, i):
        l = Layout()
        if lib.unwind_test_layout(self.lib, i, C.byref(l)):
            self.count["entries refused"] += 1
            return
        self.count["functions"] += 1
        if l.flags & REFUSED:
            self.count["unwind data refused"] += 1
            return
        if l.flags & IS_PART:  # its prolog is another's; only the whole function could be run
            self.count["parts of functions"] += 1
            self.part(l)
            return
        if l.flags & CODES_WITHOUT_PROLOG:  # delay-load thunks: the data describes the body only, so code at the
            self.count["codes but a prolog of size 0"] += 1  # start is misdescribed; Windows has the same answer
            return
        self.m.high = bool(l.flags & SAVES_HIGH_XMM)
        self.count["functions with XMM8 and above"] += self.m.high
        begin, end = self.m.base + l.begin, self.m.base + l.begin + l.prolog
        self.start(begin)
        while True:
            if not self.check(l.begin, "prolog"):
                return
            if self.pc >= end:
                break
            old = self.pc
            why = self.step()
            if why:
                self.count["prolog stopped: " + why] += 1
                return
            if not old < self.pc <= max(end, old + 15):
                self.count["prolog branches"] += 1
                return
        self.count["prologs run"] += 1
        ctx, low = self.uc.context_save(), self.low
        stack = C.string_at(self.m.stack_host + low, STACK_SIZE - low)
        if not quick and l.flags & NO_CODES:  # hand-made images; what the body does is not described at all
            self.count["no codes: body not walked"] += 1
        elif not quick:
            self.body(l)
        for k in range(l.n_epilogs):
            self.epilog(l, self.m.base + l.epilog[k], ctx, low, stack)

    def body(self, l):
        """Goes on into the body wherever the code leads, parts that were moved away included."""
        uc, c = self.uc, self.cpu
        low = max(0, min(self.low, STACK_SIZE - 0x20000))
        values = {self.want[i] for i in c.saved} | {RET}
        words = memoryview(C.string_at(self.m.stack_host + low, STACK_SIZE - low)).cast("Q")
        slots = [(low + k * 8, w) for k, w in enumerate(words) if w in values]
        for n in range(BODY_STEPS):
            lib.unwind_test_insn(self.lib, self.pc - self.m.base, self.insn)
            kind = self.insn[1]
            if kind == KIND_CALL:  # what a call returns is not what the prolog left in that register
                uc.reg_write(c.ints[0], 0x7180000000)
            if kind == KIND_RET or not self.m.base <= self.pc < self.m.base + self.m.size:
                return
            if self.step():
                return
            rva = self.pc - self.m.base
            if not l.begin <= rva < l.end:
                out = (C.c_uint32 * 2)()
                e = lib.unwind_test_part_of(self.lib, rva, out)
                if e or out[0] != l.begin:
                    return  # a tail call, or the end of what a call never comes back to
                self.count["steps in moved parts"] += 1
            if any(C.c_uint64.from_address(self.m.stack_host + at).value != w for at, w in slots):
                self.count["body overwrote what its prolog saved"] += 1  # through what a passed over call left
                return
            lib.unwind_test_insn(self.lib, self.pc - self.m.base, self.insn)
            if self.insn[1] == KIND_RET and uc.reg_read(c.ints[c.sp]) + (0 if c.arm64 else 8) != self.want_sp:
                self.count["returns with another sp"] += 1  # such a helper itself
                return
            if not self.check(l.begin, "body"):
                return

    def part(self, l):
        """Only that a step over its data ends; chains that lead back to themselves are E_CORRUPT."""
        r = Regs()
        for i in range(33):
            r.r[i], r.known = STACK, r.known | 1 << i
        r.r[self.cpu.pc] = self.m.base + l.begin
        e = lib.unwind_test_step(self.lib, C.byref(r), STACK, self.m.stack_host, STACK_SIZE, 1)
        self.count["parts stepped: %s" % ("ok", "absent", "corrupt", "not found")[min(e, 3)]] += 1
        if "cfi_chained_loop" in self.name and e != 2:
            self.failures.append(("looping chain", l.begin, l.begin, "error %d" % e))

    def restore(self, pc, ctx, low, stack):
        self.uc.context_restore(ctx)
        C.memmove(self.m.stack_host + low, stack, len(stack))
        self.pc = pc

    def epilog(self, l, pc, ctx, low, stack):
        c = self.cpu
        lib.unwind_test_insn(self.lib, pc - self.m.base, self.insn)
        if c.arm64 and self.insn[1] == KIND_CALL:  # to a helper whose counterpart ran in the body, not in the prolog
            self.count["epilog begins with a call"] += 1
            return
        for judged in (False, True):
            self.restore(pc, ctx, low, stack)
            passed = self.count["calls passed over"]
            for n in range(40):
                lib.unwind_test_insn(self.lib, self.pc - self.m.base, self.insn)
                kind = self.insn[1]
                if judged and not self.check(l.begin, "epilog"):
                    return
                if kind in (KIND_RET, KIND_JUMP):
                    break
                why = self.step()
                if why:
                    self.count["epilog stopped: " + why] += 1
                    return
            sp = self.uc.reg_read(c.ints[c.sp])
            ret = self.uc.reg_read(c.ints[30]) & (1 << 48) - 1 if c.arm64 else struct.unpack(
                "<Q", self.uc.mem_read(sp, 8))[0]
            if kind not in (KIND_RET, KIND_JUMP) or ret != RET or sp + (0 if c.arm64 else 8) != self.want_sp:
                self.count["not an epilog of the frame"] += 1
                return
            if c.arm64 and self.count["calls passed over"] != passed:  # a cookie helper that found a wrong sp
                self.count["epilog with a call that could not be run"] += 1
                return
        self.count["epilogs run"] += 1


def is_pe(path):
    with open(path, "rb") as f:
        h = f.read(0x40)
        if len(h) < 0x40 or h[:2] != b"MZ":
            return False
        f.seek(struct.unpack_from("<I", h, 0x3c)[0])
        n = f.read(6)
        return n[:4] == b"PE\0\0" and struct.unpack_from("<H", n, 4)[0] in (0x8664, 0xaa64)


def main():
    images = [p for p in sorted(list(corpus.glob("symbols/*")) + list(corpus.glob("lab/*/*")))
              if p.is_file() and only in p.name and is_pe(p)]
    total, failures, t0 = collections.Counter(), [], time.monotonic()
    rng = random.Random(1)
    for path in images:
        j = Judge(path.read_bytes(), path.name)
        todo = list(range(lib.unwind_test_count(j.lib)))
        if quick:
            rng.shuffle(todo)
        stop = time.monotonic() + QUICK_SECONDS / len(images)
        for i in todo:
            if quick and time.monotonic() > stop:
                break
            j.function(i)
        print("%-80s %s" % (path.name[-80:], {k: v for k, v in j.count.items() if v}))
        for f in j.failures[:5 if not only else 1000]:
            print("  %s of function %x at %x: %s" % f)
        total += j.count
        failures += [(path.name,) + f for f in j.failures]
        j.close()
        del j
        gc.collect()  # an emulator takes some 100 MB
    print("total: %.0f s" % (time.monotonic() - t0))
    for k, v in sorted(total.items()):
        print("  %-40s %d" % (k, v))
    sys.exit(1 if failures or not total["prologs run"] else 0)


main()

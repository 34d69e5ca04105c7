#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Judge: unicorn runs the functions of the x86 images of the corpus that have their PDB, from the first instruction
on. After each instruction one step up the stack must give back the planted return address, the stack pointer and ebx,
ebp, esi, edi; at a call two steps, from the callee's first instruction, must. Three times: with all there is; with
FrameData and FPO records alone, as when no code was captured; with the code alone.

usage: x86_unicorn.py [--quick] [--only TEXT] [-v]    env: DS_CORPUS, DS_X86_LIB

What a call does is not guessed: direct calls are run to their return, functions that call out of the image end there.
A register that the step leaves unknown is counted, not wrong. What is let through, and why:
- with all there is, or with the code alone: no wrong return address or stack pointer at all. Of the registers one in a thousand:
  a register that was popped early and whose slot was used again; a few programs of the compiler that are wrong.
- records alone: one return address in 200, where a prolog or an epilog is under way that records do not describe, and
  one register in 200."""
import collections, ctypes as C, gc, os, pathlib, random, re, struct, subprocess, sys, time

corpus = pathlib.Path(os.environ.get("DS_CORPUS", "../shared/corpus"))
quick, verbose = "--quick" in sys.argv, "-v" in sys.argv
only = sys.argv[sys.argv.index("--only") + 1] if "--only" in sys.argv else ""
if not corpus.is_dir():
    print("skipped: no corpus")
    sys.exit(77)
try:
    import unicorn as U
    from unicorn import x86_const as X
except ImportError:
    print("skipped: no python3-unicorn")
    sys.exit(77)
DUMP = os.environ.get("DS_PDB_DUMP", "build/tests/pdb_dump")
QUICK_SECONDS, STEPS, CALL_STEPS = 8, 300, 3000
STACK, STACK_SIZE, FUNCTION_SECONDS = 0x60000000, 0x100000, 1.0
KIND_OTHER, KIND_JUMP, KIND_COND, KIND_CALL, KIND_RET, KIND_TRAP = range(6)
TRUST = ["none", "scan", "frame_pointer", "frame_proc", "fpo", "frame_data", "code"]
PARTS = ["all", "records", "code"]
# They build and remove their caller's frame, so they have none that could be described.
HELPERS = re.compile(r"_*(SEH_prolog|SEH_epilog|EH_prolog|EH_epilog|chkstk|alloca_probe)")
SAVED = {3: "ebx", 5: "ebp", 6: "esi", 7: "edi"}


class Step(C.Structure):
    _fields_ = [("r", C.c_uint32 * 9), ("known", C.c_uint32), ("trust", C.c_uint32), ("params", C.c_uint32), ("kind", C.c_uint32)]


lib = C.CDLL(os.environ.get("DS_X86_LIB", "build/tests/libx86test.so"))
lib.x86_test_open.restype = C.c_void_p
lib.x86_test_open.argtypes = [C.c_char_p, C.c_size_t, C.c_char_p, C.c_size_t, C.c_uint32, C.c_char_p, C.c_size_t]
lib.x86_test_close.argtypes = [C.c_void_p]
lib.x86_test_run.argtypes = [C.c_void_p, C.POINTER(Step), C.c_uint32, C.c_void_p, C.c_size_t, C.c_int, C.c_uint32, C.c_int]
lib.x86_test_insn.argtypes = [C.c_void_p, C.c_uint32, C.POINTER(C.c_uint32)]
REG = [getattr(X, "UC_X86_REG_" + n) for n in "EAX ECX EDX EBX ESP EBP ESI EDI EIP".split()]


def rsds(d):
    """Machine, image base, size, sections, and the PDB's GUID and age."""
    nt, = struct.unpack_from("<I", d, 0x3c)
    if d[nt:nt + 4] != b"PE\0\0" or struct.unpack_from("<H", d, nt + 4)[0] != 0x14c:
        return None
    n, opt = struct.unpack_from("<H", d, nt + 6)[0], struct.unpack_from("<H", d, nt + 20)[0]
    base, size = struct.unpack_from("<I", d, nt + 24 + 28)[0], struct.unpack_from("<I", d, nt + 24 + 56)[0]
    sections = [struct.unpack_from("<IIII", d, nt + 24 + opt + 40 * i + 8) for i in range(n)]
    flags = [struct.unpack_from("<I", d, nt + 24 + opt + 40 * i + 36)[0] for i in range(n)]
    at = d.find(b"RSDS")
    if at < 0:
        return None
    return base, size, sections, flags, d[at + 4:at + 20]


class Image:
    def __init__(self, path, data, head, pdb, procs):
        self.base, self.size, sections, flags, _ = head
        self.name, self.procs = path.name, procs
        size = self.size + 0xfff & ~0xfff
        image = bytearray(size)
        image[:0x400] = data[:0x400]
        for _, va, n, raw in sections:
            image[va:va + n] = data[raw:raw + n][:max(0, size - va)]
        self.image, self.pdb, self.data = bytes(image), pdb, data
        self.lib = lib.x86_test_open(pdb, len(pdb), data, len(data), self.base, self.image, len(self.image))
        self.text = [(self.base + s[1], self.base + s[1] + s[0]) for s, f in zip(sections, flags) if f & 0x20000000]
        self.uc = U.Uc(U.UC_ARCH_X86, U.UC_MODE_32)
        self.uc.mem_map(self.base, size)
        self.stack = C.create_string_buffer(STACK_SIZE + 0x1000)
        self.host = C.addressof(self.stack) + 0xfff & ~0xfff
        self.uc.mem_map_ptr(STACK, STACK_SIZE, U.UC_PROT_READ | U.UC_PROT_WRITE, self.host)
        self.mapped = 0
        self.uc.hook_add(U.UC_HOOK_MEM_UNMAPPED & ~U.UC_HOOK_MEM_FETCH_UNMAPPED, self.on_unmapped)
        self.count, self.failures = collections.Counter(), []
        self.insn = (C.c_uint32 * 2)()
        self.sites = self.call_sites()

    def on_unmapped(self, uc, access, address, size, value, user):
        self.mapped += 1
        if self.mapped > 2000:
            return False
        for n in (0x2000, 0x1000):
            try:
                uc.mem_map(address & ~0xfff, n)
                return True
            except U.UcError:
                pass
        return False

    def call_sites(self):
        """{target: return address of a direct call}; None: one behind a call of nothing in particular."""
        out = {}
        for lo, hi in self.text:
            code = self.image[lo - self.base:hi - self.base]
            at = code.find(b"\xe8")
            while 0 <= at < len(code) - 5:
                target = lo + at + 5 + struct.unpack_from("<i", code, at + 1)[0]
                if any(a <= target < b for a, b in self.text):
                    out.setdefault(target, lo + at + 5)
                at = code.find(b"\xe8", at + 1)
            at = code.find(b"\xff\x15")
            if at >= 0:
                out.setdefault(None, lo + at + 6)
        return out

    def look(self, va):
        return lib.x86_test_insn(self.lib, va, self.insn) and self.insn[0], self.insn[1]

    def regs(self):
        return [self.uc.reg_read(r) for r in REG]

    def step_up(self, s, exact, params, part):
        return lib.x86_test_run(self.lib, C.byref(s), STACK, self.host, STACK_SIZE, exact, params, part)

    def check(self, rva, where, part):
        """where: body, or call (pc is a callee's first instruction)."""
        s = Step()
        s.r[:], s.known = self.regs(), 0x1ff
        s.r[8] = self.pc
        self.count[f"{PARTS[part]} {where}"] += 1
        first = self.pc
        bad = []
        if self.step_up(s, 1, 0, part):
            self.count[f"{PARTS[part]} {where} no answer"] += 1
            return
        if where == "call":
            if s.r[8] != self.back or s.r[4] != self.back_sp:
                return  # the callee's own run tells
            if self.step_up(s, 0, s.params, part):
                self.count[f"{PARTS[part]} {where} no answer"] += 1
                return
        self.count[f"{PARTS[part]} {where} by {TRUST[s.trust]}"] += 1
        if s.r[8] != self.ret:
            bad.append("pc %x" % s.r[8])
        elif s.r[4] != self.entry + 4:
            bad.append("sp %+d" % (s.r[4] - self.entry - 4))
        else:
            for n, name in SAVED.items():
                if not s.known >> n & 1:
                    self.count[f"{PARTS[part]} {where} {name} not known"] += 1
                elif s.r[n] != self.want[n]:
                    bad.append(name)
        if bad:
            key = f"{PARTS[part]} {where} FAILED by {TRUST[s.trust]}"
            self.count[key + (" (return)" if bad[0][:2] in ("pc", "sp") else " (register)")] += 1
            self.failures.append((key, rva, first - self.base if where == "body" else self.back - self.base, " ".join(bad)))

    def one(self):
        try:
            self.uc.emu_start(self.pc, 0xffffffff, count=1)
        except U.UcError:
            return False
        self.pc = self.uc.reg_read(X.UC_X86_REG_EIP)
        return STACK + 0x1000 < self.uc.reg_read(X.UC_X86_REG_ESP) < STACK + STACK_SIZE

    def run_call(self):
        """To the return of the callee whose first instruction is next."""
        for _ in range(CALL_STEPS):
            if self.pc == self.back:
                return self.uc.reg_read(X.UC_X86_REG_ESP) >= self.back_sp
            if not any(a <= self.pc < b for a, b in self.text) or self.look(self.pc)[1] == KIND_TRAP or not self.one():
                return False
        return False

    def function(self, rva, size):
        start, uc = self.base + rva, self.uc
        ret = self.sites.get(start, self.sites.get(None, next(iter(self.sites.values()), None)))
        if ret is None:
            return
        self.count["functions"] += 1
        stop = time.monotonic() + FUNCTION_SECONDS
        uc.mem_write(self.base, self.image)  # what earlier runs changed
        C.memset(self.host, 0, STACK_SIZE)
        self.entry, self.ret, self.pc = STACK + STACK_SIZE - 0x4000, ret, start
        self.want = [0x11110000 + i * 0x1111 for i in range(9)]
        self.want[5] = self.entry + 0x100  # a frame of the caller
        for i in range(8):
            uc.reg_write(REG[i], self.want[i])
        uc.reg_write(X.UC_X86_REG_ESP, self.entry)
        uc.reg_write(X.UC_X86_REG_EFLAGS, 0x202)
        uc.mem_write(self.entry, struct.pack("<I", ret) + struct.pack("<8I", *(STACK + STACK_SIZE - 0x2000 + 64 * i for i in range(8))))
        for _ in range(STEPS):
            inside = start <= self.pc < start + size
            if not inside or time.monotonic() > stop:
                break
            for part in range(3):
                self.check(rva, "body", part)
            length, kind = self.look(self.pc)
            if not length or kind in (KIND_TRAP, KIND_RET):
                break
            at, sp = self.pc, uc.reg_read(X.UC_X86_REG_ESP)
            if not self.one():
                break
            if kind == KIND_CALL:
                self.back, self.back_sp = at + length, sp
                if not any(a <= self.pc < b for a, b in self.text) or uc.reg_read(X.UC_X86_REG_ESP) != sp - 4:
                    self.count["stopped at calls out of the image"] += 1
                    break
                for part in range(3):
                    self.check(rva, "call", part)
                if not self.run_call():
                    self.count["stopped at calls that did not return"] += 1
                    break
                # A callee that moved esp down built this function's frame (__SEH_prolog4, _chkstk): only what follows counts.
                if any(struct.unpack("<I", uc.mem_read(self.entry, 4))[0] != self.ret for _ in (0,)):
                    self.count["stopped: the return address was overwritten"] += 1
                    break
        else:
            self.count["stopped after %d instructions" % STEPS] += 1


def procs(pdb):
    out = {}
    for row in subprocess.run([DUMP, pdb, "proc"], capture_output=True, text=True, errors="replace").stdout.split("\n"):
        f = row.split("\t")
        if f[0] == "proc" and int(f[2], 16) and not HELPERS.match(f[3]):
            out.setdefault(int(f[1], 16), int(f[2], 16))
    return out


def main():
    files = [p for d in ("symbols", "lab/x86") for p in sorted((corpus / d).glob("*")) if p.is_file()]
    pdbs = {}
    for p in files:
        if p.suffix == ".pdb":
            row = subprocess.run([DUMP, str(p), "id"], capture_output=True, text=True, errors="replace").stdout.split("\t")
            if row[0] == "id":
                pdbs.setdefault(row[1], p)
    total, failures, t0 = collections.Counter(), [], time.monotonic()
    images = []
    for p in files:
        d = p.read_bytes() if p.suffix != ".pdb" else b""
        head = rsds(d) if d[:2] == b"MZ" else None
        if head and head[4].hex() in pdbs and only in p.name:
            images.append((p, d, head, pdbs[head[4].hex()]))
    for path, data, head, pdb in images:
        known = procs(str(pdb))
        j = Image(path, data, head, pdb.read_bytes(), known)
        if not j.lib:
            continue
        todo = sorted(known.items())
        if quick:
            random.Random(1).shuffle(todo)
        stop = time.monotonic() + QUICK_SECONDS / len(images)
        for rva, size in todo:
            if quick and time.monotonic() > stop:
                break
            j.function(rva, size)
        wrong = len(j.failures)
        print(f"{path.name[-70:]}: {j.count['functions']} functions, {j.count['all body']} instructions, {wrong} failures")
        for key in sorted({f[0] for f in j.failures}):
            some = [f for f in j.failures if f[0] == key]
            for f in some[:None if verbose else 2]:
                print("  %s: function %x at %x: %s" % f)
        total += j.count
        failures += j.failures
        lib.x86_test_close(j.lib)
        del j
        gc.collect()
    print("total: %.0f s" % (time.monotonic() - t0))
    for k, v in sorted(total.items()):
        print("  %-60s %d" % (k, v))
    bad = not total["all body"]
    # A few seconds' worth of functions are no fair sample: prologs weigh more.
    records = 80 if quick else 200
    for part, returns, registers in (("all", 0, 1000), ("records", records, records), ("code", 0, 1000)):
        answers = sum(v for k, v in total.items() if k.startswith(part + " ") and " by " in k and "FAILED" not in k)
        for what, most in (("return", returns and answers // returns), ("register", answers // registers)):
            n = sum(v for k, v in total.items() if k.startswith(part + " ") and f"({what})" in k)
            print(f"{part}: {n} wrong of {answers} ({what}), at most {most}")
            bad = bad or n > most
    return 1 if bad else 0


sys.exit(main())

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Judge: the memory operand (address, size, read or written) and the flow of control that insn_decode reports, against
an emulator: every distinct instruction of the corpus images is run once on random registers, and what it accessed and
where it went is compared. --quick: a sample. -v: print every difference. Exit code 1 on any difference."""
import argparse, collections, os, random, re, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import pe_text
try:
    import unicorn
    from unicorn import arm64_const as A, x86_const as X
except ImportError:
    print("skipped: no unicorn")
    sys.exit(77)

CODE = 0x40000000
M64 = (1 << 64) - 1
KINDS = ["other", "jump", "conditional jump", "call", "return", "trap"]
X64_REGS = [getattr(X, "UC_X86_REG_" + n) for n in ("RAX RCX RDX RBX RSP RBP RSI RDI R8 R9 R10 R11 R12 R13 R14 R15").split()]
A64_REGS = [getattr(A, f"UC_ARM64_REG_X{i}") for i in range(31)] + [A.UC_ARM64_REG_SP]


class Machine:
    """Memory appears where it is touched; accesses are noted."""

    def __init__(self, arm):
        self.arm = arm
        self.uc = unicorn.Uc(unicorn.UC_ARCH_ARM64 if arm else unicorn.UC_ARCH_X86,
                             unicorn.UC_MODE_ARM if arm else unicorn.UC_MODE_64)
        self.uc.mem_map(CODE, 0x200000)
        self.pc = CODE  # every run has its place: code that was translated stays translated
        self.pages, self.seen = set(), []
        self.uc.hook_add(unicorn.UC_HOOK_MEM_READ | unicorn.UC_HOOK_MEM_WRITE, self.access)
        self.uc.hook_add(unicorn.UC_HOOK_MEM_READ_UNMAPPED | unicorn.UC_HOOK_MEM_WRITE_UNMAPPED, self.unmapped)
        if arm:
            self.uc.reg_write(A.UC_ARM64_REG_CPACR_EL1, 0x300000)  # vector registers are usable

    def access(self, uc, kind, address, size, value, data):
        self.seen.append((address & M64, size, kind == unicorn.UC_MEM_WRITE))

    def unmapped(self, uc, kind, address, size, value, data):
        for page in {address & M64 & ~0xfff, (address + size - 1) & M64 & ~0xfff}:
            if page not in self.pages:
                self.pages.add(page)
                uc.mem_map(page, 0x1000)
        return True

    def run(self, code, regs):
        if len(self.pages) > 2000:
            for page in self.pages:
                self.uc.mem_unmap(page, 0x1000)
            self.pages.clear()
        self.seen.clear()
        self.pc += 32
        self.uc.mem_write(self.pc, code)
        self.uc.ctl_remove_cache(self.pc, self.pc + 32)  # an earlier jump may have come by
        for reg, v in regs:
            self.uc.reg_write(reg, v)
        try:
            self.uc.emu_start(self.pc, CODE + 0x1fff00, count=1)
            return ""
        except unicorn.UcError as e:
            return str(e)


def address_of(facts, values, pc, va):
    base, index, scale, ext, disp, size, write, flags, *seg = facts
    base, index, scale, ext, disp = int(base), int(index), int(scale), int(ext), int(disp, 16)
    if flags[0] == "1":
        return (disp - va + pc) & M64  # moved with the code
    a = disp + (values[base] if base >= 0 else 0)
    if index >= 0:
        v = values[index]
        if ext:
            v &= (1 << abs(ext)) - 1
            if ext < 0 and v >> 31:
                v -= 1 << 32
        a += v * scale
    return a & M64


def covered(seen, at):
    """Bytes accessed in one piece from `at` on, and whether any is written."""
    end, written, more = at, False, True
    while more:
        more = False
        for a, n, w in seen:
            if a == end or (a == at and a + n > end):
                end, more = a + n, True
                written |= w
            elif a == at:
                written |= w
        if end - at >= 128:
            break
    return end - at, written


# Stores that may not happen: exclusive without a reservation. Bit strings reach beyond their operand; the areas of the
# floating point unit have gaps.
SKIP = {"stxr", "stlxr", "stxrb", "stlxrb", "stxrh", "stlxrh", "stxp", "stlxp", "bt", "bts", "btr", "btc", "lock bts", "lock btr",
        "lock btc", "frstor", "fnsave", "fldenv", "fnstenv", "fxsave", "fxrstor"}


def flow_differs(machine, kind, target, length, words, va):
    """Where the processor is after one instruction that did not fail, against kind and target."""
    pc = machine.uc.reg_read(A.UC_ARM64_REG_PC if machine.arm else X.UC_X86_REG_RIP)
    here, there = machine.pc + length, (int(target, 16) - va + machine.pc) & M64
    if KINDS[kind] in ("jump", "call"):
        return int(target, 16) and pc != there
    if KINDS[kind] == "conditional jump":
        return pc not in (here, there)
    if KINDS[kind] == "return":
        return pc == here
    if words in ("div", "idiv"):  # may fault, and the emulator does not say
        return False
    return KINDS[kind] == "other" and pc != here and not words.startswith("rep")


def judge(machine, code, ours, va, r):
    length, words, operands, facts = ours
    kind, target, *mem = facts.split()
    arm = machine.arm
    values = [0x10000000 + r.randrange(0, 0x100000, 64) for _ in range(33)]
    extended = re.search(r",w(\d+),[us]xtw", operands)
    if extended:  # the half that does not count is garbage, the other may be negative
        values[int(extended[1])] = r.getrandbits(32) << 32 | r.choice((r.randrange(0x1000), (1 << 32) - r.randrange(1, 0x1000)))
    regs = list(zip(A64_REGS if arm else X64_REGS, values))
    error = machine.run(code, regs)
    if error and "UC_ERR_EXCEPTION" not in error and "INSN_INVALID" in error:
        return "the emulator does not know it"
    if not arm and (words.startswith("v") or words in ("xgetbv", "popcnt")):
        return "the emulator does not know it"
    if not error and flow_differs(machine, int(kind), target, length, words, va):
        return "DIFFERENT: flow"
    if words in SKIP or words.startswith(("rep", "f")) and not mem:
        return "not judged"
    if not mem:
        return "no operand"
    if mem[7][1] == "1":
        return "lea" if not machine.seen else "DIFFERENT: lea touched memory"
    at, size, write = address_of(mem, values, machine.pc, va), int(mem[5]), mem[6] == "1"
    if len(mem) > 8 and mem[8] in ("fs", "gs"):
        return "thread segment"
    if "[e" in operands or ":[e" in operands:
        at &= 0xffffffff
    got, written = covered(machine.seen, at)
    if not machine.seen:
        return "no access" if size == 0 or error or words.startswith(("nop", "prefetch", "prfm", "hint")) else "DIFFERENT: no access"
    if not got:
        return "DIFFERENT: address"
    if size and got != size and not (got > size and len(machine.seen) > 1):
        return "DIFFERENT: size"
    if written != write:
        return "DIFFERENT: write"
    return "same"


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--quick", action="store_true")
    ap.add_argument("-v", action="store_true")
    args = ap.parse_args()
    r = random.Random(1)
    bad = False
    for arm, machine_id in ((False, 0x8664), (True, 0xaa64)):
        machine, count, done = Machine(arm), collections.Counter(), set()
        for path, pe in pe_text.images({machine_id}):
            lines = pe_text.objdump_lines(path, 1500 if args.quick else 10**9, [])
            ours = pe_text.our_lines(path, pe, [t[0] for t in lines])
            for va, raw, text in lines:
                if va not in ours or ours[va][1] == "???" or raw in done or ours[va][0] != len(raw) // 2:
                    continue
                done.add(raw)
                code = bytes.fromhex(raw)[::-1] if arm else bytes.fromhex(raw)
                if len(done) % 20000 == 0:
                    machine = Machine(arm)
                try:
                    c = judge(machine, code, ours[va], va, r)
                except unicorn.UcError as e:
                    machine, c = Machine(arm), "emulator error"
                count[c] += 1
                if args.v and c.startswith("DIFFERENT"):
                    print(f"{c}: {raw} {ours[va][1:]} saw {[(hex(a), n, w) for a, n, w in machine.seen]}")
        different = sum(v for k, v in count.items() if k.startswith("DIFFERENT"))
        print(f"{'arm64' if arm else 'x64'}: {len(done)} distinct instructions, {count['same']} same, {different} different")
        for k, v in sorted(count.items()):
            print(f"  {v:9} {k}")
        bad |= different > 0 or not count["same"]
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()

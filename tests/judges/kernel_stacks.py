#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Stacks of the small kernel dumps in the corpus against their own bytes, read here a second time, and against rizin.

  rule      stack pointers rise within the kernel stack; every return address is the word below the caller's stack
            pointer and lies in a driver; no frame comes twice; frames behind a trap frame are its rip and rsp
  anchor    the address that the bug check blames is a frame, found by a trap frame or the context, not by a scan
  frame     return addresses that the kernel's handlers are known to leave in these dumps
  link      stacks of DPCs and interrupts lead back to the interrupted thread's, by what the kernel noted at their end
  prcb      the address of the processor's block, with the kernel's array of them made unreadable, is what that array
            says; where a dump leaves the array out, it lies 0x180 bytes into a page, as in every KPCR of x64
  rizin     frames that rizin printed for two of the dumps, as a subsequence of ours
"""
import argparse
import json
import os
import pathlib
import re
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
CORPUS = pathlib.Path(os.environ.get("DS_CORPUS", ROOT / "../shared/corpus"))
BLAMED = {0xA: 3, 0xD1: 3, 0x50: 2, 0x3B: 1, 0x7E: 1}  # the parameter that is an instruction's address
# (dump, frame, return address' distance from the kernel's base, trust of the frame it leads to)
FRAMES = [("d1", 0, 0x4123A9, "code"), ("d1", 1, 0x40DD78, "trap_frame"), ("50_0", 0, 0x2542D5, "code"),
          ("3b_0", 0, 0x68ABE9, "code"), ("3b_0", 1, 0x689C3C, "trap_frame"), ("9f", 0, 0x566AD7, "code"),
          ("ef", 0, 0x90ECC2, "code"), ("13a", 0, 0x5B0698, "code"), ("1a", 0, 0x28EE36, "code")]
passed = failed = 0


def check(name, ok, detail=""):
    global passed, failed
    passed += bool(ok)
    failed += not ok
    print(f"{'ok' if ok else 'not ok'} - {name}{': ' + detail if detail and not ok else ''}")


class Triage:
    """Blocks, stack and drivers of a 64-bit small dump, by the offsets of its header."""

    def __init__(self, path):
        b = self.bytes = path.read_bytes()
        u32 = lambda at: struct.unpack_from("<I", b, at)[0]
        u64 = lambda at: struct.unpack_from("<Q", b, at)[0]
        self.code, self.params = u32(0x38) & 0xFFFFFFF, struct.unpack_from("<4Q", b, 0x40)
        self.blocks = [struct.unpack_from("<QII", b, u32(0x2078) + 16 * i) for i in range(u32(0x207C))]
        self.stack, self.stack_size = u64(0x2048), u32(0x202C)
        self.blocks.append((self.stack, u32(0x2028), self.stack_size))
        drivers, n, strings = u32(0x2030), u32(0x2034), u32(0x2038)
        stride = (strings - drivers) // n if strings > drivers and (strings - drivers) % n == 0 else 0x90
        self.drivers = [(u64(drivers + i * stride + 0x38), u32(drivers + i * stride + 0x48)) for i in range(n)]
        kdbg = b.index(b"KDBG") - 0x10
        self.base = u64(kdbg + 0x18)
        prcb, thread = u32(0x201C), u32(0x2024)
        self.array_at = kdbg + 0x218
        word = lambda at: struct.unpack_from("<H", b, kdbg + at)[0]
        self.dpc, self.isr = u64(prcb + word(0x354)), u64(prcb + word(0x356))
        number = struct.unpack_from("<H", b, prcb + word(0x2BE))[0]
        self.prcb = self.u64(u64(self.array_at) + 8 * number)
        self.thread = (u64(thread + u32(kdbg + 0x340)), u64(thread + u32(kdbg + 0x344)))

    def u64(self, va):
        for at, off, size in self.blocks:
            if at <= va and va + 8 <= at + size:
                return struct.unpack_from("<Q", self.bytes, off + va - at)[0]
        return None

    def in_driver(self, va):
        return any(base <= va < base + size for base, size in self.drivers)


def ours(program, dump, command):
    out = subprocess.run([program, "--json", "-z", str(dump), "-c", command + "; q"], capture_output=True, text=True,
                         timeout=120).stdout
    rows = [json.loads(line) for line in out.splitlines()]
    frames = [r for r in rows if r["command"].startswith("k")][-1]["items"]
    for f in frames:
        for name in ("child_sp", "ret", "ip", "trap_frame"):
            f[name] = None if f[name] is None else int(f[name], 16)
    return frames


def plain(va):
    """An ARM64 address without its signature."""
    return va | 0xFFFF << 48 if va >> 55 & 1 else va


def linked(t, f, g):
    """Does what the kernel noted at the end of the processor's own stack lead from frame f to frame g?"""
    if not t.thread[0] <= g["child_sp"] < t.thread[1] or t.thread[0] <= f["child_sp"] < t.thread[1]:
        return False
    return f["trap_frame"] == t.u64(t.isr - 0x10) if f["trap_frame"] else (
        t.u64(t.dpc + 0x28), t.u64(t.dpc + 0x40)) == (g["ip"], g["child_sp"])


def rule(name, t, frames, arm64):
    problems, links = [], 0
    for i, (f, g) in enumerate(zip(frames, frames[1:])):
        at = f"frame {i:x}"
        user = g["child_sp"] >> 47 == 0
        if g["ip"] != f["ret"]:
            problems.append(f"{at}: the next frame is not its return address")
        if f["trap_frame"]:
            if arm64 or (t.u64(f["trap_frame"] + 0x168), t.u64(f["trap_frame"] + 0x180)) != (g["ip"], g["child_sp"]):
                problems.append(f"{at}: the trap frame says otherwise")
        elif not arm64 and t.u64(g["child_sp"] - 8) != f["ret"] and not linked(t, f, g):
            problems.append(f"{at}: no return address below the caller's stack pointer")
        elif arm64 and plain(t.u64(f["child_sp"] + 8) or 0) != f["ret"] and i == 0:
            problems.append(f"{at}: no return address beside the frame pointer")
        if user:
            if not f["trap_frame"] or i + 2 != len(frames):
                problems.append(f"{at}: user code without a trap frame, or not last")
            continue
        low, high = (t.stack, t.stack + t.stack_size)
        if linked(t, f, g):
            links += 1
        elif not g["child_sp"] > f["child_sp"]:
            problems.append(f"{at}: the stack pointer does not rise")
        if links:
            low, high = t.thread
        if not low <= g["child_sp"] <= high:
            problems.append(f"{at}: outside the stack")
        if not t.in_driver(g["ip"]):
            problems.append(f"{at}: no driver's code")
        if not arm64 and g["child_sp"] % 16 and not f["trap_frame"]:
            problems.append(f"{at}: the stack pointer is not aligned")
        if g["trust"] not in ("scan", "trap_frame", "code", "unwind", "frame_pointer"):
            problems.append(f"{at}: found by {g['trust']}")
    scanned = [(f["ip"], f["child_sp"]) for f in frames]
    if len(set(scanned)) != len(scanned):
        problems.append("a frame comes twice")
    check(f"rule {name}: {len(frames)} frames", len(frames) > 1 and not problems, "; ".join(problems[:4]))
    own = not t.thread[0] <= frames[0]["child_sp"] < t.thread[1] and any(
        top - 0x6000 <= frames[0]["child_sp"] < top for top in (t.dpc, t.isr))
    if own:
        check(f"link {name}", links == 1)


def prcb(name, t, program, path, arm64):
    with tempfile.NamedTemporaryFile(suffix=".dmp") as copy:
        copy.write(t.bytes[:t.array_at] + bytes(8) + t.bytes[t.array_at + 8:])
        copy.flush()
        for dump, known in ((path, t.prcb), (copy.name, t.prcb)):
            out = subprocess.run([program, "--json", "-z", str(dump), "-c", "!pcr; q"], capture_output=True, text=True,
                                 timeout=120).stdout
            items = json.loads(out.splitlines()[0])["items"]
            got = int(items[0]["prcb"], 16) if items and items[0]["prcb"] else 0
            right = got == known if known else got & 0xFFF == 0x180 or arm64 and got
            check(f"prcb {name}", right, f"{got:x}")


def rizin_frames(code):
    """[(ip, sp)] of rizin's dbt in the golden file, for the dump with this bug check."""
    text = (CORPUS / "golden/kernel/rizinorg_rizin__test_db_formats_dmp.txt").read_text()
    at = text.index(f"BugCheckCode : {code}")
    found = re.findall(r"^\d+ +(0x[0-9a-f]+) +sp: (0x[0-9a-f]+)", text[at:text.index("\nEOF", at)], re.M)
    return [(int(ip, 16), int(sp, 16)) for ip, sp in found if int(ip, 16)]


def rizin(name, frames, expected):
    rest = iter([(f["ip"], f["child_sp"]) for f in frames])
    missing = [hex(e[0]) for e in expected if e not in rest]
    check(f"rizin {name}: {len(expected)} frames", expected and not missing, " ".join(missing[:4]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the same: all of it is quick")
    parser.parse_args()
    program = pathlib.Path(os.environ.get("DS_BUILD", ROOT / "build")) / "dumpscope"
    dumps = sorted((CORPUS / "kernel").glob("*.dmp"))
    if not dumps or not program.exists():
        print("0 passed, 0 failed, 1 skipped: no corpus or no program")
        return 77
    for path in dumps:
        name, t = path.stem.split("__")[-1], Triage(path)
        arm64 = struct.unpack_from("<I", t.bytes, 0x30)[0] == 0xAA64
        frames = ours(program, path, "k -trust 300")
        rule(name, t, frames, arm64)
        prcb(name, t, program, path, arm64)
        if t.code in BLAMED:
            blamed = t.params[BLAMED[t.code]]
            check(f"anchor {name}", any(f["ip"] == blamed and f["trust"] in ("trap_frame", "context") for f in frames))
        for _, n, rva, trust in (x for x in FRAMES if x[0] == name):
            got = frames[n]["ret"] - t.base if len(frames) > n + 1 and frames[n]["ret"] else 0
            check(f"frame {name} {n}", got == rva and frames[n + 1]["trust"] == trust, f"{got:x}")
        if name == "triage_arm64":
            rizin(name, frames, rizin_frames("0x000001c8"))
        if name == "triage_x64":
            expected = rizin_frames("0x1000007e")
            start = ours(program, path, f"k -trust = {expected[0][1]:x} {expected[0][0]:x} 300")
            rule(name + " from the bug check", t, start, False)
            rizin(name, start, expected)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

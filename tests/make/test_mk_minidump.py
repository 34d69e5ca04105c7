#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks mk_minidump.py, mk_pe.py and mk_big_minidump.py by foreign readers: obj2yaml-19 and lldb-19 open the dumps,
llvm-readobj-19 decodes the unwind data, and unicorn runs the functions: an epilogue must undo its prologue.
What is not installed is skipped. TAP output."""
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import filter_dump
import mk_big_minidump
import mk_minidump
import mk_pe

try:
    import unicorn
    from unicorn import arm64_const, x86_const
except ImportError:
    unicorn = None

ALL = r'''
DUMP minidump x64
  os 10.0.22621 csd "Service Pack 1" cpus 8 ; time 2026-01-02T03:04:05 ; header flags 1826
  layout unused 4 jitpad 4
  misc 5 pid 1a2c create 2026-01-02T03:00:00 user 2 kernel 1 mhz 0n2800 integrity 2000 build "22621.1" cookie 1234abcd
  + zone 1 -60 "W. Europe Standard Time" "W. Europe Daylight Time"     # continued
  module 7ff600000000 app.exe time 5f000001 checksum 1234 version 1.2.3.4 export start=1000 export Work=1100
  + pdb app.pdb 01234567-89ab-cdef-0123-456789abcdef 2
  module 7ff700000000 old.dll size 8000 nb10 old.pdb 30000000 5
  function app.exe 1000-1050 "sub rsp,28" ret 1010
  function app.exe 1100-1150 "push rbp; push rbx; sub rsp,20; frame rbp,20; save rsi,18"
  function app.exe 1150-1180 "" raw 01000000 chain 1100
  thread 1a4 name "worker one" start app!start create 2026-01-02T03:00:01 kernel 10 user 20 affinity f teb 7ff000
  + suspend 1 priority -1 rip app!Work+20 cet 3 5000 rbp 14f020 stack 14f000: zero 20 0b0 0b5 app!start+10 zero 28 0
  thread 1a8 rip app!Work+20 rbp 14f120 stack 14f100: zero 20 0b0 0b5 app!start+10 zero 28 q 0 a "hello" u "x;y"
  + d 1 2 w 3 b 4 fill 4 ab to 14f200
  exception 1a4 code c0000005 address app!Work+20 flags 1 info 0 10 rip app!Work+20 rsp 14f000
  memory 20000: hex 4d5a9000 q app!Work
  teb 7ff000 base 150000 limit 14e000 tid 1a4 lasterror 5
  region 10000 size 10000 free ; region 20000 size 1000 protect rw private initial rwc
  unloaded 180000000 gone.dll size 20000 time 5e000000 checksum 77
  handle 4 type Event name "\\BaseNamedObjects\\go" access 1f0003 count 2 pointers ffff event 1 0
  handle 8 type Mutant mutant 0 1 0 mutant-owner 1a2c 1a4 ; handle c type Thread thread 103 7ff000 1a2c 1a4 f 8 8
  handleop 4 open pid 1a2c tid 1a4 stack app!start app!Work
  jit 30000-31000 base 30000 entry 0-20-100
  token 1a2c handle 99 block 01020304 block ffff
  sysmem 1 pagesize 1000 available 5000 ; vmcounters 2 flags f ws 1000
  comment "hello there" ; wcomment "*** procdump"
  breakpad dump 1a8 request 1a4 ; assertion expression "x > 0" function f file f.c line 12
  crashpad report 01234567-89ab-cdef-0123-456789abcdef simple prod chrome mask ffff000000000000
  annotation app.exe object ptype browser text list1 simple a b
  stream IptTrace 0102 ; stream JavaScriptData 03 ; stream 4d7a0001 deadbeef
'''
# (DataSize of a stream) by the sizes that the structures have
SIZES = {"SystemInfo": 56, "MiscInfo": 1364, "ThreadInfoList": 12 + 64, "0x18": 4 + 12, "UnloadedModuleList": 12 + 24,
         "HandleData": 16 + 3 * 40, "HandleOperationList": 16 + 288, "FunctionTable": 24 + 4 + 32 + 112 + 12 + 4,
         "Token": 16 + 72 + 6, "SystemMemoryInfo": 492, "ProcessVMCounters": 152, "CommentA": 12, "CommentW": 26,
         "BreakpadInfo": 12, "AssertionInfo": 776, "0x43500001": 64, "0x17": 2, "JavascriptData": 1, "0x4D7A0001": 4}

ARM64 = '''
minidump arm64
  module 7ff600000000 app.exe export Outer=1000 export Inner=1100
  function app.exe 1000-1040 "fplr_x 20; setfp; alloc 40" ret 1020
  function app.exe 1080-10c0 "regp_x x19,30; fplr 10; alloc 40"
  function app.exe 1100-1140 "pac; fplr_x 20; setfp; regp x19,10"
  thread 1 pc app!Inner+18 fp 5000 stack 5000: 5070 app!Outer+20 to 5070 5090 app!Outer+24 zero 40
  exception 1 code c0000005 address app!Inner+18 info 0 0
'''
X86 = '''
minidump x86
  module 400000 app.exe export Outer=1000 export Inner=1100
  thread 1 eip app!Inner+10 ebp 5010 stack 5000: zero 10 d 5020 app!Outer+20 zero 8 0 0
  exception 1 code 80000003 address app!Inner+10
'''
FUNCTIONS = {
    "x64": ["", "push rbx", "sub rsp,28", "push rbp; push r15; sub rsp,20; frame rbp,20; save rsi,18",
            "push r13; sub rsp,1000; frame r13,f0", "push rdi; sub rsp,90; save xmm6,20; save r14,88"],
    "arm64": ["", "fplr_x 20; setfp", "pac; fplr_x 40; setfp; regp x19,10; reg x21,20",
              "regp_x x19,30; fplr 10; alloc 240"],
}
count = failed = 0


def check(name, ok, why=""):
    global count, failed
    count += 1
    failed += not ok
    print(f"{'ok' if ok else 'not ok'} {count} - {name}{'' if ok else ': ' + str(why)}")


def skip(name, why):
    global count
    count += 1
    print(f"ok {count} - {name} # SKIP {why}")


def tool(name, *args, need=True):
    """The tool's output, or None when it is not installed."""
    if not shutil.which(name):
        return None
    p = subprocess.run([name, *args], capture_output=True, text=True, timeout=60, check=False)
    return p.stdout if p.returncode == 0 or not need else f"{name} failed: {p.stderr}"


def write(folder, name, data):
    path = os.path.join(folder, name)
    with open(path, "wb") as f:
        f.write(data)
    return path


def streams_of(yaml):
    """{type: [byte sizes of its Content lines]} and the text of each stream, from obj2yaml's output"""
    out = {}
    for part in re.split(r"(?m)^  - Type: +", yaml)[1:]:
        name, _, body = part.partition("\n")
        out[name.strip()] = body
    return out


def test_all_streams(folder):
    for layout in ("", "memory64 ", "padlists "):
        path = write(folder, "all.dmp", mk_minidump.recipe(ALL.replace("layout ", "layout " + layout)).write())
        yaml = tool("obj2yaml-19", path)
        if yaml is None:
            return skip("obj2yaml-19 reads all streams", "not installed")
        streams = streams_of(yaml)
        for name, size in SIZES.items():
            m = re.match(r" +Content: +'?([0-9A-F]*)'?\n", streams.get(name, ""))
            if name in ("SystemInfo", "HandleData") or name.startswith("Comment"):
                check(f"{layout}{name} is there", name in streams, yaml[:300])
            else:
                check(f"{layout}{name} has {size} bytes", m and len(m[1]) == 2 * size, m and len(m[1]) // 2)
        for fact in ("Thread Id:       0x1A4", "Base of Image:   0x7FF700000000", r"'C:\app\app.exe'",
                     "Parameter 1:     0x10", "CSD Version:     Service Pack 1", "File Version Low: 0x30004",
                     "PAGE_EXECUTE_WRITE_COPY", "4E4231300000000000000030050000006F6C642E70646200"):
            check(f"{layout}obj2yaml shows {fact!r}", fact in yaml)
        check(f"{layout}four unused entries", yaml.count("Type:            0x0\n") == 4)
    return None


def test_lldb(folder):
    for name, text, frames, memory64 in (("x64", ALL, ["Work + 32", "start + 16"], True),
                                         ("arm64", ARM64, ["Inner + 24", "Outer + 32"], False),
                                         ("x86", X86, ["Inner + 16", "Outer + 32"], False)):
        if memory64:
            text = text.replace("layout ", "layout memory64 ")
        dump = mk_minidump.recipe(text)
        path = write(folder, name + ".dmp", dump.write())
        write(folder, "app.exe", dump.modules[0]["image"].file())
        out = tool("lldb-19", "-b", "-o", f"settings append target.exec-search-paths {folder}", "-o",
                   f"target create -c {path}", "-o", "bt all", need=False)
        if out is None:
            skip(f"lldb-19 unwinds {name}", "not installed")
            continue
        got = re.findall(r"frame #\d+: 0x\w+ app\.exe`(.*)", out)[:2]
        check(f"lldb-19 unwinds {name}", got == frames, out)


def test_unwind_data(folder):
    path = write(folder, "app.exe", mk_minidump.recipe(ALL).modules[0]["image"].file())
    out = tool("llvm-readobj-19", "--unwind", "--coff-exports", path)
    if out is None:
        return skip("llvm-readobj-19 decodes x64 unwind data", "not installed")
    for fact in ("0x10: SAVE_NONVOL reg=RSI, offset=0x18", "0x0B: SET_FPREG reg=RBP, offset=0x20",
                 "ALLOC_SMALL size=40", "0x01: PUSH_NONVOL reg=RBP", "ChainInfo (0x4)", "Name: Work"):
        check(f"llvm-readobj-19 shows {fact}", fact in out, out)
    path = write(folder, "arm.exe", mk_minidump.recipe(ARM64).modules[0]["image"].file())
    out = tool("llvm-readobj-19", "--unwind", path)
    for fact in ("pacibsp", "stp x29, x30, [sp, #-32]!", "mov fp, sp", "stp x19, x20, [sp, #16]",
                 "stp x19, x20, [sp, #-48]!", "sub sp, #64"):
        check(f"llvm-readobj-19 shows {fact}", fact in out, out)
    return None


def emulator(arch):
    if arch == "x64":
        regs = [getattr(x86_const, f"UC_X86_REG_{r.upper()}") for r in "rbx rbp rsi rdi r12 r13 r14 r15".split()]
        return unicorn.Uc(unicorn.UC_ARCH_X86, unicorn.UC_MODE_64), regs, x86_const.UC_X86_REG_RSP
    regs = [getattr(arm64_const, f"UC_ARM64_REG_X{i}") for i in range(19, 30)]
    return unicorn.Uc(unicorn.UC_ARCH_ARM64, unicorn.UC_MODE_ARM), regs, arm64_const.UC_ARM64_REG_SP


def test_functions_run():
    """Run whole: the epilogue gives back the stack pointer and what was pushed, and returns to the caller."""
    if not unicorn:
        return skip("unicorn runs the functions", "python3-unicorn is not installed")
    for arch, texts in FUNCTIONS.items():
        for text in texts:
            image = mk_pe.Image(arch, 0x100000, "f.exe")
            image.function(0x1000, 0x1080, text)
            uc, regs, sp = emulator(arch)
            uc.mem_map(0x100000, 0x20000)
            uc.mem_map(0x10000, 0x10000)
            uc.mem_write(0x100000, image.file())
            back, top, end = 0x110000, 0x18000, 0x18000 + (8 if arch == "x64" else 0)
            uc.reg_write(sp, top)
            uc.mem_write(top, struct.pack("<Q", back))
            if arch == "arm64":
                uc.reg_write(arm64_const.UC_ARM64_REG_LR, back)
            for i, r in enumerate(regs):
                uc.reg_write(r, 0x1111 * (i + 1))
            uc.emu_start(0x101000, back, count=200)
            kept = [i for i, r in enumerate(regs) if uc.reg_read(r) != 0x1111 * (i + 1)]
            check(f"{arch} {text!r} undoes itself", uc.reg_read(sp) == end and not kept, (hex(uc.reg_read(sp)), kept))
    return None


def test_yaml(folder):
    """yaml/ suits yaml2obj-19, and obj2yaml-19 reads back what is not odd on purpose."""
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "yaml")
    for name in sorted(os.listdir(here)):
        path = os.path.join(folder, name + ".dmp")
        out = tool("yaml2obj-19", os.path.join(here, name), "-o", path)
        if out is None:
            return skip("yaml2obj-19 takes yaml/", "not installed")
        back = tool("obj2yaml-19", path) if name != "odd.yaml" else "--- !minidump"
        check(f"yaml2obj-19 takes {name}", out == "" and back.startswith("--- !minidump"), out + back[:200])
    return None


def test_filter():
    """The page filter keeps stacks, TEBs, writable and header pages, drops the rest, and finds what is forbidden."""
    text = ALL.replace("layout ", "layout memory64 ") + """
      region 14f000 size 1000 ; region 7ff600000000 size 10000 image protect r allocation 7ff600000000
      region 7ff000 size 2000"""
    dump = filter_dump.Dump(mk_minidump.recipe(text).write())
    kept = filter_dump.merged(dump, filter_dump.page_spans(dump, False, False))
    starts = [va for va, _ in kept]
    check("the filter drops read-only image pages", 0x7FF600000000 in starts and 0x7FF60000E000 not in starts, starts)
    check("and keeps stacks and TEBs", {0x14F000, 0x14F100, 0x7FF000} <= set(starts), starts)
    out = filter_dump.rebuilt(dump, kept, False)
    again = filter_dump.Dump(out)
    stacks = [[(start, d.d[d.at(start):][:n]) for _, _, start, n, _ in d.threads()] for d in (dump, again)]
    check("its result is a dump with the same stacks", len(stacks[0]) == 2 and stacks[0] == stacks[1], stacks)
    same = all(again.d[again.at(va):][:n] == dump.d[o:o + n] for va, [(o, n)] in kept)
    check("and the memory that it keeps is unchanged", same)
    try:
        filter_dump.forbidden(out, ["Worker ONE"])
        check("forbidden text is found", False)
    except filter_dump.Bad:
        check("forbidden text is found", True)


def test_errors():
    for text, why in (("module 1 a.exe", "begins with"), ("minidump x64\nfoo 1", "unknown statement"),
                      ("minidump x64\nmemory 1: 2\nthread 1 rip b+1", "no module"), ("", "empty"),
                      ('minidump x64\ncomment "x', "quote"), ("minidump x64\nregion 1 size", "missing"),
                      ("minidump x64\nmodule 1 a.exe\nfunction a 1000-1002 \"sub rsp,28\"", "longer than"),
                      ("minidump x64\nmemory 10: q 1 2 to 18", "goes back")):
        try:
            mk_minidump.recipe(text)
            check(f"refused: {text!r}", False, "it was accepted")
        except mk_minidump.RecipeError as e:
            check(f"refused: {text!r}", why in str(e), e)


def test_big(folder):
    path = os.path.join(folder, "big.dmp")
    mk_big_minidump.write(path, 1 << 30, 2000)
    size = os.stat(path)
    check("the big dump is sparse", size.st_size >= 1 << 30 and size.st_blocks * 512 < 1 << 20, size)
    with open(path, "rb") as f:
        head = f.read(1 << 17)
    count_, rva = struct.unpack_from("<II", head, 8)
    kind, n, at = next(e for e in (struct.unpack_from("<III", head, rva + 12 * i) for i in range(count_)) if e[0] == 9)
    ranges, base = struct.unpack_from("<QQ", head, at)
    total = sum(struct.unpack_from("<QQ", head, at + 16 + 16 * i)[1] for i in range(ranges))
    check("its table fills the file", ranges == 2000 and n == 16 * 2001 and base + total == size.st_size)


def main():
    with tempfile.TemporaryDirectory() as folder:
        test_all_streams(folder)
        test_lldb(folder)
        test_unwind_data(folder)
        test_functions_run()
        test_yaml(folder)
        test_filter()
        test_errors()
        test_big(folder)
    print(f"1..{count}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

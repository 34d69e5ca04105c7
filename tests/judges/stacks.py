#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Stacks as (Child-SP, RetAddr) pairs against judges that are not ours.

  lldb        lldb-19 with the same images, for the lab dumps and LLVM's own sigsegv.dmp
  breakpad    minidump_stackwalk's frames of minidump2.dmp
  cdb         the pairs that cdb printed for sample3
  lldb x86    the same, instruction pointers alone; functions without frame pointers
  symbolicator  its snapshot of windows.dmp, x86 without code, with the PDB
  crt         the C runtime's own start-up chain, in a dump without images or unwind data, by sizes in the PDB
  unity       the return addresses in the crash log that Unity wrote beside the KSP dump
"""
import argparse
import json
import lzma
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
CORPUS = pathlib.Path(os.environ.get("DS_CORPUS", ROOT / "../shared/corpus"))
LAB = ["x64/seh", "x64/plain64_O2", "x64/deadm_O2", "arm64/a64_O0", "arm64/a64_O2", "rust/rapp_debug",
       "rust/rapp_release", "msvc-real/winpty_bp"]
WINE = pathlib.Path("/usr/lib/x86_64-linux-gnu/wine/x86_64-windows")  # the DLLs of the lab dumps, where Wine is there
passed = failed = 0


def check(name, ok, detail=""):
    global passed, failed
    passed += ok
    failed += not ok
    print(f"{'ok' if ok else 'not ok'} - {name}{': ' + detail if detail else ''}")


def ours(program, dump, images, commands):
    """Stack of the last k among the commands: [(sp, ret, ip, trust)]."""
    out = subprocess.run([program, "--json", "-z", str(dump), "-i", f"{images};{WINE}", "-c", commands + "; q"],
                         capture_output=True, text=True, timeout=120).stdout
    docs = [json.loads(line) for line in out.splitlines()]
    rows = [d for d in docs if d["command"].startswith("k")][-1]["items"]
    number = lambda v: None if v is None else int(v, 16)
    real = [r for r in rows if r["child_sp"] is not None]  # the others are inlined calls
    return [(number(r["child_sp"]), number(r["ret"]), number(r["ip"]), r["trust"]) for r in real]


def lldb_frames(dump, exe, images):
    """[(number, [(pc, sp)])], a pair a thread; frames that lldb inlined are folded into their function's."""
    fmt = "FRAME ${frame.pc} ${frame.sp}\\n"
    paths = f"{images} {WINE}" if WINE.is_dir() else images
    out = subprocess.run(["lldb-19", "-b", "-o", f"settings append target.exec-search-paths {paths}",
                          "-o", f'settings set frame-format "{fmt}"', "-o", f"target create {exe} -c {dump}", "-o", "bt all"], capture_output=True, text=True, timeout=120).stdout
    threads = []
    for line in out.splitlines():
        m = re.match(r"[* ]*thread #(\d+)", line)
        if m:
            threads.append((int(m[1]) - 1, []))
        m = re.search(r"FRAME (0x[0-9a-f]+) (0x[0-9a-f]+)", line)
        if m and threads:
            pc, sp = int(m[1], 16), int(m[2], 16)
            if not threads[-1][1] or threads[-1][1][-1][1] != sp:  # the same rsp again: an inlined frame
                threads[-1][1].append((pc, sp))
    return threads


def judge_lldb(program, tmp):
    if not shutil.which("lldb-19"):
        print("skipped: lldb-19 is not installed")
        return
    cases = []
    for name in LAB:
        folder, base = name.split("/")
        images = tmp / base
        images.mkdir()
        dump = images / f"{base}.dmp"
        dump.write_bytes(lzma.decompress((CORPUS / "lab" / folder / f"{base}.dmp.xz").read_bytes()))
        for file in (CORPUS / "lab" / folder).glob("*.[ep][xd][eb]*"):
            # lldb unwinds a function only when a PDB names it; the Rust images ask for rapp.pdb.
            name_there = "rapp.pdb" if file.name == base + ".pdb.xz" and folder == "rust" else file.name.removesuffix(".xz")
            data = file.read_bytes()
            (images / name_there).write_bytes(lzma.decompress(data) if file.suffix == ".xz" else data)
        cases.append((name, dump, images / ("winpty-agent.exe" if base == "winpty_bp" else base + ".exe"), images))
    cases.append(("sigsegv", CORPUS / "user/llvm_lldb__sigsegv.dmp", "", tmp))
    for name, dump, exe, images in cases:
        for number, theirs in lldb_frames(dump, exe, images):
            k = ours(program, dump, images, f"~{number}s; .ecxr; k")
            if not k or k[0][0] != theirs[0][1]:  # lldb takes the exception's context for its thread
                k = ours(program, dump, images, f"~{number}s; k")
            mine = [(ip, sp) for sp, _, ip, _ in k]
            n = len(theirs)
            # lldb shows no frame beyond what it can unwind; ours may go on.
            check(f"lldb {name} thread {number}", mine[:n] == theirs,
                  f"{n} frames" if mine[:n] == theirs else f"ours {show(mine[:n + 1])} lldb {show(theirs)}")


def show(frames):
    return " ".join(f"{pc:x}/{sp:x}" for pc, sp in frames)


def judge_breakpad(program):
    text = (CORPUS / "golden/google_breakpad/src/processor/testdata/minidump2.stackwalk.out").read_text()
    crashed = text.split("(crashed)")[1].split("Loaded modules")[0]
    theirs = [(int(a, 16), int(b, 16)) for a, b in re.findall(r"eip = (0x[0-9a-f]+)\s+esp = (0x[0-9a-f]+)", crashed)][:4]
    mine = [ip for _, _, ip, _ in ours(program, CORPUS / "user/google_breakpad__minidump2.dmp", "", ".ecxr; k")]
    check("breakpad minidump2 frames 0-3", mine[:4] == [ip for ip, _ in theirs], " ".join(f"{ip:x}" for ip in mine[:4]))


def judge_cdb(program):
    text = (CORPUS / "golden/KindTis+DumpAnalysisMCP/sample3-cdb-facts.txt").read_text()
    pairs = [(int(a.replace("`", ""), 16), int(b.replace("`", ""), 16))
             for a, b in re.findall(r"^([0-9a-f]{8}`[0-9a-f]{8}) ([0-9a-f]{8}`[0-9a-f]{8}) :", text, re.M)]
    dump = CORPUS / "user/KindTis_DumpAnalysisMCP__sample3.CppConsoleApplication.dmp"
    k = ours(program, dump, "", ".ecxr; k 200")
    mine = {(sp, ret) for sp, ret, _, _ in k}
    for pair in pairs:
        check(f"cdb sample3 {pair[0]:x} {pair[1]:x}", pair in mine)
    print(f"# sample3: {len(k)} frames, {sum(t == 'scan' for *_, t in k)} of them by scan")


def judge_x86(program, tmp):
    for base in ("fpo2", "plain32_O2") if shutil.which("lldb-19") else ():
        images = CORPUS / "lab/x86"
        dump = tmp / f"{base}.dmp"
        dump.write_bytes(lzma.decompress((images / f"{base}.dmp.xz").read_bytes()))
        theirs = [pc for pc, _ in lldb_frames(dump, images / f"{base}.exe", images)[0][1]]
        mine = [ip for _, _, ip, _ in ours(program, dump, images, ".ecxr; k")]
        check(f"lldb x86 {base}", mine[:len(theirs)] == theirs, " ".join(f"{ip:x}" for ip in mine))
    snap = "golden/getsentry+symbolicator/crates/symbolicator-native/tests/integration/snapshots/integration__process_minidump__minidump_windows.snap"
    text = (CORPUS / snap).read_text().split("thread_id")[1]
    theirs = [int(a, 16) for a in re.findall(r'instruction_addr: "(0x[0-9a-f]+)"', text)]
    images = tmp / "crash"
    images.mkdir()
    shutil.copy(CORPUS / "symbols/getsentry_symbolic__symbolic-testutils~fixtures~windows~crash.pdb", images / "crash.pdb")
    out = subprocess.run([program, "--json", "-z", str(CORPUS / "user/getsentry_symbolicator__windows.dmp"), "-y", str(images), "-c",
                          ".ecxr; k; q"], capture_output=True, text=True, timeout=60).stdout
    rows = [d for d in map(json.loads, out.splitlines()) if d["command"] == "k"][0]["items"]
    mine = [int(r["ip"], 16) for r in rows if r["inline"] is None]
    # It takes a byte off the return addresses of frames that it finds symbols for.
    same = len(theirs) > 4 and all(a in (b, b - 1) for a, b in zip(theirs, mine))
    check("symbolicator windows.dmp", same and len(mine) == len(theirs), " ".join(f"{ip:x}" for ip in mine))


def judge_crt(program, tmp):
    images = tmp / "crt"
    images.mkdir()
    name = "KindTis_DumpAnalysisMCP__sample2.CppConsoleApplication"
    shutil.copy(CORPUS / f"symbols/{name}.pdb", images / "CppConsoleApplication.pdb")
    out = subprocess.run([program, "--json", "-z", str(CORPUS / f"user/{name}.dmp"), "-y", str(images), "-c", ".ecxr; k; q"],
                         capture_output=True, text=True, timeout=60).stdout
    rows = [d for d in map(json.loads, out.splitlines()) if d["command"] == "k"][0]["items"]
    names = [r["function"].split("!")[-1] for r in rows]
    chain = ["main", "invoke_main", "__scrt_common_main_seh", "__scrt_common_main", "mainCRTStartup"]
    at = names.index("main") if "main" in names else 0
    check("crt chain of sample2", names[at:at + 5] == chain and all(r["trust"] == "frame_proc" for r in rows[at:at + 5]),
          " ".join(names[at:at + 5]))


def judge_unity(program):
    log = (CORPUS / "golden/LYJ-Kerman+crash-log/error.log").read_text(errors="replace")
    block = log.split("Stack Trace of Crashed Thread")[1].split("\n\n")[0]
    wanted = [int(a, 16) for a in re.findall(r"^(0x[0-9A-F]+) ", block, re.M)]
    k = ours(program, CORPUS / "user/LYJ-Kerman_crash-log__crash.dmp", "", ".ecxr; k 1000")
    at, extra, bad = 0, 0, []
    for _, _, ip, trust in k:
        if at < len(wanted) and ip == wanted[at]:
            at += 1
        else:
            extra += 1
            if trust != "scan":
                bad.append(ip)
    check("unity: every return address, in order", at == len(wanted), f"{at} of {len(wanted)}; {extra} extra frames")
    check("unity: each extra frame is marked scan", not bad, " ".join(f"{ip:x}" for ip in bad[:5]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=str(ROOT / "build/dumpscope"))
    parser.add_argument("--quick", action="store_true", help="the same; it is quick")
    args = parser.parse_args()
    if not CORPUS.is_dir():
        print("skipped: no corpus")
        return 77
    with tempfile.TemporaryDirectory() as tmp:
        judge_lldb(args.program, pathlib.Path(tmp))
        judge_x86(args.program, pathlib.Path(tmp))
        judge_crt(args.program, pathlib.Path(tmp))
    judge_breakpad(args.program)
    judge_cdb(args.program)
    judge_unity(args.program)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

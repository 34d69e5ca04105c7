#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""locals.py [--quick] [--program P]: `dv` of every frame of the lab dumps against the variables that lldb-19 shows there:
each one that it has a value or a place for must be among ours, with an equal value or address."""
import argparse, json, lzma, os, pathlib, re, shutil, subprocess, sys, tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
CORPUS = pathlib.Path(os.environ.get("DS_CORPUS", ROOT / "../shared/corpus"))
LAB = ["x64/seh", "x64/plain64_O2", "x64/deadm_O2", "x86/fpo2", "x86/plain32_O2", "arm64/a64_O0", "arm64/a64_O2",
       "rust/rapp_debug", "rust/rapp_release", "msvc-real/winpty_bp"]
QUICK = ["x64/seh", "x86/fpo2", "arm64/a64_O0", "rust/rapp_release"]
WINE = pathlib.Path("/usr/lib/x86_64-linux-gnu/wine/x86_64-windows")
MOST = 40
# (dump, variable): why lldb differs.
EXPLAINED = {
    ("x64/plain64_O2", "StartupInfo"): "from DWARF", ("x64/plain64_O2", "ret"): "from DWARF",
    ("arm64/a64_O2", "d"): "lldb reads the W registers of CodeView one too high: the code moves d to w19",
    ("rust/rapp_release", "l"): "lldb takes CodeView's EAX of x64 for ds",
}
ASK = r'''
import json
def go(debugger):
    for thread in debugger.GetSelectedTarget().GetProcess():
        for f in list(thread)[:%d]:
            rows = []
            for v in f.GetVariables(True, True, False, True):
                if v.GetError().Success():
                    rows.append((v.GetName(), v.GetTypeName(), v.GetValue(), v.GetLocation(), v.GetByteSize()))
            print("ROW " + json.dumps((thread.GetIndexID() - 1, f.GetPC(), f.GetSP(), f.GetFunctionName() or "",
                                       bool(f.IsInlined()), rows)))
''' % MOST


def theirs(dump, exe, folder):
    script = folder / "ask_lldb.py"
    script.write_text(ASK)
    paths = f"{folder} {WINE}" if WINE.is_dir() else str(folder)
    out = subprocess.run(["lldb-19", "-b", "-o", f"settings append target.exec-search-paths {paths}",
                          "-o", f"settings append target.debug-file-search-paths {folder}",
                          "-o", f"target create {exe} -c {dump}", "-o", f"command script import {script}",
                          "-o", "script ask_lldb.go(lldb.debugger)"], capture_output=True, text=True, timeout=300).stdout
    return [json.loads(line[4:]) for line in out.splitlines() if line.startswith("ROW ")]


def ours(program, dump, folder, thread, first):
    """[(pc, inlined, function, {name: [rows]})] of a thread, from its own registers or the exception's."""
    frames = "; ".join(f".frame {n:x}; dv" for n in range(MOST))
    r = subprocess.run([program, "--json", "-z", str(dump), "-i", str(folder), "-y", str(folder), "-c",
                        f"~{thread}s; {first}{frames}; q"], capture_output=True, text=True, timeout=300)
    out, row = [], None
    for line in r.stdout.splitlines():
        doc = json.loads(line)
        if doc["command"].startswith(".frame") and doc["items"]:
            row = doc["items"][0]
            out.append((int(row["ip"], 16), row["inline"] is not None, row["function"], {}))
        elif doc["command"].startswith(".frame"):
            row = None
        elif doc["command"] == "dv" and row:
            for v in doc["items"]:
                out[-1][3].setdefault(v["name"], []).append(v)
    return out


def number(text):
    m = re.match(r"(?:.*\()?0n(-?\d+)", text) or re.match(r"0x([0-9a-f`]+)|(\d+)$", text)
    if not m:
        return {"true": 1, "false": 0}.get(text)
    if m.lastindex == 1 and "0n" in text:
        return int(m[1])
    return int(m[1].replace("`", ""), 16) if m[1] else int(m[2])


def their_number(text):
    if text in ("true", "false"):
        return int(text == "true")
    m = re.match(r"-?\d+$|0x[0-9a-f]+$", text)
    return int(text, 0) if m else None


def same(v, value, location, size):
    """None: nothing to compare."""
    if value is None or their_number(value) is None:
        at = re.match(r"0x[0-9a-f]+$", location or "")
        if not at:
            return None
        if v["address"] is None and v["value"] is not None:
            return None  # pieces: lldb's address is one of its own process
        return v["address"] is not None and int(v["address"], 16) == int(location, 16)
    if v["value"] is not None and number(v["value"]) is None: # a reference that is a struct in the PDB
        return same(v, None, location, size)
    if v["value"] is None:
        return False
    mask = (1 << 8 * min(size, 8)) - 1
    return number(v["value"]) & mask == their_number(value) & mask


def judge(program, name, tmp, sums):
    folder, base = name.split("/")
    images = tmp / base
    images.mkdir()
    dump = images / f"{base}.dmp"
    dump.write_bytes(lzma.decompress((CORPUS / "lab" / folder / f"{base}.dmp.xz").read_bytes()))
    for file in (CORPUS / "lab" / folder).glob("*.[ep][xd][eb]*"):
        # The Rust images ask for rapp.pdb.
        there = "rapp.pdb" if file.name == base + ".pdb.xz" and folder == "rust" else file.name.removesuffix(".xz")
        data = file.read_bytes()
        (images / there).write_bytes(lzma.decompress(data) if file.suffix == ".xz" else data)
    exe = images / ("winpty-agent.exe" if base == "winpty_bp" else base + ".exe")
    rows = theirs(dump, exe, images)
    for thread in sorted({r[0] for r in rows}):
        mine = None
        for r in (r for r in rows if r[0] == thread):
            _, pc, _, function, inlined, variables = r
            if mine is None:
                mine = ours(program, dump, images, thread, "")
                if not mine or mine[0][0] != pc:
                    mine = ours(program, dump, images, thread, ".ecxr; ")
            # Frames of one address: the inlined ones first, in the same order.
            at = next((i for i, m in enumerate(mine) if m[0] == pc and m[1] == inlined), None)
            if at is None:
                sums["frames that only lldb has"] += 1
                continue
            frame = mine.pop(at)
            for var, kind, value, location, size in variables:
                sums["variables"] += 1
                found = frame[3].get(var, [])
                answers = [same(v, value, location, size) for v in found]
                if True in answers:
                    sums["equal"] += 1
                elif found and None in answers:
                    sums["nothing to compare"] += 1
                elif (name, var) in EXPLAINED:
                    sums["explained"] += 1
                else:
                    sums["differ"] += 1
                    print(f"not ok - {name} thread {thread} {function} {var} ({kind}): lldb {value} at {location}, "
                          f"ours {[(v['value'], v['location'], v['why']) for v in found]}")
            sums["frames"] += 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", default=str(ROOT / "build/dumpscope"))
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    if not CORPUS.is_dir() or not shutil.which("lldb-19"):
        print("skipped: no corpus or no lldb-19")
        return 0
    sums = dict.fromkeys(["frames", "frames that only lldb has", "variables", "equal", "explained", "nothing to compare",
                          "differ"], 0)
    with tempfile.TemporaryDirectory() as tmp:
        for name in QUICK if args.quick else LAB:
            judge(args.program, name, pathlib.Path(tmp), sums)
    print(", ".join(f"{k} {v}" for k, v in sums.items()))
    print(f"{sums['equal']} passed, {sums['differ']} failed")
    return 1 if sums["differ"] or not sums["equal"] else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Judge: kernel stacks that a processor made. An emulator runs a kernel and a driver that clang-19 and lld-19 build here
(tests/make/driver_lab.py), through page faults, interrupts, DPCs, a double fault, a system call and a wait; every call is
written down as it is executed. The dumps that hold the memory of then must show those frames.

  exact     with the images on the image path: all frames, their stack pointers and trap frames, all by unwind data
  names     function, file and line of each frame: llvm-symbolizer-19 at the address before the return address
  readobj   every frame that made a call stands in a function entry that llvm-readobj-19 lists
  bare      without images: what is not called a scan is a frame that was there; how many of the frames are found

usage: kernel_drivers.py [--quick]     env: DS_BUILD
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "make"))
import dump_tools  # noqa: E402

try:
    import driver_lab
except ImportError:
    print("skipped: no python3-unicorn")
    sys.exit(77)

SCENES = ("page_fault", "interrupt", "dpc", "dpc_fault", "double_fault", "system_call", "waiting")
passed = failed = 0
total = {"frames": 0, "names": 0, "bare": 0, "bare found": 0, "bare wrong": 0}


def check(name, ok, detail=""):
    global passed, failed
    passed += bool(ok)
    failed += not ok
    print(f"{'ok' if ok else 'not ok'} - {name}{': ' + str(detail)[:600] if detail and not ok else ''}")


def shown(dump, folder, scene):
    """Frames of `k -trust`, as the JSON has them."""
    program = pathlib.Path(os.environ.get("DS_BUILD", dump_tools.ROOT / "build")) / "dumpscope"
    images = ["-i", str(folder), "-y", str(folder)] if folder else []
    commands = (f".thread {driver_lab.THREAD:x}; " if scene == "waiting" else "") + "k -trust 200; q"
    out = subprocess.run([program, *images, "--json", "-z", str(dump), "-c", commands], capture_output=True, text=True,
                         timeout=120, env={k: v for k, v in os.environ.items() if not k.startswith("_NT_")}).stdout
    frames = [json.loads(line) for line in out.splitlines()]
    frames = [r for r in frames if r["command"].startswith("k")][-1]["items"]
    for f in frames:
        for name in ("child_sp", "ip", "trap_frame"):
            f[name] = None if f[name] is None else int(f[name], 16)
    return frames


def expected(frames):
    """Up to the first frame of user code, whose memory a kernel dump does not have, and without the end's 0."""
    out = []
    for f in frames:
        if f[0]:
            out.append(f)
        if f[0] >> 47 == 0:
            break
    return out


def symbolize(lab, truth, got, name):
    """The interrupted and the innermost frame are asked for as they are, the others one byte before."""
    bad = []
    for i, (ip, _, _) in enumerate(truth):
        image = next((m for m in lab.images[:2] if m.base <= ip < m.base + m.size), None)
        if not image:
            continue
        exact = i == 0 or truth[i - 1][2] is not None or ip == lab.nt["KiDispatchInterruptContinue"]
        out = subprocess.run(["llvm-symbolizer-19", f"--obj={image.path}", "--output-style=JSON", "--no-inlines",
                              hex(ip - (not exact))], capture_output=True, text=True, timeout=60).stdout
        want = json.loads(out)[0]["Symbol"][0]
        ours, line = got[i]["function"].partition("!")[2], got[i]["line"] or 0
        total["names"] += 1
        if (ours, line) != (want["FunctionName"], want["Line"]):
            bad.append((hex(ip), ours, line, want["FunctionName"], want["Line"]))
    check(f"names {name}", not bad, bad)


def entries(lab):
    """[(start, end)] that llvm-readobj lists."""
    out = []
    for image in lab.images[:2]:
        text = subprocess.run(["llvm-readobj-19", "--unwind", str(image.path)], capture_output=True, text=True,
                              timeout=60).stdout
        ends = re.findall(r"StartAddress: [^(]*\(?(0x[0-9A-F]+)\)?\s+EndAddress: [^(]*\(?(0x[0-9A-F]+)\)?", text)
        out += [(int(a, 16), int(b, 16)) for a, b in ends]
    return [(a, b) if a >> 47 else (a + lab.images[0].base, b + lab.images[0].base) for a, b in out]


def with_images(lab, path, truth, name, scene, table):
    got = shown(path, lab.folder, scene)
    ours = [(f["ip"], f["child_sp"], f["trap_frame"]) for f in got]
    want = expected(truth)
    total["frames"] += len(want)
    plain = lambda frames: [tuple(hex(x or 0) for x in f) for f in frames]
    first = next((i for i, (a, b) in enumerate(zip(ours, want)) if a != b), min(len(ours), len(want)))
    check(f"exact {name}: {len(want)} frames", ours == want,
          f"frame {first:x}: {plain(ours[first:first + 1])}, not {plain(want[first:first + 1])}")
    guessed = [f["trust"] for f in got if f["trust"] not in ("context", "unwind")]
    check(f"exact {name}: by unwind data", not guessed, guessed)
    if ours == want:
        symbolize(lab, want, got, name)
        callers = [ip - 1 for i, (ip, _, _) in enumerate(want) if i and want[i - 1][2] is None and ip >> 47]
        check(f"readobj {name}", all(any(a <= ip < b for a, b in table) for ip in callers))


def without_images(path, truth, name, scene):
    got, want = shown(path, None, scene), expected(truth)
    there = {(ip, sp) for ip, sp, _ in want}
    wrong = [f for f in got if (f["ip"], f["child_sp"]) not in there]
    sure = [(f["trust"], hex(f["ip"])) for f in wrong if f["trust"] != "scan"]
    check(f"bare {name}: {len(got) - len(wrong)} of {len(want)} frames, {len(wrong)} others", not sure, sure)
    traps = {t for _, _, t in want if t}
    check(f"bare {name}: {len(traps)} trap frames", traps <= {f["trap_frame"] for f in got})
    total["bare"] += len(want)
    total["bare found"] += len(got) - len(wrong)
    total["bare wrong"] += len(wrong)


def main():
    dump_tools.arguments(__doc__)
    needed = ("clang-19", "lld-link-19", "llvm-symbolizer-19", "llvm-readobj-19")
    if not all(shutil.which(tool) for tool in needed):
        print("skipped: needs " + ", ".join(needed))
        sys.exit(77)
    with tempfile.TemporaryDirectory() as d:
        lab = driver_lab.Lab(pathlib.Path(d))
        table = entries(lab)
        for scene in SCENES:
            frames, cpu, bugcheck = getattr(lab, scene)()
            for kind in ("bitmap", "triage"):
                if scene == "waiting" and kind == "triage":
                    continue  # small dumps have one thread
                path = pathlib.Path(d) / f"{scene}_{kind}.dmp"
                lab.dump(kind, cpu, bugcheck, path, scene == "waiting")
                with_images(lab, path, frames, f"{scene} {kind}", scene, table)
                without_images(path, frames, f"{scene} {kind}", scene)
    print(", ".join(f"{n} {name}" for name, n in total.items()))
    dump_tools.finish(passed, failed)


if __name__ == "__main__":
    main()

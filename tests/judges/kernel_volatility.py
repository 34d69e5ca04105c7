#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Judge: Volatility 3 on forged dumps. Its layers must give the same bytes and translations of x64, x86 and PAE,
transition pages included; its windows.info, windows.modules and windows.pslist must tell what the recipe says, with the
layouts of the ISF that the forged kernel names. DS_VOLATILITY names its source tree; skipped without it. It only runs,
nothing of it is copied. It removes symbol files that it cannot use, so it gets copies in a temporary folder."""
import json, os, pathlib, shutil, subprocess, sys, tempfile

import dump_tools, kernel_forge

ISF = "79BE8C368BEC7DD9677EA9B355ACE784-1.json.xz"
DRIVER = r"""
import sys
sys.path.insert(0, sys.argv[1])
from volatility3.framework import contexts, exceptions
from volatility3.framework.layers import crash, intel, physical
path, machine, root, vas = sys.argv[2], sys.argv[3], int(sys.argv[4], 16), [int(x, 16) for x in sys.stdin]
c = contexts.Context()
c.config["file.location"] = "file://" + path
c.layers.add_layer(physical.FileLayer(c, "file", "file"))
c.config["dump.base_layer"] = "file"
dump = (crash.WindowsCrashDump64Layer if machine == "x64" else crash.WindowsCrashDump32Layer)(c, "dump", "dump")
c.layers.add_layer(dump)
for start, _, length, _ in dump._segments:
    for pa in range(start, start + length, 4096):
        h = 0xcbf29ce484222325
        for b in dump.read(pa, 4096):
            h = (h ^ b) * 0x100000001b3 & 0xffffffffffffffff
        print(f"P {pa:x} {h:016x}")
c.config["space.memory_layer"], c.config["space.page_map_offset"] = "dump", root
kind = {"x64": intel.WindowsIntel32e, "x86": intel.WindowsIntel, "x86pae": intel.WindowsIntelPAE}[machine]
space = kind(c, "space", "space")
c.layers.add_layer(space)
for va in vas:
    try:
        print(f"V {va:x} {space._translate(va & space.maximum_address)[0]:x}")
    except exceptions.InvalidAddressException:
        print(f"V {va:x} -")
"""


def environment(folder):
    return dict(os.environ, HOME=str(folder), XDG_CACHE_HOME=str(folder / "cache"))


def theirs(source, folder, path, machine, vas):
    out = subprocess.run([sys.executable, folder / "driver.py", source, path, machine, "1ad000"], text=True, check=True,
                         input="".join(f"{v:x}\n" for v in vas), capture_output=True, timeout=600,
                         env=environment(folder)).stdout
    rows = [line.split() for line in out.splitlines()]
    return [{int(w[1], 16): w[2] for w in rows if w[0] == kind} for kind in "PV"]


def layers(source, folder, machine, kind, seed):
    """(what differs, pages, translations)"""
    extra = ["header type 5"] if kind != "full" else []
    text, vas = kernel_forge.recipe(machine, kind, f"{machine} {kind} {seed}", extra)
    path = folder / "judged.dmp"
    kernel_forge.forge(text, path)
    pages, walks = kernel_forge.ours(path, vas)
    their_pages, their_walks = theirs(source, folder, path, machine, vas)
    wrong = [f"page {pa:x}" for pa in pages.keys() | their_pages.keys() if pages.get(pa) != their_pages.get(pa)]
    for va, (pa, state, _) in walks.items():
        if state != "not-canonical" and their_walks[va] != pa:
            wrong.append(f"{machine} {va:x}: {pa} {state}, theirs {their_walks[va]}")
    return wrong, len(pages), len(walks)


def plugin(source, folder, path, name):
    p = subprocess.run([sys.executable, source / "vol.py", "-q", "--offline", "-r", "json", "-s", folder / "symbols", "-f",
                        path, f"windows.{name}"], text=True, capture_output=True, timeout=300, env=environment(folder))
    at = p.stdout.find("[")
    return json.loads(p.stdout[at:]) if at >= 0 else p.stdout[-500:] + p.stderr[-500:]


def named(rows):
    return {r["Variable"]: r["Value"] for r in rows} if isinstance(rows, list) else {"error": rows}


def plugins(source, folder, kind):
    """What differs from the recipe."""
    isf = folder / "symbols" / "windows" / "ntkrnlmp.pdb" / ISF
    isf.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(dump_tools.corpus() / "layouts" / "nt-isf" / "ntkrnlmp.pdb" / ISF, isf)
    path = folder / "plugins.dmp"
    kernel_forge.forge(f"kdump x64 {kind}\nisf {isf}\nheader type {1 if kind == 'full' else 5}\nuse kernel_small\n", path)
    low = (1 << 48) - 1  # it shows addresses without their upper bits
    info = named(plugin(source, folder, path, "info"))
    got = [{k: info.get(k) for k in ("Kernel Base", "DTB", "KdDebuggerDataBlock", "NTBuildLab", "KeNumberProcessors",
                                     "NtSystemRoot", "NtMajorVersion", "MachineType", "Major/Minor")}, info.get("error")]
    want = [{"Kernel Base": hex(0xFFFFF80000000000 & low), "DTB": "0x1ad000", "KdDebuggerDataBlock": "0xf80000c00b20",
             "NTBuildLab": "19041.1.amd64fre.vb_release.1912", "KeNumberProcessors": "2", "NtSystemRoot": "C:\\Windows",
             "NtMajorVersion": "10", "MachineType": "34404", "Major/Minor": "15.19041"}, None]
    rows = plugin(source, folder, path, "modules")
    got.append(sorted((r["Base"], r["Size"], r["Name"]) for r in rows) if isinstance(rows, list) else rows)
    want.append([(0xFFFFF80000000000 & low, 0x1046000, "ntoskrnl.exe"), (0xFFFFF80002000000 & low, 0x6000, "hal.dll"),
                 (0xFFFFF80012340000 & low, 0x8000, "myfault.sys")])
    rows = plugin(source, folder, path, "pslist")
    got.append([(r["PID"], r["PPID"], r["ImageFileName"], r["Threads"]) for r in rows] if isinstance(rows, list) else rows)
    want.append([(4, 0, "System", 1), (0x1A2C, 4, "app.exe", 1)])
    return [f"{kind}: {g}, expected {w}" for g, w in zip(got, want) if g != w]


def main():
    args = dump_tools.arguments(__doc__)
    source = pathlib.Path(os.environ.get("DS_VOLATILITY", "-"))
    if not (source / "vol.py").is_file():
        print("skipped: no Volatility 3 (DS_VOLATILITY)")
        sys.exit(77)
    dump_tools.corpus()
    passed = failed = pages = walks = 0
    with tempfile.TemporaryDirectory() as d:
        folder = pathlib.Path(d)
        (folder / "driver.py").write_text(DRIVER)
        for seed in range(1 if args.quick else 8):
            for machine in ("x64", "x86", "x86pae"):
                for kind in ("full", "fdmp"):
                    wrong, n, m = layers(source, folder, machine, kind, seed)
                    pages, walks = pages + n, walks + m
                    passed, failed = passed + (not wrong), failed + bool(wrong)
                    if wrong:
                        print(machine, kind, seed, *wrong[:8], sep="\n  ")
        for kind in ("full", "fdmp"):
            wrong = plugins(source, folder, kind)
            passed, failed = passed + (not wrong), failed + bool(wrong)
            print(*wrong, sep="\n", end="\n" if wrong else "")
    print(f"{pages} pages, {walks} translations")
    dump_tools.finish(passed, failed)


if __name__ == "__main__":
    main()

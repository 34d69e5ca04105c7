#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks samples/: the three files belong together, are small, carry nothing of the machine that made them, and
lldb-19 sees the fault that samples/README.md tells of. TAP output."""
import lzma
import os
import re
import shutil
import subprocess
import sys
import tempfile

SAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "samples")
FILES = ("sample.dmp", "nullderef.exe", "nullderef.pdb")
FORBIDDEN = ("/tmp", "\\tmp", "/home", "\\home", "/root", "\\root\\", "z:\\", "/usr", "\\usr", "wineprefix",
             "ld_library")
FRAMES = ["ReadPrice", "PriceItem", "ProcessOrders", "start"]
count = failed = 0


def check(name, ok, why=""):
    global count, failed
    count += 1
    failed += not ok
    print(f"{'ok' if ok else 'not ok'} {count} - {name}{'' if ok else ': ' + str(why)}")


def main():
    packed = {f: open(os.path.join(SAMPLES, f + ".xz"), "rb").read() for f in FILES}
    data = {f: lzma.decompress(b) for f, b in packed.items()}
    check("under 2 MB in all", sum(map(len, packed.values())) < 2_000_000)
    cv = re.search(rb"RSDS.{16}\x01\0\0\0nullderef\.pdb\0", data["nullderef.exe"], re.S)
    check("the dump and the exe have the same CodeView record", cv and cv[0] in data["sample.dmp"])
    check("its GUID is the PDB's", cv and cv[0][4:20] in data["nullderef.pdb"])
    for f, blob in data.items():
        low = blob.lower()
        found = [t for t in FORBIDDEN if t.encode() in low or t.encode("utf-16le") in low]
        check(f"{f} has nothing of the build machine", not found, found)
    if not shutil.which("lldb-19"):
        print(f"ok {count + 1} - lldb-19 sees the fault # SKIP not installed\n1..{count + 1}")
        return failed
    with tempfile.TemporaryDirectory() as folder:
        for f, blob in data.items():
            with open(os.path.join(folder, f), "wb") as out:
                out.write(blob)
        out = subprocess.run(["lldb-19", "-b", "-o", f"settings append target.exec-search-paths {folder}", "-o",
                              f"target create -c {folder}/sample.dmp", "-o", "bt"], capture_output=True, text=True,
                             timeout=60, check=False).stdout
    check("lldb-19 sees the fault", re.findall(r"`(\w+)", out)[:4] == FRAMES and "0xc0000005" in out, out)
    print(f"1..{count}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""pack.py [FILE...]: ISF (.json, .json.xz) and Breakpad files: the first opening, which converts and caches, later
ones, and look-ups by address and by name. Without files: an ISF of 40,000 symbols and 2,000 types made here, as xz."""
import json, lzma, os, pathlib, statistics, subprocess, sys, tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
DUMP = ROOT / "build/tests/pack_dump"


def made():
    base = {"pointer": {"kind": "int", "size": 8, "signed": False}, "unsigned long": {"kind": "int", "size": 4, "signed": False}}
    field = lambda i: {"offset": 8 * i, "type": {"kind": "pointer", "subtype": {"kind": "base", "name": "unsigned long"}}}
    types = {f"_TYPE_{n}": {"kind": "struct", "size": 80, "fields": {f"Field{i}": field(i) for i in range(10)}}
             for n in range(2000)}
    pdb = {"GUID": "0" * 31 + "1", "age": 1, "database": "made.pdb", "machine_type": 34404}
    return json.dumps({"metadata": {"format": "6.1.0", "windows": {"pdb": pdb}}, "base_types": base, "user_types": types,
                       "enums": {}, "symbols": {f"Symbol{n * 7919 % 40000}": {"address": 4096 + 64 * n} for n in range(40000)}},
                      indent=1).encode()


def measure(path, tmp):
    first = []
    for i in range(5):
        os.environ["XDG_CACHE_HOME"] = f"{tmp}/cache{i}"
        out = subprocess.run([DUMP, "-t", path, "1"], capture_output=True, text=True, check=True).stdout
        first.append(float(out.split()[1]))
    out = subprocess.run([DUMP, "-t", path, "500"], capture_output=True, text=True, check=True).stdout
    print(f"{path.name}: first {statistics.median(first) / 1000:.0f} ms; later " + ", ".join(out.split("\n")[:3]).split(" (")[0])


def main():
    os.environ.setdefault("DUMPSCOPE_HELPER", str(ROOT / "build/dumpscope-helper"))
    with tempfile.TemporaryDirectory() as tmp:
        files = [pathlib.Path(a) for a in sys.argv[1:]]
        if not files:
            data = made()
            files = [pathlib.Path(tmp) / f"made_{len(data) >> 10}_KiB.json.xz"]
            files[0].write_bytes(lzma.compress(data))
        for path in files:
            measure(path, tmp)


if __name__ == "__main__":
    main()

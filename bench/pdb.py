#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""pdb.py [PDB...]: time to the first name above start-up, and warm look-ups in random order, of PDBs that the test
writer makes (6 MB; --big: 5 GiB, 20,000 modules, 5 million publics under a 50 MiB data limit) and of those given."""
import pathlib, resource, statistics, subprocess, sys, tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
DUMP = ROOT / "build/tests/pdb_dump"
sys.path.insert(0, str(ROOT / "tests/make"))
import mk_pdb  # noqa: E402


def limit():
    resource.setrlimit(resource.RLIMIT_DATA, (51200 << 10, 51200 << 10))


def measure(path, rva, data_limit=None):
    times = []
    for _ in range(9):
        out = subprocess.run([DUMP, path, "time", "at", rva], capture_output=True, text=True, check=True,
                             preexec_fn=data_limit).stdout
        times.append(int(next(r for r in out.split("\n") if r.startswith("answered")).split()[1]))
    print(f"{pathlib.Path(path).name}: open, symbol, line, inlines of one address: {statistics.median(times) / 1000:.2f} ms")


def main():
    big = "--big" in sys.argv
    files = [a for a in sys.argv[1:] if a != "--big"]
    with tempfile.TemporaryDirectory() as tmp:
        f = pathlib.Path(tmp) / "six_mb.pdb"
        mk_pdb.main([str(f), "--modules", "2500", "--publics", "40000", "--scatter", "--block", "1024"])
        print(f"{f.name}: {f.stat().st_size} bytes")
        measure(f, "4e008")
        print(subprocess.run([DUMP, f, "bench"], capture_output=True, text=True, check=True).stdout, end="")
        if big:
            mk_pdb.main([str(f), "--modules", "20000", "--publics", "5000000", "--block", "8192", "--spread", "5"])
            print(f"over 4 GiB: {f.stat().st_size} bytes")
            measure(f, "4e008", limit)
    for path in files:
        out = subprocess.run([DUMP, path, "bench"], capture_output=True, text=True, check=True).stdout
        print(pathlib.Path(path).name, out, sep="\n", end="")


if __name__ == "__main__":
    main()

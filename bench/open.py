#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Opening a sparse 64 GB full-memory dump of 5,000 to 500,000 ranges: time, private memory, scaling, and the same with the
table out of order and with ranges that overlap. Every run has 20 MiB for private data (ulimit -d 20480). Fails when
500,000 ranges in order take over 10 ms."""
import json, os, pathlib, random, resource, struct, subprocess, sys, tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = pathlib.Path(os.environ.get("DS_BUILD", ROOT / "build"))
COUNTS = (5000, 50000, 500000)
DATA_LIMIT = 20480 << 10
sys.path.insert(0, str(ROOT / "tests" / "make"))
import mk_big_minidump


def change(path, edit):
    """Edits the entries of the Memory64List in place."""
    with open(path, "r+b") as f:
        head = f.read(4096)
        n, directory = struct.unpack_from("<II", head, 8)
        at = next(rva for t, size, rva in struct.iter_unpack("<III", head[directory:directory + 12 * n]) if t == 9)
        f.seek(at)
        count = struct.unpack("<Q", f.read(8))[0]
        f.seek(at + 16)
        entries = list(struct.iter_unpack("<QQ", f.read(16 * count)))
        edit(entries)
        f.seek(at + 16)
        f.write(b"".join(struct.pack("<QQ", *e) for e in entries))


def shuffle(entries):
    random.Random(1).shuffle(entries)


def overlap(entries):  # each reaches into the next, which was listed later; the first is last
    entries.append(entries.pop(0))
    entries[:] = [(va, size + 0x1800) for va, size in entries]


def measure(path, runs):
    limit = lambda: resource.setrlimit(resource.RLIMIT_DATA, (DATA_LIMIT, DATA_LIMIT))
    p = subprocess.run([BUILD / "tests" / "open_bench", path, str(runs)], capture_output=True, text=True, preexec_fn=limit)
    if p.returncode:
        sys.exit(f"open_bench fails within {DATA_LIMIT >> 10} KiB of data: {p.stderr}")
    return json.loads(p.stdout)


def line(what, r):
    print(f"{what:28} {r['ranges']:7} ranges: open {r['median_us'] / 1000:8.3f} ms (best {r['best_us'] / 1000:.3f}), "
          f"{1000 * r['median_us'] / r['ranges']:6.1f} ns each, private {r['private_kib']:6} KiB, "
          f"lookup {r['lookup_us'] / 100:5.0f} ns")


def main():
    best = {}
    with tempfile.TemporaryDirectory() as d:
        path = pathlib.Path(d) / "big.dmp"
        for n in COUNTS:
            mk_big_minidump.write(path, 64 << 30, n)
            best[n] = measure(path, 21)
            line("in order", best[n])
        for what, edit in (("out of order", shuffle), ("overlapping", overlap)):
            mk_big_minidump.write(path, 64 << 30, COUNTS[-1])
            change(path, edit)
            line(what, measure(path, 3))
    for a, b in zip(COUNTS, COUNTS[1:]):
        print(f"{b // a} times the ranges: {best[b]['best_us'] / max(1, best[a]['best_us']):.1f} times the time, "
              f"{best[b]['arena'] / best[a]['arena']:.1f} times the memory")
    failed = best[COUNTS[-1]]["best_us"] > 10000
    print(f"{1 - failed} passed, {int(failed)} failed")
    return failed


if __name__ == "__main__":
    sys.exit(main())

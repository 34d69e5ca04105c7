#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""pdb_frames.py [--quick]: how frames are laid out, for every PDB of the corpus: FrameData, FPO and S_FRAMEPROC records against
llvm-pdbutil-19, as sorted lists; and look-ups by address against the STACK WIN rows of the Breakpad symbol files,
which Microsoft's own reader (DIA) made, code moved by OMAP included. And, where the image is there too, whether the sizes
of S_FRAMEPROC are the frame that its unwind data describes, for the compilers that sym/pdb.c believes.

Left out, with reasons:
- Whether FPO_DATA has SEH or uses ebp: llvm-pdbutil reads bits 9 and 10, which winnt.h gives to the number of registers
  (cbRegs is three bits wide, fHasSEH is bit 11, fUseBP bit 12). DIA's rows decide about ebp.
- The length of prologs in the symbol files of moved code: its maker recomputed them for the pieces.
- basic32-min: its maker is not DIA and takes ebp from bit 10 too.
- The frame registers of ARM64, which have no numbers."""
import collections, os, pathlib, re, struct, subprocess, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import pdb_breakpad, pdb_symbols
from pdb_judge import CORPUS, DUMP

QUICK = ["fpo2", "basic32-min", "omap_stretched.pdb", "winpty", "test_dll.pdb"]
passed = failed = 0
sums = collections.Counter()


def run(*args):
    return subprocess.run([str(a) for a in args], capture_output=True, text=True, errors="surrogateescape").stdout


def check(what, theirs, mine):
    global passed, failed
    sums[what.split()[0]] += len(theirs)
    if theirs == mine:
        passed += 1
        return
    failed += 1
    a, b = collections.Counter(theirs), collections.Counter(mine)
    print(f"differs: {what}: {sum((a - b).values())} missing, {sum((b - a).values())} extra")
    for row in list((a - b).items())[:3] + list((b - a).items())[:3]:
        print("   ", row)


def ours(pdb):
    data, fpo, proc = [], [], []
    for row in run(DUMP, pdb, "frame").split("\n"):
        f = row.split("\t")
        n = [int(x, 16) for x in f[1:7]] if f[0] in ("framedata", "fpo", "frameproc") else []
        if f[0] == "framedata":
            data.append((*n, int(f[7], 16), *map(int, f[8:11]), f[11].strip()))
        elif f[0] == "fpo":
            fpo.append((*n, int(f[9])))
        elif f[0] == "frameproc":
            proc.append((*n[:5], n[5] >> 14 & 3, n[5] >> 16 & 3))
    return sorted(data), sorted(fpo), sorted(set(proc))


TYPES = {"FPO": 0, "Trap": 1, "TSS": 2, "Non-FPO": 3, "NonFPO": 3, "Non FPO": 3}
REGISTER = {"ARM64_NOREG": None, "NONE": 0, "VFRAME": 1, "ESP": 1, "RSP": 1, "EBP": 2, "RBP": 2, "EBX": 3, "R13": 3}


def llvm_frames(pdb):
    data, fpo, part = [], [], None
    for row in run("llvm-pdbutil-19", "dump", "-fpo", pdb).split("\n"):
        part = "fpo" if "Old FPO Data" in row else "data" if "New FPO Data" in row else part
        f = [x.strip() for x in row.split("|")]
        if len(f) < 9 or f[0] == "RVA":
            continue
        n = [int(f[0], 16)] + [int(x) if x.isdigit() else x for x in f[1:]]
        yes = lambda x: int(x == "true")
        if part == "data":
            data.append((*n[:7], yes(f[7]), yes(f[8]), yes(f[9]), f[10]))
        else:  # locals and parameters stand there in words, as saved registers do
            fpo.append((n[0], n[1], n[2] * 4, n[3] * 4, n[4], n[5] * 4, TYPES[f[8]]))
    return sorted(data), sorted(fpo)


def llvm_procs(pdb, lay):
    out, rva, size, kind = set(), None, None, None
    for row in run("llvm-pdbutil-19", "dump", "-symbols", pdb).split("\n"):
        m = re.match(r"^ *\d+ \| (S_\w+)", row)
        if m:
            kind = m[1]
            continue
        m = re.search(r"addr = (\d+):(\d+), code size = (\d+)", row)
        if m and "PROC32" in (kind or ""):
            rva, size = lay.rva(int(m[1]), int(m[2])), int(m[3])
        m = re.search(r"size = (\d+), padding size = (\d+), offset to padding = (\d+)", row)
        if m and kind == "S_FRAMEPROC":
            sizes = [int(x) for x in m.groups()]
        m = re.search(r"bytes of callee saved registers = (\d+)", row)
        if m and kind == "S_FRAMEPROC":
            saved = int(m[1])
        m = re.search(r"local fp reg = (\w+), param fp reg = (\w+)", row)
        if m and kind == "S_FRAMEPROC" and rva is not None and size:
            out.add((rva, *sizes, saved, REGISTER.get(m[1], m[1]), REGISTER.get(m[2], m[2])))
    return sorted(out)


def breakpad(sym, pdb):
    """Every STACK WIN row, asked for at its first byte."""
    rows = collections.defaultdict(set)
    for row in sym.open(errors="replace"):
        f = row.rstrip("\r\n").split(" ", 12)
        if f[:2] == ["STACK", "WIN"]:
            kind, rva, _, prolog, _, params, saved, local, _, program = [int(x, 16) for x in f[2:12]]
            text = f[12].strip()
            rows[rva].add((kind, prolog, params, saved, local, text if program else int(text, 16)))
    places, mine, theirs = sorted(rows), [], []
    if "omap" in pdb.name:
        rows = {a: {(r[0], 0, *r[2:]) for r in v} for a, v in rows.items()}
    for i in range(0, len(places), 2000):
        got, last = [], None
        for row in run(DUMP, pdb, "at", *("%x" % a for a in places[i:i + 2000])).split("\n"):
            f = row.split("\t")
            if f[0] == "framedata":
                local, params, _, prolog, saved = [int(x, 16) for x in f[3:8]]
                last = (4, prolog, params, saved, local, f[11].strip())
            elif f[0] == "fpo":
                local, params, prolog, saved = [int(x, 16) for x in f[3:7]]
                last = (0, prolog, params, saved, local, int(f[7]))
            elif f[0] == "next":
                got.append(last)
                last = None
        for a, row in zip(places[i:i + 2000], got):
            row = (row[0], 0, *row[2:]) if row and "omap" in pdb.name else row
            mine.append((a, row))
            theirs.append((a, row if row in rows[a] else sorted(rows[a])[0]))
    if pdb.name.endswith("basic32-min.pdb"):
        theirs, mine = ([(a, r[:5] if r and r[0] == 0 else r) for a, r in rows] for rows in (theirs, mine))
    check(f"STACK_WIN {sym.name}", theirs, mine)


def llvm_compilers(pdb, lay):
    out, by = {}, None
    for row in run("llvm-pdbutil-19", "dump", "-symbols", pdb).split("\n"):
        m = re.search(r"frontend = ([\d.]+), backend = ([\d.]+)", row)
        n = re.search(r"addr = (\d+):(\d+), code size = (\d+)", row)
        k = re.match(r"^ *\d+ \| (S_\w+)", row)
        kind = k[1] if k else "kind" if re.match(r"^ *Mod ", row) else ""
        if kind:
            last = kind
            by = None if kind == "kind" else by
        if m and by is None:
            by = tuple(v + ".0" * (3 - v.count(".")) for v in m.groups())
        if n and by and "PROC32" in last and int(n[3]):
            out.setdefault(lay.rva(int(n[1]), int(n[2])), []).append(by)
    return {k: v for k, v in out.items() if k is not None}


def compilers(pdb, lay):
    mine = {}
    for row in run(DUMP, pdb, "frame").split("\n"):
        f = row.split("\t")
        if f[0] == "compiler":
            mine[int(f[1], 16)] = (f[2], f[3])
    theirs = llvm_compilers(pdb, lay)
    one = [(k, mine.get(k) if mine.get(k) in v else v[0]) for k, v in sorted(theirs.items())]  # of folded functions any
    check(f"compilers {pdb.name}", one, sorted((k, v) for k, v in mine.items() if k in theirs))
    return mine


def unwound(data):
    """{start: bytes that the prolog takes off rsp}, of the functions with an entry and data of their own."""
    nt, = struct.unpack_from("<I", data, 0x3c)
    machine, n, opt = struct.unpack_from("<H", data, nt + 4)[0], *struct.unpack_from("<H12xH", data, nt + 6)
    if machine != 0x8664:
        return {}
    sections = [struct.unpack_from("<IIII", data, nt + 24 + opt + 40 * i + 8) for i in range(n)]
    at = lambda rva: next((raw + rva - va for _, va, size, raw in sections if va <= rva < va + size), None)
    table, size = struct.unpack_from("<II", data, nt + 24 + 112 + 24)
    out = {}
    for i in range(0, size - 11, 12):
        begin, _, info = struct.unpack_from("<III", data, at(table) + i)
        u = None if info & 1 else at(info)
        if u is None or data[u] >> 3 & 4:
            continue
        k, total, end = 0, 0, data[u + 2]
        while k < end:
            op, n = data[u + 5 + 2 * k] & 15, data[u + 5 + 2 * k] >> 4
            arg = struct.unpack_from("<H", data, u + 6 + 2 * k)[0] * 8
            if op == 1 and n:
                arg, = struct.unpack_from("<I", data, u + 6 + 2 * k)
            total += 8 if op == 0 else arg if op == 1 else n * 8 + 8 if op == 2 else 0
            k += {1: 3 if n else 2, 4: 2, 5: 3, 6: 2, 8: 2, 9: 3}.get(op, 1)
        out[begin] = total
    return out


def frame_sizes(pdb, image, by):
    wrong, total = [], unwound(image.read_bytes())
    for row in run(DUMP, pdb, "frame").split("\n"):
        f = row.split("\t")
        rva, flags = (int(f[1], 16), int(f[6], 16)) if f[0] == "frameproc" else (0, 0)
        version = tuple(map(int, by.get(rva, ("", "0.0"))[1].split(".")[:2]))
        if rva not in total or flags & 0x89 or version < (19, 29):
            continue
        sums["frame sizes"] += 1
        size = int(f[2], 16) + int(f[5], 16)
        if size != total[rva] and (int(f[3], 16) == 0 or size + 0x20 != total[rva]):
            wrong.append((hex(rva), size, total[rva]))
    check(f"frame_sizes {image.name}", [], wrong)


def main():
    if not CORPUS.is_dir() or not os.path.exists(DUMP):
        print("skipped: no corpus, or no " + DUMP)
        return 0
    quick = "--quick" in sys.argv
    images = collections.defaultdict(list)
    for f in (*CORPUS.glob("symbols/*"), *CORPUS.glob("lab/*/*")):
        data = f.read_bytes() if f.is_file() else b""
        if data[:2] == b"MZ" and b"RSDS" in data:
            at = data.index(b"RSDS") + 4
            images[data[at:at + 16].hex()].append(f)
    for pdb in sorted(CORPUS.glob("symbols/*.pdb")) + sorted(CORPUS.glob("lab/*/*.pdb")):
        if (quick and not any(q in pdb.name for q in QUICK)) or run(DUMP, pdb, "id")[:2] != "id":
            continue
        data, fpo, proc = ours(pdb)
        want_data, want_fpo = llvm_frames(pdb)
        check(f"FrameData {pdb.name}", want_data, data)
        check(f"FPO {pdb.name}", want_fpo, fpo)
        by = compilers(pdb, pdb_symbols.Layout(pdb))
        for image in images.get(run(DUMP, pdb, "id").split("\t")[1], []):
            frame_sizes(pdb, image, by)
        want = llvm_procs(pdb, pdb_symbols.Layout(pdb))
        if any(row[5] is None for row in want):
            want, proc = ([r[:5] for r in rows] for rows in (want, proc))
        known = {r[0]: r for r in proc}  # of functions folded into one, a look-up gives the first
        check(f"S_FRAMEPROC {pdb.name}", sorted({known[r[0]] if known.get(r[0]) in want else r for r in want}), proc)
    for sym, pdb in pdb_breakpad.pairs():
        if not quick or any(q in pdb.name for q in QUICK):
            breakpad(sym, pdb)
    print(dict(sums))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not sums["FrameData"] else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""pdb_breakpad.py: look-ups by address against the Breakpad symbol files of the corpus, which Microsoft's own reader
(DIA) made from the same PDBs, code moved by OMAP included: the name at every FUNC, the line at both ends of every line
record. Where DIA gives several lines for one place, any of them is right."""
import collections, os, pathlib, re, subprocess, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from pdb_judge import CORPUS, DUMP


def pairs():
    """(symbol file, PDB): the MODULE line's id is the PDB's GUID and age."""
    ids = {}
    for p in sorted(CORPUS.glob("symbols/*.pdb")) + sorted(CORPUS.glob("lab/*/*.pdb")):
        r = subprocess.run([DUMP, str(p), "id"], capture_output=True, text=True, errors="replace").stdout.split("\t")
        if r[0] == "id":
            b = bytes.fromhex(r[1])
            ids.setdefault((b[3::-1] + b[5:3:-1] + b[7:5:-1] + b[8:]).hex().upper() + "%X" % int(r[3]), p)
    seen = set()
    for s in sorted(CORPUS.glob("golden/**/*.sym")):
        head = s.open(errors="replace").readline().split()
        if len(head) > 3 and head[3].upper() in ids and head[3] not in seen:
            seen.add(head[3])
            yield s, ids[head[3].upper()]


def read(path):
    funcs, lines, files = {}, [], {}
    for row in path.open(errors="replace"):
        f = row.rstrip("\r\n").split(" ")
        if f[0] == "FUNC":
            f = f[1:] if f[1] != "m" else f[2:]
            funcs[int(f[0], 16)] = " ".join(f[3:])
        elif f[0] == "FILE":
            files[f[1]] = " ".join(f[2:])
        elif len(f) == 4 and re.fullmatch("[0-9a-f]+", f[0]):
            lines.append((int(f[0], 16), int(f[1], 16), int(f[2]), files.get(f[3])))
    return funcs, lines


def ask(pdb, rvas):
    """For each address its symbol's name and its (line, file)."""
    out = []
    for i in range(0, len(rvas), 2000):
        r = subprocess.run([DUMP, str(pdb), "at", *("%x" % a for a in rvas[i:i + 2000])], capture_output=True, text=True,
                           errors="replace")
        name = line = None
        for row in r.stdout.split("\n"):
            f = row.split("\t")
            if f[0] == "next":
                out.append((name, line))
                name = line = None
            elif f[0] == "line":
                line = int(f[2]), f[3]
            elif f[0] not in ("function", "inlined", "") and name is None:
                name = f[3]
    return out


def names_at(pdb):
    r = subprocess.run([DUMP, str(pdb), "proc", "pub"], capture_output=True, text=True, errors="replace")
    out = collections.defaultdict(list)
    for row in r.stdout.split("\n"):
        f = row.split("\t")
        if len(f) > 3:
            out[int(f[1], 16)].append(f[3])
    return out


def plain(name):
    """DIA undecorates with types and parameters: only the last word of the name is compared."""
    name = re.sub(r"\(.*", "", name).replace("`", "").replace("'", "")
    return re.split(r"[ :]", name.strip())[-1].lstrip("_@~?").split("@")[0].split("<")[0]


def same_name(theirs, ours):
    return ours is not None and plain(theirs) in ours.replace("`", "").replace("'", "")


def main():
    if not CORPUS.is_dir() or not os.path.exists(DUMP):
        print("skipped: no corpus, or no " + DUMP)
        return 0
    sums = collections.Counter()
    for sym, pdb in pairs():
        funcs, lines = read(sym)
        places = sorted(funcs)
        bad = [(hex(a), funcs[a], n) for a, (n, _) in zip(places, ask(pdb, places)) if not same_name(funcs[a], n)]
        known = names_at(pdb)
        folded = [r for r in bad if len(set(known[int(r[0], 16)])) > 1 and any(same_name(r[1], n) for n in known[int(r[0], 16)])]
        bad = [r for r in bad if r not in folded]
        at = collections.defaultdict(set)
        for a, size, line, file in lines:
            at[a].add((line, file))
            at[a + max(size, 1) - 1].add((line, file))
        places = sorted(at)
        wrong = [(hex(a), sorted(at[a], key=str), l) for a, (_, l) in zip(places, ask(pdb, places)) if l not in at[a] and
                 not (l is None and any(n in (0xf00f00, 0xfeefee) for n, _ in at[a]))]
        sums.update(files=1, names=len(funcs), folded=len(folded), wrong_names=len(bad), lines=len(at), wrong_lines=len(wrong))
        print(f"{sym.name}: {len(funcs)} names, {len(bad)} differ; {len(at)} places with lines, {len(wrong)} differ")
        for row in bad[:5] + wrong[:5]:
            print("   ", row)
    print(dict(sums))
    return 1 if sums["wrong_names"] or sums["wrong_lines"] else 0


if __name__ == "__main__":
    sys.exit(main())

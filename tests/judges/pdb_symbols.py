#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""pdb_symbols.py [--quick] [PDB...]: every PDB of the corpus against llvm-pdbutil-19, as sorted sets of tuples:
procedures (rva, size, name), publics (rva, name), lines (rva, file, line), inlined calls (rva, size, depth, inlinee, call line).
The OMAP tables, which llvm-pdbutil does not apply, are applied here. Differences fail unless they stand in EXPLAINED."""
import bisect, collections, pathlib, re, struct, subprocess, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import pdb_judge
from pdb_judge import DUMP, llvm

GONE = 0xffffffff
# (part of the file's name, kind): why the two differ.
EXPLAINED = {}
NO_STREAM = "llvm-pdbutil repeats the last module's lines, without a file, for modules that have no stream"


def msf(path):
    """Streams by number, for the OMAP tables only."""
    d = path.read_bytes()
    bs, _, _, size, _, _ = struct.unpack_from("<6I", d, 32)
    n = -(-size // bs)
    per = bs // 4
    maps = struct.unpack_from("<%dI" % -(-n // per), d, 52)
    blocks = [struct.unpack_from("<I", d, maps[i // per] * bs + i % per * 4)[0] for i in range(n)]
    dr = b"".join(d[b * bs:(b + 1) * bs] for b in blocks)[:size]
    ns, = struct.unpack_from("<I", dr)
    sizes = [0 if s == GONE else s for s in struct.unpack_from("<%dI" % ns, dr, 4)]
    o, out = 4 + 4 * ns, []
    for s in sizes:
        k = -(-s // bs)
        out.append((s, struct.unpack_from("<%dI" % k, dr, o)))
        o += 4 * k
    return lambda i: b"".join(d[b * bs:(b + 1) * bs] for b in out[i][1])[:out[i][0]] if i < ns else b""


class Layout:
    """Segment:offset to RVA."""

    def __init__(self, path):
        get = msf(path)
        dbi = get(3)
        ms, sc, sm, fi, ts, _, slots, ec = struct.unpack_from("<8i", dbi, 24)
        at = 64 + ms + sc + sm + fi + ts + ec
        slot = list(struct.unpack_from("<%dH" % (slots // 2), dbi, at)) + [0xffff] * 12
        self.omap = []
        if slot[4] != 0xffff:
            t = get(slot[4])
            self.omap = list(struct.iter_unpack("<II", t[:len(t) & ~7]))
        heads = get(slot[10]) if self.omap and slot[10] != 0xffff else get(slot[5])
        self.va = [struct.unpack_from("<I", heads, i + 12)[0] for i in range(0, len(heads) - 39, 40)]
        self.starts = [a for a, _ in self.omap]

        self.get, self.dbi, self.module_bytes = get, dbi, ms
        self.cross = None

    def references(self):
        """(imports, exports) by module: [(module index, [ids])], {local: global}."""
        if self.cross is None:
            names = self.names()
            o, mods = 64, []
            while o < 64 + self.module_bytes:
                stream, syms, c11, c13 = struct.unpack_from("<HIII", self.dbi, o + 34)
                end = self.dbi.index(b"\0", o + 64)
                mods.append((self.dbi[o + 64:end].lower(), stream, syms + c11, c13))
                o = self.dbi.index(b"\0", end + 1) + 4 & ~3
            index = {m[0]: i for i, m in reversed(list(enumerate(mods)))}
            self.cross = [], []
            for _, stream, at, size in mods:
                c13 = self.get(stream)[at:at + size] if stream != 0xffff else b""
                imports, exports, o = [], {}, 0
                while o + 8 <= len(c13):
                    kind, n = struct.unpack_from("<II", c13, o)
                    sub, o = c13[o + 8:o + 8 + n], (o + 8 + n + 3) & ~3
                    p = 0
                    while kind == 0xf7 and p + 8 <= len(sub):
                        name, count = struct.unpack_from("<II", sub, p)
                        text = names[name:names.index(b"\0", name)].lower()
                        imports.append((index.get(text), struct.unpack_from("<%dI" % count, sub, p + 8)))
                        p += 8 + 4 * count
                    if kind == 0xf8:
                        exports.update(struct.iter_unpack("<II", sub))
                self.cross[0].append(imports)
                self.cross[1].append(exports)
        return self.cross

    def names(self):
        info = self.get(1)
        n, = struct.unpack_from("<I", info, 28)
        text, p = info[32:32 + n], 32 + n
        count, = struct.unpack_from("<I", info, p)
        p += 8
        for _ in range(2):
            p += 4 + 4 * struct.unpack_from("<I", info, p)[0]
        for key, stream in struct.iter_unpack("<II", info[p:p + 8 * count]):
            if text[key:text.index(b"\0", key)] == b"/names":
                return self.get(stream)[12:]
        return b""

    def inlinee(self, mod, i):
        """The global id."""
        if i < 1 << 31:
            return i
        imports, exports = self.references()
        other, ids = imports[mod][i >> 20 & 0x7ff]
        return exports[other][ids[i & 0xfffff]]

    def image(self, rva):
        if not self.omap:
            return rva
        i = bisect.bisect_right(self.starts, rva) - 1
        to = self.omap[i][1] if i >= 0 else 0
        return None if to == 0 or to >= 1 << 31 else to + rva - self.omap[i][0]

    def linked(self, seg, off):
        return self.va[seg - 1] + off if 0 < seg <= len(self.va) else None

    def rva(self, seg, off):
        linked = self.linked(seg, off)
        return None if linked is None else self.image(linked)


PROC = re.compile(r"^ *(\d+) \| S_[GL]PROC32(?:_ID|_DPC|_DPC_ID)? \[size = \d+\] `(.*)`$")
PROC_AT = re.compile(r"addr = (\d+):(\d+), code size = (\d+)")
MODULE = re.compile(r"^ *Mod (\d+) \|")
SITE = re.compile(r"inlinee = 0x([0-9A-F]+) ?(?:\(.*\))?, parent = (\d+), end = (\d+)")
RECORD = re.compile(r"^ *(\d+) \| (S_\w+|UNKNOWN\w*)")
CODE = re.compile(r"code 0x([0-9A-F]+) \(")
LINE = re.compile(r"line (-?\d+) \(")
CODE_END = re.compile(r"code end 0x([0-9A-F]+) \(\+0x([0-9A-F]+)\)")


class Site:
    def __init__(self, proc, outer, mod):
        self.proc, self.outer, self.mod, self.rows = proc, outer, mod, []
        self.depth = outer.depth + 1 if outer else 0
        self.inlinee, self.line = None, 0

    def annotation(self, text):
        code, end, line = CODE.search(text), CODE_END.search(text), LINE.search(text)
        if line:
            self.line = int(line[1])
        if code:
            self.rows.append([int(code[1], 16), None, self.line])
            if end:
                self.rows[-1][1] = self.rows[-1][0] + int(end[2], 16)
        elif end and self.rows and self.rows[-1][1] is None:
            self.rows[-1][1] = self.rows[-1][0] + int(end[2], 16)

    def closed(self, size):
        for i, (start, end, line) in enumerate(self.rows):
            if end is None:
                end = self.rows[i + 1][0] if i + 1 < len(self.rows) else size
            yield start, max(start, end), line

    def call_line(self, off, called, base):
        """The caller's line at an offset in the procedure; 0: none."""
        if self.outer:
            for start, end, line in self.outer.closed(self.proc[1]):
                if start <= off < end:
                    return base.get((self.mod, self.outer.inlinee), 0) + line & 0xffffffff
            return 0
        rows, at = called.get(self.mod, []), self.proc[0] + off
        i = bisect.bisect_right(rows, (at, 1 << 32, 0)) - 1
        if i < 0 or at >= rows[i][2] or rows[i][1] in HIDDEN.values():
            return 0
        return rows[i][1]

    def ranges(self, size):
        out = []
        for start, end, _ in self.closed(size):
            if out and out[-1][1] == start:
                out[-1][1] = end
            else:
                out.append([start, end])
        return [(a, b - a) for a, b in out if b > a]


def symbols(text, lay):
    """Procedures, and inline sites with the module they stand in."""
    procs, sites, stack = set(), [], []
    proc = site = None
    mod, name, head = -1, None, 0
    for line in text.splitlines():
        m = RECORD.match(line)
        if MODULE.match(line):
            mod, proc, stack, site, name = int(MODULE.match(line)[1]), None, [], None, None
        elif m:
            site, kind = None, m[2]
            p = PROC.match(line)
            name = p[2] if p else None
            if kind.startswith("S_INLINESITE") and kind != "S_INLINESITE_END":
                site = Site(proc, stack[-1] if stack else None, mod)
                stack.append(site)
                sites.append(site)
            elif kind == "S_INLINESITE_END" and stack:
                stack.pop()
        elif name is not None:
            p = PROC_AT.search(line)
            if p:
                linked = lay.linked(int(p[1]), int(p[2]))
                proc, stack = (linked, int(p[3])), []
                rva = lay.rva(int(p[1]), int(p[2]))
                if rva is not None and name:
                    procs.add((rva, int(p[3]), name))
                name = None
        elif site:
            p = SITE.search(line)
            if p:
                site.inlinee = int(p[1], 16)
            elif line.strip():
                site.annotation(line.strip())
    return procs, sites


def publics(text, lay):
    out, name = set(), None
    for line in text.splitlines():
        m = re.match(r"^ *\d+ \| S_PUB32 \[size = \d+\] `(.*)`$", line)
        if m:
            name = m[1]
        elif name is not None:
            p = re.search(r"addr = (\d+):(\d+)", line)
            if p:
                rva = lay.rva(int(p[1]), int(p[2]))
                if rva is not None and name:
                    out.add((rva, name))
                name = None
    return out


HIDDEN = {"NSI": 0xf00f00, "ASI": 0xfeefee}


def lines(text, lay):
    out, file, seg, mod = set(), None, None, -1
    called = {}  # (module, address as linked) -> (line, where its contribution ends); the last of an address counts
    for line in text.splitlines():
        m = re.match(r"^  (\d{4}):[0-9A-F]{8}-([0-9A-F]{8}), line/(?:column/)?addr entries = \d+", line)
        if m:
            seg, end = int(m[1]), int(m[2], 16)
        elif MODULE.match(line):
            file = seg = None
            mod = int(MODULE.match(line)[1])
        elif line.startswith("  ") and seg is not None:
            for n, off in re.findall(r"(\d+|NSI|ASI)(?::\d+-\d+)? ([0-9A-F]{8})", line):
                rva = lay.rva(seg, int(off, 16))
                called[mod, lay.linked(seg, int(off, 16))] = HIDDEN.get(n) or int(n), lay.linked(seg, end)
                if rva is not None:
                    out.add((rva, HIDDEN.get(n) or int(n), file))
        elif line.strip() and not line.startswith(" "):
            m = re.match(r"^(.*) \((?:no checksum|[\w-]+: [0-9A-F]*)\)$", line)
            file, seg = (m[1] if m else ""), None
    by_module = collections.defaultdict(list)
    for (mod, at), (n, end) in sorted(called.items()):
        by_module[mod].append((at, n, end))
    return out, by_module


def bases(text):
    """{(module, inlinee): first line}; of several the first, as LLVM's own reader takes it."""
    out, mod = {}, -1
    for line in text.splitlines():
        m = re.match(r"^ *0x([0-9A-F]+) \| +(\d+) \|", line)
        if MODULE.match(line):
            mod = int(MODULE.match(line)[1])
        elif m:
            out.setdefault((mod, int(m[1], 16)), int(m[2]))
    return out


def ours(path):
    r = subprocess.run([DUMP, str(path), "all"], capture_output=True, errors="surrogateescape")
    rows = collections.defaultdict(list)
    for line in r.stdout.split("\n"):
        f = line.split("\t")
        rows[f[0]].append(f[1:])
    return rows, r.returncode


def repeated(mine, theirs):
    """llvm-pdbutil's rows without a file that we have with one."""
    known = {(r[0], r[1]) for r in mine}
    return {r for r in theirs - mine if not r[2] and (r[0], r[1]) in known}


def compare(kind, mine, theirs, path, sums, bad):
    extra = repeated(mine, theirs) if kind == "lines" else ()
    if extra:
        print(f"{path.name[-60:]}: lines: {len(extra)} left out: {NO_STREAM}")
        theirs = theirs - extra
    pdb_judge.compare(kind, mine, theirs, path, sums, bad, EXPLAINED)

def judge(path, sums, bad):
    rows, code = ours(path)
    if code < 0:
        print(f"{path.name}: pdb_dump died")
        bad.append(path.name)
        return
    if "error" in rows:
        _, status, _ = llvm(path, "--summary")
        print(f"{path.name[-60:]}: refused: {rows['error'][0][1]} (llvm-pdbutil: {'refuses too' if status else 'reads it'})")
        sums["refused"][0] += 1
        if not status:
            bad.append(path.name)
        return
    lay = Layout(path)
    sums["files"][0] += 1
    procs, sites = symbols(llvm(path, "--symbols")[0], lay)
    compare("procedures", {(int(r[0], 16), int(r[1], 16), r[2]) for r in rows["proc"]}, procs, path, sums, bad)
    compare("publics", {(int(r[0], 16), r[2]) for r in rows["public"]}, publics(llvm(path, "--publics")[0], lay), path,
            sums, bad)
    theirs, called = lines(llvm(path, "-l")[0], lay)
    compare("lines", {(int(r[0], 16), int(r[1]), r[2]) for r in rows["line"]}, theirs, path, sums, bad)
    theirs, base = set(), bases(llvm(path, "--il")[0])
    for s in sites:
        for off, size in s.ranges(s.proc[1] if s.proc else 0) if s.proc and s.proc[0] is not None else ():
            rva = lay.image(s.proc[0] + off)
            if rva is not None:
                theirs.add((rva, size, s.depth, lay.inlinee(s.mod, s.inlinee), s.call_line(off, called, base)))
    mine = {(int(r[0], 16), int(r[1], 16), int(r[3]), int(r[2], 16), int(r[4])) for r in rows["inline"]}
    compare("inlines", mine, theirs, path, sums, bad)


def main():
    files, sums, bad = pdb_judge.files(), pdb_judge.sums(), []
    if files is None:
        return 0
    for f in files:
        judge(f, sums, bad)
    print("files %d, refused %d" % (sums.pop("files")[0], sums.pop("refused", [0])[0]))
    pdb_judge.tell(sums)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""pdb_locals.py [--quick] [PDB...]: the variables in scope of every function of the corpus' PDBs against llvm-pdbutil-19.
Every address where something may change (the edges of functions, blocks, ranges, gaps and inlined calls, and one byte
before) is asked for; blocks, ranges, gaps, frame registers and OMAP are worked out here from the tool's listing. Gaps
come from its raw bytes: the listing leaves some out."""
import bisect, collections, pathlib, re, struct, subprocess, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import pdb_judge
from pdb_judge import DUMP, llvm
from pdb_symbols import MODULE, RECORD, SITE, Layout, Site

X86 = {"AL": 1, "CL": 2, "DL": 3, "BL": 4, "AH": 5, "CH": 6, "DH": 7, "BH": 8, "AX": 9, "CX": 10, "DX": 11, "BX": 12,
       "SP": 13, "BP": 14, "SI": 15, "DI": 16, "EAX": 17, "ECX": 18, "EDX": 19, "EBX": 20, "ESP": 21, "EBP": 22,
       "ESI": 23, "EDI": 24, "EFLAGS": 34, "VFRAME": 30006, "SIL": 324, "DIL": 325, "BPL": 326, "SPL": 327, "RAX": 328,
       "RBX": 329, "RCX": 330, "RDX": 331, "RSI": 332, "RDI": 333, "RBP": 334, "RSP": 335}
REGS = dict(X86, **{"ARM64_FP": 79, "ARM64_LR": 80, "ARM64_SP": 81, "ARM64_ZR": 82})
for i in range(8):
    REGS[f"R{8 + i}"], REGS[f"R{8 + i}B"], REGS[f"R{8 + i}W"], REGS[f"R{8 + i}D"] = 336 + i, 344 + i, 352 + i, 360 + i
    REGS[f"AMD64_YMM{i}"], REGS[f"AMD64_YMM{8 + i}"] = 368 + i, 376 + i
    REGS[f"ST{i}"], REGS[f"XMM{i}"], REGS[f"XMM{8 + i}"] = 128 + i, 154 + i, 252 + i
for i in range(32):
    REGS[f"ARM64_W{i}"], REGS[f"ARM64_X{i}"] = 10 + i, 50 + i
    REGS[f"ARM64_S{i}"], REGS[f"ARM64_D{i}"], REGS[f"ARM64_Q{i}"] = 100 + i, 140 + i, 180 + i
PROC = re.compile(r"^ *(\d+) \| S_[GL]PROC32(?:_ID|_DPC|_DPC_ID)? \[")
HEAD = re.compile(r"^ *(\d+) \| (S_\w+|UNKNOWN\w*) \[size = (\d+)\](?: `(.*)`| ?(.*))$")
ADDR = re.compile(r"addr = (\d+):(\d+)")
SIZE = re.compile(r"code size = (\d+)")
BODY = re.compile(r"debug start = (\d+)")
TYPE = re.compile(r"type ?= ?`?0x([0-9A-F]+)")
REG = re.compile(r"register = (unknown \(\d+\)|\w+)")
OFFSET = re.compile(r"(?:^|[ ,])offset = (-?\d+)")
PARENT = re.compile(r"offset in parent = (\d+)")
RANGE = re.compile(r"range = \[(\d+):(\d+),\+(\d+)\)")
RANGE2 = re.compile(r"range start = (\d+):(\d+), length = (\d+)")
FP = re.compile(r"local fp reg = (\w+), param fp reg = (\w+)")
PLACED = ("S_REGREL32", "S_BPREL32", "S_REGISTER", "S_LDATA32", "S_GDATA32", "S_CONSTANT")


class Scope:
    """A procedure, block or inlined call: variables and inner scopes in order."""

    def __init__(self, kind, up):
        self.kind, self.up, self.items = kind, up, []
        self.start, self.size, self.params, self.fp, self.site, self.body = None, 0, 0, (None, None), None, 0


class Var:
    def __init__(self, kind, name):
        self.kind, self.name, self.type, self.param, self.ranges, self.place = kind, name, 0, False, [], None


def register(text):
    m = re.match(r"unknown \((\d+)\)", text)
    return int(m[1]) if m else REGS.get(text, 0)


def groups(text):
    """(module, kind, name or text on the head line, text of the lines below), one for each record."""
    mod, cur = -1, None
    for line in text.splitlines():
        m = MODULE.match(line)
        h = HEAD.match(line)
        if m or h:
            if cur:
                yield cur
            cur = None
        if m:
            mod = int(m[1])
            yield mod, "MODULE", None, ""
        elif h:
            cur = (mod, h[2], h[4], h[5] or "")
        elif cur:
            cur = cur[:3] + (cur[3] + " " + line.strip(),) if cur[1] != "S_INLINESITE" else cur[:3] + (cur[3] + "\n" + line,)
    if cur:
        yield cur


def param_counts(text):
    out, at = {}, None
    for line in text.splitlines():
        m = re.match(r"^ *0x([0-9A-F]+) \| (LF_\w+)", line)
        if m:
            at = int(m[1], 16) if m[2] in ("LF_PROCEDURE", "LF_MFUNCTION") else None
        if at is None:
            continue
        m = re.search(r"# args = (\d+)", line)
        if m:
            out[at] = int(m[1])
        m = re.search(r"this type = (\S+?),", line)
        if m:
            out[at] += m[1] != "0x0000"
    return out


def functions(path, lay):
    counts = param_counts(llvm(path, "--types")[0])
    out, scope, proc, var, machine = [], None, None, None, ""
    opens = {"S_THUNK32", "S_WITH32", "S_SEPCODE", "S_GMANPROC", "S_LMANPROC"}
    for mod, kind, name, body in groups(llvm(path, "--symbols", "--sym-data")[0]):
        if kind == "MODULE":
            scope = proc = var = None
        elif kind == "S_COMPILE3" or kind == "S_COMPILE2":
            machine = body
        elif re.match(r"S_[GL]PROC32(_ID|_DPC|_DPC_ID)?$", kind):
            proc = scope = Scope("proc", scope)
            a, t = ADDR.search(body), TYPE.search(body)
            scope.start, scope.size = lay.linked(int(a[1]), int(a[2])), int(SIZE.search(body)[1])
            body = int(BODY.search(body)[1])
            scope.body = body if body < scope.size else 0
            scope.params = counts.get(int(t[1], 16), 0) if t else 0
            scope.mod = mod
            out.append(scope)
        elif kind == "S_BLOCK32" or kind in opens or kind in ("S_INLINESITE", "S_INLINESITE2"):
            inner = Scope(kind, scope)
            if scope:
                scope.items.append(inner)
            scope = inner
            a = ADDR.search(body)
            if kind == "S_BLOCK32":
                scope.start, scope.size = lay.linked(int(a[1]), int(a[2])), int(SIZE.search(body)[1])
            elif kind.startswith("S_INLINESITE") and proc:
                outer = next((s.site for s in up(scope.up) if s.site), None)
                scope.site = Site((proc.start, proc.size), outer, mod)
                for line in body.split("\n"):
                    if "bytes (" in line:
                        break
                    if line.strip() and not SITE.search(line):
                        scope.site.annotation(line.strip())
        elif kind in ("S_END", "S_PROC_ID_END", "S_INLINESITE_END"):
            scope = scope.up if scope else None
            proc = proc if scope else None
        elif not scope:
            continue
        elif kind == "S_FRAMEPROC":
            if scope is proc:
                m = FP.search(body)
                proc.fp = (REGS.get(m[1]), REGS.get(m[2]))
        elif kind in ("S_LOCAL", "S_FILESTATIC") or kind in PLACED:
            var = Var(kind, name)
            t = TYPE.search(body)
            var.type = int(t[1], 16) if t else 0
            var.param = kind == "S_LOCAL" and bool(re.search(r"\bparam\b", body[body.rindex("flags ="):body.index("bytes (")]))
            if kind in PLACED:
                place(var, body, lay, scope, proc)
            scope.items.append(var)
        elif kind.startswith("S_DEFRANGE") and var:
            add_range(var, kind, body, lay)
    return out


def up(s):
    while s:
        yield s
        s = s.up


def place(var, body, lay, scope, proc):
    off = OFFSET.search(body)
    if var.kind == "S_REGREL32":
        var.place = f"memory {register(REG.search(body)[1])} {(int(off[1]) + (1 << 31)) % (1 << 32) - (1 << 31)}"
    elif var.kind == "S_BPREL32":
        var.place = f"memory 22 {int(off[1])}"
    elif var.kind == "S_REGISTER":
        var.place = f"register {register(REG.search(body)[1])}"
    elif var.kind == "S_CONSTANT":
        value = int(re.search(r"value = (-?\d+)", body)[1])
        var.place = "value %x" % (value & (1 << 64) - 1)
    else:
        a = ADDR.search(body)
        rva = lay.rva(int(a[1]), int(a[2]))
        var.place = "static %x" % rva if rva is not None else None
    if var.kind in ("S_REGREL32", "S_BPREL32", "S_REGISTER"):
        hidden = var.name == "__$ReturnUdt"
        var.param = hidden or (scope is proc and proc.params > 0)
        if not hidden and scope is proc and proc.params:
            proc.params -= 1


def add_range(var, kind, body, lay):
    m = RANGE.search(body) or RANGE2.search(body)
    start = size = None
    gaps = []
    if m:
        start, size = lay.linked(int(m[1]), int(m[2])), int(m[3])
        raw = bytes.fromhex("".join(re.findall(r"[0-9A-F]+: ((?:[0-9A-F]{2,8} )+) *\|", body)).replace(" ", ""))
        at = {"S_DEFRANGE_REGISTER": 12, "S_DEFRANGE_FRAMEPOINTER_REL": 12}.get(kind, 16)
        gaps = list(struct.iter_unpack("<HH", raw[at:]))
    reg, off, parent = REG.search(body), OFFSET.search(body), PARENT.search(body)
    var.ranges.append((kind, start, size, gaps, register(reg[1]) if reg else None, int(off[1]) if off else 0,
                       int(parent[1]) if parent else 0, "has spilled udt = true" in body))


def holds(r, at):
    _, start, size, gaps = r[:4]
    return r[0].endswith("FULL_SCOPE") or (start is not None and start <= at < start + size and
                                           not any(start + a <= at < start + a + n for a, n in gaps))


def in_frame(base, off, prolog):
    return f"memory {base} {off}" + (" unbuilt" if prolog and base != REGS["VFRAME"] else "")


def places(var, at, fp, prolog):
    """The texts of the places at an address; None: left out (data that was dropped)."""
    if var.kind in PLACED:
        if var.place and var.kind in ("S_REGREL32", "S_BPREL32"):
            return [in_frame(*var.place.split()[1:], prolog)]
        return [var.place] if var.place else None
    pieces, whole, base = {}, None, fp[var.param]
    for r in var.ranges:
        if not holds(r, at):
            continue
        kind, _, _, _, reg, off, parent, spilled = r
        if kind.endswith("FULL_SCOPE"):
            if base:
                whole = whole or in_frame(base, off, prolog)
        elif "FRAMEPOINTER" in kind:
            if base:
                return [in_frame(base, off, prolog)]
        elif kind == "S_DEFRANGE_REGISTER":
            return [f"register {reg}"]
        elif kind == "S_DEFRANGE_REGISTER_REL" and not spilled and not parent:
            if reg:
                return [f"memory {reg} {off}"]
        elif kind == "S_DEFRANGE_REGISTER_REL":
            pieces.setdefault(parent, f"memory@{parent} {reg} {off}")
        elif kind == "S_DEFRANGE_SUBFIELD_REGISTER":
            pieces.setdefault(parent, f"register@{parent} {reg}")
    return [whole] if whole else list(pieces.values()) or ["gone"]


def in_scope(scope, at):
    for item in scope.items:
        if isinstance(item, Var):
            yield item
        elif item.kind == "S_BLOCK32" and item.start is not None and item.start <= at < item.start + item.size:
            yield from in_scope(item, at)


def sites(scope):
    for item in scope.items:
        if isinstance(item, Scope):
            if item.site:
                yield item
            yield from sites(item)


def chain(proc, at):
    """Inlined calls around an address, outermost first."""
    best = None
    for s in sites(proc):
        if any(a <= at - proc.start < b for a, b, _ in s.site.closed(proc.size)):
            if best is None or s.site.depth > best.site.depth:
                best = s
    return [s for s in up(best) if s.site][::-1] if best else []


def edges(scope):
    for item in scope.items:
        if isinstance(item, Var):
            for r in item.ranges:
                if r[1] is not None:
                    yield from (r[1], r[1] + r[2])
                    for a, n in r[3]:
                        yield from (r[1] + a, r[1] + a + n)
        else:
            if item.kind == "S_BLOCK32" and item.start is not None:
                yield from (item.start, item.start + item.size)
            yield from edges(item)


def inner(procs, starts, k, a):
    """Does a later function hold the address too (a filter inside its function)?"""
    return any(a < q.start + q.size for q in procs[k + 1:bisect.bisect_right(starts, a)])


def judge(path, sums, bad, most):
    lay = Layout(path)
    procs = [p for p in functions(path, lay) if p.start is not None and p.size]
    procs.sort(key=lambda p: p.start)
    starts = [p.start for p in procs]
    asked, want, source = [], {}, {}
    for k, p in enumerate(procs):
        if starts[k - 1:k] == [p.start] or starts[k + 1:k + 2] == [p.start]:
            continue  # folded functions: one of them answers
        at = {p.start, p.start + p.size - 1} | {p.start + x for s in sites(p) for a, b, _ in s.site.closed(p.size) for x in (a, b)}
        at |= set(edges(p))
        at |= {a - 1 for a in at}
        points = sorted(a for a in at if p.start <= a < p.start + p.size)
        for a in points[::max(1, len(points) // most)]:
            rva = lay.image(a)
            if rva is None or inner(procs, starts, k, a):
                continue
            frames = [p] + chain(p, a)
            for depth, s in enumerate(frames):
                key = f"{rva:x} {depth}"
                if source.setdefault(key, a) != a:
                    continue  # two places as linked became one: the reader may answer for either
                rows = []
                for v in in_scope(s, a):
                    where = places(v, a, p.fp, 0 <= a - p.start < p.body)
                    if where:
                        rows.append((v.param, v.type, v.name, tuple(where)))
                asked.append(key)
                want[key] = rows
    r = subprocess.run([DUMP, str(path), "locals"], input="\n".join(asked) + "\n", capture_output=True, text=True,
                       errors="surrogateescape")
    got = collections.defaultdict(list)
    for line in r.stdout.splitlines():
        f = line.split("\t")
        if f[0] == "local":
            got[f[1]].append((f[2] == "param", int(f[3], 16), f[4], tuple(f[5:])))
    shown = 0
    for key in dict.fromkeys(asked):
        sums["addresses"] += 1
        sums["variables"] += len(want[key])
        sums["equal"] += len(want[key]) if want[key] == got[key] else 0
        if want[key] == got[key]:
            continue
        sums["differ"] += 1
        bad.append(path.name)
        if shown < 3:
            shown += 1
            print(f"{path.name[-60:]}: {key}:")
            for row in want[key]:
                if row not in got[key]:
                    print("   missing", row)
            for row in got[key]:
                if row not in want[key]:
                    print("   extra  ", row)
    sums["functions"] += len(procs)


def main():
    paths, sums, bad, files = pdb_judge.files(), collections.Counter(), [], 0
    if paths is None:
        return 0
    for f in paths:
        if subprocess.run([DUMP, str(f), "id"], capture_output=True).returncode:
            continue  # pdb_symbols.py judges what is refused
        files += 1
        judge(f, sums, bad, 60 if pdb_judge.is_quick() else 400)
    print("files %d, functions %d, addresses %d, variables %d, equal %d" %
          (files, sums["functions"], sums["addresses"], sums["variables"], sums["equal"]))
    print(f"{sums['addresses'] - sums['differ']} passed, {sums['differ']} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""pdb_records.py [--quick] [PDB...]: records that tell how code was made, of every PDB of the corpus, against
llvm-pdbutil-19 as multisets of tuples: (kind, module, offset, every number and text that the tool lists), and the
references between modules. The tool lists the thunk's own place as what a trampoline leads to: there a procedure or a
public name that it lists has to be. Of a module's imports it lists those of the first other module; the rest is
compared with a reader of this folder. Words of the tool become numbers again here, from the tables of microsoft-pdb's cvinfo.h."""
import collections, pathlib, re, subprocess, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import pdb_judge
from pdb_judge import DUMP, llvm
from pdb_locals import REGS
from pdb_symbols import MODULE, RECORD, Layout

COMPILE = {"edit and continue": 8, "no dbg info": 9, "ltcg": 10, "no data align": 11, "has managed code": 12,
           "managed code present": 12, "security checks": 13, "hot patchable": 14, "cvtcil": 15, "msil module": 16,
           "sdl": 17, "pgo": 18, "exp": 19}
LANGUAGES = {"c": 0, "c++": 1, "fortran": 2, "masm": 3, "pascal": 4, "basic": 5, "cobol": 6, "link": 7, "cvtres": 8,
             "cvtpgd": 9, "c#": 10, "vb": 11, "ilasm": 12, "java": 13, "javascript": 14, "msil": 15, "hlsl": 16,
             "objective-c": 17, "objective-c++": 18, "swift": 19, "aliasobj": 20, "rust": 21}
MACHINES = {"intel 80386": 3, "intel 80486": 4, "intel pentium": 5, "intel pentium pro": 6, "intel pentium 3": 7,
            "arm7": 99, "armnt": 0xf4, "arm64": 0xf6, "arm64ec": 0xf8, "intel x86-x64": 0xd0, "unknown": 0xff}
EXPORT = {"constant": 0, "data": 1, "private": 2, "no name": 3, "explicit ord": 4, "forwarder": 5}
LABEL = {"has fp": 0, "has iret": 1, "has fret": 2, "noreturn": 3, "unreachable": 4, "custom calling conv": 5,
         "noinline": 6, "opt debuginfo": 7}
SECTION = {"code": 5, "initialized data": 6, "uninitialized data": 7, "discardable": 25, "not cached": 26,
           "not paged": 27, "shared": 28, "execute permissions": 29, "read permissions": 30, "write permissions": 31}
COOKIE = {"copy": 0, "xor stack ptr": 1, "xor frame ptr": 2, "xor rot13": 3}
THUNK = {"thunk": 0, "this adjustor": 1, "vcall": 2, "pcode": 3, "unknown load": 4}
TRAMPOLINE = {"tramp incremental": 0, "branch island": 1}
ADDR = r"(\d+):(\d+)"


def bits(text, table):
    return sum(1 << table[w] for w in re.split(r" \| |\n", text) if w.strip() and w != "none")


def sections(text):
    words = [w.strip() for w in text.split("characteristics =")[1].strip().split("\n")]
    return sum(1 << SECTION[w] for w in words if w != "none")


def version(text):
    return [int(x) for x in text.split(".")]


def compiler(t, extra):
    m = re.search(r"machine = (.*), [Vv]er = (.*), language = (.*)\n.*frontend = ([\d.]+), backend = ([\d.]+)\n *flags = (.*)",
                  t)
    flags = LANGUAGES[m[3].strip()] | bits(m[6].strip(), COMPILE)
    row = [flags, MACHINES[m[1]], *version(m[4]), *version(m[5]), m[2]]
    listed = re.search(r"extra strings = \[(.*)\]", t, re.S) if extra else None
    return row + ([w.strip() for w in listed[1].split(",") if w.strip()] if listed else [])


def numbers(pattern, t):
    return [int(x) for x in re.search(pattern, t, re.S).groups()]


def fields(kind, name, head, t):
    """The tool's listing of a record as its fields in the order stored."""
    if kind in ("S_COMPILE2", "S_COMPILE3"):
        return compiler(t, kind == "S_COMPILE2")
    if kind == "S_THUNK32":
        parent, end, nxt, size, seg, off = numbers(r"parent = (\d+), end = (\d+), next = (\d+)\n.*size = (\d+), addr = " + ADDR, t)
        return [parent, end, nxt, off, seg, size, THUNK[re.search(r"kind = (.*), size", t)[1]], name]
    if kind == "S_LABEL32":
        seg, off = numbers(r"^ \(addr = " + ADDR, head)
        return [off, seg, bits(re.search(r"flags = (.*)", t)[1].strip(), LABEL), name]
    if kind == "S_OBJNAME":
        return [int(re.search(r"sig=(\d+)", head)[1]), re.search(r"`(.*)`$", head)[1]]
    if kind == "S_UNAMESPACE":
        return [name]
    if kind == "S_TRAMPOLINE":
        size, s1, o1, s2, _ = numbers(rf"size = (\d+), source = {ADDR}, target = {ADDR}", t)
        return [TRAMPOLINE[re.search(r"type = ([^,]*),", t)[1]], size, o1, "a name", s1, s2]
    if kind == "S_SECTION":
        size, align, rva, number = numbers(r"length = (\d+), alignment = (\d+), rva = (\d+), section # = (\d+)", t)
        return [number, align, rva, size, sections(t), name]
    if kind == "S_COFFGROUP":
        size, seg, off = numbers(rf"length = (\d+), addr = {ADDR}", t)
        return [size, sections(t), off, seg, name]
    if kind == "S_EXPORT":
        m = re.search(r"ordinal = (\d+), flags = (.*)", t)
        return [int(m[1]), bits(m[2].strip(), EXPORT), name]
    if kind in ("S_CALLSITEINFO", "S_HEAPALLOCSITE"):
        m = re.search(rf"type = (?:0x([0-9A-F]+)|<no type>).*addr = {ADDR}(?: call size = (\d+))?", t)
        return [int(m[3]), int(m[2]), *([int(m[4])] if m[4] else []), int(m[1] or "0", 16)]
    if kind == "S_FRAMECOOKIE":
        m = re.search(r"code offset = (\d+), Register = (\w+), kind = (.*), flags = (\d+)", t)
        return [int(m[1]), REGS[m[2]], COOKIE[m[3]], int(m[4])]
    if kind == "S_ENVBLOCK":
        return [re.sub(r"^ *- ", "", w) for w in t.strip("\n").split("\n") if w.strip()]
    if kind == "S_BUILDINFO":
        return [int(re.search(r"BuildId = `?(?:0x)?([0-9A-F]+)", head)[1], 16)]
    return None


def theirs(text):
    out, mod, record, body = [], -1, None, []

    def finish():
        if record and record[1].startswith("S_"):
            row = fields(record[1], record[3], record[2], "\n".join(body) + "\n")
            if row is not None:
                out.append((record[1], mod, record[0], *row))
    for line in text.split("\n"):
        m, r = MODULE.match(line), RECORD.match(line)
        if m or r:
            finish()
            record, body = None, []
        if m:
            mod = int(m[1])
        elif r:
            rest = line.split("]", 1)[1] if "]" in line else ""
            name = re.match(r" `(.*?)`(?= \(addr|$)", rest)
            record = int(r[1]), r[2], rest[name.end():] if name else rest, name[1] if name else None
        elif record:
            body.append(line)
    finish()
    return out


def references(text):
    """(import, module, end of the other's name, id) and (export, module, id, global id)."""
    out, mod, kind, name = [], -1, "import", ""
    for line in text.split("\n"):
        if "Cross Module Exports" in line:
            kind = "export"
        m = MODULE.match(line)
        if m:
            mod = int(m[1])
            continue
        pair = re.match(r"^ *(.*?) *\| *((?:0x[0-9A-F]+ *)+)$", line) or re.match(r"^()((?: +0x[0-9A-F]+)+) *$", line)
        if not pair:
            continue
        ids = [int(x, 16) for x in pair[2].split()]
        if kind == "export":
            out.append(("export", mod, int(pair[1], 16), ids[0]))
        else:
            name = pair[1] or name
            out += [("import", mod, name[3:] if name.startswith("...") else name, i) for i in ids]
    return out


def ours(path):
    r = subprocess.run([DUMP, str(path), "records"], capture_output=True, text=True, errors="surrogateescape")
    out, cross = [], []
    numeric = {"S_OBJNAME": 1, "S_UNAMESPACE": 0, "S_ENVBLOCK": 1, "S_COMPILE2": 8, "S_COMPILE3": 10, "S_THUNK32": 7,
               "S_LABEL32": 3, "S_SECTION": 5, "S_COFFGROUP": 4, "S_EXPORT": 2}
    for line in r.stdout.split("\n") if not r.returncode else ():
        f = line.split("\t")
        if f[0] in ("import", "export"):
            first, second = int(f[3], 16), int(f[4], 16)
            later = f[0] == "import" and first >> 20 & 0x7ff
            cross.append(("import+", int(f[1]), first >> 20 & 0x7ff, first & 0xfffff, second) if later else
                         (f[0], int(f[1]), f[5], second) if f[0] == "import" else (f[0], int(f[1]), first, second))
        elif len(f) > 2:
            n = 3 + numeric.get(f[0], len(f))
            row = [int(x, 16) for x in f[3:n]] + f[n:]
            # The tool does not list the flags of an environment block.
            out.append((f[0], int(f[1]), int(f[2]), *(row[1:] if f[0] == "S_ENVBLOCK" else row)))
    return out, cross, r.returncode


def shortened(mine, listed):
    """Our imports with names cut as the tool cuts them."""
    ends = {(r[1], r[2], r[3]) for r in listed if r[0] == "import"}
    out = []
    for r in mine:
        cut = next((e for m, e, i in ends if r[0] == "import" and m == r[1] and i == r[3] and r[2].endswith(e)), None)
        out.append(r if cut is None else (r[0], r[1], cut, r[3]))
    return out


def to_names(rows, text):
    """Trampolines with what they lead to as "a name", when one is there."""
    places = {(int(s), int(o)) for s, o in re.findall(r"addr = (\d+):(\d+)", re.sub(r"source = .*", "", text))}
    return [r[:6] + ("a name",) + r[7:] if r[0] == "S_TRAMPOLINE" and (r[8], r[6]) in places else r for r in rows]


def later_imports(path):
    """(import+, module, scope, item, id) of every scope but the first."""
    return [("import+", mod, scope, i, ref) for mod, scopes in enumerate(Layout(path).references()[0])
            for scope, (_, ids) in enumerate(scopes) for i, ref in enumerate(ids) if scope]


def judge(path, sums):
    mine, cross, code = ours(path)
    if code < 0:
        print(f"{path.name}: pdb_dump died")
        return 1
    if code:
        return 0
    listed = references(llvm(path, "--xmi", "--xme")[0])
    text = llvm(path, "--symbols")[0]
    rows = theirs(text) + listed + (later_imports(path) if listed else [])
    mine = to_names(mine, text + llvm(path, "--publics")[0])
    a, b = collections.Counter(mine + shortened(cross, listed)), collections.Counter(rows)
    sums["files"] += 1
    for r in rows:
        sums[r[0]] += 1
    bad = 0
    for what, left in (("missing", b - a), ("extra", a - b)):
        for row in sorted(left.elements(), key=str)[:4]:
            print(f"{path.name[-60:]}: {what}: {row}")
        bad += sum(left.values())
    return bad


def main():
    files, sums, bad = pdb_judge.files(), collections.Counter(), 0
    if files is None:
        return 0
    for f in files:
        bad += judge(f, sums)
    n = sums.pop("files", 0)
    print("; ".join(f"{k} {v}" for k, v in sorted(sums.items())))
    print(f"{n} files: {sum(sums.values()) - bad} passed, {bad} failed")
    return 1 if bad or not n else 0


if __name__ == "__main__":
    sys.exit(main())

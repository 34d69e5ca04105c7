#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""pdb_types.py [--quick] [PDB...]: every PDB of the corpus against `llvm-pdbutil-19 dump -types`, as sorted sets of tuples:
every record (struct ... enum with size, pointer, array, bit field, function, qualifiers), every member, base class, method and
enumerator of every type, each member's type as dt writes it (written here from LLVM's records), what each forward reference
leads to; and each definition must be found by its name as a walk over all records finds it. Differences fail unless they stand
in EXPLAINED."""
import collections, pathlib, re, subprocess, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import pdb_judge
from pdb_judge import DUMP, llvm

QUICK = ["winpty-agent", "rapp_release", "plain64_O2", "fpo2", "sigsegv", "omap_stretched", "test_types", "test_vtables",
         "wkernel32", "CrashWithException", "minimal", "ARM64~xframe_eh_dll", "test_typenames"]
# (part of the file's name, kind of row): why the two differ.
FAT = "old Rust: the record says 16 bytes (a pointer with a length), LLVM prints only its kind"
EXPLAINED = {("ghidra_rust_pdb_bug", "pointers"): FAT, ("ghidra_rust_pdb_bug", "members"): FAT}

HEAD = re.compile(r"^ *0x([0-9A-F]+) \| (LF_\w+|UNKNOWN RECORD) (?:\(0x[0-9A-F]+\) )?\[size = \d+\](?: `(.*)`)?$")
NEWER = "records of LF_STRUCTURE2, which LLVM does not know; two of them, whose size is Windows' own, are held to it"
KNOWN_SIZES = {"_EXCEPTION_RECORD": 0x50, "_CONTEXT": 0x2cc}  # on x86
ACCESS = {"private": 1, "protected": 2, "public": 3}
FORWARD = 0x80


class Record:
    def __init__(self, kind, name):
        self.kind, self.name, self.lines = kind, name, []

    def text(self):
        return "\n".join(self.lines)

    def number(self, pattern, base=10):
        m = re.search(pattern, self.text())
        return int(m[1], base) if m else 0


def records(path):
    out, rec = {}, None
    text, status, _ = llvm(path, "-types")
    for line in text.split("\n"):
        m = HEAD.match(line)
        if m:
            rec = out[int(m[1], 16)] = Record(m[2], m[3])
        elif rec is not None:
            rec.lines.append(line)
    return out, status


def adjusters(path):
    return {m[1]: int(m[2], 16) for m in re.finditer(r"^ +`(.*)` -> 0x([0-9A-F]+)$", llvm(path, "-type-extras")[0], re.M)}


# Simple types: (dt's spelling, bytes); written from the list in LLVM's CodeView documentation.
SIMPLE = {0x03: ("Void", 0), 0x08: ("HRESULT", 4), 0x10: ("Char", 1), 0x20: ("UChar", 1), 0x70: ("Char", 1), 0x71: ("Wchar", 2),
          0x7a: ("Char16", 2), 0x7b: ("Char32", 4), 0x7c: ("Char8", 1), 0x68: ("Char", 1), 0x69: ("UChar", 1), 0x11: ("Int2B", 2),
          0x21: ("Uint2B", 2), 0x72: ("Int2B", 2), 0x73: ("Uint2B", 2), 0x12: ("Int4B", 4), 0x22: ("Uint4B", 4),
          0x74: ("Int4B", 4), 0x75: ("Uint4B", 4), 0x13: ("Int8B", 8), 0x23: ("Uint8B", 8), 0x76: ("Int8B", 8),
          0x77: ("Uint8B", 8), 0x14: ("Int16B", 16), 0x24: ("Uint16B", 16),
          0x78: ("Int16B", 16), 0x79: ("Uint16B", 16), 0x40: ("Float", 4), 0x41: ("Float", 8),
          0x42: ("Float", 10), 0x43: ("Float", 16), 0x30: ("Bool", 1)}
C_NAMES = {0x03: "void", 0x08: "HRESULT", 0x10: "char", 0x20: "unsigned char", 0x70: "char", 0x71: "wchar_t", 0x11: "short",
           0x21: "unsigned short", 0x72: "short", 0x73: "unsigned short", 0x12: "long", 0x22: "unsigned long", 0x74: "int",
           0x75: "unsigned int", 0x13: "int64", 0x23: "unsigned int64", 0x76: "int64", 0x77: "unsigned int64", 0x40: "float",
           0x41: "double", 0x42: "long double", 0x30: "bool", 0x7a: "char16_t", 0x7b: "char32_t", 0x7c: "char8_t"}
POINTER_BYTES = {0: 0, 4: 4, 5: 6, 6: 8, 7: 16}
TAGGED = ("LF_STRUCTURE", "LF_CLASS", "LF_UNION", "LF_INTERFACE", "LF_ENUM")


class Types:
    def __init__(self, recs, preferred):
        self.r = recs
        self.preferred, self.defined = preferred, {}
        for i in sorted(recs):
            if recs[i].kind in TAGGED and "forward ref" not in recs[i].text():
                self.defined.setdefault((recs[i].name, self.unique(recs[i])), i)

    @staticmethod
    def unique(r):
        m = re.search(r"unique name: `(.*)`", r.text())
        return m[1] if m else None

    def full(self, i):
        """A forward reference's definition."""
        r = self.r.get(i)
        if r and r.kind in TAGGED and "forward ref" in r.text():
            m = re.search(r"forward ref \((?:->|<-) 0x([0-9A-F]+)\)", r.text())
            if m:
                # LLVM takes the first; the table of adjusters, which it prints, says when a later one counts.
                other = self.r.get(self.preferred.get(r.name))
                return self.preferred[r.name] if other and (other.name, self.unique(other)) == (r.name, self.unique(r)) else \
                    int(m[1], 16)
            # "(= itself)": the declaration and the definition have one hash, and LLVM stops at the first.
            return self.defined.get((r.name, self.unique(r)), i)
        return i

    def plain(self, i):
        while i in self.r and self.r[i].kind == "LF_MODIFIER":
            i = self.r[i].number(r"referent = 0x([0-9A-F]+)", 16)
        return self.full(i)

    def quals(self, i):
        """A modifier's own and those of what it modifies."""
        q = 0
        while i in self.r and self.r[i].kind == "LF_MODIFIER":
            q |= sum(QUALS[o] for o in re.search(r"modifiers = (.*)", self.r[i].text())[1].split(" | "))
            i = self.r[i].number(r"referent = 0x([0-9A-F]+)", 16)
        if i in self.r and self.r[i].kind == "LF_POINTER":
            q |= sum(QUALS.get(o, 0) for o in re.search(r"opts = ([^,]*)", self.r[i].text())[1].split(" | "))
        return q

    def size(self, i):
        i = self.plain(i)
        if i < 0x1000:
            return POINTER_BYTES.get(i >> 8, 0) if i >> 8 else SIMPLE.get(i, ("", 0))[1]
        r = self.r.get(i)
        if not r:
            return 0
        if r.kind == "UNKNOWN RECORD":
            return None
        if r.kind == "LF_POINTER":
            if "member" in r.text():
                return None
            return 8 if "kind = ptr64" in r.text() else 4
        if r.kind == "LF_ARRAY":
            return r.number(r"size: (\d+)")
        if r.kind == "LF_ENUM":
            return self.size(r.number(r"underlying type: 0x([0-9A-F]+)", 16))
        return r.number(r"sizeof (\d+)")

    def c(self, i):
        """A function's result in dt."""
        i = self.plain(i)
        if i < 0x1000:
            return C_NAMES.get(i & 0xff, "?") + ("*" if i >> 8 else "")
        r = self.r.get(i)
        if r is None:
            return "?"
        if r.kind == "LF_POINTER":
            to = r.number(r"referent = 0x([0-9A-F]+)", 16)
            mode = re.search(r"mode = ([^,]*)", r.text())[1]
            target = self.r.get(self.plain(to))
            inner = "<function>" if target and target.kind in ("LF_PROCEDURE", "LF_MFUNCTION") else self.c(to)
            return inner + {"ref": "&", "rvalue ref": "&&"}.get(mode, "*")
        return r.name

    def dt(self, i):
        i = self.plain(i)
        if i == 0x103:
            return None
        if i < 0x1000:
            base = SIMPLE.get(i & 0xff)
            return ("Ptr%d " % (POINTER_BYTES[i >> 8] * 8) if i >> 8 else "") + base[0] if base else ""
        r = self.r.get(i)
        if r is None:
            return ""
        if r.kind == "UNKNOWN RECORD":
            return None
        if r.kind == "LF_POINTER":
            size = self.size(i)
            if size is None:
                return None
            to = self.plain(r.number(r"referent = 0x([0-9A-F]+)", 16))
            target = self.r.get(to)
            head = "Ptr%d " % (size * 8)
            if target and target.kind in ("LF_PROCEDURE", "LF_MFUNCTION"):
                return head + "    " + self.c(target.number(r"return type = 0x([0-9A-F]+)", 16)) + " "
            inner = self.dt(to)
            return None if inner is None else head + inner
        if r.kind == "LF_ARRAY":
            of = r.number(r"element type: 0x([0-9A-F]+)", 16)
            size, inner = self.size(of), self.dt(of)
            if size is None or inner is None:
                return None
            return "[%d] %s" % (r.number(r"size: (\d+)") // size if size else 0, inner)
        if r.kind == "LF_BITFIELD":
            bits = r.number(r"# bits = (\d+)")
            return "Pos %d, %d Bit%s" % (r.number(r"bit offset = (\d+)"), bits, "" if bits == 1 else "s")
        if r.kind in TAGGED:
            return r.name or "<unnamed-tag>"
        return "Function" if r.kind in ("LF_PROCEDURE", "LF_MFUNCTION") else ""


def attrs(text):
    words = text.strip().split(" ")
    prop = text.partition(" ")[2]
    intro, virtual = "intro virtual" in prop, "virtual" in prop
    return ACCESS.get(words[0], 0), ("v" if virtual else "-") + ("i" if intro else "-") + \
        ("s" if "static" in words else "-") + ("p" if "pure" in words else "-")


def members(t, owner, list_id, seen=()):
    """Rows of one type; the lists that continue it too."""
    r = t.r.get(list_id)
    if not r or r.kind != "LF_FIELDLIST" or list_id in seen:
        return
    lines, i = r.lines, 0
    while i < len(lines):
        line = lines[i].strip()
        i += 1
        follow = lines[i].strip() if i < len(lines) and not lines[i].strip().startswith("- ") else ""
        m = re.match(r"^- (LF_\w+)(.*)$", line)
        if not m:
            continue
        kind, rest = m[1], m[2].strip()
        if kind == "LF_MEMBER":
            f = re.match(r"^\[name = `(.*)`, Type = (?:0x([0-9A-F]+).*?|<no type>), offset = (\d+), attrs = (.*)\]$", rest)
            ty = int(f[2] or "0", 16)
            yield owner, "data", f[1], ty, int(f[3]), 0, attrs(f[4])[0], "----", t.dt(ty)
        elif kind == "LF_STMEMBER":
            f = re.match(r"^\[name = `(.*)`, type = 0x([0-9A-F]+).*?, attrs = (.*)\]$", rest)
            ty = int(f[2], 16)
            yield owner, "static", f[1], ty, 0, 0, attrs(f[3])[0], "--s-", t.dt(ty)
        elif kind == "LF_ENUMERATE":
            f = re.match(r"^\[(.*) = (-?\d+)\]$", rest)
            yield owner, "enumerator", f[1], 0, 0, int(f[2]) % 2**64, None, "----", ""
        elif kind == "LF_NESTTYPE":
            f = re.match(r"^\[name = `(.*)`, parent = 0x([0-9A-F]+).*\]$", rest)
            ty = int(f[2], 16)
            yield owner, "nested", f[1], ty, 0, 0, 0, "----", t.dt(ty)
        elif kind == "LF_BCLASS":
            f = re.match(r"^type = 0x([0-9A-F]+).*, offset = (\d+), attrs = (.*)$", follow)
            ty = int(f[1], 16)
            yield owner, "base", "", ty, int(f[2]), 0, attrs(f[3])[0], "----", t.dt(ty)
        elif kind in ("LF_VBCLASS", "LF_IVBCLASS"):
            text = rest + " " + follow + " " + (lines[i + 1].strip() if i + 1 < len(lines) else "")
            base, = re.search(r"base = 0x([0-9A-F]+)", text).groups()
            off, = re.search(r"vbptr offset = (-?\d+)", text).groups()
            index, = re.search(r"vtable index = (-?\d+)", text).groups()
            acc, = re.search(r"attrs = (\w+)", text).groups()
            yield owner, "vbase" if kind == "LF_VBCLASS" else "ivbase", "", int(base, 16), int(off), int(index), \
                ACCESS.get(acc, 0), "----", t.dt(int(base, 16))
        elif kind == "LF_VFUNCTAB":
            ty = int(re.search(r"type = 0x([0-9A-F]+)", rest)[1], 16)
            yield owner, "vfptr", "", ty, 0, 0, 0, "----", t.dt(ty)
        elif kind == "LF_ONEMETHOD":
            name = re.match(r"^\[name = `(.*)`\]$", rest)[1]
            f = re.match(r"^type = 0x([0-9A-F]+).*?, vftable offset = (-?\d+), attrs = (.*)$", follow)
            acc, flags = attrs(f[3])
            yield owner, "method", name, int(f[1], 16), max(int(f[2]), 0), 0, acc, flags, ""
        elif kind == "LF_METHOD":
            f = re.match(r"^\[name = `(.*)`, # overloads = \d+, overload list = 0x([0-9A-F]+)\]$", rest)
            over = t.r.get(int(f[2], 16))
            for m in re.finditer(r"- Method \[type = 0x([0-9A-F]+).*?, vftable offset = (-?\d+), attrs = (.*)\]",
                                 over.text() if over else ""):
                acc, flags = attrs(m[3])
                yield owner, "method", f[1], int(m[1], 16), max(int(m[2]), 0), 0, acc, flags, ""
        elif kind == "LF_INDEX":
            yield from members(t, owner, int(re.search(r"0x([0-9A-F]+)", rest)[1], 16), seen + (list_id,))
        else:
            print("   unknown to this judge:", line)


QUALS = {"const": 1, "volatile": 2, "unaligned": 4, "restrict": 8, "__restrict": 8, "__unaligned": 4}
MODES = {"pointer": 0, "ref": 1, "rvalue ref": 2, "data member pointer": 3, "member fn pointer": 4}


def theirs(t):
    rows = collections.defaultdict(set)
    for i, r in t.r.items():
        text = r.text()
        if r.kind in TAGGED:
            if "forward ref" in text:
                rows["forward references"].add((i, t.full(i)))
                continue
            u = t.unique(r) or ""
            rows["structs and enums"].add((i, r.kind[3:].lower(), t.size(i), r.name or "", u))
            for m in members(t, i, r.number(r"field list: 0x([0-9A-F]+)", 16)):
                rows["enumerators" if m[1] == "enumerator" else "members" if m[1] in ("data", "static") else
                     "bases" if m[1] in ("base", "vbase", "ivbase", "vfptr") else "methods and nested types"].add(m)
        elif r.kind == "LF_POINTER":
            opts = re.search(r"opts = ([^,]*)", text)[1].split(" | ")
            rows["pointers"].add((i, t.size(i), sum(QUALS.get(o, 0) for o in opts), MODES[re.search(r"mode = ([^,]*)", text)[1]],
                                  r.number(r"referent = 0x([0-9A-F]+)", 16)))
        elif r.kind == "LF_ARRAY":
            of = r.number(r"element type: 0x([0-9A-F]+)", 16)
            rows["arrays"].add((i, r.number(r"size: (\d+)"), of))
        elif r.kind == "LF_BITFIELD":
            rows["bit fields"].add((i, r.number(r"type = 0x([0-9A-F]+)", 16), r.number(r"bit offset = (\d+)"),
                                    r.number(r"# bits = (\d+)")))
        elif r.kind in ("LF_PROCEDURE", "LF_MFUNCTION"):
            args = t.r.get(r.number(r"param list = 0x([0-9A-F]+)", 16))
            ids = re.findall(r"^ +(?:0x([0-9A-F]+)(?: \([^`]*\))?|<no type>): `", args.text() + "\n", re.M) if args else []
            ids = [int(a or "0", 16) for a in ids]
            params = ",".join("%x" % a for a in (ids[:-1] if ids and ids[-1] == 0 else ids))
            params += "..." if ids and ids[-1] == 0 else ""
            rows["functions"].add((i, r.number(r"return type = 0x([0-9A-F]+)", 16), r.number(r"class type = 0x([0-9A-F]+)", 16),
                                   r.number(r"this type = 0x([0-9A-F]+)", 16), params))
        elif r.kind == "LF_MODIFIER":
            rows["qualifiers"].add((i, t.quals(i)))
    return rows


def ours(path, t):
    r = subprocess.run([DUMP, str(path), "types"], capture_output=True, errors="surrogateescape")
    rows, damage = collections.defaultdict(set), []
    for line in r.stdout.split("\n"):
        f = line.split("\t")
        if f[0] == "member":
            i, kind, name, ty, off, value, acc, flags, text = f[1:10]
            if int(i, 16) in t.r and t.r[int(i, 16)].kind == "UNKNOWN RECORD":
                continue
            row = int(i, 16), kind, name, int(ty, 16), int(off, 16), int(value), int(acc), flags, text
            if kind == "enumerator":
                rows["enumerators"].add(row[:5] + (row[5] % 2**64, None) + row[7:])
                continue
            ty = t.dt(row[3])
            if ty is None:  # nothing to compare the text with: the size of a pointer to member is not in LLVM's dump
                row = row[:8] + (None,)
            rows["members" if kind in ("data", "static") else "bases" if kind in ("base", "vbase", "ivbase", "vfptr") else
                 "methods and nested types"].add(row if kind != "method" else row[:8] + ("",))
        elif f[0] == "type":
            i, got, kind, size, _, quals, mode, target, owner, this, pos, bits, params, fwd, name, unique = f[1:17]
            i, got, size, target, owner = int(i, 16), int(got, 16), int(size, 16), int(target, 16), int(owner, 16)
            rec = t.r.get(i)
            if rec is not None and rec.kind == "UNKNOWN RECORD":
                if name in KNOWN_SIZES and size != KNOWN_SIZES[name]:
                    rows["newer records of the wrong size"].add((i, name, size))
                rows["newer records"].add((i, kind))
            elif rec is None:
                rows["unknown to LLVM"].add((i, kind))
            elif rec.kind in TAGGED and "forward ref" in rec.text():
                rows["forward references"].add((i, got))
            elif rec.kind in TAGGED:
                rows["structs and enums"].add((i, {"struct": "structure"}.get(kind, kind), size, name, unique))
            elif rec.kind == "LF_POINTER":
                where = {0: 0, 1: 1, 2: 2, 3: 3, 4: 4}[int(mode)]
                rows["pointers"].add((i, None if where > 2 else size, int(quals, 16), where, target))
            elif rec.kind == "LF_ARRAY":
                rows["arrays"].add((i, size, target))
            elif rec.kind == "LF_BITFIELD":
                rows["bit fields"].add((i, target, int(pos), int(bits)))
            elif rec.kind in ("LF_PROCEDURE", "LF_MFUNCTION"):
                rows["functions"].add((i, target, owner, int(this, 16), params))
            elif rec.kind == "LF_MODIFIER":
                base = t.r.get(t.plain(rec.number(r"referent = 0x([0-9A-F]+)", 16)))
                rows["qualifiers"].add((i, int(quals, 16)))
        elif f[0] == "damage":
            damage.append(line)
    return rows, r.returncode, damage


def found(path, t, sums):
    """Definitions by name: the first of all records with that name, as LLVM lists them."""
    first, wrong = {}, []
    for i in sorted(t.r):
        r = t.r[i]
        if r.kind in TAGGED and "forward ref" not in r.text():
            first.setdefault(r.name or "", i)
    first.update({n: i for n, i in t.preferred.items() if n in first})
    r = subprocess.run([DUMP, str(path), "typecheck"], capture_output=True, errors="surrogateescape")
    n = 0
    for line in r.stdout.split("\n"):
        f = line.split("\t")
        if f[0] == "found" and any(t.r[int(x, 16)].kind == "UNKNOWN RECORD" for x in f[1:3] if int(x, 16) in t.r):
            continue
        if f[0] == "found":
            n += 1
            if int(f[2], 16) != first.get(f[3]):
                wrong.append((f[3], f[2], "%x" % first.get(f[3], 0)))
        elif f[0] == "wrong":
            wrong.append(line)
    sums["found by name"][0] += n
    sums["found by name"][1] += n - len(wrong)
    return wrong


def judge(path, sums, bad):
    recs, status = records(path)
    t = Types(recs, adjusters(path))
    mine, code, damage = ours(path, t)
    if code < 0:
        print(f"{path.name}: pdb_dump died")
        bad.append(path.name)
        return
    if not recs:
        sums["no types in LLVM's eyes"][0] += 1
        if mine:
            print(f"{path.name[-60:]}: types that llvm-pdbutil does not see")
        return
    if code:
        sums["refused"][0] += 1
        return
    sums["files"][0] += 1
    other = theirs(t)
    if mine["newer records"]:
        print(f"{path.name[-60:]}: {len(mine.pop('newer records'))} {NEWER}")
    mine.pop("newer records", None)
    for kind in sorted(set(mine) | set(other)):
        pdb_judge.compare(kind, mine[kind], other[kind], path, sums, bad, EXPLAINED)
    for line in damage:
        print(f"{path.name[-60:]}: {line}")
        bad.append(path.name)
    wrong = found(path, t, sums)
    if wrong:
        sums["found by name"][3] += len(wrong)
        bad.append(path.name)
        print(f"{path.name[-60:]}: found by name: {len(wrong)} differ", *wrong[:4], sep="\n    ")


def main():
    files, sums, bad = pdb_judge.files(QUICK), pdb_judge.sums(), []
    if files is None:
        return 0
    for f in files:
        judge(f, sums, bad)
    print("files %d, refused %d, without types %d" % (sums.pop("files")[0], sums.pop("refused", [0])[0],
                                                     sums.pop("no types in LLVM's eyes", [0])[0]))
    pdb_judge.tell(sums)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Judge: what a layout pack says of an ISF or Breakpad symbol file, against a reader of the same file that shares
nothing with ours: python's json for ISF, a few lines of split() for Breakpad. Every type, size, member, offset, bit
field, enumerator, symbol, line, inlined range and frame, in both directions; pack_dump asks the pack for every symbol
and type by name and by address besides. Opening a second time, from the cache, has to say the same.
PDBs become packs too: pack_dump -p compares what both readers of ours say, so that the judges of the PDB reader count.
  layouts.py [--quick] [FILE...]
--quick takes some files of each kind."""
import collections, json, lzma, os, pathlib, subprocess, sys, tempfile

CORPUS = os.environ.get("DS_CORPUS")
HELPER = pathlib.Path(os.environ.get("DS_BUILD", "build")).resolve() / "dumpscope-helper"
os.environ.setdefault("DUMPSCOPE_HELPER", str(HELPER))
TOOL = os.environ.get("DS_PACK_DUMP", "build/tests/pack_dump")
KINDS = {"struct": "struct", "union": "union", "class": "class", "enum": "enum"}


def base_kind(name, b):
    if name == "HRESULT":
        return "hresult"
    if name in ("char", "wchar"):
        return "char"
    if b["kind"] in ("int", "char"):
        return "int" if b["signed"] else "uint"
    return b["kind"]


SPELLED = {"wchar": "wchar_t", "f32": "float", "long long": "__int64", "unsigned long long": "unsigned __int64"}


class Isf:
    def __init__(self, path):
        opener = lzma.open if str(path).endswith(".xz") else open
        with opener(path) as f:
            self.d = json.load(f)
        self.want = collections.Counter()
        self.used = set()
        self.identity()
        self.types()
        self.symbols()

    def say(self, *fields):
        self.want["\t".join(str(f) for f in fields)] += 1

    def identity(self):
        pdb = self.d["metadata"]["windows"]["pdb"]
        g = bytes.fromhex(pdb["GUID"])
        stored = g[3::-1] + g[5:3:-1] + g[7:5:-1] + g[8:]
        producer = self.d["metadata"]["producer"]
        self.say("ID", pdb["database"], stored.hex(), f"{pdb['age']:x}", f"{pdb['machine_type']:x}", 0, 0,
                 self.d["base_types"]["pointer"]["size"] if self.d["base_types"] else 0, "",
                 f"ISF {self.d['metadata']['format']} by {producer['name']} {producer['version']}")

    def text(self, t):
        kind = t["kind"]
        if kind == "base":
            return f"{base_kind(t['name'], self.d['base_types'][t['name']])}:{SPELLED.get(t['name'], t['name'])}"
        if kind == "enum":
            return f"enum:{t['name']}"
        if kind in KINDS:
            real = self.d["user_types"].get(t["name"])
            self.used.add((kind, t["name"]))
            return f"{real['kind'] if real else kind}:{t['name']}"
        if kind == "pointer":
            size = self.d["base_types"][t.get("base", "pointer")]["size"]
            return f"pointer({size},{self.text(t['subtype'])})"
        if kind == "array":
            return f"array({t['count']},{self.text(t['subtype'])})"
        if kind == "bitfield":
            return f"bitfield({t['bit_position']},{t['bit_length']},{self.text(t['type'])})"
        return "function()"

    def types(self):
        for name, b in self.d["base_types"].items():
            self.say("T", base_kind(name, b), SPELLED.get(name, name), b["size"], "")
        for name, u in self.d["user_types"].items():
            self.say("T", u["kind"], name, u["size"], "")
            for field, f in u["fields"].items():
                self.say("M", name, field, f["offset"], self.text(f["type"]))
        for name, e in self.d["enums"].items():
            self.say("T", "enum", name, e["size"], "")
            for k, v in e["constants"].items():
                self.say("M", name, k, v)

    def symbols(self):
        for name, s in self.d["symbols"].items():
            self.say("S", f"{s['address']:x}", 0, name, s.get("linkage_name", ""), 0)
            if "type" in s:
                self.text(s["type"])
        for kind, name in self.used:  # declared, and not defined
            if name not in self.d["user_types"]:
                self.say("T", kind, name, 0, "forward")


def stem(name):
    """Without parameters; written from the names of the files, not from our source."""
    body = name[:-6] if name.endswith(" const") else name
    if not body.endswith(")"):
        return name
    depth, at = 0, len(body)
    while at:
        at -= 1
        depth += {")": 1, "(": -1}.get(body[at], 0)
        if not depth:
            break
    return name if at == 0 or body[at - 1] in ": " else body[:at]


class Breakpad:
    def __init__(self, path):
        self.want, files, origins = collections.Counter(), {}, {}
        ident, code = None, ("0", "0", "")
        for line in pathlib.Path(path).read_text(errors="replace").split("\n"):
            line = line.rstrip("\r ")
            w = line.split(" ")
            if w[0] == "MODULE":
                self.module(w)
            elif w[0] == "INFO" and w[1] == "CODE_ID" and len(w[2]) > 8:
                code = (w[2][:8], w[2][8:], " ".join(w[3:]))
            elif w[0] == "FILE":
                files[w[1]] = " ".join(w[2:])
            elif w[0] == "INLINE_ORIGIN":
                origins[w[1]] = stem(" ".join(w[2:]))
            elif w[0] in ("FUNC", "PUBLIC"):
                w = [x for i, x in enumerate(w) if i != 1 or x != "m"]
                func = w[0] == "FUNC"
                full = " ".join(w[4 if func else 3:])
                name = stem(full)
                self.say("S", f"{int(w[1], 16):x}", f"{int(w[2], 16):x}" if func else 0, name,
                         full if name != full else "", int(func))
            elif w[0] == "INLINE":
                for at in range(5, len(w) - 1, 2):
                    self.say("I", w[1], w[2], files.get(w[3], ""), origins.get(w[4], ""), f"{int(w[at], 16):x}",
                             f"{int(w[at + 1], 16):x}")
            elif w[0] == "STACK":
                if w[1] == "WIN" and w[2] in "04":
                    n = [f"{int(x, 16):x}" for x in w[2:12]]
                    program = w[11] != "0"
                    self.say("F", int(program), n[1], n[2], n[3], n[5], n[6], n[7],
                             " ".join(w[12:]) if program else int(w[12:] == ["1"]))
            elif len(w) == 4:
                self.say("L", f"{int(w[0], 16):x}", f"{int(w[1], 16):x}", w[2], files[w[3]])
        g, age, pdb, machine = self.ident
        self.say("ID", pdb, g, age, machine, f"{int(code[0], 16):x}", f"{int(code[1], 16):x}",
                 {"14c": 4, "8664": 8, "aa64": 8}[machine], code[2], "Breakpad symbol file")

    def module(self, w):
        g = bytes.fromhex(w[3][:32])
        machine = {"x86": "14c", "x86_64": "8664", "arm64": "aa64"}[w[2]]
        self.ident = ((g[3::-1] + g[5:3:-1] + g[7:5:-1] + g[8:]).hex(), f"{int(w[3][32:], 16):x}", " ".join(w[4:]),
                      machine)

    def say(self, *fields):
        self.want["\t".join(str(f) for f in fields)] += 1


def dump(path):
    r = subprocess.run([TOOL, str(path)], capture_output=True)
    if r.returncode:
        return None, r.stderr.decode(errors="replace").strip()
    return r.stdout.decode(errors="replace"), ""


def judge_pdb(path, totals):
    r = subprocess.run([TOOL, "-p", str(path)], capture_output=True, text=True, errors="replace")
    if r.returncode and r.stderr.startswith(("unsupported", "corrupt")):
        return []
    lines = r.stdout.split("\n")
    totals["P"] += int(lines[-2].split()[0]) if len(lines) > 1 else 0
    return lines[:-2] or ([] if r.returncode == 0 else [r.stderr or "died"])


def judge(path, totals):
    if path.suffix == ".pdb":
        return judge_pdb(path, totals)
    with open(path, "rb") as f:
        head = f.readline(4096).split()
    kind = Breakpad if head[0] == b"MODULE" else Isf
    if kind is Breakpad and head[1] != b"windows":
        error = dump(path)[1]
        return [] if error.startswith("unsupported: ") else [f"of another system, but: {error}"]
    want = kind(path).want
    text, error = dump(path)
    if text is None:
        return [f"not read: {error}"]
    got = collections.Counter(text.split("\n")[:-1])
    for line, n in got.items():
        totals[line.partition("\t")[0]] += n
    again, _ = dump(path)
    bad = [f"missing {n}: {x}" for x, n in (want - got).items()] + [f"extra {n}: {x}" for x, n in (got - want).items()]
    if again != text:
        bad.append("from the cache: not the same")
    return bad


def find(quick):
    if not CORPUS:
        return []
    root = pathlib.Path(CORPUS)
    isf = sorted((root / "layouts").rglob("*-isf/**/*.json.xz"))
    sym = sorted((root / "golden").rglob("*.sym"))
    pdb = sorted(p for p in (root / "symbols").glob("*.pdb") if p.is_file())
    if quick:
        by_folder = {p.parent: p for p in isf}
        isf, sym = sorted(by_folder.values()), [p for p in sym if p.stat().st_size < 1 << 20][::3]
        pdb = pdb[::7]
    return isf + sym + pdb


def main():
    args = [a for a in sys.argv[1:] if a != "--quick"]
    files = [pathlib.Path(a) for a in args] or find(len(args) != len(sys.argv) - 1)
    if not files:
        print("SKIP: DS_CORPUS is not set")
        return 77
    totals, failed = collections.Counter(), 0
    with tempfile.TemporaryDirectory() as cache:
        os.environ["XDG_CACHE_HOME"] = cache
        for path in files:
            bad = judge(path, totals)
            failed += bool(bad)
            for line in bad[:5]:
                print(f"{path}: {line}")
            if len(bad) > 5:
                print(f"{path}: and {len(bad) - 5} more")
    words = {"T": "types", "M": "members", "S": "symbols", "L": "lines", "I": "inlined ranges", "F": "frames",
             "P": "facts of PDBs"}
    print(f"{len(files)} files: " + ", ".join(f"{totals[k]} {w}" for k, w in words.items()))
    print(f"{len(files) - failed} passed, {failed} failed")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())

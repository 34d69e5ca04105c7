#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""dwarf.py [--quick] [IMAGE...]: images with DWARF against LLVM 19, as sets of tuples:
functions (rva, size, name, linkage name) and data (rva, name), inlined calls (rva, size, callee, call line) against
llvm-dwarfdump's entries; lines (rva, line, file) against its line tables; names, places and inlined calls of sampled
addresses against llvm-symbolizer; COFF symbols (rva, name) against llvm-readobj; two images against the Breakpad files
that Mozilla's dump_syms made of them. Images: those of the corpus, and programs built here with clang-19 and lld-19 (and with
MinGW's gcc where it is installed). Differences fail unless they stand in EXPLAINED."""
import collections, json, os, pathlib, random, re, shutil, struct, subprocess, sys, tempfile

CORPUS = pathlib.Path(os.environ.get("DS_CORPUS", pathlib.Path(__file__).resolve().parents[3] / "shared/corpus"))
BUILD = pathlib.Path(os.environ.get("DS_BUILD", "build"))
DUMP = os.environ.get("DS_DWARF_DUMP", str(BUILD / "tests/dwarf_dump"))
SOURCES = pathlib.Path(__file__).resolve().parent.parent / "make/dwarf"
SAMPLES = 2000
EXPLAINED = {}  # (part of the file's name, kind): why the two differ


def tool(*args, text=None):
    return subprocess.run([str(a) for a in args], capture_output=True, input=text, text=True, errors="surrogateescape").stdout


def layout(path):
    """(ImageBase, SizeOfImage)"""
    d = path.read_bytes()
    nt, = struct.unpack_from("<I", d, 0x3c)
    magic, = struct.unpack_from("<H", d, nt + 24)
    base, = struct.unpack_from("<Q", d, nt + 24 + 24) if magic == 0x20b else struct.unpack_from("<I", d, nt + 24 + 28)
    return base, struct.unpack_from("<I", d, nt + 24 + 56)[0]


def ours(path, *kinds, at=()):
    args = [DUMP, path, *kinds] + (["at", *["%x" % a for a in at]] if at else [])
    r = subprocess.run([str(a) for a in args], capture_output=True, text=True, errors="surrogateescape")
    return [line.split("\t") for line in r.stdout.splitlines()], r.returncode


# ---- llvm-dwarfdump
ENTRY = re.compile(r"^0x([0-9a-f]+): ( *)DW_TAG_(\w+)")
ATTR = re.compile(r"^\s+DW_AT_(\w+)\s*\((.*)$")
RANGE = re.compile(r"\[0x([0-9a-f]+), 0x([0-9a-f]+)\)")


class Entry:
    def __init__(self, off, depth, tag):
        self.off, self.depth, self.tag, self.at, self.up = off, depth, tag, {}, None


def entries(path):
    """Every entry of .debug_info by its offset."""
    out, last, stack, attr = {}, None, [], None
    for line in tool("llvm-dwarfdump-19", "--debug-info", path).splitlines():
        m = ENTRY.match(line)
        if m:
            last = Entry(int(m[1], 16), len(m[2]), m[3])
            while stack and stack[-1].depth >= last.depth:
                stack.pop()
            last.up = stack[-1] if stack else None
            stack.append(last)
            out[last.off] = last
            continue
        m = ATTR.match(line)
        if m and last:
            attr = m[1]
            last.at[attr] = m[2]
        elif last and attr and line.strip().startswith(("[0x", "DW_OP")):
            last.at[attr] += "\n" + line.strip()
        elif not line.strip():
            attr = None
    return out


def text_of(value):
    m = re.match(r'"(.*)"\)$', value or "")
    return m[1].replace('\\"', '"').replace("\\\\", "\\") if m else None


def number(value):
    m = re.match(r"(0x)?([0-9a-fA-F]+)\)?", value or "")
    return int(m[2], 16 if m[1] else 10) if m else 0


def names(e, all_entries):
    """(own name, linkage name, the entry whose scopes count)"""
    name = linkage = None
    for _ in range(16):
        name = name or text_of(e.at.get("name"))
        linkage = linkage or text_of(e.at.get("linkage_name")) or text_of(e.at.get("MIPS_linkage_name"))
        ref = e.at.get("specification") or e.at.get("abstract_origin")
        m = re.match(r"(?:cu \+ 0x[0-9a-f]+ => \{)?0x([0-9a-f]+)", ref or "")
        if not m or int(m[1], 16) not in all_entries:
            break
        e = all_entries[int(m[1], 16)]
    return name, linkage, e


SCOPES = {"namespace", "class_type", "structure_type", "union_type", "interface_type", "enumeration_type", "module"}


def full(e, all_entries):
    name, linkage, named = names(e, all_entries)
    parts, up = [], named.up
    while up:
        if up.tag in SCOPES:
            own = text_of(up.at.get("name"))
            if own or up.tag == "namespace":
                parts.append(own or "(anonymous namespace)")
        up = up.up
    return "::".join(parts[::-1] + [name or ""]), linkage or ""


def ranges(e, base, size):
    out = []
    if "ranges" in e.at:
        out = [(int(a, 16), int(b, 16)) for a, b in RANGE.findall(e.at["ranges"])]
    elif "low_pc" in e.at and "high_pc" in e.at:
        out = [(number(e.at["low_pc"]), number(e.at["high_pc"]))]
    # What the linker dropped lies outside the image.
    return [(a - base, min(b - base, size) - (a - base)) for a, b in out if base <= a < base + size and b > a]


def debug_addr(path):
    """{offset of the first address of a table: [addresses]}"""
    out = {}
    for block in re.split(r"\n(?=(?:Address table header|0x\w+: Address))", tool("llvm-dwarfdump-19", "--debug-addr", path)):
        rows = [int(a, 16) for a in re.findall(r"^0x([0-9a-f]+)$", block, re.M)]
        head = re.search(r"^0x([0-9a-f]+): Addr", block, re.M)
        out[int(head[1], 16) + 8 if head else 8] = rows
    return out


def theirs(path):
    base, size = layout(path)
    all_entries, addresses = entries(path), debug_addr(path)
    funcs, data, inlines = set(), set(), collections.Counter()
    for e in all_entries.values():
        if e.tag == "subprogram":
            for rva, n in ranges(e, base, size):
                funcs.add((rva, n, *full(e, all_entries)))
        elif e.tag == "variable":
            m = re.match(r"DW_OP_addr 0x([0-9a-f]+)\)?$", e.at.get("location", ""))
            x = re.match(r"DW_OP_addrx 0x([0-9a-f]+)\)?$", e.at.get("location", ""))
            if x:
                unit = e
                while unit.up:
                    unit = unit.up
                m = [0, "%x" % addresses[number(unit.at.get("addr_base")) or 8][int(x[1], 16)]]
            if m and m[1] and base <= int(m[1], 16) < base + size:
                data.add((int(m[1], 16) - base, *full(e, all_entries)))
        elif e.tag == "inlined_subroutine":
            for rva, n in ranges(e, base, size):
                depth, up = 0, e.up
                while up and up.tag != "subprogram":
                    depth += up.tag == "inlined_subroutine"
                    up = up.up
                inlines[(rva, n, depth, number(e.at.get("call_line")), *full(e, all_entries))] += 1
    return funcs, data, inlines


def line_tables(path, base, size):
    """{(rva, rva of the end, line, file)}, neighbours of one line in one file joined."""
    out = set()
    for block in tool("llvm-dwarfdump-19", "--debug-line", path).split("\ndebug_line[")[1:]:
        rows = []
        for m in re.finditer(r"^0x([0-9a-f]{8,16}) +(\d+) +\d+ +(\d+) +\d+ +\d+(?: +\d+)?  ?(.*)$", block, re.M):
            rows.append((int(m[1], 16), int(m[2]), int(m[3])))
            if "end_sequence" not in m[4]:
                continue
            joined = []
            for (a, line, file), (b, _, _) in zip(rows, rows[1:]):
                if b <= a or not base <= a < base + size:
                    continue
                if joined and joined[-1][1] == a and joined[-1][2:] == (line, file):
                    joined[-1] = (joined[-1][0], b, line, file)
                else:
                    joined.append((a, b, line, file))
            files = {int(n): t for n, t in re.findall(r'file_names\[ *(\d+)\]:\s+name: "(.*)"', block)}
            out |= {(a - base, b - a, line, files.get(file, "").replace("\\\\", "\\").replace("\\", "/").split("/")[-1])
                    for a, b, line, file in joined}
            rows = []
    return out


# ---- comparing
class Sums:
    def __init__(self):
        self.kinds, self.bad, self.files = collections.defaultdict(lambda: [0, 0, 0]), [], 0

    def compare(self, path, kind, mine, want):
        mine, want = set(mine), set(want)
        s = self.kinds[kind]
        s[0] += len(want)
        s[1] += len(mine & want)
        for what, rows in (("missing", want - mine), ("extra", mine - want)):
            if not rows:
                continue
            why = next((w for (part, k), w in EXPLAINED.items() if part in path.name and k == kind), None)
            print(f"{path.name[-50:]}: {kind}: {len(rows)} {what}{': ' + why if why else ''}")
            if why:
                s[2] += len(rows)
                continue
            self.bad.append(path.name)
            for row in sorted(rows, key=str)[:4]:
                print("   ", row)


def tail(path):
    return path.replace("\\", "/").split("/")[-1]


def judge_entries(path, sums):
    rows, code = ours(path, "func", "line", "inl")
    if code < 0:
        print(f"{path.name}: dwarf_dump died")
        sums.bad.append(path.name)
        return
    base, size = layout(path)
    funcs, data, inlines = theirs(path)
    sums.files += 1
    sums.compare(path, "functions", {(int(r[1], 16), int(r[2], 16), r[3], r[4]) for r in rows if r[0] == "func"}, funcs)
    sums.compare(path, "data", {(int(r[1], 16), r[3], r[4]) for r in rows if r[0] == "data"}, data)
    sums.compare(path, "inlines", {(int(r[1], 16), int(r[2], 16), int(r[3]), int(r[4]), r[6], r[7])
                                   for r in rows if r[0] == "inline"}, inlines)
    sums.compare(path, "lines", {(int(r[1], 16), int(r[2], 16), int(r[3]), tail(r[4])) for r in rows if r[0] == "line"},
                 line_tables(path, base, size))
    for r in rows:
        if r[0] == "damage":
            print(f"{path.name[-50:]}: damage: {r[1]} at {r[2]}")
            sums.bad.append(path.name)


def path_of(name):
    """A path without the steps that name nothing."""
    out = []
    for part in name.replace("\\", "/").split("/"):
        if part == ".":
            continue
        out.append(part)
    return "/".join(out)


def without_symbols(path, tmp):
    """A copy whose COFF symbols are all undefined: llvm-symbolizer would prefer their names. Long section names stay."""
    d = bytearray(path.read_bytes())
    nt, = struct.unpack_from("<I", d, 0x3c)
    at, n = struct.unpack_from("<II", d, nt + 12)
    i = 0
    while at and i < n:
        struct.pack_into("<H", d, at + 18 * i + 12, 0)
        i += 1 + d[at + 18 * i + 17]
    copy = tmp / f"bare-{path.name}"
    copy.write_bytes(d)
    return copy


def judge_addresses(path, sums, tmp):
    """Each function's own address, and a sample of places inside."""
    rows, _ = ours(path, "func")
    spans = [(int(r[1], 16), int(r[2], 16)) for r in rows if r[0] == "func"]
    rng, asked = random.Random(1), set()
    for rva, n in spans:
        asked |= {rva, rva + n - 1} | {rva + rng.randrange(n) for _ in range(min(8, n))}
    asked = sorted(asked)
    if len(asked) > SAMPLES:
        asked = sorted(rng.sample(asked, SAMPLES))
    answers, at = {}, None
    for r in ours(path, at=asked)[0]:
        if r[0] == "at":
            at = answers.setdefault(int(r[1], 16), {"inline": []})
        elif r[0] == "inline":
            at["inline"].append(r)
        elif at is not None:
            at[r[0]] = r
    mine, want = set(), set()
    for rva in asked:
        a = answers.get(rva, {"inline": []})
        line = a.get("line", ["", 0, 0, "0", ""])
        place = [(r[7] or r[6], r) for r in a["inline"]]
        chain, here = [], (line[3], path_of(line[4]))
        for name, r in place:
            chain.append((name, *here))
            here = (r[4], path_of(r[5]))
        f = a.get("func")
        chain.append(((f[4] or f[3]) if f else "", *here))
        mine.add((rva, tuple(chain)))
    out = tool("llvm-symbolizer-19", f"--obj={without_symbols(path, tmp)}", "--relative-address", "--no-demangle", "--output-style=JSON",
               text="".join("0x%x\n" % a for a in asked))
    for line in out.splitlines():
        for one in ([json.loads(line)] if line.startswith("{") else json.loads(line)):
            want.add((int(one["Address"], 16), tuple((s["FunctionName"], str(s["Line"]), path_of(s["FileName"]))
                                                     for s in one.get("Symbol", []))))
    sums.compare(path, "addresses", unnamed(mine, want), want)


def unnamed(mine, want):
    """llvm-symbolizer writes names without their scopes where there is no linkage name."""
    known = dict(want)
    out = set()
    for rva, chain in mine:
        other = known.get(rva, ())
        if len(other) == len(chain):
            chain = tuple((o[0] if c[0].split("::")[-1] == o[0] else c[0], *c[1:]) for c, o in zip(chain, other))
        out.add((rva, chain))
    return out


def judge_coff(path, sums):
    mine = {(int(r[1], 16), r[3]) for r in ours(path, "coff")[0] if r[0] == "coff"}
    if not mine:
        return
    d = path.read_bytes()
    nt, = struct.unpack_from("<I", d, 0x3c)
    n, = struct.unpack_from("<H", d, nt + 6)
    opt, = struct.unpack_from("<H", d, nt + 20)
    va = [struct.unpack_from("<I", d, nt + 24 + opt + 40 * i + 12)[0] for i in range(n)]
    want = set()
    for block in re.findall(r"\n  Symbol \{\n(.*?)\n  \}", tool("llvm-readobj-19", "--symbols", path), re.S):
        s = dict(re.findall(r"^    (\w+): (.*)$", block, re.M))
        place, kind = re.search(r"\((-?\d+)\)$", s["Section"]), s["StorageClass"].split(" ")[0]
        place = int(place[1]) if place else 0
        if place <= 0 or (kind not in ("External", "Static", "WeakExternal") and "(0x7F)" not in s["StorageClass"]):
            continue
        if kind == "Static" and s["AuxSymbolCount"] != "0" and not s["ComplexType"].startswith("Function"):
            continue
        name, s["Value"] = s["Name"], int(s["Value"])
        if name.startswith(".weak."):
            name = name[6:].rsplit(".", 1)[0]
        elif name.startswith("."):
            continue
        want.add((va[place - 1] + s["Value"], name))
    sums.compare(path, "COFF symbols", mine, want)


# ---- Breakpad files
def judge_breakpad(image, sym, sums):
    files, funcs, lines, want_lines = {}, set(), [], set()
    for line in sym.read_text().splitlines():
        w = line.split(" ", 2)
        if w[0] == "FILE":
            files[w[1]] = w[2]
        elif w[0] == "FUNC":
            a, n, _, name = line.split(" ", 4)[1:] if line.split()[1] != "m" else line.split(" ", 5)[2:]
            funcs.add((int(a, 16), int(n, 16), name))
        elif re.match(r"[0-9a-f]+ [0-9a-f]+ \d+ \d+$", line):
            a, n, row, file = line.split()
            want_lines.add((int(a, 16), int(row), path_of(files[file])))
    rows, _ = ours(image, "func", "coff")
    mine = {(int(r[1], 16), int(r[2], 16), r[3]) for r in rows if r[0] == "func"}
    # Of what DWARF does not describe it has COFF names, less their first underscore, or none; on x86 it takes all from there.
    coff = {int(r[1], 16): r[3].removeprefix("_") for r in reversed(rows) if r[0] == "coff"}
    spans = {r[:2] for r in mine}
    unknown = {f for f in funcs if f[2].startswith("<unknown in ")}
    named = {f for f in funcs - mine if coff.get(f[0]) == f[2] and (f[:2] not in spans or "@" in f[2])}
    print(f"{image.name[-50:]}: {len(unknown)} functions without a name in the Breakpad file, {len(named)} named by COFF symbols")
    sums.compare(image, "Breakpad functions", {f for f in mine if not any(f[:2] == g[:2] for g in named)} | named | unknown, funcs)
    # dump_syms gives inlined code the place of the outermost call, as `k` does; it splits at its own points.
    at, mine_lines = None, set()
    for r in ours(image, at=sorted(a for a, _, _ in want_lines))[0]:
        if r[0] == "at":
            at, place = int(r[1], 16), None
        elif r[0] == "line":
            place = (int(r[3]), path_of(r[4]))
            mine_lines.add((at, *place))
        elif r[0] == "inline":
            mine_lines.discard((at, *place))
            place = (int(r[4]), path_of(r[5]))
            mine_lines.add((at, *place))
    sums.compare(image, "Breakpad lines", mine_lines, want_lines)


# ---- images
def build(tmp, quick):
    """Programs in every version, width and optimisation."""
    out = []
    flags = ["-nostdlib", "-fno-exceptions", "-fno-rtti", "-fno-stack-protector", "-w"]
    clang, lld = shutil.which("clang++-19") or shutil.which("clang-19"), shutil.which("lld-link-19")
    source = SOURCES / "shapes.cpp"
    for arch in ["x86_64", "i686", "aarch64"] if clang and lld else []:
        for version in (2, 3, 4, 5):
            for more in ["-O0"], ["-O2"], ["-O1", "-gline-tables-only"]:
                if quick and (version, more[0]) not in ((2, "-O2"), (4, "-O0"), (5, "-O2")):
                    continue
                name = f"clang-{arch}-{version}{''.join(more)}"
                obj, exe = tmp / f"{name}.o", tmp / f"{name}.exe"
                tool(clang, f"--target={arch}-w64-windows-gnu", "-g", f"-gdwarf-{version}", *more, *flags, "-c", source, "-o", obj)
                tool(lld, "/lldmingw", "/debug:dwarf,symtab", "/subsystem:console", "/entry:mainCRTStartup", f"/out:{exe}", obj)
                out.append(exe)
    for arch in ("x86_64", "i686"):
        gcc = shutil.which(f"{arch}-w64-mingw32-g++")
        for version in (2, 3, 4, 5) if gcc and not quick else ():
            for more in ["-O0"], ["-O2"], ["-O2", "-ffunction-sections", "-Wl,--gc-sections"]:
                exe = tmp / f"gcc-{arch}-{version}{''.join(more[:2])}.exe"
                tool(gcc, "-g", f"-gdwarf-{version}", *more, *flags, "-nostartfiles", source, "-o", exe,
                     f"-Wl,-e,{'_' * (arch == 'i686')}mainCRTStartup")
                out.append(exe)
            exe = tmp / f"gcc-{arch}-{version}-containers.exe"
            tool(gcc, "-g", f"-gdwarf-{version}", "-O2", "-static", SOURCES / "containers.cpp", "-o", exe)
            out.append(exe)
    missing = [p.name for p in out if not p.exists()]
    if missing:
        print("not built:", *missing)
    return [p for p in out if p.exists()], missing


def main():
    args = sys.argv[1:]
    quick = "--quick" in args
    images = [pathlib.Path(a) for a in args if a != "--quick"]
    if not os.path.exists(DUMP) or not all(shutil.which(t) for t in ("llvm-dwarfdump-19", "llvm-symbolizer-19", "llvm-readobj-19")):
        print(f"skipped: no LLVM 19 or no {DUMP}")
        return 0
    sums, pairs = Sums(), []
    with tempfile.TemporaryDirectory() as tmp:
        if not images:
            images, missing = build(pathlib.Path(tmp), quick)
            sums.bad += missing
            found = [p for d in ("symbols", "lab/x64", "lab/x86") for p in sorted((CORPUS / d).glob("*"))
                     if p.suffix in (".exe", ".dll") and b".debug_info\0" in p.read_bytes()]
            images += found
            golden = CORPUS / "golden/mozilla+dump_syms/test_data/windows"
            pairs = [(p, golden / f"basic{n}-dwarf.sym") for p in found for n in ("32", "64") if f"basic{n}-dwarf" in p.name]
        for path in images:
            judge_entries(path, sums)
            judge_addresses(path, sums, pathlib.Path(tmp))
            judge_coff(path, sums)
            r = [x for x in ours(path, "check")[0] if x[0] in ("check", "wrong")]
            if not r or r[-1][-1] != "0":
                print(f"{path.name}: check: {r}")
                sums.bad.append(path.name)
        for image, sym in pairs:
            judge_breakpad(image, sym, sums)
    for kind, (want, same, explained) in sums.kinds.items():
        print(f"{kind}: {want} of the judge, {same} equal, {explained} explained")
    print(f"{sums.files - len(set(sums.bad))} passed, {len(set(sums.bad))} failed")
    return bool(sums.bad)


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Judge of !chkimg: the images and dumps of the corpus' lab, which others made.

  as it is   every module whose image file is there has 0 errors, and bytes were compared
  relocated  the code of images of the corpus, laid at another base by this judge's own reading of base relocations, has
             0 errors; without relocating (-nar) exactly the bytes differ that the relocations changed
  patched    bytes of the dump's copy of the code are changed at random places; exactly those are listed, with the
             bytes of the file and those of the dump
  WinDbg     the code that a published output lists (FLTMGR of Windows 10, its calls of imports rewritten) is built again:
             the same lines come out

--quick: fewer patches."""
import json, os, pathlib, random, struct, subprocess, sys, tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "make"))
import dump_tools
import mk_minidump

PUBLISHED = """
    fffff80316663ab5-fffff80316663ab6  2 bytes - FLTMGR!DeleteStreamListCtrlCallback+35
\t[ 48 ff:4c 8b ]
    fffff80316663abc-fffff80316663abf  4 bytes - FLTMGR!DeleteStreamListCtrlCallback+3c (+0x07)
\t[ 0f 1f 44 00:e8 9f ea e4 ]
    fffff80316663aca-fffff80316663acb  2 bytes - FLTMGR!DeleteStreamListCtrlCallback+4a (+0x0e)
\t[ 48 ff:4c 8b ]
    fffff80316663ad1-fffff80316663ad4  4 bytes - FLTMGR!DeleteStreamListCtrlCallback+51 (+0x07)
\t[ 0f 1f 44 00:e8 5a a6 eb ]
    fffff80316663b1a-fffff80316663b1b  2 bytes - FLTMGR!DeleteStreamListCtrlCallback+9a (+0x49)
\t[ 48 ff:4c 8b ]
    fffff80316663b21-fffff80316663b24  4 bytes - FLTMGR!DeleteStreamListCtrlCallback+a1 (+0x07)
\t[ 0f 1f 44 00:e8 1a e9 eb ]
    fffff80316663b26-fffff80316663b27  2 bytes - FLTMGR!DeleteStreamListCtrlCallback+a6 (+0x05)
\t[ 48 ff:4c 8b ]
    fffff80316663b2d-fffff80316663b30  4 bytes - FLTMGR!DeleteStreamListCtrlCallback+ad (+0x07)
\t[ 0f 1f 44 00:e8 ee fb d9 ]
24 errors : !FLTMGR (fffff80316663ab5-fffff80316663b30)
"""
failures = passed = 0


def check(name, good, text=""):
    global failures, passed
    passed += bool(good)
    failures += not good
    if not good:
        print(f"{name}: {text}")


def run(dump, images, commands, as_json=True):
    program = os.environ.get("DUMPSCOPE", dump_tools.ROOT / "build" / "dumpscope")
    args = [program, *(["--json"] if as_json else []), "-i", images, "-z", dump]
    p = subprocess.run(args, input="\n".join(commands) + "\n", capture_output=True, text=True, timeout=120)
    if not as_json:
        return p.stdout
    docs = [json.loads(line) for line in p.stdout.splitlines() if line.startswith("{")]
    return [d for d in docs if (d["command"] or "").startswith(("!chkimg", "lm"))]


def memory(data):
    """(va, offset, size) of the memory lists of a minidump."""
    _, _, n, directory = struct.unpack_from("<4sIII", data)
    for i in range(n):
        kind, _, rva = struct.unpack_from("<III", data, directory + 12 * i)
        if kind == 9:
            count, at = struct.unpack_from("<QQ", data, rva)
            for k in range(count):
                va, size = struct.unpack_from("<QQ", data, rva + 16 + 16 * k)
                yield va, at, size
                at += size
        elif kind == 5:
            for k in range(struct.unpack_from("<I", data, rva)[0]):
                va, size, at = struct.unpack_from("<QII", data, rva + 4 + 16 * k)
                yield va, at, size


def text_section(image):
    """(RVA, offset in the file, size) of .text; the image's preferred base."""
    pe, = struct.unpack_from("<I", image, 0x3C)
    n, optional = struct.unpack_from("<H", image, pe + 6)[0], struct.unpack_from("<H", image, pe + 20)[0]
    wide = struct.unpack_from("<H", image, pe + 24)[0] == 0x20B
    base, = struct.unpack_from("<Q" if wide else "<I", image, pe + 24 + (24 if wide else 28))
    for i in range(n):
        at = pe + 24 + optional + 40 * i
        name, size, rva, raw_size, raw = struct.unpack_from("<8sIIII", image, at)
        if name.rstrip(b"\0") == b".text":
            return rva, raw, min(size, raw_size), base


def patch(rng, data, ranges, base, section, count):
    """Changes bytes of a module's code in a dump; {address: (before, after)}."""
    rva, _, size, _ = section
    there = [(max(va, base + rva), min(va + n, base + rva + size), va, at) for va, at, n in ranges]
    there = [(low, high, at - va) for low, high, va, at in there if low < high]
    changed = {}
    while there and len(changed) < count:
        low, high, shift = rng.choice(there)
        first = rng.randrange(low, high)
        for va in range(first, min(first + rng.choice((1, 1, 2, 5, 14)), high)):
            old = data[va + shift]
            new = rng.randrange(256)
            if va in changed or new == old or {old, new} == {0x90, 0xF0}:
                continue
            data[va + shift] = new
            changed[va] = (old, new)
    return changed


def told(document):
    ret = {}
    for i in document["items"]:
        if i["row"] == "code_difference":
            start = int(i["start"], 16)
            for k, (e, a) in enumerate(zip(i["expected"], i["actual"])):
                ret[start + k] = (int(e, 16), int(a, 16))
    return ret


def lab(rng, name, folder, images, patches):
    tmp = pathlib.Path(folder) / "x.dmp"
    with dump_tools.unpacked(name) as path:
        data = bytearray(path.read_bytes())
    tmp.write_bytes(data)
    modules = [i for i in run(tmp, images, ["lm"])[0]["items"] if "start" in i or "base" in i]
    compared = 0
    for m in modules:
        base = int(m.get("start") or m["base"], 16)
        doc = run(tmp, images, [f"!chkimg {base:x}"])[0]
        checks = [i for i in doc["items"] if i["row"] == "code_check"]
        if not checks or not checks[0]["compared"]:
            continue
        compared += 1
        check(f"{name} {checks[0]['module']}", checks[0]["errors"] == 0, str(checks[0])[:300])
        section = text_section(pathlib.Path(checks[0]["image_file"]).read_bytes())
        changed = patch(rng, damaged := bytearray(data), list(memory(data)), base, section, patches)
        tmp.write_bytes(damaged)
        doc = run(tmp, images, [f"!chkimg -d {base:x}"])[0]
        total = next(i for i in doc["items"] if i["row"] == "code_check")["errors"]
        got, short = told(doc), sum(max(0, i["bytes"] - 8) for i in doc["items"] if i["row"] == "code_difference")
        check(f"{name} {base:x} total", total == len(changed), f"{total} of {len(changed)}")
        check(f"{name} {base:x} bytes", all(changed.get(va) == b for va, b in got.items())
              and len(got) + short == len(changed), f"{len(got)} + {short} of {len(changed)}")
        tmp.write_bytes(data)
    return compared


def relocated(image, rva, raw, size, delta):
    """The bytes of a section as the loader adjusts them; None: the image has no base relocations."""
    pe, = struct.unpack_from("<I", image, 0x3C)
    wide = struct.unpack_from("<H", image, pe + 24)[0] == 0x20B
    at, total = struct.unpack_from("<II", image, pe + 24 + (112 if wide else 96) + 5 * 8)
    sections = [struct.unpack_from("<IIII", image, pe + 24 + struct.unpack_from("<H", image, pe + 20)[0] + 40 * i + 8)
                for i in range(struct.unpack_from("<H", image, pe + 6)[0])]
    holder = next(((va, off) for n, va, _, off in sections if total and va <= at < va + n), None)
    if not holder:
        return None
    code, p = bytearray(image[raw:raw + size]), at - holder[0] + holder[1]
    end = p + total
    while p + 8 <= end:
        page, n = struct.unpack_from("<II", image, p)
        for k in range(8, max(n, 8), 2):
            kind, off = divmod(struct.unpack_from("<H", image, p + k)[0], 4096)
            form = {3: "<I", 10: "<Q"}.get(kind)
            where = page + off - rva
            if form and 0 <= where <= size - struct.calcsize(form):
                old, = struct.unpack_from(form, code, where)
                struct.pack_into(form, code, where, old + delta & (1 << 8 * struct.calcsize(form)) - 1)
        p += max(n, 8)
    return bytes(code)


def moved(rng, path, folder):
    """Was the image at `path` compared at another base?"""
    image = path.read_bytes()
    pe = struct.unpack_from("<I", image, 0x3C)[0] if image[:2] == b"MZ" else 0
    machine, time = struct.unpack_from("<H2xI", image, pe + 4) if pe else (0, 0)
    kind = {0x14C: "x86", 0x8664: "x64", 0xAA64: "arm64"}.get(machine)
    section = text_section(image) if kind else None
    if not section:
        return False
    delta = rng.randrange(1, 0x400) << 16
    code = relocated(image, *section[:3], delta)
    if not code:
        return False
    rva, raw, n, base = section
    size, = struct.unpack_from("<I", image, pe + 24 + 56)
    ip = {"x86": "eip", "x64": "rip", "arm64": "pc"}[kind]
    dump = mk_minidump.recipe(f"minidump {kind}\nos 10.0.19041\nmodule {base + delta:x} {path.name} size {size:x} time {time:x} "
                              f"nomem\nthread 1 {ip} {base + delta + rva:x} stack 14f000: 0\n")
    dump.memory.append((base + delta + rva, code))
    tmp = pathlib.Path(folder) / "moved.dmp"
    tmp.write_bytes(dump.write())
    docs = run(tmp, path.parent, [f"!chkimg -ss .text {base + delta:x}", f"!chkimg -nar -noplock -ss .text {base + delta:x}"])
    plain, raw_bytes = [next((i for i in d["items"] if i["row"] == "code_check"), None) for d in docs]
    if not plain:
        check(f"{path.name} moved", False, str(docs[0]["notes"]))
        return True
    differ = sum(x != y for x, y in zip(code, image[raw:raw + n]))
    check(f"{path.name} moved", plain["errors"] == 0 and plain["compared"] == n, str(plain))
    check(f"{path.name} -nar", raw_bytes["errors"] == differ, f"{raw_bytes['errors']} of {differ}")
    return True


def published(folder):
    base, code, symbol = 0xFFFFF80316660000, {}, 0x3A80
    calls = {0x3AB5: "e89feae400", 0x3ACA: "e85aa6eb00", 0x3B1A: "e81ae9eb00", 0x3B26: "e8eefbd900"}
    for rva, tail in calls.items():
        code[rva] = ("48ff1510200000" "0f1f440000", "4c8b1510200000" + tail)
    head = f"module {base:x} FLTMGR.exe size 6000 export DeleteStreamListCtrlCallback={symbol:x}"

    def dump(which):
        lines = [f"code FLTMGR.exe {rva:x} {both[which]}" for rva, both in code.items()]
        return mk_minidump.recipe("\n".join(
            ["minidump x64", "os 10.0.19041", head, "function FLTMGR.exe 3a80-3c00 \"sub rsp,28\"", *lines,
             f"thread 1 rip {base + symbol:x} stack 14f000: 0"]))

    (pathlib.Path(folder) / "x.dmp").write_bytes(dump(1).write())
    good = dump(0)
    good.write()
    (pathlib.Path(folder) / "FLTMGR.exe").write_bytes(good.modules[0]["image"].file())
    text = run(pathlib.Path(folder) / "x.dmp", folder, ["!chkimg -lo 50 -d !FLTMGR", "!chkimg -np !FLTMGR"], False)
    check("WinDbg's lines", PUBLISHED.strip("\n") in text, text)
    check("-np", "0 errors : !FLTMGR" in text, text)


def main():
    args = dump_tools.arguments(__doc__)
    rng = random.Random(1)
    names = [p for p in dump_tools.manifest() if p.startswith("lab/") and p.endswith(".dmp.xz")]
    with tempfile.TemporaryDirectory() as folder:
        compared = sum(lab(rng, name, folder, dump_tools.corpus() / pathlib.Path(name).parent, 20 if args.quick else 300)
                       for name in names)
        files = sorted(p for e in ("exe", "dll", "sys") for p in dump_tools.corpus().rglob("*." + e))
        n_moved = sum(moved(rng, p, folder) for p in (files[::12] if args.quick else files))
    with tempfile.TemporaryDirectory() as folder:
        published(folder)
    check("modules", compared and n_moved, "none to compare")
    print(f"{compared} modules, {n_moved} moved images; {passed} passed, {failures} failed")
    sys.exit(bool(failures))


main()

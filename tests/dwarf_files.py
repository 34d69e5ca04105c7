#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""dwarf_files.py --program DUMPSCOPE --dwarf-dump DWARF_DUMP: what a user sees of an image with DWARF: names, lines and inlined
calls in k, ln, x and lm; the debug file that .gnu_debuglink names, by folder and CRC; the COFF table alone. The image is
built here with clang-19 and lld-19; llvm-symbolizer-19 says what its addresses are. TAP output."""
import argparse, json, os, pathlib, shutil, struct, subprocess, sys, tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/make"))
from mk_minidump import recipe  # noqa: E402

SOURCE = ROOT / "tests/make/dwarf/shapes.cpp"
count = failed = 0


def check(name, ok, why=""):
    global count, failed
    count += 1
    failed += not ok
    print(f"{'ok' if ok else 'not ok'} {count} - {name}{'' if ok else ': ' + str(why)[-1200:]}")


def run(*args):
    p = subprocess.run([str(a) for a in args], capture_output=True, text=True, errors="replace", timeout=60,
                       env={k: v for k, v in os.environ.items() if not k.startswith("_NT_")})
    return p.stdout


def build(tmp, target, version):
    obj, exe = tmp / "shapes.o", tmp / "shapes.exe"
    run("clang++-19", f"--target={target}-w64-windows-gnu", "-g", f"-gdwarf-{version}", "-O2", "-nostdlib", "-w",
        "-fno-exceptions", "-fno-rtti", "-fno-stack-protector", "-c", SOURCE, "-o", obj)
    run("lld-link-19", "/lldmingw", "/debug:dwarf,symtab", "/subsystem:console", "/entry:mainCRTStartup", f"/out:{exe}", obj)
    return exe


def facts(exe):
    d = exe.read_bytes()
    nt, = struct.unpack_from("<I", d, 0x3c)
    wide = struct.unpack_from("<H", d, nt + 24)[0] == 0x20b
    base, = struct.unpack_from("<Q", d, nt + 48) if wide else struct.unpack_from("<I", d, nt + 52)
    return struct.unpack_from("<I", d, nt + 8)[0], base, struct.unpack_from("<I", d, nt + 80)[0]


def symbolized(exe, rva, *more):
    return json.loads(run("llvm-symbolizer-19", f"--obj={exe}", "--relative-address", "--output-style=JSON", *more, hex(rva)))[0]["Symbol"]


def dump_of(exe, tmp, arch, rva):
    """A minidump whose thread stands at an address of the image."""
    stamp, base, size = facts(exe)
    ip = {"x64": "rip", "x86": "eip", "arm64": "pc"}[arch]
    text = (f"minidump {arch}\nmodule {base:x} shapes.exe size {size:x} time {stamp:08x}\n"
            f"thread 1a4 {ip} {base + rva:x} stack 14f000: zero 40\nexception 1a4 code c0000005 address {base + rva:x} info 0 10\n")
    path = tmp / f"{arch}.dmp"
    path.write_bytes(recipe(text).write())
    return path, base


def shown(program, tmp, target, arch, version, dump_tool):
    exe = build(tmp, target, version)
    if not exe.exists():
        return check(f"{arch}, version {version}: the image is built", False)
    rows = [r.split("\t") for r in run(dump_tool, exe, "func", "inl").splitlines()]
    deep = max((r for r in rows if r[0] == "inline"), key=lambda r: (int(r[3]), int(r[2], 16)))
    rva = int(deep[1], 16)
    dump, base = dump_of(exe, tmp, arch, rva)
    want = symbolized(exe, rva)
    out = run(program, "-z", dump, "-i", tmp, "-c", f"k;lm;ln {base + rva:x};q")
    frames = [r for r in out.splitlines() if " @ " in r and "shapes!" in r][:len(want)]
    good = len(want) >= 3 and len(frames) == len(want)
    for frame, w in zip(frames, want):
        name = w["FunctionName"].split("(")[0] if not w["FunctionName"].startswith("outer::(anon") else "outer::(anonymous"
        good = good and f"shapes!{name}" in frame and f"{w['FileName']} @ {w['Line']}] " in frame
        good = good and ("(Inline" in frame) == (w is not want[-1])
    check(f"{arch}, version {version}: k shows the calls and places of llvm-symbolizer", good, (frames, want))
    state = [r for r in out.splitlines() if "DWARF" in r]
    check(f"{arch}, version {version}: lm", len(state) == 1 and
          f"(service symbols: DWARF Private Symbols)        {exe}" in state[0] and
          out.count("module name") == 1, out)
    start = int(want[-1]["StartAddress"], 16)
    near = [r for r in out.splitlines() if r.startswith("(") and "shapes!" in r]
    address = f"{start >> 32:08x}`{start & 0xffffffff:08x}" if arch != "x86" else f"{start:08x}"
    check(f"{arch}, version {version}: ln", near and near[0].startswith(f"({address})   shapes!"), near)
    return exe, dump, base, rva


def names(program, exe, dump, base):
    def x(pattern):
        return [r.split(" ", 1) for r in run(program, "-z", dump, "-i", exe.parent, "-c", f"x {pattern};q").splitlines()
                if " shapes!" in r and "`" in r.split(" ")[0]]

    rows = x("shapes!*")
    listed = [r[0] for r in rows]
    check("x lists functions and data once, in order", listed == sorted(listed) and len({tuple(r) for r in rows}) == len(rows) and
          any("shapes!outer::Shape::area" in r[1] for r in rows) and any("shapes!table" in r[1] for r in rows), rows)
    for name in ("shapes!outer::Shape::area", "shapes!OUTER::shape::AREA", "shapes!plain_c", "shapes!_ZN5outer5Shape4areaEi"):
        out = run(program, "-z", dump, "-i", exe.parent, "-c", f"ln {name};q")
        check(f"an address by name: {name}", "Exact matches:" in out, out[-300:])
    out = run(program, "-z", dump, "-i", exe.parent, "-c", "ln shapes!outer::Shape::none;q")
    check("a name that is not there", "Exact matches:" not in out, out[-300:])


def separate(program, tmp, exe, base, rva):
    """objcopy's way: the image stripped, its DWARF in a file beside it."""
    # The image that ran is the stripped one: its size differs.
    def state(option, folder, *args):
        image, _ = dump_of(folder / "shapes.exe", tmp, "x64", rva)
        return run(program, "-z", image, option, folder, *args, "-c", f"ln {base + rva:x};lm;!lmi shapes;q")

    coff = tmp / "coff"
    coff.mkdir()
    run("llvm-objcopy-19", "--strip-debug", exe, coff / "shapes.exe")
    out = state("-i", coff)
    check("the COFF table alone", f"(coff symbols)         {coff}/shapes.exe" in out and "shapes!outer::Shape::area" in out and
          "COFF     - Symbols loaded successfully from the image." in out, out)
    bare, debug = tmp / "bare", tmp / "debug"
    bare.mkdir()
    debug.mkdir()
    run("llvm-objcopy-19", "--only-keep-debug", exe, debug / "shapes.dbg")
    run("llvm-objcopy-19", "--strip-all", f"--add-gnu-debuglink={debug / 'shapes.dbg'}", exe, bare / "shapes.exe")
    check("without the debug file there is none", "DWARF" not in state("-i", bare))
    out = state("-i", bare, "-y", debug)
    check("the debug file on the symbol path", f"DWARF Private Symbols)        {debug}/shapes.dbg" in out and
          "from the image's debug file" in out and "shapes!outer::Shape::area" in out, out)
    (bare / ".debug").mkdir()
    shutil.copy(debug / "shapes.dbg", bare / ".debug")
    check("in .debug beside the image", f"{bare}/.debug/shapes.dbg" in state("-i", bare), state("-i", bare))
    (bare / ".debug/shapes.dbg").rename(bare / "SHAPES.dbg")
    check("beside the image, in another case", "SHAPES.dbg" in state("-i", bare), state("-i", bare))
    with (bare / "SHAPES.dbg").open("ab") as f:
        f.write(b"\0")
    out = state("-i", bare)
    check("one with another CRC is refused", "DWARF" not in out and "the debug file belongs to another build" in out, out)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--program", required=True)
    p.add_argument("--dwarf-dump", required=True)
    o = p.parse_args()
    tools = ("clang++-19", "lld-link-19", "llvm-objcopy-19", "llvm-symbolizer-19")
    missing = [t for t in tools if not shutil.which(t)]
    if missing:
        print(f"1..0 # SKIP no {' '.join(missing)}")
        return 0
    with tempfile.TemporaryDirectory() as d:
        for target, arch, version in (("i686", "x86", 2), ("aarch64", "arm64", 4), ("x86_64", "x64", 3), ("x86_64", "x64", 5)):
            tmp = pathlib.Path(d) / f"{arch}{version}"
            tmp.mkdir()
            last = shown(o.program, tmp, target, arch, version, o.dwarf_dump)
        if last:
            exe, dump, base, rva = last
            names(o.program, exe, dump, base)
            separate(o.program, tmp, exe, base, rva)
    print(f"1..{count}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

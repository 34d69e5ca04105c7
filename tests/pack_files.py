#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""pack_files.py --program DUMPSCOPE: which ISF, Breakpad file or layout pack serves a module, what the commands then
say, the cache of converted files, and `symbols export`. TAP output."""
import argparse, concurrent.futures, json, lzma, os, pathlib, shutil, subprocess, sys, tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/make"))
import mk_minidump  # noqa: E402
import mk_pdb  # noqa: E402

GUID = "00112233445566778899AABBCCDDEEFF"
ISF = (ROOT / "fuzz/corpus/fuzz_isf/plain").read_bytes()
SYM = (ROOT / "fuzz/corpus/fuzz_breakpad/plain").read_bytes()
count = failed = 0


def check(name, ok, why=""):
    global count, failed
    count += 1
    failed += not ok
    print(f"{'ok' if ok else 'not ok'} {count} - {name}{'' if ok else ': ' + str(why)[:1500]}")


class Place:
    def __init__(self, program, tmp):
        self.program, self.tmp, self.cache = program, tmp, tmp / "cache"

    def run(self, *args, cache=None):
        env = {k: v for k, v in os.environ.items() if not k.startswith("_NT_")}
        env["XDG_CACHE_HOME"] = str(cache or self.cache)
        p = subprocess.run([str(self.program), *map(str, args)], capture_output=True, text=True, errors="replace",
                           timeout=60, env=env)
        return p.returncode, p.stdout + p.stderr

    def ask(self, machine, path, commands, cache=None):
        return self.run("-z", self.tmp / f"{machine}.dmp", "-y", path, "-c", commands + "; q", cache=cache)[1]

    def packs(self):
        return sorted((self.cache / "dumpscope/packs").glob("*.dspack"))


def dumps(tmp):
    for machine, ip in (("x64", "rip"), ("x86", "eip")):
        text = f"minidump {machine}\nmodule 400000 app.exe size 10000 time 5B7D1968 pdb app.pdb {GUID} 1\n" \
               f"thread 10 {ip} 401016 stack 10000: 0 0\n"
        (tmp / f"{machine}.dmp").write_bytes(mk_minidump.recipe(text).write())


def layouts(p):
    """Where files may lie."""
    for name, data in ((f"app.pdb/{GUID}-1.json", ISF), (f"app.pdb/{GUID}-1.json.xz", lzma.compress(ISF)),
                       (f"windows/app.pdb/{GUID}-1.json.xz", lzma.compress(ISF)), (f"{GUID}-1.json", ISF)):
        root = p.tmp / "place"
        file = root / name
        file.parent.mkdir(parents=True)
        file.write_bytes(data)
        out = p.ask("x64", root, "ln app!main; lm")
        check(f"ISF: {name.replace(GUID, 'GUID')}", "app!main" in out and f"(isf symbols)          {file}" in out, out)
        out = p.ask("x64", file, "ln app!main")
        check("... as an element of the path", "Exact matches:\n    app!main" in out, out)
        shutil.rmtree(root)
    for name in (f"app.pdb/{GUID}1/app.sym", "app.sym"):
        file = p.tmp / "place" / name
        file.parent.mkdir(parents=True)
        file.write_bytes(SYM)
        out = p.ask("x86", p.tmp / "place", "ln 401000; lm")
        check(f"Breakpad: {name.replace(GUID, 'GUID')}", "app!N::outer" in out and "(breakpad symbols)" in out, out)
        shutil.rmtree(p.tmp / "place")


def answers(p):
    isf, sym = p.tmp / "app.json", p.tmp / "app.sym"
    isf.write_bytes(ISF)
    sym.write_bytes(SYM)
    out = p.ask("x64", isf, "x app!*; !lmi app; ? app!_stub@8; ? app!STUB")
    check("ISF: names without decoration, found by both, whatever the case",
          "00000000`00401010 app!App::Work" in out and out.count("= 00000000`00401040") == 2, out)
    check("ISF: an address that no image has is left out", "TooFar" not in out, out)
    check("ISF: !lmi", f"ISF      - {isf}" in out, out)
    out = p.ask("x86", sym, "k; ln 401028; ln 401050; x app!*")
    check("Breakpad: inlined calls and lines", "app!N::deepest" in out and "app!inner" in out and "inner.h @ 7" in out and
          "app.c @ 11" in out, out)
    check("Breakpad: names without parameters and decoration", "app!operator()" in out and "app!data" in out and
          "app!Stub" in out and "char const" not in out, out)


def identity(p):
    other = ISF.replace(GUID.encode(), GUID.encode()[::-1])
    stale = ISF.replace(b'"age":1', b'"age":2')
    for name, data in (("another build", other), ("stale", stale)):
        file = p.tmp / "other.json"
        file.write_bytes(data)
        out = p.ask("x64", file, "ln app!main; lm")
        check(f"{name}: not used", "Exact" not in out and "(isf" not in out, out)
        out = p.ask("x64", file, ".symopt+ 0x40; ln app!main; lm")
        check(f"{name}: used when asked for, and marked", "app!main" in out and "app      M (isf symbols)" in out and
              "WARNING: names of app" in out and name in out, out)
    (p.tmp / "pdbs").mkdir()
    mk_pdb.main([str(p.tmp / "pdbs/app.pdb")])
    exact = p.tmp / "exact.json"
    exact.write_bytes(ISF)
    loose = ".symopt+ 0x40; .reload /f; lm"
    out = p.ask("x64", p.tmp / "pdbs", loose)
    check("another build's PDB: used when asked for, and marked", "app      M (private pdb symbols)" in out, out)
    out = p.ask("x64", f"{p.tmp / 'pdbs'};{exact}", loose)
    check("... but the module's own ISF goes first", "app      C (isf symbols)" in out, out)
    out = p.ask("x64", f"{p.tmp / 'pdbs'};{exact}", ".reload /f /i app.exe; lm")
    check("... also when .reload /i asks", "app      C (isf symbols)" in out, out)
    for name, data, why in (("cut", ISF[:-200], "broken JSON"), ("no ISF", b"{}", "is no ISF"),
                            ("of Linux", b'{"metadata":{"format":"6.1.0","linux":{}}}', "not of Windows|another system"),
                            ("of a later format", ISF.replace(b"6.1.0", b"7.0.0"), "format 7.0.0"),
                            ("nested", b'{"a":' + b"[" * 500, "nested too deeply")):
        file = p.tmp / f"{GUID}-1.json"
        file.write_bytes(data)
        out = p.run("symbols", "export", "-o", p.tmp / "out.dspack", file)
        check(f"refused: {name}", out[0] == 2 and any(w in out[1] for w in why.split("|")), out)
        file.unlink()


def cache(p):
    shutil.rmtree(p.cache, ignore_errors=True)
    file = p.tmp / "cached.json"
    file.write_bytes(ISF)
    first = p.ask("x64", file, "ln app!main")
    kept = p.packs()
    check("the cache holds one pack", len(kept) == 1 and "app!main" in first, kept)
    stamp = kept[0].stat().st_mtime_ns
    check("the second time it is used", p.ask("x64", file, "ln app!main") == first and
          p.packs()[0].stat().st_mtime_ns == stamp)
    file.write_bytes(ISF.replace(b'"main":{"address":4096}', b'"main":{"address":4352}'))
    out = p.ask("x64", file, "? app!main")
    check("a changed file is read again", "00401100" in out, out)
    for pack in p.packs():
        pack.write_bytes(pack.read_bytes()[:100])
    out = p.ask("x64", file, "? app!main")
    check("a damaged pack is made again", "00401100" in out, out)
    blocked = p.tmp / "blocked"
    blocked.write_text("a file, no folder")
    out = p.ask("x64", file, "? app!main", cache=blocked)
    check("without a place for a cache", "00401100" in out, out)
    shutil.rmtree(p.cache)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        outs = set(pool.map(lambda _: p.ask("x64", file, "? app!main"), range(8)))
    check("eight at once", len(outs) == 1 and len(p.packs()) == 1 and not list(p.packs()[0].parent.glob(".*")), outs)


def export(p):
    isf, store = p.tmp / "app.json", p.tmp / "store"
    status, out = p.run("symbols", "export", "-o", store, isf)
    pack = store / f"app.pdb/{GUID}1/app.dspack"
    check("export: a store", status == 0 and pack.exists() and "from ISF 6.1.0 by volatility3 2.7.0" in out, out)
    out = p.ask("x64", store, "ln app!main; lm")
    check("export: it serves the module", "app!main" in out and "(isf symbols)" in out and str(pack) in out, out)
    a, b = p.tmp / "a.dspack", p.tmp / "b.dspack"
    p.run("symbols", "export", "-o", a, isf)
    p.run("symbols", "export", "-o", b, isf)
    check("export: the same bytes each time", a.read_bytes() == b.read_bytes() == pack.read_bytes())
    status, out = p.run("symbols", "export", "-o", a, isf, p.tmp / "app.sym")
    check("export: several files into one are refused", status == 1 and "need a folder" in out, out)
    for name in ("x64.dmp", "x86.dmp"):
        status, out = p.run("symbols", "export", "-o", p.tmp / "of_dump", "-y", isf, p.tmp / name)
        kept = p.tmp / f"of_dump/app.pdb/{GUID}1/app.dspack"
        check(f"export: of the modules of {name}", status == 0 and "1 modules, 1 symbol files" in out and
              kept.read_bytes() == pack.read_bytes(), out)
        shutil.rmtree(p.tmp / "of_dump")
    status, out = p.run("symbols", "export", "--json", "-o", p.tmp / "of_dump", "-y", f"{p.tmp / 'pdbs'};{isf}",
                        p.tmp / "x64.dmp", p.tmp / "x86.dmp")
    rows = json.loads(out)["items"]
    check("export: JSON; one pack of what two dumps need, another build's PDB not", status == 0 and len(rows) == 1 and
          rows[0]["row"] == "layout_pack" and rows[0]["from"] == str(isf) and rows[0]["types"] is True and
          rows[0]["key"] == GUID + "1" and rows[0]["bytes"] == len(kept.read_bytes()), out)
    out = p.run("symbols", "export", "-o", p.tmp / "of_dump", p.tmp / "x64.dmp")
    check("export: nothing found is said", out[0] == 0 and "1 modules, 0 symbol files" in out[1], out)
    status, out = p.run("symbols", "export", "-o", store, p.tmp / "nothing.json", isf)
    check("export: what is missing is said, the rest is done", status == 2 and "nothing.json" in out and "symbols, types" in out,
          out)


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--program", required=True)
    program = pathlib.Path(args.parse_args().program).resolve()
    with tempfile.TemporaryDirectory() as tmp:
        p = Place(program, pathlib.Path(tmp))
        dumps(p.tmp)
        layouts(p)
        answers(p)
        identity(p)
        cache(p)
        export(p)
    print(f"1..{count}")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())

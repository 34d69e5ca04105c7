#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""pdb.py [PDB...]: beside llvm-symbolizer-19 over an image and PDB of the corpus: addresses a second with inlined calls,
files and lines as text, start-up taken off (symbolizer of LLVM, Apache-2.0, the nearest tool in kind). Then time to
the first name above start-up, and warm look-ups in random order, of PDBs that the test writer makes (6 MB; --big: 5
GiB, 20,000 modules, 5 million publics under a 50 MiB data limit) and of those given."""
import lzma, os, pathlib, random, re, resource, shutil, statistics, subprocess, sys, tempfile, time

ROOT = pathlib.Path(__file__).resolve().parent.parent
DUMP = ROOT / "build/tests/pdb_dump"
sys.path.insert(0, str(ROOT / "tests/make"))
import mk_pdb  # noqa: E402


def limit():
    resource.setrlimit(resource.RLIMIT_DATA, (51200 << 10, 51200 << 10))


def measure(path, rva, data_limit=None):
    times = []
    for _ in range(9):
        out = subprocess.run([DUMP, path, "time", "at", rva], capture_output=True, text=True, check=True,
                             preexec_fn=data_limit).stdout
        times.append(int(next(r for r in out.split("\n") if r.startswith("answered")).split()[1]))
    print(f"{pathlib.Path(path).name}: open, symbol, line, inlines of one address: {statistics.median(times) / 1000:.2f} ms")


def seconds(args, text=None):
    best = []
    for _ in range(3):
        start = time.perf_counter()
        subprocess.run(args, input=text, capture_output=True, text=True, check=True)
        best.append(time.perf_counter() - start)
    return min(best)


def beside(tmp, image, pdb, many=4000):
    """Both print name, file and line of each inlined call for the same addresses of functions, in random order."""
    for f in (image, pdb):
        (tmp / f.name.removesuffix(".xz")).write_bytes(lzma.open(f).read() if f.suffix == ".xz" else f.read_bytes())
    image, pdb = tmp / image.name.removesuffix(".xz"), tmp / pdb.name.removesuffix(".xz")
    named = re.search(rb"RSDS.{20}([^\0]+)\0", image.read_bytes(), re.S)[1].decode(errors="replace")  # looked for beside it
    pdb = pdb.rename(tmp / re.split(r"[\\/]", named)[-1])
    rows = subprocess.run([DUMP, pdb, "proc"], capture_output=True, text=True, errors="replace").stdout.split("\n")
    procs = [(int(f[1], 16), int(f[2], 16)) for f in (r.split("\t") for r in rows) if f[0] == "proc" and int(f[2], 16)]
    if not procs or not shutil.which("llvm-symbolizer-19"):
        print("beside llvm-symbolizer-19: skipped")
        return
    pick = random.Random(1)
    rvas = [a + pick.randrange(n) for a, n in pick.choices(procs, k=many)]
    llvm = ["llvm-symbolizer-19", f"--obj={image}", "--relative-address", "--inlines"]

    def asked(n):
        return "".join(f"0x{a:x}\n" for a in rvas[:n])
    # It crashes with some inlined calls: what it survives is compared.
    parts = [p for p in (rvas[i:i + 50] for i in range(0, many, 50)) if not subprocess.run(
        llvm, input="".join(f"0x{x:x}\n" for x in p), capture_output=True, text=True).returncode]
    rvas = [a for part in parts for a in part]
    if not rvas:
        print(f"llvm-symbolizer-19 fails with every 50 addresses of {pdb.name}")
        return
    if len(rvas) < many:
        print(f"llvm-symbolizer-19 fails with some of {many} addresses of {pdb.name}: {len(rvas)} are left")
    many = len(rvas)
    words = [f"{a:x}" for a in rvas]
    for name, one, all_ in (("ours", seconds([DUMP, pdb, "at", words[0]]), seconds([DUMP, pdb, "at", *words])),
                            ("llvm-symbolizer-19", seconds(llvm, asked(1)), seconds(llvm, asked(many)))):
        print(f"{pdb.name} ({len(procs)} functions): {name}: one address {one * 1000:.1f} ms, "
              f"{(many - 1) / max(all_ - one, 1e-6):,.0f} addresses/s")


def main():
    big = "--big" in sys.argv
    files = [a for a in sys.argv[1:] if a != "--big"]
    with tempfile.TemporaryDirectory() as tmp:
        f = pathlib.Path(tmp) / "six_mb.pdb"
        mk_pdb.main([str(f), "--modules", "2500", "--publics", "40000", "--scatter", "--block", "1024"])
        corpus = pathlib.Path(os.environ.get("DS_CORPUS", ROOT.parent / "shared/corpus")) / "lab"
        for image, pdb in (("msvc-real/winpty-agent.exe", "msvc-real/winpty-agent.pdb.xz"),
                           ("rust/rapp_release.exe", "rust/rapp_release.pdb.xz")):
            image = next((p for p in (corpus / image, corpus / (image + ".xz")) if p.exists()), None)
            if image and (corpus / pdb).exists():
                beside(pathlib.Path(tmp), image, corpus / pdb)
        print(f"{f.name}: {f.stat().st_size} bytes")
        measure(f, "4e008")
        print(subprocess.run([DUMP, f, "bench"], capture_output=True, text=True, check=True).stdout, end="")
        if big:
            mk_pdb.main([str(f), "--modules", "20000", "--publics", "5000000", "--block", "8192", "--spread", "5"])
            print(f"over 4 GiB: {f.stat().st_size} bytes")
            measure(f, "4e008", limit)
    for path in files:
        out = subprocess.run([DUMP, path, "bench"], capture_output=True, text=True, check=True).stdout
        print(pathlib.Path(path).name, out, sep="\n", end="")


if __name__ == "__main__":
    main()

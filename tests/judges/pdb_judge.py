# SPDX-License-Identifier: Apache-2.0
"""pdb_judge.py: what the judges of PDBs share: the tools, the corpus' files one after another, and comparing sets of rows."""
import collections, lzma, os, pathlib, shutil, subprocess, sys, tempfile

CORPUS = pathlib.Path(os.environ.get("DS_CORPUS", pathlib.Path(__file__).resolve().parents[3] / "shared/corpus"))
DUMP = os.environ.get("DS_PDB_DUMP", str(pathlib.Path(os.environ.get("DS_BUILD", "build")) / "tests/pdb_dump"))
LLVM = "llvm-pdbutil-19"
QUICK = ["winpty-agent", "rapp_release", "plain64_O2", "fpo2", "sigsegv", "omap_reorder_bbs", "omap_stretched",
         "x64~xframe_eh_exe", "ARM64~xframe_eh_dll", "test_types", "wkernel32", "CrashWithException", "minimal"]


def is_quick():
    return "--quick" in sys.argv[1:]


def files(quick=QUICK):
    """The PDBs of the command line, else of the corpus (with --quick those whose name holds a word of `quick`), one after
    another, unpacked. None, and a line that says why, when there is nothing to judge with."""
    args = [pathlib.Path(a) for a in sys.argv[1:] if a != "--quick"]
    if not args and not CORPUS.is_dir():
        print("skipped: no corpus")
        return None
    if not shutil.which(LLVM) or not os.path.exists(DUMP):
        print(f"skipped: no {LLVM} or no {DUMP}")
        return None
    return unpacked([f for f in args or in_corpus() if not is_quick() or any(q in f.name for q in quick)])


def in_corpus():
    return [f for where in ("symbols/*.pdb", "lab/*/*.pdb", "lab/*/*.pdb.xz") for f in sorted(CORPUS.glob(where))]


def unpacked(paths):
    with tempfile.TemporaryDirectory() as tmp:
        for f in paths:
            if f.suffix != ".xz":
                yield f
                continue
            path = pathlib.Path(tmp) / f.stem
            path.write_bytes(lzma.open(f).read())
            yield path
            path.unlink()


def llvm(path, *flags):
    r = subprocess.run([LLVM, "dump", *flags, str(path)], capture_output=True, errors="surrogateescape")
    return r.stdout, r.returncode, r.stderr


def sums():
    """Kind of row: how many the tool has, how many are equal, explained, different."""
    return collections.defaultdict(lambda: [0, 0, 0, 0])


def compare(kind, mine, theirs, path, into, bad, explained):
    """explained: {(part of the file's name, kind): why the two differ}."""
    into[kind][0] += len(theirs)
    into[kind][1] += len(mine & theirs)
    for what, rows in (("missing", theirs - mine), ("extra", mine - theirs)):
        if not rows:
            continue
        why = next((w for (part, k), w in explained.items() if part in path.name and k == kind), None)
        into[kind][2 if why else 3] += len(rows)
        print(f"{path.name[-60:]}: {kind}: {len(rows)} {what}{': ' + why if why else ''}")
        if not why:
            bad.append(path.name)
            for row in sorted(rows, key=str)[:4]:
                print("   ", row)


def tell(into):
    for kind, (n, same, explained, wrong) in sorted(into.items()):
        print(f"{kind}: {n} in llvm-pdbutil, {same} equal, {explained} explained, {wrong} differ")

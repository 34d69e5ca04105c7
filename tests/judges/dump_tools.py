# SPDX-License-Identifier: Apache-2.0
"""For the judges of the dump reader: the user dumps of the corpus (those in xz unpacked) and what dump_facts tells."""
import argparse, collections, contextlib, csv, json, lzma, os, pathlib, subprocess, sys, tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


def corpus():
    path = pathlib.Path(os.environ.get("DS_CORPUS", ROOT.parent / "shared" / "corpus"))
    if not path.is_dir():
        print("skipped: no corpus")
        sys.exit(77)
    return path


def tool(name):
    path = pathlib.Path(os.environ.get("DS_BUILD", ROOT / "build")) / "tests" / name
    if not path.exists():
        sys.exit(f"{path}: not built (or set DS_BUILD)")
    return path


def manifest():
    """The rows of MANIFEST.tsv that are user dumps, by path."""
    with open(corpus() / "MANIFEST.tsv", newline="") as f:
        rows = csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {r["path"]: r for r in rows if r["kind"].startswith("user minidump")}


@contextlib.contextmanager
def unpacked(path):
    """The dump as a file that is not compressed."""
    path = corpus() / path
    if path.suffix != ".xz":
        yield path
        return
    with tempfile.TemporaryDirectory() as d:
        out = pathlib.Path(d) / path.stem
        out.write_bytes(lzma.open(path).read())
        yield out


def facts(path):
    """{kind of fact: [facts]} of a dump."""
    p = subprocess.run([tool("dump_facts"), path], capture_output=True, timeout=60)
    if p.returncode:
        raise RuntimeError(f"dump_facts ends with {p.returncode}: {p.stderr.decode(errors='replace')[-500:]}")
    ret = collections.defaultdict(list)
    for line in p.stdout.splitlines():
        fact = json.loads(line)
        ret[fact["fact"]].append(fact)
    return ret


def arguments(doc):
    ap = argparse.ArgumentParser(description=doc)
    ap.add_argument("--quick", action="store_true")
    ap.add_argument("-v", action="store_true")
    return ap.parse_args()


def finish(passed, failed):
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)

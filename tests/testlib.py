# SPDX-License-Identifier: Apache-2.0
"""What the golden and command line runners share: test files, dumps from recipes, comparing, the JSON Schema."""
import argparse, difflib, functools, importlib, json, lzma, os, pathlib, re, subprocess, sys, threading
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORK = ROOT / "build" / "golden"  # dumps made from recipes; their paths appear in transcripts, so it never moves
TIMEOUT = 60
BAD_STATUS = {99}  # a sanitizer's, see tools/check_steps.py


class BadTest(Exception):
    """The test file itself is wrong."""


def corpus():
    path = pathlib.Path(os.environ.get("DS_CORPUS", ROOT.parent / "shared" / "corpus"))
    return path if path.is_dir() else None


def environment():
    env = {k: v for k, v in os.environ.items() if not k.startswith("_NT_") and k != "COLUMNS"}
    # No test needs the network, and none depends on what earlier runs left in the user's cache.
    return dict(env, LC_ALL="C.UTF-8", TZ="UTC", DUMPSCOPE_NETSYMS="no", XDG_CACHE_HOME=str(WORK / "cache"))


def run(args, stdin=None, variables=None):
    """(status, output, error output) of a program, run in the root of the repository."""
    source = {"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}
    p = subprocess.run([str(a) for a in args], cwd=ROOT, env=dict(environment(), **(variables or {})),
                       capture_output=True, timeout=TIMEOUT, **source)
    return p.returncode, clean(p.stdout), clean(p.stderr)


def clean(data):
    return data.decode("utf-8", "replace").replace(str(ROOT) + "/", "<root>/")


def died(status, err):
    """Why this end is a failure whatever the test expects, or None."""
    if status < 0:
        return f"killed by signal {-status}\n{err[-2000:]}"
    if status in BAD_STATUS or "Sanitizer:" in err or "runtime error:" in err:
        return f"sanitizer report\n{err[-3000:]}"
    return None


# ---- dumps
@functools.lru_cache
def builder(kind):
    """What makes the bytes of a recipe; kind: its first word."""
    sys.path.insert(0, str(ROOT / "tests" / "make"))
    recipe = importlib.import_module("mk_kdump" if kind == "kdump" else "mk_minidump").recipe
    return lambda text: recipe(text).write()


build_lock = threading.Lock()


def symbol_args(value):
    """Arguments that put a symbol file of the corpus on the path; none without the corpus."""
    if not corpus():
        return []
    source = corpus() / value
    if not source.exists():
        raise BadTest(f"no file {value} in the corpus")
    folder = WORK / "symbols" / pathlib.Path(value).parent.name
    target = folder / pathlib.Path(value).name.removesuffix(".xz")
    with build_lock:
        folder.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            data = source.read_bytes()
            target.write_bytes(lzma.decompress(data) if value.endswith(".xz") else data)
    return ["-y", str(folder.relative_to(ROOT))]


def dump_path(keyword, value, recipe, name):
    """The path to hand to the program; None when there is no corpus."""
    WORK.mkdir(parents=True, exist_ok=True)
    if keyword == "FILE":
        if not (ROOT / value).exists():
            raise BadTest(f"no file {value}")
        return value
    if keyword == "CORPUS":
        if not corpus():
            return None
        if not (corpus() / value).exists():
            raise BadTest(f"no file {value} in the corpus")
        link = WORK / pathlib.Path(value).name
        with build_lock:
            if not link.is_symlink() or os.readlink(link) != str((corpus() / value).resolve()):
                link.unlink(missing_ok=True)
                link.symlink_to((corpus() / value).resolve())
        return str(link.relative_to(ROOT))
    path = WORK / (name + ".dmp")
    with build_lock:
        if any("$CORPUS" in line for line in recipe) and not corpus():
            return None
        data = builder(value.split()[0] if value else "")("\n".join([value, *recipe]) + "\n")
        path.write_bytes(data)
    return str(path.relative_to(ROOT))


# ---- text
def line_matches(want, got):
    """{*} in an expected line stands for any text: paths of the host, times."""
    if "{*}" not in want:
        return want == got
    return re.fullmatch(".*".join(re.escape(p) for p in want.split("{*}")), got) is not None


def text_diff(want, got):
    """None when equal, else a readable difference."""
    if len(want) == len(got) and all(map(line_matches, want, got)):
        return None
    shown = keep_wildcards(want, got)
    lines = list(difflib.unified_diff(want, shown, "expected", "got", lineterm="", n=2))
    return "\n".join(lines[:60] + (["..."] if len(lines) > 60 else []))


def keep_wildcards(want, got):
    """`got`, with the lines of `want` that have wildcards where they match."""
    wild = [w for w in want if "{*}" in w]
    out = []
    for line in got:
        keep = next((w for w in wild if line_matches(w, line)), None)
        if keep:
            wild.remove(keep)
        out.append(keep or line)
    return out


# ---- JSON
def json_path(value, path):
    """Follows .name, [3], ["name"] and [] (every element); a missing step is None. A trailing |length counts."""
    path, _, pipe = path.partition("|")
    value = follow(value, re.findall(r'\.(\w+)|\["([^"]*)"\]|\[(-?\d+)\]|(\[\])', check_path(path)))
    if not pipe.strip():
        return value
    if pipe.strip() != "length":
        raise BadTest(f"unknown filter {pipe.strip()}")
    return 0 if value is None else len(value)


def check_path(path):
    path = path.strip()
    if not re.fullmatch(r'\.|(?:\.\w+|\.?\["[^"]*"\]|\.?\[-?\d+\]|\.?\[\])+', path):
        raise BadTest(f"bad JSON path {path}")
    return path


def follow(value, steps):
    for i, (name, quoted, index, every) in enumerate(steps):
        if every:
            return [follow(v, steps[i + 1:]) for v in value] if isinstance(value, list) else None
        if index:
            ok = isinstance(value, list) and -len(value) <= int(index) < len(value)
            value = value[int(index)] if ok else None
        else:
            value = value.get(name or quoted) if isinstance(value, dict) else None
    return value


def whole_diff(want, got):
    if want == got:
        return None
    a, b = pretty(want).splitlines(), pretty(got).splitlines()
    return "\n".join(list(difflib.unified_diff(a, b, "expected", "got", lineterm="", n=2))[:60])


def pretty(value):
    """Indented JSON that keeps small objects on one line: diffs stay readable."""
    def put(v, pad):
        flat = json.dumps(v, ensure_ascii=False)
        if not isinstance(v, (dict, list)) or len(flat) + len(pad) <= 110:
            return flat
        inner = pad + "  "
        if isinstance(v, list):
            return "[\n" + ",\n".join(inner + put(x, inner) for x in v) + "\n" + pad + "]"
        return "{\n" + ",\n".join(f"{inner}{json.dumps(k)}: {put(x, inner)}" for k, x in v.items()) + "\n" + pad + "}"
    return put(value, "")


class SchemaChecker:
    """Holds documents to the JSON Schema that the program itself prints."""

    def __init__(self, program):
        import jsonschema
        status, out, err = run([program, "schemas"])
        if status:
            raise ValueError(f"`dumpscope schemas` failed with status {status}: {err.strip()[-300:]}")
        schema = json.loads(out)
        kind = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
        kind.check_schema(schema)
        self.validator = kind(schema)
        self.best = jsonschema.exceptions.best_match
        self.seen = 0

    def __call__(self, line):
        try:
            value = json.loads(line) if isinstance(line, str) else line
        except ValueError as e:
            return f"not JSON: {e}: {line[:200]}"
        self.seen += 1
        wrong = self.best(self.validator.iter_errors(value))
        return f"not as `dumpscope schemas` says: {wrong.json_path}: {wrong.message[:300]}" if wrong else None


def schema_checker(program):
    """The checker, or the end of the run: without a program that says its schema there is nothing to test."""
    try:
        return SchemaChecker(program)
    except (OSError, ValueError) as e:
        print(f"{e}\n0 passed, 1 failed, 0 skipped")
        sys.exit(1)


# ---- a run over test files
def arguments(description, folders):
    p = argparse.ArgumentParser(description=description)
    p.add_argument("--program", default=str(ROOT / "build" / "dumpscope"))
    p.add_argument("--update", action="store_true", help="rewrite what is expected where it is SOURCE ours")
    p.add_argument("--count", action="store_true", help="only count the cases")
    p.add_argument("-v", "--verbose", action="store_true", help="name the files")
    p.add_argument("files", nargs="*", help=f"test files; default: all of {', '.join(folders)}")
    a = p.parse_args()
    a.program = str(pathlib.Path(a.program).resolve())
    a.files = [pathlib.Path(f) for f in a.files] or [f for d in folders for f in sorted((ROOT / d).glob("*.test"))]
    return a


def report(files, run_file, verbose):
    """Runs files two at a time and prints what failed. run_file(path) -> (passed, [failure texts], skipped)."""
    passed = failed = skipped = 0

    def one(path):
        try:
            return run_file(path)
        except (BadTest, OSError, ValueError, ImportError, subprocess.SubprocessError) as e:
            return 0, [f"{path}: {type(e).__name__}: {e}"], 0

    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        for path, (p, bad, s) in zip(files, pool.map(one, files)):
            for text in bad:
                print(text + "\n", flush=True)
            if verbose:
                print(f"{path.name}: {p} passed, {len(bad)} failed, {s} skipped", flush=True)
            passed, failed, skipped = passed + p, failed + len(bad), skipped + s
    if skipped and not corpus():
        print("skipped: no corpus")
    return passed, failed, skipped

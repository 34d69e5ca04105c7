# SPDX-License-Identifier: Apache-2.0
"""The steps of ./check. Each takes an open log file and what it works on, and returns a Result."""
import dataclasses, json, os, pathlib, re, resource, signal, subprocess, sys, time
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parent.parent
PYTHON = sys.executable
MESON = "/usr/bin/meson" if os.path.exists("/usr/bin/meson") else "meson"
JOBS = os.cpu_count() or 2
PASS, FAIL, SKIP = "pass", "fail", "skip"
SANITIZE = ("-Db_sanitize=address,undefined", "-Db_lundef=false", "-Dbuildtype=debugoptimized")
# Seconds that a command of a step may take; beyond that it hangs, on any machine that is used for this.
LIMIT, LIMIT_BUILD, LIMIT_QUICK_JUDGE, LIMIT_FUZZ_END, LIMIT_FAREWELL = 2400, 3600, 300, 300, 10
RUNNING = set()  # process groups of commands under way
SANITIZER_SAYS = re.compile(rb"(ERROR|SUMMARY): \w*Sanitizer|runtime error:|LeakSanitizer")


@dataclasses.dataclass
class Result:
    state: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    note: str = ""
    golden: tuple = None  # cases of SOURCE ours, of a foreign source


def environment(build=None, deep=False):
    env = dict(os.environ, LC_ALL="C.UTF-8", TZ="UTC", DS_CORPUS=str(corpus()))
    env["ASAN_OPTIONS"] = "detect_leaks=1:exitcode=99:allocator_may_return_null=0"
    env["UBSAN_OPTIONS"] = "halt_on_error=1:exitcode=99:print_stacktrace=1"
    if build:
        env["DS_BUILD"] = str(build)
    if deep:
        env["DS_DEEP"] = "1"
    for name in list(env):
        if name.startswith("_NT_"):
            del env[name]
    return env


def corpus():
    return pathlib.Path(os.environ.get("DS_CORPUS", ROOT.parent / "shared" / "corpus")).resolve()


def sources(*endings, under=("src", "tests", "fuzz", "bench")):
    return [str(p.relative_to(ROOT)) for d in under for p in sorted((ROOT / d).rglob("*")) if p.suffix in endings]


class TimedOut(Exception):
    """A command took longer than its step may take; it and what it started were ended."""


def run(log, command, env=None, timeout=LIMIT):
    """Runs a command in a process group of its own, its output into the log and into the return value."""
    log.write("$ " + " ".join(map(str, command)) + "\n")
    log.flush()
    start = os.fstat(log.fileno()).st_size
    p = subprocess.Popen([str(c) for c in command], cwd=ROOT, env=env or environment(), stdout=log,
                         stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True)
    RUNNING.add(p.pid)
    try:
        p.wait(timeout)
    except subprocess.TimeoutExpired:
        stop(p.pid, signal.SIGTERM)  # meson ends its tests, which are in groups of their own
        try:
            p.wait(LIMIT_FAREWELL)
        except subprocess.TimeoutExpired:
            pass
        stop(p.pid)
        p.wait()
        log.write(f"\ntimed out after {timeout:.0f} s\n")
        raise TimedOut(f"timed out after {timeout:.0f} s: {pathlib.Path(command[0]).name}") from None
    finally:
        RUNNING.discard(p.pid)
    with open(log.name, errors="replace") as f:
        f.seek(start)
        return p.returncode, f.read()


def stop(group, how=signal.SIGKILL):
    try:
        os.killpg(group, how)
    except ProcessLookupError:
        pass


def stop_all():
    for group in list(RUNNING):
        stop(group)


def counted(code, text, note=""):
    """The last `N passed, N failed[, N skipped]` of a runner's output; exit status 77 is a skip."""
    if code == 77:
        why = re.search(r"skipped: .*", text)
        return Result(SKIP, skipped=1, note=why[0].partition(": ")[2] if why else "")
    found = re.findall(r"(\d+) passed, (\d+) failed(?:, (\d+) skipped)?", text)
    p, f, s = (int(x or 0) for x in found[-1]) if found else (0, 0, 0)
    if found and not code and not p + f:
        return Result(SKIP, skipped=s, note=note or "nothing to run")
    return Result(FAIL if code or f else PASS, p, f, s, note)


# ---- builds and meson's tests
def meson_build(log, build, compiler, options):
    env = dict(environment(), CC=compiler)
    if not (build / "build.ninja").exists():
        code, _ = run(log, [MESON, "setup", *options, build], env)
        if code:
            return Result(FAIL)
    registered = json.loads((build / "meson-info" / "intro-tests.json").read_text())
    if all("fuzz" in str(t["suite"]) for t in registered):
        run(log, [MESON, "setup", "--reconfigure", build], env)  # ./demo set it up when there was no cmocka
    code, _ = run(log, ["ninja", "--quiet", "-C", build, f"-j{JOBS}"], env, LIMIT_BUILD)
    return Result(FAIL if code else PASS, note=compiler)


def meson_tests(log, build, select, deep=False):
    names = json.loads((build / "meson-info" / "intro-tests.json").read_text())
    skip = {select[i + 1] for i in range(0, len(select), 2) if select[i] == "--no-suite"}
    only = {select[i + 1] for i in range(0, len(select), 2) if select[i] == "--suite"}
    suites = [{s.partition(":")[2] or s for s in t["suite"]} for t in names]
    if not any((not only or s & only) and not s & skip for s in suites):
        return Result(SKIP, note="no tests")
    slow = "20" if deep else "4" if build.name != "build" else "2"
    code, _ = run(log, [MESON, "test", "-C", build, "--no-rebuild", "--print-errorlogs", "-t", slow, *select],
                  environment(build, deep))
    return Result(FAIL if code else PASS, *test_counts(build))


def test_counts(build):
    """Passed, failed, skipped: every TAP line counts, a test without TAP counts as one."""
    passed = failed = skipped = 0
    for line in (build / "meson-logs" / "testlog.json").read_text().splitlines():
        t = json.loads(line)
        out = t.get("stdout") or ""
        subtests = re.findall(r"^(not ok|ok)\b(.*)$", out, re.M)
        inner = re.findall(r"(\d+) passed, (\d+) failed", out)
        if subtests:
            bad = sum(kind == "not ok" for kind, _ in subtests)
            skips = sum("# SKIP" in rest for _, rest in subtests)
            passed, failed, skipped = passed + len(subtests) - bad - skips, failed + bad, skipped + skips
        elif inner and t["result"] == "OK":
            passed, failed = passed + int(inner[-1][0]), failed + int(inner[-1][1])
        elif t["result"] in ("OK", "EXPECTEDFAIL"):
            passed += 1
        elif t["result"] == "SKIP":
            skipped += 1
        if t["result"] not in ("OK", "SKIP", "EXPECTEDFAIL") and not any(k == "not ok" for k, _ in subtests):
            failed += 1
    return passed, failed, skipped


# ---- golden files, command line
def golden(log, build):
    code, text = run(log, [PYTHON, "tests/golden.py", "--program", build / "dumpscope"], environment(build))
    r = counted(code, text)
    m = re.search(r"SOURCE ours (\d+), SOURCE foreign (\d+)", text)
    r.golden = (int(m[1]), int(m[2])) if m else None
    r.note = "; ".join(x for x in (m[0] if m else "", "no corpus" if "skipped: no corpus" in text else "") if x)
    return r


def command_line(log, build):
    return counted(*run(log, [PYTHON, "tests/cli.py", "--program", build / "dumpscope"], environment(build)))


# ---- the corpus: every dump opens, in little memory, and its report is valid JSON
def corpus_open(log, build):
    if not corpus().is_dir():
        return Result(SKIP, note="no corpus")
    program = build / "dumpscope"
    if not program.exists():
        return Result(FAIL, note="no program")
    files = [p for d in ("user", "lab", "kernel") for p in sorted((corpus() / d).rglob("*"))
             if re.search(r"\.dmp(\.xz)?$", p.name, re.I)]
    check = schema_checker(program)
    with ThreadPoolExecutor(JOBS) as pool:
        answers = list(pool.map(lambda p: open_one(program, p, check, build.name == "build"), files))
    for path, wrong, _ in answers:
        log.write(f"{path.relative_to(corpus())}: {wrong or 'ok'}\n")
    bad = [a for a in answers if a[1]]
    if bad:
        log.write("\n" + "\n".join(f"{p.relative_to(corpus())}: {wrong}" for p, wrong, _ in bad[:20]) + "\n")
    slowest = max((a[2] for a in answers), default=0)
    return Result(FAIL if bad else PASS, len(answers) - len(bad), len(bad), note=f"slowest {slowest * 1000:.0f} ms")


def open_one(program, path, check, small_memory):
    """What is wrong with the program's answer on one dump, or None."""
    # README: 0 analysed, 3 in part. A kernel dump may be refused (2) as long as it is not supported.
    good = (0, 2, 3) if "kernel" in path.relative_to(corpus()).parts else (0, 3)
    # An xz file may want 64 MB for its dictionary alone; what is inside opens in as little as the others.
    small_memory = small_memory and path.suffix != ".xz"
    limit = (lambda: resource.setrlimit(resource.RLIMIT_DATA, (20480 * 1024,) * 2)) if small_memory else None
    took = 0.0
    for options in ((), ("--json",)):
        start = time.monotonic()
        try:
            p = subprocess.run([program, *options, path], stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
                               env=environment(), preexec_fn=limit)
        except subprocess.TimeoutExpired:
            return path, f"{' '.join(options)}: no answer in 60 s", 60
        took = max(took, time.monotonic() - start)
        said = p.stderr.decode(errors="replace")[-1500:]
        if p.returncode not in good or SANITIZER_SAYS.search(p.stderr):
            return path, f"{' '.join(options)}: exit status {p.returncode} {said}", took
        if not p.stdout and not p.stderr:
            return path, f"{' '.join(options)}: says nothing", took
        if options and p.returncode != 2:
            for line in p.stdout.decode().splitlines():
                wrong = check(line)
                if wrong:
                    return path, f"--json: {wrong}", took
    return path, None, took


def schema_checker(program):
    """A function from a line of JSON to what is wrong with it, or None."""
    sys.path.insert(0, str(ROOT / "tests"))
    import testlib
    return testlib.SchemaChecker(program)


# ---- judges
def judges():
    return [p for p in sorted((ROOT / "tests" / "judges").glob("*.py")) if p.read_bytes()[:2] == b"#!"]


def judge(log, build, path, deep, options=()):
    code, text = run(log, [PYTHON, path, *([] if deep else ["--quick"]), *options], environment(build, deep),
                     LIMIT if deep else LIMIT_QUICK_JUDGE)
    last = next((x for x in reversed(text.splitlines()) if x.strip()), "")
    r = counted(code, text)
    r.note = r.note or ("" if re.search(r"\d+ passed", last) else last.strip()[:90])
    return r


def library(log, build):
    code, text = run(log, [PYTHON, ROOT / "tests" / "library.py", build], environment(build))
    return counted(code, text)


# ---- static checks
def script(log, name):
    code, text = run(log, [PYTHON, "tools/" + name])
    last = next((x for x in reversed(text.splitlines()) if x.strip()), "")
    return Result(FAIL if code else PASS, note=last[:90])


def scripts(log):
    """Every script can at least be read."""
    code, _ = run(log, ["bash", "-n", "check", "demo", ".ci/run", "tools/setup.sh"])
    bad = 0
    for path in sources(".py", under=("tests", "tools", "bench")):
        try:
            compile((ROOT / path).read_bytes(), path, "exec")
        except SyntaxError as e:
            log.write(f"{path}: {e}\n")
            bad += 1
    return Result(FAIL if code or bad else PASS)


def clang_format(log):
    files = sources(".c", ".h")
    code, text = run(log, ["clang-format-14", "--dry-run", "-Werror", *files])
    bad = sorted(set(re.findall(r"^(\S+?):\d+:\d+: error", text, re.M)))
    if bad:
        log.write(f"\n./check format changes: {' '.join(bad)}\n")
    return Result(FAIL if code else PASS, len(files) - len(bad), len(bad), 0, "`./check format` repairs" if bad else "")


def cppcheck(log):
    code, _ = run(log, ["cppcheck", "-q", f"-j{JOBS}", "--std=c11", "--enable=warning,portability,performance",
                        "--inline-suppr", "--suppressions-list=tools/cppcheck.txt", "--error-exitcode=1", "-Isrc",
                        "-Iinclude", "src"])
    return Result(FAIL if code else PASS)


def clang_tidy(log):
    files = sources(".c", under=("src",))
    if not files:
        return Result(SKIP)
    with ThreadPoolExecutor(JOBS) as pool:
        answers = list(pool.map(tidy_one, files))
    bad = [(f, text) for f, (code, text) in zip(files, answers) if code]
    for _, text in bad:
        log.write(text)
    return Result(FAIL if bad else PASS, len(files) - len(bad), len(bad))


def tidy_one(path):
    p = subprocess.run(["clang-tidy-14", "-quiet", "-p", "build", path], cwd=ROOT, text=True, stdout=subprocess.PIPE,
                       stderr=subprocess.DEVNULL)
    return p.returncode, p.stdout


# ---- documentation
def docs(log, write):
    code, text = run(log, [PYTHON, "tools/make_docs.py", *(["--write"] if write else [])])
    if not code:
        code, more = run(log, ["mandoc", "-T", "lint", "-W", "warning", "docs/dumpscope.1"])
        text += more
    last = next((x for x in reversed(text.splitlines()) if x.strip()), "")
    return Result(FAIL if code else PASS, note=last[:90])


# ---- fuzzing and benches
def fuzz_targets():
    text = (ROOT / "fuzz" / "meson.build").read_text()
    return re.findall(r"'(fuzz_\w+)'", re.search(r"fuzz_targets = \[(.*?)\]", text, re.S)[1])


def fuzz(log, name, minutes):
    program = ROOT / "build-fuzz" / "fuzz" / name
    if not program.exists():
        return Result(FAIL, note=f"no such target; there are {', '.join(fuzz_targets())}")
    work = ROOT / "build-fuzz" / "work" / name
    work.mkdir(parents=True, exist_ok=True)
    seconds = max(1, int(minutes * 60))
    env = environment()
    # Large requests fail, as they do under the memory limits that libraries of ours work behind (src/helper/sandbox.c).
    env["ASAN_OPTIONS"] = "detect_leaks=1:exitcode=99:allocator_may_return_null=1:max_allocation_size_mb=512"
    code, text = run(log, [program, f"-max_total_time={seconds}", f"-artifact_prefix={work.parent}/{name}-",
                           "-timeout=10", "-rss_limit_mb=1024", "-print_final_stats=1", work,
                           ROOT / "fuzz" / "corpus" / name], env, seconds + LIMIT_FUZZ_END)
    runs = re.search(r"stat::number_of_executed_units:\s*(\d+)", text)
    found = re.search(r"Test unit written to (\S+)", text)
    note = f"{runs[1]} runs" if runs else ""
    return Result(FAIL if code else PASS, note=note + (f"; find: {found[1]}" if found else ""))


def benches():
    return [p for p in sorted((ROOT / "bench").glob("*.py")) if p.read_bytes()[:2] == b"#!"]


def bench(log, path, show=False):
    code, text = run(log, [PYTHON, path], environment(ROOT / "build"))
    if show:
        print(text, end="")
    return counted(code, text)

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""./check: runs the project's checks, one line each, and ends with `N passed, N failed` on a line of its own.

    ./check                          all that continuous integration runs
    ./check quick                    gcc build, unit and golden tests, fuzz seeds, layers, headers: under a minute
    ./check san                      the tests under clang's AddressSanitizer and UndefinedBehaviorSanitizer
    ./check lint                     format, house rules, cppcheck, clang-tidy
    ./check format                   apply clang-format
    ./check golden [--update] [FILE...]   golden and command line tests; --update accepts what is ours
    ./check fuzz NAME [MINUTES]      run one fuzz target with libFuzzer (default 5 minutes)
    ./check bench                    ratios and scaling
    ./check docs                     regenerate the generated parts of the documentation
    ./check --deep [MINUTES]         everything in full: judges, truncation, benches, fuzzing (MINUTES a target,
                                     default 2); ends with one table

Logs of the steps are in build/check/. Real dumps are taken from DS_CORPUS (default ../shared/corpus).
"""
import json, os, pathlib, re, subprocess, sys, time
from concurrent.futures import ThreadPoolExecutor

import check_steps as steps
from check_steps import FAIL, PASS, ROOT, SKIP, Result

LOGS = ROOT / "build" / "check"
MARK = {PASS: "pass", FAIL: "FAIL", SKIP: "skipped"}


class Run:
    """The steps of one invocation and what became of them."""

    def __init__(self):
        self.results = []
        self.began = time.monotonic()
        self.colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ

    def paint(self, state, text):
        code = {PASS: "32", FAIL: "1;31", SKIP: "33"}[state]
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour else text

    def line(self, name, r, seconds):
        kinds = (r.passed, "passed"), (r.failed, "failed"), (r.skipped, "skipped")
        counts = ", ".join(f"{n} {kind}" for n, kind in kinds if n)
        note = "; ".join(x for x in (counts, r.note) if x)
        return f"{name:<18} {self.paint(r.state, format(MARK[r.state], '<7'))} {seconds:7.1f} s  {note}".rstrip()

    def step(self, name, function, *args):
        return self.show(name, *self.work(name, function, *args))

    def side_by_side(self, jobs):
        """Steps that do not use each other's results, as many at a time as there are processors; those that took longest
        the last time begin first."""
        took = self.last_seconds()
        jobs = sorted(jobs, key=lambda job: -took.get(job[0], 0))
        with ThreadPoolExecutor(steps.JOBS) as pool:
            running = [(job[0], pool.submit(self.work, *job)) for job in jobs]
            try:
                for name, future in running:
                    self.show(name, *future.result())
            except KeyboardInterrupt:
                pool.shutdown(wait=False, cancel_futures=True)
                steps.stop_all()
                raise

    def work(self, name, function, *args):
        start = time.monotonic()
        LOGS.mkdir(parents=True, exist_ok=True)
        try:
            self.log(name).unlink(missing_ok=True)
            with open(self.log(name), "a") as out:  # the commands write to its end, too
                r = function(out, *args)
        except steps.TimedOut as e:
            r = Result(FAIL, failed=1, note=str(e))
        except (OSError, subprocess.SubprocessError, ValueError) as e:
            r = Result(FAIL, failed=1, note=f"{type(e).__name__}: {e}")
        if r.state == FAIL and not r.failed:
            r.failed = 1
        if r.state == PASS and not r.passed:
            r.passed = 1
        return r, time.monotonic() - start

    def show(self, name, r, seconds):
        print(self.line(name, r, seconds), flush=True)
        if r.state == FAIL:
            for text in self.log(name).read_text(errors="replace").rstrip().splitlines()[-25:]:
                print("    | " + text[:200])
            print(f"    | log: {self.log(name).relative_to(ROOT)}", flush=True)
        self.results.append((name, r, seconds))
        return r.state != FAIL

    def last_seconds(self):
        """{step: seconds} of earlier runs, whatever they ran."""
        try:
            return json.loads((LOGS / "seconds.json").read_text())
        except (OSError, ValueError):
            return {}

    def log(self, name):
        return LOGS / (re.sub(r"\W+", "-", name) + ".log")

    def finish(self, table=False):
        if table:
            took = {name: round(seconds, 1) for name, _, seconds in self.results}
            (LOGS / "seconds.json").write_text(json.dumps({**self.last_seconds(), **took}, indent=1))
            print("\nsummary\n" + "\n".join(self.line(*x) for x in self.results))
        passed = sum(r.passed for _, r, _ in self.results)
        failed = sum(r.failed for _, r, _ in self.results)
        skipped = [name for name, r, _ in self.results if r.state == SKIP]
        print(f"{time.monotonic() - self.began:.0f} seconds" + (f"; skipped: {', '.join(skipped)}" if skipped else ""))
        golden = next((r.golden for _, r, _ in self.results if r.golden), None)
        if golden:
            print(f"golden: SOURCE ours {golden[0]}, SOURCE foreign {golden[1]}")
        print(f"{passed} passed, {failed} failed")
        return 1 if failed else 0


def tests(run, build, deep, label=""):
    """What runs on a build, plain or sanitized."""
    others = ("--no-suite", "fuzz", "--no-suite", "judge", "--no-suite", "corpus")
    run.step("unit" + label, steps.meson_tests, build, others, deep)
    run.step("fuzz seeds" + label, steps.meson_tests, build, ("--suite", "fuzz"), deep)
    run.step("golden" + label, steps.golden, build)
    run.step("command line" + label, steps.command_line, build)


def static(run, slow):
    run.step("layers", steps.script, "check_layers.py")
    run.step("headers", steps.script, "check_headers.py")
    run.step("format", steps.clang_format)
    run.step("lint", steps.script, "lint.py")
    run.step("scripts", steps.scripts)
    run.step("cppcheck", steps.cppcheck)
    if slow:
        run.step("clang-tidy", steps.clang_tidy)


def sanitized(run, deep):
    build = ROOT / "build-san"
    if not run.step("build san", steps.meson_build, build, "clang-19", steps.SANITIZE):
        return
    tests(run, build, deep, " san")
    run.step("corpus san", steps.corpus_open, build)
    run.step("corpus tests san", steps.meson_tests, build, ("--suite", "corpus"), deep)
    # Cuts and damage are where a reader overruns: the sanitizers watch the same driver.
    judges = ROOT / "tests" / "judges"
    run.step("truncation san", steps.judge, build, judges / "minidump_truncate.py", False)
    # Every bit of the headers is the plain build's work; here every 31st.
    options = ("--bits", "31") if deep else ()
    run.step("kernel cuts san", steps.judge, build, judges / "kernel_cuts.py", deep, options)


def plain(run, deep):
    build = ROOT / "build"
    if not run.step("build", steps.meson_build, build, "gcc", ()):
        return False
    tests(run, build, deep)
    run.step("library", steps.library, build)
    return True


def everything(run, deep, minutes):
    if plain(run, deep):
        build = ROOT / "build"
        run.step("corpus", steps.corpus_open, build)
        run.step("corpus tests", steps.meson_tests, build, ("--suite", "corpus"), deep)
        run.side_by_side([("judge " + j.stem, steps.judge, build, j, deep) for j in steps.judges()])
    static(run, deep)
    run.step("docs", steps.docs, False)
    sanitized(run, deep)
    if deep:
        if run.step("build fuzz", steps.meson_build, ROOT / "build-fuzz", "clang-19", ("-Dfuzz=true",)):
            run.side_by_side([(name, steps.fuzz, name, minutes) for name in steps.fuzz_targets()])
        for bench in steps.benches():
            run.step("bench " + bench.stem, steps.bench, bench)


def golden_command(args):
    """The runners' own output, which names every failing case."""
    options = [a for a in args if a.startswith("-")]
    files = [str(pathlib.Path(a).resolve()) for a in args if not a.startswith("-")]
    code = 0
    for runner in ("golden.py", "cli.py"):
        mine = [f for f in files if ("/cli/" in f) == (runner == "cli.py")]
        if mine or not files:
            code |= subprocess.run([steps.PYTHON, str(ROOT / "tests" / runner), *options, *mine]).returncode
    return code


def main(args):
    os.chdir(ROOT)
    what = args[0] if args else ""
    rest = args[1:]
    if what in ("-h", "--help", "help"):
        print(__doc__.strip())
        return 0
    if what == "format":
        return subprocess.run(["clang-format-14", "-i", *steps.sources(".c", ".h")]).returncode
    run = Run()
    if what == "golden":
        if not run.step("build", steps.meson_build, ROOT / "build", "gcc", ()):
            return run.finish()
        return golden_command(rest)
    if what in ("", "--deep"):
        everything(run, bool(what), float(rest[0]) if rest else 2)
    elif what == "quick":
        if plain(run, False):
            run.step("layers", steps.script, "check_layers.py")
            run.step("headers", steps.script, "check_headers.py")
    elif what == "san":
        sanitized(run, False)
    elif what == "lint":
        if run.step("build", steps.meson_build, ROOT / "build", "gcc", ()):
            static(run, True)
    elif what == "fuzz" and rest:
        if run.step("build fuzz", steps.meson_build, ROOT / "build-fuzz", "clang-19", ("-Dfuzz=true",)):
            name = rest[0] if rest[0].startswith("fuzz_") else "fuzz_" + rest[0]
            run.step(name, steps.fuzz, name, float(rest[1]) if rest[1:] else 5)
    elif what == "bench":
        if run.step("build", steps.meson_build, ROOT / "build", "gcc", ()):
            for bench in steps.benches():
                run.step("bench " + bench.stem, steps.bench, bench, True)
    elif what == "docs":
        if run.step("build", steps.meson_build, ROOT / "build", "gcc", ()):
            run.step("docs", steps.docs, True)
    else:
        print(__doc__.strip(), file=sys.stderr)
        return 1
    return run.finish(table=what == "--deep")


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        steps.stop_all()
        sys.exit(130)

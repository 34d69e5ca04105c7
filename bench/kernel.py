#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Kernel dumps: whole processes, each the fastest of several, beside what they may take; in brackets processor time, from
which wall time differs on a busy machine.

Opening a sparse 64 GB bitmap dump beside a small one, in 20 MiB of private data (ulimit -d 20480). With DS_KDMP_PARSER
(the source tree of kdmp-parser) also a sparse full dump of 8 GB, side by side. With DS_CORPUS the verdict on each small
dump: without symbols; and for those whose kernel has an ISF in the corpus, the first use, which converts it, a later one,
and one with the pack that `symbols export` made of it."""
import glob, os, pathlib, resource, subprocess, sys, tempfile, time

ROOT = pathlib.Path(__file__).resolve().parents[1]
PROGRAM = pathlib.Path(os.environ.get("DS_BUILD", ROOT / "build")) / "dumpscope"
DATA_LIMIT, RUNS = 20480 << 10, 9
MORE_FOR_64_GB, BARE, PACK, FIRST_ISF = 10, 15, 50, 400  # milliseconds
sys.path[:0] = [str(ROOT / "tests" / "make"), str(ROOT / "tests" / "judges")]
import mk_kdump

DUMPS = {"small": ("bitmap", ""), "64 GB bitmap": ("bitmap", "ram 200000 f00000\n"),
         "8 GB full": ("full", "ram 1 1ac\nram 200000 200000\n")}


def processor():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def seconds(args, limit=False, runs=RUNS, env=None, good=(0,)):
    """The fastest run, (wall, processor), and its output; what goes wrong is the end."""
    limits = (lambda: resource.setrlimit(resource.RLIMIT_DATA, (DATA_LIMIT, DATA_LIMIT))) if limit else None
    best = (1e9, 1e9)
    for _ in range(runs):
        start, before = time.perf_counter(), processor()
        p = subprocess.run(args, stdin=subprocess.DEVNULL, capture_output=True, preexec_fn=limits, env=env)
        best = min(best, (time.perf_counter() - start, processor() - before))
        text = (p.stdout + p.stderr).decode(errors="replace")
        if p.returncode not in good:
            sys.exit(f"{args[0]} ends with {p.returncode}: {text[-600:]}")
    return best, text


class Told:
    """Prints milliseconds beside what they may be."""
    over = 0

    def tell(self, what, times, most=None):
        took, cpu = times
        beside = f" of {most} ms: {took * 1e5 / most:.0f} %" if most else " ms"
        print(f"{what}: {took * 1000:.1f}{beside} ({cpu * 1000:.1f})")
        self.over += bool(most) and took * 1000 > most


def large(told, folder):
    times = {}
    for name, (kind, extra) in DUMPS.items():
        path = folder / (name.replace(" ", "-") + ".dmp")
        mk_kdump.recipe(f"kdump x64 {kind}\nuse kernel_small\n{extra}").save(path)
        times[name], text = seconds([PROGRAM, "-z", path, "-c", "lm; k; q"], True)
        if "myfault" not in text or "nt+0x403056" not in text:
            sys.exit(f"{name}: no modules or no stack")
        told.tell(f"dumpscope, {name}", times[name])
    more = [x - y for x, y in zip(times["64 GB bitmap"], times["small"])]
    told.tell("64 GB over small", more, MORE_FOR_64_GB)
    source = pathlib.Path(os.environ.get("DS_KDMP_PARSER", "-"))
    if not (source / "src/lib/kdmp-parser.h").is_file():
        print("kdmp-parser: skipped (DS_KDMP_PARSER)")
        return
    import kernel_kdmp
    best, _ = seconds([kernel_kdmp.build(source, folder), folder / "8-GB-full.dmp", "open"], runs=3)
    told.tell("kdmp-parser, 8 GB full", best)
    print(f"kdmp-parser takes {best[0] / times['8 GB full'][0]:.0f} times as long")


def isf_of(corpus, dump, env):
    """The ISF of the dump's kernel in the corpus; None: there is none."""
    for path in glob.glob(f"{corpus}/layouts/nt-isf/*/*.json.xz"):
        _, text = seconds([PROGRAM, "-y", path, "-z", dump, "-c", "x nt!KeBugCheckEx; lm; q"], runs=1, env=env)
        if "(isf symbols)" in text:
            return path
    return None


def verdicts(told, corpus, folder):
    env = {k: v for k, v in os.environ.items() if not k.startswith("_NT_")}
    env.update(XDG_CACHE_HOME=str(folder / "cache"), DUMPSCOPE_HELPER=str(PROGRAM.with_name("dumpscope-helper")))
    dumps = [p for p in sorted((corpus / "kernel").iterdir()) if p.suffix == ".dmp"]
    bare = max(seconds([PROGRAM, p], env=env, good=(0, 3))[0] for p in dumps)
    told.tell(f"verdict without symbols, slowest of {len(dumps)}", bare, BARE)
    for dump in dumps:
        isf = isf_of(corpus, dump, env)
        if not isf:
            continue
        args = [PROGRAM, "-y", isf, dump]
        colds = [dict(env, XDG_CACHE_HOME=str(folder / f"cold{i}-{dump.stem}")) for i in range(3)]
        first = min(seconds(args, runs=1, env=cold, good=(0, 3))[0] for cold in colds)
        told.tell(f"{dump.stem[-20:]}, first use of its ISF", first, FIRST_ISF)
        told.tell(f"{dump.stem[-20:]}, ISF in the cache", seconds(args, env=env, good=(0, 3))[0], PACK)
        pack = folder / "nt.dspack"
        seconds([PROGRAM, "symbols", "export", "-o", pack, isf], runs=1, env=env)
        took, _ = seconds([PROGRAM, "-y", pack, dump], env=dict(env, XDG_CACHE_HOME="/nonexistent"), good=(0, 3))
        told.tell(f"{dump.stem[-20:]}, exported pack", took, PACK)


def main():
    told = Told()
    with tempfile.TemporaryDirectory() as d:
        large(told, pathlib.Path(d))
        corpus = pathlib.Path(os.environ.get("DS_CORPUS", ROOT.parent / "shared" / "corpus"))
        if corpus.is_dir():
            verdicts(told, corpus, pathlib.Path(d))
        else:
            print("verdicts: skipped (DS_CORPUS)")
    sys.exit(told.over != 0)


if __name__ == "__main__":
    main()

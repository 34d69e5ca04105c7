#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The library as somebody else uses it: installed, found through pkg-config, linked shared and static; the example
program runs with both, and nothing but the calls of dumpscope.h is visible."""
import os, pathlib, re, subprocess, sys, tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
CALLS = set(re.findall(r"\b(ds_\w+(?<!_fn))\(", re.sub(r"/\*.*?\*/", "", (ROOT / "include/dumpscope.h").read_text(), flags=re.S)))
FRAMES = [("nullderef!ReadPrice+0x1", "context"), ("nullderef!PriceItem+0x11", "unwind")]


class Cases:
    def __init__(self):
        self.passed = self.failed = 0

    def same(self, what, got, wanted):
        if got == wanted:
            self.passed += 1
        else:
            self.failed += 1
            print(f"{what}: {got!r}, expected {wanted!r}")


def run(argv, env=None):
    p = subprocess.run([str(a) for a in argv], capture_output=True, text=True, env=env, check=False)
    if p.returncode:
        raise RuntimeError(f"{' '.join(map(str, argv))}: {p.returncode}\n{p.stdout}{p.stderr}")
    return p.stdout


def visible(path, *options):
    lines = run(["nm", "--defined-only", "--extern-only", *options, path]).splitlines()
    return {f[2].partition("@")[0] for f in map(str.split, lines) if len(f) == 3 and f[1] in "TBDRVW"}


def find(top, name):
    return next(p for p in sorted(top.rglob(name)))


def pkg_config(top, *options):
    folder = find(top, "dumpscope.pc").parent
    env = {**os.environ, "PKG_CONFIG_PATH": str(folder), "PKG_CONFIG_SYSROOT_DIR": str(top)}
    return run(["pkg-config", *options, "dumpscope"], env).split()


def frames(program, env):
    out = run([program, ROOT / "samples/sample.dmp.xz"], env)
    return [tuple(line.split()[1:]) for line in out.splitlines()]


def main():
    build = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build")
    c = Cases()
    with tempfile.TemporaryDirectory() as tmp:
        top = pathlib.Path(tmp) / "root"
        run(["meson", "install", "-C", build, "--no-rebuild", "--quiet", "--destdir", top])
        shared, static = find(top, "libdumpscope.so"), find(top, "libdumpscope.a")
        os.environ["DUMPSCOPE_HELPER"] = str(find(top, "dumpscope-helper"))
        env = {**os.environ, "LD_LIBRARY_PATH": str(shared.parent)}
        c.same("calls of the shared library", visible(shared, "-D") - {"DUMPSCOPE_0.1"}, CALLS)
        c.same("names of the static library", visible(static), CALLS)
        c.same("soname", re.findall(r"SONAME.*\[(.*)\]", run(["readelf", "-d", shared])), ["libdumpscope.so.0"])
        source, flags = ROOT / "examples/stacks.c", pkg_config(top, "--cflags")
        program = pathlib.Path(tmp) / "stacks"
        run(["cc", "-std=c99", "-Wall", "-Wextra", "-Werror", source, *flags, *pkg_config(top, "--libs"), "-o", program])
        wanted = frames(program, env)
        c.same("frames", wanted[:2], FRAMES)
        private = [l for l in pkg_config(top, "--static", "--libs") if l != "-ldumpscope"]
        run(["cc", "-std=c99", source, *flags, static, *private, "-o", program])
        c.same("frames of the static library", frames(program, dict(os.environ)), wanted)
        unit = pathlib.Path(tmp) / "unit.cc"
        unit.write_text("#include <dumpscope.h>\nint main() { return ds_version()[0] == 0; }\n")
        run(["clang-19", "-x", "c++", "-Wall", "-Wextra", "-Werror", "-pedantic", unit, *flags, *pkg_config(top, "--libs"), "-o", program])
        c.same("C++", run([program], env), "")
    print(f"{c.passed} passed, {c.failed} failed")
    return c.failed > 0


if __name__ == "__main__":
    sys.exit(main())

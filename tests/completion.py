#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`dumpscope --completion bash` in a bash of its own, without the bash-completion package: what it offers, and that
the program takes it. docs/dumpscope.bash is the same text."""
import argparse, pathlib, re, subprocess, sys, tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
FILES = ["a dump.dmp", "big.dmp", "images/"]

# The words of a command line, the last one being completed; all that must be offered; some that must not be.
CASES = [
    (["c"], ["convert"], ["explain", "big.dmp"]),
    (["b"], ["big.dmp"], ["convert"]),
    (["a"], ["a dump.dmp"], []),
    (["-z", "b"], ["big.dmp"], []),
    (["-z", ""], FILES, ["symbols", "convert"]),
    (["-z", "big.dmp", "-log"], ["-logo", "-loga", "-logou", "-logau"], ["-c", "big.dmp"]),
    (["-z", "big.dmp", "-c", ""], [], ["big.dmp", "-z"]),
    (["-i", ""], ["images/"], ["big.dmp"]),
    (["--f"], ["--fail-on"], ["--json"]),
    (["--fail-on", ""], ["info", "warning", "critical"], ["big.dmp"]),
    (["-ee", "c"], ["c++"], ["masm", "convert"]),
    (["big.dmp", "c"], [], ["convert"]),
    (["--json", "sy"], ["symbols"], ["schemas"]),
    (["symbols", ""], ["list", "fetch", "pack", "verify", "export"], ["big.dmp", "convert"]),
    (["symbols", "fetch", "--"], ["--only", "--retry", "--list", "--json"], ["--all"]),
    (["symbols", "fetch", "--only", ""], ["pdb", "image"], ["big.dmp"]),
    (["symbols", "pack", "-y", ""], ["images/"], ["big.dmp"]),
    (["--json", "symbols", "verify", "--a"], ["--all"], ["--json"]),
    (["convert", "--to", ""], ["full", "bitmap"], ["big.dmp"]),
    (["convert", "-"], ["--type", "--overwrite"], ["-z"]),
    (["convert", "b"], ["big.dmp"], []),
    (["run", "script", "b"], ["big.dmp"], ["convert"]),
    (["run", "script", "big.dmp", "--j"], ["--json"], ["--all"]),
    (["schemas", ""], [], ["big.dmp"]),
]
failed = passed = 0


def check(good, what):
    global failed, passed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print("failed:", what)


def bash(script, folder, *words):
    return subprocess.run(["bash", "--norc", "--noprofile", "-c", script, "bash", *words], cwd=folder, text=True, timeout=20,
                          capture_output=True)


def offers(text, folder, words):
    end = '\nCOMP_WORDS=(dumpscope "$@"); COMP_CWORD=$#; _dumpscope dumpscope\n((${#COMPREPLY[@]})) && printf "%s\\n" "${COMPREPLY[@]}"'
    p = bash(text + end, folder, *words)
    check(not p.stderr, f"{words}: {p.stderr}")
    return set(p.stdout.splitlines())


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--program", required=True)
    program = str(pathlib.Path(args.parse_args().program).resolve())
    text = subprocess.run([program, "--completion", "bash"], text=True, capture_output=True, timeout=20).stdout
    check(text == (ROOT / "docs" / "dumpscope.bash").read_text(), "docs/dumpscope.bash is of another program: ./check docs")
    with tempfile.TemporaryDirectory() as folder:
        for name in FILES:
            path = pathlib.Path(folder, name)
            path.mkdir() if name.endswith("/") else path.touch()
        p = bash(text + "\ncomplete -p dumpscope", folder)
        check(p.stdout == "complete -o filenames -F _dumpscope dumpscope\n" and not p.stderr, f"complete -p: {p.stdout} {p.stderr}")
        for words, all_of, none_of in CASES:
            got = offers(text, folder, words)
            want = {x.rstrip("/") for x in all_of}
            check(want <= got and not got & set(none_of), f"{words}: {sorted(got)}")
        own = offers(text, folder, ["-"])
        usage = subprocess.run([program, "--help"], text=True, capture_output=True, timeout=20).stdout
        for option in re.findall(r"(?<![\w-])--?[a-z][a-z-]*", usage.partition("sub-commands:")[0]):
            check(option in own, f"--help has {option}")
        for option in sorted(own):
            # With a value and a dump that is none: what is not known would be said first.
            value = "64M" if option == "--max-memory" else min(offers(text, folder, [option, ""]) or {"1"})
            p = subprocess.run([program, option, value, "/nonexistent"], text=True, stdin=subprocess.DEVNULL, capture_output=True,
                               timeout=20)
            check("unknown option" not in p.stderr, f"{option}: {p.stderr}")
        check("unknown option" in subprocess.run([program, "-nonesuch", "1"], text=True, capture_output=True).stderr, "-nonesuch")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

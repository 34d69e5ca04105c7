#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Generated parts of the documentation. Without --write: fails when one of them is not what it would be now.

In README.md, ARCHITECTURE.md, CONTRIBUTING.md and docs/*.md, up to the next `<!-- end -->`:
  <!-- output: COMMAND -->   what a command prints, as a block of text
  <!-- insert: COMMAND -->   the same, as Markdown
  <!-- packages -->          tools/packages.txt as tables
  <!-- commands -->          the debugger's commands, subject by subject, from their table (.hh)
In docs/*.1, from `.\\" insert: COMMAND` or `.\\" commands` (names only) to `.\\" end`. Commands run in the root of the
repository, with build/ first on PATH. A line that differs only in a number of milliseconds is left as it is. The files of
WHOLE are what a command prints, from the first line to the last.
"""
import functools, json, os, pathlib, re, subprocess, sys, textwrap

ROOT = pathlib.Path(__file__).resolve().parent.parent
MARKDOWN = re.compile(r"(<!-- (output|insert|packages|commands)(?:: (.*?))? -->\n)(.*?)(<!-- end -->)", re.S)
MANUAL = re.compile(r'(\.\\" (insert|commands)(?:: (.*?))?\n)(.*?)(\.\\" end\n)', re.S)
WHOLE = {"docs/dumpscope.bash": "dumpscope --completion bash"}
HELP = "dumpscope -z fuzz/corpus/fuzz_minidump/plain --json -c '.hh; q'"
TIERS = {"build": "To build and to use", "test": "For `./check`"}


def output(command):
    env = dict(os.environ, PATH=f"{ROOT}/build:{os.environ['PATH']}", LC_ALL="C.UTF-8", TZ="UTC")
    for name in [n for n in env if n.startswith("_NT_")]:
        del env[name]
    p = subprocess.run(["bash", "-c", command], cwd=ROOT, env=env, text=True, stdin=subprocess.DEVNULL, timeout=120,
                       capture_output=True)
    if p.returncode not in (0, 3, 5):  # analysed, in part, with a finding
        raise ValueError(f"{command}: exit status {p.returncode}: {p.stderr.strip()[-300:]}")
    return p.stdout.replace(str(ROOT) + "/", "")


def packages():
    rows = [x.split(None, 2) for x in (ROOT / "tools" / "packages.txt").read_text().splitlines() if not x.startswith("#")]
    out = []
    for tier, title in TIERS.items():
        out += [f"## {title}", "", "| package | why |", "|---|---|"]
        out += [f"| `{name}` | {why} |" for t, name, why in rows if t == tier] + [""]
    return "\n".join(out)


@functools.cache
def subjects():
    """[(subject, [row of a command])]; sorted: the order of .hh changes with the first command of a subject."""
    documents = [json.loads(x) for x in output(HELP).splitlines()]
    rows = [r for d in documents if d["command"] == ".hh" for r in d["items"] if r["row"] == "command_help"]
    return [(g, [r for r in rows if r["group"] == g]) for g in sorted({r["group"] for r in rows})]


def code(text):
    """Text as Markdown's code, whatever it holds."""
    ticks = "``" if "`" in text else "`"
    return f"{ticks}{text}{ticks}"


def commands_markdown():
    out = []
    for group, rows in subjects():
        out += [f"## {group}", ""]
        for r in rows:
            out += [f"### {' '.join(map(code, r['names'].split()))}", r["summary"] + ".", "", "```"]
            out += [f"{r['names'].split()[0]} {r['args'] or ''}".rstrip(), *[f"    {x}" for x in (r["help"] or "").splitlines()]]
            out += ["```", ""]
    return "\n".join(out)


def commands_manual():
    out = [".Bl -tag -width Ds"]
    for group, rows in subjects():
        names = " ".join(n for r in rows for n in r["names"].split())
        out += [f".It {group}", *["\\&" + x.replace("\\", "\\e") for x in textwrap.wrap(names, 100, break_on_hyphens=False)]]
    return "\n".join([*out, ".El", ""])


def timeless(line):
    return re.sub(r"\d+(\.\d+)?( ?(ms|us|s)\b| milliseconds| seconds)", "N", line)


def regenerate(m):
    kind, command, old = m[2], m[3], m[4]
    if kind == "packages":
        new = packages()
    elif kind == "commands":
        new = commands_manual() if m[1].startswith(".") else commands_markdown()
    elif kind == "output":
        new = f"```\n{output(command).rstrip()}\n```\n"
    else:
        new = output(command)
    a, b = old.split("\n"), new.split("\n")
    if [*map(timeless, a)] == [*map(timeless, b)]:
        new = old
    return m[1] + new + m[5]


def fresh(path):
    """What a file would be now, and its number of generated parts."""
    name = str(path.relative_to(ROOT))
    if name in WHOLE:
        return output(WHOLE[name]), 1
    return (MANUAL if path.suffix == ".1" else MARKDOWN).subn(regenerate, path.read_text())


def main():
    write = "--write" in sys.argv
    files = [ROOT / n for n in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")]
    files += sorted((ROOT / "docs").rglob("*.md")) + sorted((ROOT / "docs").glob("*.1"))
    files += [ROOT / n for n in WHOLE]
    parts = old = failed = 0
    for path in files:
        text = path.read_text() if path.exists() else ""
        try:
            new, n = fresh(path)
        except (ValueError, subprocess.SubprocessError) as e:
            print(f"{path.relative_to(ROOT)}: {e}")
            failed += 1
            continue
        parts += n
        if new != text:
            old += 1
            if write:
                path.write_text(new)
            print(f"{path.relative_to(ROOT)}: {'written' if write else 'out of date; `./check docs` writes it'}")
    print(f"{len(files)} files, {parts} generated parts, {old} {'written' if write else 'out of date'}, {failed} failed")
    return 1 if failed or (old and not write) else 0


if __name__ == "__main__":
    sys.exit(main())

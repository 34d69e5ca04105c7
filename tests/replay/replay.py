#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Replays of real WinDbg output: a dump is forged with the memory, registers, modules and symbols that an output
shows, and what our commands say of it is held against that output. Reads golden/ of the corpus; skipped without it.

    replay.py [--program P] [--keep] [-v] [NAME...]      NAME: part of a replay's name; -v: both texts of what differs

What may differ stands in exceptions.txt: REPLAY | WHAT | why. An exception that no replay needs is an error."""
import argparse
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(HERE.parent / "make"), str(HERE.parent)]
import article as the_article  # noqa: E402
import golden_text  # noqa: E402
import make_recipe  # noqa: E402
import mk_kdump  # noqa: E402
import symbols  # noqa: E402
import testlib  # noqa: E402

WORK = ROOT / "build" / "replay"
BLAME = ("SYMBOL_NAME", "MODULE_NAME", "IMAGE_NAME", "FAILURE_BUCKET_ID", "FAILURE_ID_HASH", "PROCESS_NAME", "TRAP_FRAME")
# What a recipe of a replay may state: facts of the machine. None says who is to blame or what stands on the stack.
FACTS = set("""kdump build lab time uptime bugcheck cpus ptebase header symbol module function code process memory thread
cpu crash trapframe contextrecord exceptionrecord struct isf blob""".split())
OURS = ("SYMBOL_NAME", "MODULE_NAME", "IMAGE_NAME", "FAILURE_BUCKET_ID")


def articles(corpus):
    """[(name, Article)]: every output of a bug check that has a bucket."""
    out, seen = [], {}
    for path in [*sorted((corpus / "golden/windbg").glob("*.txt")), *sorted((corpus / "golden/kernel").glob("*.txt"))]:
        a = golden_text.article(path)
        if a:
            n = seen[a.analysis.code] = seen.get(a.analysis.code, 0) + 1
            out.append((f"{a.analysis.code:x}-{n}", a))
    return out


def forge(name, made):
    """The paths of the dump and of its symbols."""
    folder = WORK / name
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.pdb"):
        if old.is_file():
            old.unlink()
    stated = {words[0] for _, words in mk_kdump.statements(made.recipe)}
    bucket = made.golden.get("FAILURE_BUCKET_ID")
    if stated - FACTS or (bucket and bucket in made.recipe):
        raise ValueError(f"{name}: the recipe says more than facts: {', '.join(stated - FACTS) or bucket}")
    (folder / "recipe.txt").write_text(made.recipe)
    for file, (functions, size) in made.pdbs.items():
        symbols.write(folder / file, functions, size)
    mk_kdump.recipe(made.recipe).save(folder / made.dump)
    return folder / made.dump, folder


def ask(program, dump, folder, commands, path=None):
    """{command: lines} of one session; what comes before the first command stands under None. path: the symbol path at
    the beginning, when the folder comes in later."""
    lines = [f".sympath {folder}", ".reload"] if path else []
    lines += [x for i, c in enumerate(commands) for x in (f".echo ---{i}", c)]
    (folder / "commands.txt").write_text("\n".join([*lines, "q"]) + "\n")
    env = {k: v for k, v in os.environ.items() if not k.startswith("_NT_")}
    env.update(LC_ALL="C.UTF-8", TZ="UTC", DUMPSCOPE_NETSYMS="no")
    p = subprocess.run([pathlib.Path(program).resolve(), "-z", dump.name, "-y", path or folder, "-cf", folder / "commands.txt"],
                       capture_output=True, text=True, timeout=60, env=env, stdin=subprocess.DEVNULL, cwd=dump.parent)
    if p.returncode not in (0, 1) or "Sanitizer" in p.stderr:
        raise RuntimeError(f"status {p.returncode}: {p.stderr[-400:]}")
    parts = re.split(r"(?m)^---(\d+)\n", p.stdout)
    text = {int(parts[i]): parts[i + 1] for i in range(1, len(parts), 2)}
    said = {c: text.get(i, "").removesuffix("quit:\n").rstrip("\n").split("\n") for i, c in enumerate(commands)}
    said = {c: [x for x in lines if "dumpscope: Reading initial command" not in x] for c, lines in said.items()}
    return {None: parts[0].split("\n"), **said}


def trimmed(lines):
    out = [x.rstrip() for x in lines]
    while out and not out[-1]:
        out.pop()
    return out


def stack_rows(lines):
    """Rows of a stack without frame numbers and what k adds."""
    rows = [x for x in lines if re.match(r"([0-9a-f]{2} )?([0-9a-f]{8}`[0-9a-f]{8} [0-9a-f?]{8}`|\(Inline)", x)]
    return [re.sub(r" \(TrapFrame @ .*?\)", "", re.sub(r"^[0-9a-f]{2} ", "", r)).rstrip() for r in rows]


def unlike(want, got):
    """The first difference of two lists of lines, or None."""
    for i in range(max(len(want), len(got))):
        w, g = want[i] if i < len(want) else None, got[i] if i < len(got) else None
        if w != g:
            return f"{i + 1}: {w!r}, here {g!r}"
    return None


class Case:
    def __init__(self, name, article):
        self.name, self.article, self.found = name, article, []

    def say(self, what, want, got):
        self.found.append((what, unlike(want, got)))

    def stack(self, answers, command):
        rows = [f for f in self.article.rows]
        got = stack_rows(answers[command])
        want = stack_rows([f.text for f in rows])
        if not any(f.args for f in rows):  # printed without its arguments
            got = [re.sub(r" : .* : ", "     ", g, count=1).replace("      ", "     ") for g in got]
            got = [re.sub(r" {5,}", "     ", g) for g in got]
        self.say("frames", want, got)

    def analysis(self, lines):
        want, got = self.article.analysis, golden_text.Analysis(lines)
        self.say("name", [want.name, f"{want.code:x}"], [got.name, f"{got.code or 0:x}"])
        self.say("arguments", [f"{x:x}" for x in want.args], [f"{x:x}" for x in got.args])
        for field in dict.fromkeys([*want.order, *got.order]):
            if field in ("KEY_VALUES_STRING", "STACK_TEXT"):
                continue
            if field not in got.fields:
                self.found.append((field, "not there"))
            elif field not in want.fields:
                self.found.append((field, f"only here: {got.get(field)!r}"))
            else:
                self.say(field, trimmed(want.fields[field]), trimmed(got.fields[field]))
        if "STACK_TEXT" in want.fields:
            self.say("STACK_TEXT", trimmed(want.fields["STACK_TEXT"]), trimmed(got.fields.get("STACK_TEXT", ())))
        common = [f for f in want.order if f in got.fields]
        self.say("order", list(dict.fromkeys(common)), list(dict.fromkeys(f for f in got.order if f in want.fields)))
        for key, value in want.keys.items():
            if key in got.keys:
                self.say("key " + key, [value], [got.keys[key]])
            else:
                self.found.append(("key " + key, "not there"))


def commands_of(article):
    context = article.analysis.get("CONTEXT", "").split(" ")[0]
    stack = f".cxr {context}; kv; .cxr" if context else "kv"
    return [stack, "!analyze -v" if "STACK_TEXT" in article.analysis.fields else "!analyze"]


def replay(name, article, program):
    case = Case(name, article)
    dump, folder = forge(name, make_recipe.analysis_recipe(article))
    stack, analyze = commands_of(article)
    answers = ask(program, dump, folder, [stack, analyze])
    case.stack(answers, stack)
    if any("not supported: the automatic analysis" in x for x in answers[analyze]):
        case.found.append(("!analyze", None))
        print(f"{name}: the analysis of kernel dumps is not there yet: the stack only")
        return case
    case.analysis(answers[analyze])
    return case


def command_by_command(name, article, program, corpus):
    """The article's other commands, line by line."""
    case, folder = Case(name, article), WORK / name
    made, types = the_article.forge(article, corpus, folder)
    made.dump = the_article.dump_name(article)
    (folder / "ntkrnlmp.pdb").mkdir(parents=True, exist_ok=True)
    (folder / "ntkrnlmp.pdb" / f"{the_article.GUID}-1.json").write_text(json.dumps(types))
    dump, folder = forge(name, made)
    shown = the_article.commands(article)
    answers = ask(program, dump, folder, [c for _, c, _ in shown if c], "srv*")
    for block, command, want in shown:
        for line, difference in the_article.compare(want, answers[command], command not in (None, "!process 0 0")):
            case.found.append((f"{block} {line}", difference))
    return case


# ---- names swapped: what is blamed follows
SWAP = {"Driver": "Orchid", "EvilDriver": "Magnolia", "TestDriver": "Peony", "myfault": "lotus", "fileinfo": "jasmine",
        "tunnel": "begonia", "dxgkrnl": "dahlia"}


def swapped(text, blamed):
    """text with the blamed module and function under other names."""
    module, _, function = blamed.partition("!")
    if module != "nt":
        text = re.sub(rf"\b{re.escape(module)}\b(?=[!+.]|$)", SWAP.get(module, "Tulip"), text, flags=re.M)
    if function:
        text = re.sub(rf"\b{re.escape(function)}\b", function[:2] + "Daffodil", text)
    return text


def swap(name, article, program):
    """Does the bucket follow when the blamed driver and function have other names? (what, difference) pairs."""
    blamed = article.analysis.get("SYMBOL_NAME", "").split("+")[0]
    made = make_recipe.analysis_recipe(swapped_article(article, blamed))
    dump, folder = forge(name + "-swapped", made)
    analyze = commands_of(article)[1]
    lines = ask(program, dump, folder, [analyze])[analyze]
    got = golden_text.Analysis(lines)
    if not got.fields:
        return []
    out = []
    for field in OURS:
        want = swapped(f"{field}:  {article.analysis.get(field)}", blamed).partition(":  ")[2]
        if field == "FAILURE_BUCKET_ID":
            want = swapped_bucket(article.analysis.get(field), blamed)
            digest = hashlib.md5(("km:" + want).lower().encode("utf-16le")).hexdigest()
            d = bytes.fromhex(digest)
            text = f"{{{d[3::-1].hex()}-{d[5:3:-1].hex()}-{d[7:5:-1].hex()}-{d[8:10].hex()}-{d[10:].hex()}}}"
            out.append(("swapped FAILURE_ID_HASH", unlike([text], [got.get("FAILURE_ID_HASH")])))
        out.append(("swapped " + field, unlike([want], [got.get(field)])))
    return out


def swapped_bucket(bucket, blamed):
    module, _, function = blamed.partition("!")
    if module != "nt":
        bucket = re.sub(rf"(?<=_){re.escape(module)}(?=!)", SWAP.get(module, "Tulip"), bucket)
    return bucket.replace("!" + function, "!" + function[:2] + "Daffodil") if function else bucket


def swapped_article(article, blamed):
    lines = swapped("\n".join(article.analysis.lines), blamed).split("\n")
    rows = golden_text.frames(swapped("\n".join(f.text for f in article.rows), blamed).split("\n"))
    return golden_text.dataclasses.replace(article, analysis=golden_text.Analysis(lines), rows=rows)


# ---- what may differ
class Exceptions:
    def __init__(self, path):
        self.rows = []
        for line in path.read_text().splitlines():
            if line.strip() and not line.startswith("#"):
                name, what, why = (x.strip() for x in line.split("|", 2))
                self.rows.append([re.compile(re.escape(name).replace(r"\*", ".*")),
                                  re.compile(re.escape(what).replace(r"\*", ".*")), why, False, line])

    def why(self, name, what):
        for row in self.rows:
            if row[0].fullmatch(name) and row[1].fullmatch(what):
                row[3] = True
                return row[2]
        return None


def report(case, allowed, verbose):
    """(agree, explained, unexplained) of a case, and its row of the table."""
    agree = explained = 0
    bad = []
    for what, difference in case.found:
        why = allowed.why(case.name, what) if difference else None
        if not difference:
            agree += 1
        elif why:
            explained += 1
            if verbose:
                print(f"  {case.name} {what}: {difference}\n      allowed: {why}")
        else:
            bad.append((what, difference))
    blamed = {what: not difference for what, difference in case.found if what in BLAME or what == "STACK_TEXT"}
    print(f"{case.name:7} {agree:3} agree {explained:3} explained {len(bad):3} differ  "
          + " ".join(("" if good else "NOT:") + what for what, good in blamed.items()))
    for what, difference in bad:
        print(f"    {case.name} {what}: {difference}")
    return agree, explained, len(bad)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--program", default=str(ROOT / "build" / "dumpscope"))
    ap.add_argument("-v", "--verbose", action="store_true")
    ap.add_argument("names", nargs="*")
    a = ap.parse_args()
    corpus = testlib.corpus()
    if not corpus or not (corpus / "golden/windbg").is_dir():
        print("skipped: no corpus")
        return 77
    allowed, total = Exceptions(HERE / "exceptions.txt"), [0, 0, 0]
    for name, article in articles(corpus):
        if a.names and not any(x in name for x in a.names):
            continue
        case = replay(name, article, a.program)
        case.found += swap(name, article, a.program)
        total = [x + y for x, y in zip(total, report(case, allowed, a.verbose))]
        if "article" in article.path.name:
            case = command_by_command("article", article, a.program, corpus)
            total = [x + y for x, y in zip(total, report(case, allowed, a.verbose))]
    unused = [] if a.names else [row[4] for row in allowed.rows if not row[3]]
    for line in unused:
        print(f"exceptions.txt: not needed: {line}")
    print(f"{total[1]} explained\n{total[0]} passed, {total[2] + len(unused)} failed, 0 skipped")
    return 1 if total[2] or unused else 0


if __name__ == "__main__":
    sys.exit(main())

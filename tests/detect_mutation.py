#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Takes the deciding fact away from the recipes of tests/detect and sees the finding go.

A line `## MUTATE OLD => NEW` in front of a DUMP changes that text of its recipe. The first case of the dump is a
`CMD !patterns N` that shows a finding; with the changed recipe it must not. Every detector (`dumpscope explain`)
needs at least one such line, and a near miss: a dump whose first case shows no finding. Every command that a finding
names is run as well: an unknown command is a fault.

    detect_mutation.py [--program build/dumpscope] [FILE...]
"""
import argparse, json, pathlib, re, sys

import golden, testlib

ALWAYS = {73, 96}  # fault context, dump context: every kernel dump has them
MUTATE = re.compile(r"## MUTATE (.*?) => (.*)$")


def ask(program, dump, command):
    """The items of a command's JSON document. Every finding in it has evidence with a command."""
    status, out, err = testlib.run([program, "--json", "-z", dump, "-c", command + "; q"])
    if testlib.died(status, err):
        raise ValueError(testlib.died(status, err))
    for line in out.splitlines():
        doc = json.loads(line)
        if doc["command"].split(";")[0].strip() == command:
            for i in doc["items"]:
                if i["row"] == "finding" and not any(e["command"] for e in i["evidence"]):
                    raise ValueError(f"{i['pattern']}: no evidence with a command")
            return doc["items"]
    raise ValueError(f"no answer to {command}: {out[-500:]}{err[-500:]}")


def mutations(lines, section):
    """The MUTATE lines right above a section's DUMP line."""
    found, at = [], section.line - 2
    while at >= 0 and lines[at].startswith("##"):
        m = MUTATE.match(lines[at])
        found += [(at + 1, m[1], m[2])] if m else []
        at -= 1
    return reversed(found)


def first_row(program, section, recipe, command, name):
    items = ask(program, testlib.dump_path(section.keyword, section.value, recipe, name), command)
    return items[0]["row"] if items else None


def check_commands(program, dump, number, where):
    """Every command of the finding's evidence is known to the program."""
    items = ask(program, dump, f"!patterns {number}")
    wrong = []
    for e in (e for i in items if i["row"] == "finding" for e in i["evidence"]):
        for command in (e["command"] or "").split(";"):
            status, out, err = testlib.run([program, "--json", "-z", dump, "-c", command.strip() + "; q"])
            if testlib.died(status, err):
                wrong.append(f"{where}: {command}: {testlib.died(status, err)}")
            elif any(n["code"] in ("usage", "not_found", "unsupported") for line in out.splitlines() for n in json.loads(line)["notes"]):
                wrong.append(f"{where}: evidence names a command that fails: {command}")
    return wrong


def run_file(path, program, commands):
    """(checks made, failures, ids mutated, ids with a near miss)."""
    lines, sections = golden.parse(path)
    checks, wrong, mutated, missed = 0, [], set(), set()
    for i, s in enumerate(sections):
        command = s.cases[0].command
        number = command.split()[-1]
        where = f"{path.name}:{s.line}"
        name = f"mutation-{path.stem}-{i + 1}"
        changes = list(mutations(lines, s))
        if not testlib.dump_path(s.keyword, s.value, s.recipe, name):
            continue  # of the corpus, and there is none
        row = first_row(program, s, s.recipe, command, name)
        checks += 1
        if row != "finding":
            missed.add(number)
            wrong += [f"{where}: has MUTATE lines, but no finding to lose"] if changes else []
            continue
        if commands:
            checks += 1
            wrong += check_commands(program, testlib.dump_path(s.keyword, s.value, s.recipe, name), number, where)
        for line, old, new in changes:
            recipe = [r.replace(old, new) for r in s.recipe]
            checks += 1
            mutated.add(number)
            if recipe == s.recipe:
                wrong.append(f"{path.name}:{line}: the recipe has no: {old}")
            elif first_row(program, s, recipe, command, name + "-m") == "finding":
                wrong.append(f"{path.name}:{line}: the finding stays without its fact: {old} => {new}")
    return checks, wrong, mutated, missed


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--program", default=str(testlib.ROOT / "build" / "dumpscope"))
    p.add_argument("--no-commands", action="store_true", help="do not run the commands that findings name")
    p.add_argument("files", nargs="*")
    a = p.parse_args()
    program = str(pathlib.Path(a.program).resolve())
    files = [pathlib.Path(f) for f in a.files] or sorted((testlib.ROOT / "tests" / "detect").glob("*.test"))
    checks, wrong, mutated, missed = 0, [], set(), set()
    for path in files:
        c, w, m, n = run_file(path, program, not a.no_commands)
        checks, wrong, mutated, missed = checks + c, wrong + w, mutated | m, missed | n
    if not a.files:
        _, out, _ = testlib.run([program, "--json", "explain"])
        for d in json.loads(out)["items"]:
            checks += 2
            wrong += [f"{d['pattern']}: no MUTATE line"] * (str(d["number"]) not in mutated and d["number"] not in ALWAYS)
            wrong += [f"{d['pattern']}: no near miss"] * (str(d["number"]) not in missed)
    print("\n".join(wrong + [f"{checks} checks, {len(wrong)} failed"]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

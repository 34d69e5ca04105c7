#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs whole-program tests: arguments and input, and what comes out.

A file of tests/cli is made of lines that begin with a keyword:
  DUMP / FILE / CORPUS    as in golden files; the dump's path is $DUMP in what follows; $DUMP1 is the file's first,
                          $DUMP2 its second
  RUN -z $DUMP -c "q"     a case: the program's arguments, in shell quoting, but no shell; $ROOT, $DUMP, $TMP
  SHELL $DS $DUMP | true  a case for bash with pipefail; $DS is the program, $TMP a folder that is empty at first
  STDIN                   then the input, to the next keyword; without it the input is empty
  EXIT 0                  the status; always said
  STDOUT                  then the whole output; {*} matches anything in a line
  STDOUT =~ REGEX         or something that it contains; `STDOUT !~ REGEX` does not
  STDERR                  the same; without a word about it nothing may be there
A line with ## is a comment; a blank line before a keyword is not part of a block.
--update rewrites STDOUT and STDERR blocks, not EXIT and not conditions.
"""
import re, shlex, shutil, sys

import testlib
from testlib import BadTest, ROOT

KEYWORD = re.compile(r"(DUMP|FILE|CORPUS|RUN|SHELL|STDIN|EXIT|STDOUT|STDERR|##)(?: (.*)|$)")


class Case:
    def __init__(self, kind, what, line, dumps):
        self.kind, self.what, self.line, self.dumps = kind, what, line, dumps
        self.blocks, self.conditions, self.status = {}, [], None


def parse(path):
    lines = path.read_text().split("\n")
    if lines[-1] == "":
        lines.pop()
    cases, dump, dumps, block = [], None, [], None
    for n, line in enumerate(lines):
        m = KEYWORD.match(line)
        if not m:
            if block:
                block[1] = n + 1
            elif line.startswith((" ", "\t")) and dump and dump[0] == "DUMP":
                dump[2].append(line.strip())
            elif line.strip():
                raise BadTest(f"line {n + 1}: no keyword: {line[:60]}")
            continue
        word, value = m[1], (m[2] or "").strip()
        block = None
        if word == "##":
            continue
        if word in ("DUMP", "FILE", "CORPUS"):
            dump = (word, value, [])
            dumps.append(dump)
        elif word in ("RUN", "SHELL"):
            cases.append(Case(word, value, n + 1, dumps[:]))
        elif not cases:
            raise BadTest(f"line {n + 1}: {word} before RUN")
        elif word == "EXIT":
            cases[-1].status = int(value)
        elif value:
            cases[-1].conditions.append((word, *condition(value, n)))
        else:
            block = cases[-1].blocks[word] = [n + 1, n + 1]
    for c in cases:
        if c.status is None:
            raise BadTest(f"line {c.line}: no EXIT")
        for b in c.blocks.values():
            if b[1] > b[0] and lines[b[1] - 1] == "":
                b[1] -= 1
    return lines, cases


def condition(value, n):
    operator, _, pattern = value.partition(" ")
    if operator not in ("=~", "!~") or not pattern:
        raise BadTest(f"line {n + 1}: neither a block nor =~ nor !~: {value}")
    return operator, re.compile(pattern)


def run_case(case, lines, program, name):
    """(status, output, error output), or None without a corpus."""
    values = {"DUMP": ""}
    for i, dump in enumerate(case.dumps, 1):
        last = i == len(case.dumps)
        if not last and f"$DUMP{i}" not in case.what:
            continue
        path = testlib.dump_path(*dump, name if last else f"{name}-{i}")
        if path is None:
            return None
        values[f"DUMP{i}"] = values["DUMP"] = path
    tmp = testlib.WORK / (name + ".tmp")
    shutil.rmtree(tmp, ignore_errors=True)
    tmp.mkdir(parents=True)
    values |= {"ROOT": str(ROOT), "TMP": str(tmp.relative_to(ROOT)), "DS": program}
    b = case.blocks.get("STDIN")
    stdin = "".join(x + "\n" for x in lines[b[0]:b[1]]).encode() if b else None
    if case.kind == "RUN":
        args = [program] + [re.sub(r"\$(\w+)", lambda m: values.get(m[1], m[0]), a) for a in shlex.split(case.what)]
    else:
        args = ["bash", "-o", "pipefail", "-c", case.what]
    return testlib.run(args, stdin, values)


def lines_of(text):
    """Lines without their ends; a last line that has no end says so."""
    out = text.split("\n")
    return out[:-1] if out[-1] == "" else out[:-1] + [out[-1] + "{no newline}"]


def judge(case, lines, answer, check, update):
    status, out, err = answer
    streams = {"STDOUT": out, "STDERR": err}
    wrong, edits = [], []
    died = None if case.kind == "SHELL" and status > 0 else testlib.died(status, err)
    if died:
        wrong.append(died)
    if status != case.status:
        wrong.append(f"exit status {status}, not {case.status}")
    for name, operator, regex in case.conditions:
        if bool(regex.search(streams[name])) != (operator == "=~"):
            wrong.append(f"{name} {operator} {regex.pattern}\n  but it is:\n{streams[name][:1500]}")
    for name, text in streams.items():
        b = case.blocks.get(name)
        if b:
            want, got = lines[b[0]:b[1]], lines_of(text)
            diff = testlib.text_diff(want, got)
            if diff and update:
                edits.append((b[0], b[1], testlib.keep_wildcards(want, got)))
            elif diff:
                wrong.append(f"{name}\n{diff}")
        elif text and not any(c[0] == name for c in case.conditions):
            wrong.append(f"unexpected {name}:\n{text[:1500]}")
    if "--json" in case.what and case.kind == "RUN" and status in (0, 3):
        wrong += [w for w in map(check, out.splitlines()) if w]
    return wrong, edits


def run_file(path, program, check, update):
    lines, cases = parse(path)
    passed, failures, skipped, edits = 0, [], 0, []
    for i, case in enumerate(cases):
        answer = run_case(case, lines, program, f"cli-{path.stem}-{i + 1}")
        if answer is None:
            skipped += 1
            continue
        wrong, right = judge(case, lines, answer, check, update)
        edits += right
        if wrong:
            failures.append(f"tests/cli/{path.name}:{case.line}: {case.kind} {case.what}\n" + "\n".join(wrong))
        else:
            passed += 1
    for first, last, new in sorted(edits, reverse=True):
        lines[first:last] = new
    if edits:
        path.write_text("\n".join(lines) + "\n")
        print(f"updated tests/cli/{path.name}: {len(edits)} blocks")
    return passed, failures, skipped


def main():
    a = testlib.arguments(__doc__.split("\n")[0], ("tests/cli",))
    if not a.files:
        print("0 passed, 0 failed, 0 skipped")
        return 0
    check = testlib.schema_checker(a.program)
    p, f, s = testlib.report(a.files, lambda path: run_file(path, a.program, check, a.update), a.verbose)
    print(f"{p} passed, {f} failed, {s} skipped")
    return 1 if f else 0


if __name__ == "__main__":
    sys.exit(main())

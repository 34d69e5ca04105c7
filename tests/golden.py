#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs golden files: a dump, commands, and what they must print, as text and as JSON.

A file of tests/golden or tests/detect is made of lines that begin with a keyword:
  DUMP minidump x64       a dump built by tests/make/mk_minidump.py; the indented lines below are its recipe
  DUMP kdump x64 bitmap   the same by tests/make/mk_kdump.py; skipped without the corpus when the recipe names $CORPUS
  FILE samples/x.dmp.xz   or a file of this repository
  CORPUS user/x.dmp       or a file of the corpus (DS_CORPUS); skipped without it
  ARGS -i samples         further arguments for the program; $CORPUS is the corpus
  SYMBOLS lab/x.pdb.xz    a symbol file of the corpus for the dump above, unpacked and put on the symbol path
  SOURCE ours             where the expectation comes from: our own output, read and accepted, or a tool or page;
                          before the first CMD it holds for all cases of the dump
  CMD k 5                 a case; or REPORT, the program without commands
  TEXT                    then the whole transcript, to the next keyword; a blank line before that is not part of it;
                          {*} matches anything in a line; a line that begins with a keyword or \\ has a \\ before it
  JSON .items[0].n == 0   a value in the command's JSON document; also != and =~ (regular expression), .items|length;
                          [] is every element; of several documents: .[1].items
  JSON whole              then the whole document
A line with ## is a comment. Several dumps may follow one another. The program runs once
a dump for the texts and once for the JSON. Documents are also held to `dumpscope schemas`.
--update rewrites TEXT and JSON of SOURCE ours, never those of a foreign source.
"""
import json, pathlib, re, shlex, sys

import testlib
from testlib import BadTest, ROOT

KEYWORD = re.compile(r"(DUMP|FILE|CORPUS|SYMBOLS|ARGS|SOURCE|CMD|REPORT|TEXT|JSON|##)(?: (.*)|$)")
PROMPT = re.compile(r"^(?:\d+:\d{3}(?::\w+)?|\?:\?\?\?|(?:\d+: )?kd(?::\w+)?)> ")
READING = re.compile(PROMPT.pattern[1:] + r"\w+: Reading initial command '.*'$")
MARK = "@@golden "


class Block:
    """TEXT, JSON whole or one JSON line: lines[first:last] of the file."""

    def __init__(self, kind, first):
        self.kind, self.first, self.last = kind, first, first


class Case:
    def __init__(self, command, line, source):
        self.command, self.line, self.source, self.blocks = command, line, source, []


class Section:
    def __init__(self, keyword, value, line):
        self.keyword, self.value, self.line = keyword, value, line
        self.recipe, self.args, self.cases, self.source = [], [], [], None
        self.needs_corpus = False


def parse(path):
    lines = path.read_text().split("\n")
    if lines[-1] == "":
        lines.pop()
    sections, block = [], None
    for n, line in enumerate(lines):
        m = KEYWORD.match(line)
        if not m:
            if block:
                block.last = n + 1
            elif line[:1] in " \t" and line.strip() and is_recipe(sections):
                sections[-1].recipe.append(line.strip())
            elif line.strip():
                raise BadTest(f"line {n + 1}: no keyword: {line[:60]}")
            continue
        block = keyword(sections, m[1], (m[2] or "").strip(), n) if m[1] != "##" else None
    for s in sections:
        for c in s.cases:
            if not c.source:
                raise BadTest(f"line {c.line}: no SOURCE")
            trim_blocks(c, lines)
    return lines, sections


def is_recipe(sections):
    return bool(sections) and sections[-1].keyword == "DUMP" and not sections[-1].cases


def keyword(sections, word, value, n):
    """Takes one keyword line; returns the block that the next lines belong to."""
    if word in ("DUMP", "FILE", "CORPUS"):
        sections.append(Section(word, value, n + 1))
        return None
    if not sections:
        raise BadTest(f"line {n + 1}: {word} before DUMP, FILE or CORPUS")
    s = sections[-1]
    if word in ("CMD", "REPORT"):
        s.cases.append(Case(value if word == "CMD" else None, n + 1, s.source))
    elif word == "ARGS":
        s.needs_corpus = s.needs_corpus or "$CORPUS" in value
        s.args += shlex.split(value.replace("$CORPUS", str(testlib.corpus())))
    elif word == "SYMBOLS":
        s.needs_corpus = True
        s.args += testlib.symbol_args(value)
    elif word == "SOURCE":
        if not value:
            raise BadTest(f"line {n + 1}: SOURCE of what?")
        if s.cases:
            s.cases[-1].source = value
        else:
            s.source = value
    elif not s.cases:
        raise BadTest(f"line {n + 1}: {word} before CMD")
    else:
        whole = word == "TEXT" or value == "whole"
        b = Block("TEXT" if word == "TEXT" else "WHOLE" if whole else "PATH", n + 1 if whole else n)
        b.last = b.first if whole else n + 1
        s.cases[-1].blocks.append(b)
        return b if whole else None
    return None


def trim_blocks(case, lines):
    """The one blank line that separates a block from what follows is not part of it."""
    for b in case.blocks:
        if b.kind != "PATH" and b.last > b.first and lines[b.last - 1] == "":
            b.last -= 1


# ---- running
def session(program, section, dump, commands, as_json, name):
    """What the program printed for each command: text, or a list of JSON lines; and the rest before the first."""
    script = testlib.WORK / (name + ".cmds")
    text = "".join(f".echo {MARK}{i}\n{c}\n" for i, c in enumerate(commands))
    script.write_text(text + f".echo {MARK}{len(commands)}\nq\n")
    args = [program, *(["--json"] if as_json else []), *section.args, "-z", dump, "-cf", script.relative_to(ROOT)]
    status, out, err = testlib.run(args)
    why = testlib.died(status, err)
    if why:
        raise ValueError(f"line {section.line}: {' '.join(map(str, args))}: {why}")
    parts = [[] for _ in commands]
    banner, where, seen = [], -1, 0
    for line in out.split("\n")[:-1] if out.endswith("\n") else out.split("\n"):
        if READING.search(line):
            line = READING.sub("", line)
            if not line:
                continue
        m = re.search(re.escape(MARK) + r"(\d+)", line)
        if m and (as_json or PROMPT.sub("", line) == m[0]):
            where, seen = int(m[1]), seen + 1
        elif 0 <= where < len(parts):
            parts[where].append(line)
        elif where < 0:
            banner.append(line)
    if seen != len(commands) + 1:
        raise ValueError(f"line {section.line}: {seen} of {len(commands) + 1} markers in the output of "
                         f"{' '.join(map(str, args))} (status {status}):\n{out[-1500:]}{err[-1500:]}")
    if not as_json:
        parts = [strip_prompt(p, c) for p, c in zip(parts, commands)]
    return parts, banner


def strip_prompt(lines, command):
    """A prompt, and the command when it is echoed behind it, are not the command's output."""
    if lines and PROMPT.match(lines[0]):
        rest = PROMPT.sub("", lines[0])
        return lines[1:] if rest == command else [rest] + lines[1:]
    return lines


def outputs(program, section, dump, name):
    """For each case its text lines and its JSON lines."""
    commands = [c.command for c in section.cases if c.command is not None]
    texts, docs, banner = [], [], []
    if commands:
        texts, _ = session(program, section, dump, commands, False, name)
        docs, banner = session(program, section, dump, commands, True, name)
    texts, docs, answers = iter(texts), iter(docs), []
    for c in section.cases:
        if c.command is not None:
            answers.append((next(texts), next(docs)))
            continue
        pair = []
        for options in ([], ["--json"]):
            status, out, err = testlib.run([program, *options, *section.args, dump])
            if testlib.died(status, err):
                raise ValueError(f"line {c.line}: {testlib.died(status, err)}")
            pair.append(out.split("\n")[:-1] if out.endswith("\n") else out.split("\n"))
        answers.append(tuple(pair))
    return answers, banner


# ---- comparing
def unescape(line):
    return line[1:] if line.startswith("\\") else line


def escape(line):
    return "\\" + line if KEYWORD.match(line) or line.startswith("\\") else line


def split_condition(line):
    m = re.match(r"JSON (.*?) (==|!=|=~) (.*)$", line)
    if not m:
        raise BadTest(f"not a condition: {line}")
    try:
        return m[1], m[2], json.loads(m[3])
    except ValueError as e:
        raise BadTest(f"not JSON: {m[3]}: {e}")


def compare(block, lines, text, value):
    """(what is wrong or None, the lines that would be right)."""
    old = lines[block.first:block.last]
    if block.kind == "TEXT":
        want = [unescape(x) for x in old]
        return testlib.text_diff(want, text), [escape(x) for x in testlib.keep_wildcards(want, text)]
    if block.kind == "WHOLE":
        new = testlib.pretty(value).split("\n")
        try:
            want = json.loads("\n".join(old) or "null")
        except ValueError as e:
            return f"the expected JSON is not JSON: {e}", new
        return testlib.whole_diff(want, value), new
    path, operator, want = split_condition(old[0])
    got = testlib.json_path(value, path)
    if operator == "==":
        good = got == want and type(got) is type(want)
    elif operator == "!=":
        good = got != want
    else:
        good = isinstance(got, str) and re.search(want, got) is not None
    shown = json.dumps(got, ensure_ascii=False)
    return (None if good else f"{old[0]}\n  but it is {shown[:400]}",
            [f"JSON {path} == {shown}"] if operator == "==" else old)


def judge_case(case, lines, answer, check, update):
    """([what is wrong], [(first, last, new lines) that set it right])."""
    text, docs = answer
    wrong = [w for w in map(check, docs) if w]
    if any(w.startswith("not JSON") for w in wrong):
        return wrong, []
    values = [json.loads(d) for d in docs]
    value = values[0] if len(values) == 1 else values
    update = update and case.source == "ours"
    edits = []
    for b in case.blocks:
        fault, new = compare(b, lines, text, value)
        if fault and update and new != lines[b.first:b.last]:
            edits.append((b.first, b.last, new))
        elif fault:
            wrong.append(fault)
    if not case.blocks and update:
        edits.append(new_block(case, lines, text))
    elif not case.blocks:
        wrong.append("expects nothing: no TEXT, no JSON")
    return wrong, edits


def new_block(case, lines, text):
    """A case that is only CMD (and SOURCE) gets its transcript."""
    at = case.line
    while at < len(lines) and lines[at].startswith("SOURCE"):
        at += 1
    last = at >= len(lines) or lines[at] == ""
    return at, at, ["TEXT"] + [escape(x) for x in text] + ([] if last else [""])


def run_file(path, program, check, update):
    lines, sections = parse(path)
    passed, failures, skipped, edits = 0, [], 0, []
    for i, s in enumerate(sections):
        name = path.stem if len(sections) == 1 else f"{path.stem}-{i + 1}"
        dump = None
        if not s.needs_corpus or testlib.corpus():
            dump = testlib.dump_path(s.keyword, s.value, s.recipe, name)
        if dump is None:
            skipped += len(s.cases)
            continue
        answers, banner = outputs(program, s, dump, name)
        failures += [f"{relative(path)}:{s.line}: before the first command: {w}" for w in map(check, banner) if w]
        for c, answer in zip(s.cases, answers):
            wrong, right = judge_case(c, lines, answer, check, update)
            edits += right
            if wrong:
                what = "REPORT" if c.command is None else "CMD " + c.command
                failures.append(f"{relative(path)}:{c.line}: {what} (SOURCE {c.source})\n" + "\n".join(wrong))
            else:
                passed += 1
    for first, last, new in sorted(edits, reverse=True):
        lines[first:last] = new
    if edits:
        path.write_text("\n".join(lines) + "\n")
        print(f"updated {relative(path)}: {len(edits)} blocks")
    return passed, failures, skipped


def relative(path):
    path = path.resolve()
    return path.relative_to(ROOT) if ROOT in path.parents else path


def count(files):
    """(cases of ours, cases of a foreign source)."""
    sources = [c.source for f in files for s in parse(f)[1] for c in s.cases]
    return sources.count("ours"), len(sources) - sources.count("ours")


def main():
    a = testlib.arguments(__doc__.split("\n")[0], ("tests/golden", "tests/detect"))
    try:
        ours, foreign = count(a.files)
    except BadTest as e:
        for f in a.files:  # name the file
            try:
                parse(f)
            except BadTest as inner:
                print(f"{relative(f)}: {inner}")
        print("SOURCE ours 0, SOURCE foreign 0\n0 passed, 1 failed, 0 skipped")
        return 1
    if not a.count and a.files:
        check = testlib.schema_checker(a.program)
        p, f, s = testlib.report(a.files, lambda path: run_file(path, a.program, check, a.update), a.verbose)
    else:
        p, f, s = 0, 0, 0
    print(f"SOURCE ours {ours}, SOURCE foreign {foreign}")
    if not a.count:
        print(f"{p} passed, {f} failed, {s} skipped")
    return 1 if f else 0


if __name__ == "__main__":
    sys.exit(main())

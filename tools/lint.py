#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The house rules that a compiler does not know. Exceptions, each with its reason, are in tools/lint_allow.txt."""
import pathlib, re, subprocess, sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FILE_LINES, HEADER_LINES, DETECTOR_LINES = 600, 150, 120
FUNCTION_LINES = 72  # the rule says 60; a few more where splitting would hurt
LINE, PYTHON_LINE = 120, 132
NO_SPDX = {"", ".md", ".txt", ".test", ".1", ".json", ".yaml", ".def", ".in"}
SPDX = "SPDX-License-Identifier: Apache-2.0"

# What, where it is allowed, and what to use instead.
BANNED = [
    (r"\b(malloc|calloc|realloc|free|strdup|strndup|asprintf|vasprintf)\s*\(", r"src/base/", "an arena (base.h)"),
    (r"\b(strcpy|strcat|strncpy|strncat|sprintf|vsprintf|gets|stpcpy)\s*\(", None,
     "snprintf, arena_printf or memcpy with a checked size"),
    (r"\b(strtok|strtok_r|sscanf|scanf)\s*\(", None, "the cursors of base/str.h"),
    (r"\b(atoi|atol|atoll)\s*\(", r"src/doc/text\.c", "the cursors of base/str.h"),  # text.c: widths in our templates
    (r"\b(alloca|system|popen|mktemp|tmpnam)\s*\(", None, "an arena; os.h"),
    (r"\b(sig)?(setjmp|longjmp)\s*\(", r"src/base/base\.c", "an err_t"),
    (r"\bgoto\b", None, "return, or a function"),
    (r"\b(wchar_t|time_t|wcslen)\b", r"src/base/", "a type of known size: the host is not the target"),
    (r"\b(printf|puts|putchar)\s*\(", r"src/(front|base)/", "rows of a document: commands never print"),
    (r"__attribute__\s*\(\(\s*(__)?packed", None, "rd_ calls, field by field"),
    (r"^\s*static\s+(?!const\b|inline\b|.*\bconst\s+\w+(\[|\s*=))[\w\s*]*\b\w+(\[[^\]]*\])*\s*(=|;)", None,
     "the session or the module: no global mutable state"),
]
# How Microsoft's documents spell it; only words that no identifier of theirs has in the wrong form.
TERMS = [
    (r"\b(Windbg|WinDBG)\b", "WinDbg"),
    (r"\b(Dbghelp|DBGHelp)\b", "DbgHelp"),
    (r"\bCodeview\b", "CodeView"),
    (r"\b(NtDll|Ntdll)\b", "ntdll"),
    (r"\b(Minidump|MINIDUMP) [Ff]ile\b", "minidump file"),
    (r"\b[Bb]ug-check\b|\bBugCheck code\b", "bug check"),
    (r"\bIrql\b(?=[ ,;)](?!=))", "IRQL"),
    (r"\b(Child ?SP|childSP)\b", "Child-SP"),
    (r"\b(Ret ?Address|Retaddr|RetAdr)\b", "RetAddr"),
    (r"\b(Image base|Imagebase)\b", "ImageBase"),
    (r"\bSizeofImage\b", "SizeOfImage"),
    (r"\bTime[Dd]atestamp\b", "TimeDateStamp"),
    (r"\bWOW 64\b", "WOW64"),
    (r"\bXPress\b", "Xpress"),
]
LEFT_OVER = re.compile(r"\b(TODO|FIXME|XXX|HACK|PLACEHOLDER)\b|\bplaceholder\b")
HOST = re.compile(r"(?<![\w.~])/(work|home|root)/\w")
COUNT = re.compile(r"(?<![\w.>])(\w+(?:(?:->|\.)\w+)*)\s*=\s*(?:\(\w+\))?rd_u(?:32|64)\(")
# A replay's recipe states facts of a machine; whom to blame, and the frames, must come out of the product.
VERDICT_STATEMENT = re.compile(r"""^\s*(f?["'])?(blame|bucket|symbol_name|module_name|image_name|failure\w*|followup|frames?|"""
                               r"stack_text|bugcheck_text|description)\b(?!\w*\()(?! *[=.,\])])", re.I)
VERDICT_FIELD = re.compile(r"\b(SYMBOL_NAME|MODULE_NAME|IMAGE_NAME|FAILURE_\w+|BUCKET_ID\w*|FOLLOWUP\w*)\b")
LONG_STRING = re.compile(r'"[^"]{40,}"|"[^"]*"[^"]*"[^"]*"')  # tables of texts in tests
LOOP_ON_READ = re.compile(r"\b(for|while)\s*\(.*[<>=]\s*rd_u\d+\(")


def tracked():
    p = subprocess.run(["git", "-c", "safe.directory=*", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, text=True,
                       capture_output=True)
    if p.returncode:
        return [q for q in ROOT.rglob("*") if q.is_file() and not re.search(r"/(build[^/]*|\.git)/", str(q))]
    return [ROOT / n for n in p.stdout.splitlines() if (ROOT / n).is_file()]


def code_only(text):
    """The same text with comments and the insides of strings blanked, line by line."""
    def blank(m):
        s = m[0]
        if s[0] in "\"'":
            return s[0] + " " * (len(s) - 2) + s[0]
        return re.sub(r"[^\n]", " ", s)
    return re.sub(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', blank, text, flags=re.S)


def functions(code):
    """(name, first line, number of lines, body) of every function: a body opens and closes in column 0."""
    lines = code.split("\n")
    start = None
    for n, line in enumerate(lines):
        if line == "{" and n and start is None:
            start = n
        elif line.startswith("}") and start is not None:
            head = n0 = start - 1
            while n0 > 0 and "(" not in lines[n0]:
                n0 -= 1
            m = re.search(r"(\w+)\s*\(", lines[n0])
            yield (m[1] if m else "?"), head + 1, n - start + 1, "\n".join(lines[start:n + 1])
            start = None


def check_c(name, text):
    code = code_only(text)
    product = name.startswith(("src/", "include/"))
    for n, line in enumerate(code.split("\n"), 1):
        for pattern, allowed, instead in BANNED if product else ():
            m = re.search(pattern, line)
            if m and not (allowed and re.match(allowed, name)):
                yield "banned", n, f"{m[0].strip()[:50]}: use {instead}"
        if LOOP_ON_READ.search(line):
            yield "loop", n, "a loop bounded by what was just read: take the count through rd_count"
    if product and not name.endswith("_tab.c"):
        for function, n, length, body in functions(code):
            if length > FUNCTION_LINES:
                yield "function-lines", n, f"{function} has {length} lines, over {FUNCTION_LINES}"
            yield from unchecked_counts(function, n, body)


def unchecked_counts(function, n, body):
    for m in COUNT.finditer(body):
        v = re.escape(m[1])
        loop = rf"\b(?:for|while)\s*\([^\n]*(?:<=?|!=)\s*{v}\b|\bwhile\s*\({v}--"
        checked = (rf"(rd_count|in_range|add_ok|mul_ok|MIN)\([^;]*\b{v}\b|\bif\s*\([^;{{]*\b{v}\b\s*(>|<|!=|==)|"
                   rf"\bif\s*\([^;{{]*[<>]=?\s*{v}\b")
        if re.search(loop, body) and not re.search(checked, body):
            yield "loop", n, f"{function}: {m[1]} comes from the file and bounds a loop; take it through rd_count"


def check_text(name, path, text):
    lines = text.split("\n")
    c = path.suffix in (".c", ".h")
    prose = path.suffix in (".md", ".test", ".txt", ".1", ".json", ".yaml") or name.endswith(("meson.build", "_tab.c"))
    limit = PYTHON_LINE if path.suffix == ".py" else LINE
    script = text.startswith("#!")
    if (script or path.suffix not in NO_SPDX) and SPDX not in "\n".join(lines[:2]):
        yield "spdx", 1, f"no {SPDX}"
    if text and not text.endswith("\n"):
        yield "newline", len(lines), "no newline at the end"
    for n, line in enumerate(lines, 1):
        width = len(line.expandtabs(8))
        if not prose and width > limit and not (name.startswith(("tests/", "fuzz/")) and LONG_STRING.search(line)):
            yield "line", n, f"{width} columns, over {limit}"
        if line != line.rstrip() and path.suffix not in (".test", ".md"):
            yield "blank", n, "blanks at the end of the line"
        if HOST.search(line) and not name.startswith((".ci/", "tools/lint.py")):
            yield "host", n, f"a path of some machine: {line.strip()[:60]}"
        if LEFT_OVER.search(line) and name != "tools/lint.py" and path.suffix != ".test":
            yield "left-over", n, line.strip()[:80]
        if c or path.suffix == ".md":
            for pattern, right in TERMS:
                m = re.search(pattern, line)
                if m:
                    yield "term", n, f"{m[0]}: Microsoft writes {right}"


def check_replay(name, lines):
    """What makes recipes may not read a verdict of the text, nor state one."""
    if name.endswith(("replay.py", "golden_text.py", "exceptions.txt")):
        return
    for n, line in enumerate(lines, 1):
        m = VERDICT_STATEMENT.match(line) or VERDICT_FIELD.search(line)
        if m:
            yield "replay", n, f"a verdict in a recipe: {m[0].strip()}"


def check_size(name, lines):
    limit, rule = FILE_LINES, "file-lines"
    if name.endswith(".h") and not name.startswith("tests/"):
        limit, rule = HEADER_LINES, "header-lines"
    elif name.startswith("src/detect/") and pathlib.Path(name).stem in detectors():
        limit, rule = DETECTOR_LINES, "detector-lines"
    if name.endswith((".c", ".h", ".py", ".sh")) and not name.endswith("_tab.c") and lines > limit:
        yield rule, lines, f"{lines} lines, over {limit}"


def detectors():
    path = ROOT / "src" / "detect" / "LIST"
    return path.read_text().split() if path.exists() else []


def check_packages():
    text = (ROOT / "tools" / "packages.txt").read_text()
    rows = [x.split(None, 2) for x in text.splitlines() if not x.startswith("#")]
    for row in rows:
        if len(row) != 3:
            yield "packages", 1, f"{' '.join(row)}: tier, package, reason"
    names = [r[1] for r in rows if len(r) == 3]
    if len(set(names)) != len(names):
        yield "packages", 1, "a package twice"


def allowances():
    """{(rule, file, word of the remark): was it needed}"""
    out = {}
    for line in (ROOT / "tools" / "lint_allow.txt").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            rule, name, word, _ = line.split(None, 3)
            out[rule, name, word] = False
    return out


def main():
    allow, bad, files = allowances(), 0, 0
    for path in tracked():
        name = str(path.relative_to(ROOT))
        data = path.read_bytes()
        if b"\0" in data or name.startswith(("fuzz/corpus/", "LICENSE")) or not data:
            continue
        text = data.decode("utf-8", "replace")
        files += 1
        found = [*check_text(name, path, text), *check_size(name, text.count("\n"))]
        if path.suffix in (".c", ".h"):
            found += check_c(name, text)
        if name.startswith("tests/replay/"):
            found += check_replay(name, text.split("\n"))
        if name == "tools/packages.txt":
            found += check_packages()
        for rule, n, what in found:
            argued = [k for k in allow if k[:2] == (rule, name) and k[2] in what]
            for k in argued:
                allow[k] = True
            if not argued:
                print(f"{name}:{n}: {rule}: {what}")
                bad += 1
    for key in sorted(k for k, needed in allow.items() if not needed):
        print(f"tools/lint_allow.txt: {' '.join(key)}: not needed")
        bad += 1
    print(f"{files} files, {bad} remarks")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())

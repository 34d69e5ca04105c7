#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Our undecorated names against llvm-undname-19 and llvm-cxxfilt-19, over every decorated name of the corpus and of the
libraries on this machine (undname_names.py). Blanks after commas are ignored, nothing else. --quick: a sample."""
import os, re, subprocess, sys

import undname_names
from undname_names import ROOT

UNDNAME, CXXFILT = "llvm-undname-19", "llvm-cxxfilt-19"
SAMPLE = 4000

# Names that may differ, one by one, with the reason.
EXPLAINED = {
    b"??$_Get_unwrapped@AEBQEAV?$shared_ptr@VItem@@@std@@@std@@YA?A_TAEBQEAV?$shared_ptr@VItem@@@0@@Z":
        "llvm-undname-19 does not know the return type decltype(auto) (_T); llvm-undname-20 and we do",
    b"??$_To_absolute_time@_JU?$ratio@$00$00@std@@@std@@YA?A_PAEBV?$duration@_JU?$ratio@$00$00@std@@@chrono@0@@Z":
        "llvm-undname-19 does not know the return type auto (_P); llvm-undname-20 and we do",
    b"??_C@_0BB@PFFGGCJ@@Unknown?5Filename?$AA@":
        'its checksum has seven digits and a second @; llvm-undname takes that for the end and writes ""...',
}
# How dbghelp (-d) writes what LLVM writes otherwise; blanks are left out on both sides. (what, LLVM's, dbghelp's)
SPELLING = [
    ("destructors that compilers make", rb"(`[a-zA-Z ]*)\bdtor\b", rb"\1destructor"),
    ("constructors that compilers make", rb"(`[a-zA-Z ]*)\bctor\b", rb"\1constructor"),
    ("numbered guards end in a quotation mark", rb"(guard'\{\d+\})(?!')", rb"\1'"),
    ("thunks of virtual calls end in more", rb"(`vcall'\{\d+,\{flat\}\})(?!')", rb"\1'}'"),
    ("private adjustors are virtual", rb"(\[thunk\]:\s*private: )(?!virtual)(?=.*`adjustor)", rb"\1virtual "),
]


def ours(names, *options):
    tool = os.environ.get("DUMPSCOPE", os.path.join(ROOT, "build", "dumpscope"))
    if not os.path.exists(tool):
        sys.exit(f"{tool}: not built (or set DUMPSCOPE)")
    return lines([tool, "undname", *options], names)


def lines(command, names):
    out = subprocess.run(command, input=b"\n".join(names) + b"\n", stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout
    return out.split(b"\n")[:-1]


def llvm_undname(names):
    """It answers each name with the name, the text or an error, warnings, and a blank line."""
    out, answers = iter(lines([UNDNAME], names)), []
    for name in names:
        assert next(out) == name
        text = next(out)
        answers.append(name if text.startswith(b"error:") else text)
        while next(out, b""):
            pass
    return answers


def cxxfilt(names):
    # On this system the program takes no name with a second leading underscore, which 32-bit Windows writes.
    stripped = [n[1:] if n.startswith(b"__Z") else n for n in names]
    return [n if t == s else t for n, s, t in zip(names, stripped, lines([CXXFILT], stripped))]


ESCAPES = {b"SP": b"@", b"BP": b"*", b"RF": b"&", b"LT": b"<", b"GT": b">", b"LP": b"(", b"RP": b")", b"C": b","}


def legacy(names):
    """As C++ names they end in ::h<hash>; parts have escapes, and two dots for ::."""
    def part(text):
        text = re.sub(rb"(^|::)_\$", rb"\1$", text)
        text = re.sub(rb"\$(\w+?)\$", lambda m: ESCAPES.get(m[1]) or chr(int(m[1][1:], 16)).encode(), text)
        return text.replace(b"..", b"::")
    return [n if t == n else part(re.sub(rb"::h[0-9a-f]{16}(?= \(\.|$)", b"", t)) for n, t in zip(names, cxxfilt(names))]


def commas(text):
    return text.replace(b", ", b",")


def compare(what, names, mine, theirs, same=lambda a, b: commas(a) == commas(b)):
    """Prints the sums and what differs; the number of unexplained differences."""
    assert len(names) == len(mine) == len(theirs), (what, len(names), len(mine), len(theirs))
    bad = [(n, a, b) for n, a, b in zip(names, mine, theirs) if not same(a, b)]
    known = [b for b in bad if b[0] in EXPLAINED]
    left = sum(n == t for n, t in zip(names, theirs))
    print(f"{what}: {len(names)} names, {len(names) - len(bad)} equal ({left} of all are left alone by the judge), "
          f"{len(known)} explained, {len(bad) - len(known)} differ")
    for n, _, _ in known:
        print(f"  explained: {n.decode('latin-1')}: {EXPLAINED[n]}")
    for n, a, b in [b for b in bad if b[0] not in EXPLAINED][:10]:
        print("  " + n.decode("latin-1") + "\n    ours   " + a.decode("latin-1") + "\n    theirs " + b.decode("latin-1"))
    return len(bad) - len(known)


def conversion(name, text):
    """LLVM writes the type that an operator converts to twice: as its name, and as the type that it returns."""
    if not re.match(rb"\?\?(\$\?)?B", name):
        return text
    pointer, n = re.subn(rb"^((?:\w+: )?)[^(]* \(\w+ \*+ (__\w+call .*)\)\([^()]*\)$", rb"\1\2", text)
    return pointer if n else re.sub(rb"^((?:\w+: )?(?:virtual )?)[^(]* (?=__(?:cdecl|thiscall) )", rb"\1", text)


def dbghelp(names, theirs):
    """-d says the same in dbghelp's spelling; string literals are only `string' there."""
    counts = {what: 0 for what, _, _ in SPELLING}
    pairs = [(n, t) for n, t in zip(names, theirs) if not n.startswith(b"??_C@") and n != t]
    expected = []
    for name, text in pairs:
        text = conversion(name, text)
        for what, llvm, ms in SPELLING:
            text, n = re.subn(llvm, ms, text)
            counts[what] += n
        expected.append(text)
    names = [n for n, _ in pairs]

    def same(mine, want):
        return mine.replace(b" ", b"") == want.replace(b" ", b"")
    failed = compare("dbghelp's spelling", names, ours(names, "-d"), expected, same)
    for what, n in counts.items():
        print(f"  {n} times: {what}")
    return failed


def bare(text):
    return re.sub(rb"\b(class|struct|union|enum) ", b"", text).replace(b" ", b"")


def name_only(names, theirs):
    """-n is a part of the full form, but for functions with names inside, whose types are left out too."""
    pairs = [(n, t) for n, t in zip(names, theirs)
             if n != t and not n.startswith(b"??_C@") and b"''" not in t and b"'::`" not in t and b"[thunk]" not in t
             and b"$1?" not in n and b"$E?" not in n and b"$H?" not in n]
    for _, llvm, ms in SPELLING:
        pairs = [(n, re.sub(llvm, ms, t)) for n, t in pairs]
    names = [n for n, _ in pairs]
    mine = ours(names, "-n")

    def same(text, full):
        return bare(text) in bare(full)
    return compare("names only", names, mine, [t for _, t in pairs], same)


def main():
    quick = "--quick" in sys.argv
    total = failed = 0
    for kind in ("ms", "itanium", "rust"):
        names = undname_names.names(kind, quick)
        if quick:
            names = names[::max(1, len(names) // SAMPLE)]
        if kind == "ms":
            theirs = llvm_undname(names)
            failed += compare("MSVC", names, ours(names), theirs)
            failed += dbghelp(names, theirs)
            failed += name_only(names, theirs)
        elif kind == "itanium":
            failed += compare("Itanium", names, ours(names), cxxfilt(names))
        else:
            v0 = [n for n in names if n.startswith(b"_R")]
            old = [n for n in names if not n.startswith(b"_R")]
            failed += compare("Rust v0", v0, ours(v0), cxxfilt(v0))
            failed += compare("Rust legacy", old, ours(old), legacy(old))
        total += len(names)
    print(f"{total - failed} passed, {failed} failed")
    return failed != 0


sys.exit(main())

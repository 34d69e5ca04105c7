#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Holds !peb to others: its offsets (src/win/peb.c) to the corpus' ISF files of nt and ntdll, and its lists of modules to
the module lists of the corpus' user dumps, which their writers took from elsewhere. Skipped without DS_CORPUS."""
import json, lzma, os, pathlib, re, subprocess, sys, tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
TYPES = {"PEB": "_PEB", "LDR": "_PEB_LDR_DATA", "PARAMETERS": "_RTL_USER_PROCESS_PARAMETERS",
         "ENTRY": "_LDR_DATA_TABLE_ENTRY"}
NAMES = {"LDR_IN_LOAD_ORDER": "InLoadOrderModuleList", "LDR_IN_MEMORY_ORDER": "InMemoryOrderModuleList",
         "LDR_IN_INITIALIZATION_ORDER": "InInitializationOrderModuleList"}


def table():
    text = (ROOT / "src/win/peb.c").read_text()
    for m in re.finditer(r"\[(([A-Z]+)_(\w+))\] = \{ (\w+), (\w+), \d \}", text):
        name = NAMES.get(m[1]) or "".join(w.capitalize() for w in m[3].split("_"))
        yield TYPES[m[2]], name.lower(), int(m[4], 0), int(m[5], 0)


def judge_offsets(corpus, quick):
    rows, good, bad = list(table()), 0, 0
    files = sorted((corpus / "layouts").glob("*-isf/**/*.json.xz"))
    for f in files[::4] if quick else files:
        types = json.load(lzma.open(f)).get("user_types", {})
        if "_PEB_LDR_DATA" not in types:
            continue
        wide = types["_PEB_LDR_DATA"]["size"] > 0x30
        for type_, name, narrow, offset in rows:
            fields = {k.lower(): v["offset"] for k, v in types.get(type_, {"fields": {}})["fields"].items()}
            if name in fields:
                same = fields[name] == (offset if wide else narrow)
                good, bad = good + same, bad + (not same)
                if not same:
                    print(f"{f.name}: {type_}.{name}: table {offset if wide else narrow:#x}, ISF {fields[name]:#x}")
    return good, bad


def items(program, dump, command):
    out = subprocess.run([program, "--json", "-z", dump, "-c", command + "; q"], capture_output=True, timeout=60).stdout
    for line in out.splitlines():
        document = json.loads(line)
        if document.get("command") == command:
            return document
    return {"items": [], "notes": []}


def judge_modules(program, dump):
    """None: the dump holds no whole list. Every module of the loader is one of the dump, and the other way round."""
    peb = items(program, dump, "!peb")
    found = {int(r["base"], 16) for r in peb["items"] if r["row"] == "peb_module"}
    if not found or any(n["code"] in ("peb.modules", "peb.ldr") for n in peb["notes"]):
        return None
    listed = {int(r["start"], 16) for r in items(program, dump, "lm")["items"] if r["row"] == "module"}
    if found != listed:
        print(f"{dump}: loader only {[hex(x) for x in found - listed]}, dump only {[hex(x) for x in listed - found]}")
    return found == listed


def main():
    corpus, quick = os.environ.get("DS_CORPUS"), "--quick" in sys.argv
    program = pathlib.Path(os.environ.get("DS_BUILD", ROOT / "build")) / "dumpscope"
    if not corpus or not program.is_file():
        print("skipped: no corpus, or no program")
        return 0
    corpus = pathlib.Path(corpus)
    good, bad = judge_offsets(corpus, quick)
    lists, offsets = 0, good
    with tempfile.TemporaryDirectory() as tmp:
        for f in sorted(corpus.glob("user/*.[dD][mM][pP]")) + sorted(corpus.glob("lab/*/*.dmp.xz")):
            path = f
            if f.suffix == ".xz":
                path = pathlib.Path(tmp) / f.stem
                path.write_bytes(lzma.open(f).read())
            same = judge_modules(program, path)
            lists, good, bad = lists + (same is not None), good + (same is True), bad + (same is False)
    print(f"{offsets} offsets, {lists} lists of modules")
    print(f"{good} passed, {bad} failed")
    return bad != 0 or not lists


sys.exit(main())

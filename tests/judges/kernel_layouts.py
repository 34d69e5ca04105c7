#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the built-in table of kernel layouts (src/win/layout_tab.c) to the corpus' ISF files: every offset of every build
that an ISF describes must be one that some ISF of the build has. Skipped without DS_CORPUS."""
import json, lzma, os, pathlib, re, sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Builds of the ISFs by GUID are told by the structures' sizes; _EPROCESS sizes as in layout.c.
SIZES = {7601: (0x4f8, 0x4d0), 9600: (0x708, 0x700), 14393: (0x7d0, 0x7c8), 17763: (0x858, 0x850, 0x848),
         18362: (0x880,), 19041: (0xa40,), 20348: (0xbc0,), 22000: (0xb80,)}


def table():
    text = (ROOT / "src/win/layout_tab.c").read_text()
    builds = [int(b) for b in re.search(r"LAYOUT_BUILDS\] = \{([^}]*)\}", text)[1].split(",")]
    for m in re.finditer(r'\{ "(\w+)", "(\w+)", \{([^}]*)\} \}', text):
        for build, off in zip(builds, m[3].split(",")):
            yield build, m[1], m[2], int(off, 0)


def field(types, name, path):
    t = types.get(name)
    f = t and t["fields"].get(path)
    return None if f is None else f["offset"]


def inner(types, name, path):
    """A field of the type itself or of one of its unnamed members."""
    off = field(types, name, path)
    if off is not None or name not in types:
        return off
    for key, f in types[name]["fields"].items():
        kind = f["type"]
        if kind.get("kind") in ("struct", "union") and kind["name"].startswith("__unnamed"):
            sub = inner(types, kind["name"], path)
            if sub is not None:
                return f["offset"] + sub
    return None


def main():
    corpus = os.environ.get("DS_CORPUS")
    folder = corpus and pathlib.Path(corpus) / "layouts/nt-isf/ntkrnlmp.pdb"
    if not folder or not folder.is_dir():
        print("skipped: no corpus")
        return 0
    rows = list(table())
    files = sorted(folder.glob("*.json.xz"))
    if "--quick" in sys.argv:
        files = files[::6]
    seen, good, bad = {}, 0, 0
    for f in files:
        types = json.load(lzma.open(f))["user_types"]
        size = types["_EPROCESS"]["size"]
        for build in [b for b, s in SIZES.items() if size in s]:
            for b, t, name, off in rows:
                # layout.c takes these only when the processor's block has the size that the table is about.
                if build == 7601 and t == "_KPRCB" and off >= 0x40 and types[t]["size"] != 0x6f00:
                    continue
                if b == build and off >= 0:
                    seen.setdefault((b, t, name, off), set()).add(inner(types, t, name))
    for (b, t, name, off), found in sorted(seen.items()):
        if off in found or found == {None}:
            good += off in found
        else:
            bad += 1
            print(f"{b} {t}.{name}: table {off:#x}, ISF {sorted(hex(x) for x in found if x is not None)}")
    print(f"{len(files)} ISF files, {len(rows)} rows")
    print(f"{good} passed, {bad} failed")
    return bad != 0


sys.exit(main())

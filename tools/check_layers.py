#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Holds src/ to the house's floors: fails when a file includes a header of its own floor's neighbour or of a higher
floor, when only base/os_*.c may know something and another file does, or when a LIST and its folder disagree."""
import pathlib, re, sys

# One line per floor, lowest first. Folders on the same line may not include each other.
FLOORS = [["base"], ["type", "store", "script"], ["doc", "dump", "pe", "pdb", "dwarf", "pack"], ["mem"], ["arch"], ["target"],
          ["sym"], ["stack"], ["value"], ["expr", "win"], ["verdict", "detect", "write", "dx"], ["cmd"], ["front"]]
FLOOR = {d: i for i, line in enumerate(FLOORS) for d in line}
# A program of its own beside the house: stands on the ground, nothing stands on it.
FLOOR["helper"] = len(FLOORS)
APART = {"helper": {"base"}}
# The order of these lists means something (order of trial, or of the help); the others are sorted.
ORDERED = {"detect", "dump", "arch", "sym", "cmd", "front"}
# Only these know the host or untrusted archives and the network.
ONLY = [(re.compile(r"#\s*if.*\b_WIN32\b"), re.compile(r"base/os_"), "_WIN32"),
        (re.compile(r'#include [<"](curl|archive)[/_.]?'), re.compile(r"helper/"), "libcurl and libarchive")]


def includes(root):
    for f in sorted(root.rglob("*.[ch]")):
        here = f.relative_to(root)
        me = here.parts[0]
        if me not in FLOOR:
            yield f"{f}: no floor has a folder {me}"
            continue
        for n, line in enumerate(f.read_text().splitlines(), 1):
            m = re.match(r'#include "([^"]+)"', line)
            if m:
                yield from include(f, n, me, m[1], root)
            for what, where, name in ONLY:
                if what.search(line) and not where.search(str(here)):
                    yield f"{f}:{n}: {name} does not belong here"


def include(f, n, me, path, root):
    folder, slash, name = path.partition("/")
    if path == "dumpscope.h":
        if me != "front":
            yield f"{f}:{n}: only front/ serves the public header"
    elif not slash or folder == "..":
        yield f'{f}:{n}: write #include "{me}/{path}"'
    elif folder not in FLOOR:
        yield f"{f}:{n}: no floor has a folder {folder}"
    elif folder != me and me in APART and folder not in APART[me]:
        yield f"{f}:{n}: {me} includes {folder}, it may include only {' '.join(APART[me])}"
    elif folder != me and FLOOR[folder] >= FLOOR[me]:
        yield f"{f}:{n}: {me} (floor {FLOOR[me]}) includes {folder} (floor {FLOOR[folder]})"
    elif folder != me and name.endswith("_int.h"):
        yield f"{f}:{n}: {path} belongs to {folder} alone"
    elif name.endswith(".h") and not (root / path).exists():
        yield f"{f}:{n}: no file {path}"


def tables(root):
    """{folder: (file of an entry, object, type)} as src/meson.build has it."""
    rows = re.findall(r"\['(\w+)', '([^']+)', '([^']+)', '(\w+)', '\w+'\]", (root / "meson.build").read_text())
    return {folder: (file.replace("@0@", "{}"), name.replace("@0@", "{}"), kind) for folder, file, name, kind in rows}


def lists(root):
    for folder, (file, what, kind) in tables(root).items():
        path = root / folder / "LIST"
        if not path.exists():
            continue
        names = path.read_text().strip().split("\n")
        for name in names:
            if not re.fullmatch(r"\w+", name):
                yield f"{path}: {name!r} is not one word"
        if len(set(names)) != len(names):
            yield f"{path}: a name twice"
        if folder not in ORDERED and names != sorted(names):
            yield f"{path}: not in alphabetical order"
        for name in names:
            source = root / folder / file.format(name)
            if not source.exists():
                yield f"{path}: {name}: no file {source.name}"
            elif not re.search(rf"^const struct {kind} {what.format(name)}\b", source.read_text(), re.M):
                yield f"{source}: defines no `const struct {kind} {what.format(name)}`"
        defined = re.compile(rf"^const struct {kind} {what.format('')}(\w+)\b(?!\[)", re.M)
        for source in sorted((root / folder).glob("*.c")):
            for m in defined.finditer(source.read_text()):
                if m[1] not in names:
                    yield f"{source}: {m[1]} is not in {path}"


def built(root):
    """Every source file is compiled: it is named in meson.build, or in a LIST."""
    build = "".join(p.read_text() for p in (root / "meson.build", root.parent / "meson.build") if p.exists())
    listed = {f"{folder}/{file.format(name)}" for folder, (file, _, _) in tables(root).items()
              if (root / folder / "LIST").exists() for name in (root / folder / "LIST").read_text().split()}
    for f in sorted(root.rglob("*.c")):
        name = str(f.relative_to(root))
        if name not in build and name not in listed:
            yield f"{f}: neither in src/meson.build nor in a LIST"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "src")
    bad = [*includes(root), *lists(root), *built(root)]
    for line in bad:
        print(line)
    print(f"{len(list(root.rglob('*.[ch]')))} files on {len(FLOORS)} floors, {len(bad)} wrong")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())

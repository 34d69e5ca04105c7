#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Holds src/ to the house's floors: fails when a file includes a header of its own floor's neighbour or of a higher
floor, when only base/os_*.c may know something and another file does, or when a LIST and its folder disagree."""
import pathlib, re, sys

# One line per floor, lowest first. Folders on the same line may not include each other.
FLOORS = [["base"], ["doc", "dump", "pe", "pdb"], ["mem"], ["arch"], ["target"], ["type"], ["sym"],
          ["stack", "expr"], ["win"], ["verdict", "detect"], ["cmd"], ["front"]]
FLOOR = {d: i for i, line in enumerate(FLOORS) for d in line}
# Folders with a LIST: file of an entry, object that it defines (src/meson.build has the same table), and whether the
# order of the list means something (order of trial) or is the alphabet's.
TABLES = {"dump": ("{}.c", "dump_format dump_{}", True), "arch": ("{}.c", "arch arch_{}", True),
          "sym": ("prov_{}.c", "symbol_provider provider_{}", True), "detect": ("{}.c", "detector detect_{}", False),
          "cmd": ("{}.c", "cmd cmd_{}", False)}
# Only these know the host or untrusted archives and the network.
ONLY = [(re.compile(r"#\s*if.*\b_WIN32\b"), re.compile(r"base/os_"), "_WIN32"),
        (re.compile(r'#include [<"](curl|archive)[/_.]?'), re.compile(r"helper|unpack_main"), "libcurl and libarchive")]


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
    if not slash or folder == "..":
        yield f'{f}:{n}: write #include "{me}/{path}"'
    elif folder not in FLOOR:
        yield f"{f}:{n}: no floor has a folder {folder}"
    elif folder != me and FLOOR[folder] >= FLOOR[me]:
        yield f"{f}:{n}: {me} (floor {FLOOR[me]}) includes {folder} (floor {FLOOR[folder]})"
    elif folder != me and name.endswith("_int.h"):
        yield f"{f}:{n}: {path} belongs to {folder} alone"
    elif name.endswith(".h") and not (root / path).exists():
        yield f"{f}:{n}: no file {path}"


def lists(root):
    for folder, (file, what, ordered) in TABLES.items():
        path = root / folder / "LIST"
        if not path.exists():
            continue
        names = path.read_text().strip().split("\n")
        for name in names:
            if not re.fullmatch(r"\w+", name):
                yield f"{path}: {name!r} is not one word"
        if len(set(names)) != len(names):
            yield f"{path}: a name twice"
        if not ordered and names != sorted(names):
            yield f"{path}: not in alphabetical order"
        for name in names:
            source = root / folder / file.format(name)
            if not source.exists():
                yield f"{path}: {name}: no file {source.name}"
            elif not re.search(rf"^const struct {what.format(name)}\b", source.read_text(), re.M):
                yield f"{source}: defines no `const struct {what.format(name)}`"
        kind, prefix = what.split(" ")
        defined = re.compile(rf"^const struct {kind} {prefix.format('')}(\w+)\b(?!\[)", re.M)
        for source in sorted((root / folder).glob("*.c")):
            for m in defined.finditer(source.read_text()):
                if m[1] not in names:
                    yield f"{source}: {m[1]} is not in {path}"


def built(root):
    """Every source file is compiled: it is named in meson.build, or in a LIST."""
    build = "".join(p.read_text() for p in (root / "meson.build", root.parent / "meson.build") if p.exists())
    for f in sorted(root.rglob("*.c")):
        folder, name = f.relative_to(root).parts[0], f.name
        listed = root / folder / "LIST"
        in_list = folder in TABLES and listed.exists() and any(
            TABLES[folder][0].format(n) == name for n in listed.read_text().split())
        if f"{folder}/{name}" not in build and not in_list and f"'{name}'" not in build:
            yield f"{f}: not in src/meson.build"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "src")
    bad = [*includes(root), *lists(root), *built(root)]
    for line in bad:
        print(line)
    print(f"{len(list(root.rglob('*.[ch]')))} files on {len(FLOORS)} floors, {len(bad)} wrong")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())

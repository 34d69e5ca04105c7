#!/usr/bin/env python3
"""Fail when a file includes a header of its own floor's neighbour or of a higher floor."""
import pathlib, re, sys

# One line per floor, lowest first. Folders on the same line may not include each other.
FLOORS = [["base"], ["doc", "dump", "pe", "pdb"], ["mem"], ["arch"], ["target"], ["type"], ["sym"],
          ["stack", "expr"], ["win"], ["verdict", "detect"], ["cmd"], ["front"]]
floor = {d: i for i, line in enumerate(FLOORS) for d in line}
root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "src")
bad = 0
for f in sorted(root.rglob("*.[ch]")):
    me = f.relative_to(root).parts[0]
    for n, line in enumerate(f.read_text().splitlines(), 1):
        m = re.match(r'#include "(\w+)/', line)
        if m and me in floor and m[1] != me and floor.get(m[1], 99) >= floor[me]:
            print(f"{f}:{n}: {me} (floor {floor[me]}) includes {m[1]} (floor {floor.get(m[1])})")
            bad += 1
sys.exit(bool(bad))

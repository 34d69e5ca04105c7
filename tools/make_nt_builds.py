#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes src/target/nt_builds_tab.c: which kernel image is which version, and which PDB a kernel has by the distances of
its globals. Run by hand when the sources have news:
    tools/make_nt_builds.py kphdyn.xml.xz nt-globals-rva-by-guid.json.xz
kphdyn.xml: winsiderss/systeminformer (MIT). The second file lists RVAs that were read out of the symbol tables of
JPCERTCC/Windows-Symbol-Tables (BSD-3-Clause); only numbers are taken."""
import json, lzma, pathlib, re, sys

HEAD = """// SPDX-License-Identifier: Apache-2.0
// nt_builds_tab.c: made by tools/make_nt_builds.py; do not edit.
#include "target/nt_builds.h"

"""
MACHINES = {"amd64": 0x8664, "arm64": 0xaa64, "i386": 0x14c, "x86": 0x14c}


def images(path):
    text = lzma.open(path, "rt").read()
    rows = set()
    for m in re.finditer(r'<data arch="(\w+)" version="10\.0\.(\d+)\.(\d+)" file="(nt[^"]*)"[^>]*'
                         r'timestamp="(0x\w+)" size="(0x\w+)"', text):
        if m[1] in MACHINES:
            rows.add((int(m[5], 16), int(m[6], 16), MACHINES[m[1]], int(m[2]), int(m[3])))
    return sorted(rows)


def pdbs(path):
    rows = []
    for e in json.load(lzma.open(path)):
        s = e["sym"]
        names = ("KdDebuggerDataBlock", "PsLoadedModuleList", "PsActiveProcessHead")
        if all(n in s for n in names):
            rows.append((*[s[n] for n in names], e["guid"].upper(), e["age"], e["db"]))
    return sorted(rows)


def guid_bytes(text):
    b = bytes.fromhex(text)
    b = b[3::-1] + b[5:3:-1] + b[7:5:-1] + b[8:]
    return ", ".join(f"0x{x:02x}" for x in b)


def main():
    image, pdb = images(sys.argv[1]), pdbs(sys.argv[2])
    out = HEAD + "const struct nt_image nt_images[] = {\n"
    out += "".join(f"\t{{ {t:#010x}, {s:#x}, {m:#x}, {b}, {r} }},\n" for t, s, m, b, r in image)
    out += "};\nconst size_t nt_n_images = sizeof(nt_images) / sizeof(nt_images[0]);\n\n"
    out += "const struct nt_pdb nt_pdbs[] = {\n"
    out += "".join(f'\t{{ {k:#x}, {l:#x}, {p:#x}, {{ {guid_bytes(g)} }}, {a}, "{db}" }},\n' for k, l, p, g, a, db in pdb)
    out += "};\nconst size_t nt_n_pdbs = sizeof(nt_pdbs) / sizeof(nt_pdbs[0]);\n"
    here = pathlib.Path(__file__).resolve().parents[1] / "src/target/nt_builds_tab.c"
    here.write_text(out)
    print(f"{len(image)} images, {len(pdb)} PDBs")


main()

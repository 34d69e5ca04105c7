# SPDX-License-Identifier: Apache-2.0
"""For the judges of kernel dumps: random dumps by tests/make/mk_kdump.py, and what kernel_pages says of them."""
import random, subprocess, sys

import dump_tools

sys.path.insert(0, str(dump_tools.ROOT / "tests" / "make"))
import mk_kdump  # noqa: E402

FORMS = ("transition", "demandzero", "pagefile 0 4321", "pagefile 2 ffff", "protovad", "empty")
BASES = {"x64": (0xFFFFA00000000000, 0xFFFFF90000000000, 0x7F0000000000), "x86": (0x90000000, 0x10000000),
         "arm64": (0xFFFFA00000000000, 0xFFFFF90000000000)}


def recipe(machine, kind, seed, extra=()):
    """(text, virtual addresses to ask for)"""
    r = random.Random(seed)
    arch = {"x86pae": "x86", "la57": "x64"}.get(machine, machine)
    small = {"x86": "kernel_small_x86", "arm64": "kernel_small_arm64"}.get(arch, "kernel_small")
    lines, vas = [f"kdump {machine} {kind}", f"use {small}", *extra], []
    for base in BASES[arch]:
        for _ in range(24):
            va = base + r.randrange(1 << (27 if arch == "x86" else 38)) // 4096 * 4096
            vas += [va, va + r.randrange(4096), va + 4096, va ^ 1 << r.randrange(12, 31 if arch == "x86" else 47)]
            shape = r.random()
            if shape < 0.6:
                lines.append(f"memory {va + r.randrange(4000):x}: hex {r.randbytes(r.randrange(1, 96)).hex()}")
            elif shape < 0.7:
                lines.append(f"map {va:x} size {r.randrange(1, 6) * 4096:x}" + r.choice(("", " ro", " user nx")))
            elif shape < 0.8:
                big = 1 << (22 if machine == "x86" else 21)
                pa = (0x40000000 + r.randrange(64) * big)
                lines += [f"map {va // big * big:x} pa {pa:x} large", f"phys {pa + 0x5000:x}: {r.randrange(1 << 60):x}"]
                vas += [va // big * big + r.randrange(big) for _ in range(3)]
            elif shape < 0.85:
                lines.append(f"map {va:x} absent")
            else:
                form = r.choice(FORMS if machine != "x86" else [f for f in FORMS if f != "protovad"])
                lines += [f"memory {va:x}: {r.randrange(1 << 32):x}", f"pte {va:x} {form}"]
    limit = (1 << 32 if arch == "x86" else 1 << 64) - 1
    vas += [0xFFFFF80000000000, 0xFFFFF78000000000, 0xFFFFF6FB7DBED000, 0xFFDF0000, 0x82A00000, 0xC0000000]
    return "\n".join(lines) + "\n", [v & limit for v in vas]


def forge(text, path):
    mk_kdump.recipe(text).save(path)


def ours(path, vas):
    """({physical address: digest}, {virtual address: [physical or "-", state, shift]})"""
    p = subprocess.run([dump_tools.tool("kernel_pages"), path], input="".join(f"{v:x}\n" for v in vas), text=True,
                       capture_output=True, timeout=120, check=True)
    pages, walks = {}, {}
    for line in p.stdout.splitlines():
        kind, at, *rest = line.split()
        (pages if kind == "P" else walks)[int(at, 16)] = rest[0] if kind == "P" else rest
    return pages, walks

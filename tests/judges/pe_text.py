# SPDX-License-Identifier: Apache-2.0
"""For the disassembly judges: the PE images of the corpus, their code, and the two disassemblers' lines."""
import os, re, struct, subprocess, sys, tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OBJDUMP = "llvm-objdump-19"


def corpus():
    path = os.environ.get("DS_CORPUS", os.path.join(ROOT, "..", "shared", "corpus"))
    if not os.path.isdir(path):
        print("skipped: no corpus")
        sys.exit(77)
    return path


def dump_tool():
    path = os.environ.get("DS_DISASM_DUMP", os.path.join(ROOT, "build", "tests", "disasm_dump"))
    if not os.path.exists(path):
        sys.exit(f"{path}: not built (or set DS_DISASM_DUMP)")
    return path


def pe_sections(path):
    """(machine, image base, [(name, file offset, size, va)]) of the executable sections; None if no PE."""
    with open(path, "rb") as f:
        b = f.read()
    if b[:2] != b"MZ" or len(b) < 64:
        return None
    o = struct.unpack_from("<I", b, 60)[0]
    if o + 24 > len(b) or b[o:o + 4] != b"PE\0\0":
        return None
    machine, count = struct.unpack_from("<HH", b, o + 4)
    opt = o + 24
    opt_size = struct.unpack_from("<H", b, o + 20)[0]
    plus = struct.unpack_from("<H", b, opt)[0] == 0x20b
    base = struct.unpack_from("<Q", b, opt + 24)[0] if plus else struct.unpack_from("<I", b, opt + 28)[0]
    found = []
    for i in range(count):
        h = opt + opt_size + 40 * i
        if h + 40 > len(b):
            break
        vsize, rva, rsize, roff = struct.unpack_from("<IIII", b, h + 8)
        if struct.unpack_from("<I", b, h + 36)[0] & 0x20000020 and rsize:
            name = b[h:h + 8].rstrip(b"\0").decode("latin-1")
            found.append((name, roff, min(vsize or rsize, rsize, len(b) - roff), base + rva))
    return machine, base, found


def images(machines):
    """Every PE of the corpus for one of the machines, sorted."""
    for folder, _, files in sorted(os.walk(corpus())):
        for name in sorted(files):
            path = os.path.join(folder, name)
            with open(path, "rb") as f:
                if f.read(2) != b"MZ":
                    continue
            pe = pe_sections(path)
            if pe and pe[0] in machines:
                yield path, pe


LINE = re.compile(r"^\s*([0-9a-f]+): ((?:[0-9a-f]{2} ?)+|[0-9a-f]{8})\s*\t(.*)$")


def objdump_lines(path, limit, extra):
    """[(va, hexadecimal bytes, text)] in objdump's order, at most `limit` of them."""
    p = subprocess.Popen([OBJDUMP, "-d", "--no-leading-headers", *extra, path], stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, text=True, errors="replace")
    got = []
    for line in p.stdout:
        m = LINE.match(line.rstrip("\n"))
        if m:
            got.append((int(m[1], 16), m[2].replace(" ", ""), m[3].strip()))
            if len(got) >= limit:
                p.kill()
                break
    p.stdout.close()
    p.wait()
    return got


def our_lines(path, pe, addresses):
    """{va: (length, mnemonic, operands, facts as disasm_dump prints them)} at the addresses."""
    out = {}
    for _, off, size, va in pe[2]:
        mine = [a for a in addresses if va <= a < va + size]
        if not mine:
            continue
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as f:
            f.write("\n".join(f"{a:x}" for a in mine))
            f.flush()
            text = subprocess.run([dump_tool(), hex(pe[0]), path, str(off), str(size), hex(va), f.name],
                                  stdout=subprocess.PIPE, text=True, check=True).stdout
        for line in text.splitlines():
            at, n, _, rest = line.split(" ", 3)
            mnemonic, operands, facts = rest.split("|")
            out[int(at, 16)] = (int(n), mnemonic, operands, facts)
    return out

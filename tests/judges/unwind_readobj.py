#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Judge: llvm-readobj agrees on every decoded unwind code of every x64 and ARM64 image of the corpus.

usage: unwind_readobj.py [--quick]     env: DS_CORPUS, DS_UNWIND_DUMP (the unwind_dump program), LLVM_READOBJ

llvm-readobj 19 ends with a signal at EPILOG codes (version 2); so it gets a copy of the image in which those
are turned into ALLOC_SMALL, which take as many slots, and the comparison turns them back.
"""
import os, pathlib, random, re, struct, subprocess, sys, tempfile

corpus = pathlib.Path(os.environ.get("DS_CORPUS", "../shared/corpus"))
dump = os.environ.get("DS_UNWIND_DUMP", "build/tests/unwind_dump")
readobj = os.environ.get("LLVM_READOBJ", "llvm-readobj-19")
quick = "--quick" in sys.argv
SKIP = 77


class Image:
    def __init__(self, data):
        self.data = data
        nt = struct.unpack_from("<I", data, 0x3c)[0]
        self.machine, n, _, _, _, opt = struct.unpack_from("<HHIIIH", data, nt + 4)
        self.base = struct.unpack_from("<Q", data, nt + 24 + 24)[0]
        self.dirs = [struct.unpack_from("<II", data, nt + 24 + 112 + i * 8) for i in range(16)]
        at = nt + 24 + opt
        self.sections = [struct.unpack_from("<IIII", data, at + i * 40 + 8) for i in range(n)]
        self.sections.append((at + n * 40, 0, at + n * 40, 0))

    def off(self, rva):
        for vsize, va, rsize, raw in self.sections:
            if va <= rva < va + rsize:
                return raw + rva - va
        return None


def is_pe(path):
    with open(path, "rb") as f:
        h = f.read(0x40)
        if len(h) < 0x40 or h[:2] != b"MZ":
            return False
        f.seek(struct.unpack_from("<I", h, 0x3c)[0])
        n = f.read(6)
        return n[:4] == b"PE\0\0" and struct.unpack_from("<H", n, 4)[0] in (0x8664, 0xaa64)


def without_epilogs(img):
    """The image with EPILOG codes replaced; the number of them."""
    out, n = bytearray(img.data), 0
    rva, size = img.dirs[3]
    done = set()
    for i in range(size // 12):
        o = img.off(rva + i * 12)
        if o is None:
            break
        todo = [struct.unpack_from("<I", img.data, o + 8)[0]]
        while todo:
            u = img.off(todo.pop())
            if u is None or u in done or u + 4 > len(out):
                continue
            done.add(u)
            if out[u] & 7 != 2:
                continue
            count, k = out[u + 2], 0
            if out[u] >> 3 & 4:
                todo.append(struct.unpack_from("<I", img.data, u + 4 + 2 * ((count + 1) & ~1) + 8)[0])
            while k < count:
                c = out[u + 5 + k * 2]
                if c & 15 == 6:
                    out[u + 5 + k * 2] = c & 0xf0 | 2
                    n += 1
                k += {1: 2 + (c >> 4), 4: 2, 5: 3, 8: 2, 9: 3}.get(c & 15, 1)
    return bytes(out), n


def blocks(text):
    """RuntimeFunction blocks of llvm-readobj's output."""
    cur = None
    for line in text.splitlines():
        if line == "  RuntimeFunction {":
            cur = []
        elif line == "  }" and cur is not None:
            yield cur
            cur = None
        elif cur is not None:
            cur.append(line.strip())


def number(text):
    """The address in "0x10", "(0x10)" or "name (0x10)"."""
    return int(re.findall(r"0x([0-9A-Fa-f]+)\)?$", text)[0], 16)


def theirs_x64(block, base):
    out, codes, get = [], [], {}
    in_codes = False
    for line in block:
        if line.startswith("UnwindCodes ["):
            in_codes = True
        elif in_codes and line == "]":
            in_codes = False
        elif in_codes:
            codes.append("  " + line)
        elif ": " in line:
            k, v = line.split(": ", 1)
            get.setdefault(k, []).append(v)
    num = lambda k, i=0: (number(get[k][i]) - base) & 0xffffffff
    out.append("function 0x%X 0x%X 0x%X" % (num("StartAddress"), num("EndAddress"), num("UnwindInfoAddress")))
    if "Version" not in get:
        return out
    flags = [l for l in block if l.startswith("Flags [")][0]
    reg = get["FrameRegister"][0].split(" ")[0]
    off = get["FrameOffset"][0]
    out.append(" info version=%s flags=%s prolog=%s frame=%s offset=%s slots=%s" % (
        get["Version"][0], re.search(r"0x[0-9A-F]+", flags)[0], get["PrologSize"][0], reg,
        "0x0" if off == "-" else off, get["UnwindCodeCount"][0]))
    out += codes
    if "Chained {" in block:
        out.append(" chain 0x%X 0x%X 0x%X" % (num("StartAddress", 1), num("EndAddress", 1), num("UnwindInfoAddress", 1)))
    elif "Handler" in get:
        out.append(" handler 0x%X" % num("Handler"))
    return out


def theirs_arm64(block, base):
    get, out = {}, []
    for line in block:
        m = re.match(r"(\w+): (.*)", line)
        if m:
            get.setdefault(m[1], []).append(m[2])
    packed = "Fragment" in get
    begin = number(get["Function"][0]) - base
    length = int(get["FunctionLength"][0])
    out.append("function 0x%X 0x%X" % (begin, begin + length))
    out.append(" info packed=%d fragment=%d length=%d one_epilog=%d epilogs=%d bytes=%d" % (
        packed, get.get("Fragment", ["No"])[0] == "Yes", length, get.get("EpiloguePacked", ["No"])[0] == "Yes",
        int(get.get("EpilogueScopes", ["0"])[0]), int(get.get("ByteCodeLength", ["0"])[0])))
    state = None
    for i, line in enumerate(block):
        if line == "Prologue [":
            out.append(" prolog")
            state = "codes"
        elif line.startswith("Epilogue ["):
            out.append(" epilog at_end")
            state = "codes"
        elif line == "EpilogueScope {":
            off, index = block[i + 1].split(": ")[1], block[i + 2].split(": ")[1]
            out.append(" epilog offset=%s index=%s" % (off, index))
        elif line == "Opcodes [":
            state = "codes"
        elif line == "]":
            state = None
        elif state == "codes":
            code = line.split("; ")[-1]
            if packed:  # homing of arguments is a nop to us, except for its allocation
                code = re.sub(r"^stp x[0246], x[1357], \[sp, #\d+\]$", "nop", code)
                code = re.sub(r"^stp x0, x1, \[sp, #-(\d+)\]!$", r"sub sp, sp, #\1", code)
            out.append("  " + code)
        elif line.startswith("Routine: "):
            out.append(" handler 0x%X" % (number(line) - base))
    return out


def ours(path):
    r = subprocess.run([dump, path], capture_output=True, text=True, check=True)
    fn = None
    for line in r.stdout.splitlines()[1:]:
        if line.startswith("function"):
            if fn:
                yield fn
            fn = []
        fn.append(line)
    if fn:
        yield fn


def normal(fn, arm64):
    out = []
    shared = False
    for line in fn:
        if line.startswith(" "):  # llvm-readobj does not repeat the prolog's codes for a packed epilog
            shared = (line == " epilog at_end index=0") if line[1] != " " else shared
            if shared:
                continue
        m = re.match(r"  0x(..): EPILOG info=(\d+)", line)
        if m:
            line = "  0x%s: ALLOC_SMALL size=%d" % (m[1], int(m[2]) * 8 + 8)
        if arm64 and line.startswith("function"):
            line = " ".join(line.split(" ")[:3])
        if arm64:
            if line in ("  clear_unwound_to_call", "  save_next"):
                line = "  " + line[2:].replace("_", " ")
            line = re.sub(r"^( epilog at_end) index=\d+", r"\1", line)
        out.append(line)
    return out


def judge(path, tmp):
    img = Image(path.read_bytes())
    arm64 = img.machine == 0xaa64
    mine = list(ours(path))
    n_epilog, use = 0, path
    if not arm64:
        data, n_epilog = without_epilogs(img)
        use = pathlib.Path(tmp) / "image"
        use.write_bytes(data)
    r = subprocess.run([readobj, "--unwind", use], capture_output=True, text=True, errors="replace")
    other = list(blocks(r.stdout))
    stats = dict(functions=0, codes=0, indirect=0, refused=0, no_words=0, bad=0, epilog=n_epilog)
    if len(other) > len(mine):  # it reads the whole section, padding included; the directory is what counts
        print("  %d entries beyond the exception directory" % (len(other) - len(mine)))
    if r.returncode < 0:
        print("  llvm-readobj ended with signal %d after %d functions" % (-r.returncode, len(other)))
    if mine and not other and b".pdata" not in img.data[:0x400]:
        print("  llvm-readobj looks for a section .pdata and finds none")
    elif len(other) < len(mine):
        print("  %d functions here, %d there" % (len(mine), len(other)))
        stats["bad"] += 1
    where = {f[0].split(" ")[1]: f for f in mine}
    for a, b in zip(mine, other):
        if "INVALID!" in b:  # packed x19 with lr: the page draws its prolog, llvm-readobj has no words for it
            stats["no_words"] += 1
            continue
        stats["functions"] += 1
        theirs = theirs_arm64(b, img.base) if arm64 else theirs_x64(b, img.base)
        if a[0].endswith("indirect"):  # llvm-readobj does not know indirections: check against the entry led to
            stats["indirect"] += 1
            raw = int(theirs[0].split(" ")[3], 16)
            o = img.off(raw - 1)
            begin, _, unwind = struct.unpack_from("<III", img.data, o)
            good = a[0].split(" ")[1] == theirs[0].split(" ")[1] and int(a[0].split(" ")[3], 16) == unwind
            good = good and a[1:] == where["0x%X" % begin][1:]
        elif " error " in a[1] if len(a) > 1 else " error " in a[0]:
            stats["refused"] += 1
            print("  refused:", a, "there:", theirs[:2])
            good = True
        else:
            stats["codes"] += sum(1 for l in a if l.startswith("  "))
            good = normal(a, arm64) == theirs
        if not good:
            stats["bad"] += 1
            if stats["bad"] <= 5:
                print("  differs\n    here ", normal(a, arm64), "\n    there", theirs)
    return stats


# ---- made images: every packed form and random code lists, which real compilers use little of
def make_image(words, xdata):
    """An ARM64 PE with one function per second word; `xdata` lies at RVA 0x100000."""
    pdata = b"".join(struct.pack("<II", 0x1000 + i * 0x2000, w) for i, w in enumerate(words))
    size = (len(pdata) + 0xfff) & ~0xfff
    sections = [(b".pdata", 0x10000000, pdata), (b".xdata", 0x100000, xdata)]
    head = bytearray(0x400)
    struct.pack_into("<2s58xI", head, 0, b"MZ", 0x80)
    struct.pack_into("<4sHHIIIHH", head, 0x80, b"PE\0\0", 0xaa64, 2, 0, 0, 0, 240, 0x22)
    struct.pack_into("<H", head, 0x98, 0x20b)
    struct.pack_into("<QIIHHHHHH", head, 0x98 + 24, 0x140000000, 0x1000, 0x200, 6, 0, 0, 0, 6, 0)
    struct.pack_into("<II", head, 0x98 + 56, 0x10000000 + size, 0x400)
    struct.pack_into("<H", head, 0x98 + 68, 3)
    struct.pack_into("<I", head, 0x98 + 108, 16)
    struct.pack_into("<II", head, 0x98 + 112 + 24, 0x10000000, len(pdata))
    raw, body = 0x400, b""
    for i, (name, va, data) in enumerate(sections):
        data += bytes(-len(data) % 0x200)
        struct.pack_into("<8sIIII12xI", head, 0x98 + 240 + i * 40, name, len(data), va, len(data), raw, 0x40000040)
        raw += len(data)
        body += data
    return bytes(head) + body


def packed_words():
    for cr in range(4):
        for reg_i in range(11):
            for reg_f in range(8):
                for home in range(2):
                    save = (reg_i * 8 + (8 if cr == 1 else 0) + (reg_f * 8 + 8 if reg_f else 0) + 64 * home + 15) & ~15
                    for local in (0, 16, 0x200, 0x210, 0xff0, 0x1000, 0x1e00):
                        if save + local < 0x2000 and not (cr >= 2 and not local):
                            yield 1 | 100 << 2 | reg_f << 13 | reg_i << 16 | home << 20 | cr << 21 | (save + local) // 16 << 23


def random_xdata(rng):
    """One .xdata record of defined codes; returns its bytes."""
    codes = bytearray()
    while len(codes) < 24:
        b = rng.choice([rng.randrange(0xdf), 0xe0, 0xe1, 0xe2, 0xe3, 0xe6, 0xfc])
        n = 1 if b < 0xc0 or b in (0xe1, 0xe3, 0xe6, 0xfc) else 4 if b == 0xe0 else 2
        rest = [rng.randrange(256) for _ in range(n - 1)]
        codes += bytes([b] + rest)
    codes += b"\xe4"
    codes += b"\xe3" * (-len(codes) % 4)
    return struct.pack("<I", 100 | 1 << 21 | len(codes) // 4 << 27) + codes


def judge_made(tmp):
    rng, xdata, words = random.Random(7), b"", list(packed_words())
    for _ in range(500):
        words.append(0x100000 + len(xdata))
        xdata += random_xdata(rng)
    path = pathlib.Path(tmp) / "made"
    path.write_bytes(make_image(words, xdata))
    return judge(path, tmp)


def main():
    if not corpus.is_dir():
        print("skipped: no corpus")
        sys.exit(SKIP)
    total = {}
    with tempfile.TemporaryDirectory() as tmp:
        for path in sorted(list(corpus.glob("symbols/*")) + list(corpus.glob("lab/*/*"))):
            if not path.is_file() or not is_pe(path) or (quick and path.stat().st_size > 300000):
                continue
            s = judge(path, tmp)
            print("%-100s %s" % (path.name[-100:], " ".join("%s=%d" % kv for kv in s.items() if kv[1])))
            for k, v in s.items():
                total[k] = total.get(k, 0) + v
        s = judge_made(tmp)
        print("made images: %s" % " ".join("%s=%d" % kv for kv in s.items() if kv[1]))
        for k, v in s.items():
            total[k] = total.get(k, 0) + v
    print("total", total)
    sys.exit(1 if total.get("bad") or not total.get("functions") else 0)


main()

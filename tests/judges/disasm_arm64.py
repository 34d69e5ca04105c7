#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Judge: our ARM64 disassembly against llvm's.
 1. every word of the code of every ARM64 image of the corpus, against llvm-objdump;
 2. words of the encoding groups that we decode ourselves, all opcodes with random registers, and random words of the
    groups compilers use, against llvm-mc (generated from a fixed seed).
Mnemonic and operands must be equal after the normalisations below. --quick: fewer words in 2. -v: print differences.
Exit code 1 on any difference."""
import argparse, collections, os, random, re, struct, sys, tempfile
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import pe_text

NUMBER = re.compile(r"#?(-?)(0x[0-9a-f]+|\d+(?![\d.]))")


def canonical(text):
    """1. no blank after a comma or inside braces; 2. fp and lr are x29 and x30; 3. numbers are written one way;
    4. addresses have no `, no name and no #; 5. no comments."""
    text = re.sub(r"<[^>]*>", "", text).split("//")[0].strip().lower()
    text = re.sub(r"\s+", " ", text).replace(", ", ",").replace("{ ", "{").replace(" }", "}")
    text = re.sub(r"\bfp\b", "x29", re.sub(r"\blr\b", "x30", text))
    text = re.sub(r"\b([0-9a-f]{8})`([0-9a-f]{8})", lambda k: f"0x{int(k[1] + k[2], 16):x}", text)
    return re.sub(r"(?<![\w.])#?(-?)(0x[0-9a-f]+|\d+)(?![\w.])", lambda k: f"{k[1]}0x{int(k[2], 0):x}", text).replace("#", "")


MOV = re.compile(r"mov (w?)(x?\d+|x?zr|sp),(-?0x[0-9a-f]+)$")


def same(a, b):
    if a == b:
        return True
    x, y = MOV.match(a), MOV.match(b)  # 6. mov's immediate may be written signed or not
    if x and y and x[1] == y[1] and x[2] == y[2]:
        return (int(x[3], 16) - int(y[3], 16)) % (1 << (32 if x[1] == "w" else 64)) == 0
    return False


# Not supported here, by extension: they are ??? to us. No Windows image that is known uses them.
UNSUPPORTED = [(name, re.compile(pattern)) for name, pattern in (
    ("SVE, SME", r"\b(z\d+|p\d+|pn\d+|za\w*|zt0|vg|ffr)\b|^rdsvl|^smst|^tcommit"),
    ("memory copies (MOPS)", r"^(cpy|set)[fmpegtnrw]+ \["),
    ("tags and checked pointers (MTE, CPA)", r"^(stz?2?g|stgp|ldgm?|stz?gm|addg|subg|subps?|irg|gmi|cmpp|[m]?(add|sub)pt) "),
    ("pointer authentication with PC (PAuth_LR)", r"^(pac|aut|ret|ldra)\w*(pc|pcr)\b|^ret(aa|ab)sppc|^pac[im]"),
    ("128-bit page tables and translation tables (D128, THE)", r"^(rcw\w+|mrrs|msrr|sysp|tlbip|(swp|ldclr|ldset)p[al]*) "),
    ("64-byte loads, waits with time-out (LS64, WFxT)", r"^(ld64b|st64b\w*|wfet|wfit|gcs\w+) "),
    ("minimum, maximum, counts of integers (CSSC)", r"^(umax|umin|smax|smin|abs|cnt|ctz) [wx]"),
    ("RCpc of vectors and pairs", r"^(stlur|ldapur|ldap1|stl1|stilp|ldiapp) |^(ldapr|stlr) .*[]][,!]"),
    ("BF16, FP8", r"^(bf\w+|fdot|[bf]\w*mmla|luti\d|famax|famin|fscale|f\d?cvt[nl]\d?) v|^bf\w+ h|^f1?2?cvt"),
    ("complex numbers, FHM, RDM", r"^(fcmla|fcadd|fmlal\w*|fmlsl\w*|sqrdml[as]h) "),
    ("SHA-3, SHA-512, SM3, SM4", r"^(eor3|bcax|xar|rax1|sm3\w+|sm4\w+|sha512\w+) "),
    ("half precision (FP16)", r"^(f\w+|[us]cvtf) .*(\bh\d+|\bv\d+[.][48]?h)"),
    ("transactions (TME)", r"^(tcancel|tstart) "),
    ("rounding to integers (FRINTTS)", r"^frint(32|64)[xz] "),
)]


def classify(raw, text, m, ops):
    a, b = canonical(text), canonical(f"{m} {ops}")
    if a in ("<unknown>", "") or text.startswith("<unknown>"):
        return "data to both" if m == "???" else "DIFFERENT validity"
    if same(a, b):
        return "udf to both" if a.startswith("udf") else "same"
    w = int(raw, 16)
    field = f"s{w >> 19 & 3}_{w >> 16 & 7}_c{w >> 12 & 15}_c{w >> 8 & 15}_{w >> 5 & 7}"
    if m in ("mrs", "msr") and field in b:  # 7. a system register younger than Capstone has its number as its name
        return "system register by number"
    if re.match(r"(rprfm|tlbi \w+nxs)", a):
        return "not supported: shown as prfm, sys"
    if m == "???":
        for name, pattern in UNSUPPORTED:
            if pattern.search(a):
                return "not supported: " + name
    return "DIFFERENT " + ("validity" if m == "???" else "text")


def made_words(n):
    """Words to try, from a fixed seed."""
    r = random.Random(1)
    words = []
    for fixed, free in OWN_GROUPS:
        for _ in range(max(64, n // 40)):
            words.append(fixed | (r.getrandbits(32) & free))
    for i in range(128):
        words.append(0xd503201f | i << 5)
    while len(words) < n:
        w = r.getrandbits(32)
        if w >> 25 & 15 not in (0, 1, 2, 3):
            words.append(w)
    return words


# (fixed bits, free bits) of what src/arch/disasm_arm64_ext.c decodes.
OWN_GROUPS = [
    (0x38200000, 0xc0dff3ff), (0x38bfc000, 0xc00003ff), (0x08a07c00, 0xc05f83ff), (0x08207c00, 0x405e83fe),
    (0x19000000, 0xc0dff3ff), (0xd61f0800, 0x012007ff), (0xdac10000, 0x0000ffff), (0xdac123e0, 0x00001c1f),
    (0x9ac03000, 0x001f03ff), (0xf8200400, 0x00dffbff), (0xba000400, 0x001f83ef), (0x3a00080d, 0x000043e0),
    (0x12800000, 0xe07fffff), (0x320003e0, 0x807ffc1f), (0x12000000, 0xe07fffff), (0xd61f0000, 0x00ffffff),
    (0x0e809400, 0x601f0bff), (0x0e80a400, 0x601f0bff), (0x0f00e000, 0x60ff1bff), (0x1e7e0000, 0x000003ff),
    (0x54000010, 0x00ffffef), (0x28000000, 0xd7ffffff), (0x38000400, 0xc0dff3ff),
]


def coff(words):
    """An object file with the words as its only section."""
    head = struct.pack("<HHIIIHH", 0xaa64, 1, 0, 0, 0, 0, 0)
    body = struct.pack(f"<{len(words)}I", *words)
    return head + struct.pack("<8sIIIIIIHHI", b".text", 0, 0, len(body), 60, 0, 0, 0, 0, 0x60000020) + body


def judge(path, pe, count, verbose):
    lines = pe_text.objdump_lines(path, 10**9, [])
    ours = pe_text.our_lines(path, pe, [t[0] for t in lines])
    for va, raw, text in lines:
        c = classify(raw, text, *ours[va][1:3]) if va in ours else "outside the file"
        count[c] += 1
        if verbose and c.startswith("DIFFERENT"):
            print(f"{os.path.basename(path)[-24:]} {va:x} {raw} {c}: {canonical(text)} | {ours[va][1:3]}")


def report(what, count):
    different = sum(v for k, v in count.items() if k.startswith("DIFFERENT"))
    print(f"{what}: {sum(count.values())} words compared, {count['same']} same, {different} different")
    for k, v in sorted(count.items()):
        print(f"  {v:9} {k}")
    return different or not count["same"]


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--quick", action="store_true")
    ap.add_argument("-v", action="store_true")
    args = ap.parse_args()
    count, files = collections.Counter(), 0
    for path, pe in pe_text.images({0xaa64}):
        judge(path, pe, count, args.v)
        files += 1
    bad = report(f"{files} images", count)
    words, count = made_words(20000 if args.quick else 400000), collections.Counter()
    with tempfile.NamedTemporaryFile(suffix=".obj") as f:
        f.write(coff(words))
        f.flush()
        judge(f.name, (0xaa64, 0, [(".text", 60, 4 * len(words), 0)]), count, args.v)
    bad = report("made words", count) or bad
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Judge: our x64 and x86 disassembly against llvm-objdump's along its linear sweep, over every image of the corpus.
Lengths, mnemonics and operands must be equal after the normalisations written below; what stays is a difference.
--quick: the first 10,000 instructions of each image. -v: print every difference. Exit code 1 on any difference."""
import argparse, collections, functools, os, re, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import pe_text

# Words objdump prints before a mnemonic, or on a line of their own where its decoder does not join them.
PREFIXES = {"lock", "rep", "repe", "repne", "data16", "addr32", "addr16", "cs", "ds", "es", "fs", "gs", "ss", "rex64",
            "notrack", "xacquire", "xrelease"}
# 1. One instruction, two names: objdump's, WinDbg's.
NAMES = {"movabs": "mov", "popal": "popad", "pushal": "pushad", "popaw": "popa", "pushaw": "pusha", "xlatb": "xlat",
         "lcall": "call", "ljmp": "jmp", "lret": "retf", "fcompi": "fcomip", "fucompi": "fucomip", "sal": "shl"}
# 2. The size letter of a string instruction is in WinDbg's operands; its accumulator is implied.
STRING = re.compile(r"^(movs|stos|lods|scas|cmps|ins|outs)[bwdq]$")
# 3. The predicate of an SSE compare is a name in objdump, an immediate in WinDbg.
COMPARE = re.compile(r"^(v?cmp)([a-z]+(?:_[ou]?[sq])?)(ps|pd|ss|sd)$")
PREDICATES = ("eq lt le unord neq nlt nle ord eq_uq nge ngt false neq_oq ge gt true eq_os lt_oq le_oq unord_s neq_us "
              "nlt_uq nle_uq ord_s eq_us nge_uq ngt_uq false_os neq_os ge_oq gt_oq true_us").split()
# 4. Encodings the processor runs and objdump does not know: aliases in the opcode tables of Intel's and AMD's
#    manuals (shift group /6, test group /1, x87 columns, 82h, long nops, salc, ud0; f1).
ONLY_OURS = {"shl", "test", "int", "nop", "salc", "ud0", "ud1", "fcom", "fcomp", "fstp", "fxch", "fstpnce", "ffreep",
             "fdisi8087_nop", "feni8087_nop", "fsetpm287_nop"}
# 5. lock before what cannot be locked: objdump prints both, the processor (and we) refuse.
# 12. objdump decodes mov to cs, which the processor refuses, and REX2 of APX, which no processor has yet.
# 6. The count of a shift by one, the base of aad and aam and the st operand of x87 pairs are written in WinDbg.
SHIFTS = {"rol", "ror", "rcl", "rcr", "shl", "shr", "sar"}
# 7. Sizes: mmword is qword, oword is xmmword; bound, lds, les, ... name the whole far pointer or pair; none with
#    prefetch, fxsave, ...
UNSIZED = {"bound", "lds", "les", "lss", "lfs", "lgs", "lgdt", "lidt", "sgdt", "sidt", "call", "jmp", "fldenv", "fnstenv",
           "fnsave", "frstor", "invlpg", "fxsave", "fxrstor", "cmpxchg8b"}
SIZE = re.compile(r"(byte|x?mmword|[dqfxot]?word|tbyte|xword|[yz]mmword|opaque) ptr ")
NUMBER = re.compile(r"(-?0x[0-9a-f]+)")


def bare(text):
    return all(w in PREFIXES for w in text.split())


def join_prefixes(lines):
    """A prefix alone on objdump's line belongs to the next instruction."""
    i = 0
    while i < len(lines):
        va, raw, text = lines[i]
        while bare(text) and i + 1 < len(lines) and lines[i + 1][0] == va + len(raw) // 2:
            i += 1
            raw += lines[i][1]
            text += "\t" + lines[i][2]
        yield va, raw, text
        i += 1


def canonical(ops, mnemonic, wide):
    ops = ops.replace("st(0)", "st").replace("oword ptr", "xmmword ptr")
    ops = re.sub(r"(?<![a-z])mmword ptr", "qword ptr", ops).replace("xword ptr", "tbyte ptr")
    ops = re.sub(r"\b(?:ds|cs|es|ss):\[" if wide else r"\bds:\[", "[", ops)
    return SIZE.sub("", ops) if mnemonic in UNSIZED else ops


@functools.lru_cache(1 << 16)
def of_objdump(text, wide):
    """(prefix words, mnemonic, operands) in WinDbg's terms."""
    if "<unknown>" in text:
        return frozenset(), "???", ""
    parts = re.sub(r"<[^>]*>", "", text).split("#")[0].strip().split("\t")
    rest = [p.strip() for p in parts if p.strip()]
    prefix = set()
    while len(rest) > 1 and bare(rest[0]):
        prefix |= set(rest.pop(0).split())
    m, ops = (rest + [""])[:2]
    ops = ops.replace(" + ", "+").replace(" - ", "-").replace(", ", ",")
    ops = re.sub(r"\+(?:[1248]\*)?[er]iz|1\*eiz\+", "", ops)  # no register
    ops = re.sub(r"([248])\*(\w+)", r"\2*\1", ops)
    ops = re.sub(r"\b1\*", "", ops)
    c = COMPARE.match(m)
    if c and c[2] in PREDICATES:
        m, ops = c[1] + c[3], f"{ops},0x{PREDICATES.index(c[2]):x}"
    if m in ("int3", "int1"):
        m, ops = "int", "0x" + m[3]
    s = STRING.match(m)
    if s and ("ptr" in ops) and "xmm" not in ops:
        m = s[1]
        ops = ",".join(o for o in ops.split(",") if "ptr" in o or o == "dx")
    if m in SHIFTS and "," not in ops:
        ops += ",0x1"
    if m == "mov":  # 13. a segment register takes 16 bits
        ops = re.sub(r"^([cdefgs]s),e?([a-ds][xip]|[bs]p)$", r"\1,\2", ops)
    if m in ("aad", "aam") and not ops:
        ops = "0xa"
    if m in ("pblendvb", "blendvps", "blendvpd"):  # 15. objdump writes xmm0, WinDbg xlat's operand
        ops = ops.removesuffix(",xmm0")
    m = NAMES.get(m, m)
    return frozenset(prefix & {"lock", "rep", "repe", "repne", "notrack"}), m, canonical(ops, m, wide)


OURS = re.compile(r"\b([0-9a-f]{8})`([0-9a-f]{8})\b|\b([0-9][0-9A-F]*|[0-9A-F]{8})h\b|(?<![*(\w])([0-9])(?![\w:])")


def of_ours(words, ops, narrow):
    *prefix, m = words.split(" ")
    if narrow and re.fullmatch(r"[0-9a-f]{8}", ops):
        ops = "0x" + ops.lstrip("0").rjust(1, "0")
    far = re.fullmatch(r"([0-9A-F]{4}):([0-9A-F]{8})", ops)
    if far:
        ops = f"0x{int(far[1], 16):x},0x{int(far[2], 16):x}"
    ops = OURS.sub(lambda k: f"0x{int((k[1] or '') + (k[2] or '') or k[3] or k[4], 16):x}", ops)
    return prefix, m, canonical(ops, m, not narrow)


def same_number(a, b):
    """8. objdump writes signed immediates, WinDbg the bits of the operand. 9. A branch with an operand-size prefix is cut
    to 16 bits by the processor and by us."""
    a, b = int(a, 16), int(b, 16)
    return a == b or (a < 0 and any((a - b) % (1 << k) == 0 for k in (8, 16, 32, 64))) or (b < 1 << 16 and (a - b) % (1 << 16) == 0)


def same_operands(a, b, m):
    if a == b or m == "xlat":
        return True
    if "ptr" not in b:
        a = SIZE.sub("", a)
    if m == "xchg":  # 10. symmetric; WinDbg has the register first
        one, two = a.split(",")
        if b == f"{two},{one}":
            return True
        a = f"{two},{one}" if one.endswith("]") else a
    if m.startswith("f") and "," not in a and b in (a + ",st", "st," + a, "st," + a + ",st"):
        return True
    x, y = NUMBER.split(a.replace("[-0x", "[0x")), NUMBER.split(b)
    if "[-0x" in a:  # 11. an absolute address is not signed
        x = NUMBER.split(re.sub(r"\[-0x([0-9a-f]+)", lambda k: f"[0x{(1 << (64 if len(k[1]) > 8 else 32)) - int(k[1], 16):x}", a))
    return len(x) == len(y) and all(p == q or (i % 2 and same_number(p, q)) for i, (p, q) in enumerate(zip(x, y)))


# 14. Prefixes after a REX prefix make it void; the processor (and we) go on, objdump takes such bytes apart.
MANY_REX = re.compile(r"(?:26|2e|36|3e|6[4567]|f[023])*4[0-9a-f](?:26|2e|36|3e|4[0-9a-f]|6[4567]|f[023])")
RIP = re.compile(r"\[[re]ip ([+-]) (0x[0-9a-f]+)\]")


def classify(va, raw, text, ours, narrow):
    n = len(raw) // 2
    if "ip " in text:
        text = RIP.sub(lambda k: f"[0x{(va + n + int(k[1] + k[2], 16)) % (1 << 64):x}]", text.split("#")[0])
    length, words, operands, _ = ours
    prefix, m, ops = of_objdump(text, not narrow)
    our_prefix, om, oops = of_ours(words, operands, narrow)
    if m == "???" and om == "???":
        return "data to both"
    if om == "???" and (re.match(r"mov\tcs,", text) or (not narrow and raw.startswith("d5"))):
        return "not an instruction (12)"
    if om == "???":
        return "locked wrongly (5)" if "lock" in prefix or text.startswith("lock") else "DIFFERENT validity"
    if m == "???" and MANY_REX.match(raw) and not narrow:
        return "prefixes objdump takes apart (14)"
    if m == "???":
        return "alias only we know (4)" if om in ONLY_OURS else "DIFFERENT validity"
    if MANY_REX.match(raw) and not narrow and (length != n or "data16" in text):
        return "prefixes objdump takes apart (14)"
    if length != n:
        return "DIFFERENT length"
    if m != om:
        return "DIFFERENT mnemonic"
    if "lock" in our_prefix and "lock" not in prefix:
        return "DIFFERENT prefix"
    return "same" if same_operands(ops, oops, m) else "DIFFERENT operands"


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--quick", action="store_true")
    ap.add_argument("-v", action="store_true")
    args = ap.parse_args()
    limit = 10000 if args.quick else 10**9
    count, files = collections.Counter(), 0
    for path, pe in pe_text.images({0x14c, 0x8664}):
        lines = list(join_prefixes(pe_text.objdump_lines(path, limit, ["--x86-asm-syntax=intel"])))
        ours = pe_text.our_lines(path, pe, [t[0] for t in lines])
        files += 1
        for va, raw, text in lines:
            c = classify(va, raw, text, ours[va], pe[0] == 0x14c) if va in ours else "outside the file"
            count[c] += 1
            if args.v and c.startswith("DIFFERENT"):
                print(f"{os.path.basename(path)[-24:]} {va:x} {c}: {raw} {text} | {ours[va]}")
    different = sum(v for k, v in count.items() if k.startswith("DIFFERENT"))
    print(f"{files} images, {sum(count.values())} instructions compared, {count['same']} same, {different} different")
    for k, v in sorted(count.items()):
        print(f"  {v:9} {k}")
    sys.exit(1 if different or not count["same"] else 0)


if __name__ == "__main__":
    main()

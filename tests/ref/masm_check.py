#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Generates MASM expressions from a seed and compares the evaluator with the reference: masm_check.py TOOL COUNT SEED.

One expression in four is damaged afterwards, so that errors and their places are compared as well."""
import random
import subprocess
import sys

import masm_ref

UNARY = ["+", "-", "not ", "hi ", "low ", "NOT", "by", "wo", "dwo", "qwo", "poi", "poi ", "Poi", "$pby", "$pwo",
         "$pdwo", "$pqwo", "$ppoi"]
BINARY = [op for level in masm_ref.LEVELS for op in level] + ["AND", "Mod"]
NAMES = (["@" + r for r in masm_ref.REGS] + ["@$" + r for r in masm_ref.PSEUDO] + ["$" + r for r in masm_ref.PSEUDO]
         + list(masm_ref.REGS) + list(masm_ref.SYMBOLS)
         + [".", "!fade", "!main", "nt!KIBUGCHECK", "@RSP", "add", "ah", "nosuch", "@nosuch", "@cr3", "cr3", "@$ea",
            "app!over", "nt!", "0x", "0n", "0y", "0t", "5g", "$nosuch", "low!x", "by::x"])
STRINGS = ["", "a", "A", "b", "ab", "abc", "Loop", "Lp", "a*", "*b*", "a?c", "Lo#p", "Lo+p", "[a-c]b", "m[ia]#n", "main"]
NOISE = "()[]+-*/%<>=!&|^~`\"@$.,;:# \tghLxn019af_?"
MODES = [(8, 16, False), (8, 16, True), (4, 16, False), (4, 16, True), (8, 10, False), (8, 8, False)]


def number(r):
    v = r.getrandbits(r.choice([1, 4, 8, 16, 31, 32, 33, 63, 64, 64, 66 if r.random() < 0.1 else 8]))
    form = r.choice(["x", "x", "0x", "0X", "0n", "0t", "0y", "h", "tick", "fulltick", "d"])
    if form == "x":
        return r.choice(["%x", "%X", "%08x"]) % v
    if form in ("0x", "0X"):
        return form + "%x" % v
    if form in ("0t", "0y"):
        return form + format(v, "o" if form == "0t" else "b")
    if form == "h":
        return "%xh" % v
    if form == "tick":
        return "%x`%08x" % (v >> 32, v & 0xFFFFFFFF)
    if form == "fulltick":
        return "%08x`%08x" % (v >> 32, v & 0xFFFFFFFF)
    return ("0n" if form == "0n" else "") + str(v)


def blank(r):
    return r.choice(["", "", "", " ", "  ", "\t"])


def expression(r, depth):
    kind = r.random()
    if depth <= 0 or kind < 0.2:
        return number(r) if r.random() < 0.6 else r.choice(NAMES[:40] if r.random() < 0.9 else NAMES)
    if kind < 0.55:
        op = r.choice(BINARY)
        gap = " " if op[0].isalpha() else blank(r)
        return expression(r, depth - 1) + gap + op + gap + expression(r, depth - 1)
    if kind < 0.75:
        op, inner = r.choice(UNARY), expression(r, depth - 1)
        return op + (inner if op in "+-" or op.endswith(" ") else f"({inner})")
    if kind < 0.95:
        left, right = r.choice(["()", "()", "[]"])
        return left + blank(r) + expression(r, depth - 1) + blank(r) + right
    if kind < 0.97:
        return f"$vvalid({expression(r, depth - 2)}, {r.choice(['1', '1000', '0n5000', '20000', '0'])})"
    if kind < 0.985:
        base = expression(r, depth - 3) if r.random() < 0.5 else f"{r.randrange(40)}000"
        return r.choice([f"$iment({base})", f"$fnsucc({base},{blank(r)}{expression(r, depth - 3)}, {r.randint(0, 1)})"])
    function = r.choice(["$scmp", "$sicmp", "$spat"])
    return f'{function}("{r.choice(STRINGS)}",{blank(r)}@"{r.choice(STRINGS)}")'


def damaged(r, text):
    for _ in range(r.randint(1, 2)):
        at = r.randint(0, len(text))
        drop = r.randint(0, 2)
        text = text[:at] + (r.choice(NOISE) if r.random() < 0.7 else "") + text[at + drop:]
    return text


def main():
    tool, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    r = random.Random(seed)
    wrong = errors = 0
    for number_of_mode, mode in enumerate(MODES):
        lines = []
        while len(lines) < count // len(MODES) + (number_of_mode < count % len(MODES)):
            text = expression(r, r.randint(1, 6))
            if r.random() < 0.25 and "$spat" not in text:  # the page is silent about damaged patterns
                text = damaged(r, text)
            if "@@" not in text:  # nested evaluators belong to the target: the reference has none
                lines.append(text)
        args = [tool, str(mode[0]), str(mode[1])] + (["kernel"] if mode[2] else [])
        out = subprocess.run(args, input="\n".join(lines) + "\n", capture_output=True, text=True, check=True)
        got, ref = out.stdout.split("\n"), masm_ref.Ref(*mode)
        for i, text in enumerate(lines):
            want = ref.run(text)
            errors += "|" not in want[16:17]
            if got[i] != want:
                wrong += 1
                if wrong <= 20:
                    print(f"# {mode} {text!r}\n#   tool      {got[i]!r}\n#   reference {want!r}")
    print(f"{count} expressions, {errors} of them errors, {wrong} disagree")
    return wrong != 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reference evaluator of MASM expressions: reads one a line, prints what tests/tools/expr_eval prints.

Written from Microsoft's pages "MASM Numbers and Operators", "Register Syntax", "Pseudo-Register Syntax" and "Sign
Extension", not from src/expr. Not on those pages, taken from public debugger output: the error texts and where they
point; from the page of ReadPointersVirtual: pointers of 32-bit targets are sign-extended; chosen: shifts modulo 64.
"""
import re
import sys

M64 = (1 << 64) - 1
REGS = {"rax": 0x1122334455667788, "rbx": 0x10, "rcx": M64, "rdx": 0, "rsi": 1 << 63, "rsp": 0x7FF0001000,
        "rip": 0x7FF612345678, "eax": 0x89ABCDEF, "ebx": 0x1234, "ah": 3, "esp": 0x12FF40, "efl": 0x246}
PSEUDO = {"ip": 0x7FF612345678, "t0": 5, "t1": 0x7FFFFFFFFFFFFFF0, "ptrsize": 8, "teb": 0x8EED57B000}
SYMBOLS = {"nt": 0xFFFFF80062600000, "nt!kibugcheck": 0xFFFFF80062601230, "main": 0x140001000,
           "app!add": 0x140002000, "fade": 0x140003000, "esp": 0x140004000, "ebx": 0x140005000,
           "k32!high": 0x80123456, "$!lime": 0x7FF0001008, "$t1": 0x140009000}
COMMON = "eax ebx ecx edx esi edi ebp eip efl".split()
LEVELS = [["or", "|"], ["xor", "^"], ["and", "&"], ["=", "==", "<", ">", "<=", ">=", "!="], ["<<", ">>", ">>>"],
          ["+", "-"], ["*", "/", "mod", "%"]]  # from the last cell of the page's table to the first
SIZES = {"by": 1, "wo": 2, "dwo": 4, "qwo": 8, "poi": 0}
SIZES |= {"$p" + word: n for word, n in SIZES.items()}
WORDS = [*SIZES, *"not hi low and or xor mod $vvalid $scmp $sicmp $spat $iment $fnsucc".split()]
MORE = r"(?![a-z0-9_$]|::|!(?!=))"  # a number or an operator word ends where no name goes on
NC = r"(?:[a-z0-9_$?@]|::~?|\.(?=\w))"  # inside a name
DIGITS = {16: "[0-9a-f]+(?:`[0-9a-f]*)?", 10: "[0-9]+", 8: "[0-7]+"}


def tokens(radix):
    return re.compile(rf"""[ \t]*(?:
        (?P<num>(?>0x(?:[0-9a-f]+`?[0-9a-f]*)?|0n[0-9]*|0t[0-7]*|0y[01]*)){MORE}
      | (?P<hex>(?>[0-9a-f]+(?:`[0-9a-f]*)?))h{MORE}
      | (?P<dig>(?>{DIGITS[radix]})){MORE}
      | (?P<word>(?:{"|".join(map(re.escape, WORDS))})){MORE}
      | (?P<str>@?"[^"\\]*")
      | (?P<reg>@(?![@])\$?\w*)
      | (?P<name>[a-z_$?]{NC}*(?:!(?!=){NC}*)?|!(?!=){NC}*)
      | (?P<op>>>>|<<|>>|==|!=|<=|>=|[-+*/%=<>&^|()\[\],.;])
      | (?P<line>`[^`]+`) | (?P<end>$)
      | (?P<bad>.))""", re.I | re.X | re.S | re.A)


class Error(Exception):
    pass


def memory(a, n):
    out = 0
    for i in range(n):
        b = a + i & M64
        if (b >> 12) % 7 == 3:
            return None
        out |= (b * 0x9E3779B97F4A7C15 & M64) >> 56 << 8 * i
    return out


class Ref:
    def __init__(self, pointer=8, radix=16, kernel=False):
        self.pointer, self.radix, self.kernel, self.token = pointer, radix, kernel, tokens(radix)

    def fail(self, kind, at):
        raise Error(f"{kind} '{self.text[at:] or '<EOL>'}'")

    def sign(self, v):
        return v | 0xFFFFFFFF00000000 if self.pointer == 4 and 0x80000000 <= v <= 0xFFFFFFFF else v

    def peek(self):
        m = self.token.match(self.text, self.pos)
        kind = m.lastgroup
        return kind, m[kind].lower(), m.start(kind), m.end()

    def take(self):
        kind, word, self.last, self.pos = self.peek()
        return kind, word, self.last

    def number(self, text, base, at):
        v = int(text.replace("`", "") or "0", base)
        if v > M64:
            self.fail("Overflow error at", at)
        return self.sign(v) if self.kernel and "`" not in text else v

    def register(self, name, at):
        if name == "cr3":
            self.fail("Bad register error at", at)
        return self.sign(REGS[name]) if name in REGS else None

    def pseudo(self, name, at):
        if name == "ea":
            self.fail("Bad register error at", at)
        return PSEUDO.get(name)

    def name(self, word, at):
        if word.endswith("!"):
            self.fail("Syntax error at", at)
        if "!" not in word and word in COMMON and word in REGS:
            return self.register(word, at)
        if word == "app!over":
            self.fail("Ambiguous symbol error at", at)
        key = word[1:] if word[0] == "!" else word
        if key in SYMBOLS:
            return self.sign(SYMBOLS[key])
        v = self.pseudo(word[1:], at) if word[0] == "$" else self.register(word, at)
        return v if v is not None else self.fail("Couldn't resolve error at", at)

    def close(self, closer):
        _, word, at, _ = self.peek()
        if word != closer:
            self.fail("Syntax error at", at)
        self.take()

    def strings(self, function):
        start, got = self.peek()[2], []
        for want in ("(", "str", ",", "str", ")"):
            kind, word, at, end = self.peek()
            if want not in (kind, word):
                self.fail("Syntax error at", start)
            got.append(self.text[at:end].lstrip("@")[1:-1])
            self.take()
        a, b = got[1], got[3]
        if function == "$spat":  # * ? [set] # + of "String Wildcard Syntax"
            parts = re.findall(r"(\[[^\]]*\]|.)([#+]?)", b.lower(), re.S)
            text = "".join({"*": ".*", "?": "."}.get(p, p if len(p) > 1 else re.escape(p)) + {"#": "*"}.get(q, q)
                           for p, q in parts)
            return int(re.fullmatch(text, a.lower(), re.S) is not None)
        a, b = (a.lower(), b.lower()) if function == "$sicmp" else (a, b)
        return (a > b) - (a < b) & M64

    def about_target(self, word):
        args = [self.close(x) or self.level(0) for x in ("(", ",", ",")[:1 if word == "$iment" else 3]]
        self.close(")")
        args[0] &= 0xFFFFFFFF if self.pointer == 4 else M64
        if word == "$iment":
            if (args[0] >> 12) % 5:
                self.fail("Memory access error at", self.last)
            return self.sign(args[0] + 0x1230 & M64)
        if args[0] % 3 == 2:
            self.fail("Operand error at", self.last)
        if args[0] % 3 == 0:
            return int(args[1] & 0x80000000 == 0)
        return int((args[1] == 0) == (args[2] != 0))

    def unary(self):
        kind, word, at = self.take()
        if kind == "num":
            return self.number(word[2:], {"x": 16, "n": 10, "t": 8, "y": 2}[word[1]], at)
        if kind in ("hex", "dig"):
            return self.number(word, 16 if kind == "hex" else self.radix, at)
        if kind == "reg":
            v = self.pseudo(word[2:], at) if word[1:2] == "$" else self.register(word[1:], at)
            return v if v is not None else self.fail("Bad register error at", at)
        if word in ("+", "-"):
            return self.unary() * (1 if word == "+" else -1) & M64
        if word in ("(", "["):
            v = self.level(0)
            self.close(")" if word == "(" else "]")
            return v
        if word == ".":
            return self.pseudo("ip", at)
        if word in ("not", "hi", "low"):
            v = self.unary()
            return {"not": int(v == 0), "hi": v >> 16 & 0xFFFF, "low": v & 0xFFFF}[word]
        if word in SIZES:
            v = self.unary()
            va = v + (1 << 40) & M64 if word[0] == "$" else v & 0xFFFFFFFF if self.pointer == 4 else v
            got = memory(va, SIZES[word] or self.pointer)
            if got is None:
                self.fail("Memory access error at", self.last)
            return self.sign(got) if word in ("poi", "$ppoi") else got
        if word in ("$iment", "$fnsucc"):
            return self.about_target(word)
        if word == "$vvalid":
            va, n = self.close("(") or self.level(0), self.close(",") or self.level(0)
            self.close(")")
            va &= 0xFFFFFFFF if self.pointer == 4 else M64
            pages = range(va >> 12, (va + n - 1 >> 12) + 1) if 0 < n <= 16 << 12 else range(0)
            return int(n <= 16 << 12 and all((page & (1 << 52) - 1) % 7 != 3 for page in pages))
        if kind == "word" and word[0] == "$":
            return self.strings(word)
        if kind == "name":
            return self.name(word, at)
        self.fail({"bad": "Syntax error at", "str": "Syntax error at", "line": "not supported: source lines at"}.get(
            kind, "Numeric expression missing from"), at)

    def level(self, n):
        if n == len(LEVELS):
            return self.unary()
        left = self.level(n + 1)
        while self.peek()[1] in LEVELS[n]:
            op = self.take()[1]
            right = self.level(n + 1)
            if op in ("/", "%", "mod") and right == 0:
                self.fail("Operand error at", self.last)
            left = self.apply(op, left, right) & M64
        return left

    @staticmethod
    def apply(op, a, b):
        signed = a - (1 << 64) if a >> 63 else a
        op = {"mod": "%", "=": "==", "and": "&", "xor": "^", "or": "|", "/": "//"}.get(op, op)
        if op in ("<<", ">>", ">>>"):
            b &= 63
        return signed >> b if op == ">>>" else int(eval(f"a {op} b"))  # op is one of LEVELS

    def run(self, text):
        self.text, self.pos, self.last = text, 0, 0
        try:
            v = self.level(0)
        except Error as e:
            return str(e)
        return f"{v:016x}|{text[self.pos:]}"


if __name__ == "__main__":
    args = sys.argv[1:]
    ref = Ref(int(args[0]), int(args[1]), "kernel" in args) if len(args) > 1 else Ref()
    for line in sys.stdin:
        print(ref.run(line.rstrip("\n")))

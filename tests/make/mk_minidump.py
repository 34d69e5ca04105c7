#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a minidump from a recipe of a few lines, for tests.

    mk_minidump.py RECIPE OUT.dmp [--image NAME=OUT.exe]...      RECIPE: a file, or - for stdin

From Python: `mk_minidump.recipe(text)` returns a mdmp_writer.Minidump; change it, then `.write()` gives the bytes.

THE RECIPE. One statement a line, or several separated by `;`. `#` starts a comment at the beginning of a line or
after a blank. A line that begins with `+` continues the line above. The first statement is `minidump x86|x64|arm64`
(a golden test's `DUMP ` before it is accepted).

Values: numbers are hex (`10` is 16; 0n10 is decimal; ` is ignored; -1 works). ADDR is a number, MODULE+NUM,
MODULE!EXPORT or MODULE!EXPORT+NUM; MODULE with or without its extension, and defined further up. TIME is ISO 8601
(UTC) or a number. Text with blanks or `;` is in "double quotes", with \\" and \\\\. A statement is a word, its
positional values, then KEY VALUE... pairs in any order; [..] is optional, `...` repeats.

    minidump x64
    os 10.0.19041 [csd "Service Pack 1"] [product N] [suite N] [cpus N] [level N] [revision N] [platform N] [cpu HEX]
    time TIME                                      header time stamp
    header [version N] [flags N] [checksum N]
    layout [memory64] [padlists] [unused N] [jitpad N]
                    Memory64List; 4 bytes after list counts; empty directory entries; FunctionTable's header padding
    pid N                                          the same as: misc 5 pid N
    misc 1..5 [pid N] [create TIME] [user N] [kernel N] [mhz N] [integrity N] [execute N] [protected N] [build TEXT]
         [debugger TEXT] [cookie N] [xstate HEX] [flags N] [zone ID BIAS STANDARD DAYLIGHT]
    module BASE NAME [size N=10000] [time TIME] [checksum N] [version A.B.C.D] [path TEXT=C:\\app\\NAME]
         [pdb NAME GUID AGE] [nb10 NAME TIME AGE] [cv HEX] [entry RVA] [export NAME=RVA...]
         [nomem]
                    the image's headers, exports and functions go into memory when it has any, or with `mapped`
    function MODULE BEGIN-END "PROLOGUE" [ret RVA...] [raw HEX] [packed N] [chain BEGIN]
                    code and unwind data; PROLOGUE as in mk_pe.py ("" = leaf); RVAs; ret: these follow a call
    code MODULE RVA HEX...                         bytes in the image
    thread TID [REG VALUE...] [stack ADDR: DATA...] [teb ADDR] [suspend N] [priority N] [class N] [name TEXT]
         [start ADDR] [create TIME] [exit TIME] [kernel N] [user N] [affinity N] [exitstatus N] [dumpflags N]
         [nocontext]
                    REG: rip rsp eip pc x0 xmm0 v0 ... contextflags; `cet U_CET SSP`; the stack pointer is the
                    stack's ADDR unless given; `stack` comes last and takes the rest of the statement
    exception [thread] TID code N [address ADDR] [flags N] [record ADDR] [info ADDR...] [count N] [REG VALUE...]
                    with registers: a context of its own, the thread's with these changes
    memory ADDR: DATA...
    teb ADDR [base ADDR] [limit ADDR] [peb ADDR] [pid N] [tid N] [lasterror N] [laststatus N]
                    memory: a TEB with StackBase, StackLimit, Self, ClientId, ... and zeros (x86 or 64-bit layout)
    region ADDR size N [commit|reserve|free] [private|image|mapped] [protect P] [allocation ADDR] [initial P]
                    P: na r rw wc x rx rwx rwc guard, or a number
    unloaded BASE NAME size N [time TIME] [checksum N]
    handle N [type TEXT] [name TEXT] [attributes N] [access N] [count N] [pointers N] [event TYPE STATE]
         [mutant COUNT OWNED ABANDONED] [mutant-owner PID TID] [semaphore COUNT MAX] [section BASE ATTRIBUTES SIZE]
         [thread EXIT TEB PID TID AFFINITY PRIORITY BASE] [object INFOTYPE HEX]
    handleop N open|close|badref pid N tid N [index N] [stack ADDR...]
    jit MIN-MAX base ADDR [entry BEGIN-END-UNWIND...]
    token ID [handle N] [block HEX...]
    vmcounters REVISION [flags N] [faults N] [ws N] [private N] ...        names: mdmp_writer.VM_COUNTERS
    sysmem REVISION [flags N] [pagesize N] [pages N] [available N] [committed N] [limit N] [peak N] ...
    comment TEXT ; wcomment TEXT
    breakpad dump TID request TID [validity N]
    assertion [expression TEXT] [function TEXT] [file TEXT] [line N] [type N]
    crashpad [report GUID] [client GUID] [simple KEY VALUE]... [mask N]
    annotation MODULE [simple KEY VALUE]... [object NAME VALUE]... [text TEXT]...      Crashpad's, of one module
    stream TYPE HEX...                             any stream, raw; TYPE: a number or a name of mdmp_writer.STREAM

DATA: `q d w b` set the size of the numbers that follow (ADDRs); `hex 4d5a..` bytes; `a "text"` and `u "text"` text
with its NUL, 8-bit and UTF-16; `zero N` and `fill N BYTE` N bytes; `to ADDR` zeros up to there. It begins
with q; the numbers 0bh and 0dh are written 0b and 0d.

    minidump x64
    os 10.0.19041 ; pid 1a2c ; time 2026-01-02T03:04:05
    module 7ff600000000 app.exe time 5f000001 export start=1000 export Work=1100
    function app.exe 1000-1050 "sub rsp,28" ret 1010
    function app.exe 1100-1150 "push rbp; sub rsp,20"
    thread 1a4 rip app!Work+20 rax 0 stack 14f000: zero 20 q 0 app!start+10 zero 28 q 0
    exception 1a4 code c0000005 address app!Work+20 info 0 10
"""
import argparse
import datetime
import re
import struct
import sys
import uuid

import mdmp_writer
import mk_pe
from mdmp_writer import Minidump, Registers

UNIX_EPOCH = 116444736000000000
WIDTH = {"q": 8, "d": 4, "w": 2, "b": 1}


# field: (offset in a 64-bit TEB, in an x86 TEB); Windows 7 to 11
TEB = {"base": (0x8, 0x4), "limit": (0x10, 0x8), "self": (0x30, 0x18), "pid": (0x40, 0x20), "tid": (0x48, 0x24),
       "peb": (0x60, 0x30), "lasterror": (0x68, 0x34), "laststatus": (0x1250, 0xBF4)}
TEB_SIZE = (0x1838, 0x1000)


class RecipeError(Exception):
    pass


class Words:
    """The words of one statement, with a cursor. A quoted word keeps a mark, so that it is never a key."""

    def __init__(self, words):
        self.words, self.at = words, 0

    def more(self):
        return self.at < len(self.words)

    def peek(self):
        return self.words[self.at] if self.more() else None

    def next(self, what="a value"):
        if not self.more():
            raise RecipeError(f"{what} is missing at the end")
        self.at += 1
        return self.words[self.at - 1]

    def take_while(self, test):
        out = []
        while self.more() and test(self.words[self.at]):
            out.append(self.next())
        return out


class Quoted(str):
    pass


def statements(text):
    """[(line number, [word...])]"""
    joined = []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if line.startswith("+") and joined:
            joined[-1][1] += " " + line[1:]
        elif line and not line.startswith("#"):
            joined.append([number, line])
    token = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|(;)|(#.*)|([^\s;"]+))')
    for number, line in joined:
        words, at = [], 0
        while line[at:].strip():
            m = token.match(line, at)
            if not m:
                raise RecipeError(f"line {number}: a quote is not closed")
            at = m.end()
            if m[1] is not None:
                words.append(Quoted(re.sub(r"\\(.)", r"\1", m[1])))
            elif m[2] and words:
                yield number, words
                words = []
            elif m[4]:
                words.append(m[4])
        if words:
            yield number, words


def number(word):
    text = word.replace("`", "")
    negative, text = text.startswith("-"), text.lstrip("-")
    if not text or not re.fullmatch(r"0n\d+|(0x)?[0-9a-fA-F]+", text):
        raise RecipeError(f"{word!r} is not a number")
    value = int(text[2:]) if text.startswith("0n") else int(text, 16)
    return -value & mdmp_writer.MASK if negative else value


def time_t(word):
    if "-" not in word:
        return number(word)
    moment = datetime.datetime.fromisoformat(word).replace(tzinfo=datetime.timezone.utc)
    return int(moment.timestamp())


def filetime(word):
    fraction = round(float("0." + word.partition(".")[2].rstrip("Z")) * 10000000) if "-" in word and "." in word else 0
    return time_t(word) * 10000000 + fraction + UNIX_EPOCH if "-" in word else number(word)


def span(word):
    return [number(x) for x in word.split("-")]


def guid(word):
    return uuid.UUID(word).bytes_le


class Recipe:
    def __init__(self, arch):
        self.dump = Minidump(arch)
        self.modules = {}  # lower-case file name, and stem -> module

    # ---- values that need to know the dump

    def module(self, word):
        m = self.modules.get(word.lower())
        if not m:
            raise RecipeError(f"no module {word!r} above this line")
        return m

    def addr(self, word):
        m = re.fullmatch(r"([^!+]+)(?:!([^+]+))?(?:\+([0-9a-fA-F`]+|0n\d+))?", word)
        if m and (m[2] or m[3] or "." in word):
            module = self.module(m[1])
            if m[2] and m[2] not in module["image"].exports:
                raise RecipeError(f"{m[1]} has no export {m[2]!r}")
            return module["base"] + module["image"].exports.get(m[2], 0) + (number(m[3]) if m[3] else 0)
        return number(word)

    def data(self, words, va):
        out, width = bytearray(), 8
        while words.more():
            word = words.next()
            if word in WIDTH and not isinstance(word, Quoted):
                width = WIDTH[word]
            elif word == "hex":
                out += bytes.fromhex(words.next())
            elif word in ("a", "u") and isinstance(words.peek(), Quoted):
                out += words.next().encode("latin-1" if word == "a" else "utf-16le") + bytes(2 if word == "u" else 1)
            elif word == "zero":
                out += bytes(number(words.next()))
            elif word == "fill":
                n = number(words.next())
                out += bytes([number(words.next())]) * n
            elif word == "to":
                gap = self.addr(words.next()) - va - len(out)
                if gap < 0:
                    raise RecipeError(f"`to` goes back: the data is already {-gap:x}h bytes past it")
                out += bytes(gap)
            else:
                out += (self.addr(word) & (1 << 8 * width) - 1).to_bytes(width, "little")
        return bytes(out)

    def is_register(self, word):
        return word == "cet" or word in Registers.OF[self.dump.arch] or re.fullmatch(r"(xmm|v)\d+", word)

    def pairs(self, words, keys, registers=None):
        """Reads KEY VALUE... into a dictionary. keys: {key: how}; how is True (a flag), a reader of one word, or
        (reader, "each"): a list, one word for each KEY; (reader, "rest"): a list, all words up to the next key;
        (reader, n): a list, the reader gets n words for each KEY. Registers, when allowed, go into `registers`."""
        out = {}
        while words.more():
            key = words.next()
            low = key.lower()
            if registers is not None and low == "cet":
                registers[low] = (number(words.next()), number(words.next()))
            elif registers is not None and self.is_register(low):
                registers[low] = self.addr(words.next(f"the value of {key}"))
            elif low not in keys or isinstance(key, Quoted):
                raise RecipeError(f"unexpected {key!r}")
            elif keys[low] is True:
                out[low] = True
            elif not isinstance(keys[low], tuple):
                out[low] = keys[low](words.next(f"the value of {key}"))
            else:
                out.setdefault(low, []).extend(self.listed(words, key, keys, registers is not None))
        return out

    def listed(self, words, key, keys, registers):
        """The values that one KEY adds to its list."""
        reader, how = keys[key.lower()]
        if how == "each":
            return [reader(words.next(f"the value of {key}"))]
        if how == "rest":
            return [reader(w) for w in words.take_while(lambda w: isinstance(w, Quoted) or not (
                w.lower() in keys or registers and self.is_register(w.lower())))]
        return [reader([words.next(f"a value of {key}") for _ in range(how)])]

    # ---- statements: do_WORD

    def do_os(self, w):
        self.dump.system["os"] = tuple(int(x) for x in w.next().split("."))
        self.dump.system.update(self.pairs(w, {"csd": str, "product": number, "suite": number, "cpus": number,
                                               "level": number, "revision": number, "platform": number,
                                               "cpu": lambda x: bytes.fromhex(x).ljust(24, b"\0")[:24]}))

    def do_time(self, w):
        self.dump.header["time"] = time_t(w.next())

    def do_header(self, w):
        self.dump.header.update(self.pairs(w, {"version": number, "flags": number, "checksum": number}))

    def do_layout(self, w):
        p = self.pairs(w, {"memory64": True, "padlists": True, "unused": number, "jitpad": number})
        self.dump.memory64 |= "memory64" in p
        self.dump.pad_lists |= "padlists" in p
        self.dump.jit_pad = p.get("jitpad", self.dump.jit_pad)
        self.dump.unused = p.get("unused", self.dump.unused)

    def do_pid(self, w):
        self.dump.misc["pid"] = number(w.next())

    def do_misc(self, w):
        self.dump.misc["version"] = number(w.next())
        p = self.pairs(w, {"pid": number, "create": time_t, "user": number, "kernel": number, "mhz": number,
                           "integrity": number, "execute": number, "protected": number, "build": str, "debugger": str,
                           "cookie": number, "flags": number, "xstate": bytes.fromhex,
                           "zone": (lambda z: (number(z[0]), int(z[1]), z[2], z[3]), 4)})
        p.update((k, v[0]) for k, v in p.items() if k == "zone")
        self.dump.misc.update(p)

    def do_module(self, w):
        base, name = number(w.next()), w.next()
        p = self.pairs(w, {"size": number, "time": time_t, "checksum": number, "path": str, "mapped": True,
                           "entry": number,
                           "nomem": True, "version": lambda x: tuple(int(i) for i in x.split(".")),
                           "pdb": (lambda x: mk_pe.rsds(x[0], guid(x[1]), number(x[2])), 3),
                           "nb10": (lambda x: b"NB10" + struct.pack("<III", 0, number(x[1]), number(x[2])) +
                                    x[0].encode() + b"\0", 3),
                           "cv": bytes.fromhex, "export": (lambda x: x.rsplit("=", 1), "each")})
        cv = (p.get("pdb") or p.get("nb10") or [p.get("cv", b"")])[0]
        image = mk_pe.Image(self.dump.arch, base, name, p.get("size", 0x10000), p.get("time", 0), p.get("checksum", 0))
        image.codeview, image.entry = cv, p.get("entry", 0)
        for pair in p.get("export", ()):
            image.exports[pair[0]] = number(pair[1])
        m = {"base": base, "size": image.size, "time": image.time, "checksum": image.checksum, "codeview": cv,
             "version": p.get("version"), "path": p.get("path", "C:\\app\\" + name), "image": image,
             "nomem": "nomem" in p, "mapped": "mapped" in p or bool(image.exports)}
        self.dump.modules.append(m)
        for key in (name.lower(), name.lower().rsplit(".", 1)[0]):
            self.modules.setdefault(key, m)

    def do_function(self, w):
        m, (begin, end) = self.module(w.next()), span(w.next())
        text = w.next() if isinstance(w.peek(), Quoted) else None
        p = self.pairs(w, {"ret": (number, "each"), "raw": bytes.fromhex, "packed": number, "chain": number})
        m["image"].function(begin, end, text, p.get("raw"), p.get("packed"), p.get("ret", ()), p.get("chain"))
        m["mapped"] = True

    def do_code(self, w):
        m = self.module(w.next())
        m["image"].put(number(w.next()), bytes.fromhex("".join(w.take_while(lambda _: True))))
        m["mapped"] = True

    def do_thread(self, w):
        regs, tid = {}, number(w.next())
        rest = None
        for i in range(w.at, len(w.words)):
            if w.words[i] == "stack" and not isinstance(w.words[i], Quoted):
                rest = Words(w.words[i + 1:])
                del w.words[i:]
                break
        t = self.pairs(w, {"teb": number, "suspend": number, "priority": number, "class": number, "name": str,
                           "start": self.addr, "create": filetime, "exit": filetime, "kernel": number, "user": number,
                           "affinity": number, "exitstatus": number, "dumpflags": number, "nocontext": True}, regs)
        if rest:
            va = number(rest.next().rstrip(":"))
            t["stack"] = (va, self.data(rest, va))
            regs.setdefault(Registers.SP[self.dump.arch], va)
        self.dump.threads.append(dict(t, tid=tid, regs=regs, context="nocontext" not in t))

    def do_exception(self, w):
        if w.peek() == "thread":
            w.next()
        regs, tid = {}, number(w.next())
        x = self.pairs(w, {"code": number, "address": self.addr, "flags": number, "record": self.addr, "count": number,
                           "info": (self.addr, "rest")}, regs)
        if regs:
            base = next((t["regs"] for t in self.dump.threads if t["tid"] == tid), {})
            x["regs"] = dict(base, **regs)
        self.dump.exception = dict({"code": 0, "address": 0}, **x, tid=tid)

    def do_memory(self, w):
        va = self.addr(w.next().rstrip(":"))
        self.dump.memory.append((va, self.data(w, va)))

    def do_teb(self, w):
        va, x86 = self.addr(w.next()), self.dump.arch == "x86"
        fields = dict(self.pairs(w, dict.fromkeys(TEB, self.addr)), self=va)
        out = bytearray(TEB_SIZE[x86])
        for name, value in fields.items():
            struct.pack_into("<I" if x86 or name.startswith("last") else "<Q", out, TEB[name][x86], value)
        self.dump.memory.append((va, bytes(out)))

    def do_region(self, w):
        def protect(x):
            return mdmp_writer.PROTECT[x] if x in mdmp_writer.PROTECT else number(x)
        flags = {k: True for k in [*mdmp_writer.STATE, *mdmp_writer.KIND]}
        base = self.addr(w.next())
        p = self.pairs(w, dict(flags, size=number, protect=protect, allocation=self.addr, initial=protect))
        state = next((v for k, v in mdmp_writer.STATE.items() if k in p), 0x1000)
        kind = next((v for k, v in mdmp_writer.KIND.items() if k in p), 0 if state == 0x10000 else 0x20000)
        row = {"base": base, "state": state, "kind": kind, "protect": 4 if state == 0x1000 else 0}
        self.dump.regions.append(dict(row, **{k: v for k, v in p.items() if k not in flags}))

    def do_unloaded(self, w):
        base, name = number(w.next()), w.next()
        p = self.pairs(w, {"size": number, "time": time_t, "checksum": number})
        self.dump.unloaded.append(dict({"size": 0}, **p, base=base, name=name))

    def do_handle(self, w):
        h = {"handle": number(w.next())}
        layouts = {"event": "<ii", "mutant": "<iBBxx", "mutant-owner": "<QQ", "semaphore": "<ii", "section": "<QIxxxxQ",
                   "thread": "<IxxxxQQQQii"}
        keys = {"type": str, "name": str, "attributes": number, "access": number, "count": number, "pointers": number,
                "object": (lambda x: (number(x[0]), bytes.fromhex(x[1])), 2)}
        for kind, layout in layouts.items():
            n = len(struct.unpack(layout, bytes(struct.calcsize(layout))))

            def reader(words, kind=kind, layout=layout):
                values = [int(x, 16) if x.startswith("-") else number(x) for x in words]
                return mdmp_writer.OBJECT_INFO[kind], struct.pack(layout, *values)
            keys[kind] = (reader, n)
        p = self.pairs(w, keys)
        info = [item for key in [*layouts, "object"] for item in p.pop(key, ())]
        self.dump.handles.append(dict(h, **p, **({"info": info} if info else {})))

    def do_handleop(self, w):
        o = {"handle": number(w.next()), "operation": {"open": 1, "close": 2, "badref": 3}[w.next()]}
        self.dump.handle_ops.append(dict(o, **self.pairs(w, {"pid": number, "tid": number, "index": number,
                                                             "stack": (self.addr, "rest")})))

    def do_jit(self, w):
        low, high = span(w.next())
        p = self.pairs(w, {"base": number, "entry": (span, "each")})
        self.dump.jit.append({"min": low, "max": high, "base": p.get("base", low), "entries": p.get("entry", [])})

    def do_token(self, w):
        t = {"id": number(w.next())}
        p = self.pairs(w, {"handle": number, "block": (bytes.fromhex, "each")})
        self.dump.tokens.append(dict(t, handle=p.get("handle", 0), blocks=p.get("block", [])))

    def do_vmcounters(self, w):
        revision = number(w.next())
        keys = dict.fromkeys(["flags", "faults", *mdmp_writer.VM_COUNTERS], number)
        self.dump.vm = dict(self.pairs(w, keys), revision=revision)

    def do_sysmem(self, w):
        revision = number(w.next())
        keys = ("flags timer pagesize pages lowest highest granularity minuser maxuser affinity cpus available "
                "committed limit peak").split()
        self.dump.sysmem = dict(self.pairs(w, dict.fromkeys(keys, number)), revision=revision)

    def do_comment(self, w):
        self.dump.comment = w.next()

    def do_wcomment(self, w):
        self.dump.wide_comment = w.next()

    def do_breakpad(self, w):
        self.dump.breakpad = dict({"dump": 0, "request": 0}, **self.pairs(
            w, {"dump": number, "request": number, "validity": number}))

    def do_assertion(self, w):
        self.dump.assertion = dict({"type": 1}, **self.pairs(
            w, {"expression": str, "function": str, "file": str, "line": number, "type": number}))

    def do_crashpad(self, w):
        p = self.pairs(w, {"report": guid, "client": guid, "simple": (tuple, 2), "mask": number})
        self.dump.crashpad = dict({"modules": []}, **p)

    def do_annotation(self, w):
        index = self.dump.modules.index(self.module(w.next()))
        p = self.pairs(w, {"simple": (tuple, 2), "object": (tuple, 2), "text": (str, "each")})
        if not self.dump.crashpad:
            self.dump.crashpad = {"modules": []}
        self.dump.crashpad["modules"].append({"index": index, "simple": p.get("simple", []),
                                              "objects": p.get("object", []), "list": p.get("text", [])})

    def do_stream(self, w):
        kind = w.next()
        kind = mdmp_writer.STREAM[kind] if kind in mdmp_writer.STREAM else number(kind)
        self.dump.raw.append((kind, bytes.fromhex("".join(w.take_while(lambda _: True)))))

    def finish(self):
        for m in self.dump.modules:
            if m["nomem"] or not m["mapped"]:
                m["image"] = None
            else:
                m["image"].finish()
        return self.dump


def recipe(text):
    """A recipe's text -> Minidump. Raises RecipeError, with the line's number."""
    maker = None
    for line, words in statements(text):
        if maker is None and words[0] == "DUMP":
            words = words[1:]
        w = Words(words)
        verb = w.next()
        try:
            if maker is None:
                if verb != "minidump" or w.peek() not in mdmp_writer.ARCH:
                    raise RecipeError("a recipe begins with: minidump x86|x64|arm64")
                maker = Recipe(w.next())
                continue
            do = getattr(maker, "do_" + verb, None)
            if not do:
                raise RecipeError(f"unknown statement {verb!r}")
            do(w)
            if w.more():
                raise RecipeError(f"unexpected {w.peek()!r}")
        except (RecipeError, mk_pe.PeError, ValueError, KeyError, struct.error) as e:
            raise RecipeError(f"line {line}: {verb}: {e}") from e
    if maker is None:
        raise RecipeError("the recipe is empty")
    return maker.finish()


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("recipe")
    ap.add_argument("output")
    ap.add_argument("--image", action="append", default=[], metavar="NAME=FILE",
                    help="also write this module as a PE file")
    a = ap.parse_args()
    try:
        with (sys.stdin if a.recipe == "-" else open(a.recipe, encoding="utf-8")) as f:
            dump = recipe(f.read())
        with open(a.output, "wb") as f:
            f.write(dump.write())
        for name, path in (x.split("=", 1) for x in a.image):
            image = next((m["image"] for m in dump.modules if m["path"].lower().endswith("\\" + name.lower())), None)
            if not image:
                raise RecipeError(f"--image: no mapped module {name!r}")
            with open(path, "wb") as f:
                f.write(image.file())
    except (RecipeError, mk_pe.PeError) as e:
        sys.exit(f"{a.recipe}: {e}")


if __name__ == "__main__":
    main()

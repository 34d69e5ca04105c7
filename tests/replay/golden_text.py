# SPDX-License-Identifier: Apache-2.0
"""Reads what WinDbg printed: blocks of an article, the fields of !analyze, rows of stacks, registers."""
import dataclasses
import datetime
import re

ROW = re.compile(r"^(?:[0-9a-f]{2} )?([0-9a-f]{8}`[0-9a-f]{8}) ([0-9a-f]{8}`[0-9a-f]{8}) +: "
                 r"((?:[0-9a-f]{8}`[0-9a-f]{8} ){4}): (.*?) *$")
PLAIN = re.compile(r"^(?:[0-9a-f]{2} )?([0-9a-f]{8}`[0-9a-f]{8}) ([0-9a-f]{8}`[0-9a-f]{8}) {5}([^ :].*?) *$")
INLINE = re.compile(r"^(?:[0-9a-f]{2} )?\(Inline Function\) [-` ]+ +: [-` ]+ : (.*?) *$")
SITE = re.compile(r"^([^!+ ]+)(?:!(.+?))?(?:\+0x([0-9a-f]+))?(?: \[(.*) @ (\d+)\])?(?: \(TrapFrame @ ([0-9a-f`]+)\))?$")
FIELD = re.compile(r"^([A-Z][A-Z0-9_]*): *(.*?) *$")
# On x64 the debugger writes po when PF is set.
REGISTER = re.compile(r"\b(r[a-z0-9]{1,2}|[c-gs]s|efl)=([0-9a-f]+)")
FLAGS = {"cy": 1, "po": 4, "ac": 0x10, "zr": 0x40, "ng": 0x80, "ei": 0x200, "dn": 0x400, "ov": 0x800}


def number(text):
    return int(text.replace("`", ""), 16)


@dataclasses.dataclass
class Frame:
    text: str
    sp: int = 0
    ret: int = 0
    args: tuple = ()
    module: str = None
    function: str = None
    offset: int = 0
    source: tuple = None   # file, line
    inline: bool = False
    ip: int = None         # known when the site is an address
    size: int = None       # bytes of the frame, when its function's place is not known


def frame(line):
    """A Frame, or None when the line is no row of a stack."""
    inline, row, plain = INLINE.match(line), ROW.match(line), PLAIN.match(line)
    if not inline and not row and not plain:
        return None
    f = Frame(line, inline=bool(inline))
    if row:
        f.args = tuple(number(x) for x in row[3].split())
    if row or plain:
        f.sp, f.ret = (number(x) for x in (row or plain).groups()[:2])
    site = inline[1] if inline else row[4] if row else plain[3]
    if site.startswith("0x"):
        f.ip = number(site)
        return f
    m = SITE.match(site)
    f.module, f.function, f.offset = m[1], m[2], int(m[3] or "0", 16)
    if m[4]:
        f.source = (m[4], int(m[5]))
    return f


def frames(lines):
    return [f for f in map(frame, lines) if f]


def registers(lines):
    """{register: value} of an r block; efl is made from the flags' names when it is not printed."""
    found, flags = {}, 0
    for line in lines:
        found.update((k, int(v, 16)) for k, v in REGISTER.findall(line))
        if line.startswith("iopl="):
            flags = sum(FLAGS.get(x, 0) for x in line.split()) | 2
    if found:
        found.setdefault("efl", flags)
    return found


def instruction(lines):
    """(address, bytes) of the row below the registers."""
    for line in lines:
        m = re.match(r"^([0-9a-f]{8}`[0-9a-f]{8}) ((?:[0-9a-f]{2})+) ", line)
        if m:
            return number(m[1]), bytes.fromhex(m[2])
    return None


def blocks(text):
    """{number: lines}"""
    parts = re.split(r"(?m)^=== block (\d+)\n", text)
    return {int(parts[i]): parts[i + 1].rstrip("\n").split("\n") for i in range(1, len(parts), 2)}


class Analysis:
    """One output of !analyze: name, code, args, fields (name: its lines), order of the fields."""

    def __init__(self, lines):
        self.lines, self.fields, self.order, self.args, self.keys = lines, {}, [], [], {}
        self.code = self.name = None
        current = key = None
        for line in lines:
            arg, named = re.match(r"^Arg\d: ([0-9a-f]+)", line), FIELD.match(line)
            head = re.match(r"^([A-Z0-9_]+) \(([0-9a-f]+)\)$", line)
            if head and not self.code:
                self.name, self.code = head[1], int(head[2], 16)
            elif arg:
                self.args.append(int(arg[1], 16))
            elif named and named[1] not in ("NOTE", "PROCESS"):
                current = named[1]
                self.order.append(current)
                self.fields.setdefault(current, []).append(named[2])
            elif line.startswith("    Key  : "):
                key = line[11:]
            elif line.startswith("    Value: ") and key:
                self.keys[key] = line[11:]
            elif line.startswith("Followup:"):
                break
            elif current:
                self.fields[current].append(line)

    def get(self, name, default=None):
        return self.fields[name][0] if name in self.fields else default

    def stack(self):
        return frames(self.fields.get("STACK_TEXT", ()))


@dataclasses.dataclass
class Article:
    """A file of outputs: its !analyze, and what other commands in it tell of the same machine."""
    path: object
    analysis: Analysis
    cpu: int = 0
    rows: list = None      # the bug check's stack
    kernel: int = None     # base of nt
    loaded: int = None     # nt!PsLoadedModuleList
    lab: str = None
    time: str = None       # ISO 8601, UTC
    uptime: str = None     # seconds
    cpus: int = 0
    zone: int = None       # minutes that local time is ahead of UTC


MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def session_time(text):
    """The time of `Debug session time`, in UTC."""
    m = re.search(r"(\w{3}) +(\d+) (\d+:\d+:\d+)\.(\d+) (\d{4}) \(UTC ([-+]) (\d+):(\d+)\)", text)
    local = datetime.datetime.fromisoformat(f"{m[5]}-{MONTHS.index(m[1]) + 1:02}-{int(m[2]):02}T{m[3]}.{m[4]}")
    away = datetime.timedelta(hours=int(m[7]), minutes=int(m[8]))
    return (local - away if m[6] == "+" else local + away).isoformat()


def article(path):
    """An Article, or None when the file has no bug check with a bucket."""
    text = path.read_text(encoding="utf-8")
    parts = list(blocks(text).values()) or [text.split("\n")]
    at = next((i for i, b in enumerate(parts) if any("Bugcheck Analysis" in x for x in b)), None)
    if at is None:
        return None
    lines = parts[at]
    if not any("FAILURE_BUCKET_ID" in x for x in lines):  # an output that was cut in two
        lines = lines + parts[at + 1] if at + 1 < len(parts) else lines
    a = Analysis(lines)
    if "FAILURE_BUCKET_ID" not in a.fields:
        return None
    out = Article(path, a, rows=a.stack())
    prompt = next((m for m in (re.match(r"(\d+): kd>", x) for x in text.split("\n")) if m), None)
    out.cpu = int(prompt[1]) if prompt else 0
    for b in parts:
        rows = frames(b)
        first = next((i for i, f in enumerate(rows) if f.function == "KeBugCheckEx"), None)
        if not out.rows and first is not None:
            out.rows = rows[first:]
    for name, pattern in (("kernel", r"Kernel base = 0x([0-9a-f`]+)"), ("loaded", r"PsLoadedModuleList = 0x([0-9a-f`]+)")):
        m = re.search(pattern, text)
        setattr(out, name, number(m[1]) if m else None)
    m = re.search(r"Edition build lab: (\S+)", text)
    out.lab = m[1] if m else None
    m = re.search(r"Debug session time: (.*)", text)
    out.time = session_time(m[1]) if m else None
    z = re.search(r"\(UTC ([-+]) (\d+):(\d+)\)", m[1]) if m else None
    out.zone = int(z[1] + "1") * (int(z[2]) * 60 + int(z[3])) if z else None
    m = re.search(r"System Uptime: (\d+) days (\d+):(\d+):(\d+)\.(\d+)", text)
    out.uptime = f"{((int(m[1]) * 24 + int(m[2])) * 60 + int(m[3])) * 60 + int(m[4])}.{m[5]}" if m else None
    m = re.search(r" MP \((\d+) procs\)", text)
    out.cpus = int(m[1]) if m else 0
    return out

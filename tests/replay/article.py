# SPDX-License-Identifier: Apache-2.0
"""The kernel-dump article of the corpus, command by command: a second process with its thread, as !process shows it,
in the dump of its crash; and each line that we say held against the article's.

Types are those of a published symbol file of the same Windows (19041.1288); its names are replaced by the article's."""
import dataclasses
import datetime
import json
import lzma
import re

import golden_text
import make_recipe
from golden_text import number

ISF = "layouts/nt-isf/ntkrnlmp.pdb/CA8E2F01B822EDE6357898BFBF862997-1.json.xz"
GUID = "13121110151417161819" + "1A1B1C1D1E1F"
NT_SIZE = 0x1046000
TICK = 156250                  # of 100 ns: 64 a second, the clock of x64
RETURN_OF_SWITCH = 0x38        # _KSWITCH_FRAME.Return, from KernelStack (public symbols)
SESSION_AT, BLOCKS_AT = 0xFFFFE00010000000, 0xFFFFE00010010000
REASONS = {"UserRequest": 6}
OBJECTS = {"SynchronizationEvent": 1, "QueueObject": 4, "NotificationEvent": 0}


def find(pattern, text, base=16):
    return int(re.search(pattern, text)[1].replace("`", ""), base)


def seconds(text):
    h, m, s = text.split(":")
    return (int(h) * 60 + int(m)) * 60 + float(s)


def ticks(text):
    return round(seconds(text) * 10000000 / TICK)


def thread_rows(lines):
    """The thread's frames; of a row without its stack pointer only that is invented: 40h below the next one's."""
    out = []
    for line in (x.strip() for x in lines):
        f, cut = golden_text.frame(line), re.match(r"^([0-9a-f]{8}`[0-9a-f]{8}) +(\S+!\S+)$", line)
        if not f and cut:
            f = golden_text.frame(f"00000000`00000000 {cut[1]}     {cut[2]}")
        if f:
            out.append(f)
        elif line.startswith("000000bb"):
            break
    for f, nxt in zip(out, out[1:]):
        f.sp = f.sp or nxt.sp - 0x40
    return out


def process_lines(text, when):
    """The process and its thread as statements."""
    at, thread = find(r"PROCESS ([0-9a-f]{16})", text), find(r"THREAD ([0-9a-f]{16})", text)
    create = datetime.datetime.fromisoformat(when) - datetime.timedelta(seconds=seconds(re.search(r"ElapsedTime +(\S+)", text)[1]))
    cid, tid = re.search(r"Cid ([0-9a-f]+)\.([0-9a-f]+)", text).groups()
    image = re.search(r"Image: (\S+)", text)[1]
    low, high = find(r"Limit (\w+)", text), find(r"Base (\w+)", text)
    table = find(r"ObjectTable: (\w+)", text)
    now, least, most = (int(x) for x in re.search(r"\((\d+), (\d+), (\d+)\)", text).groups())
    user, kernel = re.findall(r"UserTime +(\S+)", text), re.findall(r"KernelTime +(\S+)", text)
    p = {"Session": SESSION_AT, "ObjectTable": table, "VadRoot": find(r"VadRoot (\w+)", text),
         "VadCount": find(r"Vads (\d+)", text, 10), "NumberOfPrivatePages": find(r"Private (\d+)", text, 10),
         "ModifiedPageCount": find(r"Modified (\d+)", text, 10), "NumberOfLockedPages": find(r"Locked (\d+)", text, 10),
         "DeviceMap": find(r"DeviceMap (\w+)", text), "Token": find(r"Token +(\w+)", text) | 7,
         "ProcessQuotaUsage[1]": find(r"\[PagedPool\] +(\d+)", text, 10),
         "ProcessQuotaUsage[0]": find(r"\[NonPagedPool\] +(\d+)", text, 10),
         "Vm.Instance.WorkingSetSize": now, "Vm.Instance.WorkingSetLeafSize": now,
         "Vm.Instance.MinimumWorkingSetSize": least, "Vm.Instance.MaximumWorkingSetSize": most,
         "Vm.Instance.PeakWorkingSetSize": find(r"PeakWorkingSetSize +(\d+)", text, 10),
         "VirtualSize": find(r" VirtualSize +(\d+)", text, 10) << 20,
         "PeakVirtualSize": find(r"PeakVirtualSize +(\d+)", text, 10) << 20,
         "Vm.Instance.PageFaultCount": find(r"PageFaultCount +(\d+)", text, 10),
         "Pcb.BasePriority": find(r" {4}BasePriority +(\d+)", text, 10), "CommitCharge": find(r"CommitCharge +(\d+)", text, 10),
         "Pcb.UserTime": ticks(user[0]), "Pcb.KernelTime": ticks(kernel[0]),
         "Vm.Instance.Flags.MemoryPriority": int("FOREGROUND" in text)}
    prio = [find(rf"\b{x} (\d+)", text, 10) for x in ("Priority", "BasePriority", "PriorityDecrement", "IoPriority", "PagePriority")]
    t = {"Tcb.Win32Thread": find(r"Win32Thread: (\w+)", text), "Tcb.WaitMode": int(" UserMode" in text),
         "Tcb.WaitTime": find(r"TickCount +(\d+)", text, 10), "Tcb.ContextSwitches": find(r"Switch Count +(\d+)", text, 10),
         "Tcb.IdealProcessor": find(r"IdealProcessor: (\d+)", text, 10), "Tcb.UserTime": ticks(user[1]),
         "Tcb.KernelTime": ticks(kernel[1]), "Win32StartAddress": find(r"Start Address 0x(\w+)", text),
         "Tcb.InitialStack": find(r"Stack Init (\w+)", text), "Tcb.Priority": prio[0], "Tcb.BasePriority": prio[1],
         "Tcb.PriorityDecrement": prio[2], "CrossThreadFlags": prio[3] << 9 | prio[4] << 12,
         "Tcb.WaitBlockList": BLOCKS_AT}
    waits = [(int(a, 16), kind) for a, kind in re.findall(r"(?m)^ +([0-9a-f]{16})  (\w+)$", text)]
    t["Tcb.WaitBlockCount"] = len(waits)
    reason = REASONS[re.search(r"WAIT: \((\w+)\)", text)[1]]
    tick = t["Tcb.WaitTime"] + find(r"Ticks: (\d+)", text, 10)
    parent, dtb, peb, teb = (find(x + r": (\w+)", text) for x in ("ParentCid", "DirBase", "Peb", "Teb"))
    current, session, handles = find(r"Current (\w+)", text), find(r"SessionId: (\w+)", text), find(r"HandleCount: (\d+)", text, 10)
    out = [f"process {image} {cid} parent {parent:x} dtb {dtb:x} space peb {peb:x} at {at:x} create {create.isoformat()}",
           f"thread {tid} process {image} at {thread:x} teb {teb:x} state 5 reason {reason:x} stack {low:x}-{high:x} "
           f"kernelstack {current:x}",
           f"struct _MM_SESSION_SPACE {SESSION_AT:x} SessionId {session:x}",
           f"struct _HANDLE_TABLE {table:x} FreeLists[0].HandleCount {handles:x}",
           f"struct _EPROCESS {at:x} " + " ".join(f"{k} {v:x}" for k, v in p.items()),
           f"struct _ETHREAD {thread:x} " + " ".join(f"{k} {v:x}" for k, v in t.items()),
           f"memory fffff78000000320: q {tick:x}", f"memory nt!KeMaximumIncrement: d {TICK:x}"]
    for i, (obj, kind) in enumerate(waits):
        out.append(f"struct _KWAIT_BLOCK {BLOCKS_AT + 0x30 * i:x} Thread {thread:x} Object {obj:x}")
        out.append(f"memory {obj:x}: b {OBJECTS[kind]:x}")
    return out


def isf(corpus, made, machine):
    """The published file with the article's names of functions; those of variables stay."""
    source = json.loads(lzma.open(corpus / ISF).read())
    source["metadata"]["windows"]["pdb"].update(GUID=GUID, age=1)
    nt = machine.modules["nt"]
    kept = {k: v for k, v in source["symbols"].items() if v["address"] >= 0xC00000}
    kept.update({g.name: {"address": g.start - nt.base} for g in nt.functions.values()})
    source["symbols"] = kept
    return source


def forge(article, corpus, folder):
    """(Replay, machine) of the article: the crash, and the process of its last block."""
    text = "\n".join(golden_text.blocks(article.path.read_text(encoding="utf-8"))[9])
    rows = thread_rows(text.split("Child-SP")[1].split("\n")[1:])
    machine_box = []

    def more(machine):
        machine.stack(rows, None)
        machine_box.append(machine)

    made = make_recipe.analysis_recipe(article, before=more)
    machine = machine_box[0]
    swap = next(g for g in machine.modules["nt"].functions.values() if g.name == rows[0].function)
    current = find(r"Current (\w+)", text)
    lines = made.recipe.rstrip("\n").split("\n")
    at = next(i for i, x in enumerate(lines) if x.startswith("symbol "))
    lines.insert(at, f"isf {folder / 'ntkrnlmp.pdb' / (GUID + '-1.json')}")
    lines += process_lines(text, article.time)
    lines.append(f"memory {current + RETURN_OF_SWITCH:x}: q {swap.start + rows[0].offset:x}")
    made = dataclasses.replace(made, recipe="\n".join(lines) + "\n", pdbs={k: v for k, v in made.pdbs.items() if "nt" not in k[:2]})
    return made, isf(corpus, made, machine)


def commands(article):
    """[(block, command, its lines)] of the article, as far as it shows them."""
    out = []
    for n, lines in golden_text.blocks(article.path.read_text(encoding="utf-8")).items():
        prompt = re.match(r"\d+: kd> (.*)", lines[0])
        if n == 1:
            out.append((n, None, lines))
        elif prompt and not prompt[1].startswith("!analyze"):
            out.append((n, prompt[1], lines[1:]))
        elif lines[0].startswith("PROCESS "):
            out.append((n, "!process 0 0", lines))
    return out


def dump_name(article):
    """As the banner names it: here a file name with backslashes."""
    text = article.path.read_text(encoding="utf-8")
    return re.search(r"Loading Dump File \[(.*)\]", text)[1]


def compare(want, got, whole):
    """[(line, difference or None)]: each line of the article, found in order. whole: nothing stands between them."""
    out, at = [], 0
    got = [x.rstrip() for x in got]
    for text in (x.rstrip() for x in want):
        if text not in got[at:]:
            out.append((text, f"not there; here {got[at] if at < len(got) else ''!r}"))
            continue
        here = got.index(text, at)
        extra = [x for x in got[at:here] if x] if whole else []
        out.append((text, f"behind {extra!r}" if extra else None))
        at = here + 1
    rest = [x for x in got[at:] if x] if whole else []
    return out + ([("end", f"more follows: {rest!r}")] if rest else [])

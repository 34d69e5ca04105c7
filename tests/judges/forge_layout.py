#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Judge of the forge: small dumps made by mk_kdump.py against those that Windows wrote. For each 64-bit small dump of the
corpus one is forged with the same machine, form, bug check, processors, drivers, unloaded drivers and stack; then both are
described by one reader here, which knows the public layout alone, and compared field by field:

  fields    which header and triage fields are zero, the fill pattern, or a value
  order     of the parts in the file, and the bytes between one part's end and the next one's start
  sizes     of the parts, as far as they follow from what was forged (entries of lists, copies of structures)
  blocks    stride of the descriptors, whether the data lie in their order, without gaps, and where they end

A difference has to stand in EXPLAINED; an explanation that explains nothing fails, too.

usage: forge_layout.py [--quick]     env: DS_CORPUS
"""
import collections
import fnmatch
import pathlib
import struct
import sys

import dump_tools

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "make"))
import mk_kdump  # noqa: E402

HEADER = {  # name: (offset, bytes)
    "MajorVersion": (8, 4), "MinorVersion": (0xC, 4), "DirectoryTableBase": (0x10, 8), "PfnDataBase": (0x18, 8),
    "PsLoadedModuleList": (0x20, 8), "PsActiveProcessHead": (0x28, 8), "Machine": (0x30, 4), "Processors": (0x34, 4),
    "BugCheckCode": (0x38, 4), "VersionUser": (0x60, 32), "KdDebuggerDataBlock": (0x80, 8), "PhysicalMemory": (0x88, 16),
    "ContextFlags": (0x378, 4), "DumpType": (0xF98, 4), "RequiredDumpSpace": (0xFA0, 8),
    "SystemTime": (0xFA8, 8), "Comment": (0xFB0, 16), "SystemUpTime": (0x1030, 8), "MiniDumpFields": (0x1038, 4),
    "SecondaryDataState": (0x103C, 4), "ProductType": (0x1040, 4), "SuiteMask": (0x1044, 4), "WriterStatus": (0x1048, 4),
    "KdSecondaryVersion": (0x104D, 1), "Attributes": (0x1050, 4), "BootId": (0x1054, 4)}
TRIAGE = ("sp size valid context exception mm unloaded prcb process thread stack stack_size drivers n_drivers strings "
          "strings_size broken options").split()
SAME = ("MajorVersion", "Machine", "DumpType", "MiniDumpFields", "context", "exception", "mm", "options")  # exact values
EXPLAINED = {  # (form, what): why
    ("*", "gap before mark"): "behind the data Windows leaves room that it reserved and did not use; the forge, none",
    ("classic arm64", "field BootId"): "the one ARM64 dump has it, the classic dumps of x64 do not",
    ("newer", "size *"): "structures of 26100: the forge has fields of 19041 and 22000 only, unless it is given an ISF file",
    ("newer", "driver fields"): "the kernel copies whole loader entries; readers use what the forge fills",
    ("newer", "data gaps"): "the forge was given the stack alone, which is one block",
}


def state(data, at):
    fill = (b"PAGE" * (len(data) // 4 + 2))[at % 4:][:len(data)]
    return "zero" if not any(data) else "fill" if data == fill else "value"


class Dump:
    def __init__(self, b):
        self.b = b
        self.machine, self.cpus, self.code = (struct.unpack_from("<I", b, at)[0] for at in (0x30, 0x34, 0x38))
        t = self.t = dict(zip(TRIAGE, struct.unpack_from("<18I", b, 0x2000)))
        t["top"], t["limit"], _, t["page_va"] = struct.unpack_from("<4Q", b, 0x2048)
        names = ("page", "page_size", "debugger", "debugger_size", "blocks", "n_blocks")
        t.update(zip(names, struct.unpack_from("<6I", b, 0x2068)))
        self.form = "newer" if t["options"] == 0x41 else "classic"
        self.blocks = [struct.unpack_from("<QII", b, t["blocks"] + 16 * i) for i in range(t["n_blocks"])]
        self.unloaded = struct.unpack_from("<Q", b, t["unloaded"])[0]

    def name(self, at):
        n = struct.unpack_from("<I", self.b, at)[0]
        return self.b[at + 4:at + 4 + 2 * n].decode("utf-16le"), at + 4 + 2 * n + 2

    def parts(self):
        """[(name, start, end)] as they lie in the file; the ends by what the parts hold."""
        t = self.t
        data = [(off, off + size) for _, off, size in self.blocks]
        out = [("mm", t["mm"], t["mm"] + 0x50), ("unloaded", t["unloaded"], t["unloaded"] + 8 + 0x38 * self.unloaded),
               ("stack", t["stack"], t["stack"] + t["stack_size"]),
               ("debugger", t["debugger"], t["debugger"] + t["debugger_size"]),
               ("drivers", t["drivers"], t["drivers"] + 0x90 * t["n_drivers"]),
               ("strings", t["strings"], t["strings"] + t["strings_size"]),
               ("blocks", t["blocks"], t["blocks"] + 16 * t["n_blocks"]),
               ("data", min(a for a, _ in data), max(b for _, b in data)), ("mark", t["valid"], t["valid"] + 4)]
        copies = sorted((t[n], n) for n in ("prcb", "process", "thread") if t[n])
        for (at, name), (following, _) in zip(copies, copies[1:] + [(t["stack"], "")]):
            out.append((name, at, following))  # the gap is the structure's size
        return sorted(out, key=lambda p: p[1])

    def describe(self):
        b, t, out = self.b, self.t, {}
        for name, (at, n) in HEADER.items():
            out["field " + name] = state(b[at:at + n], at)
        for name in (*TRIAGE, "top", "limit", "page_va", "page", "page_size", "debugger", "blocks", "n_blocks"):
            out["triage " + name] = "zero" if not t[name] else "all ones" if t[name] == 0xFFFFFFFF else "value"
        for name in SAME:
            at, n = HEADER.get(name, (0, 0))
            out["same " + name] = hex(int.from_bytes(b[at:at + n], "little") if n else t[name])
        parts = self.parts()
        out["order"] = " ".join(p[0] for p in parts)
        for (name, _, end), (following, start, _) in zip(parts, parts[1:]):
            out[f"gap before {following}"] = "none" if start == end else "to 8" if 0 < start - end < 8 else "other"
        for name, start, end in parts:
            out[f"aligned {name}"] = start % 8 == 0 if name not in ("data", "mark") else "any"
            if name in ("prcb", "process", "thread"):
                out[f"size {name}"] = hex(end - start)
        out["size of dump"] = "behind the mark" if t["size"] == t["valid"] + 4 else "other"
        out["required space"] = {True: "the file"}.get(struct.unpack_from("<Q", b, 0xFA0)[0] == len(b), "other")
        self.describe_lists(out)
        return out

    def describe_lists(self, out):
        t, b = self.t, self.b
        names = [self.name(struct.unpack_from("<I", b, t["drivers"] + 0x90 * i)[0]) for i in range(t["n_drivers"])]
        starts = [struct.unpack_from("<I", b, t["drivers"] + 0x90 * i)[0] for i in range(t["n_drivers"])]
        out["names in order"] = starts == sorted(starts)
        out["names at"] = "8" if all(s % 8 == 0 for s in starts) else "4" if all(s % 4 == 0 for s in starts) else "any"
        out["name gaps below 8"] = all(0 <= s - e < 8 for (_, e), s in zip(names, starts[1:]))
        out["names begin strings"] = starts[0] == t["strings"]
        out["names are paths"] = sum("\\" in n for n, _ in names) * 2 > len(names)
        out["kernel's entry"] = "zero" if not struct.unpack_from("<Q", b, t["drivers"] + 0x40)[0] else "value"
        out["driver fields"] = " ".join(
            f"{off:x}" for off in range(0, 0x90, 8) if any(any(b[t["drivers"] + 0x90 * i + off:][:8]) for i in range(
                t["n_drivers"])))
        ordered = [off for _, off, _ in self.blocks]
        out["data in order"] = ordered == sorted(ordered)
        ends = [(off, off + n) for _, off, n in sorted(self.blocks, key=lambda x: x[1])]
        steps = collections.Counter("none" if b0 == a1 else "overlap" if b0 < a1 else f"<{8 if b0 - a1 < 8 else 16}"
                                    for (_, a1), (b0, _) in zip(ends, ends[1:]))
        out["data gaps"] = " ".join(sorted(steps))


def recipe(d):
    """The same parameters for the forge."""
    b, t = d.b, d.t
    machine, build = ("arm64" if d.machine == 0xAA64 else "x64"), struct.unpack_from("<I", b, 0xC)[0]
    params = struct.unpack_from("<4Q", b, 0x40)
    lines = [f"kdump {machine} {'triage-kernel' if d.form == 'newer' else 'triage'}", f"build {build} ; cpus {d.cpus}",
             "time 2026-01-02T03:04:05 ; uptime 54.755", "bugcheck " + " ".join(f"{x:x}" for x in (d.code, *params))]
    for i in range(t["n_drivers"]):
        at = t["drivers"] + 0x90 * i
        base, entry, size = struct.unpack_from("<QQI", b, at + 0x38)
        check, time = struct.unpack_from("<IxxxxI", b, at + 0x80)
        leaf = d.name(struct.unpack_from("<I", b, at)[0])[0].rsplit("\\", 1)[-1].replace(" ", "_")
        more = f" entry {entry - base:x}" if base < entry < base + size else ""
        lines.append(f"module {base:x} {leaf} size {size:x} time {time:x} checksum {check:x} nomem{more}")
    for i in range(d.unloaded):
        at = t["unloaded"] + 8 + 0x38 * i
        text = b[at + 0x10:at + 0x28].decode("utf-16le", "replace").split("\0")[0].replace(" ", "_") or "x.sys"
        start, end = struct.unpack_from("<QQ", b, at + 0x28)
        lines.append(f"unloaded {text} {start:x} {end:x}")
    top, size = t["top"], t["stack_size"]
    ip, sp = ("pc", "sp") if machine == "arm64" else ("rip", "rsp")
    lines += ["process System 4", f"thread 8 process System stack {top & ~0xFFF:x}-{top + size:x}",
              f"cpu 0 thread 8 {ip} {struct.unpack_from('<Q', b, t['drivers'] + 0x38)[0] + 0x1000:x} {sp} {top:x}",
              f"exception 80000003 {params[1]:x}", f"stack {top:x}: hex {b[t['stack']:t['stack'] + size].hex()}"]
    return "\n".join(lines) + "\n"


def main():
    dump_tools.arguments(__doc__)
    passed = failed = compared = 0
    used = set()
    for path in sorted((dump_tools.corpus() / "kernel").glob("*.dmp")):
        real = Dump(path.read_bytes())
        forged = Dump(mk_kdump.recipe(recipe(real)).write())
        a, b, form = real.describe(), forged.describe(), real.form + (" arm64" if real.machine == 0xAA64 else "")
        bad = []
        for key in sorted(a.keys() | b.keys()):
            compared += 1
            if a.get(key) == b.get(key):
                continue
            why = next((e for e in EXPLAINED if fnmatch.fnmatch(form, e[0]) and fnmatch.fnmatch(key, e[1])), None)
            used.add(why)
            if not why:
                bad.append(f"{key}: real {a.get(key)}, forged {b.get(key)}")
        passed, failed = passed + (not bad), failed + bool(bad)
        print(f"{'not ok' if bad else 'ok'} - {path.stem.split('__')[-1]} ({form})" + "".join("\n    " + x for x in bad))
    for key in EXPLAINED.keys() - used:
        failed += 1
        print(f"not ok - explains nothing: {key}")
    print(f"{compared} facts compared, {len(EXPLAINED)} kinds of differences explained")
    dump_tools.finish(passed, failed)


if __name__ == "__main__":
    main()

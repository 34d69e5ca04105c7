#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Judge: the facts of our reader against LLVM's (obj2yaml-19) on every user dump of the corpus that it opens: header,
directory, system, threads, modules, exception, memory lists, memory information, and the streams that it prints as
bytes. --quick: the dumps under 300 KB. -v: what was compared."""
import collections, re, shutil, struct, subprocess, sys
import dump_tools

ARCH = {"X86": 0, "ARM": 5, "AMD64": 9, "ARM64": 12}
STATE = {"MEM_COMMIT": 0x1000, "MEM_RESERVE": 0x2000, "MEM_FREE": 0x10000}
KIND = {"MEM_PRIVATE": 0x20000, "MEM_MAPPED": 0x40000, "MEM_IMAGE": 0x1000000}
STREAM = {"ThreadList": 3, "ModuleList": 4, "MemoryList": 5, "Exception": 6, "SystemInfo": 7, "ThreadExList": 8,
          "Memory64List": 9, "CommentA": 10, "CommentW": 11, "HandleData": 12, "FunctionTable": 13,
          "UnloadedModuleList": 14, "MiscInfo": 15, "MemoryInfoList": 16, "ThreadInfoList": 17,
          "HandleOperationList": 18, "Token": 19, "JavascriptData": 20, "SystemMemoryInfo": 21,
          "ProcessVMCounters": 22, "BreakpadInfo": 0x47670001, "AssertionInfo": 0x47670002}


# ---- obj2yaml's text: one `Key: value` a line, nesting by indentation, "- " begins a list item
def value(text):
    if text[:1] == text[-1:] == "'" and len(text) > 1:
        return text[1:-1].replace("''", "'")
    if text[:1] == text[-1:] == '"' and len(text) > 1:
        return re.sub(rb"\\(x..|u....|U........|.)", escape, text[1:-1].encode()).decode()
    return text


def escape(m):
    c = m[1].decode()
    if c[0] in "xuU" and len(c) > 1:
        return chr(int(c[1:], 16)).encode()
    return {"n": "\n", "t": "\t", "0": "\0", "e": "\x1b"}.get(c, c).encode()


def parse(text):
    """The document as nested dicts, and lists of dicts."""
    lines = []
    for line in text.splitlines():
        m = re.match(r"( *)(- )?([^:]+):(?: +(.*))?$", line)
        if m:
            lines.append((len(m[1]) + (2 if m[2] else 0), bool(m[2]), m[3], m[4]))
    return mapping(lines, 0, 0)[0]


def mapping(lines, i, indent):
    ret, first = {}, i
    while i < len(lines) and lines[i][0] == indent and (i == first or not lines[i][1]):
        key, text = lines[i][2:]
        i += 1
        if text is not None:
            ret[key] = value(text)
        elif i < len(lines) and lines[i][0] > indent:
            ret[key], i = (sequence if lines[i][1] else mapping)(lines, i, lines[i][0])
        else:
            ret[key] = {}
    return ret, i


def sequence(lines, i, indent):
    ret = []
    while i < len(lines) and lines[i][0] == indent and lines[i][1]:
        item, i = mapping(lines, i, indent)
        ret.append(item)
    return ret, i


def num(d, key):
    return int(d.get(key, "0"), 0)


def items(d, key):
    return d.get(key) or []


def blob(d, key="Content"):
    return bytes.fromhex(d.get(key, ""))


# ---- comparisons: each yields (what, ours, theirs)
def compare_system(s, f):
    o = f["system"][0]
    yield "arch", o["arch"], ARCH.get(s["Processor Arch"])
    for theirs, ours in (("Processor Level", "level"), ("Processor Revision", "revision"), ("Product type", "product"),
                         ("Number of Processors", "n_cpus"), ("Major Version", "major"), ("Minor Version", "minor"),
                         ("Build Number", "build"), ("Suite Mask", "suite")):
        yield theirs, o[ours], num(s, theirs)
    yield "csd", o["csd"], s.get("CSD Version", "")


def compare_threads(s, f):
    theirs = items(s, "Threads")
    yield "threads", len(f["thread"]), len(theirs)
    for o, t in zip(f["thread"], theirs):
        yield "tid", o["tid"], num(t, "Thread Id")
        yield "suspend", o["suspend"], num(t, "Suspend Count")
        yield "class", o["class"], num(t, "Priority Class")
        yield "priority", o["priority"], num(t, "Priority")
        yield "teb", int(o["teb"], 16), num(t, "Environment Block")
        yield "context", o["context_have"], len(blob(t, "Context"))
        yield "stack", int(o["stack"], 16), num(t.get("Stack", {}), "Start of Memory Range")
        if o["stack_rva"]:  # else obj2yaml shows the head of the file
            yield "stack size", o["stack_size"], len(blob(t.get("Stack", {})))


def compare_modules(s, f):
    theirs = items(s, "Modules")
    yield "modules", len(f["module"]), len(theirs)
    for o, t in zip(f["module"], theirs):
        yield "base", int(o["base"], 16), num(t, "Base of Image")
        yield "size", o["size"], num(t, "Size of Image")
        yield "checksum", o["checksum"], num(t, "Checksum")
        yield "time", o["timestamp"], num(t, "Time Date Stamp")
        yield "name", o["path"], t.get("Module Name", "")
        version = t.get("Version Info", {})
        fixed = struct.unpack("<13I", bytes.fromhex(o["fixed"])) if o["fixed"] else (0,) * 13
        for i, key in ((0, "Signature"), (2, "File Version High"), (3, "File Version Low"), (4, "Product Version High"),
                       (5, "Product Version Low"), (6, "File Flags Mask"), (8, "File OS"), (9, "File Type")):
            yield key, fixed[i], num(version, key)
        cv = blob(t, "CodeView Record")
        if cv[:4] == b"RSDS":
            yield "guid", o.get("guid"), cv[4:20].hex()
            yield "age", o["age"], struct.unpack_from("<I", cv, 20)[0]
            yield "pdb", o["pdb"].encode(), cv[24:].split(b"\0")[0]
        elif cv[:4] == b"NB10":
            yield "NB10", [o["cv"], o["cv_timestamp"], o["age"]], ["NB10", *struct.unpack_from("<II", cv, 8)]
        else:
            yield "debug record", o["cv"], "none" if not cv else "ELF" if cv[:4] == b"LEpB" else "other"
        yield "misc", o["misc"], len(blob(t, "Misc Record"))


def compare_exception(s, f):
    r, o = s["Exception Record"], f["exception"][0]
    n = num(r, "Number of Parameters")
    yield "exception thread", o["tid"], num(s, "Thread ID")
    yield "code", int(o["code"], 16), num(r, "Exception Code")
    yield "flags", int(o["flags"], 16), num(r, "Exception Flags")
    yield "record", int(o["record"], 16), num(r, "Exception Record")
    yield "address", int(o["address"], 16), num(r, "Exception Address")
    yield "parameters", [int(p, 16) for p in o["params"]], [num(r, f"Parameter {i}") for i in range(n)]
    yield "exception context", o["context_have"], len(blob(s, "Thread Context"))


def compare_memory(s, f, data):
    """Ours are sorted and without what an earlier range covers: theirs must lie in ours, byte for byte."""
    ours = [(int(r["va"], 16), r["size"], r["off"]) for r in f["range"]]
    for t in items(s, "Memory Ranges"):
        va, content = num(t, "Start of Memory Range"), blob(t)
        found = [data[o:o + n] for a, n, o in ours if a == va and n == len(content)]
        yield "range %x" % va, found[:1] == [content] or not content, True


def compare_meminfo(s, f):
    theirs = items(s, "Memory Ranges")
    yield "memory information", len(f["meminfo"]), len(theirs)
    for o, t in zip(f["meminfo"], theirs):
        yield "base", int(o["base"], 16), num(t, "Base Address")
        yield "region", o["size"], num(t, "Region Size")
        # obj2yaml leaves out the allocation base where it is the base
        yield "allocation", int(o["alloc"], 16), num(t, "Allocation Base") if "Allocation Base" in t else int(o["base"], 16)
        for key, ours, names in (("State", "state", STATE), ("Type", "type", KIND)):
            known = re.findall(r"[A-Z]\w+", t.get(key, ""))
            if all(k in names for k in known) and key in t:
                yield key, int(o[ours], 16) & sum(names.values()), sum(names[k] for k in known)


def compare_bytes(s, kind, f):
    """Streams that obj2yaml keeps as bytes: taken apart here once more."""
    b = blob(s)
    if kind == "MiscInfo" and len(b) >= 24:
        o, flags = f["misc"][0], struct.unpack_from("<I", b, 4)[0]
        yield "misc size", o["size"], struct.unpack_from("<I", b)[0]
        yield "misc flags", int(o["flags"], 16), flags & 0x3f7
        yield "pid", [o["pid"], o["create"], o["user"], o["kernel"]], list(struct.unpack_from("<4I", b, 8))
        if len(b) >= 832:
            yield "build string", o["build"], b[232:752].decode("utf-16le").split("\0")[0]
            yield "time zone", o["bias"], struct.unpack_from("<i", b, 60)[0]
            yield "zone name", o["standard"], b[64:128].decode("utf-16le").split("\0")[0]
        if len(b) >= 1364:
            yield "cookie", int(o["cookie"], 16), struct.unpack_from("<I", b, 1360)[0]
    elif kind == "ThreadInfoList" and len(b) >= 12:
        header, stride, n = struct.unpack_from("<3I", b)
        theirs = {}
        for i in range(n):
            e = struct.unpack_from("<4I6Q", b, header + stride * i)
            theirs.setdefault(e[0], list(e[1:]))
        for t in f["thread"]:
            if t["tid"] in theirs:
                yield "thread information", [t["flags"], t["error"], t["exit_status"], t["create"], t["exit"], t["kernel"],
                                             t["user"], int(t["start"], 16), int(t["affinity"], 16)], theirs[t["tid"]]
    elif kind == "HandleData" and len(b) >= 12:
        header, stride, n = struct.unpack_from("<3I", b)
        yield "handles", len(f["handle"]), n
        for o, i in zip(f["handle"], range(n)):
            e = struct.unpack_from("<Q6I", b, header + stride * i)
            yield "handle", [int(o["handle"], 16), int(o["attributes"], 16), int(o["access"], 16), o["handles"],
                             o["pointers"]], [e[0], *e[3:]]
    elif kind == "Memory64List" and len(b) >= 16:
        n, off = struct.unpack_from("<2Q", b)
        yield "ranges", len(f["range"]), n
        for o, i in zip(f["range"], range(n)):
            va, size = struct.unpack_from("<2Q", b, 16 + 16 * i)
            yield "range", [int(o["va"], 16), o["size"], o["off"]], [va, size, off]
            off += size
    elif kind == "UnloadedModuleList" and len(b) >= 12:
        header, stride, n = struct.unpack_from("<3I", b)
        yield "unloaded", len(f["unloaded"]), n
        for o, i in zip(f["unloaded"], range(n)):
            yield "unloaded", [int(o["base"], 16), o["size"], o["checksum"], o["timestamp"]], list(
                struct.unpack_from("<Q3I", b, header + stride * i))


def compare(doc, f, data):
    yield "version", (int(f["header"][0]["writer"], 16) << 16) + int(f["header"][0]["version"], 16), num(doc, "Version") or 0xA793
    yield "flags", int(f["header"][0]["flags"], 16), num(doc, "Flags")
    streams = items(doc, "Streams")
    yield "streams", len(f["stream"]), len(streams)
    seen = set()
    for o, s in zip(f["stream"], streams):
        kind = s["Type"]
        yield "stream type", o["type"], STREAM[kind] if kind in STREAM else int(kind, 0)
        if kind in seen:
            continue
        seen.add(kind)
        yield from (compare_system(s, f) if kind == "SystemInfo" else
                    compare_threads(s, f) if kind == "ThreadList" else
                    compare_modules(s, f) if kind == "ModuleList" else
                    compare_exception(s, f) if kind == "Exception" else
                    compare_memory(s, f, data) if kind == "MemoryList" else
                    compare_meminfo(s, f) if kind == "MemoryInfoList" else compare_bytes(s, kind, f))


def main():
    args = dump_tools.arguments(__doc__)
    if not shutil.which("obj2yaml-19"):
        print("skipped: no obj2yaml-19")
        sys.exit(77)
    passed, failed, facts, refused, kinds = 0, 0, 0, [], collections.Counter()
    for path in dump_tools.manifest():
        with dump_tools.unpacked(path) as file:
            data = file.read_bytes()
            if args.quick and len(data) > 300000:
                continue
            p = subprocess.run(["obj2yaml-19", file], capture_output=True, timeout=60)
            if p.returncode:
                refused.append((path, p.stderr.decode(errors="replace").strip().split(": ")[-1]))
                continue
            bad = 0
            for what, ours, theirs in compare(parse(p.stdout.decode("utf-8", "replace")), dump_tools.facts(file), data):
                facts += 1
                kinds[what.split(" ")[0]] += 1
                if ours != theirs:
                    bad += 1
                    if bad <= 5 or args.v:
                        print(f"{path}: {what}: {ours}, obj2yaml says {theirs}")
            failed += bad != 0
            passed += bad == 0
    for path, why in refused:
        print(f"not compared, obj2yaml refuses it: {path}: {why}")
    if args.v:
        print(dict(kinds))
    print(f"{facts} facts compared")
    dump_tools.finish(passed, failed)


if __name__ == "__main__":
    main()

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Judge: every user dump of the corpus, written again as minidumps of several types. What LLVM (obj2yaml-19, lldb-19),
Breakpad (minidump_dump, named by DS_MINIDUMP_DUMP) and udmp-parser (DS_UDMP_PARSER) say of the written dump is what they
say of the source; a tool that is not there, or does not open the source, says nothing. Our own reader finds the facts
of the source as far as the type has them; each byte of memory is the source's; filtered stacks give the same frames
and keep nothing but addresses. --quick: the dumps under 300 KB, without lldb."""
import json, os, pathlib, re, shutil, struct, subprocess, sys, tempfile
import dump_tools
from minidump_obj2yaml import parse

TYPES = ("m", "A", "i", "pwdc", "FhutrR", "r")
LISTS = {"u": ("unloaded",), "h": ("handle", "handle_op"), "F": ("meminfo",)}
ALWAYS = ("system", "misc", "exception", "comment", "sysmem", "vm", "token", "function_table", "breakpad")
CRASHPAD = ("crashpad", "crashpad_annotation", "crashpad_simple", "crashpad_object", "crashpad_list")


class Checks:
    def __init__(self):
        self.name, self.facts, self.failed, self.tools, self.damaged = "", 0, 0, {}, False

    def same(self, what, ours, theirs):
        self.facts += 1
        if ours != theirs:
            self.failed += 1
            if isinstance(ours, list) and isinstance(theirs, list):
                k = next((i for i, (a, b) in enumerate(zip(ours, theirs)) if a != b), min(len(ours), len(theirs)))
                what, ours, theirs = f"{what}[{k}] of {len(ours)}, {len(theirs)}", ours[k:k + 1], theirs[k:k + 1]
            print(f"{self.name}: {what}: {str(ours)[:200]} instead of {str(theirs)[:200]}")


def run(*args, timeout=120):
    p = subprocess.run([str(a) for a in args], capture_output=True, timeout=timeout, stdin=subprocess.DEVNULL,
                       env=dict(os.environ, DUMPSCOPE_NETSYMS="no", LC_ALL="C.UTF-8"))
    return p.returncode, p.stdout.decode("utf-8", "replace"), p.stderr.decode("utf-8", "replace")


# ---- memory, read by nothing of ours
def memory(data):
    """[(va, bytes)] of a minidump that this judge takes apart itself."""
    n, rva = struct.unpack_from("<II", data, 8)
    ret = []
    for i in range(n):
        kind, size, at = struct.unpack_from("<3I", data, rva + 12 * i)
        if kind == 5:
            count = struct.unpack_from("<I", data, at)[0]
            for k in range(count):
                va, length, off = struct.unpack_from("<QII", data, at + 4 + 16 * k)
                ret.append((va, data[off:off + length]))
        elif kind == 9:
            count, off = struct.unpack_from("<QQ", data, at)
            for k in range(count):
                va, length = struct.unpack_from("<QQ", data, at + 16 + 16 * k)
                ret.append((va, data[off:off + length]))
                off += length
    return ret


class Source:
    def __init__(self, facts, data):
        self.ranges = [(int(r["va"], 16), data[r["off"]:r["off"] + r["have"]]) for r in facts["range"]]

    def read(self, va, n):
        """The bytes at va, as far as the source has them."""
        out = b""
        while len(out) < n:
            hit = next((b[va + len(out) - a:] for a, b in self.ranges if a <= va + len(out) < a + len(b)), b"")
            if not hit:
                break
            out += hit
        return out[:n]


def check_memory(c, kind, facts, new, source, written):
    pieces = memory(written)
    c.same("ranges ascend", all(a[0] + len(a[1]) <= b[0] for a, b in zip(pieces, pieces[1:])), True)
    if kind == "A":
        c.same("ranges", [(a, len(b)) for a, b in pieces], [(a, len(b)) for a, b in source.ranges if b])
    stacks = [(int(t["stack"], 16), t["stack_size"]) for t in facts["thread"]]
    for va, b in pieces:
        want = source.read(va, len(b))
        if "r" not in kind:
            c.same(f"bytes at {va:x}", b == want, True)
        elif b != want:  # zeros, inside stacks only
            changed = [i for i in range(len(b)) if i >= len(want) or b[i] != want[i]]
            c.same(f"zeros at {va:x}", all(b[i] == 0 for i in changed), True)
            c.same(f"zeros in stacks at {va:x}", all(any(s <= va + i < s + n for s, n in stacks) for i in changed), True)
    for t, n in zip(facts["thread"], new["thread"]):
        va, size = int(t["stack"], 16), t["stack_size"]
        have = len(source.read(va, size))
        got = next((b[va - a:va - a + have] for a, b in pieces if a <= va < a + len(b)), b"")
        c.same(f"stack of {t['tid']:x}", len(got) >= min(have, 1), True)
        if n["stack_rva"]:
            c.same("stack's place", written[n["stack_rva"]:n["stack_rva"] + n["stack_size"]][:len(got)], got)
    if "r" in kind:
        check_filter(c, facts, pieces, stacks)


def check_filter(c, facts, pieces, stacks):
    """Each word that is left in a stack leads to a module, a stack or executable memory."""
    n = 4 if facts["system"][0]["arch"] == 0 else 8
    homes = [(int(m["base"], 16), m["size"]) for m in facts["module"]] + stacks
    homes += [(int(m["base"], 16), m["size"]) for m in facts["meminfo"] if int(m["protect"], 16) & 0xf0]
    bad = total = 0
    for va, b in pieces:
        for i in range(-va % n, len(b) - n + 1, n):
            word = int.from_bytes(b[i:i + n], "little")
            if word and any(s <= va + i < s + z for s, z in stacks):
                total += 1
                bad += not any(s <= word < s + z for s, z in homes)
    c.same("words in filtered stacks that are no addresses", bad, 0)


# ---- our reader on both
def bare(fact, *drop):
    return {k: v for k, v in fact.items() if k not in drop + ("rva", "off", "stack_rva", "context_rva", "context_size")}


def check_facts(c, kind, old, new):
    private = "r" in kind or "R" in kind
    letters = "fFhut" if kind == "A" else kind
    cut = {s["type"] for s in old["stream"] if s["status"] != "ok"}
    threads = ("stack_size",)
    if "t" not in letters:
        threads += ("flags", "error", "exit_status", "create", "exit", "kernel", "user", "start", "affinity")
    if not cut & {3, 8, 17}:
        c.same("threads", [bare(t, *threads) for t in new["thread"]], [bare(t, *threads) for t in old["thread"]])
    modules = [bare(m) for m in old["module"]]
    if "R" in letters:
        for m in modules:
            m["path"], m["pdb"], m["misc"] = (re.split(r"[\\/]", m["path"])[-1], re.split(r"[\\/]", m.get("pdb") or "")[-1], 0)
        for m in new["module"]:
            m["pdb"] = m.get("pdb") or ""
    c.same("modules", [bare(m) for m in new["module"]], modules)
    for name in ALWAYS:
        if not cut:
            c.same(name, [bare(f) for f in new[name]], [bare(f) for f in old[name]])
    if not private:
        for name in CRASHPAD:
            c.same(name, new[name], [f for f in old[name] if name != "crashpad_object" or f["value"] is not None])
    for letter, names in LISTS.items():
        for name in names:
            want = [bare(f) for f in old[name]] if letter in letters else []
            if "R" in letters:
                for f in want:
                    if name == "unloaded":
                        f["name"] = re.split(r"[\\/]", f["name"])[-1]
            if not (cut & {18} and name == "handle_op"):
                c.same(name, [bare(f) for f in new[name]], want)
    c.same("nothing amiss", [n for n in new["note"] if n.get("code") == "corrupt" and
                             n.get("what") not in {o.get("what") for o in old["note"]}], [])
    c.same("nothing cut", {s["status"] for s in new["stream"]} <= {"ok", "corrupt"}, True)


# ---- foreign readers on both
def obj2yaml(c, kind, old, new):
    code, text, _ = run("obj2yaml-19", old)
    code2, text2, err = run("obj2yaml-19", new)
    if code2:
        c.same("obj2yaml opens it", code2 if not code else "no more than the source", 0 if not code else "no more than the source")
        return
    c.tools["obj2yaml"] = c.tools.get("obj2yaml", 0) + 1
    if code:
        return
    a, b = ({s["Type"]: s for s in parse(t).get("Streams", [])} for t in (text, text2))
    drop = ("Reserved0", "Reserved1") + ("Module Name", "CodeView Record", "Misc Record") * ("R" in kind)
    for name, key in (("ThreadList", "Threads"), ("ModuleList", "Modules")):
        clean = [[{k: v for k, v in item.items() if k not in drop + ("Stack",)} for item in d.get(name, {}).get(key) or []]
                 for d in (b, a)]
        c.same(f"obj2yaml: {key}", *clean)
    for name in ("SystemInfo", "Exception", "MiscInfo", *(["MemoryInfoList"] if "F" in kind or kind == "A" else [])):
        if name in a:
            c.same(f"obj2yaml: {name}", b.get(name), a[name])


def lldb(c, kind, old, new):
    def look(path):
        text = run("lldb-19", "-b", "-o", f"target create -c {path}", "-o", "thread list", "-o", "image list")[1]
        return re.findall(r"thread #\d+: tid = \w+", text), \
            [x for x in text.splitlines() if re.match(r"\[ *\d+\]", x)], "was loaded" in text

    (threads, images, opened), (threads2, images2, opened2) = look(old), look(new)
    names = [i.split()[-1].replace("\\", "/").rpartition("/")[2] for i in images]
    if not opened or c.damaged or ("R" in kind and len(set(names)) != len(names)):  # it takes modules of one name for one
        return
    c.tools["lldb"] = c.tools.get("lldb", 0) + 1
    c.same("lldb opens it", opened2, True)
    c.same("lldb: threads", threads2, threads)
    if "R" in kind:
        images, images2 = ([re.sub(r"(0x\w+) .*[\\/]", r"\1 ", i) for i in x] for x in (images, images2))
    c.same("lldb: modules", images2, images)


def breakpad(c, kind, old, new):
    tool = os.environ.get("DS_MINIDUMP_DUMP")
    if not tool:
        return

    def look(path):
        _, out, err = run(tool, path)
        parts = re.split(r"\n(?=(?:Minidump[A-Z]\w+|MDException|MDRawSystemInfo|MDRawMiscInfo|MDRawCrashpadInfo|MDRawBreakpadInfo)\n)", out)
        by_name = {p.split("\n")[0]: [x for x in p.split("\n") if not re.search(r"rva|data_size|cv_record|file_name", x)]
                   for p in parts}
        return by_name, {re.sub(r".*ERROR: ", "", e) for e in err.splitlines() if "ERROR" in e}

    (a, errors), (b, errors2) = look(old), look(new)
    if "MinidumpThreadList" not in a:
        return
    c.tools["minidump_dump"] = c.tools.get("minidump_dump", 0) + 1
    new_errors = {e for e in errors2 - errors if not re.search("GetStream could not find|cannot find stream", e)}
    if "A" not in kind:  # memory that the type does not have
        new_errors = {e for e in new_errors if "emory" not in e}
    if not c.damaged:  # it speaks of each module that it does not take
        c.same("minidump_dump: errors", new_errors, set())
    skip = r"Stack|No stack|^0x[0-9a-f]{8,}$|stack\.|^ *$"
    for name in ("MinidumpThreadList", "MDException", "MDRawSystemInfo", "MDRawMiscInfo",
                 *(["MinidumpModuleList"] if "R" not in kind else [])):
        if name in a:
            c.same(f"minidump_dump: {name}", *([x for x in d.get(name, []) if not re.search(skip, x)] for d in (b, a)))


def udmp(c, kind, old, new):
    tool = os.environ.get("DS_UDMP_PARSER")
    if not tool:
        return
    code, text, _ = run(tool, "-a", old)
    code2, text2, _ = run(tool, "-a", new)
    if code or "failed" in text:
        return
    c.tools["udmp-parser"] = c.tools.get("udmp-parser", 0) + 1
    c.same("udmp-parser opens it", "failed" in text2, False)

    def look(text):
        return sorted(x for x in text.splitlines() if "MEM_" not in x and re.search(r"TID|Context|\.(exe|dll)|rip|rax", x, re.I))

    if "R" not in kind:
        c.same("udmp-parser: threads and modules", look(text2), look(text))


# ---- what commands say
def command(program, path, line):
    text = run(program, "-sins", "-z", path, "-c", line + "; q")[1]
    return [x for x in text.splitlines() if x.strip()][-1000:]


def frames(program, path):
    """Place, and stack pointer, of the frames of every thread, up to the first that was only guessed: a guess looks at
    words that are no addresses, too. Where a frame of x86 begins follows from its caller."""
    _, text, _ = run(program, "--json", "-sins", "-z", path, "-c", "~*k 100; q")
    ret, guessed = [], False
    for item in json.loads(text.splitlines()[0])["items"]:
        if item["row"] != "stack_frame":
            continue
        if item["frame"] == 0 or item["trust"] == "scan":
            guessed = item["trust"] == "scan"
            ret[-1:] = [(None, *r[1:]) for r in ret[-1:]]
        if not guessed:
            ret.append((item["child_sp"], item["ip"]))
    ret[-1:] = [(None, *r[1:]) for r in ret[-1:]]
    return ret


def check_commands(c, program, made, kind, old):
    if kind == "r":
        c.same("frames of filtered stacks", frames(program, made["r"]), frames(program, made["m"]))


def convert(c, program, kind, source, out):
    code, _, err = run(program, "convert", "--overwrite", "--type", kind, source, out)
    c.same("convert ends well", code in (0, 3) or err, True)
    return code in (0, 3)


def judge(c, program, path, file, quick, folder):
    data, old = file.read_bytes(), dump_tools.facts(file)
    source, made = Source(old, data), {}
    c.damaged = any(n.get("code") in ("corrupt", "absent") for n in old["note"])
    for kind in TYPES:
        c.name = f"{path} /{kind}"
        out = made[kind] = pathlib.Path(folder) / f"{kind}.dmp"
        if not convert(c, program, kind, file, out):
            continue
        new = dump_tools.facts(out)
        check_facts(c, kind, old, new)
        check_memory(c, kind, old, new, source, out.read_bytes())
        obj2yaml(c, kind, file, out)
        breakpad(c, kind, file, out)
        udmp(c, kind, file, out)
        if not quick and kind in ("m", "A", "FhutrR"):
            lldb(c, kind, file, out)
        check_commands(c, program, made, kind, file)


def main():
    args = dump_tools.arguments(__doc__)
    if not shutil.which("obj2yaml-19"):
        print("skipped: no obj2yaml-19")
        sys.exit(77)
    program = pathlib.Path(os.environ.get("DS_BUILD", dump_tools.ROOT / "build")) / "dumpscope"
    c, passed, failed = Checks(), 0, 0
    for path in dump_tools.manifest():
        with dump_tools.unpacked(path) as file, tempfile.TemporaryDirectory() as folder:
            if args.quick and file.stat().st_size > 300000:
                continue
            before = c.failed
            judge(c, program, path, file, args.quick, folder)
            passed += c.failed == before
            failed += c.failed != before
    print(f"{c.facts} facts compared; written dumps opened by {c.tools}")
    dump_tools.finish(passed, failed)


if __name__ == "__main__":
    main()

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Judge: every user dump of the corpus opens, and OS build, processor, exception and counts agree with MANIFEST.tsv,
which another reader made. --quick: the same (it takes seconds). -v: the facts of every dump."""
import re
import dump_tools

# The columns count what a list's header promises; these are the dumps where that is not what is there.
#   the two fuzzed dumps: the memory after the file's end is missing, one module name was hit
DAMAGED = re.compile("fuzzed-crash")
ARCH = {"x86": "14c", "x64": "8664", "ARM64": "aa64"}


def expected(row):
    notable = row["notable_streams_or_blocks"].split("|")[0]
    counts = {k: int(v) for k, v in re.findall(r"\b(thr|mod|hnd|names|ranges|ranges64|unl) (\d+)\b", notable)}
    flags = re.search(r"flags 0x([0-9a-f]+)", notable)
    return counts, flags and flags[1], notable


def told(f):
    names = sum(t["name"] is not None for t in f["thread"])
    return {"thr": len(f["thread"]), "mod": len(f["module"]), "hnd": len(f["handle"]), "names": names,
            "unl": len(f["unloaded"]), "ranges": len(f["range"]), "ranges64": len(f["range"])}


def check(path, row, f):
    """What differs."""
    bad = []

    def same(what, ours, theirs):
        if ours != theirs:
            bad.append(f"{what}: {ours}, the manifest says {theirs}")

    opened = f["open"][0]
    if opened["code"] != "ok":
        return [f"does not open: {opened['what']}"]
    dump, system = f["dump"][0], f["system"][0]
    same("machine", dump["machine"], ARCH[row["arch"]])
    same("build", f"{system['major']}.{system['minor']}.{system['build']}", row["os_build"].split()[0])
    e = f["exception"]
    same("exception", f"{int(e[0]['code'], 16):08x}@{e[0]['address']}" if e else "-", row["exception_or_bugcheck"])
    counts, flags, notable = expected(row)
    ours = told(f)
    for k, v in counts.items():
        same(k, ours[k], v)
    if flags:
        same("flags", f["header"][0]["flags"], flags)
    same("memory cut off", bool(dump["truncated"]), "memory TRUNCATED" in notable)
    if DAMAGED.search(path):
        if not f["note"]:
            bad.append("damaged, and nothing is said about it")
    elif f["note"]:
        bad.append(f"notes about a sound dump: {f['note']}")
    wrong = [s for s in f["stream"] if s["status"] != "ok"]
    if wrong and not DAMAGED.search(path):
        bad.append(f"streams do not decode: {wrong}")
    return bad


def main():
    args = dump_tools.arguments(__doc__)
    rows = dump_tools.manifest()
    failed = n_counts = 0
    for path, row in rows.items():
        with dump_tools.unpacked(path) as file:
            f = dump_tools.facts(file)
        bad = check(path, row, f)
        n_counts += len(expected(row)[0])
        failed += bool(bad)
        for line in bad:
            print(f"{path}: {line}")
        if args.v:
            print(path, told(f), *[n["what"] for n in f["note"]])
    print(f"{len(rows)} dumps, {n_counts} counts compared")
    dump_tools.finish(len(rows) - failed, failed)


if __name__ == "__main__":
    main()

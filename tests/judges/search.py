#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Judge: what `s` finds in the user dumps of the corpus, against Python's bytes.find over the same memory, which is read
here a second time (the memory lists and the threads' stacks of a minidump). Patterns are taken from the memory or made
up; ranges are all of the address space, or begin and end anywhere. --quick: every third dump. -v: print differences."""
import json, os, random, re, struct, subprocess, sys

import dump_tools

MOST_HITS = 5000


def descriptors(data):
    """(va, offset in the file, size) of all memory."""
    magic, _, n, directory = struct.unpack_from("<4sIII", data)
    for i in range(n if magic == b"MDMP" else 0):
        kind, size, rva = struct.unpack_from("<III", data, directory + 12 * i)
        if kind == 9:
            count, at = struct.unpack_from("<QQ", data, rva)
            for k in range(count):
                va, size = struct.unpack_from("<QQ", data, rva + 16 + 16 * k)
                yield va, at, size
                at += size
        elif kind in (3, 5):
            count, = struct.unpack_from("<I", data, rva)
            entry, skip = (48, 24) if kind == 3 else (16, 0)
            pad = 4 if size == 8 + entry * count else 0
            for k in range(count):
                va, size, at = struct.unpack_from("<QII", data, rva + 4 + pad + entry * k + skip)
                yield va, at, size


def top(data):
    """The highest address of the machine that a search of all memory ends at."""
    _, _, n, directory = struct.unpack_from("<4sIII", data)
    streams = [struct.unpack_from("<III", data, directory + 12 * i) for i in range(n)]
    machine = [struct.unpack_from("<H", data, rva)[0] for kind, _, rva in streams if kind == 7]
    return 0xFFFFFFFF if machine and machine[0] in (0, 5) else 0x7FFFFFFFFFFFFFFF


def runs(data):
    """[(va, bytes)], ascending, joined where they touch. None: ranges lie over one another with different bytes."""
    ret = []
    for va, at, size in sorted(descriptors(data)):
        piece = data[at:at + size]
        if ret and va < ret[-1][0] + len(ret[-1][1]):
            low, have = ret[-1]
            inside = have[va - low:va - low + len(piece)]
            if piece[:len(inside)] != inside:
                return None
            piece, va = piece[len(inside):], va + len(inside)
        if not piece:
            continue
        if ret and ret[-1][0] + len(ret[-1][1]) == va:
            ret[-1] = (ret[-1][0], ret[-1][1] + piece)
        else:
            ret.append((va, piece))
    return ret


def cut(memory, low, high):
    for va, piece in memory:
        first, last = max(va, low), min(va + len(piece), high + 1)
        if first < last:
            yield first, piece[first - va:last - va]


def find(memory, low, high, pattern, step):
    ret = []
    for va, piece in cut(memory, low, high):
        at = piece.find(pattern)
        while at >= 0:
            if (va + at - low) % step == 0:
                ret.append(va + at)
            at = piece.find(pattern, at + 1)
    return ret


def strings(memory, low, high, wide, length):
    ret = []
    regex = (rb"(?:[\x20-\x7e]\x00){%d,}" if wide else rb"[\x20-\x7e]{%d,}") % length
    for va, piece in cut(memory, low, high):
        ret += [va + m.start() for m in re.finditer(regex, piece)]
    return sorted(ret)


def a_range(rng, memory, highest):
    if rng.random() < 0.5:
        return 0, highest
    va, piece = rng.choice(memory)
    low = va + rng.randrange(len(piece))
    va, piece = rng.choice(memory)
    high = va + rng.randrange(len(piece))
    return min(low, high), max(low, high)


def cases(rng, memory, highest, count):
    """(command, what it must find)"""
    for _ in range(count):
        low, high = a_range(rng, memory, highest)
        va, piece = rng.choice(memory)
        kind, elem = rng.choice((("b", 1), ("w", 2), ("d", 4), ("q", 8), ("a", 1), ("u", 2), ("sa", 1), ("su", 2)))
        high -= (high - low + 1) % elem
        units = (high - low + 1) // elem
        if units <= 0:
            continue
        where = f"{low:x} L?{units:x}"
        if kind in ("sa", "su"):
            length = rng.randrange(2, 12)
            yield f"s -[1l{length:x}]{kind} {where}", strings(memory, low, high, kind == "su", length)
            continue
        at = rng.randrange(len(piece))
        if kind in ("a", "u"):
            word = re.search(rb"[a-zA-Z0-9.\\]{3,12}", piece[at:at + 4096])
            text = word[0].decode() if word else "kernel32"
            yield (f's -[1]{kind} {where} "{text}"',
                   find(memory, low, high, text.encode("utf-16le" if kind == "u" else "ascii"), 1))
            continue
        n = elem * rng.randrange(1, 9 if elem == 1 else 4)
        pattern = piece[at:at + n]
        if len(pattern) != n or rng.random() < 0.1:
            pattern = rng.randbytes(n)
        numbers = [int.from_bytes(pattern[i:i + elem], "little") for i in range(0, n, elem)]
        yield (f"s -[1]{kind} {where} " + " ".join(f"{x:x}" for x in numbers), find(memory, low, high, pattern, elem))


def run(program, path, commands):
    p = subprocess.run([program, "--json", "-z", path], input="\n".join(commands) + "\n", capture_output=True, text=True,
                       timeout=300)
    ret = {}
    for line in p.stdout.splitlines():
        doc = json.loads(line) if line.startswith("{") else {}
        if (doc.get("command") or "").startswith("s -"):
            notes = [n["text"] for n in doc["notes"] if n["level"] == "error"]
            ret[doc["command"]] = notes or sorted(int(i["address"], 16) for i in doc["items"])
    return ret


def main():
    args = dump_tools.arguments(__doc__)
    program = os.environ.get("DUMPSCOPE", dump_tools.ROOT / "build" / "dumpscope")
    if not os.path.exists(program):
        sys.exit(f"{program}: not built")
    passed = failed = hits = dumps = 0
    for number, name in enumerate(sorted(dump_tools.manifest())):
        if args.quick and number % 3:
            continue
        with dump_tools.unpacked(name) as path:
            data = path.read_bytes()
            memory = runs(data)
            if not memory:
                continue
            dumps += 1
            rng = random.Random(name)
            wanted = {c: w for c, w in cases(rng, memory, top(data), 12 if args.quick else 60) if len(w) <= MOST_HITS}
            got = run(program, path, wanted)
        for command, want in wanted.items():
            hits += len(want)
            if got.get(command) == want:
                passed += 1
                continue
            failed += 1
            if args.v or failed < 5:
                print(f"{name}: {command}: wanted {len(want)}: {want[:4]}, got {str(got.get(command))[:200]}")
    print(f"{dumps} dumps, {hits} hits; {passed} passed, {failed} failed")
    sys.exit(bool(failed))


main()

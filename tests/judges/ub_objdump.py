#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Judge: the instructions that `ub` finds before an address, against objdump's linear sweep over the same code. The
code lies in a dump without its image's headers, so that no unwind data or symbol tells where functions begin and
every answer is a vote over starts. At least 98 % of the answers have all eight right, 99.5 % the last one (the call
before a return address). --quick: 100 addresses in every third image. -v: print the others. Exit code 1 when there are more."""
import argparse, json, os, random, subprocess, sys, tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import pe_text

sys.path.insert(0, os.path.join(pe_text.ROOT, "tests", "make"))
import mk_minidump

PADDING = ("nop", "int3", "xchg", "cs", "data16", "<unknown>")
MOST_CODE = 0x40000


def program():
    path = os.path.join(os.environ.get("DS_BUILD", os.path.join(pe_text.ROOT, "build")), "dumpscope")
    path = os.environ.get("DUMPSCOPE", path)
    if not os.path.exists(path):
        print(f"skipped: {path} is not built")
        sys.exit(77)
    return path


def answers(tool, machine, va, code, addresses):
    """[addresses that ub lists] for each address."""
    kind, ip = ("x64", "rip") if machine == 0x8664 else ("x86", "eip")
    recipe = (f"minidump {kind}\nos 10.0.19041\nmemory {va:x}: hex {code.hex()}\n"
              f"thread 1 {ip} {va:x} stack 14f000: 0\n")
    with tempfile.NamedTemporaryFile(suffix=".dmp") as f:
        f.write(mk_minidump.recipe(recipe).write())
        f.flush()
        commands = "".join(f"ub {a:x}\n" for a in addresses)
        p = subprocess.run([tool, "--json", "-z", f.name], input=commands, capture_output=True, text=True, timeout=300)
    documents = [json.loads(line) for line in p.stdout.splitlines() if line.startswith("{")]
    return [[int(i["address"], 16) for i in d["items"] if i["row"] == "insn"]
            for d in documents if (d["command"] or "").startswith("ub ")]


def judge(tool, path, pe, count, verbose):
    machine, _, sections = pe
    _, offset, size, va = sections[0]
    with open(path, "rb") as f:
        f.seek(offset)
        code = f.read(min(size, MOST_CODE))
    lines = [x for x in pe_text.objdump_lines(path, MOST_CODE, []) if va <= x[0] < va + len(code) - 16]
    at = [a for a, _, _ in lines]
    flows = [k + 1 < len(lines) and a + len(code_) // 2 == at[k + 1] and text.split()[0] not in PADDING
             for k, (a, code_, text) in enumerate(lines)]
    # Padding is no flow of instructions, and objdump leaves out runs of zeros: nobody can say what is right there.
    fit = [i for i in range(8, len(lines)) if all(flows[i - 8:i])]
    picked = random.Random(1).sample(fit, min(count, len(fit)))
    whole = last = 0
    for i, got in zip(picked, answers(tool, machine, va, code, [at[i] for i in picked]), strict=True):
        want = at[i - 8:i]
        whole += got == want
        last += got[-1:] == want[-1:]
        if verbose and got != want:
            print(f"  {os.path.basename(path)} ub {at[i]:x}: {[hex(x) for x in got]}, not {[hex(x) for x in want]}")
    return len(picked), whole, last


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--quick", action="store_true")
    p.add_argument("-v", action="store_true")
    a = p.parse_args()
    tool, total = program(), [0, 0, 0]
    for k, (path, pe) in enumerate(pe_text.images({0x8664, 0x14c})):
        if pe[2] and not (a.quick and k % 3):
            total = [x + y for x, y in zip(total, judge(tool, path, pe, 100 if a.quick else 2000, a.v))]
    n, whole, last = total
    print(f"{n} addresses: all eight instructions right {whole}, the last one right {last}")
    sys.exit(not n or whole < 0.98 * n or last < 0.995 * n)


if __name__ == "__main__":
    main()

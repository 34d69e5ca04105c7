#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Values of global variables: dt against lldb-19 on the dumps of the corpus' lab.

For every variable that dt lists and lldb knows, the numbers of lldb's tree (members of structs, elements of arrays)
must be those of `dt -b -a`, in order. Pointers count as numbers; text, padding and what lldb cannot read are left out.
usage: dt_lldb.py [--quick]; DS_BUILD: the build folder. Last line: N passed, N failed.
"""
import json, lzma, os, pathlib, re, shutil, subprocess, sys, tempfile

CORPUS = pathlib.Path(os.environ.get("DS_CORPUS", "/nonexistent")) / "lab"
PROGRAM = pathlib.Path(os.environ.get("DS_BUILD", "build")) / "dumpscope"
DUMPS = ["arm64/a64_O0", "arm64/a64_O2", "x64/plain64_O2", "x64/deadm_O2", "x64/seh", "x86/plain32_O2", "x86/fpo2"]


def unpacked(folder, stem, suffix):
    for name in (f"{stem}{suffix}", f"{stem}{suffix}.xz"):
        source = CORPUS / name
        if source.exists():
            target = folder / pathlib.Path(f"{stem}{suffix}").name
            data = source.read_bytes()
            target.write_bytes(lzma.decompress(data) if name.endswith(".xz") else data)
            return target
    return None


def dt(dump, command):
    out = subprocess.run([PROGRAM, "--json", "-y", dump.parent, "-z", dump, "-c", command + ";q"], text=True,
                         capture_output=True, stdin=subprocess.DEVNULL, timeout=60).stdout
    for line in out.splitlines():
        doc = json.loads(line)
        if doc.get("command", "").startswith("dt"):
            return doc["items"]
    return []


def number(text):
    """The number that a value of dt is; None: it is none."""
    text = text.replace("`", "")
    if text.startswith("(null)"):
        return 0
    m = re.match(r"0n(-?\d+)|0x([0-9a-f]+)|0y([01]+)|(-?\d+)|([0-9a-f]+) \( ", text)
    if not m:
        return None
    for group, radix in ((1, 10), (2, 16), (3, 2), (4, 10), (5, 16)):
        if m[group] is not None:
            return int(m[group], radix)
    return None


def ours(items):
    rows = [r for r in items if r["row"] in ("type_field", "type_element", "type_value") and r["name" if
            r["row"] == "type_field" else "row"] != "__VFN_table"]
    return [n for n in (number(r["value"]) for r in rows if r["value"] and '"' not in r["value"]) if n is not None]


def theirs(text):
    """Numbers of lldb's tree, in order; None when it has what is not compared (text, floats, unknown)."""
    text = re.sub(r"^\([^)]*\) \S+ = ", "", text.strip())
    if '"' in text or "." in text or "error" in text or "L'" in text:
        return None
    return [int(m[1] or m[2], 0) for m in
            re.finditer(r"= (0x[0-9a-fA-F]+|-?\d+)|^(-?\d+|0x[0-9a-f]+)$", text, re.M)]


def lldb(dump, exe, names):
    lines = [f"target create --core {dump} {exe}"]
    for n in names:
        lines += [f"script print('@@ {n}')", f"target variable {n}"]
    script = dump.parent / "lldb.txt"
    script.write_text("\n".join(lines) + "\n")
    out = subprocess.run(["lldb-19", "-b", "-O", "settings set interpreter.stop-command-source-on-error false", "-s",
                          script], capture_output=True, text=True, timeout=300).stdout
    parts = {}
    for part in re.split(r"^@@ ", out, flags=re.M)[1:]:
        name, _, rest = part.partition("\n")
        parts[name] = "\n".join(x for x in rest.splitlines() if not x.startswith("(lldb)"))
    return parts


def main():
    if not CORPUS.is_dir() or not shutil.which("lldb-19"):
        print("skipped: no corpus, or no lldb-19")
        return 77
    passed = failed = 0
    for stem in DUMPS[:3] if "--quick" in sys.argv else DUMPS:
        with tempfile.TemporaryDirectory() as tmp:
            folder = pathlib.Path(tmp)
            dump, exe, _ = (unpacked(folder, stem, s) for s in (".dmp", ".exe", ".pdb"))
            rows = [r for r in dt(dump, "dt *!*") if r["row"] == "type_match" and r["address"]]
            names = sorted({r["name"] for r in rows if re.fullmatch(r"[\w:]+", r["name"])})
            for name, text in lldb(dump, exe, names).items():
                want = theirs(text)
                if not want:
                    continue
                module = next(r["module"] for r in rows if r["name"] == name)
                got = ours(dt(dump, f"dt -ba {module}!{name}"))
                mask = (1 << 64) - 1
                if [n & mask for n in got] == [n & mask for n in want]:
                    passed += 1
                else:
                    failed += 1
                    print(f"{stem} {name}: dt {got} lldb {want}\n{text}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Judge: kdmp-parser (MIT) on forged full, bitmap, live and range dumps: the same pages with the same bytes, the same
translations of virtual addresses by its own walker, which knows valid entries only; also on the full and bitmap dumps
that `dumpscope convert --to` makes of them. DS_KDMP_PARSER names its source tree (github.com/0vercl0k/kdmp-parser);
skipped without it. It is built in a temporary folder."""
import os, pathlib, subprocess, sys, tempfile

import dump_tools, kernel_forge

PROGRAM = pathlib.Path(os.environ.get("DS_BUILD", dump_tools.ROOT / "build")) / "dumpscope"
KINDS = ("full", "fdmp", "bitmap", "live", "ranges8", "ranges9", "rangesa")
DRIVER = r"""
#include "kdmp-parser.h"
int main(int argc, char **argv) {
  kdmpparser::KernelDumpParser p;
  if (argc < 2 || !p.Parse(argv[1])) return 2;
  if (argc > 2) return 0; // only opened: bench/kernel.py
  for (const auto &[pa, page] : p.GetPhysmem()) {
    uint64_t h = 0xcbf29ce484222325ull;
    for (int i = 0; i < 4096; i++) h = (h ^ page[i]) * 0x100000001b3ull;
    printf("P %" PRIx64 " %016" PRIx64 "\n", pa, h);
  }
  char line[64];
  while (fgets(line, sizeof line, stdin)) {
    const uint64_t va = strtoull(line, nullptr, 16);
    const auto pa = p.VirtTranslate(va);
    if (pa) printf("V %" PRIx64 " %" PRIx64 "\n", va, *pa);
    else printf("V %" PRIx64 " -\n", va);
  }
  const auto b = p.GetBugCheckParameters();
  printf("B %x %" PRIx64 " %" PRIx64 " %" PRIx64 "\n", b.BugCheckCode, b.BugCheckCodeParameter[0],
         b.BugCheckCodeParameter[3], p.GetContext().Rip);
  return 0;
}
"""


def build(source, folder):
    version = (source / "src/lib/kdmp-parser-version.h.in").read_text()
    for name in ("PROJECT_NAME", "PROJECT_AUTHOR", "PROJECT_LICENSE"):
        version = version.replace(f"@{name}@", "-")
    for name in ("MAJOR", "MINOR", "PATCH"):
        version = version.replace(f"@PROJECT_VERSION_{name}@", "0")
    (folder / "kdmp-parser-version.h").write_text(version)
    (folder / "driver.cc").write_text(DRIVER)
    subprocess.run(["g++", "-std=c++20", "-O1", "-w", f"-I{source}/src/lib", f"-I{folder}", "-o", folder / "driver",
                    folder / "driver.cc"], check=True)
    return folder / "driver"


def theirs(driver, path, vas):
    p = subprocess.run([driver, path], input="".join(f"{v:x}\n" for v in vas), text=True, capture_output=True,
                       timeout=300)
    if p.returncode:
        raise RuntimeError(f"kdmp-parser does not open it: {p.stdout[-300:]}")
    pages, walks, bugcheck = {}, {}, None
    for line in p.stdout.splitlines():
        words = line.split()
        if words[:1] == ["P"]:
            pages[int(words[1], 16)] = words[2]
        elif words[:1] == ["V"]:
            walks[int(words[1], 16)] = words[2]
        elif words[:1] == ["B"]:
            bugcheck = words[1:]
    return pages, walks, bugcheck


def compare(driver, path, vas):
    """(what differs, pages, translations)"""
    pages, walks = kernel_forge.ours(path, vas)
    their_pages, their_walks, bugcheck = theirs(driver, path, vas)
    wrong = [f"page {pa:x}: {pages.get(pa)}, theirs {their_pages.get(pa)}" for pa in pages.keys() | their_pages.keys()
             if pages.get(pa) != their_pages.get(pa)]
    for va, (pa, state, _) in walks.items():
        expect = pa if state == "mapped" else "-"
        if their_walks[va] != expect and state != "not-canonical":  # it does not look at the upper bits
            wrong.append(f"{va:x}: {pa} {state}, theirs {their_walks[va]}")
    want = ["d1", "0", "fffff80012341010", "fffff80012341010"]
    if bugcheck != want:
        wrong.append(f"bug check or rip: {bugcheck}")
    return wrong, len(pages), len(walks)


def converted(driver, path, folder, vas):
    """Full and bitmap dumps made of it by `dumpscope convert`: what is wrong, how many were made."""
    wrong, made, want = [], 0, kernel_forge.ours(path, [])[0]
    for form in ("full", "bitmap"):
        out = folder / f"{form}.dmp"
        p = subprocess.run([PROGRAM, "convert", "--overwrite", "--to", form, path, out], text=True, capture_output=True,
                           timeout=120)
        if form == "full" and "so many runs" in p.stderr:
            continue
        if p.returncode:
            wrong.append(f"{form}: {p.stderr}")
            continue
        made += 1
        wrong += [f"{form}: {w}" for w in compare(driver, out, vas)[0]]
        if theirs(driver, out, [])[0] != want:
            wrong.append(f"{form}: other pages than the source's")
    return wrong, made


def main():
    args = dump_tools.arguments(__doc__)
    source = pathlib.Path(os.environ.get("DS_KDMP_PARSER", "-"))
    if not (source / "src/lib/kdmp-parser.h").is_file():
        print("skipped: no kdmp-parser (DS_KDMP_PARSER)")
        sys.exit(77)
    passed = failed = pages = walks = written = 0
    with tempfile.TemporaryDirectory() as d:
        folder = pathlib.Path(d)
        driver = build(source, folder)
        for seed in range(2 if args.quick else 40):
            for kind in KINDS:
                text, vas = kernel_forge.recipe("x64", kind, f"{kind} {seed}", ["ram 200000 8"])
                path = folder / "judged.dmp"
                kernel_forge.forge(text, path)
                wrong, n, m = compare(driver, path, vas)
                bad, made = converted(driver, path, folder, vas)
                wrong, written = wrong + bad, written + made
                pages, walks = pages + n, walks + m
                passed += not wrong
                failed += bool(wrong)
                if wrong:
                    print(kind, seed, *wrong[:8], sep="\n  ")
    print(f"{pages} pages, {walks} translations; {written} dumps written again")
    dump_tools.finish(passed, failed)


if __name__ == "__main__":
    main()

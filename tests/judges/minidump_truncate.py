#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Judge: user dumps cut short and with damaged headers. Every stream, thread, module and range that lies wholly before
the cut must be told as from the whole file, and whatever is told must lie in the file (tests/tools/truncate.c).
--quick: every 4 KiB of the dumps up to 256 KiB, 200 seeded cuts and 200 damages of each. Else every 4 KiB of all,
every byte of those under 64 KiB, 2,000 damages. With DS_BUILD a build with AddressSanitizer, reads past a cut are seen."""
import subprocess
import dump_tools

PAGE, SEED = 4096, 20240229


def runs(size, quick):
    if quick:
        return [["cut", PAGE if size <= 256 << 10 else 0, 200, SEED], ["flip", 200, SEED]]
    return [["cut", 1 if size < 64 << 10 else PAGE, 200, SEED], ["flip", 2000, SEED]]


def main():
    args = dump_tools.arguments(__doc__)
    program = dump_tools.tool("truncate")
    passed = failed = opened = 0
    for path in dump_tools.manifest():
        with dump_tools.unpacked(path) as file:
            bad = 0
            for mode, *numbers in runs(file.stat().st_size, args.quick):
                p = subprocess.run([program, mode, file, *map(str, numbers)], capture_output=True, text=True, timeout=600)
                lines = p.stdout.splitlines()
                opened += int(lines[-1].split()[0]) if lines and "opened" in lines[-1] else 0
                if p.returncode or args.v:
                    print(path, mode, p.returncode, *lines[:2], p.stderr[:2000] if p.returncode else "")
                bad += p.returncode != 0
            passed += not bad
            failed += bad != 0
    print(f"{opened} files opened")
    dump_tools.finish(passed, failed)


if __name__ == "__main__":
    main()

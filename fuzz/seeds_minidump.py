#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of fuzz_minidump, so that every stream and every odd layout is in one: fuzz/corpus/fuzz_minidump/."""
import pathlib, subprocess, sys

HERE = pathlib.Path(__file__).resolve().parent
MAKE = HERE.parent / "tests" / "make"
sys.path.insert(0, str(MAKE))
import mk_minidump

MODULES = "module 140000000 app.exe size 5000 nomem pdb app.pdb 12345678-1234-1234-1234-123456789abc 1 version 1.2.3.4\n"
THREADS = "thread 10 rip 140001000 stack 20000: zero 40\nthread 14 rip 140001010 name worker stack 30000: zero 40\n"
RECIPES = {
    "plain": "minidump x64\nos 10.0.19041 ; misc 1 pid 10\n" + MODULES + THREADS,
    "full": "minidump x64\nos 10.0.19041 csd SP1 ; misc 5 pid 10 build b cookie 7\nlayout memory64 unused 2\n" + MODULES +
            "thread 10 rip 140001000 start 140001000 create 1 stack 20000: zero 40\nexception 10 code c0000005 info 0 10\n"
            "region 10000 size 10000 free\nregion 20000 size 1000 commit private protect rw\nmemory 40000: fill 40 11\n"
            "vmcounters 2 ; sysmem 1\n",
    "x86": "minidump x86\nos 5.1.2600 csd \"Service Pack 3\" ; misc 2 pid 10\nlayout padlists\n"
           "module 400000 app.exe size 5000 nomem nb10 app.pdb 1 1\nthread 10 eip 401000 stack 20000: zero 20\n",
    "handles": "minidump x64\nos 10.0.19041\nhandle 4 type Event name \\\\x event 0 1\nhandle 8 type Mutant mutant 0 1 0 "
               "mutant-owner 10 14\nhandle c\nhandleop 4 open pid 10 tid 14 stack 1000 2000\n",
    "tables": "minidump x64\nos 10.0.19041\nunloaded 180000000 old.dll size 1000\njit 1000-2000 base 0 entry 0-10-20 "
              "entry 20-30-40\ntoken 10 block 01020304\ncomment hello\nwcomment hello\nstream deadbeef 01020304\n",
    "crashpad": "minidump x64\nos 10.0.19041\n" + MODULES + "crashpad simple ptype browser mask ffff000000000000\n"
                "annotation app.exe simple a b object c d text e\nbreakpad dump 10 request 14\n"
                "assertion expression x function y file z line 7 type 1\n",
    "arm64": "minidump arm64\nos 10.0.22631\nmodule 140000000 app.exe size 5000 nomem\nthread 10 pc 140001000 stack 20000: "
             "zero 20\n",
}


def main():
    out = HERE / "corpus" / "fuzz_minidump"
    out.mkdir(parents=True, exist_ok=True)
    for name, recipe in RECIPES.items():
        (out / name).write_bytes(mk_minidump.recipe(recipe).write())
    for path in sorted((MAKE / "yaml").glob("*.yaml")):
        subprocess.run(["yaml2obj-19", path, "-o", out / ("yaml_" + path.stem)], check=True)


if __name__ == "__main__":
    main()

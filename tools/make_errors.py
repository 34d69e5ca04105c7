#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes src/verdict/errors_tab.c: message texts of Win32 error codes and NTSTATUS values.

    make_errors.py WIN32.md... NTSTATUS.tsv > src/verdict/errors_tab.c

WIN32.md: the pages "System Error Codes" of Microsoft's Win32 documentation (MicrosoftDocs/win32,
desktop-src/Debug/system-error-codes--*.md). NTSTATUS.tsv: code, name and text of [MS-ERREF] 2.3.1 "NTSTATUS
Values", one value a line, tabs between. FIXED holds the values whose text in the debugger is known to differ
from that table.
"""
import html
import re
import sys

# Texts that the debugger is known to show otherwise: `!error`, `!gle -all` and ERROR_CODE of !analyze in public
# logs and on Microsoft's pages; codes without a message show their name.
FIXED = {
    0x00000000: "STATUS_SUCCESS",
    0x00000001: "STATUS_WAIT_1",
    0x00000002: "STATUS_WAIT_2",
    0x00000003: "STATUS_WAIT_3",
    0x0000003F: "STATUS_WAIT_63",
    0x00000080: "STATUS_ABANDONED_WAIT_0",
    0x000000BF: "STATUS_ABANDONED_WAIT_63",
    0x000000C0: "STATUS_USER_APC",
    0x00000100: "STATUS_KERNEL_APC",
    0x00000101: "STATUS_ALERTED",
    0x00000102: "STATUS_TIMEOUT",
    0x4000001E: "An exception status code used by the Win32 x86 emulation subsystem.",
    0x4000001F: "An exception status code used by the Win32 x86 emulation subsystem.",
    0x40010005: "Debugger received control C.",
    0x80000002: "{EXCEPTION}  Alignment Fault A datatype misalignment was detected in a load or store "
                "instruction.",
    0x80000003: "{EXCEPTION}  Breakpoint  A breakpoint has been reached.",
    0x80000004: "{EXCEPTION}  Single Step  A single step or trace operation has just been completed.",
    0xC0000004: "The specified information record length does not match the length required for the specified "
                "information class.",
    0xC0000005: "The instruction at 0x%p referenced memory at 0x%p. The memory could not be %s.",
    0xC0000006: "The instruction at 0x%p referenced memory at 0x%p. The required data was not placed into memory "
                "because of an I/O error status of 0x%x.",
    0xC0000007: "The pagefile quota for the process has been exhausted.",
    0xC000000E: "A device which does not exist was specified.",
    0xC000001D: "{EXCEPTION}  Illegal Instruction  An attempt was made to execute an illegal instruction.",
    0xC0000022: "{Access Denied}  A process has requested access to an object, but has not been granted those "
                "access rights.",
    0xC0000024: "{Wrong Type}  There is a mismatch between the type of object required by the requested "
                "operation and the type of object that is specified in the request.",
    0xC000002A: "An attempt was made to unlock a page of memory which was not locked.",
    0xC000002B: "Device parity error on I/O operation.",
    0xC0000034: "Object Name not found.",
    0xC0000035: "Object Name already exists.",
    0xC0000037: "An attempt to send a message to a disconnected communication port.",
    0xC0000044: "Insufficient quota exists to complete the operation",
    0xC000009C: "STATUS_DEVICE_DATA_ERROR",
    0xC000009D: "STATUS_DEVICE_NOT_CONNECTED",
    0xC000012D: "{Out of Virtual Memory}  Your system is low on virtual memory.",
    0xC0000135: "{Unable To Locate Component}  This application has failed to start because %hs was not found. "
                "Re-installing the application may fix this problem.",
    0xC000041D: "An unhandled exception was encountered during a user callback.",
    0xC0000420: "An assertion failure has occurred.",
    0xC0000428: "Windows cannot verify the digital signature for this file.",
    0xC0000602: "{Fail Fast Exception}  A fail fast exception occurred. Exception handlers will not be invoked "
                "and the process will be terminated immediately.",
}
FIXED_WIN32 = {0xE: "Not enough memory resources are available to complete this operation."}


def win32(text):
    found = {}
    for m in re.finditer(r"\*\*([A-Z][A-Z0-9_\\]+)\*\*\s*\n(.*?)(?=<span id=|\Z)", text, re.S):
        number = re.search(r"^\s*(\d+) \(0x([0-9A-Fa-f]+)\)\s*$", m[2], re.M)
        if number:
            found.setdefault(int(number[1]), plain(re.split(r"^#+ ", m[2][number.end():], flags=re.M)[0]))
    return found


def plain(markdown):
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", " ".join(markdown.split()))
    text = re.sub(r"<[^>]+>", "", text).replace("**", "").replace("\\\\", "\0")
    text = html.unescape(re.sub(r"\\(.)", r"\1", text)).replace("\0", "\\")
    return text.replace("\xa0", " ").strip()


def ntstatus(text):
    found = {}
    for line in text.splitlines():
        code, _, message = line.split("\t")
        # A title in braces stands on a line of its own; the debugger shows its line end as two blanks.
        found[int(code, 16)] = re.sub(r"^(\{[^}]*\}) ", r"\1  ", message)
    found.update(FIXED)
    return found


def literal(text, first, width=118):
    """C string pieces of at most `width` columns; `first` is what stands before them on the line."""
    out, line = [], ""
    for word in re.findall(r"\S+\s*", text):
        word = word.replace("\\", "\\\\").replace('"', '\\"').replace("?", "\\?" if "??" in text else "?")
        word = "".join(c if " " <= c <= "~" else "".join(f"\\{b:03o}" for b in c.encode()) for c in word)
        if line and len(first) + len(line) + len(word) + 6 > width - 24:
            out.append(line)
            line = ""
        line += word
    return ("\n\t  ").join(f'"{piece}"' for piece in out + [line])


def table(name, texts):
    print(f"const struct error_text {name}[] = {{")
    for code in sorted(texts):
        if texts[code]:
            print(f"\t{{ 0x{code:x}, {literal(texts[code], '        ')} }},")
    print(f"}};\nconst size_t n_{name} = ARRAY_LEN({name});")


def main():
    *pages, status = sys.argv[1:]
    print("""// SPDX-License-Identifier: Apache-2.0
// errors_tab.c: generated by tools/make_errors.py from Microsoft's documentation: "System Error Codes" and
// [MS-ERREF] 2.3.1 "NTSTATUS Values". Ascending codes.
// clang-format off
#include "verdict/errors_int.h"
""")
    texts = {}
    for page in pages:
        texts.update(win32(open(page, encoding="utf-8").read()))
    texts.update(FIXED_WIN32)
    table("win32_texts", texts)
    print()
    table("ntstatus_texts", ntstatus(open(status, encoding="utf-8").read()))


if __name__ == "__main__":
    main()

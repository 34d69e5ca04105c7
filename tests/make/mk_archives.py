#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""mk_archives.py FOLDER: archives of every kind around one made-up dump, good ones and bad ones, for tests/unit/unpack.c.
`dump` is the content that they hold. With a corpus also its cabinet and what mk_cab's own reader finds in it."""
import bz2, ctypes, ctypes.util, gzip, lzma, os, pathlib, random, shutil, struct, subprocess, sys, zipfile
import mk_cab

# Begins as a minidump does; the rest is half noise, half text, so that formats have something to compress.
NOISE = random.Random(1).randbytes(150000)
DUMP = b"MDMP" + b"\x93\xa7\0\0" + NOISE + b"A line of text.\n" * 10000
NOTE = b"read me\n" * 100


def write_zip(path, files, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as z:
        for name, data in files:
            z.writestr(name, data)


def encrypted_zip(path):
    """A zip whose only file says that it is encrypted (flag bit 0)."""
    write_zip(path, [("secret.dmp", DUMP)], zipfile.ZIP_STORED)
    b = bytearray(path.read_bytes())
    b[6] |= 1
    b[b.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(b)


def write_7z(path, files):
    """Written by libarchive: no Debian tool of the base system writes 7z."""
    lib = ctypes.CDLL(ctypes.util.find_library("archive") or "libarchive.so.13")
    for name in ("archive_write_new", "archive_entry_new"):
        getattr(lib, name).restype = ctypes.c_void_p
    lib.archive_write_data.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]
    lib.archive_write_data.restype = ctypes.c_ssize_t
    lib.archive_entry_set_size.argtypes = [ctypes.c_void_p, ctypes.c_int64]
    a = ctypes.c_void_p(lib.archive_write_new())
    lib.archive_write_set_format_7zip(a)
    assert lib.archive_write_open_filename(a, str(path).encode()) == 0
    for name, data in files:
        e = ctypes.c_void_p(lib.archive_entry_new())
        lib.archive_entry_set_pathname(e, name.encode())
        lib.archive_entry_set_filetype(e, 0o100000)
        lib.archive_entry_set_perm(e, 0o644)
        lib.archive_entry_set_size(e, len(data))
        assert lib.archive_write_header(a, e) == 0
        assert lib.archive_write_data(a, data, len(data)) == len(data)
        lib.archive_entry_free(e)
    assert lib.archive_write_close(a) == 0


def good(d):
    (d / "dump").write_bytes(DUMP)
    (d / "crash.dmp.gz").write_bytes(gzip.compress(DUMP))
    # Two members after each other are one content.
    (d / "two.dmp.gz").write_bytes(gzip.compress(DUMP[:100000]) + gzip.compress(DUMP[100000:]))
    with open(d / "named.gz", "wb") as f, gzip.GzipFile("recorded.dmp", "wb", fileobj=f) as g:
        g.write(DUMP)
    (d / "crash.dmp.xz").write_bytes(lzma.compress(DUMP))
    (d / "crash.dmp.bz2").write_bytes(bz2.compress(DUMP))
    (d / "crash").write_bytes(lzma.compress(DUMP))
    if shutil.which("zstd"):
        subprocess.run(["zstd", "-q", "-f", d / "dump", "-o", d / "crash.dmp.zst"], check=True)
    write_7z(d / "crash.7z", [("readme.txt", NOTE), ("in 7z/crash.dmp", DUMP)])
    # The first that begins as a dump, not the first that is called one.
    files = [("readme.txt", NOTE), ("fake.dmp", NOTE), ("WER/Absturz \u00e4\u65e5.bin", DUMP), ("later.dmp", b"MDMP" + NOTE)]
    write_zip(d / "crash.zip", files)
    write_zip(d / "stored.zip", files, zipfile.ZIP_STORED)
    (d / "mszip.cab").write_bytes(mk_cab.make(files))
    (d / "stored.cab").write_bytes(mk_cab.make(files, mk_cab.STORED))
    # None begins as a dump: the name decides.
    write_zip(d / "named.zip", [("readme.txt", NOTE), ("old.mdmp", NOTE), ("older.dmp", b"no")])
    # A name that would draw on a terminal or forge a line of the helper's answer.
    write_zip(d / "name.zip", [("a\nout 4\n\x1b[31m.dmp", DUMP)])


def bad(d):
    for name in ("crash.dmp.gz", "crash.dmp.xz", "crash.dmp.bz2", "crash.zip", "stored.zip", "mszip.cab", "stored.cab",
                 "crash.7z"):
        b = (d / name).read_bytes()
        (d / ("cut." + name)).write_bytes(b[:len(b) // 2])
        noisy = bytearray(b)
        noisy[len(b) // 2] ^= 0xff
        (d / ("bad." + name)).write_bytes(noisy)
    write_zip(d / "nodump.zip", [("readme.txt", NOTE), ("x/", b""), ("b.txt", b"")])
    (d / "nodump.cab").write_bytes(mk_cab.make([("readme.txt", NOTE)]))
    write_zip(d / "empty.zip", [])
    encrypted_zip(d / "encrypted.zip")
    quantum = bytearray(mk_cab.make([("crash.dmp", DUMP)]))
    struct.pack_into("<H", quantum, 42, 2 | 4 << 4 | 10 << 8)
    (d / "quantum.cab").write_bytes(quantum)
    with lzma.open(d / "bomb.dmp.xz", "wb", preset=0) as f:  # 200 MiB in 30 KiB
        f.write(b"MDMP")
        for _ in range(200):
            f.write(bytes(1 << 20))


def corpus(d):
    root = pathlib.Path(os.environ.get("DS_CORPUS") or pathlib.Path(__file__).parents[3] / "shared" / "corpus")
    cab = root / "symbols" / "mozilla_dump_syms__test_data~windows~basic32.pd_"
    if cab.exists():
        name, content = mk_cab.read_first(cab.read_bytes())
        (d / "corpus.name").write_text(name)
        (d / "corpus.expected").write_bytes(content)
        (d / "corpus.pd_").symlink_to(cab)


def main():
    d = pathlib.Path(sys.argv[1])
    d.mkdir(exist_ok=True)
    good(d)
    bad(d)
    corpus(d)


if __name__ == "__main__":
    main()

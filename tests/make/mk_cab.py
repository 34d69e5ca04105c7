#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes and reads cabinet files as [MS-CAB] describes them: one folder, stored or MSZIP. The reader is independent of
the program's, so that the two can be compared."""
import struct, zlib

BLOCK = 32768
STORED, MSZIP = 0, 1


def checksum(data, seed=0):
    """CFDATA.csum: 32-bit words xor-ed; one to three bytes left over count from the high end down."""
    whole = len(data) & ~3
    for (word,) in struct.iter_unpack("<I", data[:whole]):
        seed ^= word
    return seed ^ int.from_bytes(data[whole:], "big")


def mszip(blocks):
    """Every block is a deflate stream of its own after 'CK', with the block before as its dictionary."""
    before = b""
    for block in blocks:
        c = zlib.compressobj(9, zlib.DEFLATED, -15, 8, zlib.Z_DEFAULT_STRATEGY, *([before] if before else []))
        yield b"CK" + c.compress(block) + c.flush()
        before = block


def make(files, method=MSZIP):
    """The bytes of a cabinet with [(name, content)]; names that are not ASCII are marked as UTF-8."""
    content = b"".join(data for _, data in files)
    blocks = [content[i:i + BLOCK] for i in range(0, len(content), BLOCK)]
    packed = list(mszip(blocks)) if method == MSZIP else blocks
    entries, at = b"", 0
    for name, data in files:
        utf8 = 0 if name.isascii() else 0x80
        # size, offset in the folder, folder, date 2020-01-01, time, attributes (archive)
        entries += struct.pack("<IIHHHH", len(data), at, 0, 0x5021, 0, 0x20 | utf8) + name.encode() + b"\0"
        at += len(data)
    first_file = 36 + 8
    first_data = first_file + len(entries)
    data = b""
    for block, p in zip(blocks, packed):
        sizes = struct.pack("<HH", len(p), len(block))
        data += struct.pack("<I", checksum(sizes, checksum(p))) + sizes + p
    header = struct.pack("<4sIIIIIBBHHHHH", b"MSCF", 0, first_data + len(data), 0, first_file, 0, 3, 1, 1, len(files),
                         0, 0, 0)
    return header + struct.pack("<IHH", first_data, len(blocks), method) + entries + data


def read_first(cab):
    """(name, content) of the first file of a cabinet with plain headers and stored or MSZIP data."""
    (_, _, _, _, first_file, _, _, _, folders, _, flags, _, _) = struct.unpack_from("<4sIIIIIBBHHHHH", cab)
    if folders != 1 or flags:
        raise ValueError("only one folder and no extra header fields")
    at, blocks, method = struct.unpack_from("<IHH", cab, 36)
    size, start = struct.unpack_from("<II", cab, first_file)
    name = cab[first_file + 16:cab.index(b"\0", first_file + 16)].decode()
    content, before = b"", b""
    for _ in range(blocks):
        _, packed, unpacked = struct.unpack_from("<IHH", cab, at)
        p = cab[at + 8:at + 8 + packed]
        if method == MSZIP:
            d = zlib.decompressobj(-15, before) if before else zlib.decompressobj(-15)
            p = d.decompress(p[2:])
        if len(p) != unpacked:
            raise ValueError("a block has another size than it says")
        content += p
        before = p
        at += 8 + packed
    return name, content[start:start + size]

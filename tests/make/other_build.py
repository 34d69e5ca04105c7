#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Copies a PDB from standard input to standard output and gives it another GUID, in place: the PDB of another build.
The GUID stands behind version, signature and age of the info stream, which starts a block (MSF 7.00)."""
import struct, sys

data = bytearray(sys.stdin.buffer.read())
block = struct.unpack_from("<I", data, 32)[0]
hits = [at for at in range(0, len(data), block) if struct.unpack_from("<I", data, at)[0] == 20000404]
assert len(hits) == 1, hits
data[hits[0] + 12] ^= 0xff
sys.stdout.buffer.write(data)

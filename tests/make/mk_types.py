# SPDX-License-Identifier: Apache-2.0
"""mk_types.py: type streams for mk_pdb.py.

  good     a few of everything, hashed as linkers do, with {index, offset} pairs and one adjuster
  nohash   the same without a hash stream
  lies     the same with wrong hash values and pairs
  hostile  records that contain, modify, continue or point to themselves; arrays of 2**60 bytes; cut lists
  many:N   N structs of four members with their pointers"""
import struct

FORWARD, SCOPED, UNIQUE, PAIRS = 0x80, 0x100, 0x200, 8192


def number(n):
    if 0 <= n < 0x8000:
        return struct.pack("<H", n)
    if n < 0:
        return struct.pack("<Hb", 0x8000, n) if n >= -128 else struct.pack("<Hq", 0x8009, n)
    return struct.pack("<HQ", 0x800a, n)


def pad(b, n=4):
    k = -len(b) % n
    return b + bytes(0xf0 + k - i for i in range(k))


def record(leaf, body):
    body = pad(struct.pack("<HH", 0, leaf) + body)[2:]
    return struct.pack("<H", len(body)) + body


def text(s):
    return s.encode() + b"\0"


def udt(leaf, name, fields=0, size=0, count=0, props=0, unique=None):
    props |= UNIQUE if unique else 0
    tail = text(name) + (text(unique) if unique else b"")
    if leaf == 0x1507:
        return record(leaf, struct.pack("<HHII", count, props, size, fields) + tail)
    if leaf == 0x1506:
        return record(leaf, struct.pack("<HHI", count, props, fields) + number(size) + tail)
    if leaf == 0x160a:
        return record(leaf, struct.pack("<II", props, fields) + number(count) + number(size) + tail)
    if leaf >= 0x1608:
        return record(leaf, struct.pack("<IIII", props, fields, 0, 0) + number(count) + number(size) + tail)
    return record(leaf, struct.pack("<HHIII", count, props, fields, 0, 0) + number(size) + tail)


def fields(*list_):
    return record(0x1203, b"".join(pad(f) for f in list_))


def member(name, ty, off):
    return struct.pack("<HHI", 0x150d, 3, ty) + number(off) + text(name)


def enumerator(name, value):
    return struct.pack("<HH", 0x1502, 3) + number(value) + text(name)


def index(to):
    return struct.pack("<HHI", 0x1404, 0, to)


def pointer(to, attr=0x1000c):
    return record(0x1002, struct.pack("<II", to, attr))


def array(of, size):
    return record(0x1503, struct.pack("<II", of, 0x23) + number(size) + b"\0")


def good():
    """[(record, name it is hashed by or None)], {name: the one that counts}"""
    r = []

    def add(rec, name=None):
        r.append((rec, name))
        return 0x1000 + len(r) - 1

    forward = add(udt(0x1505, "Point", props=FORWARD))
    bits = add(record(0x1205, struct.pack("<IBB", 0x74, 5, 3)))
    to = add(pointer(forward))
    twice = add(array(0x74, 12))
    grid = add(array(twice, 24))
    one = add(fields(member("x", 0x74, 0), member("bits", bits, 4), member("next", to, 8), member("grid", grid, 16)))
    point = add(udt(0x1505, "Point", one, 40, 4), "Point")
    rest = add(fields(enumerator("Last", 1 << 63)))
    names = add(fields(enumerator("Minus", -1), enumerator("Big", 0x12345678), index(rest)))
    add(udt(0x1507, "Kind", names, 0x74, 3), "Kind")
    add(udt(0x1506, "Either", add(fields(member("a", 0x20, 0), member("w", 0x71, 0))), 2, 2), "Either")
    base = struct.pack("<HHI", 0x1400, 3, point) + number(0)
    vfptr = struct.pack("<HHI", 0x1409, 0, add(pointer(add(record(0xa, b"\1\0\5\0")))))
    add(udt(0x1504, "Child", add(fields(base, vfptr, member("own", 0x41, 40))), 48, 3), "Child")
    local = add(fields(member("in", 0x13, 0)))
    add(udt(0x1505, "main::__l2::Local", local, 8, 1, SCOPED, ".?AULocal@?1??main@@9@"), ".?AULocal@?1??main@@9@")
    add(udt(0x1505, "Opaque", props=FORWARD))
    add(udt(0x1505, "Twice", add(fields(member("old", 0x74, 0))), 4, 1), "Twice")
    new = add(udt(0x1505, "Twice", add(fields(member("new", 0x13, 0))), 8, 1), "Twice")
    add(udt(0x1609, "Newer", add(fields(member("n", 0x22, 0))), 4, 1, 0, ".?AUNewer@@"), "Newer")
    add(udt(0x160a, "NewerUnion", add(fields(member("n", 0x22, 0), member("m", 0x12, 0))), 4, 2), "NewerUnion")
    args = add(record(0x1201, struct.pack("<III", 2, 0x74, 0)))
    function = add(record(0x1008, struct.pack("<IBBHI", 0x12, 0, 0, 2, args)))
    add(udt(0x1505, "Calls", add(fields(member("fn", add(pointer(function)), 0))), 8, 1), "Calls")
    return r, {"Twice": new}


def hostile():
    method = struct.pack("<HHI", 0x150f, 9, 0x1011) + text("m")
    base = struct.pack("<HHI", 0x1400, 3, 0x1003) + number(0)
    r = [fields(member("x", 0x74, 0), index(0x1000)), udt(0x1505, "Cycle", 0x1000, 8, 1),
         fields(member("self", 0x1003, 0), member("", 0x1003, 0), base, base), udt(0x1505, "Self", 0x1002, 8, 4),
         array(0x1005, 1 << 60), array(0x1004, 1 << 60), record(0x1001, struct.pack("<IH", 0x1006, 1)),
         pointer(0x1008), pointer(0x1007), udt(0x1505, "Fwd", props=FORWARD), udt(0x1507, "Enum", 0x1000, 0x100a, 1),
         record(0x1205, struct.pack("<IBB", 0x100b, 1, 0)), fields(member("a", 0x1006, 0), index(0x100d)),
         fields(member("b", 0x1013, 0), index(0x100c)), udt(0x1505, "Two", 0x100c, 8, 2),
         record(0x1201, struct.pack("<II", 0xffffffff, 0x74)), record(0x1008, struct.pack("<IBBHI", 0x1010, 0, 0, 9, 0x100f)),
         record(0x1206, struct.pack("<HHIH", 3, 0, 0x1010, 3)), fields(method, member("fn", 0x1007, 0)), array(0x22, 1 << 60),
         udt(0x1505, "Cut", 0x1012, 1 << 62, 2), struct.pack("<HH", 2, 0x1505), struct.pack("<H", 1) + b"x",
         record(0x1203, b"\xf1\xf0\x0d\x15"), udt(0x1505, "Bad", 0x1017, 8, 1)]
    return [(x, None) for x in r], {}


def many(n):
    r = []
    for i in range(n):
        at = 0x1000 + len(r)
        name = "Structure_number_%d_of_many" % i
        r.append((fields(member("Flink", at + 2, 0), member("Blink", at + 2, 8), member("Count", 0x22, 16),
                         member("Name", 0x671, 24)), None))
        r.append((udt(0x1505, name, at, 32, 4, 0, ".?AU%s@@" % name), name))
        r.append((pointer(at + 1), None))
    return r, {}


def stream(what, hash_name, put_name, add):
    """The bytes of the TPI stream; its hash stream is added."""
    kind, _, n = what.partition(":")
    list_, prefer = {"none": lambda: ([], {}), "hostile": hostile, "many": lambda: many(int(n))}.get(kind, good)()
    body, pairs, values, last = [], [], [], -PAIRS
    at = 0
    for i, (rec, name) in enumerate(list_):
        if at - last >= PAIRS:
            pairs.append((0x1000 + i, at + (6 if kind == "lies" else 0)))
            last = at
        body.append(rec)
        at += len(rec)
        value = (hash_name(name) if name else 7919 * i) % 0x3ffff
        values.append(value + 1 if kind == "lies" else value)
    hashes = 0xffff
    a = b"".join(struct.pack("<I", v) for v in values)
    b = b"".join(struct.pack("<II", *p) for p in pairs)
    c = b""
    if prefer:
        c = struct.pack("<II", len(prefer), len(prefer)) + struct.pack("<II", 1, (1 << len(prefer)) - 1) + struct.pack("<I", 0)
        c += b"".join(struct.pack("<II", put_name(k), v) for k, v in prefer.items())
    if kind not in ("none", "nohash"):
        hashes = add(a + b + c)
    if hashes == 0xffff:
        a = b = c = b""
    head = struct.pack("<IIIIIHHII", 20040203, 56, 0x1000, 0x1000 + len(list_), at, hashes, 0xffff, 4, 0x3ffff)
    return head + struct.pack("<iIiIiI", 0, len(a), len(a), len(b), len(a) + len(b), len(c)) + b"".join(body)

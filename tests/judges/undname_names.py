# SPDX-License-Identifier: Apache-2.0
"""For the judge of names: every decorated name in the corpus and on this machine, by foreign tools and by plain search.

names(kind, quick) is a sorted list of byte strings; kind is "ms" (MSVC), "itanium" or "rust". Lists are kept in the
folder for temporary files, under the hash of what they were made from."""
import glob, hashlib, lzma, os, re, subprocess, sys, tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PDBUTIL, NM = "llvm-pdbutil-19", "llvm-nm-19"
# A name begins where no character of a name stands before it.
MS = re.compile(rb"(?<![\w$@?.<>`'])(?:\?|\.\?A|\.P|\.A)[\w$@?<>`'.\-:!#]{3,4096}")
MS_WHOLE = re.compile(rb"(?:\?|\.\?A)[\x21-\x7e]{2,4096}")
ITANIUM = re.compile(rb"(?<![\w$.])__?Z[\w$.]{2,8000}")
RUST = re.compile(rb"(?<![\w$.])(?:_R[A-Z0-9][\w$.]{2,8000}|__?ZN[\w$.]{2,8000}17h[0-9a-f]{16}E[\w$.]*)")


def corpus():
    path = os.environ.get("DS_CORPUS", os.path.join(ROOT, "..", "shared", "corpus"))
    if not os.path.isdir(path):
        print("skipped: no corpus")
        sys.exit(77)
    return path


def files(quick):
    """(path, bytes) of everything in the corpus that can hold names; dumps too, their memory has RTTI names."""
    for folder, _, names in sorted(os.walk(corpus())):
        for name in sorted(names):
            path = os.path.join(folder, name)
            if quick and "symbols" not in folder:
                continue
            if os.path.getsize(path) > 64 << 20 or "nt-isf" in path:
                continue
            with open(path, "rb") as f:
                data = f.read()
            if name.endswith(".xz"):
                data = lzma.decompress(data)
            yield path, data


def pdbutil_names(data):
    """What llvm-pdbutil says: publics, globals, symbols and the unique names of types."""
    with tempfile.NamedTemporaryFile(suffix=".pdb") as f:
        f.write(data)
        f.flush()
        out = b""
        for what in (["--publics"], ["--globals"], ["--symbols"], ["--types"]):
            out += subprocess.run([PDBUTIL, "dump", *what, f.name], stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL).stdout
    found = set(re.findall(rb"`((?:\?|\.\?A)[^\n]*?)`(?=\s|$)", out))
    found.update(re.findall(rb"unique name: `([^\n]*)`", out))
    return {n for n in found if MS_WHOLE.fullmatch(n)}


def machine_libraries():
    """Programs and libraries of this machine with Itanium and Rust names."""
    some = glob.glob("/usr/lib/x86_64-linux-gnu/libstdc++.so.6") + glob.glob("/usr/lib/gcc/x86_64-linux-gnu/*/*.a")
    some += glob.glob(os.path.expanduser("~/.rustup/toolchains/stable*/lib/rustlib/*/lib/lib*.rlib"))
    some += glob.glob(os.path.expanduser("~/.rustup/toolchains/stable*/lib/librustc_driver*.so"))
    some += glob.glob("/usr/lib/x86_64-linux-gnu/lib*[LQ]*.so.*[0-9]") + glob.glob("/usr/lib/llvm-*/lib/libLLVM*.so*")
    some += glob.glob("/usr/lib/llvm-*/lib/libc++*.a") + glob.glob("/usr/lib/x86_64-linux-gnu/libboost*.so.*")
    seen = set()
    for path in sorted(some):
        real = os.path.realpath(path)
        if real not in seen and os.path.getsize(real) < 512 << 20:
            seen.add(real)
            yield real


def nm_names(path):
    out = b""
    for extra in ([], ["-D"]):
        out += subprocess.run([NM, "--format=just-symbols", *extra, path], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL).stdout
    return {n.partition(b"@")[0] for n in out.split() if n.startswith((b"_Z", b"_R"))}


def collect(kind, quick=False):
    found = set()
    for path, data in files(quick):
        found.update({"ms": MS, "itanium": ITANIUM, "rust": RUST}[kind].findall(data))
        if kind == "ms" and not quick and data[:24] == b"Microsoft C/C++ MSF 7.00":
            found.update(pdbutil_names(data))
    if kind != "ms" and not quick:
        for path in machine_libraries():
            found.update(nm_names(path))
    rust = [n for n in found if RUST.fullmatch(n)]
    if kind == "rust":
        return sorted(rust)
    return sorted(found - set(rust))


def names(kind, quick):
    with open(__file__, "rb") as f:
        key = hashlib.sha256(f.read() + corpus().encode()).hexdigest()[:16]
    folder = os.path.join(tempfile.gettempdir(), f"undname-names-{os.getuid()}")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    path = os.path.join(folder, f"{kind}-{key}")
    if not os.path.exists(path):
        if quick:
            return sorted(collect(kind, True))
        with open(path + ".new", "wb") as f:
            f.write(b"\n".join(collect(kind)))
        os.rename(path + ".new", path)
    with open(path, "rb") as f:
        return f.read().split(b"\n")


if __name__ == "__main__":
    for k in sys.argv[1:] or ["ms", "itanium", "rust"]:
        print(k, len(names(k, False)))

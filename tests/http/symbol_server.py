#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""symbol_server.py --program DUMPSCOPE: symbols from servers that work, that fail, and that lie. Every server is ours,
on loopback. TAP output."""
import argparse, lzma, os, pathlib, re, signal, subprocess, sys, tempfile, time
from concurrent.futures import ThreadPoolExecutor

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "make")]
import mk_cab, mk_minidump, mk_pdb, server  # noqa: E402

KEY = "131211101514171618191A1B1C1D1E1F1"
GUID = "13121110-1514-1716-1819-1a1b1c1d1e1f"
count = failed = 0


def check(name, ok, why=""):
    global count, failed
    count += 1
    failed += not ok
    print(f"{'ok' if ok else 'not ok'} {count} - {name}{'' if ok else ': ' + str(why)[:1500]}", flush=True)


class Run:
    """One use of the program with folders of its own."""
    program = None

    def __init__(self, top):
        self.dir = pathlib.Path(tempfile.mkdtemp(dir=top))
        self.store = self.dir / "store"
        self.env = {k: v for k, v in os.environ.items() if not re.match("_NT_|.*proxy|CURL_|SSL_|DUMPSCOPE_NETSYMS", k, re.I)}
        self.env.update(XDG_CACHE_HOME=str(self.dir / "cache"), DUMPSCOPE_HTTP_CONNECT="2", DUMPSCOPE_HTTP_STALL="1",
                        DUMPSCOPE_HTTP_TOTAL="10", HOME=str(self.dir))

    def args(self, url, names, *more):
        (self.dir / "list").write_text("".join(f"{n} {KEY}\n" for n in names))
        path = url if "*" in url or ";" in url else f"srv*{self.store}*{url}"
        return [self.program, "symbols", "fetch", "-y", path, *more, "--list", str(self.dir / "list")]

    def fetch(self, url, names=("a.pdb",), *more, **env):
        p = subprocess.run(self.args(url, names, *more), capture_output=True, text=True, timeout=60,
                           env={**self.env, **env})
        self.status, self.out, self.err = p.returncode, p.stdout, p.stderr
        return self

    def stored(self):
        return {str(p.relative_to(self.store)): p.read_bytes() for p in self.store.rglob("*") if p.is_file()}

    def cached(self, what):
        return list((self.dir / "cache/dumpscope" / what).glob("*"))

    def __str__(self):
        return f"status {self.status}\n{self.out}{self.err}"


def place(name):
    return f"{name}/{KEY}/{name}"


def good(top, s, pdb):
    """Servers that have the file, one way or another."""
    for how, times in (("ok", 1), ("plain", 1), ("chunked", 1), ("drop", 2), ("changed", 2), ("wrongrange", 3), ("flaky", 2)):
        s.log.clear()
        s.dropped.clear()
        r = Run(top).fetch(f"{s.url}/{how}")
        check(f"{how}: the file is in the store, byte for byte", r.status == 0 and r.stored() == {place("a.pdb"): pdb}, r)
        check(f"... after {times} requests", len(s.log) == times, s.log)
        if how == "drop":
            check("... the second for the rest", s.log[-1][1].get("Range") == f"bytes={len(pdb) // 2}-" and
                  s.log[-1][1].get("If-Range") == '"v1"', s.log)
    check("requests look like SymSrv's", s.log[0][1]["User-Agent"].startswith("Microsoft-Symbol-Server/10.") and
          "Accept-Encoding" not in s.log[0][1], s.log[0])
    check("nothing else is left behind", not r.cached("partial"), r.cached("partial"))
    s.log.clear()
    r.fetch(f"{s.url}/ok")
    check("what is in the store is not asked for", r.status == 0 and not s.log, s.log)
    s.other = s.url.replace("127.0.0.1", "localhost")
    r = Run(top).fetch(f"{s.url.replace('://', '://user:secret@')}/toother")
    check("a redirect to another host is followed, without the password", r.status == 0 and
          "Authorization" in s.log[-2][1] and "Authorization" not in s.log[-1][1], (r, s.log))
    check("... which is not shown", "secret" not in r.out + r.err, r)


def kinds(top, s, pdb):
    s.log.clear()
    r = Run(top).fetch(f"{s.url}/ok", ["packed.pdb", "pointed.pdb", "said.pdb", "plainly.pdb"])
    check("name.pd_ when there is no name.pdb, expanded in the store", r.stored().get(place("packed.pdb")) == pdb, r)
    check("... in SymSrv's order", [p.rpartition("/")[2] for p in s.asked("packed")] == ["packed.pdb", "packed.pd_"], s.log)
    check("a compressed file under its plain name", r.stored().get(place("plainly.pdb")) == pdb, r)
    check("file.ptr to another address", r.stored().get(place("pointed.pdb")) == pdb, r)
    check("file.ptr with a message", "the store says: ask the build team" in r.out, r)
    check("... counted", r.status == 3 and "4 files: 3 have, 1 missing, 0 mismatch, 0 failed" in r.out, r)
    r = Run(top).fetch(f"{s.url}/ok", ["secret.pdb", "gopher.pdb"])
    check("file.ptr to a file of this machine that is no PDB", r.status == 3 and not r.stored(), r)
    s.files[place("odd name+%.pdb")] = pdb
    s.log.clear()
    r = Run(top)
    (r.dir / "list").write_text(f"odd name+%.pdb,{KEY},1\n..%2fx.pdb,{KEY}\n")
    p = subprocess.run([*r.args(f"{s.url}/ok", [])[:-2]] + ["--json", str(dump(r.dir, "odd name+%.pdb", "..%2f..%2fx.pdb"))],
                       capture_output=True, text=True, env=r.env)
    check("names are percent-encoded", "/ok/odd%20name%2B%25.pdb/" + KEY + "/odd%20name%2B%25.pdb" in s.asked(), s.log)
    check("... those that look encoded, too", not [x for x in s.asked() if "%2f" in x.lower() and "%252f" not in x.lower()] and
          s.asked("..%252f..%252fx.pdb"), (s.asked(), p.stdout, p.stderr))


def dump(folder, *pdbs):
    recipe = "minidump x64\nos 10.0.19041\n"
    for i, name in enumerate(pdbs):
        recipe += f'module {0x7ff600000000 + i * 0x100000:x} m{i}.exe size 10000 time 5f000001 pdb "{name}" {GUID} 1\n'
    path = folder / "needs.dmp"
    path.write_bytes(mk_minidump.recipe(recipe + "thread 1 rip 7ff600001000\n").write())
    return path


def bad(top, s, pdb):
    """Servers that do not, or lie: an answer in time, a reason, and nothing in the store."""
    def timed(how):
        begin = time.monotonic()
        return Run(top).fetch(f"{s.url}/{how}"), time.monotonic() - begin

    pool = ThreadPoolExecutor(6)
    cases = (("lie", "transfer closed"), ("always_cut", "transfer closed"), ("short", "a.pdb: .*PDB"),
             ("huge", "larger than the limit"), ("endless", "larger than .* it says itself"),
             ("loris", "too slow"), ("stall", "too slow"), ("silent", "too slow"),
             ("headers", "headers do not end"), ("html", "web page"), ("page404", "error page does not end"),
             ("gzip", "Content-Encoding"), ("loop", "redirects without end"), ("tofile", "redirects to where"),
             ("togopher", "redirects to where"), ("error", "answered 500"), ("forbidden", r"refuses access \(403\)"))
    done = {how: pool.submit(timed, how) for how, _ in cases}
    for how, why in cases:
        r, took = done[how].result()
        check(f"{how}: refused, with the reason", r.status == 3 and re.search("failed .*" + why, r.out), r)
        check("... in time, and nothing is in the store", took < 20 and not r.stored(), r)
    r = Run(top).fetch(f"{s.url}/ok", ["other.pdb"])
    check("another build's PDB is refused", r.status == 3 and "mismatch  other.pdb" in r.out and not r.stored(), r)
    r = Run(top).fetch(f"{s.url}/ok", DUMPSCOPE_HTTP_LIMIT="100K")
    check("DUMPSCOPE_HTTP_LIMIT", "larger than the limit" in r.out and not r.stored(), r)
    r = Run(top).fetch("http://127.0.0.1:1/x", [f"m{i}.pdb" for i in range(200)])
    check("a server that is not there is not asked 200 times", r.status == 3 and r.out.count("failed ") >= 200, r)
    r = Run(top).fetch(f"{s.url}/ok", DUMPSCOPE_HTTP_STALL="soon")
    check("a wrong number in the environment", "have      a.pdb" not in r.err and "DUMPSCOPE_HTTP_STALL" in r.err, r)


def memory_of(top, s, pdb):
    """What is remembered between runs."""
    r = Run(top)
    s.log.clear()
    r.fetch(f"{s.url}/ok", ["none.pdb"])
    check("a file that is not there: name.pdb, name.pd_, file.ptr", r.status == 3 and "missing   none.pdb" in r.out and
          len(s.log) == 3 and len(r.cached("absent")) == 1, (r, s.log))
    r.fetch(f"{s.url}/ok", ["none.pdb"])
    check("... is not asked for again", len(s.log) == 3 and "missing   none.pdb" in r.out, s.log)
    r.fetch(f"{s.url}/ok", ["none.pdb"], "--retry")
    check("... but with --retry", len(s.log) == 6, s.log)
    old = time.time() - 5 * 3600
    os.utime(r.cached("absent")[0], (old, old))
    r.fetch(f"{s.url}/ok", ["none.pdb"])
    check("... or after hours", len(s.log) == 9, s.log)
    r.fetch(f"{s.url}/error", ["none2.pdb"])
    check("an error of the server is not remembered", len(r.cached("absent")) == 1, r.cached("absent"))
    r = Run(top).fetch(f"{s.url}/stall")
    check("a cut download is kept aside", len(r.cached("partial")) == 1 and not r.stored(), r.cached("partial"))
    s.log.clear()
    s.files["stall2/" + place("a.pdb")] = pdb
    stall, server.Handler.do_stall = server.Handler.do_stall, server.Handler.do_ok
    r.fetch(f"{s.url}/stall")
    server.Handler.do_stall = stall
    check("... and the next run goes on there", r.status == 0 and r.stored() == {place("a.pdb"): pdb} and
          s.log[0][1].get("Range") == f"bytes={len(pdb) * 3 // 4}-" and not r.cached("partial"), (r, s.log))
    r = Run(top).fetch(f"{s.url}/stall")
    r.cached("partial")[0].write_bytes(b"rubbish" * 20000)
    r.fetch(f"{s.url}/ok")
    check("rubbish in the cache does no harm", r.status == 0 and r.stored() == {place("a.pdb"): pdb}, r)


def many(top, s, pdb):
    names = [f"m{i}.pdb" for i in range(40)]
    for n in names:
        s.files[place(n)] = pdb
    r = Run(top).fetch(f"{s.url}/wait", names)
    check("40 files", r.status == 0 and set(r.stored()) == {place(n) for n in names}, r)
    check("... several at a time, never more than 8", 4 <= s.peak <= 8, s.peak)
    r = Run(top)
    both = [subprocess.Popen(r.args(f"{s.url}/wait", names[:8]), env=r.env, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    out = [p.communicate(timeout=60)[0] for p in both]
    check("two programs at once fetch the same files", all(p.returncode == 0 for p in both) and
          all(v == pdb for v in r.stored().values()) and len(r.stored()) == 8, out)
    r = Run(top)
    s.log.clear()
    r.fetch(f"srv*{r.store}*{s.url}/absent;srv*{r.store}*{s.url}/ok", names[:3])
    check("two servers: the second is asked for what the first does not have", r.status == 0 and len(r.stored()) == 3, r)
    r = Run(top)
    (r.dir / "file").write_text("no folder")
    r.fetch(f"srv*{r.dir}/file/store*{s.url}/ok")
    check("a store that cannot be written to", r.status == 0 and "have      a.pdb" in r.out, r)
    r = Run(top)
    r.fetch(f"srv*{r.dir}/file/store*{s.url}/ok", XDG_CACHE_HOME="/dev/null", HOME="/dev/null")
    check("... nor a cache", r.status == 0 and "have      a.pdb" in r.out, r)


def interrupts(top, s, pdb):
    for how in ("stall", "silent", "endless"):
        for sig in (signal.SIGINT,):
            r = Run(top)
            s.stalled.clear()
            p = subprocess.Popen(r.args(f"{s.url}/{how}", ["a.pdb"]), env={**r.env, "DUMPSCOPE_HTTP_STALL": "60"},
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            if how != "endless":
                s.stalled.wait(10)
            time.sleep(0.15)
            begin = time.monotonic()
            p.send_signal(sig)
            out, err = p.communicate(timeout=20)
            took = time.monotonic() - begin
            if how == "endless":
                continue  # it may have ended by itself
            check(f"Ctrl-C while the server is in {how}: at once", took < 1 and p.returncode == 4, (took, p.returncode, out, err))
            check("... and no half file", not r.stored() and "interrupted" in out + err, (r.stored(), out, err))


def tls(top, pdb):
    d = pathlib.Path(tempfile.mkdtemp(dir=top))
    made = subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", d / "key", "-out", d / "crt",
                           "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"], capture_output=True)
    if made.returncode:
        check("HTTPS # SKIP no openssl program", True)
        return
    (d / "pem").write_bytes((d / "key").read_bytes() + (d / "crt").read_bytes())
    plain = server.Server({place("a.pdb"): pdb})
    s = server.Server({place("a.pdb"): pdb}, d / "pem")
    s.other = plain.url
    r = Run(top).fetch(f"{s.url}/ok")
    check("HTTPS: an authority that nobody knows is refused", r.status == 3 and "certificate" in r.out.lower() and not r.stored(), r)
    for name in ("CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        r = Run(top).fetch(f"{s.url}/ok", **{name: str(d / "crt")})
        check(f"... and trusted by {name}", r.status == 0 and r.stored() == {place("a.pdb"): pdb}, r)
    r = Run(top).fetch(f"{s.url.replace('127.0.0.1', 'localhost')}/ok", SSL_CERT_FILE=str(d / "crt"))
    check("... but not under another name", r.status == 3 and not r.stored(), r)
    r = Run(top).fetch(f"{s.url}/toother", SSL_CERT_FILE=str(d / "crt"))
    check("HTTPS never leads back to HTTP", r.status == 3 and not plain.log and "redirects to where" in r.out, r)
    plain.close()
    s.close()


def proxies(top, s, pdb):
    for name, value in (("_NT_SYMBOL_PROXY", f"127.0.0.1:{s.port}"), ("http_proxy", s.url)):
        s.log.clear()
        r = Run(top).fetch("http://symbols.invalid/ok", **{name: value})
        check(f"{name}", r.status == 0 and s.log and s.log[0][0].startswith("http://symbols.invalid/ok/a.pdb"), (r, s.log))
    s.log.clear()
    r = Run(top).fetch(f"{s.url}/ok", _NT_SYMBOL_PROXY="127.0.0.1:1", NO_PROXY="127.0.0.1")
    check("NO_PROXY", r.status == 0 and s.log, r)


def usage(top, s, pdb):
    r = Run(top).fetch("")
    no_path = subprocess.run([Run.program, "symbols", "fetch", "--list", r.dir / "list"], capture_output=True, text=True, env=r.env)
    check("no symbol path, no network", no_path.returncode == 1 and "no symbol path" in no_path.stderr, no_path)
    r.env["DUMPSCOPE_HELPER"] = "/nonexistent/helper"
    r.fetch(f"{s.url}/ok")
    check("no helper program", r.status == 3 and "helper program /nonexistent/helper" in r.out, r)
    r = Run(top)
    path = f"srv*{r.store}*{s.url}/ok"
    s.log.clear()
    for args, asked in (([], 1), (["-netsyms:no"], 0), (["-sins"], 1)):
        s.log.clear()
        q = Run(top)
        (q.dir / "sub").mkdir()
        p = subprocess.run([q.program, "-z", dump(q.dir, "a.pdb"), *args, "-y", f"srv*{q.store}*{s.url}/ok", "-c", "ld m0; lmvm m0; q"],
                           capture_output=True, text=True, env=q.env, timeout=60)
        check(f"the debugger {'asks' if asked else 'does not ask'} servers {args}", len(s.asked("a.pdb/")) == asked and
              bool(q.stored()) == bool(asked), (p, s.log))
    s.log.clear()
    p = subprocess.run([r.program, "symbols", "list", "--json", "-y", path, dump(r.dir, "a.pdb", "none.pdb")],
                       capture_output=True, text=True, env=r.env)
    check("list names the address and asks nobody", p.returncode == 0 and not s.log and
          f'"url":"{s.url}/ok/{place("a.pdb")}"' in p.stdout, p)
    program(r, s, path, pdb)
    p = subprocess.run([r.program, "symbols", "fetch", "--only", "pdb", "-y", path, dump(r.dir, "a.pdb", "none.pdb")],
                       capture_output=True, text=True, env=r.env)
    check("fetch for a dump", p.returncode == 3 and "2 files: 1 have, 1 missing" in p.stdout and r.stored() == {place("a.pdb"): pdb}, p)


def program(r, s, path, pdb):
    """pack, verify, and .reload /f in the debugger."""
    def run(*args):
        return subprocess.run([str(x) for x in (r.program, *args)], capture_output=True, text=True, env=r.env, timeout=60)

    need = dump(r.dir, "a.pdb", "none.pdb")
    off = r.dir / "offline"
    p = run("symbols", "pack", "-o", off, "-y", path, "--only", "pdb", need)
    check("pack: a store of what the dump needs", p.returncode == 3 and (off / place("a.pdb")).read_bytes() == pdb and
          sum(x.is_file() for x in off.rglob("*")) == 1, p)
    p = run("symbols", "list", "-y", off, "--only", "pdb", need)
    check("... that works as a symbol path", "have      a.pdb" in p.stdout and "missing   none.pdb" in p.stdout, p)
    (off / place("b.pdb")).parent.mkdir(parents=True)
    (off / place("b.pdb")[:-1]).with_name("b.pd_").write_bytes(mk_cab.make([("b.pdb", pdb)]))
    p = run("symbols", "verify", "--all", off)
    check("verify: right files, compressed too", p.returncode == 0 and "2 files: 2 ok, 0 wrong" in p.stdout and "b.pd_" in p.stdout, p)
    for name, data, state in (("c.pdb", s.files[place("other.pdb")], "wrong "), ("d.pdb", pdb[:5000], "damaged "), ("e.dll", b"MZ", "damaged ")):
        (off / place(name)).parent.mkdir(parents=True)
        (off / place(name)).write_bytes(data)
        p = run("symbols", "verify", off)
        check(f"verify: {state}", p.returncode == 3 and re.search(f"(?m)^{state} +.*{name} .*$", p.stdout) and "b.pd_" not in p.stdout, p)
    p = run("symbols", "verify", "--json", r.dir / "nowhere")
    check("verify: no such store", p.returncode == 2 and "nowhere" in p.stdout, p)
    names = [f"r{i}.pdb" for i in range(12)]
    calm = server.Server({place(n): pdb for n in names})
    store = r.dir / "reloaded"
    p = run("-z", dump(r.dir, *names), "-y", f"srv*{store}*{calm.url}/wait", "-c", ".reload /f; q")
    check(".reload /f brings all PDBs at once", p.returncode == 0 and len(list(store.rglob("r*.pdb/*/r*.pdb"))) == 12 and
          2 <= calm.peak <= 8 and len(calm.asked("/wait/r")) == 12, (p, calm.peak, calm.asked()))
    calm.close()


def others(top, s, pdb):
    """Packs, ISF and Breakpad files of a module whose PDB no server has."""
    fuzz = HERE.parent.parent / "fuzz/corpus"
    isf, sym = (fuzz / "fuzz_isf/plain").read_bytes(), (fuzz / "fuzz_breakpad/plain").read_bytes()
    guid = "00112233445566778899AABBCCDDEEFF"
    for kind, machine, at, data, kept in (
            ("isf", "x64", f"windows/app.pdb/{guid}-1.json.xz", lzma.compress(isf), f"app.pdb/{guid}1/{guid}-1.json"),
            ("isf", "x64", f"app.pdb/{guid}-1.json", isf, f"app.pdb/{guid}1/{guid}-1.json"),
            ("breakpad", "x86", f"app.pdb/{guid}1/app.sym", sym, f"app.pdb/{guid}1/app.sym"),
            (None, "x64", f"app.pdb/{guid}-1.json", isf.replace(b'"age":1', b'"age":2'), None),
            (None, "x64", f"app.pdb/{guid}1/app.dspack", b"<html>no</html>", None)):
        web = server.Server({at: data})
        r = Run(top)
        dump = r.dir / "x.dmp"
        dump.write_bytes(mk_minidump.recipe(f"minidump {machine}\nmodule 400000 app.exe size 10000 time 5B7D1968 pdb app.pdb "
                                            f"{guid} 1\nthread 10 {'rip' if machine == 'x64' else 'eip'} 401016\n").write())

        def ask():
            p = subprocess.run([Run.program, "-z", dump, "-y", f"srv*{r.store}*{web.url}/ok", "-c", ".reload /f; x app!*; lm; q"],
                               capture_output=True, text=True, timeout=60, env=r.env)
            return p.stdout + p.stderr
        out = ask()
        if not kind:
            check(f"{at}: not the module's own: refused", "symbols)  " not in out.split("module name")[1].replace("(no symbols)", "")
                  and not r.stored(), (out, r.stored()))
        else:
            check(f"{at}: serves the module", f"({kind} symbols)" in out and "app!" in out, (out, web.log))
            check("... and is kept in the store", set(r.stored()) == {kept}, r.stored().keys())
            web.close()
            check("... and found there without the server", ask().count(f"({kind} symbols)") == 1, ask())
            continue
        web.close()


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--program", required=True)
    Run.program = str(pathlib.Path(a.parse_args().program).resolve())
    with tempfile.TemporaryDirectory() as top:
        f = pathlib.Path(top, "a.pdb")
        mk_pdb.main([str(f), "--modules", "50", "--publics", "3000"])
        pdb = f.read_bytes()
        mk_pdb.main([str(f), "--age", "7"])
        s = server.Server({place("a.pdb"): pdb, place("other.pdb"): f.read_bytes(),
                           place("packed.pdb")[:-1] + "_": mk_cab.make([("packed.pdb", pdb)]),
                           place("plainly.pdb"): mk_cab.make([("plainly.pdb", pdb)])})
        s.files[f"pointed.pdb/{KEY}/file.ptr"] = f"PATH:{s.url}/ok/{place('a.pdb')}".encode()
        s.files[f"said.pdb/{KEY}/file.ptr"] = b"MSG: ask the build team"
        s.files[f"secret.pdb/{KEY}/file.ptr"] = b"PATH:/etc/passwd"
        s.files[f"gopher.pdb/{KEY}/file.ptr"] = b"PATH:gopher://127.0.0.1/x"
        for part in (good, kinds, bad, others, memory_of, interrupts, proxies, usage):
            part(top, s, pdb)
        calm = server.Server(dict(s.files))
        many(top, calm, pdb)
        calm.close()
        tls(top, pdb)
        s.close()
    print(f"1..{count}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

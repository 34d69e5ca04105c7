#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The prompt at a terminal: editing, history kept between runs, completion, Ctrl-C, Ctrl-D, another window size. The
program runs on a pseudo-terminal, as a shell would start it; what it shows is read back.

Usage: shell.py [PROGRAM]   default: $DS_BUILD/dumpscope, else build/dumpscope"""
import fcntl, os, pathlib, pty, re, select, shutil, signal, struct, sys, tempfile, termios, time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROMPT = r"(?:\A|\n)0:000> "  # on a line of its own: libedit draws it again as it edits
SLOW = 20  # seconds that an answer may take on a busy machine


class Terminal:
    def __init__(self, program, home, dump, *args, env=None, rows=24, columns=80):
        self.seen = self.raw = ""  # raw: with control sequences, from the beginning
        variables = {k: v for k, v in os.environ.items() if not k.startswith(("_NT_", "XDG_"))}
        variables |= {"HOME": str(home), "TERM": "xterm", "LC_ALL": "C.UTF-8", "NO_COLOR": "1", "DUMPSCOPE_NETSYMS": "no",
                      **(env or {})}
        # libedit loses two short strings of its own when it ends; its code is gone by then, so nothing names it.
        variables["ASAN_OPTIONS"] = variables.get("ASAN_OPTIONS", "").replace("detect_leaks=1", "detect_leaks=0")
        self.pid, self.fd = pty.fork()
        if not self.pid:
            os.chdir(ROOT)
            os.execve(program, [str(program), "-z", str(dump), *args], variables)
        self.resize(rows, columns)
        self.status = None

    def resize(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def send(self, text):
        os.write(self.fd, text.encode())

    def read(self, seconds):
        if not select.select([self.fd], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.fd, 65536)
        except OSError:  # the other side is closed
            data = b""
        text = data.decode("utf-8", "replace")
        self.raw += text
        self.seen += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]", "", text)
        return bool(data)

    def expect(self, what):
        """Waits until the regular expression appears; returns what was shown up to its end."""
        end = time.monotonic() + SLOW
        while True:
            m = re.search(what, self.seen)
            if m:
                shown, self.seen = self.seen[:m.end()], self.seen[m.end():]
                return shown
            if time.monotonic() > end or not self.read(0.2) and time.monotonic() > end:
                raise AssertionError(f"no {what!r} in {self.seen[-600:]!r}")

    def prompt(self, edits=True):
        """What was shown up to the next prompt. Keys count as such once the terminal hands on each of them."""
        shown, end = self.expect(PROMPT), time.monotonic() + SLOW
        while edits and termios.tcgetattr(self.fd)[3] & termios.ICANON and time.monotonic() < end:
            time.sleep(0.02)
        time.sleep(0.1)
        return shown

    def ask(self, line):
        self.send(line + "\r")
        self.expect(re.escape(line[-20:]))
        return self.prompt()

    def end(self):
        """Its exit status; it has to end by itself."""
        end = time.monotonic() + SLOW
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                os.close(self.fd)
                return os.waitstatus_to_exitcode(status)
            self.read(0.1)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        raise AssertionError(f"it goes on: {self.seen[-300:]!r}")


def test_ctrl_d(start):
    t = start()
    t.prompt()
    t.send("\x04")
    assert t.end() == 0


def test_empty_line_repeats(start):
    t = start()
    t.prompt()
    assert "one" in t.ask(".echo one").replace("\r\n", "\n").split("\n")
    t.send("\r")
    t.expect(r"\r\none\r\n")
    t.prompt()
    t.send("q\r")
    assert t.end() == 0


def test_ctrl_c_at_the_prompt(start):
    t = start()
    t.prompt()
    t.send(".echo not thi")
    t.expect("not thi")
    t.send("\x03")
    t.prompt()
    shown = t.ask(".echo that")
    assert "not thi" not in shown, shown
    t.send("\x04")
    assert t.end() == 0


def test_clear_the_screen(start):
    t = start()
    t.prompt()
    assert "\x1b[2J" not in t.raw
    t.ask(".cls")
    assert "\x1b[H\x1b[2J\x1b[3J" in t.raw
    t.send("\x04")
    assert t.end() == 0


def interrupt(start, command):
    t = start()
    t.prompt()
    t.send(command + "\r")
    t.expect(re.escape(command[-12:]))
    time.sleep(0.7)
    t.send("\x03")
    t.prompt()
    assert "still here" in t.ask(".echo still here").split("\r\n")
    t.send("\x04")
    assert t.end() == 0


def test_ctrl_c_ends_a_loop(start):
    interrupt(start, ".while (1) { }")


def test_ctrl_c_ends_a_search(start):
    interrupt(start, ".for (r $t0=0; 1; r $t0=@$t0+1) { x ntdll!*Zzzz* }")


def test_history_between_runs(start):
    t = start()
    t.prompt()
    t.ask(".echo first")
    t.ask(".echo second")
    t.ask(".echo second")
    t.send("\x04")
    assert t.end() == 0
    lines = (start.home / ".local/state/dumpscope/history").read_text().split("\n")
    assert lines == [".echo first", ".echo second", ""], lines
    assert (start.home / ".local/state/dumpscope/history").stat().st_mode & 0o077 == 0
    t = start()
    t.prompt()
    t.send("\x1b[A\x1b[A")  # twice up
    t.expect("first")
    t.send("\r")
    t.expect(r"\r\nfirst\r\n")
    t.prompt()
    t.send(".echo s\x1bp")  # the last one that began so
    t.send("\r")
    t.expect(r"\r\nsecond\r\n")
    t.prompt()
    t.send("\x04")
    assert t.end() == 0


def test_history_is_bounded(start):
    folder = start.home / "state" / "dumpscope"
    folder.mkdir(parents=True)
    (folder / "history").write_text("".join(f".echo {i}\n" for i in range(50)))
    t = start(env={"XDG_STATE_HOME": str(start.home / "state"), "_NT_DEBUG_HISTORY_SIZE": "5"})
    t.prompt()
    t.send("\x1b[A" * 9 + "\r")
    t.expect(r"\r\n45\r\n")
    t.prompt()
    t.send("\x04")
    assert t.end() == 0
    assert (folder / "history").read_text() == "".join(f".echo {i}\n" for i in (45, 46, 47, 48, 49, 45))
    t = start(env={"XDG_STATE_HOME": str(start.home / "none"), "_NT_DEBUG_HISTORY_SIZE": "0"})
    t.prompt()
    t.ask(".echo x")
    t.send("\x04")
    assert t.end() == 0
    assert not (start.home / "none").exists()


def completed(start, typed, wanted):
    """The line that stands after a tab: it is shown by .echo, which is put before it."""
    t = start()
    t.prompt()
    t.send(typed + "\t")
    time.sleep(0.5)
    t.send("\x01.echo \"\x05\"\r")
    t.expect(re.escape("\r\n" + wanted + "\r\n"))
    t.prompt()
    t.send("\x04")
    assert t.end() == 0


def listed(start, typed, wanted):
    t = start()
    t.prompt()
    t.send(typed + "\t")
    t.expect(wanted)
    time.sleep(0.3)
    t.send("\x03")
    t.prompt()
    t.send("\x04")
    assert t.end() == 0


def test_completes_commands(start):
    completed(start, "!anal", "!analyze ")
    completed(start, "; .lastev", "; .lastevent ")
    listed(start, ".log", r"(?s)\.logappend.*\.logclose.*\.logfile.*\.logopen.*\.log")


def test_completes_options(start):
    completed(start, "!analyze -sh", "!analyze -show ")


def test_completes_modules_and_symbols(start):
    completed(start, "lm m nulld", "lm m nullderef ")
    completed(start, "u nulld", "u nullderef!")
    completed(start, "u nullderef!audit", "u nullderef!AuditThread ")
    completed(start, "? poi(nullderef!Read", "? poi(nullderef!ReadPrice ")
    listed(start, "u nullderef!Pr", r"\r\nnullderef!PriceItem +nullderef!ProcessOrders\r\n")
    listed(start, "x ntdll!", r"\.\.\. and more")


def test_completes_files(start):
    (start.home / "scripts").mkdir()
    (start.home / "scripts" / "walk.txt").write_text("")
    completed(start, "$$>a<~/scr", "$$>a<~/scripts/")
    completed(start, f".logopen {start.home}/scripts/wa", f".logopen {start.home}/scripts/walk.txt ")


def test_window_size(start):
    """A line that is longer than the window is still the same line after the window changes."""
    t = start(columns=40)
    t.prompt()
    words = " ".join(f"word{i}" for i in range(12))
    t.send(".echo " + words)
    t.expect("word11")
    t.resize(24, 100)
    time.sleep(0.3)
    t.send(" end\r")
    t.expect(re.escape("\r\n" + words + " end"))
    t.prompt()
    t.send("\x04")
    assert t.end() == 0


def test_log_has_what_was_typed(start):
    path = start.home / "typed.log"
    t = start("-logo", str(path))
    t.prompt()
    t.ask(".echo logged")
    t.send("q\r")
    assert t.end() == 0
    assert "0:000> .echo logged\nlogged\n0:000> q\nquit:\n" in path.read_text(), path.read_text()[-300:]


def test_utf8(start):
    t = start()
    t.prompt()
    t.send(".echo gr\u00fc\u00dfe\x7f\x7fen\r")
    t.expect("\r\ngr\u00fcen\r\n")
    t.prompt()
    t.send("\x04")
    assert t.end() == 0


def test_plain_without_terminal_abilities(start):
    t = start(env={"TERM": "dumb"})
    t.prompt(edits=False)
    t.send(".echo plain\r")
    t.expect(r"\r\nplain\r\n")
    t.prompt(edits=False)
    t.send("\x03")
    t.prompt(edits=False)
    t.send("\x04")
    assert t.end() == 0
    assert not (start.home / ".local").exists()


def main():
    build = pathlib.Path(os.environ.get("DS_BUILD", ROOT / "build"))
    program = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else build / "dumpscope"
    if not program.exists():
        print("skipped: the program is not built")
        return 77
    tests = [(n, f) for n, f in globals().items() if n.startswith("test_")]
    failed = 0
    for name, test in tests:
        home = pathlib.Path(tempfile.mkdtemp(prefix="ds_tty_"))

        def start(*args, env=None, columns=80):
            return Terminal(program.resolve(), home, ROOT / "samples/sample.dmp.xz", *args, env=env, columns=columns)
        start.home = home
        try:
            test(start)
        except (AssertionError, OSError) as e:
            failed += 1
            print(f"{name}: {e}")
        finally:
            shutil.rmtree(home)
    print(f"{len(tests) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

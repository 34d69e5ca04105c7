# SPDX-License-Identifier: Apache-2.0
"""A symbol server on loopback that can behave badly. The first folder of a path chooses how:

  /ok/NAME/KEY/FILE        the file, with ETag and ranges       /plain/  the same, no ranges and no ETag
  /slow/ /endless/ /stall/ /drop/ /lie/ /loop/ /tofile/ /toplain/ /html/ /gzip/ /headers/ /wrongrange/ /changed/ ...

files: {path below the first folder: bytes}. log: [(method path, headers)]; peak: connections served at once."""
import http.server, socket, ssl, threading, time


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *a):
        pass

    def handle(self):
        try:
            super().handle()
        except OSError:
            pass

    def do_GET(self):
        s = self.server
        with s.lock:
            s.log.append((self.path, dict(self.headers)))
            s.active += 1
            s.peak = max(s.peak, s.active)
        try:
            path = self.path
            if path.startswith("http://"):  # a proxy's request
                path = "/" + path[7:].partition("/")[2]
            how, _, rest = path[1:].partition("/")
            getattr(self, "do_" + how, self.do_unknown)(rest)
        except OSError:
            self.close_connection = True
        finally:
            with s.lock:
                s.active -= 1

    def headers_only(self, code, **h):
        self.send_response(code)
        for k, v in h.items():
            self.send_header(k.replace("_", "-"), v)
        self.end_headers()

    def empty(self, code, **h):
        self.headers_only(code, Content_Length="0", **h)

    def do_unknown(self, rest):
        self.empty(404)

    def body(self, rest):
        data = self.server.files.get(rest)
        if data is None:
            self.empty(404)
        return data

    def do_ok(self, rest, delay=0, etag='"v1"'):
        data = self.body(rest)
        if data is None:
            return
        time.sleep(delay)
        r = self.headers.get("Range", "")
        if r.startswith("bytes=") and self.headers.get("If-Range") == etag:
            at = int(r[6:].split("-")[0])
            self.headers_only(206, Content_Length=str(len(data) - at), ETag=etag,
                              Content_Range=f"bytes {at}-{len(data) - 1}/{len(data)}")
            self.wfile.write(data[at:])
        else:
            self.headers_only(200, Content_Length=str(len(data)), ETag=etag)
            self.wfile.write(data)

    def do_wait(self, rest):
        self.do_ok(rest, 0.4)

    def do_plain(self, rest):
        data = self.body(rest)
        if data is not None:
            self.headers_only(200, Content_Length=str(len(data)))
            self.wfile.write(data)

    def do_chunked(self, rest):
        data = self.body(rest)
        if data is not None:
            self.headers_only(200, Transfer_Encoding="chunked")
            for at in range(0, len(data), 5000):
                part = data[at:at + 5000]
                self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            self.wfile.write(b"0\r\n\r\n")

    def cut(self, rest, n, length=None, **h):
        """Only the first n bytes, whatever was announced; then the connection ends."""
        data = self.body(rest)
        if data is not None:
            self.headers_only(200, Content_Length=str(length or len(data)), **h)
            self.wfile.write(data[:n])
            self.wfile.flush()
            self.close_connection = True
        return data

    def do_drop(self, rest):
        """Half of it the first time; the rest when asked for."""
        with self.server.lock:
            first = rest not in self.server.dropped
            self.server.dropped.add(rest)
        if first:
            self.cut(rest, len(self.server.files.get(rest, b"")) // 2, ETag='"v1"')
        else:
            self.do_ok(rest)

    def do_changed(self, rest):
        """As drop, but the file is another one the second time."""
        with self.server.lock:
            first = rest not in self.server.dropped
            self.server.dropped.add(rest)
        if first:
            self.cut(rest, len(self.server.files.get(rest, b"")) // 2, ETag='"v0"')
        else:
            self.do_ok(rest)

    def do_always_cut(self, rest):
        self.cut(rest, 1000)

    def do_lie(self, rest):
        data = self.server.files.get(rest, b"")
        self.cut(rest, len(data), len(data) + 4096)

    def do_short(self, rest):
        """Announces less than it sends."""
        data = self.body(rest)
        if data is not None:
            self.headers_only(200, Content_Length="100")
            self.wfile.write(data)
            self.close_connection = True

    def do_huge(self, rest):
        self.headers_only(200, Content_Length=str(1 << 50))
        self.close_connection = True

    def do_wrongrange(self, rest):
        data = self.body(rest)
        if data is None:
            return
        with self.server.lock:
            first = rest not in self.server.dropped
            self.server.dropped.add(rest)
        if first:
            self.cut(rest, len(data) // 2, ETag='"v1"')
        elif self.headers.get("Range"):
            self.headers_only(206, Content_Length="10", ETag='"v1"', Content_Range=f"bytes 0-9/{len(data)}")
            self.wfile.write(data[:10])
        else:
            self.do_ok(rest)

    def until_closed(self, what, pause):
        self.connection.settimeout(5)
        while not self.server.stop:
            self.wfile.write(what)
            self.wfile.flush()
            time.sleep(pause)

    def do_endless(self, rest):
        """A PDB by its first bytes, but it does not end."""
        self.headers_only(200)
        self.wfile.write(self.server.files.get(rest, b""))
        self.until_closed(bytes(1 << 16), 0)

    def do_loris(self, rest):
        self.headers_only(200, Content_Length="1000000", ETag='"v1"')
        self.until_closed(b"M", 0.2)

    def do_stall(self, rest):
        """Sends three quarters of it, and then nothing."""
        data = self.body(rest)
        if data is not None:
            self.headers_only(200, Content_Length=str(len(data)), ETag='"v1"')
            self.wfile.write(data[:len(data) * 3 // 4])
            self.wfile.flush()
            self.server.stalled.set()
            while not self.server.stop:
                time.sleep(0.05)
            self.close_connection = True

    def do_silent(self, rest):
        self.server.stalled.set()
        while not self.server.stop:
            time.sleep(0.05)
        self.close_connection = True

    def do_headers(self, rest):
        self.send_response(200)
        self.flush_headers()
        self.until_closed(b"X-Filler: " + b"x" * 1000 + b"\r\n", 0)

    def do_html(self, rest):
        page = b"\r\n<!DOCTYPE html><html>Sign in</html>"
        self.headers_only(200, Content_Type="text/html", Content_Length=str(len(page)))
        self.wfile.write(page)

    def do_page404(self, rest):
        self.send_response(404)
        self.end_headers()
        self.until_closed(b"<p>no such file</p>" * 1000, 0)

    def do_gzip(self, rest):
        import gzip
        bomb = gzip.compress(bytes(1 << 22))
        self.headers_only(200, Content_Encoding="gzip", Content_Length=str(len(bomb)))
        self.wfile.write(bomb)

    def do_loop(self, rest):
        self.empty(302, Location="/loop/" + rest)

    def do_tofile(self, rest):
        self.empty(302, Location="file:///etc/passwd")

    def do_togopher(self, rest):
        self.empty(302, Location="gopher://127.0.0.1/")

    def do_toother(self, rest):
        self.empty(302, Location=self.server.other + "/ok/" + rest)

    def do_error(self, rest):
        self.empty(500)

    def do_flaky(self, rest):
        with self.server.lock:
            first = rest not in self.server.dropped
            self.server.dropped.add(rest)
        self.empty(503) if first else self.do_ok(rest)

    def do_forbidden(self, rest):
        self.empty(403)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, files, certificate=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.log, self.lock = files, [], threading.Lock()
        self.active = self.peak = 0
        self.dropped, self.stop, self.stalled, self.other = set(), False, threading.Event(), ""
        scheme = "http"
        if certificate:
            c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            c.load_cert_chain(certificate)
            self.socket = c.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
            scheme = "https"
        self.port = self.server_address[1]
        self.url = f"{scheme}://127.0.0.1:{self.port}"
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def handle_error(self, request, client_address):
        pass

    def close(self):
        self.stop = True
        self.shutdown()
        self.server_close()

    def asked(self, part=""):
        return [p for p, _ in self.log if part in p]

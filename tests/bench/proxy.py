"""A corporate HTTP proxy: CONNECT and absolute-form requests; loopback is none of its business, so it refuses it with 403.

  proxy.py PORT [LOG] [NAME=HOST:PORT]…    NAME is where the outside world is; every request becomes one line "METHOD TARGET STATUS"
"""

import http.client
import http.server
import select
import socket
import sys
import urllib.parse

LOOPBACK = ("127.", "localhost", "::1", "0.0.0.0")


class Proxy(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    log_path, names = None, {}

    def do_CONNECT(self):
        address = self.resolve(self.path)
        if address is None:
            self.refuse()
            return
        with socket.create_connection(address, timeout=10) as there:
            self.note(200)
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            self.pump(there)
        self.close_connection = True

    def do_GET(self):
        address = self.resolve(urllib.parse.urlsplit(self.path).netloc)
        if address is None:
            self.refuse()
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urllib.parse.urlsplit(self.path)
        there = http.client.HTTPConnection(*address, timeout=60)
        passed = {name: value for name, value in self.headers.items() if not name.lower().startswith("proxy-")}
        there.request(self.command, urllib.parse.urlunsplit(("", "", url.path or "/", url.query, "")), body, passed)
        answer = there.getresponse()
        self.reply(answer.status, answer.read(), answer.getheader("Content-Type", "application/octet-stream"))

    do_POST = do_PUT = do_HEAD = do_DELETE = do_GET

    def resolve(self, netloc):
        """Where a name leads; nowhere for loopback and for everything that has not been named."""
        host = netloc.rsplit(":", 1)[0].strip("[]")
        if host.startswith(LOOPBACK) or host not in self.names:
            return None
        target, port = self.names[host].rsplit(":", 1)
        return target, int(port)

    def refuse(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.reply(403, f"The proxy does not serve {self.path}\n".encode(), "text/plain")
        self.close_connection = True

    def reply(self, status, body, kind):
        self.note(status)
        self.send_response(status)
        self.send_header("Via", "1.1 sandbox-proxy")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def pump(self, there):
        ends = {self.connection: there, there: self.connection}
        while True:
            for end in select.select(list(ends), [], [])[0]:
                data = end.recv(65536)
                if not data:
                    return
                ends[end].sendall(data)

    def note(self, status):
        if self.log_path:
            with open(self.log_path, "a", encoding="utf-8") as file:
                file.write(f"{self.command} {self.path} {status}\n")

    def log_message(self, *_):
        """The log has what matters."""


if __name__ == "__main__":
    port, log_path, *names = [*sys.argv[1:], None][: max(2, len(sys.argv) - 1)]
    Proxy.log_path, Proxy.names = log_path, dict(name.split("=", 1) for name in names)
    http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Proxy).serve_forever()

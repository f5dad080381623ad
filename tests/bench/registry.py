#!/usr/bin/python3
"""An npm registry that describes every package and never gives one out: a download that is under way for ever.

  registry.py PORT ASKED [ARCHIVE]     who asks for a package itself finds its path in the file ASKED, and waits, or gets ARCHIVE;
                                       below /silent/ nothing is answered
"""

import hashlib
import http.server
import json
import pathlib
import sys
import threading

port, asked = int(sys.argv[1]), sys.argv[2]
archive = pathlib.Path(sys.argv[3]).read_bytes() if len(sys.argv) > 3 else None


class Registry(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path.endswith(".tgz"):
            with open(asked, "a", encoding="utf-8") as file:
                file.write(self.path + "\n")
            if archive is None:
                threading.Event().wait()
            return self.answer("application/octet-stream", archive)
        if self.path.startswith("/silent/"):
            threading.Event().wait()
        name = self.path.strip("/")
        dist = {"tarball": f"http://127.0.0.1:{port}/{name}/-/{name}-1.0.0.tgz", "shasum": hashlib.sha1(archive or b"").hexdigest()}
        document = {"name": name, "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": {"name": name, "version": "1.0.0", "dist": dist}}}
        self.answer("application/json", json.dumps(document).encode())

    def answer(self, kind, body):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", port), Registry).serve_forever()

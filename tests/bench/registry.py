#!/usr/bin/python3
"""An npm registry that describes every package and never gives one out: a download that is under way for ever.

  registry.py PORT ASKED     who asks for a package itself finds its path in the file ASKED, and waits; below /silent/ nothing is answered
"""

import http.server
import json
import sys
import threading

port, asked = int(sys.argv[1]), sys.argv[2]


class Registry(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path.endswith(".tgz"):
            with open(asked, "a", encoding="utf-8") as file:
                file.write(self.path + "\n")
            threading.Event().wait()
        if self.path.startswith("/silent/"):
            threading.Event().wait()
        name = self.path.strip("/")
        dist = {"tarball": f"http://127.0.0.1:{port}/{name}/-/{name}-1.0.0.tgz", "shasum": "0" * 40}
        document = {"name": name, "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": {"name": name, "version": "1.0.0", "dist": dist}}}
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", port), Registry).serve_forever()

#!/bin/bash
# Waits until the gateway on PORT says that it is ready; gives up after SECONDS (90: the real one takes 3 to 50).
#
#   wait-ready.sh PORT [SECONDS]
set -euo pipefail
exec /usr/bin/python3 - "$1" "${2:-90}" <<'PYTHON'
import sys, time, urllib.request

port, patience = int(sys.argv[1]), float(sys.argv[2])
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
last, deadline = None, time.monotonic() + patience
while time.monotonic() < deadline:
    try:
        direct.open(f"http://127.0.0.1:{port}/readyz", timeout=5).read()
        sys.exit(0)
    except OSError as error:
        last = error
        time.sleep(0.05)
sys.exit(f"the gateway on port {port} was not ready after {patience:.0f} s: {last}")
PYTHON

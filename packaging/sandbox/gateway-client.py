#!/usr/bin/python3
"""Talks to a gateway as an outsider does, past every proxy.

  gateway-client.py ready PORT [SECONDS]    wait until /readyz says ready (90 s: the real one takes 3 to 50)
  gateway-client.py chat PORT [BODY]        POST BODY ({}) to /v1/chat/completions, print the status
  gateway-client.py message TEXT [SECONDS]  be a DingTalk user of the sample connector: send TEXT, print what comes back
"""

import os
import sys
import time
import urllib.error
import urllib.request

LOOK_EVERY = 0.05


def ready(port, patience="90"):
    def answers():
        try:
            return fetch(f"http://127.0.0.1:{port}/readyz") == 200
        except OSError:
            return False

    wait_for(answers, float(patience), f"the gateway on port {port} is ready")


def chat(port, body="{}"):
    print(fetch(f"http://127.0.0.1:{port}/v1/chat/completions", body.encode()))


def message(text, patience="60"):
    name = f"{time.time_ns()}.txt"
    inbox, outbox = (os.path.join(cloud(), box) for box in ("inbox", "outbox"))
    os.makedirs(inbox, exist_ok=True)
    with open(os.path.join(inbox, "." + name), "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(os.path.join(inbox, "." + name), os.path.join(inbox, name))
    answer = os.path.join(outbox, name)
    wait_for(lambda: os.path.exists(answer), float(patience), "the connector answers")
    with open(answer, encoding="utf-8") as file:
        print(file.read())


def cloud():
    return os.path.join(os.environ.get("OPENCLAW_STATE_DIR") or os.path.expanduser("~/.openclaw"), "dingtalk")


def fetch(url, body=None):
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(urllib.request.Request(url, body, {"Content-Type": "application/json"}), timeout=60) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code


def wait_for(condition, patience, what):
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"gave up waiting until {what}: {patience:.0f} s")
        time.sleep(LOOK_EVERY)


if __name__ == "__main__":
    {"ready": ready, "chat": chat, "message": message}[sys.argv[1]](*sys.argv[2:])

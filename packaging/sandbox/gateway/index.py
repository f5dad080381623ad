"""The gateway stand-in: answers where OpenClaw 2026.3.13's gateway answers, and fails where a test asks it to.

Installed as PREFIX/openclaw/dist/index.js and started by python3, so that a unit's ExecStart looks like OpenClaw's own.

  index.js gateway --port N      index.js config validate [--json]      index.js config file      index.js --version
  index.js gateway call agent --params JSON …      index.js gateway call sessions.delete --params JSON …

Faults are read at start from <state dir>/stand-in.json (or $OPENCLAW_STAND_IN, the same JSON), all optional:
  listen_after, ready_after, crash_after, stop_after   seconds until it listens, is ready, dies with status 1, obeys SIGTERM
  refuse        a text: say it and exit 1              never_ready     true: /readyz stays at 503
  plugin        "fails" or "silent": the connector does not compile; is not loaded, without a word
  say           [[subsystem, text], …]: lines for its log
  stream        "refused": DingTalk takes no account; "silent": no connection comes about; {"ACCOUNT": either}
  answer        a text: what comes instead of the model's answer; a number: the HTTP status; "silent": nothing comes
  only_with_connector   true: all of this only while the config names the connector's channel
"""

import json
import os
import signal
import sys
import threading
import time

import config
import connector
import http_server
from log import Log

VERSION = "2026.3.13"
LOOK_AT_CONFIG_EVERY = 0.2


def faults(settings):
    text = os.environ.get("OPENCLAW_STAND_IN", "")
    path = os.path.join(config.state_dir(), "stand-in.json")
    if not text and os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            text = file.read()
    wanted = json.loads(text or "{}")
    if wanted.get("only_with_connector") and not config.at(settings, "channels", connector.ID):
        return {}
    return wanted


def main(argv):
    if argv[:1] == ["--version"]:
        print(f"OpenClaw {VERSION} (sandbox)")
    elif argv[:2] == ["config", "file"]:
        print(config.path())
    elif argv[:2] == ["config", "validate"]:
        return validate()
    elif argv[:2] == ["gateway", "call"]:
        return call(argv[2], json.loads(argv[argv.index("--params") + 1]))
    elif argv[:1] == ["gateway"] and "--port" in argv:
        return run_gateway(int(argv[argv.index("--port") + 1]))
    else:
        print(f"the gateway stand-in does not know: {' '.join(argv)}", file=sys.stderr)
        return 1
    return 0


def validate():
    problems = config.load()[1]
    answer = {"valid": not problems, "path": config.path()}
    if problems:
        answer["issues"] = [{"path": where, "message": what} for where, what in problems]
    print(json.dumps(answer))
    return 1 if problems else 0


def call(method, asked):
    if method == "sessions.delete":
        print(json.dumps({"ok": True, "deleted": True, "archived": []}))
        return 0
    if method != "agent":
        print(f"Gateway call failed: GatewayClientRequestError: unknown method: {method}", file=sys.stderr)
        return 1
    status, text = http_server.answer_to(asked["message"], faults(config.load()[0]).get("answer"))
    if status != 200:
        text = f"HTTP {status}: {text}"
    print(json.dumps({"status": "ok", "summary": "completed", "result": {"payloads": [{"text": text}], "meta": {"stopReason": "stop"}}}))
    return 0


def read_dotenv():
    """`~/.env`, then that of the state directory; neither overrides a variable that is there."""
    for folder in (os.path.expanduser("~"), config.state_dir()):
        path = os.path.join(folder, ".env")
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                for name, _, value in (line.strip().partition("=") for line in file if "=" in line):
                    os.environ.setdefault(name, value)


def run_gateway(port):
    read_dotenv()
    settings, problems = config.load()
    log = Log(config.at(settings, "logging", "file"))
    if problems:
        return refuse_config(log, problems)
    fault = faults(settings)
    if fault.get("refuse"):
        log.console(fault["refuse"])
        return 1
    if config.at(settings, "gateway", "auth", "mode") == "none":
        log.line("gateway", "auth mode=none explicitly configured; all gateway connections are unauthenticated.")
    loaded = connector.load(settings, fault.get("plugin"), log)
    time.sleep(fault.get("listen_after", 0.1))
    stop_on_sigterm(log, fault.get("stop_after", 0))
    for subsystem, text in fault.get("say", []):
        log.line(subsystem, text)
    ready_at = float("inf") if fault.get("never_ready") else time.monotonic() + fault.get("ready_after", 0)
    http_server.listen(port, settings, ready_at, fault.get("answer"))
    log.line("gateway", f"agent model: {config.at(settings, 'agents', 'defaults', 'model', 'primary')}")
    log.line("gateway", f"listening on ws://127.0.0.1:{port}, ws://[::1]:{port} (PID {os.getpid()})")
    log.line("gateway", f"log file: {log.path}")
    if loaded:
        connector.start(settings, port, fault.get("stream"), log)
    if "crash_after" in fault:
        threading.Timer(fault["crash_after"], lambda: os._exit(1)).start()
    return watch_config(settings, log)


def refuse_config(log, problems):
    # the first line break is OpenClaw's own: the two characters
    lines = "\n".join(f"- {where}: {what}" for where, what in problems)
    log.console(f"Invalid config at {config.path()}:\\n{lines}")
    log.console("Config invalid")
    log.console(f"File: {config.path()}")
    log.console("Problem:")
    for where, what in problems:
        log.console(f"  - {where}: {what}")
    log.console("Run: openclaw doctor --fix")
    return 1


def stop_on_sigterm(log, delay):
    def stop(*_):
        log.line("gateway", "signal SIGTERM received")
        log.line("gateway", "received SIGTERM; shutting down")
        time.sleep(delay)
        os._exit(0)

    signal.signal(signal.SIGTERM, stop)


def watch_config(settings, log):
    """Like OpenClaw under systemd: a change of `gateway` or `plugins` ends it with 0, and `Restart=always` brings it back."""
    while True:
        time.sleep(LOOK_AT_CONFIG_EVERY)
        now, problems = config.load()
        if problems or now == settings:
            continue
        changed = [key for key in ("gateway", "plugins", "channels") if now.get(key) != settings.get(key)]
        if changed:
            log.line("reload", f"config change requires gateway restart ({', '.join(changed)})")
            return 0
        settings = now


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Plays the sample connector where there is no Node to run it: the same log lines, the same two folders, the same proxy rules."""

import datetime
import json
import os
import threading
import time
import urllib.error
import urllib.request

import config

ID = "dingtalk-connector"
LOOK_EVERY = 0.05
# No TypeScript has a line like this, so one broken payload serves the real OpenClaw and the stand-in.
DOES_NOT_COMPILE = "@@"


def load(settings, fault, log):
    """Whether the connector is loaded; says so, or why not, in OpenClaw's words."""
    folder, entry = config.plugins()[0].get(ID, (None, None))
    section = settings.get("plugins") or {}
    enabled = section.get("enabled", True) and config.at(section, "entries", ID, "enabled") is not False
    allowed = ID in (section.get("allow") or [ID]) and ID not in section.get("deny", [])
    if not folder or not enabled or not allowed or fault == "silent":
        return False
    with open(entry, encoding="utf-8", errors="replace") as file:
        bad_lines = [number for number, line in enumerate(file, 1) if line.startswith(DOES_NOT_COMPILE)]
    if fault == "fails" or bad_lines:
        reason = f"Error: ParseError: Unexpected token\n {entry}:{(bad_lines or [1])[0]}:0"
        log.line("plugins", f"{ID} failed to load from {entry}: {reason}", "ERROR")
        log.line("gateway", f"[plugins] {ID} failed to load from {entry}: {reason}", "ERROR")
        log.line("gateway", f"[plugins] failed to load plugin: {reason} (plugin={ID}, source={entry})", "ERROR")
        return False
    log.line("plugins", "[DingTalk] sample connector registered")
    log.line("gateway", "[DingTalk] sample connector registered")
    return True


def start(settings, port, stream, log):
    channel = config.at(settings, "channels", ID) or {}
    if channel.get("enabled") is False:
        return
    # as 0.6.0 has it: an account is its own block and nothing else
    accounts = {name: account for name, account in (channel.get("accounts") or {"default": channel}).items()
                if account.get("enabled") is not False and account.get("clientId") and account.get("clientSecret")}
    folders = [os.path.join(config.state_dir(), "dingtalk", name) for name in ("inbox", "outbox")]
    for name, account in accounts.items():
        log.line(f"gateway/channels/{ID}", f"[{name}] sample connector: listening in {os.path.dirname(folders[0])}")
        _connect(name, stream.get(name) if isinstance(stream, dict) else stream, log)
    for folder in folders:
        os.makedirs(folder, exist_ok=True)
    account = next(iter(accounts.values()), {})
    threading.Thread(target=_serve, args=(*folders, account, port), daemon=True).start()


def _connect(account, fault, log):
    """As connector 0.6.0 and its dingtalk-stream tell of it, and OpenClaw of a channel that ends."""
    subsystem = f"gateway/channels/{ID}"
    if fault == "refused":
        log.line(subsystem, f"[{account}] channel exited: Request failed with status code 400", "ERROR")
        log.line(subsystem, f"[{account}] auto-restart attempt 1/10 in 5s")
    elif fault != "silent":
        log.line(subsystem, f"[{account}] 钉钉 Stream 客户端已连接")
        log.console(f"[{datetime.datetime.now(datetime.timezone.utc).isoformat(timespec='milliseconds')}] connect success", "INFO")


def _serve(inbox, outbox, channel, port):
    while True:
        for name in sorted(name for name in os.listdir(inbox) if not name.startswith(".")):
            with open(os.path.join(inbox, name), encoding="utf-8") as file:
                text = file.read()
            os.unlink(os.path.join(inbox, name))
            unfinished = os.path.join(outbox, "." + name)
            with open(unfinished, "w", encoding="utf-8") as file:
                json.dump(_ask(text, channel, port), file, ensure_ascii=False)
            os.rename(unfinished, os.path.join(outbox, name))
        time.sleep(LOOK_EVERY)


def _ask(text, channel, port):
    """Asks through urllib, which obeys http_proxy and no_proxy as OpenClaw's dispatcher does."""
    body = json.dumps({"model": "default", "messages": [{"role": "user", "content": text}]}).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/chat/completions", body, {"Content-Type": "application/json"})
    secret = channel.get("gatewayToken") or channel.get("gatewayPassword")
    if secret:
        request.add_header("Authorization", f"Bearer {secret}")
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return {"reply": json.load(response)["choices"][0]["message"]["content"]}
    except urllib.error.HTTPError as error:
        through_proxy = error.headers.get("Via") is not None
        return {"error": "fetch failed" if through_proxy else f"Gateway error: {error.code} - {error.read().decode()}"}
    except OSError as error:
        return {"error": "fetch failed", "cause": str(error)}

"""The HTTP face of the gateway: health, the chat endpoint, and the control page that answers everything else."""

import http.server
import json
import os
import socket
import threading
import time

import config

PAGE = b"<!doctype html>\n<html lang=\"en\"><head><title>OpenClaw Control</title></head><body></body></html>\n"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    settings, started, ready_at, fault = {}, 0.0, 0.0, None

    def do_GET(self):
        if self.path in ("/health", "/healthz"):
            self.answer(200, {"ok": True, "status": "live"})
        elif self.path in ("/ready", "/readyz"):
            ready = time.monotonic() >= self.ready_at
            uptime = int((time.monotonic() - self.started) * 1000)
            self.answer(200 if ready else 503, {"ready": ready, "failing": [], "uptimeMs": uptime})
        elif self.path == "/v1/chat/completions" and self.chat_enabled():
            self.answer(405, b"Method Not Allowed", "text/plain; charset=utf-8")
        else:
            self.answer(200, PAGE, "text/html; charset=utf-8")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path != "/v1/chat/completions" or not self.chat_enabled():
            self.answer(404, b"Not Found", "text/plain; charset=utf-8")
        elif not self.authorised():
            self.answer(401, {"error": {"message": "Unauthorized", "type": "unauthorized"}})
        else:
            self.chat(body)

    def chat(self, body):
        question = json.loads(body or b"{}")
        asked = [message.get("content") for message in question.get("messages", []) if message.get("role") == "user"]
        if not asked:
            message = "Missing user message in `messages`."
            self.answer(400, {"error": {"message": message, "type": "invalid_request_error"}})
            return
        status, text = answer_to(asked[-1], self.fault)
        if status != 200:
            self.answer(status, {"error": {"message": text, "type": "api_error"}})
        elif question.get("stream"):
            chunk = json.dumps({"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": text}}]})
            self.answer(200, f"data: {chunk}\n\ndata: [DONE]\n\n".encode(), "text/event-stream; charset=utf-8")
        else:
            reply = {"role": "assistant", "content": text}
            self.answer(200, {"object": "chat.completion", "choices": [{"index": 0, "message": reply, "finish_reason": "stop"}]})

    def chat_enabled(self):
        return config.at(self.settings, "gateway", "http", "endpoints", "chatCompletions", "enabled") is True

    def authorised(self):
        auth = config.at(self.settings, "gateway", "auth") or {}
        token, password = (auth.get(kind) or os.environ.get(f"OPENCLAW_GATEWAY_{kind.upper()}") for kind in ("token", "password"))
        mode = auth.get("mode") or ("password" if password else "token")
        secret = password if mode == "password" else token
        return mode == "none" or bool(secret) and self.headers.get("Authorization") == f"Bearer {secret}"

    def answer(self, status, body, kind="application/json; charset=utf-8"):
        data = body if isinstance(body, bytes) else json.dumps(body, separators=(",", ":")).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        """OpenClaw logs no requests."""


def answer_to(asked, fault):
    """The model's answer as (status, text): the word that is asked for, or what was heard; or the fault that is wanted."""
    if fault == "silent":
        time.sleep(3600)
    if isinstance(fault, int):
        return fault, "the provider is out of order"
    if fault:
        return 200, fault
    word = asked.strip().partition("Reply with exactly this word and nothing else: ")[2]
    return 200, word or f"The agent heard: {asked.strip()}"


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True


class ServerOnIPv6(Server):
    address_family = socket.AF_INET6


def listen(port, settings, ready_at, fault):
    Handler.settings, Handler.started, Handler.ready_at, Handler.fault = settings, time.monotonic(), ready_at, fault
    for kind, address in ((Server, "127.0.0.1"), (ServerOnIPv6, "::1")):
        server = kind((address, port), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()

"""DingTalk's cloud, as far as a connector and its installer meet it before the first message: device registration, token, Stream
connection, WebSocket handshake; over TLS.

  dingtalk-cloud.py ADDRESS[:PORT] CERTIFICATE KEY LOG FAULTS     every request becomes one line "METHOD PATH STATUS" in LOG;
                                                                  a certificate named - is none, and then there is no TLS

FAULTS is a JSON file that may be written at any time: {"token": 400, "open": 403, "handshake": 502}. It knows two bots.
{"listens": true} lets somebody connect who takes messages: a real connector.
{"registration": "SUCCESS"} is somebody who scans the code, "FAIL" and "EXPIRED" what may become of it instead.
"""

import base64
import hashlib
import http.server
import json
import os
import secrets
import ssl
import sys
import urllib.parse

PING, PONG = 0x9, 0xA
BOT = ("ding-id-1", "a-secret-of-dingtalk")
# real connectors take no id that is shorter than ten characters
BOTS = (BOT, ("ding-id-of-a-real-one", BOT[1]))
COMPLAINTS = {
    "token": {"code": "invalidClientIdOrSecret", "message": "无效的clientId或者clientSecret"},
    "open": {"code": "Forbidden.AccessDenied.IpNotInWhiteList", "message": "the address is not in the whitelist"},
}


class Cloud(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    log_path, faults_path, tickets, nonces, devices = None, None, set(), set(), set()

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        if self.path == "/v1.0/oauth2/accessToken":
            self.grant("token", (asked.get("appKey"), asked.get("appSecret")), self.token)
        elif self.path == "/v1.0/gateway/connections/open":
            topics = [(wish["type"], wish["topic"]) for wish in asked["subscriptions"]]
            listens = ("CALLBACK", "/v1.0/im/bot/messages/get") in topics
            assert not listens or self.faults().get("listens"), "a probe must not be sent people's messages"
            self.grant("open", (asked.get("clientId"), asked.get("clientSecret")), self.ticket)
        elif self.path.startswith("/app/registration/"):
            self.register(self.path.rsplit("/", 1)[1], asked)
        else:
            self.answer(404, {"code": "InvalidAction.NotFound"})

    def register(self, step, asked):
        """Every answer is 200; errcode says whether all is well. A nonce serves once."""
        gift = None
        if step == "init" and asked.get("source") == "DING_DWS_CLAW":
            gift = {"nonce": given(self.nonces), "expires_in": 300}
        elif step == "begin" and asked.get("nonce") in self.nonces:
            self.nonces.discard(asked["nonce"])
            page, code = "https://open-dev.dingtalk.com/openapp/registration/openClaw", secrets.token_hex(4).upper()
            gift = {"device_code": given(self.devices), "user_code": code, "verification_uri": page, "verification_uri_complete": f"{page}?user_code={code}", "expires_in": 7200, "interval": 3}
        elif step == "poll" and asked.get("device_code") in self.devices:
            status = self.faults().get("registration", "WAITING")
            gift = {"status": status}
            gift |= {"client_id": BOT[0], "client_secret": BOT[1]} if status == "SUCCESS" else {}
            gift |= {"fail_reason": "no right to make apps"} if status == "FAIL" else {}
        self.answer(200, {"errcode": 0, "errmsg": "ok", **gift} if gift else {"errcode": 400, "errmsg": "invalid parameter"})

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        ticket = urllib.parse.parse_qs(url.query).get("ticket", [""])[0]
        if self.headers.get("Upgrade", "").lower() != "websocket":
            self.answer(404, {})
        elif "handshake" in self.faults():
            self.answer(self.faults()["handshake"], {})
        elif ticket not in self.tickets:
            self.answer(401, {})
        else:
            self.tickets.discard(ticket)
            self.shake_hands()

    def grant(self, what, bot, gift):
        status = self.faults().get(what) or (200 if bot in BOTS else 400)
        self.answer(status, gift() if status == 200 else COMPLAINTS[what if what in self.faults() else "token"])

    def token(self):
        return {"accessToken": secrets.token_hex(), "expireIn": 7200}

    def ticket(self):
        ticket = secrets.token_hex()
        self.tickets.add(ticket)
        return {"endpoint": "wss://wss-open-connection.dingtalk.com:443/connect", "ticket": ticket}

    def shake_hands(self):
        key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
        self.end_headers()
        opcode = None
        while opcode in (None, PING):
            head = self.rfile.read(2)
            opcode, length = (head[0] & 0x0F, head[1] & 0x7F) if len(head) == 2 else (0, 0)
            # a client's frame is masked: four bytes before what it says
            mask, told = self.rfile.read(4), self.rfile.read(length)
            if opcode == PING:
                self.wfile.write(bytes([0x80 | PONG, length]) + bytes(byte ^ mask[i % 4] for i, byte in enumerate(told)))
        self.note(f"closed by {opcode:#x}" if opcode else "broken off")
        self.close_connection = True

    def faults(self):
        if not os.path.exists(self.faults_path):
            return {}
        with open(self.faults_path, encoding="utf-8") as file:
            return json.load(file)

    def answer(self, status, body):
        self.note(status)
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def note(self, what):
        with open(self.log_path, "a", encoding="utf-8") as file:
            file.write(f"{self.command} {urllib.parse.urlsplit(self.path).path} {what}\n")

    def log_message(self, *_):
        """The log has what matters."""


def given(kept):
    word = secrets.token_hex()
    kept.add(word)
    return word


class Server(http.server.ThreadingHTTPServer):
    tls = None

    def get_request(self):
        connection, address = super().get_request()
        if not self.tls:
            return connection, address
        return self.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, request, client_address):
        """Somebody who does not trust us breaks the handshake off."""


if __name__ == "__main__":
    address, certificate, key, Cloud.log_path, Cloud.faults_path = sys.argv[1:]
    if certificate != "-":
        Server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        Server.tls.load_cert_chain(certificate, key)
    host, _, port = address.partition(":")
    Server((host, int(port or 443)), Cloud).serve_forever()

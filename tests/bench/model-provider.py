"""An OpenAI-compatible model provider: /chat/completions, streaming and not; 404 for /responses, as many such providers answer.

  model-provider.py PORT [LOG [FAULTS]]     every request becomes one line of JSON in LOG

FAULTS is a JSON file that may be written at any time: {"status": 401, "complaint": "…"} answers every completion so, with
{"only_tools": true} those alone that bring tools,
{"base": "/v1"} serves below that path only, {"seconds": 9} thinks that long. It gives a word back where it is asked for one.
"""

import http.server
import json
import os
import re
import sys
import time

REPLY = "Hello from the model."


class Provider(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    log_path = faults_path = None

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.note(json.loads(body or b"{}"))
        faults = self.faults()
        time.sleep(faults.get("seconds", 0))
        if not self.path.startswith(faults.get("base", "")) or not self.path.endswith("/chat/completions"):
            self.answer(404, b'{"error":{"message":"Not Found"}}')
        elif "status" in faults and ("tools" in json.loads(body) or not faults.get("only_tools")):
            complaint = {"error": {"code": "no", "message": faults.get("complaint", "no")}}
            self.answer(faults["status"], json.dumps(complaint).encode())
        elif not json.loads(body).get("messages"):
            self.answer(400, b'{"error":{"message":"messages: Required"}}')
        elif json.loads(body).get("stream"):
            self.stream(reply_to(json.loads(body)["messages"]))
        else:
            reply = reply_to(json.loads(body)["messages"])
            message = {"index": 0, "message": {"role": "assistant", "content": reply}, "finish_reason": "stop"}
            self.answer(200, json.dumps({"id": "1", "object": "chat.completion", "choices": [message], "usage": usage()}).encode())

    def do_GET(self):
        self.note({})
        self.answer(200, json.dumps({"object": "list", "data": [{"id": "gpt-5.4", "object": "model"}]}).encode())

    def stream(self, reply):
        chunks = [{"delta": {"role": "assistant", "content": word}, "index": 0} for word in re.findall(r" ?\S+", reply)]
        chunks.append({"delta": {}, "index": 0, "finish_reason": "stop"})
        events = [{"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-5.4", "choices": [c]} for c in chunks]
        events.append({"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-5.4", "choices": [], "usage": usage()})
        text = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"
        self.answer(200, text.encode(), "text/event-stream")

    def answer(self, status, data, kind="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def faults(self):
        if not self.faults_path or not os.path.exists(self.faults_path):
            return {}
        with open(self.faults_path, encoding="utf-8") as file:
            return json.load(file)

    def note(self, body):
        if self.log_path:
            asked = [message.get("role") for message in body.get("messages", [])]
            with open(self.log_path, "a", encoding="utf-8") as file:
                file.write(json.dumps({"method": self.command, "path": self.path, "stream": body.get("stream"), "roles": asked}) + "\n")

    def log_message(self, *_):
        """The log has what matters."""


def reply_to(messages):
    asked = re.search(r"Reply with exactly this word and nothing else: (\w+)", json.dumps(messages[-1].get("content")))
    return asked.group(1) if asked else REPLY


def usage():
    return {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}


if __name__ == "__main__":
    Provider.log_path, Provider.faults_path = [*sys.argv[2:], None, None][:2]
    http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Provider).serve_forever()

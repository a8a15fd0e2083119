#!/usr/bin/env python3
"""A model server that does as it is told, for tests that must fail or stream on purpose.

    upstream.py NAME LOG

Listens on a free loopback port, prints it, and appends one JSON line a request to LOG (path, model, authorization, x-api-key).
`stream N MS` as the last user message answers with N numbered chunks, MS apart. `status S` answers with that status.
Anything else is answered with "NAME heard: <message>". It ends with its parent.
"""
import ctypes
import http.server
import json
import signal
import socketserver
import sys
import threading
import time

NAME, LOG = sys.argv[1], sys.argv[2]
ctypes.CDLL(None).prctl(1, signal.SIGTERM)
lock = threading.Lock()


def text_of(content):
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content or [] if isinstance(part, dict))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def record(self, body):
        with lock, open(LOG, "a", encoding="utf-8") as log:
            log.write(json.dumps({
                "path": self.path, "model": body.get("model"), "authorization": self.headers.get("authorization"),
                "x-api-key": self.headers.get("x-api-key"), "turns": len(body.get("messages", [])),
                "headers": sorted(name.lower() for name in self.headers.keys()),
            }) + "\n")

    def answer(self, value, status=200):
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def do_GET(self):
        self.record({})
        self.answer({"object": "list", "data": [{"id": NAME, "object": "model", "owned_by": "test"}]})

    def do_POST(self):
        length = self.headers.get("content-length")
        raw = self.rfile.read(int(length)) if length else self.read_chunked()
        body = json.loads(raw)
        self.record(body)
        users = [text_of(m["content"]) for m in body.get("messages", []) if m["role"] == "user"]
        words = (users[-1] if users else "").split()
        if words[:1] == ["status"]:
            return self.answer({"error": {"message": "told to fail", "type": "server_error"}}, int(words[1]))
        count, pause = (int(words[1]), int(words[2])) if words[:1] == ["stream"] and len(words) == 3 else (0, 0)
        parts = [f"c{i} " for i in range(count)] or [f"{NAME} heard: ", users[-1] if users else ""]
        messages = self.path.endswith("/messages")
        if body.get("stream"):
            return self.stream(parts, pause, messages)
        text = "".join(parts)
        if messages:
            return self.answer({"id": "msg_1", "type": "message", "role": "assistant", "model": body["model"],
                                "content": [{"type": "text", "text": text}], "stop_reason": "end_turn",
                                "stop_sequence": None, "usage": {"input_tokens": 3, "output_tokens": len(parts)}})
        self.answer({"id": "c1", "object": "chat.completion", "created": 1, "model": body["model"], "choices": [
            {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 3, "completion_tokens": len(parts), "total_tokens": 3 + len(parts)}})

    def read_chunked(self):
        data = b""
        while size := int(self.rfile.readline(), 16):
            data += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return data

    def stream(self, parts, pause, messages):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()

        def event(value, kind=None):
            head = f"event: {kind}\n" if kind else ""
            self.chunk(f"{head}data: {json.dumps(value)}\n\n".encode())

        usage = {"prompt_tokens": 3, "completion_tokens": len(parts), "total_tokens": 3 + len(parts)}
        if messages:
            event({"type": "message_start", "message": {
                "id": "msg_1", "type": "message", "role": "assistant", "model": NAME, "content": [], "stop_reason": None,
                "stop_sequence": None, "usage": {"input_tokens": 3, "output_tokens": 0}}}, "message_start")
            event({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
                  "content_block_start")
        for part in parts:
            if messages:
                event({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": part}},
                      "content_block_delta")
            else:
                event({"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": NAME, "choices": [
                    {"index": 0, "delta": {"content": part}, "finish_reason": None}]})
            if pause:
                time.sleep(pause / 1000)
        if messages:
            event({"type": "content_block_stop", "index": 0}, "content_block_stop")
            event({"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None},
                   "usage": {"output_tokens": len(parts)}}, "message_delta")
            event({"type": "message_stop"}, "message_stop")
        else:
            event({"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": NAME, "choices": [
                {"index": 0, "delta": {}, "finish_reason": "stop"}]})
            event({"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": NAME, "choices": [],
                   "usage": usage})
            self.chunk(b"data: [DONE]\n\n")
        self.chunk(b"")


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 128


server = Server(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()

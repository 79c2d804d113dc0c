"""An upstream on loopback that holds each request against a vendor's own types before it answers."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Request:
    """What came in."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Answer:
    """What goes out. A list of pieces is sent chunk by chunk."""

    body: bytes | list[bytes] = b""
    status: int = 200
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    # The connection ends before the body does.
    cut: bool = False
    pause: float = 0.0

    @staticmethod
    def of(value: Any, status: int = 200) -> Answer:
        return Answer(json.dumps(value).encode(), status)


Handler = Callable[[Request], Answer]


class Scripted:
    """Answers by path prefix; what a handler cannot take is noted and answered with status 599."""

    def __init__(self) -> None:
        self.handlers: list[tuple[str, str, Handler]] = []
        self.requests: list[Request] = []
        self.mistakes: list[str] = []
        outer = self

        class Server(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def serve(self) -> None:
                outer._serve(self)

            do_GET = do_POST = do_DELETE = do_PUT = serve

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def on(self, method: str, prefix: str, handler: Handler) -> None:
        """The newest handler of a prefix counts."""
        self.handlers.insert(0, (method, prefix, handler))

    def forget(self) -> None:
        self.requests.clear()
        self.mistakes.clear()

    def stop(self) -> None:
        self.server.shutdown()

    def _serve(self, it: BaseHTTPRequestHandler) -> None:
        body = _body(it)
        parts = urlsplit(it.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        headers = {name.lower(): value for name, value in it.headers.items()}
        request = Request(it.command, parts.path, query, headers, body)
        self.requests.append(request)
        answer = self._answer(request)
        try:
            _send(it, answer)
        except (BrokenPipeError, ConnectionResetError):
            it.close_connection = True

    def _answer(self, request: Request) -> Answer:
        for method, prefix, handler in self.handlers:
            if method == request.method and request.path.startswith(prefix):
                try:
                    return handler(request)
                except Exception as mistake:  # noqa: BLE001  Whatever it is, the test is told.
                    self.mistakes.append(f"{request.method} {request.path}: {mistake!r}")
                    return Answer.of({"error": {"message": repr(mistake)}}, 599)
        self.mistakes.append(f"{request.method} {request.path}: nothing is served there")
        return Answer.of({"error": {"message": "no such path"}}, 404)


def _body(it: BaseHTTPRequestHandler) -> bytes:
    if it.headers.get("transfer-encoding", "").lower() == "chunked":
        out = b""
        while size := int(it.rfile.readline().strip() or b"0", 16):
            out += it.rfile.read(size)
            it.rfile.readline()
        it.rfile.readline()
        return out
    return it.rfile.read(int(it.headers.get("content-length") or 0))


def _send(it: BaseHTTPRequestHandler, answer: Answer) -> None:
    it.send_response(answer.status)
    it.send_header("content-type", answer.content_type)
    for name, value in answer.headers.items():
        it.send_header(name, value)
    if isinstance(answer.body, bytes) and not answer.cut:
        it.send_header("content-length", str(len(answer.body)))
        it.end_headers()
        it.wfile.write(answer.body)
        return
    it.send_header("transfer-encoding", "chunked")
    it.end_headers()
    pieces = answer.body if isinstance(answer.body, list) else [answer.body]
    for piece in pieces:
        if piece:
            it.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            it.wfile.flush()
        time.sleep(answer.pause)
    if answer.cut:
        it.close_connection = True
        it.connection.close()
    else:
        it.wfile.write(b"0\r\n\r\n")

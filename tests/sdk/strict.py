"""The strict upstream: an HTTP server that refuses what the vendor would refuse, and answers by script."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import ModuleType
from typing import Any

import rules
import speak_anthropic
import speak_openai
from situations import AFTER_TOOLS, SITUATIONS, Error, Situation

# What the gateway's setup file gives its providers as credentials.
CREDENTIAL = "strict-credential-0123456789"


@dataclass
class Heard:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    raw: bytes
    body: dict[str, Any] = field(default_factory=dict)


class Strict(ThreadingHTTPServer):
    """Serves both vendors' paths on one port of loopback."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.heard: list[Heard] = []
        # Requests that the vendor would have refused: a test that did not expect any fails.
        self.mistakes: list[str] = []
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def last(self) -> Heard:
        """The newest request."""
        return self.heard[-1]

    def forget(self) -> None:
        """Before a test."""
        self.heard.clear()
        self.mistakes.clear()

    def stop(self) -> None:
        """After all of them."""
        self.shutdown()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Strict

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        heard = Heard(self.path, headers, raw)
        self.server.heard.append(heard)
        check: Callable[[dict[str, Any]], list[str]]
        match self.path:
            case "/v1/chat/completions":
                speak, wrong = speak_openai, self.credential(f"Bearer {CREDENTIAL}", "authorization")
                check = rules.openai
            case "/v1/messages" | "/v1/messages?beta=true":
                speak, wrong = speak_anthropic, self.credential(CREDENTIAL, "x-api-key")
                check = partial(rules.anthropic, version=headers.get("anthropic-version"))
            case _:
                return self.refuse(speak_openai, [f"unknown path {self.path}"])
        if headers.get("content-type") != "application/json":
            wrong.append("content-type: must be application/json")
        try:
            heard.body = json.loads(raw)
            wrong += check(heard.body)
        except ValueError as why:
            wrong.append(f"not JSON: {why}")
        if wrong:
            return self.refuse(speak, wrong)
        self.answer(speak, heard.body)

    def credential(self, wanted: str, name: str) -> list[str]:
        return [] if self.headers.get(name) == wanted else [f"{name}: {self.headers.get(name)!r}"]

    def refuse(self, speak: ModuleType, wrong: list[str]) -> None:
        """A mistake of the client's: told to it, and kept for the test."""
        self.server.mistakes.extend(wrong)
        error = Error(400, "invalid_request_error", None, "invalid_request_error", "; ".join(wrong))
        self.whole(400, speak.error(error), ())

    def answer(self, speak: ModuleType, body: dict[str, Any]) -> None:
        situation = SITUATIONS.get(body["model"].split("@")[0])
        if situation is None:
            return self.refuse(speak, [f"no situation {body['model']!r}"])
        if situation.error:
            return self.whole(situation.error.status, speak.error(situation.error), situation.error.headers)
        if situation.calls and _has_result(body):
            situation = AFTER_TOOLS
        if not body.get("stream"):
            return self.whole(200, speak.body(situation, body), ())
        self.frames(speak, situation, body)

    def whole(self, status: int, body: dict[str, Any], headers: tuple[tuple[str, str], ...]) -> None:
        text = json.dumps(body, ensure_ascii=False).encode()
        self.send_response(status)
        self.identify()
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    def frames(self, speak: ModuleType, situation: Situation, body: dict[str, Any]) -> None:
        self.send_response(200)
        self.identify()
        self.send_header("content-type", "text/event-stream; charset=utf-8")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for frame in speak.stream(situation, body):
            # In two writes: a frame's end is never a chunk's end by accident.
            for half in (frame[: len(frame) // 2], frame[len(frame) // 2 :]):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(half), half))
        if situation.breaks == "cut":
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.wfile.write(b"0\r\n\r\n")

    def identify(self) -> None:
        number = len(self.server.heard)
        self.send_header("x-request-id", f"strict-{number}")
        self.send_header("request-id", f"strict-{number}")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the gateway's own log is shown when a test fails."""


def _has_result(body: dict[str, Any]) -> bool:
    last = body["messages"][-1]
    if last["role"] == "tool":
        return True
    content = last["content"]
    return isinstance(content, list) and any(block["type"] == "tool_result" for block in content)

"""The scripted upstream: every dialect's paths on one port of loopback, answered by one script at a time."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import hear
import speak_anthropic
import speak_gemini
import speak_openai
import speak_responses
import vendors
from script import Heard, Script
from situations import Situation

Headers = Mapping[str, str]
# What the gateway's setup file gives its provider.
CREDENTIAL = "strict-credential-0123456789"


@dataclass(frozen=True)
class Dialect:
    """How an upstream of one dialect reads and speaks."""

    name: str
    path: re.Pattern[str]
    hear: Callable[[dict[str, Any]], Heard]
    body: Callable[[Situation, dict[str, Any]], dict[str, Any]]
    stream: Callable[[Situation, dict[str, Any]], Iterator[bytes]]
    # What the vendor would refuse of a body under these headers. The two dialects without rules serve agents directly.
    refusals: Callable[[dict[str, Any], Headers], list[str]] | None = None


DIALECTS = (
    Dialect(
        "openai-chat",
        re.compile(r"/v1/chat/completions"),
        hear.chat,
        speak_openai.body,
        speak_openai.stream,
        vendors.openai_chat,
    ),
    Dialect(
        "anthropic-messages",
        re.compile(r"/v1/messages(\?beta=true)?"),
        hear.messages,
        speak_anthropic.body,
        speak_anthropic.stream,
        vendors.anthropic_messages,
    ),
    Dialect(
        "openai-responses",
        re.compile(r"/v1/responses"),
        speak_responses.hear,
        speak_responses.body,
        speak_responses.stream,
    ),
    Dialect(
        "gemini",
        re.compile(r"/v1beta/models/(?P<model>[^:/]+):(?P<verb>generateContent|streamGenerateContent\?alt=sse)"),
        speak_gemini.hear,
        speak_gemini.body,
        speak_gemini.stream,
    ),
)


class Upstream(ThreadingHTTPServer):
    """A server that speaks whatever dialect the path belongs to."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, script: Script, direct: bool, captures: Path | None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script = script
        # Without a gateway in between, what the client sends is its own affair: it is not held against the rules.
        self.direct = direct
        self.captures = captures
        self.lock = threading.Lock()
        # `METHOD path`, in the order of their arrival.
        self.heard: list[str] = []
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def stop(self) -> None:
        """After the client has ended."""
        self.shutdown()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Upstream

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.note(raw)
        for dialect in DIALECTS:
            if found := dialect.path.fullmatch(self.path):
                return self.converse(dialect, found.groupdict(), raw)
        self.unknown()

    def do_GET(self) -> None:
        self.note(b"")
        if self.headers.get("upgrade"):
            # Codex then speaks HTTP at once.
            return self.whole(426, {"error": {"message": "no websocket here", "type": "invalid_request_error"}})
        self.unknown()

    def do_HEAD(self) -> None:
        self.note(b"")
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def note(self, raw: bytes) -> None:
        with self.server.lock:
            self.server.heard.append(f"{self.command} {self.path}")
            number = len(self.server.heard)
        if self.server.captures:
            try:
                body = json.loads(raw) if raw else None
            except ValueError:
                body = raw.decode(errors="replace")
            request = {"method": self.command, "path": self.path, "headers": dict(self.headers), "body": body}
            file = self.server.captures / f"{number:02}.json"
            file.write_text(json.dumps(request, indent=1, ensure_ascii=False))

    def converse(self, dialect: Dialect, named: dict[str, str], raw: bytes) -> None:
        """Answers by the script, unless the vendor would refuse."""
        script = self.server.script
        with self.server.lock:
            try:
                body = json.loads(raw)
                wrong = [] if self.server.direct else self.refusals(dialect, body)
                script.wrong += wrong
                body.setdefault("model", named.get("model"))
                situation = None if wrong else script.answer(dialect.hear(body))
            except (KeyError, TypeError, ValueError, AttributeError) as why:
                situation, wrong = None, [f"{self.path}: {why!r}"]
                script.wrong += wrong
        if situation is None:
            return self.whole(400, {"error": {"message": "; ".join(wrong), "type": "invalid_request_error"}})
        if body.get("stream") or "stream" in named.get("verb", ""):
            return self.frames(dialect.stream(situation, body))
        self.whole(200, dialect.body(situation, body))

    def refusals(self, dialect: Dialect, body: dict[str, Any]) -> list[str]:
        headers = {name.lower(): value for name, value in self.headers.items()}
        sent = headers.get("authorization", "").removeprefix("Bearer ") or headers.get("x-api-key")
        wrong = [] if sent == CREDENTIAL else [f"credential: {sent!r}"]
        if dialect.refusals is None:
            return [*wrong, f"there are no rules for requests in {dialect.name} yet"]
        return wrong + dialect.refusals(body, headers)

    def unknown(self) -> None:
        self.whole(404, {"error": {"message": f"no {self.command} {self.path} here", "type": "not_found_error"}})

    def whole(self, status: int, body: dict[str, Any]) -> None:
        text = json.dumps(body, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def frames(self, frames: Iterator[bytes]) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream; charset=utf-8")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for frame in frames:
            # In two writes: a frame's end is never a chunk's end by accident.
            for half in (frame[: len(frame) // 2], frame[len(frame) // 2 :]):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(half), half))
        self.wfile.write(b"0\r\n\r\n")

    def handle(self) -> None:
        try:
            super().handle()
        except ConnectionError:
            # Agents leave connections as they end.
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: what was heard is kept, and shown when something is wrong."""

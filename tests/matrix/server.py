"""The scripted upstream: one process, a port of loopback for each vendor, every request checked.

A model is named after its situation (`gpt--plain`). Before a cell asks, it lays down what the model is to answer
(`Scripted.expect`), and afterwards it takes away what the upstream heard (`Scripted.take`).
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from aiohttp import web

from cases.common import PDF_BYTES, PNG_BYTES
from allowed import with_objects
from neutral import GIVEN, Answer, Fails
from upstreams import UPSTREAMS
from upstreams.base import Heard, Upstream

PICTURE = "/pictures/dot.png"
DOCUMENT = "/documents/report.pdf"

# A field that no vendor knows (`unknown-field`) passes, as Anthropic and Google would not have it: the point is that it
# arrives as it was in the same dialect, and in none across.
UNKNOWN = (re.compile(r"^\.?matrix: unknown field"),)


class Scripted:
    """All upstreams."""

    def __init__(self) -> None:
        self.urls: dict[str, str] = {}
        self.scripts: dict[tuple[str, str], Answer | Fails] = {}
        self.heard: dict[tuple[str, str], list[tuple[Heard, list[str]]]] = {}
        # Mistakes that are forgiven: patterns of what the vendor takes though its SDK's types have no word for it.
        self.forgiven: tuple[re.Pattern[str], ...] = UNKNOWN
        # Requests for models or paths that nobody laid down.
        self.strays: list[str] = []
        self._runner: list[web.AppRunner] = []

    async def start(self) -> None:
        """Listens."""
        for name, upstream in UPSTREAMS.items():
            app = web.Application(client_max_size=64 << 20)
            app.router.add_get(PICTURE, _picture)
            app.router.add_get(DOCUMENT, _document)
            app.router.add_route("*", "/{path:.*}", self._handler(upstream))
            runner = web.AppRunner(app, access_log=None, keepalive_timeout=300)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            port = runner.addresses[0][1]
            self.urls[name] = f"http://127.0.0.1:{port}"
            self._runner.append(runner)

    async def stop(self) -> None:
        """Ends at once."""
        for runner in self._runner:
            await runner.cleanup()

    @property
    def picture(self) -> str:
        """Where a picture is served."""
        return next(iter(self.urls.values())) + PICTURE

    @property
    def document(self) -> str:
        """Where a document is served."""
        return next(iter(self.urls.values())) + DOCUMENT

    def expect(self, upstream: str, model: str, answer: Answer | Fails) -> None:
        """The next request for that model is answered so."""
        self.scripts[upstream, model] = answer
        self.heard[upstream, model] = []

    def take(self, upstream: str, model: str) -> list[tuple[Heard, list[str]]]:
        """What was heard since, and what was wrong with it."""
        self.scripts.pop((upstream, model), None)
        return self.heard.pop((upstream, model), [])

    def _handler(self, upstream: Upstream) -> Any:
        async def handle(request: web.Request) -> web.StreamResponse:
            headers = {name.lower(): value for name, value in request.headers.items()}
            heard = Heard(request.method, request.raw_path, headers, await request.read())
            speaker = upstream.speaker(heard)
            try:
                heard.body = json.loads(heard.raw) if heard.raw else None
                model = speaker.model(heard) if heard.method == "POST" else None
            except (ValueError, KeyError, TypeError) as why:
                return self._stray(upstream, heard, repr(why))
            script = self.scripts.get((upstream.name, model or ""))
            if model is None or script is None:
                return self._stray(upstream, heard, f"model {model!r} is not expected")
            wrong = [it for it in _checked(speaker, heard) if not any(known.search(it) for known in self.forgiven)]
            self.heard[upstream.name, model].append((heard, wrong))
            if wrong:
                return _json(speaker.error(Fails(400, "; ".join(wrong))), 400)
            return await self._answer(request, speaker, _given(script, speaker, heard), heard)

        return handle

    def _stray(self, upstream: Upstream, heard: Heard, why: str) -> web.Response:
        self.strays.append(f"{upstream.name}: {heard.method} {heard.target}: {why}")
        return _json(upstream.error(Fails(404, why)), 404)

    async def _answer(self, request: web.Request, upstream: Upstream, script: Answer | Fails, heard: Heard) -> Any:
        if isinstance(script, Fails):
            headers = dict(script.headers) | upstream.error_headers(script)
            return _json(upstream.error(script), script.status, headers)
        if upstream.streams(heard):
            frames = list(upstream.stream(script, heard))
            return await _stream(request, upstream.content_type, frames, script)
        body = json.dumps(upstream.whole(script, heard), ensure_ascii=False).encode()
        if script.breaks == "error":
            return _json(upstream.error(Fails(500, "The engine stalled.")), 500)
        if script.breaks:
            return await _stream(request, "application/json", [body[: len(body) // 2]], script, len(body))
        return web.Response(body=body, headers={"content-type": "application/json", "x-request-id": "matrix-1"})


def _given(script: Answer | Fails, speaker: Upstream, heard: Heard) -> Answer | Fails:
    """The script with the name that the request gave to its tool, and free text only for tools that take it."""
    if not isinstance(script, Answer) or all(it.name != GIVEN and not isinstance(it.input, str) for it in script.calls):
        return script
    tools = speaker.normalise(heard)["tools"]
    if all(it.get("kind") != "custom" for it in tools):
        script = with_objects(script)
    named = [replace(it, name=tools[0]["name"]) if getattr(it, "name", "") == GIVEN else it for it in script.parts]
    return replace(script, parts=tuple(named))


def _checked(upstream: Upstream, heard: Heard) -> list[str]:
    try:
        return upstream.check(heard)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as why:
        return [f"the check itself failed, so the shape is odd: {why!r}"]


def _json(body: Any, status: int, headers: dict[str, str] | None = None) -> web.Response:
    text = json.dumps(body, ensure_ascii=False).encode()
    return web.Response(body=text, status=status, headers={"content-type": "application/json", **(headers or {})})


async def _stream(
    request: web.Request, kind: str, frames: Iterable[bytes], script: Answer, length: int | None = None
) -> web.StreamResponse:
    response = web.StreamResponse(headers={"content-type": kind, "x-request-id": "matrix-1"})
    if length is None:
        response.enable_chunked_encoding()
    else:
        response.content_length = length
    await response.prepare(request)
    for piece in _pieces(list(frames), script.shredded):
        await response.write(piece)
    if script.breaks == "cut":
        assert request.transport
        request.transport.close()
        await asyncio.sleep(0)
        return response
    await response.write_eof()
    return response


def _pieces(frames: list[bytes], shredded: bool) -> Iterable[bytes]:
    """What is written at once: a frame's end is never a write's end by accident."""
    raw = b"".join(frames)
    if shredded:
        return (raw[at : at + 3] for at in range(0, len(raw), 3))
    cuts = [0]
    for it in frames:
        cuts.append(cuts[-1] + len(it))
    middles = [(a + b) // 2 for a, b in zip(cuts, cuts[1:])]
    # Long answers in few writes: they are there for their size.
    middles = middles if len(middles) < 60 else middles[:: len(middles) // 20]
    return (raw[a:b] for a, b in zip([0, *middles], [*middles, len(raw)]) if a != b)


async def _document(request: web.Request) -> web.Response:
    return web.Response(body=PDF_BYTES, content_type="application/pdf")


async def _picture(request: web.Request) -> web.Response:
    return web.Response(body=PNG_BYTES, content_type="image/png")

"""Vercel's AI SDK (npm `ai`), in a process of Node's that all cells share.

It has its own words for all surfaces, and fewer: `vercel_words.py`.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from pathlib import Path
from typing import Any

from neutral import Answered, Ask, Audio, Call, File, Image, Result, Text, Tool, Turn
from surfaces.base import Seen, Unspeakable, usage, wishes
from surfaces.vercel_options import options
from view import View

SCRIPT = Path(__file__).parents[1] / "js/driver.mjs"
FINISH = {"tool-calls": "tools", "content-filter": "refused"}


class Vercel:
    """The process."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self.key = key
        self.waiting: dict[int, asyncio.Future[Any]] = {}
        self.numbers = itertools.count()

    async def start(self) -> None:
        """Begins to listen to it."""
        pipe = asyncio.subprocess.PIPE
        # `tests/node_modules` is found from the script's own folder upwards.
        self.process = await asyncio.create_subprocess_exec(
            "node", str(SCRIPT), stdin=pipe, stdout=pipe, limit=64 << 20
        )
        self.reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout
        async for line in self.process.stdout:
            reply = json.loads(line)
            self.waiting.pop(reply["id"]).set_result(reply)
        for it in self.waiting.values():
            it.set_exception(RuntimeError("the driver has ended"))

    async def close(self) -> None:
        """Ends it."""
        assert self.process.stdin
        self.process.stdin.close()
        await self.process.wait()
        await self.reader

    async def ask(self, surface: str, model: str, ask: dict[str, Any], stream: bool) -> Any:
        """One question, one answer."""
        number = next(self.numbers)
        answer = self.waiting[number] = asyncio.get_running_loop().create_future()
        question = {"id": number, "surface": surface, "url": self.url, "key": self.key, "model": model}
        line = json.dumps(question | {"stream": stream, "ask": ask})
        assert self.process.stdin
        self.process.stdin.write(line.encode() + b"\n")
        return await answer


class VercelClient:
    """One of its surfaces."""

    def __init__(self, vercel: Vercel, name: str) -> None:
        self.vercel = vercel
        self.name = name

    async def ask(self, model: str, ask: Ask, natives: list[Any], stream: bool) -> Seen:
        """Asks, and reads the answer."""
        reply = await self.vercel.ask(self.name, model, self.render(ask, natives), stream)
        if "error" in reply:
            return Seen({"error": reply["error"], "message": reply["message"]})
        calls = [it["id"] for it in reply["calls"]]
        return Seen(_view(reply), {name.lower(): it for name, it in reply["headers"].items()}, reply["messages"], calls)

    def render(self, ask: Ask, natives: list[Any]) -> dict[str, Any]:
        """The arguments of generateText."""
        wanted = wishes(
            ask, limit="maxOutputTokens", temperature="temperature", top_p="topP", top_k="topK", seed="seed",
            frequency_penalty="frequencyPenalty", presence_penalty="presencePenalty", effort="", budget="",
            logprobs="", end_user="", metadata="", tier="", cache_key="", parallel="", voice="", unknown="",
        )  # fmt: skip
        if ask.choices > 1 or ask.output == "json" or not ask.usage or ask.older_tools or ask.voice or ask.unknown:
            raise Unspeakable("choices, json, usage, functions, speech, unknown fields")
        wanted["providerOptions"] = options(self.name, ask)
        names: dict[str, str] = {}
        messages: list[Any] = []
        for turn in ask.turns:
            said = natives[turn.step] if isinstance(turn, Answered) else self._messages(turn, names)
            for message in said:
                content = message["content"] if isinstance(message["content"], list) else []
                names |= {it["toolCallId"]: it["toolName"] for it in content if it["type"] == "tool-call"}
            messages += said
        wanted["messages"] = messages
        if ask.stop:
            wanted["stopSequences"] = list(ask.stop)
        if ask.output:
            wanted["schema"] = ask.output
        if ask.tools:
            wanted["tools"] = [self._tool(it) for it in ask.tools]
        if ask.choice:
            plain = ask.choice in ("auto", "none", "required")
            wanted["toolChoice"] = ask.choice if plain else {"type": "tool", "toolName": ask.choice}
        return wanted

    def _tool(self, tool: Tool) -> dict[str, Any]:
        described = {"description": tool.description} if tool.description else {}
        if tool.kind == "function":
            out = {"name": tool.name, "schema": tool.schema, **described, **_marked(tool.cached)}
            return out if tool.strict is None else out | {"strict": tool.strict}
        theirs = tool.kind == "custom" and self.name != "openai-responses"
        if self.name == "openai-chat" or tool.kind == "namespace" or theirs:
            raise Unspeakable(tool.kind)
        if self.name == "gemini":
            # For names that the SDK knows to be Gemini's.
            raise Unspeakable(tool.kind)
        kind = {"custom": True} if tool.kind == "custom" else {"hosted": tool.kind}
        return {"name": tool.name, **described, **kind}

    def _messages(self, turn: Turn, names: dict[str, str]) -> list[Any]:
        if turn.name or turn.role == "developer":
            raise Unspeakable("names, developer")
        if turn.role == "system":
            if len(turn.parts) > 1:
                raise Unspeakable("system parts")
            (part,) = turn.parts
            assert isinstance(part, Text)
            return [{"role": "system", "content": part.text, **_marked(part.cached)}]
        results = [self._result(it, names) for it in turn.parts if isinstance(it, Result)]
        said = [self._part(it) for it in turn.parts if not isinstance(it, Result)]
        if turn.role == "assistant":
            # What the model painted is a file.
            files = {"type": "file"}
            said = [files | {"data": it["image"], "mediaType": it["mediaType"]} if "image" in it else it for it in said]
        tools = [{"role": "tool", "content": results}] if results else []
        return tools + ([{"role": turn.role, "content": said}] if said else [])

    def _part(self, part: Any) -> Any:
        match part:
            case Text(text, cached):
                return {"type": "text", "text": text, **_marked(cached)}
            case Image(mime, data, url):
                if url and self.name == "gemini":
                    raise Unspeakable("addresses")
                return {"type": "image", "image": url} if url else {"type": "image", "image": data, "mediaType": mime}
            case File(mime, data, name, url):
                if url and self.name == "gemini":
                    raise Unspeakable("addresses")
                named = {"filename": name} if name else {}
                return {"type": "file", "data": url or data, "mediaType": mime, **named}
            case Audio(format, data):
                return {"type": "file", "data": data, "mediaType": f"audio/{format}"}
            case Call(id, name, input):
                called = {"type": "tool-call", "toolCallId": id, "toolName": name, "input": input}
                return called | _marked(part.cached)
        raise Unspeakable(type(part).__name__)

    def _result(self, result: Result, names: dict[str, str]) -> Any:
        text = "".join(it.text for it in result.parts if isinstance(it, Text))
        output: dict[str, Any] = {"type": "error-text" if result.failed else "text", "value": text}
        if any(isinstance(it, Image) for it in result.parts):
            if self.name == "gemini":
                raise Unspeakable("media in results")
            output = {"type": "content", "value": [_result_part(it) for it in result.parts]}
        answered = {"type": "tool-result", "toolCallId": result.id, "toolName": names[result.id], "output": output}
        return answered | _marked(result.cached)


def _marked(cached: bool) -> dict[str, Any]:
    """https://ai-sdk.dev/providers/ai-sdk-providers/anthropic#cache-control"""
    return {"providerOptions": {"anthropic": {"cacheControl": {"type": "ephemeral"}}}} if cached else {}


def _result_part(part: Any) -> dict[str, Any]:
    match part:
        case Text(text):
            return {"type": "text", "text": text}
        case Image(mime, data):
            return {"type": "image-data", "data": data, "mediaType": mime}
    raise Unspeakable(type(part).__name__)


def _view(reply: dict[str, Any]) -> View:
    view: View = {"text": reply["text"], "finish": FINISH.get(reply["finish"], reply["finish"])}
    if reply["thought"]:
        view["thought"] = reply["thought"]
    if reply["calls"]:
        view["calls"] = [[it["name"], it["input"]] for it in reply["calls"]]
    counted = reply["usage"]
    view["tokens"] = usage(
        counted.get("inputTokens") or 0,
        counted.get("outputTokens") or 0,
        cached=counted.get("cachedInputTokens"),
        reasoning=counted.get("reasoningTokens"),
    )
    return view

"""Ollama's own chat.

Requests are held against the pydantic types of ollama-python; shapes of answers: https://docs.ollama.com/api/chat.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from neutral import Answer, Call, Fails
from ollama._types import ChatRequest, Message, Options, Tool
from upstreams.base import CREDENTIAL, Heard, Upstream, bearer, half, pieces, thought, wished
from upstreams.openai_chat import OpenAIChat
from upstreams.pydantic_shapes import mistakes
from view import Turns, View, canonical

KNOWN = {"model", "messages", "stream", "tools", "format", "options", "think", "keep_alive", "logprobs", "top_logprobs"}
CREATED = "2026-11-22T00:00:00.000000Z"


class Ollama(Upstream):
    """`POST /api/chat`."""

    name = "ollama"
    prefix = "qwen3--"
    content_type = "application/x-ndjson"

    def provider(self, url: str) -> dict[str, Any]:
        return {"kind": "ollama", "base_url": url, "credential": {"api_key": CREDENTIAL}}

    def speaker(self, heard: Heard) -> Upstream:
        # https://docs.ollama.com/api/openai-compatibility: what comes in OpenAI's words may go on in them.
        return OpenAIChat() if heard.path == "/v1/chat/completions" else self

    def dialect(self, surface: str) -> str:
        return "openai-chat" if surface == "openai-chat" else self.name

    def model(self, heard: Heard) -> str | None:
        return heard.body["model"] if heard.path == "/api/chat" else None

    def streams(self, heard: Heard) -> bool:
        # Ollama streams unless it is told not to.
        return heard.body.get("stream", True)

    def check(self, heard: Heard) -> list[str]:
        body = heard.body
        wrong = [*bearer(heard), *mistakes({k: v for k, v in body.items() if k != "messages"}, ChatRequest, "body")]
        # On the wire a picture is its base64; the SDK's model holds it in a field.
        messages = [
            it | {"images": [{"value": v} for v in it["images"]]} if it.get("images") else it for it in body["messages"]
        ]
        wrong += mistakes(messages, list[Message], "messages")
        wrong += mistakes(body.get("tools") or [], list[Tool], "tools")
        wrong += mistakes(body.get("options") or {}, Options, "options")
        # The SDK's model of a schema is narrower than what the server reads; a schema is the caller's own.
        wrong = [it for it in wrong if ".function.parameters." not in it]
        return wrong or list(_rules(body))

    def normalise(self, heard: Heard) -> View:
        body, turns = heard.body, Turns()
        open_calls: list[tuple[str, str]] = []
        for message in body["messages"]:
            _message(turns, open_calls, message)
        view = turns.view()
        if tools := [_tool(it["function"]) for it in body.get("tools") or []]:
            view["tools"] = tools
        if form := body.get("format"):
            view["output"] = form
        options = body.get("options") or {}
        wished(view, options, limit="num_predict", temperature="temperature", top_p="top_p", top_k="top_k", seed="seed")
        wished(view, options, stop="stop", frequency_penalty="frequency_penalty", presence_penalty="presence_penalty")
        think = body.get("think")
        if think is not None:
            view["effort"] = {True: "on", False: "none"}.get(think, think) if isinstance(think, bool) else think
        if body.get("logprobs"):
            view["logprobs"] = body.get("top_logprobs", 0)
        if unknown := sorted(body.keys() - KNOWN):
            view["unknown"] = unknown
        view["stream"] = self.streams(heard)
        return view

    def whole(self, answer: Answer, heard: Heard) -> Any:
        message: dict[str, Any] = {"role": "assistant", "content": answer.text}
        if words := thought(answer):
            message["thinking"] = words
        if answer.calls:
            message["tool_calls"] = [_call(it) for it in answer.calls]
        return _head(heard) | {"message": message} | _done(answer) | _logprobs(answer, answer.text)

    def stream(self, answer: Answer, heard: Heard) -> Iterator[bytes]:
        head = _head(heard) | {"done": False}

        def line(more: Any = None, **message: Any) -> bytes:
            said = {"role": "assistant", "content": "", **message}
            return _line(head | {"message": said} | (more or {}))

        yield from (line(thinking=it) for it in pieces(thought(answer)))
        if answer.breaks:
            yield from (line(content=it) for it in half(answer.text))
            if answer.breaks == "error":
                yield _line(self.error(Fails(500, "The engine stalled.")))
            return
        yield from (line(_logprobs(answer, it), content=it) for it in pieces(answer.text))
        yield from (line(tool_calls=[_call(it)]) for it in answer.calls)
        yield _line(_head(heard) | {"message": {"role": "assistant", "content": ""}} | _done(answer))

    def error(self, fails: Fails) -> Any:
        return {"error": fails.message}


def _rules(body: dict[str, Any]) -> Iterator[str]:
    if "stream" not in body:
        yield "stream: must be said, the default is a stream"
    calls: list[str] = []
    for at, message in enumerate(body["messages"]):
        if message["role"] not in ("system", "user", "assistant", "tool"):
            yield f"messages[{at}].role: {message['role']}"
        for picture in message.get("images") or []:
            if picture.startswith(("http:", "https:", "data:")):
                yield f"messages[{at}].images: base64 alone"
        calls += [it["function"]["name"] for it in message.get("tool_calls") or []]
        if message["role"] == "tool":
            name = message.get("tool_name")
            if name not in calls:
                yield f"messages[{at}]: {name!r} was not called"
            else:
                calls.remove(name)


def _message(turns: Turns, open_calls: list[tuple[str, str]], message: dict[str, Any]) -> None:
    role = message["role"]
    if role == "tool":
        id = next(it[0] for it in open_calls if it[1] == message["tool_name"])
        open_calls.remove((id, message["tool_name"]))
        pictures = [["image", "image/png", it] for it in message.get("images") or []]
        turns.result(id, [["text", canonical(message["content"])], *pictures])
        return
    if message.get("thinking"):
        turns.say(role, ["thought", message["thinking"], ""])
    if message.get("content"):
        turns.say(role, ["text", canonical(message["content"])])
    for picture in message.get("images") or []:
        turns.say(role, ["image", "image/png", picture])
    for call in message.get("tool_calls") or []:
        id = f"call-{len(turns.calls)}"
        open_calls.append((id, call["function"]["name"]))
        turns.call(id, call["function"]["name"], call["function"]["arguments"])


def _tool(function: dict[str, Any]) -> View:
    view: View = {"kind": "function", "name": function["name"]}
    if function.get("description"):
        view["description"] = function["description"]
    return view | {"schema": function["parameters"]}


def _head(heard: Heard) -> dict[str, Any]:
    return {"model": heard.body["model"], "created_at": CREATED}


def _done(answer: Answer) -> dict[str, Any]:
    times = {"total_duration": 5, "load_duration": 1, "prompt_eval_duration": 1, "eval_duration": 1}
    counts = {"prompt_eval_count": answer.tokens.input, "eval_count": answer.tokens.output}
    return {"done": True, "done_reason": "length" if answer.finish == "length" else "stop"} | times | counts


def _call(call: Call) -> dict[str, Any]:
    input = {"input": call.input} if isinstance(call.input, str) else call.input
    return {"function": {"name": call.name, "arguments": input}}


def _logprobs(answer: Answer, text: str) -> dict[str, Any]:
    if not answer.logprobs:
        return {}
    token = {"token": text, "logprob": -0.25}
    return {"logprobs": [token | {"top_logprobs": [token]}]}


def _line(data: Any) -> bytes:
    text = json.dumps(data, ensure_ascii=False)
    # Go's encoder escapes these (https://pkg.go.dev/encoding/json#Marshal); clients rely on it for the line separators.
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text.encode() + b"\n"

"""Cohere's chat, version 2.

Requests are held against the pydantic types of cohere-python and the parameters of its `chat`; shapes of answers:
https://docs.cohere.com/reference/chat and …/chat-stream.
"""

from __future__ import annotations

import inspect
import json
import typing
from collections.abc import Iterator
from typing import Any

from cohere.v2.raw_client import RawV2Client
from neutral import Answer, Call, Fails, Refusal, Text, Thought
from upstreams.base import CREDENTIAL, Heard, Upstream, arguments, bearer, data_url, frame, half, pieces, wished
from upstreams.pydantic_shapes import mistakes
from view import Turns, View, canonical

FINISH = {"stop": "COMPLETE", "length": "MAX_TOKENS", "tools": "TOOL_CALL", "refused": "COMPLETE"}


def _parameters() -> dict[str, Any]:
    import cohere.v2.raw_client as module

    hints = typing.get_type_hints(RawV2Client.chat, vars(module))
    names = [it for it in inspect.signature(RawV2Client.chat).parameters if it not in ("self", "request_options")]
    return {name: hints[name] for name in names}


PARAMETERS = _parameters()


class Cohere(Upstream):
    """`POST /v2/chat`."""

    name = "cohere"
    prefix = "command-a--"

    def provider(self, url: str) -> dict[str, Any]:
        return {"kind": "cohere", "base_url": url, "credential": {"api_key": CREDENTIAL}}

    def model(self, heard: Heard) -> str | None:
        return heard.body["model"] if heard.path == "/v2/chat" else None

    def streams(self, heard: Heard) -> bool:
        return bool(heard.body.get("stream"))

    def check(self, heard: Heard) -> list[str]:
        wrong = bearer(heard)
        for name, value in heard.body.items():
            if name == "stream":
                continue
            if name not in PARAMETERS:
                wrong.append(f"{name}: unknown field")
            elif value is not None:
                wrong += mistakes(value, PARAMETERS[name], name)
        return wrong or list(_rules(heard.body))

    def normalise(self, heard: Heard) -> View:
        body, turns = heard.body, Turns()
        for message in body["messages"]:
            _message(turns, message)
        view = turns.view()
        if tools := [_tool(it, body.get("strict_tools")) for it in body.get("tools") or []]:
            view["tools"] = tools
        if choice := body.get("tool_choice"):
            view["choice"] = choice.lower()
        form = body.get("response_format") or {"type": "text"}
        if form["type"] == "json_object":
            view["output"] = form.get("json_schema") or "json"
        wished(view, body, limit="max_tokens", temperature="temperature", top_p="p", top_k="k", seed="seed")
        wished(view, body, frequency_penalty="frequency_penalty", presence_penalty="presence_penalty")
        wished(view, body, stop="stop_sequences")
        thinking = body.get("thinking") or {}
        if thinking and "token_budget" not in thinking:
            view["effort"] = {"enabled": "on", "disabled": "none"}[thinking["type"]]
        wished(view, thinking, budget="token_budget")
        if body.get("logprobs"):
            view["logprobs"] = 0
        if unknown := sorted(body.keys() & {"documents", "citation_options", "safety_mode", "priority"}):
            view["unknown"] = unknown
        view["stream"] = bool(body.get("stream"))
        return view

    def whole(self, answer: Answer, heard: Heard) -> Any:
        content = [
            {"type": "thinking", "thinking": it.text} if isinstance(it, Thought) else {"type": "text", "text": it.text}
            for it in answer.parts
            if isinstance(it, Text | Refusal | Thought)
        ]
        message: dict[str, Any] = {"role": "assistant", "content": content}
        if answer.calls:
            message["tool_calls"] = [_call(it) for it in answer.calls]
        out = {"id": "matrix1", "finish_reason": _finish(answer), "message": message, "usage": _usage(answer)}
        return out | ({"logprobs": [_logprob(answer.text)]} if answer.logprobs else {})

    def stream(self, answer: Answer, heard: Heard) -> Iterator[bytes]:
        yield _event(
            "message-start", id="matrix1", delta={"message": {"role": "assistant", "content": [], "tool_plan": ""}}
        )
        said = [it for it in answer.parts if isinstance(it, Text | Refusal | Thought) and it.text]
        for at, part in enumerate(said):
            kind = "thinking" if isinstance(part, Thought) else "text"
            yield _event("content-start", index=at, delta={"message": {"content": {"type": kind, kind: ""}}})
            for it in half(part.text) if answer.breaks else pieces(part.text):
                more = {"logprobs": _logprob(it)} if answer.logprobs and kind == "text" else {}
                yield _event("content-delta", index=at, delta={"message": {"content": {kind: it}}}, **more)
            if answer.breaks == "error":
                failed = {"finish_reason": "ERROR", "error": "The engine stalled."}
                yield _event("message-end", delta=failed)
            if answer.breaks:
                return
            yield _event("content-end", index=at)
        for at, call in enumerate(answer.calls):
            opening = _call(call)
            opening["function"]["arguments"] = ""
            yield _event("tool-call-start", index=at, delta={"message": {"tool_calls": opening}})
            for it in pieces(_arguments(call)):
                delta = {"message": {"tool_calls": {"function": {"arguments": it}}}}
                yield _event("tool-call-delta", index=at, delta=delta)
            yield _event("tool-call-end", index=at)
        yield _event("message-end", delta={"finish_reason": _finish(answer), "usage": _usage(answer)})

    def error(self, fails: Fails) -> Any:
        return {"id": "matrix1", "message": fails.message}


def _rules(body: dict[str, Any]) -> Iterator[str]:
    """https://docs.cohere.com/docs/tool-use-overview"""
    open_calls: list[str] = []
    for at, message in enumerate(body["messages"]):
        if message["role"] == "tool":
            if message["tool_call_id"] not in open_calls:
                yield f"messages[{at}]: answers no call of the message before"
            else:
                open_calls.remove(message["tool_call_id"])
        elif open_calls:
            yield f"messages[{at}]: calls {open_calls} have no answers"
        if message["role"] == "assistant":
            open_calls = [it["id"] for it in message.get("tool_calls") or []]
            if not message.get("content") and not open_calls:
                yield f"messages[{at}]: says nothing"
    if open_calls:
        yield f"calls {open_calls} have no answers"
    if body.get("tool_choice") and not body.get("tools"):
        yield "tool_choice: only with tools"
    if (body.get("response_format") or {}).get("type") == "json_object" and body.get("tools"):
        yield "response_format: not with tools"
    if not 0 <= body.get("temperature", 0) <= 1:
        yield "temperature: 0 to 1"
    if len(body.get("stop_sequences") or []) > 5:
        yield "stop_sequences: at most 5"


def _message(turns: Turns, message: dict[str, Any]) -> None:
    role, content = message["role"], message.get("content") or []
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
    if role == "tool":
        turns.result(message["tool_call_id"], [_block(it) for it in blocks])
        return
    # Thought comes first, wherever it stands.
    for block in (it for it in blocks if it["type"] == "thinking"):
        turns.say(role, _block(block))
    if message.get("tool_plan"):
        turns.say(role, ["text", message["tool_plan"]])
    for block in (it for it in blocks if it["type"] != "thinking"):
        turns.say(role, _block(block))
    for call in message.get("tool_calls") or []:
        turns.call(call["id"], call["function"]["name"], json.loads(call["function"]["arguments"]))


def _block(block: dict[str, Any]) -> list[Any]:
    match block["type"]:
        case "text":
            return ["text", canonical(block["text"])]
        case "image_url":
            return data_url(block["image_url"]["url"])
        case "thinking":
            return ["thought", block["thinking"], ""]
        case "document":
            data = block["document"]["data"]
            value = next(iter(data.values())) if len(data) == 1 else data
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            return ["text", canonical(text)]
    return [block["type"], block]


def _tool(tool: dict[str, Any], strict: bool | None) -> View:
    function = tool["function"]
    view: View = {"kind": "function", "name": function["name"]}
    if function.get("description"):
        view["description"] = function["description"]
    view["schema"] = function["parameters"]
    return view | ({"strict": True} if strict else {})


def _finish(answer: Answer) -> str:
    return "STOP_SEQUENCE" if answer.stop_text else FINISH[answer.finish]


def _call(call: Call) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": _arguments(call)}}


def _arguments(call: Call) -> str:
    """A free-form tool is offered as one that takes a text named `input`."""
    return json.dumps({"input": call.input}) if isinstance(call.input, str) else arguments(call)


def _usage(answer: Answer) -> dict[str, Any]:
    tokens = answer.tokens
    counted = {"input_tokens": tokens.input, "output_tokens": tokens.output}
    return {"billed_units": counted, "tokens": counted, "cached_tokens": tokens.cached}


def _logprob(text: str) -> dict[str, Any]:
    return {"text": text, "token_ids": [1], "logprobs": [-0.25]}


def _event(kind: str, **data: Any) -> bytes:
    return frame({"type": kind, **data}, kind)

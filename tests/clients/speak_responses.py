"""A scripted upstream's words in OpenAI's Responses: what it hears in a request, and its streamed answer.

Shapes: https://platform.openai.com/docs/api-reference/responses and …/responses-streaming.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from script import Heard
from situations import Call, Situation
from speak_openai import CREATED, pieces
from tools import Offered

# Reasoning as this upstream hands it out, and wants it back.
SEALED = base64.b64encode(b"strict: reasoning").decode()


def hear(body: dict[str, Any]) -> Heard:
    """The tools and the conversation. A namespace's tools are no business of the script's."""
    # A custom tool has no parameters: it takes free text.
    named = [it for it in body.get("tools", []) if it["type"] in ("function", "custom")]
    tools = [Offered(it["name"], it.get("parameters")) for it in named]
    wants_thoughts = "reasoning.encrypted_content" in body.get("include", [])
    heard = Heard(tools, thinks=wants_thoughts, seals=wants_thoughts)
    for item in body["input"] if isinstance(body["input"], list) else []:
        match item.get("type"):
            case "reasoning":
                heard.sealed = item.get("encrypted_content") == SEALED
            case "function_call":
                heard.calls.append(Call(item["call_id"], item["name"], item["arguments"]))
            case "custom_tool_call":
                heard.calls.append(Call(item["call_id"], item["name"], item["input"]))
            case "function_call_output" | "custom_tool_call_output":
                heard.results.append(item["call_id"])
    return heard


def stream(situation: Situation, ask: dict[str, Any]) -> Iterator[bytes]:
    """A streamed answer, frame by frame."""
    number = -1

    def frame(kind: str, **fields: Any) -> bytes:
        nonlocal number
        number += 1
        text = json.dumps({"type": kind, **fields, "sequence_number": number}, ensure_ascii=False)
        return f"event: {kind}\ndata: {text}\n\n".encode()

    begun = _response(ask, "in_progress", [], None)
    yield frame("response.created", response=begun)
    yield frame("response.in_progress", response=begun)
    items: list[dict[str, Any]] = []
    for finished, deltas in _items(situation, ask):
        at = {"output_index": len(items), "item_id": finished["id"]}
        yield frame("response.output_item.added", output_index=len(items), item=_unfinished(finished))
        for kind, fields in deltas:
            yield frame(kind, **at, **fields)
        yield frame("response.output_item.done", output_index=len(items), item=finished)
        items.append(finished)
    yield frame("response.completed", response=_response(ask, "completed", items, _usage(situation)))


def body(situation: Situation, ask: dict[str, Any]) -> dict[str, Any]:
    """An unstreamed answer."""
    *_, last = stream(situation, ask)
    response: dict[str, Any] = json.loads(last.split(b"\ndata: ")[1])["response"]
    return response


Deltas = list[tuple[str, dict[str, Any]]]


def _items(situation: Situation, ask: dict[str, Any]) -> Iterator[tuple[dict[str, Any], Deltas]]:
    """Each item as it is in the end, and the events that lead there."""
    if situation.thinking:
        part = {"type": "summary_text", "text": situation.thinking}
        item = {"type": "reasoning", "id": "rs_strict", "summary": [part], "encrypted_content": SEALED}
        at = {"summary_index": 0}
        deltas: Deltas = [("response.reasoning_summary_part.added", at | {"part": part | {"text": ""}})]
        deltas += [("response.reasoning_summary_text.delta", at | {"delta": it}) for it in pieces(part["text"])]
        deltas.append(("response.reasoning_summary_text.done", at | {"text": part["text"]}))
        yield item, [*deltas, ("response.reasoning_summary_part.done", at | {"part": part})]
    if situation.text:
        words = {"type": "output_text", "text": situation.text, "annotations": [], "logprobs": []}
        item = {"type": "message", "id": "msg_strict", "role": "assistant", "status": "completed", "content": [words]}
        at = {"content_index": 0}
        deltas = [("response.content_part.added", at | {"part": words | {"text": ""}})]
        deltas += [("response.output_text.delta", at | {"delta": it, "logprobs": []}) for it in pieces(situation.text)]
        deltas.append(("response.output_text.done", at | {"text": situation.text, "logprobs": []}))
        yield item, [*deltas, ("response.content_part.done", at | {"part": words})]
    free = {tool["name"] for tool in ask.get("tools", []) if tool["type"] == "custom"}
    for call in situation.calls:
        yield _call(call, call.name in free)


def _call(call: Call, free: bool) -> tuple[dict[str, Any], Deltas]:
    kind, argument, event = ("custom_tool_call", "input", "custom_tool_call_input") if free else (
        "function_call",
        "arguments",
        "function_call_arguments",
    )
    item = {"type": kind, "id": f"fc_{call.id}", "call_id": call.id, "name": call.name, argument: call.arguments}
    deltas: Deltas = [(f"response.{event}.delta", {"delta": it}) for it in pieces(call.arguments)]
    done = {argument: call.arguments} | ({} if free else {"name": call.name})
    return item | {"status": "completed"}, [*deltas, (f"response.{event}.done", done)]


def _unfinished(item: dict[str, Any]) -> dict[str, Any]:
    """An item as its stream has it first: empty."""
    empty: dict[str, Any] = {"content": [], "summary": [], "arguments": "", "input": "", "encrypted_content": None}
    begun = {name: empty.get(name, value) for name, value in item.items()}
    return begun | ({"status": "in_progress"} if "status" in item else {})


def _response(ask: dict[str, Any], status: str, output: list[Any], usage: dict[str, Any] | None) -> dict[str, Any]:
    head = {"id": "resp_strict", "object": "response", "created_at": CREATED, "status": status, "error": None}
    head |= {"incomplete_details": None, "instructions": ask.get("instructions"), "model": ask["model"]}
    head |= {"output": output, "parallel_tool_calls": ask.get("parallel_tool_calls", True), "metadata": {}}
    head |= {"tool_choice": ask.get("tool_choice", "auto"), "tools": ask.get("tools", []), "usage": usage}
    return head | {"temperature": 1.0, "top_p": 1.0, "truncation": "disabled", "store": ask.get("store", True)}


def _usage(situation: Situation) -> dict[str, Any]:
    tokens = situation.tokens
    return {
        "input_tokens": tokens.input,
        "input_tokens_details": {"cached_tokens": tokens.cached},
        "output_tokens": tokens.output,
        "output_tokens_details": {"reasoning_tokens": tokens.reasoning},
        "total_tokens": tokens.input + tokens.output,
    }

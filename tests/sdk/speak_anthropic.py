"""The strict upstream's answers in Anthropic's words: bodies, streams and errors of messages.

Shapes: https://platform.claude.com/docs/en/api/messages and …/build-with-claude/streaming.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from rules import signature
from situations import Error, Situation, Tokens
from speak_openai import pieces

FINISH = {"stop": "end_turn", "length": "max_tokens", "tools": "tool_use", "refusal": "refusal"}


def usage(tokens: Tokens) -> dict[str, Any]:
    """The whole report: on this wire the cached part is beside the input, not in it."""
    report: dict[str, Any] = {
        "input_tokens": tokens.input - tokens.cached - tokens.written,
        "cache_creation_input_tokens": tokens.written,
        "cache_read_input_tokens": tokens.cached,
        "cache_creation": {"ephemeral_5m_input_tokens": tokens.written, "ephemeral_1h_input_tokens": 0},
        "output_tokens": tokens.output,
        "service_tier": "standard",
    }
    if tokens.reasoning:
        report["output_tokens_details"] = {"thinking_tokens": tokens.reasoning}
    return report


def body(situation: Situation, ask: dict[str, Any]) -> dict[str, Any]:
    """An unstreamed answer."""
    return _head(ask) | {"content": _blocks(situation, ask), "usage": usage(situation.tokens)} | _end(situation, ask)


def _head(ask: dict[str, Any]) -> dict[str, Any]:
    return {"id": "msg_strict1", "type": "message", "role": "assistant", "model": ask["model"]}


def _end(situation: Situation, ask: dict[str, Any]) -> dict[str, Any]:
    reason = "stop_sequence" if situation.stop_text else FINISH[situation.finish]
    if _through_tool(situation, ask):
        reason = "tool_use"
    return {"stop_reason": reason, "stop_sequence": situation.stop_text}


def _through_tool(situation: Situation, ask: dict[str, Any]) -> str | None:
    """The tool that a JSON answer must be given through, if the request demands one."""
    choice = ask.get("tool_choice", {})
    return choice["name"] if choice.get("type") == "tool" and situation.text.startswith("{") else None


def _blocks(situation: Situation, ask: dict[str, Any]) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    if situation.thinking:
        sealed = signature(situation.thinking)
        blocks.append({"type": "thinking", "thinking": situation.thinking, "signature": sealed})
    if situation.redacted:
        blocks.append({"type": "redacted_thinking", "data": signature("redacted")})
    if name := _through_tool(situation, ask):
        return [*blocks, {"type": "tool_use", "id": "toolu_json", "name": name, "input": json.loads(situation.text)}]
    if situation.text or situation.refusal:
        blocks.append({"type": "text", "text": situation.text or situation.refusal, "citations": None})
    for call in situation.calls:
        tool = {"type": "tool_use", "id": call.id, "name": call.name, "input": json.loads(call.arguments)}
        blocks.append(tool)
    return blocks


def stream(situation: Situation, ask: dict[str, Any]) -> Iterator[bytes]:
    """A streamed answer, frame by frame."""
    begun = usage(situation.tokens) | {"output_tokens": 1}
    message = _head(ask) | {"content": [], "stop_reason": None, "stop_sequence": None, "usage": begun}
    yield _frame({"type": "message_start", "message": message})
    for index, block in enumerate(_blocks(situation, ask)):
        opening, deltas = _unfolded(block, situation)
        yield _frame({"type": "content_block_start", "index": index, "content_block": opening})
        if index == 0:
            yield _frame({"type": "ping"})
        if situation.breaks:
            deltas = deltas[: len(deltas) // 2]
        yield from (_frame({"type": "content_block_delta", "index": index, "delta": it}) for it in deltas)
        if situation.breaks == "error":
            overloaded = {"type": "overloaded_error", "message": "Overloaded"}
            yield _frame({"type": "error", "error": overloaded, "request_id": "req_strict"})
        if situation.breaks:
            return
        yield _frame({"type": "content_block_stop", "index": index})
    yield _frame({"type": "message_delta", "delta": _end(situation, ask), "usage": usage(situation.tokens)})
    yield _frame({"type": "message_stop"})


def _unfolded(block: dict[str, Any], situation: Situation) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A block as its stream has it: the empty one it begins with, and its deltas."""
    match block["type"]:
        case "text":
            said = [{"type": "text_delta", "text": it} for it in pieces(block["text"])]
            return {"type": "text", "text": ""}, said
        case "thinking":
            thought = [{"type": "thinking_delta", "thinking": it} for it in pieces(block["thinking"])]
            sealed = {"type": "signature_delta", "signature": block["signature"]}
            return {"type": "thinking", "thinking": "", "signature": ""}, [*thought, sealed]
        case "tool_use":
            wanted = [call.arguments for call in situation.calls if call.id == block["id"]]
            arguments = wanted[0] if wanted else situation.text
            # The first bit is empty, and a tool without arguments has no other.
            bits = ["", *pieces(arguments)] if arguments != "{}" else [""]
            return block | {"input": {}}, [{"type": "input_json_delta", "partial_json": it} for it in bits]
    return block, []


def error(it: Error) -> dict[str, Any]:
    """The envelope of an error."""
    return {"type": "error", "error": {"type": it.anthropic_type, "message": it.message}, "request_id": "req_strict"}


def _frame(data: dict[str, Any]) -> bytes:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f"event: {data['type']}\ndata: {text}\n\n".encode()

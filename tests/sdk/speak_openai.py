"""The strict upstream's answers in OpenAI's words: bodies, streams and errors of chat completions.

Shapes: https://platform.openai.com/docs/api-reference/chat/object and …/chat/streaming.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from situations import Call, Error, Situation, Tokens

FINISH = {"stop": "stop", "length": "length", "tools": "tool_calls", "refusal": "stop"}
CREATED = 1_795_000_000


def pieces(text: str, size: int = 5) -> list[str]:
    """`text` cut small, so that nothing fits into one frame by chance."""
    return [text[at : at + size] for at in range(0, len(text), size)]


def usage(tokens: Tokens) -> dict[str, Any]:
    """The whole report."""
    prompt = {"cached_tokens": tokens.cached, "audio_tokens": 0}
    if tokens.written:
        prompt["cache_write_tokens"] = tokens.written
    return {
        "prompt_tokens": tokens.input,
        "completion_tokens": tokens.output,
        "total_tokens": tokens.input + tokens.output,
        "prompt_tokens_details": prompt,
        "completion_tokens_details": {
            "reasoning_tokens": tokens.reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def body(situation: Situation, ask: dict[str, Any]) -> dict[str, Any]:
    """An unstreamed answer."""
    message: dict[str, Any] = {"role": "assistant", "content": situation.text or None, "refusal": None}
    message["annotations"] = []
    if not situation.calls and not situation.refusal:
        message["content"] = situation.text
    if situation.refusal:
        message["refusal"] = situation.refusal
    if situation.thinking:
        message["reasoning_content"] = situation.thinking
    if situation.calls:
        message["tool_calls"] = [_call(call) for call in situation.calls]
    finish = FINISH[situation.finish]
    return {
        "id": "chatcmpl-strict1",
        "object": "chat.completion",
        "created": CREATED,
        "model": ask["model"],
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}],
        "usage": usage(situation.tokens),
        "service_tier": "default",
        "system_fingerprint": "fp_strict",
    }


def _call(call: Call) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def stream(situation: Situation, ask: dict[str, Any]) -> Iterator[bytes]:
    """A streamed answer, frame by frame."""
    counted = bool((ask.get("stream_options") or {}).get("include_usage"))
    head = {"id": "chatcmpl-strict1", "object": "chat.completion.chunk", "created": CREATED, "model": ask["model"]}
    head |= {"service_tier": "default", "system_fingerprint": "fp_strict"}

    def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return _frame(head | {"choices": [choice]} | ({"usage": None} if counted else {}))

    first = {"role": "assistant", "content": None if situation.calls else "", "refusal": None}
    yield chunk(first)
    yield from (chunk({"reasoning_content": it}) for it in pieces(situation.thinking))
    said = pieces(situation.text)
    if situation.breaks:
        yield from (chunk({"content": it}) for it in said[: len(said) // 2])
        if situation.breaks == "error":
            yield _frame({"error": {"message": "The engine stalled.", "type": "server_error", "param": None, "code": None}})
        return
    yield from (chunk({"content": it}) for it in said)
    yield from (chunk({"refusal": it}) for it in pieces(situation.refusal))
    yield from (chunk({"tool_calls": [it]}) for it in _fragments(situation))
    yield chunk({}, FINISH[situation.finish])
    if counted:
        yield _frame(head | {"choices": [], "usage": usage(situation.tokens)})
    yield b"data: [DONE]\n\n"


def _fragments(situation: Situation) -> list[dict[str, Any]]:
    """The deltas of all calls: id and name once, the arguments in bits."""
    each = []
    for at, call in enumerate(situation.calls):
        opening = {"index": at, "id": call.id, "type": "function", "function": {"name": call.name, "arguments": ""}}
        bits = [{"index": at, "function": {"arguments": it}} for it in pieces(call.arguments)]
        each.append([opening, *bits])
    if not situation.interleaved:
        return [it for call in each for it in call]
    longest = max(len(call) for call in each)
    return [call[at] for at in range(longest) for call in each if at < len(call)]


def error(it: Error) -> dict[str, Any]:
    """The envelope of an error."""
    return {"error": {"message": it.message, "type": it.openai_type, "param": None, "code": it.openai_code}}


def _frame(data: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n"

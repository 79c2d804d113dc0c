"""Readers of event streams that forgive nothing, run over every streamed answer.

OpenAI's are read as Dify's OpenAI-compatible plugin does (langgenius/dify-official-plugins,
`models/openai_api_compatible`, with `dify_plugin/interfaces/model/openai_compatible/llm.py`): split on two line
feeds, `data: ` in front, a list of choices with a delta object in each chunk. It ends silently on anything else.
Anthropic's are read by the order that its documentation promises.
"""

from __future__ import annotations

import json
from typing import Any

from anthropic.types import RawMessageStreamEvent
from openai.types.chat import ChatCompletionChunk
from pydantic import TypeAdapter

EVENT: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)


def openai_stream(raw: bytes) -> list[dict[str, Any]]:
    """The chunks; an assertion fails on what the plugin would lose or crash on."""
    assert b"\r" not in raw, "CRLF"
    assert raw.endswith(b"data: [DONE]\n\n"), raw[-200:]
    chunks: list[dict[str, Any]] = []
    for block in raw.decode().removesuffix("data: [DONE]\n\n").split("\n\n")[:-1]:
        if block.startswith(":"):
            assert "\n" not in block, "a comment stands in a block of its own"
            continue
        assert block.startswith("data: ") and "\n" not in block, block
        chunks.append(json.loads(block.removeprefix("data: ")))
    for chunk in chunks:
        ChatCompletionChunk.model_validate(chunk)
        assert isinstance(chunk["choices"], list), chunk
        assert all(isinstance(choice["delta"], dict) for choice in chunk["choices"]), chunk
        assert chunk["choices"] or chunk.get("usage"), f"a chunk that says nothing: {chunk}"
    _finish_comes_last(chunks)
    _calls_come_one_by_one(chunks)
    _reasoning_is_in_one_piece(chunks)
    return chunks


def _finish_comes_last(chunks: list[dict[str, Any]]) -> None:
    speaking = [chunk for chunk in chunks if chunk["choices"]]
    assert all(chunk["choices"][0]["finish_reason"] is None for chunk in speaking[:-1])
    assert speaking[-1]["choices"][0]["finish_reason"], speaking[-1]
    usages = [chunk["usage"] for chunk in chunks if chunk.get("usage")]
    assert len(usages) <= 1
    for usage in usages:
        assert chunks[-1]["choices"] == [], "usage comes in a last chunk without choices"
        assert isinstance(usage["prompt_tokens"], int) and isinstance(usage["completion_tokens"], int)


def _calls_come_one_by_one(chunks: list[dict[str, Any]]) -> None:
    """The plugin gives a delta without an id to the last call that began."""
    current = -1
    for choice in (choice for chunk in chunks for choice in chunk["choices"]):
        for call in choice["delta"].get("tool_calls") or []:
            function = call.get("function") or {}
            if call["index"] != current:
                assert call["index"] == current + 1, "calls begin in order, and none begins again"
                assert call["id"] and function["name"] and call["type"] == "function", call
                current = call["index"]
            elif not call.get("id"):
                assert not function.get("name"), "a name without an id begins a bogus call"


def _reasoning_is_in_one_piece(chunks: list[dict[str, Any]]) -> None:
    """Between two deltas of reasoning nothing stands, not even a blank: it would close the thought."""
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    at = [n for n, delta in enumerate(deltas) if delta.get("reasoning_content")]
    assert at == list(range(at[0], at[-1] + 1)) if at else True


def anthropic_stream(raw: bytes) -> list[dict[str, Any]]:
    """The events; an assertion fails on one that is out of place."""
    assert b"\r" not in raw and raw.endswith(b"\n\n")
    events = []
    for block in raw.decode().split("\n\n")[:-1]:
        name, data = block.split("\n")
        assert name.startswith("event: ") and data.startswith("data: "), block
        event = json.loads(data.removeprefix("data: "))
        assert event["type"] == name.removeprefix("event: ")
        if event["type"] != "ping":
            EVENT.validate_python(event)
            events.append(event)
    kinds = [event["type"] for event in events]
    assert kinds[0] == "message_start" and kinds[-2:] == ["message_delta", "message_stop"], kinds
    assert kinds.count("message_start") == kinds.count("message_stop") == kinds.count("message_delta") == 1
    open_block, next_block = None, 0
    for event in events[1:-2]:
        if event["type"] == "content_block_start":
            assert open_block is None and event["index"] == next_block, event
            open_block, next_block = next_block, next_block + 1
        else:
            assert event["index"] == open_block, event
            open_block = None if event["type"] == "content_block_stop" else open_block
    assert open_block is None
    return events

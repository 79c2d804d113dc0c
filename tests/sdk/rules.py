"""What the vendors demand of a request beyond its types; each rule is one of their documented 400s."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from typing import Any

from anthropic.types import message_create_params
from openai.types.chat import completion_create_params

from shapes import mistakes

NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
# https://platform.claude.com/docs/en/api/versioning
VERSIONS = ("2023-06-01", "2026-10-21")
NEWEST = VERSIONS[-1]
SAMPLING = ("temperature", "top_p", "top_k")
MAGIC = {"image/png": b"\x89PNG", "image/jpeg": b"\xff\xd8\xff", "image/gif": b"GIF8", "image/webp": b"RIFF"}


def signature(thinking: str) -> str:
    """What this upstream signs its thinking with: a changed byte is found out."""
    return base64.b64encode(hashlib.sha256(b"strict:" + thinking.encode()).digest()).decode()


def openai(body: dict[str, Any]) -> list[str]:
    """https://platform.openai.com/docs/api-reference/chat/create"""
    streaming = completion_create_params.CompletionCreateParamsStreaming
    plain = completion_create_params.CompletionCreateParamsNonStreaming
    wrong = mistakes(body, streaming if body.get("stream") else plain)
    return wrong or [*_openai_fields(body), *_openai_messages(body["messages"])]


def anthropic(body: dict[str, Any], version: str | None = NEWEST) -> list[str]:
    """https://platform.claude.com/docs/en/api/messages, in the version that the header asks for."""
    streaming = message_create_params.MessageCreateParamsStreaming
    plain = message_create_params.MessageCreateParamsNonStreaming
    if version not in VERSIONS:
        return [f"anthropic-version: {version!r} is none"]
    # The SDK's types are the newest version's, which has removed these three.
    older = version != NEWEST
    typed = {name: value for name, value in body.items() if not (older and name in SAMPLING)}
    wrong = mistakes(typed, streaming if body.get("stream") else plain)
    return wrong or [*_anthropic_fields(body), *_anthropic_messages(body), *_anthropic_thinking(body)]


def _openai_fields(body: dict[str, Any]) -> Iterator[str]:
    reasons = body["model"].startswith("reasoner")
    if "max_tokens" in body and "max_completion_tokens" in body:
        yield "max_tokens: not together with max_completion_tokens"
    if reasons and "max_tokens" in body:
        yield "max_tokens: not supported with this model, use max_completion_tokens"
    if body.get("max_tokens", 1) is not None and body.get("max_tokens", 1) < 1:
        yield "max_tokens: below 1"
    if "stream_options" in body and not body.get("stream"):
        yield "stream_options: only with stream"
    if isinstance(body.get("stop"), list) and not 1 <= len(body["stop"]) <= 4:
        yield "stop: 1 to 4 texts"
    tools = body.get("tools")
    if tools == []:
        yield "tools: empty"
    if not tools and ("tool_choice" in body or "parallel_tool_calls" in body):
        yield "tool_choice, parallel_tool_calls: only with tools"
    names = [tool["function"]["name"] for tool in tools or [] if tool["type"] == "function"]
    yield from (f"tools: {name!r} is no name" for name in names if not NAME.fullmatch(name))
    choice = body.get("tool_choice")
    if isinstance(choice, dict) and choice["function"]["name"] not in names:
        yield "tool_choice: no such tool"
    form = body.get("response_format") or {}
    if form.get("type") == "json_schema" and not NAME.fullmatch(form["json_schema"]["name"]):
        yield "response_format: no name"
    if len(body.get("user", "")) > 64:
        yield "user: longer than 64"
    if not 0 <= (body.get("temperature") or 0) <= 2:
        yield "temperature: 0 to 2"


def _openai_messages(messages: list[dict[str, Any]]) -> Iterator[str]:
    open_calls: list[str] = []
    if not messages:
        yield "messages: empty"
    for at, message in enumerate(messages):
        where, role, content = f"messages[{at}]", message["role"], message.get("content")
        if role == "tool":
            if message["tool_call_id"] not in open_calls:
                yield f"{where}: answers no call of the message before"
            else:
                open_calls.remove(message["tool_call_id"])
        elif open_calls:
            yield f"{where}: calls {open_calls} have no answers"
            open_calls = []
        if role == "assistant":
            open_calls = [call["id"] for call in message.get("tool_calls", [])]
            yield from (f"{where}: call id {it!r}" for it in open_calls if not 1 <= len(it) <= 40)
            if content is None and not open_calls and not message.get("refusal"):
                yield f"{where}: says nothing"
            if message.get("tool_calls") == []:
                yield f"{where}.tool_calls: empty"
        if content == []:
            yield f"{where}.content: empty"
        for part in content if isinstance(content, list) else []:
            if part["type"] == "image_url":
                yield from (f"{where}: {it}" for it in _address(part["image_url"]["url"]))
    if open_calls:
        yield f"messages: calls {open_calls} have no answers"


def _address(url: str) -> Iterator[str]:
    if url.startswith(("https://", "http://")):
        return
    found = re.fullmatch(r"data:([a-z/]+);base64,(.*)", url, re.S)
    if not found:
        yield f"image_url {url[:60]!r} is no address"
    else:
        yield from _picture(*found.groups())


def _picture(mime: str, data: str) -> Iterator[str]:
    try:
        start = base64.b64decode(data, validate=True)[:8]
    except binascii.Error:
        start = b""
    if mime not in MAGIC or not start.startswith(MAGIC[mime]):
        yield f"the data is no {mime}"


def _anthropic_fields(body: dict[str, Any]) -> Iterator[str]:
    if body["max_tokens"] < 1:
        yield "max_tokens: below 1"
    if "temperature" in body and not 0 <= body["temperature"] <= 1:
        yield "temperature: 0 to 1"
    if "temperature" in body and "top_p" in body:
        yield "temperature and top_p: not both"
    yield from ("stop_sequences: only white space" for it in body.get("stop_sequences", []) if not it.strip())
    tools, choice = body.get("tools", []), body.get("tool_choice", {})
    names = [tool["name"] for tool in tools if "name" in tool]
    yield from (f"tools: {name!r} is no name" for name in names if not NAME.fullmatch(name))
    schemas = [tool["input_schema"] for tool in tools if "input_schema" in tool]
    yield from ("tools: input_schema.type must be object" for it in schemas if it.get("type") != "object")
    if choice and not tools:
        yield "tool_choice: only with tools"
    if choice.get("type") == "tool" and choice["name"] not in names:
        yield "tool_choice: no such tool"
    system = body.get("system", ["x"])
    yield from ("system: empty text" for it in system if isinstance(it, dict) and not it["text"].strip())
    if system in ("", []):
        yield "system: empty"


def _anthropic_messages(body: dict[str, Any]) -> Iterator[str]:
    messages = body["messages"]
    if [message["role"] for message in messages[:1]] != ["user"]:
        yield "messages: must begin with the user"
    calls: list[str] = []
    seen: set[str] = set()
    for at, message in enumerate(messages):
        where, role = f"messages[{at}]", message["role"]
        if at and messages[at - 1]["role"] == role:
            yield f"{where}: roles must alternate"
        blocks = _blocks(message)
        results = [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]
        if sorted(results) != sorted(calls):
            yield f"{where}: calls {calls}, results {results}"
        if any(block["type"] == "tool_result" for block in blocks[len(results) :]):
            yield f"{where}: results must come first"
        calls = [block["id"] for block in blocks if block["type"] == "tool_use"]
        yield from (f"{where}: call id {it!r}" for it in calls if not NAME.fullmatch(it) or it in seen)
        seen |= set(calls)
        last = at + 1 == len(messages)
        if not blocks and not (last and role == "assistant"):
            yield f"{where}: no content"
        for block in blocks:
            yield from (f"{where}: {it}" for it in _anthropic_block(block))
        if last and role == "assistant" and blocks and blocks[-1].get("text", "x")[-1:].isspace():
            yield f"{where}: ends with white space"
    if calls:
        yield f"messages: calls {calls} have no results"
    if seen and not body.get("tools"):
        yield "tools: the conversation has calls, so they must be defined"


def _blocks(message: dict[str, Any]) -> list[dict[str, Any]]:
    content = message["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _anthropic_block(block: dict[str, Any]) -> Iterator[str]:
    if block["type"] == "text" and not block["text"].strip():
        yield "text must hold more than white space"
    if block["type"] == "image" and block["source"]["type"] == "base64":
        yield from _picture(block["source"]["media_type"], block["source"]["data"])
    if block["type"] == "thinking" and block["signature"] != signature(block["thinking"]):
        yield "Invalid `signature` in `thinking` block"
    if block["type"] == "redacted_thinking" and block["data"] != signature("redacted"):
        yield "Invalid `data` in `redacted_thinking` block"
    if block["type"] == "tool_result" and isinstance(block.get("content"), list):
        for inner in block["content"]:
            yield from _anthropic_block(inner)


def _anthropic_thinking(body: dict[str, Any]) -> Iterator[str]:
    thinking = body.get("thinking", {"type": "disabled"})
    if thinking["type"] == "disabled":
        return
    if thinking["type"] == "enabled" and not 1024 <= thinking["budget_tokens"] < body["max_tokens"]:
        yield "thinking.budget_tokens: at least 1024, less than max_tokens"
    if body.get("temperature", 1) != 1 or "top_k" in body or body.get("top_p", 1) < 0.95:
        yield "temperature, top_p, top_k: not with thinking"
    if body.get("tool_choice", {"type": "auto"})["type"] in ("any", "tool"):
        yield "tool_choice: not forced with thinking"
    messages = body["messages"]
    answers = any(block["type"] == "tool_result" for block in _blocks(messages[-1]))
    if answers and thinking["type"] == "enabled":
        first = (_blocks(messages[-2]) or [{"type": ""}])[0]["type"]
        if first not in ("thinking", "redacted_thinking"):
            yield "messages: a final assistant message must start with a thinking block"

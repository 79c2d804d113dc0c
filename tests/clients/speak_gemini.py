"""A scripted upstream's words in Gemini's `generateContent`: what it hears in a request, and its streamed answer.

Shapes: https://ai.google.dev/api/generate-content and https://ai.google.dev/gemini-api/docs/function-calling.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from script import Heard
from situations import Call, Situation
from speak_openai import pieces
from tools import Offered

# What the first call of a turn carries, and what must come back with it.
SIGNATURE = base64.b64encode(b"strict: a thought that led to a call").decode()


def hear(body: dict[str, Any]) -> Heard:
    """The tools and the conversation. Ids are the client's to send or to leave out."""
    declared = [it for tool in body.get("tools", []) for it in tool.get("functionDeclarations", [])]
    tools = [Offered(it["name"], it.get("parametersJsonSchema") or it.get("parameters", {})) for it in declared]
    thinks = body.get("generationConfig", {}).get("thinkingConfig", {}).get("includeThoughts", False)
    # Calls are sealed whether or not thoughts are shown.
    heard = Heard(tools, thinks, seals=True)
    for part in (part for content in body["contents"] for part in content.get("parts", [])):
        heard.sealed |= part.get("thoughtSignature") == SIGNATURE
        if call := part.get("functionCall"):
            arguments = json.dumps(call.get("args", {}), ensure_ascii=False)
            heard.calls.append(Call(call.get("id", ""), call["name"], arguments))
        if result := part.get("functionResponse"):
            heard.results.append(result.get("id"))
    return heard


def stream(situation: Situation, ask: dict[str, Any]) -> Iterator[bytes]:
    """A streamed answer, frame by frame. A call is never cut: this dialect has no fragments of arguments."""
    parts: list[dict[str, Any]] = [{"text": it, "thought": True} for it in pieces(situation.thinking, 12)]
    parts += [{"text": it} for it in pieces(situation.text, 12)]
    for at, call in enumerate(situation.calls):
        part: dict[str, Any] = {"functionCall": {"id": call.id, "name": call.name, "args": json.loads(call.arguments)}}
        parts.append(part | ({"thoughtSignature": SIGNATURE} if at == 0 else {}))
    for part in parts:
        yield _frame(situation, ask, [part], None)
    yield _frame(situation, ask, [{"text": ""}], "STOP")


def body(situation: Situation, ask: dict[str, Any]) -> dict[str, Any]:
    """An unstreamed answer."""
    parts: list[dict[str, Any]] = [{"text": situation.text}] if situation.text else []
    for call in situation.calls:
        parts.append({"functionCall": {"id": call.id, "name": call.name, "args": json.loads(call.arguments)}})
    return _answer(situation, ask, parts, "STOP")


def _answer(situation: Situation, ask: dict[str, Any], parts: list[Any], finish: str | None) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": parts}, "index": 0}
    tokens = situation.tokens
    usage = {"promptTokenCount": tokens.input, "totalTokenCount": tokens.input + tokens.output}
    if finish:
        candidate["finishReason"] = finish
        usage |= {"candidatesTokenCount": tokens.output, "cachedContentTokenCount": tokens.cached}
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": ask["model"], "responseId": "strict"}


def _frame(situation: Situation, ask: dict[str, Any], parts: list[Any], finish: str | None) -> bytes:
    return b"data: " + json.dumps(_answer(situation, ask, parts, finish), ensure_ascii=False).encode() + b"\r\n\r\n"

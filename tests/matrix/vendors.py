"""Vendors that no client of ours speaks to the gateway: their own SDKs ask the scripted upstream itself.

That the answers parse and say what was scripted proves the upstream's shapes; that the requests pass its checks and
come out of its normaliser as they went in proves those.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any

import boto3
import cohere
import ollama
from botocore.config import Config
from cases.common import PNG, PNG_BYTES, WEATHER_SCHEMA
from surfaces.base import usage
from upstreams.base import CREDENTIAL
from upstreams.bedrock import ACCESS_KEY, REGION, SECRET_KEY
from view import View

ASKED: View = {
    "system": "Be brief.",
    "turns": [
        ["user", [["text", "What is it?"], ["image", "image/png", PNG]]],
        ["assistant", [["text", "Let me look."], ["call", 0, "weather", {"city": "Oslo"}]]],
        ["user", [["result", 0, [["text", "21 degrees"]], False]]],
    ],
    "tools": [{"kind": "function", "name": "weather", "description": "The weather.", "schema": WEATHER_SCHEMA}],
    "limit": 300,
    "temperature": 0.5,
    "stop": ["END"],
}


async def by_cohere(url: str, model: str, stream: bool) -> View:
    """cohere-python."""
    function = {"name": "weather", "description": "The weather.", "parameters": WEATHER_SCHEMA}
    call = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}}
    picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
    wanted: dict[str, Any] = {
        "model": model,
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "What is it?"}, picture]},
            {"role": "assistant", "content": [{"type": "text", "text": "Let me look."}], "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "call_1", "content": "21 degrees"},
        ],
        "tools": [{"type": "function", "function": function}],
        "max_tokens": 300,
        "temperature": 0.5,
        "stop_sequences": ["END"],
    }
    client = cohere.AsyncClientV2(CREDENTIAL, base_url=url)
    if not stream:
        whole = await client.chat(**wanted)
        blocks, calls = whole.message.content or [], whole.message.tool_calls or []
        return _cohere(
            "".join(it.text for it in blocks if it.type == "text"),
            "".join(it.thinking for it in blocks if it.type == "thinking"),
            [[it.function.name, it.function.arguments] for it in calls],
            whole.finish_reason,
            whole.usage,
        )
    text, thought, heard, finish, counted = "", "", [], "", None
    async for event in client.chat_stream(**wanted):
        match event.type:
            case "content-delta":
                text += event.delta.message.content.text or ""
                thought += event.delta.message.content.thinking or ""
            case "tool-call-start":
                heard.append([event.delta.message.tool_calls.function.name, ""])
            case "tool-call-delta":
                heard[-1][1] += event.delta.message.tool_calls.function.arguments
            case "message-end":
                finish, counted = event.delta.finish_reason, event.delta.usage
    return _cohere(text, thought, heard, finish, counted)


def _cohere(text: str, thought: str, calls: list[Any], finish: str, counted: Any) -> View:
    words = {"COMPLETE": "stop", "STOP_SEQUENCE": "stop", "MAX_TOKENS": "length", "TOOL_CALL": "tools"}
    tokens = usage(
        int(counted.tokens.input_tokens), int(counted.tokens.output_tokens), cached=int(counted.cached_tokens)
    )
    return _seen(text, thought, [[name, json.loads(it)] for name, it in calls], words[finish], tokens)


async def by_ollama(url: str, model: str, stream: bool) -> View:
    """ollama-python."""
    function = {"name": "weather", "description": "The weather.", "parameters": WEATHER_SCHEMA}
    call = {"function": {"name": "weather", "arguments": {"city": "Oslo"}}}
    wanted: dict[str, Any] = {
        "model": model,
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "What is it?", "images": [PNG]},
            {"role": "assistant", "content": "Let me look.", "tool_calls": [call]},
            {"role": "tool", "tool_name": "weather", "content": "21 degrees"},
        ],
        "tools": [{"type": "function", "function": function}],
        "options": {"num_predict": 300, "temperature": 0.5, "stop": ["END"]},
    }
    client = ollama.AsyncClient(url, headers={"Authorization": f"Bearer {CREDENTIAL}"})
    if stream:
        chunks = [it async for it in await client.chat(stream=True, **wanted)]
    else:
        chunks = [await client.chat(**wanted)]
    calls = [[c.function.name, dict(c.function.arguments)] for it in chunks for c in it.message.tool_calls or []]
    last = chunks[-1]
    finish = "length" if last.done_reason == "length" else "tools" if calls else "stop"
    text = "".join(it.message.content or "" for it in chunks)
    thought = "".join(it.message.thinking or "" for it in chunks)
    return _seen(text, thought, calls, finish, usage(last.prompt_eval_count or 0, last.eval_count or 0))


async def by_bedrock(url: str, model: str, stream: bool) -> View:
    """boto3, in a thread: it has no asynchronous client."""
    return await asyncio.to_thread(_bedrock, url, model, stream)


@lru_cache(maxsize=1)
def _bedrock_client(url: str) -> Any:
    return boto3.client(
        "bedrock-runtime",
        region_name=REGION,
        endpoint_url=url,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        config=Config(retries={"total_max_attempts": 1}),
    )


def _bedrock(url: str, model: str, stream: bool) -> View:
    client = _bedrock_client(url)
    spec = {"name": "weather", "description": "The weather.", "inputSchema": {"json": WEATHER_SCHEMA}}
    use = {"toolUseId": "call_1", "name": "weather", "input": {"city": "Oslo"}}
    wanted: dict[str, Any] = {
        "modelId": model,
        "system": [{"text": "Be brief."}],
        "messages": [
            {
                "role": "user",
                "content": [{"text": "What is it?"}, {"image": {"format": "png", "source": {"bytes": PNG_BYTES}}}],
            },
            {"role": "assistant", "content": [{"text": "Let me look."}, {"toolUse": use}]},
            {"role": "user", "content": [{"toolResult": {"toolUseId": "call_1", "content": [{"text": "21 degrees"}]}}]},
        ],
        "toolConfig": {"tools": [{"toolSpec": spec}]},
        "inferenceConfig": {"maxTokens": 300, "temperature": 0.5, "stopSequences": ["END"]},
    }
    if not stream:
        whole = client.converse(**wanted)
        return _blocks(whole["output"]["message"]["content"], whole["stopReason"], whole["usage"])
    blocks: dict[int, Any] = {}
    stop, counted = "", {}
    for event in client.converse_stream(**wanted)["stream"]:
        kind, value = next(iter(event.items()))
        if kind == "contentBlockStart":
            blocks[value["contentBlockIndex"]] = {"toolUse": value["start"]["toolUse"] | {"input": ""}}
        elif kind == "contentBlockDelta":
            _add(blocks.setdefault(value["contentBlockIndex"], {}), value["delta"])
        elif kind == "messageStop":
            stop = value["stopReason"]
        elif kind == "metadata":
            counted = value["usage"]
    for block in blocks.values():
        if "toolUse" in block:
            block["toolUse"]["input"] = json.loads(block["toolUse"]["input"] or "{}")
    return _blocks(list(blocks.values()), stop, counted)


def _add(block: dict[str, Any], delta: dict[str, Any]) -> None:
    if "text" in delta:
        block["text"] = block.get("text", "") + delta["text"]
    elif "toolUse" in delta:
        block["toolUse"]["input"] += delta["toolUse"]["input"]
    elif "reasoningContent" in delta:
        told = block.setdefault("reasoningContent", {})
        said = delta["reasoningContent"]
        if "redactedContent" in said:
            told["redactedContent"] = said["redactedContent"]
        else:
            text = told.setdefault("reasoningText", {"text": ""})
            text["text"] += said.get("text", "")
            text |= {"signature": said["signature"]} if "signature" in said else {}
    elif "citation" in delta:
        block.setdefault("citations", []).append(delta["citation"])


def _blocks(blocks: list[dict[str, Any]], stop: str, counted: dict[str, Any]) -> View:
    words = {"end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length", "tool_use": "tools"}
    cited = [it for block in blocks if "citationsContent" in block for it in [block["citationsContent"]]]
    text = "".join(it.get("text", "") for it in blocks) + "".join(
        part["text"] for it in cited for part in it["content"]
    )
    told = [it["reasoningContent"] for it in blocks if "reasoningContent" in it]
    thought = "".join(it["reasoningText"]["text"] for it in told if "reasoningText" in it)
    calls = [[it["toolUse"]["name"], it["toolUse"]["input"]] for it in blocks if "toolUse" in it]
    cached, written = counted["cacheReadInputTokens"], counted["cacheWriteInputTokens"]
    whole = counted["inputTokens"] + cached + written
    tokens = usage(whole, counted["outputTokens"], cached=cached, written=written)
    view = _seen(text, thought, calls, words.get(stop, "refused"), tokens)
    if seals := [it["reasoningText"]["signature"] for it in told if "reasoningText" in it]:
        view["seals"] = seals
    if redacted := [base64.b64encode(it["redactedContent"]).decode() for it in told if "redactedContent" in it]:
        view["redacted"] = redacted
    citations = [c for it in cited for c in it["citations"]] + [c for it in blocks for c in it.get("citations", [])]
    if citations:
        view["citations"] = [it["location"]["web"]["url"] for it in citations]
    return view


def _seen(text: str, thought: str, calls: list[Any], finish: str, tokens: Any) -> View:
    view: View = {"text": text, "finish": finish, "tokens": tokens}
    if thought:
        view["thought"] = thought
    return view | ({"calls": calls} if calls else {})


CLIENTS: dict[str, Callable[[str, str, bool], Awaitable[View]]] = {
    "cohere": by_cohere,
    "bedrock": by_bedrock,
    "ollama": by_ollama,
}

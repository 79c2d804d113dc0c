"""Dify's OpenAI-API-compatible plugin as a client: its requests byte by byte, and what it can read.

The requests and their headers are those of plugin 0.0.63 (langgenius/dify-official-plugins,
`models/openai_api_compatible`) with `requests` 2.34; its model types are validated when they are saved.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

import readers
import setup_file
import wire
from clients import OpenAIClient
from gateway import Gateway
from situations import AFTER_TOOLS, SITUATIONS, TEXT
from strict import Strict

# requests.post(url, headers=…, json=…): a connection per request, and no other header.
HEADERS = {
    "User-Agent": "python-requests/2.34.2",
    "Accept-Encoding": "gzip, deflate",
    "Accept": "*/*",
    "Connection": "keep-alive",
    "Content-Type": "application/json",
    "Authorization": f"Bearer {setup_file.KEY}",
}
INVOKES = HEADERS | {"Accept-Charset": "utf-8"}
USER = "abc-123-5f0c0c1e-6c1c-4d6c-9c65-0a8ad0a1b2c3"
PING = [{"role": "user", "content": "ping"}]
UPSTREAMS = pytest.mark.parametrize(
    "alias", ["strict/openai/plain", "strict/anthropic/plain", "sandbox/echo"], ids=["openai", "anthropic", "sandbox"]
)
TOOL = {"name": "weather", "description": "", "parameters": {"type": "object", "properties": {}}}


def post(gateway: Gateway, body: dict[str, Any], headers: dict[str, str] = HEADERS) -> wire.Reply:
    """As `requests` writes JSON: with spaces, and nothing beyond ASCII."""
    return wire.send(gateway.url, "POST", "/v1/chat/completions", headers, json.dumps(body).encode())


@UPSTREAMS
def test_a_model_is_validated_by_a_ping_of_five_tokens(alias: str, gateway: Gateway, strict: Strict) -> None:
    reply = post(gateway, {"model": alias, "max_tokens": 5, "messages": PING})
    assert reply.status == 200, reply.body
    answer = reply.json()
    assert answer["object"] == "chat.completion"
    assert isinstance(answer["choices"][0]["message"]["content"], str)
    assert {type(answer["usage"][it]) for it in ("prompt_tokens", "completion_tokens", "total_tokens")} == {int}


@UPSTREAMS
def test_a_model_is_validated_by_a_streamed_ping(alias: str, gateway: Gateway, strict: Strict) -> None:
    reply = post(gateway, {"model": alias, "max_tokens": 10, "stream": True, "messages": PING})
    assert reply.status == 200
    assert readers.openai_stream(reply.body)


def test_a_gpt_5_is_validated_through_the_openai_client(gateway: Gateway, strict: Strict) -> None:
    client = OpenAIClient(gateway)
    answer = client.ask("GPT 5 Mini: fast", "ping", max_completion_tokens=16, extra_body={"stream": False})
    assert answer.native.role == "assistant"
    assert strict.last.body["max_completion_tokens"] == 16
    assert client.gateway.row(answer.request_id)["status"] == 200


@UPSTREAMS
def test_a_blocking_answer_has_all_that_the_plugin_reads(alias: str, gateway: Gateway, strict: Strict) -> None:
    body = {"model": alias, "stream": False, "temperature": 0.7, "max_tokens": 512, "messages": PING, "user": USER}
    reply = post(gateway, body, INVOKES)
    assert reply.status == 200
    assert reply.headers["content-type"] == "application/json"
    assert "content-encoding" not in reply.headers
    message = reply.json()["choices"][0]["message"]
    assert isinstance(message["content"], str)
    if alias == "strict/openai/plain":
        assert strict.last.body["user"] == USER
    if alias == "strict/anthropic/plain":
        assert strict.last.body["metadata"] == {"user_id": USER}


@UPSTREAMS
def test_a_stream_is_chunked_uncompressed_and_counts(alias: str, gateway: Gateway, strict: Strict) -> None:
    body = {"model": alias, "stream": True, "stream_options": {"include_usage": True}, "messages": PING, "user": USER}
    reply = post(gateway, body, INVOKES)
    assert reply.status == 200
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert reply.headers["transfer-encoding"] == "chunked"
    assert "content-encoding" not in reply.headers
    chunks = readers.openai_stream(reply.body)
    said = "".join(it["delta"].get("content") or "" for chunk in chunks for it in chunk["choices"])
    assert said == TEXT or alias == "sandbox/echo"
    assert chunks[-1]["usage"]["total_tokens"] > 0


@pytest.mark.parametrize("upstream", ["openai", "anthropic"])
def test_a_tool_call_and_its_history(upstream: str, gateway: Gateway, strict: Strict) -> None:
    alias = f"strict/{upstream}/two-calls"
    asked: dict[str, Any] = {"model": alias, "stream": True, "tool_choice": "auto", "user": USER}
    asked["stream_options"] = {"include_usage": True}
    asked["tools"] = [{"type": "function", "function": TOOL}]
    question = {"role": "user", "content": "Weather?"}
    reply = post(gateway, asked | {"messages": [question]}, INVOKES)
    calls = _as_the_plugin_collects(readers.openai_stream(reply.body))
    wanted = [(call.name, json.loads(call.arguments)) for call in SITUATIONS["two-calls"].calls]
    assert [(it["function"]["name"], json.loads(it["function"]["arguments"])) for it in calls] == wanted
    # The plugin writes an empty text beside calls, and a message for each result.
    history = [question, {"role": "assistant", "content": "", "tool_calls": calls}]
    history += [{"role": "tool", "content": "21", "tool_call_id": call["id"]} for call in calls]
    reply = post(gateway, asked | {"messages": history}, INVOKES)
    chunks = readers.openai_stream(reply.body)
    said = "".join(it["delta"].get("content") or "" for chunk in chunks for it in chunk["choices"])
    assert said == AFTER_TOOLS.text


def _as_the_plugin_collects(chunks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Its rule: an id begins a call, and a delta without one belongs to the last call that began."""
    calls: list[dict[str, Any]] = []
    for delta in (choice["delta"] for chunk in chunks for choice in chunk["choices"]):
        for it in delta.get("tool_calls") or []:
            if it.get("id"):
                function = {"name": it["function"]["name"], "arguments": ""}
                calls.append({"id": it["id"], "type": "function", "function": function})
            calls[-1]["function"]["arguments"] += (it.get("function") or {}).get("arguments") or ""
    return calls


@pytest.mark.parametrize("upstream", ["openai", "anthropic"])
def test_the_legacy_function_mode(upstream: str, gateway: Gateway, strict: Strict) -> None:
    history = [
        {"role": "user", "content": "Weather?"},
        {"role": "assistant", "content": "", "function_call": {"name": "weather", "arguments": "{}"}},
        # Its adapter names the call where the dialect wants the function's name.
        {"role": "function", "content": "21", "name": "weather"},
    ]
    body = {"model": f"strict/{upstream}/plain", "stream": False, "functions": [TOOL], "messages": history}
    assert post(gateway, body, INVOKES).status == 200


REFUSALS = {
    "unknown model": (HEADERS, {"model": "gpt-none", "messages": PING}, 404, "model_not_found"),
    "unknown key": (
        HEADERS | {"Authorization": "Bearer wl_unknown_0123456789abcdef"},
        {"model": "sandbox/echo", "messages": PING},
        401,
        "invalid_api_key",
    ),
    "no key": (HEADERS | {"Authorization": ""}, {"model": "sandbox/echo", "messages": PING}, 401, "missing_api_key"),
    "streamed": (HEADERS, {"model": "gpt-none", "stream": True, "messages": PING}, 404, "model_not_found"),
}


@pytest.mark.parametrize(("headers", "body", "status", "code"), list(REFUSALS.values()), ids=list(REFUSALS))
def test_a_refusal_is_a_status_and_one_readable_line(
    headers: dict[str, str], body: dict[str, Any], status: int, code: str, gateway: Gateway
) -> None:
    reply = post(gateway, body, headers)
    assert (reply.status, reply.headers["content-type"]) == (status, "application/json")
    error = reply.json()["error"]
    assert {"message", "type", "param", "code"} <= error.keys()
    assert (error["code"], "\n" in error["message"]) == (code, False)


def test_no_refusal_sends_the_plugin_into_a_fallback(gateway: Gateway) -> None:
    """It asks a second time, in vain, when these words stand in an error's text."""
    text = post(gateway, {"model": "gpt-none", "messages": PING}).body.decode()
    fallbacks = ("Invalid 'max_output_tokens'", "integer_below_min_value", "budget_tokens", "thinking")
    assert not any(word in text for word in fallbacks)

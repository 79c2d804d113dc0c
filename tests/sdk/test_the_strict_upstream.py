"""The strict upstream is an oracle only if it refuses what the vendors refuse."""

from __future__ import annotations

import copy
from typing import Any

import pytest

import rules
from situations import SITUATIONS
from speak_anthropic import body as anthropic_body

PNG = "iVBORw0KGgo="
OPENAI: dict[str, Any] = {
    "model": "plain",
    "messages": [
        {"role": "user", "content": "weather?"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "21"},
    ],
    "tools": [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}],
}
ANTHROPIC: dict[str, Any] = {
    "model": "plain",
    "max_tokens": 2048,
    "messages": [
        {"role": "user", "content": "weather?"},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": rules.signature("hm")},
                {"type": "tool_use", "id": "c1", "name": "weather", "input": {}},
            ],
        },
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "21"}]},
    ],
    "tools": [{"name": "weather", "input_schema": {"type": "object"}}],
    "thinking": {"type": "enabled", "budget_tokens": 1024},
}


def changed(body: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """`body` with the field at `path`, like `messages.0.content`, set."""
    body = copy.deepcopy(body)
    at: Any = body
    *way, last = [int(it) if it.isdigit() else it for it in path.split(".")]
    for step in way:
        at = at[step]
    at[last] = value
    return body


def test_a_good_request_is_taken() -> None:
    assert rules.openai(OPENAI) == []
    assert rules.anthropic(ANTHROPIC) == []


OPENAI_MISTAKES = [
    ("top_k", 5),
    ("messages.0.cache_control", {}),
    ("messages.0.content", []),
    ("messages.0.content", [{"type": "image_url", "image_url": {"url": "data:image/jpeg;base64," + PNG}}]),
    ("messages.1.reasoning_content", "hm"),
    ("messages.1.tool_calls", []),
    ("messages.1.tool_calls.0.id", "x" * 41),
    ("messages.2.tool_call_id", "c2"),
    ("messages.2", {"role": "user", "content": "and?"}),
    ("tools.0.function.name", "what is it"),
    ("tools.0.type", "custom_function"),
    ("tool_choice", {"type": "function", "function": {"name": "other"}}),
    ("stream_options", {"include_usage": True}),
    ("stop", ["a", "b", "c", "d", "e"]),
    ("max_tokens", "5"),
    ("temperature", 3),
    ("response_format", {"type": "json_schema", "json_schema": {"schema": {}}}),
]


@pytest.mark.parametrize(("path", "value"), OPENAI_MISTAKES, ids=[it[0] for it in OPENAI_MISTAKES])
def test_what_openai_refuses_is_refused(path: str, value: Any) -> None:
    assert rules.openai(changed(OPENAI, path, value)) != []


ANTHROPIC_MISTAKES = [
    ("user", "me"),
    ("max_tokens", 0),
    ("max_tokens", 1024),
    ("temperature", 0.5),
    ("stop_sequences", ["\n"]),
    ("system", ""),
    ("messages.0.role", "assistant"),
    ("messages.0.content", [{"type": "text", "text": " "}]),
    ("messages.0.content", [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]),
    ("messages.1.content.0.signature", "forged"),
    ("messages.1.content.0", {"type": "text", "text": "no thought before the call"}),
    ("messages.1.content.1.id", "c 1"),
    ("messages.1.content.1.input", "{}"),
    ("messages.2.content.0.tool_use_id", "c2"),
    ("messages.2.content", [{"type": "text", "text": "21"}]),
    ("tools", []),
    ("tools.0.input_schema", {"type": "array"}),
    ("tool_choice", {"type": "any"}),
]


@pytest.mark.parametrize(("path", "value"), ANTHROPIC_MISTAKES, ids=[it[0] for it in ANTHROPIC_MISTAKES])
def test_what_anthropic_refuses_is_refused(path: str, value: Any) -> None:
    assert rules.anthropic(changed(ANTHROPIC, path, value)) != []


def test_what_a_version_removed_is_taken_by_the_one_before() -> None:
    cold = {**ANTHROPIC, "temperature": 0, "thinking": {"type": "disabled"}}
    assert rules.anthropic(cold) == [".temperature: unknown field (MessageCreateParamsNonStreaming)"]
    assert rules.anthropic(cold, "2023-06-01") == []
    assert rules.anthropic(ANTHROPIC, None) == ["anthropic-version: None is none"]


def test_its_own_answers_are_taken_back() -> None:
    thought = anthropic_body(SITUATIONS["thought-and-called"], {"model": "x"})["content"]
    calls = [block["id"] for block in thought if block["type"] == "tool_use"]
    results = [{"type": "tool_result", "tool_use_id": call, "content": "21"} for call in calls]
    conversation = changed(ANTHROPIC, "messages.1.content", thought)
    assert rules.anthropic(changed(conversation, "messages.2.content", results)) == []

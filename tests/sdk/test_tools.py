"""Tools through all four pairs: offered, forced, forbidden, called one by one or together, and answered."""

from __future__ import annotations

import json
from typing import Any

import pytest

from billing import billed
from clients import Client, Tool
from situations import AFTER_TOOLS, SITUATIONS
from strict import Strict

WEATHER = Tool(
    "weather",
    "The weather of a place – °C.",
    {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1}},
        "required": ["city"],
        "additionalProperties": False,
    },
)
CLOCK = Tool("clock", "The time.", {"type": "object", "properties": {}})
FINISH = {"openai": "tool_calls", "anthropic": "tool_use"}


def wanted(situation: str) -> list[tuple[str, dict[str, Any]]]:
    return [(call.name, json.loads(call.arguments)) for call in SITUATIONS[situation].calls]


def seen(calls: list[tuple[str, str, dict[str, Any]]]) -> list[tuple[str, dict[str, Any]]]:
    return [(name, arguments) for _, name, arguments in calls]


@pytest.mark.parametrize("situation", ["one-call", "two-calls", "bare-call", "said-and-called"])
def test_calls_arrive_whole_and_are_billed(
    client: Client, upstream: str, stream: bool, situation: str, strict: Strict
) -> None:
    alias = f"strict/{upstream}/{situation}"
    answer = client.ask(alias, "Weather?", tools=[WEATHER, CLOCK], stream=stream)
    assert (seen(answer.calls), answer.finish) == (wanted(situation), FINISH[client.name])
    assert answer.text == SITUATIONS[situation].text
    billed(client, answer, alias, SITUATIONS[situation].tokens)
    offered = strict.last.body["tools"]
    if upstream == "openai":
        functions = [it["function"] for it in offered]
        assert [(it["name"], it["description"], it["parameters"]) for it in functions] == _offered()
    else:
        assert [(it["name"], it["description"], it["input_schema"]) for it in offered] == _offered()


def _offered() -> list[tuple[str, str, Any]]:
    return [(it.name, it.description, it.schema) for it in (WEATHER, CLOCK)]


def test_calls_whose_fragments_are_mixed_arrive_one_by_one(client: Client, strict: Strict) -> None:
    answer = client.ask("strict/openai/mixed-calls", "Weather?", tools=[WEATHER], stream=True)
    assert seen(answer.calls) == wanted("mixed-calls")
    # The strict reader has checked already that no call begins before the one before is whole.
    billed(client, answer, "strict/openai/mixed-calls", SITUATIONS["mixed-calls"].tokens)


@pytest.mark.parametrize("situation", ["one-call", "two-calls", "said-and-called"])
def test_results_are_taken_back(client: Client, upstream: str, stream: bool, situation: str, strict: Strict) -> None:
    alias = f"strict/{upstream}/{situation}"
    first = client.ask(alias, "Weather?", tools=[WEATHER], stream=stream)
    results = client.results(*((id, f"21 in {arguments['city']}") for id, _, arguments in first.calls))
    answer = client.ask(alias, "Weather?", client.answered(first), *results, tools=[WEATHER], stream=stream)
    assert (answer.text, answer.calls) == (AFTER_TOOLS.text, [])
    assert _results(strict.last.body) == [f"21 in {arguments['city']}" for _, _, arguments in first.calls]
    billed(client, answer, alias, AFTER_TOOLS.tokens)


def _results(body: dict[str, Any]) -> list[str]:
    last = body["messages"][-1]
    if last["role"] == "tool":
        return [it["content"] for it in body["messages"] if it["role"] == "tool"]
    blocks = [it["content"] for it in last["content"] if it["type"] == "tool_result"]
    return [it if isinstance(it, str) else "".join(part["text"] for part in it) for it in blocks]


CHOICES = {
    "auto": {"openai": "auto", "anthropic": {"type": "auto"}},
    "none": {"openai": "none", "anthropic": {"type": "none"}},
    "required": {"openai": "required", "anthropic": {"type": "any"}},
    "clock": {
        "openai": {"type": "function", "function": {"name": "clock"}},
        "anthropic": {"type": "tool", "name": "clock"},
    },
}


@pytest.mark.parametrize("choice", list(CHOICES))
def test_the_choice_goes_up(client: Client, upstream: str, choice: str, strict: Strict) -> None:
    client.ask(f"strict/{upstream}/bare-call", "Go", tools=[WEATHER, CLOCK], choice=choice)
    assert strict.last.body["tool_choice"] == CHOICES[choice][upstream]


def test_one_call_at_a_time_goes_up(client: Client, upstream: str, strict: Strict) -> None:
    client.ask(f"strict/{upstream}/one-call", "Go", tools=[WEATHER], parallel=False)
    body = strict.last.body
    if upstream == "openai":
        assert body["parallel_tool_calls"] is False
    else:
        assert body["tool_choice"]["disable_parallel_tool_use"] is True


def test_a_failed_tool_and_a_picture_in_a_result_are_taken_back(
    anthropic_client: Client, upstream: str, strict: Strict
) -> None:
    alias = f"strict/{upstream}/two-calls"
    first = anthropic_client.ask(alias, "Weather?", tools=[WEATHER])
    (one, *_), (two, *_) = first.calls
    png = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}
    blocks = [
        {"type": "tool_result", "tool_use_id": one, "is_error": True, "content": "no such city"},
        {"type": "tool_result", "tool_use_id": two, "content": [{"type": "image", "source": png}]},
        {"type": "text", "text": "What now?"},
    ]
    turn = {"role": "user", "content": blocks}
    anthropic_client.ask(alias, "Weather?", anthropic_client.answered(first), turn, tools=[WEATHER])
    raw = strict.last.raw.decode()
    assert "no such city" in raw and "iVBORw0KGgo=" in raw and "What now?" in raw


def test_the_older_functions_are_carried(openai_client: Client, upstream: str, strict: Strict) -> None:
    """Dify's `function_call` mode: `functions`, and results that name a function."""
    functions = [{"name": "weather", "description": "The weather.", "parameters": WEATHER.schema}]
    history = [
        {"role": "assistant", "content": "", "function_call": {"name": "weather", "arguments": '{"city":"Oslo"}'}},
        {"role": "function", "name": "weather", "content": "21"},
    ]
    openai_client.ask(f"strict/{upstream}/plain", "Weather?", *history, functions=functions)
    if upstream == "anthropic":
        call, result = strict.last.body["messages"][1:]
        assert [block["type"] for block in call["content"]] == ["tool_use"]
        assert [block["type"] for block in result["content"]] == ["tool_result"]

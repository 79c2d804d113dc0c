"""Reasoning: shown to clients of either dialect, and its seals given back unchanged."""

from __future__ import annotations

import pytest

from billing import billed
from clients import Client
from rules import signature
from situations import AFTER_TOOLS, SITUATIONS
from strict import Strict
from test_tools import WEATHER

THINKING = {"type": "enabled", "budget_tokens": 2048}


def test_thinking_keeps_its_signature_between_anthropic_ends(
    anthropic_client: Client, stream: bool, strict: Strict
) -> None:
    alias = "strict/anthropic/thought"
    answer = anthropic_client.ask(alias, "Think", thinking=THINKING, stream=stream)
    block = answer.native.content[0]
    assert (block.type, block.thinking) == ("thinking", SITUATIONS["thought"].thinking)
    assert block.signature == signature(SITUATIONS["thought"].thinking)
    billed(anthropic_client, answer, alias, SITUATIONS["thought"].tokens)
    turns = ["Think", anthropic_client.answered(answer), "Again"]
    # The upstream refuses a signature that is not its own.
    anthropic_client.ask(alias, *turns, thinking=THINKING, stream=stream)


def test_redacted_thinking_is_given_back_as_it_came(anthropic_client: Client, stream: bool, strict: Strict) -> None:
    alias = "strict/anthropic/redacted"
    answer = anthropic_client.ask(alias, "Think", thinking=THINKING, stream=stream)
    assert [block.type for block in answer.native.content] == ["redacted_thinking", "text"]
    anthropic_client.ask(alias, "Think", anthropic_client.answered(answer), "Again", thinking=THINKING, stream=stream)


def test_a_tool_loop_with_thinking_goes_on(anthropic_client: Client, stream: bool, strict: Strict) -> None:
    alias = "strict/anthropic/thought-and-called"
    first = anthropic_client.ask(alias, "Weather?", tools=[WEATHER], thinking=THINKING, stream=stream)
    results = anthropic_client.results((first.calls[0][0], "21"))
    turns = ["Weather?", anthropic_client.answered(first), *results]
    answer = anthropic_client.ask(alias, *turns, tools=[WEATHER], thinking=THINKING, stream=stream)
    assert answer.text == AFTER_TOOLS.text


def test_reasoning_is_shown_as_reasoning_content(
    openai_client: Client, upstream: str, stream: bool, strict: Strict
) -> None:
    alias = f"strict/{upstream}/thought"
    answer = openai_client.ask(alias, "Think", stream=stream)
    situation = SITUATIONS["thought"]
    assert (answer.thinking, answer.text, answer.finish) == (situation.thinking, situation.text, "stop")
    assert answer.tokens == situation.tokens
    billed(openai_client, answer, alias, situation.tokens)


def test_reasoning_of_an_openai_upstream_is_a_thinking_block(
    anthropic_client: Client, stream: bool, strict: Strict
) -> None:
    alias = "strict/openai/thought"
    answer = anthropic_client.ask(alias, "Think", stream=stream)
    assert [block.type for block in answer.native.content] == ["thinking", "text"]
    assert (answer.thinking, answer.text) == (SITUATIONS["thought"].thinking, SITUATIONS["thought"].text)
    # Clients send it back; the upstream, which has no field for it, must not get it.
    anthropic_client.ask(alias, "Think", anthropic_client.answered(answer), "Again", stream=stream)
    billed(anthropic_client, answer, alias, SITUATIONS["thought"].tokens)


@pytest.mark.parametrize("effort", ["low", "high"])
def test_an_effort_goes_up_in_the_models_own_words(openai_client: Client, effort: str, strict: Strict) -> None:
    openai_client.ask("strict/openai/reasoner", "Think", reasoning_effort=effort)
    assert strict.last.body["reasoning_effort"] == effort
    openai_client.ask("strict/anthropic/thought", "Think", reasoning_effort=effort, limit=32_000)
    assert strict.last.body["thinking"]["type"] == "enabled"
    openai_client.ask("strict/anthropic/plain", "Think", reasoning_effort=effort)
    assert strict.last.body["thinking"]["type"] == "adaptive"
    assert strict.last.body["output_config"] == {"effort": effort}


def test_a_budget_becomes_an_effort(anthropic_client: Client, strict: Strict) -> None:
    anthropic_client.ask("strict/openai/reasoner", "Think", thinking={"type": "enabled", "budget_tokens": 2000})
    assert strict.last.body["reasoning_effort"] == "low"


def test_an_openai_clients_tool_loop_goes_on_without_the_seal(
    openai_client: Client, stream: bool, strict: Strict
) -> None:
    """The client has no field for the signature, so the loop goes on without thinking, not with a 400."""
    alias = "strict/anthropic/thought-and-called"
    wishes = {"tools": [WEATHER], "reasoning_effort": "high", "limit": 32_000, "stream": stream}
    first = openai_client.ask(alias, "Weather?", **wishes)
    results = openai_client.results((first.calls[0][0], "21"))
    answer = openai_client.ask(alias, "Weather?", openai_client.answered(first), *results, **wishes)
    assert answer.text == AFTER_TOOLS.text

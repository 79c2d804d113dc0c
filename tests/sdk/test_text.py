"""Text through all four pairs: answers, conversations, limits, stop texts and reasons to end."""

from __future__ import annotations

from typing import Any

import pytest

from billing import billed
from clients import Client
from situations import SITUATIONS, TEXT
from strict import Strict

# Why an answer ended, in the words of each client.
FINISH = {
    "plain": {"openai": "stop", "anthropic": "end_turn"},
    "empty": {"openai": "stop", "anthropic": "end_turn"},
    "limited": {"openai": "length", "anthropic": "max_tokens"},
    "refused": {"openai": "content_filter", "anthropic": "refusal"},
}


def test_a_question_is_answered_and_billed(client: Client, upstream: str, stream: bool, strict: Strict) -> None:
    alias = f"strict/{upstream}/plain"
    answer = client.ask(alias, "Hello, 世界", stream=stream)
    assert (answer.text, answer.finish) == (TEXT, FINISH["plain"][client.name])
    assert answer.tokens == SITUATIONS["plain"].tokens
    row = billed(client, answer, alias, SITUATIONS["plain"].tokens)
    assert row["usage_source"] == "provider"
    assert strict.last.body["model"] == "plain"
    assert strict.last.body.get("stream", False) is stream


def test_a_conversation_keeps_its_order(client: Client, upstream: str, stream: bool, strict: Strict) -> None:
    alias = f"strict/{upstream}/plain"
    first = client.ask(alias, "One", system="Be brief.")
    turns = ["One", client.answered(first), "Two", client.answered(first), "Three"]
    answer = client.ask(alias, *turns, system="Be brief.", stream=stream)
    assert answer.text == TEXT
    body = strict.last.body
    said = [(it["role"], _words(it["content"])) for it in body["messages"] if it["role"] != "system"]
    # Anthropic refuses white space at the end of text; nothing else may differ.
    assert said == [("user", "One"), ("assistant", TEXT), ("user", "Two"), ("assistant", TEXT), ("user", "Three")]
    system = body["system"] if upstream == "anthropic" else body["messages"][0]["content"]
    assert _words(system) == "Be brief."


def _words(content: Any) -> str:
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


@pytest.mark.parametrize("situation", ["empty", "limited"])
def test_the_reason_to_end_is_in_the_clients_words(
    client: Client, upstream: str, stream: bool, situation: str, strict: Strict
) -> None:
    alias = f"strict/{upstream}/{situation}"
    answer = client.ask(alias, "Go on", stream=stream, limit=5)
    assert (answer.text, answer.finish) == (SITUATIONS[situation].text, FINISH[situation][client.name])
    body = strict.last.body
    assert body.get("max_tokens", body.get("max_completion_tokens")) == 5
    billed(client, answer, alias, SITUATIONS[situation].tokens)


def test_a_refusal_is_told_from_an_answer(client: Client, upstream: str, stream: bool, strict: Strict) -> None:
    alias = f"strict/{upstream}/refused"
    answer = client.ask(alias, "Something bad", stream=stream)
    assert answer.text == SITUATIONS["refused"].refusal
    if client.name == upstream == "openai":
        # OpenAI itself ends a refusal with `stop`, and the words stand in `refusal`.
        assert (answer.finish, answer.native.refusal) == ("stop", answer.text)
    else:
        assert answer.finish == FINISH["refused"][client.name]
    billed(client, answer, alias, SITUATIONS["refused"].tokens)


def test_stop_texts_go_up_and_the_one_that_was_met_comes_back(
    client: Client, upstream: str, stream: bool, strict: Strict
) -> None:
    alias = f"strict/{upstream}/stopped"
    answer = client.ask(alias, "Count", stream=stream, stop=["three", "END"])
    field = {"openai": "stop", "anthropic": "stop_sequences"}[upstream]
    assert strict.last.body[field] == ["three", "END"]
    assert answer.text == SITUATIONS["stopped"].text
    if client.name == "openai":
        assert answer.finish == "stop"
    elif upstream == "anthropic":
        assert (answer.finish, answer.native.stop_sequence) == ("stop_sequence", "three")
    else:
        # OpenAI does not say whether a stop text ended it.
        assert answer.finish == "end_turn"


@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens"])
def test_either_name_of_the_limit_reaches_any_model(
    openai_client: Client, upstream: str, field: str, strict: Strict
) -> None:
    openai_client.ask(f"strict/{upstream}/plain", "Hi", **{field: 40})
    body = strict.last.body
    assert [body[name] for name in ("max_tokens", "max_completion_tokens") if name in body] == [40]


@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens"])
def test_a_model_that_knows_one_name_gets_that_and_no_less_than_it_takes(
    openai_client: Client, field: str, strict: Strict
) -> None:
    answer = openai_client.ask("strict/openai/reasoner", "ping", **{field: 5})
    assert strict.last.body["max_completion_tokens"] == 16
    assert "max_tokens" not in strict.last.body
    assert "5->16" in answer.headers["x-wayleave-adjusted"]


def test_the_same_dialect_passes_the_clients_own_bytes(client: Client, strict: Strict) -> None:
    alias = f"strict/{client.name}/plain"
    wishes = {"openai": {"temperature": 0.25, "limit": 9}, "anthropic": {"metadata": {"user_id": "u–1"}}}
    client.ask(alias, "Unchanged – ünïcode ✓", **wishes[client.name])
    assert client.tap.sent
    sent = client.tap.sent.read()
    assert strict.last.raw == sent.replace(f'"{alias}"'.encode(), b'"plain"')


def test_what_a_dialect_has_no_word_for_is_named(client: Client, strict: Strict) -> None:
    other = "anthropic" if client.name == "openai" else "openai"
    unknown = {"openai": {"seed": 7}, "anthropic": {"top_k": 3}}[client.name]
    answer = client.ask(f"strict/{other}/plain", "Hi", extra_body=unknown)
    assert next(iter(unknown)) in answer.headers["x-wayleave-lossy"]


def test_sampling_goes_to_anthropic_under_a_version_that_takes_it(openai_client: Client, strict: Strict) -> None:
    """Since 2026-10-21 Anthropic refuses `temperature`, whatever its value."""
    openai_client.ask("strict/anthropic/plain", "Hi", temperature=0.25)
    assert strict.last.body["temperature"] == 0.25
    assert strict.last.headers["anthropic-version"] == "2023-06-01"


def test_an_anthropic_clients_version_travels(anthropic_client: Client, strict: Strict) -> None:
    anthropic_client.ask("strict/anthropic/plain", "Hi")
    assert anthropic_client.tap.sent
    assert strict.last.headers["anthropic-version"] == anthropic_client.tap.sent.headers["anthropic-version"]

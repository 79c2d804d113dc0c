"""Tokens as clients are told them, as they are recorded, and what they cost."""

from __future__ import annotations

import pytest

from billing import billed
from clients import Client
from situations import SITUATIONS, Tokens
from strict import Strict


@pytest.mark.parametrize("situation", ["cached", "written"])
def test_cached_tokens_are_part_of_the_prompt(
    client: Client, upstream: str, stream: bool, situation: str, strict: Strict
) -> None:
    alias = f"strict/{upstream}/{situation}"
    answer = client.ask(alias, "Long prompt", stream=stream)
    tokens = SITUATIONS[situation].tokens
    assert answer.tokens == tokens
    billed(client, answer, alias, tokens)


def test_reasoning_tokens_are_part_of_the_answer(client: Client, upstream: str, stream: bool, strict: Strict) -> None:
    alias = f"strict/{upstream}/reasoner"
    answer = client.ask(alias, "Think", stream=stream)
    assert answer.tokens == SITUATIONS["reasoner"].tokens
    billed(client, answer, alias, SITUATIONS["reasoner"].tokens)


def test_a_stream_without_include_usage_shows_none_and_is_billed(
    openai_client: Client, upstream: str, strict: Strict
) -> None:
    alias = f"strict/{upstream}/plain"
    answer = openai_client.ask(alias, "Hi", stream=True, stream_options={"include_usage": False})
    assert answer.tokens is None
    assert all(frame["choices"] and not frame.get("usage") for frame in answer.frames)
    billed(openai_client, answer, alias, SITUATIONS["plain"].tokens)


def test_a_price_is_exact_to_the_nano(openai_client: Client, strict: Strict) -> None:
    answer = openai_client.ask("strict/openai/written", "Hi")
    row = openai_client.gateway.row(answer.request_id)
    # 200 × $3 + 100 × $0.30 + 700 × $3.75 + 7 × $15, per million.
    assert row["cost_nanos"] == 600_000 + 30_000 + 2_625_000 + 105_000
    assert Tokens(input=1_000, output=7, cached=100, written=700).nanos() == row["cost_nanos"]


def test_the_list_is_filtered_and_newest_first(openai_client: Client, strict: Strict) -> None:
    ids = [openai_client.ask("strict/openai/limited", "Hi").request_id for _ in range(2)]
    openai_client.gateway.row(ids[-1])
    rows = openai_client.gateway.command("usage", "--alias", "strict/openai/limited", "--key", "sdk", "--since", "5m")
    assert [row["request_id"] for row in rows[:2]] == ids[::-1]
    assert openai_client.gateway.command("usage", "--key", "scoped", "--alias", "strict/openai/limited") == []


def test_a_stream_that_its_client_leaves_is_recorded(openai_client: Client) -> None:
    chunks = openai_client.sdk.chat.completions.create(
        model="sandbox/slow", messages=[{"role": "user", "content": "a long story"}], stream=True
    )
    request_id = chunks.response.headers["x-request-id"]
    next(iter(chunks))
    chunks.close()
    row = openai_client.gateway.row(request_id)
    # The head that it got said 200.
    assert (row["stream_end"], row["status"]) == ("client_gone", 200)

"""Clients that wait: heartbeats in their streams, and many streams at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import anthropic
import openai
import pytest

import setup_file
from clients import CLIENT_CLASSES, Client
from gateway import Gateway
from situations import TEXT
from strict import Strict
from test_errors import refused, told

BEATS = {"openai": b": ping\n\n", "anthropic": b'event: ping\ndata: {"type": "ping"}\n\n'}
AT_ONCE = 24


@pytest.fixture(scope="module")
def restless(start: Callable[..., Gateway]) -> Gateway:
    """A gateway whose heart beats five times a second."""
    keys = [{"name": "sdk", "secret": setup_file.KEY, "owner": "platform", "environment": "test"}]
    return start({"version": 1, "workspace": "main", "keys": keys}, "--heartbeat-ms", "200")


@pytest.mark.parametrize("client_class", CLIENT_CLASSES, ids=lambda it: f"{it.name} client")
def test_heartbeats_fill_silence_and_no_client_minds(client_class: type[Client], restless: Gateway) -> None:
    client = client_class(restless)
    answer = client.ask("sandbox/slow", "hi", stream=True, limit=4)
    assert answer.text.startswith("This is the")
    # Two seconds until the first token.
    assert client.tap.body.count(BEATS[client.name]) >= 5


@pytest.mark.parametrize("client_class", CLIENT_CLASSES, ids=lambda it: f"{it.name} client")
def test_an_error_after_heartbeats_is_an_error(client_class: type[Client], restless: Gateway) -> None:
    client = client_class(restless)
    error = refused(client, "sandbox/echo", "#sandbox status=429 first_ms=700#", stream=True)
    assert client.tap.body.count(BEATS[client.name]) >= 2
    assert told(error)["code"] == "upstream_rate_limited"


def test_many_streams_at_once_are_each_whole(gateway: Gateway, strict: Strict) -> None:
    async def chat(client: openai.AsyncOpenAI, upstream: str) -> str:
        messages = [{"role": "user", "content": "Hi"}]
        chunks = await client.chat.completions.create(
            model=f"strict/{upstream}/plain",
            messages=messages,  # type: ignore[arg-type]
            stream=True,
        )
        return "".join([chunk.choices[0].delta.content or "" async for chunk in chunks])

    async def message(client: anthropic.AsyncAnthropic, upstream: str) -> str:
        asked = client.messages.stream(
            model=f"strict/{upstream}/plain", max_tokens=9, messages=[{"role": "user", "content": "Hi"}]
        )
        async with asked as events:
            return "".join([text async for text in events.text_stream])

    async def all_of_them() -> list[str]:
        chats = openai.AsyncOpenAI(base_url=f"{gateway.url}/v1", api_key=setup_file.KEY, max_retries=0)
        messages = anthropic.AsyncAnthropic(base_url=gateway.url, api_key=setup_file.KEY, max_retries=0)
        async with chats, messages:
            asked = [it for n in range(AT_ONCE) for it in (chat(chats, _upstream(n)), message(messages, _upstream(n)))]
            return await asyncio.gather(*asked)

    assert set(asyncio.run(all_of_them())) == {TEXT}


def _upstream(n: int) -> str:
    return setup_file.UPSTREAMS[n % 2]

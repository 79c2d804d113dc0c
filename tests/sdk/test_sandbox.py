"""The sandbox's models do what their names say, through both SDKs."""

from __future__ import annotations

import json
import time
from typing import Any

import anthropic
import openai
import pytest

from clients import Client, Image
from test_errors import refused, told
from test_media import PNG, SCHEMA, URL
from test_tools import CLOCK, WEATHER

HONEST = "This is the Wayleave sandbox; no model was called."


def recorded(client: Client, request_id: str, **expected: Any) -> None:
    row = client.gateway.row(request_id)
    assert {key: row[key] for key in expected} == expected
    assert (row["provider"], row["cost_nanos"]) == ("sandbox", 0)


def test_echo_repeats_and_says_what_it_is(client: Client, stream: bool) -> None:
    answer = client.ask("sandbox/echo", "Hello, 世界 🌤", stream=stream)
    assert answer.text == f"{HONEST} You said: Hello, 世界 🌤"
    assert answer.tokens and answer.tokens.output > 10
    tokens = {"input_tokens": answer.tokens.input, "output_tokens": answer.tokens.output}
    recorded(client, answer.request_id, status=200, stream_end="done", model="echo", **tokens)


def test_slow_takes_its_time(openai_client: Client) -> None:
    started = time.monotonic()
    answer = openai_client.ask("sandbox/slow", "hi", stream=True, limit=3)
    assert 2.0 <= time.monotonic() - started < 10
    row = openai_client.gateway.row(answer.request_id)
    assert row["first_token_ms"] >= 1_900


def test_tools_calls_what_it_is_offered(client: Client, stream: bool) -> None:
    answer = client.ask("sandbox/tools", "in parallel, please", tools=[WEATHER, CLOCK], stream=stream)
    assert [name for _, name, _ in answer.calls] == ["weather", "clock"]
    results = client.results(*((id, "21 degrees") for id, _, _ in answer.calls))
    turns = ["in parallel, please", client.answered(answer), *results]
    again = client.ask("sandbox/tools", *turns, tools=[WEATHER, CLOCK], stream=stream)
    assert "21 degrees" in again.text


def test_any_model_calls_a_tool_when_it_must(client: Client, stream: bool) -> None:
    answer = client.ask("sandbox/echo", "hi", tools=[WEATHER, CLOCK], choice="clock", stream=stream)
    assert [name for _, name, _ in answer.calls] == ["clock"]


def test_json_fits_the_schema(client: Client, stream: bool) -> None:
    answer = client.ask("sandbox/json", "hi", schema=SCHEMA, stream=stream)
    found = json.loads(answer.text)
    assert found.keys() == {"city", "degrees"}
    assert (type(found["city"]), type(found["degrees"])) == (str, int)


def test_reasoning_reasons_first(client: Client, stream: bool) -> None:
    answer = client.ask("sandbox/reasoning", "hi", stream=stream)
    assert answer.thinking and answer.text.startswith(HONEST)
    assert answer.tokens and answer.tokens.reasoning > 0
    recorded(client, answer.request_id, reasoning_tokens=answer.tokens.reasoning)


def test_vision_says_what_it_got(client: Client, stream: bool) -> None:
    pictures = [Image(mime="image/png", base64=PNG), Image(url=URL)]
    answer = client.ask("sandbox/vision", client.user("?", *pictures), stream=stream)
    assert answer.text == "This is the Wayleave sandbox. I got 2 images: image/png, by address."


def test_long_is_long_and_empty_is_empty(client: Client, stream: bool) -> None:
    answer = client.ask("sandbox/empty", "hi", stream=stream)
    assert (answer.text, answer.tokens and answer.tokens.output) == ("", 0)
    answer = client.ask("sandbox/long", "hi", limit=500)
    assert answer.tokens and answer.tokens.output == 500


def test_refusal_refuses(client: Client, stream: bool) -> None:
    answer = client.ask("sandbox/refusal", "hi", stream=stream)
    assert "sandbox" in answer.text
    assert answer.finish == {"openai": "stop", "anthropic": "refusal"}[client.name]


ERRORS = {
    "error-400": (400, openai.BadRequestError, anthropic.BadRequestError),
    "error-401": (502, openai.InternalServerError, anthropic.InternalServerError),
    "error-404": (502, openai.InternalServerError, anthropic.InternalServerError),
    "error-429": (429, openai.RateLimitError, anthropic.RateLimitError),
    "error-500": (502, openai.InternalServerError, anthropic.InternalServerError),
    "error-503": (503, openai.InternalServerError, anthropic.InternalServerError),
}


@pytest.mark.parametrize("model", list(ERRORS))
def test_errors_are_those_of_a_provider(client: Client, stream: bool, model: str) -> None:
    status, *kinds = ERRORS[model]
    error = refused(client, f"sandbox/{model}", stream=stream)
    assert error.status_code == status
    assert isinstance(error, tuple(kinds))
    if model == "error-429":
        assert error.response.headers["retry-after"] == "1"
    recorded(client, error.request_id, status=status)


def test_a_prompt_may_ask_for_an_error_that_hurts_nobody(client: Client) -> None:
    error = refused(client, "sandbox/echo", "#sandbox status=429#")
    assert (error.status_code, told(error)["provider_status"]) == (429, 429)
    assert client.ask("sandbox/echo", "still there?").text.endswith("still there?")


@pytest.mark.parametrize("model", ["error-stream", "cut"])
def test_a_stream_that_breaks_raises(client: Client, model: str) -> None:
    error = refused(client, f"sandbox/{model}", stream=True)
    assert "message_stop" not in client.tap.body.decode() and "[DONE]" not in client.tap.body.decode()
    assert "sandbox" in str(error).lower() or model == "cut"


@pytest.mark.parametrize("model", ["silent", "hang"])
def test_silence_is_the_clients_to_end(openai_client: Client, model: str) -> None:
    with pytest.raises(openai.APITimeoutError):
        openai_client.ask(f"sandbox/{model}", "hi", stream=True, timeout=0.5)

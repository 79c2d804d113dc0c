"""All four pairs against an upstream written by others: @copilotkit/aimock, in its OpenAI and Anthropic modes."""

from __future__ import annotations

import json
from typing import Any

import anthropic
import openai
import pytest

from aimock import Aimock
from billing import billed
from clients import Client, Image
from setup_file import HALVED, PLAIN
from situations import Tokens
from test_errors import refused, told
from test_media import PNG, SCHEMA
from test_tools import CLOCK, WEATHER

TOKENS = Tokens(input=31, output=9)


def alias(upstream: str) -> str:
    return f"aimock/{upstream}"


def test_text(client: Client, upstream: str, stream: bool, aimock: Aimock) -> None:
    answer = client.ask(alias(upstream), "say hello", system="Be kind.", stream=stream)
    assert (answer.text, answer.finish) == (PLAIN, {"openai": "stop", "anthropic": "end_turn"}[client.name])
    assert answer.tokens == TOKENS
    billed(client, answer, alias(upstream), TOKENS)
    assert _newest(aimock)["path"] == {"openai": "/v1/chat/completions", "anthropic": "/v1/messages"}[upstream]


def test_a_sign_that_was_cut_in_half_does_not_end_the_answer(client: Client, upstream: str, aimock: Aimock) -> None:
    answer = client.ask(alias(upstream), "what a day", stream=True)
    # Between the same dialects the halves arrive as they were sent; another one has no way to write them.
    kept = [char for char in answer.text if char.isascii()]
    assert "".join(kept) == "".join(char for char in HALVED if char.isascii())


def _newest(aimock: Aimock) -> dict[str, Any]:
    return aimock.journal()[-1]


def test_tools_in_parallel_and_their_results(client: Client, upstream: str, stream: bool, aimock: Aimock) -> None:
    tools = [WEATHER, CLOCK]
    first = client.ask(alias(upstream), "the weather", tools=tools, stream=stream)
    assert [(name, arguments) for _, name, arguments in first.calls] == [
        ("weather", {"city": "Oslo", "days": 3}),
        ("clock", {}),
    ]
    assert first.finish == {"openai": "tool_calls", "anthropic": "tool_use"}[client.name]
    billed(client, first, alias(upstream), TOKENS)
    results = client.results(*((id, f"done: {name}") for id, name, _ in first.calls))
    answer = client.ask(
        alias(upstream), "the weather", client.answered(first), *results, tools=tools, stream=stream
    )
    assert answer.text == "21 degrees at noon."


def test_pictures(client: Client, upstream: str, stream: bool, aimock: Aimock) -> None:
    turn = client.user("look at this", Image(mime="image/png", base64=PNG))
    answer = client.ask(alias(upstream), turn, stream=stream)
    assert answer.text == "A picture."
    if upstream == "openai":
        # Of Anthropic's requests the journal keeps the text only.
        assert PNG in json.dumps(_newest(aimock))


def test_reasoning(client: Client, upstream: str, stream: bool, aimock: Aimock) -> None:
    answer = client.ask(alias(upstream), "reason about it", stream=stream)
    assert (answer.thinking, answer.text) == ("Step one, then two.", "Done.")


@pytest.mark.parametrize("form", ["json_schema", "json_object"])
def test_json(openai_client: Client, form: str, stream: bool, aimock: Aimock) -> None:
    wishes: dict[str, Any] = {"schema": SCHEMA} if form == "json_schema" else {"response_format": {"type": form}}
    answer = openai_client.ask(alias("openai"), "as json", stream=stream, **wishes)
    assert json.loads(answer.text) == {"city": "Oslo", "degrees": 21}


def test_a_refused_request(client: Client, upstream: str, stream: bool, aimock: Aimock) -> None:
    error = refused(client, alias(upstream), "not like this", stream=stream)
    assert isinstance(error, (openai.BadRequestError, anthropic.BadRequestError))
    assert "No such thing." in told(error)["message"]


def test_a_stream_that_is_cut(client: Client, upstream: str, aimock: Aimock) -> None:
    error = refused(client, alias(upstream), "cut me off", stream=True)
    assert "message_stop" not in client.tap.body.decode() and "[DONE]" not in client.tap.body.decode()
    assert isinstance(error, (openai.APIError, anthropic.APIError))

"""Responses that the gateway keeps for its clients, because the upstream keeps none: openai-python's own way of going on."""

from __future__ import annotations

from collections.abc import Callable

import openai
import pytest

import setup_file
from gateway import Gateway
from situations import AFTER_TOOLS, SITUATIONS
from strict import Strict

WEATHER = {
    "type": "function",
    "name": "weather",
    "description": "The weather of a place",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}},
    "strict": False,
}


@pytest.fixture(scope="module")
def sdk(start: Callable[..., Gateway], strict_server: Strict) -> openai.OpenAI:
    setup = setup_file.everything(strict_server.url, strict_server.url) | {"settings": {"keep_responses": {"days": 1}}}
    return openai.OpenAI(base_url=f"{start(setup).url}/v1", api_key=setup_file.KEY, max_retries=0, timeout=30)


def test_a_conversation_goes_on_from_a_response(sdk: openai.OpenAI, upstream: str, strict: Strict) -> None:
    model = f"strict/{upstream}/plain"
    first = sdk.responses.create(model=model, input="Hello", metadata={"who": "suite"})
    assert (first.output_text, first.status, first.store) == (SITUATIONS["plain"].text, "completed", True)
    second = sdk.responses.create(model=model, input="Again", previous_response_id=first.id)
    assert second.previous_response_id == first.id
    third = sdk.responses.create(model=model, input="And again", previous_response_id=second.id, store=False)
    assert (third.output_text, third.store) == (SITUATIONS["plain"].text, False)
    with pytest.raises(openai.NotFoundError) as raised:
        sdk.responses.create(model=model, input="?", previous_response_id=third.id)
    assert (raised.value.code, raised.value.param) == ("previous_response_not_found", "previous_response_id")


def test_a_kept_response_is_retrieved_listed_and_deleted(sdk: openai.OpenAI, strict: Strict) -> None:
    made = sdk.responses.create(
        model="strict/openai/plain",
        input=[{"role": "user", "content": f"Line {n}"} for n in range(5)],
        instructions="Be short.",
        metadata={"who": "suite"},
    )
    read = sdk.responses.retrieve(made.id)
    assert read.model_dump() == made.model_dump()
    assert (read.instructions, read.metadata) == ("Be short.", {"who": "suite"})
    listed = list(sdk.responses.input_items.list(made.id, limit=2, order="asc"))
    assert [item.content[0].text for item in listed] == [f"Line {n}" for n in range(5)]
    newest = sdk.responses.input_items.list(made.id, limit=1).data[0]
    assert newest.id == listed[-1].id
    with pytest.raises(openai.BadRequestError):
        sdk.responses.cancel(made.id)
    sdk.responses.delete(made.id)
    with pytest.raises(openai.NotFoundError):
        sdk.responses.retrieve(made.id)


def test_a_stream_names_the_response_that_is_kept(sdk: openai.OpenAI, upstream: str, strict: Strict) -> None:
    model = f"strict/{upstream}/plain"
    with sdk.responses.stream(model=model, input="Hello") as events:
        created = next(iter(events))
        final = events.get_final_response()
    assert created.type == "response.created" and created.response.store
    assert (created.response.id, final.store) == (final.id, True)
    assert sdk.responses.retrieve(final.id).output_text == SITUATIONS["plain"].text
    with sdk.responses.stream(model=model, input="Again", previous_response_id=final.id) as events:
        assert events.get_final_response().output_text == SITUATIONS["plain"].text


def test_a_tool_loop_with_thinking_goes_on_from_a_response(sdk: openai.OpenAI, strict: Strict) -> None:
    model = "strict/anthropic/thought-and-called"
    wishes = {"tools": [WEATHER], "reasoning": {"effort": "low", "summary": "auto"}, "max_output_tokens": 8000}
    first = sdk.responses.create(model=model, input="Weather?", **wishes)
    call = next(item for item in first.output if item.type == "function_call")
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "21"}
    # The upstream refuses a call without the thought before it, and a signature that is not its own.
    second = sdk.responses.create(model=model, input=[result], previous_response_id=first.id, **wishes)
    assert second.output_text == AFTER_TOOLS.text


def test_items_are_named_instead_of_sent_again(sdk: openai.OpenAI, upstream: str, strict: Strict) -> None:
    model = f"strict/{upstream}/thought"
    first = sdk.responses.create(model=model, input="Think", reasoning={"effort": "low"}, max_output_tokens=8000)
    said = sdk.responses.input_items.list(first.id).data
    named = [{"type": "item_reference", "id": item.id} for item in [*said, *first.output]]
    again = [*named, {"role": "user", "content": "Again"}]
    second = sdk.responses.create(model=model, input=again, reasoning={"effort": "low"}, max_output_tokens=8000)
    assert second.output_text == SITUATIONS["thought"].text
    with pytest.raises(openai.BadRequestError) as raised:
        sdk.responses.create(model=model, input=[{"type": "item_reference", "id": "msg_unknown"}])
    assert raised.value.code == "unsupported_parameter"

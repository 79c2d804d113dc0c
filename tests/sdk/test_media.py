"""Pictures and structured output through all four pairs."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from billing import billed
from clients import Client, Image
from situations import JSON, SITUATIONS
from strict import Strict

# The smallest PNG and JPEG heads: what a picture is, is read from them.
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(40)).decode()
JPEG = base64.b64encode(b"\xff\xd8\xff\xe0" + bytes(40)).decode()
URL = "https://example.com/cat.png?size=1&x=ä"
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "degrees": {"type": "integer"}},
    "required": ["city", "degrees"],
    "additionalProperties": False,
}


def test_pictures_go_up_in_either_form(client: Client, upstream: str, stream: bool, strict: Strict) -> None:
    alias = f"strict/{upstream}/plain"
    pictures = [Image(mime="image/png", base64=PNG), Image(url=URL), Image(mime="image/jpeg", base64=JPEG)]
    answer = client.ask(alias, client.user("What is it?", *pictures), stream=stream)
    parts = strict.last.body["messages"][0]["content"]
    if upstream == "openai":
        found = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
        assert found == [f"data:image/png;base64,{PNG}", URL, f"data:image/jpeg;base64,{JPEG}"]
    else:
        assert [part["source"] for part in parts if part["type"] == "image"] == [
            {"type": "base64", "media_type": "image/png", "data": PNG},
            {"type": "url", "url": URL},
            {"type": "base64", "media_type": "image/jpeg", "data": JPEG},
        ]
    assert [part["text"] for part in parts if part["type"] == "text"] == ["What is it?"]
    billed(client, answer, alias, SITUATIONS["plain"].tokens)


def test_a_picture_under_a_wrong_type_reaches_anthropic_under_its_own(openai_client: Client, strict: Strict) -> None:
    openai_client.ask("strict/anthropic/plain", openai_client.user("?", Image(mime="image/jpg", base64=PNG)))
    [picture] = [it for it in strict.last.body["messages"][0]["content"] if it["type"] == "image"]
    assert picture["source"]["media_type"] == "image/png"


@pytest.mark.parametrize("model", ["json", "schema"], ids=["model unknown", "model known to take schemas"])
def test_an_answer_fits_its_schema(client: Client, upstream: str, stream: bool, model: str, strict: Strict) -> None:
    alias = f"strict/{upstream}/{model}"
    answer = client.ask(alias, "Where?", schema=SCHEMA, stream=stream)
    assert json.loads(answer.text) == json.loads(JSON)
    assert answer.calls == []
    assert answer.finish == {"openai": "stop", "anthropic": "end_turn"}[client.name]
    body = strict.last.body
    if upstream == "openai":
        assert body["response_format"]["json_schema"]["schema"] == SCHEMA
    elif client.name == "anthropic" or model == "schema":
        assert body["output_config"]["format"] == {"type": "json_schema", "schema": SCHEMA}
    else:
        # Not known to take a schema: it is made to call a tool whose input is the answer.
        assert body["tools"][0]["input_schema"] == SCHEMA and body["tool_choice"]["type"] == "tool"
    billed(client, answer, alias, SITUATIONS[model].tokens)


class Place(BaseModel):
    """What SDKs parse an answer into."""

    model_config = ConfigDict(extra="forbid")

    city: str
    degrees: int


def test_the_sdks_parse_answers_into_types(client: Client, upstream: str, strict: Strict) -> None:
    question: dict[str, Any] = {"model": f"strict/{upstream}/schema", "messages": [{"role": "user", "content": "?"}]}
    if client.name == "openai":
        parsed = client.sdk.chat.completions.parse(**question, response_format=Place).choices[0].message.parsed
    else:
        parsed = client.sdk.messages.parse(**question, max_tokens=99, output_format=Place).parsed_output
    assert parsed == Place(city="Oslo", degrees=21)


def test_a_bare_schema_is_wrapped(openai_client: Client, upstream: str, strict: Strict) -> None:
    """People paste a schema where the dialect wants `{"name", "schema"}`; Dify sends it as it is."""
    form = {"type": "json_schema", "json_schema": SCHEMA}
    answer = openai_client.ask(f"strict/{upstream}/schema", "Where?", response_format=form)
    assert json.loads(answer.text) == json.loads(JSON)


def test_any_json_object_can_be_asked_for(openai_client: Client, upstream: str, stream: bool, strict: Strict) -> None:
    form = {"type": "json_object"}
    answer = openai_client.ask(f"strict/{upstream}/json", "JSON, please", response_format=form, stream=stream)
    assert (json.loads(answer.text), answer.calls) == (json.loads(JSON), [])

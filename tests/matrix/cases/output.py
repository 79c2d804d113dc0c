"""The shape of the answer, and what comes with it."""

from __future__ import annotations

from cases.common import OSLO, PLACE, PLACE_SCHEMA, SAID, TEXT, WEATHER, asked, called, plain
from neutral import Answer, Ask, Text, user

JSON = Ask((user("The weather of Oslo, as JSON."),), output="json")

SITUATIONS = [
    asked(
        "json-schema",
        "The answer must fit a schema.",
        plain(output=PLACE_SCHEMA),
        Answer((Text(PLACE),)),
        facts={"json_schema": True},
    ),
    asked(
        "json-schema-unsure",
        "The same, of a model that nobody knows to take schemas: natively or by a tool, never as free text.",
        plain(output=PLACE_SCHEMA),
        Answer((Text(PLACE),)),
    ),
    asked(
        "json-schema-and-tools",
        "The answer must fit a schema, and tools may be called on the way to it.",
        Ask((user("What is the weather?"),), (WEATHER,), output=PLACE_SCHEMA),
        called(OSLO),
        facts={"json_schema": True},
    ),
    asked("json-object", "The answer must be a JSON object.", JSON, Answer((Text(PLACE),))),
    asked(
        "citations",
        "The answer names what it rests on.",
        plain(),
        Answer((Text(TEXT),), citations=("https://example.com/a", "https://example.com/b")),
    ),
    asked("logprobs", "Probabilities of tokens.", plain(logprobs=2), Answer(SAID.parts, logprobs=True)),
    asked("choices-two", "Two answers are asked for.", plain(choices=2), Answer(SAID.parts, others=("Another.",))),
]

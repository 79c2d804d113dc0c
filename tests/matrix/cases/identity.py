"""Who asks, in which class of service, and what is cached for them."""

from __future__ import annotations

from dataclasses import replace

from cases.common import OSLO, SAID, WEATHER, WEATHER_SCHEMA, asked, called, plain
from neutral import Answer, Ask, Text, Tool, assistant, result, system, user
from situations import Tokens

CACHED_RESULT = result(OSLO.id, "21 degrees", cached=True)

SITUATIONS = [
    asked("end-user", "The client's name for its end user.", plain(end_user="user-7f3a")),
    asked("safety-identifier", "The same under OpenAI's newer name.", plain(end_user="user-7f3a", newer_end_user=True)),
    asked("unknown-field", "A field that no vendor documents.", plain(unknown="matrix")),
    asked("metadata", "Labels for the vendor to keep.", plain(metadata={"team": "blue", "run": "12"})),
    asked("service-tier", "A class of latency.", plain(tier="priority")),
    asked("cache-key", "What a prompt cache goes by.", plain(cache_key="session-9")),
    asked(
        "cache-markers",
        "Marks that say how far a prompt is to be cached.",
        Ask((system(Text("A long manual.", cached=True)), user(Text("A long question.", cached=True), "Well?"))),
        Answer(SAID.parts, tokens=Tokens(input=1_000, output=7, written=700)),
    ),
    asked(
        "cache-marker-on-tool",
        "The same on a tool.",
        Ask((user("Well?"),), (Tool("weather", "The weather.", WEATHER_SCHEMA, cached=True),)),
        called(OSLO),
    ),
    asked(
        "cache-marker-in-loop",
        "The same on a call and on its result, as coding agents set it.",
        Ask(
            (user("What is the weather?"), assistant(replace(OSLO, cached=True)), user(CACHED_RESULT)),
            (WEATHER,),
        ),
    ),
    asked(
        "cached-usage",
        "What came from the cache is counted apart.",
        plain(),
        Answer(SAID.parts, tokens=Tokens(1_000, 7, 900)),
    ),
    asked(
        "cached-and-written-usage",
        "What went into the cache too.",
        plain(),
        Answer(SAID.parts, tokens=Tokens(input=1_000, output=7, cached=100, written=700)),
    ),
]

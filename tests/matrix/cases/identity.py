"""Who asks, in which class of service, and what is cached for them."""

from __future__ import annotations

from cases.common import WEATHER_SCHEMA, asked, called, OSLO, plain, SAID
from neutral import Answer, Ask, Text, Tool, system, user
from situations import Tokens

SITUATIONS = [
    asked("end-user", "The client's name for its end user.", plain(end_user="user-7f3a")),
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

"""Why answers end, and their usage."""

from __future__ import annotations

from cases.common import SAID, asked, plain, with_tools, OSLO
from neutral import Answer, Refusal, Text
from situations import Tokens

SITUATIONS = [
    asked(
        "length", "The limit cut the answer.", plain(limit=300), Answer((Text("The first of many"),), finish="length")
    ),
    asked(
        "length-in-call",
        "The limit cut the answer after a call.",
        with_tools(limit=300),
        Answer((OSLO,), finish="length"),
    ),
    asked("refusal", "The model refuses.", plain(), Answer((Refusal("I cannot help with that."),), finish="refused")),
    asked("filtered", "A filter cut the answer.", plain(), Answer((Text("So the first"),), finish="refused")),
    asked(
        "filtered-empty",
        "A filter left nothing.",
        plain(),
        Answer((Text(""),), finish="refused", tokens=Tokens(output=0)),
    ),
    asked("usage-unasked", "A stream whose client does not ask for usage.", plain(usage=False), SAID),
]

"""The vendor refuses, or breaks off."""

from __future__ import annotations

from cases.common import TEXT, asked, plain
from neutral import Answer, Fails, Text

SITUATIONS = [
    asked(
        "error-400",
        "The caller's own mistake.",
        plain(),
        Fails(400, "messages.0: something is wrong with it"),
        restful=True,
    ),
    asked("error-401", "The gateway's own credential is refused.", plain(), Fails(401, "Bad key."), restful=True),
    asked("error-404", "The vendor does not have the model.", plain(), Fails(404, "No such model."), restful=True),
    asked("error-429", "Too many.", plain(), Fails(429, "Slow down, please.", (("retry-after", "7"),)), restful=True),
    asked("error-500", "The vendor's own mistake.", plain(), Fails(500, "Internal server error"), restful=True),
    asked("error-503", "The vendor is overloaded.", plain(), Fails(503, "Overloaded"), restful=True),
    asked(
        "stream-error",
        "An error after half of the answer.",
        plain(),
        Answer((Text(TEXT),), breaks="error"),
        restful=True,
    ),
    asked(
        "stream-cut",
        "The connection ends after half of the answer.",
        plain(),
        Answer((Text(TEXT),), breaks="cut"),
        restful=True,
    ),
]

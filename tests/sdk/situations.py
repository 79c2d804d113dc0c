"""The situations that the strict upstream can be in, by the name of the model that is asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Tokens:
    """What an answer consumed. `input` is the whole prompt: cached and written tokens are parts of it."""

    input: int = 20
    output: int = 7
    cached: int = 0
    written: int = 0
    reasoning: int = 0

    def nanos(self) -> int:
        """The cost in billionths of a dollar at `PRICE`."""
        fresh = self.input - self.cached - self.written
        return fresh * 3_000 + self.cached * 300 + self.written * 3_750 + self.output * 15_000


# Dollars per million tokens, as a setup file has them. Reasoning is billed as output.
PRICE = {"input": "3", "cached_input": "0.30", "cache_write": "3.75", "output": "15"}


@dataclass(frozen=True)
class Call:
    """A tool that is called."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class Error:
    """A refusal, in each vendor's words."""

    status: int
    openai_type: str
    openai_code: str | None
    anthropic_type: str
    message: str
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Situation:
    """An answer, or what comes in its place."""

    text: str = ""
    thinking: str = ""
    redacted: bool = False
    calls: tuple[Call, ...] = ()
    refusal: str = ""
    finish: str = "stop"
    stop_text: str | None = None
    tokens: Tokens = Tokens()
    error: Error | None = None
    # In a stream: what happens after half of the text.
    breaks: str = ""
    # OpenAI's dialect only: the fragments of several calls are mixed.
    interleaved: bool = False


TEXT = "Grüße aus dem Tal: 21 °C, 🌤 – and a \"quote\".\nSecond line."
OSLO = Call("call_oslo_1", "weather", '{"city": "Oslo", "days": 3}')
ROME = Call("call_rome_2", "weather", '{"city":"Rome \\"centro\\""}')
CLOCK = Call("call_clock_3", "clock", "{}")
JSON = '{"city":"Oslo","degrees":21}'


def _refuses(status: int, openai: str, code: str | None, anthropic: str, message: str, **headers: str) -> Situation:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Situation(error=Error(status, openai, code, anthropic, message, named))


SITUATIONS: dict[str, Situation] = {
    "plain": Situation(text=TEXT),
    "empty": Situation(text="", tokens=Tokens(output=1)),
    "one-call": Situation(calls=(OSLO,), finish="tools"),
    "said-and-called": Situation(text="Let me look.", calls=(OSLO,), finish="tools"),
    "two-calls": Situation(calls=(OSLO, ROME), finish="tools"),
    "mixed-calls": Situation(calls=(OSLO, ROME), finish="tools", interleaved=True),
    "bare-call": Situation(calls=(CLOCK,), finish="tools"),
    "thought": Situation(
        text=TEXT, thinking="Let me think.\nTwice – 🤔.", tokens=Tokens(output=30, reasoning=23)
    ),
    "thought-and-called": Situation(
        thinking="A tool will know.", calls=(OSLO,), finish="tools", tokens=Tokens(output=30, reasoning=9)
    ),
    "redacted": Situation(text=TEXT, redacted=True),
    "reasoner": Situation(text=TEXT, tokens=Tokens(output=30, reasoning=23)),
    "cached": Situation(text=TEXT, tokens=Tokens(input=1_000, output=7, cached=900)),
    "written": Situation(text=TEXT, tokens=Tokens(input=1_000, output=7, cached=100, written=700)),
    "json": Situation(text=JSON),
    # The same, of a model that is known to be able to be held to a schema.
    "schema": Situation(text=JSON),
    "limited": Situation(text="The first of many", finish="length"),
    "stopped": Situation(text="one two ", finish="stop", stop_text="three"),
    "refused": Situation(refusal="I cannot help with that.", finish="refusal"),
    "error-400": _refuses(
        400, "invalid_request_error", "bad_thing", "invalid_request_error", "messages.0: something is wrong with it"
    ),
    "error-401": _refuses(401, "invalid_request_error", "invalid_api_key", "authentication_error", "invalid x-api-key"),
    "error-404": _refuses(404, "invalid_request_error", "model_not_found", "not_found_error", "model: error-404"),
    "error-429": _refuses(
        429, "requests", "rate_limit_exceeded", "rate_limit_error", "Slow down, please.", retry_after="7"
    ),
    "error-500": _refuses(500, "server_error", None, "api_error", "Internal server error"),
    "error-529": _refuses(529, "server_error", "overloaded", "overloaded_error", "Overloaded"),
    "error-window": _refuses(
        400,
        "invalid_request_error",
        "context_length_exceeded",
        "invalid_request_error",
        "prompt is too long: 300000 tokens > 200000 maximum",
    ),
    "breaks-off": Situation(text=TEXT, breaks="error"),
    "cut-off": Situation(text=TEXT, breaks="cut"),
}

# What follows a tool's result is an answer in words, whatever called.
AFTER_TOOLS = replace(SITUATIONS["plain"], text="It is 21 degrees.")

"""What is said and answered in a situation, in no vendor's words: surfaces and upstreams put it into theirs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from situations import Tokens

Json = Any
# A tool that is called by the name it was given in the request.
GIVEN = "*"
# Between a namespace and a tool of it, where a dialect has only one name for both.
WITHIN = "_-_"


@dataclass(frozen=True)
class Text:
    """Words. `cached`: a prompt-cache mark stands on them."""

    text: str
    cached: bool = False


@dataclass(frozen=True)
class Image:
    """A picture: in base64, or at an address."""

    mime: str = "image/png"
    base64: str = ""
    url: str = ""


@dataclass(frozen=True)
class File:
    """A document: in base64, or at an address."""

    mime: str
    base64: str
    name: str
    url: str = ""


@dataclass(frozen=True)
class Audio:
    """Sound, in base64. `format` as OpenAI names it."""

    format: str
    base64: str


@dataclass(frozen=True)
class Speech:
    """The model speaks: sound, in base64, and what it says."""

    base64: str
    text: str


@dataclass(frozen=True)
class Ran:
    """Code that the vendor ran on the way to the answer, and what it printed."""

    code: str
    output: str


@dataclass(frozen=True)
class Searched:
    """The vendor looked on the web for this on the way to the answer, and what it found."""

    query: str
    pages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Thought:
    """What a model thought, and the proof that it did: each vendor has its own, made from `text` (`seal`)."""

    text: str
    sealed: bool = True


@dataclass(frozen=True)
class Redacted:
    """Thought that may not be seen, only brought back."""

    data: str


@dataclass(frozen=True)
class Call:
    """A tool that is called: `input` is an object, or text where the tool is free-form."""

    id: str
    name: str
    input: Json
    sealed: bool = False
    cached: bool = False


@dataclass(frozen=True)
class Result:
    """What a tool gave back for the call of that id."""

    id: str
    parts: tuple[Part, ...]
    failed: bool = False
    cached: bool = False


@dataclass(frozen=True)
class Refusal:
    """The model refuses, in these words."""

    text: str


Part = Text | Image | File | Audio | Speech | Ran | Searched | Thought | Redacted | Call | Result | Refusal


@dataclass(frozen=True)
class Turn:
    """One turn. Results of tools are parts of a user's turn."""

    role: Literal["system", "developer", "user", "assistant"]
    parts: tuple[Part, ...]
    name: str = ""


@dataclass(frozen=True)
class Answered:
    """In the place of a turn: the answer of an earlier step, as the SDK gives it back."""

    step: int


@dataclass(frozen=True)
class Tool:
    """What may be called. `kind`: with JSON (`function`), free text (`custom`), run by the vendor (`web_search`,
    `code_execution`); or a `namespace`, whose `tools` are called by its name and theirs (`WITHIN` between them)."""

    name: str
    description: str = ""
    schema: Json = None
    kind: Literal["function", "custom", "web_search", "code_execution", "namespace"] = "function"
    strict: bool | None = None
    cached: bool = False
    tools: tuple[Tool, ...] = ()


@dataclass(frozen=True)
class Ask:
    """A request."""

    turns: tuple[Turn | Answered, ...]
    tools: tuple[Tool, ...] = ()
    # auto, none, required, or the name of a tool.
    choice: str | None = None
    parallel: bool | None = None
    # "json", or a schema.
    output: Json = None
    limit: int | None = None
    # The limit goes under its older name, where the dialect has two.
    older_limit: bool = False
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    effort: str | None = None
    budget: int | None = None
    choices: int = 1
    logprobs: int | None = None
    end_user: str | None = None
    # The end user goes under the newer name, where the dialect has two.
    newer_end_user: bool = False
    metadata: dict[str, str] | None = None
    tier: str | None = None
    cache_key: str | None = None
    # The answer is to be spoken, by this voice.
    voice: str | None = None
    # A field that no vendor knows.
    unknown: str | None = None
    # Tools are declared in OpenAI's older form (`functions`), and called and answered in it.
    older_tools: bool = False
    # Whether a streamed answer is to end with its usage, where the dialect has a switch for it.
    usage: bool = True


@dataclass(frozen=True)
class Fails:
    """In an answer's place: the vendor refuses with a status."""

    status: int
    message: str
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Answer:
    """An answer."""

    parts: tuple[Part, ...]
    # stop, length, tools, refused (the model's own word, or a filter's), pause (a long turn is to be gone on with).
    finish: Literal["stop", "length", "tools", "refused", "pause"] = "stop"
    # The stop text that was met.
    stop_text: str = ""
    tokens: Tokens = Tokens()
    # Addresses that the text rests on.
    citations: tuple[str, ...] = ()
    logprobs: bool = False
    # Further answers, where several were asked for.
    others: tuple[str, ...] = ()
    # Deltas of several calls come mixed.
    interleaved: bool = False
    # Text is cut in the middle of signs of several bytes where the wire allows it.
    shredded: bool = False
    # After half of the answer: an error in the stream, or nothing more.
    breaks: Literal["", "error", "cut"] = ""

    @property
    def text(self) -> str:
        """All that is said."""
        return "".join(it.text for it in self.parts if isinstance(it, Text | Refusal))

    @property
    def calls(self) -> list[Call]:
        """The tools that are called."""
        return [it for it in self.parts if isinstance(it, Call)]


@dataclass(frozen=True)
class Step:
    """One request and what the upstream answers."""

    ask: Ask
    answer: Answer | Fails


@dataclass(frozen=True)
class Situation:
    """What a client can be in: its steps, and what the upstream's model is known to do (`facts` of the setup file)."""

    name: str
    about: str
    steps: tuple[Step, ...]
    facts: dict[str, Any] = field(default_factory=dict)
    # The credential or the model rests after it, so nobody else may share them.
    restful: bool = False


def user(*parts: Part | str, name: str = "") -> Turn:
    """A user's turn."""
    return Turn("user", _parts(parts), name)


def assistant(*parts: Part | str, name: str = "") -> Turn:
    """A model's turn."""
    return Turn("assistant", _parts(parts), name)


def system(*parts: Part | str) -> Turn:
    """The operator's words."""
    return Turn("system", _parts(parts))


def developer(*parts: Part | str) -> Turn:
    """The same, in OpenAI's newer word."""
    return Turn("developer", _parts(parts))


def result(call: str, *parts: Part | str, failed: bool = False, cached: bool = False) -> Result:
    """A tool's answer."""
    return Result(call, _parts(parts), failed, cached)


def _parts(parts: tuple[Part | str, ...]) -> tuple[Part, ...]:
    return tuple(Text(it) if isinstance(it, str) else it for it in parts)

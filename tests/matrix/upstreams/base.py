"""What every scripted upstream does: check a request by the vendor's types, read it into a view, answer by script."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from neutral import Answer, Call, Fails, Refusal, Speech, Text, Thought
from view import View

# What the gateway's setup file gives its providers as credentials.
CREDENTIAL = "matrix-credential-0123456789"
CREATED = 1_795_000_000


@dataclass
class Heard:
    """A request as it came."""

    method: str
    # As on the wire, still percent-encoded.
    target: str
    headers: dict[str, str]
    raw: bytes
    body: Any = None

    @property
    def path(self) -> str:
        """The path, decoded."""
        return unquote(self.target.partition("?")[0])

    @property
    def query(self) -> str:
        """What follows the question mark."""
        return self.target.partition("?")[2]


class Upstream(ABC):
    """A vendor."""

    # The column of the matrix.
    name: str
    # What the model's names begin with: some grammars go by them.
    prefix = "model--"
    content_type = "text/event-stream; charset=utf-8"

    @abstractmethod
    def provider(self, url: str) -> dict[str, Any]:
        """Its entry in the setup file, without the name."""

    def facts(self, facts: dict[str, Any]) -> dict[str, Any]:
        """What the setup file says of a model."""
        return facts

    def speaker(self, heard: Heard) -> Upstream:
        """Who reads this request, for vendors that speak two dialects at different paths."""
        return self

    def dialect(self, surface: str) -> str:
        """The upstream whose dialect a client of `surface` meets here."""
        return self.name

    @abstractmethod
    def model(self, heard: Heard) -> str | None:
        """The model that is asked, or `None` where there is no such operation."""

    @abstractmethod
    def streams(self, heard: Heard) -> bool:
        """Whether a stream is asked for."""

    @abstractmethod
    def check(self, heard: Heard) -> list[str]:
        """What the vendor would refuse."""

    @abstractmethod
    def normalise(self, heard: Heard) -> View:
        """What is asked."""

    @abstractmethod
    def whole(self, answer: Answer, heard: Heard) -> Any:
        """An unstreamed answer."""

    @abstractmethod
    def stream(self, answer: Answer, heard: Heard) -> Iterator[bytes]:
        """A streamed one, frame by frame."""

    @abstractmethod
    def error(self, fails: Fails) -> Any:
        """A refusal."""

    def error_headers(self, fails: Fails) -> dict[str, str]:
        """What else says what was wrong."""
        return {}


def pieces(text: str, size: int = 5) -> list[str]:
    """`text` cut small, so that nothing fits into one frame by chance."""
    size = size if len(text) < 300 else 60
    return [text[at : at + size] for at in range(0, len(text), size)]


def half(text: str) -> list[str]:
    """The pieces of the first half."""
    cut = pieces(text)
    return cut[: max(1, len(cut) // 2)]


def said(answer: Answer) -> str:
    """The words that are no refusal."""
    return "".join(it.text for it in answer.parts if isinstance(it, Text))


def refusal(answer: Answer) -> str:
    """The words of a refusal."""
    return "".join(it.text for it in answer.parts if isinstance(it, Refusal))


def thought(answer: Answer) -> str:
    """What was thought."""
    return "".join(it.text for it in answer.parts if isinstance(it, Thought))


def arguments(call: Call) -> str:
    """A call's input as text."""
    return call.input if isinstance(call.input, str) else json.dumps(call.input, ensure_ascii=False)


def frame(data: Any, event: str = "") -> bytes:
    """A server-sent event."""
    head = f"event: {event}\n" if event else ""
    return f"{head}data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


def bearer(heard: Heard) -> list[str]:
    """The credential, as most vendors want it."""
    return header(heard, "authorization", f"Bearer {CREDENTIAL}")


def header(heard: Heard, name: str, value: str) -> list[str]:
    """The credential in a header of that name."""
    got = heard.headers.get(name)
    return [] if got == value else [f"{name}: {got!r}"]


def spoken(answer: Answer) -> Speech | None:
    """What is spoken."""
    return next((it for it in answer.parts if isinstance(it, Speech)), None)


def data_url(url: str) -> list[Any]:
    """A picture as a view has it."""
    if not url.startswith("data:"):
        return ["image", url]
    mime, _, data = url.removeprefix("data:").partition(";base64,")
    return ["image", mime, data]


def wished(view: View, body: dict[str, Any], **names: str) -> None:
    """Copies the fields that mean the same: neutral name = the vendor's."""
    for ours, theirs in names.items():
        if body.get(theirs) is not None:
            view[ours] = body[theirs]

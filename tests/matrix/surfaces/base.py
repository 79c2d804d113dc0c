"""What every client does: put a request into its SDK's terms, ask, and say what it saw."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

from neutral import Answered, Ask, Turn
from view import View


class Unspeakable(Exception):
    """The dialect has no word for it, and no row of `losses.py` says so: the cell has no driver."""


@dataclass
class Seen:
    """What a client saw of one step."""

    view: View
    headers: dict[str, str] = field(default_factory=dict)
    # The SDK's own object: what the client sends back in the next turn.
    native: Any = None
    # The ids of the calls, for the results of them.
    calls: list[str | None] = field(default_factory=list)


class Surface(ABC):
    """A client's dialect, with its official SDK."""

    # The row of the matrix.
    name: str
    # What the upstream of the same dialect is called: there the bytes pass.
    same: tuple[str, ...]

    def __init__(self, url: str, key: str) -> None:
        self.connect(url, key)

    @abstractmethod
    def connect(self, url: str, key: str) -> None:
        """Makes the SDK's client."""

    @abstractmethod
    async def close(self) -> None:
        """Lets its connections go."""

    @abstractmethod
    def render(self, ask: Ask, natives: list[Any]) -> dict[str, Any]:
        """The SDK's arguments. `natives` are the answers of the steps before."""

    @abstractmethod
    async def send(self, model: str, wanted: dict[str, Any], ask: Ask, stream: bool) -> Seen:
        """Asks, and reads the answer. An error of the API is an answer too."""

    async def ask(self, model: str, ask: Ask, natives: list[Any], stream: bool) -> Seen:
        """Both."""
        return await self.send(model, self.render(ask, natives), ask, stream)


def wishes(ask: Ask, **names: str) -> dict[str, Any]:
    """The plain wishes under the dialect's names; what has no name there raises."""
    out: dict[str, Any] = {}
    defaults = Ask(())
    for name in ("limit", "temperature", "top_p", "top_k", "seed", "frequency_penalty", "presence_penalty", "effort",
                 "budget", "logprobs", "end_user", "metadata", "tier", "cache_key", "parallel", "voice", "unknown"):  # fmt: skip
        value = getattr(ask, name)
        if value == getattr(defaults, name):
            continue
        if name not in names:
            raise Unspeakable(name)
        if names[name]:
            out[names[name]] = value
    return out


def turn_parts(turn: Turn | Answered) -> Any:
    """The parts of a turn; an earlier answer has been dealt with."""
    assert isinstance(turn, Turn)
    return turn.parts


def usage(input: int, output: int, **parts: int | None) -> dict[str, int]:
    """Tokens as a view has them."""
    return {"input": input, "output": output} | {name: value for name, value in parts.items() if value}

"""What the scripted model does: it thinks, makes two calls at once, then a third, then says that it is done."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from situations import Call, Situation, Tokens
from tools import FREE_FORM, Offered, WRITERS, patch

CLOSING = "All three files are written – 21 °C, 🌤."
THINKING = "Two of them first. Then the third – 🤔."
# What a request is told that offers no tool of ours: titles, summaries, warm-ups.
ASIDE = "A file or three"
# Names beyond ASCII, quotes of both kinds, what a shell would expand, JSON within JSON.
CONTENTS = {
    "one.txt": 'Grüße aus dem "Tal": 21 °C, 🌤\n',
    "two.txt": "It's $HOME, `id` and \\n, not what they stand for.\n\tsecond line\n",
    "three.txt": json.dumps({"city": "Oslo", "nested": [1, {"degrees": -2.5}], "empty": ""}, indent=1) + "\n",
}
# The files that each of the model's turns writes.
TURNS = (("one.txt", "two.txt"), ("three.txt",))


@dataclass
class Heard:
    """A request of any dialect, as far as the script needs it."""

    tools: list[Offered]
    # Whether the model is to think aloud.
    thinks: bool
    # Whether it seals what it thought, and whether that seal came back.
    seals: bool
    sealed: bool = False
    calls: list[Call] = field(default_factory=list)
    # The calls that results came for; None for one that named none (Gemini's clients may leave ids out).
    results: list[str | None] = field(default_factory=list)


class Script:
    """One conversation. It answers requests in turn and keeps what was wrong with them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.wrong: list[str] = []
        # How often each of the model's turns was asked for; the last is the closing text.
        self.turns = [0] * (len(TURNS) + 1)
        # Of its first turn.
        self.thought = self.sealed = False

    def answer(self, heard: Heard) -> Situation:
        """What the model says to this request."""
        tool = next((it for name in WRITERS for it in heard.tools if it.name == name), None)
        if tool is None:
            return Situation(text=ASIDE, tokens=Tokens(input=900, output=5))
        turn = self._turn(heard, tool)
        self.turns[turn] += 1
        if turn == len(TURNS):
            return Situation(text=CLOSING, tokens=Tokens(input=12_000, output=20, cached=11_000))
        calls = tuple(self._call(name, tool) for name in TURNS[turn])
        asked = Situation(calls=calls, finish="tools", tokens=Tokens(input=10_000, output=90, reasoning=9))
        if turn > 0:
            return asked
        self.thought, self.sealed = heard.thinks, heard.seals
        return Situation(**vars(asked) | {"text": "Two first.", "thinking": THINKING if heard.thinks else ""})

    def _turn(self, heard: Heard, tool: Offered) -> int:
        """How many of the model's turns this history holds. They must be what it said, each call with its result."""
        made: list[tuple[str, Call]] = []
        turn = 0
        while len(made) < len(heard.calls) and turn < len(TURNS):
            made += [(name, self._call(name, tool)) for name in TURNS[turn]]
            turn += 1
        if len(made) != len(heard.calls):
            self.wrong.append(f"{len(heard.calls)} calls in the history: {heard.calls}")
        for (name, was), came in zip(made, heard.calls):
            # Not every dialect has ids.
            if came.id not in ("", was.id) or came.name != was.name or _value(came) != _value(was):
                self.wrong.append(f"{name}: the call was {was}, came back as {came}")
        named = [it for it in heard.results if it is not None]
        if len(heard.results) != len(heard.calls) or (named and named != [was.id for _, was in made]):
            self.wrong.append(f"calls {[was.id for _, was in made]}, results of {heard.results}")
        if turn and self.sealed and not heard.sealed:
            self.wrong.append("the model's thinking did not come back as it was")
        return turn

    def _call(self, name: str, tool: Offered) -> Call:
        """The call that writes this file. Its arguments fit the schema, or the schema was lost on its way."""
        path, text = self.folder / name, CONTENTS[name]
        id = f"call_{name.split('.')[0]}"
        if tool.name in FREE_FORM and tool.schema is None:
            return Call(id, tool.name, patch(name, text))
        properties = (tool.schema or {}).get("properties", {})
        if tool.name in FREE_FORM:
            # Whoever made a function of it chose the name of its one argument.
            arguments: dict[str, Any] = {only: patch(name, text) for only in properties}
            if len(properties) != 1:
                self.wrong.append(f"{tool.name}: one text expected, offered {tool.schema}")
        else:
            arguments = WRITERS[tool.name](path, text)
        missing = set((tool.schema or {}).get("required", [])) - arguments.keys()
        unknown = arguments.keys() - properties.keys()
        if missing or unknown:
            self.wrong.append(f"{tool.name}: its schema lacks {sorted(unknown)}, demands {sorted(missing)}")
        return Call(id, tool.name, json.dumps(arguments, ensure_ascii=False))

    def verdict(self, thinks: bool) -> list[str]:
        """Whatever was wrong with the conversation and its files; empty if nothing was."""
        # A client that tries again makes the same mistake again.
        wrong = list(dict.fromkeys(self.wrong))
        if not all(self.turns):
            wrong.append(f"the model's turns were asked for {self.turns} times")
        if thinks and not self.thought:
            wrong.append("the model was never asked to think")
        for name, text in CONTENTS.items():
            path = self.folder / name
            if not path.exists():
                wrong.append(f"{name} was not written")
            elif path.read_bytes() != text.encode():
                wrong.append(f"{name} holds {path.read_bytes()!r}")
        return wrong


def _value(call: Call) -> Any:
    """Arguments as what they mean: JSON may be written anew, a free text may not."""
    try:
        return json.loads(call.arguments)
    except ValueError:
        return call.arguments

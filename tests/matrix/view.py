"""Views: plain JSON in which a request, or an answer, can be compared across dialects.

A view of a request holds everything that was asked and nothing else, so that a field too many is a difference like a
field too few. Ids of calls are numbered in their order; turns of one speaker that follow each other are one turn.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any

from neutral import (
    Answer,
    Answered,
    Ask,
    Audio,
    Call,
    Fails,
    File,
    Image,
    Ran,
    Redacted,
    Refusal,
    Result,
    Searched,
    Speech,
    Text,
    Thought,
    Tool,
    Turn,
)

View = dict[str, Any]
# What a request may ask beside its turns and tools, under its neutral name.
PLAIN = ("choice", "parallel", "output", "limit", "temperature", "top_p", "top_k", "seed", "frequency_penalty")
PLAIN += ("presence_penalty", "effort", "budget", "logprobs", "end_user", "metadata", "tier", "cache_key", "voice")


def seal(text: str) -> str:
    """The proof that belongs to a thought: base64, as all vendors have it."""
    return base64.b64encode(hashlib.sha256(b"strict:" + text.encode()).digest()).decode()


def canonical(text: str) -> str:
    """JSON text in one spelling, other text as it is."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return json.dumps(value, sort_keys=True, ensure_ascii=False) if isinstance(value, dict | list) else text


class Turns:
    """Collects turns as a normaliser meets them."""

    def __init__(self) -> None:
        self.system: list[str] = []
        self.turns: list[list[Any]] = []
        self.calls: dict[str, int] = {}
        # What vendors are asked to run, by its id, until its result is met.
        self.hosted: dict[str, str] = {}

    def say(self, role: str, part: list[Any]) -> None:
        """One more part of what `role` says."""
        if not self.turns and role in ("system", "developer") and part[0] in ("text", "cache"):
            if part[0] == "text":
                self.system.append(part[1])
            else:
                self.system.append("[cache]")
            return
        role = "system" if role == "developer" else role
        if not self.turns or self.turns[-1][0] != role:
            self.turns.append([role, []])
        self.turns[-1][1].append(part)

    def call(self, id: str, name: str, input: Any) -> None:
        """The model calls a tool."""
        self.calls[id] = len(self.calls)
        self.say("assistant", ["call", self.calls[id], name, input])

    def result(self, id: str, parts: list[list[Any]], failed: bool = False) -> None:
        """What a tool gave back. Empty words are none."""
        self.say("user", ["result", self.number(id), [it for it in parts if it != ["text", ""]], failed])

    def number(self, id: str) -> int | str:
        """The number of a call."""
        return self.calls.get(id, f"unknown call {id}")

    def view(self) -> View:
        """What was collected."""
        out: View = {}
        if self.system:
            out["system"] = squeezed("\n".join(self.system))
        out["turns"] = [[role, _joined(parts)] for role, parts in self.turns]
        return out


def squeezed(text: str) -> str:
    """Several line feeds are one: dialects that have one text for several parts part them in their own way."""
    return re.sub(r"\n+", "\n", text.strip("\n"))


def _joined(parts: list[list[Any]]) -> list[list[Any]]:
    """Results of tools first (strict targets demand it); neighbouring texts as one."""
    out: list[list[Any]] = [it for it in parts if it[0] == "result"]
    out.sort(key=lambda it: str(it[1]))
    for part in (it for it in parts if it[0] != "result"):
        if part[0] == "text" and out and out[-1][0] == "text":
            out[-1] = ["text", squeezed(f"{out[-1][1]}\n{part[1]}")]
        elif part[0] == "text":
            out.append(["text", squeezed(part[1])])
        else:
            out.append(part)
    return out


def of_ask(ask: Ask, answered: list[Answer], stream: bool) -> View:
    """What must reach an upstream that has a word for everything."""
    turns = Turns()
    for turn in ask.turns:
        if isinstance(turn, Answered):
            cited = answered[turn.step].citations
            turn = Turn("assistant", answered[turn.step].parts)
            _say_all(turns, turn, cited)
            continue
        for part in turn.parts:
            _say(turns, turn, part)
    out = turns.view()
    if names := [it.name for it in ask.turns if isinstance(it, Turn) and it.name]:
        out["names"] = names
    if ask.tools:
        out["tools"] = [tool(it) for it in ask.tools]
    for name in PLAIN:
        if (value := getattr(ask, name)) is not None:
            out[name] = value
    if ask.stop:
        out["stop"] = list(ask.stop)
    if ask.choices > 1:
        out["choices"] = ask.choices
    if ask.unknown:
        out["unknown"] = [ask.unknown]
    out["stream"] = stream
    return out


def tool(it: Tool) -> View:
    """A tool."""
    if it.kind in ("web_search", "code_execution"):
        return {"hosted": it.kind}
    if it.kind == "namespace":
        return {"namespace": it.name, "description": it.description, "tools": [tool(inner) for inner in it.tools]}
    out: View = {"kind": it.kind, "name": it.name}
    if it.description:
        out["description"] = it.description
    if it.kind == "function":
        out["schema"] = it.schema
    if it.strict:
        out["strict"] = True
    if it.cached:
        out["cached"] = True
    return out


def _say_all(turns: Turns, turn: Turn, cited: tuple[str, ...]) -> None:
    """An earlier answer: each of its texts with what it cites."""
    for part in turn.parts:
        _say(turns, turn, part)
        if cited and isinstance(part, Text):
            turns.say("assistant", ["cites", list(cited)])


def _say(turns: Turns, turn: Turn, part: Any) -> None:
    match part:
        case Call(id, name, input, sealed):
            if sealed:
                turns.say("assistant", ["seal", seal(name)])
            turns.call(id, name, input)
        case Result(id, parts, failed):
            turns.result(id, [_plain(it) for it in parts], failed)
        case _:
            turns.say(turn.role, _plain(part))
    if getattr(part, "cached", False):
        turns.say(turn.role, ["cache"])


def _plain(part: Any) -> list[Any]:
    match part:
        case Text(text, _):
            return ["text", canonical(text)]
        case Image(mime, data, url):
            return ["image", url] if url else ["image", mime, data]
        case File(mime, data, name, url):
            return ["file", url] if url else ["file", mime, data, name]
        case Audio(format, data):
            return ["audio", format, data]
        case Thought(text, sealed):
            return ["thought", text, seal(text) if sealed else ""]
        case Redacted(data):
            return ["redacted", data]
        case Searched(query):
            return ["searched", query]
        case Ran(code, output):
            return ["ran", code, output]
        case Refusal(text):
            return ["text", text]
    raise TypeError(part)


def of_answer(answer: Answer | Fails) -> View:
    """What a client must see whose dialect has a word for everything."""
    if isinstance(answer, Fails):
        return {"error": answer.status}
    tokens = answer.tokens
    out: View = {"text": answer.text, "finish": answer.finish}
    if thought := "".join(it.text for it in answer.parts if isinstance(it, Thought)):
        out["thought"] = thought
    sealed = [it for it in answer.parts if isinstance(it, Thought | Call) and it.sealed]
    if seals := [seal(it.text if isinstance(it, Thought) else it.name) for it in sealed]:
        out["seals"] = seals
    if redacted := [it.data for it in answer.parts if isinstance(it, Redacted)]:
        out["redacted"] = redacted
    if answer.calls:
        out["calls"] = [[it.name, it.input] for it in answer.calls]
    if ran := [[it.code, it.output] for it in answer.parts if isinstance(it, Ran)]:
        out["ran"] = ran
    if searched := [it.query for it in answer.parts if isinstance(it, Searched)]:
        out["searched"] = searched
    if pictures := [[it.mime, it.base64] for it in answer.parts if isinstance(it, Image)]:
        out["pictures"] = pictures
    if spoken := [[it.text, it.base64] for it in answer.parts if isinstance(it, Speech)]:
        out["spoken"] = spoken
    if answer.citations:
        out["citations"] = list(answer.citations)
    if answer.logprobs:
        out["logprobs"] = True
    if answer.stop_text:
        out["stop_text"] = answer.stop_text
    if answer.others:
        out["others"] = list(answer.others)
    out["tokens"] = {"input": tokens.input, "output": tokens.output}
    for name in ("cached", "written", "reasoning"):
        if value := getattr(tokens, name):
            out["tokens"][name] = value
    if answer.breaks:
        return {"error": "broken"}
    return out


def differences(want: Any, got: Any, path: str = "") -> list[str]:
    """Where two views part, each place on a line."""
    if isinstance(want, dict) and isinstance(got, dict):
        out = []
        for name in [*want, *(it for it in got if it not in want)]:
            here = f"{path}.{name}" if path else name
            if name not in got:
                out.append(f"{here}: missing, wanted {_short(want[name])}")
            elif name not in want:
                out.append(f"{here}: unwanted {_short(got[name])}")
            else:
                out += differences(want[name], got[name], here)
        return out
    if isinstance(want, list) and isinstance(got, list) and len(want) == len(got):
        return [it for at, pair in enumerate(zip(want, got)) for it in differences(*pair, f"{path}[{at}]")]
    if want == got and (isinstance(want, bool) == isinstance(got, bool) or not isinstance(want, int)):
        return []
    return [f"{path}: wanted {_short(want)}, got {_short(got)}"]


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 300 else text[:300] + "…"

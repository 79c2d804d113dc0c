"""The words of the table of losses (`losses.py`): what a row is, and the changes it can make to what is expected.

`unsaid`: the client's dialect cannot ask for it. `unheard`: the upstream's cannot take it. `unanswered`: the upstream's
cannot answer so. `unseen`: the client's cannot show it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from fnmatch import fnmatch
from typing import Any

from neutral import WITHIN, Answer, Ask, Call, Redacted, Refusal, Result, Speech, Text, Thought, Tool, Turn
from view import View


@dataclass(frozen=True)
class Allowed:
    """A row. The patterns are shell's; `situation` may name several, blanks between."""

    situation: str
    at: str
    what: str
    source: str
    unsaid: Callable[[Ask], Ask] | None = None
    unheard: Callable[[View], None] | None = None
    unanswered: Callable[[Answer], Answer] | None = None
    unseen: Callable[[View], None] | None = None
    # The code with which the whole request is refused, rather than asked differently; "" where it is not.
    refuses: Callable[[Ask], str] | None = None
    # The shape of the answer is enforced by a tool: the upstream answers by calling the one that it was given.
    by_tool: bool = False
    # What `x-wayleave-lossy` must say where dialects are crossed.
    named: str = ""
    # What `x-wayleave-lossy` of a whole answer must say where dialects are crossed.
    told: str = ""
    # No loss: a thing that the dialect demands to be said, whatever it is.
    demanded: bool = False
    # `unheard` and `unseen` also where the dialect is the same on both sides.
    always: bool = False

    def covers(self, situation: str, at: str) -> bool:
        """Whether it speaks of this situation there."""
        named = any(fnmatch(situation, it) for it in self.situation.split())
        return named and any(fnmatch(at, it) for it in self.at.split())


def without(*names: str) -> Callable[[Ask], Ask]:
    """The client does not ask for these."""
    defaults = {it.name: it.default for it in fields(Ask)}
    return lambda ask: replace(ask, **{name: defaults[name] for name in names})


def dropped(*names: str) -> Callable[[View], None]:
    """A view has none of these fields."""

    def change(view: View) -> None:
        for name in names:
            view.pop(name, None)

    return change


def becomes(name: str, value: Any) -> Callable[[View], None]:
    """A field of a view has another value."""

    def change(view: View) -> None:
        if callable(value):
            view[name] = value(view.get(name))
        elif name in view:
            view[name] = value

    return change


def token(name: str) -> Callable[[View], None]:
    """A count that is not reported apart."""

    def change(view: View) -> None:
        view.get("tokens", {}).pop(name, None)

    return change


def each_part(kind: str, change: Callable[[list[Any]], list[list[Any]]]) -> Callable[[View], None]:
    """Parts of that kind, in every turn and in results, become others."""

    def parts(old: list[list[Any]]) -> list[list[Any]]:
        out: list[list[Any]] = []
        for part in old:
            if part[0] == "result":
                part = [*part[:2], parts(part[2]), part[3]]
            out += change(part) if part[0] == kind else [part]
        return out

    def walk(view: View) -> None:
        turns = [[role, parts(said)] for role, said in view["turns"]]
        view["turns"] = [turn for turn in turns if turn[1]]

    return walk


def gone(kind: str) -> Callable[[View], None]:
    """Parts of that kind are left out."""
    return each_part(kind, lambda part: [])


def unmarked_view(view: View) -> None:
    """No prompt-cache marks."""
    if "system" in view:
        view["system"] = view["system"].replace("\n[cache]", "")
    gone("cache")(view)
    joined(view)
    each_tool(cached=None)(view)


def joined(view: View) -> None:
    """Texts that stand side by side after a change are one."""
    for _, parts in view["turns"]:
        at = 1
        while at < len(parts):
            if parts[at - 1][0] == parts[at][0] == "text":
                parts[at - 1 : at + 1] = [["text", f"{parts[at - 1][1]}\n{parts[at][1]}"]]
            else:
                at += 1


def all_of(*changes: Callable[[Any], None]) -> Callable[[Any], None]:
    """One after the other."""

    def change(view: Any) -> None:
        for it in changes:
            it(view)

    return change


def each_tool(**with_value: Any) -> Callable[[View], None]:
    """Tools have these fields so; `None`: not at all."""

    def change(view: View) -> None:
        for tool in view.get("tools", []):
            for name, value in with_value.items():
                if value is None:
                    tool.pop(name, None)
                elif name in tool:
                    tool[name] = value

    return change


def in_turns(change: Callable[[Any], Any]) -> Callable[[Ask], Ask]:
    """Every part of a request's turns is changed; `None` leaves it out."""

    def turn(it: Any) -> Any:
        if not isinstance(it, Turn):
            return it
        return replace(it, parts=tuple(new for part in it.parts if (new := change(part)) is not None))

    return lambda ask: replace(ask, turns=tuple(turn(it) for it in ask.turns))


def unmarked(part: Any) -> Any:
    return replace(part, cached=False) if isinstance(part, Text | Call | Result) else part


def worked(part: Any) -> Any:
    return replace(part, failed=False) if isinstance(part, Result) else part


def words_of_results(part: Any) -> Any:
    return (
        replace(part, parts=tuple(it for it in part.parts if isinstance(it, Text)))
        if isinstance(part, Result)
        else part
    )


def unmarked_tools(ask: Ask) -> Ask:
    """No cache marks on tools."""
    return replace(ask, tools=tuple(replace(it, cached=False) for it in ask.tools))


def as_user(view: View) -> None:
    """The operator's words between turns become the user's, marked as what they are."""
    turns: list[Any] = []
    for role, parts in view["turns"]:
        if role == "system":
            role, parts = "user", [["text", f"<system>\n{part[1]}\n</system>"] for part in parts]
        if turns and turns[-1][0] == role:
            last = turns[-1][1]
            if last and last[-1][0] == parts[0][0] == "text":
                last[-1] = ["text", f"{last[-1][1]}\n{parts[0][1]}"]
                parts = parts[1:]
            last += parts
        else:
            turns.append([role, list(parts)])
    view["turns"] = turns


def asked_by_tool(view: View) -> None:
    """The shape of the answer is demanded as the input of a tool that must be called, by name or as the only one."""
    if view.pop("output", None) is not None:
        view |= {"tools": ANY, "choice": DEMANDED}


def budget_is_effort(view: View) -> None:
    """A number of tokens becomes a word: up to 2048 `low`, up to 8192 `medium`."""
    if budget := view.pop("budget", None):
        view["effort"] = "low" if budget <= 2048 else "medium" if budget <= 8192 else "high"


def effort_is_budget(view: View) -> None:
    """A word becomes a number, of models that are known to take one (they have a limit in these situations)."""
    words = {"low": 2048, "medium": 8192, "high": 16384}
    if view.get("limit", 0) >= 8192 and view.get("effort") in words:
        view["budget"] = words[view.pop("effort")]


def worked_view(view: View) -> None:
    """Results do not say that they failed."""
    for _, parts in view["turns"]:
        for part in parts:
            if part[0] == "result":
                part[3] = False


def media_follow(view: View) -> None:
    """Pictures in results come after them, as the user's."""
    for _, parts in view["turns"]:
        following = []
        for part in parts:
            if part[0] == "result":
                following += [it for it in part[2] if it[0] != "text"]
                part[2] = [it for it in part[2] if it[0] == "text"]
        if following:
            parts += [["text", ANY], *following]


def media_beside(view: View) -> None:
    """Pictures in results stand beside them."""
    media_follow(view)
    each_part("text", lambda part: [] if part[1] is ANY else [part])(view)


def text_tools(view: View) -> None:
    """A free-form tool becomes one whose only argument is a text."""
    for tool in view.get("tools", []):
        if tool.get("kind") == "custom":
            tool |= {"kind": "function", "schema": ANY}
    for part in (part for _, parts in view["turns"] for part in parts):
        if part[0] == "call" and isinstance(part[3], str):
            part[3] = {"input": part[3]}


def text_calls(view: View) -> None:
    """A free-form tool's call is seen as one with a text."""
    view["calls"] = [[name, {"input": it} if isinstance(it, str) else it] for name, it in view.get("calls", [])]


def only_words(answer: Answer) -> Answer:
    """Words, thoughts and calls, without proofs; no word for a refusal, nor for the stop text that was met."""
    plain = unsealed(no_parts(Redacted)(refuses_in_text(answer)))
    finish = "stop" if plain.finish == "refused" else plain.finish
    tokens = replace(plain.tokens, written=0, reasoning=0)
    return replace(plain, stop_text="", finish=finish, tokens=tokens, others=())


def only_forced(view: View) -> None:
    """The tool that must be called is the only one there is, and some tool must be called."""
    view["tools"] = [tool for tool in view["tools"] if tool["name"] == view["choice"]]
    view["choice"] = "required"


def thoughts_first(view: View) -> None:
    """Thoughts stand before all else that is said, as one."""
    for _, parts in view["turns"]:
        if thoughts := [part[1] for part in parts if part[0] == "thought"]:
            parts[:] = [["thought", "".join(thoughts), ""], *(part for part in parts if part[0] != "thought")]


def pictures_last(view: View) -> None:
    """Words first, pictures after them."""
    for _, parts in view["turns"]:
        parts.sort(key=lambda part: part[0] == "image")
    joined(view)


def no_demand(ask: Ask) -> str:
    """A tool cannot be demanded."""
    return "unsupported_parameter" if ask.choice not in (None, "auto", "none") else ""


def no_choices(ask: Ask) -> str:
    """More than one answer cannot be asked for."""
    return "unsupported_parameter" if ask.choices > 1 else ""


def written(answer: Answer) -> Answer:
    """What would be spoken is written."""
    return replace(answer, parts=tuple(Text(it.text) if isinstance(it, Speech) else it for it in answer.parts))


def with_objects(answer: Answer) -> Answer:
    """Free text with which a tool is called is the one argument of a tool that takes a text."""
    return replace(
        answer,
        parts=tuple(
            replace(it, input={"input": it.input}) if isinstance(it, Call) and isinstance(it.input, str) else it
            for it in answer.parts
        ),
    )


def flat_tools(ask: Ask) -> Ask:
    """The tools of a namespace stand alone, with its name before theirs."""
    tools: list[Tool] = []
    for tool in ask.tools:
        inner = [replace(it, name=f"{tool.name}{WITHIN}{it.name}") for it in tool.tools]
        tools += inner if tool.kind == "namespace" else [tool]
    return replace(ask, tools=tuple(tools))


def flat_tools_view(view: View) -> None:
    """The same of what is heard."""
    tools: list[Any] = []
    for tool in view.get("tools", []):
        name = tool.get("namespace")
        tools += [it | {"name": f"{name}{WITHIN}{it['name']}"} for it in tool["tools"]] if name else [tool]
    if tools:
        view["tools"] = tools


class Anything:
    """Equal to everything: what is not the vendor's business, like the words that describe a tool of ours."""

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


ANY = Anything()


class Demanded:
    """Equal to every choice that lets the model do nothing but call a tool."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and other not in ("auto", "none")

    def __hash__(self) -> int:
        return 0


DEMANDED = Demanded()


def no_parts(*kinds: type) -> Callable[[Answer], Answer]:
    """An answer without parts of these kinds."""
    return lambda it: replace(it, parts=tuple(part for part in it.parts if not isinstance(part, kinds)))


def refuses_in_text(answer: Answer) -> Answer:
    """A refusal is words like others."""
    return replace(answer, parts=tuple(Text(it.text) if isinstance(it, Refusal) else it for it in answer.parts))


def unsealed(answer: Answer) -> Answer:
    """Thoughts and calls carry no proof."""
    return replace(
        answer,
        parts=tuple(replace(it, sealed=False) if isinstance(it, Thought | Call) else it for it in answer.parts),
    )


def calls_unsealed(answer: Answer) -> Answer:
    """Calls carry no proof."""
    return replace(
        answer, parts=tuple(replace(it, sealed=False) if isinstance(it, Call) else it for it in answer.parts)
    )


def plain_tokens(*names: str) -> Callable[[Answer], Answer]:
    """Counts that the dialect does not report."""
    return lambda it: replace(it, tokens=replace(it.tokens, **{name: 0 for name in names}))

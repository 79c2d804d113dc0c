"""Runs cells: a client of one surface, an upstream of one dialect, a situation, whole or streamed."""

from __future__ import annotations

import asyncio
import hashlib
import json
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from allowed import DEMANDED, Allowed, in_turns, with_objects, written
from cases import SITUATIONS
from cases.common import DOCUMENT_URL, PICTURE_URL
from losses import rows
from neutral import GIVEN, Answer, Ask, Call, Fails, Redacted, Result, Situation, Step, Text, Thought
from server import DOCUMENT, PICTURE, Scripted
from setup import MODES, model_of
from surfaces import SURFACES
from surfaces.base import Seen, Surface, Unspeakable
from upstreams import UPSTREAMS
from view import View, differences, of_answer, of_ask

# The SDKs and both servers share two cores.
AT_ONCE = 8


@dataclass(frozen=True, order=True)
class Cell:
    """One square of the matrix."""

    surface: str
    upstream: str
    situation: str
    mode: str

    def __str__(self) -> str:
        return f"{self.surface} -> {self.upstream}: {self.situation}, {self.mode}"


@dataclass
class Outcome:
    """How it went."""

    cell: Cell
    problems: list[str] = field(default_factory=list)
    # What was lost and may be.
    losses: list[str] = field(default_factory=list)
    served: bool = True

    @property
    def passed(self) -> bool:
        """Whether nothing differed that may not."""
        return self.served and not self.problems


def all_cells() -> list[Cell]:
    """The whole matrix."""
    return [
        Cell(surface, upstream, situation, mode)
        for upstream in UPSTREAMS
        for surface in SURFACES
        for situation in SITUATIONS
        for mode in MODES
    ]


class Bench:
    """The gateway, the upstreams and the clients, ready for cells."""

    def __init__(
        self, scripted: Scripted, clients: dict[str, Surface], unserved: dict[str, str], direct: bool = False
    ) -> None:
        self.scripted = scripted
        # Without a gateway between: the upstreams themselves are tried.
        self.direct = direct
        self.clients = clients
        # Upstreams and surfaces that the gateway does not know, and why.
        self.unserved = unserved
        self._locks: dict[tuple[str, str], asyncio.Lock] = {}

    async def run(self, cells: Iterable[Cell]) -> list[Outcome]:
        """All of them, a few at a time."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(cell: Cell) -> Outcome:
            missing = self.unserved.get(f"upstream:{cell.upstream}") or self.unserved.get(f"surface:{cell.surface}")
            if missing:
                return Outcome(cell, [f"not served: {missing}"], served=False)
            model = model_of(SITUATIONS[cell.situation], cell.surface, cell.mode)
            # What an upstream heard is told apart by its model, so a model has one client at a time.
            async with self._locks.setdefault((cell.upstream, model), asyncio.Lock()), gate:
                return await self._cell(cell, model)

        return await asyncio.gather(*map(one, cells))

    async def _cell(self, cell: Cell, model: str) -> Outcome:
        outcome = Outcome(cell)
        try:
            await asyncio.wait_for(self._steps(cell, model, outcome), 60)
        except Unspeakable as why:
            outcome.problems.append(f"no driver: the client has no word for {why}, and no row of losses.py says so")
        except TimeoutError:
            outcome.problems.append("no end after 60 s")
        except Exception as why:
            last = traceback.extract_tb(why.__traceback__)[-1]
            place = f"{last.filename.rpartition('/')[2]}:{last.lineno}"
            outcome.problems.append(f"the client failed: {type(why).__name__}: {str(why)[:500]} ({place})")
        return outcome

    async def _steps(self, cell: Cell, model: str, outcome: Outcome) -> None:
        situation = unique(SITUATIONS[cell.situation], cell)
        client, upstream = self.clients[cell.surface], UPSTREAMS[cell.upstream]
        natives: list[Any] = []
        answered: list[Answer] = []
        # The calls by the ids that the client saw, which need not be the upstream's.
        ids: dict[str, str] = {}
        for number, step in enumerate(situation.steps):
            plan = Plan(cell, situation, step, self.scripted.picture, self.direct)
            vendors = upstream.prefix + model
            self.scripted.expect(cell.upstream, vendors, plan.wire)
            alias = vendors if self.direct else f"{cell.upstream}.{model}"
            try:
                seen = await client.ask(alias, with_ids(plan.ask, ids), natives, cell.mode == "stream")
            finally:
                heard = self.scripted.take(cell.upstream, vendors)
            where = f"step {number + 1}, " if len(situation.steps) > 1 else ""
            wrong = [mistake for _, mistakes in heard for mistake in mistakes]
            outcome.problems += [f"{where}the vendor refuses: {it}" for it in wrong]
            if not wrong:
                requests = [upstream.speaker(it).normalise(it) for it, _ in heard]
                outcome.problems += [where + it for it in plan.compare(requests, seen, answered)]
            outcome.losses += plan.losses
            if outcome.problems:
                return
            natives.append(seen.native)
            if isinstance(plan.answer, Answer):
                answered.append(plan.answer)
                ids |= {call.id: id for call, id in zip(plan.answer.calls, seen.calls) if id}


class Plan:
    """What is asked, answered and expected in a step, after what may be lost."""

    def __init__(
        self,
        cell: Cell,
        situation: Situation,
        step: Step,
        picture: str,
        direct: bool = False,
        habits: tuple[Allowed, ...] = (),
    ) -> None:
        self.cell = cell
        self.direct = direct
        dialect = UPSTREAMS[cell.upstream].dialect(cell.surface)
        self.same = dialect in SURFACES[cell.surface].same
        at = f"surface:{cell.surface}"
        # What this client does with what the dialect can say, and what that cannot.
        self.at_surface = [*(it for it in habits if it.covers(situation.name, at)), *rows(situation.name, at)]
        here = rows(situation.name, f"upstream:{dialect}")
        self.at_upstream = here
        self.losses: list[str] = []
        addresses = {PICTURE_URL: picture, DOCUMENT_URL: picture.replace(PICTURE, DOCUMENT)}
        self.ask: Ask = in_turns(
            lambda it: replace(it, url=addresses[it.url]) if getattr(it, "url", "") in addresses else it
        )(step.ask)
        for row in self.at_surface:
            if row.unsaid:
                self._lost(row, self.ask, ask := row.unsaid(self.ask))
                self.ask = ask
        self.answer: Answer | Fails = step.answer
        for row in self.at_upstream:
            if row.unanswered and isinstance(self.answer, Answer):
                self._lost(row, self.answer, answer := row.unanswered(self.answer))
                self.answer = answer

        if isinstance(self.answer, Answer) and not (self.ask.voice and self.same):
            # Only who is asked to speaks.
            self.answer = written(self.answer)
        if isinstance(self.answer, Answer) and all(it.kind != "custom" for it in self.ask.tools):
            self.answer = with_objects(self.answer)

        # What the upstream says on its wire for that.
        self.wire = self.answer
        by_tool = any(it.by_tool and (it.always or not self.same) for it in self.at_upstream)
        if by_tool and isinstance(self.answer, Answer) and self.ask.output:
            call = Call("call_output_1", GIVEN, json.loads(self.answer.text))
            self.wire = replace(self.answer, parts=(call,), finish="tools")

    def _lost(self, row: Allowed, before: Any, after: Any) -> bool:
        if before == after:
            return False
        if not row.demanded:
            self.losses.append(f"{row.at}: {row.what}")
        return True

    def compare(self, requests: list[dict[str, Any]], seen: Seen, answered: list[Answer]) -> list[str]:
        """What differs from what it should be."""
        asked = [*self.at_surface, *self.at_upstream]
        refusing = [it.refuses(self.ask) for it in asked if it.refuses and (it.always or not self.same)]
        if code := next(filter(None, refusing), ""):
            self.losses.append(f"refused: {code}")
            reached = ["a request that must be refused reached the upstream"] if requests else []
            return reached + (
                [] if seen.view.get("error") == 400 else [f"answer: wanted a refusal ({code}), got {seen.view}"]
            )
        if len(requests) != 1:
            return [f"{len(requests)} requests reached the upstream; the client saw {str(seen.view)[:300]}"]
        problems = [f"request: {it}" for it in self._request(requests[0], seen, answered)]
        return problems + [f"answer: {it}" for it in self._seen(seen)]

    def wanted_request(self, seen: Seen, answered: list[Answer]) -> tuple[View, list[str]]:
        """What the upstream must hear, and what was left out of it without a word to the client."""
        want = of_ask(self.ask, answered, self.cell.mode == "stream")
        lossy = seen.headers.get("x-wayleave-lossy", "")
        silent = []
        for row in (it for it in [*self.at_surface, *self.at_upstream] if it.unheard and (it.always or not self.same)):
            assert row.unheard
            before = copied(want)
            row.unheard(want)
            lost = self._lost(row, before, want)
            if lost and row.named and row.named not in lossy.lower() and "error" not in seen.view and not self.same:
                silent.append(f"lost in silence: {row.what} ({row.named!r} is not in {lossy!r})")
        return want, silent

    def _request(self, got: View, seen: Seen, answered: list[Answer]) -> list[str]:
        want, silent = self.wanted_request(seen, answered)
        if want.get("choice") is DEMANDED:
            # Whether one call at a time is said too is not the caller's business.
            got.pop("parallel", None)
        return differences(want, got) + silent

    def wanted_answer(self, untold: Callable[[Allowed], None] = lambda row: None) -> View:
        """What the client must see. `untold` hears of each row by which it sees less."""
        want = of_answer(self.answer)
        if isinstance(self.answer, Answer) and self.answer.breaks and self.cell.mode == "whole":
            want = {"error": 502}
        for row in (it for it in self.at_surface if it.unseen and (it.always or not self.same)):
            assert row.unseen
            before = copied(want)
            row.unseen(want)
            if self._lost(row, before, want):
                untold(row)
        return want

    def _seen(self, seen: Seen) -> list[str]:
        lossy = seen.headers.get("x-wayleave-lossy", "")
        silent: list[str] = []

        def untold(row: Allowed) -> None:
            # The head of a stream is out before its losses are known: they stand in the usage row.
            if self.cell.mode == "whole" and not self.same and row.told and row.told not in lossy:
                silent.append(f"lost in silence: {row.what} ({row.told!r} is not in {lossy!r})")

        want, got = self.wanted_answer(untold), dict(seen.view)
        if "error" in want:
            got = {"error": got.get("error", got)}
            if want["error"] == "broken" and isinstance(got["error"], int):
                # Some SDKs give an error in a stream the status that stands in it.
                got["error"] = "broken"
            if isinstance(self.answer, Fails):
                want["error"] = {401: 502, 404: 502, 500: 502}.get(self.answer.status, self.answer.status)
        if not self.same:
            # Another vendor's proofs are wrapped, or kept by the gateway: what counts is that they come back to it.
            for view in (want, got):
                view.pop("seals", None)
                view.pop("redacted", None)
        if "error" not in want and not self.ask.usage and self.cell.mode == "stream":
            want.pop("tokens", None)
        return differences(want, got) + silent


def with_ids(ask: Ask, ids: dict[str, str]) -> Ask:
    """The request with the ids of calls that the client saw."""
    return in_turns(lambda it: replace(it, id=ids.get(it.id, it.id)) if isinstance(it, Result) else it)(ask)


def unique(situation: Situation, cell: Cell) -> Situation:
    """The situation with ids and sealed answers of its own: what a gateway keeps of one cell must not serve another."""
    tag = hashlib.sha256(str(cell).encode()).hexdigest()[:8]

    def own(part: Any) -> Any:
        return replace(part, id=f"{part.id}_{tag}") if isinstance(part, Call | Result) else part

    def answer(it: Answer | Fails) -> Answer | Fails:
        if isinstance(it, Fails):
            return it
        sealed = any(isinstance(part, Thought | Redacted) for part in it.parts)
        parts = (replace(p, text=f"{p.text} {tag}") if sealed and isinstance(p, Text) else own(p) for p in it.parts)
        return replace(it, parts=tuple(parts))

    return replace(situation, steps=tuple(Step(in_turns(own)(it.ask), answer(it.answer)) for it in situation.steps))


def copied(view: Any) -> Any:
    """All of it, down to the leaves."""
    if isinstance(view, dict):
        return {name: copied(it) for name, it in view.items()}
    return [copied(it) for it in view] if isinstance(view, list) else view

"""A second client, Vercel's AI SDK, over every pair that it has words for. In `make soak` (MATRIX_DRIVERS=all)."""

from __future__ import annotations

import asyncio
import os
import re
from typing import Any

import bench
import open_cells
import pytest
from allowed import DEMANDED
from cases import SITUATIONS
from cells import Cell, Plan, unique, with_ids
from neutral import Answer, Fails
from server import UNKNOWN
from setup import MODES, SURFACE_NAMES, model_of
from surfaces.base import Seen, Unspeakable
from surfaces.vercel import Vercel, VercelClient
from surfaces.vercel_words import HABITS, UNSAID
from upstreams import UPSTREAMS
from view import View, canonical, differences

pytestmark = pytest.mark.skipif(os.environ.get("MATRIX_DRIVERS") != "all", reason="in `make soak`")
# What this client shows of an answer.
SHOWN = ("text", "thought", "calls", "finish", "tokens", "error")
# What @ai-sdk/openai sends every day, OpenAI takes and its SDK's types do not: the bytes of the same dialect pass, so
# it is no business of a gateway's.
FORGIVEN = {
    "openai-responses": (
        # https://platform.openai.com/docs/api-reference/responses/create: `strict` and `detail` have defaults.
        r"^\.tools\[\d+\]\.strict: missing",
        r"\.content\[\d+\]\.detail: missing",
        # The model's own words without their annotations and their status, with the id that they had.
        r"^\.input\[\d+\]\.content\[0\]\.type: 'output_text' is none of",
        r"^\.input\[\d+\]\.id: unknown field \(EasyInputMessageParam\)",
    )
}


def test_a_second_client_is_understood_everywhere(tmp_path_factory: pytest.TempPathFactory) -> None:
    problems, ran, unsaid = asyncio.run(_all(tmp_path_factory))
    told = sum(len(cells) for cells in unsaid.values())
    print(f"\n{ran} cells by Vercel's AI SDK, {told} that it has no word for")
    assert problems == [], f"{len(problems)} problems\n" + "\n".join(problems)
    assert ran > 5_000
    for row in UNSAID:
        assert unsaid.get(row), f"it has a word for all of that: {row}"


async def _all(folders: pytest.TempPathFactory) -> tuple[list[str], int, dict[Any, list[Cell]]]:
    ready, gateway = await bench.ready(folders.mktemp("gateway"))
    vercel = Vercel(gateway.url, bench.setup.KEY)
    await vercel.start()
    try:
        return await _pairs(ready, vercel)
    finally:
        for it in ready.clients.values():
            await it.close()
        await vercel.close()
        gateway.stop()
        await ready.scripted.stop()


async def _pairs(ready: Any, vercel: Vercel) -> tuple[list[str], int, dict[Any, list[Cell]]]:
    """What was wrong, how many cells there were, and by which rows others were left out."""
    problems: list[str] = []
    unsaid: dict[Any, list[Cell]] = {}
    ran = 0
    known = open_cells.read()
    for surface in SURFACE_NAMES:
        client = VercelClient(vercel, surface)
        for upstream in UPSTREAMS:
            missing = ready.unserved.get(f"upstream:{upstream}") or ready.unserved.get(f"surface:{surface}")
            if missing:
                problems.append(f"{surface} -> {upstream}: not served: {missing}")
                continue
            same = UPSTREAMS[upstream].dialect(surface) == surface
            more = map(re.compile, FORGIVEN.get(surface, ())) if same else ()
            ready.scripted.forgiven = (*UNKNOWN, *more)
            for mode in MODES:
                # Models are apart within a pair, so its situations run at once.
                cells = [Cell(surface, upstream, situation, mode) for situation in SITUATIONS]
                for cell, outcome in zip(cells, await asyncio.gather(*(_cell(ready, client, it) for it in cells))):
                    if not isinstance(outcome, Unspeakable):
                        ran += 1
                        problems += [f"{cell}: {it}" for it in outcome if str(cell) not in known]
                    elif row := next((it for it in UNSAID if it.covers(cell.situation, surface)), None):
                        unsaid.setdefault(row, []).append(cell)
                    else:
                        problems.append(f"{cell}: no word for {outcome}, and no row of UNSAID says so")
    return problems, ran, unsaid


async def _cell(ready: Any, client: VercelClient, cell: Cell) -> list[str] | Unspeakable:
    """What was wrong, or what this client has no word for."""
    situation, upstream = unique(SITUATIONS[cell.situation], cell), UPSTREAMS[cell.upstream]
    model = model_of(situation, cell.surface, cell.mode)
    natives: list[Any] = []
    answered: list[Answer] = []
    ids: dict[str, str] = {}
    for step in situation.steps:
        plan = Plan(cell, situation, step, ready.scripted.picture, habits=HABITS)
        ready.scripted.expect(cell.upstream, upstream.prefix + model, plan.wire)
        try:
            seen = await client.ask(f"{cell.upstream}.{model}", with_ids(plan.ask, ids), natives, cell.mode == "stream")
        except Unspeakable as what:
            return what
        finally:
            heard = ready.scripted.take(cell.upstream, upstream.prefix + model)
        if wrong := [f"the vendor refuses: {it}" for _, mistakes in heard for it in mistakes]:
            return wrong
        if any(it.refuses and it.refuses(plan.ask) for it in plan.at_upstream if it.always or not plan.same):
            return [] if seen.view.get("error") == 400 and not heard else [f"wanted a refusal, got {seen.view}"]
        if len(heard) != 1:
            return [f"{len(heard)} requests; the client saw {str(seen.view)[:300]}"]
        if isinstance(plan.wire, Fails) or (isinstance(plan.wire, Answer) and plan.wire.breaks):
            return [] if "error" in seen.view else [f"wanted an error, got {seen.view}"]
        ((request, _),) = heard
        if problems := _request(plan, upstream.speaker(request).normalise(request), seen, answered):
            return [f"request: {it}" for it in problems]
        if problems := _answer(plan, seen):
            return [f"answer: {it}" for it in problems]
        natives.append(seen.native)
        if isinstance(plan.answer, Answer):
            answered.append(plan.answer)
            ids |= {call.id: id for call, id in zip(plan.answer.calls, seen.calls) if id}
    return []


def _request(plan: Plan, got: View, seen: Seen, answered: list[Answer]) -> list[str]:
    want, silent = plan.wanted_request(seen, answered)
    if want.get("choice") is DEMANDED:
        # Whether one call at a time is said too is not the caller's business.
        got.pop("parallel", None)
    for view in (want, got):
        if plan.ask.choice in (None, "auto"):
            # The SDK says the default outright wherever there are tools.
            view.pop("choice", None)
    return differences(want, got) + silent


def _answer(plan: Plan, seen: Seen) -> list[str]:
    want = {name: it for name, it in plan.wanted_answer().items() if name in SHOWN}
    got = {name: it for name, it in seen.view.items() if name in SHOWN}
    if "error" in got:
        return [f"the client failed: {got['error']}: {seen.view.get('message')}"]
    want["tokens"].pop("written", None)
    if isinstance(plan.ask.output, dict):
        # The SDK reads the JSON where a tool brought it, and writes it anew.
        want["text"], got["text"] = canonical(want["text"]), canonical(got["text"])
    return differences(want, got)

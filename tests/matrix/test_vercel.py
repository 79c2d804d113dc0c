"""A second client, Vercel's AI SDK, over every pair that it has words for. In `make soak` (MATRIX_DRIVERS=all)."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import bench
import pytest
from cases import SITUATIONS
from cells import Cell, Plan, unique, with_ids
from neutral import Answer, Fails
from setup import MODES, SURFACE_NAMES, model_of
from surfaces.base import Unspeakable
from surfaces.vercel import Vercel, VercelClient
from upstreams import UPSTREAMS
from view import differences

pytestmark = pytest.mark.skipif(os.environ.get("MATRIX_DRIVERS") != "all", reason="in `make soak`")
# What this client shows of an answer.
SHOWN = ("text", "thought", "calls", "finish", "tokens", "error")


def test_a_second_client_is_understood_everywhere(tmp_path_factory: pytest.TempPathFactory) -> None:
    problems, ran = asyncio.run(_all(tmp_path_factory))
    assert problems == [], f"{len(problems)} problems\n" + "\n".join(problems)
    assert ran > 2_000


async def _all(folders: pytest.TempPathFactory) -> tuple[list[str], int]:
    ready, gateway = await bench.ready(folders.mktemp("gateway"))
    vercel = Vercel(gateway.url, bench.setup.KEY)
    await vercel.start()
    problems: list[str] = []
    ran = 0
    for surface in SURFACE_NAMES:
        client = VercelClient(vercel, surface)
        for upstream in UPSTREAMS:
            missing = ready.unserved.get(f"upstream:{upstream}") or ready.unserved.get(f"surface:{surface}")
            if missing:
                problems.append(f"{surface} -> {upstream}: not served: {missing}")
                continue
            # Models are apart within a pair, so its situations run at once.
            cells = [Cell(surface, upstream, situation, mode) for mode in MODES for situation in SITUATIONS]
            for mode in MODES:
                todo = [_cell(ready, client, it) for it in cells if it.mode == mode]
                for outcome in await asyncio.gather(*todo):
                    if outcome is not None:
                        ran += 1
                        problems += outcome
    for it in ready.clients.values():
        await it.close()
    await vercel.close()
    gateway.stop()
    await ready.scripted.stop()
    return problems, ran


async def _cell(ready: Any, client: VercelClient, cell: Cell) -> list[str] | None:
    """What was wrong; `None` where this client has no word for the situation."""
    situation, upstream = unique(SITUATIONS[cell.situation], cell), UPSTREAMS[cell.upstream]
    model = model_of(situation, cell.surface, cell.mode)
    natives: list[Any] = []
    ids: dict[str, str] = {}
    for step in situation.steps:
        plan = Plan(cell, situation, step, ready.scripted.picture)
        ready.scripted.expect(cell.upstream, upstream.prefix + model, plan.wire)
        try:
            seen = await client.ask(f"{cell.upstream}.{model}", with_ids(plan.ask, ids), natives, cell.mode == "stream")
        except Unspeakable:
            return None
        finally:
            heard = ready.scripted.take(cell.upstream, upstream.prefix + model)
        if any(it.refuses and it.refuses(plan.ask) for it in plan.at_upstream):
            return [] if seen.view.get("error") == 400 else [f"{cell}: wanted a refusal, got {seen.view}"]
        wrong = [f"{cell}: the vendor refuses: {it}" for _, mistakes in heard for it in mistakes]
        if wrong or len(heard) != 1:
            return wrong or [f"{cell}: {len(heard)} requests; the client saw {str(seen.view)[:300]}"]
        if isinstance(plan.wire, Fails) or (isinstance(plan.wire, Answer) and plan.wire.breaks):
            return [] if "error" in seen.view else [f"{cell}: wanted an error, got {seen.view}"]
        want = {name: it for name, it in plan.wanted_answer().items() if name in SHOWN}
        got = {name: it for name, it in seen.view.items() if name in SHOWN}
        if "error" in got:
            return [f"{cell}: the client failed: {got['error']}: {seen.view.get('message')}"]
        want["tokens"].pop("written", None)
        if problems := differences(want, got):
            return [f"{cell}: answer: {it}" for it in problems]
        natives.append(seen.native)
        if isinstance(plan.answer, Answer):
            ids |= {call.id: id for call, id in zip(plan.answer.calls, seen.calls) if id}
    return []

"""The scripted upstreams themselves, asked by the vendors' own SDKs without a gateway between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from allowed import written
from cases import SITUATIONS
from cells import Bench, all_cells
from losses import rows
from neutral import Answer
from server import Scripted
from setup import MODES
from surfaces import SURFACES
from upstreams import UPSTREAMS
from upstreams.base import CREDENTIAL
from vendors import ASKED, CLIENTS
from view import differences, of_answer


@asynccontextmanager
async def scripted() -> AsyncIterator[Scripted]:
    server = Scripted()
    await server.start()
    yield server
    await server.stop()


def run(test: Callable[[Scripted], Awaitable[Any]]) -> Any:
    """A test with the upstreams up."""

    async def all_of_it() -> Any:
        async with scripted() as server:
            return await test(server)

    return asyncio.run(all_of_it())


@pytest.mark.parametrize("name", SURFACES)
def test_an_upstream_and_its_vendors_sdk_agree_on_every_situation(name: str) -> None:
    # What only a gateway does: clamping limits, and turning failures into its own.
    gateways = [it.name for it in SITUATIONS.values() if it.restful or it.name.startswith("limit-m")]
    cells = [it for it in all_cells() if it.surface == it.upstream == name and it.situation not in gateways]

    async def test(server: Scripted) -> list[str]:
        clients = {name: SURFACES[name](server.urls[name], CREDENTIAL)}
        outcomes = await Bench(server, clients, {}, direct=True).run(cells)
        await clients[name].close()
        assert server.strays == []
        return [f"{it.cell}: {problem}" for it in outcomes for problem in it.problems]

    assert len(cells) > 100
    assert run(test) == []


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", CLIENTS)
def test_an_upstream_without_a_surface_agrees_with_its_vendors_sdk(name: str, mode: str) -> None:
    upstream, stream = UPSTREAMS[name], mode == "stream"
    answers = {}
    for situation in SITUATIONS.values():
        answer = situation.steps[0].answer
        if isinstance(answer, Answer) and not answer.breaks:
            for row in rows(situation.name, f"upstream:{name}"):
                answer = row.unanswered(answer) if row.unanswered else answer
            answer = written(answer)
            answers[situation.name] = answer

    async def test(server: Scripted) -> list[str]:
        problems = []
        for situation, answer in answers.items():
            server.expect(name, upstream.prefix + situation, answer)
            seen = await CLIENTS[name](server.urls[name], upstream.prefix + situation, stream)
            ((heard, wrong),) = server.take(name, upstream.prefix + situation)
            asked = upstream.normalise(heard)
            problems += [f"{situation}: refused: {it}" for it in wrong]
            problems += [f"{situation}: request: {it}" for it in differences(ASKED | {"stream": stream}, asked)]
            problems += [f"{situation}: answer: {it}" for it in differences(_comparable(of_answer(answer)), seen)]
        return problems

    assert run(test) == []


def _comparable(view: dict[str, Any]) -> dict[str, Any]:
    """What the decoders of `vendors.py` do not look at, and free-form calls as these vendors have them."""
    view = {name: value for name, value in view.items() if name != "logprobs"}
    if "calls" in view:
        view["calls"] = [[name, {"input": it} if isinstance(it, str) else it] for name, it in view["calls"]]
    return view

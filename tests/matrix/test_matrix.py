"""Four surfaces, eight upstreams, every situation, whole and streamed: what reaches the vendor and the client."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import anthropic
import bench
import open_cells
import openai
import pytest
import report
from cases import SITUATIONS
from cells import Outcome
from google import genai
from google.genai import types
from losses import ROWS
from neutral import Answer, Text
from setup import KEY, SURFACE_NAMES
from upstreams import UPSTREAMS


@pytest.mark.parametrize("upstream", UPSTREAMS)
@pytest.mark.parametrize("surface", SURFACE_NAMES)
def test_a_surface_and_an_upstream_understand_each_other(surface: str, upstream: str, outcomes: list[Outcome]) -> None:
    pair = [it for it in outcomes if (it.cell.surface, it.cell.upstream) == (surface, upstream)]
    known = open_cells.read()
    fixed = [str(it.cell) for it in pair if it.passed and str(it.cell) in known]
    assert not fixed, f"these pass now; run: pytest tests/matrix --write-matrix\n{fixed}"
    failed = [it for it in pair if not it.passed and str(it.cell) not in known]
    if failed and not any(it.served for it in pair):
        pytest.fail(f"{len(failed)} cells: {failed[0].problems[0]}", pytrace=False)
    if failed:
        lines = [f"{it.cell.situation}, {it.cell.mode}: {problem}" for it in failed for problem in it.problems[:4]]
        pytest.fail(f"{len(failed)} of {len(pair)} cells failed\n" + "\n".join(lines), pytrace=False)


def test_the_table_in_the_docs_is_current(outcomes: list[Outcome], request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--cells") != "*":
        pytest.skip("only some cells were run")
    page = report.page(outcomes)
    if request.config.getoption("--write-matrix"):
        report.PAGE.write_text(page)
        open_cells.write(outcomes)
    assert report.PAGE.read_text() == page, "run: pytest tests/matrix --write-matrix"


def test_there_are_situations_enough() -> None:
    assert len(SITUATIONS) >= 40


def test_every_allowed_loss_names_its_source_and_a_place_that_is_there() -> None:
    places = [f"surface:{it}" for it in SURFACE_NAMES] + [f"upstream:{it}" for it in UPSTREAMS]
    for row in ROWS:
        assert row.source.startswith("https://"), row
        assert any(row.covers(situation, at) for situation in SITUATIONS for at in places), f"covers nothing: {row}"


@pytest.mark.parametrize("surface", SURFACE_NAMES)
def test_an_sdk_finds_the_gateway_by_its_own_defaults(surface: str, tmp_path: Path) -> None:
    """Only what every user sets is set: the address and the key. google-genai then asks below /v1, not /v1beta."""

    async def ask() -> str:
        ready, gateway = await bench.ready(tmp_path, ["openai-chat"])
        ready.scripted.expect("openai-chat", "gpt--plain", Answer((Text("Found."),)))
        try:
            return await DEFAULTS[surface](gateway.url, "openai-chat.plain")
        finally:
            for client in ready.clients.values():
                await client.close()
            gateway.stop()
            await ready.scripted.stop()

    assert asyncio.run(ask()) == "Found."


async def _by_chat(url: str, model: str) -> str:
    async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=KEY) as client:
        answer = await client.chat.completions.create(model=model, messages=[{"role": "user", "content": "Hello"}])
    return answer.choices[0].message.content or ""


async def _by_responses(url: str, model: str) -> str:
    async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=KEY) as client:
        answer = await client.responses.create(model=model, input="Hello")
    return answer.output_text


async def _by_messages(url: str, model: str) -> str:
    hello: Any = {"role": "user", "content": "Hello"}
    async with anthropic.AsyncAnthropic(base_url=url, api_key=KEY) as client:
        answer = await client.messages.create(model=model, max_tokens=100, messages=[hello])
    return "".join(it.text for it in answer.content if it.type == "text")


async def _by_gemini(url: str, model: str) -> str:
    options = types.HttpOptions(base_url=url)
    async with genai.Client(api_key=KEY, http_options=options).aio as client:
        answer = await client.models.generate_content(model=model, contents="Hello")
    return answer.text or ""


DEFAULTS = {
    "openai-chat": _by_chat,
    "openai-responses": _by_responses,
    "anthropic-messages": _by_messages,
    "gemini": _by_gemini,
}

"""What the tests of the matrix share: the modules of tests/sdk, the options, the bench with every cell run once."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
for folder in (str(HERE.parent / "sdk"), str(HERE)):
    if folder not in sys.path:
        sys.path.insert(0, folder)

import asyncio
import fnmatch
from typing import Any

import pytest

import bench
import report
from cells import Outcome, all_cells


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("matrix")
    group.addoption("--cells", default="*", help='only cells whose name fits: "gemini -> bedrock: tool-*, stream"')
    group.addoption("--write-matrix", action="store_true", help="write docs/matrix.md from the results")


@pytest.fixture(scope="session")
def outcomes(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> list[Outcome]:
    """Every cell, run once."""
    pattern = request.config.getoption("--cells")
    cells = [it for it in all_cells() if fnmatch.fnmatch(str(it), pattern)]

    async def run() -> list[Outcome]:
        ready, gateway = await bench.ready(tmp_path_factory.mktemp("gateway"))
        try:
            return await ready.run(cells)
        finally:
            for client in ready.clients.values():
                await client.close()
            code = gateway.stop()
            await ready.scripted.stop()
            assert code == 0, gateway.story()[-6000:]

    outcomes = asyncio.run(run())
    request.config.stash[RESULTS] = outcomes
    return outcomes


RESULTS = pytest.StashKey[list[Outcome]]()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """The total is printed, whatever passed."""
    if outcomes := config.stash.get(RESULTS, None):
        terminalreporter.section("matrix")
        for line in report.totals(outcomes):
            terminalreporter.write_line(line)

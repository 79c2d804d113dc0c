"""One server for all tests of the management API, and its description."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from server import Server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(Path(tmp_path_factory.mktemp("server")))
    yield running
    assert running.stop() == 0, running.story()


@pytest.fixture(scope="session")
def document(server: Server) -> dict[str, Any]:
    """The OpenAPI document as it is served."""
    reply = requests.get(f"{server.url}/api/openapi.json", timeout=60)
    assert reply.status_code == 200
    return reply.json()

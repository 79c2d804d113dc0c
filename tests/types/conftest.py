"""What tests of the types share: a scripted upstream, and gateways in front of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "sdk")]

from gateway import Gateway
from scripted import Scripted

KEY = "wl_types_0123456789abcdef0123456789abcdef"


@pytest.fixture
def upstream() -> Iterator[Scripted]:
    """What it could not take fails the test, unless the test takes the mistakes out."""
    server = Scripted()
    yield server
    server.stop()
    assert server.mistakes == []


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Gateway]]:
    """Starts a gateway with providers, and a model and an alias of one name for each model.

    `providers`: objects of the setup file; `models`: (provider, name, type) or objects of the file.
    """
    running: list[Gateway] = []

    def start(providers: list[dict[str, Any]], models: list[Any], *flags: str) -> Gateway:
        document = setup(providers, models)
        folder = tmp_path / str(len(running))
        folder.mkdir()
        running.append(Gateway(folder, document, *flags))
        return running[-1]

    yield start
    for it in running:
        assert it.stop() == 0, it.story()


def setup(providers: list[dict[str, Any]], models: list[Any]) -> dict[str, Any]:
    """The setup file: each model under its own name, free, for one key."""
    listed = [
        it if isinstance(it, dict) else {"provider": it[0], "name": it[1], "type": it[2], "free": True}
        for it in models
    ]
    aliases = [
        {"name": it["name"], "targets": [{"provider": it["provider"], "model": it["name"], "type": it["type"]}]}
        for it in listed
    ]
    keys = [{"name": "types", "secret": KEY, "owner": "platform", "environment": "test"}]
    document = {"version": 1, "workspace": "main", "providers": providers, "models": listed}
    return document | {"aliases": aliases, "keys": keys}


def provider(name: str, kind: str, url: str, **settings: Any) -> dict[str, Any]:
    """A provider with one credential `main`."""
    secrets = settings.pop("credential", {"api_key": "sk-types-0123456789abcdef"})
    return {"name": name, "kind": kind, "base_url": url, "credentials": [{"name": "main"} | secrets]} | settings

"""What the tests share: one gateway with both upstreams behind it, and the official SDKs as its clients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

for helper in ("clients", "readers", "gateway"):
    pytest.register_assert_rewrite(helper)

import setup_file
from aimock import Aimock
from clients import CLIENT_CLASSES, AnthropicClient, Client, OpenAIClient
from gateway import Gateway
from strict import Strict


@pytest.fixture(scope="session")
def strict_server() -> Iterator[Strict]:
    server = Strict()
    yield server
    server.stop()


@pytest.fixture
def strict(strict_server: Strict) -> Iterator[Strict]:
    """The strict upstream. What it refuses fails the test, unless the test takes the mistakes out."""
    strict_server.forget()
    yield strict_server
    assert strict_server.mistakes == []


@pytest.fixture(scope="session")
def aimock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aimock]:
    server = Aimock(tmp_path_factory.mktemp("aimock"), setup_file.AIMOCK_FIXTURES)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Gateway]]:
    """Starts gateways, each in a folder of its own; they end with exit code 0."""
    running: list[Gateway] = []

    def start(setup: dict[str, Any], *flags: str) -> Gateway:
        running.append(Gateway(Path(tmp_path_factory.mktemp("gateway")), setup, *flags))
        return running[-1]

    yield start
    for it in running:
        assert it.stop() == 0, it.story()


@pytest.fixture(scope="session")
def gateway(start: Callable[..., Gateway], strict_server: Strict, aimock: Aimock) -> Gateway:
    """The gateway that most tests ask."""
    return start(setup_file.everything(strict_server.url, aimock.url))


CLIENTS = {it.name: it for it in CLIENT_CLASSES}


@pytest.fixture(scope="session", params=list(CLIENTS), ids=lambda it: f"{it} client")
def client(request: pytest.FixtureRequest, gateway: Gateway) -> Client:
    """Each of the SDKs in turn."""
    return CLIENTS[request.param](gateway)


@pytest.fixture(scope="session")
def openai_client(gateway: Gateway) -> OpenAIClient:
    return OpenAIClient(gateway)


@pytest.fixture(scope="session")
def anthropic_client(gateway: Gateway) -> AnthropicClient:
    return AnthropicClient(gateway)


@pytest.fixture(params=["openai", "anthropic"], ids=lambda it: f"{it} upstream")
def upstream(request: pytest.FixtureRequest) -> str:
    """The dialect of the upstream: with `client`, all four pairs."""
    return request.param


@pytest.fixture(params=[False, True], ids=["whole", "streamed"])
def stream(request: pytest.FixtureRequest) -> bool:
    return request.param


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """A failure shows what the gateway logged last."""
    report = yield
    gateway = getattr(item, "funcargs", {}).get("gateway")
    if report.when == "call" and report.failed and isinstance(gateway, Gateway):
        report.sections.append(("wayleave", gateway.story()[-6000:]))
    return report

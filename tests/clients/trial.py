"""One case from start to end: an upstream, a gateway before it, an agent at work, and what must be true afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agents import Place
from cases import Case
from gateway import Gateway
from script import CLOSING, Script
from situations import PRICE
from upstream import CREDENTIAL, Upstream

KEY = "wl_sdk_0123456789abcdef0123456789abcdef"
# An agent takes seconds; a busy machine makes that a minute.
AGENT_SECONDS = 180
# How long the last of the usage may take to be written.
RECORDED_SECONDS = 5
# The provider kinds that speak a dialect, the path in their base URL, and what their model is known to do.
KINDS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "openai-chat": ("openai-compatible", "/v1", {}),
    "anthropic-messages": ("anthropic", "", {"reasoning": "budget"}),
}
# What agents write when they had to try again; the last when a web socket was refused otherwise than with 426.
TRIED_AGAIN = ("Reconnecting", "Retrying", "Attempt 1 failed", "Falling back from WebSockets")


@dataclass
class Outcome:
    """What came of a case."""

    case: Case
    wrong: list[str] = field(default_factory=list)
    # `METHOD path` of each request that reached the upstream.
    heard: list[str] = field(default_factory=list)
    # What agent and gateway said.
    said: str = ""
    seconds: float = 0


def run(case: Case, packages: Path, direct: bool, captures: Path | None) -> Outcome:
    """Tries a case; with `direct` there is no gateway, and the upstream speaks the agent's own dialect."""
    outcome = Outcome(case)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix=f"wayleave-{case.agent.name}-") as folder:
        home, work, data = (Path(folder) / name for name in ("home", "work", "gateway"))
        for it in (home, work, data):
            it.mkdir()
        script = Script(work)
        upstream = Upstream(script, direct, captures)
        gateway = None
        try:
            if not direct:
                gateway = Gateway(data, _setup(case, upstream.url))
            url = gateway.url if gateway else upstream.url
            outcome.wrong += _work(outcome, Place(packages, home, work, url, KEY, case.model))
            outcome.wrong += script.verdict(case.thinks)
            if gateway:
                outcome.wrong += _recorded(gateway, len(upstream.heard))
        finally:
            upstream.stop()
            outcome.heard = upstream.heard
            if gateway:
                code = gateway.stop()
                outcome.wrong += [f"wayleave ended with {code}"] if code else []
                outcome.said += f"-- wayleave --\n{gateway.story()[-6000:]}\n"
    outcome.seconds = time.monotonic() - began
    return outcome


def _setup(case: Case, url: str) -> dict[str, Any]:
    """One model of one provider, under the name that the agent asks for."""
    kind, path, facts = KINDS[case.upstream]
    credential = {"name": "main", "api_key": CREDENTIAL, "default": True}
    provider = {"name": "scripted", "kind": kind, "base_url": f"{url}{path}", "credentials": [credential]}
    model = {"provider": "scripted", "name": "model", "type": "llm", "price": PRICE, "facts": facts}
    return {
        "version": 1,
        "workspace": "main",
        "providers": [provider],
        "models": [model],
        "aliases": [{"name": case.model, "targets": [{"provider": "scripted", "model": "model"}]}],
        "keys": [{"name": "agent", "secret": KEY, "owner": "platform", "environment": "test"}],
    }


def _work(outcome: Outcome, place: Place) -> list[str]:
    """Runs the agent to its end; what was wrong with that end."""
    agent = outcome.case.agent
    environment = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    environment |= {"HOME": str(place.home), "TMPDIR": str(place.home), "TERM": "dumb", "NO_COLOR": "1", "CI": "1"}
    process = subprocess.Popen(
        agent.command(place),
        cwd=place.work,
        env=environment | agent.environment(place),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(timeout=AGENT_SECONDS)
        wrong = [] if process.returncode == 0 else [f"the agent ended with {process.returncode}"]
    except subprocess.TimeoutExpired:
        # The whole session: its children hold its pipes.
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        wrong = [f"the agent was not done after {AGENT_SECONDS} s"]
    outcome.said = f"-- {agent.name}, stdout --\n{out[-6000:]}\n-- {agent.name}, stderr --\n{err[-6000:]}\n"
    if CLOSING not in out:
        wrong.append("the agent did not print the model's closing text")
    again = [line for line in err.splitlines() if any(it in line for it in TRIED_AGAIN)]
    return wrong + [f"the agent had to try again: {line[:300]}" for line in again]


def _recorded(gateway: Gateway, asked: int) -> list[str]:
    """Every request that reached the upstream stands in the usage, answered and whole."""
    deadline = time.monotonic() + RECORDED_SECONDS
    rows = gateway.command("usage")
    while len(rows) < asked and time.monotonic() < deadline:
        time.sleep(0.1)
        rows = gateway.command("usage")
    wrong = [] if len(rows) == asked else [f"{asked} requests reached the upstream, {len(rows)} are in the usage"]
    ends = [(row["status"], row["stream_end"], row["error_code"]) for row in rows]
    return wrong + [f"a request ended as {end}" for end in ends if end != (200, "done", None)]

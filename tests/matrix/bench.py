"""Brings up what a matrix needs: the scripted upstream, a gateway with every upstream it knows, the clients."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import gateway as sdk_gateway
import setup
from cells import Bench
from gateway import Gateway
from server import Scripted
from surfaces import SURFACES
from upstreams import UPSTREAMS
from wire import send

# A path that only a gateway with that surface knows.
PROBES = {
    "openai-chat": "/v1/chat/completions",
    "openai-responses": "/v1/responses",
    "anthropic-messages": "/v1/messages",
    "gemini": "/v1beta/models/nothing:generateContent",
}


async def ready(folder: Path, names: list[str] | None = None) -> tuple[Bench, Gateway]:
    """A bench with these upstreams, or with all."""
    scripted = Scripted()
    await scripted.start()
    gateway = Gateway(folder, setup.nothing(), "--upstream-allow", "127.0.0.1", "--media-allow", "127.0.0.0/8")
    unserved = {}
    for name in names or UPSTREAMS:
        document = setup.of(UPSTREAMS[name], scripted.urls[name])
        if why := _apply(gateway, folder / f"{name}.yaml", document):
            unserved[f"upstream:{name}"] = why
    for name, path in PROBES.items():
        reply = send(gateway.url, "POST", path, {"authorization": f"Bearer {setup.KEY}"}, b"{}")
        if reply.status in (404, 405) and b"unknown_url" in reply.body or b"unsupported_endpoint" in reply.body:
            unserved[f"surface:{name}"] = f"{path} answers {reply.status}"
    clients = {name: kind(gateway.url, setup.KEY) for name, kind in SURFACES.items()}
    return Bench(scripted, clients, unserved), gateway


def _apply(gateway: Gateway, path: Path, document: dict[str, Any]) -> str:
    """Applies a setup file; what was wrong with it, or nothing."""
    # JSON is YAML.
    path.write_text(json.dumps(document))
    command = [sdk_gateway.BIN, "apply", "-f", str(path), "--data", str(gateway.data)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=sdk_gateway._environment())
    return (done.stderr.strip() or "apply failed")[:300] if done.returncode else ""

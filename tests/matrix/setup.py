"""What the gateway under test is set up with: each upstream as a provider, each situation as one of its models."""

from __future__ import annotations

from typing import Any

from cases import SITUATIONS
from neutral import Situation
from upstreams.base import Upstream

KEY = "wl_mtx_0123456789abcdef0123456789abcdef"
PRICE = {"input": "3", "cached_input": "0.30", "cache_write": "3.75", "output": "15"}
SURFACE_NAMES = ("openai-chat", "openai-responses", "anthropic-messages", "gemini")
MODES = ("whole", "stream")


def model_of(situation: Situation, surface: str, mode: str) -> str:
    """The model's name without the upstream's prefix. Failures put a model to rest, so each caller has its own then."""
    return f"{situation.name}.{surface}.{mode}" if situation.restful else situation.name


def nothing() -> dict[str, Any]:
    """A workspace with a key."""
    key = {"name": "matrix", "secret": KEY, "owner": "platform", "environment": "test"}
    return {"version": 1, "workspace": "main", "keys": [key]}


def of(upstream: Upstream, url: str) -> dict[str, Any]:
    """An upstream with its models and their aliases."""
    provider = upstream.provider(url)
    credential = provider.pop("credential")
    provider |= {"name": upstream.name, "credentials": [{"name": "main", "default": True, **credential}]}
    models, aliases = [], []
    for situation in SITUATIONS.values():
        for name in sorted({model_of(situation, surface, mode) for surface in SURFACE_NAMES for mode in MODES}):
            vendors = upstream.prefix + name
            target = {"provider": upstream.name, "model": vendors}
            if situation.restful:
                # Failures also put credentials to rest.
                target["credential"] = name
                provider["credentials"].append({"name": name, **credential})
            facts = upstream.facts(dict(situation.facts))
            models.append({"provider": upstream.name, "name": vendors, "type": "llm", "price": PRICE, "facts": facts})
            aliases.append({"name": f"{upstream.name}.{name}", "targets": [target]})
    return {"version": 1, "workspace": "main", "providers": [provider], "models": models, "aliases": aliases}

"""The setup file that the gateway under test is started with."""

from __future__ import annotations

from typing import Any

from situations import PRICE, SITUATIONS
from strict import CREDENTIAL

KEY = "wl_sdk_0123456789abcdef0123456789abcdef"
# A key that may call one alias only.
SCOPED_KEY = "wl_one_0123456789abcdef0123456789abcdef"
UPSTREAMS = ("openai", "anthropic")
# A failure may put a model and its credential to rest, so each caller of an error has a model of its own.
CALLERS = tuple(f"{client}-{how}" for client in UPSTREAMS for how in ("whole", "streamed"))
# What the models of that name are known to do.
FACTS: dict[str, dict[str, Any]] = {
    "reasoner": {"reasoning": "effort", "token_limit": "max_completion_tokens", "min_output": 16},
    "thought": {"reasoning": "budget"},
    "thought-and-called": {"reasoning": "budget"},
    "schema": {"json_schema": True},
}


def everything(strict: str, aimock: str) -> dict[str, Any]:
    """Both upstreams in both dialects, with an alias `who/dialect/model` for each of their models."""
    models, aliases = [], []
    for upstream in UPSTREAMS:
        for name in strict_models():
            situation = name.split("@")[0]
            models.append(_model(f"strict-{upstream}", name, FACTS.get(situation, {})))
            credential = situation if situation.startswith("error-") else "main"
            target = {"provider": f"strict-{upstream}", "model": name, "credential": credential}
            aliases.append({"name": f"strict/{upstream}/{name}", "targets": [target]})
        models.append(_model(f"aimock-{upstream}", "mock", {}))
        target = {"provider": f"aimock-{upstream}", "model": "mock"}
        aliases.append({"name": f"aimock/{upstream}", "targets": [target]})
    # The public name of a model need not be one that any provider knows.
    gpt = {"provider": "strict-openai", "model": "reasoner"}
    aliases.append({"name": "GPT 5 Mini: fast", "targets": [gpt]})
    key = {"owner": "platform", "environment": "test"}
    keys = [
        {"name": "sdk", "secret": KEY, "tags": ["suite"], **key},
        {"name": "scoped", "secret": SCOPED_KEY, "aliases": ["strict/openai/plain"], **key},
    ]
    providers = [_provider(who, url, it) for who, url in (("strict", strict), ("aimock", aimock)) for it in UPSTREAMS]
    document = {"version": 1, "workspace": "main", "providers": providers, "models": models}
    return document | {"aliases": aliases, "keys": keys}


def strict_models() -> list[str]:
    """Every situation; the failing ones once for each caller."""
    names = list(SITUATIONS)
    plain = [name for name in names if not name.startswith("error-")]
    return plain + [f"{name}@{caller}" for name in names if name.startswith("error-") for caller in CALLERS]


def _model(provider: str, name: str, facts: dict[str, Any]) -> dict[str, Any]:
    return {"provider": provider, "name": name, "type": "llm", "price": PRICE, "facts": facts}


def _provider(who: str, url: str, dialect: str) -> dict[str, Any]:
    kind = {"openai": "openai-compatible", "anthropic": "anthropic"}[dialect]
    base = {"openai": f"{url}/v1", "anthropic": url}[dialect]
    names = ["main", *(name for name in SITUATIONS if name.startswith("error-"))]
    credentials = [{"name": name, "api_key": CREDENTIAL} for name in names]
    credentials[0]["default"] = True
    return {"name": f"{who}-{dialect}", "kind": kind, "base_url": base, "credentials": credentials}


def _says(prompt: str, response: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"match": {"userMessage": prompt, **more.pop("match", {})}, "response": response, **more}


_CALLS = [
    {"id": "call_a1", "name": "weather", "arguments": '{"city":"Oslo","days":3}'},
    {"id": "call_b2", "name": "clock", "arguments": "{}"},
]
_USAGE = {"prompt_tokens": 31, "completion_tokens": 9, "total_tokens": 40, "input_tokens": 31, "output_tokens": 9}

# aimock cuts text between UTF-16 units, so a sign beyond the first 65,536 comes in halves.
PLAIN = 'Grüße aus dem Tal: 21 °C – and a "quote".\nSecond line.'
HALVED = "Sun 🌤, rain 🌧 and snow."

AIMOCK_FIXTURES: list[dict[str, Any]] = [
    _says("say hello", {"content": PLAIN, "usage": _USAGE}, chunkSize=3),
    _says("what a day", {"content": HALVED, "usage": _USAGE}, chunkSize=1),
    _says("the weather", {"toolCalls": _CALLS, "usage": _USAGE}, match={"hasToolResult": False}),
    _says("the weather", {"content": "21 degrees at noon.", "usage": _USAGE}, match={"hasToolResult": True}),
    _says("reason about it", {"content": "Done.", "reasoning": "Step one, then two.", "usage": _USAGE}),
    _says("look at this", {"content": "A picture.", "usage": _USAGE}),
    _says("as json", {"content": '{"city":"Oslo","degrees":21}', "usage": _USAGE}),
    _says("not like this", {"error": {"message": "No such thing.", "type": "invalid_request_error"}, "status": 400}),
    _says("cut me off", {"content": PLAIN * 4, "usage": _USAGE}, truncateAfterChunks=4, chunkSize=5),
]

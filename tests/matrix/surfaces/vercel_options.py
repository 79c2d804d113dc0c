"""What Vercel's AI SDK says in each provider's own words (`providerOptions`).

https://ai-sdk.dev/providers/ai-sdk-providers/openai, …/anthropic, …/google-generative-ai.
"""

from __future__ import annotations

from typing import Any

from neutral import Ask
from surfaces.base import Unspeakable

# The neutral name of a wish, and the provider's.
OPENAI = {
    "parallel": "parallelToolCalls",
    "end_user": "user",
    "metadata": "metadata",
    "tier": "serviceTier",
    "cache_key": "promptCacheKey",
    "logprobs": "logprobs",
    "effort": "reasoningEffort",
}
OTHERS = (*OPENAI, "budget")


def options(surface: str, ask: Ask) -> dict[str, Any]:
    """The options of a request. What they have no word for raises."""
    wishes: dict[str, Any] = {name: value for name in OTHERS if (value := getattr(ask, name)) is not None}
    match surface:
        case "openai-chat":
            return {"openai": _openai(wishes, ask)}
        case "openai-responses":
            # Nothing is stored behind a gateway that translates, so turns go back whole, not as references to stored
            # items. `forceReasoning`: a name that the SDK does not know may be a model that reasons.
            thinks = {"forceReasoning": True, "reasoningSummary": "auto"} if ask.effort else {}
            return {"openai": {"store": False, **thinks, **_openai(wishes, ask)}}
        case "anthropic-messages":
            return {"anthropic": _anthropic(wishes)}
        case "gemini":
            return {"google": _google(wishes)}
    raise ValueError(surface)


def _openai(wishes: dict[str, Any], ask: Ask) -> dict[str, Any]:
    if wishes.get("tier") == "priority":
        # For names that the SDK knows to be OpenAI's.
        raise Unspeakable("tier")
    newer = {"end_user": "safetyIdentifier"} if ask.newer_end_user else {}
    return {(OPENAI | newer)[name]: value for name, value in wishes.items()}


def _anthropic(wishes: dict[str, Any]) -> dict[str, Any]:
    # By default a tool holds a model that the SDK does not know to a schema: that is what `tool-forced` asks.
    out: dict[str, Any] = {"structuredOutputMode": "outputFormat"}
    for name, value in wishes.items():
        match name:
            case "budget":
                out["thinking"] = {"type": "enabled", "budgetTokens": value}
            case "effort":
                out["effort"] = value
            case "parallel":
                out["disableParallelToolUse"] = not value
            case "end_user":
                out["metadata"] = {"userId": value}
            case _:
                raise Unspeakable(name)
    return out


def _google(wishes: dict[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, value in wishes.items():
        match name:
            case "budget":
                out["thinkingConfig"] = {"thinkingBudget": value, "includeThoughts": True}
            case "effort":
                out["thinkingConfig"] = {"thinkingLevel": value, "includeThoughts": True}
            case "tier":
                out["serviceTier"] = value
            case _:
                raise Unspeakable(name)
    return out

"""What Vercel's AI SDK has no word for (`UNSAID`), and how it says what it has one for (`HABITS`), with its reference.

No gateway is asked about the first, and the second is the same to any of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fnmatch import fnmatch
from typing import Any

import allowed as it
from allowed import Allowed, becomes, dropped, each_part, each_tool, in_turns
from view import View

SETTINGS = "https://ai-sdk.dev/docs/ai-sdk-core/settings"
MESSAGES = "https://ai-sdk.dev/docs/reference/ai-sdk-core/model-message"
OPENAI = "https://ai-sdk.dev/providers/ai-sdk-providers/openai"
ANTHROPIC = "https://ai-sdk.dev/providers/ai-sdk-providers/anthropic"
GOOGLE = "https://ai-sdk.dev/providers/ai-sdk-providers/google-generative-ai"


@dataclass(frozen=True)
class Unsaid:
    """Situations, at surfaces. The patterns are shell's, several with blanks between."""

    situation: str
    surface: str
    what: str
    source: str

    def covers(self, situation: str, surface: str) -> bool:
        """Whether it speaks of this situation there."""
        named = any(fnmatch(situation, it) for it in self.situation.split())
        return named and any(fnmatch(surface, it) for it in self.surface.split())


# fmt: off
UNSAID = (
    Unsaid("choices-two", "openai-chat gemini", "several answers", SETTINGS),
    Unsaid("json-object", "openai-* gemini", "JSON without a schema", SETTINGS),
    Unsaid("usage-unasked", "openai-chat", "a stream without its usage: the SDK asks for it", SETTINGS),
    Unsaid("developer-message", "openai-*", "the developer's role", MESSAGES),
    Unsaid("names", "openai-chat", "names of participants", MESSAGES),
    Unsaid("system-parts", "*", "the operator's words in parts", MESSAGES),
    Unsaid("functions", "openai-chat", "the older form of tools", OPENAI),
    Unsaid("custom-tool*", "openai-chat", "free-form tools", OPENAI),
    Unsaid("web-search* pause* history-of-searches", "openai-chat", "search", OPENAI),
    Unsaid("history-of-searches history-of-code", "openai-responses anthropic-messages",
           "what the provider ran, but as an earlier answer had it", MESSAGES),
    Unsaid("service-tier", "openai-*", "a class of service, of models whose names it does not know", OPENAI),
    Unsaid("service-tier", "anthropic-messages", "a class of service", ANTHROPIC),
    Unsaid("web-search* pause* history-of-searches", "gemini", "search, of models whose names it does not know", GOOGLE),
    Unsaid("logprobs", "gemini", "probabilities", GOOGLE),
    Unsaid("audio-out", "openai-chat gemini", "spoken answers", SETTINGS),
    Unsaid("unknown-field", "*", "fields that it does not know", SETTINGS),
    Unsaid("namespace", "openai-responses", "namespaces of tools", OPENAI),
    Unsaid("code-execution* history-of-code", "gemini", "code that Google runs, of models whose names it does not know",
           GOOGLE),
    Unsaid("pdf-url", "gemini", "addresses: the SDK fetches them itself", GOOGLE),
    Unsaid("image-url", "gemini", "addresses: the SDK fetches them itself", GOOGLE),
    Unsaid("result-image", "gemini", "media in results: the SDK sends them beside", GOOGLE),
)
# fmt: on


def _on_top(view: View) -> None:
    view["limit"] += view.get("budget", 0)


def _own_form(view: View) -> None:
    """A result is `{"name", "content"}`, as JSON; a schema is in OpenAPI's form."""
    each_tool(schema=it.ANY)(view)
    if isinstance(view.get("output"), dict):
        view["output"] = it.ANY
    for _, parts in view["turns"]:
        for part in parts:
            if part[0] == "result":
                part[2] = [["text", it.ANY]]


def _own_words_joined(view: View) -> None:
    view["turns"] = [[role, _any_text(parts) if role == "assistant" else parts] for role, parts in view["turns"]]


def _any_text(parts: list[list[Any]]) -> list[list[Any]]:
    return [["text", it.ANY] if part[0] == "text" else part for part in parts]


# fmt: off
HABITS = (
    Allowed("*", "surface:anthropic-messages", "thought is counted on top of the limit", ANTHROPIC, unheard=_on_top,
            always=True),
    Allowed("strict-tool", "surface:anthropic-messages", "strict only for models whose names it knows", ANTHROPIC,
            unsaid=lambda ask: replace(ask, tools=tuple(replace(tool, strict=None) for tool in ask.tools))),
    Allowed("adjacent-turns", "surface:anthropic-messages surface:gemini", "two turns of the model are one", ANTHROPIC,
            unheard=_own_words_joined, always=True),
    Allowed("*", "surface:gemini", "schemas and results in a form of its own", GOOGLE, unheard=_own_form, always=True),
    Allowed("result-error", "surface:gemini", "is_error of results", GOOGLE, unsaid=in_turns(it.worked)),
    Allowed("*", "surface:openai-chat", "thought, which OpenAI's own API does not show", OPENAI,
            unseen=dropped("thought"), always=True),
    Allowed("thought*", "surface:openai-responses", "thought that is not encrypted", OPENAI,
            unheard=each_part("thought", lambda part: [part] if part[2] else []), always=True),
    Allowed("image-out-then-turn history-of-pictures", "surface:openai-*", "pictures in the model's own turns", OPENAI,
            unheard=it.gone("image"), always=True),
    Allowed("web-search-then-turn", "surface:openai-responses", "citations of earlier answers", OPENAI,
            unheard=it.gone("cites"), always=True),
    Allowed("code-execution-then-turn", "surface:openai-responses", "code that ran, of answers that are not stored",
            OPENAI, unheard=it.gone("ran"), always=True),
    Allowed("pause*", "surface:anthropic-messages", "a pause: it is the end of the answer to it", ANTHROPIC,
            unseen=becomes("finish", "stop"), always=True),
)
# fmt: on

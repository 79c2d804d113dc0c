"""The one table of what may be lost: a situation, at a surface or an upstream whose dialect has no such field, and
where the vendor's own reference shows that. Whatever else differs fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import allowed as it
from allowed import Allowed, all_of, becomes, dropped, each_part, each_tool, gone, in_turns, no_parts, token, without
from cases.common import PDF, PNG
from neutral import Answer, Ask, Audio, File, Image, Ran, Redacted, Searched, Text, Thought
from view import View, seal

OPENAI = "https://platform.openai.com/docs/api-reference/chat/create"
OPENAI_ANSWER = "https://platform.openai.com/docs/api-reference/chat/object"
RESPONSES = "https://platform.openai.com/docs/api-reference/responses/create"
RESPONSES_ANSWER = "https://platform.openai.com/docs/api-reference/responses/object"
ANTHROPIC = "https://platform.claude.com/docs/en/api/messages"
ANTHROPIC_THINKING = "https://platform.claude.com/docs/en/build-with-claude/extended-thinking"
ANTHROPIC_STOPS = "https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons"
ANTHROPIC_SEARCH = "https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool"
OPENAI_PICTURES = "https://platform.openai.com/docs/guides/tools-image-generation"
GEMINI_SEARCH = "https://ai.google.dev/gemini-api/docs/google-search"
OPENAI_SEARCH = "https://platform.openai.com/docs/guides/tools-web-search"
GEMINI = "https://ai.google.dev/api/generate-content"
GEMINI_CHATS = "https://github.com/googleapis/python-genai/blob/main/google/genai/chats.py"
GEMINI_CACHING = "https://ai.google.dev/api/caching"
GEMINI_JSON = "https://ai.google.dev/gemini-api/docs/structured-output"
GEMINI_SIGNATURES = "https://ai.google.dev/gemini-api/docs/thought-signatures"
GEMINI_FILES = "https://ai.google.dev/gemini-api/docs/file-input-methods"
GEMINI_CALLING = "https://ai.google.dev/gemini-api/docs/function-calling"
GEMINI_THINKING = "https://ai.google.dev/gemini-api/docs/openai#thinking"
COHERE_REASONING = "https://docs.cohere.com/docs/reasoning"
OLLAMA_THINKING = "https://docs.ollama.com/capabilities/thinking"
COHERE = "https://docs.cohere.com/reference/chat"
BEDROCK = "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html"
OLLAMA = "https://docs.ollama.com/api/chat"


FREE_TEXT = {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}


def _kept_tools(ask: Ask, kind: str) -> Ask:
    tools = tuple(tool for tool in ask.tools if tool.kind != kind)
    return replace(ask, tools=tools, choice=ask.choice if tools else None)


def _no_free_form(ask: Ask) -> Ask:
    """A free-form tool is declared as one that takes a text."""
    tools = (replace(tool, kind="function", schema=FREE_TEXT) if tool.kind == "custom" else tool for tool in ask.tools)
    return replace(ask, tools=tuple(tools))


def _developer_is_system(ask: Ask) -> Ask:
    return replace(
        ask, turns=tuple(replace(t, role="system") if getattr(t, "role", "") == "developer" else t for t in ask.turns)
    )


def _system_is_user(ask: Ask) -> Ask:
    first, *rest = ask.turns
    return replace(
        ask, turns=(first, *(replace(t, role="user") if getattr(t, "role", "") == "system" else t for t in rest))
    )


def _nameless(ask: Ask) -> Ask:
    return replace(ask, turns=tuple(replace(t, name="") if getattr(t, "name", "") else t for t in ask.turns))


def _loose(ask: Ask) -> Ask:
    return replace(ask, tools=tuple(replace(tool, strict=None) for tool in ask.tools))


def _whole_usage(ask: Ask) -> Ask:
    return replace(ask, usage=True)


def becomes_switch(view: View) -> None:
    """Thought is on, as much as the model likes."""
    if view.pop("budget", None) or view.get("effort"):
        view["effort"] = "on"


def _cohere_thinks(view: View) -> None:
    words = {"low": 2048, "medium": 8192}
    if word := view.pop("effort", None):
        view |= {"budget": words[word]} if word in words else {"effort": "on"}


def _gemini_thinks(view: View) -> None:
    if word := view.pop("effort", None):
        view["budget"] = {"low": 1024, "medium": 8192, "high": 24576}[word]


def _said_choice(view: View) -> None:
    if "parallel" in view:
        view["choice"] = view.get("choice") or "auto"


def _as_gemini(answer: Answer) -> Answer:
    plain = no_parts(Redacted)(it.refuses_in_text(it.plain_tokens("written")(answer)))
    return replace(plain, stop_text="")


def _as_bedrock(answer: Answer) -> Answer:
    plain = it.plain_tokens("reasoning")(it.refuses_in_text(answer))
    return replace(plain, stop_text="", logprobs=False, others=())


def _not_auto(view: View) -> None:
    if view.get("tier") == "auto":
        view.pop("tier")


def _one_answer(view: View) -> None:
    for role, parts in view["turns"]:
        if role == "assistant":
            words = [part[0] == "text" and part[1] is not it.ANY for part in parts]
            parts[:] = [["text", part[1].replace("\n", "")] if said else part for part, said in zip(parts, words)]


def _fetched(view: View) -> None:
    each_part("image", lambda part: [["image", "image/png", PNG]] if len(part) == 2 else [part])(view)


def _fetched_document(view: View) -> None:
    each_part("file", lambda part: [["file", "application/pdf", PDF, it.ANY]] if len(part) == 2 else [part])(view)


def _no_empty_thoughts(answer: Answer) -> Answer:
    parts = (part for part in answer.parts if not isinstance(part, Thought) or part.text)
    return replace(answer, parts=tuple(parts))


def _encrypted(answer: Answer) -> Answer:
    parts = (Redacted(seal("")) if part == Thought("") else part for part in answer.parts)
    return replace(answer, parts=tuple(parts))


def _without(*kinds: type) -> Callable[[Ask], Ask]:
    return in_turns(lambda part: None if isinstance(part, kinds) else part)


def _without_paintings(ask: Ask) -> Ask:
    plain = _without(Image)(ask)
    pairs = zip(ask.turns, plain.turns)
    return replace(ask, turns=tuple(b if getattr(a, "role", "") == "assistant" else a for a, b in pairs))


def _unpainted(answer: Answer) -> Answer:
    """Without pictures: what is left may be nothing."""
    plain = no_parts(Image)(answer)
    return plain if plain.parts else replace(plain, parts=(Text(""),))


def _unpaused(answer: Answer) -> Answer:
    return replace(answer, finish="stop") if answer.finish == "pause" else answer


def _budget_is_effort(ask: Ask) -> Ask:
    return replace(ask, budget=None, effort="low") if ask.budget else ask


# The situations in which the model paints, and those in which the vendor searches.
PAINTING = "image-out* images-out"
SEARCHING = "web-search* pause* history-of-searches"
RUNNING = "code-execution* history-of-code"

# fmt: off
SURFACES: tuple[Allowed, ...] = (
    # OpenAI chat completions.
    Allowed("top-k", "surface:openai-*", "top_k", OPENAI, unsaid=without("top_k")),
    Allowed("*", "surface:openai-*", "thinking budgets: only effort", OPENAI, unsaid=_budget_is_effort),
    Allowed("cache-marker*", "surface:openai-*", "cache marks", OPENAI,
            unsaid=lambda a: it.unmarked_tools(in_turns(it.unmarked)(a))),
    Allowed("result-error", "surface:openai-*", "is_error of results", OPENAI, unsaid=in_turns(it.worked)),
    Allowed("thought*", "surface:openai-chat", "thought without a proof: the SDK does not send it back", OPENAI,
            unheard=each_part("thought", lambda part: [part] if part[2] else [])),
    Allowed("result-image", "surface:openai-chat", "media in results", OPENAI, unsaid=in_turns(it.words_of_results)),
    Allowed("*", "surface:openai-*", "signatures", OPENAI_ANSWER, unseen=dropped("seals", "redacted", "stop_text")),
    Allowed("pdf-url", "surface:openai-chat", "documents at an address", OPENAI,
            unsaid=in_turns(lambda part: replace(part, url="", base64=PDF, name="report.pdf")
                            if isinstance(part, File) else part)),
    Allowed(RUNNING, "surface:openai-chat", "code that OpenAI runs", OPENAI,
            unsaid=lambda ask: _kept_tools(ask, "code_execution")),
    Allowed("history-of-*", "surface:openai-chat", "what OpenAI ran in the conversation", OPENAI,
            unsaid=_without(Searched, Ran)),
    Allowed("history-of-searches", "surface:gemini", "what Google searched for in the conversation", GEMINI_CACHING,
            unsaid=_without(Searched)),
    Allowed("history-of-pictures", "surface:anthropic-messages", "pictures in the model's own turns", ANTHROPIC,
            unsaid=_without_paintings),
    Allowed("code-execution*", "surface:*", "code that another vendor ran", RESPONSES_ANSWER, unseen=dropped("ran"),
            told="answer.vendor_parts", unheard=gone("ran")),
    Allowed(SEARCHING, "surface:*", "searches of another vendor", RESPONSES_ANSWER, unseen=dropped("searched"),
            told="answer.", unheard=gone("searched")),
    Allowed("web-search-then-turn", "surface:openai-chat", "citations: the SDK does not send them back", OPENAI,
            unheard=gone("cites"), always=True),
    Allowed("web-search-then-turn", "surface:openai-responses", "citations of earlier answers", RESPONSES,
            unheard=gone("cites"), named="annotations"),
    Allowed("web-search-then-turn", "surface:anthropic-messages", "citations that were not shown", ANTHROPIC_SEARCH,
            unheard=gone("cites")),
    Allowed(SEARCHING, "surface:gemini", "grounding: it is no part of a content, so it is not sent back", GEMINI_SEARCH,
            unheard=all_of(gone("cites"), gone("searched")), always=True),
    Allowed("pause*", "surface:openai-chat", "a pause", OPENAI_ANSWER, unseen=becomes("finish", "stop"),
            told="answer.pause"),
    Allowed("pause*", "surface:openai-responses", "a pause", RESPONSES_ANSWER, unseen=becomes("finish", "stop"),
            told="answer.pause"),
    Allowed("pause*", "surface:gemini", "a pause", GEMINI, unseen=becomes("finish", "stop"), told="answer.pause"),
    Allowed(PAINTING, "surface:anthropic-messages", "pictures in answers", ANTHROPIC, unseen=dropped("pictures"),
            told="answer.images", unheard=gone("image")),
    Allowed("namespace", "surface:openai-chat surface:anthropic-messages surface:gemini", "namespaces of tools", OPENAI,
            unsaid=it.flat_tools),
    Allowed("audio-out", "surface:openai-responses", "spoken answers", RESPONSES, unsaid=without("voice")),
    Allowed("audio-out", "surface:anthropic-messages", "spoken answers", ANTHROPIC, unsaid=without("voice")),
    Allowed("audio-out", "surface:gemini", "spoken answers of other vendors, whose voices and formats are others",
            GEMINI, refuses=lambda ask: "unsupported_parameter" if ask.voice else ""),
    Allowed("audio-out", "surface:gemini", "the words of what is spoken", GEMINI, always=True,
            unseen=lambda view: view.update({"spoken": [["", it[1]] for it in view["spoken"]]})
            if "spoken" in view else None),
    # OpenAI Responses.
    Allowed("seed penalties stop choices-two", "surface:openai-responses", "no such fields", RESPONSES,
            unsaid=without("seed", "frequency_penalty", "presence_penalty", "stop", "choices")),
    Allowed("audio-in", "surface:openai-responses", "sound", RESPONSES,
            unsaid=in_turns(lambda part: None if isinstance(part, Audio) else part)),
    Allowed("usage-unasked", "surface:openai-responses", "usage always comes", RESPONSES, unsaid=_whole_usage),
    Allowed("names", "surface:openai-responses", "names of participants", RESPONSES, unsaid=_nameless),
    Allowed("choices-two", "surface:openai-responses", "further answers", RESPONSES_ANSWER, unseen=dropped("others")),
    # Anthropic messages.
    Allowed("*", "surface:anthropic-messages", "max_tokens is demanded", ANTHROPIC,
            unsaid=lambda ask: replace(ask, limit=ask.limit or 4096), demanded=True),
    Allowed("developer-message", "surface:anthropic-messages", "the developer's role", ANTHROPIC,
            unsaid=_developer_is_system),
    Allowed("names", "surface:anthropic-messages", "names of participants", ANTHROPIC, unsaid=_nameless),
    Allowed("audio-in", "surface:anthropic-messages", "sound", ANTHROPIC,
            unsaid=in_turns(lambda part: None if isinstance(part, Audio) else part)),
    Allowed("custom-tool*", "surface:anthropic-messages", "free-form tools", ANTHROPIC, unsaid=_no_free_form),
    Allowed("parallel-off", "surface:anthropic-messages", "a switch that stands without a choice", ANTHROPIC,
            unsaid=lambda ask: replace(ask, choice=ask.choice or "auto")),
    Allowed("citations web-search*", "surface:anthropic-messages", "citations without an encrypted index", ANTHROPIC,
            unseen=dropped("citations"), told="answer."),
    Allowed("json-object", "surface:anthropic-messages", "JSON without a schema", ANTHROPIC, unsaid=without("output")),
    Allowed("logprobs seed penalties choices-two metadata cache-key", "surface:anthropic-messages", "no such fields",
            ANTHROPIC,
            unsaid=without("logprobs", "seed", "frequency_penalty", "presence_penalty", "choices", "metadata",
                           "cache_key")),
    Allowed("service-tier", "surface:anthropic-messages", "no class but auto", ANTHROPIC,
            unsaid=lambda ask: replace(ask, tier="auto")),
    Allowed("*", "surface:anthropic-messages", "probabilities, further answers", ANTHROPIC,
            unseen=dropped("logprobs", "others")),
    Allowed("temperature-hot", "surface:anthropic-messages", "temperatures above 1", ANTHROPIC,
            unsaid=lambda ask: replace(ask, temperature=1.0)),
    Allowed("usage-unasked", "surface:anthropic-messages", "usage always comes", ANTHROPIC, unsaid=_whole_usage),
    Allowed("functions", "surface:openai-chat", "in the older form, several calls at once", OPENAI,
            unsaid=lambda ask: replace(ask, parallel=False), demanded=True),
    Allowed("functions", "surface:openai-responses", "the older form of tools", RESPONSES,
            unsaid=without("older_tools")),
    Allowed("functions", "surface:anthropic-messages", "the older form of tools", ANTHROPIC,
            unsaid=without("older_tools")),
    Allowed("functions", "surface:gemini", "the older form of tools", GEMINI, unsaid=without("older_tools")),
    # Gemini.
    Allowed("developer-message", "surface:gemini", "the developer's role", GEMINI, unsaid=_developer_is_system),
    Allowed("mid-conversation-system", "surface:gemini", "system contents between others", GEMINI,
            unsaid=_system_is_user),
    Allowed("names", "surface:gemini", "names of participants", GEMINI, unsaid=_nameless),
    Allowed("adjacent-turns", "surface:gemini",
            "the model's contents in a row: SDKs keep the chunks of one answer so", GEMINI_CHATS,
            unheard=_one_answer, demanded=True),
    Allowed("custom-tool*", "surface:gemini", "free-form tools", GEMINI_CACHING, unsaid=_no_free_form),
    Allowed("strict-tool", "surface:gemini", "strict tools", GEMINI_CACHING, unsaid=_loose),
    Allowed("parallel-off", "surface:gemini", "one call at a time", GEMINI_CACHING, unsaid=without("parallel")),
    Allowed("cache-marker*", "surface:gemini", "cache marks", GEMINI,
            unsaid=lambda a: it.unmarked_tools(in_turns(it.unmarked)(a))),
    Allowed("end-user safety-identifier cache-key metadata", "surface:gemini", "no such fields", GEMINI,
            unsaid=without("end_user", "cache_key", "metadata")),
    Allowed("pdf", "surface:gemini", "names of documents", GEMINI_CACHING,
            unsaid=in_turns(lambda part: replace(part, name="") if isinstance(part, File) else part)),
    Allowed("usage-unasked", "surface:gemini", "usage always comes", GEMINI, unsaid=_whole_usage),
    Allowed("stop", "surface:gemini", "stop texts that were met", GEMINI, unseen=dropped("stop_text"),
            told="answer.stop_sequence"),
    Allowed("*", "surface:gemini", "redacted thought", GEMINI, unseen=dropped("redacted")),
    Allowed("*", "surface:gemini", "what was written to the cache", GEMINI, unseen=token("written")),
)
# fmt: on

OPENAI_CHATS = "upstream:openai-chat upstream:azure-openai"


RESP = "upstream:openai-responses"
GEM = "upstream:gemini upstream:vertex"
COH = "upstream:cohere"
BED = "upstream:bedrock"
OLL = "upstream:ollama"
# The situations whose models are known to take a number (`facts`).
BUDGETED = "effort-as-budget budget thought thought-* redacted-*"

# fmt: off
UPSTREAMS: tuple[Allowed, ...] = (
    # OpenAI chat completions, and Azure's.
    Allowed("*", OPENAI_CHATS, "signatures, redacted thought", OPENAI_ANSWER,
            unanswered=lambda a: it.unsealed(no_parts(Redacted)(a))),
    Allowed("*", OPENAI_CHATS, "the stop text that was met", OPENAI_ANSWER,
            unanswered=lambda a: replace(a, stop_text="")),
    Allowed("*", OPENAI_CHATS, "thought in the conversation", OPENAI, unheard=gone("thought"), always=True),
    Allowed("*", OPENAI_CHATS, "thinking budgets: only effort", OPENAI, unheard=it.budget_is_effort, named="reasoning"),
    Allowed("top-k", OPENAI_CHATS, "top_k", OPENAI, unheard=dropped("top_k"), named="top_k"),
    Allowed("cache-marker*", OPENAI_CHATS, "cache marks", OPENAI, unheard=it.unmarked_view, named="cache_control"),
    Allowed("result-error", OPENAI_CHATS, "is_error of results", OPENAI, unheard=it.worked_view, named="is_error"),
    Allowed("result-image", OPENAI_CHATS, "media in results: they follow as the user's", OPENAI,
            unheard=it.media_follow, named="content"),
    Allowed("metadata", OPENAI_CHATS, "labels of answers that are not stored", OPENAI, unheard=dropped("metadata"),
            named="metadata"),
    Allowed(SEARCHING, OPENAI_CHATS, "a tool: only models made for search search", OPENAI_SEARCH,
            unheard=dropped("tools"), named="search"),
    Allowed(SEARCHING, f"{OPENAI_CHATS} {COH} {BED} {OLL}", "what was searched for", OPENAI_ANSWER,
            unanswered=no_parts(Searched)),
    Allowed("pause*", f"{OPENAI_CHATS} {RESP} {GEM} {COH} {BED} {OLL}", "a pause", ANTHROPIC_STOPS,
            unanswered=_unpaused),
    Allowed(PAINTING, f"upstream:anthropic-messages {COH} {BED} {OLL}", "pictures in answers", ANTHROPIC,
            unanswered=_unpainted),
    Allowed("history-of-searches", "upstream:*", "searches that another vendor made", ANTHROPIC_SEARCH,
            unheard=gone("searched"), named="messages[].content[]."),
    Allowed("history-of-code", "upstream:*", "code that another vendor ran", RESPONSES, unheard=gone("ran"),
            named="messages[].content[]."),
    Allowed("history-of-pictures", f"upstream:anthropic-messages {COH} {BED} {OLL}",
            "pictures in the model's own turns", ANTHROPIC, unheard=gone("image"), named="content"),
    Allowed("image-out-then-turn history-of-pictures", OPENAI_CHATS, "pictures in the model's own turns", OPENAI,
            unheard=gone("image"), named="content"),
    Allowed("image-out-then-turn history-of-pictures", RESP,
            "pictures in the model's own turns that OpenAI did not make", OPENAI_PICTURES, unheard=gone("image"), named="content"),
    Allowed("pdf-url", OPENAI_CHATS, "documents at an address", OPENAI, unheard=gone("file"), named="file"),
    Allowed(RUNNING, f"{OPENAI_CHATS} upstream:cohere upstream:bedrock upstream:ollama", "code that it runs",
            OPENAI, unheard=dropped("tools"), named="code", unanswered=no_parts(Ran)),
    Allowed("namespace", "upstream:openai-chat upstream:azure-openai upstream:anthropic-messages upstream:gemini "
            "upstream:vertex upstream:cohere upstream:bedrock upstream:ollama", "namespaces of tools", OPENAI,
            unheard=it.flat_tools_view, named="namespace"),
    Allowed("audio-out", "upstream:*", "spoken answers, as another dialect asks for them", RESPONSES,
            unheard=dropped("voice"), named="audio"),
    Allowed("unknown-field", "upstream:*", "fields of other dialects that have no meaning here", OPENAI,
            unheard=dropped("unknown"), named="matrix"),
    Allowed("thought-unseen", f"{OPENAI_CHATS} upstream:cohere upstream:ollama", "proofs alone", OPENAI_ANSWER,
            unanswered=_no_empty_thoughts),
    Allowed("thought-unseen", "upstream:openai-responses", "proofs alone: they are encrypted reasoning",
            RESPONSES_ANSWER, unanswered=_encrypted),
    # Anthropic messages.
    Allowed("*", "upstream:anthropic-messages", "max_tokens is demanded", ANTHROPIC,
            unheard=becomes("limit", lambda limit: limit or 8192), demanded=True),
    Allowed("*", "upstream:anthropic-messages", "calls without signatures", ANTHROPIC, unanswered=it.calls_unsealed),
    Allowed("mid-conversation-system", "upstream:anthropic-messages", "the operator between turns", ANTHROPIC,
            unheard=it.as_user, named="role"),
    Allowed("names", "upstream:anthropic-messages", "names of participants", ANTHROPIC, unheard=dropped("names"),
            named="name"),
    Allowed("audio-in", "upstream:anthropic-messages", "sound", ANTHROPIC, unheard=gone("audio"), named="audio"),
    Allowed("custom-tool*", "upstream:anthropic-messages", "free-form tools: one with a text", ANTHROPIC,
            unheard=it.text_tools),
    Allowed("json-object json-schema-unsure", "upstream:anthropic-messages",
            "JSON without a schema, or of any model: by a tool",
            ANTHROPIC, unheard=it.asked_by_tool, by_tool=True),
    Allowed("logprobs", "upstream:anthropic-messages", "probabilities", ANTHROPIC, unheard=dropped("logprobs"),
            named="logprobs",
            unanswered=lambda a: replace(a, logprobs=False)),
    Allowed("choices-two", "upstream:anthropic-messages", "several answers", ANTHROPIC, refuses=it.no_choices,
            unanswered=lambda a: replace(a, others=())),
    Allowed("seed", "upstream:anthropic-messages", "seeds", ANTHROPIC, unheard=dropped("seed"), named="seed"),
    Allowed("penalties", "upstream:anthropic-messages", "penalties", ANTHROPIC,
            unheard=dropped("frequency_penalty", "presence_penalty"), named="penalty"),
    Allowed("temperature-hot", "upstream:anthropic-messages", "temperatures above 1", ANTHROPIC,
            unheard=becomes("temperature", 1.0), named="temperature"),
    Allowed("metadata", "upstream:anthropic-messages", "labels", ANTHROPIC, unheard=dropped("metadata"),
            named="metadata"),
    Allowed("cache-key", "upstream:anthropic-messages", "cache keys", ANTHROPIC, unheard=dropped("cache_key"),
            named="prompt_cache_key"),
    Allowed("service-tier", "upstream:anthropic-messages", "no class but auto", ANTHROPIC,
            unheard=becomes("tier", "auto")),
    Allowed(BUDGETED, "upstream:anthropic-messages", "a word, of models that take a number", ANTHROPIC_THINKING,
            unheard=it.effort_is_budget),
    Allowed("parallel-off functions", "upstream:anthropic-messages", "a switch that stands without a choice", ANTHROPIC,
            unheard=_said_choice),
    # OpenAI Responses.
    Allowed("*", RESP, "calls without signatures, the stop text that was met, further answers", RESPONSES_ANSWER,
            unanswered=lambda a: replace(it.calls_unsealed(a), stop_text="", others=())),
    Allowed("*", RESP, "thought but what is encrypted", RESPONSES, unheard=all_of(
            each_part("thought", lambda part: [["seal", part[2]]] if part[2] else []),
            each_part("redacted", lambda part: [["seal", part[1]]])), always=True),
    Allowed("metadata", RESP, "labels of answers that are not stored", RESPONSES, unheard=dropped("metadata"),
            named="metadata"),
    Allowed("*", RESP, "thinking budgets: only effort", RESPONSES, unheard=it.budget_is_effort, named="reasoning"),
    Allowed("top-k", RESP, "top_k", RESPONSES, unheard=dropped("top_k"), named="top_k"),
    Allowed("cache-marker*", RESP, "cache marks", RESPONSES, unheard=it.unmarked_view, named="cache_control"),
    Allowed("result-error", RESP, "is_error of results", RESPONSES, unheard=it.worked_view, named="is_error"),
    Allowed("names", RESP, "names of participants", RESPONSES, unheard=dropped("names"), named="name"),
    Allowed("audio-in", RESP, "sound", RESPONSES, unheard=gone("audio"), named="audio"),
    Allowed("seed", RESP, "seeds", RESPONSES, unheard=dropped("seed"), named="seed"),
    Allowed("penalties", RESP, "penalties", RESPONSES,
            unheard=dropped("frequency_penalty", "presence_penalty"), named="penalty"),
    Allowed("stop", RESP, "stop texts", RESPONSES, unheard=dropped("stop"), named="stop"),
    Allowed("choices-two", RESP, "several answers", RESPONSES, refuses=it.no_choices),
    Allowed("limit-minimum", RESP, "fewer tokens than the model can", RESPONSES, unheard=becomes("limit", 16),
            always=True),
    # Gemini, at AI Studio and at Vertex.
    Allowed("*", GEM, "redacted thought, the stop text that was met, what was written to the cache", GEMINI,
            unanswered=_as_gemini),
    Allowed("*", GEM, "thought in the conversation: its signature is enough", GEMINI_SIGNATURES,
            unheard=each_part("thought", lambda part: [["seal", part[2]]] if part[2] else []), always=True),
    Allowed("mid-conversation-system", GEM, "the operator between turns", GEMINI, unheard=it.as_user, named="role"),
    Allowed("names", GEM, "names of participants", GEMINI, unheard=dropped("names"), named="name"),
    Allowed("custom-tool*", GEM, "free-form tools: one with a text", GEMINI_CACHING, unheard=it.text_tools),
    Allowed("strict-tool", GEM, "strict tools", GEMINI_CACHING, unheard=each_tool(strict=None), named="strict"),
    Allowed("parallel-off functions", GEM, "one call at a time", GEMINI_CACHING, unheard=dropped("parallel"),
            named="parallel"),
    Allowed("result-image", GEM, "media in results but of the newest models: they stand beside", GEMINI_CALLING,
            unheard=it.media_beside),
    Allowed("cache-marker*", GEM, "cache marks", GEMINI, unheard=it.unmarked_view, named="cache_control"),
    Allowed("end-user safety-identifier", GEM, "end users", GEMINI, unheard=dropped("end_user"), named="user"),
    Allowed("cache-key", GEM, "cache keys", GEMINI, unheard=dropped("cache_key"), named="prompt_cache_key"),
    Allowed("metadata", GEM, "labels", GEMINI, unheard=dropped("metadata"), named="metadata"),
    Allowed("service-tier", GEM, "no class but its own", GEMINI, unheard=_not_auto),
    Allowed("image-url", GEM, "addresses but Google's: the bytes are fetched", GEMINI_FILES, unheard=_fetched),
    Allowed(BUDGETED, GEM, "a word, of models that take a number", GEMINI_THINKING, unheard=_gemini_thinks),
    Allowed("pdf*", GEM, "names of documents", GEMINI,
            unheard=each_part("file", lambda part: [[*part[:3], ""]] if part[3:] else [part])),
    # Cohere.
    Allowed("*", COH,
            "signatures, redacted thought, refusals, the stop text, counts of thought and of what was cached anew",
            COHERE,
            unanswered=it.only_words),
    Allowed("citations web-search*", COH, "citations but of documents in the request", COHERE,
            unanswered=lambda a: replace(a, citations=())),
    Allowed("choices-two", GEM, "several answers, as another dialect asks for them", GEMINI, refuses=it.no_choices),
    Allowed("choices-two", COH, "several answers", COHERE, refuses=it.no_choices),
    Allowed("names", COH, "names of participants", COHERE, unheard=dropped("names"), named="name"),
    Allowed("json-schema-and-tools", "upstream:cohere upstream:ollama", "a JSON answer together with tools", COHERE,
            refuses=lambda ask: "capability_not_supported" if ask.output else ""),
    Allowed("json-schema-and-tools", GEM, "a JSON answer together with tools, before Gemini 3", GEMINI_JSON,
            refuses=lambda ask: "capability_not_supported" if ask.output else ""),
    Allowed("thought-between-calls", "upstream:cohere upstream:ollama", "a place for thoughts between calls", COHERE,
            unheard=it.thoughts_first),
    Allowed("pdf-url", GEM, "addresses but Google's: the bytes are fetched", GEMINI_FILES,
            unheard=_fetched_document),
    Allowed("pdf-url", f"{BED}", "addresses: the bytes are fetched", BEDROCK, unheard=_fetched_document),
    Allowed("pdf*", COH, "documents but of words", COHERE, unheard=gone("file"), named="file"),
    Allowed("audio-in", COH, "sound", COHERE, unheard=gone("audio"), named="audio"),
    Allowed("custom-tool*", COH, "free-form tools: one with a text", COHERE, unheard=it.text_tools),
    Allowed(SEARCHING, COH, "search", COHERE, unheard=dropped("tools"), named="search"),
    Allowed("tool-forced", COH, "a tool by name: only that one is offered", COHERE, unheard=it.only_forced),
    Allowed("tool-auto functions", COH, "no word for the default", COHERE, unheard=dropped("choice")),
    Allowed("parallel-off functions", COH, "one call at a time; no word for the default", COHERE,
            unheard=dropped("parallel", "choice"), named="parallel"),
    Allowed("result-error", COH, "is_error of results", COHERE, unheard=it.worked_view, named="is_error"),
    Allowed("result-image", COH, "media in results: they follow as the user's", COHERE, unheard=it.media_follow,
            named="content"),
    Allowed("cache-marker*", COH, "cache marks", COHERE, unheard=it.unmarked_view, named="cache_control"),
    Allowed("logprobs", COH, "how many alternatives", COHERE, unheard=becomes("logprobs", 0)),
    Allowed("temperature-hot", COH, "temperatures above 1", COHERE, unheard=becomes("temperature", 1.0),
            named="temperature"),
    Allowed("end-user safety-identifier metadata cache-key service-tier", COH, "no such fields", COHERE,
            unheard=dropped("end_user", "metadata", "cache_key", "tier")),
    Allowed("*", COH, "a word for thought: a number", COHERE_REASONING, unheard=_cohere_thinks,
            named="reasoning_effort"),
    # Bedrock.
    Allowed("*", BED, "calls without signatures", BEDROCK, unanswered=it.calls_unsealed),
    Allowed("*", BED, "the stop text that was met, probabilities, further answers, counts of thought", BEDROCK,
            unanswered=_as_bedrock),
    Allowed("choices-two", BED, "several answers", BEDROCK, refuses=it.no_choices),
    Allowed("mid-conversation-system", BED, "the operator between turns", BEDROCK, unheard=it.as_user, named="role"),
    Allowed("names", BED, "names of participants", BEDROCK, unheard=dropped("names"), named="name"),
    Allowed("custom-tool*", BED, "free-form tools: one with a text", BEDROCK, unheard=it.text_tools),
    Allowed(SEARCHING, BED, "search", BEDROCK, unheard=dropped("tools"), named="search"),
    Allowed("parallel-off functions", BED, "one call at a time", BEDROCK, unheard=dropped("parallel"),
            named="parallel"),
    Allowed("service-tier", BED, "no class but its own", BEDROCK, unheard=_not_auto),
    Allowed("image-url", BED, "addresses: the bytes are fetched", BEDROCK, unheard=_fetched),
    Allowed("pdf*", BED, "names but of plain letters", BEDROCK,
            unheard=each_part("file", lambda part: [[*part[:3], it.ANY]] if part[3:] else [part])),
    Allowed("tool-none", BED, "tools that may not be called: none are offered", BEDROCK,
            unheard=dropped("tools", "choice")),
    Allowed("json-object json-schema-unsure", BED, "JSON without a schema: by a tool", BEDROCK,
            unheard=it.asked_by_tool, by_tool=True),
    Allowed("seed logprobs penalties", BED, "no such fields", BEDROCK,
            unheard=dropped("seed", "logprobs", "frequency_penalty", "presence_penalty")),
    Allowed("temperature-hot", BED, "temperatures above 1", BEDROCK, unheard=becomes("temperature", 1.0),
            named="temperature"),
    Allowed("end-user safety-identifier cache-key", BED, "no such fields", BEDROCK,
            unheard=dropped("end_user", "cache_key")),
    Allowed(BUDGETED, BED, "a word, of models that take a number", ANTHROPIC_THINKING, unheard=it.effort_is_budget),
    # Ollama.
    Allowed("*", OLL, "signatures, redacted thought, refusals, the stop text, citations, cached counts", OLLAMA,
            unanswered=lambda a: replace(it.plain_tokens("cached")(it.only_words(a)), citations=())),
    Allowed("choices-two", OLL, "several answers", OLLAMA, refuses=it.no_choices),
    Allowed("names", OLL, "names of participants", OLLAMA, unheard=dropped("names"), named="name"),
    Allowed("pdf*", OLL, "documents", OLLAMA, unheard=gone("file"), named="file"),
    Allowed("audio-in", OLL, "sound", OLLAMA, unheard=gone("audio"), named="audio"),
    Allowed("image-url", OLL, "addresses: the bytes are fetched", OLLAMA, unheard=_fetched),
    Allowed("image*", OLL, "a place for pictures between words", OLLAMA, unheard=it.pictures_last),
    Allowed("custom-tool*", OLL, "free-form tools: one with a text", OLLAMA, unheard=it.text_tools),
    Allowed(SEARCHING, OLL, "search", OLLAMA, unheard=dropped("tools"), named="search"),
    Allowed("tool-auto functions", OLL, "no word for the default", OLLAMA, unheard=dropped("choice")),
    Allowed("tool-none", OLL, "tools that may not be called: none are offered", OLLAMA,
            unheard=dropped("tools", "choice")),
    Allowed("tool-forced tool-required", OLL, "a demand that tools be called", OLLAMA, refuses=it.no_demand),
    Allowed("parallel-off functions", OLL, "one call at a time", OLLAMA, unheard=dropped("parallel", "choice"),
            named="parallel"),
    Allowed("strict-tool", OLL, "strict tools", OLLAMA, unheard=each_tool(strict=None), named="strict"),
    Allowed("result-error", OLL, "is_error of results", OLLAMA, unheard=it.worked_view, named="is_error"),
    Allowed("cache-marker*", OLL, "cache marks", OLLAMA, unheard=it.unmarked_view, named="cache_control"),
    Allowed("end-user safety-identifier metadata cache-key service-tier", OLL, "no such fields", OLLAMA,
            unheard=dropped("end_user", "metadata", "cache_key", "tier")),
    Allowed(BUDGETED, OLL, "a measure of thought, of models that take a switch", OLLAMA_THINKING,
            unheard=becomes_switch, named="reasoning"),
    Allowed("pdf*", f"{OPENAI_CHATS} {RESP}", "documents without a name", OPENAI,
            unheard=each_part("file", lambda part: [[*part[:3], part[3] or it.ANY]] if part[3:] else [part]),
            demanded=True),
    # What a model is known to take (`facts`).
    Allowed("limit-minimum", f"{OPENAI_CHATS} {COH} {OLL}", "fewer tokens than the model can", OPENAI, unheard=becomes("limit", 16),
            always=True),
    Allowed("limit-maximum", "upstream:*", "more tokens than the model can", OPENAI, unheard=becomes("limit", 4096),
            always=True),
)

# fmt: on
ROWS: tuple[Allowed, ...] = (*SURFACES, *UPSTREAMS)


def rows(situation: str, at: str) -> list[Allowed]:
    """What is allowed there."""
    return [row for row in ROWS if row.covers(situation, at)]

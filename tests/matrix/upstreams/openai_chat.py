"""OpenAI's chat completions, and Azure's.

Requests are held against the TypedDicts of openai-python; shapes of answers:
https://platform.openai.com/docs/api-reference/chat/object and …/chat-streaming. `reasoning_content` is DeepSeek's
word for the thought (https://api-docs.deepseek.com/guides/reasoning_model), which others took over.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import rules
from neutral import Answer, Call, Fails, Image
from speak_openai import usage
from upstreams.openai_responses import OpenAIResponses
from upstreams.base import (
    CREATED,
    CREDENTIAL,
    Heard,
    Upstream,
    arguments,
    bearer,
    data_url,
    frame,
    half,
    header,
    pieces,
)
from upstreams.base import refusal, said, spoken, thought, wished
from view import Turns, View, canonical

FINISH = {"stop": "stop", "length": "length", "tools": "tool_calls", "refused": "content_filter"}
KNOWN = {"model", "messages", "stream", "stream_options", "tools", "tool_choice", "parallel_tool_calls", "stop", "n"}
KNOWN |= {"response_format", "max_tokens", "max_completion_tokens", "temperature", "top_p", "seed", "frequency_penalty"}
KNOWN |= {"presence_penalty", "reasoning_effort", "logprobs", "top_logprobs", "user", "safety_identifier", "metadata"}
KNOWN |= {"functions", "function_call", "service_tier", "prompt_cache_key", "web_search_options", "modalities", "audio"}


class OpenAIChat(Upstream):
    """`POST /v1/chat/completions`."""

    name = "openai-chat"
    prefix = "gpt--"

    def provider(self, url: str) -> dict[str, Any]:
        return {"kind": "openai-compatible", "base_url": f"{url}/v1", "credential": {"api_key": CREDENTIAL}}

    def facts(self, facts: dict[str, Any]) -> dict[str, Any]:
        # OpenAI's models take tools of free text; its reasoning models take a word, never a number.
        return {"custom_tools": True} | facts | ({"reasoning": "effort"} if facts.get("reasoning") else {})

    def model(self, heard: Heard) -> str | None:
        return heard.body["model"] if heard.path == "/v1/chat/completions" and not heard.query else None

    def streams(self, heard: Heard) -> bool:
        return bool(heard.body.get("stream"))

    def check(self, heard: Heard) -> list[str]:
        # `reasoning_content` and `images` in messages are of those who took the dialect over.
        body = json.loads(heard.raw)
        for message in body.get("messages", []):
            message.pop("reasoning_content", None)
            message.pop("images", None)
        # The rules were written without the older form of calls.
        older = [f"messages[{at}]: says nothing" for at, it in enumerate(body["messages"]) if it.get("function_call")]
        return [*bearer(heard), *(it for it in rules.openai(body) if it not in older)]

    def normalise(self, heard: Heard) -> View:
        body, turns = heard.body, Turns()
        for message in body["messages"]:
            _message(turns, message)
        view = turns.view()
        if names := [
            it["name"] for it in body["messages"] if it.get("name") and it["role"] not in ("tool", "function")
        ]:
            view["names"] = names
        older = [{"type": "function", "function": it} for it in body.get("functions", [])]
        if tools := [_tool(it) for it in body.get("tools", older)]:
            view["tools"] = tools
        if body.get("web_search_options") is not None:
            view["tools"] = [*view.get("tools", []), {"hosted": "web_search"}]
        if (choice := body.get("tool_choice")) is not None:
            view["choice"] = choice if isinstance(choice, str) else choice[choice["type"]]["name"]
        if older:
            # They are called one at a time.
            view["parallel"] = False
        if (choice := body.get("function_call")) is not None:
            view["choice"] = choice if isinstance(choice, str) else choice["name"]
        if "audio" in (body.get("modalities") or []):
            view["voice"] = body["audio"]["voice"]
        if (form := body.get("response_format")) and form["type"] != "text":
            view["output"] = "json" if form["type"] == "json_object" else form["json_schema"]["schema"]
        wished(view, body, parallel="parallel_tool_calls", temperature="temperature", top_p="top_p", seed="seed")
        wished(view, body, frequency_penalty="frequency_penalty", presence_penalty="presence_penalty")
        wished(view, body, effort="reasoning_effort", end_user="user", metadata="metadata", tier="service_tier")
        wished(view, body, cache_key="prompt_cache_key", choices="n")
        wished(view, body, end_user="safety_identifier", limit="max_tokens")
        wished(view, body, limit="max_completion_tokens")
        if body.get("logprobs"):
            view["logprobs"] = body.get("top_logprobs", 0)
        if stop := body.get("stop"):
            view["stop"] = [stop] if isinstance(stop, str) else stop
        if unknown := sorted(body.keys() - KNOWN):
            view["unknown"] = unknown
        view["stream"] = bool(body.get("stream"))
        return view

    def whole(self, answer: Answer, heard: Heard) -> Any:
        message: dict[str, Any] = {"role": "assistant", "content": said(answer), "refusal": None, "annotations": []}
        if (answer.calls or refusal(answer)) and not message["content"]:
            message["content"] = None
        if words := refusal(answer):
            message["refusal"] = words
        if words := thought(answer):
            message["reasoning_content"] = words
        if sound := spoken(answer):
            message["content"] = None
            message["audio"] = _sound(sound.base64, sound.text)
        if pictures := _pictures(answer):
            message["images"] = pictures
        message["annotations"] = _annotations(answer)
        if answer.calls and "functions" in heard.body:
            message["function_call"] = _call(answer.calls[0])["function"]
        elif answer.calls:
            message["tool_calls"] = [_call(it) for it in answer.calls]
        choices = [_choice(0, message, answer, heard)]
        for at, text in enumerate(answer.others, 1):
            other = {"role": "assistant", "content": text, "refusal": None, "annotations": []}
            choices.append(_choice(at, other, Answer(()), heard))
        head = _head(heard, "chat.completion")
        return head | {"choices": choices, "usage": usage(answer.tokens)}

    def stream(self, answer: Answer, heard: Heard) -> Iterator[bytes]:
        counted = bool((heard.body.get("stream_options") or {}).get("include_usage"))
        head = _head(heard, "chat.completion.chunk")

        def chunk(delta: dict[str, Any], finish: str | None = None, index: int = 0, logprobs: Any = None) -> bytes:
            choice = {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
            return frame(head | {"choices": [choice]} | ({"usage": None} if counted else {}))

        yield chunk({"role": "assistant", "content": None if answer.calls else "", "refusal": None})
        yield from (chunk({"reasoning_content": it}) for it in pieces(thought(answer)))
        if answer.breaks:
            yield from (chunk({"content": it}) for it in half(said(answer)))
            if answer.breaks == "error":
                yield frame(self.error(Fails(500, "The engine stalled.")))
            return
        for it in pieces(said(answer)):
            yield chunk({"content": it}, logprobs=_logprobs(it) if answer.logprobs else None)
        if sound := spoken(answer):
            # https://platform.openai.com/docs/guides/audio: the id first, then words and sound, its end of life last.
            yield chunk({"audio": {"id": "audio_matrix1"}})
            yield from (chunk({"audio": {"transcript": it}}) for it in pieces(sound.text))
            yield from (chunk({"audio": {"data": it}}) for it in pieces(sound.base64))
            yield chunk({"audio": {"expires_at": CREATED + 3_600}})
        yield from (chunk({"images": [it]}) for it in _pictures(answer))
        yield from (chunk({"refusal": it}) for it in pieces(refusal(answer)))
        if answer.citations:
            yield chunk({"annotations": _annotations(answer)})
        if "functions" in heard.body:
            for it in _fragments(answer):
                yield chunk({"function_call": it["function"]})
        else:
            yield from (chunk({"tool_calls": [it]}) for it in _fragments(answer))
        yield chunk({}, _finish(answer, heard))
        for at, text in enumerate(answer.others, 1):
            yield chunk({"role": "assistant", "content": ""}, index=at)
            yield from (chunk({"content": it}, index=at) for it in pieces(text))
            yield chunk({}, "stop", index=at)
        if counted:
            yield frame(head | {"choices": [], "usage": usage(answer.tokens)})
        yield b"data: [DONE]\n\n"

    def error(self, fails: Fails) -> Any:
        kind = {400: "invalid_request_error", 429: "requests"}.get(fails.status, "server_error")
        return {"error": {"message": fails.message, "type": kind, "param": None, "code": None}}


class AzureOpenAI(OpenAIChat):
    """The same at a deployment's address: https://learn.microsoft.com/azure/ai-services/openai/reference."""

    name = "azure-openai"

    def provider(self, url: str) -> dict[str, Any]:
        credential = {"settings": {"auth": "api_key"}, "fields": {"api_key": CREDENTIAL}}
        return {"kind": "azure-openai", "base_url": url, "settings": {"api": "deployments"}, "credential": credential}

    def speaker(self, heard: Heard) -> Upstream:
        return AzureResponses() if heard.path == "/openai/v1/responses" else self

    def dialect(self, surface: str) -> str:
        return "openai-responses" if surface == "openai-responses" else self.name

    def model(self, heard: Heard) -> str | None:
        # The classic address names the deployment; the newer one is OpenAI's own.
        if heard.path in ("/openai/v1/chat/completions", "/v1/chat/completions"):
            return heard.body["model"]
        before, _, rest = heard.path.removeprefix("/openai/deployments/").partition("/")
        named = heard.path.startswith("/openai/deployments/") and rest == "chat/completions"
        return before if named and "api-version=" in heard.query else None

    def check(self, heard: Heard) -> list[str]:
        wrong = super().check(heard)
        wrong = [it for it in wrong if not it.startswith("authorization")]
        return [*header(heard, "api-key", CREDENTIAL), *wrong]


class AzureResponses(OpenAIResponses):
    """Azure's Responses, at its newer address."""

    def model(self, heard: Heard) -> str | None:
        return heard.body["model"]

    def check(self, heard: Heard) -> list[str]:
        wrong = [it for it in super().check(heard) if not it.startswith("authorization")]
        return [*header(heard, "api-key", CREDENTIAL), *wrong]


def _message(turns: Turns, message: dict[str, Any]) -> None:
    role, content = message["role"], message.get("content")
    if call := message.get("function_call"):
        turns.call(call["name"], call["name"], json.loads(call["arguments"]))
    if role == "function":
        turns.result(message["name"], [["text", canonical(content)]])
        return
    if role == "tool":
        parts = [_part(it) for it in content] if isinstance(content, list) else [["text", canonical(content)]]
        turns.result(message["tool_call_id"], parts)
        return
    if message.get("reasoning_content"):
        turns.say(role, ["thought", message["reasoning_content"], ""])
    if isinstance(content, str) and content:
        turns.say(role, ["text", canonical(content)])
    for part in message.get("images", []):
        turns.say(role, _part(part))
    for part in content if isinstance(content, list) else []:
        turns.say(role, _part(part))
        if part.get("cache_control"):
            turns.say(role, ["cache"])
    if message.get("refusal"):
        turns.say(role, ["text", message["refusal"]])
    for call in message.get("tool_calls") or []:
        if call["type"] == "custom":
            turns.call(call["id"], call["custom"]["name"], call["custom"]["input"])
        else:
            turns.call(call["id"], call["function"]["name"], json.loads(call["function"]["arguments"]))


def _part(part: dict[str, Any]) -> list[Any]:
    match part["type"]:
        case "text":
            return ["text", canonical(part["text"])]
        case "image_url":
            return data_url(part["image_url"]["url"])
        case "file":
            mime, data = data_url(part["file"]["file_data"])[1:]
            return ["file", mime, data, part["file"].get("filename", "")]
        case "input_audio":
            return ["audio", part["input_audio"]["format"], part["input_audio"]["data"]]
    return [part["type"], part]


def _tool(tool: dict[str, Any]) -> View:
    if tool["type"] == "custom":
        view: View = {"kind": "custom", "name": tool["custom"]["name"]}
        return view | ({"description": it} if (it := tool["custom"].get("description")) else {})
    function = tool["function"]
    view = {"kind": "function", "name": function["name"]}
    if function.get("description"):
        view["description"] = function["description"]
    view["schema"] = function.get("parameters")
    if function.get("strict"):
        view["strict"] = True
    if tool.get("cache_control"):
        view["cached"] = True
    return view


def _head(heard: Heard, kind: str) -> dict[str, Any]:
    model = heard.body.get("model") or "deployment"
    head = {"id": "chatcmpl-matrix1", "object": kind, "created": CREATED, "model": model}
    return head | {"service_tier": "default", "system_fingerprint": "fp_matrix"}


def _finish(answer: Answer, heard: Heard) -> str:
    if answer.finish == "tools" and "functions" in heard.body:
        return "function_call"
    return "stop" if refusal(answer) else FINISH[answer.finish]


def _choice(index: int, message: dict[str, Any], answer: Answer, heard: Heard) -> dict[str, Any]:
    logprobs = _logprobs(said(answer)) if answer.logprobs else None
    return {"index": index, "message": message, "logprobs": logprobs, "finish_reason": _finish(answer, heard)}


def _logprobs(text: str) -> dict[str, Any]:
    token = {"token": text, "logprob": -0.25, "bytes": list(text.encode())}
    return {"content": [token | {"top_logprobs": [token]}], "refusal": None}


def _annotations(answer: Answer) -> list[dict[str, Any]]:
    return [
        {"type": "url_citation", "url_citation": {"start_index": 0, "end_index": 5, "title": "A page", "url": it}}
        for it in answer.citations
    ]


def _pictures(answer: Answer) -> list[dict[str, Any]]:
    """https://openrouter.ai/docs/features/multimodal/image-generation"""
    pictures = [it for it in answer.parts if isinstance(it, Image)]
    urls = [f"data:{it.mime};base64,{it.base64}" for it in pictures]
    return [{"type": "image_url", "image_url": {"url": url}, "index": at} for at, url in enumerate(urls)]


def _sound(data: str, transcript: str) -> dict[str, Any]:
    return {"id": "audio_matrix1", "data": data, "transcript": transcript, "expires_at": CREATED + 3_600}


def _custom(call: Call) -> bool:
    return isinstance(call.input, str)


def _call(call: Call) -> dict[str, Any]:
    if _custom(call):
        return {"id": call.id, "type": "custom", "custom": {"name": call.name, "input": call.input}}
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments(call)}}


def _fragments(answer: Answer) -> list[dict[str, Any]]:
    """The deltas of all calls: id and name once, the arguments in bits."""
    each = []
    for at, call in enumerate(answer.calls):
        kind, field = ("custom", "input") if _custom(call) else ("function", "arguments")
        opening = {"index": at, "id": call.id, "type": kind, kind: {"name": call.name, field: ""}}
        each.append([opening, *({"index": at, kind: {field: it}} for it in pieces(arguments(call)))])
    if answer.interleaved:
        longest = max(map(len, each))
        return [bits[n] for n in range(longest) for bits in each if n < len(bits)]
    return [it for bits in each for it in bits]

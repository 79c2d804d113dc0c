"""OpenAI's Responses.

Requests are held against the TypedDicts of openai-python; shapes of answers:
https://platform.openai.com/docs/api-reference/responses/object and …/responses-streaming.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from neutral import WITHIN, Answer, Call, Fails, Image, Ran, Redacted, Refusal, Searched, Text, Thought
from openai.types.responses import response_create_params
from shapes import mistakes
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
    pieces,
    wished,
)
from view import Turns, View, canonical, seal

KNOWN = {"model", "input", "instructions", "stream", "stream_options", "tools", "tool_choice", "parallel_tool_calls"}
KNOWN |= {"text", "max_output_tokens", "temperature", "top_p", "top_logprobs", "include", "reasoning", "user", "store"}
KNOWN |= {"safety_identifier", "metadata", "service_tier", "prompt_cache_key"}


class OpenAIResponses(Upstream):
    """`POST /v1/responses`."""

    name = "openai-responses"
    prefix = "gpt--"

    def provider(self, url: str) -> dict[str, Any]:
        return {"kind": "openai", "base_url": f"{url}/v1", "credential": {"api_key": CREDENTIAL}}

    def facts(self, facts: dict[str, Any]) -> dict[str, Any]:
        reasons = {"reasoning": "effort"} if facts.get("reasoning") else {}
        return facts | reasons | {"families": ["responses"]}

    def model(self, heard: Heard) -> str | None:
        return heard.body["model"] if heard.path == "/v1/responses" and not heard.query else None

    def streams(self, heard: Heard) -> bool:
        return bool(heard.body.get("stream"))

    def check(self, heard: Heard) -> list[str]:
        streaming = response_create_params.ResponseCreateParamsStreaming
        plain = response_create_params.ResponseCreateParamsNonStreaming
        body = heard.body
        wrong = mistakes(body, streaming if body.get("stream") else plain)
        return [*bearer(heard), *wrong] if wrong else [*bearer(heard), *_calls_answered(body["input"]), *_fields(body)]

    def normalise(self, heard: Heard) -> View:
        body, turns = heard.body, Turns()
        if body.get("instructions"):
            turns.say("system", ["text", body["instructions"]])
        items = body["input"]
        for item in [{"role": "user", "content": items}] if isinstance(items, str) else items:
            _item(turns, item)
        view = turns.view()
        if tools := [_tool(it) for it in body.get("tools", [])]:
            view["tools"] = tools
        if (choice := body.get("tool_choice")) is not None:
            view["choice"] = choice if isinstance(choice, str) else choice.get("name", choice["type"])
        form = (body.get("text") or {}).get("format") or {"type": "text"}
        if form["type"] != "text":
            view["output"] = "json" if form["type"] == "json_object" else form["schema"]
        wished(view, body, parallel="parallel_tool_calls", temperature="temperature", top_p="top_p", end_user="user")
        wished(view, body, end_user="safety_identifier", limit="max_output_tokens", tier="service_tier")
        wished(view, body, metadata="metadata", cache_key="prompt_cache_key")
        wished(view, body.get("reasoning") or {}, effort="effort")
        if "message.output_text.logprobs" in (body.get("include") or []):
            view["logprobs"] = body.get("top_logprobs", 0)
        if unknown := sorted(body.keys() - KNOWN):
            view["unknown"] = unknown
        view["stream"] = bool(body.get("stream"))
        return view

    def whole(self, answer: Answer, heard: Heard) -> Any:
        output = [_done(it, at, answer) for at, it in enumerate(_parts(answer))]
        return _response(heard, answer, output)

    def stream(self, answer: Answer, heard: Heard) -> Iterator[bytes]:
        number = -1

        def event(kind: str, **data: Any) -> bytes:
            nonlocal number
            number += 1
            return frame({"type": kind, "sequence_number": number, **data}, kind)

        begun = _response(heard, None, [])
        yield event("response.created", response=begun)
        yield event("response.in_progress", response=begun)
        output = []
        for at, part in enumerate(_parts(answer)):
            item = _done(part, at, answer)
            yield event("response.output_item.added", output_index=at, item=_opened(item))
            deltas = _deltas(part, item, at, answer)
            if answer.breaks:
                deltas = [*deltas[: 1 + len(half(answer.text))]]
            for kind, data in deltas:
                yield event(kind, item_id=item["id"], output_index=at, **data)
            if answer.breaks == "error":
                yield event("error", code="server_error", message="The engine stalled.", param=None)
            if answer.breaks:
                return
            yield event("response.output_item.done", output_index=at, item=item)
            output.append(item)
        last = _response(heard, answer, output)
        yield event(f"response.{last['status']}", response=last)

    def error(self, fails: Fails) -> Any:
        kind = {400: "invalid_request_error", 429: "requests"}.get(fails.status, "server_error")
        return {"error": {"message": fails.message, "type": kind, "param": None, "code": None}}


def _calls_answered(items: Any) -> Iterator[str]:
    """Each call has its output, each output its call."""
    if isinstance(items, str):
        return
    kinds = [(it.get("type", "message"), it.get("call_id")) for it in items]
    calls = [id for kind, id in kinds if kind in ("function_call", "custom_tool_call")]
    outputs = [id for kind, id in kinds if kind in ("function_call_output", "custom_tool_call_output")]
    if sorted(calls) != sorted(outputs):
        yield f"input: calls {calls} have outputs {outputs}"
    for item in items:
        if item.get("type") == "reasoning" and item.get("encrypted_content") is not None:
            if len(item["encrypted_content"]) != len(seal("")):
                yield "input: the encrypted content could not be verified"
        if item.get("type", "message") == "message" and item.get("role") == "assistant":
            kinds_of = [it["type"] for it in item["content"] if isinstance(item["content"], list)]
            yield from (f"input: {it} in an assistant's message" for it in kinds_of if it.startswith("input_"))


def _fields(body: dict[str, Any]) -> Iterator[str]:
    if (limit := body.get("max_output_tokens")) is not None and limit < 16:
        yield "max_output_tokens: below 16"
    names = [it.get("name") for it in body.get("tools", [])]
    choice = body.get("tool_choice")
    if isinstance(choice, dict) and choice["type"] in ("function", "custom") and choice["name"] not in names:
        yield "tool_choice: no such tool"
    for tool in body.get("tools", []):
        if (
            tool["type"] == "function"
            and tool.get("strict")
            and "additionalProperties" not in (tool["parameters"] or {})
        ):
            yield "tools: strict without additionalProperties"


def _item(turns: Turns, item: dict[str, Any]) -> None:
    match item.get("type", "message"):
        case "message":
            content = item["content"]
            for part in [{"type": "input_text", "text": content}] if isinstance(content, str) else content:
                turns.say(item["role"], _part(part))
                if cited := [it["url"] for it in part.get("annotations") or []]:
                    turns.say(item["role"], ["cites", cited])
        case "function_call":
            turns.call(item["call_id"], _named(item), json.loads(item["arguments"]))
        case "custom_tool_call":
            turns.call(item["call_id"], _named(item), item["input"])
        case "function_call_output" | "custom_tool_call_output":
            output = item["output"]
            parts = [{"type": "input_text", "text": output}] if isinstance(output, str) else output
            turns.result(item["call_id"], [_part(it) for it in parts])
        case "reasoning":
            text = "".join(it["text"] for it in item["summary"])
            # What is encrypted holds the whole of it, the summary is for people.
            sealed = item.get("encrypted_content")
            turns.say("assistant", ["seal", sealed] if sealed else ["thought", text, ""])
        case "web_search_call":
            turns.say("assistant", ["searched", item["action"]["query"]])
        case "code_interpreter_call":
            turns.say("assistant", ["ran", item["code"], "".join(it["logs"] for it in item["outputs"])])
        case "image_generation_call":
            turns.say("assistant", ["image", f"image/{item.get('output_format', 'png')}", item["result"]])
        case kind:
            turns.say("assistant", [kind, item])


def _named(item: dict[str, Any]) -> str:
    return f"{item['namespace']}{WITHIN}{item['name']}" if item.get("namespace") else item["name"]


def _part(part: dict[str, Any]) -> list[Any]:
    match part["type"]:
        case "input_text" | "output_text":
            return ["text", canonical(part["text"])]
        case "refusal":
            return ["text", part["refusal"]]
        case "input_image":
            return data_url(part["image_url"])
        case "input_file" if part.get("file_url"):
            return ["file", part["file_url"]]
        case "input_file":
            mime, data = data_url(part["file_data"])[1:]
            return ["file", mime, data, part.get("filename", "")]
        case "input_audio":
            return ["audio", part["input_audio"]["format"], part["input_audio"]["data"]]
    return [part["type"], part]


def _tool(tool: dict[str, Any]) -> View:
    if tool["type"].startswith("web_search"):
        return {"hosted": "web_search"}
    if tool["type"] == "code_interpreter":
        return {"hosted": "code_execution"}
    if tool["type"] == "namespace":
        inner = [_tool(it) for it in tool["tools"]]
        return {"namespace": tool["name"], "description": tool["description"], "tools": inner}
    view: View = {"kind": tool["type"], "name": tool["name"]}
    if tool.get("description"):
        view["description"] = tool["description"]
    if tool["type"] == "function":
        view["schema"] = tool["parameters"]
        # OpenAI's default is strict, so `false` says: as the caller had it.
        if tool.get("strict"):
            view["strict"] = True
    return view


def _parts(answer: Answer) -> list[Any]:
    """One item for each; neighbouring words are one message."""
    return [it for it in answer.parts if not (isinstance(it, Text) and not it.text)]


def _done(part: Any, at: int, answer: Answer) -> dict[str, Any]:
    match part:
        case Text(text):
            content = {"type": "output_text", "text": text, "annotations": _annotations(answer)}
            content["logprobs"] = _logprobs(text) if answer.logprobs else []
            return _message(at, content, answer)
        case Refusal(text):
            return _message(at, {"type": "refusal", "refusal": text}, answer)
        case Ran(code, output):
            head = {"id": f"ci_{at}", "type": "code_interpreter_call", "status": "completed", "code": code}
            return head | {"container_id": "cntr_1", "outputs": [{"type": "logs", "logs": output}]}
        case Searched(query, pages):
            action = {"type": "search", "query": query, "queries": [query]}
            action["sources"] = [{"type": "url", "url": it} for it in pages]
            return {"id": f"ws_{at}", "type": "web_search_call", "status": "completed", "action": action}
        case Image(mime, data):
            head = {"id": f"ig_{at}", "type": "image_generation_call", "status": "completed", "result": data}
            return head | {"output_format": mime.removeprefix("image/"), "revised_prompt": "A dot."}
        case Thought(text):
            summary = [{"type": "summary_text", "text": text}]
            return {"id": f"rs_{at}", "type": "reasoning", "summary": summary, "encrypted_content": seal(text)}
        case Redacted(data):
            return {"id": f"rs_{at}", "type": "reasoning", "summary": [], "encrypted_content": data}
        case Call(id, name):
            namespace, _, bare = name.rpartition(WITHIN)
            head = {"id": f"fc_{at}", "status": "completed", "call_id": id, "name": bare}
            head |= {"namespace": namespace} if namespace else {}
            if isinstance(part.input, str):
                # https://platform.openai.com/docs/guides/function-calling#custom-tools: it has a status, as others do.
                return head | {"id": f"ctc_{at}", "type": "custom_tool_call", "input": part.input}
            return head | {"type": "function_call", "arguments": arguments(part)}
    raise TypeError(part)


def _message(at: int, content: dict[str, Any], answer: Answer) -> dict[str, Any]:
    status = "incomplete" if answer.finish == "length" else "completed"
    return {"id": f"msg_{at}", "type": "message", "role": "assistant", "status": status, "content": [content]}


def _opened(item: dict[str, Any]) -> dict[str, Any]:
    out = dict(item)
    empty = {"content": [], "summary": [], "arguments": "", "input": "", "code": "", "outputs": None, "result": None}
    out |= {name: it for name, it in empty.items() if name in out}
    if "status" in out:
        out["status"] = "in_progress"
    return out


def _deltas(part: Any, item: dict[str, Any], at: int, answer: Answer) -> list[tuple[str, dict[str, Any]]]:
    out: list[tuple[str, dict[str, Any]]] = []
    match part:
        case Text(text) | Refusal(text):
            kind, field = ("output_text", "text") if isinstance(part, Text) else ("refusal", "refusal")
            here, done = {"content_index": 0}, item["content"][0]
            opening = {"type": kind, field: ""} | ({"annotations": [], "logprobs": []} if kind == "output_text" else {})
            more = {"logprobs": done["logprobs"]} if kind == "output_text" else {}
            out.append(("response.content_part.added", here | {"part": opening}))
            out += [(f"response.{kind}.delta", here | {"delta": it} | more) for it in pieces(text)]
            for n, it in enumerate(_annotations(answer) if kind == "output_text" else []):
                out.append(("response.output_text.annotation.added", here | {"annotation_index": n, "annotation": it}))
            out.append((f"response.{kind}.done", here | {field: text} | more))
            out.append(("response.content_part.done", here | {"part": done}))
        case Thought(text):
            here, done = {"summary_index": 0}, {"type": "summary_text", "text": text}
            out.append(("response.reasoning_summary_part.added", here | {"part": done | {"text": ""}}))
            out += [("response.reasoning_summary_text.delta", here | {"delta": it}) for it in pieces(text)]
            out.append(("response.reasoning_summary_text.done", here | {"text": text}))
            out.append(("response.reasoning_summary_part.done", here | {"part": done}))
        case Ran(code):
            # https://platform.openai.com/docs/api-reference/responses-streaming/response/code_interpreter_call
            kind = "response.code_interpreter_call"
            out.append((f"{kind}.in_progress", {}))
            out += [(f"{kind}_code.delta", {"delta": it}) for it in pieces(code)]
            out.append((f"{kind}_code.done", {"code": code}))
            out += [(f"{kind}.interpreting", {}), (f"{kind}.completed", {})]
        case Searched():
            # https://platform.openai.com/docs/api-reference/responses-streaming/response/web_search_call
            out += [(f"response.web_search_call.{it}", {}) for it in ("in_progress", "searching", "completed")]
        case Image(_, data):
            # https://platform.openai.com/docs/api-reference/responses-streaming/response/image_generation_call
            kind = "response.image_generation_call"
            out += [(f"{kind}.in_progress", {}), (f"{kind}.generating", {})]
            out.append((f"{kind}.partial_image", {"partial_image_index": 0, "partial_image_b64": data}))
            out.append((f"{kind}.completed", {}))
        case Call():
            custom = isinstance(part.input, str)
            kind, field = ("custom_tool_call_input", "input") if custom else ("function_call_arguments", "arguments")
            text = arguments(part)
            out += [(f"response.{kind}.delta", {"delta": it}) for it in pieces(text)]
            named = {} if custom else {"name": part.name}
            out.append((f"response.{kind}.done", {field: text} | named))
    return out


def _annotations(answer: Answer) -> list[dict[str, Any]]:
    return [
        {"type": "url_citation", "start_index": 0, "end_index": 5, "title": "A page", "url": it}
        for it in answer.citations
    ]


def _logprobs(text: str) -> list[dict[str, Any]]:
    token = {"token": text, "logprob": -0.25, "bytes": list(text.encode())}
    return [token | {"top_logprobs": [token]}]


def _response(heard: Heard, answer: Answer | None, output: list[Any]) -> dict[str, Any]:
    """The object around it; without an answer it is the one that opens a stream."""
    body, status, reason, usage = heard.body, "in_progress", None, None
    if answer:
        stopped = {"length": "max_output_tokens", "refused": "content_filter"}
        refused = any(isinstance(it, Refusal) for it in answer.parts)
        reason = None if refused else stopped.get(answer.finish)
        status, tokens = "incomplete" if reason else "completed", answer.tokens
        usage = {
            "input_tokens": tokens.input,
            "input_tokens_details": {"cached_tokens": tokens.cached, "cache_write_tokens": tokens.written},
            "output_tokens": tokens.output,
            "output_tokens_details": {"reasoning_tokens": tokens.reasoning},
            "total_tokens": tokens.input + tokens.output,
        }
    return {
        "id": "resp_matrix1",
        "object": "response",
        "created_at": CREATED,
        "status": status,
        "error": None,
        "incomplete_details": {"reason": reason} if reason else None,
        "instructions": body.get("instructions"),
        "max_output_tokens": body.get("max_output_tokens"),
        "model": body["model"],
        "output": output,
        "parallel_tool_calls": body.get("parallel_tool_calls", True),
        "previous_response_id": None,
        "reasoning": {"effort": (body.get("reasoning") or {}).get("effort"), "summary": None},
        "store": body.get("store", True),
        "temperature": body.get("temperature", 1.0),
        "text": {"format": {"type": "text"}},
        "tool_choice": body.get("tool_choice", "auto"),
        "tools": body.get("tools", []),
        "top_p": body.get("top_p", 1.0),
        "truncation": "disabled",
        "usage": usage,
        "user": body.get("user"),
        "metadata": body.get("metadata") or {},
    }

"""Anthropic's messages.

Requests are held against the TypedDicts of anthropic-sdk-python; shapes of answers:
https://platform.claude.com/docs/en/api/messages and …/build-with-claude/streaming.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import rules
from neutral import Answer, Call, Fails, Ran, Redacted, Refusal, Searched, Text, Thought
from speak_anthropic import usage
from upstreams.base import CREDENTIAL, Heard, Upstream, arguments, bearer, frame, half, header, pieces, wished
from view import Turns, View, canonical, seal

BASH = "bash_code_execution"
FINISH = {"stop": "end_turn", "length": "max_tokens", "tools": "tool_use", "refused": "refusal", "pause": "pause_turn"}
KNOWN = {"model", "messages", "system", "max_tokens", "stream", "tools", "tool_choice", "temperature", "top_p", "top_k"}
KNOWN |= {"stop_sequences", "thinking", "output_config", "metadata", "service_tier"}


class AnthropicMessages(Upstream):
    """`POST /v1/messages`."""

    name = "anthropic-messages"
    prefix = "claude--"

    def provider(self, url: str) -> dict[str, Any]:
        return {"kind": "anthropic", "base_url": url, "credential": {"api_key": CREDENTIAL}}

    def model(self, heard: Heard) -> str | None:
        return heard.body["model"] if heard.path == "/v1/messages" else None

    def streams(self, heard: Heard) -> bool:
        return bool(heard.body.get("stream"))

    def check(self, heard: Heard) -> list[str]:
        wrong = rules.anthropic(heard.body, heard.headers.get("anthropic-version"))
        # "Consecutive user or assistant turns in your request will be combined into a single turn."
        wrong = [it for it in wrong if not it.endswith("roles must alternate")]
        # Either way of saying the key is taken.
        keyed = bearer(heard) and header(heard, "x-api-key", CREDENTIAL)
        return [*keyed, *wrong]

    def normalise(self, heard: Heard) -> View:
        body, turns = heard.body, Turns()
        for block in _blocks(body.get("system") or []):
            turns.say("system", ["text", block["text"]])
            if block.get("cache_control"):
                turns.say("system", ["cache"])
        for message in body["messages"]:
            for block in _blocks(message["content"]):
                _block(turns, message["role"], block)
        view = turns.view()
        if tools := [_tool(it) for it in body.get("tools", [])]:
            view["tools"] = tools
        choice = body.get("tool_choice") or {}
        if kind := choice.get("type"):
            view["choice"] = {"any": "required", "tool": choice.get("name")}.get(kind, kind)
        if "disable_parallel_tool_use" in choice:
            view["parallel"] = not choice["disable_parallel_tool_use"]
        thinking, config = body.get("thinking") or {}, body.get("output_config") or {}
        if form := config.get("format"):
            view["output"] = form["schema"]
        wished(view, config, effort="effort")
        wished(view, thinking, budget="budget_tokens")
        wished(view, body, limit="max_tokens", temperature="temperature", top_p="top_p", top_k="top_k")
        wished(view, body, stop="stop_sequences", tier="service_tier")
        wished(view, body.get("metadata") or {}, end_user="user_id")
        if thinking.get("type") == "disabled":
            view["effort"] = "none"
        if unknown := sorted(body.keys() - KNOWN):
            view["unknown"] = unknown
        view["stream"] = bool(body.get("stream"))
        return view

    def whole(self, answer: Answer, heard: Heard) -> Any:
        return _message(heard) | {
            "content": [_out(it, answer) for it in _blocks_of(answer)],
            "stop_reason": _finish(answer),
            "stop_sequence": answer.stop_text or None,
            "usage": usage(answer.tokens),
        }

    def stream(self, answer: Answer, heard: Heard) -> Iterator[bytes]:
        counted = usage(answer.tokens)
        start = _message(heard) | {"content": [], "usage": counted | {"output_tokens": min(1, answer.tokens.output)}}
        yield _event({"type": "message_start", "message": start})
        for at, part in enumerate(_blocks_of(answer)):
            opening, deltas = _opening(part), _deltas(part, answer)
            if answer.breaks:
                deltas = [{"type": "text_delta", "text": it} for it in half(answer.text)]
            yield _event({"type": "content_block_start", "index": at, "content_block": opening})
            yield _event({"type": "ping"})
            for delta in deltas:
                yield _event({"type": "content_block_delta", "index": at, "delta": delta})
            if answer.breaks == "error":
                yield _event(self.error(Fails(529, "The engine stalled.")))
            if answer.breaks:
                return
            yield _event({"type": "content_block_stop", "index": at})
        delta = {"stop_reason": _finish(answer), "stop_sequence": answer.stop_text or None, "container": None}
        yield _event({"type": "message_delta", "delta": delta, "usage": counted})
        yield _event({"type": "message_stop"})

    def error(self, fails: Fails) -> Any:
        kind = {400: "invalid_request_error", 429: "rate_limit_error", 503: "overloaded_error", 529: "overloaded_error"}
        error = {"type": kind.get(fails.status, "api_error"), "message": fails.message}
        return {"type": "error", "error": error, "request_id": "req_matrix"}


def _blocks(content: Any) -> list[dict[str, Any]]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _block(turns: Turns, role: str, block: dict[str, Any]) -> None:
    match block["type"]:
        case "tool_use":
            # A free-form tool is one that takes `input`.
            turns.call(block["id"], block["name"], block["input"])
        case "server_tool_use" if block["name"] == BASH:
            turns.hosted[block["id"]] = block["input"]["command"]
        case "server_tool_use":
            turns.say(role, ["searched", block["input"]["query"]])
        case "web_search_tool_result":
            pass
        case "bash_code_execution_tool_result":
            turns.say(role, ["ran", turns.hosted.pop(block["tool_use_id"]), block["content"]["stdout"]])
        case "tool_result":
            parts = [_plain(it) for it in _blocks(block.get("content") or [])]
            turns.result(block["tool_use_id"], parts, bool(block.get("is_error")))
        case _:
            turns.say(role, _plain(block))
            if cited := [it["url"] for it in block.get("citations") or []]:
                turns.say(role, ["cites", cited])
    if block.get("cache_control"):
        turns.say(role, ["cache"])


def _plain(block: dict[str, Any]) -> list[Any]:
    match block["type"]:
        case "text":
            return ["text", canonical(block["text"])]
        case "image" | "document":
            source = block["source"]
            kind = "image" if block["type"] == "image" else "file"
            if source["type"] == "url":
                return [kind, source["url"]]
            named = [block.get("title") or ""] if kind == "file" else []
            return [kind, source["media_type"], source["data"], *named]
        case "thinking":
            return ["thought", block["thinking"], block["signature"]]
        case "redacted_thinking":
            return ["redacted", block["data"]]
    return [block["type"], block]


def _tool(tool: dict[str, Any]) -> View:
    if tool.get("type", "custom").startswith("web_search"):
        return {"hosted": "web_search"}
    if tool.get("type", "custom").startswith("code_execution"):
        return {"hosted": "code_execution"}
    view: View = {"kind": "function", "name": tool["name"]}
    if tool.get("description"):
        view["description"] = tool["description"]
    view["schema"] = tool["input_schema"]
    if tool.get("strict"):
        view["strict"] = True
    if tool.get("cache_control"):
        view["cached"] = True
    return view


def _message(heard: Heard) -> dict[str, Any]:
    head = {"id": "msg_matrix1", "type": "message", "role": "assistant", "model": heard.body["model"]}
    return head | {"stop_reason": None, "stop_sequence": None, "stop_details": None, "container": None}


def _finish(answer: Answer) -> str:
    return "stop_sequence" if answer.stop_text else FINISH[answer.finish]


def _blank(part: Any) -> bool:
    return isinstance(part, Text | Refusal) and not part.text


def _blocks_of(answer: Answer) -> list[Any]:
    """A block for each part; code that ran, and a search, is a call and its result, which names it."""
    out: list[Any] = []
    for at, part in enumerate(answer.parts):
        if isinstance(part, Ran):
            out.append(Call(f"srvtoolu_{at}", BASH, {"command": part.code}))
        if isinstance(part, Searched):
            out.append(Call(f"srvtoolu_{at}", "web_search", {"query": part.query}))
        if isinstance(part, Ran | Searched):
            out.append((f"srvtoolu_{at}", part))
        elif not _blank(part):
            out.append(part)
    return out


def _opening(part: Any) -> dict[str, Any]:
    match part:
        case (call, Searched(_, pages)):
            # https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool
            found = [
                {"type": "web_search_result", "url": it, "title": "A page", "encrypted_content": "x", "page_age": None}
                for it in pages
            ]
            return {"type": "web_search_tool_result", "tool_use_id": call, "content": found}
        case (call, Ran(_, output)):
            # https://platform.claude.com/docs/en/agents-and-tools/tool-use/code-execution-tool
            result = {"type": "bash_code_execution_result", "stdout": output, "stderr": "", "return_code": 0}
            head = {"type": "bash_code_execution_tool_result", "tool_use_id": call}
            return head | {"content": result | {"content": []}}
        case Call(id, name) if id.startswith("srvtoolu_"):
            return {"type": "server_tool_use", "id": id, "name": name, "input": {}}
        case Text() | Refusal():
            return {"type": "text", "text": ""}
        case Thought():
            return {"type": "thinking", "thinking": "", "signature": ""}
        case Redacted(data):
            return {"type": "redacted_thinking", "data": data}
        case Call(id, name):
            return {"type": "tool_use", "id": id, "name": name, "input": {}}
    raise TypeError(part)


def _deltas(part: Any, answer: Answer) -> list[dict[str, Any]]:
    match part:
        case Text(text) | Refusal(text):
            cited = [{"type": "citations_delta", "citation": it} for it in _citations(answer)]
            return [*({"type": "text_delta", "text": it} for it in pieces(text)), *cited]
        case Thought(text):
            signed = {"type": "signature_delta", "signature": seal(text)}
            return [*({"type": "thinking_delta", "thinking": it} for it in pieces(text)), signed]
        case Call():
            text = json.dumps(_input(part), ensure_ascii=False) if part.input != {} else ""
            return [{"type": "input_json_delta", "partial_json": it} for it in ["", *pieces(text)]]
    return []


def _out(part: Any, answer: Answer) -> dict[str, Any]:
    match part:
        case Text(text) | Refusal(text):
            cited = _citations(answer)
            return {"type": "text", "text": text} | ({"citations": cited} if cited else {})
        case Thought(text):
            return {"type": "thinking", "thinking": text, "signature": seal(text)}
        case Call():
            return _opening(part) | {"input": _input(part)}
    return _opening(part)


def _input(call: Call) -> Any:
    # A free-form tool is offered as one that takes a text named `input`.
    return {"input": arguments(call)} if isinstance(call.input, str) else call.input


def _citations(answer: Answer) -> list[dict[str, Any]]:
    kind = {"type": "web_search_result_location", "cited_text": "…", "title": "A page", "encrypted_index": "x"}
    return [kind | {"url": it} for it in answer.citations]


def _event(data: dict[str, Any]) -> bytes:
    return frame(data, data["type"])

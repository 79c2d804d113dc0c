"""anthropic-sdk-python, messages."""

from __future__ import annotations

from typing import Any

import anthropic
from anthropic.types import Message
from neutral import (
    Answered,
    Ask,
    Audio,
    Call,
    File,
    Image,
    Ran,
    Redacted,
    Refusal,
    Result,
    Searched,
    Text,
    Thought,
    Tool,
    Turn,
)
from surfaces.base import Seen, Surface, Unspeakable, usage, wishes
from view import View, seal

MARK = {"cache_control": {"type": "ephemeral"}}
FINISH = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tools",
    "refusal": "refused",
    "pause_turn": "pause",
}
# The SDK's newest types have dropped these, the API's older version takes them.
OLDER = ("temperature", "top_p", "top_k")


class AnthropicClient(Surface):
    """`client.messages.create`, `client.messages.stream`."""

    name = "anthropic-messages"
    same = ("anthropic-messages",)

    def connect(self, url: str, key: str) -> None:
        self.sdk = anthropic.AsyncAnthropic(base_url=url, api_key=key, max_retries=0, timeout=60)

    async def close(self) -> None:
        await self.sdk.close()

    def render(self, ask: Ask, natives: list[Any]) -> dict[str, Any]:
        turns = list(ask.turns)
        wanted: dict[str, Any] = {"max_tokens": 4096}
        if isinstance(turns[0], Turn) and turns[0].role in ("system", "developer"):
            if turns[0].role == "developer":
                raise Unspeakable("developer")
            first = turns.pop(0)
            assert isinstance(first, Turn)
            wanted["system"] = [block for part in first.parts for block in [_block(part)]]
        messages = [_answered(natives, it) if isinstance(it, Answered) else _message(it) for it in turns]
        wanted["messages"] = messages
        plain = wishes(
            ask, limit="max_tokens", temperature="temperature", top_p="top_p", top_k="top_k", effort="", budget="",
            end_user="", tier="service_tier", parallel="", unknown="",
        )  # fmt: skip
        wanted["extra_body"] = {name: plain.pop(name) for name in OLDER if name in plain}
        if ask.unknown:
            wanted["extra_body"][ask.unknown] = {"kept": True}
        elif wanted["extra_body"]:
            wanted["extra_headers"] = {"anthropic-version": "2023-06-01"}
        wanted |= plain
        if ask.stop:
            wanted["stop_sequences"] = list(ask.stop)
        if ask.choices > 1:
            raise Unspeakable("choices")
        if ask.end_user:
            wanted["metadata"] = {"user_id": ask.end_user}
        if ask.effort:
            wanted["output_config"] = {"effort": ask.effort}
        if ask.budget:
            wanted["thinking"] = {"type": "enabled", "budget_tokens": ask.budget}
        if ask.output == "json":
            raise Unspeakable("json")
        if ask.output:
            wanted["output_config"] = {"format": {"type": "json_schema", "schema": ask.output}}
        if ask.tools:
            wanted["tools"] = [_tool(it) for it in ask.tools]
        named = {"required": {"type": "any"}, "auto": {"type": "auto"}, "none": {"type": "none"}}
        if ask.choice or ask.parallel is not None:
            wanted["tool_choice"] = dict(named.get(ask.choice or "auto", {"type": "tool", "name": ask.choice}))
        if ask.parallel is not None:
            wanted["tool_choice"]["disable_parallel_tool_use"] = not ask.parallel
        return wanted

    async def send(self, model: str, wanted: dict[str, Any], ask: Ask, stream: bool) -> Seen:
        try:
            if not stream:
                raw = await self.sdk.messages.with_raw_response.create(model=model, **wanted)
                message = Message.model_validate_json(await raw.text())
                headers = dict(raw.headers)
            else:
                async with self.sdk.messages.stream(model=model, **wanted) as events:
                    message = await events.get_final_message()
                    headers = dict(events.response.headers)
                if message.stop_reason is None:
                    return Seen({"error": "broken"})
            return Seen(_view(message), headers, message, [it.id for it in message.content if it.type == "tool_use"])
        except anthropic.APIStatusError as error:
            # An error in a stream is raised with the stream's own status.
            broken = error.status_code == 200
            kind = error.body.get("error", {}).get("type") if isinstance(error.body, dict) else None
            view = {"error": "broken" if broken else error.status_code, "message": error.message, "code": kind}
            return Seen(view, dict(error.response.headers))
        except anthropic.APIError as error:
            return Seen({"error": "broken", "message": str(error)})
        except Exception as error:
            if type(error).__module__.startswith(("httpx", "httpcore")):
                return Seen({"error": "broken", "message": repr(error)})
            raise


def _answered(natives: list[Any], it: Answered) -> Any:
    content = [block.model_dump(exclude_none=True) for block in natives[it.step].content]
    for block in content:
        block.pop("parsed_output", None)
    return {"role": "assistant", "content": content}


def _message(turn: Turn) -> Any:
    if turn.name:
        raise Unspeakable("names")
    # Results stand before all else.
    parts = sorted(turn.parts, key=lambda it: not isinstance(it, Result))
    if len(parts) == 1 and isinstance(parts[0], Text) and not parts[0].cached:
        return {"role": turn.role, "content": parts[0].text}
    if turn.role == "assistant" and any(isinstance(it, Image) for it in parts):
        raise Unspeakable("pictures in the model's turns")
    blocks = [block for it in parts for block in (_hosted(it) or [_block(it)])]
    return {"role": turn.role, "content": blocks}


def _hosted(part: Any) -> list[Any]:
    """What Anthropic ran: a call and its result."""
    match part:
        case Searched(query, pages):
            call, name, given = "srvtoolu_h1", "web_search", {"query": query}
            page = {"type": "web_search_result", "title": "A page", "encrypted_content": "x"}
            out: Any = {"type": "web_search_tool_result", "content": [page | {"url": it} for it in pages]}
        case Ran(code, output):
            call, name, given = "srvtoolu_h2", "bash_code_execution", {"command": code}
            ran = {"type": "bash_code_execution_result", "stdout": output, "stderr": "", "return_code": 0}
            out = {"type": "bash_code_execution_tool_result", "content": ran | {"content": []}}
        case _:
            return []
    return [{"type": "server_tool_use", "id": call, "name": name, "input": given}, out | {"tool_use_id": call}]


def _block(part: Any) -> Any:
    match part:
        case Text(text, cached):
            return {"type": "text", "text": text} | (MARK if cached else {})
        case Refusal(text):
            return {"type": "text", "text": text}
        case Image(mime, data, url):
            source = {"type": "url", "url": url} if url else {"type": "base64", "media_type": mime, "data": data}
            return {"type": "image", "source": source}
        case File(url=url) if url:
            return {"type": "document", "source": {"type": "url", "url": url}}
        case File(mime, data, name):
            return {"type": "document", "source": {"type": "base64", "media_type": mime, "data": data}, "title": name}
        case Thought(text):
            return {"type": "thinking", "thinking": text, "signature": seal(text)}
        case Redacted(data):
            return {"type": "redacted_thinking", "data": data}
        case Call(id, name, input, cached=cached):
            return {"type": "tool_use", "id": id, "name": name, "input": input} | (MARK if cached else {})
        case Result(id, parts, failed, cached):
            content = [_block(it) for it in parts]
            plain = content[0]["text"] if len(content) == 1 and content[0]["type"] == "text" else content
            failure = {"is_error": True} if failed else {}
            return {"type": "tool_result", "tool_use_id": id, "content": plain} | failure | (MARK if cached else {})
        case Audio():
            raise Unspeakable("audio")
    raise TypeError(part)


def _tool(tool: Tool) -> Any:
    if tool.kind == "web_search":
        return {"type": "web_search_20250305", "name": "web_search"}
    if tool.kind == "code_execution":
        return {"type": "code_execution_20250825", "name": "code_execution"}
    if tool.kind != "function":
        raise Unspeakable(tool.kind)
    out: dict[str, Any] = {"name": tool.name, "input_schema": tool.schema} | (MARK if tool.cached else {})
    if tool.description:
        out["description"] = tool.description
    if tool.strict is not None:
        out["strict"] = tool.strict
    return out


def _view(it: Message) -> View:
    blocks = it.content
    view: View = {"text": "".join(block.text for block in blocks if block.type == "text")}
    view["finish"] = FINISH.get(it.stop_reason or "", it.stop_reason)
    if it.stop_sequence:
        view["stop_text"] = it.stop_sequence
    if thought := "".join(block.thinking for block in blocks if block.type == "thinking"):
        view["thought"] = thought
    if seals := [block.signature for block in blocks if block.type == "thinking" and block.signature]:
        view["seals"] = seals
    if redacted := [block.data for block in blocks if block.type == "redacted_thinking"]:
        view["redacted"] = redacted
    if calls := [[block.name, block.input] for block in blocks if block.type == "tool_use"]:
        view["calls"] = calls
    hosted = [block for block in blocks if block.type == "server_tool_use"]
    if searched := [block.input.get("query") for block in hosted if block.name == "web_search"]:
        view["searched"] = searched
    if ran := [block.input.get("command") for block in hosted if block.name == "bash_code_execution"]:
        results = [block for block in blocks if block.type == "bash_code_execution_tool_result"]
        view["ran"] = [[code, getattr(it.content, "stdout", None)] for code, it in zip(ran, results)]
    citations = [it for block in blocks if block.type == "text" for it in block.citations or []]
    if urls := [it.url for it in citations if it.type == "web_search_result_location"]:
        view["citations"] = urls
    cached, written = it.usage.cache_read_input_tokens or 0, it.usage.cache_creation_input_tokens or 0
    details = it.usage.output_tokens_details
    thinking = details and details.thinking_tokens
    whole = it.usage.input_tokens + cached + written
    view["tokens"] = usage(whole, it.usage.output_tokens, cached=cached, written=written, reasoning=thinking)
    return view

"""openai-python, Responses: stateless, as coding agents use it (`store: false`, encrypted reasoning included)."""

from __future__ import annotations

import json
from typing import Any

import openai
from neutral import WITHIN, Answered, Ask, Call, File, Image, Ran, Result, Searched, Text, Tool, Turn
from openai.types.responses import Response
from surfaces.base import Seen, Surface, Unspeakable, usage, wishes
from view import View


class OpenAIResponsesClient(Surface):
    """`client.responses.create`, `client.responses.stream`."""

    name = "openai-responses"
    same = ("openai-responses",)

    def connect(self, url: str, key: str) -> None:
        self.sdk = openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0, timeout=60)

    async def close(self) -> None:
        await self.sdk.close()

    def render(self, ask: Ask, natives: list[Any]) -> dict[str, Any]:
        items: list[Any] = []
        for turn in ask.turns:
            items += natives[turn.step] if isinstance(turn, Answered) else _items(turn)
        wanted: dict[str, Any] = {"input": items, "store": False, "include": ["reasoning.encrypted_content"]}
        wanted |= wishes(
            ask, limit="max_output_tokens", temperature="temperature", top_p="top_p", effort="",
            end_user="safety_identifier" if ask.newer_end_user else "user",
            logprobs="top_logprobs", metadata="metadata", tier="service_tier",
            cache_key="prompt_cache_key", parallel="parallel_tool_calls", unknown="",
        )  # fmt: skip
        # The results of free-form calls say so.
        custom = {it["call_id"] for it in items if it.get("type") == "custom_tool_call"}
        for item in items:
            if item["type"] == "function_call_output" and item["call_id"] in custom:
                item["type"] = "custom_tool_call_output"
        if ask.unknown:
            wanted["extra_body"] = {ask.unknown: {"kept": True}}
        if ask.stop or ask.choices > 1:
            raise Unspeakable("stop, choices")
        if ask.logprobs is not None:
            wanted["include"].append("message.output_text.logprobs")
        if ask.effort:
            wanted["reasoning"] = {"effort": ask.effort, "summary": "auto"}
        if ask.output == "json":
            wanted["text"] = {"format": {"type": "json_object"}}
        elif ask.output:
            wanted["text"] = {"format": {"type": "json_schema", "name": "place", "schema": ask.output, "strict": True}}
        if ask.tools:
            wanted["tools"] = [_tool(it) for it in ask.tools]
        if ask.choice in ("auto", "none", "required"):
            wanted["tool_choice"] = ask.choice
        elif ask.choice:
            wanted["tool_choice"] = {"type": "function", "name": ask.choice}
        return wanted

    async def send(self, model: str, wanted: dict[str, Any], ask: Ask, stream: bool) -> Seen:
        try:
            if not stream:
                raw = await self.sdk.responses.with_raw_response.create(model=model, **wanted)
                response = Response.model_validate_json(raw.text)
                return _seen(response, dict(raw.headers))
            last, headers = None, {}
            async with self.sdk.responses.stream(model=model, **wanted) as events:
                headers = dict(events._response.headers)
                async for event in events:
                    if event.type in ("response.completed", "response.incomplete", "response.failed"):
                        last = event.response
                    if event.type == "error":
                        return Seen({"error": "broken", "message": event.message, "code": event.code})
            if last is None:
                return Seen({"error": "broken"})
            return _seen(
                Response.model_validate(last.model_dump(exclude={"output": {"__all__": {"parsed_arguments"}}})), headers
            )
        except openai.APIStatusError as error:
            view = {"error": error.status_code, "message": error.message, "code": error.code}
            return Seen(view, dict(error.response.headers))
        except openai.APIError as error:
            return Seen({"error": "broken", "message": error.message})
        except Exception as error:
            if type(error).__module__.startswith(("httpx", "httpcore")):
                return Seen({"error": "broken", "message": repr(error)})
            raise


def _items(turn: Turn) -> list[Any]:
    if turn.name:
        raise Unspeakable("names")
    items: list[Any] = []
    content: list[Any] = []

    def flush() -> None:
        if content:
            words = "\n".join(content) if turn.role == "assistant" else list(content)
            items.append({"type": "message", "role": turn.role, "content": words})
            content.clear()

    for part in turn.parts:
        match part:
            case Result(id, parts, failed, cached):
                if failed or cached:
                    raise Unspeakable("is_error, cache marks")
                plain = [_part(it, "user") for it in parts]
                output = plain[0]["text"] if len(plain) == 1 and plain[0]["type"] == "input_text" else plain
                kind = "function_call_output"
                items.append({"type": kind, "call_id": id, "output": output})
            case Call(id, name, input, cached=cached):
                if cached:
                    raise Unspeakable("cache marks")
                flush()
                arguments = json.dumps(input, ensure_ascii=False)
                items.append({"type": "function_call", "call_id": id, "name": name, "arguments": arguments})
            case Searched(query):
                action = {"type": "search", "query": query}
                items.append({"id": "ws_h1", "type": "web_search_call", "status": "completed", "action": action})
            case Ran(code, output):
                head = {"id": "ci_h1", "type": "code_interpreter_call", "status": "completed", "code": code}
                items.append(head | {"container_id": "cntr_1", "outputs": [{"type": "logs", "logs": output}]})
            case Image(_, data) if turn.role == "assistant":
                flush()
                head = {"id": "ig_h1", "type": "image_generation_call", "status": "completed"}
                items.append(head | {"result": data})
            case _:
                content.append(_part(part, turn.role))
    flush()
    return items


def _part(part: Any, role: str) -> Any:
    match part:
        case Text(text, cached):
            if cached:
                raise Unspeakable("cache marks")
            # An assistant's words that were not got from the API have no id, so they are an easy message.
            return text if role == "assistant" else {"type": "input_text", "text": text}
        case Image(mime, data, url):
            return {"type": "input_image", "detail": "auto", "image_url": url or f"data:{mime};base64,{data}"}
        case File(url=url) if url:
            return {"type": "input_file", "file_url": url}
        case File(mime, data, name):
            return {"type": "input_file", "filename": name, "file_data": f"data:{mime};base64,{data}"}
    raise Unspeakable(type(part).__name__)


def _tool(tool: Tool) -> Any:
    if tool.cached:
        raise Unspeakable("cache marks")
    if tool.kind == "web_search":
        return {"type": "web_search"}
    if tool.kind == "code_execution":
        return {"type": "code_interpreter", "container": {"type": "auto"}}
    if tool.kind == "namespace":
        inner = [_tool(it) for it in tool.tools]
        return {"type": "namespace", "name": tool.name, "description": tool.description, "tools": inner}
    described = {"description": tool.description} if tool.description else {}
    if tool.kind == "custom":
        return {"type": "custom", "name": tool.name, **described}
    return {"type": "function", "name": tool.name, "parameters": tool.schema, "strict": bool(tool.strict), **described}


def _seen(it: Response, headers: dict[str, str]) -> Seen:
    if it.status == "failed":
        return Seen({"error": "broken", "message": it.error.message if it.error else ""}, headers)
    native = [item.model_dump(exclude_none=True, mode="json") for item in it.output]
    for item in native:
        # The SDK's own, and what the API gives but does not take.
        item.pop("parsed_arguments", None)
        if item["type"] == "custom_tool_call":
            item.pop("status", None)
        for part in item.get("content", []):
            part.pop("parsed", None)
    calls = [item.call_id for item in it.output if item.type in ("function_call", "custom_tool_call")]
    return Seen(_view(it), headers, native, calls)


def _called(call: Any) -> list[Any]:
    name = f"{call.namespace}{WITHIN}{call.name}" if call.namespace else call.name
    return [name, call.input if call.type == "custom_tool_call" else json.loads(call.arguments)]


def _view(it: Response) -> View:
    content = [part for item in it.output if item.type == "message" for part in item.content]
    refused = any(part.type == "refusal" for part in content)
    view: View = {"text": "".join(part.text if part.type == "output_text" else part.refusal for part in content)}
    calls = [item for item in it.output if item.type in ("function_call", "custom_tool_call")]
    reason = it.incomplete_details and it.incomplete_details.reason
    finish = {"max_output_tokens": "length", "content_filter": "refused"}.get(reason or "", reason)
    view["finish"] = "refused" if refused else finish or ("tools" if calls else "stop")
    reasoning = [item for item in it.output if item.type == "reasoning"]
    told = [part.text for item in reasoning for part in [*item.summary, *(item.content or [])]]
    if told:
        view["thought"] = "".join(told)
    sealed = [
        (item.encrypted_content, bool(item.summary or item.content)) for item in reasoning if item.encrypted_content
    ]
    if seals := [proof for proof, shown in sealed if shown]:
        view["seals"] = seals
    if redacted := [proof for proof, shown in sealed if not shown]:
        view["redacted"] = redacted
    if calls:
        view["calls"] = [_called(call) for call in calls]
    if ran := [item for item in it.output if item.type == "code_interpreter_call"]:
        view["ran"] = [[item.code, "".join(o.logs for o in item.outputs or [] if o.type == "logs")] for item in ran]
    if searched := [item.action.query for item in it.output if item.type == "web_search_call"]:
        view["searched"] = searched
    painted = [item for item in it.output if item.type == "image_generation_call"]
    if painted:
        formats = [(item.model_extra or {}).get("output_format", "png") for item in painted]
        view["pictures"] = [[f"image/{kind}", item.result] for kind, item in zip(formats, painted)]
    texts = [part for part in content if part.type == "output_text"]
    if cited := [note.url for part in texts for note in part.annotations if note.type == "url_citation"]:
        view["citations"] = cited
    if any(part.logprobs for part in texts):
        view["logprobs"] = True
    if it.usage:
        view["tokens"] = usage(
            it.usage.input_tokens,
            it.usage.output_tokens,
            cached=it.usage.input_tokens_details.cached_tokens,
            written=it.usage.input_tokens_details.cache_write_tokens,
            reasoning=it.usage.output_tokens_details.reasoning_tokens,
        )
    return view

"""openai-python, chat completions. Streams are read as they are and by the SDK's own accumulator, and held against the
readers of tests/sdk that forgive nothing."""

from __future__ import annotations

import json
from typing import Any

import openai
from neutral import Answered, Ask, Audio, Call, File, Image, Refusal, Result, Text, Tool, Turn
from openai.lib.streaming.chat._completions import ChatCompletionStreamState
from openai.types.chat import ChatCompletion
from surfaces.base import Seen, Surface, Unspeakable, usage, wishes
from upstreams.base import data_url
from view import View


class OpenAIChatClient(Surface):
    """`client.chat.completions.create`."""

    name = "openai-chat"
    same = ("openai-chat", "azure-openai")

    def connect(self, url: str, key: str) -> None:
        self.sdk = openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0, timeout=60)

    async def close(self) -> None:
        await self.sdk.close()

    def render(self, ask: Ask, natives: list[Any]) -> dict[str, Any]:
        messages: list[Any] = []
        for turn in ask.turns:
            messages += [natives[turn.step]] if isinstance(turn, Answered) else _messages(turn)
        wanted: dict[str, Any] = {"messages": messages}
        wanted |= wishes(
            ask,
            limit="max_tokens" if ask.older_limit else "max_completion_tokens",
            temperature="temperature",
            top_p="top_p",
            seed="seed",
            frequency_penalty="frequency_penalty",
            presence_penalty="presence_penalty",
            effort="reasoning_effort",
            logprobs="top_logprobs",
            end_user="safety_identifier" if ask.newer_end_user else "user",
            metadata="metadata",
            tier="service_tier",
            cache_key="prompt_cache_key",
            parallel="parallel_tool_calls",
            voice="",
            unknown="",
        )
        if ask.voice:
            wanted |= {"modalities": ["text", "audio"], "audio": {"voice": ask.voice, "format": "pcm16"}}
        if ask.unknown:
            wanted["extra_body"] = {ask.unknown: {"kept": True}}
        if ask.logprobs is not None:
            wanted["logprobs"] = True
        if ask.stop:
            wanted["stop"] = list(ask.stop)
        if ask.choices > 1:
            wanted["n"] = ask.choices
        if ask.output == "json":
            wanted["response_format"] = {"type": "json_object"}
        elif ask.output:
            form = {"name": "place", "schema": ask.output, "strict": True}
            wanted["response_format"] = {"type": "json_schema", "json_schema": form}
        if tools := [_tool(it) for it in ask.tools if it.kind != "web_search"]:
            wanted["tools"] = tools
        if any(it.kind == "web_search" for it in ask.tools):
            wanted["web_search_options"] = {}
        if ask.older_tools:
            _as_functions(wanted, ask)
        elif ask.choice in ("auto", "none", "required"):
            wanted["tool_choice"] = ask.choice
        elif ask.choice:
            wanted["tool_choice"] = {"type": "function", "function": {"name": ask.choice}}
        return wanted

    async def send(self, model: str, wanted: dict[str, Any], ask: Ask, stream: bool) -> Seen:
        try:
            if not stream:
                raw = await self.sdk.chat.completions.with_raw_response.create(model=model, **wanted)
                whole = ChatCompletion.model_validate_json(raw.text)
                return Seen(_view(whole, [], ask), dict(raw.headers), _native(whole), _ids(whole))
            if ask.usage:
                wanted["stream_options"] = {"include_usage": True}
            chunks = await self.sdk.chat.completions.create(model=model, stream=True, **wanted)
            state: ChatCompletionStreamState[None] = ChatCompletionStreamState()
            seen = []
            async for chunk in chunks:
                state.handle_chunk(chunk)
                seen.append(chunk.model_dump())
            whole = ChatCompletion.model_validate(state.current_completion_snapshot.model_dump())
            if not all(it.finish_reason for it in whole.choices):
                return Seen({"error": "broken"})
            view = _view(whole, seen, ask)
            if not ask.usage and "tokens" in view:
                view["usage nobody asked for"] = view["tokens"]
            return Seen(view, dict(chunks.response.headers), _native(whole), _ids(whole))
        except openai.APIStatusError as error:
            return Seen(
                {"error": error.status_code, "message": error.message, "code": error.code}, dict(error.response.headers)
            )
        except openai.APIError as error:
            # Connections that broke, and errors that came in the stream.
            return Seen({"error": "broken", "message": error.message})
        except Exception as error:
            if type(error).__module__.startswith(("httpx", "httpcore")):
                return Seen({"error": "broken", "message": repr(error)})
            raise


def _as_functions(wanted: dict[str, Any], ask: Ask) -> None:
    """The older form: the answers of a function name it, since its calls have no ids."""
    wanted.pop("parallel_tool_calls", None)
    wanted["functions"] = [it["function"] for it in wanted.pop("tools")]
    if ask.choice:
        wanted["function_call"] = ask.choice
    called = [it["function_call"]["name"] for it in wanted["messages"] if "function_call" in it]
    for message in wanted["messages"]:
        if message["role"] == "tool":
            message["role"] = "function"
            message["name"] = called.pop(0)
            del message["tool_call_id"]


def _messages(turn: Turn) -> list[Any]:
    results = [_result(it) for it in turn.parts if isinstance(it, Result)]
    parts = [it for it in turn.parts if not isinstance(it, Result)]
    if not parts:
        return results
    message: dict[str, Any] = {"role": turn.role}
    said = [it for it in parts if not isinstance(it, Call)]
    if turn.role == "assistant" and (pictures := [it for it in said if isinstance(it, Image)]):
        # https://openrouter.ai/docs/features/multimodal/image-generation
        message["images"] = [_part(it) | {"index": at} for at, it in enumerate(pictures)]
        said = [it for it in said if not isinstance(it, Image)]
    if calls := [_call(it) for it in parts if isinstance(it, Call)]:
        message["tool_calls"] = calls
    if len(said) == 1 and isinstance(said[0], Text) and not said[0].cached:
        message["content"] = said[0].text
    elif said:
        message["content"] = [_part(it) for it in said]
    if turn.name:
        message["name"] = turn.name
    return [*results, message]


def _result(result: Result) -> Any:
    if result.failed or result.cached:
        raise Unspeakable("is_error, cache marks")
    parts = [_part(it) for it in result.parts]
    if any(it["type"] != "text" for it in parts):
        raise Unspeakable("media in results")
    content = parts[0]["text"] if len(parts) == 1 else parts
    return {"role": "tool", "tool_call_id": result.id, "content": content}


def _part(part: Any) -> Any:
    match part:
        case Text(text, cached):
            if cached:
                raise Unspeakable("cache marks")
            return {"type": "text", "text": text}
        case Image(mime, data, url):
            return {"type": "image_url", "image_url": {"url": url or f"data:{mime};base64,{data}"}}
        case File(url=url) if url:
            raise Unspeakable("documents at an address")
        case File(mime, data, name):
            return {"type": "file", "file": {"filename": name, "file_data": f"data:{mime};base64,{data}"}}
        case Audio(format, data):
            return {"type": "input_audio", "input_audio": {"format": format, "data": data}}
        case Refusal(text):
            return {"type": "refusal", "refusal": text}
    raise Unspeakable(type(part).__name__)


def _call(call: Call) -> Any:
    if call.cached:
        raise Unspeakable("cache marks")
    if isinstance(call.input, str):
        return {"id": call.id, "type": "custom", "custom": {"name": call.name, "input": call.input}}
    arguments = json.dumps(call.input, ensure_ascii=False)
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _tool(tool: Tool) -> Any:
    if tool.cached or tool.kind in ("namespace", "code_execution"):
        raise Unspeakable("cache marks, namespaces, code execution")
    if tool.kind == "custom":
        return {"type": "custom", "custom": {"name": tool.name, "description": tool.description}}
    function: dict[str, Any] = {"name": tool.name, "parameters": tool.schema}
    if tool.description:
        function["description"] = tool.description
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def _ids(whole: ChatCompletion) -> list[str | None]:
    return [it.id for it in whole.choices[0].message.tool_calls or []]


def _native(whole: ChatCompletion) -> Any:
    """What the API takes back: not the SDK's own fields, and no reasoning."""
    message = whole.choices[0].message.model_dump(
        exclude_none=True, include={"role", "content", "tool_calls", "function_call", "refusal"}
    )
    if pictures := (whole.choices[0].message.model_extra or {}).get("images"):
        # A field that is not OpenAI's goes back as it came.
        message["images"] = pictures
    for call in message.get("tool_calls", []):
        call.get("function", {}).pop("parsed_arguments", None)
        call.pop("index", None)
    return message


def _view(whole: ChatCompletion, chunks: list[dict[str, Any]], ask: Ask) -> View:
    choice = whole.choices[0]
    message = choice.message
    extra = message.model_extra or {}
    deltas = [it["delta"] for chunk in chunks for it in chunk["choices"] if it["index"] == 0]
    thought = "".join(it.get("reasoning_content") or "" for it in deltas) or extra.get("reasoning_content")
    finish = {"tool_calls": "tools", "function_call": "tools", "content_filter": "refused"}.get(
        choice.finish_reason, choice.finish_reason
    )
    view: View = {"text": (message.content or "") + (message.refusal or "")}
    view["finish"] = "refused" if message.refusal else finish
    if thought:
        view["thought"] = thought
    if message.tool_calls:
        view["calls"] = [_seen_call(it) for it in message.tool_calls]
    if message.function_call:
        view["calls"] = [[message.function_call.name, json.loads(message.function_call.arguments)]]
    if pictures := extra.get("images"):
        view["pictures"] = [data_url(it["image_url"]["url"])[1:] for it in pictures]
    pieces = [it["audio"] for it in deltas if it.get("audio")]
    if pieces or message.audio:
        whole_audio = message.audio.model_dump() if message.audio else {}
        spoken = [
            whole_audio.get(name) if not pieces else "".join(it.get(name) or "" for it in pieces)
            for name in ("transcript", "data")
        ]
        view["spoken"] = [spoken]
    annotations = [it for delta in deltas for it in delta.get("annotations") or []]
    cited = [it["url_citation"]["url"] for it in annotations]
    if cited := cited or [it.url_citation.url for it in message.annotations or []]:
        view["citations"] = cited
    if choice.logprobs and choice.logprobs.content:
        view["logprobs"] = True
    if others := [it.message.content for it in sorted(whole.choices[1:], key=lambda it: it.index)]:
        view["others"] = others
    if whole.usage:
        prompt, said = whole.usage.prompt_tokens_details, whole.usage.completion_tokens_details
        view["tokens"] = usage(
            whole.usage.prompt_tokens,
            whole.usage.completion_tokens,
            cached=prompt and prompt.cached_tokens,
            written=prompt and prompt.cache_write_tokens,
            reasoning=said and said.reasoning_tokens,
        )
    return view


def _seen_call(call: Any) -> list[Any]:
    if call.type == "custom":
        return [call.custom.name, call.custom.input]
    return [call.function.name, json.loads(call.function.arguments)]

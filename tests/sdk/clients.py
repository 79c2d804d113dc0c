"""The official SDKs behind one way of asking, so that one test can speak for both.

Whatever they are asked goes through the SDK's own code; the bytes of each answer are kept too, and read again by
readers that forgive nothing (`readers.py`).
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import anthropic
import httpx2
import openai
from anthropic.types import Message
from openai.lib.streaming.chat._completions import ChatCompletionStreamState
from openai.types.chat import ChatCompletion

import readers
import setup_file
from gateway import Gateway
from situations import Tokens


@dataclass(frozen=True)
class Tool:
    """Something that may be called."""

    name: str
    description: str
    schema: dict[str, Any]


@dataclass(frozen=True)
class Image:
    """A picture: at an address, or in the request as `mime` and base64."""

    url: str = ""
    mime: str = ""
    base64: str = ""


@dataclass
class Answer:
    """What a client saw."""

    text: str
    thinking: str
    calls: list[tuple[str, str, dict[str, Any]]]
    finish: str | None
    tokens: Tokens | None
    headers: httpx2.Headers
    # The SDK's own object, to be sent back in the next turn.
    native: Any
    # The parsed frames of a stream, or the parsed body.
    frames: list[dict[str, Any]]

    @property
    def request_id(self) -> str:
        """The gateway's id of the request."""
        return self.headers["x-request-id"]


class Client(ABC):
    """An SDK."""

    name: str

    def __init__(self, gateway: Gateway, path: str = "", key: str = setup_file.KEY) -> None:
        self.gateway = gateway
        self.tap = Tap()
        self.http = httpx2.Client(transport=self.tap, trust_env=False)
        self.sdk: Any = self.connect(gateway.url + path, key)

    @abstractmethod
    def connect(self, url: str, key: str) -> Any:
        """The SDK's client."""

    @abstractmethod
    def ask(self, model: str, *turns: Any, **wishes: Any) -> Answer:
        """One question. Wishes: stream, system, tools, choice, parallel, schema, stop, limit; others as the SDK's."""

    @abstractmethod
    def user(self, text: str, *images: Image) -> Any:
        """A turn of the user's."""

    @abstractmethod
    def answered(self, answer: Answer) -> Any:
        """The turn that an answer was, as its SDK returns it."""

    @abstractmethod
    def results(self, *results: tuple[str, str]) -> list[Any]:
        """The turns that give results of tools back: (id of the call, text)."""


class OpenAIClient(Client):
    """openai-python, chat completions."""

    name = "openai"

    def connect(self, url: str, key: str) -> openai.OpenAI:
        base = url if url != self.gateway.url else f"{url}/v1"
        return openai.OpenAI(base_url=base, api_key=key, max_retries=0, timeout=30, http_client=self.http)

    def ask(self, model: str, *turns: Any, **wishes: Any) -> Answer:
        stream = wishes.pop("stream", False)
        wanted: dict[str, Any] = {"model": model, "messages": self.messages(turns, wishes.pop("system", None))}
        wanted |= self.tools(wishes)
        if schema := wishes.pop("schema", None):
            form = {"name": "place", "schema": schema, "strict": True}
            wanted["response_format"] = {"type": "json_schema", "json_schema": form}
        if limit := wishes.pop("limit", None):
            wanted["max_tokens"] = limit
        wanted |= wishes
        if not stream:
            raw = self.sdk.chat.completions.with_raw_response.create(**wanted)
            self.tap.check(ChatCompletion)
            return self.answer(raw.parse(), raw.headers, [json.loads(self.tap.body)])
        wanted.setdefault("stream_options", {"include_usage": True})
        chunks = self.sdk.chat.completions.create(stream=True, **wanted)
        state: ChatCompletionStreamState[None] = ChatCompletionStreamState()
        for chunk in chunks:
            state.handle_chunk(chunk)
        frames = readers.openai_stream(self.tap.body)
        # The finished one is for those who parse answers: it raises where a limit cut them.
        whole = ChatCompletion.model_validate(state.current_completion_snapshot.model_dump())
        answer = self.answer(whole, chunks.response.headers, frames)
        deltas = [choice["delta"] for frame in frames for choice in frame["choices"]]
        answer.thinking = "".join(delta.get("reasoning_content") or "" for delta in deltas)
        return answer

    def messages(self, turns: tuple[Any, ...], system: str | None) -> list[Any]:
        messages = [{"role": "system", "content": system}] if system else []
        return messages + [self.user(it) if isinstance(it, str) else it for it in turns]

    def tools(self, wishes: dict[str, Any]) -> dict[str, Any]:
        wanted: dict[str, Any] = {}
        if tools := wishes.pop("tools", None):
            functions = [{"name": it.name, "description": it.description, "parameters": it.schema} for it in tools]
            wanted["tools"] = [{"type": "function", "function": it} for it in functions]
        choice = wishes.pop("choice", None)
        if choice in ("auto", "none", "required"):
            wanted["tool_choice"] = choice
        elif choice:
            wanted["tool_choice"] = {"type": "function", "function": {"name": choice}}
        if (parallel := wishes.pop("parallel", None)) is not None:
            wanted["parallel_tool_calls"] = parallel
        return wanted

    def answer(self, it: ChatCompletion, headers: httpx2.Headers, frames: list[dict[str, Any]]) -> Answer:
        choice, tokens = it.choices[0], None
        if it.usage:
            prompt, said = it.usage.prompt_tokens_details, it.usage.completion_tokens_details
            tokens = Tokens(
                input=it.usage.prompt_tokens,
                output=it.usage.completion_tokens,
                cached=(prompt and prompt.cached_tokens) or 0,
                written=(prompt and prompt.cache_write_tokens) or 0,
                reasoning=(said and said.reasoning_tokens) or 0,
            )
        message = choice.message
        calls = [(it.id, it.function.name, json.loads(it.function.arguments)) for it in message.tool_calls or []]
        thinking = (message.model_extra or {}).get("reasoning_content") or ""
        text = message.content or message.refusal or ""
        return Answer(text, thinking, calls, choice.finish_reason, tokens, headers, message, frames)

    def user(self, text: str, *images: Image) -> Any:
        if not images:
            return {"role": "user", "content": text}
        urls = [it.url or f"data:{it.mime};base64,{it.base64}" for it in images]
        pictures = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
        return {"role": "user", "content": [{"type": "text", "text": text}, *pictures]}

    def answered(self, answer: Answer) -> Any:
        # Only what the API takes back: a streamed message carries the SDK's own fields.
        message = answer.native.model_dump(exclude_none=True, include={"role", "content", "tool_calls"})
        for call in message.get("tool_calls", []):
            call["function"].pop("parsed_arguments", None)
            call.pop("index", None)
        return message

    def results(self, *results: tuple[str, str]) -> list[Any]:
        return [{"role": "tool", "tool_call_id": call, "content": text} for call, text in results]


class AnthropicClient(Client):
    """anthropic-sdk-python, messages."""

    name = "anthropic"

    def connect(self, url: str, key: str) -> anthropic.Anthropic:
        return anthropic.Anthropic(base_url=url, api_key=key, max_retries=0, timeout=30, http_client=self.http)

    def ask(self, model: str, *turns: Any, **wishes: Any) -> Answer:
        stream = wishes.pop("stream", False)
        messages = [self.user(it) if isinstance(it, str) else it for it in turns]
        wanted: dict[str, Any] = {"model": model, "messages": messages}
        wanted["max_tokens"] = wishes.pop("limit", None) or 4096
        if system := wishes.pop("system", None):
            wanted["system"] = system
        wanted |= self.tools(wishes)
        if schema := wishes.pop("schema", None):
            wanted["output_config"] = {"format": {"type": "json_schema", "schema": schema}}
        if stop := wishes.pop("stop", None):
            wanted["stop_sequences"] = stop
        wanted |= wishes
        if not stream:
            raw = self.sdk.messages.with_raw_response.create(**wanted)
            self.tap.check(Message)
            return self.answer(raw.parse(), raw.headers, [json.loads(self.tap.body)])
        with self.sdk.messages.stream(**wanted) as events:
            message, headers = events.get_final_message(), events.response.headers
        return self.answer(message, headers, readers.anthropic_stream(self.tap.body))

    def tools(self, wishes: dict[str, Any]) -> dict[str, Any]:
        wanted: dict[str, Any] = {}
        if tools := wishes.pop("tools", None):
            wanted["tools"] = [
                {"name": it.name, "description": it.description, "input_schema": it.schema} for it in tools
            ]
        choice, parallel = wishes.pop("choice", None), wishes.pop("parallel", None)
        named = {"required": {"type": "any"}, "auto": {"type": "auto"}, "none": {"type": "none"}}
        if choice or parallel is False:
            wanted["tool_choice"] = dict(named.get(choice or "auto", {"type": "tool", "name": choice}))
        if parallel is False:
            wanted["tool_choice"]["disable_parallel_tool_use"] = True
        return wanted

    def answer(self, it: Message, headers: httpx2.Headers, frames: list[dict[str, Any]]) -> Answer:
        cached, written = it.usage.cache_read_input_tokens or 0, it.usage.cache_creation_input_tokens or 0
        details = it.usage.output_tokens_details
        tokens = Tokens(
            input=it.usage.input_tokens + cached + written,
            output=it.usage.output_tokens,
            cached=cached,
            written=written,
            reasoning=(details and details.thinking_tokens) or 0,
        )
        text = "".join(block.text for block in it.content if block.type == "text")
        thinking = "".join(block.thinking for block in it.content if block.type == "thinking")
        calls = [(block.id, block.name, block.input) for block in it.content if block.type == "tool_use"]
        return Answer(text, thinking, calls, it.stop_reason, tokens, headers, it, frames)

    def user(self, text: str, *images: Image) -> Any:
        if not images:
            return {"role": "user", "content": text}
        sources = [
            {"type": "url", "url": it.url}
            if it.url
            else {"type": "base64", "media_type": it.mime, "data": it.base64}
            for it in images
        ]
        pictures = [{"type": "image", "source": source} for source in sources]
        return {"role": "user", "content": [*pictures, {"type": "text", "text": text}]}

    def answered(self, answer: Answer) -> Any:
        content = [it.model_dump(exclude_none=True) for it in answer.native.content]
        for block in content:
            block.pop("parsed_output", None)
        return {"role": "assistant", "content": content}

    def results(self, *results: tuple[str, str]) -> list[Any]:
        blocks = [{"type": "tool_result", "tool_use_id": call, "content": text} for call, text in results]
        return [{"role": "user", "content": blocks}]


class Tap(httpx2.BaseTransport):
    """Keeps the bytes of the newest answer while they pass."""

    def __init__(self) -> None:
        self.inner = httpx2.HTTPTransport()
        self.body = b""
        self.sent: httpx2.Request | None = None

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self.body, self.sent = b"", request
        response = self.inner.handle_request(request)
        response.stream = TapStream(response.stream, self)
        return response

    def check(self, kind: Any) -> None:
        """The SDKs take any JSON for an answer; here every field that they promise must be there."""
        kind.model_validate_json(self.body)


class TapStream(httpx2.SyncByteStream):
    """A body on its way."""

    def __init__(self, inner: Any, tap: Tap) -> None:
        self.inner = inner
        self.tap = tap

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.inner:
            self.tap.body += piece
            yield piece

    def close(self) -> None:
        self.inner.close()


CLIENT_CLASSES: list[type[Client]] = [OpenAIClient, AnthropicClient]

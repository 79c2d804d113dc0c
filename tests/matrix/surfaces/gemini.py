"""google-genai, generateContent and its stream."""

from __future__ import annotations

import base64
from typing import Any

from google import genai
from google.genai import errors, types
from neutral import Answered, Ask, Audio, Call, File, Image, Ran, Redacted, Result, Text, Thought, Tool, Turn
from surfaces.base import Seen, Surface, Unspeakable, usage, wishes
from view import View

FINISH = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "SAFETY": "refused",
    "PROHIBITED_CONTENT": "refused",
    "OTHER": "refused",
}
FINISH |= {"RECITATION": "refused", "BLOCKLIST": "refused", "SPII": "refused"}
MIME = {"wav": "audio/wav", "mp3": "audio/mp3"}


class GeminiClient(Surface):
    """`client.models.generate_content`, `…_stream`."""

    name = "gemini"
    same = ("gemini", "vertex")

    def connect(self, url: str, key: str) -> None:
        options = types.HttpOptions(base_url=url, api_version="v1beta", timeout=60_000)
        self.sdk = genai.Client(api_key=key, http_options=options)

    async def close(self) -> None:
        await self.sdk.aio.aclose()

    def render(self, ask: Ask, natives: list[Any]) -> dict[str, Any]:
        turns = list(ask.turns)
        plain = wishes(
            ask, limit="max_output_tokens", temperature="temperature", top_p="top_p", top_k="top_k", seed="seed",
            frequency_penalty="frequency_penalty", presence_penalty="presence_penalty", effort="", budget="",
            logprobs="logprobs", tier="service_tier", voice="", unknown="",
        )  # fmt: skip
        config = types.GenerateContentConfig(**plain)
        if ask.voice:
            voice = types.VoiceConfig(prebuilt_voice_config=types.PrebuiltVoiceConfig(voice_name=ask.voice))
            config.response_modalities = ["AUDIO"]
            config.speech_config = types.SpeechConfig(voice_config=voice)
        if ask.unknown:
            config.http_options = types.HttpOptions(extra_body={ask.unknown: {"kept": True}})
        if isinstance(turns[0], Turn) and turns[0].role == "system":
            first = turns.pop(0)
            assert isinstance(first, Turn)
            config.system_instruction = types.Content(parts=[_part(it, []) for it in first.parts])
        # A result repeats the name of its call; the ids are the ones the client saw.
        calls: list[types.FunctionCall] = []
        contents = []
        for turn in turns:
            content = natives[turn.step] if isinstance(turn, Answered) else _content(turn, calls)
            calls += [it.function_call for it in content.parts if it.function_call]
            contents.append(content)
        if ask.logprobs is not None:
            config.response_logprobs = True
        if ask.stop:
            config.stop_sequences = list(ask.stop)
        if ask.choices > 1:
            config.candidate_count = ask.choices
        if ask.effort:
            config.thinking_config = types.ThinkingConfig(thinking_level=ask.effort.upper(), include_thoughts=True)
        if ask.budget:
            config.thinking_config = types.ThinkingConfig(thinking_budget=ask.budget, include_thoughts=True)
        if ask.output:
            config.response_mime_type = "application/json"
        if isinstance(ask.output, dict):
            config.response_json_schema = ask.output
        if ask.tools:
            config.tools = _tools(ask.tools)
        if ask.choice:
            modes = {"auto": "AUTO", "none": "NONE", "required": "ANY"}
            calling = types.FunctionCallingConfig(mode=modes.get(ask.choice, "ANY"))
            if ask.choice not in modes:
                calling.allowed_function_names = [ask.choice]
            config.tool_config = types.ToolConfig(function_calling_config=calling)
        return {"contents": contents, "config": config}

    async def send(self, model: str, wanted: dict[str, Any], ask: Ask, stream: bool) -> Seen:
        try:
            if not stream:
                chunks = [await self.sdk.aio.models.generate_content(model=model, **wanted)]
            else:
                answer = await self.sdk.aio.models.generate_content_stream(model=model, **wanted)
                chunks = [it async for it in answer]
        except errors.APIError as error:
            # An error event in a stream is raised with its own code, after what came before it.
            return Seen({"error": error.code, "message": error.message, "code": error.status})
        except Exception as error:
            if type(error).__module__.startswith(("httpx", "httpcore", "aiohttp")) or isinstance(error, ValueError):
                return Seen({"error": "broken", "message": repr(error)})
            raise
        headers: dict[str, str] = {}
        for chunk in chunks:
            if chunk.sdk_http_response and chunk.sdk_http_response.headers:
                headers |= {name.lower(): value for name, value in chunk.sdk_http_response.headers.items()}
        candidates = [it for chunk in chunks for it in chunk.candidates or [] if not it.index]
        blocked = any(it.prompt_feedback and it.prompt_feedback.block_reason for it in chunks)
        if not blocked and not any(it.finish_reason for it in candidates):
            return Seen({"error": "broken"}, headers)
        parts = [part for it in candidates if it.content for part in it.content.parts or []]
        calls = [it.function_call.id for it in parts if it.function_call]
        native = types.Content(role="model", parts=_merged(parts))
        return Seen(_view(chunks, candidates, parts, blocked), headers, native, calls)


def _content(turn: Turn, calls: list[types.FunctionCall]) -> types.Content:
    if turn.name or turn.role == "developer":
        raise Unspeakable("names, developer")
    parts = sorted(turn.parts, key=lambda it: not isinstance(it, Result))
    said = [piece for it in parts for piece in (_ran(it) if isinstance(it, Ran) else [_part(it, calls)])]
    return types.Content(role="model" if turn.role == "assistant" else "user", parts=said)


def _ran(it: Ran) -> list[types.Part]:
    code = types.ExecutableCode(language=types.Language.PYTHON, code=it.code)
    result = types.CodeExecutionResult(outcome=types.Outcome.OUTCOME_OK, output=it.output)
    return [types.Part(executable_code=code), types.Part(code_execution_result=result)]


def _blob(mime: str, data: str) -> types.Part:
    return types.Part(inline_data=types.Blob(mime_type=mime, data=base64.b64decode(data)))


def _part(part: Any, calls: list[types.FunctionCall]) -> types.Part:
    match part:
        case Text(text, cached):
            if cached:
                raise Unspeakable("cache marks")
            return types.Part(text=text)
        case Image(mime, data, url):
            return types.Part(file_data=types.FileData(file_uri=url, mime_type=mime)) if url else _blob(mime, data)
        case File(mime, _, _, url) if url:
            return types.Part(file_data=types.FileData(file_uri=url, mime_type=mime))
        case File(mime, data, _):
            return _blob(mime, data)
        case Audio(format, data):
            return _blob(MIME[format], data)
        case Call(id, name, input):
            if part.cached:
                raise Unspeakable("cache marks")
            return types.Part(function_call=types.FunctionCall(id=id, name=name, args=input))
        case Result(id, parts, failed, cached):
            if cached:
                raise Unspeakable("cache marks")
            return types.Part(function_response=_response(id, calls, parts, failed))
        case Thought(text):
            return types.Part(text=text, thought=True)
        case Redacted():
            raise Unspeakable("redacted thought")
    raise TypeError(part)


def _response(id: str, calls: list[types.FunctionCall], parts: Any, failed: bool) -> types.FunctionResponse:
    words = "\n".join(it.text for it in parts if isinstance(it, Text))
    pictures = [it for it in parts if isinstance(it, Image)]
    media = [
        types.FunctionResponsePart(
            inline_data=types.FunctionResponseBlob(mime_type=it.mime, data=base64.b64decode(it.base64))
        )
        for it in pictures
    ]
    name = next(it.name for it in calls if it.id == id)
    response = {"error" if failed else "output": words}
    return types.FunctionResponse(id=id, name=name, response=response, parts=media or None)


def _tools(tools: tuple[Tool, ...]) -> list[types.Tool]:
    declared, out = [], []
    for tool in tools:
        if tool.kind == "web_search":
            out.append(types.Tool(google_search=types.GoogleSearch()))
            continue
        if tool.kind == "code_execution":
            out.append(types.Tool(code_execution=types.ToolCodeExecution()))
            continue
        if tool.kind != "function" or tool.strict is not None or tool.cached:
            raise Unspeakable("custom, strict, cached tools")
        described = {"description": tool.description} if tool.description else {}
        declared.append(types.FunctionDeclaration(name=tool.name, parameters_json_schema=tool.schema, **described))
    return out + ([types.Tool(function_declarations=declared)] if declared else [])


def _merged(parts: list[types.Part]) -> list[types.Part]:
    """The pieces of a streamed text as one, as the conversation shows it."""
    out: list[types.Part] = []
    for part in parts:
        last = out[-1] if out else None
        if last and last.text and part.text and not part.thought_signature and last.thought == part.thought:
            out[-1] = last.model_copy(update={"text": last.text + part.text})
        elif part.text != "":
            out.append(part)
    return out


def _view(chunks: list[Any], candidates: list[Any], parts: list[Any], blocked: bool) -> View:
    calls = [it.function_call for it in parts if it.function_call]
    reason = next((it.finish_reason.value for it in candidates if it.finish_reason), "SAFETY" if blocked else "")
    finish = FINISH.get(reason, reason)
    view: View = {"text": "".join(it.text or "" for it in parts if not it.thought)}
    view["finish"] = "tools" if calls and finish == "stop" else finish
    if thought := "".join(it.text or "" for it in parts if it.thought):
        view["thought"] = thought
    if seals := [base64.b64encode(it.thought_signature).decode() for it in parts if it.thought_signature]:
        view["seals"] = seals
    if calls:
        view["calls"] = [[it.name, it.args or {}] for it in calls]
    if ran := [it.executable_code.code for it in parts if it.executable_code]:
        printed = [it.code_execution_result.output for it in parts if it.code_execution_result]
        view["ran"] = [[code, output] for code, output in zip(ran, printed)]
    blobs = [it.inline_data for it in parts if it.inline_data]
    encoded = [[it.mime_type, base64.b64encode(it.data).decode()] for it in blobs]
    if pictures := [it for it in encoded if it[0].startswith("image/")]:
        view["pictures"] = pictures
    if spoken := [data for mime, data in encoded if not mime.startswith("image/")]:
        view["spoken"] = [["", "".join(spoken)]]
    grounds = [it.grounding_metadata for it in candidates if it.grounding_metadata]
    if searched := [query for it in grounds for query in it.web_search_queries or []]:
        view["searched"] = searched
    if cited := [chunk.web.uri for it in grounds for chunk in it.grounding_chunks or [] if chunk.web]:
        view["citations"] = cited
    if any(it.logprobs_result for it in candidates):
        view["logprobs"] = True
    others: dict[int, str] = {}
    for it in (it for chunk in chunks for it in chunk.candidates or [] if it.index):
        said = [part.text or "" for part in (it.content.parts if it.content else None) or []]
        others[it.index] = others.get(it.index, "") + "".join(said)
    if others:
        view["others"] = [others[at] for at in sorted(others)]
    if report := next((it.usage_metadata for it in reversed(chunks) if it.usage_metadata), None):
        thoughts = report.thoughts_token_count or 0
        output = (report.candidates_token_count or 0) + thoughts
        cached = report.cached_content_token_count
        view["tokens"] = usage(report.prompt_token_count or 0, output, cached=cached, reasoning=thoughts)
    return view

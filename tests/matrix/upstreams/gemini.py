"""Gemini's generateContent, at AI Studio's and at Vertex' addresses.

Requests are held against the pydantic types of google-genai, which forbid unknown fields; shapes of answers:
https://ai.google.dev/api/generate-content, https://ai.google.dev/gemini-api/docs/thought-signatures.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from google.genai import types
from neutral import Answer, Call, Fails, Image, Ran, Redacted, Refusal, Searched, Speech, Text, Thought
from pydantic import TypeAdapter, ValidationError
from upstreams.base import CREDENTIAL, Heard, Upstream, bearer, half, header, pieces, wished
from view import Turns, View, canonical, seal

FINISH = {"stop": "STOP", "length": "MAX_TOKENS", "tools": "STOP", "refused": "SAFETY"}
KNOWN = {"contents", "systemInstruction", "tools", "toolConfig", "generationConfig", "safetySettings", "cachedContent"}
KNOWN |= {"labels", "store", "serviceTier"}
GENERATION = {"temperature", "topP", "topK", "candidateCount", "maxOutputTokens", "stopSequences", "presencePenalty"}
GENERATION |= {
    "frequencyPenalty",
    "seed",
    "responseMimeType",
    "responseSchema",
    "responseJsonSchema",
    "responseLogprobs",
}
GENERATION |= {"logprobs", "thinkingConfig", "responseModalities", "speechConfig"}
TYPES: dict[str, Any] = {
    "contents": TypeAdapter(list[types.Content]),
    "systemInstruction": TypeAdapter(types.Content),
    "tools": TypeAdapter(list[types.Tool]),
    "toolConfig": TypeAdapter(types.ToolConfig),
    "generationConfig": TypeAdapter(types.GenerationConfig),
    "safetySettings": TypeAdapter(list[types.SafetySetting]),
    "cachedContent": TypeAdapter(str),
    "labels": TypeAdapter(dict[str, str]),
    "store": TypeAdapter(bool),
    "serviceTier": TypeAdapter(types.ServiceTier),
}
STATUS = {400: "INVALID_ARGUMENT", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE"}


class Gemini(Upstream):
    """`POST /v1beta/models/M:generateContent`."""

    name = "gemini"
    prefix = "gemini-2.5-pro--"
    path = re.compile(r"/v1beta/models/([^/:]+):(generateContent|streamGenerateContent)")

    def provider(self, url: str) -> dict[str, Any]:
        return {"kind": "gemini", "base_url": url, "credential": {"api_key": CREDENTIAL}}

    def model(self, heard: Heard) -> str | None:
        found = self.path.fullmatch(heard.path)
        return found and found[1]

    def streams(self, heard: Heard) -> bool:
        return heard.path.endswith(":streamGenerateContent")

    def credential(self, heard: Heard) -> list[str]:
        """What authorises it."""
        return header(heard, "x-goog-api-key", CREDENTIAL)

    def check(self, heard: Heard) -> list[str]:
        wrong, body = self.credential(heard), camel(heard.body)
        if self.streams(heard) and "alt=sse" not in heard.query:
            wrong.append("alt: a list, not a stream of events, is asked for")
        for name, value in body.items():
            if name not in TYPES:
                wrong.append(f"{name}: unknown field")
                continue
            try:
                TYPES[name].validate_json(json.dumps(value))
            except ValidationError as why:
                wrong += [f"{name}.{'.'.join(map(str, it['loc']))}: {it['msg']}" for it in why.errors()]
        return wrong or list(_rules(body))

    def normalise(self, heard: Heard) -> View:
        body, turns = camel(heard.body), Turns()
        for part in (body.get("systemInstruction") or {}).get("parts", []):
            turns.say("system", ["text", part["text"]])
        calls = Calls(turns)
        for content in body["contents"]:
            for part in _whole_texts(content["parts"]):
                _part(turns, calls, "assistant" if content.get("role") == "model" else "user", part)
        view = turns.view()
        if tools := [it for tool in body.get("tools", []) for it in _tools(tool)]:
            view["tools"] = tools
        calling = (body.get("toolConfig") or {}).get("functionCallingConfig") or {}
        if mode := calling.get("mode"):
            names = calling.get("allowedFunctionNames") or []
            view["choice"] = names[0] if len(names) == 1 else {"ANY": "required"}.get(mode, mode.lower())
        config = body.get("generationConfig") or {}
        wished(
            view, config, temperature="temperature", top_p="topP", top_k="topK", limit="maxOutputTokens", seed="seed"
        )
        wished(view, config, stop="stopSequences", frequency_penalty="frequencyPenalty", choices="candidateCount")
        wished(view, config, presence_penalty="presencePenalty")
        wished(view, body, tier="serviceTier")
        thinking = config.get("thinkingConfig") or {}
        wished(view, thinking, budget="thinkingBudget")
        if level := thinking.get("thinkingLevel"):
            view["effort"] = level.lower()
        if schema := config.get("responseJsonSchema") or config.get("responseSchema"):
            view["output"] = lowered(schema)
        elif config.get("responseMimeType") == "application/json":
            view["output"] = "json"
        if "AUDIO" in config.get("responseModalities", []):
            view["voice"] = config["speechConfig"]["voiceConfig"]["prebuiltVoiceConfig"]["voiceName"]
        if config.get("responseLogprobs"):
            view["logprobs"] = config.get("logprobs", 0)
        if unknown := sorted((body.keys() - KNOWN) | (config.keys() - GENERATION)):
            view["unknown"] = unknown
        view["stream"] = self.streams(heard)
        return view

    def whole(self, answer: Answer, heard: Heard) -> Any:
        candidates = [_candidate(0, _parts(answer, cut=False), answer)]
        candidates += [_candidate(at, [{"text": it}], Answer(())) for at, it in enumerate(answer.others, 1)]
        return self.chunk(heard, candidates, answer)

    def stream(self, answer: Answer, heard: Heard) -> Iterator[bytes]:
        parts = _parts(answer, cut=True)
        if answer.breaks:
            for text in half(answer.text):
                yield sse(
                    self.chunk(heard, [{"content": {"parts": [{"text": text}], "role": "model"}, "index": 0}], None)
                )
            if answer.breaks == "error":
                yield sse(self.error(Fails(503, "The engine stalled.")))
            return
        for part in parts[:-1]:
            yield sse(self.chunk(heard, [{"content": {"parts": [part], "role": "model"}, "index": 0}], None))
        for at, text in enumerate(answer.others, 1):
            yield sse(self.chunk(heard, [_candidate(at, [{"text": text}], Answer(()))], None))
        yield sse(self.chunk(heard, [_candidate(0, parts[-1:], answer)], answer))

    def chunk(self, heard: Heard, candidates: list[Any], answer: Answer | None) -> dict[str, Any]:
        """One `GenerateContentResponse`."""
        out: dict[str, Any] = {"candidates": candidates, "modelVersion": self.model(heard), "responseId": "matrix1"}
        if answer:
            tokens = answer.tokens
            usage = {"promptTokenCount": tokens.input, "candidatesTokenCount": tokens.output - tokens.reasoning}
            usage["totalTokenCount"] = tokens.input + tokens.output
            if tokens.cached:
                usage["cachedContentTokenCount"] = tokens.cached
            if tokens.reasoning:
                usage["thoughtsTokenCount"] = tokens.reasoning
            out["usageMetadata"] = usage
        return out

    def error(self, fails: Fails) -> Any:
        status = STATUS.get(fails.status, "UNKNOWN")
        return {"error": {"code": fails.status, "message": fails.message, "status": status}}


class Vertex(Gemini):
    """The same on Vertex: https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference."""

    name = "vertex"
    path = re.compile(
        r"/v1/projects/matrix-project/locations/europe-west4/publishers/google/models/([^/:]+):"
        r"(generateContent|streamGenerateContent)"
    )

    def provider(self, url: str) -> dict[str, Any]:
        settings = {"project": "matrix-project", "location": "europe-west4"}
        credential = {"settings": {"auth": "access_token"}, "fields": {"access_token": CREDENTIAL}}
        return {"kind": "vertex", "base_url": url, "settings": settings, "credential": credential}

    def credential(self, heard: Heard) -> list[str]:
        return bearer(heard)


def sse(data: Any) -> bytes:
    """An event as Google ends it."""
    return f"data: {json.dumps(data, ensure_ascii=False)}\r\n\r\n".encode()


# What stands below these is the caller's own JSON.
CALLERS = ("args", "response", "parametersJsonSchema", "responseJsonSchema", "parameters", "responseSchema", "labels")


def camel(value: Any) -> Any:
    """Google takes a field's name as its proto has it too: `inline_data` is `inlineData`."""
    if isinstance(value, list):
        return [camel(it) for it in value]
    if not isinstance(value, dict):
        return value
    named = {re.sub(r"_([a-z])", lambda found: found[1].upper(), name): it for name, it in value.items()}
    return {name: it if name in CALLERS else camel(it) for name, it in named.items()}


def standard(base64: str) -> str:
    """The standard alphabet."""
    return base64.replace("-", "+").replace("_", "/")


def lowered(schema: Any) -> Any:
    """A schema with its types as JSON Schema spells them: Google's own subset has them in capitals."""
    if isinstance(schema, dict):
        named = {k: v.lower() if k == "type" and isinstance(v, str) else lowered(v) for k, v in schema.items()}
        named.pop("propertyOrdering", None)
        return named
    return [lowered(it) for it in schema] if isinstance(schema, list) else schema


def _rules(body: dict[str, Any]) -> Iterator[str]:
    """https://ai.google.dev/gemini-api/docs/function-calling"""
    contents = body["contents"]
    if not contents or contents[0].get("role") == "model":
        yield "contents: must begin with the user"
    for at, content in enumerate(contents):
        calls = [it["functionCall"] for it in content["parts"] if "functionCall" in it]
        if not content["parts"]:
            yield f"contents[{at}].parts: empty"
        if calls:
            following = contents[at + 1]["parts"] if at + 1 < len(contents) else []
            answers = [it["functionResponse"] for it in following if "functionResponse" in it]
            if len(answers) != len(calls):
                yield "the number of function response parts must equal the number of function call parts of the turn"
            if sorted(it["name"] for it in answers) != sorted(it["name"] for it in calls):
                yield "function responses name other functions than the calls"
    for part in (it for content in contents for it in content["parts"]):
        kinds = set(part) & {"text", "inlineData", "fileData", "functionCall", "functionResponse"}
        kinds |= set(part) & {"executableCode", "codeExecutionResult"}
        if len(kinds) != 1:
            yield f"parts: one kind of data, not {sorted(part)}"
    config = body.get("generationConfig") or {}
    if "responseSchema" in config or "responseJsonSchema" in config:
        if config.get("responseMimeType") != "application/json":
            yield "generationConfig.responseMimeType: application/json with a schema"
    thinking = config.get("thinkingConfig") or {}
    if "thinkingBudget" in thinking and "thinkingLevel" in thinking:
        yield "thinkingConfig: budget and level are not both allowed"


class Calls:
    """Pairs calls and answers: by id where there is one, else by name in their order."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.open: list[tuple[str, str]] = []

    def call(self, call: dict[str, Any]) -> None:
        """The model calls."""
        id = call.get("id") or f"call-{len(self.turns.calls)}"
        self.open.append((id, call["name"]))
        self.turns.call(id, call["name"], call.get("args") or {})

    def answered(self, response: dict[str, Any]) -> str:
        """The id of the call that this answers."""
        for id, name in self.open:
            if response.get("id") in (id, None, "") and response["name"] == name:
                self.open.remove((id, name))
                return id
        return response.get("id") or "unknown"


def _whole_texts(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A streamed text is signed on its first piece, which must come back as it is: the rest of it goes on after it."""
    out: list[dict[str, Any]] = []
    for part in parts:
        if out and out[-1].keys() == {"text", "thoughtSignature"} and part.keys() == {"text"}:
            out[-1] = out[-1] | {"text": out[-1]["text"] + part["text"]}
        else:
            out.append(part)
    return out


def _part(turns: Turns, calls: Calls, role: str, part: dict[str, Any]) -> None:
    if signature := part.get("thoughtSignature"):
        turns.say("assistant", ["seal", standard(signature)])
    if part.get("thought"):
        # Only its signature must come back.
        return
    if "executableCode" in part:
        turns.hosted["code"] = part["executableCode"]["code"]
    elif "codeExecutionResult" in part:
        turns.say(role, ["ran", turns.hosted.pop("code"), part["codeExecutionResult"]["output"]])
    elif "functionCall" in part:
        calls.call(part["functionCall"])
    elif "functionResponse" in part:
        response = part["functionResponse"]
        parts, failed = _result(response["response"])
        parts += [_media(it) for it in response.get("parts", [])]
        turns.result(calls.answered(response), parts, failed)
    elif part.get("text"):
        turns.say(role, ["text", canonical(part["text"])])
    elif "text" not in part:
        turns.say(role, _media(part))


def _result(response: dict[str, Any]) -> tuple[list[list[Any]], bool]:
    failed = "error" in response and len(response) == 1
    value: Any = response
    if len(response) == 1 and (name := next(iter(response))) in ("result", "output", "error"):
        value = response[name]
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return [["text", canonical(text)]], failed


def _media(part: dict[str, Any]) -> list[Any]:
    if "fileData" in part:
        kind = "file" if part["fileData"].get("mimeType") == "application/pdf" else "image"
        return [kind, part["fileData"]["fileUri"]]
    blob = part["inlineData"]
    # Google takes both alphabets of base64, and its SDK sends the one for URLs.
    mime, data = blob["mimeType"], standard(blob["data"])
    if mime.startswith("audio/"):
        return ["audio", {"audio/wav": "wav", "audio/mp3": "mp3", "audio/mpeg": "mp3"}.get(mime, mime), data]
    return ["image", mime, data] if mime.startswith("image/") else ["file", mime, data, blob.get("displayName", "")]


def _tools(tool: dict[str, Any]) -> list[View]:
    if "googleSearch" in tool:
        return [{"hosted": "web_search"}]
    if "codeExecution" in tool:
        return [{"hosted": "code_execution"}]
    return [_declared(it) for it in tool.get("functionDeclarations", [])]


def _declared(it: dict[str, Any]) -> View:
    view: View = {"kind": "function", "name": it["name"]}
    if it.get("description"):
        view["description"] = it["description"]
    schema = it.get("parametersJsonSchema")
    # A function without arguments has no parameters in Google's own subset.
    view["schema"] = (
        schema if schema is not None else lowered(it.get("parameters") or {"type": "object", "properties": {}})
    )
    return view


def _parts(answer: Answer, cut: bool) -> list[dict[str, Any]]:
    """A thought's signature stands on the part after it."""
    out: list[dict[str, Any]] = []
    proof = ""
    for part in answer.parts:
        match part:
            case Thought(text, sealed):
                out += [{"text": it, "thought": True} for it in (pieces(text) if cut else [text]) if it]
                proof = seal(text) if sealed else ""
                continue
            case Text(text) | Refusal(text):
                said = [{"text": it} for it in (pieces(text) if cut else [text]) if it]
            case Call(id, name, input, sealed):
                said = [
                    {
                        "functionCall": {
                            "id": id,
                            "name": name,
                            "args": input if isinstance(input, dict) else {"input": input},
                        }
                    }
                ]
                proof = seal(name) if sealed else proof
            case Ran(code, output):
                said = [{"executableCode": {"language": "PYTHON", "code": code}}]
                said.append({"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": output}})
            case Speech(data):
                # https://ai.google.dev/gemini-api/docs/speech-generation: raw sound of 24 kHz.
                said = [{"inlineData": {"mimeType": "audio/L16;codec=pcm;rate=24000", "data": data}}]
            case Image(mime, data):
                # https://ai.google.dev/gemini-api/docs/image-generation
                said = [{"inlineData": {"mimeType": mime, "data": data}}]
            case Redacted() | Searched():
                continue
        if proof and said:
            said[0]["thoughtSignature"] = proof
            proof = ""
        out += said
    return out


def _candidate(index: int, parts: list[dict[str, Any]], answer: Answer) -> dict[str, Any]:
    out: dict[str, Any] = {"index": index, "finishReason": FINISH[answer.finish]}
    if parts or answer.finish != "refused":
        out["content"] = {"parts": parts or [{"text": ""}], "role": "model"}
    queries = [it.query for it in answer.parts if isinstance(it, Searched)]
    if answer.citations or queries:
        chunks = [{"web": {"uri": it, "title": "A page"}} for it in answer.citations]
        support = {"segment": {"startIndex": 0, "endIndex": 5, "text": "Grüße"[:5]}}
        support["groundingChunkIndices"] = list(range(len(chunks)))
        out["groundingMetadata"] = {
            "groundingChunks": chunks,
            "groundingSupports": [support],
        }
        if queries:
            # https://ai.google.dev/gemini-api/docs/google-search
            out["groundingMetadata"] |= {"webSearchQueries": queries, "searchEntryPoint": {"renderedContent": "<div/>"}}
    if answer.logprobs:
        token = {"token": answer.text, "tokenId": 1, "logProbability": -0.25}
        out["avgLogprobs"] = -0.25
        out["logprobsResult"] = {"chosenCandidates": [token], "topCandidates": [{"candidates": [token]}]}
    return out

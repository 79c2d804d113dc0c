"""Amazon Bedrock's Converse and ConverseStream.

Requests are held against botocore's service model, and their signature is made again with botocore; shapes of answers:
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html and …_ConverseStream.html.
"""

from __future__ import annotations

import binascii
import datetime
import json
import re
import struct
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import botocore.session
import botocore.validate
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from neutral import Answer, Call, Fails, Redacted, Refusal, Text, Thought
from upstreams.base import Heard, Upstream, arguments, half, pieces, wished
from view import Turns, View, canonical, seal

REGION = "eu-central-1"
ACCESS_KEY = "AKIDMATRIXMATRIX0001"
SECRET_KEY = "matrix+secret/key/0123456789abcdefghijkl"
FINISH = {"stop": "end_turn", "length": "max_tokens", "tools": "tool_use", "refused": "content_filtered"}
ERRORS = {400: "ValidationException", 429: "ThrottlingException", 500: "InternalServerException"}
ERRORS |= {404: "ResourceNotFoundException", 503: "ServiceUnavailableException"}
NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
TITLE = re.compile(r"[\w\s()\[\]-]{1,200}", re.ASCII)


class Bedrock(Upstream):
    """`POST /model/M/converse`."""

    name = "bedrock"
    prefix = "anthropic.claude-sonnet-4-5-v1:0--"
    content_type = "application/vnd.amazon.eventstream"
    path = re.compile(r"/model/([^/]+)/(converse|converse-stream)")

    def provider(self, url: str) -> dict[str, Any]:
        credential = {
            "settings": {"auth": "access_key", "access_key_id": ACCESS_KEY},
            "fields": {"secret_access_key": SECRET_KEY},
        }
        return {"kind": "bedrock", "base_url": url, "settings": {"region": REGION}, "credential": credential}

    def model(self, heard: Heard) -> str | None:
        found = self.path.fullmatch(heard.path)
        return found and found[1]

    def streams(self, heard: Heard) -> bool:
        return heard.path.endswith("/converse-stream")

    def check(self, heard: Heard) -> list[str]:
        operation = _service().operation_model("ConverseStream" if self.streams(heard) else "Converse")
        report = botocore.validate.ParamValidator().validate(
            heard.body | {"modelId": self.model(heard)}, operation.input_shape
        )
        wrong = report.generate_report().splitlines() if report.has_errors() else []
        return [*_signature(heard), *wrong] or list(_rules(heard.body))

    def normalise(self, heard: Heard) -> View:
        body, turns = heard.body, Turns()
        for block in body.get("system") or []:
            turns.say("system", ["cache"] if "cachePoint" in block else ["text", block["text"]])
        for message in body["messages"]:
            for block in message["content"]:
                _block(turns, message["role"], block)
        view = turns.view()
        if tools := _tools((body.get("toolConfig") or {}).get("tools") or []):
            view["tools"] = tools
        choice = (body.get("toolConfig") or {}).get("toolChoice") or {}
        for name in choice:
            view["choice"] = {"any": "required", "tool": (choice.get("tool") or {}).get("name")}.get(name, name)
        wished(view, body.get("inferenceConfig") or {}, limit="maxTokens", temperature="temperature", top_p="topP")
        wished(view, body.get("inferenceConfig") or {}, stop="stopSequences")
        wished(view, body, metadata="requestMetadata")
        wished(view, body.get("serviceTier") or {}, tier="type")
        output = body.get("outputConfig") or {}
        wished(view, output, effort="effort")
        if form := output.get("textFormat"):
            view["output"] = json.loads(form["structure"]["jsonSchema"]["schema"])
        extra = dict(body.get("additionalModelRequestFields") or {})
        wished(view, extra, top_k="top_k")
        wished(view, extra.get("thinking") or {}, budget="budget_tokens")
        wished(view, extra.get("output_config") or {}, effort="effort")
        if unknown := sorted(extra.keys() - {"top_k", "thinking", "output_config"}):
            view["unknown"] = unknown
        view["stream"] = self.streams(heard)
        return view

    def whole(self, answer: Answer, heard: Heard) -> Any:
        content = [it for part in answer.parts for it in [_out(part)] if it != {"text": ""}]
        if answer.citations:
            cited = {"content": [{"text": answer.text}], "citations": [_citation(it) for it in answer.citations]}
            content = [{"citationsContent": cited}]
        message = {"role": "assistant", "content": content}
        out = {"output": {"message": message}, "stopReason": _finish(answer), "usage": _usage(answer)}
        return out | {"metrics": {"latencyMs": 5}}

    def stream(self, answer: Answer, heard: Heard) -> Iterator[bytes]:
        yield _event("messageStart", {"role": "assistant"})
        for at, part in enumerate(it for it in answer.parts if _out(it) != {"text": ""}):
            if isinstance(part, Call):
                start = {"toolUse": {"toolUseId": part.id, "name": part.name}}
                yield _event("contentBlockStart", {"start": start, "contentBlockIndex": at})
            deltas = [{"text": it} for it in half(answer.text)] if answer.breaks else _deltas(part)
            if isinstance(part, Text):
                deltas += [{"citation": _citation(it)} for it in answer.citations]
            for delta in deltas:
                yield _event("contentBlockDelta", {"delta": delta, "contentBlockIndex": at})
            if answer.breaks == "error":
                failed = {"message": "The engine stalled.", "originalStatusCode": 500}
                yield _message({":message-type": "exception", ":exception-type": "modelStreamErrorException"}, failed)
            if answer.breaks:
                return
            yield _event("contentBlockStop", {"contentBlockIndex": at})
        yield _event("messageStop", {"stopReason": _finish(answer)})
        yield _event("metadata", {"usage": _usage(answer), "metrics": {"latencyMs": 5}})

    def error(self, fails: Fails) -> Any:
        return {"message": fails.message}

    def error_headers(self, fails: Fails) -> dict[str, str]:
        return {
            "x-amzn-errortype": f"{ERRORS.get(fails.status, 'InternalServerException')}:http://internal.amazon.com/"
        }


@lru_cache(maxsize=1)
def _service() -> Any:
    return botocore.session.get_session().get_service_model("bedrock-runtime")


def _signature(heard: Heard) -> list[str]:
    """The signature, made again over what arrived."""
    said = heard.headers.get("authorization", "")
    found = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})", said
    )
    if not found:
        return [f"authorization: {said[:80]!r} is no signature"]
    scope, signed, signature = found.groups()
    date = heard.headers.get("x-amz-date", "")
    if scope != f"{ACCESS_KEY}/{date[:8]}/{REGION}/bedrock/aws4_request":
        return [f"authorization: credential scope {scope!r}"]
    if "host" not in signed.split(";") or "x-amz-date" not in signed.split(";"):
        return [f"authorization: signed headers {signed!r}"]
    age = datetime.datetime.now(datetime.UTC) - datetime.datetime.strptime(date + "+0000", "%Y%m%dT%H%M%SZ%z")
    if abs(age.total_seconds()) > 300:
        return [f"x-amz-date: {date} is too old"]
    headers = {name: heard.headers.get(name, "") for name in signed.split(";")}
    request = AWSRequest("POST", f"http://{heard.headers['host']}{heard.target}", headers, heard.raw)
    request.context["timestamp"] = date
    auth = SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), "bedrock", REGION)
    canonical_request = auth.canonical_request(request)
    again = auth.signature(auth.string_to_sign(request, canonical_request), request)
    return [] if again == signature else ["authorization: SignatureDoesNotMatch"]


def _rules(body: dict[str, Any]) -> Iterator[str]:
    """https://docs.aws.amazon.com/bedrock/latest/userguide/tool-use.html, and the refusals users report of Converse."""
    messages, calls = body["messages"], []
    if [it["role"] for it in messages[:1]] != ["user"]:
        yield "messages: A conversation must start with a user message"
    for at, message in enumerate(messages):
        where, role = f"messages[{at}]", message["role"]
        if at and messages[at - 1]["role"] == role:
            yield f"{where}: roles must alternate"
        results = [it["toolResult"]["toolUseId"] for it in message["content"] if "toolResult" in it]
        if sorted(results) != sorted(calls):
            yield f"{where}: Expected toolResult blocks for {calls}, got {results}"
        calls = [it["toolUse"]["toolUseId"] for it in message["content"] if "toolUse" in it]
        yield from (f"{where}: toolUseId {it!r}" for it in calls if not NAME.fullmatch(it))
        if not message["content"]:
            yield f"{where}: content is empty"
        for block in message["content"]:
            if len(block) != 1:
                yield f"{where}: one member of the union, not {sorted(block)}"
            if "text" in block and not block["text"].strip():
                yield f"{where}: The text field is blank"
            if "document" in block and not TITLE.fullmatch(block["document"]["name"]):
                yield f"{where}: document name {block['document']['name']!r}"
            if "document" in block and not any("text" in it for it in message["content"]):
                yield f"{where}: a document needs a text beside it"
    if calls:
        yield f"messages: calls {calls} have no results"
    if any("toolUse" in it for message in messages for it in message["content"]) and not body.get("toolConfig"):
        yield "The toolConfig field must be defined when using toolUse and toolResult content blocks."


def _block(turns: Turns, role: str, block: dict[str, Any]) -> None:
    kind, value = next(iter(block.items()))
    match kind:
        case "toolUse":
            turns.call(value["toolUseId"], value["name"], value["input"])
        case "toolResult":
            parts = [_plain(*next(iter(it.items()))) for it in value["content"]]
            turns.result(value["toolUseId"], parts, value.get("status") == "error")
        case "cachePoint":
            turns.say(role, ["cache"])
        case _:
            turns.say(role, _plain(kind, value))


def _plain(kind: str, value: Any) -> list[Any]:
    match kind:
        case "text":
            return ["text", canonical(value)]
        case "json":
            return ["text", canonical(json.dumps(value, ensure_ascii=False))]
        case "image":
            return ["image", f"image/{value['format']}", value["source"]["bytes"]]
        case "document":
            mime = {"pdf": "application/pdf"}.get(value["format"], value["format"])
            return ["file", mime, value["source"]["bytes"], value["name"]]
        case "audio":
            return ["audio", value["format"], value["source"]["bytes"]]
        case "reasoningContent":
            if "redactedContent" in value:
                return ["redacted", value["redactedContent"]]
            text = value["reasoningText"]
            return ["thought", text["text"], text.get("signature", "")]
    return [kind, value]


def _tools(tools: list[dict[str, Any]]) -> list[View]:
    out: list[View] = []
    for tool in tools:
        if "cachePoint" in tool:
            out[-1]["cached"] = True
            continue
        spec = tool["toolSpec"]
        view: View = {"kind": "function", "name": spec["name"]}
        if spec.get("description"):
            view["description"] = spec["description"]
        view["schema"] = spec["inputSchema"]["json"]
        if spec.get("strict"):
            view["strict"] = True
        out.append(view)
    return out


def _finish(answer: Answer) -> str:
    return "stop_sequence" if answer.stop_text else FINISH[answer.finish]


def _out(part: Any) -> dict[str, Any]:
    match part:
        case Text(text) | Refusal(text):
            return {"text": text}
        case Thought(text):
            return {"reasoningContent": {"reasoningText": {"text": text, "signature": seal(text)}}}
        case Redacted(data):
            return {"reasoningContent": {"redactedContent": data}}
        case Call(id, name):
            return {"toolUse": {"toolUseId": id, "name": name, "input": json.loads(_input(part) or "{}")}}
    raise TypeError(part)


def _input(call: Call) -> str:
    """A free-form tool is offered as one that takes a text named `input`."""
    if isinstance(call.input, str):
        return json.dumps({"input": call.input}, ensure_ascii=False)
    return arguments(call) if call.input else ""


def _deltas(part: Any) -> list[dict[str, Any]]:
    match part:
        case Text(text) | Refusal(text):
            return [{"text": it} for it in pieces(text)]
        case Thought(text):
            told = [{"reasoningContent": {"text": it}} for it in pieces(text)]
            return [*told, {"reasoningContent": {"signature": seal(text)}}]
        case Redacted(data):
            return [{"reasoningContent": {"redactedContent": data}}]
        case Call():
            return [{"toolUse": {"input": it}} for it in pieces(_input(part))]
    return []


def _citation(url: str) -> dict[str, Any]:
    return {
        "title": "A page",
        "sourceContent": [{"text": "…"}],
        "location": {"web": {"url": url, "domain": "example.com"}},
    }


def _usage(answer: Answer) -> dict[str, Any]:
    tokens = answer.tokens
    fresh = tokens.input - tokens.cached - tokens.written
    out = {"inputTokens": fresh, "outputTokens": tokens.output, "totalTokens": tokens.input + tokens.output}
    return out | {"cacheReadInputTokens": tokens.cached, "cacheWriteInputTokens": tokens.written}


def _event(kind: str, payload: Any) -> bytes:
    return _message({":message-type": "event", ":event-type": kind}, payload)


def _message(headers: dict[str, str], payload: Any) -> bytes:
    """A message of Amazon's event stream: lengths, headers, payload, each with its sum.

    https://docs.aws.amazon.com/lexv2/latest/dg/event-stream-encoding.html
    """
    body = json.dumps(payload, ensure_ascii=False).encode()
    head = b""
    for name, value in {**headers, ":content-type": "application/json"}.items():
        text = value.encode()
        head += struct.pack(">B", len(name)) + name.encode() + struct.pack(">BH", 7, len(text)) + text
    prelude = struct.pack(">II", 16 + len(head) + len(body), len(head))
    out = prelude + struct.pack(">I", binascii.crc32(prelude)) + head + body
    return out + struct.pack(">I", binascii.crc32(out))

"""Vendors of pictures: each request is held against the vendor's own types, each answer is as the vendor documents it."""

from __future__ import annotations

import base64
import json
import re
import struct
import zlib
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from google.genai import types
from google.genai.models import _EditImageConfig_to_vertex, _GenerateImagesConfig_to_vertex
from openai.types.image_generate_params import ImageGenerateParams
from pydantic import TypeAdapter
from scripted import Answer, Request


def png(width: int, height: int) -> bytes:
    """A whole file (ISO/IEC 15948), black."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = zlib.compress(b"".join(b"\0" + b"\0\0\0" * width for _ in range(height)))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


PNG = png(64, 96)
B64 = base64.b64encode(PNG).decode()
USAGE = {
    "input_tokens": 50,
    "input_tokens_details": {"text_tokens": 10, "image_tokens": 40},
    "output_tokens": 272,
    "total_tokens": 322,
}


def form(request: Request) -> list[tuple[str, str | None, bytes]]:
    """Name, filename and content of each part."""
    head = f"content-type: {request.headers['content-type']}\r\n\r\n".encode()
    parts = BytesParser(policy=HTTP).parsebytes(head + request.body).iter_parts()
    found = []
    for part in parts:
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        assert isinstance(name, str) and isinstance(content, bytes)
        found.append((name, part.get_filename(), content))
    return found


def known(adapter: TypeAdapter[Any], body: dict[str, Any], names: set[str]) -> None:
    adapter.validate_python(body)
    assert set(body) <= names, set(body) - names


GENERATE: TypeAdapter[Any] = TypeAdapter(ImageGenerateParams)
GENERATE_NAMES = {
    *("prompt", "background", "model", "moderation", "n", "output_compression", "output_format", "partial_images"),
    *("quality", "response_format", "size", "style", "stream", "user", "safety_identifier"),
}


def openai_generations(request: Request) -> Answer:
    body = request.json()
    known(GENERATE, body, GENERATE_NAMES)
    if body.get("stream"):
        return events("image_generation", body.get("partial_images") or 0)
    data = [{"b64_json": B64} for _ in range(body.get("n") or 1)]
    told = {
        "created": 1,
        "data": data,
        "size": "64x96",
        "quality": "low",
        "output_format": "png",
        "background": "opaque",
    }
    return Answer.of(told | {"usage": USAGE})


def openai_edits(request: Request) -> Answer:
    parts = form(request)
    files = [it for it in parts if it[1] is not None]
    assert files and all(content == PNG for _, _, content in files), files
    fields = {name: content.decode() for name, filename, content in parts if filename is None}
    if fields.get("stream") == "true":
        return events("image_edit", int(fields.get("partial_images") or 0))
    numbers = {name: int(fields.pop(name)) for name in ("n", "output_compression") if name in fields}
    # The fields of an edit beside its files are those of a generation, and one more.
    known(GENERATE, fields | numbers, {"input_fidelity", *GENERATE_NAMES})
    return Answer.of({"created": 1, "data": [{"b64_json": B64}], "size": "64x96", "quality": "low", "usage": USAGE})


def events(kind: str, partial: int) -> Answer:
    shared = {"created_at": 1, "size": "64x96", "quality": "low", "background": "opaque", "output_format": "png"}
    told = [{"type": f"{kind}.partial_image", "partial_image_index": at} for at in range(partial)]
    told.append({"type": f"{kind}.completed", "usage": USAGE})
    frames = [f"event: {it['type']}\ndata: {json.dumps(it | shared | {'b64_json': B64})}\n\n".encode() for it in told]
    return Answer(frames, content_type="text/event-stream")


def gemini(request: Request) -> Answer:
    body = request.json()
    assert set(body) == {"contents", "generationConfig"}, body
    contents = [types.Content.model_validate(it) for it in body["contents"]]
    # What stands in `generationConfig` on the wire is the SDK's `GenerateContentConfig`.
    config = types.GenerateContentConfig.model_validate(plain(body["generationConfig"]))
    assert config.response_modalities == ["IMAGE"]
    for part in contents[0].parts or []:
        assert part.text or (part.inline_data and part.inline_data.data == PNG)
    details = [{"modality": "IMAGE", "tokenCount": 1290}]
    told = {
        "candidates": [
            {
                "content": {"role": "model", "parts": [{"inlineData": {"mimeType": "image/png", "data": B64}}]},
                "finishReason": "STOP",
                "index": 0,
            }
        ],
        "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 1290, "totalTokenCount": 1297}
        | {"candidatesTokensDetails": details},
        "modelVersion": "gemini-image",
    }
    types.GenerateContentResponse.model_validate(told)
    return Answer.of(told)


def plain(config: dict[str, Any]) -> dict[str, Any]:
    """The wire's nesting of the output options is the SDK's flat pair."""
    config = dict(config)
    image = dict(config.get("imageConfig") or {})
    if "imageOutputOptions" in image:
        types.ImageConfigImageOutputOptions.model_validate(image["imageOutputOptions"])
    if image:
        config["imageConfig"] = image
    return config


EVERYTHING = {
    "number_of_images": 1,
    "aspect_ratio": "1:1",
    "seed": 1,
    "negative_prompt": "x",
    "output_mime_type": "image/png",
    "output_compression_quality": 1,
    "add_watermark": False,
}


def imagen(request: Request) -> Answer:
    body = request.json()
    assert set(body) == {"instances", "parameters"}, body
    [instance], parameters = body["instances"], body["parameters"]
    # What the SDK calls the same on the wire.
    wire: dict[str, Any] = {}
    if "referenceImages" in instance:
        _EditImageConfig_to_vertex(EVERYTHING, wire)
        for it in instance["referenceImages"]:
            assert set(it) == {"referenceImage", "referenceId", "referenceType"}
            assert base64.b64decode(it["referenceImage"]["bytesBase64Encoded"]) == PNG
    else:
        _GenerateImagesConfig_to_vertex(EVERYTHING | {"image_size": "2K"}, wire)
    assert set(parameters) <= set(wire["parameters"]), (parameters, wire)
    assert 1 <= parameters["sampleCount"] <= 4
    return Answer.of(
        {"predictions": [{"mimeType": "image/png", "bytesBase64Encoded": B64}] * parameters["sampleCount"]}
    )


# https://platform.stability.ai/docs/api-reference#tag/Generate
STABILITY = {"core", "ultra", "sd3", "inpaint"}
STABILITY_FIELDS = {
    "prompt",
    "negative_prompt",
    "aspect_ratio",
    "seed",
    "output_format",
    "model",
    "mode",
    "strength",
    "image",
}


def stability(request: Request) -> Answer:
    end = request.path.rsplit("/", 1)[1]
    assert end in STABILITY and request.headers["accept"] == "application/json"
    parts = form(request)
    names = [name for name, _, _ in parts]
    assert len(names) == len(set(names)) and set(names) <= STABILITY_FIELDS, names
    fields = {name: content for name, _, content in parts}
    ratio = fields.get("aspect_ratio", b"1:1").decode()
    assert ratio in {"16:9", "1:1", "21:9", "2:3", "3:2", "4:5", "5:4", "9:16", "9:21"}
    if "image" in fields:
        assert fields["image"] == PNG and end != "core"
        assert end == "inpaint" or 0 <= float(fields["strength"]) <= 1
    assert end != "sd3" or fields["model"].startswith(b"sd3")
    return Answer.of({"image": B64, "finish_reason": "SUCCESS", "seed": 7})


def bedrock(request: Request) -> Answer:
    """https://docs.aws.amazon.com/nova/latest/userguide/image-gen-req-resp-structure.html"""
    assert re.match(
        r"AWS4-HMAC-SHA256 Credential=.+SignedHeaders=.+Signature=[0-9a-f]{64}", request.headers["authorization"]
    )
    body = request.json()
    if "taskType" not in body:
        assert set(body) <= STABILITY_FIELDS - {"model"}, body
        return Answer.of({"seeds": [1], "finish_reasons": [None], "images": [B64]})
    task = {"TEXT_IMAGE": "textToImageParams", "IMAGE_VARIATION": "imageVariationParams"}[body["taskType"]]
    assert set(body) == {"taskType", task, "imageGenerationConfig"}, body
    assert 1 <= len(body[task]["text"]) <= 1024
    assert set(body[task]) <= {"text", "negativeText", "images", "similarityStrength"}
    assert all(base64.b64decode(it) == PNG for it in body[task].get("images", []))
    config = body["imageGenerationConfig"]
    assert set(config) <= {"width", "height", "quality", "cfgScale", "seed", "numberOfImages"}
    return Answer.of({"images": [B64] * config["numberOfImages"]})

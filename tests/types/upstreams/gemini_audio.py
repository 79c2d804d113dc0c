"""Gemini's `generateContent` for sound, held against the types of Google's SDK."""

from __future__ import annotations

import base64

from google.genai import types
from scripted import Answer, Request

SAMPLES = b"\x01\x00\x02\x00" * 600


def generate(request: Request) -> Answer:
    assert request.headers["x-goog-api-key"] and request.path.endswith(":generateContent"), request.path
    asked = request.json()
    contents = [types.Content.model_validate(it) for it in asked["contents"]]
    config = types.GenerationConfig.model_validate(asked.get("generationConfig", {}))
    assert asked.keys() <= {"contents", "generationConfig"}, asked.keys()
    if config.response_modalities:
        assert config.response_modalities == ["AUDIO"] and config.speech_config
        return _answer({"inlineData": {"mimeType": "audio/L16;codec=pcm;rate=24000", "data": _encoded(SAMPLES)}}, "AUDIO")
    sound, instruction = contents[0].parts or []
    assert sound.inline_data and sound.inline_data.mime_type == "audio/wav"
    assert (sound.inline_data.data or b"")[:4] == b"RIFF"
    assert instruction.text and "recording" in instruction.text
    return _answer({"text": "Good day.\n"}, "TEXT")


def _answer(part: dict[str, object], modality: str) -> Answer:
    value = {
        "candidates": [{"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0}],
        "usageMetadata": {
            "promptTokenCount": 21,
            "candidatesTokenCount": 8,
            "totalTokenCount": 29,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 21}],
            "candidatesTokensDetails": [{"modality": modality, "tokenCount": 8}],
        },
        "modelVersion": "gemini",
        "responseId": "r",
    }
    types.GenerateContentResponse.model_validate(value)
    return Answer.of(value)


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()

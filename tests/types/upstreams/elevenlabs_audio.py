"""ElevenLabs' two endpoints, held against the signatures and types of its SDK."""

from __future__ import annotations

import inspect
from typing import Any, get_args

from elevenlabs.speech_to_text.raw_client import RawSpeechToTextClient
from elevenlabs.text_to_speech.raw_client import RawTextToSpeechClient
from elevenlabs.text_to_speech.types.text_to_speech_stream_request_output_format import (
    TextToSpeechStreamRequestOutputFormat,
)
from elevenlabs.types.speech_to_text_chunk_response_model import SpeechToTextChunkResponseModel
from elevenlabs.types.voice_settings import VoiceSettings
from scripted import Answer, Request
from upstreams import forms

VOICE = "JBFqnCBsd6RMkjVDRZzb"


def speech_to_text(request: Request) -> Answer:
    _authorised(request)
    parts = forms.read(request.headers["content-type"], request.body)
    known = inspect.signature(RawSpeechToTextClient.convert).parameters.keys()
    assert {part.name for part in parts} <= known, parts
    (file,) = [part for part in parts if part.filename is not None]
    assert file.name == "file" and file.body[:4] == b"RIFF"
    return Answer.of(TRANSCRIPT)


def text_to_speech(request: Request) -> Answer:
    _authorised(request)
    assert request.path == f"/v1/text-to-speech/{VOICE}/stream", request.path
    asked = request.json()
    assert asked.keys() <= inspect.signature(RawTextToSpeechClient.stream).parameters.keys(), asked
    VoiceSettings.model_validate(asked.get("voice_settings", {}))
    formats = get_args(get_args(TextToSpeechStreamRequestOutputFormat)[0])
    assert request.query.keys() == {"output_format"} and request.query["output_format"] in formats, request.query
    kind = "audio/mpeg" if request.query["output_format"].startswith("mp3") else "audio/pcm"
    return Answer([b"\x01\x00" * 50, b"\x02\x00" * 50], content_type=kind)


def _authorised(request: Request) -> None:
    assert request.headers["xi-api-key"] and "authorization" not in request.headers


TRANSCRIPT: dict[str, Any] = {
    "language_code": "eng",
    "language_probability": 0.98,
    "text": "Good day.",
    "words": [
        {"text": "Good", "start": 0.0, "end": 0.2, "type": "word", "speaker_id": "speaker_0", "logprob": -0.1},
        {"text": " ", "start": 0.2, "end": 0.2, "type": "spacing", "speaker_id": "speaker_0", "logprob": -0.1},
        {"text": "day.", "start": 0.2, "end": 0.5, "type": "word", "speaker_id": "speaker_0", "logprob": -0.1},
    ],
}
# What is scripted is what the vendor sends.
SpeechToTextChunkResponseModel.model_validate(TRANSCRIPT)

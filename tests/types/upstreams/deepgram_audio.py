"""Deepgram's two endpoints, held against the signatures and types of its SDK."""

from __future__ import annotations

import inspect
from typing import Any, get_args

from deepgram.listen.v1.media.raw_client import RawMediaClient
from deepgram.speak.v1.audio.raw_client import RawAudioClient
from deepgram.speak.v1.audio.types.audio_generate_request_container import AudioGenerateRequestContainer
from deepgram.speak.v1.audio.types.audio_generate_request_encoding import AudioGenerateRequestEncoding
from deepgram.types.listen_v1response import ListenV1Response
from scripted import Answer, Request

SOUND = b"\xff\xf3" + bytes(300)


def listen(request: Request) -> Answer:
    _authorised(request)
    _known(request, RawMediaClient.transcribe_file)
    assert request.headers["content-type"] == "audio/wav" and request.body[:4] == b"RIFF"
    return Answer.of(TRANSCRIPT)


def speak(request: Request) -> Answer:
    _authorised(request)
    _known(request, RawAudioClient.generate)
    asked = request.json()
    assert asked.keys() == {"text"} and 0 < len(asked["text"]) <= 2000, asked
    assert request.query["encoding"] in _words(AudioGenerateRequestEncoding)
    assert request.query.get("container", "none") in _words(AudioGenerateRequestContainer)
    return Answer([SOUND], content_type="audio/mpeg", headers={"dg-char-count": str(len(asked["text"]))})


def _authorised(request: Request) -> None:
    assert request.headers["authorization"].startswith("Token "), request.headers


def _known(request: Request, method: Any) -> None:
    assert request.query.keys() <= inspect.signature(method).parameters.keys(), request.query


def _words(union: Any) -> tuple[str, ...]:
    return get_args(get_args(union)[0])


_WORDS = [
    {"word": "good", "punctuated_word": "Good", "start": 0.0, "end": 0.2, "confidence": 0.9, "speaker": 0},
    {"word": "day", "punctuated_word": "day.", "start": 0.2, "end": 0.5, "confidence": 0.9, "speaker": 0},
]
TRANSCRIPT: dict[str, Any] = {
    "metadata": {
        "request_id": "a", "sha256": "b", "created": "2026-11-22T00:00:00Z", "duration": 0.5, "channels": 1,
        "models": ["m"], "model_info": {},
    },
    "results": {
        "channels": [
            {
                "detected_language": "en",
                "alternatives": [{"transcript": "Good day.", "confidence": 0.9, "words": _WORDS}],
            }
        ],
        "utterances": [{"start": 0.0, "end": 0.5, "transcript": "Good day.", "speaker": 0, "channel": 0, "id": "u"}],
    },
}
# What is scripted is what the vendor sends.
ListenV1Response.model_validate(TRANSCRIPT)

"""OpenAI's audio endpoints, held against the types of its SDK."""

from __future__ import annotations

import json
from typing import Any, get_args, get_type_hints

from openai.types.audio import speech_create_params, transcription_create_params, translation_create_params
from scripted import Answer, Request
from upstreams import forms

MP3 = b"\xff\xfb\x90\x64" + bytes(413)
TEXT = "Good day."
USAGE = {
    "type": "tokens",
    "input_tokens": 14,
    "input_token_details": {"text_tokens": 4, "audio_tokens": 10},
    "output_tokens": 5,
    "total_tokens": 19,
}
VERBOSE = {
    "task": "transcribe",
    "language": "english",
    "duration": 0.5,
    "text": TEXT,
    "words": [{"word": "Good", "start": 0, "end": 0.2}],
    "usage": {"type": "duration", "seconds": 1},
}


def transcriptions(request: Request) -> Answer:
    """The types of audio by the file's extension, as OpenAI tells them."""
    fields, file = form(request, transcription_create_params.TranscriptionCreateParamsStreaming)
    assert file.filename and file.filename.rsplit(".", 1)[1] in ("wav", "mp3"), file.filename
    assert file.body[:4] == b"RIFF" and file.content_type in ("audio/wav", "audio/x-wav"), file
    if fields.get("stream") == "true":
        return Answer([event(it) for it in events()], content_type="text/event-stream; charset=utf-8")
    match fields.get("response_format", "json"):
        case "json":
            return Answer.of({"text": TEXT, "usage": USAGE})
        case "verbose_json":
            return Answer.of(VERBOSE)
        case "srt":
            text = f"1\n00:00:00,000 --> 00:00:00,500\n{TEXT}\n\n"
        case _:
            text = TEXT + "\n"
    return Answer(text.encode(), content_type="text/plain; charset=utf-8")


def translations(request: Request) -> Answer:
    form(request, translation_create_params.TranslationCreateParams)
    return Answer.of({"text": TEXT})


def speech(request: Request) -> Answer:
    asked = request.json()
    known = get_type_hints(speech_create_params.SpeechCreateParams)
    assert asked.keys() <= known.keys() | {"x_unknown"}, asked
    assert len(asked["input"]) <= 4096 and asked["voice"], asked
    if asked.get("stream_format") == "sse":
        delta = {"type": "speech.audio.delta", "audio": "AAAA"}
        usage = {"input_tokens": 4, "output_tokens": 20, "total_tokens": 24}
        done = {"type": "speech.audio.done", "usage": usage}
        return Answer([event(delta), event(done)], content_type="text/event-stream")
    return Answer([MP3[:100], MP3[100:]], content_type="audio/mpeg")


def form(request: Request, params: Any) -> tuple[dict[str, str], forms.Part]:
    """The fields, each known to `params`, and the file."""
    parts = forms.read(request.headers["content-type"], request.body)
    files = [part for part in parts if part.filename is not None]
    assert [part.name for part in files] == ["file"], files
    fields = {part.name: part.body.decode() for part in parts if part.filename is None}
    known = get_type_hints(params).keys() | {"x_unknown"}
    assert {name.removesuffix("[]") for name in fields} <= known, fields
    formats = get_args(get_type_hints(params)["response_format"])
    assert not formats or fields.get("response_format", "json") in formats, fields
    return fields, files[0]


def events() -> list[dict[str, Any]]:
    deltas = [{"type": "transcript.text.delta", "delta": it} for it in ("Good ", "day.")]
    return [*deltas, {"type": "transcript.text.done", "text": TEXT, "usage": USAGE}]


def event(value: Any) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"

"""Speech both ways by OpenAI's SDK, through the gateway, to each vendor's own requests."""

from __future__ import annotations

import io
import json
import struct
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from conftest import KEY, provider, setup
from gateway import Gateway
from scripted import Answer, Request, Scripted
from upstreams import deepgram_audio, elevenlabs_audio, gemini_audio, openai_audio

STT, TTS = "speech-to-text", "text-to-speech"


def recording() -> bytes:
    """Half a second of nothing."""
    out = io.BytesIO()
    with wave.open(out, "wb") as it:
        it.setnchannels(1)
        it.setsampwidth(2)
        it.setframerate(16000)
        it.writeframes(struct.pack("<h", 0) * 8000)
    return out.getvalue()


WAV = recording()


@pytest.fixture
def gateway(upstream: Scripted, start: Callable[..., Gateway]) -> Gateway:
    """A provider of each grammar, with a model for each way."""
    upstream.on("POST", "/v1/audio/transcriptions", openai_audio.transcriptions)
    upstream.on("POST", "/v1/audio/translations", openai_audio.translations)
    upstream.on("POST", "/v1/audio/speech", openai_audio.speech)
    upstream.on("POST", "/v1/listen", deepgram_audio.listen)
    upstream.on("POST", "/v1/speak", deepgram_audio.speak)
    upstream.on("POST", "/v1/speech-to-text", elevenlabs_audio.speech_to_text)
    upstream.on("POST", "/v1/text-to-speech/", elevenlabs_audio.text_to_speech)
    upstream.on("POST", "/v1beta/models/", gemini_audio.generate)
    kinds = {"openai": "openai-compatible", "deepgram": "deepgram", "elevenlabs": "elevenlabs", "gemini": "gemini"}
    urls = {"openai": f"{upstream.url}/v1"}
    providers = [provider(name, kind, urls.get(name, upstream.url)) for name, kind in kinds.items()]
    voices = {"provider": "openai", "name": "tts-known", "type": TTS, "free": True, "facts": {"voices": ["alloy"]}}
    models = [
        ("openai", "whisper-1", STT),
        ("openai", "tts-1", TTS),
        voices,
        ("deepgram", "nova-3", STT),
        ("deepgram", "aura-2-thalia-en", TTS),
        ("elevenlabs", "scribe_v2", STT),
        ("elevenlabs", "eleven_flash_v2_5", TTS),
        ("gemini", "gemini-3-flash", STT),
        ("gemini", "gemini-3-tts", TTS),
    ]
    return start(providers, models)


@pytest.fixture
def client(gateway: Gateway) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key=KEY, base_url=f"{gateway.url}/v1", max_retries=0) as it:
        yield it


def heard(client: openai.OpenAI, model: str = "whisper-1", name: str = "speech.wav", **more: Any) -> Any:
    """The raw response, and what the SDK makes of it."""
    return client.audio.transcriptions.with_raw_response.create(model=model, file=(name, WAV), **more)


def test_the_form_passes_and_the_file_gets_its_true_name(
    client: openai.OpenAI, gateway: Gateway, upstream: Scripted
) -> None:
    raw = heard(client, name="tmp1.mp3", language="zh", prompt="convert", extra_body={"x_unknown": "kept"})
    assert raw.parse().text == openai_audio.TEXT and raw.parse().usage.output_tokens == 5
    assert raw.headers["x-wayleave-adjusted"] == "file.filename, file.content_type"
    parts = openai_audio.forms.read(upstream.requests[-1].headers["content-type"], upstream.requests[-1].body)
    assert {part.name: part.body.decode() for part in parts if part.filename is None} == {
        "model": "whisper-1", "language": "zh", "prompt": "convert", "x_unknown": "kept",
    }
    assert parts[-1].filename == "tmp1.wav" and parts[-1].body == WAV
    row = gateway.row(raw.headers["x-request-id"])
    assert (row["operation"], row["surface"]) == ("transcribe", "/v1/audio/transcriptions")
    assert (row["input_tokens"], row["output_tokens"], row["usage_source"]) == (14, 5, "provider")


def test_every_form_of_an_answer_passes(client: openai.OpenAI, gateway: Gateway) -> None:
    assert heard(client, response_format="text").parse() == "Good day.\n"
    raw = heard(client, response_format="srt")
    assert raw.parse().startswith("1\n00:00:00,000 -->") and raw.headers["content-type"].startswith("text/plain")
    row = gateway.row(raw.headers["x-request-id"])
    assert (row["audio_seconds"], row["usage_source"]) == (1, "counted")
    verbose = heard(client, response_format="verbose_json", timestamp_granularities=["word"]).parse()
    assert verbose.words[0].word == "Good" and verbose.duration == 0.5
    english = client.audio.translations.create(model="whisper-1", file=("a.wav", WAV))
    assert english.text == openai_audio.TEXT


def test_a_transcript_is_streamed(client: openai.OpenAI, gateway: Gateway) -> None:
    with client.audio.transcriptions.with_streaming_response.create(
        model="whisper-1", file=("a.wav", WAV), stream=True
    ) as raw:
        events = list(raw.parse())
    assert [it.type.rsplit(".", 1)[1] for it in events] == ["delta", "delta", "done"]
    row = gateway.row(raw.headers["x-request-id"])
    assert (row["input_tokens"], row["usage_source"], row["stream_end"]) == (14, "provider", "done")


@pytest.mark.parametrize("model", ["nova-3", "scribe_v2"])
def test_other_vendors_transcripts_are_told_in_openais_forms(
    client: openai.OpenAI, gateway: Gateway, model: str
) -> None:
    raw = heard(client, model, language="en", prompt="names", temperature=0)
    assert raw.parse().text == "Good day."
    assert "prompt" in raw.headers["x-wayleave-lossy"]
    row = gateway.row(raw.headers["x-request-id"])
    assert (row["audio_seconds"], row["usage_source"]) == (1, "provider")
    verbose = heard(client, model, response_format="verbose_json", timestamp_granularities=["word", "segment"]).parse()
    assert verbose.segments[0].text == "Good day." and verbose.words[1].word == "day."
    assert heard(client, model, response_format="vtt").parse().startswith("WEBVTT\n\n00:00:00.000 --> 00:00:00.500\n")
    diarized = heard(client, model, response_format="diarized_json").parse()
    assert diarized.segments[0].speaker == "A"
    events = list(client.audio.transcriptions.create(model=model, file=("a.wav", WAV), stream=True))
    assert [it.type for it in events] == ["transcript.text.delta", "transcript.text.done"]
    with pytest.raises(openai.BadRequestError) as refused:
        client.audio.translations.create(model=model, file=("a.wav", WAV))
    assert refused.value.code == "capability_not_supported"


def test_gemini_writes_down_what_is_said_but_not_when(client: openai.OpenAI, gateway: Gateway) -> None:
    raw = heard(client, "gemini-3-flash", prompt="names")
    assert raw.parse().text == "Good day." and "x-wayleave-lossy" not in raw.headers
    row = gateway.row(raw.headers["x-request-id"])
    assert (row["input_tokens"], row["output_tokens"]) == (21, 8)
    assert client.audio.translations.create(model="gemini-3-flash", file=("a.wav", WAV)).text == "Good day."
    with pytest.raises(openai.BadRequestError) as refused:
        heard(client, "gemini-3-flash", response_format="srt")
    assert refused.value.param == "response_format"


def spoken(client: openai.OpenAI, model: str = "tts-1", **more: Any) -> tuple[bytes, Any]:
    asked = {"input": "Good day.", "voice": "alloy", **more}
    with client.audio.speech.with_streaming_response.create(model=model, **asked) as raw:
        return b"".join(raw.iter_bytes()), raw.headers


def test_sound_passes(client: openai.OpenAI, gateway: Gateway, upstream: Scripted) -> None:
    sound, headers = spoken(client, instructions="calmly", extra_body={"x_unknown": 1})
    assert sound == openai_audio.MP3 and headers["content-type"] == "audio/mpeg"
    assert upstream.requests[-1].json()["x_unknown"] == 1
    row = gateway.row(headers["x-request-id"])
    assert (row["characters"], row["usage_source"], row["stream_end"]) == (9, "counted", "done")
    events, headers = spoken(client, stream_format="sse")
    assert events.count(b"speech.audio.done") == 1
    row = gateway.row(headers["x-request-id"])
    assert (row["input_tokens"], row["output_tokens"], row["usage_source"]) == (4, 20, "provider")


def test_a_long_text_is_spoken_in_pieces(client: openai.OpenAI, gateway: Gateway, upstream: Scripted) -> None:
    text = "This is a sentence of some words. " * 250
    sound, headers = spoken(client, input=text)
    pieces = [request.json()["input"] for request in upstream.requests]
    assert len(pieces) == 3 and all(piece.endswith(".") for piece in pieces)
    assert " ".join(pieces) == text.strip()
    assert sound == openai_audio.MP3 * 3 and headers["x-wayleave-adjusted"] == "input"
    assert gateway.row(headers["x-request-id"])["characters"] == sum(map(len, pieces))
    with pytest.raises(openai.BadRequestError) as refused:
        spoken(client, input=text, response_format="flac")
    assert refused.value.param == "input"


def test_voices_that_are_known_are_told(client: openai.OpenAI) -> None:
    assert client.models.retrieve("tts-known").to_dict()["voices"] == ["alloy"]
    spoken(client, "tts-known")
    spoken(client, "tts-known", voice={"id": "voice_1"})
    with pytest.raises(openai.BadRequestError) as refused:
        spoken(client, "tts-known", voice="nova")
    assert refused.value.param == "voice" and "alloy" in refused.value.message


def test_elevenlabs_speaks(client: openai.OpenAI, gateway: Gateway) -> None:
    voice = elevenlabs_audio.VOICE
    sound, headers = spoken(client, "eleven_flash_v2_5", voice=voice, speed=1.1)
    assert len(sound) == 200 and headers["content-type"] == "audio/mpeg"
    assert gateway.row(headers["x-request-id"])["characters"] == 9
    sound, _ = spoken(client, "eleven_flash_v2_5", voice=voice, response_format="pcm")
    assert len(sound) == 200
    sound, headers = spoken(client, "eleven_flash_v2_5", voice=voice, response_format="wav")
    assert sound[:4] == b"RIFF" and len(sound) == 244 and headers["content-type"] == "audio/wav"
    for more, param in [({"response_format": "aac"}, "response_format"), ({"speed": 3}, "speed")]:
        with pytest.raises(openai.BadRequestError) as refused:
            spoken(client, "eleven_flash_v2_5", voice=voice, **more)
        assert refused.value.param == param and refused.value.code == "unsupported_parameter"


def test_deepgram_speaks(client: openai.OpenAI, upstream: Scripted) -> None:
    for word in ("mp3", "opus", "aac", "flac", "wav", "pcm"):
        spoken(client, "aura-2-thalia-en", voice="aura-2-orion-en", response_format=word)
        assert upstream.requests[-1].query["model"] == "aura-2-orion-en"


def test_gemini_speaks(client: openai.OpenAI, gateway: Gateway) -> None:
    sound, headers = spoken(client, "gemini-3-tts", voice="Kore", response_format="pcm", instructions="Say calmly")
    assert sound == gemini_audio.SAMPLES and headers["content-type"] == "audio/pcm"
    row = gateway.row(headers["x-request-id"])
    assert (row["input_tokens"], row["output_tokens"], row["usage_source"]) == (21, 8, "provider")
    sound, _ = spoken(client, "gemini-3-tts", voice="Kore", response_format="wav")
    assert sound[:4] == b"RIFF" and sound[44:] == gemini_audio.SAMPLES
    with pytest.raises(openai.BadRequestError) as refused:
        spoken(client, "gemini-3-tts", voice="Kore")
    assert "wav or pcm" in refused.value.message


def said(status: int, value: Any, content_type: str = "application/json") -> Callable[[Request], Answer]:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return lambda _: Answer(body, status, content_type)


REFUSAL = {"error": {"message": "the vendor's words", "type": "invalid_request_error", "param": "voice", "code": None}}
BROKEN = {"error": {"message": "the vendor's words", "type": "server_error"}}


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (said(400, REFUSAL), 400, None),
        (said(401, REFUSAL), 502, "upstream_auth_failed"),
        (said(404, REFUSAL), 502, "upstream_model_missing"),
        (said(429, REFUSAL), 429, "upstream_rate_limited"),
        (said(500, REFUSAL), 502, "upstream_error"),
        # Judged by its words, whatever the status says.
        (said(200, REFUSAL), 400, "invalid_request_error"),
        (said(200, BROKEN), 502, "upstream_error"),
        (said(200, BROKEN, "audio/mpeg"), 502, "upstream_error"),
        (said(200, b"<html>", "text/html"), 502, "upstream_error"),
        (said(200, b"", "audio/mpeg"), 502, "upstream_error"),
    ],
)
def test_a_fault_is_an_error_in_json_and_never_sound(
    client: openai.OpenAI, gateway: Gateway, upstream: Scripted, answer: Any, status: int, code: str | None
) -> None:
    upstream.on("POST", "/v1/audio/", answer)
    for call in (lambda: spoken(client), lambda: heard(client)):
        with pytest.raises(openai.APIStatusError) as failed:
            call()
        response = failed.value.response
        assert (failed.value.status_code, response.headers["content-type"]) == (status, "application/json")
        assert failed.value.code == code, failed.value.body
        row = gateway.row(response.headers["x-request-id"])
        assert row["status"] == status and row["cost_nanos"] == 0


def test_a_second_target_speaks_where_the_first_cannot(upstream: Scripted, tmp_path: Path) -> None:
    upstream.on("POST", "/v1/audio/speech", said(500, REFUSAL))
    upstream.on("POST", "/v1/audio/transcriptions", said(200, b"<html>"))
    upstream.on("POST", "/v1/text-to-speech/", elevenlabs_audio.text_to_speech)
    upstream.on("POST", "/v1/speech-to-text", elevenlabs_audio.speech_to_text)
    providers = [
        provider("first", "openai-compatible", f"{upstream.url}/v1"),
        provider("second", "elevenlabs", upstream.url),
    ]
    models = [("first", "tts-1", TTS), ("second", "eleven_v3", TTS), ("first", "w", STT), ("second", "scribe_v2", STT)]
    document = setup(providers, models)
    for name, kind, of in [("both", TTS, ("tts-1", "eleven_v3")), ("hears", STT, ("w", "scribe_v2"))]:
        both = zip(("first", "second"), of, strict=True)
        targets = [{"provider": who, "model": model, "type": kind} for who, model in both]
        document["aliases"].append({"name": name, "targets": targets})
    gateway = Gateway(tmp_path, document)
    try:
        with openai.OpenAI(api_key=KEY, base_url=f"{gateway.url}/v1", max_retries=0) as client:
            sound, headers = spoken(client, "both", voice=elevenlabs_audio.VOICE)
            assert len(sound) == 200
            row = gateway.row(headers["x-request-id"])
            assert (row["attempts"], row["model"], row["status"]) == (2, "eleven_v3", 200)
            raw = heard(client, "hears")
            assert raw.parse().text == "Good day."
            assert gateway.row(raw.headers["x-request-id"])["attempts"] == 2
    finally:
        assert gateway.stop() == 0, gateway.story()

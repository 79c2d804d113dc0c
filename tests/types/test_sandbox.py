"""The sandbox's model of each type, asked with OpenAI's own SDK: what a newcomer sees without an account."""

from __future__ import annotations

import base64
import io
import time
import wave
from collections.abc import Callable

import openai
import pytest
from conftest import KEY
from gateway import Gateway


@pytest.fixture
def gateway(start: Callable[..., Gateway]) -> Gateway:
    """With the aliases that a first start makes of the sandbox."""
    return start([], [])


@pytest.fixture
def client(gateway: Gateway) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=KEY, max_retries=0)


def test_models_say_what_they_are_and_where(client: openai.OpenAI) -> None:
    told = {it.id: it.model_dump() for it in client.models.list()}
    types = {"embedding", "rerank", "speech-to-text", "text-to-speech", "image", "moderation", "video", "llm"}
    assert {it["model_type"] for it in told.values()} == types
    assert told["sandbox/rerank"]["endpoints"] == ["/v1/rerank", "/v2/rerank"]
    assert told["sandbox/speech"]["units"] == []


def test_vectors_are_near_where_words_are_shared(client: openai.OpenAI) -> None:
    # The SDK asks for base64 by itself.
    told = client.embeddings.create(model="sandbox/embedding", input=["a red cat", "the red cat", "profit fell"])
    one, two, three = (it.embedding for it in told.data)
    near = lambda a, b: sum(x * y for x, y in zip(a, b, strict=True))  # noqa: E731
    assert near(one, two) > near(one, three)


def test_speech_is_heard_again(client: openai.OpenAI) -> None:
    audio = client.audio.speech.create(model="sandbox/speech", voice="alloy", input="Hello.", response_format="wav")
    heard = audio.read()
    with wave.open(io.BytesIO(heard)) as it:
        assert it.getframerate() == 24000 and it.getnframes() > 24000
    text = client.audio.transcriptions.create(model="sandbox/transcription", file=("a.wav", heard))
    assert f"{len(heard)} bytes of audio/" in text.text
    with client.audio.speech.with_streaming_response.create(
        model="sandbox/speech", voice="alloy", input="Hello.", response_format="mp3"
    ) as stream:
        assert next(stream.iter_bytes())[:3] == b"ID3"


def test_a_streamed_transcript_has_deltas_and_an_end(client: openai.OpenAI) -> None:
    events = client.audio.transcriptions.create(model="sandbox/transcription", file=("a.wav", b"RIFF0000WAVE" * 99), stream=True)
    kinds = [it.type for it in events]
    assert kinds == ["transcript.text.delta", "transcript.text.done"]


def test_a_picture_is_a_png_of_the_wanted_size(client: openai.OpenAI) -> None:
    told = client.images.generate(model="sandbox/image", prompt="a cat", size="512x512", n=2)
    assert told.data and len(told.data) == 2
    png = base64.b64decode(told.data[0].b64_json or "")
    assert png[:8] == b"\x89PNG\r\n\x1a\n" and png[16:24] == bytes([0, 0, 2, 0, 0, 0, 2, 0])
    edited = client.images.edit(model="sandbox/image", prompt="a dog", image=("a.png", png), size="256x256")
    assert edited.data and base64.b64decode(edited.data[0].b64_json or "")[:4] == b"\x89PNG"


def test_content_is_judged(client: openai.OpenAI) -> None:
    told = client.moderations.create(model="sandbox/moderation", input=["a nice day", "violence"])
    assert [it.flagged for it in told.results] == [False, True]


def test_a_video_is_made_had_and_deleted(client: openai.OpenAI, gateway: Gateway) -> None:
    video = client.videos.create(model="sandbox/video", prompt="a cat", seconds="4")
    deadline = time.monotonic() + 30
    while video.status not in ("completed", "failed"):
        assert time.monotonic() < deadline, video
        time.sleep(0.5)
        video = client.videos.retrieve(video.id)
    assert video.status == "completed" and video.progress == 100
    film = client.videos.download_content(video.id).read()
    assert film[4:8] == b"ftyp"
    assert [it.id for it in client.videos.list()] == [video.id]
    assert client.videos.delete(video.id).deleted
    with pytest.raises(openai.NotFoundError):
        client.videos.retrieve(video.id)
    while not (rows := [it for it in gateway.command("usage") if it["surface"] == "/v1/videos#settlement"]):
        assert time.monotonic() < deadline, "it is not settled"
        time.sleep(0.5)
    assert len(rows) == 1 and rows[0]["video_seconds"] == 4, rows

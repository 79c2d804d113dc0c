"""The five types of Dify's OpenAI-compatible plugin, each request as it was captured from the plugin.

What is sent, byte for byte where it matters: no part type, no `response_format`, an empty `Authorization`, one text
a request, `top_n` null or too large. The sandbox answers.
"""

from __future__ import annotations

import io
import struct
import wave
from collections.abc import Callable
from typing import Any

import pytest
import requests
from conftest import KEY
from gateway import Gateway

@pytest.fixture
def gateway(start: Callable[..., Gateway]) -> Gateway:
    """With the aliases that a first start makes of the sandbox."""
    return start([], [])


def post(gateway: Gateway, operation: str, headers: dict[str, str] | None = None, **body: Any) -> requests.Response:
    own = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json", "Accept-Charset": "utf-8"}
    return requests.post(f"{gateway.url}/v1/{operation}", headers=own if headers is None else headers, timeout=60, **body)


def transcribe(gateway: Gateway, name: str, audio: bytes, **fields: str) -> requests.Response:
    """As the plugin does: a file name, and no type of the part."""
    return requests.post(
        f"{gateway.url}/v1/audio/transcriptions",
        headers={"Authorization": f"Bearer {KEY}"},
        data={"model": "sandbox/transcription", **fields},
        files=[("file", (name, audio))],
        timeout=60,
    )


def wav(seconds: float = 0.5) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as it:
        it.setnchannels(1)
        it.setsampwidth(2)
        it.setframerate(8000)
        it.writeframes(struct.pack("<h", 0) * int(8000 * seconds))
    return out.getvalue()


def test_a_chat_model_validates(gateway: Gateway) -> None:
    body = {"model": "sandbox/echo", "max_tokens": 5, "messages": [{"role": "user", "content": "ping"}]}
    answer = post(gateway, "chat/completions", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["object"] == "chat.completion"


def test_embeddings_validate_and_forty_come_in_a_row(gateway: Gateway) -> None:
    seen = []
    for at in range(40):
        answer = post(gateway, "embeddings", json={"model": "sandbox/embedding", "input": [f"text number {at}"]})
        assert answer.status_code == 200, answer.text
        told = answer.json()
        # Plugins before 0.0.50 demand `model` at the top, and all of them figures, not base64.
        assert told["model"] and told["usage"]["prompt_tokens"] > 0 and told["usage"]["total_tokens"] > 0
        assert len(told["data"]) == 1 and all(isinstance(it, float) for it in told["data"][0]["embedding"])
        seen.append(answer.headers["x-request-id"])
    assert len(set(seen)) == 40
    row = gateway.row(seen[-1])
    assert row["operation"] == "embed" and row["status"] == 200 and row["input_tokens"] > 0
    chosen = post(gateway, "embeddings", json={"model": "sandbox/embedding", "input": ["a"], "encoding_format": "float"})
    assert chosen.status_code == 200


def test_an_empty_authorization_is_a_missing_key_in_json(gateway: Gateway) -> None:
    body = {"model": "sandbox/embedding", "input": ["ping"]}
    answer = post(gateway, "embeddings", headers={"Authorization": "", "Content-Type": "application/json"}, json=body)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "missing_api_key"


@pytest.mark.parametrize("top_n", [3, None, 50])
def test_rerank_tolerates_what_the_plugin_sends_as_top_n(gateway: Gateway, top_n: int | None) -> None:
    documents = ["Carson City is the capital of Nevada.", "Washington, D.C. is the capital of the USA.", "Apples are red."]
    body = {"model": "sandbox/rerank", "query": "capital of the USA", "documents": documents, "top_n": top_n}
    answer = post(gateway, "rerank", json=body)
    assert answer.status_code == 200, answer.text
    results = answer.json()["results"]
    assert len(results) == 3 and results[0]["index"] == 1
    assert all(0 <= it["relevance_score"] <= 1 for it in results)
    assert [it["relevance_score"] for it in results] == sorted((it["relevance_score"] for it in results), reverse=True)
    old = post(gateway, "rerank", json={**body, "return_documents": True})
    assert old.status_code == 200 and old.json()["results"][0]["document"]["text"] == documents[1]


@pytest.mark.parametrize("name", ["audio.mp3", "tmpx1y2z3.mp3"])
def test_a_wav_file_that_is_called_mp3_is_heard_as_what_it_is(gateway: Gateway, name: str) -> None:
    audio = wav()
    answer = transcribe(gateway, name, audio, language="zh", prompt="convert the audio to text")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/json")
    text = answer.json()["text"]
    assert f"{len(audio)} bytes" in text and "wav" in text
    row = gateway.row(answer.headers["x-request-id"])
    assert row["operation"] == "transcribe" and row["status"] == 200


def test_audio_of_no_bytes_is_an_error(gateway: Gateway) -> None:
    answer = transcribe(gateway, "audio.mp3", b"", language="zh")
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "file"


def test_speech_is_mp3_and_nothing_to_say_is_an_error(gateway: Gateway) -> None:
    body = {"model": "sandbox/speech", "input": "Test.", "voice": "alloy", "response_format": "mp3"}
    answer = post(gateway, "audio/speech", json=body, stream=True)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "audio/mpeg"
    audio = b"".join(answer.iter_content(4096))
    assert audio[:3] == b"ID3" and len(audio) > 1000
    row = gateway.row(answer.headers["x-request-id"])
    assert row["operation"] == "speech"
    empty = post(gateway, "audio/speech", json={**body, "input": ""})
    assert empty.status_code == 400 and empty.json()["error"]["param"] == "input"


def test_a_model_of_another_type_is_refused_with_its_own_path(gateway: Gateway) -> None:
    paths = {
        "sandbox/echo": "/v1/chat/completions",
        "sandbox/embedding": "/v1/embeddings",
        "sandbox/rerank": "/v1/rerank",
        "sandbox/speech": "/v1/audio/speech",
        "sandbox/moderation": "/v1/moderations",
        "sandbox/image": "/v1/images/generations",
    }
    bodies = {
        "sandbox/echo": ("chat/completions", {"messages": [{"role": "user", "content": "ping"}]}),
        "sandbox/embedding": ("embeddings", {"input": "a"}),
        "sandbox/rerank": ("rerank", {"query": "a", "documents": ["a"]}),
        "sandbox/speech": ("audio/speech", {"input": "a", "voice": "x"}),
        "sandbox/moderation": ("moderations", {"input": "a"}),
        "sandbox/image": ("images/generations", {"prompt": "a"}),
    }
    for asked, (operation, body) in bodies.items():
        for model, path in paths.items():
            answer = post(gateway, operation, json={"model": model, **body})
            if model == asked:
                assert answer.status_code == 200, (operation, model, answer.text)
                continue
            assert answer.status_code == 400, (operation, model, answer.text)
            error = answer.json()["error"]
            assert error["code"] == "wrong_endpoint" and path in error["message"], error


def test_an_unknown_model_is_a_404_that_names_it(gateway: Gateway) -> None:
    for operation, body in [("embeddings", {"input": "a"}), ("rerank", {"query": "a", "documents": ["a"]})]:
        answer = post(gateway, operation, json={"model": "nothing-like-it", **body})
        assert answer.status_code == 404
        assert "nothing-like-it" in answer.json()["error"]["message"]
    answer = transcribe(gateway, "a.mp3", wav(), model="nothing-like-it")
    assert answer.status_code == 404 and answer.json()["error"]["code"] == "model_not_found"

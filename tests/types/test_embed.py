"""Vectors over the official packages, from every vendor, each request held against the vendor's own types."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cohere
import openai
import pytest
import requests
from conftest import KEY, setup
from gateway import Gateway
from google import genai
from google.genai import types as google
from scripted import Answer, Scripted
from text import EMBEDDING, providers, started
from upstreams.text import serve, tokens, vector

TEXTS = ["a short text", "Über den Wolken", "x"]


@pytest.fixture
def gateway(upstream: Scripted, start: Callable[..., Gateway]) -> Gateway:
    return started(upstream, start)


@pytest.fixture
def client(gateway: Gateway) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=KEY, max_retries=0)


def post(gateway: Gateway, **body: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer {KEY}"}
    return requests.post(f"{gateway.url}/v1/embeddings", headers=headers, json=body, timeout=60)


@pytest.mark.parametrize("vendor", EMBEDDING)
def test_openais_package_reads_every_vendors_vectors(vendor: str, client: openai.OpenAI, gateway: Gateway) -> None:
    model = EMBEDDING[vendor]
    # The package asks for base64 unless it is told otherwise, and unpacks it.
    for options in ({}, {"encoding_format": "float"}):
        raw = client.embeddings.with_raw_response.create(model=model, input=TEXTS, **options)
        answer = raw.parse()
        assert [it.embedding for it in answer.data] == [vector(it) for it in TEXTS]
        assert [it.index for it in answer.data] == [0, 1, 2] and answer.object == "list"
        assert answer.model == model and answer.usage.prompt_tokens == answer.usage.total_tokens == tokens(TEXTS)
    row = gateway.row(raw.headers["x-request-id"])
    assert (row["operation"], row["status"], row["input_tokens"]) == ("embed", 200, tokens(TEXTS)), row
    assert row["usage_source"] == "provider", row


@pytest.mark.parametrize("vendor", EMBEDDING)
def test_a_hundred_and_one_texts_come_back_in_their_order(vendor: str, client: openai.OpenAI, upstream: Scripted) -> None:
    texts = [f"{chr(97 + at % 26)}{'x' * at}" for at in range(101)]
    answer = client.embeddings.create(model=EMBEDDING[vendor], input=texts)
    assert [it.embedding for it in answer.data] == [vector(it) for it in texts]
    calls = {"bedrock": 101, "tei": 4, "cohere": 2, "gemini": 2}.get(vendor, 1)
    assert len(upstream.requests) == calls


@pytest.mark.parametrize("batch", [False, True])
def test_googles_package_reads_vectors_of_google_and_of_others(batch: bool, gateway: Gateway) -> None:
    client = genai.Client(api_key=KEY, http_options=google.HttpOptions(base_url=gateway.url))
    contents = TEXTS if batch else TEXTS[0]
    config = google.EmbedContentConfig(task_type="RETRIEVAL_QUERY", output_dimensionality=64)
    for model in (EMBEDDING["gemini"], EMBEDDING["cohere"], EMBEDDING["openai"]):
        answer = client.models.embed_content(model=model, contents=contents, config=config)
        expected = [vector(it) for it in (TEXTS if batch else TEXTS[:1])]
        assert [it.values for it in answer.embeddings or []] == expected, model


def test_what_a_vendor_does_not_know_is_named(gateway: Gateway) -> None:
    answer = post(gateway, model=EMBEDDING["mistral"], input="a", input_type="query", user="u")
    assert answer.status_code == 200, answer.text
    assert "input_type" in answer.headers["x-wayleave-lossy"] and "user" in answer.headers["x-wayleave-lossy"]
    answer = post(gateway, model=EMBEDDING["cohere"], input="a")
    assert "input_type" in answer.headers["x-wayleave-adjusted"]
    answer = post(gateway, model=EMBEDDING["ollama"], input=[[1, 2], [3]])
    assert answer.status_code == 400 and answer.json()["error"]["code"] == "capability_not_supported", answer.text
    assert answer.json()["error"]["param"] == "input[0]"


def test_pictures_and_words_make_one_vector(gateway: Gateway) -> None:
    parts = [
        {"type": "text", "text": "words"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
    ]
    answer = post(gateway, model=EMBEDDING["cohere"], input=[{"content": parts}])
    assert answer.json()["data"][0]["embedding"] == vector("words"), answer.text
    answer = post(gateway, model="voyage-multimodal-3.5", input=["a text alone"])
    assert answer.json()["data"][0]["embedding"] == vector("a text alone"), answer.text
    answer = post(gateway, model=EMBEDDING["voyage"], input=[{"content": parts}])
    assert answer.status_code == 400 and answer.json()["error"]["code"] == "capability_not_supported"


@pytest.mark.parametrize(
    ("status", "body", "seen"),
    [
        (400, {"message": "too many tokens"}, (400, "too many tokens")),
        (401, {"message": "invalid api token"}, (502, "invalid api token")),
        (429, {"message": "slow down"}, (429, "slow down")),
        (500, {"message": "internal"}, (502, "internal")),
        (200, {"embeddings": {"float": [[1.0]]}}, (502, "1 vectors for 2 inputs")),
        (200, "<html>", (502, "")),
    ],
)
def test_what_goes_wrong_is_an_error_in_the_clients_words(
    status: int, body: Any, seen: tuple[int, str], gateway: Gateway, upstream: Scripted
) -> None:
    upstream.on("POST", "/cohere/v2/embed", lambda _: Answer.of(body, status))
    answer = post(gateway, model=EMBEDDING["cohere"], input=["a", "b"])
    assert answer.status_code == seen[0], answer.text
    assert seen[1] in answer.json()["error"]["message"]
    row = gateway.row(answer.headers["x-request-id"])
    assert row["status"] == seen[0] and row["operation"] == "embed"


def test_a_model_of_another_type_names_its_own_path(gateway: Gateway) -> None:
    answer = post(gateway, model="rerank-v4", input="a")
    assert answer.status_code == 400 and answer.json()["error"]["code"] == "wrong_endpoint", answer.text
    assert "/v1/rerank" in answer.json()["error"]["message"]


def test_coheres_package_has_no_path_of_its_own_here(gateway: Gateway) -> None:
    client = cohere.ClientV2(api_key=KEY, base_url=gateway.url)
    with pytest.raises(cohere.core.ApiError) as refused:
        client.embed(model=EMBEDDING["cohere"], texts=["a"], input_type="search_query", embedding_types=["float"])
    assert refused.value.status_code == 404


def test_another_vendor_answers_when_the_first_cannot(upstream: Scripted, tmp_path: Path) -> None:
    serve(upstream)
    upstream.on("POST", "/openai/v1/embeddings", lambda _: Answer.of({"error": {"message": "down"}}, 503))
    document = setup(providers(upstream.url), [("openai", "first", "embedding"), ("cohere", "second", "embedding")])
    targets = [
        {"provider": vendor, "model": model, "type": "embedding", "group": group}
        for group, vendor, model in [(1, "openai", "first"), (2, "cohere", "second")]
    ]
    document["aliases"].append({"name": "both", "targets": targets})
    gateway = Gateway(tmp_path, document)
    try:
        answer = post(gateway, model="both", input=TEXTS)
        assert answer.status_code == 200, answer.text
        assert [it["embedding"] for it in answer.json()["data"]] == [vector(it) for it in TEXTS]
        row = gateway.row(answer.headers["x-request-id"])
        assert row["status"] == 200 and row["attempts"] == 2, row
    finally:
        assert gateway.stop() == 0
    assert [it.path for it in upstream.requests] == ["/openai/v1/embeddings", "/cohere/v2/embed"]

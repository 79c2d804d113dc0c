"""Ranks over the official packages, from every vendor, each request held against the vendor's own types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cohere
import pytest
import requests
import voyageai
from conftest import KEY
from gateway import Gateway
from scripted import Answer, Scripted
from text import EMBEDDING, RERANK, started

# The shorter, the better: so the upstreams say.
DOCUMENTS = ["a document of some length", "short", "of middle length"]
ORDER = [1, 2, 0]


@pytest.fixture
def gateway(upstream: Scripted, start: Callable[..., Gateway]) -> Gateway:
    return started(upstream, start)


def post(gateway: Gateway, path: str = "/v1/rerank", **body: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer {KEY}"}
    return requests.post(f"{gateway.url}{path}", headers=headers, json=body, timeout=60)


@pytest.mark.parametrize("vendor", RERANK)
def test_coheres_package_reads_every_vendors_ranks(vendor: str, gateway: Gateway) -> None:
    client = cohere.ClientV2(api_key=KEY, base_url=gateway.url)
    answer = client.rerank(model=RERANK[vendor], query="which", documents=DOCUMENTS, top_n=2)
    assert [it.index for it in answer.results] == ORDER[:2]
    assert all(0 <= it.relevance_score <= 1 for it in answer.results)
    first = cohere.Client(api_key=KEY, base_url=gateway.url)
    told = first.rerank(model=RERANK[vendor], query="which", documents=DOCUMENTS, return_documents=True)
    assert [it.index for it in told.results] == ORDER
    assert [it.document.text for it in told.results if it.document] == [DOCUMENTS[at] for at in ORDER]


@pytest.mark.parametrize("vendor", RERANK)
@pytest.mark.parametrize("top_n", [None, 99])
def test_top_n_may_be_null_or_too_large(vendor: str, top_n: int | None, gateway: Gateway) -> None:
    answer = post(gateway, model=RERANK[vendor], query="which", documents=DOCUMENTS, top_n=top_n, return_documents=True)
    assert answer.status_code == 200, answer.text
    assert [it["index"] for it in answer.json()["results"]] == ORDER


@pytest.mark.parametrize("vendor", RERANK)
def test_searches_or_tokens_are_metered(vendor: str, gateway: Gateway) -> None:
    answer = post(gateway, model=RERANK[vendor], query="which", documents=[{"text": it} for it in DOCUMENTS])
    assert answer.status_code == 200, answer.text
    row = gateway.row(answer.headers["x-request-id"])
    assert (row["operation"], row["status"]) == ("rerank", 200)
    units = {it: row.get(it) for it in ("input_tokens", "searches")}
    by_search = vendor in {"cohere", "bedrock", "vertex"}
    assert bool(units["searches"]) == by_search and bool(units["input_tokens"]) != by_search, row


def test_voyages_package_reads_vectors(gateway: Gateway) -> None:
    client = voyageai.Client(api_key=KEY, base_url=f"{gateway.url}/v1", max_retries=0)
    vectors = client.embed(["a text"], model=EMBEDDING["voyage"], input_type="query")
    assert len(vectors.embeddings) == 1 and vectors.total_tokens == 2


@pytest.mark.parametrize(
    ("status", "body", "seen"),
    [
        (400, {"detail": "too long"}, (400, "too long")),
        (401, {"detail": "bad key"}, (502, "bad key")),
        (429, {"detail": "slow down"}, (429, "slow down")),
        (500, {"detail": "internal"}, (502, "internal")),
        (200, {"results": [{"index": 9, "relevance_score": 0.5}]}, (502, "document 9 of 3")),
        (200, {"results": []}, (502, "ranked no document")),
    ],
)
def test_what_goes_wrong_is_an_error_in_json(
    status: int, body: Any, seen: tuple[int, str], gateway: Gateway, upstream: Scripted
) -> None:
    upstream.on("POST", "/jina/v1/rerank", lambda _: Answer.of(body, status))
    answer = post(gateway, model=RERANK["jina"], query="which", documents=DOCUMENTS)
    assert answer.status_code == seen[0], answer.text
    assert seen[1] in answer.text
    assert gateway.row(answer.headers["x-request-id"])["status"] == seen[0]


def test_raw_scores_are_brought_to_between_nought_and_one(gateway: Gateway, upstream: Scripted) -> None:
    raw = [{"index": 0, "relevance_score": -4.5}, {"index": 1, "relevance_score": 6.0}]
    upstream.on("POST", "/jina/v1/rerank", lambda _: Answer.of({"model": "m", "results": raw}))
    answer = post(gateway, model=RERANK["jina"], query="which", documents=["a", "b"])
    results = answer.json()["results"]
    assert [it["index"] for it in results] == [1, 0] and all(0 < it["relevance_score"] < 1 for it in results)


def test_a_model_of_another_type_names_its_own_path(gateway: Gateway) -> None:
    answer = post(gateway, "/v2/rerank", model=EMBEDDING["cohere"], query="a", documents=["b"])
    assert answer.status_code == 400 and answer.json()["error"]["code"] == "wrong_endpoint", answer.text
    assert "/v1/embeddings" in answer.json()["error"]["message"]

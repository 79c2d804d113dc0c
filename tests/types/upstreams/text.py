"""Vendors of vectors, ranks and judgements: each request is held against the vendor's own types before it is answered.

A text's vector is (its length, the number of its first letter, a half); a document's score falls with its length.
"""

from __future__ import annotations

import base64
import inspect
import struct
from typing import Any

import cohere
import cohere.types
from google.genai import types as google
from mistralai.client.models import ClassificationRequest, EmbeddingRequest
from openai.types import EmbeddingCreateParams, ModerationCreateParams
from pydantic import TypeAdapter
from scripted import Answer, Request, Scripted
from voyageai.object.multimodal_embeddings import MultimodalInputRequest


def vector(text: str) -> list[float]:
    return [float(len(text)), float(ord(text[0])), 0.5]


def packed(text: str) -> str:
    return base64.b64encode(struct.pack("<3f", *vector(text))).decode()


def scores(texts: list[str], most: int | None) -> list[dict[str, Any]]:
    ranked = [{"index": at, "relevance_score": 1 / (1 + len(text))} for at, text in enumerate(texts)]
    return sorted(ranked, key=lambda it: -it["relevance_score"])[:most]


def tokens(texts: list[str]) -> int:
    return sum(len(text.split()) for text in texts)


def only(asked: dict[str, Any], known: set[str]) -> None:
    """A vendor that has no types for requests: the names of its package's parameters."""
    assert set(asked) <= known, set(asked) - known


def listed(asked: dict[str, Any]) -> list[str]:
    given = asked["input"]
    return [given] if isinstance(given, str) else given


def table(asked: dict[str, Any], texts: list[str], **usage: int) -> Answer:
    """OpenAI's form."""
    in_base64 = asked.get("encoding_format") == "base64"
    data = [
        {"object": "embedding", "index": at, "embedding": packed(text) if in_base64 else vector(text)}
        for at, text in enumerate(texts)
    ]
    return Answer.of({"object": "list", "data": data, "model": asked["model"], "usage": usage})


def openai_embeddings(request: Request) -> Answer:
    asked = TypeAdapter(EmbeddingCreateParams).validate_python(request.json(), extra="forbid")
    texts = listed(dict(asked))
    return table(dict(asked), texts, prompt_tokens=tokens(texts), total_tokens=tokens(texts))


CATEGORIES = ["harassment", "hate", "sexual", "violence"]


def openai_moderations(request: Request) -> Answer:
    asked = TypeAdapter(ModerationCreateParams).validate_python(request.json(), extra="forbid")
    given = asked["input"]
    count = len(given) if isinstance(given, list) and isinstance(given[0], str) else 1
    scored = {name: 0.25 for name in CATEGORIES}
    result = {"flagged": False, "categories": {name: False for name in CATEGORIES}, "category_scores": scored}
    return Answer.of({"id": "modr-1", "model": asked["model"], "results": [result] * count})


def cohere_embed(request: Request) -> Answer:
    asked = request.json()
    only(asked, set(inspect.signature(cohere.ClientV2.embed).parameters))
    assert asked["input_type"] in {"search_document", "search_query", "classification", "clustering", "image"}
    assert asked["embedding_types"] == ["float"] and len(asked.get("texts", asked.get("inputs"))) <= 96
    inputs = TypeAdapter(list[cohere.types.EmbedInput]).validate_python(asked.get("inputs", []))
    texts = asked.get("texts") or [part.text for it in inputs for part in it.content if part.type == "text"]
    billed = {"input_tokens": tokens(texts)}
    return Answer.of({
        "id": "e1",
        "response_type": "embeddings_by_type",
        "embeddings": {"float": [vector(it) for it in texts]},
        "texts": texts,
        "meta": {"api_version": {"version": "2"}, "billed_units": billed},
    })


def cohere_rerank(request: Request) -> Answer:
    asked = request.json()
    only(asked, set(inspect.signature(cohere.ClientV2.rerank).parameters))
    assert all(isinstance(it, str) for it in asked["documents"])
    assert asked.get("top_n", 1) is not None and asked.get("top_n", 1) <= len(asked["documents"])
    meta = {"api_version": {"version": "2"}, "billed_units": {"search_units": 1}}
    return Answer.of({"id": "r1", "results": scores(asked["documents"], asked.get("top_n")), "meta": meta})


def google_embeddings(request: Request) -> Answer:
    asked = request.json()
    only(asked, {"requests"})
    assert len(asked["requests"]) <= 100
    texts = []
    for it in asked["requests"]:
        only(it, {"model", "content", "taskType", "title", "outputDimensionality"})
        assert f"/{it['model']}:batchEmbedContents" in request.path
        texts.append("".join(part.text for part in google.Content.model_validate(it["content"]).parts))
        google.EmbedContentConfig.model_validate({k: v for k, v in it.items() if k not in {"model", "content"}})
    return Answer.of({
        "embeddings": [{"values": vector(it)} for it in texts],
        "usageMetadata": {"promptTokenCount": tokens(texts)},
    })


def voyage_embeddings(request: Request) -> Answer:
    asked = request.json()
    only(asked, {"input", "model", "input_type", "truncation", "output_dtype", "output_dimension", "encoding_format"})
    assert asked.get("input_type") in {None, "query", "document"}
    return table(asked, listed(asked), total_tokens=tokens(listed(asked)))


def voyage_multimodal(request: Request) -> Answer:
    asked = MultimodalInputRequest.model_validate(request.json())
    texts = [part.text if part.type == "text" else "an image" for it in asked.inputs for part in it.content]
    usage = {"text_tokens": tokens(texts), "image_pixels": 0, "total_tokens": tokens(texts)}
    return table({"model": asked.model}, texts, **usage)


def voyage_rerank(request: Request) -> Answer:
    asked = request.json()
    only(asked, {"query", "documents", "model", "top_k", "return_documents", "truncation"})
    data = scores(asked["documents"], asked.get("top_k"))
    return Answer.of({"object": "list", "data": data, "model": asked["model"], "usage": {"total_tokens": 9}})


def mistral_embeddings(request: Request) -> Answer:
    asked = EmbeddingRequest.model_validate(request.json())
    only(request.json(), {"model", "input", "metadata", "output_dimension", "output_dtype", "encoding_format"})
    texts = asked.inputs if isinstance(asked.inputs, list) else [asked.inputs]
    return table({"model": asked.model}, texts, prompt_tokens=tokens(texts), total_tokens=tokens(texts))


def mistral_moderations(request: Request) -> Answer:
    asked = ClassificationRequest.model_validate(request.json())
    only(request.json(), {"model", "input", "metadata"})
    texts = asked.inputs if isinstance(asked.inputs, list) else [asked.inputs]
    result = {
        "categories": {"sexual": False, "hate_and_discrimination": True, "pii": False},
        "category_scores": {"sexual": 0.1, "hate_and_discrimination": 0.9, "pii": 0.2},
    }
    return Answer.of({"id": "m1", "model": asked.model, "results": [result] * len(texts)})


def jina_embeddings(request: Request) -> Answer:
    asked = request.json()
    known = {"model", "input", "task", "dimensions", "late_chunking", "truncate", "embedding_type", "normalized"}
    only(asked, known)
    texts = [it if isinstance(it, str) else it.get("text", "an image") for it in asked["input"]]
    return table(asked, texts, prompt_tokens=tokens(texts), total_tokens=tokens(texts))


def jina_rerank(request: Request) -> Answer:
    asked = request.json()
    texts = [it if isinstance(it, str) else it["text"] for it in asked["documents"]]
    usage = {"total_tokens": tokens(texts)}
    return Answer.of({"model": asked["model"], "usage": usage, "results": scores(texts, asked.get("top_n"))})


def ollama_embed(request: Request) -> Answer:
    asked = request.json()
    only(asked, {"model", "input", "truncate", "dimensions", "options", "keep_alive"})
    vectors = [vector(it) for it in asked["input"]]
    return Answer.of({"model": asked["model"], "embeddings": vectors, "prompt_eval_count": tokens(asked["input"])})


def tei_embed(request: Request) -> Answer:
    asked = request.json()
    only(asked, {"inputs", "normalize", "truncate", "truncation_direction", "prompt_name", "dimensions"})
    assert len(asked["inputs"]) <= 32
    answer = Answer.of([vector(it) for it in asked["inputs"]])
    answer.headers["x-compute-tokens"] = str(tokens(asked["inputs"]))
    return answer


def tei_rerank(request: Request) -> Answer:
    asked = request.json()
    only(asked, {"query", "texts", "raw_scores", "return_text", "truncate", "truncation_direction"})
    assert asked["raw_scores"] is False and len(asked["texts"]) <= 32
    ranked = [{"index": it["index"], "score": it["relevance_score"]} for it in scores(asked["texts"], None)]
    answer = Answer.of(ranked)
    answer.headers["x-compute-tokens"] = str(tokens(asked["texts"]))
    return answer


def titan(request: Request) -> Answer:
    asked = request.json()
    only(asked, {"inputText", "dimensions", "normalize", "embeddingTypes"})
    assert request.headers["authorization"].startswith("AWS4-HMAC-SHA256 ")
    text = asked["inputText"]
    return Answer.of({"embedding": vector(text), "inputTextTokenCount": tokens([text])})


def bedrock_rerank(request: Request) -> Answer:
    asked = request.json()
    only(asked, {"query", "documents", "top_n", "api_version", "max_tokens_per_doc"})
    assert asked["api_version"] == 2
    return Answer.of({"results": scores(asked["documents"], asked.get("top_n"))})


def vertex_predict(request: Request) -> Answer:
    asked = request.json()
    only(asked, {"instances", "parameters"})
    texts = [it["content"] for it in asked["instances"]]
    statistics = [{"token_count": tokens([it]), "truncated": False} for it in texts]
    predictions = [
        {"embeddings": {"values": vector(it), "statistics": counted}} for it, counted in zip(texts, statistics, strict=True)
    ]
    return Answer.of({"predictions": predictions})


def vertex_rank(request: Request) -> Answer:
    asked = request.json()
    only(asked, {"model", "query", "records", "topN", "ignoreRecordDetailsInResponse"})
    texts = [it["content"] for it in asked["records"]]
    ranked = scores(texts, asked.get("topN"))
    records = [{"id": asked["records"][it["index"]]["id"], "score": it["relevance_score"]} for it in ranked]
    return Answer.of({"records": records})


def serve(upstream: Scripted) -> None:
    """Every vendor, at the path below which a provider of its kind is set up."""
    for path, handler in {
        "/openai/v1/embeddings": openai_embeddings,
        "/openai/v1/moderations": openai_moderations,
        "/cohere/v2/embed": cohere_embed,
        "/cohere/v2/rerank": cohere_rerank,
        "/google/v1beta/models/": google_embeddings,
        "/voyage/v1/embeddings": voyage_embeddings,
        "/voyage/v1/multimodalembeddings": voyage_multimodal,
        "/voyage/v1/rerank": voyage_rerank,
        "/mistral/v1/embeddings": mistral_embeddings,
        "/mistral/v1/moderations": mistral_moderations,
        "/jina/v1/embeddings": jina_embeddings,
        "/jina/v1/rerank": jina_rerank,
        "/ollama/api/embed": ollama_embed,
        "/tei/embed": tei_embed,
        "/tei/rerank": tei_rerank,
        "/bedrock/model/amazon.titan": titan,
        "/bedrock/model/cohere.rerank": bedrock_rerank,
        "/vertex/v1/projects/p/locations/global/publishers/google/models/text-embedding-005:predict": vertex_predict,
        "/vertex/v1/projects/p/locations/global/rankingConfigs/default_ranking_config:rank": vertex_rank,
    }.items():
        upstream.on("POST", path, handler)

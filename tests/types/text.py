"""A gateway in front of every vendor of vectors, ranks and judgements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conftest import provider
from gateway import Gateway
from scripted import Scripted
from upstreams.text import serve

EMBEDDING = {
    "openai": "text-embedding-3-small",
    "cohere": "embed-v4.0",
    "gemini": "gemini-embedding-001",
    "voyage": "voyage-4",
    "mistral": "mistral-embed",
    "jina": "jina-embeddings-v4",
    "ollama": "nomic-embed-text",
    "tei": "bge-m3",
    "bedrock": "amazon.titan-embed-text-v2:0",
    "vertex": "text-embedding-005",
}
RERANK = {
    "cohere": "rerank-v4",
    "voyage": "rerank-2.5",
    "jina": "jina-reranker-v3",
    "tei": "bge-reranker-v2-m3",
    "bedrock": "cohere.rerank-v3-5:0",
    "vertex": "semantic-ranker-default-004",
}
MODERATION = {"openai": "omni-moderation-latest", "mistral": "mistral-moderation-2603"}


def started(upstream: Scripted, start: Callable[..., Gateway]) -> Gateway:
    serve(upstream)
    models: list[Any] = []
    for model_type, named in [("embedding", EMBEDDING), ("rerank", RERANK), ("moderation", MODERATION)]:
        models += [(vendor, name, model_type) for vendor, name in named.items()]
    models.append(("voyage", "voyage-multimodal-3.5", "embedding"))
    return start(providers(upstream.url), models)


def providers(url: str) -> list[dict[str, Any]]:
    aws = {"settings": {"auth": "access_key", "access_key_id": "AKIATYPES"}, "fields": {"secret_access_key": "x" * 40}}
    token = {"settings": {"auth": "access_token"}, "fields": {"access_token": "ya29.types"}}
    return [
        provider("openai", "openai", f"{url}/openai/v1"),
        provider("cohere", "cohere", f"{url}/cohere"),
        provider("gemini", "gemini", f"{url}/google"),
        provider("voyage", "voyage", f"{url}/voyage/v1"),
        provider("mistral", "mistral", f"{url}/mistral/v1"),
        provider("jina", "jina", f"{url}/jina/v1"),
        provider("ollama", "ollama", f"{url}/ollama"),
        provider("tei", "tei", f"{url}/tei"),
        provider("bedrock", "bedrock", f"{url}/bedrock", settings={"region": "us-east-1"}, credential=aws),
        provider("vertex", "vertex", f"{url}/vertex", settings={"project": "p"}, credential=token),
    ]

"""Vectors of a real model: through the gateway they are those that the model's server gives itself."""

from __future__ import annotations

from collections.abc import Callable

import minilm
import numpy as np
import openai
import pytest
from conftest import KEY, provider
from gateway import Gateway
from scripted import Scripted

# Each two neighbours say the same.
SENTENCES = [
    "A cat sleeps on the sofa.",
    "A kitten is dozing on the couch.",
    "The central bank raised interest rates.",
    "Borrowing became more expensive after the monetary policy decision.",
    "She plays the violin in an orchestra.",
    "A musician performs with a symphony ensemble.",
    "The rocket reached orbit around the Earth.",
    "A spacecraft was launched into space.",
    "Add salt to the boiling pasta water.",
    "He seasons the spaghetti while cooking.",
]
MODEL = "all-MiniLM-L6-v2"


@pytest.fixture
def clients(upstream: Scripted, start: Callable[..., Gateway]) -> tuple[openai.OpenAI, openai.OpenAI]:
    """The model's own server, and a gateway in front of it."""
    upstream.on("POST", "/v1/embeddings", minilm.serve)
    gateway = start([provider("local", "openai-compatible", f"{upstream.url}/v1")], [("local", MODEL, "embedding")])
    direct = openai.OpenAI(base_url=f"{upstream.url}/v1", api_key="none", max_retries=0)
    return direct, openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=KEY, max_retries=0)


def vectors(client: openai.OpenAI, **options: object) -> np.ndarray:
    answer = client.embeddings.create(model=MODEL, input=SENTENCES, **options)  # type: ignore[arg-type]
    assert [it.index for it in answer.data] == list(range(len(SENTENCES)))
    assert answer.model == MODEL and answer.usage.prompt_tokens == answer.usage.total_tokens > len(SENTENCES)
    return np.array([it.embedding for it in answer.data], "<f4")


def test_every_sentence_is_nearest_to_the_one_that_says_the_same(clients: tuple[openai.OpenAI, openai.OpenAI]) -> None:
    near = vectors(clients[1]) @ vectors(clients[1]).T
    np.fill_diagonal(near, -1.0)
    assert [int(it) for it in near.argmax(1)] == [at ^ 1 for at in range(len(SENTENCES))]
    order = [int(it) for it in near[0].argsort()[::-1]]
    assert order[0] == 1


@pytest.mark.parametrize("options", [{}, {"encoding_format": "float"}], ids=["base64", "float"])
def test_vectors_are_those_of_the_models_own_server(
    clients: tuple[openai.OpenAI, openai.OpenAI], options: dict[str, str]
) -> None:
    direct, through = vectors(clients[0], **options), vectors(clients[1], **options)
    assert direct.shape == (len(SENTENCES), 384)
    assert direct.tobytes() == through.tobytes()
    assert np.allclose(np.linalg.norm(direct, axis=1), 1.0, atol=1e-6)
    mine = np.array([minilm.embed(it)[0] for it in SENTENCES])
    assert mine.tobytes() == through.tobytes()

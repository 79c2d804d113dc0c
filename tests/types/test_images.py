"""OpenAI's SDK draws pictures over vendors of six grammars; each request is held against the vendor's own types."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from typing import Any

import openai
import pytest
from conftest import KEY, provider
from gateway import Gateway
from scripted import Answer, Scripted
from upstreams import images

PRICE = {"image": "0.02", "image@64x96": "0.06", "input": "5", "output": "40", "image_input": "8", "image_output": "30"}
AWS = {"settings": {"access_key_id": "AKIDEXAMPLE"}, "fields": {"secret_access_key": "secret-0123456789abcdef"}}


@pytest.fixture
def gateway(start: Callable[..., Gateway], upstream: Scripted) -> Gateway:
    """A model of each vendor, under the vendor's name for it."""
    url = upstream.url
    upstream.on("POST", "/v1/images/generations", images.openai_generations)
    upstream.on("POST", "/v1/images/edits", images.openai_edits)
    upstream.on("POST", "/v1beta/models/gemini-image:generateContent", images.gemini)
    upstream.on("POST", "/v1beta/models/imagen-4.0:predict", images.imagen)
    vertex = "/v1/projects/p/locations/us-central1/publishers/google/models"
    upstream.on("POST", f"{vertex}/imagen-3.0:predict", images.imagen)
    upstream.on("POST", f"{vertex}/gemini-2-image:generateContent", images.gemini)
    upstream.on("POST", "/v2beta/stable-image/", images.stability)
    upstream.on("POST", "/model/", images.bedrock)
    token = {"settings": {"auth": "access_token"}, "fields": {"access_token": "ya29.test"}}
    providers = [
        provider("openai", "openai", f"{url}/v1"),
        provider("gemini", "gemini", url),
        provider("vertex", "vertex", url, credential=token, settings={"project": "p", "location": "us-central1"}),
        provider("stability", "stability", url),
        provider("bedrock", "bedrock", url, credential=AWS, settings={"region": "us-east-1"}),
    ]
    models = [
        {"provider": name, "name": model, "type": "image", "price": PRICE}
        for name, model in [
            ("openai", "gpt-image-2"),
            ("gemini", "gemini-image"),
            ("gemini", "imagen-4.0"),
            ("vertex", "imagen-3.0"),
            ("vertex", "gemini-2-image"),
            ("stability", "stable-image-core"),
            ("stability", "sd3.5-large"),
            ("bedrock", "amazon.nova-canvas-v1:0"),
            ("bedrock", "stability.stable-image-ultra-v1:1"),
        ]
    ]
    return start(providers, models)


@pytest.fixture
def client(gateway: Gateway) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=KEY, max_retries=0)


EVERY = [
    "gpt-image-2",
    "gemini-image",
    "imagen-4.0",
    "imagen-3.0",
    "gemini-2-image",
    "stable-image-core",
    "sd3.5-large",
    "amazon.nova-canvas-v1:0",
    "stability.stable-image-ultra-v1:1",
]
CHANGERS = [
    "gpt-image-2",
    "gemini-image",
    "imagen-3.0",
    "gemini-2-image",
    "sd3.5-large",
    "amazon.nova-canvas-v1:0",
    "stability.stable-image-ultra-v1:1",
]


@pytest.mark.parametrize("model", EVERY)
def test_every_vendor_draws(client: openai.OpenAI, gateway: Gateway, model: str) -> None:
    raw = client.images.with_raw_response.generate(
        model=model, prompt='a "cat"', n=2, size="1024x1024", output_format="png", background="auto", user="u-1"
    )
    told = raw.parse()
    assert told.data and [base64.b64decode(it.b64_json or "") for it in told.data] == [images.PNG] * 2
    assert told.size == "64x96"
    row = gateway.row(raw.headers["x-request-id"])
    assert (row["operation"], row["status"], row["alias"]) == ("image", 200, model)
    if "gpt" in model or model.startswith("gemini"):
        assert told.usage and row["usage_source"] == "provider" and row["output_tokens"] == told.usage.output_tokens
        assert row["images"] == 0 and row["cost_nanos"] > 0
    else:
        # The files say how large they are: 2 × $0.06.
        assert (row["usage_source"], row["images"], row["cost_nanos"]) == ("counted", 2, 120_000_000)


@pytest.mark.parametrize("model", CHANGERS)
def test_every_vendor_that_can_changes_a_picture(client: openai.OpenAI, gateway: Gateway, model: str) -> None:
    raw = client.images.with_raw_response.edit(model=model, image=("cat.png", images.PNG), prompt="more hats")
    told = raw.parse()
    assert told.data and base64.b64decode(told.data[0].b64_json or "") == images.PNG
    row = gateway.row(raw.headers["x-request-id"])
    assert (row["operation"], row["status"]) == ("image_edit", 200)


def test_several_pictures_and_a_mask_pass(client: openai.OpenAI, upstream: Scripted) -> None:
    cat = ("cat.png", images.PNG)
    client.images.edit(model="gpt-image-2", image=[cat, cat], mask=cat, prompt="hats", input_fidelity="high", n=1)
    names = [name for name, filename, _ in images.form(upstream.requests[-1]) if filename]
    assert names == ["image[]", "image[]", "mask"]
    with pytest.raises(openai.BadRequestError) as refused:
        client.images.edit(model="gemini-image", image=cat, mask=cat, prompt="hats")
    assert (refused.value.code, refused.value.param) == ("capability_not_supported", "mask")


def test_partial_pictures_are_streamed(client: openai.OpenAI, gateway: Gateway) -> None:
    asked: dict[str, Any] = {"model": "gpt-image-2", "prompt": "a cat", "stream": True, "partial_images": 2}
    kinds = [event.type for event in client.images.generate(**asked)]
    assert kinds == ["image_generation.partial_image"] * 2 + ["image_generation.completed"]
    edited = client.images.edit(image=("cat.png", images.PNG), **asked)
    assert [event.type for event in edited][-1] == "image_edit.completed"
    deadline = time.monotonic() + 5
    while len(rows := [row for row in gateway.command("usage") if row["output_tokens"] == 272]) < 2:
        assert time.monotonic() < deadline, gateway.command("usage")
        time.sleep(0.1)
    assert all(row["usage_source"] == "provider" for row in rows)


@pytest.mark.parametrize("model", ["gemini-image", "stable-image-core", "imagen-4.0"])
def test_others_pictures_come_in_one_event(client: openai.OpenAI, model: str) -> None:
    events = list(client.images.generate(model=model, prompt="a cat", stream=True, partial_images=1))
    assert [it.type for it in events] == ["image_generation.completed"]
    last = events[-1]
    assert last.type == "image_generation.completed"
    assert base64.b64decode(last.b64_json) == images.PNG and last.size == "64x96"


def test_what_is_lost_is_named(client: openai.OpenAI) -> None:
    raw = client.images.with_raw_response.generate(
        model="gemini-image", prompt="a cat", size="1536x1024", quality="high", background="transparent", user="u"
    )
    lossy = raw.headers["x-wayleave-lossy"]
    assert all(name in lossy for name in ("size", "quality", "background", "user")), lossy


def test_old_clients_may_ask_new_models_for_base64(client: openai.OpenAI) -> None:
    raw = client.images.with_raw_response.generate(model="gpt-image-2", prompt="a cat", response_format="b64_json")
    assert "-response_format" in raw.headers["x-wayleave-adjusted"]
    for model in ("gpt-image-2", "gemini-image"):
        with pytest.raises(openai.BadRequestError) as refused:
            client.images.generate(model=model, prompt="a cat", response_format="url")
        assert refused.value.param == "response_format"


def test_a_vendors_refusal_keeps_its_words(client: openai.OpenAI, upstream: Scripted) -> None:
    told = {"id": "x", "name": "content_moderation", "errors": ["Your request was flagged."]}
    upstream.on("POST", "/v2beta/stable-image/", lambda _: Answer.of(told, 403))
    with pytest.raises(openai.APIStatusError) as refused:
        client.images.generate(model="stable-image-core", prompt="a cat")
    assert "flagged" in refused.value.message


def test_the_sandbox_draws(client: openai.OpenAI) -> None:
    told = client.images.generate(model="sandbox/image", prompt="a cat", size="256x256")
    assert told.data and base64.b64decode(told.data[0].b64_json or "").startswith(b"\x89PNG")

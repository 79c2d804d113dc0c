"""Judgements over OpenAI's package, by OpenAI and by Mistral."""

from __future__ import annotations

from collections.abc import Callable

import openai
import pytest
from conftest import KEY
from gateway import Gateway
from openai.types.moderation import Categories
from scripted import Scripted
from text import MODERATION, started


@pytest.fixture
def gateway(upstream: Scripted, start: Callable[..., Gateway]) -> Gateway:
    return started(upstream, start)


@pytest.fixture
def client(gateway: Gateway) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=KEY, max_retries=0)


@pytest.mark.parametrize("vendor", MODERATION)
@pytest.mark.parametrize("given", ["a", ["a", "b"]])
def test_each_input_is_judged(vendor: str, given: str | list[str], client: openai.OpenAI, gateway: Gateway) -> None:
    raw = client.moderations.with_raw_response.create(model=MODERATION[vendor], input=given)
    answer = raw.parse()
    assert len(answer.results) == (1 if isinstance(given, str) else len(given))
    assert answer.results[0].flagged == (vendor == "mistral")
    row = gateway.row(raw.headers["x-request-id"])
    assert (row["operation"], row["status"]) == ("moderate", 200)


def test_mistrals_judgement_has_all_of_openais_categories(client: openai.OpenAI) -> None:
    raw = client.moderations.with_raw_response.create(model=MODERATION["mistral"], input="a")
    result = raw.parse().results[0]
    names = {field.alias or name for name, field in Categories.model_fields.items()}
    assert names <= set(result.categories.to_dict()) and names <= set(result.category_scores.to_dict())
    assert result.categories.hate and not result.categories.sexual
    assert result.category_scores.hate == 0.9
    assert result.categories.to_dict()["pii"] is False
    assert "answer.categories" in raw.headers["x-wayleave-lossy"]


def test_without_a_model_openais_usual_one_answers(client: openai.OpenAI) -> None:
    answer = client.moderations.create(input="a")
    assert answer.model == MODERATION["openai"]


def test_pictures_go_to_openai_alone(client: openai.OpenAI) -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "https://pictures.test/a.png"}}]
    answer = client.moderations.create(model=MODERATION["openai"], input=parts)  # type: ignore[arg-type]
    assert len(answer.results) == 1
    with pytest.raises(openai.BadRequestError) as refused:
        client.moderations.create(model=MODERATION["mistral"], input=parts)  # type: ignore[arg-type]
    assert refused.value.code == "capability_not_supported"

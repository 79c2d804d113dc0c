"""The checks can fail: what a vendor would refuse is refused, and what differs is a difference."""

from __future__ import annotations

import json
from typing import Any

import pytest
from allowed import dropped
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from cases import SITUATIONS
from cells import Cell, Plan
from surfaces.base import Seen
from upstreams import UPSTREAMS
from upstreams.base import CREDENTIAL, Heard
from upstreams.bedrock import ACCESS_KEY, REGION, SECRET_KEY
from view import differences, of_answer, of_ask

HELLO = {"role": "user", "content": "Hello"}
PARTS = {"role": "user", "parts": [{"text": "Hello"}]}
BEARER = {"authorization": f"Bearer {CREDENTIAL}"}
VERTEX = "/v1/projects/matrix-project/locations/europe-west4/publishers/google/models/m:generateContent"
ASKED: dict[str, tuple[str, dict[str, str], Any]] = {
    "openai-chat": ("/v1/chat/completions", BEARER, {"model": "m", "messages": [HELLO]}),
    "openai-responses": ("/v1/responses", BEARER, {"model": "m", "input": "Hello"}),
    "anthropic-messages": (
        "/v1/messages",
        {"x-api-key": CREDENTIAL, "anthropic-version": "2023-06-01"},
        {"model": "m", "max_tokens": 9, "messages": [HELLO]},
    ),
    "gemini": ("/v1beta/models/m:generateContent", {"x-goog-api-key": CREDENTIAL}, {"contents": [PARTS]}),
    "vertex": (VERTEX, BEARER, {"contents": [PARTS]}),
    "cohere": ("/v2/chat", BEARER, {"model": "m", "messages": [HELLO]}),
    "bedrock": ("/model/a.b-v1%3A0/converse", {}, {"messages": [{"role": "user", "content": [{"text": "Hello"}]}]}),
    "ollama": ("/api/chat", BEARER, {"model": "m", "messages": [HELLO], "stream": False}),
    "azure-openai": (
        "/openai/deployments/m/chat/completions?api-version=2024-10-21",
        {"api-key": CREDENTIAL},
        {"messages": [HELLO], "model": "m"},
    ),
}


def heard(name: str, *, body: dict[str, Any] | None = None, headers: dict[str, str] | None = None) -> Heard:
    """A plain question to an upstream, with more fields or other headers."""
    target, authorised, plain = ASKED[name]
    said = plain | (body or {})
    raw = json.dumps(said).encode()
    if name == "bedrock":
        authorised = signed(target, raw)
    return Heard("POST", target, (authorised if headers is None else headers) | {"host": "h"}, raw, said)


def signed(target: str, raw: bytes) -> dict[str, str]:
    """The headers of botocore's own signature."""
    request = AWSRequest("POST", f"http://h{target}", {"host": "h"}, raw)
    SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), "bedrock", REGION).add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}


@pytest.mark.parametrize("name", UPSTREAMS)
def test_a_plain_question_passes(name: str) -> None:
    it = heard(name)
    assert UPSTREAMS[name].model(it) and UPSTREAMS[name].check(it) == []
    assert UPSTREAMS[name].normalise(it)["turns"] == [["user", [["text", "Hello"]]]]


@pytest.mark.parametrize("name", UPSTREAMS)
def test_a_field_that_the_vendor_does_not_know_is_refused(name: str) -> None:
    assert UPSTREAMS[name].check(heard(name, body={"nonsense": 1})) != []


@pytest.mark.parametrize("name", UPSTREAMS)
def test_a_request_without_the_credential_is_refused(name: str) -> None:
    headers = {"anthropic-version": "2023-06-01"}
    assert UPSTREAMS[name].check(heard(name, headers=headers)) != []


def test_a_body_that_was_changed_after_it_was_signed_is_refused() -> None:
    it = heard("bedrock")
    it.raw += b" "
    assert UPSTREAMS["bedrock"].check(it) == ["authorization: SignatureDoesNotMatch"]


@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_field_too_many_and_a_field_too_few_are_differences(situation: str) -> None:
    step = SITUATIONS[situation].steps[0]
    for view in (of_ask(step.ask, [], False), of_answer(step.answer)):
        assert differences(view, view) == []
        assert differences(view, view | {"more": 1}) != []
        for name in view:
            assert differences(view, {it: value for it, value in view.items() if it != name}) != []


def test_a_loss_that_the_gateway_does_not_name_fails() -> None:
    cell = Cell("openai-chat", "anthropic-messages", "seed", "whole")
    situation = SITUATIONS["seed"]
    plan = Plan(cell, situation, situation.steps[0], "")
    request = of_ask(plan.ask, [], False) | {"limit": 8192}
    dropped("seed")(request)
    view = plan.wanted_answer()
    assert plan.compare([request], Seen(view, {"x-wayleave-lossy": "seed"}), []) == []
    assert plan.compare([request], Seen(view, {}), []) == ["request: lost in silence: seeds ('seed' is not in '')"]
    assert plan.compare([request | {"seed": 42}], Seen(view, {"x-wayleave-lossy": "seed"}), []) != []


def test_a_loss_of_an_answer_that_the_gateway_does_not_name_fails() -> None:
    cell = Cell("openai-chat", "anthropic-messages", "pause", "whole")
    situation = SITUATIONS["pause"]
    plan = Plan(cell, situation, situation.steps[0], "")
    request = of_ask(plan.ask, [], False) | {"limit": 8192}
    view = plan.wanted_answer()
    assert view["finish"] == "stop"
    named = "answer.vendor_parts, answer.pause"
    assert plan.compare([request], Seen(view, {"x-wayleave-lossy": named}), []) == []
    problems = plan.compare([request], Seen(view, {"x-wayleave-lossy": "answer.vendor_parts"}), [])
    assert problems == ["answer: lost in silence: a pause ('answer.pause' is not in 'answer.vendor_parts')"]

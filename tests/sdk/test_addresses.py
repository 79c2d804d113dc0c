"""Keys in every header, base URLs as people paste them, and the list of models."""

from __future__ import annotations

import json
from collections.abc import Callable

import anthropic
import openai
import pytest

import setup_file
import wire
from clients import AnthropicClient, Client, OpenAIClient
from gateway import Gateway
from situations import TEXT
from strict import Strict

STYLES: dict[str, Callable[[str], dict[str, str]]] = {
    "bearer": lambda key: {"Authorization": f"Bearer {key}"},
    "x-api-key": lambda key: {"x-api-key": key},
    "x-goog-api-key": lambda key: {"x-goog-api-key": key},
    "api-key": lambda key: {"api-key": key},
}
ASKS = {
    "/v1/chat/completions": {"model": "strict/openai/plain", "messages": [{"role": "user", "content": "Hi"}]},
    "/v1/messages": {
        "model": "strict/anthropic/plain",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": "Hi"}],
    },
}


@pytest.mark.parametrize("path", list(ASKS), ids=["chat", "messages"])
@pytest.mark.parametrize("style", list(STYLES))
def test_a_key_is_taken_from_any_of_the_four_headers(style: str, path: str, gateway: Gateway, strict: Strict) -> None:
    headers = STYLES[style](setup_file.KEY) | {"content-type": "application/json"}
    reply = wire.send(gateway.url, "POST", path, headers, json.dumps(ASKS[path]).encode())
    assert reply.status == 200, reply.body
    assert setup_file.KEY not in json.dumps(strict.last.headers), "the client's key stays here"


@pytest.mark.parametrize("path", list(ASKS), ids=["chat", "messages"])
def test_no_key_is_401_in_the_paths_dialect(path: str, gateway: Gateway) -> None:
    body = json.dumps(ASKS[path]).encode()
    reply = wire.send(gateway.url, "POST", path, {"content-type": "application/json"}, body)
    assert (reply.status, reply.json()["error"]["code"]) == (401, "missing_api_key")
    assert (reply.json().get("type") == "error") is (path == "/v1/messages")


def test_anthropic_sdk_may_use_its_auth_token(gateway: Gateway, strict: Strict) -> None:
    client = AnthropicClient(gateway)
    client.sdk = anthropic.Anthropic(
        base_url=gateway.url, auth_token=setup_file.KEY, max_retries=0, http_client=client.http
    )
    assert client.ask("strict/anthropic/plain", "Hi").text == TEXT


@pytest.mark.parametrize("path", ["/v1", "/v1/", "", "/", "/v1/v1", "/v1/v1/"], ids=lambda it: it or "root")
def test_an_openai_base_url_works_with_and_without_its_version(path: str, gateway: Gateway, strict: Strict) -> None:
    client = OpenAIClient(gateway)
    client.sdk = client.sdk.with_options(base_url=gateway.url + path)
    assert client.ask("strict/openai/plain", "Hi").text == TEXT
    assert client.ask("strict/openai/plain", "Hi", stream=True).text == TEXT
    assert len(list(client.sdk.models.list())) > 0


@pytest.mark.parametrize("path", ["", "/", "/v1", "/v1/v1"], ids=lambda it: it or "root")
def test_an_anthropic_base_url_works_with_and_without_a_version(path: str, gateway: Gateway, strict: Strict) -> None:
    client = AnthropicClient(gateway, path)
    assert client.ask("strict/anthropic/plain", "Hi").text == TEXT


def test_a_pasted_operation_is_told_what_to_do(gateway: Gateway) -> None:
    client = OpenAIClient(gateway, "/v1/chat/completions")
    with pytest.raises(openai.NotFoundError) as caught:
        client.ask("strict/openai/plain", "Hi")
    error = caught.value
    assert isinstance(error.body, dict)
    assert (error.type, error.code) == ("invalid_request_error", "unknown_url")
    assert "/v1/chat/completions/chat/completions" in error.body["message"]
    assert "base URL" in error.body["message"]
    assert error.response.headers["content-type"] == "application/json"


@pytest.mark.parametrize("path", ["/v1/nothing", "/nothing", "/v2/chat/completions", "/v1/chat"])
def test_an_unknown_path_is_404_in_json(path: str, gateway: Gateway) -> None:
    reply = wire.send(gateway.url, "POST", path, STYLES["bearer"](setup_file.KEY), b"{}")
    assert (reply.status, reply.headers["content-type"]) == (404, "application/json")
    assert reply.json()["error"]["code"] == "unknown_url"


@pytest.mark.parametrize("path", list(ASKS), ids=["chat", "messages"])
def test_a_wrong_method_is_405_and_says_which_is_right(path: str, gateway: Gateway) -> None:
    reply = wire.send(gateway.url, "GET", path, STYLES["bearer"](setup_file.KEY))
    assert (reply.status, reply.headers["allow"]) == (405, "POST")
    assert reply.json()["error"]["message"]


def test_head_of_the_root_is_answered_at_once(gateway: Gateway) -> None:
    reply = wire.send(gateway.url, "HEAD", "/", {"user-agent": "Bun/1.3"})
    assert (reply.status, reply.body) == (200, b"")
    for path in ("/healthz", "/readyz"):
        assert wire.send(gateway.url, "GET", path, {}).status == 200


def test_queries_on_an_operation_are_tolerated(gateway: Gateway, strict: Strict) -> None:
    headers = STYLES["bearer"](setup_file.KEY) | {"content-type": "application/json"}
    body = json.dumps(ASKS["/v1/messages"]).encode()
    assert wire.send(gateway.url, "POST", "/v1/messages?beta=true", headers, body).status == 200


def test_beta_headers_travel_to_an_upstream_of_the_same_dialect_only(client: Client, strict: Strict) -> None:
    headers = {"anthropic-beta": "context-management-2025-06-27", "x-custom": "stays"}
    client.ask("strict/anthropic/plain", "Hi", extra_headers=headers)
    assert strict.last.headers["anthropic-beta"] == "context-management-2025-06-27"
    client.ask("strict/openai/plain", "Hi", extra_headers=headers)
    assert "anthropic-beta" not in strict.last.headers and "x-custom" not in strict.last.headers


def test_models_are_listed_by_either_sdk_and_the_pages_end(client: Client) -> None:
    ids = [model.id for model in client.sdk.models.list()]
    assert len(ids) == len(set(ids))
    assert {"strict/openai/plain", "aimock/anthropic", "sandbox/echo", "GPT 5 Mini: fast"} <= set(ids)


def test_anthropic_pages_end_however_long_they_are(anthropic_client: Client) -> None:
    every = [model.id for model in anthropic_client.sdk.models.list(limit=1000)]
    assert [model.id for model in anthropic_client.sdk.models.list(limit=20)] == every


@pytest.mark.parametrize("name", ["sandbox/echo", "GPT 5 Mini: fast"])
def test_a_model_is_retrieved_by_either_sdk(client: Client, name: str) -> None:
    model = client.sdk.models.retrieve(name)
    assert model.id == name
    if client.name == "openai":
        assert (model.object, type(model.created), model.owned_by) == ("model", int, "main")
    else:
        assert (model.type, model.display_name, model.lifecycle) == ("model", name, "active")
        assert model.created_at.year >= 2026


def test_an_unknown_model_is_not_found_by_either_sdk(client: Client) -> None:
    with pytest.raises((openai.NotFoundError, anthropic.NotFoundError)):
        client.sdk.models.retrieve("no/such model")


def test_a_key_sees_the_models_it_may_call(gateway: Gateway) -> None:
    client = OpenAIClient(gateway, key=setup_file.SCOPED_KEY)
    assert [model.id for model in client.sdk.models.list()] == ["strict/openai/plain"]


def test_a_name_with_spaces_and_colons_is_a_model(openai_client: Client, strict: Strict) -> None:
    assert openai_client.ask("GPT 5 Mini: fast", "Hi").text == TEXT

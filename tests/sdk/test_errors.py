"""Failures as the SDKs' own exceptions, with status, code and the id to ask about."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, get_args

import anthropic
import httpx2
import openai
import pytest
from anthropic.types.shared import ErrorType

import setup_file
from clients import CLIENT_CLASSES, AnthropicClient, Client, OpenAIClient
from gateway import Gateway
from situations import SITUATIONS
from strict import Strict

REQUEST_ID = re.compile(r"req_[0-9a-hjkmnp-tv-z]{26}")


@dataclass(frozen=True)
class Expected:
    """What a client is told."""

    status: int
    code: str
    openai: type[openai.APIStatusError]
    anthropic: type[anthropic.APIStatusError]
    # Where Anthropic's clients get another status for the same thing.
    anthropic_status: int = 0


# An upstream's own refusals: the caller's mistakes come through, ours to mend (credential, model) do not look
# like the caller's.
REFUSALS = {
    "error-400": Expected(400, "bad_thing", openai.BadRequestError, anthropic.BadRequestError),
    "error-401": Expected(502, "upstream_auth_failed", openai.InternalServerError, anthropic.InternalServerError),
    "error-404": Expected(502, "upstream_model_missing", openai.InternalServerError, anthropic.InternalServerError),
    "error-429": Expected(429, "upstream_rate_limited", openai.RateLimitError, anthropic.RateLimitError),
    "error-500": Expected(502, "upstream_error", openai.InternalServerError, anthropic.InternalServerError),
    "error-529": Expected(503, "overloaded", openai.InternalServerError, anthropic.InternalServerError, 529),
    "error-window": Expected(400, "context_length_exceeded", openai.BadRequestError, anthropic.BadRequestError),
}


def refused(client: Client, alias: str, *turns: Any, **wishes: Any) -> Any:
    """The exception that a question ends with."""
    with pytest.raises((openai.APIError, anthropic.APIError)) as caught:
        client.ask(alias, *(turns or ("Hi",)), **wishes)
    return caught.value


def told(error: Any) -> dict[str, Any]:
    """The inner object of the envelope: the SDKs keep different parts of it."""
    body = error.body
    return body.get("error", body)


@pytest.mark.parametrize("situation", list(REFUSALS))
def test_an_upstreams_refusal_has_its_own_exception(
    client: Client, upstream: str, stream: bool, situation: str, strict: Strict
) -> None:
    caller = f"{client.name}-{'streamed' if stream else 'whole'}"
    alias = f"strict/{upstream}/{situation}@{caller}"
    error = refused(client, alias, stream=stream)
    expected = REFUSALS[situation]
    status = expected.status
    if client.name == "anthropic":
        status = expected.anthropic_status or status
        # Whoever spoke upstream, the type is one that clients of this dialect switch on.
        assert error.type in get_args(ErrorType)
    assert error.status_code == status
    assert isinstance(error, getattr(expected, client.name))
    assert REQUEST_ID.fullmatch(error.request_id)
    script = SITUATIONS[situation].error
    assert script and script.message in told(error)["message"]
    verbatim = expected.status == 400 and client.name == upstream
    if not verbatim:
        code = told(error)["code"]
        native = situation == "error-400" and upstream == "anthropic"
        assert code == ("invalid_request_error" if native else expected.code)
    if situation == "error-429":
        assert error.response.headers["retry-after"] == "7"
    row = client.gateway.row(error.request_id)
    assert (row["status"], row["stream_end"], row["cost_nanos"]) == (status, "upstream_error", 0)
    assert row["alias"] == alias


@pytest.mark.parametrize("breaks", ["breaks-off", "cut-off"])
def test_a_stream_that_breaks_raises_and_never_looks_finished(
    client: Client, upstream: str, breaks: str, strict: Strict
) -> None:
    alias = f"strict/{upstream}/{breaks}"
    error = refused(client, alias, stream=True)
    assert isinstance(error, (openai.APIError, anthropic.APIStatusError)), error
    raw = client.tap.body
    assert b"[DONE]" not in raw and b"message_stop" not in raw
    last = raw.decode().strip().split("\n\n")[-1]
    if client.name == "openai":
        assert last.startswith('data: {"error":{') and '"choices"' not in last
    else:
        assert last.startswith('event: error\ndata: {"type":"error",')
    found = REQUEST_ID.search(last)
    assert found, "the error names its request"
    row = client.gateway.row(found.group())
    assert row["stream_end"] == {"breaks-off": "upstream_error", "cut-off": "eof"}[breaks]
    assert row["output_tokens"] > 0, "what was streamed is counted"


def test_an_unknown_model_is_404_and_the_nearest_are_named(client: Client, stream: bool) -> None:
    error = refused(client, "strict/openai/plaim", stream=stream)
    assert isinstance(error, (openai.NotFoundError, anthropic.NotFoundError))
    assert told(error)["code"] == "model_not_found"
    assert "`strict/openai/plaim`" in told(error)["message"] and "`strict/openai/plain`" in told(error)["message"]
    assert told(error)["param"] == "model"


@pytest.mark.parametrize("client_class", CLIENT_CLASSES, ids=lambda it: f"{it.name} client")
def test_a_key_reaches_only_its_aliases(client_class: type[Client], gateway: Gateway, strict: Strict) -> None:
    client = client_class(gateway, key=setup_file.SCOPED_KEY)
    client.ask("strict/openai/plain", "Hi")
    error = refused(client, "strict/anthropic/plain")
    assert isinstance(error, (openai.PermissionDeniedError, anthropic.PermissionDeniedError))
    assert told(error)["code"] == "model_not_allowed"


WRONG_KEYS = {
    "wl_sdk_0123456789abcdef0123456789abcdeX": "invalid_api_key",
    "sk-ant-api03-abcdefghijklmnopqrstuvwxyz": "foreign_key_format",
    "sk-proj-abcdefghijklmnopqrstuvwxyz01234": "foreign_key_format",
}


@pytest.mark.parametrize("key", list(WRONG_KEYS), ids=list(WRONG_KEYS.values()))
@pytest.mark.parametrize("client_class", CLIENT_CLASSES, ids=lambda it: f"{it.name} client")
def test_a_wrong_key_is_401_and_never_echoed(client_class: type[Client], key: str, gateway: Gateway) -> None:
    error = refused(client_class(gateway, key=key), "strict/openai/plain")
    assert isinstance(error, (openai.AuthenticationError, anthropic.AuthenticationError))
    assert told(error)["code"] == WRONG_KEYS[key]
    assert key not in str(error) and key not in str(error.response.headers)
    assert REQUEST_ID.fullmatch(error.request_id)


MALFORMED = {
    "no messages": {"messages": "hello"},
    "a role that is none": {"messages": [{"role": "wizard", "content": "hi"}]},
    "a limit that is text": {"max_tokens": "many"},
}


@pytest.mark.parametrize("body", list(MALFORMED.values()), ids=list(MALFORMED))
def test_a_malformed_request_is_400_in_the_callers_dialect(client: Client, body: dict[str, Any]) -> None:
    other = "anthropic" if client.name == "openai" else "openai"
    error = refused(client, f"strict/{other}/plain", extra_body=body)
    assert isinstance(error, (openai.BadRequestError, anthropic.BadRequestError))
    kind = told(error)["type"]
    assert (kind, told(error)["code"]) == ("invalid_request_error", "invalid_request")


def test_retries_of_the_sdks_are_left_to_them(gateway: Gateway, strict: Strict) -> None:
    """`retry-after` and the status decide: an SDK with retries asks again, and each try is a request."""
    client = OpenAIClient(gateway)
    client.sdk = client.sdk.with_options(max_retries=1)
    before = len(strict.heard)
    refused(client, "strict/openai/error-500@anthropic-whole")
    assert len(strict.heard) - before == 2


def test_the_gateway_names_itself_or_the_provider(openai_client: OpenAIClient, strict: Strict) -> None:
    assert told(refused(openai_client, "no-such-model"))["source"] == "gateway"
    error = told(refused(openai_client, "strict/anthropic/error-500@openai-whole"))
    assert (error["source"], error["provider_status"]) == ("provider", 500)


def test_anthropic_clients_find_their_request_id_in_the_body(anthropic_client: AnthropicClient) -> None:
    error = refused(anthropic_client, "no-such-model")
    assert isinstance(error.response, httpx2.Response)
    assert error.body["request_id"] == error.request_id == error.response.headers["request-id"]
    assert (error.body["type"], error.type) == ("error", "not_found_error")

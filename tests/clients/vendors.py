"""What the vendors would refuse of a request: the rules of `tests/sdk`, and the betas that coding agents ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from anthropic.types.beta import message_create_params

import rules
from shapes import mistakes


def openai_chat(body: dict[str, Any], headers: Mapping[str, str]) -> list[str]:
    """No header changes what a body may hold."""
    return rules.openai(body)


def anthropic_messages(body: dict[str, Any], headers: Mapping[str, str]) -> list[str]:
    """With `anthropic-beta` the body may hold what the types of the betas hold; without it that is a 400."""
    version = headers.get("anthropic-version")
    if not headers.get("anthropic-beta"):
        return rules.anthropic(body, version)
    wrong = mistakes(body, message_create_params.MessageCreateParamsStreaming)
    # The fields of betas are checked; the rules are for the others.
    stable = {name: value for name, value in body.items() if name != "context_management"}
    return wrong or rules.anthropic(stable, version)

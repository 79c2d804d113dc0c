"""What the script needs of a request in the two dialects whose answers `tests/sdk` already speaks."""

from __future__ import annotations

import json
from typing import Any

import rules
from script import THINKING, Heard
from situations import Call
from tools import Offered


def chat(body: dict[str, Any]) -> Heard:
    """Of OpenAI's chat completions. Models behind it think aloud unasked, and get nothing of it back."""
    functions = [it["function"] for it in body.get("tools", []) if it["type"] == "function"]
    heard = Heard([Offered(it["name"], it.get("parameters", {})) for it in functions], thinks=True, seals=False)
    for message in body["messages"]:
        for call in message.get("tool_calls", []):
            heard.calls.append(Call(call["id"], call["function"]["name"], call["function"]["arguments"]))
        if message["role"] == "tool":
            heard.results.append(message["tool_call_id"])
    return heard


def messages(body: dict[str, Any]) -> Heard:
    """Of Anthropic's messages. What was thought must come back with its signature while the tool loop lasts."""
    # Tools that the vendor runs have no schema.
    tools = [Offered(it["name"], it["input_schema"]) for it in body.get("tools", []) if "input_schema" in it]
    thinks = body.get("thinking", {}).get("type", "disabled") != "disabled"
    heard = Heard(tools, thinks, seals=thinks)
    for message in body["messages"]:
        for block in message["content"] if isinstance(message["content"], list) else []:
            match block["type"]:
                case "thinking":
                    heard.sealed = block["signature"] == rules.signature(THINKING)
                case "tool_use":
                    arguments = json.dumps(block["input"], ensure_ascii=False)
                    heard.calls.append(Call(block["id"], block["name"], arguments))
                case "tool_result":
                    heard.results.append(block["tool_use_id"])
    return heard

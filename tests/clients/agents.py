"""The coding agents: how each is told where its model is, and how it is asked to work without anybody there."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

PROMPT = "Write the three files, as agreed."


@dataclass(frozen=True)
class Place:
    """Where an agent works and whom it asks."""

    # The folder with `node_modules`.
    packages: Path
    # A home of its own, and the folder it is started in.
    home: Path
    work: Path
    # The root of the gateway, without a path.
    url: str
    key: str
    model: str


class Agent(ABC):
    """One agent."""

    name: str
    # Of its requests.
    dialect: str

    @abstractmethod
    def command(self, place: Place) -> list[str]:
        """What to run; writes the settings it reads into its home first."""

    @abstractmethod
    def environment(self, place: Place) -> dict[str, str]:
        """What it is told beside PATH, HOME and the like. Nothing of the caller's own goes in."""


class ClaudeCode(Agent):
    """@anthropic-ai/claude-code. Settings: https://code.claude.com/docs/en/llm-gateway and …/settings."""

    name = "claude"
    dialect = "anthropic-messages"

    def command(self, place: Place) -> list[str]:
        wrapper = place.packages / "node_modules/@anthropic-ai/claude-code/cli-wrapper.cjs"
        # Edits are accepted in the folder it works in; everything else would ask, and nobody is there.
        return ["node", str(wrapper), "-p", PROMPT, "--model", place.model, "--permission-mode", "acceptEdits"]

    def environment(self, place: Place) -> dict[str, str]:
        return {
            "ANTHROPIC_BASE_URL": place.url,
            "ANTHROPIC_AUTH_TOKEN": place.key,
            "CLAUDE_CONFIG_DIR": str(place.home / ".claude"),
            # It asks the gateway for its models then, too.
            "CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY": "1",
            "DISABLE_AUTOUPDATER": "1",
            "DISABLE_TELEMETRY": "1",
            # It would try a mistake of ours ten times.
            "CLAUDE_CODE_MAX_RETRIES": "1",
        }


class Codex(Agent):
    """@openai/codex. Settings: https://developers.openai.com/codex/config-reference."""

    name = "codex"
    dialect = "openai-responses"

    def command(self, place: Place) -> list[str]:
        settings = place.home / ".codex/config.toml"
        settings.parent.mkdir(parents=True)
        # A refused web socket must lead to HTTP at once.
        settings.write_text(
            f"""model = {json.dumps(place.model)}
model_provider = "gateway"
check_for_update_on_startup = false

[analytics]
enabled = false

[model_providers.gateway]
name = "gateway"
base_url = "{place.url}/v1"
env_key = "GATEWAY_KEY"
wire_api = "responses"
supports_websockets = true
request_max_retries = 1
stream_max_retries = 1
"""
        )
        script = place.packages / "node_modules/@openai/codex/bin/codex.js"
        # Its own sandbox needs kernel features that containers lack; the folder is a throwaway one.
        unasked = ["--dangerously-bypass-approvals-and-sandbox", "--skip-git-repo-check"]
        return ["node", str(script), "exec", *unasked, PROMPT]

    def environment(self, place: Place) -> dict[str, str]:
        return {"CODEX_HOME": str(place.home / ".codex"), "GATEWAY_KEY": place.key}


class GeminiCli(Agent):
    """@google/gemini-cli. Settings: https://geminicli.com/docs/reference/configuration."""

    name = "gemini"
    dialect = "gemini"

    def command(self, place: Place) -> list[str]:
        settings = place.home / ".gemini/settings.json"
        settings.parent.mkdir(parents=True)
        chosen = {
            # It would try a mistake of ours for minutes.
            "general": {"enableAutoUpdate": False, "enableAutoUpdateNotification": False, "maxAttempts": 2},
            "privacy": {"usageStatisticsEnabled": False},
            "security": {"auth": {"selectedType": "gemini-api-key"}},
        }
        settings.write_text(json.dumps(chosen))
        script = place.packages / "node_modules/@google/gemini-cli/bundle/gemini.js"
        return ["node", str(script), "-p", PROMPT, "-m", place.model, "--approval-mode", "yolo", "--skip-trust"]

    def environment(self, place: Place) -> dict[str, str]:
        return {"GEMINI_API_KEY": place.key, "GOOGLE_GEMINI_BASE_URL": place.url}


AGENTS: tuple[Agent, ...] = (ClaudeCode(), Codex(), GeminiCli())

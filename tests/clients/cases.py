"""Which agent is tried with which upstream, and under which model name: names it knows change what it sends."""

from __future__ import annotations

from dataclasses import dataclass

from agents import AGENTS, Agent

CLAUDE, CODEX, GEMINI = AGENTS


@dataclass(frozen=True)
class Case:
    """One conversation."""

    agent: Agent
    # The dialect of the upstream.
    upstream: str
    model: str
    # Whether the model is asked to think, so that its thinking has to survive the loop.
    thinks: bool

    @property
    def title(self) -> str:
        """`codex (openai-responses) as gpt-5.5 -> anthropic-messages`."""
        return f"{self.agent.name} ({self.agent.dialect}) as {self.model} -> {self.upstream}"


# OpenAI's chat dialect has models that think unasked.
CASES = (
    # A system message amid the conversation, adaptive thinking, an effort.
    Case(CLAUDE, "openai-chat", "coder", thinks=True),
    # A model it knows: a system message after the tools' results too.
    Case(CLAUDE, "openai-chat", "claude-sonnet-5", thinks=True),
    # The same dialect on both sides, with the fields of betas; a signature is obligatory under a budget.
    Case(CLAUDE, "anthropic-messages", "claude-haiku-4-5", thinks=True),
    # Namespaces and hosted tools beside its functions.
    Case(CODEX, "anthropic-messages", "coder", thinks=False),
    # A model it knows: patches as free text under a grammar, an effort, sealed reasoning.
    Case(CODEX, "anthropic-messages", "gpt-5.5", thinks=True),
    Case(CODEX, "openai-chat", "gpt-5.5", thinks=True),
    # JSON schema beyond what OpenAPI had; sampling that other vendors refuse together.
    Case(GEMINI, "openai-chat", "coder", thinks=True),
    # A model it knows: a budget, so that the signature has to return.
    Case(GEMINI, "anthropic-messages", "gemini-2.5-pro", thinks=True),
)

"""The four surfaces, each with the vendor's own SDK for Python."""

from __future__ import annotations

from surfaces.anthropic_messages import AnthropicClient
from surfaces.base import Surface
from surfaces.gemini import GeminiClient
from surfaces.openai_chat import OpenAIChatClient
from surfaces.openai_responses import OpenAIResponsesClient

SURFACES: dict[str, type[Surface]] = {
    it.name: it for it in (OpenAIChatClient, OpenAIResponsesClient, AnthropicClient, GeminiClient)
}

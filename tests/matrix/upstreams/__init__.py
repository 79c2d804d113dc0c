"""The eight upstreams, and Vertex' addresses of the fourth."""

from __future__ import annotations

from upstreams.anthropic_messages import AnthropicMessages
from upstreams.base import Upstream
from upstreams.bedrock import Bedrock
from upstreams.cohere_v2 import Cohere
from upstreams.gemini import Gemini, Vertex
from upstreams.ollama_native import Ollama
from upstreams.openai_chat import AzureOpenAI, OpenAIChat
from upstreams.openai_responses import OpenAIResponses

KINDS: tuple[type[Upstream], ...] = (OpenAIChat, OpenAIResponses, AnthropicMessages, Gemini)
KINDS += (Cohere, Bedrock, Ollama, AzureOpenAI, Vertex)
UPSTREAMS: dict[str, Upstream] = {it.name: it() for it in KINDS}

"""What the registry's words mean in the catalog: one table or small function per column."""

import re
from decimal import Decimal

# The registry's provider, and the kind whose addresses and grammar it is.
KINDS = {
    "openai": "openai", "text-completion-openai": "openai", "anthropic": "anthropic", "gemini": "gemini",
    "azure": "azure-openai", "azure_text": "azure-openai",
    "bedrock": "bedrock", "bedrock_converse": "bedrock",
    "cohere": "cohere", "cohere_chat": "cohere",
    "vertex_ai": "vertex", "vertex_ai-language-models": "vertex", "vertex_ai-anthropic_models": "vertex",
    "vertex_ai-llama_models": "vertex", "vertex_ai-deepseek_models": "vertex",
    "vertex_ai-qwen_models": "vertex", "vertex_ai-openai_models": "vertex", "vertex_ai-zai_models": "vertex",
    "vertex_ai-minimax_models": "vertex", "vertex_ai-moonshot_models": "vertex",
    "vertex_ai-embedding-models": "vertex", "vertex_ai-image-models": "vertex",
    "vertex_ai-video-models": "vertex",
    "mistral": "mistral", "deepseek": "deepseek", "groq": "groq",
    "together_ai": "together", "fireworks_ai": "fireworks", "fireworks_ai-embedding-models": "fireworks",
    "xai": "xai", "perplexity": "perplexity", "moonshot": "moonshot", "dashscope": "qwen",
    "qwencloud": "qwen", "zai": "zhipu", "minimax": "minimax", "nvidia_nim": "nvidia-nim",
    "cerebras": "cerebras", "sambanova": "sambanova", "hyperbolic": "hyperbolic", "novita": "novita",
    "deepinfra": "deepinfra", "cloudflare": "cloudflare", "ai21": "ai21", "nebius": "nebius",
    "lambda_ai": "lambda", "volcengine": "volcengine", "databricks": "databricks", "voyage": "voyage",
    "jina_ai": "jina", "baseten": "baseten", "friendliai": "friendli", "inception": "inception",
    "scaleway": "scaleway", "ovhcloud": "ovhcloud",
}

# Later in the list of spellings: another brand of the same vendor's service.
PREFERRED = {"qwencloud": 1, "bedrock": 1, "text-completion-openai": 1, "azure_text": 1}

# Whose prices in the registry are not what the vendor publishes.
CONVERTED = {
    "databricks": "the vendor publishes them in DBU",
    "volcengine": "the vendor publishes them in yuan",
    "scaleway": "the vendor publishes them in euro",
    "ovhcloud": "the vendor publishes them in euro",
}

# Prices that cannot be: a slip of the registry by some powers of ten, or, below this much for a million
# tokens, a price per step of an image that was written down as one per token.
IMPLAUSIBLE = {("cohere", "embed-multilingual-light-v3.0")}
LEAST_PER_MILLION = Decimal("0.002")

# Vendors whose next tier starts at its limit, not above it: xAI, "requests whose prompt reaches 200k tokens
# are billed at the higher rate" (https://docs.x.ai/developers/models/grok-4.3-latest).
FROM_THERE_ON = {"xai"}

# Units that only one type of model is billed by; elsewhere the registry's field means something else.
ONLY_FOR = {
    "image": "image", "video_second": "video", "audio_second": "speech-to-text", "character": "text-to-speech",
}

MODES = {
    "chat": "llm", "responses": "llm", "completion": "llm", "embedding": "embedding", "rerank": "rerank",
    "image_generation": "image", "image_edit": "image", "audio_transcription": "speech-to-text",
    "audio_speech": "text-to-speech", "moderation": "moderation", "video_generation": "video",
}

# Size classes, resolutions, fine-tuning prices, live and music models, safety filters' rows: priced in
# the registry, but no name a client could ask for, or not reachable by request and answer.
NOT_A_MODEL = re.compile(
    r"^(ft:|low/|medium/|high/|standard/|hd/|auto/|max-x-max/|\d+-x-\d+|together-ai-|fireworks-ai-|container$"
    r"|search$|preset/|speech/|us/|eu/|global/|global-standard/)|-live($|-)|-native-audio|lyria|robotics|realtime"
    r"|-commitment/|(^|/)(high|low|medium)/\d+-x"
)

# How many units a price is for, in the order of a receipt.
UNITS = {
    "input": 1_000_000, "cached_input": 1_000_000, "cache_write": 1_000_000, "cache_write_1h": 1_000_000,
    "audio_input": 1_000_000, "image_input": 1_000_000, "output": 1_000_000, "reasoning": 1_000_000,
    "audio_output": 1_000_000, "image_output": 1_000_000, "request": 1, "image": 1,
    "character": 1_000_000, "audio_second": 1, "video_second": 1, "search": 1,
}

# The registry's fields for each unit, the better one first.
MEASURED = {
    "input": ["input_cost_per_token"],
    "cached_input": ["cache_read_input_token_cost", "input_cost_per_token_cache_hit"],
    "cache_write": ["cache_creation_input_token_cost"],
    "cache_write_1h": ["cache_creation_input_token_cost_above_1hr"],
    "audio_input": ["input_cost_per_audio_token"],
    "image_input": ["input_cost_per_image_token"],
    "output": ["output_cost_per_token"],
    "reasoning": ["output_cost_per_reasoning_token"],
    "audio_output": ["output_cost_per_audio_token"],
    "image_output": ["output_cost_per_image_token"],
    "request": ["input_cost_per_request"],
    "image": ["output_cost_per_image"],
    "character": ["input_cost_per_character"],
    "audio_second": ["input_cost_per_second"],
    "video_second": ["output_cost_per_video_per_second", "output_cost_per_second"],
    "search": ["input_cost_per_query"],
}
TIERED_PARTS = {
    "input": "input_cost_per_token", "cached_input": "cache_read_input_token_cost",
    "cache_write": "cache_creation_input_token_cost", "output": "output_cost_per_token",
    "reasoning": "output_cost_per_reasoning_token",
}

def is_misfiled(model, model_type):
    """Makers of images that the registry lists as chat models."""
    return model_type == "llm" and re.search(r"flux|stable-diffusion|controlnet", model) is not None


PREFIXES = (
    "azure", "bedrock", "gemini", "vertex_ai", "mistral", "codestral", "deepseek", "groq", "together_ai",
    "fireworks_ai", "xai", "perplexity", "moonshot", "dashscope", "qwencloud", "zai", "minimax",
    "nvidia_nim", "cerebras", "sambanova", "hyperbolic", "novita", "deepinfra", "cloudflare", "nebius",
    "lambda_ai", "volcengine", "databricks", "voyage", "jina_ai", "baseten", "friendliai", "inception",
    "scaleway", "ovhcloud", "cohere", "ai21", "openai", "anthropic",
)


def name_of(kind, key):
    """The vendor's own name: the registry's key without the registry's prefix."""
    first, slash, rest = key.partition("/")
    name = rest if slash and first in PREFIXES else key
    if kind == "bedrock" and "/" in name:
        return None  # prices of one region or of provisioned capacity
    if kind == "fireworks" and not name.startswith("accounts/"):
        return None  # a short spelling that the vendor's API does not know
    if kind == "cloudflare" and not name.startswith("@"):
        return None
    return name


# Google's own, served by `generateContent`.
GOOGLES = ("gemini", "gemma", "deep-research", "learnlm", "nano-banana")


def families(kind, model, model_type, facts):
    """The endpoint families a model is served at, in the words of `Family`."""
    fixed = {
        "embedding": "embeddings", "rerank": "rerank", "speech-to-text": "transcription",
        "text-to-speech": "speech", "moderation": "moderation", "video": "video", "image": "image",
    }
    google = kind in ("gemini", "vertex") and model.startswith(GOOGLES)
    if google and model_type != "embedding":
        return ["gemini"]
    if model_type != "llm":
        return [fixed[model_type]]
    if kind == "vertex":
        if model.startswith("claude"):
            return ["messages"]
        return ["chat"] if model.endswith("-maas") else []
    own = {"anthropic": "messages", "gemini": "gemini", "bedrock": "converse", "cohere": "cohere"}
    if kind in own:
        return [own[kind]]
    if facts["mode"] == "completion":
        return ["completions"]
    if kind in ("openai", "azure-openai"):
        said = facts.get("supported_endpoints") or []
        words = {"/v1/chat/completions": "chat", "/v1/responses": "responses"}
        found = [words[it] for it in words if it in said]
        if found:
            return found
        # Both, but for audio and search previews: "Endpoints" of the pages, like
        # https://developers.openai.com/api/docs/models/gpt-4-turbo.
        if facts["mode"] == "chat" and not re.search(r"audio|search-preview", model):
            return ["chat", "responses"]
    if kind == "xai" and facts["mode"] == "chat":
        return ["chat", "responses"]  # https://docs.x.ai/developers/grok-4-6, "APIs"
    return ["responses"] if facts["mode"] == "responses" else ["chat"]


def modalities(model_type, facts):
    """What goes in and what comes out, as far as the registry says."""
    order = ["text", "image", "audio", "video", "file", "vector", "score"]
    taken = set(facts.get("supported_modalities") or [])
    given = set(facts.get("supported_output_modalities") or [])
    for field, what in (("supports_vision", "image"), ("supports_audio_input", "audio"),
                        ("supports_video_input", "video"), ("supports_pdf_input", "file")):
        if facts.get(field) and model_type == "llm":
            taken.add(what)
    if facts.get("supports_audio_output") and model_type == "llm":
        given.add("audio")
    always = {
        "llm": ("text", "text"), "embedding": ("text", "vector"), "rerank": ("text", "score"),
        "image": ("text", "image"), "speech-to-text": ("audio", "text"), "text-to-speech": ("text", "audio"),
        "moderation": ("text", "score"), "video": ("text", "video"),
    }[model_type]
    taken.add(always[0])
    if model_type == "llm":
        # Charts and code are text on the wire; a chat model of the registry that "gives images" calls
        # a hosted tool for them.
        given = given & {"text", "audio"} | {"text"}
    else:
        given = {always[1]} | (given & {"text"} if model_type == "image" else set())
    return [it for it in order if it in taken], [it for it in order if it in given]


def window(kind, facts):
    """Tokens of prompt and answer together.

    OpenAI's window is the sum of its two limits (400,000 = 272,000 + 128,000, as at
    https://developers.openai.com/api/docs/models/gpt-5-nano; 1,050,000 = 922,000 + 128,000, as at
    https://developers.openai.com/api/docs/models/gpt-6-sol), and the registry has the limits. Elsewhere
    its `max_input_tokens` is the window, or the closest figure that is published.
    """
    taken, given = facts.get("max_input_tokens"), facts.get("max_output_tokens")
    if kind in ("openai", "azure-openai") and (taken, given) in ((272_000, 128_000), (922_000, 128_000)):
        return taken + given
    return int(taken) if taken else None


def is_rounded(unit, amount):
    """Vendors price sound by the minute or the hour; the registry by the second, often cut off."""
    decimals = {seconds: -(amount * seconds).normalize().as_tuple().exponent for seconds in (60, 3600)}
    return unit == "audio_second" and decimals[60] > 4 and decimals[3600] > 3


def most_output(model_type, facts):
    """Most tokens of an answer; unknown where the registry contradicts itself."""
    taken, given = facts.get("max_input_tokens"), facts.get("max_output_tokens")
    return given if model_type == "llm" and given and given <= (taken or given) else None


def reasoning(kind, model, facts):
    """How reasoning is asked for, where the vendor's documentation says it; else absent."""
    if not facts["supports_reasoning"]:
        return None
    if "claude" in model:
        return "adaptive" if facts.get("supports_adaptive_thinking") else "budget"
    if kind in ("gemini", "vertex") and model.startswith("gemini"):
        return "budget" if "2.5" in model else "effort"
    if kind in ("openai", "azure-openai", "xai") or "gpt-oss" in model:
        return "effort"
    return None


def token_fields(kind, model, served, facts):
    """The name and the least value of the answer limit.

    OpenAI: `max_tokens` "is not compatible with o-series models"
    (https://platform.openai.com/docs/api-reference/chat/create); `max_output_tokens` below 16 is refused
    by the Responses API with `integer_below_min_value`.
    """
    if kind not in ("openai", "azure-openai") or not facts.get("supports_reasoning"):
        return {}
    made = {"token_limit": "max_completion_tokens"} if "chat" in served else {}
    if "responses" in served:
        made["min_output"] = 16
    return made


def refuses(kind, facts):
    """Request fields that the model answers with an error.

    Anthropic: the models that the registry marks so refuse sampling parameters other than the default
    (as at https://platform.claude.com/docs/zh-CN/models/sonnet-5/overview).
    """
    if kind == "anthropic" and facts.get("supports_sampling_params") is False:
        return ["temperature", "top_p", "top_k"]
    return []

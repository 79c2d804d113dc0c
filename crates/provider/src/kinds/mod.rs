//! The vendors. Nothing outside this folder names one.

mod anthropic;
mod azure;
mod bedrock;
mod cohere;
mod compatible;
mod deepgram;
mod elevenlabs;
mod families;
mod gemini;
mod ollama;
mod openai;
mod place;
mod runway;
mod sandbox;
mod stability;
pub(crate) mod tasks;
mod vendors;
mod vertex;

pub(crate) use compatible::below;

use crate::ProviderKind;
use vendors::{clouds, labs, local, platforms, regional, routers, search};

/// Every kind, in the order people see them.
pub static KINDS: &[&dyn ProviderKind] = &[
    &openai::OPENAI,
    &anthropic::Anthropic,
    &cohere::COHERE,
    &ollama::OLLAMA,
    &bedrock::Bedrock,
    &azure::AzureOpenAi,
    &gemini::Gemini,
    &vertex::Vertex,
    &labs::MISTRAL,
    &labs::DEEPSEEK,
    &labs::XAI,
    &labs::PERPLEXITY,
    &labs::AI21,
    &labs::UPSTAGE,
    &labs::INCEPTION,
    &search::VOYAGE,
    &search::JINA,
    &regional::MOONSHOT,
    &regional::QWEN,
    &regional::ZHIPU,
    &regional::MINIMAX,
    &regional::SILICONFLOW,
    &regional::VOLCENGINE,
    &regional::QIANFAN,
    &regional::HUNYUAN,
    &regional::STEPFUN,
    &regional::YI,
    &regional::BAICHUAN,
    &clouds::GROQ,
    &clouds::TOGETHER,
    &clouds::FIREWORKS,
    &clouds::CEREBRAS,
    &clouds::SAMBANOVA,
    &clouds::NVIDIA_NIM,
    &clouds::HYPERBOLIC,
    &clouds::NOVITA,
    &clouds::DEEPINFRA,
    &clouds::NEBIUS,
    &clouds::BASETEN,
    &clouds::FEATHERLESS,
    &clouds::FRIENDLI,
    &clouds::CHUTES,
    &platforms::GITHUB_MODELS,
    &platforms::CLOUDFLARE,
    &platforms::DATABRICKS,
    &platforms::SCALEWAY,
    &platforms::OVHCLOUD,
    &routers::OPENROUTER,
    &routers::HUGGINGFACE,
    &routers::VERCEL,
    &routers::REQUESTY,
    &routers::LITELLM,
    &deepgram::Deepgram,
    &elevenlabs::ElevenLabs,
    &local::VLLM,
    &local::SGLANG,
    &local::LM_STUDIO,
    &local::LLAMA_CPP,
    &local::LOCALAI,
    &local::XINFERENCE,
    &local::TGI,
    &local::JAN,
    &local::DOCKER_MODEL_RUNNER,
    &local::GPUSTACK,
    &local::TEI,
    &local::INFINITY,
    &local::WHISPER_CPP,
    &runway::Runway,
    &stability::Stability,
    &compatible::OPENAI_COMPATIBLE,
    &sandbox::Sandbox,
];

/// The kind with that public id.
pub fn kind(id: &str) -> Option<&'static dyn ProviderKind> {
    KINDS.iter().copied().find(|kind| kind.manifest().id == id)
}

#[cfg(test)]
mod tests;

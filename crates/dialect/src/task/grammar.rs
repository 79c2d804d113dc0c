//! The grammars in which providers are asked what is no conversation.

/// A vendor's grammar for one or more operations. Several vendors speak one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Grammar {
    /// OpenAI's, which most vendors speak for most operations.
    OpenAi,
    /// Cohere's, version 2.
    Cohere,
    /// Google's, in AI Studio.
    Gemini,
    /// Google's, in Vertex AI.
    Vertex,
    /// Vertex AI's ranking (Discovery Engine).
    VertexRanking,
    /// Amazon Bedrock's `InvokeModel`: the body is that of the model's own family.
    Bedrock,
    /// Ollama's own.
    Ollama,
    /// Voyage's.
    Voyage,
    /// Jina's.
    Jina,
    /// Mistral's, where it differs from OpenAI's.
    Mistral,
    /// Hugging Face's text-embeddings-inference.
    Tei,
    /// Deepgram's.
    Deepgram,
    /// ElevenLabs'.
    ElevenLabs,
    /// Stability's.
    Stability,
    /// Runway's.
    Runway,
    /// Together's pictures: OpenAI's path, other fields.
    Together,
    /// SiliconFlow's pictures: OpenAI's path, other fields.
    SiliconFlow,
    /// xAI's pictures: OpenAI's path, other fields.
    Xai,
}

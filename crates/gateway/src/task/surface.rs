//! The paths of operations that are no conversation, and who reads what is sent there.

use wayleave_dialect::ClientDialect;
use wayleave_dialect::task::{
    Grammar, ReadQuestion, embed, image, moderate, rerank, speak, transcribe,
};
use wayleave_model::provider::Operation;

/// A path.
#[derive(Debug)]
pub struct TaskSurface {
    /// What is done there.
    pub operation: Operation,
    /// As rows name it.
    pub path: &'static str,
    /// Reads what is sent.
    pub read: ReadQuestion,
    /// The grammar that clients speak there: a provider's error in the same one is passed on.
    pub grammar: Grammar,
    /// The dialect that errors are written in.
    pub dialect: ClientDialect,
}

impl PartialEq for TaskSurface {
    fn eq(&self, other: &TaskSurface) -> bool {
        self.path == other.path
    }
}

impl Eq for TaskSurface {}

const fn openai(operation: Operation, path: &'static str, read: ReadQuestion) -> TaskSurface {
    let dialect = ClientDialect::OpenAiChat;
    TaskSurface { operation, path, read, grammar: Grammar::OpenAi, dialect }
}

const fn gemini(operation: Operation, path: &'static str, read: ReadQuestion) -> TaskSurface {
    let (grammar, dialect) = (Grammar::Gemini, ClientDialect::Gemini);
    TaskSurface { operation, path, read, grammar, dialect }
}

/// Vectors for texts.
pub static EMBEDDINGS: TaskSurface = openai(Operation::Embed, "/v1/embeddings", embed::read_openai);

/// A vector, for Google's clients.
pub static EMBED_CONTENT: TaskSurface =
    gemini(Operation::Embed, "/v1beta/models/{model}:embedContent", embed::read_gemini);

/// Vectors, for Google's clients.
pub static BATCH_EMBED_CONTENTS: TaskSurface =
    gemini(Operation::Embed, "/v1beta/models/{model}:batchEmbedContents", embed::read_gemini_batch);

/// Speech as text.
pub static TRANSCRIPTIONS: TaskSurface =
    openai(Operation::Transcribe, "/v1/audio/transcriptions", transcribe::read_transcription);

/// Speech as English text.
pub static TRANSLATIONS: TaskSurface =
    openai(Operation::Translate, "/v1/audio/translations", transcribe::read_translation);

/// Text as speech.
pub static SPEECH: TaskSurface = openai(Operation::Speech, "/v1/audio/speech", speak::read_openai);

/// Documents by relevance. Served under `/v2` too, where Cohere's clients look for it.
pub static RERANK: TaskSurface = openai(Operation::Rerank, "/v1/rerank", rerank::read);

/// A judgement of content.
pub static MODERATIONS: TaskSurface =
    openai(Operation::Moderate, "/v1/moderations", moderate::read);

/// Pictures from words.
pub static IMAGES: TaskSurface =
    openai(Operation::Image, "/v1/images/generations", image::read_generation);

/// Pictures from pictures.
pub static IMAGE_EDITS: TaskSurface =
    openai(Operation::ImageEdit, "/v1/images/edits", image::read_edit);

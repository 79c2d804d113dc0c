//! The paths of operations that are no conversation, and who reads what is sent there.

use wayleave_dialect::ClientDialect;
use wayleave_dialect::task::{Grammar, ReadQuestion, embed};
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

/// Vectors for texts.
pub static EMBEDDINGS: TaskSurface = openai(Operation::Embed, "/v1/embeddings", embed::read_openai);

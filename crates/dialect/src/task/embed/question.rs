//! A client's request for vectors, written in the grammar of whoever is asked.

use bytes::Bytes;
use wayleave_model::Usage;
use wayleave_model::record::Asked;
use wayleave_model::target::ModelFacts;

use super::answer::{Form, Joined, ReadRows};
use super::request::{EmbedRequest, Input};
use super::{bedrock, cohere, gemini, jina, mistral, ollama, pass, plain, tei, vertex, voyage};
use crate::task::{Callee, Consumes, Grammar, Question, Reader, Wire, Written};
use crate::{Losses, Malformed, Severity};

/// The most calls that are made of one request, where a provider takes few inputs in each.
const MOST_CALLS: usize = 2048;

/// A request for vectors.
pub(super) struct Embedding {
    pub(super) request: EmbedRequest,
    pub(super) surface: Surface,
    /// As the client sent it.
    pub(super) body: Bytes,
}

/// Where it came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Surface {
    /// `/v1/embeddings`.
    OpenAi,
    /// `:embedContent`.
    GeminiOne,
    /// `:batchEmbedContents`.
    GeminiBatch,
}

impl Question for Embedding {
    fn model(&self) -> &str {
        &self.request.model
    }

    fn asked(&self) -> Asked {
        Asked {
            vision: self.request.has_images(),
            bytes: self.body.len() as u64,
            estimated_input: self.request.tokens().0,
            ..Asked::default()
        }
    }

    fn end_user(&self) -> Option<&str> {
        self.request.user.as_deref()
    }

    fn consumes(&self, _facts: &ModelFacts) -> Consumes {
        let (about, most) = self.request.tokens();
        let sent = Usage { input: about, ..Usage::default() };
        Consumes { sent, most: Usage { input: most, ..sent } }
    }

    fn write(&self, to: &Callee<'_>, losses: &mut Losses) -> Result<Written, Malformed> {
        if self.request.has_images() && to.facts.vision == Some(false) {
            return Err(Malformed::incapable("input", "this model makes vectors of texts only"));
        }
        let ask = Ask { request: &self.request, form: self.form(), to };
        match (to.grammar, self.surface) {
            (Grammar::OpenAi, Surface::OpenAi) => pass::openai(&ask, &self.body),
            (Grammar::OpenAi, _) => plain::write(&ask, losses),
            (Grammar::Gemini, Surface::OpenAi) => gemini::write(&ask, losses),
            (Grammar::Gemini, surface) => pass::gemini(&ask, &self.body, surface),
            (Grammar::Vertex, _) => vertex::write(&ask, losses),
            (Grammar::Cohere, _) => cohere::write(&ask, losses),
            (Grammar::Bedrock, _) => bedrock::write(&ask, losses),
            (Grammar::Ollama, _) => ollama::write(&ask, losses),
            (Grammar::Voyage, _) => voyage::write(&ask, losses),
            (Grammar::Jina, _) => jina::write(&ask, losses),
            (Grammar::Mistral, _) => mistral::write(&ask, losses),
            (Grammar::Tei, _) => tei::write(&ask, losses),
            _ => Err(Malformed::incapable("model", "this provider makes no vectors")),
        }
    }
}

impl Embedding {
    fn form(&self) -> Form {
        match self.surface {
            Surface::OpenAi => Form::OpenAi,
            Surface::GeminiOne => Form::GeminiOne,
            Surface::GeminiBatch => Form::GeminiBatch,
        }
    }
}

/// A request on its way to one target.
pub(super) struct Ask<'a> {
    pub(super) request: &'a EmbedRequest,
    /// How the client reads the answer.
    pub(super) form: Form,
    pub(super) to: &'a Callee<'a>,
}

impl Ask<'_> {
    /// How many inputs go into one call: what is said of the model, else what the vendor documents.
    pub(super) fn batch(&self, documented: usize) -> usize {
        let said = self.to.facts.max_batch.and_then(|most| usize::try_from(most).ok());
        said.unwrap_or(documented).max(1)
    }

    /// A wire for each batch of `size` inputs; `body` writes one, given where its first input stands.
    pub(super) fn wires(
        &self,
        size: usize,
        read: ReadRows,
        mut write: impl FnMut(usize, &[Input]) -> Result<Wire, Malformed>,
    ) -> Result<Written, Malformed> {
        let inputs = &self.request.inputs;
        if inputs.len().div_ceil(size) > MOST_CALLS {
            return Err(Malformed::incapable(
                "input",
                format!(
                    "this model takes {size} inputs in a call, and {MOST_CALLS} calls are made of \
                     one request at most: send fewer inputs"
                ),
            ));
        }
        let mut wires = Vec::with_capacity(inputs.len().div_ceil(size));
        for (at, batch) in inputs.chunks(size).enumerate() {
            wires.push(write(at * size, batch)?);
        }
        let expected = inputs.chunks(size).map(<[Input]>::len);
        let reader = Joined::new(read, expected, self.form, self.request);
        Ok(Written { wires, edits: Vec::new(), reader: Reader::Whole(Box::new(reader)) })
    }

    /// Names what stays behind but for what is in `carried`; refuses where vectors would be of
    /// another kind than those asked for.
    pub(super) fn leave(&self, carried: &[Carried], losses: &mut Losses) -> Result<(), Malformed> {
        let request = self.request;
        let lost = |what: Carried| !carried.contains(&what);
        if let Some(path) = &request.mixed {
            let message = "this provider makes vectors of one kind in a call: send those of another \
                           taskType or outputDimensionality on their own";
            return Err(Malformed::unsupported(path.clone(), message));
        }
        if request.dimensions.is_some() && lost(Carried::Dimensions) {
            let message = "this model's vectors have one number of dimensions: leave it out";
            return Err(Malformed::unsupported("dimensions", message));
        }
        if let Some((field, dtype)) = request.dtype
            && dtype != super::request::Dtype::Float
            && lost(Carried::Dtype)
        {
            return Err(Malformed::unsupported(field, "this model's vectors are floats"));
        }
        if request.late_chunking == Some(true) && lost(Carried::LateChunking) {
            let message = "this model makes each vector from its own input alone";
            return Err(Malformed::unsupported("late_chunking", message));
        }
        let mut note = |what, field: &str, reason, severity| {
            if lost(what) {
                losses.note(field, reason, severity);
            }
        };
        if let Some((field, _)) = &request.purpose {
            let reason = "the provider's vectors have no purpose";
            note(Carried::Purpose, field, reason, Severity::Meaning);
        }
        if let Some((field, _)) = request.truncate {
            let reason = "the provider decides what is done with a long input";
            note(Carried::Truncate, field, reason, Severity::Meaning);
        }
        if let Some((field, _)) = request.normalize {
            let reason = "the model decides how long its vectors are";
            note(Carried::Normalize, field, reason, Severity::Meaning);
        }
        if request.title.is_some() {
            note(Carried::Title, "title", "no such field", Severity::Hint);
        }
        if request.user.is_some() {
            note(Carried::User, "user", "no such field", Severity::Hint);
        }
        if request.titles_differ {
            losses.note(
                "title",
                "documents of one call have no titles of their own",
                Severity::Hint,
            );
        }
        for field in &request.rest {
            losses.note(field.clone(), "no such field", Severity::Meaning);
        }
        Ok(())
    }
}

/// What a grammar can carry beside inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carried {
    /// How many dimensions.
    Dimensions,
    /// Numbers other than floats.
    Dtype,
    /// What vectors are for; a word that it does not have is its own loss.
    Purpose,
    /// What is done with long inputs.
    Truncate,
    /// Vectors of length one.
    Normalize,
    /// Parts of one document.
    LateChunking,
    /// The title of a document.
    Title,
    /// The client's name for its end user.
    User,
}

/// The loss of a purpose for which the target has no word.
pub(super) fn no_word(field: &'static str, losses: &mut Losses) {
    losses.note(field, "the provider has no word for this purpose", Severity::Meaning);
}

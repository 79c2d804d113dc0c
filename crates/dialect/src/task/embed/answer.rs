//! Joins the answers to the wires of one request for vectors, and writes the client's.

use std::collections::VecDeque;

use bytes::Bytes;
use wayleave_model::Usage;
use wayleave_model::usage::UsageSource;

use super::request::{Dtype, EmbedRequest};
use super::vector::Vector;
use crate::error::Fault;
use crate::json::{self, Object};
use crate::task::{Context, ReadAnswer, Said, Spoken};

/// What one answer of a provider holds.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// The vectors, in the order of the inputs.
    pub(super) vectors: Vec<Vector>,
    /// What was consumed, as far as it says.
    pub(super) told: Told,
    /// The name of the model, where it says one.
    pub(super) model: Option<String>,
}

/// What a provider says was consumed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Told {
    /// Tokens of texts and images.
    pub(super) input: Option<u64>,
    /// Of these: images.
    pub(super) image_input: u64,
    /// Images, where these are counted and not their tokens.
    pub(super) images: u64,
}

/// Reads one answer.
pub(super) type ReadRows = fn(&Said) -> Result<Rows, Fault>;

/// How the client reads vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// OpenAI's list.
    OpenAi,
    /// Google's, of one.
    GeminiOne,
    /// Google's, of several.
    GeminiBatch,
}

/// Answers to several wires, as they come in.
pub(super) struct Joined {
    read: ReadRows,
    /// How many vectors each wire still to be answered asked for.
    expected: VecDeque<usize>,
    form: Form,
    base64: bool,
    numbers: Dtype,
    estimate: u64,
    vectors: Vec<Vector>,
    usage: Summed,
    model: Option<String>,
    /// The provider speaks as the client reads: an answer alone passes as it is.
    passes: bool,
    bodies: Vec<Bytes>,
}

impl Joined {
    /// The same where the provider speaks as the client reads.
    pub(super) fn passing(self) -> Joined {
        Joined { passes: true, ..self }
    }

    /// For `expected` vectors of each wire.
    pub(super) fn new(
        read: ReadRows,
        expected: impl IntoIterator<Item = usize>,
        form: Form,
        request: &EmbedRequest,
    ) -> Joined {
        Joined {
            read,
            expected: expected.into_iter().collect(),
            form,
            base64: request.base64,
            numbers: request.numbers(),
            estimate: request.tokens().0,
            vectors: Vec::new(),
            usage: Summed::default(),
            model: None,
            passes: false,
            bodies: Vec::new(),
        }
    }
}

impl ReadAnswer for Joined {
    fn read(&mut self, said: Said) -> Result<(), Fault> {
        let rows = (self.read)(&said)?;
        counted(rows.vectors.len(), self.expected.pop_front().unwrap_or_default())?;
        self.vectors.extend(rows.vectors);
        self.usage.add(rows.told);
        self.model = self.model.take().or(rows.model);
        if self.passes {
            self.bodies.push(said.body);
        }
        Ok(())
    }

    fn end(self: Box<Self>, context: &Context) -> Result<Spoken, Fault> {
        let (usage, source) = self.usage.total(self.estimate);
        if let [only] = self.bodies.as_slice() {
            return Ok(Spoken { body: only.clone(), usage, source, ..Spoken::default() });
        }
        let mut body = Vec::new();
        match self.form {
            Form::OpenAi => self.openai(context, &usage, &mut body)?,
            Form::GeminiOne => self.gemini(&usage, false, &mut body)?,
            Form::GeminiBatch => self.gemini(&usage, true, &mut body)?,
        }
        Ok(Spoken { body: body.into(), usage, source, ..Spoken::default() })
    }
}

impl Joined {
    /// OpenAI's answer (<https://platform.openai.com/docs/api-reference/embeddings/object>).
    fn openai(&self, context: &Context, usage: &Usage, out: &mut Vec<u8>) -> Result<(), Fault> {
        let model = context.answer_model.as_deref().or(self.model.as_deref());
        let mut rows = Vec::with_capacity(self.vectors.len());
        for (at, vector) in self.vectors.iter().enumerate() {
            let mut row = Vec::new();
            let mut object = Object::open(&mut row);
            object.text("object", "embedding").count("index", at as u64);
            if self.base64 {
                object.text("embedding", &vector.packed(self.numbers)?);
            } else {
                object.raw("embedding", &vector.list(self.numbers)?);
            }
            object.close();
            rows.push(row);
        }
        json::object(out, |object| {
            object.text("object", "list").list("data", rows);
            object.text("model", model.unwrap_or_else(|| context.model()));
            object.nest("usage", |it| {
                it.count("prompt_tokens", usage.input).count("total_tokens", usage.input);
            });
        });
        Ok(())
    }

    /// Google's answer (<https://ai.google.dev/api/embeddings#response-body>).
    fn gemini(&self, usage: &Usage, batch: bool, out: &mut Vec<u8>) -> Result<(), Fault> {
        let mut rows = Vec::with_capacity(self.vectors.len());
        for vector in &self.vectors {
            let values = vector.list(self.numbers)?;
            let mut row = Vec::new();
            json::object(&mut row, |object| {
                object.raw("values", &values);
            });
            rows.push(row);
        }
        json::object(out, |object| {
            match (batch, rows.first()) {
                (false, Some(row)) => object.bytes("embedding", row),
                _ => object.list("embeddings", &rows),
            };
            object.nest("usageMetadata", |it| {
                it.count("promptTokenCount", usage.input);
            });
        });
        Ok(())
    }
}

/// What several answers say was consumed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Summed {
    usage: Usage,
    /// One of them did not say.
    silent: bool,
}

impl Summed {
    /// One more answer.
    pub(super) fn add(&mut self, told: Told) {
        self.silent |= told.input.is_none() && told.images == 0;
        self.usage.input += told.input.unwrap_or_default();
        self.usage.image_input += told.image_input;
        self.usage.images += told.images;
    }

    /// All of it, and who says so; `estimate` stands in where nobody did.
    pub(super) fn total(self, estimate: u64) -> (Usage, UsageSource) {
        if !self.silent {
            return (self.usage, UsageSource::Provider);
        }
        let input = self.usage.input.max(estimate);
        (Usage { input, ..self.usage }, UsageSource::Estimated)
    }
}

/// One vector for each input, or none of them can be told apart.
pub(super) fn counted(given: usize, expected: usize) -> Result<(), Fault> {
    if given == expected {
        return Ok(());
    }
    Err(Fault::unreadable(format!("the provider gave {given} vectors for {expected} inputs")))
}

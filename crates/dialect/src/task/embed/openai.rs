//! `/v1/embeddings` as OpenAI's clients ask it, for providers that speak the same
//! (<https://platform.openai.com/docs/api-reference/embeddings>).

use bytes::Bytes;
use serde::Deserialize;
use wayleave_model::Usage;
use wayleave_model::record::Asked;
use wayleave_model::target::ModelFacts;
use wayleave_model::usage::UsageSource;

use crate::error::Fault;
use crate::raw::RawObject;
use crate::task::{
    Callee, Consumes, Context, Given, Grammar, Question, ReadAnswer, Reader, Said, Spoken, Written,
    splice,
};
use crate::{Losses, Malformed};

/// Reads the request.
///
/// # Errors
/// What is missing or of the wrong type.
pub fn read(given: &Given<'_>) -> Result<Box<dyn Question>, Malformed> {
    let body = given.json()?.clone();
    let object = RawObject::read(&body)?;
    let model = object.string("model").transpose()?.unwrap_or_default().into_owned();
    if model.is_empty() {
        return Err(Malformed::at("model", "`model` is missing"));
    }
    if !object.has("input") {
        return Err(Malformed::at("input", "`input` is missing: a text or a list of texts"));
    }
    let end_user = object.string("user").transpose()?.map(|it| it.into_owned());
    Ok(Box::new(Embeddings { model, end_user, body }))
}

struct Embeddings {
    model: String,
    end_user: Option<String>,
    body: Bytes,
}

impl Question for Embeddings {
    fn model(&self) -> &str {
        &self.model
    }

    fn asked(&self) -> Asked {
        let bytes = self.body.len() as u64;
        Asked { bytes, estimated_input: bytes.div_ceil(4), ..Asked::default() }
    }

    fn end_user(&self) -> Option<&str> {
        self.end_user.as_deref()
    }

    fn consumes(&self, _facts: &ModelFacts) -> Consumes {
        let bytes = self.body.len() as u64;
        let sent = Usage { input: bytes.div_ceil(4), ..Usage::default() };
        Consumes { sent, most: Usage { input: bytes, ..sent } }
    }

    fn write(&self, to: &Callee<'_>, _losses: &mut Losses) -> Result<Written, Malformed> {
        match to.grammar {
            Grammar::OpenAi => {
                let (wire, edits) = splice::for_model(&self.body, to.model)?;
                let reader = Reader::Whole(Box::new(Passed { body: Bytes::new() }));
                Ok(Written { wires: vec![wire], edits, reader })
            }
            _ => Err(Malformed::new("no vectors are asked for in this grammar")),
        }
    }
}

/// OpenAI's own answer, passed on.
struct Passed {
    body: Bytes,
}

#[derive(Deserialize)]
struct Told {
    #[serde(default)]
    usage: Option<ToldUsage>,
}

#[derive(Deserialize, Default)]
struct ToldUsage {
    #[serde(default)]
    prompt_tokens: Option<u64>,
    #[serde(default)]
    total_tokens: Option<u64>,
}

impl ReadAnswer for Passed {
    fn read(&mut self, said: Said) -> Result<(), Fault> {
        self.body = said.body;
        Ok(())
    }

    fn end(self: Box<Self>, context: &Context) -> Result<Spoken, Fault> {
        let told: Told = serde_json::from_slice(&self.body)
            .map_err(|_| Fault::unreadable("the provider's answer is no JSON"))?;
        let usage = told.usage.unwrap_or_default();
        let input = usage.prompt_tokens.or(usage.total_tokens);
        Ok(Spoken {
            body: splice::answered(&self.body, context),
            usage: Usage { input: input.unwrap_or_default(), ..Usage::default() },
            source: input.map_or(UsageSource::None, |_| UsageSource::Provider),
            ..Spoken::default()
        })
    }
}

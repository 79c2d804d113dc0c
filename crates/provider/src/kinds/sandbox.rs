//! The sandbox: a provider in this process, without network, account or cost.
//!
//! It answers deterministically, says in every answer what it is, keeps realistic time, and
//! misbehaves on request: by the name of the model, or by a line in the prompt (see `script`).
//! Tokens are counted by one rule, without a vendor's tables: a word is one token for each four
//! characters begun, the space before it included.

mod ask;
mod models;
mod plan;
mod render;
mod schema;
mod script;
mod tasks;
mod tokens;

use bytes::Bytes;
use http::HeaderMap;
use wayleave_dialect::Dialect;
use wayleave_dialect::task::Wire;
use wayleave_model::Timestamp;
use wayleave_model::provider::{ModelType, Operation};
use wayleave_model::target::ModelFacts;

use crate::address::BaseUrl;
use crate::failure::Blame;
use crate::manifest::{BASE_URL, KnownModel, Manifest};
use crate::{Account, BadAccount, Offer, Play, ProviderKind, Refused, TaskOffer, Verdict};

use ask::Ask;
use models::Act;
use render::{Complaint, Renderer};

/// The only address it has.
const ADDRESS: &str = "sandbox:";

/// The sandbox.
pub(super) struct Sandbox;

static MANIFEST: Manifest = Manifest {
    id: "sandbox",
    label: "Sandbox",
    summary: "Scripted answers without a network, an account or a cost; no model is called.",
    docs_url: "https://platform.openai.com/docs/api-reference/chat",
    default_base_url: Some(ADDRESS),
    version_path: None,
    provider_form: &[],
    credential_form: &[],
    model_types: &[
        ModelType::Llm,
        ModelType::Embedding,
        ModelType::Rerank,
        ModelType::SpeechToText,
        ModelType::TextToSpeech,
        ModelType::Image,
        ModelType::Moderation,
        ModelType::Video,
    ],
    custom_models: false,
};

impl ProviderKind for Sandbox {
    fn manifest(&self) -> &'static Manifest {
        &MANIFEST
    }

    fn models(&self) -> &'static [KnownModel] {
        &models::MODELS
    }

    fn base_url(&self, typed: &str) -> Result<BaseUrl, BadAccount> {
        match typed.trim() {
            ADDRESS => Ok(BaseUrl { url: ADDRESS.to_owned(), notes: Vec::new() }),
            _ => Err(BadAccount::at(BASE_URL, "the sandbox has no other address than `sandbox:`")),
        }
    }

    fn offers(&self, operation: Operation, _facts: &ModelFacts) -> &'static [Offer] {
        match operation {
            Operation::Chat => &[Offer { dialect: Dialect::OpenAiChat, path: "/chat/completions" }],
            _ => &[],
        }
    }

    /// Parses like any other address, though nothing is there to be reached: see `play`.
    fn url(
        &self,
        _account: &Account<'_>,
        offer: &Offer,
        _model: &str,
        _stream: bool,
    ) -> Result<String, BadAccount> {
        Ok(format!("{ADDRESS}//local{}", offer.path))
    }

    fn headers(&self, _account: &Account<'_>) -> Result<HeaderMap, BadAccount> {
        Ok(HeaderMap::new())
    }

    /// As for everybody, but its failures are staged: one that a prompt asked for counts against
    /// nobody, and one that a model's name stands for never against the other models.
    fn diagnose(&self, refused: &Refused<'_>) -> Verdict {
        let verdict = Verdict::of(refused);
        if refused.headers.contains_key(render::BY_PROMPT) {
            return Verdict { blame: Blame::None, rest: None, ..verdict };
        }
        match verdict.blame {
            Blame::Credential => Verdict { blame: Blame::Model, ..verdict },
            _ => verdict,
        }
    }

    fn tasks(&self, operation: Operation, _model: &str) -> &'static [TaskOffer] {
        super::tasks::openai(operation)
    }

    fn task_url(
        &self,
        _account: &Account<'_>,
        path: &str,
        _model: &str,
    ) -> Result<String, BadAccount> {
        Ok(format!("{ADDRESS}//local{path}"))
    }

    fn perform(
        &self,
        operation: Operation,
        model: &str,
        wire: &Wire,
        now: Timestamp,
    ) -> Option<Play> {
        tasks::perform(operation, model, wire, now)
    }

    fn play(&self, model: &str, body: &[Bytes], now: Timestamp) -> Option<Play> {
        let body = body.concat();
        let render = Renderer::new(model, &body, now);
        Some(perform(&render, model, &body).unwrap_or_else(|complaint| render.error(&complaint)))
    }
}

/// Reads the request, decides what is said, and puts it on the wire.
fn perform(render: &Renderer, model: &str, body: &[u8]) -> Result<Play, Complaint> {
    let act = Act::of(model).ok_or_else(|| Complaint::no_such_model(model))?;
    let ask = Ask::read(body)?;
    let plan = plan::plan(act, &ask, &render.seed)?;
    Ok(render.play(&plan, &ask))
}

#[cfg(test)]
mod tests;

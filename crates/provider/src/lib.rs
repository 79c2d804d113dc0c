//! Provider kinds: where a request goes, how it is authorised, what it offers. No I/O.
//!
//! A kind is a value in [`KINDS`]; forms, CLI prompts, API schemas and docs are made from that
//! slice. Nothing outside `kinds/` names a vendor.

pub mod address;
pub mod catalog;
pub mod exchange;
pub mod failure;
pub mod form;
pub mod icon;
pub mod kinds;
pub mod listing;
pub mod manifest;
pub mod model_form;
pub mod proof;
pub mod quirks;
pub mod sign;

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use wayleave_dialect::Dialect;
use wayleave_dialect::task::{Grammar, Wire};
use wayleave_model::Timestamp;
use wayleave_model::credential::SecretFields;
use wayleave_model::provider::{Operation, Provider};
use wayleave_model::target::ModelFacts;

pub use address::BaseUrl;
pub use exchange::{Exchange, Token};
pub use failure::Verdict;
pub use kinds::{KINDS, kind};
pub use listing::{Listed, Listing};
pub use manifest::{KnownModel, Manifest};
pub use quirks::Quirks;

/// A vendor, or a protocol that many vendors speak.
pub trait ProviderKind: Send + Sync + 'static {
    /// What it is called, what its forms ask for, where its documentation is.
    fn manifest(&self) -> &'static Manifest;

    /// The models it has without anybody adding them.
    fn models(&self) -> &'static [KnownModel] {
        &[]
    }

    /// How its chat completions differ from OpenAI's; part of the facts of each of its models.
    fn quirks(&self) -> &'static Quirks {
        &Quirks::NONE
    }

    /// Where it is when nobody typed an address, in words for a docs page; `None`: at the
    /// manifest's own address, or nowhere.
    fn place(&self) -> Option<String> {
        None
    }

    /// A base URL as people paste it, in the one form that is stored and shown. The `base_url`
    /// fields of both forms go through this; [`Account::base_url`] is its outcome.
    fn base_url(&self, typed: &str) -> Result<BaseUrl, BadAccount> {
        address::normalise_base_url(typed, self.manifest().version_path)
    }

    /// The dialects in which it can do `operation` with such a model, best first. The gateway takes
    /// the one the client speaks, else the first.
    fn offers(&self, operation: Operation, facts: &ModelFacts) -> &'static [Offer];

    /// The address for one model. Asked once per configuration, not per request. The model's name
    /// may not choose the path: names with unsafe segments are refused.
    fn url(
        &self,
        account: &Account<'_>,
        offer: &Offer,
        model: &str,
        stream: bool,
    ) -> Result<String, BadAccount>;

    /// The grammars in which it does what is no conversation with such a model, best first.
    fn tasks(&self, operation: Operation, model: &str) -> &'static [TaskOffer] {
        kinds::tasks::offered(self.manifest().id, operation, model)
    }

    /// The address of such an operation for one model; `{model}` in the path stands for its name.
    ///
    /// # Errors
    /// As [`ProviderKind::url`].
    fn task_url(
        &self,
        account: &Account<'_>,
        path: &str,
        model: &str,
    ) -> Result<String, BadAccount> {
        kinds::tasks::below(account.base_url, path, model)
    }

    /// The headers every request of this account carries: authorisation, version, organisation.
    /// Asked once per configuration; secret values are marked sensitive.
    fn headers(&self, account: &Account<'_>) -> Result<HeaderMap, BadAccount>;

    /// Where it lists its models, free of charge; `None`: it has no such call.
    ///
    /// # Errors
    /// The account has no address.
    fn listing(&self, _account: &Account<'_>) -> Result<Option<Listing>, BadAccount> {
        Ok(None)
    }

    /// Adds a signature that covers the request. Called last, when URL, headers and body are
    /// final. Kinds whose authorisation is a constant header need none.
    fn sign(
        &self,
        _request: &mut http::request::Parts,
        _body: &[Bytes],
        _account: &Account<'_>,
        _now: Timestamp,
    ) -> Result<(), BadAccount> {
        Ok(())
    }

    /// For a credential that is exchanged for a short-lived token: the request that gets one. The
    /// token's `Authorization` header is added to [`ProviderKind::headers`] until it expires.
    ///
    /// # Errors
    /// The credential cannot be used for it.
    fn exchange(
        &self,
        _account: &Account<'_>,
        _now: Timestamp,
    ) -> Result<Option<Exchange>, BadAccount> {
        Ok(None)
    }

    /// What a refusal means for the caller, for other targets and for this credential.
    /// `code` and `message` are what the offer's dialect read from the body.
    fn diagnose(&self, refused: &Refused<'_>) -> Verdict {
        Verdict::of(refused)
    }

    /// Whether [`ProviderKind::sign`] reads the body, which must be at hand as a whole then.
    fn signs_bodies(&self) -> bool {
        false
    }

    /// For a kind that needs no network: the whole answer to what is no conversation.
    fn perform(
        &self,
        _operation: Operation,
        _model: &str,
        _wire: &Wire,
        _now: Timestamp,
    ) -> Option<Play> {
        None
    }

    /// For a kind that needs no network: the whole answer, with its timing.
    fn play(&self, _model: &str, _body: &[Bytes], _now: Timestamp) -> Option<Play> {
        None
    }
}

/// A dialect that a kind speaks for an operation, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The dialect.
    pub dialect: Dialect,
    /// The path below the base URL, like `/chat/completions`.
    pub path: &'static str,
}

/// A grammar in which a kind does what is no conversation, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskOffer {
    /// The grammar.
    pub grammar: Grammar,
    /// The path below the base URL, like `/embeddings`; `{model}` stands for the model's name.
    pub path: &'static str,
}

/// A provider and one of its credentials, in clear: what addresses and headers are made from.
#[derive(Clone, Copy, Debug)]
pub struct Account<'a> {
    /// The provider's base URL (the credential's own, where it has one), normalised.
    pub base_url: &'a str,
    /// The provider's settings, overridden by the credential's.
    pub settings: &'a BTreeMap<String, String>,
    /// The credential's secrets.
    pub secrets: &'a SecretFields,
}

/// An account that cannot be used, and which field is to blame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct BadAccount {
    /// The form's field.
    pub field: String,
    /// What is wrong and what to do.
    pub message: String,
}

/// The base URL and the settings of an account: a credential's `own` before its provider's, and the
/// kind's own address where neither has one (empty: it has none).
pub fn resolved(
    kind: &dyn ProviderKind,
    provider: &Provider,
    own: &BTreeMap<String, String>,
) -> (String, BTreeMap<String, String>) {
    resolved_at(kind, provider.base_url.as_deref(), &provider.settings, own)
}

/// The same for a provider that is not stored yet.
pub fn resolved_at(
    kind: &dyn ProviderKind,
    base_url: Option<&str>,
    settings: &BTreeMap<String, String>,
    own: &BTreeMap<String, String>,
) -> (String, BTreeMap<String, String>) {
    let mut settings = settings.clone();
    settings.extend(own.clone());
    let base_url = settings.get(manifest::BASE_URL).map(String::as_str).or(base_url);
    let base_url = base_url.or(kind.manifest().default_base_url).unwrap_or_default().to_owned();
    (base_url, settings)
}

impl BadAccount {
    /// About one field. The message must not hold the field's value: it may be a secret.
    pub fn at(field: impl Into<String>, message: impl Into<String>) -> BadAccount {
        BadAccount { field: field.into(), message: message.into() }
    }
}

/// An answer that is not a success.
#[derive(Clone, Copy, Debug)]
pub struct Refused<'a> {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// The provider's error type or code, where the body had one.
    pub code: Option<&'a str>,
    /// The provider's message, where the body had one.
    pub message: &'a str,
}

/// A scripted answer, given without a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Play {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// How long until the head.
    pub head_after: Duration,
    /// The body's pieces, each after its pause.
    pub steps: Vec<(Duration, Bytes)>,
    /// What follows the last piece.
    pub end: PlayEnd,
}

/// How a scripted answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlayEnd {
    /// As an answer should.
    Clean,
    /// The connection breaks.
    Reset,
    /// Nothing more ever comes.
    Silence,
}

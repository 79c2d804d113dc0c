//! What a request leaves behind: the records of the spool, and so the rows of the usage tables.
//!
//! Records are JSON so that a newer binary reads what an older one left in its folder; every
//! field that may be missing has a default.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::id::{
    AliasId, CredentialId, KeyId, ModelId, NodeId, OwnerId, PriceVersionId, ProviderId, RequestId,
    RouteVersionId, WorkspaceId,
};
use crate::money::NanoUsd;
use crate::price::Line;
use crate::provider::Operation;
use crate::supply::{Supplier, SupplyLabel};
use crate::time::Timestamp;
use crate::usage::{Usage, UsageSource};

/// One record of the spool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// An attempt is about to be sent upstream: written before its first byte.
    Opened(Opened),
    /// An attempt ended and another will be tried.
    Tried(Tried),
    /// The request ended: written before the frame that ends the answer for its client.
    Closed(Closed),
}

/// An attempt that is about to be sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Opened {
    /// Whose request it is.
    pub identity: Identity,
    /// What the client asked.
    pub asked: Asked,
    /// The attempt.
    pub attempt: AttemptStart,
    /// What the prompt alone costs, estimated: charged when the process dies before the answer
    /// has been recorded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prompt_lines: Vec<Line>,
}

/// An attempt that failed before anything reached the client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tried {
    /// The request.
    pub request: RequestId,
    /// How the attempt went.
    pub attempt: Attempt,
}

/// A request that ended. Holds all its rows: nothing else needs to be at hand to store it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Closed {
    /// Whose request it was.
    pub identity: Identity,
    /// What the client asked.
    pub asked: Asked,
    /// How it ended.
    pub outcome: Outcome,
    /// Every attempt, in order; empty for a request that was denied before one was made.
    pub attempts: Vec<Attempt>,
}

/// Who asked, through what, for what. Fixed when the request is admitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    /// The request.
    pub request: RequestId,
    /// When it was admitted: decides bucket, price version and budget window.
    pub started_at: Timestamp,
    /// The process that served it.
    pub node: NodeId,
    /// The configuration it saw.
    pub revision: i64,
    /// The key's part, made once per key and shared.
    pub caller: Arc<Caller>,
    /// The path it came in by, like `/v1/messages`.
    pub surface: Cow<'static, str>,
    /// What was wanted.
    pub operation: Operation,
    /// The public name that was asked for, as sent (cut to 256 characters).
    pub alias: String,
    /// The alias, if there is one of that name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias_id: Option<AliasId>,
    /// The route version that chose the targets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<RouteVersionId>,
    /// The client program, where its headers tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<Cow<'static, str>>,
    /// The client's own `x-request-id` (cut to 128 characters).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_request_id: Option<String>,
    /// The trace it belongs to: 32 hex digits of `traceparent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// The client's address and its name for its end user: stored apart, erasable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<Person>,
    /// It looks like the check of a model that a client makes when somebody saves it: for display and
    /// diagnosis only, limited and billed like any call.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub probe: bool,
}

/// A key's part of an identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// The tenant.
    pub workspace: WorkspaceId,
    /// The key.
    pub key: KeyId,
    /// Its name at the time.
    pub key_name: String,
    /// Which of its secrets was presented.
    pub key_version: i64,
    /// Whose key it is.
    pub owner: OwnerId,
    /// The owner's name at the time.
    pub owner_name: String,
    /// The key's environment at the time.
    pub environment: String,
    /// The key's tags at the time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// How records say it.
    #[serde(skip)]
    pub said: Said,
}

/// What is shared by many records, in the bytes of one: made once, by whoever writes them. No part of
/// the value that has it: a copy begins without, since copies are made to be changed.
#[derive(Default)]
pub struct Said(OnceLock<Box<[u8]>>);

impl Said {
    /// The bytes; `make` makes them the first time.
    ///
    /// # Errors
    /// Those of `make`.
    pub fn get_or_make<E>(&self, make: impl FnOnce() -> Result<Vec<u8>, E>) -> Result<&[u8], E> {
        match self.0.get() {
            Some(made) => Ok(made),
            None => {
                let made = make()?.into_boxed_slice();
                Ok(self.0.get_or_init(|| made))
            }
        }
    }
}

impl Clone for Said {
    fn clone(&self) -> Said {
        Said::default()
    }
}

impl PartialEq for Said {
    fn eq(&self, _: &Said) -> bool {
        true
    }
}

impl Eq for Said {}

impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("_")
    }
}

/// Personal data of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The client's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_addr: Option<String>,
    /// The client's name for its end user (`user`, `metadata.user_id`), cut to 256 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_user: Option<String>,
}

/// What the client asked, in figures and flags: no content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// A stream.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub stream: bool,
    /// Tools were offered.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub tools: bool,
    /// Images were sent.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub vision: bool,
    /// A JSON schema was demanded.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub json_schema: bool,
    /// Reasoning was demanded.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub reasoning: bool,
    /// Bytes of the request's body.
    pub bytes: u64,
    /// Tokens of the prompt, estimated from its bytes.
    pub estimated_input: u64,
}

/// The start of one call to one credential.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttemptStart {
    /// 1, 2, 3 … within the request; (request, n) is its identity.
    pub n: u32,
    /// When.
    pub started_at: Timestamp,
    /// Where it goes, made once per target and shared.
    pub target: Arc<TargetLabel>,
    /// The most it can cost.
    pub max_cost: NanoUsd,
}

/// A target as rows name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetLabel {
    /// The provider.
    pub provider: ProviderId,
    /// Its name at the time.
    pub provider_name: String,
    /// The model.
    pub model: ModelId,
    /// The provider's name for it.
    pub model_name: String,
    /// The credential.
    pub credential: CredentialId,
    /// The prices it is rated with; `None`: a kind whose calls cost nothing.
    pub price: Option<PriceVersionId>,
    /// The quota it counts for, where the operator supplies it; `None`: the workspace's own credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supply: Option<SupplyLabel>,
    /// How records say it.
    #[serde(skip)]
    pub said: Said,
}

impl TargetLabel {
    /// Whose credential it is.
    pub fn supplier(&self) -> Supplier {
        if self.supply.is_some() { Supplier::System } else { Supplier::Custom }
    }

    /// The same for a call that costs nothing by itself.
    pub fn without_price(&self) -> TargetLabel {
        TargetLabel { price: None, ..self.clone() }
    }

    /// The same for a call that names no model and costs nothing: the model's id is all zeros, its
    /// name empty.
    pub fn without_model(&self) -> TargetLabel {
        TargetLabel {
            provider: self.provider,
            provider_name: self.provider_name.clone(),
            model: ModelId(Uuid::nil()),
            model_name: String::new(),
            credential: self.credential,
            price: None,
            supply: self.supply,
            said: Said::default(),
        }
    }
}

/// One call to one credential, ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// How it began.
    pub start: AttemptStart,
    /// From its start to its end, microseconds.
    pub total_us: u64,
    /// From its start to the answer's head, microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_byte_us: Option<u64>,
    /// From its start to the first semantic event, microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_token_us: Option<u64>,
    /// The provider's status, if it answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// `ok`, or the code of the taxonomy.
    pub verdict: Cow<'static, str>,
    /// The provider's own id of the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream_request_id: Option<String>,
    /// What it consumed.
    #[serde(default)]
    pub usage: Usage,
    /// Who says so.
    #[serde(default)]
    pub usage_source: UsageSource,
    /// What it cost, unit by unit.
    #[serde(default)]
    pub lines: Vec<Line>,
    /// The sum of the lines.
    #[serde(default)]
    pub cost: NanoUsd,
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The status the client was sent.
    pub status: u16,
    /// The code of the taxonomy, for an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<Cow<'static, str>>,
    /// How the answer's body ended.
    pub stream_end: StreamEnd,
    /// From admission to the end, microseconds.
    pub total_us: u64,
    /// From admission to the first semantic event, microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_token_us: Option<u64>,
    /// Of that, our own: from admission to the upstream request, microseconds.
    #[serde(default)]
    pub overhead_us: u64,
    /// Changes made to the request for its target.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<Cow<'static, str>>,
    /// Changes made to a broken answer for its client.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repairs: Vec<Cow<'static, str>>,
    /// Things the target's dialect could not carry.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub losses: Vec<String>,
    /// Answered from a cache.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cache_hit: bool,
}

/// How an answer's body ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamEnd {
    /// Whole.
    Done,
    /// The client left first.
    ClientGone,
    /// One of our timers ran out.
    Timeout,
    /// The provider sent an error, or nothing that could be read.
    UpstreamError,
    /// The provider's connection ended before its answer did.
    Eof,
    /// The process ended first.
    Interrupted,
    /// Refused by us before an upstream was called.
    Refused,
}

impl StreamEnd {
    /// The word in SQL and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            StreamEnd::Done => "done",
            StreamEnd::ClientGone => "client_gone",
            StreamEnd::Timeout => "timeout",
            StreamEnd::UpstreamError => "upstream_error",
            StreamEnd::Eof => "eof",
            StreamEnd::Interrupted => "interrupted",
            StreamEnd::Refused => "refused",
        }
    }
}

impl Closed {
    /// What the whole request cost.
    pub fn cost(&self) -> NanoUsd {
        self.attempts.iter().map(|attempt| attempt.cost).sum()
    }
}

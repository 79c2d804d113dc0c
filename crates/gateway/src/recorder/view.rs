//! Records on their way out, borrowed: what several of them say alike goes in as bytes that were made once.
//!
//! Each reads back as the value of [`wayleave_model::record`] that it shows. A field that is added there
//! does not compile here until it is shown.

use serde::Serialize;
use serde::ser::{self, SerializeSeq};
use wayleave_model::id::{AliasId, NodeId, RequestId, RouteVersionId};
use wayleave_model::price::Line;
use wayleave_model::provider::Operation;
use wayleave_model::record::{
    Asked, Attempt, AttemptStart, Closed, Identity, Outcome, Person, Tried,
};
use wayleave_model::usage::{Usage, UsageSource};
use wayleave_model::variant::Variant;
use wayleave_model::{NanoUsd, Timestamp};

use super::Unwritable;
use super::json::{self, Made, Unwritten};

/// What a request's records say alike: its identity, and how each attempt began.
pub struct Prepared {
    json: Vec<u8>,
    /// Where each piece ends: the identity, then the attempts in their order.
    ends: Vec<usize>,
}

impl Prepared {
    /// Makes the identity's bytes.
    ///
    /// # Errors
    /// None that an identity could cause.
    pub fn new(identity: &Identity) -> Result<Prepared, Unwritable> {
        let mut made = Prepared { json: Vec::with_capacity(1 << 10), ends: Vec::with_capacity(2) };
        json::append(&mut made.json, &identity_view(identity)?)?;
        made.ends.push(made.json.len());
        Ok(made)
    }

    /// An attempt begins, after `earlier` others: what is recorded of that.
    ///
    /// # Errors
    /// None that an attempt could cause.
    pub fn open<'a>(
        &'a mut self,
        earlier: usize,
        start: &AttemptStart,
        asked: &'a Asked,
        prompt_lines: &'a [Line],
    ) -> Result<OpenedView<'a>, Unwritable> {
        // One that was begun and not sent is none.
        self.ends.truncate(earlier + 1);
        self.json.truncate(self.ends.last().copied().unwrap_or(0));
        json::append(&mut self.json, &start_view(start)?)?;
        self.ends.push(self.json.len());
        let begun = self.ends.get(earlier).copied().unwrap_or(0);
        let attempt = Made(&self.json[begun..]);
        Ok(OpenedView { identity: self.identity(), asked, attempt, prompt_lines })
    }

    /// The identity.
    fn identity(&self) -> Made<'_> {
        Made(self.ends.first().map_or(&[], |end| &self.json[..*end]))
    }

    /// The beginning of the attempt at `nth`, counted from 0.
    fn start(&self, nth: usize) -> Option<Made<'_>> {
        match self.ends.get(nth..nth + 2) {
            Some(&[from, to]) => Some(Made(&self.json[from..to])),
            _ => None,
        }
    }
}

/// A record. Reads back as [`wayleave_model::record::Record`].
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Writing<'a> {
    /// An attempt begins.
    Opened(OpenedView<'a>),
    /// An attempt failed and another follows.
    Tried(&'a Tried),
    /// The request ended.
    Closed(ClosedView<'a>),
}

/// [`wayleave_model::record::Opened`].
#[derive(Serialize)]
pub struct OpenedView<'a> {
    identity: Made<'a>,
    asked: &'a Asked,
    attempt: Made<'a>,
    #[serde(skip_serializing_if = "<[Line]>::is_empty")]
    prompt_lines: &'a [Line],
}

/// [`Closed`].
#[derive(Serialize)]
pub struct ClosedView<'a> {
    identity: Either<Made<'a>, IdentityView<'a>>,
    asked: &'a Asked,
    outcome: &'a Outcome,
    attempts: Attempts<'a>,
}

impl<'a> ClosedView<'a> {
    /// `made` are its parts, where they were recorded before.
    ///
    /// # Errors
    /// None that a request could cause.
    pub fn new(
        closed: &'a Closed,
        made: Option<&'a Prepared>,
    ) -> Result<ClosedView<'a>, Unwritable> {
        let Closed { identity, asked, outcome, attempts } = closed;
        let identity = match made {
            Some(made) => Either::Made(made.identity()),
            None => Either::Fresh(identity_view(identity)?),
        };
        Ok(ClosedView { identity, asked, outcome, attempts: Attempts { all: attempts, made } })
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum Either<M, F> {
    Made(M),
    Fresh(F),
}

#[derive(Serialize)]
struct IdentityView<'a> {
    request: RequestId,
    started_at: Timestamp,
    node: NodeId,
    revision: i64,
    caller: Made<'a>,
    surface: &'a str,
    operation: Operation,
    alias: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    alias_id: Option<AliasId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    route: Option<RouteVersionId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_request_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<&'a Person>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    probe: bool,
}

fn identity_view(identity: &Identity) -> Result<IdentityView<'_>, Unwritten> {
    let Identity {
        request,
        started_at,
        node,
        revision,
        caller,
        surface,
        operation,
        alias,
        alias_id,
        route,
        client,
        client_request_id,
        trace_id,
        person,
        probe,
    } = identity;
    Ok(IdentityView {
        request: *request,
        started_at: *started_at,
        node: *node,
        revision: *revision,
        caller: Made(caller.said.get_or_make(|| json::bytes(&**caller))?),
        surface,
        operation: *operation,
        alias,
        alias_id: *alias_id,
        route: *route,
        client: client.as_deref(),
        client_request_id: client_request_id.as_deref(),
        trace_id: trace_id.as_deref(),
        person: person.as_ref(),
        probe: *probe,
    })
}

#[derive(Serialize)]
struct StartView<'a> {
    n: u32,
    started_at: Timestamp,
    target: Made<'a>,
    max_cost: NanoUsd,
}

fn start_view(start: &AttemptStart) -> Result<StartView<'_>, Unwritten> {
    let AttemptStart { n, started_at, target, max_cost } = start;
    Ok(StartView {
        n: *n,
        started_at: *started_at,
        target: Made(target.said.get_or_make(|| json::bytes(&**target))?),
        max_cost: *max_cost,
    })
}

struct Attempts<'a> {
    all: &'a [Attempt],
    made: Option<&'a Prepared>,
}

impl Serialize for Attempts<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.all.len()))?;
        for (nth, attempt) in self.all.iter().enumerate() {
            let view = attempt_view(attempt, self.made, nth).map_err(ser::Error::custom)?;
            list.serialize_element(&view)?;
        }
        list.end()
    }
}

#[derive(Serialize)]
struct AttemptView<'a> {
    start: Either<Made<'a>, StartView<'a>>,
    total_us: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_byte_us: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_token_us: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    verdict: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream_request_id: Option<&'a str>,
    usage: UsageView,
    usage_source: UsageSource,
    lines: &'a [Line],
    cost: NanoUsd,
}

fn attempt_view<'a>(
    attempt: &'a Attempt,
    made: Option<&'a Prepared>,
    nth: usize,
) -> Result<AttemptView<'a>, Unwritten> {
    let Attempt {
        start,
        total_us,
        first_byte_us,
        first_token_us,
        status,
        verdict,
        upstream_request_id,
        usage,
        usage_source,
        lines,
        cost,
    } = attempt;
    Ok(AttemptView {
        start: match made.and_then(|made| made.start(nth)) {
            Some(made) => Either::Made(made),
            None => Either::Fresh(start_view(start)?),
        },
        total_us: *total_us,
        first_byte_us: *first_byte_us,
        first_token_us: *first_token_us,
        status: *status,
        verdict,
        upstream_request_id: upstream_request_id.as_deref(),
        usage: usage_view(*usage),
        usage_source: *usage_source,
        lines,
        cost: *cost,
    })
}

/// What is not there is zero, in every release.
#[derive(Serialize)]
struct UsageView {
    #[serde(skip_serializing_if = "is_zero")]
    input: u64,
    #[serde(skip_serializing_if = "is_zero")]
    cached: u64,
    #[serde(skip_serializing_if = "is_zero")]
    cache_write: u64,
    #[serde(skip_serializing_if = "is_zero")]
    cache_write_1h: u64,
    #[serde(skip_serializing_if = "is_zero")]
    audio_input: u64,
    #[serde(skip_serializing_if = "is_zero")]
    output: u64,
    #[serde(skip_serializing_if = "is_zero")]
    reasoning: u64,
    #[serde(skip_serializing_if = "is_zero")]
    audio_output: u64,
    #[serde(skip_serializing_if = "is_zero")]
    image_input: u64,
    #[serde(skip_serializing_if = "is_zero")]
    image_output: u64,
    #[serde(skip_serializing_if = "is_zero")]
    images: u64,
    #[serde(skip_serializing_if = "is_zero")]
    characters: u64,
    #[serde(skip_serializing_if = "is_zero")]
    audio_seconds: u64,
    #[serde(skip_serializing_if = "is_zero")]
    video_seconds: u64,
    #[serde(skip_serializing_if = "is_zero")]
    searches: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    variant: Option<Variant>,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

fn usage_view(usage: Usage) -> UsageView {
    let Usage {
        input,
        cached,
        cache_write,
        cache_write_1h,
        audio_input,
        output,
        reasoning,
        audio_output,
        image_input,
        image_output,
        images,
        characters,
        audio_seconds,
        video_seconds,
        searches,
        variant,
    } = usage;
    UsageView {
        input,
        cached,
        cache_write,
        cache_write_1h,
        audio_input,
        output,
        reasoning,
        audio_output,
        image_input,
        image_output,
        images,
        characters,
        audio_seconds,
        video_seconds,
        searches,
        variant,
    }
}

#[cfg(test)]
mod tests;

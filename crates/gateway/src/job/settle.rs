//! What a job that ended costs: one usage row, the same one however often it is written.

use std::borrow::Cow;
use std::sync::Arc;

use wayleave_model::NanoUsd;
use wayleave_model::id::NodeId;
use wayleave_model::job::Job;
use wayleave_model::provider::Operation;
use wayleave_model::record::{
    Asked, Attempt, AttemptStart, Closed, Identity, Outcome, StreamEnd, TargetLabel,
};
use wayleave_model::supply::{QuotaUnit, SupplyLabel};

/// How rows name it: no client asks for it, a job ends.
pub(super) const SURFACE: &str = "/v1/videos#settlement";

/// The row of a job that ended and consumed something; `None`: nothing is owed.
pub(super) fn closed(job: &Job, node: NodeId, revision: i64) -> Option<Closed> {
    let (origin, news) = (&job.origin, &job.news);
    let (usage, request) = (news.usage?, news.settlement?);
    let ended = news.completed_at.unwrap_or(job.updated_at);
    let lines = origin.price.lines(&usage);
    let cost: NanoUsd = lines.iter().map(|line| line.cost).sum();
    let total_us = ended.as_micros().saturating_sub(job.created_at.as_micros());
    let total_us = total_us.max(0).unsigned_abs();
    let start = AttemptStart {
        n: 1,
        started_at: job.created_at,
        target: label(&origin.target),
        max_cost: origin.max_cost,
    };
    let attempt = Attempt {
        start,
        total_us,
        first_byte_us: None,
        first_token_us: None,
        status: Some(200),
        verdict: Cow::Borrowed("ok"),
        upstream_request_id: job.vendor_id.clone(),
        usage,
        usage_source: news.usage_source,
        cost,
        lines,
    };
    let identity = Identity {
        request,
        // The end decides bucket and budget window; the price is that of the beginning.
        started_at: ended,
        node,
        revision,
        caller: Arc::clone(&origin.caller),
        surface: Cow::Borrowed(SURFACE),
        operation: Operation::Video,
        alias: origin.alias.clone(),
        alias_id: Some(origin.alias_id),
        route: Some(origin.route),
        client: None,
        client_request_id: Some(job.id.to_string()),
        trace_id: None,
        person: None,
        probe: false,
    };
    let outcome = Outcome {
        status: 200,
        error_code: None,
        stream_end: StreamEnd::Done,
        total_us,
        first_token_us: None,
        overhead_us: 0,
        edits: Vec::new(),
        repairs: Vec::new(),
        losses: Vec::new(),
        cache_hit: false,
    };
    Some(Closed { identity, asked: Asked::default(), outcome, attempts: vec![attempt] })
}

/// Who made it. A quota of calls counted the request that asked for it already.
fn label(target: &Arc<TargetLabel>) -> Arc<TargetLabel> {
    match target.supply {
        Some(SupplyLabel { unit: QuotaUnit::Calls, .. }) => {
            Arc::new(TargetLabel { supply: None, ..(**target).clone() })
        }
        _ => Arc::clone(target),
    }
}

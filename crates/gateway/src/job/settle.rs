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

#[cfg(test)]
mod tests {
    use wayleave_dialect::task::video;
    use wayleave_model::id::{NodeId, QuotaId, RequestId};
    use wayleave_model::supply::{QuotaType, Supplier};
    use wayleave_model::usage::UsageSource;

    use super::*;
    use crate::job::testing::job;
    use crate::testing::NOON;

    fn ended() -> Job {
        let mut job = job();
        job.news.usage = Some(video::usage(8, Some("1280x720")));
        job.news.usage_source = UsageSource::Provider;
        job.news.completed_at = Some(NOON.plus_micros(5_000_000));
        job.news.settlement = Some(RequestId::new(NOON.plus_micros(5_000_000)));
        job
    }

    #[test]
    fn a_settlement_is_the_same_row_however_often_it_is_made() {
        let (job, node) = (ended(), NodeId::new(NOON));
        let closed = closed(&job, node, 3).expect("a row");
        assert_eq!(Some(&closed), super::closed(&job, node, 3).as_ref());
        assert_eq!(closed.cost(), NanoUsd(810_000_000));
        assert_eq!(Some(closed.identity.request), job.news.settlement);
        assert_eq!(closed.outcome.total_us, 5_000_000);
        assert_eq!(closed.attempts[0].usage.video_seconds, 8);
        assert_eq!(closed.identity.client_request_id, Some(job.id.to_string()));
    }

    #[test]
    fn what_came_to_nothing_owes_nothing() {
        assert_eq!(closed(&job(), NodeId::new(NOON), 3), None);
    }

    #[test]
    fn a_quota_of_calls_counts_a_job_once() {
        let label = |unit| {
            let supply =
                SupplyLabel { quota: QuotaId::new(NOON), quota_type: QuotaType::Paid, unit };
            let target = TargetLabel { supply: Some(supply), ..(*job().origin.target).clone() };
            super::label(&Arc::new(target)).supplier()
        };
        assert_eq!(label(QuotaUnit::Calls), Supplier::Custom);
        assert_eq!(label(QuotaUnit::Money), Supplier::System);
    }
}

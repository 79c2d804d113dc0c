//! A job for tests.

use std::sync::Arc;

use wayleave_model::NanoUsd;
use wayleave_model::id::{JobId, RequestId};
use wayleave_model::job::{Job, JobNews, JobOrigin, JobState};
use wayleave_model::price::{PriceVersion, Rate, Unit};

use crate::testing::{self, NOON};

/// A job at a provider, 10 cents a second and a cent for each video, 8 seconds asked for.
pub(super) fn job() -> Job {
    let caller = testing::entry(testing::part(100)).caller;
    let target = testing::target(testing::part(100));
    let rate = |unit: Unit, dollars: &str| Rate {
        unit,
        variant: None,
        amount: dollars.parse().unwrap(),
        per: unit.per(),
    };
    Job {
        workspace: caller.workspace,
        id: JobId::new(NOON),
        state: JobState::Submitted,
        origin: JobOrigin {
            caller,
            request: RequestId::new(NOON),
            surface: "/v1/videos".into(),
            alias: "film".into(),
            alias_id: wayleave_model::id::AliasId::new(NOON),
            route: wayleave_model::id::RouteVersionId::new(NOON),
            target: Arc::clone(&target.label),
            price: PriceVersion {
                id: target.price.id,
                free: false,
                rates: vec![rate(Unit::VideoSecond, "0.1"), rate(Unit::Request, "0.01")],
            },
            grammar: "openai".into(),
            max_cost: NanoUsd(810_000_000),
            seconds: 8,
            size: Some("1280x720".into()),
            digest: String::new(),
            remixed_from: None,
        },
        vendor_id: Some("vendor_1".into()),
        news: JobNews::default(),
        settled: false,
        due_at: Some(NOON),
        lease: None,
        created_at: NOON,
        updated_at: NOON,
        deleted_at: None,
    }
}

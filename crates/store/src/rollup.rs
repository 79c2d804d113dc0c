//! Sums by 15 minutes of UTC: what dashboards and budgets read instead of rows.

use std::collections::BTreeMap;

use uuid::Uuid;
use wayleave_model::record::{Closed, StreamEnd, TargetLabel};
use wayleave_model::{NanoUsd, Timestamp};

use crate::ledger::{Row, Tokens, signed};
use crate::text::storable;

/// Width of a bucket in microseconds: every time zone's days are whole numbers of them.
pub(crate) const BUCKET: i64 = 15 * 60 * 1_000_000;

/// The values of one row of sums.
pub(crate) fn sum(row: &mut impl Row, key: &Key, sums: &Sums<'_>) {
    row.id(key.workspace)
        .int(key.bucket)
        .id(key.node)
        .id(key.key)
        .id(key.alias)
        .id(key.provider)
        .id(key.model)
        .text(key.operation)
        .int(key.status_class)
        .id(sums.owner)
        .text(&*storable(sums.key_name))
        .text(&*storable(sums.owner_name))
        .text(&*storable(sums.alias_name))
        .text(&*storable(sums.provider_name))
        .text(&*storable(sums.model_name))
        .int(sums.requests)
        .int(sums.errors)
        .int(sums.attempts)
        .int(sums.tokens.input)
        .int(sums.tokens.output)
        .int(sums.tokens.cached)
        .int(sums.tokens.cache_write)
        .int(sums.tokens.reasoning)
        .int(sums.cost.0)
        .int(sums.total_us);
}

/// What sums are kept apart by. Its order is the order of the rows' locks.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    workspace: Uuid,
    bucket: i64,
    node: Uuid,
    key: Uuid,
    alias: Uuid,
    provider: Uuid,
    model: Uuid,
    operation: &'static str,
    status_class: i64,
}

/// The sums, and the names that were seen last.
#[derive(Default)]
pub(crate) struct Sums<'a> {
    owner: Uuid,
    key_name: &'a str,
    owner_name: &'a str,
    alias_name: &'a str,
    provider_name: &'a str,
    model_name: &'a str,
    requests: i64,
    errors: i64,
    attempts: i64,
    tokens: Tokens,
    cost: NanoUsd,
    total_us: i64,
}

/// The sums of requests that were just stored; to be added in the same transaction.
pub(crate) fn sums<'a>(batch: &[&'a Closed]) -> BTreeMap<Key, Sums<'a>> {
    let mut sums: BTreeMap<Key, Sums<'a>> = BTreeMap::new();
    for it in batch {
        let last = it.attempts.last().map(|attempt| &*attempt.start.target);
        let row = entry(&mut sums, it, last);
        row.requests += 1;
        row.errors += i64::from(is_error(it));
        row.total_us = row.total_us.saturating_add(signed(it.outcome.total_us));
        for attempt in &it.attempts {
            let row = entry(&mut sums, it, Some(&attempt.start.target));
            row.attempts += 1;
            row.tokens.add(&attempt.usage);
            row.cost += attempt.cost;
        }
    }
    sums
}

fn entry<'s, 'a>(
    sums: &'s mut BTreeMap<Key, Sums<'a>>,
    it: &'a Closed,
    target: Option<&'a TargetLabel>,
) -> &'s mut Sums<'a> {
    let (who, caller) = (&it.identity, &it.identity.caller);
    // A probe is billed to no key.
    let key = if who.probe { Uuid::nil() } else { caller.key.0 };
    let key = Key {
        workspace: caller.workspace.0,
        bucket: bucket(who.started_at),
        node: who.node.0,
        key,
        alias: who.alias_id.map_or(Uuid::nil(), |id| id.0),
        provider: target.map_or(Uuid::nil(), |it| it.provider.0),
        model: target.map_or(Uuid::nil(), |it| it.model.0),
        operation: who.operation.as_str(),
        status_class: i64::from(it.outcome.status / 100),
    };
    let row = sums.entry(key).or_default();
    if !who.probe {
        row.owner = caller.owner.0;
        row.key_name = &caller.key_name;
        row.owner_name = &caller.owner_name;
    }
    if who.alias_id.is_some() {
        row.alias_name = &who.alias;
    }
    if let Some(target) = target {
        row.provider_name = &target.provider_name;
        row.model_name = &target.model_name;
    }
    row
}

pub(crate) fn bucket(at: Timestamp) -> i64 {
    at.as_micros().div_euclid(BUCKET) * BUCKET
}

/// A client that left is nobody's error.
fn is_error(it: &Closed) -> bool {
    let end = it.outcome.stream_end;
    it.outcome.status >= 400 || !matches!(end, StreamEnd::Done | StreamEnd::ClientGone)
}

pub(crate) const INSERT: &str = "INSERT INTO usage_rollup (
    workspace_id, bucket, node_id, key_id, alias_id, provider_id, model_id, operation,
    status_class, owner_id, key_name, owner_name, alias_name, provider_name, model_name,
    requests, errors, attempts, input_tokens, output_tokens, cached_tokens, cache_write_tokens,
    reasoning_tokens, cost_nanos, total_us) ";

pub(crate) const ADD: &str =
    " ON CONFLICT (workspace_id, bucket, node_id, key_id, alias_id, provider_id,
        model_id, operation, status_class)
    DO UPDATE SET
        owner_id = excluded.owner_id,
        key_name = excluded.key_name,
        owner_name = excluded.owner_name,
        alias_name = excluded.alias_name,
        provider_name = excluded.provider_name,
        model_name = excluded.model_name,
        requests = usage_rollup.requests + excluded.requests,
        errors = usage_rollup.errors + excluded.errors,
        attempts = usage_rollup.attempts + excluded.attempts,
        input_tokens = usage_rollup.input_tokens + excluded.input_tokens,
        output_tokens = usage_rollup.output_tokens + excluded.output_tokens,
        cached_tokens = usage_rollup.cached_tokens + excluded.cached_tokens,
        cache_write_tokens = usage_rollup.cache_write_tokens + excluded.cache_write_tokens,
        reasoning_tokens = usage_rollup.reasoning_tokens + excluded.reasoning_tokens,
        cost_nanos = usage_rollup.cost_nanos + excluded.cost_nanos,
        total_us = usage_rollup.total_us + excluded.total_us";

//! Sums by 15 minutes of UTC: what dashboards and budgets read instead of rows.

use std::collections::BTreeMap;

use sqlx::QueryBuilder;
use uuid::Uuid;
use wayleave_model::record::{Closed, StreamEnd, TargetLabel};
use wayleave_model::{NanoUsd, Timestamp};

use crate::db::{Tx, on};
use crate::error::StoreError;
use crate::ledger::{Tokens, signed};
use crate::text::storable;

/// Width of a bucket in microseconds: every time zone's days are whole numbers of them.
pub(crate) const BUCKET: i64 = 15 * 60 * 1_000_000;

/// Rows of one statement: 25 columns of these stay far below SQLite's 32,766 parameters.
const ROWS: usize = 50;

/// Adds requests that were just stored to the sums, in the same transaction.
pub(crate) async fn add(tx: &mut Tx, batch: &[&Closed]) -> Result<(), StoreError> {
    let sums: Vec<(Key, Sums)> = sums(batch).into_iter().collect();
    for rows in sums.chunks(ROWS) {
        on!(tx.conn, conn => {
            let mut query = QueryBuilder::new(INSERT);
            query.push_values(rows, |mut row, (key, sums)| {
                row.push_bind(key.workspace)
                    .push_bind(key.bucket)
                    .push_bind(key.node)
                    .push_bind(key.key)
                    .push_bind(key.alias)
                    .push_bind(key.provider)
                    .push_bind(key.model)
                    .push_bind(key.operation)
                    .push_bind(key.status_class)
                    .push_bind(sums.owner)
                    .push_bind(&sums.key_name)
                    .push_bind(&sums.owner_name)
                    .push_bind(&sums.alias_name)
                    .push_bind(&sums.provider_name)
                    .push_bind(&sums.model_name)
                    .push_bind(sums.requests)
                    .push_bind(sums.errors)
                    .push_bind(sums.attempts)
                    .push_bind(sums.tokens.input)
                    .push_bind(sums.tokens.output)
                    .push_bind(sums.tokens.cached)
                    .push_bind(sums.tokens.cache_write)
                    .push_bind(sums.tokens.reasoning)
                    .push_bind(sums.cost.0)
                    .push_bind(sums.total_us);
            });
            query.push(ADD);
            query.build().persistent(rows.len() == ROWS).execute(&mut *conn).await.map(drop)
        })?;
    }
    Ok(())
}

/// What sums are kept apart by. Its order is the order of the rows' locks.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
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

#[derive(Default)]
struct Sums {
    owner: Uuid,
    key_name: String,
    owner_name: String,
    alias_name: String,
    provider_name: String,
    model_name: String,
    requests: i64,
    errors: i64,
    attempts: i64,
    tokens: Tokens,
    cost: NanoUsd,
    total_us: i64,
}

fn sums(batch: &[&Closed]) -> BTreeMap<Key, Sums> {
    let mut sums: BTreeMap<Key, Sums> = BTreeMap::new();
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

fn entry<'a>(
    sums: &'a mut BTreeMap<Key, Sums>,
    it: &Closed,
    target: Option<&TargetLabel>,
) -> &'a mut Sums {
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
    let name = |text: &str| storable(text).into_owned();
    if !who.probe {
        row.owner = caller.owner.0;
        row.key_name = name(&caller.key_name);
        row.owner_name = name(&caller.owner_name);
    }
    if who.alias_id.is_some() {
        row.alias_name = name(&who.alias);
    }
    if let Some(target) = target {
        row.provider_name = name(&target.provider_name);
        row.model_name = name(&target.model_name);
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

const INSERT: &str = "INSERT INTO usage_rollup (
    workspace_id, bucket, node_id, key_id, alias_id, provider_id, model_id, operation,
    status_class, owner_id, key_name, owner_name, alias_name, provider_name, model_name,
    requests, errors, attempts, input_tokens, output_tokens, cached_tokens, cache_write_tokens,
    reasoning_tokens, cost_nanos, total_us) ";

const ADD: &str = " ON CONFLICT (workspace_id, bucket, node_id, key_id, alias_id, provider_id,
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

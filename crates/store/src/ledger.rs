//! Usage on its way in: batches of closed requests, stored exactly once however often they come.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::QueryBuilder;
use sqlx::types::Json;
use uuid::Uuid;
use wayleave_model::price::{Line, Unit};
use wayleave_model::record::{Attempt, Closed};
use wayleave_model::usage::{Usage, UsageSource};

use crate::db::{Tx, in_tx, on};
use crate::error::StoreError;
use crate::rollup;
use crate::store::Store;
use crate::text::storable;

/// The most requests of one batch.
pub const MAX_BATCH: usize = 500;

/// Rows of one statement: 48 columns of these stay far below SQLite's 32,766 parameters.
const ROWS: usize = 50;

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Requests that are new.
    pub stored: usize,
    /// Requests that were there already, or twice in the batch: skipped, sums and all.
    pub known: usize,
}

impl Store {
    /// Stores closed requests with their attempts, lines, people and sums, in one transaction. A
    /// request that is stored already is skipped entirely, so a batch may be sent again, by
    /// several senders at once.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: nothing was stored, or, rarely, everything: send it again.
    /// After any other error send the batch's requests one by one, and set aside the one that
    /// fails. [`StoreError::Invalid`] for more than [`MAX_BATCH`] requests.
    pub async fn append(&self, batch: &[Closed]) -> Result<Appended, StoreError> {
        if batch.len() > MAX_BATCH {
            let why = format!("expected at most {MAX_BATCH} requests, got {}", batch.len());
            return Err(StoreError::invalid("batch", why));
        }
        // In order of their ids, so that two senders of the same requests cannot wait for each
        // other; and each once.
        let ordered: BTreeMap<(Uuid, Uuid), &Closed> =
            batch.iter().rev().map(|it| (identity(it), it)).collect();
        let ordered: Vec<&Closed> = ordered.into_values().collect();
        in_tx!(self, tx => {
            let fresh = insert_requests(&mut tx, &ordered).await?;
            insert_attempts(&mut tx, &fresh).await?;
            insert_lines(&mut tx, &fresh).await?;
            insert_people(&mut tx, &fresh).await?;
            rollup::add(&mut tx, &fresh).await?;
            Ok(Appended { stored: fresh.len(), known: batch.len() - fresh.len() })
        })
    }
}

fn identity(it: &Closed) -> (Uuid, Uuid) {
    (it.identity.caller.workspace.0, it.identity.request.0)
}

/// Inserts what is not there yet, and returns it. The rows' own unique key decides, so two
/// transactions cannot both think a request new: the later waits for the earlier.
async fn insert_requests<'a>(
    tx: &mut Tx,
    batch: &[&'a Closed],
) -> Result<Vec<&'a Closed>, StoreError> {
    let mut fresh: BTreeSet<(Uuid, Uuid)> = BTreeSet::new();
    for rows in batch.chunks(ROWS) {
        let inserted: Vec<(Uuid, Uuid)> = on!(tx.conn, conn => {
            let mut query = QueryBuilder::new(REQUESTS);
            query.push_values(rows, |mut row, it| {
                let (who, asked, end) = (&it.identity, &it.asked, &it.outcome);
                let caller = &who.caller;
                let last = it.attempts.last().map(|attempt| &attempt.start.target);
                let tokens = Tokens::of(it);
                row.push_bind(caller.workspace.0)
                    .push_bind(who.request.0)
                    .push_bind(who.started_at.as_micros())
                    .push_bind(who.node.0)
                    .push_bind(who.revision)
                    .push_bind(caller.key.0)
                    .push_bind(storable(&caller.key_name).into_owned())
                    .push_bind(caller.key_version)
                    .push_bind(caller.owner.0)
                    .push_bind(storable(&caller.owner_name).into_owned())
                    .push_bind(storable(&caller.environment).into_owned())
                    .push_bind(texts(&caller.tags))
                    .push_bind(storable(&who.surface).into_owned())
                    .push_bind(who.operation.as_str())
                    .push_bind(storable(&who.alias).into_owned())
                    .push_bind(who.alias_id.map(|id| id.0))
                    .push_bind(who.route.map(|id| id.0))
                    .push_bind(text(who.client.as_deref()))
                    .push_bind(text(who.client_request_id.as_deref()))
                    .push_bind(text(who.trace_id.as_deref()))
                    .push_bind(who.probe)
                    .push_bind(asked.stream)
                    .push_bind(asked.tools)
                    .push_bind(asked.vision)
                    .push_bind(asked.json_schema)
                    .push_bind(asked.reasoning)
                    .push_bind(signed(asked.bytes))
                    .push_bind(signed(asked.estimated_input))
                    .push_bind(text(last.map(|it| it.provider_name.as_str())))
                    .push_bind(text(last.map(|it| it.model_name.as_str())))
                    .push_bind(i64::from(end.status))
                    .push_bind(text(end.error_code.as_deref()))
                    .push_bind(end.stream_end.as_str())
                    .push_bind(signed(end.total_us))
                    .push_bind(end.first_token_us.map(signed))
                    .push_bind(signed(end.overhead_us))
                    .push_bind(texts(&end.edits))
                    .push_bind(texts(&end.repairs))
                    .push_bind(texts(&end.losses))
                    .push_bind(end.cache_hit)
                    .push_bind(signed(it.attempts.len() as u64))
                    .push_bind(tokens.input)
                    .push_bind(tokens.output)
                    .push_bind(tokens.cached)
                    .push_bind(tokens.cache_write)
                    .push_bind(tokens.reasoning)
                    .push_bind(it.cost().0)
                    .push_bind(source(it).as_str());
            });
            query.push(" ON CONFLICT DO NOTHING RETURNING workspace_id, request_id");
            query.build_query_as().persistent(rows.len() == ROWS).fetch_all(&mut *conn).await
        })?;
        fresh.extend(inserted);
    }
    Ok(batch.iter().filter(|it| fresh.contains(&identity(it))).copied().collect())
}

async fn insert_attempts(tx: &mut Tx, batch: &[&Closed]) -> Result<(), StoreError> {
    let all: Vec<(&Closed, &Attempt)> =
        batch.iter().flat_map(|it| it.attempts.iter().map(move |attempt| (*it, attempt))).collect();
    for rows in all.chunks(ROWS) {
        on!(tx.conn, conn => {
            let mut query = QueryBuilder::new(ATTEMPTS);
            query.push_values(rows, |mut row, (it, attempt)| {
                let (start, target) = (&attempt.start, &attempt.start.target);
                row.push_bind(it.identity.caller.workspace.0)
                    .push_bind(it.identity.request.0)
                    .push_bind(i64::from(start.n))
                    .push_bind(start.started_at.as_micros())
                    .push_bind(target.provider.0)
                    .push_bind(storable(&target.provider_name).into_owned())
                    .push_bind(target.model.0)
                    .push_bind(storable(&target.model_name).into_owned())
                    .push_bind(target.credential.0)
                    .push_bind(target.price.map(|id| id.0))
                    .push_bind(start.max_cost.0)
                    .push_bind(signed(attempt.total_us))
                    .push_bind(attempt.first_byte_us.map(signed))
                    .push_bind(attempt.first_token_us.map(signed))
                    .push_bind(attempt.status.map(i64::from))
                    .push_bind(storable(&attempt.verdict).into_owned())
                    .push_bind(text(attempt.upstream_request_id.as_deref()))
                    .push_bind(Json(attempt.usage))
                    .push_bind(attempt.usage_source.as_str())
                    .push_bind(attempt.cost.0);
            });
            query.push(" ON CONFLICT DO NOTHING");
            query.build().persistent(rows.len() == ROWS).execute(&mut *conn).await.map(drop)
        })?;
    }
    Ok(())
}

async fn insert_lines(tx: &mut Tx, batch: &[&Closed]) -> Result<(), StoreError> {
    let mut all: Vec<(&Closed, &Attempt, Line)> = Vec::new();
    for it in batch {
        for attempt in &it.attempts {
            all.extend(merged(&attempt.lines).into_iter().map(|line| (*it, attempt, line)));
        }
    }
    for rows in all.chunks(ROWS) {
        on!(tx.conn, conn => {
            let mut query = QueryBuilder::new(LINES);
            query.push_values(rows, |mut row, (it, attempt, line)| {
                row.push_bind(it.identity.caller.workspace.0)
                    .push_bind(it.identity.request.0)
                    .push_bind(i64::from(attempt.start.n))
                    .push_bind(line.unit.as_str())
                    .push_bind(signed(line.quantity))
                    .push_bind(attempt.start.target.price.map(|id| id.0))
                    .push_bind(line.cost.0)
                    .push_bind(line.unpriced);
            });
            query.push(" ON CONFLICT DO NOTHING");
            query.build().persistent(rows.len() == ROWS).execute(&mut *conn).await.map(drop)
        })?;
    }
    Ok(())
}

async fn insert_people(tx: &mut Tx, batch: &[&Closed]) -> Result<(), StoreError> {
    let all: Vec<_> =
        batch.iter().filter_map(|it| Some((identity(it), it.identity.person.as_ref()?))).collect();
    for rows in all.chunks(ROWS) {
        on!(tx.conn, conn => {
            let mut query = QueryBuilder::new(PEOPLE);
            query.push_values(rows, |mut row, ((workspace, request), person)| {
                row.push_bind(*workspace)
                    .push_bind(*request)
                    .push_bind(text(person.client_addr.as_deref()))
                    .push_bind(text(person.end_user.as_deref()));
            });
            query.push(" ON CONFLICT DO NOTHING");
            query.build().persistent(rows.len() == ROWS).execute(&mut *conn).await.map(drop)
        })?;
    }
    Ok(())
}

/// Token sums over attempts, as columns hold them.
#[derive(Clone, Copy, Default)]
pub(crate) struct Tokens {
    pub(crate) input: i64,
    pub(crate) output: i64,
    pub(crate) cached: i64,
    pub(crate) cache_write: i64,
    pub(crate) reasoning: i64,
}

impl Tokens {
    pub(crate) fn of(it: &Closed) -> Tokens {
        let mut sum = Tokens::default();
        for attempt in &it.attempts {
            sum.add(&attempt.usage);
        }
        sum
    }

    pub(crate) fn add(&mut self, usage: &Usage) {
        let add = |to: &mut i64, count: u64| *to = to.saturating_add(signed(count));
        add(&mut self.input, usage.input);
        add(&mut self.output, usage.output);
        add(&mut self.cached, usage.cached);
        add(&mut self.cache_write, usage.cache_write.saturating_add(usage.cache_write_1h));
        add(&mut self.reasoning, usage.reasoning);
    }
}

/// A sum is as good as its worst part.
fn source(it: &Closed) -> UsageSource {
    let has = |source| it.attempts.iter().any(|attempt| attempt.usage_source == source);
    if has(UsageSource::Estimated) {
        UsageSource::Estimated
    } else if has(UsageSource::Provider) {
        UsageSource::Provider
    } else {
        UsageSource::None
    }
}

/// One line per unit, whatever came: two would be one row's key.
fn merged(lines: &[Line]) -> Vec<Line> {
    let mut by_unit: BTreeMap<Unit, Line> = BTreeMap::new();
    for line in lines {
        by_unit
            .entry(line.unit)
            .and_modify(|sum| {
                sum.quantity = sum.quantity.saturating_add(line.quantity);
                sum.cost += line.cost;
                sum.unpriced |= line.unpriced;
            })
            .or_insert(*line);
    }
    by_unit.into_values().collect()
}

fn text(it: Option<&str>) -> Option<String> {
    it.map(|it| storable(it).into_owned())
}

fn texts(them: &[impl AsRef<str>]) -> Json<Vec<String>> {
    Json(them.iter().map(|it| storable(it.as_ref()).into_owned()).collect())
}

/// Columns are signed; no real count comes near their end.
pub(crate) fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

const REQUESTS: &str = "INSERT INTO usage_requests (
    workspace_id, request_id, started_at, node_id, revision, key_id, key_name, key_version,
    owner_id, owner_name, environment, tags, surface, operation, alias, alias_id,
    route_version_id, client, client_request_id, trace_id, probe, asked_stream, asked_tools,
    asked_vision, asked_json_schema, asked_reasoning, asked_bytes, estimated_input,
    provider_name, model_name, status, error_code, stream_end, total_us, first_token_us,
    overhead_us, edits, repairs, losses, cache_hit, attempts, input_tokens, output_tokens,
    cached_tokens, cache_write_tokens, reasoning_tokens, cost_nanos, usage_source) ";

const ATTEMPTS: &str = "INSERT INTO usage_attempts (
    workspace_id, request_id, n, started_at, provider_id, provider_name, model_id, model_name,
    credential_id, price_version_id, max_cost_nanos, total_us, first_byte_us, first_token_us,
    status, verdict, upstream_request_id, usage, usage_source, cost_nanos) ";

const LINES: &str = "INSERT INTO usage_lines (
    workspace_id, request_id, n, unit, quantity, price_version_id, cost_nanos, unpriced) ";

const PEOPLE: &str = "INSERT INTO usage_people (workspace_id, request_id, client_addr, end_user) ";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Bench, Shop, each_engine};
    use crate::usage;

    /// Requests, errors, attempts, input tokens, cost and time over all buckets, and their number.
    async fn totals(bench: &Bench, shop: &Shop) -> (i64, i64, i64, i64, i64, i64, i64) {
        const SQL: &str = "SELECT CAST(SUM(requests) AS BIGINT), CAST(SUM(errors) AS BIGINT),
                CAST(SUM(attempts) AS BIGINT), CAST(SUM(input_tokens) AS BIGINT),
                CAST(SUM(cost_nanos) AS BIGINT), CAST(SUM(total_us) AS BIGINT), COUNT(*)
            FROM usage_rollup WHERE workspace_id = $1";
        let mut tx = bench.store.read().await.unwrap();
        on!(tx.conn, it => {
            sqlx::query_as(SQL).bind(shop.workspace.0).fetch_one(&mut *it).await
        })
        .unwrap()
    }

    #[tokio::test]
    async fn a_batch_that_comes_twice_counts_once() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "s").await;
            let batch: Vec<Closed> = (0..120).map(|at| shop.closed(at)).collect();
            let done = bench.store.append(&batch[..70]).await.unwrap();
            assert_eq!(done, Appended { stored: 70, known: 0 });
            let done = bench.store.append(&batch).await.unwrap();
            assert_eq!(done, Appended { stored: 50, known: 70 });
            let twice = [batch[0].clone(), batch[0].clone(), shop.closed(500)];
            let twice = [twice.as_slice(), &twice[2..]].concat();
            let done = bench.store.append(&twice).await.unwrap();
            assert_eq!(done, Appended { stored: 1, known: 3 });
            let n = 121;
            let expected = (n, 0, n, n * 100, n * 42, n * 1_500_400, 1);
            assert_eq!(totals(&bench, &shop).await, expected);
        })
        .await;
    }

    #[tokio::test]
    async fn two_senders_of_the_same_requests_count_once() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "s").await;
            let batch: Vec<Closed> = (0..200).map(|at| shop.closed(at)).collect();
            let mut backwards = batch.clone();
            backwards.reverse();
            let other = bench.reopen(&bench.keys).await.unwrap();
            let (one, two) = tokio::join!(bench.store.append(&batch), other.append(&backwards));
            assert_eq!(one.unwrap().stored + two.unwrap().stored, 200);
            let expected = (200, 0, 200, 20_000, 200 * 42, 200 * 1_500_400, 1);
            assert_eq!(totals(&bench, &shop).await, expected);
        })
        .await;
    }

    #[tokio::test]
    async fn each_attempt_counts_at_its_own_target() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "s").await;
            let mut it = shop.closed(0);
            let mut label = (*it.attempts[0].start.target).clone();
            label.provider = wayleave_model::id::ProviderId(Uuid::from_u128(9));
            it.attempts.insert(0, shop.attempt(1, 5, 0));
            it.attempts[1].start.n = 2;
            it.attempts[0].start.target = std::sync::Arc::new(label);
            it.outcome.stream_end = wayleave_model::record::StreamEnd::Interrupted;
            bench.store.append(std::slice::from_ref(&it)).await.unwrap();
            // One row per provider; the request itself counts at the last.
            assert_eq!(totals(&bench, &shop).await, (1, 1, 2, 105, 84, 1_500_400, 2));
        })
        .await;
    }

    #[tokio::test]
    async fn buckets_are_quarters_of_an_hour() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "s").await;
            let quarter = rollup::BUCKET;
            let batch: Vec<Closed> =
                [-1, 0, quarter - 1, quarter].into_iter().map(|at| shop.closed(at)).collect();
            bench.store.append(&batch).await.unwrap();
            assert_eq!(totals(&bench, &shop).await.6, 3);
        })
        .await;
    }

    #[tokio::test]
    async fn a_refused_request_is_stored_without_attempts() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "s").await;
            let mut it = shop.closed(0);
            it.attempts.clear();
            it.outcome.status = 404;
            it.outcome.error_code = Some("model_not_found".into());
            it.identity.alias = "no\0such".into();
            it.identity.alias_id = None;
            bench.store.append(std::slice::from_ref(&it)).await.unwrap();
            let mut tx = bench.store.read().await.unwrap();
            let (workspace, id) = (shop.workspace, it.identity.request);
            let receipt = usage::receipt(&mut tx, workspace, id).await.unwrap().unwrap();
            assert_eq!(receipt.request.alias, "no\u{FFFD}such");
            assert_eq!(receipt.request.provider, None);
            assert_eq!(receipt.attempts, []);
            drop(tx);
            assert_eq!(totals(&bench, &shop).await, (1, 1, 0, 0, 0, 1_500_400, 1));
        })
        .await;
    }

    #[tokio::test]
    async fn too_many_at_once_are_refused_and_none_is_fine() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "s").await;
            let batch: Vec<Closed> = (0..=500).map(|at| shop.closed(at)).collect();
            let error = bench.store.append(&batch).await.unwrap_err();
            assert!(matches!(error, StoreError::Invalid { field: "batch", .. }));
            assert_eq!(bench.store.append(&batch[1..]).await.unwrap().stored, 500);
            assert_eq!(bench.store.append(&[]).await.unwrap().stored, 0);
        })
        .await;
    }

    #[test]
    fn two_lines_of_one_unit_become_one() {
        use wayleave_model::NanoUsd;
        let line =
            |unit, quantity, cost| Line { unit, quantity, cost: NanoUsd(cost), unpriced: false };
        let lines = [line(Unit::Output, 1, 5), line(Unit::Input, 2, 6), line(Unit::Output, 3, 7)];
        assert_eq!(merged(&lines), [line(Unit::Input, 2, 6), line(Unit::Output, 4, 12)]);
    }
}

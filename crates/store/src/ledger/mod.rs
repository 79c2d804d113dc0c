//! Usage on its way in: batches of closed requests, stored exactly once however often they come.

mod postgres;
mod row;
mod rows;
mod sqlite;

use std::sync::Arc;

use uuid::Uuid;
use wayleave_model::record::Closed;

use crate::db::Db;
use crate::error::StoreError;
use crate::store::Store;

pub(crate) use row::Row;
pub(crate) use rows::{Tokens, signed};
pub(crate) use sqlite::Writer;

/// The most requests of one batch.
pub const MAX_BATCH: usize = 500;

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
    pub async fn append(&self, batch: &[Arc<Closed>]) -> Result<Appended, StoreError> {
        if batch.len() > MAX_BATCH {
            let why = format!("expected at most {MAX_BATCH} requests, got {}", batch.len());
            return Err(StoreError::invalid("batch", why));
        }
        let ordered = ordered(batch);
        // The two engines part here, because every request of every client pays for this: a
        // statement of many rows is cheap where each statement crosses a network, and dear where
        // it crosses nothing.
        let stored = match &self.db {
            Db::Sqlite { write, usage, .. } => usage.append(write, ordered).await?,
            Db::Postgres(pool) => postgres::append(pool, &ordered).await?,
        };
        Ok(Appended { stored, known: batch.len() - stored })
    }
}

/// In order of their ids, so that two senders of the same requests cannot wait for each other; and
/// each once.
fn ordered(batch: &[Arc<Closed>]) -> Vec<Arc<Closed>> {
    let mut ordered = batch.to_vec();
    ordered.sort_by_key(|it| identity(it));
    ordered.dedup_by_key(|it| identity(it));
    ordered
}

fn identity(it: &Closed) -> (Uuid, Uuid) {
    (it.identity.caller.workspace.0, it.identity.request.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::on;
    use crate::rollup;
    use crate::testing::{Bench, Shop, each_engine, shared};
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
            let done = bench.append(&batch[..70]).await.unwrap();
            assert_eq!(done, Appended { stored: 70, known: 0 });
            let done = bench.append(&batch).await.unwrap();
            assert_eq!(done, Appended { stored: 50, known: 70 });
            let twice = [batch[0].clone(), batch[0].clone(), shop.closed(500)];
            let twice = [twice.as_slice(), &twice[2..]].concat();
            let done = bench.append(&twice).await.unwrap();
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
            let (batch, backwards) = (shared(&batch), shared(&backwards));
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
            bench.append(std::slice::from_ref(&it)).await.unwrap();
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
            bench.append(&batch).await.unwrap();
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
            bench.append(std::slice::from_ref(&it)).await.unwrap();
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
            let error = bench.append(&batch).await.unwrap_err();
            assert!(matches!(error, StoreError::Invalid { field: "batch", .. }));
            assert_eq!(bench.append(&batch[1..]).await.unwrap().stored, 500);
            assert_eq!(bench.append(&[]).await.unwrap().stored, 0);
        })
        .await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn changes_and_usage_take_turns() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "s").await;
            let change = bench.change(shop.workspace).await;
            let store = bench.store.clone();
            let batch: Vec<Closed> = (0..100).map(|at| shop.closed(at)).collect();
            let sent = tokio::spawn(async move { store.append(&shared(&batch)).await });
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            change.commit().await.unwrap();
            assert_eq!(sent.await.unwrap().unwrap().stored, 100);
            bench.shop("other", "t").await;
        })
        .await;
    }

    #[tokio::test]
    async fn each_row_of_a_large_batch_is_its_own() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "s").await;
            // Neither a whole number of statements nor one row each.
            let batch: Vec<Closed> = (0..101_u32)
                .map(|at| {
                    let mut it = shop.closed(at.into());
                    it.asked.bytes = at.into();
                    it.outcome.repairs = vec![format!("r{at}").into()];
                    it.attempts = (1..=at % 4).map(|n| shop.attempt(n, at.into(), 20)).collect();
                    it.identity.person.take_if(|_| at % 3 == 0);
                    it
                })
                .collect();
            let done = bench.append(&batch).await.unwrap();
            assert_eq!(done, Appended { stored: 101, known: 0 });
            let mut tx = bench.store.read().await.unwrap();
            for it in &batch {
                let id = it.identity.request;
                let found = usage::receipt(&mut tx, shop.workspace, id).await.unwrap().unwrap();
                assert_eq!(found.asked, it.asked);
                assert_eq!(found.repairs, [format!("r{}", it.asked.bytes)]);
                let attempts: Vec<_> =
                    found.attempts.iter().map(|row| (row.usage, row.lines.len())).collect();
                let sent: Vec<_> =
                    it.attempts.iter().map(|sent| (sent.usage, sent.lines.len())).collect();
                assert_eq!(attempts, sent);
                let who = usage::person(&mut tx, shop.workspace, id).await.unwrap();
                assert_eq!(who, it.identity.person);
            }
        })
        .await;
    }

    #[tokio::test]
    async fn a_closed_store_takes_nothing() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "s").await;
            bench.store.close().await;
            let refused = bench.append(&[shop.closed(0)]).await.unwrap_err();
            assert!(refused.is_outage(), "{refused}");
        })
        .await;
    }

    #[tokio::test]
    async fn every_value_comes_back_as_it_went_in() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "s").await;
            let mut it = shop.closed(0);
            it.outcome.losses = vec!["a\0b \"quoted\" \u{1F600}".into()];
            it.identity.client = None;
            it.identity.trace_id = Some("0af7651916cd43dd8448eb211c80319c".into());
            it.outcome.total_us = u64::MAX;
            bench.append(std::slice::from_ref(&it)).await.unwrap();
            let mut tx = bench.store.read().await.unwrap();
            let (workspace, id) = (shop.workspace, it.identity.request);
            let found = usage::receipt(&mut tx, workspace, id).await.unwrap().unwrap();
            assert_eq!(found.losses, ["a\u{FFFD}b \"quoted\" \u{1F600}"]);
            assert_eq!((found.client, found.trace_id), (None, it.identity.trace_id));
            assert_eq!(found.client_request_id, it.identity.client_request_id);
            assert_eq!(found.request.total_ms, i64::MAX / 1_000);
            assert_eq!(found.request.tags, it.identity.caller.tags);
            assert_eq!((found.asked, found.node), (it.asked, it.identity.node));
        })
        .await;
    }
}

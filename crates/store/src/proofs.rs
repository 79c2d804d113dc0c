//! Proofs of credentials that cost: each a row from before its call, counted against the workspace's
//! budget whichever node makes it, and a line of cost of its own: no key pays for it.

use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;
use wayleave_model::id::{CredentialId, ModelId, PriceVersionId, ProofId, ProviderId, WorkspaceId};
use wayleave_model::page::Page;
use wayleave_model::price::Line;
use wayleave_model::usage::UsageSource;
use wayleave_model::{NanoUsd, Timestamp, Usage};

use crate::audit;
use crate::db::{Tx, on};
use crate::error::StoreError;
use crate::page::{Listing, by_id};
use crate::store::Store;
use crate::text::{document, typed};

const NOUN: &str = "proof";
const HOUR_MICROS: i64 = 3_600_000_000;

/// A proof that is about to cost something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofDraft {
    /// Who asked for it.
    pub asked_by: String,
    /// Whose credential; `None`: a provider that is not stored yet.
    pub provider: Option<ProviderId>,
    /// The provider's name.
    pub provider_name: String,
    /// The credential, if it is stored.
    pub credential: Option<CredentialId>,
    /// The model that is called, if the workspace has it.
    pub model: Option<ModelId>,
    /// The provider's name for it.
    pub model_name: String,
}

/// What a proof came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofEnd {
    /// Its outcome's word.
    pub outcome: &'static str,
    /// How often the model was called.
    pub calls: u32,
    /// What that consumed.
    pub usage: Usage,
    /// Where the figures come from.
    pub usage_source: UsageSource,
    /// The price it was rated by, if the model has one.
    pub price: Option<PriceVersionId>,
    /// The receipt, by unit. Empty without a price.
    pub lines: Vec<Line>,
}

/// A proof, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaidProof {
    /// Its id.
    pub id: ProofId,
    /// When it began.
    pub started_at: Timestamp,
    /// Who asked for what.
    pub draft: ProofDraft,
    /// `None`: it has not ended, or its process did not live that long.
    pub outcome: Option<String>,
    /// How often the model was called.
    pub calls: i64,
    /// What that consumed.
    pub usage: Usage,
    /// Where the figures come from.
    pub usage_source: String,
    /// The price it was rated by.
    pub price: Option<PriceVersionId>,
    /// The receipt, by unit.
    pub lines: Vec<Line>,
    /// The sum of its lines.
    pub cost: NanoUsd,
}

/// Whether a proof may cost something now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budgeted {
    /// It may, and is counted.
    Begun(ProofId),
    /// The hour's are spent; there is another one in so many seconds.
    Spent(u64),
    /// The workspace allows none.
    Never,
}

impl Store {
    /// Counts a proof against the workspace's budget of so many `an_hour`, before it costs anything.
    /// Nodes that try at once come one after the other.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn begin_proof(
        &self,
        workspace: WorkspaceId,
        draft: &ProofDraft,
        an_hour: u16,
        now: Timestamp,
    ) -> Result<Budgeted, StoreError> {
        const NTH: &str = "SELECT started_at FROM proofs WHERE workspace_id = $1
            ORDER BY id DESC LIMIT 1 OFFSET $2";
        const SQL: &str = "INSERT INTO proofs
            (workspace_id, id, started_at, asked_by, provider_id, provider_name, credential_id,
             model_id, model_name, calls, usage, usage_source, lines, cost_nanos)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, 'none', $11, 0)";
        let Some(others) = an_hour.checked_sub(1) else { return Ok(Budgeted::Never) };
        let mut tx = self.write().await?;
        audit::lock_head(&mut tx, workspace).await?;
        let nth: Option<i64> = on!(tx.conn, it => {
            sqlx::query_scalar(NTH)
                .bind(workspace.0)
                .bind(i64::from(others))
                .fetch_optional(&mut *it)
                .await
        })?;
        let left = nth.map_or(0, |at| HOUR_MICROS - now.as_micros().saturating_sub(at));
        if left > 0 {
            let seconds = u64::try_from(left).unwrap_or_default().div_ceil(1_000_000);
            return Ok(Budgeted::Spent(seconds.min(3_600)));
        }
        let id = ProofId::new(now);
        let usage = document("usage", &Usage::default())?;
        let lines = document("lines", &Vec::<Line>::new())?;
        on!(tx.conn, it => {
            sqlx::query(SQL)
                .bind(workspace.0)
                .bind(id.0)
                .bind(now.as_micros())
                .bind(&draft.asked_by)
                .bind(draft.provider.map(|it| it.0))
                .bind(&draft.provider_name)
                .bind(draft.credential.map(|it| it.0))
                .bind(draft.model.map(|it| it.0))
                .bind(&draft.model_name)
                .bind(&usage)
                .bind(&lines)
                .execute(&mut *it)
                .await
                .map(drop)
        })?;
        tx.commit().await?;
        Ok(Budgeted::Begun(id))
    }

    /// Notes what a proof came to and what it cost.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn end_proof(
        &self,
        workspace: WorkspaceId,
        id: ProofId,
        end: &ProofEnd,
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE proofs SET outcome = $3, calls = $4, usage = $5,
            usage_source = $6, price_version_id = $7, lines = $8, cost_nanos = $9
            WHERE workspace_id = $1 AND id = $2";
        let usage = document("usage", &end.usage)?;
        let lines = document("lines", &end.lines)?;
        let cost: NanoUsd = end.lines.iter().map(|line| line.cost).sum();
        let mut tx = self.write().await?;
        on!(tx.conn, it => {
            sqlx::query(SQL)
                .bind(workspace.0)
                .bind(id.0)
                .bind(end.outcome)
                .bind(i64::from(end.calls))
                .bind(&usage)
                .bind(end.usage_source.as_str())
                .bind(end.price.map(|it| it.0))
                .bind(&lines)
                .bind(cost.0)
                .execute(&mut *it)
                .await
                .map(drop)
        })?;
        tx.commit().await
    }
}

/// The proofs of a workspace that cost, newest first.
///
/// # Errors
/// [`StoreError::BadCursor`].
pub async fn list(
    tx: &mut Tx,
    workspace: WorkspaceId,
    listing: &Listing,
) -> Result<Page<PaidProof>, StoreError> {
    const SQL: &str = "SELECT id, started_at, asked_by, provider_id, provider_name, credential_id,
            model_id, model_name, outcome, calls, usage, usage_source, price_version_id, lines,
            cost_nanos
        FROM proofs WHERE workspace_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
    let before = listing.before()?;
    let rows: Vec<Row> = on!(tx.conn, it => {
        sqlx::query_as(SQL)
            .bind(workspace.0)
            .bind(before)
            .bind(listing.fetch())
            .fetch_all(&mut *it)
            .await
    })?;
    let items = rows.into_iter().map(Row::noun).collect::<Result<_, _>>()?;
    Ok(listing.page(items, |it: &PaidProof| by_id(it.id.0)))
}

/// What the proofs of a workspace cost by day of UTC, newest first: the day's first microsecond,
/// how many, and their cost.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn by_day(
    tx: &mut Tx,
    workspace: WorkspaceId,
    days: u16,
) -> Result<Vec<(Timestamp, i64, NanoUsd)>, StoreError> {
    // PostgreSQL sums BIGINT as NUMERIC.
    const SQL: &str = "SELECT started_at / 86400000000 AS day, COUNT(*) AS proofs,
            CAST(SUM(cost_nanos) AS BIGINT) AS cost
        FROM proofs WHERE workspace_id = $1
        GROUP BY started_at / 86400000000 ORDER BY 1 DESC LIMIT $2";
    let rows: Vec<(i64, i64, i64)> = on!(tx.conn, it => {
        sqlx::query_as(SQL).bind(workspace.0).bind(i64::from(days)).fetch_all(&mut *it).await
    })?;
    let day = |number: i64| Timestamp::from_micros(number.saturating_mul(86_400_000_000));
    Ok(rows
        .into_iter()
        .map(|(number, proofs, cost)| (day(number), proofs, NanoUsd(cost)))
        .collect())
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    started_at: i64,
    asked_by: String,
    provider_id: Option<Uuid>,
    provider_name: String,
    credential_id: Option<Uuid>,
    model_id: Option<Uuid>,
    model_name: String,
    outcome: Option<String>,
    calls: i64,
    usage: Json<Value>,
    usage_source: String,
    price_version_id: Option<Uuid>,
    lines: Json<Value>,
    cost_nanos: i64,
}

impl Row {
    fn noun(self) -> Result<PaidProof, StoreError> {
        Ok(PaidProof {
            id: ProofId(self.id),
            started_at: Timestamp::from_micros(self.started_at),
            draft: ProofDraft {
                asked_by: self.asked_by,
                provider: self.provider_id.map(ProviderId),
                provider_name: self.provider_name,
                credential: self.credential_id.map(CredentialId),
                model: self.model_id.map(ModelId),
                model_name: self.model_name,
            },
            outcome: self.outcome,
            calls: self.calls,
            usage: typed(NOUN, self.usage)?,
            usage_source: self.usage_source,
            price: self.price_version_id.map(PriceVersionId),
            lines: typed(NOUN, self.lines)?,
            cost: NanoUsd(self.cost_nanos),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Shop, each_engine};

    fn draft(shop: &Shop) -> ProofDraft {
        ProofDraft {
            asked_by: "mia".to_owned(),
            provider: Some(shop.provider.id),
            provider_name: shop.provider.name.clone(),
            credential: Some(shop.credential.id),
            model: Some(shop.model.id),
            model_name: shop.model.name.clone(),
        }
    }

    #[tokio::test]
    async fn an_hour_has_so_many_and_the_next_comes_when_the_oldest_is_an_hour_old() {
        each_engine(|bench| async move {
            let (red, blue) = (bench.shop("red", "s").await, bench.shop("blue", "t").await);
            let start = bench.clock.now();
            let at = |seconds: i64| start.plus_micros(seconds * 1_000_000);
            let take = async |shop: &Shop, limit: u16, second: i64| {
                let it = draft(shop);
                bench.store.begin_proof(shop.workspace, &it, limit, at(second)).await.unwrap()
            };
            for second in 0..3 {
                let done = take(&red, 3, second).await;
                assert!(matches!(done, Budgeted::Begun(_)), "{second}: {done:?}");
            }
            assert_eq!(take(&red, 3, 100).await, Budgeted::Spent(3_500));
            assert!(matches!(take(&blue, 3, 100).await, Budgeted::Begun(_)), "each has its own");
            assert_eq!(take(&red, 0, 100).await, Budgeted::Never);
            assert_eq!(
                take(&red, 1, 100).await,
                Budgeted::Spent(3_502),
                "a lower one holds at once"
            );
            assert!(matches!(take(&red, 3, 3_600).await, Budgeted::Begun(_)));
            assert_eq!(take(&red, 3, 3_600).await, Budgeted::Spent(1));
        })
        .await;
    }

    #[tokio::test]
    async fn a_paid_proof_is_a_line_of_cost_of_its_own() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "s").await;
            let workspace = shop.workspace;
            let it = draft(&shop);
            let now = bench.clock.now();
            let begun = bench.store.begin_proof(workspace, &it, 60, now).await.unwrap();
            let Budgeted::Begun(id) = begun else { panic!("{begun:?}") };
            let price = shop.model.price.clone().unwrap();
            let usage = Usage { input: 9, output: 16, ..Usage::default() };
            let lines = price.lines(&usage);
            let cost: NanoUsd = lines.iter().map(|line| line.cost).sum();
            assert!(cost > NanoUsd::ZERO);
            let mut tx = bench.store.read().await.unwrap();
            let open = list(&mut tx, workspace, &Listing::default()).await.unwrap().items;
            assert_eq!((open[0].outcome.as_deref(), open[0].cost), (None, NanoUsd::ZERO));
            drop(tx);
            let end = ProofEnd {
                outcome: "proven",
                calls: 2,
                usage,
                usage_source: UsageSource::Provider,
                price: Some(price.id),
                lines: lines.clone(),
            };
            bench.store.end_proof(workspace, id, &end).await.unwrap();
            let mut tx = bench.store.read().await.unwrap();
            let page = list(&mut tx, workspace, &Listing::default()).await.unwrap();
            let [found] = page.items.as_slice() else { panic!("{page:?}") };
            assert_eq!((found.id, &found.draft, found.started_at), (id, &it, now));
            assert_eq!((found.outcome.as_deref(), found.calls), (Some("proven"), 2));
            assert_eq!((found.usage, &found.lines, found.cost), (usage, &lines, cost));
            let days = by_day(&mut tx, workspace, 30).await.unwrap();
            let midnight = now.as_micros() / 86_400_000_000 * 86_400_000_000;
            assert_eq!(days, [(Timestamp::from_micros(midnight), 1, cost)]);
        })
        .await;
    }
}

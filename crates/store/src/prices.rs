//! The price book: dated, versioned prices of models. Versions are never changed.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use serde::Serialize;
use uuid::Uuid;
use wayleave_model::id::{ModelId, PriceVersionId, WorkspaceId};
use wayleave_model::page::Page;
use wayleave_model::price::{PriceVersion, Rate};
use wayleave_model::{Meter, NanoUsd, Timestamp};

use crate::change::Change;
use crate::db::{Tx, on};
use crate::error::StoreError;
use crate::page::Listing;
use crate::text::check_text;

/// A model's prices from a date on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceDraft {
    /// Explicitly without charge; then there are no rates.
    pub free: bool,
    /// At most one per unit and variant, in US dollars.
    pub rates: Vec<Rate>,
    /// From when on; `None`: from now on. Not in the future.
    pub effective_from: Option<Timestamp>,
    /// Where the prices are from, like a vendor's page.
    pub source: String,
    /// When somebody last compared them with that source.
    pub verified_at: Option<Timestamp>,
}

/// One version of a model's prices, with what is known of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DatedPrice {
    /// 1, 2, 3 … per model.
    pub number: i64,
    /// What requests are rated with.
    #[serde(flatten)]
    pub price: PriceVersion,
    /// From when on.
    pub effective_from: Timestamp,
    /// Where the prices are from.
    pub source: String,
    /// When somebody last compared them with that source.
    pub verified_at: Option<Timestamp>,
    /// Who wrote it down.
    pub author: String,
    /// When.
    pub created_at: Timestamp,
}

/// Every version of a model's prices, newest first; also of a model that is gone.
///
/// # Errors
/// [`StoreError::BadCursor`].
pub async fn list(
    tx: &mut Tx,
    workspace: WorkspaceId,
    model: ModelId,
    listing: &Listing,
) -> Result<Page<DatedPrice>, StoreError> {
    const SQL: &str =
        "SELECT id, number, free, effective_from, source, verified_at, author, created_at
        FROM price_versions WHERE workspace_id = $1 AND model_id = $2 AND number < $3
        ORDER BY number DESC LIMIT $4";
    let before = listing.before_number()?;
    let rows: Vec<Row> = on!(tx.conn, it => {
        sqlx::query_as(SQL)
            .bind(workspace.0)
            .bind(model.0)
            .bind(before)
            .bind(listing.fetch())
            .fetch_all(&mut *it)
            .await
    })?;
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        let rates = rates(tx, workspace, row.id).await?;
        items.push(row.noun(rates));
    }
    Ok(listing.page(items, |it: &DatedPrice| it.number.to_string()))
}

/// The price version of that id, in force or not: what a receipt was rated with.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn get(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: PriceVersionId,
) -> Result<Option<DatedPrice>, StoreError> {
    const SQL: &str =
        "SELECT id, number, free, effective_from, source, verified_at, author, created_at
        FROM price_versions WHERE workspace_id = $1 AND id = $2";
    let row: Option<Row> = on!(tx.conn, it => {
        sqlx::query_as(SQL).bind(workspace.0).bind(id.0).fetch_optional(&mut *it).await
    })?;
    let Some(row) = row else { return Ok(None) };
    let rates = rates(tx, workspace, row.id).await?;
    Ok(Some(row.noun(rates)))
}

/// The prices in force now of the models in a range of ids.
pub(crate) async fn in_force(
    tx: &mut Tx,
    workspace: WorkspaceId,
    models: RangeInclusive<Uuid>,
) -> Result<BTreeMap<Uuid, PriceVersion>, StoreError> {
    const SQL: &str = "WITH dated AS (
            SELECT model_id, id, free, ROW_NUMBER() OVER
                (PARTITION BY model_id ORDER BY effective_from DESC, number DESC) AS place
            FROM price_versions
            WHERE workspace_id = $1 AND model_id >= $2 AND model_id <= $3 AND effective_from <= $4)
        SELECT dated.model_id, dated.id, dated.free, rate.unit, rate.amount_nanos, rate.per
        FROM dated LEFT JOIN price_rates rate
            ON rate.workspace_id = $1 AND rate.price_version_id = dated.id
        WHERE dated.place = 1";
    type Found = (Uuid, Uuid, bool, Option<String>, Option<i64>, Option<i64>);
    let now = tx.shared.clock.now().as_micros();
    let rows: Vec<Found> = on!(tx.conn, it => {
        sqlx::query_as(SQL)
            .bind(workspace.0)
            .bind(*models.start())
            .bind(*models.end())
            .bind(now)
            .fetch_all(&mut *it)
            .await
    })?;
    let mut prices: BTreeMap<Uuid, PriceVersion> = BTreeMap::new();
    for (model, id, free, unit, amount, per) in rows {
        let version = prices.entry(model).or_insert_with(|| PriceVersion {
            id: PriceVersionId(id),
            free,
            rates: Vec::new(),
        });
        if let (Some(unit), Some(amount), Some(per)) = (unit, amount, per) {
            version.rates.push(rate(&unit, amount, per)?);
        }
    }
    for version in prices.values_mut() {
        version.rates.sort_by_key(Rate::meter);
    }
    Ok(prices)
}

pub(crate) fn check(draft: &PriceDraft, now: Timestamp) -> Result<(), StoreError> {
    let wrong = |why: &str| Err(StoreError::invalid("price", why));
    check_text("source", &draft.source)?;
    if draft.free != draft.rates.is_empty() {
        return wrong("expected either rates or `free: true`");
    }
    if draft.rates.iter().any(|rate| rate.amount < NanoUsd::ZERO) {
        return wrong("an amount is below zero");
    }
    if draft.rates.iter().any(|rate| rate.per == 0 || i64::try_from(rate.per).is_err()) {
        return wrong("an amount is for a quantity of 1 or more");
    }
    let meters: BTreeSet<Meter> = draft.rates.iter().map(Rate::meter).collect();
    if meters.len() != draft.rates.len() {
        return wrong("a unit is priced twice");
    }
    // A date to come would have to change every node's view of the configuration when it comes,
    // and nothing bumps the revision then.
    if draft.effective_from.is_some_and(|from| from > now) {
        return wrong("a price cannot begin in the future");
    }
    Ok(())
}

/// Whether a version charges what the draft says.
pub(crate) fn says(version: &PriceVersion, draft: &PriceDraft) -> bool {
    let sorted = |rates: &[Rate]| {
        let mut rates = rates.to_vec();
        rates.sort_by_key(Rate::meter);
        rates
    };
    version.free == draft.free && sorted(&version.rates) == sorted(&draft.rates)
}

pub(crate) async fn insert(
    change: &mut Change,
    model: ModelId,
    draft: &PriceDraft,
) -> Result<(), StoreError> {
    const VERSION: &str = "INSERT INTO price_versions
        (workspace_id, id, model_id, number, free, effective_from, source, verified_at, author,
         created_at)
        VALUES ($1, $2, $3, (SELECT COALESCE(MAX(number), 0) + 1 FROM price_versions
            WHERE workspace_id = $1 AND model_id = $3), $4, $5, $6, $7, $8, $9)";
    const RATE: &str = "INSERT INTO price_rates
        (workspace_id, price_version_id, unit, amount_nanos, per, currency)
        VALUES ($1, $2, $3, $4, $5, 'USD')";
    let id = PriceVersionId::new(change.now);
    let from = draft.effective_from.unwrap_or(change.now);
    let workspace = change.workspace.0;
    on!(change.tx.conn, it => {
        sqlx::query(VERSION)
            .bind(workspace)
            .bind(id.0)
            .bind(model.0)
            .bind(draft.free)
            .bind(from.as_micros())
            .bind(&draft.source)
            .bind(draft.verified_at.map(Timestamp::as_micros))
            .bind(&change.actor.name)
            .bind(change.now.as_micros())
            .execute(&mut *it)
            .await
            .map(drop)
    })?;
    for rate in &draft.rates {
        on!(change.tx.conn, it => {
            sqlx::query(RATE)
                .bind(workspace)
                .bind(id.0)
                .bind(rate.meter().word())
                .bind(rate.amount.0)
                .bind(i64::try_from(rate.per).unwrap_or(i64::MAX))
                .execute(&mut *it)
                .await
                .map(drop)
        })?;
    }
    Ok(())
}

async fn rates(
    tx: &mut Tx,
    workspace: WorkspaceId,
    version: Uuid,
) -> Result<Vec<Rate>, StoreError> {
    const SQL: &str = "SELECT unit, amount_nanos, per FROM price_rates
        WHERE workspace_id = $1 AND price_version_id = $2";
    let rows: Vec<(String, i64, i64)> = on!(tx.conn, it => {
        sqlx::query_as(SQL).bind(workspace.0).bind(version).fetch_all(&mut *it).await
    })?;
    let mut rates: Vec<Rate> = rows
        .into_iter()
        .map(|(unit, amount, per)| rate(&unit, amount, per))
        .collect::<Result<_, _>>()?;
    rates.sort_by_key(Rate::meter);
    Ok(rates)
}

/// `unit` is a [`Meter`] as it is written: `input`, `image@1024x1024/hd`.
fn rate(unit: &str, amount: i64, per: i64) -> Result<Rate, StoreError> {
    let unreadable = || StoreError::unreadable("price", format!("unit `{unit}` per {per}"));
    let Meter { unit, variant } = unit.parse().map_err(|_| unreadable())?;
    Ok(Rate {
        unit,
        variant,
        amount: NanoUsd(amount),
        per: u64::try_from(per).map_err(|_| unreadable())?,
    })
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    number: i64,
    free: bool,
    effective_from: i64,
    source: String,
    verified_at: Option<i64>,
    author: String,
    created_at: i64,
}

impl Row {
    fn noun(self, rates: Vec<Rate>) -> DatedPrice {
        DatedPrice {
            number: self.number,
            price: PriceVersion { id: PriceVersionId(self.id), free: self.free, rates },
            effective_from: Timestamp::from_micros(self.effective_from),
            source: self.source,
            verified_at: self.verified_at.map(Timestamp::from_micros),
            author: self.author,
            created_at: Timestamp::from_micros(self.created_at),
        }
    }
}

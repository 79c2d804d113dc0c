//! The quotas of grants, and what was used of them.

use std::collections::BTreeMap;

use uuid::Uuid;
use wayleave_model::Timestamp;
use wayleave_model::id::{GrantId, QuotaId, WorkspaceId};
use wayleave_model::record::Closed;
use wayleave_model::supply::{Quota, QuotaType, QuotaUnit};

use super::{NOUN, QuotaDraft};
use crate::change::Change;
use crate::db::{Tx, on};
use crate::error::StoreError;
use crate::ledger::Row;
use crate::store::Store;

/// What `drafts` make of the quotas that are there, in the order in which they serve.
pub(super) fn wanted(there: &[Quota], drafts: &[QuotaDraft], now: Timestamp) -> Vec<Quota> {
    let same = |it: &QuotaDraft| {
        there.iter().find(|known| (known.quota_type, known.unit) == (it.quota_type, it.unit))
    };
    let mut wanted: Vec<Quota> = drafts
        .iter()
        .map(|it| Quota {
            id: same(it).map_or_else(|| QuotaId::new(now), |known| known.id),
            quota_type: it.quota_type,
            unit: it.unit,
            limit: it.limit,
            expires_at: it.expires_at,
            used: same(it).map_or(0, |known| known.used),
        })
        .collect();
    wanted.sort_by_key(|it| it.quota_type);
    wanted
}

/// Replaces the quotas of a grant. What was used of one that stays is not touched.
pub(super) async fn write(
    change: &mut Change,
    grant: GrantId,
    before: &[Quota],
    after: &[Quota],
) -> Result<(), StoreError> {
    const REMOVE: &str = "DELETE FROM quotas WHERE workspace_id = $1 AND id = $2";
    const FORGET: &str = "DELETE FROM quota_uses WHERE workspace_id = $1 AND quota_id = $2";
    const SQL: &str = "INSERT INTO quotas
        (workspace_id, id, grant_id, type, unit, quota_limit, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let workspace = change.workspace;
    for quota in before {
        let stays = after.iter().any(|it| it.id == quota.id);
        let all = [REMOVE, FORGET];
        for &sql in if stays { &all[..1] } else { &all[..] } {
            on!(change.tx.conn, it => {
                sqlx::query(sql)
                    .bind(workspace.0)
                    .bind(quota.id.0)
                    .execute(&mut *it)
                    .await
                    .map(drop)
            })?;
        }
    }
    for quota in after {
        on!(change.tx.conn, it => {
            sqlx::query(SQL)
                .bind(workspace.0)
                .bind(quota.id.0)
                .bind(grant.0)
                .bind(quota.quota_type.as_str())
                .bind(quota.unit.as_str())
                .bind(quota.limit)
                .bind(quota.expires_at.map(Timestamp::as_micros))
                .execute(&mut *it)
                .await
                .map(drop)
        })?;
    }
    Ok(())
}

/// Every quota of a workspace, in the order in which they serve.
pub(super) async fn of(
    tx: &mut Tx,
    workspace: WorkspaceId,
) -> Result<Vec<(GrantId, Quota)>, StoreError> {
    const SQL: &str =
        "SELECT q.grant_id, q.id, q.type AS kind, q.unit, q.quota_limit, q.expires_at, u.used
        FROM quotas q LEFT JOIN quota_uses u
            ON u.workspace_id = q.workspace_id AND u.quota_id = q.id
        WHERE q.workspace_id = $1";
    let found: Vec<Found> =
        on!(tx.conn, it => sqlx::query_as(SQL).bind(workspace.0).fetch_all(&mut *it).await)?;
    let mut all = found.into_iter().map(Found::noun).collect::<Result<Vec<_>, _>>()?;
    all.sort_by_key(|(grant, it)| (*grant, it.quota_type));
    Ok(all)
}

#[derive(sqlx::FromRow)]
struct Found {
    grant_id: Uuid,
    id: Uuid,
    kind: String,
    unit: String,
    quota_limit: i64,
    expires_at: Option<i64>,
    used: Option<i64>,
}

impl Found {
    fn noun(self) -> Result<(GrantId, Quota), StoreError> {
        let unknown = |word: &str| StoreError::unreadable(NOUN, word);
        let quota = Quota {
            id: QuotaId(self.id),
            quota_type: QuotaType::parse(&self.kind).ok_or_else(|| unknown(&self.kind))?,
            unit: QuotaUnit::parse(&self.unit).ok_or_else(|| unknown(&self.unit))?,
            limit: self.quota_limit,
            expires_at: self.expires_at.map(Timestamp::from_micros),
            used: self.used.unwrap_or(0),
        };
        Ok((GrantId(self.grant_id), quota))
    }
}

impl Store {
    /// What was used of every quota of the instance, as far as its usage is stored. A quota of which
    /// nothing is used may be missing.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn quota_uses(&self) -> Result<Vec<(QuotaId, i64)>, StoreError> {
        const SQL: &str = "SELECT quota_id, used FROM quota_uses";
        let mut tx = self.read().await?;
        let found: Vec<(Uuid, i64)> =
            on!(tx.conn, it => sqlx::query_as(SQL).fetch_all(&mut *it).await)?;
        Ok(found.into_iter().map(|(id, used)| (QuotaId(id), used)).collect())
    }
}

/// What requests that were just stored used of quotas; to be added in the same transaction. Its order
/// is the order of the rows' locks.
pub(crate) fn uses(batch: &[&Closed]) -> BTreeMap<(Uuid, Uuid), i64> {
    let mut uses = BTreeMap::new();
    for it in batch {
        for attempt in &it.attempts {
            let Some(supply) = &attempt.start.target.supply else { continue };
            let amount = supply.amount(attempt);
            if amount > 0 {
                let key = (it.identity.caller.workspace.0, supply.quota.0);
                let used: &mut i64 = uses.entry(key).or_default();
                *used = used.saturating_add(amount);
            }
        }
    }
    uses
}

/// The values of one row of what was used.
pub(crate) fn usage(row: &mut impl Row, key: (Uuid, Uuid), used: i64) {
    row.id(key.0).id(key.1).int(used);
}

pub(crate) const INSERT: &str = "INSERT INTO quota_uses (workspace_id, quota_id, used) ";

pub(crate) const ADD: &str = " ON CONFLICT (workspace_id, quota_id)
    DO UPDATE SET used = quota_uses.used + excluded.used";

//! Who changed what: an append-only log per workspace, each entry chained to the one before by
//! its hash, so that a changed, removed or inserted entry shows.

use aws_lc_rs::digest;
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::types::Json;
use uuid::Uuid;
use wayleave_model::Timestamp;
use wayleave_model::id::{AuditId, WorkspaceId};
use wayleave_model::page::Page;

use crate::change::Change;
use crate::db::{Tx, on};
use crate::error::StoreError;
use crate::page::Listing;
use crate::text::{hex, storable};

macro_rules! columns {
    () => {
        "id, seq, at, revision, actor, role, addr, request_id, action, target_kind, target_id, \
         before_value, after_value, reason, prev_hash, hash"
    };
}

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// Its id.
    pub id: AuditId,
    /// 1, 2, 3 … without gaps in the workspace.
    pub seq: i64,
    /// When.
    #[serde(serialize_with = "as_text")]
    pub at: Timestamp,
    /// The configuration's number it made.
    pub revision: i64,
    /// Who.
    pub actor: String,
    /// In which role.
    pub role: String,
    /// From where.
    pub addr: Option<String>,
    /// In which request of the management API.
    pub request_id: Option<String>,
    /// What was done, like `provider.create`.
    pub action: String,
    /// To which noun.
    pub target_kind: String,
    /// To which one.
    pub target_id: String,
    /// What it was, secrets masked.
    pub before: Option<Value>,
    /// What it became, secrets masked.
    pub after: Option<Value>,
    /// Why.
    pub reason: String,
    /// The hash of the entry before, in hex; zeros for the first.
    pub prev_hash: String,
    /// The hash of this entry, in hex.
    pub hash: String,
}

fn as_text<S: serde::Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(at)
}

/// What walking a chain found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chain {
    /// Every entry is as it was written, and none is missing.
    Whole {
        /// How many there are.
        entries: i64,
    },
    /// Somebody changed the log.
    Broken {
        /// The first entry that is not as it was written.
        seq: i64,
        /// What is wrong with it.
        why: &'static str,
    },
}

/// The log of a workspace, newest first.
///
/// # Errors
/// [`StoreError::BadCursor`].
pub async fn list(
    tx: &mut Tx,
    workspace: WorkspaceId,
    listing: &Listing,
) -> Result<Page<Entry>, StoreError> {
    const SQL: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM audit WHERE workspace_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3"
    );
    let before = listing.before_number()?;
    let rows: Vec<Row> = on!(tx.conn, it => {
        sqlx::query_as(SQL)
            .bind(workspace.0)
            .bind(before)
            .bind(listing.fetch())
            .fetch_all(&mut *it)
            .await
    })?;
    let entries = rows.into_iter().map(Entry::from).collect();
    Ok(listing.page(entries, |entry: &Entry| entry.seq.to_string()))
}

/// Walks the chain of a workspace from its first entry to its head.
///
/// # Errors
/// [`StoreError::Unavailable`]. A broken chain is an answer, not an error.
pub async fn verify(tx: &mut Tx, workspace: WorkspaceId) -> Result<Chain, StoreError> {
    const SQL: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM audit WHERE workspace_id = $1 AND seq > $2 ORDER BY seq LIMIT 500"
    );
    let head = head(tx, workspace).await?;
    let mut last = Head::default();
    loop {
        let rows: Vec<Row> = on!(tx.conn, it => {
            sqlx::query_as(SQL).bind(workspace.0).bind(last.seq).fetch_all(&mut *it).await
        })?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            let seq = last.seq + 1;
            let broken = |why| Ok(Chain::Broken { seq, why });
            if row.seq != seq {
                return broken("it is missing");
            }
            if row.prev_hash != last.hash {
                return broken("it does not follow the entry before it");
            }
            let stored = row.hash.clone();
            let entry = Entry::from(row);
            if entry_hash(workspace, &entry).as_slice() != stored {
                return broken("it was changed");
            }
            last = Head { seq, hash: stored };
        }
    }
    if last == head {
        return Ok(Chain::Whole { entries: head.seq });
    }
    Ok(Chain::Broken { seq: last.seq + 1, why: "it is missing at the end of the log" })
}

/// The end of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    seq: i64,
    hash: Vec<u8>,
}

impl Default for Head {
    fn default() -> Head {
        Head { seq: 0, hash: vec![0; 32] }
    }
}

/// An entry that has no place in the chain yet.
pub(crate) struct Draft {
    pub(crate) action: &'static str,
    pub(crate) target_id: String,
    pub(crate) before: Option<Value>,
    pub(crate) after: Option<Value>,
}

/// The end of the workspace's chain, locked until the transaction ends.
pub(crate) async fn lock_head(tx: &mut Tx, workspace: WorkspaceId) -> Result<Head, StoreError> {
    // An update that changes nothing takes the row's lock on either engine.
    const SQL: &str = "INSERT INTO audit_heads (workspace_id, seq, hash) VALUES ($1, $2, $3)
        ON CONFLICT (workspace_id) DO UPDATE SET seq = audit_heads.seq RETURNING seq, hash";
    let new = Head::default();
    let (seq, hash) = on!(tx.conn, it => {
        sqlx::query_as(SQL)
            .bind(workspace.0)
            .bind(new.seq)
            .bind(new.hash)
            .fetch_one(&mut *it)
            .await
    })?;
    Ok(Head { seq, hash })
}

async fn head(tx: &mut Tx, workspace: WorkspaceId) -> Result<Head, StoreError> {
    const SQL: &str = "SELECT seq, hash FROM audit_heads WHERE workspace_id = $1";
    let found: Option<(i64, Vec<u8>)> = on!(tx.conn, it => {
        sqlx::query_as(SQL).bind(workspace.0).fetch_optional(&mut *it).await
    })?;
    Ok(found.map_or_else(Head::default, |(seq, hash)| Head { seq, hash }))
}

/// Appends what the change recorded, and moves the head.
pub(crate) async fn append(change: &mut Change, revision: i64) -> Result<(), StoreError> {
    const HEAD: &str = "UPDATE audit_heads SET seq = $2, hash = $3 WHERE workspace_id = $1";
    let (mut head, drafts) = change.take_drafts();
    for draft in drafts {
        let entry = place(change, draft, &head, revision);
        let hash = entry_hash(change.workspace, &entry);
        insert(&mut change.tx, change.workspace, &entry, &head.hash, &hash).await?;
        head = Head { seq: entry.seq, hash };
    }
    on!(change.tx.conn, it => {
        sqlx::query(HEAD)
            .bind(change.workspace.0)
            .bind(head.seq)
            .bind(head.hash)
            .execute(&mut *it)
            .await
            .map(drop)
    })?;
    Ok(())
}

fn place(change: &Change, draft: Draft, head: &Head, revision: i64) -> Entry {
    let text = |it: &str| storable(it).into_owned();
    Entry {
        id: AuditId::new(change.now),
        seq: head.seq + 1,
        at: change.now,
        revision,
        actor: text(&change.actor.name),
        role: text(&change.actor.role),
        addr: change.actor.addr.as_deref().map(text),
        request_id: change.actor.request_id.as_deref().map(text),
        action: draft.action.to_owned(),
        target_kind: draft.action.split('.').next().unwrap_or_default().to_owned(),
        target_id: draft.target_id,
        before: draft.before,
        after: draft.after,
        reason: text(&change.reason),
        prev_hash: hex(&head.hash),
        hash: String::new(),
    }
}

async fn insert(
    tx: &mut Tx,
    workspace: WorkspaceId,
    entry: &Entry,
    prev_hash: &[u8],
    hash: &[u8],
) -> Result<(), StoreError> {
    const SQL: &str = concat!(
        "INSERT INTO audit (workspace_id, ",
        columns!(),
        ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)"
    );
    on!(tx.conn, it => {
        sqlx::query(SQL)
            .bind(workspace.0)
            .bind(entry.id.0)
            .bind(entry.seq)
            .bind(entry.at.as_micros())
            .bind(entry.revision)
            .bind(&entry.actor)
            .bind(&entry.role)
            .bind(&entry.addr)
            .bind(&entry.request_id)
            .bind(&entry.action)
            .bind(&entry.target_kind)
            .bind(&entry.target_id)
            .bind(entry.before.as_ref().map(Json))
            .bind(entry.after.as_ref().map(Json))
            .bind(&entry.reason)
            .bind(prev_hash)
            .bind(hash)
            .execute(&mut *it)
            .await
            .map(drop)
    })?;
    Ok(())
}

/// SHA-256 over every other field of the entry, and so over the hash before it.
fn entry_hash(workspace: WorkspaceId, entry: &Entry) -> Vec<u8> {
    let value = json!({
        "workspace": workspace.to_string(),
        "id": entry.id,
        "seq": entry.seq,
        "at": entry.at.as_micros(),
        "revision": entry.revision,
        "actor": entry.actor,
        "role": entry.role,
        "addr": entry.addr,
        "request_id": entry.request_id,
        "action": entry.action,
        "target_kind": entry.target_kind,
        "target_id": entry.target_id,
        "before": entry.before,
        "after": entry.after,
        "reason": entry.reason,
        "prev_hash": entry.prev_hash,
    });
    let mut text = String::new();
    canonical(&value, &mut text);
    digest::digest(&digest::SHA256, text.as_bytes()).as_ref().to_vec()
}

/// JSON with sorted keys and no blanks: PostgreSQL keeps neither order nor spacing.
fn canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut fields: Vec<_> = map.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            out.push('{');
            for (at, (name, field)) in fields.into_iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                out.push_str(&Value::String(name.clone()).to_string());
                out.push(':');
                canonical(field, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                canonical(item, out);
            }
            out.push(']');
        }
        plain => out.push_str(&plain.to_string()),
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    seq: i64,
    at: i64,
    revision: i64,
    actor: String,
    role: String,
    addr: Option<String>,
    request_id: Option<String>,
    action: String,
    target_kind: String,
    target_id: String,
    before_value: Option<Json<Value>>,
    after_value: Option<Json<Value>>,
    reason: String,
    prev_hash: Vec<u8>,
    hash: Vec<u8>,
}

impl From<Row> for Entry {
    fn from(row: Row) -> Entry {
        Entry {
            id: AuditId(row.id),
            seq: row.seq,
            at: Timestamp::from_micros(row.at),
            revision: row.revision,
            actor: row.actor,
            role: row.role,
            addr: row.addr,
            request_id: row.request_id,
            action: row.action,
            target_kind: row.target_kind,
            target_id: row.target_id,
            before: row.before_value.map(|it| it.0),
            after: row.after_value.map(|it| it.0),
            reason: row.reason,
            prev_hash: hex(&row.prev_hash),
            hash: hex(&row.hash),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Bench, each_engine, owner_draft};
    use crate::{Actor, owners};

    async fn three_entries(bench: &Bench) -> WorkspaceId {
        let workspace = bench.workspace("main").await;
        for name in ["a", "b", "c"] {
            let actor = Actor {
                name: "ada".into(),
                role: "admin".into(),
                addr: Some("192.0.2.1".into()),
                request_id: None,
            };
            let mut change = bench.store.change(workspace, &actor, "why\0not").await.unwrap();
            owners::create(&mut change, &owner_draft(name)).await.unwrap();
            change.commit().await.unwrap();
        }
        workspace
    }

    async fn tamper(bench: &Bench, sql: &'static str) -> Chain {
        let workspace = three_entries(bench).await;
        let mut tx = bench.store.write().await.unwrap();
        on!(tx.conn, it => sqlx::query(sql).bind(workspace.0).execute(&mut *it).await.map(drop))
            .unwrap();
        tx.commit().await.unwrap();
        verify(&mut bench.store.read().await.unwrap(), workspace).await.unwrap()
    }

    #[tokio::test]
    async fn every_change_is_an_entry_of_a_whole_chain() {
        each_engine(|bench| async move {
            let workspace = three_entries(&bench).await;
            let mut tx = bench.store.read().await.unwrap();
            let entries = list(&mut tx, workspace, &Listing::default()).await.unwrap().items;
            assert_eq!(entries.iter().map(|it| it.seq).collect::<Vec<_>>(), [3, 2, 1]);
            let newest = &entries[0];
            assert_eq!(newest.prev_hash, entries[1].hash);
            assert_eq!((newest.action.as_str(), newest.actor.as_str()), ("owner.create", "ada"));
            assert_eq!((newest.target_kind.as_str(), newest.before.as_ref()), ("owner", None));
            assert_eq!(newest.after.as_ref().unwrap()["name"], "c");
            assert_eq!(newest.reason, "why\u{FFFD}not");
            let whole = Chain::Whole { entries: 3 };
            assert_eq!(verify(&mut tx, workspace).await.unwrap(), whole);
        })
        .await;
    }

    #[tokio::test]
    async fn a_changed_entry_shows() {
        each_engine(|bench| async move {
            let sql = "UPDATE audit SET actor = 'eve' WHERE workspace_id = $1 AND seq = 2";
            let found = tamper(&bench, sql).await;
            assert_eq!(found, Chain::Broken { seq: 2, why: "it was changed" });
        })
        .await;
    }

    #[tokio::test]
    async fn a_removed_entry_shows() {
        each_engine(|bench| async move {
            let sql = "DELETE FROM audit WHERE workspace_id = $1 AND seq = 2";
            let found = tamper(&bench, sql).await;
            assert_eq!(found, Chain::Broken { seq: 2, why: "it is missing" });
        })
        .await;
    }

    #[tokio::test]
    async fn a_cut_end_shows() {
        each_engine(|bench| async move {
            let sql = "DELETE FROM audit WHERE workspace_id = $1 AND seq = 3";
            let found = tamper(&bench, sql).await;
            let why = "it is missing at the end of the log";
            assert_eq!(found, Chain::Broken { seq: 3, why });
        })
        .await;
    }

    #[tokio::test]
    async fn changes_of_one_workspace_at_once_leave_no_gap() {
        each_engine(|bench| async move {
            let workspace = bench.workspace("main").await;
            let tasks: Vec<_> = (0..8)
                .map(|at| {
                    let bench = bench.clone();
                    tokio::spawn(async move {
                        let mut change = bench.change(workspace).await;
                        let draft = owner_draft(&format!("owner-{at}"));
                        owners::create(&mut change, &draft).await.unwrap();
                        change.commit().await.unwrap()
                    })
                })
                .collect();
            let mut revisions = Vec::new();
            for task in tasks {
                revisions.push(task.await.unwrap());
            }
            revisions.sort_unstable();
            revisions.dedup();
            assert_eq!(revisions.len(), 8);
            let mut tx = bench.store.read().await.unwrap();
            let whole = Chain::Whole { entries: 8 };
            assert_eq!(verify(&mut tx, workspace).await.unwrap(), whole);
        })
        .await;
    }
}

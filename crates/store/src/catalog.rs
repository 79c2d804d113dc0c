//! The catalog that an operator applied in place of the built-in one: two settings of the system's
//! workspace, what it is and its rows.
//!
//! The rows are a megabyte or more, so they are compressed, and not in the audit log: that has the
//! note, whose digest tells which rows they were.

use std::io::{Read, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use wayleave_model::Timestamp;
use wayleave_model::id::SYSTEM_WORKSPACE;

use crate::change::Change;
use crate::db::Tx;
use crate::error::StoreError;
use crate::settings;
use crate::text::{check_text, document, typed};

const NOUN: &str = "catalog";
const NOTE: &str = "catalog";
const ROWS: &str = "catalog rows";
/// More than any catalog that is taken.
const MOST: u64 = 64 << 20;

/// What is known of a catalog that was applied, its rows apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogNote {
    /// SHA-256 of its text, as lower-case hex.
    pub sha256: String,
    /// How many models it has.
    pub models: u64,
    /// Where it was from: an address, or `file`.
    pub source: String,
    /// Who applied it.
    pub applied_by: String,
    /// When.
    pub applied_at: Timestamp,
}

/// What is to be applied, ready to be written: making it takes a while, and nothing may be held up
/// meanwhile.
#[derive(Debug)]
pub struct CatalogDraft {
    sha256: String,
    models: u64,
    source: String,
    gzip: String,
}

impl CatalogDraft {
    /// A catalog's text, its digest and how many models it has, and where it was from.
    pub fn new(text: &str, sha256: &str, models: u64, source: &str) -> CatalogDraft {
        let mut packer = GzEncoder::new(Vec::new(), Compression::default());
        // Writing to memory: there is nothing to fail.
        let written = packer.write_all(text.as_bytes()).and_then(|()| packer.finish());
        CatalogDraft {
            sha256: sha256.to_owned(),
            models,
            source: source.to_owned(),
            gzip: STANDARD.encode(written.unwrap_or_default()),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Rows {
    sha256: String,
    gzip: String,
}

/// What is known of the catalog that was applied; `None`: the built-in one is in force.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Unreadable`].
pub async fn note(tx: &mut Tx) -> Result<Option<CatalogNote>, StoreError> {
    let found = settings::get(tx, SYSTEM_WORKSPACE, NOTE).await?;
    found.map(|value| typed(NOUN, Json(value))).transpose()
}

/// The text of the catalog that was applied and the digest it was stored with; `None`: the built-in
/// one is in force.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Unreadable`].
pub async fn text(tx: &mut Tx) -> Result<Option<(String, String)>, StoreError> {
    let Some(value) = settings::get(tx, SYSTEM_WORKSPACE, ROWS).await? else { return Ok(None) };
    let Rows { sha256, gzip } = typed(NOUN, Json(value))?;
    let wrong = |why: &dyn std::fmt::Display| StoreError::unreadable(NOUN, why.to_string());
    let packed = STANDARD.decode(gzip).map_err(|error| wrong(&error))?;
    let mut text = String::new();
    let unpacked = GzDecoder::new(packed.as_slice()).take(MOST).read_to_string(&mut text);
    unpacked.map_err(|error| wrong(&error))?;
    Ok(Some((text, sha256)))
}

/// Puts a catalog in force. One that is in force already changes nothing.
///
/// # Errors
/// [`StoreError::Invalid`]; also for another workspace than the system's.
pub async fn apply(change: &mut Change, draft: &CatalogDraft) -> Result<CatalogNote, StoreError> {
    let before = here(change).await?;
    check_text("source", &draft.source)?;
    if let Some(same) = before.as_ref().filter(|it| it.sha256 == draft.sha256) {
        return Ok(same.clone());
    }
    let note = CatalogNote {
        sha256: draft.sha256.clone(),
        models: draft.models,
        source: draft.source.clone(),
        applied_by: change.actor.name.clone(),
        applied_at: change.now,
    };
    let rows = Rows { sha256: draft.sha256.clone(), gzip: draft.gzip.clone() };
    let (stored, rows) = (document("catalog", &note)?, document("catalog", &rows)?);
    change.begin_act();
    for (name, value) in [(NOTE, stored), (ROWS, rows)] {
        let there = settings::row(&mut change.tx, SYSTEM_WORKSPACE, name).await?;
        settings::put(change, there.as_ref(), name, value).await?;
    }
    change.record("catalog.apply", &*note.sha256, before.as_ref(), Some(&note))?;
    Ok(note)
}

/// Puts the built-in catalog in force again. No effect if it is.
///
/// # Errors
/// [`StoreError::Invalid`] for another workspace than the system's.
pub async fn reset(change: &mut Change) -> Result<(), StoreError> {
    let Some(before) = here(change).await? else { return Ok(()) };
    change.begin_act();
    settings::erase(change, NOTE).await?;
    settings::erase(change, ROWS).await?;
    change.record("catalog.reset", &*before.sha256, Some(&before), None)
}

async fn here(change: &mut Change) -> Result<Option<CatalogNote>, StoreError> {
    if change.workspace != SYSTEM_WORKSPACE {
        return Err(StoreError::invalid("workspace", "the catalog is the whole instance's"));
    }
    note(&mut change.tx).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit;
    use crate::page::Listing;
    use crate::testing::each_engine;

    const TEXT: &str = "[\n{\"provider\":\"p\"}\n]\n";

    #[tokio::test]
    async fn an_applied_catalog_comes_back_whole_and_its_rows_stay_out_of_the_audit() {
        each_engine(|bench| async move {
            let mut change = bench.change(SYSTEM_WORKSPACE).await;
            assert_eq!(text(change.tx()).await.unwrap(), None);
            let draft = CatalogDraft::new(TEXT, "ab12", 1, "file");
            let made = apply(&mut change, &draft).await.unwrap();
            assert_eq!((made.models, made.source.as_str()), (1, "file"));
            apply(&mut change, &draft).await.unwrap();
            assert_eq!(change.steps().collect::<Vec<_>>(), [("catalog.apply", "ab12")]);
            change.commit().await.unwrap();

            let mut tx = bench.store.read().await.unwrap();
            assert_eq!(note(&mut tx).await.unwrap(), Some(made.clone()));
            let stored = (TEXT.to_owned(), "ab12".to_owned());
            assert_eq!(text(&mut tx).await.unwrap(), Some(stored));
            let log = audit::list(&mut tx, SYSTEM_WORKSPACE, &Listing::default()).await.unwrap();
            assert_eq!(log.items[0].target_kind, "catalog");
            assert_eq!(log.items[0].after, serde_json::to_value(&made).ok());
        })
        .await;
    }

    #[tokio::test]
    async fn another_takes_its_place_and_a_reset_leaves_none() {
        each_engine(|bench| async move {
            let mut change = bench.change(SYSTEM_WORKSPACE).await;
            apply(&mut change, &CatalogDraft::new(TEXT, "ab", 1, "file")).await.unwrap();
            apply(&mut change, &CatalogDraft::new("[\n]\n", "cd", 0, "file")).await.unwrap();
            assert_eq!(text(change.tx()).await.unwrap().unwrap().0, "[\n]\n");
            reset(&mut change).await.unwrap();
            reset(&mut change).await.unwrap();
            assert_eq!(change.steps().last(), Some(("catalog.reset", "cd")));
            assert_eq!(change.steps().count(), 3);
            assert_eq!(text(change.tx()).await.unwrap(), None);
            assert_eq!(note(change.tx()).await.unwrap(), None);
            change.commit().await.unwrap();
        })
        .await;
    }

    #[tokio::test]
    async fn no_workspace_has_a_catalog_of_its_own() {
        each_engine(|bench| async move {
            let workspace = bench.workspace("main").await;
            let mut change = bench.change(workspace).await;
            let error = apply(&mut change, &CatalogDraft::new(TEXT, "ab", 1, "file")).await;
            assert!(matches!(error, Err(StoreError::Invalid { field: "workspace", .. })));
        })
        .await;
    }
}

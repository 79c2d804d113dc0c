//! Pools: the credentials that share a model's load.

pub(crate) mod get;
pub(crate) mod put;
pub(crate) mod update;

#[cfg(test)]
mod tests;

use http::StatusCode;
use wayleave_model::pool::{EntryFault, MIN_ENTRIES, Pool, PoolEntry};
use wayleave_model::target::Model;
use wayleave_store::pools::PoolDraft;

use crate::error::{FieldError, Problem};
use crate::view::Around;

/// Refuses to switch a pool on that would not serve; `field` is the one to blame where too few
/// entries are enabled.
fn must_serve(
    around: &Around,
    model: &Model,
    before: &Pool,
    draft: &PoolDraft,
    field: &str,
) -> Result<(), Problem> {
    if !draft.enabled {
        return Ok(());
    }
    if !around.granted && !before.enabled {
        let detail = "this workspace's plan has no pools: the default credential serves. What is in the pool is kept";
        return Err(Problem::new(StatusCode::FORBIDDEN, "not_in_plan", detail));
    }
    let enabled = draft.entries.iter().filter(|it| it.enabled).count();
    if enabled < MIN_ENTRIES {
        let why = format!(
            "at least {MIN_ENTRIES} entries must be enabled to switch the pool on; there are {enabled}"
        );
        return Err(Problem::field(field, why));
    }
    let wanted = Pool { entries: draft.entries.iter().map(as_entry).collect(), ..before.clone() };
    let stopped: Vec<FieldError> = around
        .standing(model, &wanted)
        .entries
        .iter()
        .zip(&draft.entries)
        .enumerate()
        .filter(|(_, (_, entry))| entry.enabled)
        .filter_map(|(at, (stands, _))| {
            let fault = stands.fault.filter(|fault| fault.stops())?;
            Some(FieldError::conflict(format!("entries[{at}].credential"), words(fault)))
        })
        .collect();
    if enabled - stopped.len() < MIN_ENTRIES {
        return Err(Problem::invalid(stopped));
    }
    Ok(())
}

fn words(fault: EntryFault) -> &'static str {
    match fault {
        EntryFault::CredentialDisabled => "is disabled: enable it first",
        EntryFault::NoDefault => "there is no default credential: choose one first",
        EntryFault::CredentialMissing => "is gone: choose another",
        EntryFault::CredentialRefused => "was refused by the provider",
    }
}

fn as_entry(it: &wayleave_store::pools::EntryDraft) -> PoolEntry {
    PoolEntry {
        // Only what it stands for matters here.
        id: it.id.unwrap_or(wayleave_model::id::PoolEntryId(Default::default())),
        credential: it.credential,
        weight: it.weight,
        enabled: it.enabled,
    }
}

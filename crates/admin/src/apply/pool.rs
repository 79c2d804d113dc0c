//! Pools of a setup document: what they mean, how they differ from what is there, and as drafts.

use std::collections::BTreeMap;

use wayleave_model::id::{CredentialId, ModelId};
use wayleave_model::pool::{MAX_ENTRIES, MIN_ENTRIES, Pool, Strategy};
use wayleave_model::target::Model;
use wayleave_store::pools::{EntryDraft, PoolDraft};

use super::OWNER;
use super::document::PoolDecl;
use super::resolve::Resolver;
use super::wanted::WantedTarget;
use crate::error::FieldError;

/// A model's pool, by names.
#[derive(Debug)]
pub struct WantedPool {
    /// Where it stands in the document.
    pub path: String,
    /// The model.
    pub target: WantedTarget,
    /// Switched on.
    pub enabled: bool,
    /// How an entry is chosen.
    pub strategy: Strategy,
    /// Each with its credential, and whether it is enabled.
    pub entries: Vec<(WantedTarget, bool)>,
}

/// What `declared` means.
pub(super) fn wanted(path: String, declared: PoolDecl, wrong: &mut Vec<FieldError>) -> WantedPool {
    let PoolDecl { provider, model, model_type, enabled, strategy, entries } = declared;
    let target = |path: String, credential, weight| WantedTarget {
        path,
        provider: provider.clone(),
        model: model.clone(),
        model_type,
        credential,
        environments: BTreeMap::new(),
        weight,
    };
    let list = format!("{path}.entries");
    let count = entries.iter().filter(|it| it.enabled).count();
    if enabled && count < MIN_ENTRIES {
        let why =
            format!("at least {MIN_ENTRIES} must be enabled to switch the pool on; {count} are");
        wrong.push(FieldError::new(list.clone(), why));
    }
    if entries.len() > MAX_ENTRIES {
        wrong.push(FieldError::new(list.clone(), format!("expected at most {MAX_ENTRIES}")));
    }
    let mut wanted = Vec::with_capacity(entries.len());
    for (at, entry) in entries.into_iter().enumerate() {
        let weight = entry.weight.unwrap_or(1);
        if !(1..=1_000).contains(&weight) {
            wrong.push(FieldError::new(format!("{list}[{at}].weight"), "expected 1 to 1000"));
        }
        wanted.push((target(format!("{list}[{at}]"), entry.credential, weight), entry.enabled));
    }
    let target = target(path.clone(), None, 1);
    WantedPool { path, target, enabled, strategy, entries: wanted }
}

impl WantedPool {
    pub(super) fn name(&self) -> String {
        format!("{}/{}", self.target.provider, self.target.model)
    }

    /// Whether it is the pool of that model.
    pub(super) fn is_of(&self, provider: &str, model: &Model) -> bool {
        let named = self.target.model == model.name || self.target.model == model.id.to_string();
        let typed = self.target.model_type.is_none_or(|it| it == model.model_type);
        let its =
            self.target.provider == provider || self.target.provider == model.provider.to_string();
        named && typed && its
    }

    /// The model, if it is there already.
    pub(super) fn find(&self, names: &Resolver<'_>) -> Result<Option<ModelId>, Vec<FieldError>> {
        let found = names.target(&self.target).map_err(|error| vec![error])?;
        let wrong: Vec<FieldError> =
            self.entries.iter().filter_map(|(entry, _)| names.target(entry).err()).collect();
        if wrong.is_empty() { Ok(found.model) } else { Err(wrong) }
    }

    /// The fields in which what is there differs.
    pub(super) fn differs(&self, there: &Pool, names: &Resolver<'_>) -> Vec<String> {
        let same = there.entries.len() == self.entries.len()
            && there.entries.iter().zip(&self.entries).all(|(there, (wanted, enabled))| {
                names.target(wanted).is_ok_and(|found| {
                    there.credential == found.credential
                        && !found.new_credential
                        && (there.weight, there.enabled) == (wanted.weight, *enabled)
                })
            });
        [
            ("enabled", there.enabled != self.enabled),
            ("strategy", there.strategy != self.strategy),
            ("entries", !same),
        ]
        .into_iter()
        .filter(|(_, differs)| *differs)
        .map(|(field, _)| field.to_owned())
        .collect()
    }

    /// As it is written, with the credentials found. Entries keep their ids, each in the order of its
    /// credential.
    pub(super) fn draft(
        &self,
        credentials: Vec<Option<CredentialId>>,
        there: Option<&Pool>,
    ) -> PoolDraft {
        let mut known = there.map_or_else(Vec::new, |it| it.entries.clone());
        let entries =
            self.entries.iter().zip(credentials).map(|((wanted, enabled), credential)| {
                let at = known.iter().position(|it| it.credential == credential);
                let id = at.map(|at| known.remove(at).id);
                EntryDraft { id, credential, weight: wanted.weight, enabled: *enabled }
            });
        let entries = entries.collect();
        let (enabled, strategy) = (self.enabled, self.strategy);
        PoolDraft { enabled, strategy, entries, managed_by: Some(OWNER.to_owned()) }
    }
}

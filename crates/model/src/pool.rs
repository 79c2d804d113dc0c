//! Pools: the credentials that share the load of one model.

use serde::{Deserialize, Serialize};

use crate::credential::{Credential, CredentialStatus};
use crate::id::{CredentialId, ModelId, PoolEntryId};
use crate::target::Model;
use crate::time::Timestamp;

/// The most entries of a pool.
pub const MAX_ENTRIES: usize = 64;

/// The fewest entries that can share a load.
pub const MIN_ENTRIES: usize = 2;

/// The pool of one model. Kept when it is switched off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pool {
    /// Whose load is shared.
    pub model: ModelId,
    /// Switched on. Whether it serves is [`Pool::standing`].
    pub enabled: bool,
    /// How an entry is chosen.
    pub strategy: Strategy,
    /// In order. The same credential twice has twice the share.
    pub entries: Vec<PoolEntry>,
    /// Who owns its declaration.
    pub managed_by: Option<String>,
    /// Goes up with each change; 0: there is none yet.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// One share of a pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolEntry {
    /// Its id.
    pub id: PoolEntryId,
    /// Which credential; `None`: whichever is the default, also after it is switched.
    pub credential: Option<CredentialId>,
    /// Its share where shares are weighed, 1 to 1000.
    pub weight: u32,
    /// A disabled entry serves nothing.
    pub enabled: bool,
}

/// How a pool chooses among the entries that do not rest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Each in turn.
    #[default]
    RoundRobin,
    /// Each in turn, as often as its weight says, evenly spread.
    Weighted,
    /// The one with the fewest calls under way.
    LeastBusy,
    /// The one that usually begins to answer first; now and then another, to see how it fares.
    LowestLatency,
    /// The first in order; the others stand by.
    Priority,
}

impl Strategy {
    /// Every strategy.
    pub const ALL: [Strategy; 5] = [
        Strategy::RoundRobin,
        Strategy::Weighted,
        Strategy::LeastBusy,
        Strategy::LowestLatency,
        Strategy::Priority,
    ];

    /// The word in SQL and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Strategy::RoundRobin => "round_robin",
            Strategy::Weighted => "weighted",
            Strategy::LeastBusy => "least_busy",
            Strategy::LowestLatency => "lowest_latency",
            Strategy::Priority => "priority",
        }
    }

    /// The strategy of that name.
    pub fn parse(name: &str) -> Option<Strategy> {
        Strategy::ALL.into_iter().find(|it| it.as_str() == name)
    }
}

/// Why an entry is marked as invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryFault {
    /// Its credential is disabled: it serves nothing.
    CredentialDisabled,
    /// It stands for the default, and there is none: it serves nothing.
    NoDefault,
    /// Its credential is gone: it serves nothing.
    CredentialMissing,
    /// A check of its credential failed. It still takes its turn: the provider may have changed its
    /// mind.
    CredentialRefused,
}

impl EntryFault {
    /// The word in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            EntryFault::CredentialDisabled => "credential_disabled",
            EntryFault::NoDefault => "no_default",
            EntryFault::CredentialMissing => "credential_missing",
            EntryFault::CredentialRefused => "credential_refused",
        }
    }

    /// Whether the entry serves nothing because of it.
    pub const fn stops(self) -> bool {
        !matches!(self, EntryFault::CredentialRefused)
    }
}

/// Why a pool does not serve, so that the default does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Idle {
    /// It is switched off.
    Off,
    /// The workspace's plan has no pools.
    NotInPlan,
    /// Fewer than two of its entries can serve.
    TooFewEntries,
    /// The operator supplies the model, and pools are of the workspace's own credentials: it serves
    /// when the system no longer does.
    SystemServes,
}

impl Idle {
    /// The word in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Idle::Off => "off",
            Idle::NotInPlan => "not_in_plan",
            Idle::TooFewEntries => "too_few_entries",
            Idle::SystemServes => "system_serves",
        }
    }
}

/// What a pool and each of its entries can do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Why it does not serve; `None`: it does.
    pub idle: Option<Idle>,
    /// Of each entry, in order.
    pub entries: Vec<EntryStanding>,
}

/// What an entry can do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryStanding {
    /// The credential it means now.
    pub credential: Option<CredentialId>,
    /// What is wrong with it.
    pub fault: Option<EntryFault>,
    /// It is enabled, and nothing stops it.
    pub serves: bool,
}

impl Standing {
    /// Whether an enabled entry is marked.
    pub fn has_invalid(&self, pool: &Pool) -> bool {
        let mut all = self.entries.iter().zip(&pool.entries);
        all.any(|(standing, entry)| entry.enabled && standing.fault.is_some())
    }
}

impl Pool {
    /// What a model has that nobody made a pool for.
    pub fn none(model: ModelId) -> Pool {
        Pool {
            model,
            enabled: false,
            strategy: Strategy::default(),
            entries: Vec::new(),
            managed_by: None,
            version: 0,
            created_at: Timestamp::default(),
            updated_at: Timestamp::default(),
        }
    }

    /// What it can do where `default` is the model's default credential, `granted` says whether the
    /// plan has pools, and `find` knows the credentials.
    pub fn standing<'c>(
        &self,
        default: Option<CredentialId>,
        granted: bool,
        find: impl Fn(CredentialId) -> Option<&'c Credential>,
    ) -> Standing {
        let entries: Vec<EntryStanding> = self
            .entries
            .iter()
            .map(|entry| {
                let credential = entry.credential.or(default);
                let fault = fault(entry, credential, &find);
                let serves = entry.enabled && !fault.is_some_and(EntryFault::stops);
                EntryStanding { credential, fault, serves }
            })
            .collect();
        let enough = entries.iter().filter(|it| it.serves).count() >= MIN_ENTRIES;
        let idle = match (self.enabled, granted, enough) {
            (false, _, _) => Some(Idle::Off),
            (true, false, _) => Some(Idle::NotInPlan),
            (true, true, false) => Some(Idle::TooFewEntries),
            (true, true, true) => None,
        };
        Standing { idle, entries }
    }
}

fn fault<'c>(
    entry: &PoolEntry,
    credential: Option<CredentialId>,
    find: &impl Fn(CredentialId) -> Option<&'c Credential>,
) -> Option<EntryFault> {
    let Some(credential) = credential else { return Some(EntryFault::NoDefault) };
    match find(credential) {
        None if entry.credential.is_none() => Some(EntryFault::NoDefault),
        None => Some(EntryFault::CredentialMissing),
        Some(it) if !it.enabled => Some(EntryFault::CredentialDisabled),
        Some(it) if it.status == CredentialStatus::Invalid => Some(EntryFault::CredentialRefused),
        Some(_) => None,
    }
}

/// Whether `model` has credentials of its own, so that its provider's default is none of its business.
pub fn has_own<'c>(model: &Model, mut credentials: impl Iterator<Item = &'c Credential>) -> bool {
    model.default_credential.is_some() || credentials.any(|it| it.model == Some(model.id))
}

/// The credential that serves `model` where neither a route nor a pool says otherwise: of a model
/// with credentials of its own the one chosen among them, if one is; else its provider's default.
pub fn default_credential<'c>(
    model: &Model,
    provider_default: Option<CredentialId>,
    credentials: impl Iterator<Item = &'c Credential>,
) -> Option<CredentialId> {
    if has_own(model, credentials) { model.default_credential } else { provider_default }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use uuid::Uuid;

    use super::*;
    use crate::credential::Checks;
    use crate::id::ProviderId;
    use crate::provider::ModelType;
    use crate::target::ModelFacts;

    fn id(number: u128) -> CredentialId {
        CredentialId(Uuid::from_u128(number))
    }

    fn credential(number: u128) -> Credential {
        Credential {
            id: id(number),
            provider: ProviderId(Uuid::nil()),
            model: None,
            name: String::new(),
            settings: BTreeMap::new(),
            masked: BTreeMap::new(),
            fingerprint: String::new(),
            enabled: true,
            status: CredentialStatus::Active,
            checks: Checks::default(),
            last_used_at: None,
            managed_by: None,
            version: 1,
            created_at: Timestamp::default(),
            updated_at: Timestamp::default(),
        }
    }

    fn entry(credential: Option<u128>) -> PoolEntry {
        let id_of = Uuid::from_u128(credential.unwrap_or_default() + 100);
        PoolEntry {
            id: PoolEntryId(id_of),
            credential: credential.map(id),
            weight: 1,
            enabled: true,
        }
    }

    fn pool(entries: Vec<PoolEntry>) -> Pool {
        Pool { enabled: true, entries, ..Pool::none(ModelId(Uuid::nil())) }
    }

    fn standing(pool: &Pool, default: Option<u128>, all: &[Credential]) -> Standing {
        pool.standing(default.map(id), true, |id| all.iter().find(|it| it.id == id))
    }

    #[test]
    fn a_pool_serves_with_two_entries_that_can() {
        let all = [credential(1), credential(2)];
        let both = pool(vec![entry(Some(1)), entry(None)]);
        let found = standing(&both, Some(2), &all);
        assert_eq!((found.idle, found.has_invalid(&both)), (None, false));
        assert_eq!(found.entries[1].credential, Some(id(2)));
        let lone = pool(vec![entry(Some(1))]);
        assert_eq!(standing(&lone, Some(2), &all).idle, Some(Idle::TooFewEntries));
        let off = Pool { enabled: false, ..both.clone() };
        assert_eq!(standing(&off, Some(2), &all).idle, Some(Idle::Off));
        let ungranted = both.standing(Some(id(2)), false, |id| all.iter().find(|it| it.id == id));
        assert_eq!(ungranted.idle, Some(Idle::NotInPlan));
    }

    #[test]
    fn an_entry_that_cannot_serve_is_marked_and_leaves_too_few() {
        let mut disabled = credential(2);
        disabled.enabled = false;
        let all = [credential(1), disabled];
        for (entry, fault) in [
            (entry(Some(2)), EntryFault::CredentialDisabled),
            (entry(Some(3)), EntryFault::CredentialMissing),
            (entry(None), EntryFault::NoDefault),
        ] {
            let pool = pool(vec![self::entry(Some(1)), entry]);
            let found = standing(&pool, None, &all);
            assert_eq!(found.entries[1].fault, Some(fault));
            assert!(found.has_invalid(&pool));
            assert_eq!(found.idle, Some(Idle::TooFewEntries));
        }
    }

    #[test]
    fn a_refused_credential_is_marked_and_still_takes_its_turn() {
        let refused = Credential { status: CredentialStatus::Invalid, ..credential(2) };
        let pool = pool(vec![entry(Some(1)), entry(Some(2))]);
        let found = standing(&pool, None, &[credential(1), refused]);
        assert_eq!((found.idle, found.has_invalid(&pool)), (None, true));
    }

    fn model(number: u128, default_credential: Option<u128>) -> Model {
        Model {
            id: ModelId(Uuid::from_u128(number)),
            provider: ProviderId(Uuid::nil()),
            name: String::new(),
            model_type: ModelType::Llm,
            custom: true,
            enabled: true,
            facts: ModelFacts::default(),
            price: None,
            default_credential: default_credential.map(id),
            managed_by: None,
            version: 1,
            created_at: Timestamp::default(),
            updated_at: Timestamp::default(),
        }
    }

    #[test]
    fn a_model_with_credentials_of_its_own_never_falls_back_to_its_providers() {
        let own =
            |number| Credential { model: Some(ModelId(Uuid::from_u128(7))), ..credential(number) };
        let all = [own(5), own(4), credential(1)];
        let chosen = |model: &Model| default_credential(model, Some(id(1)), all.iter());
        assert_eq!(chosen(&model(7, Some(5))), Some(id(5)), "the chosen one, not the oldest");
        assert_eq!(chosen(&model(7, None)), None);
        assert_eq!(chosen(&model(8, None)), Some(id(1)));
        assert!(has_own(&model(7, None), all.iter()) && !has_own(&model(8, None), all.iter()));
    }
}

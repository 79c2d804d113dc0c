//! Every health and every pool's turns of the process, by what they are about.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wayleave_model::id::{CredentialId, ModelId, PoolEntryId};
use wayleave_model::pool::Strategy;

use super::{Health, Member, Turns};
use crate::supply::Meters;

/// What is kept across pictures of the configuration. Locked while a picture is drawn, never by a
/// request.
#[derive(Debug, Default)]
pub struct Healths {
    kept: Mutex<Kept>,
    meters: Meters,
}

#[derive(Debug, Default)]
struct Kept {
    healths: HashMap<About, Arc<Health>>,
    // Each strategy counts in its own way.
    turns: HashMap<(ModelId, Strategy), Arc<Turns>>,
    accounts: HashMap<(PoolEntryId, Strategy), Arc<AtomicU64>>,
}

/// What a health is about: a credential, or a credential for one model.
type About = (CredentialId, Option<ModelId>);

impl Healths {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is used of each quota: kept the same way.
    pub fn meters(&self) -> &Meters {
        &self.meters
    }

    /// The health of `credential` for `model`, made when first asked for. `account` is a digest of
    /// what it signs in with and where: with another one, what was learnt no longer holds.
    pub fn member(&self, credential: CredentialId, model: ModelId, account: u64) -> Member {
        let mut kept = self.kept();
        let mut get = |model| {
            let health = Arc::clone(kept.healths.entry((credential, model)).or_default());
            health.of_account(account);
            health
        };
        Member { credential: get(None), model: get(Some(model)) }
    }

    /// What is known of a credential, or of it for one model; `None`: nothing uses it.
    pub fn of(&self, credential: CredentialId, model: Option<ModelId>) -> Option<Arc<Health>> {
        self.kept().healths.get(&(credential, model)).map(Arc::clone)
    }

    /// The same, made when first asked for.
    pub fn of_or_new(&self, credential: CredentialId, model: Option<ModelId>) -> Arc<Health> {
        Arc::clone(self.kept().healths.entry((credential, model)).or_default())
    }

    /// What is known of a credential for each of its models.
    pub fn of_models(&self, credential: CredentialId) -> Vec<(ModelId, Arc<Health>)> {
        let kept = self.kept();
        let its = kept.healths.iter().filter(|((id, _), _)| *id == credential);
        its.filter_map(|((_, model), health)| model.map(|it| (it, Arc::clone(health)))).collect()
    }

    /// Whose turn it is in the pool of `model`.
    pub fn turns(&self, model: ModelId, by: Strategy) -> Arc<Turns> {
        Arc::clone(self.kept().turns.entry((model, by)).or_default())
    }

    /// The account of a pool's entry.
    pub fn account(&self, entry: PoolEntryId, by: Strategy) -> Arc<AtomicU64> {
        Arc::clone(self.kept().accounts.entry((entry, by)).or_default())
    }

    /// How many are in quarantine.
    pub fn quarantined(&self) -> usize {
        let all: Vec<Arc<Health>> = self.kept().healths.values().map(Arc::clone).collect();
        all.iter().filter(|health| health.is_quarantined()).count()
    }

    /// Forgets what nothing refers to any more, except what a person said.
    pub fn sweep(&self) {
        let mut kept = self.kept();
        let used = |health: &Arc<Health>| Arc::strong_count(health) > 1 || health.is_by_hand();
        kept.healths.retain(|_, health| used(health));
        keep_used(&mut kept.turns);
        keep_used(&mut kept.accounts);
        drop(kept);
        self.meters.sweep();
    }
}

fn keep_used<K: Eq + Hash, V>(map: &mut HashMap<K, Arc<V>>) {
    map.retain(|_, it| Arc::strong_count(it) > 1);
}

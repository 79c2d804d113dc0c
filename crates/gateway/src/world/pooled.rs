//! The pools of a workspace, made ready: those that can serve, with a target for each credential.

use std::collections::HashMap;
use std::sync::Arc;

use wayleave_model::id::CredentialId;
use wayleave_model::plan::{Feature, Plan};
use wayleave_model::pool::{self, MAX_ENTRIES, MIN_ENTRIES, default_credential};

use super::Target;
use super::targets::Targets;
use crate::pool::{Entry, Pool};

impl Targets<'_> {
    /// Takes over `pools`: from then on, models whose pool serves are called through it.
    pub(super) fn share(&mut self, pools: Vec<pool::Pool>, plan: Option<&Plan>) {
        let granted = Plan::grants(plan, Feature::Pools);
        for pool in pools {
            if let Some(made) = self.pool(&pool, granted) {
                self.pools.insert(pool.model, Arc::new(made));
            }
        }
    }

    /// The pool, if it serves: otherwise the default does.
    fn pool(&self, pool: &pool::Pool, granted: bool) -> Option<Pool> {
        let model = self.models.get(&pool.model)?;
        let provider = self.providers.get(&model.provider)?;
        let own = self.own(model);
        let default = default_credential(model, provider.default_credential, own);
        let find = |id: CredentialId| self.credentials.get(&id).map(|(credential, _)| credential);
        let standing = pool.standing(default, granted, find);
        if standing.idle.is_some() {
            return None;
        }
        let mut targets: HashMap<CredentialId, Arc<Target>> = HashMap::new();
        let mut entries = Vec::with_capacity(pool.entries.len());
        for (entry, stands) in pool.entries.iter().zip(&standing.entries).take(MAX_ENTRIES) {
            let Some(credential) = stands.credential.filter(|_| stands.serves) else { continue };
            let target = match targets.get(&credential) {
                Some(target) => Arc::clone(target),
                None => {
                    // One that cannot be called at all (an address that is none) is left out.
                    let Ok(target) = self.target(model.id, Some(credential)) else { continue };
                    let target = Arc::new(Target { pooled: true, ..target });
                    targets.insert(credential, Arc::clone(&target));
                    target
                }
            };
            let account = self.healths.account(entry.id, pool.strategy);
            entries.push(Entry { target, weight: entry.weight, account });
        }
        let turns = self.healths.turns(model.id, pool.strategy);
        (entries.len() >= MIN_ENTRIES).then_some(Pool { strategy: pool.strategy, entries, turns })
    }
}

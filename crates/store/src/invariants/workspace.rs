//! What holds between the things of one workspace.

use std::collections::BTreeSet;

use wayleave_model::alias::{Alias, WeightedTarget};
use wayleave_model::credential::Credential;
use wayleave_model::id::CredentialId;

use crate::snapshot::WorkspaceSnapshot;

/// What is wrong in it.
pub(super) fn faults(it: &WorkspaceSnapshot) -> Vec<String> {
    let mut found = Vec::new();
    found.extend(defaults(it));
    found.extend(belonging(it));
    found.extend(pools(it));
    for alias in &it.aliases {
        found.extend(targets(it, alias));
    }
    found.extend(keys(it));
    found
}

fn credential(it: &WorkspaceSnapshot, id: CredentialId) -> Option<&Credential> {
    it.credentials.iter().map(|(credential, _)| credential).find(|it| it.id == id)
}

/// A default is a credential of its own provider, or of its own model.
fn defaults(it: &WorkspaceSnapshot) -> Vec<String> {
    let mut found = Vec::new();
    for provider in &it.providers {
        let Some(default) = provider.default_credential else { continue };
        let own = credential(it, default);
        if !own.is_some_and(|it| it.provider == provider.id && it.model.is_none()) {
            found.push(format!("the default of provider `{}` is not its own", provider.name));
        }
    }
    for model in &it.models {
        let Some(default) = model.default_credential else { continue };
        if credential(it, default).is_none_or(|it| it.model != Some(model.id)) {
            found.push(format!("the default of model `{}` is not its own", model.name));
        }
    }
    found
}

/// A model has a provider; a model's own credential is of that provider.
fn belonging(it: &WorkspaceSnapshot) -> Vec<String> {
    let mut found = Vec::new();
    for model in &it.models {
        if !it.providers.iter().any(|provider| provider.id == model.provider) {
            found.push(format!("model `{}` has no provider", model.name));
        }
    }
    for (credential, _) in &it.credentials {
        let name = &credential.name;
        if !it.providers.iter().any(|provider| provider.id == credential.provider) {
            found.push(format!("credential `{name}` has no provider"));
        }
        let Some(own) = credential.model else { continue };
        let model = it.models.iter().find(|it| it.id == own);
        if model.is_none_or(|it| it.provider != credential.provider) {
            found
                .push(format!("credential `{name}` is of a model that its provider does not have"));
        }
    }
    found
}

/// A pool is of a model; its entries are credentials of the model's provider, for all its models or
/// for this one.
fn pools(it: &WorkspaceSnapshot) -> Vec<String> {
    let mut found = Vec::new();
    for pool in &it.pools {
        let Some(model) = it.models.iter().find(|it| it.id == pool.model) else {
            found.push(format!("there is a pool of a model that is gone: {}", pool.model));
            continue;
        };
        let strange = pool.entries.iter().filter_map(|entry| entry.credential).any(|id| {
            credential(it, id).is_none_or(|it| {
                it.provider != model.provider || it.model.is_some_and(|of| of != model.id)
            })
        });
        if strange {
            found.push(format!("the pool of `{}` has a credential of something else", model.name));
        }
    }
    found
}

/// A route leads to models that are there, over credentials of their providers.
fn targets(it: &WorkspaceSnapshot, alias: &Alias) -> Vec<String> {
    let wrong = |target: &WeightedTarget| {
        let Some(model) = it.models.iter().find(|it| it.id == target.model) else {
            return Some(format!("alias `{}` leads to a model that is gone", alias.name));
        };
        let fits = |named| credential(it, named).is_some_and(|it| it.provider == model.provider);
        (!target.credentials().all(fits)).then(|| {
            let (alias, model) = (&alias.name, &model.name);
            format!("alias `{alias}` leads to `{model}` over a credential of something else")
        })
    };
    let all = alias.route.groups.iter().flat_map(|it| &it.targets);
    all.filter_map(wrong).collect::<BTreeSet<_>>().into_iter().collect()
}

/// A key has a secret, and may call aliases that are there.
fn keys(it: &WorkspaceSnapshot) -> Vec<String> {
    let mut found = Vec::new();
    for key in &it.keys {
        if key.versions.is_empty() {
            found.push(format!("key `{}` has no secret", key.name));
        }
        let mut named = key.aliases.iter().flatten();
        if named.any(|id| !it.aliases.iter().any(|alias| alias.id == *id)) {
            found.push(format!("key `{}` may call an alias that is gone", key.name));
        }
    }
    found
}

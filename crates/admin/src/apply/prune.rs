//! What an earlier apply made and the document no longer has, in an order in which it can go.

use std::collections::BTreeSet;

use wayleave_model::credential::Credential;
use wayleave_model::provider::Provider;
use wayleave_model::target::{DefaultModel, Model};

use super::plan::{Action, Current, Step, Work, line};
use super::wanted::Wanted;

/// The removals, as `owner` may do them: nothing that others made goes, and nothing that what
/// others made stands on.
pub(super) fn leftovers<'a>(current: &'a Current, wanted: &Wanted, owner: &str) -> Vec<Step<'a>> {
    let ours = |managed_by: &Option<String>| managed_by.as_deref() == Some(owner);
    let named = Named::of(wanted);
    let mut steps = Vec::new();
    let mut gone = |noun, name: String, work| {
        steps.push(Step { change: line(Action::Delete, noun, name, Vec::new()), work });
    };
    let key_goes = |name: &str, managed_by| ours(managed_by) && !named.keys.contains(name);
    for it in current.keys.iter().filter(|it| key_goes(&it.name, &it.managed_by)) {
        gone("key", it.name.clone(), Work::DeleteKey(it));
    }
    let alias_goes = |name: &str, managed_by| ours(managed_by) && !named.aliases.contains(name);
    for it in current.aliases.iter().filter(|it| alias_goes(&it.name, &it.managed_by)) {
        gone("alias", it.name.clone(), Work::DeleteAlias(it));
    }
    for it in current.pools.iter().filter(|it| ours(&it.managed_by)) {
        let model = current.models.iter().find(|model| model.id == it.model);
        let Some(model) = model.filter(|model| !named.pool(current, model)) else { continue };
        let name = format!("{}/{}", provider(current, model.provider), model.name);
        gone("pool", name, Work::DeletePool(it));
    }
    let unset_goes = |it: &DefaultModel| {
        ours(&it.managed_by)
            && !wanted.default_models.iter().any(|default| default.model_type == it.model_type)
    };
    for it in current.default_models.iter().filter(|it| unset_goes(it)) {
        gone("default model", it.model_type.as_str().to_owned(), Work::UnsetDefault(it));
    }
    let model_goes = |it: &Model| ours(&it.managed_by) && !named.model(current, it);
    for it in current.models.iter().filter(|it| model_goes(it)) {
        gone(
            "model",
            format!("{}/{}", provider(current, it.provider), it.name),
            Work::DeleteModel(it),
        );
    }
    let credential_goes = |it: &Credential| ours(&it.managed_by) && !named.credential(current, it);
    for it in current.credentials.iter().filter(|it| credential_goes(it)) {
        let name = format!("{}/{}", provider(current, it.provider), it.name);
        gone("credential", name, Work::DeleteCredential(it));
    }
    let provider_goes = |it: &Provider| {
        let its_models = current.models.iter().filter(|model| model.provider == it.id);
        let its_credentials =
            current.credentials.iter().filter(|credential| credential.provider == it.id);
        ours(&it.managed_by)
            && !named.providers.contains(it.name.as_str())
            && its_models.into_iter().all(model_goes)
            && its_credentials.into_iter().all(credential_goes)
    };
    for it in current.providers.iter().filter(|it| provider_goes(it)) {
        gone("provider", it.name.clone(), Work::DeleteProvider(it));
    }
    for it in current.owners.iter().filter(|it| ours(&it.managed_by)) {
        let mut its_keys = current.keys.iter().filter(|key| key.owner == it.id);
        let free = its_keys.all(|key| key_goes(&key.name, &key.managed_by));
        if free && !named.owners.contains(it.name.as_str()) {
            gone("owner", it.name.clone(), Work::DeleteOwner(it));
        }
    }
    steps
}

/// The names a document has.
struct Named<'w> {
    owners: BTreeSet<&'w str>,
    providers: BTreeSet<&'w str>,
    aliases: BTreeSet<&'w str>,
    keys: BTreeSet<&'w str>,
    wanted: &'w Wanted,
}

impl<'w> Named<'w> {
    fn of(wanted: &'w Wanted) -> Named<'w> {
        Named {
            owners: wanted.owners.iter().map(|it| it.name.as_str()).collect(),
            providers: wanted.providers.iter().map(|it| it.name.as_str()).collect(),
            aliases: wanted.aliases.iter().map(|it| it.name.as_str()).collect(),
            keys: wanted.keys.iter().map(|it| it.name.as_str()).collect(),
            wanted,
        }
    }

    fn model(&self, current: &Current, it: &Model) -> bool {
        let provider = provider(current, it.provider);
        self.wanted.models.iter().any(|model| {
            model.provider == provider && model.name == it.name && model.model_type == it.model_type
        })
    }

    fn pool(&self, current: &Current, it: &Model) -> bool {
        let provider = provider(current, it.provider);
        self.wanted.pools.iter().any(|pool| pool.is_of(provider, it))
    }

    /// A document names no credential of a single model.
    fn credential(&self, current: &Current, it: &Credential) -> bool {
        let provider = provider(current, it.provider);
        let same = |wanted: &super::wanted::WantedCredential| {
            wanted.provider == provider && wanted.name == it.name
        };
        it.model.is_none() && self.wanted.credentials.iter().any(same)
    }
}

fn provider(current: &Current, id: wayleave_model::id::ProviderId) -> &str {
    current.providers.iter().find(|it| it.id == id).map_or("", |it| it.name.as_str())
}

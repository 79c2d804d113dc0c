//! What differs between a thing that is there and the one that is wanted: the names of its fields.

use wayleave_model::alias::Alias;
use wayleave_model::credential::Credential;
use wayleave_model::key::Key;
use wayleave_model::price::Rate;
use wayleave_model::provider::Provider;
use wayleave_model::target::Model;

use super::resolve::Resolver;
use super::wanted::{WantedAlias, WantedCredential, WantedKey, WantedModel, WantedProvider};

pub(super) fn provider(there: &Provider, wanted: &WantedProvider) -> Vec<String> {
    fields([
        ("base_url", there.base_url != wanted.base_url),
        ("settings", there.settings != wanted.settings),
        ("new_models", wanted.new_models.is_some_and(|it| it != there.new_models)),
        ("preference", wanted.preference.is_some() && there.preference != wanted.preference),
        ("enabled", !there.enabled),
    ])
}

pub(super) fn credential(
    there: &Credential,
    wanted: &WantedCredential,
    fingerprint: &str,
) -> Vec<String> {
    fields([
        ("settings", there.settings != wanted.settings),
        ("secrets", there.fingerprint != fingerprint),
        ("enabled", !there.enabled),
    ])
}

pub(super) fn model(there: &Model, wanted: &WantedModel) -> Vec<String> {
    let price = there.price.as_ref().is_none_or(|price| {
        let mut rates = price.rates.clone();
        rates.sort_by_key(Rate::meter);
        price.free != wanted.free || rates != wanted.rates
    });
    fields([("facts", there.facts != wanted.facts), ("price", price), ("enabled", !there.enabled)])
}

pub(super) fn alias(there: &Alias, wanted: &WantedAlias, names: &Resolver<'_>) -> Vec<String> {
    let same = there.route.groups.len() == wanted.groups.len()
        && there.route.groups.iter().zip(&wanted.groups).all(|(there, wanted)| {
            there.targets.len() == wanted.len()
                && there.targets.iter().zip(wanted).all(|(there, wanted)| {
                    names.target(wanted).is_ok_and(|found| {
                        Some(there.model) == found.model
                            && there.credential == found.credential
                            && there.environments == found.environments
                            && !found.new_credential
                            && there.weight == wanted.weight
                    })
                })
        });
    fields([
        ("targets", !same),
        ("policy", there.route.policy != wanted.policy),
        ("enabled", !there.enabled),
    ])
}

pub(super) fn key(
    there: &Key,
    wanted: &WantedKey,
    hash: Option<&[u8; 32]>,
    names: &Resolver<'_>,
) -> Vec<String> {
    let aliases = wanted
        .aliases
        .as_ref()
        .map(|list| list.iter().map(|it| names.alias(it)).collect::<Vec<_>>());
    let same_aliases = match (&there.aliases, aliases) {
        (None, None) => true,
        (Some(there), Some(wanted)) => {
            there.len() == wanted.len()
                && wanted.iter().all(|id| id.is_some_and(|id| there.contains(&id)))
        }
        _ => false,
    };
    fields([
        ("secret", hash.is_some_and(|hash| !has_secret(there, hash))),
        ("owner", names.owner(&wanted.owner) != Some(there.owner)),
        ("environment", there.environment != wanted.environment),
        ("purpose", there.purpose != wanted.purpose),
        ("aliases", !same_aliases),
        ("tags", there.tags != wanted.tags),
        ("expires_at", there.expires_at != wanted.expires_at),
        ("losses", there.losses != wanted.losses),
        ("enabled", !there.enabled),
    ])
}

/// Whether a secret of that hash is one of the key's own, and neither ended nor about to.
pub(super) fn has_secret(key: &Key, hash: &[u8; 32]) -> bool {
    key.versions
        .iter()
        .any(|it| it.hash == *hash && it.revoked_at.is_none() && it.expires_at.is_none())
}

fn fields<const N: usize>(differs: [(&str, bool); N]) -> Vec<String> {
    differs.into_iter().filter(|(_, it)| *it).map(|(field, _)| field.to_owned()).collect()
}

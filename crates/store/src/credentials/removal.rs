//! How a credential goes: never out of a route, and never a default without a word about the next.

use wayleave_model::alias::WeightedTarget;
use wayleave_model::credential::Credential;
use wayleave_model::id::CredentialId;

use super::{NOUN, existing, get, names, remove};
use crate::change::{Change, check_version};
use crate::error::StoreError;
use crate::providers::{self, ProviderDraft};
use crate::{models, routes};

/// What serves instead of a default that goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instead {
    /// Nothing was said: a default stays.
    Unsaid,
    /// That one, of the same provider or custom model.
    Successor(CredentialId),
    /// None: calls are refused until another one is chosen.
    Nothing,
}

/// Removes a credential. The last one of a custom model takes the model with it.
///
/// # Errors
/// [`StoreError::InUse`] while an alias routes over it or to the model it would take along, or it is
/// a default and nothing was said of what comes instead; [`StoreError::Invalid`] for a successor
/// that cannot be one.
pub async fn delete(
    change: &mut Change,
    id: CredentialId,
    expected: Option<i64>,
    instead: Instead,
) -> Result<(), StoreError> {
    let before = existing(change, id).await?;
    check_version(NOUN, expected, before.version)?;
    let workspace = change.workspace;
    let is_ours = |target: &WeightedTarget| target.credentials().any(|it| it == id);
    if let Some(by) = routes::user(&mut change.tx, workspace, is_ours).await? {
        return Err(StoreError::InUse { noun: NOUN, name: before.name, by });
    }
    if let Some(own) = before.model
        && names::all(change, before.provider, Some(own)).await?.len() == 1
        && models::get(&mut change.tx, workspace, own).await?.is_some_and(|it| it.custom)
    {
        return models::delete(change, own, None).await;
    }
    hand_over(change, &before, instead).await?;
    remove(change, &before).await
}

/// Moves the pointer of what `it` is the default of.
async fn hand_over(
    change: &mut Change,
    it: &Credential,
    instead: Instead,
) -> Result<(), StoreError> {
    let workspace = change.workspace;
    let provider = providers::existing(change, it.provider).await?;
    let model = match it.model {
        Some(id) => models::get(&mut change.tx, workspace, id).await?,
        None => None,
    };
    let (default, of) = match &model {
        Some(model) => (model.default_credential, format!("model `{}`", model.name)),
        None => (provider.default_credential, format!("provider `{}`", provider.name)),
    };
    let next = match instead {
        _ if default != Some(it.id) => match instead {
            Instead::Successor(_) => {
                let why = "the credential is no default: nothing is to be succeeded";
                return Err(StoreError::invalid("successor", why));
            }
            Instead::Unsaid | Instead::Nothing => return Ok(()),
        },
        Instead::Unsaid => {
            let by = format!("{of} as its default, and no successor is named");
            return Err(StoreError::InUse { noun: NOUN, name: it.name.clone(), by });
        }
        Instead::Nothing => None,
        Instead::Successor(next) => {
            let found = get(&mut change.tx, workspace, next).await?;
            let fits = found.is_some_and(|next| {
                next.id != it.id && (next.provider, next.model) == (it.provider, it.model)
            });
            if !fits {
                let why = format!("expected another credential of {of}");
                return Err(StoreError::invalid("successor", why));
            }
            Some(next)
        }
    };
    match model {
        Some(model) => drop(models::set_default(change, model.id, next).await?),
        None => {
            let draft =
                ProviderDraft { default_credential: next, ..ProviderDraft::from(&provider) };
            providers::update(change, provider.id, None, &draft).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aliases;
    use crate::credentials::create;
    use crate::testing::{Bench, Shop, alias_draft, credential_draft, each_engine, fields};

    async fn another(change: &mut Change, shop: &Shop, name: &str) -> Credential {
        let draft = credential_draft(&shop.provider, name);
        create(change, &draft, &fields(name)).await.unwrap()
    }

    async fn default_of(bench: &Bench, shop: &Shop) -> Option<CredentialId> {
        let mut tx = bench.store.read().await.unwrap();
        let found = providers::get(&mut tx, shop.workspace, shop.provider.id).await;
        found.unwrap().unwrap().default_credential
    }

    #[tokio::test]
    async fn d7_a_default_goes_only_with_a_word_about_the_next() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "s1").await;
            let first = shop.credential.id;
            let mut change = bench.change(shop.workspace).await;
            let second = another(&mut change, &shop, "second").await;
            change.commit().await.unwrap();

            let mut change = bench.change(shop.workspace).await;
            let refused = delete(&mut change, first, None, Instead::Unsaid).await.unwrap_err();
            assert!(matches!(refused, StoreError::InUse { by, .. } if by.contains("its default")));
            let itself = Instead::Successor(first);
            let refused = delete(&mut change, first, None, itself).await.unwrap_err();
            assert!(matches!(refused, StoreError::Invalid { field: "successor", .. }));
            drop(change);
            assert_eq!(default_of(&bench, &shop).await, Some(first), "nothing has changed");

            let mut change = bench.change(shop.workspace).await;
            let next = Instead::Successor(second.id);
            delete(&mut change, first, None, next).await.unwrap();
            change.commit().await.unwrap();
            assert_eq!(default_of(&bench, &shop).await, Some(second.id));

            let mut change = bench.change(shop.workspace).await;
            another(&mut change, &shop, "third").await;
            delete(&mut change, second.id, None, Instead::Nothing).await.unwrap();
            another(&mut change, &shop, "fourth").await;
            change.commit().await.unwrap();
            assert_eq!(default_of(&bench, &shop).await, None, "no silent successor");
        })
        .await;
    }

    #[tokio::test]
    async fn d7_the_last_credential_of_a_custom_model_takes_the_model_along() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "s1").await;
            let (workspace, model) = (shop.workspace, shop.model.id);
            let mut change = bench.change(workspace).await;
            let mut own = Vec::new();
            for name in ["one", "two"] {
                let mut draft = credential_draft(&shop.provider, name);
                draft.model = Some(model);
                own.push(create(&mut change, &draft, &fields(name)).await.unwrap().id);
            }
            let there = models::get(change.tx(), workspace, model).await.unwrap().unwrap();
            assert_eq!(there.default_credential, Some(own[0]), "the first, not the second");
            delete(&mut change, own[0], None, Instead::Nothing).await.unwrap();
            let there = models::get(change.tx(), workspace, model).await.unwrap().unwrap();
            assert_eq!(there.default_credential, None);
            let routed = delete(&mut change, own[1], None, Instead::Nothing).await.unwrap_err();
            assert!(matches!(routed, StoreError::InUse { by, .. } if by == "alias `fast`"));
            aliases::delete(&mut change, shop.alias.id, None).await.unwrap();
            delete(&mut change, own[1], None, Instead::Unsaid).await.unwrap();
            assert_eq!(models::get(change.tx(), workspace, model).await.unwrap(), None);
            change.commit().await.unwrap();
        })
        .await;
    }

    #[tokio::test]
    async fn a_credential_that_an_alias_routes_over_stays() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "s1").await;
            let mut change = bench.change(shop.workspace).await;
            let other = another(&mut change, &shop, "other").await;
            let mut route = alias_draft("fast", &shop.model);
            route.groups[0].targets[0].credential = Some(other.id);
            aliases::update(&mut change, shop.alias.id, None, &route).await.unwrap();
            let routed = delete(&mut change, other.id, None, Instead::Nothing).await.unwrap_err();
            assert!(matches!(routed, StoreError::InUse { by, .. } if by == "alias `fast`"));
            let target = &mut route.groups[0].targets[0];
            target.credential = None;
            target.environments.insert("production".into(), other.id);
            aliases::update(&mut change, shop.alias.id, None, &route).await.unwrap();
            let used = routes::credentials_in_use(change.tx(), shop.workspace).await.unwrap();
            assert_eq!(used, [("fast".to_owned(), other.id)]);
            let routed = delete(&mut change, other.id, None, Instead::Nothing).await.unwrap_err();
            assert!(matches!(routed, StoreError::InUse { by, .. } if by == "alias `fast`"));
            let plain = alias_draft("fast", &shop.model);
            aliases::update(&mut change, shop.alias.id, None, &plain).await.unwrap();
            delete(&mut change, other.id, None, Instead::Nothing).await.unwrap();
        })
        .await;
    }
}

//! Grants and quotas on both engines, and that each use counts once.

use std::sync::Arc;

use wayleave_model::record::Closed;
use wayleave_model::supply::Supplier;

use super::*;
use crate::testing::{Bench, Shop, credential_draft, each_engine, fields, provider_draft, shared};
use crate::usage::{self, UsageFilter};
use crate::{StoreError, credentials};

/// A provider of the system with a credential.
async fn system(bench: &Bench, secret: &str) -> ProviderId {
    let mut change = bench.change(SYSTEM_WORKSPACE).await;
    let made = providers::create(&mut change, &provider_draft("house")).await.unwrap();
    let credential = credential_draft(&made, "house key");
    credentials::create(&mut change, &credential, &fields(secret)).await.unwrap();
    change.commit().await.unwrap();
    made.id
}

fn quota(quota_type: QuotaType, unit: QuotaUnit, limit: i64) -> QuotaDraft {
    QuotaDraft { quota_type, unit, limit, expires_at: None }
}

fn draft(shop: &Shop, system_provider: ProviderId, quotas: Vec<QuotaDraft>) -> GrantDraft {
    GrantDraft { provider: shop.provider.id, system_provider, models: None, enabled: true, quotas }
}

async fn granted(bench: &Bench, shop: &Shop, quotas: Vec<QuotaDraft>) -> Grant {
    let system = system(bench, "sk-house").await;
    let mut change = bench.change(shop.workspace).await;
    let made = create(&mut change, &draft(shop, system, quotas)).await.unwrap();
    change.commit().await.unwrap();
    made
}

/// What is used of each quota of the workspace, in their order.
async fn used(bench: &Bench, shop: &Shop) -> Vec<i64> {
    let mut tx = bench.store.read().await.unwrap();
    let grants = of(&mut tx, shop.workspace).await.unwrap();
    grants.iter().flat_map(|it| &it.quotas).map(|it| it.used).collect()
}

/// A request whose only attempt counts for `quota`.
fn counted(shop: &Shop, micros: i64, quota: &Quota) -> Closed {
    let mut it = shop.closed(micros);
    let mut label = (*it.attempts[0].start.target).clone();
    label.supply = Some(wayleave_model::supply::SupplyLabel {
        quota: quota.id,
        quota_type: quota.quota_type,
        unit: quota.unit,
    });
    it.attempts[0].start.target = Arc::new(label);
    it
}

#[tokio::test]
async fn d1_a_grant_is_made_changed_and_taken_back() {
    use QuotaType::{Free, Paid, Trial};
    use QuotaUnit::{Calls, Money, Tokens};
    each_engine(|bench| async move {
        let shop = bench.shop("main", "s").await;
        let quotas = vec![quota(Trial, Calls, 5), quota(Paid, Money, UNLIMITED)];
        let made = granted(&bench, &shop, quotas).await;
        let types: Vec<_> = made.quotas.iter().map(|it| it.quota_type).collect();
        assert_eq!(types, [Paid, Trial], "in the order in which they serve");
        let mut tx = bench.store.read().await.unwrap();
        assert_eq!(get(&mut tx, made.id).await.unwrap().as_ref(), Some(&made));
        let page = list(&mut tx, None, &Listing::default()).await.unwrap();
        assert_eq!(page.items, std::slice::from_ref(&made));
        let page = list(&mut tx, Some(shop.workspace), &Listing::default()).await.unwrap();
        assert_eq!(page.items, std::slice::from_ref(&made));
        assert_eq!(
            list(&mut tx, Some(SYSTEM_WORKSPACE), &Listing::default()).await.unwrap().items,
            []
        );
        drop(tx);

        let mut change = bench.change(shop.workspace).await;
        let again = create(&mut change, &GrantDraft::from(&made)).await.unwrap_err();
        assert!(matches!(again, StoreError::NameTaken { noun: "grant", .. }), "{again}");
        drop(change);

        bench.append(&[counted(&shop, 0, &made.quotas[1])]).await.unwrap();
        let mut change = bench.change(shop.workspace).await;
        let wish = GrantDraft {
            models: Some(vec!["gpt-x".into()]),
            quotas: vec![quota(Free, Tokens, 9), quota(Trial, Calls, 7)],
            ..GrantDraft::from(&made)
        };
        let stale = update(&mut change, made.id, Some(7), &wish).await.unwrap_err();
        assert!(matches!(stale, StoreError::Stale { .. }));
        let after = update(&mut change, made.id, Some(1), &wish).await.unwrap();
        change.commit().await.unwrap();
        assert_eq!((after.version, after.quotas[1].id), (2, made.quotas[1].id));
        assert_eq!(used(&bench, &shop).await, [0, 1], "what is used of one that stays stays");
        let mut change = bench.change(shop.workspace).await;
        let found = update(&mut change, made.id, None, &wish).await.unwrap();
        assert_eq!((found.version, change.is_empty()), (2, true));
        delete(&mut change, made.id, Some(2)).await.unwrap();
        change.commit().await.unwrap();
        assert_eq!(bench.store.quota_uses().await.unwrap(), []);
        let mut tx = bench.store.read().await.unwrap();
        assert_eq!(get(&mut tx, made.id).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    use QuotaType::Paid;
    use QuotaUnit::Calls;
    each_engine(|bench| async move {
        let shop = bench.shop("main", "s").await;
        let system = system(&bench, "sk-house").await;
        let good = draft(&shop, system, vec![quota(Paid, Calls, 1)]);
        let bad = [
            GrantDraft { models: Some(vec![]), ..good.clone() },
            GrantDraft { quotas: vec![quota(Paid, Calls, -2)], ..good.clone() },
            GrantDraft {
                quotas: vec![good.quotas[0].clone(), quota(Paid, Calls, 2)],
                ..good.clone()
            },
            GrantDraft { system_provider: shop.provider.id, ..good.clone() },
            GrantDraft { provider: system, ..good.clone() },
        ];
        let mut change = bench.change(shop.workspace).await;
        for it in bad {
            let refused = create(&mut change, &it).await.unwrap_err();
            let expected =
                matches!(refused, StoreError::Invalid { .. } | StoreError::NotFound { .. });
            assert!(expected, "{it:?}: {refused}");
        }
        let other =
            crate::providers::ProviderDraft { kind: "openai".into(), ..provider_draft("o") };
        let other = providers::create(&mut change, &other).await.unwrap();
        let unlike = GrantDraft { provider: other.id, ..good.clone() };
        let refused = create(&mut change, &unlike).await.unwrap_err();
        assert!(matches!(refused, StoreError::Invalid { field: "provider", .. }));
    })
    .await;
}

#[tokio::test]
async fn providers_that_a_grant_is_about_stay() {
    each_engine(|bench| async move {
        let shop = bench.shop("main", "s").await;
        let made = granted(&bench, &shop, vec![]).await;
        let mut change = bench.change(shop.workspace).await;
        crate::aliases::delete(&mut change, shop.alias.id, None).await.unwrap();
        let refused = providers::delete(&mut change, made.provider, None).await.unwrap_err();
        assert!(
            matches!(&refused, StoreError::InUse { by, .. } if by == "a grant of the operator"),
            "{refused}"
        );
        drop(change);
        let mut change = bench.change(SYSTEM_WORKSPACE).await;
        let refused = providers::delete(&mut change, made.system_provider, None).await.unwrap_err();
        assert!(matches!(&refused, StoreError::InUse { by, .. } if by == "1 grants"), "{refused}");
    })
    .await;
}

#[tokio::test]
async fn d15_what_is_used_counts_once_however_often_it_comes() {
    use QuotaType::{Free, Paid, Trial};
    use QuotaUnit::{Calls, Money, Tokens};
    each_engine(|bench| async move {
        let shop = bench.shop("main", "s").await;
        let quotas = vec![quota(Paid, Money, 9), quota(Free, Tokens, 9), quota(Trial, Calls, 9)];
        let made = granted(&bench, &shop, quotas).await;
        let mut batch = vec![shop.closed(9)];
        for (at, quota) in (0..).zip(&made.quotas) {
            batch.push(counted(&shop, at * 2, quota));
            batch.push(counted(&shop, at * 2 + 1, quota));
        }
        bench.append(&batch[..3]).await.unwrap();
        assert_eq!(used(&bench, &shop).await, [84, 0, 0]);
        // Again, with others, and by two senders at once.
        let other = bench.reopen(&bench.keys).await.unwrap();
        let all = shared(&batch);
        let (one, two) = tokio::join!(bench.store.append(&all), other.append(&all));
        assert_eq!(one.unwrap().stored + two.unwrap().stored, 4);
        assert_eq!(used(&bench, &shop).await, [84, 240, 2]);
        let uses = bench.store.quota_uses().await.unwrap();
        assert_eq!(uses.iter().map(|it| it.1).sum::<i64>(), 326);

        // Rows say whose it was.
        let mut tx = bench.store.read().await.unwrap();
        let page = usage::list(&mut tx, &UsageFilter::all(shop.workspace)).await.unwrap();
        let said: Vec<_> = page
            .items
            .iter()
            .filter_map(|it| Some((it.supply.as_deref()?, it.quota_type.as_deref())))
            .collect();
        assert_eq!(said.len(), 7);
        assert_eq!(said.iter().filter(|it| **it == ("custom", None)).count(), 1);
        assert_eq!(said.iter().filter(|it| **it == ("system", Some("free"))).count(), 2);
        let (workspace, id) = (shop.workspace, batch[1].identity.request);
        let receipt = usage::receipt(&mut tx, workspace, id).await.unwrap().unwrap();
        let attempt = &receipt.attempts[0];
        assert_eq!(attempt.credential_id, None, "the operator's credential is nobody's business");
        assert_eq!(attempt.supply.as_deref(), Some("system"));
        assert_eq!(attempt.quota_type.as_deref(), Some("paid"));
        let id = batch[0].identity.request;
        let receipt = usage::receipt(&mut tx, workspace, id).await.unwrap().unwrap();
        assert_eq!(receipt.attempts[0].credential_id, Some(shop.credential.id));
    })
    .await;
}

#[tokio::test]
async fn d1_a_workspace_shows_what_it_is_supplied_with_and_hears_of_changes_there() {
    each_engine(|bench| async move {
        let shop = bench.shop("main", "s").await;
        let idle = bench.workspace("idle").await;
        let made = granted(&bench, &shop, vec![quota(QuotaType::Free, QuotaUnit::Calls, 1)]).await;
        let part = bench.store.snapshot_of(shop.workspace).await.unwrap().1.unwrap();
        let [supply] = &part.supplies[..] else { panic!("{:?}", part.supplies) };
        assert_eq!((&supply.grant, supply.provider.name.as_str()), (&made, "house"));
        let (_, secrets) = supply.credential.as_ref().unwrap();
        assert_eq!(secrets.get("api_key").unwrap().expose(), b"sk-house");

        let mut change = bench.change(SYSTEM_WORKSPACE).await;
        let there = providers::existing(&mut change, made.system_provider).await.unwrap();
        let off = crate::providers::ProviderDraft {
            enabled: false,
            preference: Some(Supplier::Custom),
            ..crate::providers::ProviderDraft::from(&there)
        };
        let off = providers::update(&mut change, there.id, None, &off).await.unwrap();
        let revision = change.commit().await.unwrap();
        let heard = bench.store.changed_since(revision - 1).await.unwrap();
        assert!(heard.contains(&shop.workspace) && !heard.contains(&idle));
        let mut tx = bench.store.read().await.unwrap();
        let found = providers::get(&mut tx, SYSTEM_WORKSPACE, there.id).await.unwrap();
        assert_eq!(found, Some(off));
    })
    .await;
}

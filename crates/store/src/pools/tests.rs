//! Pools in both engines: what is kept, what is refused, and what goes with a credential.

use wayleave_model::pool::Idle;

use super::*;
use crate::credentials::Instead;
use crate::testing::{Bench, credential_draft, each_engine, fields, model_draft};
use crate::{audit, providers};

fn entry(credential: Option<CredentialId>) -> EntryDraft {
    EntryDraft { id: None, credential, weight: 1, enabled: true }
}

fn draft(entries: &[EntryDraft]) -> PoolDraft {
    PoolDraft {
        enabled: true,
        strategy: Strategy::RoundRobin,
        entries: entries.to_vec(),
        managed_by: None,
    }
}

async fn second(bench: &Bench, shop: &crate::testing::Shop) -> CredentialId {
    let mut change = bench.change(shop.workspace).await;
    let wish = credential_draft(&shop.provider, "second");
    let made = credentials::create(&mut change, &wish, &fields("two")).await.unwrap();
    change.commit().await.unwrap();
    made.id
}

#[tokio::test]
async fn d12_a_pool_is_kept_when_it_is_switched_off() {
    each_engine(|bench| async move {
        let shop = bench.shop("main", "s").await;
        let (workspace, model) = (shop.workspace, shop.model.id);
        let other = second(&bench, &shop).await;
        let mut change = bench.change(workspace).await;
        let mut wish = draft(&[entry(Some(other)), entry(None), entry(Some(other))]);
        (wish.strategy, wish.entries[0].weight) = (Strategy::Weighted, 7);
        wish.entries[2].enabled = false;
        let made = put(&mut change, model, Some(0), &wish).await.unwrap();
        assert_eq!((made.version, made.entries.len()), (1, 3));
        let off = PoolDraft { enabled: false, ..PoolDraft::from(&made) };
        let off = put(&mut change, model, Some(1), &off).await.unwrap();
        let on = PoolDraft { enabled: true, ..PoolDraft::from(&off) };
        let on = put(&mut change, model, Some(2), &on).await.unwrap();
        // The same entries with their ids, in their order, with their flags.
        assert_eq!((&on.entries, on.strategy, on.version), (&made.entries, made.strategy, 3));
        change.commit().await.unwrap();
        let mut tx = bench.store.read().await.unwrap();
        assert_eq!(get(&mut tx, workspace, model).await.unwrap(), Some(on.clone()));
        assert_eq!(all(&mut tx, workspace).await.unwrap(), std::slice::from_ref(&on));
        let part = bench.store.snapshot_of(workspace).await.unwrap().1.unwrap();
        assert_eq!(part.pools, [on]);
    })
    .await;
}

#[tokio::test]
async fn entries_keep_their_ids_and_those_that_are_left_out_go() {
    each_engine(|bench| async move {
        let shop = bench.shop("main", "s").await;
        let model = shop.model.id;
        let other = second(&bench, &shop).await;
        let mut change = bench.change(shop.workspace).await;
        let made = put(&mut change, model, None, &draft(&[entry(Some(other)), entry(None)])).await;
        let made = made.unwrap();
        let mut wish = PoolDraft::from(&made);
        wish.entries.reverse();
        wish.entries.pop();
        wish.entries.push(entry(Some(shop.credential.id)));
        let after = put(&mut change, model, None, &wish).await.unwrap();
        assert_eq!(after.entries[0].id, made.entries[1].id);
        assert!(made.entries.iter().all(|it| it.id != after.entries[1].id));
        let same = put(&mut change, model, Some(2), &PoolDraft::from(&after)).await.unwrap();
        assert_eq!(same.version, 2, "saying what is so changes nothing");
        let stale = put(&mut change, model, Some(1), &wish).await.unwrap_err();
        assert!(matches!(stale, StoreError::Stale { noun: "pool", expected: 1, actual: 2 }));
        change.commit().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn d10_fewer_than_two_enabled_cannot_be_switched_on() {
    each_engine(|bench| async move {
        let shop = bench.shop("main", "s").await;
        let model = shop.model.id;
        let mut change = bench.change(shop.workspace).await;
        let disabled = EntryDraft { enabled: false, ..entry(None) };
        let few = draft(&[entry(Some(shop.credential.id)), disabled]);
        let refused = put(&mut change, model, None, &few).await.unwrap_err();
        assert!(matches!(refused, StoreError::Invalid { field: "entries", .. }));
        let kept = put(&mut change, model, None, &PoolDraft { enabled: false, ..few }).await;
        assert_eq!(kept.unwrap().entries.len(), 2);
        change.commit().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn an_entry_is_one_of_the_pools_and_a_credential_one_of_the_models() {
    each_engine(|bench| async move {
        let shop = bench.shop("main", "s").await;
        let other = bench.shop("other", "t").await;
        let model = shop.model.id;
        let mut change = bench.change(shop.workspace).await;
        let wish = model_draft(&shop.provider, "gpt-z");
        let sibling = models::create(&mut change, &wish).await.unwrap();
        let mut own = credential_draft(&shop.provider, "own");
        own.model = Some(sibling.id);
        let own = credentials::create(&mut change, &own, &fields("own")).await.unwrap();
        put(&mut change, sibling.id, None, &draft(&[entry(Some(own.id)), entry(None)]))
            .await
            .unwrap();
        let id = Some(PoolEntryId::new(bench.clock.now()));
        let heavy = EntryDraft { weight: 1_001, ..entry(None) };
        for wrong in [
            entry(Some(own.id)),
            entry(Some(other.credential.id)),
            EntryDraft { id, ..entry(None) },
            EntryDraft { weight: 0, ..entry(None) },
            heavy,
        ] {
            let refused = put(&mut change, model, None, &draft(&[entry(None), wrong])).await;
            assert!(matches!(refused, Err(StoreError::Invalid { .. })), "{wrong:?}");
        }
        let many = draft(&[entry(None); MAX_ENTRIES + 1]);
        assert!(put(&mut change, model, None, &many).await.is_err());
        let made = put(&mut change, model, None, &draft(&[entry(None); 2])).await.unwrap();
        let mut twice = PoolDraft::from(&made);
        twice.entries[1].id = twice.entries[0].id;
        assert!(put(&mut change, model, None, &twice).await.is_err());
        let nowhere = ModelId::new(bench.clock.now());
        let refused = put(&mut change, nowhere, None, &draft(&[])).await.unwrap_err();
        assert!(matches!(refused, StoreError::NotFound { noun: "model", .. }));
    })
    .await;
}

#[tokio::test]
async fn d10_a_credential_takes_its_entries_with_it_and_the_log_says_so() {
    each_engine(|bench| async move {
        let shop = bench.shop("main", "s").await;
        let (workspace, model) = (shop.workspace, shop.model.id);
        let other = second(&bench, &shop).await;
        let mut change = bench.change(workspace).await;
        put(&mut change, model, None, &draft(&[entry(Some(other)), entry(None)])).await.unwrap();
        change.commit().await.unwrap();
        let mut change = bench.change(workspace).await;
        let in_use = credentials_in_use(change.tx(), workspace).await.unwrap();
        assert_eq!(in_use, [(shop.model.name.clone(), other)], "the default is not named");
        credentials::delete(&mut change, other, None, Instead::Unsaid).await.unwrap();
        let steps: Vec<_> = change.steps().map(|it| it.0).collect();
        assert_eq!(steps, ["pool.update", "credential.delete"]);
        change.commit().await.unwrap();

        let mut tx = bench.store.read().await.unwrap();
        let left = get(&mut tx, workspace, model).await.unwrap().unwrap();
        assert_eq!((left.enabled, left.entries.len(), left.version), (true, 1, 2));
        let provider = providers::get(&mut tx, workspace, shop.provider.id).await.unwrap().unwrap();
        let standing = left.standing(provider.default_credential, true, |_| Some(&shop.credential));
        assert_eq!(standing.idle, Some(Idle::TooFewEntries));
        let log = audit::list(&mut tx, workspace, &crate::Listing::default()).await.unwrap();
        let gone = log.items.iter().find(|it| it.action == "credential.delete").unwrap();
        let before = gone.before.as_ref().unwrap();
        assert_eq!(before["removed_from_pools_of"], serde_json::json!([model]));
    })
    .await;
}

#[tokio::test]
async fn a_pool_goes_with_its_model_and_its_provider() {
    each_engine(|bench| async move {
        let shop = bench.shop("main", "s").await;
        let mut change = bench.change(shop.workspace).await;
        let wish = model_draft(&shop.provider, "gpt-z");
        let one = models::create(&mut change, &wish).await.unwrap();
        put(&mut change, one.id, None, &draft(&[entry(None); 2])).await.unwrap();
        models::delete(&mut change, one.id, None).await.unwrap();
        put(&mut change, shop.model.id, None, &draft(&[entry(None); 2])).await.unwrap();
        crate::aliases::delete(&mut change, shop.alias.id, None).await.unwrap();
        providers::delete(&mut change, shop.provider.id, None).await.unwrap();
        change.commit().await.unwrap();
        let mut tx = bench.store.read().await.unwrap();
        assert_eq!(all(&mut tx, shop.workspace).await.unwrap(), []);
    })
    .await;
}

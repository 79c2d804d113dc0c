//! Two workspaces that use the same names see nothing of each other.

use crate::testing::{Bench, each_engine, fields};
use crate::usage::UsageFilter;
use crate::*;

#[tokio::test]
async fn two_workspaces_with_the_same_names_see_nothing_of_each_other() {
    each_engine(|bench| async move {
        let (red, blue) = (bench.shop("red", "red-secret").await, bench.shop("blue", "blue").await);
        bench.append(&[red.closed(0), red.closed(1)]).await.unwrap();
        let mut tx = bench.store.read().await.unwrap();
        let tx = &mut tx;
        let all = Listing::default();

        let found = providers::by_name(tx, blue.workspace, "openai-main").await.unwrap().unwrap();
        assert_eq!(found.id, blue.provider.id);
        assert_ne!(found.id, red.provider.id);
        assert_eq!(providers::get(tx, blue.workspace, red.provider.id).await.unwrap(), None);
        assert_eq!(owners::get(tx, blue.workspace, red.owner.id).await.unwrap(), None);
        assert_eq!(models::get(tx, blue.workspace, red.model.id).await.unwrap(), None);
        assert_eq!(aliases::get(tx, blue.workspace, red.alias.id).await.unwrap(), None);
        assert_eq!(keys::get(tx, blue.workspace, red.key.id).await.unwrap(), None);
        let credential = red.credential.id;
        assert_eq!(credentials::get(tx, blue.workspace, credential).await.unwrap(), None);
        assert!(credentials::secrets(tx, blue.workspace, credential).await.unwrap().is_none());

        let aliases = aliases::list(tx, blue.workspace, &all).await.unwrap().items;
        assert_eq!(aliases.iter().map(|it| it.id).collect::<Vec<_>>(), [blue.alias.id]);
        let keys = keys::list(tx, blue.workspace, None, &all).await.unwrap().items;
        assert_eq!(keys.iter().map(|it| it.id).collect::<Vec<_>>(), [blue.key.id]);
        let usage = |of| UsageFilter::all(of);
        assert_eq!(usage::list(tx, &usage(blue.workspace)).await.unwrap().items, []);
        assert_eq!(usage::list(tx, &usage(red.workspace)).await.unwrap().items.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_change_of_one_workspace_reaches_nothing_of_another() {
    each_engine(|bench| async move {
        let (red, blue) = (bench.shop("red", "red-secret").await, bench.shop("blue", "blue").await);
        let mut change = bench.change(blue.workspace).await;
        let missing = |error| matches!(error, StoreError::NotFound { .. });
        assert!(missing(providers::delete(&mut change, red.provider.id, None).await.unwrap_err()));
        assert!(missing(keys::delete(&mut change, red.key.id, None).await.unwrap_err()));
        let stolen = testing::key_draft("other", &red.owner);
        assert!(missing(keys::mint(&mut change, &stolen).await.unwrap_err()));
        let stolen = testing::credential_draft(&red.provider, "other");
        let secrets = fields("x");
        assert!(missing(credentials::create(&mut change, &stolen, &secrets).await.unwrap_err()));
        let stolen = testing::alias_draft("other", &red.model);
        let error = aliases::create(&mut change, &stolen).await.unwrap_err();
        assert!(matches!(error, StoreError::Invalid { field: "targets", .. }));
    })
    .await;
}

#[tokio::test]
async fn one_secret_cannot_be_the_key_of_two_workspaces() {
    each_engine(|bench: Bench| async move {
        let (red, blue) = (bench.shop("red", "red-secret").await, bench.shop("blue", "blue").await);
        let mut change = bench.change(blue.workspace).await;
        let draft = testing::key_draft("same", &blue.owner);
        let error = keys::import(&mut change, &draft, &red.secret).await.unwrap_err();
        assert!(matches!(error, StoreError::SecretTaken { noun: "key" }));
        // Whoever passes over the error cannot store the half that was done.
        assert!(matches!(change.commit().await, Err(StoreError::HalfDone)));
        let mut tx = bench.store.read().await.unwrap();
        assert_eq!(keys::by_name(&mut tx, blue.workspace, "same").await.unwrap(), None);
    })
    .await;
}

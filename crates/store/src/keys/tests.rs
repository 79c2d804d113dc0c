//! Keys are found by their hashes, rotated, and listed with their own versions.

use super::*;
use crate::page::Listing;
use crate::testing::{each_engine, key_draft};

#[tokio::test]
async fn a_minted_key_is_found_by_its_hash_only() {
    each_engine(|bench| async move {
        let shop = bench.shop("main", "s").await;
        assert!(wayleave_model::key::is_minted(shop.secret.expose_str().unwrap()));
        let hasher = bench.store.hasher();
        let hash = hasher.hash_key(shop.secret.expose());
        assert_eq!(shop.key.versions[0].hash, hash);
        assert_ne!(hasher.hash_token(shop.secret.expose()), hash);
        let mut tx = bench.store.read().await.unwrap();
        let found = by_hash(&mut tx, &hash).await.unwrap().unwrap();
        assert_eq!(found, (shop.workspace, shop.key));
        assert_eq!(by_hash(&mut tx, &[0; 32]).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_rotated_key_has_two_secrets_until_the_old_one_ends() {
    each_engine(|bench| async move {
        let shop = bench.shop("main", "s").await;
        let mut change = bench.change(shop.workspace).await;
        let id = shop.key.id;
        let end = bench.clock.now().plus_micros(3_600_000_000);
        let (key, secret) = mint_version(&mut change, id, Some(1), Some(end)).await.unwrap();
        assert_ne!(secret.expose(), shop.secret.expose());
        assert_eq!(key.version, 2);
        let ends: Vec<_> = key.versions.iter().map(|it| (it.number, it.expires_at)).collect();
        assert_eq!(ends, [(1, Some(end)), (2, None)]);
        let key = revoke_version(&mut change, id, Some(2), 1).await.unwrap();
        assert_eq!(key.versions[0].revoked_at, Some(bench.clock.now()));
        assert_eq!(key.versions[1].revoked_at, None);
        let again = revoke_version(&mut change, id, None, 1).await.unwrap();
        assert_eq!(again, key);
        let unknown = revoke_version(&mut change, id, None, 7).await.unwrap_err();
        assert!(matches!(unknown, StoreError::NotFound { noun: "key version", .. }));
    })
    .await;
}

#[tokio::test]
async fn a_declared_secret_needs_twenty_printable_characters() {
    each_engine(|bench| async move {
        let shop = bench.shop("main", "s").await;
        let mut change = bench.change(shop.workspace).await;
        let draft = key_draft("declared", &shop.owner);
        let long = "x".repeat(513);
        let bad = ["0123456789012345678", "0123456789 0123456789", "0123456789012345678é", &long];
        for (text, name) in bad.iter().zip(["a", "b", "c", "d"]) {
            let draft = key_draft(name, &shop.owner);
            let error = import(&mut change, &draft, &Secret::new(*text)).await.unwrap_err();
            assert!(matches!(error, StoreError::Invalid { field: "secret", .. }), "{text}");
        }
        let secret = Secret::new("01234567890123456789");
        let key = import(&mut change, &draft, &secret).await.unwrap();
        let shown = &key.versions[0];
        assert_eq!((shown.prefix.as_str(), shown.last_four.as_str()), ("0123", "6789"));
    })
    .await;
}

#[tokio::test]
async fn keys_keep_their_own_versions_in_a_list() {
    each_engine(|bench| async move {
        let shop = bench.shop("main", "s").await;
        let mut change = bench.change(shop.workspace).await;
        mint(&mut change, &key_draft("two", &shop.owner)).await.unwrap();
        mint_version(&mut change, shop.key.id, None, None).await.unwrap();
        change.commit().await.unwrap();
        let mut tx = bench.store.read().await.unwrap();
        let owner = Some(shop.owner.id);
        let page = list(&mut tx, shop.workspace, owner, &Listing::default()).await.unwrap();
        let mut counts: Vec<_> =
            page.items.iter().map(|it| (it.name.as_str(), it.versions.len())).collect();
        counts.sort_unstable();
        assert_eq!(counts, [("ci", 2), ("two", 1)]);
    })
    .await;
}

//! Key-encryption keys: missing ones are named, rotation loses nothing, sealed values stay put.

use wayleave_model::Secret;

use crate::db::on;
use crate::testing::{each_engine, key_line, ring};
use crate::*;

#[tokio::test]
async fn a_store_without_the_right_key_refuses_to_open_and_names_the_key() {
    each_engine(|bench| async move {
        bench.shop("main", "sk-secret").await;
        let Err(StoreError::KekMissing { kek_id, rows }) = bench.reopen(&key_line()).await else {
            panic!("a ring without the key was accepted");
        };
        assert_eq!(kek_id, ring(&bench.keys).current());
        // The credential, the pepper and the key of response ids.
        assert_eq!(rows, 3);
        bench.reopen(&bench.keys).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn another_key_under_the_same_id_is_noticed() {
    each_engine(|bench| async move {
        bench.shop("main", "sk-secret").await;
        let (id, _) = bench.keys.split_once(' ').unwrap();
        let other = key_line();
        let (_, key) = other.split_once(' ').unwrap();
        let opened = bench.reopen(&format!("{id} {key}")).await;
        assert!(matches!(opened, Err(StoreError::Unsealable { .. })));
    })
    .await;
}

#[tokio::test]
async fn after_a_rotation_the_old_key_can_be_removed() {
    each_engine(|bench| async move {
        let shop = bench.shop("main", "sk-secret").await;
        let mut change = bench.change(shop.workspace).await;
        settings::set_secret(&mut change, "vault", &Secret::new("v")).await.unwrap();
        change.commit().await.unwrap();
        let hash = bench.store.hasher().hash_key(b"k");

        let new = key_line();
        let store = &bench.store;
        let lacking = store.use_keyring(ring(&new)).await;
        assert!(matches!(lacking, Err(StoreError::KekMissing { rows: 4, .. })));
        store.use_keyring(ring(&format!("{new}{}", bench.keys))).await.unwrap();
        assert_eq!(store.rewrap().await.unwrap(), 4);
        assert_eq!(store.rewrap().await.unwrap(), 0);
        store.use_keyring(ring(&new)).await.unwrap();

        let store = bench.reopen(&new).await.unwrap();
        assert_eq!(store.hasher().hash_key(b"k"), hash);
        let mut tx = store.read().await.unwrap();
        let (workspace, id) = (shop.workspace, shop.credential.id);
        let fields = credentials::secrets(&mut tx, workspace, id).await.unwrap().unwrap();
        assert_eq!(fields.get("api_key").unwrap().expose(), b"sk-secret");
        let vault = settings::secret(&mut tx, workspace, "vault").await.unwrap().unwrap();
        assert_eq!(vault.expose(), b"v");
    })
    .await;
}

#[tokio::test]
async fn a_sealed_value_moved_to_another_workspace_does_not_open() {
    const MOVE: &str = "UPDATE credentials SET sealed =
        (SELECT sealed FROM credentials WHERE id = $1) WHERE id = $2";
    each_engine(|bench| async move {
        let (red, blue) = (bench.shop("red", "red-secret").await, bench.shop("blue", "blue").await);
        let mut tx = bench.store.write().await.unwrap();
        let (from, to) = (red.credential.id.0, blue.credential.id.0);
        on!(tx.conn, it => {
            sqlx::query(MOVE).bind(from).bind(to).execute(&mut *it).await.map(drop)
        })
        .unwrap();
        tx.commit().await.unwrap();
        let mut tx = bench.store.read().await.unwrap();
        let stolen = credentials::secrets(&mut tx, blue.workspace, blue.credential.id).await;
        assert!(matches!(stolen, Err(StoreError::Unsealable { table: "credentials" })));
        drop(tx);
        let opened = bench.reopen(&bench.keys).await;
        assert!(matches!(opened, Err(StoreError::Unsealable { .. })));
    })
    .await;
}

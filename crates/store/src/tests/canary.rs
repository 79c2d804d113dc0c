//! A secret is nowhere in the database in any form that a search would find.

use sqlx::{AssertSqlSafe, PgConnection, Row};
use wayleave_model::Secret;
use wayleave_model::id::SYSTEM_WORKSPACE;
use wayleave_model::person::SignIn;

use crate::db::Conn;
use crate::testing::{Bench, each_engine, key_draft, person_draft};
use crate::*;

const CANARY: &str = "canary-7Qx9-do-not-find-me-anywhere";

#[tokio::test]
async fn a_secret_is_not_found_in_the_database_raw_or_in_base64_or_hex() {
    each_engine(|bench| async move {
        let shop = bench.shop("main", CANARY).await;
        let mut change = bench.change(shop.workspace).await;
        let draft = key_draft("declared", &shop.owner);
        keys::import(&mut change, &draft, &Secret::new(CANARY)).await.unwrap();
        settings::set_secret(&mut change, "vault", &Secret::new(CANARY)).await.unwrap();
        change.commit().await.unwrap();
        let mut change = bench.change(SYSTEM_WORKSPACE).await;
        let draft = tokens::TokenDraft {
            name: "admin".into(),
            role: wayleave_model::member::Role::Operator,
            scopes: None,
            expires_at: None,
        };
        let (_, token) = tokens::mint(&mut change, &draft).await.unwrap();
        let ada = people::create(&mut change, &person_draft("a@b"), None).await.unwrap();
        let (_, session) =
            sessions::create(&mut change, ada.id, SignIn::Password, "").await.unwrap();
        change.commit().await.unwrap();
        let mut change = bench.change(shop.workspace).await;
        let draft = invitations::InvitationDraft {
            email: "b@b".into(),
            role: wayleave_model::member::Role::Viewer,
            expires_at: bench.clock.now().plus_micros(1),
        };
        let (_, invitation) = invitations::create(&mut change, &draft).await.unwrap();
        change.commit().await.unwrap();

        let dump = dump(&bench).await;
        assert!(contains(&dump, b"openai-main"), "the dump holds the data");
        let minted = shop.secret.expose_str().unwrap().to_owned();
        let made = [&token, &session, &invitation].map(|it| it.expose_str().unwrap());
        for secret in [CANARY, minted.as_str()].into_iter().chain(made) {
            for form in forms(secret) {
                assert!(!contains(&dump, &form), "found {}", String::from_utf8_lossy(&form));
            }
        }
    })
    .await;
}

#[tokio::test]
async fn the_search_would_find_a_secret_that_was_stored() {
    each_engine(|bench| async move {
        let shop = bench.shop("main", "sk-other-secret").await;
        let mut change = bench.change(shop.workspace).await;
        let clear = serde_json::json!({ "oops": CANARY });
        settings::set(&mut change, "clear", &clear).await.unwrap();
        change.commit().await.unwrap();
        assert!(contains(&dump(&bench).await, CANARY.as_bytes()));
    })
    .await;
}

/// Raw, hex, and base64 at each of its three alignments, edges cut off.
fn forms(secret: &str) -> Vec<Vec<u8>> {
    let hex = text::hex(secret.as_bytes());
    let mut forms = vec![secret.as_bytes().to_vec(), hex.to_uppercase().into(), hex.into()];
    for shift in 0..3 {
        let shifted = [vec![0; shift], secret.as_bytes().to_vec()].concat();
        let text = base64::encode(&shifted);
        forms.push(text.as_bytes()[4..text.len() - 4].to_vec());
    }
    forms
}

async fn dump(bench: &Bench) -> Vec<u8> {
    match bench.url.file() {
        Some(file) => {
            let mut bytes = std::fs::read(file).unwrap();
            let journal = format!("{}-wal", file.display());
            bytes.extend(std::fs::read(journal).unwrap_or_default());
            bytes
        }
        None => dump_postgres(bench).await,
    }
}

async fn dump_postgres(bench: &Bench) -> Vec<u8> {
    let mut tx = bench.store.read().await.unwrap();
    let Conn::Postgres(open) = &mut tx.conn else { panic!("PostgreSQL is expected") };
    let conn: &mut PgConnection = open;
    let tables = sqlx::query_scalar::<_, String>(
        "SELECT table_name::text FROM information_schema.tables WHERE table_schema = current_schema()",
    );
    let tables = tables.fetch_all(&mut *conn).await.unwrap();
    assert!(tables.len() > 15);
    let mut bytes = Vec::new();
    for table in tables {
        let sql = format!("SELECT {table}::text FROM {table}");
        for row in sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut *conn).await.unwrap() {
            bytes.extend(row.get::<String, _>(0).into_bytes());
            bytes.push(b'\n');
        }
    }
    bytes
}

fn contains(hay: &[u8], needle: &[u8]) -> bool {
    hay.windows(needle.len()).any(|window| window == needle)
}

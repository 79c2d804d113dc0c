//! A configuration that was tampered with, and what is said of it.

use std::collections::BTreeMap;

use sqlx::types::Json;
use wayleave_model::alias::{Group, WeightedTarget};
use wayleave_model::id::{CredentialId, ModelId, WorkspaceId};

use super::Checkup;
use crate::db::on;
use crate::testing::{Bench, each_engine};

/// Each statement, and what is then wrong: nothing else is.
const TAMPERED: [(&str, &str); 14] = [
    (
        "UPDATE providers SET default_credential_id = id WHERE workspace_id = $1",
        "the default of provider `openai-main` is not its own",
    ),
    (
        "UPDATE models SET default_credential_id = id WHERE workspace_id = $1",
        "the default of model `gpt-x` is not its own",
    ),
    (
        "UPDATE credentials SET model_id = (SELECT id FROM models WHERE workspace_id = $1)
         WHERE workspace_id = $1",
        "the default of provider `openai-main` is not its own",
    ),
    ("DELETE FROM key_versions WHERE workspace_id = $1", "key `ci` has no secret"),
    (
        "UPDATE route_versions SET alias_id = id WHERE workspace_id = $1",
        "an alias leads by a route of another alias",
    ),
    (
        "UPDATE route_versions SET number = 7 WHERE workspace_id = $1",
        "the versions of a route have a gap",
    ),
    (
        "UPDATE price_versions SET number = 7 WHERE workspace_id = $1",
        "the versions of a price have a gap",
    ),
    ("DELETE FROM price_rates WHERE workspace_id = $1", "a price is neither free nor has it rates"),
    (
        "INSERT INTO members
         (workspace_id, person_id, role, granted_by, version, created_at, updated_at)
         VALUES ($1, $1, 'viewer', 'nobody', 1, 0, 0)",
        "a member is no person",
    ),
    ("UPDATE workspaces SET plan_id = workspace_id WHERE workspace_id = $1", "its plan is gone"),
    (
        "UPDATE workspace_revisions SET revision = 1000 WHERE workspace_id = $1",
        "it was changed by a revision that was never made",
    ),
    (
        "UPDATE workspace_revisions SET revision = 0 WHERE workspace_id = $1",
        "its audit log has a change that other nodes were not told of",
    ),
    (
        "UPDATE audit SET reason = 'another' WHERE workspace_id = $1 AND seq = 2",
        "entry 2 of the audit log: it was changed",
    ),
    (
        "DELETE FROM audit_heads WHERE workspace_id = $1",
        "entry 9 of the audit log: it is missing at the end of the log",
    ),
];

impl Bench {
    async fn tampered(&self, sql: &'static str, workspace: WorkspaceId) {
        let mut tx = self.store.write().await.unwrap();
        on!(tx.conn, it => sqlx::query(sql).bind(workspace.0).execute(&mut *it).await.map(drop))
            .unwrap();
        tx.commit().await.unwrap();
    }

    async fn faults(&self, workspace: &str) -> Vec<String> {
        let Checkup { faults, .. } = self.store.check().await.unwrap();
        let here = faults.into_iter().filter(|it| it.workspace == workspace);
        here.map(|it| it.what).collect()
    }
}

#[tokio::test]
async fn what_the_store_wrote_has_no_fault_and_what_was_tampered_with_is_told_by_name() {
    each_engine(|bench| async move {
        for (at, (sql, what)) in TAMPERED.into_iter().enumerate() {
            let name = format!("shop-{at}");
            let shop = bench.shop(&name, "s").await;
            assert_eq!(bench.faults(&name).await, [] as [&str; 0]);
            bench.tampered(sql, shop.workspace).await;
            assert_eq!(bench.faults(&name).await, [what], "{sql}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_checkup_counts_what_it_looked_at() {
    each_engine(|bench| async move {
        bench.shop("main", "s").await;
        let found = bench.store.check().await.unwrap();
        let revision = bench.store.revision().await.unwrap();
        // Of the system workspace: the one that was made.
        let expected = Checkup { revision, workspaces: 2, entries: 9, faults: Vec::new() };
        assert_eq!(found, expected);
    })
    .await;
}

#[tokio::test]
async fn a_route_to_what_is_gone_is_a_fault() {
    each_engine(|bench| async move {
        let shop = bench.shop("main", "s").await;
        let nowhere = WeightedTarget {
            model: ModelId::new(bench.clock.now()),
            credential: None,
            environments: BTreeMap::new(),
            weight: 1,
        };
        let over_nothing =
            WeightedTarget { model: shop.model.id, credential: None, ..nowhere.clone() };
        let gone = CredentialId::new(bench.clock.now());
        let over = |environment: &str, id| WeightedTarget {
            environments: BTreeMap::from([(environment.to_owned(), id)]),
            ..over_nothing.clone()
        };
        let something_else = "alias `fast` leads to `gpt-x` over a credential of something else";
        for (target, expected) in [
            (over("test", gone), vec![something_else.to_owned()]),
            (over("test", shop.credential.id), vec![]),
            (over_nothing, vec![]),
            (nowhere, vec!["alias `fast` leads to a model that is gone".to_owned()]),
        ] {
            const SQL: &str =
                "UPDATE route_versions SET target_groups = $2 WHERE workspace_id = $1";
            let groups = vec![Group { targets: vec![target] }];
            let mut tx = bench.store.write().await.unwrap();
            on!(tx.conn, it => {
                sqlx::query(SQL)
                    .bind(shop.workspace.0)
                    .bind(Json(&groups))
                    .execute(&mut *it)
                    .await
                    .map(drop)
            })
            .unwrap();
            tx.commit().await.unwrap();
            assert_eq!(bench.faults("main").await, expected);
        }
    })
    .await;
}

//! Plans: what the operator grants workspaces. Rows of the system workspace.

use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;
use wayleave_model::Timestamp;
use wayleave_model::id::{PlanId, SYSTEM_WORKSPACE, WorkspaceId};
use wayleave_model::page::Page;
use wayleave_model::plan::{Feature, Plan};

use crate::change::{Change, check_version, taken};
use crate::db::{Tx, on};
use crate::error::StoreError;
use crate::page::{Listing, by_id};
use crate::text::{check_name, document, typed};

const NOUN: &str = "plan";

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, name, features, version, created_at, updated_at FROM plans \
             WHERE workspace_id = $1 ",
            $rest
        )
    };
}

/// What the operator says of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanDraft {
    /// Unique in the instance.
    pub name: String,
    /// What it grants, in any order.
    pub features: Vec<Feature>,
}

impl From<&Plan> for PlanDraft {
    fn from(it: &Plan) -> PlanDraft {
        PlanDraft { name: it.name.clone(), features: it.features.clone() }
    }
}

/// Makes a plan, in a change of the system workspace.
///
/// # Errors
/// [`StoreError::NameTaken`]; [`StoreError::Invalid`] in a change of another workspace.
pub async fn create(change: &mut Change, draft: &PlanDraft) -> Result<Plan, StoreError> {
    const SQL: &str = "INSERT INTO plans
        (workspace_id, id, name, features, version, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $6)";
    check(change, draft)?;
    let made = Plan {
        id: PlanId::new(change.now),
        name: draft.name.clone(),
        features: in_order(&draft.features),
        version: 1,
        created_at: change.now,
        updated_at: change.now,
    };
    let features = document("features", &made.features)?;
    change.begin_act();
    on!(change.tx.conn, it => {
        sqlx::query(SQL)
            .bind(SYSTEM_WORKSPACE.0)
            .bind(made.id.0)
            .bind(&made.name)
            .bind(&features)
            .bind(made.version)
            .bind(made.created_at.as_micros())
            .execute(&mut *it)
            .await
            .map(drop)
    })
    .map_err(taken(NOUN, &draft.name))?;
    change.record("plan.create", made.id, None, Some(&made))?;
    Ok(made)
}

/// The plan of that id.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn get(tx: &mut Tx, id: PlanId) -> Result<Option<Plan>, StoreError> {
    const SQL: &str = select!("AND id = $2");
    let row: Option<Row> = on!(tx.conn, it => {
        sqlx::query_as(SQL).bind(SYSTEM_WORKSPACE.0).bind(id.0).fetch_optional(&mut *it).await
    })?;
    row.map(Plan::try_from).transpose()
}

/// The plan of that name.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn by_name(tx: &mut Tx, name: &str) -> Result<Option<Plan>, StoreError> {
    const SQL: &str = select!("AND name = $2");
    let row: Option<Row> = on!(tx.conn, it => {
        sqlx::query_as(SQL).bind(SYSTEM_WORKSPACE.0).bind(name).fetch_optional(&mut *it).await
    })?;
    row.map(Plan::try_from).transpose()
}

/// All plans.
///
/// # Errors
/// [`StoreError::BadCursor`].
pub async fn list(tx: &mut Tx, listing: &Listing) -> Result<Page<Plan>, StoreError> {
    const SQL: &str = select!("AND id < $2 ORDER BY id DESC LIMIT $3");
    let before = listing.before()?;
    let rows: Vec<Row> = on!(tx.conn, it => {
        sqlx::query_as(SQL)
            .bind(SYSTEM_WORKSPACE.0)
            .bind(before)
            .bind(listing.fetch())
            .fetch_all(&mut *it)
            .await
    })?;
    let items = rows.into_iter().map(Plan::try_from).collect::<Result<_, _>>()?;
    Ok(listing.page(items, |it: &Plan| by_id(it.id.0)))
}

/// Changes a plan, for all workspaces that have it. Saying what is so already changes nothing.
///
/// # Errors
/// [`StoreError::Stale`], [`StoreError::NameTaken`], [`StoreError::NotFound`].
pub async fn update(
    change: &mut Change,
    id: PlanId,
    expected: Option<i64>,
    draft: &PlanDraft,
) -> Result<Plan, StoreError> {
    const SQL: &str = "UPDATE plans
        SET name = $3, features = $4, version = $5, updated_at = $6
        WHERE workspace_id = $1 AND id = $2";
    check(change, draft)?;
    let before = existing(change, id).await?;
    check_version(NOUN, expected, before.version)?;
    let after = Plan {
        name: draft.name.clone(),
        features: in_order(&draft.features),
        version: before.version + 1,
        updated_at: change.now,
        ..before.clone()
    };
    if (&after.name, &after.features) == (&before.name, &before.features) {
        return Ok(before);
    }
    let features = document("features", &after.features)?;
    change.begin_act();
    on!(change.tx.conn, it => {
        sqlx::query(SQL)
            .bind(SYSTEM_WORKSPACE.0)
            .bind(id.0)
            .bind(&after.name)
            .bind(&features)
            .bind(after.version)
            .bind(after.updated_at.as_micros())
            .execute(&mut *it)
            .await
            .map(drop)
    })
    .map_err(taken(NOUN, &draft.name))?;
    change.record("plan.update", id, Some(&before), Some(&after))?;
    for workspace in holders(&mut change.tx, id).await? {
        change.touch(workspace);
    }
    Ok(after)
}

/// Removes a plan that no workspace has.
///
/// # Errors
/// [`StoreError::InUse`], [`StoreError::Stale`], [`StoreError::NotFound`].
pub async fn delete(
    change: &mut Change,
    id: PlanId,
    expected: Option<i64>,
) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM plans WHERE workspace_id = $1 AND id = $2";
    only_system(change)?;
    let before = existing(change, id).await?;
    check_version(NOUN, expected, before.version)?;
    let holders = holders(&mut change.tx, id).await?;
    if !holders.is_empty() {
        let by = format!("{} workspaces", holders.len());
        return Err(StoreError::InUse { noun: NOUN, name: before.name, by });
    }
    change.begin_act();
    on!(change.tx.conn, it => {
        sqlx::query(SQL).bind(SYSTEM_WORKSPACE.0).bind(id.0).execute(&mut *it).await.map(drop)
    })?;
    change.record("plan.delete", id, Some(&before), None)
}

/// The workspaces that have the plan.
async fn holders(tx: &mut Tx, id: PlanId) -> Result<Vec<WorkspaceId>, StoreError> {
    const SQL: &str = "SELECT workspace_id FROM workspaces WHERE plan_id = $1";
    let ids: Vec<Uuid> =
        on!(tx.conn, it => sqlx::query_scalar(SQL).bind(id.0).fetch_all(&mut *it).await)?;
    Ok(ids.into_iter().map(WorkspaceId).collect())
}

async fn existing(change: &mut Change, id: PlanId) -> Result<Plan, StoreError> {
    get(&mut change.tx, id).await?.ok_or_else(|| StoreError::not_found(NOUN, id))
}

fn check(change: &Change, draft: &PlanDraft) -> Result<(), StoreError> {
    only_system(change)?;
    check_name("name", &draft.name)
}

fn only_system(change: &Change) -> Result<(), StoreError> {
    if change.workspace == SYSTEM_WORKSPACE {
        return Ok(());
    }
    Err(StoreError::invalid(NOUN, "plans are made by the operator only"))
}

fn in_order(features: &[Feature]) -> Vec<Feature> {
    Feature::ALL.into_iter().filter(|it| features.contains(it)).collect()
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    name: String,
    features: Json<Value>,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

impl TryFrom<Row> for Plan {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Plan, StoreError> {
        Ok(Plan {
            id: PlanId(row.id),
            name: row.name,
            features: typed(NOUN, row.features)?,
            version: row.version,
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
        })
    }
}

#[cfg(test)]
mod tests {
    use wayleave_model::plan::Feature::Pools;

    use super::*;
    use crate::testing::{Bench, each_engine};
    use crate::workspaces;

    fn draft(name: &str, features: &[Feature]) -> PlanDraft {
        PlanDraft { name: name.into(), features: features.to_vec() }
    }

    async fn system(bench: &Bench) -> Change {
        bench.change(SYSTEM_WORKSPACE).await
    }

    #[tokio::test]
    async fn a_plan_is_granted_changed_and_taken_away() {
        each_engine(|bench| async move {
            let main = bench.workspace("main").await;
            let mut change = system(&bench).await;
            let plan = create(&mut change, &draft("small", &[])).await.unwrap();
            workspaces::set_plan(&mut change, main, None, Some(plan.id)).await.unwrap();
            let revision = change.commit().await.unwrap();
            assert!(bench.store.changed_since(revision - 1).await.unwrap().contains(&main));
            let part = bench.store.snapshot_of(main).await.unwrap().1.unwrap();
            assert_eq!(part.plan.as_ref(), Some(&plan));
            assert!(!Plan::grants(part.plan.as_ref(), Pools) && Plan::grants(None, Pools));

            let mut change = system(&bench).await;
            let refused = delete(&mut change, plan.id, None).await.unwrap_err();
            assert!(matches!(refused, StoreError::InUse { noun: "plan", .. }));
            let wide = draft("small", &[Pools, Pools]);
            let after = update(&mut change, plan.id, Some(1), &wide).await.unwrap();
            assert_eq!(after.features, [Pools]);
            let revision = change.commit().await.unwrap();
            // Whoever has it hears of it.
            assert!(bench.store.changed_since(revision - 1).await.unwrap().contains(&main));

            let mut change = system(&bench).await;
            let stale = update(&mut change, plan.id, Some(1), &draft("x", &[])).await.unwrap_err();
            assert!(matches!(stale, StoreError::Stale { .. }));
            let bare = workspaces::set_plan(&mut change, main, Some(2), None).await.unwrap();
            assert_eq!((bare.plan, bare.version), (None, 3));
            delete(&mut change, plan.id, Some(2)).await.unwrap();
            change.commit().await.unwrap();
            let mut tx = bench.store.read().await.unwrap();
            assert_eq!(list(&mut tx, &Listing::default()).await.unwrap().items, []);
        })
        .await;
    }

    #[tokio::test]
    async fn plans_are_the_operators() {
        each_engine(|bench| async move {
            let main = bench.workspace("main").await;
            let mut change = bench.change(main).await;
            let refused = create(&mut change, &draft("mine", &[Pools])).await.unwrap_err();
            assert!(matches!(refused, StoreError::Invalid { .. }));
            let refused = workspaces::set_plan(&mut change, main, None, None).await.unwrap_err();
            assert!(matches!(refused, StoreError::Invalid { .. }));
            drop(change);
            let mut change = system(&bench).await;
            let nowhere = Some(PlanId::new(bench.clock.now()));
            let refused = workspaces::set_plan(&mut change, main, None, nowhere).await;
            assert!(matches!(refused, Err(StoreError::Invalid { field: "plan", .. })));
            let refused = workspaces::set_plan(&mut change, SYSTEM_WORKSPACE, None, None).await;
            assert!(matches!(refused, Err(StoreError::Invalid { .. })));
        })
        .await;
    }

    #[tokio::test]
    async fn two_plans_have_two_names() {
        each_engine(|bench| async move {
            let mut change = system(&bench).await;
            create(&mut change, &draft("small", &[])).await.unwrap();
            change.commit().await.unwrap();
            let mut change = system(&bench).await;
            let refused = create(&mut change, &draft("small", &[])).await.unwrap_err();
            assert!(matches!(refused, StoreError::NameTaken { noun: "plan", .. }));
        })
        .await;
    }
}

//! What people are in a workspace: at most one owner, and an owner stays until another takes over.

use uuid::Uuid;
use wayleave_model::Timestamp;
use wayleave_model::id::{PersonId, WorkspaceId};
use wayleave_model::member::Role;
use wayleave_model::page::Page;
use wayleave_model::person::{Grantor, Member};

use crate::change::{Change, check_version};
use crate::db::{Tx, on};
use crate::error::StoreError;
use crate::page::{Listing, by_id};

const NOUN: &str = "member";

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT workspace_id, person_id, role, granted_by, version, created_at FROM members ",
            $rest
        )
    };
}

/// What that person is in that workspace.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn get(
    tx: &mut Tx,
    workspace: WorkspaceId,
    person: PersonId,
) -> Result<Option<Member>, StoreError> {
    const SQL: &str = select!("WHERE workspace_id = $1 AND person_id = $2");
    let row: Option<Row> = on!(tx.conn, it => {
        sqlx::query_as(SQL).bind(workspace.0).bind(person.0).fetch_optional(&mut *it).await
    })?;
    row.map(Member::try_from).transpose()
}

/// The members of a workspace, the newest person first.
///
/// # Errors
/// [`StoreError::BadCursor`].
pub async fn list(
    tx: &mut Tx,
    workspace: WorkspaceId,
    listing: &Listing,
) -> Result<Page<Member>, StoreError> {
    const SQL: &str =
        select!("WHERE workspace_id = $1 AND person_id < $2 ORDER BY person_id DESC LIMIT $3");
    let before = listing.before()?;
    let rows: Vec<Row> = on!(tx.conn, it => {
        sqlx::query_as(SQL)
            .bind(workspace.0)
            .bind(before)
            .bind(listing.fetch())
            .fetch_all(&mut *it)
            .await
    })?;
    let items = rows.into_iter().map(Member::try_from).collect::<Result<_, _>>()?;
    Ok(listing.page(items, |it: &Member| by_id(it.person.0)))
}

/// Everything a person is a member of.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn of(tx: &mut Tx, person: PersonId) -> Result<Vec<Member>, StoreError> {
    const SQL: &str = select!("WHERE person_id = $1 ORDER BY workspace_id");
    let rows: Vec<Row> =
        on!(tx.conn, it => sqlx::query_as(SQL).bind(person.0).fetch_all(&mut *it).await)?;
    rows.into_iter().map(Member::try_from).collect()
}

/// The owner of a workspace; none until the operator names the first.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn owner(tx: &mut Tx, workspace: WorkspaceId) -> Result<Option<Member>, StoreError> {
    const SQL: &str = select!("WHERE workspace_id = $1 AND role = 'owner'");
    let row: Option<Row> = on!(tx.conn, it => {
        sqlx::query_as(SQL).bind(workspace.0).fetch_optional(&mut *it).await
    })?;
    row.map(Member::try_from).transpose()
}

/// Makes a person a member, or a member something else. The first owner is made so; a later one by
/// [`transfer`].
///
/// # Errors
/// [`StoreError::InUse`] for the owner, whose role goes on to somebody first;
/// [`StoreError::Invalid`] for a second owner, and for `operator`, which is nobody's role in a
/// workspace.
pub async fn put(
    change: &mut Change,
    person: PersonId,
    role: Role,
    granted_by: Grantor,
) -> Result<Member, StoreError> {
    change_role(change, person, None, role, granted_by).await
}

/// The same, of a member as the caller read them.
///
/// # Errors
/// [`StoreError::Stale`], and those of [`put`].
pub async fn change_role(
    change: &mut Change,
    person: PersonId,
    expected: Option<i64>,
    role: Role,
    granted_by: Grantor,
) -> Result<Member, StoreError> {
    let workspace = change.workspace;
    if role == Role::Operator {
        return Err(StoreError::invalid(
            "role",
            "an operator is of the instance, not of a workspace",
        ));
    }
    let before = get(&mut change.tx, workspace, person).await?;
    if let Some(before) = &before {
        check_version(NOUN, expected, before.version)?;
        if (before.role, before.granted_by) == (role, granted_by) {
            return Ok(before.clone());
        }
        if before.role == Role::Owner && role != Role::Owner {
            return Err(owns(person));
        }
    }
    let owner = owner(&mut change.tx, workspace).await?;
    if role == Role::Owner && owner.is_some_and(|it| it.person != person) {
        let why = "there is an owner already: ownership is handed over, not given twice";
        return Err(StoreError::invalid("role", why));
    }
    write(change, before, person, role, granted_by).await
}

/// Makes another member the owner; the old one is an admin from now on.
///
/// # Errors
/// [`StoreError::NotFound`] unless they are a member, or there was no owner before.
pub async fn transfer(change: &mut Change, to: PersonId) -> Result<Member, StoreError> {
    let workspace = change.workspace;
    let before = get(&mut change.tx, workspace, to).await?;
    match owner(&mut change.tx, workspace).await? {
        Some(owner) if owner.person == to => return Ok(owner),
        Some(owner) => {
            let person = owner.person;
            write(change, Some(owner), person, Role::Admin, Grantor::Hand).await?;
        }
        None => {}
    }
    write(change, before, to, Role::Owner, Grantor::Hand).await
}

/// Ends what a person is in the workspace. Their account and their other workspaces stay.
///
/// # Errors
/// [`StoreError::InUse`] for the owner, [`StoreError::Stale`], [`StoreError::NotFound`].
pub async fn remove(
    change: &mut Change,
    person: PersonId,
    expected: Option<i64>,
) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM members WHERE workspace_id = $1 AND person_id = $2";
    let workspace = change.workspace;
    let before = get(&mut change.tx, workspace, person).await?;
    let before = before.ok_or_else(|| StoreError::not_found(NOUN, person))?;
    check_version(NOUN, expected, before.version)?;
    if before.role == Role::Owner {
        return Err(owns(person));
    }
    change.begin_act();
    on!(change.tx.conn, it => {
        sqlx::query(SQL).bind(workspace.0).bind(person.0).execute(&mut *it).await.map(drop)
    })?;
    change.record("member.remove", person, Some(&before), None)
}

fn owns(person: PersonId) -> StoreError {
    let by = "the workspace, which they own (transfer it)".to_owned();
    StoreError::InUse { noun: NOUN, name: person.to_string(), by }
}

async fn write(
    change: &mut Change,
    before: Option<Member>,
    person: PersonId,
    role: Role,
    granted_by: Grantor,
) -> Result<Member, StoreError> {
    const SQL: &str = "INSERT INTO members
        (workspace_id, person_id, role, granted_by, version, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $6)
        ON CONFLICT (workspace_id, person_id) DO UPDATE SET role = excluded.role,
            granted_by = excluded.granted_by, version = excluded.version,
            updated_at = excluded.updated_at";
    let after = Member {
        workspace: change.workspace,
        person,
        role,
        granted_by,
        version: before.as_ref().map_or(1, |it| it.version + 1),
        created_at: before.as_ref().map_or(change.now, |it| it.created_at),
    };
    change.begin_act();
    on!(change.tx.conn, it => {
        sqlx::query(SQL)
            .bind(after.workspace.0)
            .bind(person.0)
            .bind(role.as_str())
            .bind(granted_by.as_str())
            .bind(after.version)
            .bind(change.now.as_micros())
            .execute(&mut *it)
            .await
            .map(drop)
    })?;
    let action = if before.is_some() { "member.change_role" } else { "member.add" };
    change.record(action, person, before.as_ref(), Some(&after))?;
    Ok(after)
}

#[derive(sqlx::FromRow)]
struct Row {
    workspace_id: Uuid,
    person_id: Uuid,
    role: String,
    granted_by: String,
    version: i64,
    created_at: i64,
}

impl TryFrom<Row> for Member {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Member, StoreError> {
        let wrong = |what: &str, it: &str| StoreError::unreadable(NOUN, format!("{what} `{it}`"));
        Ok(Member {
            workspace: WorkspaceId(row.workspace_id),
            person: PersonId(row.person_id),
            role: Role::parse(&row.role).ok_or_else(|| wrong("role", &row.role))?,
            granted_by: Grantor::parse(&row.granted_by)
                .ok_or_else(|| wrong("grantor", &row.granted_by))?,
            version: row.version,
            created_at: Timestamp::from_micros(row.created_at),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people;
    use crate::testing::{each_engine, person_draft};

    #[tokio::test]
    async fn a_workspace_has_one_owner_who_hands_over() {
        each_engine(|bench| async move {
            let main = bench.workspace("main").await;
            let mut change = bench.change(main).await;
            let ada = people::create(&mut change, &person_draft("a@b"), None).await.unwrap().id;
            let bob = people::create(&mut change, &person_draft("b@b"), None).await.unwrap().id;
            put(&mut change, ada, Role::Owner, Grantor::Hand).await.unwrap();
            let second = put(&mut change, bob, Role::Owner, Grantor::Hand).await.unwrap_err();
            assert!(matches!(second, StoreError::Invalid { field: "role", .. }));
            let gone = remove(&mut change, ada, None).await.unwrap_err();
            assert!(matches!(gone, StoreError::InUse { .. }));
            let less = put(&mut change, ada, Role::Admin, Grantor::Hand).await.unwrap_err();
            assert!(matches!(less, StoreError::InUse { .. }));
            put(&mut change, bob, Role::Editor, Grantor::Hand).await.unwrap();
            transfer(&mut change, bob).await.unwrap();
            let tx = change.tx();
            assert_eq!(owner(tx, main).await.unwrap().unwrap().person, bob);
            assert_eq!(get(tx, main, ada).await.unwrap().unwrap().role, Role::Admin);
            remove(&mut change, ada, Some(2)).await.unwrap();
            assert_eq!(of(change.tx(), ada).await.unwrap(), []);
            let steps: Vec<_> = change.steps().map(|it| it.0).skip(2).collect();
            assert_eq!(
                steps,
                [
                    "member.add",
                    "member.add",
                    "member.change_role",
                    "member.change_role",
                    "member.remove"
                ]
            );
            change.commit().await.unwrap();
        })
        .await;
    }

    #[tokio::test]
    async fn somebody_is_a_member_here_and_something_else_there() {
        each_engine(|bench| async move {
            let red = bench.workspace("red").await;
            bench.clock.advance(1);
            let blue = bench.workspace("blue").await;
            let mut change = bench.change(red).await;
            let ada = people::create(&mut change, &person_draft("a@b"), None).await.unwrap().id;
            put(&mut change, ada, Role::Viewer, Grantor::Hand).await.unwrap();
            let none = put(&mut change, ada, Role::Operator, Grantor::Hand).await;
            assert!(matches!(none, Err(StoreError::Invalid { .. })));
            let late = change_role(&mut change, ada, Some(7), Role::Admin, Grantor::Hand).await;
            assert!(matches!(late, Err(StoreError::Stale { .. })));
            change.commit().await.unwrap();
            let mut change = bench.change(blue).await;
            put(&mut change, ada, Role::Admin, Grantor::Sso).await.unwrap();
            change.commit().await.unwrap();
            let mut tx = bench.store.read().await.unwrap();
            let roles: Vec<_> = of(&mut tx, ada).await.unwrap().iter().map(|it| it.role).collect();
            assert_eq!(roles, [Role::Viewer, Role::Admin]);
            let page = list(&mut tx, blue, &Listing::default()).await.unwrap();
            assert_eq!(page.items[0].granted_by, Grantor::Sso);
        })
        .await;
    }
}

//! People of the instance: found by their address, recognised by a password's hash or at another
//! system. Their rows are the system workspace's; the audit entry is of the change that makes them,
//! so that a member who comes by invitation stands in the log of the workspace that invited.

use uuid::Uuid;
use wayleave_model::id::{PersonId, SYSTEM_WORKSPACE};
use wayleave_model::page::Page;
use wayleave_model::person::{Grantor, Person, email};
use wayleave_model::{Secret, Timestamp};

use crate::change::{Change, check_version, taken};
use crate::db::{Tx, on};
use crate::error::StoreError;
use crate::page::{Listing, by_id};
use crate::text::check_name;

const NOUN: &str = "person";

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, email, name, operator, password IS NOT NULL AS has_password, enabled, \
             version, created_at, updated_at, last_sign_in_at FROM people \
             WHERE workspace_id = $1 ",
            $rest
        )
    };
}

/// What is said of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonDraft {
    /// Their address, however it is typed.
    pub email: String,
    /// How others see them.
    pub name: String,
    /// By whom they are made an operator of the instance.
    pub operator: Option<Grantor>,
    /// Somebody who is disabled cannot sign in.
    pub enabled: bool,
}

impl From<&Person> for PersonDraft {
    fn from(it: &Person) -> PersonDraft {
        PersonDraft {
            email: it.email.clone(),
            name: it.name.clone(),
            operator: it.operator,
            enabled: it.enabled,
        }
    }
}

/// Makes a person. `password` is the hash of one (a PHC string), never the password.
///
/// # Errors
/// [`StoreError::NameTaken`], [`StoreError::Invalid`].
pub async fn create(
    change: &mut Change,
    draft: &PersonDraft,
    password: Option<&Secret>,
) -> Result<Person, StoreError> {
    const SQL: &str = "INSERT INTO people
        (workspace_id, id, email, name, password, operator, enabled, version, created_at,
         updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)";
    let made = Person {
        id: PersonId::new(change.now),
        email: checked(draft)?,
        name: draft.name.clone(),
        operator: draft.operator,
        has_password: password.is_some(),
        enabled: draft.enabled,
        version: 1,
        created_at: change.now,
        updated_at: change.now,
        last_sign_in_at: None,
    };
    change.begin_act();
    on!(change.tx.conn, it => {
        sqlx::query(SQL)
            .bind(SYSTEM_WORKSPACE.0)
            .bind(made.id.0)
            .bind(&made.email)
            .bind(&made.name)
            .bind(password.and_then(Secret::expose_str))
            .bind(made.operator.map(Grantor::as_str))
            .bind(made.enabled)
            .bind(made.version)
            .bind(made.created_at.as_micros())
            .execute(&mut *it)
            .await
            .map(drop)
    })
    .map_err(taken(NOUN, &made.email))?;
    change.record("person.create", made.id, None, Some(&made))?;
    Ok(made)
}

/// The person of that id.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn get(tx: &mut Tx, id: PersonId) -> Result<Option<Person>, StoreError> {
    const SQL: &str = select!("AND id = $2");
    let row: Option<Row> = on!(tx.conn, it => {
        sqlx::query_as(SQL).bind(SYSTEM_WORKSPACE.0).bind(id.0).fetch_optional(&mut *it).await
    })?;
    row.map(Person::try_from).transpose()
}

/// The person of that address, however it is typed.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn by_email(tx: &mut Tx, text: &str) -> Result<Option<Person>, StoreError> {
    const SQL: &str = select!("AND email = $2");
    let Some(address) = email(text) else { return Ok(None) };
    let row: Option<Row> = on!(tx.conn, it => {
        sqlx::query_as(SQL).bind(SYSTEM_WORKSPACE.0).bind(address).fetch_optional(&mut *it).await
    })?;
    row.map(Person::try_from).transpose()
}

/// Everybody.
///
/// # Errors
/// [`StoreError::BadCursor`].
pub async fn list(tx: &mut Tx, listing: &Listing) -> Result<Page<Person>, StoreError> {
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
    let items = rows.into_iter().map(Person::try_from).collect::<Result<_, _>>()?;
    Ok(listing.page(items, |it: &Person| by_id(it.id.0)))
}

/// The hash of somebody's password, if they have one.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn password(tx: &mut Tx, id: PersonId) -> Result<Option<Secret>, StoreError> {
    const SQL: &str = "SELECT password FROM people WHERE workspace_id = $1 AND id = $2";
    let found: Option<Option<String>> = on!(tx.conn, it => {
        sqlx::query_scalar(SQL).bind(SYSTEM_WORKSPACE.0).bind(id.0).fetch_optional(&mut *it).await
    })?;
    Ok(found.flatten().map(Secret::new))
}

/// Changes a person. Saying what is so already changes nothing.
///
/// # Errors
/// [`StoreError::Stale`], [`StoreError::NameTaken`], [`StoreError::NotFound`].
pub async fn update(
    change: &mut Change,
    id: PersonId,
    expected: Option<i64>,
    draft: &PersonDraft,
) -> Result<Person, StoreError> {
    const SQL: &str = "UPDATE people
        SET email = $3, name = $4, operator = $5, enabled = $6, version = $7, updated_at = $8
        WHERE workspace_id = $1 AND id = $2";
    let address = checked(draft)?;
    let before = existing(change, id).await?;
    check_version(NOUN, expected, before.version)?;
    let after = Person {
        email: address,
        name: draft.name.clone(),
        operator: draft.operator,
        enabled: draft.enabled,
        version: before.version + 1,
        updated_at: change.now,
        ..before.clone()
    };
    if PersonDraft::from(&after) == PersonDraft::from(&before) {
        return Ok(before);
    }
    change.begin_act();
    on!(change.tx.conn, it => {
        sqlx::query(SQL)
            .bind(SYSTEM_WORKSPACE.0)
            .bind(id.0)
            .bind(&after.email)
            .bind(&after.name)
            .bind(after.operator.map(Grantor::as_str))
            .bind(after.enabled)
            .bind(after.version)
            .bind(change.now.as_micros())
            .execute(&mut *it)
            .await
            .map(drop)
    })
    .map_err(taken(NOUN, &after.email))?;
    change.record("person.update", id, Some(&before), Some(&after))?;
    Ok(after)
}

/// Puts the hash of a new password in the place of the old one; `None`: they have none from now on.
///
/// # Errors
/// [`StoreError::NotFound`].
pub async fn set_password(
    change: &mut Change,
    id: PersonId,
    password: Option<&Secret>,
) -> Result<Person, StoreError> {
    const SQL: &str = "UPDATE people SET password = $3, version = $4, updated_at = $5
        WHERE workspace_id = $1 AND id = $2";
    let before = existing(change, id).await?;
    let after = Person {
        has_password: password.is_some(),
        version: before.version + 1,
        updated_at: change.now,
        ..before.clone()
    };
    change.begin_act();
    on!(change.tx.conn, it => {
        sqlx::query(SQL)
            .bind(SYSTEM_WORKSPACE.0)
            .bind(id.0)
            .bind(password.and_then(Secret::expose_str))
            .bind(after.version)
            .bind(change.now.as_micros())
            .execute(&mut *it)
            .await
            .map(drop)
    })?;
    change.record("person.set_password", id, Some(&before), Some(&after))?;
    Ok(after)
}

/// Removes a person who owns no workspace, with what they are in each and their sessions.
///
/// # Errors
/// [`StoreError::InUse`] names a workspace that they own.
pub async fn delete(
    change: &mut Change,
    id: PersonId,
    expected: Option<i64>,
) -> Result<(), StoreError> {
    const OWNED: &str = "SELECT w.name FROM members m
        JOIN workspaces w ON w.workspace_id = m.workspace_id
        WHERE m.person_id = $1 AND m.role = 'owner' ORDER BY w.name LIMIT 1";
    const MEMBERS: &str = "DELETE FROM members WHERE person_id = $1 AND workspace_id <> $2";
    const IDENTITIES: &str = "DELETE FROM identities WHERE person_id = $1 AND workspace_id = $2";
    const SESSIONS: &str = "DELETE FROM sessions WHERE person_id = $1 AND workspace_id = $2";
    const SELF: &str = "DELETE FROM people WHERE id = $1 AND workspace_id = $2";
    let before = existing(change, id).await?;
    check_version(NOUN, expected, before.version)?;
    let owned: Option<String> = on!(change.tx.conn, it => {
        sqlx::query_scalar(OWNED).bind(id.0).fetch_optional(&mut *it).await
    })?;
    if let Some(workspace) = owned {
        let by = format!("workspace `{workspace}`, which they own");
        return Err(StoreError::InUse { noun: NOUN, name: before.email, by });
    }
    change.begin_act();
    for sql in [MEMBERS, IDENTITIES, SESSIONS, SELF] {
        on!(change.tx.conn, it => {
            sqlx::query(sql).bind(id.0).bind(SYSTEM_WORKSPACE.0).execute(&mut *it).await.map(drop)
        })?;
    }
    change.record("person.delete", id, Some(&before), None)
}

async fn existing(change: &mut Change, id: PersonId) -> Result<Person, StoreError> {
    get(&mut change.tx, id).await?.ok_or_else(|| StoreError::not_found(NOUN, id))
}

fn checked(draft: &PersonDraft) -> Result<String, StoreError> {
    check_name("name", &draft.name)?;
    email(&draft.email)
        .ok_or_else(|| StoreError::invalid("email", "expected an address like ada@example.com"))
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    email: String,
    name: String,
    operator: Option<String>,
    has_password: bool,
    enabled: bool,
    version: i64,
    created_at: i64,
    updated_at: i64,
    last_sign_in_at: Option<i64>,
}

impl TryFrom<Row> for Person {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Person, StoreError> {
        let operator = row.operator.map(|it| {
            Grantor::parse(&it)
                .ok_or_else(|| StoreError::unreadable(NOUN, format!("operator by `{it}`")))
        });
        Ok(Person {
            id: PersonId(row.id),
            email: row.email,
            name: row.name,
            operator: operator.transpose()?,
            has_password: row.has_password,
            enabled: row.enabled,
            version: row.version,
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
            last_sign_in_at: row.last_sign_in_at.map(Timestamp::from_micros),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{each_engine, person_draft};
    use crate::{audit, members};
    use wayleave_model::member::Role;

    #[tokio::test]
    async fn a_person_is_found_however_their_address_is_typed_and_there_once() {
        each_engine(|bench| async move {
            let mut change = bench.change(SYSTEM_WORKSPACE).await;
            let draft = person_draft("Ada@Example.com");
            let ada = create(&mut change, &draft, None).await.unwrap();
            assert_eq!((ada.email.as_str(), ada.has_password), ("ada@example.com", false));
            change.commit().await.unwrap();
            let mut tx = bench.store.read().await.unwrap();
            let found = by_email(&mut tx, " ADA@example.com").await.unwrap();
            assert_eq!(found, Some(ada.clone()));
            assert_eq!(by_email(&mut tx, "nobody").await.unwrap(), None);
            drop(tx);
            let mut change = bench.change(SYSTEM_WORKSPACE).await;
            let twice = create(&mut change, &person_draft("ada@EXAMPLE.com"), None).await;
            assert!(matches!(twice, Err(StoreError::NameTaken { .. })));
            drop(change);
            let mut change = bench.change(SYSTEM_WORKSPACE).await;
            let wrong = create(&mut change, &person_draft("ada"), None).await.unwrap_err();
            assert!(matches!(wrong, StoreError::Invalid { field: "email", .. }));
        })
        .await;
    }

    #[tokio::test]
    async fn a_password_is_kept_apart_and_never_in_the_log() {
        each_engine(|bench| async move {
            let mut change = bench.change(SYSTEM_WORKSPACE).await;
            let hash = Secret::new("$argon2id$canary");
            let ada = create(&mut change, &person_draft("a@b"), Some(&hash)).await.unwrap();
            assert!(ada.has_password);
            let other = Secret::new("$argon2id$other");
            let after = set_password(&mut change, ada.id, Some(&other)).await.unwrap();
            assert_eq!(after.version, 2);
            let stored = password(change.tx(), ada.id).await.unwrap().unwrap();
            assert_eq!(stored.expose(), other.expose());
            let after = set_password(&mut change, ada.id, None).await.unwrap();
            assert!(!after.has_password);
            assert!(password(change.tx(), ada.id).await.unwrap().is_none());
            change.commit().await.unwrap();
            let mut tx = bench.store.read().await.unwrap();
            let log = audit::list(&mut tx, SYSTEM_WORKSPACE, &Listing::longest()).await.unwrap();
            let text = serde_json::to_string(&log.items).unwrap();
            assert!(text.contains("person.set_password") && !text.contains("argon2"));
        })
        .await;
    }

    #[tokio::test]
    async fn a_person_who_owns_a_workspace_stays() {
        each_engine(|bench| async move {
            let main = bench.workspace("main").await;
            let mut change = bench.change(main).await;
            let ada = create(&mut change, &person_draft("a@b"), None).await.unwrap();
            members::put(&mut change, ada.id, Role::Owner, Grantor::Hand).await.unwrap();
            change.commit().await.unwrap();
            let mut change = bench.change(SYSTEM_WORKSPACE).await;
            let error = delete(&mut change, ada.id, None).await.unwrap_err();
            assert!(error.to_string().contains("workspace `main`, which they own"), "{error}");
            let bob = create(&mut change, &person_draft("b@b"), None).await.unwrap();
            change.commit().await.unwrap();
            let mut change = bench.change(main).await;
            members::transfer(&mut change, bob.id).await.unwrap();
            change.commit().await.unwrap();
            let mut change = bench.change(SYSTEM_WORKSPACE).await;
            delete(&mut change, ada.id, Some(1)).await.unwrap();
            change.commit().await.unwrap();
            let mut tx = bench.store.read().await.unwrap();
            assert_eq!(members::get(&mut tx, main, ada.id).await.unwrap(), None);
            assert_eq!(get(&mut tx, ada.id).await.unwrap(), None);
        })
        .await;
    }

    #[tokio::test]
    async fn two_who_change_one_person_do_not_lose_each_others_words() {
        each_engine(|bench| async move {
            let mut change = bench.change(SYSTEM_WORKSPACE).await;
            let ada = create(&mut change, &person_draft("a@b"), None).await.unwrap();
            let draft = PersonDraft { enabled: false, ..PersonDraft::from(&ada) };
            let after = update(&mut change, ada.id, Some(1), &draft).await.unwrap();
            assert_eq!((after.version, after.enabled), (2, false));
            let late = update(&mut change, ada.id, Some(1), &draft).await;
            assert!(matches!(late, Err(StoreError::Stale { actual: 2, .. })));
        })
        .await;
    }
}

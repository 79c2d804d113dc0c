//! What people are at other systems: which subject of which issuer is whom here.

use uuid::Uuid;
use wayleave_model::id::{PersonId, SYSTEM_WORKSPACE};
use wayleave_model::person::Person;

use crate::change::Change;
use crate::db::{Tx, on};
use crate::error::StoreError;
use crate::people;

/// The person that `issuer` calls `subject` (OpenID Connect Core 1.0, section 2: the two together
/// never change and are never given to somebody else; an address may be).
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn person(
    tx: &mut Tx,
    issuer: &str,
    subject: &str,
) -> Result<Option<Person>, StoreError> {
    const SQL: &str = "SELECT person_id FROM identities
        WHERE workspace_id = $1 AND issuer = $2 AND subject = $3";
    let found: Option<Uuid> = on!(tx.conn, it => {
        sqlx::query_scalar(SQL)
            .bind(SYSTEM_WORKSPACE.0)
            .bind(issuer)
            .bind(subject)
            .fetch_optional(&mut *it)
            .await
    })?;
    match found {
        Some(id) => people::get(tx, PersonId(id)).await,
        None => Ok(None),
    }
}

/// Says that `issuer` calls that person `subject` from now on.
///
/// # Errors
/// [`StoreError::NameTaken`] if that is somebody else.
pub async fn link(
    change: &mut Change,
    person: &Person,
    issuer: &str,
    subject: &str,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO identities
        (workspace_id, issuer, subject, person_id, created_at) VALUES ($1, $2, $3, $4, $5)";
    let now = change.now.as_micros();
    change.begin_act();
    on!(change.tx.conn, it => {
        sqlx::query(SQL)
            .bind(SYSTEM_WORKSPACE.0)
            .bind(issuer)
            .bind(subject)
            .bind(person.id.0)
            .bind(now)
            .execute(&mut *it)
            .await
            .map(drop)
    })
    .map_err(crate::change::taken("identity", subject))?;
    let after = serde_json::json!({"issuer": issuer, "subject": subject});
    change.record("person.link", person.id, None, Some(&after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{each_engine, person_draft};

    #[tokio::test]
    async fn a_subject_is_one_person_and_goes_with_them() {
        each_engine(|bench| async move {
            let mut change = bench.change(SYSTEM_WORKSPACE).await;
            let ada = people::create(&mut change, &person_draft("a@b"), None).await.unwrap();
            link(&mut change, &ada, "https://i", "7").await.unwrap();
            let tx = change.tx();
            assert_eq!(person(tx, "https://i", "7").await.unwrap(), Some(ada.clone()));
            assert_eq!(person(tx, "https://other", "7").await.unwrap(), None);
            people::delete(&mut change, ada.id, None).await.unwrap();
            assert_eq!(person(change.tx(), "https://i", "7").await.unwrap(), None);
            change.commit().await.unwrap();
        })
        .await;
    }
}

//! Invitations: a link whose secret is shown once and stored as a keyed hash, for one person, once.

use uuid::Uuid;
use wayleave_model::id::{InvitationId, WorkspaceId};
use wayleave_model::member::Role;
use wayleave_model::page::Page;
use wayleave_model::person::{Invitation, email};
use wayleave_model::{Secret, Timestamp};

use crate::change::Change;
use crate::db::{Tx, on};
use crate::error::StoreError;
use crate::hasher::SCHEME;
use crate::page::{Listing, by_id};
use crate::secret_text;

const NOUN: &str = "invitation";
/// What an invitation's secret begins with.
pub const PREFIX: &str = "wli_";

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT workspace_id, id, email, role, invited_by, created_at, expires_at, \
             accepted_at, revoked_at FROM invitations ",
            $rest
        )
    };
}

/// What is said of an invitation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvitationDraft {
    /// Whom it is for, however it is typed.
    pub email: String,
    /// What they become.
    pub role: Role,
    /// Refused from then on.
    pub expires_at: Timestamp,
}

/// Makes an invitation into the change's workspace. The secret is returned this once. Earlier open
/// invitations of the same address are taken back: the newest link is the one that counts.
///
/// # Errors
/// [`StoreError::Invalid`].
pub async fn create(
    change: &mut Change,
    draft: &InvitationDraft,
) -> Result<(Invitation, Secret), StoreError> {
    const SQL: &str = "INSERT INTO invitations
        (workspace_id, id, email, role, scheme, pepper_id, hash, invited_by, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    if matches!(draft.role, Role::Operator | Role::Owner) {
        let why = "nobody is invited as owner or operator: ownership is handed over";
        return Err(StoreError::invalid("role", why));
    }
    let address = email(&draft.email)
        .ok_or_else(|| StoreError::invalid("email", "expected an address like ada@example.com"))?;
    for earlier in open_for(change, &address).await? {
        revoke(change, earlier).await?;
    }
    let secret = secret_text::mint(PREFIX)?;
    let made = Invitation {
        id: InvitationId::new(change.now),
        workspace: change.workspace,
        email: address,
        role: draft.role,
        invited_by: change.actor.name.clone(),
        created_at: change.now,
        expires_at: draft.expires_at,
        accepted_at: None,
        revoked_at: None,
    };
    let hasher = change.tx.shared.hasher.clone();
    let hash = hasher.hash_invitation(secret.as_bytes());
    change.begin_act();
    on!(change.tx.conn, it => {
        sqlx::query(SQL)
            .bind(made.workspace.0)
            .bind(made.id.0)
            .bind(&made.email)
            .bind(made.role.as_str())
            .bind(SCHEME)
            .bind(hasher.pepper_id())
            .bind(hash.as_slice())
            .bind(&made.invited_by)
            .bind(made.created_at.as_micros())
            .bind(made.expires_at.as_micros())
            .execute(&mut *it)
            .await
            .map(drop)
    })?;
    change.record("invitation.create", made.id, None, Some(&made))?;
    Ok((made, Secret::new(secret.as_bytes())))
}

/// The invitation whose secret was presented, used or not.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn presented(tx: &mut Tx, secret: &Secret) -> Result<Option<Invitation>, StoreError> {
    const SQL: &str = select!("WHERE hash = $1");
    let hash = tx.shared.hasher.hash_invitation(secret.expose());
    let row: Option<Row> = on!(tx.conn, it => {
        sqlx::query_as(SQL).bind(hash.as_slice()).fetch_optional(&mut *it).await
    })?;
    row.map(Invitation::try_from).transpose()
}

/// The invitation of that id.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn get(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: InvitationId,
) -> Result<Option<Invitation>, StoreError> {
    const SQL: &str = select!("WHERE workspace_id = $1 AND id = $2");
    let row: Option<Row> = on!(tx.conn, it => {
        sqlx::query_as(SQL).bind(workspace.0).bind(id.0).fetch_optional(&mut *it).await
    })?;
    row.map(Invitation::try_from).transpose()
}

/// The invitations into a workspace, used and ended ones too.
///
/// # Errors
/// [`StoreError::BadCursor`].
pub async fn list(
    tx: &mut Tx,
    workspace: WorkspaceId,
    listing: &Listing,
) -> Result<Page<Invitation>, StoreError> {
    const SQL: &str = select!("WHERE workspace_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
    let before = listing.before()?;
    let rows: Vec<Row> = on!(tx.conn, it => {
        sqlx::query_as(SQL)
            .bind(workspace.0)
            .bind(before)
            .bind(listing.fetch())
            .fetch_all(&mut *it)
            .await
    })?;
    let items = rows.into_iter().map(Invitation::try_from).collect::<Result<_, _>>()?;
    Ok(listing.page(items, |it: &Invitation| by_id(it.id.0)))
}

/// Takes an invitation back. One that was used or taken back stays as it is.
///
/// # Errors
/// [`StoreError::NotFound`].
pub async fn revoke(change: &mut Change, id: InvitationId) -> Result<Invitation, StoreError> {
    const SQL: &str = "UPDATE invitations SET revoked_at = $3 WHERE workspace_id = $1 AND id = $2";
    let before = existing(change, id).await?;
    if before.accepted_at.is_some() || before.revoked_at.is_some() {
        return Ok(before);
    }
    let after = Invitation { revoked_at: Some(change.now), ..before.clone() };
    mark(change, SQL, id).await?;
    change.record("invitation.revoke", id, Some(&before), Some(&after))?;
    Ok(after)
}

/// Uses an invitation up. `None` if that has happened already, or it is over: seen under the
/// workspace's lock, so of two who try at once, one gets in.
///
/// # Errors
/// [`StoreError::NotFound`].
pub async fn accept(
    change: &mut Change,
    id: InvitationId,
) -> Result<Option<Invitation>, StoreError> {
    const SQL: &str = "UPDATE invitations SET accepted_at = $3 WHERE workspace_id = $1 AND id = $2";
    let before = existing(change, id).await?;
    if !before.is_open(change.now) {
        return Ok(None);
    }
    let after = Invitation { accepted_at: Some(change.now), ..before.clone() };
    mark(change, SQL, id).await?;
    change.record("invitation.accept", id, Some(&before), Some(&after))?;
    Ok(Some(after))
}

async fn mark(change: &mut Change, sql: &'static str, id: InvitationId) -> Result<(), StoreError> {
    let (workspace, now) = (change.workspace.0, change.now.as_micros());
    change.begin_act();
    on!(change.tx.conn, it => {
        sqlx::query(sql).bind(workspace).bind(id.0).bind(now).execute(&mut *it).await.map(drop)
    })?;
    Ok(())
}

async fn open_for(change: &mut Change, address: &str) -> Result<Vec<InvitationId>, StoreError> {
    const SQL: &str = "SELECT id FROM invitations WHERE workspace_id = $1 AND email = $2
        AND accepted_at IS NULL AND revoked_at IS NULL ORDER BY id";
    let workspace = change.workspace.0;
    let ids: Vec<Uuid> = on!(change.tx.conn, it => {
        sqlx::query_scalar(SQL).bind(workspace).bind(address).fetch_all(&mut *it).await
    })?;
    Ok(ids.into_iter().map(InvitationId).collect())
}

async fn existing(change: &mut Change, id: InvitationId) -> Result<Invitation, StoreError> {
    let workspace = change.workspace;
    get(&mut change.tx, workspace, id).await?.ok_or_else(|| StoreError::not_found(NOUN, id))
}

#[derive(sqlx::FromRow)]
struct Row {
    workspace_id: Uuid,
    id: Uuid,
    email: String,
    role: String,
    invited_by: String,
    created_at: i64,
    expires_at: i64,
    accepted_at: Option<i64>,
    revoked_at: Option<i64>,
}

impl TryFrom<Row> for Invitation {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Invitation, StoreError> {
        Ok(Invitation {
            id: InvitationId(row.id),
            workspace: WorkspaceId(row.workspace_id),
            role: Role::parse(&row.role)
                .ok_or_else(|| StoreError::unreadable(NOUN, format!("role `{}`", row.role)))?,
            email: row.email,
            invited_by: row.invited_by,
            created_at: Timestamp::from_micros(row.created_at),
            expires_at: Timestamp::from_micros(row.expires_at),
            accepted_at: row.accepted_at.map(Timestamp::from_micros),
            revoked_at: row.revoked_at.map(Timestamp::from_micros),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOON, each_engine};

    fn draft(address: &str) -> InvitationDraft {
        let expires_at = NOON.plus_micros(10_000_000);
        InvitationDraft { email: address.into(), role: Role::Editor, expires_at }
    }

    #[tokio::test]
    async fn an_invitation_is_used_once() {
        each_engine(|bench| async move {
            let main = bench.workspace("main").await;
            let mut change = bench.change(main).await;
            let (made, secret) = create(&mut change, &draft("Ada@b")).await.unwrap();
            assert!(secret.expose_str().unwrap().starts_with(PREFIX));
            let found = presented(change.tx(), &secret).await.unwrap();
            assert_eq!(found.as_ref(), Some(&made));
            assert_eq!(presented(change.tx(), &Secret::new("wli_x")).await.unwrap(), None);
            let used = accept(&mut change, made.id).await.unwrap().unwrap();
            assert_eq!(used.accepted_at, Some(NOON));
            assert_eq!(accept(&mut change, made.id).await.unwrap(), None);
            assert_eq!(revoke(&mut change, made.id).await.unwrap().revoked_at, None);
            change.commit().await.unwrap();
        })
        .await;
    }

    #[tokio::test]
    async fn an_invitation_ends_by_time_by_hand_and_by_the_next_one() {
        each_engine(|bench| async move {
            let main = bench.workspace("main").await;
            let mut change = bench.change(main).await;
            let (first, _) = create(&mut change, &draft("ada@b")).await.unwrap();
            let (second, _) = create(&mut change, &draft("ada@b")).await.unwrap();
            let (third, _) = create(&mut change, &draft("bob@b")).await.unwrap();
            assert_eq!(accept(&mut change, first.id).await.unwrap(), None);
            revoke(&mut change, second.id).await.unwrap();
            assert_eq!(accept(&mut change, second.id).await.unwrap(), None);
            change.commit().await.unwrap();
            bench.clock.advance(10_000_000);
            let mut change = bench.change(main).await;
            assert_eq!(accept(&mut change, third.id).await.unwrap(), None);
            let page = list(change.tx(), main, &Listing::default()).await.unwrap();
            let now = bench.clock.now();
            let mut states: Vec<_> = page.items.iter().map(|it| it.state(now)).collect();
            // They are of one microsecond, so in any order.
            states.sort_unstable();
            assert_eq!(states, ["expired", "revoked", "revoked"]);
        })
        .await;
    }

    #[tokio::test]
    async fn nobody_is_invited_as_owner_or_operator() {
        each_engine(|bench| async move {
            let main = bench.workspace("main").await;
            let mut change = bench.change(main).await;
            for role in [Role::Owner, Role::Operator] {
                let wish = InvitationDraft { role, ..draft("a@b") };
                let error = create(&mut change, &wish).await.unwrap_err();
                assert!(matches!(error, StoreError::Invalid { field: "role", .. }));
            }
        })
        .await;
    }
}

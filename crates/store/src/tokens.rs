//! Tokens of the management API: stored as keyed hashes, shown once.

use serde::Serialize;
use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;
use wayleave_model::id::{TokenId, WorkspaceId};
use wayleave_model::member::Role;
use wayleave_model::page::Page;
use wayleave_model::{Secret, Timestamp};

use crate::change::{Change, taken};
use crate::db::{Tx, on};
use crate::error::StoreError;
use crate::hasher::SCHEME;
use crate::page::{Listing, by_id};
use crate::secret_text;
use crate::text::{check_name, document, typed};

const NOUN: &str = "token";
/// What a token begins with.
pub const PREFIX: &str = "wlt_";

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT workspace_id, id, name, role, scopes, prefix, last_four, created_at, \
             expires_at, revoked_at FROM tokens ",
            $rest
        )
    };
}

/// A token without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Token {
    /// Its id.
    pub id: TokenId,
    /// The workspace it acts in; the system's: on all of them.
    pub workspace: WorkspaceId,
    /// Unique in the workspace.
    pub name: String,
    /// What its bearer may do.
    pub role: Role,
    /// The only permissions of that role that it has; `None`: all of them.
    pub scopes: Option<Vec<String>>,
    /// Its first characters, for recognition.
    pub prefix: String,
    /// Its last four.
    pub last_four: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Refused from then on.
    pub expires_at: Option<Timestamp>,
    /// Refused since then.
    pub revoked_at: Option<Timestamp>,
}

/// What is said of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenDraft {
    /// Unique in the workspace.
    pub name: String,
    /// What its bearer may do.
    pub role: Role,
    /// The only permissions of that role that it has; `None`: all of them.
    pub scopes: Option<Vec<String>>,
    /// Refused from then on.
    pub expires_at: Option<Timestamp>,
}

/// Makes a token in the change's workspace. The secret is returned this once and stored nowhere.
///
/// # Errors
/// [`StoreError::NameTaken`], [`StoreError::Invalid`].
pub async fn mint(change: &mut Change, draft: &TokenDraft) -> Result<(Token, Secret), StoreError> {
    const SQL: &str = "INSERT INTO tokens
        (workspace_id, id, name, role, scheme, pepper_id, hash, prefix, last_four, created_at,
         expires_at, scopes)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    check_name("name", &draft.name)?;
    let scopes = draft.scopes.as_ref().map(|it| document("scopes", it)).transpose()?;
    let secret = secret_text::mint(PREFIX)?;
    let text = &*secret;
    let made = Token {
        id: TokenId::new(change.now),
        workspace: change.workspace,
        name: draft.name.clone(),
        role: draft.role,
        scopes: draft.scopes.clone(),
        prefix: text[..PREFIX.len() + 4].to_owned(),
        last_four: text[text.len() - 4..].to_owned(),
        created_at: change.now,
        expires_at: draft.expires_at,
        revoked_at: None,
    };
    let hasher = change.tx.shared.hasher.clone();
    let hash = hasher.hash_token(text.as_bytes());
    change.begin_act();
    on!(change.tx.conn, it => {
        sqlx::query(SQL)
            .bind(made.workspace.0)
            .bind(made.id.0)
            .bind(&made.name)
            .bind(made.role.as_str())
            .bind(SCHEME)
            .bind(hasher.pepper_id())
            .bind(hash.as_slice())
            .bind(&made.prefix)
            .bind(&made.last_four)
            .bind(made.created_at.as_micros())
            .bind(made.expires_at.map(Timestamp::as_micros))
            .bind(&scopes)
            .execute(&mut *it)
            .await
            .map(drop)
    })
    .map_err(taken(NOUN, &draft.name))?;
    change.record("token.create", made.id, None, Some(&made))?;
    Ok((made, Secret::new(text.as_bytes())))
}

/// The token that was presented, if it is good at `now`.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn verify(
    tx: &mut Tx,
    presented: &Secret,
    now: Timestamp,
) -> Result<Option<Token>, StoreError> {
    const SQL: &str = select!("WHERE hash = $1");
    let hash = tx.shared.hasher.hash_token(presented.expose());
    let row: Option<Row> = on!(tx.conn, it => {
        sqlx::query_as(SQL).bind(hash.as_slice()).fetch_optional(&mut *it).await
    })?;
    let token = row.map(Token::try_from).transpose()?;
    Ok(token.filter(|it| it.revoked_at.is_none() && it.expires_at.is_none_or(|end| now < end)))
}

/// The token of that id.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn get(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: TokenId,
) -> Result<Option<Token>, StoreError> {
    const SQL: &str = select!("WHERE workspace_id = $1 AND id = $2");
    let row: Option<Row> = on!(tx.conn, it => {
        sqlx::query_as(SQL).bind(workspace.0).bind(id.0).fetch_optional(&mut *it).await
    })?;
    row.map(Token::try_from).transpose()
}

/// The token of that name, live or not.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn by_name(
    tx: &mut Tx,
    workspace: WorkspaceId,
    name: &str,
) -> Result<Option<Token>, StoreError> {
    const SQL: &str = select!("WHERE workspace_id = $1 AND name = $2");
    let row: Option<Row> = on!(tx.conn, it => {
        sqlx::query_as(SQL).bind(workspace.0).bind(name).fetch_optional(&mut *it).await
    })?;
    row.map(Token::try_from).transpose()
}

/// The tokens of a workspace.
///
/// # Errors
/// [`StoreError::BadCursor`].
pub async fn list(
    tx: &mut Tx,
    workspace: WorkspaceId,
    listing: &Listing,
) -> Result<Page<Token>, StoreError> {
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
    let items = rows.into_iter().map(Token::try_from).collect::<Result<_, _>>()?;
    Ok(listing.page(items, |it: &Token| by_id(it.id.0)))
}

/// Ends a token, now and for good.
///
/// # Errors
/// [`StoreError::NotFound`].
pub async fn revoke(change: &mut Change, id: TokenId) -> Result<Token, StoreError> {
    const SQL: &str = "UPDATE tokens SET revoked_at = $3 WHERE workspace_id = $1 AND id = $2";
    let before = existing(change, id).await?;
    if before.revoked_at.is_some() {
        return Ok(before);
    }
    let after = Token { revoked_at: Some(change.now), ..before.clone() };
    change.begin_act();
    on!(change.tx.conn, it => {
        sqlx::query(SQL)
            .bind(change.workspace.0)
            .bind(id.0)
            .bind(change.now.as_micros())
            .execute(&mut *it)
            .await
            .map(drop)
    })?;
    change.record("token.revoke", id, Some(&before), Some(&after))?;
    Ok(after)
}

/// Removes a token; its name may be used again.
///
/// # Errors
/// [`StoreError::NotFound`].
pub async fn delete(change: &mut Change, id: TokenId) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM tokens WHERE workspace_id = $1 AND id = $2";
    let before = existing(change, id).await?;
    change.begin_act();
    on!(change.tx.conn, it => {
        sqlx::query(SQL)
            .bind(change.workspace.0)
            .bind(id.0)
            .execute(&mut *it)
            .await
            .map(drop)
    })?;
    change.record("token.delete", id, Some(&before), None)
}

async fn existing(change: &mut Change, id: TokenId) -> Result<Token, StoreError> {
    let workspace = change.workspace;
    get(&mut change.tx, workspace, id).await?.ok_or_else(|| StoreError::not_found(NOUN, id))
}

#[derive(sqlx::FromRow)]
struct Row {
    workspace_id: Uuid,
    id: Uuid,
    name: String,
    role: String,
    scopes: Option<Json<Value>>,
    prefix: String,
    last_four: String,
    created_at: i64,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
}

impl TryFrom<Row> for Token {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Token, StoreError> {
        Ok(Token {
            id: TokenId(row.id),
            workspace: WorkspaceId(row.workspace_id),
            role: Role::parse(&row.role)
                .ok_or_else(|| StoreError::unreadable(NOUN, format!("role `{}`", row.role)))?,
            scopes: row.scopes.map(|it| typed(NOUN, it)).transpose()?,
            name: row.name,
            prefix: row.prefix,
            last_four: row.last_four,
            created_at: Timestamp::from_micros(row.created_at),
            expires_at: row.expires_at.map(Timestamp::from_micros),
            revoked_at: row.revoked_at.map(Timestamp::from_micros),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::each_engine;
    use wayleave_model::id::SYSTEM_WORKSPACE;

    fn draft(name: &str, expires_at: Option<Timestamp>) -> TokenDraft {
        TokenDraft { name: name.into(), role: Role::Operator, scopes: None, expires_at }
    }

    #[tokio::test]
    async fn a_token_is_good_until_it_expires_or_is_revoked() {
        each_engine(|bench| async move {
            let (now, soon) = (bench.clock.now(), bench.clock.now().plus_micros(10));
            let mut change = bench.change(SYSTEM_WORKSPACE).await;
            let (short, first) = mint(&mut change, &draft("a", Some(soon))).await.unwrap();
            let (long, second) = mint(&mut change, &draft("b", None)).await.unwrap();
            let text = second.expose_str().unwrap();
            assert!(text.len() == 36 && text.starts_with(&long.prefix));
            let tx = change.tx();
            assert_eq!(verify(tx, &first, now).await.unwrap(), Some(short));
            assert_eq!(verify(tx, &first, soon).await.unwrap(), None);
            assert_eq!(verify(tx, &second, soon).await.unwrap().unwrap().id, long.id);
            assert_eq!(verify(tx, &Secret::new("wlt_other"), now).await.unwrap(), None);
            revoke(&mut change, long.id).await.unwrap();
            assert_eq!(verify(change.tx(), &second, now).await.unwrap(), None);
            let known = by_name(change.tx(), SYSTEM_WORKSPACE, "b").await.unwrap().unwrap();
            assert_eq!(known.revoked_at, Some(now));
            delete(&mut change, long.id).await.unwrap();
            change.commit().await.unwrap();
            let mut tx = bench.store.read().await.unwrap();
            let page = list(&mut tx, SYSTEM_WORKSPACE, &Listing::default()).await.unwrap();
            assert_eq!(page.items.len(), 1);
        })
        .await;
    }
}

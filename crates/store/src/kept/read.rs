//! Finding kept responses again: one, the conversation that one goes on from, those of some items.

use uuid::Uuid;
use wayleave_model::id::ResponseId;
use wayleave_model::{Secret, Timestamp};

use super::{OWNER, Whose};
use crate::db::{Tx, on};
use crate::error::StoreError;
use crate::seal::{self, Place};
use crate::store::Store;

/// The most responses that one conversation may go on from.
pub const MAX_CHAIN: i64 = 1_000;

/// What a conversation goes on from.
#[derive(Debug)]
pub enum Chain {
    /// All of it, oldest first.
    Whole(Vec<(ResponseId, Secret)>),
    /// This one is not there: it never was, it was forgotten, or its time is over.
    Missing(ResponseId),
    /// More than [`MAX_CHAIN`] responses.
    TooLong,
    /// More bytes than were allowed.
    TooLarge,
}

type Link = (Uuid, Option<Uuid>, i64);

impl Store {
    /// The record of one response.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn kept_response(
        &self,
        whose: Whose,
        id: ResponseId,
        now: Timestamp,
    ) -> Result<Option<Secret>, StoreError> {
        self.record(&mut self.read().await?, whose, id, now).await
    }

    /// The records of a response and of those it goes on from, at most `most` bytes of them.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn kept_chain(
        &self,
        whose: Whose,
        id: ResponseId,
        most: usize,
        now: Timestamp,
    ) -> Result<Chain, StoreError> {
        let mut tx = self.read().await?;
        let links = links(&mut tx, whose, id, now).await?;
        // What the last link goes on from was not found, unless it is the beginning.
        match links.last() {
            None => return Ok(Chain::Missing(id)),
            Some(_) if i64::try_from(links.len()).unwrap_or(i64::MAX) > MAX_CHAIN => {
                return Ok(Chain::TooLong);
            }
            Some((_, Some(missing), _)) => return Ok(Chain::Missing(ResponseId(*missing))),
            Some(_) => {}
        }
        let bytes: i64 = links.iter().map(|(_, _, bytes)| *bytes).sum();
        if usize::try_from(bytes).unwrap_or(usize::MAX) > most {
            return Ok(Chain::TooLarge);
        }
        let mut chain = Vec::with_capacity(links.len());
        for (link, _, _) in links.into_iter().rev() {
            match self.record(&mut tx, whose, ResponseId(link), now).await? {
                Some(record) => chain.push((ResponseId(link), record)),
                None => return Ok(Chain::Missing(ResponseId(link))),
            }
        }
        Ok(Chain::Whole(chain))
    }

    /// For each of these items the response that holds it, as far as one does.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn kept_items(
        &self,
        whose: Whose,
        items: &[String],
        now: Timestamp,
    ) -> Result<Vec<Option<ResponseId>>, StoreError> {
        const SQL: &str = "SELECT r.id FROM kept_items i JOIN kept_responses r
                ON r.workspace_id = i.workspace_id AND r.id = i.response_id
            WHERE i.workspace_id = $1 AND i.item = $2 AND r.owner_id = $3 AND r.expires_at > $4";
        let mut tx = self.read().await?;
        let mut found = Vec::with_capacity(items.len());
        for item in items {
            let item = self.item(whose, item);
            let id: Option<Uuid> = on!(tx.conn, it => {
                sqlx::query_scalar(SQL)
                    .bind(whose.0.0)
                    .bind(&item[..])
                    .bind(whose.1.0)
                    .bind(now.as_micros())
                    .fetch_optional(&mut *it)
                    .await
            })?;
            found.push(id.map(ResponseId));
        }
        Ok(found)
    }

    /// A record that cannot be opened any more is not there.
    async fn record(
        &self,
        tx: &mut Tx,
        whose: Whose,
        id: ResponseId,
        now: Timestamp,
    ) -> Result<Option<Secret>, StoreError> {
        const SQL: &str = "SELECT sealed FROM kept_responses
            WHERE workspace_id = $1 AND id = $2 AND owner_id = $3 AND expires_at > $4";
        let sealed: Option<Vec<u8>> = on!(tx.conn, it => {
            sqlx::query_scalar(SQL)
                .bind(whose.0.0)
                .bind(id.0)
                .bind(whose.1.0)
                .bind(now.as_micros())
                .fetch_optional(&mut *it)
                .await
        })?;
        let Some(sealed) = sealed else { return Ok(None) };
        let place = Place::kept_response(whose.0, id.0);
        let Ok(clear) = seal::open(&self.shared.keyring(), &place, &sealed) else {
            return Ok(None);
        };
        let (owner, record) = clear.expose().split_at_checked(OWNER).unwrap_or_default();
        Ok((owner == whose.1.0.as_bytes()).then(|| Secret::new(record)))
    }
}

/// From the newest to the oldest that is there, one more than [`MAX_CHAIN`] at most.
async fn links(
    tx: &mut Tx,
    whose: Whose,
    id: ResponseId,
    now: Timestamp,
) -> Result<Vec<Link>, StoreError> {
    const SQL: &str = "WITH RECURSIVE chain(id, previous_id, bytes, depth) AS (
            SELECT id, previous_id, bytes, 1 FROM kept_responses
                WHERE workspace_id = $1 AND owner_id = $2 AND id = $3 AND expires_at > $4
            UNION ALL
            SELECT k.id, k.previous_id, k.bytes, chain.depth + 1
                FROM chain JOIN kept_responses k
                ON k.workspace_id = $1 AND k.owner_id = $2 AND k.id = chain.previous_id
                    AND k.expires_at > $4
                WHERE chain.depth <= $5)
        SELECT id, previous_id, bytes FROM chain ORDER BY depth";
    let found = on!(tx.conn, it => {
        sqlx::query_as(SQL)
            .bind(whose.0.0)
            .bind(whose.1.0)
            .bind(id.0)
            .bind(now.as_micros())
            .bind(MAX_CHAIN)
            .fetch_all(&mut *it)
            .await
    })?;
    Ok(found)
}

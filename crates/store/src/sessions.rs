//! Sessions of browsers: a random secret in a cookie, stored as a keyed hash.
//!
//! A session ends when it is not used for [`IDLE`], and in any case after [`ABSOLUTE`]. OWASP's
//! session management cheat sheet asks for both, the shorter the more a session can do; a working
//! day without signing in again, and a week at most, is what a console of this kind is given.
//! (<https://cheatsheetseries.owasp.org/cheatsheets/Session_Management_Cheat_Sheet.html#session-expiration>)

use uuid::Uuid;
use wayleave_model::id::{PersonId, SYSTEM_WORKSPACE, SessionId};
use wayleave_model::page::Page;
use wayleave_model::person::{Person, Session, SignIn};
use wayleave_model::{Secret, Timestamp};

use crate::change::Change;
use crate::db::{Tx, in_tx, on};
use crate::error::StoreError;
use crate::hasher::SCHEME;
use crate::page::{Listing, by_id};
use crate::people;
use crate::secret_text;
use crate::store::Store;
use crate::text::storable;

const NOUN: &str = "session";
/// What a session's secret begins with.
pub const PREFIX: &str = "wls_";
/// Microseconds without use after which a session ends: 10 hours.
pub const IDLE: i64 = 10 * 3_600_000_000;
/// Microseconds after which a session ends, however much it is used: 7 days.
pub const ABSOLUTE: i64 = 7 * 24 * 3_600_000_000;
/// A session that was used is noted at most so often: a minute.
const NOTED: i64 = 60_000_000;
/// What of a browser's name is kept.
const AGENT: usize = 200;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, person_id, how, addr, agent, created_at, seen_at, expires_at \
             FROM sessions WHERE workspace_id = $1 ",
            $rest
        )
    };
}

/// Begins a session of a person, and notes that they signed in. The secret is returned this once.
/// Sessions of anybody that are over are removed on the way.
///
/// # Errors
/// [`StoreError::NotFound`] if there is no such person any more.
pub async fn create(
    change: &mut Change,
    person: PersonId,
    how: SignIn,
    agent: &str,
) -> Result<(Session, Secret), StoreError> {
    const OVER: &str = "DELETE FROM sessions
        WHERE workspace_id = $1 AND (expires_at <= $2 OR seen_at <= $3)";
    const SQL: &str = "INSERT INTO sessions
        (workspace_id, id, person_id, how, scheme, pepper_id, hash, addr, agent, created_at,
         seen_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11)";
    const SEEN: &str = "UPDATE people SET last_sign_in_at = $3 WHERE workspace_id = $1 AND id = $2";
    if people::get(&mut change.tx, person).await?.is_none() {
        return Err(StoreError::not_found("person", person));
    }
    let secret = secret_text::mint(PREFIX)?;
    let agent: String = agent.chars().filter(|it| !it.is_control()).take(AGENT).collect();
    let now = change.now;
    let made = Session {
        id: SessionId::new(now),
        person,
        how,
        addr: change.actor.addr.clone(),
        agent: storable(&agent).into_owned(),
        created_at: now,
        seen_at: now,
        expires_at: now.plus_micros(ABSOLUTE),
    };
    let hasher = change.tx.shared.hasher.clone();
    let hash = hasher.hash_session(secret.as_bytes());
    let (now, idle) = (now.as_micros(), now.plus_micros(-IDLE).as_micros());
    change.begin_act();
    on!(change.tx.conn, it => {
        sqlx::query(OVER).bind(SYSTEM_WORKSPACE.0).bind(now).bind(idle).execute(&mut *it).await
            .map(drop)
    })?;
    on!(change.tx.conn, it => {
        sqlx::query(SQL)
            .bind(SYSTEM_WORKSPACE.0)
            .bind(made.id.0)
            .bind(person.0)
            .bind(how.as_str())
            .bind(SCHEME)
            .bind(hasher.pepper_id())
            .bind(hash.as_slice())
            .bind(&made.addr)
            .bind(&made.agent)
            .bind(now)
            .bind(made.expires_at.as_micros())
            .execute(&mut *it)
            .await
            .map(drop)
    })?;
    on!(change.tx.conn, it => {
        sqlx::query(SEEN).bind(SYSTEM_WORKSPACE.0).bind(person.0).bind(now).execute(&mut *it).await
            .map(drop)
    })?;
    change.record("session.create", made.id, None, Some(&made))?;
    Ok((made, Secret::new(secret.as_bytes())))
}

/// The session whose secret was presented and its person, if both are good at `now`.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn verify(
    tx: &mut Tx,
    presented: &Secret,
    now: Timestamp,
) -> Result<Option<(Session, Person)>, StoreError> {
    const SQL: &str = select!("AND hash = $2");
    let hash = tx.shared.hasher.hash_session(presented.expose());
    let row: Option<Row> = on!(tx.conn, it => {
        sqlx::query_as(SQL).bind(SYSTEM_WORKSPACE.0).bind(hash.as_slice()).fetch_optional(&mut *it).await
    })?;
    let Some(session) = row.map(Session::try_from).transpose()? else { return Ok(None) };
    if !is_live(&session, now) {
        return Ok(None);
    }
    let person = people::get(tx, session.person).await?;
    Ok(person.filter(|it| it.enabled).map(|person| (session, person)))
}

/// Whether a session has not ended by time.
fn is_live(session: &Session, now: Timestamp) -> bool {
    now < session.expires_at && now < session.seen_at.plus_micros(IDLE)
}

/// The session of that id.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn get(tx: &mut Tx, id: SessionId) -> Result<Option<Session>, StoreError> {
    const SQL: &str = select!("AND id = $2");
    let row: Option<Row> = on!(tx.conn, it => {
        sqlx::query_as(SQL).bind(SYSTEM_WORKSPACE.0).bind(id.0).fetch_optional(&mut *it).await
    })?;
    row.map(Session::try_from).transpose()
}

/// Somebody's sessions that have not ended.
///
/// # Errors
/// [`StoreError::BadCursor`].
pub async fn list(
    tx: &mut Tx,
    person: PersonId,
    now: Timestamp,
    listing: &Listing,
) -> Result<Page<Session>, StoreError> {
    const SQL: &str = select!(
        "AND person_id = $2 AND expires_at > $3 AND seen_at > $4 AND id < $5 \
         ORDER BY id DESC LIMIT $6"
    );
    let before = listing.before()?;
    let rows: Vec<Row> = on!(tx.conn, it => {
        sqlx::query_as(SQL)
            .bind(SYSTEM_WORKSPACE.0)
            .bind(person.0)
            .bind(now.as_micros())
            .bind(now.plus_micros(-IDLE).as_micros())
            .bind(before)
            .bind(listing.fetch())
            .fetch_all(&mut *it)
            .await
    })?;
    let items = rows.into_iter().map(Session::try_from).collect::<Result<_, _>>()?;
    Ok(listing.page(items, |it: &Session| by_id(it.id.0)))
}

/// Ends a session, now.
///
/// # Errors
/// [`StoreError::NotFound`].
pub async fn revoke(change: &mut Change, id: SessionId) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM sessions WHERE workspace_id = $1 AND id = $2";
    let before = get(&mut change.tx, id).await?;
    let before = before.ok_or_else(|| StoreError::not_found(NOUN, id))?;
    change.begin_act();
    on!(change.tx.conn, it => {
        sqlx::query(SQL).bind(SYSTEM_WORKSPACE.0).bind(id.0).execute(&mut *it).await.map(drop)
    })?;
    change.record("session.revoke", id, Some(&before), None)
}

/// Ends every session of a person but `except`; returns how many.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn revoke_all(
    change: &mut Change,
    person: PersonId,
    except: Option<SessionId>,
) -> Result<usize, StoreError> {
    const SQL: &str = "SELECT id FROM sessions
        WHERE workspace_id = $1 AND person_id = $2 AND id <> $3 ORDER BY id";
    let except = except.map_or(Uuid::max(), |it| it.0);
    let ids: Vec<Uuid> = on!(change.tx.conn, it => {
        sqlx::query_scalar(SQL)
            .bind(SYSTEM_WORKSPACE.0)
            .bind(person.0)
            .bind(except)
            .fetch_all(&mut *it)
            .await
    })?;
    for id in &ids {
        revoke(change, SessionId(*id)).await?;
    }
    Ok(ids.len())
}

impl Store {
    /// Notes that a session was used, if that was not noted a moment ago. It is no configuration:
    /// nobody is woken, nothing is audited.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn session_seen(&self, session: &Session, now: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE sessions SET seen_at = $3
            WHERE workspace_id = $1 AND id = $2 AND seen_at < $3";
        if now < session.seen_at.plus_micros(NOTED) {
            return Ok(());
        }
        in_tx!(self, tx => {
            on!(tx.conn, it => {
                sqlx::query(SQL)
                    .bind(SYSTEM_WORKSPACE.0)
                    .bind(session.id.0)
                    .bind(now.as_micros())
                    .execute(&mut *it)
                    .await
                    .map(drop)
            })?;
            Ok(())
        })
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    person_id: Uuid,
    how: String,
    addr: Option<String>,
    agent: String,
    created_at: i64,
    seen_at: i64,
    expires_at: i64,
}

impl TryFrom<Row> for Session {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Session, StoreError> {
        Ok(Session {
            id: SessionId(row.id),
            person: PersonId(row.person_id),
            how: SignIn::parse(&row.how)
                .ok_or_else(|| StoreError::unreadable(NOUN, format!("way in `{}`", row.how)))?,
            addr: row.addr,
            agent: row.agent,
            created_at: Timestamp::from_micros(row.created_at),
            seen_at: Timestamp::from_micros(row.seen_at),
            expires_at: Timestamp::from_micros(row.expires_at),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::PersonDraft;
    use crate::testing::{Bench, each_engine, person_draft};

    async fn signed_in(bench: &Bench) -> (Person, Session, Secret) {
        let mut change = bench.change(SYSTEM_WORKSPACE).await;
        let ada = people::create(&mut change, &person_draft("a@b"), None).await.unwrap();
        let (session, secret) =
            create(&mut change, ada.id, SignIn::Password, "Mozilla\n/5.0").await.unwrap();
        change.commit().await.unwrap();
        (ada, session, secret)
    }

    async fn good(bench: &Bench, secret: &Secret) -> bool {
        let mut tx = bench.store.read().await.unwrap();
        verify(&mut tx, secret, bench.clock.now()).await.unwrap().is_some()
    }

    #[tokio::test]
    async fn a_session_ends_when_it_is_not_used() {
        each_engine(|bench| async move {
            let (ada, session, secret) = signed_in(&bench).await;
            assert_eq!((session.agent.as_str(), session.person), ("Mozilla/5.0", ada.id));
            bench.clock.advance(IDLE - 1);
            assert!(good(&bench, &secret).await);
            bench.store.session_seen(&session, bench.clock.now()).await.unwrap();
            bench.clock.advance(IDLE - 1);
            assert!(good(&bench, &secret).await);
            bench.clock.advance(1);
            assert!(!good(&bench, &secret).await);
            assert!(!good(&bench, &Secret::new("wls_other")).await);
        })
        .await;
    }

    #[tokio::test]
    async fn a_session_ends_in_the_end_however_much_it_is_used() {
        each_engine(|bench| async move {
            let (_, session, secret) = signed_in(&bench).await;
            let mut left = ABSOLUTE - 1;
            while left > 0 {
                let step = left.min(IDLE / 2);
                bench.clock.advance(step);
                bench.store.session_seen(&session, bench.clock.now()).await.unwrap();
                left -= step;
            }
            assert!(good(&bench, &secret).await);
            bench.clock.advance(1);
            assert!(!good(&bench, &secret).await);
        })
        .await;
    }

    #[tokio::test]
    async fn a_session_ends_with_its_person_or_by_hand() {
        each_engine(|bench| async move {
            let (ada, session, secret) = signed_in(&bench).await;
            let mut change = bench.change(SYSTEM_WORKSPACE).await;
            let off = PersonDraft { enabled: false, ..PersonDraft::from(&ada) };
            people::update(&mut change, ada.id, None, &off).await.unwrap();
            let none = verify(change.tx(), &secret, bench.clock.now()).await.unwrap();
            assert_eq!(none, None);
            drop(change);
            assert!(good(&bench, &secret).await);
            let mut change = bench.change(SYSTEM_WORKSPACE).await;
            let (other, _) = create(&mut change, ada.id, SignIn::Sso, "").await.unwrap();
            assert_eq!(revoke_all(&mut change, ada.id, Some(other.id)).await.unwrap(), 1);
            let now = bench.clock.now();
            let left = list(change.tx(), ada.id, now, &Listing::default()).await.unwrap();
            assert_eq!(left.items, [other]);
            change.commit().await.unwrap();
            assert!(!good(&bench, &secret).await);
            let mut change = bench.change(SYSTEM_WORKSPACE).await;
            let error = revoke(&mut change, session.id).await.unwrap_err();
            assert!(matches!(error, StoreError::NotFound { .. }));
        })
        .await;
    }
}

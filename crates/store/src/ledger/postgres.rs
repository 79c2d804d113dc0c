//! Into PostgreSQL: statements of many rows, because each is a way to another machine and back.

use std::collections::BTreeSet;
use std::sync::Arc;

use sqlx::postgres::{PgConnection, PgPool, Postgres};
use sqlx::query_builder::Separated;
use sqlx::{QueryBuilder, Row as _};
use uuid::Uuid;
use wayleave_model::record::Closed;

use super::{identity, rows};
use crate::error::StoreError;
use crate::{grants, rollup};

/// Rows of one statement: 50 columns of these stay far below PostgreSQL's 65,535 parameters.
const ROWS: usize = 50;

/// Stores what is not there yet, in one transaction; how much that was.
pub(super) async fn append(pool: &PgPool, ordered: &[Arc<Closed>]) -> Result<usize, StoreError> {
    let mut tx = pool.begin().await?;
    let fresh = requests(&mut tx, ordered).await?;
    let attempts: Vec<_> =
        fresh.iter().flat_map(|it| it.attempts.iter().map(move |attempt| (*it, attempt))).collect();
    let lines: Vec<_> = attempts
        .iter()
        .flat_map(|(it, attempt)| {
            rows::merged(&attempt.lines).into_iter().map(move |line| (*it, *attempt, line))
        })
        .collect();
    let people: Vec<_> =
        fresh.iter().filter_map(|it| Some((*it, it.identity.person.as_ref()?))).collect();
    let (conn, skip) = (&mut *tx, rows::SKIP);
    insert(conn, rows::ATTEMPTS, skip, &attempts, |row, it| rows::attempt(row, it.0, it.1)).await?;
    insert(conn, rows::LINES, skip, &lines, |row, it| rows::line(row, it.0, it.1, &it.2)).await?;
    insert(conn, rows::PEOPLE, skip, &people, |row, it| rows::person(row, it.0, it.1)).await?;
    let sums: Vec<_> = rollup::sums(&fresh).into_iter().collect();
    insert(conn, rollup::INSERT, rollup::ADD, &sums, |row, it| rollup::sum(row, &it.0, &it.1))
        .await?;
    let uses: Vec<_> = grants::uses(&fresh).into_iter().collect();
    insert(conn, grants::INSERT, grants::ADD, &uses, |row, it| grants::usage(row, it.0, it.1))
        .await?;
    tx.commit().await?;
    Ok(fresh.len())
}

/// Inserts what is not there yet, and returns it. The rows' own unique key decides, so two
/// transactions cannot both think a request new: the later waits for the earlier.
async fn requests<'a>(
    conn: &mut PgConnection,
    ordered: &'a [Arc<Closed>],
) -> Result<Vec<&'a Closed>, StoreError> {
    let mut fresh: BTreeSet<(Uuid, Uuid)> = BTreeSet::new();
    for them in ordered.chunks(ROWS) {
        let mut query = statement(rows::REQUESTS, rows::SKIP, them, |row, it| {
            rows::request(row, it);
        });
        query.push(" RETURNING workspace_id, request_id");
        let new = query.build().persistent(them.len() == ROWS).fetch_all(&mut *conn).await?;
        for row in new {
            fresh.insert((row.try_get(0)?, row.try_get(1)?));
        }
    }
    Ok(ordered.iter().map(|it| &**it).filter(|it| fresh.contains(&identity(it))).collect())
}

async fn insert<T>(
    conn: &mut PgConnection,
    into: &'static str,
    end: &'static str,
    all: &[T],
    fill: impl Fn(&mut Separated<'_, Postgres, &'static str>, &T),
) -> Result<(), StoreError> {
    for them in all.chunks(ROWS) {
        let mut query = statement(into, end, them, &fill);
        query.build().persistent(them.len() == ROWS).execute(&mut *conn).await?;
    }
    Ok(())
}

fn statement<T>(
    into: &'static str,
    end: &'static str,
    them: &[T],
    fill: impl Fn(&mut Separated<'_, Postgres, &'static str>, &T),
) -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new(into);
    query.push_values(them, |mut row, it| fill(&mut row, it));
    query.push(end);
    query
}

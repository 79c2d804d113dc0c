//! Jobs on their way out: to their clients, who see their owner's alone, and to people.

use uuid::Uuid;
use wayleave_model::Timestamp;
use wayleave_model::id::{JobId, NodeId, OwnerId, WorkspaceId};
use wayleave_model::job::{Job, JobState};
use wayleave_model::page::Page;

use super::Document;
use crate::db::{Tx, on};
use crate::error::StoreError;
use crate::page::{Listing, by_id};
use crate::store::Store;
use crate::text::typed;

/// The columns of a [`Row`], in order.
macro_rules! columns {
    () => {
        "workspace_id, id, state, origin, vendor_id, news, settled, due_at, lease_owner, \
         lease_until, created_at, updated_at, deleted_at"
    };
}
pub(super) use columns;

/// A row of the table.
pub(super) type Row = (
    Uuid,
    Uuid,
    String,
    Document,
    Option<String>,
    Document,
    bool,
    Option<i64>,
    Option<Uuid>,
    i64,
    i64,
    i64,
    Option<i64>,
);

/// Which jobs of a workspace, newest first.
#[derive(Clone, Debug, Default)]
pub struct JobFilter {
    /// In this state.
    pub state: Option<JobState>,
    /// Of this owner.
    pub owner: Option<OwnerId>,
    /// Which page.
    pub listing: Listing,
}

/// One job of a workspace, deleted or not.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Unreadable`].
pub async fn get(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: JobId,
) -> Result<Option<Job>, StoreError> {
    const SQL: &str =
        concat!("SELECT ", columns!(), " FROM jobs WHERE workspace_id = $1 AND id = $2");
    let row: Option<Row> = on!(tx.conn, it => {
        sqlx::query_as(SQL).bind(workspace.0).bind(id.0).fetch_optional(&mut *it).await
    })?;
    row.map(job).transpose()
}

/// A page of a workspace's jobs, deleted ones included.
///
/// # Errors
/// As [`get`], and [`StoreError::BadCursor`].
pub async fn list(
    tx: &mut Tx,
    workspace: WorkspaceId,
    filter: &JobFilter,
) -> Result<Page<Job>, StoreError> {
    const SQL: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM jobs WHERE workspace_id = $1 AND id < $2
            AND ($3 IS NULL OR state = $3) AND ($4 IS NULL OR owner_id = $4)
        ORDER BY id DESC LIMIT $5"
    );
    let before = filter.listing.before()?;
    let rows: Vec<Row> = on!(tx.conn, it => {
        sqlx::query_as(SQL)
            .bind(workspace.0)
            .bind(before)
            .bind(filter.state.map(JobState::as_str))
            .bind(filter.owner.map(|it| it.0))
            .bind(filter.listing.fetch())
            .fetch_all(&mut *it)
            .await
    })?;
    let jobs = rows.into_iter().map(job).collect::<Result<Vec<Job>, StoreError>>()?;
    Ok(filter.listing.page(jobs, |it| by_id(it.id.0)))
}

impl Store {
    /// A client's job: of its workspace, of its key's owner, not deleted.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Unreadable`].
    pub async fn job_of(
        &self,
        (workspace, owner): (WorkspaceId, OwnerId),
        id: JobId,
    ) -> Result<Option<Job>, StoreError> {
        let found = get(&mut self.read().await?, workspace, id).await?;
        Ok(found.filter(|it| it.origin.caller.owner == owner && it.deleted_at.is_none()))
    }

    /// A client's jobs, by age: at most `limit` after that one, and whether there are more.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Unreadable`].
    pub async fn jobs_of(
        &self,
        (workspace, owner): (WorkspaceId, OwnerId),
        after: Option<JobId>,
        newest_first: bool,
        limit: u32,
    ) -> Result<(Vec<Job>, bool), StoreError> {
        const DOWN: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM jobs WHERE workspace_id = $1 AND owner_id = $2 AND id < $3
                AND deleted_at IS NULL ORDER BY id DESC LIMIT $4"
        );
        const UP: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM jobs WHERE workspace_id = $1 AND owner_id = $2 AND id > $3
                AND deleted_at IS NULL ORDER BY id LIMIT $4"
        );
        let end = if newest_first { Uuid::max() } else { Uuid::nil() };
        let sql = if newest_first { DOWN } else { UP };
        let mut tx = self.read().await?;
        let rows: Vec<Row> = on!(tx.conn, it => {
            sqlx::query_as(sql)
                .bind(workspace.0)
                .bind(owner.0)
                .bind(after.map_or(end, |id| id.0))
                .bind(i64::from(limit) + 1)
                .fetch_all(&mut *it)
                .await
        })?;
        let more = rows.len() > limit as usize;
        let jobs = rows.into_iter().take(limit as usize).map(job);
        Ok((jobs.collect::<Result<_, _>>()?, more))
    }
}

/// A row as a job.
pub(super) fn job(row: Row) -> Result<Job, StoreError> {
    let (workspace, id, state, origin, vendor_id, news, settled, due, holder, until, ..) = row;
    let (.., created, updated, deleted) = row;
    let state = JobState::parse(&state)
        .ok_or_else(|| StoreError::unreadable("job", format!("its state is `{state}`")))?;
    Ok(Job {
        workspace: WorkspaceId(workspace),
        id: JobId(id),
        state,
        origin: typed("job", origin)?,
        vendor_id,
        news: typed("job", news)?,
        settled,
        due_at: due.map(Timestamp::from_micros),
        lease: holder.map(|node| (NodeId(node), Timestamp::from_micros(until))),
        created_at: Timestamp::from_micros(created),
        updated_at: Timestamp::from_micros(updated),
        deleted_at: deleted.map(Timestamp::from_micros),
    })
}

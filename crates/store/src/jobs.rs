//! Jobs: committed before their provider is called, looked after by one node at a time, settled once.

mod read;

use sqlx::types::Json;
use wayleave_model::Timestamp;
use wayleave_model::id::{JobId, NodeId, WorkspaceId};
use wayleave_model::job::{Job, JobNews, JobOrigin, JobState};

use crate::db::{in_tx, on};
use crate::error::StoreError;
use crate::store::Store;
use crate::text::document;

pub use read::{JobFilter, get, list};

/// How long a job that ended and is settled is kept, in seconds.
pub const KEPT: i64 = 30 * 24 * 60 * 60;
/// Old jobs taken out at a time.
const SWEEP: i64 = 500;

/// What becomes of a job that somebody looked after.
#[derive(Clone, Debug)]
pub struct JobStep {
    /// Where it stands now.
    pub state: JobState,
    /// What is known of it now.
    pub news: JobNews,
    /// Nothing is owed for it any more.
    pub settled: bool,
    /// When to look again; `None`: never.
    pub due_at: Option<Timestamp>,
}

impl Store {
    /// Notes a job that is about to be sent. Its maker holds it until `until`: one that is still
    /// unsent then is orphaned.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: then it must not be sent.
    pub async fn insert_job(
        &self,
        job: &Job,
        node: NodeId,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO jobs
            (workspace_id, id, owner_id, state, origin, vendor_id, news, settled, due_at,
             lease_owner, lease_until, created_at, updated_at, deleted_at)
            VALUES ($1, $2, $3, $4, $5, NULL, $6, $7, $8, $9, $8, $10, $10, NULL)";
        let origin = document("origin", &job.origin)?;
        let news = document("news", &job.news)?;
        in_tx!(self, tx => {
            on!(tx.conn, it => {
                sqlx::query(SQL)
                    .bind(job.workspace.0)
                    .bind(job.id.0)
                    .bind(job.origin.caller.owner.0)
                    .bind(job.state.as_str())
                    .bind(&origin)
                    .bind(&news)
                    .bind(job.settled)
                    .bind(until.as_micros())
                    .bind(node.0)
                    .bind(job.created_at.as_micros())
                    .execute(&mut *it)
                    .await
                    .map(drop)
            })?;
            Ok(())
        })
    }

    /// Notes that the job is about to be sent to another target: the one before refused it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]: it is not being sent any more, so it must not be.
    pub async fn redirect_job(
        &self,
        (workspace, id): (WorkspaceId, JobId),
        origin: &JobOrigin,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE jobs SET origin = $3, lease_until = $4, due_at = $4
            WHERE workspace_id = $1 AND id = $2 AND state = 'accepted'";
        let origin = document("origin", origin)?;
        let done = in_tx!(self, tx => {
            Ok(on!(tx.conn, it => {
                sqlx::query(SQL)
                    .bind(workspace.0)
                    .bind(id.0)
                    .bind(&origin)
                    .bind(until.as_micros())
                    .execute(&mut *it)
                    .await
                    .map(|done| done.rows_affected())
            })?)
        })?;
        if done == 0 { Err(missing(id)) } else { Ok(()) }
    }

    /// Forgets a job that every target refused: there is nothing to come back for.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn forget_job(&self, workspace: WorkspaceId, id: JobId) -> Result<(), StoreError> {
        const SQL: &str =
            "DELETE FROM jobs WHERE workspace_id = $1 AND id = $2 AND state = 'accepted'";
        in_tx!(self, tx => {
            on!(tx.conn, it => {
                sqlx::query(SQL).bind(workspace.0).bind(id.0).execute(&mut *it).await.map(drop)
            })?;
            Ok(())
        })
    }

    /// The provider took it: its id of the job is known, also where somebody thought it orphaned.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Unavailable`].
    pub async fn submit_job(
        &self,
        (workspace, id): (WorkspaceId, JobId),
        vendor_id: &str,
        step: &JobStep,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE jobs SET state = $3, vendor_id = $4, news = $5, settled = $6,
                due_at = $7, lease_owner = NULL, lease_until = 0, updated_at = $8
            WHERE workspace_id = $1 AND id = $2 AND state IN ('accepted', 'orphaned')";
        let news = document("news", &step.news)?;
        let done = in_tx!(self, tx => {
            Ok(on!(tx.conn, it => {
                sqlx::query(SQL)
                    .bind(workspace.0)
                    .bind(id.0)
                    .bind(step.state.as_str())
                    .bind(vendor_id)
                    .bind(&news)
                    .bind(step.settled)
                    .bind(step.due_at.map(Timestamp::as_micros))
                    .bind(now.as_micros())
                    .execute(&mut *it)
                    .await
                    .map(|done| done.rows_affected())
            })?)
        })?;
        if done == 0 { Err(missing(id)) } else { Ok(()) }
    }

    /// Says of jobs that were being sent that nobody knows what became of them: those whose makers'
    /// hold is over by `now`, and all of `dead`, a node that just began anew. How many.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn orphan_jobs(
        &self,
        now: Timestamp,
        dead: Option<NodeId>,
    ) -> Result<u64, StoreError> {
        const SQL: &str = "UPDATE jobs SET state = 'orphaned', settled = $3, due_at = NULL,
                lease_owner = NULL, lease_until = 0, updated_at = $1
            WHERE state = 'accepted' AND due_at IS NOT NULL
                AND (lease_until <= $1 OR lease_owner = $2)";
        in_tx!(self, tx => {
            Ok(on!(tx.conn, it => {
                sqlx::query(SQL)
                    .bind(now.as_micros())
                    .bind(dead.map(|node| node.0))
                    .bind(true)
                    .execute(&mut *it)
                    .await
                    .map(|done| done.rows_affected())
            })?)
        })
    }

    /// Says of one job that was being sent that nobody knows what became of it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]: it is not being sent; [`StoreError::Unavailable`].
    pub async fn orphan_job(
        &self,
        (workspace, id): (WorkspaceId, JobId),
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE jobs SET state = 'orphaned', settled = $3, due_at = NULL,
                lease_owner = NULL, lease_until = 0, updated_at = $4
            WHERE workspace_id = $1 AND id = $2 AND state = 'accepted'";
        let done = in_tx!(self, tx => {
            Ok(on!(tx.conn, it => {
                sqlx::query(SQL)
                    .bind(workspace.0)
                    .bind(id.0)
                    .bind(true)
                    .bind(now.as_micros())
                    .execute(&mut *it)
                    .await
                    .map(|done| done.rows_affected())
            })?)
        })?;
        if done == 0 { Err(missing(id)) } else { Ok(()) }
    }

    /// Takes at most `most` jobs that are due and that nobody looks after, for `node` until `until`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Unreadable`].
    pub async fn claim_jobs(
        &self,
        node: NodeId,
        (now, until): (Timestamp, Timestamp),
        most: u32,
    ) -> Result<Vec<Job>, StoreError> {
        // The condition stands twice: who waited for another's claim must look again.
        const SQL: &str = concat!(
            "UPDATE jobs SET lease_owner = $1, lease_until = $3
             WHERE (workspace_id, id) IN (
                 SELECT workspace_id, id FROM jobs
                 WHERE due_at <= $2 AND lease_until <= $2 AND state <> 'accepted'
                 ORDER BY due_at LIMIT $4)
             AND lease_until <= $2 RETURNING ",
            read::columns!()
        );
        let rows: Vec<read::Row> = in_tx!(self, tx => {
            Ok(on!(tx.conn, it => {
                sqlx::query_as(SQL)
                    .bind(node.0)
                    .bind(now.as_micros())
                    .bind(until.as_micros())
                    .bind(i64::from(most))
                    .fetch_all(&mut *it)
                    .await
            })?)
        })?;
        rows.into_iter().map(read::job).collect()
    }

    /// Notes what `node` found and lets the job go. `false`: the job was another's meanwhile, or is
    /// gone, so nothing was noted.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn step_job(
        &self,
        (workspace, id): (WorkspaceId, JobId),
        node: NodeId,
        step: &JobStep,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "UPDATE jobs SET state = $4, news = $5, settled = $6, due_at = $7,
                lease_owner = NULL, lease_until = 0, updated_at = $8
            WHERE workspace_id = $1 AND id = $2 AND lease_owner = $3";
        let news = document("news", &step.news)?;
        in_tx!(self, tx => {
            let done = on!(tx.conn, it => {
                sqlx::query(SQL)
                    .bind(workspace.0)
                    .bind(id.0)
                    .bind(node.0)
                    .bind(step.state.as_str())
                    .bind(&news)
                    .bind(step.settled)
                    .bind(step.due_at.map(Timestamp::as_micros))
                    .bind(now.as_micros())
                    .execute(&mut *it)
                    .await
                    .map(|done| done.rows_affected())
            })?;
            Ok(done > 0)
        })
    }

    /// Holds a job of `node` for longer. `false`: it is another's meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn renew_job(
        &self,
        (workspace, id): (WorkspaceId, JobId),
        node: NodeId,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "UPDATE jobs SET lease_until = $4
            WHERE workspace_id = $1 AND id = $2 AND lease_owner = $3";
        in_tx!(self, tx => {
            let done = on!(tx.conn, it => {
                sqlx::query(SQL)
                    .bind(workspace.0)
                    .bind(id.0)
                    .bind(node.0)
                    .bind(until.as_micros())
                    .execute(&mut *it)
                    .await
                    .map(|done| done.rows_affected())
            })?;
            Ok(done > 0)
        })
    }

    /// Lets go of what `node` looked after: it ended, or begins anew.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn release_jobs(&self, node: NodeId) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE jobs SET lease_owner = NULL, lease_until = 0
            WHERE due_at IS NOT NULL AND lease_owner = $1 AND state <> 'accepted'";
        in_tx!(self, tx => {
            on!(tx.conn, it => sqlx::query(SQL).bind(node.0).execute(&mut *it).await.map(drop))?;
            Ok(())
        })
    }

    /// Its client deleted it. One that had not ended ends: it was stopped at its provider first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn delete_job(
        &self,
        (workspace, id): (WorkspaceId, JobId),
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const STOP: &str = "UPDATE jobs SET state = 'cancelled', settled = $3, due_at = NULL,
                lease_owner = NULL, lease_until = 0
            WHERE workspace_id = $1 AND id = $2 AND state IN ('submitted', 'running')";
        const SQL: &str = "UPDATE jobs SET deleted_at = $3, updated_at = $3
            WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL";
        in_tx!(self, tx => {
            on!(tx.conn, it => {
                sqlx::query(STOP)
                    .bind(workspace.0)
                    .bind(id.0)
                    .bind(true)
                    .execute(&mut *it)
                    .await
                    .map(drop)
            })?;
            on!(tx.conn, it => {
                sqlx::query(SQL)
                    .bind(workspace.0)
                    .bind(id.0)
                    .bind(now.as_micros())
                    .execute(&mut *it)
                    .await
                    .map(drop)
            })?;
            Ok(())
        })
    }

    /// How many jobs there are in each state, of all workspaces.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn count_jobs(&self) -> Result<Vec<(JobState, i64)>, StoreError> {
        const SQL: &str = "SELECT state, COUNT(*) FROM jobs GROUP BY state";
        let mut tx = self.read().await?;
        let rows: Vec<(String, i64)> =
            on!(tx.conn, it => sqlx::query_as(SQL).fetch_all(&mut *it).await)?;
        Ok(rows.into_iter().filter_map(|(name, n)| Some((JobState::parse(&name)?, n))).collect())
    }

    /// Takes out some of what ended and was settled longer than [`KEPT`] ago; how many jobs.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn sweep_jobs(&self, now: Timestamp) -> Result<u64, StoreError> {
        const SQL: &str = "DELETE FROM jobs WHERE (workspace_id, id) IN (
            SELECT workspace_id, id FROM jobs
            WHERE due_at IS NULL AND settled = $1 AND updated_at <= $2 LIMIT $3)";
        let old = now.plus_micros(-KEPT * 1_000_000);
        in_tx!(self, tx => {
            Ok(on!(tx.conn, it => {
                sqlx::query(SQL)
                    .bind(true)
                    .bind(old.as_micros())
                    .bind(SWEEP)
                    .execute(&mut *it)
                    .await
                    .map(|done| done.rows_affected())
            })?)
        })
    }
}

fn missing(id: JobId) -> StoreError {
    StoreError::NotFound { noun: "job", what: id.to_string() }
}

/// A document as it comes from either engine.
type Document = Json<serde_json::Value>;

#[cfg(test)]
mod tests;

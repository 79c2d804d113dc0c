//! What holds between rows that no foreign key joins, and in the database file itself.

use uuid::Uuid;
use wayleave_model::id::{SYSTEM_WORKSPACE, WorkspaceId};

use crate::db::{Tx, on};
use crate::error::StoreError;

/// A sentence, and the workspaces of which it is true.
struct Check {
    what: &'static str,
    sql: &'static str,
}

const CHECKS: [Check; 10] = [
    Check {
        what: "an alias leads by a route of another alias",
        sql: "SELECT a.workspace_id FROM aliases a JOIN route_versions r
              ON r.workspace_id = a.workspace_id AND r.id = a.route_version_id
              WHERE r.alias_id <> a.id LIMIT 20",
    },
    Check {
        what: "the versions of a route have a gap",
        sql: "SELECT workspace_id FROM route_versions GROUP BY workspace_id, alias_id
              HAVING COUNT(*) <> MAX(number) OR MIN(number) <> 1 LIMIT 20",
    },
    Check {
        what: "the versions of a price have a gap",
        sql: "SELECT workspace_id FROM price_versions GROUP BY workspace_id, model_id
              HAVING COUNT(*) <> MAX(number) OR MIN(number) <> 1 LIMIT 20",
    },
    Check {
        what: "a price is neither free nor has it rates",
        sql: "SELECT p.workspace_id FROM price_versions p WHERE NOT p.free AND NOT EXISTS
              (SELECT 1 FROM price_rates r
               WHERE r.workspace_id = p.workspace_id AND r.price_version_id = p.id) LIMIT 20",
    },
    Check {
        what: "there is more than one owner",
        sql: "SELECT workspace_id FROM members WHERE role = 'owner' GROUP BY workspace_id
              HAVING COUNT(*) > 1 LIMIT 20",
    },
    Check {
        what: "a member is no person",
        sql: "SELECT m.workspace_id FROM members m WHERE NOT EXISTS
              (SELECT 1 FROM people p WHERE p.id = m.person_id) LIMIT 20",
    },
    Check {
        what: "its plan is gone",
        sql: "SELECT w.workspace_id FROM workspaces w WHERE w.plan_id IS NOT NULL AND NOT EXISTS
              (SELECT 1 FROM plans p WHERE p.id = w.plan_id) LIMIT 20",
    },
    Check {
        what: "it was changed by a revision that was never made",
        sql: "SELECT w.workspace_id FROM workspace_revisions w
              WHERE w.revision > (SELECT MAX(number) FROM revision) LIMIT 20",
    },
    Check {
        what: "its audit log has a change that other nodes were not told of",
        sql: "SELECT a.workspace_id FROM audit a LEFT JOIN workspace_revisions w
              ON w.workspace_id = a.workspace_id GROUP BY a.workspace_id
              HAVING MAX(a.revision) > COALESCE(MAX(w.revision), 0) LIMIT 20",
    },
    Check {
        what: "its audit log goes back from one revision to an earlier one",
        sql: "SELECT a.workspace_id FROM audit a JOIN audit b
              ON b.workspace_id = a.workspace_id AND b.seq = a.seq + 1
              WHERE b.revision < a.revision LIMIT 20",
    },
];

/// Each fault and the workspace it is in.
pub(super) async fn faults(tx: &mut Tx) -> Result<Vec<(WorkspaceId, String)>, StoreError> {
    let mut found = Vec::new();
    for check in &CHECKS {
        let at: Vec<Uuid> =
            on!(tx.conn, it => sqlx::query_scalar(check.sql).fetch_all(&mut *it).await)?;
        found.extend(at.into_iter().map(|id| (WorkspaceId(id), check.what.to_owned())));
    }
    let file = tx.conn.damage().await?;
    found.extend(file.into_iter().map(|what| (SYSTEM_WORKSPACE, what)));
    Ok(found)
}

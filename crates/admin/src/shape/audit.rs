//! Entries of the audit log.

use serde_json::Value;
use utoipa::ToSchema;

/// One entry: who did what to which thing, before and after, chained by hashes.
#[derive(ToSchema)]
pub(crate) struct AuditEntry {
    id: String,
    /// 1, 2, 3 … without gaps in the workspace.
    seq: i64,
    #[schema(format = DateTime)]
    at: String,
    /// The configuration's number that it made.
    revision: i64,
    /// Who.
    actor: String,
    role: String,
    /// From where.
    addr: Option<String>,
    request_id: Option<String>,
    /// What was done, like `provider.create`.
    action: String,
    target_kind: String,
    target_id: String,
    /// The thing as it was, secrets masked: as it was stored then, which may not be as it is now.
    before: Option<Value>,
    /// The same as it became.
    after: Option<Value>,
    reason: String,
    /// In hex; zeros for the first.
    prev_hash: String,
    hash: String,
}

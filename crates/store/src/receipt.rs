//! Everything about one request: its attempts, its lines, its people.

use serde::Serialize;
use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;
use wayleave_model::Timestamp;
use wayleave_model::id::{
    AliasId, CredentialId, KeyId, NodeId, PriceVersionId, RequestId, RouteVersionId, WorkspaceId,
};
use wayleave_model::record::{Asked, Person};
use wayleave_model::supply::Supplier;
use wayleave_model::usage::Usage;

use crate::db::{Tx, on};
use crate::error::StoreError;
use crate::text::typed;
use crate::usage::{self, UsageRow, as_text};

/// Everything about one request.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Receipt {
    /// The request.
    pub request: UsageRow,
    /// The key.
    pub key_id: KeyId,
    /// The alias, if there was one of that name.
    pub alias_id: Option<AliasId>,
    /// The route version that chose the targets.
    pub route_version_id: Option<RouteVersionId>,
    /// The process that served it.
    pub node: NodeId,
    /// The configuration it saw.
    pub revision: i64,
    /// The client program.
    pub client: Option<String>,
    /// The client's own request id.
    pub client_request_id: Option<String>,
    /// The trace it belongs to.
    pub trace_id: Option<String>,
    /// A call that Wayleave made itself.
    pub probe: bool,
    /// What the client asked.
    pub asked: Asked,
    /// Our own share of the time, microseconds.
    pub overhead_us: i64,
    /// Changes made to the request for its target.
    pub edits: Vec<String>,
    /// Changes made to a broken answer for its client.
    pub repairs: Vec<String>,
    /// Things the target's dialect could not carry.
    pub losses: Vec<String>,
    /// Answered from a cache.
    pub cache_hit: bool,
    /// Each upstream call, in order.
    pub attempts: Vec<AttemptRow>,
}

/// One upstream call.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AttemptRow {
    /// 1, 2, 3 … within the request.
    pub n: i64,
    /// When it began.
    #[serde(serialize_with = "as_text")]
    pub started_at: Timestamp,
    /// The provider's name.
    pub provider: String,
    /// The provider's name for the model.
    pub model: String,
    /// The credential; `None`: one of the operator's.
    pub credential_id: Option<CredentialId>,
    /// Whose credential it is: `system` or `custom`.
    pub supply: Option<String>,
    /// The quota that it counts for: `paid`, `free` or `trial`.
    pub quota_type: Option<String>,
    /// The prices it was rated with.
    pub price_version_id: Option<PriceVersionId>,
    /// The most it could have cost.
    pub max_cost_nanos: i64,
    /// From its start to its end, microseconds.
    pub total_us: i64,
    /// From its start to the answer's head, microseconds.
    pub first_byte_us: Option<i64>,
    /// From its start to the first semantic event, microseconds.
    pub first_token_us: Option<i64>,
    /// The provider's status.
    pub status: Option<i64>,
    /// `ok`, or the code of the taxonomy.
    pub verdict: String,
    /// The provider's own id of the call.
    pub upstream_request_id: Option<String>,
    /// What it consumed.
    pub usage: Usage,
    /// Who says so.
    pub usage_source: String,
    /// What it cost: the sum of its lines.
    pub cost_nanos: i64,
    /// What it cost, unit by unit.
    pub lines: Vec<LineRow>,
}

/// One unit of a receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LineRow {
    /// What was consumed: a unit, of images and seconds of video also a size or quality.
    pub unit: String,
    /// How much of it.
    pub quantity: i64,
    /// What it cost.
    pub cost_nanos: i64,
    /// The prices it was rated with.
    pub price_version_id: Option<PriceVersionId>,
    /// It took the dearest price of its side, or of its variants, for want of its own.
    pub unpriced: bool,
}

/// Everything about one request.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn receipt(
    tx: &mut Tx,
    workspace: WorkspaceId,
    request: RequestId,
) -> Result<Option<Receipt>, StoreError> {
    const DETAIL: &str = "SELECT key_id, alias_id, route_version_id, node_id, revision, client,
            client_request_id, trace_id, probe, asked_stream, asked_tools, asked_vision,
            asked_json_schema, asked_reasoning, asked_bytes, estimated_input, overhead_us, edits,
            repairs, losses, cache_hit
        FROM usage_requests WHERE workspace_id = $1 AND request_id = $2";
    let Some(row) = usage::row(tx, workspace, request).await? else { return Ok(None) };
    let detail: Option<DetailRow> = on!(tx.conn, it => {
        sqlx::query_as(DETAIL).bind(workspace.0).bind(request.0).fetch_optional(&mut *it).await
    })?;
    let Some(detail) = detail else { return Ok(None) };
    let attempts = attempts(tx, workspace, request).await?;
    detail.noun(row, attempts).map(Some)
}

/// The personal data of a request, if any was kept.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn person(
    tx: &mut Tx,
    workspace: WorkspaceId,
    request: RequestId,
) -> Result<Option<Person>, StoreError> {
    const SQL: &str = "SELECT client_addr, end_user FROM usage_people
        WHERE workspace_id = $1 AND request_id = $2";
    let found: Option<(Option<String>, Option<String>)> = on!(tx.conn, it => {
        sqlx::query_as(SQL).bind(workspace.0).bind(request.0).fetch_optional(&mut *it).await
    })?;
    Ok(found.map(|(client_addr, end_user)| Person { client_addr, end_user }))
}

async fn attempts(
    tx: &mut Tx,
    workspace: WorkspaceId,
    request: RequestId,
) -> Result<Vec<AttemptRow>, StoreError> {
    const ATTEMPTS: &str = "SELECT n, started_at, provider_name, model_name, credential_id,
            price_version_id, max_cost_nanos, total_us, first_byte_us, first_token_us, status,
            verdict, upstream_request_id, usage, usage_source, cost_nanos, supply, quota_type
        FROM usage_attempts WHERE workspace_id = $1 AND request_id = $2 ORDER BY n";
    const LINES: &str = "SELECT n, unit, quantity, cost_nanos, price_version_id, unpriced
        FROM usage_lines WHERE workspace_id = $1 AND request_id = $2 ORDER BY n, unit";
    let found: Vec<AttemptFound> = on!(tx.conn, it => {
        sqlx::query_as(ATTEMPTS).bind(workspace.0).bind(request.0).fetch_all(&mut *it).await
    })?;
    let lines: Vec<(i64, String, i64, i64, Option<Uuid>, bool)> = on!(tx.conn, it => {
        sqlx::query_as(LINES).bind(workspace.0).bind(request.0).fetch_all(&mut *it).await
    })?;
    let of = |n: i64| -> Vec<LineRow> {
        let own = lines.iter().filter(|line| line.0 == n);
        own.map(|(_, unit, quantity, cost_nanos, price, unpriced)| LineRow {
            unit: unit.clone(),
            quantity: *quantity,
            cost_nanos: *cost_nanos,
            price_version_id: price.map(PriceVersionId),
            unpriced: *unpriced,
        })
        .collect()
    };
    found
        .into_iter()
        .map(|row| {
            let lines = of(row.n);
            row.noun(lines)
        })
        .collect()
}

#[derive(sqlx::FromRow)]
struct DetailRow {
    key_id: Uuid,
    alias_id: Option<Uuid>,
    route_version_id: Option<Uuid>,
    node_id: Uuid,
    revision: i64,
    client: Option<String>,
    client_request_id: Option<String>,
    trace_id: Option<String>,
    probe: bool,
    asked_stream: bool,
    asked_tools: bool,
    asked_vision: bool,
    asked_json_schema: bool,
    asked_reasoning: bool,
    asked_bytes: i64,
    estimated_input: i64,
    overhead_us: i64,
    edits: Json<Value>,
    repairs: Json<Value>,
    losses: Json<Value>,
    cache_hit: bool,
}

impl DetailRow {
    fn noun(self, request: UsageRow, attempts: Vec<AttemptRow>) -> Result<Receipt, StoreError> {
        Ok(Receipt {
            request,
            key_id: KeyId(self.key_id),
            alias_id: self.alias_id.map(AliasId),
            route_version_id: self.route_version_id.map(RouteVersionId),
            node: NodeId(self.node_id),
            revision: self.revision,
            client: self.client,
            client_request_id: self.client_request_id,
            trace_id: self.trace_id,
            probe: self.probe,
            asked: Asked {
                stream: self.asked_stream,
                tools: self.asked_tools,
                vision: self.asked_vision,
                json_schema: self.asked_json_schema,
                reasoning: self.asked_reasoning,
                bytes: self.asked_bytes.max(0).unsigned_abs(),
                estimated_input: self.estimated_input.max(0).unsigned_abs(),
            },
            overhead_us: self.overhead_us,
            edits: typed("usage row", self.edits)?,
            repairs: typed("usage row", self.repairs)?,
            losses: typed("usage row", self.losses)?,
            cache_hit: self.cache_hit,
            attempts,
        })
    }
}

#[derive(sqlx::FromRow)]
struct AttemptFound {
    n: i64,
    started_at: i64,
    provider_name: String,
    model_name: String,
    credential_id: Uuid,
    price_version_id: Option<Uuid>,
    max_cost_nanos: i64,
    total_us: i64,
    first_byte_us: Option<i64>,
    first_token_us: Option<i64>,
    status: Option<i64>,
    verdict: String,
    upstream_request_id: Option<String>,
    usage: Json<Value>,
    usage_source: String,
    cost_nanos: i64,
    supply: Option<String>,
    quota_type: Option<String>,
}

impl AttemptFound {
    fn noun(self, lines: Vec<LineRow>) -> Result<AttemptRow, StoreError> {
        Ok(AttemptRow {
            n: self.n,
            started_at: Timestamp::from_micros(self.started_at),
            provider: self.provider_name,
            model: self.model_name,
            credential_id: (self.supply.as_deref() != Some(Supplier::System.as_str()))
                .then_some(CredentialId(self.credential_id)),
            supply: self.supply,
            quota_type: self.quota_type,
            price_version_id: self.price_version_id.map(PriceVersionId),
            max_cost_nanos: self.max_cost_nanos,
            total_us: self.total_us,
            first_byte_us: self.first_byte_us,
            first_token_us: self.first_token_us,
            status: self.status,
            verdict: self.verdict,
            upstream_request_id: self.upstream_request_id,
            usage: typed("usage row", self.usage)?,
            usage_source: self.usage_source,
            cost_nanos: self.cost_nanos,
            lines,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOON, each_engine};

    #[tokio::test]
    async fn a_receipt_holds_attempts_and_lines() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "s").await;
            let closed = shop.closed(0);
            bench.append(std::slice::from_ref(&closed)).await.unwrap();
            let mut tx = bench.store.read().await.unwrap();
            let (workspace, id) = (shop.workspace, closed.identity.request);
            let found = receipt(&mut tx, workspace, id).await.unwrap().unwrap();
            assert_eq!(found.asked, closed.asked);
            assert_eq!((found.key_id, found.revision), (shop.key.id, 3));
            assert_eq!(found.route_version_id, Some(shop.alias.route.id));
            assert_eq!((found.edits, found.losses), (vec!["model".into()], vec!["seed".into()]));
            let attempt = &found.attempts[0];
            assert_eq!(attempt.usage, closed.attempts[0].usage);
            let sum: i64 = attempt.lines.iter().map(|it| it.cost_nanos).sum();
            assert_eq!(attempt.cost_nanos, sum);
            assert_eq!(attempt.lines[0].unit, "input");
            assert_eq!(attempt.lines[0].price_version_id, attempt.price_version_id);
            assert!(attempt.price_version_id.is_some());
            let who = person(&mut tx, workspace, id).await.unwrap();
            assert_eq!(who, closed.identity.person);
            let other = RequestId::new(NOON);
            assert_eq!(receipt(&mut tx, workspace, other).await.unwrap(), None);
        })
        .await;
    }
}

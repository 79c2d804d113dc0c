//! Usage on its way out: rows of requests, and everything about one of them.

use serde::{Serialize, Serializer};
use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;
use wayleave_model::Timestamp;
use wayleave_model::id::{
    AliasId, CredentialId, KeyId, NodeId, PriceVersionId, RequestId, RouteVersionId, WorkspaceId,
};
use wayleave_model::page::Page;
use wayleave_model::record::{Asked, Person};
use wayleave_model::usage::Usage;

use crate::db::{Tx, on};
use crate::error::StoreError;
use crate::page::Listing;
use crate::text::typed;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT u.request_id, u.started_at, w.name AS workspace_name, u.key_name, \
             u.key_version, u.owner_name, u.environment, u.alias, u.provider_name, u.model_name, \
             u.surface, u.operation, u.status, u.error_code, u.stream_end, u.input_tokens, \
             u.output_tokens, u.cached_tokens, u.cache_write_tokens, u.reasoning_tokens, \
             u.cost_nanos, u.usage_source, u.attempts, u.total_us, u.first_token_us, u.tags \
             FROM usage_requests u \
             LEFT JOIN workspaces w ON w.workspace_id = u.workspace_id \
             WHERE u.workspace_id = $1 ",
            $rest
        )
    };
}

/// Which requests, newest first.
#[derive(Clone, Debug)]
pub struct UsageFilter {
    /// Whose.
    pub workspace: WorkspaceId,
    /// Admitted then or later.
    pub since: Option<Timestamp>,
    /// Admitted before then.
    pub until: Option<Timestamp>,
    /// With this key.
    pub key: Option<KeyId>,
    /// That asked for this public name, whether or not there is such an alias.
    pub alias: Option<String>,
    /// Only this one.
    pub request: Option<RequestId>,
    /// Which page.
    pub listing: Listing,
}

impl UsageFilter {
    /// Every request of a workspace, first page.
    pub fn all(workspace: WorkspaceId) -> UsageFilter {
        UsageFilter {
            workspace,
            since: None,
            until: None,
            key: None,
            alias: None,
            request: None,
            listing: Listing::default(),
        }
    }
}

/// One request, by the names things had at the time. Its fields and their order are public.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UsageRow {
    /// The request.
    pub request_id: RequestId,
    /// When it was admitted, RFC 3339.
    #[serde(serialize_with = "as_text")]
    pub started_at: Timestamp,
    /// The workspace's name today.
    pub workspace: String,
    /// The key's name.
    pub key: String,
    /// Which of its secrets was presented.
    pub key_version: i64,
    /// Whose key it was.
    pub owner: String,
    /// The key's environment.
    pub environment: String,
    /// The public name that was asked for.
    pub alias: String,
    /// The provider of the last attempt.
    pub provider: Option<String>,
    /// The model of the last attempt.
    pub model: Option<String>,
    /// The path it came in by.
    pub surface: String,
    /// What was wanted.
    pub operation: String,
    /// The status the client was sent.
    pub status: i64,
    /// The code of the taxonomy, for an error.
    pub error_code: Option<String>,
    /// How the answer's body ended.
    pub stream_end: String,
    /// Tokens of the whole prompt, over all attempts.
    pub input_tokens: i64,
    /// Tokens of the whole answer, over all attempts.
    pub output_tokens: i64,
    /// Of the prompt: read from a cache.
    pub cached_tokens: i64,
    /// Of the prompt: written to a cache.
    pub cache_write_tokens: i64,
    /// Of the answer: reasoning.
    pub reasoning_tokens: i64,
    /// Billionths of a US dollar.
    pub cost_nanos: i64,
    /// Where the figures come from.
    pub usage_source: String,
    /// How many upstream calls were made.
    pub attempts: i64,
    /// From admission to the end, milliseconds, rounded.
    pub total_ms: i64,
    /// From admission to the first semantic event, milliseconds, rounded.
    pub first_token_ms: Option<i64>,
    /// The key's tags.
    pub tags: Vec<String>,
}

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
    /// The credential.
    pub credential_id: CredentialId,
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
    /// What was consumed.
    pub unit: String,
    /// How much of it.
    pub quantity: i64,
    /// What it cost.
    pub cost_nanos: i64,
    /// The prices it was rated with.
    pub price_version_id: Option<PriceVersionId>,
    /// It took the dearest price of its side, for want of its own.
    pub unpriced: bool,
}

fn as_text<S: Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(at)
}

/// Requests, newest first.
///
/// # Errors
/// [`StoreError::BadCursor`].
pub async fn list(tx: &mut Tx, filter: &UsageFilter) -> Result<Page<UsageRow>, StoreError> {
    const ANY: &str = select!(
        "AND u.started_at >= $2 AND u.started_at < $3 AND $4 IS NULL
         AND ($5 IS NULL OR u.alias = $5) AND ($6 IS NULL OR u.request_id = $6)
         AND (u.started_at, u.request_id) < ($7, $8)
         ORDER BY u.started_at DESC, u.request_id DESC LIMIT $9"
    );
    // A text of its own, so that either engine takes the index by key.
    const OF_KEY: &str = select!(
        "AND u.started_at >= $2 AND u.started_at < $3 AND u.key_id = $4
         AND ($5 IS NULL OR u.alias = $5) AND ($6 IS NULL OR u.request_id = $6)
         AND (u.started_at, u.request_id) < ($7, $8)
         ORDER BY u.started_at DESC, u.request_id DESC LIMIT $9"
    );
    let sql = if filter.key.is_some() { OF_KEY } else { ANY };
    let micros = |at: Option<Timestamp>, open| at.map_or(open, Timestamp::as_micros);
    let (before, before_id) = cursor(&filter.listing)?;
    let rows: Vec<Row> = on!(tx.conn, it => {
        sqlx::query_as(sql)
            .bind(filter.workspace.0)
            .bind(micros(filter.since, i64::MIN))
            .bind(micros(filter.until, i64::MAX))
            .bind(filter.key.map(|id| id.0))
            .bind(&filter.alias)
            .bind(filter.request.map(|id| id.0))
            .bind(before)
            .bind(before_id)
            .bind(filter.listing.fetch())
            .fetch_all(&mut *it)
            .await
    })?;
    let items = rows.into_iter().map(|row| row.noun(filter.workspace)).collect::<Result<_, _>>()?;
    let next =
        |it: &UsageRow| format!("{}.{}", it.started_at.as_micros(), it.request_id.0.simple());
    Ok(filter.listing.page(items, next))
}

fn cursor(listing: &Listing) -> Result<(i64, Uuid), StoreError> {
    let Some(text) = &listing.cursor else { return Ok((i64::MAX, Uuid::max())) };
    let parts = text
        .split_once('.')
        .and_then(|(at, id)| Some((at.parse().ok()?, Uuid::try_parse(id).ok()?)));
    parts.ok_or(StoreError::BadCursor)
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
    const ROW: &str = select!("AND u.request_id = $2");
    const DETAIL: &str = "SELECT key_id, alias_id, route_version_id, node_id, revision, client,
            client_request_id, trace_id, probe, asked_stream, asked_tools, asked_vision,
            asked_json_schema, asked_reasoning, asked_bytes, estimated_input, overhead_us, edits,
            repairs, losses, cache_hit
        FROM usage_requests WHERE workspace_id = $1 AND request_id = $2";
    let row: Option<Row> = on!(tx.conn, it => {
        sqlx::query_as(ROW).bind(workspace.0).bind(request.0).fetch_optional(&mut *it).await
    })?;
    let detail: Option<DetailRow> = on!(tx.conn, it => {
        sqlx::query_as(DETAIL).bind(workspace.0).bind(request.0).fetch_optional(&mut *it).await
    })?;
    let (Some(row), Some(detail)) = (row, detail) else { return Ok(None) };
    let attempts = attempts(tx, workspace, request).await?;
    detail.noun(row.noun(workspace)?, attempts).map(Some)
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
            verdict, upstream_request_id, usage, usage_source, cost_nanos
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
struct Row {
    request_id: Uuid,
    started_at: i64,
    workspace_name: Option<String>,
    key_name: String,
    key_version: i64,
    owner_name: String,
    environment: String,
    alias: String,
    provider_name: Option<String>,
    model_name: Option<String>,
    surface: String,
    operation: String,
    status: i64,
    error_code: Option<String>,
    stream_end: String,
    input_tokens: i64,
    output_tokens: i64,
    cached_tokens: i64,
    cache_write_tokens: i64,
    reasoning_tokens: i64,
    cost_nanos: i64,
    usage_source: String,
    attempts: i64,
    total_us: i64,
    first_token_us: Option<i64>,
    tags: Json<Value>,
}

impl Row {
    fn noun(self, workspace: WorkspaceId) -> Result<UsageRow, StoreError> {
        let to_ms = |us: i64| us.saturating_add(500) / 1_000;
        Ok(UsageRow {
            request_id: RequestId(self.request_id),
            started_at: Timestamp::from_micros(self.started_at),
            // A workspace that is gone has no name any more.
            workspace: self.workspace_name.unwrap_or_else(|| workspace.to_string()),
            key: self.key_name,
            key_version: self.key_version,
            owner: self.owner_name,
            environment: self.environment,
            alias: self.alias,
            provider: self.provider_name,
            model: self.model_name,
            surface: self.surface,
            operation: self.operation,
            status: self.status,
            error_code: self.error_code,
            stream_end: self.stream_end,
            input_tokens: self.input_tokens,
            output_tokens: self.output_tokens,
            cached_tokens: self.cached_tokens,
            cache_write_tokens: self.cache_write_tokens,
            reasoning_tokens: self.reasoning_tokens,
            cost_nanos: self.cost_nanos,
            usage_source: self.usage_source,
            attempts: self.attempts,
            total_ms: to_ms(self.total_us),
            first_token_ms: self.first_token_us.map(to_ms),
            tags: typed("usage row", self.tags)?,
        })
    }
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
}

impl AttemptFound {
    fn noun(self, lines: Vec<LineRow>) -> Result<AttemptRow, StoreError> {
        Ok(AttemptRow {
            n: self.n,
            started_at: Timestamp::from_micros(self.started_at),
            provider: self.provider_name,
            model: self.model_name,
            credential_id: CredentialId(self.credential_id),
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

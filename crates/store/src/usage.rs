//! Usage on its way out: rows of requests.

use serde::{Serialize, Serializer};
use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;
use wayleave_model::Timestamp;
use wayleave_model::id::{KeyId, RequestId, WorkspaceId};
use wayleave_model::page::Page;

use crate::db::{Tx, on};
use crate::error::StoreError;
use crate::page::Listing;
use crate::text::typed;

pub use crate::receipt::{AttemptRow, LineRow, Receipt, person, receipt};

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

pub(crate) fn as_text<S: Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
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

/// One request's row.
pub(crate) async fn row(
    tx: &mut Tx,
    workspace: WorkspaceId,
    request: RequestId,
) -> Result<Option<UsageRow>, StoreError> {
    const SQL: &str = select!("AND u.request_id = $2");
    let row: Option<Row> = on!(tx.conn, it => {
        sqlx::query_as(SQL).bind(workspace.0).bind(request.0).fetch_optional(&mut *it).await
    })?;
    row.map(|row| row.noun(workspace)).transpose()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOON, Shop, each_engine};
    use wayleave_model::record::Closed;

    #[tokio::test]
    async fn a_row_has_exactly_the_public_keys_in_their_order() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "s").await;
            let closed = shop.closed(1);
            bench.store.append(std::slice::from_ref(&closed)).await.unwrap();
            let mut tx = bench.store.read().await.unwrap();
            let page = list(&mut tx, &UsageFilter::all(shop.workspace)).await.unwrap();
            let shown = serde_json::to_string(&page.items[0]).unwrap();
            let expected = format!(
                "{{\"request_id\":\"{}\",\"started_at\":\"2026-11-21T12:00:00.000001Z\",\
                 \"workspace\":\"main\",\"key\":\"ci\",\"key_version\":1,\"owner\":\"platform\",\
                 \"environment\":\"test\",\"alias\":\"fast\",\"provider\":\"openai-main\",\
                 \"model\":\"gpt-x\",\"surface\":\"/v1/chat/completions\",\"operation\":\"chat\",\
                 \"status\":200,\"error_code\":null,\"stream_end\":\"done\",\"input_tokens\":100,\
                 \"output_tokens\":20,\"cached_tokens\":7,\"cache_write_tokens\":2,\
                 \"reasoning_tokens\":0,\"cost_nanos\":42,\"usage_source\":\"provider\",\
                 \"attempts\":1,\"total_ms\":1500,\"first_token_ms\":251,\"tags\":[\"blue\"]}}",
                closed.identity.request
            );
            assert_eq!(shown, expected);
        })
        .await;
    }

    async fn ids(tx: &mut Tx, filter: &UsageFilter) -> Vec<RequestId> {
        list(tx, filter).await.unwrap().items.into_iter().map(|it| it.request_id).collect()
    }

    fn of(shop: &Shop) -> UsageFilter {
        UsageFilter::all(shop.workspace)
    }

    #[tokio::test]
    async fn a_filter_keeps_what_it_names() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "s").await;
            let mut batch: Vec<Closed> = (0..3).map(|at| shop.closed(at)).collect();
            let mut caller = (*batch[1].identity.caller).clone();
            caller.key = KeyId(Uuid::from_u128(7));
            batch[1].identity.caller = std::sync::Arc::new(caller);
            batch[2].identity.alias = "slow".into();
            let [a, b, c] = [0, 1, 2].map(|at: usize| batch[at].identity.request);
            bench.store.append(&batch).await.unwrap();
            let mut tx = bench.store.read().await.unwrap();
            let tx = &mut tx;
            assert_eq!(ids(tx, &of(&shop)).await, [c, b, a]);
            let key = Some(shop.key.id);
            assert_eq!(ids(tx, &UsageFilter { key, ..of(&shop) }).await, [c, a]);
            let alias = Some("slow".to_owned());
            assert_eq!(ids(tx, &UsageFilter { alias, key, ..of(&shop) }).await, [c]);
            let request = Some(b);
            assert_eq!(ids(tx, &UsageFilter { request, ..of(&shop) }).await, [b]);
            let (since, until) = (Some(NOON.plus_micros(1)), Some(NOON.plus_micros(2)));
            assert_eq!(ids(tx, &UsageFilter { since, until, ..of(&shop) }).await, [b]);
        })
        .await;
    }

    #[tokio::test]
    async fn pages_are_complete_when_requests_begin_at_once() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "s").await;
            let batch: Vec<Closed> = (0..9).map(|at| shop.closed(at / 4)).collect();
            bench.store.append(&batch).await.unwrap();
            let mut tx = bench.store.read().await.unwrap();
            let mut filter = of(&shop);
            filter.listing.limit = 2;
            let mut seen = Vec::new();
            loop {
                let page = list(&mut tx, &filter).await.unwrap();
                seen.extend(page.items.into_iter().map(|it| (it.started_at, it.request_id)));
                match page.next_cursor {
                    Some(cursor) => filter.listing.cursor = Some(cursor),
                    None => break,
                }
            }
            assert_eq!(seen.len(), 9);
            assert!(seen.windows(2).all(|pair| pair[0] > pair[1]));
            filter.listing.cursor = Some("1.x".into());
            assert!(matches!(list(&mut tx, &filter).await, Err(StoreError::BadCursor)));
        })
        .await;
    }
}

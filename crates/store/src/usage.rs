//! Usage on its way out: rows of requests.

use serde::{Serialize, Serializer};
use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;
use wayleave_model::id::{KeyId, RequestId, WorkspaceId};
use wayleave_model::page::Page;
use wayleave_model::price::Unit;
use wayleave_model::{Meter, Timestamp};

use crate::db::{Tx, on};
use crate::error::StoreError;
use crate::page::Listing;
use crate::text::typed;

pub use crate::receipt::{AttemptRow, LineRow, Receipt, person, receipt};

macro_rules! select {
    ($from:literal, $rest:literal) => {
        concat!(
            "SELECT u.request_id, u.started_at, w.name AS workspace_name, u.key_name, \
             u.key_version, u.owner_name, u.environment, u.alias, u.provider_name, u.model_name, \
             u.surface, u.operation, u.status, u.error_code, u.stream_end, u.input_tokens, \
             u.output_tokens, u.cached_tokens, u.cache_write_tokens, u.reasoning_tokens, \
             u.cost_nanos, u.usage_source, u.attempts, u.total_us, u.first_token_us, u.tags, \
             u.supply, u.quota_type, \
             (SELECT string_agg(l.unit || '=' || l.quantity, ' ') FROM usage_lines l \
              WHERE l.workspace_id = u.workspace_id AND l.request_id = u.request_id) AS units \
             FROM ",
            $from,
            " LEFT JOIN workspaces w ON w.workspace_id = u.workspace_id WHERE u.workspace_id = $1 ",
            $rest
        )
    };
}

const ONE: &str = select!("usage_requests u", "AND u.request_id = $2");

const OF_ALL: &str = select!(
    "usage_requests u",
    "AND u.request_id >= $2 AND u.request_id <= $3 AND u.request_id < $4
     AND u.started_at >= $5 AND u.started_at < $6 AND ($7 IS NULL OR u.alias = $7)
     AND $8 IS NULL
     ORDER BY u.request_id DESC LIMIT $9"
);

/// SQLite would read all requests rather than each key's own by their index, taking a workspace
/// for a few rows: so the index stands first, and SQLite does not reorder a cross join
/// (<https://sqlite.org/optoverview.html#crossjoin>).
const OF_KEY: &str = select!(
    "usage_requests k CROSS JOIN usage_requests u",
    "AND k.workspace_id = $1 AND k.key_id = $8
     AND k.request_id >= $2 AND k.request_id <= $3 AND k.request_id < $4
     AND u.request_id = k.request_id
     AND u.started_at >= $5 AND u.started_at < $6 AND ($7 IS NULL OR u.alias = $7)
     ORDER BY k.request_id DESC LIMIT $9"
);

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
    /// What is not counted in tokens.
    #[serde(flatten)]
    pub pieces: Pieces,
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
    /// Whose credential the last attempt was made with: `system` or `custom`.
    pub supply: Option<String>,
    /// The quota that it counts for: `paid`, `free` or `trial`.
    pub quota_type: Option<String>,
}

/// What was charged that is not counted in tokens, of every size and quality, over all attempts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Pieces {
    /// Images made.
    pub images: i64,
    /// Characters spoken.
    pub characters: i64,
    /// Seconds of audio heard or made.
    pub audio_seconds: i64,
    /// Seconds of video made.
    pub video_seconds: i64,
    /// Searches.
    pub searches: i64,
}

impl Pieces {
    /// `units`: `image@1024x1024/hd=2 character=70`.
    fn of(units: &str) -> Pieces {
        let mut pieces = Pieces::default();
        for (meter, quantity) in units.split(' ').filter_map(|it| it.split_once('=')) {
            let unit = meter.parse().map(|it: Meter| it.unit);
            let sum = match unit {
                Ok(Unit::Image) => &mut pieces.images,
                Ok(Unit::Character) => &mut pieces.characters,
                Ok(Unit::AudioSecond) => &mut pieces.audio_seconds,
                Ok(Unit::VideoSecond) => &mut pieces.video_seconds,
                Ok(Unit::Search) => &mut pieces.searches,
                _ => continue,
            };
            *sum = sum.saturating_add(quantity.parse().unwrap_or(0));
        }
        pieces
    }
}

pub(crate) fn as_text<S: Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(at)
}

/// Requests, the newest id first: in the order they arrived.
///
/// # Errors
/// [`StoreError::BadCursor`].
pub async fn list(tx: &mut Tx, filter: &UsageFilter) -> Result<Page<UsageRow>, StoreError> {
    let sql = if filter.key.is_some() { OF_KEY } else { OF_ALL };
    let micros = |at: Option<Timestamp>, open| at.map_or(open, Timestamp::as_micros);
    let (first, last) = ids(filter);
    let before = cursor(&filter.listing)?;
    let rows: Vec<Row> = on!(tx.conn, it => {
        sqlx::query_as(sql)
            .bind(filter.workspace.0)
            .bind(first)
            .bind(last)
            .bind(before)
            .bind(micros(filter.since, i64::MIN))
            .bind(micros(filter.until, i64::MAX))
            .bind(&filter.alias)
            .bind(filter.key.map(|id| id.0))
            .bind(filter.listing.fetch())
            .fetch_all(&mut *it)
            .await
    })?;
    let items = rows.into_iter().map(|row| row.noun(filter.workspace)).collect::<Result<_, _>>()?;
    Ok(filter.listing.page(items, |it: &UsageRow| it.request_id.0.simple().to_string()))
}

/// How far a request's id may be from its start. The id is made when the head has arrived, the
/// start is when the body was read; and a clock may be set in between.
const APART: i64 = 60 * 60 * 1_000_000;

/// The first and last id that a filter's times and request leave. Ids begin with their time, so
/// there is no other index by time: it would have to be kept for each request.
fn ids(filter: &UsageFilter) -> (Uuid, Uuid) {
    if let Some(id) = filter.request {
        return (id.0, id.0);
    }
    // The first 48 bits are milliseconds of Unix time (RFC 9562, section 5.7).
    const REST: u128 = (1 << 80) - 1;
    let millis = |at: Timestamp| at.as_micros().max(0).unsigned_abs() / 1_000;
    let head = |at: Timestamp| u128::from(millis(at).min((1 << 48) - 1)) << 80;
    let first = |at: Timestamp| Uuid::from_u128(head(at.plus_micros(-APART)));
    let last = |at: Timestamp| Uuid::from_u128(head(at.plus_micros(APART)) | REST);
    (filter.since.map_or(Uuid::nil(), first), filter.until.map_or(Uuid::max(), last))
}

fn cursor(listing: &Listing) -> Result<Uuid, StoreError> {
    let Some(text) = &listing.cursor else { return Ok(Uuid::max()) };
    Uuid::try_parse(text).map_err(|_| StoreError::BadCursor)
}

/// One request's row.
pub(crate) async fn row(
    tx: &mut Tx,
    workspace: WorkspaceId,
    request: RequestId,
) -> Result<Option<UsageRow>, StoreError> {
    let row: Option<Row> = on!(tx.conn, it => {
        sqlx::query_as(ONE).bind(workspace.0).bind(request.0).fetch_optional(&mut *it).await
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
    supply: Option<String>,
    quota_type: Option<String>,
    units: Option<String>,
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
            pieces: self.units.as_deref().map_or_else(Pieces::default, Pieces::of),
            cost_nanos: self.cost_nanos,
            usage_source: self.usage_source,
            attempts: self.attempts,
            total_ms: to_ms(self.total_us),
            first_token_ms: self.first_token_us.map(to_ms),
            tags: typed("usage row", self.tags)?,
            supply: self.supply,
            quota_type: self.quota_type,
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
            bench.append(std::slice::from_ref(&closed)).await.unwrap();
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
                 \"reasoning_tokens\":0,\"images\":0,\"characters\":0,\"audio_seconds\":0,\
                 \"video_seconds\":0,\"searches\":0,\"cost_nanos\":42,\"usage_source\":\"provider\",\
                 \"attempts\":1,\"total_ms\":1500,\"first_token_ms\":251,\"tags\":[\"blue\"],\
                 \"supply\":\"custom\",\"quota_type\":null}}",
                closed.identity.request
            );
            assert_eq!(shown, expected);
        })
        .await;
    }

    #[tokio::test]
    async fn images_of_every_size_and_quality_are_one_sum() {
        use wayleave_model::price::Line;
        each_engine(|bench| async move {
            let shop = bench.shop("main", "s").await;
            let mut closed = shop.closed(1);
            let line = |meter: &str, quantity| {
                let Meter { unit, variant } = meter.parse().unwrap();
                let cost = wayleave_model::NanoUsd::ZERO;
                Line { unit, variant, quantity, cost, unpriced: false }
            };
            closed.attempts[0].lines = vec![
                line("input", 100),
                line("image@hd", 2),
                line("image@1024x1024/low", 3),
                line("video_second@720x1280", 8),
                line("character", 70),
                line("audio_second", 6),
                line("search", 1),
            ];
            bench.append(std::slice::from_ref(&closed)).await.unwrap();
            let mut tx = bench.store.read().await.unwrap();
            let page = list(&mut tx, &UsageFilter::all(shop.workspace)).await.unwrap();
            let (audio_seconds, video_seconds) = (6, 8);
            let (images, characters, searches) = (5, 70, 1);
            let pieces = Pieces { images, characters, audio_seconds, video_seconds, searches };
            assert_eq!(page.items[0].pieces, pieces);
            let receipt = receipt(&mut tx, shop.workspace, closed.identity.request).await.unwrap();
            let lines = &receipt.unwrap().attempts[0].lines;
            let units: Vec<&str> = lines.iter().map(|it| it.unit.as_str()).collect();
            assert!(units.contains(&"image@1024x1024/low"), "{units:?}");
        })
        .await;
    }

    async fn listed(tx: &mut Tx, filter: &UsageFilter) -> Vec<RequestId> {
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
            bench.append(&batch).await.unwrap();
            let mut tx = bench.store.read().await.unwrap();
            let tx = &mut tx;
            assert_eq!(listed(tx, &of(&shop)).await, [c, b, a]);
            let key = Some(shop.key.id);
            assert_eq!(listed(tx, &UsageFilter { key, ..of(&shop) }).await, [c, a]);
            let alias = Some("slow".to_owned());
            assert_eq!(listed(tx, &UsageFilter { alias, key, ..of(&shop) }).await, [c]);
            let request = Some(b);
            assert_eq!(listed(tx, &UsageFilter { request, ..of(&shop) }).await, [b]);
            let (since, until) = (Some(NOON.plus_micros(1)), Some(NOON.plus_micros(2)));
            assert_eq!(listed(tx, &UsageFilter { since, until, ..of(&shop) }).await, [b]);
        })
        .await;
    }

    #[tokio::test]
    async fn pages_are_complete_when_requests_begin_at_once() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "s").await;
            let batch: Vec<Closed> = (0..9).map(|at| shop.closed(at / 4)).collect();
            bench.append(&batch).await.unwrap();
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

    #[tokio::test]
    async fn a_request_that_was_long_in_coming_is_found_by_its_start() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "s").await;
            let late = NOON.plus_micros(50 * 60 * 1_000_000);
            let mut slow = shop.closed(0);
            slow.identity.started_at = late;
            bench.append(&[slow.clone(), shop.closed(1)]).await.unwrap();
            let mut tx = bench.store.read().await.unwrap();
            let (since, until) = (Some(late), Some(late.plus_micros(1)));
            let found = listed(&mut tx, &UsageFilter { since, until, ..of(&shop) }).await;
            assert_eq!(found, [slow.identity.request]);
            let until = Some(Timestamp::from_micros(i64::MAX));
            let all = UsageFilter { since: Some(Timestamp::from_micros(-1)), until, ..of(&shop) };
            assert_eq!(listed(&mut tx, &all).await.len(), 2);
        })
        .await;
    }

    #[tokio::test]
    async fn sqlite_lists_a_key_by_its_index() {
        each_engine(|bench| async move {
            let mut tx = bench.store.read().await.unwrap();
            let crate::db::Conn::Sqlite(open) = &mut tx.conn else { return };
            let sql = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {OF_KEY}"));
            let plan: Vec<(i64, i64, i64, String)> =
                sqlx::query_as(sql).fetch_all(&mut **open).await.unwrap();
            let first = &plan[0].3;
            let wanted = "COVERING INDEX usage_requests_key (workspace_id=? AND key_id=?";
            assert!(first.contains(wanted), "{first}");
        })
        .await;
    }
}

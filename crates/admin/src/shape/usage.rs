//! Rows and receipts of usage.

use utoipa::ToSchema;

/// One request, by the names things had at the time: tokens, cost, timing, outcome.
#[derive(ToSchema)]
pub(crate) struct UsageRow {
    /// The request, `req_…`.
    request_id: String,
    /// When it was admitted.
    #[schema(format = DateTime)]
    started_at: String,
    /// The workspace's name today.
    workspace: String,
    /// The key's name.
    key: String,
    /// Which of its secrets was presented.
    key_version: i64,
    /// Whose key it was.
    owner: String,
    environment: String,
    /// The public name that was asked for.
    alias: String,
    /// The provider of the last attempt.
    provider: Option<String>,
    /// The model of the last attempt.
    model: Option<String>,
    /// The path it came in by.
    surface: String,
    /// What was wanted, like `chat`.
    operation: String,
    /// The status the client was sent.
    status: i64,
    error_code: Option<String>,
    /// How the answer's body ended.
    stream_end: String,
    /// Of the whole prompt, over all attempts.
    input_tokens: i64,
    /// Of the whole answer, over all attempts.
    output_tokens: i64,
    /// Of the prompt: read from a cache.
    cached_tokens: i64,
    /// Of the prompt: written to a cache.
    cache_write_tokens: i64,
    /// Of the answer: reasoning.
    reasoning_tokens: i64,
    /// Images made, of every size and quality.
    images: i64,
    /// Characters spoken.
    characters: i64,
    /// Seconds of audio heard or made.
    audio_seconds: i64,
    /// Seconds of video made.
    video_seconds: i64,
    /// Searches, as vendors of rerankers count them.
    searches: i64,
    /// Billionths of a US dollar.
    cost_nanos: i64,
    /// `provider`, `counted`, `estimated` or `none`: where the figures come from.
    usage_source: String,
    /// How many upstream calls were made.
    attempts: i64,
    /// From admission to the end, milliseconds.
    total_ms: i64,
    /// From admission to the first piece of the answer, milliseconds.
    first_token_ms: Option<i64>,
    /// The key's tags.
    tags: Vec<String>,
    /// Whose credential answered: `system` or `custom`; `null`: nobody's.
    supply: Option<String>,
    /// What the quota of the operator's is for: `paid`, `free` or `trial`.
    quota_type: Option<String>,
}

/// Everything about one request: attempts, usage, prices, costs by unit.
#[derive(ToSchema)]
pub(crate) struct Receipt {
    request: UsageRow,
    key_id: String,
    /// `null`: there was none of that name.
    alias_id: Option<String>,
    /// The version of the route that chose the targets.
    route_version_id: Option<String>,
    /// The id of the process that served it.
    node: String,
    /// The configuration that it saw.
    revision: i64,
    /// The client program.
    client: Option<String>,
    /// The client's own request id.
    client_request_id: Option<String>,
    trace_id: Option<String>,
    /// It looks like the check of a model that a client makes when somebody saves it there.
    probe: bool,
    asked: Asked,
    /// Our own share of the time, microseconds.
    overhead_us: i64,
    /// Changes made to the request for its target.
    edits: Vec<String>,
    /// Changes made to a broken answer for its client.
    repairs: Vec<String>,
    /// What the target's dialect could not carry.
    losses: Vec<String>,
    cache_hit: bool,
    /// Each upstream call, in order.
    attempts: Vec<AttemptRow>,
}

/// What the client asked, in figures and flags; a flag that is absent is false.
#[derive(ToSchema)]
pub(crate) struct Asked {
    stream: Option<bool>,
    tools: Option<bool>,
    vision: Option<bool>,
    json_schema: Option<bool>,
    reasoning: Option<bool>,
    /// Of the request's body.
    bytes: u64,
    /// Tokens of the prompt, estimated from its bytes.
    estimated_input: u64,
}

/// One upstream call.
#[derive(ToSchema)]
pub(crate) struct AttemptRow {
    /// 1, 2, 3 … within the request.
    n: i64,
    #[schema(format = DateTime)]
    started_at: String,
    provider: String,
    model: String,
    /// `null`: it is the operator's.
    credential_id: Option<String>,
    /// Whose it is: `system` or `custom`.
    supply: Option<String>,
    /// What the quota of the operator's is for: `paid`, `free` or `trial`.
    quota_type: Option<String>,
    /// The prices that it was rated with.
    price_version_id: Option<String>,
    /// The most that it could have cost.
    max_cost_nanos: i64,
    total_us: i64,
    /// To the answer's head.
    first_byte_us: Option<i64>,
    /// To the first piece of the answer.
    first_token_us: Option<i64>,
    /// The provider's status.
    status: Option<i64>,
    /// `ok`, or an error code.
    verdict: String,
    /// The provider's own id of the call.
    upstream_request_id: Option<String>,
    usage: Tokens,
    usage_source: String,
    /// The sum of its lines.
    cost_nanos: i64,
    lines: Vec<LineRow>,
}

/// What one call consumed: the tokens `input` and `output` hold the other tokens. What is not
/// counted in tokens is absent where there is none.
#[derive(ToSchema)]
pub(crate) struct Tokens {
    input: u64,
    cached: u64,
    cache_write: u64,
    cache_write_1h: u64,
    audio_input: u64,
    output: u64,
    reasoning: u64,
    audio_output: u64,
    /// Of the prompt: images.
    #[schema(required = false)]
    image_input: u64,
    /// Of the answer: images.
    #[schema(required = false)]
    image_output: u64,
    /// Images made.
    #[schema(required = false)]
    images: u64,
    /// Characters spoken.
    #[schema(required = false)]
    characters: u64,
    /// Seconds of audio heard or made.
    #[schema(required = false)]
    audio_seconds: u64,
    /// Seconds of video made.
    #[schema(required = false)]
    video_seconds: u64,
    /// Searches.
    #[schema(required = false)]
    searches: u64,
    /// Which images or video, as `1024x1536`, `high` or `1024x1536/high`.
    #[schema(required = false)]
    variant: String,
}

/// One unit of a receipt.
#[derive(ToSchema)]
pub(crate) struct LineRow {
    /// Like `input`; of images and seconds of video also of a size or quality: `image@1024x1024/hd`.
    unit: String,
    quantity: i64,
    cost_nanos: i64,
    price_version_id: Option<String>,
    /// It took the dearest price of its side, or of its variants, for want of its own.
    unpriced: bool,
}

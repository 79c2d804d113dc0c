//! Facts and prices of models, policies of routes, settings of workspaces.

use std::collections::BTreeMap;

use utoipa::ToSchema;

/// What is known of a model's limits and abilities. What is absent is unknown.
#[derive(ToSchema)]
#[schema(as = ModelFacts)]
#[serde(deny_unknown_fields)]
pub(crate) struct Facts {
    /// Tokens of prompt and answer together.
    context_window: Option<u64>,
    /// The most tokens of an answer.
    max_output: Option<u64>,
    /// The fewest tokens that an answer may be limited to.
    min_output: Option<u64>,
    /// `max_tokens` or `max_completion_tokens`: how the limit of an answer is named.
    token_limit: Option<String>,
    /// Fields that the provider refuses for this model, as paths.
    #[schema(required = false)]
    refuses: Vec<String>,
    /// Tools may be offered.
    tools: Option<bool>,
    /// Images may be in the prompt.
    vision: Option<bool>,
    /// A JSON schema can be demanded.
    json_schema: Option<bool>,
    /// How reasoning is asked for.
    reasoning: Option<String>,
    /// At which families of endpoints it is served, like `chat` or `responses`.
    #[schema(required = false)]
    families: Vec<String>,
    /// One answer may call several tools.
    parallel_tools: Option<bool>,
    /// Audio may be in the prompt.
    audio_input: Option<bool>,
    /// The answer can be audio.
    audio_output: Option<bool>,
    /// Files may be in the prompt.
    files: Option<bool>,
    /// The provider can cache parts of a prompt.
    prompt_caching: Option<bool>,
    /// There is a role `developer`.
    developer_role: Option<bool>,
    /// How a seed is named: `seed` or `random_seed`.
    seed_field: Option<String>,
    /// The word that demands a tool: `required` or `any`.
    tool_choice_required: Option<String>,
    /// In which field of an answer its reasoning stands.
    reasoning_field: Option<String>,
    /// In which field earlier reasoning is sent back.
    reasoning_back: Option<String>,
    /// Tools whose input is free text may be offered.
    custom_tools: Option<bool>,
    /// Most inputs of one call that makes vectors, or documents of one that ranks.
    max_batch: Option<u64>,
    /// The voices it speaks with.
    #[schema(required = false)]
    voices: Vec<String>,
    /// Most characters it speaks at a time.
    max_characters: Option<u64>,
}

/// Dollars by unit, as decimal strings: per million tokens or characters, else per piece; or the word
/// `catalog`. Images and seconds of video may be priced by size and quality: `image@1024x1024/hd`,
/// `image@hd`, `video_second@720x1280`.
#[derive(ToSchema)]
#[schema(example = json!({"input": "0.15", "output": "0.60"}))]
#[serde(untagged)]
pub(crate) enum Price {
    Listed(BTreeMap<String, String>),
    Word(PriceWord),
}

/// Where the price is taken from.
#[derive(ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PriceWord {
    Catalog,
}

/// How requests over a route behave.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Policy {
    /// What `model` says in answers.
    #[schema(required = false)]
    answer_model: AnswerModel,
    /// What becomes of a stream whose client has gone.
    #[schema(required = false)]
    client_gone: ClientGone,
    /// Upstream timers.
    #[schema(required = false)]
    timeouts: Timeouts,
    /// What becomes of a request that a target's dialect cannot carry whole.
    #[schema(required = false)]
    losses: PolicyLosses,
}

/// The provider's own name, or the one that the client asked for.
#[derive(ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AnswerModel {
    Provider,
    Alias,
}

/// Cancelled upstream, or read to its end.
#[derive(ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ClientGone {
    Cancel,
    Drain,
}

/// It goes with a warning, or is refused.
#[derive(ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PolicyLosses {
    Warn,
    Refuse,
}

/// Milliseconds; absent: the server's own.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Timeouts {
    /// From the request's last byte to the answer's head.
    first_byte_ms: Option<u64>,
    /// To the first piece of the answer.
    first_token_ms: Option<u64>,
    /// Between two pieces.
    idle_ms: Option<u64>,
}

/// What editors may do with keys and aliases; absent or `null`: not limited.
#[derive(ToSchema)]
#[schema(example = json!({"environments": ["test"], "key_days": 90}))]
#[serde(deny_unknown_fields)]
pub(crate) struct EditorLimits {
    /// Environments of the keys that they may make, change, rotate, revoke and remove.
    environments: Option<Vec<String>>,
    /// Within how many days the keys that they make or change must expire.
    #[schema(minimum = 1, maximum = 3650)]
    key_days: Option<u16>,
    /// `provider/model`: what aliases that they make or change may lead to. There need not be one of
    /// that name.
    models: Option<Vec<String>>,
    /// The keys that they make must name their aliases: none is for all.
    #[schema(required = false)]
    aliases_per_key: bool,
}

/// Responses of providers that keep none are kept here.
#[derive(ToSchema)]
#[schema(example = json!({"days": 30}))]
#[serde(deny_unknown_fields)]
pub(crate) struct KeepResponses {
    /// Whole days; 30 if absent.
    #[schema(minimum = 1, maximum = 365, required = false)]
    days: u16,
}

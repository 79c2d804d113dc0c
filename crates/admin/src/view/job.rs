//! A job as people see it: who asked whom for what, how it stands, what it costs.

use serde::Serialize;
use utoipa::ToSchema;
use wayleave_model::job::Job;

/// A video that a provider makes, or made. No prompt, no film.
#[derive(Debug, Serialize, ToSchema)]
#[schema(title = "Job")]
pub(crate) struct JobView {
    /// What clients know it by, `video_…`.
    pub(crate) id: String,
    /// `accepted` (being sent), `submitted`, `running`, `completed`, `failed`, `cancelled`, or `orphaned`:
    /// the process or the connection ended while it was being sent; it is never sent again.
    pub(crate) state: String,
    /// Percent, as far as the provider says.
    pub(crate) progress: u8,
    /// The key's name at the time.
    pub(crate) key: String,
    /// Whose key it was: the one that sees it.
    pub(crate) owner: String,
    /// The public name that was asked for.
    pub(crate) alias: String,
    /// The path it came in by.
    pub(crate) surface: String,
    /// The provider.
    pub(crate) provider: String,
    /// The provider's name for the model.
    pub(crate) model: String,
    /// The grammar it was asked in.
    pub(crate) grammar: String,
    /// The provider's own id of it; `null`: not told.
    pub(crate) vendor_id: Option<String>,
    /// Seconds of video, made or asked for.
    pub(crate) seconds: u64,
    /// Width and height, like `1280x720`, where they are known.
    pub(crate) size: Option<String>,
    /// Why there is no video.
    pub(crate) error: Option<JobErrorView>,
    /// The usage row of the request that made it, `req_…`.
    pub(crate) request_id: String,
    /// The usage row that it is paid with, once it ended.
    pub(crate) settlement_id: Option<String>,
    /// Nothing more is owed for it.
    pub(crate) settled: bool,
    /// Billionths of a US dollar, once it is settled.
    pub(crate) cost_nanos: Option<i64>,
    /// The most it can cost, billionths of a US dollar.
    pub(crate) max_cost_nanos: i64,
    /// The job it was made from.
    pub(crate) remixed_from: Option<String>,
    /// The node that looks after it just now.
    pub(crate) node: Option<String>,
    /// When somebody looks after it next.
    #[schema(format = DateTime)]
    pub(crate) due_at: Option<String>,
    #[schema(format = DateTime)]
    pub(crate) created_at: String,
    #[schema(format = DateTime)]
    pub(crate) updated_at: String,
    /// When it ended.
    #[schema(format = DateTime)]
    pub(crate) completed_at: Option<String>,
    /// When its content is gone.
    #[schema(format = DateTime)]
    pub(crate) expires_at: Option<String>,
    /// When its client deleted it.
    #[schema(format = DateTime)]
    pub(crate) deleted_at: Option<String>,
}

/// Why a job came to nothing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(title = "JobError")]
pub(crate) struct JobErrorView {
    pub(crate) code: String,
    pub(crate) message: String,
}

impl From<&Job> for JobView {
    fn from(it: &Job) -> JobView {
        let (origin, news) = (&it.origin, &it.news);
        let text = |it: &dyn ToString| it.to_string();
        JobView {
            id: it.id.to_string(),
            state: it.state.as_str().to_owned(),
            progress: news.progress,
            key: origin.caller.key_name.clone(),
            owner: origin.caller.owner_name.clone(),
            alias: origin.alias.clone(),
            surface: origin.surface.to_string(),
            provider: origin.target.provider_name.clone(),
            model: origin.target.model_name.clone(),
            grammar: origin.grammar.to_string(),
            vendor_id: it.vendor_id.clone(),
            seconds: news.seconds.unwrap_or(origin.seconds),
            size: news.size.clone().or_else(|| origin.size.clone()),
            error: news
                .error
                .as_ref()
                .map(|it| JobErrorView { code: it.code.clone(), message: it.message.clone() }),
            request_id: origin.request.to_string(),
            settlement_id: news.settlement.map(|it| text(&it)),
            settled: it.settled,
            cost_nanos: news.cost.map(|it| it.0),
            max_cost_nanos: origin.max_cost.0,
            remixed_from: origin.remixed_from.map(|it| text(&it)),
            node: it.lease.map(|(node, _)| text(&node)),
            due_at: it.due_at.map(|it| text(&it)),
            created_at: it.created_at.to_string(),
            updated_at: it.updated_at.to_string(),
            completed_at: news.completed_at.map(|it| text(&it)),
            expires_at: news.expires_at.map(|it| text(&it)),
            deleted_at: it.deleted_at.map(|it| text(&it)),
        }
    }
}

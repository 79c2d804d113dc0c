//! Jobs: calls that a provider answers later (videos), from before they are sent until they are paid.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::id::{AliasId, JobId, NodeId, RequestId, RouteVersionId, WorkspaceId};
use crate::money::NanoUsd;
use crate::price::PriceVersion;
use crate::record::{Caller, TargetLabel};
use crate::time::Timestamp;
use crate::usage::{Usage, UsageSource};

/// A job. Its row is committed before the provider is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Job {
    /// The tenant.
    pub workspace: WorkspaceId,
    /// What clients know it by.
    pub id: JobId,
    /// Where it stands.
    pub state: JobState,
    /// What was asked, by whom, of whom.
    pub origin: JobOrigin,
    /// The provider's own id of it; `None`: not told yet, or never.
    pub vendor_id: Option<String>,
    /// What the provider last said.
    pub news: JobNews,
    /// It is paid, or nothing is owed. Never taken back.
    pub settled: bool,
    /// When somebody must look after it next; `None`: nothing is left to do.
    pub due_at: Option<Timestamp>,
    /// Which node looks after it, and until when that holds.
    pub lease: Option<(NodeId, Timestamp)>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When its client deleted it: from then on clients do not see it.
    pub deleted_at: Option<Timestamp>,
}

/// What was asked. Fixed when the provider took it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobOrigin {
    /// The key's part.
    pub caller: Arc<Caller>,
    /// The request that made it.
    pub request: RequestId,
    /// The path it came in by.
    pub surface: Cow<'static, str>,
    /// The public name that was asked for.
    pub alias: String,
    /// The alias.
    pub alias_id: AliasId,
    /// The route version that chose the target.
    pub route: RouteVersionId,
    /// Who was asked, as rows name it.
    pub target: Arc<TargetLabel>,
    /// What it is rated with.
    pub price: PriceVersion,
    /// In which grammar it was asked.
    pub grammar: Cow<'static, str>,
    /// The most it can cost.
    pub max_cost: NanoUsd,
    /// Seconds of video that were asked for, or that the provider makes unasked.
    pub seconds: u64,
    /// Width and height as asked, like `1280x720`; `None`: the provider's own choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
    /// SHA-256 of what was asked, in hex: two requests with the same one asked the same.
    pub digest: String,
    /// The job this one was made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remixed_from: Option<JobId>,
}

/// What a provider said of a job, and what followed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JobNews {
    /// Percent, as far as the provider says.
    pub progress: u8,
    /// How often the provider was asked.
    pub polls: u32,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Timestamp>,
    /// When its content is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Seconds of the video that was made, where the provider says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
    /// Its size, where the provider says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<JobError>,
    /// What was consumed, once it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// Who says so.
    #[serde(skip_serializing_if = "is_none")]
    pub usage_source: UsageSource,
    /// The usage row that settles it: chosen once, with the end, so that settling again is the same
    /// row again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settlement: Option<RequestId>,
    /// What that row costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<NanoUsd>,
}

fn is_none(source: &UsageSource) -> bool {
    *source == UsageSource::None
}

/// Why a job came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobError {
    /// A code.
    pub code: String,
    /// A sentence.
    pub message: String,
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// It is being sent: nobody knows the provider's id of it yet.
    Accepted,
    /// The provider took it.
    Submitted,
    /// The provider works on it.
    Running,
    /// The video is there.
    Completed,
    /// The provider gave up, or we did.
    Failed,
    /// Its client stopped it.
    Cancelled,
    /// The process ended, or the connection, while it was being sent: whether the provider has it
    /// nobody knows. It is never sent again.
    Orphaned,
}

impl JobState {
    /// Every state.
    pub const ALL: [JobState; 7] = [
        JobState::Accepted,
        JobState::Submitted,
        JobState::Running,
        JobState::Completed,
        JobState::Failed,
        JobState::Cancelled,
        JobState::Orphaned,
    ];

    /// The word in SQL, in JSON and in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            JobState::Accepted => "accepted",
            JobState::Submitted => "submitted",
            JobState::Running => "running",
            JobState::Completed => "completed",
            JobState::Failed => "failed",
            JobState::Cancelled => "cancelled",
            JobState::Orphaned => "orphaned",
        }
    }

    /// The state of that name.
    pub fn parse(name: &str) -> Option<JobState> {
        JobState::ALL.into_iter().find(|it| it.as_str() == name)
    }

    /// Whether it stays so.
    pub const fn ended(self) -> bool {
        !matches!(self, JobState::Accepted | JobState::Submitted | JobState::Running)
    }
}

impl Job {
    /// Whether its content is gone by `now`.
    pub fn expired(&self, now: Timestamp) -> bool {
        self.state == JobState::Completed && self.news.expires_at.is_some_and(|it| it <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_read_as_it_is_written() {
        for state in JobState::ALL {
            assert_eq!(JobState::parse(state.as_str()), Some(state));
            let json = serde_json::to_string(&state).expect("JSON");
            assert_eq!(json, format!("\"{}\"", state.as_str()));
        }
        assert_eq!(JobState::parse("expired"), None);
        assert!(JobState::Orphaned.ended() && !JobState::Accepted.ended());
    }

    #[test]
    fn news_of_an_older_version_are_read() {
        let news: JobNews = serde_json::from_str("{}").expect("news");
        assert_eq!(news, JobNews::default());
        assert_eq!(serde_json::to_string(&news).expect("JSON"), r#"{"progress":0,"polls":0}"#);
    }
}

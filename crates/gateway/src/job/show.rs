//! A job as its client sees it.

use wayleave_dialect::task::video::{Shown, Status};
use wayleave_model::Timestamp;
use wayleave_model::job::{Job, JobState};

/// What clients are told of `job`. `public_url`: where they reach the gateway.
pub(super) fn shown(job: &Job, public_url: &str) -> Shown {
    let (origin, news) = (&job.origin, &job.news);
    let status = match job.state {
        JobState::Accepted | JobState::Submitted => Status::Queued,
        JobState::Running => Status::Running,
        JobState::Completed => Status::Completed,
        JobState::Cancelled => Status::Cancelled,
        JobState::Failed | JobState::Orphaned => Status::Failed,
    };
    let error = news.error.as_ref().map(|it| (it.code.clone(), it.message.clone()));
    Shown {
        id: job.id.to_string(),
        model: origin.alias.clone(),
        status,
        progress: news.progress,
        created_at: job.created_at.as_seconds(),
        completed_at: news.completed_at.map(Timestamp::as_seconds),
        expires_at: news.expires_at.map(Timestamp::as_seconds),
        seconds: news.seconds.unwrap_or(origin.seconds),
        size: news.size.clone().or_else(|| origin.size.clone()),
        error: error.or_else(|| own_error(job.state)),
        remixed_from: origin.remixed_from.map(|id| id.to_string()),
        url: Some(format!("{public_url}/v1/videos/{}/content", job.id)),
    }
}

/// Why there is no film, where nobody else said it.
fn own_error(state: JobState) -> Option<(String, String)> {
    let (code, message) = match state {
        JobState::Orphaned => (
            "orphaned",
            "the gateway or the connection ended while this was being sent: whether the provider makes it is not known, and it is not sent again",
        ),
        JobState::Cancelled => ("cancelled", "it was stopped"),
        JobState::Failed => ("video_failed", "the provider gave no reason"),
        _ => return None,
    };
    Some((code.to_owned(), message.to_owned()))
}

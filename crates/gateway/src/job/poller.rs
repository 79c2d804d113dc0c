//! The one task of a node that looks after jobs: claims those that are due, asks their providers,
//! and settles what ended.
//!
//! Nodes share the work by leases: a job is one node's until its lease is over, renewed while the
//! node works on it. A node that dies leaves its jobs to the others; one that was slow finds that
//! its word counts no more.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use wayleave_dialect::task::video::{self, Status, Vendor, VideoState};
use wayleave_model::Timestamp;
use wayleave_model::id::RequestId;
use wayleave_model::job::{Job, JobError, JobNews, JobState};
use wayleave_model::usage::UsageSource;
use wayleave_store::jobs::JobStep;
use wayleave_store::{Store, StoreError};

use super::remote::Remote;
use super::settle;
use crate::gateway::Gateway;

/// How often the node looks for jobs that are due.
const LOOK: Duration = Duration::from_secs(1);
/// How often jobs are counted, and orphans and old ones looked for.
const TIDY: Duration = Duration::from_secs(15);
/// Jobs that a node looks after at a time.
const MOST: usize = 64;
/// How long a claim holds, and after which part of it it is renewed.
const LEASE: Duration = Duration::from_secs(60);
const RENEW: Duration = Duration::from_secs(20);
/// Pauses between two questions about one job: from the first to the longest.
const PAUSES: (i64, i64) = (2_000_000, 15_000_000);
/// How long a provider may work on a job, or be away.
const PATIENCE: i64 = 24 * 60 * 60 * 1_000_000;
/// How soon a job is looked at again whose credential serves nothing now.
const GONE: i64 = 60_000_000;

/// Looks after jobs.
pub struct Poller {
    gateway: Arc<Gateway>,
    store: Store,
}

impl Poller {
    /// For the jobs in `store`. Before the node takes requests: what an earlier run of it was
    /// sending is orphaned, what it looked after is let go.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn begin(gateway: Arc<Gateway>, store: Store) -> Result<Poller, StoreError> {
        let now = gateway.recorder.clock.now();
        let orphans = store.orphan_jobs(now, Some(gateway.node)).await?;
        if orphans > 0 {
            tracing::warn!(
                orphans,
                "an earlier run ended while it sent jobs: whether their providers have them is not known"
            );
        }
        store.release_jobs(gateway.node).await?;
        Ok(Poller { gateway, store })
    }

    /// Runs until `stop`. What is being asked then is asked again by whoever comes next.
    pub async fn run(self, stop: CancellationToken) {
        let work = async { tokio::join!(self.turns(), self.tidy()) };
        tokio::select! {
            () = stop.cancelled() => {}
            _ = work => {}
        }
        // Others need not wait until the leases are over.
        if let Err(err) = self.store.release_jobs(self.gateway.node).await {
            tracing::debug!(%err, "jobs are let go when their leases are over");
        }
    }

    /// Claims what is due, as long as there is room, and looks after it: who is slow holds up nobody.
    async fn turns(&self) {
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut held = FuturesUnordered::new();
        loop {
            tokio::select! {
                _ = look.tick() => {
                    let room = MOST.saturating_sub(held.len());
                    match self.claimed(room).await {
                        Ok(jobs) => held.extend(jobs.into_iter().map(|job| self.look_after(job))),
                        Err(err) => tracing::debug!(%err, "jobs are looked after later"),
                    }
                }
                Some(()) = held.next(), if !held.is_empty() => {}
            }
        }
    }

    async fn claimed(&self, room: usize) -> Result<Vec<Job>, StoreError> {
        if room == 0 {
            return Ok(Vec::new());
        }
        let now = self.gateway.recorder.clock.now();
        let most = u32::try_from(room).unwrap_or(u32::MAX);
        self.store.claim_jobs(self.gateway.node, (now, after(now, LEASE)), most).await
    }

    /// Looks after one job while its lease is renewed; lets go of it when the lease is lost.
    async fn look_after(&self, job: Job) {
        let it = (job.workspace, job.id);
        let renew = async {
            loop {
                tokio::time::sleep(RENEW).await;
                let until = after(self.gateway.recorder.clock.now(), LEASE);
                match self.store.renew_job(it, self.gateway.node, until).await {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(err) => tracing::debug!(%err, "a job's lease is renewed later"),
                }
            }
        };
        let step = tokio::select! {
            step = self.step(&job) => step,
            () = renew => return,
        };
        let now = self.gateway.recorder.clock.now();
        match self.store.step_job(it, self.gateway.node, &step, now).await {
            Ok(true) => {}
            Ok(false) => tracing::info!(id = %job.id, "a job was another's meanwhile"),
            Err(err) => tracing::warn!(id = %job.id, %err, "a job's news are written later"),
        }
    }

    async fn step(&self, job: &Job) -> JobStep {
        if job.state.ended() { self.settled(job).await } else { self.asked(job).await }
    }

    /// Asks its provider.
    async fn asked(&self, job: &Job) -> JobStep {
        let now = self.gateway.recorder.clock.now();
        let remote = {
            let world = self.gateway.world.load();
            world.tenant(job.workspace).and_then(|tenant| Remote::of(tenant, job))
        };
        let old = now.as_micros().saturating_sub(job.created_at.as_micros()) > PATIENCE;
        let Some(remote) = remote else {
            let why = "the credential that it was made with serves nothing any more";
            return if old { failed(job, "video_gone", why, now) } else { later(job, now, GONE) };
        };
        match remote.state(&self.gateway).await {
            Ok(state) => {
                let now = self.gateway.recorder.clock.now();
                let step = after_word(job, &state, now);
                if old && !step.state.ended() {
                    return failed(job, "video_expired", "it was not made within a day", now);
                }
                step
            }
            Err((_, Some(404 | 410))) => {
                failed(job, "video_not_found", "its provider no longer knows it", now)
            }
            Err((gone_wrong, _)) => {
                let refusal = &gone_wrong.refusal;
                tracing::debug!(id = %job.id, code = %refusal.code, "a job's provider did not say how it stands");
                if old {
                    failed(job, &refusal.code, &refusal.message, now)
                } else {
                    later(job, now, 0)
                }
            }
        }
    }

    /// Writes what it costs. The row is in the database before the job is called settled; written
    /// twice it is the same row, so that it costs once.
    async fn settled(&self, job: &Job) -> JobStep {
        let now = self.gateway.recorder.clock.now();
        let revision = self.gateway.world.load().revision;
        let mut news = job.news.clone();
        if let Some(closed) = settle::closed(job, self.gateway.node, revision) {
            news.cost = Some(closed.cost());
            let closed = Arc::new(closed);
            match self.store.append(std::slice::from_ref(&closed)).await {
                Ok(done) if done.stored > 0 => self.gateway.recorder.noted(&closed),
                Ok(_) => {}
                Err(err) => {
                    tracing::warn!(id = %job.id, %err, "a job is settled later");
                    return later(job, now, PAUSES.1);
                }
            }
        }
        JobStep { state: job.state, news, settled: true, due_at: None }
    }

    async fn tidy(&self) {
        let mut due = tokio::time::interval(TIDY);
        loop {
            due.tick().await;
            let now = self.gateway.recorder.clock.now();
            if let Err(err) = self.store.orphan_jobs(now, None).await {
                tracing::debug!(%err, "orphaned jobs are looked for later");
                continue;
            }
            while matches!(self.store.sweep_jobs(now).await, Ok(500..)) {}
            if let Ok(counts) = self.store.count_jobs().await {
                self.gateway.recorder.metrics.jobs(&counts);
            }
        }
    }
}

/// What is noted when a provider takes a job.
pub(super) fn first(job: &Job, state: &VideoState, now: Timestamp) -> JobStep {
    let step = after_word(job, state, now);
    match step.state {
        JobState::Running if state.status == Status::Queued => {
            JobStep { state: JobState::Submitted, ..step }
        }
        _ => step,
    }
}

/// What follows from a provider's word.
fn after_word(job: &Job, state: &VideoState, now: Timestamp) -> JobStep {
    let mut news = JobNews { polls: job.news.polls.saturating_add(1), ..job.news.clone() };
    if let Some(progress) = state.progress {
        news.progress = progress.max(news.progress);
    }
    news.seconds = state.seconds.or(news.seconds);
    news.size = state.size.clone().or(news.size);
    let stands = match state.status {
        Status::Queued => JobState::Submitted,
        Status::Running => JobState::Running,
        Status::Completed => JobState::Completed,
        Status::Failed => JobState::Failed,
        Status::Cancelled => JobState::Cancelled,
    };
    if !stands.ended() {
        let due_at = Some(now.plus_micros(pause(news.polls)));
        return JobStep { state: stands, news, settled: false, due_at };
    }
    news.completed_at = Some(now);
    let error = |(code, message): &(String, String)| JobError {
        code: code.chars().take(64).collect(),
        message: message.chars().take(1_000).collect(),
    };
    news.error = state.error.as_ref().map(error);
    if stands != JobState::Completed {
        return JobStep { state: stands, news, settled: true, due_at: None };
    }
    news.progress = 100;
    let told = state.expires_at.map(|at| Timestamp::from_micros(at.saturating_mul(1_000_000)));
    let kept = Vendor::parse(&job.origin.grammar).and_then(Vendor::kept_seconds);
    news.expires_at = told.or(kept.map(|seconds| now.plus_micros(seconds * 1_000_000)));
    let seconds = news.seconds.unwrap_or(job.origin.seconds);
    let size = news.size.as_deref().or(job.origin.size.as_deref());
    news.usage = Some(video::usage(seconds, size));
    news.usage_source = match state.seconds {
        Some(_) => UsageSource::Provider,
        None => UsageSource::Counted,
    };
    news.settlement = Some(RequestId::new(now));
    JobStep { state: stands, news, settled: false, due_at: Some(now) }
}

/// It is looked at again, after `micros` or as its turn comes.
fn later(job: &Job, now: Timestamp, micros: i64) -> JobStep {
    let news = JobNews { polls: job.news.polls.saturating_add(1), ..job.news.clone() };
    let due_at = Some(now.plus_micros(micros.max(pause(news.polls))));
    JobStep { state: job.state, news, settled: false, due_at }
}

fn failed(job: &Job, code: &str, message: &str, now: Timestamp) -> JobStep {
    let error = Some(JobError { code: code.to_owned(), message: message.to_owned() });
    let news = JobNews { error, completed_at: Some(now), ..job.news.clone() };
    JobStep { state: JobState::Failed, news, settled: true, due_at: None }
}

/// Half as long again each time.
fn pause(polls: u32) -> i64 {
    let mut pause = PAUSES.0;
    for _ in 1..polls.min(16) {
        pause = pause * 3 / 2;
    }
    pause.min(PAUSES.1)
}

fn after(now: Timestamp, span: Duration) -> Timestamp {
    now.plus_micros(i64::try_from(span.as_micros()).unwrap_or(i64::MAX / 2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::testing::job;
    use crate::testing::NOON;

    fn state(status: Status) -> VideoState {
        VideoState { id: "vendor_1".into(), status, ..VideoState::default() }
    }

    #[test]
    fn what_goes_on_is_asked_for_again_and_its_progress_never_goes_back() {
        let mut job = job();
        let told = VideoState { progress: Some(60), ..state(Status::Running) };
        let step = after_word(&job, &told, NOON);
        assert_eq!((step.state, step.settled), (JobState::Running, false));
        assert_eq!(step.due_at, Some(NOON.plus_micros(PAUSES.0)));
        job.news = step.news;
        let step = after_word(&job, &VideoState { progress: Some(10), ..told }, NOON);
        assert_eq!((step.news.progress, step.news.polls), (60, 2));
    }

    #[test]
    fn an_end_is_written_with_what_it_consumed_and_settled_later() {
        let told =
            VideoState { seconds: Some(12), expires_at: Some(99), ..state(Status::Completed) };
        let step = after_word(&job(), &told, NOON);
        assert_eq!(
            (step.state, step.settled, step.due_at),
            (JobState::Completed, false, Some(NOON))
        );
        let news = step.news;
        assert_eq!(news.usage.map(|it| it.video_seconds), Some(12));
        assert_eq!(news.usage_source, UsageSource::Provider);
        assert_eq!(news.expires_at, Some(Timestamp::from_micros(99_000_000)));
        assert!(news.settlement.is_some());
        let counted = after_word(&job(), &state(Status::Completed), NOON).news;
        assert_eq!(counted.expires_at, None);
        assert_eq!(counted.usage.map(|it| it.video_seconds), Some(8));
        assert_eq!(counted.usage_source, UsageSource::Counted);
    }

    #[test]
    fn what_fails_or_is_stopped_owes_nothing_and_is_never_looked_at_again() {
        for (status, stands) in
            [(Status::Failed, JobState::Failed), (Status::Cancelled, JobState::Cancelled)]
        {
            let error = Some(("c".to_owned(), "m".repeat(2_000)));
            let step = after_word(&job(), &VideoState { error, ..state(status) }, NOON);
            assert_eq!((step.state, step.settled, step.due_at), (stands, true, None));
            assert_eq!((step.news.usage, step.news.settlement), (None, None));
            assert_eq!(step.news.error.map(|it| it.message.len()), Some(1_000));
        }
    }

    #[test]
    fn questions_come_less_and_less_often() {
        let pauses: Vec<i64> = (1..=8).map(|polls| pause(polls) / 100_000).collect();
        assert_eq!(pauses, [20, 30, 45, 67, 101, 150, 150, 150]);
        assert_eq!(pause(u32::MAX), PAUSES.1);
    }
}

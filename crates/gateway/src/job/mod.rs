//! Jobs: videos, which a provider promises and makes later.
//!
//! A request makes a row before it calls a provider (`create.rs`, `sending.rs`); a poller on one of the nodes asks
//! the provider until it ends and settles it once (`poller.rs`); clients ask for the row, not for the
//! provider, and get the film through the gateway (`content.rs`). See ARCHITECTURE.md.

mod content;
mod create;
mod poller;
mod remote;
mod sending;
mod settle;
mod show;
#[cfg(test)]
mod testing;

pub use poller::Poller;

use std::sync::Arc;

use http::request::Parts;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use wayleave_dialect::ClientDialect;
use wayleave_dialect::task::video;
use wayleave_model::id::JobId;
use wayleave_model::job::{Job, JobState};
use wayleave_model::provider::Operation;
use wayleave_model::record::StreamEnd;
use wayleave_store::StoreError;

use crate::answer::{self, ClientBody};
use crate::gateway::{Arrival, Gateway};
use crate::intake;
use crate::origin::Origin;
use crate::refusal::Refusal;
use crate::side::{parameter, parameters};
use crate::trail::Trail;
use crate::world::KeyEntry;

/// The dialect that errors are written in.
const DIALECT: ClientDialect = ClientDialect::OpenAiChat;
/// Most jobs of one page, and how many without a word.
const PAGE: (u32, u32) = (100, 20);

/// What is wanted of jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// A new one.
    Create(Form),
    /// Those there are.
    List,
    /// How one stands.
    Get(Form),
    /// Its film.
    Content,
    /// That it is forgotten, or stops.
    Delete,
    /// Another one like it.
    Remix,
}

/// In which form a client asks and is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// OpenAI's `/v1/videos`.
    OpenAi,
    /// The one-api family's `/v1/video/generations`.
    Family,
}

impl Verb {
    /// The path as rows name it.
    pub const fn path(self) -> &'static str {
        match self {
            Verb::Create(Form::OpenAi) | Verb::List => "/v1/videos",
            Verb::Create(Form::Family) => "/v1/video/generations",
            Verb::Get(Form::OpenAi) | Verb::Delete => "/v1/videos/{id}",
            Verb::Get(Form::Family) => "/v1/video/generations/{id}",
            Verb::Content => "/v1/videos/{id}/content",
            Verb::Remix => "/v1/videos/{id}/remix",
        }
    }
}

impl Gateway {
    /// Answers a request about jobs. `id`: which one, where the path names it.
    pub(crate) async fn job(
        self: &Arc<Self>,
        request: Request<Incoming>,
        arrival: &Arrival,
        verb: Verb,
        id: &str,
    ) -> Result<Response<ClientBody>, Refusal> {
        let (Parts { uri, headers, .. }, body) = request.into_parts();
        let caller = self.caller(&headers, &uri);
        let origin = Origin::new(arrival, headers, Operation::Video, DIALECT, verb.path());
        let key = match caller {
            Ok(key) => key,
            Err(unknown) => {
                if let Some(key) = &unknown.key {
                    self.trail_of(key, "", &origin).refused(&unknown.refusal);
                }
                return Err(intake::discard(body, unknown.refusal).await);
            }
        };
        let query = uri.query().unwrap_or_default();
        match verb {
            Verb::Create(form) => self.job_created(&key, &origin, body, form).await,
            Verb::Remix => self.job_remixed(&key, &origin, body, id).await,
            Verb::List => {
                let mut trail = self.trail_of(&key, "", &origin);
                let listed = self.job_list(&key, query).await;
                self.job_told(&origin, &mut trail, listed)
            }
            Verb::Get(form) => {
                let (mut trail, job) = self.job_named(&key, &origin, id).await?;
                let shown = show::shown(&job, &self.settings.public_url);
                let body = match form {
                    Form::OpenAi => video::video(&shown),
                    Form::Family => video::generation(&shown),
                };
                self.job_told(&origin, &mut trail, Ok(body))
            }
            Verb::Delete => {
                let (mut trail, job) = self.job_named(&key, &origin, id).await?;
                let deleted = self.job_deleted(&key, &job, &mut trail).await;
                self.job_told(&origin, &mut trail, deleted)
            }
            Verb::Content => {
                let (trail, job) = self.job_named(&key, &origin, id).await?;
                let variant = parameter(Some(query), "variant").map(str::to_owned);
                self.job_content(&key, &origin, &job, variant, trail).await
            }
        }
    }

    /// The job of that id and the record of whoever asks for it.
    pub(super) async fn job_named(
        &self,
        key: &KeyEntry,
        origin: &Origin,
        id: &str,
    ) -> Result<(Trail, Job), Refusal> {
        let found = match id.parse::<JobId>() {
            Ok(id) => {
                let whose = (key.caller.workspace, key.caller.owner);
                self.vault.store().job_of(whose, id).await.map_err(|err| away(&err))
            }
            Err(_) => Ok(None),
        };
        let found = found.and_then(|job| job.ok_or_else(|| unknown(id)));
        match found {
            Ok(job) => Ok((self.trail_of(key, &job.origin.alias, origin), job)),
            Err(refusal) => {
                self.trail_of(key, "", origin).refused(&refusal);
                Err(refusal)
            }
        }
    }

    /// Answers with a whole body, recorded before its head goes out.
    fn job_told(
        &self,
        origin: &Origin,
        trail: &mut Trail,
        body: Result<bytes::Bytes, Refusal>,
    ) -> Result<Response<ClientBody>, Refusal> {
        match body {
            Ok(body) => {
                trail.close(200, StreamEnd::Done, None, None);
                Ok(answer::json(StatusCode::OK, DIALECT, origin.id, body))
            }
            Err(refusal) => {
                trail.refused(&refusal);
                Err(refusal)
            }
        }
    }

    async fn job_list(&self, key: &KeyEntry, query: &str) -> Result<bytes::Bytes, Refusal> {
        let bad = |param: &str, message: String| {
            Refusal::new(StatusCode::BAD_REQUEST, "invalid_request", message).at(param)
        };
        let (mut after, mut limit, mut newest_first) = (None, PAGE.1, true);
        for (name, value) in parameters(query) {
            match name {
                "after" => after = Some(value.parse().map_err(|_| unknown(value).at("after"))?),
                "limit" => {
                    let said = value.parse().ok().filter(|it| (1..=PAGE.0).contains(it));
                    let wrong = || bad("limit", format!("`limit` is 1 to {}", PAGE.0));
                    limit = said.ok_or_else(wrong)?;
                }
                "order" => {
                    newest_first = match value {
                        "asc" => false,
                        "desc" => true,
                        _ => return Err(bad("order", "`order` is asc or desc".to_owned())),
                    }
                }
                _ => {}
            }
        }
        let whose = (key.caller.workspace, key.caller.owner);
        let found = self.vault.store().jobs_of(whose, after, newest_first, limit).await;
        let (jobs, more) = found.map_err(|err| away(&err))?;
        let url = &self.settings.public_url;
        let shown: Vec<_> = jobs.iter().map(|job| show::shown(job, url)).collect();
        Ok(video::list(&shown, more))
    }

    /// Has the provider forget it, or stop it, and forgets it here.
    async fn job_deleted(
        self: &Arc<Self>,
        key: &KeyEntry,
        job: &Job,
        trail: &mut Trail,
    ) -> Result<bytes::Bytes, Refusal> {
        if job.state == JobState::Accepted {
            let message = "the video is still being sent to its provider: delete it in a moment";
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "video_not_ready", message));
        }
        let remote = remote::Remote::of(&key.tenant, job);
        let wire = remote.as_ref().and_then(|remote| remote.vendor.delete(&remote.vendor_id));
        let stops = remote.as_ref().is_some_and(|remote| remote.vendor.stops());
        if !job.state.ended() && !stops {
            let message =
                "its provider cannot stop a video that it has begun: delete it when it has ended";
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "unsupported_parameter", message));
        }
        if let (Some(remote), Some(wire)) = (remote, wire) {
            trail.open_read(&remote.target).map_err(|err| Refusal::dependency(err.to_string()))?;
            match remote.sender(self).send(wire).await {
                Ok(answered) => trail.head(answered.status.as_u16(), answered.id),
                // Whatever is not there any more need not be deleted.
                Err((failed, Some(status @ (404 | 410)))) => {
                    trail.head(status, failed.refusal.upstream_request_id.clone());
                }
                Err((failed, _)) => return Err(failed.refusal),
            }
        }
        let now = self.recorder.clock.now();
        let deleted = self.vault.store().delete_job((job.workspace, job.id), now).await;
        deleted.map_err(|err| away(&err))?;
        Ok(video::deleted(&job.id.to_string()))
    }
}

/// The refusal of an id that leads to nothing this key's owner has.
fn unknown(id: &str) -> Refusal {
    let id: String = id.chars().filter(|it| !it.is_control()).take(64).collect();
    let message = format!(
        "no video `{id}` is known: it was deleted, its time is over, or another owner's key made it"
    );
    Refusal::new(StatusCode::NOT_FOUND, "video_not_found", message)
}

/// Jobs are in the database: without it nothing can be said of them.
fn away(err: &StoreError) -> Refusal {
    if !err.is_outage() {
        tracing::error!(%err, "a job could not be read or written");
    }
    Refusal::dependency("the database is away, and with it what is known of videos")
}

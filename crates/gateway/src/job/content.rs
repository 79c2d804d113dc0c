//! A film on its way from its provider to its client: never whole in memory, never kept.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, Uri, header};
use tokio::time::Instant;
use wayleave_dialect::carry::{Carried, Carry, Seen};
use wayleave_dialect::error::Fault;
use wayleave_dialect::task::Broken;
use wayleave_dialect::task::video::{Content, Inline};
use wayleave_model::job::{Job, JobState};
use wayleave_model::usage::UsageSource;

use super::remote::Remote;
use super::{DIALECT, create};
use crate::answer::{self, ClientBody};
use crate::failure;
use crate::gateway::Gateway;
use crate::origin::Origin;
use crate::outbound::USER_AGENT;
use crate::refusal::Refusal;
use crate::task::{Passing, Rest, Sender};
use crate::trail::Trail;
use crate::upstream::Answer;
use crate::upstream::body::{AnswerBody, Pieces};
use crate::world::KeyEntry;

/// Hops from where a provider says that a film is.
const MOST_HOPS: usize = 3;

/// A film that begins.
struct Film {
    status: StatusCode,
    headers: HeaderMap,
    body: AnswerBody,
    /// It stands in JSON.
    within: bool,
    unpacked: bool,
    id: Option<String>,
    token: Option<HeaderValue>,
}

impl Gateway {
    /// Streams a job's film to its client.
    pub(super) async fn job_content(
        self: &Arc<Self>,
        key: &KeyEntry,
        origin: &Origin,
        job: &Job,
        variant: Option<String>,
        mut trail: Trail,
    ) -> Result<Response<ClientBody>, Refusal> {
        match self.film(key, origin, job, variant.as_deref(), &mut trail).await {
            Ok((film, sender)) => self.streamed(origin, film, sender, trail).await,
            Err(refusal) => {
                trail.refused(&refusal);
                Err(refusal)
            }
        }
    }

    async fn film(
        self: &Arc<Self>,
        key: &KeyEntry,
        origin: &Origin,
        job: &Job,
        variant: Option<&str>,
        trail: &mut Trail,
    ) -> Result<(Film, Sender), Refusal> {
        self.is_there(job)?;
        let remote = Remote::of(&key.tenant, job).ok_or_else(create::gone)?;
        let content = remote.vendor.content(&remote.vendor_id, variant);
        let content = content.map_err(Refusal::bad_request)?;
        trail.open_read(&remote.target).map_err(|err| Refusal::dependency(err.to_string()))?;
        let range = origin.headers().get(header::RANGE).cloned();
        let sender = remote.sender(self);
        let (mut wire, within) = match content {
            Content::At(wire) => (wire, false),
            Content::Within(wire) => (wire, true),
            Content::Named => {
                let state = remote
                    .state(self)
                    .await
                    .map_err(|(failed, status)| missing(failed.refusal, status))?;
                let url = state.content.ok_or_else(expired)?;
                let film = self.fetched(&sender, &url, range).await?;
                trail.head(film.status.as_u16(), None);
                return Ok((film, sender));
            }
        };
        if let (Some(range), false) = (range, within) {
            wire.headers.push((header::RANGE, range));
        }
        let answered = sender.send(wire).await;
        let answered = answered.map_err(|(failed, status)| missing(failed.refusal, status))?;
        trail.head(answered.status.as_u16(), answered.id.clone());
        let film = Film {
            status: answered.status,
            headers: answered.head.headers,
            body: answered.body,
            within,
            unpacked: answered.unpacked,
            id: answered.id,
            token: answered.token,
        };
        Ok((film, sender))
    }

    fn is_there(&self, job: &Job) -> Result<(), Refusal> {
        let bad = |code, message: String| Refusal::new(StatusCode::BAD_REQUEST, code, message);
        match job.state {
            JobState::Completed if job.expired(self.recorder.clock.now()) => Err(expired()),
            JobState::Completed => Ok(()),
            JobState::Accepted | JobState::Submitted | JobState::Running => {
                let message = format!(
                    "the video is not ready ({} %): ask GET /v1/videos/{} until it is completed",
                    job.news.progress, job.id
                );
                Err(bad("video_not_ready", message))
            }
            JobState::Failed | JobState::Cancelled | JobState::Orphaned => {
                let why = job.news.error.as_ref().map_or("it was not made", |it| &it.message);
                Err(bad("video_failed", format!("there is no video: {why}")))
            }
        }
    }

    /// What stands at an address that a provider named: with our credential only where that is the
    /// provider's own, elsewhere as any address that somebody else names.
    async fn fetched(
        self: &Arc<Self>,
        sender: &Sender,
        url: &str,
        range: Option<HeaderValue>,
    ) -> Result<Film, Refusal> {
        let failed = |why: String| {
            let provider = &sender.target.label.provider_name;
            let message =
                format!("the video could not be fetched from where {provider} put it: {why}");
            Refusal::new(StatusCode::BAD_GATEWAY, "upstream_error", message)
        };
        let wrong = |_| failed("it is no address".to_owned());
        let home: Uri = sender.endpoint().url.parse().map_err(wrong)?;
        let mut uri: Uri = url.parse().map_err(wrong)?;
        let now = self.recorder.clock.now();
        for _ in 0..=MOST_HOPS {
            if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.authority().is_none() {
                return Err(failed("it is no web address".to_owned()));
            }
            let ours = uri.authority() == home.authority() && uri.scheme() == home.scheme();
            let mut request = Request::get(uri.clone());
            let mut token = None;
            if let Some(headers) = request.headers_mut() {
                headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
                headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
                headers.extend(range.clone().map(|range| (header::RANGE, range)));
                if ours {
                    let own = sender.endpoint().headers.iter();
                    headers.extend(own.map(|(name, value)| (name.clone(), value.clone())));
                    let found =
                        self.tokens.authorization(&self.upstream, &sender.target, now).await;
                    token = found.map_err(|why| failure::no_token(&sender.target, &why).refusal)?;
                    headers.extend(token.clone().map(|it| (header::AUTHORIZATION, it)));
                }
            }
            let request = request.body(Pieces::default()).map_err(|err| failed(err.to_string()))?;
            let client = if ours { &self.upstream } else { &self.media };
            let answer = client.send(request, sender.timers.first_byte).await;
            // The address holds a signature: it is not repeated.
            let Answer { status, headers, body, unpacked } = answer.map_err(|err| {
                failed(err.to_string().replace("--upstream-allow", "--media-allow"))
            })?;
            if status.is_redirection() {
                uri = next(&uri, &headers)
                    .ok_or_else(|| failed("it redirects nowhere".to_owned()))?;
                continue;
            }
            if matches!(status.as_u16(), 403 | 404 | 410) {
                return Err(expired());
            }
            if !status.is_success() {
                return Err(failed(format!("its server answered {}", status.as_u16())));
            }
            let (within, id) = (false, None);
            return Ok(Film { status, headers, body, within, unpacked, id, token });
        }
        Err(failed("too many redirects".to_owned()))
    }

    /// Waits for the first bytes, so that an error is JSON and never a film of nothing.
    async fn streamed(
        self: &Arc<Self>,
        origin: &Origin,
        film: Film,
        sender: Sender,
        mut trail: Trail,
    ) -> Result<Response<ClientBody>, Refusal> {
        let Film { status, headers, mut body, within, unpacked, id, token } = film;
        let speaker = sender.speaker(token.as_ref());
        let mut carry: Box<dyn Carry> =
            if within { Box::new(Within::default()) } else { Box::new(Plain::default()) };
        let mut carried = Carried::default();
        if !within && is_text(&headers) {
            let fault = Fault::unreadable("the provider answered with text in place of a video");
            carried.end = Some(Err(fault));
        }
        let deadline = Instant::now() + sender.timers.first_token;
        while carried.end.is_none() && !carry.seen().semantic {
            match tokio::time::timeout_at(deadline, body.chunk()).await {
                Err(_) => {
                    let after = sender.timers.first_token;
                    let refusal = failure::timeout(&sender.target, "first_token", after).refusal;
                    trail.refused(&refusal);
                    return Err(refusal);
                }
                Ok(Some(Ok(chunk))) => carry.push(chunk, &mut carried),
                Ok(Some(Err(broken))) => {
                    let fault = Fault { message: broken.to_string(), ..Fault::cut() };
                    carried.end = Some(Err(fault));
                }
                Ok(None) => carry.end(&mut carried),
            }
        }
        if let Some(Err(fault)) = &carried.end {
            let refusal = failure::faulty(speaker, fault).refusal;
            trail.refused(&refusal);
            return Err(refusal);
        }
        let now = self.recorder.clock.tick();
        let Some(lease) = sender.target.member.lease_anyway(now) else {
            let message = "an admin put the credential that has the video to rest";
            let status = StatusCode::SERVICE_UNAVAILABLE;
            let refusal = Refusal::new(status, "all_targets_unavailable", message);
            trail.refused(&refusal);
            return Err(refusal);
        };
        let rest = Rest { wires: VecDeque::new(), sender: Arc::new(sender), token, lease };
        let passing = Passing::new(
            (origin.id, Arc::clone(self), DIALECT),
            (body, carry, carried),
            (Broken::Abort, UsageSource::None),
            rest,
            trail,
        );
        let body = ClientBody::Passing(Box::new(passing));
        let mut response = answer::head(status, DIALECT, origin.id, body);
        told(response.headers_mut(), &headers, within || unpacked);
        if let Some(id) = id.and_then(|id| HeaderValue::from_str(&id).ok()) {
            let name = HeaderName::from_static("x-upstream-request-id");
            response.headers_mut().insert(name, id);
        }
        Ok(response)
    }
}

/// What of a provider's head is about the film. `made`: its bytes are made here.
fn told(out: &mut HeaderMap, said: &HeaderMap, made: bool) {
    const VIDEO: HeaderValue = HeaderValue::from_static("video/mp4");
    const SAME: [HeaderName; 5] = [
        header::CONTENT_LENGTH,
        header::CONTENT_RANGE,
        header::ACCEPT_RANGES,
        header::ETAG,
        header::LAST_MODIFIED,
    ];
    let own = said.get(header::CONTENT_TYPE).filter(|it| {
        let media = |it: &str| it.starts_with("video/") || it.starts_with("image/");
        !made && it.to_str().is_ok_and(media)
    });
    out.insert(header::CONTENT_TYPE, own.cloned().unwrap_or(VIDEO));
    for name in SAME.into_iter().filter(|_| !made) {
        if let Some(value) = said.get(&name) {
            out.insert(name, value.clone());
        }
    }
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
}

fn is_text(headers: &HeaderMap) -> bool {
    let said = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
    said.is_some_and(|it| it.starts_with("application/json") || it.starts_with("text/"))
}

/// Where a redirect leads.
fn next(from: &Uri, headers: &HeaderMap) -> Option<Uri> {
    let to = headers.get(header::LOCATION)?.to_str().ok()?;
    if to.starts_with('/') && !to.starts_with("//") {
        return format!("{}://{}{to}", from.scheme_str()?, from.authority()?).parse().ok();
    }
    let to: Uri = to.parse().ok()?;
    // What began in secret goes on so.
    (from.scheme_str() != Some("https") || to.scheme_str() == Some("https")).then_some(to)
}

/// What a provider has no more.
fn missing(refusal: Refusal, status: Option<u16>) -> Refusal {
    if matches!(status, Some(404 | 410)) { expired() } else { refusal }
}

fn expired() -> Refusal {
    let message = "the video's time is over: its provider keeps it no more";
    Refusal::new(StatusCode::GONE, "video_expired", message)
}

/// Bytes that are the film.
#[derive(Default)]
struct Plain {
    seen: Seen,
}

impl Carry for Plain {
    fn push(&mut self, chunk: Bytes, out: &mut Carried) {
        self.seen.semantic |= !chunk.is_empty();
        out.bytes.push(chunk);
    }

    fn end(&mut self, out: &mut Carried) {
        out.end = Some(whole(self.seen.semantic));
    }

    fn seen(&self) -> &Seen {
        &self.seen
    }
}

/// A film that stands in JSON.
#[derive(Default)]
struct Within {
    inline: Inline,
    seen: Seen,
}

impl Carry for Within {
    fn push(&mut self, chunk: Bytes, out: &mut Carried) {
        let mut film = Vec::with_capacity(chunk.len() / 4 * 3 + 3);
        if let Err(fault) = self.inline.push(&chunk, &mut film) {
            out.end = Some(Err(fault));
        }
        if !film.is_empty() {
            self.seen.semantic = true;
            out.bytes.push(film.into());
        }
    }

    fn end(&mut self, out: &mut Carried) {
        out.end = Some(whole(self.seen.semantic));
    }

    fn seen(&self) -> &Seen {
        &self.seen
    }
}

fn whole(any: bool) -> Result<(), Fault> {
    if any { Ok(()) } else { Err(Fault::unreadable("the provider answered without a video")) }
}

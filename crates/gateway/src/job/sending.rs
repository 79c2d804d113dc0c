//! A job on its way to a provider: its row is committed first, and what may have arrived is never sent
//! again.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use wayleave_dialect::Losses;
use wayleave_dialect::task::video::{self, Remix, Vendor, VideoRequest, VideoState};
use wayleave_dialect::task::{Callee, Grammar, Wire};
use wayleave_model::alias::Losses as LossPolicy;
use wayleave_model::id::{JobId, RequestId};
use wayleave_model::job::{Job, JobNews, JobOrigin, JobState};
use wayleave_model::provider::Operation;
use wayleave_model::record::StreamEnd;
use wayleave_provider::Verdict;
use wayleave_provider::failure::Elsewhere;
use wayleave_store::StoreError;
use wayleave_store::jobs::JobStep;

use super::create::gone;
use super::{Form, away, poller, remote};
use crate::answer::Abandoned;
use crate::failure::{self, Failed};
use crate::gateway::Gateway;
use crate::pipeline::{Ended, Notes, Uncollected, collect};
use crate::refusal::Refusal;
use crate::task::upload::Upload;
use crate::task::{Answered, Sender};
use crate::trail::Trail;
use crate::world::{KeyEntry, Route, Target};
use crate::{media, outbound, route, supply};

/// The most of an answer that promises a video.
const MOST: usize = 1 << 20;
/// How long a job may take to be sent, in microseconds, beyond the timers of the call.
const SENDING: i64 = 120_000_000;
/// How often what a provider promised is written, while the database is away.
const TRIES: u32 = 20;

/// What is asked.
pub(super) enum What {
    Video(Box<VideoRequest>),
    /// Another one like that.
    Remix(Remix, Box<Job>),
}

/// An admitted request for a job.
pub(super) struct Creating {
    pub(super) gateway: Arc<Gateway>,
    pub(super) id: RequestId,
    pub(super) key: KeyEntry,
    pub(super) form: Form,
    pub(super) surface: &'static str,
    pub(super) what: What,
    pub(super) digest: String,
    pub(super) upload: Option<Arc<Upload>>,
    pub(super) forwarded: HeaderMap,
    pub(super) route: Arc<Route>,
    pub(super) key_losses: Option<LossPolicy>,
    pub(super) targets: Vec<Arc<Target>>,
    pub(super) trail: Trail,
}

/// A job that a provider took.
pub(super) struct Created {
    pub(super) job: Job,
    pub(super) notes: Notes,
    pub(super) trail: Trail,
}

impl Abandoned for Created {
    /// Its client left before it was told: the job goes on.
    fn abandoned(mut self) {
        self.trail.close(499, StreamEnd::ClientGone, Some("client_gone"), None);
    }
}

/// Why an attempt came to nothing.
enum Lost {
    /// The provider has not taken it: another may.
    Refused(Box<Failed>),
    /// It may have: nobody else is asked.
    Unsure(Refusal),
}

impl Creating {
    /// Tries the targets in turn until one takes it, or may have.
    pub(super) async fn run(mut self) -> Result<Created, Box<Ended>> {
        let mut last: Option<Refusal> = None;
        let mut job: Option<Job> = None;
        let targets = std::mem::take(&mut self.targets);
        for (at, target) in targets.iter().enumerate() {
            let now = self.gateway.recorder.clock.tick();
            let (mut seat, mut target) = (None, Arc::clone(target));
            if target.label.supply.is_some() {
                match supply::take(&self.route, &target, now, false) {
                    Ok(place) => (seat, target) = (place.seat, place.target),
                    Err(refusal) => {
                        last = last.or(refusal);
                        continue;
                    }
                }
            }
            let mut losses = Losses::default();
            let (endpoint, wire, edits) = match self.written(&target, &mut losses).await {
                Ok(written) => written,
                Err(refusal) => {
                    last.get_or_insert(refusal);
                    continue;
                }
            };
            let lease = target.lease(now, last.is_none() && at + 1 == targets.len());
            let Some(lease) = lease else { continue };
            if let Err(refusal) = self.noted(&mut job, &target, endpoint).await {
                return Err(self.forgotten(job, refusal).await);
            }
            if let Err(err) = self.trail.open_free(&target) {
                let refusal = Refusal::dependency(err.to_string());
                return Err(self.forgotten(job, refusal).await);
            }
            self.trail.seated(seat);
            self.trail.shaped(&edits, &losses);
            let mut notes = Notes::of(&edits, &losses);
            let sender = self.sender(&target, endpoint);
            match self.attempt(&sender, wire).await {
                Ok((state, id)) => {
                    self.gateway.well(&target, &lease, self.trail.first_byte());
                    notes.upstream_request_id = id;
                    return self.submitted(job, state, notes).await;
                }
                Err(Lost::Unsure(refusal)) => return Err(self.orphaned(job, refusal).await),
                Err(Lost::Refused(failed)) => {
                    self.gateway.unwell(&target, &lease, &failed.verdict);
                    if failed.verdict.elsewhere == Elsewhere::No {
                        return Err(self.forgotten(job, failed.refusal).await);
                    }
                    if at + 1 < targets.len() {
                        self.trail.failed(&failed.refusal.code);
                    }
                    last = Some(failed.refusal);
                }
            }
        }
        let refusal = last.unwrap_or_else(|| self.none());
        Err(self.forgotten(job, refusal).await)
    }

    /// The request for one target.
    async fn written(
        &self,
        target: &Target,
        losses: &mut Losses,
    ) -> Result<(usize, Wire, Vec<Cow<'static, str>>), Refusal> {
        let own = remote::endpoint(target, Some(Vendor::OpenAi));
        let found = own.or_else(|| remote::endpoint(target, None));
        let Some((at, vendor)) =
            found.and_then(|at| Some((at, Vendor::of(target.tasks[at].grammar)?)))
        else {
            let (provider, model) = (&target.label.provider_name, &target.label.model_name);
            let message = format!("provider {provider} makes no videos with {model}");
            let status = StatusCode::BAD_REQUEST;
            return Err(Refusal::new(status, "capability_not_supported", message).at("model"));
        };
        let (wire, edits) = match &self.what {
            What::Remix(remix, job) => {
                let id = job.vendor_id.as_deref().unwrap_or_default();
                let wire = vendor.remix(id, remix).ok_or_else(|| {
                    let message = "its provider makes no video from another: ask for a new one";
                    Refusal::new(StatusCode::BAD_REQUEST, "capability_not_supported", message)
                })?;
                (wire, Vec::new())
            }
            What::Video(request) => {
                let callee = Callee {
                    grammar: target.tasks[at].grammar,
                    model: &target.label.model_name,
                    facts: &target.facts,
                };
                let fetched;
                let request = match request.to_fetch(vendor) {
                    None => request,
                    Some(url) => {
                        let picture = media::picture(&self.gateway.media, url).await;
                        let (mime, base64) = picture.map_err(Refusal::bad_request)?;
                        fetched = Box::new(request.with_picture(&mime, base64));
                        &fetched
                    }
                };
                // Its own sender could not know the request's id: no form can pretend to end.
                let seed = self.id.to_string();
                request.write(&callee, &seed, losses).map_err(Refusal::bad_request)?
            }
        };
        if let Some(who) = outbound::refuser(self.key_losses, &self.route) {
            outbound::whole_or_refused(losses, target, &who).map_err(Refusal::bad_request)?;
        }
        Ok((at, wire, edits))
    }

    /// Commits the job's row, or where it goes now, before a byte goes up.
    async fn noted(
        &self,
        job: &mut Option<Job>,
        target: &Arc<Target>,
        at: usize,
    ) -> Result<(), Refusal> {
        let gateway = &self.gateway;
        let now = gateway.recorder.clock.now();
        let timers = gateway.settings.timeouts.of(&self.route.policy);
        let wait = [timers.connect, timers.first_byte, timers.idle].iter().sum::<Duration>();
        let wait = i64::try_from(wait.as_micros()).unwrap_or(i64::MAX / 2);
        let until = now.plus_micros(wait.saturating_add(SENDING));
        let origin = self.origin(target, at);
        let store = gateway.vault.store();
        let written = match job {
            Some(job) => {
                job.origin = origin;
                store.redirect_job((job.workspace, job.id), &job.origin, until).await
            }
            None => {
                let new = job.insert(Job {
                    workspace: self.key.caller.workspace,
                    id: JobId::new(now),
                    state: JobState::Accepted,
                    origin,
                    vendor_id: None,
                    news: JobNews::default(),
                    settled: false,
                    due_at: None,
                    lease: None,
                    created_at: now,
                    updated_at: now,
                    deleted_at: None,
                });
                store.insert_job(new, gateway.node, until).await
            }
        };
        written.map_err(|err| away(&err))
    }

    fn origin(&self, target: &Arc<Target>, at: usize) -> JobOrigin {
        let vendor = Vendor::of(target.tasks[at].grammar).unwrap_or(Vendor::OpenAi);
        let (seconds, size, remixed_from) = match &self.what {
            What::Video(request) => {
                (request.seconds.unwrap_or(vendor.default_seconds()), request.size_text(), None)
            }
            What::Remix(_, of) => (
                of.news.seconds.unwrap_or(of.origin.seconds),
                of.news.size.clone().or_else(|| of.origin.size.clone()),
                Some(of.id),
            ),
        };
        let most = video::usage(seconds, size.as_deref());
        JobOrigin {
            caller: Arc::clone(&self.key.caller),
            request: self.id,
            surface: self.surface.into(),
            alias: self.route.name.clone(),
            alias_id: self.route.alias,
            route: self.route.version,
            target: Arc::clone(&target.label),
            price: target.price.clone(),
            grammar: vendor.as_str().into(),
            max_cost: target.price.ceiling_of(&most),
            seconds,
            size,
            digest: self.digest.clone(),
            remixed_from,
        }
    }

    fn sender(&self, target: &Arc<Target>, at: usize) -> Sender {
        Sender {
            gateway: Arc::clone(&self.gateway),
            operation: Operation::Video,
            spoken: Grammar::OpenAi,
            target: Arc::clone(target),
            at,
            upload: self.upload.clone(),
            forwarded: self.forwarded.clone(),
            timers: self.gateway.settings.timeouts.of(&self.route.policy),
        }
    }

    async fn attempt(
        &mut self,
        sender: &Sender,
        wire: Wire,
    ) -> Result<(VideoState, Option<String>), Lost> {
        let Answered { body, status, id, token, .. } = match sender.send(wire).await {
            Ok(answered) => answered,
            Err((failed, status)) => {
                if let Some(status) = status {
                    self.trail.head(status, failed.refusal.upstream_request_id.clone());
                }
                return Err(lost(failed, status));
            }
        };
        self.trail.head(status.as_u16(), id.clone());
        let speaker = sender.speaker(token.as_ref());
        let vendor = Vendor::of(sender.endpoint().grammar).unwrap_or(Vendor::OpenAi);
        let read = match collect(body, MOST, &sender.timers).await {
            Ok(body) => vendor.read_created(&body),
            Err(Uncollected::Fault(fault)) => Err(fault),
            Err(Uncollected::Idle) => {
                let idle = sender.timers.idle;
                let failed = failure::timeout(&sender.target, "idle", idle);
                return Err(Lost::Unsure(failed.refusal));
            }
        };
        match read {
            Ok(state) => Ok((state, id)),
            // It said yes, and what it promised cannot be read.
            Err(fault) => Err(Lost::Unsure(failure::faulty(speaker, &fault).refusal)),
        }
    }

    /// Writes down the provider's id, however long the database is away: without it nobody finds
    /// the video again.
    async fn submitted(
        self,
        job: Option<Job>,
        state: VideoState,
        notes: Notes,
    ) -> Result<Created, Box<Ended>> {
        let Some(mut job) = job else { return Err(self.ended(gone())) };
        let gateway = Arc::clone(&self.gateway);
        for tries in 1..=TRIES {
            let now = gateway.recorder.clock.now();
            let step = poller::first(&job, &state, now);
            let it = (job.workspace, job.id);
            match gateway.vault.store().submit_job(it, &state.id, &step, now).await {
                Ok(()) => {
                    let JobStep { state: stands, news, settled, due_at } = step;
                    (job.state, job.news, job.settled, job.due_at) =
                        (stands, news, settled, due_at);
                    job.vendor_id = Some(state.id);
                    return Ok(Created { job, notes, trail: self.trail });
                }
                Err(err) if err.is_outage() && tries < TRIES => {
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
                Err(err) => {
                    let (id, vendor_id) = (job.id, &state.id);
                    tracing::error!(%id, vendor_id, %err, "a job's id at its provider could not be stored: it is orphaned");
                    return Err(self.ended(away(&err)));
                }
            }
        }
        Err(self.ended(gone()))
    }

    /// Nobody took it: there is no job.
    async fn forgotten(self, job: Option<Job>, refusal: Refusal) -> Box<Ended> {
        if let Some(job) = job {
            let store = self.gateway.vault.store();
            if let Err(err) = store.forget_job(job.workspace, job.id).await {
                tracing::warn!(id = %job.id, %err, "a job that nobody took stays until it is orphaned");
            }
        }
        self.ended(refusal)
    }

    /// Somebody may have taken it: it is kept as that, and never sent again.
    async fn orphaned(self, job: Option<Job>, refusal: Refusal) -> Box<Ended> {
        let Some(job) = job else { return self.ended(refusal) };
        let now = self.gateway.recorder.clock.now();
        let noted = self.gateway.vault.store().orphan_job((job.workspace, job.id), now).await;
        match noted {
            Ok(()) | Err(StoreError::NotFound { .. }) => {}
            Err(err) => tracing::warn!(id = %job.id, %err, "a job is orphaned later"),
        }
        let message = format!(
            "{}; whether the provider makes the video is not known: it is kept as {} (orphaned) and not sent again",
            refusal.message, job.id
        );
        self.ended(Refusal { message, verbatim: None, ..refusal })
    }

    fn none(&self) -> Refusal {
        let now = self.gateway.recorder.clock.tick();
        let environment = &self.key.caller.environment;
        route::order(&self.route, environment, now, 0).err().unwrap_or_else(|| {
            let message = format!("no target of `{}` can take this request now", self.route.name);
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "all_targets_unavailable", message)
        })
    }

    fn ended(self, refusal: Refusal) -> Box<Ended> {
        Box::new(Ended { refusal, trail: self.trail })
    }
}

/// Whether a call that failed may have made a video all the same.
fn lost(failed: Box<Failed>, status: Option<u16>) -> Lost {
    let unheard = [Verdict::cut(), Verdict::timeout()].contains(&failed.verdict);
    // A gateway on the way gave up on what was behind it.
    let unsure = matches!(status, Some(502 | 504)) || (status.is_none() && unheard);
    if unsure { Lost::Unsure(failed.refusal) } else { Lost::Refused(failed) }
}

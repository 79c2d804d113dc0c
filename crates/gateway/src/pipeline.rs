//! The life of a chat request, top to bottom: from an admitted ask to an answer that has begun.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tokio::time::Instant;
use wayleave_dialect::carry::{
    Answer as Wanted, Carried, Carry, SealId, Translate, Whole, translate_whole,
};
use wayleave_dialect::chat::{Ask, Head};
use wayleave_dialect::error::Fault;
use wayleave_dialect::{ClientDialect, Losses as Lost};
use wayleave_model::alias::{AnswerModel, Losses};
use wayleave_model::id::{RequestId, WorkspaceId};
use wayleave_model::record::Caller;
use wayleave_provider::failure::Elsewhere;

use crate::failure::{self, Failed, Speaker};
use crate::gateway::Gateway;
use crate::kept::{Keep, Memory, Safe};
use crate::outbound::{self, Media, Shaped};
use crate::pool::Lease;
use crate::refusal::Refusal;
use crate::relay::Relay;
use crate::route;
use crate::settings::Timers;
use crate::stored::Sealer;
use crate::supply::{self, Place};
use crate::trail::Trail;
use crate::upstream::body::AnswerBody;
use crate::upstream::play::Player;
use crate::upstream::{Answer, SendError};
use crate::world::{Endpoint, Route, Target};

/// Bytes of preamble that are held while another target may still be tried.
const MAX_PREAMBLE: usize = 64 << 10;
/// Bytes of an error's body that are read.
pub const MAX_ERROR: usize = 64 << 10;

/// An admitted request: everything it needs to be answered.
pub struct Conversation<'a> {
    /// The process.
    pub gateway: Arc<Gateway>,
    /// Our id of the request.
    pub id: RequestId,
    /// The dialect the client speaks.
    pub dialect: ClientDialect,
    /// What it asks.
    pub ask: Ask<'a>,
    /// The client's own bytes.
    pub body: &'a Bytes,
    /// What the address says of it.
    pub head: Head<'a>,
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// Who asks.
    pub caller: Arc<Caller>,
    /// The client's headers that travel.
    pub forwarded: HeaderMap,
    /// The provider's own id of the response that this one continues.
    pub continues: Option<String>,
    /// What is kept of it here, and was.
    pub memory: Memory,
    /// Where the alias leads.
    pub route: Arc<Route>,
    /// What the key says of losses; `None`: what the route says.
    pub key_losses: Option<Losses>,
    /// The targets to try, best first.
    pub targets: Vec<Arc<Target>>,
    /// What is recorded of it.
    pub trail: Trail,
}

/// An answer that has begun: from here on nothing is retried.
pub struct Begun {
    /// The body.
    pub body: BegunBody,
    /// What stands in the head beside it.
    pub notes: Notes,
}

/// The body of an answer that has begun.
#[allow(clippy::large_enum_variant, reason = "one a request, moved twice: a box costs more")]
pub enum BegunBody {
    /// All of it, with the trail still to be closed: before the head goes out.
    Whole(Whole, Trail),
    /// A stream that closes its own trail.
    Stream(Box<Relay>),
}

/// What a client is told in the head.
#[derive(Default)]
pub struct Notes {
    /// `x-wayleave-adjusted`.
    pub adjusted: String,
    /// `x-wayleave-lossy`.
    pub lossy: String,
    /// `x-upstream-request-id`.
    pub upstream_request_id: Option<String>,
}

impl Notes {
    /// What was changed, and what could not be carried.
    pub fn of(edits: &[Cow<'static, str>], losses: &Lost) -> Notes {
        let lossy: Vec<&str> = losses.iter().map(|loss| loss.path.as_str()).collect();
        Notes { adjusted: edits.join(", "), lossy: lossy.join(", "), upstream_request_id: None }
    }

    /// Adds what of a whole answer could not be carried.
    pub fn lose(&mut self, names: &[&'static str]) {
        for name in names {
            if !self.lossy.is_empty() {
                self.lossy.push_str(", ");
            }
            self.lossy.push_str(name);
        }
    }
}

/// A request that will get no answer, and the trail to close with that.
pub struct Ended {
    /// What the client is told.
    pub refusal: Refusal,
    /// Its record.
    pub trail: Trail,
}

/// How one attempt began well.
struct Held {
    body: AnswerBody,
    carry: Box<dyn Carry>,
    carried: Carried,
    /// The `Authorization` it was asked with, where its credential is exchanged for one.
    token: Option<HeaderValue>,
}

impl Conversation<'_> {
    /// Tries the targets in turn until one begins to answer.
    pub async fn run(mut self) -> Result<Begun, Box<Ended>> {
        let mut last: Option<Refusal> = None;
        let targets = std::mem::take(&mut self.targets);
        let mut next = targets.iter().enumerate();
        while let Some((at, target)) = next.next() {
            let (mut seat, mut other) = (None, None::<Arc<Target>>);
            let target = match target.label.supply {
                None => target,
                Some(_) => match self.place(target) {
                    Ok(place) => {
                        seat = place.seat;
                        other.insert(place.target)
                    }
                    Err(refusal) => {
                        last = last.or(refusal);
                        continue;
                    }
                },
            };
            let Some(endpoint) = target.endpoint(self.dialect) else { continue };
            let shaped = match outbound::shape(&self, target, endpoint, Media::Fetched).await {
                Ok(shaped) => shaped,
                // Another target may speak the client's own dialect and need no translation.
                Err(malformed) => {
                    last.get_or_insert(Refusal::bad_request(malformed));
                    continue;
                }
            };
            let now = self.gateway.recorder.clock.tick();
            let lease = match self.continues.is_some() {
                // What it goes on from is with nobody else.
                true => target.member.lease_anyway(now),
                false => target.lease(now, last.is_none() && at + 1 == targets.len()),
            };
            let Some(lease) = lease else { continue };
            if let Err(err) = self.trail.open(target) {
                return Err(self.ended(Refusal::dependency(err.to_string())));
            }
            self.trail.seated(seat);
            self.trail.shaped(&shaped.edits, &shaped.losses);
            let failed = match self.attempt(target, endpoint, &shaped).await {
                Ok(Outcome::Whole(whole, id)) => {
                    self.gateway.well(target, &lease, self.trail.first_byte());
                    return Ok(self.whole(whole, &shaped, id));
                }
                Ok(Outcome::Stream(held, id)) => {
                    self.gateway.well(target, &lease, self.trail.first_byte());
                    return Ok(self.stream(held, &shaped, id, target, lease));
                }
                Err(failed) => failed,
            };
            self.gateway.unwell(target, &lease, &failed.verdict);
            match failed.verdict.elsewhere {
                Elsewhere::No => return Err(self.ended(failed.refusal)),
                // Only a larger window can take what this one could not.
                Elsewhere::LargerWindow => {
                    let window = target.facts.context_window;
                    while next.clone().next().is_some_and(|(_, it)| {
                        it.facts.context_window.is_some_and(|it| Some(it) <= window)
                    }) {
                        next.next();
                    }
                }
                Elsewhere::Credential | Elsewhere::Target => {}
            }
            if at + 1 < targets.len() && next.clone().next().is_some() {
                self.trail.failed(&failed.refusal.code);
            }
            last = Some(failed.refusal);
        }
        // All of a pool began to rest, or are being tried, since it was looked at.
        let asleep = || {
            let now = self.gateway.recorder.clock.tick();
            route::order(&self.route, &self.caller.environment, now, 0).err()
        };
        let refusal = last.or_else(asleep).unwrap_or_else(|| {
            let message =
                format!("no target of `{}` can take this kind of request", self.route.name);
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "all_targets_unavailable", message)
        });
        Err(self.ended(refusal))
    }

    /// With whom a supplied target is called: its quota may have run out since it was chosen.
    fn place(&self, target: &Arc<Target>) -> Result<Place, Option<Refusal>> {
        let now = self.gateway.recorder.clock.tick();
        // What it goes on from is with nobody else.
        supply::take(&self.route, target, now, self.continues.is_some())
    }

    async fn attempt(
        &mut self,
        target: &Arc<Target>,
        endpoint: &Endpoint,
        shaped: &Shaped,
    ) -> Result<Outcome, Box<Failed>> {
        let timers = self.timers();
        let (answer, token) = self.send(target, endpoint, shaped, &timers).await?;
        let speaker = Speaker::new(target, token.as_ref());
        let upstream_id = upstream_request_id(&answer.headers)
            .filter(|id| !failure::holds_secret(speaker, id.as_bytes()));
        self.trail.head(answer.status.as_u16(), upstream_id.clone());
        if answer.unpacked {
            self.trail.repaired("unasked_encoding");
        }
        if !answer.status.is_success() {
            let body =
                collect(answer.body, MAX_ERROR, &timers).await.unwrap_or_else(|_| Bytes::new());
            let mut failed = failure::refused(
                self.dialect,
                endpoint.dialect,
                speaker,
                answer.status,
                &answer.headers,
                &body,
            );
            failed.refusal.upstream_request_id = upstream_id;
            if target.exchanges && answer.status == StatusCode::UNAUTHORIZED {
                self.gateway.tokens.forget(target.label.credential).await;
            }
            return Err(Box::new(failed));
        }
        if self.ask.stream {
            let (body, carry, carried) =
                self.hold(speaker, endpoint, shaped, answer.body, &timers).await?;
            return Ok(Outcome::Stream(Held { body, carry, carried, token }, upstream_id));
        }
        let limit = self.gateway.settings.max_body;
        let body = match collect(answer.body, limit, &timers).await {
            Ok(body) => body,
            Err(Uncollected::Idle) => {
                return Err(Box::new(failure::timeout(target, "idle", timers.idle)));
            }
            Err(Uncollected::Fault(fault)) => {
                return Err(Box::new(failure::faulty(speaker, &fault)));
            }
        };
        let wanted = self.wanted(shaped, target);
        let whole = if !shaped.translated {
            self.dialect.chat().carry_whole(&wanted, body)
        } else {
            translate_whole(endpoint.dialect, self.dialect, &wanted, &body)
        };
        let mut whole = whole.map_err(|fault| Box::new(failure::faulty(speaker, &fault)))?;
        let asked = match &whole.kept {
            Some(_) => shaped.asked.hash(&self.gateway.vault),
            None => [0; 32],
        };
        let safe = Safe { whose: self.workspace, asked, keep: self.keeps(shaped) };
        safe.whole(&self.gateway, &mut whole).await;
        Ok(Outcome::Whole(whole, upstream_id))
    }

    async fn send(
        &self,
        target: &Target,
        endpoint: &Endpoint,
        shaped: &Shaped,
        timers: &Timers,
    ) -> Result<(Answer, Option<HeaderValue>), Box<Failed>> {
        let now = self.gateway.recorder.clock.now();
        let model = &target.label.model_name;
        if let Some(play) = target.kind.play(model, &shaped.body, now) {
            return match tokio::time::timeout(
                timers.first_byte,
                tokio::time::sleep(play.head_after),
            )
            .await
            {
                Ok(()) => {
                    let (status, headers) = (play.status, play.headers.clone());
                    let body = AnswerBody::Play(Box::new(Player::new(play)));
                    Ok((Answer { status, headers, body, unpacked: false }, None))
                }
                Err(_) => Err(Box::new(failure::timeout(target, "first_byte", timers.first_byte))),
            };
        }
        let tokens = &self.gateway.tokens;
        let token = tokens.authorization(&self.gateway.upstream, target, now).await;
        let token = token.map_err(|why| Box::new(failure::no_token(target, &why)))?;
        let carried = (&self.forwarded, token.clone());
        let request = outbound::request(target, endpoint, shaped, self.ask.stream, carried, now)
            .map_err(|why| Box::new(failure::unsent(target, &SendError::Connect(why))))?;
        let answer = self.gateway.upstream.send(request, timers.first_byte).await;
        let answer = answer.map_err(|err| Box::new(failure::unsent(target, &err)))?;
        Ok((answer, token))
    }

    /// Reads the stream up to its first semantic event, so that until then another target can be
    /// tried.
    async fn hold(
        &mut self,
        speaker: Speaker<'_>,
        endpoint: &Endpoint,
        shaped: &Shaped,
        mut body: AnswerBody,
        timers: &Timers,
    ) -> Result<(AnswerBody, Box<dyn Carry>, Carried), Box<Failed>> {
        let wanted = self.wanted(shaped, speaker.target);
        let mut carry: Box<dyn Carry> = if !shaped.translated {
            self.dialect.chat().carry(&wanted)
        } else {
            Box::new(Translate::new(endpoint.dialect, self.dialect, &wanted))
        };
        let mut carried = Carried::default();
        let deadline = Instant::now() + timers.first_token;
        loop {
            match tokio::time::timeout_at(deadline, body.chunk()).await {
                Err(_) => {
                    self.trail.saw(carry.seen());
                    return Err(Box::new(failure::timeout(
                        speaker.target,
                        "first_token",
                        timers.first_token,
                    )));
                }
                Ok(Some(Ok(chunk))) => carry.push(chunk, &mut carried),
                Ok(Some(Err(broken))) => {
                    self.trail.saw(carry.seen());
                    let fault = Fault { message: broken.to_string(), ..Fault::cut() };
                    return Err(Box::new(failure::faulty(speaker, &fault)));
                }
                Ok(None) => carry.end(&mut carried),
            }
            if let Some(Err(fault)) = &carried.end
                && !carry.seen().semantic
            {
                self.trail.saw(carry.seen());
                return Err(Box::new(failure::faulty(speaker, fault)));
            }
            let preamble: usize = carried.bytes.iter().map(Bytes::len).sum();
            if carry.seen().semantic || carried.end.is_some() || preamble > MAX_PREAMBLE {
                return Ok((body, carry, carried));
            }
        }
    }

    fn whole(self, whole: Whole, shaped: &Shaped, upstream_request_id: Option<String>) -> Begun {
        let notes = notes(shaped, upstream_request_id);
        Begun { body: BegunBody::Whole(whole, self.trail), notes }
    }

    fn stream(
        self,
        held: Held,
        shaped: &Shaped,
        upstream_request_id: Option<String>,
        target: &Arc<Target>,
        lease: Lease,
    ) -> Begun {
        let notes = notes(shaped, upstream_request_id);
        let timers = self.timers();
        let asked = shaped.asked.hash(&self.gateway.vault);
        let safe = Safe { whose: self.workspace, asked, keep: self.keeps(shaped) };
        let relay = Relay::new(
            self.gateway,
            self.id,
            self.dialect,
            safe,
            self.route.policy.client_gone,
            self.ask.list,
            (held.body, held.carry, held.carried),
            (Arc::clone(target), held.token, lease),
            self.trail,
            timers.idle,
        );
        Begun { body: BegunBody::Stream(Box::new(relay)), notes }
    }

    /// What is to be kept of the answer: one that is passed on is its provider's to keep.
    fn keeps(&self, shaped: &Shaped) -> Option<Arc<Keep>> {
        self.memory.keep.clone().filter(|_| shaped.translated)
    }

    fn ended(self, refusal: Refusal) -> Box<Ended> {
        Box::new(Ended { refusal, trail: self.trail })
    }

    fn wanted(&self, shaped: &Shaped, target: &Target) -> Wanted {
        let alias = self.route.policy.answer_model == AnswerModel::Alias;
        Wanted {
            id: self.id.to_string(),
            created: self.gateway.recorder.clock.now().as_seconds(),
            model: alias.then(|| self.route.name.clone()),
            target_model: target.label.model_name.clone(),
            include_usage: self.ask.include_usage,
            custom_tools: shaped.custom_tools.clone(),
            legacy_functions: shaped.legacy_functions,
            list: self.ask.list,
            keep: shaped.translated,
            answer_tool: shaped.answer_tool.clone(),
            stored: self.keeps(shaped).and_then(|keep| keep.stored.clone()),
            ids: (self.dialect == ClientDialect::OpenAiResponses && !shaped.translated).then(
                || {
                    let ids = self.gateway.vault.response_ids();
                    Arc::new(Sealer::new(ids, self.workspace, target)) as Arc<dyn SealId>
                },
            ),
        }
    }

    fn timers(&self) -> Timers {
        self.gateway.settings.timeouts.of(&self.route.policy)
    }
}

enum Outcome {
    Whole(Whole, Option<String>),
    Stream(Held, Option<String>),
}

/// Why a body could not be read whole.
pub enum Uncollected {
    /// Nothing came for too long.
    Idle,
    /// It broke off, or is too large.
    Fault(Fault),
}

/// A whole body, at most `limit` bytes of it. One piece, the usual case, is not copied.
pub async fn collect(
    mut body: AnswerBody,
    limit: usize,
    timers: &Timers,
) -> Result<Bytes, Uncollected> {
    let mut first: Option<Bytes> = None;
    let mut rest: Vec<u8> = Vec::new();
    loop {
        let chunk = match tokio::time::timeout(timers.idle, body.chunk()).await {
            Err(_) => return Err(Uncollected::Idle),
            Ok(Some(Ok(chunk))) => chunk,
            Ok(Some(Err(broken))) => {
                return Err(Uncollected::Fault(Fault {
                    message: broken.to_string(),
                    ..Fault::cut()
                }));
            }
            Ok(None) => return Ok(first.unwrap_or_else(|| rest.into())),
        };
        let held = first.as_ref().map_or(rest.len(), Bytes::len);
        if held + chunk.len() > limit {
            let message = format!("the provider's answer is larger than {limit} bytes");
            return Err(Uncollected::Fault(Fault::unreadable(message)));
        }
        match first.take() {
            None if rest.is_empty() => first = Some(chunk),
            None => rest.extend_from_slice(&chunk),
            Some(first) => rest = [first, chunk].concat(),
        }
    }
}

/// The provider's own id of the call, under the names that vendors use.
pub fn upstream_request_id(headers: &HeaderMap) -> Option<String> {
    // Looked up for every answer, so the names are made once.
    static NAMES: [HeaderName; 5] = [
        HeaderName::from_static("x-request-id"),
        HeaderName::from_static("request-id"),
        HeaderName::from_static("x-amzn-requestid"),
        HeaderName::from_static("apim-request-id"),
        HeaderName::from_static("x-trace-id"),
    ];
    NAMES
        .iter()
        .find_map(|name| headers.get(name)?.to_str().ok())
        .map(|id| id.chars().take(128).collect())
}

fn notes(shaped: &Shaped, upstream_request_id: Option<String>) -> Notes {
    Notes { upstream_request_id, ..Notes::of(&shaped.edits, &shaped.losses) }
}

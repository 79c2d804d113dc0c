//! The process's shared parts, and a request's way through them.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderName, Method, Request, Response, StatusCode, Uri, header};
use hyper::body::Incoming;
use wayleave_dialect::ClientDialect;
use wayleave_dialect::chat::Ask;
use wayleave_dialect::raw::RawObject;
use wayleave_dialect::task::Question;
use wayleave_model::id::{NodeId, RequestId};
use wayleave_model::provider::Operation;
use wayleave_model::record::{Asked, Identity, Person};
use wayleave_model::time::Tick;
use wayleave_store::KeyHasher;

use crate::answer::{self, Answering, ClientBody, Waiting};
use crate::auth::InAddress;
use crate::drain::Drains;
use crate::kept::{Forgotten, Memory};
use crate::origin::Origin;
use crate::outbound::{self, Traceparent};
use crate::pipeline::{Begun, Conversation, Ended};
use crate::pool::Healths;
use crate::recorder::Recorder;
use crate::refusal::Refusal;
use crate::settings::Settings;
use crate::surface::{self, Match, Miss, Surface};
use crate::task::upload::Uploads;
use crate::token::Tokens;
use crate::trail::{Progress, Trail};
use crate::upstream::Upstream;
use crate::vault::Vault;
use crate::world::{Endpoint, KeyEntry, Route, Target, World};
use crate::{auth, client, intake, kept, listing, ready, route, stored, task};

/// Everything requests share.
pub struct Gateway {
    /// The configuration in force.
    pub world: ArcSwap<World>,
    /// What the process was told at its start.
    pub settings: Settings,
    /// Clock, spool, metrics.
    pub recorder: Arc<Recorder>,
    /// Where requests leave.
    pub upstream: Upstream,
    /// Fetches media that callers name.
    pub media: Upstream,
    /// Keeps reasoning for clients who cannot.
    pub vault: Vault,
    /// What credentials were exchanged for.
    pub tokens: Tokens,
    /// How credentials fare.
    pub healths: Arc<Healths>,
    /// Hashes presented keys.
    pub hasher: KeyHasher,
    /// This process, as rows name it.
    pub node: NodeId,
    /// Calls that go on without their clients.
    pub drains: Drains,
    /// What uploads take of the disk.
    pub uploads: Uploads,
    /// The tick (µs) at which the database was last heard of.
    pub confirmed: AtomicU64,
    /// The process is on its way out.
    pub draining: AtomicBool,
}

/// One request's own values, known before it is read.
pub(crate) struct Arrival {
    pub(crate) id: RequestId,
    pub(crate) admitted: Tick,
    pub(crate) peer: IpAddr,
}

impl Gateway {
    /// Answers one request of the data plane.
    pub async fn serve(
        self: &Arc<Self>,
        request: Request<Incoming>,
        peer: IpAddr,
    ) -> Response<ClientBody> {
        let clock = &self.recorder.clock;
        let arrival = Arrival { id: RequestId::new(clock.now()), admitted: clock.tick(), peer };
        let found = surface::find(request.method(), request.uri().path());
        let dialect = client::dialect(request.uri().path(), request.headers());
        let method = request.method().clone();
        let answered = match found {
            Ok(found) => self.dispatch(found, request, &arrival, dialect).await,
            Err(miss) => {
                let refusal = self.missed(&miss, &request);
                Err(intake::discard(request.into_body(), refusal).await)
            }
        };
        answered.unwrap_or_else(|refusal| {
            without_body(&method, answer::refusal(&refusal, dialect, arrival.id))
        })
    }

    /// What is rare runs on the heap: this future stands in each connection for as long as it is
    /// open, as large as its largest branch.
    async fn dispatch(
        self: &Arc<Self>,
        found: Match,
        request: Request<Incoming>,
        arrival: &Arrival,
        dialect: ClientDialect,
    ) -> Result<Response<ClientBody>, Refusal> {
        if found.doubled {
            self.setup_problem("doubled_v1");
        }
        match found.surface {
            Surface::Operation { operation, dialect, path } => {
                let (Parts { uri, headers, .. }, body) = request.into_parts();
                let origin = Origin::new(arrival, headers, operation, dialect, path)
                    .addressed(&found, uri.query());
                self.chat(origin, &uri, body).await
            }
            Surface::Task(surface) => {
                Box::pin(self.tasked(request, arrival, &found, surface)).await
            }
            Surface::Job(verb) => Box::pin(self.job(request, arrival, verb, &found.rest)).await,
            Surface::Count { dialect, path } => {
                Box::pin(self.counted(request, arrival, &found, (dialect, path))).await
            }
            Surface::Stored(verb) => {
                Box::pin(self.of_stored(request, arrival, (verb, &found.rest))).await
            }
            Surface::Explain => Box::pin(self.explained(request, arrival)).await,
            Surface::Socket => {
                Ok(without_body(request.method(), self.no_socket(request.version(), arrival)))
            }
            Surface::Models | Surface::Model => {
                let key = self.caller(request.headers(), request.uri());
                let key = key.map_err(|unknown| unknown.refusal)?;
                let body = match (found.surface, dialect) {
                    (Surface::Models, ClientDialect::Gemini) => listing::all_for_gemini(&key),
                    (Surface::Models, _) => listing::all(&key),
                    (_, ClientDialect::Gemini) => listing::one_for_gemini(&key, &found.rest)?,
                    _ => listing::one(&key, &found.rest)?,
                };
                Ok(without_body(
                    request.method(),
                    answer::json(StatusCode::OK, dialect, arrival.id, body),
                ))
            }
            Surface::Unsupported { what, instead } => {
                self.caller(request.headers(), request.uri()).map_err(|unknown| unknown.refusal)?;
                let message = format!("{what} are not served here: {instead}");
                let refusal = Refusal::new(StatusCode::NOT_FOUND, "unsupported_endpoint", message);
                Err(intake::discard(request.into_body(), refusal).await)
            }
            Surface::Root => Ok(without_body(
                request.method(),
                answer::json(
                    StatusCode::OK,
                    dialect,
                    arrival.id,
                    r#"{"service":"wayleave","base_url_path":"/v1"}"#,
                ),
            )),
            Surface::Healthz => {
                let body = answer::json(StatusCode::OK, dialect, arrival.id, r#"{"status":"ok"}"#);
                Ok(without_body(request.method(), body))
            }
            Surface::Readyz => {
                let (status, body) = ready::report(self);
                Ok(without_body(request.method(), answer::json(status, dialect, arrival.id, body)))
            }
        }
    }

    async fn chat(
        self: &Arc<Self>,
        origin: Origin,
        uri: &Uri,
        body: Incoming,
    ) -> Result<Response<ClientBody>, Refusal> {
        let caller = self.caller(&origin.headers, uri);
        let (id, dialect, list) = (origin.id, origin.dialect, origin.list);
        let key = match caller {
            Ok(key) => key,
            Err(unknown) => {
                if let Some(key) = unknown.key {
                    self.trail(&key, None, &origin, Arc::default()).refused(&unknown.refusal);
                }
                // What the client still sends is read, so that it reads the refusal.
                return Err(intake::discard(body, unknown.refusal).await);
            }
        };
        let body = match intake::read(&origin.headers, body, self.settings.max_body).await {
            Ok(body) => body,
            Err((refusal, rest)) => {
                // Recorded first: the client may not wait until the rest is read.
                self.trail(&key, None, &origin, Arc::default()).refused(&refusal);
                return Err(match rest {
                    Some(rest) => intake::discard(rest, refusal).await,
                    None => refusal,
                });
            }
        };
        let progress = Arc::new(Progress::default());
        let run = Box::pin(Arc::clone(self).converse(key, origin, body, Arc::clone(&progress)));
        let mut answering = Answering::new(Arc::clone(self), run, progress);
        let ended = match tokio::time::timeout(self.settings.heartbeat, &mut answering).await {
            Ok(ended) => ended,
            Err(_) => match answering.into_stream() {
                // Silent for too long: the head and a heartbeat go out while targets are tried.
                Ok(run) => {
                    let waiting = Waiting::new(self, run, dialect, id, list);
                    let body = ClientBody::Waiting(Box::new(waiting));
                    return Ok(answer::stream(body, dialect, id, list));
                }
                Err(answering) => answering.await,
            },
        };
        match ended {
            Ok(begun) => Ok(answer::begun(begun, dialect, id, list)),
            Err(ended) => {
                let Ended { refusal, mut trail } = *ended;
                let refusal = refusal.told_in(dialect);
                trail.refused(&refusal);
                Err(refusal)
            }
        }
    }

    /// Reads what is asked, finds its targets, and tries them. Owns all it needs: it may go on
    /// when its client has left.
    async fn converse(
        self: Arc<Self>,
        key: KeyEntry,
        origin: Origin,
        body: Bytes,
        progress: Arc<Progress>,
    ) -> Result<Begun, Box<Ended>> {
        let (body, memory) = match self.recall(&key, &origin, body).await {
            Ok(recalled) => recalled,
            Err(forgotten) => {
                let Forgotten { refusal, model } = *forgotten;
                let trail = self.trail_named(&key, None, &model, &origin, progress);
                return Err(Box::new(Ended { refusal, trail }));
            }
        };
        let mut conversation = self.prepare_or_end(&key, &origin, &body, progress)?;
        conversation.memory = memory;
        conversation.run().await
    }

    /// As [`Gateway::prepare`], with the trail of what was refused.
    fn prepare_or_end<'a>(
        self: Arc<Self>,
        key: &KeyEntry,
        origin: &'a Origin,
        body: &'a Bytes,
        progress: Arc<Progress>,
    ) -> Result<Conversation<'a>, Box<Ended>> {
        let dialect = origin.dialect;
        let asked =
            RawObject::read(body).and_then(|object| dialect.chat().ask(&origin.head(), object));
        let ask = match asked {
            Ok(ask) => ask,
            Err(malformed) => {
                let trail = self.trail(key, None, origin, progress);
                return Err(Box::new(Ended { refusal: Refusal::bad_request(malformed), trail }));
            }
        };
        progress.streamed.store(ask.stream, Ordering::Relaxed);
        let mut trail = self.trail(key, Some(&ask), origin, progress);
        let lot = origin.id.0.as_u64_pair().1;
        let routed = route::find(key, &ask.model).and_then(|route| {
            task::must_do(&route.name, route.model_type, Operation::Chat)?;
            trail.routed(route);
            // The random part of the request's id draws the lot: no second source is needed.
            let (targets, continues) = match &ask.continues {
                None => {
                    (route::order(route, &key.caller.environment, origin.admitted, lot << 2)?, None)
                }
                Some(id) => self.continued(key, route, id, origin.admitted)?,
            };
            Ok((Arc::clone(route), targets, continues))
        });
        let (route, targets, continues) = match routed {
            Ok(routed) => routed,
            Err(refusal) => return Err(Box::new(Ended { refusal, trail })),
        };
        let forwarded = outbound::forwarded(&origin.headers, dialect, lot);
        Ok(Conversation {
            id: origin.id,
            dialect,
            body,
            ask,
            head: origin.head(),
            workspace: key.caller.workspace,
            caller: Arc::clone(&key.caller),
            forwarded,
            continues,
            memory: Memory::default(),
            route,
            key_losses: key.losses,
            targets,
            trail,
            gateway: self,
        })
    }

    /// Reads what is asked and finds its targets.
    pub(crate) fn prepare<'a>(
        self: &Arc<Self>,
        key: &KeyEntry,
        origin: &'a Origin,
        body: &'a Bytes,
        progress: Arc<Progress>,
    ) -> Result<Conversation<'a>, Refusal> {
        Arc::clone(self).prepare_or_end(key, origin, body, progress).map_err(|ended| {
            let mut ended = *ended;
            ended.trail.forget();
            ended.refusal
        })
    }

    /// A conversation that goes on from a stored response goes on with its provider alone, also
    /// while that one rests: nobody else has it.
    fn continued(
        &self,
        key: &KeyEntry,
        route: &Route,
        id: &str,
        now: Tick,
    ) -> Result<(Vec<Arc<Target>>, Option<String>), Refusal> {
        const PARAM: &str = "previous_response_id";
        let of =
            stored::open(&self.vault.response_ids(), key, id).map_err(|_| kept::not_found(id))?;
        let has = |it: &Target| {
            let speaks = |it: &Endpoint| it.dialect == ClientDialect::OpenAiResponses;
            stored::holds(it, &of) && it.offers.iter().any(speaks)
        };
        let environment = &key.caller.environment;
        let leads = |route: &Route| route.targets(environment).any(|it| has(it));
        if !leads(route) {
            let elsewhere = key.routes().find(|route| leads(route));
            let refusal = match elsewhere {
                Some(elsewhere) => stored::elsewhere(&route.name, &elsewhere.name),
                None => stored::gone(),
            };
            return Err(refusal.at(PARAM));
        }
        Ok((route::only(route, environment, now, &has)?, Some(of.id)))
    }

    /// The key behind the headers or the address, if it may be used now.
    pub(crate) fn caller(&self, headers: &HeaderMap, uri: &Uri) -> Result<KeyEntry, Box<Unknown>> {
        let unknown = |refusal| Box::new(Unknown { refusal, key: None });
        let in_address = InAddress::of(uri);
        let presented = auth::presented(headers, &in_address).map_err(|refusal| {
            self.refused_key(&refusal);
            unknown(refusal)
        })?;
        self.database_is_known().map_err(unknown)?;
        let hash = self.hasher.hash_key(presented.as_bytes());
        let world = self.world.load();
        auth::check(&world, &hash, presented, self.recorder.clock.now()).cloned().map_err(
            |denied| {
                self.refused_key(&denied.refusal);
                Box::new(Unknown { refusal: denied.refusal, key: denied.key.cloned() })
            },
        )
    }

    /// How long ago the database was last heard of.
    pub fn database_silence(&self) -> Duration {
        let heard = Tick::default().plus_micros(self.confirmed.load(Ordering::Relaxed));
        Duration::from_micros(self.recorder.clock.tick().micros_since(heard))
    }

    /// Keys are honoured for a while without the database; a revocation must not be missed for
    /// ever. A database failure is never a 401.
    fn database_is_known(&self) -> Result<(), Refusal> {
        let silence = self.database_silence();
        if silence <= self.settings.key_grace {
            return Ok(());
        }
        let message = format!(
            "the database has not answered for {} s, so keys cannot be checked",
            silence.as_secs()
        );
        Err(Refusal::dependency(message))
    }

    /// The record of a request of a known key: from here on it leaves a row, however it ends.
    fn trail(
        &self,
        key: &KeyEntry,
        ask: Option<&Ask<'_>>,
        origin: &Origin,
        progress: Arc<Progress>,
    ) -> Trail {
        self.trail_named(key, ask, ask.map_or("", |ask| &ask.model), origin, progress)
    }

    /// The record of a question.
    pub(crate) fn trail_of_task(
        &self,
        key: &KeyEntry,
        question: &dyn Question,
        origin: &Origin,
        progress: Arc<Progress>,
    ) -> Trail {
        let identity = self.identity(key, question.model(), question.end_user(), origin);
        let recorder = Arc::clone(&self.recorder);
        Trail::new(recorder, identity, question.asked(), origin.admitted, None, progress)
    }

    /// The record of a request for a job.
    pub(crate) fn trail_for(
        &self,
        key: &KeyEntry,
        (alias, end_user): (&str, Option<&str>),
        origin: &Origin,
        asked: Asked,
        progress: &Arc<Progress>,
    ) -> Trail {
        let identity = self.identity(key, alias, end_user, origin);
        let (recorder, progress) = (Arc::clone(&self.recorder), Arc::clone(progress));
        Trail::new(recorder, identity, asked, origin.admitted, None, progress)
    }

    /// The record of a request that is no conversation.
    pub(crate) fn trail_of(&self, key: &KeyEntry, alias: &str, origin: &Origin) -> Trail {
        self.trail_named(key, None, alias, origin, Arc::default())
    }

    fn trail_named(
        &self,
        key: &KeyEntry,
        ask: Option<&Ask<'_>>,
        alias: &str,
        origin: &Origin,
        progress: Arc<Progress>,
    ) -> Trail {
        let end_user = ask.and_then(|ask| ask.end_user.as_deref());
        let probe = ask.is_some_and(client::is_check);
        let identity = Identity { probe, ..self.identity(key, alias, end_user, origin) };
        let asked = ask.map_or(Asked::default(), |ask| ask.asked);
        let max_output = ask.and_then(|ask| ask.max_output);
        Trail::new(
            Arc::clone(&self.recorder),
            identity,
            asked,
            origin.admitted,
            max_output,
            progress,
        )
    }

    /// Who asks, through what, for what.
    fn identity(
        &self,
        key: &KeyEntry,
        alias: &str,
        end_user: Option<&str>,
        origin: &Origin,
    ) -> Identity {
        let headers = &origin.headers;
        // Looked up in every request, so the names are made once.
        static X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
        static X_CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("x-client-request-id");
        let text = |name: &HeaderName, most: usize| {
            let value = headers.get(name)?.to_str().ok()?;
            Some(value.chars().take(most).collect::<String>())
        };
        let client_addr = client::address(headers, origin.peer, &self.settings.trusted_proxies);
        Identity {
            request: origin.id,
            started_at: self.recorder.clock.now(),
            node: self.node,
            revision: self.world.load().revision,
            caller: Arc::clone(&key.caller),
            surface: Cow::Borrowed(origin.path),
            operation: origin.operation,
            alias: alias.chars().take(256).collect(),
            alias_id: None,
            route: None,
            client: client::recognise(headers).map(Cow::Borrowed),
            client_request_id: text(&X_REQUEST_ID, 128).or_else(|| text(&X_CLIENT_REQUEST_ID, 128)),
            trace_id: Traceparent::read(headers).map(|trace| trace.id.to_owned()),
            person: Some(Person {
                client_addr: Some(client::shown(client_addr)),
                end_user: end_user.map(|it| it.chars().take(256).collect()),
            }),
            probe: false,
        }
    }

    fn missed(&self, miss: &Miss, request: &Request<Incoming>) -> Refusal {
        let path: String = request.uri().path().chars().take(200).collect();
        let base = format!("{}/v1", self.settings.public_url);
        match miss {
            Miss::Method(allow) => Refusal {
                allow: Some(allow),
                ..Refusal::new(
                    StatusCode::METHOD_NOT_ALLOWED,
                    "method_not_allowed",
                    format!("{} is not served at {path}: use {allow}", request.method()),
                )
            },
            Miss::Pasted { operation } => {
                self.setup_problem("pasted_operation");
                let message = format!(
                    "unknown path {path}: the base URL must be {base}, without the operation path {operation}, which the client adds itself"
                );
                Refusal::new(StatusCode::NOT_FOUND, "unknown_url", message)
            }
            Miss::Unknown => {
                let message = format!("unknown path {path}: the base URL is {base}");
                Refusal::new(StatusCode::NOT_FOUND, "unknown_url", message)
            }
        }
    }

    fn refused_key(&self, refusal: &Refusal) {
        let code = match refusal.code.as_str() {
            "missing_api_key" => "missing_api_key",
            "expired_api_key" => "expired_api_key",
            "revoked_api_key" => "revoked_api_key",
            "foreign_key_format" => "foreign_key_format",
            _ => "invalid_api_key",
        };
        self.recorder
            .metrics
            .refused_keys
            .get_or_create(&crate::metrics::CodeLabels { code })
            .inc();
    }

    fn setup_problem(&self, code: &'static str) {
        self.recorder
            .metrics
            .setup_problems
            .get_or_create(&crate::metrics::CodeLabels { code })
            .inc();
    }
}

/// A caller without a key that may be used now; the key, where it is known.
pub(crate) struct Unknown {
    pub(crate) refusal: Refusal,
    pub(crate) key: Option<KeyEntry>,
}

/// `HEAD` is `GET` without the body.
fn without_body(method: &Method, mut response: Response<ClientBody>) -> Response<ClientBody> {
    if method == Method::HEAD {
        if let ClientBody::Full(Some(body)) = response.body() {
            let length = body.len();
            response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
        }
        *response.body_mut() = ClientBody::Full(None);
    }
    response
}

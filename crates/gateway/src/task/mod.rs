//! Operations that are no conversation: asked once, answered once, as bytes or as a stream.
//!
//! The way of a request is the one of a conversation ([`crate::pipeline`]), without what only
//! conversations have: heartbeats, proofs of reasoning, kept responses.

mod answer;
mod ask;
mod fetch;
mod passing;
mod send;
mod surface;
pub mod upload;

pub use answer::{Began, BeganBody};
pub(crate) use ask::Sender;
pub use passing::Passing;
pub(crate) use passing::Rest;
pub(crate) use send::Answered;
pub use surface::*;

use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming;
use wayleave_dialect::task::{Body, Given, Question};
use wayleave_model::provider::{ModelType, Operation};

use crate::answer::{Answering, ClientBody};
use crate::gateway::{Arrival, Gateway};
use crate::origin::Origin;
use crate::pipeline::Ended;
use crate::refusal::Refusal;
use crate::surface::Match;
use crate::trail::Progress;
use crate::world::KeyEntry;
use crate::{intake, outbound, route};
use ask::Asking;
use upload::{Room, Upload};

impl Gateway {
    /// Answers a request for an operation that is no conversation.
    pub(crate) async fn tasked(
        self: &Arc<Self>,
        request: Request<Incoming>,
        arrival: &Arrival,
        found: &Match,
        surface: &'static TaskSurface,
    ) -> Result<Response<ClientBody>, Refusal> {
        let (parts, body) = request.into_parts();
        let (operation, dialect) = (surface.operation, surface.dialect);
        let caller = self.caller(&parts.headers, &parts.uri);
        let origin = Origin::new(arrival, parts.headers, operation, dialect, surface.path)
            .addressed(found, parts.uri.query());
        let key = match caller {
            Ok(key) => key,
            Err(unknown) => {
                if let Some(key) = &unknown.key {
                    self.trail_of(key, "", &origin).refused(&unknown.refusal);
                }
                return Err(intake::discard(body, unknown.refusal).await);
            }
        };
        let (body, upload) = match self.taken(&origin, body).await {
            Ok(taken) => taken,
            Err((refusal, rest)) => {
                self.trail_of(&key, "", &origin).refused(&refusal);
                return Err(match rest {
                    Some(rest) => intake::discard(rest, refusal).await,
                    None => refusal,
                });
            }
        };
        let progress = Arc::new(Progress::default());
        let asked = self.asked(&key, &origin, (body, upload), surface, &progress);
        let asking = asked.map_err(|ended| self.told(*ended, surface))?;
        let run = Box::pin(asking.run());
        match Answering::new(Arc::clone(self), run, progress).await {
            Ok(began) => Ok(began.respond(dialect, arrival.id)),
            Err(ended) => Err(self.told(*ended, surface)),
        }
    }

    /// Closes the record of a request that gets no answer.
    fn told(&self, ended: Ended, surface: &TaskSurface) -> Refusal {
        let Ended { refusal, mut trail } = ended;
        let refusal = refusal.told_in(surface.dialect);
        trail.refused(&refusal);
        refusal
    }

    /// Takes in the body: JSON as it is, a form's files to the disk.
    pub(crate) async fn taken(
        &self,
        origin: &Origin,
        body: Incoming,
    ) -> Result<(Body, Option<Arc<Upload>>), (Refusal, Option<Incoming>)> {
        let headers = origin.headers();
        let Some(boundary) = upload::boundary(headers) else {
            let bytes = intake::read(headers, body, self.settings.max_body).await?;
            return Ok((Body::Json(bytes), None));
        };
        let room = Room {
            uploads: &self.uploads,
            folder: &self.settings.upload_folder,
            limit: self.settings.max_upload,
        };
        upload::read(headers, body, boundary, &room).await
    }

    /// Reads what is asked and finds its targets.
    fn asked(
        self: &Arc<Self>,
        key: &KeyEntry,
        origin: &Origin,
        (body, upload): (Body, Option<Arc<Upload>>),
        surface: &'static TaskSurface,
        progress: &Arc<Progress>,
    ) -> Result<Asking, Box<Ended>> {
        let given = Given { head: origin.head(), body: &body };
        let question: Box<dyn Question> = match (surface.read)(&given) {
            Ok(question) => question,
            Err(malformed) => {
                let trail = self.trail_of(key, "", origin);
                return Err(Box::new(Ended { refusal: Refusal::bad_request(malformed), trail }));
            }
        };
        let stream = question.asked().stream;
        progress.streamed.store(stream, std::sync::atomic::Ordering::Relaxed);
        let mut trail = self.trail_of_task(key, &*question, origin, Arc::clone(progress));
        let lot = origin.id.0.as_u64_pair().1;
        let routed = route::find(key, question.model()).and_then(|route| {
            must_do(&route.name, route.model_type, surface.operation)?;
            trail.routed(route);
            let environment = &key.caller.environment;
            let targets = route::order(route, environment, origin.admitted, lot << 2)?;
            Ok((Arc::clone(route), targets))
        });
        let (route, targets) = match routed {
            Ok(routed) => routed,
            Err(refusal) => return Err(Box::new(Ended { refusal, trail })),
        };
        Ok(Asking {
            id: origin.id,
            surface,
            question,
            upload,
            forwarded: outbound::forwarded(&origin.headers, surface.dialect, lot),
            route,
            key_losses: key.losses,
            targets,
            trail,
            gateway: Arc::clone(self),
        })
    }
}

/// Refuses what is asked of a model of another type, naming where that is served.
pub(crate) fn must_do(
    alias: &str,
    model_type: ModelType,
    operation: Operation,
) -> Result<(), Refusal> {
    if model_type.operations().contains(&operation) {
        return Ok(());
    }
    let message = format!(
        "`{alias}` is a model of type {}: it is served at {}",
        model_type.as_str(),
        model_type.endpoint()
    );
    let status = http::StatusCode::BAD_REQUEST;
    Err(Refusal::new(status, "wrong_endpoint", message).at("model"))
}

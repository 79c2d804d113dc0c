//! A request for a new job, of a prompt or of a finished one: read, admitted, answered.

use std::sync::Arc;

use http::{Response, StatusCode};
use hyper::body::Incoming;
use wayleave_dialect::Malformed;
use wayleave_dialect::task::video;
use wayleave_dialect::task::{Body, Given};
use wayleave_model::job::{Job, JobState};
use wayleave_model::provider::Operation;
use wayleave_model::record::{Asked, StreamEnd};

use super::remote::Remote;
use super::sending::{Created, Creating, What};
use super::{DIALECT, Form, show};
use crate::answer::{self, Answering, ClientBody};
use crate::gateway::Gateway;
use crate::origin::Origin;
use crate::pipeline::Ended;
use crate::refusal::Refusal;
use crate::task::must_do;
use crate::task::upload::Upload;
use crate::trail::{Progress, Trail};
use crate::world::{KeyEntry, Route, Target};
use crate::{intake, outbound, route};

impl Gateway {
    /// Makes a job of a client's request for a video.
    pub(super) async fn job_created(
        self: &Arc<Self>,
        key: &KeyEntry,
        origin: &Origin,
        body: Incoming,
        form: Form,
    ) -> Result<Response<ClientBody>, Refusal> {
        let (body, upload) = self.job_taken(key, origin, body).await?;
        let given = Given { head: origin.head(), body: &body };
        let read = match form {
            Form::OpenAi => video::read_openai(&given),
            Form::Family => video::read_generations(&given),
        };
        let request = self.readable(key, origin, read)?;
        let progress = Arc::new(Progress::default());
        let end_user = request.end_user.as_deref();
        let mut trail =
            self.trail_for(key, (&request.model, end_user), origin, request.asked(), &progress);
        let lot = origin.id.0.as_u64_pair().1;
        let routed = route::find(key, &request.model).and_then(|route| {
            must_do(&route.name, route.model_type, Operation::Video)?;
            trail.routed(route);
            let environment = &key.caller.environment;
            let targets = route::order(route, environment, origin.admitted, lot << 2)?;
            Ok((Arc::clone(route), targets))
        });
        let routed = routed.map_err(|refusal| ended(&mut trail, refusal))?;
        let digest = self.job_digest(&body);
        let what = What::Video(Box::new(request));
        let creating = self.creating(key, origin, (what, digest, form), upload, routed, trail);
        self.run_job(origin, creating, progress).await
    }

    /// Makes a job of a finished one.
    pub(super) async fn job_remixed(
        self: &Arc<Self>,
        key: &KeyEntry,
        origin: &Origin,
        body: Incoming,
        id: &str,
    ) -> Result<Response<ClientBody>, Refusal> {
        let (body, _) = self.job_taken(key, origin, body).await?;
        let given = Given { head: origin.head(), body: &body };
        let remix = self.readable(key, origin, video::read_remix(&given))?;
        let (mut found, job) = self.job_named(key, origin, id).await?;
        found.forget();
        let progress = Arc::new(Progress::default());
        let asked = Asked { bytes: remix.body.len() as u64, ..Asked::default() };
        let mut trail = self.trail_for(key, (&job.origin.alias, None), origin, asked, &progress);
        let routed = self.remixable(key, &job).map_err(|refusal| ended(&mut trail, refusal))?;
        trail.routed(&routed.0);
        let digest = self.job_digest(&body);
        let what = What::Remix(remix, Box::new(job));
        let creating =
            self.creating(key, origin, (what, digest, Form::OpenAi), None, routed, trail);
        self.run_job(origin, creating, progress).await
    }

    /// The route and the one target of a job from which another can be made.
    fn remixable(
        self: &Arc<Self>,
        key: &KeyEntry,
        job: &Job,
    ) -> Result<(Arc<Route>, Vec<Arc<Target>>), Refusal> {
        let route = Arc::clone(route::find(key, &job.origin.alias)?);
        if job.state != JobState::Completed {
            let message = "the video has not been made: a remix needs a finished one";
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "video_not_ready", message));
        }
        let remote = Remote::of(&key.tenant, job).ok_or_else(gone)?;
        Ok((route, vec![remote.target]))
    }

    async fn job_taken(
        &self,
        key: &KeyEntry,
        origin: &Origin,
        body: Incoming,
    ) -> Result<(Body, Option<Arc<Upload>>), Refusal> {
        match self.taken(origin, body).await {
            Ok(taken) => Ok(taken),
            Err((refusal, rest)) => {
                self.trail_of(key, "", origin).refused(&refusal);
                Err(match rest {
                    Some(rest) => intake::discard(rest, refusal).await,
                    None => refusal,
                })
            }
        }
    }

    fn readable<T>(
        &self,
        key: &KeyEntry,
        origin: &Origin,
        read: Result<T, Malformed>,
    ) -> Result<T, Refusal> {
        read.map_err(|malformed| {
            ended(&mut self.trail_of(key, "", origin), Refusal::bad_request(malformed))
        })
    }

    fn creating(
        self: &Arc<Self>,
        key: &KeyEntry,
        origin: &Origin,
        (what, digest, form): (What, String, Form),
        upload: Option<Arc<Upload>>,
        (route, targets): (Arc<Route>, Vec<Arc<Target>>),
        trail: Trail,
    ) -> Creating {
        let lot = origin.id.0.as_u64_pair().1;
        Creating {
            gateway: Arc::clone(self),
            id: origin.id,
            key: key.clone(),
            form,
            surface: origin.path,
            what,
            digest,
            upload,
            forwarded: outbound::forwarded(origin.headers(), DIALECT, lot),
            route,
            key_losses: key.losses,
            targets,
            trail,
        }
    }

    /// Runs to the end whether or not its client waits.
    async fn run_job(
        self: &Arc<Self>,
        origin: &Origin,
        creating: Creating,
        progress: Arc<Progress>,
    ) -> Result<Response<ClientBody>, Refusal> {
        let form = creating.form;
        let run = Box::pin(creating.run());
        match Answering::new(Arc::clone(self), run, progress).await {
            Ok(Created { job, notes, mut trail }) => {
                let shown = show::shown(&job, &self.settings.public_url);
                let body = match form {
                    Form::OpenAi => video::video(&shown),
                    Form::Family => video::generation_created(&shown),
                };
                trail.close(200, StreamEnd::Done, None, None);
                let mut response = answer::json(StatusCode::OK, DIALECT, origin.id, body);
                answer::note(&mut response, &notes);
                Ok(response)
            }
            Err(it) => {
                let Ended { refusal, mut trail } = *it;
                Err(ended(&mut trail, refusal))
            }
        }
    }

    /// Stands for what was asked, and says nothing of it: keyed.
    fn job_digest(&self, body: &Body) -> String {
        let digest = match body {
            Body::Json(body) => self.hasher.anchor(body),
            Body::Form { fields, files } => {
                let text = format!("{fields:?}{files:?}");
                self.hasher.anchor(text.as_bytes())
            }
        };
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Closes the record of a request that gets no job.
fn ended(trail: &mut Trail, refusal: Refusal) -> Refusal {
    trail.refused(&refusal);
    refusal
}

/// The refusal where the credential that has a video serves nothing any more.
pub(super) fn gone() -> Refusal {
    let message = "the credential that this video was made with no longer serves this workspace";
    Refusal::new(StatusCode::GONE, "video_gone", message)
}

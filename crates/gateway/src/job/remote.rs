//! Where a job is at its provider: the target that took it, in the configuration in force.

use std::sync::Arc;

use http::HeaderMap;
use wayleave_dialect::error::Fault;
use wayleave_dialect::task::video::{Inline, Vendor, VideoState};
use wayleave_dialect::task::{Grammar, Wire};
use wayleave_model::job::Job;
use wayleave_model::provider::Operation;

use crate::failure::{self, Failed};
use crate::gateway::Gateway;
use crate::task::Sender;
use crate::world::{Target, Tenant};

/// The most of an answer that tells how a job stands.
const MOST: usize = 64 << 20;

/// A job at its provider.
pub(super) struct Remote {
    /// Who took it.
    pub(super) target: Arc<Target>,
    /// Which of the target's endpoints.
    pub(super) at: usize,
    /// The grammar it was asked in.
    pub(super) vendor: Vendor,
    /// The provider's id of it.
    pub(super) vendor_id: String,
}

impl Remote {
    /// `None`: the provider has told no id, or the credential serves nothing any more.
    pub(super) fn of(tenant: &Tenant, job: &Job) -> Option<Remote> {
        let vendor = Vendor::parse(&job.origin.grammar)?;
        let label = &job.origin.target;
        let environment = &job.origin.caller.environment;
        let targets = tenant.aliases.values().flat_map(|route| route.targets(environment));
        let target = targets.filter(|it| {
            (it.label.provider, it.label.credential) == (label.provider, label.credential)
        });
        let (target, at) = target
            .filter_map(|target| Some((target, endpoint(target, Some(vendor))?)))
            // Any of its models leads there; the job's own is best: some paths name it.
            .max_by_key(|(target, _)| target.label.model == label.model)
            .filter(|(target, _)| vendor != Vendor::Vertex || target.label.model == label.model)?;
        let vendor_id = job.vendor_id.clone()?;
        Some(Remote { target: Arc::clone(target), at, vendor, vendor_id })
    }

    /// Sends to it.
    pub(super) fn sender(&self, gateway: &Arc<Gateway>) -> Sender {
        Sender {
            gateway: Arc::clone(gateway),
            operation: Operation::Video,
            spoken: Grammar::OpenAi,
            target: Arc::clone(&self.target),
            at: self.at,
            upload: None,
            forwarded: HeaderMap::new(),
            timers: gateway.settings.timeouts,
        }
    }

    /// Asks how it stands. A film that stands in the answer is passed over.
    ///
    /// # Errors
    /// As for any call, with the provider's status where it answered.
    pub(super) async fn state(
        &self,
        gateway: &Arc<Gateway>,
    ) -> Result<VideoState, (Box<Failed>, Option<u16>)> {
        let sender = self.sender(gateway);
        let wire: Wire = self.vendor.poll(&self.vendor_id);
        let mut answered = sender.send(wire).await?;
        let token = answered.token.clone();
        let faulty = |fault: &Fault| {
            (Box::new(failure::faulty(sender.speaker(token.as_ref()), fault)), None)
        };
        let (mut inline, mut film, mut read) = (Inline::default(), Vec::new(), 0);
        loop {
            match tokio::time::timeout(sender.timers.idle, answered.body.chunk()).await {
                Err(_) => {
                    let failed = failure::timeout(&self.target, "idle", sender.timers.idle);
                    return Err((Box::new(failed), None));
                }
                Ok(Some(Ok(chunk))) => {
                    read += chunk.len();
                    inline.push(&chunk, &mut film).map_err(|fault| faulty(&fault))?;
                    film.clear();
                }
                Ok(Some(Err(broken))) => {
                    return Err(faulty(&Fault { message: broken.to_string(), ..Fault::cut() }));
                }
                Ok(None) => break,
            }
            if read > MOST && self.vendor != Vendor::Vertex {
                return Err(faulty(&Fault::unreadable("the provider's answer is too long")));
            }
        }
        let state = self.vendor.read_state(&self.vendor_id, inline.around());
        state.map_err(|fault| faulty(&fault))
    }
}

/// Which endpoint of a target makes videos; `only` in that grammar.
pub(super) fn endpoint(target: &Target, only: Option<Vendor>) -> Option<usize> {
    target.tasks.iter().position(|it| {
        let vendor = Vendor::of(it.grammar);
        it.operation == Operation::Video
            && vendor.is_some()
            && only.is_none_or(|only| Some(only) == vendor)
    })
}

//! The rung of the smallest question to a model that holds no conversation.

use http::header;
use wayleave_dialect::carry::Carried;
use wayleave_dialect::error::Fault;
use wayleave_dialect::task::{Context, Piece, Reader, Said as Spoken, SaidHead, Wire, error};
use wayleave_model::Usage;
use wayleave_model::usage::UsageSource;
use wayleave_provider::failure::Show;
use wayleave_provider::proof::{Callee, Outcome, Rung, Step, Trial, trial};

use super::ask::{Said, Sent};
use super::ladder::{Climb, Fall};

impl Climb<'_> {
    /// The question, and where it goes; `None`: its answer would cost more than a proof may.
    pub(super) fn trial(&self, callee: &Callee) -> Result<Option<(String, Trial)>, Fall> {
        let kind = self.claim.kind;
        let trial = trial(kind, &callee.model, callee.model_type, &callee.facts)
            .map_err(|why| Fall::new(Outcome::Failed, why.to_string()))?;
        let Some(trial) = trial else { return Ok(None) };
        let url = kind.task_url(&self.account, trial.offer.path, &callee.model)?;
        Ok(Some((url, trial)))
    }

    /// Asks it, and reads what comes back.
    pub(super) async fn ask_trial(&mut self, url: String, trial: Trial) -> Result<(), Fall> {
        let Some(wire) = trial.written.wires.into_iter().next() else { return Ok(()) };
        let url = wire.address(&url);
        let (began, method) = (self.clock.tick(), wire.method.clone());
        self.spent.calls += 1;
        let said = self.ask(method, &url, sent(wire), true).await;
        let said = match said {
            Ok(said) => said,
            Err(why) => {
                let step = self.step(Rung::Call, "POST", &url, began, None, false);
                self.steps.push(Step { note: why.to_string(), ..step });
                return Err(Fall::new(Outcome::Failed, why.to_string()));
            }
        };
        let mut step = self.step(Rung::Call, "POST", &url, began, Some(said.status), true);
        step.body = Some(self.scrub.shown(&said.body));
        let refused = match said.status.is_success() {
            true => match read(trial.written.reader, &said) {
                Ok((usage, source)) => {
                    (self.spent.usage, self.spent.source) = (usage, source);
                    step.note = "the model answers".to_owned();
                    self.steps.push(step);
                    self.proven = Some("the model answers with the credential");
                    return Ok(());
                }
                Err(fault) => (fault.code, fault.message),
            },
            false => error::read(&said.body)
                .unwrap_or_else(|| (None, String::from_utf8_lossy(&said.body).into_owned())),
        };
        let (show, message) = self.diagnose(&said, Some(refused));
        let (outcome, what) = match show {
            Show::AuthFailed => (Outcome::Refused, "the provider refused the credential"),
            Show::ModelMissing => (Outcome::ModelMissing, "there is no such model for it"),
            Show::RateLimited => (Outcome::Failed, "the credential is rate limited"),
            Show::Overloaded => (Outcome::Failed, "the provider is overloaded"),
            _ => (Outcome::Failed, "the call was refused"),
        };
        step.result = wayleave_provider::proof::StepResult::Failed;
        step.note = format!("{what}: {message}");
        let fall = Fall::new(outcome, step.note.clone());
        self.steps.push(step);
        Err(fall)
    }
}

/// What an answer consumed; the fault of one that is none.
fn read(reader: Reader, said: &Said) -> Result<(Usage, UsageSource), Fault> {
    let content_type = said.headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let essence = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let head =
        SaidHead { content_type: essence.to_ascii_lowercase(), headers: said.headers.clone() };
    let (body, context) = (said.body.clone().into(), Context::default());
    match reader {
        Reader::Whole(mut reader) => {
            reader.read(Spoken { head, body })?;
            let spoken = reader.end(&context)?;
            Ok((spoken.usage, spoken.source))
        }
        Reader::Stream(reader) => {
            let mut streaming = reader.begin(&head, &context)?;
            let mut carried = Carried::default();
            streaming.carry.push(body, &mut carried);
            if carried.end.is_none() {
                streaming.carry.end(&mut carried);
            }
            carried.end.unwrap_or(Ok(()))?;
            let usage = streaming.carry.seen().usage;
            Ok((usage.unwrap_or_default(), usage.map_or(UsageSource::None, |_| streaming.source)))
        }
    }
}

/// A trial has no files: every byte is at hand.
fn sent(wire: Wire) -> Sent {
    let pieces = wire.body.into_iter().filter_map(|piece| match piece {
        Piece::Bytes(bytes) => Some(bytes),
        Piece::File(_) | Piece::Base64(_) => None,
    });
    let body = pieces.flatten().collect();
    Sent { body, content_type: wire.content_type, headers: wire.headers }
}

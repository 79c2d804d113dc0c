//! The rung of the smallest call, which costs a few tokens: it mends itself as the provider asks.

use http::Method;
use wayleave_dialect::carry::Answer;
use wayleave_dialect::chat::ChatEvent;
use wayleave_model::Usage;
use wayleave_model::usage::UsageSource;
use wayleave_provider::failure::Show;
use wayleave_provider::proof::{Callee, Outcome, Rung, Smallest, Step, StepResult};

use super::ask::{Said, Sent};
use super::ladder::{Climb, Fall};
use crate::trail::BYTES_PER_TOKEN;

impl Climb<'_> {
    /// The call's first form, and where it goes.
    pub(super) fn smallest(&self, callee: &Callee) -> Result<(String, Smallest), Fall> {
        let kind = self.claim.kind;
        let smallest = Smallest::new(kind, &callee.model, callee.model_type, &callee.facts)
            .map_err(|why| Fall::new(Outcome::Failed, why.to_string()))?;
        let url = kind.url(&self.account, smallest.offer(), &callee.model, false)?;
        Ok((url, smallest))
    }

    pub(super) async fn call(&mut self, first: String, mut smallest: Smallest) -> Result<(), Fall> {
        let mut url = first;
        loop {
            let body = smallest.body();
            let body = body.map_err(|why| Fall::new(Outcome::Failed, why.to_string()))?;
            let (began, sent) = (self.clock.tick(), body.len());
            self.spent.calls += 1;
            let said = self.ask(Method::POST, &url, Sent::json(body), true).await;
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
            let Some(error) = error_of(&said, &smallest) else {
                (self.spent.usage, self.spent.source) = consumed(&said, &smallest, sent);
                step.note = "the model answers".to_owned();
                self.steps.push(step);
                self.proven = Some("the model answers with the credential");
                return Ok(());
            };
            let (show, message) = self.diagnose(&said, Some(error));
            if show == Show::Caller
                && let Some(change) = smallest.adapt(&message)
            {
                step.result = StepResult::Inconclusive;
                step.note = format!("{message}. Next: {change}");
                self.steps.push(step);
                let (kind, model) = (self.claim.kind, self.claim.call.as_ref());
                let model = model.map(|it| it.model.as_str()).unwrap_or_default();
                url = kind.url(&self.account, smallest.offer(), model, smallest.streams())?;
                continue;
            }
            let (outcome, said) = match show {
                Show::AuthFailed => (Outcome::Refused, "the provider refused the credential"),
                Show::ModelMissing => (Outcome::ModelMissing, "there is no such model for it"),
                Show::RateLimited => (Outcome::Failed, "the credential is rate limited"),
                Show::Overloaded => (Outcome::Failed, "the provider is overloaded"),
                _ => (Outcome::Failed, "the call was refused"),
            };
            step.result = StepResult::Failed;
            step.note = format!("{said}: {message}");
            let fall = Fall::new(outcome, step.note.clone());
            self.steps.push(step);
            return Err(fall);
        }
    }
}

/// What an answer consumed: as it says itself, else estimated from what was sent.
fn consumed(said: &Said, smallest: &Smallest, sent: usize) -> (Usage, UsageSource) {
    let mut events = Vec::new();
    if !smallest.streams() {
        let mut reader = smallest.offer().dialect.chat().reader(&Answer::default());
        // What cannot be read as a conversation may say nothing of its usage either.
        drop(reader.whole(&said.body, &mut events));
    }
    let told = events.iter().rev().find_map(|event| match event {
        ChatEvent::Usage(usage) if !usage.is_zero() => Some(*usage),
        _ => None,
    });
    let guessed = || Usage { input: (sent as u64).div_ceil(BYTES_PER_TOKEN), ..Usage::default() };
    told.map_or_else(|| (guessed(), UsageSource::Estimated), |it| (it, UsageSource::Provider))
}

/// What is wrong with an answer to the smallest call; `None`: nothing.
fn error_of(said: &Said, smallest: &Smallest) -> Option<(Option<String>, String)> {
    let dialect = smallest.offer().dialect.chat();
    let first = if smallest.streams() && said.status.is_success() {
        first_event(&said.body)
    } else {
        &said.body
    };
    if let Some(error) = dialect.read_error(first) {
        return Some(error);
    }
    let is_object = serde_json::from_slice::<serde_json::Map<_, serde_json::Value>>(first).is_ok();
    // Amazon's streams are framed in binary: a status of success is all there is to see.
    let readable = is_object || (smallest.streams() && !first.starts_with(b"<"));
    if said.status.is_success() && readable {
        return None;
    }
    let text = String::from_utf8_lossy(&said.body);
    let text = if said.status.is_success() { "the answer is no JSON" } else { text.as_ref() };
    Some((None, text.chars().take(400).collect()))
}

/// The data of a stream's first event.
fn first_event(body: &[u8]) -> &[u8] {
    let mut lines = body.split(|it| *it == b'\n');
    let data = lines.find_map(|line| line.strip_prefix(b"data:")).unwrap_or(body);
    data.trim_ascii()
}

//! A credential in use for a model: both healths that it depends on, and who is in.

use std::sync::Arc;

use wayleave_model::time::Tick;
use wayleave_provider::Verdict;
use wayleave_provider::failure::{Blame, Show};

use super::health::{Entered, Fitness, Health, Noted};

/// Both healths that a target depends on.
#[derive(Clone, Debug)]
pub struct Member {
    /// The credential, whatever the model.
    pub credential: Arc<Health>,
    /// The credential for this model.
    pub model: Arc<Health>,
}

impl Member {
    /// Whether it may be used at `now`: the worse of both counts.
    pub fn fitness(&self, now: Tick) -> Fitness {
        match (self.credential.fitness(now), self.model.fitness(now)) {
            (Fitness::Ready, other) | (other, Fitness::Ready) => other,
            (Fitness::Due, other) | (other, Fitness::Due) => other,
            (a, b) => {
                let micros = |it| if let Fitness::Resting { micros, .. } = it { micros } else { 0 };
                if micros(a) >= micros(b) { a } else { b }
            }
        }
    }

    /// Whether a person has put it to rest: then it is not used, whoever else there is.
    pub fn is_by_hand(&self) -> bool {
        self.credential.is_by_hand() || self.model.is_by_hand()
    }

    /// Takes a place; dropping the lease gives it back. `None`: it rests, or another request tries
    /// it just now.
    pub fn lease(&self, now: Tick) -> Option<Lease> {
        let credential = self.credential.enter(now)?;
        let Some(model) = self.model.enter(now) else {
            self.credential.withdraw(credential);
            return None;
        };
        Some(self.entered(credential, model))
    }

    /// Takes a place although it may rest, because nobody else can serve. `None`: a person said
    /// that it must not be used.
    pub fn lease_anyway(&self, now: Tick) -> Option<Lease> {
        let credential = self.credential.enter_anyway(now)?;
        let Some(model) = self.model.enter_anyway(now) else {
            self.credential.withdraw(credential);
            return None;
        };
        Some(self.entered(credential, model))
    }

    fn entered(&self, credential: Entered, model: Entered) -> Lease {
        self.credential.began();
        self.model.began();
        Lease { member: self.clone(), credential, model }
    }
}

/// A credential in use.
#[derive(Debug)]
pub struct Lease {
    member: Member,
    credential: Entered,
    model: Entered,
}

impl Lease {
    /// The provider answered as it should, its first byte after so many microseconds.
    pub fn succeeded(&self, first_byte: Option<u64>) -> Noted {
        if let Some(micros) = first_byte {
            self.member.model.measured(micros);
        }
        let credential = self.member.credential.succeeded(self.credential);
        let model = self.member.model.succeeded(self.model);
        if credential.released { credential } else { model }
    }

    /// The provider failed; whoever is to blame rests.
    pub fn failed(&self, verdict: &Verdict, now: Tick) -> Noted {
        match verdict.blame {
            Blame::Credential => self.member.credential.failed(self.credential, verdict, now),
            blame => {
                // Whatever it says of the model or of the request, it let the credential in.
                let accepted = if shows_acceptance(verdict.show) {
                    self.member.credential.succeeded(self.credential)
                } else {
                    Noted::default()
                };
                match blame {
                    Blame::Model => Noted {
                        released: accepted.released,
                        ..self.member.model.failed(self.model, verdict, now)
                    },
                    _ => accepted,
                }
            }
        }
    }
}

/// Answers that a provider gives only to credentials that it knows.
fn shows_acceptance(show: Show) -> bool {
    match show {
        Show::Caller | Show::ContextLength | Show::RateLimited => true,
        Show::AuthFailed | Show::ModelMissing | Show::Overloaded | Show::Error | Show::Timeout => {
            false
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.member.credential.ended();
        self.member.model.ended();
        // Of what is decided nothing is taken back: the gate is another by then.
        self.member.credential.withdraw(self.credential);
        self.member.model.withdraw(self.model);
    }
}

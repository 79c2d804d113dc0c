//! The rung of the list of models: free, and where it asks for the credential, proof of it.

use http::{Method, StatusCode};
use wayleave_provider::Listing;
use wayleave_provider::failure::Show;
use wayleave_provider::proof::{Outcome, Rung, Step, StepResult};

use super::ask::{Said, Sent};
use super::ladder::{Climb, Fall};

impl Climb<'_> {
    pub(super) async fn models(&mut self, listing: &Listing) -> Result<(), Fall> {
        let began = self.clock.tick();
        let said = self.ask(Method::GET, &listing.url, Sent::default(), true).await;
        let said = match said {
            Ok(said) => said,
            Err(why) => {
                let step = self.step(Rung::Models, "GET", &listing.url, began, None, false);
                self.steps.push(Step { note: why.to_string(), ..step });
                return Err(Fall::new(Outcome::Failed, why.to_string()));
            }
        };
        let mut step = self.step(Rung::Models, "GET", &listing.url, began, Some(said.status), true);
        step.body = Some(self.scrub.shown(&said.body));
        if said.status.is_success() {
            let Some(listed) = listing.shape.read(&said.body) else {
                let note = "it answers, but with no list of models: is this the base URL?";
                self.steps.push(Step {
                    result: StepResult::Inconclusive,
                    note: note.to_owned(),
                    ..step
                });
                return Ok(());
            };
            let open = self.is_open(listing).await;
            let count = listed.len();
            step.note = if open {
                format!("lists {count} models, to anybody: this shows nothing of the credential")
            } else {
                format!("lists {count} models")
            };
            if open {
                step.result = StepResult::Inconclusive;
            } else {
                self.proven = Some("the provider lists its models for the credential");
            }
            self.listed = listing.callable.then_some(listed);
            self.steps.push(step);
            return Ok(());
        }
        self.judge_list(&said, step)
    }

    /// The list was refused. Only what blames the credential decides: many servers have no list,
    /// and keys may be allowed to call models without being allowed to list them.
    fn judge_list(&mut self, said: &Said, mut step: Step) -> Result<(), Fall> {
        let (show, message) = self.diagnose(said, None);
        let scoped = said.status == StatusCode::FORBIDDEN && self.claim.call.is_some();
        let (result, note, fall) = match (show, said.status.as_u16()) {
            (_, 404 | 405 | 501) => {
                (StepResult::Inconclusive, "it lists no models".to_owned(), None)
            }
            (Show::AuthFailed, _) if !scoped => {
                let why = format!("the provider refused the credential: {message}");
                (StepResult::Failed, why.clone(), Some(Fall::new(Outcome::Refused, why)))
            }
            (Show::RateLimited | Show::Overloaded, _) => {
                (StepResult::Inconclusive, format!("not now: {message}"), None)
            }
            (_, 500..=599) => {
                let why = format!("the provider failed: {message}");
                (StepResult::Failed, why.clone(), Some(Fall::new(Outcome::Failed, why)))
            }
            (_, 300..=399) => {
                let why = "it redirects: give the address that it leads to".to_owned();
                (StepResult::Failed, why.clone(), Some(Fall::new(Outcome::Failed, why)))
            }
            _ => (StepResult::Inconclusive, format!("not listed: {message}"), None),
        };
        (step.result, step.note) = (result, note);
        self.steps.push(step);
        fall.map_or(Ok(()), Err)
    }

    /// Whether the list is for everybody: then it says nothing of the credential.
    async fn is_open(&self, listing: &Listing) -> bool {
        if self.account.secrets.is_empty() {
            return true;
        }
        let said = self.ask(Method::GET, &listing.url, Sent::default(), false).await;
        said.is_ok_and(|said| said.status.is_success() && listing.shape.read(&said.body).is_some())
    }
}

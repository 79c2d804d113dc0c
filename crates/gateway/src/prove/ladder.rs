//! The ladder: each rung costs more than the one below, and is climbed only while nothing decides.

use http::{HeaderMap, StatusCode, Uri, header};
use wayleave_model::Clock;
use wayleave_model::provider::ModelType;
use wayleave_model::time::Tick;
use wayleave_provider::proof::{Claim, Outcome, Proof, Rung, Spent, Step, StepResult, Trial};
use wayleave_provider::{Account, BadAccount, Listed};

use crate::scrub::{Scrub, behind_scheme};
use crate::token;
use crate::upstream::{SendError, Upstream};

/// Climbs until something decides.
pub(super) async fn climb(client: &Upstream, clock: &Clock, claim: &Claim) -> Proof {
    let account = claim.account();
    let scrub = Scrub::new(&account);
    let mut climb = Climb {
        client,
        clock,
        claim,
        account,
        scrub,
        headers: HeaderMap::new(),
        steps: Vec::new(),
        listed: None,
        spent: Spent::default(),
        proven: None,
    };
    let (outcome, summary, field) = match climb.run().await {
        Ok(()) => climb.standing(),
        Err(fall) => (fall.outcome, fall.summary, fall.field),
    };
    let Climb { steps, listed, spent, .. } = climb;
    Proof { outcome, summary, field, steps, listed, spent }
}

pub(super) struct Climb<'a> {
    pub(super) client: &'a Upstream,
    pub(super) clock: &'a Clock,
    pub(super) claim: &'a Claim,
    pub(super) account: Account<'a>,
    pub(super) scrub: Scrub,
    /// What authorises every call of the account.
    pub(super) headers: HeaderMap,
    pub(super) steps: Vec<Step>,
    pub(super) listed: Option<Vec<Listed>>,
    /// What the smallest call consumed.
    pub(super) spent: Spent,
    /// What proved the credential.
    pub(super) proven: Option<&'static str>,
}

/// Something decided against the credential.
pub(super) struct Fall {
    outcome: Outcome,
    summary: String,
    field: Option<String>,
}

impl Fall {
    pub(super) fn new(outcome: Outcome, summary: impl Into<String>) -> Fall {
        Fall { outcome, summary: summary.into(), field: None }
    }
}

impl From<BadAccount> for Fall {
    fn from(why: BadAccount) -> Fall {
        Fall { field: Some(why.field), ..Fall::new(Outcome::Unusable, why.message) }
    }
}

/// The smallest call of a model.
enum Smallest {
    Chat(Box<wayleave_provider::proof::Smallest>),
    Task(Box<Trial>),
}

impl Climb<'_> {
    async fn run(&mut self) -> Result<(), Fall> {
        self.headers = self.claim.kind.headers(&self.account)?;
        let listing = self.claim.kind.listing(&self.account)?;
        let call = match &self.claim.call {
            Some(callee) if callee.model_type == ModelType::Llm => {
                let (url, smallest) = self.smallest(callee)?;
                Some((url, Smallest::Chat(Box::new(smallest))))
            }
            Some(callee) => {
                self.trial(callee)?.map(|(url, trial)| (url, Smallest::Task(Box::new(trial))))
            }
            None => None,
        };
        let place = listing.as_ref().map(|it| &it.url).or(call.as_ref().map(|(url, _)| url));
        if self.is_played() {
            self.proven = Some("nothing is sent anywhere by this kind");
            return Ok(());
        }
        self.address(place.map_or(self.account.base_url, String::as_str).to_owned()).await?;
        self.token().await?;
        if let Some(listing) = listing {
            self.models(&listing).await?;
        }
        match call {
            // Even where the list has proved the credential: whether this model can be called with
            // it is another question, and it was asked.
            Some((url, Smallest::Chat(smallest))) => self.call(url, *smallest).await,
            Some((url, Smallest::Task(trial))) => self.ask_trial(url, *trial).await,
            None => Ok(()),
        }
    }

    /// Where nothing failed: what that shows.
    fn standing(&self) -> (Outcome, String, Option<String>) {
        match self.proven {
            Some(by) => (Outcome::Proven, by.to_owned(), None),
            None if self.account.secrets.is_empty() => {
                (Outcome::Proven, "the address answers, and no secret is needed".to_owned(), None)
            }
            None => {
                let summary = "the address answers, but nothing free shows whether the credential \
                               is good: name a model to call, at the cost of a few tokens";
                (Outcome::Unproven, summary.to_owned(), None)
            }
        }
    }

    /// A kind without a network answers by itself.
    fn is_played(&self) -> bool {
        let address = self.account.base_url;
        !address.is_empty() && !address.starts_with("http")
    }

    async fn address(&mut self, url: String) -> Result<(), Fall> {
        let began = self.clock.tick();
        let uri: Result<Uri, _> = url.parse();
        let reached = match uri {
            Ok(uri) => self.client.reach(uri).await,
            Err(err) => Err(SendError::Connect(format!("it is no address: {err}"))),
        };
        let result = reached.map_err(|why| why.to_string());
        let note = match &result {
            Ok(()) if url.starts_with("https") => "reached, its certificate is good",
            Ok(()) => "reached, without TLS",
            Err(why) => why,
        };
        let step = self.step(Rung::Address, "", &origin(&url), began, None, result.is_ok());
        self.steps.push(Step { note: note.to_owned(), ..step });
        result.map_err(|why| Fall {
            field: Some(wayleave_provider::manifest::BASE_URL.to_owned()),
            ..Fall::new(Outcome::Unreachable, why)
        })
    }

    async fn token(&mut self) -> Result<(), Fall> {
        let now = self.clock.now();
        let Some(exchange) = self.claim.kind.exchange(&self.account, now)? else { return Ok(()) };
        let (url, began) = (exchange.url.clone(), self.clock.tick());
        let token = token::fetch(self.client, exchange, now).await;
        let status = token.as_ref().err().map_or(StatusCode::OK, |why| why.status);
        let step = self.step(Rung::Token, "POST", &url, began, Some(status), token.is_ok());
        let note = match &token {
            Ok(_) => "the credential was exchanged for a token".to_owned(),
            Err(why) => self.scrub.shown(why.message.as_bytes()),
        };
        // What the token service says of the credential is in the note; its answer is a secret.
        self.steps.push(Step { status: None, note: note.clone(), ..step });
        let token = token.map_err(|why| match why.status {
            StatusCode::UNAUTHORIZED => Fall::new(Outcome::Refused, note),
            _ => Fall::new(Outcome::Unreachable, note),
        })?;
        let header = token.authorization().map_err(|why| {
            Fall::new(Outcome::Failed, format!("its token cannot be sent: {why}"))
        })?;
        let sent = header.to_str().unwrap_or_default();
        self.scrub.also(behind_scheme(sent));
        self.headers.insert(header::AUTHORIZATION, header);
        self.proven = Some("its token service accepts the credential");
        Ok(())
    }

    pub(super) fn step(
        &self,
        rung: Rung,
        method: &'static str,
        url: &str,
        began: Tick,
        status: Option<StatusCode>,
        passed: bool,
    ) -> Step {
        Step {
            rung,
            method,
            url: self.scrub.shown(url.as_bytes()),
            status: status.map(|it| it.as_u16()),
            body: None,
            micros: self.clock.tick().micros_since(began),
            result: if passed { StepResult::Passed } else { StepResult::Failed },
            note: String::new(),
        }
    }
}

/// An address without its path.
fn origin(url: &str) -> String {
    let after = url.find("://").map_or(0, |at| at + 3);
    let end = url[after..].find('/').map_or(url.len(), |at| after + at);
    url[..end].to_owned()
}

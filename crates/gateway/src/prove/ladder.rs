//! The ladder: each rung costs more than the one below, and is climbed only while nothing decides.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, header};
use wayleave_model::Clock;
use wayleave_model::time::Tick;
use wayleave_provider::failure::Show;
use wayleave_provider::proof::{Outcome, Proof, Rung, Smallest, Step, StepResult};
use wayleave_provider::{Account, BadAccount, Listed, Listing, Refused};

use super::said::Scrub;
use super::{Callee, Claim};
use crate::token;
use crate::upstream::body::{Pieces, Unread};
use crate::upstream::{SendError, Upstream};

/// How long one step may take: a model on one's own machine may have to be loaded first.
const PATIENCE: Duration = Duration::from_secs(60);
/// Bytes of an answer that are read.
const MOST: usize = 8 << 20;

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
        proven: None,
    };
    let (outcome, summary, field) = match climb.run().await {
        Ok(()) => climb.standing(),
        Err(fall) => (fall.outcome, fall.summary, fall.field),
    };
    Proof { outcome, summary, field, steps: climb.steps, listed: climb.listed }
}

struct Climb<'a> {
    client: &'a Upstream,
    clock: &'a Clock,
    claim: &'a Claim,
    account: Account<'a>,
    scrub: Scrub,
    /// What authorises every call of the account.
    headers: HeaderMap,
    steps: Vec<Step>,
    listed: Option<Vec<Listed>>,
    /// What proved the credential.
    proven: Option<&'static str>,
}

/// Something decided against the credential.
struct Fall {
    outcome: Outcome,
    summary: String,
    field: Option<String>,
}

impl Fall {
    fn new(outcome: Outcome, summary: impl Into<String>) -> Fall {
        Fall { outcome, summary: summary.into(), field: None }
    }
}

impl From<BadAccount> for Fall {
    fn from(why: BadAccount) -> Fall {
        Fall { field: Some(why.field), ..Fall::new(Outcome::Unusable, why.message) }
    }
}

/// An answer, read whole.
struct Said {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Climb<'_> {
    async fn run(&mut self) -> Result<(), Fall> {
        self.headers = self.claim.kind.headers(&self.account)?;
        let listing = self.claim.kind.listing(&self.account)?;
        let call = match &self.claim.call {
            Some(callee) => Some(self.smallest(callee)?),
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
            Some((url, smallest)) => self.call(url, smallest).await,
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
        self.scrub.also(sent.strip_prefix("Bearer ").unwrap_or(sent));
        self.headers.insert(header::AUTHORIZATION, header);
        self.proven = Some("its token service accepts the credential");
        Ok(())
    }

    async fn models(&mut self, listing: &Listing) -> Result<(), Fall> {
        let began = self.clock.tick();
        let said = self.ask(Method::GET, &listing.url, Vec::new(), true).await;
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
        let said = self.ask(Method::GET, &listing.url, Vec::new(), false).await;
        said.is_ok_and(|said| said.status.is_success() && listing.shape.read(&said.body).is_some())
    }

    /// The call's first form, and where it goes.
    fn smallest(&self, callee: &Callee) -> Result<(String, Smallest), Fall> {
        let kind = self.claim.kind;
        let smallest = Smallest::new(kind, &callee.model, callee.model_type, &callee.facts)
            .map_err(|why| Fall::new(Outcome::Failed, why.to_string()))?;
        let url = kind.url(&self.account, smallest.offer(), &callee.model, false)?;
        Ok((url, smallest))
    }

    async fn call(&mut self, first: String, mut smallest: Smallest) -> Result<(), Fall> {
        let mut url = first;
        loop {
            let body = smallest.body();
            let body = body.map_err(|why| Fall::new(Outcome::Failed, why.to_string()))?;
            let began = self.clock.tick();
            let said = self.ask(Method::POST, &url, body, true).await;
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

    /// What the provider's refusal means, and its own words.
    fn diagnose(&self, said: &Said, error: Option<(Option<String>, String)>) -> (Show, String) {
        let dialect = self.claim.call.as_ref().and_then(|callee| {
            let offers =
                self.claim.kind.offers(wayleave_model::provider::Operation::Chat, &callee.facts);
            offers.first().map(|offer| offer.dialect)
        });
        let dialect = dialect.unwrap_or(wayleave_dialect::Dialect::OpenAiChat);
        let (code, message) = error
            .or_else(|| dialect.chat().read_error(&said.body))
            .unwrap_or_else(|| (None, String::from_utf8_lossy(&said.body).into_owned()));
        let refused = Refused {
            status: said.status,
            headers: &said.headers,
            code: code.as_deref(),
            message: &message,
        };
        let show = self.claim.kind.diagnose(&refused).show;
        let words: Vec<&str> = message.split_whitespace().collect();
        let line: String = self.scrub.shown(words.join(" ").as_bytes()).chars().take(400).collect();
        (show, if line.is_empty() { format!("status {}", said.status.as_u16()) } else { line })
    }

    async fn ask(
        &self,
        method: Method,
        url: &str,
        body: Vec<u8>,
        authorised: bool,
    ) -> Result<Said, SendError> {
        let broken = |why: String| SendError::Broken(why);
        let mut request = Request::builder().method(method).uri(url);
        if let Some(headers) = request.headers_mut() {
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
            if !body.is_empty() {
                headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            }
            for (name, value) in &self.headers {
                if authorised || !value.is_sensitive() {
                    headers.insert(name.clone(), value.clone());
                }
            }
        }
        let request = request.body(()).map_err(|err| broken(err.to_string()))?;
        let (mut parts, ()) = request.into_parts();
        let pieces = if body.is_empty() { Vec::new() } else { vec![Bytes::from(body)] };
        if authorised {
            let signed = self.claim.kind.sign(&mut parts, &pieces, &self.account, self.clock.now());
            signed.map_err(|why| broken(why.to_string()))?;
        }
        let answer = self.client.send(Request::from_parts(parts, Pieces::new(pieces)), PATIENCE);
        let answer = answer.await?;
        let body = tokio::time::timeout(PATIENCE, answer.body.at_most(MOST)).await;
        let body = match body {
            Ok(Ok(body)) => body,
            Ok(Err(Unread::TooLong)) => return Err(broken(format!("more than {MOST} bytes"))),
            Ok(Err(Unread::Broken(why))) => return Err(broken(why.to_string())),
            Err(_) => return Err(SendError::FirstByte(PATIENCE)),
        };
        Ok(Said { status: answer.status, headers: answer.headers, body })
    }

    fn step(
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

/// An address without its path.
fn origin(url: &str) -> String {
    let after = url.find("://").map_or(0, |at| at + 3);
    let end = url[after..].find('/').map_or(url.len(), |at| after + at);
    url[..end].to_owned()
}

//! From what an upstream did to what the caller is told: the verdict's words made into a refusal.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::Value;
use wayleave_dialect::error::{Fault, FaultKind, Source};
use wayleave_dialect::{ClientDialect, Dialect, task};
use wayleave_provider::failure::Show;
use wayleave_provider::{Refused, Verdict};

use crate::refusal::Refusal;
use crate::scrub::{Scrub, behind_scheme, worth_hiding};
use crate::token::NoToken;
use crate::upstream::SendError;
use crate::world::Target;

/// An attempt that failed before anything reached the client.
pub struct Failed {
    /// What follows from it.
    pub verdict: Verdict,
    /// What the caller is told if nothing else is tried.
    pub refusal: Refusal,
}

/// Who answers: what it says of us is told, but for its credential and what that was exchanged for.
#[derive(Clone, Copy)]
pub struct Speaker<'a> {
    /// Where it was asked.
    pub target: &'a Target,
    token: Option<&'a HeaderValue>,
}

impl<'a> Speaker<'a> {
    /// `target`, asked with that `Authorization` if its credential is exchanged for one.
    pub fn new(target: &'a Target, token: Option<&'a HeaderValue>) -> Speaker<'a> {
        Speaker { target, token }
    }

    /// The secrets as they were sent.
    fn secrets(self) -> impl Iterator<Item = &'a str> {
        let own = self.target.account().secrets.iter();
        let own = own.filter_map(|(_, secret)| secret.expose_str());
        let token = self.token.and_then(|it| it.to_str().ok());
        own.chain(token.map(behind_scheme)).filter_map(worth_hiding)
    }
}

/// No answer came at all.
pub fn unsent(target: &Target, err: &SendError) -> Failed {
    let provider = &target.label.provider_name;
    match err {
        SendError::Connect(why) => Failed {
            verdict: Verdict::connect(),
            refusal: ours(
                StatusCode::BAD_GATEWAY,
                "upstream_error",
                format!("provider {provider} could not be reached{}", shown_why(target, why)),
            ),
        },
        SendError::FirstByte(after) => timeout(target, "first_byte", *after),
        SendError::Broken(why) => Failed {
            verdict: Verdict::cut(),
            refusal: ours(
                StatusCode::BAD_GATEWAY,
                "upstream_error",
                format!("provider {provider} broke off{}", shown_why(target, why)),
            ),
        },
    }
}

/// Why it failed, for those whose provider it is: what is wrong may name its address.
fn shown_why(target: &Target, why: &str) -> String {
    match target.label.supply {
        Some(_) => ": the operator supplies it and must mend that".to_owned(),
        None => format!(": {why}"),
    }
}

/// One of our timers ran out.
pub fn timeout(target: &Target, timer: &str, after: Duration) -> Failed {
    let provider = &target.label.provider_name;
    let message =
        format!("provider {provider} was silent for {} ms (timer `{timer}`)", after.as_millis());
    Failed {
        verdict: Verdict::timeout(),
        refusal: ours(StatusCode::GATEWAY_TIMEOUT, "upstream_timeout", message),
    }
}

/// The answer began well and turned out to be none.
pub fn faulty(speaker: Speaker<'_>, fault: &Fault) -> Failed {
    let verdict = match fault.kind {
        FaultKind::Reported => reported(speaker.target, fault),
        FaultKind::Unreadable => Verdict::unreadable(),
        FaultKind::Cut => Verdict::cut(),
    };
    let mut refusal = shown(speaker, verdict.show, None, fault.code.as_deref(), &fault.message);
    refusal.retry_after = verdict.rest.filter(|_| verdict.show == Show::RateLimited);
    Failed { verdict, refusal }
}

/// An error inside an answer came under a status of success: its code stands for the status.
fn reported(target: &Target, fault: &Fault) -> Verdict {
    let headers = HeaderMap::new();
    let code = fault.code.as_deref();
    target.kind.diagnose(&Refused {
        status: StatusCode::OK,
        headers: &headers,
        code,
        message: &fault.message,
    })
}

/// The provider refused, with a status.
pub fn refused(
    client: ClientDialect,
    spoken: Dialect,
    speaker: Speaker<'_>,
    status: StatusCode,
    headers: &HeaderMap,
    body: &Bytes,
) -> Failed {
    let said = spoken.chat().read_error(body);
    judged(said, spoken == client, speaker, status, headers, body)
}

/// The same for what is no conversation. `alike`: the client speaks the provider's grammar.
pub fn refused_task(
    alike: bool,
    speaker: Speaker<'_>,
    status: StatusCode,
    headers: &HeaderMap,
    body: &Bytes,
) -> Failed {
    judged(task::error::read(body), alike, speaker, status, headers, body)
}

fn judged(
    said: Option<(Option<String>, String)>,
    alike: bool,
    speaker: Speaker<'_>,
    status: StatusCode,
    headers: &HeaderMap,
    body: &Bytes,
) -> Failed {
    let (code, message) = said.unwrap_or_else(|| (None, excerpt(body)));
    let refused = Refused { status, headers, code: code.as_deref(), message: &message };
    let verdict = speaker.target.kind.diagnose(&refused);
    let mut refusal = shown(speaker, verdict.show, Some(status), code.as_deref(), &message);
    refusal.retry_after =
        verdict.rest.filter(|_| matches!(verdict.show, Show::RateLimited | Show::Overloaded));
    let callers_own = matches!(verdict.show, Show::Caller | Show::ContextLength);
    if callers_own && alike && may_pass(speaker, body) {
        refusal.verbatim = Some(body.clone());
    }
    Failed { verdict, refusal }
}

/// The credential could not be exchanged for a token: as if the provider had said so.
pub fn no_token(target: &Target, why: &NoToken) -> Failed {
    let headers = HeaderMap::new();
    let refused =
        Refused { status: why.status, headers: &headers, code: None, message: &why.message };
    let verdict = Verdict::of(&refused);
    let speaker = Speaker::new(target, None);
    let refusal = shown(speaker, verdict.show, Some(why.status), None, &why.message);
    Failed { verdict, refusal }
}

fn shown(
    speaker: Speaker<'_>,
    show: Show,
    status: Option<StatusCode>,
    code: Option<&str>,
    message: &str,
) -> Refusal {
    let label = &speaker.target.label;
    let (provider, model) = (&label.provider_name, &label.model_name);
    let said = scrub(speaker, message);
    let code = code.filter(|code| is_code(code) && scrub(speaker, code) == **code);
    let number =
        status.map_or_else(|| "in its answer".to_owned(), |status| status.as_u16().to_string());
    let own = |status, code: &str, text: String| Refusal {
        source: Source::Provider,
        ..Refusal::new(status, code, text)
    };
    let refusal = match show {
        Show::Caller => {
            own(status.unwrap_or(StatusCode::BAD_REQUEST), code.unwrap_or("invalid_request"), said)
        }
        Show::ContextLength => own(StatusCode::BAD_REQUEST, "context_length_exceeded", said),
        Show::AuthFailed => own(
            StatusCode::BAD_GATEWAY,
            "upstream_auth_failed",
            format!("provider {provider} refused its credential ({number}): {said}"),
        ),
        Show::ModelMissing => own(
            StatusCode::BAD_GATEWAY,
            "upstream_model_missing",
            format!("provider {provider} has no model `{model}` ({number}): {said}"),
        ),
        Show::RateLimited => own(
            StatusCode::TOO_MANY_REQUESTS,
            "upstream_rate_limited",
            format!("provider {provider} is rate limited ({number}): {said}"),
        ),
        Show::Overloaded => own(
            StatusCode::SERVICE_UNAVAILABLE,
            "overloaded",
            format!("provider {provider} is overloaded ({number}): {said}"),
        ),
        Show::Error => own(
            StatusCode::BAD_GATEWAY,
            "upstream_error",
            format!("provider {provider} failed ({number}): {said}"),
        ),
        Show::Timeout => own(
            StatusCode::GATEWAY_TIMEOUT,
            "upstream_timeout",
            format!("provider {provider} gave up ({number}): {said}"),
        ),
    };
    // A provider's own type describes the request only where the request is to blame.
    let own_type = matches!(show, Show::Caller | Show::ContextLength | Show::RateLimited);
    Refusal {
        provider_status: status.map(|status| status.as_u16()),
        provider_type: code.filter(|_| own_type).map(str::to_owned),
        ..refusal
    }
}

fn ours(status: StatusCode, code: &str, message: String) -> Refusal {
    Refusal { source: Source::Provider, ..Refusal::new(status, code, message) }
}

/// Whether this is an error's type or code and not a sentence: it becomes our own code, and a label.
fn is_code(code: &str) -> bool {
    (1..=64).contains(&code.len())
        && code.bytes().all(|it| it.is_ascii_alphanumeric() || b"_-.:/".contains(&it))
}

/// The beginning of a body that is no error of its dialect (a proxy's web page), as one line.
fn excerpt(body: &Bytes) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(600)]);
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.join(" ") {
        empty if empty.is_empty() => "no reason given".to_owned(),
        text => text.chars().take(300).collect(),
    }
}

/// The provider's words as one line, without our credential in them.
fn scrub(speaker: Speaker<'_>, message: &str) -> String {
    let mut scrub = Scrub::new(&speaker.target.account());
    if let Some(token) = speaker.token.and_then(|it| it.to_str().ok()) {
        scrub.also(behind_scheme(token));
    }
    scrub.clean(message).replace('\n', " ").chars().take(2_000).collect()
}

/// Whether a body may go to the client as it is: a JSON object that holds no secret of ours, as it
/// stands or in its texts, however they are escaped.
fn may_pass(speaker: Speaker<'_>, body: &Bytes) -> bool {
    match serde_json::from_slice(body) {
        Ok(value @ Value::Object(_)) => {
            !holds_secret(speaker, body) && !speaker.secrets().any(|secret| holds(&value, secret))
        }
        _ => false,
    }
}

/// Whether a provider repeats there one of the secrets it was asked with.
pub fn holds_secret(speaker: Speaker<'_>, bytes: &[u8]) -> bool {
    speaker.secrets().any(|secret| memchr::memmem::find(bytes, secret.as_bytes()).is_some())
}

fn holds(value: &Value, secret: &str) -> bool {
    match value {
        Value::String(text) => text.contains(secret),
        Value::Array(items) => items.iter().any(|item| holds(item, secret)),
        Value::Object(fields) => {
            fields.iter().any(|(name, value)| name.contains(secret) || holds(value, secret))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests;

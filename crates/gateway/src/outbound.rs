//! The request we send: the client's own bytes when the dialects agree, a translation otherwise.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, header};
use wayleave_dialect::carry::{keep, seals};
use wayleave_dialect::chat::responses;
use wayleave_dialect::raw::Edits;
use wayleave_dialect::{ClientDialect, Dialect, Losses, Malformed, Severity};
use wayleave_model::Timestamp;
use wayleave_model::alias::Losses as LossPolicy;
use wayleave_provider::{Account, BadAccount, ProviderKind};

use crate::capable;
use crate::media;
use crate::pipeline::Conversation;
use crate::upstream::body::Pieces;
use crate::vault::Vault;
use crate::world::{Endpoint, Route, Target};

/// A body shaped for one target, and what that took.
pub struct Shaped {
    /// The body, in pieces.
    pub body: Vec<Bytes>,
    /// Named changes.
    pub edits: Vec<Cow<'static, str>>,
    /// What could not be carried.
    pub losses: Losses,
    /// It was read and written in another dialect, and so is the answer.
    pub translated: bool,
    /// What the answer answers, where it is translated.
    pub asked: Asked,
    /// Tools that the client declared as free text.
    pub custom_tools: Vec<String>,
    /// The client declared its tools in OpenAI's older form.
    pub legacy_functions: bool,
    /// Tool whose input is the answer's text.
    pub answer_tool: Option<String>,
}

/// What an answer answers, by which what is kept of the answer is found again.
pub enum Asked {
    /// In words: an answer that comes as a whole is at hand when it turns out whether anything of it is
    /// kept, and mostly nothing is.
    Words(String),
    /// Hashed: a stream may last, and holds no prompt meanwhile.
    Hash([u8; 32]),
}

impl Asked {
    /// Stands for it.
    pub fn hash(&self, vault: &Vault) -> [u8; 32] {
        match self {
            Asked::Words(words) => vault.hash(words),
            Asked::Hash(hash) => *hash,
        }
    }
}

/// What becomes of files at addresses that the provider would not fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// Their bytes stand in the request.
    Fetched,
    /// Nothing stands for them: the request is only shown.
    Left,
}

/// Shapes the client's request for `target`.
///
/// # Errors
/// What `target` cannot be asked: another may be able to.
pub async fn shape(
    it: &Conversation<'_>,
    target: &Target,
    endpoint: &Endpoint,
    media: Media,
) -> Result<Shaped, Malformed> {
    // A body with another provider's seals in it cannot go up as it is. Chat and completions have
    // no field for one, so theirs are not searched: that would be one more pass over every prompt.
    let may_hold_seals =
        !matches!(it.dialect, ClientDialect::OpenAiChat | ClientDialect::OpenAiCompletions);
    let marked = may_hold_seals && seals::any_marked(it.body);
    let as_it_is = endpoint.dialect == it.dialect && !marked && !it.memory.recalled;
    capable::check(&it.ask.asked, &target.label.model_name, &target.facts, !as_it_is)?;
    if as_it_is {
        return Ok(spliced(it, target));
    }
    translated(it, target, endpoint, media).await
}

fn spliced(it: &Conversation<'_>, target: &Target) -> Shaped {
    let mut edits = Edits::default();
    it.dialect.chat().amend(&it.ask, &target.label.model_name, &target.facts, &mut edits);
    if let Some(id) = &it.continues {
        responses::continue_from(&mut edits, id);
    }
    Shaped {
        body: edits.apply(&it.ask.body, it.body),
        edits: edits.names().cloned().collect(),
        losses: Losses::default(),
        translated: false,
        asked: Asked::Hash([0; 32]),
        custom_tools: Vec::new(),
        legacy_functions: false,
        answer_tool: None,
    }
}

async fn translated(
    it: &Conversation<'_>,
    target: &Target,
    endpoint: &Endpoint,
    media: Media,
) -> Result<Shaped, Malformed> {
    let now = it.gateway.recorder.clock.now();
    let to = endpoint.dialect.chat();
    let mut losses = Losses::default();
    let mut request = it.dialect.chat().read_request(&it.head, it.body)?;
    // What goes on from a response that is kept here goes on here, whoever answers it.
    let translated = endpoint.dialect != it.dialect || it.memory.recalled;
    it.memory.read(&mut request, translated);
    seals::sort(&mut request, it.dialect.dialect(), endpoint.dialect, &mut losses);
    keep::restore_each(&mut request, it.memory.thoughts.clone(), endpoint.dialect);
    it.gateway.vault.restore(it.workspace, &mut request, endpoint.dialect, now).await;
    match media {
        Media::Fetched => media::fetch(&it.gateway.media, to, &mut request).await?,
        Media::Left => media::leave_out(to, &mut request),
    }
    let model = &target.label.model_name;
    let written = to.write_request(&request, model, &target.facts, &mut losses)?;
    it.memory.written(&mut losses, translated);
    if let Some(who) = refuser(it.key_losses, &it.route) {
        whole_or_refused(&losses, target, &who)?;
    }
    Ok(Shaped {
        body: vec![Bytes::from(written.body)],
        edits: Vec::new(),
        losses,
        translated,
        asked: match keep::asked(&request, request.turns.len()) {
            words if it.ask.stream => Asked::Hash(it.gateway.vault.hash(&words)),
            words => Asked::Words(words),
        },
        custom_tools: request.custom_tools(),
        legacy_functions: request.legacy_functions,
        answer_tool: written.answer_tool,
    })
}

/// Whose policy refuses losses, in words: the stricter of the key's and the route's holds.
pub(crate) fn refuser(key: Option<LossPolicy>, route: &Route) -> Option<String> {
    let refuses = |policy| policy == LossPolicy::Refuse;
    match (key.is_some_and(refuses), refuses(route.policy.losses)) {
        (false, false) => None,
        (true, false) => Some("this key refuses losses".to_owned()),
        (false, true) => Some(format!("the alias `{}` refuses losses", route.name)),
        (true, true) => Some(format!("this key and the alias `{}` refuse losses", route.name)),
    }
}

/// Refuses what would lose something that the answer may depend on.
pub(crate) fn whole_or_refused(
    losses: &Losses,
    target: &Target,
    who: &str,
) -> Result<(), Malformed> {
    let lost: Vec<_> = losses.iter().filter(|loss| loss.severity == Severity::Meaning).collect();
    let Some(first) = lost.first() else { return Ok(()) };
    let named: Vec<String> =
        lost.iter().map(|loss| format!("`{}` ({})", loss.path, loss.reason)).collect();
    let message =
        format!("{who}, and {} cannot carry {}", target.label.provider_name, named.join(", "));
    Err(Malformed::unsupported(first.path.clone(), message))
}

/// A request with its body, and with the kind's signature, if it has one: that comes last, when
/// everything is final.
///
/// # Errors
/// The account cannot sign.
pub fn signed(
    request: Request<()>,
    body: Vec<Bytes>,
    kind: &dyn ProviderKind,
    account: &Account<'_>,
    now: Timestamp,
) -> Result<Request<Pieces>, BadAccount> {
    let (mut parts, ()) = request.into_parts();
    kind.sign(&mut parts, &body, account, now)?;
    Ok(Request::from_parts(parts, Pieces::new(body)))
}

/// The whole request.
pub fn request(
    target: &Target,
    endpoint: &Endpoint,
    shaped: &Shaped,
    stream: bool,
    (forwarded, authorization): (&HeaderMap, Option<HeaderValue>),
    now: Timestamp,
) -> Result<Request<Pieces>, String> {
    let uri = if stream { &endpoint.stream_uri } else { &endpoint.uri };
    let mut request = Request::post(uri.clone());
    if let Some(headers) = request.headers_mut() {
        // Ours, and those that the client adds: the host and the length.
        headers.reserve(endpoint.headers.len() + forwarded.len() + 6);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
        headers.extend(endpoint.headers.iter().map(|(name, value)| (name.clone(), value.clone())));
        headers.extend(authorization.map(|value| (header::AUTHORIZATION, value)));
        for (name, value) in forwarded {
            if !is_anthropics(name.as_str()) || endpoint.dialect == Dialect::AnthropicMessages {
                headers.insert(name.clone(), value.clone());
            }
        }
    }
    let request = request.body(()).map_err(|err| err.to_string())?;
    let signed = signed(request, shaped.body.clone(), target.kind, &target.account(), now);
    signed.map_err(|err| err.to_string())
}

/// How we name ourselves to providers.
pub(crate) const USER_AGENT: &str = concat!("wayleave/", env!("CARGO_PKG_VERSION"));

/// Client headers that travel upstream: protocol versions, idempotency, sessions and affinity.
/// Everything else stays here; organisation and project come from the credential.
static FORWARDED: [HeaderName; 10] = [
    HeaderName::from_static("anthropic-beta"),
    HeaderName::from_static("anthropic-version"),
    HeaderName::from_static("idempotency-key"),
    HeaderName::from_static("session-id"),
    HeaderName::from_static("thread-id"),
    HeaderName::from_static("x-session-id"),
    HeaderName::from_static("x-session-affinity"),
    HeaderName::from_static("x-claude-code-session-id"),
    HeaderName::from_static("x-claude-code-agent-id"),
    HeaderName::from_static("openai-beta"),
];

/// What a trace travels by. Names that are looked up in every request are made once.
static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

fn is_anthropics(name: &str) -> bool {
    name.starts_with("anthropic-")
}

/// The client's headers that may travel, and its trace continued.
pub fn forwarded(headers: &HeaderMap, dialect: ClientDialect, span: u64) -> HeaderMap {
    let mut out = HeaderMap::new();
    // Clients send fewer headers than there are names to look for. Of one that is repeated the first counts.
    for (name, value) in headers {
        // The version says how the client's own body is to be read: a translated one has another.
        if name == "anthropic-version" && dialect != ClientDialect::AnthropicMessages {
            continue;
        }
        if FORWARDED.contains(name) && !out.contains_key(name) {
            out.insert(name, value.clone());
        }
    }
    if let Some(trace) = Traceparent::read(headers) {
        let text = format!("00-{}-{span:016x}-{}", trace.id, trace.flags);
        if let Ok(value) = HeaderValue::from_str(&text) {
            out.insert(&TRACEPARENT, value);
        }
        if let Some(state) = headers.get("tracestate") {
            out.insert(HeaderName::from_static("tracestate"), state.clone());
        }
    }
    out
}

/// A W3C trace context (Trace Context Level 1, section 3.2).
pub struct Traceparent<'a> {
    /// 32 hex digits.
    pub id: &'a str,
    flags: &'a str,
}

impl<'a> Traceparent<'a> {
    /// The client's, if it sent a valid one.
    pub fn read(headers: &'a HeaderMap) -> Option<Traceparent<'a>> {
        let mut parts = headers.get(&TRACEPARENT)?.to_str().ok()?.split('-');
        let (version, id, span, flags) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let hex = |text: &str, length| {
            text.len() == length && text.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'))
        };
        let zero = |text: &str| text.bytes().all(|it| it == b'0');
        let sound =
            hex(version, 2) && version != "ff" && hex(id, 32) && hex(span, 16) && hex(flags, 2);
        (sound && !zero(id) && !zero(span)).then_some(Traceparent { id, flags })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_headers_travel() {
        let client: HeaderMap = [
            ("anthropic-beta", "a,b"),
            ("anthropic-version", "2023-06-01"),
            ("x-stainless-lang", "python"),
            ("authorization", "Bearer k"),
            ("openai-organization", "org"),
            ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        ]
        .into_iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
        .collect();
        let mut client = client;
        client.append("anthropic-beta", HeaderValue::from_static("c"));
        let out = forwarded(&client, ClientDialect::AnthropicMessages, 0xabc);
        assert_eq!(out.len(), 3);
        assert_eq!(out["anthropic-beta"], "a,b");
        assert_eq!(out["traceparent"], "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000abc-01");
    }

    #[test]
    fn another_dialects_version_stays_here() {
        let mut client = HeaderMap::new();
        client.insert("anthropic-version", HeaderValue::from_static("2026-10-21"));
        assert!(forwarded(&client, ClientDialect::OpenAiChat, 1).is_empty());
    }

    #[test]
    fn a_broken_traceparent_is_ignored() {
        let mut headers = HeaderMap::new();
        headers.insert("traceparent", HeaderValue::from_static("00-0000-1-01"));
        assert!(Traceparent::read(&headers).is_none());
    }
}

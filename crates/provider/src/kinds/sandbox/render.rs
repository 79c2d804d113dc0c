//! The sandbox's answers on the wire: OpenAI's chat completions, whole, streamed and refused.

use std::fmt::Write;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use wayleave_model::Timestamp;

use super::ask::Ask;
use super::models::{CONTEXT_WINDOW, MAX_OUTPUT, MODELS};
use super::plan::{Part, Piece, Plan, Trouble};
use crate::{Play, PlayEnd};

/// Marks an error that the prompt asked for, so that nobody is blamed for it.
pub(super) const BY_PROMPT: HeaderName = HeaderName::from_static("x-sandbox-by-prompt");

/// How many tokens come before trouble.
const BEFORE_TROUBLE: usize = 5;
/// Until a refusal.
const REFUSAL_AFTER: Duration = Duration::from_millis(50);
/// Until the head of a stream, at most.
const HEAD_AFTER: Duration = Duration::from_millis(40);
/// Longer than anybody waits; still a span that can be added to any clock.
const NEVER: Duration = Duration::from_secs(86_400);

/// Why there is no answer, in OpenAI's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Complaint {
    status: u16,
    code: Option<&'static str>,
    param: Option<String>,
    /// One line.
    pub(super) message: String,
    after: Duration,
    by_prompt: bool,
}

impl Complaint {
    /// The request is not one.
    pub(super) fn invalid(param: Option<&str>, message: &str) -> Complaint {
        Complaint {
            status: 400,
            code: None,
            param: param.map(str::to_owned),
            message: message.to_owned(),
            after: REFUSAL_AFTER,
            by_prompt: false,
        }
    }

    /// A `#sandbox …#` that is not understood.
    pub(super) fn script(message: &str) -> Complaint {
        Complaint::invalid(Some("messages"), message)
    }

    /// The prompt is longer than the window.
    pub(super) fn too_long(tokens: u64) -> Complaint {
        let message = format!(
            "This model's maximum context length is {CONTEXT_WINDOW} tokens. However, your messages resulted in {tokens} tokens."
        );
        let code = Some("context_length_exceeded");
        Complaint { code, ..Complaint::invalid(Some("messages"), &message) }
    }

    /// A name that is none of the models.
    pub(super) fn no_such_model(name: &str) -> Complaint {
        let name: String = name.chars().take(100).collect();
        let names: Vec<_> = MODELS.iter().map(|it| it.name).collect();
        let message = format!("The sandbox has no model `{name}`; it has {}.", names.join(", "));
        let code = Some("model_not_found");
        Complaint { status: 404, code, ..Complaint::invalid(Some("model"), &message) }
    }

    /// A refusal that the model's name stands for.
    pub(super) fn by_name(status: u16) -> Complaint {
        let message = format!("The sandbox answers {status}: this model always does.");
        Complaint { status, code: code_of(status), ..Complaint::invalid(None, &message) }
    }

    /// A refusal that the prompt asked for.
    pub(super) fn by_prompt(status: u16, after: Option<Duration>) -> Complaint {
        let message = format!("The sandbox answers {status}: the prompt asked for it.");
        let after = after.unwrap_or(REFUSAL_AFTER);
        Complaint { message, after, by_prompt: true, ..Complaint::by_name(status) }
    }

    fn kind(&self) -> &'static str {
        match self.status {
            429 => "requests",
            500.. => "server_error",
            _ => "invalid_request_error",
        }
    }

    fn body(&self) -> String {
        format!(
            r#"{{"error":{{"message":{},"type":"{}","param":{},"code":{}}}}}"#,
            quoted(&self.message),
            self.kind(),
            self.param.as_deref().map_or_else(|| "null".to_owned(), quoted),
            self.code.map_or_else(|| "null".to_owned(), quoted),
        )
    }
}

/// What OpenAI puts into `code` with such a status.
fn code_of(status: u16) -> Option<&'static str> {
    match status {
        401 => Some("invalid_api_key"),
        404 => Some("model_not_found"),
        429 => Some("rate_limit_exceeded"),
        503 => Some("overloaded"),
        _ => None,
    }
}

/// Puts one answer on the wire.
pub(super) struct Renderer {
    /// Sixteen hexadecimal digits made of the request and the instant: the stem of every id.
    pub(super) seed: String,
    created: i64,
    model: String,
}

impl Renderer {
    /// For the answer to one request.
    pub(super) fn new(model: &str, body: &[u8], now: Timestamp) -> Renderer {
        let model: String = model.chars().take(100).collect();
        Renderer {
            seed: format!("{:016x}", digest(body, now)),
            created: now.as_seconds(),
            model: quoted(&format!("sandbox-{model}")),
        }
    }

    /// A refusal.
    pub(super) fn error(&self, complaint: &Complaint) -> Play {
        let mut headers = self.head("application/json");
        if complaint.status == 429 {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if complaint.by_prompt {
            headers.insert(BY_PROMPT, HeaderValue::from_static("1"));
        }
        Play {
            status: StatusCode::from_u16(complaint.status)
                .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            headers,
            head_after: complaint.after,
            steps: vec![(Duration::ZERO, complaint.body().into())],
            end: PlayEnd::Clean,
        }
    }

    /// An answer, with whatever trouble it is in.
    pub(super) fn play(&self, plan: &Plan, ask: &Ask) -> Play {
        let content_type = if ask.stream { "text/event-stream" } else { "application/json" };
        let (head_after, steps) = match (plan.trouble, ask.stream) {
            (Trouble::Hang, _) => (NEVER, Vec::new()),
            (Trouble::Silent, _) => (HEAD_AFTER, Vec::new()),
            (_, true) => self.stream(plan, ask),
            (_, false) => self.whole(plan, ask),
        };
        let end = match plan.trouble {
            Trouble::None | Trouble::ErrorFrame => PlayEnd::Clean,
            Trouble::Cut => PlayEnd::Reset,
            Trouble::Silent | Trouble::Hang => PlayEnd::Silence,
        };
        let headers = self.head(content_type);
        Play { status: StatusCode::OK, headers, head_after, steps, end }
    }

    fn stream(&self, plan: &Plan, ask: &Ask) -> (Duration, Vec<(Duration, Bytes)>) {
        let (pieces, short) = plan.pieces(ask.limit.map_or(MAX_OUTPUT, |it| it.min(MAX_OUTPUT)));
        let troubled = plan.trouble != Trouble::None;
        let spoken = if troubled { pieces.len().min(BEFORE_TROUBLE) } else { pieces.len() };

        let head_after = (plan.timing.first / 2).min(HEAD_AFTER);
        let opening = match plan.parts.first() {
            Some(Part::Content(_)) | None => r#"{"role":"assistant","content":""}"#,
            Some(_) => r#"{"role":"assistant","content":null}"#,
        };
        let mut steps = vec![(Duration::ZERO, self.chunk(opening, "null"))];
        let mut pause = plan.timing.first - head_after;
        for piece in &pieces[..spoken] {
            steps.push((pause, self.chunk(&delta(piece), "null")));
            pause = plan.timing.pause;
        }
        match plan.trouble {
            Trouble::None => {
                let finish = quoted(finish(plan, short));
                steps.push((Duration::ZERO, self.chunk("{}", &finish)));
                if ask.include_usage {
                    let usage = usage(ask, &pieces);
                    let frame = self.frame("chat.completion.chunk", "[]", Some(&usage));
                    steps.push((Duration::ZERO, format!("data: {frame}\n\n").into()));
                }
                steps.push((Duration::ZERO, Bytes::from_static(b"data: [DONE]\n\n")));
            }
            Trouble::ErrorFrame => {
                let message = "The sandbox breaks off: this model always does.";
                let failed = Complaint { message: message.to_owned(), ..Complaint::by_name(500) };
                steps.push((pause, format!("data: {}\n\n", failed.body()).into()));
            }
            Trouble::Cut | Trouble::Silent | Trouble::Hang => {}
        }
        (head_after, steps)
    }

    fn whole(&self, plan: &Plan, ask: &Ask) -> (Duration, Vec<(Duration, Bytes)>) {
        let (pieces, short) = plan.pieces(ask.limit.map_or(MAX_OUTPUT, |it| it.min(MAX_OUTPUT)));
        let choices = format!(
            r#"[{{"index":0,"message":{},"logprobs":null,"finish_reason":"{}"}}]"#,
            message(&pieces),
            finish(plan, short),
        );
        let usage = usage(ask, &pieces);
        let mut body = self.frame("chat.completion", &choices, Some(&usage)).into_bytes();
        if plan.trouble == Trouble::Cut {
            body.truncate(body.len() / 2);
        }
        let spoken = u32::try_from(pieces.len()).unwrap_or(u32::MAX);
        let timing = plan.timing;
        let as_streamed = || timing.first + timing.pause * spoken.saturating_sub(1);
        (timing.whole.unwrap_or_else(as_streamed), vec![(Duration::ZERO, body.into())])
    }

    fn chunk(&self, delta: &str, finish: &str) -> Bytes {
        let choices =
            format!(r#"[{{"index":0,"delta":{delta},"logprobs":null,"finish_reason":{finish}}}]"#);
        format!("data: {}\n\n", self.frame("chat.completion.chunk", &choices, None)).into()
    }

    fn frame(&self, object: &str, choices: &str, usage: Option<&str>) -> String {
        let Renderer { seed, created, model } = self;
        let usage = usage.map(|it| format!(r#","usage":{it}"#)).unwrap_or_default();
        format!(
            r#"{{"id":"chatcmpl-{seed}","object":"{object}","created":{created},"model":{model},"system_fingerprint":"wayleave-sandbox","choices":{choices}{usage}}}"#
        )
    }

    fn head(&self, content_type: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        if let Ok(id) = HeaderValue::try_from(format!("req_sandbox_{}", self.seed)) {
            headers.insert(HeaderName::from_static("x-request-id"), id);
        }
        headers
    }
}

/// One token as a stream carries it.
fn delta(piece: &Piece<'_>) -> String {
    match piece {
        Piece::Reasoning(text) => format!(r#"{{"reasoning_content":{}}}"#, quoted(text)),
        Piece::Content(text) => format!(r#"{{"content":{}}}"#, quoted(text)),
        Piece::Refusal(text) => format!(r#"{{"refusal":{}}}"#, quoted(text)),
        Piece::CallOpen { index, id, name } => format!(
            r#"{{"tool_calls":[{{"index":{index},"id":"{id}","type":"function","function":{{"name":{},"arguments":""}}}}]}}"#,
            quoted(name)
        ),
        Piece::Arguments { index, text } => format!(
            r#"{{"tool_calls":[{{"index":{index},"function":{{"arguments":{}}}}}]}}"#,
            quoted(text)
        ),
    }
}

/// The same tokens as one message.
fn message(pieces: &[Piece<'_>]) -> String {
    let (mut reasoning, mut content, mut refusal) = (String::new(), String::new(), String::new());
    let mut calls: Vec<(&str, &str, String)> = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Reasoning(text) => reasoning.push_str(text),
            Piece::Content(text) => content.push_str(text),
            Piece::Refusal(text) => refusal.push_str(text),
            Piece::CallOpen { id, name, .. } => calls.push((id, name, String::new())),
            Piece::Arguments { text, .. } => {
                if let Some((_, _, arguments)) = calls.last_mut() {
                    arguments.push_str(text);
                }
            }
        }
    }
    let bare = content.is_empty() && !(calls.is_empty() && refusal.is_empty());
    let content = if bare { "null".to_owned() } else { quoted(&content) };
    let refusal = if refusal.is_empty() { "null".to_owned() } else { quoted(&refusal) };
    let mut out = format!(r#"{{"role":"assistant","content":{content},"refusal":{refusal}"#);
    if !reasoning.is_empty() {
        let _ = write!(out, r#","reasoning_content":{}"#, quoted(&reasoning));
    }
    if !calls.is_empty() {
        let call = |(id, name, arguments): &(&str, &str, String)| {
            let (name, arguments) = (quoted(name), quoted(arguments));
            format!(
                r#"{{"id":"{id}","type":"function","function":{{"name":{name},"arguments":{arguments}}}}}"#
            )
        };
        let list: Vec<_> = calls.iter().map(call).collect();
        let _ = write!(out, r#","tool_calls":[{}]"#, list.join(","));
    }
    out.push('}');
    out
}

fn finish(plan: &Plan, short: bool) -> &'static str {
    let called = plan.parts.iter().any(|it| matches!(it, Part::Call { .. }));
    match (short, called) {
        (true, _) => "length",
        (false, true) => "tool_calls",
        (false, false) => "stop",
    }
}

fn usage(ask: &Ask, pieces: &[Piece<'_>]) -> String {
    let (prompt, completion) = (ask.prompt_tokens, pieces.len() as u64);
    let reasoning = pieces.iter().filter(|it| matches!(it, Piece::Reasoning(_))).count();
    let total = prompt + completion;
    format!(
        r#"{{"prompt_tokens":{prompt},"completion_tokens":{completion},"total_tokens":{total},"prompt_tokens_details":{{"cached_tokens":0}},"completion_tokens_details":{{"reasoning_tokens":{reasoning}}}}}"#
    )
}

/// A text as JSON.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// FNV-1a over the instant and the body's beginning and length: different enough for an id, and
/// the same for the same request at the same instant.
fn digest(body: &[u8], now: Timestamp) -> u64 {
    let (micros, length) = (now.as_micros().to_le_bytes(), body.len().to_le_bytes());
    let bytes = micros.iter().chain(&length).chain(body.iter().take(1_024));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

//! The conversation, written: turns become messages, and each tool result stands right after the
//! message that made the call, where this dialect demands it.

use std::borrow::Cow;
use std::collections::HashMap;

use wayleave_model::target::{ModelFacts, ReasoningBack, ReasoningControl};

use super::{parts, tools};
use crate::chat::json::{self, Object};
use crate::chat::{ChatRequest, Part, Role, Turn, functions};
use crate::{Losses, Severity};

/// Messages in the making.
pub(super) struct Messages {
    list: Vec<Message>,
    /// The newest message that made the call of an id.
    callers: HashMap<String, usize>,
    /// Whether participants may have names.
    named: bool,
}

/// A message and what must directly follow it.
#[derive(Default)]
struct Message {
    json: Vec<u8>,
    /// Results of its calls: the id, and a `tool` message.
    results: Vec<(String, Vec<u8>)>,
    /// Pictures from those results, which a `tool` message cannot hold: parts of a user's message.
    shown: Vec<Vec<u8>>,
}

impl Messages {
    /// Arranges the turns of `request`.
    pub(super) fn of(request: &ChatRequest, facts: &ModelFacts, losses: &mut Losses) -> Messages {
        let named = !facts.refuses("messages[].name");
        let mut messages = Messages { list: Vec::new(), callers: HashMap::new(), named };
        // Only OpenAI's reasoning models tell the two apart; other vendors' templates know `system`
        // alone.
        let developer = facts.reasoning == Some(ReasoningControl::Effort);
        let developer = facts.developer_role.unwrap_or(developer);
        for turn in &request.turns {
            match turn.role {
                Role::Developer if developer => messages.instruct("developer", turn, losses),
                Role::System | Role::Developer => messages.instruct("system", turn, losses),
                Role::User => messages.user(turn, losses),
                Role::Assistant => messages.assistant(turn, facts, losses),
            }
        }
        messages
    }

    /// Appends the list.
    pub(super) fn write(self, out: &mut Vec<u8>) {
        let mut all = Vec::with_capacity(self.list.len());
        for message in self.list {
            if !message.json.is_empty() {
                all.push(message.json);
            }
            all.extend(message.results.into_iter().map(|(_, json)| json));
            if !message.shown.is_empty() {
                all.push(parts::message("user", None, |object| {
                    object.list("content", &message.shown);
                }));
            }
        }
        json::list(out, all);
    }

    fn instruct(&mut self, role: &str, turn: &Turn, losses: &mut Losses) {
        let content = parts::Content::of(&turn.parts, losses);
        if content.has_media() {
            losses.note("messages[].content", "only text instructs", Severity::Meaning);
        }
        if let Some(text) = content.text("\n\n") {
            let name = self.name(turn, losses);
            self.push(parts::message(role, name, |object| {
                object.text("content", &text);
            }));
        }
    }

    fn user(&mut self, turn: &Turn, losses: &mut Losses) {
        for part in &turn.parts {
            if let Part::ToolResult { id, parts, is_error, cache, .. } = part {
                self.result(id, parts, *is_error, losses);
                parts::note_cache(cache.is_some(), losses);
            }
        }
        let content = parts::Content::of(&turn.parts, losses);
        if content.is_empty() && !is_blank(turn) {
            return;
        }
        let name = self.name(turn, losses);
        self.push(parts::message("user", name, |object| content.write(object)));
    }

    fn result(&mut self, id: &str, parts: &[Part], is_error: bool, losses: &mut Losses) {
        let content = parts::Content::of(parts, losses);
        let mut text = content.text("\n\n").unwrap_or_default();
        if is_error {
            losses.note("messages[].content[].is_error", "no field", Severity::Hint);
            if text.is_empty() {
                "error".clone_into(&mut text);
            }
        }
        let mut shown = content.media();
        if !shown.is_empty() {
            let reason = "a picture in a tool result follows it as a user's message";
            losses.note("messages[].content[].content", reason, Severity::Hint);
            shown.insert(0, parts::text(&format!("What the tool call {id} returned:")));
        }
        let json = parts::message("tool", None, |object| {
            object.text("tool_call_id", id).text("content", &text);
        });
        let at = match self.callers.get(id) {
            Some(at) => *at,
            // No call of that id: it stays where it is, for the provider to judge.
            None => self.push(Vec::new()),
        };
        let caller = &mut self.list[at];
        if caller.results.iter().any(|(answered, _)| answered == id) {
            losses.note("messages[].tool_call_id", "a call was answered twice", Severity::Hint);
            return;
        }
        caller.results.push((id.to_owned(), json));
        caller.shown.extend(shown);
    }

    fn assistant(&mut self, turn: &Turn, facts: &ModelFacts, losses: &mut Losses) {
        let content = parts::Content::of(&turn.parts, losses);
        if content.has_media() {
            losses.note("messages[].content", "an answer holds only text", Severity::Meaning);
        }
        let calls: Vec<_> =
            turn.parts.iter().filter_map(|part| call(part, facts, losses)).collect();
        let reasoning = reasoning(&turn.parts, !calls.is_empty(), facts, losses);
        let refusal = turn.parts.iter().find_map(|part| match part {
            Part::Refusal(text) => Some(text),
            _ => None,
        });
        let text = content.text("").or_else(|| is_blank(turn).then(String::new));
        if text.is_none() && calls.is_empty() && refusal.is_none() {
            return;
        }
        let json = parts::message("assistant", self.name(turn, losses), |object| {
            match &text {
                Some(text) => object.text("content", text),
                None => object.raw("content", "null"),
            };
            if let Some(refusal) = refusal {
                object.text("refusal", refusal);
            }
            if let Some((field, reasoning)) = reasoning {
                object.text(field, &reasoning);
            }
            if !calls.is_empty() {
                object.list("tool_calls", calls.iter().map(|(_, json)| json));
            }
        });
        let at = self.push(json);
        self.callers.extend(calls.into_iter().map(|(id, _)| (id, at)));
    }

    fn name<'t>(&self, turn: &'t Turn, losses: &mut Losses) -> Option<&'t str> {
        let name = turn.name.as_deref()?;
        if !self.named {
            losses.note("messages[].name", "the model refuses it", Severity::Meaning);
            return None;
        }
        Some(name)
    }

    fn push(&mut self, json: Vec<u8>) -> usize {
        self.list.push(Message { json, ..Message::default() });
        self.list.len() - 1
    }
}

/// Whether nothing was said. Such a turn stays in its place: providers count on the order of roles.
fn is_blank(turn: &Turn) -> bool {
    turn.parts.iter().all(|part| matches!(part, Part::Text { text, .. } if text.is_empty()))
}

/// A call's id and its JSON.
fn call(part: &Part, facts: &ModelFacts, losses: &mut Losses) -> Option<(String, Vec<u8>)> {
    let Part::ToolCall { id, name, input, custom, seal, cache } = part else { return None };
    parts::note_cache(cache.is_some(), losses);
    if seal.is_some() {
        losses.note("messages[].tool_calls[].signature", "no field", Severity::Hint);
    }
    let input = match custom {
        true if !tools::takes_custom(facts) => functions::arguments(input, true, losses),
        // An empty text is no JSON, and some vendors parse it.
        false if input.is_empty() => Cow::Borrowed("{}"),
        _ => Cow::Borrowed(&**input),
    };
    let custom = *custom && tools::takes_custom(facts);
    let mut out = Vec::with_capacity(128 + input.len());
    json::object(&mut out, |object: &mut Object<'_>| {
        let (kind, field) = if custom { ("custom", "input") } else { ("function", "arguments") };
        object.text("id", id).text("type", kind);
        object.nest(kind, |inner| {
            inner.text("name", name).text(field, &input);
        });
    });
    Some((id.clone(), out))
}

/// Reasoning and the field it is handed back in. The dialect has none, and OpenAI refuses unknown
/// ones; vendors that are known to want theirs back, or whose models reason without being told how
/// much by a word, get it unsealed, beside the calls that it led to
/// (<https://api-docs.deepseek.com/guides/thinking_mode>). Sealed reasoning is another provider's.
fn reasoning(
    parts: &[Part],
    calls: bool,
    facts: &ModelFacts,
    losses: &mut Losses,
) -> Option<(&'static str, String)> {
    let unasked =
        matches!(facts.reasoning, Some(ReasoningControl::Adaptive | ReasoningControl::Budget));
    let back = facts.reasoning_back.or(unasked.then_some(ReasoningBack::ReasoningContent));
    let field = back.filter(|_| calls).map(ReasoningBack::field);
    let refused = field.is_some_and(|field| facts.refuses(&format!("messages[].{field}")));
    let field = field.filter(|_| !refused);
    let mut kept: Option<String> = None;
    for part in parts {
        match part {
            Part::Reasoning { text, seal: None } if field.is_some() => {
                kept.get_or_insert_default().push_str(text);
            }
            Part::Reasoning { .. } => {
                losses.note("messages[].reasoning", "no field", Severity::Hint);
            }
            _ => (),
        }
    }
    field.zip(kept)
}

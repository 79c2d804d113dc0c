//! Turns to contents, in the order that Google demands.
//!
//! What the operator says before anything else is the system instruction. Turns of one role that
//! follow each other are one content. The responses to a model's calls stand first in the content
//! right after it, in the order of the calls. The first content is the user's.

use super::super::seal::NO_SIGNATURE;
use super::blocks;
use super::generation::Generation;
use crate::chat::json::{list, object};
use crate::chat::{Part, Role, Turn};
use crate::{Losses, Malformed, Severity};

/// A conversation laid out.
#[derive(Default)]
pub(super) struct Layout {
    /// Parts of the system instruction.
    pub(super) system: Vec<Vec<u8>>,
    /// The contents, roles alternating.
    pub(super) contents: Vec<Content>,
}

/// A content: responses, the media that belong to them, then all else.
#[derive(Default)]
pub(super) struct Content {
    model: bool,
    /// Responses, with the number of the call that each answers.
    responses: Vec<(usize, Vec<u8>)>,
    beside: Vec<Vec<u8>>,
    parts: Vec<Vec<u8>>,
    /// Where its first call stands, if that is not signed.
    unsigned: Option<usize>,
    called: bool,
}

/// A call that may be answered.
struct Call {
    client: String,
    wire: String,
    name: String,
    content: usize,
    answered: bool,
}

/// Lays out `turns` for a model of that generation.
pub(super) fn lay_out(
    turns: &[Turn],
    generation: Generation,
    losses: &mut Losses,
) -> Result<Layout, Malformed> {
    let mut desk = Desk { layout: Layout::default(), calls: Vec::new(), generation, losses };
    let operators = |turn: &&Turn| matches!(turn.role, Role::System | Role::Developer);
    let lead = turns.iter().take_while(operators).count();
    desk.system(&turns[..lead])?;
    for turn in &turns[lead..] {
        if turn.name.is_some() {
            desk.losses.note("messages[].name", "no such field", Severity::Hint);
        }
        for (at, part) in turn.parts.iter().enumerate() {
            if let Some(block) = blocks::signed_blank(part, turn.parts.get(at + 1)) {
                desk.put(block, turn.role);
            } else {
                desk.part(part, turn.role)?;
            }
        }
    }
    desk.sign();
    desk.open_with_the_user();
    Ok(desk.layout)
}

impl Content {
    /// Its JSON.
    pub(super) fn render(&self) -> Vec<u8> {
        let mut responses: Vec<&(usize, Vec<u8>)> = self.responses.iter().collect();
        responses.sort_by_key(|(call, _)| *call);
        let responses = responses.into_iter().map(|(_, part)| part);
        let parts: Vec<&Vec<u8>> = responses.chain(&self.beside).chain(&self.parts).collect();
        let mut out = Vec::with_capacity(64 + parts.iter().map(|p| p.len() + 1).sum::<usize>());
        object(&mut out, |content| {
            content.text("role", if self.model { "model" } else { "user" });
            content.with("parts", |out| list(out, parts));
        });
        out
    }
}

/// The layout under way.
struct Desk<'l> {
    layout: Layout,
    calls: Vec<Call>,
    generation: Generation,
    losses: &'l mut Losses,
}

impl Desk<'_> {
    fn system(&mut self, turns: &[Turn]) -> Result<(), Malformed> {
        for part in turns.iter().flat_map(|turn| &turn.parts) {
            if blocks::attach(&mut self.layout.system, part) {
                continue;
            }
            match part {
                Part::Text { .. } => {
                    self.layout.system.extend(blocks::block(part, Role::System, self.losses)?);
                }
                _ => {
                    let reason = "the system instruction holds text only";
                    self.losses.note("messages[].content", reason, Severity::Meaning);
                }
            }
        }
        Ok(())
    }

    fn part(&mut self, part: &Part, role: Role) -> Result<(), Malformed> {
        blocks::note_mark(part, self.losses);
        let block = match (part, role) {
            (Part::ToolResult { id, name, parts, is_error, .. }, _) => {
                return self.result(id, name.as_deref(), parts, *is_error);
            }
            (Part::ToolCall { id, name, input, custom, seal, .. }, Role::Assistant) => {
                let at = self.content(true);
                let wire = self.wire_id(id);
                let (block, signed) =
                    blocks::call(&wire, name, input, *custom, seal.as_ref(), self.losses);
                if seal.is_some() && !signed {
                    let reason = "a signature that is not Google's";
                    self.losses.note("messages[].tool_calls[].seal", reason, Severity::Hint);
                }
                let content = &mut self.layout.contents[at];
                if !std::mem::replace(&mut content.called, true) && !signed {
                    content.unsigned = Some(content.parts.len());
                }
                self.calls.push(Call {
                    client: id.clone(),
                    wire,
                    name: name.clone(),
                    content: at,
                    answered: false,
                });
                Some(block)
            }
            (Part::Text { text, .. }, Role::System | Role::Developer) => {
                let reason = "the operator's words between turns, carried as the user's";
                self.losses.note("messages[].role", reason, Severity::Hint);
                let words = text.trim();
                (!words.is_empty())
                    .then(|| blocks::text(&format!("<system>\n{words}\n</system>")))
                    .flatten()
            }
            _ => {
                if let Some(last) = self.layout.contents.last_mut()
                    && last.model == (role == Role::Assistant)
                    && blocks::attach(&mut last.parts, part)
                {
                    return Ok(());
                }
                blocks::block(part, role, self.losses)?
            }
        };
        if let Some(block) = block {
            self.put(block, role);
        }
        Ok(())
    }

    fn put(&mut self, block: Vec<u8>, role: Role) {
        let at = self.content(role == Role::Assistant);
        self.layout.contents[at].parts.push(block);
    }

    /// A response goes to the content right after its call, wherever the client put it. One that
    /// answers no call stays where it is: the provider says what it thinks of it.
    fn result(
        &mut self,
        client: &str,
        name: Option<&str>,
        parts: &[Part],
        is_error: bool,
    ) -> Result<(), Malformed> {
        let within = self.generation == Generation::Level;
        let (order, wire, name, at) = match self.answered(client) {
            Some(order) => {
                let call = &self.calls[order];
                if call.answered {
                    let reason = "a second result for one call";
                    self.losses.note("messages[].tool_call_id", reason, Severity::Hint);
                    return Ok(());
                }
                let (wire, name, after) = (call.wire.clone(), call.name.clone(), call.content + 1);
                let last = self.layout.contents.len();
                let at = if after < last { after } else { self.content(false) };
                (order, wire, name, at)
            }
            None => {
                let name = name.filter(|name| !name.is_empty()).unwrap_or("unknown").to_owned();
                (usize::MAX, client.to_owned(), name, self.content(false))
            }
        };
        let (block, beside) = blocks::result(&wire, &name, parts, is_error, within, self.losses)?;
        if let Some(call) = self.calls.get_mut(order) {
            call.answered = true;
        }
        let content = &mut self.layout.contents[at];
        content.responses.push((order, block));
        content.beside.extend(beside);
        Ok(())
    }

    /// The call that a result answers: the first without an answer in the newest content that
    /// calls by this id. Where all have theirs, the newest call.
    fn answered(&self, client: &str) -> Option<usize> {
        let of = |call: &Call| call.client == client;
        let newest = self.calls.iter().rposition(of)?;
        let content = self.calls[newest].content;
        let waits = |call: &Call| of(call) && call.content == content && !call.answered;
        self.calls.iter().position(waits).or(Some(newest))
    }

    /// The client's id, numbered where it used the same before.
    fn wire_id(&self, client: &str) -> String {
        let used = |id: &str| self.calls.iter().any(|call| call.wire == id);
        let numbered = (2..).map(|n: u32| format!("{client}_{n}"));
        let mut free = std::iter::once(client.to_owned()).chain(numbered);
        free.find(|id| !used(id)).unwrap_or_default()
    }

    /// The content that speaks for this side at the end: the last one, or a new one.
    fn content(&mut self, model: bool) -> usize {
        let contents = &mut self.layout.contents;
        if contents.last().is_none_or(|last| last.model != model) {
            contents.push(Content { model, ..Content::default() });
        }
        contents.len() - 1
    }

    /// From Gemini 3 on the first call of each step must be signed. Google documents what to send
    /// for calls that another model made
    /// (<https://ai.google.dev/gemini-api/docs/thought-signatures#faqs>).
    fn sign(&mut self) {
        if self.generation != Generation::Level {
            return;
        }
        for content in &mut self.layout.contents {
            let Some(part) = content.unsigned.and_then(|at| content.parts.get_mut(at)) else {
                continue;
            };
            blocks::add(part, "thoughtSignature", &format!("\"{NO_SIGNATURE}\""));
            let reason = "there is none: Google's stand-in was sent";
            self.losses.note("messages[].tool_calls[].signature", reason, Severity::Hint);
        }
    }

    fn open_with_the_user(&mut self) {
        if self.layout.contents.first().is_none_or(|first| first.model) {
            let reason = "the user must speak first: a full stop was put in their mouth";
            self.losses.note("messages[0]", reason, Severity::Hint);
            let parts = blocks::text(".").into_iter().collect();
            self.layout.contents.insert(0, Content { parts, ..Content::default() });
        }
    }
}

//! The `response` object that a stream begins and ends with, and that a whole answer is.

use wayleave_model::Usage;

use crate::carry::Answer;
use crate::chat::Finish;
use crate::chat::json::Object;
use crate::chat::responses::usage;

/// What an answer is called.
pub(super) struct Head {
    answer: Answer,
    id: String,
    model: String,
}

/// How far an answer is.
pub(super) enum Stage<'s> {
    /// It begins.
    Begun,
    /// It ended so, with these items, for this price.
    Ended(Finish, &'s [Vec<u8>], &'s Usage),
}

impl Head {
    /// Of the answer that `answer` names, until it says more itself.
    pub(super) fn new(answer: &Answer) -> Head {
        let mut head = Head { answer: answer.clone(), id: String::new(), model: String::new() };
        head.begin("", "");
        head
    }

    /// Takes the provider's own id and name for the model. The id is sealed here and once: SDKs
    /// refuse an answer whose id changes.
    pub(super) fn begin(&mut self, id: &str, model: &str) {
        const PREFIX: &str = "resp_";
        let id = if id.is_empty() { &self.answer.id } else { id };
        self.id = match (&self.answer.stored, &self.answer.ids) {
            (Some(stored), _) => stored.id.clone(),
            (None, Some(ids)) => ids.seal(id),
            (None, None) if id.starts_with(PREFIX) => id.to_owned(),
            (None, None) => format!("{PREFIX}{id}"),
        };
        model.clone_into(&mut self.model);
    }

    /// Fills `object`. What is an echo of the request has the value that says least, unless the
    /// answer is kept: the request was made in another dialect.
    pub(super) fn write(&self, object: &mut Object<'_>, stage: &Stage<'_>) {
        let (status, incomplete) = match stage {
            Stage::Begun => ("in_progress", None),
            Stage::Ended(finish, ..) => match why_incomplete(*finish) {
                None => ("completed", None),
                reason => ("incomplete", reason),
            },
        };
        object.text("id", &self.id).text("object", "response");
        object.raw("created_at", &self.answer.created.to_string()).text("status", status);
        object.raw("background", "false").raw("error", "null");
        match incomplete {
            Some(reason) => object.nest("incomplete_details", |details| {
                details.text("reason", reason);
            }),
            None => object.raw("incomplete_details", "null"),
        };
        let stored = self.answer.stored.as_deref();
        let echo = |name: &'static str, least: &'static str| {
            stored.and_then(|it| it.echo(name)).unwrap_or(least)
        };
        for (name, least) in [("instructions", "null"), ("max_output_tokens", "null")] {
            object.raw(name, echo(name, least));
        }
        object.text("model", self.answer.model.as_deref().unwrap_or(&self.model));
        match stage {
            Stage::Begun => object.raw("output", "[]"),
            Stage::Ended(_, items, _) => object.list("output", *items),
        };
        for (name, least) in ECHOES {
            object.raw(name, echo(name, least));
            if name == "reasoning" {
                object.raw("store", if stored.is_some() { "true" } else { "false" });
            }
        }
        match stage {
            Stage::Begun => object.raw("usage", "null"),
            Stage::Ended(_, _, usage) => object.nest("usage", |figures| {
                usage::write(usage, figures);
            }),
        };
        object.raw("user", echo("user", "null")).raw("metadata", echo("metadata", "{}"));
    }
}

/// What is repeated of the request behind the output, and the value of each that says least.
const ECHOES: [(&str, &str); 9] = [
    ("parallel_tool_calls", "true"),
    ("previous_response_id", "null"),
    ("reasoning", r#"{"effort":null,"summary":null}"#),
    ("temperature", "null"),
    ("text", r#"{"format":{"type":"text"}}"#),
    ("tool_choice", r#""auto""#),
    ("tools", "[]"),
    ("top_p", "null"),
    ("truncation", r#""disabled""#),
];

/// The reason, in this dialect's words, for an answer that was cut.
pub(super) const fn why_incomplete(finish: Finish) -> Option<&'static str> {
    match finish {
        Finish::Length | Finish::ContextLength => Some("max_output_tokens"),
        Finish::Refused => Some("content_filter"),
        Finish::Stop | Finish::StopSequence | Finish::ToolCalls | Finish::Pause => None,
    }
}

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
        self.id = match &self.answer.ids {
            Some(ids) => ids.seal(id),
            None if id.starts_with(PREFIX) => id.to_owned(),
            None => format!("{PREFIX}{id}"),
        };
        model.clone_into(&mut self.model);
    }

    /// Fills `object`. What is an echo of the request has the value that says least: the request
    /// was made in another dialect, and is not stored.
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
        object.raw("instructions", "null").raw("max_output_tokens", "null");
        object.text("model", self.answer.model.as_deref().unwrap_or(&self.model));
        match stage {
            Stage::Begun => object.raw("output", "[]"),
            Stage::Ended(_, items, _) => object.list("output", *items),
        };
        object.raw("parallel_tool_calls", "true").raw("previous_response_id", "null");
        object.raw("reasoning", r#"{"effort":null,"summary":null}"#).raw("store", "false");
        object.raw("temperature", "null").raw("text", r#"{"format":{"type":"text"}}"#);
        object.text("tool_choice", "auto").raw("tools", "[]").raw("top_p", "null");
        object.text("truncation", "disabled");
        match stage {
            Stage::Begun => object.raw("usage", "null"),
            Stage::Ended(_, _, usage) => object.nest("usage", |figures| {
                usage::write(usage, figures);
            }),
        };
        object.raw("user", "null").raw("metadata", "{}");
    }
}

/// The reason, in this dialect's words, for an answer that was cut.
pub(super) const fn why_incomplete(finish: Finish) -> Option<&'static str> {
    match finish {
        Finish::Length | Finish::ContextLength => Some("max_output_tokens"),
        Finish::Refused => Some("content_filter"),
        Finish::Stop | Finish::StopSequence | Finish::ToolCalls | Finish::Pause => None,
    }
}

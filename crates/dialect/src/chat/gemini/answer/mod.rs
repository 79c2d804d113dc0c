//! Answers: Google's chunks and bodies to and from the provider-neutral events.

mod fold;
mod grounds;
mod parts;
mod probabilities;
mod read;
mod wire;
mod write;

use super::super::Finish;
pub(super) use read::Reader;
pub(super) use write::Writer;

/// Why an answer ended, from its `finishReason`; `None` when the model failed to answer at all.
/// `called`: tools are to be run, of which Google says `STOP`.
/// <https://ai.google.dev/api/generate-content#FinishReason>
fn finish(reason: &str, called: bool) -> Option<Finish> {
    Some(match reason {
        "STOP" if called => Finish::ToolCalls,
        "MAX_TOKENS" => Finish::Length,
        "MALFORMED_FUNCTION_CALL"
        | "MALFORMED_RESPONSE"
        | "UNEXPECTED_TOOL_CALL"
        | "TOO_MANY_TOOL_CALLS"
        | "MISSING_THOUGHT_SIGNATURE" => return None,
        "SAFETY" | "RECITATION" | "LANGUAGE" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII"
        | "OTHER" | "ESCALATION" | "MODEL_ARMOR" | "NO_IMAGE" => Finish::Refused,
        image if image.starts_with("IMAGE_") => Finish::Refused,
        _ if called => Finish::ToolCalls,
        _ => Finish::Stop,
    })
}

/// The `finishReason` for it.
const fn finish_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::StopSequence | Finish::ToolCalls | Finish::Pause => "STOP",
        Finish::Length | Finish::ContextLength => "MAX_TOKENS",
        Finish::Refused => "SAFETY",
    }
}

#[cfg(test)]
mod tests;

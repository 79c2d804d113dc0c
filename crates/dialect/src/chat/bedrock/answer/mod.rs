//! Answers: ConverseStream's events and Converse's bodies, read as the provider-neutral events.

mod block;
mod read;
mod wire;

use crate::chat::Finish;
pub(super) use read::Reader;

/// Why an answer ended, from its `stopReason`. `called`: tools of the client's are to be run.
fn finish(reason: &str, called: bool) -> Finish {
    match reason {
        "stop_sequence" => Finish::StopSequence,
        "max_tokens" => Finish::Length,
        "model_context_window_exceeded" => Finish::ContextLength,
        "tool_use" if called => Finish::ToolCalls,
        "guardrail_intervened" | "content_filtered" => Finish::Refused,
        _ => Finish::Stop,
    }
}

#[cfg(test)]
mod tests;

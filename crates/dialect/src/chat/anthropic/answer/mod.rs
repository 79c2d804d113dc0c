//! Answers: Anthropic's events and bodies to and from the provider-neutral ones.

mod block;
mod lost;
mod read;
mod whole;
mod write;

use super::super::Finish;
pub(super) use read::Reader;
pub(super) use write::Writer;

/// Why an answer ended, from its `stop_reason`. `called`: tools are to be run.
fn finish(reason: &str, called: bool) -> Finish {
    match reason {
        "stop_sequence" => Finish::StopSequence,
        "max_tokens" => Finish::Length,
        "model_context_window_exceeded" => Finish::ContextLength,
        // The tool that carries a JSON answer is no call to the client.
        "tool_use" if called => Finish::ToolCalls,
        "refusal" => Finish::Refused,
        "pause_turn" => Finish::Pause,
        _ => Finish::Stop,
    }
}

/// The `stop_reason` for it. Some providers say "stop" after a call; coding agents go by the
/// reason, so a call counts for more.
fn stop_reason(finish: Finish, called: bool) -> &'static str {
    match finish {
        Finish::Stop if called => "tool_use",
        Finish::Stop => "end_turn",
        Finish::StopSequence => "stop_sequence",
        Finish::Length => "max_tokens",
        Finish::ContextLength => "model_context_window_exceeded",
        Finish::ToolCalls => "tool_use",
        Finish::Refused => "refusal",
        Finish::Pause => "pause_turn",
    }
}

#[cfg(test)]
mod tests;

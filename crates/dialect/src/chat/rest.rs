//! How much it matters that a field stays behind which only the client's own dialect has.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::Severity;

/// Fields without which the answer is the same: what is stored, grouped, labelled, cached or
/// predicted, and what only the client's own bookkeeping reads.
///
/// `defer_loading` keeps a tool out of the prompt until it is searched for; without it the tool is
/// there from the start
/// (<https://platform.claude.com/docs/en/agents-and-tools/tool-use/tool-search-tool>). The tools of a
/// Responses namespace carry its name and have descriptions of their own, so its own is left out
/// rather than said once for each of them. The sources that an earlier answer cites stand under its
/// words, which go up.
const HINTS: [&str; 18] = [
    "store",
    "response.store",
    "prompt_cache_retention",
    "prompt_cache_options",
    "safety_identifier",
    "client_metadata",
    "stream_options",
    "prediction",
    "cache_control",
    "diagnostics",
    "betas",
    "tools[].defer_loading",
    "tools[].eager_input_streaming",
    "tools[].namespace.description",
    "messages[].annotations",
    "messages[].id",
    "messages[].index",
    "input[].content[].annotations",
];

/// How much the loss of the field `path` matters, which said `json`.
///
/// Responses' `include` asks for more about the calls of hosted tools, each of which is a loss of
/// its own where it cannot be offered.
pub(super) fn severity(path: &str, json: &RawValue) -> Severity {
    let within = |outer: &str| path.strip_prefix(outer).is_some_and(|it| it.starts_with('.'));
    let hint = HINTS.contains(&path)
        || within("include")
        || within("stream_options")
        || path == "context_management" && clears_only(json);
    if hint { Severity::Hint } else { Severity::Meaning }
}

/// Whether Anthropic's context editing would only clear old thoughts and results of tools: without
/// it the model sees all that the client sent. A summary in place of the conversation is another
/// thing, and so is a kind of edit that is not known.
/// <https://platform.claude.com/docs/en/build-with-claude/context-editing>
fn clears_only(json: &RawValue) -> bool {
    #[derive(Deserialize)]
    struct Editing {
        #[serde(default)]
        edits: Vec<Edit>,
    }
    #[derive(Deserialize)]
    struct Edit {
        r#type: String,
    }
    let clears = |edit: &Edit| edit.r#type.starts_with("clear_");
    let is_object = json.get().starts_with('{');
    is_object
        && serde_json::from_str::<Editing>(json.get()).is_ok_and(|it| it.edits.iter().all(clears))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str, json: &str) -> Severity {
        severity(path, &RawValue::from_string(json.to_owned()).unwrap())
    }

    #[test]
    fn a_clients_bookkeeping_is_a_hint() {
        assert_eq!(of("messages[].annotations", "[{}]"), Severity::Hint);
        assert_eq!(of("messages[].prefix", "true"), Severity::Meaning);
        assert_eq!(of("client_metadata", "{}"), Severity::Hint);
        assert_eq!(of("tools[].defer_loading", "true"), Severity::Hint);
        assert_eq!(of("include.web_search_call.action.sources", "\"\""), Severity::Hint);
        assert_eq!(of("includes", "1"), Severity::Meaning);
        assert_eq!(of("mcp_servers", "[]"), Severity::Meaning);
    }

    #[test]
    fn context_that_is_cleared_is_a_hint_and_one_that_is_summed_up_is_not() {
        let thoughts = r#"{"edits":[{"type":"clear_thinking_20251015","keep":"all"}]}"#;
        assert_eq!(of("context_management", thoughts), Severity::Hint);
        let both = r#"{"edits":[{"type":"clear_tool_uses_20250919"},{"type":"compact_20260112"}]}"#;
        assert_eq!(of("context_management", both), Severity::Meaning);
        let responses = r#"[{"type":"compaction","compact_threshold":1000}]"#;
        assert_eq!(of("context_management", responses), Severity::Meaning);
    }
}

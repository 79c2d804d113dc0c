//! The kinds of items and tools that only this dialect knows (`ResponseInputItemParam` and
//! `ToolParam` in the SDK's types).

/// Whether an item of this type belongs to what the application says, not to the model's turn.
pub(super) fn is_said_to_the_model(kind: &str) -> bool {
    kind.ends_with("_output") || matches!(kind, "mcp_approval_response" | "additional_tools")
}

/// Whether an item of this type is what it is only together with the provider that made it: the
/// conversation continues from it, so that it cannot be left out.
pub(super) fn is_the_providers(kind: &str) -> bool {
    matches!(kind, "item_reference" | "compaction" | "compaction_summary" | "compaction_trigger")
}

/// Whether this dialect has an item of this type, for a provider to be sent.
pub(in crate::chat::responses) fn is_item(kind: &str) -> bool {
    const OTHERS: [&str; 8] = [
        "mcp_list_tools",
        "mcp_approval_request",
        "mcp_approval_response",
        "additional_tools",
        "program",
        "program_output",
        "compaction",
        "configuration_update",
    ];
    const CALLED: [&str; 10] = [
        "web_search",
        "file_search",
        "computer",
        "code_interpreter",
        "image_generation",
        "local_shell",
        "shell",
        "apply_patch",
        "mcp",
        "tool_search",
    ];
    let called = kind.strip_suffix("_output").unwrap_or(kind);
    let called = called.strip_suffix("_call").unwrap_or(called);
    OTHERS.contains(&kind) || kind != called && CALLED.contains(&called)
}

/// Whether the provider runs a tool of this type itself, or this dialect has its own word for it.
pub(super) fn is_tool(kind: &str) -> bool {
    const OURS: [&str; 13] = [
        "file_search",
        "computer",
        "computer_use",
        "computer_use_preview",
        "web_search",
        "mcp",
        "code_interpreter",
        "image_generation",
        "local_shell",
        "shell",
        "apply_patch",
        "tool_search",
        "programmatic_tool_calling",
    ];
    OURS.contains(&kind)
        || kind.starts_with("web_search_preview")
        || kind == "web_search_2025_08_26"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_and_tools_of_this_dialect_are_known() {
        for kind in ["web_search_call", "computer_call_output", "tool_search_output", "mcp_call"] {
            assert!(is_item(kind), "{kind}");
        }
        for kind in ["server_tool_use", "web_search_tool_result", "shell", "audio", "mcp_tool_use"]
        {
            assert!(!is_item(kind), "{kind}");
        }
        assert!(is_tool("web_search_preview_2025_03_11") && is_tool("mcp"));
        assert!(!is_tool("web_search_20250305") && !is_tool("code_execution_20250825"));
        assert!(is_said_to_the_model("local_shell_call_output") && is_the_providers("compaction"));
    }
}

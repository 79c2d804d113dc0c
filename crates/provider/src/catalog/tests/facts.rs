//! What a target learns from a row.

use super::*;

#[test]
fn a_reasoning_model_of_openai_names_its_token_limit_and_its_least() {
    let facts = find("openai", "gpt-5.4").expect("there").facts();
    // https://developers.openai.com/api/docs/models/gpt-5.4
    assert_eq!((facts.context_window, facts.max_output), (Some(1_050_000), Some(128_000)));
    assert_eq!(facts.token_limit, Some(TokenLimit::MaxCompletionTokens));
    assert_eq!(facts.min_output, Some(16));
    assert_eq!(facts.reasoning, Some(ReasoningControl::Effort));
    assert_eq!(facts.families, [Family::Chat, Family::Responses]);
    assert_eq!(
        (facts.tools, facts.vision, facts.json_schema),
        (Some(true), Some(true), Some(true))
    );
}

#[test]
fn claude_is_asked_to_reason_by_budget_or_adapts() {
    let facts = |model: &str| find("anthropic", model).expect(model).facts();
    assert_eq!(facts("claude-haiku-4-5").reasoning, Some(ReasoningControl::Budget));
    assert_eq!(facts("claude-opus-4-8").reasoning, Some(ReasoningControl::Adaptive));
    assert_eq!(facts("claude-opus-4-8").families, [Family::Messages]);
}

#[test]
fn what_a_row_denies_is_denied_and_what_it_leaves_out_is_unknown() {
    let row = with("abilities", json!({"reasoning": false, "tools": false, "files": true}));
    let facts =
        catalog(&json!([row])).expect("valid").find("openai", "gpt-x").expect("there").facts();
    assert_eq!(facts.reasoning, Some(ReasoningControl::None));
    assert_eq!((facts.tools, facts.files, facts.vision), (Some(false), Some(true), None));
}

#[test]
fn what_was_declared_wins_and_what_was_left_open_is_the_rows() {
    let row = find("openai", "gpt-5.4").expect("there");
    let declared = ModelFacts {
        max_output: Some(7),
        families: vec![Family::Chat],
        vision: Some(false),
        developer_role: Some(false),
        ..ModelFacts::default()
    };
    let expected = ModelFacts {
        max_output: Some(7),
        families: vec![Family::Chat],
        vision: Some(false),
        developer_role: Some(false),
        ..row.facts()
    };
    assert_eq!(row.fill(&declared), expected);
    assert_eq!(row.fill(&ModelFacts::default()), row.facts());
    assert_eq!(row.fill(&expected), expected, "filled twice is filled once");
}

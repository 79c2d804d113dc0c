//! What each family of models takes in words of its own.

use wayleave_model::target::ReasoningControl;

use super::*;

const FIELDS: &str = "additionalModelRequestFields";

fn reasons(amount: ReasoningAmount) -> ChatRequest {
    ChatRequest { reasoning: Some(Reasoning { amount, show: None }), ..asks() }
}

fn effort(word: &str) -> ReasoningAmount {
    ReasoningAmount::Effort(word.to_owned())
}

/// The fields that the model takes, and what was lost.
fn fields(request: &ChatRequest, model: &str) -> (String, Vec<String>) {
    let (written, lost) = written(request, model, &ModelFacts::default()).unwrap();
    (field(&written.body, FIELDS), lost)
}

#[test]
fn claude_thinks_as_on_its_own_wire() {
    let budget = reasons(ReasoningAmount::Budget(2000));
    let expected = r#"{"thinking":{"type":"enabled","budget_tokens":2000}}"#;
    assert_eq!(fields(&budget, CLAUDE), (expected.to_owned(), vec![]));

    let (adaptive, _) = body(&reasons(effort("high")));
    assert_eq!(field(adaptive.as_bytes(), FIELDS), r#"{"thinking":{"type":"adaptive"}}"#);
    assert_eq!(field(adaptive.as_bytes(), "outputConfig"), r#"{"effort":"high"}"#);

    let older = ModelFacts { reasoning: Some(ReasoningControl::Budget), ..ModelFacts::default() };
    let request = ChatRequest { max_output: Some(4000), ..reasons(effort("high")) };
    let (written, _) = written(&request, CLAUDE, &older).unwrap();
    let expected = r#"{"thinking":{"type":"enabled","budget_tokens":3000}}"#;
    assert_eq!(field(&written.body, FIELDS), expected);
}

#[test]
fn claude_does_not_think_under_a_demanded_call() {
    let mut request = reasons(effort("low"));
    request.tools = vec![function("f", None)];
    request.tool_choice = Some(ToolChoice::Required);
    assert_eq!(fields(&request, CLAUDE), ("(absent)".to_owned(), vec!["reasoning".to_owned()]));
}

#[test]
fn a_loop_that_began_without_a_thought_goes_on_without() {
    let mut request = reasons(ReasoningAmount::Budget(2000));
    request.turns.push(turn(Role::Assistant, vec![call("c", "f", "{}")]));
    request.turns.push(turn(Role::User, vec![result("c", vec![text("r")], false)]));
    request.tools = vec![function("f", None)];
    assert_eq!(fields(&request, CLAUDE), ("(absent)".to_owned(), vec!["reasoning".to_owned()]));
}

#[test]
fn every_other_family_has_its_own_words() {
    let nova = "us.amazon.nova-2-lite-v1:0";
    for (model, amount, expected, lost) in [
        (
            nova,
            effort("low"),
            r#"{"reasoningConfig":{"type":"enabled","maxReasoningEffort":"low"}}"#,
            vec![],
        ),
        (nova, ReasoningAmount::Off, "(absent)", vec![]),
        (
            nova,
            ReasoningAmount::Budget(4000),
            r#"{"reasoningConfig":{"type":"enabled","maxReasoningEffort":"medium"}}"#,
            vec!["reasoning"],
        ),
        ("openai.gpt-oss-120b-1:0", effort("high"), r#"{"reasoning_effort":"high"}"#, vec![]),
        ("openai.gpt-oss-120b-1:0", ReasoningAmount::Off, "(absent)", vec!["reasoning"]),
        ("us.openai.gpt-5.2", effort("high"), r#"{"reasoning":{"effort":"high"}}"#, vec![]),
        ("us.openai.gpt-5.2", effort("none"), r#"{"reasoning":{"effort":"none"}}"#, vec![]),
        ("zai.glm-5", ReasoningAmount::Adaptive, "(absent)", vec![]),
        ("meta.llama3-3-70b-instruct-v1:0", effort("low"), "(absent)", vec!["reasoning"]),
        ("meta.llama3-3-70b-instruct-v1:0", effort("none"), "(absent)", vec![]),
    ] {
        let (found, missing) = fields(&reasons(amount.clone()), model);
        assert_eq!((&*found, missing), (expected, lost.iter().map(|it| it.to_string()).collect()));
    }
}

#[test]
fn nova_at_its_highest_effort_decides_for_itself() {
    let mut request = reasons(effort("high"));
    request.max_output = Some(100);
    let (temperature, top_p, top_k) = (Some(0.5), Some(0.9), Some(5));
    request.sampling = Sampling { temperature, top_p, top_k, ..Sampling::default() };
    let facts = ModelFacts::default();
    let (nova, lost) = written(&request, "amazon.nova-2-lite-v1:0", &facts).unwrap();
    assert_eq!(field(&nova.body, "inferenceConfig"), "(absent)");
    assert_eq!(lost, ["max_tokens", "temperature", "top_p", "top_k"]);
}

#[test]
fn top_k_stands_where_the_family_takes_it() {
    let sampling = Sampling { top_k: Some(5), ..Sampling::default() };
    let request = ChatRequest { sampling, ..asks() };
    for (model, expected) in [
        (CLAUDE, r#"{"top_k":5}"#),
        ("amazon.nova-pro-v1:0", r#"{"inferenceConfig":{"topK":5}}"#),
        ("mistral.mistral-large-2407-v1:0", r#"{"top_k":5}"#),
        ("cohere.command-r-plus-v1:0", r#"{"k":5}"#),
    ] {
        assert_eq!(fields(&request, model), (expected.to_owned(), vec![]));
    }
    let (_, lost) = fields(&request, "openai.gpt-oss-120b-1:0");
    assert_eq!(lost, ["top_k"]);
}

#[test]
fn what_a_model_refuses_stays_behind() {
    let refuses = vec!["temperature".to_owned()];
    let facts = ModelFacts { refuses, ..ModelFacts::default() };
    let (temperature, top_p) = (Some(0.5), Some(0.9));
    let sampling = Sampling { temperature, top_p, ..Sampling::default() };
    let request = ChatRequest { sampling, ..asks() };
    let (written, lost) = written(&request, "qwen.qwen3-32b-v1:0", &facts).unwrap();
    assert_eq!(field(&written.body, "inferenceConfig"), r#"{"topP":0.9}"#);
    assert_eq!(lost, ["temperature"]);
}

//! The order of turns.

use proptest::prelude::*;
use wayleave_model::target::ModelFacts;

use super::{field, written};
use crate::chat::{ChatRequest, Part, Role, Turn};

fn text(text: &str) -> Part {
    Part::Text { text: text.to_owned(), cache: None }
}

fn call(id: &str) -> Part {
    let (id, name, input) = (id.to_owned(), "f".to_owned(), "{}".to_owned());
    Part::ToolCall { id, name, input, custom: false, seal: None, cache: None }
}

fn result(id: &str, words: &str) -> Part {
    let (id, parts) = (id.to_owned(), vec![text(words)]);
    Part::ToolResult { id, name: None, parts, is_error: false, cache: None }
}

/// The messages, shortened: `u` or `a`, and in brackets each block.
fn laid_out(turns: Vec<(Role, Vec<Part>)>) -> (String, Vec<String>) {
    let turns = turns.into_iter().map(|(role, parts)| Turn { role, name: None, parts }).collect();
    let request = ChatRequest { turns, ..ChatRequest::default() };
    let (body, lost) = written(&request, &ModelFacts::default()).unwrap();
    let messages: serde_json::Value = serde_json::from_str(&field(&body, "messages")).unwrap();
    let shown = messages.as_array().unwrap().iter().map(|message| {
        let blocks = message["content"].as_array().unwrap().iter().map(|block| {
            let part = |key: &str| block[key].as_str().unwrap_or_default().to_owned();
            match &*part("type") {
                "text" => part("text"),
                "tool_use" => format!("call {}", part("id")),
                "tool_result" => format!("result {}", part("tool_use_id")),
                other => panic!("{other}"),
            }
        });
        let blocks: Vec<String> = blocks.collect();
        format!("{}[{}]", &message["role"].as_str().unwrap()[..1], blocks.join(", "))
    });
    (shown.collect::<Vec<_>>().join(" "), lost)
}

use Role::{Assistant, Developer, System, User};

#[test]
fn turns_of_one_role_are_one_message() {
    let (shown, lost) = laid_out(vec![
        (User, vec![text("a")]),
        (User, vec![text("b"), text("  ")]),
        (Assistant, vec![text("c")]),
        (Assistant, vec![text("")]),
        (User, vec![text("d")]),
    ]);
    assert_eq!(shown, "u[a, b] a[c] u[d]");
    assert_eq!(lost, [""; 0]);
}

#[test]
fn the_operators_words_between_turns_are_marked() {
    let (shown, lost) = laid_out(vec![
        (System, vec![text("s")]),
        (Developer, vec![text("d")]),
        (User, vec![text("a")]),
        (System, vec![text("be brief")]),
    ]);
    assert_eq!(shown, "u[a, <system>\nbe brief\n</system>]");
    assert_eq!(lost, ["messages[].role"]);
}

#[test]
fn results_stand_first_right_after_their_calls() {
    let (shown, lost) = laid_out(vec![
        (User, vec![text("go")]),
        (Assistant, vec![call("a"), call("b")]),
        (Assistant, vec![text("wait")]),
        (User, vec![text("hm")]),
        (User, vec![result("b", "2")]),
        (Assistant, vec![text("more")]),
        (User, vec![result("a", "1"), text("now")]),
        (User, vec![result("a", "again")]),
    ]);
    assert_eq!(shown, "u[go] a[call a, call b, wait] u[result b, result a, hm] a[more] u[now]");
    assert_eq!(lost, ["messages[].tool_call_id"]);
}

#[test]
fn one_id_for_all_calls_is_told_apart() {
    let (shown, _) = laid_out(vec![
        (User, vec![text("go")]),
        (Assistant, vec![call("x.y")]),
        (User, vec![result("x.y", "1")]),
        (Assistant, vec![call("x.y")]),
        (User, vec![result("x.y", "2")]),
    ]);
    let ids: Vec<&str> =
        shown.split([' ', '[', ']', ',']).filter(|w| w.starts_with("xy_")).collect();
    assert_eq!(ids.len(), 4);
    assert!(ids[0] == ids[1] && ids[2] == ids[3] && ids[0] != ids[2], "{shown}");
}

#[test]
fn the_user_opens_and_a_prefill_ends_in_a_letter() {
    let (shown, lost) = laid_out(vec![(Assistant, vec![text("I am \n"), text(" ")])]);
    assert_eq!(shown, "u[.] a[I am]");
    assert_eq!(lost, ["messages[0]"]);
    assert_eq!(laid_out(vec![(System, vec![text("s")])]).0, "u[.]");
}

#[test]
fn tools_that_were_called_are_known_even_when_none_is_offered() {
    let turns = vec![
        Turn { role: User, name: None, parts: vec![text("go")] },
        Turn { role: Assistant, name: None, parts: vec![call("a")] },
        Turn { role: User, name: None, parts: vec![result("a", "1")] },
    ];
    let request = ChatRequest { turns, ..ChatRequest::default() };
    let (body, _) = written(&request, &ModelFacts::default()).unwrap();
    let tools = r#"[{"name":"f","input_schema":{"type":"object","properties":{}}}]"#;
    assert_eq!(field(&body, "tools"), tools);
    assert_eq!(field(&body, "tool_choice"), r#"{"type":"none"}"#);
}

fn any_turn() -> impl Strategy<Value = (Role, Vec<Part>)> {
    let words = prop_oneof![Just("hello"), Just(" "), Just("x\n")].prop_map(text);
    let ids = || prop_oneof![Just("a"), Just("b"), Just("c:d")];
    let said = proptest::collection::vec(words, 0..3);
    let calls = proptest::collection::vec(ids().prop_map(call), 0..3);
    let results = proptest::collection::vec(ids().prop_map(|id| result(id, "r")), 0..3);
    let role = prop_oneof![Just(User), Just(Assistant), Just(System)];
    (role, said, calls, results).prop_map(|(role, mut said, calls, results)| {
        match role {
            Assistant => said.extend(calls),
            User => said.extend(results),
            System | Developer => (),
        }
        (role, said)
    })
}

proptest! {
    #[test]
    fn any_conversation_comes_out_in_order(turns in proptest::collection::vec(any_turn(), 0..8)) {
        let (shown, _) = laid_out(turns);
        let messages: Vec<&str> = shown.split("] ").collect();
        let mut calls = std::collections::HashSet::new();
        for (at, message) in messages.iter().enumerate() {
            prop_assert!(message.starts_with(if at % 2 == 0 { "u[" } else { "a[" }), "{}", shown);
            let blocks: Vec<&str> = message[2..].trim_end_matches(']').split(", ").collect();
            let text_at = blocks.iter().position(|b| !b.starts_with("result ")).unwrap_or(blocks.len());
            prop_assert!(blocks[text_at..].iter().all(|b| !b.starts_with("result ")), "{}", shown);
            for id in blocks.iter().filter_map(|b| b.strip_prefix("call ")) {
                prop_assert!(calls.insert(id.to_owned()), "an id twice: {}", shown);
            }
        }
        let ids: Vec<&str> = shown.split("result ").skip(1).filter_map(|t| t.split([',', ']']).next()).collect();
        let unique: std::collections::HashSet<&&str> = ids.iter().collect();
        prop_assert_eq!(ids.len(), unique.len(), "a result twice: {}", shown);
    }
}

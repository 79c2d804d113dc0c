//! What is told of two catalogs.

use super::*;

fn told(old: &Value, new: &Value) -> Vec<String> {
    let changes = diff(&catalog(old).expect("old"), &catalog(new).expect("new"));
    changes.iter().map(ToString::to_string).collect()
}

#[test]
fn a_catalog_does_not_differ_from_itself() {
    assert_eq!(diff(&Catalog::built_in(), &Catalog::built_in()), []);
}

#[test]
fn added_removed_and_changed_are_told_in_order() {
    let mut dearer = row();
    dearer["prices"] = json!([
        {"unit": "input", "amount": "2", "per": 1_000_000},
        {"unit": "output", "amount": "4", "per": 1_000_000, "above_context": 200_000},
    ]);
    dearer["abilities"] = json!({"tools": true});
    dearer["context_window"] = Value::Null;
    let old = json!([row(), with("model", json!("a")), with("model", json!("same"))]);
    let new = json!([dearer, with("model", json!("z")), with("model", json!("same"))]);
    assert_eq!(
        told(&old, &new),
        [
            "- openai/a",
            "~ openai/gpt-x: abilities.tools unknown -> true, context_window 1000 -> unknown, \
             prices.input_per_1m 1.5 -> 2, prices.output_per_1m_above_200k unknown -> 4",
            "+ openai/z",
        ]
    );
    assert_eq!(told(&json!([]), &json!([row()])), ["+ openai/gpt-x"]);
    assert_eq!(told(&json!([row()]), &json!([])), ["- openai/gpt-x"]);
}

#[test]
fn the_same_read_on_another_day_is_a_change_but_no_news() {
    let later = with("as_of", json!("2026-12-01"));
    let (old, new) =
        (catalog(&json!([row()])).expect("old"), catalog(&json!([later])).expect("new"));
    let changes = diff(&old, &new);
    assert_eq!(changes[0].to_string(), "~ openai/gpt-x: as_of 2026-11-22 -> 2026-12-01");
    assert!(!changes[0].is_news());
    assert!(diff(&old, &Catalog::read(b"[]").expect("empty"))[0].is_news());
}

#[test]
fn a_change_is_json_that_names_the_model() {
    let new = with("max_output", json!(5));
    let changes = diff(
        &catalog(&json!([row()])).expect("old"),
        &catalog(&json!([new, with("model", json!("z"))])).expect("new"),
    );
    assert_eq!(
        serde_json::to_string(&changes).expect("JSON"),
        r#"[{"change":"changed","provider":"openai","model":"gpt-x","fields":[{"field":"max_output","old":null,"new":"5"}]},{"change":"added","provider":"openai","model":"z"}]"#
    );
}

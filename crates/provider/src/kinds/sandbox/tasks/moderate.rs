//! `sandbox/moderation`: a text is flagged when it holds the name of a category.

use serde_json::{Map, Value, json};

use super::words::words;
use super::{Complaint, Done};

/// OpenAI's categories (<https://platform.openai.com/docs/guides/moderation>).
const CATEGORIES: [&str; 13] = [
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
];

pub(super) fn done(asked: &Value) -> Result<Done, Complaint> {
    let inputs = match &asked["input"] {
        text @ Value::String(_) => vec![text],
        Value::Array(items) if !items.is_empty() => items.iter().collect(),
        _ => {
            let message = "`input` must be a text or a list of texts and pictures.";
            return Err(Complaint::invalid(Some("input"), message));
        }
    };
    // Texts are judged one by one; parts of one input, texts and pictures, together.
    let together = inputs.iter().any(|it| it.is_object());
    let texts: Vec<String> = match together {
        true => {
            vec![inputs.iter().filter_map(|it| it["text"].as_str()).collect::<Vec<_>>().join(" ")]
        }
        false => inputs.iter().map(|it| it.as_str().unwrap_or_default().to_owned()).collect(),
    };
    Ok(Done::json(&json!({
        "id": "modr-sandbox",
        "model": "moderation",
        "results": texts.iter().map(|it| judged(it)).collect::<Vec<_>>(),
    })))
}

fn judged(text: &str) -> Value {
    let said: Vec<String> = words(text).collect();
    let holds = |category: &str| words(category).all(|word| said.contains(&word));
    let (mut flags, mut scores, mut types) = (Map::new(), Map::new(), Map::new());
    for category in CATEGORIES {
        let flagged = holds(category);
        flags.insert(category.to_owned(), flagged.into());
        scores.insert(category.to_owned(), if flagged { 1.0 } else { 0.0 }.into());
        let applied = if flagged { json!(["text"]) } else { json!([]) };
        types.insert(category.to_owned(), applied);
    }
    json!({
        "flagged": flags.values().any(|it| it == true),
        "categories": flags,
        "category_scores": scores,
        "category_applied_input_types": types,
    })
}

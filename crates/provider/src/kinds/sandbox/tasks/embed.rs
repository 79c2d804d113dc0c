//! `sandbox/embedding`: texts that share words are near.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::words::{DIMENSIONS, vector, words};
use super::{Complaint, Done};
use crate::kinds::sandbox::tokens;

/// Most texts of one request, as OpenAI takes.
const MOST: usize = 2_048;

pub(super) fn done(asked: &Value) -> Result<Done, Complaint> {
    let inputs = inputs(&asked["input"])?;
    if inputs.len() > MOST {
        let message = format!("At most {MOST} inputs are taken at a time.");
        return Err(Complaint::invalid(Some("input"), &message));
    }
    let dimensions = match &asked["dimensions"] {
        Value::Null => DIMENSIONS,
        figure => match figure.as_u64().and_then(|it| usize::try_from(it).ok()) {
            Some(figure @ 1..=4_096) => figure,
            _ => {
                let message = "`dimensions` must be a whole number from 1 to 4096.";
                return Err(Complaint::invalid(Some("dimensions"), message));
            }
        },
    };
    let base64 = asked["encoding_format"] == "base64";
    let row = |(index, words): (usize, &Vec<String>)| {
        let vector = vector(words.iter().cloned(), dimensions);
        let embedding = if base64 { encoded(&vector).into() } else { json!(vector) };
        json!({ "object": "embedding", "index": index, "embedding": embedding })
    };
    let data: Vec<Value> = inputs.iter().enumerate().map(row).collect();
    let text = |words: &Vec<String>| tokens::count(&words.join(" "));
    let tokens: u64 = inputs.iter().map(text).sum();
    Ok(Done::json(&json!({
        "object": "list",
        "data": data,
        "model": "embedding",
        "usage": { "prompt_tokens": tokens, "total_tokens": tokens },
    })))
}

/// The words of each text; tokens that a client counted out itself are words of their own.
fn inputs(asked: &Value) -> Result<Vec<Vec<String>>, Complaint> {
    let wrong = || {
        let message = "`input` must be a text, a list of texts, or tokens; none may be empty.";
        Complaint::invalid(Some("input"), message)
    };
    let text =
        |value: &Value| value.as_str().filter(|it| !it.is_empty()).map(|it| words(it).collect());
    let figures = |items: &Vec<Value>| {
        let all = items.iter().map(|it| Some(it.as_u64()?.to_string()));
        all.collect::<Option<Vec<String>>>().filter(|it| !it.is_empty())
    };
    match asked {
        Value::String(_) => Ok(vec![text(asked).ok_or_else(wrong)?]),
        Value::Array(items) if items.iter().all(Value::is_u64) => {
            Ok(vec![figures(items).ok_or_else(wrong)?])
        }
        Value::Array(items) => {
            let each = |it: &Value| it.as_array().map_or_else(|| text(it), figures);
            items.iter().map(|it| each(it).ok_or_else(wrong)).collect()
        }
        _ => Err(wrong()),
    }
}

/// Figures of 32 bits, the lowest byte first, as base64.
fn encoded(vector: &[f32]) -> String {
    STANDARD.encode(vector.iter().flat_map(|it| it.to_le_bytes()).collect::<Vec<u8>>())
}

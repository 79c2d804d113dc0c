//! `sandbox/rerank`: the more of the query's words a document has, the better.

use serde_json::{Value, json};

use super::words::words;
use super::{Complaint, Done};
use crate::kinds::sandbox::tokens;

pub(super) fn done(asked: &Value) -> Result<Done, Complaint> {
    let query = asked["query"].as_str().filter(|it| !it.is_empty()).ok_or_else(|| {
        Complaint::invalid(Some("query"), "`query` must be a text that is not empty.")
    })?;
    let documents = asked["documents"].as_array().filter(|it| !it.is_empty()).ok_or_else(|| {
        Complaint::invalid(Some("documents"), "`documents` must be a list that is not empty.")
    })?;
    let wanted: Vec<String> = words(query).collect();
    let texts: Vec<&str> = documents.iter().map(text).collect();
    let mut scored: Vec<(usize, f64)> =
        texts.iter().enumerate().map(|(at, text)| (at, shared(&wanted, text))).collect();
    scored.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let most = asked["top_n"].as_u64().and_then(|it| usize::try_from(it).ok());
    scored.truncate(most.unwrap_or(usize::MAX));
    let whole = asked["return_documents"] == true;
    let results = scored.into_iter().map(|(index, score)| {
        let mut result = json!({ "index": index, "relevance_score": score });
        if whole {
            result["document"] = json!({ "text": texts[index] });
        }
        result
    });
    let counted = tokens::count(query) * texts.len() as u64;
    let tokens = counted + texts.iter().map(|it| tokens::count(it)).sum::<u64>();
    Ok(Done::json(&json!({
        "model": "rerank",
        "results": results.collect::<Vec<_>>(),
        "usage": { "total_tokens": tokens },
    })))
}

fn text(document: &Value) -> &str {
    document.as_str().or_else(|| document["text"].as_str()).unwrap_or_default()
}

/// Which share of the wanted words a text has: 0 to 1.
fn shared(wanted: &[String], text: &str) -> f64 {
    let has: std::collections::BTreeSet<String> = words(text).collect();
    let found = wanted.iter().filter(|it| has.contains(*it)).count();
    // A handful of words: exact in a float.
    if wanted.is_empty() { 0.0 } else { found as f64 / wanted.len() as f64 }
}

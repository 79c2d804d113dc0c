//! `GET /v1/models`: what this key may call, in one body that OpenAI and Anthropic clients read.

use std::collections::BTreeSet;

use http::StatusCode;
use serde::Serialize;
use wayleave_model::Timestamp;
use wayleave_model::price::Unit;
use wayleave_model::provider::ModelType;

use crate::refusal::Refusal;
use crate::route;
use crate::world::{KeyEntry, Route};

/// Fields of both dialects side by side.
#[derive(Serialize)]
struct Entry<'a> {
    id: &'a str,
    object: &'static str,
    created: i64,
    owned_by: &'a str,
    #[serde(rename = "type")]
    anthropic_type: &'static str,
    display_name: &'a str,
    created_at: String,
    model_type: &'static str,
    endpoints: &'static [&'static str],
    units: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    voices: Vec<&'a str>,
    lifecycle: &'static str,
}

#[derive(Serialize)]
struct List<'a> {
    object: &'static str,
    data: Vec<Entry<'a>>,
    has_more: bool,
    first_id: Option<&'a str>,
    last_id: Option<&'a str>,
}

/// Every model this key may call.
pub fn all(key: &KeyEntry) -> Vec<u8> {
    let data: Vec<Entry<'_>> = key.routes().map(|route| entry(key, route)).collect();
    let (first_id, last_id) = (data.first().map(|it| it.id), data.last().map(|it| it.id));
    render(&List { object: "list", has_more: false, first_id, last_id, data })
}

/// One of them.
pub fn one(key: &KeyEntry, id: &str) -> Result<Vec<u8>, Refusal> {
    let id = decoded(id).ok_or_else(|| {
        Refusal::new(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            "the model in the path is not UTF-8",
        )
    })?;
    Ok(render(&entry(key, route::find(key, &id)?)))
}

fn entry<'a>(key: &'a KeyEntry, route: &'a Route) -> Entry<'a> {
    let seconds = route.created;
    let created_at = Timestamp::from_micros(seconds.saturating_mul(1_000_000)).to_string();
    Entry {
        id: &route.name,
        object: "model",
        created: seconds,
        owned_by: &key.tenant.name,
        anthropic_type: "model",
        display_name: &route.name,
        created_at: created_at.replace(".000000", ""),
        model_type: route.model_type.as_str(),
        endpoints: route.model_type.endpoints(),
        units: units(key, route),
        voices: voices(key, route),
        lifecycle: "active",
    }
}

/// What a call is charged by, in the words of the price book; empty: it costs nothing.
fn units(key: &KeyEntry, route: &Route) -> Vec<&'static str> {
    let targets = route.targets(&key.caller.environment);
    let rates = targets.flat_map(|target| target.price.rates.iter());
    let units: BTreeSet<Unit> = rates.map(|rate| rate.unit).collect();
    units.into_iter().map(Unit::as_str).collect()
}

/// The voices that every target speaks with whose voices are known; empty: nobody knows.
fn voices<'a>(key: &KeyEntry, route: &'a Route) -> Vec<&'a str> {
    let known: Vec<&[String]> = route
        .targets(&key.caller.environment)
        .map(|target| target.facts.voices.as_slice())
        .filter(|voices| !voices.is_empty())
        .collect();
    let Some((first, rest)) = known.split_first() else { return Vec::new() };
    let shared = first.iter().filter(|voice| rest.iter().all(|it| it.contains(voice)));
    shared.map(String::as_str).collect()
}

/// A model as Gemini's clients read it (<https://ai.google.dev/api/models>).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GeminiEntry<'a> {
    name: String,
    base_model_id: &'a str,
    version: &'static str,
    display_name: &'a str,
    supported_generation_methods: &'static [&'static str],
}

#[derive(Serialize)]
struct GeminiList<'a> {
    models: Vec<GeminiEntry<'a>>,
}

/// Every model this key may call, for Gemini's clients.
pub fn all_for_gemini(key: &KeyEntry) -> Vec<u8> {
    let theirs = key.routes().filter(|route| !methods(route).is_empty());
    render(&GeminiList { models: theirs.map(|route| gemini_entry(route)).collect() })
}

/// One of them, for Gemini's clients.
pub fn one_for_gemini(key: &KeyEntry, id: &str) -> Result<Vec<u8>, Refusal> {
    let name = decoded(id).unwrap_or_else(|| id.to_owned());
    Ok(render(&gemini_entry(route::find(key, &name)?)))
}

fn gemini_entry(route: &Route) -> GeminiEntry<'_> {
    GeminiEntry {
        name: format!("models/{}", route.name),
        base_model_id: &route.name,
        version: "001",
        display_name: &route.name,
        supported_generation_methods: methods(route),
    }
}

/// What Gemini's clients can ask of such a model here.
fn methods(route: &Route) -> &'static [&'static str] {
    match route.model_type {
        ModelType::Llm => &["generateContent", "streamGenerateContent", "countTokens"],
        ModelType::Embedding => &["embedContent", "batchEmbedContents"],
        _ => &[],
    }
}

fn render(value: &impl Serialize) -> Vec<u8> {
    // Strings and numbers always serialise.
    serde_json::to_vec(value).unwrap_or_default()
}

/// Percent-decoding (RFC 3986, section 2.1): clients escape the slash of `sandbox/echo`.
pub(crate) fn decoded(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let mut digit = || char::from(bytes.next()?).to_digit(16);
        let (high, low) = (digit()?, digit()?);
        out.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escaped_name_is_the_name() {
        assert_eq!(decoded("sandbox%2Fecho").as_deref(), Some("sandbox/echo"));
        assert_eq!(decoded("a%2"), None);
        assert_eq!(decoded("%ff"), None);
    }

    use serde_json::{Value, json};

    use crate::testing;

    fn read(body: &[u8]) -> Value {
        serde_json::from_slice(body).unwrap()
    }

    #[test]
    fn a_list_is_valid_for_both_kinds_of_client() {
        let list = read(&all(&testing::entry(testing::part(100))));
        let model = json!({
            "id": "fast",
            "object": "model",
            "created": 1_795_262_400,
            "owned_by": "main",
            "type": "model",
            "display_name": "fast",
            "created_at": "2026-11-21T12:00:00Z",
            "model_type": "llm",
            "endpoints": ModelType::Llm.endpoints(),
            "units": ["input", "output"],
            "lifecycle": "active",
        });
        let whole = json!({
            "object": "list", "data": [model], "has_more": false, "first_id": "fast", "last_id": "fast",
        });
        assert_eq!(list, whole);
    }

    #[test]
    fn a_key_sees_what_it_may_call_and_nothing_else() {
        let mut part = testing::part(100);
        part.aliases.push(testing::alias(120, "team/slow", &[&[(&part.models[0], 1)]]));
        part.keys[0].aliases = Some(vec![part.aliases[1].id]);
        let key = testing::entry(part);
        let list = read(&all(&key));
        let ids: Vec<&str> =
            list["data"].as_array().unwrap().iter().filter_map(|it| it["id"].as_str()).collect();
        assert_eq!(ids, ["team/slow"]);
        assert_eq!(read(&one(&key, "team%2Fslow").unwrap())["id"], "team/slow");
        assert_eq!(one(&key, "fast").unwrap_err().code, "model_not_allowed");
        assert_eq!(one(&key, "none").unwrap_err().code, "model_not_found");
        assert_eq!(one(&key, "%ff").unwrap_err().status, StatusCode::BAD_REQUEST);
    }

    #[test]
    fn a_key_without_models_gets_an_empty_list() {
        let mut part = testing::part(100);
        part.keys[0].aliases = Some(Vec::new());
        let list = read(&all(&testing::entry(part)));
        assert_eq!((&list["data"], &list["first_id"]), (&json!([]), &Value::Null));
    }
}

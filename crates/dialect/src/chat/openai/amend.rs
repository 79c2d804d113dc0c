//! The closed list of edits to a request whose target speaks this dialect too.

mod messages;

use wayleave_model::target::{ModelFacts, ReasoningField, RequiredWord, SeedField, TokenLimit};

use super::ask::LIMITS;
use super::effort::{self, Amount, EFFORT};
use crate::chat::{Ask, json};
use crate::raw::{Edits, RawObject};

/// Notes what this target demands, each by name; everything else stays the client's bytes.
pub(super) fn amend(ask: &Ask<'_>, model: &str, facts: &ModelFacts, edits: &mut Edits) {
    if ask.model != model || !ask.body.has("model") {
        edits.set("model", quoted(model), "model");
    }
    if ask.stream && !ask.include_usage && !facts.refuses("stream_options") {
        include_usage(&ask.body, edits);
    }
    limit(&ask.body, facts, edits);
    if !facts.refuses("response_format") {
        wrap_schema(&ask.body, edits);
    }
    if facts.seed_field == Some(SeedField::RandomSeed) && ask.body.raw("seed").is_some() {
        edits.rename("seed", "random_seed", "seed->random_seed");
    }
    required(&ask.body, facts, edits);
    reasoning(&ask.body, facts, edits);
    if let Some((json, name)) = messages::amended(&ask.body, facts) {
        edits.set("messages", json, name);
    }
    for field in &facts.refuses {
        if ask.body.raw(field).is_some() && !matches!(&**field, "model" | "messages") {
            edits.remove(field, format!("-{field}"));
        }
    }
}

/// Usage is what a streamed call is billed by, so it is always asked for. Options of a form that
/// we cannot add to are left to the provider, which refuses them.
pub(in crate::chat) fn include_usage(body: &RawObject<'_>, edits: &mut Edits) {
    let mut options = Vec::new();
    let mut object = json::Object::open(&mut options);
    object.raw("include_usage", "true");
    if let Some(sent) = body.raw("stream_options").filter(|raw| *raw != "null") {
        let Ok(sent) = RawObject::of(sent) else { return };
        for key in sent.keys().filter(|key| *key != "include_usage") {
            object.raw(key, sent.raw(key).unwrap_or("null"));
        }
    }
    object.close();
    edits.set("stream_options", text(options), "stream_options");
}

/// The answer limit under the name the model knows, and within what it can do. Some refuse a limit
/// below a minimum, which set-up checks of clients ("max_tokens": 5) run into.
fn limit(body: &RawObject<'_>, facts: &ModelFacts, edits: &mut Edits) {
    let value = |field| Some((field, body.u64(field)?.ok()?));
    let mut sent: Vec<(&'static str, u64)> = LIMITS.into_iter().filter_map(value).collect();
    let Some(&(counts, limit)) = sent.first() else { return };
    if let Some(to) = facts.token_limit.map(TokenLimit::field) {
        if counts != to {
            // A limit that was sent under that name gives way.
            edits.rename(counts, to, format!("{counts}->{to}"));
        } else if let Some((other, _)) = sent.get(1) {
            edits.remove(other, format!("-{other}"));
        }
        sent = vec![(to, limit)];
    }
    for (field, asked) in sent {
        let fits = within(asked, facts);
        if fits != asked {
            edits.set(field, fits.to_string(), format!("{field}: {asked}->{fits}"));
        }
    }
}

/// The limit that comes nearest to the one asked for.
pub(in crate::chat) fn within(asked: u64, facts: &ModelFacts) -> u64 {
    asked.min(facts.max_output.unwrap_or(u64::MAX)).max(facts.min_output.unwrap_or(0))
}

/// People paste a schema where the dialect wants `{"name", "schema"}`, which refuses it.
fn wrap_schema(body: &RawObject<'_>, edits: &mut Edits) {
    let Some(format) = body.raw("response_format") else { return };
    let Ok(format) = RawObject::of(format) else { return };
    let Some(schema) = format.raw("json_schema").filter(|schema| is_bare(schema)) else { return };
    let mut out = Vec::new();
    json::object(&mut out, |object| {
        for key in format.keys() {
            match key {
                "json_schema" => object.nest(key, |wrapped| {
                    wrapped.text("name", "response").raw("schema", schema);
                }),
                _ => object.raw(key, format.raw(key).unwrap_or("null")),
            };
        }
    });
    edits.set("response_format", text(out), "response_format");
}

/// Whether this is a JSON Schema itself and not the dialect's wrapping of one.
pub(super) fn is_bare(schema: &str) -> bool {
    const WORDS: [&str; 6] = ["type", "properties", "$schema", "$ref", "anyOf", "oneOf"];
    RawObject::of(schema).is_ok_and(|object| {
        object.raw("schema").is_none() && WORDS.iter().any(|word| object.raw(word).is_some())
    })
}

/// The word for "some tool must be called" that the model knows.
fn required(body: &RawObject<'_>, facts: &ModelFacts, edits: &mut Edits) {
    let word = RequiredWord::Required.word();
    let other = facts.tool_choice_required.map_or(word, RequiredWord::word);
    if other != word && body.raw("tool_choice") == Some(&*quoted(word)) {
        edits.set("tool_choice", quoted(other), format!("tool_choice: {word}->{other}"));
    }
}

/// OpenAI's word for how much to reason, said in the vendor's own field. A client that knows that
/// field and sends it is left alone.
fn reasoning(body: &RawObject<'_>, facts: &ModelFacts, edits: &mut Edits) {
    // Vendors with an object of their own take OpenAI's word too.
    let field = match facts.reasoning_field {
        None | Some(ReasoningField::ReasoningEffort | ReasoningField::Reasoning) => return,
        Some(field) => field,
    };
    let Some(Ok(word)) = body.string(EFFORT) else { return };
    let said = effort::say(field, Amount::of(&word)).fields;
    if said.iter().any(|(key, _)| *key != EFFORT && body.raw(key).is_some()) {
        return;
    }
    let stays = said.iter().any(|(key, _)| *key == EFFORT);
    for (key, json) in said.into_iter().filter(|(key, _)| *key != EFFORT) {
        edits.set(key, json, format!("{EFFORT}->{key}"));
    }
    if !stays && !facts.refuses(EFFORT) {
        edits.remove(EFFORT, format!("-{EFFORT}"));
    }
}

pub(in crate::chat) fn quoted(value: &str) -> String {
    let mut out = Vec::with_capacity(value.len() + 2);
    json::quote(&mut out, value);
    text(out)
}

fn text(json: Vec<u8>) -> String {
    String::from_utf8(json).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::chat::Head;

    /// The amended body and the names of the edits.
    fn amended(body: &str, facts: &ModelFacts) -> (String, Vec<String>) {
        let bytes = Bytes::copy_from_slice(body.as_bytes());
        let ask =
            super::super::ask::ask(&Head::default(), RawObject::read(&bytes).unwrap()).unwrap();
        let mut edits = Edits::default();
        amend(&ask, "up", facts, &mut edits);
        let body = edits.apply(&ask.body, &bytes).concat();
        (String::from_utf8(body).unwrap(), edits.names().map(|name| name.to_string()).collect())
    }

    fn case(fields: &str, facts: &ModelFacts, expected: &str, names: &[&str]) {
        let (body, got) = amended(&format!(r#"{{"model":"up","messages":[]{fields}}}"#), facts);
        assert_eq!(body, format!(r#"{{"model":"up","messages":[]{expected}}}"#));
        assert_eq!(got, names);
    }

    #[test]
    fn what_the_target_takes_stays_as_it_is() {
        let fields = r#", "max_tokens" : 5,"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"}}},"x":[1]"#;
        case(fields, &ModelFacts::default(), fields, &[]);
        let asked = r#","stream":true,"stream_options":{"include_usage":true}"#;
        case(asked, &ModelFacts::default(), asked, &[]);
    }

    #[test]
    fn the_model_is_the_targets() {
        let (body, names) =
            amended(r#"{ "model" : "a\"b" ,"messages":[]}"#, &ModelFacts::default());
        assert_eq!(body, r#"{ "model" : "up" ,"messages":[]}"#);
        assert_eq!(names, ["model"]);
    }

    #[test]
    fn a_stream_asks_for_usage_beside_its_other_options() {
        let facts = ModelFacts::default();
        let (body, names) = amended(r#"{"model":"up","messages":[],"stream":true}"#, &facts);
        let added =
            r#"{"stream_options":{"include_usage":true},"model":"up","messages":[],"stream":true}"#;
        assert_eq!((&*body, &*names), (added, &["stream_options".to_owned()][..]));
        let expected = r#","stream":true,"stream_options":{"include_usage":true}"#;
        let null = r#","stream":true,"stream_options":null"#;
        case(null, &facts, expected, &["stream_options"]);
        case(
            r#","stream":true,"stream_options":{"include_obfuscation":false,"include_usage":false}"#,
            &facts,
            r#","stream":true,"stream_options":{"include_usage":true,"include_obfuscation":false}"#,
            &["stream_options"],
        );
        let odd = r#","stream":true,"stream_options":"x""#;
        case(odd, &facts, odd, &[]);
    }

    #[test]
    fn the_limit_goes_by_the_name_the_model_knows() {
        let facts = |limit| ModelFacts {
            token_limit: Some(limit),
            min_output: Some(16),
            ..ModelFacts::default()
        };
        let new = facts(TokenLimit::MaxCompletionTokens);
        let old = facts(TokenLimit::MaxTokens);
        case(
            r#","max_tokens":20"#,
            &new,
            r#","max_completion_tokens":20"#,
            &["max_tokens->max_completion_tokens"],
        );
        case(
            r#","max_tokens":5"#,
            &new,
            r#","max_completion_tokens":16"#,
            &["max_tokens->max_completion_tokens", "max_completion_tokens: 5->16"],
        );
        case(
            r#","max_completion_tokens":20"#,
            &old,
            r#","max_tokens":20"#,
            &["max_completion_tokens->max_tokens"],
        );
        case(
            r#","max_tokens":20,"max_completion_tokens":30"#,
            &new,
            r#","max_completion_tokens":30"#,
            &["-max_tokens"],
        );
        case(
            r#","max_tokens":20,"max_completion_tokens":30"#,
            &old,
            r#","max_tokens":30"#,
            &["max_completion_tokens->max_tokens"],
        );
    }

    #[test]
    fn the_limit_is_kept_within_what_the_model_can() {
        let facts =
            ModelFacts { min_output: Some(16), max_output: Some(100), ..ModelFacts::default() };
        case(r#","max_tokens":5"#, &facts, r#","max_tokens":16"#, &["max_tokens: 5->16"]);
        case(r#","max_tokens":500"#, &facts, r#","max_tokens":100"#, &["max_tokens: 500->100"]);
        case(r#","max_tokens":50"#, &facts, r#","max_tokens":50"#, &[]);
    }

    #[test]
    fn a_bare_schema_is_wrapped_byte_for_byte() {
        case(
            r#","response_format":{"type":"json_schema","json_schema":{"type": "object", "properties":{}}}"#,
            &ModelFacts::default(),
            r#","response_format":{"type":"json_schema","json_schema":{"name":"response","schema":{"type": "object", "properties":{}}}}"#,
            &["response_format"],
        );
    }

    #[test]
    fn the_seed_and_the_must_of_tools_go_by_the_words_the_model_knows() {
        let facts = ModelFacts {
            seed_field: Some(SeedField::RandomSeed),
            tool_choice_required: Some(RequiredWord::Any),
            ..ModelFacts::default()
        };
        case(
            r#", "seed" : 7,"tool_choice":"required""#,
            &facts,
            r#", "random_seed" : 7,"tool_choice":"any""#,
            &["seed->random_seed", "tool_choice: required->any"],
        );
        let fits = r#","tool_choice":"auto""#;
        case(fits, &facts, fits, &[]);
        let same = r#","seed":7,"tool_choice":"required""#;
        case(same, &ModelFacts::default(), same, &[]);
        let required = Some(RequiredWord::Required);
        case(same, &ModelFacts { tool_choice_required: required, ..facts_of(None) }, same, &[]);
    }

    fn facts_of(reasoning_field: Option<ReasoningField>) -> ModelFacts {
        ModelFacts { reasoning_field, ..ModelFacts::default() }
    }

    #[test]
    fn how_much_to_reason_is_said_in_the_field_the_vendor_reads() {
        let low = r#","reasoning_effort":"low""#;
        let none = r#","reasoning_effort":"none""#;
        let (thinking, enable) = (ReasoningField::Thinking, ReasoningField::EnableThinking);
        let sent = |field: &str, json: &str, fields: &str, kept: &str, names: &[&str]| {
            let facts = facts_of(match field {
                "thinking" => Some(thinking),
                _ => Some(enable),
            });
            let (body, got) =
                amended(&format!(r#"{{"model":"up","messages":[]{fields}}}"#), &facts);
            assert_eq!(body, format!(r#"{{"{field}":{json},"model":"up","messages":[]{kept}}}"#));
            assert_eq!(got, names);
        };
        let names = ["reasoning_effort->thinking", "-reasoning_effort"];
        sent("thinking", r#"{"type":"enabled"}"#, low, "", &names);
        sent("thinking", r#"{"type":"disabled"}"#, none, "", &names);
        let names = ["reasoning_effort->enable_thinking", "-reasoning_effort"];
        sent("enable_thinking", "false", none, "", &names);
        // Whoever speaks the vendor's own field is left alone.
        let own = r#","reasoning_effort":"low","thinking":{"type":"disabled"}"#;
        case(own, &facts_of(Some(thinking)), own, &[]);
        case(low, &facts_of(Some(ReasoningField::ThinkingAndEffort)), low, &[]);
        case(low, &facts_of(Some(ReasoningField::ReasoningEffort)), low, &[]);
        case(low, &facts_of(Some(ReasoningField::Reasoning)), low, &[]);
        case(low, &facts_of(None), low, &[]);
    }

    #[test]
    fn what_the_model_refuses_is_taken_out() {
        let facts = ModelFacts {
            refuses: ["temperature", "stream_options", "seed", "model"].map(str::to_owned).to_vec(),
            ..ModelFacts::default()
        };
        case(
            r#","temperature":0.7,"stream":true,"stream_options":{}"#,
            &facts,
            r#","stream":true"#,
            &["-temperature", "-stream_options"],
        );
    }
}

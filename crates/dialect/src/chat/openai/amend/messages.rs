//! Edits within the messages: roles and fields that a vendor is known to refuse.
//!
//! A message that needs no change stays the client's bytes; the list around it is written anew.

use memchr::memmem;
use serde_json::value::RawValue;
use wayleave_model::target::ModelFacts;

use crate::chat::json;
use crate::raw::RawObject;

/// How `refuses` names a field of every message.
const FIELD: &str = "messages[].";

/// The name of the edit that makes instructions of a developer those of the system.
const ROLE: &str = "messages[].role: developer->system";

/// The messages as this model takes them and the edit's name; `None`: as they are.
pub(super) fn amended(body: &RawObject<'_>, facts: &ModelFacts) -> Option<(String, String)> {
    let raw = body.raw("messages")?;
    let holds = |word: &str| memmem::find(raw.as_bytes(), word.as_bytes()).is_some();
    let developer = facts.developer_role == Some(false) && holds("developer");
    let refused = facts.refuses.iter().filter_map(|path| path.strip_prefix(FIELD));
    let refused: Vec<&str> = refused.filter(|field| *field != "role" && holds(field)).collect();
    if !developer && refused.is_empty() {
        return None;
    }
    // What cannot be read is the provider's to refuse.
    let list: Vec<&RawValue> = serde_json::from_str(raw).ok()?;
    let mut change = Change { developer, refused, made: Vec::new() };
    let list: Vec<_> = list.into_iter().map(|message| change.message(message.get())).collect();
    if change.made.is_empty() {
        return None;
    }
    let mut out = Vec::with_capacity(raw.len());
    json::list(&mut out, list);
    Some((String::from_utf8(out).ok()?, change.made.join("; ")))
}

/// What is to be changed, and what was.
struct Change<'c> {
    developer: bool,
    refused: Vec<&'c str>,
    made: Vec<String>,
}

impl Change<'_> {
    fn message(&mut self, raw: &str) -> Vec<u8> {
        let Ok(message) = RawObject::of(raw) else { return raw.into() };
        let role = message.string("role").and_then(Result::ok).unwrap_or_default();
        let developer = self.developer && role == "developer";
        // The older form of a tool's answer says in `name` which tool it was.
        let refused: Vec<&str> = match &*role {
            "function" => self.refused.iter().copied().filter(|field| *field != "name").collect(),
            _ => self.refused.clone(),
        };
        let refused: Vec<&str> = refused.into_iter().filter(|field| message.has(field)).collect();
        if !developer && refused.is_empty() {
            return raw.into();
        }
        if developer {
            self.note(ROLE.to_owned());
        }
        for field in &refused {
            self.note(format!("-{FIELD}{field}"));
        }
        let mut out = Vec::with_capacity(raw.len());
        json::object(&mut out, |object| {
            for key in message.keys().filter(|key| !refused.contains(key)) {
                match key {
                    "role" if developer => object.text(key, "system"),
                    _ => object.raw(key, message.raw(key).unwrap_or("null")),
                };
            }
        });
        out
    }

    fn note(&mut self, name: String) {
        if !self.made.contains(&name) {
            self.made.push(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(refuses: &[&str]) -> ModelFacts {
        let refuses = refuses.iter().map(|it| (*it).to_owned()).collect();
        ModelFacts { refuses, developer_role: Some(false), ..ModelFacts::default() }
    }

    fn amend(messages: &str, facts: &ModelFacts) -> Option<(String, String)> {
        let body = format!(r#"{{"messages":{messages}}}"#);
        amended(&RawObject::of(&body).unwrap(), facts)
    }

    #[test]
    fn instructions_of_a_developer_become_those_of_the_system() {
        let sent = r#"[{"role":"developer","content":"be \u0041"}, {"role": "user","content":"developer"}]"#;
        let (json, name) = amend(sent, &facts(&[])).unwrap();
        let kept =
            r#"[{"role":"system","content":"be \u0041"},{"role": "user","content":"developer"}]"#;
        assert_eq!((&*json, &*name), (kept, "messages[].role: developer->system"));
        assert_eq!(amend(sent, &ModelFacts::default()), None);
        assert_eq!(amend(r#"[{"role":"user","content":"developer"}]"#, &facts(&[])), None);
    }

    #[test]
    fn a_field_that_is_refused_is_taken_out_of_every_message() {
        let facts = facts(&["messages[].name", "messages[].reasoning_content", "user"]);
        let sent = r#"[{"role":"user","name":"ann","content":"name"},{"role":"assistant","content":1e400,"reasoning_content":"hm"}]"#;
        let (json, name) = amend(sent, &facts).unwrap();
        assert_eq!(
            json,
            r#"[{"role":"user","content":"name"},{"role":"assistant","content":1e400}]"#
        );
        assert_eq!(name, "-messages[].name; -messages[].reasoning_content");
    }

    #[test]
    fn the_name_of_an_older_answer_stays() {
        let facts = facts(&["messages[].name", "messages[].role"]);
        assert_eq!(amend(r#"[{"role":"function","name":"f","content":"1"}]"#, &facts), None);
    }

    #[test]
    fn what_is_no_list_of_messages_is_left_to_the_provider() {
        for odd in [r#""developer""#, r#"["developer",7]"#, r#"{"developer":1}"#] {
            assert_eq!(amend(odd, &facts(&[])), None, "{odd}");
        }
    }
}

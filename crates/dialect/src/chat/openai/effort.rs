//! How much to reason, said in the field that a vendor of this dialect reads.
//!
//! OpenAI's own field is a word in `reasoning_effort`; others have a switch, a number of tokens or
//! an object. Which one it is stands in [`ModelFacts::reasoning_field`].
//!
//! [`ModelFacts::reasoning_field`]: wayleave_model::target::ModelFacts::reasoning_field

use wayleave_model::target::ReasoningField;

use crate::chat::json;

/// OpenAI's field.
pub(super) const EFFORT: &str = "reasoning_effort";

/// What is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Amount<'a> {
    /// No reasoning.
    Off,
    /// A word: low, medium, high …
    Word(&'a str),
    /// At most so many tokens.
    Budget(u64),
}

impl<'a> Amount<'a> {
    /// What a word in `reasoning_effort` means.
    pub(super) fn of(word: &'a str) -> Amount<'a> {
        if word == "none" { Amount::Off } else { Amount::Word(word) }
    }
}

/// The fields that say it, and what could not be said.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Said {
    /// Name and JSON of each.
    pub(super) fields: Vec<(&'static str, String)>,
    /// What of the wish has no field.
    pub(super) lost: Option<&'static str>,
}

/// Says `amount` in `field`.
pub(super) fn say(field: ReasoningField, amount: Amount<'_>) -> Said {
    let fields = match field {
        ReasoningField::ReasoningEffort => return effort(amount),
        ReasoningField::Thinking => vec![thinking(amount)],
        ReasoningField::ThinkingAndEffort if amount == Amount::Off => vec![thinking(amount)],
        ReasoningField::ThinkingAndEffort => return effort(amount),
        ReasoningField::EnableThinking => {
            let mut fields = vec![("enable_thinking", (amount != Amount::Off).to_string())];
            if let Amount::Budget(tokens) = amount {
                fields.push(("thinking_budget", tokens.to_string()));
            }
            fields
        }
        ReasoningField::ChatTemplateKwargs => return template(amount),
        ReasoningField::Reasoning => vec![("reasoning", reasoning(amount))],
    };
    let lost = match (field, amount) {
        (ReasoningField::Reasoning, _) | (_, Amount::Off) => None,
        (ReasoningField::EnableThinking, Amount::Budget(_)) => None,
        (_, Amount::Word(_) | Amount::Budget(_)) => Some("only on or off"),
    };
    Said { fields, lost }
}

/// The word that stands for a budget: up to 2048 tokens `low`, up to 8192 `medium`, else `high`.
pub(super) const fn word(budget: u64) -> &'static str {
    match budget {
        0..=2048 => "low",
        2049..=8192 => "medium",
        _ => "high",
    }
}

fn effort(amount: Amount<'_>) -> Said {
    let (word, lost) = match amount {
        Amount::Off => {
            return Said { fields: Vec::new(), lost: Some("the model has no word for it") };
        }
        Amount::Word(word) => (word, None),
        Amount::Budget(tokens) => (word(tokens), Some("sent as an effort")),
    };
    Said { fields: vec![(EFFORT, quoted(word))], lost }
}

fn thinking(amount: Amount<'_>) -> (&'static str, String) {
    let word = if amount == Amount::Off { "disabled" } else { "enabled" };
    ("thinking", format!(r#"{{"type":"{word}"}}"#))
}

/// Templates read one name or the other (`enable_thinking` Qwen's, `thinking` DeepSeek's) and pass
/// over the one they do not know: <https://docs.vllm.ai/en/stable/features/reasoning_outputs/>.
fn template(amount: Amount<'_>) -> Said {
    let on = amount != Amount::Off;
    let switch = format!(r#"{{"enable_thinking":{on},"thinking":{on}}}"#);
    let mut said = if on { effort(amount) } else { Said { fields: Vec::new(), lost: None } };
    said.fields.push(("chat_template_kwargs", switch));
    said
}

fn reasoning(amount: Amount<'_>) -> String {
    match amount {
        Amount::Off => r#"{"enabled":false}"#.to_owned(),
        Amount::Word(word) => format!(r#"{{"effort":{}}}"#, quoted(word)),
        Amount::Budget(tokens) => format!(r#"{{"max_tokens":{tokens}}}"#),
    }
}

fn quoted(value: &str) -> String {
    let mut out = Vec::with_capacity(value.len() + 2);
    json::quote(&mut out, value);
    String::from_utf8(out).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fields as JSON, and the loss.
    fn said(field: ReasoningField, amount: Amount<'_>) -> (String, Option<&'static str>) {
        let said = say(field, amount);
        let fields = said.fields.iter().map(|(key, json)| format!("{key}={json}"));
        (fields.collect::<Vec<_>>().join(" "), said.lost)
    }

    #[test]
    fn every_vendors_field_says_off_a_word_and_a_budget() {
        use ReasoningField::{
            ChatTemplateKwargs, EnableThinking, Reasoning, ReasoningEffort, Thinking,
            ThinkingAndEffort,
        };
        const SWITCH: Option<&str> = Some("only on or off");
        const EFFORT: Option<&str> = Some("sent as an effort");
        const NO_WORD: Option<&str> = Some("the model has no word for it");
        let kwargs = |on: bool| {
            format!(r#"chat_template_kwargs={{"enable_thinking":{on},"thinking":{on}}}"#)
        };
        let on = r#"thinking={"type":"enabled"}"#.to_owned();
        let off = r#"thinking={"type":"disabled"}"#.to_owned();
        let word = r#"reasoning_effort="low""#.to_owned();
        type Case = (ReasoningField, [(String, Option<&'static str>); 3]);
        let cases: [Case; 6] = [
            (
                ReasoningEffort,
                [(String::new(), NO_WORD), (word.clone(), None), (word.clone(), EFFORT)],
            ),
            (Thinking, [(off.clone(), None), (on.clone(), SWITCH), (on, SWITCH)]),
            (ThinkingAndEffort, [(off, None), (word.clone(), None), (word.clone(), EFFORT)]),
            (
                EnableThinking,
                [
                    ("enable_thinking=false".to_owned(), None),
                    ("enable_thinking=true".to_owned(), SWITCH),
                    ("enable_thinking=true thinking_budget=900".to_owned(), None),
                ],
            ),
            (
                ChatTemplateKwargs,
                [
                    (kwargs(false), None),
                    (format!("{word} {}", kwargs(true)), None),
                    (format!("{word} {}", kwargs(true)), EFFORT),
                ],
            ),
            (
                Reasoning,
                [
                    (r#"reasoning={"enabled":false}"#.to_owned(), None),
                    (r#"reasoning={"effort":"low"}"#.to_owned(), None),
                    (r#"reasoning={"max_tokens":900}"#.to_owned(), None),
                ],
            ),
        ];
        for (field, expected) in cases {
            let amounts = [Amount::of("none"), Amount::of("low"), Amount::Budget(900)];
            assert_eq!(amounts.map(|amount| said(field, amount)), expected, "{field:?}");
        }
    }

    #[test]
    fn a_word_cannot_leave_its_quotes() {
        let (fields, _) = said(ReasoningField::Reasoning, Amount::Word(r#"a"},"model":"b"#));
        assert_eq!(fields, r#"reasoning={"effort":"a\"},\"model\":\"b"}"#);
    }
}

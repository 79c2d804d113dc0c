//! The form of a custom model: what people say of a model that no catalog knows.
//!
//! Its name is free, its type one of the kind's [`crate::Manifest::model_types`]. The other fields
//! are [`ModelFacts`] of the same ids; what is left open is unknown, and the provider judges. Its
//! credentials are filled in by the kind's own form: the model adds nothing to an account.

use std::collections::BTreeMap;

use serde_json::Value;
use wayleave_model::provider::ModelType;
use wayleave_model::target::ModelFacts;

use crate::form::{self, FieldError};
use crate::manifest::{Condition, Control, Field, Manifest};

/// The field that conditions of the form go by. It is said beside the form, not in it.
const TYPE: &str = "type";

/// The fields of a custom model of that kind; none where it has the models it has.
pub fn model_form(manifest: &Manifest) -> &'static [Field] {
    if manifest.custom_models { FIELDS } else { &[] }
}

/// The facts that a filled-in form says, by the rules of every form.
///
/// # Errors
/// Every rule that is broken, by the field's id.
pub fn facts(
    manifest: &Manifest,
    model_type: ModelType,
    values: &BTreeMap<String, String>,
) -> Result<ModelFacts, Vec<FieldError>> {
    let form = model_form(manifest);
    let checked = form::check_given(form, values, &[(TYPE, model_type.as_str())])?;
    let fact = |(id, value): (String, String)| {
        let fact = match value.as_str() {
            "true" => Value::from(true),
            "false" => Value::from(false),
            number => number.parse::<u32>().map_or(Value::Null, Value::from),
        };
        (id, fact)
    };
    let facts = Value::Object(checked.settings.into_iter().map(fact).collect());
    let unread =
        |err: serde_json::Error| FieldError { field: TYPE.to_owned(), message: err.to_string() };
    let facts: ModelFacts = serde_json::from_value(facts).map_err(|err| vec![unread(err)])?;
    if let (Some(least), Some(most)) = (facts.min_output, facts.max_output)
        && least > most
    {
        let message = format!("is more than the output limit, {most}");
        return Err(vec![FieldError { field: "min_output".to_owned(), message }]);
    }
    Ok(facts)
}

const FIELDS: &[Field] = &[
    Field {
        placeholder: Some("128000"),
        help: Some("Tokens of prompt and answer together."),
        ..field("context_window", "Context", Control::Number)
    },
    Field {
        placeholder: Some("8192"),
        help: Some("Most tokens of one answer."),
        ..chat("max_output", "Output limit", Control::Number)
    },
    Field {
        placeholder: Some("16"),
        help: Some("Fewest tokens that an answer limit may be."),
        ..chat("min_output", "Least output limit", Control::Number)
    },
    Field { help: Some("Tools may be offered."), ..chat("tools", "Tools", Control::Switch) },
    Field {
        help: Some("Several tools may be called at once."),
        ..chat("parallel_tools", "Several tools at once", Control::Switch)
    },
    Field {
        help: Some("Pictures may be in the prompt."),
        ..chat("vision", "Pictures", Control::Switch)
    },
    Field {
        help: Some("Sound may be in the prompt."),
        ..chat("audio_input", "Sound", Control::Switch)
    },
    Field {
        help: Some("Documents may be in the prompt."),
        ..chat("files", "Documents", Control::Switch)
    },
    Field {
        help: Some("A JSON schema of the answer can be demanded."),
        ..chat("json_schema", "Structured output", Control::Switch)
    },
    Field {
        help: Some("A prompt that comes again is kept and charged less."),
        ..chat("prompt_caching", "Prompt caching", Control::Switch)
    },
];

const fn field(id: &'static str, label: &'static str, control: Control) -> Field {
    Field {
        id,
        label,
        control,
        required: false,
        default: None,
        placeholder: None,
        help: None,
        show_on: &[],
    }
}

/// A field that only models of the type `llm` have.
const fn chat(id: &'static str, label: &'static str, control: Control) -> Field {
    Field { show_on: &[Condition { field: TYPE, value: "llm" }], ..field(id, label, control) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: &str, of: ModelType, pairs: &[(&str, &str)]) -> Result<ModelFacts, Vec<String>> {
        let values = pairs.iter().map(|(id, it)| ((*id).to_owned(), (*it).to_owned())).collect();
        facts(crate::kind(kind).expect("a kind").manifest(), of, &values)
            .map_err(|errors| errors.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn d4_a_custom_models_form_is_enforced_and_says_facts() {
        let given = [("context_window", " 128000 "), ("tools", "true"), ("vision", "false")];
        let facts = read("openai-compatible", ModelType::Llm, &given).expect("keeps every rule");
        assert_eq!(facts.context_window, Some(128_000));
        assert_eq!((facts.tools, facts.vision, facts.audio_input), (Some(true), Some(false), None));
        let wrong = [
            ("context_window", "128k"),
            ("max_output", "0"),
            ("tools", "yes"),
            ("contextwindow", "7"),
        ];
        let errors = read("openai-compatible", ModelType::Llm, &wrong).expect_err("four rules");
        assert_eq!(
            errors,
            [
                "contextwindow: no such field; did you mean context_window?",
                "context_window: must be a whole number, at least 1",
                "max_output: must be a whole number, at least 1",
                "tools: must be true or false",
            ]
        );
        let bounds = [("max_output", "16"), ("min_output", "17")];
        let errors = read("openai-compatible", ModelType::Llm, &bounds).expect_err("bounds");
        assert_eq!(errors, ["min_output: is more than the output limit, 16"]);
    }

    #[test]
    fn d4_a_field_of_another_type_of_model_is_not_considered() {
        let given = [("context_window", "8192"), ("tools", "true")];
        let facts = read("openai-compatible", ModelType::Embedding, &given).expect("fine");
        assert_eq!((facts.context_window, facts.tools), (Some(8192), None));
        let errors = read("sandbox", ModelType::Llm, &given).expect_err("no form");
        assert_eq!(errors[0], "context_window: no such field; this form has none");
    }

    #[test]
    fn every_field_is_a_fact_of_the_same_id() {
        let facts = FIELDS.iter().map(|it| match it.control {
            Control::Switch => format!("\"{}\":true", it.id),
            _ => format!("\"{}\":7", it.id),
        });
        let text = format!("{{{}}}", facts.collect::<Vec<_>>().join(","));
        let facts: ModelFacts = serde_json::from_str(&text).expect("facts");
        assert_eq!(
            (facts.context_window, facts.max_output, facts.tools),
            (Some(7), Some(7), Some(true))
        );
    }

    #[test]
    fn a_kind_without_custom_models_has_no_form_for_them() {
        let form = |id: &str| model_form(crate::kind(id).expect("a kind").manifest()).len();
        assert_eq!((form("sandbox"), form("openai")), (0, FIELDS.len()));
    }
}

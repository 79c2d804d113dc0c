//! The form of a custom model: what people say of a model that no catalog knows.
//!
//! Its name is free, its type one of the kind's [`crate::Manifest::model_types`]. The other fields
//! are [`wayleave_model::target::ModelFacts`] of the same ids; what is left open is unknown, and the
//! provider judges.

use crate::manifest::{Condition, Control, Field, Manifest};

/// The fields of a custom model of that kind; none where it has the models it has.
pub fn model_form(manifest: &Manifest) -> &'static [Field] {
    if manifest.custom_models { FIELDS } else { &[] }
}

const FIELDS: &[Field] = &[
    Field {
        placeholder: Some("128000"),
        help: Some("Tokens of prompt and answer together."),
        ..field("context_window", "Context", Control::Text)
    },
    Field {
        placeholder: Some("8192"),
        help: Some("Most tokens of one answer."),
        ..chat("max_output", "Output limit", Control::Text)
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
    Field { show_on: &[Condition { field: "type", value: "llm" }], ..field(id, label, control) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wayleave_model::target::ModelFacts;

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

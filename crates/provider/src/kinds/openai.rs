//! OpenAI itself: the compatible grammar, plus an organisation and a project as headers.

use wayleave_model::provider::ModelType;

use super::compatible::{API_KEY_FIELD, BASE_URL_FIELD, BEARER, Compatible, OVERRIDE_FIELD, PLAIN};
use super::families;
use crate::manifest::{Control, Field, Manifest};
use crate::quirks::{Difference, Quirk, Quirks};

const ORGANIZATION: &str = "organization";
const PROJECT: &str = "project";

/// Tools of free text came with GPT-5; what is told of no other model stays a function.
static QUIRKS: Quirks = Quirks(&[Quirk::of(
    &["gpt-5"],
    Difference::CustomTools,
    "https://developers.openai.com/api/docs/guides/function-calling#custom-tools",
)]);

/// OpenAI. Headers: <https://platform.openai.com/docs/api-reference/authentication>.
pub(super) static OPENAI: Compatible = Compatible {
    manifest: &Manifest {
        id: "openai",
        label: "OpenAI",
        summary: "OpenAI's own API.",
        docs_url: "https://platform.openai.com/docs/api-reference",
        default_base_url: Some("https://api.openai.com/v1"),
        provider_form: &[Field {
            placeholder: Some("https://api.openai.com/v1"),
            ..BASE_URL_FIELD
        }],
        credential_form: &[
            Field { placeholder: Some("sk-proj-…"), ..API_KEY_FIELD },
            Field {
                id: ORGANIZATION,
                label: "Organization",
                control: Control::Text,
                required: false,
                placeholder: Some("org-…"),
                help: Some("Only for a key that belongs to several."),
                ..BASE_URL_FIELD
            },
            Field {
                id: PROJECT,
                label: "Project",
                control: Control::Text,
                required: false,
                placeholder: Some("proj_…"),
                help: Some("Only for a key that is not a project's own."),
                ..BASE_URL_FIELD
            },
            OVERRIDE_FIELD,
        ],
        model_types: &[
            ModelType::Llm,
            ModelType::Embedding,
            ModelType::SpeechToText,
            ModelType::TextToSpeech,
            ModelType::Image,
            ModelType::Moderation,
            ModelType::Video,
        ],
        ..BEARER
    },
    header_fields: &[(ORGANIZATION, "openai-organization"), (PROJECT, "openai-project")],
    quirks: &QUIRKS,
    families: Some(families::both_unless_said),
    ..PLAIN
};

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use wayleave_model::Secret;
    use wayleave_model::credential::SecretFields;

    use super::*;
    use crate::{Account, ProviderKind};

    #[test]
    fn organisation_and_project_travel_as_headers_where_they_are_given() {
        let secrets = SecretFields::new([("api_key".to_owned(), Secret::new("sk-1"))]);
        let mut settings = BTreeMap::from([("organization".to_owned(), "org-7".to_owned())]);
        let sent = |settings: &BTreeMap<String, String>| {
            let base_url = "https://api.openai.com/v1";
            let headers = OPENAI.headers(&Account { base_url, settings, secrets: &secrets });
            let headers = headers.expect("a usable account");
            let text = |it: &http::HeaderValue| it.to_str().expect("text").to_owned();
            headers.iter().map(|(name, value)| format!("{name}: {}", text(value))).collect()
        };
        let want = vec!["authorization: Bearer sk-1", "openai-organization: org-7"];
        let mut got: Vec<String> = sent(&settings);
        got.sort();
        assert_eq!(got, want);
        settings.insert("project".to_owned(), "proj_9".to_owned());
        let got: Vec<String> = sent(&settings);
        assert!(got.contains(&"openai-project: proj_9".to_owned()));
    }

    #[test]
    fn free_text_goes_to_models_that_are_known_to_take_it() {
        let unknown = wayleave_model::target::ModelFacts::UNKNOWN;
        let custom = |model| OPENAI.quirks().fill(model, &unknown).custom_tools;
        assert_eq!((custom("gpt-5.4-mini"), custom("gpt-4o")), (Some(true), None));
    }

    #[test]
    fn a_setting_that_no_header_can_carry_names_its_field() {
        let secrets = SecretFields::new([("api_key".to_owned(), Secret::new("sk-1"))]);
        let settings = BTreeMap::from([("project".to_owned(), "a\nb".to_owned())]);
        let account = Account { base_url: "https://h/v1", settings: &settings, secrets: &secrets };
        assert_eq!(OPENAI.headers(&account).expect_err("a line break").field, "project");
    }
}

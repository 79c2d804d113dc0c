//! Vendors that speak OpenAI's grammar with a bearer key: each is a few lines of data.

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use wayleave_dialect::Dialect;
use wayleave_model::Secret;
use wayleave_model::provider::{ModelType, Operation};
use wayleave_model::target::ModelFacts;

use super::place::Place;
use super::{families, tasks};
use crate::address::{BaseUrl, normalise_base_url};
use crate::listing::{Listing, Shape};
use crate::manifest::{BASE_URL, Control, Field, Manifest};
use crate::{Account, BadAccount, Offer, ProviderKind, Quirks, TaskOffer};

/// The form field of the bearer key.
pub(super) const API_KEY: &str = "api_key";

/// A vendor that speaks OpenAI's grammar.
pub(super) struct Compatible {
    /// Its name and its forms.
    pub(super) manifest: &'static Manifest,
    /// What it does, and where.
    pub(super) operations: &'static [(Operation, &'static [Offer])],
    /// Settings that travel as headers: the form's field and the header's name in lower case.
    pub(super) header_fields: &'static [(&'static str, &'static str)],
    /// Headers that every request carries: the name in lower case and the value.
    pub(super) headers: &'static [(&'static str, &'static str)],
    /// Where it lists its models, below its address; `None`: nowhere.
    pub(super) listing: Option<(&'static str, Shape)>,
    /// Where it is.
    pub(super) place: Place,
    /// How its chat completions differ from OpenAI's.
    pub(super) quirks: &'static Quirks,
    /// Ends of an address that are no part of it, but of the operations' paths.
    pub(super) tails: &'static [&'static str],
    /// What a model's endpoint families make of its offers of chat; `None`: nothing.
    pub(super) families: Option<fn(&ModelFacts) -> &'static [Offer]>,
}

/// What most vendors have in common; the manifest is each one's own.
pub(super) const PLAIN: Compatible = Compatible {
    manifest: &BEARER,
    operations: &[CHAT],
    header_fields: &[],
    headers: &[],
    listing: Some(("/models", Shape::OpenAi)),
    place: Place::Manifest,
    quirks: &Quirks::NONE,
    tails: &[],
    families: Some(families::chat_unless_said),
};

/// Chat completions, below a base URL that ends in the version.
pub(super) const CHAT: (Operation, &[Offer]) =
    (Operation::Chat, &[Offer { dialect: Dialect::OpenAiChat, path: "/chat/completions" }]);

/// Any server that speaks OpenAI's grammar: vLLM, Ollama, LM Studio, a hosted clone, a gateway.
pub(super) static OPENAI_COMPATIBLE: Compatible = Compatible {
    manifest: &Manifest {
        id: "openai-compatible",
        label: "OpenAI-compatible",
        summary: "Any server that speaks OpenAI's chat completions: vLLM, Ollama, a hosted clone.",
        docs_url: "https://platform.openai.com/docs/api-reference/chat",
        provider_form: &[Field {
            required: true,
            placeholder: Some("http://127.0.0.1:11434/v1"),
            ..BASE_URL_FIELD
        }],
        credential_form: &[OPTIONAL_KEY_FIELD, OVERRIDE_FIELD],
        model_types: &[
            ModelType::Llm,
            ModelType::Embedding,
            ModelType::Rerank,
            ModelType::SpeechToText,
            ModelType::TextToSpeech,
            ModelType::Image,
            ModelType::Moderation,
        ],
        ..BEARER
    },
    ..PLAIN
};

/// What the manifests of vendors with one bearer key have in common; id, label, summary, docs and
/// address are each vendor's own.
pub(super) const BEARER: Manifest = Manifest {
    id: "",
    label: "",
    summary: "",
    docs_url: "",
    default_base_url: None,
    version_path: Some("v1"),
    provider_form: &[BASE_URL_FIELD],
    credential_form: &[API_KEY_FIELD, OVERRIDE_FIELD],
    model_types: &[ModelType::Llm],
    custom_models: true,
};

/// The provider's address; optional, the kind's own is the default.
pub(super) const BASE_URL_FIELD: Field = Field {
    id: BASE_URL,
    label: "Base URL",
    control: Control::Text,
    required: false,
    default: None,
    placeholder: None,
    help: Some("As the vendor prints it; without /chat/completions."),
    show_on: &[],
};

/// An address for one credential, so that a pool can span accounts, regions and resources.
pub(super) const OVERRIDE_FIELD: Field = Field {
    label: "Base URL of this credential",
    help: Some("Only where it differs from the provider's."),
    ..BASE_URL_FIELD
};

/// The required bearer key.
pub(super) const API_KEY_FIELD: Field = Field {
    id: API_KEY,
    label: "API key",
    control: Control::Secret,
    required: true,
    default: None,
    placeholder: Some("sk-…"),
    help: None,
    show_on: &[],
};

/// The bearer key of a server that need not ask for one.
pub(super) const OPTIONAL_KEY_FIELD: Field = Field {
    required: false,
    help: Some("Left empty, requests carry no Authorization header."),
    ..API_KEY_FIELD
};

impl ProviderKind for Compatible {
    fn manifest(&self) -> &'static Manifest {
        self.manifest
    }

    fn quirks(&self) -> &'static Quirks {
        self.quirks
    }

    fn place(&self) -> Option<String> {
        self.place.describe()
    }

    fn base_url(&self, typed: &str) -> Result<BaseUrl, BadAccount> {
        let mut it = normalise_base_url(typed, self.manifest.version_path)?;
        while let Some(tail) = self.tails.iter().find(|tail| it.url.ends_with(**tail)) {
            it.url.truncate(it.url.len() - tail.len());
            it.notes.push(format!("{tail} was cut off: it is part of the operation's path"));
        }
        Ok(it)
    }

    fn offers(&self, operation: Operation, facts: &ModelFacts) -> &'static [Offer] {
        let own = self.operations.iter().find(|(it, _)| *it == operation);
        let own: &'static [Offer] = own.map_or(&[], |(_, offers)| *offers);
        match (operation, self.families) {
            (Operation::Chat, Some(by_families)) if !own.is_empty() => by_families(facts),
            _ => own,
        }
    }

    fn url(
        &self,
        account: &Account<'_>,
        offer: &Offer,
        _model: &str,
        _stream: bool,
    ) -> Result<String, BadAccount> {
        below(&self.place.base_url(account)?, offer.path)
    }

    fn tasks(&self, operation: Operation, model: &str) -> &'static [TaskOffer] {
        tasks::of_compatible(self.manifest.id, operation, model)
    }

    fn task_url(
        &self,
        account: &Account<'_>,
        path: &str,
        model: &str,
    ) -> Result<String, BadAccount> {
        tasks::below(&self.place.base_url(account)?, path, model)
    }

    fn listing(&self, account: &Account<'_>) -> Result<Option<Listing>, BadAccount> {
        let Some((path, shape)) = self.listing else { return Ok(None) };
        let url = below(&self.place.base_url(account)?, path)?;
        Ok(Some(Listing { url, shape, callable: true }))
    }

    fn headers(&self, account: &Account<'_>) -> Result<HeaderMap, BadAccount> {
        let mut headers = HeaderMap::new();
        for (name, value) in self.headers {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        if let Some(key) = account.secrets.get(API_KEY) {
            headers.insert(AUTHORIZATION, secret_value(API_KEY, b"Bearer ", key)?);
        } else if self.manifest.credential_form.iter().any(|it| it.id == API_KEY && it.required) {
            return Err(BadAccount::at(API_KEY, "the credential has no API key"));
        }
        for (field, name) in self.header_fields {
            if let Some(value) = account.settings.get(*field).filter(|it| !it.is_empty()) {
                headers.insert(HeaderName::from_static(name), plain_value(field, value)?);
            }
        }
        Ok(headers)
    }
}

/// An operation's address below a base URL.
pub(crate) fn below(base_url: &str, path: &str) -> Result<String, BadAccount> {
    if base_url.is_empty() {
        return Err(BadAccount::at(BASE_URL, "the provider has no base URL"));
    }
    Ok(format!("{}{path}", base_url.trim_end_matches('/')))
}

/// A header that holds a secret; marked, so that nothing prints it.
pub(super) fn secret_value(
    field: &str,
    prefix: &[u8],
    secret: &Secret,
) -> Result<HeaderValue, BadAccount> {
    let bytes = [prefix, secret.expose()].concat();
    let mut value = HeaderValue::from_maybe_shared(bytes::Bytes::from(bytes)).map_err(|_| {
        BadAccount::at(field, "holds a character that cannot be sent (a line break?)")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// A header that holds a setting.
pub(super) fn plain_value(field: &str, value: &str) -> Result<HeaderValue, BadAccount> {
    HeaderValue::from_str(value)
        .map_err(|_| BadAccount::at(field, "holds a character that a header cannot carry"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use wayleave_model::credential::SecretFields;

    use super::*;

    fn headers(kind: &dyn ProviderKind, secrets: &[(&str, &str)]) -> Result<HeaderMap, BadAccount> {
        let secrets = secrets.iter().map(|(id, it)| ((*id).to_owned(), Secret::new(*it)));
        let secrets = SecretFields::new(secrets);
        let account =
            Account { base_url: "http://h/v1", settings: &BTreeMap::new(), secrets: &secrets };
        kind.headers(&account)
    }

    #[test]
    fn a_clone_is_a_few_lines_of_data() {
        static GROQ: Compatible = Compatible {
            manifest: &Manifest {
                id: "groq",
                label: "Groq",
                summary: "Open models on Groq's own hardware.",
                docs_url: "https://console.groq.com/docs/api-reference",
                default_base_url: Some("https://api.groq.com/openai/v1"),
                ..BEARER
            },
            ..PLAIN
        };
        let secrets = SecretFields::default();
        let base_url = GROQ.manifest().default_base_url.expect("its own");
        let account = Account { base_url, settings: &BTreeMap::new(), secrets: &secrets };
        let offer = GROQ.offers(Operation::Chat, &ModelFacts::default())[0];
        assert_eq!(
            GROQ.url(&account, &offer, "llama", true),
            Ok("https://api.groq.com/openai/v1/chat/completions".to_owned())
        );
        let missing = headers(&GROQ, &[]).expect_err("no key");
        assert_eq!(missing.to_string(), "api_key: the credential has no API key");
    }

    #[test]
    fn a_key_travels_as_bearer_and_is_not_printed() {
        let headers = headers(&OPENAI_COMPATIBLE, &[("api_key", "sk-canary")]).expect("a key");
        assert_eq!(headers.get("authorization").expect("sent"), "Bearer sk-canary");
        assert!(!format!("{headers:?}").contains("canary"));
    }

    #[test]
    fn without_a_key_nothing_is_sent() {
        assert_eq!(headers(&OPENAI_COMPATIBLE, &[]), Ok(HeaderMap::new()));
    }

    #[test]
    fn a_key_with_a_line_break_is_refused_and_not_repeated() {
        let error = headers(&OPENAI_COMPATIBLE, &[("api_key", "canary\nx: y")]).expect_err("bad");
        assert_eq!(error.field, "api_key");
        assert!(!error.message.contains("canary"));
    }

    #[test]
    fn without_a_base_url_there_is_no_address() {
        let error = below("", "/chat/completions").expect_err("nowhere to go");
        assert_eq!(error.field, "base_url");
    }
}

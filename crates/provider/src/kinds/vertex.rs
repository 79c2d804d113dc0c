//! Gemini by way of Google Cloud (Vertex AI): a project, a location, and one of three credentials.
//!
//! Paths: <https://cloud.google.com/vertex-ai/generative-ai/docs/reference/rest>; keys without a
//! project ("express mode"):
//! <https://cloud.google.com/vertex-ai/generative-ai/docs/start/express-mode/overview>.

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName};
use wayleave_dialect::Dialect;
use wayleave_model::Timestamp;
use wayleave_model::provider::{ModelType, Operation};
use wayleave_model::target::ModelFacts;

use super::compatible::{
    API_KEY, API_KEY_FIELD, BASE_URL_FIELD, BEARER, OVERRIDE_FIELD, below, secret_value,
};
use super::gemini::{KEY_HEADER, method};
use crate::address::{BaseUrl, normalise_base_url, safe_segment};
use crate::exchange::{self, Exchange};
use crate::manifest::{Choice, Condition, Control, Field, Manifest};
use crate::{Account, BadAccount, Offer, ProviderKind};

/// Google Cloud's Vertex AI.
pub(super) struct Vertex;

const PROJECT: &str = "project";
const LOCATION: &str = "location";
const AUTH: &str = "auth";
const ACCESS_TOKEN: &str = "access_token";
const SERVICE_ACCOUNT: &str = "service_account_key";

/// Where requests go that name no region.
const GLOBAL: &str = "https://aiplatform.googleapis.com";

/// Where documents are ranked (Discovery Engine).
const RANKING: &str = "https://discoveryengine.googleapis.com";

/// What a token is asked for.
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

static MANIFEST: Manifest = Manifest {
    id: "vertex",
    label: "Google Vertex AI",
    summary: "Google's Gemini models in a project of Google Cloud.",
    docs_url: "https://cloud.google.com/vertex-ai/generative-ai/docs/reference/rest",
    default_base_url: Some(GLOBAL),
    version_path: None,
    provider_form: &[
        Field {
            id: PROJECT,
            label: "Project",
            placeholder: Some("my-project-123"),
            help: Some("The project's id. May be left empty if the key file names it."),
            ..PLAIN
        },
        Field {
            id: LOCATION,
            label: "Location",
            default: Some("global"),
            placeholder: Some("europe-west4"),
            help: Some("A region of Google Cloud, or global."),
            ..PLAIN
        },
        Field {
            placeholder: Some(GLOBAL),
            help: Some("Only for a private endpoint: else it follows from the location."),
            ..BASE_URL_FIELD
        },
    ],
    credential_form: &[
        Field {
            id: AUTH,
            label: "Credential",
            control: Control::Radio {
                options: &[
                    Choice { value: SERVICE_ACCOUNT, label: "Service account" },
                    Choice { value: API_KEY, label: "API key" },
                    Choice { value: ACCESS_TOKEN, label: "Access token" },
                ],
            },
            default: Some(SERVICE_ACCOUNT),
            ..PLAIN
        },
        Field {
            id: SERVICE_ACCOUNT,
            label: "Key file",
            control: Control::Secret,
            required: true,
            help: Some("The whole JSON file of the service account's key."),
            show_on: &[Condition { field: AUTH, value: SERVICE_ACCOUNT }],
            ..PLAIN
        },
        Field {
            placeholder: Some("AIza…"),
            show_on: &[Condition { field: AUTH, value: API_KEY }],
            ..API_KEY_FIELD
        },
        Field {
            id: ACCESS_TOKEN,
            label: "Access token",
            control: Control::Secret,
            required: true,
            help: Some("It expires within the hour; for tests."),
            show_on: &[Condition { field: AUTH, value: ACCESS_TOKEN }],
            ..PLAIN
        },
        Field { id: PROJECT, label: "Project of this credential", help: OVERRIDE, ..PLAIN },
        Field { id: LOCATION, label: "Location of this credential", help: OVERRIDE, ..PLAIN },
        OVERRIDE_FIELD,
    ],
    model_types: &[
        ModelType::Llm,
        ModelType::Embedding,
        ModelType::Rerank,
        ModelType::SpeechToText,
        ModelType::TextToSpeech,
        ModelType::Image,
        ModelType::Video,
    ],
    ..BEARER
};

const OVERRIDE: Option<&str> = Some("Only where it differs from the provider's.");

/// A line of text that may be left empty.
const PLAIN: Field = Field {
    id: "",
    label: "",
    control: Control::Text,
    required: false,
    default: None,
    placeholder: None,
    help: None,
    show_on: &[],
};

impl ProviderKind for Vertex {
    fn manifest(&self) -> &'static Manifest {
        &MANIFEST
    }

    fn base_url(&self, typed: &str) -> Result<BaseUrl, BadAccount> {
        let mut it = normalise_base_url(typed, None)?;
        for end in ["/v1beta1", "/v1"] {
            if let Some(bare) = it.url.strip_suffix(end) {
                it.url = bare.to_owned();
                it.notes.push(format!("{end} was cut off: it is part of the operation's path"));
            }
        }
        Ok(it)
    }

    fn offers(&self, operation: Operation, _facts: &ModelFacts) -> &'static [Offer] {
        match operation {
            Operation::Chat => &[Offer {
                dialect: Dialect::Gemini,
                path: "/v1/projects/{project}/locations/{location}/publishers/google/models/{model}",
            }],
            _ => &[],
        }
    }

    fn url(
        &self,
        account: &Account<'_>,
        _offer: &Offer,
        model: &str,
        stream: bool,
    ) -> Result<String, BadAccount> {
        let model = safe_segment(model.strip_prefix("models/").unwrap_or(model))?;
        // A tuned model stands at an endpoint of the project's own.
        let own = model.starts_with("publishers/") || model.starts_with("endpoints/");
        let model =
            if own { model.to_owned() } else { format!("publishers/google/models/{model}") };
        let method = method(stream);
        let Some(project) = project(account) else {
            if account.secrets.get(API_KEY).is_some() {
                return below(&base(account, "global"), &format!("/v1/{model}:{method}"));
            }
            return Err(BadAccount::at(PROJECT, "the project is missing"));
        };
        let location = setting(account, LOCATION).unwrap_or("global");
        let (project, location) = (segment(PROJECT, &project)?, segment(LOCATION, location)?);
        let path = format!("/v1/projects/{project}/locations/{location}/{model}:{method}");
        below(&base(account, location), &path)
    }

    /// Below the project's collection of models; `{model}` stands for what comes after its location.
    fn task_url(
        &self,
        account: &Account<'_>,
        path: &str,
        model: &str,
    ) -> Result<String, BadAccount> {
        let model = safe_segment(model.strip_prefix("models/").unwrap_or(model))?;
        let own = model.starts_with("publishers/") || model.starts_with("endpoints/");
        let model =
            if own { model.to_owned() } else { format!("publishers/google/models/{model}") };
        let project =
            project(account).ok_or_else(|| BadAccount::at(PROJECT, "the project is missing"))?;
        let location = setting(account, LOCATION).unwrap_or("global");
        let (project, location) = (segment(PROJECT, &project)?, segment(LOCATION, location)?);
        // Ranking is of another product, at a host of its own.
        if path.contains("/rankingConfigs/") {
            let own = account.base_url != GLOBAL;
            let host = if own { account.base_url } else { RANKING };
            return below(host, &path.replace("{project}", project));
        }
        let path = path
            .replace("{model}", &model)
            .replace("{project}", project)
            .replace("{location}", location);
        below(&base(account, location), &path)
    }

    /// A service account has no constant header: its token comes by way of
    /// [`ProviderKind::exchange`].
    fn headers(&self, account: &Account<'_>) -> Result<HeaderMap, BadAccount> {
        let mut headers = HeaderMap::new();
        let secrets = account.secrets;
        if let Some(key) = secrets.get(API_KEY) {
            headers.insert(HeaderName::from_static(KEY_HEADER), secret_value(API_KEY, b"", key)?);
        } else if let Some(token) = secrets.get(ACCESS_TOKEN) {
            headers.insert(AUTHORIZATION, secret_value(ACCESS_TOKEN, b"Bearer ", token)?);
        } else if secrets.get(SERVICE_ACCOUNT).is_none() {
            let message = "the credential has no key file, no API key and no access token";
            return Err(BadAccount::at(SERVICE_ACCOUNT, message));
        }
        Ok(headers)
    }

    fn exchange(
        &self,
        account: &Account<'_>,
        now: Timestamp,
    ) -> Result<Option<Exchange>, BadAccount> {
        let key_file = account.secrets.get(SERVICE_ACCOUNT);
        let exchange = |file| exchange::service_account(SERVICE_ACCOUNT, file, SCOPE, now);
        key_file.map(exchange).transpose()
    }
}

fn setting<'a>(account: &Account<'a>, field: &str) -> Option<&'a str> {
    account.settings.get(field).map(|value| value.trim()).filter(|value| !value.is_empty())
}

/// The project that was entered, else the key file's own.
fn project(account: &Account<'_>) -> Option<String> {
    let own = || exchange::project_of(account.secrets.get(SERVICE_ACCOUNT)?);
    setting(account, PROJECT).map(str::to_owned).or_else(own)
}

/// The host follows from the location, unless another was entered.
fn base(account: &Account<'_>, location: &str) -> String {
    match location {
        _ if account.base_url != GLOBAL => account.base_url.to_owned(),
        "global" => GLOBAL.to_owned(),
        "us" | "eu" => format!("https://aiplatform.{location}.rep.googleapis.com"),
        region => format!("https://{region}-aiplatform.googleapis.com"),
    }
}

/// A piece of the host or the path that a person entered.
fn segment<'v>(field: &str, value: &'v str) -> Result<&'v str, BadAccount> {
    let legal =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b':' | b'.');
    // Projects of a domain are `example.com:project`; a location becomes part of the host.
    let plain = field == PROJECT || value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if value.bytes().all(legal) && plain && !value.starts_with('.') {
        return Ok(value);
    }
    Err(BadAccount::at(field, "letters, digits and hyphens only"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use wayleave_model::Secret;
    use wayleave_model::credential::SecretFields;

    use super::*;

    fn url(
        base_url: &str,
        settings: &[(&str, &str)],
        secrets: &[(&str, &str)],
    ) -> Result<String, BadAccount> {
        let settings: BTreeMap<String, String> =
            settings.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let secrets = secrets.iter().map(|(id, it)| ((*id).to_owned(), Secret::new(*it)));
        let secrets = SecretFields::new(secrets);
        let account = Account { base_url, settings: &settings, secrets: &secrets };
        let offer = Vertex.offers(Operation::Chat, &ModelFacts::default())[0];
        Vertex.url(&account, &offer, "gemini-3", true)
    }

    #[test]
    fn the_host_follows_from_the_location() {
        let path = |host: &str, location: &str| {
            Ok(format!(
                "https://{host}/v1/projects/p/locations/{location}/publishers/google/models/gemini-3:streamGenerateContent?alt=sse"
            ))
        };
        let at = |location| url(GLOBAL, &[("project", "p"), ("location", location)], &[]);
        assert_eq!(
            url(GLOBAL, &[("project", "p")], &[]),
            path("aiplatform.googleapis.com", "global")
        );
        let region = "europe-west4-aiplatform.googleapis.com";
        assert_eq!(at("europe-west4"), path(region, "europe-west4"));
        assert_eq!(at("eu"), path("aiplatform.eu.rep.googleapis.com", "eu"));
        let own = url("https://gate.test", &[("project", "p"), ("location", "us-east1")], &[]);
        assert_eq!(own, path("gate.test", "us-east1"));
        assert_eq!(at("evil.test/x").expect_err("no location").field, "location");
        assert_eq!(at("evil.test#").expect_err("no location").field, "location");
    }

    #[test]
    fn a_project_is_entered_or_in_the_key_file_or_not_needed() {
        let file = r#"{"client_email":"a","private_key":"k","project_id":"own"}"#;
        let with_file = url(GLOBAL, &[], &[("service_account_key", file)]).expect("a project");
        assert!(with_file.contains("/v1/projects/own/locations/global/"), "{with_file}");
        let express = url(GLOBAL, &[], &[("api_key", "AIza")]);
        let expected = "https://aiplatform.googleapis.com/v1/publishers/google/models/gemini-3:streamGenerateContent?alt=sse";
        assert_eq!(express, Ok(expected.to_owned()));
        assert_eq!(url(GLOBAL, &[], &[]).expect_err("no project").field, "project");
        let walking = url(GLOBAL, &[("project", "../x")], &[]);
        assert_eq!(walking.expect_err("no project").field, "project");
    }

    #[test]
    fn each_credential_travels_its_own_way_and_is_not_printed() {
        let settings = BTreeMap::new();
        let headers = |field: &str| {
            let secrets = SecretFields::new([(field.to_owned(), Secret::new("canary"))]);
            let account = Account { base_url: GLOBAL, settings: &settings, secrets: &secrets };
            Vertex.headers(&account)
        };
        let token = headers("access_token").expect("a token");
        assert_eq!(token.get("authorization").expect("sent"), "Bearer canary");
        let key = headers("api_key").expect("a key");
        assert_eq!(key.get("x-goog-api-key").expect("sent"), "canary");
        assert!(!format!("{token:?}{key:?}").contains("canary"));
        assert_eq!(headers("service_account_key"), Ok(HeaderMap::new()));
        assert_eq!(headers("x").expect_err("nothing").field, "service_account_key");
    }

    #[test]
    fn a_key_file_that_is_none_is_refused_when_it_is_needed() {
        let settings = BTreeMap::new();
        let secrets =
            SecretFields::new([("service_account_key".to_owned(), Secret::new("canary"))]);
        let account = Account { base_url: GLOBAL, settings: &settings, secrets: &secrets };
        let error = Vertex.exchange(&account, Timestamp::from_micros(0)).expect_err("no file");
        assert_eq!(error.field, "service_account_key");
        let none = SecretFields::default();
        let account = Account { secrets: &none, ..account };
        assert!(matches!(Vertex.exchange(&account, Timestamp::from_micros(0)), Ok(None)));
    }
}

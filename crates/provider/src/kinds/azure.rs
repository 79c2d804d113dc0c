//! Azure OpenAI: OpenAI's grammar at the addresses of an Azure resource.
//!
//! Two forms of address: v1, without versions
//! (<https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle>), and the older one
//! with the deployment in the path (<https://learn.microsoft.com/azure/ai-foundry/openai/reference>).
//! In both a model's name is that of its deployment.

mod entra;

use http::HeaderMap;
use http::header::HeaderName;
use wayleave_dialect::Dialect;
use wayleave_model::Timestamp;
use wayleave_model::provider::{ModelType, Operation};
use wayleave_model::target::ModelFacts;

use super::compatible::{
    API_KEY, API_KEY_FIELD, BASE_URL_FIELD, BEARER, OVERRIDE_FIELD, below, secret_value,
};
use super::families;
use crate::address::{BaseUrl, normalise_base_url, safe_segment};
use crate::listing::{Listing, Shape};
use crate::manifest::{Choice, Condition, Control, Field, Manifest};
use crate::quirks::{Difference, Quirk};
use crate::sign::sigv4::encode;
use crate::{Account, BadAccount, Exchange, Offer, ProviderKind, Quirks};

const API: &str = "api";
const V1: &str = "v1";
const DEPLOYMENTS: &str = "deployments";
const API_VERSION: &str = "api_version";

/// The newest version of the older form that is generally available, and its last.
const NEWEST: &str = "2024-10-21";

/// OpenAI's models in an Azure resource.
pub(super) struct AzureOpenAi;

/// Deployments are most often named after their model.
static QUIRKS: Quirks = Quirks(&[Quirk::of(
    &["gpt-5"],
    Difference::CustomTools,
    "https://learn.microsoft.com/azure/foundry/openai/how-to/reasoning",
)]);

static MANIFEST: Manifest = Manifest {
    id: "azure-openai",
    label: "Azure OpenAI",
    summary: "OpenAI's models, deployed in an Azure resource.",
    docs_url: "https://learn.microsoft.com/azure/ai-foundry/openai/reference",
    default_base_url: None,
    version_path: None,
    provider_form: &[
        Field {
            label: "Endpoint",
            required: true,
            placeholder: Some("https://my-resource.openai.azure.com"),
            help: Some("As Azure prints it: the resource's endpoint, or a target URI."),
            ..BASE_URL_FIELD
        },
        Field {
            id: API,
            label: "API",
            control: Control::Radio {
                options: &[
                    Choice { value: V1, label: "v1" },
                    Choice { value: DEPLOYMENTS, label: "Deployments, with an API version" },
                ],
            },
            required: true,
            default: Some(V1),
            help: Some(
                "v1 needs no version; gateways in front of Azure often know only the other.",
            ),
            ..BASE_URL_FIELD
        },
        Field {
            id: API_VERSION,
            label: "API version",
            required: true,
            default: Some(NEWEST),
            placeholder: Some(NEWEST),
            help: None,
            show_on: &[Condition { field: API, value: DEPLOYMENTS }],
            ..BASE_URL_FIELD
        },
    ],
    credential_form: &[
        entra::AUTH_FIELD,
        Field {
            placeholder: None,
            help: Some("Key 1 or key 2 of the resource."),
            show_on: &[Condition { field: entra::AUTH, value: API_KEY }],
            ..API_KEY_FIELD
        },
        entra::TENANT_FIELD,
        entra::CLIENT_FIELD,
        entra::SECRET_FIELD,
        entra::CLOUD_FIELD,
        OVERRIDE_FIELD,
    ],
    model_types: &[
        ModelType::Llm,
        ModelType::Embedding,
        ModelType::SpeechToText,
        ModelType::TextToSpeech,
        ModelType::Image,
    ],
    ..BEARER
};

impl ProviderKind for AzureOpenAi {
    fn manifest(&self) -> &'static Manifest {
        &MANIFEST
    }

    fn quirks(&self) -> &'static Quirks {
        &QUIRKS
    }

    /// What stands before `/openai`: the form of the address is a setting, not part of it.
    fn base_url(&self, typed: &str) -> Result<BaseUrl, BadAccount> {
        let (address, query) = typed.split_once('?').map_or((typed, None), |(a, q)| (a, Some(q)));
        let mut it = normalise_base_url(address, None)?;
        if let Some(at) = openai_segment(&it.url) {
            it.url.truncate(at);
            let note = "/openai and what followed was cut off: it is part of the operation's path";
            it.notes = vec![note.to_owned()];
        }
        if query.is_some() {
            it.notes.push("the query was cut off: the API version is a setting".to_owned());
        }
        Ok(it)
    }

    fn offers(&self, operation: Operation, facts: &ModelFacts) -> &'static [Offer] {
        match operation {
            Operation::Chat => families::both_unless_said(facts),
            _ => &[],
        }
    }

    fn url(
        &self,
        account: &Account<'_>,
        offer: &Offer,
        model: &str,
        _stream: bool,
    ) -> Result<String, BadAccount> {
        let path = offer.path;
        let v1 = account.settings.get(API).is_none_or(|api| api != DEPLOYMENTS);
        // Responses have no path of a deployment: the body names it.
        if v1 || offer.dialect == Dialect::OpenAiResponses {
            return below(account.base_url, &format!("/openai/v1{path}"));
        }
        let deployment = encode(safe_segment(model)?, b"");
        let version = version(account)?;
        let path = format!("/openai/deployments/{deployment}{path}?api-version={version}");
        below(account.base_url, &path)
    }

    /// As conversations: the body names the deployment in v1, the path does in the other form.
    fn task_url(
        &self,
        account: &Account<'_>,
        path: &str,
        model: &str,
    ) -> Result<String, BadAccount> {
        if account.settings.get(API).is_none_or(|api| api != DEPLOYMENTS) {
            return below(account.base_url, &format!("/openai/v1{path}"));
        }
        let deployment = encode(safe_segment(model)?, b"");
        let version = version(account)?;
        let path = format!("/openai/deployments/{deployment}{path}?api-version={version}");
        below(account.base_url, &path)
    }

    /// What the resource can deploy:
    /// <https://learn.microsoft.com/rest/api/azureopenai/models/list>.
    fn listing(&self, account: &Account<'_>) -> Result<Option<Listing>, BadAccount> {
        let path = if account.settings.get(API).is_none_or(|api| api != DEPLOYMENTS) {
            "/openai/v1/models".to_owned()
        } else {
            format!("/openai/models?api-version={}", version(account)?)
        };
        let url = below(account.base_url, &path)?;
        Ok(Some(Listing { url, shape: Shape::OpenAi, callable: false }))
    }

    fn headers(&self, account: &Account<'_>) -> Result<HeaderMap, BadAccount> {
        let mut headers = HeaderMap::new();
        if entra::is_chosen(account) {
            return Ok(headers);
        }
        let key = account.secrets.get(API_KEY);
        let key = key.ok_or_else(|| BadAccount::at(API_KEY, "the credential has no API key"))?;
        headers.insert(HeaderName::from_static("api-key"), secret_value(API_KEY, b"", key)?);
        Ok(headers)
    }

    fn exchange(
        &self,
        account: &Account<'_>,
        _now: Timestamp,
    ) -> Result<Option<Exchange>, BadAccount> {
        if !entra::is_chosen(account) {
            return Ok(None);
        }
        entra::exchange(account).map(Some)
    }
}

/// Where in an address the segment `openai` of its path begins, slash included.
fn openai_segment(url: &str) -> Option<usize> {
    let host = url.find("://")? + 3;
    let path = host + url[host..].find('/')?;
    let (at, _) = url[path..].match_indices("/openai").find(|(at, found)| {
        let tail = &url[path + at + found.len()..];
        tail.is_empty() || tail.starts_with('/')
    })?;
    Some(path + at)
}

/// The version, which becomes a part of the address.
fn version<'a>(account: &Account<'a>) -> Result<&'a str, BadAccount> {
    let version = account.settings.get(API_VERSION).map_or("", String::as_str);
    let legal = version.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    match version {
        "" => Ok(NEWEST),
        version if legal => Ok(version),
        _ => Err(BadAccount::at(API_VERSION, "an API version is written like 2024-10-21")),
    }
}

#[cfg(test)]
mod tests;

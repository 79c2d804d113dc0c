//! Amazon Bedrock: Converse, signed with the account's keys or called with a Bedrock API key.
//!
//! Keys: <https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys-use.html>, addresses:
//! <https://docs.aws.amazon.com/general/latest/gr/bedrock.html>, errors: [`errors`].

mod errors;

use bytes::Bytes;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use wayleave_dialect::Dialect;
use wayleave_model::Timestamp;
use wayleave_model::provider::{ModelType, Operation};
use wayleave_model::target::ModelFacts;

use super::compatible::{
    API_KEY, API_KEY_FIELD, BASE_URL_FIELD, BEARER, OVERRIDE_FIELD, below, secret_value,
};
use crate::address::{BaseUrl, normalise_base_url, safe_segment};
use crate::listing::{Listing, Shape};
use crate::manifest::{Choice, Condition, Control, Field, Manifest};
use crate::sign::sigv4::{self, Keys, Scope};
use crate::{Account, BadAccount, Offer, ProviderKind, Refused, Verdict};

const REGION: &str = "region";
const AUTH: &str = "auth";
const KEYS: &str = "access_key";
const ACCESS_KEY_ID: &str = "access_key_id";
const SECRET_ACCESS_KEY: &str = "secret_access_key";
const SESSION_TOKEN: &str = "session_token";

/// Models that are reached through Converse.
pub(super) struct Bedrock;

const WITH_KEYS: &[Condition] = &[Condition { field: AUTH, value: KEYS }];
const WITH_API_KEY: &[Condition] = &[Condition { field: AUTH, value: API_KEY }];

const REGION_FIELD: Field = Field {
    id: REGION,
    label: "Region",
    control: Control::Text,
    required: true,
    default: None,
    placeholder: Some("us-east-1"),
    help: Some("Where the models are called; inference profiles may serve from others."),
    show_on: &[],
};

static MANIFEST: Manifest = Manifest {
    id: "bedrock",
    label: "Amazon Bedrock",
    summary: "Models of many vendors in an AWS account, through Converse and InvokeModel.",
    docs_url: "https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference.html",
    default_base_url: None,
    version_path: None,
    provider_form: &[
        REGION_FIELD,
        Field {
            label: "Endpoint",
            placeholder: Some("https://bedrock-runtime.us-east-1.amazonaws.com"),
            help: Some("Only for an endpoint of your own (VPC, FIPS); else made from the region."),
            ..BASE_URL_FIELD
        },
    ],
    credential_form: &[
        Field {
            id: AUTH,
            label: "Sign in with",
            control: Control::Radio {
                options: &[
                    Choice { value: KEYS, label: "AWS access keys" },
                    Choice { value: API_KEY, label: "Amazon Bedrock API key" },
                ],
            },
            required: true,
            default: Some(KEYS),
            placeholder: None,
            help: None,
            show_on: &[],
        },
        Field {
            id: ACCESS_KEY_ID,
            label: "Access key ID",
            required: true,
            placeholder: Some("AKIA…"),
            help: Some("Of a user or role that may call bedrock:InvokeModel and its stream."),
            show_on: WITH_KEYS,
            ..BASE_URL_FIELD
        },
        Field {
            id: SECRET_ACCESS_KEY,
            label: "Secret access key",
            placeholder: None,
            show_on: WITH_KEYS,
            ..API_KEY_FIELD
        },
        Field {
            id: SESSION_TOKEN,
            label: "Session token",
            required: false,
            placeholder: None,
            help: Some("Only with keys of a session, which expire."),
            show_on: WITH_KEYS,
            ..API_KEY_FIELD
        },
        Field {
            label: "Amazon Bedrock API key",
            placeholder: Some("ABSK…"),
            help: Some("What AWS SDKs read from AWS_BEARER_TOKEN_BEDROCK."),
            show_on: WITH_API_KEY,
            ..API_KEY_FIELD
        },
        Field {
            label: "Region of this credential",
            required: false,
            help: Some("Only where it differs from the provider's."),
            ..REGION_FIELD
        },
        OVERRIDE_FIELD,
    ],
    model_types: &[ModelType::Llm, ModelType::Embedding, ModelType::Rerank, ModelType::Image],
    ..BEARER
};

impl ProviderKind for Bedrock {
    fn manifest(&self) -> &'static Manifest {
        &MANIFEST
    }

    fn base_url(&self, typed: &str) -> Result<BaseUrl, BadAccount> {
        normalise_base_url(typed, None)
    }

    fn offers(&self, operation: Operation, _facts: &ModelFacts) -> &'static [Offer] {
        match operation {
            Operation::Chat => {
                &[Offer { dialect: Dialect::Bedrock, path: "/model/{model}/converse" }]
            }
            _ => &[],
        }
    }

    /// The id of the model is one segment, whatever is in it: ARNs have colons and slashes.
    fn url(
        &self,
        account: &Account<'_>,
        _offer: &Offer,
        model: &str,
        stream: bool,
    ) -> Result<String, BadAccount> {
        let region = region(account)?;
        let own = format!("https://bedrock-runtime.{region}.{}", suffix(region));
        let base = if account.base_url.is_empty() { &own } else { account.base_url };
        let model = sigv4::encode(safe_segment(model)?, b"");
        let operation = if stream { "converse-stream" } else { "converse" };
        below(base, &format!("/model/{model}/{operation}"))
    }

    fn task_url(
        &self,
        account: &Account<'_>,
        path: &str,
        model: &str,
    ) -> Result<String, BadAccount> {
        let region = region(account)?;
        let own = format!("https://bedrock-runtime.{region}.{}", suffix(region));
        let base = if account.base_url.is_empty() { &own } else { account.base_url };
        let model = sigv4::encode(safe_segment(model)?, b"");
        below(base, &path.replace("{model}", &model))
    }

    /// The control plane has a host of its own; beside an endpoint that was typed (a VPC's) it
    /// cannot be told where.
    fn listing(&self, account: &Account<'_>) -> Result<Option<Listing>, BadAccount> {
        if !account.base_url.is_empty() {
            return Ok(None);
        }
        let region = region(account)?;
        let url = format!("https://bedrock.{region}.{}/foundation-models", suffix(region));
        Ok(Some(Listing { url, shape: Shape::Bedrock, callable: true }))
    }

    fn headers(&self, account: &Account<'_>) -> Result<HeaderMap, BadAccount> {
        let mut headers = HeaderMap::new();
        if signs(account) {
            keys(account)?;
        } else {
            let key = account.secrets.get(API_KEY);
            let key = key.ok_or_else(|| missing(API_KEY, "API key"))?;
            headers.insert(AUTHORIZATION, secret_value(API_KEY, b"Bearer ", key)?);
        }
        Ok(headers)
    }

    fn signs_bodies(&self) -> bool {
        true
    }

    fn sign(
        &self,
        request: &mut http::request::Parts,
        body: &[Bytes],
        account: &Account<'_>,
        now: Timestamp,
    ) -> Result<(), BadAccount> {
        if !signs(account) {
            return Ok(());
        }
        let scope = Scope { region: region(account)?, service: "bedrock" };
        sigv4::sign(request, body, &keys(account)?, &scope, now)
    }

    fn diagnose(&self, refused: &Refused<'_>) -> Verdict {
        errors::judge(refused)
    }
}

/// Whether requests are signed, rather than sent with a key.
fn signs(account: &Account<'_>) -> bool {
    account.settings.get(AUTH).is_none_or(|auth| auth != API_KEY)
}

fn keys<'a>(account: &Account<'a>) -> Result<Keys<'a>, BadAccount> {
    let id = account.settings.get(ACCESS_KEY_ID).filter(|id| !id.is_empty());
    let secret = account.secrets.get(SECRET_ACCESS_KEY);
    Ok(Keys {
        access_key_id: id.ok_or_else(|| missing(ACCESS_KEY_ID, "access key ID"))?,
        secret_access_key: secret.ok_or_else(|| missing(SECRET_ACCESS_KEY, "secret access key"))?,
        session_token: account.secrets.get(SESSION_TOKEN),
    })
}

fn missing(field: &str, what: &str) -> BadAccount {
    BadAccount::at(field, format!("the credential has no {what}"))
}

/// The region, which becomes a part of a host's name.
fn region<'a>(account: &Account<'a>) -> Result<&'a str, BadAccount> {
    let region = account.settings.get(REGION).map_or("", String::as_str);
    let legal = region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    match region {
        "" => Err(BadAccount::at(REGION, "the provider has no region")),
        _ if !legal => Err(BadAccount::at(REGION, "a region is written like us-east-1")),
        region => Ok(region),
    }
}

/// What the hosts of a region's partition end in (botocore 1.44.5, `data/partitions.json`).
fn suffix(region: &str) -> &'static str {
    const PARTITIONS: [(&str, &str); 6] = [
        ("cn-", "amazonaws.com.cn"),
        ("eusc-", "amazonaws.eu"),
        ("us-iso-", "c2s.ic.gov"),
        ("us-isob-", "sc2s.sgov.gov"),
        ("eu-isoe-", "cloud.adc-e.uk"),
        ("us-isof-", "csp.hci.ic.gov"),
    ];
    let own = PARTITIONS.iter().find(|(start, _)| region.starts_with(start));
    own.map_or("amazonaws.com", |(_, suffix)| suffix)
}

#[cfg(test)]
mod tests;

//! Signing in as an application of Microsoft Entra: client credentials for a token.
//!
//! Reference:
//! <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow>; clouds:
//! <https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud>.

use super::{API_KEY, API_KEY_FIELD, BASE_URL_FIELD};
use crate::exchange::{self, Exchange};
use crate::manifest::{Choice, Condition, Control, Field};
use crate::{Account, BadAccount};

/// Which way to sign in.
pub(super) const AUTH: &str = "auth";
const ENTRA: &str = "entra";
const TENANT: &str = "tenant_id";
const CLIENT: &str = "client_id";
const SECRET: &str = "client_secret";
const CLOUD: &str = "cloud";

const WITH_ENTRA: &[Condition] = &[Condition { field: AUTH, value: ENTRA }];

/// Key or application.
pub(super) const AUTH_FIELD: Field = Field {
    id: AUTH,
    label: "Sign in with",
    control: Control::Radio {
        options: &[
            Choice { value: API_KEY, label: "API key" },
            Choice { value: ENTRA, label: "Microsoft Entra application" },
        ],
    },
    required: true,
    default: Some(API_KEY),
    help: None,
    ..BASE_URL_FIELD
};

/// The directory.
pub(super) const TENANT_FIELD: Field = Field {
    id: TENANT,
    label: "Tenant ID",
    required: true,
    placeholder: Some("00000000-0000-0000-0000-000000000000"),
    help: Some("The directory's id or one of its domains."),
    show_on: WITH_ENTRA,
    ..BASE_URL_FIELD
};

/// The application.
pub(super) const CLIENT_FIELD: Field = Field {
    id: CLIENT,
    label: "Application (client) ID",
    help: Some("It needs the role Cognitive Services OpenAI User on the resource."),
    ..TENANT_FIELD
};

/// Its secret.
pub(super) const SECRET_FIELD: Field = Field {
    id: SECRET,
    label: "Client secret",
    placeholder: None,
    help: Some("Its value, not its id."),
    show_on: WITH_ENTRA,
    ..API_KEY_FIELD
};

/// Which Azure.
pub(super) const CLOUD_FIELD: Field = Field {
    id: CLOUD,
    label: "Cloud",
    control: Control::Select {
        options: &[
            Choice { value: "public", label: "Azure" },
            Choice { value: "usgov", label: "Azure for US Government" },
            Choice { value: "china", label: "Azure in China" },
        ],
    },
    default: Some("public"),
    help: None,
    show_on: WITH_ENTRA,
    ..BASE_URL_FIELD
};

/// Whether the account signs in as an application.
pub(super) fn is_chosen(account: &Account<'_>) -> bool {
    account.settings.get(AUTH).is_some_and(|auth| auth == ENTRA)
}

/// What to trade for a token.
pub(super) fn exchange(account: &Account<'_>) -> Result<Exchange, BadAccount> {
    let setting = |field: &str| {
        let value = account.settings.get(field).filter(|it| !it.is_empty());
        value.ok_or_else(|| BadAccount::at(field, "the credential does not say it"))
    };
    let tenant = setting(TENANT)?;
    if !tenant.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.') {
        return Err(BadAccount::at(TENANT, "a tenant is an id or a domain"));
    }
    let client = setting(CLIENT)?;
    let secret = account.secrets.get(SECRET);
    let secret = secret.ok_or_else(|| BadAccount::at(SECRET, "the credential has no secret"))?;
    let (login, services) = match account.settings.get(CLOUD).map_or("", String::as_str) {
        "usgov" => ("login.microsoftonline.us", "cognitiveservices.azure.us"),
        "china" => ("login.partner.microsoftonline.cn", "cognitiveservices.azure.cn"),
        _ => ("login.microsoftonline.com", "cognitiveservices.azure.com"),
    };
    let scope = format!("https://{services}/.default");
    let body = exchange::form(&[
        ("grant_type", b"client_credentials"),
        ("client_id", client.as_bytes()),
        ("client_secret", secret.expose()),
        ("scope", scope.as_bytes()),
    ]);
    Ok(Exchange { url: format!("https://{login}/{tenant}/oauth2/v2.0/token"), body })
}

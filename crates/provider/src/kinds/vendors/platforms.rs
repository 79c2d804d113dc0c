//! Platforms where models are one service among others.

use wayleave_model::provider::ModelType;

use super::{ACCOUNT_ID, TYPED_FIELD};
use crate::kinds::compatible::{
    API_KEY_FIELD, BASE_URL_FIELD, BEARER, Compatible, OVERRIDE_FIELD, PLAIN,
};
use crate::kinds::place::Place;
use crate::manifest::{Field, Manifest};

/// <https://docs.github.com/en/rest/models/inference>.
pub(in crate::kinds) static GITHUB_MODELS: Compatible = Compatible {
    manifest: &Manifest {
        id: "github-models",
        label: "GitHub Models",
        summary: "Models for holders of a GitHub token.",
        docs_url: "https://docs.github.com/en/rest/models/inference",
        default_base_url: Some("https://models.github.ai/inference"),
        version_path: None,
        credential_form: &[
            Field { placeholder: Some("github_pat_…"), ..API_KEY_FIELD },
            OVERRIDE_FIELD,
        ],
        model_types: &[ModelType::Llm, ModelType::Embedding],
        ..BEARER
    },
    headers: &[("x-github-api-version", "2022-11-28")],
    ..PLAIN
};

/// <https://developers.cloudflare.com/workers-ai/configuration/open-ai-compatibility>.
pub(in crate::kinds) static CLOUDFLARE: Compatible = Compatible {
    manifest: &Manifest {
        id: "cloudflare",
        label: "Cloudflare Workers AI",
        summary: "Open models on Cloudflare's network.",
        docs_url: "https://developers.cloudflare.com/workers-ai/configuration/open-ai-compatibility",
        provider_form: &[
            Field {
                id: ACCOUNT_ID,
                label: "Account ID",
                required: true,
                help: Some("Stands on the overview page of the dashboard."),
                ..BASE_URL_FIELD
            },
            TYPED_FIELD,
        ],
        model_types: &[ModelType::Llm, ModelType::Embedding],
        ..BEARER
    },
    place: Place::Filled {
        field: ACCOUNT_ID,
        before: "https://api.cloudflare.com/client/v4/accounts/",
        after: "/ai/v1",
    },
    ..PLAIN
};

/// <https://docs.databricks.com/aws/en/machine-learning/foundation-model-apis/api-reference>.
pub(in crate::kinds) static DATABRICKS: Compatible = Compatible {
    manifest: &Manifest {
        id: "databricks",
        label: "Databricks",
        summary: "Models served in a Databricks workspace.",
        docs_url: "https://docs.databricks.com/aws/en/machine-learning/foundation-model-apis/api-reference",
        version_path: None,
        provider_form: &[Field {
            required: true,
            placeholder: Some("https://….cloud.databricks.com/serving-endpoints"),
            ..BASE_URL_FIELD
        }],
        credential_form: &[Field { placeholder: Some("dapi…"), ..API_KEY_FIELD }, OVERRIDE_FIELD],
        model_types: &[ModelType::Llm, ModelType::Embedding],
        ..BEARER
    },
    ..PLAIN
};

/// <https://www.scaleway.com/en/docs/generative-apis/api-cli/using-chat-api>.
pub(in crate::kinds) static SCALEWAY: Compatible = Compatible {
    manifest: &Manifest {
        id: "scaleway",
        label: "Scaleway Generative APIs",
        summary: "Open models hosted by Scaleway in Europe.",
        docs_url: "https://www.scaleway.com/en/docs/generative-apis/api-cli/using-chat-api",
        default_base_url: Some("https://api.scaleway.ai/v1"),
        model_types: &[ModelType::Llm, ModelType::Embedding],
        ..BEARER
    },
    ..PLAIN
};

/// <https://www.ovhcloud.com/en/public-cloud/ai-endpoints/catalog/>.
pub(in crate::kinds) static OVHCLOUD: Compatible = Compatible {
    manifest: &Manifest {
        id: "ovhcloud",
        label: "OVHcloud AI Endpoints",
        summary: "Open models hosted by OVHcloud in Europe.",
        docs_url: "https://www.ovhcloud.com/en/public-cloud/ai-endpoints/catalog/",
        default_base_url: Some("https://oai.endpoints.kepler.ai.cloud.ovh.net/v1"),
        model_types: &[ModelType::Llm, ModelType::Embedding],
        ..BEARER
    },
    ..PLAIN
};

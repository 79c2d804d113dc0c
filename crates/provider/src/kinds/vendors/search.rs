//! Vendors of vectors and ranking, which hold no conversations.

use wayleave_model::provider::ModelType;

use crate::kinds::compatible::{API_KEY_FIELD, BEARER, Compatible, OVERRIDE_FIELD, PLAIN};
use crate::manifest::{Field, Manifest};

/// <https://docs.voyageai.com/reference/embeddings-api>. It lists no models.
pub(in crate::kinds) static VOYAGE: Compatible = Compatible {
    manifest: &Manifest {
        id: "voyage",
        label: "Voyage AI",
        summary: "Voyage's vectors, of texts and of images, and its ranking.",
        docs_url: "https://docs.voyageai.com/reference/embeddings-api",
        default_base_url: Some("https://api.voyageai.com/v1"),
        credential_form: &[Field { placeholder: Some("pa-…"), ..API_KEY_FIELD }, OVERRIDE_FIELD],
        model_types: &[ModelType::Embedding, ModelType::Rerank],
        ..BEARER
    },
    operations: &[],
    listing: None,
    tails: &["/embeddings", "/multimodalembeddings", "/rerank"],
    families: None,
    ..PLAIN
};

/// <https://api.jina.ai/redoc>.
pub(in crate::kinds) static JINA: Compatible = Compatible {
    manifest: &Manifest {
        id: "jina",
        label: "Jina AI",
        summary: "Jina's vectors, of texts and of images, and its ranking.",
        docs_url: "https://api.jina.ai/redoc",
        default_base_url: Some("https://api.jina.ai/v1"),
        credential_form: &[Field { placeholder: Some("jina_…"), ..API_KEY_FIELD }, OVERRIDE_FIELD],
        model_types: &[ModelType::Embedding, ModelType::Rerank],
        ..BEARER
    },
    operations: &[],
    listing: None,
    tails: &["/embeddings", "/rerank"],
    families: None,
    ..PLAIN
};

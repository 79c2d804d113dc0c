//! Provider kinds and their forms.

use utoipa::ToSchema;

/// A kind's name, and its forms as data.
#[derive(ToSchema)]
pub(crate) struct Kind {
    id: String,
    label: String,
    summary: String,
    docs_url: String,
    default_base_url: Option<String>,
    version_path: Option<String>,
    provider_form: Vec<FormField>,
    credential_form: Vec<FormField>,
    model_types: Vec<String>,
    /// Models that the catalog does not name may be added.
    custom_models: bool,
    /// Of a custom model, beside its name and its type; empty where there are none.
    model_form: Vec<FormField>,
    /// An SVG, to be shown inline.
    icon: String,
}

/// One field of a form.
#[derive(ToSchema)]
pub(crate) struct FormField {
    id: String,
    label: String,
    control: Control,
    required: bool,
    default: Option<String>,
    placeholder: Option<String>,
    help: Option<String>,
    /// Shown, and enforced, only if one of these holds; always if there is none.
    show_on: Vec<Condition>,
}

/// How it is filled in.
#[derive(ToSchema)]
pub(crate) struct Control {
    /// `text`, `secret`, `select`, `radio` or `switch`.
    r#type: String,
    /// Of `select` and `radio`.
    options: Option<Vec<Choice>>,
}

/// One option.
#[derive(ToSchema)]
pub(crate) struct Choice {
    value: String,
    label: String,
}

/// Another field has that value.
#[derive(ToSchema)]
pub(crate) struct Condition {
    field: String,
    value: String,
}

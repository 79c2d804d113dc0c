//! Options of `wayleave credential`, and what they ask for.

use clap::Args;
use serde_json::{Map, Value, json};

use super::super::secret_arg::{self, pair};
use crate::cli::Context;
use crate::exit::Failure;

/// The fields of the kind's form.
#[derive(Debug, Args)]
pub struct FieldArgs {
    /// A secret field and where it is read: env:NAME, file:PATH or - for standard input
    #[arg(long = "secret", value_name = "FIELD=SOURCE")]
    secrets: Vec<String>,
    /// Another field of the kind's form
    #[arg(long = "set", value_name = "FIELD=VALUE")]
    settings: Vec<String>,
}

/// Whether a proof may cost something.
#[derive(Debug, Args)]
pub struct PaidArgs {
    /// Also make the smallest call of this model: it costs a few tokens
    #[arg(long, value_name = "MODEL")]
    paid_call: Option<String>,
    /// What that model does, if nothing is known of it
    #[arg(long, value_name = "TYPE", requires = "paid_call")]
    model_type: Option<String>,
}

/// What a new credential is.
#[derive(Debug, Args)]
pub struct AddArgs {
    /// The provider's name or id
    pub provider: String,
    /// Its name; `API KEY n` if none is given
    name: Option<String>,
    #[command(flatten)]
    fields: FieldArgs,
    /// The id of the one custom model it is for
    #[arg(long, value_name = "ID")]
    model: Option<String>,
    /// Let it serve unless a target says otherwise
    #[arg(long)]
    default: bool,
    #[command(flatten)]
    paid: PaidArgs,
    /// Save it without asking its provider
    #[arg(long, conflicts_with = "paid_call")]
    skip_validation: bool,
}

/// What changes of a credential.
#[derive(Debug, Args)]
pub struct UpdateArgs {
    /// The provider's name or id
    pub provider: String,
    /// The credential's name or id
    pub credential: String,
    /// Its new name
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    fields: FieldArgs,
    /// Let it serve again
    #[arg(long, conflicts_with = "disable")]
    enable: bool,
    /// Let it serve nothing
    #[arg(long)]
    disable: bool,
    #[command(flatten)]
    paid: PaidArgs,
    /// Save other secrets or settings without asking its provider
    #[arg(long, conflicts_with = "paid_call")]
    skip_validation: bool,
}

impl FieldArgs {
    /// `fields` and `settings`, each only if something was said of it.
    pub fn wish(&self, context: &Context<'_>) -> Result<Value, Failure> {
        let mut wish = Map::new();
        let mut fields = Map::new();
        for text in &self.secrets {
            let (field, source) = pair("--secret", text)?;
            let secret = secret_arg::read("--secret", source, context)?;
            fields.insert(field.to_owned(), json!(secret.expose_str()));
        }
        let mut settings = Map::new();
        for text in &self.settings {
            let (field, value) = pair("--set", text)?;
            settings.insert(field.to_owned(), json!(value));
        }
        for (key, map) in [("fields", fields), ("settings", settings)] {
            if !map.is_empty() {
                wish.insert(key.to_owned(), Value::Object(map));
            }
        }
        Ok(Value::Object(wish))
    }
}

impl PaidArgs {
    /// How far a proof may go; `None`: nothing that costs.
    pub fn wish(&self) -> Option<Value> {
        let model = self.paid_call.as_ref()?;
        let mut wish = json!({"model": model, "paid": true});
        if let Some(of) = &self.model_type {
            wish["type"] = json!(of);
        }
        Some(wish)
    }
}

impl AddArgs {
    /// The body that asks for it.
    pub fn wish(&self, context: &Context<'_>) -> Result<Value, Failure> {
        let mut wish = self.fields.wish(context)?;
        wish["name"] = json!(self.name);
        wish["model"] = json!(self.model);
        wish["default"] = json!(self.default);
        wish["validate"] = json!(self.paid.wish());
        wish["skip_validation"] = json!(self.skip_validation);
        Ok(wish)
    }
}

impl UpdateArgs {
    /// The body that asks for it.
    pub fn wish(&self, context: &Context<'_>) -> Result<Value, Failure> {
        let mut wish = self.fields.wish(context)?;
        wish["name"] = json!(self.name);
        if self.enable || self.disable {
            wish["enabled"] = json!(self.enable);
        }
        wish["validate"] = json!(self.paid.wish());
        wish["skip_validation"] = json!(self.skip_validation);
        Ok(wish)
    }
}

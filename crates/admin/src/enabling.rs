//! Models of the catalog become models of a workspace: with its facts and its price, once each.

use std::collections::BTreeSet;

use wayleave_model::id::ModelId;
use wayleave_model::provider::{ModelType, Provider};
use wayleave_model::target::{Model, ModelFacts};
use wayleave_provider::catalog::{Catalog, CatalogModel};
use wayleave_store::models::{self, ModelDraft};
use wayleave_store::prices::PriceDraft;
use wayleave_store::{Change, StoreError};

use crate::catalog::{Quote, quote};
use crate::lookup::every;

/// Which models of a provider.
#[derive(Debug)]
pub(crate) enum Which {
    /// These, whether there already, disabled, or only in the catalog.
    Named(Vec<String>),
    /// All that the catalog has and the vendor still serves.
    All,
    /// Those of these that are not there in any form: what somebody disabled stays so.
    Missing(Vec<String>),
}

/// What became of one name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Enabled {
    pub(crate) name: String,
    pub(crate) model_type: Option<ModelType>,
    pub(crate) outcome: Outcome,
    /// `None`: unknown.
    pub(crate) model: Option<ModelId>,
    /// What is worth knowing: why it is unknown, or what is left to do.
    pub(crate) note: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Made,
    Attached,
    Unknown,
}

impl Outcome {
    /// The word in JSON.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Outcome::Made => "made",
            Outcome::Attached => "attached",
            Outcome::Unknown => "unknown",
        }
    }
}

/// Enables models of `provider`, as of the day `today`. One that is there keeps all it has. With them
/// come the names that were left out because their vendor no longer serves them.
pub(crate) async fn enable(
    change: &mut Change,
    catalog: &Catalog,
    provider: &Provider,
    which: Which,
    of: Option<ModelType>,
    today: &str,
) -> Result<(Vec<Enabled>, Vec<String>), StoreError> {
    let at = change.workspace();
    let only = Some(provider.id);
    let there: Vec<Model> = every!(page => models::list(change.tx(), at, only, &page));
    let typed = |it: ModelType| of.is_none_or(|of| of == it);
    let past = |row: &CatalogModel| row.is_past(today);
    let mut left_out = Vec::new();
    let (names, missing) = match which {
        Which::Named(names) => (names, false),
        Which::Missing(names) => {
            let gone =
                |name: &String| catalog.find(&provider.kind, name).as_ref().is_some_and(past);
            (names.into_iter().filter(|name| !gone(name)).collect(), true)
        }
        Which::All => {
            let rows = catalog.of_kind(&provider.kind).filter(|row| typed(row.model_type));
            let (gone, served): (Vec<_>, Vec<_>) = rows.partition(past);
            left_out.extend(gone.into_iter().map(|row| row.model));
            (served.into_iter().map(|row| row.model).collect(), false)
        }
    };
    let mut done = Vec::with_capacity(names.len());
    for name in names.into_iter().collect::<BTreeSet<_>>() {
        let same: Vec<&Model> =
            there.iter().filter(|it| it.name == name && typed(it.model_type)).collect();
        if missing && !same.is_empty() {
            continue;
        }
        for model in &same {
            done.push(attach(change, model).await?);
        }
        if same.is_empty() {
            done.push(make(change, catalog, provider, name, of, today).await?);
        }
    }
    Ok((done, left_out))
}

async fn attach(change: &mut Change, model: &Model) -> Result<Enabled, StoreError> {
    let draft = ModelDraft { enabled: true, ..ModelDraft::from(model) };
    models::update(change, model.id, None, &draft).await?;
    let note = (!model.enabled).then(|| "it was disabled, and is enabled again".to_owned());
    Ok(Enabled {
        name: model.name.clone(),
        model_type: Some(model.model_type),
        outcome: Outcome::Attached,
        model: Some(model.id),
        note,
    })
}

async fn make(
    change: &mut Change,
    catalog: &Catalog,
    provider: &Provider,
    name: String,
    of: Option<ModelType>,
    today: &str,
) -> Result<Enabled, StoreError> {
    let kind = provider.kind.as_str();
    let unknown = |note: String| Enabled {
        name: name.clone(),
        model_type: None,
        outcome: Outcome::Unknown,
        model: None,
        note: Some(note),
    };
    let Some(row) = catalog.find(kind, &name) else {
        let note = format!("neither `{}` nor the catalog of `{kind}` has it", provider.name);
        return Ok(unknown(format!("{note}: add it as a custom model, with its price")));
    };
    if of.is_some_and(|of| of != row.model_type) {
        return Ok(unknown(format!("the catalog has it as `{}`", row.model_type.as_str())));
    }
    let draft = ModelDraft {
        provider: provider.id,
        name: name.clone(),
        model_type: row.model_type,
        custom: false,
        enabled: true,
        facts: row.fill(&ModelFacts::default()),
        managed_by: None,
    };
    let made = models::create(change, &draft).await?;
    let mut notes = Vec::new();
    match quote(Some(&row), kind, &name) {
        Ok(Quote { free, rates, source, apart }) => {
            let price = PriceDraft { free, rates, effective_from: None, source, verified_at: None };
            models::set_price(change, made.id, None, &price).await?;
            if !apart.is_empty() {
                notes.push(format!("its price leaves out {}", apart.join(", ")));
            }
        }
        Err(why) => notes.push(format!("{why}; until then requests to it are refused")),
    }
    if let Some(day) = row.deprecated {
        let verb = if row.is_past(today) { "no longer serves" } else { "will not serve" };
        notes.push(format!("its vendor {verb} it from {day} on"));
    }
    Ok(Enabled {
        name,
        model_type: Some(row.model_type),
        outcome: Outcome::Made,
        model: Some(made.id),
        note: (!notes.is_empty()).then(|| notes.join("; ")),
    })
}

//! What the catalog knows of a document's models: the facts that were left open, and the price where
//! the document says that it is the catalog's.

use wayleave_provider::catalog::Catalog;

use super::plan::Current;
use super::wanted::{Wanted, WantedModel};
use crate::catalog::{Quote, quote};
use crate::error::FieldError;
use crate::form;

/// Completes every model of `wanted`; returns what is worth saying about their prices.
///
/// # Errors
/// Models whose price is to be the catalog's, which has none for them, and broken rules of forms.
pub(super) fn complete(
    wanted: &mut Wanted,
    current: &Current,
    catalog: &Catalog,
) -> Result<Vec<String>, Vec<FieldError>> {
    let (mut notes, mut wrong) = (Vec::new(), Vec::new());
    let kinds: Vec<Option<String>> =
        wanted.models.iter().map(|it| kind(wanted, current, &it.provider)).collect();
    for (model, kind) in wanted.models.iter_mut().zip(kinds) {
        // A provider that is not there is the plan's to refuse.
        let Some(kind) = kind else { continue };
        match form::model(&kind, model.model_type, &model.settings, &model.facts) {
            Ok(facts) => model.facts = facts,
            Err(errors) => {
                wrong.extend(errors.into_iter().map(|it| it.under(&model.path)));
                continue;
            }
        }
        // `complete` may run twice over one document.
        model.settings.clear();
        match one(model, &kind, catalog) {
            Ok(note) => notes.extend(note),
            Err(why) => wrong.push(FieldError::new(format!("{}.price", model.path), why)),
        }
    }
    if wrong.is_empty() { Ok(notes) } else { Err(wrong) }
}

fn one(model: &mut WantedModel, kind: &str, catalog: &Catalog) -> Result<Option<String>, String> {
    let row = catalog.find(kind, &model.name).filter(|it| it.model_type == model.model_type);
    if let Some(row) = &row {
        model.facts = row.fill(&model.facts);
    }
    if !model.from_catalog {
        return Ok(None);
    }
    let Quote { free, rates, source, apart } = quote(row.as_ref(), kind, &model.name)?;
    (model.free, model.rates, model.source) = (free, rates, source);
    let name = format!("{}/{}", model.provider, model.name);
    Ok((!apart.is_empty()).then(|| {
        format!(
            "the price of {name} leaves out what the catalog has beside it: {}",
            apart.join(", ")
        )
    }))
}

/// The kind of a provider, by name in the document, by name or id in the workspace.
fn kind(wanted: &Wanted, current: &Current, provider: &str) -> Option<String> {
    let brought = wanted.providers.iter().find(|it| it.name == provider).map(|it| &it.kind);
    let there = || {
        let same = |it: &&wayleave_model::provider::Provider| {
            it.name == provider || it.id.to_string() == provider
        };
        current.providers.iter().find(same).map(|it| &it.kind)
    };
    brought.or_else(there).cloned()
}

//! `PUT /api/v1/workspaces/{workspace}/models/{model}/pool`

use axum::extract::{Path, State};
use serde::Deserialize;
use utoipa::ToSchema;
use wayleave_model::id::{CredentialId, PoolEntryId};
use wayleave_model::pool::{Pool, Strategy};
use wayleave_model::target::Model;
use wayleave_store::pools::{self, EntryDraft, PoolDraft};

use super::must_serve;
use crate::auth::Here;
use crate::body::{Body, IfMatch, Tagged};
use crate::error::{FieldError, Problem};
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::{Around, PoolView};

/// A whole pool.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PoolWish {
    /// Switched on: needs two enabled entries that can serve.
    enabled: bool,
    /// `round_robin` (the usual), `weighted`, `least_busy`, `lowest_latency` or `priority`.
    #[serde(default)]
    #[schema(value_type = String)]
    strategy: Strategy,
    /// All entries in order: those that are left out are removed.
    entries: Vec<EntryWish>,
}

/// One share of the load.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EntryWish {
    /// One that is there; a new one if absent.
    id: Option<String>,
    /// By name or id; Default Config, the live default, if absent or `null`.
    credential: Option<String>,
    /// Its share where shares are weighed, 1 to 1000; 1 if absent.
    weight: Option<u32>,
    /// Enabled unless it says otherwise.
    enabled: Option<bool>,
}

/// Makes a model's pool as the body says, on or off. Entries whose ids are named are kept.
#[utoipa::path(
    put, path = "/api/v1/workspaces/{workspace}/models/{model}/pool", tag = "pools", operation_id = "put_pool",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("model" = String, Path, description = "The model's id")),
    request_body = PoolWish,
    responses((status = 200, body = PoolView), Refusals)
)]
pub(crate) async fn put(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String)>,
    IfMatch(expected): IfMatch,
    Body(wish): Body<PoolWish>,
) -> Result<Tagged<PoolView>, Problem> {
    let (_, model) = named;
    let at = here.workspace.id;
    let mut change = state.store.change(at, &here.actor, "").await?;
    let model = lookup::model(change.tx(), at, &model).await?;
    let around = Around::of_model(change.tx(), at, &model).await?;
    let before = around.pools.first().cloned().unwrap_or_else(|| Pool::none(model.id));
    let draft = PoolDraft {
        enabled: wish.enabled,
        strategy: wish.strategy,
        entries: entries(wish.entries, &around, &model, &before)?,
        managed_by: before.managed_by.clone(),
    };
    // Somebody else's change is told before what it made wrong.
    if expected.is_none_or(|it| it == before.version) {
        must_serve(&around, &model, &before, &draft, "entries")?;
    }
    let pool = pools::put(&mut change, model.id, expected, &draft).await?;
    change.commit().await?;
    let version = pool.version;
    Ok(Tagged(around.view(&model, &pool, state.healths.as_ref()), version))
}

fn entries(
    wishes: Vec<EntryWish>,
    around: &Around,
    model: &Model,
    before: &Pool,
) -> Result<Vec<EntryDraft>, Problem> {
    let mut wrong = Vec::new();
    let mut drafts: Vec<EntryDraft> = Vec::with_capacity(wishes.len());
    for (at, wish) in wishes.into_iter().enumerate() {
        let field = |name: &str| format!("entries[{at}].{name}");
        let id = wish.id.as_deref().map(|text| known(text, before, &drafts)).transpose();
        let id = id.unwrap_or_else(|why| {
            wrong.push(FieldError::new(field("id"), why));
            None
        });
        let credential = wish.credential.as_deref().map(|text| credential(text, around, model));
        let credential = credential.transpose().unwrap_or_else(|why| {
            wrong.push(FieldError::new(field("credential"), why));
            None
        });
        let weight = wish.weight.unwrap_or(1);
        if !(1..=1_000).contains(&weight) {
            wrong.push(FieldError::new(field("weight"), "expected 1 to 1000"));
        }
        let enabled = wish.enabled.unwrap_or(true);
        drafts.push(EntryDraft { id, credential, weight, enabled });
    }
    if wrong.is_empty() { Ok(drafts) } else { Err(Problem::invalid(wrong)) }
}

fn known(text: &str, before: &Pool, so_far: &[EntryDraft]) -> Result<PoolEntryId, String> {
    let shown: String = text.chars().take(64).collect();
    let found = before.entries.iter().find(|it| it.id.to_string() == text);
    let found = found
        .ok_or_else(|| format!("this pool has no entry `{shown}`: leave it out for a new one"))?;
    match so_far.iter().any(|it| it.id == Some(found.id)) {
        true => Err("is there twice: leave it out for the second".to_owned()),
        false => Ok(found.id),
    }
}

/// One of the model's own, else one of its provider.
fn credential(text: &str, around: &Around, model: &Model) -> Result<CredentialId, String> {
    let named = |of| {
        let mut all = around.credentials.iter().filter(move |it| it.model == of);
        all.find(|it| it.name == text || it.id.to_string() == text)
    };
    let found = named(Some(model.id)).or_else(|| named(None)).map(|it| it.id);
    found.ok_or_else(|| {
        let shown: String = text.chars().take(64).collect();
        format!("neither the model nor its provider has a credential `{shown}`")
    })
}

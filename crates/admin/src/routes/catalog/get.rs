//! `GET /api/v1/system/catalog`

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use wayleave_provider::catalog::Catalog;

use crate::auth::Caller;
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;

/// The catalog in force.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CatalogView {
    /// It is the one that this version was built with.
    built_in: bool,
    /// SHA-256 of its text.
    sha256: String,
    /// How many models it has.
    models: u64,
    /// Where it was from; `null` of the built-in one.
    source: Option<String>,
    /// Who applied it; `null` of the built-in one.
    applied_by: Option<String>,
    /// When it was applied; `null` of the built-in one.
    applied_at: Option<String>,
    /// It is shown at `/api/catalog`.
    public: bool,
}

/// Says which catalog is in force.
#[utoipa::path(
    get, path = "/api/v1/system/catalog", tag = "catalog", operation_id = "get_catalog",
    responses((status = 200, body = CatalogView), Refusals)
)]
pub(crate) async fn get(
    State(state): State<AdminState>,
    _: Caller,
) -> Result<Json<CatalogView>, Problem> {
    let note = wayleave_store::catalog::note(&mut state.store.read().await?).await?;
    let public = state.public_catalog.is_some();
    Ok(Json(match note {
        Some(note) => CatalogView {
            built_in: false,
            sha256: note.sha256,
            models: note.models,
            source: Some(note.source),
            applied_by: Some(note.applied_by),
            applied_at: Some(note.applied_at.to_string()),
            public,
        },
        None => {
            let catalog = Catalog::built_in();
            CatalogView {
                built_in: true,
                sha256: catalog.digest().into_owned(),
                models: catalog.len() as u64,
                source: None,
                applied_by: None,
                applied_at: None,
                public,
            }
        }
    }))
}

//! `GET /api/v1/system/catalog/models`

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::IntoParams;
use wayleave_provider::catalog::{Catalog, CatalogModel, public_row};

use crate::auth::Caller;
use crate::body::Search;
use crate::catalog::in_force;
use crate::error::Problem;
use crate::routes::Refusals;
use crate::shape::catalog::CatalogRow;
use crate::state::AdminState;
use crate::view::PageView;

/// Which models.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    /// Only those of this provider kind.
    provider: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// At most so many items, 1 to 500; 50 if absent.
    limit: Option<u32>,
}

/// A row, as `/api/catalog` has it.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct RowView(Value);

/// Lists what is publicly known of models, by provider kind and name.
#[utoipa::path(
    get, path = "/api/v1/system/catalog/models", tag = "catalog", operation_id = "list_catalog_models",
    params(Filter),
    responses((status = 200, body = PageView<CatalogRow>), Refusals)
)]
pub(crate) async fn list(
    State(state): State<AdminState>,
    _: Caller,
    Search(filter): Search<Filter>,
) -> Result<Json<PageView<RowView>>, Problem> {
    let catalog = in_force(&mut state.store.read().await?).await?;
    Ok(Json(page(&catalog, &filter)?))
}

fn page(catalog: &Catalog, filter: &Filter) -> Result<PageView<RowView>, Problem> {
    let limit = filter.limit.unwrap_or(50).clamp(1, wayleave_store::MAX_LIMIT) as usize;
    let after = match filter.cursor.as_deref().map(|it| it.split_once('/')) {
        Some(None) => {
            let detail = "the cursor is not one of this list's";
            return Err(Problem::new(StatusCode::BAD_REQUEST, "bad_cursor", detail));
        }
        Some(Some(after)) => after,
        None => ("", ""),
    };
    let rest = |row: &CatalogModel| (row.provider.as_str(), row.model.as_str()) > after;
    let mut rows: Box<dyn Iterator<Item = CatalogModel>> = match &filter.provider {
        Some(kind) => Box::new(catalog.of_kind(kind).filter(rest)),
        None => Box::new(catalog.models().filter(rest)),
    };
    let mut items = Vec::new();
    let mut last = None;
    for row in rows.by_ref().take(limit) {
        let shown = serde_json::to_value(public_row(&row));
        items.push(RowView(shown.map_err(|error| Problem::internal(&error))?));
        last = Some(format!("{}/{}", row.provider, row.model));
    }
    let next_cursor = last.filter(|_| rows.next().is_some());
    Ok(PageView { items, next_cursor })
}

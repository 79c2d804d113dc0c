//! `GET /api/v1/system/kinds`

use axum::Json;
use serde::Serialize;
use wayleave_provider::icon::icon;
use wayleave_provider::manifest::Field;
use wayleave_provider::model_form::model_form;
use wayleave_provider::{KINDS, Manifest};

use crate::auth::Caller;
use crate::error::Problem;
use crate::routes::Refusals;
use crate::shape::kind::Kind;
use crate::view::PageView;

/// A kind's manifest: its name, and its forms as data.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct KindView(Shown);

#[derive(Debug, Serialize)]
struct Shown {
    #[serde(flatten)]
    manifest: &'static Manifest,
    /// Fields of a custom model, beside its name and its type; empty where there are none.
    model_form: &'static [Field],
    /// An SVG, to be shown inline.
    icon: String,
}

impl From<&'static Manifest> for KindView {
    fn from(manifest: &'static Manifest) -> KindView {
        KindView(Shown { manifest, model_form: model_form(manifest), icon: icon(manifest) })
    }
}

/// Lists provider kinds with the fields of their forms.
#[utoipa::path(
    get, path = "/api/v1/system/kinds", tag = "kinds", operation_id = "list_kinds",
    responses((status = 200, body = PageView<Kind>), Refusals)
)]
pub(crate) async fn list(_: Caller) -> Result<Json<PageView<KindView>>, Problem> {
    Ok(Json(PageView::whole(KINDS.iter().map(|kind| KindView::from(kind.manifest())).collect())))
}

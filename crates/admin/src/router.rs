//! Every route and its OpenAPI entry, in one chain.

use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware;
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{PathItem, RefOr};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::{FieldError, Problem, ProblemDocument};
use crate::routes as at;
use crate::state::AdminState;
use crate::{auth, idempotency, request_id};

/// The largest body: a setup document of many thousand lines, or a batch of a spool.
pub(crate) const LARGEST_BODY: usize = 32 << 20;

/// The management API. Serve it at the root; everything of it is below `/api/`.
///
/// A listener that only this server's own user can reach (a Unix socket of mode 0600) adds
/// [`crate::LocalOperator`] to the extensions of its requests: they need no token.
pub fn router(state: AdminState) -> Router {
    // The description that comes with each is made again when somebody asks for it: kept, it would be
    // the most of what an idle process holds.
    let (api, _) = api().split_for_parts();
    let (open, _) = open().split_for_parts();
    api.route_layer(middleware::from_fn_with_state(state.clone(), idempotency::layer))
        .route_layer(middleware::from_fn_with_state(state.clone(), auth::layer))
        .merge(open)
        .route("/api/openapi.json", get(|| async { Json(document()) }))
        .fallback(unknown)
        .method_not_allowed_fallback(other_method)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn_with_state(state.clone(), request_id::layer))
        .with_state(state)
}

/// The description of the API, as it is served at `/api/openapi.json`.
pub fn document() -> utoipa::openapi::OpenApi {
    let mut document = api().into_openapi();
    document.merge(open().into_openapi());
    worded(document)
}

/// With a word to each answer that has none of its own: OpenAPI wants one, and its body says it all.
fn worded(mut document: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    for item in document.paths.paths.values_mut() {
        let PathItem { get, put, post, patch, delete, .. } = item;
        for operation in [get, put, post, patch, delete].into_iter().flatten() {
            for (status, answer) in &mut operation.responses.responses {
                if let RefOr::T(answer) = answer
                    && answer.description.is_empty()
                {
                    let made = status == "201";
                    answer.description = if made { "It is made" } else { "Done" }.to_owned();
                }
            }
        }
    }
    document
}

/// What is answered without a token.
fn open() -> OpenApiRouter<AdminState> {
    OpenApiRouter::new()
        .routes(routes!(at::catalog::public::public))
        .routes(routes!(at::session::create::create))
        .routes(routes!(at::session::ways::ways))
        .routes(routes!(at::sso::start::start))
        .routes(routes!(at::sso::callback::callback))
        .routes(routes!(at::invitations::look::look))
        .routes(routes!(at::invitations::accept::accept))
}

fn api() -> OpenApiRouter<AdminState> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(at::workspaces::list::list, at::workspaces::create::create))
        .routes(routes!(
            at::workspaces::get::get,
            at::workspaces::update::update,
            at::workspaces::delete::delete
        ))
        .routes(routes!(at::plans::list::list, at::plans::create::create))
        .routes(routes!(at::plans::get::get, at::plans::update::update, at::plans::delete::delete))
        .routes(routes!(at::grants::list::list, at::grants::create::create))
        .routes(routes!(
            at::grants::get::get,
            at::grants::update::update,
            at::grants::delete::delete
        ))
        .routes(routes!(at::info::get::get))
        .routes(routes!(at::kinds::list::list))
        .routes(routes!(at::permissions::list::list))
        .routes(routes!(at::session::delete::delete))
        .routes(routes!(at::me::get::get, at::me::update::update))
        .routes(routes!(at::me::password::password))
        .routes(routes!(at::me::sessions::list))
        .routes(routes!(at::me::revoke_session::revoke))
        .routes(routes!(at::me::accept::accept))
        .routes(routes!(at::people::list::list, at::people::create::create))
        .routes(routes!(
            at::people::get::get,
            at::people::update::update,
            at::people::delete::delete
        ))
        .routes(routes!(at::people::set_password::set_password))
        .routes(routes!(at::people::sessions::list, at::people::revoke_sessions::all))
        .routes(routes!(at::people::revoke_sessions::one))
        .routes(routes!(at::sso::get::get, at::sso::set::set, at::sso::remove::remove))
        .routes(routes!(at::members::list::list, at::members::create::create))
        .routes(routes!(at::members::update::update, at::members::delete::delete))
        .routes(routes!(at::members::make_owner::make_owner))
        .routes(routes!(at::invitations::list::list, at::invitations::create::create))
        .routes(routes!(at::invitations::revoke::revoke))
        .routes(routes!(at::tokens::list_here::list, at::tokens::create_here::create))
        .routes(routes!(at::tokens::revoke_here::revoke))
        .routes(routes!(at::tokens::list::list, at::tokens::create::create))
        .routes(routes!(at::tokens::revoke::revoke))
        .routes(routes!(at::catalog::get::get, at::catalog::update::update))
        .routes(routes!(at::catalog::diff::diff))
        .routes(routes!(at::catalog::models::list))
        .routes(routes!(at::nodes::list::list))
        .routes(routes!(at::keks::list::list))
        .routes(routes!(at::keks::rotate::rotate))
        .routes(routes!(at::backup::create::create))
        .routes(routes!(at::spool::replay::replay))
        .routes(routes!(at::settings::get::get, at::settings::update::update))
        .routes(routes!(at::owners::list::list, at::owners::create::create))
        .routes(routes!(at::owners::update::update, at::owners::delete::delete))
        .routes(routes!(at::providers::list::list, at::providers::create::create))
        .routes(routes!(
            at::providers::get::get,
            at::providers::update::update,
            at::providers::delete::delete
        ))
        .routes(routes!(at::providers::enable_models::enable_models))
        .routes(routes!(at::providers::discover::discover))
        .routes(routes!(at::credentials::list::list, at::credentials::create::create))
        .routes(routes!(
            at::credentials::get::get,
            at::credentials::update::update,
            at::credentials::delete::delete
        ))
        .routes(routes!(at::credentials::validate::validate))
        .routes(routes!(at::credentials::validate_stored::validate_stored))
        .routes(routes!(at::credentials::check::check))
        .routes(routes!(at::credentials::make_default::make_default))
        .routes(routes!(at::credentials::health::say))
        .routes(routes!(at::addable::list::list))
        .routes(routes!(at::addable::add_again::add_again, at::addable::forget::forget))
        .routes(routes!(at::models::list::list, at::models::create::create))
        .routes(routes!(
            at::models::get::get,
            at::models::update::update,
            at::models::delete::delete
        ))
        .routes(routes!(at::models::set_price::set_price))
        .routes(routes!(at::models::enable::enable))
        .routes(routes!(at::models::disable::disable))
        .routes(routes!(at::default_models::list::list))
        .routes(routes!(
            at::default_models::get::get,
            at::default_models::set::set,
            at::default_models::unset::unset
        ))
        .routes(routes!(at::pools::get::get, at::pools::put::put, at::pools::update::update))
        .routes(routes!(at::aliases::list::list, at::aliases::create::create))
        .routes(routes!(
            at::aliases::get::get,
            at::aliases::update::update,
            at::aliases::delete::delete
        ))
        .routes(routes!(at::aliases::versions::versions))
        .routes(routes!(at::aliases::restore::restore))
        .routes(routes!(at::keys::list::list, at::keys::create::create))
        .routes(routes!(at::keys::get::get, at::keys::update::update, at::keys::delete::delete))
        .routes(routes!(at::keys::rotate::rotate))
        .routes(routes!(at::keys::revoke::revoke))
        .routes(routes!(at::usage::list::list))
        .routes(routes!(at::usage::get::get))
        .routes(routes!(at::jobs::list::list))
        .routes(routes!(at::jobs::get::get))
        .routes(routes!(at::proofs::list::list))
        .routes(routes!(at::proofs::days::days))
        .routes(routes!(at::audit::list::list))
        .routes(routes!(at::audit::verify::verify))
        .routes(routes!(at::apply::create::create))
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Wayleave management API",
        description = "Everything that configures Wayleave. Console and command line use nothing else. A POST with an `Idempotency-Key` is done once: sent again within a day, it gets the same answer.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    components(schemas(ProblemDocument, FieldError)),
    modifiers(&Tokens),
    security(("token" = []), ("session" = []))
)]
struct Description;

struct Tokens;

impl Modify for Tokens {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = Http::builder().scheme(HttpAuthScheme::Bearer).bearer_format("wlt_…").build();
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(scheme));
        let cookie = ApiKey::Cookie(ApiKeyValue::with_description(
            "wayleave_session",
            "Set by signing in; `__Host-wayleave_session` where the server is told by an https address. A change also needs the server's own `Origin`.",
        ));
        components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
    }
}

async fn unknown(request: Request) -> Problem {
    let path: String = request.uri().path().chars().take(256).collect();
    let detail = format!(
        "there is nothing at `{path}`: the management API is described at /api/openapi.json"
    );
    Problem::new(StatusCode::NOT_FOUND, "unknown_url", detail)
}

async fn other_method(request: Request) -> Problem {
    let detail = format!("{} is not possible here: `Allow` says what is", request.method());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
}

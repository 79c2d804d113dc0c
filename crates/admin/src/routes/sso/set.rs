//! `PUT /api/v1/system/sso`

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use wayleave_model::id::SYSTEM_WORKSPACE;

use super::{SsoView, view};
use crate::apply::document::Hidden;
use crate::auth::Operator;
use crate::body::Body;
use crate::error::{FieldError, Problem};
use crate::lookup;
use crate::routes::Refusals;
use crate::routes::members::role;
use crate::sign_in::sso::config::{self, GroupGrant, Sso};
use crate::state::AdminState;

/// How single sign-on is to be set up.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SsoWish {
    /// The issuer identifier, exactly as the issuer's own document spells it.
    issuer: String,
    client_id: String,
    /// Absent: the one that is stored stays, if the issuer is still the same.
    #[serde(default)]
    client_secret: Option<Hidden>,
    /// What its button says; the issuer's host if absent.
    #[serde(default)]
    label: Option<String>,
    /// Asked for beside `openid`; `email` and `profile` if absent.
    #[serde(default)]
    scopes: Option<Vec<String>>,
    /// The claim that lists a person's groups; `groups` if absent.
    #[serde(default)]
    groups_claim: Option<String>,
    /// What each group makes of its people.
    #[serde(default)]
    grants: Vec<GrantWish>,
}

/// What a group is to make of its people.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GrantWish {
    /// The group; `*` is everybody who can sign in there.
    group: String,
    /// By name or id; absent: the instance, with the role `operator`.
    #[serde(default)]
    workspace: Option<String>,
    role: String,
}

/// Sets up single sign-on with OpenID Connect. People's roles follow at their next sign-in.
#[utoipa::path(
    put, path = "/api/v1/system/sso", tag = "people", operation_id = "set_sso",
    request_body = SsoWish,
    responses((status = 200, body = SsoView), Refusals)
)]
pub(crate) async fn set(
    State(state): State<AdminState>,
    by: Operator,
    Body(wish): Body<SsoWish>,
) -> Result<Json<SsoView>, Problem> {
    let mut change = state.store.change(SYSTEM_WORKSPACE, &by.actor, "").await?;
    let mut grants = Vec::new();
    for (index, grant) in wish.grants.into_iter().enumerate() {
        let workspace = match &grant.workspace {
            None => None,
            Some(text) => {
                let found = lookup::workspace(change.tx(), text).await;
                let found = found.map_err(|problem| match problem.code {
                    "not_found" => {
                        let field = format!("grants[{index}].workspace");
                        Problem::invalid(vec![FieldError::new(field, problem.detail)])
                    }
                    _ => problem,
                });
                Some(found?.id)
            }
        };
        let role = role(&format!("grants[{index}].role"), &grant.role)?;
        grants.push(GroupGrant { group: grant.group, workspace, role });
    }
    let host = wish.issuer.parse::<http::Uri>().ok();
    let host = host.and_then(|it| it.host().map(str::to_owned)).unwrap_or_default();
    let sso = Sso {
        issuer: wish.issuer,
        client_id: wish.client_id,
        label: wish.label.unwrap_or(host),
        scopes: wish.scopes.unwrap_or_else(|| vec!["email".to_owned(), "profile".to_owned()]),
        groups_claim: wish.groups_claim.unwrap_or_else(|| "groups".to_owned()),
        grants,
    };
    sso.check()?;
    // A secret is told to whom it was meant for, and to nobody else.
    let before = config::shown(change.tx()).await?;
    if wish.client_secret.is_none()
        && before.is_some_and(|(it, has_secret)| has_secret && it.issuer != sso.issuer)
    {
        config::remove(&mut change).await?;
    }
    config::set(&mut change, &sso, wish.client_secret.as_ref().map(|it| &it.0)).await?;
    let (sso, has_secret) = config::shown(change.tx()).await?.unwrap_or((sso, false));
    let shown = view(change.tx(), &state, sso, has_secret).await?;
    change.commit().await?;
    Ok(Json(shown))
}

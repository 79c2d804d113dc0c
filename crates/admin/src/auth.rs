//! Who calls: a management token, or a peer of the local socket, and where they may act.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, FromRequestParts, RawPathParams, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::AUTHORIZATION;
use http::request::Parts;
use wayleave_model::Secret;
use wayleave_model::id::{SYSTEM_WORKSPACE, WorkspaceId};
use wayleave_model::member::Role;
use wayleave_model::workspace::Workspace;
use wayleave_store::{Actor, tokens};

use crate::error::Problem;
use crate::lookup;
use crate::permission::{Area, may};
use crate::request_id::Id;
use crate::state::AdminState;

/// Stands in the extensions of a request that came over a socket which only the server's own user
/// may open: it needs no token.
#[derive(Debug, Clone, Copy)]
pub struct LocalOperator;

/// A caller who was recognised.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) actor: Actor,
    pub(crate) role: Role,
    /// Where the caller may act; the system's workspace: everywhere.
    pub(crate) workspace: WorkspaceId,
    pub(crate) local: bool,
}

/// The operator of the whole instance.
#[derive(Debug, Clone)]
pub(crate) struct Operator {
    pub(crate) actor: Actor,
    /// Came over the local socket.
    pub(crate) local: bool,
}

/// The workspace in the path, and a caller who may do this there.
#[derive(Debug, Clone)]
pub(crate) struct Here {
    pub(crate) workspace: Workspace,
    pub(crate) actor: Actor,
}

/// Who applies a setup document: the workspace in the path may not be there yet.
#[derive(Debug, Clone)]
pub(crate) struct Applier {
    pub(crate) actor: Actor,
}

/// Lets nobody by who is not recognised.
pub(crate) async fn layer(
    State(state): State<AdminState>,
    mut request: Request,
    next: Next,
) -> Response {
    match recognise(&state, shown(&request)).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}

async fn recognise(state: &AdminState, shown: Result<Shown, Problem>) -> Result<Caller, Problem> {
    let shown = shown?;
    let presented = match shown.by {
        By::Socket => {
            let actor = Actor { name: "local operator".to_owned(), ..shown.actor };
            return Ok(Caller {
                actor,
                role: Role::Operator,
                workspace: SYSTEM_WORKSPACE,
                local: true,
            });
        }
        By::Token(presented) => presented,
    };
    let mut tx = state.store.read().await?;
    let token = tokens::verify(&mut tx, &presented, state.clock.now()).await?;
    let token = token.ok_or_else(|| {
        unauthorized("invalid_token", "this management token is unknown, expired or revoked")
    })?;
    let name = format!("token {}", token.name);
    let actor = Actor { name, role: token.role.as_str().to_owned(), ..shown.actor };
    Ok(Caller { actor, role: token.role, workspace: token.workspace, local: false })
}

/// What a request shows of its sender.
struct Shown {
    by: By,
    /// Where it came from, and its id; name and role are not known yet.
    actor: Actor,
}

enum By {
    Socket,
    Token(Secret),
}

fn shown(request: &Request) -> Result<Shown, Problem> {
    let local = request.extensions().get::<LocalOperator>().is_some();
    let by = if local { By::Socket } else { By::Token(bearer(request)?) };
    let peer =
        request.extensions().get::<ConnectInfo<SocketAddr>>().map(|it| it.0.ip().to_string());
    let request_id = request.extensions().get::<Id>().map(|it| it.0.clone());
    Ok(Shown { by, actor: Actor { addr: peer, request_id, ..Actor::system("") } })
}

fn bearer(request: &Request) -> Result<Secret, Problem> {
    let value = request.headers().get(AUTHORIZATION).and_then(|it| it.to_str().ok());
    let (scheme, token) = value.and_then(|it| it.split_once(' ')).unwrap_or_default();
    let token = token.trim();
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() {
        let detail = "a management token is needed: `Authorization: Bearer wlt_…`";
        return Err(unauthorized("missing_token", detail));
    }
    if token.starts_with("wl_") {
        let detail = "this is a client key, which calls models at /v1; the management API wants a token that begins with `wlt_`";
        return Err(unauthorized("client_key", detail));
    }
    Ok(Secret::new(token))
}

fn unauthorized(code: &'static str, detail: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, code, detail)
}

fn caller(parts: &Parts) -> Result<Caller, Problem> {
    let caller = parts.extensions.get::<Caller>().cloned();
    caller.ok_or_else(|| Problem::internal(&"a route is outside the sign-in layer"))
}

impl FromRequestParts<AdminState> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AdminState) -> Result<Operator, Problem> {
        let caller = caller(parts)?;
        if caller.workspace == SYSTEM_WORKSPACE && caller.role == Role::Operator {
            return Ok(Operator { actor: caller.actor, local: caller.local });
        }
        Err(Problem::forbidden("only an operator of the instance may do this"))
    }
}

impl FromRequestParts<AdminState> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AdminState) -> Result<Caller, Problem> {
        caller(parts)
    }
}

impl FromRequestParts<AdminState> for Applier {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AdminState) -> Result<Applier, Problem> {
        let caller = caller(parts)?;
        if caller.workspace == SYSTEM_WORKSPACE && caller.role == Role::Operator {
            return Ok(Applier { actor: caller.actor });
        }
        let here = Here::from_request_parts(parts, state).await?;
        Ok(Applier { actor: here.actor })
    }
}

impl FromRequestParts<AdminState> for Here {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AdminState) -> Result<Here, Problem> {
        let caller = caller(parts)?;
        let params = RawPathParams::from_request_parts(parts, state).await;
        let params = params.map_err(|error| Problem::internal(&error))?;
        let named = params.iter().find(|(name, _)| *name == "workspace").map(|(_, value)| value);
        let named =
            named.ok_or_else(|| Problem::internal(&"a route has no workspace in its path"))?;
        let mut tx = state.store.read().await?;
        let workspace = lookup::workspace(&mut tx, named).await?;
        // To others, a workspace does not exist.
        if caller.workspace != SYSTEM_WORKSPACE && caller.workspace != workspace.id {
            return Err(Problem::not_found("workspace", named));
        }
        let segment = parts.uri.path().split('/').nth(5).unwrap_or_default();
        if !may(caller.role, &parts.method, Area::of(segment)) {
            let role = caller.role.as_str();
            return Err(Problem::forbidden(format!("the role {role} may not do this")));
        }
        Ok(Here { workspace, actor: caller.actor })
    }
}

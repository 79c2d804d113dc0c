//! Who calls: a management token, or a peer of the local socket, and where they may act.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, FromRequestParts, MatchedPath, RawPathParams, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::AUTHORIZATION;
use http::request::Parts;
use wayleave_model::id::{SYSTEM_WORKSPACE, WorkspaceId};
use wayleave_model::member::Role;
use wayleave_model::workspace::Workspace;
use wayleave_model::{Secret, Timestamp};
use wayleave_store::{Actor, Tx, tokens};

use crate::error::Problem;
use crate::lookup;
use crate::permission::{self, Permission};
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
    /// An operator of the whole instance.
    operator: bool,
    /// Came over the local socket.
    local: bool,
    /// A token's workspace and role; in the system's workspace it has that role everywhere.
    member: Option<(WorkspaceId, Role)>,
}

impl Caller {
    fn role_in(&self, workspace: WorkspaceId) -> Option<Role> {
        if self.operator {
            return Some(Role::Operator);
        }
        let (at, role) = self.member?;
        (at == workspace || at == SYSTEM_WORKSPACE).then_some(role)
    }

    fn is_person(&self) -> bool {
        false
    }
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

/// Lets nobody by who is not recognised, or whose role may not do this: the one place where both
/// are decided. What it found stands in the request's extensions, where the extractors take it.
pub(crate) async fn layer(
    State(state): State<AdminState>,
    matched: MatchedPath,
    params: RawPathParams,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(row) = permission::row(request.method(), matched.as_str()) else {
        return Problem::internal(&format!("{} has no row of permissions", matched.as_str()))
            .into_response();
    };
    let named = params.iter().find(|(name, _)| *name == "workspace").map(|(_, value)| value);
    let named = named.filter(|_| matched.as_str().starts_with(BELOW_A_WORKSPACE));
    match admit(&state, shown(&request), row.permission, named).await {
        Ok((caller, here)) => {
            request.extensions_mut().insert(caller);
            if let Some(here) = here {
                request.extensions_mut().insert(here);
            }
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}

/// Routes of one workspace, which they name.
const BELOW_A_WORKSPACE: &str = "/api/v1/workspaces/{workspace}/";

/// Who it is, and the workspace that was named, if they may do this there.
async fn admit(
    state: &AdminState,
    shown: Result<Shown, Problem>,
    permission: Permission,
    named: Option<&str>,
) -> Result<(Caller, Option<Here>), Problem> {
    let shown = shown?;
    let mut tx = state.store.read().await?;
    let caller = recognise(&mut tx, shown, state.clock.now()).await?;
    let Some(named) = named else {
        permit(&caller, permission, caller.operator.then_some(Role::Operator))?;
        return Ok((caller, None));
    };
    let workspace = match lookup::workspace(&mut tx, named).await {
        Ok(workspace) => workspace,
        // A setup file makes its workspace, if an operator applies it.
        Err(_) if caller.operator && permission == Permission::Apply => return Ok((caller, None)),
        Err(problem) => return Err(problem),
    };
    // To others, a workspace does not exist.
    let Some(role) = caller.role_in(workspace.id) else {
        return Err(Problem::not_found("workspace", named));
    };
    permit(&caller, permission, Some(role))?;
    let here = Here { workspace, actor: caller.actor.clone() };
    Ok((caller, Some(here)))
}

fn permit(caller: &Caller, permission: Permission, role: Option<Role>) -> Result<(), Problem> {
    let allowed = match permission {
        Permission::Anyone | Permission::SignedIn => true,
        Permission::Person => caller.is_person(),
        _ => role.is_some_and(|role| permission.of(role)),
    };
    if allowed { Ok(()) } else { Err(Problem::forbidden(permission.refusal(role))) }
}

async fn recognise(tx: &mut Tx, shown: Shown, now: Timestamp) -> Result<Caller, Problem> {
    let presented = match shown.by {
        By::Socket => {
            let actor = Actor { name: "local operator".to_owned(), ..shown.actor };
            return Ok(Caller { actor, operator: true, local: true, member: None });
        }
        By::Token(presented) => presented,
    };
    let token = tokens::verify(tx, &presented, now).await?;
    let token = token.ok_or_else(|| {
        unauthorized("invalid_token", "this management token is unknown, expired or revoked")
    })?;
    let name = format!("token {}", token.name);
    let actor = Actor { name, role: token.role.as_str().to_owned(), ..shown.actor };
    let operator = token.workspace == SYSTEM_WORKSPACE && token.role == Role::Operator;
    let member = Some((token.workspace, token.role));
    Ok(Caller { actor, operator, local: false, member })
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
        if caller.operator {
            return Ok(Operator { actor: caller.actor, local: caller.local });
        }
        // The table said so before: a row that lets others by is a mistake there.
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

    async fn from_request_parts(parts: &mut Parts, _: &AdminState) -> Result<Applier, Problem> {
        Ok(Applier { actor: caller(parts)?.actor })
    }
}

impl FromRequestParts<AdminState> for Here {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AdminState) -> Result<Here, Problem> {
        let here = parts.extensions.get::<Here>().cloned();
        here.ok_or_else(|| Problem::internal(&"a route has no workspace in its path"))
    }
}

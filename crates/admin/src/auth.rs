//! Who calls: a management token, the session of a person, or a peer of the local socket, and where
//! they may act.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, MatchedPath, RawPathParams, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::AUTHORIZATION;
use http::request::Parts;
use wayleave_model::id::{SYSTEM_WORKSPACE, WorkspaceId};
use wayleave_model::member::Role;
use wayleave_model::person::{Person, Session};
use wayleave_model::workspace::Workspace;
use wayleave_model::{Secret, Timestamp};
use wayleave_store::tokens::{self, Token};
use wayleave_store::{Actor, Tx, members, sessions};

use crate::error::Problem;
use crate::lookup;
use crate::permission::{self, Permission, Power};
use crate::request_id::Id;
use crate::sign_in::cookies::{self, Cookie, Sender};
use crate::state::AdminState;

/// Stands in the extensions of a request that came over a socket which only the server's own user
/// may open: it needs no token.
#[derive(Debug, Clone, Copy)]
pub struct LocalOperator;

/// A caller who was recognised.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) actor: Actor,
    pub(crate) who: Who,
    /// An operator of the whole instance.
    pub(crate) operator: bool,
}

/// By what a caller was recognised.
#[derive(Debug, Clone)]
pub(crate) enum Who {
    /// The local socket.
    Local,
    /// A management token.
    Token(Arc<Token>),
    /// The session of a person.
    Person(Arc<Signed>),
}

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub(crate) struct Signed {
    pub(crate) person: Person,
    pub(crate) session: Session,
}

impl Caller {
    /// What they are in that workspace; to somebody who is nothing, it does not exist.
    async fn role_in(&self, tx: &mut Tx, workspace: WorkspaceId) -> Result<Option<Role>, Problem> {
        if self.operator {
            return Ok(Some(Role::Operator));
        }
        Ok(match &self.who {
            Who::Local => Some(Role::Operator),
            Who::Token(token) => {
                let there = token.workspace == workspace || token.workspace == SYSTEM_WORKSPACE;
                there.then_some(token.role)
            }
            Who::Person(signed) => {
                members::get(tx, workspace, signed.person.id).await?.map(|it| it.role)
            }
        })
    }

    /// Who it is, whatever they are called now or others were called before: where they belong, and a
    /// text that nobody else has there.
    pub(crate) fn identity(&self) -> (WorkspaceId, String) {
        match &self.who {
            Who::Local => (SYSTEM_WORKSPACE, "local".to_owned()),
            Who::Token(token) => (token.workspace, token.id.to_string()),
            Who::Person(signed) => (SYSTEM_WORKSPACE, signed.person.id.to_string()),
        }
    }

    pub(crate) fn power(&self, role: Role) -> Power {
        let scopes = match &self.who {
            Who::Token(token) => token.scopes.as_deref().map(permission::known),
            Who::Local | Who::Person(_) => None,
        };
        Power { role, scopes }
    }
}

/// The operator of the whole instance.
#[derive(Debug, Clone)]
pub(crate) struct Operator {
    pub(crate) actor: Actor,
    /// Came over the local socket.
    pub(crate) local: bool,
    pub(crate) power: Power,
}

/// The workspace in the path, and a caller who may do this there.
#[derive(Debug, Clone)]
pub(crate) struct Here {
    pub(crate) workspace: Workspace,
    pub(crate) actor: Actor,
    pub(crate) power: Power,
}

/// A person who is signed in.
#[derive(Debug, Clone)]
pub(crate) struct Me {
    pub(crate) actor: Actor,
    pub(crate) signed: Arc<Signed>,
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
    let shown = shown(&request, &state.public_url);
    match admit(&state, shown, row.permission, named).await {
        Ok((caller, here)) => {
            seen(&state, &caller).await;
            request.extensions_mut().insert(caller);
            if let Some(here) = here {
                request.extensions_mut().insert(here);
            }
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}

/// Notes that a session is in use. What cannot be noted is no reason to refuse.
async fn seen(state: &AdminState, caller: &Caller) {
    if let Who::Person(signed) = &caller.who
        && let Err(error) = state.store.session_seen(&signed.session, state.clock.now()).await
    {
        tracing::warn!(%error, "the use of a session was not noted");
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
    let mut caller = recognise(&mut tx, shown, state.clock.now()).await?;
    let Some(named) = named else {
        permit(&caller, permission, caller.operator.then_some(Role::Operator))?;
        return Ok((caller, None));
    };
    let workspace = match lookup::workspace(&mut tx, named).await {
        Ok(workspace) => workspace,
        // A setup file makes its workspace, if an operator applies it.
        Err(_) if caller.operator && permission == Permission::Apply => {
            permit(&caller, permission, Some(Role::Operator))?;
            return Ok((caller, None));
        }
        Err(problem) => return Err(problem),
    };
    // To others, a workspace does not exist.
    let Some(role) = caller.role_in(&mut tx, workspace.id).await? else {
        return Err(Problem::not_found("workspace", named));
    };
    permit(&caller, permission, Some(role))?;
    caller.actor.role = role.as_str().to_owned();
    let here = Here { workspace, actor: caller.actor.clone(), power: caller.power(role) };
    Ok((caller, Some(here)))
}

fn permit(caller: &Caller, permission: Permission, role: Option<Role>) -> Result<(), Problem> {
    let allowed = match permission {
        Permission::Anyone | Permission::SignedIn => true,
        Permission::Person => {
            return match caller.who {
                Who::Person(_) => Ok(()),
                _ => Err(Problem::forbidden("only a person who signed in may do this, no token")),
            };
        }
        _ => role.is_some_and(|role| permission.of(role)),
    };
    if !allowed {
        return Err(Problem::forbidden(permission.refusal(role)));
    }
    match (permission.grant(), role.map(|role| caller.power(role))) {
        (Some(grant), Some(power)) if !power.has(permission) => {
            let why = format!("this token's scopes do not include `{}`", grant.name);
            Err(Problem::forbidden(why))
        }
        _ => Ok(()),
    }
}

async fn recognise(tx: &mut Tx, shown: Shown, now: Timestamp) -> Result<Caller, Problem> {
    let named = |name: String, role: &str| Actor { name, role: role.to_owned(), ..shown.actor };
    match shown.by {
        By::Socket => {
            let actor = named("local operator".to_owned(), Role::Operator.as_str());
            Ok(Caller { actor, who: Who::Local, operator: true })
        }
        By::Token(presented) => {
            let token = tokens::verify(tx, &presented, now).await?;
            let token = token.ok_or_else(|| {
                unauthorized(
                    "invalid_token",
                    "this management token is unknown, expired or revoked",
                )
            })?;
            let actor = named(format!("token {}", token.name), token.role.as_str());
            let operator = token.workspace == SYSTEM_WORKSPACE && token.role == Role::Operator;
            Ok(Caller { actor, who: Who::Token(Arc::new(token)), operator })
        }
        By::Session(presented) => {
            let found = sessions::verify(tx, &presented, now).await?;
            let (session, person) = found.ok_or_else(|| {
                unauthorized("session_over", "this session has ended: sign in again")
            })?;
            let operator = person.operator.is_some();
            let role = if operator { Role::Operator.as_str() } else { "person" };
            let actor = named(name_of(&person), role);
            Ok(Caller { actor, who: Who::Person(Arc::new(Signed { person, session })), operator })
        }
    }
}

/// How the audit log names a person.
pub(crate) fn name_of(person: &Person) -> String {
    format!("person {}", person.email)
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
    Session(Secret),
}

fn shown(request: &Request, public_url: &str) -> Result<Shown, Problem> {
    let actor = stranger(request.extensions());
    if request.extensions().get::<LocalOperator>().is_some() {
        return Ok(Shown { by: By::Socket, actor });
    }
    let headers = request.headers();
    if !headers.contains_key(AUTHORIZATION)
        && let Some(session) = Cookie::Session.of(headers, public_url)
    {
        // A browser sends the cookie whoever's page asks.
        let sender = cookies::sender(headers, request.uri(), public_url);
        if !request.method().is_safe() && sender != Sender::Ours {
            return Err(cross_site());
        }
        return Ok(Shown { by: By::Session(Secret::new(session)), actor });
    }
    Ok(Shown { by: By::Token(bearer(request)?), actor })
}

/// What is known of a sender who is not recognised: where from, and the request's id.
fn stranger(extensions: &http::Extensions) -> Actor {
    let addr = extensions.get::<ConnectInfo<SocketAddr>>().map(|it| it.0.ip().to_string());
    let request_id = extensions.get::<Id>().map(|it| it.0.clone());
    Actor { addr, request_id, ..Actor::system("") }
}

/// Another site's page asked in somebody's name.
pub(crate) fn cross_site() -> Problem {
    let detail = "this was not sent by a page of this server: a browser says so in `Origin`, which must be the server's own";
    Problem::new(StatusCode::FORBIDDEN, "cross_site", detail)
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
            let local = matches!(caller.who, Who::Local);
            let power = caller.power(Role::Operator);
            return Ok(Operator { actor: caller.actor, local, power });
        }
        // The table said so before: a row that lets others by is a mistake there.
        Err(Problem::forbidden("only an operator of the instance may do this"))
    }
}

/// Somebody whom no route asks who they are: where from, and the request's id.
pub(crate) struct Stranger(pub(crate) Actor);

impl FromRequestParts<AdminState> for Stranger {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AdminState) -> Result<Stranger, Problem> {
        Ok(Stranger(stranger(&parts.extensions)))
    }
}

impl FromRequestParts<AdminState> for Me {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AdminState) -> Result<Me, Problem> {
        let caller = caller(parts)?;
        match caller.who {
            Who::Person(signed) => Ok(Me { actor: caller.actor, signed }),
            _ => Err(Problem::internal(&"a route for people has no row that says so")),
        }
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

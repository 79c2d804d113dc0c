//! Things by name or id, as paths and bodies name them. An id of another workspace is not found.

use std::str::FromStr;

use wayleave_model::alias::Alias;
use wayleave_model::credential::Credential;
use wayleave_model::id::{PersonId, WorkspaceId};
use wayleave_model::key::Key;
use wayleave_model::person::{Person, Session};
use wayleave_model::plan::Plan;
use wayleave_model::provider::Provider;
use wayleave_model::target::Model;
use wayleave_model::workspace::{Owner, Workspace};
use wayleave_store::Tx;
use wayleave_store::{
    aliases, credentials, keys, models, owners, people, plans, providers, sessions, tokens,
    workspaces,
};

use crate::error::Problem;

macro_rules! by_id_or_name {
    ($text:expr, $noun:literal, $id:ident => $by_id:expr, $by_name:expr) => {{
        let found = match FromStr::from_str($text) {
            Ok($id) => $by_id.await?,
            Err(_) => None,
        };
        let found = match found {
            Some(found) => Some(found),
            None => $by_name.await?,
        };
        found.ok_or_else(|| Problem::not_found($noun, $text))
    }};
}

pub(crate) async fn workspace(tx: &mut Tx, text: &str) -> Result<Workspace, Problem> {
    by_id_or_name!(text, "workspace", id => workspaces::get(tx, id), workspaces::by_name(tx, text))
}

pub(crate) async fn provider(
    tx: &mut Tx,
    at: WorkspaceId,
    text: &str,
) -> Result<Provider, Problem> {
    by_id_or_name!(text, "provider", id => providers::get(tx, at, id), providers::by_name(tx, at, text))
}

/// A credential of `provider`; those of one custom model are found by id only.
pub(crate) async fn credential(
    tx: &mut Tx,
    at: WorkspaceId,
    provider: &Provider,
    text: &str,
) -> Result<Credential, Problem> {
    let found: Result<Credential, Problem> = by_id_or_name!(
        text, "credential",
        id => credentials::get(tx, at, id),
        credentials::by_name(tx, at, provider.id, None, text)
    );
    found.and_then(|it| {
        if it.provider == provider.id {
            Ok(it)
        } else {
            Err(Problem::not_found("credential", text))
        }
    })
}

/// Another credential of what `of` belongs to: its provider, or its custom model.
pub(crate) async fn sibling(
    tx: &mut Tx,
    at: WorkspaceId,
    of: &Credential,
    text: &str,
) -> Result<Credential, Problem> {
    by_id_or_name!(
        text, "credential",
        id => credentials::get(tx, at, id),
        credentials::by_name(tx, at, of.provider, of.model, text)
    )
}

/// A model by its id: names are not unique among providers.
pub(crate) async fn model(tx: &mut Tx, at: WorkspaceId, text: &str) -> Result<Model, Problem> {
    let found = match text.parse() {
        Ok(id) => models::get(tx, at, id).await?,
        Err(_) => None,
    };
    found.ok_or_else(|| Problem::not_found("model", text))
}

pub(crate) async fn alias(tx: &mut Tx, at: WorkspaceId, text: &str) -> Result<Alias, Problem> {
    by_id_or_name!(text, "alias", id => aliases::get(tx, at, id), aliases::by_name(tx, at, text))
}

pub(crate) async fn owner(tx: &mut Tx, at: WorkspaceId, text: &str) -> Result<Owner, Problem> {
    by_id_or_name!(text, "owner", id => owners::get(tx, at, id), owners::by_name(tx, at, text))
}

pub(crate) async fn key(tx: &mut Tx, at: WorkspaceId, text: &str) -> Result<Key, Problem> {
    by_id_or_name!(text, "key", id => keys::get(tx, at, id), keys::by_name(tx, at, text))
}

/// What the operator grants workspaces.
pub(crate) async fn plan(tx: &mut Tx, text: &str) -> Result<Plan, Problem> {
    by_id_or_name!(text, "plan", id => plans::get(tx, id), plans::by_name(tx, text))
}

/// A person by address or id.
pub(crate) async fn person(tx: &mut Tx, text: &str) -> Result<Person, Problem> {
    by_id_or_name!(text, "person", id => people::get(tx, id), people::by_email(tx, text))
}

/// A session of that person, by its id.
pub(crate) async fn session(tx: &mut Tx, of: PersonId, text: &str) -> Result<Session, Problem> {
    let found = match text.parse() {
        Ok(id) => sessions::get(tx, id).await?,
        Err(_) => None,
    };
    found.filter(|it| it.person == of).ok_or_else(|| Problem::not_found("session", text))
}

/// A token of a workspace; the system's are the operators'.
pub(crate) async fn token(
    tx: &mut Tx,
    at: WorkspaceId,
    text: &str,
) -> Result<tokens::Token, Problem> {
    by_id_or_name!(text, "token", id => tokens::get(tx, at, id), tokens::by_name(tx, at, text))
}

/// Every page of a list as one: `every!(page => providers::list(tx, at, &page))`, in a function that
/// may use `?`. A macro, because a function over an async closure makes futures of which the
/// compiler cannot prove yet that they are `Send`.
macro_rules! every {
    ($listing:ident => $page:expr) => {{
        let mut $listing = ::wayleave_store::Listing::longest();
        let mut all = Vec::new();
        loop {
            let page = $page.await?;
            all.extend(page.items);
            match page.next_cursor {
                Some(cursor) => $listing.cursor = Some(cursor),
                None => break all,
            }
        }
    }};
}
pub(crate) use every;

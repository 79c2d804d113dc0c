//! What people are in a workspace. A member is named by their address or their person's id.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod list;
pub(crate) mod make_owner;
pub(crate) mod update;

#[cfg(test)]
mod tests;

use wayleave_model::member::Role;
use wayleave_model::person::{Member, Person};
use wayleave_store::Tx;
use wayleave_store::members;

use crate::auth::Here;
use crate::error::Problem;
use crate::lookup;

/// A role that a body names.
pub(crate) fn role(field: &str, text: &str) -> Result<Role, Problem> {
    Role::parse(text).ok_or_else(|| {
        let all: Vec<&str> = Role::ALL.iter().skip(1).map(|it| it.as_str()).collect();
        Problem::field(field, format!("expected one of {}", all.join(", ")))
    })
}

/// A member of this workspace, and who they are. Others are not found: who has an account is not
/// everybody's to know.
pub(crate) async fn find(
    tx: &mut Tx,
    here: &Here,
    text: &str,
) -> Result<(Member, Person), Problem> {
    let person = lookup::person(tx, text).await.map_err(|_| Problem::not_found("member", text))?;
    match members::get(tx, here.workspace.id, person.id).await? {
        Some(member) => Ok((member, person)),
        None => Err(Problem::not_found("member", text)),
    }
}

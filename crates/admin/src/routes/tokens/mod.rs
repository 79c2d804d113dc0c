//! Management tokens for automation: of the instance (operators'), and of one workspace.

pub(crate) mod create;
pub(crate) mod create_here;
pub(crate) mod list;
pub(crate) mod list_here;
pub(crate) mod revoke;
pub(crate) mod revoke_here;

#[cfg(test)]
mod tests;

use serde::Serialize;
use utoipa::ToSchema;
use wayleave_model::member::Role;
use wayleave_store::tokens::Token;

use crate::error::{FieldError, Problem};
use crate::permission::{Permission, Power};

/// A management token without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TokenView {
    id: String,
    name: String,
    role: &'static str,
    /// The only permissions of its role that it has; `null`: all of them.
    scopes: Option<Vec<String>>,
    masked: String,
    created_at: String,
    expires_at: Option<String>,
    revoked_at: Option<String>,
}

impl From<Token> for TokenView {
    fn from(it: Token) -> TokenView {
        TokenView {
            id: it.id.to_string(),
            name: it.name,
            role: it.role.as_str(),
            scopes: it.scopes,
            masked: format!("{}…{}", it.prefix, it.last_four),
            created_at: it.created_at.to_string(),
            expires_at: it.expires_at.map(|at| at.to_string()),
            revoked_at: it.revoked_at.map(|at| at.to_string()),
        }
    }
}

/// The power of a token that is to be made: `scopes` are names of permissions that `role` has.
fn power(role: Role, scopes: Option<&[String]>) -> Result<Power, Problem> {
    let Some(scopes) = scopes else { return Ok(Power::of(role)) };
    let mut known = Vec::new();
    let mut wrong = Vec::new();
    for (index, name) in scopes.iter().enumerate() {
        let field = format!("scopes[{index}]");
        match Permission::named(name) {
            Some(permission) if permission.of(role) => known.push(permission),
            Some(_) => {
                let why = format!("the role {} does not have `{name}`", role.as_str());
                wrong.push(FieldError::new(field, why));
            }
            None => {
                let why = "expected a permission that GET /api/v1/system/permissions lists";
                wrong.push(FieldError::new(field, why));
            }
        }
    }
    if wrong.is_empty() {
        Ok(Power { role, scopes: Some(known) })
    } else {
        Err(Problem::invalid(wrong))
    }
}

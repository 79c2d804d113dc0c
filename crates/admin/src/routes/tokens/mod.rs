//! Management tokens of operators.

pub(crate) mod create;
pub(crate) mod list;
pub(crate) mod revoke;

use serde::Serialize;
use utoipa::ToSchema;
use wayleave_store::tokens::Token;

/// A management token without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TokenView {
    id: String,
    name: String,
    role: &'static str,
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
            masked: format!("{}…{}", it.prefix, it.last_four),
            created_at: it.created_at.to_string(),
            expires_at: it.expires_at.map(|at| at.to_string()),
            revoked_at: it.revoked_at.map(|at| at.to_string()),
        }
    }
}

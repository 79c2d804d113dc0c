//! Keys as the API shows them: masked, with the state they are in.

use serde::Serialize;
use utoipa::ToSchema;
use wayleave_model::Timestamp;
use wayleave_model::alias::{Alias, Losses};
use wayleave_model::key::Key;

/// What a client presents, without its secrets.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyView {
    pub(crate) id: String,
    pub(crate) name: String,
    /// `active`, `disabled`, `expired` or `revoked`.
    pub(crate) state: &'static str,
    /// Its owner's name.
    pub(crate) owner: String,
    pub(crate) owner_id: String,
    pub(crate) environment: String,
    pub(crate) purpose: String,
    /// The names of the aliases it may call; `null`: all.
    pub(crate) aliases: Option<Vec<String>>,
    pub(crate) tags: Vec<String>,
    pub(crate) enabled: bool,
    pub(crate) expires_at: Option<String>,
    /// `warn` or `refuse`: what becomes of its requests that a target's dialect cannot carry whole;
    /// `null`: what the alias says.
    pub(crate) losses: Option<&'static str>,
    /// Its newest secret, masked.
    pub(crate) masked: String,
    /// Its secrets, newest last.
    pub(crate) versions: Vec<KeyVersionView>,
    pub(crate) managed_by: Option<String>,
    pub(crate) version: i64,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
}

/// One secret of a key.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyVersionView {
    pub(crate) number: i64,
    pub(crate) masked: String,
    pub(crate) created_at: String,
    pub(crate) expires_at: Option<String>,
    pub(crate) revoked_at: Option<String>,
}

impl KeyView {
    /// `aliases` are those of the workspace.
    pub(crate) fn of(it: Key, aliases: &[Alias], now: Timestamp) -> KeyView {
        let named = |id: &wayleave_model::id::AliasId| {
            aliases
                .iter()
                .find(|alias| alias.id == *id)
                .map_or_else(|| id.to_string(), |alias| alias.name.clone())
        };
        let versions: Vec<KeyVersionView> = it
            .versions
            .iter()
            .map(|version| KeyVersionView {
                number: version.number,
                masked: format!("{}…{}", version.prefix, version.last_four),
                created_at: version.created_at.to_string(),
                expires_at: version.expires_at.map(|at| at.to_string()),
                revoked_at: version.revoked_at.map(|at| at.to_string()),
            })
            .collect();
        KeyView {
            state: state(&it, now),
            id: it.id.to_string(),
            name: it.name,
            owner: it.owner_name,
            owner_id: it.owner.to_string(),
            environment: it.environment,
            purpose: it.purpose,
            aliases: it.aliases.map(|ids| ids.iter().map(named).collect()),
            tags: it.tags,
            enabled: it.enabled,
            expires_at: it.expires_at.map(|at| at.to_string()),
            losses: it.losses.map(Losses::as_str),
            masked: versions.last().map(|it| it.masked.clone()).unwrap_or_default(),
            versions,
            managed_by: it.managed_by,
            version: it.version,
            created_at: it.created_at.to_string(),
            updated_at: it.updated_at.to_string(),
        }
    }
}

fn state(key: &Key, now: Timestamp) -> &'static str {
    let over = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
    if !key.enabled {
        "disabled"
    } else if over(key.expires_at) {
        "expired"
    } else if key.versions.iter().all(|it| it.revoked_at.is_some()) {
        "revoked"
    } else if key.versions.iter().all(|it| it.revoked_at.is_some() || over(it.expires_at)) {
        "expired"
    } else {
        "active"
    }
}

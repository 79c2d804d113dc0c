//! A credential as it is shown: its secrets masked, and what else is known of it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use utoipa::ToSchema;
use wayleave_model::Timestamp;
use wayleave_model::credential::{Credential, Validated};
use wayleave_model::id::{CredentialId, WorkspaceId};
use wayleave_model::provider::Provider;
use wayleave_store::{Tx, models, pools, routes};

use super::FareView;
use crate::error::Problem;

/// A named secret of a provider, its secrets masked.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CredentialView {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Its provider's id.
    pub(crate) provider: String,
    /// The id of the custom model it belongs to, if to one only.
    pub(crate) model: Option<String>,
    /// The secret fields, masked.
    pub(crate) fields: BTreeMap<String, String>,
    pub(crate) settings: BTreeMap<String, String>,
    /// Equal for equal secrets of this server; reveals nothing of them.
    pub(crate) fingerprint: String,
    /// `unverified` until its first success, `active`, or `invalid`: the provider refused it.
    pub(crate) status: &'static str,
    /// `proven`, `skipped` (saved without asking, by explicit wish) or `refused`; `null`: its
    /// provider was never asked.
    pub(crate) validated: Option<&'static str>,
    /// What the last check showed, in one line.
    pub(crate) proof: Option<String>,
    /// Who had it proven last.
    pub(crate) proven_by: Option<String>,
    pub(crate) last_proven_at: Option<String>,
    pub(crate) last_checked_at: Option<String>,
    /// When a request was last served with it, to the minute.
    pub(crate) last_used_at: Option<String>,
    /// It serves unless a target says otherwise.
    pub(crate) default: bool,
    /// What names it.
    pub(crate) in_use_by: Vec<UserView>,
    pub(crate) enabled: bool,
    /// How it fares on this node; only where one credential is shown, and used by something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) health: Option<FareView>,
    pub(crate) managed_by: Option<String>,
    pub(crate) version: i64,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
}

/// Something that names a credential.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct UserView {
    /// `alias`: its route has a target with this credential. `pool`: an entry of that model's pool
    /// names it.
    pub(crate) noun: &'static str,
    /// The alias's name, or the model's.
    pub(crate) name: String,
}

/// What is around the credentials of one provider.
pub(crate) struct Surroundings {
    defaults: BTreeSet<CredentialId>,
    users: Vec<(UserView, CredentialId)>,
}

impl Surroundings {
    pub(crate) async fn of(
        tx: &mut Tx,
        at: WorkspaceId,
        provider: &Provider,
    ) -> Result<Surroundings, Problem> {
        let own = models::defaults(tx, at, provider.id).await?;
        let routed = routes::credentials_in_use(tx, at).await?.into_iter();
        let pooled = pools::credentials_in_use(tx, at).await?.into_iter();
        let routed = routed.map(|(name, it)| (UserView { noun: "alias", name }, it));
        let pooled = pooled.map(|(name, it)| (UserView { noun: "pool", name }, it));
        Ok(Surroundings {
            defaults: own.into_iter().chain(provider.default_credential).collect(),
            users: routed.chain(pooled).collect(),
        })
    }
}

impl CredentialView {
    /// One credential, with what is around it now.
    pub(crate) async fn read(
        tx: &mut Tx,
        at: WorkspaceId,
        it: Credential,
        provider: &Provider,
    ) -> Result<CredentialView, Problem> {
        Ok(CredentialView::of(it, &Surroundings::of(tx, at, provider).await?))
    }

    pub(crate) fn of(it: Credential, around: &Surroundings) -> CredentialView {
        let text = |at: Option<Timestamp>| at.map(|at| at.to_string());
        let users = around.users.iter().filter(|(_, id)| *id == it.id);
        CredentialView {
            default: around.defaults.contains(&it.id),
            in_use_by: users.map(|(user, _)| user.clone()).collect(),
            id: it.id.to_string(),
            name: it.name,
            provider: it.provider.to_string(),
            model: it.model.map(|id| id.to_string()),
            fields: it.masked,
            settings: it.settings,
            fingerprint: it.fingerprint,
            status: it.status.as_str(),
            validated: it.checks.validated.map(Validated::as_str),
            proof: it.checks.proof,
            proven_by: it.checks.proven_by,
            last_proven_at: text(it.checks.last_proven_at),
            last_checked_at: text(it.checks.last_checked_at),
            last_used_at: text(it.last_used_at),
            enabled: it.enabled,
            health: None,
            managed_by: it.managed_by,
            version: it.version,
            created_at: it.created_at.to_string(),
            updated_at: it.updated_at.to_string(),
        }
    }
}

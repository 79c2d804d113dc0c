//! Whose credentials serve a provider's predefined models now, for those who look.

use wayleave_model::id::SYSTEM_WORKSPACE;
use wayleave_model::provider::Provider;
use wayleave_model::supply::{Grant, Standing};

use crate::db::{Tx, on};
use crate::error::StoreError;
use crate::{credentials, providers};

/// What decides it, where `grant` supplies `provider`. The data plane decides for itself, with what is
/// not stored yet.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn standing(
    tx: &mut Tx,
    provider: &Provider,
    grant: &Grant,
) -> Result<Standing, StoreError> {
    const OWN: &str = "SELECT COUNT(*) FROM credentials
        WHERE workspace_id = $1 AND provider_id = $2 AND model_id IS NULL";
    let own: i64 = on!(tx.conn, it => {
        sqlx::query_scalar(OWN)
            .bind(grant.workspace.0)
            .bind(provider.id.0)
            .fetch_one(&mut *it)
            .await
    })?;
    let now = tx.shared.clock.now();
    let valid = grant.quotas.iter().any(|it| it.is_valid(it.used, now));
    Ok(Standing {
        preference: provider.preference,
        has_own: own > 0,
        has_default: provider.default_credential.is_some(),
        has_quota: grant.enabled && valid && serves(tx, grant).await?,
    })
}

/// Whether the system can serve it at all.
async fn serves(tx: &mut Tx, grant: &Grant) -> Result<bool, StoreError> {
    let system = providers::get(tx, SYSTEM_WORKSPACE, grant.system_provider).await?;
    let Some(system) = system.filter(|it| it.enabled) else { return Ok(false) };
    let Some(id) = system.default_credential else { return Ok(false) };
    let credential = credentials::get(tx, SYSTEM_WORKSPACE, id).await?;
    Ok(credential.is_some_and(|it| it.enabled))
}

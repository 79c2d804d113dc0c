//! Stored credentials are proven again now and then, by what costs nothing.

use std::time::Duration;

use wayleave_model::Timestamp;
use wayleave_model::credential::Credential;
use wayleave_model::id::{CredentialId, WorkspaceId};
use wayleave_model::provider::Provider;
use wayleave_provider::proof::Claim;
use wayleave_store::{Actor, credentials, providers, workspaces};

use crate::error::Problem;
use crate::lookup::every;
use crate::routes::credentials::check::note;
use crate::state::AdminState;

/// How often it is looked what is due.
const LOOK: Duration = Duration::from_secs(300);

/// Checks each credential about every `period`, for ever. Several nodes may do it: what one has
/// checked is due nowhere else.
pub async fn keep_checking(state: AdminState, period: Duration) {
    let mut look = tokio::time::interval(LOOK.min(period));
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        look.tick().await;
        if let Err(problem) = round(&state, period).await {
            tracing::warn!(why = problem.detail, "credentials are checked later");
        }
    }
}

/// One after the other: nobody waits for it, and providers see no burst.
async fn round(state: &AdminState, period: Duration) -> Result<(), Problem> {
    for (at, provider, credential) in due(state, period).await? {
        let Some(kind) = wayleave_provider::kind(&provider.kind) else { continue };
        let mut tx = state.store.read().await?;
        let Some(secrets) = credentials::secrets(&mut tx, at, credential.id).await? else {
            continue;
        };
        drop(tx);
        let claim = Claim::new(kind, &provider, &credential.settings, secrets, None);
        let proof = state.prove.prove(&claim).await;
        let actor = Actor::system("scheduled check");
        if let Err(problem) = note(state, at, &actor, &credential, &proof).await {
            // Changed or gone meanwhile, most likely: it has its turn again.
            tracing::debug!(credential = %credential.id, why = problem.detail, "a check came to nothing");
        }
    }
    Ok(())
}

async fn due(
    state: &AdminState,
    period: Duration,
) -> Result<Vec<(WorkspaceId, Provider, Credential)>, Problem> {
    let now = state.clock.now();
    let mut tx = state.store.read().await?;
    let mut found = Vec::new();
    let spaces = every!(page => workspaces::list(&mut tx, &page));
    for space in spaces {
        let all = every!(page => providers::list(&mut tx, space.id, &page));
        for provider in all.into_iter().filter(|it| it.enabled) {
            let own = Some(provider.id);
            let all = every!(page => credentials::list(&mut tx, space.id, own, &page));
            let due = all.into_iter().filter(|it| it.enabled && is_due(it, period, now));
            found.extend(due.map(|it| (space.id, provider.clone(), it)));
        }
    }
    Ok(found)
}

fn is_due(it: &Credential, period: Duration, now: Timestamp) -> bool {
    let last = it.checks.last_checked_at.unwrap_or(it.created_at);
    now.as_micros().saturating_sub(last.as_micros()) >= wait(it.id, period)
}

/// How long it is between two checks of one, in microseconds: up to a tenth less or more than the
/// period, by its id. Made together, they are not checked together.
fn wait(id: CredentialId, period: Duration) -> i64 {
    let spread = 900 + u32::try_from(id.0.as_u128() % 200).unwrap_or_default();
    i64::try_from((period / 1_000 * spread).as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn credentials_that_were_made_together_are_not_checked_together() {
        let day = Duration::from_secs(86_400);
        let made = Timestamp::from_micros(1_795_000_000_000_000);
        let ids: Vec<CredentialId> = (0..500).map(|_| CredentialId::new(made)).collect();
        let waits: BTreeSet<i64> = ids.iter().map(|id| wait(*id, day)).collect();
        assert!(waits.len() > 100, "{} moments", waits.len());
        let tenth = 8_640_000_000;
        for at in &waits {
            assert!((86_400_000_000 - tenth..86_400_000_000 + tenth).contains(at), "{at}");
        }
        assert_eq!(wait(ids[0], day), wait(ids[0], day), "the same each time, on every node");
    }
}

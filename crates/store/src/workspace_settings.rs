//! What a workspace decides for itself, one named setting each: read together, changed one by one.

use serde::de::DeserializeOwned;
use serde_json::Value;
use wayleave_model::editor_limits::{EditorLimits, TargetName};
use wayleave_model::id::WorkspaceId;
use wayleave_model::workspace::{KeepResponses, ProofsPerHour, WorkspaceSettings};

use crate::change::Change;
use crate::db::Tx;
use crate::error::StoreError;
use crate::settings;
use crate::text::check_text;

const KEEP_RESPONSES: &str = "keep_responses";
const PROOFS_PER_HOUR: &str = "proofs_per_hour";
const EDITOR_LIMITS: &str = "editor_limits";

/// The settings of that workspace.
///
/// # Errors
/// [`StoreError::Unreadable`] for one that a newer version wrote.
pub async fn get(tx: &mut Tx, workspace: WorkspaceId) -> Result<WorkspaceSettings, StoreError> {
    let keep = settings::get(tx, workspace, KEEP_RESPONSES).await?;
    let proofs = settings::get(tx, workspace, PROOFS_PER_HOUR).await?;
    let limits = settings::get(tx, workspace, EDITOR_LIMITS).await?;
    Ok(WorkspaceSettings {
        keep_responses: keep.map(read).transpose()?,
        proofs_per_hour: proofs.map(read).transpose()?.unwrap_or_default(),
        editor_limits: limits.map(read).transpose()?,
    })
}

fn read<T: DeserializeOwned>(value: Value) -> Result<T, StoreError> {
    serde_json::from_value(value)
        .map_err(|error| StoreError::unreadable("setting", error.to_string()))
}

/// Says how many proofs of credentials may cost something in an hour. Saying what is so already
/// changes nothing.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn set_proofs_per_hour(
    change: &mut Change,
    most: ProofsPerHour,
) -> Result<(), StoreError> {
    let workspace = change.workspace;
    if get(&mut change.tx, workspace).await?.proofs_per_hour == most {
        return Ok(());
    }
    settings::set(change, PROOFS_PER_HOUR, &Value::from(most.0)).await
}

/// Makes the workspace of `change` keep responses, or stop: what is kept already stays until its
/// time. Saying what is so already changes nothing.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn set_keep_responses(
    change: &mut Change,
    keep: Option<KeepResponses>,
) -> Result<(), StoreError> {
    let Some(keep) = keep else { return settings::remove(change, KEEP_RESPONSES).await };
    let value = serde_json::to_value(keep)
        .map_err(|error| StoreError::invalid(KEEP_RESPONSES, error.to_string()))?;
    settings::set(change, KEEP_RESPONSES, &value).await
}

/// Limits what editors may do with keys and aliases; limits that limit nothing are as none. What they
/// made before stays as it is. Saying what is so already changes nothing.
///
/// # Errors
/// [`StoreError::Invalid`] for a name that nothing can have.
pub async fn set_editor_limits(
    change: &mut Change,
    limits: Option<&EditorLimits>,
) -> Result<(), StoreError> {
    let Some(limits) = limits.filter(|it| it.limit_anything()) else {
        return settings::remove(change, EDITOR_LIMITS).await;
    };
    let environments = limits.environments.iter().flatten().map(String::as_str);
    for name in environments.chain(limits.models.iter().flatten().map(TargetName::as_str)) {
        check_text(EDITOR_LIMITS, name)?;
    }
    let value = serde_json::to_value(limits)
        .map_err(|error| StoreError::invalid(EDITOR_LIMITS, error.to_string()))?;
    settings::set(change, EDITOR_LIMITS, &value).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit;
    use crate::page::Listing;
    use crate::testing::each_engine;
    use wayleave_model::workspace::KeptDays;

    #[tokio::test]
    async fn responses_are_kept_where_the_workspace_says_so_and_the_log_says_who_said_it() {
        each_engine(|bench| async move {
            let (red, blue) = (bench.workspace("red").await, bench.workspace("blue").await);
            let keep = KeepResponses { days: KeptDays::try_from(7).unwrap() };
            let mut change = bench.change(red).await;
            assert_eq!(get(change.tx(), red).await.unwrap(), WorkspaceSettings::default());
            set_keep_responses(&mut change, None).await.unwrap();
            set_keep_responses(&mut change, Some(keep)).await.unwrap();
            set_keep_responses(&mut change, Some(keep)).await.unwrap();
            change.commit().await.unwrap();

            let (_, part) = bench.store.snapshot_of(red).await.unwrap();
            assert_eq!(part.unwrap().settings.keep_responses, Some(keep));
            let mut tx = bench.store.read().await.unwrap();
            assert_eq!(get(&mut tx, blue).await.unwrap().keep_responses, None);
            let log = audit::list(&mut tx, red, &Listing::default()).await.unwrap().items;
            assert_eq!((log.len(), log[0].action.as_str()), (1, "setting.set"));
            assert_eq!(log[0].after, Some(serde_json::json!({"days": 7})));
            drop(tx);

            let mut change = bench.change(red).await;
            set_keep_responses(&mut change, None).await.unwrap();
            change.commit().await.unwrap();
            let mut tx = bench.store.read().await.unwrap();
            assert_eq!(get(&mut tx, red).await.unwrap().keep_responses, None);
        })
        .await;
    }

    #[tokio::test]
    async fn editors_are_limited_where_the_workspace_says_so() {
        each_engine(|bench| async move {
            let (red, blue) = (bench.workspace("red").await, bench.workspace("blue").await);
            let limits = |json: &str| serde_json::from_str::<EditorLimits>(json).unwrap();
            let tests = limits(r#"{"environments":["test"],"key_days":30}"#);
            let mut change = bench.change(red).await;
            for same in [Some(&tests), Some(&tests)] {
                set_editor_limits(&mut change, same).await.unwrap();
            }
            assert_eq!(change.steps().count(), 1);
            let wrong = limits(r#"{"models":["p/\u0000"]}"#);
            let refused = set_editor_limits(&mut change, Some(&wrong)).await.unwrap_err();
            assert!(matches!(refused, StoreError::Invalid { field: EDITOR_LIMITS, .. }));
            change.commit().await.unwrap();
            let mut tx = bench.store.read().await.unwrap();
            assert_eq!(get(&mut tx, red).await.unwrap().editor_limits, Some(tests));
            assert_eq!(get(&mut tx, blue).await.unwrap().editor_limits, None);
            drop(tx);

            let mut change = bench.change(red).await;
            set_editor_limits(&mut change, Some(&limits("{}"))).await.unwrap();
            assert_eq!(get(change.tx(), red).await.unwrap(), WorkspaceSettings::default());
            change.commit().await.unwrap();
        })
        .await;
    }

    #[test]
    fn days_are_between_one_and_a_year() {
        let read = |json: &str| serde_json::from_str::<KeepResponses>(json);
        assert_eq!(read("{}").unwrap().days, KeptDays::try_from(30).unwrap());
        assert_eq!(read(r#"{"days":365}"#).unwrap().days.micros(), 31_536_000_000_000);
        for wrong in [r#"{"days":0}"#, r#"{"days":366}"#, r#"{"days":-1}"#, r#"{"day":1}"#] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}

//! What editors may do with keys and aliases: within the limits that an admin set.

use http::StatusCode;
use wayleave_model::Timestamp;
use wayleave_model::editor_limits::{EditorLimits, TargetName};
use wayleave_model::key::Key;
use wayleave_model::member::Role;
use wayleave_store::keys::KeyDraft;
use wayleave_store::{Change, workspace_settings};

use crate::auth::Here;
use crate::error::{FieldError, Problem};

/// So many of the names that are allowed are told.
const TOLD: usize = 20;

/// What is asked.
#[derive(Debug)]
pub(crate) enum Asked<'a> {
    /// To make a key, now.
    Make(&'a KeyDraft, Timestamp),
    /// To change a key, now, into this.
    Change(&'a Key, &'a KeyDraft, Timestamp),
    /// To rotate, revoke or remove a key.
    Touch(&'a Key),
    /// To lead an alias to these models: the field that says so, and `provider/model`.
    Lead(&'a [(String, String)]),
}

/// Refuses what is outside the limits of an editor. Nobody else is bound by them.
///
/// # Errors
/// `outside_editor_limits`, with each field, what was asked and what is allowed.
pub(crate) async fn check(
    change: &mut Change,
    here: &Here,
    asked: &Asked<'_>,
) -> Result<(), Problem> {
    if here.power.role != Role::Editor {
        return Ok(());
    }
    let settings = workspace_settings::get(change.tx(), here.workspace.id).await?;
    let Some(limits) = settings.editor_limits else { return Ok(()) };
    let errors = outside(&limits, asked);
    let detail = match errors.as_slice() {
        [] => return Ok(()),
        [one] => format!("{}: {}", one.field, one.message),
        many => format!("{} things are outside the limits that an admin set", many.len()),
    };
    let problem = Problem::new(StatusCode::FORBIDDEN, "outside_editor_limits", detail);
    Err(Problem { errors, ..problem })
}

/// What of `asked` is outside `limits`.
pub(crate) fn outside(limits: &EditorLimits, asked: &Asked<'_>) -> Vec<FieldError> {
    match asked {
        Asked::Make(key, now) => environment(limits, &key.environment)
            .into_iter()
            .chain(expiry(limits, key, *now))
            .chain(every_alias(limits, key))
            .collect(),
        Asked::Change(before, after, now) => {
            // Whose key it is not, they do not take over either.
            let environment = there(limits, before)
                .or_else(|| environment(limits, &after.environment))
                .into_iter();
            let widened = before.aliases.is_some().then(|| every_alias(limits, after)).flatten();
            environment.chain(expiry(limits, after, *now)).chain(widened).collect()
        }
        Asked::Touch(key) => there(limits, key).into_iter().collect(),
        Asked::Lead(targets) => targets.iter().filter_map(|it| target(limits, it)).collect(),
    }
}

fn there(limits: &EditorLimits, key: &Key) -> Option<FieldError> {
    let allowed = limits.environments.as_ref()?;
    (!allowed.contains(&key.environment)).then(|| {
        let why = format!(
            "the key is of `{}`; editors have the keys of {}",
            key.environment,
            told(allowed.iter().map(String::as_str))
        );
        FieldError::new("environment", why)
    })
}

fn environment(limits: &EditorLimits, asked: &String) -> Option<FieldError> {
    let allowed = limits.environments.as_ref()?;
    (!allowed.contains(asked)).then(|| {
        let names = told(allowed.iter().map(String::as_str));
        let why = format!("`{asked}` was asked for; editors have the keys of {names}");
        FieldError::new("environment", why)
    })
}

fn expiry(limits: &EditorLimits, key: &KeyDraft, now: Timestamp) -> Option<FieldError> {
    let days = limits.key_days?;
    let last = now.plus_micros(days.micros());
    if key.expires_at.is_some_and(|it| it <= last) {
        return None;
    }
    let asked = match key.expires_at {
        Some(at) => format!("`{at}` was asked for"),
        None => "a key without an end was asked for".to_owned(),
    };
    let days = u16::from(days);
    let why =
        format!("{asked}; keys of editors expire within {days} days: by {last} at the latest");
    Some(FieldError::new("expires_at", why))
}

fn every_alias(limits: &EditorLimits, key: &KeyDraft) -> Option<FieldError> {
    (limits.aliases_per_key && key.aliases.is_none()).then(|| {
        let why = "a key for all aliases was asked for; keys of editors name theirs";
        FieldError::new("aliases", why)
    })
}

fn target(limits: &EditorLimits, (field, asked): &(String, String)) -> Option<FieldError> {
    let allowed = limits.models.as_ref()?;
    (!allowed.iter().any(|it| it.as_str() == asked)).then(|| {
        let names = told(allowed.iter().map(TargetName::as_str));
        let why = format!("it would lead to `{asked}`; aliases of editors lead to {names}");
        FieldError::new(field.as_str(), why)
    })
}

fn told<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let more = names.len().saturating_sub(TOLD);
    let mut shown: Vec<String> = names.take(TOLD).map(|it| format!("`{it}`")).collect();
    if more > 0 {
        shown.push(format!("{more} more"));
    }
    if shown.is_empty() { "nothing".to_owned() } else { shown.join(", ") }
}

#[cfg(test)]
mod tests;

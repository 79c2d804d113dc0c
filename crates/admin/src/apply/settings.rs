//! Settings of the workspace in a setup document: those that it names become so, others stay.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wayleave_model::editor_limits::EditorLimits;
use wayleave_model::workspace::{KeepResponses, ProofsPerHour, WorkspaceSettings};

use super::plan::{Action, Step, Work, line};

/// What the workspace decides for itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingsDecl {
    /// Responses of providers that keep none are kept, for `days` (30 if absent); `null`: they are
    /// not.
    #[serde(
        default,
        deserialize_with = "crate::body::nullable",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<crate::shape::configuration::KeepResponses>)]
    pub keep_responses: Option<Option<KeepResponses>>,
    /// How many proofs of credentials may cost something in an hour; 0: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u16>)]
    pub proofs_per_hour: Option<ProofsPerHour>,
    /// What editors may do with keys and aliases, all limits at once; `null`: everything.
    #[serde(
        default,
        deserialize_with = "crate::body::nullable",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<crate::shape::configuration::EditorLimits>)]
    pub editor_limits: Option<Option<EditorLimits>>,
}

impl SettingsDecl {
    /// Whether it names none.
    pub fn is_empty(&self) -> bool {
        *self == SettingsDecl::default()
    }
}

/// The steps from the settings that are to those that are wanted.
pub(super) fn steps<'a>(current: &WorkspaceSettings, wanted: &SettingsDecl) -> Vec<Step<'a>> {
    let mut steps: Vec<Step<'a>> = keep_responses(current, wanted).into_iter().collect();
    steps.extend(proofs_per_hour(current, wanted));
    steps.extend(editor_limits(current, wanted));
    steps
}

fn editor_limits<'a>(current: &WorkspaceSettings, wanted: &SettingsDecl) -> Option<Step<'a>> {
    let is = current.editor_limits.as_ref();
    let wanted = wanted.editor_limits.as_ref()?.as_ref().filter(|it| it.limit_anything());
    let action = match (is, wanted) {
        (is, wanted) if is == wanted => Action::Unchanged,
        (None, _) => Action::Create,
        (Some(_), None) => Action::Delete,
        (Some(_), Some(_)) => Action::Update,
    };
    let fields = match (is, wanted) {
        (Some(is), Some(wanted)) => other_limits(is, wanted),
        _ => Vec::new(),
    };
    let work = match action {
        Action::Unchanged => Work::Keep,
        _ => Work::EditorLimits(wanted.cloned()),
    };
    Some(Step { change: line(action, "setting", "editor_limits".to_owned(), fields), work })
}

/// The names of the limits that differ.
fn other_limits(is: &EditorLimits, wanted: &EditorLimits) -> Vec<String> {
    [
        ("environments", is.environments != wanted.environments),
        ("key_days", is.key_days != wanted.key_days),
        ("models", is.models != wanted.models),
        ("aliases_per_key", is.aliases_per_key != wanted.aliases_per_key),
    ]
    .into_iter()
    .filter(|(_, differs)| *differs)
    .map(|(name, _)| name.to_owned())
    .collect()
}

fn proofs_per_hour<'a>(current: &WorkspaceSettings, wanted: &SettingsDecl) -> Option<Step<'a>> {
    let wanted = wanted.proofs_per_hour?;
    let (action, work) = match wanted == current.proofs_per_hour {
        true => (Action::Unchanged, Work::Keep),
        false => (Action::Update, Work::ProofsPerHour(wanted)),
    };
    Some(Step { change: line(action, "setting", "proofs_per_hour".to_owned(), Vec::new()), work })
}

fn keep_responses<'a>(current: &WorkspaceSettings, wanted: &SettingsDecl) -> Option<Step<'a>> {
    let (is, wanted) = (current.keep_responses, wanted.keep_responses?);
    let (action, fields) = match (is, wanted) {
        (is, wanted) if is == wanted => (Action::Unchanged, Vec::new()),
        (None, _) => (Action::Create, Vec::new()),
        (Some(_), None) => (Action::Delete, Vec::new()),
        (Some(_), Some(_)) => (Action::Update, vec!["days".to_owned()]),
    };
    let work = if action == Action::Unchanged { Work::Keep } else { Work::KeepResponses(wanted) };
    Some(Step { change: line(action, "setting", "keep_responses".to_owned(), fields), work })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> SettingsDecl {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_setting_is_made_changed_ended_or_left_alone() {
        let of = |is: &str, wanted: &str| {
            let keep_responses = read(is).keep_responses.flatten();
            let is = WorkspaceSettings { keep_responses, ..WorkspaceSettings::default() };
            steps(&is, &read(wanted)).first().map(|it| it.change.action)
        };
        let (week, month) = (r#"{"keep_responses":{"days":7}}"#, r#"{"keep_responses":{}}"#);
        let off = r#"{"keep_responses":null}"#;
        assert_eq!(of(week, "{}"), None);
        assert_eq!(of(off, week), Some(Action::Create));
        assert_eq!(of(week, month), Some(Action::Update));
        assert_eq!(of(week, off), Some(Action::Delete));
        let proofs = |wanted: &str| {
            let steps = steps(&WorkspaceSettings::default(), &read(wanted));
            steps.iter().map(|it| it.change.action).collect::<Vec<_>>()
        };
        assert_eq!(proofs(r#"{"proofs_per_hour":0}"#), [Action::Update]);
        assert_eq!(proofs(r#"{"proofs_per_hour":60}"#), [Action::Unchanged]);
        let limits = |is: &str, wanted: &str| {
            let editor_limits = read(is).editor_limits.flatten();
            let is = WorkspaceSettings { editor_limits, ..WorkspaceSettings::default() };
            steps(&is, &read(wanted)).first().map(|it| (it.change.action, it.change.fields.clone()))
        };
        let tests = r#"{"editor_limits":{"environments":["test"],"key_days":30}}"#;
        let days = r#"{"editor_limits":{"environments":["test"],"key_days":9}}"#;
        let (none, nothing) = (r#"{"editor_limits":null}"#, r#"{"editor_limits":{}}"#);
        assert_eq!(limits(tests, "{}"), None);
        assert_eq!(limits(none, tests), Some((Action::Create, vec![])));
        assert_eq!(limits(tests, days), Some((Action::Update, vec!["key_days".to_owned()])));
        assert_eq!(limits(tests, none), Some((Action::Delete, vec![])));
        assert_eq!(limits(tests, nothing), Some((Action::Delete, vec![])));
        assert_eq!(limits(none, nothing), Some((Action::Unchanged, vec![])));
        assert_eq!(limits(tests, tests), Some((Action::Unchanged, vec![])));
        for same in [week, off] {
            assert_eq!(of(same, same), Some(Action::Unchanged));
        }
    }

    #[test]
    fn what_is_named_is_sent_on_as_it_was_named() {
        for text in ["{}", r#"{"keep_responses":null}"#, r#"{"keep_responses":{"days":7}}"#] {
            assert_eq!(serde_json::to_string(&read(text)).unwrap(), text);
        }
        assert!(serde_json::from_str::<SettingsDecl>(r#"{"keep_respones":null}"#).is_err());
    }
}

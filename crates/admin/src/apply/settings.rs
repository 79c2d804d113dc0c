//! Settings of the workspace in a setup document: those that it names become so, others stay.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
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
}

impl SettingsDecl {
    /// Whether it names none.
    pub fn is_empty(&self) -> bool {
        *self == SettingsDecl::default()
    }
}

/// The steps from the settings that are to those that are wanted.
pub(super) fn steps<'a>(current: &WorkspaceSettings, wanted: &SettingsDecl) -> Vec<Step<'a>> {
    keep_responses(current, wanted).into_iter().chain(proofs_per_hour(current, wanted)).collect()
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

//! What an admin limits editors of a workspace to.

use serde::{Deserialize, Serialize};

/// Limits of what editors may do with keys and aliases. What is absent is not limited.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EditorLimits {
    /// Environments of the keys that they may make, change, rotate, revoke and remove; `None`: all.
    pub environments: Option<Vec<String>>,
    /// Within how many days the keys that they make or change must expire; `None`: they need not.
    pub key_days: Option<KeyDays>,
    /// The models that aliases which they make or change may lead to; `None`: all.
    pub models: Option<Vec<TargetName>>,
    /// The keys that they make must name their aliases: none is for all.
    pub aliases_per_key: bool,
}

impl EditorLimits {
    /// Whether anything is limited.
    pub fn limit_anything(&self) -> bool {
        *self != EditorLimits::default()
    }
}

/// Whole days until a key expires, 1 to 3650.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct KeyDays(u16);

impl KeyDays {
    /// In microseconds.
    pub fn micros(self) -> i64 {
        i64::from(self.0) * 24 * 60 * 60 * 1_000_000
    }
}

impl TryFrom<u16> for KeyDays {
    type Error = &'static str;

    fn try_from(days: u16) -> Result<KeyDays, &'static str> {
        if (1..=3650).contains(&days) { Ok(KeyDays(days)) } else { Err("expected 1 to 3650 days") }
    }
}

impl From<KeyDays> for u16 {
    fn from(days: KeyDays) -> u16 {
        days.0
    }
}

/// A model as targets are shown: `provider/model`. There need not be one of that name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TargetName(String);

impl TargetName {
    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for TargetName {
    type Error = &'static str;

    fn try_from(name: String) -> Result<TargetName, &'static str> {
        match name.split_once('/') {
            Some((provider, model)) if !provider.is_empty() && !model.is_empty() => {
                Ok(TargetName(name))
            }
            _ => Err("expected a provider's name, a slash and the model's name there"),
        }
    }
}

impl From<TargetName> for String {
    fn from(name: TargetName) -> String {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<EditorLimits, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn what_is_absent_is_not_limited() {
        assert_eq!(read("{}").unwrap(), EditorLimits::default());
        assert!(
            !read(r#"{"environments":null,"aliases_per_key":false}"#).unwrap().limit_anything()
        );
        for one in [r#"{"environments":[]}"#, r#"{"key_days":1}"#, r#"{"aliases_per_key":true}"#] {
            assert!(read(one).unwrap().limit_anything(), "{one}");
        }
    }

    #[test]
    fn what_can_limit_nothing_is_refused() {
        for wrong in [
            r#"{"key_days":0}"#,
            r#"{"key_days":3651}"#,
            r#"{"models":["gpt-x"]}"#,
            r#"{"models":["/gpt-x"]}"#,
            r#"{"models":["p/"]}"#,
            r#"{"environment":["test"]}"#,
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        let kept = read(r#"{"key_days":3650,"models":["p/org/gpt-x"]}"#).unwrap();
        assert_eq!(kept.key_days.map(KeyDays::micros), Some(315_360_000_000_000));
        assert_eq!(kept.models.unwrap()[0].as_str(), "p/org/gpt-x");
    }
}

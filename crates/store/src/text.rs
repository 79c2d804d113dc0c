//! Text that goes into columns: names that are names, and what PostgreSQL refuses taken out.

use std::borrow::Cow;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;
use wayleave_model::Timestamp;
use wayleave_model::id::AuditId;

use crate::error::StoreError;

/// The most characters a name may have.
pub(crate) const MAX_NAME: usize = 256;

/// A name that people can read and type: not empty, no control characters, no blanks at its ends.
pub(crate) fn check_name(field: &'static str, name: &str) -> Result<(), StoreError> {
    if name.is_empty() || name.chars().count() > MAX_NAME {
        return Err(StoreError::invalid(field, format!("expected 1 to {MAX_NAME} characters")));
    }
    if name.trim() != name {
        return Err(StoreError::invalid(field, "expected no blanks at its ends"));
    }
    check_text(field, name)
}

/// Text without control characters.
pub(crate) fn check_text(field: &'static str, text: &str) -> Result<(), StoreError> {
    if text.chars().any(char::is_control) {
        return Err(StoreError::invalid(field, "expected no control characters"));
    }
    Ok(())
}

/// A document for a JSON column. PostgreSQL stores no NUL there either.
pub(crate) fn document<T: Serialize>(
    field: &'static str,
    value: &T,
) -> Result<Json<Value>, StoreError> {
    let value = serde_json::to_value(value)
        .map_err(|error| StoreError::invalid(field, error.to_string()))?;
    if has_nul(&value) {
        return Err(StoreError::invalid(field, "expected no NUL characters"));
    }
    Ok(Json(value))
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(map) => map.iter().any(|(name, it)| name.contains('\0') || has_nul(it)),
        _ => false,
    }
}

/// What a JSON column holds, as its type.
pub(crate) fn typed<T: DeserializeOwned>(
    noun: &'static str,
    value: Json<Value>,
) -> Result<T, StoreError> {
    serde_json::from_value(value.0).map_err(|error| StoreError::unreadable(noun, error.to_string()))
}

/// Text from outside as both engines take it: PostgreSQL stores no NUL.
pub(crate) fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', "\u{FFFD}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A new id for a row that no noun names.
pub(crate) fn new_id(now: Timestamp) -> Uuid {
    AuditId::new(now).0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_something_people_can_type() {
        assert!(check_name("name", "openai-main").is_ok());
        assert!(check_name("name", "Größe 7").is_ok());
        for bad in ["", " a", "a ", "a\0b", "a\nb", &"x".repeat(257)] {
            assert!(check_name("name", bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn what_postgresql_refuses_is_replaced() {
        assert_eq!(storable("a\0b"), "a\u{FFFD}b");
        assert_eq!(storable("ab"), "ab");
    }
}

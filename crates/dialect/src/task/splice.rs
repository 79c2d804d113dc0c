//! The client's own JSON with the model's name changed: what goes up where both sides speak alike.

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::Value;

use super::{Context, Wire};
use crate::Malformed;
use crate::raw::{Edits, RawObject};

/// The client's body for `model`, and what was changed.
pub(super) fn for_model(
    body: &Bytes,
    model: &str,
) -> Result<(Wire, Vec<Cow<'static, str>>), Malformed> {
    changed(body, model, |_| ())
}

/// The same with more changes.
pub(super) fn changed(
    body: &Bytes,
    model: &str,
    change: impl FnOnce(&mut Edits),
) -> Result<(Wire, Vec<Cow<'static, str>>), Malformed> {
    let object = RawObject::read(body)?;
    let mut edits = Edits::default();
    if object.string("model").transpose()?.is_none_or(|asked| asked != model) {
        edits.set("model", Value::from(model).to_string(), "model");
    }
    change(&mut edits);
    let pieces = edits.apply(&object, body);
    Ok((Wire::json(pieces), edits.names().cloned().collect()))
}

/// The provider's body with the model's name that the client is to see, where that is another.
pub(super) fn answered(body: &Bytes, context: &Context) -> Bytes {
    let Some(name) = &context.answer_model else { return body.clone() };
    let Ok(object) = RawObject::read(body) else { return body.clone() };
    let mut edits = Edits::default();
    edits.set("model", Value::from(name.as_str()).to_string(), "model");
    edits.apply(&object, body).concat().into()
}

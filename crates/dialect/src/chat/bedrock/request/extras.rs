//! What Converse passes to the model as it is, and what it is to pass back.

use super::family::Family;
use super::reasoning::Plan;
use super::sampling::Inference;
use crate::chat::json::{Object, object};

/// Writes `additionalModelRequestFields` and `additionalModelResponseFieldPaths`, where there is
/// anything in them.
pub(super) fn write(
    family: Family,
    reasoning: &Plan<'_>,
    inference: &Inference,
    body: &mut Object<'_>,
) {
    let mut fields = Vec::new();
    object(&mut fields, |fields| {
        reasoning.write(fields);
        inference.write_extras(family, fields);
    });
    if fields != b"{}" {
        body.with("additionalModelRequestFields", |out| out.extend_from_slice(&fields));
    }
    // Which of the texts was met is told only to those who ask.
    if family == Family::Claude && inference.has_stops() {
        body.list("additionalModelResponseFieldPaths", [r#""/stop_sequence""#]);
    }
}

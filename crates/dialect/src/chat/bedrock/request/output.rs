//! The shape of the answer and the effort behind it, as `outputConfig`
//! (<https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html>).

use wayleave_model::target::ModelFacts;

use crate::Malformed;
use crate::chat::ChatRequest;
use crate::chat::anthropic::request::shape::{self, Shape};
use crate::chat::json::Object;

/// Decides how the shape is demanded.
pub(super) fn shape<'r>(
    request: &'r ChatRequest,
    facts: &ModelFacts,
) -> Result<Shape<'r>, Malformed> {
    shape::shape(request, facts, (facts.tools == Some(false)).then_some("without tools"))
}

/// Writes `outputConfig`, if there is anything in it.
pub(super) fn write(shape: &Shape<'_>, effort: Option<&str>, body: &mut Object<'_>) {
    let native = match shape {
        Shape::Native { name, description, schema } => Some((*name, *description, *schema)),
        Shape::Free | Shape::Tool(_) => None,
    };
    if native.is_none() && effort.is_none() {
        return;
    }
    body.nest("outputConfig", |config| {
        if let Some(effort) = effort {
            config.text("effort", effort);
        }
        let Some((name, description, schema)) = native else { return };
        config.nest("textFormat", |format| {
            format.text("type", "json_schema");
            format.nest("structure", |structure| {
                structure.nest("jsonSchema", |definition| {
                    // The schema travels as a text.
                    definition.text("schema", schema);
                    if !name.is_empty() {
                        definition.text("name", name);
                    }
                    if let Some(description) = description {
                        definition.text("description", description);
                    }
                });
            });
        });
    });
}

//! The shape of the answer and the effort behind it, as `output_config`.

use super::shape::{JsonTool, Shape};
use crate::chat::json::{Object, object};

impl JsonTool<'_> {
    /// Its definition.
    pub(super) fn definition(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(256 + self.schema.len());
        object(&mut out, |tool| {
            tool.text("name", &self.name).text("description", &self.description);
            tool.raw("input_schema", &self.schema);
        });
        out
    }
}

/// Writes `output_config`, if there is anything in it.
pub(super) fn write(shape: &Shape<'_>, effort: Option<&str>, body: &mut Object<'_>) {
    let schema = match shape {
        Shape::Native { schema, .. } => Some(*schema),
        Shape::Free | Shape::Tool(_) => None,
    };
    if schema.is_none() && effort.is_none() {
        return;
    }
    body.nest("output_config", |config| {
        if let Some(effort) = effort {
            config.text("effort", effort);
        }
        if let Some(schema) = schema {
            config.nest("format", |format| {
                format.text("type", "json_schema").raw("schema", schema);
            });
        }
    });
}

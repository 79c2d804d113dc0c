//! The shape of the answer: natively where the model is known to have it, else through a tool.
//!
//! A model that has no `output_config.format` is made to call one tool whose input is the answer.
//! That tool's name begins with [`JSON_TOOL`]; the reader of answers knows it by that and gives
//! its input out as text, so the client never sees a call. Where this cannot work (other tools are
//! on offer, or the model thinks, which excludes a forced call) the request is refused: an answer
//! of any other shape is never given in its place.

use std::borrow::Cow;

use wayleave_model::target::ModelFacts;

use super::ids::fit;
use super::thinking::wanted;
use super::tools::object_schema;
use crate::Malformed;
use crate::chat::json::{Object, object};
use crate::chat::{ChatRequest, OutputFormat};

/// What the name of the tool that carries a JSON answer begins with.
pub(in super::super) const JSON_TOOL: &str = "wl_json_output";

/// How the shape is demanded.
pub(super) enum Shape<'r> {
    /// It is not.
    Free,
    /// In `output_config.format`.
    Native(&'r str),
    /// Through a tool that must be called.
    Tool(JsonTool<'r>),
}

/// The tool whose input is the answer.
pub(super) struct JsonTool<'r> {
    name: String,
    description: Option<&'r str>,
    schema: Cow<'r, str>,
}

/// Decides.
pub(super) fn shape<'r>(
    request: &'r ChatRequest,
    facts: &ModelFacts,
) -> Result<Shape<'r>, Malformed> {
    let tool = match &request.output {
        OutputFormat::Text if request.rest.iter().any(|(key, _)| key == "response_format") => {
            let message = "this model cannot be held to an answer of that type";
            return Err(Malformed::incapable("response_format", message));
        }
        OutputFormat::Text => return Ok(Shape::Free),
        OutputFormat::JsonSchema { schema, .. } if facts.json_schema == Some(true) => {
            return Ok(Shape::Native(schema.get()));
        }
        OutputFormat::JsonSchema { name, description, schema, .. } => JsonTool {
            name: fit(&format!("{JSON_TOOL}_{name}")),
            description: description.as_deref(),
            schema: object_schema(schema.get()).ok_or_else(|| {
                let message = "the schema of a JSON answer must describe an object";
                Malformed::incapable("response_format", message)
            })?,
        },
        OutputFormat::JsonObject => JsonTool {
            name: JSON_TOOL.to_owned(),
            description: None,
            schema: Cow::Borrowed(r#"{"type":"object","additionalProperties":true}"#),
        },
    };
    let obstacle = if !request.tools.is_empty() {
        "together with tools"
    } else if wanted(request) {
        "together with reasoning"
    } else {
        return Ok(Shape::Tool(tool));
    };
    Err(Malformed::incapable(
        "response_format",
        format!("this model cannot be held to a JSON answer {obstacle}"),
    ))
}

impl JsonTool<'_> {
    /// Its name, for `tool_choice`.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Its definition.
    pub(super) fn definition(&self) -> Vec<u8> {
        const WHAT: &str = "Takes the whole answer. Its input is the answer itself: a JSON object \
            with every field that was asked for, never an empty one.";
        let mut out = Vec::with_capacity(256 + self.schema.len());
        object(&mut out, |tool| {
            tool.text("name", &self.name);
            match self.description {
                Some(more) => tool.text("description", &format!("{WHAT} {more}")),
                None => tool.text("description", WHAT),
            };
            tool.raw("input_schema", &self.schema);
        });
        out
    }
}

/// Writes `output_config`, if there is anything in it.
pub(super) fn write(shape: &Shape<'_>, effort: Option<&str>, body: &mut Object<'_>) {
    let schema = match shape {
        Shape::Native(schema) => Some(*schema),
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

//! The shape of the answer: natively where the model is known to have it, else through a tool.
//!
//! A model without native schemas is made to call one tool whose input is the answer. That tool's
//! name begins with [`JSON_TOOL`]. Where this cannot work (other tools are on offer, or the model
//! thinks, which excludes a forced call) the request is refused: an answer of any other shape is
//! never given in its place.

use std::borrow::Cow;

use wayleave_model::target::ModelFacts;

use super::ids::fit;
use super::thinking::wanted;
use super::tools::object_schema;
use crate::Malformed;
use crate::chat::{ChatRequest, OutputFormat};

/// What the name of the tool that carries a JSON answer begins with.
pub(in crate::chat) const JSON_TOOL: &str = "wl_json_output";

/// What that tool is said to be for.
const WHAT: &str = "Takes the whole answer. Its input is the answer itself: a JSON object \
    with every field that was asked for, never an empty one.";

/// How the shape is demanded.
pub(in crate::chat) enum Shape<'r> {
    /// It is not.
    Free,
    /// In the dialect's own field.
    Native { name: &'r str, description: Option<&'r str>, schema: &'r str },
    /// Through a tool that must be called.
    Tool(JsonTool<'r>),
}

/// The tool whose input is the answer.
pub(in crate::chat) struct JsonTool<'r> {
    /// Its name.
    pub(in crate::chat) name: String,
    /// What it is for.
    pub(in crate::chat) description: Cow<'static, str>,
    /// What it takes.
    pub(in crate::chat) schema: Cow<'r, str>,
}

/// Decides. `obstacle`: what keeps this model from calling tools, in words.
pub(in crate::chat) fn shape<'r>(
    request: &'r ChatRequest,
    facts: &ModelFacts,
    obstacle: Option<&str>,
) -> Result<Shape<'r>, Malformed> {
    let tool = match &request.output {
        OutputFormat::Text if request.rest.iter().any(|(key, _)| key == "response_format") => {
            let message = "this model cannot be held to an answer of that type";
            return Err(Malformed::incapable("response_format", message));
        }
        OutputFormat::Text => return Ok(Shape::Free),
        OutputFormat::JsonSchema { name, description, schema, .. }
            if facts.json_schema == Some(true) =>
        {
            let description = description.as_deref();
            return Ok(Shape::Native { name, description, schema: schema.get() });
        }
        OutputFormat::JsonSchema { name, description, schema, .. } => JsonTool {
            name: fit(&format!("{JSON_TOOL}_{name}")),
            description: description
                .as_ref()
                .map_or(Cow::Borrowed(WHAT), |more| Cow::Owned(format!("{WHAT} {more}"))),
            schema: object_schema(schema.get()).ok_or_else(|| {
                let message = "the schema of a JSON answer must describe an object";
                Malformed::incapable("response_format", message)
            })?,
        },
        OutputFormat::JsonObject => JsonTool {
            name: JSON_TOOL.to_owned(),
            description: Cow::Borrowed(WHAT),
            schema: Cow::Borrowed(r#"{"type":"object","additionalProperties":true}"#),
        },
    };
    let with_tools = (!request.tools.is_empty()).then_some("together with tools");
    let with_thoughts = wanted(request).then_some("together with reasoning");
    match obstacle.or(with_tools).or(with_thoughts) {
        None => Ok(Shape::Tool(tool)),
        Some(obstacle) => Err(Malformed::incapable(
            "response_format",
            format!("this model cannot be held to a JSON answer {obstacle}"),
        )),
    }
}

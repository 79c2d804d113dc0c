//! The shape of the answer: natively where the model is known to have it, else through a tool.
//!
//! Native: `outputConfig.textFormat`
//! (<https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html>). A model without
//! it is made to call one tool whose input is the answer. Where that cannot work (other tools are
//! on offer, or the model reasons, which excludes a forced call) the request is refused: an answer
//! of any other shape is never given in its place.

use std::borrow::Cow;

use wayleave_model::target::ModelFacts;

use crate::Malformed;
use crate::chat::anthropic::request::thinking::wanted;
use crate::chat::anthropic::request::{ids, tools::object_schema};
use crate::chat::json::Object;
use crate::chat::{ChatRequest, OutputFormat};

/// What the name of the tool that carries the answer begins with.
const ANSWER_TOOL: &str = "wl_json_output";

/// What that tool is said to be for.
const WHAT: &str = "Takes the whole answer. Its input is the answer itself: a JSON object \
    with every field that was asked for, never an empty one.";

/// How the shape is demanded.
pub(super) enum Shape<'r> {
    /// It is not.
    Free,
    /// In `outputConfig`.
    Native { name: &'r str, description: Option<&'r str>, schema: &'r str },
    /// Through a tool that must be called.
    Tool(AnswerTool<'r>),
}

/// The tool whose input is the answer.
pub(super) struct AnswerTool<'r> {
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
        OutputFormat::JsonSchema { name, description, schema, .. }
            if facts.json_schema == Some(true) =>
        {
            let description = description.as_deref();
            return Ok(Shape::Native { name, description, schema: schema.get() });
        }
        OutputFormat::JsonSchema { name, description, schema, .. } => AnswerTool {
            name: ids::fit(&format!("{ANSWER_TOOL}_{name}")),
            description: description.as_deref(),
            schema: object_schema(schema.get()).ok_or_else(|| {
                let message = "the schema of a JSON answer must describe an object";
                Malformed::incapable("response_format", message)
            })?,
        },
        OutputFormat::JsonObject => AnswerTool {
            name: ANSWER_TOOL.to_owned(),
            description: None,
            schema: Cow::Borrowed(r#"{"type":"object","additionalProperties":true}"#),
        },
    };
    let obstacle = if facts.tools == Some(false) {
        "without tools"
    } else if !request.tools.is_empty() {
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

impl AnswerTool<'_> {
    /// Its name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// What it is for.
    pub(super) fn description(&self) -> Cow<'static, str> {
        self.description.map_or(Cow::Borrowed(WHAT), |more| Cow::Owned(format!("{WHAT} {more}")))
    }

    /// What it takes.
    pub(super) fn schema(&self) -> &str {
        &self.schema
    }
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

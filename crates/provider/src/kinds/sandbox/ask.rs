//! What a chat completion asks the sandbox for, read and checked.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::render::Complaint;
use super::tokens;

/// What the answer depends on.
#[derive(Debug)]
pub(super) struct Ask {
    /// By the sandbox's token rule: all text, three for each message, 85 for each image, and the
    /// tools as they were written.
    pub(super) prompt_tokens: u64,
    /// The text of the last user message.
    pub(super) last_user: String,
    /// What the tools answered, if that is what the conversation ends with.
    pub(super) tool_result: Option<String>,
    /// The type of each image: `image/png`, or `by address`.
    pub(super) images: Vec<String>,
    /// Whether a stream is wanted.
    pub(super) stream: bool,
    /// Whether it shall end with the usage.
    pub(super) include_usage: bool,
    /// Most tokens of the answer.
    pub(super) limit: Option<usize>,
    /// Texts at which it ends.
    pub(super) stops: Vec<String>,
    /// The functions on offer.
    pub(super) tools: Vec<Function>,
    /// Whether they may or must be called.
    pub(super) choice: ToolChoice,
    /// Whether several may be called at once.
    pub(super) parallel: bool,
    /// The shape of the answer.
    pub(super) shape: Shape,
}

/// A function on offer.
#[derive(Debug, Deserialize)]
pub(super) struct Function {
    pub(super) name: String,
    #[serde(default)]
    pub(super) parameters: Value,
}

/// Whether tools may or must be called.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ToolChoice {
    Auto,
    None,
    Required,
    Named(String),
}

/// The shape of the answer.
#[derive(Debug)]
pub(super) enum Shape {
    Text,
    Object,
    Schema(Value),
}

#[derive(Deserialize)]
struct Body {
    messages: Vec<Message>,
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
    max_tokens: Option<i64>,
    max_completion_tokens: Option<i64>,
    stop: Option<Value>,
    n: Option<i64>,
    tools: Option<Vec<Tool>>,
    tool_choice: Option<Value>,
    parallel_tool_calls: Option<bool>,
    response_format: Option<Value>,
    functions: Option<IgnoredAny>,
    logprobs: Option<bool>,
}

#[derive(Deserialize)]
struct Message {
    role: Role,
    #[serde(default)]
    content: Value,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Role {
    System,
    Developer,
    User,
    Assistant,
    Tool,
    Function,
}

#[derive(Deserialize)]
struct StreamOptions {
    include_usage: Option<bool>,
}

#[derive(Deserialize)]
struct Tool {
    #[serde(rename = "type")]
    kind: String,
    function: Option<Function>,
}

impl Ask {
    /// Reads a body; complains as OpenAI does, with the field that is to blame.
    pub(super) fn read(body: &[u8]) -> Result<Ask, Complaint> {
        let mut json = serde_json::Deserializer::from_slice(body);
        let body: Body = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let path = error.path().to_string();
            let message = format!("The request cannot be read: {}", error.into_inner());
            Complaint::invalid((path != ".").then_some(path.as_str()), &message)
        })?;
        json.end()
            .map_err(|_| Complaint::invalid(None, "Something follows the request's JSON."))?;
        refuse_what_it_cannot_do(&body)?;

        let mut said = Conversation::read(&body.messages)?;
        for tool in body.tools.iter().flatten().filter_map(|it| it.function.as_ref()) {
            let parameters = tool.parameters.to_string();
            said.tokens += tokens::count(&tool.name) + tokens::count(&parameters);
        }
        let tools = functions(body.tools.unwrap_or_default())?;
        let choice = tool_choice(body.tool_choice.as_ref(), &tools)?;
        Ok(Ask {
            prompt_tokens: said.tokens,
            last_user: said.last_user,
            tool_result: said.tool_result,
            images: said.images,
            stream: body.stream.unwrap_or(false),
            include_usage: body.stream_options.and_then(|it| it.include_usage).unwrap_or(false),
            limit: limit(body.max_tokens, body.max_completion_tokens)?,
            stops: stops(body.stop.as_ref())?,
            tools,
            choice,
            parallel: body.parallel_tool_calls.unwrap_or(true),
            shape: shape(body.response_format)?,
        })
    }
}

fn refuse_what_it_cannot_do(body: &Body) -> Result<(), Complaint> {
    let refuse = |param: &str, message: &str| Err(Complaint::invalid(Some(param), message));
    if body.messages.is_empty() {
        return refuse("messages", "At least one message is needed.");
    }
    if body.n.is_some_and(|it| it != 1) {
        return refuse("n", "The sandbox gives one answer: n must be 1.");
    }
    if body.functions.is_some() {
        return refuse("functions", "The sandbox takes `tools`, not the older `functions`.");
    }
    if body.logprobs == Some(true) {
        return refuse("logprobs", "The sandbox has no log probabilities.");
    }
    if body.stream_options.is_some() && body.stream != Some(true) {
        return refuse("stream_options", "`stream_options` is only allowed with `stream: true`.");
    }
    Ok(())
}

/// What was said, summed up.
#[derive(Default)]
struct Conversation {
    tokens: u64,
    last_user: String,
    tool_result: Option<String>,
    images: Vec<String>,
}

impl Conversation {
    fn read(messages: &[Message]) -> Result<Conversation, Complaint> {
        let mut said = Conversation::default();
        for (n, message) in messages.iter().enumerate() {
            let text = said.content(&message.content, &format!("messages[{n}].content"))?;
            said.tokens += tokens::count(&text) + 3;
            match message.role {
                Role::Tool | Role::Function => match &mut said.tool_result {
                    Some(before) => *before = format!("{before}\n{text}"),
                    none => *none = Some(text),
                },
                role => {
                    said.tool_result = None;
                    if role == Role::User {
                        said.last_user = text;
                    }
                }
            }
        }
        Ok(said)
    }

    /// The text of one message; images are counted on the way.
    fn content(&mut self, content: &Value, at: &str) -> Result<String, Complaint> {
        let parts = match content {
            Value::Null => return Ok(String::new()),
            Value::String(text) => return Ok(text.clone()),
            Value::Array(parts) => parts,
            _ => return Err(Complaint::invalid(Some(at), "Content is a text or a list of parts.")),
        };
        let mut texts = Vec::new();
        for (n, part) in parts.iter().enumerate() {
            let text = |field: &str| {
                part[field].as_str().ok_or_else(|| {
                    let at = format!("{at}[{n}].{field}");
                    Complaint::invalid(Some(&at), "A text is missing here.")
                })
            };
            match part["type"].as_str() {
                Some("text") => texts.push(text("text")?),
                Some("refusal") => texts.push(text("refusal")?),
                Some("image_url") => {
                    let at = format!("{at}[{n}].image_url");
                    self.images.push(image_type(&part["image_url"], &at)?);
                    self.tokens += 85;
                }
                _ => {
                    let at = format!("{at}[{n}].type");
                    let message = "The sandbox takes parts of type `text` and `image_url`.";
                    return Err(Complaint::invalid(Some(&at), message));
                }
            }
        }
        Ok(texts.join("\n"))
    }
}

fn image_type(image: &Value, at: &str) -> Result<String, Complaint> {
    let url = image["url"].as_str().or_else(|| image.as_str()).unwrap_or_default();
    if url.starts_with("https://") || url.starts_with("http://") {
        return Ok("by address".to_owned());
    }
    let named = url.strip_prefix("data:").and_then(|it| it.split_once(";base64,"));
    match named {
        Some((kind, data)) if kind.starts_with("image/") && kind.len() < 40 && !data.is_empty() => {
            Ok(kind.to_owned())
        }
        _ => {
            let message = "An image is an http(s) address or `data:image/…;base64,…`.";
            Err(Complaint::invalid(Some(at), message))
        }
    }
}

fn functions(tools: Vec<Tool>) -> Result<Vec<Function>, Complaint> {
    let one = |(n, tool): (usize, Tool)| match tool.function {
        Some(function) if tool.kind == "function" && !function.name.is_empty() => Ok(function),
        _ => {
            let message = "The sandbox calls tools of type `function`, with a name.";
            Err(Complaint::invalid(Some(&format!("tools[{n}]")), message))
        }
    };
    tools.into_iter().enumerate().map(one).collect()
}

fn tool_choice(choice: Option<&Value>, tools: &[Function]) -> Result<ToolChoice, Complaint> {
    let refuse = |message| Err(Complaint::invalid(Some("tool_choice"), message));
    let Some(choice) = choice else { return Ok(ToolChoice::Auto) };
    if tools.is_empty() && choice != "none" {
        return refuse("`tool_choice` is only allowed when tools are offered.");
    }
    match (choice.as_str(), choice["function"]["name"].as_str()) {
        (Some("auto"), _) => Ok(ToolChoice::Auto),
        (Some("none"), _) => Ok(ToolChoice::None),
        (Some("required"), _) => Ok(ToolChoice::Required),
        (None, Some(name)) if tools.iter().any(|it| it.name == name) => {
            Ok(ToolChoice::Named(name.to_owned()))
        }
        (None, Some(_)) => refuse("`tool_choice` names a function that is not offered."),
        _ => refuse("`tool_choice` is `auto`, `none`, `required` or a function by name."),
    }
}

fn limit(old: Option<i64>, new: Option<i64>) -> Result<Option<usize>, Complaint> {
    let (name, value) = match (old, new) {
        (None, None) => return Ok(None),
        (Some(value), None) => ("max_tokens", value),
        (None, Some(value)) => ("max_completion_tokens", value),
        (Some(_), Some(_)) => {
            let message = "Give `max_tokens` or `max_completion_tokens`, not both.";
            return Err(Complaint::invalid(Some("max_tokens"), message));
        }
    };
    match usize::try_from(value) {
        Ok(value) if value > 0 => Ok(Some(value)),
        _ => Err(Complaint::invalid(Some(name), &format!("`{name}` must be at least 1."))),
    }
}

fn stops(stop: Option<&Value>) -> Result<Vec<String>, Complaint> {
    let list = match stop {
        None => return Ok(Vec::new()),
        Some(Value::String(one)) => vec![Some(one.clone())],
        Some(Value::Array(many)) if many.len() <= 4 => {
            many.iter().map(|it| it.as_str().map(str::to_owned)).collect()
        }
        Some(_) => vec![None],
    };
    let all: Option<Vec<String>> = list.into_iter().collect();
    all.ok_or_else(|| Complaint::invalid(Some("stop"), "`stop` is a text or up to four texts."))
}

fn shape(format: Option<Value>) -> Result<Shape, Complaint> {
    let Some(mut format) = format else { return Ok(Shape::Text) };
    match format["type"].as_str() {
        Some("text") => Ok(Shape::Text),
        Some("json_object") => Ok(Shape::Object),
        Some("json_schema") if format["json_schema"]["name"].is_string() => {
            Ok(Shape::Schema(format["json_schema"]["schema"].take()))
        }
        Some("json_schema") => {
            let at = "response_format.json_schema.name";
            Err(Complaint::invalid(Some(at), "The schema's name is missing."))
        }
        _ => {
            let message = "The type is `text`, `json_object` or `json_schema`.";
            Err(Complaint::invalid(Some("response_format.type"), message))
        }
    }
}

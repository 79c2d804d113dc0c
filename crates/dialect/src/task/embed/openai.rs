//! `/v1/embeddings` as OpenAI's clients ask it, and as its clones extend it
//! (<https://platform.openai.com/docs/api-reference/embeddings>).
//!
//! Beside OpenAI's own fields these are read, for providers that know them: `input_type` (Cohere,
//! Voyage, NVIDIA), `task` and `late_chunking` (Jina), `task_type` and `title` (Google), `truncate`
//! (Cohere, Jina, Ollama, TEI), `truncation` (Voyage), `output_dimension` and `output_dtype`
//! (Mistral, Voyage), `embedding_type` (Jina), `normalize` and `normalized`, `prompt_name` (TEI).
//! An input may be an object with `text`, `image` or `content` (parts as in conversations), and
//! `messages` may stand in place of `input`, as vLLM takes it: that makes one vector.

use super::question::{Embedding, Surface};
use super::request::{Dtype, EmbedRequest, Input, Part, Purpose, Truncate};
use crate::Malformed;
use crate::node::{self, Node};
use crate::task::{Given, Question};

/// The fields that are read.
const KNOWN: [&str; 19] = [
    "model",
    "input",
    "messages",
    "encoding_format",
    "dimensions",
    "output_dimension",
    "input_type",
    "task",
    "task_type",
    "prompt_name",
    "title",
    "truncate",
    "truncation",
    "output_dtype",
    "embedding_type",
    "normalize",
    "normalized",
    "late_chunking",
    "user",
];

/// Reads the request.
///
/// # Errors
/// What is missing or of the wrong type.
pub fn read(given: &Given<'_>) -> Result<Box<dyn Question>, Malformed> {
    let body = given.json()?.clone();
    node::refuse_depth(&body)?;
    let text = std::str::from_utf8(&body).map_err(|error| {
        Malformed::new(format!("the body is not UTF-8 at byte {}", error.valid_up_to()))
    })?;
    let request = request(&Node::read(text, String::new())?)?;
    Ok(Box::new(Embedding { request, surface: Surface::OpenAi, body }))
}

fn request(node: &Node<'_>) -> Result<EmbedRequest, Malformed> {
    let model = node.required("model")?;
    if model.is_empty() {
        return Err(node.missing("model"));
    }
    let mut rest = node.others(&KNOWN).into_iter().map(|(name, _)| name).collect();
    Ok(EmbedRequest {
        model,
        inputs: inputs(node, &mut rest)?,
        base64: base64(node)?,
        dimensions: match node.count("dimensions")? {
            None => node.count("output_dimension")?,
            given => given,
        },
        purpose: purpose(node)?,
        truncate: truncate(node)?,
        dtype: dtype(node)?,
        title: node.text("title")?.map(|it| it.into_owned()),
        normalize: normalize(node)?,
        late_chunking: node.flag("late_chunking")?,
        user: node.text("user")?.map(|it| it.into_owned()),
        rest,
        ..EmbedRequest::default()
    })
}

fn base64(node: &Node<'_>) -> Result<bool, Malformed> {
    match node.text("encoding_format")?.as_deref() {
        // Jina's name for it.
        None => Ok(node.text("embedding_type")?.as_deref() == Some("base64")),
        Some("float") => Ok(false),
        Some("base64") => Ok(true),
        Some(_) => Err(node.wrong("encoding_format", "`float` or `base64`")),
    }
}

fn purpose(node: &Node<'_>) -> Result<Option<(&'static str, Purpose)>, Malformed> {
    for field in ["input_type", "task", "task_type", "prompt_name"] {
        if let Some(word) = node.text(field)? {
            return Ok(Some((field, Purpose::of(&word))));
        }
    }
    Ok(None)
}

/// A word of Cohere's or, as Voyage, Jina, Ollama and TEI have it, yes or no.
fn truncate(node: &Node<'_>) -> Result<Option<(&'static str, Truncate)>, Malformed> {
    for field in ["truncate", "truncation"] {
        let truncate = match node.raw(field) {
            None => continue,
            Some("true") => Truncate::End,
            Some("false") => Truncate::Never,
            Some(json) if json.starts_with('"') => {
                let word = node.text(field)?.unwrap_or_default();
                let known = Truncate::of(&word);
                known.ok_or_else(|| node.wrong(field, "`NONE`, `START`, `END`, true or false"))?
            }
            Some(_) => return Err(node.wrong(field, "`NONE`, `START`, `END`, true or false")),
        };
        return Ok(Some((field, truncate)));
    }
    Ok(None)
}

fn dtype(node: &Node<'_>) -> Result<Option<(&'static str, Dtype)>, Malformed> {
    for field in ["output_dtype", "embedding_type"] {
        match node.text(field)?.as_deref() {
            None | Some("base64") => {}
            Some(word) => match Dtype::of(word) {
                Some(dtype) => return Ok(Some((field, dtype))),
                None => {
                    let words = "`float`, `int8`, `uint8`, `binary` or `ubinary`";
                    return Err(node.wrong(field, words));
                }
            },
        }
    }
    Ok(None)
}

fn normalize(node: &Node<'_>) -> Result<Option<(&'static str, bool)>, Malformed> {
    for field in ["normalize", "normalized"] {
        if let Some(flag) = node.flag(field)? {
            return Ok(Some((field, flag)));
        }
    }
    Ok(None)
}

fn inputs(node: &Node<'_>, rest: &mut Vec<String>) -> Result<Vec<Input>, Malformed> {
    let Some(json) = node.raw("input") else {
        return match node.list("messages")? {
            Some(messages) => conversation(&messages, rest),
            None => Err(Malformed::at("input", "`input` is missing: a text or a list of texts")),
        };
    };
    match json.as_bytes().first() {
        Some(b'"') => Ok(vec![Input::Text(node.required("input")?)]),
        Some(b'{') => Ok(vec![object(json, "input".to_owned())?]),
        Some(b'[') => {
            let items = node::list(json, "input")?;
            if items.is_empty() {
                return Err(Malformed::at("input", "`input` is an empty list"));
            }
            if items.iter().all(|item| is_id(item)) {
                return Ok(vec![Input::Tokens(json.to_owned())]);
            }
            items.iter().enumerate().map(|(at, item)| one(item, format!("input[{at}]"))).collect()
        }
        _ => Err(node.wrong("input", "a text or a list of texts")),
    }
}

fn one(json: &str, path: String) -> Result<Input, Malformed> {
    match json.as_bytes().first() {
        Some(b'"') => Ok(Input::Text(text(json, &path)?)),
        Some(b'{') => object(json, path),
        Some(b'[') => {
            let ids = node::list(json, &path)?;
            if ids.is_empty() || !ids.iter().all(|id| is_id(id)) {
                return Err(Malformed::at(&path, format!("`{path}` must be a list of token ids")));
            }
            Ok(Input::Tokens(json.to_owned()))
        }
        _ => Err(Malformed::at(&path, format!("`{path}` must be a text or a list of token ids"))),
    }
}

fn is_id(json: &str) -> bool {
    json.parse::<u64>().is_ok()
}

/// A JSON string's text.
fn text(json: &str, path: &str) -> Result<String, Malformed> {
    serde_json::from_str(json)
        .map_err(|_| Malformed::at(path, format!("`{path}` is a text that cannot be read")))
}

/// `{"text"}`, `{"image"}` (Jina), a part of a conversation, or `{"content": […]}` of such.
fn object(json: &str, path: String) -> Result<Input, Malformed> {
    let node = Node::read(json, path)?;
    if let Some(content) = node.raw("content") {
        return Ok(Input::Parts(content_parts(content, &node.path("content"))?));
    }
    Ok(match part(&node)? {
        Part::Text(text) => Input::Text(text),
        image => Input::Parts(vec![image]),
    })
}

/// Content as in a message: a text or a list of parts.
fn content_parts(json: &str, path: &str) -> Result<Vec<Part>, Malformed> {
    if json.starts_with('"') {
        return Ok(vec![Part::Text(text(json, path)?)]);
    }
    let items = node::list(json, path)?;
    if items.is_empty() {
        return Err(Malformed::at(path, format!("`{path}` is an empty list")));
    }
    let part = |(at, item): (usize, &&str)| part(&Node::read(item, format!("{path}[{at}]"))?);
    items.iter().enumerate().map(part).collect()
}

fn part(node: &Node<'_>) -> Result<Part, Malformed> {
    if let Some(text) = node.text("text")? {
        return Ok(Part::Text(text.into_owned()));
    }
    for field in ["image_url", "image", "image_base64"] {
        match node.raw(field) {
            None => {}
            Some(json) if json.starts_with('{') => {
                let inner = Node::read(json, node.path(field))?;
                return Ok(Part::Image(inner.required("url")?));
            }
            Some(_) => return Ok(Part::Image(image(&node.required(field)?))),
        }
    }
    let kind = node.text("type")?.unwrap_or_default();
    let at = node.path("type");
    if kind.is_empty() {
        return Err(node.missing("text"));
    }
    Err(Malformed::incapable(at, format!("a vector is made of texts and images, not of `{kind}`")))
}

/// Jina takes an image's bare base64 too.
fn image(given: &str) -> String {
    let addressed = ["data:", "http://", "https://"].iter().any(|start| given.starts_with(start));
    if addressed { given.to_owned() } else { format!("data:image/png;base64,{given}") }
}

/// What the user says in a conversation is one input. What stands around it belongs to the model's
/// own template, which no other provider has: it goes to `rest`.
fn conversation(messages: &[&str], rest: &mut Vec<String>) -> Result<Vec<Input>, Malformed> {
    let mut parts = Vec::new();
    for (at, message) in messages.iter().enumerate() {
        let node = Node::read(message, format!("messages[{at}]"))?;
        let Some(content) = node.raw("content").filter(|it| *it != "\"\"") else { continue };
        if node.required("role")? == "user" {
            parts.extend(content_parts(content, &node.path("content"))?);
        } else {
            rest.push(node.path("content"));
        }
    }
    if parts.is_empty() {
        return Err(Malformed::at("messages", "`messages` has no words of the user"));
    }
    Ok(vec![Input::Parts(parts)])
}

//! `:embedContent` and `:batchEmbedContents` as Google's clients ask them
//! (<https://ai.google.dev/api/embeddings>). Both spellings of a field are taken, as Google's own
//! server takes them (proto3's JSON mapping).

use super::question::{Embedding, Surface};
use super::request::{EmbedRequest, Input, Part, Purpose};
use crate::Malformed;
use crate::base64;
use crate::node::{self, Node};
use crate::task::{Given, Question};

/// Reads `:embedContent`.
///
/// # Errors
/// What is missing or of the wrong type.
pub fn read(given: &Given<'_>) -> Result<Box<dyn Question>, Malformed> {
    question(given, Surface::GeminiOne)
}

/// Reads `:batchEmbedContents`.
///
/// # Errors
/// As [`read`], and where the requests ask for vectors of different kinds.
pub fn read_batch(given: &Given<'_>) -> Result<Box<dyn Question>, Malformed> {
    question(given, Surface::GeminiBatch)
}

fn question(given: &Given<'_>, surface: Surface) -> Result<Box<dyn Question>, Malformed> {
    let body = given.json()?.clone();
    node::refuse_depth(&body)?;
    let text = std::str::from_utf8(&body).map_err(|error| {
        Malformed::new(format!("the body is not UTF-8 at byte {}", error.valid_up_to()))
    })?;
    let model = given.head.model.unwrap_or_default();
    let root = Node::read(text, String::new())?;
    let mut request = match surface {
        Surface::GeminiBatch => batch(&root)?,
        _ => one(&root)?,
    };
    request.model = model.strip_prefix("models/").unwrap_or(model).to_owned();
    if request.model.is_empty() {
        return Err(Malformed::at("model", "the path names no model"));
    }
    Ok(Box::new(Embedding { request, surface, body }))
}

/// A field under either of its names.
fn named<'n>(node: &Node<'_>, camel: &'n str, snake: &'n str) -> &'n str {
    if node.raw(camel).is_some() { camel } else { snake }
}

/// The settings of one request stand in it or, as in Vertex AI, in an object of their own.
fn one(node: &Node<'_>) -> Result<EmbedRequest, Malformed> {
    let mut request = settings(node)?;
    let known = [
        "model",
        "content",
        "taskType",
        "task_type",
        "title",
        "outputDimensionality",
        "output_dimensionality",
        "embedContentConfig",
        "embed_content_config",
    ];
    request.rest.extend(node.others(&known).into_iter().map(|(name, _)| node.path(&name)));
    if let Some(config) = node.node(named(node, "embedContentConfig", "embed_content_config"))? {
        let inner = settings(&config)?;
        request.purpose = request.purpose.or(inner.purpose);
        request.title = request.title.or(inner.title);
        request.dimensions = request.dimensions.or(inner.dimensions);
        let known = &known[3..7];
        let rest = config.others(known);
        request.rest.extend(rest.into_iter().map(|(name, _)| config.path(&name)));
    }
    let content = node.node("content")?.ok_or_else(|| node.missing("content"))?;
    request.inputs = vec![input(&content)?];
    Ok(request)
}

fn settings(node: &Node<'_>) -> Result<EmbedRequest, Malformed> {
    let purpose = node.text(named(node, "taskType", "task_type"))?;
    let purpose = purpose.filter(|word| word != "TASK_TYPE_UNSPECIFIED");
    Ok(EmbedRequest {
        purpose: purpose.map(|word| ("taskType", Purpose::of(&word))),
        title: node.text("title")?.map(|it| it.into_owned()),
        dimensions: node.count(named(node, "outputDimensionality", "output_dimensionality"))?,
        ..EmbedRequest::default()
    })
}

fn input(content: &Node<'_>) -> Result<Input, Malformed> {
    let parts = content.list("parts")?.ok_or_else(|| content.missing("parts"))?;
    let mut read = Vec::with_capacity(parts.len());
    for (at, json) in parts.into_iter().enumerate() {
        read.push(part(&Node::read(json, format!("{}[{at}]", content.path("parts")))?)?);
    }
    if read.is_empty() {
        return Err(Malformed::at(content.path("parts"), "there are no parts"));
    }
    match read.as_mut_slice() {
        [Part::Text(text)] => Ok(Input::Text(std::mem::take(text))),
        _ => Ok(Input::Parts(read)),
    }
}

fn part(node: &Node<'_>) -> Result<Part, Malformed> {
    if let Some(text) = node.text("text")? {
        return Ok(Part::Text(text.into_owned()));
    }
    if let Some(blob) = node.node(named(node, "inlineData", "inline_data"))? {
        let kind = blob.required(named(&blob, "mimeType", "mime_type"))?;
        if !kind.starts_with("image/") {
            let message = format!("a vector is made of texts and images, not of `{kind}`");
            return Err(Malformed::incapable(blob.path("mimeType"), message));
        }
        let data = base64::standard(&blob.required("data")?);
        return Ok(Part::Image(format!("data:{kind};base64,{data}")));
    }
    if let Some(file) = node.node(named(node, "fileData", "file_data"))? {
        return Ok(Part::Image(file.required(named(&file, "fileUri", "file_uri"))?));
    }
    Err(node.missing("text"))
}

/// Requests of one batch are for the same model and for vectors of one kind: each vector's own
/// purpose or size has no place in other grammars.
fn batch(root: &Node<'_>) -> Result<EmbedRequest, Malformed> {
    let requests = root.list("requests")?.ok_or_else(|| root.missing("requests"))?;
    let mut whole: Option<EmbedRequest> = None;
    for (at, json) in requests.into_iter().enumerate() {
        let path = format!("requests[{at}]");
        let next = one(&Node::read(json, path.clone())?)?;
        let Some(whole) = &mut whole else {
            whole = Some(next);
            continue;
        };
        let alike = whole.purpose == next.purpose && whole.dimensions == next.dimensions;
        if !alike {
            whole.mixed.get_or_insert(path);
        }
        if whole.title != next.title {
            whole.title = None;
            whole.titles_differ = true;
        }
        whole.inputs.extend(next.inputs);
        whole.rest.extend(next.rest);
    }
    let mut whole =
        whole.ok_or_else(|| Malformed::at("requests", "`requests` is an empty list"))?;
    whole.rest.extend(root.others(&["model", "requests"]).into_iter().map(|(name, _)| name));
    Ok(whole)
}

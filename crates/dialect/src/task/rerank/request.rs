//! `/v1/rerank` and `/v2/rerank` as clients ask them.
//!
//! One request has two families of names that do not contradict each other: Cohere's
//! (<https://docs.cohere.com/reference/rerank>, and version 1's `return_documents`, `rank_fields`,
//! `max_chunks_per_doc`) and Jina's (<https://api.jina.ai/redoc>), which vLLM, Xinference and most
//! servers took over. `top_k` is Voyage's name for `top_n`; `truncation` its word for cutting.

use bytes::Bytes;

use super::question::Reranking;
use crate::Malformed;
use crate::node::{self, Node};
use crate::task::{Given, Question};

/// A request for an order.
#[derive(Clone, Debug, Default)]
pub(super) struct RerankRequest {
    /// The public name asked for.
    pub(super) model: String,
    /// What the documents are compared with.
    pub(super) query: Document,
    /// What is put in order.
    pub(super) documents: Vec<Document>,
    /// How many of them are wanted; never more than there are. `None`: all.
    pub(super) top_n: Option<u64>,
    /// The documents are wanted beside their scores.
    pub(super) return_documents: Option<bool>,
    /// Tokens of a document that are read at most.
    pub(super) max_tokens_per_doc: Option<u64>,
    /// Long documents are cut (else: refused), and the field that said so.
    pub(super) truncate: Option<(&'static str, bool)>,
    /// The client's name for its end user.
    pub(super) user: Option<String>,
    /// Fields that no other grammar knows.
    pub(super) rest: Vec<String>,
}

/// A query or a document.
#[derive(Clone, Debug, Default)]
pub(super) struct Document {
    /// As it came: a JSON string or object.
    pub(super) json: String,
    /// Its words; `None`: it is not made of words alone.
    pub(super) text: Option<String>,
}

impl Document {
    /// Its words, for models that read nothing else; `path` is where it stands.
    pub(super) fn words(&self, path: impl Fn() -> String) -> Result<&str, Malformed> {
        self.text
            .as_deref()
            .ok_or_else(|| Malformed::incapable(path(), "this model ranks texts only: send `text`"))
    }

    /// Whether it came as an object.
    pub(super) fn is_object(&self) -> bool {
        self.json.starts_with('{')
    }
}

/// Fields that are read.
const KNOWN: [&str; 14] = [
    "model",
    "query",
    "documents",
    "top_n",
    "top_k",
    "return_documents",
    "max_tokens_per_doc",
    "max_chunks_per_doc",
    "rank_fields",
    "truncation",
    "truncate",
    "user",
    "priority",
    "relevant_spans",
];

/// Reads the request.
///
/// # Errors
/// What is missing or of the wrong type.
pub fn read(given: &Given<'_>) -> Result<Box<dyn Question>, Malformed> {
    let body: Bytes = given.json()?.clone();
    node::refuse_depth(&body)?;
    let text = std::str::from_utf8(&body).map_err(|error| {
        Malformed::new(format!("the body is not UTF-8 at byte {}", error.valid_up_to()))
    })?;
    let request = request(&Node::read(text, String::new())?)?;
    Ok(Box::new(Reranking { request, body }))
}

fn request(node: &Node<'_>) -> Result<RerankRequest, Malformed> {
    let model = node.required("model")?;
    if model.is_empty() {
        return Err(node.missing("model"));
    }
    let fields = rank_fields(node)?;
    let query = node.raw("query").ok_or_else(|| node.missing("query"))?;
    let query = document(query, "query".to_owned(), &[])?;
    let items = node.list("documents")?.ok_or_else(|| node.missing("documents"))?;
    if items.is_empty() {
        return Err(Malformed::at("documents", "`documents` is an empty list"));
    }
    let mut documents = Vec::with_capacity(items.len());
    for (at, item) in items.into_iter().enumerate() {
        documents.push(document(item, format!("documents[{at}]"), &fields)?);
    }
    let mut rest: Vec<String> = node.others(&KNOWN).into_iter().map(|(name, _)| name).collect();
    for field in ["max_chunks_per_doc", "priority", "relevant_spans"] {
        if node.raw(field).is_some() {
            rest.push(field.to_owned());
        }
    }
    Ok(RerankRequest {
        model,
        query,
        top_n: top_n(node, documents.len() as u64)?,
        documents,
        return_documents: node.flag("return_documents")?,
        max_tokens_per_doc: node.count("max_tokens_per_doc")?,
        truncate: truncate(node)?,
        user: node.text("user")?.map(|it| it.into_owned()),
        rest,
    })
}

/// Nobody gets more documents than there are, and asking for more is no mistake.
fn top_n(node: &Node<'_>, documents: u64) -> Result<Option<u64>, Malformed> {
    let field = if node.raw("top_n").is_some() { "top_n" } else { "top_k" };
    match node.count(field)? {
        Some(0) => Err(node.wrong(field, "at least 1")),
        most => Ok(most.map(|it| it.min(documents))),
    }
}

fn truncate(node: &Node<'_>) -> Result<Option<(&'static str, bool)>, Malformed> {
    for field in ["truncation", "truncate"] {
        if let Some(flag) = node.flag(field)? {
            return Ok(Some((field, flag)));
        }
    }
    Ok(None)
}

/// Which fields of an object are its words (Cohere, version 1).
fn rank_fields(node: &Node<'_>) -> Result<Vec<String>, Malformed> {
    let items = node.list("rank_fields")?.unwrap_or_default();
    let text = |json: &str| {
        serde_json::from_str(json).map_err(|_| node.wrong("rank_fields", "a list of names"))
    };
    items.into_iter().map(text).collect()
}

fn document(json: &str, path: String, fields: &[String]) -> Result<Document, Malformed> {
    let text = match json.as_bytes().first() {
        Some(b'"') => Some(serde_json::from_str(json).map_err(|_| {
            Malformed::at(&path, format!("`{path}` is a text that cannot be read"))
        })?),
        Some(b'{') => words(&Node::read(json, path)?, fields)?,
        _ => {
            let message = format!("`{path}` must be a text or an object with `text`");
            return Err(Malformed::at(path, message));
        }
    };
    Ok(Document { json: json.to_owned(), text })
}

/// The words of an object: the fields that count, `text`, or `content` of texts alone.
fn words(node: &Node<'_>, fields: &[String]) -> Result<Option<String>, Malformed> {
    if !fields.is_empty() {
        let mut lines = Vec::with_capacity(fields.len());
        for field in fields {
            match node.raw(field) {
                None => {}
                Some(json) if json.starts_with('"') => {
                    lines.push(format!("{field}: {}", node.required(field)?));
                }
                Some(json) => lines.push(format!("{field}: {json}")),
            }
        }
        return Ok((!lines.is_empty()).then(|| lines.join("\n")));
    }
    if node.raw("image").is_some() {
        return Ok(None);
    }
    if let Some(text) = node.text("text")? {
        return Ok(Some(text.into_owned()));
    }
    let Some(content) = node.raw("content") else { return Ok(None) };
    if content.starts_with('"') {
        return node.required("content").map(Some);
    }
    let mut texts = Vec::new();
    for (at, item) in node.list("content")?.unwrap_or_default().into_iter().enumerate() {
        let part = Node::read(item, format!("{}[{at}]", node.path("content")))?;
        match part.text("text")? {
            Some(text) => texts.push(text.into_owned()),
            None => return Ok(None),
        }
    }
    Ok((!texts.is_empty()).then(|| texts.join("\n")))
}

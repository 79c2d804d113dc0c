//! `/v1/moderations` as OpenAI's clients ask it
//! (<https://platform.openai.com/docs/api-reference/moderations/create>).

use bytes::Bytes;
use wayleave_model::Usage;
use wayleave_model::record::Asked;
use wayleave_model::target::ModelFacts;

use super::{mistral, pass};
use crate::node::{self, Node};
use crate::task::{Callee, Consumes, Given, Grammar, Question, Written};
use crate::{Losses, Malformed};

/// What OpenAI's reference says is asked where no model is named.
const USUAL_MODEL: &str = "omni-moderation-latest";

/// A request for judgements.
pub(super) struct Moderation {
    /// The public name asked for.
    pub(super) model: String,
    /// One judgement is wanted for each.
    pub(super) inputs: Vec<Vec<Part>>,
    /// Fields that no other grammar knows.
    pub(super) rest: Vec<String>,
    /// The client's name for its end user.
    pub(super) user: Option<String>,
    /// As the client sent it.
    pub(super) body: Bytes,
}

/// A part of what is judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// A text.
    Text(String),
    /// An image, wherever it is.
    Image,
}

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
    let node = Node::read(text, String::new())?;
    let model = node.text("model")?.filter(|it| !it.is_empty());
    Ok(Box::new(Moderation {
        model: model.map_or_else(|| USUAL_MODEL.to_owned(), |it| it.into_owned()),
        inputs: inputs(&node)?,
        rest: node.others(&["model", "input", "user"]).into_iter().map(|it| it.0).collect(),
        user: node.text("user")?.map(|it| it.into_owned()),
        body: body.clone(),
    }))
}

/// A text, a list of texts, or a list of parts, which are judged together.
fn inputs(node: &Node<'_>) -> Result<Vec<Vec<Part>>, Malformed> {
    let json = node.raw("input").ok_or_else(|| node.missing("input"))?;
    if json.starts_with('"') {
        return Ok(vec![vec![Part::Text(node.required("input")?)]]);
    }
    if !json.starts_with('[') {
        return Err(node.wrong("input", "a text, a list of texts or a list of parts"));
    }
    let items = node::list(json, "input")?;
    match items.first() {
        None => Err(Malformed::at("input", "`input` is an empty list")),
        Some(first) if first.starts_with('{') => {
            let part = |(at, item)| part(item, format!("input[{at}]"));
            Ok(vec![items.into_iter().enumerate().map(part).collect::<Result<_, _>>()?])
        }
        Some(_) => {
            let text = |(at, item): (usize, &str)| match serde_json::from_str(item) {
                Ok(text) => Ok(vec![Part::Text(text)]),
                Err(_) => {
                    let path = format!("input[{at}]");
                    Err(Malformed::at(&path, format!("`{path}` must be a text")))
                }
            };
            items.into_iter().enumerate().map(text).collect()
        }
    }
}

fn part(json: &str, path: String) -> Result<Part, Malformed> {
    let node = Node::read(json, path)?;
    match node.required("type")?.as_str() {
        "text" => Ok(Part::Text(node.required("text")?)),
        "image_url" => {
            let image = node.node("image_url")?.ok_or_else(|| node.missing("image_url"))?;
            image.required("url").map(|_| Part::Image)
        }
        _ => Err(node.wrong("type", "`text` or `image_url`")),
    }
}

impl Moderation {
    /// Tokens of the texts: about, and at most.
    pub(super) fn tokens(&self) -> (u64, u64) {
        let texts = self.inputs.iter().flatten().map(|part| match part {
            Part::Text(text) => text.len() as u64,
            Part::Image => 0,
        });
        let bytes: u64 = texts.sum();
        (bytes.div_ceil(4), bytes + 4 * self.inputs.len() as u64)
    }
}

impl Question for Moderation {
    fn model(&self) -> &str {
        &self.model
    }

    fn asked(&self) -> Asked {
        Asked {
            vision: self.inputs.iter().flatten().any(|part| *part == Part::Image),
            bytes: self.body.len() as u64,
            estimated_input: self.tokens().0,
            ..Asked::default()
        }
    }

    fn end_user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    fn consumes(&self, _facts: &ModelFacts) -> Consumes {
        let (about, most) = self.tokens();
        let sent = Usage { input: about, ..Usage::default() };
        Consumes { sent, most: Usage { input: most, ..sent } }
    }

    fn write(&self, to: &Callee<'_>, losses: &mut Losses) -> Result<Written, Malformed> {
        match to.grammar {
            Grammar::OpenAi => pass::write(self, to),
            Grammar::Mistral => mistral::write(self, to, losses),
            _ => Err(Malformed::incapable("model", "this provider judges no content")),
        }
    }
}

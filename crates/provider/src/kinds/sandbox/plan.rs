//! What the sandbox says, before anything is put on the wire.

use std::time::Duration;

use serde_json::{Value, json};

use super::ask::{Ask, Shape, ToolChoice};
use super::models::{Act, CONTEXT_WINDOW};
use super::render::Complaint;
use super::script::Script;
use super::{schema, tokens};

/// An answer.
#[derive(Debug)]
pub(super) struct Plan {
    /// What is said, in order.
    pub(super) parts: Vec<Part>,
    /// When.
    pub(super) timing: Timing,
    /// How it goes wrong.
    pub(super) trouble: Trouble,
}

/// One thing said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    Reasoning(String),
    Content(String),
    Refusal(String),
    Call { id: String, name: String, arguments: String },
}

/// When things are said.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timing {
    /// Until the first token.
    pub(super) first: Duration,
    /// Between two tokens.
    pub(super) pause: Duration,
    /// Until a whole answer; `None`: as long as its stream would take.
    pub(super) whole: Option<Duration>,
}

/// How an answer goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    None,
    ErrorFrame,
    Cut,
    Silent,
    Hang,
}

/// One token on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Reasoning(&'a str),
    Content(&'a str),
    Refusal(&'a str),
    CallOpen { index: usize, id: &'a str, name: &'a str },
    Arguments { index: usize, text: &'a str },
}

/// Longest text of the client's that is repeated, in characters.
const LONGEST_ECHO: usize = 4_000;
/// Most calls at once.
const MOST_CALLS: usize = 8;

/// What `act` answers to `ask`. `seed` makes the ids of its calls.
pub(super) fn plan(act: Act, ask: &Ask, seed: &str) -> Result<Plan, Complaint> {
    if ask.prompt_tokens > CONTEXT_WINDOW {
        return Err(Complaint::too_long(ask.prompt_tokens));
    }
    if act != Act::Vision && !ask.images.is_empty() {
        let message = "This model takes no images; `sandbox/vision` does.";
        return Err(Complaint::invalid(Some("messages"), message));
    }
    // Only `echo` takes wishes: every other model does what its name says.
    let script = if act == Act::Echo { Script::read(&ask.last_user)? } else { Script::default() };
    if let Some(status) = script.status {
        return Err(Complaint::by_prompt(status, script.first));
    }
    let trouble = match act {
        Act::Error(status) => return Err(Complaint::by_name(status)),
        Act::ErrorStream if !ask.stream => return Err(Complaint::by_name(500)),
        Act::ErrorStream => Trouble::ErrorFrame,
        Act::Cut => Trouble::Cut,
        Act::Silent => Trouble::Silent,
        Act::Hang => Trouble::Hang,
        _ => Trouble::None,
    };
    let mut parts = calls(act, ask, seed).unwrap_or_else(|| said(act, ask, &script));
    for part in &mut parts {
        if let Part::Content(text) = part {
            text.truncate(end_of(text, &ask.stops));
        }
    }
    Ok(Plan { parts, timing: timing(act, &script), trouble })
}

impl Plan {
    /// Every token that is said, up to `limit` of them, and whether that cut the answer short. A
    /// call's name counts as one.
    pub(super) fn pieces(&self, limit: usize) -> (Vec<Piece<'_>>, bool) {
        let mut calls = 0..;
        let mut all = self.parts.iter().flat_map(|part| part.pieces(&mut calls));
        let pieces: Vec<_> = all.by_ref().take(limit).collect();
        let cut = all.next().is_some();
        (pieces, cut)
    }
}

impl Part {
    fn pieces(
        &self,
        calls: &mut impl Iterator<Item = usize>,
    ) -> Box<dyn Iterator<Item = Piece<'_>> + '_> {
        match self {
            Part::Reasoning(text) => Box::new(tokens::tokens(text).map(Piece::Reasoning)),
            Part::Content(text) => Box::new(tokens::tokens(text).map(Piece::Content)),
            Part::Refusal(text) => Box::new(tokens::tokens(text).map(Piece::Refusal)),
            Part::Call { id, name, arguments } => {
                let index = calls.next().unwrap_or(0);
                let arguments = tokens::tokens(arguments);
                let arguments = arguments.map(move |text| Piece::Arguments { index, text });
                Box::new(std::iter::once(Piece::CallOpen { index, id, name }).chain(arguments))
            }
        }
    }
}

/// The calls to make, if any: the model `tools` when it may, every other when it must. Never
/// right after a tool's answer, or the conversation would not end.
fn calls(act: Act, ask: &Ask, seed: &str) -> Option<Vec<Part>> {
    let first = ask.tools.first().filter(|_| ask.tool_result.is_none())?;
    let several = ask.parallel && ask.last_user.to_lowercase().contains("parallel");
    let chosen = match &ask.choice {
        ToolChoice::None => return None,
        ToolChoice::Auto if act != Act::Tools => return None,
        ToolChoice::Named(name) => vec![ask.tools.iter().find(|it| it.name == *name)?],
        _ if several && ask.tools.len() == 1 => vec![first, first],
        _ if several => ask.tools.iter().take(MOST_CALLS).collect(),
        _ => vec![first],
    };
    let call = |(n, function): (usize, &super::ask::Function)| Part::Call {
        id: format!("call_{seed}_{n}"),
        name: function.name.clone(),
        arguments: match &function.parameters {
            Value::Object(_) => schema::fit(&function.parameters).to_string(),
            _ => "{}".to_owned(),
        },
    };
    Some(chosen.into_iter().enumerate().map(call).collect())
}

/// What is said where nothing is called.
fn said(act: Act, ask: &Ask, script: &Script) -> Vec<Part> {
    let content = |text: String| vec![Part::Content(text)];
    match act {
        Act::Empty => Vec::new(),
        Act::Refusal => vec![Part::Refusal(
            "I'm sorry, but this is the sandbox and refusing is its part.".to_owned(),
        )],
        Act::Long => content(tokens::filler(500)),
        Act::Json => content(document(ask)),
        Act::Vision => content(images(&ask.images)),
        Act::Reasoning => vec![
            Part::Reasoning(
                "The user wrote something. The sandbox cannot think, so it will repeat it."
                    .to_owned(),
            ),
            Part::Content(answer(ask)),
        ],
        Act::Tools if ask.tool_result.is_none() => content(
            "This is the Wayleave sandbox. No tool was on offer, so none was called.".to_owned(),
        ),
        _ => content(script.tokens.map_or_else(|| answer(ask), tokens::filler)),
    }
}

fn answer(ask: &Ask) -> String {
    match (&ask.tool_result, &ask.shape) {
        (_, Shape::Object | Shape::Schema(_)) => document(ask),
        (Some(result), Shape::Text) => format!("The tool said: {}", clipped(result)),
        (None, Shape::Text) => format!(
            "This is the Wayleave sandbox; no model was called. You said: {}",
            clipped(&ask.last_user)
        ),
    }
}

fn document(ask: &Ask) -> String {
    match &ask.shape {
        Shape::Schema(schema) => schema::fit(schema).to_string(),
        _ => json!({"sandbox": true, "you_said": clipped(&ask.last_user)}).to_string(),
    }
}

fn images(types: &[String]) -> String {
    match types {
        [] => "This is the Wayleave sandbox. I got no image.".to_owned(),
        [one] => format!("This is the Wayleave sandbox. I got 1 image: {one}."),
        many => {
            let list = many.iter().take(32).map(String::as_str).collect::<Vec<_>>().join(", ");
            format!("This is the Wayleave sandbox. I got {} images: {list}.", many.len())
        }
    }
}

fn clipped(text: &str) -> String {
    match text.char_indices().nth(LONGEST_ECHO) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Where the first stop text begins, else the end.
fn end_of(text: &str, stops: &[String]) -> usize {
    let found = stops.iter().filter(|it| !it.is_empty()).filter_map(|it| text.find(it.as_str()));
    found.min().unwrap_or(text.len())
}

fn timing(act: Act, script: &Script) -> Timing {
    let millis = Duration::from_millis;
    if act == Act::Slow {
        return Timing { first: millis(2_000), pause: millis(200), whole: None };
    }
    let scripted = script.first.is_some() || script.pause.is_some();
    Timing {
        first: script.first.unwrap_or(millis(80)),
        pause: script.pause.unwrap_or(millis(15)),
        whole: (!scripted).then_some(millis(50)),
    }
}
